"""Makes previews of other limits beside the calls: a little at a time, and only a few at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from twisted.internet.task import deferLater

from bridge.adminwire import AdminError, AdminErrorCode, Preview
from bridge.preview import preview

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.limits import Limits
    from bridge.stats import HistorySample

__all__ = ["Previews"]

MAX_PREVIEWS = 2
"""Previews at the same time; each takes a quarter of the reactor's time while it runs."""

PREVIEW_SLICE, PREVIEW_PAUSE = 0.002, 0.006
"""Seconds that a preview computes in one go, and that calls have the reactor for themselves in between."""


class Previews:
    """All that are being made."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._running = 0

    async def make(
        self, samples: Sequence[HistorySample], current: Limits, proposed: Limits, *, asked: float
    ) -> Preview:
        """Return what the calls of some seconds would have met under other limits.

        Args:
            samples: one a second, oldest first.
            asked: for how many seconds the operator asked.

        Raises:
            AdminError: REFUSED while ``MAX_PREVIEWS`` others are being made.
        """
        if self._running >= MAX_PREVIEWS:
            raise AdminError(AdminErrorCode.REFUSED, "Other previews are being made; try again in a few seconds.")
        self._running += 1
        try:
            return await self._in_slices(preview(samples, current, proposed, asked=asked))
        finally:
            self._running -= 1

    async def _in_slices(self, work: Generator[None, None, Preview]) -> Preview:
        """Run a long computation a little at a time, so that calls hardly notice it."""
        while True:
            end = self._clock.seconds() + PREVIEW_SLICE
            try:
                while self._clock.seconds() < end:
                    next(work)
            except StopIteration as done:
                made: Preview = done.value
                return made
            await deferLater(self._clock, PREVIEW_PAUSE)
