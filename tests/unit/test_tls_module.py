"""Module ``tls``, as far as it needs no connection: contexts that are kept, authorities that are looked for."""

from __future__ import annotations

import ssl
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trustme

from bridge.api import BridgeError
from bridge.modules import _tls_context, tls
from bridge.modules._tls_context import Contexts, Identity, Wanted


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class TestContexts:
    def test_kept(self, authority: trustme.CA) -> None:
        """Equal options share a context, others have one of their own."""
        contexts = Contexts()
        pem = authority.cert_pem.bytes()
        first = contexts.get(Wanted(ca=pem))
        assert contexts.get(Wanted(ca=pem)) is first
        assert contexts.get(Wanted(ca=pem, check_hostname=False)) is not first
        assert contexts.get(Wanted(ca=pem + b"\n")) is not first

    def test_not_for_ever(self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the system trusts may have changed after a while; and there are only so many."""
        contexts = Contexts()
        wanted = Wanted(ca=authority.cert_pem.bytes())
        now = _tls_context.time.monotonic()
        monkeypatch.setattr(_tls_context.time, "monotonic", lambda: now)
        first = contexts.get(wanted)
        now += _tls_context.KEPT_SECONDS + 1
        second = contexts.get(wanted)
        assert second is not first
        for number in range(_tls_context.KEPT):
            contexts.get(Wanted(verify=False, alpn=(f"p{number}",)))
        assert contexts.get(wanted) is not second

    def test_keys_are_not_kept(self, authority: trustme.CA) -> None:
        """A context with a private key is shared as long as somebody has it, and is gone with the last one."""
        contexts = Contexts()
        identity = Identity(authority.issue_cert("me").private_key_and_cert_chain_pem.bytes())
        for server_side in (False, True):
            wanted = Wanted(server_side=server_side, verify=False, identity=identity)
            first = contexts.get(wanted)
            assert contexts.get(wanted) is first
            assert contexts.get(attrs.evolve(wanted, alpn=("x",))) is not first
            gone = weakref.ref(first)
            del first
            assert gone() is None
        assert not contexts._kept

    def test_verified_unless_told_otherwise(self) -> None:
        """The defaults are the safe ones."""
        context = Contexts().get(Wanted(ca=b""))
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


class TestAuthorities:
    def test_a_bundle(self, authority: trustme.CA) -> None:
        """Certificates among other text, twice, and with a broken one beside them; or as DER."""
        pem = authority.cert_pem.bytes()
        context = Contexts().get(Wanted(ca=b"# mine\n" + pem + b"\nand again\n" + pem))
        assert len(context.get_ca_certs()) == 1
        other = trustme.CA().cert_pem.bytes()
        assert len(Contexts().get(Wanted(ca=pem + other)).get_ca_certs()) == 2
        der = b"".join(ssl.PEM_cert_to_DER_cert(each.decode()) for each in (pem, other))
        assert len(Contexts().get(Wanted(ca=der)).get_ca_certs()) == 2

    def test_where_openssl_does_not_look(
        self, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A Python that was built elsewhere finds the authorities of this system none the less."""
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(authority.cert_pem.bytes())
        nowhere = ssl.get_default_verify_paths()._replace(cafile=None, capath=None)
        monkeypatch.setattr(_tls_context.ssl, "get_default_verify_paths", lambda: nowhere)
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
        monkeypatch.setattr(_tls_context, "SYSTEM_AUTHORITIES", ("/nowhere", str(bundle)))
        found = Contexts().get(Wanted()).get_ca_certs()
        assert [each["subject"] for each in found] == [each["subject"] for each in found if "trustme" in str(each)]
        assert found


class TestMaking:
    @pytest.mark.parametrize(
        "call",
        [tls.make_key, lambda: tls.make_certificate({}), lambda: tls.read_pkcs12(b"")],
        ids=["key", "own", "file"],
    )
    def test_without_cryptography(self, monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> None:
        """Who lacks the package is told what to install; connections do not need it."""
        monkeypatch.setitem(sys.modules, "bridge.modules._tls_make", None)
        with pytest.raises(BridgeError, match=r"needs Python's package cryptography .* cpanbridge\[tls\]"):
            call()
