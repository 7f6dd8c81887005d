"""What the recorded demand would have met under other limits.

Pure. The demand of each recorded second (every call that arrived, refused ones included, and how long calls ran) goes
through the same admission and the same levels that the daemon decides with, in simulated time. It is an estimate: the
calls of a second are spread evenly over it, all callers count as one process, each call runs as long as the calls of
its second did on average, and demand that would only have come under other limits is not known.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import attrs

from bridge.adminwire import Preview, PreviewOutcome
from bridge.admission import Admission, Ticket
from bridge.episodes import MERGE_SECONDS
from bridge.errors import BridgeError
from bridge.levels import Figures, Level, Levels

if TYPE_CHECKING:
    from bridge.limits import Limits
    from bridge.stats import HistorySample

__all__ = ["preview"]

MAX_CALLS = 200_000
"""Calls replayed at most: about two seconds of computing, in slices beside real calls."""

SAMPLE_SECONDS = 0.5
"""How often the monitor samples."""

UNKNOWN_RUN = 0.05
"""Seconds that a call is taken to run while no call has ever ended."""

EARLIEST_FIT = 0.5
"""Share of memory's variance that concurrency must explain before memory is estimated from it."""


@attrs.frozen
class _Second:
    """One recorded second: when it began, what arrived, how long a call runs, and the machine's figures."""

    start: float
    arrivals: int
    run: float
    memory_mb: float
    cpu_percent: float
    lag: float
    connections: int


def preview(
    samples: Sequence[HistorySample], current: Limits, proposed: Limits, *, step: int = 200
) -> Generator[None, None, Preview]:
    """Replay ``samples`` (one a second, oldest first) under both sets of limits.

    A generator, so that whoever runs it can do other work in between: it yields about every ``step`` calls and
    returns a :class:`bridge.adminwire.Preview`.
    """
    recorded = len(samples)
    samples = _newest(samples)
    seconds = _seconds(samples)
    before = samples[0].rate if samples else 0
    now = yield from _replay(seconds, current, before, step)
    then = now if proposed == current else (yield from _replay(seconds, proposed, before, step))
    wanted = yield from _demand(seconds, step)
    concurrent_max = max(wanted, default=0)
    memory = _memory_estimate(samples, min(concurrent_max, proposed.max_concurrent_requests))
    return Preview(
        seconds=float(len(samples)),
        samples=len(samples),
        current=now,
        proposed=then,
        demand_concurrent_max=concurrent_max,
        demand_concurrent_p99=_percentile(wanted, 0.99),
        demand_rate_max=_rate_max(seconds),
        memory_estimate=memory,
        notes=_notes(samples=samples, recorded=recorded, now=now, then=then, proposed=proposed, memory=memory),
    )


def _newest(samples: Sequence[HistorySample]) -> Sequence[HistorySample]:
    """Return the newest part whose calls can be replayed."""
    calls = 0
    for at in range(len(samples) - 1, -1, -1):
        calls += samples[at].arrivals
        if calls > MAX_CALLS:
            return samples[at + 1 :]
    return samples


def _seconds(samples: Sequence[HistorySample]) -> list[_Second]:
    """Return the demand. A second in which no call ended lends its run time from the one before."""
    seconds = []
    run = next((each.run_seconds / ran for each in samples if (ran := each.calls - each.refused) > 0), UNKNOWN_RUN)
    for each in samples:
        ran = each.calls - each.refused
        if ran > 0:
            run = max(0.0, each.run_seconds / ran)
        seconds.append(
            _Second(
                start=each.at - 1.0,
                arrivals=each.arrivals,
                run=run,
                memory_mb=each.memory_mb,
                cpu_percent=each.cpu_percent,
                lag=each.lag,
                connections=each.connections,
            )
        )
    return seconds


class _Run:
    """The simulated daemon: admission, the calls that run, and what is counted."""

    def __init__(self, limits: Limits) -> None:
        self.admission = Admission(limits)
        self.process = self.admission.process("everybody")
        self.running: list[tuple[float, int, Ticket]] = []
        self.number = 0
        self.run = UNKNOWN_RUN
        self.waits: list[float] = []
        self.violated_at = float("-inf")
        self.out = PreviewOutcome(limits=dict(limits.as_dict()))

    def advance(self, until: float) -> None:
        """Let calls end and waiting ones start or be refused, in the order of time, up to ``until``."""
        admission, running = self.admission, self.running
        while True:
            ends = running[0][0] if running else until
            wakes = admission.next_wakeup(min(ends, until)) if admission.waiting else None
            if wakes is not None and wakes <= ends and wakes <= until:
                # A hair later than told: in floating point the window may not be open at the very moment.
                wakes += 1e-6
                for _, error in admission.poll(wakes):
                    self.refuse(error)
                self.start_waiting(wakes)
            elif running and ends <= until:
                _, _, ticket = heapq.heappop(running)
                admission.finish(ticket, ends)
                self.start_waiting(ends)
            else:
                return

    def arrive(self, now: float) -> None:
        """Let one call ask."""
        self.out.calls += 1
        ticket = Ticket(self.process)
        try:
            started = self.admission.ask(ticket, now)
        except BridgeError as error:
            self.refuse(error)
            return
        if started:
            self.start(ticket, now)
        else:
            self.out.waited += 1
        self.start_waiting(now)

    def start(self, ticket: Ticket, now: float) -> None:
        self.number += 1
        heapq.heappush(self.running, (now + self.run, self.number, ticket))

    def start_waiting(self, now: float) -> None:
        started = self.admission.started
        while started:
            ticket = started.pop(0)
            self.waits.append(now - ticket.arrived)
            self.start(ticket, now)

    def refuse(self, error: BridgeError) -> None:
        limit = str(error.details.get("limit", "concurrent"))
        self.out.refused += 1
        self.out.refused_by[limit] = self.out.refused_by.get(limit, 0) + 1


def _replay(
    seconds: Sequence[_Second], limits: Limits, before: int, step: int
) -> Generator[None, None, PreviewOutcome]:
    run = _Run(limits)
    levels = Levels()
    if not seconds:
        return run.out
    yield from _fill_window(run, seconds[0].start, min(before, limits.max_requests_per_minute), step)
    sampled = seconds[0].start
    calls = 0
    for second in seconds:
        run.run = second.run
        for number in range(second.arrivals):
            at = second.start + (number + 0.5) / second.arrivals
            while sampled + SAMPLE_SECONDS <= at:
                sampled += SAMPLE_SECONDS
                _sample(run, levels, second, limits, sampled)
            run.advance(at)
            run.arrive(at)
            calls += 1
            if calls % step == 0:
                yield
        while sampled + SAMPLE_SECONDS <= second.start + 1.0:
            sampled += SAMPLE_SECONDS
            _sample(run, levels, second, limits, sampled)
        calls += 1
        if calls % step == 0:
            yield
    # Whoever still waits is let finish its wait.
    run.advance(seconds[-1].start + 1.0 + limits.backpressure_seconds)
    run.waits.sort()
    run.out.wait_p95 = round(run.waits[int(0.95 * (len(run.waits) - 1))], 4) if run.waits else 0.0
    run.out.wait_longest = round(run.waits[-1], 4) if run.waits else 0.0
    return run.out


def _fill_window(run: _Run, start: float, calls: int, step: int) -> Generator[None, None, None]:
    """Let as many calls as had started in the minute before the record count in the window."""
    for number in range(calls):
        run.admission.pass_through(start - 60.0 + (number + 0.5) * 60.0 / calls)
        if number % step == step - 1:
            yield
    run.admission.sample(start)


def _sample(run: _Run, levels: Levels, second: _Second, limits: Limits, now: float) -> None:
    """Do what the monitor does twice a second."""
    run.advance(now)
    admission, out = run.admission, run.out
    sample = admission.sample(now)
    figures = Figures(
        memory_mb=second.memory_mb,
        cpu_percent=second.cpu_percent,
        lag=second.lag,
        concurrent=sample.peak_concurrent,
        rate=sample.rate_demand,
        held=sample.held,
        connections=second.connections,
    )
    levels.update(figures, limits, now)
    pressure = levels.pressure
    admission.set_pressure(cpu=pressure.cpu, memory=pressure.memory, lag=pressure.lag, now=now)
    run.start_waiting(now)
    out.peak_concurrent = max(out.peak_concurrent, sample.peak_concurrent)
    out.peak_rate = max(out.peak_rate, sample.rate)
    worst = levels.worst
    if worst is Level.VIOLATION:
        out.violation_seconds += SAMPLE_SECONDS
        out.violation_episodes += now - run.violated_at > MERGE_SECONDS
        run.violated_at = now
    elif worst is Level.WARNING:
        out.warning_seconds += SAMPLE_SECONDS


def _demand(seconds: Sequence[_Second], step: int) -> Generator[None, None, list[int]]:
    """Return, for each second, how many calls would have been in flight at its end without any limit."""
    ends: list[float] = []
    wanted = []
    for second in seconds:
        for number in range(second.arrivals):
            heapq.heappush(ends, second.start + (number + 0.5) / second.arrivals + second.run)
            if number % step == step - 1:
                yield
        yield
        # Little's law tells of calls much shorter than a second, which no single moment shows.
        while ends and ends[0] <= second.start + 1.0:
            heapq.heappop(ends)
        wanted.append(max(len(ends), min(second.arrivals, -int(-second.arrivals * second.run // 1))))
    return wanted


def _rate_max(seconds: Sequence[_Second]) -> int:
    """Return the most arrivals in any 60 s."""
    most = total = 0
    for at, second in enumerate(seconds):
        total += second.arrivals
        if at >= 60:
            total -= seconds[at - 60].arrivals
        most = max(most, total)
    return most


def _percentile(values: Sequence[int], share: float) -> int:
    return sorted(values)[int(share * (len(values) - 1))] if values else 0


def _memory_estimate(samples: Sequence[HistorySample], concurrent: int) -> float | None:
    """Return the memory that a straight line through (in flight, memory) gives; ``None`` where none fits."""
    count = len(samples)
    if count < 30:
        return None
    mean_x = sum(each.in_flight for each in samples) / count
    mean_y = sum(each.memory_mb for each in samples) / count
    spread_x = sum((each.in_flight - mean_x) ** 2 for each in samples)
    spread_y = sum((each.memory_mb - mean_y) ** 2 for each in samples)
    together = sum((each.in_flight - mean_x) * (each.memory_mb - mean_y) for each in samples)
    if spread_x < count or spread_y <= 0 or together <= 0:
        return None
    if together**2 / (spread_x * spread_y) < EARLIEST_FIT:
        return None
    return round(mean_y + together / spread_x * (concurrent - mean_x), 1)


def _notes(
    *,
    samples: Sequence[HistorySample],
    recorded: int,
    now: PreviewOutcome,
    then: PreviewOutcome,
    proposed: Limits,
    memory: float | None,
) -> list[str]:
    notes = []
    if not samples:
        return ["Nothing is recorded yet."]
    if len(samples) < recorded:
        notes.append(f"Only the newest {len(samples)} s were replayed: there were too many calls for more.")
    if not now.calls:
        notes.append("No call arrived in this time.")
    elif not now.refused and not then.refused:
        notes.append("Nothing is refused under either: the limits did not matter in this time.")
    latest = samples[-1]
    if memory is not None and memory >= proposed.warning_ratio * proposed.max_memory_mb:
        word = "in violation" if memory > proposed.max_memory_mb else "at warning"
        notes.append(f"Memory would be {word}: about {memory:.0f} of {proposed.max_memory_mb:g} MB.")
    if latest.memory_mb > proposed.max_memory_mb:
        notes.append(f"{latest.memory_mb:.0f} MB are in use now, more than that.")
    if latest.connections > proposed.max_connections:
        notes.append(f"{latest.connections} connections are open now; they stay, new ones would be refused.")
    return notes
