"""One of the two sockets between which a stream's bytes move, as Twisted's reactor knows it.

Flags of the sockets are not touched, since the client may have copies of the peer's.
"""

from __future__ import annotations

import array
import contextlib
import os
import select
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IReadWriteDescriptor
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.python.failure import Failure

__all__ = ["CHUNK", "CallersEnd", "End", "EndUser", "is_hung_up"]

CHUNK = 65536
"""Bytes read at a time."""

_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
_CALLERS_FLAGS = _FLAGS | socket.MSG_CMSG_CLOEXEC
_ROOM = socket.CMSG_SPACE(4)


class EndUser(Protocol):
    """What an end tells its news: the stream."""

    def received(self, end: End, data: bytes) -> None:
        """One piece has come."""
        ...

    def ended(self, end: End) -> None:
        """Nothing more comes."""
        ...

    def drained(self, end: End) -> None:
        """What was unsent has been sent, or the other side has gone."""
        ...


def is_hung_up(sock: socket.socket) -> bool:
    """Whether the other end is closed altogether, and not only for writing."""
    poller = select.poll()
    try:
        poller.register(sock.fileno(), 0)
        return any(events & (select.POLLHUP | select.POLLERR) for _, events in poller.poll(0))
    except (OSError, ValueError):
        return True


@implementer(IReadWriteDescriptor)
class End:
    """One of the two sockets.

    Attributes:
        unsent: what the socket has not taken yet.
        finished: nothing more can be read from it.
        broken: nothing more can be written to it.
        boundary: tells how many of the bytes that lie here may be taken at once; see :meth:`keep_to`.
        handed: the number of the descriptor that came with the last byte of the last piece, else ``None``.
    """

    handed: int | None = None
    _takes_all = True  # nothing stands between the socket and who reads: the way of nearly every packet

    def __init__(self, tunnel: EndUser, sock: socket.socket, reactor: Any) -> None:
        self.socket = sock
        self.unsent = b""
        self.finished = self.broken = False
        self.boundary: Callable[[bytes], int] = len
        self._tunnel = tunnel
        self._reactor = reactor
        self._reading = self._writing = self._closing = False

    def fileno(self) -> int:
        """Return the descriptor, -1 once it is closed."""
        return self.socket.fileno()

    def logPrefix(self) -> str:
        """Name it in Twisted's log."""
        return "tunnel"

    # --- the reactor calls these ---

    def doRead(self) -> None:
        """Take one piece."""
        try:
            data = self.socket.recv(CHUNK, _FLAGS) if self._takes_all else self.receive()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.give_up()
            data = b""
        if data:
            self._tunnel.received(self, data)
        else:
            self.finish()

    def doWrite(self) -> None:
        """Send what is unsent."""
        data, self.unsent = self.unsent, b""
        self.write(data)
        self._tunnel.drained(self)

    def connectionLost(self, reason: Failure) -> None:
        """The other end has gone altogether, and the reactor has let go of us. What it sent may still lie here."""
        self._reading = self._writing = False
        self.give_up()
        self._tunnel.drained(self)

    def receive(self) -> bytes:
        """Return one piece; empty at the end.

        Raises:
            OSError: as the socket's ``recv``.
        """
        size = self.boundary(self.socket.recv(CHUNK, _FLAGS | socket.MSG_PEEK))
        return self.socket.recv(max(1, size), _FLAGS)

    def keep_to(self, boundary: Callable[[bytes], int]) -> None:
        """From now on take no more at once than ``boundary`` allows."""
        self.boundary = boundary
        self._takes_all = False

    # --- the tunnel calls these ---

    def write(self, data: bytes) -> None:
        """Send now what the socket takes, and the rest when it can."""
        if self.broken or not data:
            data = b""
        elif self.unsent:
            self.unsent += data
            return
        else:
            try:
                sent = self.socket.send(data, _FLAGS)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self.give_up()
                sent = len(data)
            self.unsent = data[sent:]
        if bool(self.unsent) != self._writing:
            self._writing = not self._writing
            (self._reactor.addWriter if self._writing else self._reactor.removeWriter)(self)
        if self._closing and not self.unsent:
            self._shut()

    def read(self, wanted: bool) -> None:
        """Begin or stop to read."""
        wanted = wanted and not self.finished
        if wanted != self._reading:
            self._reading = wanted
            (self._reactor.addReader if wanted else self._reactor.removeReader)(self)

    def finish(self) -> None:
        """Nothing more comes from this socket."""
        if not self.finished:
            self.read(False)
            self.finished = True
            self._tunnel.ended(self)

    def dismiss(self) -> None:
        """Have nothing more to do with the other end."""
        self.read(False)
        self.finished = True
        self.give_up()

    def end_writing(self) -> None:
        """Tell the other end, once it has everything, that nothing more comes."""
        self._closing = True
        if not self.unsent:
            self._shut()

    def give_up(self) -> None:
        """Nothing more can be written."""
        self.broken = True
        self.unsent = b""

    def stop(self) -> None:
        """Let go of the reactor."""
        self.read(False)
        self.unsent = b""
        if self._writing:
            self._writing = False
            self._reactor.removeWriter(self)

    def _shut(self) -> None:
        if not self.broken:
            self.broken = True
            with contextlib.suppress(OSError):  # it has gone, and reading will say so
                self.socket.shutdown(socket.SHUT_WR)


class CallersEnd(End):
    """The caller's, who may send a descriptor along with a byte, which is no part of the stream then."""

    _takes_all = False

    def receive(self) -> bytes:
        """Return one piece, and keep the first descriptor that came with it."""
        data, ancillary, _, _ = self.socket.recvmsg(CHUNK, _ROOM, _CALLERS_FLAGS)
        if ancillary:
            self._keep(ancillary)
        return data

    def _keep(self, ancillary: Iterable[tuple[int, int, bytes]]) -> None:
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                for number in array.array("i", content[: len(content) // 4 * 4]):
                    if self.handed is None:
                        self.handed = number
                    else:
                        os.close(number)
