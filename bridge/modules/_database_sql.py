"""Finding placeholders and the ends of statements in SQL text, as SQLite, PostgreSQL, MySQL, Oracle and ODBC spell it.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import attrs

__all__ = ["Dialect", "Parsed", "first_word", "parse", "split"]

# What hides placeholders and semicolons: strings, quoted names, comments. An unterminated one reaches to the end.
_SQLITE = re.compile(
    r"""
      (?P<hidden> '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | \[[^\]]*(?:\]|\Z)
                | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<mark> \?[0-9]* | [:@$](?:[\w$\x80-\U0010ffff]|::)+(?:\([^)\s]*\))? )
    | (?P<end> ; )
    | [\w\x80-\U0010ffff][\w$\x80-\U0010ffff]* | \s+ | .
    """,
    re.VERBOSE | re.DOTALL,
)

_POSTGRESQL = re.compile(
    r"""
      (?P<hidden> \b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z)
                | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z) | --[^\n]* )
    | (?P<comment> /\* )
    | (?P<escaped> \\[?:] )
    | (?P<cast> :: | := )
    | (?P<mark> \? | (?<![\w$])\$[0-9]+ | (?<![\w\]]):\w+ )
    | (?P<end> ; )
    | [\w$]+ | \s+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


_POSTGRESQL_OF_OLD = re.compile(_POSTGRESQL.pattern.replace(r"\b[eE]'", "'"), _POSTGRESQL.flags)


def _mysql(strings: str, comments: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
          (?P<hidden> {strings} | `(?:[^`]|``)*(?:`|\Z) {comments} )
        | (?P<mark> \? )
        | (?P<end> ; )
        | [\w$]+ | \s+ | .
        """,
        re.VERBOSE | re.DOTALL,
    )


_ESCAPED_STRINGS = r"""'(?:[^'\\]|''|\\.)*(?:'|\Z) | "(?:[^"\\]|""|\\.)*(?:"|\Z)"""
_PLAIN_STRINGS = r"""'(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z)"""
_COMMENTS = r"""| \#[^\n]* | --(?=[\s]|\Z)[^\n]* | /\*.*?(?:\*/|\Z)"""

_MYSQL = {
    (backslashes, comments): _mysql(_ESCAPED_STRINGS if backslashes else _PLAIN_STRINGS, _COMMENTS if comments else "")
    for backslashes in (True, False)
    for comments in (True, False)
}

# What all databases have in common that are reached through ODBC; their drivers look for the question marks themselves.
_ODBC = re.compile(
    r"""
      (?P<hidden> '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<cast> :: | := )
    | (?P<mark> \? | (?<![\w\]]):\w+ )
    | (?P<end> ; )
    | [\w$]+ | \s+ | .
    """,
    re.VERBOSE | re.DOTALL,
)

_ODBC_WITH_BACKSLASHES = re.compile(_ODBC.pattern.replace("'(?:[^']|'')*", r"'(?:[^'\\]|''|\\.)*"), _ODBC.flags)


_ORACLE = re.compile(
    r"""
      (?P<hidden> [nN]?[qQ]'(?: \[.*?(?:\]'|\Z) | \{.*?(?:\}'|\Z) | <.*?(?:>'|\Z) | \(.*?(?:\)'|\Z)
                              | (?P<tag>[^\s\[{<(]).*?(?:(?P=tag)'|\Z) )
                | '[^']*(?:'|\Z) | "[^"]*(?:"|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<mark> \? | :(?: "[^"]+" | [0-9]+ | [^\W\d_][\w$#]* ) )
    | (?P<end> ; )
    | [\w$#]+ | \s+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


@attrs.frozen
class Dialect:
    """How a database spells SQL.

    Attributes:
        name: ``sqlite``, ``postgresql``, ``mysql``, ``oracle`` or ``odbc``.
        question_marks, colons, dollars: which kinds of placeholders count; the others are left as they are.
        backslashes: whether all strings have escapes; of PostgreSQL's those with an E before them always have.
        comments: whether comments of MySQL's hide placeholders.
        escapes: whether a backslash makes a sign of PostgreSQL's that looks like a placeholder none.
    """

    name: str
    question_marks: bool = True
    colons: bool = True
    dollars: bool = True
    escapes: bool = True
    backslashes: bool = False
    comments: bool = True


@attrs.frozen
class Parsed:
    """A statement and its placeholders.

    Attributes:
        pieces: the text around the placeholders; one more than there are placeholders.
        numbers: for each placeholder in the text the number of its parameter, from 1.
        names: for each parameter its name as it was written (``:name``, ``?3``, ``$1``), else its number.
        signs: which signs placeholders begin with.
    """

    pieces: list[str]
    numbers: list[int]
    names: list[str]
    signs: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many parameters there are; several placeholders can stand for one."""
        return len(self.names)

    def render(self, spell: Callable[[int], str]) -> str:
        """Return the text with each placeholder spelt anew; ``spell`` gets the parameter's number."""
        parts = [self.pieces[0]]
        for number, piece in zip(self.numbers, self.pieces[1:], strict=True):
            parts += [spell(number), piece]
        return "".join(parts)


def parse(sql: str, dialect: Dialect) -> Parsed:
    """Find the placeholders of a statement.

    A placeholder without a name or number stands for the parameter after the highest so far; equal names and numbers
    stand for one parameter. In Oracle ``:3`` is a number, too, and names are equal whatever their case.
    """
    pieces: list[str] = []
    numbers: list[int] = []
    names: dict[int, str] = {}
    known: dict[str, int] = {}
    signs: set[str] = set()
    highest = 0
    start = 0
    text = ""  # of the piece that has begun
    for kind, begin, end in _tokens(sql, dialect):
        if kind == "escaped":  # \? is an operator, not a placeholder; the backslash goes
            text += sql[start:begin]
            start = begin + 1
        if kind != "mark":
            continue
        mark = sql[begin:end]
        signs.add(mark[0])
        if mark == "?":
            number = highest + 1
        elif mark[1:].isdecimal() and (mark[0] in "?$" or dialect.name in {"oracle", "odbc"}):
            number = int(mark[1:])
        else:
            key = mark.upper() if dialect.name == "oracle" and mark[1] != '"' else mark
            number = known.setdefault(key, highest + 1)
        if number < 1 or number > 65535:
            raise ValueError(f"the placeholder {mark} must have a number from 1 to 65535")
        highest = max(highest, number)
        names.setdefault(number, mark if len(mark) > 1 else str(number))
        pieces.append(text + sql[start:begin])
        numbers.append(number)
        text, start = "", end
    pieces.append(text + sql[start:])
    return Parsed(
        pieces, numbers, [names.get(number, str(number)) for number in range(1, highest + 1)], frozenset(signs)
    )


def split(sql: str, dialect: Dialect, complete: Callable[[str], bool]) -> tuple[str, str]:
    """Return the first statement, without its semicolon, and what follows it.

    Args:
        sql: any number of statements.
        dialect: how they are spelt.
        complete: tells whether a text that ends with a semicolon is a whole statement; within the body of a trigger
            it is not.
    """
    for kind, begin, end in _tokens(sql, dialect):
        if kind == "end" and complete(sql[:end]):
            return sql[:begin], sql[end:]
    return sql, ""


def first_word(sql: str, dialect: Dialect) -> str:
    """Return the first word of a statement in capitals; empty where there is none: only comments, or nothing."""
    for kind, begin, end in _tokens(sql, dialect):
        if kind in ("hidden", "comment", "end"):
            continue
        word = sql[begin:end]
        if not word.isspace():
            return word.upper()
    return ""


def _tokens(sql: str, dialect: Dialect) -> Iterator[tuple[str, int, int]]:
    pattern = _pattern(dialect)
    at = 0
    after_string = False
    while (found := pattern.match(sql, at)) is not None:
        begin, at = found.span()
        kind = found.lastgroup or "word"
        if kind == "tag":
            kind = "hidden"
        if kind == "comment":  # PostgreSQL's comments nest
            at = _end_of_comment(sql, at)
        if kind == "mark" and not _counts(sql[begin], dialect):
            kind = "word"
        if dialect.name == "oracle":  # JSON's 'key':value has no placeholder
            if kind == "mark" and after_string and sql[begin] == ":":
                kind, at = "word", begin + 1
            elif kind != "hidden" or sql[begin] not in "-/":  # comments are as nothing
                after_string = (kind == "hidden" and sql[begin] != '"') or (after_string and sql[begin:at].isspace())
        if kind == "escaped" and not dialect.escapes:
            kind, at = "word", begin + 1
        yield kind, begin, at


_PATTERNS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL, "oracle": _ORACLE, "odbc": _ODBC}
_WITH_BACKSLASHES = {"postgresql": _POSTGRESQL_OF_OLD, "odbc": _ODBC_WITH_BACKSLASHES}


def _pattern(dialect: Dialect) -> re.Pattern[str]:
    if dialect.name == "mysql":
        return _MYSQL[dialect.backslashes, dialect.comments]
    return (_WITH_BACKSLASHES if dialect.backslashes else _PATTERNS)[dialect.name]


def _counts(sign: str, dialect: Dialect) -> bool:
    if sign == "?":
        return dialect.question_marks
    if sign == "$" and dialect.name != "sqlite":
        return dialect.dollars
    return dialect.colons


def _end_of_comment(sql: str, at: int) -> int:
    depth = 1
    while depth:
        opened, closed = sql.find("/*", at), sql.find("*/", at)
        if closed < 0:
            return len(sql)
        if 0 <= opened < closed:
            depth += 1
            at = opened + 2
        else:
            depth -= 1
            at = closed + 2
    return at
