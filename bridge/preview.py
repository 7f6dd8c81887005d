"""What the recorded demand would have met under other limits.

Pure. The demand of each recorded second (every call that arrived, refused ones included, and how long calls ran) goes
through the same admission and the same levels that the daemon decides with, in simulated time. It is an estimate: the
calls of a second are spread evenly over it, all callers count as one process, each call runs as long as the calls of
its second did on average, and demand that would only have come under other limits is not known.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from bridge.adminwire import Preview
from bridge.limits import RATE_WINDOW
from bridge.replay import LONGEST_SECOND, Second, replay, seconds_of

if TYPE_CHECKING:
    from bridge.limits import Limits
    from bridge.stats import HistorySample

__all__ = ["preview"]

MAX_CALLS = 200_000
"""Calls replayed at most: a few seconds of computing, in slices beside real calls."""

LEAST_SAMPLES = 30
"""Samples without which memory is not estimated."""

LEAST_FIT = 0.5
"""Share of memory's variance that concurrency must explain before memory is estimated from it."""


def preview(
    samples: Sequence[HistorySample],
    current: Limits,
    proposed: Limits,
    *,
    step: int = 100,
    asked: float | None = None,
) -> Generator[None, None, Preview]:
    """Replay ``samples`` (one a second, oldest first) under both sets of limits.

    A generator, so that whoever runs it can do other work in between: it yields at least every ``step`` calls.

    Args:
        samples: recorded seconds. Of more than ``MAX_CALLS`` calls the newest part is taken.
        current: the limits in force.
        proposed: the other ones.
        step: calls, 1 or more.
        asked: seconds that the operator wanted; where fewer are recorded, a note says so.

    Returns:
        the :class:`bridge.adminwire.Preview`.
    """
    recorded = len(samples)
    samples = _newest(samples)
    seconds = seconds_of(samples)
    now = yield from replay(seconds, current, step)
    then = now if proposed == current else (yield from replay(seconds, proposed, step))
    wanted = yield from _demand(seconds, step)
    made = Preview(
        seconds=float(len(samples)),
        samples=len(samples),
        current=now,
        proposed=then,
        demand_concurrent_max=max(wanted, default=0),
        demand_concurrent_p99=sorted(wanted)[int(0.99 * (len(wanted) - 1))] if wanted else 0,
        demand_rate_max=_rate_max(seconds),
    )
    made.memory_estimate = _memory_estimate(samples, min(made.demand_concurrent_max, proposed.max_concurrent_requests))
    made.notes = list(_notes(made, samples, recorded, asked, proposed))
    return made


def _newest(samples: Sequence[HistorySample]) -> Sequence[HistorySample]:
    """Return the newest part whose calls can be replayed."""
    calls = 0
    for at in range(len(samples) - 1, -1, -1):
        calls += samples[at].arrivals
        if calls > MAX_CALLS:
            return samples[at + 1 :]
    return samples


def _demand(seconds: Sequence[Second], step: int) -> Generator[None, None, list[int]]:
    """Return, for each second, the most calls that would have been in flight at once without any limit."""
    ends: list[float] = []
    wanted = []
    for second in seconds:
        while ends and ends[0] <= second.start:
            heapq.heappop(ends)
        most = len(ends)
        for number, at in enumerate(second.arrivals(), start=1):
            while ends and ends[0] <= at:
                heapq.heappop(ends)
            heapq.heappush(ends, at + second.run)
            most = max(most, len(ends))
            if number % step == 0:
                yield
        wanted.append(most)
        yield
    return wanted


def _rate_max(seconds: Sequence[Second]) -> int:
    """Return the most arrivals in any 60 s, by whole seconds."""
    most = total = oldest = 0
    for second in seconds:
        total += second.sample.arrivals
        while seconds[oldest].start < second.end - RATE_WINDOW - LONGEST_SECOND / 2:
            total -= seconds[oldest].sample.arrivals
            oldest += 1
        most = max(most, total)
    return most


def _memory_estimate(samples: Sequence[HistorySample], concurrent: int) -> float | None:
    """Return the memory that a straight line through (in flight, memory) gives; ``None`` where none fits."""
    count = len(samples)
    if count < LEAST_SAMPLES:
        return None
    mean_x = sum(each.in_flight for each in samples) / count
    mean_y = sum(each.memory_mb for each in samples) / count
    spread_x = sum((each.in_flight - mean_x) ** 2 for each in samples)
    spread_y = sum((each.memory_mb - mean_y) ** 2 for each in samples)
    together = sum((each.in_flight - mean_x) * (each.memory_mb - mean_y) for each in samples)
    # Less than one call of spread is no ground to stand on, and memory that falls with calls is a coincidence.
    if spread_x < count or spread_y <= 0 or together <= 0:
        return None
    if together**2 < LEAST_FIT * spread_x * spread_y:
        return None
    return round(mean_y + together / spread_x * (concurrent - mean_x), 1)


def _notes(
    made: Preview, samples: Sequence[HistorySample], recorded: int, asked: float | None, proposed: Limits
) -> Iterator[str]:
    """Say what to know beside the figures, the most important first: there may be room for a few only."""
    if not samples:
        yield "A single second has too many calls to replay." if recorded else "Nothing is recorded yet."
        return
    memory = made.memory_estimate
    if memory is not None and memory >= proposed.warning_ratio * proposed.max_memory_mb:
        word = "in violation" if memory > proposed.max_memory_mb else "at warning"
        yield f"Memory would be {word}: about {memory:.0f} of {proposed.max_memory_mb:g} MB."
    yield from _under_use(samples[-1], proposed)
    if len(samples) < recorded:
        yield f"Only the newest {len(samples)} s were replayed: there were too many calls for more."
    elif asked is not None and recorded < asked - LONGEST_SECOND:
        yield f"Only {recorded} s are recorded so far, of {asked:g} s asked for."
    if not made.current.calls:
        yield "No call arrived in this time."
        return
    refused = sum(each.refused for each in samples)
    if not refused and not made.current.refused:
        yield "The limits in force refused nothing in this time."
    elif abs(refused - made.current.refused) > max(10, 0.2 * refused):
        yield (
            f"In fact {refused} calls were refused in this time, where the replay under the limits in force refuses "
            f"{made.current.refused}: the limits were others, or calls came more unevenly."
        )
    # Short bursts vanish when the calls of a second are spread over it, so the limit looks roomier than it is.
    free = (each.peak_concurrent for each in samples if not each.refused and not each.waiting)
    most = max(free, default=0)
    if most > proposed.max_concurrent_requests and most > made.proposed.peak_concurrent:
        yield f"Bursts of up to {most} calls at once were recorded; more of them would wait than shown here."


def _under_use(latest: HistorySample, proposed: Limits) -> Iterator[str]:
    """Say which proposed limits lie under what is in use at this moment."""
    if latest.memory_mb > proposed.max_memory_mb:
        yield f"{latest.memory_mb:.0f} MB are in use now, {proposed.max_memory_mb:g} would be allowed."
    if latest.cpu_percent > proposed.max_cpu_percent:
        yield f"{latest.cpu_percent:.0f} % CPU are in use now, {proposed.max_cpu_percent:g} % would be allowed."
    if latest.in_flight > proposed.max_concurrent_requests:
        yield (
            f"{latest.in_flight} calls run now, {proposed.max_concurrent_requests} would be allowed; they run on, "
            f"further ones would wait."
        )
    if latest.rate > proposed.max_requests_per_minute:
        yield (
            f"{latest.rate} calls started in the last minute, {proposed.max_requests_per_minute} would be allowed; "
            f"none would start at first."
        )
    if latest.connections > proposed.max_connections:
        yield (
            f"{latest.connections} connections are open now, {proposed.max_connections} would be allowed; they stay, "
            f"new ones would be refused."
        )
