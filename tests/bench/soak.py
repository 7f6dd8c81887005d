"""``make soak``: everything at once for long, then the accounts: nothing lost, nothing counted twice, nothing grown.

Callers of all tempers (``soak_client.py``, ``soak.pl``) call real functions while operators watch, change limits,
drain and resume, settings are reloaded, workers are killed, and the daemon is stopped for moments. Once a minute all
callers close their connections and the daemon's belongings are measured; the first of these lulls is what the later
ones are compared with. In the end the daemon's counters must agree with the callers' to the last call.

Exit status 0 if every check passed, 1 otherwise.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))

from daemon_process import DaemonProcess, clean_environment  # noqa: E402 - found through the lines above
from soak_books import FLOORS, Books  # noqa: E402 - the same
from soak_line import LostError, Tally  # noqa: E402 - the same
from soak_operators import Operator, Watcher  # noqa: E402 - the same

__all__ = ["main"]

PERL = HERE.parents[1] / "bridge" / "perl" / "lib"

BASE = {
    "max_concurrent_requests": 40,
    "max_requests_per_minute": 200_000,
    "max_queued_requests": 100,
    "max_connections": 180,
    "backpressure_seconds": 0.5,
    "max_process_share": 0.8,
    "max_memory_mb": 2048.0,
    "max_cpu_percent": 1000.0,
}
"""The limits at each measurement; in between they change."""

LONG = 60.0
"""Seconds from which on a run must have met every limit and every fault."""

WORKERS = 4

CONFIG = """
max_worker_processes = {workers}
read_timeout = 5
grace_period = 10
[limits]
{limits}
"""

CREW = ["mixed"] * 4 + ["perl"] * 2 + ["greedy", "ahead", "slow", "dribble", "storm", "older", "mortal"]

EXPLAINED = re.compile(
    r"RESOURCE VIOLATION|Resource violations detected|Not reloaded, the old settings stay in force: .*max_memory_mb"
)
"""Errors in the log that a fault explains: violations of limits that are lowered on purpose, the broken file."""


class Soak:
    """One run.

    Args:
        seconds: how long.
        minute: seconds from one measurement to the next.
        seed: of everything random.
    """

    def __init__(self, seconds: float, minute: float, seed: int) -> None:
        self.seconds = seconds
        self.minute = minute
        self.random = random.Random(seed)
        self.own = Tally()
        limits = "\n".join(f"{name} = {value}" for name, value in BASE.items())
        self.config = CONFIG.format(workers=WORKERS, limits=limits)
        self.daemon = DaemonProcess(toml=self.config)
        self.flags = self.daemon.folder / "flags"
        self.clients: list[subprocess.Popen[str]] = []
        self.levels: list[dict[str, float]] = []
        self.books = Books()
        self.acts: collections.Counter[str] = collections.Counter()
        self.refused_acts: collections.Counter[str] = collections.Counter()

    # --- the run ---

    def run(self) -> bool:
        """Soak; ``True`` if every check passed."""
        self._start()
        try:
            self._soak()
            self._judge()
        finally:
            for client in self.clients:
                if client.poll() is None:
                    client.kill()
                client.wait()
        for problem in self.books.problems:
            print(f"FAIL  {problem}")
        if self.books.problems:
            keep = Path("/tmp") / f"cpanbridge-soak-{os.getpid()}.log"
            shutil.copy(self.daemon.log, keep)
            print(f"The daemon's log: {keep}")
        else:
            print("PASS  every check")
        return not self.books.problems

    def _start(self) -> None:
        folder = self.daemon.folder
        shutil.copy(HERE / "soak_module.py", folder)
        info = folder / "soak-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: soak\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[cpanbridge.modules]\nsoak = soak_module:module\n")
        self.daemon.environ.update(PYTHONPATH=str(folder), CPAN_BRIDGE_MODULES="python,soak")
        self.daemon.start()
        self.line = self.daemon.connect(timeout=60)
        self.before = self._call("system", "stats")
        self.refused_before = self._call("system", "connections")["refused_connections"]
        self.own = Tally()
        self.own.counts["ok"] = 2  # the two above: an answer that tells the counters does not hold itself
        self.operator = Operator(self.daemon.admin_socket, timeout=60)
        self.watchers = [Watcher(self.daemon), Watcher(self.daemon)]
        for watcher in self.watchers:
            watcher.start()
        self.flags.write_bytes(b"r" * (1 + len(CREW)))
        for slot, temper in enumerate(CREW, 1):
            self.clients.append(self._client(slot, temper))

    def _client(self, slot: int, temper: str) -> subprocess.Popen[str]:
        common = [str(self.daemon.socket), str(self.flags), str(slot)]
        if temper == "perl":
            command = ["perl", str(HERE / "soak.pl"), *common]
        else:
            command = [sys.executable, str(HERE / "soak_client.py"), *common, temper, str(self.random.getrandbits(32))]
        return subprocess.Popen(
            command,
            env={**clean_environment(), "PERL5LIB": str(PERL)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _soak(self) -> None:
        minute = self.minute
        start = self.now = time.monotonic()
        plan: list[tuple[float, Callable[[], None]]] = [
            (minute / 60, self._change_limits),
            (minute / 3, self._hang_up),
            (minute / 4, self._drain),
            (minute / 5, self._kill_a_worker),
            (minute / 2, self._stop_a_watcher),
            (minute * 0.8, self._freeze),
            (minute / 6, self._row),
            (minute, self._lull),
        ]
        due = [start + period * (0.5 if period < minute / 6 else 1) for period, _ in plan]
        self._head()
        while (now := time.monotonic()) < start + self.seconds - minute / 10:
            self.now = now - start
            for at, (period, act) in enumerate(plan):
                if now >= due[at]:
                    act()
                    due[at] = max(due[at] + period, time.monotonic())
            ended = [client for client in self.clients if client.poll() is not None]
            if ended or (self.daemon.process is not None and self.daemon.process.poll() is not None):
                self.books.problems.append(
                    f"ended before its time: {ended or 'the daemon'}\n{self.daemon.output_text()}"
                )
                return
            time.sleep(0.02)
        self.now = time.monotonic() - start
        self._lull()
        self._row()

    # --- what happens to the daemon ---

    def _ask(self, method: str, **params: object) -> Any:
        answer = self.operator.ask(method, **params)
        self.acts[method] += 1
        if isinstance(answer, str):
            self.refused_acts[answer] += 1
        return answer

    def _change_limits(self) -> None:
        pick = self.random
        wanted: dict[str, float] = {
            "max_concurrent_requests": pick.choice([2, 5, 10, 40, 40, 80]),
            "max_requests_per_minute": pick.choice([500, 200_000, 200_000, 200_000]),
            "max_queued_requests": pick.choice([1, 20, 100]),
            "max_connections": pick.choice([80, 180, 400]),
            "backpressure_seconds": pick.choice([0.05, 0.5, 1]),
            "max_process_share": pick.choice([0.2, 0.8, 1]),
        }
        changed = {name: wanted[name] for name in pick.sample(sorted(wanted), 2)}
        how: dict[str, object] = {"for": 2} if pick.random() < 0.3 else {}
        self._ask("limits.set", limits=changed, **how)
        if pick.random() < 0.2:
            self._ask("limits.undo")

    def _hang_up(self) -> None:
        """SIGHUP with a sound file, or a broken one."""
        broken = self.random.random() < 0.3
        text = self.config.replace("max_memory_mb = 2048.0", "max_memory_mb = -1") if broken else self.config
        self.daemon.config.write_text(text)
        self.acts["SIGHUP, broken file" if broken else "SIGHUP"] += 1
        os.kill(self.daemon.pid, signal.SIGHUP)

    def _drain(self) -> None:
        self._ask("drain")
        time.sleep(0.2)
        self._ask("resume")

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children").read_text().split()
        return [int(pid) for pid in children]

    def _kill_a_worker(self) -> None:
        workers = self._workers()
        if workers:
            self.acts["worker killed"] += 1
            os.kill(self.random.choice(workers), signal.SIGKILL)

    def _stop_a_watcher(self) -> None:
        reading = self.watchers[1].reading
        (reading.clear if reading.is_set() else reading.set)()
        self.acts["watcher stops or goes on"] += 1

    def _freeze(self) -> None:
        """SIGSTOP: the machine hangs, for a moment."""
        os.kill(self.daemon.pid, signal.SIGSTOP)
        time.sleep(min(1.5, self.minute / 20))
        os.kill(self.daemon.pid, signal.SIGCONT)
        self.acts["SIGSTOP"] += 1

    # --- measuring ---

    def _call(self, module: str, function: str, params: object = None) -> Any:
        answer = self.line.call(module, function, params)
        self.own.answered(answer)
        if not answer["success"]:
            raise LostError(f"{module}.{function}: {answer}")
        return answer["result"]

    def _status(self) -> dict[str, float]:
        status = Path(f"/proc/{self.daemon.pid}/status").read_text()
        found = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
        return {
            "memory_mb": int(found["VmRSS"]) / 1024,
            "threads": int(found["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{self.daemon.pid}/fd")),
        }

    def _lull(self) -> None:
        """Have all callers close their connections, fill threads and workers to the brim, and measure."""
        self._flag(b"p")
        self._ask("resume")
        self._ask("limits.set", limits=BASE)
        self._wait("the callers to pause", lambda: set(self.flags.read_bytes()) == {ord("p")})
        self._wait("the connections to be closed", lambda: len(self._call("system", "connections")["connections"]) == 1)
        self._wait("the calls to end", lambda: self._busy() == (0, 0))
        self._together(int(BASE["max_concurrent_requests"]), "pause")
        self._together(WORKERS, "nap")
        self._wait("the connections to be closed", lambda: len(self._call("system", "connections")["connections"]) == 1)
        rows = self._call("system", "connections")["connections"]
        level = {**self._status(), "handles": sum(row["handles"] for row in rows), **self._call("soak", "alive", [])}
        self.levels.append(level)
        self._flag(b"r")

    def _busy(self) -> tuple[int, int]:
        stats = self._call("system", "stats")
        return stats["busy_workers"], stats["overdue_threads"]

    def _together(self, count: int, function: str) -> None:
        lines = [self.daemon.connect(timeout=60) for _ in range(count)]
        for line in lines:
            line.send(json.dumps({"module": "soak", "function": function, "params": [0.3]}).encode() + b"\n")
        for line in lines:
            self.own.answered(json.loads(line.read_line()))
            line.close()
        self.daemon._connections.clear()
        self.daemon._connections.append(self.line)

    def _flag(self, what: bytes) -> None:
        with self.flags.open("r+b") as file:
            file.write(what)

    def _wait(self, what: str, good: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 60
        while not good():
            if time.monotonic() > give_up:
                raise AssertionError(f"waited a minute for {what}; flags {self.flags.read_bytes()!r}")
            time.sleep(0.05)

    def _head(self) -> None:
        print(
            f"{'s':>5} {'calls':>8} {'calls/s':>8} {'failed':>7} {'refused':>8} {'RSS MB':>7} {'fds':>4} {'thr':>4}"
            f" {'wrk':>4} {'conns':>6} {'lag ms':>7} {'rev':>6} {'log err':>7} {'gaps':>5}",
            flush=True,
        )
        self._last = (0.0, 0)

    def _row(self) -> None:
        stats, metrics = self._call("system", "stats"), self._call("system", "metrics")
        total = stats["total_requests"] - self.before["total_requests"]
        then, before = self._last
        self._last = (self.now, total)
        status = self._status()
        revision = self.operator.ask("limits.get")["revision"]
        print(
            f"{self.now:5.0f} {total:8} {(total - before) / max(0.1, self.now - then):8.0f}"
            f" {stats['failed_requests']:7} {stats['throttled_requests']:8} {status['memory_mb']:7.1f}"
            f" {status['descriptors']:4} {status['threads']:4} {len(self._workers()):4}"
            f" {metrics['connection_summary']['active_connections']:6}"
            f" {metrics['resource_status']['reactor_lag_ms']:7.1f} {revision:6} {len(self._log_errors()):7}"
            f" {self.watchers[1].gaps:5}",
            flush=True,
        )

    def _log_errors(self) -> list[str]:
        return [
            line
            for line in self.daemon.log_text().splitlines()
            if re.search(r"\[(ERROR|CRITICAL)\]|Traceback|log lines were lost", line) and not EXPLAINED.search(line)
        ]

    # --- the end ---

    def _judge(self) -> None:
        if self.books.problems:
            return
        said = self._end()
        after = self._call("system", "stats")
        self.own.counts["ok"] -= 1  # it does not hold itself
        refused = self._call("system", "connections")["refused_connections"] - self.refused_before
        executed = self._call("soak", "ticks", [])
        self.books.accounts(said, self.own, self.before, after, refused=refused, executed=executed)
        if self.seconds >= LONG:
            self.books.met(said)
        self.books.levels(self.levels)
        for line in self._log_errors()[:5]:
            self.books.problems.append(f"in the log: {line}")
        for watcher in self.watchers:
            watcher.stop()
            self.books.check(not watcher.fault, f"a watcher was thrown out: {watcher.fault}")
            self.books.check(watcher.snapshots > self.seconds, f"a watcher saw only {watcher.snapshots} snapshots")
        self.operator.close()
        self.line.close()
        status = self.daemon.stop(20)
        self.books.check(status == 0, f"the daemon ended with status {status}")
        acts = ", ".join(f"{name} {count}" for name, count in sorted(self.acts.items()))
        print(f"What happened: {acts}")
        for what, count in self.refused_acts.items():
            print(f"  {count} times {what}")

    def _end(self) -> Tally:
        """End the callers and add up what they have counted."""
        self._flag(b"e")
        said = Tally()
        for client, temper in zip(self.clients, CREW, strict=True):
            output, _ = client.communicate(timeout=90)
            self.books.check(client.returncode == 0, f"a {temper} caller ended with status {client.returncode}")
            if output:
                said.add(json.loads(output))
        self._wait("the connections to be closed", lambda: len(self._call("system", "connections")["connections"]) == 1)
        self._wait("the calls to end", lambda: self._busy() == (0, 0))
        return said


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--smoke", action="store_true", help="some seconds, to see that it runs")
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    options = parser.parse_args()
    seconds, minute = (12.0, 4.0) if options.smoke else (options.minutes * 60, min(60.0, options.minutes * 20))
    if options.smoke:
        FLOORS["memory_mb"] = 50.0  # a daemon that is some seconds old still fills its caches
    soak = Soak(seconds, minute, options.seed)
    try:
        return 0 if soak.run() else 1
    finally:
        soak.daemon.cleanup()


if __name__ == "__main__":
    sys.exit(main())
