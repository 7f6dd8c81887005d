"""Everything that the screens show, and nothing of how they show it.

Pure. The model takes what a feed delivers and answers what a screen asks; what is asked at every frame is kept until
something new comes. Ages are measured on the console's monotonic clock (``now`` in all arguments, in seconds), clock
times are the daemon's.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import attrs

from bridge.adminwire import (
    HISTORY_FIELDS,
    Change,
    ConnectionRow,
    Event,
    FunctionRow,
    History,
    LimitsResult,
    OperatorRow,
    Snapshot,
)
from console import insight
from console.eventlist import EventList, EventView
from console.filter import Filter
from console.insight import ProcessRow
from console.tables import CONNECTION_SORTS, DESCENDING, FUNCTION_SORTS, PROCESS_SORTS, Kept, arrange
from console.trends import Trends

__all__ = [
    "CONNECTION_SORTS",
    "DESCENDING",
    "FUNCTION_SORTS",
    "PROCESS_SORTS",
    "EventView",
    "Link",
    "Model",
    "ProcessRow",
    "Replay",
]

STALE_INTERVALS, STALE_SECONDS = 3, 1.5
"""Without a message for so many intervals, and at least so many seconds, what is shown is old."""

MAX_JOURNAL = 1000


class Link(Enum):
    """How the console stands to the daemon."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    DOWN = "down"
    REPLAY = "replay"


@attrs.frozen
class Replay:
    """Where a recording stands. ``position`` is in seconds since 1970; ``speed`` 1, 4, 16."""

    position: float
    speed: float
    playing: bool
    ended: bool


class Model:
    """A :class:`console.sink.Sink` that can be asked.

    Attributes:
        latest: the newest snapshot, ``None`` before the first.
        limits: the last answer to ``limits.get``, with ``about``; ``None`` before it.
        journal: the journal's entries, oldest first.
        paused: whether the tables stand still.
        behind: snapshots that came since the pause began.
        gaps: snapshots that the daemon left out since this console was too slow.
        replay: where the recording stands; ``None`` for a live daemon.
        version: goes up with everything that comes; a screen that has drawn it need not draw it again.
    """

    def __init__(self) -> None:
        self.latest: Snapshot | None = None
        self.limits: LimitsResult | None = None
        self.journal: list[Change] = []
        self.behind = 0
        self.gaps = 0
        self.replay: Replay | None = None
        self.version = 0
        self._link = Link.CONNECTING
        self._where = ""
        self._reason = ""
        self._retry_at = 0.0
        self._heard: float | None = None  # monotonic, when the last message came
        self._lost_at: float | None = None  # monotonic, when a link that had delivered was lost
        self._frozen: Snapshot | None = None
        self._frozen_until: float | None = None
        self._connections: list[ConnectionRow] = []  # the last ones that came, for the shown snapshot
        self._functions: list[FunctionRow] = []
        self._frozen_rows: tuple[list[ConnectionRow], list[FunctionRow]] | None = None
        self._trends = Trends()
        self._events = EventList()
        self._kept = Kept()

    # --- the feed calls these; see console.sink.Sink ---

    def link_connecting(self, where: str, now: float) -> None:
        """An attempt to connect begins; a link that is down is shown as down until it succeeds."""
        self._where = where
        if self._link is not Link.DOWN:
            self._link = Link.CONNECTING
        self.version += 1

    def link_down(self, reason: str, retry: float, now: float) -> None:
        """The connection is lost; what was known stays."""
        if self._lost_at is None and self.latest is not None:
            self._lost_at = now
        self._link = Link.DOWN
        self._reason, self._retry_at = reason, now + retry
        self.version += 1

    def link_replay(self, position: float, speed: float, now: float, *, playing: bool, ended: bool = False) -> None:
        """A recording stands there now."""
        self._link = Link.REPLAY
        self.replay = Replay(position, speed, playing, ended)
        self.version += 1

    def take_snapshot(self, snapshot: Snapshot, now: float) -> None:
        """The newest state."""
        before = self.latest
        if before is not None and before.boot_id != snapshot.boot_id:
            self._restarted(snapshot)
        if self._lost_at is not None:
            self._events.add_local(f"reconnected after {now - self._lost_at:.1f} s", snapshot.now)
            self._lost_at = None
        self.latest = snapshot
        self._heard = now
        if self.replay is None:
            self._link = Link.LIVE
        if snapshot.connections is not None:
            self._connections = snapshot.connections
        if snapshot.functions is not None:
            self._functions = snapshot.functions
        self.gaps += max(0, snapshot.gap)
        if self._frozen is not None:
            self.behind += 1
        self._trends.add_snapshot(snapshot)
        self._events.sync(snapshot)
        self.version += 1

    def take_history(self, history: History, now: float) -> None:
        """Samples of the past."""
        self._heard = now
        self._trends.add_history(history)
        self.version += 1

    def take_events(self, events: Sequence[Event], now: float, *, lost: bool = False) -> None:
        """Events, perhaps known ones; changes among them go into the journal, too."""
        self._heard = now
        self._events.add(events)
        self._events.lost = self._events.lost or lost
        self._write_down([event.change for event in events if event.change is not None])
        if self.latest is not None:
            self._events.sync(self.latest)
        self.version += 1

    def take_journal(self, entries: Sequence[Change], now: float) -> None:
        """The journal's newest entries."""
        self._heard = now
        self._write_down(entries)
        self.version += 1

    def take_limits(self, limits: LimitsResult, now: float) -> None:
        """The answer to ``limits.get``."""
        self._heard = now
        self.limits = limits
        self.version += 1

    def reset(self, now: float) -> None:
        """Forget everything but the link; a pause ends, since what it showed is gone."""
        self.latest = self.limits = self._lost_at = None
        self.gaps = 0
        self.journal = []
        self._connections, self._functions = [], []
        self._trends.clear()
        self._events.clear()
        self._kept.clear()
        if self._frozen is not None:
            self.resume()
        self.version += 1

    # --- the link ---

    def link(self, now: float) -> Link:
        """Return how the console stands to the daemon."""
        if self._link is Link.LIVE and self.age(now) > self.stale_after:
            return Link.STALE
        return self._link

    @property
    def stale_after(self) -> float:
        """Seconds without a message after which the figures are old."""
        interval = self.latest.interval if self.latest is not None else 0.0
        return max(STALE_SECONDS, STALE_INTERVALS * interval)

    def age(self, now: float) -> float:
        """Return seconds since the last message; 0 before the first and for a recording."""
        return 0.0 if self._heard is None or self.replay is not None else max(0.0, now - self._heard)

    def link_text(self, now: float) -> str:
        """Say in words what the link's state does not: why it is down, and when it is tried again."""
        link = self.link(now)
        if link is Link.DOWN:
            left = self._retry_at - now
            return f"{self._reason} Trying again {f'in {left:.1f} s' if left > 0.05 else 'now'}."
        if link is Link.CONNECTING:
            return f"connecting to {self._where}"
        if link is Link.STALE:
            return f"no message for {self.age(now):.0f} s; the figures are from then"
        if self.replay is not None:
            state = "end" if self.replay.ended else "" if self.replay.playing else "paused"
            return " ".join(filter(None, ["recording", f"x{self.replay.speed:g}", state]))
        return ""

    def retry_in(self, now: float) -> float:
        """Return seconds until the next attempt to connect; 0 unless the link is down."""
        return max(0.0, self._retry_at - now) if self._link is Link.DOWN else 0.0

    def clock(self, now: float) -> float | None:
        """Return the daemon's wall clock, ``None`` before the first snapshot."""
        if self.latest is None:
            return None
        return self.replay.position if self.replay is not None else self.latest.now + self.age(now)

    # --- pause ---

    @property
    def paused(self) -> bool:
        """Whether tables and curves stand still. Link, levels (``latest``) and events go on."""
        return self._frozen is not None

    @property
    def shown(self) -> Snapshot | None:
        """The snapshot to show: the newest, or the one at which the display was paused."""
        return self._frozen or self.latest

    def pause(self) -> None:
        """Let tables and curves stand still; without data there is nothing to stop."""
        if self._frozen is None and self.latest is not None:
            self._frozen = self.latest
            self._frozen_until = self._trends.last_at
            self._frozen_rows = (self._connections, self._functions)
            self.behind = 0
            self.version += 1

    def resume(self) -> None:
        """Show what is new again."""
        self._frozen = self._frozen_until = self._frozen_rows = None
        self.behind = 0
        self.version += 1

    # --- what screens ask ---

    def connections(
        self, matching: Filter | None = None, sort: str = "in_flight", *, reverse: bool = True
    ) -> list[ConnectionRow]:
        """Return connections in order; equal ones by their id. Do not change the list.

        Raises:
            ValueError: ``sort`` is none of ``CONNECTION_SORTS``.
        """
        rows = self._frozen_rows[0] if self._frozen_rows else self._connections
        return self._kept.get(
            ("connections", matching, sort, reverse),
            rows,
            lambda: arrange(rows, CONNECTION_SORTS, matching, sort, reverse=reverse),
        )

    def functions(
        self, matching: Filter | None = None, sort: str = "p99", *, reverse: bool = True
    ) -> list[FunctionRow]:
        """Return functions in order; equal ones by name. Raises ``ValueError`` as :meth:`connections` does."""
        rows = self._frozen_rows[1] if self._frozen_rows else self._functions
        return self._kept.get(
            ("functions", matching, sort, reverse),
            rows,
            lambda: arrange(rows, FUNCTION_SORTS, matching, sort, reverse=reverse),
        )

    def processes(
        self, matching: Filter | None = None, sort: str = "in_flight", *, reverse: bool = True
    ) -> list[ProcessRow]:
        """Return client processes in order; equal ones by pid. Raises ``ValueError`` as :meth:`connections` does.

        They are added up from the connections that came, which may be the busiest only (``connections_total``).
        """
        rows = self._frozen_rows[0] if self._frozen_rows else self._connections
        made = self._kept.get("all processes", rows, lambda: insight.processes(rows))
        return self._kept.get(
            ("processes", matching, sort, reverse),
            made,
            lambda: arrange(made, PROCESS_SORTS, matching, sort, reverse=reverse),
        )

    def fairness(self) -> float | None:
        """Return how evenly the slots are shared: 1 evenly, near 0 one holds all; ``None`` if there is no contest."""
        return insight.fairness(self.processes())

    def events(self) -> list[EventView]:
        """Return what is open (violations first), then the past, newest first. Do not change the list."""
        return self._events.views()

    @property
    def events_lost(self) -> bool:
        """Whether events are missing that the daemon no longer had."""
        return self._events.lost

    def counts(self) -> tuple[int, int]:
        """Return how many violations and warnings are open now."""
        return self._events.counts()

    def trend(self, name: str, seconds: int) -> list[float | None]:
        """Return a resource's (or a history column's) value for each second, newest last, ``None`` for a gap.

        The list is kept until there is something new: do not change it.

        Raises:
            ValueError: there is no such name.
        """
        return self._trends.trend(name, seconds, self._frozen_until)

    def forecast(self, resource: str, now: float) -> str | None:
        """Say when ``resource`` reaches its warning or its limit, if a straight line through five minutes tells."""
        shown = self.shown
        if shown is None or resource not in shown.resources or self.link(now) in {Link.STALE, Link.DOWN}:
            return None
        points = self.trend(resource, insight.FIT_SECONDS)
        return self._kept.get(
            ("forecast", resource),
            (points, shown.resources[resource].limit, shown.resources[resource].level),
            lambda: insight.forecast(resource, shown.resources[resource], points),
        )

    def headroom(self) -> str:
        """Say how many more calls a minute the daemon can take; "" before there is anything to say."""
        shown = self.shown
        if shown is None:
            return ""
        minute = self._kept.get("minute", self._data(), lambda: self._trends.recent(60, self._frozen_until))
        return self._kept.get("headroom", shown, lambda: insight.headroom(shown, minute))

    def binding(self) -> str | None:
        """Say which of the limits for rate and concurrency the calls meet first; ``None`` if too few were made."""
        shown = self.shown
        if shown is None:
            return None
        limits = shown.limits
        return self._kept.get(
            "binding",
            (self._data(), limits),
            lambda: insight.binding(limits, self._trends.recent(300, self._frozen_until)),
        )

    def operators(self) -> list[OperatorRow]:
        """Return who is attached; always as of now."""
        return self.latest.operators if self.latest is not None else []

    @property
    def may_operate(self) -> bool:
        """Whether this console's user may change anything, as the daemon says; ``False`` for a recording."""
        return self.replay is None and any(row.you and row.level == "operate" for row in self.operators())

    # --- what a recorder begins with ---

    def history(self) -> History:
        """Return the samples as the daemon would send them."""
        boot = self.latest.boot_id if self.latest is not None else ""
        return History(boot_id=boot, fields=list(HISTORY_FIELDS), rows=self._trends.rows())

    def raw_events(self) -> list[Event]:
        """Return the events of this run of the daemon as it would send them."""
        return self._events.raw()

    # --- inside ---

    def _restarted(self, snapshot: Snapshot) -> None:
        self._events.restarted(snapshot.boot_id, snapshot.now)
        self._events.add_local("daemon restarted, counters began anew", snapshot.now - snapshot.uptime)
        self._connections, self._functions = [], []
        self.limits = None

    def _write_down(self, entries: Sequence[Change]) -> None:
        known = {entry.number: entry for entry in self.journal}
        fresh = [entry for entry in entries if known.get(entry.number) != entry]
        if fresh:
            known.update((entry.number, entry) for entry in fresh)
            self.journal = [known[number] for number in sorted(known)][-MAX_JOURNAL:]

    def _data(self) -> tuple[int, float | None]:
        return self._trends.version, self._frozen_until
