"""A log-linear histogram of durations, after Gil Tene's HdrHistogram: fixed memory, fixed relative error.

Pure. A duration is counted in whole microseconds. Values below 32 have a bucket each; above, every power of two is cut
into 16 equal buckets, so a bucket's middle is never more than 1/32 away from any value in it.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["EDGES", "Histogram"]

SUB_BITS = 4
LONGEST = 3600 * 1_000_000
"""Longest duration told apart, in microseconds: longer ones count as an hour."""


def _index(microseconds: int) -> int:
    shift = microseconds.bit_length() - SUB_BITS - 1
    return microseconds if shift <= 0 else (shift << SUB_BITS) + (microseconds >> shift)


BUCKETS = _index(LONGEST) + 1


_EDGE_BITS = range(10, 27)

EDGES = tuple((1 << bits) / 1_000_000 for bits in _EDGE_BITS)
"""Durations in seconds at which :meth:`Histogram.cumulative` counts: powers of two in µs, from 1 ms to 67 s."""

_EDGE_INDEXES = [_index(1 << bits) for bits in _EDGE_BITS]


class Histogram:
    """Counts durations in seconds, 1 µs to 1 h."""

    __slots__ = ("_counts", "count", "longest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.longest = 0.0
        self._counts = [0] * BUCKETS

    def record(self, seconds: float) -> None:
        """Count one duration; negative ones count as 0."""
        microseconds = int(seconds * 1_000_000)
        if microseconds > LONGEST:
            microseconds = LONGEST
        shift = microseconds.bit_length() - 5  # _index, in line: this is on every call's path
        if shift > 0:
            self._counts[(shift << 4) + (microseconds >> shift)] += 1
        else:
            self._counts[microseconds if microseconds > 0 else 0] += 1
        self.count += 1
        self.total += seconds
        if seconds > self.longest:
            self.longest = seconds

    def add(self, other: Histogram) -> None:
        """Count everything that another histogram has counted."""
        self._counts = [mine + theirs for mine, theirs in zip(self._counts, other._counts, strict=True)]
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)

    def cumulative(self) -> list[int]:
        """Return how many durations were shorter than each of :data:`EDGES`: exact, since edges are ends of buckets."""
        counts = self._counts
        total, start, found = 0, 0, []
        for end in _EDGE_INDEXES:
            total += sum(counts[start:end])
            start = end
            found.append(total)
        return found

    @property
    def mean(self) -> float:
        """The average in seconds, 0.0 when nothing was counted."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """Return the duration in seconds that ``share`` (0 to 1) of all counted do not exceed; 0.0 when empty."""
        return self.percentiles((share,))[0]

    def percentiles(self, shares: Sequence[float]) -> list[float]:
        """Return several percentiles, in one pass; ``shares`` in ascending order."""
        found: list[float] = []
        if self.count:
            wanted = [max(1.0, share * self.count) for share in shares]
            seen = 0
            for index, count in enumerate(self._counts):
                if not count:
                    continue
                seen += count
                while seen >= wanted[len(found)]:
                    found.append(min(_middle(index) / 1_000_000, self.longest))
                    if len(found) == len(wanted):
                        return found
        return found + [self.longest] * (len(shares) - len(found))


def _middle(index: int) -> float:
    """Return the middle of a bucket in microseconds."""
    shift = (index >> SUB_BITS) - 1
    if shift <= 0:
        return float(index)
    low = (index - (shift << SUB_BITS)) << shift
    return low + ((1 << shift) - 1) / 2
