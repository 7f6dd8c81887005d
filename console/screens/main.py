"""The main screen: limits, tables, events; what it shows comes from the model, what it does is in ``actions``.

It is painted at the operator's pace, not at the stream's: gauges up to four times a second, tables once a second and
after every key, and nothing at all while nothing is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from console import header, views
from console.filter import FilterError, parse
from console.format import clock, duration, fit, size
from console.keys import ACTIONS, VIEWS
from console.model import CONNECTION_SORTS, DESCENDING, FUNCTION_SORTS, Link
from console.screens.actions import Actions
from console.widgets.limits import LimitBars, LimitLine
from console.widgets.lines import LineWidget
from console.widgets.table import LineTable, TableRow

if TYPE_CHECKING:
    from bridge.adminwire import Snapshot
    from console.model import Model

__all__ = ["MainScreen"]

NARROW = 100
"""Columns below which there is room for one table beside no other."""

SUMMARY_HEIGHT = 32
"""Lines from which on the summary below the bars is shown."""

GAUGE_HZ = 4.0
"""Most gauge paints a second: more is not seen, and costs."""

TABLE_SECONDS = 1.0
"""Least time between two paints of the tables, unless a key asked for one."""

STANDING_SECONDS = 0.9
"""Least time between two paints of the header while nothing else moves: paused, or without news. Its clock shows
seconds, and a paint that comes a hair early must not let it skip one."""

TREND_SECONDS = 120
"""What the small trends of the strip show."""

TABLES = ("connections", "functions", "events", "limits", "journal")

PANELS = {"overview": ("connections", "functions", "events")}
"""Tables of a view, the main one first; every other view has the one of its name."""


class MainScreen(Actions):
    """See the module's text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: what is typed next goes to the dialog that a key opens, not to the table that had the focus.
        Binding(action.keys, f"do('{action.id}')", action.title, show=False, id=action.id, priority=True)
        for action in ACTIONS
        if action.id != "details"  # Enter belongs to the tables and the limits
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-middle"), (100, "-wide")]  # noqa: RUF012 - Textual's form
    VERTICAL_BREAKPOINTS = [(0, "-low"), (18, "-short"), (SUMMARY_HEIGHT, "-tall")]  # noqa: RUF012

    def __init__(self, size: Size, *, ascii_only: bool = False) -> None:
        # All classes from the start: each that comes later has every widget styled once more, a tenth of a second
        # in all before anything is seen.
        first = ["-overview", *(["-ascii"] if ascii_only else []), *(["-narrow"] if size.width < NARROW else [])]
        for length, marks in (
            (size.width, self.HORIZONTAL_BREAKPOINTS),
            (size.height, self.VERTICAL_BREAKPOINTS),
        ):
            first.append(max((least, name) for least, name in marks if least <= length)[1])
        super().__init__(classes=" ".join(first))
        self._drawn = -1
        self._tables_at = self._header_at = 0.0
        self._link: Link | None = None
        self._dirty = True
        self._timer: Timer | None = None

    # --- layout ---

    def compose(self) -> ComposeResult:
        """Make the panels; the style sheet says which of them a view shows."""
        glyphs = self.console.glyphs
        yield LineWidget(id="header")
        with Vertical(id="strip") as strip:
            marks = f"{glyphs.warning_mark} = warning   {glyphs.limit_mark} = limit"
            strip.border_title = f"Limits (e edit, Enter detail)   {marks}"
            yield LimitBars(glyphs=glyphs, id="bars")
            yield LineWidget(id="summary")
        yield LineWidget(id="tabs")
        with Horizontal(id="tables"):
            yield LineTable(views.CONNECTION_COLUMNS, glyphs=glyphs, id="connections", empty_text="no connections")
            yield LineTable(views.FUNCTION_COLUMNS, glyphs=glyphs, id="functions", empty_text="no calls so far")
        yield LineTable(views.EVENT_COLUMNS, glyphs=glyphs, id="events", empty_text="nothing has happened")
        yield LineTable(views.LIMIT_COLUMNS, glyphs=glyphs, id="limits", empty_text="not known yet")
        yield LineTable(views.JOURNAL_COLUMNS, glyphs=glyphs, id="journal", empty_text="no change was ever made")
        yield LineWidget(id="footer")

    def on_mount(self) -> None:
        """Begin to paint."""
        self.query_one("#connections").focus()
        self.show_view("overview")
        self.set_pace()

    def set_pace(self) -> None:
        """Paint at the chosen rate."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(1 / min(GAUGE_HZ, self.console.rate), self._paint)

    def on_resize(self) -> None:
        """Everything has another size."""
        self.set_class(self.size.width < NARROW, "-narrow")
        self.repaint()

    def on_screen_resume(self) -> None:
        """A dialog has closed."""
        self.repaint()

    # --- state ---

    @property
    def model(self) -> Model:
        """What is known."""
        return self.console.model

    def table(self, name: str) -> LineTable:
        """Return a table by the name of its panel."""
        return self.query_one(f"#{name}", LineTable)

    @property
    def current_table(self) -> LineTable:
        """The table that keys act on: the focused one, else the view's."""
        focused = self.focused
        panels = PANELS.get(self.view, (self.view,))
        # Not by what is displayed: styles follow a key a moment later, when the next key may have come.
        return focused if isinstance(focused, LineTable) and focused.id in panels else self.table(panels[0])

    def show_view(self, name: str) -> None:
        """Show one of ``VIEWS``."""
        if self.maximised is not None:
            self.maximise(None)
        self.view = name
        for each in VIEWS:
            self.set_class(each == name, f"-{each}")
        focused = self.focused
        panels = PANELS.get(name, (name,))
        if focused is None or (isinstance(focused, LineTable) and focused.id not in panels):
            self.set_focus(self.table(panels[0]))
        self.want_rows()
        self.repaint()

    def want_rows(self) -> None:
        """Have the daemon send the rows that are shown: none while the display is paused."""
        live = not self.model.paused
        self.console.want_detail(
            connections=live and self.view in {"overview", "connections"},
            functions=live and self.view in {"overview", "functions"},
        )

    def _is_shown(self, widget: Widget) -> bool:
        return all(each.display for each in [widget, *widget.ancestors] if isinstance(each, Widget))

    def maximise(self, widget: Widget | None) -> None:
        """Show one panel alone, or all again."""
        for each in self.query(".-alone"):
            each.remove_class("-alone")
        self.maximised = widget
        self.set_class(widget is not None, "-maximised")
        inside = widget is not None and widget.id in {"connections", "functions"}
        self.set_class(inside, "-table-alone")
        self.set_class(widget is not None and not inside, "-other-alone")
        if widget is not None:
            widget.add_class("-alone")
        self.repaint()

    def set_filter(self, text: str) -> None:
        """Show only rows that match; a text that is none is shown in the prompt and changes nothing."""
        try:
            self.filter = parse(text)
        except FilterError:
            return
        self.filter_text = text.strip()
        self.repaint()

    @staticmethod
    def check_filter(text: str) -> str | None:
        """Say what is wrong with a filter."""
        try:
            parse(text)
        except FilterError as error:
            return str(error)
        return None

    # --- painting ---

    def repaint(self) -> None:
        """Paint everything at the next opportunity, soon."""
        self._dirty = True
        self.call_after_refresh(self._paint)

    def _paint(self) -> None:
        if not self.is_mounted or not self.is_attached:
            return
        now = self.console.monotonic()
        model = self.model
        link = model.link(now)
        standing = not self._dirty and (model.paused or link in {Link.STALE, Link.DOWN})
        if not standing or link is not self._link or now - self._header_at >= STANDING_SECONDS:
            self._header_at, self._link = now, link
            self._paint_header(now, link)
        fresh = model.version != self._drawn
        if not fresh and not self._dirty:
            return
        self._drawn = model.version
        snapshot = model.shown
        if snapshot is None:
            self._paint_frame(None)
            return
        if not model.paused or self._dirty:
            self._paint_bars(snapshot, now)
        if self._dirty or (not model.paused and now - self._tables_at >= TABLE_SECONDS):
            self._tables_at = now
            self._paint_tables(snapshot, now)
            self._paint_frame(snapshot)
        self._dirty = False

    def _paint_header(self, now: float, link: Link) -> None:
        self.query_one("#header", LineWidget).set_lines([self._header(now, link)])
        self.query_one("#bars", LimitBars).stale = link in {Link.STALE, Link.DOWN}
        self.set_class(link in {Link.STALE, Link.DOWN}, "-stale")

    def _header(self, now: float, link: Link) -> header.Line:
        model, app = self.model, self.console
        width = self.size.width
        narrow = width < NARROW
        snapshot = model.latest
        badge, style = {
            Link.CONNECTING: ("[CONNECTING]", "warning"),
            Link.LIVE: ("[LIVE]", "ok"),
            Link.STALE: (f"[STALE {model.age(now):.0f}s]", "violation"),
            Link.DOWN: (f"[DOWN retry {model.retry_in(now):.0f}s]", "violation"),
            Link.REPLAY: (f"[REPLAY {clock(model.clock(now) or 0.0)} {model.link_text(now)}]", "warning"),
        }[link]
        left: header.Line = [(" ", ""), (badge, style)]
        if model.paused:
            left.append((f" [PAUSED +{model.behind}]", "warning"))
        if link is not Link.REPLAY:
            left.append((f" age {duration(model.age(now))}" if not narrow else f" {duration(model.age(now))}", ""))
            left.append((f" {app.rate:g}/s", "dim"))
        if link is Link.DOWN and not narrow:
            left.append((f" {model.link_text(now)}", "violation"))
        elif snapshot is not None and not narrow:
            left.append((f"  up {duration(snapshot.uptime)} v{snapshot.version}", ""))
        right: header.Line = [(" ", "")]
        if snapshot is not None and snapshot.draining:
            right.append(("DRAINING  ", "warning"))
        if snapshot is not None and snapshot.unconfirmed is not None and self.size.height < SUMMARY_HEIGHT:
            left_over = duration(max(0.0, snapshot.unconfirmed.until - snapshot.now))
            right.append((f"rolls back in {left_over} (c)  ", "violation"))  # the summary would say it, were it shown
        if app.armed(now):
            right.append((f"RW armed {duration(app.armed_until - now)}  ", "warning"))
        else:
            right.append(("RO  ", "ok"))
        violations, warnings = model.counts()
        right.append((f"X{violations} ", "violation" if violations else "dim"))
        right.append((f"!{warnings} ", "warning" if warnings else "dim"))
        if app.recorder is not None:
            right.append((f" REC {size(app.recorder.size)}", "violation"))
        if snapshot is not None and not narrow and len(snapshot.operators) > 1:
            right.append((f" {len(snapshot.operators)} attached", "dim"))
        at = model.clock(now)
        right.append((f"  {clock(at) if at is not None else '--:--:--'} ", ""))
        while len(right) > 1 and sum(cell_len(text) for text, _ in [*left[:2], *right]) >= width:
            right.pop()  # whether the figures are live comes before everything else
        # The name gives way before anything that tells how things are.
        room = width - sum(cell_len(text) for text, _ in [*left, *right]) - 1
        least = 4 if sum(cell_len(text) for text, _ in [*left[:2], *right]) + 5 <= width else 0
        name = fit(app.title_text, min(max(room, least), cell_len(app.title_text)), more=app.glyphs.more)
        return header.join([(" ", ""), (name, "title"), *left], right, width)

    def _paint_bars(self, snapshot: Snapshot, now: float) -> None:
        bars = self.query_one("#bars", LimitBars)
        bars.show(
            [
                LimitLine(
                    key=name,
                    name=views.NAMES[name],
                    level=resource.level,
                    value=resource.value * scale,
                    limit=resource.limit * scale,
                    unit=views.UNITS[name],
                    peak=resource.peak * scale,
                    warning=resource.warning,
                    trend=self._trend(name, scale),
                )
                for name, resource in snapshot.resources.items()
                if name in views.NAMES
                for scale in (1000.0 if name == "lag" else 1.0,)
            ]
        )
        if self.size.height >= SUMMARY_HEIGHT:
            lines = header.summary(snapshot, self._hints(now), short=self.size.width < 140)
            self.query_one("#summary", LineWidget).set_lines(lines)

    def _trend(self, name: str, scale: float) -> list[float | None]:
        if self.size.width < NARROW:
            return []
        values = self.model.trend(name, TREND_SECONDS)
        return values if scale == 1 else [None if value is None else value * scale for value in values]

    def _hints(self, now: float) -> list[str]:
        model = self.model
        hints = [model.forecast(name, now) for name in ("memory",)]
        return [hint for hint in [*hints, model.binding(), model.headroom()] if hint]

    def _paint_tables(self, snapshot: Snapshot, now: float) -> None:
        for name in TABLES:
            table = self.table(name)
            if self._is_shown(table):
                rows = getattr(self, f"_{name}_rows")(snapshot)
                table.set_rows(rows)

    def _connections_rows(self, snapshot: Snapshot) -> list[TableRow]:
        key, reverse = self.sorts["connections"]
        rows = self.model.connections(self.filter, key, reverse=reverse)
        self.table("connections").set_sort(key, descending=reverse)
        self._title("connections", len(rows), snapshot.connections_total)
        return views.connection_rows(rows)

    def _functions_rows(self, snapshot: Snapshot) -> list[TableRow]:
        key, reverse = self.sorts["functions"]
        only = self.filter if self.view == "functions" else None
        rows = self.model.functions(only, key, reverse=reverse)
        self.table("functions").set_sort(key, descending=reverse)
        self._title("functions", len(rows), len(rows))
        return views.function_rows(rows)

    def _events_rows(self, snapshot: Snapshot) -> list[TableRow]:
        table = self.table("events")
        table.border_title = "Events (episodes)   n/N next/previous   a acknowledge   A note"
        if self.model.events_lost:
            table.border_subtitle = "older ones are gone"
        return views.event_rows(self.model.events(), snapshot.now, short=self.size.width < NARROW)

    def _limits_rows(self, snapshot: Snapshot) -> list[TableRow]:
        limits = self.model.limits
        table = self.table("limits")
        table.border_title = f"Limits   revision {snapshot.revision}   e edit   u undo   w write to the file"
        if limits is None:
            return []
        used = {name: value for name in limits.about if (value := self.console.in_use(name)) is not None}
        changed = {name: change for name in limits.about if (change := self.console.last_change(name)) is not None}
        return views.limit_rows(limits, used, changed, snapshot.now)

    def _journal_rows(self, _snapshot: Snapshot) -> list[TableRow]:
        self.table("journal").border_title = "Journal: who changed what   u undo the last change"
        return views.journal_rows(self.model.journal)

    def _title(self, name: str, shown: int, total: int) -> None:
        table = self.table(name)
        follow = "" if name != "connections" else f"   follow {'ON' if table.follow else 'off'}"
        some = f" ({shown} of {total})" if shown != total else f" ({total})"
        title = f"{name.capitalize()}{some}   sort: {self.sorts[name][0]}{follow}"
        if self._titles.get(name) != title:
            self._titles[name] = title
            table.border_title = title

    def _paint_frame(self, snapshot: Snapshot | None) -> None:
        """Paint the lines of views and keys."""
        counts: dict[str, str] = {}
        if snapshot is not None:
            violations, warnings = self.model.counts()
            counts["connections"] = f"({snapshot.connections_total})"
            if self.model.functions():
                counts["functions"] = f"({len(self.model.functions())})"
            if violations + warnings:
                counts["events"] = (
                    f"({violations + warnings} open)" if self.size.width >= NARROW else f"({violations + warnings})"
                )
        width = self.size.width
        filter_text = f"filter: {self.filter_text}" if self.filter_text else ""
        self.query_one("#tabs", LineWidget).set_lines([header.tabs(self.view, counts, filter_text, width)])
        armed = self.console.armed(self.console.monotonic())
        self.query_one("#footer", LineWidget).set_lines([header.footer(self.console.key_names, width, armed=armed)])

    # --- what widgets tell ---

    @on(LineTable.HeaderClicked)
    def _sort_by(self, event: LineTable.HeaderClicked) -> None:
        name = event.table.id or ""
        sorts = {"connections": CONNECTION_SORTS, "functions": FUNCTION_SORTS}.get(name)
        key = event.key
        if sorts is None or key not in sorts:
            return
        old, reverse = self.sorts[name]
        self.sorts[name] = (key, not reverse if key == old else key in DESCENDING)
        self.repaint()

    @on(LineTable.RowActivated)
    def _row_details(self, event: LineTable.RowActivated) -> None:
        self.show_details(event.table.id or "", event.key)

    @on(LimitBars.LimitChosen)
    def _limit_details(self, event: LimitBars.LimitChosen) -> None:
        self.show_limit(event.key)
