"""The pool of threads that calls run in, apart from the reactor's own, which has ten threads and a hidden queue.

Not Twisted's: that one hands every job through a coordinator and three locks, which cost a call thirty microseconds
of CPU more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from twisted.logger import Logger

__all__ = ["CallThreads"]

Job = tuple[Callable[..., object], tuple[object, ...]]


class CallThreads:
    """Threads are started as they are needed, ``most`` of them; jobs beyond that wait.

    They are daemon threads: one that never returns must not keep the process from ending.

    Attributes:
        threads: those that are alive.
    """

    log = Logger()

    def __init__(self, most: int) -> None:
        self.threads: set[threading.Thread] = set()
        self._most = most
        self._jobs = 0  # that wait or run
        self._count = 0  # threads alive, less those that have been told to end
        self._lock = threading.Lock()  # of the two above
        self._queue: SimpleQueue[Job | None] = SimpleQueue()

    def run(self, work: Callable[..., object], *args: object) -> None:
        """Have a function called in a thread. Only one thread may call this method.

        Raises:
            RuntimeError: the system let no thread be started (too many tasks, no memory); the function does not run.
        """
        with self._lock:
            self._jobs += 1
            short = self._jobs > self._count and self._count < self._most
            self._count += short
        if short:
            thread = threading.Thread(target=self._serve, name="cpanbridge", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                with self._lock:
                    self._jobs -= 1
                    self._count -= 1
                raise
            self.threads.add(thread)
        self._queue.put((work, args))

    def resize(self, most: int) -> None:
        """Have at most so many threads from now on; those that are too many end when they have nothing to do."""
        self._most = most
        with self._lock:
            surplus = max(0, self._count - most)
            self._count -= surplus
        for _ in range(surplus):
            self._queue.put(None)

    def stop(self) -> None:
        """End all threads and wait for them; none may be busy."""
        self.resize(0)
        for thread in list(self.threads):
            thread.join()

    def _serve(self) -> None:
        """Do jobs until told to end: the life of one thread."""
        while (job := self._queue.get()) is not None:
            work, args = job
            try:
                work(*args)
            except BaseException:  # noqa: BLE001 - a thread must outlive whatever its jobs do
                self.log.failure("A job in a thread failed")
            # Nothing of a call may live on in a thread that waits for the next.
            del job, work, args
            with self._lock:
                self._jobs -= 1
        self.threads.discard(threading.current_thread())
