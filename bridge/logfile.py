"""The daemon's log: one line an event, in a form that operators search for.

``2025-10-10 14:32:15 [LEVEL] cpanbridge: text``
"""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING

from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText
from zope.interface import implementer

from bridge.text import printable

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["LogFile", "LogFileError", "format_event", "open_log", "preflight"]

LEVEL_NAMES = {
    LogLevel.debug: "DEBUG",
    LogLevel.info: "INFO",
    LogLevel.warn: "WARNING",
    LogLevel.error: "ERROR",
    LogLevel.critical: "CRITICAL",
}
SETTING_LEVELS = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "warning": LogLevel.warn,
    "error": LogLevel.error,
    "critical": LogLevel.critical,
}

LONGEST = 20_000
"""Most characters of a line: whatever is told in it, it stays a line that can be read."""

EARLY_LINES = 1000
"""Most lines kept until the file is opened."""


class LogFileError(Exception):
    """The log file cannot be used; the text says why and what to do."""


def format_event(event: LogEvent) -> str:
    """Return the line (or, for a failure, the lines: the traceback follows indented)."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.get("log_time", 0.0)))
    level = LEVEL_NAMES.get(event.get("log_level"), "INFO")
    text = eventAsText(event, includeTraceback=False, includeTimestamp=False, includeSystem=False)
    line = f"{when} [{level}] cpanbridge: {printable(text, LONGEST)}\n"
    failure = event.get("log_failure")
    if failure is not None:
        try:
            traceback = failure.getTraceback()
        except Exception:  # noqa: BLE001 - an exception's own text may fail
            traceback = f"{failure.type}: its traceback could not be made"
        for part in traceback.rstrip().splitlines():
            line += f"    {printable(part, LONGEST)}\n"
    return line


@implementer(ILogObserver)
class LogFile:
    """Writes events to a file, and to a stream beside it when the daemon runs in the foreground.

    A write that fails (a full disk) never disturbs the daemon: the lines are counted, and how many were lost is
    written once it works again.

    Args:
        path: the file, or ``None`` for none; opened at :meth:`open`, that is after twistd has given up its privileges.
            What is logged before that is kept and written then.
        level: least level that is written, a value of the setting ``log_level``.
        beside: a second place for the lines, such as ``sys.stdout``.
    """

    def __init__(self, path: str | None, level: str = "info", beside: TextIO | None = None) -> None:
        self.path = path
        self.set_level(level)
        self._beside = beside
        self._file: int | None = None
        self._early: list[bytes] = []
        self._lost = 0
        self._torn = False
        self._why = ""

    def set_level(self, level: str) -> None:
        """Change the least level that is written."""
        self._least = SETTING_LEVELS[level]

    def open(self) -> None:
        """Open the file.

        Raises:
            LogFileError: it is a symbolic link, another user's, or cannot be written.
        """
        if self.path is not None:
            self._file = open_log(self.path)
            early, self._early = self._early, []
            for data in early:
                self._append(data)

    def reopen(self) -> None:
        """Open the file anew, after it was moved away; if that fails the old one is kept."""
        if self.path is None or self._file is None:
            return
        try:
            fresh = open_log(self.path)
        except LogFileError as error:
            self._write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} [ERROR] cpanbridge: Not reopened: {error}\n")
            return
        old, self._file = self._file, fresh
        os.close(old)

    def __call__(self, event: LogEvent) -> None:
        """Write one event."""
        level = event.get("log_level")
        if level is not None and level < self._least:
            return
        try:
            line = format_event(event)
        except Exception as error:  # noqa: BLE001 - a log line must never be an exception
            line = (
                f"{time.strftime('%Y-%m-%d %H:%M:%S')} [ERROR] cpanbridge: An event could not be written: {error!r}\n"
            )
        self._write(line)

    def _write(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace")
        if self._beside is not None:
            try:
                self._beside.buffer.write(data)
                self._beside.buffer.flush()
            except (OSError, ValueError):
                self._beside = None  # the terminal has gone
        if self._file is not None:
            self._append(data)
        elif self.path is not None and len(self._early) < EARLY_LINES:
            self._early.append(data)

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        if self._lost:
            when = time.strftime("%Y-%m-%d %H:%M:%S")
            note = f"{when} [ERROR] cpanbridge: {self._lost} log lines were lost: {self._why}\n".encode()
            data = note + data
        if self._torn:
            data = b"\n" + data
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            self._lost += 1
            self._why = error.strerror or str(error)
            self._torn = self._torn or written > 0  # the disk had room for a part of the line
        else:
            self._lost, self._torn = 0, False


def preflight(path: str) -> None:
    """Look whether :meth:`LogFile.open` would succeed, and create nothing.

    Raises:
        LogFileError: as it would.
    """
    if os.path.lexists(path):
        os.close(open_log(path))
        return
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise LogFileError(f"{path}: the log file's directory {folder} does not exist; make it, or choose another log")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise LogFileError(
            f"{path}: uid {os.geteuid()} may not make the log file in {folder}; make it for that user, or choose "
            "another log"
        )


def open_log(path: str) -> int:
    """Open a log file for appending, safely; the descriptor is the caller's.

    Devices are an operator's own choice and are taken as they are.

    Raises:
        LogFileError: it is a symbolic link, another user's, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        try:
            file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            file = os.open(path, flags)
        else:
            os.fchmod(file, 0o640)  # whatever the umask: twistd's is 077, and the operator's group may read logs
    except OSError as error:
        why = error.strerror
        if error.errno == errno.ELOOP:
            why = "it is a symbolic link, which is never followed"
            if path in {"/dev/stdout", "/dev/stderr"}:
                why += ' (the standard output is called "-" here)'
        raise LogFileError(f"{path}: the log file cannot be written: {why}; choose another log") from None
    status = os.fstat(file)
    fault = ""
    if stat.S_ISREG(status.st_mode):
        if status.st_uid != os.geteuid():
            fault = f"it belongs to uid {status.st_uid}, and the daemon runs as uid {os.geteuid()}"
        elif status.st_nlink > 1:
            fault = "it has other names (hard links), so it may be a file that is no log"
    elif not stat.S_ISCHR(status.st_mode):
        fault = "it is neither a file nor a device"
    if fault:
        os.close(file)
        raise LogFileError(f"{path}: the log file cannot be used: {fault}; remove it, or choose another log")
    os.set_blocking(file, True)
    return file
