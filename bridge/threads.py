"""The pool of threads that calls run in: Twisted's, apart from the reactor's own, which has ten threads and a queue."""

from __future__ import annotations

import threading
from typing import Any

from twisted.python.threadpool import ThreadPool

__all__ = ["CallThreads"]


class CallThreads(ThreadPool):
    """Threads are started as they are needed, ``most`` of them.

    They are daemon threads: one that never returns must not keep the process from ending.
    """

    def __init__(self, most: int) -> None:
        super().__init__(0, most, name="cpanbridge")

    @staticmethod
    def threadFactory(*args: Any, **named: Any) -> threading.Thread:  # type: ignore[override]
        """Make a thread."""
        return threading.Thread(*args, **named, daemon=True)

    def callInThreadWithCallback(self, *args: Any, **named: Any) -> None:
        """Run a function in a thread.

        Raises:
            RuntimeError: the system let no thread be started (too many tasks, no memory); the function does not run.
        """
        try:
            super().callInThreadWithCallback(*args, **named)
        except RuntimeError:
            # Twisted keeps the thread that never was, and at the end it would wait for it, which is an error.
            self.threads[:] = [thread for thread in self.threads if thread.ident is not None]
            raise
