"""Tokenizers of SQLite's full-text search (FTS3, FTS4) that are subs of the caller's: ``tokenize=perl 'main::words'``.

SQLite has its tokenizers go from token to token; the caller is asked for many of them at once.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bridge.modules import _database_sqlite_abi as abi
from bridge.modules._database_sqlite_library import Library, SQLiteError, text
from bridge.modules._database_sqlite_tables import Asker, TableError, numbers

if TYPE_CHECKING:
    import sqlite3

    from bridge.modules._database_sqlite_subs import Subs

__all__ = ["register_tokenizers"]

FIRST_TOKENS, MOST_TOKENS, GROWS = 100, 10_000, 10
"""Tokens that are asked for at once: at first, at most, and how much more each time."""

MAY_REGISTER = 1004
"""SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER."""

MOST = 2**31 - 1

_tokenizers: dict[int, Tokenizer] = {}
_texts: dict[int, Text] = {}


class Tokenizers(Asker):
    """What makes the tokenizers of one connection.

    SQLite looks at its structure as long as there are tokenizers, each of which refers to it.
    """

    def __init__(self, subs: Subs, library: Library, sub: Callable[..., Any]) -> None:
        super().__init__(subs, library, sub)
        self.methods = abi.TokenizerMethods(
            version=0,
            create=abi.TOKENIZER_CREATE(self._create),
            destroy=_DESTROY,
            open=_OPEN,
            close=_CLOSE,
            next=_NEXT,
        )

    def _create(self, count: int, names: Any, place: Any) -> int:
        try:
            tokenizer = Tokenizer(self, [text(names[index]) for index in range(count)])
        except Exception as error:  # noqa: BLE001 - it is told to SQLite
            self.subs.error = str(error)
            return abi.ERROR
        _tokenizers[tokenizer.address] = tokenizer
        place[0] = tokenizer.address
        return abi.OK


class Tokenizer:
    """A tokenizer of one table.

    Args:
        makers: the connection's.
        arguments: what follows ``tokenize=perl``.

    Raises:
        TableError: the caller has none of that name.
    """

    def __init__(self, makers: Tokenizers, arguments: list[str | bytes]) -> None:
        self.makers = makers
        self.base = abi.Tokenizer()
        self.address = ctypes.addressof(self.base)
        self.number = next(numbers)
        makers.ask("create", self.number, arguments)


class Text:
    """A text that is taken to pieces.

    Args:
        tokenizer: by which.
        data: its bytes.

    Raises:
        TableError: the caller's sub has died, or its tokens are none of this text.
    """

    def __init__(self, tokenizer: Tokenizer, data: bytes) -> None:
        self.base = abi.TokenCursor()
        self.address = ctypes.addressof(self.base)
        self.makers = tokenizer.makers
        self.number = next(numbers)
        self.is_read = False  # whether the caller has no more
        self._size = len(data)
        self._most = FIRST_TOKENS
        self._tokens: list[tuple[int, int, int, int, int]] = []
        self._next = 0
        self._position = 0
        self._terms = ctypes.create_string_buffer(1)
        self._take(self.makers.ask("open", tokenizer.number, self.number, text(data), self._most))

    def next(self) -> tuple[int, int, int, int, int] | None:
        """Return the next token: where its term is, its length, its start and end in the text, and its position."""
        while self._next == len(self._tokens):
            if self.is_read:
                return None
            self._most = min(self._most * GROWS, MOST_TOKENS)
            self._take(self.makers.ask("more", self.number, self._most))
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _take(self, answer: object) -> None:
        """Take tokens, and check what SQLite does not: it would read behind the text, or go in circles."""
        if not (isinstance(answer, list) and len(answer) == 2 and isinstance(answer[0], list)):
            raise TableError("the tokenizer gave no tokens")
        flat: list[Any] = answer[0]
        terms: list[bytes] = []
        tokens: list[tuple[int, int, int, int, int]] = []
        at = 0
        for index in range(0, len(flat) - 3, 4):
            term, start, end, position = flat[index : index + 4]
            data = term if isinstance(term, bytes) else str(term).encode(errors="replace")
            if not data:
                raise TableError("the tokenizer gave an empty term")
            if not (_is_whole(start) and _is_whole(end) and 0 <= start < end <= self._size):
                raise TableError(
                    f"the tokenizer says that {term!r} is from {start} to {end} of a text of {self._size} bytes"
                )
            if not (_is_whole(position) and self._position <= position <= MOST):
                raise TableError(f"the tokenizer says that {term!r} is at {position}, behind one at {self._position}")
            self._position = position
            terms.append(data)
            tokens.append((at, len(data), start, end, position))
            at += len(data)
        if not tokens and not answer[1]:
            raise TableError("the tokenizer gave no tokens")
        self._terms = ctypes.create_string_buffer(b"".join(terms), at + 1)
        begin = ctypes.addressof(self._terms)
        self._tokens = [(begin + place, *rest) for place, *rest in tokens]  # type: ignore[misc]
        self._next = 0
        self.is_read = bool(answer[1])


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _destroy(address: int) -> int:
    tokenizer = _tokenizers.pop(address, None)
    if tokenizer is not None:
        tokenizer.makers.tell("destroy", tokenizer.number)
    return abi.OK


def _open(address: int, data: int | None, size: int, place: Any) -> int:
    tokenizer = _tokenizers.get(address)
    if tokenizer is None:
        return abi.ERROR
    try:
        made = Text(tokenizer, ctypes.string_at(data, max(size, -1)) if data else b"")
    except Exception as error:  # noqa: BLE001 - it is told to SQLite
        tokenizer.makers.subs.error = str(error)
        return abi.ERROR
    _texts[made.address] = made
    place[0] = made.address
    return abi.OK


def _close(address: int) -> int:
    found = _texts.pop(address, None)
    if found is not None and not found.is_read:
        found.makers.tell("close", found.number)
    return abi.OK


def _next(address: int, *places: Any) -> int:
    found = _texts.get(address)
    if found is None:
        return abi.ERROR
    try:
        token = found.next()
    except Exception as error:  # noqa: BLE001 - it is told to SQLite
        found.makers.subs.error = str(error)
        return abi.ERROR
    if token is None:
        return abi.DONE
    for place, value in zip(places, token, strict=True):
        place[0] = value
    return abi.OK


_DESTROY = abi.PLAIN(_destroy)
_OPEN = abi.TOKENIZER_OPEN(_open)
_CLOSE = abi.PLAIN(_close)
_NEXT = abi.TOKENIZER_NEXT(_next)


def register_tokenizers(
    subs: Subs, found: Library, db: ctypes.c_void_p, raw: sqlite3.Connection, sub: Callable[..., Any]
) -> None:
    """Have tokenizers called ``perl`` be the caller's. Without full-text search of this kind nothing happens.

    Args:
        subs: the connection's; they keep what SQLite looks at.
        found: SQLite's functions.
        db: the connection's address.
        raw: the connection.
        sub: the caller's, for all its tokenizers.
    """
    made = Tokenizers(subs, found, sub)
    subs.keep("tokenizers", made)
    pointer = struct.pack("P", ctypes.addressof(made.methods))
    try:
        may = found.configure(db, MAY_REGISTER, -1)
        found.configure(db, MAY_REGISTER, 1)
    except SQLiteError:  # an older one, in which everybody may
        may = None
    try:
        raw.execute("SELECT length(fts3_tokenizer('perl', ?))", (pointer,)).close()
    except raw.OperationalError as error:
        if "no such function" not in str(error):  # then no table can ask for a tokenizer either
            raise
    finally:
        if may is not None:
            found.configure(db, MAY_REGISTER, may)
