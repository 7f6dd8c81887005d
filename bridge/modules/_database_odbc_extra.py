"""What module ``database`` can do with ODBC alone: what there is in a database, asked in ODBC's way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_access import Rules
from bridge.modules._database_driver import Connection, Outcome, Statement
from bridge.modules._database_rows import FIRST_ROWS

if TYPE_CHECKING:
    from bridge.modules._database_odbc import ODBC
    from bridge.modules._database_odbc_statement import ODBCStatement

__all__ = ["register"]

Find = Callable[[Session, int], Connection]
FindStatement = Callable[[Session, int], Statement]
Keep = Callable[[Session, Statement], int]
RulesOf = Callable[[Session], Rules]

What = Literal["tables", "columns", "primary_keys", "foreign_keys", "statistics", "types", "row_id", "row_version"]

NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "tables": ("tables", ("catalog", "schema", "table", "tableType")),
    "columns": ("columns", ("catalog", "schema", "table", "column")),
    "primary_keys": ("primaryKeys", ("catalog", "schema", "table")),
    "foreign_keys": (
        "foreignKeys", ("catalog", "schema", "table", "foreignCatalog", "foreignSchema", "foreignTable")
    ),
    "statistics": ("statistics", ("catalog", "schema", "table", "unique", "quick")),
    "types": ("getTypeInfo", ("sqlType",)),
    "row_id": ("rowIdColumns", ("catalog", "schema", "table", "nullable")),
    "row_version": ("rowVerColumns", ("catalog", "schema", "table", "nullable")),
}  # fmt: skip
"""For each kind of question: pyodbc's function, and what its parameters are called, in the order of ODBC's."""


def register(module: Module, find: Find, find_statement: FindStatement, keep: Keep, rules_of: RulesOf) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
        find_statement: the same for statements.
        keep: gives a statement a number.
        rules_of: returns what a caller may open.
    """
    _register_facts(module, find)

    @module.function
    def data_sources(session: Session) -> dict[str, str]:
        """Return the names of ODBC's data sources that the caller may use, each with what it says of itself."""
        try:
            import pyodbc
        except ImportError:
            return {}
        rules = rules_of(session)
        found: dict[str, str] = {}
        with contextlib.suppress(pyodbc.Error):
            found = pyodbc.dataSources()
        return {name: text for name, text in found.items() if rules.allows_data_source(name)}

    @module.function
    def catalog(session: Session, connection: int, what: What, arguments: list[Any]) -> Outcome:
        """Ask an ODBC driver what there is in the database.

        Args:
            session: the caller's.
            connection: its number.
            what: of what; ``row_id`` and ``row_version`` are SQLSpecialColumns.
            arguments: as ODBC's functions have them; null where nothing is to be looked for. ``tables``, ``columns``:
                catalog, schema, table, type or column; ``primary_keys``: catalog, schema, table; ``foreign_keys``:
                these three of the table that is referred to, and of the one that refers; ``statistics``: catalog,
                schema, table, unique, quick; ``types``: the number of a type; the others: catalog, schema, table,
                nullable.

        Returns:
            what ``execute`` does, and the number of the ``statement``.
        """
        used = _odbc(find(session, connection))
        function, names = NAMES[what]
        if len(arguments) > len(names):
            raise BridgeError(ErrorType.BAD_PARAMS, f"arguments: {what} has at most {len(names)}: {', '.join(names)}.")
        given = {name: value for name, value in zip(names, arguments, strict=False) if value is not None}
        if what in {"primary_keys", "statistics", "row_id", "row_version"}:
            given.setdefault("table", "")
        with used.using():
            statement = used.new_statement()
            try:
                # The name of getTypeInfo's parameter is not looked at.
                words = (given.pop("sqlType"),) if "sqlType" in given else ()
                outcome = statement.ask(function, words, given, FIRST_ROWS)
            except BaseException:
                statement.close()
                raise
            return {**outcome, "statement": keep(session, statement)}

    @module.function
    def bind_types(session: Session, statement: int, types: list[int | None]) -> None:
        """Have an ODBC statement's parameters be of these SQL types; null for those that are as the driver says."""
        found = find_statement(session, statement)
        _odbc(found.connection)
        used: ODBCStatement = found  # type: ignore[assignment]
        with used.connection.using():
            used.types = types


def _register_facts(module: Module, find: Find) -> None:
    @module.function
    def get_info(session: Session, connection: int, number: int) -> Any:
        """Return what ODBC's SQLGetInfo says under a number."""
        used = _odbc(find(session, connection))
        with used.using(), used.errors():
            return used.ask(number)

    @module.function
    def get_functions(session: Session, connection: int) -> list[bool]:
        """Return for each of ODBC's functions, by its number from 0 to 99, whether the driver has it."""
        used = _odbc(find(session, connection))
        with used.using():
            return used.functions()


def _odbc(found: Connection) -> ODBC:
    if found.driver != "odbc":
        raise BridgeError(
            ErrorType.BAD_PARAMS, f"This is for ODBC's connections only, and this one is {found.driver}'s."
        )
    return found  # type: ignore[return-value]
