from __future__ import annotations

from collections.abc import Iterable

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from console.format import ASCII
from console.widgets.limits import LimitBars, LimitLine
from console.widgets.lines import LineWidget
from console.widgets.table import Column, LineTable, TableRow
from console.widgets.trend import TrendGraph

COLUMNS = [
    Column("id", "id", 4, "right", priority=1),
    Column("client", "client", 8, grow=True, priority=1),
    Column("state", "state", 6, priority=3),
    Column("rate", "rps", 5, "right", priority=2),
]
LIMITS = [
    LimitLine("memory", "mem", "normal", 358, 512, "MiB", 391),
    LimitLine("cpu", "cpu", "warning", 182, 200, "%", 188, trend=[100, None, 250]),
    LimitLine("concurrent", "concurr", "violation", 68, 64, "calls", 71),
    LimitLine("rate", "rate", "normal", 228, 400, "/s", 301),
    LimitLine("connections", "conns", "normal", 100, 128, "", 104),
]


def rows(keys: Iterable[str], rate: str = "1.0") -> list[TableRow]:
    return [TableRow(key, (key, f"perl-{key}", "busy", rate)) for key in keys]


class Stage(App[None]):
    """Shows one widget and keeps the messages that matter here, and what was asked to be painted again."""

    CSS = "Screen { overflow: hidden; } LineTable { height: 1fr; }"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.told: list[tuple[str, str | None]] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def tell(self, message: LineTable._TableMessage | LimitBars.LimitChosen) -> None:
        self.told.append((type(message).__name__, message.key))

    on_line_table_cursor_moved = tell
    on_line_table_cursor_lost = tell
    on_line_table_row_activated = tell
    on_line_table_header_clicked = tell
    on_limit_bars_limit_chosen = tell


def seen(widget: Widget) -> list[str]:
    """Return what the widget shows, line by line."""
    return [strip.text.rstrip() for strip in widget.render_lines(Region(0, 0, *widget.size))]


def repainted(widget: Widget) -> list[Region]:
    """Have the widget note from now on which parts it asks to be painted again."""
    regions: list[Region] = []
    refresh = widget.refresh

    def noting(*parts: Region, **options: bool) -> Widget:
        regions.extend(parts or [Region(0, 0, *widget.size)])
        return refresh(*parts, **options)

    widget.refresh = noting  # type: ignore[method-assign]
    return regions


async def filled(pilot: Pilot[None], keys: str) -> LineTable:
    table = pilot.app.query_one(LineTable)
    table.set_rows(rows(keys))
    table.focus()
    await pilot.pause()
    return table


def told(pilot: Pilot[None]) -> list[tuple[str, str | None]]:
    app = pilot.app
    assert isinstance(app, Stage)
    messages = app.told[:]
    app.told.clear()
    return messages


@pytest.fixture
def stage() -> Stage:
    return Stage(LineTable(COLUMNS, glyphs=ASCII))


class TestTheTablesCursor:
    @pytest.mark.asyncio
    async def test_goes_with_its_row(self, stage: Stage) -> None:
        """An action must reach the row that was chosen, wherever sorting has put it."""
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "abcde")
            await pilot.press("j", "down")
            assert table.cursor_key == "c"
            told(pilot)
            table.set_rows(rows("cdeab"))
            await pilot.pause()
            assert table.cursor_key == "c"
            assert seen(table)[1].startswith(">   c")
            assert told(pilot) == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("left", "neighbour"), [("abde", "d"), ("eba", "e"), ("ab", "b"), ("xyz", "z"), ("", None)]
    )
    async def test_moves_to_the_neighbour_and_says_so(self, stage: Stage, left: str, neighbour: str | None) -> None:
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "abcde")
            table.move_cursor("c")
            await pilot.pause()
            told(pilot)
            table.set_rows(rows(left))
            await pilot.pause()
            assert table.cursor_key == neighbour
            assert told(pilot) == [("CursorLost", "c"), ("CursorMoved", neighbour)]

    @pytest.mark.asyncio
    async def test_a_second_click_on_another_row_only_selects(self, stage: Stage) -> None:
        """A double click opens a row only if both clicks met it: rows may move in between."""
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "abcde")
            await pilot.click(table, offset=(3, 2))
            table.set_rows(rows("acbde"))
            await pilot.click(table, offset=(3, 2))
            assert ("RowActivated", "c") not in told(pilot)
            assert table.cursor_key == "c"
            await pilot.click(table, offset=(3, 4), times=2)
            assert told(pilot)[-1] == ("RowActivated", "d")

    @pytest.mark.asyncio
    async def test_keys(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 6)) as pilot:
            table = await filled(pilot, "abcdefghijklmnopqrstuvwxyz")
            for key, expected in [
                ("k", "a"),
                ("G", "z"),
                ("j", "z"),
                ("pageup", "v"),
                ("g", "a"),
                ("pagedown", "e"),
                ("end", "z"),
                ("home", "a"),
            ]:
                await pilot.press(key)
                assert table.cursor_key == expected, key
                assert any(line.startswith(f">   {expected}") for line in seen(table))
            await pilot.press("enter")
            assert told(pilot)[-1] == ("RowActivated", "a")

    @pytest.mark.asyncio
    async def test_without_rows_keys_do_nothing(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 6)) as pilot:
            table = await filled(pilot, "")
            await pilot.press("j", "G", "enter", "pageup")
            assert table.cursor_key is None
            assert told(pilot) == []
            assert seen(table)[1] == " nothing here"


class TestTheTablesView:
    @pytest.mark.asyncio
    @pytest.mark.parametrize(("follow", "in_view"), [(True, True), (False, False)])
    async def test_follows_the_cursor_or_stays(self, stage: Stage, *, follow: bool, in_view: bool) -> None:
        async with stage.run_test(size=(40, 6)) as pilot:
            table = await filled(pilot, "abcdefghijkl")
            table.follow = follow
            table.set_rows(rows("bcdefghijkla"))
            await pilot.pause()
            assert any(line.startswith(">") for line in seen(table)) == in_view

    @pytest.mark.asyncio
    async def test_is_not_torn_back_to_a_cursor_that_was_scrolled_away(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 6)) as pilot:
            table = await filled(pilot, "abcdefghijklmnopqrstuvwxyz")
            table.scroll_to(y=10, animate=False)
            await pilot.pause()
            table.set_rows(rows("bacdefghijklmnopqrstuvwxyz", "2.0"))
            await pilot.pause()
            assert "perl-k" in seen(table)[1]

    @pytest.mark.asyncio
    async def test_ends_with_the_rows_when_most_go_away(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 6)) as pilot:
            table = await filled(pilot, "abcdefghijklmnopqrstuvwxyz")
            await pilot.press("G")
            table.set_rows(rows("abcdefghi"))
            await pilot.pause()
            assert [line[4] for line in seen(table)[1:]] == ["e", "f", "g", "h", "i"]
            table.set_rows(rows("ab"))
            await pilot.pause()
            assert [line[:5] for line in seen(table)[1:3]] == ["    a", ">   b"]

    @pytest.mark.asyncio
    async def test_paints_only_the_lines_that_changed(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "abcdef")
            regions = repainted(table)
            table.set_rows(rows("abcdef"))
            assert regions == []
            changed = rows("abcdef")
            changed[2] = rows("c", "9.9")[0]
            changed[3] = rows("d", "9.9")[0]
            table.set_rows(changed)
            assert [(region.y, region.height) for region in regions] == [(3, 2)]
            regions.clear()
            table.move_cursor("b")
            assert [(region.y, region.height) for region in regions] == [(1, 2)]
            assert seen(table)[3].endswith("9.9")

    @pytest.mark.asyncio
    async def test_a_thousand_rows_cost_what_is_visible(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "")
            table.set_rows(rows(str(at) for at in range(1000)))
            await pilot.pause()
            assert len(table._strips) < 10

    @pytest.mark.asyncio
    async def test_columns_give_way_by_priority(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "ab")
            for width, expected in [
                (40, ["id", "client", "state", "rate"]),
                (25, ["id", "client", "rate"]),
                (18, ["id", "client"]),
                (8, ["id", "client"]),
            ]:
                await pilot.resize_terminal(width, 10)
                await pilot.pause()
                assert table.shown_columns == expected
                assert all(cell_len(line) <= width - 1 for line in seen(table)), "the scroll bar has the last cell"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("size", [(10, 3), (3, 2), (2, 1), (200, 60)])
    async def test_any_size_does(self, stage: Stage, size: tuple[int, int]) -> None:
        async with stage.run_test(size=size) as pilot:
            table = await filled(pilot, "abcdef")
            await pilot.press("j", "G", "k")
            await pilot.pause()
            assert any(line.startswith(">") for line in seen(table))

    @pytest.mark.asyncio
    async def test_the_header_marks_the_sort_column_and_takes_clicks(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "ab")
            table.set_sort("rate", descending=True)
            await pilot.pause()
            assert seen(table)[0].endswith("rpsv")
            table.set_sort("id")
            assert seen(table)[0].startswith("  id^ client") or " id^ client" in seen(table)[0]
            told(pilot)
            await pilot.click(table, offset=(37, 0))
            assert told(pilot) == [("HeaderClicked", "rate")]

    @pytest.mark.asyncio
    async def test_hostile_texts_keep_the_columns_straight(self, stage: Stage) -> None:
        names = ["[/x]", "\x1b[2J", "日本語日本語日本語", "\u202eevil", "e" * 10_000, "e\u0301a", "[red]"]
        async with stage.run_test(size=(40, 12)) as pilot:
            table = await filled(pilot, "")
            table.set_rows([TableRow(str(at), (str(at), name, "busy", "1.0")) for at, name in enumerate(names)])
            await pilot.pause()
            lines = seen(table)[1 : len(names) + 1]
            assert {cell_len(line) for line in lines} == {39}
            assert all(line.endswith("busy     1.0") for line in lines)
            assert "[/x]" in lines[0]
            assert "\x1b" not in "".join(lines) + table.row_text("1")
            assert table.row_text("2") == "2  日本語日本語日本語  busy  1.0"

    @pytest.mark.asyncio
    async def test_of_two_rows_with_one_key_the_first_is_kept(self, stage: Stage) -> None:
        async with stage.run_test(size=(40, 10)) as pilot:
            table = await filled(pilot, "aab")
            assert [row.key for row in table.rows] == ["a", "b"]
            await pilot.press("G")
            assert table.cursor_key == "b"


@pytest.mark.asyncio
@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark"])
async def test_everything_is_drawn_without_colour(monkeypatch: pytest.MonkeyPatch, theme: str) -> None:
    """With NO_COLOR Textual filters every segment, and ends the program on one without a style."""
    monkeypatch.setenv("NO_COLOR", "1")
    for widget in (LineTable(COLUMNS), LimitBars(), TrendGraph(), LineWidget()):
        app = Stage(widget)
        async with app.run_test(size=(60, 12)) as pilot:
            app.theme = theme
            await pilot.pause()
            if isinstance(widget, LineTable):
                widget.set_rows(rows("abc"))
            elif isinstance(widget, LimitBars):
                widget.show(LIMITS)
            elif isinstance(widget, TrendGraph):
                widget.show([1, None, 200], 100, 0.8, "calls", 60)
            else:
                widget.set_lines([[("text", "nonsense")], []])
            await pilot.pause()
            assert any(seen(widget))


class TestLineWidget:
    @pytest.mark.asyncio
    async def test_paints_only_what_changed(self) -> None:
        widget = LineWidget()
        async with Stage(widget).run_test(size=(20, 5)) as pilot:
            widget.set_lines([[("one", "")], [("two", "dim")], [("three", "")]])
            await pilot.pause()
            regions = repainted(widget)
            widget.set_lines([[("one", "")], [("TWO", "dim")], [("three", "")]])
            assert [(region.y, region.height) for region in regions] == [(1, 1)]
            assert seen(widget) == ["one", "TWO", "three"]

    @pytest.mark.asyncio
    async def test_grows_and_shrinks_with_its_lines(self) -> None:
        widget = LineWidget()
        async with Stage(widget).run_test(size=(20, 5)) as pilot:
            for count in (1, 4, 2):
                widget.set_lines([[(f"line {at}", "")] for at in range(count)])
                await pilot.pause()
                assert widget.size.height == count
                assert seen(widget)[-1] == f"line {count - 1}"

    @pytest.mark.asyncio
    async def test_another_theme_is_another_style(self) -> None:
        widget = LineWidget()
        app = Stage(widget)
        async with app.run_test(size=(20, 5)) as pilot:
            widget.set_lines([[("text", "violation")]])
            await pilot.pause()
            before = widget.render_line(0)
            app.theme = "textual-light"
            await pilot.pause()
            assert next(iter(widget.render_line(0))).style != next(iter(before)).style

    @pytest.mark.asyncio
    async def test_foreign_text_is_spelled_out_and_cut_at_the_edge(self) -> None:
        widget = LineWidget()
        async with Stage(widget).run_test(size=(10, 3)) as pilot:
            widget.set_lines([[("\x1b[2J", ""), ("[/x]日本語", "")]])
            await pilot.pause()
            assert widget.render_line(0).cell_length == 10
            assert "\x1b" not in widget.render_line(0).text


class TestLimitBars:
    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("width", "expected"),
        [
            (118, " ! WARN cpu     [######"),
            (80, "! WARN cpu     [######"),
            (40, "! cpu     [######"),
            (20, "! cpu       91%"),
        ],
    )
    async def test_says_as_much_as_the_width_allows(self, width: int, expected: str) -> None:
        widget = LimitBars(glyphs=ASCII)
        async with Stage(widget).run_test(size=(width, 10)) as pilot:
            widget.show(LIMITS)
            await pilot.pause()
            lines = seen(widget)
            assert len(lines) == 5
            assert lines[1].startswith(expected)
            assert "91%" in lines[1]
            assert ("182/200 %" in lines[1]) == (width >= 60)
            assert ("peak5m 188" in lines[1] and lines[1].endswith("_ #")) == (width >= 100)
            brackets = {line.find("]") for line in lines}
            assert len(brackets) == 1, "the bars end in one column"

    @pytest.mark.asyncio
    async def test_shows_the_worst_where_not_all_fit(self) -> None:
        widget = LimitBars(glyphs=ASCII)
        widget.styles.height = 2
        async with Stage(widget).run_test(size=(60, 5)) as pilot:
            widget.show(LIMITS)
            await pilot.pause()
            assert [line[:6] for line in seen(widget)] == ["! WARN", "X VIOL"]

    @pytest.mark.asyncio
    async def test_selects_by_key_and_mouse(self) -> None:
        widget = LimitBars(glyphs=ASCII)
        async with Stage(widget).run_test(size=(80, 10)) as pilot:
            widget.show(LIMITS)
            widget.focus()
            await pilot.pause()
            await pilot.press("j", "down", "k", "enter")
            assert told(pilot) == [("LimitChosen", "cpu")]
            widget.show(LIMITS[1:])
            assert widget.selected == 0, "the selection goes with its limit"
            await pilot.pause()
            await pilot.click(widget, offset=(3, 2), times=2)
            assert told(pilot) == [("LimitChosen", "rate")]

    @pytest.mark.asyncio
    async def test_the_selection_shows_while_it_has_the_focus(self) -> None:
        widget = LimitBars(glyphs=ASCII)
        async with Stage(widget).run_test(size=(80, 10)) as pilot:
            widget.show(LIMITS)
            for act, reverse in [(widget.focus, True), (widget.blur, False), (widget.focus, True)]:
                act()
                await pilot.pause()
                style = next(iter(widget.render_line(0))).style
                assert style is not None
                assert bool(style.reverse) == reverse

    @pytest.mark.asyncio
    async def test_old_figures_are_dim(self) -> None:
        widget = LimitBars(glyphs=ASCII)
        async with Stage(widget).run_test(size=(80, 10)) as pilot:
            widget.show(LIMITS)
            await pilot.pause()
            fresh = seen(widget)
            widget.stale = True
            await pilot.pause()
            assert seen(widget) == fresh
            assert {segment.style for segment in widget.render_line(2) if segment.text.strip()} == {
                widget._style("dim")
            }

    @pytest.mark.asyncio
    async def test_figures_that_stay_are_not_painted(self) -> None:
        widget = LimitBars(glyphs=ASCII)
        async with Stage(widget).run_test(size=(80, 10)) as pilot:
            widget.show(LIMITS)
            await pilot.pause()
            regions = repainted(widget)
            widget.show([*LIMITS[:4], LimitLine("connections", "conns", "normal", 101, 128, "", 104)])
            assert [(region.y, region.height) for region in regions] == [(4, 1)]


class TestTrendGraph:
    @pytest.mark.asyncio
    async def test_draws_the_limit_where_it_is(self) -> None:
        widget = TrendGraph(glyphs=ASCII)
        async with Stage(widget).run_test(size=(40, 12)) as pilot:
            widget.show([None, 50.0, 100.0, 125.0], 100, 0.8, "calls", 300)
            await pilot.pause()
            assert seen(widget) == [
                "   125 |                        ########",
                "   100 |~~~~~~~~~~~~~~~~~~~~~~~~########",
                "       |                ################",
                "    80 |::::::::::::::::################",
                "       |                ################",
                "       |                ################",
                "       |        ########################",
                "       |        ########################",
                "       |        ########################",
                "       |        ########################",
                "     0 +--------------------------------",
                " calls  -5m00           -2m30        now",
            ]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("size", [(1, 1), (10, 3), (24, 4), (160, 50)])
    async def test_any_size_does(self, size: tuple[int, int]) -> None:
        widget = TrendGraph()
        async with Stage(widget).run_test(size=size) as pilot:
            widget.show([0.0, 1e12, None, float("nan")], 0, 0.8, "calls", 300)
            widget.show([0.0, 1e12, None, float("nan")], 100, 0.8, "calls", 300)
            await pilot.pause()
            assert len(seen(widget)) == size[1]
