"""Module ``tls``: encrypts a connection that the caller has made, for Perl's IO::Socket::SSL.

The caller sends the connected socket along with its call. The handshake is done here; then the caller's connection to
the daemon becomes a stream of plain bytes, and what runs through the socket is encrypted. The daemon connects nowhere
and listens nowhere: it touches no socket but the one it was handed.
"""

from __future__ import annotations

import base64
import importlib
import os
import socket
import ssl
from types import ModuleType
from typing import Annotated, Any, Literal

import msgspec

from bridge.api import BridgeError, Descriptor, ErrorType, Module, Session, Upgrade
from bridge.modules._tls_context import Contexts, Identity, Wanted, make_context
from bridge.modules._tls_filter import TlsConnection, TlsFilter
from bridge.modules._tls_handshake import Handshake
from bridge.modules._tls_kept import Keepers, Sessions
from bridge.modules._tls_verify import faults

__all__ = ["module"]

module = Module("tls", "Encrypts connections that callers hand over.")

Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Text = Annotated[str, msgspec.Meta(max_length=65536)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]

FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})

_contexts = Contexts()


_sessions = Sessions()
_keepers = Keepers()


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """A certificate with its chain, and its private key, PEM; the key may lie in ``certificate``."""

    certificate: bytes = b""
    key: bytes = b""
    password: Text | None = None

    @property
    def identity(self) -> Identity:
        """The same as contexts have it."""
        return Identity(self.certificate, self.key, self.password)


@module.function(timeout=300)
def start(
    session: Session,
    descriptor: Descriptor,
    *,
    server_side: bool = False,
    server_name: Text | None = None,
    verify: bool = True,
    check_hostname: bool = True,
    report: bool = False,
    require_certificate: bool = False,
    ca: bytes | None = None,
    crl: bytes | None = None,
    certificate: bytes = b"",
    key: bytes = b"",
    password: Text | None = None,
    more_certificates: list[Credentials] = [],  # noqa: B006 - never changed
    certificates_by_name: dict[Text, list[Credentials]] = {},  # noqa: B006 - never changed
    min_version: Version | None = None,
    max_version: Version | None = None,
    ciphers: Text | None = None,
    own_order: bool = True,
    curve: Text | None = None,
    dh: bytes = b"",
    alpn: list[str] = [],  # noqa: B006 - never changed
    session_key: Text | None = None,
    keeper: Text | None = None,
    timeout: Seconds = 60,
) -> Upgrade:
    """Do one side's part of a TLS handshake on the socket that came with the call, once the call is over.

    Args:
        session: the caller's.
        descriptor: a connected stream socket.
        server_side: whether the caller is the server.
        server_name: what the server is asked for (SNI) and, with ``check_hostname``, must prove to be.
        verify: whether the server's certificate must come from an authority that is trusted; as a server, whether the
            client is asked for one, which must then.
        check_hostname: whether it must be made out to ``server_name``. Counts only with ``verify``.
        report: say what is wrong with the server's certificate instead of refusing it; the caller judges.
        require_certificate: as a server with ``verify``: refuse clients without a certificate.
        ca: the certificates to trust, PEM or DER, instead of the system's authorities.
        crl: lists of revoked certificates, PEM; with it, even if empty, the peer's certificate must be in the scope of
            a valid list and not on it.
        certificate: the caller's own certificate with its chain, PEM.
        key: its private key, PEM; may lie in ``certificate``.
        password: of the key.
        more_certificates: as a server: others to choose from, with keys of other kinds.
        certificates_by_name: as a server: those for clients that ask for a name.
        min_version: lowest version of TLS.
        max_version: highest version of TLS.
        ciphers: OpenSSL's list of ciphers, up to TLS 1.2.
        own_order: as a server: whether its order of ciphers counts, and not the client's.
        curve: the only curve for the exchange of keys.
        dh: as a server: parameters for the older exchange of keys, PEM.
        alpn: protocols to offer, the preferred one first.
        session_key: connections of one process with equal options and key share TLS sessions, as FTP servers ask for.
        keeper: what ``check`` returned: its connection keeps all this for the next client.
        timeout: seconds for the handshake.

    Returns:
        nothing; the stream begins with a line that tells how the handshake went.
    """
    wanted = Wanted(
        server_side=server_side,
        verify=verify,
        check_hostname=check_hostname,
        report=report,
        require_certificate=require_certificate,
        ca=ca,
        crl=crl,
        identity=Identity(certificate, key, password),
        identities=tuple(each.identity for each in more_certificates),
        names=tuple((name, tuple(each.identity for each in own)) for name, own in certificates_by_name.items()),
        min_version=min_version,
        max_version=max_version,
        ciphers=ciphers,
        own_order=own_order,
        curve=curve,
        dh=dh,
        alpn=tuple(alpn),
    )
    sock = _adopt(descriptor)
    try:
        known_as = None if session_key is None else (session.peer, wanted.digest, server_name, session_key)
        tls = _make(wanted, server_name, known_as)
        kept = keeper is not None and _keepers.keep(keeper, wanted.digest, tls.context)
        if sock.family != socket.AF_UNIX:
            # What the caller writes is sent when it comes, not when the answer to the last piece has come.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise

    def succeeded(connection: TlsConnection) -> dict[str, Any]:
        if known_as is not None:
            _sessions.opened(known_as, tls)
            session.on_close(lambda: _sessions.ended(known_as, tls, keep=not wanted.own))
        if server_side:
            return {"kept": kept}
        return _judged(wanted, connection, server_name) if report and verify else {}

    return Upgrade(None, sock, tls, Handshake(tls, timeout, succeeded))


@module.function
def check(
    session: Session,
    credentials: list[Credentials],
    *,
    ca: bytes | None = None,
    crl: bytes | None = None,
    ciphers: Text | None = None,
    curve: Text | None = None,
    dh: bytes = b"",
) -> dict[str, str]:
    """Say whether a server can be made of these, before there is a client; they mean the same as for ``start``.

    Args:
        session: the caller's.
        credentials: all its certificates with their keys.
        ca: authorities of its clients.
        crl: lists of revoked certificates.
        ciphers: OpenSSL's list of ciphers.
        curve: for the exchange of keys.
        dh: parameters for the older exchange of keys.

    Returns:
        ``keeper``: as long as this connection is open, it keeps for ``start`` what is sent along with this word.
    """
    own = tuple(each.identity for each in credentials)
    wanted = Wanted(
        server_side=True, verify=ca is not None, ca=ca, crl=crl, identities=own, ciphers=ciphers, curve=curve, dh=dh
    )
    try:
        make_context(wanted)
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"tls.check: {error}.") from None
    return {"keeper": _keepers.add(session)}


@module.function(timeout=60)
def make_key(
    kind: Literal["rsa", "ec"] = "rsa",
    *,
    bits: Annotated[int, msgspec.Meta(ge=1024, le=8192)] = 2048,
    curve: Text = "prime256v1",
) -> dict[str, str]:
    """Make a private key.

    Args:
        kind: of the key.
        bits: of a key for RSA.
        curve: of one for elliptic curves.

    Returns:
        ``key``, PEM.
    """
    make = _making("make_key")
    try:
        return {"key": make.make_key(kind, bits, curve)}
    except ValueError as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"tls.make_key: {error}.") from None


@module.function(timeout=60)
def make_certificate(certificate: dict[str, Any]) -> dict[str, str]:
    """Make a certificate.

    Args:
        certificate: what it is to say; ``docs/protocol.md`` has the fields.

    Returns:
        ``certificate``, PEM.
    """
    make = _making("make_certificate")
    try:
        return {"certificate": make.make_certificate(msgspec.convert(certificate, make.CertificateWanted))}
    except (ValueError, TypeError, msgspec.ValidationError) as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"tls.make_certificate: {error}.") from None


@module.function
def read_pkcs12(data: bytes, *, password: Text | None = None) -> dict[str, str]:
    """Read a certificate with its key from a file in the form PKCS#12.

    Args:
        data: what is in the file.
        password: of the file.

    Returns:
        ``certificate``, with its chain, and ``key``, PEM.
    """
    make = _making("read_pkcs12")
    try:
        certificate, key = make.read_pkcs12(data, password)
    except ValueError as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"tls.read_pkcs12: {error}.") from None
    return {"certificate": certificate, "key": key}


def _making(function: str) -> ModuleType:
    """Import what makes certificates, which is an extra: connections do not need it."""
    try:
        return importlib.import_module("bridge.modules._tls_make")
    except ImportError:
        raise BridgeError(
            ErrorType.BAD_PARAMS,
            f"tls.{function} needs Python's package cryptography where the daemon runs: "
            "have the operator install cpanbridge[tls].",
        ) from None


def _judged(wanted: Wanted, connection: TlsConnection, server_name: str | None) -> dict[str, Any]:
    """Say what is wrong with the server's certificates, and which of them, up to an authority, were looked at."""
    chain = connection.chain(verified=False)
    found = faults(wanted, chain, server_name)
    verified = connection.chain(verified=True) if not found else []
    return {
        "faults": [[fault.code, fault.message, fault.final] for fault in found],
        "verified": [base64.b64encode(der).decode() for der in verified],
    }


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
    if wanted.server_side and (server_name is not None or known_as is not None):
        raise BridgeError(ErrorType.BAD_PARAMS, "tls.start: server_name and session_key are for clients.")
    if wanted.verify and wanted.check_hostname and not server_name and not wanted.server_side:
        # OpenSSL would check nothing and say nothing.
        raise BridgeError(
            ErrorType.BAD_PARAMS,
            "tls.start: check_hostname needs a server_name; without one send check_hostname false.",
        )
    try:
        context = _contexts.get(wanted)
        session = None if known_as is None else _sessions.latest(known_as, context)
        return TlsFilter(context, server_name, session, server_side=wanted.server_side)
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"tls.start: {error}.") from None
