"""Who changed what, when: the changes of a daemon's life, oldest first, and which of them can be taken back.

Pure. ``bridge.control`` makes the entries and has the rules of changing limits; ``bridge.journal`` keeps the entries
across restarts.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import attrs

from bridge.adminwire import AdminError, AdminErrorCode, Change
from bridge.limits import Limits
from bridge.text import printable

__all__ = ["DAEMON", "LIMIT_ACTIONS", "MAX_ENTRIES", "ChangeLog", "Instant", "Who", "told", "told_by"]

MAX_ENTRIES = 1000
"""Entries kept."""

UNDOABLE = frozenset({"set", "undo", "reload"})
"""What an undo without a revision looks for; what the daemon did by itself is not meant."""

LIMIT_ACTIONS = frozenset({"start", "set", "undo", "expire", "rollback", "reload"})
"""Entries whose ``changes`` are limits."""


class Instant(NamedTuple):
    """One moment on both clocks, in seconds."""

    monotonic: float
    wall: float


@attrs.frozen
class Who:
    """Who does something, as the kernel says."""

    uid: int
    pid: int
    user: str


DAEMON = Who(0, 0, "daemon")
"""What the daemon does by itself."""


class _Past(NamedTuple):
    """A change of limits, and what has become of it since.

    Attributes:
        taken: whether it was taken back. touched: whether a later change that stands names one of its limits.
        standing: the later changes that stand, newest first; only good until the next one is looked at.
    """

    entry: Change
    taken: bool
    touched: bool
    standing: Mapping[int, Change]


class ChangeLog:
    """The entries, and what they say about each other.

    Args:
        entries: those of before, oldest first.
        ends: by revision, the limits that it gave another end, whether or not it gave them another value.

    Attributes:
        entries: oldest first, the last ``MAX_ENTRIES``.
        revision: goes up by one with each change of limits.
    """

    def __init__(self, entries: Iterable[Change] = (), *, ends: Mapping[int, Mapping[str, object]]) -> None:
        self.entries: deque[Change] = deque(entries, maxlen=MAX_ENTRIES)
        self.revision = max((entry.revision for entry in self.entries), default=0)
        self._number = max((entry.number for entry in self.entries), default=0)
        self._ends = ends

    def enter(
        self,
        who: Who,
        action: str,
        now: Instant,
        *,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
        reason: str = "",
        detail: str = "",
        undoes: int | None = None,
        until: float | None = None,
        confirm_by: float | None = None,
    ) -> Change:
        """Make an entry; it gets the next number, and the next revision if it changes limits."""
        if action in LIMIT_ACTIONS:
            self.revision += 1
        self._number += 1
        change = Change(
            number=self._number,
            revision=self.revision,
            at=now.wall,
            action=action,
            user=who.user,
            uid=who.uid,
            pid=who.pid,
            changes=dict(changes or {}),
            reason=printable(reason),
            detail=printable(detail),
            undoes=undoes,
            until=until,
            confirm_by=confirm_by,
        )
        self.entries.append(change)
        return change

    def last_change(self, name: str | None = None) -> Change | None:
        """Return the newest change of limits, or of one of them."""
        return next(
            (
                entry
                for entry in reversed(self.entries)
                if entry.action in LIMIT_ACTIONS and (name is None or name in entry.changes)
            ),
            None,
        )

    def last_undoable(self, limits: Limits) -> Change:
        """Return the newest change that can be taken back; raises ``AdminError`` REFUSED where there is none."""
        known = limits.as_dict()
        for entry, taken, touched, _ in self._look_back():
            if entry.action not in UNDOABLE or taken or touched or not self._names(entry):
                continue
            # A second temporary value that has ended has taken the first one along.
            if all(known.get(name) == after for name, (_, after) in entry.changes.items()):
                return entry
        raise AdminError(AdminErrorCode.REFUSED, "There is no change to undo.")

    def undoable(self, revision: int, limits: Limits, now: Instant) -> Change:
        """Return the change with a revision if it can be taken back.

        Raises:
            AdminError: NOT_FOUND, REFUSED, or CONFLICT where a limit that it changed has been changed since.
        """
        for entry, taken, _, standing in self._look_back():
            if entry.revision != revision:
                continue
            if not self._names(entry):
                raise AdminError(AdminErrorCode.REFUSED, f"Revision {revision} changed no value.")
            if taken:
                raise AdminError(AdminErrorCode.REFUSED, f"Revision {revision} has been taken back already.")
            self._check_untouched(entry, standing.values(), limits, now)
            return entry
        raise AdminError(AdminErrorCode.NOT_FOUND, f"The journal has no revision {revision}.")

    def conflict(self, message: str, limits: Limits, last: Change | None) -> AdminError:
        """Return the error for whoever did not know of the change ``last``, with all that is to be known now."""
        return AdminError(
            AdminErrorCode.CONFLICT,
            f"{message}.",
            revision=self.revision,
            limits=dict(limits.as_dict()),
            change=last,
        )

    # --- inside ---

    def _look_back(self) -> Iterator[_Past]:
        """Go through the changes of limits, newest first.

        A change and what took it back cancel out: limits are as if neither had been. A change that was undone and
        done again stands.
        """
        standing: dict[int, Change] = {}
        touched: Counter[str] = Counter()
        takers: dict[int, list[Change]] = {}
        for entry in reversed(self.entries):
            if entry.action not in LIMIT_ACTIONS:
                continue
            names = self._names(entry)
            taken = takers.pop(entry.revision, [])
            yield _Past(entry, bool(taken), any(touched[name] for name in names), standing)
            for taker in taken:
                if standing.pop(taker.revision, None) is not None:
                    touched.subtract(self._names(taker))
            if not taken:
                standing[entry.revision] = entry
                touched.update(names)
                if entry.undoes is not None:
                    takers.setdefault(entry.undoes, []).append(entry)

    def _names(self, entry: Change) -> frozenset[str]:
        """Return the limits that a change named, those included that it only gave another end."""
        return frozenset(entry.changes) | self._ends.get(entry.revision, {}).keys()

    def _check_untouched(self, entry: Change, since: Iterable[Change], limits: Limits, now: Instant) -> None:
        """Raise unless a change's limits are as it left them; ``since`` are the later changes that stand."""
        known = limits.as_dict()
        unknown = [name for name in entry.changes if name not in known]
        if unknown:  # the journal may be from a daemon of another version
            raise AdminError(
                AdminErrorCode.REFUSED,
                printable(f"Revision {entry.revision} cannot be undone: there is no limit called {unknown[0]}."),
            )
        # Who set the same value once more, or another end, meant it: equal values alone do not tell.
        names = self._names(entry)
        touched: list[tuple[str, Change | None]] = [
            (name, change) for change in since for name in sorted(names & self._names(change))
        ]
        touched += [
            (name, self.last_change(name)) for name, (_, after) in entry.changes.items() if known[name] != after
        ]
        if touched:
            name, last = touched[0]
            raise self.conflict(
                f"{name} is {known[name]:g} now{told(last, now)}; revision {entry.revision} cannot be undone any more",
                limits,
                last,
            )


def told(change: Change | None, now: Instant) -> str:
    """Say who changed it, and when; clocks may have been set back since."""
    if change is None:
        return ""
    return f", by {change.user} {max(0.0, now.wall - change.at):.0f} s ago (revision {change.revision})"


def told_by(change: Change) -> str:
    """Say who did it, and why, for the log."""
    himself = (change.uid, change.pid, change.user) == attrs.astuple(DAEMON)  # Debian has a user called daemon, too
    who = "by the daemon" if himself else f"by {change.user} (uid {change.uid}, pid {change.pid})"
    return f"{who}: {change.reason}" if change.reason else who
