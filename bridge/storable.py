"""Results in the form that Perl's ``Storable::thaw`` reads: bytes as they are, and much quicker to read than JSON.

Pure. A writer only, of plain data: nothing it writes is blessed, tied or code. The header says network order, which all
Perls read; integers and doubles within are in the machine's own form, for the reader runs on the same machine.
(Storable has no other form for 64 bits, and would make strings of them.) A client asks for this form only after it has
tried that its Perl reads both.

A string of Python's is a string of characters in Perl, ``bytes`` are one of bytes. ``True`` and ``False`` are 1 and 0,
as numbers; ``None`` is an undef that can be assigned to.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

__all__ = ["Unstorable", "encode"]

MAX_DEPTH = 512
"""Deepest nesting, as in JSON."""

FEWEST_ROWS = 8
"""Shorter lists of rows are written value by value: the columns cost more than they spare."""

ROWS_TOGETHER = 1000
"""Rows whose columns are held in memory at the same time."""

DEEPEST_ROWS = 32
"""Deepest nesting at which rows are looked for: several of Python's frames a level are too many for deep data."""

MOST_KNOWN, MOST_KNOWN_NAMES = 256, 32
"""So many sets of keys of dicts are known as they are written, each of so many keys at most."""

HEADER = b"\x05\x07"
"""Format 2.7 in network order, without the magic that files begin with; Perl 5.8 reads it already."""

# The letters of the format that are used. Lengths are of four bytes, or one where the name is short.
_LONG_BYTES, _ARRAY, _HASH, _REF, _UNDEF, _INTEGER, _DOUBLE, _BYTE = 1, 2, 3, 4, b"\x05", 6, 7, 8
_SHORT_BYTES, _SHORT_TEXT, _LONG_TEXT, _KEYED_HASH = 10, 23, 24, 25

_SHORT_BYTES_LETTER, _INTEGER_LETTER, _DOUBLE_LETTER = bytes((_SHORT_BYTES,)), bytes((_INTEGER,)), bytes((_DOUBLE,))
_SHORT_BYTES_HEADS = [bytes((_SHORT_BYTES, size)) for size in range(256)]
_SHORT_TEXT_HEADS = [bytes((_SHORT_TEXT, size)) for size in range(256)]
_SMALL = {value: bytes((_BYTE, value + 128)) for value in range(-128, 128)}
_small = _SMALL.get
_long = struct.Struct(">BI").pack
_size = struct.Struct(">I").pack
_integer = struct.Struct("=Bq").pack
_double = struct.Struct("=Bd").pack
_begin = struct.Struct(">BBI").pack  # a reference, and what it refers to
_begin_keyed = struct.Struct(">BBBI").pack
_isfinite = math.isfinite

_Add = Callable[[bytes], None]

_known_keys: dict[tuple[str, ...], tuple[bytes, list[bytes]]] = {}


class Unstorable(Exception):  # noqa: N818 - no error of the caller's: it only says that the writer gave up
    """A value that is no plain data; :func:`bridge.wire.check_plain` finds out which."""


def encode(result: object) -> bytes:
    """Write a result.

    Returns:
        what ``thaw`` takes. ``thaw`` returns a reference: to the array or hash, or else to the scalar.

    Raises:
        Unstorable: there is something in it that is no plain data, or it is nested deeper than :data:`MAX_DEPTH`.
    """
    pieces = [HEADER]
    _write((result,), pieces.append, 0)
    if pieces[1][0] == _REF:
        pieces[1] = pieces[1][1:]  # the reference is thaw's to make
    return b"".join(pieces)


def _write(  # noqa: C901 - one branch a kind, in the order of frequency
    values: Iterable[Any], add: _Add, depth: int, keys: Iterator[bytes] | None = None
) -> None:
    """Write values one after the other, each of a dict's with its key behind it.

    ``depth`` is that of the container they are in. One frame a level, or deep data would meet Python's own limit.
    """
    for value in values:
        kind = value.__class__
        if kind is str:
            try:
                data = value.encode()
            except UnicodeEncodeError:
                raise Unstorable from None
            size = len(data)
            if size == len(value):  # nothing but ASCII
                add(_SHORT_BYTES_HEADS[size] if size < 256 else _long(_LONG_BYTES, size))
            else:
                add(_SHORT_TEXT_HEADS[size] if size < 256 else _long(_LONG_TEXT, size))
            add(data)
        elif kind is int:
            small = _small(value)
            if small is not None:
                add(small)
            else:
                add(_integer_cell(value))
        elif value is None:
            add(_UNDEF)
        elif kind is float:
            if not _isfinite(value):
                raise Unstorable
            add(_double(_DOUBLE, value))
        elif kind is list or kind is tuple:
            if depth >= MAX_DEPTH:
                raise Unstorable
            add(_begin(_REF, _ARRAY, len(value)))
            if len(value) < FEWEST_ROWS or not _write_rows(value, add, depth + 1):
                _write(value, add, depth + 1)
        elif kind is dict:
            if depth >= MAX_DEPTH:
                raise Unstorable
            _write(value.values(), add, depth + 1, _begin_hash(value, add))
        elif kind is bytes:
            size = len(value)
            add(_SHORT_BYTES_HEADS[size] if size < 256 else _long(_LONG_BYTES, size))
            add(value)
        elif kind is bool:
            add(_SMALL[value])
        else:
            _write((_plain_base(value),), add, depth)
        if keys is not None:
            add(next(keys))


def _begin_hash(value: dict[Any, Any], add: _Add) -> Iterator[bytes]:
    """Write what comes before a dict's values; returns what comes after each of them: its key."""
    names = tuple(value)
    known = _known_keys.get(names)
    if known is None:
        known = _spell_keys(names)
        if _are_worth_knowing(names):
            if len(_known_keys) >= MOST_KNOWN:
                _known_keys.clear()
            _known_keys[names] = known
    head, keys = known
    add(head)
    return iter(keys)


def _are_worth_knowing(names: tuple[Any, ...]) -> bool:
    """Tell whether dicts of such keys may come again and again, and knowing them takes little memory."""
    # Only strings: 1 and True are equal, but spelled differently.
    return len(names) <= MOST_KNOWN_NAMES and all(name.__class__ is str and len(name) <= 64 for name in names)


def _spell_keys(names: tuple[Any, ...]) -> tuple[bytes, list[bytes]]:
    """Return what comes before the values of a dict with such keys, and what comes after each value."""
    keys: list[bytes] = []
    text: set[int] = set()  # which keys are characters
    for key in names:
        if isinstance(key, str):
            try:
                # Perl itself keeps a key without characters above 255 as bytes, and would not find it otherwise.
                keys.append(key.encode("latin-1"))
            except UnicodeEncodeError:
                text.add(len(keys))
                try:
                    keys.append(key.encode())
                except UnicodeEncodeError:
                    raise Unstorable from None
        elif key.__class__ is int and str(key) not in names:
            keys.append(b"%d" % key)
        else:
            raise Unstorable
    if not text:
        return _begin(_REF, _HASH, len(keys)), [_size(len(key)) + key for key in keys]
    return (
        _begin_keyed(_REF, _KEYED_HASH, 0, len(keys)),
        [b"%c%b%b" % (at in text, _size(len(key)), key) for at, key in enumerate(keys)],
    )


# --- rows -------------------------------------------------------------------------------------------------------------


def _write_rows(rows: Sequence[Any], add: _Add, depth: int) -> bool:
    """Write lists that are all of one length, as a database's rows are, by their columns.

    The values of a column are mostly of one kind, so that a few calls of C do for all of them what costs several
    instructions of Python for each.

    Returns:
        whether they are such lists; if not, nothing was written.
    """
    if not {list, tuple}.issuperset(map(type, rows)):
        return False
    widths = set(map(len, rows))
    if len(widths) != 1 or widths == {0} or depth > DEEPEST_ROWS:
        return False
    head = _begin(_REF, _ARRAY, *widths)
    for start in range(0, len(rows), ROWS_TOGETHER):
        some = rows[start : start + ROWS_TOGETHER]
        pieces = _Pieces(len(some), head)
        for column in zip(*some, strict=True):
            _add_column(column, pieces, depth + 1)
        add(pieces.joined())
    return True


class _Pieces:
    """What is written of each of several rows: pieces of one size are packed together, others stand by themselves."""

    def __init__(self, count: int, head: bytes) -> None:
        self._count = count
        self._streams: list[Iterable[bytes]] = []
        self._format = "="
        self._packed: list[Iterable[Any]] = []
        self._constant = head

    def constant(self, data: bytes) -> None:
        """Add the same bytes to each row."""
        self._constant += data

    def packed(self, letter: str, data: bytes, values: Iterable[Any]) -> None:
        """Add the same bytes, and a value that ``struct`` packs."""
        data = self._constant + data
        self._constant = b""
        self._format += f"{len(data)}s{letter}"
        self._packed += (repeat(data), values)

    def stream(self, values: Iterable[bytes]) -> None:
        """Add bytes of each row's own."""
        self._finish()
        self._streams.append(values)

    def joined(self) -> bytes:
        """Return all rows."""
        self._finish()
        return b"".join(chain.from_iterable(zip(*self._streams, strict=True)))

    def _finish(self) -> None:
        if self._packed:
            self._streams.append(map(_packer(self._format), *self._packed))
            self._format, self._packed = "=", []
        if self._constant:
            self._streams.append(repeat(self._constant, self._count))
            self._constant = b""


@functools.lru_cache(maxsize=256)
def _packer(letters: str) -> Callable[..., bytes]:
    return struct.Struct(letters).pack


def _add_column(column: tuple[Any, ...], pieces: _Pieces, depth: int) -> None:
    """Add a column's values to the rows."""
    kinds = set(map(type, column))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is bytes:
        _add_strings(column, [*map(len, column)], pieces)
    elif kind is str:
        try:
            data = [*map(str.encode, column)]
        except UnicodeEncodeError:
            raise Unstorable from None
        sizes = [*map(len, data)]
        if "".join(column).isascii():
            _add_strings(data, sizes, pieces)
        else:
            pieces.stream([*map(_string_head, sizes, map(len, column))])
            pieces.stream(data)
    elif kind is int and min(column) >= -(1 << 63) and max(column) < 1 << 63:
        pieces.packed("q", _INTEGER_LETTER, column)
    elif kind is float and _isfinite(sum(column)):
        pieces.packed("d", _DOUBLE_LETTER, column)
    elif kind is type(None):
        pieces.constant(_UNDEF)
    else:
        kinds.discard(type(None))
        cell = _CELLS.get(kinds.pop()) if len(kinds) == 1 else None
        if cell is None:
            pieces.stream([_any_cell(value, depth) for value in column])
        else:
            pieces.stream([_UNDEF if value is None else cell(value) for value in column])


def _add_strings(data: Sequence[bytes], sizes: list[int], pieces: _Pieces) -> None:
    if max(sizes) < 256:
        pieces.packed("B", _SHORT_BYTES_LETTER, sizes)
    else:
        pieces.stream([*map(_string_head, sizes, sizes)])
    pieces.stream(data)


def _string_head(size: int, characters: int) -> bytes:
    if size == characters:
        return _SHORT_BYTES_HEADS[size] if size < 256 else _long(_LONG_BYTES, size)
    return _SHORT_TEXT_HEADS[size] if size < 256 else _long(_LONG_TEXT, size)


def _bytes_cell(value: bytes) -> bytes:
    size = len(value)
    return (_SHORT_BYTES_HEADS[size] if size < 256 else _long(_LONG_BYTES, size)) + value


def _text_cell(value: str) -> bytes:
    try:
        data = value.encode()
    except UnicodeEncodeError:
        raise Unstorable from None
    return _string_head(len(data), len(value)) + data


def _integer_cell(value: int) -> bytes:
    small = _small(value)
    if small is not None:
        return small
    try:
        return _integer(_INTEGER, value)
    except struct.error:
        if not 0 < value < 1 << 64:
            raise Unstorable from None
        return _bytes_cell(b"%d" % value)  # Storable, too, writes those beyond the signed ones as digits


def _double_cell(value: float) -> bytes:
    if not _isfinite(value):
        raise Unstorable
    return _double(_DOUBLE, value)


def _any_cell(value: object, depth: int) -> bytes:
    cell = _CELLS.get(value.__class__)
    if cell is not None:
        return cell(value)
    pieces: list[bytes] = []
    _write((value,), pieces.append, depth)
    return b"".join(pieces)


_CELLS: dict[type, Callable[[Any], bytes]] = {
    bytes: _bytes_cell,
    str: _text_cell,
    int: _integer_cell,
    float: _double_cell,
}


def _plain_base(value: object) -> object:
    """Turn an instance of a subclass into the plain value that it is derived from."""
    if isinstance(value, str):
        return str.__str__(value)
    for base in (int, float):
        if isinstance(value, base):
            return base(value)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise Unstorable
