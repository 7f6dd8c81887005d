"""Databases with an ODBC driver for module ``database``, by pyodbc."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pyodbc

from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection, read_settings
from bridge.modules._database_odbc_library import Diagnostic, Handle, fail_with
from bridge.modules._database_odbc_statement import ODBCStatement
from bridge.modules._database_odbc_watch import Watch
from bridge.modules._database_sql import Dialect

__all__ = ["ODBC", "ODBCStatement", "connection_string"]

pyodbc.pooling = False  # a pooled connection would be another caller's before, with all that was set on it

CONNECT_SECONDS = 30

NO_PIECES = 2**31 - 1
"""Bytes of a value above which pyodbc sends it in pieces."""

CONNECTION = 2
ACCESS_MODE = 101
DBMS_NAME, DBMS_VERSION, DRIVER_NAME, DRIVER_VERSION, DRIVER_ODBC = 17, 18, 6, 7, 77

SOURCES = frozenset({"DSN", "DRIVER", "FILEDSN"})

_DIAGNOSTIC = re.compile(r"\[(\w{5})\] (.*) \((-?[0-9]+)\) \((?:SQL\w*|[^()]*)\)", re.DOTALL)
"""How pyodbc puts a diagnostic into an exception."""

_WATCH = Watch()


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`ODBC.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    read_only: bool | None = None
    named: bool | None = None
    direct: bool | None = None
    described: bool | None = None
    query_seconds: int | None = None


def connection_string(parameters: dict[str, str]) -> str:
    """Return the words of a connection as drivers and their manager read them, with braces where they need any."""
    parts = []
    # What is to be connected to comes first: the manager looks no further.
    for name, value in sorted(parameters.items(), key=lambda word: (word[0].upper() not in SOURCES, word[0].upper())):
        plain = re.fullmatch(r"[^;{}\s=](?:[^;{}]*[^;{}\s])?", value) or not value
        parts.append(f"{name}={value}" if plain else "{}={{{}}}".format(name, value.replace("}", "}}")))
    return ";".join(parts)


class ODBC(Connection):
    """One connection through an ODBC driver.

    Args:
        database: the data source's name; may be empty where ``parameters`` says what to connect to.
        parameters: the words of a connection string: ``DSN`` or ``Driver``, ``UID``, ``PWD``, the driver's own.
        rules: what the caller may connect to.
        options: the module's.
    """

    driver = "odbc"

    def __init__(self, database: str, parameters: dict[str, str], rules: Rules, options: Options) -> None:
        super().__init__()
        words = ({"DSN": database} if database else {}) | parameters
        rules.check_data_source(words)
        self.batch_bytes = options.batch_bytes
        self.seconds = options.statement_seconds
        self.settings = Settings(named=True, direct=False, described=True, query_seconds=0)
        self._dirty = False
        self._running: pyodbc.Cursor | None = None
        self._turn = 0  # which use of a cursor that is
        self._cancelling = threading.Lock()
        with self.errors():
            self.raw = pyodbc.connect(connection_string(words), autocommit=True, timeout=CONNECT_SECONDS)
        self.raw.decimal_mode = "text"
        mysql = self.fact(DBMS_NAME) in {"MySQL", "MariaDB"}
        if mysql:
            self.raw.maxwrite = NO_PIECES  # MariaDB's driver spoils text that is sent in pieces
        self.dialect = Dialect("odbc", backslashes=mysql)

    def ask(self, number: int) -> Any:
        """Return what SQLGetInfo says under a number, within :meth:`errors`."""
        found = self.raw.getinfo(number)
        return ("Y" if found else "N") if found.__class__ is bool else found

    def fact(self, number: int) -> Any:
        """Return what SQLGetInfo says under a number; ``None`` where the driver says nothing."""
        with contextlib.suppress(pyodbc.Error):
            return self.ask(number)
        return None

    def functions(self) -> list[bool]:
        """Return which of ODBC's functions the driver has; see :meth:`Handle.functions`."""
        return Handle(self.raw.hdbc, CONNECTION).functions()

    # --- what Connection asks for ---

    def shut(self) -> None:
        with contextlib.suppress(pyodbc.Error):
            if not self.raw.autocommit:
                self.raw.rollback()
        with contextlib.suppress(pyodbc.Error):
            self.raw.close()

    def abandon(self) -> None:
        """Close in a thread: a driver asks its server to disconnect, and may hang; who calls this must not wait."""
        threading.Thread(target=super().abandon, name="odbc-end", daemon=True).start()

    def interrupt(self) -> None:
        self._interrupt(self._turn)

    def _interrupt(self, turn: int) -> None:
        if self._running is not None and self._turn == turn:
            # Drivers open a connection of its own for that, and the caller of this must not wait.
            threading.Thread(target=self._cancel, args=(turn,), daemon=True).start()

    def _cancel(self, turn: int) -> None:
        with self._cancelling, contextlib.suppress(pyodbc.Error):
            if self._running is not None and self._turn == turn:
                self._running.cancel()

    def new_statement(self) -> ODBCStatement:
        """Return a statement without a text."""
        return ODBCStatement(self)

    def prepare(self, sql: str) -> ODBCStatement:
        statement = ODBCStatement(self)
        try:
            statement.take(sql)
        except BaseException:
            statement.close()
            raise
        return statement

    def prepare_verbatim(self, sql: str) -> ODBCStatement:
        statement = ODBCStatement(self)
        statement.text = sql
        return statement

    def commit(self) -> None:
        self._dirty = False
        with self.errors():
            self.raw.commit()

    def rollback(self) -> None:
        self._dirty = False
        with self.errors():
            self.raw.rollback()

    def set(self, settings: dict[str, Any]) -> None:
        new = read_settings(settings, Settings)
        with self.errors():
            if new.autocommit is not None and new.autocommit != self.raw.autocommit:
                self.raw.autocommit = new.autocommit
                self._dirty = False
            if new.read_only is not None:
                self.raw.set_attr(ACCESS_MODE, int(new.read_only))
        kept = {name: value for name, value in msgspec.structs.asdict(new).items() if value is not None}
        self.settings = msgspec.structs.replace(self.settings, **kept)

    def info(self) -> dict[str, Any]:
        return {
            "version": self.fact(DBMS_VERSION),
            "in_transaction": self.in_transaction,
            "dbms": self.fact(DBMS_NAME),
            "driver": self.fact(DRIVER_NAME),
            "driver_version": self.fact(DRIVER_VERSION),
            "odbc": self.fact(DRIVER_ODBC),
        }

    @property
    def in_transaction(self) -> bool:
        """Whether something was executed since the last commit: what the driver itself knows of it, it keeps."""
        return self._dirty

    def last_id(self, details: dict[str, Any]) -> int | str | None:
        """Return nothing: ODBC has no way to ask."""
        return None

    def alive(self) -> bool:
        """Ask the driver, and, as many of them notice nothing by themselves, the database."""
        if Handle(self.raw.hdbc, CONNECTION).is_dead():
            return False
        try:
            with self.raw.cursor() as cursor:
                cursor.tables(table="CPANBRIDGE_PING").fetchall()
        except pyodbc.Error:
            return False
        return True

    # --- for the statements ---

    @contextlib.contextmanager
    def running(self, cursor: pyodbc.Cursor) -> Iterator[None]:
        """Within this the cursor may be interrupted, and is, where it takes too long."""
        self._turn += 1
        self._running = cursor
        try:
            with _WATCH.over(self.seconds, functools.partial(self._interrupt, self._turn)), self.errors(cursor):
                yield
        finally:
            with self._cancelling:  # a handle that is being cancelled must not be used again, or freed
                self._running = None

    def executed(self) -> None:
        """Note that there may be something to commit."""
        self._dirty = not self.raw.autocommit

    @contextlib.contextmanager
    def errors(self, cursor: pyodbc.Cursor | None = None) -> Iterator[None]:
        """Turn pyodbc's errors into the bridge's: SQLSTATE is ``state``, the database's own number ``native``."""
        try:
            yield
        except pyodbc.Error as error:
            fail_with(_diagnostics(error, cursor), type(error).__name__)
        except (ValueError, TypeError, OverflowError) as error:
            fail_with([("HY000", 0, str(error))], "DataError")


def _diagnostics(error: pyodbc.Error, cursor: pyodbc.Cursor | None) -> list[Diagnostic]:
    words = [str(word) for word in error.args]
    state = next((word for word in words if re.fullmatch(r"[0-9A-Z]{5}", word)), "HY000")
    text = next((word for word in words if word != state), str(error))
    found = _DIAGNOSTIC.fullmatch(text)
    first = (found[1], int(found[3]), found[2]) if found else (state, 0, text)
    try:
        all_of_them = Handle(cursor.hstmt).diagnostics() if cursor is not None and cursor.hstmt else []
    except pyodbc.Error:  # the cursor is closed
        all_of_them = []
    # Where pyodbc has done something else since, the driver has forgotten them.
    return all_of_them if all_of_them and all_of_them[0][0] == first[0] else [first]
