"""What a TLS connection trusts and offers: from a caller's options to an ``ssl.SSLContext``.

Contexts are kept for a while, because loading a machine's certificate authorities takes longer than a handshake.
Those with a private key are not: a key stays no longer than what it was sent for. As long as that is there, whoever
sends the same key with the same options shares the context, since a key's first use takes longer than a handshake, too.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Self
from weakref import WeakValueDictionary

import attrs

from bridge.modules._tls_filter import TlsConnection

__all__ = ["Contexts", "Identity", "Wanted", "make_context"]

KEPT = 16
"""Contexts kept at a time; one with all of a system's authorities takes about a megabyte."""

KEPT_SECONDS = 300.0
"""After this time a context is made anew, so that changed authorities of the system come into force."""

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}

SYSTEM_AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # BSD, macOS, Alpine
)
"""Where the authorities lie when OpenSSL does not know it: a Python that was built elsewhere looks in places that this
machine does not have."""

_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----.*?-----END (?:X509 )?CERTIFICATE-----", re.DOTALL)


NO_CHECK_TIME = 0x200000
"""OpenSSL's flag that leaves out whether certificates are valid now; ``ssl`` has no name for it."""


@attrs.frozen
class Identity:
    """A certificate with its chain, and its private key, PEM; the key may lie in ``certificate``."""

    certificate: bytes = attrs.field(default=b"", repr=False)
    key: bytes = attrs.field(default=b"", repr=False)
    password: str | None = attrs.field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.certificate or self.key)


@attrs.frozen
class Wanted:
    """A caller's options; ``docs/protocol.md`` says what they mean."""

    server_side: bool = False
    verify: bool = True
    check_hostname: bool = True
    report: bool = False
    require_certificate: bool = False
    ca: bytes | None = None
    crl: bytes | None = None
    check_time: bool = True
    partial_chain: bool = False
    identity: Identity = Identity()
    identities: tuple[Identity, ...] = ()
    names: tuple[tuple[str, tuple[Identity, ...]], ...] = ()
    own_order: bool = True
    dh: bytes = b""
    curve: str | None = None
    min_version: str | None = None
    max_version: str | None = None
    ciphers: str | None = None
    alpn: tuple[str, ...] = ()

    @property
    def digest(self) -> bytes:
        """What tells one set of options from any other."""
        short = attrs.evolve(self, ca=None, crl=None, identity=Identity(), identities=(), names=())
        found = hashlib.sha256(repr(attrs.astuple(short)).encode())
        own = [part for each in self.own for part in (each.certificate, each.key, (each.password or "").encode())]
        names = [name.encode() for name, _ in self.names]
        for part in (self.ca, self.crl, *own, *names):
            found.update(b"-" if part is None else b"%d:" % len(part))
            found.update(part or b"")
        return found.digest()

    @property
    def own(self) -> list[Identity]:
        """Everything that holds a private key."""
        by_name = [each for _, own in self.names for each in own]
        return [each for each in (self.identity, *self.identities, *by_name) if each]


class Contexts:
    """The contexts that are kept, the one used longest ago first. For any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, ssl.SSLContext]] = OrderedDict()
        self._in_use: WeakValueDictionary[bytes, ssl.SSLContext] = WeakValueDictionary()
        self._lock = threading.Lock()

    def get(self, wanted: Wanted) -> ssl.SSLContext:
        """Return a context, made now or a while ago.

        Raises:
            ValueError: an option is wrong; the message is a sentence that names it.
        """
        digest = wanted.digest
        if wanted.own or wanted.server_side:
            with self._lock:
                shared = self._in_use.get(digest)
            if shared is None:
                shared = make_context(wanted)
                with self._lock:
                    shared = self._in_use.setdefault(digest, shared)
            return shared
        with self._lock:
            made, context = self._kept.get(digest, (0.0, None))
            if context is not None and time.monotonic() - made < KEPT_SECONDS:
                self._kept.move_to_end(digest)
                return context
        context = make_context(wanted)
        with self._lock:
            self._kept[digest] = time.monotonic(), context
            self._kept.move_to_end(digest)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return context


def make_context(wanted: Wanted) -> ssl.SSLContext:
    """Make a context; see :meth:`Contexts.get`."""
    context = _make_context(wanted, (wanted.identity, *wanted.identities))
    if wanted.server_side:
        by_name = {name.lower(): _make_context(wanted, own) for name, own in wanted.names}
        context.sni_callback = lambda tls, name, _: _choose(tls, name, by_name)
    return context


def _choose(tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, by_name: dict[str, ssl.SSLContext]) -> None:
    """Take note of the name that a client asks for, and show it the certificate that is meant for it."""
    assert isinstance(tls, TlsConnection)
    tls.asked_name = name
    context = by_name.get((name or "").lower())
    if context is not None:
        tls.context = context


def _make_context(wanted: Wanted, own: Iterable[Identity]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if wanted.server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.sslobject_class = TlsConnection
    # A peer that asked for it in the middle of a write would have to be heard before the write could go on.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not wanted.own_order:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    _set_versions(context, wanted)
    if wanted.ciphers is not None:
        try:
            context.set_ciphers(wanted.ciphers)
        except ssl.SSLError:
            raise ValueError(f"ciphers: OpenSSL knows none of {wanted.ciphers[:200]!r}") from None
    if wanted.alpn:
        try:
            context.set_alpn_protocols(wanted.alpn)
        except (ssl.SSLError, UnicodeEncodeError):
            raise ValueError("alpn: each protocol must have 1 to 255 ASCII characters") from None
    _set_trust(context, wanted)
    for each in own:
        if each:
            _load_own_certificate(context, each)
    _set_key_exchange(context, wanted)
    return context


def _set_trust(context: ssl.SSLContext, wanted: Wanted) -> None:
    """Say whom to trust, and what comes of a peer whom one does not."""
    client = not wanted.server_side
    judged_later = wanted.report and client  # the chain is built, and whether it will do is another's to say
    context.check_hostname = wanted.verify and wanted.check_hostname and client and not judged_later
    if not wanted.verify or judged_later:
        context.verify_mode = ssl.CERT_NONE
    elif client or wanted.require_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    else:
        context.verify_mode = ssl.CERT_OPTIONAL
    if wanted.ca is not None:
        _load_authorities(context, wanted.ca)
    elif wanted.verify:
        _load_system_authorities(context)
    if wanted.partial_chain:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not wanted.check_time:
        context.verify_flags |= NO_CHECK_TIME
    if wanted.crl is not None:
        _load_revocations(context, wanted.crl)


def _load_revocations(context: ssl.SSLContext, crl: bytes) -> None:
    """Have revoked certificates refused, and all where there is no valid list of their authority."""
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if crl:
        with _memory_file(crl) as file:
            try:
                context.load_verify_locations(cafile=file.name)
            except ssl.SSLError as error:
                raise ValueError(f"crl: no list that OpenSSL can read: {error.reason or error}") from None


def _set_key_exchange(context: ssl.SSLContext, wanted: Wanted) -> None:
    if wanted.curve is not None:
        try:
            context.set_ecdh_curve(wanted.curve)
        except (ValueError, ssl.SSLError):
            raise ValueError(f"curve: OpenSSL does not know {wanted.curve[:200]!r}") from None
    if wanted.dh:
        with _memory_file(wanted.dh) as file:
            try:
                context.load_dh_params(file.name)
            except ssl.SSLError as error:
                raise ValueError(f"dh: OpenSSL cannot use it: {error.reason or error}") from None


def _set_versions(context: ssl.SSLContext, wanted: Wanted) -> None:
    try:
        if wanted.min_version is not None:
            context.minimum_version = VERSIONS[wanted.min_version]
        if wanted.max_version is not None:
            context.maximum_version = VERSIONS[wanted.max_version]
    except ValueError as error:
        raise ValueError(f"min_version, max_version: {error}") from None


def _load_authorities(context: ssl.SSLContext, ca: bytes) -> None:
    """Trust the certificates in ``ca``: PEM with whatever text around them, or DER, one after the other."""
    try:
        if b"-----BEGIN" not in ca:
            if ca:
                context.load_verify_locations(cadata=ca)
            return
        # A bundle may hold a certificate that OpenSSL cannot read, or hold one twice: that must not spoil the rest.
        found = [ssl.PEM_cert_to_DER_cert(_plain(pem.decode("ascii"))) for pem in _CERTIFICATE.findall(ca)]
        if not found:
            raise ValueError("ca: there is no certificate in it")
        context.load_verify_locations(cadata=b"".join(dict.fromkeys(found)))
        # Whoever names a certificate trusts it, be it an authority's own or one that another has signed.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    except ssl.SSLError as error:
        raise ValueError(f"ca: not certificates that OpenSSL can read: {error.reason or error}") from None
    except UnicodeDecodeError:
        raise ValueError("ca: what lies between BEGIN and END is not base64") from None


def _plain(pem: str) -> str:
    """Give a certificate its common frame; OpenSSL's own forms hold the same."""
    body = pem.split("-----")[2]
    return f"-----BEGIN CERTIFICATE-----\n{body.strip()}\n-----END CERTIFICATE-----"


def _load_system_authorities(context: ssl.SSLContext) -> None:
    """Trust what this system trusts: OpenSSL's own places, or else those where distributions keep them."""
    paths = ssl.get_default_verify_paths()
    context.set_default_verify_paths()
    if paths.cafile is None and (paths.capath is None or not os.listdir(paths.capath)):
        for path in SYSTEM_AUTHORITIES:
            if os.path.exists(path):
                context.load_verify_locations(cafile=path)
                return


def _load_own_certificate(context: ssl.SSLContext, identity: Identity) -> None:
    """Load the caller's certificate and key; ``ssl`` takes files only, so they lie in memory that looks like one."""
    with _memory_file(identity.certificate) as certificate, _memory_file(identity.key or identity.certificate) as key:
        password = identity.password
        try:
            # An empty answer to OpenSSL's question for the password; without one it would ask on the daemon's terminal.
            context.load_cert_chain(certificate.name, key.name, password=lambda: password or "")
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or str(error)
            raise ValueError(f"certificate, key: OpenSSL cannot use them: {reason}") from None


class _memory_file:  # noqa: N801 - used as a function
    """A file that is in no directory, with a name by which this process can open it."""

    def __init__(self, content: bytes) -> None:
        self._descriptor = os.memfd_create("cpanbridge-tls", os.MFD_CLOEXEC)
        self.name = f"/proc/self/fd/{self._descriptor}"
        os.write(self._descriptor, content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
