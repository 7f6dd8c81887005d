"""The console as an operator has it: the real program in a terminal of its own, a real daemon, real keys."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from daemon_process import Connection, DaemonProcess
from terminal import Terminal, open_terminal  # noqa: F401 - the fixture

StartDaemon = Callable[..., DaemonProcess]
StartConsole = Callable[..., Terminal]

WIDE = (120, 40)
SMALL = (80, 24)

LEAVE_SCREEN = (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l", b"\x1b[?25h", b"\x1b[?2004l")
"""Back from the alternate screen, no mouse reports, the cursor shown, pasted text as it is."""


class Admin:
    """Another operator: asks the daemon's admin socket directly."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self._connection = Connection(daemon.admin_socket)
        self._numbers = itertools.count(1)

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Return the result; an error of the daemon fails the test."""
        answer = self._connection.request({"id": next(self._numbers), "method": method, "params": params})
        assert "result" in answer, answer
        return answer["result"]

    def limit(self, name: str) -> float:
        """Return a limit that is in force."""
        return self.ask("limits.get")["after"][name]

    def set(self, **limits: float) -> None:
        """Change limits."""
        self.ask("limits.set", limits=limits)

    def journal(self) -> list[dict[str, Any]]:
        """Return the newest entries of the journal, oldest first."""
        return self.ask("journal")["entries"]

    def until(self, look: Callable[[Admin], Any], seconds: float = 20.0) -> Any:
        """Return what ``look`` says once it is true."""
        give_up = time.monotonic() + seconds
        while not (seen := look(self)):
            assert time.monotonic() < give_up, self.ask("status")
            time.sleep(0.02)
        return seen

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def admin_of() -> Iterator[Callable[[DaemonProcess], Admin]]:
    """Return a function that connects to a daemon's admin socket."""
    made: list[Admin] = []

    def connect(daemon: DaemonProcess) -> Admin:
        made.append(Admin(daemon))
        return made[-1]

    yield connect
    for each in made:
        each.close()


@pytest.fixture
def admin(daemon: DaemonProcess, admin_of: Callable[[DaemonProcess], Admin]) -> Admin:
    """Return another operator of ``daemon``."""
    return admin_of(daemon)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return a whole environment in which nothing comes from the shell that runs the tests."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "COLORTERM": "truecolor", **more}


@pytest.fixture
def start_console(open_terminal: Callable[..., Terminal], tmp_path: Path) -> StartConsole:  # noqa: F811 - the fixture
    """Return ``start_console(daemon, *options, size=WIDE, badge="[LIVE]", environ={...})``; it runs in ``tmp_path``."""

    def start(
        daemon: DaemonProcess | None,
        *options: str,
        size: tuple[int, int] = WIDE,
        badge: str = "[LIVE]",
        environ: dict[str, str] | None = None,
    ) -> Terminal:
        where = [] if daemon is None else ["--admin-socket", str(daemon.admin_socket)]
        command = [sys.executable, "-m", "console", *where, *options]
        terminal = open_terminal(command, size=size, environ=environment(tmp_path, **(environ or {})), folder=tmp_path)
        if badge:
            terminal.wait_for(badge)
        return terminal

    return start


def introduce(daemon: DaemonProcess, name: str, calls: int = 1) -> Connection:
    """Open a connection whose client calls itself ``name``."""
    connection = daemon.connect()
    for _ in range(calls):
        assert connection.call("test", "echo", [1], perl_caller=name)["success"]
    return connection


def hold(daemon: DaemonProcess, count: int, seconds: float = 3600) -> list[Connection]:
    """Open connections and have each hold a call open."""
    connections = [daemon.connect() for _ in range(count)]
    for connection in connections:
        connection.send(b'{"module":"test","function":"sleep","params":[%g]}\n' % seconds)
    return connections


def arm(console: Terminal) -> None:
    """Turn write mode on."""
    console.send("W")
    console.wait_for("RW armed")


def edit(console: Terminal, value: int) -> None:
    """Open the editor in write mode with a new value for the calls at once."""
    console.send(f":limit concurrent {value}", "Enter")
    console.wait_for("new limit")


def press(console: Terminal, key: str, result: str) -> bool:
    """Press a key unless its result is there: for a dialog whose focus moves without being seen."""
    if result in console.text:
        return True
    console.send(key)
    time.sleep(0.3)
    return False


def cursor_row(console: Terminal) -> str:
    """Return the line of the cursor's row."""
    return next((line for line in console.lines if re.match(r"^.?>", line)), "")


def order(console: Terminal, *names: str) -> list[str]:
    """Return names in the order in which the screen shows them."""
    return sorted((name for name in names if console.line_with(name)), key=console.text.index)


class TestViews:
    @pytest.mark.parametrize("size", [WIDE, SMALL], ids=["120x40", "80x24"])
    def test_six_views(self, daemon: DaemonProcess, start_console: StartConsole, size: tuple[int, int]) -> None:
        """Limits, connections and functions are there at once; each number key shows its view."""
        client = introduce(daemon, "o.pl", calls=3)
        console = start_console(daemon, size=size)
        bar = re.compile(r"(OK|WARN|VIOL) +(mem|cpu|concurr|rate|conns|lag) .* \d+/\d+ ")
        console.wait_for(lambda text: len(bar.findall(text)) == 6, what="6 limits")
        console.wait_for("o.pl")
        if size == WIDE:
            console.wait_for("test.echo")
            assert re.search(r"slots 0/100", console.wait_for("slots"))
        console.send("2")
        console.wait_for(re.compile(r"\[2 Conn.*\(1\)").search)
        assert "o.pl" in console.text
        console.send("3")
        assert re.search(r"test\.echo +3 ", console.wait_for(re.compile(r"\[3 Func.*test\.echo", re.DOTALL).search))
        console.send("4")
        console.wait_for("[4 Ev")
        console.wait_for("Events (episodes)")
        console.send("5")
        console.wait_for(re.compile(r"\[5 Lim.*max_requests_per_minute +2000", re.DOTALL).search)
        console.send("6")
        console.wait_for(re.compile(r"\[6 Jour.*no change was ever made", re.DOTALL).search)
        console.send("1")
        console.wait_for("[1 Over")
        client.close()
        console.wait_for("no connections")

    def test_an_exported_size_does_not_count(self, daemon: DaemonProcess, start_console: StartConsole) -> None:
        """COLUMNS and LINES are what a shell once exported; the terminal knows how large it is, and when it changes."""
        console = start_console(daemon, environ={"COLUMNS": "40", "LINES": "12"})
        console.wait_for("6 Journal")
        assert len(console.lines[1]) == WIDE[0]
        console.resize(100, 30)
        console.wait_for(lambda _: len(console.lines[1]) == 100)

    def test_resizes(self, daemon: DaemonProcess, start_console: StartConsole) -> None:
        """No size ends it, not with a dialog open either; the badge is the last thing to be cut."""
        hold(daemon, 5)
        console = start_console(daemon)
        arm(console)
        for dialog in ("", "e", "?"):
            if dialog:
                console.send(dialog)
                console.wait_for("Esc c")
            for size in ((79, 24), (60, 15), (40, 12), (20, 6), (10, 3), SMALL, WIDE):
                console.resize(*size)
                console.wait_for(
                    "[LIVE]" if size[1] > 3 and (not dialog or size[1] > 12) else lambda text: text.strip()
                )
            if dialog:
                console.wait_for("Esc c")
                console.send("Esc")
                console.wait_gone("Esc c")
        console.send("q")
        assert console.wait_end() == 0

    def test_hostile_names(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """Markup, escapes, wide and right-to-left letters in names and notes neither end it nor reach the terminal."""
        evil = "\x1b]0;owned\x07\x1b[31;5mEVIL\x1b[2J\x9b33m"
        names = [
            "[/x]",
            "[bold",
            evil,
            "\u202eright\u2066left\u200f",
            "漢字漢字" * 40,
            "e" + "\u0301" * 60,
            "x" * 10_000,
        ]
        clients = [introduce(daemon, name) for name in names]
        for name in names:
            admin.ask("events.note", text=f"note {name[:150]}")
        console = start_console(daemon)
        console.wait_for("[/x]")
        for view in "23456":
            console.send(view)
            console.wait_for(f"[{view} ")
        console.wait_for("note [/x]")
        for _ in range(3):
            console.send("Enter")
            console.wait_for("Esc closes")
            console.send("Esc", "Down")
            console.wait_gone("Esc closes")
        console.send("2", "Y")
        console.wait_raw(b"\x1b]52;c;")
        for each in range(len(names)):
            console.send("Enter")
            console.wait_for("Esc closes")
            console.send("Esc")
            console.wait_gone("Esc closes")
            if not each:
                arm(console)
            console.send("x")
            console.wait_for("Close connection")
            console.send("Esc", "Down")
            console.wait_gone("Close connection")
        console.send("/", "[/x]", "Enter")
        console.wait_for("(1 of 7)")
        console.send("P", "E")
        console.wait_for("Wrote 1 rows")
        console.send("q")
        assert console.wait_end() == 0
        raw = console.raw
        for bad in (b"\x1b]0;owned", b"\x1b[31;5m", b"\x9b33m", "\x9b".encode(), "\u202e".encode(), "\u2066".encode()):
            assert bad not in raw
        copied = base64.b64decode(re.findall(rb"\x1b\]52;c;([\w+/=]*)", raw)[0]).decode()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", copied)
        del clients

    def test_a_thousand_connections(self, start_daemon: StartDaemon, start_console: StartConsole) -> None:
        """They are all there, can be walked through, and keys are obeyed promptly."""
        daemon = start_daemon("--max-connections=2000")
        hold(daemon, 20)
        sockets = []
        for _ in range(980):
            each = socket.socket(socket.AF_UNIX)
            each.connect(str(daemon.socket))
            sockets.append(each)
        try:
            console = start_console(daemon, size=(160, 50))
            console.send("2")
            console.wait_for("Connections (1000)")
            first = cursor_row(console)
            console.send("G")
            console.wait_for(lambda _: cursor_row(console) not in {first, ""})
            console.send("/", "state:busy", "Enter")
            console.wait_for("Connections (20 of 1000)")
            console.send("Esc")
            console.wait_for("Connections (1000)")
            start = time.monotonic()
            console.send("3")
            console.wait_for("[3 Func")
            assert time.monotonic() - start < 5
        finally:
            for each in sockets:
                each.close()


class TestLimits:
    def test_read_only_until_armed(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """Keys that change anything say how; W arms and disarms; --read-only never does."""
        introduce(daemon, "o.pl")
        console = start_console(daemon)
        console.wait_for("o.pl")
        before = admin.journal()
        for key in "euxDw":
            console.send(key)
            console.wait_for("Read-only. Press W")
            assert not {"Cancel", "Close connection", "new limit"} & set(console.text.split("\n"))
            console.send("^l")
        arm(console)
        console.send("W")
        console.wait_for("RO  X0")
        console.send("q")
        assert console.wait_end() == 0
        watching = start_console(daemon, "--read-only")
        watching.send("W")
        watching.wait_for("watch only")
        watching.send("D")
        assert "RW armed" not in watching.text
        watching.send("q")
        assert watching.wait_end() == 0
        assert admin.journal() == before

    def test_change_and_undo(
        self, start_daemon: StartDaemon, start_console: StartConsole, admin_of: Callable[[DaemonProcess], Admin]
    ) -> None:
        """A number typed and confirmed is in force, in the journal, and felt by callers; u takes it back."""
        daemon = start_daemon("--max-concurrent-requests=20", "--backpressure-seconds=60")
        admin = admin_of(daemon)
        console = start_console(daemon)
        arm(console)
        console.send("5")
        console.wait_for("[5 Lim")
        console.wait_for(lambda _: "max_concurrent_requests" in cursor_row(console))
        console.send("e")
        console.wait_for("limit 20 calls")
        console.send("5", "0", "0")
        console.wait_for("Apply 20 -> 500")
        console.send("y")
        console.wait_for("20 -> 500: confirmed")
        assert admin.limit("max_concurrent_requests") == 500
        entry = admin.journal()[-1]
        assert (entry["action"], entry["changes"]) == ("set", {"max_concurrent_requests": [20, 500]})
        assert (entry["uid"], entry["pid"]) == (os.getuid(), console.process.pid)

        # Fewer than are in use: the number must be typed again, and callers beyond it wait.
        callers = hold(daemon, 8, 3600)
        admin.until(lambda them: them.ask("status")["in_flight"] == 8)
        console.wait_for(lambda _: re.search(r" 8 +1 +\d", console.line_with("max_concurrent_requests")) or True)
        console.send("e")
        console.wait_for("limit 500 calls")
        console.wait_for(lambda text: "8 in use" in text, what="the use in the dialog")
        console.send("5")
        console.wait_for("below the 8 in use")
        console.send("y")
        console.wait_for("Type 5 once more")
        assert admin.limit("max_concurrent_requests") == 500
        console.send("5")
        console.wait_for("Type it again: 5")
        console.send("BackTab")
        console.wait_for(lambda _: press(console, "y", "500 -> 5: confirmed"))
        console.wait_for(re.compile(r"500 -> 5: confirmed").search)
        assert admin.limit("max_concurrent_requests") == 5
        more = hold(daemon, 3, 0.01)
        admin.until(lambda them: them.ask("status")["waiting"] == 3)
        console.send("1")
        console.wait_for("slots 8/5")

        # Undo puts the former value back, and those who waited run.
        console.send("u")
        console.wait_for("Undo the last change")
        assert "max_concurrent_requests: 5 -> 500" in console.text
        console.send("y")
        for each in more:
            assert json.loads(each.read_line())["success"]
        assert admin.limit("max_concurrent_requests") == 500
        undo = admin.journal()[-1]
        assert (undo["action"], undo["undoes"]) == ("undo", entry["revision"] + 1)
        console.send("6")
        console.wait_for(re.compile(r"undo .*undoes revision").search)
        del callers

    def test_two_consoles(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """The second of two changes is refused, says who and when, and applies after another look."""
        first, second = start_console(daemon), start_console(daemon)
        for console, value in ((first, 50), (second, 60)):
            arm(console)
            edit(console, value)
        first.send("y")
        first.wait_for("100 -> 50: confirmed")
        second.wait_for("Apply 100 -> 60")
        second.send("y")
        text = second.wait_for("Nothing was changed.")
        assert admin.limit("max_concurrent_requests") == 50
        sentence = " ".join(text[text.index("Nothing was changed") :].split())
        user = admin.journal()[-1]["user"]
        assert re.search(rf"{user}", sentence), sentence
        assert re.search(r"\d\d:\d\d:\d\d|\d+(\.\d+)? s(econds)? ago", sentence), sentence
        second.wait_for("Apply 50 -> 60")
        second.send("y")
        second.wait_for("50 -> 60: confirmed")
        assert admin.limit("max_concurrent_requests") == 60
        # The first is told by itself, and its undo is about the change of the second.
        first.send("4")
        first.wait_for("50 -> 60")
        first.send("u")
        first.wait_for("concurrent_requests: 60 -> 50")
        admin.set(max_concurrent_requests=70)
        first.send("y")
        first.wait_gone("leaves everything as it is")
        told = first.wait_for("cannot be undone")
        assert "70: confirmed" not in told
        assert admin.limit("max_concurrent_requests") == 70

    def test_temporary_and_unconfirmed(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """Changes that end by themselves are counted down; c keeps one that waits to be confirmed."""
        console = start_console(daemon)
        arm(console)
        edit(console, 90)
        console.wait_for("Apply 100 -> 90")
        console.send("BackTab", "BackTab", "Right")
        console.wait_for("expires < 5 min >")
        console.send("Tab", "Right")
        console.wait_for("within < 60 s >")
        console.send("y")
        console.wait_for("rolls back in")
        waiting = admin.ask("status")
        assert waiting["unconfirmed"]["restore"] == {"max_concurrent_requests": 100}
        console.send("c")
        console.wait_gone("rolls back in")
        first = console.wait_for(re.compile(r"temporary: concurrent_requests 90, back to 100 in 4m\d\d").search)
        console.wait_for(lambda text: _left(text) not in {None, _left(first)}, what="the countdown to go on")
        assert admin.ask("status")["unconfirmed"] is None
        assert admin.limit("max_concurrent_requests") == 90
        assert admin.journal()[-1]["action"] == "confirm"
        # Nobody confirms, and time is over: both are seen without a key.
        admin.ask("limits.set", limits={"max_requests_per_minute": 1999}, **{"for": 1.5})
        console.send("5")
        console.wait_for(re.compile(r"max_requests_per_minute +1999").search)
        console.wait_for(re.compile(r"max_requests_per_minute +2000").search)
        admin.ask("limits.set", limits={"max_requests_per_minute": 1998}, confirm_within=5)
        console.wait_for(re.compile(r"max_requests_per_minute +1998").search)
        console.wait_for(re.compile(r"max_requests_per_minute +2000").search)
        console.send("6")
        console.wait_for("rollback")
        console.wait_for("expire")


def _left(text: str) -> str | None:
    found = re.search(r"back to 100 in (\S+)", text)
    return found.group(1) if found else None


class TestLink:
    def test_daemon_killed_under_a_dialog(
        self, daemon: DaemonProcess, start_console: StartConsole, admin_of: Callable[[DaemonProcess], Admin]
    ) -> None:
        """The console stays with what it knew, comes back by itself, and applies nothing twice."""
        introduce(daemon, "o.pl")
        console = start_console(daemon)
        arm(console)
        edit(console, 50)
        console.wait_for("Apply 100 -> 50")
        # The daemon stands still, is asked, and dies before it reads the question.
        os.kill(daemon.pid, signal.SIGSTOP)
        console.send("y")
        console.wait_for("Asking the daemon")
        daemon.kill()
        console.wait_for("[DOWN retry")
        console.wait_for("No answer")
        console.send("Esc")
        console.wait_gone("new limit")
        console.wait_for("o.pl")
        console.wait_for("test.echo")
        # A key that needs the daemon says so; it is kept for nobody.
        edit(console, 60)
        console.wait_for("Apply 100 -> 60")
        console.send("y")
        console.wait_for("Nothing was changed. There is no")
        daemon.start()
        console.wait_for("[LIVE]")
        console.send("Esc")
        console.wait_gone("new limit")
        console.send("4")
        console.wait_for("[4 Events")
        text = console.wait_for("daemon restarted")
        assert "reconnected after" in text
        admin = admin_of(daemon)
        assert admin.limit("max_concurrent_requests") == 100
        assert [entry for entry in admin.journal() if entry["action"] != "start"] == []
        # And it works as before.
        edit(console, 70)
        console.wait_for("Apply 100 -> 70")
        console.send("y")
        console.wait_for("100 -> 70: confirmed")
        assert admin.limit("max_concurrent_requests") == 70

    def test_a_console_that_is_stopped(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """The daemon drops what it cannot send and keeps nothing of it; others see no difference."""
        idle = [daemon.connect() for _ in range(300)]
        other, stopped = start_console(daemon), start_console(daemon, "-i", "0.1", badge="")
        before = stopped.modes()
        stopped.wait_for("Connections (300)")
        threads = psutil.Process(stopped.process.pid).num_threads()
        process = psutil.Process(daemon.pid)

        def gaps() -> int:
            rows = admin.ask("operators")["operators"]
            return sum(row["gaps"] for row in rows if row["pid"] == stopped.process.pid)

        stopped.signal(signal.SIGSTOP)
        admin.until(lambda _: gaps() >= 5)
        memory = process.memory_info().rss
        give_up = time.monotonic() + 30
        while gaps() < 30:
            assert "[LIVE]" in other.text, other.shown()
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert process.memory_info().rss - memory < 4 << 20
        other.send("3")
        other.wait_for("[3 Func")
        stopped.signal(signal.SIGCONT)
        stopped.wait_for("[LIVE]")
        idle.pop().close()
        stopped.wait_for("Connections (299)")
        # Nothing runs twice now, and the terminal is given back as it was in the beginning.
        assert psutil.Process(stopped.process.pid).num_threads() <= threads
        stopped.send("q")
        assert stopped.wait_end() == 0
        assert stopped.modes() == before

    def test_no_daemon_yet(self, start_daemon: StartDaemon, start_console: StartConsole) -> None:
        """Started first, the console says what is missing and goes on once there is a daemon."""
        daemon = start_daemon(wait=False)
        console = start_console(daemon, badge="[DOWN retry")
        console.wait_for("There is no socket")
        console.send("W", "e", "2", "1")
        daemon.start()
        console.wait_for("[LIVE]")
        console.wait_for("conns")


class TestTerminal:
    @pytest.mark.parametrize(
        ("end", "status"),
        [("q", 0), ("^q", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
        ids=["q", "ctrl-q", "SIGTERM", "SIGHUP"],
    )
    def test_terminal_is_given_back(
        self, daemon: DaemonProcess, start_console: StartConsole, end: str | signal.Signals, status: int
    ) -> None:
        """Screen, mouse, cursor and line mode are as before, whatever ends it; also under a dialog."""
        console = start_console(daemon, badge="")
        before = console.modes()
        console.wait_for("[LIVE]")
        assert console.modes() != before
        if isinstance(end, signal.Signals):
            console.send("?")
            console.wait_for("Esc closes")
            console.signal(end)
        else:
            console.send(end)
        assert console.wait_end() == status
        for sequence in LEAVE_SCREEN:
            assert console.raw.rindex(sequence) > console.raw.rindex(
                sequence.replace(b"l", b"h").replace(b"25h", b"25l")
            )
        assert console.modes() == before

    def test_suspended(self, daemon: DaemonProcess, start_console: StartConsole) -> None:
        """^z gives the terminal back to the shell; fg takes it again, and keys reach the console once."""
        console = start_console(daemon, badge="")
        before = console.modes()
        console.wait_for("[LIVE]")
        console.send("^z")
        process = psutil.Process(console.process.pid)
        console.wait_for(lambda _: process.status() == psutil.STATUS_STOPPED, what="the stop")
        assert console.modes() == before
        since = len(console.raw)
        console.signal(signal.SIGCONT)
        console.wait_raw(b"\x1b[?1049h", since=since)
        console.send("3")
        console.wait_for("[3 Func")
        console.send("q")
        assert console.wait_end() == 0
        assert console.modes() == before

    @pytest.mark.parametrize("how", ["hang-up", "stopped meanwhile", "without a signal"])
    def test_terminal_goes_away(
        self, daemon: DaemonProcess, start_console: StartConsole, tmp_path: Path, how: str
    ) -> None:
        """A console without a terminal ends, also where no signal tells it; it never spins in the background."""
        if how == "without a signal":
            master, slave = os.openpty()  # the controlling terminal of nobody
            command = [sys.executable, "-m", "console", "--admin-socket", str(daemon.admin_socket), "-i", "0.1"]
            process = subprocess.Popen(
                command, stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path, start_new_session=True,
                env=environment(tmp_path, TERM="xterm"),
            )  # fmt: skip
            try:
                seen = b""
                while b"[LIVE]" not in seen:
                    assert select.select([master], [], [], 25)[0]
                    seen += os.read(master, 65536)
                os.close(master)
                os.close(slave)
                assert process.wait(25) == 129
            finally:
                process.kill()
                process.wait()
            return
        console = start_console(daemon, "-i", "0.1")
        if how == "stopped meanwhile":
            console.signal(signal.SIGSTOP)
        console.hang_up()
        if how == "stopped meanwhile":
            console.signal(signal.SIGCONT)
        assert console.wait_end() == 129

    @pytest.mark.parametrize(
        "environ",
        [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "TEXTUAL_THEME": "textual-light"}, {"TEXTUAL_THEME": "no-such-theme"}],
        ids=["no-color", "no-color-light", "unknown-theme"],
    )
    def test_colours(self, daemon: DaemonProcess, start_console: StartConsole, environ: dict[str, str]) -> None:
        """No theme ends it, and with NO_COLOR no colour is ever sent."""
        hold(daemon, 3)
        console = start_console(daemon, environ=environ)
        console.wait_for("test.sleep")
        arm(console)
        for key, text in (("e", "new limit"), ("?", "Esc closes"), (":", "limit rate 400"), ("5", "[5 Lim")):
            console.send(key)
            console.wait_for(text)
            if key != "5":
                console.send("Esc")
                console.wait_gone(text)
        for _ in range(4):
            console.send("t")
            console.wait_for("Theme ")
        console.send("q")
        assert console.wait_end() == 0
        if "NO_COLOR" in environ:
            sent = {code for codes in re.findall(rb"\x1b\[([\d;]*)m", console.raw) for code in codes.split(b";")}
            assert sent <= {b"", b"0", b"1", b"2", b"3", b"4", b"7", b"9", b"39", b"49"}
        else:
            assert b"38;2;" in console.raw

    @pytest.mark.parametrize("how", ["option", "locale"])
    def test_ascii(self, start_daemon: StartDaemon, start_console: StartConsole, how: str) -> None:
        """With --ascii, or where the locale has no more, no byte is above 0x7f."""
        daemon = start_daemon("--max-concurrent-requests=5", "--backpressure-seconds=60")
        introduce(daemon, "名前\u00e9")
        hold(daemon, 60)
        options = ["--ascii"] if how == "option" else []
        environ = {} if how == "option" else {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        console = start_console(daemon, *options, environ=environ)
        console.wait_for("VIOL")
        for view in "23456":
            console.send(view)
            console.wait_for(f"[{view} ")
        console.send("2", "G", "/")
        console.wait_for("Enter keeps it")
        console.send("Esc")
        console.wait_gone("Enter keeps it")
        arm(console)
        edit(console, 7)
        console.wait_for("violation ")
        console.send("Esc")
        console.wait_gone("new limit")
        console.send("1", "Tab", "Tab", "Enter")
        console.wait_for("Esc closes")
        console.send("Esc")
        console.wait_gone("Esc closes")
        console.send("?")
        console.wait_for("Esc closes")
        console.send("Esc")
        console.resize(*SMALL)
        console.wait_for("[1 Over]")
        console.send("q")
        assert console.wait_end() == 0
        foreign = set(console.raw.decode("utf-8", "replace")) - set(map(chr, range(128)))
        assert not foreign

    def test_dumb_terminal_and_pipe(self, daemon: DaemonProcess, tmp_path: Path) -> None:
        """Without a terminal that can draw nothing is drawn: it becomes ``cpanbridge watch``."""
        command = [sys.executable, "-m", "console", "--admin-socket", str(daemon.admin_socket)]
        master, slave = pty.openpty()
        piped = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path,
            env=environment(tmp_path, TERM="xterm"),
        )  # fmt: skip
        dumb = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path, env=environment(tmp_path, TERM="dumb")
        )
        try:
            assert piped.stdout is not None
            for descriptor in (piped.stdout.fileno(), master):
                assert select.select([descriptor], [], [], 25)[0]
                assert b"\x1b" not in os.read(descriptor, 65536)
        finally:
            for each in (piped, dumb):
                each.kill()
                each.wait()
            piped.stdout.close()
            os.close(master)
            os.close(slave)


class TestRows:
    def test_pause_filter_sort_follow(self, daemon: DaemonProcess, start_console: StartConsole) -> None:
        """A paused table stands still; filter and order are obeyed; the cursor stays on its row."""
        alpha, beta, gamma = (
            introduce(daemon, f"name-{name}", calls) for name, calls in zip("abc", (9, 6, 3), strict=True)
        )
        console = start_console(daemon)
        console.send("2")
        console.wait_for("[2 Conn")
        console.send("s", "s")
        names = ("name-a", "name-b", "name-c")
        console.wait_for("sort: calls")
        console.wait_for(lambda _: order(console, *names) == list(names))
        console.send("I")
        console.wait_for(lambda _: order(console, *names) == list(names[::-1]))
        console.send("I")
        console.wait_for(lambda _: order(console, *names) == list(names))
        # Follow: gamma overtakes both, and keeps the cursor.
        console.send("Home", "Down", "Down")
        console.wait_for(lambda _: "name-c" in cursor_row(console))
        for _ in range(10):
            gamma.call("test", "echo", [1], perl_caller="name-c")
        console.wait_for(lambda _: order(console, *names) == ["name-c", "name-a", "name-b"])
        assert "name-c" in cursor_row(console)
        # Pause: rows stand, the header goes on.
        console.send(" ")
        console.wait_for("[PAUSED")
        for _ in range(20):
            beta.call("test", "echo", [1], perl_caller="name-b")
        newcomer = introduce(daemon, "name-d")
        behind = re.search(r"PAUSED \+(\d+)", console.wait_for("[PAUSED"))
        clock = console.lines[0].split()[-1]
        assert behind is not None

        def further(text: str) -> bool:
            now = re.search(r"PAUSED \+(\d+)", text)
            return now is not None and int(now.group(1)) >= int(behind.group(1)) + 6

        console.wait_for(further)
        console.wait_for(lambda _: console.lines[0].split()[-1] != clock)
        assert "[LIVE]" in console.text
        assert order(console, *names) == ["name-c", "name-a", "name-b"]
        assert "name-d" not in console.text
        console.send("I")  # sorting works on what stands still
        console.wait_for(lambda _: order(console, *names) == ["name-b", "name-a", "name-c"])
        console.send("I", " ")
        console.wait_gone("[PAUSED")
        console.wait_for(lambda _: order(console, *names) == ["name-b", "name-c", "name-a"])
        console.wait_for("name-d")
        # Filter: while it is typed; Esc in the line brings the old one back, Esc outside clears it.
        console.send("/", "name-b")
        console.wait_for("(1 of 4)")
        console.send("Enter")
        console.wait_for("filter: name-b")
        console.send("/x")
        console.wait_for("(0 of 4)")
        console.send("Esc")
        console.wait_gone("Enter keeps it")
        console.wait_for("filter: name-b")
        assert order(console, *names) == ["name-b"]
        console.send("/ state:", "Enter")
        console.wait_for("needs a value")
        console.send("Esc")
        console.wait_gone("needs a value")
        console.send("Esc")
        console.wait_for("Connections (4)")
        for each in (alpha, newcomer):
            each.close()
        console.wait_for("Connections (2)")

    def test_copy_and_export(self, daemon: DaemonProcess, start_console: StartConsole, tmp_path: Path) -> None:
        """Y, y: the clipboard by OSC 52; E: CSV and JSON; P: SVG and text."""
        introduce(daemon, "=1+1", calls=4)
        introduce(daemon, "other.pl", calls=2)
        console = start_console(daemon)
        console.send("2", "/", "=1+1", "Enter")
        console.wait_for("(1 of 2)")
        console.send("y")
        copied = re.search(rb"\x1b\]52;c;([\w+/=]+)\x07", console.wait_raw(b"\x1b]52;c;"))
        console.wait_for("Copied the row")
        assert copied
        assert "=1+1" in base64.b64decode(copied.group(1)).decode()
        console.send("E")
        console.wait_for("Wrote 1 rows")
        [table] = tmp_path.glob("cpanbridge-connections-*.csv")
        [row] = csv.DictReader(io.StringIO(table.read_text()))
        assert (row["calls"], row["client"]) == ("4", "'=1+1")
        [record] = json.loads(table.with_suffix(".json").read_text())
        assert (record["calls"], record["client"]) == (4, "=1+1")
        console.send("Esc")
        console.wait_for("Connections (2)")
        console.send("3")
        console.wait_for(re.compile(r"\[3 Func.*test\.ping", re.DOTALL).search)
        console.send("P")
        console.wait_for("Wrote cpanbridge-screen")
        [picture] = tmp_path.glob("cpanbridge-screen-*.txt")
        assert re.search(r"test\.echo +6 ", picture.read_text())
        svg = picture.with_suffix(".svg").read_text()
        assert svg.startswith("<svg")
        assert not re.search(r"(href|src|url\()[^\w]*http", svg)
        # Into a folder that cannot be written to it says so.
        if os.getuid():
            tmp_path.chmod(0o500)
            console.send("E")
            console.wait_for("Not written")
            tmp_path.chmod(0o700)

    def test_close_a_connection(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """The one that was asked about is closed, and no other, wherever its row went meanwhile."""
        clients = {name: introduce(daemon, f"name-{name}", calls) for name, calls in (("a", 8), ("b", 5), ("c", 2))}
        console = start_console(daemon)
        console.send("2", "s", "s")
        names = ("name-a", "name-b", "name-c")
        console.wait_for(lambda _: order(console, *names) == list(names))
        console.send("Home", "Down")
        console.wait_for(lambda _: "name-b" in cursor_row(console))
        arm(console)
        console.send("x")
        number = re.search(r"Close connection (\d+)", console.wait_for("Close connection"))
        assert number
        for _ in range(20):
            clients["c"].call("test", "echo", [1], perl_caller="name-c")
        console.send("Tab", "Tab", "y", "Esc")  # the reason takes letters; Esc leaves all as it is
        console.wait_gone("Close connection")
        console.wait_for(lambda _: order(console, *names) == ["name-c", "name-a", "name-b"])
        assert len(admin.ask("connections")["connections"]) == 3
        console.send("x")
        console.wait_for(f"Close connection {number.group(1)}")
        for _ in range(40):
            clients["a"].call("test", "echo", [1], perl_caller="name-a")
        console.send("y")
        assert clients["b"].read_all() == b""
        console.wait_for("connections.close: confirmed")
        console.wait_gone("name-b")
        assert clients["a"].call("test", "ping")["success"]
        assert clients["c"].call("test", "ping")["success"]
        assert admin.journal()[-1]["action"] == "close"

    def test_drain_and_resume(self, daemon: DaemonProcess, start_console: StartConsole, admin: Admin) -> None:
        """D asks, refuses new calls, and takes them again."""
        client = introduce(daemon, "orders.pl")
        console = start_console(daemon)
        arm(console)
        console.send("D")
        console.wait_for("New calls are refused")
        console.send("Enter")  # Cancel has the focus
        console.wait_gone("New calls are refused")
        assert not admin.ask("status")["draining"]
        console.send("D")
        console.wait_for("New calls are refused")
        console.send("y")
        console.wait_for("DRAINING")
        assert client.call("test", "echo")["error_type"] == "Draining"
        console.send("D")
        console.wait_for("takes calls again")
        console.send("y")
        console.wait_gone("DRAINING")
        assert client.call("test", "echo")["success"]
        assert [entry["action"] for entry in admin.journal()[-2:]] == ["drain", "resume"]


class TestRecording:
    def test_record_and_replay(self, start_daemon: StartDaemon, start_console: StartConsole, tmp_path: Path) -> None:
        """What was recorded is shown again without a daemon, at any speed and time; quitting meanwhile asks."""
        daemon = start_daemon("--max-concurrent-requests=77")
        introduce(daemon, "o.pl", calls=11)
        console = start_console(daemon)
        console.wait_for("test.echo")
        console.send("R")
        console.wait_for("REC ")
        introduce(daemon, "late.pl", calls=13)
        console.send("3")
        console.wait_for(re.compile(r"test\.echo +24 ").search)
        functions = console.line_with("test.echo").strip("│> ")
        console.send("5")
        console.wait_for(re.compile(r"max_concurrent_requests +77 ").search)
        console.send("q")
        console.wait_for("A recording is running")
        console.send("Esc")
        console.wait_gone("A recording is running")
        console.wait_for("REC ")
        console.send("q")
        console.wait_for("A recording is running")
        console.send("y")
        assert console.wait_end() == 0
        daemon.stop()
        [recording] = tmp_path.glob("cpanbridge-*.jsonl.gz")

        replay = start_console(None, "--replay", str(recording), badge="[REPLAY")
        replay.send("*")
        replay.wait_for("x4")
        replay.wait_for(" end]")
        replay.send("3")
        replay.wait_for("[3 Func")
        replay.wait_for("test.ping")
        assert replay.line_with("test.echo").strip("│> ") == functions
        replay.send("5")
        replay.wait_for(re.compile(r"max_concurrent_requests +77 ").search)
        replay.send("2")
        replay.wait_for("late.pl")
        # Back to the begin, in steps, and to a time.
        replay.send("Left")
        replay.wait_gone("late.pl")
        replay.send("[")
        replay.wait_for("paused]")
        replay.send("3")
        replay.wait_for(re.compile(r"test\.echo +11 ").search)
        for _ in range(100):
            replay.send("]")
        replay.wait_for(re.compile(r"test\.echo +24 ").search)
        replay.wait_for(" end]")
        end = re.search(r"REPLAY (\S+)", replay.text)
        assert end
        replay.send("[", "[")
        replay.wait_for("paused]")
        replay.send("S")
        replay.wait_for("go to")
        replay.send("25:99", "Enter")
        replay.wait_for("is no time of day")
        replay.send("S")
        replay.wait_for("go to")
        replay.send(end.group(1), "Enter")
        replay.wait_gone("go to")
        replay.wait_for(re.compile(r"test\.echo +24 ").search)
        other = start_console(None, "--replay", str(recording), "--at", end.group(1), badge="[REPLAY")
        other.send("3")
        other.wait_for(re.compile(r"test\.echo +24 ").search)
        # Nothing can be changed in a recording.
        replay.send("W")
        replay.wait_for("This is a recording")
        replay.send("q")
        assert replay.wait_end() == 0

    def test_record_from_the_start(self, daemon: DaemonProcess, start_console: StartConsole, tmp_path: Path) -> None:
        """--record FILE; SIGTERM leaves a file that can be replayed; what is no recording is refused in a sentence."""
        introduce(daemon, "o.pl", calls=5)
        target = tmp_path / "incident.jsonl.gz"
        console = start_console(daemon, "--record", str(target))
        console.wait_for("REC ")
        console.wait_for("o.pl")
        console.signal(signal.SIGTERM)
        assert console.wait_end() == 143
        replay = start_console(None, "--replay", str(target), badge="[REPLAY")
        replay.wait_for("o.pl")
        replay.send("q")
        assert replay.wait_end() == 0
        wrong = tmp_path / "wrong"
        wrong.write_bytes(b"no recording\n")
        refused = start_console(None, "--replay", str(wrong), badge="")
        assert refused.wait_end() == 2
        assert b"cpanbridge console:" in refused.raw
        assert b"Traceback" not in refused.raw
