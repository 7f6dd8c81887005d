"""MariaDB and MySQL for module ``database``, by PyMySQL."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import attrs
import msgspec
import pymysql
from pymysql.constants import CLIENT, CR, SERVER_STATUS
from pymysql.converters import encoders

from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection, Outcome, fail, read_settings
from bridge.modules._database_mysql_raw import Cursor, Raw
from bridge.modules._database_mysql_statements import DIALECT, MySQLStatement, PreparedStatement, names_charset
from bridge.modules._database_sql import Parsed, parse

__all__ = ["MySQL"]

WORDS = frozenset(
    {
        "host", "port", "user", "password", "unix_socket", "connect_timeout", "init_command", "charset", "collation",
        "max_allowed_packet", "read_timeout", "write_timeout",
    }
)  # fmt: skip
NUMBERS = frozenset({"port", "connect_timeout", "max_allowed_packet", "read_timeout", "write_timeout"})
FLAGS = {
    "multi_statements": CLIENT.MULTI_STATEMENTS,
    "found_rows": CLIENT.FOUND_ROWS,
    "ignore_space": CLIENT.IGNORE_SPACE,
}
TLS = frozenset({"ssl", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "ssl_optional"})
PARAMETERS = WORDS | FLAGS.keys() | TLS | {"local_infile", "verbatim"}
"""What a caller may say besides the database's name, and what begins with ``attribute.``."""

ATTRIBUTE = "attribute."
"""Begins the names of what the server shall know of the program (``_pid``, ``program_name``, ...)."""

CONNECT_SECONDS = 30

MOST_PACKET = 1 << 30
"""Largest statement, in bytes, unless the caller says another; the server has a limit of its own."""


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What :meth:`MySQL.set` takes; ``None`` leaves a setting as it is."""

    autocommit: bool | None = None
    read_only: bool | None = None
    bind_comments: bool | None = None
    folder: str | None = None


class MySQL(Connection):
    """One connection to a MariaDB or MySQL server.

    Args:
        database: the database's name; may be empty.
        parameters: ``host``, ``port``, ``user``, ``password``, ``unix_socket``, ``init_command``, ...; ``verbatim``:
            the characters of statements and values are bytes, which go to the server as they are.
        rules: what the caller may connect to.
        options: the module's.
    """

    driver = "mysql"
    has_background = True

    def __init__(self, database: str, parameters: dict[str, str], rules: Rules, options: Options) -> None:
        super().__init__()
        attributes = {name: value for name, value in parameters.items() if name.startswith(ATTRIBUTE)}
        unknown = parameters.keys() - PARAMETERS - attributes.keys()
        if unknown:
            fail(f'unknown connection option "{min(unknown)}"', "ProgrammingError", code=2000, state="HY000")
        rules.check_server(parameters.get("host", ""), parameters.get("port", "3306"))
        if not rules.trusted and (files := {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key"} & parameters.keys()):
            fail(f"the daemon opens no {min(files)} for callers of other users", "ProgrammingError", code=2000)
        self.batch_bytes = options.batch_bytes
        self.autocommit = True
        self.dialect = DIALECT
        self.verbatim = _is_on(parameters, "verbatim")
        self.streaming: MySQLStatement | None = None
        self._unneeded: list[int] = []  # statements that the server may forget
        words: dict[str, Any] = {name: parameters[name] for name in WORDS & parameters.keys()}
        words |= {name: int(words[name]) for name in NUMBERS & words.keys()}
        words.setdefault("connect_timeout", CONNECT_SECONDS)
        words.setdefault("charset", "utf8mb4")
        words.setdefault("max_allowed_packet", MOST_PACKET)
        if not words.get("host") and "unix_socket" not in words:
            words["unix_socket"] = default_socket()
        self._words = words | _tls(parameters)
        flags = sum(flag for name, flag in FLAGS.items() if _is_on(parameters, name)) | CLIENT.PS_MULTI_RESULTS
        with self.errors():
            self.raw = Raw(
                database=database or None,
                autocommit=True,
                client_flag=flags,
                conv=encoders,
                binary_prefix=True,
                # The files are read with the daemon's rights.
                local_infile=rules.trusted and _is_on(parameters, "local_infile"),
                cursorclass=Cursor,
                defer_connect=True,
                **self._words,
            )
            self.raw.introduce({name.removeprefix(ATTRIBUTE): value for name, value in attributes.items()})
            self._connect(_is_on(parameters, "ssl"), _is_on(parameters, "ssl_optional"))
            if collation := words.get("collation"):
                chosen = self.raw.escape(words["charset"]), self.raw.escape(collation)
                with contextlib.suppress(pymysql.err.DatabaseError):  # MySQL 8 wants a privilege for it
                    self.raw.query("SET character_set_server = {}, collation_server = {}".format(*chosen))
            if self.verbatim:
                self.raw.encoding = "latin-1"  # which makes each character a byte
            elif names_charset(parameters.get("init_command", "")):
                self.raw.follow_charset()
        self._limit_time(options.statement_seconds)

    def _connect(self, needs_tls: bool, may_do_without: bool) -> None:
        try:
            self.raw.connect()
        except pymysql.OperationalError as error:
            if not may_do_without or error.args[0] != CR.CR_SSL_CONNECTION_ERROR:
                raise
            self.raw.do_without_tls()
            self.raw.connect()
        if needs_tls and not may_do_without and not self.raw.secured():
            self.raw.close()
            fail(
                "SSL connection error: SSL is required but the server does not support it",
                "OperationalError",
                code=CR.CR_SSL_CONNECTION_ERROR,
                state="HY000",
            )

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
        if self.streaming is not None and self.streaming.rows is None:
            self.make_room()  # which does all that the statement before was to do
        return MySQLStatement(self, parse(sql, attrs.evolve(self.dialect, backslashes=not self.takes_backslashes)))

    def prepare_verbatim(self, sql: str) -> MySQLStatement:
        return MySQLStatement(self, Parsed([sql], [], []))

    def prepare_on_server(self, sql: str) -> PreparedStatement:
        self.make_room()
        with self.errors():
            return PreparedStatement(self, self.raw.prepare(sql), sql)

    @property
    def takes_backslashes(self) -> bool:
        """Whether a backslash in a string is one, by the server's sql_mode."""
        return bool(self.raw.server_status & SERVER_STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES)

    def commit(self) -> None:
        self.make_room()
        with self.errors():
            self.raw.commit()

    def rollback(self) -> None:
        self.make_room()
        with self.errors():
            self.raw.rollback()

    def set(self, settings: dict[str, Any]) -> None:
        new = read_settings(settings, Settings)
        if new.bind_comments is not None:
            self.dialect = attrs.evolve(DIALECT, comments=not new.bind_comments)
        if new.folder is not None:
            self.raw.folder = new.folder
        if new.read_only is None and new.autocommit is None:
            return
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
            "library": pymysql.VERSION_STRING,
            "cipher": self.raw.cipher(),
            "packet": self.raw.max_allowed_packet,
        }

    def statistics(self) -> str:
        """Return the server's line about itself: how long it has been up, how much was asked, ..."""
        self.make_room()
        with self.errors():
            return self.raw.statistics()

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def marked(self, outcome: Outcome) -> Outcome:
        """Add to the last rows of a large result that another one follows: before nobody could know."""
        streaming = self.streaming
        if "results" not in outcome and not outcome.get("more", True) and streaming is not None and streaming.leads_on:
            outcome["results"] = True
        return outcome

    def last_id(self, details: dict[str, Any]) -> int | str | None:
        return self.raw.last_id

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
        while self._unneeded:
            with self.errors():
                self.raw.forget_prepared(self._unneeded.pop())

    def forget_prepared(self, number: int) -> None:
        """Have the server forget a statement when it can listen next."""
        self._unneeded.append(number)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn PyMySQL's errors into the bridge's, with the server's number as ``code`` and its SQLSTATE."""
        try:
            yield
        except pymysql.Error as error:
            code = error.args[0] if error.args and isinstance(error.args[0], int) else 2000
            text = str(error.args[1]) if len(error.args) > 1 else str(error)
            if isinstance(error, pymysql.InterfaceError) and not code:  # it was closed
                code, text = CR.CR_SERVER_GONE_ERROR, "MySQL server has gone away"
            fail(text, type(error).__name__, code=code or 2000, state=getattr(error, "sqlstate", None) or "HY000")
        except (OSError, UnicodeError) as error:
            fail(str(error), "OperationalError", code=2000, state="HY000")


def default_socket() -> str:
    """Return where Debian's and others' servers listen, as clients assume it."""
    return "/run/mysqld/mysqld.sock"


def _is_on(parameters: dict[str, str], name: str) -> bool:
    return parameters.get(name, "") not in {"", "0"}


def _tls(parameters: dict[str, str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        name: parameters[name] for name in ("ssl_ca", "ssl_cert", "ssl_key") if name in parameters
    }
    if "ssl_verify_cert" in parameters:
        chosen["ssl_verify_cert"] = _is_on(parameters, "ssl_verify_cert")
    if not chosen and _is_on(parameters, "ssl"):
        chosen["ssl"] = {"ssl": True}
    return chosen
