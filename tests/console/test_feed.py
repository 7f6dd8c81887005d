from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from fake_daemon import FakeDaemon, change_event, episode_event, history_row

from bridge.adminwire import AdminError, AdminErrorCode
from console.client import LinkError
from console.feed import LiveFeed
from console.model import Link, Model


class Scene:
    """A fake daemon, a feed, a model; no real waiting between attempts to connect."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.daemon = FakeDaemon(connections=5, functions=3)
        self.daemon.boot(history=30)
        self.model = Model()
        self.waits: list[float] = []
        self.may_connect = asyncio.Event()
        self.may_connect.set()
        self.feed = LiveFeed(str(path), self.model, interval=0.25, sleep=self.wait)
        self.task: asyncio.Task[None] | None = None

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0.001)
        await self.may_connect.wait()

    async def begin(self) -> None:
        await self.daemon.start(self.path)
        self.task = asyncio.create_task(self.feed.run())
        await self.until(lambda: self.model.limits is not None)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - the conditions are those of a model, which has no events
                await asyncio.sleep(0.002)

    def asked(self, method: str) -> list[dict[str, object]]:
        return [params for name, params in self.daemon.requests if name == method]

    def link(self) -> Link:
        return self.model.link(time.monotonic())


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path / "s")
    yield made
    made.feed.stop()
    made.may_connect.set()
    if made.task is not None:
        await asyncio.wait_for(made.task, 5)
    await made.daemon.stop()


@pytest.mark.asyncio
async def test_it_catches_up_and_follows(scene: Scene) -> None:
    scene.daemon.add_event(change_event(1, 1, time.time()))
    await scene.begin()
    assert scene.link() is Link.LIVE
    assert scene.asked("subscribe") == [{"interval": 0.25, "connections": True, "functions": True, "rows": 1000}]
    assert scene.asked("history") == [{"seconds": 3600}]
    assert len(scene.model.history().rows) == 30
    assert len(scene.model.events()) == len(scene.model.journal) == 1
    assert len(scene.model.connections()) == 5
    version = scene.model.version
    scene.daemon.push_snapshot()
    scene.daemon.add_event(episode_event(2, 2, time.time()))
    await scene.until(lambda: scene.model.version > version + 1)
    assert len(scene.model.events()) == 2
    assert scene.asked("events") == [{"since": 0, "limit": 1000}]
    assert scene.feed.received > 1000


@pytest.mark.asyncio
async def test_events_that_were_missed_are_fetched(scene: Scene) -> None:
    """A gap shows in the next event's number, or in the next snapshot when no event comes."""
    await scene.begin()
    scene.daemon.add_event(change_event(1, 1, time.time()), push=False)
    scene.daemon.add_event(change_event(2, 2, time.time()))
    await scene.until(lambda: len(scene.model.events()) == 2)
    scene.daemon.add_event(change_event(3, 3, time.time()), push=False)
    scene.daemon.push_snapshot()
    await scene.until(lambda: len(scene.model.events()) == 3)
    assert [params["since"] for params in scene.asked("events")] == [0, 0, 2]
    assert not scene.model.events_lost
    for number in range(4, 10):
        scene.daemon.add_event(change_event(number, number, time.time()), push=False)
    scene.daemon.answers["events"] = lambda _: {"events": scene.daemon.events[-1:], "sequence": 9, "lost": True}
    scene.daemon.push_snapshot()
    await scene.until(lambda: scene.model.events_lost)


@pytest.mark.asyncio
async def test_a_drop_is_followed_by_what_was_missed(scene: Scene) -> None:
    """The same daemon: data stays, samples and events are asked for from the last one on."""
    scene.daemon.add_event(change_event(1, 1, time.time()))
    await scene.begin()
    last = scene.daemon.rows[-1][0]
    scene.may_connect.clear()
    await scene.daemon.drop()
    await scene.until(lambda: scene.link() is Link.DOWN)
    assert len(scene.model.connections()) == 5
    assert "closed the connection" in scene.model.link_text(time.monotonic())
    with pytest.raises(LinkError, match="nothing was sent"):
        await scene.feed.request("limits.set", {})
    scene.daemon.rows.append(history_row(last + 1, calls=77.0))
    scene.daemon.add_event(change_event(2, 2, time.time()))
    scene.may_connect.set()
    await scene.until(lambda: len(scene.asked("limits.get")) == 2)
    assert scene.link() is Link.LIVE
    assert scene.asked("history")[-1] == {"since": last}
    assert scene.asked("events")[-1]["since"] == 1
    assert scene.model.trend("calls", 2) == [10.0, 77.0]
    texts = [view.text for view in scene.model.events() if view.kind == "local"]
    assert len(texts) == 1
    assert texts[0].startswith("reconnected after ")


@pytest.mark.asyncio
async def test_after_a_restart_everything_is_asked_for(scene: Scene) -> None:
    for number in (1, 2, 3):
        scene.daemon.add_event(change_event(number, number, time.time()))
    await scene.begin()
    await scene.daemon.stop()
    scene.daemon.boot(history=2)
    scene.daemon.add_event(change_event(1, 4, time.time()))
    await scene.daemon.start(scene.path)
    await scene.until(lambda: len(scene.asked("limits.get")) == 2)
    assert scene.asked("history")[-1] == {"seconds": 3600}
    assert scene.asked("events")[-1]["since"] == 0
    texts = [view.text for view in scene.model.events() if view.kind == "local"]
    assert "daemon restarted, counters began anew" in texts
    assert len(scene.model.events()) == 6  # four changes and two own lines


@pytest.mark.asyncio
async def test_a_clock_that_was_set_meanwhile_makes_old_times_useless(scene: Scene) -> None:
    await scene.begin()
    scene.may_connect.clear()
    await scene.daemon.drop()
    await scene.until(lambda: scene.link() is Link.DOWN)
    scene.daemon.clock = lambda: time.time() - 3600
    scene.daemon.started -= 3600
    scene.may_connect.set()
    await scene.until(lambda: len(scene.asked("history")) == 2)
    assert scene.asked("history")[-1] == {"seconds": 3600}


@pytest.mark.asyncio
async def test_it_tries_for_ever_and_never_waits_long(scene: Scene) -> None:
    scene.task = asyncio.create_task(scene.feed.run())
    await scene.until(lambda: len(scene.waits) > 7)
    assert scene.waits[:7] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
    assert "no socket" in scene.model.link_text(time.monotonic())
    await scene.daemon.start(scene.path)
    await scene.until(lambda: scene.model.limits is not None)
    before = len(scene.waits)
    await scene.daemon.drop()
    await scene.until(lambda: len(scene.waits) > before)
    assert scene.waits[before] == 0.2  # a connection that worked begins the count anew


@pytest.mark.asyncio
async def test_refusal_and_garbage_are_reasons_too(scene: Scene) -> None:
    def refuse(_: object) -> None:
        raise AdminError(AdminErrorCode.FORBIDDEN, "bob may not look.")

    history = scene.daemon.answers["history"]
    scene.daemon.answers["history"] = refuse
    await scene.daemon.start(scene.path)
    scene.task = asyncio.create_task(scene.feed.run())
    await scene.until(lambda: "bob may not look." in scene.model.link_text(time.monotonic()))
    scene.daemon.answers["history"] = history
    await scene.until(lambda: scene.link() is Link.LIVE and scene.model.limits is not None)
    scene.daemon.send_raw(b"garbage\n")
    await scene.until(lambda: len(scene.asked("limits.get")) == 2)


@pytest.mark.asyncio
async def test_a_fault_of_the_model_does_not_end_the_feed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(scene.model, "take_journal", fail)
        await scene.daemon.start(scene.path)
        scene.task = asyncio.create_task(scene.feed.run())
        await scene.until(lambda: "a bug" in scene.model.link_text(time.monotonic()))
    await scene.until(lambda: scene.model.limits is not None)


@pytest.mark.asyncio
async def test_interval_and_detail_are_changed_while_it_runs(scene: Scene) -> None:
    await scene.begin()
    scene.feed.set_interval(0.01)
    await scene.until(lambda: len(scene.asked("subscribe")) == 2)
    scene.feed.set_detail(connections=False, functions=True, rows=50)
    await scene.until(lambda: len(scene.asked("subscribe")) == 3)
    assert scene.asked("subscribe")[1]["interval"] == 0.1
    assert scene.asked("subscribe")[2] == {"interval": 0.1, "connections": False, "functions": True, "rows": 50}
    scene.feed.set_detail(connections=False, functions=True)
    await asyncio.sleep(0.02)
    assert len(scene.asked("subscribe")) == 3  # nothing has changed
    assert scene.link() is Link.LIVE


@pytest.mark.asyncio
async def test_limits_are_asked_for_when_their_revision_moves(scene: Scene) -> None:
    await scene.begin()
    scene.daemon.snapshot.revision = 2
    scene.daemon.push_snapshot()
    await scene.until(lambda: scene.model.limits is not None and scene.model.limits.revision == 2)
    assert scene.model.limits is not None
    assert scene.model.limits.about


@pytest.mark.asyncio
async def test_samples_between_rare_snapshots_are_fetched(scene: Scene) -> None:
    await scene.begin()
    last = scene.daemon.rows[-1][0]
    scene.daemon.rows += [history_row(last + second, calls=float(second)) for second in range(1, 11)]
    scene.daemon.push_snapshot()
    await scene.until(lambda: scene.model.trend("calls", 11) == [10.0, *map(float, range(1, 11))])
    assert scene.asked("history")[-1] == {"since": last}
