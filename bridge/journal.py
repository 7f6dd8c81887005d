"""The file that keeps the journal of changes across restarts: one entry a line, as JSON, only ever added to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections import deque

import msgspec

from bridge.adminwire import UNREADABLE, Change

__all__ = ["Journal", "JournalError"]

MOST_LINES = 2000
"""Lines from which the file is written anew when it is opened, with the newest half of them."""

KEPT_LINES = 1000

TIDY_BYTES = 8 * 1024 * 1024
"""Size at which a running daemon writes the file anew: a program that changes limits every second must not make a
journal that the next start refuses as too large."""

MOST_BYTES = 64 * 1024 * 1024
"""Largest file that is read: ours stay far below, so a larger one is something else."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Change).decode


class JournalError(Exception):
    """The journal cannot be used; the text says why and what to do."""


class Journal:
    """The file.

    Args:
        path: where it is; its directory must be there.

    Attributes:
        warnings: what :meth:`open` found wrong and could help.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.warnings: list[str] = []
        self._file: int | None = None
        self._torn = False  # whether the file ends in the middle of a line
        self._tidy_at = TIDY_BYTES
        self._unwritten: deque[bytes] = deque(maxlen=KEPT_LINES)

    def open(self) -> list[Change]:
        """Open or make the file and return its entries, oldest first.

        A line that was cut off by a crash is cut off for good; lines in the middle that are no entries are kept aside
        in a file of their own.

        Raises:
            JournalError: it is a symbolic link, another user's, no file, or cannot be written.
        """
        self._file = self._open()
        data = self._read()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            self.warnings.append(f"{self.path}: its last line was not finished and has been cut off")
        entries: list[Change] = []
        damaged: list[bytes] = []
        for line in data[:end].splitlines():
            try:
                entries.append(_decode(line))
            except UNREADABLE:
                damaged.append(line)
        # Damaged lines leave the file only once they are kept somewhere else.
        moved = bool(damaged) and self._keep_aside(damaged)
        try:
            if end < len(data):
                self._torn = True
                os.ftruncate(self._file, end)
                self._torn = False
            if moved or len(entries) > MOST_LINES:
                kept = entries[-KEPT_LINES:] if len(entries) > MOST_LINES else entries
                self._write_anew(b"".join(_encode(entry) + b"\n" for entry in kept))
        except OSError as error:
            self.warnings.append(f"{self.path}: it could not be tidied: {error.strerror}")
        return entries

    def append(self, change: Change) -> None:
        """Write an entry and see that it is on the disk: changes are rare.

        Raises:
            JournalError: it could not be written whole; nothing of it stays in the file. It is written with the next
                entry that can be.
        """
        self._unwritten.append(_encode(change) + b"\n")
        if self._file is None:
            raise JournalError(f"{self.path}: the journal is not open")
        data = (b"\n" if self._torn else b"") + b"".join(self._unwritten)
        size = 0
        try:
            size = os.fstat(self._file).st_size
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(self._file)
        except OSError as error:
            try:
                os.ftruncate(self._file, size)
            except OSError:  # a file that may only grow (chattr +a): the next entry begins a line of its own
                self._torn = True
            raise JournalError(f"{self.path}: {error.strerror}") from None
        self._torn = False
        self._unwritten.clear()
        if size + len(data) >= self._tidy_at:
            self._tidy()

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    # --- inside ---

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        try:
            file = os.open(self.path, flags, 0o600)
        except OSError as error:
            why = "it is a symbolic link, which is never followed" if error.errno == errno.ELOOP else error.strerror
            raise JournalError(
                f"{self.path}: the journal cannot be written: {why}; choose another place (setting journal)"
            ) from None
        status = os.fstat(file)
        fault = ""
        if not stat.S_ISREG(status.st_mode):
            fault = "it is no file"
        elif status.st_uid != os.geteuid():
            fault = f"it belongs to uid {status.st_uid}, and the daemon runs as uid {os.geteuid()}"
        elif status.st_nlink > 1:
            fault = "it has other names (hard links), so it may be a file that is no journal"
        elif status.st_size > MOST_BYTES:
            fault = f"it is {status.st_size} bytes long, so it is hardly a journal"
        if fault:
            os.close(file)
            raise JournalError(f"{self.path}: the journal cannot be used: {fault}; remove it, or choose another place")
        if not _lock(file):
            os.close(file)
            raise JournalError(
                f"{self.path}: another daemon writes this journal; choose another place (setting journal)"
            )
        return file

    def _read(self) -> bytes:
        assert self._file is not None
        pieces: list[bytes] = []
        at = 0
        try:
            while piece := os.pread(self._file, 1 << 20, at):
                pieces.append(piece)
                at += len(piece)
        except OSError as error:
            raise JournalError(f"{self.path}: the journal cannot be read: {error.strerror}") from None
        return b"".join(pieces)

    def _tidy(self) -> None:
        """Keep the newest lines of a file that has grown large; where that fails, try again when it has doubled."""
        assert self._file is not None
        try:
            self._write_anew(b"".join(self._read().splitlines(keepends=True)[-KEPT_LINES:]))
            self._tidy_at = max(TIDY_BYTES, 2 * os.fstat(self._file).st_size)
        except (JournalError, OSError):  # the entry itself is written, and the file is as it was
            self._tidy_at *= 2

    def _keep_aside(self, lines: list[bytes]) -> bool:
        aside = f"{self.path}.damaged"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        try:
            with os.fdopen(os.open(aside, flags, 0o600), "ab") as kept:
                status = os.fstat(kept.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink > 1:
                    raise OSError(errno.EPERM, "it is no file of the daemon's own")
                kept.write(b"\n".join(lines) + b"\n")
        except OSError as error:
            self.warnings.append(
                f"{self.path}: {len(lines)} lines are no entries; they stay, since {aside} cannot be written: "
                f"{error.strerror}"
            )
            return False
        self.warnings.append(f"{self.path}: {len(lines)} lines are no entries; they were moved to {aside}")
        return True

    def _write_anew(self, lines: bytes) -> None:
        """Put a file with these lines in the place of the present one, whole or not at all."""
        fresh = f"{self.path}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(fresh, flags, 0o600)
        _lock(file)
        try:
            data = memoryview(lines)
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
            os.rename(fresh, self.path)
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        assert self._file is not None
        os.close(self._file)
        self._file = file


def _lock(file: int) -> bool:
    """Take the lock that ends with its holder, kill -9 included; ``False`` if another daemon has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True
