from __future__ import annotations

import csv
import io
import json
import os
import stat
from pathlib import Path

import pytest
from fake_daemon import HOSTILE, change_event, connection_rows
from hypothesis import given
from hypothesis import strategies as st

from bridge.adminwire import ConnectionRow
from console.export import create_new, export_rows, export_screen, screen_text, to_csv, to_json, write_new
from console.insight import processes


def cell(value: object) -> str:
    """Return what a spreadsheet reads of one value."""
    return list(csv.reader(io.StringIO(to_csv([{"x": value}]))))[1][0] if value != "" else ""


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x", "@SUM(A1)", "=cmd|' /C calc'!A0", "  =1", "-1+2"])
def test_a_formula_is_a_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-5, -0.25, "-5", "+1.5", "-1e9", "a=b", "1-2", "perl[1]"])
def test_what_is_no_formula_stays(value: object) -> None:
    assert cell(value) == str(value)


@given(st.text(max_size=50))
def test_no_cell_begins_with_a_formula_or_has_a_control_character(text: str) -> None:
    read = cell(text)
    try:
        float(read)
    except ValueError:
        assert not read.lstrip().startswith(("=", "+", "-", "@"))
    assert all(char.isprintable() for char in read)


def test_rows_of_every_kind_can_be_written() -> None:
    rows = connection_rows(30)
    table = list(csv.reader(io.StringIO(to_csv(rows, ["id", "client"]))))
    assert table[0] == ["id", "client"]
    assert len(table) == 31
    assert len(to_csv(processes(rows)).splitlines()) == 9
    assert json.loads(to_json(processes(rows)))[0]["share"] >= 0
    assert json.loads(to_json([change_event(1, 1, 0.0).change]))[0]["changes"] == {
        "max_requests_per_minute": [2000, 2400]
    }
    assert "max_requests_per_minute" in to_csv([change_event(1, 1, 0.0).change])
    assert to_csv([]) == "\n"
    assert json.loads(to_json([])) == []
    with pytest.raises(TypeError):
        to_csv([5])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_survive_json_and_reach_the_file(name: str, tmp_path: Path) -> None:
    text = to_json([ConnectionRow(id=1, pid=1, uid=1, client=name)], ["client"])
    path = write_new(str(tmp_path / "x.json"), text)
    assert json.loads(Path(path).read_text(encoding="utf-8")) == [{"client": name}]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    """Neither a file nor what a link leads to; and nobody else may read it, whatever the umask."""
    old = os.umask(0)
    try:
        paths = [write_new(str(tmp_path / "a.csv"), str(number)) for number in range(3)]
    finally:
        os.umask(old)
    assert [os.path.basename(path) for path in paths] == ["a.csv", "a-2.csv", "a-3.csv"]
    assert [Path(path).read_text() for path in paths] == ["0", "1", "2"]
    assert stat.S_IMODE(os.stat(paths[0]).st_mode) == 0o600
    (tmp_path / "link.csv").symlink_to(tmp_path / "target")
    assert write_new(str(tmp_path / "link.csv"), "x").endswith("link-2.csv")
    assert not (tmp_path / "target").exists()
    descriptor, name = create_new(str(tmp_path / "r.jsonl.gz"))
    os.close(descriptor)
    descriptor, name = create_new(str(tmp_path / "r.jsonl.gz"))
    os.close(descriptor)
    assert name.endswith("r-2.jsonl.gz")
    with pytest.raises(OSError, match="No such file"):
        write_new(str(tmp_path / "none" / "x"), "")


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    path = tmp_path / "half"
    path.touch()
    monkeypatch.setattr("console.export.create_new", lambda _: (descriptor, str(path)))
    with pytest.raises(OSError, match="No space"):
        write_new(str(path), "x" * 100)
    assert not path.exists()


def test_rows_are_exported_in_both_forms(tmp_path: Path) -> None:
    paths = export_rows("connections", connection_rows(3), str(tmp_path))
    assert [path.rpartition(".")[2] for path in paths] == ["csv", "json"]
    assert len(json.loads(Path(paths[1]).read_text())) == 3


SVG = """<svg xmlns="http://www.w3.org/2000/svg"><style>@font-face {
 src: url("https://cdnjs.example/FiraCode.woff2"); }
 .m { font-family: Fira Code, monospace }</style>
<text class="r" x="0" y="20" textLength="61" clip-path="url(#t-line-0)">a&lt;b&#160;&#160;</text>
<text class="r" x="97.6" y="20" textLength="24.4" clip-path="url(#t-line-0)">漢字</text>
<text class="r" x="146.4" y="20" textLength="12.2" clip-path="url(#t-line-0)">x</text>
<text class="r" x="24.4" y="68" textLength="12.2" clip-path="url(#t-line-2)">y</text></svg>"""


def test_the_screen_s_text_stands_where_it_stood(tmp_path: Path) -> None:
    class App:
        def export_screenshot(self, *, simplify: bool = False) -> str:
            return SVG

    assert screen_text(SVG) == "a<b     漢字x\n\n  y\n"
    picture, text = (Path(path).read_text() for path in export_screen(App(), str(tmp_path)))
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
    assert "DejaVu Sans Mono" in picture
    assert text.startswith("a<b ")
