"""Supplies a sink from a recording: play, pause, faster, step, and go to any time.

A recording is played by the console's monotonic times, which never jump; it is searched by the daemon's clock, which
is what an operator knows of an incident.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bridge.adminwire import HISTORY_FIELDS, History
from console.recorder import LinkDown, RecordingError
from console.recording import Entry, Recording
from console.sink import Sink

__all__ = ["SPEEDS", "ReplayFeed"]

SPEEDS = (1.0, 4.0, 16.0)

LONGEST_STEP = 1.0
"""Seconds that one advance makes good at most: a console that was stopped goes on where it was."""

SHORTEST_WAIT = 0.05
"""Seconds between two advances at least; at high speed several snapshots come at once."""


class ReplayFeed:
    """Plays a recording. Run :meth:`run` as a task; everything else may be called at any time.

    Args:
        recording: itself or its path; the sink has its first snapshot at once.

    Attributes:
        playing: whether time goes on. speed: how fast.
        problem: why a part of the recording cannot be shown; "" if all can.

    Raises:
        RecordingError: there is no recording at that path.
    """

    def __init__(self, recording: Recording | str, sink: Sink, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.recording = recording = Recording(recording) if isinstance(recording, str) else recording
        self.playing = True
        self.problem = ""
        self.speed = SPEEDS[0]
        self._sink = sink
        self._clock = clock
        self._t = 0.0  # where playing is, in the recording's own seconds
        self._at = 0  # index of the last entry delivered
        self._wake = asyncio.Event()
        self._stopping = False
        self._go(recording.snapshots[0])

    @property
    def position(self) -> float:
        """Wall time where it stands."""
        return self.recording.entries[self._snapshot()].at

    @property
    def start(self) -> float:
        """Wall time of the first snapshot."""
        return self.recording.start

    @property
    def end(self) -> float:
        """Wall time of the last snapshot."""
        return self.recording.end

    @property
    def ended(self) -> bool:
        """Whether everything has been delivered."""
        return self._at >= len(self.recording.entries) - 1

    def play(self) -> None:
        """Let time go on; from the end, begin again."""
        if self.ended:
            self._go(self.recording.snapshots[0])
        self.playing = True
        self._tell()

    def pause(self) -> None:
        """Let time stand still."""
        self.playing = False
        self._tell()

    def set_speed(self, speed: float) -> None:
        """Play so many times as fast, one of ``SPEEDS``; raises ``ValueError`` for another."""
        if speed not in SPEEDS:
            raise ValueError(f"The speed is one of {', '.join(f'x{each:g}' for each in SPEEDS)}, not {speed!r}.")
        self.speed = speed
        self._tell()

    def next_speed(self) -> float:
        """Go on to the next of ``SPEEDS``, from the last to the first, and return it."""
        self.set_speed(SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)])
        return self.speed

    def step(self, count: int = 1) -> None:
        """Pause, and go ``count`` snapshots on, or back where it is negative."""
        self.playing = False
        snapshots = self.recording.snapshots
        place = snapshots.index(self._snapshot()) + count
        target = snapshots[min(max(0, place), len(snapshots) - 1)]
        if count > 0:
            self._deliver_to(target)
            self._t = self.recording.entries[self._at].t
            self._tell()
        else:
            self._go(target)

    def seek(self, at: float) -> None:
        """Go to the last snapshot that is not later than wall time ``at``."""
        self._go(self.recording.find(at))

    def skip(self, seconds: float) -> None:
        """Go so many seconds on, or back where it is negative."""
        entries = self.recording.entries
        wanted = self._t + seconds
        self._go(max((at for at in self.recording.snapshots if entries[at].t <= wanted), default=self._first()))
        self._t = min(max(wanted, entries[self._at].t), entries[-1].t)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of the console's time pass; nothing happens unless it plays."""
        if not self.playing:
            return
        self._t += min(seconds, LONGEST_STEP) * self.speed
        entries = self.recording.entries
        last = self._at
        while last + 1 < len(entries) and entries[last + 1].t <= self._t:
            last += 1
        self._deliver_to(last)
        if self.ended:
            self.playing = False
        self._tell()

    def stop(self) -> None:
        """End :meth:`run` soon."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Play in real time until :meth:`stop`."""
        before = self._clock()
        while not self._stopping:
            self._wake.clear()
            wait = None
            if self.playing and not self.ended:
                ahead = (self.recording.entries[self._at + 1].t - self._t) / self.speed
                wait = min(LONGEST_STEP, max(SHORTEST_WAIT, ahead))
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
            now = self._clock()
            if wait is not None:
                self.advance(now - before)
            before = now

    # --- inside ---

    def _first(self) -> int:
        return self.recording.snapshots[0]

    def _snapshot(self) -> int:
        """Return the index of the snapshot that is shown."""
        at = self._at
        while self.recording.entries[at].kind != "snapshot" and at > self._first():
            at -= 1
        return max(at, self._first())

    def _go(self, index: int) -> None:
        """Show the recording as it was at an entry: everything up to there, in short."""
        self._sink.reset(self._clock())
        entries = self.recording.entries
        rows: list[list[float]] = []
        boot = ""
        for at in range(index + 1):
            entry = entries[at]
            skipped = entry.kind == "snapshot" and not entry.whole and at != index
            if skipped:
                boot = entry.boot_id
                if entry.sample and (not rows or entry.sample[0] > rows[-1][0]):
                    rows.append(entry.sample)
                continue
            if rows:
                self._sink.take_history(History(boot, list(HISTORY_FIELDS), rows), entry.t)
                rows = []
            self._deliver(entry)
        self._at = index
        self._t = entries[index].t
        self._tell()

    def _deliver_to(self, last: int) -> None:
        for at in range(self._at + 1, last + 1):
            self._deliver(self.recording.entries[at])
        self._at = max(self._at, last)

    def _deliver(self, entry: Entry) -> None:
        # The recording's own seconds serve as now: an outage is as long in the replay as it was.
        sink, content, now = self._sink, entry.content, entry.t
        if entry.kind == "snapshot":
            try:
                snapshot = self.recording.load(entry)
            except RecordingError as error:
                self.problem, self.playing = str(error), False
            else:
                sink.take_snapshot(snapshot, now)
        elif isinstance(content, History):
            sink.take_history(content, now)
        elif entry.kind == "events":
            sink.take_events(content, now)
        elif entry.kind == "journal":
            sink.take_journal(content, now)
        elif entry.kind == "limits":
            sink.take_limits(content, now)
        elif isinstance(content, LinkDown):
            sink.link_down(content.reason, content.retry, now)

    def _tell(self) -> None:
        self._sink.link_replay(self.position, self.speed, self._t, playing=self.playing, ended=self.ended)
        self._wake.set()
