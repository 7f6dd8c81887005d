"""The limits of a real daemon under real callers: what waits, what is refused, what the log says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from daemon_process import Connection, DaemonProcess


def ask(daemon: DaemonProcess, count: int, seconds: float) -> list[Connection]:
    """Open connections and have each hold a call open."""
    connections = [daemon.connect() for _ in range(count)]
    line = b'{"module":"test","function":"sleep","params":[%g]}\n' % seconds
    for connection in connections:
        connection.send(line)
    return connections


def answers(connections: list[Connection]) -> list[dict[str, Any]]:
    """Read an answer from each and close it."""
    seen = [json.loads(connection.read_line()) for connection in connections]
    for connection in connections:
        connection.close()
    return seen


def among(words: str) -> str:
    """Return a pattern for a resource in the log's list; a busy machine adds others, the reactor's lag for one."""
    return rf"\[(?:'[^']+', )*'{words}'(?:, '[^']+')*\]"


class TestConcurrency:
    def test_82_callers(self, daemon: DaemonProcess) -> None:
        """82 of 100 slots are a warning, worded to the letter, and nobody is refused."""
        seen = answers(ask(daemon, 82, 1.2))
        assert all(answer["success"] for answer in seen)
        assert re.search(
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[WARNING\] cpanbridge: "
            r"Resource warning: " + among("Concurrent requests 82 approaching limit 100") + "$",
            daemon.wait_for_log("Resource warning"),
            re.MULTILINE,
        )
        assert "VIOLATION" not in daemon.log_text()

    def test_120_callers(self, daemon: DaemonProcess) -> None:
        """100 run, 20 wait a second and are refused; the log tells of the violation and of its end."""
        start = time.monotonic()
        seen = answers(ask(daemon, 120, 2.5))
        refused = [answer for answer in seen if not answer["success"]]
        assert len(refused) == 20
        assert time.monotonic() - start < 20
        for answer in refused:
            assert (answer["error_type"], answer["limit"], answer["executed"]) == ("Throttled", "concurrent", False)
            assert 950 <= answer["queued_ms"] <= 5000
            assert answer["retry_after"] > 0
        log = daemon.wait_for_log("Resource violation cleared: Concurrent requests")
        violation = among("Concurrent requests 120 exceeds limit 100")
        assert re.search(r"\[CRITICAL\] cpanbridge: RESOURCE VIOLATION: " + violation, log)
        assert "[WARNING] cpanbridge: Resource violations detected, throttling connections" in log
        figures = daemon.call("system", "metrics")["result"]
        assert figures["resource_status"]["violations"] == []
        assert figures["performance_metrics"]["throttled_requests"] == 20

    def test_waiting_calls_start_when_they_can(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """Callers that come while all slots are busy are served as soon as one is free."""
        daemon = start_daemon("--max-concurrent-requests=5", "--backpressure-seconds=20")
        assert all(answer["success"] for answer in answers(ask(daemon, 20, 0.2)))


class TestRate:
    def test_window(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """The call over the rate is held and refused with a retry_after that is true; monitoring goes on."""
        daemon = start_daemon("--max-requests-per-minute=50", "--backpressure-seconds=0.2")
        with daemon.connect() as connection:
            used = daemon.call("system", "metrics")["result"]["resource_status"]["requests_per_minute"]
            for _ in range(50 - used):
                assert connection.call("test", "ping")["success"]
            refused = connection.call("test", "ping")
            assert (refused["error_type"], refused["limit"]) == ("Throttled", "rate")
            assert 40 < refused["retry_after"] <= 60
            for _ in range(100):
                assert connection.call("system", "health")["success"]
        log = daemon.wait_for_log("RESOURCE VIOLATION")
        assert re.search(among(r"Request rate \d+/min exceeds limit 50/min"), log)

    def test_fair_between_processes(self, start_daemon: Callable[..., DaemonProcess]) -> None:
        """A greedy process with many calls does not keep a modest one from its turn."""
        daemon = start_daemon("--max-concurrent-requests=4", "--backpressure-seconds=10")
        greedy = ask(daemon, 100, 0.2)
        script = (
            "import json,socket,sys,time\n"
            "s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f=s.makefile('rwb')\n"
            "start=time.monotonic()\n"
            "for _ in range(3):\n"
            '    f.write(b\'{"module":"test","function":"sleep","params":[0.01]}\\n\'); f.flush()\n'
            "    assert json.loads(f.readline())['success']\n"
            "print(time.monotonic()-start)\n"
        )
        modest = subprocess.run(
            [sys.executable, "-c", script, str(daemon.socket)], capture_output=True, text=True, timeout=60, check=True
        )
        waiting = daemon.call("system", "metrics")["result"]["resource_status"]["waiting"]
        # Its three calls took turns with the greedy queue; first come first served would have put them behind it all.
        assert waiting > 0, f"the modest process took {modest.stdout}"
        answers(greedy)
