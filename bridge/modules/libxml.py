"""Module ``libxml``: parsing and validation for Perl's XML::LibXML, by libxml2 itself through lxml.

A document comes as bytes and goes back as a tree's text; the tree itself, XPath and all changes live in the caller's
process, so nothing is kept here between calls. No file is opened and no address is fetched: what a document refers to
is asked for, and the caller decides. Needs the extra ``libxml``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from bridge.api import BridgeError, ErrorType, Module

__all__ = ["module"]

MAX_RESOURCES = 1000
"""Documents that one document may refer to."""

module = Module("libxml", "Parses and validates XML and HTML by libxml2, for XML::LibXML.")

Need = dict[str, Any]


@module.function
def parse(data: Any, options: dict[str, Any] = {}, resources: dict[str, Any] = {}, dtd: Any = None) -> Need:  # noqa: B006 - never changed
    """Parse an XML document.

    Args:
        data: bytes; a string stands for its UTF-8.
        options: how to parse; see ``Options`` in :mod:`bridge.modules._libxml_parse`.
        resources: address -> content of what the document refers to, ``null`` where there is none.
        dtd: an external subset to validate with; the document must have no DOCTYPE.

    Returns:
        ``need``: addresses and public identifiers to give and ask again with. Else ``problems``, and the tree; see
        ``read`` in :mod:`bridge.modules._libxml_parse`.
    """
    engine = _engine()
    known = _known(resources)
    return _tried(lambda: engine.read(_bytes(data), _options(options), known, None if dtd is None else _bytes(dtd)))


@module.function
def parse_html(data: Any, options: dict[str, Any] = {}) -> Need:  # noqa: B006 - never changed
    """Parse an HTML document; takes and returns what ``parse`` does, and never needs anything."""
    engine = _engine()
    return _tried(lambda: engine.read_html(_bytes(data), _options(options)))


@module.function
def validate(
    kind: Literal["schema", "relaxng"],
    schema: Any,
    data: Any = None,
    url: str | None = None,
    resources: dict[str, Any] = {},  # noqa: B006 - never changed
) -> Need:
    """Validate a document by a schema, or only look whether the schema is sound.

    Args:
        kind: the schema's language.
        schema: the schema's document, bytes as for ``parse``.
        data: the document, well-formed; ``null`` to look at the schema only.
        url: where the schema comes from.
        resources: address -> content of what the schema includes.

    Returns:
        ``need`` as ``parse``, else ``problems`` of the document and ``broken``: those of the schema.
    """
    engine = _engine()
    from bridge.modules import _libxml_schema as schemas
    from bridge.modules._libxml_resources import Resources

    given = Resources(_known(resources))
    try:
        validator = schemas.compiled(kind, _bytes(schema), url, given)
    except engine.BrokenError as error:
        return {"need": given.needed} if given.needed else {"broken": error.problems, "problems": []}
    if given.needed:
        return {"need": given.needed}
    if data is None:
        return {"broken": [], "problems": []}
    try:
        tree = engine.tree_of(_bytes(data), Resources({}))
    except engine.BrokenError as error:
        return {"broken": [], "problems": error.problems}
    return {"broken": [], "problems": schemas.check(validator, tree)}


def _engine() -> Any:
    try:
        from bridge.modules import _libxml_parse as engine
    except ImportError as error:
        raise BridgeError(
            ErrorType.FUNCTION_ERROR,
            f'XML::LibXML needs the extra "libxml" in the daemon\'s environment: pip install "cpanbridge[libxml]" '
            f"({error}).",
            exception="ImportError",
        ) from None
    return engine


def _options(options: dict[str, Any]) -> Any:
    engine = _engine()
    names = {field.name for field in engine.Options.__attrs_attrs__}
    if strange := sorted(set(options) - names):
        raise BridgeError(ErrorType.BAD_PARAMS, f"libxml: there are no options called {', '.join(strange)}.")
    flags = {name: bool(value) for name, value in options.items() if name not in {"encoding", "url"}}
    try:
        texts = msgspec.convert({name: options.get(name) for name in ("encoding", "url")}, dict[str, str | None])
    except msgspec.ValidationError as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"libxml: options: {error}") from None
    return engine.Options(**flags, **texts)


def _tried(work: Callable[[], Need]) -> Need:
    try:
        return work()
    except LookupError as error:  # lxml's word for an encoding that libxml2 lacks
        raise BridgeError(ErrorType.FUNCTION_ERROR, str(error), exception="LookupError") from None


def _known(resources: dict[str, Any]) -> dict[str, bytes | None]:
    if len(resources) > MAX_RESOURCES:
        raise BridgeError(ErrorType.BAD_PARAMS, f"libxml: more than {MAX_RESOURCES} resources.")
    return {url: None if content is None else _bytes(content) for url, content in resources.items()}


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise BridgeError(ErrorType.BAD_PARAMS, "libxml: documents must be strings or bytes.")
