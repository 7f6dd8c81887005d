"""How the functions for SQLite alone find the connection that a caller means."""

from __future__ import annotations

from collections.abc import Callable

from bridge.api import BridgeError, ErrorType, Session
from bridge.modules._database_driver import Connection
from bridge.modules._database_sqlite import SQLite

__all__ = ["Find", "only_sqlite"]

Find = Callable[[Session, int], Connection]
"""Returns the connection of a caller that has a number."""


def only_sqlite(find: Find) -> Callable[[Session, int], SQLite]:
    """Return what finds connections as ``find`` does, and refuses those to other databases with ``BadParams``."""

    def sqlite(session: Session, number: int) -> SQLite:
        found = find(session, number)
        if not isinstance(found, SQLite):
            raise BridgeError(ErrorType.BAD_PARAMS, f"Connection {number} is none of SQLite's.")
        return found

    return sqlite
