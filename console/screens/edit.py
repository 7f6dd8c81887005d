"""Change limits: one or several at once, with a look at what they would have done to the last minutes.

What the daemon had when the dialog opened is what a change is compared with: if anybody else changes a limit meanwhile,
the daemon refuses, the dialog says who and what, and nothing is applied until the operator has looked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from bridge.adminwire import AdminError, AdminErrorCode, LimitAbout, LimitsResult, Preview
from bridge.text import printable
from console.client import NotSentError
from console.format import clock, plain
from console.screens.dialogs import MAX_REASON
from console.whatif import preview_text
from console.widgets.choice import Choice
from console.widgets.number import Number

if TYPE_CHECKING:
    from bridge.adminwire import Change

__all__ = ["EditLimits", "Office"]

EXPIRES = ((0, "never"), (300, "5 min"), (900, "15 min"), (3600, "1 h"), (14400, "4 h"), (86400, "1 day"))
CONFIRM = ((0, "no"), (60, "60 s"), (300, "5 min"))
SPANS = (5, 15, 60)
"""Minutes that a preview can look back."""

PREVIEW_DELAY = 0.4
"""Seconds without a key before the preview is asked for: a nudge key may be held down."""


class Office(Protocol):
    """What the dialog needs of the application."""

    async def preview(self, limits: Mapping[str, float], minutes: int) -> Preview:
        """Ask the daemon what the last minutes would have met; raises ``AdminError`` or ``LinkError``."""
        ...

    async def set_limits(self, params: Mapping[str, Any]) -> LimitsResult:
        """Ask the daemon to change limits; raises ``AdminError`` or ``LinkError``."""
        ...

    async def get_limits(self) -> LimitsResult:
        """Ask the daemon what is in force; raises ``AdminError`` or ``LinkError``."""
        ...

    def in_use(self, name: str) -> float | None:
        """Return how much of a limit is used now, ``None`` where nothing is measured against it."""
        ...

    def last_change(self, name: str) -> Change | None:
        """Return who changed a limit last."""
        ...


class EditLimits(ModalScreen[LimitsResult | None]):
    """The dialog. Returns the daemon's answer, or ``None`` when nothing was changed.

    Args:
        office: asks the daemon.
        limits: what was in force when it opened, with ``about``.
        name: the limit that is shown first.
        values: new values to begin with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="edit.cancel"),
        Binding("ctrl+n", "next_limit(1)", "Next limit", id="edit.next_limit", priority=True),
        # Priority: a key typed right after Tab is for the next field already.
        Binding("tab", "app.focus_next", show=False, id="edit.next_field", priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, id="edit.previous_field", priority=True),
        Binding("ctrl+t", "span", "Other span", id="edit.span", priority=True),
    ]

    VERTICAL_BREAKPOINTS = [(0, "-low"), (28, "-tall")]  # noqa: RUF012 - Textual's form

    def __init__(
        self, office: Office, limits: LimitsResult, name: str, *, values: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        self._office = office
        self._base = limits
        self._names = list(limits.about)
        self._limit = name
        self._texts: dict[str, str] = {key: plain(value) for key, value in (values or {}).items()}
        self._span = 1
        self._delay: Timer | None = None
        self._asking = 0  # counts previews; a late answer to an old question is dropped
        self._busy = False

    # --- layout ---

    def compose(self) -> ComposeResult:
        """Lay the dialog out."""
        with Vertical(classes="dialog edit") as dialog:
            dialog.border_title = Text("Change limits")
            yield Static(id="facts")
            with Horizontal(classes="field"):
                yield Static("new limit ", classes="prompt")
                yield Number(id="value", compact=True, select_on_focus=False, restrict=r"[0-9]*\.?[0-9]*")
                yield Static("- + 1  PgDn PgUp 10  d default  h half  r reset", classes="hint grow")
            yield Static(id="others")
            yield Static(id="preview")
            with Horizontal(classes="field", id="again-row"):
                yield Static(id="again-why", classes="prompt")
                yield Input(id="again", compact=True, restrict=r"[0-9]*\.?[0-9]*")
            with Horizontal(classes="field"):
                yield Static("reason    ", classes="prompt")
                yield Input(id="reason", max_length=MAX_REASON, compact=True, placeholder="for the journal")
            with Horizontal(classes="field choices"):
                yield Choice("expires", EXPIRES, id="expires")
                yield Choice("roll back unless confirmed within", CONFIRM, id="confirm")
            yield Static(id="wrong")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Apply", id="apply", variant="warning", compact=True)
            yield Static(
                "up/down other limit   Tab next field   ^t other span   Esc cancels", id="keys", classes="hint"
            )

    def on_mount(self) -> None:
        """Show the first limit; Cancel has the focus until a key says otherwise."""
        self._show_limit(self._limit)
        self.set_focus(self.query_one("#cancel"))
        self.set_interval(1.0, self._show_facts)

    def on_key(self, event: events.Key) -> None:
        """Let the keys of the number work from the start, with the focus still on Cancel."""
        focused = self.focused.id if self.focused is not None else None
        if event.key == "y" and isinstance(self.focused, Choice):
            event.stop()
            self.action_apply()
        if focused not in {"cancel", "apply", "value"}:
            return
        digit = event.character is not None and event.character in "0123456789"
        if not digit and event.key not in Number.KEYS:
            return
        event.stop()
        number = self.query_one("#value", Number)
        if not digit:
            self._pressed(event.key)
        elif focused == "value":  # typed so fast that it was still sent to the button
            number.insert_text_at_cursor(event.character or "")
        else:
            number.value = event.character or ""
            number.cursor_position = 1
            self.set_focus(number)

    @on(Number.Pressed)
    def _number_key(self, event: Number.Pressed) -> None:
        self._pressed(event.key)

    def _pressed(self, key: str) -> None:
        what, by = Number.KEYS[key]
        number = self.query_one("#value", Number)
        if what == "nudge":
            assert isinstance(by, float)
            number.nudge(by)
            number.cursor_position = len(number.value)
            self.set_focus(number)
        elif what == "put":
            assert isinstance(by, str)
            number.value = plain(self._value_for(by))
            number.cursor_position = len(number.value)
            self.set_focus(number)
        elif what == "limit":
            assert isinstance(by, float)
            self.action_next_limit(int(by))
        else:
            self.action_apply()

    # --- what it shows ---

    @property
    def _about(self) -> LimitAbout:
        return self._base.about[self._limit]

    def _show_limit(self, name: str) -> None:
        self._limit = name
        about = self._about
        number = self.query_one("#value", Number)
        number.step = 1.0 if about.whole or about.high > 100 else 0.05
        number.value = self._texts.get(name, plain(self._base.after[name]))
        number.cursor_position = len(number.value)
        self._show_facts()
        self._changed()

    def _value_for(self, what: str) -> float | None:
        about, now = self._about, self._base.after[self._limit]
        value = {"default": about.default, "half": now / 2, "now": now}[what]
        return float(int(value)) if about.whole else value

    def _show_facts(self) -> None:
        name, about = self._limit, self._about
        now = self._base.after[name]
        used = self._office.in_use(name)
        text = Text()
        text.append(name, "bold")
        text.append(f"  ({self._names.index(name) + 1} of {len(self._names)})")
        text.append(f"   {plain(about.low)}..{plain(about.high)} {about.unit}\n{about.doc}\n")
        text.append(f"now {plain(used)} in use   " if used is not None else "")
        text.append(f"limit {plain(now)} {about.unit}", "bold")
        change = self._office.last_change(name)
        meanwhile = change is not None and change.revision > self._base.revision
        if change is not None and not meanwhile:
            text.append(f" (set {clock(change.at)} {printable(change.user)})")
        text.append(f"   default {plain(about.default)}")
        if change is not None and meanwhile:
            value = plain(change.changes[name][1])
            text.append(f"\nmeanwhile {printable(change.user)} set it to {value} at {clock(change.at)}", "bold")
        for temporary in self._base.temporary:
            if temporary.name == name:
                text.append(f"\ntemporary: back to {plain(temporary.restore)} at {clock(temporary.until)}", "italic")
        self.query_one("#facts", Static).update(text)

    def _values(self) -> tuple[dict[str, float], list[str]]:
        """Return the changed limits, and what is wrong with those that cannot be."""
        values: dict[str, float] = {}
        wrong: list[str] = []
        for name, typed in self._texts.items():
            about = self._base.about[name]
            try:
                value = int(typed) if about.whole else float(typed)
            except ValueError:
                wrong.append(f"{name}: {'a whole number' if about.whole else 'a number'}, please")
                continue
            if not about.low <= value <= about.high:
                wrong.append(f"{name} must be from {plain(about.low)} to {plain(about.high)} {about.unit}")
            elif value != self._base.after[name]:
                values[name] = value
        return values, wrong

    def _lowered(self, values: Mapping[str, float]) -> list[str]:
        """Return the limits that would be lowered to less than is in use now."""
        return [
            name
            for name, value in values.items()
            if value < self._base.after[name] and value < (self._office.in_use(name) or 0)
        ]

    @on(Input.Changed, "#value")
    def _typed(self, event: Input.Changed) -> None:
        self._texts[self._limit] = event.value.strip()
        self._changed()

    def _changed(self) -> None:
        """Show what follows from the values."""
        values, wrong = self._values()
        others = [
            f"{name} {plain(self._base.after[name])} -> {plain(value)}"
            for name, value in values.items()
            if name != self._limit
        ]
        self.query_one("#others", Static).update(Text("and  " + ", ".join(others) if others else ""))
        self.query_one("#others").display = bool(others)
        lowered = self._lowered(values)
        self.query_one("#again-row").display = bool(lowered)
        if lowered:
            used = plain(self._office.in_use(lowered[0]) or 0)
            why = f"{plain(values[lowered[0]])} is below the {used} in use: calls will be held. Type it again: "
            self.query_one("#again-why", Static).update(Text(why))
        self._say("; ".join(wrong))
        apply = self.query_one("#apply", Button)
        apply.disabled = not values or bool(wrong)
        if len(values) == 1:
            ((name, value),) = values.items()
            short = "" if name == self._limit else f"{name} "
            apply.label = Text(f"Apply {short}{plain(self._base.after[name])} -> {plain(value)}  (y)")
        else:
            apply.label = Text(f"Apply {len(values)} changes  (y)" if values else "Nothing to apply")
        apply.refresh(layout=True)
        if self._delay is not None:
            self._delay.stop()
        self._asking += 1
        if values and not wrong:
            self._delay = self.set_timer(PREVIEW_DELAY, lambda: self._ask_preview(values))
        else:
            self.query_one("#preview", Static).update(
                Text(f"what-if over the last {SPANS[self._span]} min: change a value", "dim")
            )

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def _ask_preview(self, values: Mapping[str, float]) -> None:
        asked = self._asking
        shown = self.query_one("#preview", Static)
        shown.update(Text(f"what-if over the last {SPANS[self._span]} min ...", "dim"))
        try:
            preview = await self._office.preview(values, SPANS[self._span])
        except Exception as error:  # noqa: BLE001 - an estimate that cannot be had is no reason to leave
            text = Text(f"no what-if: {printable(str(error))}", "dim")
        else:
            text = preview_text(preview, self._base.after, values)
        if asked == self._asking:
            shown.update(text)

    def _say(self, text: str, *, bad: bool = True) -> None:
        shown = self.query_one("#wrong", Static)
        shown.update(Text(printable(text, 400)))
        shown.set_class(bad and bool(text), "-wrong")
        shown.display = bool(text)

    # --- what it does ---

    def action_next_limit(self, step: int) -> None:
        """Show another limit; what was typed for this one stays."""
        if self._busy:
            return
        self._show_limit(self._names[(self._names.index(self._limit) + step) % len(self._names)])

    def action_span(self) -> None:
        """Look back over another time."""
        self._span = (self._span + 1) % len(SPANS)
        self._changed()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        """Enter in a field goes to Cancel's neighbour, and never applies."""
        self.set_focus(self.query_one("#apply" if not self.query_one("#apply", Button).disabled else "#cancel"))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave everything as it is."""
        if self._busy:
            self._say("The daemon has been asked already; wait for its answer.")
        else:
            self.dismiss(None)

    @on(Button.Pressed, "#apply")
    def action_apply(self) -> None:
        """Send the change."""
        values, wrong = self._values()
        if self._busy or wrong or not values:
            return
        lowered = self._lowered(values)
        again = self.query_one("#again", Input)
        if lowered and again.value.strip() != plain(values[lowered[0]]):
            self._say(f"Type {plain(values[lowered[0]])} once more: it is below what is in use now.")
            self.set_focus(again)
            return
        self._busy = True
        self._say("Asking the daemon ...", bad=False)
        self._send(values)

    @work(exclusive=True, group="apply", exit_on_error=False)
    async def _send(self, values: Mapping[str, float]) -> None:
        params: dict[str, Any] = {"limits": dict(values), "expected_revision": self._base.revision}
        reason = self.query_one("#reason", Input).value.strip()
        if reason:
            params["reason"] = reason
        for key, field in (("for", "#expires"), ("confirm_within", "#confirm")):
            chosen = self.query_one(field, Choice).chosen
            if chosen:
                params[key] = chosen
        try:
            result = await self._office.set_limits(params)
        except AdminError as error:
            self._say(f"Nothing was changed. {error.message}")
            if error.code == AdminErrorCode.CONFLICT:
                await self._look_again()
        except NotSentError as error:
            self._say(f"Nothing was changed. {error}")
        except Exception as error:  # noqa: BLE001 - shown
            self._say(
                f"No answer: {error} Whether the change is in force is not known; look at the limits once the daemon "
                "is there again."
            )
        else:
            self.dismiss(result)
        self._busy = False

    async def _look_again(self) -> None:
        """Take what is in force now as the base; what was typed stays."""
        try:
            self._base = await self._office.get_limits()
        except Exception:  # noqa: BLE001 - the sentence about the conflict stands
            return
        told = self.query_one("#wrong", Static).content
        self._show_limit(self._limit)
        self._say(str(told))
