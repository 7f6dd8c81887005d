"""Make the listening socket safely, and find out who connects.

The path may lie in a directory that others can write to, such as /tmp: a symlink or another user's file there is never
followed, used or removed. Whoever holds the flock on PATH.lock is the daemon of that path; the kernel drops the lock
with the process, so that what a killed daemon leaves behind is recognised for certain.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import socket
import stat
import struct
from pathlib import Path

from bridge.api import Peer

__all__ = ["ListeningSocket", "SocketError", "listen", "peer", "preflight"]

BACKLOG = 1024
"""Connections that may await acceptance. Past it a Perl client's connect fails at once with EAGAIN."""

_UCRED = struct.Struct("iII")


class SocketError(Exception):
    """The socket cannot be made; the text says why and what to do."""


class ListeningSocket:
    """A listening Unix socket that belongs to this process.

    Attributes:
        path: where it is.
        socket: the socket object, blocking; the reactor adopts a copy of its descriptor.
    """

    def __init__(self, path: str, listening: socket.socket, lock: int) -> None:
        self.path = path
        self.socket = listening
        self._lock = lock
        status = os.stat(path, follow_symlinks=False)
        self._identity = (status.st_dev, status.st_ino)

    def close(self) -> None:
        """Close it and remove it from the file system, unless something else has taken its place."""
        self.socket.close()
        with contextlib.suppress(OSError):
            status = os.stat(self.path, follow_symlinks=False)
            if (status.st_dev, status.st_ino) == self._identity:
                os.unlink(self.path)
        # The lock file stays: removing it would let two daemons lock two different files of that name.
        os.close(self._lock)


def preflight(path: str, group: str | None = None) -> None:
    """Raise :class:`SocketError` if :func:`listen` would certainly fail; change nothing."""
    _check_directory(path)
    _group_id(group)
    _check_place(path)
    lock = _open_lock(path, create=False)
    if lock is not None:
        try:
            _take_lock(lock, path)
        finally:
            os.close(lock)
    _check_nobody_listens(path)


def listen(path: str, group: str | None = None, backlog: int = BACKLOG) -> ListeningSocket:
    """Return a listening socket at ``path``: mode 0600, or 0660 with ``group``, from its first instant.

    Raises:
        SocketError: a daemon listens there already (its pid is named), something else is in the way, or the
            directory does not fit.
    """
    _check_directory(path)
    gid = _group_id(group)
    _check_place(path)
    lock = _open_lock(path, create=True)
    assert lock is not None
    try:
        _take_lock(lock, path)
        _check_nobody_listens(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # a dead daemon's: we hold its lock and nobody answers
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            before = os.umask(0o177)
            try:
                listening.bind(path)
            finally:
                os.umask(before)
            if gid is not None:
                os.chown(path, -1, gid, follow_symlinks=False)
                os.chmod(path, 0o660)  # nobody can connect before listen()
            listening.listen(backlog)
        except OSError as error:
            listening.close()
            raise SocketError(f"The socket {path} cannot be made: {error.strerror}.") from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    except BaseException:
        os.close(lock)
        raise
    return ListeningSocket(path, listening, lock)


def peer(connection: socket.socket) -> Peer:
    """Return the process that made this connection, as the kernel recorded it then."""
    pid, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(pid=pid, uid=uid, gid=gid, start_time=_start_time(pid))


def _start_time(pid: int) -> int:
    """Return field 22 of /proc/PID/stat, clock ticks since boot; 0 for a process that has gone or is not visible."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field, the command, may hold spaces and parentheses: count from its last one.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def _check_directory(path: str) -> None:
    folder = Path(path).parent
    try:
        status = folder.stat()
    except OSError as error:
        raise SocketError(f"The directory of the socket {path} cannot be used: {error.strerror}.") from error
    if not stat.S_ISDIR(status.st_mode):
        raise SocketError(f"The socket {path} needs a directory, and {folder} is none.")
    if status.st_mode & 0o002 and not status.st_mode & stat.S_ISVTX:
        raise SocketError(
            f"Everybody may replace files in {folder} (it is writable for all and has no sticky bit): "
            "put the socket into a directory of its own, or chmod o-w it."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SocketError(f"The socket {path} cannot be made: uid {os.geteuid()} may not write in {folder}.")


def _check_place(path: str) -> None:
    """See that nothing is at ``path`` but perhaps a socket of ours."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SocketError(f"The socket {path} cannot be looked at: {error.strerror}.") from error
    if stat.S_ISLNK(status.st_mode):
        raise SocketError(f"{path} is a symbolic link, which is never followed: remove it, or choose another socket.")
    if not stat.S_ISSOCK(status.st_mode):
        raise SocketError(f"{path} is there and is not a socket: remove it, or choose another socket.")
    if status.st_uid != os.geteuid():
        raise SocketError(
            f"{path} belongs to uid {status.st_uid}, and the daemon runs as uid {os.geteuid()}: run it as that user, "
            "have the owner remove the socket, or choose another."
        )


def _open_lock(path: str, *, create: bool) -> int | None:
    name = f"{path}.lock"
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    try:
        lock = os.open(name, flags, 0o600)
    except FileNotFoundError:
        return None
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise SocketError(f"The lock file {name} cannot be used: {why}.") from error
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(lock)
        raise SocketError(
            f"The lock file {name} is not a file of uid {os.geteuid()}: remove it, or choose another socket."
        )
    return lock


def _take_lock(lock: int, path: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise SocketError(
            f"A daemon (pid {pid}) already listens on {path}: stop it, or choose another socket."
        ) from None


def _check_nobody_listens(path: str) -> None:
    """See that no program without our lock listens on an existing socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return
        except BlockingIOError:
            raise SocketError(
                f"A program already listens on {path} and is busy: stop it, or choose another socket."
            ) from None
        except OSError as error:
            raise SocketError(f"The socket {path} cannot be looked at: {error.strerror}.") from error
        raise SocketError(
            f"Another program (pid {peer(probe).pid}) already listens on {path}: stop it, or choose another socket."
        )


def _group_id(group: str | None) -> int | None:
    if group is None:
        return None
    try:
        return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise SocketError(f"There is no group called {group}.") from None
