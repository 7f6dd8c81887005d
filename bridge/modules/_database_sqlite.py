"""SQLite for module ``database``, by the standard library's sqlite3."""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from ctypes import c_void_p
from typing import Any

import msgspec

from bridge.api import BridgeError, ErrorType
from bridge.modules._database_access import Rules
from bridge.modules._database_driver import Connection, Outcome, Statement, decoded, fail, read_settings
from bridge.modules._database_rows import FIRST_CHUNK, Rows
from bridge.modules._database_sqlite_library import Library, SQLiteError, library
from bridge.modules._database_sqlite_subs import Subs
from bridge.modules._database_sqlite_text import read_text

__all__ = ["SQLite", "SQLiteStatement"]

STEPS_BETWEEN_LOOKS = 20_000
"""Instructions of SQLite's machine between two looks at the clock."""

# Statements that return rows, so that their columns can be asked for without executing them.
SELECTS = frozenset({"SELECT", "WITH", "VALUES"})

CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})

# Nothing is begun before these: they are transactions themselves, or must not be in one.
UNBEGUN = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", ""})

# EXPLAIN of an EXPLAIN is none; the others do what they do when they are prepared.
UNCHECKED = frozenset({"EXPLAIN", ""})

# Functions of SQL's that have code from elsewhere run: the second takes the address of it.
CODE_LOADERS = frozenset({"load_extension", "fts3_tokenizer"})

Handler = Callable[[], object]


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`SQLite.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    immediate: bool | None = None
    text: str | None = None
    busy_ms: int | None = None
    extended_codes: bool | None = None
    read_only: bool | None = None


def _bytes_if_not_text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


TEXT: dict[str, Any] = {
    "str": str,
    "bytes": bytes,
    "lenient": _bytes_if_not_text,
}


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern, also one that Perl has made a string of: ``(?^i:...)``."""
    return re.compile(re.sub(r"\(\?\^([a-z]*):", lambda found: f"(?{_flags(found[1])}:", pattern))


def _flags(flags: str) -> str:
    """Return those of Perl's flags that Python has, too."""
    return "".join(flag for flag in flags if flag in "imsx")


def regexp(pattern: str | None, text: object) -> int | None:
    """Be SQL's operator REGEXP, which SQLite leaves to others."""
    if pattern is None or text is None:
        return None
    return 1 if _compiled(str(pattern)).search(text if isinstance(text, str) else str(text)) else 0


def _compare(one: str, other: str) -> int:
    """Order strings by the numbers of their characters."""
    return (one > other) - (one < other)


class SQLite(Connection):
    """One SQLite database.

    Args:
        name: a file by its whole path, ``:memory:``, the empty string, or a ``file:`` URI.
        rules: what the caller may open.
        seconds: the longest that a statement may run.
        batch_bytes: about how large a batch of rows may be.
        read_only: do not change the file.
        clock: tells the time in seconds.
    """

    driver = "sqlite"

    def __init__(
        self,
        name: str,
        rules: Rules,
        *,
        seconds: float = 290.0,
        batch_bytes: int = 1 << 20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        rules.check_file(name)
        self.rules = rules
        self.batch_bytes = batch_bytes
        self.autocommit = True
        self.immediate = True
        self.altered = False  # limits or options have been: a statement that was right before may be wrong now
        self.callback_error: str | None = None
        self.progress: Handler | None = None
        self.authorizer: Callable[..., int] | None = None
        self._extended = False
        self._seconds = seconds
        self._clock = clock
        self._deadline: float | None = None
        self._refusal: BridgeError | None = None
        found = library()
        self.subs: Subs | None = None
        self.address: c_void_p | None = None

        def opens() -> sqlite3.Connection:
            return sqlite3.connect(
                name, isolation_level=None, check_same_thread=False, uri=name.startswith("file:"), timeout=30.0
            )

        with self.errors():
            if found is None:
                self.raw = opens()
            else:
                self.raw, self.address = found.connect(opens)
                self.subs = Subs(found, self.address, self.lent)
        self.raw.set_progress_handler(self._look, STEPS_BETWEEN_LOOKS)
        self.raw.create_function("regexp", 2, regexp, deterministic=True)
        if self.subs is not None:
            self.subs.bytewise("perl")  # what DBD::SQLite brings along
        else:
            self.raw.create_collation("perl", _compare)
        if not rules.trusted:
            self.raw.set_authorizer(self._authorize)

    # --- what Connection asks for ---

    @property
    def in_transaction(self) -> bool:
        return self.raw.in_transaction

    def shut(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self.raw.in_transaction:
                self.raw.rollback()
        if self.subs is not None:
            self.subs.closing = True
        with contextlib.suppress(sqlite3.Error):
            self.raw.close()

    def interrupt(self) -> None:
        self.raw.interrupt()

    def prepare(self, sql: str) -> SQLiteStatement:
        statement = SQLiteStatement(self, sql)
        statement.check()
        return statement

    def prepare_once(self, sql: str) -> SQLiteStatement:
        return self.prepare(sql) if self.altered else SQLiteStatement(self, sql)

    def begin(self) -> None:
        """Begin a transaction."""
        with self.errors():
            self.raw.execute("BEGIN IMMEDIATE" if self.immediate else "BEGIN")

    def commit(self) -> None:
        with self.errors():
            self.raw.commit()

    def rollback(self) -> None:
        with self.errors():
            self.raw.rollback()

    def set(self, settings: dict[str, Any]) -> None:
        new = read_settings(settings, Settings)
        if new.text is not None:
            if new.text not in TEXT:
                raise BridgeError(ErrorType.BAD_PARAMS, f"text is one of {', '.join(TEXT)}, not {new.text!r}.")
            self.raw.text_factory = TEXT[new.text]
        if new.busy_ms is not None:
            self.raw.execute(f"PRAGMA busy_timeout = {new.busy_ms:d}").close()
        if new.immediate is not None:
            self.immediate = new.immediate
        if new.read_only is not None:
            self.raw.execute(f"PRAGMA query_only = {new.read_only:d}").close()
        if new.extended_codes is not None:
            self._extended = new.extended_codes
        if new.autocommit is not None:
            if new.autocommit and not self.autocommit:
                self.commit()
            self.autocommit = new.autocommit

    def info(self) -> dict[str, Any]:
        return {"version": sqlite3.sqlite_version, "in_transaction": self.raw.in_transaction}

    def last_id(self, details: dict[str, Any]) -> int:
        return int(self.raw.execute("SELECT last_insert_rowid()").fetchone()[0])

    @property
    def calls_subs(self) -> bool:
        """Whether statements may call subs of the caller's, beside that for REGEXP."""
        return self.progress is not None or self.authorizer is not None or (self.subs is not None and self.subs.used)

    @property
    def library(self) -> tuple[Library, c_void_p]:
        """What calls SQLite's own functions for this connection.

        Raises:
            BridgeError: they cannot be called with this Python.
        """
        found = library()
        if found is None or self.address is None:
            fail(
                "SQLite's functions cannot be called with this Python, which has it built in",
                "NotSupportedError",
                code=1,
            )
        return found, self.address

    # --- for the statements ---

    def errors(self, statement: SQLiteStatement | None = None) -> _Errors:
        """Return what turns SQLite's errors within a ``with`` into the bridge's, with SQLite's number as ``code``.

        Args:
            statement: the one that is executed there, if one is: it is not used meanwhile, and after an error it lets
                go of its cursor.
        """
        return _Errors(self, statement)

    def begin_watch(self) -> float | None:
        """Let what begins now run as long as a statement may; returns the end of what was allowed before."""
        before, self._deadline = self._deadline, self._clock() + self._seconds
        self._refusal = None
        return before

    def end_watch(self, before: float | None) -> None:
        """End what :meth:`begin_watch` has begun."""
        self._deadline = before

    def explain(self, error: BaseException) -> None:
        """Raise the bridge's error in the place of one of SQLite's; others are left as they are."""
        if isinstance(error, sqlite3.Error | sqlite3.Warning | SQLiteError):
            self._raise(error)
        if isinstance(error, OverflowError):
            fail(str(error), "OverflowError", code=18)

    def _raise(self, error: Exception) -> None:
        code = error.code if isinstance(error, SQLiteError) else getattr(error, "sqlite_errorcode", None) or 1
        text = str(error)
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise refusal from None
        said, self.callback_error = self.callback_error, None
        if said is None and self.subs is not None:
            said, self.subs.error = self.subs.error, None
        if said is not None:
            text = said
        elif code == sqlite3.SQLITE_INTERRUPT and self._deadline is not None and self._clock() >= self._deadline:
            text = f"interrupted: the statement ran longer than {self._seconds:g} s"
        name = "OperationalError" if isinstance(error, SQLiteError) else type(error).__name__
        place = {"offset": error.offset} if isinstance(error, SQLiteError) and error.offset >= 0 else {}
        fail(text, name, code=code if self._extended else code & 0xFF, **place)

    def _look(self) -> int:
        """Tell SQLite every so many instructions whether to stop: true stops it."""
        if self._deadline is not None and self._clock() >= self._deadline:
            return 1
        if self.progress is None:
            return 0
        try:
            return 1 if self._ask(self.progress) else 0
        except BridgeError as error:
            self.callback_error = error.message
            return 1

    def _ask(self, sub: Callable[..., Any], *arguments: object) -> Any:
        return sub(*arguments) if self.subs is None else self.subs.ask(sub, *arguments)

    def watch(self, steps: int, handler: Handler | None) -> None:
        """Have a function called every so many instructions; what it returns, where true, ends the statement."""
        self.progress = handler
        self.raw.set_progress_handler(self._look, steps if handler is not None else STEPS_BETWEEN_LOOKS)

    def _authorize(self, action: int, first: str | None, second: str | None, *_: object) -> int:
        """Refuse to callers of other users what would use the daemon's rights beyond the database itself."""
        try:
            if action == sqlite3.SQLITE_ATTACH:
                self.rules.check_file(first or "")
            elif action == sqlite3.SQLITE_FUNCTION and second in CODE_LOADERS:
                raise BridgeError(ErrorType.FORBIDDEN, f"{second} is not allowed.")
            elif action == sqlite3.SQLITE_PRAGMA and first in {"temp_store_directory", "data_store_directory"}:
                raise BridgeError(ErrorType.FORBIDDEN, f"PRAGMA {first} is not allowed.")
        except BridgeError as error:
            self._refusal = error
            return sqlite3.SQLITE_DENY
        if self.authorizer is None:
            return sqlite3.SQLITE_OK
        try:
            return int(self._ask(self.authorizer, action, first, second, *_) or 0)
        except BridgeError as error:
            self.callback_error = error.message
            return sqlite3.SQLITE_DENY

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Let the daemon's own statements do what a caller's must not."""
        self.raw.set_authorizer(None)
        try:
            yield
        finally:
            self.ask_before(self.authorizer)

    def ask_before(self, authorizer: Callable[..., int] | None) -> None:
        """Have a function asked before each action of a statement that is being prepared."""
        self.authorizer = authorizer
        watched = authorizer is not None or not self.rules.trusted
        self.raw.set_authorizer(self._authorize if watched else None)


class _Errors:
    """See :meth:`SQLite.errors`."""

    __slots__ = ("_before", "_connection", "_statement")

    def __init__(self, connection: SQLite, statement: SQLiteStatement | None) -> None:
        self._connection = connection
        self._statement = statement

    def __enter__(self) -> None:
        if self._statement is not None:
            self._statement.busy = True
        self._before = self._connection.begin_watch()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._statement is not None:
            self._statement.busy = False
        try:
            if error is not None:
                # An exception holds on to the frames that it came through, and so to the cursor, until the collector
                # of garbage finds them, which may run in any thread. Should this connection then be in the middle of a
                # statement that waits for a sub of the caller's, closing the cursor would wait for the statement: the
                # daemon would stand still. So it is closed at once.
                if self._statement is not None:
                    self._statement.finish()
                    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
                        self._statement.check()  # where it is wrong itself, this tells more
                self._connection.explain(error)
        finally:
            self._connection.end_watch(self._before)


class SQLiteStatement(Statement):
    """One statement.

    Attributes:
        rest: what followed it in the text.
        word: its first word, in capitals.
        busy: whether it is being executed, or rows of it fetched.
    """

    connection: SQLite

    def __init__(self, connection: SQLite, sql: str) -> None:
        super().__init__(connection)
        known = read_text(sql)
        if known.has_nul:
            fail("the statement holds a NUL character", "ProgrammingError", code=1)
        self.text, self.rest, self.word, self.parsed = known.text, known.rest, known.word, known.parsed
        self._matches, self._returns = known.matches, known.returns
        self._cursor: sqlite3.Cursor | None = None
        self._described: Sequence[Any] = ()
        self._columns: list[str] = []
        self.busy = False
        self._checked = False

    def check(self) -> None:
        """Find out whether the statement is right.

        Raises:
            BridgeError: it is not.
        """
        if self._checked:
            return
        connection = self.connection
        with connection.errors():
            if connection.subs is not None:
                found, address = connection.library
                found.check(address, self.text)
            elif self.word not in UNCHECKED:
                connection.raw.execute(f"EXPLAIN {self.text}", [None] * self.parsed.count).close()
        self._checked = True

    @property
    def calls_subs(self) -> bool:
        return self._matches or self.connection.calls_subs

    def describe(self) -> dict[str, Any]:
        about = {"parameters": self.parsed.names, "kind": self.word}
        if self.connection.subs is not None and self.word:
            with self.connection.errors():
                found, address = self.connection.library
                known = found.columns(address, self.text)
            nullable = [2 if may_be_null is None else int(may_be_null) for _, _, may_be_null in known]
            return {
                **about,
                "columns": [name for name, _, _ in known],
                "declared": [kind for _, kind, _ in known],
                "nullable": nullable,
            }
        columns: list[str] = []
        if self.word in SELECTS:
            with contextlib.suppress(sqlite3.Error):
                cursor = self.connection.raw.execute(
                    f"SELECT * FROM ({self.text}\n) LIMIT 0",  # noqa: S608 - it is the caller's own statement
                    [None] * self.parsed.count,
                )
                columns = [column[0] for column in cursor.description or ()]
                cursor.close()
        return {**about, "columns": columns}

    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        connection = self.connection
        raw = connection.raw
        self._check_idle()
        self.finish()
        text = self.text
        if as_text:  # bytes that are no UTF-8 can only be bound as a blob
            text = self.parsed.render(lambda n: f"CAST(?{n} AS TEXT)" if n - 1 in as_text else f"?{n}")
        with connection.errors(self):
            if not connection.autocommit and self.word not in UNBEGUN and not raw.in_transaction:
                self.check()  # nothing is begun for a statement that is wrong
                connection.begin()
            before = raw.total_changes if self.word == "WITH" else 0
            cursor = self._cursor = raw.cursor()
            cursor.execute(text, values)
            count = cursor.rowcount
            if count < 0:
                count = raw.total_changes - before if self.word == "WITH" else 0
            columns = None
            first: list[Any] = []
            more = False
            described = cursor.description
            if described is not None:
                if described != self._described:
                    self._described, self._columns = described, [column[0] for column in described]
                columns = self._columns
                asked = min(FIRST_CHUNK, rows)
                first = cursor.fetchmany(asked)
                ended = len(first) < asked
                if not ended or len(first) > 1:  # a single row may always come, whatever its size
                    self.rows = Rows(cursor.fetchmany, connection.batch_bytes, first, ended=ended)
                    first = self.rows.batch(rows)
                    more = self.rows.more
                if not more and self.word in CHANGES:
                    count = max(cursor.rowcount, 0)
            if not more:
                self._close()
        return {"columns": columns, "rows": first, "more": more, "count": count, "in_transaction": raw.in_transaction}

    def execute_many(self, tuples: Sequence[list[Any]], as_text: Sequence[list[int]]) -> list[dict[str, Any]]:
        if self.word not in CHANGES or self._returns or any(as_text):
            return super().execute_many(tuples, as_text)
        self._check_idle()
        self.finish()
        outcomes: list[dict[str, Any]] = []
        left = iter(tuples)
        while len(outcomes) < len(tuples):
            try:
                self._execute_on(left, outcomes)
            except BridgeError as error:
                if error.error_type is not ErrorType.FUNCTION_ERROR:
                    raise
                outcomes.append({"error": error.message, **error.details})
        return outcomes

    def _execute_on(self, tuples: Iterator[list[Any]], outcomes: list[dict[str, Any]]) -> None:
        """Execute with one tuple after the other, till the end or the first that fails."""
        connection = self.connection
        with connection.errors(self):
            if not connection.autocommit and not connection.raw.in_transaction:
                connection.begin()
            cursor = self._cursor = connection.raw.cursor()
            execute, text = cursor.execute, self.text
            for values in tuples:
                execute(text, decoded(values))
                outcomes.append({"count": cursor.rowcount})
        self._close()

    def fetch(self, count: int, by_column: bool = False) -> tuple[list[Any], bool]:
        self._check_idle()
        with self.connection.errors(self):
            found, more = super().fetch(count, by_column)
        if not more:
            self._close()
        return found, more

    def _check_idle(self) -> None:
        if self.busy:
            fail("the statement has called a sub, which cannot use it", "ProgrammingError", code=21)

    def finish(self) -> None:
        if not self.busy:  # else a sub that it has called lets go of it: it ends by itself
            self._close()

    def _close(self) -> None:
        self.rows = None
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with contextlib.suppress(sqlite3.Error):
                cursor.close()
