"""The Perl subs of one connection that are being called back: strictly last in, first out.

Pure. A call that has a sub called is suspended until the sub returns; meanwhile the client may make other calls, which
may call back in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from bridge.callback import CallbackError
from bridge.errors import BridgeError, ErrorType
from bridge.wire import Return

__all__ = ["MAX_DEPTH", "CallStack", "Suspended"]

MAX_DEPTH = 16
"""Most subs that are out at a time on one connection: each holds a thread and a slot of the daemon's."""


@attrs.define(eq=False)
class Suspended:
    """A call whose sub is out.

    Attributes:
        number: of the callback, for its return.
        call: the call that waits.
        finish: takes the return, or the error that ends the wait.
    """

    number: int
    call: object
    finish: Callable[[Return | BridgeError], object]


class CallStack:
    """The suspended calls of a connection.

    Attributes:
        out: them, oldest first.
    """

    def __init__(self) -> None:
        self.out: list[Suspended] = []
        self._last = 0

    def push(self, call: object, finish: Callable[[Return | BridgeError], object]) -> int:
        """Suspend a call; returns the number of its callback.

        Raises:
            CallbackError: too many are out already.
        """
        if len(self.out) >= MAX_DEPTH:
            raise CallbackError(f"Perl subs called back are nested deeper than {MAX_DEPTH} levels.")
        self._last += 1
        self.out.append(Suspended(self._last, call, finish))
        return self._last

    def returned(self, number: int) -> Suspended | None:
        """Take the suspended call that a return is for off the stack; ``None`` when it has ended without it.

        Raises:
            BridgeError: ``BadRequest``, for a sub that was called before another that has not returned.
        """
        if self.out and self.out[-1].number == number:
            return self.out.pop()
        if any(each.number == number for each in self.out):
            raise BridgeError(
                ErrorType.BAD_REQUEST,
                f"Callback {number} returned before callback {self.out[-1].number}, which was called from it.",
            )
        return None

    def remove(self, call: object) -> Suspended | None:
        """Take a call off the stack, wherever it is, because it has been answered."""
        for each in self.out:
            if each.call is call:
                self.out.remove(each)
                return each
        return None

    def clear(self) -> Iterator[Suspended]:
        """Take all off, the latest first."""
        while self.out:
            yield self.out.pop()
