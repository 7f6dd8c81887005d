"""MariaDB's and MySQL's values: what comes in binary looks as what comes as text."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from pymysql.constants import FIELD_TYPE, FLAG

from bridge.modules._database_mysql_values import binary_readers, parameters, text_reader

UTF8, LATIN1, BINARY = 45, 8, 63


def column(kind: int, *, flags: int = 0, length: int = 11, scale: int = 0, charset: int = BINARY) -> Any:
    """Return what the server tells of a column."""
    return SimpleNamespace(type_code=kind, flags=flags, length=length, scale=scale, charsetnr=charset)


def from_text(field: Any, data: bytes) -> Any:
    """Return the value of a column that comes as text."""
    encoding, convert = text_reader(field)
    value: Any = data.decode(encoding) if encoding else data
    return convert(value) if convert else value


def moment(*parts: int) -> bytes:
    """Spell a date and time as the server does: only as much of it as is not zero."""
    forms = {3: "<HBB", 6: "<HBBBBB", 7: "<HBBBBBI"}
    data = struct.pack(forms[len(parts)], *parts) if parts else b""
    return bytes((len(data),)) + data


@pytest.mark.parametrize(
    ("field", "text", "binary", "value"),
    [
        (column(FIELD_TYPE.LONG), b"-5", struct.pack("<i", -5), -5),
        (column(FIELD_TYPE.TINY, flags=FLAG.UNSIGNED), b"200", b"\xc8", 200),
        (column(FIELD_TYPE.YEAR), b"2020", struct.pack("<H", 2020), 2020),
        (column(FIELD_TYPE.LONGLONG, flags=FLAG.UNSIGNED), b"18446744073709551615", b"\xff" * 8, (1 << 64) - 1),
        (column(FIELD_TYPE.LONG, flags=FLAG.ZEROFILL, length=5), b"00001", struct.pack("<i", 1), "00001"),
        (column(FIELD_TYPE.DOUBLE, scale=31), b"0.1", struct.pack("<d", 0.1), 0.1),
        (column(FIELD_TYPE.DOUBLE, scale=2), b"1.70", struct.pack("<d", 1.7), "1.70"),
        (column(FIELD_TYPE.FLOAT, scale=31), b"1.7", struct.pack("<f", 1.7), 1.7),
        (column(FIELD_TYPE.NEWDECIMAL, scale=2), b"3.50", b"\x043.50", "3.50"),
        (column(FIELD_TYPE.DATE), b"2020-01-02", moment(2020, 1, 2), "2020-01-02"),
        (column(FIELD_TYPE.DATE), b"0000-00-00", moment(), "0000-00-00"),
        (column(FIELD_TYPE.DATETIME), b"2020-01-02 00:00:00", moment(2020, 1, 2), "2020-01-02 00:00:00"),
        (
            column(FIELD_TYPE.DATETIME, scale=3),
            b"2020-01-02 03:04:05.678",
            moment(2020, 1, 2, 3, 4, 5, 678_000),
            "2020-01-02 03:04:05.678",
        ),
        (column(FIELD_TYPE.TIMESTAMP), b"2020-01-02 03:04:05", moment(2020, 1, 2, 3, 4, 5), "2020-01-02 03:04:05"),
        (column(FIELD_TYPE.TIME), b"00:00:00", b"\0", "00:00:00"),
        (column(FIELD_TYPE.TIME), b"-112:13:14", b"\x08\1" + struct.pack("<IBBB", 4, 16, 13, 14), "-112:13:14"),
        (
            column(FIELD_TYPE.TIME, scale=1),
            b"10:11:12.5",
            b"\x0c\0" + struct.pack("<IBBBI", 0, 10, 11, 12, 500_000),
            "10:11:12.5",
        ),
        (column(FIELD_TYPE.VAR_STRING, charset=UTF8), "ä".encode(), b"\x02" + "ä".encode(), "ä"),
        (column(FIELD_TYPE.VAR_STRING, charset=LATIN1), b"\xe4", b"\x01\xe4", b"\xe4"),
        (column(FIELD_TYPE.VAR_STRING, charset=4000), "ä".encode(), b"\x02" + "ä".encode(), "ä"),
        (column(FIELD_TYPE.BLOB), b"\xff\0", b"\x02\xff\0", b"\xff\0"),
        (column(FIELD_TYPE.BLOB), b"x" * 300, b"\xfc\x2c\x01" + b"x" * 300, b"x" * 300),
        (column(FIELD_TYPE.BIT), b"\5", b"\1\5", b"\5"),
        (column(FIELD_TYPE.JSON), '{"a": "ä"}'.encode(), b"\x0b" + '{"a": "ä"}'.encode(), '{"a": "ä"}'),
    ],
)
def test_both_forms_give_the_same_value(field: Any, text: bytes, binary: bytes, value: object) -> None:
    """Numbers are numbers unless they have a look of their own; text is where UTF-8 is."""
    [read] = binary_readers([field])
    assert from_text(field, text) == value
    assert type(from_text(field, text)) is type(value)
    assert read(b"before" + binary, 6) == (value, 6 + len(binary))


def test_parameters_are_spelt_by_their_types() -> None:
    """Which are null comes first, then the types, then what is not null."""
    values = [None, True, -1, 1 << 63, 0.5, b"\0", "ä", 1 << 70]
    data = parameters(values, "utf-8")
    assert data[:2] == b"\1\1"
    kinds = struct.unpack("<8H", data[2:18])
    unsigned = FIELD_TYPE.LONGLONG | 0x8000
    assert kinds == (
        *(FIELD_TYPE.NULL, FIELD_TYPE.TINY, FIELD_TYPE.LONGLONG, unsigned, FIELD_TYPE.DOUBLE),
        *(FIELD_TYPE.BLOB, FIELD_TYPE.STRING, FIELD_TYPE.STRING),
    )
    number = str(1 << 70).encode()
    expected = b"\1" + struct.pack("<qQd", -1, 1 << 63, 0.5) + b"\1\0" + b"\2" + "ä".encode()
    assert data[18:] == expected + bytes((len(number),)) + number


@pytest.mark.parametrize(("size", "head"), [(250, b"\xfa"), (251, b"\xfc\xfb\0"), (1 << 16, b"\xfd\0\0\1")])
def test_long_parameters_say_how_long_they_are(size: int, head: bytes) -> None:
    """In one byte, or in more that one of them announces."""
    data = parameters([b"x" * size], "utf-8")
    assert data == b"\0\1" + struct.pack("<H", FIELD_TYPE.BLOB) + head + b"x" * size


def test_no_parameters_are_nothing() -> None:
    """Not even their number is told: the server knows it."""
    assert parameters([], "utf-8") == b""


def test_text_is_spelt_in_the_encoding_that_the_server_takes() -> None:
    """After SET NAMES latin1, for example."""
    assert parameters(["ä"], "latin-1").endswith(b"\1\xe4")
