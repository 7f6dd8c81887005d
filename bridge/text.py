"""Foreign text made fit for a terminal: client names, function names, error messages, operators' reasons.

Pure. A terminal acts on control characters, so whoever names a Perl program could otherwise clear an operator's
screen or forge a line of it. Everything that is not a visible character or a plain blank is spelled out.
"""

from __future__ import annotations

import unicodedata

__all__ = ["clip", "printable"]

MAX_LENGTH = 200
"""Longest text kept, in characters: enough to recognise anything by, short enough for ten thousand rows of them."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are spelled out: controls, invisible marks (bidi controls among them), halves of surrogate
pairs, private and unassigned characters, line and paragraph separators."""


def printable(text: str, longest: int = MAX_LENGTH) -> str:
    r"""Return ``text`` with everything invisible spelled out (``\\x1b``, ``\\u202e``), at most ``longest`` long.

    Combining marks are kept as far as two of them stand on one letter; a pile of them would cover other lines.
    """
    if text.isascii() and text.isprintable():
        return clip(text, longest)
    safe: list[str] = []
    marks = 0
    for char in text[: longest + 1]:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in _HIDDEN or marks > 2 or (category == "Zs" and char != " "):
            safe.append(char.encode("unicode_escape").decode("ascii"))
        else:
            safe.append(char)
    return clip("".join(safe), longest)


def clip(text: str, longest: int) -> str:
    """Return at most ``longest`` characters of ``text``; an ellipsis stands for the rest."""
    return text if len(text) <= longest else text[: max(0, longest - 1)] + "…"
