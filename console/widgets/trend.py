"""One resource's past, large: on a fixed scale, with its limit and its warning drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from console.format import SCALE, UNICODE, Glyphs, duration, fit, number, resample, trend
from console.widgets.lines import Line, LineWidget

__all__ = ["TrendGraph"]

AXIS = 8
"""Cells of the labels at the left, the axis among them."""

LEAST_WIDTH, LEAST_HEIGHT = 24, 4
"""Cells below which there is room for the graph only."""


class TrendGraph(LineWidget):
    """The graph. The scale ends at 125 % of the limit, whatever the values are."""

    DEFAULT_CSS = "TrendGraph { height: 1fr; }"

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self._values: Sequence[float | None] = ()
        self._limit, self._warning, self._unit, self._seconds = 1.0, 0.8, "", 60.0

    def show(
        self, values: Sequence[float | None], limit: float, warning: float, unit_text: str, seconds: float
    ) -> None:
        """Replace what is shown.

        Args:
            values: evenly spaced over ``seconds``, the newest last and now; ``None`` for a gap.
            warning: share of the limit at which the warning starts.
            unit_text: of the values, the limit, and the labels.
        """
        self._values, self._limit, self._warning = values, limit, warning
        self._unit, self._seconds = unit_text, seconds
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines for this size."""
        labelled = width >= LEAST_WIDTH and height >= LEAST_HEIGHT
        columns, rows = (width - AXIS, height - 2) if labelled else (width, height)
        limit = self._limit if self._limit > 0 else 1.0
        top = SCALE * limit
        values = resample(self._values, columns if self.glyphs.levels else 2 * columns)
        limit_row = _row(1 / SCALE, rows)
        warning_row = _row(self._warning / SCALE, rows)
        labels = {warning_row: self._warning * limit, limit_row: limit}
        if limit_row > 0:
            labels[0] = top
        lines: list[Line] = []
        for at, cells in enumerate(trend(values, columns, rows, top, self.glyphs)):
            level = "violation" if at <= limit_row - 1 else "warning" if at < warning_row else "trend"
            ruler, ruler_style = " ", ""
            if at == limit_row:
                ruler, ruler_style = self.glyphs.limit_line, "violation"
            elif at == warning_row:
                ruler, ruler_style = self.glyphs.warning_line, "warning"
            line: Line = []
            if labelled:
                text = fit(number(labels[at]) if at in labels else "", AXIS - 2, "right")
                line.append((f"{text} {self.glyphs.vertical}", ruler_style or "dim"))
            for empty, run in groupby(cells, " ".__eq__):
                text = "".join(run)
                line.append((ruler * len(text), ruler_style) if empty else (text, level))
            lines.append(line)
        return lines + self._time_axis(columns) if labelled else lines

    def _time_axis(self, columns: int) -> list[Line]:
        """Return the axis below and its labels: how long ago the left end and the middle were."""
        unit = fit(self._unit, AXIS - 2, "right", self.glyphs.more)
        left, middle, right = f"-{duration(self._seconds)}", f"-{duration(self._seconds / 2)}", "now"
        half = columns // 2
        labels = left.ljust(half) + middle if half > len(left) and columns - half > len(middle) + len(right) else left
        zero = fit("0", AXIS - 2, "right")
        return [
            [(f"{zero} {self.glyphs.corner}{self.glyphs.horizontal * columns}", "dim")],
            [(f"{unit}  {labels.ljust(columns - len(right))}{right}", "dim")],
        ]


def _row(share: float, rows: int) -> int:
    """Return the row, 0 being the topmost, in which a share of the scale lies."""
    return max(0, min(rows - 1, rows - 1 - int(round(share * rows, 6))))
