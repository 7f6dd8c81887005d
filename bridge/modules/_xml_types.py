"""What is said to a parser of XML, and what it answers."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["DECLARATIONS", "Batch", "Event", "Options", "ParserFullError"]

DECLARATIONS = frozenset(
    {"Attlist", "Doctype", "DoctypeFin", "Element", "Entity", "ExternEnt", "Notation", "Unparsed", "XMLDecl"}
)
"""Events that are only told of when asked for; otherwise the text of a declaration goes to ``D`` events."""

Event = list[Any]
"""Kind, position in bytes, and what belongs to that kind."""


class ParserFullError(ValueError):
    """A batch would become larger than any sound document makes it."""


@attrs.frozen
class Options:
    """How to parse.

    Attributes:
        encoding: overrides what the document says.
        namespaces: resolve prefixes; names come as ``[namespace, name]``.
        expand: replace references to internal entities in the content; otherwise they are ``D`` events.
        parameter_entities: ask for external parameter entities and the external subset.
        base: what system identifiers are relative to; goes back as it came.
        handlers: of :data:`DECLARATIONS`.
    """

    encoding: str | None = None
    namespaces: bool = False
    expand: bool = True
    parameter_entities: bool = False
    base: str | None = None
    handlers: frozenset[str] = frozenset()


@attrs.frozen
class Batch:
    """What one piece gave.

    Attributes:
        events: each a list: kind, position in bytes, what belongs to it.
        end: position of the first byte that is no part of any event.
        need: base, system and public identifier of a parameter entity that must be supplied first.
        error: what is wrong with the document: code, message, line (from 1), column (from 0), byte.
    """

    events: list[Event]
    end: int
    need: tuple[str | None, str | None, str | None] | None = None
    error: dict[str, Any] | None = None
