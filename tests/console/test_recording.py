from __future__ import annotations

import asyncio
import gzip
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from fake_daemon import FakeDaemon, change_event, episode_event, history_row

from bridge.adminwire import Episode, Snapshot
from console.model import Link, Model
from console.recorder import Recorder, RecordingError
from console.recording import Recording, cut
from console.replay import ReplayFeed
from console.sink import Tee

NOON = 1_800_000_000.0


class Stage:
    """A daemon's life of some minutes, told to a model and a recorder as a feed would tell it."""

    def __init__(self, path: Path, *, connections: int = 20) -> None:
        self.now = NOON
        self.monotonic = 500.0
        self.daemon = FakeDaemon(connections=connections, functions=5, clock=lambda: self.now)
        self.daemon.boot(history=30)
        self.model = Model()
        self.sink = Tee(self.model)
        self.snapshot()
        self.sink.take_history(self.daemon.answers["history"]({}), self.monotonic)
        self.sink.take_limits(self.daemon.limits_result(), self.monotonic)
        self.event(change_event(1, 1, NOON - 5))
        self.recorder = Recorder(str(path), socket="/run/x.sock")
        self.recorder.begin(self.model, self.monotonic)
        self.sink.add(self.recorder)

    def snapshot(self) -> Snapshot:
        made = self.daemon.make_snapshot({"connections": True, "functions": True, "interval": 0.5})
        # A list that is changed later must not change what was told before.
        made.sample = list(made.sample) if made.sample else None
        self.sink.take_snapshot(made, self.monotonic)
        return made

    def event(self, event: object) -> None:
        self.daemon.add_event(event, push=False)  # type: ignore[arg-type]
        self.sink.take_events([event], self.monotonic)  # type: ignore[list-item]

    def play(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            self.monotonic += 0.5
            self.daemon.tick += 1
            if self.now - self.daemon.rows[-1][0] >= 1:
                self.daemon.rows.append(history_row(self.daemon.rows[-1][0] + 1, calls=self.now % 100))
            self.snapshot()

    def life(self) -> None:
        """A violation, a change, an outage with a restart, a clock that is set."""
        self.play(20)
        sequence = 2
        going_on = Episode(sequence, "concurrent", "violation", self.now, now="violation", cause="[/x] \x1b[2J")
        self.daemon.snapshot.open_episodes = [going_on]
        self.event(episode_event(sequence, sequence, self.now, cause="[/x] \x1b[2J"))
        self.play(10)
        self.daemon.snapshot.open_episodes = []
        self.event(episode_event(3, 2, going_on.start, end=self.now, now="normal"))
        self.event(change_event(4, 2, self.now))
        self.play(5)
        self.sink.link_down("gone", 0.2, self.monotonic)
        self.monotonic += 3.5
        self.now += 3.5
        self.daemon.boot(history=1)
        self.snapshot()
        self.sink.take_history(self.daemon.answers["history"]({}), self.monotonic)
        self.event(change_event(1, 3, self.now))
        self.play(20)
        self.now += 100
        self.daemon.started += 100
        for row in self.daemon.rows:
            row[0] += 100
        self.play(5)


def seen(model: Model) -> dict[str, object]:
    """Return everything that a screen would show, but for the link and the feed's own times."""
    return {
        "latest": model.latest,
        "connections": model.connections(),
        "functions": model.functions(),
        "events": [(view.kind, view.at, view.open, view.level, view.episode, view.change, view.text)
                   for view in model.events()],
        "journal": model.journal,
        "limits": model.limits,
        "counts": model.counts(),
        "trends": [model.trend(name, 300) for name in ("calls", "memory", "rate")],
        "headroom": model.headroom(),
    }  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "r.cbrec")


def recorded(stage: Stage) -> Recording:
    stage.life()
    stage.recorder.close()
    assert stage.recorder.problem == ""
    return Recording(stage.recorder.path)


def test_a_replay_ends_where_the_live_model_ended(stage: Stage) -> None:
    """Played through or gone to at once: the same snapshots, rows, events, curves."""
    recording = recorded(stage)
    assert (recording.header.socket, recording.torn) == ("/run/x.sock", False)
    played, sought = Model(), Model()
    feed = ReplayFeed(recording, played)
    assert played.link(1e9) is Link.REPLAY
    for _ in range(200):
        feed.advance(0.5)
    assert feed.ended
    assert not feed.playing
    assert seen(played) == seen(stage.model)
    other = ReplayFeed(recording, sought)
    other.seek(NOON + 10**6)
    assert seen(sought) == seen(stage.model)
    other.seek(0)
    assert other.position == recording.start == NOON
    other.seek(recording.end)
    assert seen(sought) == seen(stage.model)
    recording.close()


def test_every_point_is_the_same_by_playing_and_by_seeking(stage: Stage) -> None:
    recording = recorded(stage)
    played = Model()
    feed = ReplayFeed(recording, played)
    for number in range(1, len(recording.snapshots)):
        feed.step()
        if number % 9 == 0:
            sought = Model()
            ReplayFeed(recording, sought).step(-10)  # any journey before must leave no trace
            other = ReplayFeed(recording, sought)
            other._go(feed._at)
            assert seen(sought) == seen(played), number
    recording.close()


def test_the_keys_of_a_replay(stage: Stage) -> None:
    recording = recorded(stage)
    model = Model()
    feed = ReplayFeed(recording, model)
    feed.pause()
    feed.advance(1.0)
    assert feed.position == NOON
    feed.step(2)
    assert feed.position == NOON + 1
    feed.step(-1)
    assert feed.position == NOON + 0.5
    feed.skip(10)
    assert feed.position == NOON + 10.5
    feed.skip(-3)
    assert feed.position == NOON + 7.5
    feed.skip(-100)
    assert feed.position == NOON
    feed.play()
    assert [feed.next_speed() for _ in range(3)] == [4.0, 16.0, 1.0]
    feed.set_speed(4.0)
    feed.advance(0.5)
    assert feed.position == NOON + 2
    assert model.clock(0.0) == NOON + 2
    assert model.link_text(0.0) == "recording x4"
    with pytest.raises(ValueError, match="x16"):
        feed.set_speed(3.0)
    feed.seek(NOON + 12.3)
    assert feed.position == NOON + 12
    feed.skip(10_000)
    assert feed.position == recording.end
    feed.advance(1.0)
    assert feed.ended
    assert "end" in model.link_text(0.0)
    feed.play()
    assert feed.position == NOON
    assert feed.playing
    recording.close()


def test_the_future_is_not_shown(stage: Stage) -> None:
    recording = recorded(stage)
    model = Model()
    feed = ReplayFeed(recording, model)
    feed.seek(NOON + 25)
    assert model.counts() == (1, 0)
    assert model.latest is not None
    assert max(row[0] for row in model.history().rows) <= NOON + 25
    feed.seek(NOON + 10)
    assert model.counts() == (0, 0)
    assert len(model.journal) == 1
    recording.close()


@pytest.mark.asyncio
async def test_it_plays_in_real_time(stage: Stage) -> None:
    recording = recorded(stage)
    model = Model()
    feed = ReplayFeed(recording, model)
    feed.set_speed(16.0)
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(5):
        while feed.position < NOON + 2:  # noqa: ASYNC110 - it is a clock that is waited for
            await asyncio.sleep(0.01)
    feed.stop()
    await task
    recording.close()


def test_the_file_is_new_and_private(tmp_path: Path) -> None:
    first, second = Stage(tmp_path / "r.cbrec").recorder, Stage(tmp_path / "r.cbrec").recorder
    assert second.path.endswith("r-2.cbrec")
    assert stat.S_IMODE(os.stat(first.path).st_mode) == 0o600
    assert first.size > 100
    first.close()
    second.close()
    assert os.path.getsize(first.path) == first.size
    assert gzip.decompress(Path(first.path).read_bytes()).startswith(b'{"format":"cpanbridge-recording","version":1,')
    with pytest.raises(OSError, match="No such file"):
        Recorder(str(tmp_path / "none" / "x"))


@pytest.mark.parametrize("lost", [1, 7, 8, 9, 100, 1000, 5000])
def test_a_torn_tail_is_readable(stage: Stage, lost: int) -> None:
    stage.life()
    stage.recorder.close()
    os.truncate(stage.recorder.path, stage.recorder.size - lost)
    recording = Recording(stage.recorder.path)
    assert recording.torn
    ReplayFeed(recording, Model()).seek(recording.end)
    assert recording.snapshots
    recording.close()


def test_damage_in_the_middle_keeps_what_is_before(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "r.cbrec", connections=400)
    stage.life()
    stage.recorder.close()
    data = bytearray(Path(stage.recorder.path).read_bytes())
    half = len(data) // 2
    data[half : half + 2000] = os.urandom(2000)
    Path(stage.recorder.path).write_bytes(data)
    recording = Recording(stage.recorder.path)
    assert recording.torn
    assert 10 < len(recording.snapshots) < 120
    recording.close()


def test_a_console_that_was_killed_leaves_a_recording(tmp_path: Path) -> None:
    script = f"""
import os, signal, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from test_recording import Stage
stage = Stage(Path({str(tmp_path / "k.cbrec")!r}))
stage.play(30)
os.kill(os.getpid(), signal.SIGKILL)
"""
    folder = str(Path(__file__).parent)
    result = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": folder}, timeout=30, check=False
    )
    assert result.returncode == -signal.SIGKILL
    recording = Recording(str(tmp_path / "k.cbrec"))
    assert recording.torn
    assert recording.end >= NOON + 28
    recording.close()


def test_a_full_disk_stops_the_recording_and_nothing_else(stage: Stage) -> None:
    stage.play(3)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, stage.recorder._writer._descriptor)
    os.close(full)
    stage.play(5)
    assert not stage.recorder.recording
    assert stage.recorder.problem == (
        "The recording has stopped: No space left on device. What was written before can be read."
    )
    size = stage.recorder.size
    stage.play(5)
    stage.recorder.close()
    assert stage.recorder.size == size
    assert stage.model.latest is not None
    assert stage.model.latest.now == NOON + 13
    recording = Recording(stage.recorder.path)
    assert NOON + 2 <= recording.end <= NOON + 4
    recording.close()


def packed(content: bytes) -> bytes:
    """Pack without the time of day: these are names of tests, which each process of a run must find to be the same."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"just text", "not packed with gzip"),
        (packed(b""), "it is empty"),
        (packed(b"no newline"), "first line is no header"),
        (packed(b"{}\n"), "first line is no header"),
        (packed(b'{"format":"\\u001b[2J","version":1}\n'), "its format is"),
        (packed(b'{"format":"cpanbridge-recording","version":2}\n'), "version 2"),
        (packed(b'{"format":"cpanbridge-recording","version":1}\n'), "before its first snapshot"),
        (packed(b'{"format":"cpanbridge-recording","version":1}\n{"t":0}\n'), "line 2"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "f\x1b"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=words) as caught:
        Recording(str(path))
    assert str(caught.value).isprintable()
    with pytest.raises(RecordingError, match="No such file"):
        Recording(str(tmp_path / "none"))


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.recording.LONGEST_MEMBER", 1 << 20)
    (tmp_path / "bomb").write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(RecordingError, match="too long"):
        Recording(str(tmp_path / "bomb"))


def test_lines_of_a_later_version_are_passed_over(tmp_path: Path, stage: Stage) -> None:
    stage.play(2)
    stage.recorder._write("weather", {"sun": True}, stage.monotonic)
    stage.play(2)
    stage.recorder.close()
    recording = Recording(stage.recorder.path)
    model = Model()
    ReplayFeed(recording, model).seek(recording.end)
    assert seen(model) == seen(stage.model)
    recording.close()


def test_an_incident_is_cut_out_with_its_past(stage: Stage, tmp_path: Path) -> None:
    recording = recorded(stage)
    path = cut(stage.recorder.path, NOON + 22, NOON + 28, str(tmp_path / "incident.cbrec"))
    piece = Recording(path)
    assert (piece.start, piece.end) == (NOON + 22, NOON + 28)
    assert piece.header.cut_from == "r.cbrec"
    whole, part = Model(), Model()
    ReplayFeed(recording, whole).seek(NOON + 25)
    ReplayFeed(piece, part).seek(NOON + 25)
    assert seen(part) == seen(whole)
    assert part.counts() == (1, 0)
    piece.close()
    with pytest.raises(RecordingError, match="no snapshot in that time"):
        cut(stage.recorder.path, 5, 6, str(tmp_path / "x"))
    with pytest.raises(RecordingError, match="cannot be written"):
        cut(stage.recorder.path, NOON, NOON + 5, str(tmp_path / "no" / "x"))
    assert sorted(os.listdir(tmp_path)) == ["incident.cbrec", "r.cbrec"]
    recording.close()
