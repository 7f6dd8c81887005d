"""What every part of the main screen stands on: its state, and how it speaks to the operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text
from textual.screen import Screen
from textual.widget import Widget

from bridge.text import printable
from console.filter import Filter
from console.keys import by_id, key_text
from console.widgets.table import LineTable

if TYPE_CHECKING:
    from console.app import ConsoleApp

__all__ = ["ConsoleScreen"]


class ConsoleScreen(Screen[None]):
    """The base of the main screen.

    Attributes:
        view: which of ``VIEWS`` is shown.
        maximised: the panel that is shown alone.
        filter, filter_text: which rows are shown.
        sorts: {table: (column, highest first)}.
    """

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
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

    def want_rows(self) -> None:
        """Have the daemon send the rows that are shown, and no others."""
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

    # --- for all of them ---

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

    # What shows a dialog imports it only then: few are ever opened, and the first picture should come at once.

    def confirm(
        self,
        title: str,
        lines: Sequence[str],
        verb: str,
        then: Callable[[str | None], None],
        *,
        reason: bool = True,
    ) -> None:
        """Ask before something is done; see :class:`console.screens.dialogs.Confirm`."""
        from console.screens.dialogs import Confirm

        self.app.clear_notifications()  # they would lie over the dialog's buttons
        self.app.push_screen(Confirm(title, lines, verb, reason=reason), then)

    def ask(self, prompt: str, then: Callable[[str | None], None], **options: Any) -> None:
        """Ask for a line of text; see :class:`console.screens.dialogs.Ask`."""
        from console.screens.dialogs import Ask

        self.app.push_screen(Ask(prompt, **options), then)

    def show_page(self, title: str, text: Text) -> None:
        """Show something to read."""
        from console.screens.dialogs import Page

        self.app.push_screen(Page(title, text))
