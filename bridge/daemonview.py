"""The daemon as functions see it: figures to read, nothing to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from bridge import __version__
from bridge.clock import MonotonicClock

__all__ = ["DaemonView"]


class DaemonView:
    """What ``bridge.api.Daemon`` promises to functions.

    Attributes:
        reports: makes the reports that module ``system`` publishes, by name; set before the first call.
    """

    version = __version__

    def __init__(self, clock: MonotonicClock) -> None:
        self._clock = clock
        self._started = clock.seconds()
        self.reports: Callable[[str], dict[str, Any]] | None = None

    def uptime(self) -> float:
        """Return the seconds since the daemon started."""
        return self._clock.seconds() - self._started

    def sleep(self, seconds: float) -> Deferred[None]:
        """Return a Deferred that fires after ``seconds``."""
        return deferLater(self._clock, seconds)

    def report(self, name: str) -> dict[str, Any]:
        """Return one of the reports that module ``system`` publishes."""
        assert self.reports is not None
        return self.reports(name)
