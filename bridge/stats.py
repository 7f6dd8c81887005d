"""What the daemon counts: calls by outcome, latencies, and one hour of one-second history.

Pure. Every answered request is counted once, as successful, failed (the call itself went wrong) or throttled (a
refusal: ``Throttled`` or ``Draining``, the function did not start), so the three always add up to the total.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from bridge.errors import BridgeError, ErrorType
from bridge.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.admission import AdmissionSample

__all__ = ["OTHERS", "FunctionStats", "HistorySample", "Stats"]

MAX_FUNCTIONS = 1000
"""Functions counted one by one; module ``python`` alone can have more."""

OTHERS = "(other)"
"""The name under which the rest are counted."""

HISTORY_SECONDS = 3600

REFUSALS = frozenset({ErrorType.THROTTLED, ErrorType.CONNECTION_LIMIT, ErrorType.DRAINING})


class FunctionStats:
    """The figures of one function.

    Attributes:
        calls: calls that ran, failed ones included.
        errors: those that failed.
        refused: calls that never started because of a limit or a drain.
        latency: seconds from arrival to answer of the calls that ran.
    """

    __slots__ = ("calls", "errors", "latency", "name", "refused")

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = self.errors = self.refused = 0
        self.latency = Histogram()


@attrs.frozen
class HistorySample:
    """One second of the past. Counters are what happened in that second; the rest is as it was at its end.

    Attributes:
        arrivals: calls that asked to start, refused ones included.
        calls, errors, refused: requests answered; of them failed; of them refused.
        run_seconds: time that the calls which ended in this second had run, added up.
    """

    at: float
    calls: int
    errors: int
    refused: int
    in_flight: int
    waiting: int
    slots: int
    peak_concurrent: int
    rate: int
    rate_demand: int
    memory_mb: float
    cpu_percent: float
    lag: float
    connections: int
    arrivals: int = 0
    run_seconds: float = 0.0


class Stats:
    """All counters since the start.

    Attributes:
        total: requests answered.
        successful, failed, throttled: how they ended; together they are the total.
        errors: every answer that was not a success, by its word.
        refused_by_limit: ``Throttled`` answers, by limit.
        run_seconds: time that all calls ran, added up.
        history: the last hour, one sample a second, oldest first.
    """

    def __init__(self, now: float) -> None:
        self.started = now
        self.total = self.successful = self.failed = self.throttled = 0
        self.errors: dict[ErrorType, int] = dict.fromkeys(ErrorType, 0)
        self.refused_by_limit: dict[str, int] = {}
        self.history: deque[HistorySample] = deque(maxlen=HISTORY_SECONDS)
        self._functions: dict[str, FunctionStats] = {}
        self.run_seconds = 0.0
        self._last = (0, 0, 0, 0.0)  # total, failed, throttled, run_seconds at the last tick
        self._last_minute: deque[tuple[float, int]] = deque(maxlen=61)  # (time, total), one a second

    def call_ended(self, function: str, error_type: ErrorType | None, queued: float, run: float, now: float) -> None:
        """Count a call that ran.

        Args:
            function: its full name.
            error_type: how it failed, ``None`` for success.
            queued, run: seconds it waited and ran.
            now: unused by the counters; part of the call's facts.
        """
        figures = self._functions.get(function)
        if figures is None:
            figures = self._figures(function)
        self.total += 1
        self.run_seconds += run
        figures.calls += 1
        figures.latency.record(queued + run)
        if error_type is None:
            self.successful += 1
        else:
            self.failed += 1
            figures.errors += 1
            self.errors[error_type] += 1

    def call_refused(self, function: str, error: BridgeError, queued: float, now: float) -> None:
        """Count a request that never ran: a refusal, or a request that was not valid. ``function`` is "" if unknown."""
        self.total += 1
        self.errors[error.error_type] += 1
        refusal = error.error_type in REFUSALS
        if refusal:
            self.throttled += 1
            limit = error.details.get("limit")
            if isinstance(limit, str):
                self.refused_by_limit[limit] = self.refused_by_limit.get(limit, 0) + 1
        else:
            self.failed += 1
        if function:
            figures = self._functions.get(function) or self._figures(function)
            if refusal:
                figures.refused += 1
            else:
                figures.errors += 1

    def tick(
        self,
        sample: AdmissionSample,
        *,
        memory_mb: float,
        cpu_percent: float,
        lag: float,
        connections: int,
        now: float,
    ) -> None:
        """Close one second of history."""
        total, failed, throttled, run_seconds = self._last
        self._last = (self.total, self.failed, self.throttled, self.run_seconds)
        self._last_minute.append((now, self.total))
        self.history.append(
            HistorySample(
                at=now,
                calls=self.total - total,
                errors=self.failed - failed,
                refused=self.throttled - throttled,
                in_flight=sample.in_flight,
                waiting=sample.waiting,
                slots=sample.slots,
                peak_concurrent=sample.peak_concurrent,
                rate=sample.rate,
                rate_demand=sample.rate_demand,
                memory_mb=memory_mb,
                cpu_percent=cpu_percent,
                lag=lag,
                connections=connections,
                arrivals=sample.arrivals,
                run_seconds=self.run_seconds - run_seconds,
            )
        )

    def functions(self) -> Iterable[FunctionStats]:
        """Return the figures of every function that was called."""
        return self._functions.values()

    def requests_per_second(self, now: float) -> float:
        """Return the mean over the last minute, or since the start if that is less."""
        if not self._last_minute:
            return self.total / max(1.0, now - self.started)
        then, before = self._last_minute[0]
        if len(self._last_minute) < 61:
            then, before = self.started, 0
        return (self.total - before) / max(1.0, now - then)

    @property
    def latency(self) -> Histogram:
        """Seconds from arrival to answer of all calls that ran, added up from the functions' when asked for."""
        total = Histogram()
        for figures in self._functions.values():
            total.add(figures.latency)
        return total

    @property
    def error_rate(self) -> float:
        """Failed requests as a share of all, 0 to 1."""
        return self.failed / self.total if self.total else 0.0

    def _figures(self, function: str) -> FunctionStats:
        if len(self._functions) >= MAX_FUNCTIONS:
            function = OTHERS
        figures = self._functions.get(function)
        if figures is None:
            figures = self._functions[function] = FunctionStats(function)
        return figures
