"""Rows in batches: bounded by their number and by their size, growing from one to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["FIRST_ROWS", "MOST_ROWS", "Rows", "size_of"]

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

ROW_BYTES = 16
"""About what a row costs besides its strings."""

_SMALL = frozenset({int, float, bool, type(None)})

Row = Sequence[object]
Fetch = Callable[[int], list[Row]]


def size_of(rows: list[Row]) -> int:
    """Return about how many bytes rows are: strings as UTF-8, bytes, and a little for everything else."""
    if not rows:
        return 0
    size = (ROW_BYTES + 8 * len(rows[0])) * len(rows)
    for column in zip(*rows, strict=True):
        first = column[0]
        try:
            if first.__class__ is bytes:
                size += len(b"".join(column))
            elif first.__class__ is str:
                size += _utf8_size("".join(column))
            else:
                size += _size_of_mixed(column)
        except TypeError:
            size += _size_of_mixed(column)
    return size


def _size_of_mixed(column: Row) -> int:
    return 0 if _SMALL.issuperset(map(type, column)) else sum(map(_size_of_value, column))


def _size_of_value(value: Any) -> int:
    if value.__class__ is str:
        return _utf8_size(value)
    if value.__class__ is list or value.__class__ is tuple:
        return ROW_BYTES + sum(9 + _size_of_value(item) for item in value)
    return 0 if value.__class__ in _SMALL else len(value) if value.__class__ is bytes else len(str(value))


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


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
        count = max(1, min(count, MOST_ROWS))
        rows: list[Row] = []
        used = 0
        seen, seen_bytes = self._before
        chunk = max(FIRST_CHUNK, min(4 * seen, self._most_bytes * seen // max(seen_bytes, 1)))
        while len(rows) < count:
            fresh = self._read(min(chunk, count - len(rows)))
            if not fresh:
                break
            size = size_of(fresh)
            if used + size > self._most_bytes:
                fitting = self._fitting(fresh, self._most_bytes - used, at_least=self._least if not rows else 0)
                rows += fresh[:fitting]
                self._kept.extendleft(reversed(fresh[fitting:]))
                break
            rows += fresh
            used += size
            if used > self._most_bytes - (self._most_bytes >> NEARLY_FULL):
                break
            # As many as will probably fit, but never far more than were seen.
            room = (self._most_bytes - used) * len(rows) // max(used, 1)
            chunk = max(1, min(4 * len(rows), room))
        self._before = len(rows), used
        return rows

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
    def _fitting(rows: list[Row], room: int, *, at_least: int) -> int:
        """Return how many of the rows fit, at least so many."""
        used, fit, most = 0, 0, len(rows)
        while fit < most:
            middle = (fit + most + 1) // 2
            size = size_of(rows[fit:middle])
            if used + size <= room:
                used += size
                fit = middle
            else:
                most = middle - 1
        return max(fit, at_least)
