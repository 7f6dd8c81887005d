"""Events that come again and again, in the log."""

from __future__ import annotations

from bridge.repetitions import MOST, Repetitions


def test_one_of_each_kind() -> None:
    """Each kind is told once in ten seconds, and with the next line how many were not."""
    told = Repetitions()
    assert [told.admit("a", 0), told.admit("a", 1), told.admit("b", 2), told.admit("b", 3)] == [0, None, 1, None]
    assert [told.admit("a", 9.9), told.admit("a", 10.1), told.admit("b", 11)] == [None, 2, None]
    assert [told.admit("b", 12.1), told.admit("a", 21)] == [1, 0]


def test_not_too_many_kinds() -> None:
    """Whoever makes up a kind for each event is told of for a while only, and so are those who do not."""
    told = Repetitions()
    assert [told.admit(number, 0) for number in range(MOST + 5)] == [0] * MOST + [None] * 5
    assert told.admit("another", 5) is None
    assert told.admit("another", 10) == 6
