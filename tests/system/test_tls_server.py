"""TLS as a server's caller has it, the end of TLS on a connection, and what callers judge themselves."""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from daemon_process import Connection, DaemonProcess
from tls_calls import as_bytes, at_rest, give, hand_over, open_files, outcome, settled, trusting
from tls_server import Authority, TlsServer, serve_echo

ENABLED = '[modules]\nenabled = ["tls"]\n'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def own() -> trustme.CA:
    """Return an authority for the servers that callers are."""
    return trustme.CA()


@pytest.fixture(scope="module")
def shared() -> Iterator[DaemonProcess]:
    # Two calls at a time: handshakes must not be among them.
    daemon = DaemonProcess(
        toml=ENABLED
        + "[limits]\nmax_requests_per_minute = 1000000\nmax_concurrent_requests = 2\nmax_connections = 100\n"
    )
    yield daemon.start()
    daemon.cleanup()


@pytest.fixture
def tls(shared: DaemonProcess) -> Iterator[DaemonProcess]:
    yield shared
    shared.close_connections()
    at_rest(shared)


_opened: list[socket.socket] = []


def kept(sock: socket.socket) -> socket.socket:
    """Have a socket closed when the test is over."""
    _opened.append(sock)
    return sock


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the client's end of a connection, and the one for the daemon."""
    theirs, ours = socket.socketpair()
    theirs.settimeout(20)
    return kept(theirs), kept(ours)


def identity(certificate: trustme.LeafCert) -> dict[str, object]:
    return {"certificate": as_bytes(certificate.private_key_and_cert_chain_pem.bytes())}


def serving(own: trustme.CA, **more: object) -> dict[str, object]:
    return {"server_side": True, "verify": False, **identity(own.issue_cert("localhost")), **more}


def client_of(own: trustme.CA, *, check_hostname: bool = True) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_hostname
    own.configure_trust(context)
    return context


class Meeting:
    """A client of Python's and a server whose TLS the daemon does."""

    def __init__(
        self, daemon: DaemonProcess, context: ssl.SSLContext, name: str = "localhost", **params: object
    ) -> None:
        theirs, ours = pair()
        self.failure: Exception | None = None
        self.client: Any = None
        shaking = threading.Thread(target=self._shake, args=(theirs, context, name))
        shaking.start()
        self.connection = give(daemon, ours, **params)
        self.told = outcome(self.connection)
        shaking.join()

    def _shake(self, sock: socket.socket, context: ssl.SSLContext, name: str) -> None:
        try:
            self.client = kept(context.wrap_socket(sock, server_hostname=name))
        except OSError as error:
            self.failure = error
            sock.close()


class TestServer:
    def test_both_ways(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """The server is told what was agreed on and what the client asked for; then bytes go through."""
        context = client_of(own)
        context.set_alpn_protocols(["h2", "http/1.1"])
        meeting = Meeting(tls, context, **serving(own, alpn=["http/1.1"]))
        result = meeting.told["result"]
        assert result["version"] == "TLSv1.3" and result["alpn"] == "http/1.1" and result["asked_name"] == "localhost"
        assert result["certificates"] == []
        meeting.client.sendall(b"question")
        assert meeting.connection.socket.recv(100) == b"question"
        meeting.connection.send(b"answer" * 10_000)
        meeting.connection.close()
        got = b""
        while data := meeting.client.recv(65536):
            got += data
        assert got == b"answer" * 10_000  # and the good-bye came, or recv had raised

    def test_names(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """Each name has its certificate; whoever asks for another gets the one for all."""
        names = {name: [identity(own.issue_cert(name))] for name in ("one.example", "Two.example")}
        params = serving(own, certificates_by_name=names)
        for name in ("one.example", "two.example", "localhost"):
            meeting = Meeting(tls, client_of(own), name, **params)
            assert meeting.told["result"]["asked_name"] == name, meeting.told
        assert Meeting(tls, client_of(own), "three.example", **params).failure is not None

    def test_kinds_of_keys(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """A server may have certificates with keys of several kinds."""
        rsa = own.issue_cert("localhost", key_type=trustme.KeyType.RSA)
        for cipher in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"):
            context = client_of(own)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(cipher)
            meeting = Meeting(tls, context, **serving(own, more_certificates=[identity(rsa)]))
            assert meeting.told["result"]["cipher"] == cipher

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_certificates_of_clients(self, tls: DaemonProcess, own: trustme.CA, version: ssl.TLSVersion) -> None:
        """They may be asked for, demanded, and must come from whom the server trusts."""
        clients = trustme.CA()
        with_one, stranger, without = client_of(own), client_of(own), client_of(own)
        clients.issue_cert("me@example.org").configure_cert(with_one)
        trustme.CA().issue_cert("me@example.org").configure_cert(stranger)
        for context in (with_one, stranger, without):
            context.minimum_version = context.maximum_version = version
        asking = serving(own, verify=True, ca=as_bytes(clients.cert_pem.bytes()))
        demanding = {**asking, "require_certificate": True}
        assert len(Meeting(tls, with_one, **asking).told["result"]["certificates"]) == 1
        assert Meeting(tls, without, **asking).told["result"]["certificates"] == []
        assert Meeting(tls, with_one, **demanding).told["success"]
        assert "certificate" in Meeting(tls, without, **demanding).told["error"]
        assert "certificate verify failed" in Meeting(tls, stranger, **asking).told["error"]

    def test_stalled_clients(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """Clients that say nothing, or half of a hello, keep nobody waiting, however many they are."""
        before = at_rest(tls)
        halves = []
        for number in range(30):
            theirs, ours = pair()
            theirs.sendall(b"\x16\x03\x01\x02\x00\x01" * (number % 2))
            halves.append((theirs, give(tls, ours, **serving(own, timeout=300))))
        for _, connection in halves:
            assert json.loads(connection.read_line())["success"]
        assert tls.call("test", "echo", [1])["result"] == [1]
        assert Meeting(tls, client_of(own), **serving(own)).told["success"]
        # The programs die; the clients are still there.
        tls.close_connections()
        settled(tls, before)
        for theirs, _ in halves:
            assert theirs.recv(100) == b""
            theirs.close()

    def test_in_time(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """A handshake has its time, and then the socket goes."""
        theirs, ours = pair()
        connection = give(tls, ours, **serving(own, timeout=0.2))
        assert outcome(connection)["error"] == "tls.start: the client did not finish the handshake in time"
        assert connection.read_all() == b"" and theirs.recv(1) == b""
        theirs.close()

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_keepers(self, tls: DaemonProcess, own: trustme.CA, version: ssl.TLSVersion) -> None:
        """A program's connection keeps its server for the next client, who may take up a session, until it ends."""
        params = serving(own)
        context = client_of(own)
        context.minimum_version = context.maximum_version = version

        def visit(session: ssl.SSLSession | None, keeper: str, connected: int) -> tuple[dict[str, Any], ssl.SSLSession]:
            client = _Bare(context, session)
            connection = client.meet(tls, {**params, "keeper": keeper})
            connection.send(b"!")
            client.read(1)  # and the tickets that came before
            connection.close()
            at_rest(tls, connected=connected)
            return client.told["result"], client.session

        keeper = tls.connect()
        answer = keeper.call("tls", "check", {"credentials": [identity(own.issue_cert("x"))]})
        word = answer["result"]["keeper"]
        told, session = visit(None, word, 1)
        assert (told["kept"], told["reused"]) == (True, False)
        told, session = visit(session, word, 1)
        assert (told["kept"], told["reused"]) == (True, True)
        assert visit(session, "another word", 1)[0]["kept"] is False
        keeper.close()
        at_rest(tls)
        told, _ = visit(session, word, 0)
        assert (told["kept"], told["reused"]) == (False, False)

    def test_no_tls(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """The caller keeps a copy of the socket, and may say something to a client that speaks no TLS."""
        theirs, ours = pair()
        copy = kept(ours.dup())
        theirs.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert outcome(give(tls, ours, **serving(own)))["error"] == "tls.start: http request"
        copy.sendall(b"https, please")
        assert theirs.recv(100) == b"https, please"

    def test_operators_are_told(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """A client that does not trust the server says so; the log tells whom it asked for."""
        meeting = Meeting(tls, client_of(trustme.CA()), "www.localhost", **serving(own))
        assert "unknown ca" in meeting.told["error"]
        tls.wait_for_log("alert unknown ca (as server, for www.localhost)")

    def test_wrong_options(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """Each is named, and no key is in the log."""
        key = own.issue_cert("localhost").private_key_pem.bytes()
        wrong: list[tuple[dict[str, object], str]] = [
            ({"server_name": "x"}, "server_name and session_key are for clients"),
            ({"session_key": "x"}, "server_name and session_key are for clients"),
            ({"key": as_bytes(key)}, "certificate, key: OpenSSL cannot use them"),
            ({"curve": "none such"}, "curve: OpenSSL does not know 'none such'"),
            ({"dh": as_bytes(b"no")}, "dh: OpenSSL cannot use it"),
            ({"verify": True, "crl": as_bytes(b"no")}, "crl: no list that OpenSSL can read"),
            ({"more_certificates": [{"certificate": as_bytes(key), "colour": 1}]}, "more_certificates"),
        ]
        for params, words in wrong:
            theirs, ours = pair()
            answer = outcome(give(tls, ours, **serving(own, **params)))
            assert answer["error_type"] == "BadParams" and words in answer["error"], answer
            theirs.close()
        said = tls.call("tls", "check", {"credentials": [{"certificate": as_bytes(key)}]})
        assert said["error_type"] == "BadParams" and "certificate, key" in said["error"]
        good = tls.call("tls", "check", {"credentials": [identity(own.issue_cert("x"))], "ciphers": "ECDHE"})
        assert good["success"], good
        assert "PRIVATE KEY" not in tls.log_text()


class TestRelease:
    @staticmethod
    def release(connection: Connection) -> socket.socket:
        """Ask for the peer's socket; return where it will come."""
        mine, theirs = pair()
        socket.send_fds(connection.socket, [b"-"], [theirs.fileno()])
        theirs.close()
        return mine

    @staticmethod
    def released(mine: socket.socket) -> tuple[dict[str, Any], socket.socket | None]:
        data, numbers, _, _ = socket.recv_fds(mine, 4096, 1)
        mine.close()
        sock = kept(socket.socket(fileno=numbers[0])) if numbers else None
        if sock is not None:
            sock.settimeout(20)
        return (json.loads(data) if data else {}), sock

    def test_back_to_plain_text(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """Either side may begin: both say good-bye, and the connection goes on without TLS; nothing stays open."""
        before = at_rest(tls)
        for first in ("caller", "client"):
            meeting = Meeting(tls, client_of(own), **serving(own))
            meeting.connection.send(b"last")
            assert meeting.client.recv(100) == b"last"
            bare: list[socket.socket] = []
            unwrapping = threading.Thread(target=lambda met=meeting, into=bare: into.append(kept(met.client.unwrap())))
            if first == "client":
                unwrapping.start()
                assert meeting.connection.read_all() == b""
                mine = self.release(meeting.connection)
            else:
                mine = self.release(meeting.connection)
                assert meeting.client.recv(100) == b""
                unwrapping.start()
            answer, sock = self.released(mine)
            unwrapping.join()
            assert answer == {"success": True} and sock is not None
            bare[0].sendall(b"plain question")
            assert sock.recv(100) == b"plain question"
            sock.sendall(b"plain answer")
            assert bare[0].recv(100) == b"plain answer"
            # And once more with TLS, on the same connection.
            shaking = threading.Thread(target=_shake, args=(client_of(own), bare[0]))
            shaking.start()
            assert outcome(give(tls, sock, **serving(own)))["success"]
            shaking.join()
            tls.close_connections()
        settled(tls, before)

    def test_good_bye_and_plain_text_together(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """In one packet: given back whole if the caller had asked for it before, and refused in words if not."""
        for asked_before in (True, False):
            client = _Bare(client_of(own))
            connection = client.meet(tls, serving(own))
            mine = self.release(connection) if asked_before else None
            if asked_before:
                client.read_good_bye()
            client.socket.sendall(client.good_bye() + b"plain text")
            if mine is None:
                assert connection.read_all() == b""
                mine = self.release(connection)
            answer, sock = self.released(mine)
            if asked_before:
                assert answer == {"success": True} and sock is not None
                assert sock.recv(100) == b"plain text"
                sock.close()
            else:
                assert answer["error"] == "the peer sent 10 bytes of plain text along with its good-bye"
                assert sock is None

    def test_a_peer_that_goes_on(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """What it still sends encrypted is not lost without a word."""
        meeting = Meeting(tls, client_of(own), **serving(own))
        mine = self.release(meeting.connection)
        meeting.client.sendall(b"more")
        answer, sock = self.released(mine)
        assert answer["error"] == "the peer goes on to send encrypted data" and sock is None

    def test_nobody_waits_for_it(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """A caller who has gone meanwhile leaves nothing behind, whatever the peer does."""
        before = at_rest(tls)
        meeting = Meeting(tls, client_of(own), **serving(own))
        self.release(meeting.connection).close()
        tls.close_connections()
        settled(tls, before)
        meeting.client.close()

    def test_odd_descriptors(self, tls: DaemonProcess, own: trustme.CA) -> None:
        """What is no socket, or too many, is closed, and the stream goes on."""
        before = at_rest(tls)
        meeting = Meeting(tls, client_of(own), **serving(own))
        with open("/dev/null", "rb") as null, socket.socket() as other:
            at_work = open_files(tls)
            for numbers in ([null.fileno()], [other.fileno()], [null.fileno()] * 2, [null.fileno()] * 100):
                socket.send_fds(meeting.connection.socket, [b"ab-"], numbers)
                got = b""
                while len(got) < 2:
                    got += meeting.client.recv(100)
                assert got == b"ab"
                settled(tls, at_work)
        tls.close_connections()
        settled(tls, before)
        meeting.client.close()


def _shake(context: ssl.SSLContext, sock: socket.socket) -> None:
    kept(context.wrap_socket(sock, server_hostname="localhost"))


class _Bare:
    """A client whose records the test sends itself."""

    def __init__(self, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost", session=session)
        self.socket, self._other = pair()

    def meet(self, daemon: DaemonProcess, params: dict[str, object]) -> Connection:
        connection = give(daemon, self._other, **params)
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self._outgoing.read())
                self._incoming.write(self.socket.recv(65536))
        self.socket.sendall(self._outgoing.read())
        self.told = outcome(connection)
        assert self.told["success"]
        return connection

    @property
    def session(self) -> ssl.SSLSession:
        session = self._tls.session
        assert session is not None
        return session

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLWantReadError:
                self._incoming.write(self.socket.recv(65536))

    def read_good_bye(self) -> None:
        assert self.read(100) == b""

    def good_bye(self) -> bytes:
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        return self._outgoing.read()


class TestJudging:
    def test_report(self, tls: DaemonProcess, authority: Authority) -> None:
        """A caller who judges himself is told of all that is wrong, and has the connection."""
        for fault, codes in [("good", []), ("wrong_name", [62]), ("untrusted", [20]), ("expired", [10])]:
            server = TlsServer(getattr(authority, fault), serve_echo)
            connection, told = hand_over(tls, server.port, **trusting(authority, report=True))
            assert [code for code, _, _ in told["result"]["faults"]] == codes
            assert all(message and not final for _, message, final in told["result"]["faults"])
            assert len(told["result"]["verified"]) == (2 if fault == "good" else 0)  # up to the authority
            connection.send(b"mine to judge")
            assert connection.socket.recv(100) == b"mine to judge"
            server.close()

    def test_revoked(self, tls: DaemonProcess) -> None:
        """A certificate on its authority's list is refused, and so is one of an authority without a list."""
        ca = trustme.CA()
        good, bad = ca.issue_cert("localhost"), ca.issue_cert("localhost")
        key = serialization.load_pem_private_key(ca.private_key_pem.bytes(), None)
        issuer = x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject
        serial = x509.load_pem_x509_certificate(bad.cert_chain_pems[0].bytes()).serial_number
        now = datetime.datetime.now(datetime.UTC)
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = x509.CertificateRevocationListBuilder(issuer, now, now + datetime.timedelta(days=1))
        crl = (
            builder.add_revoked_certificate(revoked).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )  # type: ignore[arg-type]
        for certificate, listed, words in [
            (good, crl, None),
            (bad, crl, "certificate revoked"),
            (good, b"", "unable to get certificate CRL"),
        ]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server = TlsServer(context, serve_echo)
            params = {"server_name": "localhost", "ca": as_bytes(ca.cert_pem.bytes()), "crl": as_bytes(listed)}
            _, told = hand_over(tls, server.port, **params)
            assert told.get("error") == (words and f"tls.start: certificate verify failed: {words}")
            server.close()


class TestMaking:
    def test_a_certificate(self, tls: DaemonProcess) -> None:
        """A key and a certificate that the daemon has made serve a server, and are not in the log."""
        key = tls.call("tls", "make_key", {"kind": "ec"})["result"]["key"]
        now = int(datetime.datetime.now(datetime.UTC).timestamp())
        wanted = {
            "subject": [["commonName", "localhost"]],
            "subject_alt_names": [["DNS", "localhost"]],
            "key": key,
            "not_before": now - 10,
            "not_after": now + 3600,
            "extended_key_usage": ["serverAuth"],
        }
        made = tls.call("tls", "make_certificate", {"certificate": wanted})["result"]["certificate"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=made)
        params = {"server_side": True, "verify": False, "certificate": as_bytes((made + key).encode())}
        assert Meeting(tls, context, **params).told["success"]
        assert "PRIVATE KEY" not in tls.log_text()

    def test_wrong_wishes(self, tls: DaemonProcess) -> None:
        """Each is named."""
        key = tls.call("tls", "make_key", {"kind": "ec", "curve": "secp384r1"})["result"]["key"]
        fine = {"subject": [["commonName", "x"]], "key": key, "not_before": 0, "not_after": 1}
        wrong: list[tuple[dict[str, object], str]] = [
            ({"key": "no"}, "key: not a private key"),
            ({"digest": "md5"}, "digest: there is none called 'md5'"),
            ({"subject": [["colour", "red"]]}, "subject: there is nothing called 'colour'"),
            ({"issuer_key": key}, "issuer_certificate, issuer_key: one needs the other"),
            ({"subject_alt_names": [["IP", "1.2.3"]]}, "'1.2.3' does not appear to be an IPv4 or IPv6 address"),
            ({"subject_alt_names": [["FAX", "1"]]}, "FAX"),
            ({"not_after": 10**18}, "not_after: 1000000000000000000 is no time"),
            ({"serial": "abc"}, "invalid literal"),
        ]
        for params, words in wrong:
            answer = tls.call("tls", "make_certificate", {"certificate": {**fine, **params}})
            assert answer["error_type"] == "BadParams" and words in answer["error"], answer
        assert "curve" in tls.call("tls", "make_key", {"kind": "ec", "curve": "x"})["error"]
        assert "bits" in tls.call("tls", "make_key", {"bits": 100000})["error"]
        assert "tls.read_pkcs12: " in tls.call("tls", "read_pkcs12", {"data": as_bytes(b"no")})["error"]
