"""The module excel: the stream of operations, what goes wrong in it, limits, reading, what is let go of."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from xlsxwriter import Workbook

from bridge.api import BridgeError, Peer, Session
from bridge.modules import excel
from bridge.modules._excel_sheet import Sheet
from bridge.modules._excel_warnings import warnings_of
from bridge.modules._excel_workbook import FastWorkbook, _agree, _sample, make_workbook


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Return a caller's session; temporary files lie in the test's folder."""
    excel.configure({"temporary": str(tmp_path)})
    session = Session(Peer(1, 0, 0))
    yield session
    assert session.close() == []
    assert list(tmp_path.iterdir()) == []
    excel.configure({})


def write(session: Session, operations: list[Any], number: int = 1, **more: Any) -> None:
    excel.write(session, number, json.dumps(operations).encode(), **more)


def begin(session: Session, *operations: list[Any], **options: Any) -> None:
    """Begin workbook 1 with one worksheet, which is object 1."""
    write(session, [["add_worksheet", 0, 0, 1, "Data"], *operations], new=True, options=options)


def finished(session: Session, number: int = 1) -> tuple[bytes, list[Any]]:
    """Finish a workbook; returns the file and the failures."""
    told = excel.finish(session, number)
    pieces = []
    while sum(map(len, pieces)) < told["size"]:
        pieces.append(excel.fetch(session, number, sum(map(len, pieces))))
    assert excel.fetch(session, number, told["size"]) == b""
    return b"".join(pieces), told["failures"]


def sheet(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data)).active


def test_cells(session: Session) -> None:
    """Every kind of value becomes the cell that it says."""
    begin(
        session,
        ["add_format", 1, 0, 2],
        ["set", 2, 2, [["bold", 1], ["num_format", "0.00"]]],
        [1, 0, 0, None, "Grüße \U0001f600"],
        [1, 0, 1, 2, 1.5],
        [1, 0, 2, None, True],
        [1, 0, 3, 2, None],
    )
    write(session, [["write_formula", 3, 1, 1, 0, "=B1*2", None, 3], [1, 1, 1, None, 10**17]])
    data, failures = finished(session)
    assert failures == []
    cells = sheet(data)
    assert [cell.value for cell in cells[1]] == ["Grüße \U0001f600", 1.5, True, None]
    assert (cells["B1"].font.b, cells["B1"].number_format, cells["D1"].font.b) == (True, "0.00", True)
    assert (cells["A2"].value, cells["B2"].value) == ("=B1*2", 10**17)


def test_cells_side_by_side(session: Session) -> None:
    """One operation may write several, with formats that change; what can be no cell keeps no other back."""
    begin(
        session,
        ["add_format", 1, 0, 2],
        ["set", 2, 2, [["bold", 1]]],
        [1, 0, 0, None, 1, "a", [2], 2.5, "b", [None], 3],
    )
    write(
        session,
        [[1, 1, 1, 2, "c", None, True, "x" * 20_000, 10**400, [2], 4], [1, 2, 0, None], [1, 3, 16_383, None, 5, 6]],
    )
    data, failures = finished(session)
    rows = sheet(data)
    assert [(cell.value, cell.font.b) for cell in rows[1][:5]] == [
        (1, False),
        ("a", False),
        (2.5, True),
        ("b", True),
        (3, False),
    ]
    assert [cell.value for cell in rows[2][:7]] == [None, "c", None, True, "x" * 20_000, None, 4]
    assert [(number, text.partition(":")[0]) for number, text in failures] == [(-1, "cell [1, 5]"), (-1, "cell [2, 0]")]
    assert rows.cell(4, 16_384).value == 5


@pytest.mark.parametrize("constant", [False, True])
def test_the_short_ways_write_what_xlsxwriter_writes(constant: bool) -> None:
    """The files are the same to the byte, so that the short ways are taken."""
    assert _sample(FastWorkbook, constant) == _sample(Workbook, constant)
    assert isinstance(make_workbook(io.BytesIO(), {}), FastWorkbook)


def test_a_library_that_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the short ways would write something else, or fail, XlsxWriter makes the files alone."""

    def gone(*_: object) -> None:
        raise AttributeError("gone")

    for changed in (gone, lambda *_: None):
        _agree.cache_clear()
        monkeypatch.setattr(Sheet, "_write_full_row", changed)
        assert type(make_workbook(io.BytesIO(), {})) is Workbook
    monkeypatch.undo()
    _agree.cache_clear()


def test_rows_to_disk(session: Session) -> None:
    """With set_optimization cells are not counted as held in memory."""
    excel.configure({"temporary": str(excel._State.options.temporary), "max_cells": 10})
    write(session, [["set_optimization", 0, 0], ["add_worksheet", 1, 0, 1, "Data"]], new=True)
    write(session, [[1, row, 0, None, row] for row in range(50)])
    data, failures = finished(session)
    assert (failures, sheet(data)["A50"].value) == ([], 49)


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (["insert_image", 7, 1, 0, 0, "/etc/passwd", "x", {}], "insert_image: a bytes-like object is required"),
        (["add_vba_project", 7, 0, "/etc/passwd"], "add_vba_project: a bytes-like object is required"),
        (["set_background", 7, 1, "/etc/passwd", "x"], "set_background: a bytes-like object is required"),
        (["set_header", 7, 1, "&G", {}, {"left": ["/etc/passwd", "x"]}], "set_header: a bytes-like object is required"),
        (["close", 7, 0], "close: there is no close of Workbook"),
        (["use_custom_theme", 7, 0, "/etc/passwd"], "use_custom_theme: there is no use_custom_theme of Workbook"),
        (["__init__", 7, 0], "__init__: there is no __init__ of Workbook"),
        (["attribute", 7, 1, "table", {}], "attribute: there is no attribute table"),
        (["set", 7, 2, [["xf_index", 1]]], "set: there is no property xf_index of formats"),
        (["set_zoom", 7, 9, 100], "set_zoom: 9"),
        (["merge_range", 7, 1, 0, 0, 1, 1, "again", None], "merge_range: Merge range 'A1:B2' overlaps"),
    ],
)
def test_operations_that_fail(session: Session, operation: list[Any], said: str) -> None:
    """They are told with their number when the file is made, and the rest is written; no file of ours is opened."""
    begin(session, ["add_format", 1, 0, 2], ["merge_range", 2, 1, 0, 0, 1, 1, "x", None])
    write(session, [operation, [1, 5, 0, None, "after"], [8, 0, 0, None, "nowhere"], [1, 0, 0, None, []]])
    data, failures = finished(session)
    assert failures[0][0] == 7
    assert failures[0][1].startswith(said)
    assert [number for number, _ in failures[1:]] == [-1, -1]
    assert sheet(data)["A6"].value == "after"


def test_a_question(session: Session) -> None:
    """An operation that is waited for says what XlsxWriter thinks of it."""
    begin(session)
    rule = {"validate": "nonsense"}
    told = excel.ask(session, 1, json.dumps(["data_validation", 1, 1, 0, 0, 0, 0, rule]).encode())
    assert told["result"] == -2
    assert told["warnings"][0].startswith("Unknown validation type 'nonsense'")
    with pytest.raises(BridgeError, match="there is no explode of Worksheet"):
        excel.ask(session, 1, b'["explode", 2, 1]')
    with pytest.raises(BridgeError, match="truncated"):
        excel.ask(session, 1, b"[")


def test_a_picture(session: Session) -> None:
    """Files come in pieces, and may be used more than once."""
    rows = zlib.compress(b"\0\xff\0\0")
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    begin(session)
    for piece in (png[:20], png[20:]):
        excel.blob(session, 1, 1, piece)
    write(session, [["insert_image", 1, 1, row, 2, {"%": 1}, "dot.png", {}] for row in (0, 9)])
    data, failures = finished(session)
    assert failures == []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("xl/media/image1.png") == png


@pytest.mark.parametrize(
    ("options", "said"),
    [({"max_cells": 100}, "more than 100 cells"), ({"max_mb": 1}, "more than 1 MiB")],
)
def test_too_much(session: Session, options: dict[str, Any], said: str) -> None:
    """A workbook that becomes too large is given up at once, and its caller told at the end."""
    excel.configure({"temporary": str(excel._State.options.temporary), **options})
    begin(session, ["merge_range", 1, 1, 0, 0, 49, 0, "", None])
    for row in range(60, 120):
        write(session, [[1, row, 0, None, "x" * 20_000]])
    with pytest.raises(BridgeError, match=said):
        excel.finish(session, 1)
    with pytest.raises(BridgeError, match="There is no workbook 1 here"):
        excel.finish(session, 1)


def test_a_huge_merged_range_is_refused_before_it_is_filled(session: Session) -> None:
    """XlsxWriter fills merged ranges cell by cell."""
    begin(session, ["merge_range", 1, 1, 0, 0, 1_048_575, 16_383, "", None])
    with pytest.raises(BridgeError, match="cells are in memory"):
        excel.finish(session, 1)


def test_a_stream_that_is_none(session: Session) -> None:
    """It ends the workbook."""
    begin(session)
    excel.write(session, 1, b'{"no": "array"}')
    with pytest.raises(BridgeError, match="not an array of arrays"):
        excel.finish(session, 1)


def test_workbooks_are_bounded(session: Session) -> None:
    """And given back by release and finish."""
    excel.configure({"temporary": str(excel._State.options.temporary), "max_workbooks": 2})
    for number in (1, 2):
        write(session, [], number, new=True)
    with pytest.raises(BridgeError, match="2 workbooks under way"):
        write(session, [], 3, new=True)
    with pytest.raises(BridgeError, match="There is a workbook 2 already"):
        write(session, [], 2, new=True)
    assert excel.release(session, [1, 7]) == 1
    write(session, [], 3, new=True)
    with pytest.raises(BridgeError, match="Object contains unknown field"):
        write(session, [], 4, new=True, options={"in_memory": True})


def test_warnings_stay_on_their_thread() -> None:
    """Another thread's warnings are not ours."""
    from xlsxwriter.utility import xl_range  # noqa: F401 - that its module's warn is replaced is what counts
    from xlsxwriter.worksheet import warn

    def elsewhere() -> None:
        warn("theirs")
        with warnings_of() as told:
            warn("their own")
        assert told == ["their own"]

    with warnings_of() as told:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        warn("ours")
    assert told == ["ours"]


def load(session: Session, data: bytes, number: int = 9) -> dict[str, Any]:
    middle = len(data) // 2
    assert excel.load(session, number, data[:middle], new=True) is None
    told = excel.load(session, number, data[middle:], last=True)
    assert told is not None
    return told


def test_reading(session: Session) -> None:
    """What was written is read, in batches, with what the sheet says of itself at the end."""
    begin(session, ["add_format", 1, 0, 2], ["set", 2, 2, [["bold", 1], ["font_color", "#ff0000"]]])
    write(session, [[1, row, column, 2, f"{row}/{column}"] for row in range(3000) for column in range(2)])
    write(session, [["write_formula", 3, 1, 3000, 0, "=1+1", None, 2], ["set_column", 4, 1, 0, 0, 30, None, 0, 0, 0]])
    told = load(session, finished(session)[0])
    assert [(one["name"], one["state"], one["kind"]) for one in told["sheets"]] == [("Data", "visible", "worksheet")]
    assert told["fonts"][told["formats"][1][1]]["color"] == "#FF0000"
    batches = [excel.rows(session, 9, 0)]
    while "sheet" not in batches[-1]:
        batches.append(excel.rows(session, 9, 0))
    rows = [row for batch in batches for row in batch["rows"]]
    assert len(batches) > 1
    assert [row[0] for row in rows] == list(range(3001))
    assert rows[7][1] == [[0, "s", "7/0", 1, None], [1, "s", "7/1", 1, None]]
    assert rows[-1][1] == [[0, "n", "2", 0, "1+1"]]
    assert batches[-1]["sheet"]["columns"][0]["max"] == "1"
    with pytest.raises(BridgeError, match="read to its end"):
        excel.rows(session, 9, 0)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with another text in its first sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as good, zipfile.ZipFile(out, "w") as made:
        for name in good.namelist():
            text = good.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old in text
                text = text.replace(old, new)
            made.writestr(name, text)
    return out.getvalue()


def test_large_rows_come_in_several(session: Session) -> None:
    """No batch is much larger than it should be, and heights come with the rows."""
    begin(
        session, *[[1, 0, column, None, "x" * 30_000] for column in range(20)], ["set_row", 1, 1, 7, 40, None, 0, 0, 0]
    )
    load(session, finished(session)[0])
    batches = [excel.rows(session, 9, 0)]
    while "sheet" not in batches[-1]:
        batches.append(excel.rows(session, 9, 0))
    assert [len(row[1]) for batch in batches for row in batch["rows"]] == [9, 9, 2, 0]
    assert batches[-1]["rows"][-1] == [7, [], "39.75", None]


def test_a_cell_outside_of_every_sheet(session: Session) -> None:
    """It would make the caller's memory swell."""
    begin(session, [1, 0, 0, None, 5])
    bad = changed(finished(session)[0], b'<row r="1"', b'<row r="2000000000"')
    load(session, bad)
    with pytest.raises(BridgeError, match="a cell lies outside of a sheet: row 2000000000"):
        excel.rows(session, 9, 0)


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"text, and no more than that", r"no \.xlsx file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", r"encrypted, or an older \.xls file"),
        (archive(hello=b"world"), "it is no workbook"),
        (archive(bomb=b"\0" * (3 << 20)), "unpacked it would have 3 MiB in 1 parts; 2 MiB"),
        (b"PK" + b"\0" * (3 << 20), "more than 2 MiB"),
    ],
)
def test_files_that_are_not_read(session: Session, data: bytes, said: str) -> None:
    """Each says why; bombs are not unpacked."""
    excel.configure({"temporary": str(excel._State.options.temporary), "max_mb": 2})
    with pytest.raises(BridgeError, match=said):
        load(session, data)
    with pytest.raises(BridgeError, match="There is no workbook 9"):
        excel.rows(session, 9, 0)


def test_entities_are_not_expanded(session: Session) -> None:
    """Entities that a part of the file declares are an error."""
    begin(session, [1, 0, 0, None, "x"])
    data, _ = finished(session)
    declared = b'<!DOCTYPE worksheet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet'
    bad = changed(data, b"<worksheet", declared)
    load(session, bad)
    with pytest.raises(BridgeError, match="sheet 0 is broken: EntitiesForbidden"):
        excel.rows(session, 9, 0)


def test_too_many_cells_to_read(session: Session) -> None:
    """Counted over all sheets."""
    begin(session, *[[1, row, 0, None, row] for row in range(60)])
    data, _ = finished(session)
    excel.configure({"temporary": str(excel._State.options.temporary), "max_cells": 50})
    load(session, data)
    with pytest.raises(BridgeError, match="more than 50 cells"):
        excel.rows(session, 9, 0)


def test_wrong_options() -> None:
    """The table [modules.excel] has a closed set of names."""
    with pytest.raises(ValueError, match="unknown field"):
        excel.configure({"cells": 5})


def test_without_its_libraries() -> None:
    """An operator who enables it without its libraries is told what to install."""
    without = "import sys; sys.modules['openpyxl'] = None; import bridge.modules.excel"
    seen = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, check=False)
    assert seen.returncode == 1
    assert 'pip install "cpanbridge[excel]"' in seen.stderr.splitlines()[-1]
