"""A Unix socket of the daemon as the file system sees it: made safely, replaced only when its daemon is dead.

Who listens is decided by a lock on ``PATH.lock``, which the kernel drops with its holder, after kill -9 too. The pid
in that file is for people; nothing is concluded from it, since pids are used again. The lock file stays when the
daemon ends: removing it would let two daemons hold locks on two files of the same name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import pwd
import socket
import stat
import struct

from bridge.api import Peer

__all__ = ["ListeningSocket", "SocketError", "adopt", "find_group", "listen", "peer", "preflight"]

BACKLOG = 1024
"""Connections that the kernel keeps for us between two turns of the reactor. When it is full, a Perl client with a
time-out fails at once instead of waiting."""

_UCRED = struct.Struct("3i")


class SocketError(Exception):
    """The socket cannot be had. Its text is a sentence that names the path and what to do."""


class _NoLockError(SocketError):
    """The lock file itself cannot be had, whoever may hold the lock."""


class ListeningSocket:
    """A socket that is bound and listens, and the lock that goes with it.

    Attributes:
        path: where it is.
        socket: the socket object; its owner closes it through :meth:`close`.
        adopted: whether somebody else made it, and keeps it when this daemon has gone.
    """

    def __init__(
        self, path: str, listening: socket.socket, lock: int | None, identity: tuple[int, int] | None = None
    ) -> None:
        self.path = path
        self.socket = listening
        self.adopted = identity is None
        self._lock = lock
        self._identity = identity

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.socket.fileno()

    def close(self) -> None:
        """Stop listening, remove our own socket if the path still leads to it, let the lock go. Idempotent."""
        self.socket.close()
        identity, self._identity = self._identity, None
        with contextlib.suppress(OSError):
            if identity is not None and _identity(os.lstat(self.path)) == identity:
                os.unlink(self.path)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def listen(path: str, group: str | None = None, backlog: int = BACKLOG, *, everybody: bool = False) -> ListeningSocket:
    """Make the socket at ``path`` and listen.

    Its mode is 0600 from the first instant; with ``group`` (name or number) it is 0660 before anybody can connect, with
    ``everybody`` 0666, for who looks at each peer's uid.

    Raises:
        SocketError: something is in the way; nothing of others has been touched.
    """
    gid = find_group(group)
    _check_directory(path)
    _check_place(path)
    lock = _lock(path)
    try:
        _check_silent(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # a dead daemon's: it is a socket of ours, we hold its lock, and nobody answers
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            identity = _bind(listening, path, gid)
            if everybody:
                os.chmod(path, 0o666)  # noqa: S103 - the caller decides by uid
            listening.listen(backlog)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        os.close(lock)
        raise SocketError(f"{path}: cannot make the socket: {error.strerror or error}") from None
    except SocketError:
        os.close(lock)
        raise
    return ListeningSocket(path, listening, lock, identity)


def adopt(listening: socket.socket, name: str) -> ListeningSocket:
    """Serve on a socket that somebody else made; it is never removed, nor its mode changed.

    The lock beside its path is taken, so that a daemon started by hand does not come between. Where that cannot be had
    (a directory that is not ours, a name in the abstract namespace) the socket itself is proof enough: whoever handed
    it over starts one daemon for it.

    Args:
        listening: the socket.
        name: what to call it where it has no path.

    Raises:
        SocketError: another daemon has the lock; ``listening`` is closed.
    """
    address = listening.getsockname()
    if not isinstance(address, str) or not address.startswith("/"):
        return ListeningSocket(name, listening, None)
    try:
        lock = _lock(address)
    except _NoLockError:
        return ListeningSocket(address, listening, None)
    except SocketError:
        listening.close()
        raise
    return ListeningSocket(address, listening, lock)


def preflight(path: str, group: str | None = None) -> None:
    """Look whether :func:`listen` would succeed, and create nothing.

    Raises:
        SocketError: as :func:`listen` would.
    """
    find_group(group)
    _check_directory(path)
    _check_place(path)
    try:
        lock = os.open(_lock_path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SocketError(_lock_trouble(path, error)) from None
    else:
        try:
            _take_lock(path, lock)
        finally:
            os.close(lock)
    _check_silent(path)


def peer(sock: socket.socket) -> Peer:
    """Return the process that connected, as the kernel noted it then; it may have passed the connection on."""
    pid, uid, gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(pid=pid, uid=uid, gid=gid, start_time=_start_time(pid))


def find_group(group: str | None) -> int | None:
    """Return the number of a group given by name or number, ``None`` for none.

    Raises:
        SocketError: there is no such group.
    """
    if group is None:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        if group.isascii() and group.isdigit():
            return int(group)
        raise SocketError(f"socket_group: there is no group {group!r} on this machine") from None


# --- the lock ---


def _lock_path(path: str) -> str:
    return f"{path}.lock"


def _lock(path: str) -> int:
    """Return the descriptor of ``PATH.lock``, locked, our pid in it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        lock = os.open(_lock_path(path), flags, 0o600)
    except OSError as error:
        raise _NoLockError(_lock_trouble(path, error)) from None
    try:
        _take_lock(path, lock)
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    except OSError as error:
        os.close(lock)
        raise SocketError(_lock_trouble(path, error)) from None
    except SocketError:
        os.close(lock)
        raise
    return lock


def _take_lock(path: str, lock: int) -> None:
    """Lock an open lock file, or say which daemon has it."""
    found = os.fstat(lock)
    if not stat.S_ISREG(found.st_mode):
        raise SocketError(
            f"{_lock_path(path)} is not a regular file; look what it is, and remove it or choose another path"
        )
    if found.st_uid not in {os.geteuid(), 0}:
        # Whoever owns the file can hold its lock for ever, and in /tmp anybody can make it first.
        raise SocketError(
            f"{_lock_path(path)} belongs to {_user(found.st_uid)}, not to {_user(os.geteuid())}; remove it, or run the "
            "daemon as that user, or choose another path"
        )
    if found.st_nlink > 1:
        # Our pid is written into it, which would be the end of what else it is.
        raise SocketError(f"{_lock_path(path)} has other names (hard links); remove it, or choose another path")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # The holder writes its pid at once after it has the lock; in between the file may be empty.
        pid = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise SocketError(_taken(path, f"a daemon (pid {pid})")) from None


def _lock_trouble(path: str, error: OSError) -> str:
    name = _lock_path(path)
    if error.errno == errno.ELOOP:
        return f"{name} is a symbolic link and is not followed; remove it or choose another path"
    if error.errno == errno.EACCES and os.path.lexists(name):
        owner = _user(os.lstat(name).st_uid)
        return f"{name} belongs to {owner} and cannot be opened; remove it, or run the daemon as {owner}"
    return f"{name}: cannot be used: {error.strerror}"


def _taken(path: str, who: str) -> str:
    return f"{path} is in use by {who}; stop that one first, or choose another path for this one"


# --- the path ---


def _check_directory(path: str) -> None:
    folder = os.path.dirname(path) or "."
    try:
        found = os.stat(folder)
    except OSError as error:
        raise SocketError(f"{path}: its directory {folder} cannot be used: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise SocketError(f"{path}: {folder} is not a directory")
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise SocketError(
            f"{path}: everybody may write in {folder} and it has no sticky bit, so anybody could put another socket in "
            f"this one's place; chmod +t {folder}, or choose another directory"
        )
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise SocketError(f"{path}: {_user(os.geteuid())} may not write in {folder}")


def _check_place(path: str) -> None:
    """Refuse whatever is at ``path`` unless it is nothing, or a socket of ours."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SocketError(f"{path}: {error.strerror}") from None
    if stat.S_ISLNK(found.st_mode):
        raise SocketError(f"{path} is a symbolic link and is not followed; remove it or choose another path")
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketError(f"{path} exists and is not a socket; move it away or choose another path")
    if found.st_uid != os.geteuid():
        raise SocketError(
            f"{path} is a socket of {_user(found.st_uid)}, not of {_user(os.geteuid())}; stop that program and "
            "remove its socket, or choose another path"
        )


def _check_silent(path: str) -> None:
    """See that nobody listens at ``path`` without having asked for the lock."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(path)
            who = f"the program with pid {peer(probe).pid}, which is no cpanbridge daemon"
        except BlockingIOError:  # its backlog is full
            who = "another program"
        except (FileNotFoundError, ConnectionRefusedError):
            return
        except OSError as error:
            raise SocketError(f"{path}: cannot be looked at: {error.strerror or error}") from None
    raise SocketError(_taken(path, who))


def _bind(listening: socket.socket, path: str, gid: int | None) -> tuple[int, int]:
    """Bind with mode 0600, give the socket to the group, and return what tells it from others."""
    # The mode of a Unix socket is 0777 without the umask's bits. No other thread makes files while a daemon starts.
    umask = os.umask(0o177)
    try:
        listening.bind(path)
    finally:
        os.umask(umask)
    identity = _identity(os.lstat(path))
    if gid is not None:
        try:
            os.chown(path, -1, gid, follow_symlinks=False)
            os.chmod(path, 0o660)
        except OSError as error:
            os.unlink(path)
            raise SocketError(
                f"{path}: cannot give the socket to group {gid}: {error.strerror}; run the daemon as root or as a "
                "member of that group"
            ) from None
    return identity


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _start_time(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    # The second field is the program's name in parentheses and may hold blanks and parentheses itself.
    return int(text.rpartition(b")")[2].split()[19])
