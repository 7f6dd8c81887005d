"""What operators do to the daemon, to its events and with recordings.

Whatever changes the daemon needs write mode, is asked for before, and is told as done only once the daemon has said
so. Its target is fixed before the question is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import work

from bridge.adminwire import AdminError, LimitsResult
from console import views
from console.format import clock
from console.screens.base import ConsoleScreen

__all__ = ["Operating"]


class Operating(ConsoleScreen):
    """See the module's text; each action of ``console.keys`` has its method, here or in ``actions``."""

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
        from console.screens.edit import EditLimits

        self.app.clear_notifications()  # they would lie over the dialog's buttons
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
        self.confirm(
            "Undo the last change",
            lines,
            f"Undo revision {last.revision}",
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
        self.confirm(
            "Write limits to the file",
            ["The limits in force are written into the daemon's configuration file;", "comments stay as they are."],
            "Write",
            lambda reason: self._ask_for("limits.save", reason, {}, reasoned=False),
            reason=False,
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
        self.confirm(
            f"Close connection {row.id}",
            lines,
            f"Close {row.id}",
            lambda reason: self._ask_for("connections.close", reason, params),
        )

    def do_drain(self) -> None:
        """Refuse new calls, or take them again."""
        snapshot = self.console.model.latest
        if snapshot is None:
            return
        if snapshot.draining:
            lines = ["The daemon takes calls again."]
            word, method = "Resume", "resume"
        else:
            lines = [
                "New calls are refused with 'Draining'; those that run or wait are finished.",
                f"Now: {snapshot.in_flight} run, {snapshot.waiting} wait. The daemon stays up; D again resumes.",
            ]
            word, method = "Drain", "drain"
        self.confirm(word, lines, word, lambda reason: self._ask_for(method, reason, {}))

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
        self.ask("note ", self._noted, hint="for everybody who looks at the journal")

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
        self.ask("go to ", self._seek, hint="a time of day, as 13:58 or 13:58:40")

    def _seek(self, text: str | None) -> None:
        if text:
            problem = self.console.seek(text)
            if problem:
                self.tell(problem, bad=True)

    def _cut(self, text: str) -> None:
        problem = self.console.export_incident(text)
        self.tell(problem, bad=problem.startswith("Not"))
