"""The limits that protect the machine: one frozen value, validated as a whole.

Pure. A change at run time is ``limits.evolve(name=value, ...)``: either every value is acceptable and a new
``Limits`` comes back, or ``LimitsError`` names every problem and the old value stays in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["MIN_PRESSURE_SLOTS", "RATE_WINDOW", "Limits", "LimitsError"]

RATE_WINDOW = 60.0
"""Seconds over which ``max_requests_per_minute`` counts starts."""

MIN_PRESSURE_SLOTS = 5
"""Execution slots that remain when CPU or reactor lag reaches 150 % of its limit: enough to make progress, few
enough to let the machine recover; a full stop would turn slowness into an outage."""


class LimitsError(ValueError):
    """A set of limits does not validate. ``problems`` has one sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _limit(default: float, low: float, high: float, unit: str, doc: str) -> Any:
    return attrs.field(default=default, metadata={"low": low, "high": high, "unit": unit, "doc": doc})


@attrs.frozen(kw_only=True)
class Limits:
    """Every limit with its unit, default and accepted range (in each field's metadata).

    Raises:
        LimitsError: on construction and on :meth:`evolve`, naming every value that is out of range at once.
    """

    max_concurrent_requests: int = _limit(
        100, 1, 10_000, "calls", "Calls that may execute at the same time; further calls wait."
    )
    max_requests_per_minute: int = _limit(2000, 1, 10_000_000, "calls/min", "Calls that may start in any 60 seconds.")
    max_memory_mb: float = _limit(1024, 16, 16_777_216, "MB", "Resident memory of the daemon and its worker processes.")
    max_cpu_percent: float = _limit(200, 1, 102_400, "%", "CPU use of the daemon and its workers; 100 is one core.")
    max_connections: int = _limit(1000, 1, 1_000_000, "connections", "Client connections open at the same time.")
    warning_ratio: float = _limit(0.8, 0.1, 0.99, "share", "Share of a limit at which the warning starts.")
    backpressure_seconds: float = _limit(
        1.0, 0.01, 60, "s", "Longest time that a call which cannot start is held before it is refused."
    )
    max_queued_requests: int = _limit(200, 1, 100_000, "calls", "Calls that may wait at the same time.")
    max_process_share: float = _limit(
        0.8, 0.05, 1, "share", "Share of the slots one client process may hold while others wait."
    )

    def __attrs_post_init__(self) -> None:
        problems = []
        for field in attrs.fields(Limits):
            value = getattr(self, field.name)
            whole = field.type in (int, "int")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                problems.append(f"{field.name} must be {kind}, not {value!r}")
                continue
            low, high, unit = field.metadata["low"], field.metadata["high"], field.metadata["unit"]
            if not low <= value <= high:  # NaN and infinity are in no range
                problems.append(f"{field.name} must be from {low:g} to {high:.10g} {unit}, not {value!r}")
        if problems:
            raise LimitsError(problems)

    def evolve(self, **changes: object) -> Limits:
        """Return these limits with some values replaced, or raise ``LimitsError`` and change nothing."""
        known = {field.name for field in attrs.fields(Limits)}
        unknown = [f"there is no limit called {name}" for name in changes if name not in known]
        if unknown:
            raise LimitsError(unknown)
        return attrs.evolve(self, **changes)  # type: ignore[arg-type]

    def as_dict(self) -> Mapping[str, float]:
        """Return every limit by name, in the order of declaration."""
        return attrs.asdict(self)
