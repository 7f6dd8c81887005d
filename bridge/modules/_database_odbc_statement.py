"""Statements of ODBC for module ``database``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import pyodbc

from bridge.modules._database_driver import Outcome, Statement
from bridge.modules._database_odbc_library import BINARY, BIT, CHARACTERS, Column, Handle, fail_with
from bridge.modules._database_rows import Row, Rows
from bridge.modules._database_sql import first_word, parse

if TYPE_CHECKING:
    from bridge.modules._database_odbc import ODBC

__all__ = ["ODBCStatement"]


class ODBCStatement(Statement):
    """One statement, with a handle of its own."""

    connection: ODBC

    def __init__(self, connection: ODBC) -> None:
        super().__init__(connection)
        with connection.errors():
            self.cursor = connection.raw.cursor()
        self.handle = Handle(self.cursor.hstmt)
        self.text = ""
        self.word = ""
        self.names: list[str] = []
        self.order: list[int] = []  # the parameter that each placeholder in the text stands for
        self.described: list[tuple[int, int, int] | None] = []
        self.types: list[int | None] = []  # what the caller wants instead
        self.columns: list[Column] = []
        self._limit: int | None = 0
        self._prepared = False
        self._ended = True  # nothing of the result at hand is left
        self._another = False  # and the cursor is at the next one already
        self._problem: pyodbc.Error | None = None
        self._exact = True
        self._bits: list[int] = []

    def take(self, sql: str) -> None:
        """Prepare.

        Raises:
            BridgeError: placeholders of several kinds, or what the driver says against the statement.
        """
        connection = self.connection
        settings = connection.settings
        try:
            parsed = parse(
                sql, connection.dialect if settings.named else attrs.evolve(connection.dialect, colons=False)
            )
        except ValueError as error:
            fail_with([("HY000", 0, str(error))], "ProgrammingError")
        self.word = first_word(sql, connection.dialect)
        self.text = sql
        named = ":" in parsed.signs
        if named:
            kinds = {name.lstrip(":").isdecimal() for name in parsed.names}
            if "?" in parsed.signs or len(kinds) > 1:
                fail_with([("HY000", 0, "Can't mix placeholder styles: ?, :1 and :name")], "ProgrammingError")
            self.text = parsed.render(lambda _: "?")
            self.names = [name.lstrip(":") for name in parsed.names]
            self.order = parsed.numbers
        places = len(parsed.numbers)
        if not settings.direct:
            with connection.running(self.cursor):
                self.handle.prepare(self.text)
            self._prepared = True
            if (known := self.handle.parameters()) is not None and not named:
                places = known
            if settings.described:
                self.described = [self.handle.parameter(number) for number in range(1, places + 1)]
        if not named:
            self.names = [str(number) for number in range(1, places + 1)]
            self.order = list(range(1, places + 1))

    def prepared(self) -> dict[str, Any]:
        types: list[int | None] = [None] * len(self.names)
        for number, found in zip(self.order, self.described, strict=False):
            types[number - 1] = found and found[0]
        return {"parameters": self.names, "types_of_parameters": types, "kind": self.word}

    def describe(self) -> dict[str, Any]:
        if self._prepared and not self.columns:
            self.columns = self.handle.columns()
        return {**self.prepared(), **_about(self.columns)}

    def _sizes(self, values: Sequence[Any]) -> list[tuple[int, int | None, int | None] | None] | None:
        """Return what pyodbc is to bind each value as."""
        sizes: list[tuple[int, int | None, int | None] | None] = []
        for place, number in enumerate(self.order):
            wanted = self.types[number - 1] if number <= len(self.types) else None
            found = self.described[place] if place < len(self.described) else None
            value = values[number - 1]
            if wanted is not None:
                sizes.append((wanted, None, None))
            elif not found or not found[0] or (found[0] in CHARACTERS and value is not None and not value.isascii()):
                sizes.append(None)  # as characters: a type of bytes could not hold them all
            elif found[0] in CHARACTERS | BINARY:
                sizes.append((found[0], None, None))
            else:
                sizes.append(found)
        return sizes if any(sizes) else None

    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        connection = self.connection
        self.finish()
        if len(values) != len(self.names):
            fail_with([("07001", 0, f"{len(self.names)} values are needed, not {len(values)}")], "ProgrammingError")
        taken = [
            value.decode("utf-8", "replace") if index in as_text and value.__class__ is bytes else value
            for index, value in enumerate(values)
        ]
        with connection.running(self.cursor):
            self.cursor.setinputsizes(self._sizes(taken))
            if self._limit != connection.settings.query_seconds:
                self._limit = connection.settings.query_seconds or 0
                self.handle.limit(self._limit)
            connection.executed()
            if taken:
                self.cursor.execute(self.text, tuple(taken[number - 1] for number in self.order))
            else:
                self.cursor.execute(self.text)
            return self.outcome(rows)

    def ask(self, function: str, words: Sequence[Any], arguments: dict[str, Any], rows: int) -> Outcome:
        """Call one of pyodbc's functions that tell what there is in the database."""
        with self.connection.running(self.cursor):
            getattr(self.cursor, function)(*words, **arguments)
            return self.outcome(rows)

    def next_result(self, rows: int) -> Outcome | None:
        """Go on to the next result of several statements, or of a procedure."""
        with self.connection.running(self.cursor):
            if self.rows is not None and not self._ended:
                self._advance()  # past the rows that are left
            self.rows = None
            if (problem := self._problem) is not None:
                self._problem = None
                raise problem
            return self.outcome(rows) if self._ended and self._another else None

    def _advance(self) -> None:
        """Look whether another result follows, as soon as this one is read: else some servers take no new statement."""
        self._ended = True
        try:
            self._another = bool(self.cursor.nextset())
        except pyodbc.Error as error:
            self._another = False
            if "IM001" not in error.args:  # which is: the driver knows no further results
                self._problem = error  # told when the result is asked for

    def outcome(self, rows: int) -> Outcome:
        """Return what there is of the result that the cursor is at."""
        cursor = self.cursor
        self._ended = self._another = False
        outcome: Outcome = {
            "columns": None,
            "rows": [],
            "more": False,
            "count": cursor.rowcount,
            "messages": [_message(kind, text) for kind, text in cursor.messages or ()],
            "in_transaction": self.connection.in_transaction,
        }
        if cursor.description is not None:
            self.columns = self.handle.columns()
            self._exact = all(column.exact for column in self.columns)
            self._bits = [place for place, column in enumerate(self.columns) if column.type == BIT]
            self.rows = Rows(self._next, self.connection.batch_bytes)
            outcome |= _about(self.columns)
            outcome["rows"] = self.rows.batch(rows)
            outcome["more"] = self.rows.more
        else:
            self._advance()
        outcome["another"] = self._another or self._problem is not None
        return outcome

    def _next(self, count: int) -> list[Row]:
        rows = self._read(count)
        if len(rows) < count:
            self._advance()
        return rows

    def _read(self, count: int) -> list[Row]:
        if not self._exact:
            return self.handle.fetch(self.columns, count)
        found = self.cursor.fetchmany(count)
        if not self._bits:
            return [tuple(row) for row in found]
        rows: list[Any] = [list(row) for row in found]
        for row in rows:
            for place in self._bits:
                row[place] = None if row[place] is None else int(row[place])
        return rows

    def fetch(self, count: int, by_column: bool = False) -> tuple[list[Any], bool]:
        """Return the next rows, and whether there may be more; another result may follow them."""
        if self.rows is None:
            return [], False
        with self.connection.running(self.cursor):
            return self.rows.blocks(count) if by_column else self.rows.batch(count), self.rows.more

    def finish(self) -> None:
        self.rows = self._problem = None
        if not self._ended or self._another:
            self.handle.close_cursor()
        self._ended, self._another = True, False

    def close(self) -> None:
        self.rows = None
        with contextlib.suppress(pyodbc.Error):
            self.cursor.close()


def _message(kind: str, text: str) -> list[Any]:
    found = re.fullmatch(r"\[(\w{5})\] \((-?[0-9]+)\)", kind)
    return [found[1], int(found[2]), text] if found else ["01000", 0, text]


def _about(columns: list[Column]) -> dict[str, list[Any]]:
    return {
        "columns": [column.name for column in columns],
        "types": [column.type for column in columns],
        "sizes": [column.size for column in columns],
        "scales": [column.scale for column in columns],
        "nullable": [column.nullable for column in columns],
    }
