"""Keeps a sink supplied from a running daemon, for ever: connect, catch up, follow, and begin again after a loss.

What was delivered stays while the daemon is away. Events that were missed are noticed by their numbers and fetched;
after a restart of the daemon everything is fetched anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from bridge.adminwire import (
    MAX_INTERVAL,
    MIN_INTERVAL,
    AdminError,
    Change,
    Event,
    History,
    LimitsResult,
    Snapshot,
)
from console.client import AdminClient, LinkError, NotSentError
from console.sink import Sink

__all__ = ["LiveFeed"]

BACK_OFF = (0.2, 0.4, 0.8, 1.6, 2.0)
"""Seconds between attempts to connect; the last one for ever. One console needs no jitter, an operator counts along."""

HISTORY_SECONDS = 3600
MAX_EVENTS = 1000
CLOCK_STEP = 1.0
"""Seconds by which the daemon's clock must have been set for its history to be asked for as a whole."""

ROW_GAP = 1.6
"""Seconds between two samples from which on there must be others in between."""

DEFAULT_ROWS = 1000

_snapshot = msgspec.json.Decoder(Snapshot).decode
_event = msgspec.json.Decoder(Event).decode


class _Events(msgspec.Struct):
    events: list[Event] = []
    sequence: int = 0
    lost: bool = False


class _Journal(msgspec.Struct):
    entries: list[Change] = []


class LiveFeed:
    """Follows the daemon behind one socket. Run :meth:`run` as a task; cancel it, or call :meth:`stop`.

    Args:
        path: the admin socket.
        sink: who gets everything.
        interval: seconds between snapshots, 0.1 to 60.
        clock, sleep: monotonic time, and waiting; given in tests.

    Attributes:
        client: the present connection, or the last one.
    """

    def __init__(
        self,
        path: str,
        sink: Sink,
        *,
        interval: float = 0.25,
        connections: bool = True,
        functions: bool = True,
        rows: int = DEFAULT_ROWS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.path = path
        self.client: AdminClient | None = None
        self._sink = sink
        self._interval = _bounded(interval)
        self._connections, self._functions, self._rows = connections, functions, rows
        self._clock, self._sleep = clock, sleep
        self._received = 0  # bytes, by connections that are over
        self._boot = ""
        self._booted = 0.0  # the daemon's start by its own wall clock
        self._sequence = 0  # every event up to this one has been delivered
        self._last_at: float | None = None  # of the newest sample delivered
        self._revision = -1  # of the limits delivered
        self._following = False
        self._stopping = False
        # What the session must do next; it sleeps while none of them is set.
        self._work = asyncio.Event()
        self._resubscribe = self._missed = self._holes = self._limits_old = False

    @property
    def interval(self) -> float:
        """Seconds between snapshots, as asked for."""
        return self._interval

    @property
    def received(self) -> int:
        """Bytes read from the daemon since the feed was made."""
        return self._received + (self.client.received if self.client is not None else 0)

    def set_interval(self, seconds: float) -> None:
        """Ask for snapshots that often; it is brought within 0.1 to 60 s."""
        self._interval = _bounded(seconds)
        self._wake(resubscribe=True)

    def set_detail(self, *, connections: bool, functions: bool, rows: int | None = None) -> None:
        """Say which rows the snapshots are to carry; what no screen shows need not be sent."""
        wanted = (connections, functions, self._rows if rows is None else rows)
        if wanted != (self._connections, self._functions, self._rows):
            self._connections, self._functions, self._rows = wanted
            self._wake(resubscribe=True)

    async def request(self, method: str, params: dict[str, Any] | None = None, **options: Any) -> Any:
        """Ask the daemon for something over the present connection; see ``AdminClient.request``.

        Raises:
            LinkError: also when there is none.
            AdminError: the daemon said no.
        """
        if self.client is None or self.client.reason is not None:
            raise NotSentError("There is no connection to the daemon at the moment; nothing was sent.")
        return await self.client.request(method, params, **options)

    def stop(self) -> None:
        """End :meth:`run` soon."""
        self._stopping = True
        self._work.set()

    async def run(self) -> None:
        """Follow the daemon until :meth:`stop`; no fault of the daemon or of the socket ends it."""
        attempts = 0
        while not self._stopping:
            self._following = False
            self._sink.link_connecting(self.path, self._clock())
            try:
                await self._session()
            except (LinkError, AdminError) as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - shown as the reason; the next attempt may well succeed
                reason = f"A fault of this console ended the connection: {error!r}."
            else:
                return
            attempts = 0 if self._following else attempts
            wait = BACK_OFF[min(attempts, len(BACK_OFF) - 1)]
            attempts += 1
            self._sink.link_down(reason, wait, self._clock())
            await self._sleep(wait)

    # --- one connection ---

    async def _session(self) -> None:
        client = self.client = AdminClient(self._notified)
        try:
            await client.connect(self.path)
            await self._subscribe(client)
            await self._catch_up(client)
            self._following = True
            await self._follow(client)
        finally:
            self._received += client.received
            client.received = 0
            await client.close()

    async def _subscribe(self, client: AdminClient) -> None:
        self._resubscribe = False
        wanted = {
            "interval": self._interval,
            "connections": self._connections,
            "functions": self._functions,
            "rows": self._rows,
        }
        snapshot = await client.request("subscribe", wanted, type=Snapshot)
        booted = snapshot.now - snapshot.uptime
        if snapshot.boot_id != self._boot:
            self._sequence, self._last_at, self._revision = 0, None, -1
        elif abs(booted - self._booted) > CLOCK_STEP:
            self._last_at = None  # times of before mean nothing by the clock of now
        self._deliver(snapshot)

    async def _catch_up(self, client: AdminClient) -> None:
        await self._fetch_history(client)
        await self._fetch_events(client)
        journal = await client.request("journal", {"limit": 1000}, type=_Journal)
        self._sink.take_journal(journal.entries, self._clock())
        await self._fetch_limits(client)

    async def _follow(self, client: AdminClient) -> None:
        watcher = asyncio.create_task(self._wake_when_closed(client))
        try:
            while not self._stopping:
                self._work.clear()
                if client.reason is not None:
                    raise LinkError(str(client.reason))
                if self._resubscribe:
                    await self._subscribe(client)
                elif self._missed:
                    await self._fetch_events(client)
                elif self._holes:
                    await self._fetch_history(client)
                elif self._limits_old:
                    await self._fetch_limits(client)
                else:
                    await self._work.wait()
        finally:
            watcher.cancel()

    async def _wake_when_closed(self, client: AdminClient) -> None:
        await client.closed.wait()
        self._work.set()

    async def _fetch_history(self, client: AdminClient) -> None:
        self._holes = False
        past = {"seconds": HISTORY_SECONDS} if self._last_at is None else {"since": self._last_at}
        history = await client.request("history", past, type=History, timeout=15.0)
        if history.rows:
            self._last_at = history.rows[-1][0]
        self._sink.take_history(history, self._clock())

    async def _fetch_events(self, client: AdminClient) -> None:
        self._missed = False
        since = self._sequence
        answer = await client.request("events", {"since": since, "limit": MAX_EVENTS}, type=_Events)
        self._sequence = max(self._sequence, answer.sequence)
        # At first everything that is still there is all there is to have; later what is gone is a loss.
        self._sink.take_events(answer.events, self._clock(), lost=answer.lost and since > 0)

    async def _fetch_limits(self, client: AdminClient) -> None:
        self._limits_old = False
        limits = await client.request("limits.get", type=LimitsResult)
        self._revision = limits.revision
        self._sink.take_limits(limits, self._clock())

    # --- what the daemon sends by itself ---

    def _notified(self, method: str, params: msgspec.Raw) -> None:
        if method == "snapshot":
            self._deliver(_snapshot(params))
        elif method == "event":
            self._one_event(_event(params))

    def _deliver(self, snapshot: Snapshot) -> None:
        self._boot, self._booted = snapshot.boot_id, snapshot.now - snapshot.uptime
        if self._following:
            if snapshot.sample:
                self._holes = self._holes or snapshot.sample[0] - (self._last_at or 0.0) > ROW_GAP
                # Where rows are missing (long intervals, a slow reader) they are asked for from the last one on.
                self._last_at = self._last_at if self._holes else snapshot.sample[0]
            if snapshot.sequence > self._sequence:
                self._missed = True
            if snapshot.revision != self._revision:
                self._limits_old = True
            if self._missed or self._limits_old or self._holes:
                self._work.set()
        self._sink.take_snapshot(snapshot, self._clock())

    def _one_event(self, event: Event) -> None:
        if event.sequence == self._sequence + 1:
            self._sequence = event.sequence
        elif event.sequence > self._sequence and self._following:
            self._wake(missed=True)
        self._sink.take_events([event], self._clock())

    def _wake(self, *, resubscribe: bool = False, missed: bool = False) -> None:
        self._resubscribe = self._resubscribe or resubscribe
        self._missed = self._missed or missed
        self._work.set()


def _bounded(seconds: float) -> float:
    return min(MAX_INTERVAL, max(MIN_INTERVAL, seconds))
