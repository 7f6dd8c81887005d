"""What a function hands the daemon when its caller's connection is to become a stream of bytes.

Pure. A caller may send an open socket along with a request (``SCM_RIGHTS``). A function that takes a
:class:`Descriptor` gets it, and may answer with an :class:`Upgrade`: from then on the connection carries no more
requests, and the daemon moves bytes between the caller and that socket, through the function's :class:`Filter`.
"""

from __future__ import annotations

import os
import socket
from typing import NamedTuple, Protocol, runtime_checkable

import attrs

from bridge.errors import BridgeError, ErrorType

__all__ = ["Descriptor", "Filter", "FilterError", "Flow", "Negotiation", "Releasable", "Step", "Upgrade"]


class Descriptor:
    """An open file that came with a request; for a parameter annotated ``Descriptor``.

    The daemon closes it when the request has been answered, unless the function took it.
    """

    def __init__(self, number: int) -> None:
        # A list, because pop() happens at once: function and daemon may come for the number at the same time.
        self._numbers = [number]

    def fileno(self) -> int:
        """Return the number, -1 once it was taken or closed."""
        return self._numbers[0] if self._numbers else -1

    def take(self) -> int:
        """Return the descriptor's number; from now on whoever called this must close it.

        Raises:
            BridgeError: ``BadParams``, when it was taken or closed already.
        """
        try:
            return self._numbers.pop()
        except IndexError:
            raise BridgeError(
                ErrorType.BAD_PARAMS, "The descriptor that came with the request is closed already."
            ) from None

    def close(self) -> None:
        """Close it, unless it was taken. Idempotent."""
        try:
            number = self._numbers.pop()
        except IndexError:
            return
        os.close(number)


class Flow(NamedTuple):
    """What comes of bytes that arrived: bytes to send to either side.

    ``ended``: the peer has said that it sends nothing more, whatever its socket still brings.
    """

    to_client: bytes = b""
    to_peer: bytes = b""
    ended: bool = False


class FilterError(Exception):
    """The bytes that came cannot be understood: the stream is over. The message says why, for the log.

    Attributes:
        flow: what is still to be sent to either side.
    """

    def __init__(self, message: str, flow: Flow = Flow()) -> None:  # noqa: B008 - a tuple, which nobody can change
        super().__init__(message)
        self.flow = flow


class Filter(Protocol):
    """Turns the bytes of one side into those of the other. It does no I/O, and runs in the reactor.

    Each method may raise :class:`FilterError`.
    """

    def from_client(self, data: bytes) -> Flow:
        """Take what the caller wrote."""
        ...

    def from_peer(self, data: bytes) -> Flow:
        """Take what the peer wrote; with no data, only what came during the handshake."""
        ...

    def client_ended(self) -> Flow:
        """The caller writes nothing more."""
        ...

    def peer_ended(self) -> Flow:
        """The peer writes nothing more."""
        ...


@runtime_checkable
class Releasable(Protocol):
    """What a filter has besides when its caller may have the peer's socket back in the middle of the stream.

    Attributes:
        leftover: how many bytes that came from the peer are behind the filter's end, and lost to whoever goes on.
    """

    leftover: int

    def release(self) -> Flow:
        """Say good-bye to the peer; its own good-bye is the flow that has ``ended``, now or later."""
        ...

    def boundary(self, waiting: bytes) -> int:
        """Return how many of the bytes that wait may be taken without taking any from behind the filter's end."""
        ...


class Step(NamedTuple):
    """What comes of one step of a negotiation: bytes to send to either side.

    ``over``: ``None`` while it goes on, ``True`` when the stream may begin, ``False`` when it has failed. ``why``: the
    reason, for the log; without secrets, and without what differs from time to time, so that repetitions are seen.
    """

    to_client: bytes = b""
    to_peer: bytes = b""
    over: bool | None = None
    why: str = ""


class Negotiation(Protocol):
    """What is to be agreed on with the peer before the stream begins. It does no I/O, and takes no slot.

    Attributes:
        seconds: in which it must be over.
    """

    seconds: float

    def step(self, data: bytes | None) -> Step:
        """Go on; called in a thread, never twice at a time.

        Args:
            data: what the peer sent; empty at first, ``None`` at its end.
        """
        ...

    def expired(self) -> Step:
        """Return what is to be said when the time is over."""
        ...


@attrs.frozen
class Upgrade:
    """The result of a function, and what becomes of the connection once its caller has that result.

    For functions that run in a thread or as a coroutine.

    Attributes:
        result: what the caller is answered, plain data as with any function.
        peer: a connected stream socket, the daemon's from now on. Its flags may be shared with the caller's copy of it
            and are left alone.
        filter: what the bytes go through.
        negotiation: what comes before; its bytes for the caller are the first that he reads after the answer.
    """

    result: object
    peer: socket.socket
    filter: Filter
    negotiation: Negotiation | None = None

    def close(self) -> None:
        """Give it up: nobody wants the answer any more."""
        self.peer.close()
