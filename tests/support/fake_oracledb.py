"""A stand-in for python-oracledb's connections, cursors, variables and LOBs, on SQLite in memory.

Everything else is the real package's: its types, its exceptions and how it makes them, its parameters. So a test with
this shows that a driver uses the package as it is documented, and what it makes of the answers - not what an Oracle
server would answer. ``test_database_oracle.py`` compares the signatures here with the real ones.

What SQLite does not have is put in by hand: types of columns (from CREATE TABLE), NLS_SESSION_PARAMETERS and ALTER
SESSION, sequences, RETURNING INTO, DBMS_OUTPUT, and PL/SQL: ``BLOCKS`` has a function for each block that is known.
"""

from __future__ import annotations

import datetime
import itertools
import re
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Self

import oracledb
from oracledb import errors as real_errors

__all__ = ["BLOCKS", "COLUMNS", "LOB", "Connection", "Cursor", "Var", "connect", "install", "ora"]

KINDS = {
    "NUMBER": oracledb.DB_TYPE_NUMBER,
    "VARCHAR2": oracledb.DB_TYPE_VARCHAR,
    "NVARCHAR2": oracledb.DB_TYPE_NVARCHAR,
    "CHAR": oracledb.DB_TYPE_CHAR,
    "DATE": oracledb.DB_TYPE_DATE,
    "TIMESTAMP": oracledb.DB_TYPE_TIMESTAMP,
    "TIMESTAMP_TZ": oracledb.DB_TYPE_TIMESTAMP_TZ,
    "CLOB": oracledb.DB_TYPE_CLOB,
    "BLOB": oracledb.DB_TYPE_BLOB,
    "LONG": oracledb.DB_TYPE_LONG,
    "RAW": oracledb.DB_TYPE_RAW,
    "BINARY_DOUBLE": oracledb.DB_TYPE_BINARY_DOUBLE,
    "INTERVAL_DS": oracledb.DB_TYPE_INTERVAL_DS,
    "INTERVAL_YM": oracledb.DB_TYPE_INTERVAL_YM,
    "CURSOR": oracledb.DB_TYPE_CURSOR,
    "ROWID": oracledb.DB_TYPE_ROWID,
}

DATES = (oracledb.DB_TYPE_DATE, oracledb.DB_TYPE_TIMESTAMP, oracledb.DB_TYPE_TIMESTAMP_TZ)
LOBS = (oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_BLOB)
BYTES = (oracledb.DB_TYPE_RAW, oracledb.DB_TYPE_LONG_RAW, oracledb.DB_TYPE_BLOB)

PYTHON_TYPES = {int: oracledb.DB_TYPE_NUMBER, float: oracledb.DB_TYPE_NUMBER, str: oracledb.DB_TYPE_VARCHAR}

COLUMNS: dict[str, tuple[oracledb.DbType, int | None, int | None]] = {}
"""Of each column's name: its type, precision and scale. Filled by CREATE TABLE; tests add those of expressions."""

BLOCKS: list[tuple[re.Pattern[str], Callable[[Cursor, dict[str, Any]], None]]] = []
"""PL/SQL: what a block looks like, and what it does with the variables and values that are bound."""

NLS = {
    "NLS_LANGUAGE": "AMERICAN",
    "NLS_TERRITORY": "AMERICA",
    "NLS_DATE_LANGUAGE": "AMERICAN",
    "NLS_DATE_FORMAT": "DD-MON-RR",
    "NLS_TIMESTAMP_FORMAT": "DD-MON-RR HH.MI.SSXFF AM",
    "NLS_TIMESTAMP_TZ_FORMAT": "DD-MON-RR HH.MI.SSXFF AM TZR",
    "NLS_NUMERIC_CHARACTERS": ".,",
}

GERMAN = (
    ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
     "Dezember"),
    ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
    ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
)  # fmt: skip

CODES = {
    "no such table": (942, "table or view does not exist"),
    "no such column": (904, '"{name}": invalid identifier'),
    "UNIQUE constraint failed": (1, "unique constraint (SCOTT.PK) violated"),
    "NOT NULL constraint failed": (1400, "cannot insert NULL into ({name})"),
    "syntax error": (900, "invalid SQL statement"),
}


def ora(code: int, text: str, offset: int = 0) -> oracledb.Error:
    """Return the exception that python-oracledb raises for an error of the server's."""
    error = real_errors._Error(f"ORA-{code:05d}: {text}", code=code, offset=offset)
    return error.exc_type(error)


def own(number: int, **args: object) -> Exception:
    """Return the exception of one of python-oracledb's own errors."""
    return real_errors._create_exception(number, **args)


class LOB(oracledb.LOB):
    """A CLOB or BLOB with a place in memory; positions count from 1."""

    def __init__(self, kind: oracledb.DbType, data: str | bytes) -> None:
        self._kind = kind
        self._data = data

    def __del__(self) -> None:
        pass

    @property
    def type(self) -> oracledb.DbType:
        return self._kind

    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int = 1, amount: int | None = None) -> str | bytes:
        if offset <= 0:
            raise own(real_errors.ERR_INVALID_LOB_OFFSET)
        if amount is not None and amount <= 0:
            raise own(real_errors.ERR_INVALID_LOB_AMOUNT)
        end = None if amount is None else offset - 1 + amount
        return self._data[offset - 1 : end]

    def write(self, data: str | bytes, offset: int = 1) -> None:
        assert isinstance(data, type(self._data)), "a CLOB takes text, a BLOB bytes"
        before = self._data[: offset - 1]
        filler = (" " if isinstance(data, str) else b"\0") * (offset - 1 - len(before))
        self._data = before + filler + data + self._data[offset - 1 + len(data) :]  # type: ignore[operator]

    def trim(self, new_size: int = 0, *, newSize: int | None = None) -> None:
        self._data = self._data[:new_size]

    def getchunksize(self) -> int:
        return 8060


class Var(oracledb.Var):
    """A bind or fetch variable."""

    def __init__(self, kind: Any, size: int, count: int, outconverter: Any = None, is_array: bool = False) -> None:
        self._kind = PYTHON_TYPES.get(kind, kind)
        self._size = size
        self._count = count
        self._outconverter = outconverter
        self.is_array = is_array
        self._values: list[Any] = [None] * count
        self.returned: list[Any] | None = None  # by RETURNING INTO

    @property
    def type(self) -> oracledb.DbType:
        return self._kind

    @property
    def num_elements(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        return self._size

    @property
    def outconverter(self) -> Any:
        return self._outconverter

    def getvalue(self, pos: int = 0) -> Any:
        if self.is_array:
            return list(self._values)
        return self.returned if self.returned is not None else self._values[pos]

    def setvalue(self, pos: int, value: Any) -> None:
        if self.is_array:
            if not isinstance(value, list):
                raise own(real_errors.ERR_EXPECTING_LIST_FOR_ARRAY_VAR)
            if len(value) > self._count:
                raise own(
                    real_errors.ERR_INCORRECT_VAR_ARRAYSIZE,
                    var_arraysize=self._count,
                    required_arraysize=len(value),
                )
            self._values = [self._checked(item) for item in value]
        else:
            self._values[pos] = self._checked(value)

    def _checked(self, value: Any) -> Any:
        kind = self._kind
        if value is None:
            return None
        if kind in LOBS and isinstance(value, (str, bytes)):
            value = LOB(kind, value)
        good = (
            isinstance(value, LOB) if kind in LOBS
            else isinstance(value, bytes) if kind in BYTES
            else isinstance(value, (int, float)) if kind is oracledb.DB_TYPE_NUMBER
            else isinstance(value, Cursor) if kind is oracledb.DB_TYPE_CURSOR
            else isinstance(value, str)
        )  # fmt: skip
        if not good:
            raise own(
                real_errors.ERR_UNSUPPORTED_PYTHON_TYPE_FOR_DB_TYPE,
                py_type_name=type(value).__name__,
                db_type_name=kind.name,
            )
        return value

    def put_out(self, value: Any) -> None:
        """Be given a value by PL/SQL; a text that is too long does not fit."""
        if isinstance(value, str) and self._kind is oracledb.DB_TYPE_VARCHAR and len(value) > (self._size or 4000):
            raise ora(6502, "PL/SQL: numeric or value error: character string buffer too small")
        if self.is_array:
            self._values = list(value)
        else:
            self._values[0] = value


class FetchInfo(oracledb.FetchInfo):
    """What is told of a column."""

    def __init__(self, name: str, kind: oracledb.DbType, precision: int | None, scale: int | None) -> None:
        self._facts = (name, kind, precision, scale)

    name = property(lambda self: self._facts[0])
    type_code = property(lambda self: self._facts[1])
    precision = property(lambda self: self._facts[2])
    scale = property(lambda self: self._facts[3])
    null_ok = property(lambda self: True)
    is_json = property(lambda self: False)
    internal_size = property(lambda self: 4000)
    display_size = property(lambda self: 10)


class Cursor(oracledb.Cursor):
    """A cursor. Rows are prepared when it is executed, and handed out in the order that the server would have."""

    def __init__(self, connection: Connection, scrollable: bool = False, handle: Any = None) -> None:
        self._impl = None
        self._owner = connection
        self._open = True
        self._description: list[FetchInfo] | None = None
        self._handlers: list[Var | None] = []
        self._rows: list[Any] = []
        self._rowcount = 0
        self._warning: Any = None
        self._batch_errors: list[Any] = []
        self._row_counts: list[int] | None = None
        self._arraysize, self._prefetchrows = oracledb.defaults.arraysize, oracledb.defaults.prefetchrows

    def __del__(self) -> None:
        pass

    def __enter__(self) -> Self:
        self._check()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Any:
        return iter(self.fetchall())

    def _check(self) -> None:
        if not self._open:
            raise own(real_errors.ERR_CURSOR_NOT_OPEN)
        self._owner.check()

    arraysize = property(
        lambda self: self._arraysize, lambda self, value: setattr(self, "_arraysize", self._positive(value))
    )
    prefetchrows = property(lambda self: self._prefetchrows, lambda self, value: setattr(self, "_prefetchrows", value))
    connection = property(lambda self: self._owner)
    description = property(lambda self: self._description)
    rowcount = property(lambda self: self._rowcount)
    lastrowid = property(lambda self: f"AAAR{self._owner.last_row:04d}" if self._rowcount else None)
    warning = property(lambda self: self._warning)

    @staticmethod
    def _positive(value: Any) -> int:
        if not isinstance(value, int) or value <= 0:
            raise own(real_errors.ERR_INVALID_ARRAYSIZE)
        return value

    def close(self) -> None:
        if not self._open:
            raise own(real_errors.ERR_CURSOR_NOT_OPEN)
        self._open = False
        self._rows = []

    def var(  # noqa: PLR0917 - as the real one
        self,
        typ: Any,
        size: int = 0,
        arraysize: int = 1,
        inconverter: Any = None,
        outconverter: Any = None,
        typename: str | None = None,
        encoding_errors: str | None = None,
        bypass_decode: bool = False,
        convert_nulls: bool = False,
        *,
        encodingErrors: str | None = None,
    ) -> Var:
        self._check()
        return Var(typ, size, arraysize, outconverter)

    def arrayvar(self, typ: Any, value: list[Any] | int, size: int = 0) -> Var:
        self._check()
        made = Var(typ, size, len(value) if isinstance(value, list) else value, is_array=True)
        if isinstance(value, list):
            made.setvalue(0, value)
        return made

    def parse(self, statement: str) -> None:
        self._check()
        self._owner.statements.append(f"parse {statement}")
        self._describe(*self._owner.run(self, statement.strip(), {}, describe_only=True))

    def execute(
        self,
        statement: str | None,
        parameters: Any = None,
        *,
        suspend_on_success: bool = False,
        fetch_lobs: bool | None = None,
        fetch_decimals: bool | None = None,
        **keyword_parameters: Any,
    ) -> Cursor | None:
        self._check()
        assert statement is not None
        statement = statement.strip()
        if not statement:
            raise own(real_errors.ERR_EMPTY_STATEMENT)
        self._warning = None
        self._owner.statements.append(statement)
        binds = self._named(statement, parameters if parameters is not None else keyword_parameters)
        names, rows = self._owner.run(self, statement, binds)
        self._describe(names, rows)
        if self._owner.autocommit and self._owner.raw.in_transaction:
            self._owner.raw.commit()
        return self if names is not None else None

    def _named(self, statement: str, parameters: Any) -> dict[str, Any]:
        known = list(dict.fromkeys(name.upper() for name in placeholders(statement)))
        if isinstance(parameters, dict):
            binds = {name.upper(): value for name, value in parameters.items()}
            for name in binds:
                if name not in known:
                    raise own(real_errors.ERR_INVALID_BIND_NAME, name=name)
        else:
            if len(parameters) != len(known):
                raise own(
                    real_errors.ERR_WRONG_NUMBER_OF_POSITIONAL_BINDS,
                    expected_num=len(known),
                    actual_num=len(parameters),
                )
            binds = dict(zip(known, parameters, strict=True))
        for name in known:
            if name not in binds:
                raise own(real_errors.ERR_MISSING_BIND_VALUE, name=name)
        for value in binds.values():
            if not isinstance(value, (str, bytes, int, float, Var, LOB, Cursor, datetime.datetime, type(None))):
                raise own(real_errors.ERR_PYTHON_TYPE_NOT_SUPPORTED, typ=type(value))
        return binds

    def executemany(
        self,
        statement: str | None,
        parameters: Any,
        *,
        batcherrors: bool = False,
        arraydmlrowcounts: bool = False,
        suspend_on_success: bool = False,
        batch_size: int = 2**32 - 1,
    ) -> None:
        self._check()
        assert statement is not None
        word = statement.split(None, 1)[0].upper()
        if (batcherrors or arraydmlrowcounts) and word not in {"INSERT", "UPDATE", "DELETE", "MERGE"}:
            raise own(real_errors.ERR_EXECUTE_MODE_ONLY_FOR_DML)
        self._owner.statements.append(f"many {len(parameters)} {statement}")
        self._batch_errors, counts = [], []
        kinds: dict[str, type] = {}
        for at, row in enumerate(parameters):
            for name, value in row.items():
                if value is not None and kinds.setdefault(name, type(value)) is not type(value):
                    raise own(real_errors.ERR_UNSUPPORTED_PYTHON_TYPE_FOR_DB_TYPE, py_type_name="x", db_type_name="y")
            try:
                self._owner.run(self, statement, self._named(statement, row))
            except oracledb.DatabaseError as error:
                if not batcherrors:
                    raise
                failure = error.args[0]
                failure.offset = at
                self._batch_errors.append(failure)
                counts.append(0)
            else:
                counts.append(self._rowcount)
        self._row_counts = counts if arraydmlrowcounts else None
        if self._owner.autocommit and not self._batch_errors:
            self._owner.raw.commit()

    def getbatcherrors(self) -> list[Any]:
        return self._batch_errors

    def getarraydmlrowcounts(self) -> list[int]:
        if self._row_counts is None:
            raise own(real_errors.ERR_ARRAY_DML_ROW_COUNTS_NOT_ENABLED)
        return self._row_counts

    def fetchmany(self, size: int | None = None, numRows: int | None = None) -> list[Any]:
        self._check()
        if self._description is None:
            raise own(real_errors.ERR_NOT_A_QUERY)
        count = self._arraysize if size is None else size
        found, self._rows = self._rows[:count], self._rows[count:]
        self._rowcount += len(found)
        return [tuple(self._value(at, value) for at, value in enumerate(row)) for row in found]

    def fetchall(self) -> list[Any]:
        return self.fetchmany(len(self._rows) or 1)

    def open_for(self, names: list[str], rows: list[Any]) -> Cursor:
        """Be what PL/SQL opens a cursor for."""
        self._describe(names, rows)
        return self

    def _describe(self, names: list[str] | None, rows: list[Any]) -> None:
        self._rows = list(rows)
        self._description, self._handlers = None, []
        if names is None:
            return
        self._description = []
        for name in names:
            kind, precision, scale = COLUMNS.get(name.upper(), (oracledb.DB_TYPE_VARCHAR, None, None))
            column = FetchInfo(name.upper(), kind, precision, scale)
            self._description.append(column)
            handler = self._owner.outputtypehandler
            var = handler(self, column) if handler is not None else None
            if var is not None:
                if not isinstance(var, Var):
                    raise own(real_errors.ERR_EXPECTING_VAR)
                if self._arraysize > var.num_elements:
                    raise own(
                        real_errors.ERR_INCORRECT_VAR_ARRAYSIZE,
                        var_arraysize=var.num_elements,
                        required_arraysize=self._arraysize,
                    )
            self._handlers.append(var)

    def _value(self, at: int, value: Any) -> Any:
        """Return a value as python-oracledb makes it of what the server sends."""
        assert self._description is not None
        if value is None or value == "":
            return None
        kind, var = self._description[at].type_code, self._handlers[at]
        if kind is oracledb.DB_TYPE_NUMBER:
            if var is not None and var.type is oracledb.DB_TYPE_VARCHAR:
                return str(value)
            return float(value) if "." in str(value) else int(value)
        if kind in DATES and isinstance(value, str):
            return datetime.datetime.fromisoformat(value)
        if kind in LOBS and isinstance(value, (str, bytes)):
            if isinstance(value, str) and kind is oracledb.DB_TYPE_BLOB:
                value = value.encode()
            return LOB(kind, "" if value == "<empty>" else value)
        if kind in BYTES and isinstance(value, str):
            return value.encode()
        return value


def placeholders(statement: str) -> list[str]:
    """Return the names after colons, outside of strings and comments."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", "''", statement, flags=re.DOTALL)
    return re.findall(r":(\w+)", bare) if not re.match(r"\s*(?:CREATE|ALTER|DROP)\b", bare, re.IGNORECASE) else []


class Connection(oracledb.Connection):
    """A connection; each has a database of its own, except where tests give it another's."""

    opened: ClassVar[list[Connection]] = []
    numbers = itertools.count(1)

    def __init__(self, **words: Any) -> None:
        self._impl = None
        self.words = words
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.raw.execute("CREATE TABLE dual (dummy)")
        self.raw.execute("INSERT INTO dual VALUES ('X')")
        self.nls = dict(NLS)
        self.statements: list[str] = []
        self.lines: list[str] | None = None
        self.sequences: dict[str, itertools.count[int]] = {}
        self.told: dict[str, str] = {}
        self.ended: list[str] = []
        self.last_row = 0
        self.cancelled = threading.Event()
        self._autocommit = False
        self._handler: Any = None
        self._timeout = 0
        self._closed = False
        self._number = next(self.numbers)
        self.opened.append(self)

    def check(self) -> None:
        if self._closed:
            raise own(real_errors.ERR_NOT_CONNECTED)

    autocommit = property(lambda self: self._autocommit, lambda self, value: setattr(self, "_autocommit", bool(value)))
    outputtypehandler = property(lambda self: self._handler, lambda self, value: setattr(self, "_handler", value))
    call_timeout = property(lambda self: self._timeout, lambda self, value: setattr(self, "_timeout", value))
    version = property(lambda self: "19.0.0.0.0")
    username = property(lambda self: self.words.get("user"))
    service_name = property(lambda self: self.words.get("service_name") or "xe")
    instance_name = property(lambda self: "XE")
    session_id = property(lambda self: self._number)
    serial_num = property(lambda self: 7)
    transaction_in_progress = property(lambda self: self.raw.in_transaction)
    module = property(None, lambda self, value: self.told.__setitem__("module", value))
    action = property(None, lambda self, value: self.told.__setitem__("action", value))
    clientinfo = property(None, lambda self, value: self.told.__setitem__("clientinfo", value))
    client_identifier = property(None, lambda self, value: self.told.__setitem__("client_identifier", value))

    def cursor(self, scrollable: bool = False, handle: Any = None) -> Cursor:
        self.check()
        return Cursor(self)

    def commit(self) -> None:
        self.check()
        self.ended.append("commit")
        if self.raw.in_transaction:
            self.raw.commit()

    def rollback(self) -> None:
        self.check()
        self.ended.append("rollback")
        if self.raw.in_transaction:
            self.raw.rollback()

    def close(self) -> None:
        self.check()
        self.ended.append("close")
        self._closed = True
        self.raw.close()

    def ping(self) -> None:
        self.check()

    def cancel(self) -> None:
        self.check()
        self.cancelled.set()

    # --- what the server does ---

    def run(
        self, cursor: Cursor, statement: str, binds: dict[str, Any], *, describe_only: bool = False
    ) -> tuple[list[str] | None, list[Any]]:
        """Execute; returns the columns' names (``None`` where there are none) and the rows."""
        cursor._rowcount = 0
        word = statement.split(None, 1)[0].upper()
        if word == "ALTER":
            for name, value in re.findall(r"(\w+)\s*=\s*'((?:[^']|'')*)'", statement):
                if name == "NLS_LANGUAGE" and value not in {"AMERICAN", "GERMAN"}:
                    raise ora(12705, "Cannot access NLS data files or invalid environment specified")
                self.nls[name] = value.replace("''", "'")
                if name == "NLS_LANGUAGE":
                    self.nls["NLS_DATE_LANGUAGE"] = value
                if (name, value) == ("NLS_TERRITORY", "GERMANY"):
                    self.nls |= {"NLS_DATE_FORMAT": "DD.MM.RR", "NLS_NUMERIC_CHARACTERS": ",."}
            return None, []
        if word in {"BEGIN", "DECLARE"}:
            self._block(cursor, statement, binds)
            return None, []
        if "nls_session_parameters" in statement:
            return ["PARAMETER", "VALUE"], list(self.nls.items())
        if "CONNECT BY LEVEL <= 12" in statement:
            return ["A", "B", "C", "D", "E", "F", "G"], self._calendar()
        if word == "CREATE" and re.search(r"\bSEQUENCE\b", statement, re.IGNORECASE):
            self.sequences[statement.rsplit(maxsplit=1)[-1].lower()] = itertools.count(1)
            return None, []
        if word == "CREATE" and re.search(r"\b(?:PROCEDURE|FUNCTION|PACKAGE)\b", statement, re.IGNORECASE):
            if "WRONG" in statement:
                cursor._warning = real_errors._create_warning(real_errors.WRN_COMPILATION_ERROR)
            return None, []
        return self._sql(cursor, statement, word, binds, describe_only)

    def _calendar(self) -> list[Any]:
        german = self.nls["NLS_DATE_LANGUAGE"] == "GERMAN"
        months, short, days, short_days = GERMAN if german else ([], [], [], [])
        return [
            (months[i], short[i], days[i % 7], short_days[i % 7], str(i % 7 + 1), ("AM", "PM")[i % 2],
             ("A.M.", "P.M.")[i % 2])
            for i in range(12)
        ]  # fmt: skip

    def _sql(
        self, cursor: Cursor, statement: str, word: str, binds: dict[str, Any], describe_only: bool
    ) -> tuple[list[str] | None, list[Any]]:
        text, returned = self._translated(statement, word)
        values = {name: self._plain(value) for name, value in binds.items() if name not in returned}
        for name in re.findall(r"\b(\w+)\.nextval\b", text, re.IGNORECASE):
            number = next(self.sequences[name.lower()])
            text = re.sub(rf"\b{name}\.nextval\b", str(number), text, count=1, flags=re.IGNORECASE)
        text = re.sub(r":(\w+)", lambda found: f":{found[1].upper()}" if found[1].upper() in binds else found[0], text)
        if describe_only:
            text = re.sub(r":\w+", "NULL", text)
        if word in {"INSERT", "UPDATE", "DELETE"} and not self.raw.in_transaction:
            self.raw.execute("BEGIN")
        try:
            made = self.raw.execute(text, values)
            rows = made.fetchall() if not describe_only else []
        except (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
            raise self._oracle_s(error, statement) from None
        self.last_row = made.lastrowid or 0
        cursor._rowcount = len(rows) if returned else max(made.rowcount, 0) if word != "SELECT" else 0
        for at, name in enumerate(returned):
            binds[name].returned = [binds[name]._checked(str(row[at])) for row in rows]
        if returned or made.description is None:
            return None, []
        return [column[0] for column in made.description], rows

    @staticmethod
    def _translated(statement: str, word: str) -> tuple[str, list[str]]:
        """Return the statement as SQLite takes it, and the names that RETURNING gives values to."""
        text = statement
        if word == "CREATE":
            for name, kind, size in re.findall(
                r"(\w+)\s+(NUMBER|N?VARCHAR2|CHAR|DATE|TIMESTAMP|CLOB|BLOB|LONG|RAW)\b(\([\d, ]+\))?", text
            ):
                digits = [int(number) for number in re.findall(r"\d+", size)]
                precision, scale = ([*digits, None, None])[:2]
                if kind == "TIMESTAMP":
                    precision, scale = 0, digits[0] if digits else 6
                COLUMNS[name.upper()] = (KINDS[kind], precision, scale)
            text = re.sub(r"\b(?:NUMBER|N?VARCHAR2|CHAR|DATE|TIMESTAMP|CLOB|LONG)\b(\([\d, ]+\))?", "TEXT", text)
            text = re.sub(r"\b(?:BLOB|RAW)\b(\([\d, ]+\))?", "BLOB", text)
        text = re.sub(r"\bFOR UPDATE\b", "", text)
        text = re.sub(r"\bEMPTY_[CB]LOB\(\)", "'<empty>'", text)
        found = re.search(r"\bRETURNING\s+(.*?)\s+INTO\s+(.*)$", text, re.IGNORECASE | re.DOTALL)
        if found is None:
            return text, []
        names = [name.upper() for name in re.findall(r":(\w+)", found[2])]
        return text[: found.start()] + f" RETURNING {found[1]}", names

    @staticmethod
    def _plain(value: Any) -> Any:
        if isinstance(value, Var):
            value = value.getvalue()
        if isinstance(value, LOB):
            value = value._data
        return None if value == "" else value

    @staticmethod
    def _oracle_s(error: Exception, statement: str) -> Exception:
        text = str(error)
        name = text.rpartition(": ")[2]
        for words, (code, said) in CODES.items():
            if words in text:
                offset = max(statement.lower().find(name.lower()), 0) if code in {942, 904} else 0
                return ora(code, said.format(name=name.upper()), offset)
        return ora(900, f"invalid SQL statement: {text}")

    def _block(self, cursor: Cursor, statement: str, binds: dict[str, Any]) -> None:
        for pattern, block in BLOCKS:
            if (found := pattern.search(statement)) is not None:
                block(cursor, {**binds, **found.groupdict()})
                return
        raise ora(6550, "line 1, column 7:\nPLS-00201: identifier 'NOWHERE' must be declared", 6)


def block(pattern: str) -> Callable[[Callable[[Cursor, dict[str, Any]], None]], Any]:
    """Register what a PL/SQL block does."""

    def register(function: Callable[[Cursor, dict[str, Any]], None]) -> Any:
        BLOCKS.append((re.compile(pattern, re.IGNORECASE | re.DOTALL), function))
        return function

    return register


@block(r"dbms_output\.enable")
def _enable(cursor: Cursor, binds: dict[str, Any]) -> None:
    cursor.connection.lines = []


@block(r"dbms_output\.put_line\((?::(?P<bind>\w+)|'(?P<text>[^']*)')\)")
def _put_line(cursor: Cursor, binds: dict[str, Any]) -> None:
    text = binds[binds["bind"].upper()] if binds["bind"] else binds["text"]
    if cursor.connection.lines is not None:
        cursor.connection.lines.append(text)


@block(r"dbms_output\.get_lines\(:1, :2\)")
def _get_lines(cursor: Cursor, binds: dict[str, Any]) -> None:
    lines = cursor.connection.lines or []
    array, count = binds["1"], binds["2"]
    wanted = int(count.getvalue())
    got = lines[:wanted]
    del lines[:wanted]
    array.put_out([line or None for line in got] + [None] * (wanted - len(got)))
    count.put_out(len(got))


@block(r":out := :in \* 2")
def _double(cursor: Cursor, binds: dict[str, Any]) -> None:
    binds["OUT"].put_out(str(int(binds["IN"]) * 2))


@block(r":both := :both \|\| '!'")
def _shout(cursor: Cursor, binds: dict[str, Any]) -> None:
    binds["BOTH"].put_out(f"{binds['BOTH'].getvalue() or ''}!")


@block(r"OPEN :cursor FOR\s+(?P<sql>SELECT .*?);")
def _open(cursor: Cursor, binds: dict[str, Any]) -> None:
    inner = cursor.connection.cursor()
    names, rows = cursor.connection.run(inner, binds["sql"], {})
    binds["CURSOR"].put_out(inner.open_for(names, rows))


@block(r"CLOSE :cursor")
def _close(cursor: Cursor, binds: dict[str, Any]) -> None:
    given = binds["CURSOR"]
    (given.getvalue() if isinstance(given, Var) else given).close()


@block(r":lob := :lob \|\| :more")
def _longer(cursor: Cursor, binds: dict[str, Any]) -> None:
    lob = binds["LOB"].getvalue()
    more = binds["MORE"].getvalue() if isinstance(binds["MORE"], Var) else binds["MORE"]
    more = more.read() if isinstance(more, LOB) else more
    binds["LOB"].put_out(LOB(oracledb.DB_TYPE_CLOB, (lob.read() if lob is not None else "") + more))


@block(r":table\(1\) := :table\.count")
def _table(cursor: Cursor, binds: dict[str, Any]) -> None:
    array = binds["TABLE"]
    before = array.getvalue()
    count: Any = len(before) if array.type is oracledb.DB_TYPE_NUMBER else str(len(before))
    array.put_out([count, *before[1:], *before[:1]])


@block(r"raise_application_error\((?P<number>-\d+), '(?P<text>[^']*)'\)")
def _raise(cursor: Cursor, binds: dict[str, Any]) -> None:
    raise ora(-int(binds["number"]), f"{binds['text']}\nORA-06512: at line 1")


@block(r"dbms_session\.sleep")
def _sleep(cursor: Cursor, binds: dict[str, Any]) -> None:
    connection = cursor.connection
    if connection.call_timeout < 1000:
        raise own(real_errors.ERR_CALL_TIMEOUT_EXCEEDED, timeout=connection.call_timeout)
    if connection.cancelled.wait(20):
        raise ora(1013, "user requested cancel of current operation")


@block(r"dbms_session\.set_nls\('(?P<name>\w+)', '''(?P<value>.*?)'''\)")
def _set_nls(cursor: Cursor, binds: dict[str, Any]) -> None:
    cursor.connection.nls[binds["name"].upper()] = binds["value"]


def connect(dsn: str | None = None, **words: Any) -> Connection:
    """Open a connection; passwords that say ``wrong`` are."""
    if not words.get("user") or not words.get("password"):
        raise own(real_errors.ERR_NO_CREDENTIALS)
    if words["password"] == "wrong":
        raise ora(1017, "invalid username/password; logon denied")
    return Connection(dsn=dsn, **words)


def install() -> None:
    """Have python-oracledb open these connections."""
    oracledb.connect = connect
