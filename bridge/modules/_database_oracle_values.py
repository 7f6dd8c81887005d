"""What values of Oracle's become: text as Oracle's own clients show it, so that no digit is lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import attrs
import oracledb

from bridge.modules._database_driver import fail
from bridge.modules._database_oracle_dates import (
    ENGLISH,
    Model,
    Names,
    interval_ds,
    interval_ym,
    parse_model,
)
from bridge.modules._database_oracle_errors import STATE

__all__ = ["Conventions", "Converter", "Long", "converters", "facts", "type_handler"]

Converter = Callable[[Any], Any]

DATES = {
    oracledb.DB_TYPE_DATE: "NLS_DATE_FORMAT",
    oracledb.DB_TYPE_TIMESTAMP: "NLS_TIMESTAMP_FORMAT",
    oracledb.DB_TYPE_TIMESTAMP_LTZ: "NLS_TIMESTAMP_FORMAT",
    oracledb.DB_TYPE_TIMESTAMP_TZ: "NLS_TIMESTAMP_TZ_FORMAT",
}
LOBS = (oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_BLOB, oracledb.DB_TYPE_BFILE)
LONGS = (oracledb.DB_TYPE_LONG, oracledb.DB_TYPE_LONG_NVARCHAR, oracledb.DB_TYPE_LONG_RAW)

MICROSECONDS = 6
"""Digits of fractions of a second that Python has."""

# Of each type: the server's number for it, as programs see it in ora_types.
_NUMBER_OF = {
    oracledb.DB_TYPE_VARCHAR: 1,
    oracledb.DB_TYPE_NVARCHAR: 1,
    oracledb.DB_TYPE_NUMBER: 2,
    oracledb.DB_TYPE_BINARY_INTEGER: 3,
    oracledb.DB_TYPE_LONG: 8,
    oracledb.DB_TYPE_LONG_NVARCHAR: 8,
    oracledb.DB_TYPE_ROWID: 11,
    oracledb.DB_TYPE_DATE: 12,
    oracledb.DB_TYPE_RAW: 23,
    oracledb.DB_TYPE_LONG_RAW: 24,
    oracledb.DB_TYPE_CHAR: 96,
    oracledb.DB_TYPE_NCHAR: 96,
    oracledb.DB_TYPE_BINARY_FLOAT: 100,
    oracledb.DB_TYPE_BINARY_DOUBLE: 101,
    oracledb.DB_TYPE_CURSOR: 116,
    oracledb.DB_TYPE_OBJECT: 108,
    oracledb.DB_TYPE_XMLTYPE: 108,
    oracledb.DB_TYPE_CLOB: 112,
    oracledb.DB_TYPE_NCLOB: 112,
    oracledb.DB_TYPE_BLOB: 113,
    oracledb.DB_TYPE_BFILE: 114,
    oracledb.DB_TYPE_JSON: 119,
    oracledb.DB_TYPE_TIMESTAMP: 187,
    oracledb.DB_TYPE_TIMESTAMP_TZ: 188,
    oracledb.DB_TYPE_INTERVAL_YM: 189,
    oracledb.DB_TYPE_INTERVAL_DS: 190,
    oracledb.DB_TYPE_UROWID: 208,
    oracledb.DB_TYPE_TIMESTAMP_LTZ: 232,
    oracledb.DB_TYPE_BOOLEAN: 252,
}


def type_handler(cursor: oracledb.Cursor, column: oracledb.FetchInfo) -> oracledb.Var | None:
    """Choose what python-oracledb makes of a column: numbers come as text, and nothing is decoded as JSON."""
    kind = column.type_code
    if kind is oracledb.DB_TYPE_NUMBER or kind is oracledb.DB_TYPE_JSON:
        return cursor.var(oracledb.DB_TYPE_VARCHAR, arraysize=cursor.arraysize)
    if column.is_json:
        return cursor.var(kind, size=column.internal_size or 0, arraysize=cursor.arraysize)
    return None


@attrs.frozen
class Long:
    """How much of CLOBs, BLOBs and LONGs comes.

    Attributes:
        most: characters, or bytes; of 0 nothing comes, not even an error.
        cut: whether more is cut off; otherwise it is an error.
        handles: whether CLOBs and BLOBs come as handles.
    """

    most: int = 80
    cut: bool = False
    handles: bool = False


@attrs.frozen
class Conventions:
    """How the session shows numbers and dates: what NLS_SESSION_PARAMETERS says, and the names of its language."""

    parameters: dict[str, str]
    names: Names = ENGLISH

    @property
    def radix(self) -> str:
        """The decimal point."""
        return (self.parameters.get("NLS_NUMERIC_CHARACTERS") or ".,")[0]

    def model(self, kind: oracledb.DbType) -> Model:
        """Return the format model for a type of date.

        Raises:
            BridgeError: there is something in it that only the server can do.
        """
        parameter = DATES[kind]
        text = self.parameters.get(parameter) or "DD-MON-RR"
        try:
            return parse_model(text, attrs.evolve(self.names, radix=self.radix))
        except ValueError as error:
            _refuse(f"{parameter} is '{text}', and {error} in it is not supported by CPANBridge", parameter)


def _refuse(why: str, parameter: str, column: str = "the column") -> NoReturn:
    fail(
        f"ORA-01821: date format not recognized: {why}; select TO_CHAR({column}, ...), or ALTER SESSION SET "
        f"{parameter} = ... (DBD ERROR: OCIDefineByPos)",
        "NotSupportedError",
        code=1821,
        state=STATE,
    )


def converters(
    columns: Sequence[oracledb.FetchInfo],
    conventions: Callable[[], Conventions],
    adopt: Callable[[Any], Any],
    long: Long,
) -> list[tuple[int, Converter]]:
    """Return what is to be done with which columns.

    Args:
        columns: as the cursor describes them.
        conventions: the session's; asked for only where they matter.
        adopt: makes what the caller gets for an open cursor, or a LOB that it wants a handle of.
        long: how much of large values comes.
    """
    made = []
    for at, column in enumerate(columns):
        converter = _converter(column, conventions, adopt, long)
        if converter is not None:
            made.append((at, converter))
    return made


def _converter(
    column: oracledb.FetchInfo, conventions: Callable[[], Conventions], adopt: Callable[[Any], Any], long: Long
) -> Converter | None:
    kind = column.type_code
    if kind is oracledb.DB_TYPE_NUMBER:
        radix = conventions().radix
        return number if radix == "." else lambda text: number(text).replace(".", radix)
    if kind in DATES:
        return _date(column, conventions())
    if kind in {oracledb.DB_TYPE_BINARY_FLOAT, oracledb.DB_TYPE_BINARY_DOUBLE}:
        return _binary(9 if kind is oracledb.DB_TYPE_BINARY_FLOAT else 17, conventions().radix)
    if kind is oracledb.DB_TYPE_RAW:
        return lambda value: value.hex().upper()
    if kind in LOBS:
        return adopt if long.handles else lambda value: read_lob(value, long)
    if kind in LONGS:
        return lambda value: _hexadecimal(shorten(value, len(value), long))
    if kind is oracledb.DB_TYPE_INTERVAL_DS:
        days, seconds = column.precision, column.scale
        return lambda value: interval_ds(value, 2 if days is None else days, 6 if seconds is None else seconds)
    if kind is oracledb.DB_TYPE_INTERVAL_YM:
        return lambda value: interval_ym(value.years, value.months, 2 if column.precision is None else column.precision)
    if kind is oracledb.DB_TYPE_CURSOR:
        return adopt
    if kind is oracledb.DB_TYPE_BOOLEAN:
        return lambda value: "TRUE" if value else "FALSE"
    if kind in {oracledb.DB_TYPE_OBJECT, oracledb.DB_TYPE_VECTOR, oracledb.DB_TYPE_BINARY_INTEGER}:
        return lambda value: plain(value, conventions)
    return None


def number(text: str) -> str:
    """Return a number as Oracle writes it: no zero before the point."""
    if text.startswith("0."):
        return text[1:]
    return f"-{text[2:]}" if text.startswith("-0.") else text


def _binary(digits: int, radix: str) -> Converter:
    def show(value: float) -> str:
        if math.isnan(value):
            return "Nan"
        if math.isinf(value):
            return "Inf" if value > 0 else "-Inf"
        text = f"{value:.9g}" if digits == 9 else repr(value)
        return text.removesuffix(".0").replace(".", radix)

    return show


def _date(column: oracledb.FetchInfo, conventions: Conventions) -> Converter:
    kind = column.type_code
    model = conventions.model(kind)
    scale = 0 if kind is oracledb.DB_TYPE_DATE else MICROSECONDS if column.scale is None else column.scale
    name = f'"{column.name}"'
    if model.has_zone:
        _refuse(f"the time zone of column {name} is not told by python-oracledb", DATES[kind], name)
    if scale > MICROSECONDS and (model.digits > MICROSECONDS or model.digits == -1):
        _refuse(f"of column {name} python-oracledb tells no more than microseconds", DATES[kind], name)
    show = model.show
    return lambda value: show(value, scale)


def read_lob(lob: Any, long: Long) -> Any:
    """Return what is in a LOB, as far as it comes; an empty one is null, as for Oracle's own clients."""
    if not long.most:
        return None
    size = lob.size()
    if not size:
        return None
    return shorten(lob.read(1, min(size, long.most)), size, long)


def shorten(value: Any, size: int, long: Long) -> Any:
    """Return a large value as far as it comes; a mark in its place where it should not have been that large."""
    if not long.most:
        return None
    if size > long.most and not long.cut:
        return {"__long__": size}
    return value[: long.most]


def _hexadecimal(value: Any) -> Any:
    """Return bytes, those of a LONG RAW, as Oracle's clients show them."""
    return value.hex().upper() if isinstance(value, bytes) else value


def plain(value: Any, conventions: Callable[[], Conventions]) -> Any:
    """Return objects and collections as lists, and what is in them as far as possible as in columns."""
    if isinstance(value, oracledb.DbObject):
        if value.type.iscollection:
            return [plain(item, conventions) for item in value.aslist()]
        return [plain(getattr(value, attribute.name), conventions) for attribute in value.type.attributes]
    if value is None or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return number(str(value).removesuffix(".0")).replace(".", conventions().radix)
    if hasattr(value, "strftime"):
        return conventions().model(oracledb.DB_TYPE_DATE).show(value, 0)
    if hasattr(value, "typecode"):  # a VECTOR comes as an array
        return "[" + ",".join(map(repr, value)) + "]"
    return str(value)


def facts(columns: Sequence[oracledb.FetchInfo] | None) -> dict[str, Any]:
    """Return what the server tells of columns; ``columns`` is null where there are none."""
    if columns is None:
        return {"columns": None}
    return {
        "columns": [column.name for column in columns],
        "types": [_NUMBER_OF.get(column.type_code, 0) for column in columns],
        "type_names": [column.type_code.name.removeprefix("DB_TYPE_") for column in columns],
        "precisions": [column.precision for column in columns],
        "scales": [column.scale for column in columns],
        "lengths": [column.internal_size for column in columns],
        "display_sizes": [column.display_size for column in columns],
        "nullable": [bool(column.null_ok) for column in columns],
    }
