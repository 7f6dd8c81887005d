"""The daemon's counters as Prometheus wants them: names, units, labels.

This file needs ``prometheus_client`` and is imported only where the setting ``metrics`` is set. It keeps no counters of
its own; a scrape reads those that the daemon has anyway. Names are an interface: dashboards and alerts hang on them.
"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from bridge import __version__
from bridge.errors import LimitName
from bridge.histogram import EDGES, Histogram
from bridge.levels import Level
from bridge.stats import OTHERS
from bridge.text import printable

if TYPE_CHECKING:
    from bridge.admission import Admission
    from bridge.connections import ConnectionTable
    from bridge.monitor import Monitor
    from bridge.stats import Stats

__all__ = ["MAX_FUNCTIONS", "Metrics"]

MAX_FUNCTIONS = 200
"""Functions with series of their own: the first that were called. The rest are one, so that none ever goes backwards
because it fell out of a list of the most called."""

MEGABYTE = 1048576

_BOUNDS = [*(repr(edge) for edge in EDGES), "+Inf"]


class Metrics:
    """Makes all metrics from what it is given.

    Args:
        now: the daemon's clock in seconds.
        revision: the revision of the limits.
        busy: further figures by name: ``busy_workers``, ``idle_workers``, ``overdue_threads``.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        stats: Stats,
        monitor: Monitor,
        connections: ConnectionTable,
        now: Callable[[], float],
        revision: Callable[[], int],
        busy: Callable[[], dict[str, int]],
    ) -> None:
        self._admission = admission
        self._stats = stats
        self._monitor = monitor
        self._connections = connections
        self._now = now
        self._revision = revision
        self._busy = busy
        self._started = time.time() - (now() - stats.started)
        self._process = ProcessCollector(registry=None)
        self._made: dict[str, tuple[int, bytes]] = {}  # a function's part of the text, and for how many calls it is

    def pieces(self) -> Iterator[bytes]:
        """Return the text for one scrape, bit by bit, so that whoever sends it can let the daemon work in between.

        A function's part is made anew only when it has been called since: with hundreds of functions a scrape would
        otherwise take a hundred milliseconds.
        """
        for family in (self._about, self._requests, self._load, self._resources, self._process_figures):
            for metric in family():
                yield _text(metric)
        functions = self._by_function()
        yield _text(_duration())
        for name, latency, _, _ in functions:
            made = self._made.get(name)
            if made is None or made[0] != latency.count:
                # The first two lines, HELP and TYPE, stand above all functions already.
                made = self._made[name] = (latency.count, _text(_duration(name, latency)).split(b"\n", 2)[2])
            yield made[1]
        yield _text(
            _counter("function_errors", "Calls that failed.", {each[0]: each[2] for each in functions}, "function")
        )
        refused = {each[0]: each[3] for each in functions}
        yield _text(_counter("function_refused", "Calls refused for a limit or a drain.", refused, "function"))

    def _process_figures(self) -> Iterator[Metric]:
        with contextlib.suppress(ValueError):  # the kernel says "unlimited" where a number is expected
            yield from self._process.collect()

    def _about(self) -> Iterator[Metric]:
        yield _gauge(
            "build_info",
            "The daemon's version and Python's; always 1.",
            {(__version__, platform.python_version()): 1},
            ("version", "python"),
        )
        yield _gauge("start_time_seconds", "When the daemon started, in seconds since 1970.", self._started)
        yield _gauge(
            "draining", "1 while new calls are refused for a drain or the daemon's end.", self._admission.draining
        )
        yield _gauge("limits_revision", "Goes up by one with each change of limits.", self._revision())

    def _requests(self) -> Iterator[Metric]:
        stats = self._stats
        outcomes = {"successful": stats.successful, "failed": stats.failed, "throttled": stats.throttled}
        yield _counter("requests", "Requests answered, by how they ended.", outcomes, "outcome")
        limits = {limit.value: stats.refused_by_limit.get(limit.value, 0) for limit in LimitName}
        yield _counter("requests_refused", "Calls refused because of a limit; none of them ran.", limits, "limit")
        errors = {error.value: count for error, count in stats.errors.items()}
        yield _counter("request_errors", "Answers that were no success, by error_type.", errors, "error_type")

    def _load(self) -> Iterator[Metric]:
        admission, now = self._admission, self._now()
        limits = admission.limits
        yield _gauge("requests_in_progress", "Calls that execute.", admission.in_flight)
        yield _gauge("requests_in_progress_limit", "Calls that may execute.", limits.max_concurrent_requests)
        yield _gauge("slots", "Calls that may execute under the present pressure of CPU and memory.", admission.slots)
        yield _gauge("queue_length", "Calls that wait to start.", admission.waiting)
        yield _gauge("queue_length_limit", "Calls that may wait.", limits.max_queued_requests)
        yield _gauge("queue_oldest_wait_seconds", "How long the first of them has waited.", admission.oldest_wait(now))
        yield _gauge("rate_window_requests", "Calls started in the last 60 s.", admission.rate(now))
        yield _gauge("rate_window_limit", "Calls that may start in any 60 s.", limits.max_requests_per_minute)
        yield _gauge("connections", "Open client connections.", self._connections.count)
        yield _gauge("connections_limit", "Client connections that may be open.", limits.max_connections)
        yield _counter("connections_accepted", "Connections accepted.", self._connections.total)
        yield _counter("connections_refused", "Connections refused for their number.", self._connections.refused)
        yield _counter(
            "negotiations_failed",
            "Streams that did not come about, such as TLS handshakes that failed.",
            {printable(name): count for name, count in self._connections.negotiations_failed.items()},
            "function",
        )
        busy = self._busy()
        workers = {"busy": busy.get("busy_workers", 0), "idle": busy.get("idle_workers", 0)}
        yield _gauge("worker_processes", "Worker processes, by what they do.", workers, ("state",))
        yield _gauge("overdue_threads", "Threads whose call timed out and goes on.", busy.get("overdue_threads", 0))

    def _resources(self) -> Iterator[Metric]:
        latest, limits = self._monitor.latest, self._admission.limits
        yield _gauge("memory_bytes", "Resident memory of the daemon and its workers.", latest.memory_mb * MEGABYTE)
        yield _gauge("memory_limit_bytes", "Memory that they may have.", limits.max_memory_mb * MEGABYTE)
        yield _gauge("memory_retained", "1 when memory stays over its limit; a restart helps.", self._monitor.retained)
        yield _gauge("cpu_ratio", "CPU use of the daemon and its workers; 1 is one core.", latest.cpu_percent / 100)
        yield _gauge("cpu_limit_ratio", "CPU that they may use.", limits.max_cpu_percent / 100)
        yield _gauge(
            "reactor_lag_seconds", "How late the event loop's timers were, at worst in half a second.", latest.lag
        )
        states = {
            (name, level.value): float(level is reading.level)
            for name, reading in self._monitor.readings().items()
            for level in Level
        }
        yield _gauge("limit_state", "1 for the state that a resource is in.", states, ("resource", "state"))

    def _by_function(self) -> list[tuple[str, Histogram, int, int]]:
        """Return name, latencies, errors and refusals of each function that has series of its own, and of the rest."""
        functions = list(self._stats.functions())
        own = [each for each in functions[:MAX_FUNCTIONS] if each.name != OTHERS]
        rows = [(printable(each.name), each.latency, each.errors, each.refused) for each in own]
        rest = functions[len(own) :]
        if rest:
            together = Histogram()
            for each in rest:
                together.add(each.latency)
            rows.append((OTHERS, together, sum(each.errors for each in rest), sum(each.refused for each in rest)))
        return rows


class _Only(Collector):
    """A collector of one metric, which is what ``generate_latest`` takes."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> list[Metric]:
        return [self._metric]


def _text(metric: Metric) -> bytes:
    return generate_latest(_Only(metric))


def _duration(name: str = "", latency: Histogram | None = None) -> Metric:
    metric = HistogramMetricFamily(
        "cpanbridge_request_duration_seconds", "From arrival to answer, of calls that ran.", labels=("function",)
    )
    if latency is not None:
        counts = [*latency.cumulative(), latency.count]
        metric.add_metric((name,), list(zip(_BOUNDS, counts, strict=True)), latency.total)
    return metric


def _gauge(name: str, text: str, value: float | Mapping[Any, float], labels: tuple[str, ...] = ()) -> Metric:
    """Make a gauge with one value, or with one for each combination of labels."""
    if not isinstance(value, Mapping):
        return GaugeMetricFamily(f"cpanbridge_{name}", text, value=float(value))
    metric = GaugeMetricFamily(f"cpanbridge_{name}", text, labels=labels)
    for key, each in value.items():
        metric.add_metric((key,) if isinstance(key, str) else key, each)
    return metric


def _counter(name: str, text: str, value: float | Mapping[str, float], label: str = "") -> Metric:
    """Make a counter with one value, or with one for each value of a label; ``_total`` is added to its name."""
    if not isinstance(value, Mapping):
        return CounterMetricFamily(f"cpanbridge_{name}", text, value=value)
    metric = CounterMetricFamily(f"cpanbridge_{name}", text, labels=(label,))
    for key, each in value.items():
        metric.add_metric((key,), each)
    return metric
