"""Statements of MariaDB and MySQL for module ``database``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pymysql

from bridge.modules._database_driver import Outcome, Statement, fail
from bridge.modules._database_mysql_raw import Cursor, Prepared
from bridge.modules._database_rows import Row, Rows
from bridge.modules._database_sql import Dialect, Parsed, first_word

if TYPE_CHECKING:
    from bridge.modules._database_mysql import MySQL

__all__ = ["DIALECT", "MySQLStatement", "PreparedStatement", "names_charset"]

DIALECT = Dialect("mysql", colons=False, dollars=False, backslashes=True)

READ_AHEAD_BYTES = 8 << 20
"""Rows of a SELECT are read ahead up to about so many bytes, so that their number is known, and streamed beyond."""

SKIPPED_ROWS = 1000
"""Rows that nobody wants any more, read at a time."""

WRONG_COUNT = 1210
"""The server's number of "incorrect arguments to"."""

CHARSET = re.compile(r"\b(?:NAMES|CHARSET|CHARACTER\s+SET|character_set_client)\b", re.IGNORECASE)

COUNTED = re.compile(r"\b(?:LIMIT|OFFSET)\s*\Z", re.IGNORECASE)
AFTER_COUNT = re.compile(r"\s*,\s*\Z")


def names_charset(sql: str) -> bool:
    """Return whether a statement may change what the server takes text for."""
    return bool(CHARSET.search(sql))


class MySQLStatement(Statement):
    """One statement; values are written into its text, as the server's own clients do."""

    connection: MySQL

    def __init__(self, connection: MySQL, parsed: Parsed) -> None:
        super().__init__(connection)
        self.parsed = parsed
        self.word = first_word("?".join(parsed.pieces), DIALECT)
        self._cursor: Cursor | None = None
        self._taken: list[Row] = []

    def describe(self) -> dict[str, Any]:
        return {"parameters": self.parsed.names, "columns": [], "kind": self.word}

    @property
    def count(self) -> int:
        """How many values it takes."""
        return self.parsed.count

    def _text(self, values: Sequence[Any]) -> str:
        escape = self.connection.raw.escape
        pieces = self.parsed.pieces
        parts = [pieces[0]]
        counted = False
        for place, (value, piece) in enumerate(zip(values, pieces[1:], strict=True)):
            before = pieces[place]
            counted = bool(COUNTED.search(before)) or (counted and bool(AFTER_COUNT.match(before)))
            if counted and isinstance(value, str) and value.strip().isdecimal():
                parts.append(value.strip())  # there the server takes no quotes
            else:
                parts.append(escape(value))
            parts.append(piece)
        return "".join(parts)

    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        connection = self.connection
        self.finish()
        connection.make_room()
        if len(values) != self.count:
            fail(
                f"{self.count} values are needed, not {len(values)}",
                "ProgrammingError",
                code=WRONG_COUNT,
                state="HY000",
            )
        with connection.errors():
            cursor = connection.raw.cursor(Cursor)
            self._send(cursor, values)
            self._cursor = cursor
            outcome = self._outcome(cursor, rows)
            if self.word == "SET" and not connection.verbatim and names_charset(self.parsed.pieces[0]):
                connection.raw.follow_charset()
            return outcome

    def _send(self, cursor: Cursor, values: Sequence[Any]) -> None:
        cursor.execute(self._text(values))

    def next_result(self, rows: int) -> Outcome | None:
        """Go on to the next result of several statements, or of a procedure."""
        if self._cursor is None:
            return None
        cursor, self.rows = self._cursor, None
        with self.connection.errors():
            while cursor.fetchmany(SKIPPED_ROWS):  # what comes next is said behind the rows
                pass
            if cursor.nextset():
                return self._outcome(cursor, rows)
        self.finish()
        return None

    @property
    def leads_on(self) -> bool:
        """Whether another result follows; known when the rows of this one have been read."""
        return self._cursor is not None and bool(self._cursor.has_next)

    def _outcome(self, cursor: Cursor, rows: int) -> Outcome:
        connection = self.connection
        outcome: Outcome = {
            "columns": None,
            "rows": [],
            "more": False,
            "count": max(cursor.rowcount, 0),
            "insert_id": cursor.insert_id,
            "last_id": connection.raw.last_id,
            "results": False,
        }
        if cursor.description is not None:
            connection.streaming = self
            self.rows = Rows(self._next, connection.batch_bytes)
            outcome["rows"] = self.rows.batch(rows)
            left = self.rows.read_ahead(READ_AHEAD_BYTES)
            outcome["more"] = self.rows.more
            outcome["count"] = -1 if left is None else len(outcome["rows"]) + left
            outcome |= _columns(cursor.fields)
        else:
            outcome["message"] = cursor.message
        outcome["warnings"] = cursor.warnings
        outcome["results"] = cursor.has_next
        outcome["in_transaction"] = connection.in_transaction
        outcome["backslashes"] = connection.takes_backslashes
        if outcome["results"]:
            connection.streaming = self
        elif connection.streaming is not self:
            self._cursor = None
        return outcome

    def _next(self, count: int) -> list[Row]:
        if self._taken:
            found, self._taken = self._taken[:count], self._taken[count:]
            return found
        if self.connection.streaming is not self or self._cursor is None:
            return []
        found = list(self._cursor.fetchmany(count))
        if len(found) < count and not self._cursor.has_next:
            self.connection.streaming = None
        return found

    def take_in(self) -> None:
        """Read what is left, so that the connection is free: the rows are kept, further results are not."""
        cursor, self._cursor = self._cursor, None
        if cursor is None:
            return
        if self.rows is not None:
            self._taken.extend(cursor.fetchall())
        with contextlib.suppress(pymysql.Error):  # of later statements: nobody has asked for their outcome
            cursor.close()

    def fetch(self, count: int, by_column: bool = False) -> tuple[list[Any], bool]:
        if self.rows is None:
            return [], False
        with self.connection.errors():
            found, more = self.rows.blocks(count) if by_column else self.rows.batch(count), self.rows.more
            if not more and not self.leads_on:
                self.finish()
            return found, more

    def finish(self) -> None:
        self.rows = None
        self._taken = []
        cursor, self._cursor = self._cursor, None
        if self.connection.streaming is self:
            self.connection.streaming = None
        if cursor is not None:
            with contextlib.suppress(pymysql.Error, OSError):
                cursor.close()  # which reads the rest: the server cannot be told to send no more

    def forget(self) -> None:
        """Let go of the rows that are left: the connection is about to be closed."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.forget()


class PreparedStatement(MySQLStatement):
    """A statement that the server has prepared: it gets the values beside it."""

    def __init__(self, connection: MySQL, prepared: Prepared, sql: str) -> None:
        names = [str(number) for number in range(1, prepared.count + 1)]
        super().__init__(connection, Parsed([sql], [], names))
        self._prepared = prepared

    def describe(self) -> dict[str, Any]:
        return super().describe() | _columns(self._prepared.fields)

    def _send(self, cursor: Cursor, values: Sequence[Any]) -> None:
        cursor.execute_prepared(self._prepared.number, list(values))

    def close(self) -> None:
        super().close()
        self.connection.forget_prepared(self._prepared.number)


def _columns(fields: list[Any]) -> dict[str, list[Any]]:
    return {
        "columns": [field.name for field in fields],
        "types": [field.type_code for field in fields],
        "lengths": [field.length for field in fields],
        "scales": [field.scale for field in fields],
        "flags": [field.flags for field in fields],
        "charsets": [field.charsetnr for field in fields],
        "tables": [field.table_name for field in fields],
    }
