"""About how large rows are that a database returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["VALUE_BYTES", "size_of", "size_of_value"]

ROW_BYTES = 16
"""About what a row costs besides its strings."""

VALUE_BYTES = 8
"""About what a value is, besides the characters or bytes of a string."""

_SMALL = frozenset({int, float, bool, type(None)})


def size_of(rows: Sequence[Sequence[object]]) -> int:
    """Return about how many bytes rows are: strings as UTF-8, bytes, and a little for everything else."""
    if not rows:
        return 0
    size = (ROW_BYTES + VALUE_BYTES * len(rows[0])) * len(rows)
    for column in zip(*rows, strict=True):
        first = column[0]
        try:
            if first.__class__ is bytes:
                size += len(b"".join(column))
            elif first.__class__ is str:
                size += _utf8_size("".join(column))
            else:
                size += _size_of_mixed(column)
        except TypeError:
            size += _size_of_mixed(column)
    return size


def _size_of_mixed(column: Sequence[object]) -> int:
    return 0 if _SMALL.issuperset(map(type, column)) else sum(map(size_of_value, column))


def size_of_value(value: Any) -> int:
    """Return about how many bytes a value is beyond :data:`VALUE_BYTES`."""
    if value.__class__ is str:
        return _utf8_size(value)
    if value.__class__ is list or value.__class__ is tuple:
        return ROW_BYTES + sum(9 + size_of_value(item) for item in value)
    return 0 if value.__class__ in _SMALL else len(value) if value.__class__ is bytes else len(str(value))


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
