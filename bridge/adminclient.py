"""A blocking client of the admin socket, for the command line. ``docs/admin-protocol.md`` says what is spoken there."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, NoReturn, Self, TypeVar, overload

import msgspec

from bridge.adminwire import DEFAULT_ADMIN_SOCKET, UNREADABLE, AdminError, AdminErrorCode, Answer, Request
from bridge.client import NoDaemonError
from bridge.text import printable

__all__ = ["AdminClient", "understand"]

READ_SIZE = 1 << 18

LONGEST_LINE = 64 * 1024 * 1024
"""Longest message that is read, in bytes: ten thousand connections are 2 MB. Beyond it somebody else is talking."""

ASK = "ask the daemon's operator to add you to admin_users or observers"

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Answer).decode


def understand(raw: msgspec.Raw | bytes, shape: type[T], path: str = "the daemon") -> T:
    """Return a part of a message from ``path`` as ``shape``.

    Raises:
        NoDaemonError: it does not have that shape.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except UNREADABLE as error:
        raise NoDaemonError(
            f"What {printable(path)} sent cannot be understood ({printable(str(error))}); is the daemon of another "
            "version?"
        ) from None


class AdminClient:
    """One connection, for requests one after the other, and for what the daemon sends by itself.

    Args:
        path: the daemon's admin socket.
        timeout: seconds that connecting and each request may take.

    Raises:
        NoDaemonError: from every method, when the daemon cannot be reached or does not answer.
    """

    def __init__(self, path: str = DEFAULT_ADMIN_SOCKET, timeout: float = 10.0) -> None:
        self.path = path
        self._where = printable(path)
        self._timeout = timeout
        self._number = 0
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer that are known to hold no newline
        self._notifications: deque[Answer] = deque()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(time.monotonic() + timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    @overload
    def request(self, method: str, /, **params: object) -> Any: ...

    @overload
    def request(self, method: str, shape: type[T], /, **params: object) -> T: ...

    def request(self, method: str, shape: Any = Any, /, **params: object) -> Any:
        """Ask for something and return the result as ``shape``. Parameters that are ``None`` are left out.

        Raises:
            AdminError: the daemon said no.
        """
        self._number += 1
        number = self._number
        given = {name: value for name, value in params.items() if value is not None}
        line = _encode(Request(method=method, params=given, id=number, jsonrpc="2.0")) + b"\n"
        give_up = time.monotonic() + self._timeout
        sent_error = self._send(line)
        while True:
            answer = self._read(give_up, sent_error)
            if answer is None:
                raise NoDaemonError(
                    f"The daemon on {self._where} did not answer {method} within {self._timeout:g} s; whether it was "
                    "carried out is not known."
                )
            if answer.method:
                self._notifications.append(answer)
            elif answer.id == number or (answer.id is None and answer.error is not None):
                return understand(_result(answer), shape, self.path)
            # Else it answers a request that was given up earlier.

    def notifications(self, silence: float) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield what the daemon sends by itself, as (method, parameters), for as long as it does.

        Args:
            silence: longest time in seconds without any before the daemon counts as gone.
        """
        while True:
            while self._notifications:
                answer = self._notifications.popleft()
                if isinstance(answer.params, msgspec.Raw):
                    yield answer.method, answer.params
            found = self._read(time.monotonic() + silence, None)
            if found is None:
                raise NoDaemonError(f"The daemon on {self._where} has said nothing for {silence:g} s.")
            if found.method:
                self._notifications.append(found)
            elif found.id is None:
                _result(found)  # it refuses us as a whole

    # --- inside ---

    def _connect(self, give_up: float) -> None:
        self._socket.settimeout(self._timeout)
        while True:
            try:
                self._socket.connect(self.path)
            except (BlockingIOError, TimeoutError):  # the backlog is full
                if time.monotonic() < give_up:
                    time.sleep(0.02)
                    continue
                raise NoDaemonError(f"The daemon on {self._where} is too busy to take a connection.") from None
            except PermissionError:
                raise NoDaemonError(f"You may not use the socket {self._where}: {ASK}.") from None
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or str(error)
                raise NoDaemonError(
                    f"No daemon on {self._where}: {why}. Start it with 'twistd cpanbridge', or name its socket for "
                    "operators with --admin-socket."
                ) from None
            return

    def _send(self, line: bytes) -> OSError | None:
        """Send; return what went wrong, since the daemon may have said why before it closed."""
        self._socket.settimeout(self._timeout)
        try:
            self._socket.sendall(line)
        except OSError as error:
            return error
        return None

    def _read(self, give_up: float, sent_error: OSError | None) -> Answer | None:
        """Return the next message, or ``None`` when it is not there in time."""
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if self._searched > LONGEST_LINE:
                self._stranger()
            # Whoever sends a byte now and then must not keep us for ever: the time is that of the whole message.
            remaining = give_up - time.monotonic()
            if remaining <= 0:
                return None
            self._socket.settimeout(remaining)
            try:
                data = self._socket.recv(READ_SIZE)
            except TimeoutError:
                return None
            except OSError as error:
                raise NoDaemonError(f"The connection to {self._where} broke: {error.strerror}.") from None
            if not data:
                why = f": {sent_error.strerror}" if sent_error and sent_error.strerror else ""
                raise NoDaemonError(f"The daemon on {self._where} closed the connection{why}.")
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        try:
            answer = _decode(line)
        except UNREADABLE:
            self._stranger()
        if not answer.method and answer.error is None and answer.result is msgspec.UNSET:
            self._stranger()
        return answer

    def _stranger(self) -> NoReturn:
        raise NoDaemonError(
            f"What answers on {self._where} is not the admin socket of a cpanbridge daemon; the socket for callers is "
            "another one."
        )


def _result(answer: Answer) -> msgspec.Raw:
    """Return an answer's result, or raise its error."""
    error = answer.error
    if error is None:
        assert isinstance(answer.result, msgspec.Raw)
        return answer.result
    message = printable(error.message, 2000)
    if error.code == AdminErrorCode.FORBIDDEN:
        message = f"{message.rstrip('.')}; {ASK}."
    # Names that the exception has for itself.
    facts = {name: value for name, value in error.data.items() if name not in {"self", "code", "message"}}
    raise AdminError(error.code, message, **facts)
