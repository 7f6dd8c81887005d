"""What keys, palette and typed commands do. Each action of ``console.keys`` has its method here.

Whatever changes the daemon needs write mode, is asked for before, and is told as done only once the daemon has said
so. Its target is fixed before the question is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec
from rich.text import Text
from textual import work
from textual.screen import Screen
from textual.widget import Widget

from bridge.adminwire import AdminError, LimitsResult
from bridge.text import printable
from console import details, views
from console.commands import CommandError, parse_command
from console.export import export_rows, export_screen
from console.filter import Filter
from console.format import clock
from console.keys import by_id, key_text
from console.model import CONNECTION_SORTS, DESCENDING, FUNCTION_SORTS
from console.screens.dialogs import Ask, Confirm, Page
from console.screens.edit import EditLimits
from console.screens.graph import Graph
from console.widgets.table import LineTable

if TYPE_CHECKING:
    from console.app import ConsoleApp

__all__ = ["Actions"]

SORTS: Mapping[str, Sequence[str]] = {
    "connections": ("in_flight", "rate", "calls", "age", "state", "function", "client", "id"),
    "functions": ("p99", "p95", "p50", "calls", "errors", "refused", "longest", "name"),
}


class Actions(Screen[None]):
    """The base of the main screen.

    Attributes:
        view: which of ``VIEWS`` is shown.
        maximised: the panel that is shown alone.
        filter, filter_text: which rows are shown.
        sorts: {table: (column, highest first)}.
    """

    def __init__(self) -> None:
        super().__init__()
        self.view = "overview"
        self.maximised: Widget | None = None
        self.filter: Filter | None = None
        self.filter_text = ""
        self.sorts: dict[str, tuple[str, bool]] = {"connections": ("in_flight", True), "functions": ("p99", True)}
        self._titles: dict[str, str] = {}

    @property
    def console(self) -> ConsoleApp:
        """The application."""
        return cast("ConsoleApp", self.app)

    # --- what the main screen gives ---

    def repaint(self) -> None:
        """Paint everything soon."""
        raise NotImplementedError

    def show_view(self, name: str) -> None:
        """Show a view."""
        raise NotImplementedError

    def maximise(self, widget: Widget | None) -> None:
        """Show one panel alone."""
        raise NotImplementedError

    def set_filter(self, text: str) -> None:
        """Filter rows."""
        raise NotImplementedError

    @staticmethod
    def check_filter(text: str) -> str | None:
        """Say what is wrong with a filter."""
        raise NotImplementedError

    def table(self, name: str) -> LineTable:
        """Return a table by name."""
        raise NotImplementedError

    @property
    def current_table(self) -> LineTable:
        """The table that keys act on."""
        raise NotImplementedError

    # --- the door ---

    def action_do(self, name: str) -> None:
        """Do what the table of actions calls ``name``."""
        action = by_id(name)
        if action.replay and not self.console.replaying:
            return
        if action.write and not self._may_write(action.title):
            return
        method = getattr(self, action.method)
        if action.argument:
            method(action.argument)
        else:
            method()

    def _may_write(self, what: str) -> bool:
        console = self.console
        if console.replaying:
            self.tell("This is a recording; there is no daemon to change.", bad=True)
        elif console.observer:
            self.tell("The daemon lets you watch only; its setting admin_users says who may change things.", bad=True)
        elif not console.armed(self.console.monotonic()):
            self.tell(f"Read-only. Press {self._key('arm')} for write mode, then again: {what}.", bad=True)
        else:
            return True
        return False

    def _key(self, name: str) -> str:
        return key_text(self.console.key_names.get(name, by_id(name).keys)).split(" ", maxsplit=1)[0]

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Show a line for a few seconds."""
        self.app.notify(printable(text, 300), markup=False, severity="warning" if bad else "information", timeout=6)

    # --- console ---

    def do_quit(self) -> None:
        """Leave; a recording is asked about."""
        console = self.console
        if console.recorder is None:
            console.exit(0)
            return

        def answered(reason: str | None) -> None:
            if reason is not None:
                console.stop_recording()
                console.exit(0)

        self.app.push_screen(
            Confirm("Quit", [f"A recording is running: {console.recorder.path}"], "Stop it and quit", reason=False),
            answered,
        )

    def do_help(self) -> None:
        """Explain the panel in use."""
        focused = self.focused.id if self.focused is not None else None
        self.app.push_screen(Page("Help", details.help_text(focused or self.view, self.console.key_names)))

    def do_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def do_command(self) -> None:
        """Type a command."""

        def check(text: str) -> str | None:
            if not text.strip():
                return None
            try:
                parse_command(text)
            except CommandError as error:
                return str(error)
            return None

        hint = "limit rate 400 · view events · filter uid=1001 · sort p99 · note TEXT · seek 13:58 · any action by name"
        self.app.push_screen(Ask(":", check=check, hint=hint), self._run_command)

    def _run_command(self, text: str | None) -> None:
        if not text or not text.strip():
            return
        command = parse_command(text)
        match command.verb:
            case "limit":
                if self._may_write("change limits"):
                    self.edit_limits(values=command.limits)
            case "view":
                self.show_view(command.argument)
            case "filter":
                self.set_filter(command.argument)
            case "sort":
                self._sort_by_name(command.argument)
            case "note":
                if self._may_write("add a note"):
                    self._note(command.argument)
            case "seek":
                self._seek(command.argument)
            case "export":
                self._cut(command.argument)
            case _:
                self.action_do(command.argument)

    def do_pause(self) -> None:
        """Freeze the display, or let it go on; a recording stops and plays."""
        if self.console.replaying:
            self.console.replay_control("toggle")
            return
        model = self.console.model
        if model.paused:
            model.resume()
        else:
            model.pause()
        self.repaint()

    def do_faster(self) -> None:
        """Refresh more often."""
        self.console.change_rate(1)

    def do_slower(self) -> None:
        """Refresh less often."""
        self.console.change_rate(-1)

    def do_theme(self) -> None:
        """Take the next theme."""
        self.console.next_theme()

    def do_mouse(self) -> None:
        """Turn the mouse on or off."""
        self.tell(f"Mouse {'on' if self.console.toggle_mouse() else 'off: the terminal selects text now'}.")

    def do_redraw(self) -> None:
        """Draw everything anew."""
        self.app.refresh(repaint=True, layout=True)
        self.repaint()

    def do_suspend(self) -> None:
        """Go to the background."""
        self.app.action_suspend_process()

    # --- views and rows ---

    def do_view(self, name: str) -> None:
        """Show a view."""
        self.show_view(name)

    def do_focus_next(self) -> None:
        """Go to the next panel."""
        self.focus_next()

    def do_focus_previous(self) -> None:
        """Go to the panel before."""
        self.focus_previous()

    def do_maximise(self) -> None:
        """Show the focused panel alone, or all again."""
        focused = self.focused
        if self.maximised is not None:
            self.maximise(None)
        elif focused is not None and focused.id == "bars":
            self.show_limit(getattr(focused, "selected_key", None) or "memory")
        else:
            self.maximise(focused)

    def do_filter(self) -> None:
        """Type a filter; rows follow while it is typed, Esc brings the old one back."""
        before = self.filter_text

        def done(text: str | None) -> None:
            self.set_filter(before if text is None else text)

        hint = (
            "words match client, function, user   uid=1001  state:queued  age>60  !idle   Enter keeps it, Esc does not"
        )
        self.app.push_screen(Ask("/", value=before, check=self.check_filter, live=self.set_filter, hint=hint), done)

    def do_clear(self) -> None:
        """Go back one step: from one panel to all, from filtered rows to all."""
        if self.maximised is not None:
            self.maximise(None)
        elif self.filter_text:
            self.set_filter("")

    def do_sort_next(self) -> None:
        """Sort by the next column."""
        self._turn_sort(1)

    def do_sort_previous(self) -> None:
        """Sort by the column before."""
        self._turn_sort(-1)

    def do_sort_reverse(self) -> None:
        """Turn the order round."""
        name = self._sorted_table()
        if name:
            key, reverse = self.sorts[name]
            self.sorts[name] = (key, not reverse)
            self.repaint()

    def _sorted_table(self) -> str | None:
        name = self.current_table.id
        return name if name in SORTS else None

    def _turn_sort(self, step: int) -> None:
        name = self._sorted_table()
        if name:
            keys = SORTS[name]
            key = keys[(keys.index(self.sorts[name][0]) + step) % len(keys)] if self.sorts[name][0] in keys else keys[0]
            self.sorts[name] = (key, key in DESCENDING)
            self.repaint()

    def _sort_by_name(self, key: str) -> None:
        name = self._sorted_table() or ("functions" if self.view == "functions" else "connections")
        known = CONNECTION_SORTS if name == "connections" else FUNCTION_SORTS
        if key not in known:
            self.tell(f"{name} can be sorted by {', '.join(known)}.", bad=True)
            return
        self.sorts[name] = (key, key in DESCENDING)
        self.repaint()

    def do_follow(self) -> None:
        """Scroll with the cursor's row, or not."""
        for table in self.query(LineTable):
            table.follow = not table.follow
        self._titles.clear()
        self.repaint()

    def do_copy_row(self) -> None:
        """Copy the row under the cursor."""
        table = self.current_table
        if table.cursor_key is not None:
            self.app.copy_to_clipboard(table.row_text(table.cursor_key))
            self.tell("Copied the row (the terminal must allow OSC 52).")

    def do_copy_view(self) -> None:
        """Copy every row of the table."""
        table = self.current_table
        self.app.copy_to_clipboard("\n".join(table.row_text(row.key) for row in table.rows))
        self.tell(f"Copied {len(table.rows)} rows (the terminal must allow OSC 52).")

    def do_export(self) -> None:
        """Write the table to files."""
        table = self.current_table
        if table.id is None:
            return
        sources: dict[str, Callable[[], Sequence[Any]]] = {
            "connections": lambda: self.console.model.connections(
                self.filter, self.sorts["connections"][0], reverse=self.sorts["connections"][1]
            ),
            "functions": lambda: self.console.model.functions(
                None, self.sorts["functions"][0], reverse=self.sorts["functions"][1]
            ),
            "events": self.console.model.raw_events,
            "journal": lambda: self.console.model.journal,
            "limits": self._limit_facts,
        }
        rows = sources[table.id]()
        try:
            paths = export_rows(table.id, list(rows))
        except OSError as error:
            self.tell(f"Not written: {error}", bad=True)
        else:
            self.tell(f"Wrote {len(rows)} rows to {' and '.join(map(str, paths))}.")

    def _limit_facts(self) -> list[dict[str, Any]]:
        limits = self.console.model.limits
        if limits is None:
            return []
        return [
            {"name": name, "value": limits.after[name], **cast("dict[str, Any]", msgspec.to_builtins(about))}
            for name, about in limits.about.items()
        ]

    def do_picture(self) -> None:
        """Write a picture of the screen."""
        try:
            paths = export_screen(self.app)
        except OSError as error:
            self.tell(f"Not written: {error}", bad=True)
        else:
            self.tell(f"Wrote {' and '.join(map(str, paths))}.")

    # --- details ---

    def show_details(self, table: str, key: str | None) -> None:
        """Show everything that is known of a row."""
        model = self.console.model
        text: Text | None = None
        if key is None:
            return
        if table == "connections":
            row = next((each for each in model.connections() if str(each.id) == key), None)
            text = details.connection(row, model.connections()) if row is not None else None
        elif table == "functions":
            function = next((each for each in model.functions() if each.name == key), None)
            text = details.record(function) if function is not None else None
        elif table == "events":
            event = next((each for each in model.events() if each.key == key), None)
            text = details.event(event) if event is not None else None
        elif table == "journal":
            change = next((each for each in model.journal if str(each.number) == key), None)
            text = details.change(change) if change is not None else None
        elif table == "limits":
            name = next((each for each, limit in views.LIMIT_OF.items() if limit == key), None)
            if name is not None:
                self.show_limit(name)
            return
        if text is not None:
            self.app.push_screen(Page(f"{table.rstrip('s').capitalize()} {key}", text))

    def show_limit(self, key: str) -> None:
        """Show one resource's hour."""
        self.app.push_screen(Graph(self.console, key))

    # --- the daemon ---

    def do_arm(self) -> None:
        """Write mode on for a while, or off."""
        console = self.console
        if console.armed(self.console.monotonic()):
            console.disarm()
            self.tell("Read-only again.")
        elif console.replaying or console.observer:
            self._may_write("")
        else:
            console.arm()
            self.tell("Write mode for 5 minutes.")
        self.repaint()

    def do_limit_edit(self) -> None:
        """Change limits, beginning with the selected one."""
        self.edit_limits()

    def edit_limits(self, name: str | None = None, values: Mapping[str, float] | None = None) -> None:
        """Open the editor."""
        limits = self.console.model.limits
        if limits is None or not limits.about:
            self.tell("The limits are not known yet.", bad=True)
            return
        if name is None:
            focused = self.focused
            table = self.current_table
            if values:
                name = next(iter(values))
            elif getattr(focused, "selected_key", None) in views.LIMIT_OF:
                name = views.LIMIT_OF[getattr(focused, "selected_key", "")]
            elif self.view == "limits" and table.cursor_key in limits.about:
                name = table.cursor_key
            else:
                name = views.LIMIT_OF.get(self._worst(), "max_concurrent_requests")
        assert name is not None
        self.app.push_screen(EditLimits(self.console, limits, name, values=values), self._edited)

    def _worst(self) -> str:
        """Return the resource that is nearest to its limit: the one that an operator most likely came for."""
        snapshot = self.console.model.latest
        ratios = {
            name: each.value / each.limit
            for name, each in (snapshot.resources.items() if snapshot is not None else ())
            if each.limit and name in views.LIMIT_OF
        }
        return max(ratios, key=lambda name: ratios[name], default="concurrent")

    def _edited(self, result: LimitsResult | None) -> None:
        if result is not None:
            self._told(result)

    def _told(self, result: LimitsResult) -> None:
        """Say what the daemon confirmed."""
        changes = ", ".join(
            f"{name.removeprefix('max_')} {views.plain(before)} -> {views.plain(after)}"
            for name, (before, after) in result.changed.items()
        )
        change = result.change
        if change is None:
            self.tell("Nothing was different; nothing was changed.")
            return
        text = f"{changes or change.action}: confirmed by the daemon, revision {result.revision}."
        if change.confirm_by is not None:
            text += f" It rolls back at {clock(change.confirm_by)} unless you press {self._key('limit.confirm')}."
        elif changes:
            text += f" {self._key('limit.undo')} undoes it."
        self.tell(" ".join([text, *result.warnings]), bad=bool(result.warnings))

    def do_limit_undo(self) -> None:
        """Take the last change back, whoever made it."""
        model = self.console.model
        undone = {entry.undoes for entry in model.journal}
        last = next(
            (
                entry
                for entry in reversed(model.journal)
                if entry.action in {"set", "reload", "undo"} and entry.changes and entry.revision not in undone
            ),
            None,
        )
        if last is None:
            self.tell("There is nothing to undo.", bad=True)
            return
        lines = [
            f"Revision {last.revision}, {clock(last.at)}, by {views.who_text(last)}:",
            f"  {views.change_text(last)}",
            "",
            *(
                f"{name}: {views.plain(after)} -> {views.plain(before)}"
                for name, (before, after) in last.changes.items()
            ),
            "",
            "The journal keeps both. It is refused if any of it was changed since.",
        ]
        self.app.push_screen(
            Confirm("Undo the last change", lines, f"Undo revision {last.revision}"),
            lambda reason: self._ask_for("limits.undo", reason, {"revision": last.revision}),
        )

    def do_limit_confirm(self) -> None:
        """Keep the change that waits."""
        snapshot = self.console.model.latest
        waiting = snapshot.unconfirmed if snapshot is not None else None
        if waiting is None:
            self.tell("No change waits to be confirmed.", bad=True)
            return
        self._ask_for("limits.confirm", "", {"revision": waiting.revision}, reasoned=False)

    def do_limit_save(self) -> None:
        """Write the limits in force into the configuration file."""
        self.app.push_screen(
            Confirm(
                "Write limits to the file",
                ["The limits in force are written into the daemon's configuration file;", "comments stay as they are."],
                "Write",
                reason=False,
            ),
            lambda reason: self._ask_for("limits.save", reason, {}, reasoned=False),
        )

    def do_connection_close(self) -> None:
        """Close the connection under the cursor."""
        table = self.table("connections")
        model = self.console.model
        row = next((each for each in model.connections() if str(each.id) == table.cursor_key), None)
        snapshot = model.shown
        if row is None or snapshot is None:
            self.tell("No connection is selected.", bad=True)
            return
        lines = [
            f"Connection {row.id}: {views.client_text(row)}, {row.state} {row.function}",
            "Its call, if one runs, loses its caller; the client will most likely connect again.",
        ]
        params = {"id": row.id, "pid": row.pid, "boot_id": snapshot.boot_id}
        self.app.push_screen(
            Confirm(f"Close connection {row.id}", lines, f"Close {row.id}"),
            lambda reason: self._ask_for("connections.close", reason, params),
        )

    def do_drain(self) -> None:
        """Refuse new calls, or take them again."""
        snapshot = self.console.model.latest
        if snapshot is None:
            return
        if snapshot.draining:
            lines = ["The daemon takes calls again."]
            question = Confirm("Resume", lines, "Resume")
            method = "resume"
        else:
            lines = [
                "New calls are refused with 'Draining'; those that run or wait are finished.",
                f"Now: {snapshot.in_flight} run, {snapshot.waiting} wait. The daemon stays up; D again resumes.",
            ]
            question = Confirm("Drain", lines, "Drain")
            method = "drain"
        self.app.push_screen(question, lambda reason: self._ask_for(method, reason, {}))

    def _ask_for(self, method: str, reason: str | None, params: Mapping[str, Any], *, reasoned: bool = True) -> None:
        """Send a request that was confirmed; ``None`` as the reason means that it was not."""
        if reason is None:
            return
        asked = dict(params)
        if reason and reasoned:
            asked["reason"] = reason
        self._request(method, asked)

    @work(exit_on_error=False, group="requests")
    async def _request(self, method: str, params: Mapping[str, Any]) -> None:
        limits = method in {"limits.undo", "limits.confirm"}
        try:
            result = await self.console.ask(method, params, LimitsResult if limits else dict)
        except AdminError as error:
            self.tell(error.message, bad=True)
        except Exception as error:  # noqa: BLE001 - shown
            self.tell(f"No answer: {error}", bad=True)
        else:
            if isinstance(result, LimitsResult):
                self._told(result)
            elif method == "limits.save":
                warnings = result.get("warnings") or []
                self.tell(" ".join([f"Written to {result.get('path')}.", *warnings]), bad=bool(warnings))
            else:
                self.tell(f"{method}: confirmed by the daemon.")
            await self.console.refresh_limits()
        self.repaint()

    # --- events ---

    def do_event_next(self) -> None:
        """Go to the next open event."""
        self._go_event(1)

    def do_event_previous(self) -> None:
        """Go to the open event before."""
        self._go_event(-1)

    def _go_event(self, step: int) -> None:
        found = [each.key for each in self.console.model.events() if each.open]
        if not found:
            self.tell("Nothing is open.")
            return
        if self.view not in {"overview", "events"}:
            self.show_view("events")
        table = self.table("events")
        at = found.index(table.cursor_key) + step if table.cursor_key in found else 0
        table.move_cursor(found[at % len(found)])
        table.focus()

    def do_event_acknowledge(self) -> None:
        """Say that somebody looks after the event under the cursor."""
        key = self.table("events").cursor_key
        event = next((each for each in self.console.model.events() if each.key == key), None)
        if event is None or event.episode is None or not event.id:
            self.tell("No episode is selected; n goes to the next open one.", bad=True)
            return
        self._request("events.acknowledge", {"id": event.id})

    def do_note(self) -> None:
        """Write something for the others."""
        self.app.push_screen(Ask("note ", hint="for everybody who looks at the journal"), self._noted)

    def _noted(self, text: str | None) -> None:
        if text and text.strip():
            self._note(text)

    def _note(self, text: str) -> None:
        self._request("events.note", {"text": text.strip()})

    # --- recording and replay ---

    def do_record(self) -> None:
        """Record, or stop."""
        console = self.console
        if console.replaying:
            self.tell("This is a recording already.", bad=True)
        elif console.recorder is not None:
            path = console.stop_recording()
            self.tell(f"Recorded to {path}. Look at it with: cpanbridge console --replay {path}")
        else:
            try:
                path = console.start_recording()
            except OSError as error:
                self.tell(f"Not recording: {error}", bad=True)
            else:
                self.tell(f"Recording to {path}; R stops it.")
        self.repaint()

    def do_replay_back(self) -> None:
        """One step back."""
        self.console.replay_control("step", -1)

    def do_replay_forward(self) -> None:
        """One step forward."""
        self.console.replay_control("step", 1)

    def do_replay_earlier(self) -> None:
        """Ten seconds back."""
        self.console.replay_control("skip", -10)

    def do_replay_later(self) -> None:
        """Ten seconds forward."""
        self.console.replay_control("skip", 10)

    def do_replay_speed(self) -> None:
        """Next speed."""
        self.console.replay_control("speed")

    def do_replay_seek(self) -> None:
        """Go to a time."""
        self.app.push_screen(Ask("go to ", hint="a time of day, as 13:58 or 13:58:40"), self._seek)

    def _seek(self, text: str | None) -> None:
        if text:
            problem = self.console.seek(text)
            if problem:
                self.tell(problem, bad=True)

    def _cut(self, text: str) -> None:
        problem = self.console.export_incident(text)
        self.tell(problem, bad=problem.startswith("Not"))
