from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_app import BOB, FrozenConsole, Stage, on_stage
from fake_daemon import episode_event

from bridge.adminwire import AdminError, AdminErrorCode, Preview, PreviewOutcome
from bridge.limits import Limits
from console.client import LinkError
from console.keys import ACTIONS
from console.model import Link
from console.screens.dialogs import Confirm, Page
from console.screens.edit import EditLimits

SCREENS = Path(__file__).parent / "screens"


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)
    time.tzset()
    FrozenConsole.at = 5000.0
    yield
    monkeypatch.undo()
    time.tzset()


def compare(text: str, name: str) -> None:
    """Compare a screen with the one on file; UPDATE_SCREENS=1 writes it instead."""
    text = "\n".join(line.rstrip() for line in text.replace(str(Path.cwd()), "/run/x").splitlines()) + "\n"
    file = SCREENS / f"{name}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text(), f"{name} looks different; if that is right, run the tests with UPDATE_SCREENS=1"


@pytest.mark.asyncio
class TestLook:
    @pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
    async def test_overview(self, tmp_path: Path, size: tuple[int, int]) -> None:
        """Three sizes, one busy moment: the rest is asserted on by its words."""
        async with on_stage(tmp_path, size, read_only=False) as stage:
            snapshot = stage.daemon.snapshot
            snapshot.resources["concurrent"].value, snapshot.resources["concurrent"].level = 106.0, "violation"
            snapshot.resources["cpu"].value, snapshot.resources["cpu"].level = 182.0, "warning"
            snapshot.waiting, snapshot.in_flight, snapshot.oldest_wait = 6, 100, 0.24
            snapshot.refused_minute = {"concurrent": 3}
            event = episode_event(
                1, 1, snapshot.now - 12, resource="concurrent", level="violation", now="violation", peak=111.0,
                average=104.0, limit=100.0, refused=3, cause="61 % report.daily by perl[20021] uid 1001",
            )  # fmt: skip
            assert event.episode is not None
            snapshot.open_episodes = [event.episode]
            stage.daemon.add_event(event)
            stage.daemon.push_snapshot()
            await stage.until(lambda: stage.app.model.counts() == (1, 0))
            stage.app.title_text = "web1"
            stage.app.screen.repaint()  # type: ignore[attr-defined]
            await stage.pilot.pause()
            await stage.shows("web1")
            compare(stage.text, f"overview-{size[0]}x{size[1]}")

    async def test_ascii_draws_nothing_else(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path, ascii_only=True) as stage:
            for key in "123456":
                await stage.press(key)
                assert stage.text.isascii(), [line for line in stage.text.splitlines() if not line.isascii()]

    @pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"NO_COLOR": "1", "TEXTUAL_THEME": "ansi-dark"}])
    async def test_every_size_and_view_with_hostile_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
    ) -> None:
        """Markup, escapes, right-to-left and wide characters, down to sizes at which nothing can be read."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        async with on_stage(tmp_path, hostile=True, connections=100) as stage:
            for size in ((79, 24), (60, 15), (20, 6), (10, 3), (200, 60), (120, 40)):
                await stage.pilot.resize_terminal(*size)
                for key in "123456":
                    await stage.press(key)
                    stage.daemon.push_snapshot()
                    await stage.pilot.pause()
                    assert "\x1b" not in stage.text
            await stage.press("2")
            stage.app.screen.set_filter("[/")  # type: ignore[attr-defined]
            await stage.shows("[/")


@pytest.mark.asyncio
class TestReading:
    async def test_views_by_number(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            for number, word in enumerate(("Functions", "pid user client", "refus", "Events", "in force", "who"), 1):
                await stage.press(str(number))
                await stage.shows(word)

    async def test_read_only_until_armed(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            for key in ("e", "u", "x", "D", "w", "A"):
                await stage.press(key)
                assert len(stage.app.screen_stack) == 1
            await stage.press("W")
            await stage.shows("RW armed 5m00")
            FrozenConsole.at += 299
            await stage.shows("RW armed 1s")
            FrozenConsole.at += 2
            await stage.press("e")
            assert len(stage.app.screen_stack) == 1

    async def test_an_observer_cannot_arm(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            stage.daemon.snapshot.operators[0].level = "observe"
            stage.daemon.push_snapshot()
            await stage.until(lambda: stage.app.observer)
            await stage.press("W", "e")
            assert len(stage.app.screen_stack) == 1
            assert not stage.app.armed(FrozenConsole.at)

    async def test_pause_freezes_the_tables_and_not_the_header(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("space")
            before = stage.text
            for _ in range(3):
                stage.daemon.push_snapshot()
            await stage.until(lambda: stage.app.model.behind >= 3)
            FrozenConsole.at += 1.0  # the header tells time; it need not tell more often
            await stage.shows(f"[PAUSED +{stage.app.model.behind}]")
            asked = [params for method, params in stage.daemon.requests if method == "subscribe"]
            assert not asked[-1]["connections"]  # what nobody sees need not be sent
            assert stage.text.splitlines()[14:30] == before.splitlines()[14:30]
            await stage.press("s")  # looking at it in another order is what a pause is for
            await stage.shows("sort: rate")
            await stage.press("space")
            assert "PAUSED" not in stage.text

    async def test_filter_follows_what_is_typed(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path, connections=40) as stage:
            await stage.press("2", "slash", *"state:idle")
            await stage.until(lambda: all(row.cells[2] == "idle" for row in _table(stage).rows))
            await stage.press("enter")
            await stage.shows("filter: state:idle")
            await stage.press("slash", *" calls>", "enter")
            await stage.shows("calls")  # not a filter: it says so and stays open
            assert len(stage.app.screen_stack) == 2
            await stage.press("escape", "escape")
            await stage.shows("Connections (40)")

    async def test_the_cursor_stays_on_its_row(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path, connections=40) as stage:
            await stage.press("2", "down", "down", "down")
            key = _table(stage).cursor_key
            for _ in range(4):
                await stage.press("s")
                assert _table(stage).cursor_key == key
            await stage.press("I")
            assert _table(stage).cursor_key == key

    async def test_help_names_the_panel_and_every_key(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("question_mark")
            assert isinstance(stage.app.screen, Page)
            text = stage.app.screen._text.plain
            assert text.startswith("Connections")
            assert all(action.title in text for action in ACTIONS)
            assert re.search(r"taken \d+\.\d% of a core .* has \d.*B of memory; the daemon sends it .*B/s", text)
            await stage.press("escape")
            assert len(stage.app.screen_stack) == 1

    async def test_stale_and_down_keep_what_is_known(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            stage.daemon.silent = True
            FrozenConsole.at += 7
            await stage.shows("[STALE 7s]")
            assert "300/1024 MB" in stage.text
            await stage.daemon.drop()
            await stage.shows("[DOWN")
            assert "300/1024 MB" in stage.text


@pytest.mark.asyncio
class TestChangingLimits:
    async def test_cancel_has_the_focus_and_the_button_names_the_change(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            assert stage.app.focused is not None
            assert stage.app.focused.id == "cancel"
            await stage.press("8", "0")
            await stage.shows("Apply 100 -> 80")
            await stage.press("escape")
            assert stage.control.limits == Limits()

    async def test_enter_never_applies_from_a_field(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            await stage.press("8", "0", "enter")
            assert isinstance(stage.app.screen, EditLimits)
            assert stage.control.limits == Limits()

    async def test_apply_sends_the_revision_and_tells_what_the_daemon_confirmed(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            await stage.press("8", "0", "tab", *"peak", "enter", "enter")
            await stage.until(lambda: stage.control.limits.max_concurrent_requests == 80)
            sent = next(params for method, params in stage.daemon.requests if method == "limits.set")
            assert sent == {"limits": {"max_concurrent_requests": 80}, "expected_revision": 0, "reason": "peak"}
            await stage.tells("confirmed by the daemon, revision 1")

    @pytest.mark.parametrize(
        ("keys", "value"),
        [
            (("plus",), 101), (("minus", "minus"), 98), (("pageup",), 110), (("pagedown",), 90), (("h",), 50),
            (("5", "d"), 100), (("7", "r"), 100),
        ],
    )  # fmt: skip
    async def test_nudges(self, tmp_path: Path, keys: tuple[str, ...], value: int) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            await stage.press(*keys)
            assert stage.app.screen.query_one("#value").value == str(value)  # type: ignore[attr-defined]

    async def test_several_limits_at_once(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("W", "colon", *"limit rate 3000 cpu=150", "enter")
            await stage.shows("Apply 2 changes")
            await stage.press("down", "h", "y")
            await stage.until(lambda: stage.control.revision == 1)
            assert stage.control.limits == Limits(max_requests_per_minute=3000, max_cpu_percent=150, max_memory_mb=512)

    async def test_below_what_is_in_use_it_must_be_typed_twice(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            stage.daemon.snapshot.resources["concurrent"].value = 68.0
            stage.daemon.push_snapshot()
            await stage.until(lambda: stage.app.in_use("max_concurrent_requests") == 68)
            await _edit(stage, "concurrent")
            await stage.press("4", "0", "y")
            await stage.shows("once more")
            assert stage.control.revision == 0
            await stage.press("4", "0", "enter", "enter")
            await stage.until(lambda: stage.control.limits.max_concurrent_requests == 40)

    async def test_raising_a_limit_that_does_not_suffice_needs_no_second_typing(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            stage.daemon.snapshot.resources["rate"].value = 3400.0
            stage.daemon.push_snapshot()
            await stage.until(lambda: stage.app.in_use("max_requests_per_minute") == 3400)
            await _edit(stage, "rate")
            await stage.press(*"3000", "y")
            await stage.until(lambda: stage.control.limits.max_requests_per_minute == 3000)

    async def test_what_another_operator_did_meanwhile_is_seen_before_applying(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            assert not list(stage.app._notifications)  # those from before would lie over the buttons
            stage.changed_by_bob(max_concurrent_requests=72)
            await stage.shows("meanwhile bob set it to 72 at 08:53:20")
            await stage.shows("limit 100 calls")

    async def test_out_of_range_cannot_be_applied(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            await stage.press("0", "y")
            await stage.shows("must be from 1 to 10000 calls")
            assert not [method for method, _ in stage.daemon.requests if method == "limits.set"]

    async def test_two_consoles_cannot_overwrite_each_other(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            await stage.press("8", "0")
            stage.changed_by_bob(max_concurrent_requests=72)
            await stage.press("y")
            await stage.shows("by bob 0 s ago (revision 1)")
            assert stage.control.limits.max_concurrent_requests == 72
            await stage.shows("Apply 72 -> 80")  # what was typed stays; now it is an informed decision
            await stage.press("y")
            await stage.until(lambda: stage.control.limits.max_concurrent_requests == 80)

    async def test_no_answer_is_told_as_not_known(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:

            async def lost(_: object) -> object:
                raise LinkError("The daemon closed the connection.")

            stage.app.set_limits = lost  # type: ignore[method-assign,assignment]
            await _edit(stage, "concurrent")
            await stage.press("8", "0", "y")
            await stage.shows("not known")
            assert isinstance(stage.app.screen, EditLimits)

    async def test_what_if_is_asked_for_and_shown(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            outcome = PreviewOutcome(limits={}, calls=900, refused=37, violation_seconds=41, violation_episodes=3)
            better = PreviewOutcome(limits={}, calls=900, warning_seconds=96)
            stage.daemon.answers["limits.preview"] = lambda _: Preview(
                900, 900, outcome, better, demand_concurrent_max=71, notes=["Memory would be [/at] warning."]
            )
            await _edit(stage, "concurrent")
            await stage.press("1", "8", "0")
            await stage.shows("37 calls")
            await stage.shows("Memory would be [/at] warning.")
            asked = [params for method, params in stage.daemon.requests if method == "limits.preview"]
            assert asked[-1] == {"limits": {"max_concurrent_requests": 180}, "minutes": 15}
            await stage.press("ctrl+t")
            await stage.until(
                lambda: [p for m, p in stage.daemon.requests if m == "limits.preview"][-1]["minutes"] == 60
            )

    async def test_temporary_and_confirmed_changes(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "rate")
            await stage.press("9", "0", "0", "0", "tab", "tab", "right", "tab", "right", "tab", "tab", "enter")
            await stage.until(lambda: stage.control.unconfirmed is not None)
            assert stage.control.temporary[0].restore == 2000
            sent = next(params for method, params in stage.daemon.requests if method == "limits.set")
            assert (sent["for"], sent["confirm_within"]) == (300, 60)
            await stage.shows("rolls back")
            await stage.press("c")
            await stage.until(lambda: stage.control.unconfirmed is None)

    async def test_a_small_terminal_shows_what_rolls_back(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path, size=(80, 24)) as stage:
            stage.publish(stage.control.set(BOB, {"max_requests_per_minute": 900}, stage.now, confirm_within=60))
            await stage.shows("rolls back in")
            assert "(c)" in stage.text.splitlines()[0]

    async def test_undo_names_what_it_takes_back(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            stage.changed_by_bob(max_requests_per_minute=400)
            await stage.until(lambda: stage.app.model.journal)
            await stage.press("W", "u")
            await stage.shows("by bob(1001)")
            await stage.shows("max_requests_per_minute: 400 -> 2000")
            assert stage.app.focused is not None
            assert stage.app.focused.id == "cancel"
            await stage.press("y")
            await stage.until(lambda: stage.control.limits == Limits())

    async def test_a_daemon_that_goes_under_the_dialog(self, tmp_path: Path) -> None:
        """The dialog stays, nothing is applied by itself when the daemon is back."""
        async with on_stage(tmp_path) as stage:
            await _edit(stage, "concurrent")
            await stage.press("8", "0")
            await stage.daemon.drop()
            await stage.until(lambda: stage.app.model.link(FrozenConsole.at) is Link.DOWN)
            stage.daemon.boot(history=5)
            await stage.until(lambda: stage.app.model.link(FrozenConsole.at) is Link.LIVE)
            assert isinstance(stage.app.screen, EditLimits)
            assert stage.control.revision == 0


@pytest.mark.asyncio
class TestActing:
    async def test_close_asks_and_aims_at_the_row_that_was_chosen(self, tmp_path: Path) -> None:
        """Rows move behind the question; its target does not."""
        async with on_stage(tmp_path, connections=20) as stage:
            stage.daemon.answers["connections.close"] = lambda params: {"id": params["id"], "pid": params["pid"]}
            await stage.press("W", "2", "down", "down", "x")
            assert isinstance(stage.app.screen, Confirm)
            wanted = _table(stage).cursor_key
            stage.daemon.push_snapshot()
            await stage.press("y")
            await stage.until(lambda: [p for m, p in stage.daemon.requests if m == "connections.close"])
            params = next(p for m, p in stage.daemon.requests if m == "connections.close")
            assert str(params["id"]) == wanted
            assert params["boot_id"] == stage.daemon.boot_id

    async def test_enter_cancels_and_n_cancels(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            for key in ("enter", "n", "escape"):
                await stage.press("W" if not stage.app.armed(FrozenConsole.at) else "1", "D", key)
                assert len(stage.app.screen_stack) == 1
            assert not [method for method, _ in stage.daemon.requests if method == "drain"]

    async def test_a_refusal_is_told_in_the_daemons_words(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:

            def refuse(_: object) -> object:
                raise AdminError(AdminErrorCode.REFUSED, "The disk [/is] full.")

            stage.daemon.answers["limits.save"] = refuse
            await stage.press("W", "w", "y")
            await stage.tells("The disk [/is] full.")

    async def test_export_and_picture(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("E", "P")
            names = sorted(Path(name).suffix for name in os.listdir(tmp_path) if name.startswith("cpanbridge-"))
            assert names == [".csv", ".json", ".svg", ".txt"]

    async def test_quit_while_recording_asks(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("R", "q")
            assert isinstance(stage.app.screen, Confirm)
            await stage.press("escape")
            assert stage.app.recorder is not None
            await stage.press("q", "y")
            assert stage.app.recorder is None

    async def test_the_palette_offers_every_action(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("ctrl+p", *"Drain")
            await stage.shows("Drain: refuse new calls")
            await stage.press("escape")

    async def test_there_is_no_palette_over_a_dialog(self, tmp_path: Path) -> None:
        async with on_stage(tmp_path) as stage:
            await stage.press("?", "ctrl+p")
            assert [type(screen).__name__ for screen in stage.app.screen_stack] == ["MainScreen", "Page"]

    async def test_keys_can_be_changed(self, tmp_path: Path) -> None:
        from console.config import Config

        async with on_stage(tmp_path, config=Config(keys={"view.events": "f4"})) as stage:
            await stage.press("f4")
            await stage.until(lambda: stage.app.screen.view == "events")  # type: ignore[attr-defined]


def _table(stage: Stage):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return stage.app.screen_stack[0].table("connections")  # type: ignore[attr-defined]


async def _edit(stage: Stage, resource: str) -> None:
    """Arm, and open the editor for a resource."""
    stage.app.arm()
    screen = stage.app.screen
    from console.views import LIMIT_OF

    screen.edit_limits(LIMIT_OF[resource])  # type: ignore[attr-defined]
    await stage.until(lambda: isinstance(stage.app.screen, EditLimits) and stage.app.focused is not None)
