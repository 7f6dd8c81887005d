"""One workbook that is being read: openpyxl reads what the sheets have in common, the cells come row by row.

The caller sends the file in pieces, then asks for the book, and then for each sheet's rows in batches, so that a sheet
never lies here as a whole. Rows and columns count from 0.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import attrs
import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from bridge.modules._excel_styles import Styles

__all__ = ["ReadError", "ReadLimits", "Reading"]

_BATCH = 1 << 18
"""About how many bytes of cells go together."""

_ROWS, _COLUMNS = 1_048_576, 16_384
"""Of a sheet."""

_NS = f"{{{SHEET_MAIN_NS}}}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

_ONCE = {
    "sheetPr": "properties",
    "dimension": "dimension",
    "sheetFormatPr": "format",
    "printOptions": "print_options",
    "pageMargins": "margins",
    "pageSetup": "page",
    "autoFilter": "filter",
}
"""Elements that a sheet has once, and whose attributes are told under this name."""


class ReadError(Exception):
    """The file is no workbook that can be read; the text says why."""


@attrs.frozen
class ReadLimits:
    """How large a file may be.

    Attributes:
        bytes: of the file, and of all its parts when unpacked.
        cells: of all sheets.
    """

    bytes: int = 1 << 30
    cells: int = 3_000_000


class Reading:
    """A workbook that comes from a caller.

    Args:
        folder: for the file; of this workbook alone.
        limits: see :class:`ReadLimits`.
    """

    def __init__(self, folder: Path, limits: ReadLimits) -> None:
        self._path = folder / "book.xlsx"
        self._limits = limits
        self._file: IO[bytes] = open(self._path, "wb")  # noqa: SIM115 - opened and discard close it
        self._bytes = 0
        self._cells = 0
        self._reader: ExcelReader | None = None
        self._styles: Styles | None = None
        self._sheets: list[tuple[str, str]] = []
        self._under_way: dict[int, Iterator[dict[str, Any]]] = {}

    def add(self, data: bytes) -> None:
        """Take the next piece of the file.

        Raises:
            ReadError: the file is too large.
        """
        self._bytes += len(data)
        if self._bytes > self._limits.bytes:
            raise ReadError(f"it has more than {self._limits.bytes >> 20} MiB")
        self._file.write(data)

    def opened(self) -> dict[str, Any]:
        """Return what the file says of the workbook as a whole, after the last piece.

        Raises:
            ReadError: it is no workbook.
        """
        self._file.close()
        if not openpyxl.DEFUSEDXML:
            raise ReadError("the daemon lacks defusedxml, without which openpyxl expands what strangers' files declare")
        try:
            self._check_parts()
            reader = self._reader = ExcelReader(self._path, read_only=True, keep_links=False, rich_text=True)
            reader.read_manifest()
            reader.read_strings()
            reader.read_workbook()
            reader.read_theme()
            styles = Styles(reader)
        except ReadError:
            raise
        except Exception as error:  # whatever openpyxl makes of a broken file
            raise ReadError(f"it is no workbook: {str(error) or type(error).__name__}") from error
        self._styles = styles
        parser = reader.parser
        sheets = []
        for sheet, relation in parser.find_sheets():
            self._sheets.append((relation.target, relation.Type))
            kind = relation.Type.split("/")[-1]
            sheets.append({"name": sheet.name, "id": sheet.id, "state": sheet.state, "kind": kind})
        return {
            "date_1904": parser.wb.epoch == CALENDAR_MAC_1904,
            "active": parser.wb._active_sheet_index,  # noqa: SLF001 - its property wants the sheets read
            "sheets": sheets,
            "names": [
                {"name": name.name, "sheet": name.localSheetId, "value": name.value}
                for name in parser.defined_names.definedName
            ],
            **styles.told(),
        }

    def _check_parts(self) -> None:
        if not zipfile.is_zipfile(self._path):
            with open(self._path, "rb") as file:
                if file.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
                    raise ReadError("it is encrypted, or an older .xls file")
            raise ReadError("it is no .xlsx file")
        with zipfile.ZipFile(self._path) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)  # more than that is never unpacked of a part
        if len(parts) > 10_000 or size > self._limits.bytes:
            raise ReadError(
                f"unpacked it would have {size >> 20} MiB in {len(parts)} parts; "
                f"{self._limits.bytes >> 20} MiB in 10000 parts are allowed"
            )

    def rows(self, sheet: int) -> dict[str, Any]:
        """Return the next batch of a sheet's rows.

        Returns:
            ``rows``, a list of ``[row, cells, height, hidden]`` (a large row may come in several). A cell is ``[column,
            kind, value, style, formula]``: kind ``n`` with the number as the file has it, ``d`` with a date, ``s`` with
            a text; formula is None for a constant. A text with formats of its own is a list of ``[text, font]``. With
            the last batch comes ``sheet``, what the file says of the sheet.

        Raises:
            ReadError: the sheet is not there, or broken, or has too many cells.
        """
        if self._reader is None or not 0 <= sheet < len(self._sheets):
            raise ReadError(f"it has no sheet {sheet}")
        try:
            batches = self._under_way.get(sheet) or self._under_way.setdefault(sheet, self._batches(sheet))
            return next(batches)
        except ReadError:
            raise
        except StopIteration:
            raise ReadError(f"sheet {sheet} has been read to its end") from None
        except Exception as error:  # the same
            raise ReadError(f"sheet {sheet} is broken: {str(error) or type(error).__name__}") from error

    def _batches(self, number: int) -> Iterator[dict[str, Any]]:
        target, kind = self._sheets[number]
        told: dict[str, Any] = {"merged": [], "columns": [], "links": [], "breaks": {}}
        if "worksheet" not in kind:
            yield {"rows": [], "sheet": told}
            return
        assert self._reader is not None
        batch: list[list[Any]] = []
        size = last = 0
        with self._reader.archive.open(target) as source:
            for _, element in iterparse(source):
                name = element.tag.removeprefix(_NS)
                if name == "row":
                    last = int(element.get("r") or last + 1)
                    for row, weight in self._row(element, last - 1):
                        batch.append(row)
                        size += weight
                        if size >= _BATCH:
                            yield {"rows": batch}
                            batch, size = [], 0
                    element.clear()
                elif name not in {"c", "v", "f", "is", "t", "r", "rPr"}:
                    self._tell(name, element, told)
        told["last_row"] = last - 1
        self._resolve_links(target, told)
        yield {"rows": batch, "sheet": told}

    def _row(self, element: Any, number: int) -> Iterator[tuple[list[Any], int]]:
        """Give a row, cut where it is very large, with about how many bytes it is."""
        look = [element.get("ht"), element.get("hidden")]
        column = size = 0
        cells: list[list[Any]] = []
        for part in element:
            if reference := part.get("r"):
                column = _column(reference)
            if not (0 <= number < _ROWS and 0 <= column < _COLUMNS):
                raise ReadError(f"a cell lies outside of a sheet: row {number + 1}, column {column + 1}")
            cells.append(self._cell(part, column))
            size += 50 + len(str(cells[-1][2])) + len(cells[-1][4] or "")
            column += 1
            if size >= _BATCH:
                self._count(len(cells))
                yield [number, cells, *look], size
                cells, size = [], 0
        self._count(len(cells))
        if cells or any(look):
            yield [number, cells, *look], size + 50

    def _count(self, cells: int) -> None:
        self._cells += cells
        if self._cells > self._limits.cells:
            raise ReadError(f"it has more than {self._limits.cells} cells")

    def _cell(self, element: Any, column: int) -> list[Any]:
        assert self._reader is not None
        kind = element.get("t", "n")
        value: Any = element.findtext(f"{_NS}v")
        formula = element.find(f"{_NS}f")
        if kind == "s" and value is not None:
            value = self._text(self._reader.shared_strings[int(value)])
        elif kind == "inlineStr":
            inline = element.find(f"{_NS}is")
            value = "" if inline is None else self._text(CellRichText.from_tree(inline))
        elif kind == "b" and value is not None:
            value = "TRUE" if value.strip() == "1" else "FALSE"
        told = "n" if kind == "n" and value is not None else "d" if kind == "d" else "s"
        style = int(element.get("s") or 0)
        return [
            column,
            told,
            value or ("" if value is None else value),
            style,
            None if formula is None else formula.text,
        ]

    def _text(self, value: Any) -> Any:
        """Turn openpyxl's text into a string, or a list of ``[text, font]``."""
        if isinstance(value, tuple):  # openpyxl's word for an inline text without formats
            return "".join(value)
        if not isinstance(value, CellRichText):
            return value
        assert self._styles is not None
        return [
            [part.text, self._styles.inline(part.font)] if isinstance(part, TextBlock) else [part, None]
            for part in value
        ]

    def _tell(self, name: str, element: Any, told: dict[str, Any]) -> None:
        if name in _ONCE:
            told[_ONCE[name]] = dict(element.attrib) | told.get(_ONCE[name], {})
        elif name == "tabColor":
            assert self._styles is not None
            told["tab_color"] = self._styles.attributes_color(element.attrib)
        elif name == "pageSetUpPr":
            told["fit_to_page"] = element.get("fitToPage")
        elif name == "selection":
            told["selection"] = element.get("activeCell") or told.get("selection")
        elif name in {"oddHeader", "oddFooter"}:
            told[name] = element.text
        elif name == "col":
            told["columns"].append({key: element.get(key) for key in ("min", "max", "width", "hidden", "style")})
        elif name == "mergeCell":
            told["merged"].append(element.get("ref"))
        elif name == "hyperlink":
            link = {key: element.get(key) for key in ("ref", "location", "display", "tooltip")}
            told["links"].append(link | {"id": element.get(_RELATION)})
        elif name in {"rowBreaks", "colBreaks"}:
            told["breaks"][name] = [int(part.get("id", 0)) for part in element]

    def _resolve_links(self, target: str, told: dict[str, Any]) -> None:
        """Give the links of a sheet the addresses that stand in a part of their own."""
        from openpyxl.packaging.relationship import get_dependents, get_rels_path

        assert self._reader is not None
        place = get_rels_path(target)
        if not told["links"] or place not in self._reader.valid_files:
            return
        relations = {relation.Id: relation.target for relation in get_dependents(self._reader.archive, place)}
        for link in told["links"]:
            link["target"] = relations.get(link.pop("id"))

    def discard(self) -> None:
        """Let go of everything."""
        self._under_way.clear()
        self._file.close()
        if self._reader is not None:
            self._reader.archive.close()
            self._reader.shared_strings.clear()


def _column(reference: str) -> int:
    number = 0
    for character in reference:
        if not "A" <= character <= "Z":
            break
        number = number * 26 + ord(character) - 64
    return number - 1
