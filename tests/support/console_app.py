"""The console against a fake daemon whose limits follow the real rules, on a clock that stands still."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from fake_daemon import FakeDaemon
from textual.pilot import Pilot

from bridge.adminwire import Event, LimitsResult
from bridge.changes import Instant, Who
from bridge.control import LimitControl
from bridge.limits import Limits
from console.app import ConsoleApp
from console.export import screen_text

__all__ = ["BOB", "FrozenConsole", "Stage", "on_stage"]

NOW = 1_760_000_000.0  # 2025-10-09 08:53:20 UTC
ALICE, BOB = Who(1000, 4711, "alice"), Who(1001, 4712, "bob")


class FrozenConsole(ConsoleApp):
    """The console, with a clock that only moves when a test moves it."""

    at = 5000.0

    @staticmethod
    def monotonic() -> float:
        return FrozenConsole.at


class Stage:
    """A console, its fake daemon, and the rules of limits behind that."""

    def __init__(self, app: ConsoleApp, daemon: FakeDaemon, control: LimitControl, pilot: Pilot[int]) -> None:
        self.app = app
        self.daemon = daemon
        self.control = control
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(25):
            while not condition():
                await asyncio.sleep(0.01)
                await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Wait until the screen shows a text."""
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"the screen never showed {text!r}:\n{self.text}") from None

    async def tells(self, text: str) -> None:
        """Wait until a notification says a text; on the screen its lines are broken."""
        try:
            await self.until(lambda: any(text in each.message for each in self.app._notifications))
        except TimeoutError:
            said = [each.message for each in self.app._notifications]
            raise AssertionError(f"no notification said {text!r}, only {said}") from None

    @property
    def text(self) -> str:
        return screen_text(self.app.export_screenshot(simplify=True))

    def changed_by_bob(self, **limits: float) -> None:
        """Let another operator change limits."""
        self.publish(self.control.set(BOB, limits, self.now))

    @property
    def now(self) -> Instant:
        return Instant(self.app.monotonic(), self.daemon.clock())

    def publish(self, result: LimitsResult) -> LimitsResult:
        """Do what the real daemon does with a change: tell everybody."""
        daemon, control = self.daemon, self.control
        daemon.limits = daemon.snapshot.limits = dict(control.limits.as_dict())
        daemon.snapshot.revision = control.revision
        daemon.snapshot.unconfirmed, daemon.snapshot.temporary = control.unconfirmed, control.temporary
        if result.change is not None:
            number = len(daemon.events) + 1
            daemon.add_event(Event(number, number, "change", result.change.at, change=result.change))
        daemon.push_snapshot()
        return result


@contextlib.asynccontextmanager
async def on_stage(
    folder: Path, size: tuple[int, int] = (120, 40), *, hostile: bool = False, connections: int = 12, **options: Any
) -> AsyncIterator[Stage]:
    """Run the console with everything around it."""
    daemon = FakeDaemon(connections=connections, functions=6, hostile=hostile, clock=lambda: NOW)
    daemon.boot(history=120)
    control = LimitControl(Limits())
    path = folder / "admin.sock"
    await daemon.start(path)
    app = FrozenConsole(str(path), **options)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            stage = Stage(app, daemon, control, pilot)

            def set_(params: dict[str, Any]) -> LimitsResult:
                options = {
                    name: params[name] for name in ("expected_revision", "reason", "confirm_within") if name in params
                }
                return stage.publish(
                    control.set(ALICE, params["limits"], stage.now, lasting=params.get("for"), **options)
                )

            daemon.answers |= {
                "limits.get": lambda _: control.get(),
                "limits.set": set_,
                "limits.undo": lambda params: stage.publish(control.undo(ALICE, stage.now, **params)),
                "limits.confirm": lambda params: stage.publish(control.confirm(ALICE, stage.now, **params)),
            }
            daemon.snapshot.revision = control.revision
            await stage.until(lambda: app.model.limits is not None and "[LIVE]" in stage.text)
            await stage.pilot.pause()
            yield stage
    finally:
        await daemon.stop()
