"""Calls of the daemon's module ``tls``, which hand over a socket, and what the daemon has open meanwhile."""

from __future__ import annotations

import base64
import json
import os
import socket
from typing import Any

from daemon_process import Connection, DaemonProcess
from tls_server import Authority

__all__ = [
    "as_bytes",
    "at_rest",
    "give",
    "hand_over",
    "open_files",
    "outcome",
    "request",
    "settled",
    "stream",
    "trusting",
]


def request(**params: object) -> bytes:
    return json.dumps({"module": "tls", "function": "start", "params": params}).encode() + b"\n"


def as_bytes(data: bytes) -> dict[str, str]:
    return {"__bytes__": base64.b64encode(data).decode()}


def trusting(authority: Authority, **more: object) -> dict[str, object]:
    return {"server_name": "localhost", "ca": as_bytes(authority.file.read_bytes()), **more}


def hand_over(daemon: DaemonProcess, port: int, **params: object) -> tuple[Connection, dict[str, Any]]:
    """Connect, give the connection to the daemon and keep no copy; return what the daemon says of the handshake."""
    connection = daemon.connect()
    with socket.create_connection(("127.0.0.1", port)) as sock:
        socket.send_fds(connection.socket, [request(**params)], [sock.fileno()])
    return connection, outcome(connection)


def give(daemon: DaemonProcess, sock: socket.socket, **params: object) -> Connection:
    """Give a connected socket to the daemon and keep no copy."""
    connection = daemon.connect()
    socket.send_fds(connection.socket, [request(**params)], [sock.fileno()])
    sock.close()
    return connection


def outcome(connection: Connection) -> dict[str, Any]:
    """Return the line that tells how the handshake went, or the answer if there is to be none."""
    answer: dict[str, Any] = json.loads(connection.read_line())
    if not answer["success"]:
        return answer
    assert answer["result"] is None
    told: dict[str, Any] = json.loads(connection.read_line())
    return told


def stream(daemon: DaemonProcess, port: int, authority: Authority, **more: object) -> Connection:
    connection, answer = hand_over(daemon, port, **trusting(authority, **more))
    assert answer["success"], answer
    return connection


def open_files(daemon: DaemonProcess) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def at_rest(daemon: DaemonProcess, connected: int = 0) -> int:
    """Return how many files the daemon has open when nobody is connected, or nobody but so many."""
    with daemon.connect() as connection:
        daemon.wait_until(
            lambda: connection.call("system", "connections")["result"]["active_connections"],
            lambda count: count == 1 + connected,
            "the connections before to be closed",
        )
        return open_files(daemon) - 1


def settled(daemon: DaemonProcess, expected: int) -> None:
    daemon.wait_until(lambda: open_files(daemon), lambda count: count <= expected, f"{expected} open files")
