"""The stream that an upgraded connection is: bytes between a client and its peer's socket, through a filter.

Each direction holds one piece of data at most: nothing is read from one side while the other has not taken what came
before. Flags of the sockets are not touched, since the client may have copies of the peer's.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.logger import Logger

from bridge.streamend import CHUNK, CallersEnd, End, is_hung_up
from bridge.upgrade import Filter, FilterError, Flow, Negotiation, Releasable, Step

if TYPE_CHECKING:
    from bridge.upgrade import Upgrade

__all__ = ["CHUNK", "Tunnel"]

QUIET = 1.0
"""Seconds without a byte after which a stream counts as quiet, so that nothing is lost when it is closed."""

LINGER = 2.0
LINGER_BYTES = 1 << 20
"""What the peer still says after both are done is read for so long and so far. Closing while something lies unread
would reset the connection, and what was written last might be lost on its way."""

_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL

FAULT = b'{"success":false,"error_type":"InternalError","error":"The daemon failed; its log says where."}\n'
"""What a negotiation ends with that did not end by itself."""

GIVEN_BACK = b'{"success":true}\n'
"""What goes with the peer's socket when its caller has it back."""


class _Spent:
    """The filter of a stream that is over. What the real one held, keys above all, is not to wait for a collector."""

    def from_client(self, data: bytes) -> Flow:
        return Flow()

    def from_peer(self, data: bytes) -> Flow:
        return Flow()

    def client_ended(self) -> Flow:
        return Flow()

    def peer_ended(self) -> Flow:
        return Flow()


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
        on_failed: called when the negotiation fails, with the reason ("" if the log has it) and the peer's address.

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
        on_failed: Callable[[str, str], None],
    ) -> None:
        self.active = True
        self.function_name = function_name
        self._filter: Filter = upgrade.filter
        self._seconds = seconds
        self._on_end = on_end
        self._on_failed = on_failed
        self._moved_at = seconds()
        self._reactor = reactor
        # Only where a filter can make use of it is a descriptor received; elsewhere the kernel throws it away.
        releasable = isinstance(upgrade.filter, Releasable)
        self._client: End = (CallersEnd if releasable else End)(self, client, reactor)
        self._peer = End(self, upgrade.peer, reactor)
        self._negotiation = upgrade.negotiation
        # A socket whose peer has closed does not tell any more who that was.
        self._peer_address = "" if upgrade.negotiation is None else _address(upgrade.peer)
        self._expiry: Any = None
        self._heir: socket.socket | None = None  # to which the peer's socket is to be given
        self._over = self._stopping = False
        self._done_at: float | None = None
        self._discarded = 0
        self._first = answer

    def start(self) -> None:
        """Send the answer; negotiate, or else begin to listen to both."""
        self._client.write(self._first)
        self._first = b""
        if self._negotiation is None:
            self._begin()
        else:
            self._expiry = self._reactor.callLater(self._negotiation.seconds, self._expired, self._negotiation)
            self._negotiate(self._negotiation, b"")

    # --- the ends call these ---

    def received(self, end: End, data: bytes) -> None:
        """Pass one piece on."""
        self.active = True
        if end is self._client:
            if end.handed is not None:
                self._filtered(lambda: self._filter.from_client(data[:-1]))
                number, end.handed = end.handed, None
                self._release(number)
            else:
                self._filtered(lambda: self._filter.from_client(data))
        elif self._negotiation is not None:
            self._negotiate(self._negotiation, data)
        elif self._done_at is not None:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.abort()
        else:
            self._filtered(lambda: self._filter.from_peer(data))

    def ended(self, end: End) -> None:
        """Pass on that one side says nothing more."""
        if self._negotiation is not None:  # the client is not listened to meanwhile
            self._negotiate(self._negotiation, None)
            return
        if self._heir is not None:
            self._give_back()
            return
        if end is self._client:
            if is_hung_up(end.socket):
                end.give_up()
            self._filtered(self._filter.client_ended)
            self._peer.end_writing()
        else:
            self._filtered(self._filter.peer_ended)
            self._client.end_writing()
        self._balance()

    def drained(self, end: End) -> None:
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
        elif self._heir is not None:
            if is_hung_up(self._heir):
                self.abort()
        elif is_hung_up(self._client.socket):
            if self._negotiation is not None:
                self.abort()
                return
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
        if not self._peer.broken and self._negotiation is None:
            with contextlib.suppress(FilterError):
                self._peer.write(self._filter.client_ended().to_peer)
        self.abort()

    def abort(self) -> None:
        """End at once. Idempotent."""
        if self._over:
            return
        self._over = True
        self._filter = _Spent()
        self._negotiation = None
        self._client.stop()
        self._peer.stop()
        if self._expiry is not None and self._expiry.active():
            self._expiry.cancel()
        if self._heir is not None:
            self._heir.close()
        self._peer.socket.close()
        self._on_end()

    # --- before the stream ---

    def _negotiate(self, negotiation: Negotiation, data: bytes | None) -> None:
        """Have one step done in a thread: what a peer sends may cost much to look at."""
        self._peer.read(False)
        try:
            self._reactor.callInThread(self._step, negotiation, data)
        except RuntimeError as error:  # the system has no thread for us
            self.log.error("A negotiation of {function} ends: {why}", function=self.function_name, why=str(error))
            self._stepped(negotiation, Step(FAULT, over=False))

    def _step(self, negotiation: Negotiation, data: bytes | None) -> None:
        try:
            step = negotiation.step(data)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the client waiting
            self.log.failure("A negotiation of {function} failed", function=self.function_name)
            step = Step(FAULT, over=False)
        self._reactor.callFromThread(self._stepped, negotiation, step)

    def _expired(self, negotiation: Negotiation) -> None:
        self._stepped(negotiation, negotiation.expired())

    def _stepped(self, negotiation: Negotiation, step: Step) -> None:
        """Send what came of a step, and go on or begin or end."""
        if self._over or self._negotiation is not negotiation:
            return  # its time was over before
        self.active = True
        self._peer.write(step.to_peer)
        self._client.write(step.to_client)
        if step.over is None:
            if self._peer.finished:
                self._negotiate(negotiation, None)
            else:
                self._peer.read(True)
            return
        self._negotiation = None
        if self._expiry.active():
            self._expiry.cancel()
        if step.over:
            self._begin()
        else:
            self._on_failed(step.why, self._peer_address)
            # Its caller has a copy of the peer's socket and goes on with it: nothing is shut here.
            self._peer.dismiss()
            self._client.end_writing()
            self._balance()

    def _begin(self) -> None:
        """Pass on what the peer has said already, and listen to both."""
        self._filtered(lambda: self._filter.from_peer(b""))

    # --- the end of a stream whose peer's socket goes back to the client ---

    def _release(self, number: int) -> None:
        """End the filter's part; then the socket that came last is sent the peer's."""
        try:
            heir = socket.socket(fileno=number)
        except OSError:
            os.close(number)
            heir = None
        usable = heir is not None and heir.family == socket.AF_UNIX and heir.type == socket.SOCK_STREAM
        if self._over or self._heir is not None or not usable or heir is None:
            if heir is not None:
                heir.close()
            return
        assert isinstance(self._filter, Releasable)
        self._heir = heir
        unread = bool(self._client.unsent)
        self._client.dismiss()
        self._peer.keep_to(self._filter.boundary)
        if unread:
            self._give_back("what the peer had sent was not read")
        elif self._peer.finished or self._peer.broken:
            self._give_back()
        else:
            self._filtered(self._filter.release)

    def _give_back(self, fault: str | None = None) -> None:
        """Send the peer's socket to its heir, or say why not, and end."""
        if self._over or self._heir is None:
            return
        if fault is None and isinstance(self._filter, Releasable) and self._filter.leftover:
            fault = f"the peer sent {self._filter.leftover} bytes of plain text along with its good-bye"
        with contextlib.suppress(OSError):  # nobody is left to have it
            if fault is None:
                socket.send_fds(self._heir, [GIVEN_BACK], [self._peer.socket.fileno()], _FLAGS)
            else:
                self._heir.send(msgspec.json.encode({"success": False, "error": fault}) + b"\n", _FLAGS)
        self.abort()

    # --- inside ---

    def _filtered(self, step: Callable[[], Flow]) -> None:
        if self._over:
            return
        try:
            flow = step()
        except FilterError as error:
            self.log.info("A stream of {function} ends: {why}", function=self.function_name, why=str(error))
            self._peer.write(error.flow.to_peer)
            if self._heir is not None:
                self._give_back(str(error))
                return
            self._peer.dismiss()
            self._client.write(error.flow.to_client)
            self._client.end_writing()
            self._balance()
            return
        if flow.to_peer:
            self._peer.write(flow.to_peer)
        if self._heir is not None:
            if flow.to_client:
                self._give_back("the peer goes on to send encrypted data")
            elif flow.ended:
                self._peer.finished = True
        elif flow.to_client:
            self._client.write(flow.to_client)
        if flow.ended:
            self._client.end_writing()
        self._balance()

    def _balance(self) -> None:
        """Read from each side if the other has room; end when nothing can move any more."""
        if self._over or self._negotiation is not None:
            return
        client, peer = self._client, self._peer
        if self._heir is not None:
            if (peer.finished or peer.broken) and not peer.unsent:
                self._give_back()
            else:
                peer.read(True)
            return
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


def _address(peer: socket.socket) -> str:
    """Return where a socket is connected to, as operators write it; "" where that has no name."""
    try:
        name = peer.getpeername()
    except OSError:
        return ""
    if not isinstance(name, tuple):
        return f"unix:{name}" if isinstance(name, str) and name else ""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
