"""Subs of a Perl program that a function may call while its own call is in service.

Pure. Authors of modules find these classes in ``bridge.api``. What sends the call and waits for its return is set by
the dispatcher, for the thread that runs the function.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from bridge.errors import BridgeError, ErrorType

__all__ = ["Callback", "CallbackError", "number_of", "running"]

Invoke = Callable[[int, Sequence[object]], Any]
"""Takes the number of a sub and its arguments; returns what it returned, or raises :class:`CallbackError`."""


class CallbackError(BridgeError):
    """A Perl sub that was called back died, or could not be called, or its program is gone.

    Where a function lets it pass, the call fails with ``FunctionError`` and the exception's name ``CallbackError``.
    """

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(ErrorType.FUNCTION_ERROR, message, exception="CallbackError", **details)


class _Running(threading.local):
    """What this thread runs: the session of the call, and how its client is called back."""

    session: object = None
    invoke: Invoke | None = None


running = _Running()


class Callback:
    """A Perl sub; calling it calls the sub and returns what that returned, in scalar context.

    It may be kept as long as its session; it works in the thread of a call of that session, while that call is in
    service and its client waits for it. The sub's time counts as the call's.

    Args are plain data, as a function's result is; so is what the sub returns.

    Raises (when called):
        CallbackError: the sub died, with its text; or it cannot be called now; or the call has timed out, or the
            client has gone, while the sub ran.
    """

    __slots__ = ("_number", "_session")

    def __init__(self, session: object, number: int) -> None:
        self._session = session
        self._number = number

    def __call__(self, *args: object) -> Any:
        """Call the sub."""
        if running.invoke is None or running.session is not self._session:
            raise CallbackError(
                "A Perl sub can only be called back in the thread of a call of its own connection, during that call."
            )
        return running.invoke(self._number, args)

    def __repr__(self) -> str:
        return f"<Callback {self._number}>"


def number_of(value: object) -> int:
    """Return the number of the sub that ``{"__callback__": 3}`` stands for.

    Raises:
        BridgeError: ``BadParams``, where it stands for none.
    """
    if isinstance(value, dict) and len(value) == 1:
        number = value.get("__callback__")
        if type(number) is int and number >= 0:
            return number
    raise BridgeError(ErrorType.BAD_PARAMS, 'A callback was expected, spelled {"__callback__": <number>}.')
