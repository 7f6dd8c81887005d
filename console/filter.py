"""The filter line: ``uid=1001 state:queued !idle age>5m "a text"``.

Pure. Words are separated by blanks, and all of them must match. A word without a field is looked for in client,
function and user; ``=`` is the whole value, ``:`` a part of it, ``>`` and ``<`` compare numbers; ``!`` before a word
turns it round; quotes hold blanks together. Capital and small letters are the same.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable

__all__ = ["FIELDS", "Filter", "FilterError", "parse"]

_TEXTS = ("user", "client", "state", "function")
_NUMBERS = (
    "id", "pid", "uid", "calls", "rate", "age", "idle", "in_flight", "handles", "connections", "queued",
    "errors", "refused", "mean", "p50", "p95", "p99", "longest",
)  # fmt: skip
_MILLISECONDS = frozenset({"mean", "p50", "p95", "p99", "longest"})
_DURATIONS = frozenset({"age", "idle"})
_ALIASES = {"infl": "in_flight", "name": "function", "err": "errors", "ref": "refused", "rps": "rate"}

FIELDS = (*_TEXTS, *_NUMBERS, *_ALIASES)
"""What may stand before ``=``, ``:``, ``>`` and ``<``. A row without that field does not match."""

_SEARCHED = ("client", "function", "name", "user")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WORD = re.compile(r"(?P<field>[A-Za-z_][A-Za-z_0-9]*)(?P<op>[=:<>])")

Test = Callable[[object], bool]


class FilterError(ValueError):
    """A filter cannot be understood.

    Attributes:
        position: where in the text, in characters from 0.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Filter:
    """What :func:`parse` made of a text.

    Attributes:
        text: the text. Two filters of the same text are equal.
    """

    __slots__ = ("_tests", "text")

    def __init__(self, text: str, tests: list[Test]) -> None:
        self.text = text
        self._tests = tests

    def matches(self, row: object) -> bool:
        """Tell whether a row (of connections, functions or processes) satisfies every word."""
        return all(test(row) for test in self._tests)

    def __bool__(self) -> bool:
        return bool(self._tests)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse(text: str) -> Filter:
    """Understand a filter; an empty one matches everything.

    Raises:
        FilterError: with a sentence for the operator, and where it is.
    """
    tests: list[Test] = []
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position >= len(text):
            return Filter(text.strip(), tests)
        test, position = _word(text, position)
        tests.append(test)


def _word(text: str, start: int) -> tuple[Test, int]:
    position = start
    negated = False
    while text[position : position + 1] == "!":
        negated = not negated
        position += 1
    head = _WORD.match(text, position)
    if head is None:
        value, end = _value(text, position)
        if not value:
            raise FilterError('Here is nothing to look for; say for example !idle or "two words".', start)
        test = _anywhere(value.casefold())
    else:
        value, end = _value(text, head.end())
        if not value:
            raise FilterError(f"{head.group()} needs a value, such as {head.group()}1001.", head.start())
        test = _field(head.group("field"), head.group("op"), value, head.start())
    return (_not(test) if negated else test), end


def _value(text: str, start: int) -> tuple[str, int]:
    """Read a value, in quotes or up to the next blank, and tell where it ends."""
    quote = text[start : start + 1]
    if quote in {'"', "'"}:
        end = text.find(quote, start + 1)
        if end < 0:
            raise FilterError(f"The quote {quote} is not closed.", start)
        if end + 1 < len(text) and not text[end + 1].isspace():
            raise FilterError("After a closing quote there must be a blank.", end + 1)
        return text[start + 1 : end], end + 1
    end = start
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end], end


def _field(word: str, operator: str, value: str, position: int) -> Test:
    name = word.lower()
    name = _ALIASES.get(name, name)
    if name in _TEXTS:
        if operator in "<>":
            raise FilterError(f"{word} is a text; use {word}={value} or {word}:{value}.", position)
        return _text(name, value.casefold(), whole=operator == "=")
    if name in _NUMBERS:
        if operator == ":":
            return _digits(name, value)
        return _number(name, operator, *_parse_number(word, name, value, position))
    near = difflib.get_close_matches(name, FIELDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(FIELDS)}."
    raise FilterError(f"There is no field {word}; {hint} To look for the text, put it in quotes.", position)


def _parse_number(word: str, name: str, value: str, position: int) -> tuple[float, float]:
    """Return a number in the row's unit, and how far off a value may be that is shown as this number."""
    match = re.fullmatch(r"([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)([a-z]*)", value)
    unit = match.group(2) if match else ""
    timed = name in _DURATIONS or name in _MILLISECONDS
    if match is None or (unit and (not timed or unit not in _UNITS)) or not math.isfinite(float(match.group(1))):
        example = f"{word}>5m" if name in _DURATIONS else f"{word}>100"
        other = f" For a user's name say user={value}." if name == "uid" else ""
        raise FilterError(f"{word} is a number, as in {example}; {value!r} is none.{other}", position)
    default = "ms" if name in _MILLISECONDS else "s"
    factor = _UNITS[unit or default] if timed else 1.0
    decimals = len(match.group(1).partition(".")[2])
    return float(match.group(1)) * factor, 0.5 * 10.0**-decimals * factor


def _read(row: object, name: str) -> object:
    value = getattr(row, name, None)
    return getattr(row, "name", None) if value is None and name == "function" else value


def _anywhere(wanted: str) -> Test:
    def test(row: object) -> bool:
        return any(wanted in str(getattr(row, name, "")).casefold() for name in _SEARCHED)

    return test


def _text(name: str, wanted: str, *, whole: bool) -> Test:
    def test(row: object) -> bool:
        value = _read(row, name)
        if value is None:
            return False
        text = str(value).casefold()
        return wanted == text if whole else wanted in text

    return test


def _digits(name: str, wanted: str) -> Test:
    def test(row: object) -> bool:
        value = getattr(row, name, None)
        return isinstance(value, (int, float)) and wanted in (f"{value:g}" if isinstance(value, float) else str(value))

    return test


def _number(name: str, operator: str, wanted: float, tolerance: float) -> Test:
    def test(row: object) -> bool:
        value = getattr(row, name, None)
        if not isinstance(value, (int, float)):
            return False
        if operator == ">":
            return value > wanted
        if operator == "<":
            return value < wanted
        return abs(value - wanted) < tolerance

    return test


def _not(test: Test) -> Test:
    return lambda row: not test(row)
