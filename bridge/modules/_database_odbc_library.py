"""What pyodbc does not say of a statement, asked of the driver manager that pyodbc itself has loaded.

pyodbc tells the Python type of a column, not its SQL type; it finds out about a statement when it is executed, not when
it is prepared; and some values it changes: dates beyond the year 9999, fractions of a second below a microsecond,
unsigned numbers above 2**31, and types that it does not know. Those are read here, as the text that the driver makes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes import byref, c_char_p, c_double, c_int, c_short, c_size_t, c_ssize_t, c_ushort, c_void_p
from typing import Any, NoReturn

import attrs
import pyodbc

from bridge.modules._database_driver import fail
from bridge.modules._database_rows import Row

__all__ = ["Column", "Diagnostic", "Handle", "fail_with"]

# The extension's own dependencies are looked through too: this is the driver manager that it uses, wherever it lies.
_LIBRARY = ctypes.CDLL(pyodbc.__file__)

STATEMENT = 3
"""The kind of a handle, as ODBC numbers them; a connection's is 2."""

CHARACTERS = frozenset({1, 12, -1, -8, -9, -10, -152, -370})
BINARY = frozenset({-2, -3, -4, -98})
NUMBERS = frozenset({4, 5, -6})
BIT = -7
REAL = frozenset({6, 7, 8})
EXACT = CHARACTERS | BINARY | NUMBERS | REAL | {BIT, -5, -11}
"""Types whose values pyodbc returns as they are."""

PLAIN = frozenset({2, 3, 9, 10, 11, 91, 92, 93})
"""Decimals, dates and times, whose text is ASCII."""

UNSIGNED = 8
"""``SQL_DESC_UNSIGNED``."""

QUERY_TIMEOUT = 0
CLOSE = 0
CONNECTION_DEAD = 1209

NULL = -1
NO_TOTAL = -4
NO_DATA = 100

C_CHAR, C_DOUBLE, C_WCHAR, C_BINARY = 1, 8, -8, -2

BUFFER_BYTES = 8192
"""What a value is read into first; a longer one gets more."""

_BUFFER_BYTES = c_ssize_t(BUFFER_BYTES)

MOST_DIAGNOSTICS = 50


def _function(name: str, *arguments: Any) -> Callable[..., int]:
    function = getattr(_LIBRARY, name)
    function.argtypes = arguments
    function.restype = c_short
    return function  # type: ignore[no-any-return]


_string_at: Callable[[int, int], bytes] = ctypes.string_at
_short, _int, _long = ctypes.POINTER(c_short), ctypes.POINTER(c_int), ctypes.POINTER(c_ssize_t)
_size = ctypes.POINTER(c_size_t)
_prepare = _function("SQLPrepareW", c_void_p, c_char_p, c_int)
_parameters = _function("SQLNumParams", c_void_p, _short)
_columns = _function("SQLNumResultCols", c_void_p, _short)
_describe = _function(
    "SQLDescribeColW", c_void_p, c_ushort, c_void_p, c_short, _short, _short, _size, _short, _short
)  # fmt: skip
_attribute = _function("SQLColAttributeW", c_void_p, c_ushort, c_ushort, c_void_p, c_short, _short, _long)
_parameter = _function("SQLDescribeParam", c_void_p, c_ushort, _short, _size, _short, _short)
_diagnostic = _function("SQLGetDiagRecW", c_short, c_void_p, c_short, c_void_p, _int, c_void_p, c_short, _short)
_fetch = _function("SQLFetch", c_void_p)
_get = _function("SQLGetData", c_void_p, c_ushort, c_short, c_void_p, c_ssize_t, c_void_p)
_get_quickly: Callable[..., int] = _LIBRARY["SQLGetData"]
_get_quickly.restype = c_short  # type: ignore[attr-defined]
_free = _function("SQLFreeStmt", c_void_p, c_ushort)
_set_statement = _function("SQLSetStmtAttr", c_void_p, c_int, c_void_p, c_int)
_functions = _function("SQLGetFunctions", c_void_p, c_ushort, c_void_p)
_get_connection = _function("SQLGetConnectAttr", c_void_p, c_int, c_void_p, c_int, _int)


@attrs.frozen
class Column:
    """What a driver says of a column.

    Attributes:
        name: as the database has it.
        type: ODBC's number of the SQL type.
        size: characters, digits or bytes; 0 where the driver does not know.
        scale: digits after the point.
        nullable: 0: never NULL, 1: may be, 2: the driver does not know.
        exact: whether pyodbc returns its values unchanged.
    """

    name: str
    type: int
    size: int
    scale: int
    nullable: int
    exact: bool


Diagnostic = tuple[str, int, str]
"""SQLSTATE, the database's own number, and text."""


def fail_with(found: list[Diagnostic], exception: str) -> NoReturn:
    """Raise what the caller gets, with each diagnostic's text and its SQLSTATE."""
    state, native, _ = found[0]
    text = "\n".join(f"{text} (SQL-{state})" for state, _, text in found)
    fail(text, exception, code=1, state=state, native=native, diagnostics=[list(one) for one in found])


class Handle:
    """A statement's or a connection's handle.

    Args:
        value: the handle.
        kind: of which kind it is: 3, a statement's, or 2.
    """

    def __init__(self, value: Any, kind: int = STATEMENT) -> None:
        self._value = value
        self._kind = kind
        self._buffer = ctypes.create_string_buffer(BUFFER_BYTES)
        self._length = c_ssize_t()
        self._place, self._place_of_length = ctypes.addressof(self._buffer), ctypes.addressof(self._length)

    def diagnostics(self) -> list[Diagnostic]:
        """Return what the last function has told of its failure, or to warn."""
        found: list[Diagnostic] = []
        state, native, length = ctypes.create_string_buffer(12), c_int(), c_short()
        text = ctypes.create_string_buffer(2 * 0x7FFF)
        while len(found) < MOST_DIAGNOSTICS:
            result = _diagnostic(
                self._kind, self._value, len(found) + 1, state, byref(native), text, 0x7FFE, byref(length)
            )
            if result not in {0, 1}:
                break
            words = text.raw[: 2 * max(length.value, 0)].decode("utf-16-le", "replace")
            found.append((state.raw[:10].decode("utf-16-le", "replace"), native.value, words))
        return found

    def check(self, result: int) -> None:
        """Accept what a function has returned.

        Raises:
            BridgeError: it has failed.
        """
        if result not in {0, 1}:
            nothing: list[Diagnostic] = [("HY000", 0, "the ODBC driver reports an error and says nothing of it")]
            fail_with(self.diagnostics() or nothing, "DatabaseError")

    def prepare(self, sql: str) -> None:
        """Prepare a statement; whether it is right some drivers say only when it is executed."""
        text = sql.encode("utf-16-le")
        self.check(_prepare(self._value, text, len(text) // 2))

    def parameters(self) -> int | None:
        """Return how many parameters the prepared statement has, if the driver knows."""
        count = c_short()
        return count.value if _parameters(self._value, byref(count)) in {0, 1} else None

    def parameter(self, number: int) -> tuple[int, int, int] | None:
        """Return a parameter's type, size and scale, if the driver knows; they are counted from 1."""
        kind, size, scale, nullable = c_short(), c_size_t(), c_short(), c_short()
        if _parameter(self._value, number, byref(kind), byref(size), byref(scale), byref(nullable)) not in {0, 1}:
            return None
        return kind.value, size.value, scale.value

    def columns(self) -> list[Column]:
        """Return the columns of the result, or of what the prepared statement will return."""
        count = c_short()
        if _columns(self._value, byref(count)) not in {0, 1}:
            return []
        return [self._column(number) for number in range(1, count.value + 1)]

    def _column(self, number: int) -> Column:
        name = ctypes.create_string_buffer(2048)
        length, kind, size, scale, nullable = c_short(), c_short(), c_size_t(), c_short(), c_short()
        self.check(
            _describe(
                self._value, number, name, 1023, byref(length), byref(kind), byref(size), byref(scale), byref(nullable)
            )
        )
        exact = kind.value in EXACT
        if kind.value in NUMBERS:
            unsigned = c_ssize_t()
            result = _attribute(self._value, number, UNSIGNED, None, 0, None, byref(unsigned))
            exact = result in {0, 1} and not unsigned.value
        called = name.raw[: 2 * min(length.value, 1023)].decode("utf-16-le", "replace")
        return Column(called, kind.value, size.value, scale.value, nullable.value, exact)

    def limit(self, seconds: int) -> None:
        """Have the driver end executions that take longer, if it can."""
        _set_statement(self._value, QUERY_TIMEOUT, seconds, 0)

    def close_cursor(self) -> None:
        """Let go of the rows that are left."""
        _free(self._value, CLOSE)

    def is_dead(self) -> bool:
        """Return whether the driver knows that this connection's server is gone."""
        dead = ctypes.c_uint()
        return _get_connection(self._value, CONNECTION_DEAD, byref(dead), 0, None) in {0, 1} and dead.value == 1

    def functions(self) -> list[bool]:
        """Return for each of ODBC's functions with a number below 100 whether this connection's driver has it."""
        known = (c_ushort * 100)()
        self.check(_functions(self._value, 0, known))
        return [bool(one) for one in known]

    def fetch(self, columns: list[Column], count: int) -> list[Row]:
        """Return the next rows, at most ``count``, with values as the driver writes them."""
        readers = [self._reader(number, column.type) for number, column in enumerate(columns, 1)]
        rows: list[Row] = []
        while len(rows) < count:
            result = _fetch(self._value)
            if result == NO_DATA:
                break
            self.check(result)
            rows.append([read() for read in readers])
        return rows

    def _reader(self, number: int, sql_type: int) -> Callable[[], Any]:
        """Return what reads a column's value of the row at hand.

        A result has many values: what can be made ready is, and what ctypes would have to look at is ctypes' own.
        """
        kind, end, make = _KINDS.get(sql_type, _CHARACTERS)
        get, buffer, length, most = _get_quickly, self._buffer, self._length, BUFFER_BYTES - end
        words = (self._value, c_ushort(number), c_short(kind), buffer, _BUFFER_BYTES, byref(length))

        real = c_double.from_buffer(buffer)

        def read_real() -> float | None:
            self.check(get(*words))
            return None if length.value == NULL else real.value

        def read() -> Any:
            result = get(*words)
            size = length.value
            if result == 0 and 0 <= size <= most:
                return make(buffer[:size])  # type: ignore[arg-type]
            if size == NULL and result in {0, 1}:
                return None
            return make(b"".join(self._pieces(result, number, kind, end)))

        return read_real if kind == C_DOUBLE else read

    def _pieces(self, result: int, number: int, kind: int, end: int) -> Iterator[bytes]:
        """Read on what was begun, into larger buffers; ``end`` is how many bytes of one its terminator takes."""
        place, size = self._place, BUFFER_BYTES
        while result != NO_DATA:
            self.check(result)
            length, room = self._length.value, size - end
            if length != NO_TOTAL and length <= room:
                yield _string_at(place, max(length, 0))
                return
            yield _string_at(place, room)
            size = BUFFER_BYTES * 128 if length == NO_TOTAL else length - room + end
            more = ctypes.create_string_buffer(size)
            place = ctypes.addressof(more)
            result = _get(self._value, number, kind, place, size, self._place_of_length)


def _text(found: bytes) -> str:
    return found.decode("utf-16-le", "replace")


def _ascii(found: bytes) -> str:
    return found.decode("ascii", "replace")


def _number(found: bytes) -> int | str:
    """Return a number; as text where 64 bits do not hold it."""
    try:
        whole = int(found)
    except ValueError:
        return _ascii(found)
    return whole if -(2**63) <= whole < 2**63 else _ascii(found)


_CHARACTERS: tuple[int, int, Callable[[bytes], Any]] = (C_WCHAR, 2, _text)
_KINDS: dict[int, tuple[int, int, Callable[[bytes], Any]]] = {
    **dict.fromkeys(BINARY, (C_BINARY, 0, bytes)),
    **dict.fromkeys(NUMBERS | {BIT, -5}, (C_CHAR, 1, _number)),
    **dict.fromkeys(REAL, (C_DOUBLE, 0, bytes)),
    **dict.fromkeys(PLAIN, (C_CHAR, 1, _ascii)),
}
"""What values of a type are asked for as, how many bytes end them there, and what makes a value of them."""
