"""The reports that module ``system`` publishes, made of figures the daemon has anyway."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from bridge import __version__

if TYPE_CHECKING:
    from bridge.admission import Admission
    from bridge.monitor import Monitor
    from bridge.settings import Settings
    from bridge.stats import Stats

__all__ = ["Connections", "Report", "format_uptime"]


class Connections(Protocol):
    """What a report needs of the connection table."""

    total: int
    refused: int
    negotiations_failed: dict[str, int]

    @property
    def count(self) -> int:
        """How many are open."""
        ...

    def rows(self) -> list[dict[str, Any]]:
        """One row each."""
        ...


class Report:
    """Makes each report afresh, as plain JSON data."""

    def __init__(
        self,
        *,
        settings: Callable[[], Settings],
        admission: Admission,
        stats: Stats,
        monitor: Monitor,
        connections: Connections,
        modules: Callable[[], list[dict[str, Any]]],
        now: Callable[[], float],
        busy: Callable[[], dict[str, int]],
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._stats = stats
        self._monitor = monitor
        self._connections = connections
        self._modules = modules
        self._now = now
        self._busy = busy
        self._started_at = time.time()  # for people; no deadline hangs on it

    def __call__(self, name: str) -> dict[str, Any]:
        """Return the report called ``name``; raises ``KeyError`` for any other name."""
        made: dict[str, Any] = {
            "metrics": self.metrics,
            "health": self.health,
            "info": self.info,
            "stats": self.stats,
            "performance": self.performance,
            "connections": self.connections,
            "modules": self.modules,
            "limits": self.limits,
        }[name]()
        return made

    def metrics(self) -> dict[str, Any]:
        """Everything a monitoring script wants in one answer."""
        latest = self._monitor.latest
        now = self._now()
        uptime = now - self._stats.started
        return {
            "resource_status": {
                "memory_mb": round(latest.memory_mb, 1),
                "cpu_percent": round(latest.cpu_percent, 1),
                "concurrent_requests": self._admission.in_flight + self._admission.waiting,
                "in_flight": self._admission.in_flight,
                "waiting": self._admission.waiting,
                "slots": self._admission.slots,
                "requests_per_minute": self._admission.rate(now),
                "reactor_lag_ms": round(latest.lag * 1000, 1),
                "peak_memory": round(latest.peak_memory, 1),
                "peak_cpu": round(latest.peak_cpu, 1),
                "violations": list(latest.violations),
                "warnings": list(latest.warnings),
                "limits": dict(self._admission.limits.as_dict()),
            },
            "performance_metrics": self.performance(),
            "connection_summary": self._connection_summary(),
            "daemon_info": {
                "version": __version__,
                "uptime_seconds": round(uptime, 3),
                "uptime_formatted": format_uptime(uptime),
            },
            "module_status": {module["name"]: "enabled" for module in self._modules()},
        }

    def health(self) -> dict[str, Any]:
        """One word, and what stands behind it."""
        latest = self._monitor.latest
        status = "draining" if self._admission.draining else self._monitor.worst.value.replace("normal", "ok")
        return {
            "status": status,
            "violations": list(latest.violations),
            "warnings": list(latest.warnings),
            "resources": dict(latest.states),
            "uptime_seconds": round(self._now() - self._stats.started, 3),
        }

    def info(self) -> dict[str, Any]:
        """Who answers."""
        settings = self._settings()
        return {
            "version": __version__,
            "python_version": platform.python_version(),
            "pid": os.getpid(),
            "uid": os.getuid(),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started_at)),
            "uptime_seconds": round(self._now() - self._stats.started, 3),
            "socket": settings.socket,
            "log": settings.log,
            "modules": [module["name"] for module in self._modules()],
        }

    def stats(self) -> dict[str, Any]:
        """Counters: overall, by error, by limit, by function."""
        stats = self._stats
        return {
            "total_requests": stats.total,
            "successful_requests": stats.successful,
            "failed_requests": stats.failed,
            "throttled_requests": stats.throttled,
            "errors": {error.value: count for error, count in stats.errors.items() if count},
            "refused_by_limit": dict(stats.refused_by_limit),
            **self._busy(),
            "functions": {
                figures.name: {
                    "calls": figures.calls,
                    "errors": figures.errors,
                    "refused": figures.refused,
                    **_latency(figures.latency),
                }
                for figures in stats.functions()
            },
        }

    def performance(self) -> dict[str, Any]:
        """How fast, how many, how well. Times are in seconds."""
        stats = self._stats
        latency = stats.latency
        return {
            "total_requests": stats.total,
            "successful_requests": stats.successful,
            "failed_requests": stats.failed,
            "throttled_requests": stats.throttled,
            "avg_response_time": round(latency.mean, 6),
            "p50_response_time": round(latency.percentile(0.50), 6),
            "p95_response_time": round(latency.percentile(0.95), 6),
            "p99_response_time": round(latency.percentile(0.99), 6),
            "max_response_time": round(latency.longest, 6),
            "requests_per_second": round(stats.requests_per_second(self._now()), 3),
            "error_rate": round(stats.error_rate, 6),
        }

    def connections(self) -> dict[str, Any]:
        """Every open connection."""
        return {**self._connection_summary(), "connections": self._connections.rows()}

    def modules(self) -> dict[str, Any]:
        """What can be called."""
        return {"modules": self._modules()}

    def limits(self) -> dict[str, Any]:
        """The limits in force."""
        return dict(self._admission.limits.as_dict())

    def _connection_summary(self) -> dict[str, Any]:
        return {
            "active_connections": self._connections.count,
            "total_connections": self._connections.total,
            "refused_connections": self._connections.refused,
            "failed_negotiations": sum(self._connections.negotiations_failed.values()),
            "max_connections": self._admission.limits.max_connections,
        }


def _latency(latency: Any) -> dict[str, float]:
    return {
        "avg": round(latency.mean, 6),
        "p50": round(latency.percentile(0.50), 6),
        "p95": round(latency.percentile(0.95), 6),
        "p99": round(latency.percentile(0.99), 6),
        "max": round(latency.longest, 6),
    }


def format_uptime(seconds: float) -> str:
    """Spell a duration for people: ``3d 04:05:06``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}d {hours:02}:{minutes:02}:{rest:02}" if days else f"{hours:02}:{minutes:02}:{rest:02}"
