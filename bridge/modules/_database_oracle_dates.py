"""What Oracle's format models - ``NLS_DATE_FORMAT`` and its like - make of dates, as the server's TO_CHAR does it.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

__all__ = ["ENGLISH", "Model", "Names", "interval_ds", "interval_ym", "parse_model"]


@attrs.frozen
class Names:
    """How a language and a territory name things; capitalized as after ``FM``.

    Attributes:
        months, short_months: from January on.
        days, short_days: from Monday on.
        meridiem: of the morning and of the afternoon, without and with points.
        first_day: the day that a week begins with, from 0 for Monday on; for the element ``D``.
        radix: between seconds and their fractions; for the element ``X``.
    """

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    meridiem: tuple[str, str, str, str] = ("AM", "PM", "A.M.", "P.M.")
    first_day: int = 6
    radix: str = "."


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ENGLISH = Names(_MONTHS, tuple(name[:3] for name in _MONTHS), _DAYS, tuple(name[:3] for name in _DAYS))
"""The names of AMERICAN and ENGLISH."""

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")

_ELEMENT = re.compile(
    r"""
      "(?P<text>[^"]*)" | (?P<modifier>F[MX])
    | (?P<element> SYYYY | Y,YYY | IYYY | YYYY | RRRR | MONTH | SSSSS | SYEAR | HH24 | HH12
                 | A\.M\. | P\.M\. | B\.C\. | A\.D\. | YEAR | YYY | IYY | DAY | DDD | MON | SCC
                 | TZR | TZH | TZM | TZD | FF[1-9]? | AM | PM | BC | AD | CC | DD | DY | DL | DS
                 | HH | IW | IY | MI | MM | RM | RR | SS | TS | WW | YY | EE | D | E | I | J | Q | W | X | Y )
      (?P<suffix> SPTH | THSP | TH | SP )?
    | (?P<mark> [^\w"] )
    """,
    re.VERBOSE | re.IGNORECASE,
)

_UNSUPPORTED = frozenset({"YEAR", "SYEAR", "DL", "DS", "TS", "E", "EE"})
_SIGNED = {"SYYYY": "YYYY", "SCC": "CC"}
_ZONE = frozenset({"TZR", "TZH", "TZM", "TZD"})

_Show = Callable[[datetime, int], str]


@attrs.frozen
class Model:
    """A format model.

    Attributes:
        pieces: each makes its part of the text.
        has_zone: whether it shows a time zone, which is not known here.
        digits: how many digits of fractions of a second it shows; -1 for as many as the column has.
    """

    pieces: tuple[_Show, ...]
    has_zone: bool
    digits: int

    def show(self, value: datetime, scale: int) -> str:
        """Return the text.

        Args:
            value: the date.
            scale: how many digits of fractions of a second the column has, 0 to 9.
        """
        return "".join([piece(value, scale) for piece in self.pieces])


def parse_model(model: str, names: Names = ENGLISH) -> Model:
    """Read a format model.

    Raises:
        ValueError: it has an element that is not known here; the text names it.
    """
    pieces: list[_Show] = []
    filled = True
    has_zone = False
    digits = 0
    at = 0
    while at < len(model):
        found = _ELEMENT.match(model, at)
        if found is None:
            raise ValueError(f"the element at {model[at:]!r}")
        at = found.end()
        if found["modifier"]:
            filled ^= found["modifier"].upper() == "FM"
        elif found["element"] is None:
            pieces.append(_constant(found["mark"] if found["text"] is None else found["text"]))
        else:
            element = found["element"].upper()
            suffix = (found["suffix"] or "").upper()
            if element in _UNSUPPORTED or "SP" in suffix:
                raise ValueError(f"the element {found[0]}")
            if element.startswith("FF"):
                digits = max(digits, int(element[2:] or -1)) if element[2:] else -1
            has_zone |= element in _ZONE
            shown = _shown(element, found["element"], names, filled=filled)
            pieces.append(_ordinal(shown, found[0]) if suffix else shown)
    return Model(tuple(pieces), has_zone, digits)


def _constant(text: str) -> _Show:
    return lambda _, __: text


def _shown(element: str, spelt: str, names: Names, *, filled: bool) -> _Show:
    """Return what shows an element: a number, a word, or something of its own."""
    if element in _NUMBERS:
        number, width = _NUMBERS[element]
        return _number(number, width if filled else 0)
    if element in _SIGNED:  # with room for a minus, which is never there
        plain = _shown(_SIGNED[element], spelt, names, filled=filled)
        return (lambda value, scale: f" {plain(value, scale)}") if filled else plain
    if element == "Y,YYY":
        return lambda value, _: f"{value.year:,}" if value.year > 999 or not filled else f"0,{value.year:03d}"
    if element in _ZONE:
        return _constant("")  # never shown: see Model.has_zone
    if element.startswith("FF"):
        return _fractions(int(element[2:] or 0))
    if element == "X":
        return _constant(names.radix)
    if element == "D":
        return lambda value, _: str((value.weekday() - names.first_day) % 7 + 1)
    return _word(element, spelt, names, filled=filled)


def _number(number: Callable[[datetime], int], width: int) -> _Show:
    return lambda value, _: f"{number(value):0{width}d}" if width else str(number(value))


def _last(digits: int, year: Callable[[datetime], int]) -> tuple[Callable[[datetime], int], int]:
    return lambda value: year(value) % 10**digits, digits


def _year(value: datetime) -> int:
    return value.year


def _iso_year(value: datetime) -> int:
    return value.isocalendar()[0]


_NUMBERS: dict[str, tuple[Callable[[datetime], int], int]] = {
    "YYYY": (_year, 4),
    "RRRR": (_year, 4),
    "YYY": _last(3, _year),
    "YY": _last(2, _year),
    "RR": _last(2, _year),
    "Y": _last(1, _year),
    "IYYY": (_iso_year, 4),
    "IYY": _last(3, _iso_year),
    "IY": _last(2, _iso_year),
    "I": _last(1, _iso_year),
    "CC": (lambda value: (value.year + 99) // 100, 2),
    "MM": (lambda value: value.month, 2),
    "DD": (lambda value: value.day, 2),
    "DDD": (lambda value: value.timetuple().tm_yday, 3),
    "HH": (lambda value: value.hour % 12 or 12, 2),
    "HH12": (lambda value: value.hour % 12 or 12, 2),
    "HH24": (lambda value: value.hour, 2),
    "MI": (lambda value: value.minute, 2),
    "SS": (lambda value: value.second, 2),
    "SSSSS": (lambda value: value.hour * 3600 + value.minute * 60 + value.second, 5),
    "J": (lambda value: value.toordinal() + 1_721_425, 7),
    "Q": (lambda value: (value.month + 2) // 3, 1),
    "WW": (lambda value: (value.timetuple().tm_yday + 6) // 7, 2),
    "W": (lambda value: (value.day + 6) // 7, 1),
    "IW": (lambda value: value.isocalendar()[1], 2),
}


def _fractions(digits: int) -> _Show:
    def show(value: datetime, scale: int) -> str:
        return f"{value.microsecond:06d}000"[: digits or scale]

    return show


def _word(element: str, spelt: str, names: Names, *, filled: bool) -> _Show:
    """Return what shows a word, in the case that the element is spelt in."""
    # The case of an element is that of its first two letters.
    letters = [letter for letter in spelt if letter.isalpha()][:2]
    case = str.upper if letters[-1].isupper() else str if letters[0].isupper() else str.lower
    words, which = _words(element, names)
    spelled = [case(word) for word in words]
    if filled and element in {"MONTH", "DAY", "RM"}:
        width = max(map(len, spelled))
        spelled = [word.ljust(width) for word in spelled]
    return lambda value, _: spelled[which(value)]


def _words(element: str, names: Names) -> tuple[tuple[str, ...], Callable[[datetime], int]]:
    if element in {"MONTH", "MON", "RM"}:
        months = {"MONTH": names.months, "MON": names.short_months, "RM": _ROMAN}[element]
        return months, lambda value: value.month - 1
    if element in {"DAY", "DY"}:
        return names.days if element == "DAY" else names.short_days, lambda value: value.weekday()
    if element in {"AM", "PM"}:
        return names.meridiem[:2], lambda value: value.hour // 12
    if element in {"A.M.", "P.M."}:
        return names.meridiem[2:], lambda value: value.hour // 12
    # There are no years before Christ here.
    return ("A.D." if "." in element else "AD",), lambda _: 0


def _ordinal(show: _Show, spelt: str) -> _Show:
    """Return what adds st, nd, rd or th to a number."""
    lower = not spelt[:2].isupper()

    def shown(value: datetime, scale: int) -> str:
        number = show(value, scale)
        digits = number.strip()
        ending = "th"
        if digits.isdecimal() and int(digits) % 100 not in {11, 12, 13}:
            ending = {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th")
        return number + (ending if lower else ending.upper())

    return shown


def interval_ds(value: timedelta, precision: int, scale: int) -> str:
    """Return an INTERVAL DAY TO SECOND as text: ``+01 02:03:04.500000``.

    Args:
        value: the interval.
        precision: how many digits the days have at least.
        scale: how many digits fractions of a second have.
    """
    sign = "-" if value < timedelta(0) else "+"
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    fractions = f".{value.microseconds:06d}000"[: scale + 1] if scale else ""
    return f"{sign}{value.days:0{precision}d} {hours:02d}:{rest // 60:02d}:{rest % 60:02d}{fractions}"


def interval_ym(years: int, months: int, precision: int) -> str:
    """Return an INTERVAL YEAR TO MONTH as text: ``+01-02``."""
    total = years * 12 + months
    return f"{'-' if total < 0 else '+'}{abs(total) // 12:0{precision}d}-{abs(total) % 12:02d}"
