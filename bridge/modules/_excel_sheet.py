"""XlsxWriter's worksheet, with short ways for what nearly all cells are: numbers and texts, a row at a time.

XlsxWriter takes every cell with one call and writes it with several more. Here a run of values is checked and kept with
a few calls, and a row's cells are one text. What is rare goes XlsxWriter's own way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import msgspec
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

__all__ = ["NEEDS_CARE", "Sheet"]

_NUMBERS = frozenset({int, float})
_TEXTS = frozenset({str})
_PLAIN = _NUMBERS | _TEXTS

_LONG = 16_383
"""Characters of a text that Excel takes for sure: it takes 32767 units of UTF-16, and a character has one or two."""

_EXACT = 10**15
"""Integers below are written as they are; from here on XlsxWriter rounds, and writes an exponent."""

NEEDS_CARE = re.compile(r'[\x00-\x1f"&<>_\ufffe\uffff]|\A\s|\s\Z')
"""What a text has that is not written as it is. It finds a few too many, which are left to XlsxWriter as well."""


class Number(msgspec.Struct, gc=False):
    """A cell, with the attributes and the class's name of XlsxWriter's own.

    There may be millions, and they are in no circles: the garbage collector need not look at them again and again.
    """

    number: int | float
    format: Format | None


class String(msgspec.Struct, gc=False):
    """The same; ``string`` is the text's place among the shared ones, or the text itself where rows go to disk."""

    string: int | str
    format: Format | None


_names = [xl_col_to_name(column) for column in range(256)]


def _names_up_to(column: int) -> list[str]:
    while len(_names) <= column:
        _names.append(xl_col_to_name(len(_names)))
    return _names


class Sheet(Worksheet):  # type: ignore[misc]
    """A worksheet whose plain cells come and go by rows."""

    previous_row: int

    def put(self, row: int, column: int, values: Sequence[Any], forms: list[Format | None]) -> bool:
        """Write numbers and texts side by side, from a cell on.

        Args:
            row, column: of the first.
            values: the cells', and a list in front of those that have another format than the ones before.
            forms: the format of the first cells, and one more for each of these lists.

        Returns:
            whether that was done. If not, nothing was: there is something else among the values, or a place where no
            cell can be, and the caller is to write them one by one.
        """
        kinds = set(map(type, values))
        kinds.discard(list)
        end = column + len(values) - len(forms) + 1
        if (
            not kinds <= _PLAIN
            or not (0 <= row < self.xls_rowmax and 0 <= column < end <= self.xls_colmax)
            or (str in kinds and max(len(value) for value in values if value.__class__ is str) > _LONG)
            or (self.constant_memory and row < self.previous_row)
        ):
            return False
        if self.dim_rowmin is None or not (
            self.dim_rowmin <= row <= self.dim_rowmax and self.dim_colmin <= column and end <= self.dim_colmax + 1
        ):
            self._check_dimensions(row, column)
            self._check_dimensions(row, end - 1)
        if self.constant_memory and row > self.previous_row:
            self._write_single_row(row)
        kept = str if self.constant_memory else self.str_table._get_shared_string_index  # noqa: SLF001 - as it does
        cells = self.table[row]
        if len(forms) > 1:
            following = iter(forms)
            form = next(following)
            for value in values:
                if value.__class__ is list:
                    form = next(following)
                    continue
                cells[column] = String(kept(value), form) if value.__class__ is str else Number(value, form)
                column += 1
        elif kinds <= _NUMBERS:
            cells.update(zip(range(column, end), map(Number, values, repeat(forms[0])), strict=False))
        elif kinds == _TEXTS:
            cells.update(zip(range(column, end), map(String, map(kept, values), repeat(forms[0])), strict=False))
        else:
            for place, value in enumerate(values, column):
                cells[place] = String(kept(value), forms[0]) if value.__class__ is str else Number(value, forms[0])
        return True

    def _write_single_row(self, current_row_num: int = 0) -> None:
        row = self.previous_row
        if cells := self.table.get(row):
            self.previous_row = current_row_num
            self._write_full_row(row, None, cells)
            self.table.clear()
        else:
            super()._write_single_row(current_row_num)

    def _write_rows(self) -> None:
        self._calculate_spans()
        spans = self.row_spans
        for row in range(self.dim_rowmin, self.dim_rowmax + 1):
            if cells := self.table.get(row):
                self._write_full_row(row, spans.get(row // 16), cells)
            elif row in self.row_info or row in self.comments:
                self._write_empty_row(row, spans.get(row // 16), self.row_info.get(row))

    def _calculate_spans(self) -> None:
        """Find the first and the last column of every 16 rows."""
        spans: dict[int, tuple[int, int]] = {}
        for rows in (self.table, self.comments):
            for row, cells in rows.items():
                if cells and self.dim_rowmin <= row <= self.dim_rowmax:
                    first, last = spans.get(row // 16, (self.xls_colmax, -1))
                    spans[row // 16] = min(first, *cells), max(last, *cells)
        self.row_spans = {block: f"{first + 1}:{last + 1}" for block, (first, last) in spans.items()}

    def _write_full_row(self, row: int, span: str | None, cells: dict[int, Any]) -> None:
        self._write_row(row, span, self.row_info.get(row))
        info = self.row_info.get(row)
        of_row = info.row_format if info else None
        of_columns = self.col_info
        inline = self.constant_memory
        line = str(row + 1)
        columns = sorted(cells)
        names = _names_up_to(columns[-1])
        styled: Format | None = None
        style = ""
        out: list[str] = []
        for column in columns:
            cell = cells[column]
            kind = cell.__class__
            if kind is Number or kind is String:
                form = cell.format or of_row
                if form is None and column in of_columns:
                    form = of_columns[column].column_format
                if form is not styled:
                    styled = form
                    style = f' s="{form._get_xf_index()}"' if form else ""  # noqa: SLF001 - as XlsxWriter does
                if kind is Number:
                    value = cell.number
                    if value.__class__ is not int or not -_EXACT < value < _EXACT:
                        value = f"{value:.16G}"
                    out.append(f'<c r="{names[column]}{line}"{style}><v>{value}</v></c>')
                    continue
                text = cell.string
                if not inline:
                    out.append(f'<c r="{names[column]}{line}"{style} t="s"><v>{text}</v></c>')
                    continue
                if not NEEDS_CARE.search(text):
                    out.append(f'<c r="{names[column]}{line}"{style} t="inlineStr"><is><t>{text}</t></is></c>')
                    continue
            self.fh.write("".join(out))
            out.clear()
            self._write_cell(row, column, cell)
        out.append("</row>")
        self.fh.write("".join(out))
