# ruff: noqa: S608 - the statements are put together of what stands here
"""The module database with ODBC: on SQLite's driver; kinds of values, placeholders, what there is, and who may what."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import database_servers
import pytest

from bridge.api import BridgeError, ErrorType, Peer, Session
from bridge.modules import database
from bridge.modules._database_access import Options, Rules
from bridge.modules._database_driver import Connection
from bridge.modules._database_odbc import ODBC, connection_string
from bridge.modules._database_odbc_watch import Watch

STRANGER = Peer(pid=1, uid=os.geteuid() + 1, gid=1)
DRIVER = database_servers.odbc_driver("libsqlite3odbc")
COUNTING = "with recursive n(i) as (values(1) union all select i + 1 from n where i < {}) select i from n"
ENDLESS = "with recursive n(i) as (values(1) union all select i + 1 from n) select count(*) from n"

needs_driver = pytest.mark.skipif(not DRIVER, reason="Debian's package libsqliteodbc has the driver")


def function(name: str) -> Any:
    return database.module.functions[name].call


@pytest.fixture(autouse=True)
def options() -> Iterator[None]:
    """Have every test begin with the options that are there by default."""
    yield
    database.configure({})


def opened(session: Session, name: str = ":memory:", **words: str) -> int:
    number = database.connect(session, "odbc", "", {}, {"Driver": DRIVER, "Database": name, **words})["connection"]
    assert isinstance(number, int)
    return number


def rows(session: Session, connection: int, sql: str, values: list[Any] | None = None) -> list[Any]:
    return [tuple(row) for row in database.run(session, connection, sql, values or [])["rows"]]


@needs_driver
class TestValues:
    def test_every_kind_comes_back_as_it_went(self, session: Session) -> None:
        """NULL, numbers, text beyond the first plane of Unicode, bytes, dates and fractions as text."""
        connection = opened(session)
        database.run(
            session,
            connection,
            "create table t (n integer, big bigint, r double, s varchar(9), b blob, at timestamp, yes bit, no integer)",
        )
        statement = database.prepare(session, connection, "insert into t values (?, ?, ?, ?, ?, ?, ?, ?)")["statement"]
        given = ["7", str(2**62), "0.25", "tschüß ☺😀", b"\x00\xff", "2024-01-02 03:04:05.123456", "1", None]
        database.execute(session, statement, given)
        assert rows(session, connection, "select n, big, r, s, b, yes, no from t") == [
            (7, 2**62, 0.25, "tschüß ☺😀", b"\x00\xff", 1, None)
        ]
        found = rows(session, connection, "select n, big, r, s, b, at, no from t")
        assert found == [(7, 2**62, 0.25, "tschüß ☺😀", b"\x00\xff", "2024-01-02 03:04:05.123456", None)]

    def test_dates_that_python_does_not_have_come_as_they_are(self, session: Session) -> None:
        """Nothing is made of them."""
        connection = opened(session)
        database.run(session, connection, "create table t (at date)")
        database.run(session, connection, "insert into t values ('0000-00-00')")
        assert rows(session, connection, "select at from t")[0][0].startswith("0000-00-00")

    @pytest.mark.parametrize("size", [0, 1, 4095, 4096, 8191, 100_000])
    @pytest.mark.parametrize("beside", ["1", "cast('2024-01-02' as date)"])
    def test_text_of_any_length_is_whole(self, session: Session, size: int, beside: str) -> None:
        """Also where it is read in pieces, beside a type that pyodbc is not left to read."""
        connection = opened(session)
        database.run(session, connection, "create table t (s text, b blob, at date)")
        statement = database.prepare(session, connection, "insert into t values (?, ?, '2024-01-02')")["statement"]
        database.execute(session, statement, ["ü" * size, b"\xfe" * size])
        assert rows(session, connection, "select s, b from t") == [("ü" * size, b"\xfe" * size)]
        assert rows(session, connection, "select s, b, at from t") == [("ü" * size, b"\xfe" * size, "2024-01-02")]

    def test_all_rows_come_once_and_in_order(self, session: Session) -> None:
        """In batches, by both ways of reading."""
        connection = opened(session)
        database.run(session, connection, "create table t (i integer, at date)")
        database.run(session, connection, f"insert into t select i, '2024-01-02' from ({COUNTING.format(3000)})")
        for columns in ("i", "i, at"):
            outcome = database.run(session, connection, f"select {columns} from t order by i", [], [], 100)
            found = list(outcome["rows"])
            assert len(found) == 100
            while outcome["more"]:
                outcome = {**outcome, **database.fetch(session, outcome["statement"], 700)}
                found += outcome["rows"]
            assert [row[0] for row in found] == list(range(1, 3001))


@needs_driver
class TestStatements:
    @pytest.mark.parametrize(
        ("sql", "names", "values", "found"),
        [
            ("select ? || '-' || ?", ["1", "2"], ["a", "b"], "a-b"),
            ("select :x || ':y' || :y -- :z", ["x", "y"], ["a", "b"], "a:yb"),
            ("select :2 || :1 || :2", ["1", "2"], ["a", "b"], "bab"),
            ("select :x || :x", ["x"], ["a"], "aa"),
        ],
    )
    def test_placeholders(self, session: Session, sql: str, names: list[str], values: list[str], found: str) -> None:
        """Of each kind; one with a name may stand in several places."""
        prepared = database.prepare(session, opened(session), sql)
        assert prepared["parameters"] == names
        assert [tuple(row) for row in database.execute(session, prepared["statement"], values)["rows"]] == [(found,)]

    @pytest.mark.parametrize("sql", ["select ?, :a", "select :1, :a"])
    def test_placeholders_of_two_kinds_are_refused(self, session: Session, sql: str) -> None:
        """Before anything is executed."""
        with pytest.raises(BridgeError, match="Can't mix placeholder styles"):
            database.prepare(session, opened(session), sql)

    def test_colons_can_mean_nothing(self, session: Session) -> None:
        """Where a trigger has them, say."""
        connection = opened(session)
        database.set_(session, connection, {"named": False, "direct": True})
        assert database.prepare(session, connection, "select ':x', :y, ?")["parameters"] == ["1"]

    def test_a_wrong_number_of_values_is_told(self, session: Session) -> None:
        """In the state that SQL has for it."""
        statement = database.prepare(session, opened(session), "select ?")["statement"]
        with pytest.raises(BridgeError, match="1 values are needed, not 2") as caught:
            database.execute(session, statement, ["1", "2"])
        assert caught.value.details["state"] == "07001"

    def test_an_error_has_the_driver_s_words(self, session: Session) -> None:
        """With SQLSTATE and the database's own number, and the statement can be used again."""
        connection = opened(session)
        database.run(session, connection, "create table t (a integer primary key)")
        statement = database.prepare(session, connection, "insert into t values (?)")["statement"]
        database.execute(session, statement, ["1"])
        with pytest.raises(BridgeError, match="UNIQUE constraint failed") as caught:
            database.execute(session, statement, ["1"])
        details = caught.value.details
        assert (details["code"], details["state"], details["native"]) == (1, "HY000", 19)
        assert database.execute(session, statement, ["2"])["count"] == 1

    def test_columns_are_known_before_the_execution(self, session: Session) -> None:
        """With their types, as ODBC numbers them."""
        connection = opened(session)
        database.run(session, connection, "create table t (a integer, b varchar(20))")
        number = database.prepare(session, connection, "select a, b from t")["statement"]
        told = database.describe(session, number)
        assert (told["columns"], told["types"], told["sizes"][1]) == (["a", "b"], [4, 12], 20)

    def test_what_takes_too_long_is_interrupted(self, session: Session) -> None:
        """By the daemon, whether the driver has a limit of its own or not."""
        database.configure({"statement_seconds": 0.1})
        with pytest.raises(BridgeError, match="interrupted"):
            rows(session, opened(session), ENDLESS)

    def test_the_caller_s_end_interrupts(self) -> None:
        """What runs then does not run on, and the connection is closed after it."""
        made = Session(Peer(1, os.geteuid(), 0))
        connection = opened(made)
        found = database._connection(made, connection)
        begun, caught = threading.Event(), []

        def run() -> None:
            begun.set()
            with contextlib.suppress(BridgeError):
                rows(made, connection, ENDLESS)
            caught.append(True)

        thread = threading.Thread(target=run)
        thread.start()
        begun.wait(10)
        while found._running is None and thread.is_alive():  # type: ignore[attr-defined]
            pass
        made.close()
        while thread.is_alive() and not found.closed:
            found.interrupt()  # the first may have come before the driver had begun
            thread.join(0.1)
        thread.join(10)
        assert caught and found.closed


@needs_driver
class TestTransactions:
    def test_what_is_not_committed_goes_with_the_caller(self, tmp_path: Path) -> None:
        """The end of the connection to the daemon rolls back."""
        name = str(tmp_path / "file.db")
        first = Session(Peer(1, os.geteuid(), 0))
        connection = opened(first, name)
        database.run(first, connection, "create table t (a)")
        database.set_(first, connection, {"autocommit": False})
        assert database.run(first, connection, "insert into t values (1)")["in_transaction"]
        database.commit(first, connection)
        assert not database.info(first, connection)["in_transaction"]
        database.run(first, connection, "insert into t values (2)")
        first.close()
        second = Session(Peer(1, os.geteuid(), 0))
        assert rows(second, opened(second, name), "select count(*) from t") == [(1,)]
        second.close()

    def test_a_rollback(self, session: Session) -> None:
        """And back to committing at once."""
        connection = opened(session)
        database.run(session, connection, "create table t (a)")
        database.set_(session, connection, {"autocommit": False})
        database.run(session, connection, "insert into t values (1)")
        database.rollback(session, connection)
        database.set_(session, connection, {"autocommit": True})
        assert rows(session, connection, "select count(*) from t") == [(0,)]
        assert database.alive(session, connection)


@needs_driver
class TestCatalog:
    def test_what_there_is(self, session: Session) -> None:
        """Tables, columns, keys, types."""
        connection = opened(session)
        database.run(session, connection, "create table t (a integer primary key, b varchar(20) not null)")
        ask = function("catalog")
        tables = ask(session, connection, "tables", [None, None, "t", None])
        assert (tables["columns"][2], tables["rows"][0][2]) == ("TABLE_NAME", "t")
        columns = ask(session, connection, "columns", [None, None, "t", "%"])["rows"]
        assert [row[3] for row in columns] == ["a", "b"]
        assert [row[3] for row in ask(session, connection, "primary_keys", [None, None, "t"])["rows"]] == ["a"]
        assert {row[1] for row in ask(session, connection, "types", [4])["rows"]} == {4}
        assert function("get_info")(session, connection, 17) == "SQLite"
        with pytest.raises(BridgeError, match="9999"):
            function("get_info")(session, connection, 9999)
        assert len(function("get_functions")(session, connection)) == 100

    def test_another_driver_s_connection_is_told(self, session: Session) -> None:
        """Instead of an error of Python's."""
        other = database.connect(session, "sqlite", ":memory:")["connection"]
        with pytest.raises(BridgeError, match="this one is sqlite's"):
            function("get_info")(session, other, 17)


class HangingDriver:
    """A driver whose disconnecting waits for a server that does not answer."""

    autocommit = False

    def __init__(self, events: list[str]) -> None:
        self.events = events
        self.asked, self.answer = threading.Event(), threading.Event()

    def rollback(self) -> None:
        self.events.append("rolled back")

    def close(self) -> None:
        self.asked.set()
        assert self.answer.wait(20)
        self.events.append("closed")


class TestDriversThatHang:
    def test_the_caller_s_end_waits_for_nobody(self) -> None:
        """Its connections are closed aside: the daemon goes on, and a driver that answers after all has been closed."""
        events: list[str] = []
        drivers = [HangingDriver(events), HangingDriver(events)]
        connections = []
        session = Session(Peer(1, os.geteuid(), 0))
        for driver in drivers:
            connection = ODBC.__new__(ODBC)
            Connection.__init__(connection)
            connection.raw = driver
            connections.append(connection)
            database._table(session).things[len(connections)] = connection
        assert session.close() == []
        for driver in drivers:
            assert driver.asked.wait(10)
        events.append("the daemon goes on")
        for driver in drivers:
            driver.answer.set()
        for thread in [each for each in threading.enumerate() if each.name == "odbc-end"]:
            thread.join(10)
        assert events == ["rolled back", "rolled back", "the daemon goes on", "closed", "closed"]
        assert all(connection.closed for connection in connections)
        with pytest.raises(BridgeError, match="is closed"), connections[0].using():
            pass


class TestConnectionStrings:
    def test_a_value_cannot_make_another_word(self) -> None:
        """What would end it, or begin with a brace, stands in braces; what is connected to comes first."""
        words = {"PWD": "a;Driver=/tmp/x.so", "UID": "me", "Server": "{x}", "DSN": "stock", "Nothing": ""}
        assert connection_string(words) == "DSN=stock;Nothing=;PWD={a;Driver=/tmp/x.so};Server={{x}}};UID=me"

    def test_a_source_that_is_not_there_is_told(self, session: Session) -> None:
        """In the driver manager's words."""
        with pytest.raises(BridgeError, match="IM002") as caught:
            database.connect(session, "odbc", "nowhere-to-be-found")
        assert caught.value.details["state"] == "IM002"


class TestAccess:
    @pytest.fixture
    def rules(self) -> Rules:
        """Return what a caller of another user may, where the configuration names a source."""
        return Rules.of(STRANGER, Options(data_sources=["Stock"]))

    def test_sources_can_be_named(self, rules: Rules) -> None:
        """In any case; a user and a password may come with them."""
        rules.check_data_source({"DSN": "stock", "UID": "me", "PWD": "a=b"})
        rules.check_data_source({"dsn": "STOCK"})
        assert (rules.allows_data_source("stock"), rules.allows_data_source("other")) == (True, False)
        Rules.of(STRANGER, Options(data_sources=["*"])).check_data_source({"DSN": "other"})

    @pytest.mark.parametrize(
        "words",
        [
            {},
            {"DSN": "other"},
            {"DSN": ""},
            {"Driver": "/tmp/evil.so"},
            {"DSN": "stock", "Driver": "/tmp/evil.so"},
            {"DSN": "stock", "driver ": "x"},
            {"FILEDSN": "/etc/passwd"},
            {"DSN": "stock", "SAVEFILE": "/home/daemon/.profile"},
            {"DSN": "stock", "Database": "/etc/passwd"},
            {"DSN": "stock", "Server": "elsewhere"},
            {"DSN": "stock", "UID": "me;Driver=/tmp/evil.so"},
            {"DSN": "stock", "PWD": "}{;Driver=/tmp/evil.so"},
            {"DSN": "stock;Driver=/tmp/evil.so"},
            {"DSN": "stock", "UID;Driver=/tmp/evil.so;X": "me"},
            {"DSN": "stock", "UID": "me\0;Driver=/tmp/evil.so"},
        ],
    )
    def test_nothing_else_is_let_through(self, rules: Rules, words: dict[str, str]) -> None:
        """It could name a library, a file or a server, or smuggle one in."""
        with pytest.raises(BridgeError) as caught:
            rules.check_data_source(words)
        assert caught.value.error_type in {ErrorType.FORBIDDEN, ErrorType.BAD_PARAMS}

    def test_no_source_is_open_by_default(self) -> None:
        """The sentence says what to do."""
        with pytest.raises(BridgeError, match='data_sources names "stock"'):
            Rules.of(STRANGER, Options()).check_data_source({"DSN": "stock"})

    def test_the_daemon_s_own_user_may_anything(self) -> None:
        """But no word that is none."""
        rules = Rules.of(Peer(1, os.geteuid(), 0), Options())
        rules.check_data_source({"Driver": "/usr/lib/x.so", "Database": "/srv/x.db"})
        with pytest.raises(BridgeError, match="cannot hold the word"):
            rules.check_data_source({"DSN=x;Driver": "y"})


class TestWatch:
    def test_what_takes_too_long_is_told_once(self) -> None:
        """And only that."""
        watch, told = Watch(), threading.Event()
        calls: list[str] = []
        with watch.over(60.0, lambda: calls.append("never")):
            with watch.over(0.01, lambda: (calls.append("late"), told.set())):  # type: ignore[func-returns-value]
                assert told.wait(10)
            with watch.over(60.0, lambda: calls.append("never")):
                pass
        assert calls == ["late"]
