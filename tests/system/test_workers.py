"""Worker processes of a real daemon: replaced when they grow or die, shared, and never in the way of the channel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import DaemonProcess

LAB = '''
"""Isolated functions, for tests."""
import os, subprocess, sys, time
from bridge.api import Module

module = Module("lab")
kept = []

@module.function(isolated=True)
def grow(megabytes: int) -> int:
    kept.append(b"x" * (megabytes << 20))
    return os.getpid()

@module.function(isolated=True)
def pid() -> int:
    return os.getpid()

@module.function(isolated=True)
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds

@module.function(isolated=True)
def speak(text: str) -> None:
    print(text, flush=True)
    print(text.upper(), file=sys.stderr, flush=True)

@module.function(isolated=True)
def spawn() -> int:
    child = subprocess.Popen(["sleep", "600"])
    print("spawned", child.pid, flush=True)
    time.sleep(600)
    return child.pid

@module.function(isolated=True)
def echo(value: object) -> object:
    return value
'''


@pytest.fixture
def lab(start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> Callable[..., DaemonProcess]:
    """Start a daemon with the module above; options are the daemon's."""
    (tmp_path / "lab_module.py").write_text(LAB)
    info = tmp_path / "lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cpanbridge.modules]\nlab = lab_module:module\n")
    environ = {"PYTHONPATH": str(tmp_path), "CPAN_BRIDGE_MODULES": "lab"}
    return lambda *options: start_daemon(*options, environ=environ)


def test_replaced_when_it_has_grown(lab: Callable[..., DaemonProcess]) -> None:
    """A worker larger than worker_memory_mb finishes its call and is replaced; a small one is kept."""
    daemon = lab("--worker-memory-mb=100")
    first = daemon.call("lab", "pid")["result"]
    assert daemon.call("lab", "pid")["result"] == first
    assert daemon.call("lab", "grow", [150])["result"] == first
    assert daemon.call("lab", "pid")["result"] != first
    daemon.wait_for_log("has grown to")


def test_calls_wait_for_a_worker(lab: Callable[..., DaemonProcess]) -> None:
    """With all workers busy further calls wait for one, and all are answered."""
    daemon = lab("--max-worker-processes=2")
    connections = [daemon.connect() for _ in range(6)]
    for connection in connections:
        connection.send(b'{"module":"lab","function":"nap","params":[0.1]}\n')
    assert all(json.loads(connection.read_line())["success"] for connection in connections)
    stats = daemon.call("system", "stats")["result"]
    assert stats["busy_workers"] == 0
    assert stats["idle_workers"] <= 2


def test_output_goes_to_the_log(lab: Callable[..., DaemonProcess]) -> None:
    """What a function prints cannot be taken for an answer, and is in the log with control characters escaped."""
    daemon = lab()
    assert daemon.call("lab", "speak", ["hello \x1b[31m"])["success"]
    log = daemon.wait_for_log("HELLO")
    assert "hello \\x1b[31m" in log
    assert "\x1b" not in log


def test_timeout_kills_what_it_started(lab: Callable[..., DaemonProcess]) -> None:
    """At its time-out a worker is killed with its children."""
    daemon = lab()
    assert daemon.call("lab", "spawn", timeout=1)["error_type"] == "Timeout"
    child = int(daemon.wait_for_log("spawned ").rpartition("spawned ")[2].split()[0])
    daemon.wait_until(
        lambda: Path(f"/proc/{child}/cmdline").exists() and _alive(child), lambda alive: not alive, "the end"
    )


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_large_values(lab: Callable[..., DaemonProcess]) -> None:
    """Megabytes go through the channel both ways, exactly."""
    value = ["häß€😀\n" * 100_000, list(range(100_000))]
    assert lab().call("lab", "echo", [value])["result"] == value


def test_stop_ends_the_workers(lab: Callable[..., DaemonProcess]) -> None:
    """An orderly stop leaves no worker behind."""
    daemon = lab()
    worker = daemon.call("lab", "pid")["result"]
    assert daemon.stop() == 0
    assert not _alive(worker)
