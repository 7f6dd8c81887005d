"""How figures, times and texts look on the console's screens and in its plain output.

Pure. Widths are terminal cells, not characters. Bars and trends have fixed scales, so that 10 % of a limit never looks
like 100 % of it. Glyphs are of certain width only (ASCII, box drawing, blocks, braille), and what colour says is said
by shape as well.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Final, Literal

import attrs
from rich.cells import cell_len, set_cell_size

from bridge.text import printable

__all__ = [
    "ASCII",
    "LEVEL_SYMBOLS",
    "LEVEL_WORDS",
    "SCALE",
    "UNICODE",
    "Align",
    "Glyphs",
    "bar",
    "clock",
    "decimal",
    "duration",
    "fit",
    "milliseconds",
    "number",
    "percent",
    "plain",
    "resample",
    "size",
    "trend",
]

Align = Literal["left", "right"]

SCALE: Final = 1.25
"""Share of the limit at the end of a bar and at the top of a trend: room to see an overshoot."""

LEVEL_SYMBOLS: Final = {"normal": " ", "warning": "!", "violation": "X"}
LEVEL_WORDS: Final = {"normal": "OK", "warning": "WARN", "violation": "VIOL"}

UNKNOWN: Final = "-"
"""Stands for what is not a number."""


@attrs.frozen
class Glyphs:
    """One set of characters to draw with; each is one cell wide.

    Attributes:
        full, empty, over: a bar's fill, its rest, its fill beyond the limit.
        eighths: a bar's tip, by eighths of a cell from 0 (an empty text: no tip) to 7.
        warning_mark, limit_mark, beyond: on a bar: where the warning starts, the limit, "it goes on".
        left, right: a bar's ends.
        more: the end of a text that was cut.
        levels: a trend's cell by its fill, from none to full; empty for braille.
        limit_line, warning_line: the lines through a large trend.
        horizontal, corner, tick: its axes.
        marker: in front of the cursor's row. down, up: the sort column.
    """

    full: str
    empty: str
    over: str
    eighths: tuple[str, ...]
    warning_mark: str
    limit_mark: str
    beyond: str
    left: str
    right: str
    more: str
    levels: str
    limit_line: str
    warning_line: str
    horizontal: str
    vertical: str
    corner: str
    marker: str = ">"
    down: str = "v"
    up: str = "^"


UNICODE: Final = Glyphs(
    full="█",
    empty=" ",
    over="▓",
    eighths=("", "▏", "▎", "▍", "▌", "▋", "▊", "▉"),
    warning_mark="!",
    limit_mark="│",
    beyond=">",
    left="▕",
    right="▏",
    more="…",
    levels="",
    limit_line="─",
    warning_line="╌",
    horizontal="─",
    vertical="│",
    corner="└",
    down="▼",
    up="▲",
)

ASCII: Final = Glyphs(
    full="#",
    empty=".",
    over="X",
    eighths=("",) * 8,
    warning_mark="!",
    limit_mark="|",
    beyond=">",
    left="[",
    right="]",
    more=">",
    levels=" ._-=#",
    limit_line="~",
    warning_line=":",
    horizontal="-",
    vertical="|",
    corner="+",
)


def duration(seconds: float) -> str:
    """Say how long, in at most 6 cells: ``0.3s``, ``42s``, ``14m09``, ``1h05m``, ``3d04h``. Rounds down, as clocks do.

    What is below zero (a clock was set back) counts as zero.
    """
    if not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 1:
        return f"0.{int(max(0.0, seconds) * 10)}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}"
    if whole < 86_400:
        return f"{whole // 3600}h{whole // 60 % 60:02}m"
    days = whole // 86_400
    if days < 100:
        return f"{days}d{whole // 3600 % 24:02}h"
    return f"{days}d" if days < 100_000 else ">9999d"


def clock(at: float) -> str:
    """Return the local time of day of ``at`` (seconds since 1970) as HH:MM:SS; dashes for what no clock shows."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "--:--:--"


def number(value: float) -> str:
    """Return a figure in at most 6 cells: whole ones as they are up to 9999, then ``12.3k``, ``123k``, ``3.4M``."""
    if math.isfinite(value) and value == int(value) and abs(value) < 10_000:
        return str(int(value))
    return decimal(value)


def decimal(value: float) -> str:
    """Return a figure in at most 6 cells, with one decimal below 100: ``0.0``, ``11.6``, ``338``, ``12.0k``."""
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) < 9999.5:
        return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
    for suffix in "kMGTPE":
        value /= 1000
        if abs(value) < 99.95:
            return f"{value:.1f}{suffix}"
        if abs(value) < 999.5:
            return f"{value:.0f}{suffix}"
    return ">999E" if value > 0 else "<-999E"


def milliseconds(seconds: float) -> str:
    """Return a time as milliseconds without their unit, in at most 6 cells: ``0.9``, ``12.2``, ``338``, ``12.0k``."""
    return decimal(seconds * 1000)


def percent(ratio: float) -> str:
    """Return a share as ``70%``, at most 5 cells. Only the limit itself is ``100%``: what is over it shows as more."""
    if not math.isfinite(ratio):
        return UNKNOWN
    if ratio > 9.99:
        return ">999%"
    shown = round(max(ratio, 0.0) * 100)
    if ratio < 1:
        shown = min(shown, 99)
    elif ratio > 1:
        shown = max(shown, 101)
    return f"{shown}%"


def size(count: float) -> str:
    """Return a number of bytes in steps of 1000: ``512B``, ``12.4kB``, ``338MB``."""
    if not math.isfinite(count):
        return UNKNOWN
    return (str(int(count)) if abs(count) < 1000 else _thousands(count)) + "B"


def _thousands(value: float) -> str:
    """Return ``value`` (1000 or more) in thousands, millions ..."""
    return decimal(value) if abs(value) >= 9999.5 else f"{value / 1000:.1f}k"


def fit(text: str, width: int, align: Align = "left", more: str = "…") -> str:
    """Return ``text``, safe for a terminal, in exactly ``width`` cells; ``more`` (one cell) marks that it was cut."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        length = len(text)
        if length > width:
            return text[: width - 1] + more
        return text.ljust(width) if align == "left" else text.rjust(width)
    text = printable(text, 4 * width + 4)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + more
    padding = " " * (width - length)
    return text + padding if align == "left" else padding + text


def bar(ratio: float, width: int, warning: float, glyphs: Glyphs = UNICODE) -> list[tuple[str, str]]:
    """Draw a share of a limit as ``width`` cells, ends included: 0 to 125 %, marks at the warning and at the limit.

    Returns:
        (text, part) in order, part being ``frame``, ``ok``, ``warning``, ``violation``, ``mark`` or ``empty``. The
        warning's mark stays visible in the fill, the limit's gives way to it. Below 3 cells there is only blank.
    """
    cells = width - 2
    if cells < 1:
        return [(" " * max(0, width), "empty")] if width > 0 else []
    exact = min(max(ratio, 0.0), SCALE) / SCALE * cells if math.isfinite(ratio) else 0.0
    if ratio == math.inf:
        exact = float(cells)
    exact = round(exact, 6)  # 0.8 / 1.25 * 25 is 16, and not a hair less
    filled = int(exact)
    tip = glyphs.eighths[int((exact - filled) * 8)]
    warn_at, limit_at = _cell(warning, cells), _cell(1.0, cells)
    parts: list[tuple[str, str]] = [(glyphs.left, "frame")]
    for cell in range(cells):
        part = "ok" if cell < warn_at else "warning" if cell < limit_at else "violation"
        if cell == cells - 1 and ratio > SCALE:
            glyph, part = glyphs.beyond, "violation"
        elif cell == warn_at:
            glyph, part = glyphs.warning_mark, "mark"
        elif cell < filled:
            glyph = glyphs.over if part == "violation" else glyphs.full
        elif cell == limit_at:
            glyph, part = glyphs.limit_mark, "mark"
        elif cell == filled and tip:
            glyph = tip
        else:
            glyph, part = glyphs.empty, "empty"
        if parts[-1][1] == part:
            parts[-1] = (parts[-1][0] + glyph, part)
        else:
            parts.append((glyph, part))
    parts.append((glyphs.right, "frame"))
    return parts


def _cell(ratio: float, cells: int) -> int:
    """Return the cell of a bar in which a share of the limit lies."""
    return min(cells - 1, int(round(ratio / SCALE * cells, 6)))


def resample(values: Sequence[float | None], columns: int) -> list[float | None]:
    """Spread values over exactly ``columns`` columns: the highest of each share, or the same one over and over.

    A column whose values are all missing is missing. Nothing in gives nothing but missing ones.
    """
    count = len(values)
    if not count:
        return [None] * columns
    spread: list[float | None] = []
    for column in range(columns):
        start = column * count // columns
        end = max(start + 1, (column + 1) * count // columns)
        spread.append(
            max((value for value in values[start:end] if value is not None and value == value), default=None)  # noqa: PLR0124 - leaves NaN out
        )
    return spread


# Bits of a braille cell's left and right column, filled from below to a height of 0 to 4 dots.
_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
_BRAILLE = [[" " if not a | b else chr(0x2800 | a | b) for b in _RIGHT] for a in _LEFT]


def trend(values: Sequence[float | None], width: int, height: int, top: float, glyphs: Glyphs = UNICODE) -> list[str]:
    """Draw values, the newest at the right, on a fixed scale from 0 to ``top``: ``height`` lines, the topmost first.

    A missing value (None or NaN) leaves a gap; zero still shows as the lowest step, so that "nothing happened" and
    "nobody looked" differ. More values than columns (two a cell in braille) are thinned out by their maximum; fewer
    start at the right.
    """
    if width <= 0 or height <= 0:
        return []
    steps = len(glyphs.levels) - 1 if glyphs.levels else 4
    columns = width if glyphs.levels else 2 * width
    if len(values) > columns:
        # Shares of one size that end at the newest value: a peak keeps its height while it wanders to the left.
        share = -(-len(values) // columns)
        blank = -len(values) % share
        values = resample([None] * blank + list(values), (len(values) + blank) // share)
    heights = [_height(value, steps * height, top) for value in values]
    heights = [0] * (columns - len(heights)) + heights
    lines = []
    for row in range(height - 1, -1, -1):
        base = row * steps
        cut = [0 if full <= base else min(full - base, steps) for full in heights]
        if glyphs.levels:
            lines.append("".join([glyphs.levels[step] for step in cut]))
        else:
            lines.append("".join([_BRAILLE[a][b] for a, b in zip(cut[::2], cut[1::2], strict=True)]))
    return lines


def _height(value: float | None, steps: int, top: float) -> int:
    """Return how many of ``steps`` a value fills: none if missing, at least one otherwise."""
    if value is None or math.isnan(value):
        return 0
    if value >= top:
        return steps
    return max(1, round(value / top * steps)) if value > 0 else 1


def plain(value: float | None) -> str:
    """Write a number as short as it is exact."""
    if value is None:
        return "-"
    return str(int(value)) if float(value).is_integer() else f"{value:.10g}"
