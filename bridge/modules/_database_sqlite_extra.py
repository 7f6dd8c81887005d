"""What module ``database`` can do with SQLite alone: copies of whole databases, limits."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_sqlite import SQLite
from bridge.modules._database_sqlite_find import Find, only_sqlite

__all__ = ["register"]

Category = Annotated[int, msgspec.Meta(ge=0, le=11)]
"""The number of one of SQLite's limits."""


def register(module: Module, find: Find) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
    """
    sqlite = only_sqlite(find)

    @module.function
    def backup(
        session: Session,
        connection: int,
        direction: Literal["from", "to"],
        file: str | None = None,
        other: int | None = None,
    ) -> None:
        """Copy a whole SQLite database ``to`` a file or another connection, or ``from`` one.

        Args:
            session: the caller's.
            connection: the one that is copied, or written over.
            direction: which of the two.
            file: the whole path of the other database.
            other: or its connection.
        """
        used = sqlite(session, connection)
        if (file is None) == (other is None):
            raise BridgeError(ErrorType.BAD_PARAMS, "backup needs either a file or another connection.")
        partner = SQLite(file, used.rules) if file is not None else sqlite(session, other or 0)
        source, target = (used, partner) if direction == "to" else (partner, used)
        try:
            with used.using(), partner.using(), used.errors():
                source.raw.backup(target.raw)
        finally:
            if file is not None:
                partner.close()

    @module.function
    def limit(session: Session, connection: int, category: Category, value: int = -1) -> int:
        """Set one of SQLite's limits (SQLITE_LIMIT_...) lower, or with -1 leave it; returns what it was."""
        used = sqlite(session, connection)
        with used.using():
            if value < 0:
                return used.raw.getlimit(category)
            used.altered = True
            return used.raw.setlimit(category, value)
