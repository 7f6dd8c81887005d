"""Signals, taken over from the reactor, whose own handlers would make twistd exit with the signal's status."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Signals"]


class Signals:
    """Calls one function for each signal, between two events of the reactor.

    Args:
        reactor: the reactor that runs.
        functions: what is to be called, by the signal's number.
    """

    def __init__(self, reactor: Any, functions: Mapping[int, Callable[[], None]]) -> None:
        self._reactor = reactor
        self._functions = functions
        self._before: dict[int, Any] = {}

    def take(self) -> None:
        """Handle them from now on. The reactor must run already: it sets its own handlers when it starts."""
        for number, function in self._functions.items():
            self._before[number] = signal.signal(number, functools.partial(self._arrived, function))

    def give_back(self) -> None:
        """Restore the handlers from before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _arrived(self, function: Callable[[], None], _number: int, _frame: object) -> None:
        # A signal handler may run in the middle of anything.
        self._reactor.callFromThread(function)
