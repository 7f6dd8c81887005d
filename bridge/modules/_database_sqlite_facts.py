"""Module ``database``: what SQLite tells of itself, of connections, statements and columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_driver import Statement
from bridge.modules._database_sqlite import SQLiteStatement
from bridge.modules._database_sqlite_find import Find, only_sqlite
from bridge.modules._database_sqlite_library import library

__all__ = ["register"]

FIRST_OPTION, LAST_OPTION = 1002, 1018
"""SQLITE_DBCONFIG_ENABLE_FKEY and the last that takes a number and returns one."""

HARMLESS_OPTIONS = frozenset({1002, 1003, 1007, 1010})
"""Foreign keys, triggers, the planner's stability, and defence against statements that spoil the file."""


def register(module: Module, find: Find, find_statement: Callable[[Session, int], Statement]) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
        find_statement: the same for statements.
    """
    sqlite = only_sqlite(find)

    @module.function
    def sqlite_facts() -> dict[str, Any]:
        """Return SQLite's ``version`` and its ``compile_options``."""
        raw = sqlite3.connect(":memory:")
        try:
            options = [row[0] for row in raw.execute("PRAGMA compile_options")]
        finally:
            raw.close()
        return {"version": sqlite3.sqlite_version, "compile_options": options}

    @module.function
    def sqlite_status(reset: bool = False) -> dict[str, dict[str, int]]:
        """Return counters of SQLite's whole library, each ``current`` and ``highwater``."""
        found = library()
        return {} if found is None else found.statuses(None, reset)

    @module.function
    def connection_status(session: Session, connection: int, reset: bool = False) -> dict[str, dict[str, int]]:
        """Return counters of a connection, each ``current`` and ``highwater``."""
        used = sqlite(session, connection)
        with used.using():
            found, address = used.library
            return found.statuses(address, reset)

    @module.function
    def statement_status(session: Session, statement: int, reset: bool = False) -> dict[str, int]:
        """Return counters of a statement, as far as its rows have not all been fetched."""
        used = find_statement(session, statement)
        if not isinstance(used, SQLiteStatement):
            raise BridgeError(ErrorType.BAD_PARAMS, f"Statement {statement} is none of SQLite's.")
        with used.connection.using():
            found, address = used.connection.library
            return found.statement_statuses(address, used.text, reset)

    @module.function
    def column_metadata(
        session: Session, connection: int, schema: str | None, table: str, column: str
    ) -> dict[str, Any]:
        """Return a column's ``data_type``, ``collation_name``, and whether it is ``not_null``, ``primary``, ..."""
        used = sqlite(session, connection)
        with used.using(), used.errors():
            found, address = used.library
            return found.column_metadata(address, schema, table, column)

    @module.function
    def connection_config(session: Session, connection: int, option: int, value: int) -> int:
        """Set one of SQLite's options of a connection (SQLITE_DBCONFIG_...); with a value below 0 only ask."""
        used = sqlite(session, connection)
        if not FIRST_OPTION <= option <= LAST_OPTION:
            raise BridgeError(ErrorType.BAD_PARAMS, f"There is no option {option} that takes a number.")
        if value >= 0 and option not in HARMLESS_OPTIONS and not used.rules.trusted:
            raise BridgeError(ErrorType.FORBIDDEN, f"Option {option} cannot be set by callers of other users.")
        with used.using(), used.errors():
            found, address = used.library
            used.altered = used.altered or value >= 0
            return found.configure(address, option, value)
