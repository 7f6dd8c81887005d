"""Watch the machine: sample memory and CPU, keep the levels, tell admission, write the log lines.

The sampler, the only part that touches psutil, is made in :meth:`Monitor.start`: the daemon forks before that.
"""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import attrs
import psutil
from twisted.internet.task import LoopingCall
from twisted.logger import Logger, LogLevel

from bridge.levels import REPEAT_SECONDS, Figures, Level, Levels, Reading

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.admission import Admission, AdmissionSample
    from bridge.stats import Stats

__all__ = ["HealthSample", "Monitor", "ProcessSampler", "Sampler"]

SAMPLE_SECONDS = 0.5
HEALTH_CHECK_SECONDS = 60.0
SUMMARY_SECONDS = 300.0

CPU_SMOOTHING_SECONDS = 2.0
"""Time constant of the moving average of the CPU figure: one busy half second is no news, three are."""

RELIEF_SECONDS = 10.0
"""Shortest time between two attempts to free memory: a full garbage collection holds up the reactor."""

RETAINED_SECONDS = 60.0
"""How long memory may stay over its limit before it is called retained."""

MEGABYTE = 1048576
PAGE = os.sysconf("SC_PAGESIZE")


class Sampler(Protocol):
    """Where the figures come from."""

    def sample(self, worker_pids: list[int]) -> tuple[float, float]:
        """Return (resident memory in MB, CPU in percent since the last sample) of the daemon and its workers."""
        ...


class ProcessSampler:
    """The figures of real processes. Make it in the process that is to be measured.

    Its own figures it reads from a file that stays open: a daemon that has no descriptors left must still be watched.
    """

    def __init__(self) -> None:
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._measured = (time.monotonic(), time.process_time())
        self._workers: dict[int, psutil.Process] = {}

    def close(self) -> None:
        """Close the file."""
        os.close(self._statm)

    def sample(self, worker_pids: list[int]) -> tuple[float, float]:
        """Return the sums; a worker that has just gone, or cannot be looked at, counts as nothing."""
        memory = int(os.pread(self._statm, 200, 0).split()[1]) * PAGE
        (then, used_then), self._measured = self._measured, (time.monotonic(), time.process_time())
        now, used = self._measured
        cpu = 100 * (used - used_then) / (now - then) if now > then else 0.0
        for pid in set(self._workers) - set(worker_pids):
            del self._workers[pid]
        for pid in worker_pids:
            try:
                worker = self._workers.get(pid)
                if worker is None:
                    worker = self._workers[pid] = psutil.Process(pid)
                memory += worker.memory_info().rss
                cpu += worker.cpu_percent()
            except (psutil.Error, OSError):
                self._workers.pop(pid, None)
        return memory / MEGABYTE, cpu


@attrs.frozen
class HealthSample:
    """The latest figures. ``warnings`` and ``violations`` are texts as in the log."""

    memory_mb: float = 0.0
    cpu_percent: float = 0.0
    lag: float = 0.0
    peak_memory: float = 0.0
    peak_cpu: float = 0.0
    warnings: list[str] = attrs.Factory(list)
    violations: list[str] = attrs.Factory(list)
    states: dict[str, str] = attrs.Factory(dict)


class Monitor:
    """Samples every half second; see the module's text.

    Args:
        trim: ends idle workers and drops caches; returns how many it let go of.
        lag: the reactor's worst lateness in seconds since it was last asked.
        on_memory_retained: called once when memory has stayed over its limit for a minute.
        on_pressure: called after admission was told of another pressure, to start what it let in.
        on_sample: called after each sample.
        connections_refused: connections refused since the start.

    Attributes:
        latest: the latest figures.
        sampled_at: when they were taken.
    """

    log = Logger()

    def __init__(
        self,
        *,
        admission: Admission,
        stats: Stats,
        clock: IReactorTime,
        worker_pids: Callable[[], list[int]],
        connections: Callable[[], int],
        trim: Callable[[], int],
        lag: Callable[[], float],
        on_memory_retained: Callable[[], None] | None,
        on_pressure: Callable[[], None] = lambda: None,
        on_sample: Callable[[], None] = lambda: None,
        connections_refused: Callable[[], int] = lambda: 0,
        sampler: Sampler | None = None,
    ) -> None:
        self.latest = HealthSample()
        self._admission = admission
        self._stats = stats
        self._clock = clock
        self._worker_pids = worker_pids
        self._connections = connections
        self._trim = trim
        self._lag = lag
        self._on_memory_retained = on_memory_retained
        self._on_pressure = on_pressure
        self._on_sample = on_sample
        self._connections_refused = connections_refused
        self._refused_before = 0
        self._sampler = sampler
        self._levels = Levels()
        self._cpu: float | None = None
        self._peak_memory = self._peak_cpu = 0.0
        self._started = self._last_second = self.sampled_at = 0.0
        self._second: list[AdmissionSample] = []
        self._memory_over_since: float | None = None
        self._relieved_at = float("-inf")
        self._retained = False
        self._refused_told_at = self._files_told_at = float("-inf")
        self._loops = [
            self._loop(self._sample),
            self._loop(self._health_check),
            self._loop(self._summary),
        ]

    def start(self) -> None:
        """Begin. Call it in the process that serves, after the fork."""
        if self._sampler is None:
            self._sampler = ProcessSampler()
        memory, _ = self._sampler.sample([])
        self.latest = HealthSample(memory_mb=memory, peak_memory=memory)
        self._started = self._last_second = self.sampled_at = self._clock.seconds()
        for loop, seconds in zip(self._loops, (SAMPLE_SECONDS, HEALTH_CHECK_SECONDS, SUMMARY_SECONDS), strict=True):
            loop.start(seconds, now=False)

    def stop(self) -> None:
        """End."""
        for loop in self._loops:
            if loop.running:
                loop.stop()
        if isinstance(self._sampler, ProcessSampler):
            self._sampler.close()
            self._sampler = None

    def connection_refused(self, maximum: int) -> None:
        """Take note of a connection that was refused; the log hears of it at most every ten seconds."""
        now = self._clock.seconds()
        if now - self._refused_told_at >= REPEAT_SECONDS:
            self._refused_told_at = now
            self.log.warn("Connection limit reached ({maximum}), rejecting new connections", maximum=maximum)

    def files_short(self, limit: int) -> None:
        """Take note of a connection refused for want of descriptors; the log hears of it at most every ten seconds."""
        now = self._clock.seconds()
        if now - self._files_told_at >= REPEAT_SECONDS:
            self._files_told_at = now
            self.log.warn(
                "Nearly all of the {limit} files that may be open are in use, rejecting new connections. Raise the "
                "limit (LimitNOFILE= in the unit file, ulimit -n), or lower max_connections",
                limit=limit,
            )

    @property
    def retained(self) -> bool:
        """Whether memory has stayed over its limit for so long that it is not expected back."""
        return self._retained

    @property
    def worst(self) -> Level:
        """The worst level of any resource."""
        return self._levels.worst

    def readings(self) -> dict[str, Reading]:
        """Return each resource's value, limit and level as of the latest sample."""
        return self._levels.readings()

    def _loop(self, work: Callable[[], None]) -> LoopingCall:
        def guarded() -> None:
            # A LoopingCall ends for good at the first exception; watching must not.
            try:
                work()
            except Exception:  # noqa: BLE001 - logged
                self.log.failure("The monitor could not {what}", what=work.__name__.strip("_").replace("_", " "))

        loop = LoopingCall(guarded)
        loop.clock = self._clock
        return loop

    def _sample(self) -> None:
        assert self._sampler is not None
        now = self._clock.seconds()
        memory, cpu = self._sampler.sample(self._worker_pids())
        lag = self._lag()
        weight = 1 - 2.718281828459045 ** (-SAMPLE_SECONDS / CPU_SMOOTHING_SECONDS)
        self._cpu = cpu if self._cpu is None else self._cpu + (cpu - self._cpu) * weight
        self._peak_memory = max(self._peak_memory, memory)
        self._peak_cpu = max(self._peak_cpu, self._cpu)
        sample = self._admission.sample(now)
        refused, self._refused_before = self._refused_before, self._connections_refused()
        figures = Figures(
            memory_mb=memory,
            cpu_percent=self._cpu,
            lag=lag,
            concurrent=sample.peak_concurrent,
            rate=sample.rate_demand,
            held=sample.held,
            connections=self._connections(),
            connections_refused=self._refused_before - refused,
        )
        for level, text in self._levels.update(figures, self._admission.limits, now):
            self.log.emit(LogLevel.levelWithName(level), "{text}", text=text)
        pressure = self._levels.pressure
        self._admission.set_pressure(cpu=pressure.cpu, memory=pressure.memory, lag=pressure.lag, now=now)
        self._on_pressure()
        self.latest = HealthSample(
            memory_mb=memory,
            cpu_percent=self._cpu,
            lag=lag,
            peak_memory=self._peak_memory,
            peak_cpu=self._peak_cpu,
            warnings=self._levels.of(Level.WARNING),
            violations=self._levels.of(Level.VIOLATION),
            states=self._levels.states,
        )
        self.sampled_at = now
        self._close_second(sample, now)
        self._look_after_memory(memory, now)
        self._on_sample()

    def _close_second(self, sample: AdmissionSample, now: float) -> None:
        """Every second sample closes a second of history, with the higher of the two peaks."""
        self._second.append(sample)
        if now - self._last_second < 2 * SAMPLE_SECONDS - SAMPLE_SECONDS / 2:
            return
        self._last_second = now
        peak = max(each.peak_concurrent for each in self._second)
        arrivals = sum(each.arrivals for each in self._second)
        self._second.clear()
        latest = self.latest
        self._stats.tick(
            attrs.evolve(sample, peak_concurrent=peak, arrivals=arrivals),
            memory_mb=latest.memory_mb,
            cpu_percent=latest.cpu_percent,
            lag=latest.lag,
            connections=self._connections(),
            now=now,
        )

    def _look_after_memory(self, memory: float, now: float) -> None:
        limit = self._admission.limits.max_memory_mb
        if memory <= limit:
            self._memory_over_since = None
            self._retained = False
            return
        if self._memory_over_since is None:
            self._memory_over_since = now
        if now - self._relieved_at >= RELIEF_SECONDS:
            self._relieved_at = now
            self._trim()
            gc.collect()
            malloc_trim()
        if not self._retained and now - self._memory_over_since >= RETAINED_SECONDS:
            self._retained = True
            self.log.warn(
                "memory retained: {memory:.1f}MB of {limit:g}MB after {seconds:.0f} s of calls one at a time; the "
                "allocator does not give it back. A restart does",
                memory=memory,
                limit=limit,
                seconds=now - self._memory_over_since,
            )
            if self._on_memory_retained is not None:
                self._on_memory_retained()

    def _health_check(self) -> None:
        self.log.info(
            "Health check - Uptime: {uptime:.0f}s, Requests: {requests}, Errors: {errors}",
            uptime=self._clock.seconds() - self._started,
            requests=self._stats.total,
            errors=self._stats.failed,
        )

    def _summary(self) -> None:
        now = self._clock.seconds()
        self.log.info(
            "Resource summary - Memory: {memory:.1f}MB, CPU: {cpu:.1f}%, Concurrent: {concurrent}, "
            "Requests/min: {rate}",
            memory=self.latest.memory_mb,
            cpu=self.latest.cpu_percent,
            concurrent=self._admission.in_flight + self._admission.waiting,
            rate=self._admission.rate(now),
        )


def malloc_trim() -> bool:
    """Have the C library give free memory back to the system; ``False`` where it cannot (musl)."""
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError):
        return False
