"""Virtual tables of SQLite's whose class is the caller's: what SQLite asks of it, and what it makes of the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bridge.api import BridgeError, CallbackError, Session
from bridge.modules import _database_sqlite_tables as tables_of
from bridge.modules import database
from bridge.modules._database_sqlite_library import Library

create_module = database.module.functions["create_module"].call


class Numbers:
    """A caller whose tables have the rows 1, 2, 3, ... with their squares; does what a test puts in its way."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.at: dict[int, int] = {}
        self.last = 3
        self.has: list[str] = []
        self.columns_ahead = 0
        self.declaration: object = "CREATE TABLE x(n INTEGER, square, hidden HIDDEN)"
        self.plan: list[object] = [0, None, 0, None, None]
        self.instead: dict[str, Callable[..., object]] = {}

    def __call__(self, what: str, number: int, *arguments: Any) -> object:
        """Answer as a program does."""
        self.asked.append((what, number, *arguments))
        if what in self.instead:
            return self.instead[what](number, *arguments)
        answer = getattr(self, f"do_{what}", lambda *_: None)(number, *arguments)
        return [answer]

    def said(self) -> list[str]:
        """Return what was asked, word by word."""
        return [str(entry[0]) for entry in self.asked]

    def do_create(self, *_: object) -> object:
        return [self.declaration, self.has]

    do_connect = do_create

    def do_best_index(self, _: int, constraints: list[Any], *__: object) -> object:
        return [*self.plan, [None] * len(constraints)]

    def do_open(self, _: int, cursor: int) -> object:
        self.at[cursor] = 0
        return self.columns_ahead

    def do_filter(self, cursor: int, _: int, __: object, ___: object, wanted: list[int], most: int) -> object:
        self.at[cursor] = 0
        return self.do_next(cursor, wanted, most)

    def do_next(self, cursor: int, wanted: list[int], most: int) -> object:
        rows: list[object] = []
        while len(rows) < most and self.at[cursor] < self.last:
            self.at[cursor] += 1
            rows.append([self.do_column(cursor, column) for column in wanted])
        return [rows, self.at[cursor] >= self.last and len(rows) < most]

    def do_column(self, cursor: int, column: int) -> object:
        number = self.at[cursor]
        return number + 100 if column < 0 else number**2 if column == 1 else number

    def do_rowid(self, cursor: int) -> object:
        return self.at[cursor] + 100

    def do_update(self, _: int, values: list[object]) -> object:
        return 77


@pytest.fixture
def caller() -> Numbers:
    """Return a caller with a class for tables."""
    return Numbers()


@pytest.fixture
def connection(session: Session, caller: Numbers) -> int:
    """Return a connection to a database in memory that has a table of numbers."""
    number = database.connect(session, "sqlite", ":memory:")["connection"]
    create_module(session, number, "numbers", 5, caller)
    database.run(session, number, "CREATE VIRTUAL TABLE t USING numbers(a, b=c)")
    assert isinstance(number, int)
    return number


@pytest.fixture
def run(session: Session, connection: int) -> Callable[..., list[Any]]:
    """Return what executes a statement and returns its rows."""
    return lambda sql, *values: list(database.run(session, connection, sql, list(values))["rows"])


Run = Callable[..., list[Any]]


class TestRows:
    def test_a_table_is_made_as_the_caller_declares_it(self, run: Run, caller: Numbers) -> None:
        """The caller hears its module's number, names, and the arguments as they were written."""
        assert caller.asked[0][0] == "create"
        assert caller.asked[0][2:] == (5, "numbers", "main", "t", ["a", "b=c"])
        assert [row[1] for row in run("PRAGMA table_info(t)")] == ["n", "square"]

    def test_values_come_when_they_are_asked_for(self, run: Run, caller: Numbers) -> None:
        """And with the next row at once what was asked for in the one before; nothing else ever."""
        assert run("SELECT square, rowid FROM t WHERE n > 1") == [(4, 102), (9, 103)]
        wanted = [entry[-2] for entry in caller.asked if entry[0] in {"filter", "next"}]
        assert wanted == [[], [0], [-1, 0, 1], [-1, 0, 1]]
        assert "hidden" not in str(caller.asked[-1])

    def test_rows_come_many_at_once_where_the_class_allows_it(self, run: Run, caller: Numbers) -> None:
        """Few at first, then more and more."""
        caller.columns_ahead, caller.last = 3, 5000
        assert run("SELECT sum(n), sum(square), count(*) FROM t") == [
            (5000 * 5001 // 2, 5000 * 5001 * 10001 // 6, 5000)
        ]
        most = [entry[-1] for entry in caller.asked if entry[0] in {"filter", "next"}]
        assert most == [16, 64, 256, 1024, 1024, 1024, 1024, 1024]

    def test_a_column_that_died_ahead_of_time_dies_when_it_is_asked_for(self, run: Run, caller: Numbers) -> None:
        """A value that SQLite does not look at does no harm."""
        caller.instead["column"] = lambda cursor, column: (
            {"died": "no square\n"} if column == 1 and caller.at[cursor] > 1 else [1]
        )

        def step(cursor: int, wanted: list[int], most: int) -> object:
            caller.at[cursor] += 1
            more = caller.at[cursor] <= 2
            return [[[[{} if column == 1 else 9 for column in wanted]] if more else [], not more]]

        caller.instead["next"] = step
        assert run("SELECT CASE WHEN n < 9 THEN square END FROM t") == [(1,), (None,)]
        with pytest.raises(BridgeError, match=r"\Ano square\Z"):
            run("SELECT square FROM t")

    @pytest.mark.parametrize("answer", [None, 3, [], [[1, 2]], {"other": 1}, [[[1], 0]], [["x", 0]]])
    def test_an_answer_that_is_none_is_an_error(self, run: Run, caller: Numbers, answer: object) -> None:
        """Whatever a caller says, SQLite is told in words, and the daemon lives."""
        caller.instead["next"] = lambda *_: answer
        with pytest.raises(BridgeError):
            run("SELECT n FROM t")

    @pytest.mark.parametrize("rowid", [2**63, 1e300, "no number", float("nan")])
    def test_a_row_s_number_has_64_bits(self, run: Run, caller: Numbers, rowid: object) -> None:
        """Another one is no silent zero."""
        caller.instead["rowid"] = lambda _: [rowid]
        with pytest.raises(BridgeError, match="what ROWID returned"):
            run("SELECT rowid FROM t")


class TestPlans:
    def test_the_class_hears_of_conditions_and_order(self, run: Run, caller: Numbers) -> None:
        """With the operators' names, and how text is compared; LIMIT is SQLite's own business."""
        run("SELECT n FROM t WHERE n = 3 AND square > 'x' COLLATE NOCASE ORDER BY n DESC LIMIT 1")
        asked = next(entry for entry in caller.asked if entry[0] == "best_index")
        assert asked[2:] == ([[0, "=", 1], [1, ">", 1]], [[0, 1]], ["BINARY", "NOCASE"])

    def test_values_of_conditions_come_with_the_search(self, run: Run, caller: Numbers) -> None:
        """In the places that the class has given them, with its own words."""
        caller.instead["best_index"] = lambda _, constraints, *__: [
            [7, "plan ü", 0, 1.0, 1, [[len(constraints) - 1 - n, 1] for n in range(len(constraints))]]
        ]
        assert len(run("SELECT n FROM t WHERE n = ? AND square = ?", 1, b"\xff")) == 3
        asked = next(entry for entry in caller.asked if entry[0] == "filter")
        assert asked[2:5] == (7, "plan ü", [b"\xff", 1])

    @pytest.mark.parametrize("place", [3, 2**31, 2**40, -(2**31) - 1])
    def test_places_that_make_no_sense_are_refused_by_sqlite(self, run: Run, caller: Numbers, place: int) -> None:
        """Not looked at as memory."""
        caller.instead["best_index"] = lambda _, constraints, *__: [[0, None, 0, 1.0, 1, [[place, 0]] * 2]]
        with pytest.raises(BridgeError, match="malfunction"):
            run("SELECT n FROM t WHERE n = 1 AND square = 2")


class TestChanges:
    def test_a_change_and_its_transaction_are_told(self, run: Run, caller: Numbers) -> None:
        """Of transactions only what the class cares for when the table is made."""
        run("INSERT INTO t(n) VALUES (4)")
        assert caller.asked[-1][0] == "update"
        assert caller.asked[-1][2] == [None, None, 4, None, None]
        caller.has = ["begin", "commit", "rollback_to", "savepoint", "release"]
        run("CREATE VIRTUAL TABLE u USING numbers")
        caller.asked.clear()
        for sql in ("BEGIN", "DELETE FROM u WHERE n = 2", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s", "COMMIT"):
            run(sql)
        told = [word for word in caller.said() if word in {*caller.has, "update"}]
        assert (told[0], told[-1]) == ("begin", "commit")
        assert told.index("update") < told.index("rollback_to")  # before which SQLite has savepoints of its own
        assert "sync" not in caller.said()
        assert next(entry for entry in caller.asked if entry[0] == "update")[2] == [102]

    def test_a_table_that_cannot_be_dropped_stays(self, run: Run, caller: Numbers) -> None:
        """And the error is what the class died of."""
        caller.instead["drop"] = lambda _: {"died": "not me"}
        with pytest.raises(BridgeError, match="not me"):
            run("DROP TABLE t")
        del caller.instead["drop"]
        assert len(run("SELECT n FROM t")) == 3
        run("DROP TABLE t")
        with pytest.raises(BridgeError, match="no such table"):
            run("SELECT n FROM t")

    @pytest.mark.parametrize(
        ("declaration", "message"), [("CREATE TABLE", "VTAB_TO_DECLARE"), ("x", "syntax"), (b"\xff\x00", "VTAB")]
    )
    def test_a_declaration_that_is_none(self, run: Run, caller: Numbers, declaration: object, message: str) -> None:
        """The caller hears that there is no table, and the statement's error says why."""
        caller.declaration = declaration
        with pytest.raises(BridgeError, match=message):
            run("CREATE VIRTUAL TABLE u USING numbers")
        assert "forget" in caller.said()


class TestFunctions:
    def test_a_table_may_have_functions_of_its_own(self, run: Run, caller: Numbers) -> None:
        """It is asked once for each; what it dies of is the statement's error."""
        caller.has = ["find"]
        run("CREATE VIRTUAL TABLE u USING numbers")
        caller.instead["find"] = lambda _, count, name: [name == "abs"] if name != "trim" else {"died": "no trim"}
        caller.instead["call"] = lambda _, count, name, values: [[b"bytes"] if values == [2] else "mine"]
        for _ in range(2):
            assert run("SELECT abs(n), upper(n) FROM u LIMIT 2") == [("mine", "1"), (b"bytes", "2")]
        assert caller.said().count("find") == 2
        with pytest.raises(BridgeError, match="no trim"):
            run("SELECT trim(n) FROM u")
        run("DROP TABLE u")
        assert not [entry for entry in tables_of.functions.values() if entry.name == "abs"]


class TestEnds:
    def test_a_closed_connection_leaves_nothing_behind(
        self, session: Session, connection: int, caller: Numbers
    ) -> None:
        """Nobody is asked any more; the caller knows without."""
        known = len(tables_of.tables), len(tables_of.modules), len(tables_of.cursors)
        caller.last = 500
        database.run(session, connection, "SELECT n FROM t", rows=1)
        caller.asked.clear()
        database.disconnect(session, connection)
        assert "disconnect" not in caller.said()
        database.release(session, list(range(1, 9)))
        assert len(tables_of.tables) == known[0] - 1
        assert len(tables_of.modules) == known[1] - 1

    def test_who_cannot_be_told_hears_later(self, session: Session, connection: int, run: Run, caller: Numbers) -> None:
        """A statement may be let go of while the caller answers no questions."""

        def gone(*_: object) -> object:
            raise CallbackError("nobody waits")

        caller.last = 500
        outcome = database.run(session, connection, "SELECT n FROM t", rows=1)
        caller.instead["close"] = gone
        database.release(session, [outcome["statement"]])
        del caller.instead["close"]
        caller.asked.clear()
        run("SELECT n FROM t LIMIT 1")
        assert caller.said()[0] == "close"

    def test_a_caller_that_has_gone_ends_the_statement(self, run: Run, caller: Numbers) -> None:
        """In its middle, with the words of what failed."""

        def gone(*_: object) -> object:
            raise CallbackError("The client has gone.")

        caller.instead["next"] = gone
        with pytest.raises(BridgeError, match="The client has gone"):
            run("SELECT n FROM t")

    def test_a_module_may_be_registered_again(self, session: Session, connection: int, run: Run) -> None:
        """New tables are the new one's; a table of the old one goes on with it."""
        other = Numbers()
        other.last = 1
        create_module(session, connection, "numbers", 6, other)
        run("CREATE VIRTUAL TABLE u USING numbers")
        assert len(run("SELECT n FROM u")) == 1
        assert len(run("SELECT n FROM t")) in {1, 3}

    def test_a_library_without_virtual_tables_is_named(
        self, session: Session, connection: int, caller: Numbers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Python can be built with one."""
        monkeypatch.setattr(Library, "has", lambda self, name: name != "create_module_v2")
        with pytest.raises(BridgeError, match="built without virtual tables"):
            create_module(session, connection, "others", 1, caller)


class TestThreads:
    def test_the_connection_may_be_used_while_the_class_is_asked(
        self, session: Session, connection: int, run: Run, caller: Numbers
    ) -> None:
        """From another thread, also where full-text search has a statement of its own within the caller's."""
        answers: list[object] = []

        def meanwhile(cursor: int, column: int) -> object:
            thread = threading.Thread(target=lambda: answers.append(run("SELECT 40 + 2")[0][0]))
            thread.start()
            thread.join(20)
            return ["some words"]

        run('CREATE VIRTUAL TABLE search USING fts4(content="t", square)')
        caller.instead["column"] = meanwhile
        run("INSERT INTO search(search) VALUES ('rebuild')")
        assert answers
        assert set(answers) == {42}
        assert run("SELECT count(*) FROM search WHERE search MATCH 'words'") == [(1,)]

    def test_a_statement_that_ends_in_another_thread_asks_nobody(
        self, session: Session, connection: int, run: Run, caller: Numbers
    ) -> None:
        """As one does that the collector of garbage finds; the caller hears later, and the connection can be closed."""
        used = session.data["database"].things[connection]
        caller.last = 500
        with used.using():
            cursor = used.raw.execute("SELECT n FROM t")
            assert cursor.fetchone() == (1,)
        caller.asked.clear()
        thread = threading.Thread(target=cursor.close)
        thread.start()
        thread.join(20)
        assert caller.said() == []
        assert len(run("SELECT n FROM t LIMIT 2")) == 2
        assert caller.said()[0] == "close"
        database.disconnect(session, connection)

    def test_a_statement_ends_while_another_thread_has_the_connection(
        self, session: Session, connection: int, run: Run, caller: Numbers
    ) -> None:
        """In the middle of a search, whose caller is not disturbed."""
        used = session.data["database"].things[connection]
        with used.using():
            other = used.raw.execute("SELECT n FROM t")
            other.fetchone()

        def meanwhile(cursor: int, column: int) -> object:
            thread = threading.Thread(target=other.close)
            thread.start()
            thread.join(20)
            return [caller.do_column(cursor, column)]

        caller.instead["column"] = meanwhile
        assert run("SELECT n FROM t") == [(1,), (2,), (3,)]
        database.disconnect(session, connection)
