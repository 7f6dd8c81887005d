"""What happened, in one line of words: changes and episodes.

Pure. Nothing is cut off here: whoever reads a journal wants all of it. Foreign texts are made safe.
"""

from __future__ import annotations

from typing import Any

from bridge.adminwire import Change, Episode, Event
from bridge.figures import UNITS, clock, duration, exact, resource
from bridge.text import printable

__all__ = ["SYMBOLS", "change_text", "episode_text", "event_level", "event_text", "who"]

SYMBOLS = {"ok": " ", "normal": " ", "warning": "!", "violation": "X", "draining": "~"}
"""One mark for each level or state; the word stands beside it."""

_DONE = {
    "start": "daemon started",
    "set": "limits set",
    "undo": "change undone",
    "confirm": "change confirmed",
    "expire": "temporary limit ended",
    "rollback": "rolled back, not confirmed",
    "reload": "configuration reloaded",
    "save": "limits saved",
    "drain": "draining",
    "resume": "taking calls again",
    "log_level": "log level",
    "close": "connection closed",
    "note": "note",
}


def who(user: str, uid: int, pid: int) -> str:
    """Name whoever did something: ``alice (uid 1000, pid 4711)``, or ``daemon``."""
    name = printable(user)
    return f"{name} (uid {uid}, pid {pid})" if pid else name or f"uid {uid}"


def change_text(change: Change) -> str:
    """Say what a journal entry changed, and why; not who and when."""
    parts = [_DONE.get(change.action, printable(change.action))]
    if change.undoes is not None:
        parts[0] += f" (revision {change.undoes})"
    moved = ", ".join(
        f"{printable(name)} {_value(old)} -> {_value(new)}" for name, (old, new) in change.changes.items()
    )
    if moved:
        parts.append(moved)
    if change.until is not None:
        parts.append(f"until {clock(change.until)}")
    if change.confirm_by is not None:
        parts.append(f"to be confirmed by {clock(change.confirm_by)}")
    if change.detail:
        parts.append(printable(change.detail))
    if change.reason:
        parts.append(f'"{printable(change.reason)}"')
    return ": ".join([parts[0], "; ".join(parts[1:])]) if len(parts) > 1 else parts[0]


def episode_text(episode: Episode, now: float | None = None) -> str:
    """Say what an episode was or is: ``violation of concurrent for 42s, peak 152 of 100, 37 refused, by ...``.

    Args:
        now: the daemon's wall clock, for how long it has lasted; ``None`` leaves that out where it has not ended.
    """
    parts = [f"{printable(episode.level)} of {printable(episode.resource)}"]
    if episode.end is not None:
        parts[0] += f", over after {duration(episode.end - episode.start)}"
    elif now is not None:
        parts[0] += f" for {duration(now - episode.start)}"
    if episode.end is None and episode.now != episode.level:
        parts.append(f"now {printable(episode.now)}")
    unit = UNITS.get(episode.resource, "")
    peak, limit = (resource(episode.resource, value) for value in (episode.peak, episode.limit))
    parts.append(f"peak {peak} of {limit} {unit}".rstrip())
    if episode.refused:
        parts.append(f"{episode.refused} refused")
    if episode.cause:
        parts.append(f"by {printable(episode.cause)}")
    if episode.acknowledged_by:
        parts.append(f"seen by {printable(episode.acknowledged_by)}")
    return ", ".join(parts)


def event_level(event: Event) -> str:
    """Return the level of an episode as it is now, ``normal`` once it is over and for everything else."""
    return event.episode.now if event.episode is not None and event.episode.end is None else "normal"


def event_text(event: Event) -> str:
    """Say what an event is, without its time."""
    if event.episode is not None:
        return episode_text(event.episode)
    if event.change is not None:
        return f"{change_text(event.change)}, by {who(event.change.user, event.change.uid, event.change.pid)}"
    return printable(event.kind)


def _value(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return exact(value)
    return "-" if value is None else printable(str(value))
