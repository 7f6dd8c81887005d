"""The rules of changing limits: revisions, undo, limits that end by themselves, changes that must be confirmed.

Pure. ``docs/admin-protocol.md`` is the normative text. Whatever changes here is put in force, written down and told to
everybody by ``bridge.adminlimits``; each result carries the journal entry that was made (``bridge.changes`` has them
all). Deadlines use the monotonic clock, entries show wall time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from bridge.adminwire import (
    AdminError,
    AdminErrorCode,
    Change,
    LimitAbout,
    LimitsResult,
    Temporary,
    Unconfirmed,
)
from bridge.changes import DAEMON, LIMIT_ACTIONS, MAX_ENTRIES, ChangeLog, Instant, Who, told
from bridge.limits import Limits, LimitsError
from bridge.text import printable

__all__ = ["LASTING_RANGE", "LimitControl"]

LASTING_RANGE = (1.0, 604_800.0)
"""Seconds that a temporary limit may last: up to a week."""

CONFIRM_RANGE = (5.0, 3600.0)
"""Seconds within which a change may have to be confirmed."""


@attrs.frozen
class _Timer:
    """A deadline on the monotonic clock and what happens then."""

    due: float
    shown: Temporary


@attrs.frozen
class _Pending:
    """A change that waits to be confirmed."""

    due: float
    shown: Unconfirmed


class LimitControl:
    """The limits in force, how they came to be, and what is still to happen to them.

    Args:
        limits: the configured ones, in force at the start.
        entries: the journal so far, oldest first.

    Attributes:
        limits: in force. configured: what file, environment and command line gave last.
    """

    def __init__(self, limits: Limits, *, entries: Iterable[Change] = ()) -> None:
        self.limits = self.configured = limits
        self._timers: dict[str, _Timer] = {}
        self._pending: _Pending | None = None
        # By revision, for whoever takes it back: the timers that its limits had before and after it.
        self._replaced: dict[int, dict[str, tuple[_Timer | None, _Timer | None]]] = {}
        self._log = ChangeLog(entries, ends=self._replaced)

    # --- what is in force ---

    @property
    def revision(self) -> int:
        """Goes up by one with each change of limits."""
        return self._log.revision

    @property
    def entries(self) -> Sequence[Change]:
        """The journal, oldest first."""
        return self._log.entries

    @property
    def temporary(self) -> list[Temporary]:
        """The limits that end by themselves."""
        return [timer.shown for timer in self._timers.values()]

    @property
    def unconfirmed(self) -> Unconfirmed | None:
        """The change that waits to be confirmed."""
        return self._pending.shown if self._pending is not None else None

    def get(self) -> LimitsResult:
        """Return everything there is to know about the limits."""
        now = dict(self.limits.as_dict())
        return LimitsResult(
            revision=self.revision,
            before=now,
            after=dict(now),
            configured=dict(self.configured.as_dict()),
            about=_about(),
            temporary=self.temporary,
            unconfirmed=self.unconfirmed,
        )

    def next_due(self) -> float | None:
        """Return the monotonic time at which :meth:`due` has something to do next."""
        times = [timer.due for timer in self._timers.values()]
        if self._pending is not None:
            times.append(self._pending.due)
        return min(times, default=None)

    # --- what operators do ---

    def proposed(self, wanted: Mapping[str, object]) -> Limits:
        """Return the limits in force with other values.

        Raises:
            AdminError: INVALID_PARAMS, naming every problem.
        """
        if not wanted:
            raise _invalid("name at least one limit")
        about = _about()
        problems = [f"there is no limit called {name}" for name in wanted if name not in about]
        # Whoever sends four hundred digits is told so; arithmetic with floats would fail over them.
        problems += [
            f"{name} must be from {about[name].low:g} to {about[name].high:.10g} {about[name].unit}"
            for name, value in wanted.items()
            if name in about and isinstance(value, int) and abs(value) > 2**63
        ]
        if problems:
            raise _invalid(*(printable(problem) for problem in problems))
        whole = {name for name, each in about.items() if each.whole}
        values = {
            name: int(value) if name in whole and isinstance(value, float) and value.is_integer() else value
            for name, value in wanted.items()
        }
        try:
            return self.limits.evolve(**values)
        except LimitsError as error:
            raise _invalid(*(printable(problem) for problem in error.problems)) from None

    def set(
        self,
        who: Who,
        limits: Mapping[str, object],
        now: Instant,
        *,
        expected_revision: int | None = None,
        reason: str = "",
        lasting: float | None = None,
        confirm_within: float | None = None,
        dry_run: bool = False,
    ) -> LimitsResult:
        """Change limits.

        Args:
            limits: {name: value}, any subset; validated as a whole.
            expected_revision: refuse unless this is the revision.
            lasting: seconds until the values of before come back.
            confirm_within: seconds until it rolls back unless confirmed.
            dry_run: check and answer, change nothing.

        Raises:
            AdminError: INVALID_PARAMS or CONFLICT; nothing has changed.
        """
        _check_range("for", lasting, LASTING_RANGE)
        _check_range("confirm_within", confirm_within, CONFIRM_RANGE)
        proposed = self.proposed(limits)
        self._check_revision(expected_revision, now)
        self._check_unconfirmed(now)
        changed = _difference(self.limits, proposed)
        # A limit that is set to the value it has, for a while or for good, changes how long it stays so.
        named = [name for name in limits if name in changed or name in self._timers or lasting is not None]
        if dry_run or not named:
            return self._result(self.limits, proposed, None)
        before = self.limits
        self.limits = proposed
        timers = {name: self._timers.get(name) for name in named}
        change = self._log.enter(
            who,
            "set",
            now,
            changes=changed,
            reason=reason,
            until=now.wall + lasting if lasting is not None else None,
            confirm_by=now.wall + confirm_within if confirm_within is not None else None,
        )
        for name, timer in timers.items():
            self._timers.pop(name, None)
            if lasting is not None:
                home = timer.shown.restore if timer is not None else getattr(before, name)
                self._timers[name] = _Timer(
                    now.monotonic + lasting,
                    Temporary(
                        name=name,
                        value=getattr(proposed, name),
                        restore=home,
                        until=now.wall + lasting,
                        revision=self.revision,
                        user=who.user,
                    ),
                )
        self._remember(timers)
        if confirm_within is not None:
            self._pending = _Pending(
                now.monotonic + confirm_within,
                Unconfirmed(
                    revision=self.revision,
                    until=now.wall + confirm_within,
                    # Also what kept its value: a shorter end that it was given may be over by then.
                    restore={name: before.as_dict()[name] for name in named},
                    user=who.user,
                ),
            )
        return self._result(before, self.limits, change)

    def confirm(self, who: Who, now: Instant, revision: int | None = None) -> LimitsResult:
        """Keep the change that waits to be confirmed.

        Raises:
            AdminError: REFUSED when none waits, NOT_FOUND when another one does.
        """
        pending = self._waiting_change(revision)
        self._pending = None
        change = self._log.enter(who, "confirm", now, detail=f"revision {pending.revision} stays")
        return self._result(self.limits, self.limits, change)

    def undo(
        self,
        who: Who,
        now: Instant,
        *,
        revision: int | None = None,
        expected_revision: int | None = None,
        reason: str = "",
    ) -> LimitsResult:
        """Apply the inverse of an older change, as a new entry; undoing an undo does it again.

        Args:
            revision: which; ``None`` for the last one that can be undone.

        Raises:
            AdminError: NOT_FOUND or REFUSED when there is nothing to undo; CONFLICT when a limit that it changed has
                been changed since.
        """
        self._check_revision(expected_revision, now)
        if self._pending is not None and revision in {None, self._pending.shown.revision}:
            # What a rollback would do: a reload or the end of a temporary limit may have touched it since.
            undone, restore = self._pending.shown.revision, self._pending.shown.restore
            self._pending = None
        else:
            self._check_unconfirmed(now)
            entry = (
                self._log.last_undoable(self.limits)
                if revision is None
                else self._log.undoable(revision, self.limits, now)
            )
            undone, restore = entry.revision, {name: old for name, (old, _) in entry.changes.items()}
        before = self.limits
        try:
            self.limits = self.limits.evolve(**restore)
        except LimitsError as error:  # the entry may be from a daemon with other ranges
            raise AdminError(AdminErrorCode.REFUSED, f"Revision {undone} cannot be undone: {error}.") from None
        change = self._log.enter(
            who, "undo", now, changes=_difference(before, self.limits), reason=reason, undoes=undone
        )
        self._wind_back(undone, restore)
        return self._result(before, self.limits, change)

    def record(
        self,
        who: Who,
        action: str,
        now: Instant,
        *,
        reason: str = "",
        detail: str = "",
        changes: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> Change:
        """Make an entry for something that changes no limit: ``drain``, ``close``, ``note`` ..."""
        return self._log.enter(who, action, now, reason=reason, detail=detail, changes=changes)

    def lasting(self, now: Instant) -> Limits:
        """Return the limits that are to outlast the daemon: those in force, but for the temporary ones.

        Raises:
            AdminError: CONFLICT while a change waits to be confirmed.
        """
        self._check_unconfirmed(now)
        return self.limits.evolve(**{each.name: each.restore for each in self.temporary})

    def saved(
        self, who: Who, now: Instant, path: str, changes: Mapping[str, tuple[Any, Any]], configured: Limits
    ) -> Change:
        """Take note of what file, environment and command line give now that limits were written into the file."""
        self.configured = configured
        return self._log.enter(who, "save", now, detail=path, changes=changes)

    # --- what happens by itself ---

    def start(self, now: Instant) -> Change | None:
        """Make an entry if the limits are not those that were in force when the daemon last ran.

        Before its first entry they were the defaults. Where the oldest entries have been dropped, limits that none of
        the others names are not known.
        """
        whole = not self.entries or self.entries[0].number == 1
        last: dict[str, Any] = dict(Limits().as_dict()) if whole else {}
        for entry in self.entries:
            if entry.action in LIMIT_ACTIONS:
                last.update((name, after) for name, (_, after) in entry.changes.items())
        known = self.limits.as_dict()
        changes = {name: (value, known[name]) for name, value in last.items() if name in known and value != known[name]}
        if not changes:
            return None
        return self._log.enter(DAEMON, "start", now, changes=changes, detail="the configured limits are in force")

    def reload(self, fresh: Limits, now: Instant) -> LimitsResult:
        """Put in force what the sources say differently than at the last reading.

        What an operator set at run time stays where its configured value is the same as before: a reload for the
        sake of the log must not throw it away.
        """
        before = self.limits
        news = {name: after for name, (_, after) in _difference(self.configured, fresh).items()}
        self.configured = fresh
        self.limits = self.limits.evolve(**news)
        timers = {name: self._timers.pop(name, None) for name in news}
        if self._pending is not None:
            revision, restore = self._pending.shown.revision, self._pending.shown.restore
            restore.update((name, value) for name, value in news.items() if name in restore)
            kept = self._replaced.get(revision, {})
            kept.update((name, (None, kept[name][1])) for name in kept.keys() & news)
        changed = _difference(before, self.limits)
        change = None
        if changed:
            change = self._log.enter(DAEMON, "reload", now, changes=changed, detail="the configuration was read again")
            self._remember(timers)
        return self._result(before, self.limits, change)

    def due(self, now: Instant) -> list[LimitsResult]:
        """End temporary limits and roll back unconfirmed changes whose time has come."""
        results: list[LimitsResult] = []
        pending = self._pending
        if pending is not None and pending.due <= now.monotonic:
            self._pending = None
            revision = pending.shown.revision
            detail = f"nobody confirmed revision {revision}"
            result = self._go_back("rollback", pending.shown.restore, now, detail, revision)
            self._wind_back(revision, pending.shown.restore)
            result.temporary = self.temporary
            results.append(result)
        ended = [timer.shown for timer in self._timers.values() if timer.due <= now.monotonic]
        for each in ended:
            del self._timers[each.name]
        for revision in sorted({each.revision for each in ended}):
            restore = {each.name: each.restore for each in ended if each.revision == revision}
            results.append(self._go_back("expire", restore, now, f"revision {revision} has ended", revision))
        return results

    # --- inside ---

    def _go_back(
        self, action: str, restore: Mapping[str, float], now: Instant, detail: str, revision: int
    ) -> LimitsResult:
        before = self.limits
        self.limits = self.limits.evolve(**restore)
        change = self._log.enter(
            DAEMON, action, now, changes=_difference(before, self.limits), detail=detail, undoes=revision
        )
        return self._result(before, self.limits, change)

    def _remember(self, before: Mapping[str, _Timer | None]) -> None:
        """Keep the timers that the newest revision has replaced, and by which."""
        self._replaced[self.revision] = {name: (timer, self._timers.get(name)) for name, timer in before.items()}
        while len(self._replaced) > MAX_ENTRIES:
            del self._replaced[next(iter(self._replaced))]

    def _wind_back(self, undone: int, restored: Iterable[str]) -> None:
        """Let limits end by themselves again as they were to end before a revision; what is overdue ends at once.

        Of limits whose value that revision did not change, only those are meant whose timer is still the one it made.
        """
        kept = dict.fromkeys(restored, (None, None)) | self._replaced.get(undone, {})
        values, in_force = set(restored), self.limits.as_dict()
        before: dict[str, _Timer | None] = {}
        for name, (old, new) in kept.items():
            same = self._timers.get(name) is new and (old is None or old.shown.value == in_force[name])
            if name in values or same:
                before[name] = self._timers.pop(name, None)
                if old is not None:
                    self._timers[name] = old
        self._remember(before)

    def _result(self, before: Limits, after: Limits, change: Change | None) -> LimitsResult:
        return LimitsResult(
            revision=self.revision,
            before=dict(before.as_dict()),
            after=dict(after.as_dict()),
            changed=_difference(before, after),
            configured=dict(self.configured.as_dict()),
            temporary=self.temporary,
            unconfirmed=self.unconfirmed,
            change=change,
        )

    def _waiting_change(self, revision: int | None) -> Unconfirmed:
        if self._pending is None:
            raise AdminError(AdminErrorCode.REFUSED, "No change waits to be confirmed; it may have rolled back.")
        waiting = self._pending.shown
        if revision is not None and revision != waiting.revision:
            raise AdminError(
                AdminErrorCode.NOT_FOUND, f"Revision {revision} does not wait; revision {waiting.revision} does."
            )
        return waiting

    def _check_revision(self, expected: int | None, now: Instant) -> None:
        if expected is None or expected == self.revision:
            return
        last = self._log.last_change()
        what = ""
        if last is not None and last.changes:
            what = ", ".join(f"{name} is {value:g}" for name, value in self._now_of(last).items())
        raise self._log.conflict(
            f"The limits were changed meanwhile: {what or 'another revision'}{told(last, now)}. "
            f"Revision {self.revision} is in force, not {expected}",
            self.limits,
            last,
        )

    def _now_of(self, change: Change) -> dict[str, float]:
        return {name: value for name, value in self.limits.as_dict().items() if name in change.changes}

    def _check_unconfirmed(self, now: Instant) -> None:
        if self._pending is not None:
            waiting = self._pending.shown
            seconds = max(0.0, self._pending.due - now.monotonic)
            raise self._log.conflict(
                f"Revision {waiting.revision} by {waiting.user} waits to be confirmed for {seconds:.0f} s more; "
                "confirm or undo it first",
                self.limits,
                self._log.last_change(),
            )


_FIELDS: Any = attrs.fields(Limits)


def _about() -> dict[str, LimitAbout]:
    return {
        field.name: LimitAbout(
            low=field.metadata["low"],
            high=field.metadata["high"],
            default=field.default,
            unit=field.metadata["unit"],
            whole=field.type in (int, "int"),
            doc=field.metadata["doc"],
        )
        for field in _FIELDS
    }


def _difference(before: Limits, after: Limits) -> dict[str, tuple[float, float]]:
    old = before.as_dict()
    return {name: (old[name], value) for name, value in after.as_dict().items() if value != old[name]}


def _check_range(name: str, value: object, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise _invalid(printable(f"{name} must be from {low:g} to {high:g} s, not {value!r}"))


def _invalid(*problems: str) -> AdminError:
    return AdminError(AdminErrorCode.INVALID_PARAMS, "; ".join(problems), problems=list(problems))
