from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.widgets import Input

from console.screens.dialogs import Ask


class TestAsk:
    @pytest.mark.asyncio
    @pytest.mark.parametrize(("leave", "answer"), [("_submit", "state:busy"), ("action_cancel", None)])
    async def test_nothing_is_told_behind_the_answer(self, leave: str, answer: str | None) -> None:
        """Texts that were typed fast may still be on their way when the line is left; the answer is the last word."""
        told: list[tuple[str, str | None]] = []
        app = App[None]()
        async with app.run_test() as pilot:
            ask = Ask("/", live=lambda text: told.append(("live", text)))
            app.push_screen(ask, lambda text: told.append(("answer", text)))
            await pilot.pause()
            line = ask.query_one(Input)
            with line.prevent(Input.Changed):
                line.value = "state:busy"
            getattr(ask, leave)()
            for _ in range(100):
                ask.post_message(Input.Changed(line, "stat"))
                await asyncio.sleep(0)
            await pilot.pause()
            assert told[-1] == ("answer", answer)

    @pytest.mark.asyncio
    async def test_what_is_typed_is_told_and_answered(self) -> None:
        """Each text that passes the check is told; one that does not is not, and does not leave the line."""
        told: list[tuple[str, str | None]] = []
        app = App[None]()
        async with app.run_test() as pilot:
            check = lambda text: "two letters at most" if len(text) > 2 else None  # noqa: E731
            ask = Ask("/", check=check, live=lambda text: told.append(("live", text)))
            app.push_screen(ask, lambda text: told.append(("answer", text)))
            await pilot.press("a", "b", "c", "enter")
            await pilot.pause()
            assert told == [("live", "a"), ("live", "ab")]
            await pilot.press("backspace", "enter")
            await pilot.pause()
            assert told[-2:] == [("live", "ab"), ("answer", "ab")]
