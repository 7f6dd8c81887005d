"""What operators see of the daemon: snapshots and rows, made of figures that the daemon has anyway.

Nothing here changes anything. Making a snapshot takes well under a millisecond with a hundred connections; what would
take longer (percentiles of a thousand functions) is kept and made again at most once a second.
"""

from __future__ import annotations

import functools
import heapq
import os
import pwd
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.adminwire import HISTORY_FIELDS, ConnectionRow, FunctionRow, History, Resource, Snapshot
from bridge.admission import Ticket, TicketState
from bridge.episodes import Culprit
from bridge.text import printable

if TYPE_CHECKING:
    from bridge.admission import Admission
    from bridge.changes import Instant
    from bridge.connections import ConnectionTable
    from bridge.monitor import Monitor
    from bridge.protocol import BridgeProtocol
    from bridge.stats import FunctionStats, HistorySample, Stats

__all__ = ["AdminView", "user_name"]

PEAK_SAMPLES = 300
"""One-second samples that a resource's peak is looked for in: five minutes."""

RATE_SECONDS = 5.0
"""Time over which a connection's calls a second are counted."""

MAX_FUNCTION_ROWS = 200
"""Functions shown, those called most; module ``python`` alone can have a thousand."""

FIELD_OF = {
    "memory": "memory_mb",
    "cpu": "cpu_percent",
    "concurrent": "peak_concurrent",
    "rate": "rate_demand",
    "connections": "connections",
    "lag": "lag",
}
"""The history's column that shows a resource."""

_RANK = {"busy": 0, "queued": 1, "stream": 2, "writing": 3, "reading": 4}


@functools.lru_cache(maxsize=4096)
def user_name(uid: int) -> str:
    """Return a user's name, or the number as text where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class AdminView:
    """Makes the shapes of ``bridge.adminwire``.

    Attributes:
        boot_id: tells this run of the daemon from others.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        stats: Stats,
        monitor: Monitor,
        connections: ConnectionTable,
        now: Callable[[], Instant],
        socket: str,
    ) -> None:
        self.boot_id = uuid.uuid4().hex
        self._admission = admission
        self._stats = stats
        self._monitor = monitor
        self._connections = connections
        self._now = now
        self._socket = socket
        self._peaks: tuple[float, dict[str, float]] = (float("-inf"), {})
        self._refused: deque[tuple[float, dict[str, int]]] = deque()  # (monotonic, totals by limit), one a second
        self._calls: deque[tuple[float, dict[int, int]]] = deque()  # (monotonic, calls by connection), one a second
        self._functions: dict[str, tuple[int, FunctionRow]] = {}
        self._functions_made = float("-inf")
        self._function_rows: list[FunctionRow] = []

    @property
    def draining(self) -> bool:
        """Whether new calls are refused."""
        return self._admission.draining

    # --- the monitor's pulse ---

    def refused(self) -> dict[str, int]:
        """Return what was refused since the start, by limit; ``connections`` are counted beside the calls."""
        return {**self._stats.refused_by_limit, "connections": self._connections.refused}

    def note_refusals(self) -> None:
        """Remember the totals, about once a second, for the figures of the last minute."""
        now = self._now().monotonic
        refused = self._refused
        if not refused or now - refused[-1][0] >= 0.9:
            refused.append((now, self.refused()))
        while len(refused) > 1 and now - refused[1][0] >= 60:
            refused.popleft()

    def busy(self) -> Mapping[Culprit, int]:
        """Return who occupies the daemon now: calls that run or wait, by function and client process."""
        found: Counter[Culprit] = Counter()
        for connection in self._connections:
            if connection.call is not None:
                peer = connection.session.peer
                name = getattr(connection.call, "function_name", "")
                found[Culprit(function=name, client=connection.client, pid=peer.pid, uid=peer.uid)] += 1
        return found

    # --- rows ---

    def snapshot(self, *, connections: bool = False, functions: bool = False, rows: int = 200) -> Snapshot:
        """Return everything at this moment, but for what admin.py adds: revision, episodes, operators."""
        now = self._now()
        admission, stats, monitor = self._admission, self._stats, self._monitor
        history = stats.history
        return Snapshot(
            boot_id=self.boot_id,
            now=now.wall,
            uptime=now.monotonic - stats.started,
            version=__version__,
            pid=os.getpid(),
            socket=self._socket,
            state="draining" if admission.draining else monitor.worst.value.replace("normal", "ok"),
            draining=admission.draining,
            resources=self._resources(),
            in_flight=admission.in_flight,
            waiting=admission.waiting,
            slots=admission.slots,
            oldest_wait=admission.oldest_wait(now.monotonic),
            total=stats.total,
            successful=stats.successful,
            failed=stats.failed,
            throttled=stats.throttled,
            calls_per_second=round(float(history[-1].calls) if history else 0.0, 2),
            refused_minute=self._refused_minute(),
            warnings=list(monitor.latest.warnings),
            violations=list(monitor.latest.violations),
            limits=dict(admission.limits.as_dict()),
            sample=self._row(history[-1], now.wall - now.monotonic) if history else None,
            connections_total=self._connections.count,
            connections=self.connections(rows) if connections else None,
            functions=self.functions() if functions else None,
        )

    def connections(self, most: int | None = None) -> list[ConnectionRow]:
        """Return a row for each connection, or for the ``most`` busiest."""
        now = self._now().monotonic
        then, before = self._calls_before(now)
        seconds = max(0.5, now - then)
        open_ = list(self._connections)
        if most is not None and len(open_) > most:
            open_ = heapq.nsmallest(most, open_, key=lambda each: (_RANK.get(each.state, 5), -each.calls))
        return [self._connection(each, now, before.get(each.number, 0), seconds) for each in open_]

    def functions(self) -> list[FunctionRow]:
        """Return a row for each of the functions called most, at most a second old."""
        now = self._now().monotonic
        if now - self._functions_made >= 1:
            self._functions_made = now
            figures = heapq.nlargest(
                MAX_FUNCTION_ROWS, self._stats.functions(), key=lambda each: each.calls + each.refused
            )
            self._function_rows = [self._function(each) for each in figures]
        return self._function_rows

    def history(self, *, seconds: float | None = None, since: float | None = None) -> History:
        """Return samples of the last ``seconds``, or those after ``since`` (wall time)."""
        now = self._now()
        offset = now.wall - now.monotonic
        after = float("-inf")
        if seconds is not None:
            after = now.monotonic - seconds
        if since is not None:
            after = max(after, since - offset + 0.001)
        rows = [self._row(each, offset) for each in self._stats.history if each.at > after]
        return History(boot_id=self.boot_id, fields=list(HISTORY_FIELDS), rows=rows)

    # --- inside ---

    def _resources(self) -> dict[str, Resource]:
        peaks = self._current_peaks()
        readings = self._monitor.readings()
        return {
            name: Resource(
                value=round(reading.value, 4),
                limit=reading.limit,
                level=reading.level.value,
                peak=max(peaks.get(name, 0.0), round(reading.value, 4)),
                warning=round(reading.warning, 4),
            )
            for name, reading in readings.items()
        }

    def _current_peaks(self) -> dict[str, float]:
        history = self._stats.history
        if not history:
            return {}
        if self._peaks[0] != history[-1].at:
            # The newest samples are at the right; a deque reads fast from both of its ends.
            recent = [each for each, _ in zip(reversed(history), range(PEAK_SAMPLES), strict=False)]
            peaks = {name: round(max(getattr(each, field) for each in recent), 4) for name, field in FIELD_OF.items()}
            self._peaks = (history[-1].at, peaks)
        return self._peaks[1]

    def _refused_minute(self) -> dict[str, int]:
        now = self.refused()
        before = self._refused[0][1] if self._refused else {}
        return {name: count - before.get(name, 0) for name, count in now.items() if count > before.get(name, 0)}

    def _calls_before(self, now: float) -> tuple[float, dict[int, int]]:
        """Return when calls were counted about ``RATE_SECONDS`` ago, and how many each connection had then."""
        counts = self._calls
        if not counts or now - counts[-1][0] >= 1:
            counts.append((now, {each.number: each.calls for each in self._connections}))
        while len(counts) > 1 and now - counts[1][0] >= RATE_SECONDS:
            counts.popleft()
        if now - counts[0][0] > 3 * RATE_SECONDS:  # nobody has looked for a while: begin anew
            counts.clear()
            counts.append((now, {each.number: each.calls for each in self._connections}))
        return counts[0]

    def _connection(self, each: BridgeProtocol, now: float, before: int, seconds: float) -> ConnectionRow:
        peer = each.session.peer
        call = each.call
        state = each.state
        if state == "busy" and isinstance(call, Ticket) and call.state is TicketState.WAITING:
            state = "queued"
        age = now - each.connected_at
        return ConnectionRow(
            id=each.number,
            pid=peer.pid,
            uid=peer.uid,
            user=user_name(peer.uid),
            client=printable(each.client),
            state=state,
            function=printable(getattr(call or each.tunnel, "function_name", "")),
            calls=each.calls,
            rate=round((each.calls - before) / min(seconds, max(0.5, age)), 2),
            in_flight=each.process.in_flight,
            age=round(age, 1),
            idle=round(max(0.0, now - each.idle_since), 1) if state == "idle" else 0.0,
            handles=len(each.session),
        )

    def _function(self, figures: FunctionStats) -> FunctionRow:
        mark = figures.calls + figures.errors + figures.refused
        kept = self._functions.get(figures.name)
        if kept is not None and kept[0] == mark:
            return kept[1]
        latency = figures.latency
        p50, p95, p99 = latency.percentiles((0.50, 0.95, 0.99))
        row = FunctionRow(
            name=printable(figures.name),
            calls=figures.calls,
            errors=figures.errors,
            refused=figures.refused,
            mean=round(latency.mean, 6),
            p50=round(p50, 6),
            p95=round(p95, 6),
            p99=round(p99, 6),
            longest=round(latency.longest, 6),
        )
        self._functions[figures.name] = (mark, row)
        return row

    @staticmethod
    def _row(sample: HistorySample, offset: float) -> list[float]:
        return [
            round(sample.at + offset, 3),
            *(round(getattr(sample, field), 4) for field in HISTORY_FIELDS[1:]),
        ]
