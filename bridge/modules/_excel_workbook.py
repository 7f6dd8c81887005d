"""XlsxWriter's workbook, with the short ways of :mod:`bridge.modules._excel_sheet`, if they write what it writes.

They reach into XlsxWriter, which may change there. So one small workbook is made both ways before the first one of a
caller's: if the files differ, all workbooks are made by XlsxWriter alone, which only takes longer.
"""

from __future__ import annotations

import functools
import io
import zipfile
from datetime import UTC, datetime
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.packager import Packager
from xlsxwriter.sharedstrings import SharedStrings

from bridge.modules._excel_sheet import NEEDS_CARE, Sheet

__all__ = ["FastWorkbook", "make_workbook"]

_AT_ONCE = 1000
"""Shared texts that are written together."""


class _SharedStrings(SharedStrings):  # type: ignore[misc]
    def _write_sst_strings(self) -> None:
        texts = self.string_table.string_array
        for start in range(0, len(texts), _AT_ONCE):
            out: list[str] = []
            for text in texts[start : start + _AT_ONCE]:
                if not NEEDS_CARE.search(text):
                    out.append(f"<si><t>{text}</t></si>")
                    continue
                self.fh.write("".join(out))
                out.clear()
                self._write_si(text)
            self.fh.write("".join(out))


class _Packager(Packager):  # type: ignore[misc]
    def _write_shared_strings_file(self) -> None:
        texts = self.workbook.str_table
        if texts.count:
            writer = _SharedStrings()
            writer.string_table = texts
            writer._set_xml_writer(self._filename("xl/sharedStrings.xml"))  # noqa: SLF001 - as XlsxWriter does
            writer._assemble_xml_file()  # noqa: SLF001 - the same


class FastWorkbook(Workbook):  # type: ignore[misc]
    """A workbook whose worksheets are :class:`Sheet`."""

    worksheet_class = Sheet

    def _get_packager(self) -> Packager:
        return _Packager()


def make_workbook(file: IO[bytes], options: dict[str, Any]) -> Workbook:
    """Return a new workbook; the arguments are XlsxWriter's."""
    return FastWorkbook(file, options) if _agree() else Workbook(file, options)


@functools.cache
def _agree() -> bool:
    """Whether both ways lead to the same files."""
    try:
        return all(_sample(FastWorkbook, constant) == _sample(Workbook, constant) for constant in (False, True))
    except (LookupError, TypeError, ValueError, AttributeError, XlsxWriterException):
        return False


def _sample(kind: type[Workbook], constant: bool) -> dict[str, bytes]:
    """Return the parts of a file that has a cell of each kind."""
    file = io.BytesIO()
    book = kind(file, {"constant_memory": constant, "in_memory": not constant})
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
    bold, red = book.add_format({"bold": True}), book.add_format({"font_color": "red"})
    sheet = book.add_worksheet()
    sheet.set_column(2, 3, 12, red)
    sheet.set_row(1, 30, bold)
    sheet.set_row(40, None, None, {"hidden": True})
    rows: list[list[Any]] = [[1, -2.5, 1e300, 10**15, 0.1, "a", " b", "c & d", "_x0041_"], ["a", "ä", "", "x\ty", 3]]
    for form in (None, bold):
        for values in rows:
            row, column = (1 if form else 0), (20 if len(values) == 5 else 0)
            if not isinstance(sheet, Sheet) or not sheet.put(row, column, values, [form]):
                for place, value in enumerate(values, column):
                    (sheet.write_string if isinstance(value, str) else sheet.write_number)(row, place, value, form)
    sheet.write_blank(2, 1, None, bold)
    sheet.write_boolean(2, 2, True)
    sheet.write_formula(2, 3, "=A1", None, 1)
    sheet.write_rich_string(2, 4, "plain", bold, "bold")
    sheet.write_comment(0, 30, "said")
    book.close()
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
