"""TLS without a socket: the handshake over any stream, then a filter between plain bytes and records."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from bridge.api import FilterError, Flow

__all__ = ["HandshakeTimeoutError", "TlsFilter", "shake_hands"]

PIECE = 65536

_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


class HandshakeTimeoutError(TimeoutError):
    """The server did not answer in time."""


class TlsFilter:
    """One TLS connection, as the daemon's streams use it. Holds at most what came in one piece.

    Args:
        context: what is trusted and offered.
        server_name: the name the server is asked for, and, where the context says so, must prove; may be an address.
        session: of an earlier connection, to take up again.
    """

    def __init__(self, context: ssl.SSLContext, server_name: str | None, session: ssl.SSLSession | None = None) -> None:
        self.context = context
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ended = False
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=False, server_hostname=server_name, session=session
        )

    def step(self, data: bytes | None) -> tuple[bool, bytes]:
        """Go on with the handshake.

        Args:
            data: what the server sent; empty at first, ``None`` at its end.

        Returns:
            whether it is complete, and what to send.

        Raises:
            ssl.SSLError: it failed; :meth:`last_words` has what the server should still be sent.
        """
        if data is None:
            self._incoming.write_eof()
        elif data:
            self._incoming.write(data)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False, self._outgoing.read()
        return True, self._outgoing.read()

    def last_words(self) -> bytes:
        """Return what is to be sent after a failure: the alert that tells the server why."""
        return self._outgoing.read()

    # --- bridge.api.Filter ---

    def from_client(self, data: bytes) -> Flow:
        """Encrypt."""
        try:
            while data:
                data = data[self.tls.write(data) :]
        except ssl.SSLError as error:
            raise FilterError(_reason(error), Flow(to_peer=self._outgoing.read())) from None
        return Flow(to_peer=self._outgoing.read())

    def from_peer(self, data: bytes) -> Flow:
        """Decrypt."""
        if self._ended:
            return Flow()
        self._incoming.write(data)
        pieces = []
        try:
            while piece := self.tls.read(PIECE):
                pieces.append(piece)
            self._ended = True  # the server has said good-bye
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended = True
        except ssl.SSLError as error:
            raise FilterError(_reason(error), Flow(b"".join(pieces), self._outgoing.read())) from None
        return Flow(pieces[0] if len(pieces) == 1 else b"".join(pieces), self._outgoing.read(), self._ended)

    def client_ended(self) -> Flow:
        """Say good-bye to the server."""
        with contextlib.suppress(ssl.SSLError):  # it has not said good-bye itself, and need not
            self.tls.unwrap()
        return Flow(to_peer=self._outgoing.read())

    def peer_ended(self) -> Flow:
        """Many servers close without good-bye; that is the end of what can be read, as for OpenSSL's other users."""
        return Flow()


def shake_hands(tls: TlsFilter, sock: socket.socket, deadline: float) -> None:
    """Do the handshake, waiting as long as the clock (``time.monotonic``) allows. Leaves the socket's flags alone.

    Raises:
        HandshakeTimeoutError: it took too long.
        ssl.SSLError: it failed.
        OSError: the connection did.
    """
    data: bytes | None = b""
    while True:
        try:
            done, answer = tls.step(data)
        except ssl.SSLError:
            with contextlib.suppress(OSError):  # the failure itself is what the caller hears of
                sock.send(tls.last_words(), _FLAGS)
            raise
        _send(sock, answer, deadline)
        if done:
            return
        data = _receive(sock, deadline) or None


def _send(sock: socket.socket, data: bytes, deadline: float) -> None:
    while data:
        try:
            data = data[sock.send(data, _FLAGS) :]
        except BlockingIOError:
            _wait(sock, select.POLLOUT, deadline)


def _receive(sock: socket.socket, deadline: float) -> bytes:
    while True:
        try:
            return sock.recv(PIECE, _FLAGS)
        except BlockingIOError:
            _wait(sock, select.POLLIN, deadline)


def _wait(sock: socket.socket, event: int, deadline: float) -> None:
    poller = select.poll()
    poller.register(sock, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poller.poll(left * 1000):
        raise HandshakeTimeoutError("the server did not finish the handshake in time")


def _reason(error: ssl.SSLError) -> str:
    return error.reason or str(error)
