"""What operators do about limits, and what the clock does: temporary ones end, unconfirmed changes roll back.

The rules are in ``bridge.control``; here a change is put in force, written down, and the next one that is due awaited.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.adminparams import ConfirmParams, NoParams, PreviewParams, SetParams, UndoParams, invalid
from bridge.adminroles import Daemon, Operator
from bridge.adminwire import AdminError, AdminErrorCode, Change, LimitsResult, Preview
from bridge.changes import Instant, told_by
from bridge.control import LASTING_RANGE, LimitControl
from bridge.previews import Previews
from bridge.tomlsave import SaveError

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.limits import Limits
    from bridge.stats import Stats

__all__ = ["LimitDesk"]


class LimitDesk:
    """Carries out the methods ``limits.*``.

    Args:
        control: the rules, and the limits in force by them.
        daemon: puts limits in force, and into the configuration file.
        write_down: keeps a journal entry and tells everybody; returns warnings.
    """

    def __init__(
        self,
        *,
        control: LimitControl,
        daemon: Daemon,
        stats: Stats,
        clock: IReactorTime,
        now: Callable[[], Instant],
        write_down: Callable[[Change], list[str]],
    ) -> None:
        self.control = control
        self._daemon = daemon
        self._stats = stats
        self._clock = clock
        self._now = now
        self._write_down = write_down
        self._previews = Previews(clock)
        self._timer: IDelayedCall | None = None

    # --- the service calls these ---

    def start(self) -> None:
        """Take up the journal where it ended."""
        change = self.control.start(self._now())
        if change is not None:
            self._write_down(change)

    def stop(self) -> None:
        """Let no timer outlive the daemon."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reloaded(self, configured: Limits) -> Limits:
        """Take freshly read limits and return the ones that are to be in force."""
        result = self.control.reload(configured, self._now())
        if result.change is not None:
            self._write_down(result.change)
        self._arm()
        return self.control.limits

    # --- operators call these ---

    def get(self, _: Operator, __: NoParams) -> LimitsResult:
        """Tell everything about the limits."""
        return self.control.get()

    def set(self, operator: Operator, params: SetParams) -> LimitsResult:
        """Change limits."""
        now = self._now()
        lasting = params.lasting
        if params.until is not None:
            if lasting is not None:
                raise invalid("give for or until, not both")
            lasting = params.until - now.wall
            if not 1 <= lasting <= LASTING_RANGE[1]:
                raise invalid(f"until must be from 1 to {LASTING_RANGE[1]:g} s ahead, not {lasting:.0f} s")
        return self._changed(
            self.control.set(
                operator.who,
                params.limits,
                now,
                expected_revision=params.expected_revision,
                reason=params.reason,
                lasting=lasting,
                confirm_within=params.confirm_within,
                dry_run=params.dry_run,
            ),
            put=not params.dry_run,
        )

    def confirm(self, operator: Operator, params: ConfirmParams) -> LimitsResult:
        """Keep the change that waits for it."""
        return self._changed(self.control.confirm(operator.who, self._now(), params.revision))

    def undo(self, operator: Operator, params: UndoParams) -> LimitsResult:
        """Take a change back by a new entry."""
        return self._changed(
            self.control.undo(
                operator.who,
                self._now(),
                revision=params.revision,
                expected_revision=params.expected_revision,
                reason=params.reason,
            )
        )

    def save(self, operator: Operator, _: NoParams) -> dict[str, object]:
        """Write what is to last into the configuration file."""
        now = self._now()
        # Whoever saves in the middle of the night must not make for ever what was meant for an hour.
        lasting = self.control.lasting(now)
        try:
            saved = self._daemon.save_limits(lasting)
        except SaveError as error:
            raise AdminError(AdminErrorCode.REFUSED, str(error)) from None
        warnings = [
            f"{each.name} is {each.value:g} only for a while; the file has {each.restore:g}"
            for each in self.control.temporary
        ]
        warnings += saved.warnings
        change = self.control.saved(operator.who, now, saved.path, saved.changes, saved.configured)
        warnings += self._write_down(change)
        return {"path": saved.path, "changes": saved.changes, "warnings": warnings}

    async def preview(self, _: Operator, params: PreviewParams) -> Preview:
        """Replay the recorded demand under other limits."""
        if not 1 <= params.minutes <= 60:
            raise invalid(f"minutes must be from 1 to 60, not {params.minutes!r}")
        proposed = self.control.proposed(params.limits)
        seconds = params.minutes * 60
        newest = self._clock.seconds()
        samples = [each for each in self._stats.history if each.at > newest - seconds]
        return await self._previews.make(samples, self.control.limits, proposed, asked=seconds)

    def _changed(self, result: LimitsResult, *, put: bool = True) -> LimitsResult:
        """Put the outcome of a change in force, write it down and tell everybody."""
        if put and result.change is not None:
            if result.changed:
                result.warnings += self._daemon.set_limits(self.control.limits, told_by(result.change))
            result.warnings += self._write_down(result.change)
            self._arm()
        return result

    def _arm(self) -> None:
        """Set the timer for the next temporary limit that ends, or change that nobody confirmed."""
        self.stop()
        due = self.control.next_due()
        if due is not None:
            self._timer = self._clock.callLater(max(0.0, due - self._clock.seconds()), self._fall_due)

    def _fall_due(self) -> None:
        self._timer = None
        for result in self.control.due(self._now()):
            self._changed(result)
        self._arm()
