"""What is wrong with a chain of certificates, for callers who judge it themselves: every fault, and not only the first.

``ssl`` verifies in the middle of a handshake and ends it with the first fault. So the chain is shown to a client of our
own, whose handshake goes as far as the certificates; each fault that is found is set aside for the next look.
"""

from __future__ import annotations

import os
import ssl
from typing import NamedTuple

import attrs

from bridge.modules._tls_context import Wanted, make_context

__all__ = ["Fault", "faults"]

LOOKS = 8

# OpenSSL's numbers (X509_V_ERR_...), by what sets the fault aside.
OF_TIME = frozenset({9, 10, 13, 14})
OF_TRUST = frozenset({2, 18, 19, 20, 21})
OF_REVOCATION = frozenset({3, 11, 12, 23, 44})
OF_NAME = frozenset({62, 63, 64})

CIPHERS = {"RSA": 0xC02F, "ECDSA": 0xC02B}
"""One for each kind of key: a client turns down a certificate whose key does not fit the cipher."""

RECORD = 16384


class Fault(NamedTuple):
    """One reason why a certificate is not to be trusted.

    ``final``: nothing behind it could be looked at, so nobody can say that it is the only one.
    """

    code: int
    message: str
    final: bool


def faults(wanted: Wanted, chain: list[bytes], server_name: str | None) -> list[Fault]:
    """Return what is wrong with a server's certificates; nothing if they prove what ``wanted`` asks for.

    Args:
        wanted: whom to trust and what to check.
        chain: what the server has sent, DER, its own first.
        server_name: the name it must prove to have.
    """
    found: list[Fault] = []
    wanted = attrs.evolve(
        wanted,
        verify=True,
        report=False,
        identity=attrs.evolve(wanted.identity, certificate=b"", key=b""),
        identities=(),
        min_version="TLSv1.2",
        max_version="TLSv1.2",
        ciphers="ECDHE+AESGCM",
        alpn=(),
        curve=None,
    )
    for _ in range(LOOKS):
        error = _look(wanted, chain, server_name)
        if error is None:
            return found
        code = error.verify_code
        if code in OF_TIME and wanted.check_time:
            wanted = attrs.evolve(wanted, check_time=False)
        elif code in OF_NAME and wanted.check_hostname:
            wanted = attrs.evolve(wanted, check_hostname=False)
        elif code in OF_REVOCATION and wanted.crl is not None:
            wanted = attrs.evolve(wanted, crl=None)
        elif code in OF_TRUST and not wanted.partial_chain:
            # As if the last one were an authority of the caller's; the others must be in order still.
            wanted = attrs.evolve(wanted, ca=_pem(chain[-1:]), partial_chain=True)
        elif code in OF_TRUST and wanted.ca != _pem(chain[:1]):
            wanted = attrs.evolve(wanted, ca=_pem(chain[:1]))
        else:
            found.append(Fault(code, error.verify_message, final=True))
            return found
        found.append(Fault(code, error.verify_message, final=False))
    return [*found, Fault(1, "more faults than are looked for", final=True)]


def _look(wanted: Wanted, chain: list[bytes], server_name: str | None) -> ssl.SSLCertVerificationError | None:
    """Return the first fault of a chain."""
    context = make_context(wanted)
    for cipher in CIPHERS.values():
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            incoming.write(_records(_hello(cipher) + _certificates(chain)))
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            return None  # it waits for what comes after certificates that it trusts
        except ssl.SSLCertVerificationError as error:
            return error
        except ssl.SSLError as error:
            if error.reason != "WRONG_CERTIFICATE_TYPE":
                return _unreadable(error.reason or str(error))
    return _unreadable("a key of a kind that is not known")


def _unreadable(why: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, why)
    error.verify_code, error.verify_message = 1, f"the certificates cannot be verified: {why.replace('_', ' ').lower()}"
    return error


def _hello(cipher: int) -> bytes:
    """Return a server's answer in TLS 1.2, with the extension that says that it renegotiates safely."""
    body = b"\x03\x03" + os.urandom(32) + b"\0" + cipher.to_bytes(2, "big") + b"\0" + b"\0\5\xff\1\0\1\0"
    return b"\2" + len(body).to_bytes(3, "big") + body


def _certificates(chain: list[bytes]) -> bytes:
    listed = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    body = len(listed).to_bytes(3, "big") + listed
    return b"\x0b" + len(body).to_bytes(3, "big") + body


def _records(messages: bytes) -> bytes:
    pieces = [messages[at : at + RECORD] for at in range(0, len(messages), RECORD)]
    return b"".join(b"\x16\3\3" + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def _pem(chain: list[bytes]) -> bytes:
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in chain).encode()
