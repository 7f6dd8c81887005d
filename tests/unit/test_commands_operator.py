"""The operator's commands against a scriptable daemon: what they ask, what they print, how they exit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from fake_admin import FakeAdmin, fake_admin
from fake_daemon import HOSTILE, change_event, episode_event

from bridge.adminwire import (
    AdminError,
    AdminErrorCode,
    Change,
    Episode,
    LimitsResult,
    OperatorRow,
    Preview,
    PreviewOutcome,
    Temporary,
    Unconfirmed,
)
from bridge.cli import main


@pytest.fixture
def admin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAdmin]:
    with fake_admin(tmp_path) as server:
        monkeypatch.setenv("CPAN_BRIDGE_ADMIN_SOCKET", server.path)
        yield server


@attrs.frozen
class Outcome:
    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return ``run("limits", "set", ...)``, which runs a command in this process."""

    def go(*arguments: str) -> Outcome:
        try:
            status = main(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
        return Outcome(status, *capsys.readouterr())

    return go


def refusing(code: int, message: str, **data: object) -> Callable[[object], object]:
    def answer(_: object) -> object:
        raise AdminError(code, message, **data)

    return answer


def is_safe(text: str) -> bool:
    """Whether nothing but printable characters and line ends is in a text."""
    return all(char.isprintable() or char == "\n" for char in text)


class TestStatus:
    @pytest.mark.parametrize(
        ("state", "status"), [("ok", 0), ("warning", 1), ("draining", 1), ("violation", 2), ("frobbed", 3)]
    )
    def test_exit_status_is_that_of_a_check(self, admin: FakeAdmin, run: Run, state: str, status: int) -> None:
        """The same for people, for programs and in brief; a state of a newer daemon is not taken for a good one."""
        admin.daemon.snapshot.state = state
        assert [run("status", *more).status for more in ([], ["--json"], ["--brief"])] == [status] * 3

    def test_page(self, admin: FakeAdmin, run: Run) -> None:
        """What is wrong, since when, why, what ends by itself and what waits for somebody: all on one page."""
        snapshot = admin.daemon.snapshot
        now = time.time()
        snapshot.state, snapshot.waiting, snapshot.oldest_wait = "violation", 3, 0.44
        snapshot.resources["cpu"].value, snapshot.resources["cpu"].level = 246.0, "violation"
        snapshot.refused_minute = {"cpu": 30, "rate": 7}
        snapshot.temporary = [Temporary("max_cpu_percent", 200, 150, now + 252.5, 1, "bob")]
        snapshot.unconfirmed = Unconfirmed(17, now + 41.5, {"max_memory_mb": 512}, "alice")
        snapshot.open_episodes = [
            Episode(
                2, "cpu", "violation", now - 42.5, None, "violation", 250, 240, 200, 37, "report.daily by perl[20021]"
            )
        ]
        snapshot.operators.append(OperatorRow(2, 1001, 4712, "eve\x1b[2J"))
        found = run("status")
        assert found.status == 2
        lines = found.out.splitlines()
        assert lines[0].startswith("cpanbridge 1.2.3: VIOLATION X, pid ")
        assert [line.split() for line in lines if line.startswith("cpu")] == [
            ["cpu", "%", "246", "200", "123", "60", "X", "violation"]
        ]
        for text in (
            "4 in flight of 100 slots, 3 waiting (longest 0.4s)",
            "1000 calls: 990 ok, 10 failed, 0 refused",
            "37 refused (cpu 30, rate 7)",
            "X violation of cpu for 42s, peak 250 of 200 %, 37 refused, by report.daily by perl[20021]",
            "max_cpu_percent 200, back to 150 in 4m12s (by bob)",
            "revision 17 by alice rolls back in 41s; to keep it: cpanbridge limits confirm",
            "eve\\x1b[2J (uid 1001, pid 4712) observes",
        ):
            assert text in found.out
        assert "alice (uid 1000" not in found.out  # that is this command itself
        assert is_safe(found.out)
        assert max(map(len, lines[:10])) <= 80

    def test_brief(self, admin: FakeAdmin, run: Run) -> None:
        """One line; with trouble it tells what the trouble is."""
        assert run("status", "--brief").out == (
            "OK - memory 300/1024 MB, cpu 40/200 %, concurrent 6/100 calls, rate 600/2000 calls/min, "
            "connections 100/1000, lag 2/250 ms\n"
        )
        snapshot = admin.daemon.snapshot
        snapshot.state, snapshot.resources["cpu"].level, snapshot.resources["cpu"].value = "warning", "warning", 182
        snapshot.refused_minute = {"rate": 3}
        assert run("status", "--brief").out == "WARNING - cpu 182/200 % (91 %), 3 refused in the last minute\n"

    def test_json_keeps_what_this_version_does_not_know(self, admin: FakeAdmin, run: Run) -> None:
        """Programs get what the daemon said, in ASCII: hidden characters do not reach a terminal."""
        plain = {"boot_id": "x", "now": 1.0, "state": "ok", "novelty": "\u202e\x9b"}
        admin.daemon.answers["status"] = lambda _: plain
        found = run("status", "--json")
        assert json.loads(found.out) == plain
        assert found.out.isascii()

    def test_nothing_known_is_3(self, admin: FakeAdmin, run: Run) -> None:
        """Neither a daemon that refuses nor one that is away may look like a warning to a check."""
        admin.daemon.answers["status"] = refusing(AdminErrorCode.FORBIDDEN, "You may not.")
        found = run("status", "--brief")
        assert (found.status, found.out.split(" - ")[0]) == (3, "UNKNOWN")
        assert "ask the daemon's operator" in found.err
        found = run("status", "--brief", "--admin-socket", "/nowhere")
        assert (found.status, found.out.startswith("UNKNOWN - No daemon on /nowhere")) == (3, True)
        assert run("status", "--admin-socket", "/nowhere").out == ""

    def test_it_starts_at_once(self, admin: FakeAdmin) -> None:
        """A whole answer without the daemon's or the console's libraries, and without the libraries of limits."""
        code = (
            f"import sys, bridge.cli; bridge.cli.main(['status', '--admin-socket', {admin.path!r}]);"
            "print(*{'twisted', 'psutil', 'textual', 'rich', 'console', 'attrs', 'tomllib', 'asyncio', 'tomlkit'}"
            " & set(sys.modules))"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
        assert result.stdout.splitlines()[-1] == ""


class TestLimits:
    def test_table(self, admin: FakeAdmin, run: Run) -> None:
        """Value, default, configured, range and unit; who set those that were changed, and why."""
        at = time.time() - 60
        admin.daemon.limits["max_requests_per_minute"] = 2400
        admin.daemon.add_event(change_event(1, 18, at))
        admin.daemon.add_event(change_event(2, 19, at, changes={"max_cpu_percent": (100, 150)}))  # changed back since
        found = run("limits")
        [row] = [line.split() for line in found.out.splitlines() if line.startswith("max_requests_per_minute ")]
        assert row == ["max_requests_per_minute", "2400", "2000", "2400", "1..10000000", "calls/min"]
        assert 'set by alice (uid 1000, pid 4711), "campaign start"' in found.out
        assert "max_cpu_percent:" not in found.out
        assert max(map(len, found.out.splitlines()[:10])) <= 80

    def test_set(self, admin: FakeAdmin, run: Run) -> None:
        """Short names and durations are understood, also behind options; the answer says what is in force."""
        now = time.time()
        admin.daemon.answers["limits.set"] = lambda _: LimitsResult(
            18,
            {},
            {},
            {"max_requests_per_minute": (2000, 400)},
            temporary=[Temporary("max_requests_per_minute", 400, 2000, now + 600.5, 18, "root")],
            unconfirmed=Unconfirmed(18, now + 60.5, {}, "root"),
            change=Change(3, 18, now, "set", "root"),
            warnings=["the disk is full\x07"],
        )
        found = run(
            "limits", "set", "rate=400", "--for", "10m", "--confirm-within", "60s", "--reason", "why", "--expect", "17",
            "warning=0.7",
        )  # fmt: skip
        assert admin.asked("limits.set") == [
            {
                "limits": {"max_requests_per_minute": 400, "warning_ratio": 0.7},
                "expected_revision": 17,
                "reason": "why",
                "for": 600.0,
                "confirm_within": 60.0,
            }
        ]
        assert found.status == 0
        assert "max_requests_per_minute    2000    400\n" in found.out
        assert "revision 18." in found.out
        assert "400 until " in found.out
        assert "(for 10m00s more), then back to 2000" in found.out
        assert "Revision 18 rolls back in 1m00s unless it is confirmed: cpanbridge limits confirm" in found.out
        assert "Warning: the disk is full\\x07" in found.out

    def test_dry_run(self, admin: FakeAdmin, run: Run) -> None:
        """It says that nothing was changed."""
        admin.daemon.answers["limits.set"] = lambda _: LimitsResult(17, {}, {}, {"max_cpu_percent": (200, 150)})
        assert "Nothing was changed; this is what would be." in run("limits", "set", "cpu=150", "--dry-run").out
        assert admin.asked("limits.set")[0]["dry_run"] is True

    def test_same_values(self, admin: FakeAdmin, run: Run) -> None:
        """No change is no error, but it is said."""
        admin.daemon.answers["limits.set"] = lambda _: LimitsResult(17, {}, {})
        found = run("limits", "set", "cpu=150")
        assert (found.status, found.out) == (
            0,
            "Nothing to change: these values are in force already (revision 17).\n",
        )

    def test_conflict(self, admin: FakeAdmin, run: Run) -> None:
        """Status 1, and the daemon's sentence names who was faster; programs get all of it."""
        sentence = "The limits were changed meanwhile: max_cpu_percent is 72, by bob 3 s ago (revision 18)."
        admin.daemon.answers["limits.set"] = refusing(AdminErrorCode.CONFLICT, sentence, revision=18)
        assert run("limits", "set", "cpu=150") == Outcome(1, "", f"cpanbridge: {sentence}\n")
        found = run("limits", "set", "cpu=150", "--json")
        assert json.loads(found.out) == {"error": {"code": -32002, "message": sentence, "data": {"revision": 18}}}

    def test_every_problem_has_its_line(self, admin: FakeAdmin, run: Run) -> None:
        """As many lines as there are problems."""
        admin.daemon.answers["limits.set"] = refusing(AdminErrorCode.INVALID_PARAMS, "a; b", problems=["a", "b\x1b"])
        assert run("limits", "set", "cpu=150").err == "cpanbridge: a\ncpanbridge: b\\x1b\n"

    @pytest.mark.parametrize(
        "arguments",
        [["set"], ["set", "memry=3"], ["set", "rate"], ["set", "rate=x"], ["set", "rate=1", "--for", "soon"],
         ["set", "rate=1", "--colour"], ["set", "rate=1", "--dry-run", "--what-if"],
         ["set", "rate=1", "--what-if", "9h"], ["preview"], ["preview", "rate=1", "--minutes", "0"],
         ["undo", "last"], ["frob"], ["log", "-n", "0"]],
    )  # fmt: skip
    def test_bad_usage_asks_nobody(self, admin: FakeAdmin, run: Run, arguments: list[str]) -> None:
        """Status 2 before the daemon has heard of it."""
        found = run("limits", *arguments)
        assert (found.status, found.out) == (2, "")
        assert found.err
        assert admin.daemon.requests == []

    @pytest.mark.parametrize(
        ("arguments", "minutes"),
        [(["set", "rate=400", "--what-if"], 15), (["set", "--what-if", "rate=400"], 15),
         (["set", "--what-if", "30m", "rate=400"], 30), (["set", "--what-if=1h", "rate=400"], 60),
         (["preview", "rate=400", "--minutes", "5"], 5), (["preview", "rate=400"], 15)],
    )  # fmt: skip
    def test_preview(self, admin: FakeAdmin, run: Run, arguments: list[str], minutes: float) -> None:
        """What would have been, beside what is; nothing is ever set."""
        now = PreviewOutcome({"max_requests_per_minute": 350}, 1000, 80, 37, {"rate": 37}, 0.24, 0.9, 41, 3, 312)
        proposed = PreviewOutcome({"max_requests_per_minute": 400}, 1000, 4, 0, {}, 0.1, 0.2, 0, 0, 96)
        admin.daemon.answers["limits.preview"] = lambda _: Preview(
            900, 900, now, proposed, 71, 69, 380, 471.4, ["one\x1b", "two"]
        )
        found = run("limits", *arguments)
        assert found.status == 0
        assert admin.asked("limits.preview") == [{"limits": {"max_requests_per_minute": 400}, "minutes": minutes}]
        assert admin.asked("limits.set") == []
        rows = [line.split() for line in found.out.splitlines()]
        for row in (
            ["max_requests_per_minute", "350", "400"],
            ["refused", "calls", "37", "0"],
            ["by", "rate", "calls", "37", "0"],
            ["wait", "p95", "ms", "240", "100"],
            ["violation", "s", "41", "0"],
        ):
            assert row in rows
        assert "about 471 MB" in found.out
        assert "Note: one\\x1b\nNote: two\n" in found.out
        assert "Nothing was changed." in found.out

    def test_undo_confirm_save(self, admin: FakeAdmin, run: Run) -> None:
        """Each asks what its name says."""
        result = LimitsResult(
            19, {}, {}, {"max_cpu_percent": (150, 200)}, change=Change(4, 19, 0.0, "undo", detail="d")
        )
        admin.daemon.answers |= {
            "limits.undo": lambda _: result,
            "limits.confirm": lambda _: result,
            "limits.save": lambda _: {"path": "/etc/x.toml", "changes": {"max_cpu_percent": [None, 150]}},
        }
        assert "max_cpu_percent     150    200" in run("limits", "undo", "18", "--reason", "r").out
        assert run("limits", "undo").status == 0
        assert admin.asked("limits.undo") == [{"revision": 18, "reason": "r"}, {}]
        assert run("limits", "confirm").out == "Confirmed: d.\n"
        assert "Saved to /etc/x.toml." in run("limits", "save").out

    def test_log(self, admin: FakeAdmin, run: Run) -> None:
        """The journal, one line for each entry, never cut."""
        reason = "y" * 150
        admin.daemon.add_event(change_event(1, 18, 1e9, reason=reason, user="al\nice"))
        found = run("limits", "log", "-n", "5")
        assert admin.asked("journal") == [{"limit": 5}]
        assert len(found.out.splitlines()) == 2
        assert reason in found.out
        assert "al\\nice" in found.out

    def test_json_stands_anywhere(self, admin: FakeAdmin, run: Run) -> None:
        """Options of `limits` hold for the commands below it."""
        for arguments in (["--json"], ["--json", "log"], ["log", "--json"]):
            json.loads(run("limits", *arguments).out)
        assert run("limits", "--admin-socket", "/nowhere", "log").status == 3


class TestLists:
    def test_hostile_connections(self, admin: FakeAdmin, run: Run) -> None:
        """Names that clients gave themselves stay in their cells; one line each."""
        found = run("connections")
        assert is_safe(found.out)
        assert len(found.out.splitlines()) == 100 + 3
        assert found.out.endswith("\n100 connections\n")

    def test_sorted(self, admin: FakeAdmin, run: Run) -> None:
        """Figures from the largest, texts from A to Z, numbers that are names from the smallest."""

        def column(title: str, *arguments: str) -> list[str]:
            lines = run("connections", "--filter", "perl[", *arguments).out.splitlines()
            return [line.split()[lines[0].split().index(title)] for line in lines[1:-2]]

        calls = [int(text) for text in column("id", "--sort", "calls")]
        assert calls == sorted(calls, reverse=True)
        assert column("id", "--sort", "calls", "--reverse") == [str(number) for number in reversed(calls)]
        assert column("user", "--sort", "user") == sorted(column("user", "--sort", "user"))
        pids = [int(text) for text in column("pid", "--sort", "pid")]
        assert pids == sorted(pids)

    def test_filter(self, admin: FakeAdmin, run: Run) -> None:
        """Any name or number, whatever its case."""
        found = run("connections", "--filter", "WWW-data")
        rows = found.out.splitlines()[1:-2]
        assert rows
        assert all("www-data" in row for row in rows)
        assert found.out.endswith(f"100 connections, {len(rows)} shown\n")

    def test_close(self, admin: FakeAdmin, run: Run) -> None:
        """The number, guarded by the process id."""
        admin.daemon.answers["connections.close"] = lambda params: {"id": params["id"], "pid": 7}
        assert (
            run("connections", "close", "12", "--pid", "7", "--reason", "r").out == "Closed connection 12 of pid 7.\n"
        )
        assert admin.asked("connections.close") == [{"id": 12, "pid": 7, "reason": "r"}]
        admin.daemon.answers["connections.close"] = refusing(AdminErrorCode.NOT_FOUND, "There is no connection 12.")
        assert run("connections", "close", "12") == Outcome(1, "", "cpanbridge: There is no connection 12.\n")

    def test_functions(self, admin: FakeAdmin, run: Run) -> None:
        """Times in ms, the slowest first where that is asked for."""
        lines = run("functions", "--sort", "p99").out.splitlines()
        assert lines[0].split()[-8:] == ["p50", "ms", "p95", "ms", "p99", "ms", "max", "ms"]
        assert lines[1].split()[0] == "module19.work"
        assert max(map(len, lines)) <= 80

    def test_history(self, admin: FakeAdmin, run: Run) -> None:
        """A table for people, every column for a spreadsheet."""
        admin.daemon.boot(history=20)
        assert len(run("history", "--seconds", "10s").out.splitlines()) == 11
        head, *rows = run("history", "--csv", "--seconds", "5").out.splitlines()
        assert head.split(",")[:3] == ["at", "calls", "errors"]
        assert [len(row.split(",")) for row in rows] == [16] * 5

    def test_nothing_to_list(self, admin: FakeAdmin, run: Run) -> None:
        """A daemon that has just started is no error."""
        admin.daemon.connections = admin.daemon.functions = 0
        assert [run(name).status for name in ("connections", "functions", "history", "events", "operators")] == [0] * 5

    @pytest.mark.parametrize("command", ["connections", "functions", "history", "events", "operators", "limits"])
    def test_json(self, run: Run, command: str) -> None:
        """One document, in ASCII."""
        found = run(command, "--json")
        assert isinstance(json.loads(found.out), dict)
        assert found.out.isascii()

    def test_events(self, admin: FakeAdmin, run: Run) -> None:
        """Oldest first, open violations marked, hostile causes made safe."""
        admin.daemon.add_event(change_event(1, 1, 1e9, reason=HOSTILE[2]))
        admin.daemon.add_event(episode_event(2, 2, 1e9, cause=HOSTILE[3]))
        found = run("events", "-n", "7")
        assert admin.asked("events") == [{"limit": 7}]
        assert [line[20] for line in found.out.splitlines()] == [" ", "X"]
        assert is_safe(found.out)


class TestControl:
    def test_drain_and_resume(self, admin: FakeAdmin, run: Run) -> None:
        """The reason is passed on, and the way back is told."""
        admin.daemon.answers |= {"drain": admin.daemon.make_snapshot, "resume": admin.daemon.make_snapshot}
        assert "To take calls again: cpanbridge resume" in run("drain", "--reason", "kernel").out
        assert run("resume").status == 0
        assert (admin.asked("drain"), admin.asked("resume")) == ([{"reason": "kernel"}], [{}])

    def test_log_level(self, admin: FakeAdmin, run: Run) -> None:
        """Without a level it is only shown."""
        admin.daemon.answers["log_level"] = lambda params: {"before": "info", "after": params["level"]}
        assert run("log-level").out == "info\n"
        assert admin.asked("log_level") == []
        assert run("log-level", "debug").out == "Log level debug, before info.\n"
        assert run("log-level", "loud").status == 2

    def test_note(self, admin: FakeAdmin, run: Run) -> None:
        """Its text goes as it is."""
        admin.daemon.answers["events.note"] = lambda _: Change(1, 1, 0.0, "note", "alice")
        assert run("note", "line\x1b is back").out.endswith("by alice.\n")
        assert admin.asked("events.note") == [{"text": "line\x1b is back"}]

    def test_console(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every argument is the console's own, --help too; a folder called console in the way is not run."""
        called: list[Any] = []

        def execv(path: str, arguments: list[str]) -> None:
            called.append((path, arguments))
            raise SystemExit(0)

        monkeypatch.setattr(os, "execv", execv)
        with pytest.raises(SystemExit):
            main(["console", "--replay", "x", "--help"])
        assert called == [(sys.executable, [sys.executable, "-P", "-m", "console", "--replay", "x", "--help"])]
