"""Values of MariaDB and MySQL: columns as text and in binary, and the parameters of prepared statements.

Both forms of a column make the same value: a number where it is one and nothing of its look is lost, text where
it has a character set, bytes elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from pymysql.charset import charset_by_id
from pymysql.constants import FIELD_TYPE, FLAG

__all__ = ["Reader", "binary_readers", "parameters", "text_reader"]

BINARY = 63
"""The number of what stands for no character set."""

UNFIXED = 31
"""Decimals of a float that has as many as it needs; fewer are a number of digits that is always shown."""

NULL, STRING, BLOB, TINY, LONGLONG, DOUBLE = (
    FIELD_TYPE.NULL, FIELD_TYPE.STRING, FIELD_TYPE.BLOB, FIELD_TYPE.TINY, FIELD_TYPE.LONGLONG, FIELD_TYPE.DOUBLE,
)  # fmt: skip

UNSIGNED = 0x8000
"""Marks the type of a parameter that has no sign."""

WHOLE = {
    FIELD_TYPE.TINY: ("<b", "<B"),
    FIELD_TYPE.SHORT: ("<h", "<H"),
    FIELD_TYPE.YEAR: ("<h", "<H"),
    FIELD_TYPE.INT24: ("<i", "<I"),
    FIELD_TYPE.LONG: ("<i", "<I"),
    FIELD_TYPE.LONGLONG: ("<q", "<Q"),
}
"""Whole numbers: how they come in binary, with a sign and without."""

FLOATS = frozenset({FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE})
DATES = frozenset({FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP})

TEXTS = frozenset(
    {
        FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.TINY_BLOB, FIELD_TYPE.BLOB,
        FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.ENUM, FIELD_TYPE.SET, FIELD_TYPE.GEOMETRY,
        FIELD_TYPE.BIT, FIELD_TYPE.NULL,
    }
)  # fmt: skip
"""What has a character set, or is bytes; everything else that is no number is spelt in ASCII."""

Reader = Callable[[bytes, int], tuple[Any, int]]
"""Takes a row and a place in it; returns the value there, and the place after it."""


def text_reader(field: Any) -> tuple[str | None, Callable[[Any], Any] | None]:
    """Return the encoding of a column that comes as text, and what makes a value of its text."""
    kind = field.type_code
    if kind in WHOLE:
        return "ascii", None if field.flags & FLAG.ZEROFILL else int
    if kind in FLOATS:
        return "ascii", float if field.scale >= UNFIXED else None
    return None, _decoder(field)


def _decoder(field: Any) -> Callable[[bytes], Any] | None:
    """Return what makes text of bytes; none for what stays bytes."""
    if field.type_code == FIELD_TYPE.JSON:
        return _utf8
    if field.type_code not in TEXTS:
        return _ascii
    if field.charsetnr == BINARY:
        return None
    try:
        name = charset_by_id(field.charsetnr).name
    except KeyError:  # a collation that is newer than PyMySQL
        return _utf8
    return _utf8 if name.startswith("utf8") else None  # the caller has chosen the character set, and knows it


def _utf8(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _ascii(data: bytes) -> str:
    return data.decode("ascii")


# --- rows in binary ---------------------------------------------------------------------------------------------------


def binary_readers(fields: Sequence[Any]) -> list[Reader]:
    """Return for each column what reads it in the rows of a statement that the server has prepared."""
    return [_binary_reader(field) for field in fields]


def _binary_reader(field: Any) -> Reader:
    kind = field.type_code
    if kind in WHOLE:
        return _whole(struct.Struct(WHOLE[kind][1 if field.flags & FLAG.UNSIGNED else 0]), field)
    if kind in FLOATS:
        return _floating(kind, field.scale)
    if kind in DATES:
        return _moment(kind in (FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE), field.scale)
    if kind == FIELD_TYPE.TIME:
        return _duration(field.scale)
    decode = _decoder(field)

    def read(row: bytes, at: int) -> tuple[Any, int]:
        length, at = _length(row, at)
        end = at + length
        data = row[at:end]
        return data if decode is None else decode(data), end

    return read


def _whole(form: struct.Struct, field: Any) -> Reader:
    filled = field.length if field.flags & FLAG.ZEROFILL else 0

    def read(row: bytes, at: int) -> tuple[Any, int]:
        number = form.unpack_from(row, at)[0]
        return f"{number:0{filled}d}" if filled else number, at + form.size

    return read


def _floating(kind: int, scale: int) -> Reader:
    short = kind == FIELD_TYPE.FLOAT
    form = struct.Struct("<f" if short else "<d")

    def read(row: bytes, at: int) -> tuple[Any, int]:
        number = form.unpack_from(row, at)[0]
        end = at + form.size
        if scale < UNFIXED:
            return f"{number:.{scale}f}", end
        return float(f"{number:.6g}") if short else number, end  # as the server would spell it

    return read


def _fraction(microseconds: int, scale: int) -> str:
    """Return the part of a second with as many digits as its column has."""
    if scale > 6:
        scale = 6 if microseconds else 0
    return f".{microseconds:06d}"[: 1 + scale] if scale else ""


def _moment(only_date: bool, scale: int) -> Reader:
    def read(row: bytes, at: int) -> tuple[Any, int]:
        length, at = row[at], at + 1
        part = row[at : at + length].ljust(11, b"\0")
        year, month, day, hour, minute, second, micro = struct.unpack("<HBBBBBI", part)
        text = f"{year:04d}-{month:02d}-{day:02d}"
        if not only_date:
            text += f" {hour:02d}:{minute:02d}:{second:02d}{_fraction(micro, scale)}"
        return text, at + length

    return read


def _duration(scale: int) -> Reader:
    def read(row: bytes, at: int) -> tuple[Any, int]:
        length, at = row[at], at + 1
        part = row[at : at + length].ljust(12, b"\0")
        negative, days, hour, minute, second, micro = struct.unpack("<BIBBBI", part)
        sign = "-" if negative else ""
        return f"{sign}{days * 24 + hour:02d}:{minute:02d}:{second:02d}{_fraction(micro, scale)}", at + length

    return read


def _length(row: bytes, at: int) -> tuple[int, int]:
    """Read a number that says how long something is: in one byte, or in 2, 3 or 8 after one that tells which."""
    first = row[at]
    size = {252: 2, 253: 3, 254: 8}.get(first, 0)
    if not size:
        return first, at + 1
    return int.from_bytes(row[at + 1 : at + 1 + size], "little"), at + 1 + size


# --- parameters in binary ---------------------------------------------------------------------------------------------


def parameters(values: Sequence[Any], encoding: str) -> bytes:
    """Return values as the server takes them for a statement that it has prepared."""
    if not values:
        return b""
    nulls = bytearray((len(values) + 7) // 8)
    kinds = bytearray()
    data = bytearray()
    for place, value in enumerate(values):
        kind, spelt = _parameter(value, encoding)
        if kind == NULL:
            nulls[place // 8] |= 1 << place % 8
        kinds += struct.pack("<H", kind)
        data += spelt
    return bytes(nulls) + b"\1" + bytes(kinds) + bytes(data)


def _parameter(value: Any, encoding: str) -> tuple[int, bytes]:
    if value is None:
        return NULL, b""
    if isinstance(value, bool):
        return TINY, bytes((value,))
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        if value < 1 << 63:
            return LONGLONG, struct.pack("<q", value)
        return LONGLONG | UNSIGNED, struct.pack("<Q", value)
    if isinstance(value, float):
        return DOUBLE, struct.pack("<d", value)
    if isinstance(value, bytes):
        return BLOB, _counted(value)
    return STRING, _counted(str(value).encode(encoding))


def _counted(data: bytes) -> bytes:
    size = len(data)
    if size < 251:
        return bytes((size,)) + data
    if size < 1 << 16:
        return b"\xfc" + size.to_bytes(2, "little") + data
    if size < 1 << 24:
        return b"\xfd" + size.to_bytes(3, "little") + data
    return b"\xfe" + size.to_bytes(8, "little") + data
