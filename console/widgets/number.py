"""A field for a number, with keys that nudge it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.message import Message
from textual.widgets import Input

from console.format import plain

__all__ = ["Number"]


class Number(Input):
    """A number with keys that nudge it."""

    KEYS: ClassVar[dict[str, tuple[str, float | str]]] = {
        "minus": ("nudge", -1.0),
        "plus": ("nudge", 1.0),
        "equals_sign": ("nudge", 1.0),
        "pagedown": ("nudge", -10.0),
        "pageup": ("nudge", 10.0),
        "d": ("put", "default"),
        "h": ("put", "half"),
        "r": ("put", "now"),
        "down": ("limit", 1.0),
        "up": ("limit", -1.0),
        "y": ("apply", ""),
    }
    """What a key does. Not bindings: an ``Input`` takes every printable key before bindings are looked at."""

    step = 1.0

    async def _on_key(self, event: events.Key) -> None:
        """Nudge, or take a digit."""
        if event.key in self.KEYS:
            event.stop()
            event.prevent_default()
            self.post_message(self.Pressed(event.key))
        else:
            await super()._on_key(event)

    class Pressed(Message):
        """One of :attr:`KEYS` was pressed; the dialog knows what is to happen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def nudge(self, steps: float) -> None:
        """Add so many steps."""
        try:
            value = float(self.value)
        except ValueError:
            return
        self.value = plain(max(0.0, round(value + steps * self.step, 6)))
