"""An admin socket without a daemon: scriptable answers, hostile names; for tests of the console and for benchmarks.

As a program it plays a busy daemon: ``python fake_daemon.py --socket PATH --rate 10 --connections 100 --functions 20``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from bridge.adminwire import (
    HISTORY_FIELDS,
    AdminError,
    AdminErrorCode,
    Change,
    ConnectionRow,
    Episode,
    Event,
    FunctionRow,
    History,
    LimitAbout,
    LimitsResult,
    OperatorRow,
    Resource,
    Snapshot,
)
from bridge.limits import Limits

HOSTILE = (
    "[/x]",
    "x[red]y",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202egnirts\u202c",
    "漢字かな交じり",
    "👩‍👩‍👧‍👦 family",
    "e\u0301\u0301\u0301\u0301\u0301",
    "a" * 10_000,
    "=cmd|' /C calc'!A0",
    "line\nbreak\ttab\x00nul",
    "",
    " ",
    "\ud800",
)
"""Names that a Perl program may give itself, a real daemon's ``printable`` left out: recordings come from anywhere."""

STATES = ("busy", "queued", "idle", "reading", "writing")


def name(number: int, *, hostile: bool) -> str:
    """Return a client's name; every fifth is hostile where such are wanted. Half surrogates do not fit into JSON."""
    if hostile and number % 5 == 0:
        return HOSTILE[number // 5 % (len(HOSTILE) - 1)]
    return f"perl[{20000 + 7 * number}]"


def connection_rows(count: int, tick: int = 0, *, hostile: bool = True) -> list[ConnectionRow]:
    """Return ``count`` connections of a quarter as many processes; half of them change with each ``tick``."""
    rows = []
    for number in range(count):
        chance = random.Random(number * 7919 + (tick if number % 2 else 0))
        state = STATES[min(4, int(chance.expovariate(0.8)))]
        rows.append(
            ConnectionRow(
                id=1000 + number,
                pid=20000 + number // 4,
                uid=1000 + number // 4 % 3,
                user=("alice", "bob", "www-data")[number // 4 % 3],
                client=name(number, hostile=hostile),
                state=state,
                function="" if state in {"idle", "reading"} else f"module{number % 9}.work",
                calls=number * 13 + tick,
                rate=round(chance.random() * 12, 2),
                in_flight=number // 4 % 5,
                age=60.0 * number + tick,
                idle=chance.random() * 100 if state == "idle" else 0.0,
                handles=number % 3,
            )
        )
    return rows


def function_rows(count: int, tick: int = 0) -> list[FunctionRow]:
    """Return ``count`` functions with plausible times."""
    return [
        FunctionRow(
            name=f"module{number}.work",
            calls=100 * number + tick,
            errors=number % 4,
            refused=number % 3,
            mean=0.002 * number,
            p50=0.001 * number,
            p95=0.01 * number,
            p99=0.02 * number + 0.001 * (tick % 10),
            longest=0.1 * number,
        )
        for number in range(count)
    ]


def history_row(at: float, **values: float) -> list[float]:
    """Return a sample: quiet, but for what is given by its column."""
    row = dict.fromkeys(HISTORY_FIELDS, 0.0) | {
        "at": at, "calls": 10.0, "in_flight": 4.0, "slots": 100.0, "peak_concurrent": 6.0, "rate": 600.0,
        "rate_demand": 600.0, "memory_mb": 300.0, "cpu_percent": 40.0, "connections": 100.0, "arrivals": 10.0,
        "run_seconds": 4.0,
    }  # fmt: skip
    return [float({**row, **values}[field]) for field in HISTORY_FIELDS]


class FakeDaemon:
    """Answers at an admin socket.

    Attributes:
        answers: method -> function of the parameters; add to it or replace what is there. An ``AdminError`` that it
            raises is the answer.
        requests: (method, parameters) of everything that was asked.
        snapshot: what every snapshot is made from; replace its fields at will.
        rows: the history. events, journal: what there is of them.
        silent: answer nothing and send nothing. raw: send this instead of the next answer.
    """

    def __init__(
        self,
        *,
        connections: int = 100,
        functions: int = 20,
        hostile: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.boots = 0
        self.tick = 0
        self.connections, self.functions, self.hostile = connections, functions, hostile
        self.snapshot = Snapshot(boot_id="", now=0.0)
        self.rows: list[list[float]] = []
        self.events: list[Event] = []
        self.journal: list[Change] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.silent = False
        self.raw: bytes | None = None
        self.started = clock()
        self.limits = dict(Limits().as_dict())
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "status": self.make_snapshot,
            "history": self._history,
            "events": self._events,
            "journal": lambda _: {"entries": self.journal, "revision": self.snapshot.revision},
            "limits.get": lambda _: self.limits_result(),
            "connections": lambda _: {"connections": connection_rows(self.connections), "boot_id": self.boot_id},
            "functions": lambda _: {"functions": function_rows(self.functions)},
            "operators": lambda _: {"operators": self.snapshot.operators},
        }
        self._path = ""
        self._server: asyncio.Server | None = None
        self._peers: dict[asyncio.StreamWriter, dict[str, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.boot()

    @property
    def boot_id(self) -> str:
        return f"boot-{self.boots}"

    def boot(self, *, history: int = 0) -> None:
        """Begin anew, as a real daemon does at its start; ``history`` seconds of it."""
        self.boots += 1
        self.started = self.clock()
        self.events.clear()
        self.rows = [history_row(self.started - history + second + 1) for second in range(history)]
        self.snapshot = Snapshot(
            boot_id=self.boot_id,
            now=self.started,
            version="1.2.3",
            pid=os.getpid(),
            socket="/run/x.sock",
            resources={
                "memory": Resource(300.0, 1024.0, peak=310.0),
                "cpu": Resource(40.0, 200.0, peak=60.0),
                "concurrent": Resource(6.0, 100.0, peak=12.0),
                "rate": Resource(600.0, 2000.0, peak=700.0),
                "connections": Resource(float(self.connections), 1000.0),
                "lag": Resource(0.002, 0.25, warning=0.4),
            },
            slots=100,
            in_flight=4,
            total=1000,
            successful=990,
            failed=10,
            limits=self.limits,
            revision=1,
            operators=[OperatorRow(id=1, uid=1000, pid=4711, user="alice", level="operate", you=True)],
            connections_total=self.connections,
        )

    def limits_result(self) -> LimitsResult:
        """Return what ``limits.get`` answers."""
        about = {
            "max_requests_per_minute": LimitAbout(1, 10_000_000, 2000, "calls/min", whole=True, doc="Calls a minute."),
        }
        return LimitsResult(self.snapshot.revision, self.limits, self.limits, configured=self.limits, about=about)

    def make_snapshot(self, wants: dict[str, Any] | None = None) -> Snapshot:
        """Return a snapshot of now, with rows where they are wanted."""
        wants = wants or {}
        now = self.clock()
        made: Snapshot = msgspec.structs.replace(self.snapshot, now=now, uptime=now - self.started)
        made.interval = wants.get("interval", 0.0)
        made.sequence = self.events[-1].sequence if self.events else 0
        made.sample = self.rows[-1] if self.rows else None
        most = wants.get("rows", 200)
        if wants.get("connections"):
            made.connections = connection_rows(min(most, self.connections), self.tick, hostile=self.hostile)
        if wants.get("functions"):
            made.functions = function_rows(self.functions, self.tick)
        return made

    def add_event(self, event: Event, *, push: bool = True) -> None:
        """Let something happen; without ``push`` the subscribers miss it."""
        self.events.append(event)
        if event.change is not None:
            self.journal.append(event.change)
        if push:
            self.push("event", event)

    def push(self, method: str, params: object) -> None:
        """Send a notification to every subscriber."""
        for writer, wants in self._peers.items():
            if wants and not self.silent:
                self._send(writer, {"jsonrpc": "2.0", "method": method, "params": params})

    def push_snapshot(self) -> None:
        """Send every subscriber a snapshot."""
        self.tick += 1
        for writer, wants in list(self._peers.items()):
            if wants and not self.silent:
                made = self.make_snapshot(wants)
                self._send(writer, {"jsonrpc": "2.0", "method": "snapshot", "params": made})

    def send_raw(self, line: bytes) -> None:
        """Send bytes to everybody."""
        for writer in self._peers:
            writer.write(line)

    async def start(self, path: str | Path) -> None:
        """Listen."""
        self._path = str(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=1 << 20)

    async def drop(self) -> None:
        """End all connections, but go on listening."""
        for writer in list(self._peers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """End everything; the socket's file stays, as after a kill."""
        if self._server is not None:
            self._server.close()
        await self.drop()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._peers[writer] = {}
        try:
            while line := await reader.readline():
                if not self.silent:
                    self._answer(writer, line)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            del self._peers[writer]
            self._tasks.discard(task)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        request = msgspec.json.decode(line)
        method, params = request["method"], request.get("params", {})
        self.requests.append((method, params))
        if self.raw is not None:
            writer.write(self.raw)
            self.raw = None
            return
        try:
            if method == "subscribe":
                self._peers[writer] = params
                result: Any = self.make_snapshot(params)
            elif method in self.answers:
                result = self.answers[method](params)
            else:
                raise AdminError(AdminErrorCode.METHOD_NOT_FOUND, f"There is no method {method!r}.")
        except AdminError as error:
            body = {"code": error.code, "message": error.message, "data": error.data}
            self._send(writer, {"jsonrpc": "2.0", "id": request.get("id"), "error": body})
        else:
            self._send(writer, {"jsonrpc": "2.0", "id": request.get("id"), "result": result})

    @staticmethod
    def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        # A stopped console must not make the fake grow; the real daemon asks the kernel instead.
        if writer.transport.get_write_buffer_size() < 4 << 20:
            writer.write(msgspec.json.encode(message) + b"\n")

    def _history(self, params: dict[str, Any]) -> History:
        since = params.get("since", -math.inf)
        rows = [row for row in self.rows if row[0] > since + 0.001]
        return History(self.boot_id, list(HISTORY_FIELDS), rows[-int(params.get("seconds", 3600)) :])

    def _events(self, params: dict[str, Any]) -> dict[str, Any]:
        found = [event for event in self.events if event.sequence > params.get("since", 0)]
        limit = params.get("limit", 200)
        newest = self.events[-1].sequence if self.events else 0
        return {"events": found[-limit:], "sequence": newest, "lost": len(found) > limit}


def episode_event(sequence: int, number: int, at: float, **facts: Any) -> Event:
    """Return an event of a violation of concurrency, but for what is given."""
    episode = Episode(**{
        "id": number, "resource": "concurrent", "level": "violation", "now": "violation", "start": at, "peak": 106.0,
        "limit": 100.0, **facts,
    })  # fmt: skip
    return Event(sequence=sequence, id=number, kind="episode", at=at, episode=episode)


def change_event(sequence: int, number: int, at: float, **facts: Any) -> Event:
    """Return an event of a changed rate, but for what is given."""
    change = Change(**{
        "number": number, "revision": number, "at": at, "action": "set", "user": "alice", "uid": 1000, "pid": 4711,
        "changes": {"max_requests_per_minute": (2000, 2400)}, "reason": "campaign start", **facts,
    })  # fmt: skip
    return Event(sequence=sequence, id=sequence, kind="change", at=at, change=change)


def wave(at: float) -> list[float]:
    """Return a sample of a load that comes and goes."""
    height = math.sin(at / 120)
    rate = 1200 + 600 * height
    return history_row(
        at,
        memory_mb=500 + 200 * height,
        cpu_percent=100 + 60 * height,
        peak_concurrent=50 + 40 * height,
        rate=rate,
        rate_demand=rate,
    )


async def play(arguments: argparse.Namespace) -> None:
    """Be a busy daemon until killed."""
    daemon = FakeDaemon(connections=arguments.connections, functions=arguments.functions, hostile=arguments.hostile)
    daemon.boot(history=3600)
    daemon.rows = [wave(row[0]) for row in daemon.rows]
    now = time.time()
    daemon.add_event(change_event(1, 1, now - 600))
    daemon.add_event(episode_event(2, 2, now - 30, cause="report.daily by [/x] uid 1001, 61 %", refused=3))
    daemon.snapshot.open_episodes = [event.episode for event in daemon.events if event.episode is not None]
    await daemon.start(arguments.socket)
    print(f"a fake daemon listens at {arguments.socket}", flush=True)
    while True:
        await asyncio.sleep(1 / arguments.rate)
        now = time.time()
        if now - daemon.rows[-1][0] >= 1:
            daemon.rows.append(wave(daemon.rows[-1][0] + int(now - daemon.rows[-1][0])))
            del daemon.rows[:-3600]
        resources = daemon.snapshot.resources
        for resource, column in (("memory", "memory_mb"), ("cpu", "cpu_percent"), ("rate", "rate_demand")):
            resources[resource].value = daemon.rows[-1][HISTORY_FIELDS.index(column)] * random.uniform(0.99, 1.01)
        daemon.push_snapshot()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--socket", required=True)
    parser.add_argument("--rate", type=float, default=10.0, help="snapshots a second, whatever is subscribed")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--functions", type=int, default=20)
    parser.add_argument("--hostile", action=argparse.BooleanOptionalAction, default=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(play(parser.parse_args()))


if __name__ == "__main__":
    main()
