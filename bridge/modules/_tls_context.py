"""What a TLS connection trusts and offers: from a caller's options to an ``ssl.SSLContext``.

Contexts are kept for a while, because loading a machine's certificate authorities takes longer than a handshake.
Those with a private key are not: a key stays no longer than the connection that it was sent for.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import threading
import time
from collections import OrderedDict
from typing import Self

import attrs

__all__ = ["Contexts", "Wanted"]

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


@attrs.frozen
class Wanted:
    """A caller's options; ``docs/protocol.md`` says what they mean."""

    verify: bool = True
    check_hostname: bool = True
    ca: bytes | None = None
    certificate: bytes = b""
    key: bytes = b""
    password: str | None = None
    min_version: str | None = None
    max_version: str | None = None
    ciphers: str | None = None
    alpn: tuple[str, ...] = ()

    @property
    def digest(self) -> bytes:
        """What tells one set of options from any other."""
        found = hashlib.sha256(repr(attrs.astuple(attrs.evolve(self, ca=None, certificate=b"", key=b""))).encode())
        for part in (self.ca, self.certificate, self.key):
            found.update(b"-" if part is None else b"%d:" % len(part))
            found.update(part or b"")
        return found.digest()


class Contexts:
    """The contexts that are kept, the one used longest ago first. For any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, ssl.SSLContext]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, wanted: Wanted) -> ssl.SSLContext:
        """Return a context, made now or a while ago.

        Raises:
            ValueError: an option is wrong; the message is a sentence that names it.
        """
        if wanted.certificate or wanted.key:
            return make_context(wanted)
        digest = wanted.digest
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
    """Make a client's context; see :meth:`Contexts.get`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = wanted.verify and wanted.check_hostname
    context.verify_mode = ssl.CERT_REQUIRED if wanted.verify else ssl.CERT_NONE
    # A server that asked for it in the middle of a write would have to be heard before the write could go on.
    context.options |= ssl.OP_NO_RENEGOTIATION
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
    if wanted.ca is not None:
        _load_authorities(context, wanted.ca)
    elif wanted.verify:
        _load_system_authorities(context)
    if wanted.certificate or wanted.key:
        _load_own_certificate(context, wanted)
    return context


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


def _load_own_certificate(context: ssl.SSLContext, wanted: Wanted) -> None:
    """Load the caller's certificate and key; ``ssl`` takes files only, so they lie in memory that looks like one."""
    with _memory_file(wanted.certificate) as certificate, _memory_file(wanted.key or wanted.certificate) as key:
        password = wanted.password
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
