"""Timers on the monotonic clock.

A Twisted reactor schedules by wall time, also in 26.10: a clock that is set back by an hour delays every
``callLater`` by an hour, a deadline with it. This clock keeps its own heap of timers, and one thread that sleeps on
the monotonic clock and wakes the reactor when the first is due.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

__all__ = ["MonotonicClock"]

CANCELLED_KEPT = 256
"""Cancelled timers that may lie in the heap before it is rebuilt without them."""


@implementer(IReactorTime)
class MonotonicClock:
    """``IReactorTime`` in monotonic seconds, run by a reactor.

    Timers may be made before :meth:`start`; they run once it was called. Everything but the waiting thread's own work
    happens in the reactor's thread.
    """

    log = Logger()

    def __init__(self, reactor: IReactorFromThreads, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds = now
        self._reactor = reactor
        self._heap: list[tuple[float, int, DelayedCall]] = []
        self._order = count()
        self._cancelled = 0
        self._wake = threading.Condition()
        self._due: float | None = None  # when the thread is to wake the reactor; guarded by _wake
        self._stopped = True
        self._thread: threading.Thread | None = None
        self._worst_lateness = 0.0

    def start(self) -> None:
        """Start the thread. Call it after the daemon has forked: threads do not survive that."""
        self._stopped = False
        self._thread = threading.Thread(target=self._watch, name="cpanbridge-clock", daemon=True)
        self._thread.start()
        self._set_due()

    def stop(self) -> None:
        """Stop the thread. Timers that are left never run."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object) -> IDelayedCall:  # noqa: A002 - IReactorTime's names
        """Call something in the reactor's thread after ``delay`` seconds, 0 or more."""
        if delay < 0:
            msg = f"a timer cannot be {delay} seconds in the past"
            raise ValueError(msg)
        call = DelayedCall(
            self.seconds() + delay, callable, args, kwargs, self._note_cancelled, self._note_moved, self.seconds
        )
        self._push(call)
        return call

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """Return the timers that are still to run."""
        return [call for _, _, call in self._heap if call.active()]

    def take_lateness(self) -> float:
        """Return the worst lateness in seconds of any timer since this was last asked: the reactor's lag."""
        lateness, self._worst_lateness = self._worst_lateness, 0.0
        return lateness

    def _push(self, call: DelayedCall) -> None:
        due = call.getTime()
        first = self._heap[0][0] if self._heap else None
        heappush(self._heap, (due, next(self._order), call))
        if first is None or due < first:
            self._set_due()

    def _note_cancelled(self, call: DelayedCall) -> None:
        self._cancelled += 1
        if self._cancelled > CANCELLED_KEPT and self._cancelled > len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if not entry[2].cancelled]
            heapify(self._heap)
            self._cancelled = 0

    def _note_moved(self, call: DelayedCall) -> None:
        # Moved to an earlier time. A second entry is enough: the first one to come up runs it, the other finds it done.
        self._push(call)

    def _set_due(self) -> None:
        with self._wake:
            self._due = self._heap[0][0] if self._heap else None
            self._wake.notify()

    def _watch(self) -> None:
        """Sleep until the first timer is due and tell the reactor: the thread's whole life."""
        with self._wake:
            while not self._stopped:
                if self._due is None:
                    self._wake.wait()
                elif (left := self._due - self.seconds()) > 0:
                    self._wake.wait(left)
                else:
                    self._due = None
                    self._reactor.callFromThread(self._run_due)

    def _run_due(self) -> None:
        now = self.seconds()
        heap = self._heap
        while heap and heap[0][0] <= now:
            entry_due, _, call = heappop(heap)
            if call.cancelled or call.called:
                self._cancelled = max(0, self._cancelled - 1)
                continue
            due = call.getTime()
            if due > now:  # it was delayed after it was made
                heappush(heap, (due, next(self._order), call))
                continue
            self._worst_lateness = max(self._worst_lateness, now - entry_due)
            call.called = 1
            try:
                call.func(*call.args, **call.kw)
            except Exception:  # noqa: BLE001 - one timer must not take the others with it
                self.log.failure("A timer failed")
            heap = self._heap
        self._set_due()
