"""A simulated daemon: recorded demand goes through the real admission and the real levels, in simulated time.

Pure. The calls of a recorded second are spread evenly over it, all callers count as one process, and each call runs as
long as the calls of its second did on average.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs

from bridge.adminwire import PreviewOutcome
from bridge.admission import Admission, Ticket
from bridge.episodes import MERGE_SECONDS
from bridge.errors import BridgeError
from bridge.histogram import Histogram
from bridge.levels import Figures, Level, Levels
from bridge.limits import RATE_WINDOW

if TYPE_CHECKING:
    from bridge.limits import Limits
    from bridge.stats import HistorySample

__all__ = ["LONGEST_SECOND", "Second", "SimulatedDaemon", "replay", "seconds_of"]

LONGEST_SECOND = 1.5
"""Seconds between two samples up to which they are neighbours; the monitor's timer comes a little late or early."""

UNKNOWN_RUN = 0.05
"""Seconds that a call is taken to run while no call has ever ended."""

HAIR = 1e-6
"""Seconds: more than what rounding takes from a moment on the monotonic clock."""


@attrs.frozen
class Second:
    """The demand of one recorded second: ``run`` is how long a call that starts in it runs."""

    start: float
    end: float
    run: float
    sample: HistorySample

    def arrivals(self) -> Iterator[float]:
        """Return when its calls arrive."""
        return _spread(self.sample.arrivals, self.start, self.end)


def _spread(calls: int, start: float, end: float) -> Iterator[float]:
    """Return as many moments, evenly from ``start`` to ``end``."""
    step = (end - start) / calls if calls else 0.0
    return (start + (number + 0.5) * step for number in range(calls))


def seconds_of(samples: Sequence[HistorySample]) -> list[Second]:
    """Return the demand. A second in which no call ended takes its run time from the one before."""
    seconds: list[Second] = []
    run = UNKNOWN_RUN
    for each in samples:
        ran = each.calls - each.refused
        if ran > 0:
            run = max(0.0, each.run_seconds / ran)
        start = each.at - 1.0
        if seconds and each.at - seconds[-1].end <= LONGEST_SECOND:
            start = seconds[-1].end
        seconds.append(Second(start, each.at, run, each))
    return seconds


def _minute_before(seconds: Sequence[Second]) -> Generator[None, None, list[float]]:
    """Return when the calls had started that the window holds as the record begins, in order.

    The recorded rates tell: what the starts of a second do not add to the rate has left the window, and had started
    60 s before. What they do not tell, because the record is short, counts as spread evenly.
    """
    begin, first = seconds[0].start, seconds[0].sample
    left = max(0, first.rate - _starts(first, first))
    known = begin - RATE_WINDOW
    moments: list[float] = []
    for one, two in pairwise(seconds):
        if two.end - RATE_WINDOW > begin:
            break
        gone = max(0, _starts(two.sample, one.sample) - (two.sample.rate - one.sample.rate))
        if one is seconds[0]:  # nobody saw what left in the first second: as much as in the next
            moments += _spread(gone, known, one.end - RATE_WINDOW)
        known = two.end - RATE_WINDOW
        moments += _spread(min(left, gone), two.start - RATE_WINDOW, known)
        left -= min(left, gone)
        yield
    if begin - known < LONGEST_SECOND:
        known = begin - RATE_WINDOW
    return sorted([*moments, *_spread(left, known, begin)])


def _starts(sample: HistorySample, before: HistorySample) -> int:
    """Return how many calls started in a second: those that came, less what was refused and what waits now."""
    return max(0, sample.arrivals - sample.refused - (sample.waiting - before.waiting))


class SimulatedDaemon:
    """Admission, levels, the calls that run, and what is counted.

    Attributes:
        now: the simulated time, in seconds.
        run: how long a call runs that starts now, in seconds.
        begun: how many calls have started.
    """

    def __init__(self, limits: Limits) -> None:
        self.admission = Admission(limits)
        self.levels = Levels()
        self.limits = limits
        self.process = self.admission.process("everybody")
        self.now = float("-inf")
        self.wakes: float | None = None  # when admission wants to be polled; None until it is asked again
        self.run = UNKNOWN_RUN
        self.running: list[tuple[float, int, Ticket]] = []  # a heap by the moment at which they end
        self.begun = 0
        self.waits = Histogram()
        self.violated_at = float("-inf")
        self.out = PreviewOutcome(limits=dict(limits.as_dict()))

    def warm_up(self, seconds: Sequence[Second], step: int) -> Generator[None, None, None]:
        """Fill the window with the starts of the minute before the record, as far as these limits let them in."""
        begin, first = seconds[0].start, seconds[0].sample
        moments = yield from _minute_before(seconds)
        room = self.limits.max_requests_per_minute - len(moments)
        if room > 0:
            # Larger limits would have let in some of what the rate limit of then kept out.
            kept_out = max(0, first.rate_demand - first.arrivals - len(moments))
            moments = sorted([*moments, *_spread(min(room, kept_out), begin - RATE_WINDOW, begin)])
        for number, moment in enumerate(moments):
            self.now = moment
            self.admission.pass_through(moment)
            if number % step == 0:
                yield
        self.admission.sample(begin)

    def advance(self, until: float) -> None:
        """Let calls end and waiting ones start or be refused, each at its moment, up to ``until``."""
        admission, running = self.admission, self.running
        while True:
            ends = running[0][0] if running else math.inf
            if admission.waiting:
                wakes = self.wakes
                if wakes is None:
                    # As of now, never of a later moment: the window would forget what counts until then.
                    wakes = self.wakes = admission.next_wakeup(self.now)
                    assert wakes is not None
                if wakes < ends and wakes <= until:
                    self.poll(wakes)
                    continue
            if ends > until:
                break
            if ends > self.now:
                self.now = ends
            admission.finish(heapq.heappop(running)[2], self.now)
            self.wakes = None
            if admission.started:
                self.start_waiting()
        if until > self.now:
            self.now = until

    def poll(self, wakes: float) -> None:
        """Do what the daemon's timer does."""
        admission = self.admission
        self.wakes = None
        if wakes > self.now:
            self.now = wakes
        refused = admission.poll(self.now)
        if not refused and not admission.started:
            # In floating point the window may not be open yet at the moment that it told.
            self.now += HAIR
            refused = admission.poll(self.now)
        for _, error in refused:
            self.refuse(error)
        if admission.started:
            self.start_waiting()

    def arrive(self, at: float) -> None:
        """Let one call ask."""
        admission = self.admission
        if admission.waiting or (self.running and self.running[0][0] <= at):
            self.advance(at)
        if at > self.now:
            self.now = at
        self.out.calls += 1
        ticket = Ticket(self.process)
        try:
            if admission.ask(ticket, self.now):
                self.start(ticket)
            else:
                self.out.waited += 1
        except BridgeError as error:
            self.refuse(error)
        if admission.started:
            self.start_waiting()

    def start(self, ticket: Ticket) -> None:
        """Run a call."""
        self.begun += 1
        heapq.heappush(self.running, (self.now + self.run, self.begun, ticket))

    def start_waiting(self) -> None:
        """Run the calls that admission has let in."""
        self.wakes = None
        started = self.admission.started
        for ticket in started:
            self.waits.record(self.now - ticket.arrived)
            self.start(ticket)
        started.clear()

    def refuse(self, error: BridgeError) -> None:
        """Count a refusal."""
        limit = str(error.details["limit"])
        self.out.refused += 1
        self.out.refused_by[limit] = self.out.refused_by.get(limit, 0) + 1

    def sample(self, recorded: HistorySample, at: float, length: float) -> None:
        """Do what the monitor does twice a second; ``length`` is how long ago it did so before."""
        self.advance(at)
        admission, out, now = self.admission, self.out, self.now
        sample = admission.sample(now)
        figures = Figures(
            memory_mb=recorded.memory_mb,
            cpu_percent=recorded.cpu_percent,
            lag=recorded.lag,
            concurrent=sample.peak_concurrent,
            rate=sample.rate_demand,
            held=sample.held,
            connections=recorded.connections,
        )
        self.levels.update(figures, self.limits, now)
        pressure = self.levels.pressure
        admission.set_pressure(cpu=pressure.cpu, memory=pressure.memory, lag=pressure.lag, now=now)
        self.start_waiting()
        out.peak_concurrent = max(out.peak_concurrent, sample.peak_concurrent)
        out.peak_rate = max(out.peak_rate, sample.rate)
        worst = self.levels.worst
        if worst is Level.VIOLATION:
            out.violation_seconds += length
            out.violation_episodes += now - self.violated_at > MERGE_SECONDS
            self.violated_at = now
        elif worst is Level.WARNING:
            out.warning_seconds += length

    def result(self) -> PreviewOutcome:
        """Let whoever still waits finish its wait, and return what was counted."""
        self.advance(self.now + self.limits.backpressure_seconds)
        out = self.out
        out.wait_p95 = round(self.waits.percentile(0.95), 4)
        out.wait_longest = round(self.waits.longest, 4)
        out.violation_seconds = round(out.violation_seconds, 1)
        out.warning_seconds = round(out.warning_seconds, 1)
        return out


def replay(seconds: Sequence[Second], limits: Limits, step: int) -> Generator[None, None, PreviewOutcome]:
    """Replay recorded seconds (oldest first) under some limits; yields at least every ``step`` calls."""
    daemon = SimulatedDaemon(limits)
    if seconds:
        yield from daemon.warm_up(seconds, step)
    for second in seconds:
        daemon.run = second.run
        half = (second.end - second.start) / 2
        middle = second.start + half
        sampled = False
        for number, at in enumerate(second.arrivals(), start=1):
            if at >= middle and not sampled:
                daemon.sample(second.sample, middle, half)
                sampled = True
            daemon.arrive(at)
            if number % step == 0:
                yield
        if not sampled:
            daemon.sample(second.sample, middle, half)
        daemon.sample(second.sample, second.end, half)
        yield
    return daemon.result()
