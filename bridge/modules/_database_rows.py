"""Rows in batches: bounded by their number and by their size, growing from one to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

__all__ = ["FIRST_ROWS", "MOST_ROWS", "Rows", "size_of"]

FIRST_ROWS = 100
"""Rows that come with the answer to execute, unless the caller wants another number."""

MOST_ROWS = 10_000
"""Most rows in a batch, whatever the caller wants."""

FIRST_CHUNK = 16
"""Rows read before anything is known of their size."""

AHEAD_CHUNK = 500
"""Rows read at a time while it is looked how many there are."""

ROW_BYTES = 16
"""About what a row costs besides its strings."""

Row = Sequence[object]
Fetch = Callable[[int], list[Row]]


def size_of(rows: list[Row]) -> int:
    """Return about how many bytes rows are: characters of strings, bytes, and a little for everything else."""
    if not rows:
        return 0
    size = (ROW_BYTES + 8 * len(rows[0])) * len(rows)
    for column in zip(*rows, strict=True):
        try:
            size += sum(map(len, column))  # where all of them are strings
        except TypeError:
            size += sum([len(value) for value in column if value.__class__ is str or value.__class__ is bytes])
    return size


class Rows:
    """What a cursor has left.

    Args:
        fetch: returns the next rows, at most as many as it is told; fewer only at the end.
        most_bytes: about how large a batch may be; one row may always come.
    """

    def __init__(self, fetch: Fetch, most_bytes: int) -> None:
        self._fetch = fetch
        self._most_bytes = most_bytes
        self._kept: deque[Row] = deque()  # read, but too much for the batch
        self._ended = False

    @property
    def more(self) -> bool:
        """Whether there may be more rows."""
        return not self._ended or bool(self._kept)

    def read_ahead(self, most_bytes: int) -> int | None:
        """Read to the end, or until about so many bytes are kept; returns how many are left if known."""
        used = 0
        while not self._ended and used < most_bytes:
            fresh = self._read_fresh(AHEAD_CHUNK)
            used += size_of(fresh)
            self._kept.extend(fresh)
        return len(self._kept) if self._ended else None

    def batch(self, count: int) -> list[Row]:
        """Return the next rows: up to ``count``, fewer where they are large, none only at the end."""
        count = max(1, min(count, MOST_ROWS))
        rows: list[Row] = []
        used = 0
        chunk = FIRST_CHUNK
        while len(rows) < count:
            fresh = self._read(min(chunk, count - len(rows)))
            if not fresh:
                break
            size = size_of(fresh)
            if used + size > self._most_bytes:
                fitting = self._fitting(fresh, self._most_bytes - used, at_least=not rows)
                rows += fresh[:fitting]
                self._kept.extendleft(reversed(fresh[fitting:]))
                break
            rows += fresh
            used += size
            # As many as will probably fit, but never far more than were seen.
            room = (self._most_bytes - used) * len(rows) // max(used, 1)
            chunk = max(1, min(4 * len(rows), room))
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
    def _fitting(rows: list[Row], room: int, *, at_least: bool) -> int:
        """Return how many of the rows fit, and one at least where nothing else came before."""
        used = 0
        for index, row in enumerate(rows):
            used += size_of([row])
            if used > room:
                return max(index, int(at_least))
        return len(rows)
