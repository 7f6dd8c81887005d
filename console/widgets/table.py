"""A table of lines whose cursor belongs to a row, not to a place.

Only visible rows become strips, and only those that changed are painted again; that is what makes a thousand rows
affordable several times a second. Rows are known by their keys: when the order changes the cursor goes with its row,
so that what an operator does reaches the row that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bridge.text import printable
from console.format import UNICODE, Glyphs, fit
from console.widgets.columns import Column, Placed, TableRow, lay_out

__all__ = ["Column", "LineTable", "TableRow"]

MAX_CACHED = 2000
"""Strips kept at most; all are dropped when there are more."""


class LineTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The table. Fill it with :meth:`set_columns` and :meth:`set_rows`.

    Attributes:
        follow: True: a cursor row that was in view stays in view when the order changes. False: the view stays.
        empty_text: shown where there are no rows.
    """

    DEFAULT_CSS = """
    LineTable { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    LineTable > .table--header { text-style: bold; color: $text-muted; }
    LineTable > .table--cursor { text-style: bold; }
    LineTable:focus > .table--cursor { text-style: reverse; }
    LineTable > .table--violation { color: $text-error; text-style: bold; }
    LineTable > .table--warning { color: $text-warning; }
    LineTable > .table--ok { color: $text-success; }
    LineTable > .table--dim { color: $text-muted; }
    LineTable > .table--title { text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--cursor",
        "table--dim",
        "table--header",
        "table--ok",
        "table--title",
        "table--violation",
        "table--warning",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("home,g", "first", "First", show=False, id="table.first"),
        Binding("end,G", "last", "Last", show=False, id="table.last"),
        Binding("enter", "activate", "Details", show=False, id="table.activate"),
    ]
    ALLOW_SELECT = False

    class _TableMessage(Message):
        """A message of a table."""

        def __init__(self, table: LineTable, key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> LineTable:
            """The table, for ``@on`` with a selector."""
            return self.table

    class CursorMoved(_TableMessage):
        """The cursor is on another row: ``key``, ``None`` when there are no rows any more."""

    class CursorLost(_TableMessage):
        """The cursor's row ``key`` has gone away; ``neighbour`` has the cursor now. ``CursorMoved`` follows."""

        def __init__(self, table: LineTable, key: str, neighbour: str | None) -> None:
            super().__init__(table, key)
            self.neighbour = neighbour

    class RowActivated(_TableMessage):
        """Enter or a double click on the row ``key``."""

    class HeaderClicked(_TableMessage):
        """A click on the title of the column ``key``."""

    def __init__(
        self,
        columns: Iterable[Column] = (),
        *,
        glyphs: Glyphs = UNICODE,
        empty_text: str = "nothing here",
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self.follow = True
        self.empty_text = empty_text
        self._columns: tuple[Column, ...] = tuple(columns)
        self._sort: tuple[str, bool] | None = None
        self._rows: list[TableRow] = []
        self._index: dict[str, int] = {}
        self._cursor: str | None = None
        self._styles: dict[str, Style] = {}
        self._strips: dict[str, tuple[TableRow, Strip]] = {}
        self._place = (0, 0, 0)
        self._layout: tuple[int, list[Placed]] = (-1, [])

    # What is shown.

    def set_columns(self, columns: Iterable[Column]) -> None:
        """Replace the columns; rows whose cells fit them must follow."""
        self._columns = tuple(columns)
        self._forget()

    def set_sort(self, key: str | None, *, descending: bool = False) -> None:
        """Mark the column that the rows are sorted by; sorting itself is the caller's."""
        sort = None if key is None else (key, descending)
        if sort != self._sort:
            self._sort = sort
            self.refresh(Region(0, 0, self._width, self._header))

    def set_rows(self, rows: Sequence[TableRow]) -> None:
        """Replace the rows, in the order in which they are to be shown."""
        before = self._visible()
        cursor_line = self._line_of(self._cursor)
        old_rows, old_index = self._rows, self._index
        index: dict[str, int] = {}
        for row in rows:
            index.setdefault(row.key, len(index))
        if len(index) != len(rows):
            seen: set[str] = set()
            rows = [row for row in rows if not (row.key in seen or seen.add(row.key))]  # type: ignore[func-returns-value]
        self._rows, self._index = list(rows), index
        lost = self._cursor
        if lost is not None and lost in index:
            lost = None
        if self._cursor not in index:
            self._cursor = self._neighbour(old_rows, old_index)
            if self._cursor is not None or lost is not None:
                if lost is not None:
                    self.post_message(self.CursorLost(self, lost, self._cursor))
                self.post_message(self.CursorMoved(self, self._cursor))
        if len(rows) != len(old_rows):
            self._resize_content()
        if self.follow and cursor_line is not None:
            self._show_cursor()
        self._repaint(before)

    @property
    def rows(self) -> Sequence[TableRow]:
        """The rows as they are shown."""
        return self._rows

    @property
    def cursor_key(self) -> str | None:
        """The key of the cursor's row; ``None`` without rows."""
        return self._cursor

    @property
    def shown_columns(self) -> list[str]:
        """The keys of the columns that the width has room for."""
        return [column.key for _, column, _, _ in self._columns_shown(self._width)]

    def move_cursor(self, key: str) -> bool:
        """Put the cursor on a row and scroll there; say whether there is such a row."""
        if key not in self._index:
            return False
        if key != self._cursor:
            before = self._visible()
            self._cursor = key
            self._show_cursor()
            self._repaint(before)
            self.post_message(self.CursorMoved(self, key))
        else:
            self._show_cursor()
        return True

    def row_text(self, key: str) -> str:
        """Return a row's cells in full, also of columns that are not shown, safe for a terminal; "" without it."""
        at = self._index.get(key)
        return "" if at is None else "  ".join(printable(cell.strip()) for cell in self._rows[at].cells)

    # Keys and mouse.

    def action_cursor(self, step: int) -> None:
        """Move the cursor by rows."""
        self._go((0 if self._cursor is None else self._index[self._cursor]) + step)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in view less one row."""
        self.action_cursor(pages * max(1, self.size.height - self._header - 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self._go(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._go(len(self._rows) - 1)

    def action_activate(self) -> None:
        """Say that the operator wants to know more about the cursor's row."""
        if self._cursor is not None:
            self.post_message(self.RowActivated(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """Select the row, or tell of a click on a title."""
        offset = event.get_content_offset(self)
        if offset is None or event.button not in {0, 1}:
            return
        event.stop()
        if offset.y < self._header:
            for _, column, start, width in self._columns_shown(self._width):
                if start <= offset.x <= start + width:
                    self.post_message(self.HeaderClicked(self, column.key))
                    return
            return
        at = self.scroll_offset.y + offset.y - self._header
        if not 0 <= at < len(self._rows):
            return
        key = self._rows[at].key
        # Rows move: the second click counts only if it met the row that the first one chose.
        if event.chain == 2 and key == self._cursor:
            self.post_message(self.RowActivated(self, key))
        else:
            self.move_cursor(key)

    def _go(self, at: int) -> None:
        if self._rows:
            self.move_cursor(self._rows[max(0, min(at, len(self._rows) - 1))].key)

    # Drawing.

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a part of what is in view."""
        self._place = (self._width, self._header, self.scroll_offset.y)  # looked up once, not for each line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one line of what is in view."""
        width, header, start = self._place
        if y < header:
            return self._header_strip(width)
        at = start + y - header
        row = self._rows[at] if at < len(self._rows) else None
        if row is None:
            text = f" {self.empty_text}" if not self._rows and y == header else ""
            return Strip([Segment(fit(text, width, more=self.glyphs.more), self._style("dim" if text else ""))], width)
        under_cursor = row.key == self._cursor
        cached = self._strips.get(row.key)
        if not under_cursor and cached is not None and cached[1].cell_length == width and cached[0] == row:
            return cached[1]
        strip = self._row_strip(row, width, under_cursor=under_cursor)
        if not under_cursor:
            if len(self._strips) >= MAX_CACHED:
                self._strips.clear()
            self._strips[row.key] = (row, strip)
        return strip

    def notify_style_update(self) -> None:
        """Forget what was drawn: the theme or the focus has changed."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self, event: events.Resize) -> None:
        """Lay the columns out anew."""
        cursor_seen = self._line_of(self._cursor) is not None
        self._strips.clear()
        self._resize_content()
        if cursor_seen or self.scroll_offset.y:
            self._show_cursor()

    def _row_strip(self, row: TableRow, width: int, *, under_cursor: bool) -> Strip:
        more, cells, have = self.glyphs.more, row.cells, len(row.cells)
        parts = [
            fit(cells[at] if at < have else "", column_width, column.align, more)
            for at, column, _, column_width in self._columns_shown(width)
        ]
        marker = self.glyphs.marker if under_cursor else " "
        text = fit(marker + " ".join(parts), width, more=more)
        style = self._style(row.style)
        if under_cursor:
            style += self._style("cursor", partial=True)
        return Strip([Segment(text, style)], width)

    def _header_strip(self, width: int) -> Strip:
        parts = []
        for _, column, _, column_width in self._columns_shown(width):
            if self._sort is not None and self._sort[0] == column.key:
                mark = self.glyphs.down if self._sort[1] else self.glyphs.up
                title = fit(column.title, column_width - 1, more=self.glyphs.more).rstrip() + mark
            else:
                title = column.title
            parts.append(fit(title, column_width, column.align, self.glyphs.more))
        return Strip([Segment(fit(" " + " ".join(parts), width, more=" "), self._style("header"))], width)

    def _style(self, name: str, *, partial: bool = False) -> Style:
        """Return the style of a component, looked up once per theme; the widget's own where there is no such."""
        style = self._styles.get(name)
        if style is None:
            style = self.get_component_rich_style(f"table--{name}", partial=partial, default=self.rich_style)
            self._styles[name] = style
        return style

    def _columns_shown(self, width: int) -> list[Placed]:
        """Return the columns that fit, worked out once for each width."""
        if self._layout[0] != width:
            self._layout = (width, lay_out(self._columns, width))
        return self._layout[1]

    # Where things are.

    @property
    def _width(self) -> int:
        """Cells of a line, the scroll bar's not among them."""
        return self.scrollable_content_region.width

    @property
    def _header(self) -> int:
        """Lines of the header: none where there is but one line, or no column has a title."""
        return 1 if self.size.height > 1 and any(column.title for column in self._columns) else 0

    def _line_of(self, key: str | None) -> int | None:
        """Return the line on which a row is in view."""
        at = None if key is None else self._index.get(key)
        if at is None:
            return None
        line = at - self.scroll_offset.y + self._header
        return line if self._header <= line < self.size.height else None

    def _visible(self) -> tuple[str | None, list[TableRow | None]]:
        """Return the cursor and what is on each line, to compare later."""
        start = self.scroll_offset.y
        shown: list[TableRow | None] = list(self._rows[start : start + max(0, self.size.height - self._header)])
        return self._cursor, shown

    def _repaint(self, before: tuple[str | None, list[TableRow | None]]) -> None:
        """Have those lines painted again that differ from what they were."""
        old_cursor, old = before
        cursor, new = self._visible()
        longest = max(len(old), len(new))
        old += [None] * (longest - len(old))
        new += [None] * (longest - len(new))
        moved = {cursor, old_cursor} if cursor != old_cursor else set()
        changed = [
            (was is not now and was != now) or (now is not None and now.key in moved)
            for was, now in zip(old, new, strict=True)
        ]
        regions: list[Region] = []
        width, line = self._width, self._header
        for differs, run in groupby(changed):
            count = len(list(run))
            if differs:
                regions.append(Region(0, line, width, count))
            line += count
        if regions and width:
            self.refresh(*regions)  # whole lines: Textual would write no less for parts of them

    def _show_cursor(self) -> None:
        """Scroll as little as brings the cursor's row into view."""
        at = None if self._cursor is None else self._index.get(self._cursor)
        page = self.size.height - self._header
        if at is None or page < 1:
            return
        start = self.scroll_offset.y
        target = at if at < start else at - page + 1 if at >= start + page else start
        if target != start:
            self.scroll_to(y=target, animate=False, force=True)

    def _resize_content(self) -> None:
        """Tell the scroll bar how many rows there are."""
        virtual = Size(self.size.width, len(self._rows) + self._header)
        if virtual == self.virtual_size:
            return
        shown = self.show_vertical_scrollbar
        if shown == (virtual.height > self.container_size.height):
            # A new layout of the whole screen would say the same; rows come and go all the time.
            self.set_reactive(LineTable.virtual_size, virtual)
            if shown:
                self.vertical_scrollbar.window_virtual_size = virtual.height
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
        else:
            self.virtual_size = virtual

    def _neighbour(self, old_rows: list[TableRow], old_index: dict[str, int]) -> str | None:
        """Return the row that has the place of the cursor's, which is gone: the next that is left, or the one above."""
        if not self._rows:
            return None
        at = None if self._cursor is None else old_index.get(self._cursor)
        if at is None:
            return self._rows[0].key
        for row in old_rows[at + 1 :] + old_rows[:at][::-1]:
            if row.key in self._index:
                return row.key
        return self._rows[min(at, len(self._rows) - 1)].key

    def _forget(self) -> None:
        self._strips.clear()
        self._layout = (-1, [])
        self.refresh()
