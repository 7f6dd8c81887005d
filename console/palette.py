"""The command palette's entries: the same table that keys and help are made from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from console.keys import ACTIONS, key_text
from console.screens.main import MainScreen

if TYPE_CHECKING:
    from console.app import ConsoleApp

__all__ = ["ActionProvider"]


class ActionProvider(Provider):
    """Offers every action with its key."""

    async def discover(self) -> Hits:
        """Offer all of them while nothing is typed."""
        for title, help_text, run in self._entries():
            yield DiscoveryHit(title, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Offer those that match."""
        matcher = self.matcher(query)
        for title, help_text, run in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=help_text)

    def _entries(self) -> list[tuple[str, str, partial[None]]]:
        console = cast("ConsoleApp", self.app)
        screen = self.screen
        if not isinstance(screen, MainScreen):
            return []
        return [
            (
                action.title,
                f"key {key_text(console.key_names.get(action.id, action.keys))}"
                + ("   needs write mode" if action.write else ""),
                partial(screen.action_do, action.id),
            )
            for action in ACTIONS
            if action.id not in {"details", "palette"} and (console.replaying or not action.replay)
        ]
