"""Under a service manager: sockets that it made, what it is told, and a restart that nobody notices."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from daemon_process import Connection, DaemonProcess, clean_environment
from service_manager import ServiceManager

ROOT = Path(__file__).parents[2]
ETC = ROOT / "etc"
UNITS = ("cpanbridge.service", "cpanbridge.socket", "cpanbridge-admin.socket")


@pytest.fixture
def manager() -> Iterator[ServiceManager]:
    """Return a service manager; all that it starts ends with the test."""
    made = ServiceManager()
    yield made
    made.cleanup()


class TestActivation:
    def test_serves_on_what_it_is_given(self, manager: ServiceManager) -> None:
        """Both sockets answer; their files are neither made anew nor changed, nor removed at the end."""
        manager.listen_on_both()
        before = {name: os.stat(made.getsockname()) for name, made in manager.sockets.items()}
        daemon = manager.daemon().start()
        assert daemon.call("test", "ping")["success"]
        status = {"jsonrpc": "2.0", "id": 1, "method": "status"}
        with Connection(daemon.admin_socket) as admin:
            assert admin.request(status)["result"]["pid"] == daemon.pid
        assert "handed over" in daemon.log_text()
        assert daemon.stop() == 0
        after = {name: os.stat(made.getsockname()) for name, made in manager.sockets.items()}
        facts = [(each.st_ino, each.st_mode, each.st_uid, each.st_gid) for each in before.values()]
        assert [(each.st_ino, each.st_mode, each.st_uid, each.st_gid) for each in after.values()] == facts

    def test_without_names_the_first_is_for_callers(self, manager: ServiceManager) -> None:
        """A launcher that knows no names hands over the bridge socket, and then the operators'."""
        manager.listen_on_both()
        assert manager.daemon(named=False).start().call("test", "ping")["success"]

    def test_one_socket_is_enough(self, manager: ServiceManager) -> None:
        """What is not handed over the daemon makes itself."""
        manager.listen("bridge", manager.folder / "bridge.sock")
        daemon = manager.daemon(f"--admin-socket={manager.folder}/made.sock").start()
        assert stat.S_IMODE((manager.folder / "made.sock").stat().st_mode) == 0o600
        assert daemon.stop() == 0
        assert not (manager.folder / "made.sock").exists()

    def test_the_settings_only_name_it(self, manager: ServiceManager) -> None:
        """Where settings and descriptor disagree the descriptor wins, and the log says so."""
        manager.listen("bridge", manager.folder / "bridge.sock")
        daemon = manager.daemon()
        elsewhere = daemon.folder / "elsewhere.sock"
        daemon.options += ["--socket", str(elsewhere)]
        daemon.start()
        assert not elsewhere.exists()
        assert f"and not {elsewhere}, as the settings say" in daemon.log_text()

    def test_a_daemon_by_hand_refuses(self, manager: ServiceManager) -> None:
        """The lock beside the path is held as ever."""
        manager.listen_on_both()
        daemon = manager.daemon().start()
        second = DaemonProcess()
        second.socket = daemon.socket
        try:
            result = subprocess.run(second.command(), capture_output=True, text=True, timeout=30, check=False)
        finally:
            second.cleanup()
        assert result.returncode == 1
        assert f"in use by a daemon (pid {daemon.pid})" in result.stderr + result.stdout
        assert daemon.call("test", "ping")["success"]

    def test_not_a_listening_socket(self, manager: ServiceManager) -> None:
        """A descriptor of another kind is an error that says which and why, and the daemon does not start."""
        manager.sockets["bridge"] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        manager.sockets["bridge"].bind(str(manager.folder / "bridge.sock"))  # and no listen()
        daemon = manager.daemon()
        result = subprocess.run(
            daemon.command(), capture_output=True, text=True, timeout=30, check=False, pass_fds=daemon.pass_fds,
            env=daemon.environ,
        )  # fmt: skip
        assert result.returncode == 1
        assert "'bridge' (descriptor 3) does not listen" in result.stdout + result.stderr
        assert (manager.folder / "bridge.sock").exists()


class TestNotify:
    def test_from_start_to_end(self, manager: ServiceManager) -> None:
        """Ready when both sockets are served, how it is, reloading, ready again, stopping; never more than is true."""
        manager.listen_on_both()
        manager.hear()
        daemon = manager.daemon(toml="")
        daemon.start()
        manager.hear_until("READY")
        assert re.fullmatch(r"(OK - memory|WARNING - |VIOLATION - ).*/.*", manager.hear_until("STATUS")["STATUS"])
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.process.send_signal(signal.SIGHUP)
        reloading = manager.hear_until("RELOADING")
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        manager.hear_until("READY")
        drain = {"jsonrpc": "2.0", "id": 1, "method": "drain"}
        with Connection(daemon.admin_socket) as admin:
            assert admin.request(drain)["result"]["draining"]
        assert "DRAINING" in manager.hear_until("STATUS")["STATUS"]
        assert [each for each in manager.said if "STOPPING" in each] == [], "a drain can be taken back"
        daemon.stop()
        manager.hear_until("STOPPING")

    def test_a_reload_that_fails_is_over_too(self, manager: ServiceManager) -> None:
        """READY comes after a broken file as well, or the manager would wait for ever."""
        manager.listen_on_both()
        manager.hear()
        daemon = manager.daemon(toml="").start()
        manager.hear_until("READY")
        daemon.config.write_text("not = [valid")
        daemon.process.send_signal(signal.SIGHUP)
        manager.hear_until("RELOADING")
        manager.hear_until("READY")
        assert "Not reloaded" in daemon.log_text()

    def test_more_time_while_calls_run(self, manager: ServiceManager) -> None:
        """The manager is asked for patience, again and again, as long as the last call takes."""
        manager.listen_on_both()
        manager.hear()
        daemon = manager.daemon().start()
        with daemon.connect() as connection:
            connection.send(b'{"module": "test", "function": "sleep", "params": {"seconds": 3}}\n')
            time.sleep(0.3)
            daemon.process.send_signal(signal.SIGTERM)
            manager.hear_until("STOPPING")
            said = manager.hear_for(2.5)
            assert len([each for each in said if "EXTEND_TIMEOUT_USEC" in each]) >= 2
            assert b'"success":true' in connection.read_line().replace(b" ", b"")
        assert daemon.process.wait(10) == 0

    def test_signs_of_life(self, manager: ServiceManager) -> None:
        """At half of the watchdog's time, and none from a process that does not run."""
        manager.listen_on_both()
        manager.hear()
        daemon = manager.daemon(environ={"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "self"}).start()
        manager.hear_until("READY")
        manager.said.clear()
        at = [float(each["at"]) for each in manager.hear_for(3) if "WATCHDOG" in each]
        assert len(at) >= 4
        assert max(later - earlier for earlier, later in pairwise(at)) < 0.95
        daemon.process.send_signal(signal.SIGSTOP)
        manager.hear_for(0.2)
        assert [each for each in manager.hear_for(1.2) if "WATCHDOG" in each] == []
        daemon.process.send_signal(signal.SIGCONT)
        manager.hear_until("WATCHDOG")

    def test_a_stuck_daemon_tells_where(self, manager: ServiceManager) -> None:
        """With what the unit sets, the watchdog's SIGABRT leaves the stack of each thread."""
        daemon = manager.daemon(environ={"PYTHONFAULTHANDLER": "1"}).start()
        daemon.process.send_signal(signal.SIGABRT)
        daemon.process.wait(10)
        assert "Fatal Python error: Aborted" in daemon.output_text()
        assert "epollreactor.py" in daemon.output_text()

    def test_somebody_else_s_watchdog(self, manager: ServiceManager) -> None:
        """WATCHDOG_PID of another process: no signs of life."""
        manager.listen_on_both()
        manager.hear()
        manager.daemon(environ={"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"}).start()
        manager.hear_until("READY")
        assert [each for each in manager.hear_for(1) if "WATCHDOG" in each] == []

    def test_abstract_address(self, manager: ServiceManager) -> None:
        """``@`` stands for a name without a file."""
        manager.listen_on_both()
        manager.hear(f"@cpanbridge-test-{os.getpid()}")
        manager.daemon().start()
        manager.hear_until("READY")

    def test_a_manager_that_has_gone(self, manager: ServiceManager) -> None:
        """A notify socket that nobody reads any more disturbs nothing; the log hears of it once."""
        manager.listen_on_both()
        manager.hear()
        daemon = manager.daemon(environ={"WATCHDOG_USEC": "200000"}).start()
        manager.hear_until("READY")
        manager.notify.close()
        daemon.wait_for_log("The service manager cannot be told anything")
        time.sleep(0.5)
        assert daemon.call("test", "ping")["success"]
        assert daemon.log_text().count("cannot be told anything") == 1
        assert daemon.stop() == 0


# --- a restart under load ---


class Caller:
    """Calls without a pause and accounts for each call: answered, refused unexecuted, certainly not sent, or lost."""

    def __init__(self, path: Path, *, keep: bool, pipeline: int = 1) -> None:
        self.path = path
        self.keep = keep
        self.pipeline = pipeline
        self.seen: Counter[str] = Counter()
        self.slowest = 0.0
        self.stop = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        connection: Connection | None = None
        try:
            while not self.stop:
                began = time.monotonic()
                try:
                    connection = connection or Connection(self.path)
                except OSError as error:
                    self.seen[f"lost: connect: {error!r}"] += 1
                    return
                if not self._call(connection) or not self.keep:
                    connection.close()
                    connection = None
                self.slowest = max(self.slowest, time.monotonic() - began)
        finally:
            if connection is not None:
                connection.close()

    def _call(self, connection: Connection) -> bool:
        """Call, and return whether the connection can be used again."""
        data = b'{"module": "test", "function": "echo", "params": [1]}\n' * self.pipeline
        try:
            connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            self.seen["not sent"] += 1
            return False
        for _ in range(self.pipeline):
            try:
                answer = connection.read_line()
            except OSError as error:
                self.seen[f"lost: {error!r}"] += 1
                return False
            if b'"success":true' in answer:
                self.seen["answered"] += 1
            elif b'"error_type":"Draining"' in answer and b'"executed":false' in answer:
                self.seen["draining"] += 1
            else:
                self.seen[f"lost: {answer!r}"] += 1
        return True

    def end(self) -> Counter[str]:
        self.stop = True
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.seen


PERL = r"""
use strict; use warnings; use CPANBridge; use Time::HiRes qw(time);
my ( $socket, $seconds ) = @ARGV;
my $bridge = CPANBridge->new( socket => $socket, timeout => 20, retries => 20 );
my ( $end, $count, $slowest ) = ( time + $seconds, 0, 0 );
while ( time < $end ) {
    my $began = time;
    my $answer = $bridge->call( 'test', 'echo', $count );
    my $got = ref $answer ? $answer->[0] : $answer;
    die "asked $count, got $got" if $got != $count++;
    $slowest = time - $began if time - $began > $slowest;
}
printf "%d %.2f\n", $count, $slowest;
"""

FREE = ("--max-requests-per-minute=10000000", "--max-concurrent-requests=200", "--max-process-share=1")


@pytest.mark.timeout(120)
def test_a_restart_loses_no_call(manager: ServiceManager) -> None:
    """Each call in a loop through two restarts is answered, refused unexecuted, or fails before it was sent whole."""
    manager.listen_on_both()
    first = manager.daemon(*FREE).start()
    environ = {**clean_environment(), "PERL5LIB": str(ROOT / "bridge" / "perl" / "lib")}
    perl: list[subprocess.Popen[str]] = [
        subprocess.Popen(
            ["perl", "-e", PERL, str(first.socket), "8"],
            env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    callers = [
        *(Caller(first.socket, keep=True) for _ in range(3)),
        *(Caller(first.socket, keep=False) for _ in range(3)),
        Caller(first.socket, keep=True, pipeline=20),
    ]
    daemon = first
    for _ in range(2):
        time.sleep(1)
        assert daemon.stop(20) == 0
        time.sleep(0.3)  # nobody is there; the kernel's queue takes the callers
        daemon = manager.daemon(*FREE).start()
    time.sleep(1)
    for process in perl:
        out, err = process.communicate(timeout=40)
        assert process.returncode == 0, err
        print("Perl: calls, slowest:", out)
        assert int(out.split()[0]) > 100
    seen: Counter[str] = Counter()
    for caller in callers:
        seen += caller.end()
    print(dict(seen), "slowest", max(caller.slowest for caller in callers))
    assert {word for word in seen if word.startswith("lost")} == set()
    assert seen["answered"] > 1000


# --- the units ---


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """Return copies of the units, made for a machine where everything that they name is there."""
    program = tmp_path / "twistd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in UNITS:
        text = (ETC / name).read_text().replace("/opt/cpanbridge/bin/twistd", str(program))
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in UNITS]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs Debian's package systemd")
class TestUnits:
    def test_they_are_right(self, units: list[str]) -> None:
        """``systemd-analyze verify`` has nothing to say."""
        result = subprocess.run(
            ["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=50, check=False
        )
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    def test_they_are_hardened(self, units: list[str]) -> None:
        """Systemd's own measure of exposure, from 0 to 10, stays in the range that it calls OK."""
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=30", units[0]]
        result = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
        if "unrecognized option" in result.stderr:
            pytest.skip("this systemd cannot judge a file")
        assert result.returncode == 0, result.stdout


def test_the_units_fit_the_code() -> None:
    """What the units say of names, variables and times is what the daemon goes by."""
    service, bridge, admin = (unit((ETC / name).read_text()) for name in UNITS)
    assert (bridge["FileDescriptorName"], admin["FileDescriptorName"]) == (["bridge"], ["admin"])
    variables = dict(line.split("=", 1) for line in service["Environment"])
    assert variables["CPAN_BRIDGE_SOCKET"] == bridge["ListenStream"][0]
    assert variables["CPAN_BRIDGE_ADMIN_SOCKET"] == admin["ListenStream"][0]
    rotated = (ETC / "logrotate" / "cpanbridge").read_text()
    assert f"\n{variables['CPAN_BRIDGE_LOG']} {{" in rotated
    assert float(service["TimeoutStopSec"][0]) > 30, "the default grace_period"


def unit(text: str) -> dict[str, list[str]]:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            found.setdefault(line.partition("=")[0], []).append(line.partition("=")[2])
    return found
