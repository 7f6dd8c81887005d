"""What module ``database`` can do with Oracle alone: values that come back, cursors, DBMS_OUTPUT."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_driver import Connection, Outcome, Statement, decoded
from bridge.modules._database_rows import FIRST_ROWS, MOST_ROWS

if TYPE_CHECKING:
    from bridge.modules._database_oracle import Oracle, OracleStatement

__all__ = ["register"]

Count = Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)]
Size = Annotated[int, msgspec.Meta(ge=0, le=(1 << 30) - 1)]

LINES = 500
"""Lines of DBMS_OUTPUT that are taken from the server at a time."""

LINE_SIZE = 32_767


def register(
    module: Module,
    find: Callable[[Session, int], Connection],
    find_statement: Callable[[Session, int], Statement],
) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find, find_statement: return what a caller has under a number.
    """

    def oracle(found: Connection, number: int) -> Oracle:
        if found.driver != "oracle":
            raise BridgeError(ErrorType.BAD_PARAMS, f"{number} is none of Oracle's.")
        return found  # type: ignore[return-value]

    def statement_of(session: Session, number: int) -> OracleStatement:
        found = find_statement(session, number)
        oracle(found.connection, number)
        return found  # type: ignore[return-value]

    @module.function
    def execute_binds(  # noqa: PLR0917 - callers name them
        session: Session,
        statement: int,
        values: list[Any] = [],  # noqa: B006 - never changed
        binds: dict[str, dict[str, Any]] = {},  # noqa: B006 - never changed
        rows: Count = FIRST_ROWS,
        long: Size = 80,
        cut: bool = False,
        handles: bool = False,
    ) -> Outcome:
        """Execute a prepared statement of Oracle's.

        Args:
            session: the caller's.
            statement: its number.
            values: as for ``execute``; ``{"__statement__": number}`` for an open cursor, lists for PL/SQL tables.
            binds: more about some of them, by their places counted from 0: ``type`` (the server's number), ``out``,
                ``size``, ``form``, ``elements``, ``whole``.
            rows: how many rows to return at once.
            long: how many characters, or bytes, of CLOBs, BLOBs and LONGs to return.
            cut: whether to cut off what is more, instead of marking it as an error.
            handles: whether to return handles of CLOBs and BLOBs instead.

        Returns:
            what ``execute`` does, and ``out``: of what came back the place, the value, and whether it is a list of
            one for each changed row.
        """
        from bridge.modules._database_oracle_binds import Bind
        from bridge.modules._database_oracle_values import Long

        used = statement_of(session, statement)
        try:
            told = msgspec.convert({int(at): bind for at, bind in binds.items()}, dict[int, Bind])
        except (msgspec.ValidationError, ValueError) as error:
            raise BridgeError(ErrorType.BAD_PARAMS, f"binds: {error}") from None
        with used.connection.using():
            return used.execute_with(decoded(values), told, rows, Long(long, cut, handles))

    @module.function
    def fetch_cursor(
        session: Session, statement: int, rows: Count = MOST_ROWS, long: Size = 80, cut: bool = False
    ) -> dict[str, Any]:
        """Return the next rows of a cursor that PL/SQL, or a row, has brought; arguments as for ``execute_binds``."""
        from bridge.modules._database_oracle_values import Long

        used = statement_of(session, statement)
        with used.connection.using(), used.errors():
            used.see(Long(long, cut))
            found, more = used.fetch(rows)
            return used.connection.marked({"rows": found, "more": more})

    @module.function
    def dbms_output(session: Session, connection: int, most: Annotated[int, msgspec.Meta(ge=0)] = 0) -> list[str]:
        """Return the lines that PL/SQL has put out, at most as many as told; 0 for all."""
        import oracledb

        used = oracle(find(session, connection), connection)
        lines: list[str] = []
        with used.using(), used.errors("OCIStmtExecute"), used.raw.cursor() as cursor:
            while True:
                wanted = min(LINES, most - len(lines)) if most else LINES
                array = cursor.arrayvar(oracledb.DB_TYPE_VARCHAR, wanted, LINE_SIZE)
                count = cursor.var(int)
                count.setvalue(0, wanted)
                cursor.execute("BEGIN dbms_output.get_lines(:1, :2); END;", [array, count])
                got = int(count.getvalue())
                lines += [line or "" for line in array.getvalue()[:got]]
                if got < wanted or (most and len(lines) >= most):
                    return lines
