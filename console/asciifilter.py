"""Turns everything that the console draws into ASCII, for terminals and locales that have no more.

The glyphs of our own widgets are ASCII then by choice (``console.format.ASCII``); this is for the rest: scroll bars,
notices, the palette, and names that clients gave themselves.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

__all__ = ["AsciiFilter", "to_ascii"]

_DRAWN = {
    "-": "─━═╌┄▁▔",
    "|": "│┃║▌▐▏▕▎▊",
    "+": "╭╮╰╯┌┐└┘├┤┬┴┼",
    "#": "█▓▒░▀▄▂▃▅▆▇▉▋▍",
    ".": "·•…",
    "<": "◂◀←",
    ">": "▸▶→",
    "^": "▲↑",
    "v": "▼↓",
    '"': "“”",
    "'": "\u2018\u2019",
    " ": "\xa0",
}
_TABLE = {ord(char): plain for plain, chars in _DRAWN.items() for char in chars}


def to_ascii(text: str) -> str:
    """Return a text of as many cells in ASCII: what has no likeness becomes question marks."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in text.translate(_TABLE))


class AsciiFilter(LineFilter):
    """Applies :func:`to_ascii` to every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII, with their styles."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
