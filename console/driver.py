"""Textual's driver for Unix terminals, made fit for terminals that go away and for consoles that are stopped.

Textual's own waits for ever once nobody takes its output any more, with one core busy; and after a stop from outside
(``kill -STOP``, a debugger, a frozen container) it starts everything a second time beside the first: two threads then
share the keys between them, and the terminal is left in raw mode at the end.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TextIO

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

__all__ = ["ConsoleDriver", "LastingFile"]


class LastingFile:
    """A terminal to write to that never fails: once it is gone, SIGHUP is sent once, and the rest is dropped.

    The kernel sends SIGHUP only to those whose controlling terminal it was, and not under ``nohup``.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.gone = False

    def write(self, text: str) -> int:
        """Write, if there is anything to write to."""
        self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        """Hand everything over to the terminal."""
        self._try(self._file.flush)

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._file.isatty()

    def _try(self, act: Callable[[], object]) -> None:
        if self.gone:
            return
        try:
            act()
        except (OSError, ValueError):
            self.gone = True
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._file.fileno())  # for what is still to be flushed at the end
            os.close(null)
            os.kill(os.getpid(), signal.SIGHUP)


class ConsoleDriver(LinuxDriver):
    """See the module's text."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Where the terminal does not know its size, application and driver must guess the same one: otherwise they
        # resize each other without end.
        if self._size is None:
            self._size = self._get_terminal_size()
        assert self._file is not None  # a console without a terminal has become "watch" before
        self._file = LastingFile(self._file)  # type: ignore[assignment]  # all that is used of it is there

    def _sigcont_application(self, *_: object) -> None:
        # A signal may come in the middle of anything, with locks held: the work is left to the event loop.
        self._loop.call_soon_threadsafe(self._continued)

    def _continued(self) -> None:
        """Take the terminal again, however it was given away."""
        if not self._auto_restart:
            return
        if not self._must_signal_resume:  # stopped from outside: nothing was put away before
            self.suspend_application_mode()
            self._must_signal_resume = True
        self.resume_application_mode()
