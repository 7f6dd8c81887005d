"""What twistd's own options do to the daemon: background, pid file, other users, logs, signals."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from daemon_process import Connection, clean_environment

TWISTD = str(Path(sys.executable).with_name("twistd"))
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] cpanbridge: .+|    .*")


class Place:
    """A folder in which daemons run in the background; whatever still runs at the end is killed, by its pid file."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cpanbridge-"))
        self.folder.chmod(0o1777)
        self.socket, self.log, self.pidfile = (self.folder / name for name in ("s", "daemon.log", "pid"))
        self.foreground: list[subprocess.Popen[str]] = []

    def command(self, *options: str, twistd: tuple[str, ...] = (), pidfile: Path | None = None) -> list[str]:
        own = [f"--socket={self.socket}", f"--log={self.log}"]
        return [TWISTD, f"--pidfile={pidfile or self.pidfile}", *twistd, "cpanbridge", *own, *options]

    def start(
        self, *options: str, twistd: tuple[str, ...] = (), pidfile: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Start one in the background; returns when twistd does, that is when it listens or has failed."""
        output = self.folder / "output"
        with output.open("w+") as file:  # no pipe: the daemon must not be able to hold one open
            result = subprocess.run(
                self.command(*options, twistd=twistd, pidfile=pidfile),
                cwd=self.folder, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                timeout=40, check=False,
            )  # fmt: skip
        return subprocess.CompletedProcess(result.args, result.returncode, output.read_text())

    def start_in_front(self, *options: str, twistd: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(*options, twistd=("-n", *twistd)),
            cwd=self.folder, env=clean_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.foreground.append(process)
        self.wait(self.answers, "an answer")
        return process

    def answers(self) -> bool:
        try:
            with Connection(self.socket, 5) as connection:
                return bool(connection.call("test", "ping")["success"])
        except OSError:
            return False

    @property
    def pid(self) -> int:
        return int(self.pidfile.read_text())

    def wait(self, true: Callable[[], object], what: str) -> None:
        give_up = time.monotonic() + 20
        while not true():
            assert time.monotonic() < give_up, f"waited for {what}; the log is:\n{self.text()}"
            time.sleep(0.02)

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def stop(self) -> None:
        pid = self.pid
        os.kill(pid, signal.SIGTERM)
        self.wait(lambda: gone(pid), "the end of the daemon")

    def cleanup(self) -> None:
        for process in self.foreground:
            process.kill()
            process.communicate()
        with contextlib.suppress(OSError, ValueError):
            os.kill(self.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.cleanup()


class TestBackground:
    def test_life(self, place: Place) -> None:
        """Twistd returns when the daemon answers; the pid file is right; SIGTERM leaves neither it nor the socket."""
        result = place.start()
        assert (result.returncode, result.stdout) == (0, "")
        assert place.answers()
        with Connection(place.socket) as connection:
            info = connection.call("system", "info")["result"]
        assert info["pid"] == place.pid
        place.stop()
        assert not place.pidfile.exists()
        assert not place.socket.exists()
        assert "cpanbridge has stopped" in place.text()

    def test_log(self, place: Place) -> None:
        """Everything, twistd's own lines included, is in our form, in a file that the group may read."""
        place.start()
        assert [line for line in place.text().splitlines() if not LINE.fullmatch(line)] == []
        assert "twistd" in place.text().splitlines()[0]
        assert place.log.stat().st_mode & 0o777 == 0o640

    def test_what_lives_was_made_after_the_fork(self, place: Place) -> None:
        """Threads, timers and the sampler work in the process that is left."""
        place.start()
        with Connection(place.socket) as connection:
            assert connection.call("statistics", "median", [[1, 5, 9]])["result"] == 5
            assert connection.call("test", "sleep", [0.01])["success"]
            # A sampler made before the fork would look at a process that has gone. The first sample takes a moment.
            place.wait(
                lambda: connection.call("system", "metrics")["result"]["resource_status"]["memory_mb"] > 5, "a sample"
            )

    def test_second_daemon(self, place: Place) -> None:
        """A second one on the same socket is refused with the pid of the first, which does not notice."""
        place.start()
        result = place.start(pidfile=place.folder / "pid2")
        assert result.returncode == 1
        assert f"a daemon (pid {place.pid})" in result.stdout
        assert "Traceback" not in result.stdout
        assert place.answers()

    def test_after_kill_9(self, place: Place) -> None:
        """Socket and lock of a killed daemon do not keep the next one from starting."""
        place.start()
        first = place.pid
        os.kill(first, signal.SIGKILL)
        place.wait(lambda: gone(first), "the end of the daemon")
        assert place.socket.exists()
        place.pidfile = place.folder / "pid2"  # twistd takes a dead process that nobody has waited for as alive
        assert place.start().returncode == 0
        assert place.answers()
        assert place.pid != first


class TestBadSettings:
    @pytest.mark.parametrize("twistd", [(), ("-n",)])
    def test_refused(self, place: Place, twistd: tuple[str, ...]) -> None:
        """Every problem on the terminal, status 1, no traceback, and nothing left behind."""
        result = place.start("--max-memory-mb=0", "--idle-timeout=x", "--modules=nope", twistd=twistd)
        assert result.returncode == 1
        assert result.stdout.splitlines() == [
            "cpanbridge: not started: the settings are not valid:",
            "  command line: --max-memory-mb must be from 16 to 16777216 MB, not 0",
            "  command line: --idle-timeout must be a number, not 'x'",
        ]
        assert {entry.name for entry in place.folder.iterdir()} == {"output"}

    @pytest.mark.parametrize("twistd", [(), ("-n",)])
    def test_unknown_module(self, place: Place, twistd: tuple[str, ...]) -> None:
        """What shows only when the daemon starts ends it, too: status 1, the reason on the terminal, no socket."""
        result = place.start("--modules=nope", twistd=twistd)
        assert result.returncode == 1
        assert "module nope" in result.stdout
        assert "[CRITICAL] cpanbridge: Not started: module nope" in place.text()
        assert not place.socket.exists()

    def test_unknown_option(self, place: Place) -> None:
        """Status 1 and the option's name."""
        result = place.start("--nonsense=1")
        assert result.returncode == 1
        assert "nonsense" in result.stdout


@AS_ROOT
class TestOtherUser:
    def test_nobody(self, place: Place) -> None:
        """With --uid socket and log are that user's, and the log can be opened anew."""
        place.folder.chmod(0o1777)
        assert place.start(twistd=("--uid=nobody",)).returncode == 0
        assert place.answers()
        nobody = pwd.getpwnam("nobody").pw_uid
        assert {place.socket.stat().st_uid, place.log.stat().st_uid} == {nobody}
        with Connection(place.socket) as connection:
            assert connection.call("test", "ping")["success"]
        reopened(place, signal.SIGUSR1)

    def test_directory_of_root(self, place: Place) -> None:
        """A directory in which that user may not write is refused before the fork."""
        place.folder.chmod(0o755)
        result = place.start(twistd=("--uid=nobody",))
        assert result.returncode == 1
        assert "nobody may not write" in result.stdout
        assert not place.log.exists()


def reopened(place: Place, number: signal.Signals) -> None:
    """Rotate the log as logrotate does, send the signal, and see the new file."""
    rotated = place.log.with_suffix(".1")
    place.log.rename(rotated)
    os.kill(place.pid, number)
    place.wait(place.log.exists, "a new log")
    assert "listens on" in rotated.read_text()
    assert place.answers()


class TestLogs:
    @pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
    def test_reopened(self, place: Place, number: signal.Signals) -> None:
        """SIGUSR1, twistd's own custom, and SIGHUP open the log anew."""
        place.start()
        reopened(place, number)
        place.stop()
        assert "cpanbridge has stopped" in place.text()

    def test_foreground_shows_the_lines_too(self, place: Place) -> None:
        """In the foreground the same lines are on the terminal and in the file."""
        process = place.start_in_front()
        process.terminate()
        output, _ = process.communicate(timeout=20)
        assert output == place.text()
        assert process.returncode == 0

    def test_logfile_option(self, place: Place) -> None:
        """Twistd --logfile replaces the setting, and the terminal stays empty."""
        process = place.start_in_front(twistd=("--logfile=other.log",))
        process.terminate()
        assert process.communicate(timeout=20)[0] == ""
        other = (place.folder / "other.log").read_text()
        assert not place.log.exists()
        assert [line for line in other.splitlines() if not LINE.fullmatch(line)] == []
        assert "listens on" in other

    def test_logfile_dash(self, place: Place) -> None:
        """Twistd --logfile=- is the terminal alone, in our form."""
        process = place.start_in_front(twistd=("--logfile=-",))
        process.terminate()
        output, _ = process.communicate(timeout=20)
        assert "listens on" in output
        assert [line for line in output.splitlines() if not LINE.fullmatch(line)] == []
        assert not place.log.exists()

    def test_logger_option(self, place: Place) -> None:
        """An observer that the operator names is used, beside our file."""
        (place.folder / "observers.py").write_text(
            "import sys\nfrom twisted.logger import jsonFileLogObserver\n"
            "out = open('json.log', 'w', buffering=1)\n"
            "def make():\n    return jsonFileLogObserver(out, recordSeparator='')\n"
        )
        command = place.command(twistd=("-n", "--logger=observers.make"))
        process = subprocess.Popen(
            command, cwd=place.folder, env={**clean_environment(), "PYTHONPATH": str(place.folder)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        place.foreground.append(process)
        place.wait(place.answers, "an answer")
        process.terminate()
        process.wait(20)
        events = [json.loads(line) for line in (place.folder / "json.log").read_text().splitlines()]
        assert any("listens on" in event.get("log_format", "") for event in events)
        assert "listens on" in place.text()

    def test_level(self, place: Place) -> None:
        """--log-level leaves the lesser lines out."""
        process = place.start_in_front("--log-level=error")
        process.terminate()
        process.communicate(timeout=20)
        assert place.text() == ""


class TestTwist:
    def test_python_m_twisted(self, place: Place) -> None:
        """``python -m twisted cpanbridge`` serves and logs to our file, too."""
        command = [sys.executable, "-m", "twisted", "cpanbridge", f"--socket={place.socket}", f"--log={place.log}"]
        process = subprocess.Popen(
            command, cwd=place.folder, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        place.foreground.append(process)
        place.wait(place.answers, "an answer")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert "listens on" in place.text()
        assert not place.socket.exists()
