"""What module ``database`` can do with PostgreSQL alone: notifications."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_driver import Connection

if TYPE_CHECKING:
    from bridge.modules._database_postgresql import PostgreSQL

__all__ = ["register"]

Find = Callable[[Session, int], Connection]


def register(module: Module, find: Find) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
    """

    def postgresql(session: Session, number: int) -> PostgreSQL:
        found = find(session, number)
        if found.driver != "postgresql":
            raise BridgeError(ErrorType.BAD_PARAMS, f"Connection {number} is none of PostgreSQL's.")
        return found  # type: ignore[return-value]

    @module.function
    def notifications(session: Session, connection: int) -> list[list[object]]:
        """Return what other sessions have notified this one of: ``[channel, process, payload]`` each."""
        used = postgresql(session, connection)
        with used.using(), used.errors():
            used.make_room()
            return [[found.channel, found.pid, found.payload] for found in used.raw.notifies(timeout=0)]

    @module.function
    def alive(session: Session, connection: int) -> bool:
        """Return whether the server answers."""
        used = postgresql(session, connection)
        with used.using():
            return used.alive()
