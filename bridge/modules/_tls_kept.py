"""What outlives a TLS connection: sessions that clients take up again, and what a server's program has kept."""

from __future__ import annotations

import secrets
import ssl
import threading
import time
from collections import OrderedDict

from bridge.api import Session
from bridge.modules._tls_filter import TlsFilter

__all__ = ["Keepers", "Sessions"]

KEPT = 256
"""TLS sessions of connections that have ended, kept at a time."""

KEPT_SECONDS = 300.0
"""How long such a session is kept: as long as the context that it belongs to."""


class Sessions:
    """TLS sessions, by the process that made the connection and the key it gave: it may take them up again.

    That of a connection that is open comes first, as FTP servers ask for; the others are kept for a while.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], list[TlsFilter]] = {}
        self._kept: OrderedDict[tuple[object, ...], tuple[float, ssl.SSLContext, ssl.SSLSession]] = OrderedDict()
        self._lock = threading.Lock()

    def latest(self, key: tuple[object, ...], context: ssl.SSLContext) -> ssl.SSLSession | None:
        """Return the session of the connection that was opened last; sessions are bound to their context."""
        with self._lock:
            if key in self._open:
                latest = self._open[key][-1]
                return latest.tls.session if latest.context is context else None
            since, of_context, session = self._kept.get(key, (0.0, None, None))
        return session if of_context is context and time.monotonic() - since < KEPT_SECONDS else None

    def opened(self, key: tuple[object, ...], tls: TlsFilter) -> None:
        """Take note of a connection."""
        with self._lock:
            self._open.setdefault(key, []).append(tls)

    def ended(self, key: tuple[object, ...], tls: TlsFilter, *, keep: bool) -> None:
        """The connection has ended. Its session is kept only where no private key would be kept along with it."""
        now = time.monotonic()
        with self._lock:
            self._open[key].remove(tls)
            if not self._open[key]:
                del self._open[key]
            if keep and tls.tls.session is not None:
                self._kept[key] = now, tls.context, tls.tls.session
                self._kept.move_to_end(key)
            while self._kept and (len(self._kept) > KEPT or now - next(iter(self._kept.values()))[0] > KEPT_SECONDS):
                self._kept.popitem(last=False)


CONTEXTS_OF_A_KEEPER = 8


class Keepers:
    """Connections that keep servers' contexts, with their keys, from one client to the next: by an unguessable word."""

    def __init__(self) -> None:
        self._contexts: dict[str, OrderedDict[bytes, ssl.SSLContext]] = {}
        self._lock = threading.Lock()

    def add(self, session: Session) -> str:
        """Make a connection a keeper until it ends; return its word."""
        word: str | None = session.data.get("tls.keeper")
        if word is None:
            word = session.data["tls.keeper"] = secrets.token_urlsafe(24)
            with self._lock:
                self._contexts[word] = OrderedDict()
            session.on_close(lambda: self._contexts.pop(word, None))
        return word

    def keep(self, word: str, digest: bytes, context: ssl.SSLContext) -> bool:
        """Have a context kept; returns whether there is such a keeper."""
        with self._lock:
            kept = self._contexts.get(word)
            if kept is None:
                return False
            kept[digest] = context
            kept.move_to_end(digest)
            while len(kept) > CONTEXTS_OF_A_KEEPER:
                kept.popitem(last=False)
        return True
