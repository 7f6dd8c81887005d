"""What is wrong with certificates: all of it, in OpenSSL's numbers, for callers who judge themselves."""

from __future__ import annotations

import datetime
import ssl

import attrs
import pytest
import trustme

from bridge.modules._tls_context import Identity, Wanted
from bridge.modules._tls_verify import faults

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def der(blobs: list[trustme.Blob]) -> list[bytes]:
    return [ssl.PEM_cert_to_DER_cert(blob.bytes().decode()) for blob in blobs]


def trusting(ca: trustme.CA) -> Wanted:
    return Wanted(ca=ca.cert_pem.bytes())


def codes(wanted: Wanted, chain: list[bytes], name: str = "localhost") -> list[int]:
    found = faults(wanted, chain, name)
    assert not any(fault.final for fault in found)
    assert all(fault.message for fault in found)
    return [fault.code for fault in found]


class TestFaults:
    @pytest.mark.parametrize("kind", list(trustme.KeyType))
    def test_none(self, ca: trustme.CA, kind: trustme.KeyType) -> None:
        """A good certificate has none, whatever its key, whether its authority is near or far."""
        for authority in (ca, ca.create_child_ca(kind)):
            chain = der(authority.issue_cert("localhost", key_type=kind).cert_chain_pems)
            assert codes(trusting(ca), chain) == []
        # What the caller offers himself has nothing to do with it.
        offers = attrs.evolve(
            trusting(ca), min_version="TLSv1.3", ciphers="AES256-SHA256", alpn=("h2",), identity=Identity(b"no", b"no")
        )
        assert codes(offers, chain) == []

    def test_single_ones(self, ca: trustme.CA) -> None:
        """Time, name, trust and lists of revoked ones each have their number."""
        good = der(ca.issue_cert("localhost").cert_chain_pems)
        past = der(ca.issue_cert("localhost", not_before=NOW - 2 * DAY, not_after=NOW - DAY).cert_chain_pems)
        future = der(ca.issue_cert("localhost", not_before=NOW + DAY, not_after=NOW + 2 * DAY).cert_chain_pems)
        assert codes(trusting(ca), past) == [10]
        assert codes(trusting(ca), future) == [9]
        assert codes(trusting(ca), good, "elsewhere.example") == [62]
        assert codes(trusting(ca), good, "127.0.0.1") == [64]
        assert codes(trusting(trustme.CA()), good) == [20]
        assert codes(trusting(trustme.CA()), [*good, *der([ca.cert_pem])]) == [19]
        assert codes(Wanted(ca=ca.cert_pem.bytes(), crl=b""), good) == [3]

    def test_all_of_them(self, ca: trustme.CA) -> None:
        """None hides behind another."""
        past = der(ca.issue_cert("localhost", not_before=NOW - 2 * DAY, not_after=NOW - DAY).cert_chain_pems)
        wanted = Wanted(ca=trustme.CA().cert_pem.bytes(), crl=b"")
        assert sorted(codes(wanted, past, "elsewhere.example")) == [3, 10, 20, 62]

    def test_what_cannot_be_set_aside(self, ca: trustme.CA) -> None:
        """A forged or unreadable certificate ends the search, and nobody can say that nothing lies behind it."""
        forged = bytearray(der(ca.issue_cert("localhost").cert_chain_pems)[0])
        forged[-5] ^= 1
        (fault,) = faults(trusting(ca), [bytes(forged)], "localhost")
        assert (fault.code, fault.message, fault.final) == (7, "certificate signature failure", True)
        for chain in ([b"garbage"], []):
            assert faults(trusting(ca), chain, "localhost")[-1].final
