from __future__ import annotations

import pytest
from fake_daemon import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from bridge.adminwire import ConnectionRow, FunctionRow
from console.filter import FilterError, parse

ROW = ConnectionRow(
    id=7, pid=20021, uid=1001, user="alice", client="Perl[20021]", state="queued", function="report.daily",
    calls=42, rate=5.9, in_flight=4, age=849.0, idle=0.0,
)  # fmt: skip
FUNCTION = FunctionRow(name="report.daily", calls=508, errors=3, p50=0.0122, p95=0.0969, p99=0.33812)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "perl", "ALICE", "report", "uid=1001", "uid:100", "user=Alice", "state:queued", "state=queued",
        "!idle", "!state=busy", "!!perl", "calls>41", "calls<43", "infl=4", "in_flight>3", "rate>5.5", "rate=5.9",
        "age>5m",
        "age<1h", 'client="perl[20021]"', "'report.d'", "function:daily uid=1001 !bob", "name=report.daily",
    ],
)  # fmt: skip
def test_it_matches(text: str) -> None:
    assert parse(text).matches(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "bob",
        "!perl",
        "uid=1002",
        "uid=100",
        "user=ali",
        "state=idle",
        "calls>42",
        "age>1h",
        "perl bob",
        "p99>1",
        '"a b"',
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not parse(text).matches(ROW)


@pytest.mark.parametrize("text", ["p99=338", "p99>300", "p99<0.4s", "p50>12 p50<13", "errors=3", "name:daily", "daily"])
def test_times_of_functions_are_milliseconds(text: str) -> None:
    assert parse(text).matches(FUNCTION)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("uid=alice", 0, "user=alice"),
        ("perl stat:idle", 5, "state"),
        ("uid=", 0, "needs a value"),
        ("  !", 2, "nothing to look for"),
        ('perl "open', 5, "not closed"),
        ('"a"b', 3, "blank"),
        ("state>3", 0, "is a text"),
        ("calls>5m", 0, "is a number"),
        ("calls>1e999", 0, "is a number"),
        ("calls>nan", 0, "is a number"),
    ],
)
def test_an_error_says_what_and_where(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError, match=words) as caught:
        parse(text)
    assert caught.value.position == position


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_an_error(text: str) -> None:
    """Whatever is typed, half a word at a time: there is a filter that works, or a place that is wrong."""
    try:
        found = parse(text)
    except FilterError as wrong:
        position = wrong.position
    else:
        position = 0
        plain = not {'"', "'"} & set(text)
        assert not plain or found.matches(ROW) == all(parse(word).matches(ROW) for word in text.split())
    assert 0 <= position <= len(text)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip() and '"' not in name])
def test_a_hostile_name_is_found_in_quotes(name: str) -> None:
    assert parse(f'client="{name}"').matches(ConnectionRow(id=1, pid=1, uid=1, client=name))


def test_equal_texts_are_equal_filters() -> None:
    """The model keeps a table by its filter."""
    assert parse("uid=1 ") == parse("uid=1")
    assert hash(parse("a")) == hash(parse("a"))
    assert not parse(" ")
