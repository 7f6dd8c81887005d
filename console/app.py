"""The console as a Textual application: wires feed, model, recorder and screens together.

No Twisted runs here. The terminal is given back whatever ends the program, short of SIGKILL: Textual alone leaves
mouse reports and the alternate screen on after SIGTERM and SIGHUP.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter, NoColor
from textual.screen import Screen

from bridge.adminwire import DEFAULT_ADMIN_SOCKET, Change, LimitsResult, Preview
from console.asciifilter import AsciiFilter
from console.config import Config
from console.driver import ConsoleDriver
from console.feed import LiveFeed
from console.format import ASCII, UNICODE, Glyphs, size
from console.keys import ACTIONS
from console.model import Model
from console.recorder import Recorder, RecordingError
from console.recording import cut
from console.replay import ReplayFeed
from console.screens.main import MainScreen
from console.sink import Tee
from console.views import LIMIT_OF

__all__ = ["ConsoleApp"]

RATES = (0.5, 1.0, 2.0, 4.0, 10.0)
"""Snapshots a second that can be chosen."""

ARMED_SECONDS = 300.0
"""How long write mode lasts."""

START_SECONDS = 2.0
"""When the start is over: something has been on the screen for long."""

SLOW_ANSWER = 30.0
"""Seconds that a preview may take: it is computed beside the calls, a little at a time."""


class ConsoleApp(App[int]):
    """The application.

    Args:
        socket: path of the admin socket.
        config: the operator's own settings.
        replay: a recording to show instead of a daemon.
        read_only: whether write mode is out of reach.
        record: a file to record to from the start.
        mouse: whether the mouse was asked for.

    Raises:
        RecordingError: ``replay`` is no recording.
    """

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "cpanbridge"
    COMMANDS: ClassVar[set[Any]] = {lambda: _palette()}  # noqa: PLW0108 - a late import: few open it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit_hint", "Quit", show=False, priority=True, id="app.interrupt")
    ]

    def __init__(
        self,
        socket: str = DEFAULT_ADMIN_SOCKET,
        *,
        config: Config | None = None,
        replay: str | None = None,
        read_only: bool = False,
        ascii_only: bool = False,
        record: str | None = None,
        mouse: bool = True,
    ) -> None:
        super().__init__()
        self.config = config or Config()
        self.socket = socket
        self.ascii_only = ascii_only
        self._no_color, self._to_ascii = NoColor(), AsciiFilter()
        self.glyphs: Glyphs = ASCII if ascii_only else UNICODE
        self.read_only = read_only
        self.armed_until = 0.0
        self.rate = min(RATES, key=lambda rate: abs(rate - 1 / self.config.interval))
        self.model = Model()
        self.recorder: Recorder | None = None
        self._sink = Tee(self.model)
        self._record_from_start = record
        self._replay = ReplayFeed(replay, self._sink) if replay is not None else None
        self.feed = (
            None if replay is not None else LiveFeed(socket, self._sink, interval=1 / self.rate, clock=self.monotonic)
        )
        name = self.config.name_of(socket)
        self.title_text = f"{Path(replay).name}" if replay is not None else f"{name}@{socket}" if name else socket
        self.key_names: dict[str, str] = {action.id: action.keys for action in ACTIONS} | dict(self.config.keys)
        self._mouse = mouse
        self._began = (time.monotonic(), time.process_time())

    # --- life ---

    def get_default_screen(self) -> Screen[None]:
        """Begin with the main screen."""
        return MainScreen(self.size, ascii_only=self.ascii_only)

    def on_mount(self) -> None:
        """Begin to follow the daemon, or to play the recording."""
        if self.config.theme:
            self.theme = self.config.theme
        self.set_keymap(dict(self.config.keys))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._terminated, number)
        if self._record_from_start is not None:
            self.start_recording(self._record_from_start)
        self.set_timer(START_SECONDS, self._collect)
        source = self._replay if self._replay is not None else self.feed
        assert source is not None
        self.run_worker(source.run(), name="feed", group="feed", exit_on_error=False)

    @staticmethod
    def _collect() -> None:
        """Collect garbage from now on, if the start did without; what is there now stays for good."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def _terminated(self, number: int) -> None:
        self.exit(return_code=128 + number)

    async def on_unmount(self) -> None:
        """Leave nothing half written."""
        if self.recorder is not None:
            self.stop_recording()

    def action_quit_hint(self) -> None:
        """Ctrl-C copies in many terminals: it must not end the console by accident."""
        self.notify("Press q to quit.", markup=False)

    def action_command_palette(self) -> None:
        """Open the palette; not over a dialog, where none of its actions could be done."""
        if isinstance(self.screen, MainScreen):
            super().action_command_palette()

    def get_driver_class(self) -> type[Driver]:
        """Use a driver that survives its terminal, unless the environment names another."""
        chosen = super().get_driver_class()
        return ConsoleDriver if chosen is LinuxDriver else chosen

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through on its way to the terminal."""
        # NO_COLOR means none: Textual makes greys of a theme's colours, and of all themes but the first one's.
        mine = [(self.no_color, self._no_color), (self.ascii_only, self._to_ascii)]
        return [*super().get_line_filters(), *(each for wanted, each in mine if wanted)]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer none of Textual's own: ours are in :class:`console.palette.ActionProvider`."""
        return ()

    @staticmethod
    def monotonic() -> float:
        """Return the console's monotonic clock, in seconds."""
        return time.monotonic()

    # --- modes ---

    @property
    def replaying(self) -> bool:
        """Whether a recording is shown."""
        return self._replay is not None

    @property
    def observer(self) -> bool:
        """Whether nothing can be changed from here, armed or not."""
        return self.read_only or (self.model.latest is not None and not self.model.may_operate)

    def armed(self, now: float) -> bool:
        """Whether write mode is on."""
        return now < self.armed_until and not self.observer

    def arm(self) -> None:
        """Turn write mode on."""
        self.armed_until = self.monotonic() + ARMED_SECONDS

    def disarm(self) -> None:
        """Turn it off."""
        self.armed_until = 0.0

    def change_rate(self, step: int) -> None:
        """Refresh more or less often."""
        at = max(0, min(len(RATES) - 1, RATES.index(self.rate) + step))
        self.rate = RATES[at]
        if self.feed is not None:
            self.feed.set_interval(1 / self.rate)
        if isinstance(self.screen, MainScreen):
            self.screen.set_pace()

    def cost(self) -> str:
        """Say what watching costs: this process, and what the daemon sends it."""
        began, used = self._began
        seconds = max(time.monotonic() - began, 0.001)
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        cpu = (time.process_time() - used) / seconds
        told = f"This console has taken {cpu:.1%} of a core since its start and has {size(memory)} of memory"
        if self.feed is None:
            return f"{told}."
        sent, left_out = self.feed.received / seconds, self.model.gaps
        return f"{told}; the daemon sends it {size(sent)}/s and has left out {left_out} snapshots that came too fast."

    def want_detail(self, *, connections: bool, functions: bool) -> None:
        """Say which rows are shown; the others need not be sent. A recording keeps everything."""
        if self.feed is not None and self.recorder is None:
            self.feed.set_detail(connections=connections, functions=functions)

    def next_theme(self) -> None:
        """Take the next of Textual's themes."""
        names = sorted(self.available_themes)
        # Textual takes $TEXTUAL_THEME as it is, whether there is such a theme or not.
        self.theme = names[(names.index(self.theme) + 1) % len(names) if self.theme in names else 0]
        self.notify(f"Theme {self.theme}", markup=False, timeout=2)

    def toggle_mouse(self) -> bool:
        """Turn mouse reports on or off; return whether they are on."""
        self._mouse = not self._mouse
        driver = self._driver
        # Textual has no public way to do it while it runs; where the driver has none, nothing is lost.
        method = getattr(driver, "_enable_mouse_support" if self._mouse else "_disable_mouse_support", None)
        if method is not None:
            method()
        return self._mouse

    # --- asking the daemon; see screens.edit.Office ---

    async def ask(self, method: str, params: Mapping[str, Any], kind: Any, *, timeout: float = 5.0) -> Any:  # noqa: ASYNC109 - handed on
        """Send a request; raises ``AdminError`` or ``LinkError``."""
        if self.feed is None:
            raise RuntimeError("This is a recording; there is no daemon to ask.")
        return await self.feed.request(method, dict(params), type=kind, timeout=timeout)

    async def preview(self, limits: Mapping[str, float], minutes: int) -> Preview:
        """Ask what the last minutes would have met under other limits."""
        preview: Preview = await self.ask(
            "limits.preview", {"limits": dict(limits), "minutes": minutes}, Preview, timeout=SLOW_ANSWER
        )
        return preview

    async def set_limits(self, params: Mapping[str, Any]) -> LimitsResult:
        """Change limits."""
        result: LimitsResult = await self.ask("limits.set", params, LimitsResult)
        await self.refresh_limits()
        return result

    async def get_limits(self) -> LimitsResult:
        """Return what is in force."""
        limits: LimitsResult = await self.ask("limits.get", {}, LimitsResult)
        self._sink.take_limits(limits, self.monotonic())
        return limits

    async def refresh_limits(self) -> None:
        """Have the model know what is in force, if the daemon tells."""
        try:
            await self.get_limits()
        except Exception:  # noqa: BLE001 - the feed fetches them again as soon as it can
            return

    def in_use(self, name: str) -> float | None:
        """Return how much of a limit is used now."""
        snapshot = self.model.latest
        resource = next((each for each, limit in LIMIT_OF.items() if limit == name), None)
        if snapshot is None:
            return None
        if name == "max_queued_requests":
            return float(snapshot.waiting)
        if resource is None or resource not in snapshot.resources:
            return None
        return round(snapshot.resources[resource].value, 1)

    def last_change(self, name: str) -> Change | None:
        """Return who changed a limit last."""
        return next((entry for entry in reversed(self.model.journal) if name in entry.changes), None)

    # --- recording and replay ---

    def start_recording(self, path: str | None = None) -> str:
        """Record everything from now on, with the past hour before it, and return the file's path.

        Raises:
            OSError: the file cannot be made.
        """
        recorder = Recorder(path or f"cpanbridge-{time.strftime('%Y%m%d-%H%M%S')}.jsonl.gz", socket=self.socket)
        recorder.begin(self.model, self.monotonic())
        self.recorder = recorder
        self._sink.add(recorder)
        if self.feed is not None:
            self.feed.set_detail(connections=True, functions=True)
        return str(recorder.path)

    def stop_recording(self) -> str:
        """Close the file and return its path."""
        recorder, self.recorder = self.recorder, None
        assert recorder is not None
        self._sink.remove(recorder)
        recorder.close()
        return str(recorder.path)

    def replay_control(self, what: str, by: float = 0) -> None:
        """Drive the recording: ``toggle``, ``step``, ``skip`` seconds, ``speed``."""
        replay = self._replay
        if replay is None:
            return
        if what == "toggle":
            replay.pause() if replay.playing else replay.play()
        elif what == "step":
            replay.step(int(by))
        elif what == "skip":
            replay.skip(by)
        else:
            replay.next_speed()
        if isinstance(self.screen, MainScreen):
            self.screen.repaint()

    def seek(self, text: str) -> str | None:
        """Go to a time of day of the recording; return what is wrong, if anything."""
        if self._replay is None:
            return "This is no recording."
        at = time_of_day(text, self._replay.start)
        if at is None:
            return f"{text!r} is no time of day; write 13:58 or 13:58:40."
        self._replay.seek(at)
        return None

    def export_incident(self, text: str) -> str:
        """Write a part of a recording, as ``incident 14:00 14:10 FILE``; return how it went."""
        source = self._replay.recording.path if self._replay is not None else None
        if self.recorder is not None:
            source = self.recorder.path
        words = text.split()
        near = self._replay.start if self._replay is not None else time.time() - 43_200
        times = [time_of_day(word, near) for word in words[1:3]]
        if source is None:
            return "Not written: record something first (R), or replay a recording."
        if times[0] is None or times[1] is None:
            return "Not written: export incident 14:00 14:10 FILE."
        try:
            return f"Wrote {cut(source, times[0], times[1], words[3] if len(words) > 3 else 'incident.jsonl.gz')}."
        except RecordingError as error:
            return f"Not written: {error}"


def _palette() -> Any:
    from console.palette import ActionProvider

    return ActionProvider


def time_of_day(text: str, near: float) -> float | None:
    """Return the moment with this time of day (HH:MM or HH:MM:SS) on the day of ``near``, or the day after."""
    for form in ("%H:%M:%S", "%H:%M"):
        try:
            parsed = time.strptime(text.strip(), form)
        except ValueError:
            continue
        day = time.localtime(near)
        at = time.mktime((day.tm_year, day.tm_mon, day.tm_mday, parsed.tm_hour, parsed.tm_min, parsed.tm_sec, 0, 0, -1))
        return at if at >= near - 60 else at + 86400
    return None
