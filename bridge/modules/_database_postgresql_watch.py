"""Tells a program's event loop that its PostgreSQL server has said something, a notification above all.

libpq's programs wait for its socket, which is the daemon's here. In its place the program has a stream from the daemon,
in which a byte comes when that socket has something to read. A stream holds none of the daemon's slots, however long
it is waited for. One thread looks at the sockets of all connections that are watched; each is looked at until it has
something to read, and then not until it is armed again, since it is read by whoever asks the server next.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
import threading
import weakref

from bridge.api import BridgeError, ErrorType, Flow, Upgrade

__all__ = ["Watch", "lead_to"]

_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL

_named: weakref.WeakValueDictionary[str, Watch] = weakref.WeakValueDictionary()
"""The watches that streams may lead to, by their secret names."""


class Watch:
    """Looks at the socket of one connection to a server.

    Args:
        server: its descriptor, of which a copy is kept.

    Attributes:
        name: a secret, by which another connection of the program's to the daemon becomes the stream.
    """

    def __init__(self, server: int) -> None:
        self.name = secrets.token_hex(16)
        self.server = os.dup(server)
        self._stream: socket.socket | None = None
        self._lock = threading.Lock()
        _named[self.name] = self

    def lead(self) -> Upgrade:
        """Return a stream; the last one that was returned ends."""
        ours, theirs = socket.socketpair()
        with self._lock:
            old, self._stream = self._stream, ours
        if old is not None:
            old.close()
        return Upgrade(None, theirs, _Through())

    def arm(self) -> None:
        """Look at the socket from now on; what it has to read already counts."""
        with self._lock:
            if self.server >= 0 and self._stream is not None:
                _LOOKOUT.look_at(self)

    def tell(self) -> None:
        """Write a byte. Without a reader, or where many lie unread, nothing is lost by leaving it out."""
        with self._lock, contextlib.suppress(OSError):
            if self._stream is not None:
                self._stream.send(b"!", _FLAGS)

    def close(self) -> None:
        """End the stream: whoever waits for it learns that the connection has gone. Idempotent."""
        with self._lock:
            if self.server >= 0:
                _LOOKOUT.forget(self)
                os.close(self.server)
                self.server = -1
            if self._stream is not None:
                self._stream.close()
                self._stream = None


def lead_to(name: str) -> Upgrade:
    """Return a stream of the watch that has a name.

    Raises:
        BridgeError: ``BadParams``, when there is none.
    """
    watch = _named.get(name)
    if watch is None or watch.server < 0:
        raise BridgeError(ErrorType.BAD_PARAMS, "No connection to a database is watched by this name.")
    return watch.lead()


class _Lookout:
    """The thread that looks at all of the sockets; begun with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._poller: select.epoll | None = None
        self._watches: dict[int, Watch] = {}

    def look_at(self, watch: Watch) -> None:
        events = select.EPOLLIN | select.EPOLLONESHOT
        with self._lock:
            if self._poller is None:
                self._poller = select.epoll()
                threading.Thread(target=self._run, args=(self._poller,), name="postgresql-watch", daemon=True).start()
            if watch.server in self._watches:
                self._poller.modify(watch.server, events)
            else:
                self._watches[watch.server] = watch
                self._poller.register(watch.server, events)

    def forget(self, watch: Watch) -> None:
        with self._lock:
            if self._watches.pop(watch.server, None) is not None and self._poller is not None:
                self._poller.unregister(watch.server)

    def _run(self, poller: select.epoll) -> None:
        while True:
            for number, _ in poller.poll():
                with self._lock:
                    watch = self._watches.get(number)
                if watch is not None:
                    watch.tell()


_LOOKOUT = _Lookout()


class _Through:
    """Hands the watch's bytes on; what the program writes goes nowhere."""

    def from_client(self, data: bytes) -> Flow:
        return Flow()

    def from_peer(self, data: bytes) -> Flow:
        return Flow(to_client=data)

    def client_ended(self) -> Flow:
        return Flow()

    def peer_ended(self) -> Flow:
        return Flow()
