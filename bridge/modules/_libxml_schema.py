"""Validation by XML Schema and RELAX NG.

libxml2 would open what a RELAX NG grammar includes without asking anybody. So the includes are carried out here, out of
what the caller sent, before libxml2 sees the grammar.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from lxml import etree

from bridge.modules._libxml_parse import BrokenError, Problem, problems, tree_of
from bridge.modules._libxml_resources import Resources

__all__ = ["check", "compiled"]

_RNG = "{http://relaxng.org/ns/structure/1.0}"

MAX_INCLUDES = 200
"""Grammars that one grammar may include; also stops those that include themselves."""

MAX_INCLUDED = 16 * 1024 * 1024
"""Bytes of all grammars that one grammar includes, each as often as it is included."""


def compiled(kind: str, data: bytes, url: str | None, resources: Resources) -> Any:
    """Make a validator.

    Args:
        kind: ``"schema"`` or ``"relaxng"``.
        data: the schema's document.
        url: where it comes from.
        resources: what it includes.

    Raises:
        BrokenError: it is no sound schema, or not all that it includes is there yet.
    """
    tree = tree_of(data, resources, url)
    try:
        if kind == "schema":
            return etree.XMLSchema(tree)
        _include(tree.getroot(), url or "", resources, [MAX_INCLUDES, MAX_INCLUDED])
        return etree.RelaxNG(tree)
    except (etree.XMLSchemaParseError, etree.RelaxNGParseError) as error:
        raise BrokenError(problems(error.error_log) or [_fault(str(error))]) from None


def _fault(text: str) -> Problem:
    return (18, 1, 3, 0, 0, text, None)


def check(validator: Any, tree: Any) -> list[Any]:
    """Return what is wrong with a document."""
    return [] if validator.validate(tree) else problems(validator.error_log)


def _include(node: Any, base: str, resources: Resources, left: list[int]) -> None:
    for found in list(node.iter(_RNG + "include", _RNG + "externalRef")):
        if left[0] == 0:
            raise BrokenError([_fault(f"More than {MAX_INCLUDES} grammars are included.")])
        left[0] -= 1
        url = urljoin(base, found.get("href", "").strip())
        content = resources.get(url)
        if content is None:
            raise BrokenError([_fault(f"xmlRelaxNG: could not load {url}")])
        left[1] -= len(content)
        if left[1] < 0:
            raise BrokenError([_fault(f"The grammars that are included have more than {MAX_INCLUDED} bytes.")])
        other = tree_of(content, resources, url).getroot()
        _include(other, url, resources, left)
        if found.tag == _RNG + "include":
            other = _overridden(found, other)
        elif "ns" in found.attrib and "ns" not in other.attrib:
            other.set("ns", found.get("ns"))
        other.tail = found.tail
        found.getparent().replace(found, other)


def _overridden(include: Any, grammar: Any) -> Any:
    """Return a grammar's content as a ``div``, without what the include defines anew."""
    anew = {(child.tag, child.get("name")) for child in include.iter(_RNG + "start", _RNG + "define")}
    for child in list(grammar.iter(_RNG + "start", _RNG + "define")):
        if (child.tag, child.get("name")) in anew and child.getparent() is not None:
            child.getparent().remove(child)
    grammar.tag = _RNG + "div"
    grammar.extend(list(include))
    return grammar
