"""Oracle for module ``database``, by python-oracledb in its thin mode, which needs no client of Oracle's."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
import oracledb

from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection, Outcome, Part, Statement, decoded, fail, read_settings
from bridge.modules._database_oracle_binds import Bind, Bound, bound
from bridge.modules._database_oracle_connect import nls_statement, words
from bridge.modules._database_oracle_dates import ENGLISH, Names
from bridge.modules._database_oracle_errors import STATE, code_and_text, errors
from bridge.modules._database_oracle_values import Conventions, Converter, Long, converters, facts, type_handler
from bridge.modules._database_rows import Row, Rows
from bridge.modules._database_sql import Dialect, Parsed, first_word, parse

__all__ = ["Large", "Oracle", "OracleStatement"]

DIALECT = Dialect("oracle", dollars=False)
NO_PLACEHOLDERS = Dialect("oracle", question_marks=False, colons=False, dollars=False)

QUERIES = frozenset({"SELECT", "WITH", "("})
CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
BLOCKS = frozenset({"BEGIN", "DECLARE", "CALL", "<<"})
TAKING_VALUES = QUERIES | CHANGES | BLOCKS | {"EXPLAIN", "LOCK", ""}
"""What placeholders are looked for in. Elsewhere colons are something else, as in triggers."""

RETURNING = re.compile(r"\bRETURN(?:ING)?\b", re.IGNORECASE)

BINARY = (oracledb.DB_TYPE_BLOB, oracledb.DB_TYPE_BFILE)

FETCH_ROWS = 500
"""Rows that python-oracledb takes from the server at a time."""

NLS = "SELECT parameter, value FROM nls_session_parameters"

NAMES = (
    "SELECT TO_CHAR(ADD_MONTHS(DATE '2024-01-01', LEVEL - 1), 'FMMonth'), "
    "TO_CHAR(ADD_MONTHS(DATE '2024-01-01', LEVEL - 1), 'FMMon'), TO_CHAR(DATE '2024-01-01' + LEVEL - 1, 'FMDay'), "
    "TO_CHAR(DATE '2024-01-01' + LEVEL - 1, 'FMDy'), TO_CHAR(DATE '2024-01-01' + LEVEL - 1, 'D'), "
    "TO_CHAR(DATE '2024-01-01' + LEVEL / 2 - 1 / 4, 'AM'), TO_CHAR(DATE '2024-01-01' + LEVEL / 2 - 1 / 4, 'A.M.') "
    "FROM DUAL CONNECT BY LEVEL <= 12"
)
"""2024 began with a Monday."""


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`Oracle.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    check: bool | None = None
    placeholders: bool | None = None
    module: str | None = None
    action: str | None = None
    client_info: str | None = None
    client_identifier: str | None = None


class Oracle(Connection):
    """One connection to an Oracle server.

    Args:
        database: the service's name, or a connect descriptor.
        parameters: ``host``, ``port``, ``user``, ``password``, ``sid``, ``mode``, ``nls_date_format``, ...
        rules: what the caller may connect to.
        options: the module's.
    """

    driver = "oracle"

    def __init__(self, database: str, parameters: dict[str, str], rules: Rules, options: Options) -> None:
        super().__init__()
        self.batch_bytes = options.batch_bytes
        self._check = self._placeholders = True
        self._conventions: Conventions | None = None
        with errors("OCIServerAttach"):
            self.raw = oracledb.connect(**words(database, parameters, rules))
        try:
            with errors("OCISessionBegin"):
                self.raw.call_timeout = int(options.statement_seconds * 1000)
                self.raw.outputtypehandler = type_handler
                if (statement := nls_statement(parameters)) is not None:
                    with self.raw.cursor() as cursor:
                        cursor.execute(statement)
                self.raw.autocommit = True
        except BaseException:
            self.shut()
            raise

    # --- what Connection asks for ---

    def shut(self) -> None:
        with contextlib.suppress(oracledb.Error, OSError):
            self.raw.rollback()
        with contextlib.suppress(oracledb.Error, OSError):
            self.raw.close()

    def interrupt(self) -> None:
        self.raw.cancel()

    def prepare(self, sql: str) -> OracleStatement:
        statement = OracleStatement(self, sql, DIALECT if self._placeholders else NO_PLACEHOLDERS)
        if self._check and statement.word in QUERIES:
            statement.check()
        return statement

    def prepare_verbatim(self, sql: str) -> OracleStatement:
        return OracleStatement(self, sql, NO_PLACEHOLDERS)

    def commit(self) -> None:
        with errors("OCITransCommit"):
            self.raw.commit()

    def rollback(self) -> None:
        with errors("OCITransRollback"):
            self.raw.rollback()

    def set(self, settings: dict[str, Any]) -> None:
        new = read_settings(settings, Settings)
        with errors("OCIAttrSet"):
            if new.autocommit is not None:
                if new.autocommit and not self.raw.autocommit:
                    self.raw.commit()
                self.raw.autocommit = new.autocommit
            if new.module is not None:
                self.raw.module = new.module
            if new.action is not None:
                self.raw.action = new.action
            if new.client_info is not None:
                self.raw.clientinfo = new.client_info
            if new.client_identifier is not None:
                self.raw.client_identifier = new.client_identifier
        if new.check is not None:
            self._check = new.check
        if new.placeholders is not None:
            self._placeholders = new.placeholders

    def info(self) -> dict[str, Any]:
        with errors("OCIAttrGet"):
            return {
                "version": self.raw.version,
                "in_transaction": self.in_transaction,
                "user": self.raw.username,
                "service": self.raw.service_name,
                "instance": self.raw.instance_name,
                "session": self.raw.session_id,
                "serial": self.raw.serial_num,
                "library": oracledb.__version__,
            }

    def alive(self) -> bool:
        """Ask the server for something."""
        try:
            self.raw.ping()
        except (oracledb.Error, OSError):
            return False
        return True

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.transaction_in_progress)

    def last_id(self, details: dict[str, Any]) -> int | str | None:
        return None  # Oracle numbers rows by sequences, and says so with RETURNING

    # --- for the statements ---

    def errors(self, call: str) -> contextlib.AbstractContextManager[None]:
        """Turn python-oracledb's errors into the bridge's; ``call`` is what Oracle's own clients would be doing."""
        return errors(call)

    def conventions(self) -> Conventions:
        """Return how the session shows numbers and dates."""
        if self._conventions is None:
            with self.raw.cursor() as cursor:
                parameters = {name: value or "" for name, value in cursor.execute(NLS) or ()}
                english = parameters.get("NLS_DATE_LANGUAGE", "AMERICAN") in {"AMERICAN", "ENGLISH"}
                if english and parameters.get("NLS_TERRITORY", "AMERICA") == "AMERICA":
                    names = ENGLISH
                else:
                    names = _names(list(cursor.execute(NAMES) or ()))
            self._conventions = Conventions(parameters, names)
        return self._conventions

    def forget_conventions(self) -> None:
        """Ask for them again when they are needed: a statement may have changed them."""
        self._conventions = None

    def adopt(self, thing: Any) -> Any:
        """Return what the caller gets for a cursor, or for a handle of a LOB: its number, and what is known of it."""
        if isinstance(thing, oracledb.Cursor):
            statement = OracleStatement(self, "", NO_PLACEHOLDERS)
            statement.take(thing)
            statement.is_cursor = True
            return {"__statement__": self.put(statement), **facts(thing.description)}
        return {"__lob__": self.put(Large(self, thing)), "binary": thing.type in BINARY}


def _names(rows: list[Any]) -> Names:
    months, short_months, days, short_days, numbers, meridiem, pointed = zip(*rows, strict=True)
    return Names(
        months,
        short_months,
        days[:7],
        short_days[:7],
        (*meridiem[:2], *pointed[:2]),
        (1 - int(numbers[0])) % 7,
    )


class Large(Part):
    """A LOB that the caller has a handle of."""

    connection: Oracle

    def __init__(self, connection: Oracle, raw: Any) -> None:
        self.connection = connection
        self.raw = raw

    def close(self) -> None:
        """Nothing is to be done: what the server keeps for it ends with python-oracledb's object."""


class OracleStatement(Statement):
    """One statement; the server prepares it when it is executed, SELECTs also before, to find their faults."""

    connection: Oracle

    def __init__(self, connection: Oracle, sql: str, dialect: Dialect) -> None:
        super().__init__(connection)
        self.word = first_word(sql, dialect)
        if self.word not in TAKING_VALUES:
            dialect = attrs.evolve(dialect, question_marks=False, colons=False)
        try:
            self.parsed: Parsed = parse(sql, dialect)
        except ValueError as error:
            fail(f"ORA-01745: invalid host/bind variable name: {error}", "ProgrammingError", code=1745, state=STATE)
        # As Oracle's own driver spells them; other names stay as they are.
        self.names = [
            name[1:] if name.startswith(":") and not name[1:].isdecimal() else "" for name in self.parsed.names
        ]
        self.names = [name or f"p{number}" for number, name in enumerate(self.names, 1)]
        self.text = self.parsed.render(lambda number: f":{self.names[number - 1]}")
        self._used = sorted(set(self.parsed.numbers))
        self._cursor: oracledb.Cursor | None = None
        self._converters: list[tuple[int, Converter]] = []
        self._columns: list[oracledb.FetchInfo] | None = None
        self._long = Long()
        self.is_cursor = False
        """Whether the server has opened it; then it stays open when its rows have been fetched, for PL/SQL to close."""

    @property
    def is_block(self) -> bool:
        """Whether it is PL/SQL."""
        return self.word in BLOCKS

    @property
    def returns(self) -> bool:
        """Whether it may return values of changed rows."""
        return self.word in CHANGES and bool(RETURNING.search(self.text))

    def check(self) -> None:
        """Have the server look at it without executing it."""
        with self.errors(), self.connection.raw.cursor() as cursor:
            cursor.arraysize = FETCH_ROWS
            cursor.parse(self.text)
            self._columns = cursor.description

    def errors(self) -> contextlib.AbstractContextManager[None]:
        """Turn python-oracledb's errors into the bridge's."""
        return errors(sql=self.text.lstrip())

    def describe(self) -> dict[str, Any]:
        known = {} if self._columns is None else facts(self._columns)
        return {"parameters": self.parsed.names, "columns": [], "kind": self.word, **known}

    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        sent = [value.decode() if index in as_text else value for index, value in enumerate(values)]
        return self.execute_with(sent, {}, rows, Long())

    def execute_with(self, values: Sequence[Any], binds: dict[int, Bind], rows: int, long: Long) -> Outcome:
        """Execute.

        Args:
            values: one for each parameter.
            binds: more about some of them, by their places from 0 on.
            rows: how many rows to return at once.
            long: how much of large values to return.
        """
        connection = self.connection
        self.finish()
        if len(values) != self.parsed.count:
            fail(
                f"ORA-01008: not all variables bound: {self.parsed.count} values are needed, not {len(values)}",
                "ProgrammingError",
                code=1008,
                state=STATE,
            )
        self._long = long
        with self.errors():
            cursor = connection.raw.cursor()
            cursor.arraysize = FETCH_ROWS
            cursor.prefetchrows = min(rows, FETCH_ROWS) + 1
            made = bound(cursor, self, values, binds)
            if self._used:
                cursor.execute(self.text, {self.names[number - 1]: made.sent[number - 1] for number in self._used})
            else:
                cursor.execute(self.text)
            if self.is_block or self.word == "ALTER":
                connection.forget_conventions()
            return self._outcome(cursor, rows, made)

    def _outcome(self, cursor: oracledb.Cursor, rows: int, made: Bound) -> Outcome:
        warning = cursor.warning
        outcome: Outcome = {"rows": [], "more": False, "count": max(cursor.rowcount, 0)}
        if cursor.description is None:
            outcome["columns"] = None
            outcome["out"] = made.results(self.connection, self._long)
            if self.word in CHANGES:
                outcome["rowid"] = cursor.lastrowid
            cursor.close()
        else:
            outcome["count"] = 0  # of rows to come the server does not know the number
            self.take(cursor)
            assert self.rows is not None
            outcome |= facts(self._columns)
            outcome["rows"] = self.rows.batch(rows)
            outcome["more"] = self.rows.more
        if warning is not None:
            outcome["warning"] = "ORA-24344: success with compilation error (DBD SUCCESS_WITH_INFO: OCIStmtExecute)"
        outcome["in_transaction"] = self.connection.in_transaction
        return outcome

    def take(self, cursor: oracledb.Cursor) -> None:
        """Have a cursor's rows be this statement's."""
        self._cursor = cursor
        self._columns = cursor.description
        self.rows = Rows(self._next, self.connection.batch_bytes)
        self._converters = converters(
            self._columns or (), self.connection.conventions, self.connection.adopt, self._long
        )

    @property
    def cursor(self) -> oracledb.Cursor:
        """The open cursor, for PL/SQL that takes one."""
        if self._cursor is None:
            fail("ORA-01001: invalid cursor: it is not open", "ProgrammingError", code=1001, state=STATE)
        return self._cursor

    def see(self, long: Long) -> None:
        """Change how much of large values comes with the rows that are left."""
        self._long = long
        if self._cursor is not None:
            self._converters = converters(self._columns or (), self.connection.conventions, self.connection.adopt, long)

    def _next(self, count: int) -> list[Row]:
        if self._cursor is None:
            return []
        found: list[Any] = self._cursor.fetchmany(count)
        if self._converters:
            found = [list(row) for row in found]
            for at, convert in self._converters:
                for row in found:
                    if row[at] is not None:
                        row[at] = convert(row[at])
        return found

    def execute_many(self, tuples: Sequence[list[Any]], as_text: Sequence[list[int]]) -> list[dict[str, Any]]:
        if self.word not in CHANGES or self.returns or not self._used or any(as_text):
            return super().execute_many(tuples, as_text)
        self.finish()
        sent = [self._sent(decoded(values)) for values in tuples]
        if any(len({type(row[name]) for row in sent} - {type(None)}) > 1 for name in sent[0] if sent):
            return super().execute_many(tuples, as_text)  # the server wants values of one kind
        with self.errors(), self.connection.raw.cursor() as cursor:
            cursor.executemany(self.text, sent, batcherrors=True, arraydmlrowcounts=True)
            outcomes: list[dict[str, Any]] = [{"count": count} for count in cursor.getarraydmlrowcounts()]
            failed = cursor.getbatcherrors()
            for error in failed:
                code, text, _ = code_and_text(error)
                outcomes[error.offset] = {"error": f"{text} (DBD ERROR: OCIStmtExecute)", "code": code, "state": STATE}
            if failed and self.connection.raw.autocommit:
                self.connection.raw.commit()  # which the server does not do where something has failed
            return outcomes

    def _sent(self, values: list[Any]) -> dict[str, Any]:
        if len(values) != self.parsed.count:
            fail(f"ORA-01008: {self.parsed.count} values are needed, not {len(values)}", "ProgrammingError", code=1008)
        return {self.names[number - 1]: values[number - 1] for number in self._used}

    def fetch(self, count: int, by_column: bool = False) -> tuple[list[Any], bool]:
        with errors("OCIStmtFetch"):
            return super().fetch(count, by_column)

    def finish(self) -> None:
        self.rows = None
        if not self.is_cursor:
            self.close()

    def close(self) -> None:
        self.rows = None
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with contextlib.suppress(oracledb.Error, OSError):
                cursor.close()
