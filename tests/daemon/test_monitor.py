"""The monitor: what it samples, logs, frees and tells admission. Time is a Clock, the figures are the test's."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from bridge.admission import Admission, Ticket
from bridge.limits import Limits
from bridge.monitor import Monitor, ProcessSampler
from bridge.stats import Stats


class FakeSampler:
    """Figures as a test sets them."""

    def __init__(self) -> None:
        self.memory = 100.0
        self.cpu = 5.0
        self.fail = False

    def sample(self, worker_pids: list[int]) -> tuple[float, float]:
        if self.fail:
            raise RuntimeError("no figures")
        return self.memory, self.cpu


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.admission = Admission(Limits())
        self.stats = Stats(0.0)
        self.sampler = FakeSampler()
        self.trimmed = 0
        self.gave_up = 0
        self.monitor = Monitor(
            admission=self.admission,
            stats=self.stats,
            clock=self.clock,
            worker_pids=list,
            connections=lambda: 3,
            trim=self.trim,
            lag=lambda: 0.0,
            on_memory_retained=self.give_up,
            sampler=self.sampler,
        )
        self.monitor.start()

    def trim(self) -> int:
        self.trimmed += 1
        return 0

    def give_up(self) -> None:
        self.gave_up += 1

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.clock.advance(0.5)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Every line that is logged, with its level."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        if event.get("log_level") is not None and event["log_namespace"].startswith("bridge."):
            lines.append(f"[{event['log_level'].name}] {formatEvent(event)}")

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


class TestMonitor:
    def test_health_check_and_summary(self, log: list[str]) -> None:
        """The two periodic lines come every minute and every five, worded as operators know them."""
        bench = Bench()
        bench.stats.call_ended("a.f", None, 0.0, 0.1, 0.0)
        bench.pass_time(301)
        assert log.count("[info] Health check - Uptime: 60s, Requests: 1, Errors: 0") == 1
        assert sum("Health check" in line for line in log) == 5
        assert "[info] Resource summary - Memory: 100.0MB, CPU: 5.0%, Concurrent: 0, Requests/min: 0" in log

    def test_history(self) -> None:
        """Two samples make a second of history, with the higher peak of the two."""
        bench = Bench()
        bench.clock.advance(0.4)
        ticket = Ticket(bench.admission.process("p"))
        bench.admission.ask(ticket, 0.4)
        bench.admission.finish(ticket, 0.4)
        bench.pass_time(10)
        assert len(bench.stats.history) == 10
        assert [sample.peak_concurrent for sample in bench.stats.history][:2] == [1, 0]
        assert bench.stats.history[0].connections == 3

    def test_pressure_reaches_admission(self) -> None:
        """Memory over its limit in two samples leaves one slot, and all come back when it has been low for 5 s."""
        bench = Bench()
        bench.sampler.memory = 2000.0
        bench.clock.advance(0.5)
        assert bench.admission.slots == 100
        bench.clock.advance(0.5)
        assert bench.admission.slots == 1
        bench.sampler.memory = 100.0
        bench.pass_time(6)
        assert bench.admission.slots == 100

    def test_cpu_is_smoothed(self) -> None:
        """One busy half second is no violation; a busy ten seconds is."""
        bench = Bench()
        bench.pass_time(5)
        bench.sampler.cpu = 400.0
        bench.pass_time(0.5)
        assert bench.monitor.latest.cpu_percent < 200
        bench.pass_time(10)
        assert bench.admission.slots == 5

    def test_memory_is_freed_then_called_retained(self, log: list[str]) -> None:
        """What can be freed is freed, at most every ten seconds; after a minute it says so once."""
        bench = Bench()
        bench.sampler.memory = 2000.0
        bench.pass_time(125)
        assert 12 <= bench.trimmed <= 13
        assert bench.gave_up == 1
        assert sum("memory retained: 2000.0MB of 1024MB" in line for line in log) == 1

    def test_goes_on_after_a_failure(self, logged_errors: Any) -> None:
        """A sample that fails is logged, and the next one is taken."""
        bench = Bench()
        bench.sampler.fail = True
        bench.pass_time(2)
        bench.sampler.fail = False
        bench.sampler.memory = 123.0
        bench.pass_time(1)
        assert bench.monitor.latest.memory_mb == 123.0
        assert len(logged_errors.flush(RuntimeError)) == 4

    def test_connection_limit_line(self, log: list[str]) -> None:
        """Refused connections are told at most every ten seconds."""
        bench = Bench()
        for _ in range(100):
            bench.monitor.connection_refused(1000)
        bench.clock.advance(11)
        bench.monitor.connection_refused(1000)
        assert log.count("[warn] Connection limit reached (1000), rejecting new connections") == 2

    def test_files_line(self, log: list[str]) -> None:
        """So are those for which there is no descriptor."""
        bench = Bench()
        for _ in range(100):
            bench.monitor.files_short(256)
        bench.clock.advance(11)
        bench.monitor.files_short(256)
        assert sum("Nearly all of the 256 files that may be open are in use" in line for line in log) == 2

    def test_stop(self) -> None:
        """Nothing is left running."""
        bench = Bench()
        bench.monitor.stop()
        assert bench.clock.getDelayedCalls() == []


class TestProcessSampler:
    def test_this_process(self) -> None:
        """The figures of a real process are plausible, and a worker that has gone counts as nothing."""
        sampler = ProcessSampler()
        memory, cpu = sampler.sample([2**22 - 1])
        assert 5 < memory < 4000
        assert cpu >= 0
        seen = psutil.Process().memory_info().rss / 1048576
        assert abs(sampler.sample([])[0] - seen) < 20
        sampler.close()

    def test_cpu(self) -> None:
        """One busy thread is about one core, as far as the machine gives us one."""
        sampler = ProcessSampler()
        start = time.process_time()
        while time.process_time() - start < 0.1:
            pass
        assert 5 < sampler.sample([])[1] < 150
        sampler.close()

    def test_without_descriptors(self) -> None:
        """A daemon that can open no file any more is still watched; only its workers' figures are missing."""
        sampler = ProcessSampler()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            memory, _ = sampler.sample([os.getppid()])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert 5 < memory < 4000
        sampler.close()
