"""One resource in large: its last minutes or its hour, with the limit and the warning as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from console.format import clock, duration
from console.views import LIMIT_OF, NAMES, UNITS, value_text
from console.widgets.trend import TrendGraph

if TYPE_CHECKING:
    from console.app import ConsoleApp

__all__ = ["Graph"]

SPANS = (120, 300, 900, 3600)
"""Seconds that can be shown."""


class Graph(ModalScreen[None]):
    """See the module's text.

    Args:
        console: the application, for its model.
        resource: one of ``RESOURCES``.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,m", "close", "Close", id="graph.close"),
        Binding("plus,equals_sign", "zoom(-1)", "Less time", id="graph.closer"),
        Binding("minus", "zoom(1)", "More time", id="graph.farther"),
        Binding("down,tab", "turn(1)", "Next resource", id="graph.next", priority=True),
        Binding("up,shift+tab", "turn(-1)", "Resource before", id="graph.previous", priority=True),
    ]

    def __init__(self, console: ConsoleApp, resource: str) -> None:
        super().__init__()
        self._owner = console
        self._resource = resource
        self._span = 2

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="dialog graph"):
            yield Static(id="facts")
            yield TrendGraph(glyphs=self._owner.glyphs, id="graph")
            yield Static(
                "Esc closes   up/down other resource   + - time   e in the main view changes the limit", classes="hint"
            )

    def on_mount(self) -> None:
        """Follow what comes."""
        self._show()
        self.set_interval(1.0, self._show)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

    def action_zoom(self, step: int) -> None:
        """Show more or less time."""
        self._span = max(0, min(len(SPANS) - 1, self._span + step))
        self._show()

    def action_turn(self, step: int) -> None:
        """Show another resource."""
        names = list(NAMES)
        self._resource = names[(names.index(self._resource) + step) % len(names)]
        self._show()

    def _show(self) -> None:
        model, name = self._owner.model, self._resource
        snapshot = model.shown
        resource = snapshot.resources.get(name) if snapshot is not None else None
        if resource is None:
            return
        seconds = SPANS[self._span]
        scale = 1000.0 if name == "lag" else 1.0
        values = [None if each is None else each * scale for each in model.trend(name, seconds)]
        unit = UNITS[name]
        self.query_one(TrendGraph).show(values, resource.limit * scale, resource.warning, unit, seconds)
        text = Text()
        text.append(f"{name}  ", "bold")
        text.append(f"{value_text(name, resource.value)} of {value_text(name, resource.limit)} {unit}", "bold")
        text.append(f"   {resource.level}   peak of 5 min {value_text(name, resource.peak)}")
        text.append(f"   the last {duration(seconds)}\n")
        known = [each for each in values if each is not None]
        if known:
            text.append(
                f"lowest {min(known):.0f}   mean {sum(known) / len(known):.0f}   highest {max(known):.0f} {unit}   "
            )
        change = self._owner.last_change(LIMIT_OF.get(name, ""))
        if change is not None:
            text.append(f"limit set {clock(change.at)} by {change.user}")
        hint = model.forecast(name, self._owner.monotonic())
        if hint:
            text.append(f"\n{hint}", "italic")
        self.query_one("#facts", Static).update(text)
