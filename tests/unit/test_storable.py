"""What is written is read by this machine's own Storable, value for value and kind for kind."""

from __future__ import annotations

import json
import math
import struct
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import storable, wire
from bridge.errors import BridgeError

READER = r"""
use strict; use warnings; no warnings 'recursion'; use B (); use Storable ();
binmode STDIN; binmode STDOUT; $| = 1;
sub told {
    my ($value) = @_;
    return 'null' if !defined $value;
    if ( ref $value eq 'ARRAY' ) {
        my $all = join ',', map { told($_) } @$value;
        $_ = 0 for @$value;
        return qq(["a",[$all]]);
    }
    if ( ref $value eq 'HASH' ) {
        return '["h",{' . join( ',', map { '"' . code($_) . '":' . told( $value->{$_} ) } keys %$value ) . '}]';
    }
    return '["other"]' if ref $value;
    my $flags = B::svref_2object( \$value )->FLAGS;
    return '["s","' . code($value) . '"]' if $flags & B::SVf_POK();
    return $flags & B::SVf_IOK() ? qq(["i","$value"]) : '["n","' . unpack( 'H*', pack 'd>', $value ) . '"]';
}
sub code { return join ' ', map { ord } split //, $_[0] }
while ( read STDIN, my $size, 4 ) {
    read STDIN, my $data, unpack 'N', $size;
    my $seen = eval { Storable::thaw( $data, 0 ) };
    print !ref $seen ? '["unreadable"]' : told( ref $seen eq 'SCALAR' ? $$seen : $seen ), "\n";
}
"""


@pytest.fixture(scope="module")
def perl() -> Iterator[subprocess.Popen[bytes]]:
    """A perl that thaws what it is sent, and tells what it has found."""
    with subprocess.Popen(["perl", "-e", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def told_by(perl: subprocess.Popen[bytes], data: bytes) -> bytes:
    assert perl.stdin is not None
    assert perl.stdout is not None
    perl.stdin.write(struct.pack(">I", len(data)) + data)
    perl.stdin.flush()
    return perl.stdout.readline()


def thawed(perl: subprocess.Popen[bytes], data: bytes) -> Any:
    return json.loads(told_by(perl, data))


def code(text: str) -> str:
    return " ".join(str(ord(character)) for character in text)


def told(value: Any) -> Any:
    """What the reader should tell of a value."""
    if value is None:
        return None
    if isinstance(value, bool):
        return ["i", str(int(value))]
    if isinstance(value, int):
        return ["i", str(value)] if -(2**63) <= value < 2**63 else ["s", code(str(value))]
    if isinstance(value, float):
        return ["n", struct.pack(">d", value).hex()]
    if isinstance(value, str):
        return ["s", code(value)]
    if isinstance(value, bytes):
        return ["s", " ".join(map(str, value))]
    if isinstance(value, list | tuple):
        return ["a", [told(item) for item in value]]
    return ["h", {code(str(key)): told(item) for key, item in value.items()}]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.integers(-200, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.binary()
    | st.integers(250, 260).map(lambda size: "x" * size)
    | st.integers(120, 130).map(lambda size: "ü" * size)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30)


@given(value=VALUES)
def test_perl_reads_what_is_written(perl: subprocess.Popen[bytes], value: Any) -> None:
    """Any plain data; elements can be assigned to."""
    assert thawed(perl, storable.encode(value)) == told(value)


COLUMNS = st.sampled_from(
    [
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**64 - 1),
        st.none() | st.integers(-200, 200),
        st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none(),
        TEXT,
        st.text("abc"),
        st.none() | TEXT,
        st.binary(),
        st.none() | st.binary(),
        st.booleans(),
        st.integers(250, 260).map(lambda size: b"x" * size),
        st.integers(120, 130).map(lambda size: "ü" * size),
        SCALARS,
        st.lists(SCALARS, max_size=2),
    ]
)
ROWS = st.lists(COLUMNS, min_size=1, max_size=8).flatmap(
    lambda columns: st.lists(st.tuples(*columns) | st.tuples(*columns).map(list), min_size=8, max_size=12)
)


@given(rows=ROWS)
def test_rows(perl: subprocess.Popen[bytes], rows: list[Any]) -> None:
    """What is written by columns arrives like everything else, whatever is in the columns."""
    assert thawed(perl, storable.encode({"rows": rows})) == told({"rows": rows})


def test_many_rows(perl: subprocess.Popen[bytes]) -> None:
    """More rows than are written together; and lists that are no rows, or of different lengths."""
    rows: list[Any] = [(number, f"row {number}", None, number / 7, b"\xff" * (number % 300)) for number in range(2500)]
    assert thawed(perl, storable.encode(rows)) == told(rows)
    for odd in ((1, 2), [], "text", None, {"a": 1}):
        mixed = [*rows[:20], odd]
        assert thawed(perl, storable.encode(mixed)) == told(mixed)


class Text(str):
    __slots__ = ()


class Number(float):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        ({1: "a", -7: "b"}, {"1": "a", "-7": "b"}),
        (Text("x"), "x"),
        ([Text("é"), Number(1.5), {Text("k"): bytearray(b"\xff")}], ["é", 1.5, {"k": b"\xff"}]),
        ([memoryview(b"ab"), ""], [b"ab", ""]),
        ({"é": {"€": 1, "é": 2}}, {"é": {"€": 1, "é": 2}}),
        ("x" * 70000, "x" * 70000),
    ],
)
def test_what_is_like_plain_data(perl: subprocess.Popen[bytes], value: Any, wanted: Any) -> None:
    """Subclasses, tuples, numbers as keys, other kinds of bytes are written as what they stand for."""
    assert thawed(perl, storable.encode(value)) == told(wanted)


def test_keys_are_what_they_are_each_time(perl: subprocess.Popen[bytes]) -> None:
    """Sets of keys that have been written before are known, and equal ones of other types are not taken for them."""
    for key in ("1", 1, "1", "é", "€", Text("1")):
        for value in ("a", 2):
            assert thawed(perl, storable.encode({key: value, "z": None})) == told({str(key): value, "z": None})
    with pytest.raises(storable.Unstorable):
        storable.encode({True: 2, "z": None})
    for number in range(3 * storable.MOST_KNOWN):
        wanted = {f"{number}": number, f"k{number}": []}
        assert thawed(perl, storable.encode(wanted)) == told(wanted)


def nested(depth: int, innermost: Any = None) -> Any:
    value: Any = [] if innermost is None else innermost
    for level in range(depth - 1):
        value = [value] if level % 2 else {"k": value}
    return value


def test_deep_data(perl: subprocess.Popen[bytes]) -> None:
    """Data is as deep as it may be in JSON, and no deeper; what contains itself is too deep."""
    assert told_by(perl, storable.encode(nested(512))).count(b"[[") > 250
    loop: list[Any] = []
    loop.append(loop)
    for value in (nested(513), loop):
        with pytest.raises(storable.Unstorable):
            storable.encode(value)
        with pytest.raises(BridgeError, match="nested deeper than 512 levels"):
            wire.encode_storable(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"rows": [{"when": 1j}]}, "result.rows[0].when: it is a builtins.complex"),
        ([math.nan], "result[0]: JSON has no nan"),
        (math.inf, "result: JSON has no inf"),
        ([2**64], "result[0]: the integer does not fit"),
        ([-(2**63) - 1], "result[0]: the integer does not fit"),
        ({(1, 2): 3}, "the key (1, 2)"),
        ({1: "a", "1": "b"}, "would be the same"),
        (["\ud800"], "surrogates not allowed"),
        ([["\ud800", 1]] * 9, "surrogates not allowed"),
        ([(1.0, math.inf)] * 9, "result[0][1]: JSON has no inf"),
        ([(1, None)] * 9 + [(2**64, 1)], "result[9][0]: the integer does not fit"),
        ([(1, None)] * 9 + [(1, 1j)], "result[9][1]: it is a builtins.complex"),
        ({"\ud800": 1}, "surrogates not allowed"),
    ],
)
def test_what_cannot_be_carried(value: object, words: str) -> None:
    """What JSON cannot carry is refused here, too, in the same words."""
    with pytest.raises(BridgeError) as caught:
        wire.encode_storable(value)
    assert caught.value.error_type == "NotSerializable"
    assert words in caught.value.message
