"""Small dialogs: a question, a line of text, a page to read.

The less destructive answer always has the focus, and buttons say what they do. What a dialog is about is fixed when it
opens: rows may move behind it, its target does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from bridge.text import printable

__all__ = ["Ask", "Confirm", "Page"]

MAX_REASON = 200
"""Longest text that can be typed, in characters; the daemon keeps no more."""


class Confirm(ModalScreen[str | None]):
    """A question before something is done.

    Returns the reason that was typed ("" for none), or ``None`` when it was cancelled.

    Args:
        title: what is to be done, to what.
        lines: what it means.
        verb: the text of the button that does it.
        reason: whether to ask for a reason.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "cancel", "Cancel", id="dialog.cancel"),
        Binding("y", "apply", "Yes", id="dialog.yes"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        # Priority: a key typed right after Tab is for the next field already.
        Binding("tab", "app.focus_next", show=False, id="dialog.next_field", priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, id="dialog.previous_field", priority=True),
    ]

    def __init__(self, title: str, lines: Sequence[str], verb: str, *, reason: bool = True) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._verb = verb
        self._reason = reason

    def compose(self) -> ComposeResult:
        """Lay the dialog out."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Text(printable(self._title))
            yield Static(Text("\n".join(printable(line) for line in self._lines)))
            if self._reason:
                yield Input(placeholder="reason, for the journal", max_length=MAX_REASON, id="reason", compact=True)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(Text(printable(self._verb)), id="apply", variant="warning", compact=True)
            yield Static("y does it, Esc or n leaves everything as it is", classes="hint")

    def on_mount(self) -> None:
        """Give the harmless button the focus."""
        self.set_focus(self.query_one("#cancel"))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    @on(Button.Pressed, "#apply")
    def action_apply(self) -> None:
        """Do it."""
        self.dismiss(self.query_one("#reason", Input).value.strip() if self._reason else "")

    @on(Input.Submitted)
    def _to_buttons(self) -> None:
        self.set_focus(self.query_one("#cancel"))


class Ask(ModalScreen[str | None]):
    """One line of text, at the bottom of the screen.

    Returns the text, or ``None`` when it was cancelled.

    Args:
        prompt: a word before it.
        value: what it holds at first.
        check: called with the text at each change; its answer, if any, is shown as what is wrong.
        live: called with each text that passes the check.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="ask.cancel"),
        Binding("enter", "submit", "Done", id="ask.submit", priority=True),
    ]

    def __init__(
        self,
        prompt: str,
        *,
        value: str = "",
        hint: str = "",
        check: Callable[[str], str | None] = lambda _: None,
        live: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(classes="ask")
        self._prompt = prompt
        self._value = value
        self._hint = hint
        self._check = check
        self._live = live
        self._left = False

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="line"):
            yield Static(Text(self._hint), id="hint", classes="hint")
            with Horizontal():
                yield Static(Text(self._prompt), classes="prompt")
                yield Input(self._value, id="text", compact=True)

    def on_mount(self) -> None:
        """Begin."""
        self.set_focus(self.query_one(Input))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        if self._left:  # told behind the answer, a text on its way here would undo it
            return
        wrong = self._check(event.value)
        hint = self.query_one("#hint", Static)
        hint.update(Text(printable(wrong) if wrong else self._hint))
        hint.set_class(wrong is not None, "-wrong")
        if wrong is None:
            self._live(event.value)

    def on_key(self, event: events.Key) -> None:
        """Take what was typed so fast that the line had not got the focus yet."""
        line = self.query_one(Input)
        if event.is_printable and event.character is not None:
            line.insert_text_at_cursor(event.character)
        elif event.key == "backspace" and self.focused is not line:
            line.action_delete_left()
        else:
            return
        event.stop()

    def action_submit(self) -> None:
        """Finish, with what was typed before Enter and nothing that was typed after it."""
        # Behind the keys that wait in this screen's queue, then behind those in the line's.
        self.call_later(lambda: self.query_one(Input).call_later(self._submit))

    def _submit(self) -> None:
        text = self.query_one(Input).value
        if self._check(text) is None:
            self._leave(text)

    def action_cancel(self) -> None:
        """Leave."""
        self._leave(None)

    def _leave(self, answer: str | None) -> None:
        if self.is_current:
            self._left = True
            self.dismiss(answer)


class Page(ModalScreen[None]):
    """Text to read, with a scroll bar where it is long.

    Args:
        title: what it is about.
        text: foreign parts of it must be safe already.
    """

    DEFAULT_CSS = "Page .hint { dock: bottom; }"  # beside a long text there would be no room for it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark,f1", "close", "Close", id="page.close"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("y", "copy", "Copy", id="page.copy"),
    ]

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="dialog page") as dialog:
            dialog.border_title = Text(printable(self._title))
            with VerticalScroll():
                yield Static(self._text)
            yield Static("Esc closes   y copies   arrows scroll", classes="hint")

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the text."""
        self.app.copy_to_clipboard(self._text.plain)
        self.notify("Copied.", markup=False)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)
