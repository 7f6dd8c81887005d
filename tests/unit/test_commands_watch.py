"""Following a daemon in lines: figures, events, losses, and what was missed meanwhile."""

from __future__ import annotations

import argparse
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_admin import FakeAdmin, fake_admin
from fake_daemon import change_event, episode_event

from bridge.adminwire import AdminErrorCode
from bridge.cli import main
from bridge.client import NoDaemonError
from bridge.commands import CommandError
from bridge.commands.follow import News, follow


@pytest.fixture
def admin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAdmin]:
    with fake_admin(tmp_path) as server:
        monkeypatch.setenv("CPAN_BRIDGE_ADMIN_SOCKET", server.path)
        yield server


def following(
    path: str, sleep: Callable[[float], None] = lambda _: None, *, reconnect: bool = True, past: int = 0
) -> Iterator[News]:
    arguments = argparse.Namespace(admin_socket=path, timeout=5.0)
    return follow(arguments, interval=1.0, reconnect=reconnect, past=past, sleep=sleep)


def reason(news: News) -> str:
    return json.loads(bytes(news.data))["change"]["reason"]


class TestFollow:
    def test_events_that_were_missed_are_made_up_for(self, admin: FakeAdmin) -> None:
        """While the connection is lost things happen; each event comes once, in order, and the loss is told once."""
        daemon = admin.daemon
        daemon.add_event(change_event(1, 1, 0.0, reason="before"))
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 4:
                admin.do(lambda: daemon.start(admin.path))

        news = following(admin.path, sleep=sleep)
        assert next(news).kind == "snapshot"
        admin.do(lambda: daemon.add_event(change_event(2, 2, 0.0, reason="seen")))
        assert reason(next(news)) == "seen"
        admin.do(daemon.stop)
        daemon.add_event(change_event(3, 3, 0.0, reason="missed"))
        lost, back, missed, snapshot = (next(news) for _ in range(4))
        assert (lost.kind, back.kind, back.text, snapshot.kind) == ("lost", "back", "connected", "snapshot")
        assert reason(missed) == "missed"
        assert waits == [1.0, 2.0, 4.0, 5.0]
        news.close()

    def test_another_run_has_numbers_of_its_own(self, admin: FakeAdmin) -> None:
        """Its events are news although their numbers are smaller, and it is said that the daemon has started anew."""
        daemon = admin.daemon
        daemon.add_event(change_event(50, 50, 0.0))

        def sleep(_: float) -> None:
            admin.do(lambda: daemon.start(admin.path))

        news = following(admin.path, sleep=sleep)
        next(news)
        admin.do(daemon.stop)
        daemon.boot()
        daemon.add_event(change_event(1, 51, 0.0, reason="of the new one"))
        assert [next(news).kind, next(news).text] == ["lost", "the daemon has started anew"]
        assert reason(next(news)) == "of the new one"
        news.close()

    def test_events_dropped_for_a_slow_reader_are_asked_for(self, admin: FakeAdmin) -> None:
        """A snapshot's sequence tells that there are some."""
        news = following(admin.path)
        next(news)
        admin.daemon.add_event(change_event(1, 1, 0.0, reason="dropped"), push=False)
        admin.do(admin.daemon.push_snapshot)
        assert reason(next(news)) == "dropped"
        assert next(news).kind == "snapshot"
        news.close()

    def test_the_past_is_shown_once(self, admin: FakeAdmin) -> None:
        """As many events as were asked for, before the first snapshot."""
        for number in range(1, 6):
            admin.daemon.add_event(change_event(number, number, 0.0, reason=str(number)))
        news = following(admin.path, past=2)
        assert [reason(next(news)), reason(next(news)), next(news).kind] == ["4", "5", "snapshot"]
        news.close()

    def test_without_reconnecting_a_loss_is_an_error(self, admin: FakeAdmin) -> None:
        """Whoever counts lines wants to know."""
        news = following(admin.path, reconnect=False)
        next(news)
        admin.do(admin.daemon.stop)
        with pytest.raises(NoDaemonError):
            next(news)
        admin.do(lambda: admin.daemon.start(admin.path))

    def test_refused_for_good_and_for_now(self, admin: FakeAdmin) -> None:
        """Who may not look need not try again; who found no room may."""

        def answer(code: int) -> bytes:
            return json.dumps({"id": None, "error": {"code": code, "message": "no", "data": {}}}).encode() + b"\n"

        admin.daemon.raw = answer(AdminErrorCode.REFUSED)
        news = following(admin.path)
        assert [next(news).kind, next(news).kind, next(news).kind] == ["lost", "back", "snapshot"]
        news.close()
        admin.daemon.raw = answer(AdminErrorCode.FORBIDDEN)
        with pytest.raises(CommandError, match="admin_users or observers") as caught:
            next(following(admin.path))
        assert caught.value.status == 1


class TestWatch:
    def test_one_line_each(self, admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
        """Heads once where it is no terminal; the first line at once."""
        assert main(["watch", "-n", "1"]) == 0
        head, line = capsys.readouterr().out.splitlines()
        assert head.split()[:3] == ["time", "state", "mem"]
        assert line.split()[1:6] == ["ok", "300", "40", "6", "600"]
        assert len(head) == len(line)
        assert admin.asked("subscribe") == [{"interval": 1.0}]

    def test_csv_and_json(self, admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
        """For programs: as many fields as names, one object a line."""
        assert main(["watch", "-n", "1", "--csv", "-i", "0.5"]) == 0
        head, row = capsys.readouterr().out.splitlines()
        assert dict(zip(head.split(","), row.split(","), strict=True))["memory_mb"] == "300"
        assert main(["watch", "-n", "1", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["state"] == "ok"

    @pytest.mark.parametrize("arguments", [["-i", "0.01"], ["-i", "2m"], ["-n", "0"], ["--csv", "--plain"]])
    def test_bad_usage(self, arguments: list[str]) -> None:
        """What the daemon would refuse is refused here."""
        with pytest.raises(SystemExit) as caught:
            main(["watch", *arguments])
        assert caught.value.code == 2

    def test_no_daemon(self, capsys: pytest.CaptureFixture[str]) -> None:
        """With a number of lines, or where it is asked for, there is no second attempt."""
        for more in (["-n", "2"], ["--no-reconnect"]):
            assert main(["watch", "--admin-socket", "/nowhere", *more]) == 3
            assert "No daemon on /nowhere" in capsys.readouterr().err

    def test_through_a_restart_until_interrupted(self, admin: FakeAdmin) -> None:
        """In a process of its own: figures, an event, the loss, the way back; Ctrl-C ends it quietly with 130."""
        command = [sys.executable, "-m", "bridge.cli", "watch", "--events"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert next(lines).startswith("time ")
            assert " ok " in next(lines)
            event = episode_event(1, 1, time.time(), cause="x\x1b[2J")
            admin.do(lambda: admin.daemon.add_event(event))
            assert "EVENT violation of concurrent, peak 106 of 100 calls, by x\\x1b[2J" in next(lines)
            admin.do(admin.daemon.stop)
            assert "NO DAEMON " in next(lines)
            admin.do(lambda: admin.daemon.start(admin.path))
            assert "BACK connected" in next(lines)
            assert " ok " in next(lines)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (130, "")

    def test_on_a_terminal(self, admin: FakeAdmin) -> None:
        """Levels have a colour there, and none with NO_COLOR or on a dumb terminal."""
        admin.daemon.snapshot.state = "violation"
        for environ, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            main_end, terminal = pty.openpty()
            command = [sys.executable, "-m", "bridge.cli", "watch", "-n", "1"]
            environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "", **environ}
            subprocess.run(command, stdout=terminal, env=environment, timeout=30, check=True)
            os.close(terminal)
            shown = os.read(main_end, 1 << 16)
            os.close(main_end)
            assert (b"\x1b[1;31m" in shown) == coloured
            assert b"violation" in shown


class TestEvents:
    def test_follow_as_json(self, admin: FakeAdmin) -> None:
        """One event a line, the past ones first."""
        admin.daemon.add_event(change_event(1, 1, 0.0, reason="old"))
        command = [sys.executable, "-m", "bridge.cli", "events", "--follow", "--json", "-n", "5"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["change"]["reason"] == "old"
            admin.do(lambda: admin.daemon.add_event(change_event(2, 2, 0.0, reason="new")))
            assert json.loads(process.stdout.readline())["change"]["reason"] == "new"
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert process.returncode == 130
