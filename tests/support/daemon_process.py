"""A pytest plugin: fixtures that run the real daemon, ``twistd -n cpanbridge``, for system tests.

``daemon`` is one with the default settings; ``start_daemon(...)`` starts others. Each has a folder of its own for
socket, log and configuration, is killed at the end of the test, and shows its log when the test has failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Connection", "DaemonProcess", "clean_environment", "daemon", "start_daemon"]

START_SECONDS = 30.0
"""Longest start accepted. Half a second is usual; a machine that builds beside it may take many times that."""

STOP_SECONDS = 10.0
"""Longest orderly stop accepted before the daemon is killed."""

_ABSENT = object()


class Connection:
    """A blocking connection to a daemon's socket. Seconds for every operation: ``timeout``."""

    def __init__(self, path: str | os.PathLike[str], timeout: float = 20.0) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(os.fspath(path))
        except OSError:
            self.socket.close()
            raise
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def read_line(self) -> bytes:
        """Return the next line without its newline; raises ``ConnectionError`` when the daemon closes first."""
        while b"\n" not in self._buffer:
            data = self.socket.recv(1 << 18)
            if not data:
                msg = f"the daemon closed the connection; it had sent {self._buffer[:200]!r}"
                raise ConnectionError(msg)
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def read_all(self) -> bytes:
        """Return everything up to the daemon's close."""
        while data := self.socket.recv(1 << 18):
            self._buffer += data
        everything, self._buffer = self._buffer, b""
        return everything

    def request(self, message: object) -> dict[str, Any]:
        """Send one message as a line of JSON and return the answer, decoded."""
        self.send(json.dumps(message).encode() + b"\n")
        return json.loads(self.read_line())

    def call(self, module: str, function: str, params: object = _ABSENT, **fields: object) -> dict[str, Any]:
        """Call a function and return the whole answer; ``fields`` are further fields of the request."""
        message: dict[str, object] = {"module": module, "function": function, **fields}
        if params is not _ABSENT:
            message["params"] = params
        return self.request(message)

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


class DaemonProcess:
    """One running daemon and the folder it lives in.

    Attributes:
        folder: holds everything below; removed by :meth:`cleanup`.
        socket, log, config: paths of the Unix socket, the log file and the TOML file (written when ``toml`` is given).
        admin_socket, journal: paths of the operators' socket and of the journal of changes, both beside the socket.
    """

    def __init__(
        self,
        *,
        options: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        toml: str | None = None,
        twistd: Sequence[str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cpanbridge-"))
        self.socket = self.folder / "bridge.sock"
        self.admin_socket = self.folder / "bridge_admin.sock"
        self.journal = self.folder / "bridge_admin.journal"
        self.log = self.folder / "daemon.log"
        self.config = self.folder / "cpanbridge.toml"
        self.output = self.folder / "output"
        self.options = list(options)
        self.environ = {**clean_environment(), **(environ or {})}
        self.twistd = list(twistd or [str(Path(sys.executable).with_name("twistd"))])
        self.pass_fds = list(pass_fds)
        self.process: subprocess.Popen[bytes] | None = None
        self._connections: list[Connection] = []
        self.told = False  # whether an exception has carried everything_said() already
        if toml is not None:
            self.config.write_text(toml)

    def command(self) -> list[str]:
        """Return the command line that :meth:`start` runs."""
        config = ["--config", str(self.config)] if self.config.exists() else []
        own = ["--socket", str(self.socket), "--log", str(self.log)]
        return [*self.twistd, "-n", "--pidfile=", "cpanbridge", *config, *own, *self.options]

    def start(self) -> Self:
        """Start the daemon and wait until it answers ``test.ping``.

        Raises:
            RuntimeError: it ended or did not answer in time; the message holds all it said.
        """
        with self.output.open("ab") as output:
            # A session of its own, so that the end of the test reaches its worker processes too.
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.pass_fds,
                start_new_session=True,
            )
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > give_up:
                status = self.process.poll()
                what = f"ended with status {status}" if status is not None else "does not answer"
                self.kill()
                self.told = True
                msg = f"The daemon {what}.\n{self.everything_said()}"
                raise RuntimeError(msg)
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            with self.connect(timeout=5) as connection:
                connection.call("test", "ping")
        except (OSError, ValueError):
            return False
        return True

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        if self.process is None:
            msg = "the daemon has not been started"
            raise RuntimeError(msg)
        return self.process.pid

    def connect(self, timeout: float = 20.0) -> Connection:
        """Open a connection. Close it, or use it as a context manager; what is left open ends with the daemon."""
        connection = Connection(self.socket, timeout)
        self._connections.append(connection)
        return connection

    def call(self, module: str, function: str, params: object = _ABSENT, **fields: object) -> dict[str, Any]:
        """Call a function over a connection of its own and return the whole answer."""
        with self.connect() as connection:
            return connection.call(module, function, params, **fields)

    def log_text(self) -> str:
        """Return the log file so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def output_text(self) -> str:
        """Return what the daemon wrote to its standard output and standard error so far."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def everything_said(self) -> str:
        """Return command, output and log, for a person who wonders why a test failed."""
        command = " ".join(self.command())
        return f"--- {command}\n--- output\n{self.output_text()}--- log\n{self.log_text()}"

    def wait_for_log(self, text: str, seconds: float = 20.0) -> str:
        """Return the log once it holds ``text``; raises ``AssertionError`` with the log if it never does."""
        return self.wait_until(self.log_text, lambda log: text in log, f"the log to hold {text!r}", seconds)

    def wait_until(self, look: Callable[[], Any], good: Callable[[Any], bool], what: str, seconds: float = 20.0) -> Any:
        """Return the first ``look()`` that is ``good``; raises ``AssertionError`` with the log if none comes."""
        give_up = time.monotonic() + seconds
        while not good(seen := look()):
            if time.monotonic() > give_up:
                msg = f"waited {seconds:g} s for {what}; last seen: {seen!r}\n{self.everything_said()}"
                raise AssertionError(msg)
            time.sleep(0.02)
        return seen

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Send SIGTERM and return the exit status (negative: the signal); kill it if it takes too long."""
        return self.signal_and_wait(signal.SIGTERM, seconds)

    def signal_and_wait(self, number: signal.Signals, seconds: float = STOP_SECONDS) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def kill(self) -> None:
        """Kill the daemon and its worker processes."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> Self:
        """Stop the daemon in good order and start it again with the same settings."""
        self.stop()
        return self.start()

    def close_connections(self) -> None:
        """Close all connections that were opened."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def cleanup(self) -> None:
        """Kill whatever still runs, close the connections and remove the folder."""
        self.kill()
        self.close_connections()
        shutil.rmtree(self.folder, ignore_errors=True)


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of cpanbridge, which would leak from a developer's shell into tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CPAN_BRIDGE_")}


@pytest.fixture
def start_daemon(request: pytest.FixtureRequest) -> Iterator[Callable[..., DaemonProcess]]:
    """Return ``start_daemon(*options, environ={...}, toml="...", wait=True)``; all it starts ends with the test.

    ``options`` are daemon options such as ``"--max-concurrent-requests=5"``. With ``wait=False`` the daemon is
    prepared but not started.
    """
    started: list[DaemonProcess] = []

    def start(
        *options: str, environ: Mapping[str, str] | None = None, toml: str | None = None, wait: bool = True
    ) -> DaemonProcess:
        daemon = DaemonProcess(options=options, environ=environ, toml=toml)
        started.append(daemon)
        return daemon.start() if wait else daemon

    failed_before = request.session.testsfailed
    yield start
    for daemon in started:
        daemon.kill()
        if request.session.testsfailed > failed_before and not daemon.told:
            print(daemon.everything_said())  # pytest shows it beside the failure
        daemon.cleanup()


@pytest.fixture
def daemon(start_daemon: Callable[..., DaemonProcess]) -> DaemonProcess:
    """Return a daemon with the default settings, running."""
    return start_daemon()
