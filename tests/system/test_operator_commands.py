"""The operator's commands against the real daemon: a day's work, from a look at it to the journal of what was done."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from daemon_process import DaemonProcess

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(daemon: DaemonProcess) -> Cli:
    """Return ``cli("limits", "set", ...)``, which runs a command in a process of its own."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bridge.cli", *arguments],
            env={**os.environ, "CPAN_BRIDGE_ADMIN_SOCKET": str(daemon.admin_socket), **environ},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def done(result: subprocess.CompletedProcess[str]) -> str:
    """Return what a command printed that must have gone well."""
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def told(result: subprocess.CompletedProcess[str]) -> str:
    """Return what ``status`` printed; on a busy machine the daemon may lag, which is a warning."""
    assert (result.returncode in {0, 1}, result.stderr) == (True, "")
    return result.stdout


def values(cli: Cli) -> dict[str, Any]:
    return json.loads(done(cli("limits", "--json")))["after"]


class TestStatus:
    def test_page_and_brief(self, daemon: DaemonProcess, cli: Cli) -> None:
        """A daemon that has nothing to do is well, and says which one it is."""
        page = told(cli("status"))
        assert f"pid {daemon.pid}" in page
        assert {"memory", "cpu", "concurrent", "rate", "connections", "lag"} <= {
            line.split(" ")[0] for line in page.splitlines()
        }
        assert told(cli("status", "--brief")).startswith(("OK - memory ", "WARNING - lag "))
        assert json.loads(told(cli("status", "--json")))["pid"] == daemon.pid

    def test_the_socket_for_callers_is_enough(self, daemon: DaemonProcess, cli: Cli) -> None:
        """Whoever has set CPAN_BRIDGE_SOCKET for Perl programs need not name the other one."""
        found = cli("status", "--brief", CPAN_BRIDGE_ADMIN_SOCKET="", CPAN_BRIDGE_SOCKET=str(daemon.socket))
        assert told(found)

    def test_the_socket_for_callers_is_told_apart(self, daemon: DaemonProcess, cli: Cli) -> None:
        """Its name given by mistake is an understandable mistake."""
        found = cli("status", "--admin-socket", str(daemon.socket))
        assert found.returncode == 3
        assert "is not the admin socket" in found.stderr

    def test_quick(self, cli: Cli) -> None:
        """It takes less than 0.3 s of CPU: what it takes by the clock besides is other programs' doing."""
        seconds = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            told(cli("status", "--brief"))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert min(seconds) < 0.3


class TestLimits:
    def test_set_undo_and_journal(self, cli: Cli) -> None:
        """What is set is in force at once; an undo takes exactly that back, and both are written down."""
        done(cli("limits", "set", "rate=400", "concurrent=80", "--reason", "campaign"))
        assert (values(cli)["max_requests_per_minute"], values(cli)["max_concurrent_requests"]) == (400, 80)
        assert '"campaign"' in done(cli("limits"))
        done(cli("limits", "undo", "--reason", "over"))
        assert (values(cli)["max_requests_per_minute"], values(cli)["max_concurrent_requests"]) == (2000, 100)
        log = done(cli("limits", "log")).splitlines()
        assert ["campaign" in log[-2], "over" in log[-1]] == [True, True]

    def test_another_operator_was_faster(self, cli: Cli) -> None:
        """The revision guards; the refusal says what is in force and by whom."""
        revision = json.loads(done(cli("limits", "--json")))["revision"]
        done(cli("limits", "set", "rate=400"))
        found = cli("limits", "set", "rate=500", "--expect", str(revision))
        assert found.returncode == 1
        assert "max_requests_per_minute is 400" in found.stderr
        assert values(cli)["max_requests_per_minute"] == 400

    def test_out_of_range(self, cli: Cli) -> None:
        """All or nothing, with a line for each problem."""
        found = cli("limits", "set", "rate=0", "cpu=0", "memory=600")
        assert (found.returncode, len(found.stderr.splitlines())) == (1, 2)
        assert values(cli)["max_memory_mb"] == 1024

    def test_for_a_while(self, daemon: DaemonProcess, cli: Cli) -> None:
        """A temporary limit ends by itself, and the status counts down to it."""
        done(cli("limits", "set", "cpu=150", "--for", "4s"))
        assert "max_cpu_percent 150, back to 200 in" in told(cli("status"))
        daemon.wait_until(lambda: values(cli)["max_cpu_percent"], lambda value: value == 200, "the old limit")

    def test_confirmed_or_not(self, daemon: DaemonProcess, cli: Cli) -> None:
        """Unconfirmed changes roll back; confirmed ones stay."""
        shown = done(cli("limits", "set", "cpu=150", "--confirm-within", "5s"))
        assert "unless it is confirmed: cpanbridge limits confirm" in shown
        daemon.wait_until(lambda: values(cli)["max_cpu_percent"], lambda value: value == 200, "the rollback")
        assert cli("limits", "confirm").returncode == 1
        done(cli("limits", "set", "cpu=150", "--confirm-within", "1m"))
        assert cli("limits", "set", "memory=600").returncode == 1
        assert done(cli("limits", "confirm")).startswith("Confirmed")
        done(cli("limits", "set", "memory=600"))
        assert values(cli)["max_cpu_percent"] == 150

    def test_trying_out_changes_nothing(self, daemon: DaemonProcess, cli: Cli) -> None:
        """Neither a dry run nor a preview does."""
        before = done(cli("limits", "--json"))
        for _ in range(5):
            daemon.call("test", "ping")
        daemon.wait_until(
            lambda: json.loads(done(cli("history", "--json")))["rows"],
            lambda rows: sum(row[1] for row in rows) >= 5,
            "the calls in the history",
        )
        assert "this is what would be" in done(cli("limits", "set", "rate=400", "--dry-run"))
        shown = done(cli("limits", "set", "--what-if", "rate=1"))
        [calls] = [line.split() for line in shown.splitlines() if line.startswith("calls ")]
        assert int(calls[1]) >= 5
        assert calls[1] == calls[2]
        assert "Nothing was changed." in shown
        assert done(cli("limits", "--json")) == before


class TestCallers:
    def test_a_connection_is_seen_and_closed(self, daemon: DaemonProcess, cli: Cli) -> None:
        """Guarded by its process id; another one's is refused."""
        with daemon.connect() as connection:
            connection.call("test", "ping")
            assert str(os.getpid()) in done(cli("connections", "--filter", str(os.getpid())))
            [row] = json.loads(done(cli("connections", "--json")))["connections"]
            assert cli("connections", "close", str(row["id"]), "--pid", "1").returncode == 1
            assert f"of pid {os.getpid()}" in done(
                cli("connections", "close", str(row["id"]), "--pid", str(row["pid"]))
            )
            with pytest.raises(ConnectionError):
                connection.read_line()
        assert "test.ping" in done(cli("functions"))

    def test_drain_and_resume(self, daemon: DaemonProcess, cli: Cli) -> None:
        """A check sees a warning while it lasts; callers are refused in words."""
        done(cli("drain", "--reason", "kernel update"))
        found = cli("status", "--brief")
        assert (found.returncode, found.stdout.startswith("DRAINING - ")) == (1, True)
        assert daemon.call("test", "ping")["error_type"] == "Draining"
        done(cli("resume"))
        assert daemon.call("test", "ping")["success"]
        events = done(cli("events"))
        assert '"kernel update"' in events
        assert "taking calls again" in events


class TestTheRest:
    def test_note_log_level_operators(self, daemon: DaemonProcess, cli: Cli) -> None:
        """Each does what it says, and foreign text is safe on its way back."""
        done(cli("note", "line\x1b[2J is back"))
        assert "line\\x1b[2J is back" in done(cli("events")).replace("\\\\", "\\")
        done(cli("log-level", "debug"))
        assert done(cli("log-level")) == "debug\n"
        assert done(cli("operators")).rstrip().endswith("you")

    def test_save(self, start_daemon: Callable[..., DaemonProcess], cli: Cli) -> None:
        """What is in force goes into the daemon's own file, and nothing else of it is touched."""
        daemon = start_daemon(toml="# mine\n[limits]\nmax_cpu_percent = 150 # so\n")
        there = ("--admin-socket", str(daemon.admin_socket))
        done(cli("limits", "set", "cpu=170", *there))
        shown = done(cli("limits", "save", *there))
        assert ["max_cpu_percent", "150", "170"] in [line.split() for line in shown.splitlines()]
        assert str(daemon.config) in shown
        assert "# mine\n[limits]\nmax_cpu_percent = 170 # so\n" in daemon.config.read_text()

    def test_watch_through_a_restart(self, daemon: DaemonProcess, cli: Cli) -> None:
        """The same process of watch sees the daemon go and come again, and says so."""
        command = [sys.executable, "-m", "bridge.cli", "watch", "--events", "-i", "0.2"]
        environ = {**os.environ, "CPAN_BRIDGE_ADMIN_SOCKET": str(daemon.admin_socket)}
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
            assert watch.stdout is not None

            def wait_for(text: str) -> None:
                assert watch.stdout is not None
                for line in watch.stdout:
                    if text in line:
                        return
                pytest.fail(f"watch ended without {text!r}")

            wait_for(" ok ")
            done(cli("note", "seen by all"))
            wait_for("seen by all")
            daemon.kill()
            wait_for("NO DAEMON")
            daemon.start()
            wait_for("BACK the daemon has started anew")
            wait_for(" ok ")
            watch.send_signal(signal.SIGINT)
            _, err = watch.communicate(timeout=20)
        assert (watch.returncode, err) == (130, "")
