"""What a connection has to send: at once where the socket takes it, in pieces where the client reads slowly.

Twisted's transport alone would wait for the event loop to find the socket writable, which it nearly always is: two
system calls and a turn of the loop for each answer. It stays in charge: whenever it holds bytes, or the socket does not
take all, what follows goes through it, and it is what notices a broken connection.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

__all__ = ["Outbox"]

WRITE_PIECE = 262144
"""Bytes handed to the transport at a time. A piece that leaves the buffer is the progress a slow reader must show."""


class Outbox:
    """The bytes that one connection's client has not been sent yet.

    Args:
        transport: Twisted's.
        sock: the socket below it; ``None`` (in a test) where there is none.

    Attributes:
        socket: as given, until it is about to be closed.
        blocked_since: seconds of the daemon's clock at which the client had to be waited for; ``None`` while it reads.
        sending: held by a call's thread while it sends, and by whoever must know whether it does.
    """

    __slots__ = ("_pieces", "_transport", "blocked_since", "sending", "socket")

    def __init__(self, transport: Any, sock: socket.socket | None) -> None:
        self.socket = sock
        self.blocked_since: float | None = None
        self.sending = threading.Lock()
        self._transport = transport
        self._pieces: deque[bytes] = deque()  # what the transport has no room for

    def __bool__(self) -> bool:
        """Whether pieces wait that the transport has no room for."""
        return bool(self._pieces)

    @property
    def idle(self) -> bool:
        """Whether there is a socket, and nothing is to be sent before what comes next."""
        return (
            self.socket is not None and self.blocked_since is None and not self._pieces and not self._transport_busy()
        )

    def write(self, data: bytes) -> None:
        """Send after all that was to be sent before."""
        if self._pieces or len(data) > WRITE_PIECE:
            self._pieces.extend(data[at : at + WRITE_PIECE] for at in range(0, len(data), WRITE_PIECE))
            if self.blocked_since is None:
                self._transport.write(self._pieces.popleft())
            return
        if self.socket is not None and not self._transport_busy():
            sent = self.send_now(data)
            if sent == len(data):
                return
            data = data[sent:]
        self._transport.write(data)

    def send_now(self, data: bytes) -> int:
        """Give the socket what it takes, and return how many bytes. Only where :attr:`idle` is true."""
        assert self.socket is not None
        try:
            return self.socket.send(data)
        except OSError:
            return 0

    def pause(self, now: float) -> None:
        """Take note that the transport has no room; may come many times."""
        if self.blocked_since is None:
            self.blocked_since = now

    def resume(self) -> None:
        """Hand on the next pieces: the transport has room again."""
        self.blocked_since = None
        while self._pieces and self.blocked_since is None:
            self._transport.write(self._pieces.popleft())

    def detach(self) -> None:
        """Let no thread send any more: the socket is about to be closed, and its number may soon be another's."""
        with self.sending:
            self.socket = None

    def clear(self) -> None:
        """Forget what was not sent: nobody is left to read it."""
        self.socket = None
        self._pieces.clear()

    def _transport_busy(self) -> bool:
        transport = self._transport
        return bool(transport.dataBuffer or transport._tempDataLen)  # noqa: SLF001 - no public way to ask
