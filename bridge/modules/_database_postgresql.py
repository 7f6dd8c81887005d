"""PostgreSQL for module ``database``, by psycopg."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import attrs
import msgspec
import psycopg
import psycopg.sql
from psycopg import adapt, postgres, pq
from psycopg.abc import AdaptContext
from psycopg.types import bool as booleans
from psycopg.types import none as nothing
from psycopg.types import numeric, string

from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection, Outcome, Statement, fail, read_settings
from bridge.modules._database_postgresql_values import (
    WHOLE_NUMBERS,
    Array,
    Binary,
    Boxes,
    Bytes,
    Digit,
    Digits,
    Number,
    Numbers,
    Text,
)
from bridge.modules._database_postgresql_watch import Watch
from bridge.modules._database_rows import Rows
from bridge.modules._database_sql import Dialect, Parsed, first_word, parse

__all__ = ["PostgreSQL", "PostgreSQLStatement"]

# Statements whose rows are taken from the server bit by bit.
STREAMED = frozenset({"SELECT", "VALUES", "TABLE"})

# Statements that the server takes parameters for; in others values are written into the text.
PARAMETRIC = frozenset(
    {"SELECT", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "CALL", "DECLARE", "EXPLAIN", "("}
)

# Nothing is begun before these.
UNBEGUN = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", ""})

PARAMETERS = frozenset(
    {
        "host", "hostaddr", "port", "user", "password", "connect_timeout", "options", "application_name", "sslmode",
        "sslcert", "sslkey", "sslrootcert", "sslcrl", "service", "keepalives", "keepalives_idle", "keepalives_interval",
        "target_session_attrs", "client_encoding",
    }
)  # fmt: skip
"""What a caller may say besides the database's name."""

STANDARD = re.compile(r"\b(?:STDIN|STDOUT)\b", re.IGNORECASE)
"""Tells a COPY whose data comes from the caller, or goes there."""

NO_PLACEHOLDERS = Dialect("postgresql", question_marks=False, colons=False, dollars=False)

STREAM_ROWS = 500
"""Rows that libpq hands over together, where it can do that at all."""

CONNECT_SECONDS = "30"

READ_AHEAD_BYTES = 8 << 20
"""Rows of a SELECT are read ahead up to about so many bytes, so that their number is known, and streamed beyond."""

MOST_NOTICES = 1000
"""Notices of the server that are kept until the caller's next statement; of more, the latest."""

DEFAULT = {"__default__": True}
"""A value that stands for the word DEFAULT."""

FATAL_ERROR = 7
"""libpq's number of a statement that failed; the SQLSTATE tells more."""


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`PostgreSQL.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    text: str | None = None
    booleans: str | None = None
    arrays: bool | None = None
    read_only: bool | None = None
    question_marks: bool | None = None
    colons: bool | None = None
    escapes: bool | None = None


class PostgreSQL(Connection):
    """One connection to a PostgreSQL server.

    Args:
        database: the database's name.
        parameters: ``host``, ``port``, ``user``, ``password`` and other words of libpq's.
        rules: what the caller may connect to.
        options: the module's.
    """

    driver = "postgresql"
    has_background = True

    def __init__(self, database: str, parameters: dict[str, str], rules: Rules, options: Options) -> None:
        super().__init__()
        unknown = set(parameters) - PARAMETERS
        if unknown:
            fail(f'invalid connection option "{min(unknown)}"', "ProgrammingError", code=1, state="08001")
        rules.check_server(parameters.get("hostaddr") or parameters.get("host", ""), parameters.get("port", "5432"))
        self.batch_bytes = options.batch_bytes
        self.autocommit = True
        self.streaming: PostgreSQLStatement | None = None
        self.watch: Watch | None = None
        self._digits = self._arrays = False
        self.dialect = Dialect("postgresql")
        self._copy_manager: Any = None  # of the COPY that goes on
        self._copy: psycopg.Copy | None = None
        self._copy_cursor: psycopg.Cursor[Any] | None = None
        self._adapters = adapt.AdaptersMap(types=postgres.types)
        for kind, dumper in (
            (type(None), nothing.NoneDumper),
            (str, string.StrDumperUnknown),
            (bytes, string.BytesBinaryDumper),
            (bool, booleans.BoolDumper),
            (int, Number),
            (float, Number),
        ):
            self._adapters.register_dumper(kind, dumper)
        words = {"connect_timeout": CONNECT_SECONDS, **parameters}
        milliseconds = int(options.statement_seconds * 1000)
        words["options"] = f"-c statement_timeout={milliseconds} {parameters.get('options', '')}".strip()
        if not rules.trusted:  # nor the daemon's own password file
            words["passfile"] = "/dev/null"
        with self.errors():
            self.raw = psycopg.Connection.connect(
                dbname=database,
                autocommit=True,
                context=_Context(self._adapters),
                cursor_factory=psycopg.RawCursor,
                **words,  # type: ignore[arg-type]
            )
        self._notices: deque[str] = deque(maxlen=MOST_NOTICES)
        self.raw.add_notice_handler(lambda told: self._notices.append(f"{told.severity}:  {told.message_primary}"))
        self._choose_text(Text)

    def marked(self, outcome: Outcome) -> Outcome:
        """Add the server's ``notices`` to what marks there are."""
        if self._notices:
            outcome["notices"] = list(self._notices)
            self._notices.clear()
        return super().marked(outcome)

    def _choose_text(self, loader: type[adapt.Loader]) -> None:
        adapters = self.raw.adapters
        adapters.register_loader(0, loader)
        adapters.register_loader(0, Binary)
        for name in WHOLE_NUMBERS:
            adapters.register_loader(name, numeric.IntLoader)
        adapters.register_loader("bytea", string.ByteaLoader)

    # --- what Connection asks for ---

    def background_ended(self) -> None:
        if self.watch is not None:
            self.watch.tell()

    def shut(self) -> None:
        if self.watch is not None:
            self.watch.close()
        with contextlib.suppress(psycopg.Error):
            self.raw.close()

    def interrupt(self) -> None:
        # Cancelling talks to the server on a connection of its own, and the caller of this must not wait.
        threading.Thread(target=self.cancel, daemon=True).start()

    def cancel(self) -> None:
        """End the statement that runs; waits for the server to have heard of it."""
        with contextlib.suppress(psycopg.Error):
            self.raw.cancel()

    def prepare(self, sql: str) -> PostgreSQLStatement:
        strict = self.raw.info.parameter_status("standard_conforming_strings") != "off"
        return PostgreSQLStatement(self, sql, attrs.evolve(self.dialect, backslashes=not strict))

    def prepare_verbatim(self, sql: str) -> PostgreSQLStatement:
        statement = PostgreSQLStatement(self, sql, NO_PLACEHOLDERS)
        statement.text, statement.streamed = sql, False
        return statement

    def begin(self) -> None:
        """Begin a transaction."""
        self.raw.execute("BEGIN")

    def commit(self) -> None:
        self._finish("COMMIT")

    def rollback(self) -> None:
        self._finish("ROLLBACK")

    def _finish(self, word: str) -> None:
        self.abort_copy()
        self.make_room()
        with self.errors():
            if self.in_transaction:
                self.raw.execute(word)

    def set(self, settings: dict[str, Any]) -> None:
        new = read_settings(settings, Settings)
        self._set_loaders(new)
        if new.question_marks is not None:
            self.dialect = attrs.evolve(self.dialect, question_marks=new.question_marks)
        if new.colons is not None:
            self.dialect = attrs.evolve(self.dialect, colons=new.colons)
        if new.escapes is not None:
            self.dialect = attrs.evolve(self.dialect, escapes=new.escapes)
        if new.read_only is not None:
            self.raw.execute(f"SET SESSION default_transaction_read_only = {'on' if new.read_only else 'off'}")
        if new.autocommit is not None:
            if new.autocommit and not self.autocommit:
                self.commit()
            self.autocommit = new.autocommit

    def _set_loaders(self, new: Settings) -> None:
        adapters = self.raw.adapters
        if new.text is not None:
            self._choose_text(Bytes if new.text == "bytes" else Text)
        if new.booleans is not None:
            self._digits = new.booleans == "digits"
            adapters.register_loader("bool", Digit if self._digits else Text)
        if new.arrays is not None:
            self._arrays = new.arrays
        if new.arrays is not None or new.booleans is not None:
            for info in postgres.types:
                if info.array_oid:
                    adapters.register_loader(info.array_oid, self._array_loader(info.name) if self._arrays else Text)

    def _array_loader(self, name: str) -> type[adapt.Loader]:
        if name in WHOLE_NUMBERS:
            return Numbers
        if name == "bool" and self._digits:
            return Digits
        return Boxes if name == "box" else Array

    def info(self) -> dict[str, Any]:
        known = self.raw.info
        return {
            "version": known.server_version,
            "in_transaction": self.in_transaction,
            "transaction": known.transaction_status.name.lower(),
            "pid": known.backend_pid,
            "database": known.dbname,
            "host": known.host,
            "port": known.port,
            "user": known.user,
            "library": pq.version(),
            "parameters": {
                name: known.parameter_status(name)
                for name in (
                    "client_encoding",
                    "server_encoding",
                    "TimeZone",
                    "DateStyle",
                    "server_version",
                    "standard_conforming_strings",
                )
            },
        }

    def alive(self) -> bool:
        """Ask the server for something."""
        self.make_room()
        try:
            self.raw.execute("", prepare=False)
        except psycopg.Error:
            return not self.raw.closed and self.in_transaction
        return True

    @property
    def is_spoilt(self) -> bool:
        """Whether the transaction has met an error, after which only a rollback goes."""
        return self.raw.info.transaction_status == pq.TransactionStatus.INERROR

    @property
    def in_transaction(self) -> bool:
        return self.raw.info.transaction_status != pq.TransactionStatus.IDLE

    def last_id(self, details: dict[str, Any]) -> int | str | None:
        with self.errors():
            row = self.raw.execute("SELECT lastval()").fetchone()
        return None if row is None else row[0]

    # --- for the statements ---

    def make_room(self) -> None:
        """Take in what another statement has left on the way: the server sends one result after the other."""
        if self._copy is not None:
            fail(
                "another command is already in progress: COPY has not been ended",
                "ProgrammingError",
                code=7,
                state="55000",
            )
        streaming, self.streaming = self.streaming, None
        if streaming is not None:
            with self.errors():
                streaming.take_in()

    # --- COPY ---

    def begin_copy(self, text: str) -> None:
        """Begin a COPY FROM STDIN or TO STDOUT."""
        cursor = self.raw.cursor()
        manager = cursor.copy(text)
        self._copy = manager.__enter__()
        self._copy_manager, self._copy_cursor = manager, cursor

    def write_copy(self, data: bytes) -> None:
        """Send data to a COPY FROM STDIN."""
        with self.errors():
            self._going_on().write(data)

    def read_copy(self) -> bytes:
        """Return the next data of a COPY TO STDOUT; nothing at its end."""
        with self.errors():
            data = bytes(self._going_on().read())
            if not data:
                self.end_copy()
            return data

    def end_copy(self) -> int:
        """End the COPY; returns the number of rows."""
        self._going_on()
        manager, self._copy_manager, self._copy = self._copy_manager, None, None
        with self.errors():
            manager.__exit__(None, None, None)
        return self._copy_cursor.rowcount if self._copy_cursor is not None else 0

    def abort_copy(self) -> None:
        """End a COPY that its caller does not go on with."""
        if self._copy is None:
            return
        manager, self._copy_manager, self._copy = self._copy_manager, None, None
        with contextlib.suppress(psycopg.Error, CopyGivenUpError):
            gone = CopyGivenUpError("COPY was given up")
            manager.__exit__(CopyGivenUpError, gone, None)

    def _going_on(self) -> psycopg.Copy:
        if self._copy is None:
            fail("there is no COPY going on", "ProgrammingError", code=1, state="55000")
        return self._copy

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn psycopg's errors into the bridge's, with the server's whole text and its SQLSTATE."""
        try:
            yield
        except psycopg.Error as error:
            severity = error.diag.severity
            text = f"{severity}:  {error}" if severity else str(error)
            state = error.sqlstate or ("08006" if isinstance(error, psycopg.OperationalError) else "HY000")
            code = FATAL_ERROR if severity else 1
            fail(text, type(error).__name__, code=code, state=state, diagnostics=_diagnostics(error))


class CopyGivenUpError(Exception):
    """Tells psycopg that data of a COPY will not come."""


class _Context(AdaptContext):
    def __init__(self, adapters: adapt.AdaptersMap) -> None:
        self._adapters = adapters

    @property
    def adapters(self) -> adapt.AdaptersMap:
        return self._adapters

    @property
    def connection(self) -> None:
        return None


def _diagnostics(error: psycopg.Error) -> dict[str, str]:
    found = {name: getattr(error.diag, name) for name in dir(error.diag) if not name.startswith("_")}
    return {name: value for name, value in found.items() if isinstance(value, str)}


class PostgreSQLStatement(Statement):
    """One statement."""

    connection: PostgreSQL

    def __init__(self, connection: PostgreSQL, sql: str, dialect: Dialect) -> None:
        super().__init__(connection)
        self.word = first_word(sql, dialect)
        try:
            self.parsed: Parsed = parse(sql, dialect)
        except ValueError as error:
            fail(str(error), "ProgrammingError", code=1, state="42601")
        self._check_placeholders()
        self.text = self.parsed.render(lambda number: f"${number}")
        self.streamed = self.word in STREAMED
        self.needs_literals = self.word not in PARAMETRIC
        self._stream: Generator[Any, None, None] | None = None
        self._cursor: psycopg.Cursor[Any] | None = None
        self._taken: deque[Any] = deque()

    def _check_placeholders(self) -> None:
        signs = sorted(self.parsed.signs)
        if len(signs) > 1:
            spelt = {"?": "?", "$": "$1", ":": ":foo"}
            self._refuse(f'Cannot mix placeholder styles "{spelt[signs[0]]}" and "{spelt[signs[1]]}"')
        if set(self.parsed.numbers) != set(range(1, self.parsed.count + 1)):
            self._refuse("Invalid placeholders: must start at $1 and increment one at a time")

    def _refuse(self, text: str) -> None:
        fail(text, "ProgrammingError", code=1, state="42601")

    def describe(self) -> dict[str, Any]:
        return {"parameters": self.parsed.names, "columns": [], "kind": self.word}

    def _with_defaults(self, values: list[Any]) -> tuple[str, list[Any]]:
        """Return the text with the word DEFAULT for values that say so, and the other values."""
        places: dict[int, str] = {}
        sent: list[Any] = []
        for number, value in enumerate(values, 1):
            if value == DEFAULT:
                places[number] = "DEFAULT"
            else:
                sent.append(value)
                places[number] = f"${len(sent)}"
        return self.parsed.render(places.__getitem__), sent

    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        connection = self.connection
        self.finish()
        connection.make_room()
        sent = [value.decode("latin-1") if index in as_text else value for index, value in enumerate(values)]
        text = self.text
        if DEFAULT in sent:
            text, sent = self._with_defaults(sent)
        if sent and self.needs_literals:
            text = self.parsed.render(lambda number: psycopg.sql.quote(sent[number - 1], connection.raw))
            sent = []
        with connection.errors():
            if not connection.autocommit and not connection.in_transaction and self.word not in UNBEGUN:
                connection.begin()
            if self.word == "COPY" and STANDARD.search(self.text):
                connection.begin_copy(self.text)
                return {"columns": None, "rows": [], "more": False, "count": -1, "in_transaction": True, "copy": True}
            cursor = connection.raw.cursor()
            first: list[Any] = []
            more = False
            if self.streamed:
                first, more = self._begin_stream(cursor, sent, rows)
            else:
                cursor.execute(text, sent or None)
                if cursor.description is not None:
                    self.rows = Rows(cursor.fetchmany, connection.batch_bytes)
                    first = self.rows.batch(rows)
                    more = self.rows.more
            count = max(cursor.rowcount, 0)
            if self.streamed:
                left = 0 if self.rows is None else self.rows.read_ahead(READ_AHEAD_BYTES)
                count = -1 if left is None else len(first) + left
            outcome: Outcome = {
                "columns": None,
                "rows": first,
                "more": more,
                "count": count,
                "status": cursor.statusmessage or self.word,
                "in_transaction": connection.in_transaction,
            }
            result = cursor.pgresult
            if result is None and self.streamed:  # the server has sent no row, and so no columns
                result = self._described()
            if result is not None and result.nfields:
                outcome |= _columns(result, connection.raw.info.encoding)
            return outcome

    def _described(self) -> pq.abc.PGresult:
        pgconn = self.connection.raw.pgconn
        prepared = pgconn.prepare(b"", self.text.encode(self.connection.raw.info.encoding))
        return pgconn.describe_prepared(b"") if prepared.status == pq.ExecStatus.COMMAND_OK else prepared

    def _begin_stream(self, cursor: psycopg.Cursor[Any], values: list[Any], rows: int) -> tuple[list[Any], bool]:
        size = STREAM_ROWS if psycopg.capabilities.has_stream_chunked() else 1
        self._cursor = cursor
        self._stream = cursor.stream(self.text, values or None, size=size)  # type: ignore[assignment]
        self.connection.streaming = self
        self.rows = Rows(self._next, self.connection.batch_bytes)
        first = self.rows.batch(rows)
        more = self.rows.more
        if not more:
            self._ended()
        return first, more

    def _next(self, count: int) -> list[Any]:
        found: list[Any] = []
        while len(found) < count:
            if self._taken:
                found.append(self._taken.popleft())
                continue
            row = next(self._stream, None) if self._stream is not None else None
            if row is None:
                self._ended()
                break
            found.append(row)
        return found

    def _ended(self) -> None:
        self._stream = None
        if self.connection.streaming is self:
            self.connection.streaming = None

    def take_in(self) -> None:
        """Read what is left, so that the connection is free."""
        if self._stream is not None:
            self._taken.extend(self._stream)
            self._stream = None

    def fetch(self, count: int, by_column: bool = False) -> tuple[list[Any], bool]:
        with self.connection.errors():
            return super().fetch(count, by_column)

    def finish(self) -> None:
        self.rows = None
        self._taken.clear()
        stream, self._stream = self._stream, None
        if stream is not None:
            if self.connection.streaming is self:
                self.connection.streaming = None
            with self.connection.errors():
                if self.connection.autocommit and self.connection.raw.info.transaction_status is _ACTIVE:
                    stream.close()  # which cancels it
                else:  # in a transaction that would be an error: the rows are thrown away
                    deque(stream, maxlen=0)
        self._cursor = None


_ACTIVE = pq.TransactionStatus.ACTIVE


def _columns(result: pq.abc.PGresult, encoding: str) -> dict[str, list[Any]]:
    """Return what the server tells of columns: names, types, their modifiers and sizes, the tables' columns."""
    places = range(result.nfields)
    return {
        "columns": [(result.fname(place) or b"").decode(encoding) for place in places],
        "types": [result.ftype(place) for place in places],
        "modifiers": [result.fmod(place) for place in places],
        "sizes": [result.fsize(place) for place in places],
        "origins": [[result.ftable(place), result.ftablecol(place)] for place in places],
    }
