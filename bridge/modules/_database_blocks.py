"""Rows that go out by column, which is quicker to write and read: a column's values are mostly of one kind.

A block is ``{"count": how many rows, "columns": [...]}`` with, for each column, a list of its kind, its data and, where
some of its values are null among others, their places:

========  ==============================================================================================
``"q"``   integers, eight bytes each
``"d"``   floats, eight bytes each
``"b"``   byte strings with NUL between them, also texts of ASCII
``"t"``   the same of texts, in UTF-8
``"B"``   byte strings of which some have a NUL: each behind its length, four bytes
``"T"``   the same of texts
``"n"``   null, all of them; there is no data
``"l"``   a list of whatever there is
========  ==============================================================================================

Numbers, lengths and places (counted from 0, four bytes each) are in the machine's own form. Where a value is null there
is 0 or an empty string in its place.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

from bridge.modules._database_sizes import VALUE_BYTES, size_of_value

__all__ = ["BLOCK_ROWS", "FEWEST_ROWS", "Block", "block_of", "blocks_of"]

BLOCK_ROWS = 500
"""Most rows in a block: so many at a time stay in the processor's cache on both sides, and are fewer than what has
Python look for garbage."""

FEWEST_ROWS = 8
"""Fewer rows in all are not worth it."""

BLOCK_BYTES = 16
"""About what a block costs besides its data, and each of its columns."""

Block = dict[str, Any]
Column = list[Any]

_NOTHING: dict[type, Any] = {int: 0, float: 0.0, str: "", bytes: b""}
_length = struct.Struct("=I").pack


def blocks_of(rows: Sequence[Sequence[Any]]) -> list[Block]:
    """Return rows, which are all of one width, in as many blocks as they need."""
    return [block_of(rows[at : at + BLOCK_ROWS])[1] for at in range(0, len(rows), BLOCK_ROWS)]


def block_of(rows: Sequence[Sequence[Any]]) -> tuple[int, Block]:
    """Return about how many bytes rows are in this form, and the block that they become; there is at least one."""
    columns = [_column(values) for values in zip(*rows, strict=True)]
    size = BLOCK_BYTES
    for column in columns:
        size += BLOCK_BYTES
        if column[0] == "l":
            size += VALUE_BYTES * len(rows) + sum(map(size_of_value, column[1]))
        else:
            size += sum(map(len, column[1:]))
    return size, {"count": len(rows), "columns": columns}


def _column(values: tuple[Any, ...]) -> Column:
    first = values[0]
    found = None if first is None else _alike(values, first.__class__)
    if found is not None:
        return found
    nulls = values.count(None)
    if nulls == len(values):
        return ["n"]
    if nulls:
        kind = next(value for value in values if value is not None).__class__
        nothing = _NOTHING.get(kind)
        if nothing is not None:
            found = _alike([nothing if value is None else value for value in values], kind)
        if found is not None:
            places = [at for at, value in enumerate(values) if value is None]
            return [*found, struct.pack(f"={nulls}I", *places)]
    return ["l", list(values)]


def _alike(values: Sequence[Any], kind: type) -> Column | None:
    """Return a column of values that are all of one kind; ``None`` where they are not, or have no such form."""
    try:
        if kind is bytes:
            return _strings(values, b"\0".join(values), "b")
        if kind is str:
            text = "\0".join(values)
            data = text.encode()
            if text.isascii():
                return _strings(values, data, "b")
            return _strings(values, data, "t")
        if kind is int or kind is bool:
            return ["q", struct.pack(f"={len(values)}q", *values)]  # which takes nothing but integers
        if kind is float and set(map(type, values)) == {float} and math.isfinite(sum(values)):
            return ["d", struct.pack(f"={len(values)}d", *values)]
    except (TypeError, struct.error, UnicodeEncodeError):
        return None
    return None


def _strings(values: Sequence[Any], joined: bytes, kind: str) -> Column:
    if joined.count(b"\0") == len(values) - 1:
        return [kind, joined]
    each = [value.encode() if value.__class__ is str else value for value in values]
    return [kind.upper(), b"".join(chain.from_iterable(zip(map(_length, map(len, each)), each, strict=True)))]
