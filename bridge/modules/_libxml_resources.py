"""What a document refers to, as the caller gave it: lxml is never left to look for anything itself.

A resolver answers every request. What it was not given it notes and answers as empty; the caller is then told what is
needed and asks again with it, until nothing is missing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

__all__ = ["Resources"]


class Resources(etree.Resolver):
    """Answers a parser's requests out of what the caller sent.

    Args:
        known: address -> content, ``None`` where the caller has none or will not give it.

    Attributes:
        needed: what was asked for and is not in ``known``: address, public identifier.
    """

    def __init__(self, known: Mapping[str, bytes | None]) -> None:
        self._known = known
        self._mark = "refused-" + secrets.token_hex(8)
        self._refused: list[str] = []
        self.needed: list[tuple[str, str | None]] = []

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        """Give lxml the content; never ``None``, which would send it to the file system.

        What the caller will not give becomes a processing instruction, which is allowed wherever entities are; it
        keeps the place for :meth:`with_references`.
        """
        url = system_url or ""
        content = self.get(url, public_id)
        if content is None:
            self._refused.append(url)
            content = f"<?{self._mark} {len(self._refused) - 1}?>".encode()
        return self.resolve_string(content, context, base_url=system_url)

    def with_references(self, text: bytes, entities: Iterable[tuple[str, str]]) -> bytes:
        """Put references in the places of entities that were refused.

        Args:
            text: a document as lxml wrote it.
            entities: name and system identifier of the external ones.
        """
        if not self._refused:
            return text
        known = list(entities)

        def reference(match: re.Match[bytes]) -> bytes:
            url = self._refused[int(match[1])]
            for name, system in known:
                if url == system or url.endswith("/" + system.removeprefix("./")):
                    return f"&{name};".encode()
            return b""

        mark = re.compile(rb"<\?" + self._mark.encode() + rb" (\d+)\?>\n?")
        subset = re.match(rb".*?<!DOCTYPE[^\[>]*\[.*?(?:\n|\?>)\]>", text, re.DOTALL)
        start = mark.sub(b"", subset[0]) if subset else b""
        return start + mark.sub(reference, text[len(subset[0]) if subset else 0 :])

    def get(self, url: str, public_id: str | None = None) -> bytes | None:
        """Return the content of an address, or note that it is needed."""
        if url in self._known:
            return self._known[url]
        if (url, public_id) not in self.needed:
            self.needed.append((url, public_id))
        return None

    def attached(self, parser: Any) -> Any:
        """Have a parser ask here, and return it."""
        parser.resolvers.add(self)
        return parser
