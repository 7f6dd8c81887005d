"""Descriptors from a service manager: whose they are, what they are called, and what is refused."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import activation
from bridge.sockets import SocketError, adopt, listen


def said(count: str, names: str | None = None, pid: int = 7) -> dict[str, str]:
    environ = {"LISTEN_FDS": count, "LISTEN_PID": str(pid)}
    return environ if names is None else {**environ, "LISTEN_FDNAMES": names}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, {}),
        (said("2", "admin:bridge"), {"admin": 3, "bridge": 4}),
        (said("1", "admin"), {"admin": 3}),
        (said("2"), {"bridge": 3, "admin": 4}),
        (said("1"), {"bridge": 3}),
        (said("2", "bridge:admin", pid=8), {}),
        ({"LISTEN_FDS": "2"}, {}),
        (said("0", ""), {}),
    ],
)
def test_offered(environ: dict[str, str], found: dict[str, int]) -> None:
    """Names decide, else the order; what is meant for another process is left alone."""
    if environ.get("LISTEN_FDS") == "0":
        environ = {name: value for name, value in environ.items() if name != "LISTEN_FDNAMES"}
    assert activation.offered(environ, 7) == found


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        (said("two"), "must be a number"),
        (said("-1"), "must be a number"),
        (said("3"), "3 sockets"),
        (said("2", "bridge"), "1 names for 2"),
        (said("1", "cpanbridge.socket"), "FileDescriptorName=bridge"),
        (said("2", "bridge:bridge"), "two sockets called 'bridge'"),
    ],
)
def test_refused(environ: dict[str, str], word: str) -> None:
    """What makes no sense is an error, not a guess."""
    with pytest.raises(SocketError, match=word):
        activation.offered(environ, 7)


@pytest.fixture
def made() -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    yield sockets
    for each in sockets:
        each.close()


def hand_over(monkeypatch: pytest.MonkeyPatch, given: socket.socket) -> dict[str, str]:
    """Pretend that a copy of this socket is what was handed over."""
    monkeypatch.setattr(activation, "FIRST", os.dup(given.fileno()))
    return {**said("1", "bridge", os.getpid()), "OTHER": "x"}


def test_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[socket.socket]) -> None:
    """What is taken listens, is closed to children, and is offered to nobody again."""
    made.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    made[0].bind(str(tmp_path / "s"))
    made[0].listen()
    environ = hand_over(monkeypatch, made[0])
    taken = activation.take(environ, os.getpid())
    made.append(taken["bridge"])
    assert taken["bridge"].getsockname() == str(tmp_path / "s")
    assert not taken["bridge"].get_inheritable()
    assert environ == {"OTHER": "x"}


@pytest.mark.parametrize(
    ("family", "kind", "word"),
    [
        (socket.AF_UNIX, socket.SOCK_STREAM, "does not listen"),
        (socket.AF_UNIX, socket.SOCK_DGRAM, "not a Unix stream socket"),
        (socket.AF_UNIX, socket.SOCK_SEQPACKET, "not a Unix stream socket"),
        (socket.AF_INET, socket.SOCK_STREAM, "not a Unix stream socket"),
    ],
)
def test_other_kinds(
    family: int, kind: int, word: str, monkeypatch: pytest.MonkeyPatch, made: list[socket.socket]
) -> None:
    """A TCP socket would let the whole network in; a datagram socket could not be served."""
    made.append(socket.socket(family, kind))
    environ = hand_over(monkeypatch, made[0])
    with pytest.raises(SocketError, match=word):
        activation.take(environ, os.getpid())
    assert environ == {"OTHER": "x"}


def test_no_socket_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file is not served either."""
    with (tmp_path / "f").open("w") as file:
        monkeypatch.setattr(activation, "FIRST", os.dup(file.fileno()))
    try:
        with pytest.raises(SocketError, match="is no socket"):
            activation.take(said("1", None, os.getpid()), os.getpid())
    finally:
        os.close(activation.FIRST)


def test_adopted_stays(tmp_path: Path, made: list[socket.socket]) -> None:
    """Closing an adopted socket leaves file and queue to its maker; the lock is let go."""
    path = str(tmp_path / "s")
    made.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    made[0].bind(path)
    made[0].listen()
    adopted = adopt(made[0].dup(), "x")
    with pytest.raises(SocketError, match=f"pid {os.getpid()}"):
        adopt(made[0].dup(), "x")
    adopted.close()
    made.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    made[1].connect(path)
    adopt(made[0].dup(), "x").close()
    with pytest.raises(SocketError, match="in use"):
        listen(path)


def test_abstract_names_have_no_lock(made: list[socket.socket]) -> None:
    """A socket without a file is served under its name."""
    made.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    made[0].bind(f"\0cpanbridge-{os.getpid()}")
    made[0].listen()
    adopted = adopt(made[0].dup(), "/named/so")
    assert adopted.path == "/named/so"
    adopted.close()
