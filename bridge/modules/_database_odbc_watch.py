"""Calls something when what a thread does takes too long: not all ODBC drivers have a limit of their own.

One thread watches over all of them, and is there only while there is something to watch.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator

__all__ = ["Watch"]


class Watch:
    """What is watched, ordered by the time at which it will have taken too long."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int]] = []
        self._calls: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count()
        self._alive = False

    @contextlib.contextmanager
    def over(self, seconds: float, call: Callable[[], None]) -> Iterator[None]:
        """Call ``call``, once and from another thread, if what is within takes longer than ``seconds``.

        It must not block, and must bear to be called a moment after the end.
        """
        number = next(self._numbers)
        until = time.monotonic() + seconds
        with self._changed:
            self._calls[number] = call
            heapq.heappush(self._waiting, (until, number))
            if not self._alive:
                self._alive = True
                threading.Thread(target=self._run, name="odbc-watch", daemon=True).start()
            elif self._waiting[0][1] == number:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._calls.pop(number, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting and self._waiting[0][1] not in self._calls:
                    heapq.heappop(self._waiting)  # done in time
                if not self._waiting:
                    self._alive = False
                    return
                until, number = self._waiting[0]
                left = until - time.monotonic()
                if left > 0:
                    self._changed.wait(min(left, 1.0))
                    continue
                heapq.heappop(self._waiting)
                call = self._calls.pop(number)
            call()
