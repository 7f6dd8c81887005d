"""MariaDB and MySQL for module ``database``, by PyMySQL."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE, SERVER_STATUS
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from bridge.api import BridgeError, ErrorType
from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection, Outcome, Statement, fail
from bridge.modules._database_rows import Row, Rows
from bridge.modules._database_sql import Dialect, Parsed, first_word, parse

__all__ = ["MySQL", "MySQLStatement"]

DIALECT = Dialect("mysql", colons=False, dollars=False)
NO_PLACEHOLDERS = Dialect("mysql", question_marks=False, colons=False, dollars=False)

WORDS = frozenset({"host", "port", "user", "password", "unix_socket", "connect_timeout", "init_command", "charset"})
FLAGS = {
    "multi_statements": CLIENT.MULTI_STATEMENTS,
    "found_rows": CLIENT.FOUND_ROWS,
    "ignore_space": CLIENT.IGNORE_SPACE,
}
TLS = frozenset({"ssl", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert"})
PARAMETERS = WORDS | FLAGS.keys() | TLS
"""What a caller may say besides the database's name."""

CONNECT_SECONDS = 30

READ_AHEAD_BYTES = 8 << 20
"""Rows of a SELECT are read ahead up to about so many bytes, so that their number is known, and streamed beyond."""

NUMBERS: dict[int, Any] = {
    **dict.fromkeys(
        (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.INT24, FIELD_TYPE.YEAR),
        int,
    ),
    FIELD_TYPE.FLOAT: float,
    FIELD_TYPE.DOUBLE: float,
}
"""What makes a value of what the server sends; everything else is text, or bytes where it has no character set."""

COUNTED = re.compile(r"\b(?:LIMIT|OFFSET)\s*\Z", re.IGNORECASE)
AFTER_COUNT = re.compile(r"\s*,\s*\Z")


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`MySQL.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    read_only: bool | None = None


class _Cursor(SSCursor):  # type: ignore[misc]
    """A cursor that tells what the server has said of a result."""

    @property
    def fields(self) -> list[Any]:
        """The columns."""
        return list(self._result.fields)

    @property
    def warnings(self) -> int:
        """How many warnings there were."""
        return int(getattr(self._result, "warning_count", 0) or 0)

    @property
    def has_next(self) -> bool:
        """Whether another result follows."""
        return bool(getattr(self._result, "has_next", False))

    def forget(self) -> None:
        """Read nothing more, the connection is closed: pymysql would try when cursor and result are collected."""
        self.connection = None
        if self._result is not None:
            self._result.unbuffered_active = False


class MySQL(Connection):
    """One connection to a MariaDB or MySQL server.

    Args:
        database: the database's name; may be empty.
        parameters: ``host``, ``port``, ``user``, ``password``, ``unix_socket``, ``init_command``, ...
        rules: what the caller may connect to.
        options: the module's.
    """

    driver = "mysql"

    def __init__(self, database: str, parameters: dict[str, str], rules: Rules, options: Options) -> None:
        super().__init__()
        unknown = set(parameters) - PARAMETERS
        if unknown:
            fail(f'unknown connection option "{min(unknown)}"', "ProgrammingError", code=2000, state="HY000")
        rules.check_server(parameters.get("host", ""), parameters.get("port", "3306"))
        if not rules.trusted and (files := {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key"} & parameters.keys()):
            fail(f"the daemon opens no {min(files)} for callers of other users", "ProgrammingError", code=2000)
        self.batch_bytes = options.batch_bytes
        self.autocommit = True
        self.streaming: MySQLStatement | None = None
        words: dict[str, Any] = {name: parameters[name] for name in WORDS & parameters.keys()}
        words |= {name: int(words[name]) for name in ("port", "connect_timeout") if name in words}
        words.setdefault("connect_timeout", CONNECT_SECONDS)
        words.setdefault("charset", "utf8mb4")
        if not words.get("host") and "unix_socket" not in words:
            words["unix_socket"] = default_socket()
        self._words = words | _tls(parameters)
        flags = sum(flag for name, flag in FLAGS.items() if parameters.get(name, "") not in {"", "0"})
        with self.errors():
            self.raw = pymysql.connect(
                database=database or None,
                autocommit=True,
                client_flag=flags,
                conv={**encoders, **NUMBERS},
                binary_prefix=True,
                local_infile=False,  # the files would be the daemon's
                cursorclass=_Cursor,
                **self._words,
            )
        self._limit_time(options.statement_seconds)

    def _limit_time(self, seconds: float) -> None:
        # MariaDB's and MySQL's names for it; other servers have none.
        for statement in (f"SET max_statement_time = {seconds:g}", f"SET max_execution_time = {int(seconds * 1000)}"):
            with contextlib.suppress(pymysql.Error):
                self.raw.query(statement)
                return

    # --- what Connection asks for ---

    def shut(self) -> None:
        streaming, self.streaming = self.streaming, None
        if streaming is not None:
            streaming.forget()
        with contextlib.suppress(pymysql.Error, OSError):
            self.raw.close()

    def interrupt(self) -> None:
        # Killing needs a connection of its own, and the caller of this must not wait.
        threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        with contextlib.suppress(pymysql.Error, OSError), pymysql.connect(**self._words) as other:
            other.query(f"KILL QUERY {self.raw.thread_id()}")

    def prepare(self, sql: str) -> MySQLStatement:
        return MySQLStatement(self, sql, DIALECT)

    def prepare_verbatim(self, sql: str) -> MySQLStatement:
        return MySQLStatement(self, sql, NO_PLACEHOLDERS)

    def commit(self) -> None:
        self.make_room()
        with self.errors():
            self.raw.commit()

    def rollback(self) -> None:
        self.make_room()
        with self.errors():
            self.raw.rollback()

    def set(self, settings: dict[str, Any]) -> None:
        try:
            new = msgspec.convert(settings, Settings)
        except msgspec.ValidationError as error:
            raise BridgeError(ErrorType.BAD_PARAMS, f"settings: {error}") from None
        self.make_room()
        with self.errors():
            if new.read_only is not None:
                self.raw.query(f"SET SESSION TRANSACTION READ {'ONLY' if new.read_only else 'WRITE'}")
            if new.autocommit is not None and new.autocommit != self.autocommit:
                self.raw.autocommit(new.autocommit)
                self.autocommit = new.autocommit

    def info(self) -> dict[str, Any]:
        return {
            "version": self.raw.get_server_info(),
            "in_transaction": self.in_transaction,
            "thread": self.raw.thread_id(),
            "host": self.raw.get_host_info(),
            "protocol": self.raw.get_proto_info(),
        }

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def last_id(self, details: dict[str, Any]) -> int | str | None:
        return int(self.raw.insert_id())

    def alive(self) -> bool:
        """Ask the server for something."""
        self.make_room()
        try:
            self.raw.ping(reconnect=False)
        except (pymysql.Error, OSError):
            return False
        return True

    # --- for the statements ---

    def make_room(self) -> None:
        """Take in what another statement has left on the way: the server sends one result after the other."""
        streaming, self.streaming = self.streaming, None
        if streaming is not None:
            with self.errors():
                streaming.take_in()

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn PyMySQL's errors into the bridge's, with the server's number as ``code`` and its SQLSTATE."""
        try:
            yield
        except pymysql.Error as error:
            code = error.args[0] if error.args and isinstance(error.args[0], int) else 2000
            text = str(error.args[1]) if len(error.args) > 1 else str(error)
            fail(text, type(error).__name__, code=code or 2000, state=getattr(error, "sqlstate", None) or "HY000")
        except (OSError, UnicodeError) as error:
            fail(str(error), "OperationalError", code=2000, state="HY000")


def default_socket() -> str:
    """Return where Debian's and others' servers listen, as clients assume it."""
    return "/run/mysqld/mysqld.sock"


def _tls(parameters: dict[str, str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {name: value for name, value in parameters.items() if name in TLS and name != "ssl"}
    if "ssl_verify_cert" in chosen:
        chosen["ssl_verify_cert"] = chosen["ssl_verify_cert"] not in {"", "0"}
    if not chosen and parameters.get("ssl", "") not in {"", "0"}:
        chosen["ssl"] = {"ssl": True}
    return chosen


class MySQLStatement(Statement):
    """One statement; values are written into its text, as the server's own clients do."""

    connection: MySQL

    def __init__(self, connection: MySQL, sql: str, dialect: Dialect) -> None:
        super().__init__(connection)
        self.word = first_word(sql, dialect)
        self.parsed: Parsed = parse(sql, dialect)
        self._cursor: _Cursor | None = None
        self._taken: list[Row] = []

    def describe(self) -> dict[str, Any]:
        return {"parameters": self.parsed.names, "columns": [], "kind": self.word}

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
        if len(values) != self.parsed.count:
            fail(f"{self.parsed.count} values are needed, not {len(values)}", "ProgrammingError", code=2031)
        with connection.errors():
            cursor = connection.raw.cursor(_Cursor)
            cursor.execute(self._text(values))
            self._cursor = cursor
            return self._outcome(cursor, rows)

    def next_result(self, rows: int) -> Outcome | None:
        """Go on to the next result of several statements, or of a procedure."""
        if self._cursor is None:
            return None
        cursor, self.rows = self._cursor, None
        with self.connection.errors():
            return self._outcome(cursor, rows) if cursor.nextset() else None

    def _outcome(self, cursor: _Cursor, rows: int) -> Outcome:
        connection = self.connection
        outcome: Outcome = {
            "columns": None,
            "rows": [],
            "more": False,
            "count": max(cursor.rowcount, 0),
            "insert_id": connection.raw.insert_id(),
            "results": False,
        }
        if cursor.description is not None:
            connection.streaming = self
            self.rows = Rows(self._next, connection.batch_bytes)
            outcome["rows"] = self.rows.batch(rows)
            outcome["more"] = self.rows.more
            left = self.rows.read_ahead(READ_AHEAD_BYTES)
            outcome["count"] = -1 if left is None else len(outcome["rows"]) + left
            outcome |= _columns(cursor)
        outcome["warnings"] = cursor.warnings
        outcome["results"] = cursor.has_next
        outcome["in_transaction"] = connection.in_transaction
        if connection.streaming is not self and not outcome["results"]:
            self._cursor = None
        return outcome

    def _next(self, count: int) -> list[Row]:
        if self._taken:
            found, self._taken = self._taken[:count], self._taken[count:]
            return found
        if self.connection.streaming is not self or self._cursor is None:
            return []
        found = list(self._cursor.fetchmany(count))
        if len(found) < count:
            self.connection.streaming = None
        return found

    def take_in(self) -> None:
        """Read what is left, so that the connection is free."""
        if self._cursor is not None:
            self._taken.extend(self._cursor.fetchall())

    def fetch(self, count: int) -> tuple[list[Row], bool]:
        with self.connection.errors():
            return super().fetch(count)

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


def _columns(cursor: _Cursor) -> dict[str, list[Any]]:
    fields = cursor.fields
    return {
        "columns": [field.name for field in fields],
        "types": [field.type_code for field in fields],
        "lengths": [field.length for field in fields],
        "scales": [field.scale for field in fields],
        "flags": [field.flags for field in fields],
        "charsets": [field.charsetnr for field in fields],
        "tables": [field.table_name for field in fields],
    }
