"""The list of events: what is open first, then the past.

Pure. An episode is one line from its opening to its end, however often the daemon sends it. Lines of the console's own
("reconnected after 2.1 s") stand among the others by their time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from bridge.adminwire import Change, Episode, Event, Snapshot

__all__ = ["EventList", "EventView", "Kind"]

MAX_EVENTS = 1000
"""Lines kept; more than the daemon keeps would only be lost at the next restart of the console."""

Kind = Literal["episode", "change", "local"]


@attrs.frozen
class EventView:
    """One line of the event list.

    Attributes:
        key: the same for the same line as long as the console runs; for cursors.
        kind: ``episode`` has ``episode``, ``change`` has ``change``, ``local`` has ``text``.
        at: wall time: the start of an open episode, the end of one that is over, else when it happened.
        open: whether it lasts.
        level: ``violation`` or ``warning`` while an episode is open (as it is now), the worst it was afterwards; ""
            for everything else.
        id: what ``events.acknowledge`` wants; 0 for lines of the console's own and those of an earlier run.
        sequence: the daemon's number of it; 0 for the console's own.
    """

    key: str
    kind: Kind
    at: float
    open: bool = False
    level: str = ""
    id: int = 0
    sequence: int = 0
    episode: Episode | None = None
    change: Change | None = None
    text: str = ""


class EventList:
    """Collects events and puts them in order.

    Attributes:
        version: goes up with each change.
        lost: events are missing which the daemon no longer had when it was asked.
    """

    def __init__(self) -> None:
        self.version = 0
        self.lost = False
        self._boot = ""
        self._boots = 0
        self._views: dict[str, EventView] = {}
        self._locals = 0
        self._sorted: list[EventView] | None = None

    def views(self) -> list[EventView]:
        """Return the lines: open violations, open warnings, then the rest, the newest first. Do not change the list."""
        if self._sorted is None:
            self._sorted = sorted(self._views.values(), key=_place)
        return self._sorted

    def counts(self) -> tuple[int, int]:
        """Return how many violations and warnings are open."""
        levels = [view.level for view in self._views.values() if view.open]
        return levels.count("violation"), levels.count("warning")

    def raw(self) -> list[Event]:
        """Return the daemon's own events of this run as it would send them, oldest first."""
        found = [
            Event(
                sequence=view.sequence,
                id=view.id,
                kind=view.kind,
                at=view.at,
                episode=view.episode,
                change=view.change,
            )
            for view in self._views.values()
            if view.id
        ]
        return sorted(found, key=lambda event: event.sequence)

    def add(self, events: Sequence[Event]) -> None:
        """Take events; those that are known by a later sequence already change nothing."""
        for event in events:
            key = self._key(event.id)
            known = self._views.get(key)
            if known is not None and known.sequence > event.sequence:
                continue
            if event.episode is not None:
                self._put(_of_episode(key, event.episode, event.sequence))
            elif event.change is not None:
                self._put(
                    EventView(
                        key=key, kind="change", at=event.at, id=event.id, sequence=event.sequence, change=event.change
                    )
                )
        self._forget_oldest()

    def add_local(self, text: str, at: float) -> None:
        """Take a line of the console's own."""
        self._locals += 1
        self._put(EventView(key=f"local:{self._locals}", kind="local", at=at, text=text))
        self._forget_oldest()

    def sync(self, snapshot: Snapshot) -> None:
        """Take what a snapshot says about open episodes, and close those that it no longer has."""
        for episode in snapshot.open_episodes:
            key = self._key(episode.id)
            known = self._views.get(key)
            if known is None or (known.sequence <= snapshot.sequence and known.episode != episode):
                self._put(_of_episode(key, episode, known.sequence if known else episode.id))
        going_on = {self._key(episode.id) for episode in snapshot.open_episodes}
        for view in list(self._views.values()):
            if view.open and view.key not in going_on and view.sequence <= snapshot.sequence:
                self._put(_ended(view, snapshot.now))

    def restarted(self, boot_id: str, at: float) -> None:
        """Another run of the daemon: whatever was open is over, and its numbers mean other things now."""
        for view in list(self._views.values()):
            ended = _ended(view, at) if view.open else view
            self._put(attrs.evolve(ended, id=0, sequence=0))
        self._boot = boot_id
        self._boots += 1

    def clear(self) -> None:
        """Forget everything but the numbers of one's own lines."""
        self._views.clear()
        self._boot = ""
        self.lost = False
        self._changed()

    def _key(self, number: int) -> str:
        return f"{self._boots}:{number}"

    def _put(self, view: EventView) -> None:
        self._views[view.key] = view
        self._changed()

    def _changed(self) -> None:
        self._sorted = None
        self.version += 1

    def _forget_oldest(self) -> None:
        if len(self._views) > MAX_EVENTS:
            for view in self.views()[MAX_EVENTS:]:
                del self._views[view.key]
            self._changed()


def _of_episode(key: str, episode: Episode, sequence: int) -> EventView:
    going_on = episode.end is None
    return EventView(
        key=key,
        kind="episode",
        at=episode.start if episode.end is None else episode.end,
        open=going_on,
        level=episode.now if going_on and episode.now in {"warning", "violation"} else episode.level,
        id=episode.id,
        sequence=sequence,
        episode=episode,
    )


def _ended(view: EventView, at: float) -> EventView:
    """Close an episode whose end was missed; the real end replaces this one when it comes."""
    assert view.episode is not None
    old = view.episode
    over = Episode(**{name: getattr(old, name) for name in old.__struct_fields__})
    over.end, over.now = max(at, old.start), "normal"
    return attrs.evolve(_of_episode(view.key, over, view.sequence), id=view.id)


def _place(view: EventView) -> tuple[int, float, int]:
    """Open violations, open warnings, the rest; within each the newest first."""
    rank = (0 if view.level == "violation" else 1) if view.open else 2
    return rank, -view.at, -view.sequence
