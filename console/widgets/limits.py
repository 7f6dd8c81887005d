"""The limits at a glance: one line each with level, bar, figures and trend, in as much detail as the width allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message

from console.format import LEVEL_SYMBOLS, LEVEL_WORDS, SCALE, UNICODE, Glyphs, bar, fit, number, percent, trend
from console.widgets.lines import Line, LineWidget

__all__ = ["LimitBars", "LimitLine"]

WIDE, MIDDLE = 100, 60
"""Cells from which there are trends, and from which there are values beside the bar."""

LEAST_BAR = 8
"""Cells below which a bar says less than the percentage beside it."""

_RANK = {"violation": 2, "warning": 1}


@attrs.frozen
class LimitLine:
    """One limited figure.

    Attributes:
        level: ``normal``, ``warning`` or ``violation``, as the daemon judges; the bar shows the bare figures.
        value, limit, peak: in ``unit``. warning: share of the limit.
        trend: earlier values, the newest last; ``None`` for a gap.
    """

    key: str
    name: str
    level: str
    value: float
    limit: float
    unit: str = ""
    peak: float = 0.0
    warning: float = 0.8
    trend: Sequence[float | None] = ()

    @property
    def ratio(self) -> float:
        """The share of the limit that is in use."""
        return self.value / self.limit if self.limit > 0 else float("nan")


class LimitBars(LineWidget, can_focus=True):
    """The lines. Where there is no room for all of them the worst are shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "select(-1)", "Up", show=False, id="limits.up"),
        Binding("down,j", "select(1)", "Down", show=False, id="limits.down"),
        Binding("enter", "choose", "Details", show=False, id="limits.choose"),
    ]

    class LimitChosen(Message):
        """Enter or a double click on the limit ``key``."""

        def __init__(self, bars: LimitBars, key: str) -> None:
            super().__init__()
            self.bars = bars
            self.key = key

        @property
        def control(self) -> LimitBars:
            """The widget, for ``@on`` with a selector."""
            return self.bars

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self._limits: list[LimitLine] = []
        self._selected: str | None = None
        self._stale = False

    def show(self, limits: Sequence[LimitLine]) -> None:
        """Replace what is shown."""
        count = len(self._limits)
        self._limits = list(limits)
        if self._selected not in {limit.key for limit in limits}:
            self._selected = limits[0].key if limits else None
        if len(limits) != count:
            self.refresh(layout=True)
        self.redraw()

    @property
    def selected(self) -> int:
        """The place of the selected limit; -1 when there is none."""
        return next((at for at, limit in enumerate(self._limits) if limit.key == self._selected), -1)

    @selected.setter
    def selected(self, at: int) -> None:
        if self._limits:
            self._selected = self._limits[max(0, min(at, len(self._limits) - 1))].key
            self.redraw()

    @property
    def selected_key(self) -> str | None:
        """The key of the selected limit."""
        return self._selected

    @property
    def stale(self) -> bool:
        """Whether the figures are old; then all of them are dim."""
        return self._stale

    @stale.setter
    def stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.redraw()

    def action_select(self, step: int) -> None:
        """Select another of the limits that are in view."""
        keys = [limit.key for limit in self._shown(self.size.height)]
        if keys:
            at = keys.index(self._selected) + step if self._selected in keys else 0
            self._selected = keys[max(0, min(at, len(keys) - 1))]
            self.redraw()

    def action_choose(self) -> None:
        """Say which limit the operator wants to know more about."""
        if self._selected is not None:
            self.post_message(self.LimitChosen(self, self._selected))

    def on_click(self, event: events.Click) -> None:
        """Select the limit under the pointer; a double click chooses it."""
        offset = event.get_content_offset(self)
        shown = self._shown(self.size.height)
        if offset is None or offset.y >= len(shown):
            return
        event.stop()
        key = shown[offset.y].key
        if event.chain == 2 and key == self._selected:
            self.post_message(self.LimitChosen(self, key))
        self._selected = key
        self.redraw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show which line is selected, or hide it."""
        super().watch_has_focus(has_focus)
        self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return one line for each limit."""
        return max(1, len(self._limits))

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines for this size."""
        names = max((min(11, max(4, len(limit.name))) for limit in self._limits), default=4)
        figures = max((_figures_width(limit) for limit in self._limits), default=11)
        draw_one = self._wide if width >= WIDE else self._middle if width >= MIDDLE else self._narrow
        lines = []
        for limit in self._shown(height):
            line = draw_one(limit, width, names, figures)
            if self._stale:
                line = [(text, "dim") for text, _ in line]
            if self.has_focus and limit.key == self._selected:
                # The first parts are the level and the name.
                line[0] = (line[0][0], "selected")
                line[1] = (line[1][0], "selected")
            lines.append(line)
        return lines

    def _shown(self, height: int) -> list[LimitLine]:
        """Return the limits for which there is room, the worst if not all, in their order."""
        if height >= len(self._limits):
            return self._limits
        worst = sorted(self._limits, key=lambda limit: (-_RANK.get(limit.level, 0), -limit.ratio))[:height]
        keys = {limit.key for limit in worst}
        return [limit for limit in self._limits if limit.key in keys]

    def _wide(self, limit: LimitLine, width: int, names: int, figures: int) -> Line:
        rest = width - names - figures - 32
        bar_width = min(60, rest * 7 // 10)
        trend_width = rest - bar_width
        line = [
            (f" {_status(limit)} ", limit.level),
            (fit(limit.name, names, more=self.glyphs.more), "title"),
            (" ", ""),
            *bar(limit.ratio, bar_width, limit.warning, self.glyphs),
            (f" {percent(limit.ratio):>5} ", limit.level),
            (fit(_figures(limit), figures, more=self.glyphs.more), ""),
            (f"  peak5m {_figure(limit.peak, limit.limit):<6} ", "dim"),
        ]
        drawn = trend(limit.trend, trend_width, 1, SCALE * limit.limit, self.glyphs)
        return [*line, (drawn[0], "trend")] if drawn else line

    def _middle(self, limit: LimitLine, width: int, names: int, figures: int) -> Line:
        return [
            (f"{_status(limit)} ", limit.level),
            (fit(limit.name, names, more=self.glyphs.more), "title"),
            (" ", ""),
            *bar(limit.ratio, width - names - figures - 25, limit.warning, self.glyphs),
            (f" {percent(limit.ratio):>5} ", limit.level),
            (fit(_figures(limit), figures, more=self.glyphs.more), ""),
            (f" pk {_figure(limit.peak, limit.limit):<6}", "dim"),
        ]

    def _narrow(self, limit: LimitLine, width: int, names: int, figures: int) -> Line:
        line = [
            (f"{LEVEL_SYMBOLS.get(limit.level, '?')} ", limit.level),
            (fit(limit.name, names, more=self.glyphs.more), "title"),
        ]
        room = width - names - 9
        if room >= LEAST_BAR:
            line += [(" ", ""), *bar(limit.ratio, room, limit.warning, self.glyphs)]
        return [*line, (f" {percent(limit.ratio):>5}", limit.level)]


def _status(limit: LimitLine) -> str:
    """Return symbol and word of a level in 6 cells; levels of a newer daemon show as they are."""
    return f"{LEVEL_SYMBOLS.get(limit.level, '?')} {fit(LEVEL_WORDS.get(limit.level, limit.level), 4)}"


def _figure(value: float, limit: float) -> str:
    """Return a value as exactly as its limit calls for: whole from 10 on, so that digits do not flicker."""
    whole = abs(limit) >= 10 and abs(value) < 1e15
    return number(round(value) if whole else value)


def _figures(limit: LimitLine) -> str:
    return f"{_figure(limit.value, limit.limit)}/{number(limit.limit)} {limit.unit}"


def _figures_width(limit: LimitLine) -> int:
    """Return the cells for value, limit and unit: by the limit, so that they do not change with the value."""
    return max(11, min(22, 2 * len(number(limit.limit)) + len(limit.unit) + 3))
