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
from psycopg.abc import AdaptContext, Buffer
from psycopg.types import bool as booleans
from psycopg.types import none as nothing
from psycopg.types import numeric, string

from bridge.api import BridgeError, ErrorType
from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection, Outcome, Statement, fail
from bridge.modules._database_rows import Rows
from bridge.modules._database_sql import Dialect, Parsed, first_word, parse

__all__ = ["PostgreSQL", "PostgreSQLStatement", "parse_array"]

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

MOST_NOTICES = 1000
"""Notices of the server that are kept until the caller's next statement; of more, the latest."""

FATAL_ERROR = 7
"""libpq's number of a statement that failed; the SQLSTATE tells more."""


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`PostgreSQL.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    text: str | None = None
    booleans: str | None = None
    arrays: bool | None = None
    mark_floats: bool | None = None
    tag_bytes: bool | None = None
    read_only: bool | None = None
    question_marks: bool | None = None
    colons: bool | None = None


class _Text(adapt.Loader):
    """Whatever the server sends, as it sends it."""

    def load(self, data: Buffer) -> str | bytes:
        return bytes(data).decode()


class _Bytes(adapt.Loader):
    """The same, for callers that want bytes."""

    def load(self, data: Buffer) -> str | bytes:
        return bytes(data)


class _Digit(adapt.Loader):
    def load(self, data: Buffer) -> int:
        return 1 if bytes(data) == b"t" else 0


class _Array(adapt.Loader):
    def load(self, data: Buffer) -> Any:
        return parse_array(bytes(data).decode())


class _Number(adapt.Dumper):
    """A number as the text that a caller would have written: its type is the one that the statement needs."""

    def dump(self, obj: float) -> bytes:
        return str(obj).encode("ascii")


class PostgreSQL(Connection):
    """One connection to a PostgreSQL server.

    Args:
        database: the database's name.
        parameters: ``host``, ``port``, ``user``, ``password`` and other words of libpq's.
        rules: what the caller may connect to.
        options: the module's.
    """

    driver = "postgresql"

    def __init__(self, database: str, parameters: dict[str, str], rules: Rules, options: Options) -> None:
        super().__init__()
        unknown = set(parameters) - PARAMETERS
        if unknown:
            fail(f'invalid connection option "{min(unknown)}"', "ProgrammingError", code=1, state="08001")
        rules.check_server(parameters.get("hostaddr") or parameters.get("host", ""), parameters.get("port", "5432"))
        self.batch_bytes = options.batch_bytes
        self.autocommit = True
        self.streaming: PostgreSQLStatement | None = None
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
            (int, _Number),
            (float, _Number),
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
        self._choose_text(_Text)

    def marked(self, outcome: Outcome) -> Outcome:
        """Add the server's ``notices`` to what marks there are."""
        if self._notices:
            outcome["notices"] = list(self._notices)
            self._notices.clear()
        return super().marked(outcome)

    def _choose_text(self, loader: type[adapt.Loader]) -> None:
        adapters = self.raw.adapters
        adapters.register_loader(0, loader)
        for name in ("int2", "int4", "int8", "oid"):
            adapters.register_loader(name, numeric.IntLoader)
        adapters.register_loader("bytea", string.ByteaLoader)

    # --- what Connection asks for ---

    def shut(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self.raw.close()

    def interrupt(self) -> None:
        # Cancelling talks to the server on a connection of its own, and the caller of this must not wait.
        threading.Thread(target=self._cancel, daemon=True).start()

    def _cancel(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self.raw.cancel()

    def prepare(self, sql: str) -> PostgreSQLStatement:
        return PostgreSQLStatement(self, sql, self.dialect)

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
        self.make_room()
        with self.errors():
            if self.in_transaction:
                self.raw.execute(word)

    def set(self, settings: dict[str, Any]) -> None:
        try:
            new = msgspec.convert(settings, Settings)
        except msgspec.ValidationError as error:
            raise BridgeError(ErrorType.BAD_PARAMS, f"settings: {error}") from None
        self._set_loaders(new)
        self.choose_marks(new.mark_floats, new.tag_bytes)
        if new.question_marks is not None:
            self.dialect = attrs.evolve(self.dialect, question_marks=new.question_marks)
        if new.colons is not None:
            self.dialect = attrs.evolve(self.dialect, colons=new.colons)
        if new.read_only is not None:
            self.raw.execute(f"SET SESSION default_transaction_read_only = {'on' if new.read_only else 'off'}")
        if new.autocommit is not None:
            if new.autocommit and not self.autocommit:
                self.commit()
            self.autocommit = new.autocommit

    def _set_loaders(self, new: Settings) -> None:
        adapters = self.raw.adapters
        if new.text is not None:
            self._choose_text(_Bytes if new.text == "bytes" else _Text)
        if new.booleans is not None:
            adapters.register_loader("bool", _Digit if new.booleans == "digits" else _Text)
        if new.arrays is not None:
            for info in postgres.types:
                if info.array_oid:
                    adapters.register_loader(info.array_oid, _Array if new.arrays else _Text)

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
                for name in ("client_encoding", "server_encoding", "TimeZone", "DateStyle", "server_version")
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
        self.text = self.parsed.render(lambda number: f"${number}")
        self.streamed = self.word in STREAMED
        self.needs_literals = self.word not in PARAMETRIC
        self._stream: Generator[Any, None, None] | None = None
        self._cursor: psycopg.Cursor[Any] | None = None
        self._taken: deque[Any] = deque()

    def describe(self) -> dict[str, Any]:
        return {"parameters": self.parsed.names, "columns": [], "kind": self.word}

    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        connection = self.connection
        self.finish()
        connection.make_room()
        sent = [value.decode("latin-1") if index in as_text else value for index, value in enumerate(values)]
        text = self.text
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
        outcome: Outcome = {
            "columns": None,
            "rows": first,
            "more": more,
            "count": len(first) if self.streamed and not more else max(cursor.rowcount, -1 if more else 0),
            "status": cursor.statusmessage,
            "in_transaction": connection.in_transaction,
        }
        if cursor.description is not None:
            outcome["columns"] = [column.name for column in cursor.description]
            outcome["types"] = [column.type_code for column in cursor.description]
            outcome["modifiers"] = _modifiers(cursor)
        return outcome

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

    def fetch(self, count: int) -> tuple[list[Any], bool]:
        with self.connection.errors():
            return super().fetch(count)

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


def _modifiers(cursor: psycopg.Cursor[Any]) -> list[int]:
    result = cursor.pgresult
    return [] if result is None else [result.fmod(index) for index in range(result.nfields)]


def parse_array(text: str) -> Any:
    """Return PostgreSQL's text of an array as lists: numbers and strings as strings, NULL as ``None``.

    What is no array (a text that does not begin with a brace, or with bounds) is returned as it is.
    """
    if text.startswith("["):
        text = text.partition("=")[2]
    if not text.startswith("{"):
        return text
    stack: list[list[Any]] = [[]]
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "{":
            stack.append([])
            at += 1
        elif sign == "}":
            done = stack.pop()
            stack[-1].append(done)
            at += 1
        elif sign == ",":
            at += 1
        elif sign == '"':
            item, at = _quoted(text, at + 1)
            stack[-1].append(item)
        else:
            end = min(found for found in (text.find(",", at), text.find("}", at)) if found >= 0)
            word = text[at:end]
            stack[-1].append(None if word == "NULL" else word)
            at = end
    return stack[0][0]


def _quoted(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
        parts.append(text[at])
        at += 1
    return "".join(parts), at + 1
