"""The blocking client of the admin socket: answers, refusals, and whatever else may listen there."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from fake_admin import FakeAdmin, fake_admin

from bridge.adminclient import AdminClient
from bridge.adminwire import AdminError, AdminErrorCode, Snapshot
from bridge.client import NoDaemonError

Saying = Callable[..., str]


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[FakeAdmin]:
    with fake_admin(tmp_path) as server:
        yield server


@pytest.fixture
def saying(tmp_path: Path) -> Iterator[Saying]:
    """Return ``saying(bytes, ...) -> path``: a socket that says these bytes to whoever has asked, and closes."""
    threads: list[threading.Thread] = []

    def start(*pieces: bytes, wait: float = 0.0, listens: bool = True) -> str:
        path = str(tmp_path / "said.sock")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)

        def serve() -> None:
            with server, server.accept()[0] as client:
                if listens:
                    client.recv(1 << 16)
                try:
                    for piece in pieces:
                        client.sendall(piece)
                        time.sleep(wait)
                except BrokenPipeError:
                    pass

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return path

    yield start
    for thread in threads:
        thread.join(10)


class TestRequest:
    def test_result_has_the_shape_that_was_asked_for(self, admin: FakeAdmin) -> None:
        """Typed, plain or raw; parameters that are None are not sent."""
        with AdminClient(admin.path) as client:
            assert isinstance(client.request("status", Snapshot, connections=True, rows=None), Snapshot)
            assert client.request("status")["version"] == "1.2.3"
            assert isinstance(client.request("status", msgspec.Raw), msgspec.Raw)
        assert admin.asked("status") == [{"connections": True}, {}, {}]

    def test_refusal_keeps_its_facts(self, admin: FakeAdmin) -> None:
        """Code, sentence and data arrive; what is in the sentence cannot talk to the terminal."""
        error = {"code": -32002, "message": "too\x1b[2J late", "data": {"revision": 7, "message": "x", "self": 1}}
        admin.daemon.raw = json.dumps({"id": 1, "error": error}).encode() + b"\n"
        with AdminClient(admin.path) as client, pytest.raises(AdminError) as caught:
            client.request("limits.get")
        assert (caught.value.code, caught.value.data) == (AdminErrorCode.CONFLICT, {"revision": 7})
        assert caught.value.message == "too\\x1b[2J late"

    def test_whoever_is_refused_hears_who_may(self, saying: Saying) -> None:
        """The daemon says no before it has read anything, and closes; its word counts more than the broken pipe."""
        error = {"code": -32001, "message": "eve is neither in admin_users nor in observers."}
        path = saying(json.dumps({"id": None, "error": error}).encode() + b"\n", listens=False)
        client = AdminClient(path)
        time.sleep(0.1)
        with client, pytest.raises(AdminError, match="ask the daemon's operator to add you to admin_users or observ"):
            client.request("status")

    def test_notifications_between_request_and_answer_are_kept(self, saying: Saying) -> None:
        """They are not lost, nor taken for the answer; answers to older requests are passed over."""
        path = saying(
            b'{"method": "snapshot", "params": {"a": 1}}\n{"id": 99, "result": 0}\n{"id"',
            b': 1, "result": "mine"}\n{"method": "event", "params": {"b": 2}}\n',
        )
        with AdminClient(path) as client:
            assert client.request("subscribe") == "mine"
            news = client.notifications(5)
            assert [(method, bytes(data)) for method, data in (next(news), next(news))] == [
                ("snapshot", b'{"a": 1}'),
                ("event", b'{"b": 2}'),
            ]
            with pytest.raises(NoDaemonError, match="closed the connection"):
                next(news)

    def test_a_long_answer_in_small_pieces(self, saying: Saying) -> None:
        """Its cost is linear: two million bytes in pieces take no more than a moment."""
        text = "x" * 2_000_000
        line = json.dumps({"id": 1, "result": text}).encode() + b"\n"
        path = saying(*(line[at : at + 4096] for at in range(0, len(line), 4096)))
        with AdminClient(path) as client:
            assert client.request("history") == text


class TestNobodyThere:
    @pytest.mark.parametrize(
        "said", [b"HTTP/1.1 400\n", b"[]\n", b"{}\n", b"\xff\n", b'{"success": false, "error": "no module"}\n']
    )
    def test_somebody_else(self, saying: Saying, said: bytes) -> None:
        """Another program, or the socket for callers: it is said that this is not the admin socket."""
        with AdminClient(saying(said)) as client, pytest.raises(NoDaemonError, match="not the admin socket"):
            client.request("status")

    def test_another_version(self, saying: Saying) -> None:
        """An answer of another shape is no traceback."""
        path = saying(b'{"id": 1, "result": {"boot_id": 5}}\n')
        with AdminClient(path) as client, pytest.raises(NoDaemonError, match="of another version"):
            client.request("status", Snapshot)

    def test_one_who_dribbles_is_not_waited_for(self, saying: Saying) -> None:
        """A byte now and then does not prolong the time-out."""
        path = saying(*([b" "] * 20), wait=0.05)
        began = time.monotonic()
        with AdminClient(path, timeout=0.2) as client, pytest.raises(NoDaemonError, match=r"within 0\.2 s; whether it"):
            client.request("drain")
        assert time.monotonic() - began < 0.8

    def test_silence(self, saying: Saying) -> None:
        """A subscription that falls silent has an end, too."""
        with (
            AdminClient(saying(b"", wait=0.5)) as client,
            pytest.raises(NoDaemonError, match="said nothing for 0"),
        ):
            next(client.notifications(0.1))

    def test_dead_or_absent(self, tmp_path: Path) -> None:
        """The socket is named, safely, and what to do."""
        dead = str(tmp_path / "dead\x1b.sock")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(dead)
        for path in (dead, str(tmp_path / "none"), "/" + "x" * 200, "nul\0"):
            with pytest.raises(NoDaemonError, match=r"twistd cpanbridge.*--admin-socket") as caught:
                AdminClient(path)
            assert "\x1b" not in str(caught.value)

    def test_not_allowed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Permission denied names who may. Root may do everything, so the kernel's answer is faked."""

        def refuse(_self: object, _path: object) -> None:
            raise PermissionError(13, os.strerror(13))

        class Refused(socket.socket):
            connect = refuse  # type: ignore[assignment]

        monkeypatch.setattr("bridge.adminclient.socket.socket", Refused)
        with pytest.raises(NoDaemonError, match="add you to admin_users or observers"):
            AdminClient(str(tmp_path / "x"))

    def test_too_busy_to_accept(self, tmp_path: Path) -> None:
        """A backlog that stays full is told from a daemon that is not there."""
        path = str(tmp_path / "full.sock")
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as first:
            server.bind(path)
            server.listen(0)
            first.connect(path)
            with pytest.raises(NoDaemonError, match="too busy"):
                AdminClient(path, timeout=0.1)
