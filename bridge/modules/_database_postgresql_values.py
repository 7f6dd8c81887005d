"""PostgreSQL's values as module ``database`` hands them on: mostly the text that the server sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg import adapt, pq
from psycopg.abc import Buffer

__all__ = [
    "WHOLE_NUMBERS",
    "Array",
    "Binary",
    "Boxes",
    "Bytes",
    "Digit",
    "Digits",
    "Number",
    "Numbers",
    "Text",
    "parse_array",
]


class Text(adapt.Loader):
    """Whatever the server sends, as it sends it."""

    def load(self, data: Buffer) -> str | bytes:
        return bytes(data).decode()


class Bytes(adapt.Loader):
    """The same, for callers that want bytes."""

    def load(self, data: Buffer) -> str | bytes:
        return bytes(data)


class Binary(Bytes):
    """What comes in no text form, as in a binary COPY."""

    format = pq.Format.BINARY


class Digit(adapt.Loader):
    def load(self, data: Buffer) -> int:
        return 1 if bytes(data) == b"t" else 0


class Array(adapt.Loader):
    def load(self, data: Buffer) -> Any:
        return parse_array(bytes(data).decode())


class Numbers(Array):
    def load(self, data: Buffer) -> Any:
        return parse_array(bytes(data).decode(), int)


class Digits(Array):
    def load(self, data: Buffer) -> Any:
        return parse_array(bytes(data).decode(), lambda word: 1 if word == "t" else 0)


class Boxes(Array):
    def load(self, data: Buffer) -> Any:
        return parse_array(bytes(data).decode(), separator=";")


WHOLE_NUMBERS = ("int2", "int4", "int8", "oid")


class Number(adapt.Dumper):
    """A number as the text that a caller would have written: its type is the one that the statement needs."""

    def dump(self, obj: float) -> bytes:
        return str(obj).encode("ascii")


def parse_array(text: str, convert: Callable[[str], Any] = str, separator: str = ",") -> Any:
    """Return PostgreSQL's text of an array as lists, NULL as ``None``.

    What is no array (a text that does not begin with a brace, or with bounds) is returned as it is.

    Args:
        text: the array.
        convert: what makes a value of an element that is not quoted.
        separator: what is between two elements.
    """
    if text.startswith("["):
        text = text.partition("=")[2]
    if not text.startswith("{"):
        return text
    stack: list[list[Any]] = [[]]
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "{":
            stack.append([])
            at += 1
        elif sign == "}":
            done = stack.pop()
            stack[-1].append(done)
            at += 1
        elif sign == separator:
            at += 1
        elif sign == '"':
            item, at = _quoted(text, at + 1)
            stack[-1].append(item)
        else:
            end = min(found for found in (text.find(separator, at), text.find("}", at)) if found >= 0)
            word = text[at:end]
            stack[-1].append(None if word == "NULL" else convert(word))
            at = end
    return stack[0][0]


def _quoted(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
        parts.append(text[at])
        at += 1
    return "".join(parts), at + 1
