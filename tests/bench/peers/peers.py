"""``make bench-peers``: a call from Perl through cpanbridge, beside what people use for it today.

Every peer serves the same function (``turned.py``) to the same Perl program (``callers.pl``), which checks what comes
back. The peers take turns, round after round, so that whatever else the machine does meets all of them; medians are
shown. ``floor`` is no peer but the least that a call can cost: JSON made and read by the module that is named, and a
server that sends back what it gets. Everything listens on this machine alone and ends by itself.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
sys.path.insert(0, str(HERE.parent))

from bench import RAISED_LIMITS  # noqa: E402 - found through the lines above
from daemon_process import DaemonProcess, clean_environment  # noqa: E402 - the same
from peers_table import Cell, print_markdown, print_table, verdicts  # noqa: E402 - the same

__all__ = ["main"]

PERL = HERE.parents[2] / "bridge" / "perl" / "lib"
SMALL, BIG, MANY = "small call", "100 kB", "50 callers"
TASKS = {SMALL: (1, 45), BIG: (1, 100_000), MANY: (50, 45)}
"""(processes that call at the same time, characters of the text) by name."""

START_SECONDS = 20.0
"""Longest start of a server."""


class Server(NamedTuple):
    """A server: where it is, and its process."""

    place: str
    pid: int


class Peer(NamedTuple):
    """One way to call Python from Perl.

    Attributes:
        script: its file among the callers. server: which server it needs, "" for none. decoder: for CPAN_BRIDGE_JSON.
        apart: whether Python runs in a process of its own.
    """

    script: str
    server: str
    decoder: str = "PP"
    apart: bool = True


PEERS = {
    "cpanbridge": Peer("cpanbridge", "daemon"),
    "cpanbridge, Cpanel::JSON::XS": Peer("cpanbridge", "daemon", "Cpanel"),
    "floor: JSON::PP, echo": Peer("floor", "echo"),
    "floor: Cpanel::JSON::XS, echo": Peer("floor", "echo", "Cpanel"),
    "HTTP::Tiny, JSON::PP, FastAPI": Peer("http", "web"),
    "fork python3 -c, JSON::PP": Peer("fork", ""),
    "Inline::Python (in process)": Peer("inline", "", apart=False),
}


def main() -> int:
    """Measure, print, and return 0 if every goal was reached."""
    options = _options()
    environment = {
        **clean_environment(),
        "PERL5LIB": str(PERL),
        "BENCH_PYTHON": str(Path(sys.executable).resolve()),
        "HOME": os.environ.get("HOME", "/"),
    }
    cells: dict[tuple[str, str], list[Cell]] = {(task, name): [] for task in TASKS for name in PEERS}
    began = time.monotonic()
    with _servers(environment) as servers:
        for number in range(options.rounds):
            for (task, name), seen in cells.items():
                peer = PEERS[name]
                turn = [str(TASKS[task][0]), str(options.seconds), str(TASKS[task][1])]
                seen.append(_measure(peer, servers.get(peer.server), turn, environment))
            if sys.stderr.isatty():
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    took = time.monotonic() - began
    medians = {key: _median(values) for key, values in cells.items()}
    perl = subprocess.run(["perl", "-e", "print $^V"], capture_output=True, text=True, check=True).stdout
    print(
        f"Python {platform.python_version()}, perl {perl.lstrip('v')}, {os.cpu_count()} cores, {options.rounds} rounds "
        f"of {options.seconds:g} s, {took:.0f} s in all, load {os.getloadavg()[0]:.1f}\n"
    )
    if options.json:
        options.json.write_text(
            json.dumps({f"{task}: {name}": cell._asdict() for (task, name), cell in medians.items()}, indent=1) + "\n"
        )
    (print_markdown if options.markdown else print_table)(list(TASKS), list(PEERS), medians)
    apart = [name for name, peer in PEERS.items() if peer.apart]
    missed = 0
    for good, sentence in verdicts(list(TASKS), apart, medians):
        print(f"{'reached' if good else 'MISSED '}  {sentence}")
        missed += not good
    return 1 if missed and not options.smoke else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Calls from Perl through cpanbridge, beside other ways to Python.")
    parser.add_argument("--rounds", type=int, default=5, help="turns that every peer takes (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one turn (default: 1)")
    parser.add_argument("--markdown", action="store_true", help="print the tables for a document")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures down")
    parser.add_argument("--smoke", action="store_true", help="the shortest form, to see that it runs")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 0.1
    if options.rounds < 1 or not options.seconds > 0:
        parser.error("--rounds and --seconds must be more than 0")
    return options


# --- servers ---


@contextlib.contextmanager
def _servers(environment: Mapping[str, str]) -> Iterator[dict[str, Server]]:
    """Run the daemon, the web service and the echo server."""
    daemon = DaemonProcess(options=[f"--{name}={value}" for name, value in RAISED_LIMITS.items()])
    with contextlib.ExitStack() as stack:
        stack.callback(daemon.kill)
        folder = daemon.folder
        for name in ("turned.py", "turned_module.py"):
            shutil.copy(HERE / name, folder)
        info = folder / "turned-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: turned\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[cpanbridge.modules]\nturned = turned_module:module\n")
        daemon.environ.update(PYTHONPATH=str(folder), CPAN_BRIDGE_MODULES="turned")
        daemon.start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        web = [sys.executable, "-m", "uvicorn", "turned_http:app", "--port", str(port), "--log-level", "warning"]
        echo = folder / "echo.sock"
        yield {
            "daemon": Server(str(daemon.socket), daemon.pid),
            "web": _start(stack, web, environment, str(port), lambda: _connects(socket.AF_INET, ("127.0.0.1", port))),
            "echo": _start(
                stack,
                [sys.executable, str(HERE / "echo_server.py"), str(echo)],
                environment,
                str(echo),
                lambda: _connects(socket.AF_UNIX, str(echo)),
            ),
        }


def _start(
    stack: contextlib.ExitStack,
    command: list[str],
    environment: Mapping[str, str],
    place: str,
    ready: Callable[[], bool],
) -> Server:
    process = subprocess.Popen(command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    give_up = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > give_up:
            raise SystemExit(f"{' '.join(command)} did not start")
        time.sleep(0.02)
    return Server(place, process.pid)


def _connects(family: int, address: Any) -> bool:
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
    return True


# --- one turn ---


def _measure(peer: Peer, server: Server | None, turn: list[str], environment: Mapping[str, str]) -> Cell:
    """Have a peer called for a while.

    Args:
        turn: processes, seconds and characters, as ``callers.pl`` takes them.

    Raises:
        SystemExit: an answer was wrong, or a caller failed.
    """
    before = _cpu(server)
    command = ["perl", str(HERE / "callers.pl"), peer.script, server.place if server else str(HERE), *turn]
    done = subprocess.run(
        command,
        env={**environment, "CPAN_BRIDGE_JSON": peer.decoder},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    seen: dict[str, float] = json.loads(done.stdout)
    return Cell(
        rate=seen["rate"],
        p50=seen["p50"],
        p99=seen["p99"],
        caller_cpu=seen["caller_cpu"],
        server_cpu=seen["child_cpu"] + (_cpu(server) - before) / seen["calls"],
        caller_mb=seen["caller_mb"],
        server_mb=_resident(server),
    )


def _cpu(server: Server | None) -> float:
    """Return the CPU seconds that a server has used, to the nanosecond."""
    if server is None:
        return 0.0
    # What clock_getcpuclockid(3) returns on Linux. Unlike the sum over its threads it keeps what ended ones have used:
    # a web service's threads come and go.
    return time.clock_gettime((~server.pid << 3) | 2)


def _resident(server: Server | None) -> float:
    if server is None:
        return 0.0
    for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _median(cells: list[Cell]) -> Cell:
    return Cell(*(statistics.median(values) for values in zip(*cells, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
