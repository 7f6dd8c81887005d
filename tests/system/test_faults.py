"""Bad input and faults, sent to the real daemon: each ends in a clear answer and harms nobody else."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from daemon_process import Connection, DaemonProcess

HURT = '''
"""A module of faults, for tests."""
import math, os, sys, time
from bridge.api import Module

module = Module("hurt", "Does what functions should not do.")

@module.function
def fail(text: str = "no") -> None:
    raise LookupError(text)

@module.function
def leave() -> None:
    sys.exit(3)

@module.function
def nan() -> object:
    return {"values": [1.0, math.nan]}

@module.function
def strange() -> object:
    return {"when": object()}

@module.function
def huge(megabytes: int) -> str:
    return "x" * (megabytes * 1048576)

@module.function
def stuck(seconds: float) -> str:
    time.sleep(seconds)
    return "at last"

@module.function(isolated=True)
def die(status: int) -> None:
    os._exit(status)

@module.function(isolated=True)
def hang() -> None:
    while True:
        time.sleep(1)

@module.function(isolated=True)
def pid() -> int:
    return os.getpid()

@module.function(isolated=True)
def isolated_huge(megabytes: int) -> str:
    return "x" * (megabytes * 1048576)
'''


@pytest.fixture
def hurt_daemon(start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> DaemonProcess:
    """A daemon with a module of faults, installed the way an outside package is: by its entry point."""
    (tmp_path / "hurt_module.py").write_text(HURT)
    info = tmp_path / "hurt-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hurt\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cpanbridge.modules]\nhurt = hurt_module:module\n")
    return start_daemon(
        environ={"PYTHONPATH": str(tmp_path), "CPAN_BRIDGE_MODULES": "python,hurt"},
        toml="[limits]\nmax_memory_mb = 4096\n",
    )


def still_serves(daemon: DaemonProcess) -> None:
    """The proof after each fault: other callers notice nothing."""
    assert daemon.call("test", "echo", {"after": "all"})["result"] == {"after": "all"}


class TestBadRequests:
    @pytest.mark.parametrize(
        ("line", "word"),
        [
            (b"this is not JSON", "BadRequest"),
            (b'{"module":"test","function":"echo","params":"\xff\xfe"}', "BadRequest"),
            (b'{"module":"test","function":"echo","params":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "BadRequest"),
            (b"[" * 200_000, "BadRequest"),
            (b'{"function":"ping"}', "BadRequest"),
            (b'{"module":"test","function":7}', "BadRequest"),
            (b'{"module":"nope","function":"ping"}', "UnknownModule"),
            (b'{"module":"test","function":"nope"}', "UnknownFunction"),
            (b'{"module":"test","function":"__class__"}', "UnknownFunction"),
            (b'{"module":"__class__","function":"mro"}', "UnknownModule"),
            (b'{"module":"test","function":"sleep","params":{"seconds":"long"}}', "BadParams"),
            (b'{"module":"test","function":"sleep","params":{"minutes":1}}', "BadParams"),
            (b'{"module":"test","function":"echo","params":123456789012345678901234567890}', "BadRequest"),
        ],
    )
    def test_answered_and_the_connection_lives(self, daemon: DaemonProcess, line: bytes, word: str) -> None:
        """The answer says what was wrong; the next call on the same connection works."""
        with daemon.connect() as connection:
            connection.send(line + b"\n")
            answer = json.loads(connection.read_line())
            assert (answer["success"], answer["error_type"]) == (False, word)
            assert connection.call("test", "ping")["success"]

    def test_request_of_21_mib(self, daemon: DaemonProcess) -> None:
        """A blocking client that writes 21 MiB first still gets to read why it was refused, then end of file."""
        with daemon.connect() as connection:
            connection.send(b'{"module":"test","function":"echo","params":"' + b"x" * (21 << 20) + b'"}\n')
            assert json.loads(connection.read_line())["error_type"] == "RequestTooLarge"
            assert connection.read_all() == b""
        still_serves(daemon)

    def test_ten_mib_in_small_pieces_comes_back_exactly(self, daemon: DaemonProcess) -> None:
        """A request near the limit, in packets of 4 KiB, is echoed whole."""
        text = "".join(random.Random(7).choices("aé€😀\n\t\"\\\0/../'; DROP TABLE x; <b>", k=1_500_000))
        data = json.dumps({"module": "test", "function": "echo", "params": [text]}, ensure_ascii=False).encode()
        with daemon.connect() as connection:
            for at in range(0, len(data), 4096):
                connection.send(data[at : at + 4096])
            connection.send(b"\n")
            assert json.loads(connection.read_line())["result"] == [text]


class TestFaultyFunctions:
    def test_raises(self, hurt_daemon: DaemonProcess) -> None:
        """An exception is a FunctionError with its class and text."""
        answer = hurt_daemon.call("hurt", "fail", {"text": "häßlich"})
        assert (answer["error_type"], answer["exception"]) == ("FunctionError", "LookupError")
        assert "häßlich" in answer["error"]

    @pytest.mark.parametrize(
        ("function", "params", "word"),
        [
            ("leave", None, "FunctionError"),
            ("nan", None, "NotSerializable"),
            ("strange", None, "NotSerializable"),
            ("huge", [100], "ResultTooLarge"),
            ("isolated_huge", [100], "ResultTooLarge"),
            ("die", [7], "FunctionError"),
        ],
    )
    def test_ends_in_words(self, hurt_daemon: DaemonProcess, function: str, params: object, word: str) -> None:
        """Exiting, unserialisable, oversized or dying functions are answered; the daemon lives."""
        answer = hurt_daemon.call("hurt", function, params) if params else hurt_daemon.call("hurt", function)
        assert answer["error_type"] == word
        still_serves(hurt_daemon)

    def test_never_returns(self, hurt_daemon: DaemonProcess) -> None:
        """A stuck thread is told to its caller at the time-out; a stuck worker is killed and replaced."""
        answer = hurt_daemon.call("hurt", "stuck", [2], timeout=0.2)
        assert answer["error_type"] == "Timeout"
        first = hurt_daemon.call("hurt", "pid")["result"]
        assert hurt_daemon.call("hurt", "hang", timeout=0.3)["error_type"] == "Timeout"
        second = hurt_daemon.call("hurt", "pid")["result"]
        assert second != first
        assert not Path(f"/proc/{first}").exists()
        still_serves(hurt_daemon)

    def test_no_worker_outlives_the_daemon(self, hurt_daemon: DaemonProcess) -> None:
        """After kill -9 of the daemon alone its worker processes end by themselves."""
        worker = hurt_daemon.call("hurt", "pid")["result"]
        assert hurt_daemon.process is not None
        hurt_daemon.process.kill()
        hurt_daemon.process.wait()
        give_up = time.monotonic() + 20
        while Path(f"/proc/{worker}").exists() and _state(worker) != "Z":
            assert time.monotonic() < give_up
            time.sleep(0.05)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


class TestClients:
    def test_closes_in_the_middle_of_its_request(self, daemon: DaemonProcess) -> None:
        """Half a request and a close harm nobody."""
        for _ in range(20):
            connection = daemon.connect()
            connection.send(b'{"module":"test","func')
            connection.close()
        still_serves(daemon)

    def test_closes_while_waiting(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A caller that goes while it waits leaves the queue at once and its function never runs."""
        daemon = start_daemon("--max-concurrent-requests=1", "--backpressure-seconds=30")
        holder, leaver = daemon.connect(), daemon.connect()
        holder.send(b'{"module":"test","function":"sleep","params":[2]}\n')
        wait_for_figures(daemon, concurrent_requests=1)
        leaver.send(b'{"module":"test","function":"sleep","params":[30]}\n')
        wait_for_figures(daemon, concurrent_requests=2)
        leaver.close()
        wait_for_figures(daemon, concurrent_requests=1)
        holder.close()
        wait_for_figures(daemon, concurrent_requests=0)

    def test_closes_while_running_and_before_reading(self, daemon: DaemonProcess) -> None:
        """A caller that goes while its call runs, or before it reads, costs nothing lasting."""
        for line in [
            b'{"module":"test","function":"burn","params":[0.2]}\n',
            b'{"module":"test","function":"echo","params":"' + b"x" * 1_000_000 + b'"}\n',
        ]:
            connection = daemon.connect()
            connection.send(line)
            connection.close()
        wait_for_figures(daemon, concurrent_requests=0)
        still_serves(daemon)

    def test_a_byte_a_second(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A dribbled request is refused in words after read_timeout, however regularly its bytes come."""
        daemon = start_daemon("--read-timeout=2")
        with daemon.connect() as connection:
            answer = b""
            connection.socket.settimeout(0.5)
            for byte in b'{"module":"test","function":"ping"' + b" " * 100:
                try:
                    connection.send(bytes([byte]))
                    answer = connection.read_line()
                except TimeoutError:
                    continue
                break
            assert json.loads(answer)["error_type"] == "BadRequest"

    def test_never_reads(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A client that asks and never reads is not served beyond the bound, and dropped after write_timeout."""
        daemon = start_daemon("--write-timeout=2")
        connection = daemon.connect(timeout=1.0)
        line = b'{"module":"test","function":"echo","params":"' + b"x" * 1_000_000 + b'"}\n'
        with contextlib.suppress(OSError):  # a full socket first, a closed one in the end
            for _ in range(100):
                connection.send(line)
            pytest.fail("the daemon took 100 MB of requests from a client that reads nothing")
        daemon.wait_until(lambda: connections_of(daemon), lambda rows: len(rows) == 1, "the deaf client to be dropped")
        assert daemon.call("system", "metrics")["result"]["resource_status"]["memory_mb"] < 400

    def test_300_connections_at_once(self, daemon: DaemonProcess) -> None:
        """Three hundred connections are all taken and all answered."""
        connections = [daemon.connect() for _ in range(300)]
        for connection in connections:
            connection.send(b'{"module":"test","function":"ping"}\n')
        assert all(json.loads(connection.read_line())["success"] for connection in connections)
        for connection in connections:
            connection.close()

    def test_one_connection_too_many(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """Above max_connections a connection is refused in words, the log says so, and room comes back."""
        daemon = start_daemon("--max-connections=5")
        connections: list[Connection] = []
        while len(connections) < 5:
            connections.append(daemon.connect())
            if not connections[-1].call("test", "ping")["success"]:
                connections.pop()  # the fixture's own connection was not gone yet
        with daemon.connect() as refused:
            answer = json.loads(refused.read_line())
            assert answer["error_type"] == "ConnectionLimit"
            assert answer["executed"] is False
            assert refused.read_all() == b""
        daemon.wait_for_log("[WARNING] cpanbridge: Connection limit reached (5), rejecting new connections")
        connections.pop().close()
        daemon.wait_until(lambda: daemon.call("test", "ping")["success"], bool, "room")


def figures(daemon: DaemonProcess) -> dict[str, Any]:
    return daemon.call("system", "metrics")["result"]["resource_status"]


def connections_of(daemon: DaemonProcess) -> Any:
    result = daemon.call("system", "connections")["result"]
    return result["connections"] if isinstance(result, dict) else result


def wait_for_figures(daemon: DaemonProcess, **wanted: int) -> None:
    daemon.wait_until(
        lambda: figures(daemon), lambda seen: all(seen[name] == value for name, value in wanted.items()), str(wanted)
    )


class TestOlderClients:
    @pytest.mark.parametrize("half_close", [True, False])
    def test_one_document_without_newline(self, daemon: DaemonProcess, *, half_close: bool) -> None:
        """Both habits of older clients are answered in their envelope, and the connection is closed."""
        with daemon.connect() as connection:
            connection.send(b'{"module":"system","function":"metrics","params":{}}')
            if half_close:
                connection.socket.shutdown(socket.SHUT_WR)
            answer = json.loads(connection.read_all())
        unwrapped = answer["result"]
        assert unwrapped["success"] is True
        assert unwrapped["result"]["resource_status"] == unwrapped["resource_status"]


class TestLifecycle:
    def test_kill_and_restart(self, daemon: DaemonProcess) -> None:
        """After kill -9 a new daemon takes the leftover socket without help."""
        daemon.kill()
        assert daemon.socket.exists()
        daemon.start()
        still_serves(daemon)

    def test_terminate_finishes_what_runs(self, daemon: DaemonProcess) -> None:
        """SIGTERM: running calls are answered, new ones are refused with Draining, and the exit status is 0."""
        running, other = daemon.connect(), daemon.connect()
        assert other.call("test", "ping")["success"]
        running.send(b'{"module":"test","function":"sleep","params":[1.5]}\n')
        wait_for_figures(daemon, concurrent_requests=1)
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for_log("Draining")
        answer = other.call("test", "ping")
        assert (answer["error_type"], answer["executed"]) == ("Draining", False)
        assert json.loads(running.read_line())["success"]
        assert daemon.process.wait(10) == 0
        assert not daemon.socket.exists()

    def test_grace_period_ends(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A call that outlives the grace period does not keep the daemon alive."""
        daemon = start_daemon("--grace-period=0.5")
        connection = daemon.connect()
        connection.send(b'{"module":"test","function":"sleep","params":[60]}\n')
        wait_for_figures(daemon, concurrent_requests=1)
        assert daemon.stop() == 0
        assert "did not finish in time" in daemon.log_text()

    def test_stuck_thread_does_not_block_the_exit(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A thread that never ends is left behind when the grace period is over."""
        daemon = start_daemon("--grace-period=0.5")
        connection = daemon.connect()
        connection.send(b'{"module":"test","function":"burn","params":[60]}\n')
        wait_for_figures(daemon, concurrent_requests=1)
        assert daemon.stop() == 0

    def test_second_signal_hurries(self, daemon: DaemonProcess) -> None:
        """A second SIGTERM (or Ctrl-C) ends the waiting at once."""
        connection = daemon.connect()
        connection.send(b'{"module":"test","function":"sleep","params":[60]}\n')
        wait_for_figures(daemon, concurrent_requests=1)
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for_log("Draining")
        assert daemon.signal_and_wait(signal.SIGINT) == 0

    def test_reload_changes_limits(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """SIGHUP puts changed limits in force and keeps the old ones, in words, when the file is broken."""
        daemon = start_daemon(toml="[limits]\nmax_concurrent_requests = 50\n")
        assert daemon.process is not None
        daemon.config.write_text("[limits]\nmax_concurrent_requests = 7\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_log("Limits changed: max_concurrent_requests 50 -> 7")
        assert figures(daemon)["limits"]["max_concurrent_requests"] == 7
        daemon.config.write_text("[limits]\nmax_concurrent_requests = 0\nmax_memory_mb = -1\n")
        daemon.process.send_signal(signal.SIGHUP)
        log = daemon.wait_for_log("max_memory_mb must be")
        assert "max_concurrent_requests must be" in log
        assert figures(daemon)["limits"]["max_concurrent_requests"] == 7

    def test_full_disk_for_the_log(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A log that cannot be written does not stop the service."""
        daemon = start_daemon("--log=/dev/full", wait=False)
        daemon.start()
        for _ in range(50):
            daemon.call("test", "nope")
        still_serves(daemon)
        assert daemon.stop() == 0

    def test_open_files_are_raised_or_warned_about(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """With a hard limit too low for max_connections the start warns with numbers."""
        daemon = start_daemon("--max-connections=5000", wait=False)
        script = daemon.folder / "limited"
        script.write_text(f'#!/bin/sh\nulimit -n 512\nexec {daemon.twistd[0]} "$@"\n')
        script.chmod(0o755)
        daemon.twistd = [str(script)]
        daemon.start()
        log = daemon.wait_for_log("[WARNING]")
        assert "512" in log and "5000" in log

    def test_soft_limit_is_raised(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A soft limit that is too low is raised without a word."""
        daemon = start_daemon("--max-connections=2000", wait=False)
        script = daemon.folder / "limited"
        script.write_text(f'#!/bin/sh\nulimit -S -n 256\nexec {daemon.twistd[0]} "$@"\n')
        script.chmod(0o755)
        daemon.twistd = [str(script)]
        daemon.start()
        soft, _ = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        assert soft >= 2000
        assert os.getpid()  # the test's own limits are untouched
