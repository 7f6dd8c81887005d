from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.format import (
    ASCII,
    UNICODE,
    Glyphs,
    bar,
    clock,
    decimal,
    duration,
    fit,
    milliseconds,
    number,
    percent,
    resample,
    size,
    trend,
)

any_glyphs = st.sampled_from([ASCII, UNICODE])
any_float = st.floats(allow_nan=True, allow_infinity=True)


class TestFigures:
    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [
            (-5, "0.0s"),
            (0.39, "0.3s"),
            (42.9, "42s"),
            (59.999, "59s"),
            (849, "14m09"),
            (3900, "1h05m"),
            (86_399, "23h59m"),
            (3 * 86_400 + 4 * 3600, "3d04h"),
            (400 * 86_400, "400d"),
            (math.nan, "-"),
        ],
    )
    def test_durations_round_down(self, seconds: float, shown: str) -> None:
        assert duration(seconds) == shown

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (0, "0"),
            (9999, "9999"),
            (1234.0, "1234"),
            (5.94, "5.9"),
            (99.96, "100"),
            (12_345, "12.3k"),
            (3_400_000, "3.4M"),
        ],
    )
    def test_numbers(self, value: float, shown: str) -> None:
        assert number(value) == shown

    @pytest.mark.parametrize(
        ("seconds", "shown"), [(0.0009, "0.9"), (0.0122, "12.2"), (0.338, "338"), (12.0, "12.0k"), (0, "0.0")]
    )
    def test_latencies(self, seconds: float, shown: str) -> None:
        assert milliseconds(seconds) == shown

    @pytest.mark.parametrize(
        ("ratio", "shown"),
        [(0.7, "70%"), (0.999, "99%"), (1.0, "100%"), (1.001, "101%"), (120, ">999%"), (-0.1, "0%"), (math.nan, "-")],
    )
    def test_only_the_limit_itself_is_100_percent(self, ratio: float, shown: str) -> None:
        assert percent(ratio) == shown

    @pytest.mark.parametrize(("count", "shown"), [(0, "0B"), (512, "512B"), (1500, "1.5kB"), (12_400_000, "12.4MB")])
    def test_sizes(self, count: float, shown: str) -> None:
        assert size(count) == shown

    @given(any_float)
    def test_every_figure_keeps_to_its_column(self, value: float) -> None:
        """Whatever a daemon sends, the columns to the right stay where they are."""
        for draw in (duration, number, decimal, milliseconds, percent):
            assert 1 <= len(draw(value)) <= 6

    @given(any_float)
    def test_no_time_is_too_strange_for_the_clock(self, at: float) -> None:
        assert len(clock(at)) == 8

    def test_the_clock_is_local(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TZ", "UTC-2")
        time.tzset()
        try:
            assert clock(3661) == "03:01:01"
        finally:
            monkeypatch.undo()
            time.tzset()


class TestFit:
    @given(st.text(max_size=40), st.integers(0, 30), st.sampled_from(["left", "right"]))
    def test_takes_exactly_its_width(self, text: str, width: int, align: str) -> None:
        shown = fit(text, width, align)  # type: ignore[arg-type]
        assert cell_len(shown) == width
        assert "\x1b" not in shown

    def test_marks_what_was_cut(self) -> None:
        assert fit("report.daily", 8) == "report.…"
        assert fit("report.daily", 8, more=">") == "report.>"
        assert fit("12345", 5, "right") == "12345"

    def test_half_a_wide_character_is_a_blank(self) -> None:
        assert fit("日本語", 4) == "日 …"

    def test_spells_out_what_a_terminal_would_obey(self) -> None:
        assert fit("\x1b[2J", 8) == r"\x1b[2J "


def drawn(ratio: float, width: int, glyphs: Glyphs = ASCII) -> str:
    return "".join(text for text, _ in bar(ratio, width, 0.8, glyphs))


class TestBar:
    @pytest.mark.parametrize(
        ("ratio", "shown"),
        [
            (0.70, "[##########################....!......|.........]"),
            (0.91, "[##############################!###...|.........]"),
            (1.06, "[##############################!######XX........]"),
            (1.40, "[##############################!######XXXXXXXXX>]"),
            (0.0, "[..............................!......|.........]"),
            (math.nan, "[..............................!......|.........]"),
            (-1, "[..............................!......|.........]"),
        ],
    )
    def test_in_ascii(self, ratio: float, shown: str) -> None:
        assert drawn(ratio, 49) == shown

    def test_blocks_have_a_fine_tip(self) -> None:
        assert drawn(0.72, 27, UNICODE) == "▕██████████████▍ !   │    ▏"

    def test_parts_follow_the_marks(self) -> None:
        assert bar(1.06, 49, 0.8, ASCII) == [
            ("[", "frame"),
            ("#" * 30, "ok"),
            ("!", "mark"),
            ("#" * 6, "warning"),
            ("XX", "violation"),
            ("." * 8, "empty"),
            ("]", "frame"),
        ]

    @given(glyphs=any_glyphs, ratio=any_float, width=st.integers(-1, 200), warning=st.floats(0.1, 0.99))
    def test_takes_exactly_its_width(self, glyphs: Glyphs, ratio: float, width: int, warning: float) -> None:
        text = "".join(text for text, _ in bar(ratio, width, warning, glyphs))
        assert cell_len(text) == len(text) == max(0, width)

    @given(st.floats(0, 1.25), st.floats(0, 1.25), st.integers(3, 120))
    def test_more_is_never_shorter(self, one: float, other: float, width: int) -> None:
        less, more = sorted([one, other])
        filled = [drawn(ratio, width).rstrip(".|]").rstrip("!.|") for ratio in (less, more)]
        assert len(filled[0]) <= len(filled[1])


class TestTrend:
    def test_the_scale_is_fixed(self) -> None:
        """A tenth of the scale looks like a tenth, however little else there is."""
        assert trend([10.0] * 4, 2, 1, 100) == ["⣀⣀"]
        assert trend([100.0] * 4, 2, 1, 100) == ["⣿⣿"]

    def test_the_newest_is_at_the_right(self) -> None:
        assert trend([0.0, 100.0], 4, 1, 100, ASCII) == ["  .#"]

    def test_a_gap_is_not_a_zero(self) -> None:
        assert trend([None, 0.0, math.nan, 0.0], 4, 1, 100, ASCII) == [" . ."]

    def test_a_peak_survives_thinning_out(self) -> None:
        values = [1.0] * 1000
        values[503] = 100.0
        assert trend(values, 20, 1, 100, ASCII)[0].count("#") == 1

    def test_lines_stack(self) -> None:
        assert trend([50.0, 100.0, 250.0], 3, 2, 100, ASCII) == [" ##", "###"]

    @given(
        glyphs=any_glyphs,
        values=st.lists(st.none() | any_float, max_size=80),
        width=st.integers(0, 20),
        height=st.integers(0, 4),
    )
    def test_fills_its_place(self, glyphs: Glyphs, values: list[float | None], width: int, height: int) -> None:
        lines = trend(values, width, height, 125, glyphs)
        assert len(lines) == (height if width else 0)
        assert all(cell_len(line) == width for line in lines)

    @given(st.lists(st.none() | st.floats(0, 1e6), max_size=80), st.integers(1, 60))
    def test_resampling_keeps_the_maximum(self, values: list[float | None], columns: int) -> None:
        spread = resample(values, columns)
        known = [value for value in values if value is not None]
        assert len(spread) == columns
        assert max((value for value in spread if value is not None), default=None) == (max(known) if known else None)
