"""Module ``xml``: parsing of XML for Perl's XML modules.

A parser belongs to the caller's connection and is named by a number. Each answer holds all events of a piece of the
document, so that the caller's handlers run where the caller is; see :mod:`bridge.modules._xml_expat`. Documents and
external entities come as bytes from the caller: no file is read and no address is fetched here.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import msgspec

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._xml_expat import EventParser
from bridge.modules._xml_types import DECLARATIONS, Batch, Options, ParserFullError

__all__ = ["module"]

MAX_PARSERS = 1000
"""Parsers that one connection may hold, those of external entities included."""

MAX_SHORT = 1024
"""Bytes of a document that ``short`` takes."""

_SHORT = re.compile(
    rb"""(?:<\?xml\ version=["']1\.[01]["'](?:\ encoding=["']utf-8["'])?\s*\?>)?  # no encoding that could hide anything
         (?:[^<\0]|<(?!!|\?xml\s))*+""",  # no declarations, so that nothing can multiply
    re.VERBOSE | re.IGNORECASE,
)

module = Module("xml", "Parses XML and gives the events in batches.")


class _Wanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a caller says of a parse; see :class:`Options`."""

    encoding: str | None = None
    namespaces: bool = False
    expand: bool = True
    parameter_entities: bool = False
    base: str | None = None
    handlers: list[str] = []


class _Parsers:
    """What one connection has under way."""

    def __init__(self) -> None:
        self.parsers: dict[int, EventParser] = {}
        self._numbers = itertools.count(1)

    def put(self, parser: EventParser) -> int:
        if len(self.parsers) >= MAX_PARSERS:
            raise BridgeError(
                ErrorType.FUNCTION_ERROR,
                f"This caller has {MAX_PARSERS} parsers under way, the most it may: finish or release some first.",
                exception="RuntimeError",
            )
        number = next(self._numbers)
        self.parsers[number] = parser
        return number

    def get(self, number: int) -> EventParser:
        try:
            return self.parsers[number]
        except KeyError:
            raise BridgeError(
                ErrorType.BAD_PARAMS,
                f"There is no parser {number} here: it has come to its end, or belonged to another connection.",
            ) from None


def _parsers(session: Session) -> _Parsers:
    found = session.data.setdefault("xml", None)
    if found is None:
        found = session.data["xml"] = _Parsers()
    assert isinstance(found, _Parsers)
    return found


@module.function
def feed(
    session: Session,
    parser: int | None = None,
    data: Any = "",
    final: bool = False,
    *,
    options: dict[str, Any] = {},  # noqa: B006 - never changed
    base: str | None = None,
    mute: bool = False,
) -> dict[str, Any]:
    """Parse the next piece of a document, the first one when no parser is named.

    Args:
        parser: the number that the first answer gave.
        data: bytes; a string stands for its UTF-8.
        final: whether this is the end of the document.
        options: of a new parser: encoding, namespaces, expand, parameter_entities, base, handlers.
        base: a new base for system identifiers.
        mute: give no events from now on, only errors.

    Returns:
        ``parser``, and what :class:`Batch` holds: ``kinds``, ``start``, ``places``, ``texts``, ``others``, ``end``,
        and where there is one, ``need`` or ``error``. After the end and after an error the parser is gone.
    """
    known = _parsers(session)
    number = known.put(_made(options, known)) if parser is None else parser
    used = known.get(number)
    if mute:
        used.mute()
    try:
        batch = used.feed(_bytes(data), final, base)
    except ParserFullError as error:
        known.parsers.pop(number, None)
        raise BridgeError(ErrorType.FUNCTION_ERROR, str(error), exception="ParserFullError") from None
    return _told(known, number, batch, final)


@module.function(inline=True)
def short(session: Session, data: Any, options: dict[str, Any] = {}) -> dict[str, Any]:  # noqa: B006 - never changed
    """Parse a short document whole, at less cost than ``feed`` has.

    Args:
        data: as for ``feed``; at most :data:`MAX_SHORT` bytes of UTF-8, without ``<!`` and so without declarations.
        options: as for ``feed``.

    Returns:
        what ``feed`` returns, without ``parser``.
    """
    document = _bytes(data)
    if len(document) > MAX_SHORT or _SHORT.fullmatch(document) is None:
        raise BridgeError(
            ErrorType.BAD_PARAMS,
            f"xml.short: a document must be UTF-8, of at most {MAX_SHORT} bytes, and have no declarations.",
        )
    parser = _made(options, _parsers(session))
    return _columns(parser.feed(document, True))


@module.function
def supply(session: Session, parser: int, data: Any = None, final: bool = False, base: str | None = None) -> Any:
    """Go on after ``need`` with the text of that entity, ``null`` if there is none; answers like ``feed``.

    Args:
        parser: the number.
        data: as for ``feed``.
        final: whether the piece that was fed last was the end of the document.
        base: what system identifiers inside that text are relative to.
    """
    known = _parsers(session)
    try:
        batch = known.get(parser).supply(None if data is None else _bytes(data), base)
    except ParserFullError as error:
        known.parsers.pop(parser, None)
        raise BridgeError(ErrorType.FUNCTION_ERROR, str(error), exception="ParserFullError") from None
    except ValueError as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"Parser {parser}: {error}.") from None
    return _told(known, parser, batch, final)


@module.function
def release(session: Session, parsers: list[int]) -> int:
    """Let go of parsers that will not be fed any more; returns how many there were."""
    known = _parsers(session).parsers
    return sum(known.pop(number, None) is not None for number in parsers)


def _made(options: dict[str, Any], known: _Parsers) -> EventParser:
    try:
        wanted = msgspec.convert(options, _Wanted)
        if strange := set(wanted.handlers) - DECLARATIONS:
            raise ValueError(f"there are no events called {', '.join(sorted(strange))}")
        chosen = Options(**{**msgspec.structs.asdict(wanted), "handlers": frozenset(wanted.handlers)})
        return EventParser(chosen, known.put)
    except (ValueError, TypeError) as error:  # msgspec's ValidationError is a ValueError
        raise BridgeError(ErrorType.BAD_PARAMS, f"xml.feed: options: {error}") from None


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise BridgeError(ErrorType.BAD_PARAMS, "xml: data must be a string or bytes.")


def _told(known: _Parsers, number: int, batch: Batch, final: bool) -> dict[str, Any]:
    if batch.error is not None or (final and batch.need is None):
        known.parsers.pop(number, None)
    return {"parser": number, **_columns(batch)}


def _columns(batch: Batch) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "kinds": batch.kinds,
        "start": batch.start,
        "places": batch.places,
        "texts": batch.texts,
        "others": batch.others,
        "end": batch.end,
    }
    if batch.need is not None:
        answer["need"] = batch.need
    if batch.error is not None:
        answer["error"] = batch.error
    return answer
