"""Parsing and validating with lxml. A tree goes to the caller as the text that libxml2 writes of it.

That text is the most compact form of a tree, and all that parsing did to the document is in it: entities replaced,
attributes added from the DTD, what could be recovered. It is UTF-8, with every attribute in double quotes and every
special character escaped, so that the caller's reader of it needs to know none of XML's other freedoms.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import unescape  # of strings only

import attrs
from lxml import etree

from bridge.modules._libxml_resources import Resources

__all__ = ["BrokenError", "Options", "Problem", "problems", "read", "read_html", "tree_of"]

MAX_PROBLEMS = 100
"""Errors of one document that are told."""

_VALIDITY = "cpanbridge:dtd"
"""The address under which a DTD that the caller chose is known."""

Problem = tuple[int, int, int, int, int, str, str | None]


@attrs.frozen(kw_only=True)
class Options:
    """How to parse; the names are those of XML::LibXML's options.

    Attributes:
        recover: make the best of a document with errors.
        expand_entities: replace references to entities; otherwise they stay in the tree.
        load_ext_dtd: ask for the external subset of the DTD.
        complete_attributes: add the DTD's default attributes.
        validation: validate with the DTD while parsing.
        no_blanks: drop text of white space that can be no content.
        clean_namespaces: drop declarations of namespaces that hold already.
        no_cdata: make CDATA sections plain text.
        line_numbers: tell the line of each element.
        huge: take texts of more than 10 MB, and elements 2048 deep instead of 256. Limits stay where a document could
            declare entities: it has a DOCTYPE, or an encoding that could hide one.
        no_defdtd: give HTML that has no DOCTYPE none.
        encoding: overrides what the document says.
        url: where the document comes from; what it refers to is relative to this.
    """

    recover: bool = False
    expand_entities: bool = True
    load_ext_dtd: bool = False
    complete_attributes: bool = False
    validation: bool = False
    no_blanks: bool = False
    clean_namespaces: bool = False
    no_cdata: bool = False
    line_numbers: bool = False
    huge: bool = False
    no_defdtd: bool = False
    encoding: str | None = None
    url: str | None = None


class BrokenError(Exception):
    """A document that was to be used is none.

    Attributes:
        problems: what is wrong with it.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0][5])
        self.problems = problems


def tree_of(data: bytes, resources: Resources, url: str | None = None) -> Any:
    """Parse an auxiliary document, a schema for instance.

    Raises:
        BrokenError: it is not well-formed.
    """
    parser = resources.attached(etree.XMLParser(resolve_entities=True, no_network=True))
    try:
        return etree.parse(io.BytesIO(data), parser, base_url=url)
    except etree.XMLSyntaxError as error:
        raise BrokenError(problems(parser.error_log) or [(1, 1, 3, 0, 0, str(error), url)]) from None


def read(data: bytes, options: Options, known: Mapping[str, bytes | None], dtd: bytes | None = None) -> dict[str, Any]:
    """Parse an XML document.

    Args:
        data: the document.
        options: how to parse it.
        known: the content of what it refers to.
        dtd: validate with this external subset. The document must then have no DOCTYPE of its own.

    Returns:
        ``need`` alone where something is missing. Otherwise ``problems``, and unless the document is beyond recovery:
        ``text``, ``version``, ``encoding``, ``standalone`` (``None`` where nothing is said), ``entities`` (name and
        content of the general ones), ``ids`` (element and attribute, declared as ID), ``defaults`` (element, attribute
        and its default value) and on request ``lines``.
    """
    if dtd is not None:
        known = {**known, _VALIDITY: dtd}
        data = _with_doctype(data)
    resources = Resources(known)
    # What is replaced in text is decided by one switch; without the other, entities' declarations are not read.
    parser = resources.attached(
        etree.XMLParser(
            encoding=options.encoding,
            attribute_defaults=options.complete_attributes,
            dtd_validation=options.validation or dtd is not None,
            load_dtd=options.load_ext_dtd or dtd is not None,
            no_network=True,
            ns_clean=options.clean_namespaces,
            recover=options.recover,
            huge_tree=options.huge and dtd is None and _declares_nothing(data, options.encoding),
            remove_blank_text=options.no_blanks,
            resolve_entities=options.expand_entities,
            strip_cdata=options.no_cdata,
        )
    )
    return _read(data, parser, resources, options)


_ENCODING = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"']*)["'][^>]*\?>""")

_LIKE_ASCII = re.compile(r"utf-?8|us-ascii|iso-8859-\d+|windows-125\d", re.IGNORECASE)


def _declares_nothing(data: bytes, encoding: str | None) -> bool:
    """Whether it is certain that a document has no DOCTYPE, so that libxml2's guards against entities may rest."""
    if b"\0" in data[:4] or not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    declaration = data[: data.find(b"?>") + 2] if data.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml") else b""
    declared = _ENCODING.fullmatch(declaration)
    if declared is None and b"encoding" in declaration:
        return False
    names = [encoding] if encoding is not None else []
    if declared is not None:
        names.append(declared[1].decode("latin-1"))
    return all(_LIKE_ASCII.fullmatch(name) for name in names) and b"<!DOCTYPE" not in data


def read_html(data: bytes, options: Options) -> dict[str, Any]:
    """Parse an HTML document; returns what :func:`read` does."""
    resources = Resources({})
    parser = resources.attached(
        etree.HTMLParser(
            encoding=options.encoding,
            remove_blank_text=options.no_blanks,
            no_network=True,
            recover=True,  # the errors are told; it is the caller who takes them for fatal
            default_doctype=not options.no_defdtd,
            huge_tree=False,
        )
    )
    return _read(data, parser, resources, options)


def _read(data: bytes, parser: Any, resources: Resources, options: Options) -> dict[str, Any]:
    tree = failure = None
    try:
        tree = etree.parse(io.BytesIO(data), parser, base_url=options.url)
    except etree.XMLSyntaxError as error:
        failure = error
    if resources.needed:
        return {"need": resources.needed}
    answer: dict[str, Any] = {"problems": problems(parser.error_log)}
    if failure is not None and not answer["problems"]:
        answer["problems"] = [(1, failure.code or 1, 3, failure.position[0] or 0, 0, str(failure.msg), None)]
    if tree is not None and tree.getroot() is not None:
        answer |= _told(tree, resources, options)
    elif failure is None and not answer["problems"]:
        answer["problems"] = [(1, 4, 3, 1, 1, "Document is empty", None)]
    return answer


def _told(tree: Any, resources: Resources, options: Options) -> dict[str, Any]:
    info = tree.docinfo
    dtds = [dtd for dtd in (info.internalDTD, info.externalDTD) if dtd is not None]
    text = _text(tree)
    declared = [*_declared_inside(text), *(_declared(info.externalDTD) if info.externalDTD is not None else [])]
    entities = [entity for dtd in dtds for entity in dtd.iterentities() if entity.name]
    answer: dict[str, Any] = {
        "version": info.xml_version,
        "encoding": info.encoding,
        "standalone": info.standalone,
        "entities": [
            (entity.name, entity.content) for entity in entities if entity.content is not None and not entity.system_url
        ],
        "ids": [(element, name) for element, name, kind, _ in declared if kind == "id"],
        "defaults": [(element, name, value) for element, name, _, value in declared if value is not None],
    }
    if options.line_numbers:
        answer["lines"] = [node.sourceline or 0 for node in tree.getroot().iter(tag=etree.Element)]
    external = [(entity.name, entity.system_url) for entity in entities if entity.system_url]
    answer["text"] = resources.with_references(text, external)
    return answer


def _declared(dtd: Any) -> Iterable[tuple[str, str, str, str | None]]:
    """Give the attributes that a DTD declares: element, name, type and default value."""
    for element in dtd.iterelements():
        for attribute in element.iterattributes():
            name = f"{attribute.prefix}:{attribute.name}" if attribute.prefix else attribute.name
            yield element.name, name, attribute.type, attribute.default_value


_ATTLIST = re.compile(
    r"""<!ATTLIST\ (\S+)\ (\S+)\ (\w+|NOTATION\ \([^)]*\)|\([^)]*\))  # element, name, type
        (?:\ \#(?:REQUIRED|IMPLIED)|(?:\ \#FIXED)?\ (?:"([^"]*)"|'([^']*)'))>""",
    re.VERBOSE,
)


def _declared_inside(text: bytes) -> Iterable[tuple[str, str, str, str | None]]:
    """Give those of the internal subset. lxml leaves out what belongs to elements that are not declared themselves."""
    subset = _DOCTYPE.search(text)
    for found in _ATTLIST.finditer(subset[0].decode() if subset else ""):
        element, name, kind, value, other = found.groups()
        value = other if value is None else value
        yield element, name, kind.lower(), None if value is None else _plain(value)


def _plain(value: str) -> str:
    """Take libxml2's escapes out of a default value."""
    return unescape(value, {"&quot;": '"', "&#10;": "\n", "&#9;": "\t", "&#13;": "\r"})


def _text(tree: Any) -> bytes:
    """Write a tree down."""
    dtd = tree.docinfo.internalDTD
    if dtd is not None and dtd.name != etree.QName(tree.getroot()).localname:
        return _doctype_of_another(tree) + _written(tree)
    return _written(tree)


def _doctype_of_another(tree: Any) -> bytes:
    """Write the DOCTYPE that names another element than the root, which lxml leaves out."""
    root, tag = tree.getroot(), tree.getroot().tag
    try:
        root.tag = tree.docinfo.internalDTD.name
    except ValueError:  # lxml does not like every name
        return f"{tree.docinfo.doctype}\n".encode()
    try:
        found = _DOCTYPE.search(etree.tostring(tree, encoding="UTF-8", xml_declaration=False))
    finally:
        root.tag = tag
    return found[0] + b"\n" if found else b""


_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(?:\[.*?(?:\n|\?>)\])?>", re.DOTALL)


def _written(tree: Any) -> bytes:
    text: bytes = etree.tostring(tree, encoding="UTF-8", xml_declaration=False)
    if not (tree.docinfo.public_id or tree.docinfo.system_url or "").lower().count("xhtml"):
        return text
    # libxml2 writes by the rules of XHTML what has such a DOCTYPE, and even adds elements: take it away for writing.
    doctype = _DOCTYPE.search(text)
    tree.docinfo.clear()
    text = etree.tostring(tree, encoding="UTF-8", xml_declaration=False)
    return doctype[0] + b"\n" + text if doctype else text


_ROOT = re.compile(rb"<([^\s/>!?&<]+)")


def _with_doctype(data: bytes) -> bytes:
    """Put a DOCTYPE before the root element of a document that was written by libxml2's rules."""
    at = 0
    while at < len(data):
        if data.startswith(b"<!--", at):
            at = data.index(b"-->", at) + 3
        elif data.startswith(b"<?", at):
            at = data.index(b"?>", at) + 2
        elif found := _ROOT.match(data, at):
            name = found[1]
            return data[:at] + b"<!DOCTYPE " + name + b' SYSTEM "' + _VALIDITY.encode() + b'">' + data[at:]
        else:
            at += 1
    return data


def problems(log: Iterable[Any]) -> list[Problem]:
    """Return the entries of an error log: domain, code, level, line, column, message, file."""
    told: list[Problem] = []
    for entry in log:
        name = None if entry.filename in {None, "", "<string>"} else entry.filename
        told.append((entry.domain, entry.type, entry.level, entry.line, entry.column, entry.message, name))
        if len(told) == MAX_PROBLEMS:
            break
    return told
