"""What SQLite's library offers and Python's sqlite3 does not: facts about columns, statuses, functions, hooks.

The functions are called by ctypes in the very library that the module sqlite3 uses, on the connections that it has
opened. A connection's address comes from the library itself: it tells a function of ours of each one that it opens
(``sqlite3_auto_extension``). Where the library is built into Python so that its functions cannot be called, there is
no :class:`Library`, and what needs one says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_double, c_int, c_int64, c_void_p
from typing import Any

__all__ = ["Library", "SQLiteError", "library"]

ENTRY = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
FUNCTION = CFUNCTYPE(None, c_void_p, c_int, POINTER(c_void_p))
FINAL = CFUNCTYPE(None, c_void_p)
COLLATION = CFUNCTYPE(c_int, c_void_p, c_int, c_void_p, c_int, c_void_p)
NEEDED = CFUNCTYPE(None, c_void_p, c_void_p, c_int, c_char_p)
COMMIT_HOOK = CFUNCTYPE(c_int, c_void_p)
ROLLBACK_HOOK = CFUNCTYPE(None, c_void_p)
UPDATE_HOOK = CFUNCTYPE(None, c_void_p, c_int, c_char_p, c_char_p, c_int64)
TRACE = CFUNCTYPE(c_int, ctypes.c_uint, c_void_p, c_void_p, c_void_p)

INTEGER, FLOAT, TEXT, BLOB = 1, 2, 3, 4
UTF8 = 1
TRANSIENT = c_void_p(-1)
"""Tells SQLite to copy what it is given."""

TRACE_STATEMENTS, TRACE_PROFILE = 1, 2

STATUSES = (
    "memory_used", "pagecache_used", "pagecache_overflow", "scratch_used", "scratch_overflow", "malloc_size",
    "parser_stack", "pagecache_size", "scratch_size", "malloc_count",
)  # fmt: skip
"""Names of SQLITE_STATUS_..., in the order of their numbers."""

CONNECTION_STATUSES = (
    "lookaside_used", "cache_used", "schema_used", "stmt_used", "lookaside_hit", "lookaside_miss_size",
    "lookaside_miss_full", "cache_hit", "cache_miss", "cache_write", "deferred_fks", "cache_used_shared", "cache_spill",
)  # fmt: skip
"""The same of SQLITE_DBSTATUS_..."""

STATEMENT_STATUSES = (
    "fullscan_step", "sort", "autoindex", "vm_step", "reprepare", "run", "filter_miss", "filter_hit",
)  # fmt: skip
"""The same of SQLITE_STMTSTATUS_..., which begin with 1."""

_RESULTS: dict[str, tuple[Any, list[Any] | None]] = {
    "sqlite3_auto_extension": (c_int, [ENTRY]),
    "sqlite3_db_mutex": (c_void_p, [c_void_p]),
    "sqlite3_mutex_enter": (None, [c_void_p]),
    "sqlite3_mutex_leave": (None, [c_void_p]),
    "sqlite3_mutex_alloc": (c_void_p, [c_int]),
    "sqlite3_mutex_free": (None, [c_void_p]),
    "sqlite3_malloc": (c_void_p, [c_int]),
    "sqlite3_user_data": (c_void_p, [c_void_p]),
    "sqlite3_errmsg": (c_char_p, [c_void_p]),
    "sqlite3_extended_errcode": (c_int, [c_void_p]),
    "sqlite3_prepare_v2": (c_int, [c_void_p, c_char_p, c_int, POINTER(c_void_p), c_void_p]),
    "sqlite3_finalize": (c_int, [c_void_p]),
    "sqlite3_column_count": (c_int, [c_void_p]),
    "sqlite3_next_stmt": (c_void_p, [c_void_p, c_void_p]),
    "sqlite3_sql": (c_char_p, [c_void_p]),
    "sqlite3_stmt_status": (c_int, [c_void_p, c_int, c_int]),
    "sqlite3_status": (c_int, [c_int, POINTER(c_int), POINTER(c_int), c_int]),
    "sqlite3_db_status": (c_int, [c_void_p, c_int, POINTER(c_int), POINTER(c_int), c_int]),
    "sqlite3_db_config": (c_int, None),  # takes what the number before it says
    "sqlite3_table_column_metadata": (
        c_int,
        [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_char_p), POINTER(c_char_p), *[POINTER(c_int)] * 3],
    ),
    "sqlite3_expanded_sql": (c_void_p, [c_void_p]),
    "sqlite3_free": (None, [c_void_p]),
    "sqlite3_trace_v2": (c_int, [c_void_p, ctypes.c_uint, c_void_p, c_void_p]),
    "sqlite3_commit_hook": (c_void_p, [c_void_p, c_void_p, c_void_p]),
    "sqlite3_rollback_hook": (c_void_p, [c_void_p, c_void_p, c_void_p]),
    "sqlite3_update_hook": (c_void_p, [c_void_p, c_void_p, c_void_p]),
    "sqlite3_create_collation_v2": (c_int, [c_void_p, c_char_p, c_int, c_void_p, c_void_p, c_void_p]),
    "sqlite3_collation_needed": (c_int, [c_void_p, c_void_p, c_void_p]),
    "sqlite3_create_function_v2": (c_int, [c_void_p, c_char_p, c_int, c_int, *[c_void_p] * 5]),
    "sqlite3_aggregate_context": (c_void_p, [c_void_p, c_int]),
    "sqlite3_value_type": (c_int, [c_void_p]),
    "sqlite3_value_int64": (c_int64, [c_void_p]),
    "sqlite3_value_double": (c_double, [c_void_p]),
    "sqlite3_value_text": (c_void_p, [c_void_p]),
    "sqlite3_value_blob": (c_void_p, [c_void_p]),
    "sqlite3_value_bytes": (c_int, [c_void_p]),
    "sqlite3_result_null": (None, [c_void_p]),
    "sqlite3_result_int64": (None, [c_void_p, c_int64]),
    "sqlite3_result_double": (None, [c_void_p, c_double]),
    "sqlite3_result_text": (None, [c_void_p, c_char_p, c_int, c_void_p]),
    "sqlite3_result_blob": (None, [c_void_p, c_char_p, c_int, c_void_p]),
    "sqlite3_result_error": (None, [c_void_p, c_char_p, c_int]),
}
"""Of each function what it returns and takes."""

_OPTIONAL: dict[str, tuple[Any, list[Any]]] = {
    "sqlite3_create_module_v2": (c_int, [c_void_p, c_char_p, c_void_p, c_void_p, c_void_p]),
    "sqlite3_declare_vtab": (c_int, [c_void_p, c_char_p]),
    "sqlite3_vtab_collation": (c_char_p, [c_void_p, c_int]),
}
"""The same of those that older libraries lack, or that one can be built without."""

_RECURSIVE = 1
"""The kind of mutex that a connection has."""

_MUTEX_WORDS = 10 if ctypes.sizeof(c_void_p) == 8 else 6
"""Words of 32 bits that each system's mutex of this kind has at least."""


class SQLiteError(Exception):
    """SQLite's own text, with its (extended) number as ``code``, and as ``offset`` the byte of the SQL, or -1."""

    def __init__(self, text: str, code: int, offset: int = -1) -> None:
        super().__init__(text)
        self.code = code
        self.offset = offset


class Library:
    """The library's functions.

    Raises:
        AttributeError, OSError: they cannot be called here.
    """

    def __init__(self) -> None:
        extension = importlib.import_module("_sqlite3")
        self._lib = ctypes.CDLL(getattr(extension, "__file__", None))
        for name, (result, arguments) in _RESULTS.items():
            function = getattr(self._lib, name)
            function.restype = result
            if arguments is not None:
                function.argtypes = arguments
            setattr(self, name.removeprefix("sqlite3_"), function)
        for name, (result, arguments) in _OPTIONAL.items():
            with contextlib.suppress(AttributeError):
                function = getattr(self._lib, name)
                function.restype, function.argtypes = result, arguments
        self._counter = self._find_counter()
        self._opened = threading.local()
        self._entry = ENTRY(self._note)
        self._lib.sqlite3_auto_extension(self._entry)

    def has(self, name: str) -> bool:
        """Whether the library has a function, named without ``sqlite3_``."""
        return hasattr(self._lib, f"sqlite3_{name}")

    def _find_counter(self) -> tuple[int, int] | None:
        """Find out in which of a mutex's words the system counts how often its thread has entered it.

        Returns:
            the word, and what it counts after the first time; ``None`` where it cannot be told.
        """
        mutex = self.mutex_alloc(_RECURSIVE)
        if not mutex:
            return None
        words = (ctypes.c_uint32 * _MUTEX_WORDS).from_address(mutex)
        seen: list[list[int]] = []
        for _ in range(4):
            self.mutex_enter(mutex)
            seen.append(list(words))
        for _ in range(4):
            self.mutex_leave(mutex)
        self.mutex_free(mutex)
        for word, first in enumerate(seen[0]):
            if [counts[word] - first for counts in seen] == [0, 1, 2, 3]:
                return word, first
        return None

    def _note(self, address: int, *_: object) -> int:
        self._opened.address = address
        return 0

    def __getattr__(self, name: str) -> Any:
        """Return another function of the library's, named without ``sqlite3_``."""
        return getattr(self._lib, f"sqlite3_{name}")

    def connect(self, opens: Callable[[], sqlite3.Connection]) -> tuple[sqlite3.Connection, c_void_p]:
        """Have a connection opened; returns it with its address."""
        self._opened.address = None
        connection = opens()
        return connection, c_void_p(self._opened.address)

    def fail(self, db: c_void_p) -> None:
        """Raise the connection's last error."""
        text, code = (self.errmsg(db) or b"").decode(errors="replace"), self.extended_errcode(db)
        try:
            offset = int(self.error_offset(db))
        except AttributeError:  # an older library
            offset = -1
        raise SQLiteError(text, code, offset)

    @contextlib.contextmanager
    def unlocked(self, db: c_void_p) -> Iterator[None]:
        """Within a function that SQLite has called: let other threads use the connection meanwhile.

        SQLite allows a function to use its connection; the calls that a sub of the caller's makes come in threads of
        their own, one after the other, while this one waits. A table of full-text search has statements of its own
        executed within another one: then this thread has entered the mutex more than once, and has to leave it as
        often.
        """
        mutex = self.db_mutex(db)
        times = self._times_entered(mutex) if mutex else 0
        for _ in range(times):
            self.mutex_leave(mutex)
        try:
            yield
        finally:
            for _ in range(times):
                self.mutex_enter(mutex)

    def _times_entered(self, mutex: int) -> int:
        """Return how often this thread, which has entered a mutex, has done so."""
        if self._counter is None:
            return 1
        word, first = self._counter
        return int((ctypes.c_uint32 * _MUTEX_WORDS).from_address(mutex)[word]) - first + 1

    # --- facts ---

    def check(self, db: c_void_p, sql: str) -> None:
        """Raise what is wrong with a statement."""
        statement = c_void_p()
        data = sql.encode()
        if self.prepare_v2(db, data, len(data), byref(statement), None):
            self.fail(db)
        self.finalize(statement)

    def columns(self, db: c_void_p, sql: str) -> list[tuple[str, str | None, bool | None]]:
        """Return of each column of a statement: its name, its type as declared, whether it may be null, if known."""
        statement = c_void_p()
        data = sql.encode()
        if self.prepare_v2(db, data, len(data), byref(statement), None):
            self.fail(db)
        try:
            return [self._column(db, statement, number) for number in range(self.column_count(statement))]
        finally:
            self.finalize(statement)

    def _column(self, db: c_void_p, statement: c_void_p, number: int) -> tuple[str, str | None, bool | None]:
        texts = [self._text_of(statement, number, what) for what in ("name", "decltype")]
        try:
            origin = [self._text_of(statement, number, what) for what in ("database_name", "table_name", "origin_name")]
        except AttributeError:  # built without SQLITE_ENABLE_COLUMN_METADATA
            origin = [None]
        may_be_null = None
        if None not in origin:
            may_be_null = not self.column_metadata(db, *origin)["not_null"]  # type: ignore[arg-type]
        return texts[0] or "", texts[1], may_be_null

    def _text_of(self, statement: c_void_p, number: int, what: str) -> str | None:
        function = getattr(self._lib, f"sqlite3_column_{what}")
        function.restype, function.argtypes = c_char_p, [c_void_p, c_int]
        text: bytes | None = function(statement, number)
        return None if text is None else text.decode(errors="replace")

    def column_metadata(self, db: c_void_p, schema: str | None, table: str, column: str) -> dict[str, Any]:
        """Return what is known of a table's column."""
        texts = [c_char_p(), c_char_p()]
        flags = [c_int(), c_int(), c_int()]
        names = [None if name is None else name.encode() for name in (schema, table, column)]
        if self.table_column_metadata(db, *names, *map(byref, texts), *map(byref, flags)):
            self.fail(db)
        data_type, collation = (text.value and text.value.decode(errors="replace") for text in texts)
        not_null, primary, auto_increment = (bool(flag.value) for flag in flags)
        return {
            "data_type": data_type,
            "collation_name": collation,
            "not_null": not_null,
            "primary": primary,
            "auto_increment": auto_increment,
        }

    def statuses(self, db: c_void_p | None, reset: bool) -> dict[str, dict[str, int]]:
        """Return the counters of a connection, or of the whole library, each ``current`` and ``highwater``."""
        found: dict[str, dict[str, int]] = {}
        for number, name in enumerate(STATUSES if db is None else CONNECTION_STATUSES):
            current, high = c_int(), c_int()
            ask = self.status if db is None else functools.partial(self.db_status, db)
            if not ask(number, byref(current), byref(high), reset):
                found[name] = {"current": current.value, "highwater": high.value}
        return found

    def statement_statuses(self, db: c_void_p, sql: str, reset: bool) -> dict[str, int]:
        """Return the counters of the connection's statement of this text; 0 where there is none of it now."""
        statement = self.next_stmt(db, None)
        while statement is not None and (self.sql(statement) or b"").decode(errors="replace") != sql:
            statement = self.next_stmt(db, statement)
        return {
            name: self.stmt_status(statement, number, reset) if statement else 0
            for number, name in enumerate(STATEMENT_STATUSES, 1)
        }

    def configure(self, db: c_void_p, option: int, value: int) -> int:
        """Set one of SQLITE_DBCONFIG_..., with a value below 0 only ask; returns what it is now."""
        now = c_int()
        if self.db_config(db, c_int(option), c_int(value), byref(now)):
            self.fail(db)
        return now.value

    # --- values of SQL's functions ---

    def value(self, pointer: int) -> object:
        """Return a value as Python has it; text as bytes where it is no UTF-8."""
        kind = self.value_type(pointer)
        if kind == INTEGER:
            return int(self.value_int64(pointer))
        if kind == FLOAT:
            return float(self.value_double(pointer))
        if kind not in {TEXT, BLOB}:
            return None
        start = self.value_text(pointer) if kind == TEXT else self.value_blob(pointer)
        data = ctypes.string_at(start, self.value_bytes(pointer)) if start else b""
        return data if kind == BLOB else text(data)

    def give(self, context: int, value: object) -> None:
        """Return a value from a function: bytes are text, a list of bytes is a blob."""
        if value is None:
            self.result_null(context)
        elif isinstance(value, int) and -(2**63) <= value < 2**63:
            self.result_int64(context, int(value))
        elif isinstance(value, int | float):
            self.result_double(context, float(value))
        elif isinstance(value, list):
            data = value[0] if value and isinstance(value[0], bytes) else str(value[0] if value else "").encode()
            self.result_blob(context, data, len(data), TRANSIENT)
        else:
            data = value if isinstance(value, bytes) else str(value).encode()
            self.result_text(context, data, len(data), TRANSIENT)

    def string(self, data: bytes) -> int:
        """Return the address of a copy that SQLite frees, with a NUL at its end; 0 where there is no memory left."""
        address = int(self.malloc(len(data) + 1) or 0)
        if address:
            ctypes.memmove(address, data, len(data) + 1)  # the NUL is there
        return address

    def refuse(self, context: int, message: str) -> None:
        """End a function with an error."""
        self.result_error(context, message.encode(), -1)


def text(data: bytes) -> str | bytes:
    """Return bytes as text where they are UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


@functools.cache
def library() -> Library | None:
    """Return the library; ``None`` where its functions cannot be called."""
    try:
        return Library()
    except (AttributeError, ImportError, OSError):
        return None
