"""Where placeholders are, and where statements end."""

from __future__ import annotations

import sqlite3

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.modules._database_sql import Dialect, first_word, parse, split

SQLITE = Dialect("sqlite")
POSTGRESQL = Dialect("postgresql")
ORACLE = Dialect("oracle")
MYSQL = Dialect("mysql", backslashes=True)

# Text in which nothing is a placeholder, whatever stands beside it.
QUIET = ["select", " a + b ", "'?'", "'it''s :x'", '"?"', "-- ?\n", "/* :x ? */", ",", "\n", "(", ")", "1.5", "'$1'"]


@pytest.mark.parametrize(
    ("sql", "names", "numbers"),
    [
        ("select 1", [], []),
        ("select ?, ?", ["1", "2"], [1, 2]),
        ("select ?2, ?1, ?", ["?1", "?2", "3"], [2, 1, 3]),
        ("select :a, @b, $c, :a", [":a", "@b", "$c"], [1, 2, 3, 1]),
        ("select '?', \"?\", `?`, [?] -- ?\n, ? /* ? */", ["1"], [1]),
        ("select 'unterminated ?", [], []),
        ("select ?3", ["1", "2", "?3"], [3]),
    ],
)
def test_sqlite_s_placeholders(sql: str, names: list[str], numbers: list[int]) -> None:
    """Equal names are one parameter, a number leaves a gap, and what is quoted is no placeholder."""
    parsed = parse(sql, SQLITE)
    assert (parsed.names, parsed.numbers) == (names, numbers)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select $1, $2, $1", ["$1", "$2"]),
        ("select a::int, b[1:2], c := :d", [":d"]),
        ("select e'\\' ?', ?", ["1"]),
        ("select $$ ? $$, $tag$ ? $$ ? $tag$, ?", ["1"]),
        ("select /* a /* ? */ ? */ ?", ["1"]),
        (r"select a \? b, ?", ["1"]),
        ("select col$1 from t where a = ?", ["1"]),
    ],
)
def test_postgresql_s_placeholders(sql: str, names: list[str]) -> None:
    """Casts, slices, dollar quotes, nested comments and escaped operators are none."""
    assert parse(sql, POSTGRESQL).names == names


@pytest.mark.parametrize(
    ("sql", "backslashes", "names", "numbers"),
    [
        ("select ?, ?", False, ["1", "2"], [1, 2]),
        ("select :a, :b, :a", False, [":a", ":b"], [1, 2, 1]),
        ("select :2, :1", False, [":1", ":2"], [2, 1]),
        ("select a::int, {ts '2024-01-02 10:30:00'}, x:y, ':a', \":a\" -- :a\n /* :a */", False, [], []),
        (r"select 'it\'s :a', :b", True, [":b"], [1]),
        (r"select '\', :b", False, [":b"], [1]),
    ],
)
def test_odbc_s_placeholders(sql: str, backslashes: bool, names: list[str], numbers: list[int]) -> None:
    """A number is the parameter's; whether a backslash hides a quote is the database's business."""
    parsed = parse(sql, Dialect("odbc", backslashes=backslashes))
    assert (parsed.names, parsed.numbers) == (names, numbers)


@pytest.mark.parametrize(
    ("sql", "names", "numbers"),
    [
        ("select ?, ? from dual", ["1", "2"], [1, 2]),
        ("select :a, :B, :A, :b from dual", [":a", ":B"], [1, 2, 1, 2]),
        ("insert into t values (:2, :1)", [":1", ":2"], [2, 1]),
        ("begin :out := :in * 2; end;", [":out", ":in"], [1, 2]),
        ("select q'[it's :x ?]', nq'!:y!', Q'{:z}', 'it''s :a', \":b\" from dual", [], []),
        ("select json_object('a':1, 'b' : ?, 'c' /* : */ :x) from dual", ["1"], [1]),
        ("select 'a' -- it's\n, :b from dual", [":b"], [1]),
        ("select q'[unterminated :x", [], []),
        ('select :"Mixed", :mixed from dual', [':"Mixed"', ":mixed"], [1, 2]),
    ],
)
def test_oracle_s_placeholders(sql: str, names: list[str], numbers: list[int]) -> None:
    """Names whatever their case, numbers, q-quotes, assignments, JSON's colons."""
    parsed = parse(sql, ORACLE)
    assert (parsed.names, parsed.numbers) == (names, numbers)


def test_a_kind_of_placeholder_can_be_turned_off() -> None:
    """The question mark is an operator in PostgreSQL, too."""
    parsed = parse("select a ? b, :c, $1", Dialect("postgresql", question_marks=False, colons=False))
    assert parsed.names == ["$1"]


def test_an_escaped_operator_loses_its_backslash() -> None:
    """What the server gets is its own operator."""
    assert parse(r"a \? ?", POSTGRESQL).render(lambda number: f"${number}") == "a ? $1"


def test_a_number_that_no_database_takes_is_refused() -> None:
    """A statement of a few bytes must not ask for a list of billions."""
    with pytest.raises(ValueError, match="1 to 65535"):
        parse("select ?4000000000", SQLITE)


@given(st.lists(st.sampled_from([*QUIET, "?"]), max_size=30))
def test_every_placeholder_is_found_and_nothing_else_changes(parts: list[str]) -> None:
    """The pieces and the placeholders are the text again, and there are as many as were put in."""
    sql = " ".join(parts)
    for dialect in (SQLITE, POSTGRESQL, ORACLE):
        parsed = parse(sql, dialect)
        assert parsed.count == parts.count("?")
        assert parsed.render(lambda _: "?") == sql


@given(st.text(alphabet="'\"`[]-/*;?:$a1 \n\\", max_size=40))
def test_any_text_is_taken_to_its_end(sql: str) -> None:
    """However broken a statement is: nothing of it is lost."""
    for dialect in (SQLITE, POSTGRESQL, ORACLE):
        parsed = parse(sql, dialect)
        if not any(sign in sql for sign in ("\\?", "\\:")):
            marks = iter(parsed.numbers)
            kept = sum(len(piece) for piece in parsed.pieces)
            assert kept <= len(sql)
            assert len(list(marks)) == len(parsed.pieces) - 1
        first, rest = split(sql, dialect, lambda _: True)
        assert sql in {first, f"{first};{rest}"}


@given(st.text(alphabet="'\"`[]-/*?:$@a1 \n", max_size=40))
def test_sqlite_counts_the_same_parameters(sql: str) -> None:
    """What is taken for a placeholder is what SQLite takes for one, as far as it understands the text at all."""
    statement = f"select 1 where 1 in ({sql})"
    raw = sqlite3.connect(":memory:")
    parsed = parse(statement, SQLITE)
    said = ""
    try:
        raw.execute(f"explain {parsed.render(lambda number: f'?{number}')}", [None] * parsed.count)
    except sqlite3.Error as error:  # mostly it is not understood
        said = str(error)
    finally:
        raw.close()
    assert "bindings" not in said


def test_a_trigger_s_body_is_one_statement() -> None:
    """Its semicolons do not end it."""
    trigger = "create trigger t after insert on a begin select 1; select 2; end"
    assert split(f"{trigger}; select 3", SQLITE, sqlite3.complete_statement) == (trigger, " select 3")


@pytest.mark.parametrize(
    ("sql", "word"),
    [("", ""), (" -- only\n /* comments */", ""), ("/* x */ Select 1", "SELECT"), (";", ""), ("(select 1)", "(")],
)
def test_the_first_word(sql: str, word: str) -> None:
    """Comments and space come before it."""
    assert first_word(sql, SQLITE) == word


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("select ?, '?', \"?\", `?`", 1),
        (r"select 'it\'s ?', ?", 1),
        ("select ? -- ?\n, ? # ?\n, /* ? */ ?", 3),
        ("select 1--?", 1),  # without a blank it is arithmetic
    ],
)
def test_mysql_s_placeholders(sql: str, count: int) -> None:
    """What is quoted or a comment is no placeholder."""
    assert parse(sql, MYSQL).count == count


def test_a_backslash_of_mysql_s_may_be_one() -> None:
    """With NO_BACKSLASH_ESCAPES a string ends after it."""
    sql = r"select 'a\', ?, 'b'"
    assert parse(sql, MYSQL).count == 0
    assert parse(sql, attrs.evolve(MYSQL, backslashes=False)).count == 1


def test_placeholders_in_comments_of_mysql_s_may_count() -> None:
    """And what is quoted in them is quoted."""
    sql = "select ? -- ?\n/* ? '?' */"
    assert parse(sql, attrs.evolve(MYSQL, comments=False)).count == 3
