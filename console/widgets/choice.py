"""A button that goes through a few values."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Button

__all__ = ["Choice"]


class Choice(Button):
    """A button that goes through a few values."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,enter", "turn(1)", "Next value", show=False),
        Binding("left", "turn(-1)", "Value before", show=False),
    ]

    def __init__(self, title: str, values: tuple[tuple[int, str], ...], *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__("", id=id, compact=True)
        self._title = title
        self._values = values
        self._at = 0
        self.action_turn(0)

    @property
    def chosen(self) -> int:
        """The value, in seconds; 0 for none."""
        return self._values[self._at][0]

    def action_turn(self, steps: int) -> None:
        """Go on."""
        self._at = (self._at + steps) % len(self._values)
        self.refresh(layout=True)  # a longer value needs more room
        self.label = Text(f"{self._title} < {self._values[self._at][1]} >")

    def press(self) -> Choice:
        """A click goes on, too."""
        self.action_turn(1)
        return self
