"""Tables of plain text: aligned, in terminal cells, as wide as the screen and no wider where that can be helped.

Pure. Foreign texts are made safe here, so that no caller can forget it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bridge.text import printable

__all__ = ["LEVEL_STYLES", "Column", "cell_width", "fit", "lay_out", "paint"]

GAP = "  "

NARROWEST = 8
"""Cells that remain of an elastic column, however narrow the screen."""

LONGEST_NAME, LONGEST_TEXT = 200, 10_000
"""Characters kept of an elastic cell, and of another one: entries of a journal are wanted whole."""

LEVEL_STYLES = {"warning": "1;33", "draining": "1;33", "violation": "1;31", "title": "1"}
"""ANSI attributes by level: bold yellow, bold red, bold. What they say is always said in words, too."""


class Column(NamedTuple):
    """One column.

    Attributes:
        title: its head, with the unit.
        right: align to the right, as numbers are.
        elastic: its texts may be cut where the screen is too narrow.
        rank: columns of the highest rank are left out first where that is not enough; those of rank 0 never.
    """

    title: str
    right: bool = False
    elastic: bool = False
    rank: int = 0


def cell_width(text: str) -> int:
    """Return how many cells of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(char) in {"Mn", "Me"} else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return a printable text in exactly ``width`` cells; an ellipsis stands for what was cut."""
    have = cell_width(text)
    if have > width:
        kept = ""
        have = 0
        for char in text:
            wide = cell_width(char)
            if have + wide > width - 1:
                break
            kept += char
            have += wide
        text, have = kept + "…", have + 1
    blanks = " " * (width - have)
    return blanks + text if right else text + blanks


def paint(text: str, level: str, *, colour: bool) -> str:
    """Return ``text`` in the colour of a level, where there are colours; of any other word: as it is."""
    style = LEVEL_STYLES.get(level) if colour else None
    return f"\x1b[{style}m{text}\x1b[0m" if style else text


def lay_out(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    width: int | None = None,
    colour: bool = False,
    levels: Sequence[str] = (),
) -> list[str]:
    """Return a table's lines, its head first.

    Args:
        rows: texts, one for each column; control characters are spelled out.
        width: cells of the screen; ``None`` for as wide as it gets. The last column is never padded.
        levels: a level for each row, which gives it its colour.
    """
    safe = [
        [
            printable(text, LONGEST_NAME if column.elastic else LONGEST_TEXT)
            for text, column in zip(row, columns, strict=True)
        ]
        for row in rows
    ]
    needed = [
        max([cell_width(column.title), *(cell_width(row[number]) for row in safe)])
        for number, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    if width is not None:
        shown = _shrink(columns, needed, width)
    lines = [paint(_line([columns[at].title for at in shown], shown, columns, needed), "title", colour=colour)]
    for number, row in enumerate(safe):
        line = _line([row[at] for at in shown], shown, columns, needed)
        lines.append(paint(line, levels[number] if levels else "", colour=colour))
    return lines


def _line(texts: list[str], shown: list[int], columns: Sequence[Column], needed: list[int]) -> str:
    return GAP.join(
        fit(text, needed[at], right=columns[at].right) for text, at in zip(texts, shown, strict=True)
    ).rstrip()


def _shrink(columns: Sequence[Column], needed: list[int], width: int) -> list[int]:
    """Return the columns to be shown, and make ``needed`` of the elastic ones small enough for them."""
    shown = list(range(len(columns)))
    elastic = [at for at in shown if columns[at].elastic]
    least = {at: min(needed[at], 2 * NARROWEST) for at in elastic}

    def excess(sizes: dict[int, int]) -> int:
        total = sum(sizes.get(at, needed[at]) for at in shown) + len(GAP) * (len(shown) - 1)
        return total - width

    while excess(least) > 0 and any(columns[at].rank for at in shown):
        shown.remove(max(shown, key=lambda at: (columns[at].rank, at)))
    while excess({}) > 0:
        widest = max((at for at in elastic if at in shown), key=lambda at: needed[at], default=None)
        if widest is None or needed[widest] <= NARROWEST:
            break
        needed[widest] -= 1
    return shown
