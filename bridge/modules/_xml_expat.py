"""Expat's events in batches: one answer tells of all that a piece of a document holds, and where.

Two things cannot wait in expat for what only the caller can give, the text of an external entity:

* A general entity stands in the content. Expat lets a parser for it be used at any later time, so the reference is one
  event among the others, with the number under which the entity's text may be parsed.
* A parameter entity or the external subset of the DTD changes what follows. Parsing stops there and asks; with the
  answer the document so far is parsed anew, and events that were told already are left out. Both lie in the prolog,
  which is short; nothing is kept once the root element has begun.

Nothing is ever opened or fetched here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from bridge.modules._xml_columns import Columns
from bridge.modules._xml_types import Batch, Options, ParserFullError

__all__ = ["EventParser"]

MAX_TEXT = 32 * 1024 * 1024
"""Characters in one batch, with :data:`EVENT` for each event, so that there are a million of these at most. Expat
itself stops entities that grow a document more than a hundredfold."""

EVENT = 32
"""What an event counts for beside its text."""

MAX_DEPTH = 10_000
"""Elements inside each other."""

MAX_HELD = 16 * 1024 * 1024
"""Bytes of a tag, a comment or the like that has no end yet; bytes of a prolog with all that is supplied for it."""

_SEPARATOR = "\x1f"
"""Between a namespace and a name; no character of XML, so that no namespace can hold it."""

_BETWEEN = "\x01"
"""Between an attribute's name and its value, and the like; no character of XML either."""


class _NeedError(Exception):
    """Parsing cannot go on without the text of a parameter entity."""


class EventParser:
    """Parses one document, or one general external entity."""

    def __init__(
        self,
        options: Options,
        keep: Callable[[EventParser], int],
        parser: expat.XMLParserType | None = None,
        parents: list[object] | None = None,
    ) -> None:
        """Make a parser.

        Args:
            options: how to parse.
            keep: takes parsers of external entities and returns the numbers for them.
            parser: expat's, of an external entity.
            parents: what that one needs to stay alive.
        """
        self._options = options
        self._keep = keep
        self._parents = parents or []  # expat's parsers of entities use their parents' memory
        self._columns = Columns()
        self._size = [0]  # of the batch, where handlers reach it quickest
        self._skip = 0
        self._told = 0
        self._pieces: list[bytes] | None = [] if parser is None else None
        self._fed = 0
        self._prolog = 0
        self._final = False
        self._supplied: list[tuple[bytes | None, str | None]] = []
        self._position = 0
        self._need: tuple[str | None, str | None, str | None] | None = None
        self._quiet = False
        self._parser = parser or self._made()
        if parser is not None:
            self._install(parser)

    def _made(self) -> expat.XMLParserType:
        options = self._options
        parser = expat.ParserCreate(options.encoding, _SEPARATOR if options.namespaces else None)
        if options.base is not None:
            parser.SetBase(options.base)
        if options.parameter_entities:
            parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        self._install(parser)
        return parser

    # --- the caller's side ---------------------------------------------------------------------------------------

    def feed(self, data: bytes, final: bool, base: str | None = None) -> Batch:
        """Parse the next piece.

        Raises:
            ParserFullError: it holds more than a batch may.
        """
        if base is not None:
            self._parser.SetBase(base)
        self._fed += len(data)
        if self._pieces is not None:
            self._pieces.append(data)
            self._prolog += len(data)
        self._final = final
        return self._run([data])

    def supply(self, content: bytes | None, base: str | None) -> Batch:
        """Go on with the text of the parameter entity that the last batch needed; ``None``: there is none."""
        if self._need is None or self._pieces is None:
            msg = "nothing was asked for"
            raise ValueError(msg)
        self._supplied.append((content, base))
        self._prolog += len(content or b"")
        self._need = None
        self._skip, self._position = self._told, 0
        self._parents.append(self._parser)
        self._parser = self._made()
        return self._run(list(self._pieces))

    def mute(self) -> None:
        """Tell of no more events: only errors count from now on."""
        self._quiet = True
        for name in dir(self._parser):
            if name.endswith("Handler") and name != "ExternalEntityRefHandler":
                setattr(self._parser, name, None)

    def _run(self, pieces: list[bytes]) -> Batch:
        self._size[0] = 0
        need = error = None
        try:
            for index, piece in enumerate(pieces):
                self._parser.Parse(piece, self._final and index == len(pieces) - 1)
        except _NeedError:
            need = self._need
        except ParserFullError:
            raise
        except (
            expat.ExpatError,
            LookupError,
            ValueError,
        ):  # the last two: an encoding that Python lacks, or of many bytes
            error = self._error()
        taken = self._columns.take(self._skip)
        kinds = taken[0]
        self._skip = 0
        self._told += len(kinds)
        if self._pieces is not None:
            if need is None and ("S" in kinds or "A" in kinds):
                self._pieces = None
            elif self._prolog > MAX_HELD:
                raise ParserFullError(f"There is no element within {MAX_HELD} bytes, entities of the prolog included.")
        end = self._parser.CurrentByteIndex
        if error is None and self._fed - end > MAX_HELD and not self._final:
            raise ParserFullError(f"A tag, a comment or the like is longer than {MAX_HELD} bytes.")
        return Batch(*taken, end, need, error)

    def _error(self) -> dict[str, Any]:
        parser = self._parser
        return {
            "code": parser.ErrorCode,
            "message": expat.errors.messages.get(parser.ErrorCode, "error in the document"),
            "line": parser.ErrorLineNumber,
            "column": parser.ErrorColumnNumber,
            "byte": max(parser.ErrorByteIndex, 0),
        }

    # --- expat's side --------------------------------------------------------------------------------------------

    def _install(self, parser: expat.XMLParserType) -> None:
        """Have a parser tell this object."""
        parser.ordered_attributes = True
        parser.buffer_text = False
        if hasattr(parser, "SetReparseDeferralEnabled"):  # a piece's events are wanted with the piece
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler, parser.EndElementHandler = self._elements(parser)
        text, mark = self._texts(parser)
        instruct = text("P")
        parser.CharacterDataHandler = text("C")
        parser.ProcessingInstructionHandler = lambda target, data: instruct(target + _BETWEEN + data)
        parser.CommentHandler = text("M")
        parser.StartCdataSectionHandler = mark("[")
        parser.EndCdataSectionHandler = mark("]")
        if self._options.expand:
            parser.DefaultHandlerExpand = text("D")
        else:
            parser.DefaultHandler = text("D")
        if self._options.namespaces:
            parser.StartNamespaceDeclHandler = self._plain(parser, "N")
            parser.EndNamespaceDeclHandler = self._plain(parser, "n")
        self._install_declarations(parser)

    def _elements(self, parser: expat.XMLParserType) -> tuple[Callable[[str, list[str]], None], Callable[[str], None]]:
        """Return the handlers of elements' starts and ends."""
        columns, size = self._columns, self._size
        kind, place, add = columns.kinds.append, columns.places.append, columns.texts.append
        depth = 0

        def start(element: str, attributes: list[str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MAX_DEPTH:
                raise ParserFullError(f"Elements are nested more than {MAX_DEPTH} deep.")
            place(parser.CurrentByteIndex)
            add(element)
            if attributes:
                kind("A")
                pairs = _BETWEEN.join(attributes)
                size[0] += len(pairs)
                add(pairs)
            else:
                kind("S")
            size[0] += 2 * EVENT  # its end is an event, too
            if size[0] > MAX_TEXT:
                raise _too_large()

        def end(element: str) -> None:
            nonlocal depth
            depth -= 1
            kind("E")
            place(parser.CurrentByteIndex)
            add(element)

        return start, end

    def _texts(
        self, parser: expat.XMLParserType
    ) -> tuple[Callable[[str], Callable[[str], None]], Callable[[str], Callable[[], None]]]:
        """Return what makes handlers for a kind of event: of text, and of nothing at all."""
        columns, size = self._columns, self._size
        kind, place, add = columns.kinds.append, columns.places.append, columns.texts.append

        def text(letter: str) -> Callable[[str], None]:
            def told(data: str) -> None:
                kind(letter)
                place(parser.CurrentByteIndex)
                add(data)
                size[0] += len(data) + EVENT
                if size[0] > MAX_TEXT:
                    raise _too_large()

            return told

        def mark(letter: str) -> Callable[[], None]:
            def told() -> None:
                kind(letter)
                place(parser.CurrentByteIndex)
                size[0] += EVENT
                if size[0] > MAX_TEXT:
                    raise _too_large()

            return told

        return text, mark

    def _plain(self, parser: expat.XMLParserType, letter: str, *first: str) -> Callable[..., None]:
        """Return a handler for events that have values of their own."""

        def told(*values: Any) -> None:
            self._columns.add(letter, parser.CurrentByteIndex, *first, *values)
            self._size[0] += EVENT
            if self._size[0] > MAX_TEXT:
                raise _too_large()

        return told

    def _install_declarations(self, parser: expat.XMLParserType) -> None:
        wanted = self._options.handlers
        for kind, attribute in (
            ("Attlist", "AttlistDeclHandler"),
            ("Doctype", "StartDoctypeDeclHandler"),
            ("DoctypeFin", "EndDoctypeDeclHandler"),
            ("Element", "ElementDeclHandler"),
            ("Entity", "EntityDeclHandler"),
            ("Notation", "NotationDeclHandler"),
            ("Unparsed", "UnparsedEntityDeclHandler"),
            ("XMLDecl", "XmlDeclHandler"),
        ):
            if kind in wanted:
                setattr(parser, attribute, self._plain(parser, "X", kind))
        if "ExternEnt" in wanted:

            def refer(context: str | None, base: str | None, system: str | None, public: str | None) -> int:
                return self._refer(parser, context, (base, system, public))

            parser.ExternalEntityRefHandler = refer

    def _refer(
        self,
        parser: expat.XMLParserType,
        context: str | None,
        identity: tuple[str | None, str | None, str | None],
    ) -> int:
        if context is not None:
            if self._quiet:
                return 1
            part = parser.ExternalEntityParserCreate(context)
            entity = EventParser(self._options, self._keep, part, [*self._parents, parser])
            self._columns.add("R", parser.CurrentByteIndex, self._keep(entity), *identity)
            return 1
        if self._position == len(self._supplied):
            self._need = identity
            raise _NeedError
        content, base = self._supplied[self._position]
        self._position += 1
        if content is None:
            return 0
        part = parser.ExternalEntityParserCreate(None)
        self._parents.append(part)
        if base is not None:
            part.SetBase(base)
        self._install(part)
        self._columns.add("I", parser.CurrentByteIndex, self._position - 1)
        part.Parse(content, True)
        self._columns.kinds.append("F")
        self._columns.places.append(parser.CurrentByteIndex)
        return 1


def _too_large() -> ParserFullError:
    return ParserFullError(
        f"A piece of the document grew to more than {MAX_TEXT} characters, an event counted as {EVENT}; "
        "it may be built of entities that multiply."
    )
