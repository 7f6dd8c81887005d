"""Normal, warning, violation: the state of each resource, and the log lines that tell of it.

Pure. A gauge (memory, CPU, reactor lag) is held with hysteresis, so that a figure which hovers about a mark does not
fill the log. Concurrency and rate are decided exactly at each call by admission; only their display is held here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import attrs

from bridge.errors import LimitName
from bridge.limits import Limits

__all__ = ["Figures", "Level", "Levels", "Pressure", "Reading"]

LAG_WARNING, LAG_LIMIT = 0.1, 0.25
"""Seconds by which a timer of the reactor may be late."""

HOLD_SECONDS = 5.0
"""How long a figure must stay under the leaving mark."""

VIOLATION_LEAVE = 0.9
"""Share of the limit below which a gauge's violation ends."""

WARNING_GAP = 0.1
"""How far below the warning mark a warning ends, as a share of the limit (80 % in, 70 % out)."""

REPEAT_SECONDS = 10.0
"""Shortest time between two log lines of one kind while a state lasts."""


class Level(Enum):
    """How a resource stands."""

    NORMAL = "normal"
    WARNING = "warning"
    VIOLATION = "violation"


@attrs.frozen
class Figures:
    """One sample of everything that is limited.

    Attributes:
        memory_mb, cpu_percent: of the daemon and its workers.
        lag: seconds.
        concurrent: calls in flight and waiting, the peak since the last sample.
        rate: demand in calls a minute.
        held: limits for which something was held or refused since the last sample.
        connections: open connections. connections_refused: those refused since the last sample.
    """

    memory_mb: float
    cpu_percent: float
    lag: float
    concurrent: int
    rate: int
    held: frozenset[LimitName]
    connections: int = 0
    connections_refused: int = 0


@attrs.frozen
class Reading:
    """One resource as of the latest sample; ``warning`` is the share of the limit at which its warning starts."""

    value: float
    limit: float
    level: Level
    warning: float


@attrs.frozen
class Pressure:
    """Value / limit of the resources whose violation is confirmed, 0 for the others."""

    cpu: float = 0.0
    memory: float = 0.0
    lag: float = 0.0


@attrs.define
class _Resource:
    """One resource's state. Gauges need two samples over the limit; exact ones need something held."""

    name: str
    words: Callable[[float], str]
    gauge: bool
    told_elsewhere: bool = False  # somebody else logs its violation
    level: Level = Level.NORMAL
    value: float = 0.0
    limit: float = 1.0
    warning_ratio: float = 0.8
    told: bool = False  # its violation stands in the log without its end
    last_high: float = 0.0  # the latest value at or over the warning mark
    violation_told_at: float = float("-inf")
    warning_told_at: float = float("-inf")
    _over: int = 0
    _below_violation_since: float | None = None
    _below_warning_since: float | None = None

    def update(self, value: float, limit: float, warning_ratio: float, now: float, *, held: bool) -> None:
        """Take one sample."""
        self.value, self.limit, self.warning_ratio = value, limit, warning_ratio
        ratio = value / limit
        if ratio >= warning_ratio:
            self.last_high = value
        self._over = self._over + 1 if ratio > 1 else 0
        self._below_warning_since = self._since(self._below_warning_since, now, ratio < warning_ratio - WARNING_GAP)
        self._below_violation_since = self._since(self._below_violation_since, now, ratio < VIOLATION_LEAVE)
        if self.level is Level.VIOLATION:
            over = not self._long_enough(self._below_violation_since, now) if self.gauge else ratio > 1 and held
        else:
            over = self._over >= 2 if self.gauge else ratio > 1 and held
        if over:
            self.level = Level.VIOLATION
        elif ratio >= warning_ratio:
            self.level = Level.WARNING
        elif self.level is not Level.NORMAL:
            quiet = self._long_enough(self._below_warning_since, now)
            self.level = Level.NORMAL if quiet else Level.WARNING

    def text(self) -> str:
        """Say how the resource stands, in the words that operators search for."""
        value, now = self.value, ""
        if value / self.limit < self.warning_ratio:  # held until it has been quiet for a while: tell why, and what is
            value, now = self.last_high, f" (now {self.words(value)})"
        verb = "exceeds" if value > self.limit else "approaching"
        return f"{self.name} {self.words(value)} {verb} limit {self._limit_words()}{now}"

    def cleared(self) -> str:
        """Say that it is over."""
        return f"{self.name} {self.words(self.value)}, limit {self._limit_words()}"

    def _limit_words(self) -> str:
        text = self.words(self.limit)
        return text.replace(".0", "", 1) if ".0" in text else text

    @staticmethod
    def _since(since: float | None, now: float, condition: bool) -> float | None:
        return (now if since is None else since) if condition else None

    @staticmethod
    def _long_enough(since: float | None, now: float) -> bool:
        return since is not None and now - since >= HOLD_SECONDS


class Levels:
    """The six resources together."""

    def __init__(self) -> None:
        self._memory = _Resource("Memory usage", lambda value: f"{value:.1f}MB", gauge=True)
        self._cpu = _Resource("CPU usage", lambda value: f"{value:.1f}%", gauge=True)
        self._lag = _Resource("Reactor lag", lambda value: f"{value * 1000:.0f}ms", gauge=True)
        self._concurrent = _Resource("Concurrent requests", lambda value: f"{value:.0f}", gauge=False)
        self._rate = _Resource("Request rate", lambda value: f"{value:.0f}/min", gauge=False)
        self._connections = _Resource("Connections", lambda value: f"{value:.0f}", gauge=False, told_elsewhere=True)
        self._by_name = {
            "concurrent": self._concurrent,
            "rate": self._rate,
            "memory": self._memory,
            "cpu": self._cpu,
            "lag": self._lag,
            "connections": self._connections,
        }
        self._all = list(self._by_name.values())

    def update(self, figures: Figures, limits: Limits, now: float) -> list[tuple[str, str]]:
        """Take one sample and return the log lines it calls for, as (``info`` | ``warn`` | ``critical``, text)."""
        before = {resource.name: resource.level for resource in self._all}
        ratio = limits.warning_ratio
        held = figures.held
        self._memory.update(figures.memory_mb, limits.max_memory_mb, ratio, now, held=True)
        self._cpu.update(figures.cpu_percent, limits.max_cpu_percent, ratio, now, held=True)
        self._lag.update(figures.lag, LAG_LIMIT, LAG_WARNING / LAG_LIMIT, now, held=True)
        self._concurrent.update(
            figures.concurrent, limits.max_concurrent_requests, ratio, now, held=LimitName.CONCURRENT in held
        )
        self._rate.update(figures.rate, limits.max_requests_per_minute, ratio, now, held=LimitName.RATE in held)
        refused = figures.connections_refused
        # When one was refused all were taken, by the limit of now or of the last sample, however many closed since.
        taken = min(self._connections.limit, limits.max_connections) if refused else 0
        wanted = max(figures.connections, taken) + refused
        self._connections.update(wanted, limits.max_connections, ratio, now, held=refused > 0)
        return self._lines(before, now)

    def of(self, level: Level) -> list[str]:
        """Return one text for each resource that is at this level."""
        return [resource.text() for resource in self._all if resource.level is level]

    @property
    def worst(self) -> Level:
        """The worst level of any resource."""
        levels = {resource.level for resource in self._all}
        return next(level for level in (Level.VIOLATION, Level.WARNING, Level.NORMAL) if level in levels)

    @property
    def pressure(self) -> Pressure:
        """What admission is to be told."""
        return Pressure(*(self._confirmed(resource) for resource in (self._cpu, self._memory, self._lag)))

    @property
    def states(self) -> dict[str, str]:
        """Every resource's level by its name in the limits."""
        return {name: resource.level.value for name, resource in self._by_name.items()}

    def readings(self) -> dict[str, Reading]:
        """Return every resource by its name, in the order in which operators look at them."""
        return {
            name: Reading(resource.value, resource.limit, resource.level, resource.warning_ratio)
            for name in ("memory", "cpu", "concurrent", "rate", "connections", "lag")
            for resource in (self._by_name[name],)
        }

    @staticmethod
    def _confirmed(resource: _Resource) -> float:
        return resource.value / resource.limit if resource.level is Level.VIOLATION else 0.0

    def _lines(self, before: dict[str, Level], now: float) -> list[tuple[str, str]]:
        """Tell what is new, and what lasts every ``REPEAT_SECONDS``; a state that comes and goes is told as rarely."""
        lines: list[tuple[str, str]] = []
        for resource in self._all:
            if before[resource.name] is Level.VIOLATION and resource.level is not Level.VIOLATION and resource.told:
                resource.told = False
                lines.append(("info", f"Resource violation cleared: {resource.cleared()}"))
        violating = [resource for resource in self._all if resource.level is Level.VIOLATION]
        violating = [resource for resource in violating if not resource.told_elsewhere]
        if any(now - resource.violation_told_at >= REPEAT_SECONDS for resource in violating):
            for resource in violating:
                resource.told = True
                resource.violation_told_at = now
            lines.append(("critical", f"RESOURCE VIOLATION: {[resource.text() for resource in violating]}"))
            lines.append(("warn", "Resource violations detected, throttling connections"))
        warning = [resource for resource in self._all if resource.level is Level.WARNING]
        if any(now - resource.warning_told_at >= REPEAT_SECONDS for resource in warning):
            for resource in warning:
                resource.warning_told_at = now
            lines.append(("warn", f"Resource warning: {self.of(Level.WARNING)}"))
        return lines
