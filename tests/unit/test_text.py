"""Foreign text on an operator's terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text import clip, printable

ACTS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("perl[12] report.pl", "perl[12] report.pl"),
        ("Grüße, 東京", "Grüße, 東京"),
        ("\x1b]0;x\x07[/x]", r"\x1b]0;x\x07[/x]"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\ud800", r"\ud800"),
        ("\x9b31m", r"\x9b31m"),
        ("no\u00a0break", r"no\xa0break"),
        ("e\u0301", "e\u0301"),
        ("Z\u0301\u0301\u0301\u0301", "Z\u0301\u0301\\u0301\\u0301"),
        ("", ""),
    ],
)
def test_spelled_out(text: str, shown: str) -> None:
    """What a terminal acts on is spelled out, what people read is left alone."""
    assert printable(text) == shown


@given(st.text(st.characters(), max_size=400), st.integers(1, 250))
def test_nothing_acts(text: str, longest: int) -> None:
    """Whatever comes in, nothing that comes out moves a cursor or hides, and it is never too long."""
    shown = printable(text, longest)
    assert len(shown) <= longest
    assert not {unicodedata.category(char) for char in shown} & ACTS
    shown.encode()  # half a surrogate pair would fail here


@given(st.text(max_size=300))
def test_twice_is_once(text: str) -> None:
    """Daemon and console both do it: the second time changes nothing."""
    assert printable(printable(text)) == printable(text)


def test_clip() -> None:
    """An ellipsis stands for the rest and counts as a character."""
    assert (clip("abcd", 4), clip("abcde", 4), clip("abc", 1)) == ("abcd", "abc…", "…")
