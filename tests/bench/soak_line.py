"""One caller's connection in the soak test, and what it has counted."""

from __future__ import annotations

import collections
import contextlib
import json
import socket
import time
from typing import Any

__all__ = ["REFUSALS", "FullError", "Line", "LostError", "Tally", "request"]

REFUSALS = {"Throttled", "Draining"}
PATIENCE = 60.0
"""Seconds without an answer after which a call counts as lost: far beyond every time-out of the daemon."""


class LostError(Exception):
    """The connection ended although nobody had a reason to end it."""


class FullError(Exception):
    """The daemon has all the connections it may have."""


class Tally:
    """What a client has counted.

    Attributes:
        counts: ``ok``, ``failed``, ``refused`` (requests answered), ``orphans`` (sent whole by a process that was
            killed before it could be answered), ``connection_limit``, ``lost``, ``wrong`` (answers that are not right).
        errors: answers that were no success, by word.
    """

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.errors: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []

    def answered(self, answer: dict[str, Any]) -> None:
        """Count an answer; raises ``FullError`` for one that is not a request's."""
        if answer["success"]:
            self.counts["ok"] += 1
            return
        word = answer["error_type"]
        if word == "ConnectionLimit":
            self.counts["connection_limit"] += 1
            raise FullError
        self.errors[word] += 1
        self.counts["refused" if word in REFUSALS else "failed"] += 1
        if word in REFUSALS and (answer["executed"] is not False or not answer["retry_after"] > 0):
            self.wrong(f"a refusal without its promise: {answer}")

    def wrong(self, what: str) -> None:
        """Take note of something that should not have been answered so."""
        self.counts["wrong"] += 1
        self.fault(what)

    def fault(self, what: str) -> None:
        """Keep the first few faults in words."""
        if len(self.faults) < 5:
            self.faults.append(what[:500])

    def add(self, other: dict[str, Any]) -> None:
        """Add what another client has counted."""
        self.counts.update(other["counts"])
        self.errors.update(other["errors"])
        for fault in other["faults"]:
            self.fault(fault)

    def line(self) -> str:
        """Return it as JSON."""
        return json.dumps({"counts": self.counts, "errors": self.errors, "faults": self.faults})


class Line:
    """One connection, made with the first request."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._buffer = b""

    def send(self, data: bytes) -> None:
        """Send bytes; an answer may lie there although sending fails."""
        if self._socket is None:
            self._socket = connect(self._path)
            self._buffer = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def fileno(self) -> int:
        """Return its descriptor, for ``select``."""
        assert self._socket is not None
        return self._socket.fileno()

    def half_close(self) -> None:
        """Close the writing side."""
        assert self._socket is not None
        self._socket.shutdown(socket.SHUT_WR)

    def read(self, piece: int = 1 << 18, rest: float = 0.0) -> dict[str, Any]:
        """Return the next answer, read in pieces with rests of some seconds between; raises ``LostError``."""
        assert self._socket is not None
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            try:
                data = self._socket.recv(piece)
            except OSError as error:
                raise LostError(repr(error)) from None
            if not data:
                raise LostError("end of file")
            pieces.append(data)
            time.sleep(rest)
        line, _, self._buffer = b"".join(pieces).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def connect(path: str) -> socket.socket:
    """Open a connection; wait where the daemon's queue of connections is full."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(PATIENCE)
    one.connect(path)
    return one


def request(module: str, function: str, params: object = None, **fields: object) -> bytes:
    """Return a request's line."""
    message = {"module": module, "function": function, "params": params, "client_version": "soak", **fields}
    return json.dumps(message).encode() + b"\n"
