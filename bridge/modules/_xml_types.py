"""What is said to a parser of XML, and what it answers."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["DECLARATIONS", "Batch", "Options", "ParserFullError"]

DECLARATIONS = frozenset(
    {"Attlist", "Doctype", "DoctypeFin", "Element", "Entity", "ExternEnt", "Notation", "Unparsed", "XMLDecl"}
)
"""Events that are only told of when asked for; otherwise the text of a declaration goes to ``D`` events."""


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
    """What one piece gave, in columns: there are many events, and a list for each costs more than all else.

    Attributes:
        kinds: a letter for each event: ``S`` start of an element, ``A`` the same with attributes, ``E`` end, ``C``
            text, ``D`` what has no kind of its own, ``M`` comment, ``P`` processing instruction, ``[`` and ``]`` around
            a CDATA section, ``N`` and ``n`` begin and end of a namespace's declaration, ``R`` reference to an external
            entity, ``I`` and ``F`` around what comes from a parameter entity, ``X`` one of :data:`DECLARATIONS`.
        start: position of the first event in bytes.
        places: positions of the events, counted from there, as integers of four bytes in the machine's order.
        texts: strings joined with NUL, in the order of events: an element's name, after that for ``A`` the names and
            values of attributes joined with U+0001, text, a comment, target and data joined with U+0001. Neither
            character can be in a document. A name in a namespace is both, joined with U+001F.
        others: values of the other kinds, a list for each event but ``F``: prefix and namespace; number, base, system
            and public identifier of an entity; number of what was supplied; name and values of a declaration.
        end: position of the first byte that is no part of any event.
        need: base, system and public identifier of a parameter entity that must be supplied first.
        error: what is wrong with the document: code, message, line (from 1), column (from 0), byte.
    """

    kinds: str
    start: int
    places: bytes
    texts: str
    others: list[list[Any]]
    end: int
    need: tuple[str | None, str | None, str | None] | None = None
    error: dict[str, Any] | None = None
