"""What the text of a SQL statement says of it, as SQLite spells it.

Programs execute the same texts again and again, so what was found out of the last ones is kept.
"""

from __future__ import annotations

import functools
import sqlite3

import attrs

from bridge.modules._database_sql import Dialect, Parsed, first_word, parse, split

__all__ = ["SQLiteText", "read_text"]

DIALECT = Dialect("sqlite")

MOST_KEPT = 512
"""So many texts are kept."""

LONGEST_KEPT = 2000
"""Characters of the longest text that is kept."""


@attrs.frozen
class SQLiteText:
    """The first statement of a text.

    Attributes:
        text: the statement, with placeholders that take values by position.
        rest: what followed it.
        word: its first word, in capitals.
        parsed: its placeholders.
        matches: whether it may use the operator REGEXP.
        returns: whether it may return rows of what it changes.
        has_nul: whether it holds a NUL character, which SQLite would take for its end.
    """

    text: str
    rest: str
    word: str
    parsed: Parsed
    matches: bool
    returns: bool
    has_nul: bool


def read_text(sql: str) -> SQLiteText:
    """Take the first statement of a text.

    Raises:
        ValueError: a placeholder has a number that there cannot be.
    """
    return _kept(sql) if len(sql) <= LONGEST_KEPT else _read(sql)


def _read(sql: str) -> SQLiteText:
    text, rest = split(sql, DIALECT, sqlite3.complete_statement)
    parsed = parse(text, DIALECT)
    # Values are sent by position. Where there are names or numbers, all placeholders get numbers.
    plain = parsed.numbers == list(range(1, parsed.count + 1)) and all(name.isdecimal() for name in parsed.names)
    lower = text.lower()
    return SQLiteText(
        text=text if plain else parsed.render(lambda number: f"?{number}"),
        rest=rest,
        word=first_word(text, DIALECT),
        parsed=parsed,
        matches="regexp" in lower,
        returns="returning" in lower,
        has_nul="\0" in text,
    )


_kept = functools.lru_cache(MOST_KEPT)(_read)
