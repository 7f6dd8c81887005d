"""Lines of styled text that repaint only what changed; what the other line widgets are built on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from bridge.text import printable

__all__ = ["Line", "LineWidget"]

Line = list[tuple[str, str]]
"""One line: (text, style name) in order. The text may be foreign."""


class LineWidget(Widget):
    """Shows the lines it is given; what is below or beyond them is blank.

    A style name is a component class without its prefix: ``violation`` is ``lines--violation``, and the style sheet
    decides how that looks. A name without such a class, the empty one too, stands for the widget's own style.
    """

    DEFAULT_CSS = """
    LineWidget { height: auto; }
    LineWidget > .lines--violation { color: $text-error; text-style: bold; }
    LineWidget > .lines--warning { color: $text-warning; text-style: bold; }
    LineWidget > .lines--ok { color: $text-success; }
    LineWidget > .lines--dim { color: $text-muted; }
    LineWidget > .lines--title { text-style: bold; }
    LineWidget > .lines--mark { color: $foreground; text-style: bold; }
    LineWidget > .lines--frame { color: $text-muted; }
    LineWidget > .lines--empty { color: $text-disabled; }
    LineWidget > .lines--trend { color: $text-primary; }
    LineWidget > .lines--key { color: $text-primary; text-style: bold; }
    LineWidget > .lines--selected { text-style: reverse; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--dim",
        "lines--empty",
        "lines--frame",
        "lines--key",
        "lines--mark",
        "lines--ok",
        "lines--selected",
        "lines--title",
        "lines--trend",
        "lines--violation",
        "lines--warning",
    }
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: list[Strip | None] = []
        self._styles: dict[str, Style] = {}

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Replace the lines; those that are as they were cost nothing."""
        old, new = self._lines, list(lines)
        changed = [was != now for was, now in zip(old, new, strict=False)]
        changed += [True] * abs(len(old) - len(new))
        if True not in changed:
            return
        self._lines = new
        strips: list[Strip | None] = [*self._strips[: len(new)], *[None] * (len(new) - len(self._strips))]
        self._strips = [None if differs else strip for strip, differs in zip(strips, changed, strict=False)]
        if len(new) != len(old) and self.styles.height is not None and self.styles.height.is_auto:
            self.refresh(layout=True)
            return
        regions: list[Region] = []
        width, y = self.size.width, 0
        for differs, run in groupby(changed):
            count = len(list(run))
            if differs and width:
                regions.append(Region(0, y, width, count))
            y += count
        if regions:
            self.refresh(*regions)

    @property
    def text(self) -> str:
        """What is shown, without styles and trailing blanks, to copy or to export."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)

    def draw(self, width: int, height: int) -> Sequence[Line] | None:
        """Return the lines for this size, in cells; ``None`` where they do not depend on it. For subclasses."""
        return None

    def redraw(self) -> None:
        """Call :meth:`draw` for the present size, and show what it returns."""
        width, height = self.size
        if width and height:
            lines = self.draw(width, height)
            if lines is not None:
                self.set_lines(lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are."""
        return max(1, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """Return one line, drawn anew only if it changed."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self._style(""))
        strip = self._strips[y]
        if strip is None or strip.cell_length != width:
            strip = self._strips[y] = self._strip(self._lines[y], width)
        return strip

    def notify_style_update(self) -> None:
        """Forget what was drawn: the theme or the focus has changed."""
        super().notify_style_update()
        self._styles.clear()
        self._strips = [None] * len(self._lines)

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new size."""
        self.redraw()

    def _strip(self, line: Line, width: int) -> Strip:
        segments: list[Segment] = []
        used = 0
        for foreign, name in line:
            ascii_text = foreign.isascii()
            text = foreign if ascii_text and foreign.isprintable() else printable(foreign, 4 * width + 4)
            if text:
                segments.append(Segment(text, self._style(name)))
                used += len(text) if ascii_text else cell_len(text)
        return Strip(segments, used).adjust_cell_length(width, self._style(""))

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self.get_component_rich_style(f"lines--{name}", default=self.rich_style)
            self._styles[name] = style
        return style
