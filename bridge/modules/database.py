"""Module ``database``: SQL databases, their statements and rows.

Connections and statements belong to the caller's connection to the daemon: when it ends, what is not committed is
rolled back. They are named by numbers. Rows come in batches: the first with the answer to ``execute``, more by
``fetch`` as long as ``more`` is true.

An error of the database is a ``FunctionError`` whose ``exception`` is the DB-API's class (``IntegrityError``, ...),
with the database's own number as ``code`` and, where the database has one, its SQLSTATE as ``state``.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from bridge.api import BridgeError, ErrorType, Module, Session, read_options
from bridge.modules._database_access import Options, Rules
from bridge.modules._database_background import register as register_background
from bridge.modules._database_blocks import FEWEST_ROWS, blocks_of
from bridge.modules._database_columns import MOST_TUPLES, summary_of, tuples_of
from bridge.modules._database_driver import Connection, Outcome, Part, Statement, decoded
from bridge.modules._database_odbc_extra import register as register_odbc
from bridge.modules._database_oracle_extra import register as register_oracle
from bridge.modules._database_oracle_lobs import register as register_lobs
from bridge.modules._database_postgresql_extra import register as register_postgresql
from bridge.modules._database_rows import FIRST_ROWS, MOST_ROWS
from bridge.modules._database_sqlite import SQLite, SQLiteStatement
from bridge.modules._database_sqlite_calls import register as register_calls
from bridge.modules._database_sqlite_extra import register as register_sqlite
from bridge.modules._database_sqlite_facts import register as register_facts

__all__ = ["module"]

module = Module(
    "database",
    "SQL databases: SQLite and, with the extras postgresql, mysql, oracle and odbc, PostgreSQL, MariaDB, Oracle, more.",
)

Count = Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)]

Tuples = Annotated[int, msgspec.Meta(ge=1, le=MOST_TUPLES)]

Size = Annotated[int, msgspec.Meta(ge=1)]

_T = TypeVar("_T", bound=Connection | Part)


class _State:
    """The options in force; replaced as a whole when they change."""

    options = Options()


@module.configure
def configure(options: dict[str, object]) -> None:
    """Take the table [modules.database]; see :class:`Options`."""
    _State.options = read_options(options, Options)


class _Table:
    """What one caller has open."""

    def __init__(self) -> None:
        self.things: dict[int, Connection | Part] = {}
        self._numbers = itertools.count(1)

    def put(self, thing: Connection | Part) -> int:
        number = next(self._numbers)
        self.things[number] = thing
        return number

    def get(self, number: int, kind: type[_T]) -> _T:
        thing = self.things.get(number)
        if kind not in thing.__class__.__mro__:  # isinstance takes its time over abstract classes
            raise BridgeError(
                ErrorType.BAD_PARAMS,
                f"There is no {kind.__name__.lower()} {number} here: it was closed or released, or belonged to "
                "another connection to the daemon.",
            )
        return thing  # type: ignore[return-value]

    def part(self, number: int) -> Part | None:
        thing = self.things.get(number)
        return thing if isinstance(thing, Part) else None

    def count(self) -> int:
        return sum(isinstance(thing, Connection) and not thing.closed for thing in self.things.values())

    def close(self) -> None:
        things, self.things = self.things, {}
        for thing in things.values():
            if isinstance(thing, Connection):
                thing.abandon()


def _table(session: Session) -> _Table:
    table = session.data.get("database")
    if table is None:
        table = session.data["database"] = _Table()
        session.on_close(table.close)
    assert isinstance(table, _Table)
    return table


def _open_sqlite(database: str, _: dict[str, str], rules: Rules, options: Options) -> Connection:
    return SQLite(database, rules, seconds=options.statement_seconds, batch_bytes=options.batch_bytes)


@contextlib.contextmanager
def _extra(who: str, extra: str, besides: str = "", install: str = "") -> Iterator[None]:
    """Have an import that fails say what to install.

    Args:
        who: what needs the extra, with its verb.
        besides, install: what it needs that is not Python's, and how to get it.
    """
    try:
        yield
    except ImportError as error:
        raise BridgeError(
            ErrorType.FUNCTION_ERROR,
            f'{who} the extra "{extra}" in the daemon\'s environment{besides}: pip install '
            f'"cpanbridge[{extra}]"{install} ({error}).',
            exception="ImportError",
        ) from None


def _open_postgresql(database: str, parameters: dict[str, str], rules: Rules, options: Options) -> Connection:
    with _extra("PostgreSQL needs", "postgresql"):
        from bridge.modules._database_postgresql import PostgreSQL
    return PostgreSQL(database, parameters, rules, options)


def _open_mysql(database: str, parameters: dict[str, str], rules: Rules, options: Options) -> Connection:
    with _extra("MariaDB and MySQL need", "mysql"):
        from bridge.modules._database_mysql import MySQL
    return MySQL(database, parameters, rules, options)


def _open_oracle(database: str, parameters: dict[str, str], rules: Rules, options: Options) -> Connection:
    with _extra("Oracle needs", "oracle"):
        from bridge.modules._database_oracle import Oracle
    return Oracle(database, parameters, rules, options)


def _open_odbc(database: str, parameters: dict[str, str], rules: Rules, options: Options) -> Connection:
    with _extra("ODBC needs", "odbc", ", and the driver manager unixODBC", "; apt-get install unixodbc"):
        from bridge.modules._database_odbc import ODBC
    return ODBC(database, parameters, rules, options)


_OPEN = {
    "sqlite": _open_sqlite,
    "postgresql": _open_postgresql,
    "mysql": _open_mysql,
    "oracle": _open_oracle,
    "odbc": _open_odbc,
}


# --- connections ------------------------------------------------------------------------------------------------------


@module.function
def connect(
    session: Session,
    driver: Literal["sqlite", "postgresql", "mysql", "oracle", "odbc"],
    database: str,
    settings: dict[str, Any] = {},  # noqa: B006 - never changed
    parameters: dict[str, str] = {},  # noqa: B006 - never changed
) -> dict[str, Any]:
    """Open a database; returns its number as ``connection``, and what is known of it.

    ``by_column`` is true: rows may be had by column. So is ``only_first``: ``run`` knows that word.

    Args:
        session: the caller's.
        driver: which kind.
        database: SQLite: the file's whole path, ``:memory:`` or a ``file:`` URI; Oracle: the service's name, or a
            connect descriptor; ODBC: the name of a data source, or nothing; the others: the database's name.
        settings: as for ``set``.
        parameters: PostgreSQL: ``host``, ``port``, ``user``, ``password`` and other words of libpq's; MariaDB:
            these and ``unix_socket``, ``init_command``, ``multi_statements``, ...; Oracle: these and ``sid``,
            ``mode``, ``nls_date_format``, ...; ODBC: the words of a connection string.
    """
    options = _State.options
    table = _table(session)
    if table.count() >= options.max_connections:
        raise BridgeError(
            ErrorType.FUNCTION_ERROR,
            f"This caller has {options.max_connections} databases open, the most it may: close some first.",
            exception="OperationalError",
        )
    rules = Rules.of(session.peer, options)
    made = _OPEN[driver](database, parameters, rules, options)
    made.put, made.part = table.put, table.part
    try:
        made.set(settings)
        return {"connection": table.put(made), "by_column": True, "only_first": True, **made.info()}
    except BaseException:
        made.close()
        raise


@module.function
def disconnect(session: Session, connection: int) -> None:
    """Roll back what is not committed, and close the database."""
    table = _table(session)
    table.get(connection, Connection).close()  # type: ignore[type-abstract]
    del table.things[connection]


@module.function(name="set")
def set_(session: Session, connection: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Change settings of a connection, and return what ``info`` does.

    All drivers: ``autocommit``. SQLite: ``immediate`` (begin transactions at once),
    ``text`` (how text comes: ``str``, ``bytes``, or ``lenient``: str where it is UTF-8), ``busy_ms``,
    ``extended_codes``, ``read_only``. PostgreSQL: ``text`` (``str`` or ``bytes``), ``booleans`` (``digits``, or
    ``text``: t and f), ``arrays`` (as lists), ``read_only``. MariaDB: ``read_only``, ``bind_comments`` (a ``?`` within
    a comment is a placeholder). ODBC: ``read_only``; for statements that are prepared
    from now on ``named`` (whether :name and :1 are placeholders), ``direct`` (never prepare), ``described`` (whether
    the driver is asked for the types of parameters); ``query_seconds`` (for the driver's own limit).
    """
    used = _connection(session, connection)
    with used.using():
        used.set(settings)
        return used.info()


@module.function
def info(session: Session, connection: int) -> dict[str, Any]:
    """Return the database's ``version``, whether it is ``in_transaction``, and what else the driver knows."""
    used = _connection(session, connection)
    with used.using():
        return used.info()


@module.function
def alive(session: Session, connection: int) -> bool:
    """Return whether the database's server, where it has one, answers."""
    used = _connection(session, connection)
    with used.using():
        return used.alive()


@module.function
def statistics(session: Session, connection: int) -> str:
    """MariaDB: return the server's line about itself: how long it has been up, how many threads there are, ..."""
    used = _connection(session, connection)
    with used.using():
        return used.statistics()


@module.function
def commit(session: Session, connection: int) -> None:
    """Commit the transaction, if there is one."""
    used = _connection(session, connection)
    with used.using():
        used.commit()


@module.function
def rollback(session: Session, connection: int) -> None:
    """Roll the transaction back, if there is one."""
    used = _connection(session, connection)
    with used.using():
        used.rollback()


@module.function
def last_id(
    session: Session,
    connection: int,
    details: dict[str, Any] = {},  # noqa: B006 - never changed
) -> int | str | None:
    """Return the number that the last inserted row got by itself."""
    used = _connection(session, connection)
    with used.using():
        return used.last_id(details)


# --- statements -------------------------------------------------------------------------------------------------------


@module.function
def prepare(session: Session, connection: int, sql: str, on_server: bool = False) -> dict[str, Any]:
    """Prepare the first statement of a text.

    Args:
        session: the caller's.
        connection: its number.
        sql: the statement.
        on_server: MariaDB: have the server prepare it, and tell of its columns; else values are written into its text.

    Returns:
        ``statement``, its number; ``parameters``, their names in order; ``kind``, its first word; ``rest``, what
        followed it in the text.
    """
    used = _connection(session, connection)
    with used.using():
        statement = used.prepare_on_server(sql) if on_server else used.prepare(sql)
        return {"statement": _table(session).put(statement), **_about(statement)}


@module.function
def describe(session: Session, statement: int) -> dict[str, Any]:
    """Return a statement's ``parameters`` and, as far as they are known before it is executed, its ``columns``."""
    used = _statement(session, statement)
    with used.connection.using():
        return used.describe()


@module.function
def execute(  # noqa: PLR0917 - callers name them
    session: Session,
    statement: int,
    values: list[Any] = [],  # noqa: B006 - never changed
    as_text: list[int] = [],  # noqa: B006 - never changed
    rows: Count = FIRST_ROWS,
    by_column: bool = False,
) -> Outcome:
    """Execute a prepared statement.

    Args:
        session: the caller's.
        statement: its number.
        values: one for each parameter: null, numbers, strings, or bytes.
        as_text: which of the values (counted from 0) are bytes that the database shall take for text.
        rows: how many rows to return at once.
        by_column: they may come in ``blocks``.

    Returns:
        ``columns``: their names, or null for a statement that returns no rows; ``rows``, ``more``; ``count``: how many
        rows were changed; ``in_transaction``. ``ahead`` is true where the caller may ask for more rows while it does
        something else: nothing that is fetched calls a sub of its own. With ``by_column`` rows come in ``blocks``, see
        :mod:`bridge.modules._database_blocks`, where they are many, and ``rows`` is empty.
    """
    used = _statement(session, statement)
    with used.connection.using():
        outcome = _marked(used, used.execute(decoded(values), as_text, rows))
        found = outcome["rows"]
        if by_column and len(found) >= FEWEST_ROWS:
            outcome["rows"], outcome["blocks"] = [], blocks_of(found)
        return outcome


@module.function
def run(  # noqa: PLR0917 - callers name them
    session: Session,
    connection: int,
    sql: str,
    values: list[Any] = [],  # noqa: B006 - never changed
    as_text: list[int] = [],  # noqa: B006 - never changed
    rows: Count = FIRST_ROWS,
    verbatim: bool = False,
    only_first: bool = False,
) -> Outcome:
    """Prepare a statement and execute it, in one call.

    Args:
        session: the caller's.
        connection: its number.
        sql: the statement.
        values: as for ``execute``.
        as_text: as for ``execute``.
        rows: as for ``execute``.
        verbatim: PostgreSQL: there are no placeholders in it, and there may be several statements.
        only_first: nothing that comes after the first rows is wanted.

    Returns:
        what ``execute`` does, ``rest``, and, while there may be more rows or results that are wanted, the number of
        the ``statement``.
    """
    used = _connection(session, connection)
    with used.using():
        statement = used.prepare_verbatim(sql) if verbatim else used.prepare_once(sql)
        outcome = _marked(statement, statement.execute(decoded(values), as_text, rows))
        outcome["rest"] = getattr(statement, "rest", "")
        if not only_first and (outcome["more"] or outcome.get("results")):
            outcome["statement"] = _table(session).put(statement)
        else:
            statement.close()
        return outcome


@module.function
def execute_many(
    session: Session,
    statement: int,
    tuples: list[list[Any]],
    as_text: list[list[int]] = [],  # noqa: B006 - never changed
) -> dict[str, Any]:
    """Execute a statement with one tuple of values after the other; one that fails does not stop the next.

    Returns:
        ``outcomes``: for each tuple ``{"count": ...}``, or ``{"error": text, "code": ..., "state": ...}``;
        ``in_transaction``.
    """
    used = _statement(session, statement)
    with used.connection.using():
        outcomes = used.execute_many(tuples, as_text)
        used.finish()
        return {"outcomes": outcomes, "in_transaction": used.connection.in_transaction}


@module.function
def execute_columns(  # noqa: PLR0917 - callers name them
    session: Session,
    statement: int,
    count: Tuples,
    columns: list[Any],
    nulls: dict[str, list[int]] = {},  # noqa: B006 - never changed
    as_text: dict[str, list[int]] = {},  # noqa: B006 - never changed
) -> dict[str, Any]:
    """Do what ``execute_many`` does with ``count`` tuples, whose values come by parameter.

    Args:
        session: the caller's.
        statement: its number.
        count: of tuples.
        columns: for each parameter a list of values, or bytes: texts in UTF-8 with NUL between them.
        nulls: of parameters, counted from 0, which of the values that came as bytes are null.
        as_text: of parameters, which values are bytes that the database shall take for text.

    Returns:
        ``counts``: of each tuple, or in their place ``each``, where all are the same; ``errors``: as in
        ``execute_many``, each with the number of its tuple as ``at``; ``in_transaction``.
    """
    used = _statement(session, statement)
    tuples = tuples_of(columns, count, nulls)
    texts = [[int(at) for at, which in as_text.items() if index in which] for index in range(count)] if as_text else []
    with used.connection.using():
        outcomes = used.execute_many(tuples, texts)
        used.finish()
        return {**summary_of(outcomes), "in_transaction": used.connection.in_transaction}


@module.function
def fetch(
    session: Session, statement: int, rows: Count = MOST_ROWS, size: Size | None = None, by_column: bool = False
) -> dict[str, Any]:
    """Return the next ``rows`` of a statement, fewer where they are large, and whether there may be ``more``.

    They are about ``size`` bytes at most where that is given, and none if the next row alone is larger. With
    ``by_column`` they come in ``blocks`` as with ``execute``.
    """
    used = _statement(session, statement)
    with used.connection.using():
        if used.rows is not None:
            used.rows.bound(size)
        found, more = used.fetch(rows, by_column)
        outcome: Outcome = {"rows": [], "blocks": found} if by_column else {"rows": found}
        outcome["more"] = more
        return used.connection.marked(outcome)


@module.function
def next_result(session: Session, statement: int, rows: Count = FIRST_ROWS) -> Outcome | None:
    """Go on to the next result of several statements, or of a procedure, where the database knows that."""
    used = _statement(session, statement)
    with used.connection.using():
        found = used.next_result(rows)
        return None if found is None else _marked(used, found)


@module.function
def finish(session: Session, statement: int) -> None:
    """Let go of the rows that are left; the statement can be executed again."""
    used = _statement(session, statement)
    with used.connection.using():
        used.finish()


@module.function
def release(session: Session, handles: list[int]) -> int:
    """Let go of statements and connections; unknown numbers are ignored. Returns how many were known."""
    table = _table(session)
    known = 0
    for number in handles:
        thing = table.things.pop(number, None)
        if thing is None:
            continue
        known += 1
        if isinstance(thing, Connection):
            thing.close()
        elif not thing.connection.closed:
            with thing.connection.using():
                thing.close()
    return known


def _about(statement: Statement) -> dict[str, Any]:
    if isinstance(statement, SQLiteStatement):
        return {"parameters": statement.parsed.names, "kind": statement.word, "rest": statement.rest}
    return statement.prepared()


def _marked(statement: Statement, outcome: Outcome) -> Outcome:
    if outcome["more"] and not statement.calls_subs:
        outcome["ahead"] = True
    return statement.connection.marked(outcome)


def _connection(session: Session, number: int) -> Connection:
    return _table(session).get(number, Connection)  # type: ignore[type-abstract]


def _statement(session: Session, number: int) -> Statement:
    return _table(session).get(number, Statement)  # type: ignore[type-abstract]


def _part(session: Session, number: int) -> Part:
    return _table(session).get(number, Part)  # type: ignore[type-abstract]


register_sqlite(module, _connection)
register_facts(module, _connection, _statement)
register_calls(module, _connection)
register_postgresql(module, _connection)
register_background(module, _connection, _statement)
register_oracle(module, _connection, _statement)
register_lobs(module, _part)
register_odbc(
    module,
    _connection,
    _statement,
    lambda session, statement: _table(session).put(statement),
    lambda session: Rules.of(session.peer, _State.options),
)
