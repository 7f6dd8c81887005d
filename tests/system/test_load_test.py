"""The load tests against real daemons: one that keeps its limits, others that do not or cannot be tested."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from daemon_process import DaemonProcess, clean_environment

# The shortest quick test takes a quarter of a minute, on a machine that does something else beside it some more.
pytestmark = pytest.mark.timeout(180)

COMMAND = [sys.executable, "-m", "bridge.cli", "load-test"]
SCALE = "--seconds-scale=0.1"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env={**clean_environment(), **environ},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def report(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what ``--json`` printed: one object, on one line."""
    assert result.stdout.count("\n") == 1, result.stdout + result.stderr
    return json.loads(result.stdout)


def untested(phases: list[dict[str, Any]]) -> bool:
    """Whether this machine, not the daemon, was at fault: then the test has said so, and there is nothing to judge."""
    return any(not phase["tested"] for phase in phases)


class TestQuick:
    def test_all_phases(self, daemon: DaemonProcess) -> None:
        """Four phases, each with what it offered, what became of it on both sides, and a verdict."""
        result = run("quick", "--json", SCALE, f"--socket={daemon.socket}")
        seen = report(result)
        phases = seen["phases"]
        if untested(phases):
            assert (result.returncode, seen["passed"]) == (1, False)
            pytest.skip(next(phase["reason"] for phase in phases if not phase["tested"]))
        assert [(phase["id"], phase["callers"], phase["verdict"]) for phase in phases] == [
            ("baseline", 20, "PASS"),
            ("warning", 80, "PASS"),
            ("over", 120, "PASS"),
            ("recovery", 10, "PASS"),
        ], phases
        assert (result.returncode, seen["passed"]) == (0, True)
        for phase in phases:
            assert phase["offered"] == phase["calls"] == phase["executed"] + phase["refused"] + phase["failed"]
            assert phase["daemon"]["calls"] == phase["executed"]
        over = phases[2]
        assert over["refused_by_limit"] == {"concurrent": over["refused"]}
        assert over["refused"] == 20
        assert 0.9 < over["held"] < 2
        log = daemon.log_text()
        assert "RESOURCE VIOLATION: ['Concurrent requests 1" in log
        assert "Resource violation cleared: Concurrent requests" in log

    def test_the_table(self, daemon: DaemonProcess) -> None:
        """People get what each phase expects, and a table; without a terminal, a line a phase on standard error."""
        environ = {"CPAN_BRIDGE_SOCKET": str(daemon.socket), "LOAD_TEST_SECONDS_SCALE": "0.1"}
        result = run("quick", "--scenario", "1", **environ)
        assert result.returncode in {0, 1}
        assert "1/1 baseline: 20 callers hold calls of 1.4 s open" in result.stdout
        assert result.stdout.count("no call refused: 0 of 20 refused") == 1
        table = [line for line in result.stdout.splitlines() if line.startswith(("phase ", "baseline, "))]
        assert table[0].split()[:5] == ["phase", "offered", "executed", "refused", "failed"]
        assert table[1].split()[:7] == ["baseline,", "20", "callers", "20", "20", "0", "0"]
        assert result.stderr.splitlines()[0] == "1/1 baseline: starting 20 callers"
        assert "\r" not in result.stdout + result.stderr


class TestOtherLimits:
    def test_too_tight(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """Limits too tight for any test are named, and nothing is offered."""
        daemon = start_daemon("--max-concurrent-requests=3", "--max-requests-per-minute=20")
        result = run("quick", f"--socket={daemon.socket}")
        assert result.returncode == 1
        assert "max_concurrent_requests is 3" in result.stderr
        assert "test.sleep" not in daemon.call("system", "stats")["result"]["functions"]
        seen = run("quick", "--json", f"--socket={daemon.socket}")
        assert seen.returncode == 1
        assert "max_concurrent_requests is 3" in report(seen)["error"]

    def test_scaled(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """Other limits that can be tested are tested as they are."""
        daemon = start_daemon("--max-concurrent-requests=20", "--max-requests-per-minute=1000")
        result = run("quick", "--json", SCALE, "--scenario=3", f"--socket={daemon.socket}")
        [over, recovery] = report(result)["phases"]
        if untested([over, recovery]):
            pytest.skip(over["reason"] or recovery["reason"])
        assert (over["callers"], over["refused"], over["executed"]) == (24, 4, 20)
        assert result.returncode == 0

    def test_a_daemon_that_refuses_too_much(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A phase fails with its reason where the daemon does not do what its limits say."""
        daemon = start_daemon("--max-concurrent-requests=20")
        stop = threading.Event()

        def hog() -> None:
            # Somebody else holds most of the slots, and calls the same function.
            while not stop.is_set():
                connections = [daemon.connect() for _ in range(18)]
                for connection in connections:
                    connection.send(b'{"module":"test","function":"sleep","params":[1.5]}\n')
                for connection in connections:
                    connection.read_line()
                    connection.close()

        thread = threading.Thread(target=hog)
        thread.start()
        try:
            result = run("quick", "--json", SCALE, "--scenario=2", f"--socket={daemon.socket}")
        finally:
            stop.set()
            thread.join()
        [phase] = report(result)["phases"]
        assert (result.returncode, phase["verdict"]) == (1, "FAIL")
        assert "another program called test.sleep meanwhile" in phase["reason"] or not phase["tested"]


class TestStatuses:
    def test_no_daemon(self, tmp_path: Path) -> None:
        result = run("full", f"--socket={tmp_path}/b.sock")
        assert result.returncode == 3
        assert "is the daemon running" in result.stderr

    def test_bad_usage(self) -> None:
        for wrong in (["slow"], ["quick", "--scenario", "6"], ["quick", "--seconds-scale", "x"], []):
            assert run(*wrong).returncode == 2, wrong

    def test_draining(self, daemon: DaemonProcess) -> None:
        """A daemon that takes no calls is not tested."""
        environ = {"CPAN_BRIDGE_ADMIN_SOCKET": str(daemon.admin_socket)}
        subprocess.run(
            [sys.executable, "-m", "bridge.cli", "drain"],
            env={**clean_environment(), **environ},
            check=True,
            timeout=30,
        )
        result = run("quick", f"--socket={daemon.socket}")
        assert result.returncode == 1
        assert "draining" in result.stderr

    def test_no_perl(self, tmp_path: Path) -> None:
        result = run("quick", PATH=str(tmp_path))
        assert result.returncode == 1
        assert "no perl in PATH" in result.stderr

    def test_the_daemon_goes_away(self, daemon: DaemonProcess) -> None:
        """A daemon that is lost in the middle of a phase is said to be lost, and no caller is left behind."""
        program = subprocess.Popen(
            [*COMMAND, "quick", "--json", f"--socket={daemon.socket}"],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        daemon.wait_until(
            lambda: daemon.call("system", "metrics")["result"]["resource_status"]["in_flight"], bool, "the callers", 60
        )
        daemon.kill()
        out, err = program.communicate(timeout=100)
        assert program.returncode == 3, err
        assert json.loads(out)["passed"] is False
        assert children(program.pid) == []

    def test_ctrl_c(self, daemon: DaemonProcess) -> None:
        """Interrupted, it ends with its callers."""
        program = subprocess.Popen(
            [*COMMAND, "quick", f"--socket={daemon.socket}"],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

        def in_flight() -> int:
            seen: int = daemon.call("system", "metrics")["result"]["resource_status"]["in_flight"]
            return seen

        daemon.wait_until(in_flight, bool, "the callers", 60)
        os.kill(program.pid, signal.SIGTERM)  # to the program alone: its callers must not need one of their own
        program.communicate(timeout=60)
        assert program.returncode == 130
        daemon.wait_until(in_flight, lambda count: count == 0, "the callers to end")
        give_up = time.monotonic() + 20
        while children(program.pid) and time.monotonic() < give_up:
            time.sleep(0.05)
        assert children(program.pid) == []


def children(leader: int) -> list[int]:
    """Return the other processes of the session that this one began."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) == leader != pid:
                found.append(pid)
    return found
