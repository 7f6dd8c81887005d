"""Streams of modules of one's own: whatever becomes of the call, no socket is left over."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from daemon_process import Connection, DaemonProcess

LAB = '''
"""Functions that turn connections into streams, for tests."""
import socket, time
from bridge.api import Daemon, Descriptor, FilterError, Flow, Module, Upgrade

module = Module("lab")

class Shout:
    """Capitals one way, small letters the other; says something at each end, and cannot bear "!"."""

    def from_client(self, data):
        return Flow(to_peer=data.upper())

    def from_peer(self, data):
        if b"!" in data:
            raise FilterError("too loud", Flow(to_client=b"(before) ", to_peer=b"(sorry)"))
        return Flow(to_client=data.lower())

    def client_ended(self):
        return Flow(to_peer=b"(BYE)")

    def peer_ended(self):
        return Flow(to_client=b"(bye)")

def made(descriptor, result=None):
    return Upgrade(result, socket.socket(fileno=descriptor.take()), Shout())

@module.function
async def shout(descriptor: Descriptor, daemon: Daemon) -> Upgrade:
    await daemon.sleep(0.01)
    return made(descriptor, {"listening": True})

@module.function(timeout=0.2)
def too_late(descriptor: Descriptor) -> Upgrade:
    time.sleep(0.5)
    return made(descriptor)

@module.function
def cannot_be_told(descriptor: Descriptor) -> Upgrade:
    return made(descriptor, object())

@module.function
def not_taken(descriptor: Descriptor) -> int:
    return descriptor.fileno()

@module.function
def fails(descriptor: Descriptor) -> None:
    raise RuntimeError("no")
'''


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    tmp_path = tmp_path_factory.mktemp("lab")
    (tmp_path / "lab_module.py").write_text(LAB)
    info = tmp_path / "lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cpanbridge.modules]\nlab = lab_module:module\n")
    daemon = DaemonProcess(environ={"PYTHONPATH": str(tmp_path), "CPAN_BRIDGE_MODULES": "lab"})
    yield daemon.start()
    daemon.cleanup()


def call(daemon: DaemonProcess, function: str) -> tuple[Connection, socket.socket, dict[str, Any]]:
    """Call a function with one end of a pair of sockets; return the connection, the other end, and the answer."""
    connection = daemon.connect()
    ours, theirs = socket.socketpair()
    line = json.dumps({"module": "lab", "function": function}).encode() + b"\n"
    socket.send_fds(connection.socket, [line], [theirs.fileno()])
    theirs.close()
    ours.settimeout(20)
    return connection, ours, json.loads(connection.read_line())


def test_a_filter_of_ones_own(lab: DaemonProcess) -> None:
    """What the filter makes of it arrives on either side, its last words too."""
    connection, peer, answer = call(lab, "shout")
    assert answer["result"] == {"listening": True}
    connection.send(b"hello")
    assert peer.recv(100) == b"HELLO"
    peer.sendall(b"GO ON")
    assert connection.socket.recv(100) == b"go on"
    connection.socket.shutdown(socket.SHUT_WR)
    assert peer.recv(100) == b"(BYE)"
    assert peer.recv(100) == b""
    peer.sendall(b"AND SO ON")
    peer.close()
    assert connection.read_all() == b"and so on(bye)"


def test_a_filter_that_has_enough(lab: DaemonProcess) -> None:
    """Both sides get what there was to say; then the stream is over, and the log says why."""
    connection, peer, _ = call(lab, "shout")
    peer.sendall(b"STOP!")
    assert connection.read_all() == b"(before) "
    assert peer.recv(100) == b"(sorry)"
    assert peer.recv(100) == b""
    peer.close()
    assert "A stream of lab.shout ends: too loud" in lab.log_text()


def test_an_operator_closes_it(lab: DaemonProcess) -> None:
    """Both sides see the end."""
    connection, peer, _ = call(lab, "shout")
    with Connection(lab.admin_socket) as operator:

        def ask(method: str, **params: object) -> dict[str, Any]:
            return operator.request({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})["result"]

        found = ask("connections")
        [row] = [each for each in found["connections"] if each["state"] == "stream"]
        assert (row["state"], row["function"]) == ("stream", "lab.shout")
        ask("connections.close", id=row["id"], pid=os.getpid(), boot_id=found["boot_id"])
    assert connection.read_all() == b""
    assert peer.recv(100) == b""
    peer.close()


@pytest.mark.parametrize(
    ("function", "word"),
    [("too_late", "Timeout"), ("cannot_be_told", "NotSerializable"), ("fails", "FunctionError"), ("not_taken", "")],
)
def test_no_stream_comes_of_it(lab: DaemonProcess, function: str, word: str) -> None:
    """The socket that was handed over is closed, and the connection goes on with calls."""
    connection, peer, answer = call(lab, function)
    assert answer.get("error_type", "") == word
    assert peer.recv(100) == b""
    peer.close()
    assert connection.call("test", "echo", [1])["result"] == [1]


def test_unanswered(lab: DaemonProcess) -> None:
    """A caller that has gone before the answer leaves nothing."""
    connection = lab.connect()
    ours, theirs = socket.socketpair()
    socket.send_fds(connection.socket, [b'{"module":"lab","function":"shout"}\n'], [theirs.fileno()])
    theirs.close()
    connection.close()
    ours.settimeout(20)
    assert b"".join(iter(lambda: ours.recv(100), b"")) in {b"", b"(BYE)"}
    ours.close()
