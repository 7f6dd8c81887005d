"""Tokenizers of SQLite's full-text search that are the caller's: what it is asked, and which answers are refused."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from bridge.api import BridgeError, CallbackError, Peer, Session
from bridge.modules import _database_sqlite_tokenizers as tokenizers_of
from bridge.modules import database

use_subs = database.module.functions["use_subs"].call


class Words:
    """A caller with a tokenizer that splits texts into words; does what a test puts in its way."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.left: dict[int, list[Any]] = {}
        self.instead: dict[str, Callable[..., object]] = {}

    def __call__(self, what: str, number: int, *arguments: Any) -> object:
        """Answer as a program does."""
        self.asked.append((what, number, *arguments))
        if what in self.instead:
            return self.instead[what](number, *arguments)
        return [getattr(self, f"do_{what}", lambda *_: None)(number, *arguments)]

    def do_open(self, _: int, text_number: int, text: str | bytes, most: int) -> object:
        data = text if isinstance(text, bytes) else text.encode()
        self.left[text_number] = [
            value
            for position, word in enumerate(re.finditer(rb"[^ *]+", data))
            for value in (word[0].lower(), *word.span(), position)
        ]
        return self.do_more(text_number, most)

    def do_more(self, number: int, most: int) -> object:
        given, self.left[number] = self.left[number][: 4 * most], self.left[number][4 * most :]
        return [given, len(given) < 4 * most]


@pytest.fixture
def caller() -> Words:
    """Return a caller with a tokenizer."""
    return Words()


@pytest.fixture
def connection(session: Session, caller: Words) -> int:
    """Return a connection to a database in memory that has a table with it."""
    number = database.connect(session, "sqlite", ":memory:")["connection"]
    use_subs(session, number, bool, bool, bool, caller)
    database.run(session, number, "CREATE VIRTUAL TABLE t USING fts4(a, tokenize=perl 'main::words' more)")
    assert isinstance(number, int)
    return number


Run = Callable[..., list[Any]]


@pytest.fixture
def run(session: Session, connection: int) -> Run:
    """Return what executes a statement and returns its rows."""
    return lambda sql, *values: list(database.run(session, connection, sql, list(values))["rows"])


class TestTokens:
    def test_words_are_found_where_the_caller_says_they_are(self, run: Run, caller: Words) -> None:
        """Places count bytes; the caller hears the words behind the tokenizer's name."""
        assert caller.asked[0][0] == "create"
        assert caller.asked[0][2] == ["main::words", "more"]
        run("INSERT INTO t VALUES (?)", "Était une Bergère")
        assert run("SELECT offsets(t), snippet(t) FROM t WHERE t MATCH 'UNE'") == [
            ("0 0 7 3", "Était <b>une</b> Bergère"),
        ]
        assert run("SELECT count(*) FROM t WHERE t MATCH '\"une bergère\"'") == [(1,)]
        assert run("SELECT count(*) FROM t WHERE t MATCH 'berg*'") == [(1,)]

    def test_tokens_of_a_long_text_come_in_bunches(self, run: Run, caller: Words) -> None:
        """More and more of them; what SQLite does not want any more, the caller is told."""
        run("INSERT INTO t VALUES (?)", "word " * 25_000)
        most = [entry[-1] for entry in caller.asked if entry[0] in {"open", "more"}]
        assert most == [100, 1000, 10_000, 10_000, 10_000]
        assert "close" not in {entry[0] for entry in caller.asked}
        run("CREATE VIRTUAL TABLE pieces USING fts3tokenize(perl, 'main::words')")
        assert run("SELECT token, position FROM pieces WHERE input = ? LIMIT 1", "Any " * 500) == [("any", 0)]
        assert caller.asked[-1][0] == "close"

    def test_texts_that_are_no_utf8_come_as_bytes(self, run: Run, caller: Words) -> None:
        """And terms may be such bytes."""
        run("INSERT INTO t VALUES (CAST(? AS TEXT))", b"caf\xe9 noir")
        assert caller.asked[-1][3] == b"caf\xe9 noir"
        assert run("SELECT offsets(t) FROM t WHERE t MATCH CAST(? AS TEXT)", b"caf\xe9") == [("0 0 0 4",)]


class TestRefusals:
    @pytest.mark.parametrize(
        "tokens",
        [
            ["a", -1, 1, 0], ["a", 0, 99, 0], ["a", 2, 1, 0], ["a", 0, 0, 0], ["a", 0, None, 0], ["a", 0, "1", 0],
            ["a", 0.0, 1, 0], ["a", True, 2, 0], ["a", 0, 1, -1], ["a", 0, 1, 2**31], ["a", 0, 1, 5, "b", 2, 3, 4],
            ["", 0, 1, 0],
        ],
    )  # fmt: skip
    def test_tokens_that_are_none_of_the_text(self, run: Run, caller: Words, tokens: list[object]) -> None:
        """SQLite itself would look behind the text's end, or go in circles."""
        caller.instead["open"] = lambda *_: [[tokens, 1]]
        for sql in ("INSERT INTO t VALUES ('some words')", "SELECT * FROM t WHERE t MATCH 'some words'"):
            with pytest.raises(BridgeError, match="the tokenizer"):
                run(sql)

    @pytest.mark.parametrize("answer", [None, 3, [], [None], [[1, 2]], [[[], 0]], {"other": 1}])
    def test_an_answer_that_is_none(self, run: Run, caller: Words, answer: object) -> None:
        """It is an error, in words."""
        caller.instead["open"] = lambda *_: answer
        with pytest.raises(BridgeError, match=r"None|no (?:tokens|answer)"):
            run("INSERT INTO t VALUES ('some words')")

    def test_what_the_caller_dies_of_is_the_error(self, run: Run, caller: Words) -> None:
        """For a text, in its middle, and when a table is made."""
        caller.instead["more"] = lambda *_: {"died": "in the middle\n"}
        with pytest.raises(BridgeError, match="in the middle"):
            run("INSERT INTO t VALUES (?)", "a " * 101)
        caller.instead["open"] = lambda *_: {"died": "no text\n"}
        with pytest.raises(BridgeError, match="no text"):
            run("SELECT * FROM t WHERE t MATCH 'x'")
        caller.instead["create"] = lambda *_: {"died": "no such sub\n"}
        with pytest.raises(BridgeError, match="no such sub"):
            run("CREATE VIRTUAL TABLE u USING fts4(a, tokenize=perl 'x')")


class TestEnds:
    def test_a_closed_connection_leaves_nothing_behind(self, session: Session, connection: int, caller: Words) -> None:
        """What SQLite calls late finds nothing, or what is still there for it."""
        known = len(tokenizers_of._tokenizers)
        database.disconnect(session, connection)
        gc.collect()
        assert len(tokenizers_of._tokenizers) == known - 1
        assert "destroy" not in {entry[0] for entry in caller.asked}

    def test_a_dropped_table_lets_go_of_its_tokenizer(self, run: Run, caller: Words) -> None:
        """The caller hears of it."""
        run("DROP TABLE t")
        assert caller.asked[-1][0] == "destroy"

    def test_a_caller_that_has_gone(self, run: Run, caller: Words) -> None:
        """In the middle of a text."""

        def gone(*_: object) -> object:
            raise CallbackError("The client has gone.")

        caller.instead["more"] = gone
        with pytest.raises(BridgeError, match="The client has gone"):
            run("INSERT INTO t VALUES (?)", "a " * 101)

    def test_a_caller_s_sql_may_not_register_tokenizers(self) -> None:
        """Of another user's, whose tokenizer is registered all the same."""
        session = Session(Peer(pid=1, uid=os.geteuid() + 1, gid=1))
        number = database.connect(session, "sqlite", ":memory:")["connection"]
        use_subs(session, number, bool, bool, bool, Words())
        database.run(session, number, "CREATE VIRTUAL TABLE t USING fts4(a, tokenize=perl 'x')")
        with pytest.raises(BridgeError, match="fts3_tokenizer is not allowed"):
            database.run(session, number, "SELECT fts3_tokenizer('other', ?)", [b"12345678"])
        assert session.close() == []
