"""Module ``tls``: encrypts a connection that the caller has made, for Perl's IO::Socket::SSL.

The caller sends the connected socket along with its call. The handshake is done here; then the caller's connection to
the daemon becomes a stream of plain bytes, and what runs through the socket is encrypted. The daemon connects nowhere:
it touches no socket but the one it was handed.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import ssl
import threading
import time
from typing import Annotated, Any, Literal

import msgspec

from bridge.api import BridgeError, Descriptor, ErrorType, Module, Session, Upgrade
from bridge.modules._tls_context import Contexts, Wanted
from bridge.modules._tls_filter import HandshakeTimeoutError, TlsFilter, shake_hands

__all__ = ["module"]

module = Module("tls", "Encrypts connections that callers hand over.")

Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Text = Annotated[str, msgspec.Meta(max_length=65536)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]

FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})

_contexts = Contexts()


class _Open:
    """Connections that are open, by who made them and the key he gave: others of his may take up their TLS sessions."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], list[TlsFilter]] = {}
        self._lock = threading.Lock()

    def latest_session(self, key: tuple[object, ...], context: ssl.SSLContext) -> ssl.SSLSession | None:
        """Return the session of the connection that was opened last; sessions are bound to their context."""
        with self._lock:
            latest = self._found.get(key, [None])[-1]
        return latest.tls.session if latest is not None and latest.context is context else None

    def add(self, key: tuple[object, ...], tls: TlsFilter) -> None:
        """Take note of a connection."""
        with self._lock:
            self._found.setdefault(key, []).append(tls)

    def remove(self, key: tuple[object, ...], tls: TlsFilter) -> None:
        """The connection has ended."""
        with self._lock:
            self._found[key].remove(tls)
            if not self._found[key]:
                del self._found[key]


_open = _Open()


@module.function(timeout=300)
def start(
    session: Session,
    descriptor: Descriptor,
    *,
    server_name: Text | None = None,
    verify: bool = True,
    check_hostname: bool = True,
    ca: bytes | None = None,
    certificate: bytes = b"",
    key: bytes = b"",
    password: Text | None = None,
    min_version: Version | None = None,
    max_version: Version | None = None,
    ciphers: Text | None = None,
    alpn: list[str] = [],  # noqa: B006 - never changed
    session_key: Text | None = None,
    timeout: Seconds = 60,
) -> Upgrade:
    """Do the client's part of a TLS handshake on the socket that came with the call.

    Args:
        session: the caller's.
        descriptor: a connected stream socket.
        server_name: what the server is asked for (SNI) and, with ``check_hostname``, must prove to be.
        verify: whether the server's certificate must come from an authority that is trusted.
        check_hostname: whether it must be made out to ``server_name``. Counts only with ``verify``.
        ca: the certificates to trust, PEM or DER, instead of the system's authorities.
        certificate: the caller's own certificate with its chain, PEM.
        key: its private key, PEM; may lie in ``certificate``.
        password: of the key.
        min_version: lowest version of TLS.
        max_version: highest version of TLS.
        ciphers: OpenSSL's list of ciphers, up to TLS 1.2.
        alpn: protocols to offer, the preferred one first.
        session_key: connections of one process with equal options and key share TLS sessions, as FTP servers ask for.
        timeout: seconds for the handshake.

    Returns:
        ``version``, ``cipher``, ``bits``, ``alpn``, ``certificates`` (DER in base64, the server's own first),
        ``reused``. The stream follows.
    """
    wanted = Wanted(
        verify=verify,
        check_hostname=check_hostname,
        ca=ca,
        certificate=certificate,
        key=key,
        password=password,
        min_version=min_version,
        max_version=max_version,
        ciphers=ciphers,
        alpn=tuple(alpn),
    )
    deadline = time.monotonic() + timeout
    sock = _adopt(descriptor)
    guard = _Guard(sock)
    try:
        session.on_close(guard.caller_has_gone)
        known_as = None if session_key is None else (session.peer, wanted.digest, server_name, session_key)
        tls = _make(wanted, server_name, known_as)
        shake_hands(tls, sock, deadline)
        if sock.family != socket.AF_UNIX:
            # What the caller writes is sent when it comes, not when the answer to the last piece has come.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if known_as is not None:
            _open.add(known_as, tls)
            session.on_close(lambda: _open.remove(known_as, tls))
        return Upgrade(_told(tls), sock, tls)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):  # ssl.SSLError is one
            raise _failed(error) from None
        raise
    finally:
        guard.over()


class _Guard:
    """Ends a handshake whose caller has gone."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock: socket.socket | None = sock

    def caller_has_gone(self) -> None:
        """Wake the thread that waits for the server."""
        sock = self._sock
        if sock is not None:
            with contextlib.suppress(OSError):  # the server may have gone, too
                sock.shutdown(socket.SHUT_RDWR)

    def over(self) -> None:
        """The handshake is done, or has failed."""
        self._sock = None


def _adopt(descriptor: Descriptor) -> socket.socket:
    """Make a socket of what the caller sent, if it is one that is connected."""
    number = descriptor.take()
    try:
        sock = socket.socket(fileno=number)
    except OSError:
        os.close(number)
        raise _unfit("it is no socket") from None
    try:
        if sock.family not in FAMILIES or sock.type != socket.SOCK_STREAM:
            raise _unfit("it is no stream socket of the Internet's or Unix's kind")
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise _unfit("it listens")
        try:
            sock.getpeername()
        except OSError:
            raise _unfit("it is not connected") from None
    except BaseException:
        sock.close()
        raise
    return sock


def _unfit(why: str) -> BridgeError:
    return BridgeError(ErrorType.BAD_PARAMS, f"tls.start: the descriptor cannot be used: {why}.")


def _make(wanted: Wanted, server_name: str | None, known_as: tuple[object, ...] | None) -> TlsFilter:
    if wanted.verify and wanted.check_hostname and not server_name:
        # OpenSSL would check nothing and say nothing.
        raise BridgeError(
            ErrorType.BAD_PARAMS,
            "tls.start: check_hostname needs a server_name; without one send check_hostname false.",
        )
    try:
        context = _contexts.get(wanted)
        session = None if known_as is None else _open.latest_session(known_as, context)
        return TlsFilter(context, server_name, session)
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"tls.start: {error}.") from None


def _told(tls: TlsFilter) -> dict[str, Any]:
    name, _, bits = tls.tls.cipher() or ("", "", 0)
    chain = getattr(tls.tls, "get_unverified_chain", None)  # from Python 3.13 on
    certificates = chain() if chain is not None else [tls.tls.getpeercert(binary_form=True)]
    return {
        "version": tls.tls.version(),
        "cipher": name,
        "bits": bits,
        "alpn": tls.tls.selected_alpn_protocol(),
        "certificates": [base64.b64encode(der).decode() for der in certificates if der],
        "reused": bool(tls.tls.session_reused),
    }


def _failed(error: OSError) -> BridgeError:
    """Say what went wrong, in OpenSSL's words where it was OpenSSL."""
    details: dict[str, object] = {"exception": type(error).__name__}
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"certificate verify failed: {error.verify_message}"
        details["verify_code"] = error.verify_code
    elif isinstance(error, ssl.SSLEOFError):
        text = "the server closed the connection during the handshake"
    elif isinstance(error, ssl.SSLError) and error.reason:
        text = error.reason.replace("_", " ").lower()
    elif isinstance(error, HandshakeTimeoutError):
        text = str(error)
    else:
        text = error.strerror or str(error)
    if isinstance(error, ssl.SSLError) and error.reason:
        details["reason"] = error.reason
    return BridgeError(ErrorType.FUNCTION_ERROR, f"tls.start: {text}", **details)
