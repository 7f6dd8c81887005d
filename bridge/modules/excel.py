"""Module ``excel``: writing and reading of Excel's .xlsx files for Perl's modules of that name.

A workbook belongs to the caller's connection and is named by a number that the caller chooses. No path is ever opened
here that a caller names: the caller's program reads and writes the files, with its own rights, and their content comes
and goes in pieces. Temporary files live in a folder of the connection's own, which goes with it.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import msgspec

from bridge.api import BridgeError, ErrorType, Module, Session, read_options

try:
    from bridge.modules._excel_reader import ReadError, Reading, ReadLimits
    from bridge.modules._excel_writer import FAILURES, Book, BookError, BookOptions, Bounds
except ModuleNotFoundError as error:
    raise ImportError(
        f'it needs the extra "excel" in the daemon\'s environment: pip install "cpanbridge[excel]" ({error})'
    ) from error

__all__ = ["module"]

PIECE = 4 << 20
"""Bytes of a finished file that one call gives at most."""

module = Module("excel", "Writes and reads Excel's .xlsx files.")


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The table [modules.excel].

    Attributes:
        max_workbooks: that one connection may have under way, written and read ones together.
        max_cells: of one workbook that are held in memory at a time while it is written, or when it is read.
        max_mb: MiB of one workbook's content that a caller may send; of a file to be read, when it is unpacked.
        temporary: folder for temporary files, if not the system's.
    """

    max_workbooks: int = 50
    max_cells: int = 3_000_000
    max_mb: int = 1024
    temporary: str | None = None


class _State:
    options = Options()


@module.configure
def configure(options: dict[str, object]) -> None:
    """Take the table [modules.excel]; see :class:`Options`."""
    _State.options = read_options(options, Options)


class _Desk:
    """What one connection has under way."""

    def __init__(self) -> None:
        self.things: dict[int, Book | Reading] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="cpanbridge-excel-", dir=_State.options.temporary))

    def put(self, number: int) -> Path:
        """Make room for a new thing; returns a folder for it."""
        if number in self.things:
            raise _bad(f"There is a workbook {number} already.")
        if len(self.things) >= _State.options.max_workbooks:
            raise _failed(f"This caller has {len(self.things)} workbooks under way, the most it may: close some first.")
        place = self.folder / str(number)
        place.mkdir()
        return place

    def known_book(self, number: int) -> Book | None:
        thing = self.things.get(number)
        return thing if isinstance(thing, Book) else None

    def book(self, number: int) -> Book:
        if (thing := self.known_book(number)) is None:
            raise _bad(_GONE.format(number))
        return thing

    def reading(self, number: int) -> Reading:
        thing = self.things.get(number)
        if not isinstance(thing, Reading):
            raise _bad(_GONE.format(number))
        return thing

    def drop(self, number: int) -> bool:
        thing = self.things.pop(number, None)
        if thing is None:
            return False
        thing.discard()
        shutil.rmtree(self.folder / str(number), ignore_errors=True)
        return True

    def close(self) -> None:
        """End everything. The memory of millions of cells is given back on a thread: it takes seconds."""
        things = list(self.things.values())
        self.things.clear()
        for number in range(len(things)):
            things[number].discard()
        shutil.rmtree(self.folder, ignore_errors=True)
        if things:
            threading.Thread(target=things.clear, name="excel-free", daemon=True).start()


_GONE = (
    "There is no workbook {} here: it was closed, or it belonged to another connection to the daemon, which has ended."
)


def _bad(text: str) -> BridgeError:
    return BridgeError(ErrorType.BAD_PARAMS, text)


def _failed(text: str) -> BridgeError:
    return BridgeError(ErrorType.FUNCTION_ERROR, text, exception="ExcelError")


def _desk(session: Session) -> _Desk:
    desk = session.data.get("excel")
    if desk is None:
        desk = session.data["excel"] = _Desk()
        session.on_close(desk.close)
    assert isinstance(desk, _Desk)
    return desk


# --- writing ------------------------------------------------------------------------------------------------------


@module.function
def write(
    session: Session,
    workbook: int,
    data: bytes,
    new: bool = False,
    options: dict[str, Any] = {},  # noqa: B006 - never changed
) -> None:
    """Carry out the next piece of a workbook's stream of operations, see :mod:`bridge.modules._excel_writer`.

    Callers need not wait for the answer: what goes wrong in a workbook is told by :func:`finish`, and so is that there
    is none.

    Args:
        workbook: the caller's number for it.
        data: the operations: JSON in UTF-8.
        new: begin this workbook.
        options: of a new one: ``constant_memory``, ``date_1904``, ``default_format_properties``, ``excel2003_style``,
            ``max_url_length``, ``strings_to_urls``, as XlsxWriter has them.
    """
    desk = _desk(session)
    if new:
        bounds = Bounds(cells=_State.options.max_cells, bytes=_State.options.max_mb << 20)
        try:
            wanted = msgspec.convert(options, BookOptions)
        except msgspec.ValidationError as error:
            raise _bad(f"excel.write: options: {error}") from None
        desk.things[workbook] = Book(desk.put(workbook), bounds, wanted)
    if book := desk.known_book(workbook):
        book.apply(data)


@module.function
def ask(session: Session, workbook: int, data: bytes) -> dict[str, Any]:
    """Carry out one operation and tell how it went.

    Args:
        workbook: the caller's number for it.
        data: the operation, as one of those of :func:`write`.

    Returns:
        ``result``, the number that XlsxWriter gives, 0 where it gives none; ``warnings``, a list of texts.
    """
    book = _desk(session).book(workbook)
    operation: list[Any] = []
    try:
        operation = msgspec.json.decode(data, type=list[Any])
        return book.call(operation)
    except FAILURES as error:
        raise _failed(f"{operation[:1]}: {str(error) or type(error).__name__}") from error


@module.function
def blob(session: Session, workbook: int, number: int, data: bytes) -> None:
    """Take the next piece of a file that goes into a workbook, and that the operations call by this number."""
    if book := _desk(session).known_book(workbook):
        book.add_blob(number, data)


@module.function
def finish(session: Session, workbook: int) -> dict[str, Any]:
    """Make the file.

    Returns:
        ``size`` in bytes, to be fetched with :func:`fetch`; ``failures``, a list of ``[number, text]`` of operations
        that could not be carried out.
    """
    desk = _desk(session)
    book = desk.book(workbook)
    try:
        return {"size": book.finish(), "failures": book.failures}
    except BookError as error:
        failures = book.failures
        desk.drop(workbook)
        raise _failed(f"Workbook {workbook}: {error}." + "".join(f" {text}." for _, text in failures[:1])) from None


@module.function
def fetch(session: Session, workbook: int, offset: int) -> bytes:
    """Return a piece of a finished file, from a byte on; empty after its end."""
    try:
        return _desk(session).book(workbook).read(offset, PIECE)
    except BookError as error:
        raise _bad(f"Workbook {workbook}: {error}.") from None


# --- reading ------------------------------------------------------------------------------------------------------


@module.function
def load(session: Session, workbook: int, data: bytes, new: bool = False, last: bool = False) -> dict[str, Any] | None:
    """Take the next piece of a file that is to be read.

    Args:
        workbook: the caller's number for it.
        data: the piece.
        new: this is the first one.
        last: this is the last one.

    Returns:
        after the last piece, what the file says of the workbook; see :meth:`Reading.opened`.
    """
    desk = _desk(session)
    if new:
        limits = ReadLimits(bytes=_State.options.max_mb << 20, cells=_State.options.max_cells)
        desk.things[workbook] = Reading(desk.put(workbook), limits)
    try:
        reading = desk.reading(workbook)
        reading.add(data)
        return reading.opened() if last else None
    except ReadError as error:
        desk.drop(workbook)
        raise _failed(f"The file cannot be read: {error}.") from None


@module.function
def rows(session: Session, workbook: int, sheet: int) -> dict[str, Any]:
    """Return the next rows of a sheet, which is counted from 0; see :meth:`Reading.rows`."""
    desk = _desk(session)
    try:
        return desk.reading(workbook).rows(sheet)
    except ReadError as error:
        desk.drop(workbook)
        raise _failed(f"The file cannot be read: {error}.") from None


@module.function
def release(session: Session, workbooks: list[int]) -> int:
    """Let go of workbooks, finished or not; returns how many there were."""
    desk = _desk(session)
    return sum(desk.drop(number) for number in workbooks)
