"""Rows in batches: bounded by their number and by their size, growing from one to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

from bridge.modules._database_blocks import BLOCK_ROWS, Block, block_of, blocks_of
from bridge.modules._database_sizes import size_of

__all__ = ["FIRST_ROWS", "MOST_ROWS", "Row", "Rows"]

FIRST_ROWS = 100
"""Rows that come with the answer to execute, unless the caller wants another number."""

MOST_ROWS = 10_000
"""Most rows in a batch, whatever the caller wants."""

FIRST_CHUNK = 16
"""Rows read before anything is known of their size."""

NEARLY_FULL = 4
"""A batch ends when less than a part of 2 to this power is free: a few more rows would cost another read."""

AHEAD_CHUNK = 500
"""Rows read at a time while it is looked how many there are."""

Row = Sequence[object]
Fetch = Callable[[int], list[Row]]

_T = TypeVar("_T")


def _as_they_are(rows: list[Row]) -> tuple[int, list[Row]]:
    return size_of(rows), rows


class Rows:
    """What a cursor has left.

    Args:
        fetch: returns the next rows, at most as many as it is told; fewer only at the end.
        most_bytes: about how large a batch may be; one row may always come.
        read: the first rows, if they have been read.
        ended: whether there are no others.
    """

    def __init__(self, fetch: Fetch, most_bytes: int, read: Sequence[Row] = (), *, ended: bool = False) -> None:
        self._fetch = fetch
        self._largest = most_bytes
        self._most_bytes = most_bytes
        self._least = 1
        self._before = (0, 0)  # rows and bytes of the batch before
        self._kept: deque[Row] = deque(read)  # read, but not handed out: too much for a batch
        self._ended = ended

    @property
    def more(self) -> bool:
        """Whether there may be more rows."""
        return not self._ended or bool(self._kept)

    def bound(self, most_bytes: int | None) -> None:
        """Have the next batch be about so large at most, and empty where not even one row fits; or as ever."""
        self._least = 1 if most_bytes is None else 0
        self._most_bytes = self._largest if most_bytes is None else min(most_bytes, self._largest)

    def read_ahead(self, most_bytes: int) -> int | None:
        """Read to the end, or until about so many bytes are kept; returns how many are left if known."""
        used = 0
        while not self._ended and used < most_bytes:
            fresh = self._read_fresh(AHEAD_CHUNK)
            used += size_of(fresh)
            self._kept.extend(fresh)
        return len(self._kept) if self._ended else None

    def batch(self, count: int) -> list[Row]:
        """Return the next rows: up to ``count``, fewer where they are large; none at the end, or if :meth:`bound`."""
        return [*chain.from_iterable(self._gather(count, _as_they_are, MOST_ROWS))]

    def blocks(self, count: int) -> list[Block]:
        """Return the next rows in the same way, by column."""
        if not self._before[0]:  # it is not known yet how many fit: they would come in blocks that are too small
            return blocks_of(self.batch(count))
        return self._gather(count, block_of, BLOCK_ROWS)

    def _gather(self, count: int, take: Callable[[list[Row]], tuple[int, _T]], most: int) -> list[_T]:
        """Return what ``take`` makes of the next rows, of at most so many at a time; it says how many bytes, too."""
        count = max(1, min(count, MOST_ROWS))
        taken: list[_T] = []
        got = used = 0
        seen, seen_bytes = self._before
        chunk = max(FIRST_CHUNK, min(4 * seen, self._probably_fitting(self._most_bytes, seen, seen_bytes)))
        while got < count:
            fresh = self._read(min(chunk, count - got, most))
            if not fresh:
                break
            size, part = take(fresh)
            if used + size > self._most_bytes:
                fitting = self._fitting(fresh, self._most_bytes - used, take, at_least=self._least if not got else 0)
                self._kept.extendleft(reversed(fresh[fitting:]))
                if fitting:
                    size, part = take(fresh[:fitting])
                    taken.append(part)
                    got += fitting
                    used += size
                break
            taken.append(part)
            got += len(fresh)
            used += size
            if used > self._most_bytes - (self._most_bytes >> NEARLY_FULL):
                break
            # As many as will probably fit, but never far more than were seen.
            chunk = max(1, min(4 * max(got, seen), self._probably_fitting(self._most_bytes - used, got, used)))
        self._before = got, used
        return taken

    @staticmethod
    def _probably_fitting(room: int, seen: int, size: int) -> int:
        """Return how many rows will fit if they are like those seen or a little larger: too many would cost time."""
        count = room * seen // max(size, 1)
        return count - (count >> (NEARLY_FULL + 1))

    def _read(self, count: int) -> list[Row]:
        if self._kept:
            return [self._kept.popleft() for _ in range(min(count, len(self._kept)))]
        return self._read_fresh(count)

    def _read_fresh(self, count: int) -> list[Row]:
        if self._ended:
            return []
        rows = self._fetch(count)
        self._ended = len(rows) < count
        return rows

    @staticmethod
    def _fitting(rows: list[Row], room: int, take: Callable[[list[Row]], tuple[int, _T]], *, at_least: int) -> int:
        """Return how many of the rows fit, at least so many."""
        used, fit, most = 0, 0, len(rows)
        while fit < most:
            middle = (fit + most + 1) // 2
            size, _ = take(rows[fit:middle])
            if used + size <= room:
                used += size
                fit = middle
            else:
                most = middle - 1
        return max(fit, at_least)
