"""The module database with SQLite: batches, kinds of values, transactions, limits, and what it refuses."""

from __future__ import annotations

import os
import sqlite3
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import storable
from bridge.api import BridgeError, ErrorType, Peer, Session
from bridge.modules import database
from bridge.modules._database_access import Options, Rules
from bridge.modules._database_rows import Rows
from bridge.modules._database_sizes import size_of
from bridge.modules._database_sqlite import SQLite

STRANGER = Peer(pid=1, uid=os.geteuid() + 1, gid=1)


@pytest.fixture(autouse=True)
def options() -> Iterator[None]:
    """Have every test begin with the options that are there by default."""
    yield
    database.configure({})


def opened(session: Session, name: str = ":memory:", **settings: object) -> int:
    number = database.connect(session, "sqlite", name, settings)["connection"]
    assert isinstance(number, int)
    return number


def rows(session: Session, connection: int, sql: str, values: list[Any] | None = None) -> list[Any]:
    return list(database.run(session, connection, sql, values or [])["rows"])


class TestValues:
    def test_every_kind_comes_back_as_it_went(self, session: Session) -> None:
        """NULL, integers of 64 bits, floats, text and bytes."""
        connection = opened(session)
        values = [None, 2**63 - 1, -(2**63), 0.1 + 0.2, "tschüß\0x", b"\x00\xff"]
        assert rows(session, connection, "select ?, ?, ?, ?, ?, ?", values) == [tuple(values)]

    def test_an_integer_that_is_too_large_is_refused(self, session: Session) -> None:
        """SQLite has 64 bits; a silent float would be another number."""
        with pytest.raises(BridgeError, match="too large"):
            rows(session, opened(session), "select ?", [2**63])

    def test_text_comes_as_the_caller_wants_it(self, session: Session) -> None:
        """As characters, as bytes, or as bytes only where it is no UTF-8."""
        connection = opened(session, text="bytes")
        assert rows(session, connection, "select 'ü'") == [("ü".encode(),)]
        database.set_(session, connection, {"text": "lenient"})
        assert rows(session, connection, "select 'ü', cast(x'ff' as text)") == [("ü", b"\xff")]

    def test_bytes_can_be_meant_as_text(self, session: Session) -> None:
        """Also those that are no UTF-8: the database is not to take them for a blob."""
        connection = opened(session, text="bytes")
        outcome = database.run(session, connection, "select typeof(?), ?1", [b"\xff"], [0])
        assert outcome["rows"] == [(b"text", b"\xff")]


class TestBatches:
    def test_all_rows_come_once_and_in_order(self, session: Session) -> None:
        """The first batch with the answer, the others by fetch."""
        connection = opened(session)
        sql = "with recursive n(i) as (values(1) union all select i + 1 from n where i < 5000) select i from n"
        outcome = database.run(session, connection, sql, [], [], 100)
        found = list(outcome["rows"])
        assert len(found) == 100
        while outcome["more"]:
            outcome = {**outcome, **database.fetch(session, outcome["statement"], 700)}
            found += outcome["rows"]
        assert [row[0] for row in found] == list(range(1, 5001))

    def test_rows_come_by_column_where_that_is_asked_for(self, session: Session) -> None:
        """In blocks, if they are more than a few; nothing is changed for others."""
        connection = opened(session, text="bytes")
        assert database.connect(session, "sqlite", ":memory:")["by_column"]
        sql = "with recursive n(i) as (values(1) union all select i + 1 from n where i < ?) select i, 'x' from n"
        statement = database.prepare(session, connection, sql)["statement"]
        outcome = database.execute(session, statement, [7], by_column=True)
        assert (len(outcome["rows"]), "blocks" in outcome) == (7, False)
        outcome = database.execute(session, statement, [200], rows=9, by_column=True)
        assert (outcome["rows"], outcome["more"]) == ([], True)
        packed = [["q", struct.pack("=9q", *range(1, 10))], ["b", b"\0".join([b"x"] * 9)]]
        assert outcome["blocks"] == [{"count": 9, "columns": packed}]
        assert database.fetch(session, statement, 2) == {"rows": [(10, b"x"), (11, b"x")], "more": True}
        outcome = database.fetch(session, statement, 200, by_column=True)
        assert (outcome["rows"], outcome["more"]) == ([], False)
        assert sum(block["count"] for block in outcome["blocks"]) == 189
        assert database.fetch(session, statement, 2, by_column=True) == {"rows": [], "blocks": [], "more": False}

    @given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 50), st.integers(50, 1000))
    def test_whatever_the_rows_sizes_are_none_is_lost(self, sizes: list[int], count: int, most: int) -> None:
        """A batch holds at most as many rows as asked for, and more than one only when they fit."""
        source = [(number, "x" * size) for number, size in enumerate(sizes)]
        left = list(source)

        def fetch(wanted: int) -> list[Any]:
            taken, left[:] = left[:wanted], left[wanted:]
            return taken

        made, found = Rows(fetch, most), []
        while batch := made.batch(count):
            assert len(batch) <= count
            assert len(batch) == 1 or size_of(batch) <= most
            found += batch
        assert found == source
        assert not made.more

    @given(
        st.lists(
            st.tuples(
                st.integers(-(2**63), 2**63 - 1),
                st.none() | st.text("ab€\U0001f600", max_size=200),
                st.floats(allow_nan=False, allow_infinity=False) | st.binary(max_size=100),
                st.lists(st.none() | st.text("é", max_size=30), max_size=5),
            ),
            max_size=40,
        ),
        st.integers(100, 2000),
    )
    def test_a_batch_asked_for_ahead_is_bounded_as_it_is_sent(self, source: list[Any], most: int) -> None:
        """What is sent is not much larger than asked for; where not even a row fits, none comes, and none is lost."""
        left = list(source)

        def fetch(wanted: int) -> list[Any]:
            taken, left[:] = left[:wanted], left[wanted:]
            return taken

        made, found = Rows(fetch, 1 << 20), []
        while made.more:
            made.bound(most)
            batch = made.batch(1000)
            assert len(storable.encode({"rows": batch})) <= 1.5 * most + 50
            if not batch:
                made.bound(None)
                batch = made.batch(1)
            found += batch
        assert found == source


class TestStatements:
    def test_a_wrong_statement_fails_when_it_is_prepared(self, session: Session) -> None:
        """And is not executed: with SQLite's number and words."""
        connection = opened(session)
        with pytest.raises(BridgeError, match="no such table: nowhere") as caught:
            database.prepare(session, connection, "select * from nowhere")
        assert (caught.value.error_type, caught.value.details["code"]) == (ErrorType.FUNCTION_ERROR, 1)

    def test_a_wrong_statement_that_is_executed_at_once(self, session: Session) -> None:
        """Fails as if it had been prepared before, and begins no transaction."""
        connection = opened(session)
        for autocommit in (True, False):
            database.set_(session, connection, {"autocommit": autocommit})
            for sql in ("select 1, selec 2", "insert into nowhere values (1)"):
                failed: list[tuple[str, dict[str, Any]]] = []
                for call in (database.prepare, database.run):
                    with pytest.raises(BridgeError) as caught:
                        call(session, connection, sql)
                    failed.append((caught.value.message, caught.value.details))
                    assert not database.info(session, connection)["in_transaction"]
                assert failed[0] == failed[1]

    def test_a_limit_holds_for_texts_that_were_right_before(self, session: Session) -> None:
        """What SQLite has compiled of them is not used again."""
        connection = opened(session)
        assert rows(session, connection, "select ?, ?", [1, 2]) == [(1, 2)]
        database.module.functions["limit"].call(session, connection, sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1)
        with pytest.raises(BridgeError, match="too many SQL variables"):
            rows(session, connection, "select ?, ?", [1, 2])

    def test_an_error_of_a_right_statement_is_told_as_it_is(self, session: Session) -> None:
        """A constraint, for example; and the statement can be executed again."""
        connection = opened(session)
        database.run(session, connection, "create table t (a unique)")
        for _ in range(2):
            rows(session, connection, "delete from t")
            rows(session, connection, "insert into t values (1)")
            with pytest.raises(BridgeError, match="UNIQUE constraint failed") as caught:
                rows(session, connection, "insert into t values (1)")
            assert caught.value.details == {"exception": "IntegrityError", "code": 19}

    def test_columns_are_those_of_now(self, session: Session) -> None:
        """A table that has been changed since the last execution has others."""
        connection = opened(session)
        database.run(session, connection, "create table t (a)")
        database.run(session, connection, "insert into t values (1)")
        statement = database.prepare(session, connection, "select * from t")["statement"]
        assert database.execute(session, statement)["columns"] == ["a"]
        database.run(session, connection, "alter table t add column b default 2")
        outcome = database.execute(session, statement)
        assert (outcome["columns"], outcome["rows"]) == (["a", "b"], [(1, 2)])
        database.run(session, connection, "alter table t rename column b to c")
        assert database.execute(session, statement)["columns"] == ["a", "c"]

    @pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 40])
    @pytest.mark.parametrize("wanted", [1, 2, 15, 16, 17, 100])
    def test_few_rows(self, session: Session, count: int, wanted: int) -> None:
        """Whether there are more is known, where they are fewer than were wanted; and no row comes twice."""
        connection = opened(session)
        statement = database.prepare(
            session,
            connection,
            "with recursive n(i) as (values(1) union all select i + 1 from n where i < 40) select i from n limit ?",
        )["statement"]
        outcome = database.execute(session, statement, [count], [], wanted)
        found = list(outcome["rows"])
        assert len(found) == min(count, wanted)
        assert outcome["more"] or len(found) == count
        assert not (outcome["more"] and count < wanted)
        while outcome["more"]:
            outcome = database.fetch(session, statement, 7)
            found += outcome["rows"]
        assert found == [(number,) for number in range(1, count + 1)]

    def test_tuples_by_column(self, session: Session) -> None:
        """Texts come as bytes, all else in lists; each tuple has its outcome, and one that fails stops no other."""
        connection = opened(session)
        database.run(session, connection, "create table t (a integer primary key, b, c)")
        number = database.prepare(session, connection, "insert into t values (?, ?, ?)")["statement"]
        texts = "one\0\0é".encode()
        said = database.execute_columns(session, number, 3, [[1, 2, 3], texts, [b"\xff", 1.5, None]], {"1": [1]})
        assert said == {"each": 1, "errors": [], "in_transaction": False}
        assert rows(session, connection, "select * from t") == [(1, "one", b"\xff"), (2, None, 1.5), (3, "é", None)]
        said = database.execute_columns(session, number, 3, [[4, 1, 5], [b"\xe9", "x", "y"], b"\0\0"], {}, {"1": [0]})
        assert said["counts"] == [1, 0, 1]
        assert [(error["at"], error["code"]) for error in said["errors"]] == [(1, 19)]
        assert rows(session, connection, "select a, typeof(b), c from t where a > 3") == [
            (4, "text", ""),
            (5, "text", ""),
        ]
        number = database.prepare(session, connection, "update t set c = ? where a > ? returning a")["statement"]
        assert database.execute_columns(session, number, 2, [b"x\0y", [0, 4]])["errors"] == []
        assert rows(session, connection, "select c from t where a > 3") == [("x",), ("y",)]
        number = database.prepare(session, connection, "insert into t default values")["statement"]
        assert database.execute_columns(session, number, 2, [])["each"] == 1
        assert rows(session, connection, "select count(*) from t") == [(7,)]

    @pytest.mark.parametrize(
        ("columns", "nulls", "words"),
        [
            (["text", b"a\0b"], {}, "columns\\[0\\] is a list or bytes, not of type str"),
            ([[1, 2], b"a"], {}, "columns\\[1\\] has 1 values, not 2"),
            ([[1, 2, 3], b"a\0b"], {}, "columns\\[0\\] has 3 values, not 2"),
            ([[1, 2], b"\xff\0b"], {}, "columns\\[1\\] is not UTF-8"),
            ([[1, 2], b"a\0b"], {"2": [0]}, "there is no column '2'"),
            ([[1, 2], b"a\0b"], {"x": [0]}, "there is no column 'x'"),
            ([[1, 2], b"a\0b"], {"1": [2]}, "there is no tuple 2"),
        ],
    )
    def test_columns_that_do_not_fit(
        self, session: Session, columns: list[Any], nulls: dict[str, list[int]], words: str
    ) -> None:
        """Nothing is executed then."""
        connection = opened(session)
        database.run(session, connection, "create table t (a, b)")
        number = database.prepare(session, connection, "insert into t values (?, ?)")["statement"]
        with pytest.raises(BridgeError, match=words) as caught:
            database.execute_columns(session, number, 2, columns, nulls)
        assert caught.value.error_type is ErrorType.BAD_PARAMS
        assert rows(session, connection, "select * from t") == []

    def test_a_transaction_that_a_tuple_has_ended_is_begun_again(self, session: Session, tmp_path: Path) -> None:
        """What follows the tuple that had everything rolled back is in a transaction, too."""
        connection = opened(session, str(tmp_path / "db"))
        database.run(session, connection, "create table t (a unique on conflict rollback)")
        database.set_(session, connection, {"autocommit": False})
        number = database.prepare(session, connection, "insert into t values (?)")["statement"]
        said = database.execute_columns(session, number, 4, [b"1\0001\0002\0003"])
        assert (said["counts"], said["in_transaction"]) == ([1, 0, 1, 1], True)
        database.commit(session, connection)
        assert rows(session, connection, "select a from t") == [("2",), ("3",)]

    def test_a_statement_can_be_executed_again(self, session: Session) -> None:
        """With other values; what is left of the rows before is gone."""
        connection = opened(session)
        prepared = database.prepare(session, connection, "select :a || ?; select 2")
        assert (prepared["parameters"], prepared["rest"]) == ([":a", "2"], " select 2")
        for word in ("x", "y"):
            assert database.execute(session, prepared["statement"], [word, "z"])["rows"] == [(f"{word}z",)]

    def test_more_rows_may_be_asked_for_ahead_where_no_sub_is_called(self, session: Session) -> None:
        """Not where SQL may call one while they are fetched: it would wait for a caller that does something else."""
        connection = opened(session)
        source = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 50) select i from n"

        def said(sql: str) -> list[bool]:
            answers = [database.run(session, connection, sql, [], [], count) for count in (10, 100)]
            return ["ahead" in answer for answer in answers]

        assert said(source) == [True, False]
        assert said(f"{source} where i regexp '.'") == [False, False]
        connection_object = database._connection(session, connection)
        assert isinstance(connection_object, SQLite)
        assert connection_object.subs is not None
        connection_object.subs.function("mine", 1, lambda value: value, 0)
        assert said(source) == [False, False]

    def test_tuples_fail_one_by_one(self, session: Session) -> None:
        """Each has its outcome, in order."""
        connection = opened(session)
        database.run(session, connection, "create table t (a integer primary key)")
        number = database.prepare(session, connection, "insert into t values (?)")["statement"]
        outcomes = database.execute_many(session, number, [[1], [1], [2]])["outcomes"]
        assert [outcome.get("code") for outcome in outcomes] == [None, 19, None]
        assert rows(session, connection, "select count(*) from t") == [(2,)]

    def test_columns_are_known_before_the_execution(self, session: Session) -> None:
        """For what selects."""
        number = database.prepare(session, opened(session), "select 1 as one, ? as two")["statement"]
        assert database.describe(session, number)["columns"] == ["one", "two"]

    def test_a_released_statement_is_gone(self, session: Session) -> None:
        """And the sentence says so."""
        number = database.prepare(session, opened(session), "select 1")["statement"]
        assert database.release(session, [number, 999]) == 1
        with pytest.raises(BridgeError, match=f"no statement {number} here"):
            database.execute(session, number)


class TestTransactions:
    def test_what_is_not_committed_goes_with_the_caller(self, tmp_path: Path) -> None:
        """The end of the connection to the daemon rolls back and lets go of the file."""
        name = str(tmp_path / "file.db")
        first = Session(Peer(1, os.geteuid(), 0))
        connection = opened(first, name)
        database.run(first, connection, "create table t (a)")
        database.set_(first, connection, {"autocommit": False})
        assert database.run(first, connection, "insert into t values (1)")["in_transaction"]
        assert first.close() == []
        second = Session(Peer(2, os.geteuid(), 0))
        again = opened(second, name)
        assert rows(second, again, "select * from t") == []
        database.run(second, again, "insert into t values (2)")
        second.close()

    def test_commit_keeps(self, session: Session, tmp_path: Path) -> None:
        """And turning autocommit on commits, too."""
        name = str(tmp_path / "file.db")
        connection = opened(session, name, autocommit=False)
        database.run(session, connection, "create table t (a)")
        database.commit(session, connection)
        database.run(session, connection, "insert into t values (1)")
        assert not database.set_(session, connection, {"autocommit": True})["in_transaction"]
        assert rows(session, opened(session, name), "select * from t") == [(1,)]


class TestLimits:
    def test_a_statement_that_runs_too_long_is_interrupted(self) -> None:
        """By the clock that it was given, and with words that say so."""
        ticks = iter(range(10**9))
        opened = SQLite(":memory:", Rules(trusted=True), seconds=5, clock=lambda: float(next(ticks)))
        endless = "with recursive n(i) as (values(1) union all select i + 1 from n) select count(*) from n"
        with opened.using(), pytest.raises(BridgeError, match="longer than 5 s") as caught:
            opened.prepare(endless).execute([], [], 1)
        assert caught.value.details["code"] == 9
        opened.close()

    def test_a_caller_that_goes_interrupts_what_runs(self) -> None:
        """The reactor does not wait for it; the thread that runs it closes the database."""
        opened = SQLite(":memory:", Rules(trusted=True))
        started = threading.Event()
        opened.raw.create_function("started", 0, started.set)
        failed: list[BridgeError] = []

        def run() -> None:
            endless = "with recursive n(i) as (values(1) union all select i + 1 from n) select count(*) from n"
            try:
                with opened.using():
                    opened.prepare(f"select started(), ({endless})").execute([], [], 1)
            except BridgeError as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        assert started.wait(10)
        opened.abandon()
        thread.join(10)
        assert opened.closed
        assert "interrupted" in failed[0].message

    def test_open_databases_are_counted(self, session: Session) -> None:
        """One caller cannot have any number."""
        database.configure({"max_connections": 2})
        first = opened(session)
        opened(session)
        with pytest.raises(BridgeError, match="2 databases open"):
            opened(session)
        database.disconnect(session, first)
        opened(session)

    def test_options_are_checked(self) -> None:
        """All of them have names."""
        with pytest.raises(ValueError, match="folder"):
            database.configure({"folder": "/"})


class TestOtherUsers:
    @pytest.fixture
    def stranger(self) -> Iterator[Session]:
        made = Session(STRANGER)
        yield made
        made.close()

    def test_memory_is_free(self, stranger: Session) -> None:
        """Nothing of the daemon's is in reach there."""
        connection = opened(stranger)
        assert rows(stranger, connection, "select 1") == [(1,)]
        database.run(stranger, connection, "attach ':memory:' as more")
        opened(stranger, "file:shared?mode=memory&cache=shared")

    def test_options_that_let_code_in_are_closed(self, stranger: Session) -> None:
        """They can be asked for; harmless ones can be set."""
        connection = opened(stranger)
        configure = database.module.functions["connection_config"].call
        assert configure(stranger, connection, 1002, 1) == 1
        assert configure(stranger, connection, 1004, -1) in {0, 1}
        with pytest.raises(BridgeError, match="cannot be set") as caught:
            configure(stranger, connection, 1004, 1)
        assert caught.value.error_type is ErrorType.FORBIDDEN

    @pytest.mark.parametrize(
        "sql",
        [
            "attach '{file}' as more",
            "attach 'file:{file}' as more",
            "vacuum into '{file}'",
            "select load_extension('{file}')",
            "select fts3_tokenizer('simple', x'00')",
            "pragma temp_store_directory = '{folder}'",
        ],
    )
    def test_no_statement_reaches_a_file(self, stranger: Session, tmp_path: Path, sql: str) -> None:
        """Neither by another name, nor by a copy."""
        connection = opened(stranger)
        file = tmp_path / "file.db"
        with pytest.raises(BridgeError) as caught:
            rows(stranger, connection, sql.format(file=file, folder=tmp_path))
        assert caught.value.error_type in {ErrorType.FORBIDDEN, ErrorType.FUNCTION_ERROR}
        assert not file.exists()

    @pytest.mark.parametrize("form", ["{file}", "file:{file}", "file://localhost{file}", "file:{file}?vfs=unix"])
    def test_no_file_can_be_opened(self, stranger: Session, tmp_path: Path, form: str) -> None:
        """However it is spelt."""
        with pytest.raises(BridgeError, match="does not open") as caught:
            opened(stranger, form.format(file=tmp_path / "file.db"))
        assert caught.value.error_type is ErrorType.FORBIDDEN

    def test_a_backup_is_no_way_around(self, stranger: Session, tmp_path: Path) -> None:
        """It opens a file like everything else."""
        with pytest.raises(BridgeError, match="does not open"):
            database.module.functions["backup"].call(stranger, opened(stranger), "to", file=str(tmp_path / "x"))

    def test_folders_can_be_opened_up(self, tmp_path: Path) -> None:
        """Files below them, but not through a link that leads out."""
        inside, outside = tmp_path / "inside", tmp_path / "outside"
        inside.mkdir()
        outside.mkdir()
        (inside / "link.db").symlink_to(outside / "file.db")
        rules = Rules.of(STRANGER, Options(folders=[str(inside)]))
        rules.check_file(str(inside / "file.db"))
        for path in (outside / "file.db", inside / "link.db", inside / ".." / "outside" / "file.db"):
            with pytest.raises(BridgeError, match="does not open"):
                rules.check_file(str(path))

    def test_servers_can_be_named(self) -> None:
        """By host, or host and port; the local one is called local."""
        rules = Rules.of(STRANGER, Options(servers=["db", "other:5433", "local"]))
        for host, port in (("db", "5432"), ("other", "5433"), ("", "5432")):
            rules.check_server(host, port)
        with pytest.raises(BridgeError, match="does not connect to other"):
            rules.check_server("other", "5432")

    def test_root_and_the_daemon_s_own_user_may_anything(self) -> None:
        """They could without the daemon."""
        assert Rules.of(Peer(1, os.geteuid(), 0), Options()).trusted
        assert Rules.of(Peer(1, 0, 0), Options()).trusted


def test_a_relative_name_is_refused(session: Session) -> None:
    """It would be looked for where the daemon was started."""
    with pytest.raises(BridgeError, match="whole path"):
        opened(session, "file.db")


def test_regexp_takes_perl_s_patterns(session: Session) -> None:
    """Also those that qr// has made a string of."""
    connection = opened(session)
    assert rows(session, connection, "select 'ABC' regexp '(?^i:b)', 'abc' regexp '^b', null regexp 'x'") == [
        (1, 0, None)
    ]


def test_a_backup_copies_all(session: Session, tmp_path: Path) -> None:
    """To a file and from there."""
    backup = database.module.functions["backup"].call
    first, second = opened(session), opened(session)
    database.run(session, first, "create table t as select 1 as a")
    backup(session, first, "to", file=str(tmp_path / "copy.db"))
    backup(session, second, "from", file=str(tmp_path / "copy.db"))
    assert rows(session, second, "select a from t") == [(1,)]
