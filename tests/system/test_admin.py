"""The operators' socket of a real daemon."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from daemon_process import Connection, DaemonProcess

from bridge.adminwire import (
    MAX_LINE,
    AdminErrorCode,
    Change,
    ConnectionRow,
    Event,
    FunctionRow,
    History,
    LimitsResult,
    OperatorRow,
    Preview,
    Snapshot,
)

Start = Callable[..., DaemonProcess]

OTHER = 60001
"""A uid that nobody has on this machine."""

AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="connects as another user; tests/daemon/test_admin.py tries the levels without"
)
HOSTILE = "\x1b]0;x\x07[/x]\u202e"
RATE, MEMORY, SLOTS = "max_requests_per_minute", "max_memory_mb", "max_concurrent_requests"


class Operator(Connection):
    """A connection to the operators' socket; notifications that come between answers are kept in ``pushed``."""

    def __init__(self, daemon: DaemonProcess) -> None:
        super().__init__(daemon.admin_socket)
        self.pushed: list[dict[str, Any]] = []
        self.number = 0

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the answer to a request, whole."""
        self.number += 1
        self.send(json.dumps({"id": self.number, "method": method, "params": params}).encode() + b"\n")
        while True:
            answer = json.loads(self.read_line())
            if "method" not in answer:
                assert answer["id"] == self.number
                return answer  # type: ignore[no-any-return]
            self.pushed.append(answer)

    def result(self, method: str, **params: Any) -> Any:
        answer = self.ask(method, **params)
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self.ask(method, **params)
        assert "result" not in answer, answer
        return answer["error"]  # type: ignore[no-any-return]

    def set(self, *, lasting: float | None = None, **wanted: Any) -> Any:
        """Change limits: ``set(max_memory_mb=99, lasting=5, options={...})``."""
        options = wanted.pop("options", {})
        if lasting is not None:
            options = {**options, "for": lasting}
        return self.result("limits.set", limits=wanted, **options)

    def snapshot(self) -> dict[str, Any]:
        """Return the next snapshot that is pushed."""
        while True:
            message = self.pushed.pop(0) if self.pushed else json.loads(self.read_line())
            if message.get("method") == "snapshot":
                return message["params"]  # type: ignore[no-any-return]


@pytest.fixture
def operator(daemon: DaemonProcess) -> Iterator[Operator]:
    with Operator(daemon) as operator:
        yield operator


@contextlib.contextmanager
def as_user(uid: int) -> Iterator[None]:
    """Let what connects meanwhile be another user's: the kernel notes the effective uid."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def in_force(daemon: DaemonProcess) -> dict[str, float]:
    with Operator(daemon) as operator:
        return operator.result("limits.get")["after"]  # type: ignore[no-any-return]


def actions(daemon: DaemonProcess) -> list[str]:
    with Operator(daemon) as operator:
        return [entry["action"] for entry in operator.result("journal")["entries"]]


class TestEveryMethod:
    def test_once_each(self, start_daemon: Start) -> None:
        """Every method of the protocol, with the shape that the protocol promises."""
        daemon = start_daemon(toml="[limits]\nmax_memory_mb = 2048 # half\n")
        client = daemon.connect()
        client.call("test", "ping")
        done: set[str] = set()
        with Operator(daemon) as operator:

            def call(method: str, shape: Any, **params: Any) -> Any:
                done.add(method)
                return msgspec.convert(operator.result(method, **params), shape)

            status = call("status", Snapshot, connections=True, functions=True)
            assert (status.pid, status.socket) == (daemon.pid, str(daemon.socket))
            assert status.state in {"ok", "warning"}  # a busy machine may have the daemon lag
            assert status.connections_total == len(status.connections) == 1
            assert list(status.resources) == ["memory", "cpu", "concurrent", "rate", "connections", "lag"]
            assert [each.you for each in status.operators] == [True]
            assert call("subscribe", Snapshot, interval=0.2).interval == 0.2
            assert operator.snapshot()["boot_id"] == status.boot_id
            call("unsubscribe", dict)
            got = call("limits.get", LimitsResult)
            assert got.before == got.after == got.configured
            assert got.after[MEMORY] == 2048
            assert got.about[MEMORY].high == 16_777_216
            before = got.revision
            made = call("limits.set", LimitsResult, limits={RATE: 400}, confirm_within=60)
            assert (made.revision, made.changed, made.unconfirmed.revision) == (
                before + 1,
                {RATE: (2000, 400)},
                before + 1,
            )
            assert call("limits.confirm", LimitsResult).unconfirmed is None
            assert call("limits.undo", LimitsResult).after[RATE] == 2000
            call("limits.set", LimitsResult, limits={MEMORY: 1536})
            saved = call("limits.save", dict)
            assert saved == {"path": str(daemon.config), "changes": {MEMORY: [2048, 1536]}, "warnings": []}
            daemon.wait_until(lambda: operator.result("history")["rows"], bool, "a second of history")
            history = call("history", History, seconds=60)
            assert abs(history.rows[-1][0] - time.time()) < 5
            assert sum(row[history.fields.index("calls")] for row in history.rows) >= 1
            assert call("limits.preview", Preview, limits={RATE: 300}, minutes=1).proposed.limits[RATE] == 300
            change = call("events.note", Change, text="half time")
            assert (change.user, change.pid, change.uid) == (change.user, os.getpid(), os.geteuid())
            events = msgspec.convert(call("events", dict)["events"], list[Event])
            assert events[-1].change == change
            done.add("events.acknowledge")
            assert operator.error("events.acknowledge", id=events[-1].id)["code"] == AdminErrorCode.NOT_FOUND
            entries = msgspec.convert(call("journal", dict)["entries"], list[Change])
            assert entries[-1] == change
            [row] = msgspec.convert(call("connections", dict)["connections"], list[ConnectionRow])
            assert (row.pid, row.state, row.calls) == (os.getpid(), "idle", 1)
            functions = msgspec.convert(call("functions", dict)["functions"], list[FunctionRow])
            ping = next(each for each in functions if each.name == "test.ping")
            assert ping.calls >= 2
            assert 0 < ping.p50 <= ping.p99 <= ping.longest * 1.2 + 0.001
            [me] = msgspec.convert(call("operators", dict)["operators"], list[OperatorRow])
            assert (me.level, me.pid) == ("operate", os.getpid())
            assert call("connections.close", dict, id=row.id, pid=os.getpid(), boot_id=status.boot_id)["id"] == row.id
            with pytest.raises((ConnectionError, OSError)):
                client.call("test", "ping")
            assert call("drain", Snapshot).state == "draining"
            assert call("resume", Snapshot).state in {"ok", "warning"}
            assert call("log_level", dict, level="debug")["before"] == "info"
            assert done == set(operator.error("?")["data"]["methods"])
        assert daemon.config.read_text() == "[limits]\nmax_memory_mb = 1536 # half\n"


class TestTheSocket:
    def test_mode(self, daemon: DaemonProcess) -> None:
        """Nobody else's business, unless the settings name somebody; the journal is nobody's in any case."""
        assert stat.S_IMODE(daemon.admin_socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(daemon.journal.stat().st_mode) == 0o600

    @pytest.mark.parametrize("setting", ["--admin-users", "--observers"])
    def test_mode_with_others(self, start_daemon: Start, setting: str) -> None:
        """Where others are named the socket is open, and the uid alone decides; the callers' stays as it is."""
        daemon = start_daemon(f"{setting}={OTHER}")
        assert stat.S_IMODE(daemon.admin_socket.stat().st_mode) == 0o666
        assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600

    def test_naming_oneself_opens_nothing(self, start_daemon: Start) -> None:
        """Root and the daemon's own user come in anyway."""
        daemon = start_daemon(f"--admin-users=root,{os.geteuid()}", "--observers=no-such-user")
        assert stat.S_IMODE(daemon.admin_socket.stat().st_mode) == 0o600
        assert "observers names no-such-user" in daemon.log_text()

    def test_a_second_daemon(self, daemon: DaemonProcess, start_daemon: Start) -> None:
        """It does not start, says why, leaves the first one alone and nothing of its own behind."""
        second = start_daemon(f"--admin-socket={daemon.admin_socket}", wait=False)
        with pytest.raises(RuntimeError) as caught:
            second.start()
        assert f"{daemon.admin_socket} is in use by a daemon (pid {daemon.pid})" in str(caught.value)
        assert "Traceback" not in str(caught.value)
        assert not second.socket.exists()
        assert in_force(daemon)[SLOTS] == 100
        assert daemon.call("test", "ping")["success"]

    def test_a_second_daemon_on_one_journal(self, daemon: DaemonProcess, start_daemon: Start) -> None:
        """Nor do two daemons write one journal."""
        second = start_daemon(f"--journal={daemon.journal}", wait=False)
        with pytest.raises(RuntimeError, match="another daemon writes this journal"):
            second.start()
        assert not second.socket.exists()
        assert not second.admin_socket.exists()

    def test_journal_that_is_a_link(self, start_daemon: Start) -> None:
        """It is not followed: the daemon says so and leaves no socket behind."""
        daemon = start_daemon(wait=False)
        precious = daemon.folder / "precious"
        precious.write_text("precious")
        daemon.journal.symlink_to(precious)
        with pytest.raises(RuntimeError, match="symbolic link") as caught:
            daemon.start()
        assert "Traceback" not in str(caught.value)
        assert precious.read_text() == "precious"
        assert not daemon.socket.exists()
        assert not daemon.admin_socket.exists()

    def test_gone_in_the_end(self, daemon: DaemonProcess) -> None:
        """An orderly stop removes the socket, also while operators watch."""
        with Operator(daemon) as operator:
            operator.result("subscribe", interval=0.1)
            assert daemon.stop() == 0
            assert not daemon.admin_socket.exists()
            assert "Traceback" not in daemon.log_text()

    def test_sixty_four(self, daemon: DaemonProcess) -> None:
        """The 65th connection is told why it is closed; when one leaves there is room again."""
        with contextlib.ExitStack() as stack:
            attached = [stack.enter_context(Operator(daemon)) for _ in range(64)]
            for each in attached:
                each.result("unsubscribe")
            late = stack.enter_context(Operator(daemon))
            assert json.loads(late.read_line())["error"]["code"] == AdminErrorCode.REFUSED
            assert late.socket.recv(1) == b""
            assert daemon.call("test", "ping")["success"]
            attached[0].close()
            attached[1].result("unsubscribe")
            daemon.wait_until(
                lambda: len(attached[1].result("operators")["operators"]), lambda count: count == 63, "one to leave"
            )
            assert stack.enter_context(Operator(daemon)).result("unsubscribe") == {}


@AS_ROOT
class TestOtherUsers:
    @pytest.fixture
    def reachable(self, start_daemon: Start) -> Callable[..., DaemonProcess]:
        def start(*options: str) -> DaemonProcess:
            daemon = start_daemon(*options)
            daemon.folder.chmod(0o711)
            return daemon

        return start

    def test_nobody_named(self, reachable: Start) -> None:
        """Without a setting others do not even get to connect."""
        daemon = reachable()
        with as_user(OTHER), pytest.raises(PermissionError):
            Operator(daemon)

    def test_observer(self, reachable: Start) -> None:
        """An observer sees everything and changes nothing."""
        daemon = reachable(f"--observers={OTHER}")
        with as_user(OTHER):
            otto = Operator(daemon)
        with otto:
            assert otto.result("status")["operators"][0]["level"] == "observe"
            error = otto.error("limits.set", limits={MEMORY: 99})
            assert (error["code"], "admin_users" in error["message"]) == (AdminErrorCode.FORBIDDEN, True)
            assert otto.error("drain")["code"] == AdminErrorCode.FORBIDDEN
        assert in_force(daemon)[MEMORY] == 1024

    def test_operator(self, reachable: Start) -> None:
        """Who is named in admin_users may change things, under his own uid."""
        daemon = reachable(f"--admin-users={OTHER}")
        with as_user(OTHER):
            anna = Operator(daemon)
        with anna:
            change = anna.set(max_memory_mb=512)["change"]
        assert (change["uid"], change["pid"], change["user"]) == (OTHER, os.getpid(), str(OTHER))
        assert f"(by {OTHER} (uid {OTHER}, pid {os.getpid()}))" in daemon.wait_for_log("Limits changed")

    def test_neither(self, reachable: Start) -> None:
        """Anybody else is told why, and it is logged."""
        daemon = reachable(f"--observers={OTHER}")
        with as_user(OTHER + 1):
            eve = Operator(daemon)
        with eve:
            assert json.loads(eve.read_line())["error"]["code"] == AdminErrorCode.FORBIDDEN
            assert eve.socket.recv(1) == b""
        assert f"(uid {OTHER + 1}, pid {os.getpid()}) is neither" in daemon.wait_for_log("Refused at the admin socket")

    def test_taken_away_by_sighup(self, start_daemon: Start) -> None:
        """Whose right a reload takes is sent away, though he was attached before."""
        daemon = start_daemon(toml=f'admin_users = ["{OTHER}"]\n')
        daemon.folder.chmod(0o711)
        with as_user(OTHER):
            anna = Operator(daemon)
        with anna:
            anna.result("unsubscribe")
            daemon.config.write_text("")
            os.kill(daemon.pid, signal.SIGHUP)
            with pytest.raises(ConnectionError):
                anna.read_line()
        assert "may not use the admin socket any more" in daemon.log_text()


class TestHostile:
    def test_too_long(self, daemon: DaemonProcess) -> None:
        """A line without end is cut off with an error; the daemon goes on."""
        with Operator(daemon) as operator:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                operator.send(b"x" * (3 * MAX_LINE))
            answer = json.loads(operator.read_line())
            assert (answer["id"], answer["error"]["code"]) == (None, AdminErrorCode.INVALID_REQUEST)
            with contextlib.suppress(ConnectionResetError):
                assert operator.socket.recv(10) == b""
        assert in_force(daemon)[SLOTS] == 100

    def test_garbage(self, daemon: DaemonProcess, operator: Operator) -> None:
        """Noise, half lines, deep nesting: each answered, none believed, nothing in the log."""
        lines = [b"\xff" * 5000, b"GET / HTTP/1.1", b"[" * 60_000, b'{"a":' * 60_000, b'{"id":1,"method":"drain"', b"0"]
        for line in lines:
            operator.send(line + b"\n")
            assert json.loads(operator.read_line())["error"]["code"] in {-32700, -32600}
        assert operator.result("status")["draining"] is False
        assert "Traceback" not in daemon.log_text()

    def test_batch(self, operator: Operator) -> None:
        """A batch is refused in words."""
        operator.send(b'[{"id":1,"method":"drain"}]\n')
        assert "one request a line" in json.loads(operator.read_line())["error"]["message"]

    def test_client_names(self, daemon: DaemonProcess, operator: Operator) -> None:
        """What a caller calls itself reaches no operator, no journal and no log as it is."""
        with daemon.connect() as client:
            client.call("test", "ping", perl_caller=HOSTILE, client_version=HOSTILE)
            client.call(HOSTILE, HOSTILE)
            client.send(b'{"module":"test","function":"sleep","params":[30]}\n')
            found: list[object] = [
                operator.result("connections"),
                operator.result("functions"),
                operator.result("status", connections=True, functions=True),
            ]
            row = operator.result("connections")["connections"][0]
            assert row["client"].startswith(r"\x1b]0;x\x07[/x]\u202e")
            operator.result("connections.close", id=row["id"], reason=HOSTILE)
        operator.result("events.note", text=HOSTILE)
        operator.set(max_memory_mb=512, options={"reason": HOSTILE})
        found += [operator.result("events"), operator.result("journal"), operator.error(HOSTILE)]
        for each in found:
            assert json.dumps(each, ensure_ascii=False).isprintable()
        for text in (daemon.journal.read_text(), daemon.log_text()):
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
            assert all(line.isprintable() for line in text.splitlines())


class TestChanges:
    def test_in_force_at_once(self, daemon: DaemonProcess, operator: Operator) -> None:
        """When the answer is there, the next call meets the new limit; the log says who did it."""
        operator.set(max_requests_per_minute=1, backpressure_seconds=0.01, options={"reason": "stop it"})
        daemon.call("test", "ping")
        refused = daemon.call("test", "ping")
        assert (refused["error_type"], refused["limit"]) == ("Throttled", "rate")
        log = daemon.wait_for_log("Limits changed")
        assert "max_requests_per_minute 2000 -> 1" in log
        assert f"pid {os.getpid()}): stop it" in log

    def test_all_or_nothing(self, daemon: DaemonProcess, operator: Operator) -> None:
        """A bad value spoils the set, a dry run changes nothing, an old revision is told who was first."""
        for limits in ({MEMORY: 512, RATE: 0}, {MEMORY: 512, "self": 1}, {MEMORY: 10**400}, {}):
            assert operator.error("limits.set", limits=limits)["code"] == AdminErrorCode.INVALID_PARAMS
        operator.set(max_memory_mb=512, options={"dry_run": True})
        assert in_force(daemon)[MEMORY] == 1024
        revision = operator.result("limits.get")["revision"]
        operator.set(max_memory_mb=700)
        error = operator.error("limits.set", limits={MEMORY: 300}, expected_revision=revision)
        assert error["code"] == AdminErrorCode.CONFLICT
        assert "max_memory_mb is 700, by " in error["message"]
        assert "s ago" in error["message"]
        assert error["data"]["change"]["pid"] == os.getpid()
        assert in_force(daemon)[MEMORY] == 700

    def test_temporary(self, daemon: DaemonProcess, operator: Operator) -> None:
        """Two on top of each other end in the value before both; one that became permanent stays."""
        operator.result("subscribe", interval=60)
        operator.set(max_memory_mb=512, max_requests_per_minute=400, lasting=1)
        operator.set(max_memory_mb=256, lasting=1.5)
        operator.set(max_requests_per_minute=300)
        daemon.wait_until(lambda: in_force(daemon)[MEMORY], lambda value: value == 1024, "the old value")
        time.sleep(0.2)
        assert in_force(daemon)[RATE] == 300
        assert actions(daemon)[-1] == "expire"
        assert operator.result("status")["temporary"] == []

    def test_commit_confirmed(self, daemon: DaemonProcess, operator: Operator) -> None:
        """It rolls back by itself; meanwhile nobody changes anything; confirmed or undone, it is over."""
        operator.set(max_connections=7, options={"confirm_within": 5})
        with Operator(daemon) as other:
            assert other.result("status")["unconfirmed"]["restore"] == {"max_connections": 1000}
            assert other.error("limits.set", limits={MEMORY: 99})["code"] == AdminErrorCode.CONFLICT
        operator.close()  # whoever locks himself out cannot confirm
        daemon.wait_until(
            lambda: in_force(daemon)["max_connections"], lambda value: value == 1000, "the rollback", seconds=15
        )
        with Operator(daemon) as other:
            other.set(max_connections=8, options={"confirm_within": 5})
            other.result("limits.undo")
            other.set(max_connections=9, options={"confirm_within": 5})
            other.result("limits.confirm")
            assert other.result("status")["unconfirmed"] is None
        assert in_force(daemon)["max_connections"] == 9
        assert actions(daemon) == ["set", "rollback", "set", "undo", "set", "confirm"]

    def test_undo(self, daemon: DaemonProcess, operator: Operator) -> None:
        """Undo, undo of the undo, and none over somebody else's change."""
        first = operator.set(max_memory_mb=512)["revision"]
        assert operator.result("limits.undo")["after"][MEMORY] == 1024
        assert operator.result("limits.undo")["after"][MEMORY] == 512
        with Operator(daemon) as other:
            other.set(max_memory_mb=400)
        assert operator.error("limits.undo", revision=first + 2)["code"] == AdminErrorCode.CONFLICT
        assert in_force(daemon)[MEMORY] == 400

    def test_sighup(self, start_daemon: Start) -> None:
        """A reload keeps what an operator set where the file says what it said, and applies what it says anew."""
        daemon = start_daemon(toml="[limits]\nmax_memory_mb = 900\nmax_connections = 500\n")
        with Operator(daemon) as operator:
            operator.set(max_memory_mb=800, max_connections=400)
        daemon.config.write_text("[limits]\nmax_memory_mb = 900\nmax_connections = 600\n")
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for_log("Settings reloaded")
        limits = in_force(daemon)
        assert (limits[MEMORY], limits["max_connections"]) == (800, 600)
        assert actions(daemon)[-1] == "reload"
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_until(lambda: daemon.log_text().count("Settings reloaded"), lambda count: count == 2, "a reload")
        assert in_force(daemon)[MEMORY] == 800


class TestSave:
    def test_comments_and_mode(self, start_daemon: Start) -> None:
        """The file keeps its comments and its mode; a restart has the saved limits, no temporary one among them."""
        text = "# Ask Anna!\n[limits]\nmax_memory_mb = 900 # half\n\n[modules]\nenabled = []\n"
        daemon = start_daemon(toml=text)
        daemon.config.chmod(0o640)
        with Operator(daemon) as operator:
            operator.set(max_memory_mb=800)
            operator.set(max_connections=77, lasting=600)
            result = operator.result("limits.save")
            assert result["changes"] == {MEMORY: [900, 800]}
            assert "max_connections is 77 only for a while" in result["warnings"][0]
        assert daemon.config.read_text() == text.replace("900", "800")
        assert stat.S_IMODE(daemon.config.stat().st_mode) == 0o640
        daemon.restart()
        limits = in_force(daemon)
        assert (limits[MEMORY], limits["max_connections"]) == (800, 1000)

    def test_no_file(self, start_daemon: Start, tmp_path: Path) -> None:
        """Where there is no file none is made, and the message says what to do."""
        daemon = start_daemon(toml="")
        daemon.config.unlink()
        with Operator(daemon) as operator:
            operator.set(max_memory_mb=800)
            error = operator.error("limits.save")
        assert error["code"] == AdminErrorCode.REFUSED
        assert f"{daemon.config} does not exist" in error["message"]
        assert not daemon.config.exists()

    def test_the_environment_overrides(self, start_daemon: Start) -> None:
        """That a restart would not have the saved value is said; a reload does not throw the value in force away."""
        daemon = start_daemon(toml="", environ={"CPAN_BRIDGE_MAX_MEMORY_MB": "3000"})
        with Operator(daemon) as operator:
            operator.set(max_memory_mb=800)
            [warning] = operator.result("limits.save")["warnings"]
        assert "max_memory_mb will be 3000 after a restart, not 800" in warning
        assert "environment" in warning
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for_log("Settings reloaded")
        assert in_force(daemon)[MEMORY] == 800

    def test_a_file_with_another_fault(self, start_daemon: Start) -> None:
        """Limits are saved into a file that a restart would not accept for other reasons, and that is said."""
        daemon = start_daemon(toml="")
        daemon.config.write_text('log_level = "loud"\n')
        with Operator(daemon) as operator:
            operator.set(max_memory_mb=800)
            result = operator.result("limits.save")
        assert "log_level must be one of" in result["warnings"][0]
        assert "max_memory_mb = 800" in daemon.config.read_text()


class TestTheJournal:
    @pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
    def test_across_restarts(self, daemon: DaemonProcess, end: signal.Signals) -> None:
        """Also after kill -9 who changed what is known, numbers go on, undo works, and temporary limits are gone."""
        with Operator(daemon) as operator:
            operator.set(max_memory_mb=512, options={"reason": "deploy"})
            operator.result("limits.undo")
            operator.set(max_connections=77, lasting=600)
            revision = operator.result("journal")["revision"]
        daemon.signal_and_wait(end)
        daemon.start()
        assert in_force(daemon)["max_connections"] == 1000
        with Operator(daemon) as operator:
            found = operator.result("journal")
            assert [entry["action"] for entry in found["entries"]] == ["set", "undo", "set", "start"]
            assert found["entries"][0]["reason"] == "deploy"
            assert found["entries"][-1]["changes"] == {"max_connections": [77, 1000]}
            assert found["revision"] == revision + 1
            assert operator.result("limits.undo", revision=2)["after"][MEMORY] == 512

    def test_damage(self, daemon: DaemonProcess) -> None:
        """A torn last line and a damaged one cost nothing else; the log says what became of them."""
        with Operator(daemon) as operator:
            operator.result("events.note", text="first")
            operator.result("events.note", text="second")
        daemon.kill()
        first, second = daemon.journal.read_bytes().splitlines()
        daemon.journal.write_bytes(first + b"\nnonsense\n" + second + b'\n{"number":3,')
        daemon.start()
        with Operator(daemon) as operator:
            operator.result("events.note", text="third")
            assert [entry["reason"] for entry in operator.result("journal")["entries"]] == ["first", "second", "third"]
        log = daemon.log_text()
        assert "its last line was not finished" in log
        assert "lines are no entries" in log
        assert daemon.journal.with_name(daemon.journal.name + ".damaged").read_bytes() == b"nonsense\n"
        assert len(daemon.journal.read_bytes().splitlines()) == 3

    @pytest.mark.parametrize("how", ["no room", "largest file"])
    def test_full_disk(self, start_daemon: Start, tmp_path: Path, how: str) -> None:
        """The change is in force and says that it is not written down; once there is room, it is."""
        daemon = start_daemon(wait=False)
        with contextlib.ExitStack() as stack:
            if how == "no room":
                daemon.journal = stack.enter_context(small_disk(tmp_path)) / "journal"
                daemon.options.append(f"--journal={daemon.journal}")
            daemon.start()
            stack.callback(daemon.kill)
            operator = stack.enter_context(Operator(daemon))
            operator.result("events.note", text="before")
            before = daemon.journal.read_bytes()
            if how == "no room":
                filler = daemon.journal.with_name("filler")
                with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                    while file.write(b"x" * 1024):
                        pass
                assert os.statvfs(daemon.journal.parent).f_bavail == 0
                long = "x" * 190  # an entry may still fit into what is left of the journal's last page
                for _ in range(30):
                    warnings = operator.set(max_memory_mb=512 + operator.number, options={"reason": long})["warnings"]
                    if warnings:
                        break
            else:
                resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (len(before) + 20, resource.RLIM_INFINITY))
                warnings = operator.set(max_memory_mb=512)["warnings"]
            assert "could not be written down" in warnings[0]
            entry = operator.result("journal")["entries"][-1]
            assert in_force(daemon)[MEMORY] == entry["changes"][MEMORY][1]
            assert daemon.call("test", "ping")["success"]
            written = daemon.journal.read_bytes()
            assert written.startswith(before)
            assert written.endswith(b"}\n")  # nothing half written
            if how == "no room":
                filler.unlink()
            else:
                resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            operator.result("events.note", text="after")
            numbers = [json.loads(line)["number"] for line in daemon.journal.read_bytes().splitlines()]
            assert numbers == list(range(1, len(numbers) + 1))
            assert json.loads(daemon.journal.read_bytes().splitlines()[-1])["reason"] == "after"


@contextlib.contextmanager
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 KiB; skip where that is not allowed (a limit on the size of files is tried everywhere)."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount") or "mount"
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run([shutil.which("umount") or "umount", "-l", place], check=True)


WATCHER = """
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rwb")
f.write(b'{"id":1,"method":"subscribe","params":{"interval":0.1,"connections":true}}\\n'); f.flush()
for line in f:
    m = json.loads(line)
    if m.get("method") == "snapshot":
        p = m["params"]
        print(json.dumps([p["gap"], p["sequence"], p["now"]]), flush=True)
"""


class TestSubscribers:
    def test_interval(self, operator: Operator) -> None:
        """Snapshots come as often as asked for, not faster; subscribing again replaces it."""
        operator.result("subscribe", interval=5)
        operator.result("subscribe", interval=0.25)
        times = [operator.snapshot()["now"] for _ in range(7)]
        assert times[-1] - times[0] >= 6 * 0.25 - 0.05
        operator.result("unsubscribe")
        operator.pushed.clear()
        operator.socket.settimeout(0.6)
        with pytest.raises(TimeoutError):
            operator.read_line()

    def test_a_reader_that_stops(self, daemon: DaemonProcess, operator: Operator) -> None:
        """A stopped reader costs no memory, then gets the newest snapshot and what it missed; others notice nothing."""
        for _ in range(200):
            daemon.connect().call("test", "ping")
        child = subprocess.Popen([sys.executable, "-c", WATCHER, daemon.admin_socket], stdout=subprocess.PIPE)
        try:
            assert child.stdout is not None
            operator.result("subscribe", interval=0.1, connections=True)
            for _ in range(20):
                operator.snapshot()
            seen = [json.loads(child.stdout.readline()) for _ in range(10)]
            process = psutil.Process(daemon.pid)
            child.send_signal(signal.SIGSTOP)
            operator.snapshot()
            before = process.memory_info().rss
            stopped = time.monotonic()
            gaps = 0
            count = 0
            while time.monotonic() - stopped < 5:
                gaps += operator.snapshot()["gap"]
                count += 1
            assert abs(process.memory_info().rss - before) < 2 * 1048576
            assert count >= 20
            note = operator.result("events.note", text="while it slept")
            child.send_signal(signal.SIGCONT)
            lines = [json.loads(child.stdout.readline())]
            while not lines[-1][0]:
                lines.append(json.loads(child.stdout.readline()))
            gap, sequence, now = lines[-1]
            assert gap >= 0.7 * (count - 5)
            assert sequence == seen[-1][1] + 1
            assert note["at"] - 0.5 < now
            # Before it came at most what lay in its own buffers when it was stopped.
            assert all(each[2] < note["at"] - 4 for each in lines[:-1])
            rows = operator.result("operators")["operators"]
            assert next(row for row in rows if row["pid"] == child.pid)["gaps"] == gap
            found = operator.result("events", since=seen[-1][1])["events"]
            assert [event["change"]["reason"] for event in found] == ["while it slept"]
            assert gaps <= count // 4
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        daemon.wait_until(
            lambda: len(operator.result("operators")["operators"]), lambda n: n == 1, "it to be forgotten"
        )

    def test_a_reader_of_nothing(self, daemon: DaemonProcess, operator: Operator) -> None:
        """Who asks and asks and never reads is not read any more; others are served."""
        with Operator(daemon) as deaf:
            deaf.socket.settimeout(1)
            line = b'{"id":1,"method":"limits.get"}\n' * 500
            sent = 0
            with contextlib.suppress(TimeoutError):
                while sent < 50_000_000:
                    deaf.socket.send(line)
                    sent += len(line)
            assert sent < 20_000_000
            assert operator.result("status")["state"] in {"ok", "warning"}
        assert daemon.call("test", "ping")["success"]


class TestActs:
    def test_close_guards(self, daemon: DaemonProcess, operator: Operator) -> None:
        """A wrong pid or another start's number closes nothing; the right ones do."""
        with daemon.connect() as client:
            client.call("test", "ping")
            found = operator.result("connections")
            [row] = found["connections"]
            for wrong in ({"pid": os.getpid() + 1}, {"boot_id": "0" * 32}, {"id": row["id"] + 1000}):
                error = operator.error("connections.close", **{"id": row["id"], **wrong})
                assert error["code"] == AdminErrorCode.NOT_FOUND
            assert client.call("test", "ping")["success"]
            operator.result("connections.close", id=row["id"], pid=os.getpid(), boot_id=found["boot_id"])
            assert client.socket.recv(1) == b""
        entry = operator.result("journal")["entries"][-1]
        assert entry["action"] == "close"
        assert f"connection {row['id']} of pid {os.getpid()}" in entry["detail"]

    def test_close_a_busy_one(self, daemon: DaemonProcess, operator: Operator) -> None:
        """A connection whose call runs or waits can be closed, and its slot comes back."""
        with daemon.connect() as client:
            client.send(b'{"module":"test","function":"sleep","params":[30]}\n')
            row = daemon.wait_until(
                lambda: operator.result("connections")["connections"], lambda rows: rows[0]["state"] == "busy", "a call"
            )[0]
            assert row["function"] == "test.sleep"
            operator.result("connections.close", id=row["id"])
            assert client.socket.recv(1) == b""
        daemon.wait_until(lambda: operator.result("status")["in_flight"], lambda count: count == 0, "the slot")

    def test_drain_with_a_waiting_call(self, start_daemon: Start) -> None:
        """What waits still gets its turn; new calls are refused until the daemon takes calls again."""
        daemon = start_daemon("--max-concurrent-requests=1", "--backpressure-seconds=20")
        with Operator(daemon) as operator:
            running, waiting = daemon.connect(), daemon.connect()
            running.send(b'{"module":"test","function":"sleep","params":[1]}\n')
            daemon.wait_until(lambda: operator.result("status")["in_flight"], lambda count: count == 1, "the first")
            waiting.send(b'{"module":"test","function":"sleep","params":[0.1]}\n')
            daemon.wait_until(lambda: operator.result("status")["waiting"], lambda count: count == 1, "the second")
            assert operator.result("drain", reason="deploy")["state"] == "draining"
            assert daemon.call("test", "ping")["error_type"] == "Draining"
            assert json.loads(running.read_line())["success"]
            assert json.loads(waiting.read_line())["success"]
            assert daemon.call("test", "ping")["error_type"] == "Draining"
            assert operator.result("resume")["draining"] is False
            assert daemon.call("test", "ping")["success"]
        assert "Drain by " in daemon.log_text()
        assert actions(daemon)[-2:] == ["drain", "resume"]

    def test_log_level(self, daemon: DaemonProcess, operator: Operator) -> None:
        """From the answer on the log has the lines of that level; a reload brings back the configured one."""
        operator.result("log_level", level="error")
        operator.set(max_memory_mb=512)
        assert operator.result("status")["log_level"] == "error"
        operator.result("log_level", level="info")
        operator.set(max_memory_mb=513)
        log = daemon.wait_for_log("512 -> 513")
        assert "1024 -> 512" not in log
        operator.result("log_level", level="debug")
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for_log("Settings reloaded")
        assert operator.result("status")["log_level"] == "info"

    def test_saturated(self, start_daemon: Start) -> None:
        """All slots busy and the queue full: nobody is answered but the operator."""
        daemon = start_daemon("--backpressure-seconds=50")
        with Operator(daemon) as operator:
            callers = [daemon.connect() for _ in range(300)]
            for each in callers:
                each.send(b'{"module":"test","function":"sleep","params":[50]}\n')
            status = daemon.wait_until(
                lambda: operator.result("status", connections=True, rows=1000),
                lambda seen: (seen["in_flight"], seen["waiting"]) == (100, 200),
                "all slots and the queue to fill",
            )
            states = [row["state"] for row in status["connections"]]
            assert (states.count("busy"), states.count("queued")) == (100, 200)
            assert daemon.call("test", "ping")["error_type"] == "Throttled"
            for method in ("limits.get", "history", "events", "connections", "functions", "operators"):
                operator.result(method)
            # And he can do something about it.
            operator.set(max_concurrent_requests=300)
            assert operator.result("status")["in_flight"] == 300
            for each in callers:
                each.socket.setblocking(False)
                with pytest.raises(BlockingIOError):
                    each.socket.recv(1)


class TestPreview:
    def test_agrees_with_the_load_that_was(self, start_daemon: Start) -> None:
        """Replayed under the limits in force, the recorded load is refused about as often as it really was."""
        daemon = start_daemon("--max-concurrent-requests=5", "--backpressure-seconds=0.3")
        with Operator(daemon) as operator:
            callers = [daemon.connect() for _ in range(240)]
            begin = time.monotonic()
            for number, each in enumerate(callers):
                time.sleep(max(0.0, begin + number / 30 - time.monotonic()))
                each.send(b'{"module":"test","function":"sleep","params":[0.4]}\n')
            refused = sum(not json.loads(each.read_line())["success"] for each in callers)
            assert 60 < refused < 220
            time.sleep(1.2)  # until the last second is recorded
            made = operator.result("limits.preview", limits={SLOTS: 40}, minutes=1)
        assert 240 <= made["current"]["calls"] <= 260  # the fixture asked, too
        assert abs(made["current"]["refused"] - refused) <= 0.06 * 240
        assert made["proposed"]["refused"] == 0
        assert 10 <= made["demand_concurrent_max"] <= 16
