"""TLS without a socket: the steps of a handshake, then a filter between plain bytes and records."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from typing import Any

from bridge.api import FilterError, Flow

__all__ = ["TlsConnection", "TlsFilter"]

PIECE = 65536

HEADER = 5
"""Bytes before each record's body; the last two of them are the body's length."""


class TlsConnection(ssl.SSLObject):
    """One connection as ``ssl`` has it, for contexts whose ``sslobject_class`` it is.

    Attributes:
        asked_name: the name that a client asked its server for.
    """

    asked_name: str | None = None

    def chain(self, *, verified: bool) -> list[bytes]:
        """Return certificates in DER, the peer's own first: as it sent them, or up to the authority that is trusted."""
        inner: Any = self._sslobj  # type: ignore[attr-defined]  # public from Python 3.13 on only
        found: Sequence[Any | None] | None = inner.get_verified_chain() if verified else inner.get_unverified_chain()
        chain = [each.public_bytes(_DER) for each in found or () if each is not None]  # None: a client showed none
        if not verified and (own := self.getpeercert(binary_form=True)) and own not in chain:
            chain.insert(0, own)  # a session that was taken up again may know no more
        return chain


_DER = 2
"""``ssl``'s number for this form, which has no public name before Python 3.13."""


class TlsFilter:
    """One TLS connection, as the daemon's streams use it. Holds at most what came in one piece.

    Args:
        context: what is trusted and offered.
        server_name: the name the server is asked for, and, where the context says so, must prove; may be an address.
        session: of an earlier connection, to take up again.
        server_side: whether this is the server.

    Attributes:
        leftover: bytes that came along with the peer's good-bye and are behind it.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        server_name: str | None,
        session: ssl.SSLSession | None = None,
        *,
        server_side: bool = False,
    ) -> None:
        self.context = context
        self.leftover = 0
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ended = False
        self._header = b""  # of the record that is arriving, as far as it has come
        self._left = 0  # bytes of its body that are still to come
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name, session=session
        )

    def step(self, data: bytes | None) -> tuple[bool, bytes]:
        """Go on with the handshake.

        Args:
            data: what the peer sent; empty at first, ``None`` at its end.

        Returns:
            whether it is complete, and what to send.

        Raises:
            ssl.SSLError: it failed; :meth:`last_words` has what the peer should still be sent.
        """
        if data is None:
            self._incoming.write_eof()
        elif data:
            self._count(data)
            self._incoming.write(data)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False, self._outgoing.read()
        return True, self._outgoing.read()

    def last_words(self) -> bytes:
        """Return what is to be sent after a failure: the alert that tells the peer why."""
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
        if data:
            self._count(data)
            self._incoming.write(data)
        pieces = []
        try:
            while piece := self.tls.read(PIECE):
                pieces.append(piece)
            self._ended = True  # the peer has said good-bye
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended = True
        except ssl.SSLError as error:
            raise FilterError(_reason(error), Flow(b"".join(pieces), self._outgoing.read())) from None
        if self._ended:
            self.leftover = self._incoming.pending
        return Flow(pieces[0] if len(pieces) == 1 else b"".join(pieces), self._outgoing.read(), self._ended)

    def client_ended(self) -> Flow:
        """Say good-bye to the peer."""
        with contextlib.suppress(ssl.SSLError):  # it has not said good-bye itself, and need not
            self.tls.unwrap()
        return Flow(to_peer=self._outgoing.read())

    def peer_ended(self) -> Flow:
        """Many servers close without good-bye; that is the end of what can be read, as for OpenSSL's other users."""
        return Flow()

    # --- bridge.upgrade.Releasable ---

    def release(self) -> Flow:
        """Say good-bye, if that has not been done, to a peer that will be spoken to without TLS."""
        return self.client_ended()._replace(ended=self._ended)

    def boundary(self, waiting: bytes) -> int:
        """Return how much of ``waiting`` belongs to the record that is arriving."""
        if self._left:
            return min(self._left, len(waiting))
        missing = HEADER - len(self._header)
        if len(waiting) <= missing:
            return len(waiting)
        header = self._header + waiting[:missing]
        return min(len(waiting), missing + int.from_bytes(header[3:], "big"))

    # --- inside ---

    def _count(self, data: bytes) -> None:
        """Keep track of where records end."""
        at, end = 0, len(data)
        if not self._left and not self._header and int.from_bytes(data[3:HEADER], "big") == end - HEADER:
            return  # one record, and all of it: what most packets are
        while at < end:
            if self._left:
                taken = min(self._left, end - at)
                self._left -= taken
                at += taken
                continue
            piece = data[at : at + HEADER - len(self._header)]
            at += len(piece)
            self._header += piece
            if len(self._header) == HEADER:
                self._left = int.from_bytes(self._header[3:], "big")
                self._header = b""


def _reason(error: ssl.SSLError) -> str:
    return error.reason or str(error)
