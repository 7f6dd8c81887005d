"""One workbook that is being written: XlsxWriter, driven by a stream of operations.

The caller numbers its workbook's objects itself (the workbook is 0), so that it never waits for an answer to go on. A
piece of the stream is a JSON array of operations in the caller's order. Cells are ``[sheet, row, column, format,
value...]`` with null for no format: one cell, or several side by side from there on; ``[format]`` among the values is
that of the following ones. A value's kind is its cell's: number, string, boolean, null (blank). All else is
``[method, number, object, arguments...]``, where ``number`` counts the operations, and among the arguments
``{"@": n}`` stands for object ``n`` and ``{"%": n}`` for a blob's bytes; see :mod:`bridge.modules._excel_calls`.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import IO, Any

import attrs
import msgspec
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from bridge.modules._excel_calls import CALLS, Refused
from bridge.modules._excel_sheet import Sheet
from bridge.modules._excel_warnings import warnings_of
from bridge.modules._excel_workbook import make_workbook

__all__ = ["FAILURES", "Book", "BookError", "BookOptions", "Bounds"]


class BookError(Exception):
    """The caller did what it may not; the text says what."""


@attrs.frozen
class Bounds:
    """How large a workbook may become.

    Attributes:
        cells: cells that are held in memory, merged ones included; without bound while rows go to disk.
        bytes: of operations and blobs together.
    """

    cells: int = 3_000_000
    bytes: int = 1 << 30


class BookOptions(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a caller says of a new workbook; as XlsxWriter has it, but ``constant_memory`` may also come later."""

    constant_memory: bool = False
    date_1904: bool = False
    default_format_properties: dict[str, Any] | None = None
    excel2003_style: bool = False
    max_url_length: int = 2079
    strings_to_urls: bool = True


FAILURES = (LookupError, OverflowError, TypeError, ValueError, AttributeError, Refused, XlsxWriterException)
"""What an operation may raise that cannot be carried out."""


class Book:
    """A workbook and what belongs to it.

    Args:
        folder: for temporary files; of this workbook alone.
        bounds: see :class:`Bounds`.
        options: see :class:`BookOptions`.

    Attributes:
        failures: of operations, ``[number, text]`` each, the first 20. One that fails does nothing; the rest go on.
        broken: why nothing goes on any more, or None.
    """

    def __init__(self, folder: Path, bounds: Bounds, options: BookOptions) -> None:
        self.bounds = bounds
        self.failures: list[tuple[int, str]] = []
        self.broken: str | None = None
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - discard closes it
        said = {name: value for name, value in msgspec.structs.asdict(options).items() if value is not None}
        self.workbook = make_workbook(self._file, {**said, "tmpdir": str(folder)})
        self.objects: dict[int, Any] = {0: self.workbook}
        self.blobs: dict[int, bytearray] = {}
        self._cells = 0
        self._bytes = 0
        self._finished = False

    def add_blob(self, number: int, data: bytes) -> None:
        """Take the next piece of a file that the caller has read: an image, a VBA project."""
        if self._has_room(len(data)):
            self.blobs.setdefault(number, bytearray()).extend(data)

    def apply(self, data: bytes) -> None:
        """Carry out a piece of the stream."""
        if not self._has_room(len(data)):
            return
        try:
            operations = msgspec.json.decode(data, type=list[list[Any]])
        except msgspec.DecodeError as error:
            self._break(f"the operations are not an array of arrays in JSON: {error}")
            return
        cells = 0
        for operation in operations:
            try:
                if operation[0].__class__ is int:
                    cells += self._write_cells(*operation)
                else:
                    self.call(operation)
            except FAILURES as error:
                self._failed(operation, error)
        with contextlib.suppress(Refused):
            self.count_cells(cells)

    def _write_cells(self, sheet: int, row: int, column: int, form: int | None, *values: Any) -> int:
        """Write cells side by side; returns how many."""
        thing = self.objects[sheet]
        numbers = [form, *(value[0] for value in values if value.__class__ is list)]
        forms = [None if number is None else self.objects[number] for number in numbers]
        number = len(values) - len(forms) + 1
        if number < 1:
            raise Refused("it has no value")
        if thing.__class__ is not Sheet or not thing.put(row, column, values, forms):
            following = iter(forms)
            current = next(following)
            for value in values:
                if value.__class__ is list:
                    current = next(following)
                    continue
                try:
                    _cell(thing, row, column, current, value)
                except FAILURES as error:  # of one cell: the others are written
                    self._failed([sheet, row, column], error)
                column += 1
        return number

    def call(self, operation: list[Any]) -> dict[str, Any]:
        """Carry out one operation that is no cell; returns its ``result``, and ``warnings`` as XlsxWriter words them.

        Raises:
            LookupError, TypeError, ValueError, AttributeError, Refused: it cannot be carried out.
        """
        if self.broken is not None:
            raise Refused(self.broken)
        method, _, target, *arguments = operation
        thing = self.objects[target]
        for kind in type(thing).__mro__:
            if known := CALLS.get((kind, method)):
                with warnings_of() as told:
                    result = known(self, thing, *(self._resolved(value) for value in arguments))
                return {"result": result if isinstance(result, int) else 0, "warnings": told}
        raise Refused(f"there is no {method} of {_kind(thing)}")

    def finish(self) -> int:
        """Write the file; returns its size in bytes.

        Raises:
            BookError: it cannot be written.
        """
        if self.broken is not None:
            raise BookError(self.broken)
        if self._finished:
            raise BookError("it has been finished already")
        self._finished = True
        try:
            with warnings_of():
                self.workbook.close()
        except Exception as error:  # whatever XlsxWriter makes of what the caller asked for
            raise BookError(f"the file cannot be written: {str(error) or type(error).__name__}") from error
        self.objects.clear()
        self.blobs.clear()
        return self._file.seek(0, 2)

    def read(self, offset: int, size: int) -> bytes:
        """Return a piece of the finished file."""
        if not self._finished:
            raise BookError("it has not been finished yet")
        self._file.seek(offset)
        return self._file.read(size)

    def discard(self) -> None:
        """Let go of everything."""
        self.workbook.fileclosed = True
        for sheet in self.workbook.worksheets():
            if isinstance(sheet, Worksheet) and sheet.constant_memory:
                with contextlib.suppress(OSError, AttributeError):
                    sheet._opt_close()  # noqa: SLF001 - the only way to close its temporary file early
        self.objects.clear()
        self.blobs.clear()
        self._file.close()

    def count_cells(self, number: int) -> None:
        """Take note of cells that are going to be held in memory.

        Raises:
            Refused: there are too many; the workbook is broken.
        """
        if not self.workbook.constant_memory:
            self._cells += number
            if self._cells > self.bounds.cells:
                self._break(
                    f"more than {self.bounds.cells} cells are in memory: call set_optimization before the first "
                    "worksheet is added, or have the operator raise max_cells of the module excel"
                )
                raise Refused("too many cells")

    def _has_room(self, number: int) -> bool:
        self._bytes += number
        if self._bytes > self.bounds.bytes:
            self._break(f"it has more than {self.bounds.bytes >> 20} MiB, which max_mb of the module excel allows")
        return self.broken is None

    def _break(self, why: str) -> None:
        """Give up on the workbook, and keep nothing of it."""
        if self.broken is None:
            self.broken = why
            self.discard()

    def _failed(self, operation: list[Any], error: Exception) -> None:
        if len(self.failures) >= 20:
            return
        text = str(error) or type(error).__name__
        if operation and isinstance(operation[0], str):
            number = operation[1] if len(operation) > 1 and isinstance(operation[1], int) else -1
            self.failures.append((number, f"{operation[0]}: {text}"))
        else:
            self.failures.append((-1, f"cell {operation[1:3]}: {text}"))

    def _resolved(self, value: Any) -> Any:
        if value.__class__ is dict:
            if len(value) == 1:
                if "@" in value:
                    return self.objects[value["@"]]
                if "%" in value:
                    return bytes(self.blobs[value["%"]])
            return {name: self._resolved(part) for name, part in value.items()}
        if value.__class__ is list:
            return [self._resolved(part) for part in value]
        return value


def _kind(thing: object) -> str:
    """Return XlsxWriter's word for what an object is."""
    return next(kind.__name__ for kind in type(thing).__mro__ if kind.__module__.startswith("xlsxwriter."))


def _cell(sheet: Worksheet, row: int, column: int, form: Format | None, value: Any) -> None:
    kind = value.__class__
    if kind is str:
        sheet.write_string(row, column, value, form)
    elif kind is bool:
        sheet.write_boolean(row, column, value, form)
    elif kind is int or kind is float:
        sheet.write_number(row, column, value, form)
    elif value is None:
        sheet.write_blank(row, column, value, form)
    else:
        raise Refused(f"a cell cannot hold a {kind.__name__}")
