"""The callers of the soak test over plain sockets: one process each, in one of several tempers.

``soak_client.py SOCKET FLAGS SLOT TEMPER SEED``. FLAGS is a file: its byte 0 says what all are to do (``r`` run,
``p`` pause with all connections closed, ``e`` end), byte SLOT is set to ``p`` while this one pauses. At its end a
client prints what it has counted as one line of JSON: every request it sent whole, by what became of it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import random
import select
import signal
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from soak_line import REFUSALS, FullError, Line, LostError, Tally, request

TEXT = "aé€😀\n\t\"\\\0/../'; DROP TABLE x; <b>"


class Client:
    """One process: its temper is one of its methods."""

    def __init__(self, path: str, flags: int, slot: int, seed: int) -> None:
        self.path = path
        self.tally = Tally()
        self.random = random.Random(seed)
        self._flags = flags
        self._slot = slot

    def live(self, turn: Callable[[], None], close: Callable[[], None]) -> None:
        """Take turns until the end; pause when told to."""
        while (what := os.pread(self._flags, 1, 0)) != b"e":
            if what == b"p":
                close()
                os.pwrite(self._flags, b"p", self._slot)
                while os.pread(self._flags, 1, 0) == b"p":
                    time.sleep(0.02)
                os.pwrite(self._flags, b"r", self._slot)
                continue
            try:
                turn()
            except FullError:
                close()
                time.sleep(0.2)
            except LostError as error:
                self.tally.counts["lost"] += 1
                self.tally.fault(f"lost: {error}")
                close()
                time.sleep(0.1)
        close()

    # --- tempers ---

    def mixed(self) -> None:
        """Do a bit of everything, one call at a time, and look at what comes back."""
        mixture = Mixture(self)
        self.live(mixture.turn, mixture.line.close)

    def greedy(self) -> None:
        """Hold twenty calls open all the time."""
        lines = [Line(self.path) for _ in range(20)]

        def turn() -> None:
            for line in lines:
                line.send(request("test", "sleep", [0.1]))
            for line in lines:
                try:
                    self.tally.answered(line.read())
                except FullError:
                    line.close()
            time.sleep(0.1)

        self.live(turn, lambda: [line.close() for line in lines] and None)

    def ahead(self) -> None:
        """Send requests ahead, and read the answers in their order."""
        line = Line(self.path)

        def turn() -> None:
            count = self.random.randrange(2, 100)
            line.send(b"".join(request("test", "echo", [at], request_id=at) for at in range(count)))
            for at in range(count):
                answer = line.read()
                self.tally.answered(answer)
                if answer["request_id"] != at:
                    self.tally.wrong(f"answer {answer['request_id']} where {at} was due")
            time.sleep(0.3)

        self.live(turn, line.close)

    def slow(self) -> None:
        """Ask for megabytes, and read them slowly."""
        line = Line(self.path)

        def turn() -> None:
            line.send(request("test", "echo", ["x" * (1 << 20)]) * 2)
            for _ in range(2):
                self.tally.answered(line.read(1 << 16, 0.03))

        self.live(turn, line.close)

    def dribble(self) -> None:
        """Send a byte a second on each of twenty connections, until the daemon has had enough."""
        lines: list[Line] = []

        def close() -> None:
            # What the daemon says to half a request must be counted, whether it came by itself or comes now.
            while lines:
                line = lines.pop()
                with contextlib.suppress(FullError, OSError):
                    line.half_close()
                    self.tally.answered(line.read())
                line.close()

        def turn() -> None:
            while len(lines) < 20:
                lines.append(Line(self.path))
                lines[-1].send(b'{"module":"test"')
            ready, _, _ = select.select(lines, [], [], 0.3)
            for line in ready:
                lines.remove(line)
                with contextlib.suppress(FullError):
                    self.tally.answered(line.read())
                line.close()
            for line in lines:
                if self.random.random() < 0.3:
                    line.send(b" ")

        self.live(turn, close)

    def storm(self) -> None:
        """Come with 150 connections at once, again and again."""

        def turn() -> None:
            lines = [Line(self.path) for _ in range(150)]
            for line in lines:
                line.send(request("test", "ping"))
            for line in lines:
                with contextlib.suppress(FullError):
                    self.tally.answered(line.read())
                line.close()
            time.sleep(2)

        self.live(turn, lambda: None)

    def older(self) -> None:
        """Send one document without newline on each connection, and close the writing side, or wait."""

        def turn() -> None:
            line = Line(self.path)
            line.send(request("test", "echo", [1, 2]).rstrip(b"\n"))
            if self.random.random() < 0.5:
                line.half_close()
            try:
                self.tally.answered(line.read())
            finally:
                line.close()
            time.sleep(0.1)

        self.live(turn, lambda: None)

    def mortal(self) -> None:
        """Be killed in the middle of a call, or of a request, once and again."""

        def turn() -> None:
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                self._die(writing)
            os.close(writing)
            with os.fdopen(reading) as file:
                said = file.read()
            os.waitpid(child, 0)
            self.tally.add(json.loads(said))
            time.sleep(0.2)

        self.live(turn, lambda: None)

    def _die(self, writing: int) -> None:
        """Live a child's life: a few calls and a last one, which is counted once it is sent whole. Never returns."""
        self.tally = Tally()
        last: list[Callable[[], bytes]] = [
            lambda: request("test", "sleep", [self.random.random() * 2]),
            lambda: request("soak", "pause", [0.2]),
            lambda: request("soak", "tick", []),
            lambda: request("soak", "nap", [0.5]),
            lambda: request("test", "ping"),
            lambda: request("test", "echo", ["x" * 3000])[:1500],
        ]
        try:
            self.random = random.Random(os.urandom(4))
            line = Line(self.path)
            for _ in range(self.random.randrange(3)):
                line.send(request("soak", "keep", []))
                self.tally.answered(line.read())
            data = self.random.choice(last)()
            if self.tally.counts.total() == 0:
                # Known to be let in: what ConnectionLimit meets was never read.
                line.send(request("test", "ping"))
                self.tally.answered(line.read())
            line.send(data)
            self.tally.counts["orphans" if data.endswith(b"\n") else "halves"] += 1
            time.sleep(self.random.choice([0, 0, 0.05, 0.3]))
        except FullError:
            pass
        except LostError as error:
            self.tally.counts["lost"] += 1
            self.tally.fault(f"lost: {error}")
        os.write(writing, self.tally.line().encode())
        os.kill(os.getpid(), signal.SIGKILL)


class Mixture:
    """What a caller of mixed temper does, each with its weight."""

    def __init__(self, client: Client) -> None:
        self.line = Line(client.path)
        self.tally = client.tally
        self.random = client.random
        self.what: list[tuple[int, Callable[[], Any]]] = [
            (20, lambda: self.call("test", "ping", {"a": 1})),
            (20, lambda: self.call("soak", "tick", [])),
            (10, lambda: self.same(self.call("json", "dumps", [[1, {"a": None}]]), '[1, {"a": null}]')),
            (10, self.numbers),
            (10, self.digest),
            (10, self.dates),
            (8, lambda: self.call("test", "sleep", [self.random.random() / 5])),
            (4, lambda: self.call("test", "burn", [0.01])),
            (4, lambda: self.call("soak", "nap", [0.01])),
            (4, lambda: self.call("soak", "keep", [])),
            (3, lambda: self.call("soak", "fail", ["häß€"])),
            (2, lambda: self.call("soak", "pause", [0.3], timeout=0.1)),
            (2, lambda: self.call("soak", "nap", [5], timeout=0.5)),
            (1, lambda: self.call("soak", "die", [3])),
            (2, lambda: self.call("nope", "nope")),
            (2, lambda: self.call("test", "sleep", ["long"])),
            (2, self.garbage),
            (2, self.big),
            (2, self.line.close),
        ]
        self.weights = [weight for weight, _ in self.what]

    def turn(self) -> None:
        """Do one of them."""
        self.random.choices(self.what, self.weights)[0][1]()
        time.sleep(self.random.random() * 0.02)

    def call(self, module: str, function: str, params: object = None, **fields: object) -> Any:
        """Return the result of a call, ``None`` where there is none."""
        self.line.send(request(module, function, params, **fields))
        answer = self.line.read()
        self.tally.answered(answer)
        if not answer["success"] and answer["error_type"] in REFUSALS:
            time.sleep(min(answer["retry_after"], 0.3))
        return answer.get("result")

    def same(self, seen: object, wanted: object) -> None:
        """Take note of a result that is not what it should be."""
        if seen is not None and seen != wanted:
            self.tally.wrong(f"{str(seen)[:200]!r} where {str(wanted)[:200]!r} was due")

    def numbers(self) -> None:
        """Have a median calculated."""
        data = [self.random.random() for _ in range(50)]
        self.same(self.call("statistics", "median", [data]), statistics.median(data))

    def digest(self) -> None:
        """Have bytes hashed, by an object that the daemon keeps."""
        data = self.random.randbytes(2000)
        made = self.call("hashlib", "sha256", [{"__bytes__": base64.b64encode(data).decode()}])
        if made:
            digest = self.call("python", "member", {"object": made, "name": "hexdigest"})
            self.same(digest, hashlib.sha256(data).hexdigest())

    def dates(self) -> None:
        """Have a date made, and ask it."""
        day = 1 + self.random.randrange(28)
        made = self.call("datetime", "date", [2026, 11, day])
        if made:
            self.same(self.call("python", "member", {"object": made, "name": "isoformat"}), f"2026-11-{day:02}")

    def big(self) -> None:
        """Send about a megabyte, and get it back."""
        text = TEXT * 25_000
        self.same(self.call("test", "echo", {"text": text}), {"text": text})

    def garbage(self) -> None:
        """Send what is no request."""
        self.line.send(b"this is not JSON\n")
        self.tally.answered(self.line.read())


def main() -> None:
    """Live one client's life."""
    path, flags, slot, temper, seed = sys.argv[1:]
    client = Client(path, os.open(flags, os.O_RDWR), int(slot), int(seed))
    getattr(client, temper)()
    print(client.tally.line(), flush=True)


if __name__ == "__main__":
    main()
