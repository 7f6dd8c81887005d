"""One connection to the admin socket: requests with deadlines, and what the daemon sends by itself.

A plain asyncio client. Whatever ends the connection ends every request that waits for an answer, in words that say
what happened and what to do; nothing is ever lost in a task that nobody looks at.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable
from typing import Any, TypeVar, overload

import msgspec

from bridge.adminwire import UNREADABLE, AdminError, Answer, Request
from bridge.text import printable

__all__ = ["AdminClient", "DeadlineError", "LinkError", "NotSentError"]

LONGEST_LINE = 64 * 1024 * 1024
"""Longest message that is read, in bytes: an hour of history is 300 kB, ten thousand connections are 2 MB."""

CONNECT_SECONDS = 5.0
"""Longest time to connect: a daemon that stands still accepts nobody once its backlog is full."""

DEFAULT_SECONDS = 5.0

T = TypeVar("T")


class LinkError(Exception):
    """There is no connection to the daemon, or none any more; the text says why and what to do."""


class DeadlineError(LinkError):
    """The daemon has not answered in time; whether it did what was asked is not known."""


class NotSentError(LinkError):
    """There is no connection; nothing was asked."""


class AdminClient:
    """Connects once; whoever wants to connect again makes another one.

    Args:
        notify: gets what the daemon sends by itself: (method, raw parameters). It runs between reads, so it must be
            quick; what it raises ends the connection.

    Attributes:
        closed: set once the connection is over, whoever ended it.
        reason: why it is over; ``None`` while it is not.
        received: bytes read so far.
    """

    def __init__(self, notify: Callable[[str, msgspec.Raw], None] | None = None) -> None:
        self.closed = asyncio.Event()
        self.reason: LinkError | None = None
        self.received = 0
        self._notify = notify or (lambda _method, _params: None)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Answer).decode

    async def connect(self, path: str) -> None:
        """Connect to the socket at ``path``.

        Raises:
            LinkError: it cannot be done.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, self._writer = await asyncio.open_unix_connection(path, limit=LONGEST_LINE)
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise LinkError(_cannot_connect(path, error)) from error
        self._task = asyncio.create_task(self._read(reader), name="admin socket")

    @overload
    async def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        type: type[T],
        timeout: float = ...,  # noqa: ASYNC109 - see below
    ) -> T: ...

    @overload
    async def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        timeout: float = ...,  # noqa: ASYNC109 - see below
    ) -> Any: ...

    async def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        type: Any = Any,  # noqa: A002 - what msgspec calls it, too
        timeout: float = DEFAULT_SECONDS,  # noqa: ASYNC109 - a deadline is part of every request
    ) -> Any:
        """Ask the daemon for something and return its answer as ``type``.

        Args:
            timeout: seconds for the whole of it.

        Raises:
            AdminError: the daemon said no.
            DeadlineError: it said nothing in time.
            LinkError: the connection was lost, or the answer is not what such an answer should be.
        """
        writer = self._writer
        if self.reason is not None:
            raise LinkError(str(self.reason))
        if writer is None:
            raise LinkError("There is no connection to the daemon yet.")
        number = next(self._numbers)
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        line = self._encode(Request(method=method, params=params or {}, id=number, jsonrpc="2.0")) + b"\n"
        try:
            async with asyncio.timeout(timeout):
                writer.write(line)
                # A drain that fails because the connection is lost says less than the reader, which knows why.
                with contextlib.suppress(OSError):
                    await writer.drain()
                raw = await answer
        except TimeoutError as error:
            raise DeadlineError(
                f"The daemon has not answered {method} within {timeout:g} s; whether it was carried out is not known."
            ) from error
        finally:
            self._waiting.pop(number, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at, so that asyncio does not complain about it later
        try:
            return msgspec.json.decode(raw, type=type)
        except UNREADABLE as error:
            raise LinkError(
                f"The daemon's answer to {method} cannot be understood ({error}); is it of another version?"
            ) from error

    async def close(self) -> None:
        """End the connection; may be called at any time, also twice."""
        self._end(LinkError("The connection was closed by this console."))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            # The transport's own last words (a reset, say) are of no interest any more.
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._writer.wait_closed()

    # --- inside ---

    async def _read(self, reader: asyncio.StreamReader) -> None:
        reason = LinkError("The daemon has closed the connection; it has stopped or is starting anew.")
        try:
            while True:
                line = await reader.readline()
                if not line.endswith(b"\n"):
                    break  # the end; half a line before it is of no use
                self.received += len(line)
                self._take(line)
        except LinkError as error:
            reason = error
        except UNREADABLE as error:
            reason = LinkError(f"What the daemon sends cannot be understood ({error}); is this its admin socket?")
        except ValueError:
            reason = LinkError(
                f"The daemon sent a line of more than {LONGEST_LINE >> 20} MiB; is this its admin socket?"
            )
        except OSError as error:
            reason = LinkError(f"The connection to the daemon broke: {error.strerror or error}.")
        except asyncio.CancelledError:
            reason = LinkError("The connection was closed by this console.")
            raise
        except Exception as error:  # noqa: BLE001 - told to everybody who waits, instead of dying with this task
            reason = LinkError(f"A fault of this console ended the connection: {error!r}.")
        finally:
            self._end(reason)

    def _take(self, line: bytes) -> None:
        answer = self._decode(line)
        if answer.method:
            if isinstance(answer.params, msgspec.Raw):
                self._notify(answer.method, answer.params)
            return
        error = answer.error
        if answer.id is None and error is not None:
            raise LinkError(printable(error.message, 500))  # it refuses us as a whole
        if error is None and answer.result is msgspec.UNSET:
            raise LinkError("What the daemon sends is no answer; is this its admin socket?")
        waiting = self._waiting.pop(answer.id, None) if isinstance(answer.id, int) else None
        if waiting is None or waiting.done():
            return  # too late: whoever asked has gone
        if error is not None:
            waiting.set_exception(AdminError(error.code, printable(error.message, 2000), **_plain(error.data)))
        elif isinstance(answer.result, msgspec.Raw):
            waiting.set_result(answer.result.copy())  # by itself it would keep the whole line

    def _end(self, reason: LinkError) -> None:
        if self.reason is None:
            self.reason = reason
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(LinkError(str(self.reason)))
        if self._writer is not None:
            self._writer.close()
        self.closed.set()


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an error without those that the exception has names of its own for."""
    return {name: value for name, value in data.items() if name not in {"self", "code", "message"}}


def _cannot_connect(path: str, error: Exception) -> str:
    where = printable(path)
    if isinstance(error, FileNotFoundError):
        return f"There is no socket {where}. Is the daemon running, and is this its admin_socket?"
    if isinstance(error, ConnectionRefusedError):
        return f"Nobody listens at {where}: the daemon has stopped. Start it, and this console goes on by itself."
    if isinstance(error, PermissionError):
        return (
            f"User {os.getuid()} may not open {where}. The daemon's settings admin_users and observers say who may, "
            "besides its own user and root."
        )
    if isinstance(error, TimeoutError):
        return f"The daemon does not accept connections at {where}: it stands still or is overwhelmed."
    reason = getattr(error, "strerror", None) or str(error)
    return f"Cannot connect to {where}: {reason}."
