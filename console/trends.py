"""The last hour of one-second samples, and what is drawn of it.

Pure. Rows come from the daemon's history and, one by one, from its snapshots. Times are the daemon's wall clock; when
that clock is set, the rows are moved along, so that a curve has neither a hole nor a fold where nothing happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from bridge.adminwire import HISTORY_FIELDS, History, Snapshot

__all__ = ["COLUMN_OF", "Trends"]

MAX_ROWS = 3600

CLOCK_STEP = 1.0
"""Seconds by which the daemon's clock must differ from what its uptime says before it counts as having been set."""

HALF = 0.5
"""Rows are a second apart; one this much later than another is not the same."""

COLUMN_OF = {
    **{name: index for index, name in enumerate(HISTORY_FIELDS)},
    "memory": HISTORY_FIELDS.index("memory_mb"),
    "cpu": HISTORY_FIELDS.index("cpu_percent"),
    "concurrent": HISTORY_FIELDS.index("peak_concurrent"),
    # Demand, not what was let through: a curve that ends at the limit would hide by how much it is exceeded.
    "rate": HISTORY_FIELDS.index("rate_demand"),
}
"""Where a resource's or a column's value stands in a row."""


class Trends:
    """The rows, oldest first, at most an hour of them.

    Attributes:
        version: goes up whenever a row comes, goes or moves; for caches.
    """

    def __init__(self) -> None:
        self.version = 0
        self._rows: deque[list[float]] = deque(maxlen=MAX_ROWS)
        self._boot = ""
        self._booted: float | None = None  # the daemon's start by its own wall clock, as of the last snapshot
        self._cache: dict[tuple[int, int, float | None], list[float | None]] = {}
        self._cached = -1

    @property
    def last_at(self) -> float | None:
        """Wall time of the newest row."""
        return self._rows[-1][0] if self._rows else None

    def rows(self) -> list[list[float]]:
        """Return all rows, oldest first, each with the columns of ``HISTORY_FIELDS``."""
        return list(self._rows)

    def add_history(self, history: History) -> None:
        """Take rows in place of those that are not older than the first of them."""
        fresh = _in_our_columns(history)
        if not fresh:
            return
        while self._rows and self._rows[-1][0] > fresh[0][0] - HALF:
            self._rows.pop()
        self._rows.extend(fresh)
        self.version += 1

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Take a snapshot's row if it is a new one."""
        booted = snapshot.now - snapshot.uptime
        if snapshot.boot_id == self._boot and self._booted is not None:
            step = booted - self._booted
            if abs(step) > CLOCK_STEP:
                for row in self._rows:
                    row[0] += step
                self.version += 1
        self._boot, self._booted = snapshot.boot_id, booted
        sample = snapshot.sample
        if not sample:
            return
        row = _padded(sample)
        while self._rows and self._rows[-1][0] > row[0] + 2:
            self._rows.pop()  # a daemon that started anew after its clock was set back
        if not self._rows or row[0] > self._rows[-1][0] + HALF:
            self._rows.append(row)
            self.version += 1

    def trend(self, name: str, seconds: int, until: float | None = None) -> list[float | None]:
        """Return one value for each of the last ``seconds``, newest last, ``None`` where there is none.

        The list is kept for the next one who asks: do not change it.

        Args:
            name: a resource or a column of the history.
            seconds: 1 to 3600.
            until: wall time of the last value; ``None`` for the newest row.

        Raises:
            ValueError: there is no such name.
        """
        column = COLUMN_OF.get(name)
        if column is None:
            raise ValueError(f"There is no trend of {name!r}; there is {', '.join(COLUMN_OF)}.")
        if self._cached != self.version or len(self._cache) > 100:
            self._cache.clear()
            self._cached = self.version
        key = (column, seconds, until)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._by_second(column, min(max(1, seconds), MAX_ROWS), until)
        return found

    def recent(self, seconds: float, until: float | None = None) -> list[list[float]]:
        """Return the rows of the last ``seconds``, newest first."""
        found: list[list[float]] = []
        end = until
        for row in reversed(self._rows):
            if end is None:
                end = row[0]
            if row[0] > end + HALF:
                continue
            if row[0] <= end - seconds:
                break
            found.append(row)
        return found

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._boot, self._booted = "", None
        self.version += 1

    def _by_second(self, column: int, seconds: int, until: float | None) -> list[float | None]:
        out: list[float | None] = [None] * seconds
        if not self._rows:
            return out
        end = self._rows[-1][0] if until is None else until
        later = -1  # the place of the row after this one, counted from the end
        later_at = end
        for row in reversed(self._rows):
            back = round(end - row[0])
            if back < 0:
                continue
            if back >= seconds:
                break
            value = row[column]
            before = out[-1 - back]
            out[-1 - back] = value if before is None else max(before, value)
            if back - later == 2 and later >= 0 and later_at - row[0] < 1.6:
                out[-back] = value  # rounding left a hole between two rows that follow each other
            later, later_at = back, row[0]
        return out


def _padded(row: Sequence[float]) -> list[float]:
    """Return a row with exactly our columns, though another version may have sent more or fewer."""
    return [*row[: len(HISTORY_FIELDS)], *[0.0] * (len(HISTORY_FIELDS) - len(row))]


def _in_our_columns(history: History) -> list[list[float]]:
    if history.fields == list(HISTORY_FIELDS):
        rows = [_padded(row) for row in history.rows if row]
    else:
        places = [history.fields.index(name) if name in history.fields else -1 for name in HISTORY_FIELDS]
        if places[0] < 0:
            return []
        rows = [[row[at] if 0 <= at < len(row) else 0.0 for at in places] for row in history.rows if row]
    rows.sort(key=lambda row: row[0])
    return rows
