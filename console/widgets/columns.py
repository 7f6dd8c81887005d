"""Which columns of a table fit a width, and where they are.

Pure. Columns that do not fit are left out, never scrolled: what an operator sees is whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from console.format import Align

__all__ = ["Column", "Placed", "TableRow", "lay_out"]

MIN_GROW = 4
"""Cells that a growing column keeps when not even the columns that are never dropped fit."""


@attrs.frozen
class Column:
    """One column.

    Attributes:
        width: in cells; for a growing column the least.
        grow: takes the width that is left over. One column of a table may.
        priority: 1 is never dropped; where the width does not suffice the highest number goes first, and of equal ones
            the rightmost.
    """

    key: str
    title: str
    width: int
    align: Align = "left"
    grow: bool = False
    priority: int = 2


@attrs.frozen
class TableRow:
    """One row.

    Attributes:
        key: never shared by two rows; of two that have it the first is kept.
        cells: one text for each column, as foreign as can be.
        style: ``violation``, ``warning``, ``ok``, ``dim``, ``title`` or nothing.
    """

    key: str
    cells: tuple[str, ...]
    style: str = ""


Placed = tuple[int, Column, int, int]
"""A column that is shown: the place of its text in a row's cells, the column, its first cell, its width."""


def lay_out(columns: Sequence[Column], width: int) -> list[Placed]:
    """Choose the columns that fit, a blank before each, and give what is left to the one that grows."""
    kept = list(enumerate(columns))
    while sum(column.width + 1 for _, column in kept) > width:
        candidates = [place for place, (_, column) in enumerate(kept) if column.priority > 1]
        if not candidates:
            break
        del kept[max(candidates, key=lambda place: (kept[place][1].priority, place))]
    left = width - sum(column.width + 1 for _, column in kept)
    shown: list[Placed] = []
    start = 1
    for at, column in kept:
        column_width = column.width
        if column.grow:
            column_width = max(min(MIN_GROW, column_width), column_width + left)
            left = 0
        shown.append((at, column, start, column_width))
        start += column_width + 1
    return shown
