"""What the console costs: CPU, memory, start-up and bytes to the terminal, beside an idle Textual application.

``make bench-console`` runs it: the console in a real pseudo terminal of 160x50, a daemon that sends ten snapshots a
second with 100 connections (half of their rows change each time) and 20 functions. The idle application shows one line
of text and waits, in a terminal of the same size, in the same run: it is what Textual itself costs. Nothing is judged
by exit status, since machines are noisy; a figure over the budget is marked.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

FAKE = Path(__file__).parents[1] / "support" / "fake_daemon.py"
COLUMNS, LINES = 160, 50

IDLE = """
from textual.app import App
from textual.widgets import Static
class Idle(App):
    def compose(self):
        yield Static("idle")
Idle().run()
"""

BUDGET = {
    "cpu_percent": 6.0,
    "paused_cpu_percent": 1.0,
    "stale_cpu_percent": 1.0,
    "memory_mb": 65.0,
    "first_frame": 0.5,
    "first_data": 0.6,
    "kb_per_second": 60.0,
}
LABELS = {
    "cpu_percent": "CPU, % of a core",
    "paused_cpu_percent": "CPU paused, %",
    "stale_cpu_percent": "CPU without news, %",
    "memory_mb": "resident memory, MB",
    "first_byte": "first byte, s",
    "first_frame": "first frame, s",
    "first_data": "first data, s",
    "kb_per_second": "to the terminal, kB/s",
}


class Terminal:
    """A program in a pseudo terminal, and what it writes there."""

    def __init__(self, command: list[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TEXTUAL_THEME"}}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.started = time.monotonic()
        self.first_byte = 0.0
        self.seen: list[tuple[float, bytes]] = []  # of the first seconds
        self.bytes = 0
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self._ours = ours
        self.measured = psutil.Process(self.process.pid)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._ours, 1 << 16):
                now = time.monotonic() - self.started
                self.first_byte = self.first_byte or now
                self.bytes += len(data)
                if now < 10:
                    self.seen.append((now, data))

    def when(self, text: bytes) -> float:
        """Return the seconds until a text was first sent, 0.0 if it was not."""
        sent = b""
        for at, data in self.seen:
            sent += data
            if text in sent:
                return at
        return 0.0

    def wait_for(self, text: bytes, seconds: float = 20.0) -> None:
        """Wait until a text was sent."""
        end = time.monotonic() + seconds
        while not self.when(text) and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.01)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._ours, keys)

    def cpu(self, seconds: float) -> tuple[float, float]:
        """Return the CPU in percent of a core and the kilobytes a second over the next ``seconds``."""
        before, sent, began = self.measured.cpu_times(), self.bytes, time.monotonic()
        time.sleep(seconds)
        after, took = self.measured.cpu_times(), time.monotonic() - began
        used = after.user + after.system - before.user - before.system
        return 100 * used / took, (self.bytes - sent) / took / 1000

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)


@contextlib.contextmanager
def fake_daemon(connections: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a daemon that sends ten snapshots a second."""
    with tempfile.TemporaryDirectory(prefix="cpanbridge-") as folder:
        path = f"{folder}/admin.sock"
        command = [sys.executable, str(FAKE), "--socket", path, "--rate", "10", "--connections", str(connections)]
        process = subprocess.Popen([*command, "--no-hostile"], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield path, process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def console(connections: int, seconds: float) -> dict[str, float]:
    """Measure the console."""
    with fake_daemon(connections) as (path, daemon):
        terminal = Terminal([sys.executable, "-m", "console", "--admin-socket", path])
        try:
            terminal.wait_for(b"module1.work")
            time.sleep(4 if seconds > 5 else 1)
            cpu, kilobytes = terminal.cpu(seconds)
            memory = terminal.measured.memory_info().rss / 1e6
            short = max(1.0, seconds / 4)
            terminal.press(b" ")
            time.sleep(1)
            paused, _ = terminal.cpu(short)
            terminal.press(b" ")
            daemon.send_signal(signal.SIGSTOP)
            time.sleep(2.5)
            stale, _ = terminal.cpu(short)
            return {
                "cpu_percent": cpu,
                "paused_cpu_percent": paused,
                "stale_cpu_percent": stale,
                "memory_mb": memory,
                "first_byte": terminal.first_byte,
                "first_frame": terminal.when(b"Limits"),
                "first_data": terminal.when(b"module1.work"),
                "kb_per_second": kilobytes,
            }
        finally:
            terminal.close()


def idle(seconds: float) -> dict[str, float]:
    """Measure an application that does nothing."""
    terminal = Terminal([sys.executable, "-c", IDLE])
    try:
        terminal.wait_for(b"idle")
        time.sleep(min(4.0, seconds))
        cpu, kilobytes = terminal.cpu(seconds)
        return {
            "cpu_percent": cpu,
            "memory_mb": terminal.measured.memory_info().rss / 1e6,
            "first_byte": terminal.first_byte,
            "first_frame": terminal.when(b"idle"),
            "kb_per_second": kilobytes,
        }
    finally:
        terminal.close()


def start_up(rounds: int) -> dict[str, float]:
    """Return the medians of several starts: the first of them reads files that the others find in memory."""
    starts: list[dict[str, float]] = []
    for _ in range(rounds):
        with fake_daemon(100) as (path, _):
            terminal = Terminal([sys.executable, "-m", "console", "--admin-socket", path])
            terminal.wait_for(b"module1.work")
            starts.append(
                {
                    "first_byte": terminal.first_byte,
                    "first_frame": terminal.when(b"Limits"),
                    "first_data": terminal.when(b"module1.work"),
                }
            )
            terminal.close()
    return {name: statistics.median(each[name] for each in starts) for name in starts[0]}


def table(figures: dict[str, dict[str, float]]) -> str:
    """Lay the figures out."""
    heads = ["", "budget", *figures]
    rows = [heads]
    for name, label in LABELS.items():
        budget = BUDGET.get(name)
        row = [label, f"{budget:g}" if budget is not None else ""]
        for who, each in figures.items():
            value = each.get(name)
            over = value is not None and budget is not None and value > budget and who == "console"
            row.append("" if value is None else f"{value:.2f}{' over' if over else ''}")
        rows.append(row)
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description="What the console costs, beside an idle Textual application.")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long CPU is measured (default: %(default)g)")
    parser.add_argument("--smoke", action="store_true", help="the shortest form, to see that it runs")
    parser.add_argument("--json", metavar="FILE", help="write the figures down")
    arguments = parser.parse_args()
    seconds = 1.0 if arguments.smoke else arguments.seconds
    figures: dict[str, dict[str, float]] = {"console": console(100, seconds)}
    if not arguments.smoke:
        figures["console"] |= start_up(5)
    figures["1000 connections"] = console(1000, seconds)
    figures["idle Textual"] = idle(seconds)
    print(table(figures))
    if arguments.json:
        written: dict[str, Any] = figures
        Path(arguments.json).write_text(json.dumps(written, indent=2))


if __name__ == "__main__":
    main()
