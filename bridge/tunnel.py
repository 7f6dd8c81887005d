"""The stream that an upgraded connection is: bytes between a client and its peer's socket, through a filter.

Each direction holds one piece of data at most: nothing is read from one side while the other has not taken what came
before. Flags of the sockets are not touched, since the client may have copies of the peer's.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.logger import Logger
from zope.interface import implementer

from bridge.upgrade import FilterError, Flow

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from bridge.upgrade import Upgrade

__all__ = ["CHUNK", "Tunnel"]

CHUNK = 65536
"""Bytes read at a time."""

QUIET = 1.0
"""Seconds without a byte after which a stream counts as quiet, so that nothing is lost when it is closed."""

LINGER = 2.0
LINGER_BYTES = 1 << 20
"""What the peer still says after both are done is read for so long and so far. Closing while something lies unread
would reset the connection, and what was written last might be lost on its way."""

_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


@implementer(IReadWriteDescriptor)
class _End:
    """One of the two sockets.

    Attributes:
        unsent: what the socket has not taken yet.
        finished: nothing more can be read from it.
        broken: nothing more can be written to it.
    """

    def __init__(self, tunnel: Tunnel, sock: socket.socket, reactor: Any) -> None:
        self.socket = sock
        self.unsent = b""
        self.finished = self.broken = False
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
            data = self.socket.recv(CHUNK, _FLAGS)
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

    def is_hung_up(self) -> bool:
        """Whether the other end is closed altogether, and not only for writing."""
        poller = select.poll()
        try:
            poller.register(self.socket.fileno(), 0)
            return any(events & (select.POLLHUP | select.POLLERR) for _, events in poller.poll(0))
        except (OSError, ValueError):
            return True

    def _shut(self) -> None:
        if not self.broken:
            self.broken = True
            with contextlib.suppress(OSError):  # it has gone, and reading will say so
                self.socket.shutdown(socket.SHUT_WR)


class Tunnel:
    """One stream, from the answer that began it to its end.

    Args:
        client: the socket of the caller's connection; stays its transport's.
        upgrade: the peer's socket, closed at the end, and the filter.
        answer: what the client is to read first.
        function_name: the function whose result this is.
        reactor: Twisted's.
        seconds: the clock.
        on_end: called once, when all is over and the client's connection can be closed.

    Attributes:
        active: whether a byte has moved since ``check`` looked last.
    """

    log = Logger()

    def __init__(
        self,
        client: socket.socket,
        upgrade: Upgrade,
        answer: bytes,
        *,
        function_name: str,
        reactor: Any,
        seconds: Callable[[], float],
        on_end: Callable[[], None],
    ) -> None:
        self.active = True
        self.function_name = function_name
        self._filter = upgrade.filter
        self._seconds = seconds
        self._on_end = on_end
        self._moved_at = seconds()
        self._client = _End(self, client, reactor)
        self._peer = _End(self, upgrade.peer, reactor)
        self._over = self._stopping = False
        self._done_at: float | None = None
        self._discarded = 0
        self._first = answer

    def start(self) -> None:
        """Send the answer and whatever the peer has said already, and begin to listen to both."""
        self._client.write(self._first)
        self._first = b""
        self._filtered(lambda: self._filter.from_peer(b""))

    # --- the ends call these ---

    def received(self, end: _End, data: bytes) -> None:
        """Pass one piece on."""
        self.active = True
        if end is self._client:
            self._filtered(lambda: self._filter.from_client(data))
        elif self._done_at is not None:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.abort()
        else:
            self._filtered(lambda: self._filter.from_peer(data))

    def ended(self, end: _End) -> None:
        """Pass on that one side says nothing more."""
        if end is self._client:
            if end.is_hung_up():
                end.give_up()
            self._filtered(self._filter.client_ended)
            self._peer.end_writing()
        else:
            self._filtered(self._filter.peer_ended)
            self._client.end_writing()
        self._balance()

    def drained(self, end: _End) -> None:
        """One side has taken what was sent to it, or has gone."""
        self.active = True
        self._balance()

    # --- the connection calls these ---

    def check(self, now: float, *, idle_timeout: float, write_timeout: float) -> None:
        """Look after deadlines; about once a second."""
        if self.active:
            self.active = False
            self._moved_at = now
        quiet = now - self._moved_at
        if self._done_at is not None:
            if now - self._done_at > LINGER:
                self.abort()
        elif quiet > idle_timeout or (self._stopping and quiet > QUIET):
            self.close()
        elif self._client.is_hung_up():
            # Nobody is left to read; what was written before still goes out, if the peer takes it.
            self._client.give_up()
            if quiet > write_timeout:
                self.close()
            else:
                self._balance()

    def close_when_quiet(self) -> None:
        """The daemon stops: close now, or when nothing moves any more."""
        self._stopping = True
        if not self.active and self._seconds() - self._moved_at > QUIET:
            self.close()

    def close(self) -> None:
        """Say good-bye to both sides as far as they listen, and end."""
        if self._over:
            return
        if not self._peer.broken:
            with contextlib.suppress(FilterError):
                self._peer.write(self._filter.client_ended().to_peer)
        self.abort()

    def abort(self) -> None:
        """End at once. Idempotent."""
        if self._over:
            return
        self._over = True
        self._client.stop()
        self._peer.stop()
        self._peer.socket.close()
        self._on_end()

    # --- inside ---

    def _filtered(self, step: Callable[[], Flow]) -> None:
        if self._over:
            return
        try:
            flow = step()
        except FilterError as error:
            self.log.info("A stream of {function} ends: {why}", function=self.function_name, why=str(error))
            self._peer.write(error.flow.to_peer)
            self._peer.dismiss()
            self._client.write(error.flow.to_client)
            self._client.end_writing()
            self._balance()
            return
        if flow.to_client:
            self._client.write(flow.to_client)
        if flow.to_peer:
            self._peer.write(flow.to_peer)
        if flow.ended:
            self._client.end_writing()
        self._balance()

    def _balance(self) -> None:
        """Read from each side if the other has room; end when nothing can move any more."""
        if self._over:
            return
        client, peer = self._client, self._peer
        if client.broken and peer.broken:
            if peer.finished:
                self.abort()
            elif self._done_at is None:
                self._done_at = self._seconds()
                client.read(False)
                peer.read(True)
            return
        client.read(not peer.unsent)
        peer.read(not client.unsent and not client.broken)
