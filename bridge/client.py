"""A blocking client of the bridge socket, for the command line. Standard library only, so that it starts at once."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any, Self

__all__ = ["DEFAULT_SOCKET", "Client", "NoDaemonError"]

DEFAULT_SOCKET = "/tmp/cpan_bridge.sock"  # noqa: S108 - the documented default

READ_SIZE = 1 << 18

ANSWER_MARGIN = 3.0
"""Seconds that we wait beyond a call's time-out: the daemon says Timeout, or Throttled, better than we could."""


class NoDaemonError(Exception):
    """Nobody answers on the socket; the text says why and what to do."""


class Client:
    """One connection, for calls one after the other.

    Args:
        path: the daemon's socket.
        timeout: seconds that connecting and each call may take.

    Raises:
        NoDaemonError: from every method, when the daemon cannot be reached or does not answer.
    """

    def __init__(self, path: str = DEFAULT_SOCKET, timeout: float = 60.0) -> None:
        self.path = path
        self._timeout = timeout
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout + ANSWER_MARGIN)
        self._number = 0
        try:
            self._connect(time.monotonic() + timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self, give_up: float) -> None:
        path = self.path
        while True:
            try:
                self._socket.connect(path)
            except BlockingIOError:  # the backlog is full
                if time.monotonic() < give_up:
                    time.sleep(0.02)
                    continue
                raise NoDaemonError(f"The daemon on {path} is too busy to take a connection.") from None
            except PermissionError:
                raise NoDaemonError(
                    f"You may not use the socket {path}. Ask its owner to set socket_group to a group of yours."
                ) from None
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or str(error)
                raise NoDaemonError(
                    f"No daemon on {path}: {why}. Start it with 'twistd cpanbridge', or name its socket with --socket."
                ) from None
            return

    def call(self, module: str, function: str, params: object = None, *, absent: bool = False) -> dict[str, Any]:
        """Call a function and return the whole answer. ``absent`` sends no params at all."""
        self._number += 1
        request: dict[str, object] = {
            "module": module,
            "function": function,
            "request_id": f"{os.getpid()}-{self._number}",
            "timeout": self._timeout,
            "perl_caller": "cpanbridge",
        }
        if not absent:
            request["params"] = params
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            sent_error: OSError | None = error  # it may have answered before it closed
        else:
            sent_error = None
        line = self._read_line(sent_error)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("success"), bool):
            raise NoDaemonError(f"What answers on {self.path} is not a cpanbridge daemon.")
        return answer

    def _read_line(self, sent_error: OSError | None) -> bytes:
        pieces: list[bytes] = []
        while not pieces or not pieces[-1].endswith(b"\n"):
            try:
                data = self._socket.recv(READ_SIZE)
            except TimeoutError:
                raise NoDaemonError(f"The daemon on {self.path} did not answer within {self._timeout:g} s.") from None
            except OSError as error:
                raise NoDaemonError(f"The connection to {self.path} broke: {error.strerror}.") from None
            if not data:
                why = f": {sent_error.strerror}" if sent_error else ""
                raise NoDaemonError(f"The daemon on {self.path} closed the connection{why}.")
            pieces.append(data)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
