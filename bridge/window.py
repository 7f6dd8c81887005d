"""The exact sliding window over which the rate limit counts.

Pure. A log of every start, in a ring of machine doubles: window counters and GCRA, the usual cheap stand-ins, let
nearly twice the limit through in a worst minute. Every operation is O(1) amortised; the memory is 8 bytes for each
start of the last minute, rounded up to a power of two.
"""

from __future__ import annotations

from array import array

__all__ = ["SlidingWindow"]


class SlidingWindow:
    """Counts events of the last ``length`` seconds exactly.

    An event at ``t`` counts in ``[t, t + length)``. ``now`` must never go backwards: use the monotonic clock.
    """

    __slots__ = ("_head", "_log", "_mask", "_size", "length")

    def __init__(self, length: float) -> None:
        self.length = length
        self._log = array("d", bytes(8 * 64))
        self._mask = 63
        self._head = 0  # where the oldest event is
        self._size = 0

    def count(self, now: float) -> int:
        """Return how many events the window holds at ``now``."""
        size = self._size
        if size:
            log, mask, head = self._log, self._mask, self._head
            oldest_kept = now - self.length
            if log[head] <= oldest_kept:
                while size and log[head] <= oldest_kept:
                    head = (head + 1) & mask
                    size -= 1
                self._head, self._size = head, size
        return size

    def add(self, now: float) -> None:
        """Record one event."""
        size = self._size
        if size > self._mask:
            self._grow()
        self._log[(self._head + size) & self._mask] = now
        self._size = size + 1

    def try_add(self, now: float, limit: int) -> bool:
        """Record one event if that keeps the window within ``limit``; one call where the hot path would need two."""
        size = self._size
        if size and self._log[self._head] <= now - self.length:
            size = self.count(now)
        if size >= limit:
            return False
        if size > self._mask:
            self._grow()
        self._log[(self._head + size) & self._mask] = now
        self._size = size + 1
        return True

    def free_at(self, limit: int, ahead: int, now: float) -> float:
        """Return when one more event would keep the window within ``limit``, after ``ahead`` others took their turn.

        Args:
            limit: most events that the window may hold, 1 or more.
            ahead: how many others go first, 0 or more. Those beyond the window's present content are taken to come a
                whole window length after one another.
            now: the present; the answer is never earlier.
        """
        size = self.count(now)
        index = size - limit + ahead
        if index < 0:
            return now
        rounds, index = divmod(index, size) if size else (index, 0)
        oldest = self._log[(self._head + index) & self._mask] if size else now
        return oldest + self.length * (rounds + 1)

    def _grow(self) -> None:
        log, head = self._log, self._head
        log = log[head:] + log[:head]
        self._head = 0
        log.frombytes(bytes(8 * len(log)))
        self._log = log
        self._mask = len(log) - 1
