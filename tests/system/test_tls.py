"""Streams: a caller hands the daemon a socket, and its connection becomes a stream of plain bytes through TLS."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import tls_server
from daemon_process import Connection, DaemonProcess
from tls_calls import as_bytes, at_rest, hand_over, open_files, outcome, request, settled, stream, trusting
from tls_server import Authority, TlsServer

ENABLED = '[modules]\nenabled = ["tls"]\n'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shared() -> Iterator[DaemonProcess]:
    daemon = DaemonProcess(toml=ENABLED + "[limits]\nmax_requests_per_minute = 1000000\n")
    yield daemon.start()
    daemon.cleanup()


@pytest.fixture
def tls(shared: DaemonProcess) -> Iterator[DaemonProcess]:
    """Return a daemon for all tests; what one of them leaves behind is the next one's to find."""
    yield shared
    shared.close_connections()
    at_rest(shared)


@pytest.fixture
def serve() -> Iterator[Callable[..., TlsServer]]:
    servers: list[TlsServer] = []

    def start(context: ssl.SSLContext | None, handler: Callable[[Any], None] = tls_server.serve_echo) -> TlsServer:
        servers.append(TlsServer(context, handler))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class TestStart:
    def test_a_stream(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """The answer tells what was agreed on; then bytes go through, both ways, as they are."""
        server = serve(authority.good)
        connection, answer = hand_over(tls, server.port, **trusting(authority, alpn=["http/1.1"]))
        result = answer["result"]
        assert answer["success"] and result["version"] == "TLSv1.3" and result["alpn"] == "http/1.1"
        assert result["cipher"].startswith("TLS_") and result["bits"] >= 128 and result["reused"] is False
        der = base64.b64decode(result["certificates"][0])
        assert ssl.DER_cert_to_PEM_cert(der).startswith("-----BEGIN CERTIFICATE-----")
        connection.send(bytes(range(256)) + b"\n{}\n")
        got = b""
        while len(got) < 260:
            got += connection.socket.recv(1000)
        assert got == bytes(range(256)) + b"\n{}\n"

    def test_refusals(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """A certificate that proves nothing ends the call in Python's words, unless none is wanted."""
        for fault, words in [
            ("wrong_name", "Hostname mismatch, certificate is not valid for 'localhost'."),
            ("untrusted", "unable to get local issuer certificate"),
            ("expired", "certificate has expired"),
        ]:
            server = serve(getattr(authority, fault))
            connection, answer = hand_over(tls, server.port, **trusting(authority))
            assert answer["error_type"] == "FunctionError" and answer["exception"] == "SSLCertVerificationError"
            assert answer["error"] == f"tls.start: certificate verify failed: {words}"
            assert connection.read_all() == b""
            stream(tls, server.port, authority, verify=False)

    def test_the_systems_authorities_are_the_default(
        self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """Who names no authorities trusts the system's, to whom ours is a stranger."""
        _, answer = hand_over(tls, serve(authority.good).port, server_name="localhost")
        assert "certificate verify failed" in answer["error"]

    def test_own_certificate(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """A server may ask for the caller's certificate."""
        server = serve(authority.asks_for_certificate)
        pem = (authority.folder / "client.pem").read_bytes()
        connection = stream(tls, server.port, authority, certificate=as_bytes(pem))
        connection.send(b"it is me")
        assert connection.socket.recv(100) == b"it is me"

    def test_versions_ciphers(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """Versions and ciphers can be bounded, in both directions."""
        server, old = serve(authority.good), serve(authority.old)
        wanted = trusting(
            authority, max_version="TLSv1.2", ciphers="ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"
        )
        _, answer = hand_over(tls, server.port, **wanted)
        assert answer["result"]["version"] == "TLSv1.2" and "AES128" in answer["result"]["cipher"]
        _, answer = hand_over(tls, old.port, **trusting(authority, min_version="TLSv1.3"))
        assert not answer["success"] and "protocol version" in answer["error"]

    def test_wrong_options(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """Each wrong option is named, and nothing stays open."""
        server = serve(authority.good)
        before = at_rest(tls)
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"ca": as_bytes(b"no certificate")}, "ca: not certificates that OpenSSL can read"),
            ({"ca": as_bytes(b"-----BEGIN NOTHING-----")}, "ca: there is no certificate in it"),
            ({"certificate": as_bytes(b"no")}, "certificate, key: OpenSSL cannot use them"),
            ({"ciphers": "none of these"}, "ciphers: OpenSSL knows none of 'none of these'"),
            ({"alpn": [""]}, "alpn: each protocol must have 1 to 255 ASCII characters"),
            ({"min_version": "SSLv3"}, "parameter 'min_version'"),
            ({"timeout": 0}, "parameter 'timeout'"),
            ({"server_name": "a\0b"}, "tls.start: "),
            ({"verify": True, "check_hostname": True, "server_name": None}, "check_hostname needs a server_name"),
            ({"key_file": "/etc/shadow"}, "unknown parameter 'key_file'"),
        ]
        for params, words in wrong:
            connection, answer = hand_over(tls, server.port, **{**trusting(authority), **params})
            assert answer.get("error_type") == "BadParams", (params, answer)
            assert words in answer["error"]
            settled(tls, before + 1)
            connection.close()

    def test_sessions_are_taken_up_again(
        self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """A second connection of the process with an equal key takes up the first one's session, as FTP servers ask."""
        server = serve(authority.old)
        first = stream(tls, server.port, authority, session_key="x")
        first.send(b"!")
        assert first.socket.recv(1) == b"!"
        for _ in range(3):
            connection, answer = hand_over(tls, server.port, **trusting(authority, session_key="x"))
            assert answer["result"]["reused"] is True
            connection.close()
            at_rest(tls, connected=1)
        assert hand_over(tls, server.port, **trusting(authority, session_key="y"))[1]["result"]["reused"] is False
        assert hand_over(tls, server.port, **trusting(authority))[1]["result"]["reused"] is False

    def test_a_stalled_handshake(self, tls: DaemonProcess, serve: Callable[..., TlsServer]) -> None:
        """A server that says nothing costs the time that the caller gives it, and no more."""
        _, answer = hand_over(tls, serve(None, tls_server.never_answer).port, server_name="localhost", timeout=0.3)
        assert answer["error"] == "tls.start: the server did not finish the handshake in time"

    def test_the_caller_goes_during_the_handshake(self, tls: DaemonProcess, serve: Callable[..., TlsServer]) -> None:
        """Its socket is closed soon."""
        server = serve(None, tls_server.never_answer)
        before = at_rest(tls)
        connection = tls.connect()
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            socket.send_fds(connection.socket, [request(server_name="localhost")], [sock.fileno()])
        tls.wait_until(lambda: open_files(tls), lambda count: count == before + 2, "the descriptor to be there")
        connection.close()
        settled(tls, before)

    def test_something_else_answers(self, tls: DaemonProcess, serve: Callable[..., TlsServer]) -> None:
        """What is no TLS at all is told in OpenSSL's words."""
        server = serve(None, lambda connection: connection.sendall(b"220 ready\r\n" * 10))
        _, answer = hand_over(tls, server.port, server_name="localhost")
        assert answer["error"] in {"tls.start: wrong version number", "tls.start: packet length too long"}


class TestDescriptors:
    def test_unfit(self, tls: DaemonProcess) -> None:
        """Only a connected stream socket will do, and nothing else stays open."""
        listening = socket.create_server(("127.0.0.1", 0))
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        unconnected = socket.socket()
        reading, writing = os.pipe()
        before = at_rest(tls)
        for number, why in [
            (listening.fileno(), "it listens"),
            (datagram.fileno(), "it is no stream socket of the Internet's or Unix's kind"),
            (unconnected.fileno(), "it is not connected"),
            (reading, "it is no socket"),
        ]:
            with tls.connect() as connection:
                socket.send_fds(connection.socket, [request(server_name="x")], [number])
                answer = json.loads(connection.read_line())
            assert answer["error_type"] == "BadParams"
            assert answer["error"] == f"tls.start: the descriptor cannot be used: {why}."
        settled(tls, before)
        for end in (reading, writing):
            os.close(end)
        for sock in (listening, datagram, unconnected):
            sock.close()

    def test_none(self, tls: DaemonProcess) -> None:
        """A call without one says what is missing."""
        answer = tls.call("tls", "start", {"server_name": "x"})
        assert answer["error_type"] == "BadParams" and "no descriptor came with the request" in answer["error"]

    @pytest.mark.parametrize("enabled", ["tls", "python"])
    def test_unasked(self, start_daemon: Callable[..., DaemonProcess], enabled: str) -> None:
        """Descriptors that nobody asked for are closed at once, however many come, by whatever way."""
        daemon = start_daemon(toml=f'[modules]\nenabled = ["{enabled}"]\n')
        before = at_rest(daemon) + 1
        with daemon.connect() as connection, open(os.devnull, "rb") as null:
            ping = b'{"module":"test","function":"ping"}\n'
            # With an ordinary request, many with one, with many requests, in the middle of one, alone.
            for pieces, numbers in [
                ([ping], 1),
                ([ping], 200),
                ([ping * 20], 200),
                ([b'{"module":"test",', b'"function":"ping"}', b"\n"], 10),
                ([b"\n"], 200),
                ([b'{"module":"sleep"', b"}\n"], 1),
            ] * 20:
                for piece in pieces:
                    socket.send_fds(connection.socket, [piece], [null.fileno()] * numbers)
                for _ in range(b"".join(pieces).count(b"\n")):
                    connection.read_line()
                assert open_files(daemon) <= before
            # Those that lie in a request that never ends go with it.
            for _ in range(50):
                with daemon.connect() as other:
                    for _ in range(5):
                        socket.send_fds(other.socket, [b"{"], [null.fileno()] * 100)
            settled(daemon, before)
        assert len(daemon.log_text().splitlines()) < 10

    def test_on_the_operators_socket(self, tls: DaemonProcess) -> None:
        """There nothing takes descriptors."""
        before = at_rest(tls)
        with Connection(tls.admin_socket) as connection, open(os.devnull, "rb") as null:
            for _ in range(20):
                socket.send_fds(
                    connection.socket, [b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'], [null.fileno()] * 50
                )
                connection.read_line()
                assert open_files(tls) <= before + 1

    def test_sent_ahead(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """What is sent before the answer is neither request nor stream: the connection is closed."""
        server = serve(authority.good)
        before = at_rest(tls)
        with tls.connect() as connection, socket.create_connection(("127.0.0.1", server.port)) as sock:
            socket.send_fds(
                connection.socket, [request(**trusting(authority)) + b"GET / HTTP/1.0\r\n"], [sock.fileno()]
            )
            answer = json.loads(connection.read_line())
            assert answer["error_type"] == "BadRequest" and "nothing may be sent after it" in answer["error"]
            assert connection.read_all() == b""
        settled(tls, before)

    def test_before_it(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """Ordinary calls on the same connection may come before."""
        server = serve(authority.good)
        with tls.connect() as connection, socket.create_connection(("127.0.0.1", server.port)) as sock:
            assert connection.call("test", "echo", [1])["result"] == [1]
            socket.send_fds(connection.socket, [request(**trusting(authority))], [sock.fileno()])
            assert outcome(connection)["success"]
            connection.send(b"through")
            assert connection.socket.recv(100) == b"through"


class TestStreams:
    def test_large_both_ways(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """12 MB there and back; a caller that is done writing still gets the rest."""
        connection = stream(tls, serve(authority.good).port, authority)
        data = os.urandom(1 << 20) * 12

        def write() -> None:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=write)
        writer.start()
        assert connection.read_all() == data
        writer.join()

    def test_the_server_goes_without_good_bye(
        self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """That is the end of input; what came before arrives."""

        def rude(connection: socket.socket) -> None:
            connection.sendall(b"x" * 100_000)

        connection = stream(tls, serve(authority.good, rude).port, authority)
        assert connection.read_all() == b"x" * 100_000
        connection.close()
        tls.wait_until(
            lambda: tls.call("system", "connections")["result"], lambda seen: seen["active_connections"] == 1, "the end"
        )

    def test_last_words_arrive(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """Who writes and closes at once has written; the server hears a good-bye in good order."""
        heard: list[bytes] = []
        done = threading.Event()

        def listen(connection: socket.socket) -> None:
            while data := connection.recv(65536):
                heard.append(data)
            connection.unwrap()  # raises when no good-bye has come
            heard.append(b"(good-bye)")
            done.set()

        server = serve(authority.good, listen)
        connection = stream(tls, server.port, authority)
        connection.send(b"QUIT\r\n" * 30_000)
        connection.close()
        assert done.wait(20), server.failures
        assert b"".join(heard) == b"QUIT\r\n" * 30_000 + b"(good-bye)"

    def test_a_slow_reader(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """A client that does not read stops the server; the daemon's memory stays flat and others are served."""
        sent = [0]

        def flood(connection: socket.socket) -> None:
            while True:
                connection.sendall(bytes(1 << 16))
                sent[0] += 1 << 16

        server = serve(authority.good, flood)
        process = psutil.Process(tls.pid)
        connections = [stream(tls, server.port, authority) for _ in range(10)]
        tls.wait_until(
            lambda: (sent[0], time.sleep(0.3), sent[0]), lambda seen: seen[0] == seen[2] > 0, "the flood to stop"
        )
        held, so_far = process.memory_info().rss, sent[0]
        assert tls.call("test", "echo", [1])["result"] == [1]
        assert held < 120 << 20
        # It goes on from where it stopped.
        read = 0
        while read < 20 << 20:
            read += len(connections[0].socket.recv(1 << 16))
        assert sent[0] > so_far
        assert process.memory_info().rss < held + (8 << 20)

    def test_a_server_that_does_not_read(
        self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """The client is stopped, too."""
        release = threading.Event()
        before = at_rest(tls)
        connection = stream(tls, serve(authority.good, lambda _: release.wait(20)).port, authority)
        connection.socket.settimeout(1.0)
        written = 0
        with contextlib.suppress(TimeoutError):
            while written < 64 << 20:
                written += connection.socket.send(bytes(1 << 16))
        assert written < 64 << 20
        assert psutil.Process(tls.pid).memory_info().rss < 120 << 20
        connection.close()
        release.set()
        settled(tls, before)

    def test_the_client_is_killed(
        self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """In the middle of a transfer: the daemon's descriptors come back, and the server learns of it."""
        learnt = threading.Event()

        def flood(connection: socket.socket) -> None:
            try:
                while True:
                    connection.sendall(bytes(1 << 16))
            finally:
                learnt.set()

        server = serve(authority.good, flood)
        before = at_rest(tls)
        script = (
            "import json, socket, sys\n"
            "sock = socket.create_connection(('127.0.0.1', int(sys.argv[2])))\n"
            "bridge = socket.socket(socket.AF_UNIX); bridge.connect(sys.argv[1])\n"
            "socket.send_fds(bridge, [sys.argv[3].encode() + b'\\n'], [sock.fileno()])\n"
            "sock.close()\n"
            "print(bridge.recv(1), flush=True)\n"
            "while True: bridge.recv(65536)\n"
        )
        line = request(**trusting(authority)).decode().strip()
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tls.socket), str(server.port), line], stdout=subprocess.PIPE
        ) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == b"b'{'\n"
            client.send_signal(signal.SIGKILL)
        assert learnt.wait(20)
        settled(tls, before)

    def test_the_server_vanishes(
        self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """A connection that is reset ends the stream for the client, too."""

        def reset(connection: socket.socket) -> None:
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        before = at_rest(tls)
        connection = stream(tls, serve(authority.good, reset).port, authority)
        connection.send(b"!" * 100)
        assert connection.read_all() == b""
        settled(tls, before)

    def test_damaged_records(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """Bytes that somebody put between end the stream; what came before them arrives."""
        server = serve(authority.good)
        theirs, ours = socket.socketpair()

        def between() -> None:
            upstream = socket.create_connection(("127.0.0.1", server.port))
            forth = threading.Thread(target=_copy, args=(theirs, upstream), daemon=True)
            forth.start()
            count = 0
            while data := upstream.recv(65536):
                count += 1
                theirs.sendall(data if b"stop" not in marks else b"\x17\x03\x03\x00\x20" + bytes(32))
            upstream.close()

        marks: list[bytes] = []
        threading.Thread(target=between, daemon=True).start()
        connection = tls.connect()
        socket.send_fds(connection.socket, [request(**trusting(authority))], [ours.fileno()])
        ours.close()
        assert outcome(connection)["success"]
        connection.send(b"good")
        assert connection.socket.recv(100) == b"good"
        marks.append(b"stop")
        connection.send(b"bad")
        assert connection.read_all() == b""
        tls.wait_for_log("A stream of tls.start ends: DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
        theirs.close()

    def test_within_a_stream(self, tls: DaemonProcess, authority: Authority, serve: Callable[..., TlsServer]) -> None:
        """A stream can be handed over like any socket: TLS within TLS, as proxies have it."""

        def inner(connection: ssl.SSLSocket) -> None:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tunnel = authority.good.wrap_bio(incoming, outgoing, server_side=True)
            said = b""
            while True:
                try:
                    said = said or tunnel.read(100)
                    tunnel.write(said)
                except ssl.SSLWantReadError:
                    pass
                connection.sendall(outgoing.read())
                if said:
                    return
                incoming.write(connection.recv(65536))

        outer = stream(tls, serve(authority.good, inner).port, authority)
        connection = tls.connect()
        socket.send_fds(connection.socket, [request(**trusting(authority))], [outer.socket.fileno()])
        outer.close()
        assert outcome(connection)["success"]
        connection.send(b"twice")
        assert connection.socket.recv(100) == b"twice"


class TestOperators:
    def test_handshakes_that_fail(
        self, start_daemon: Callable[..., DaemonProcess], authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """The log says for whom, with whom and why, once in ten seconds; all are counted; nothing else is in it."""
        daemon = start_daemon(toml=ENABLED)
        pem = (authority.folder / "client.pem").read_bytes()
        port = serve(authority.expired).port
        for _ in range(3):
            hand_over(daemon, port, **trusting(authority, certificate=as_bytes(pem)))
        silent = serve(None, tls_server.never_answer).port
        hand_over(daemon, silent, server_name="local\x1bhost", timeout=0.2)
        stream(daemon, serve(authority.good).port, authority)
        log = daemon.wait_for_log("in time")
        said = [line.partition("tls.start failed for ")[2] for line in log.splitlines() if "tls.start failed" in line]
        who = rf"pid {os.getpid()}, connection \d+, with "
        assert len(said) == 2
        assert re.fullmatch(
            rf"{who}127.0.0.1:{port}: certificate verify failed: certificate has expired \(as client, for localhost\)",
            said[0],
        )
        assert re.fullmatch(
            rf"{who}127.0.0.1:{silent}: the server did not finish the handshake in time \(as client, for "
            r"local\\x1bhost\) \(and 2 more failures since the last such line\)",
            said[1],
        )
        assert daemon.call("system", "connections")["result"]["failed_negotiations"] == 4
        assert "PRIVATE KEY" not in log

    def test_seen_and_counted(
        self,
        start_daemon: Callable[..., DaemonProcess],
        authority: Authority,
        serve: Callable[..., TlsServer],
    ) -> None:
        """A stream is a connection like any other: in the list, and against max_connections."""
        daemon = start_daemon("--max-connections=3", toml=ENABLED)
        port = serve(authority.good).port
        for _ in range(2):
            stream(daemon, port, authority)
        seen = daemon.call("system", "connections")["result"]
        assert seen["active_connections"] == 3
        assert [(row["state"], row["function"]) for row in seen["connections"]][:2] == [("stream", "tls.start")] * 2
        third, _ = daemon.wait_until(
            lambda: hand_over(daemon, port, **trusting(authority)), lambda got: got[1]["success"], "a third stream"
        )
        assert daemon.call("test", "ping")["error_type"] == "ConnectionLimit"
        third.close()
        daemon.wait_until(lambda: daemon.call("test", "ping"), lambda answer: answer["success"], "room")

    def test_idle_streams_end(
        self, start_daemon: Callable[..., DaemonProcess], authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """As any connection without a call does."""
        daemon = start_daemon(toml="idle_timeout = 1\n" + ENABLED)
        before = at_rest(daemon)
        connection = stream(daemon, serve(authority.good).port, authority)
        assert connection.read_all() == b""
        settled(daemon, before)

    def test_stopping(
        self, start_daemon: Callable[..., DaemonProcess], authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """A quiet stream is closed in good order at once; one in the middle of a transfer has the grace period."""
        tls = start_daemon(toml=ENABLED)
        said_good_bye = threading.Event()

        def patient(connection: socket.socket) -> None:
            assert connection.recv(1) == b""
            said_good_bye.set()

        def slow(connection: socket.socket) -> None:
            for _ in range(20):
                connection.sendall(b"y" * 1000)
                time.sleep(0.15)

        quiet = stream(tls, serve(authority.good, patient).port, authority)
        busy = stream(tls, serve(authority.good, slow).port, authority)
        os.kill(tls.pid, signal.SIGTERM)
        assert busy.read_all() == b"y" * 20_000
        assert quiet.read_all() == b""
        assert said_good_bye.wait(10)
        busy.close()
        assert tls.stop() == 0

    def test_a_daemon_that_is_killed(
        self, start_daemon: Callable[..., DaemonProcess], authority: Authority, serve: Callable[..., TlsServer]
    ) -> None:
        """Is the end of input for its callers."""
        tls = start_daemon(toml=ENABLED)
        connection = stream(tls, serve(authority.good).port, authority)
        tls.kill()
        assert connection.read_all() == b""


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
