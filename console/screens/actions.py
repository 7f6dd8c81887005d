"""What keys, palette and typed commands do to the console itself: views, rows, copies, files.

Each action of ``console.keys`` has its method here or in ``operate``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec
from rich.text import Text

from console import details, views
from console.commands import CommandError, parse_command
from console.export import export_rows, export_screen
from console.keys import by_id
from console.model import CONNECTION_SORTS, DESCENDING, FUNCTION_SORTS
from console.screens.operate import Operating
from console.widgets.table import LineTable

__all__ = ["Actions"]

SORTS: Mapping[str, Sequence[str]] = {
    "connections": ("in_flight", "rate", "calls", "age", "state", "function", "client", "id"),
    "functions": ("p99", "p95", "p50", "calls", "errors", "refused", "longest", "name"),
}


class Actions(Operating):
    """See the module's text."""

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

        running = f"A recording is running: {console.recorder.path}"
        self.confirm("Quit", [running], "Stop it and quit", answered, reason=False)

    def do_help(self) -> None:
        """Explain the panel in use."""
        focused = self.focused.id if self.focused is not None else None
        self.show_page("Help", details.help_text(focused or self.view, self.console.key_names, self.console.cost()))

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
        self.ask(":", self._run_command, check=check, hint=hint)

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
        self.want_rows()
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
        self.ask("/", done, value=before, check=self.check_filter, live=self.set_filter, hint=hint)

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
            title = table.removesuffix("s").capitalize()
            self.show_page(title if table == "events" else f"{title} {key}", text)

    def show_limit(self, key: str) -> None:
        """Show one resource's hour."""
        from console.screens.graph import Graph

        self.app.push_screen(Graph(self.console, key))
