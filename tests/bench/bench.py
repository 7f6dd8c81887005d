"""``make bench``: cpanbridge beside a bare Twisted server, and what big requests, idle connections and Perl cost.

Both servers take turns (A B A B ...), so that whatever else the machine does meets both; medians are shown. The
daemon keeps all its machinery; only its limits are raised so far that they do not throttle. Servers run on one core,
the generator on another. Everything talks over Unix sockets in a temporary folder, and ends by itself.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from daemon_process import DaemonProcess, clean_environment  # noqa: E402 - found through the line above

__all__ = ["main"]

RAISED_LIMITS = {
    "max-requests-per-minute": "10000000",
    "max-cpu-percent": "102400",
    "max-connections": "5000",
    "max-concurrent-requests": "1000",
    "max-queued-requests": "10000",
}
"""Settings of the daemon under test: no limit is in the way, every limit is watched."""

SHAPES = [(1, 1), (10, 1), (100, 1), (10, 16)]
"""(connections, requests outstanding on each)."""

BIG = 9 << 20
"""Bytes of a big request; the daemon's own limit is 10 MiB."""

GOAL = 0.8
"""Share of the bare server's rate that is asked of the daemon at 100 connections."""

JSON_BACKENDS = {"PP": "JSON::PP", "XS": "JSON::XS", "Cpanel": "Cpanel::JSON::XS"}
"""What may decode in the Perl client, by the word for CPAN_BRIDGE_JSON: plain Perl, or a module where it is there."""


class Plan:
    """How long and how often to measure."""

    def __init__(self, *, quick: bool, smoke: bool) -> None:
        # Many short rounds rather than a few long ones: on a shared machine the median then sheds more disturbance.
        self.rounds = 1 if smoke else 5 if quick else 15
        self.seconds = 0.1 if smoke else 0.5 if quick else 1.0
        self.warm_up = 0.05 if smoke else 0.2
        self.big_rounds = 1 if smoke or quick else 3
        self.big_size = (1 << 20) if smoke else BIG
        self.idle = 20 if smoke else 1000
        self.perl_calls = 50 if smoke else 2000 if quick else 10_000


class Cores:
    """One core for the servers and one for the generator, where the machine has two."""

    def __init__(self) -> None:
        available = sorted(os.sched_getaffinity(0))
        self.all = set(available)
        self.server, self.generator = (available[0], available[-1]) if len(available) > 1 else (None, None)

    @contextlib.contextmanager
    def for_servers(self) -> Iterator[None]:
        """Start processes inside this block: they inherit the core."""
        if self.server is not None:
            os.sched_setaffinity(0, {self.server})
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.all)

    def option(self) -> list[str]:
        """Return the generator's command line option."""
        return [] if self.generator is None else [f"--cpu={self.generator}"]


class Server:
    """A running server: name, socket path and process id."""

    def __init__(self, name: str, path: Path, pid: int) -> None:
        self.name = name
        self.path = path
        self.pid = pid

    def resident_mib(self) -> float:
        """Return the resident memory of the process in MiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has used, to the nanosecond: other people's work does not disturb it."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


@contextlib.contextmanager
def running_servers(cores: Cores) -> Iterator[tuple[Server, Server]]:
    """Run the daemon and the bare server."""
    options = [f"--{name}={value}" for name, value in RAISED_LIMITS.items()]
    daemon = DaemonProcess(options=options)
    bare_path = daemon.folder / "bare.sock"
    bare = None
    try:
        with cores.for_servers():
            daemon.start()
            bare = subprocess.Popen([sys.executable, str(HERE / "bare.py"), str(bare_path)], stdin=subprocess.DEVNULL)
        wait_for_socket(bare, bare_path)
        yield Server("cpanbridge", daemon.socket, daemon.pid), Server("bare Twisted", bare_path, bare.pid)
    except Exception:
        if not daemon.told:
            print(daemon.everything_said(), file=sys.stderr)
        raise
    finally:
        if bare is not None:
            bare.kill()
            bare.wait()
        daemon.cleanup()


def wait_for_socket(process: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until the bare server listens."""
    give_up = time.monotonic() + 20
    while not path.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError("the bare server did not start")
        time.sleep(0.02)


def generate(what: str, server: Server, cores: Cores, **options: object) -> dict[str, float]:
    """Run the generator and return what it measured."""
    command = [sys.executable, str(HERE / "load.py"), what, f"--socket={server.path}", *cores.option()]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    if result.returncode:
        raise RuntimeError(f"{what} against {server.name} failed:\n{result.stderr}")
    measured: dict[str, float] = json.loads(result.stdout)
    return measured


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def throughput(servers: tuple[Server, Server], cores: Cores, plan: Plan) -> list[dict[str, Any]]:
    """Measure ``test.ping`` in every shape, the servers taking turns."""
    rows = []
    print(f"{'test.ping':<30}{'':>14}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'generator':>11}{'ratio':>8}")
    for connections, depth in SHAPES:
        runs: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
        for _ in range(plan.rounds):
            for server in servers:
                before = server.cpu_seconds()
                timing = {"seconds": plan.seconds, "warm_up": plan.warm_up}
                run = generate("ping", server, cores, connections=connections, depth=depth, **timing)
                run["server_cpu_us"] = 1e6 * (server.cpu_seconds() - before) / run["answers"]
                runs[server.name].append(run)
        row: dict[str, Any] = {"connections": connections, "depth": depth}
        row |= {server.name: medians(runs[server.name]) for server in servers}
        ours, bare = (runs[server.name] for server in servers)
        # Each round's own ratio: the two halves of a round met the same machine.
        row["ratio"] = statistics.median(
            a["requests_per_second"] / b["requests_per_second"] for a, b in zip(ours, bare, strict=True)
        )
        row["cpu_ratio"] = row[servers[1].name]["server_cpu_us"] / row[servers[0].name]["server_cpu_us"]
        rows.append(row)
        label = f"{connections} connection{'s' if connections > 1 else ''}" + (
            f", {depth} sent ahead" if depth > 1 else ""
        )
        for server in servers:
            figures = row[server.name]
            share = figures["generator_cpu_percent"]
            ratio = f"{row['ratio']:8.2f}" if server is servers[0] else ""
            print(
                f"{label:<30}{server.name:>14}{figures['requests_per_second']:9.0f}{figures['p50_ms']:9.2f}"
                f"{figures['p99_ms']:9.2f}{figures['server_cpu_us']:9.1f}{share:9.0f} %{ratio}",
                flush=True,
            )
            label = ""
    return rows


def big_requests(servers: tuple[Server, Server], cores: Cores, plan: Plan) -> list[dict[str, Any]]:
    """Measure one big ``test.echo`` at a time, cut small and cut large."""
    rows = []
    print(f"\n{'test.echo of ' + format(plan.big_size / 2**20, 'g') + ' MiB':<30}{'':>14}{'seconds':>9}")
    for piece in (4096, 65536):
        label = f"in pieces of {piece // 1024} KiB"
        for server in servers:
            runs = [generate("big", server, cores, size=plan.big_size, piece=piece) for _ in range(plan.big_rounds)]
            seconds = medians(runs)["seconds"]
            rows.append({"piece": piece, "size": plan.big_size, "server": server.name, "seconds": seconds})
            print(f"{label:<30}{server.name:>14}{seconds:9.3f}", flush=True)
            label = ""
    return rows


def memory(servers: tuple[Server, Server], at_rest: dict[str, float], plan: Plan) -> list[dict[str, Any]]:
    """Measure resident memory with idle connections open."""
    rows = []
    print(f"\n{'resident memory, MiB':<30}{'':>14}{'at start':>9}{'now':>9}{f'{plan.idle} idle':>11}{'KiB each':>10}")
    for server in servers:
        before = server.resident_mib()
        command = [sys.executable, str(HERE / "load.py"), "idle"]
        command += [f"--socket={server.path}", f"--connections={plan.idle}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            if holder.stdin is None or holder.stdout is None or not holder.stdout.readline():
                raise RuntimeError(f"idle connections to {server.name} failed")
            held = server.resident_mib()
            holder.stdin.close()
        each = 1024 * (held - before) / plan.idle
        rows.append({"server": server.name, "at_start": at_rest[server.name], "before": before, "idle": held})
        print(f"{'':<30}{server.name:>14}{at_rest[server.name]:9.1f}{before:9.1f}{held:11.1f}{each:10.1f}", flush=True)
    return rows


def perl_client(server: Server, cores: Cores, plan: Plan) -> list[dict[str, Any]]:
    """Measure the Perl client on one connection with each JSON library there is."""
    rows: list[dict[str, Any]] = []
    perl = shutil.which("perl")
    library = HERE.parents[1] / "bridge" / "perl" / "lib"
    print(f"\n{'Perl client, one connection':<30}{'':>14}{'calls/s':>9}")
    for word, backend in JSON_BACKENDS.items():
        if perl is None or subprocess.run([perl, f"-M{backend}", "-e1"], capture_output=True, check=False).returncode:
            print(f"{'':<26}{backend:>18}{'not here':>9}")
            continue
        pin = ["taskset", "-c", str(cores.generator)] if cores.generator is not None and shutil.which("taskset") else []
        result = subprocess.run(
            [*pin, perl, f"-I{library}", str(HERE / "client.pl"), str(server.path), str(plan.perl_calls)],
            env={**clean_environment(), "CPAN_BRIDGE_JSON": word},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(f"the Perl client failed with {backend}:\n{result.stderr}")
        rows.append({"json": backend, "calls_per_second": float(result.stdout)})
        print(f"{'':<26}{backend:>18}{rows[-1]['calls_per_second']:9.0f}", flush=True)
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the tables, and return the exit status: the figures never decide it."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half a minute instead of two; rougher figures")
    parser.add_argument("--smoke", action="store_true", help="only run through everything once; figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE too")
    options = parser.parse_args(arguments)
    plan = Plan(quick=options.quick, smoke=options.smoke)
    cores = Cores()
    where = f"server on core {cores.server}, generator on core {cores.generator}" if cores.option() else "one core"
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {where}, {plan.rounds} rounds\n")
    with running_servers(cores) as servers:
        at_rest = {server.name: server.resident_mib() for server in servers}
        figures: dict[str, Any] = {
            "python": platform.python_version(),
            "throughput": throughput(servers, cores, plan),
            "big_requests": big_requests(servers, cores, plan),
            "memory": memory(servers, at_rest, plan),
            "perl": perl_client(servers[0], cores, plan),
        }
    [row] = [row for row in figures["throughput"] if (row["connections"], row["depth"]) == (100, 1)]
    print(
        "\nCPU us: the server's CPU time for a call. generator: how busy its core is; near 100 % it would be the brake."
    )
    print(
        f"At 100 connections cpanbridge serves {row['ratio']:.0%} of what the bare server does ({row['cpu_ratio']:.0%} "
        f"judged by CPU time, which other work on the machine disturbs less); the goal is {GOAL:.0%}."
    )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
