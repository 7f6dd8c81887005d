"""What docs/security.md says and no other test holds: other users, paths, spellings, secrets, hostile text, floods."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
import subprocess
import sys
import threading
import time
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from daemon_process import Connection, DaemonProcess

from bridge.adminwire import MAX_LINE, Change
from bridge.journal import Journal, JournalError
from bridge.logfile import LogFileError, open_log
from bridge.sockets import SocketError, listen, preflight
from bridge.text import printable

Start = Callable[..., DaemonProcess]

STRANGER, GUEST_GROUP = 60_001, 60_100
"""A uid and a gid that nobody has on this machine."""

# Perl, since a stranger may not even read this Python.
CONNECT = r"""
use strict; use IO::Socket::UNIX; $SIG{PIPE} = "IGNORE"; # who is refused is refused at once
my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or do { print "refused: $!\n"; exit };
print $s $ARGV[1], "\n"; $s->flush; print scalar(<$s>) // "closed\n";
"""
PING = '{"module":"test","function":"ping"}'
STATUS = '{"id":1,"method":"status"}'


def connect_as(uid: int, gid: int, path: Path, line: str) -> str:
    """Connect as another user (only root can), send a line, and return the answer, or ``refused: why``."""
    command = ["perl", "-e", CONNECT, str(path), line]
    done = subprocess.run(
        command, user=uid, group=gid, extra_groups=[], cwd="/", capture_output=True, timeout=20, check=True
    )
    return done.stdout.decode()


def still_serves(daemon: DaemonProcess) -> None:
    """Others notice nothing."""
    assert daemon.call("test", "echo", [1])["result"] == [1]


def pour(connection: Connection, data: bytes, most: int) -> int:
    """Send the same again and again until the daemon takes no more, or closes; return how many bytes it took."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < most:
            sent += connection.socket.send(data)
    return sent


def operator(daemon: DaemonProcess, method: str, **params: Any) -> Any:
    """Ask the operators' socket."""
    with Connection(daemon.admin_socket) as connection:
        return connection.request({"id": 1, "method": method, "params": params})["result"]


class TestOtherUsers:
    def test_a_stranger_gets_neither_socket(self, daemon: DaemonProcess) -> None:
        """The kernel refuses another user at both sockets, and lets him read neither log nor journal."""
        modes = {path: path.stat() for path in (daemon.socket, daemon.admin_socket, daemon.journal)}
        assert {stat.S_IMODE(found.st_mode) for found in modes.values()} == {0o600}
        assert {found.st_uid for found in modes.values()} == {os.geteuid()}
        assert stat.S_IMODE(daemon.log.stat().st_mode) == 0o640
        if os.geteuid() == 0:  # anybody else cannot become a stranger; owner and mode are what the kernel goes by
            daemon.folder.chmod(0o755)
            assert connect_as(STRANGER, STRANGER, daemon.socket, PING).startswith("refused: Permission denied")
            assert connect_as(STRANGER, STRANGER, daemon.admin_socket, STATUS).startswith("refused: Permission denied")

    def test_socket_group(self, start_daemon: Start) -> None:
        """Members of socket_group may call and have no way to the operators' socket; others may not even call."""
        group = GUEST_GROUP if os.geteuid() == 0 else os.getegid()
        daemon = start_daemon(f"--socket-group={group}")
        found = daemon.socket.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, group)
        assert stat.S_IMODE(daemon.admin_socket.stat().st_mode) == 0o600
        if os.geteuid() == 0:
            daemon.folder.chmod(0o755)
            assert '"success":true' in connect_as(STRANGER, group, daemon.socket, PING)
            assert connect_as(STRANGER, group, daemon.admin_socket, STATUS).startswith("refused: Permission denied")
            assert connect_as(STRANGER, STRANGER, daemon.socket, PING).startswith("refused: Permission denied")

    def test_an_observer_is_told_apart_by_his_uid(self, start_daemon: Start) -> None:
        """Where observers are named the socket is open, and everybody else is refused in words, and logged."""
        daemon = start_daemon(f"--observers={STRANGER}")
        assert stat.S_IMODE(daemon.admin_socket.stat().st_mode) == 0o666
        if os.geteuid() == 0:
            daemon.folder.chmod(0o755)
            assert '"result"' in connect_as(STRANGER, STRANGER, daemon.admin_socket, STATUS)
            drain = connect_as(STRANGER, STRANGER, daemon.admin_socket, '{"id":1,"method":"drain"}')
            assert "-32001" in drain
            assert "-32001" in connect_as(STRANGER + 1, STRANGER, daemon.admin_socket, STATUS)
            assert f"uid {STRANGER + 1}" in daemon.wait_for_log("Refused at the admin socket")


class TestPaths:
    def test_lock_file_with_another_name(self, tmp_path: Path) -> None:
        """A hard link at the lock's place would have our pid written over somebody's file."""
        precious = tmp_path / "precious"
        precious.write_text("precious")
        os.link(precious, tmp_path / "x.sock.lock")
        for attempt in (preflight, listen):
            with pytest.raises(SocketError, match="hard links"):
                attempt(str(tmp_path / "x.sock"))
        assert precious.read_text() == "precious"

    def test_fifo_everywhere(self, tmp_path: Path) -> None:
        """A FIFO in the place of any file is refused at once: opening it must not hang the start."""
        names = ["x.sock", "y.sock.lock", "log", "journal", "j.damaged"]
        for name in names:
            os.mkfifo(tmp_path / name)
        for name in ("x.sock", "y.sock"):
            with pytest.raises(SocketError):
                listen(str(tmp_path / name))
        with pytest.raises(LogFileError):
            open_log(str(tmp_path / "log"))
        with pytest.raises(JournalError):
            Journal(str(tmp_path / "journal")).open()
        (tmp_path / "j").write_bytes(b"no entry\n")
        (tmp_path / "j").chmod(0o600)
        journal = Journal(str(tmp_path / "j"))
        assert journal.open() == []
        journal.close()
        assert "cannot be written" in journal.warnings[0]
        assert (tmp_path / "j").read_bytes() == b"no entry\n"

    def test_directory_swapped_for_a_link(self, tmp_path: Path) -> None:
        """Whoever may swap the socket's directory moves nothing of ours: what lies elsewhere is not removed."""
        folder, other = tmp_path / "run", tmp_path / "other"
        folder.mkdir()
        other.mkdir()
        (other / "x.sock").write_text("precious")
        listening = listen(str(folder / "x.sock"))
        folder.rename(tmp_path / "moved")
        folder.symlink_to(other)
        listening.close()
        assert (other / "x.sock").read_text() == "precious"
        with pytest.raises(SocketError, match="not a socket"):
            listen(str(folder / "x.sock"))
        assert (other / "x.sock").read_text() == "precious"

    def test_log_replaced_between_check_and_open(self, start_daemon: Start) -> None:
        """A log that became a link between a rotation and the signal is not followed; the old one is kept."""
        daemon = start_daemon()
        precious = daemon.folder / "precious"
        precious.write_text("precious")
        old = daemon.log.rename(daemon.folder / "old.log")
        daemon.log.symlink_to(precious)
        os.kill(daemon.pid, 1)
        daemon.wait_until(old.read_text, lambda text: "symbolic link" in text, "the old log to say why")
        assert precious.read_text() == "precious"
        still_serves(daemon)

    def test_what_is_opened_is_what_is_judged(self, tmp_path: Path) -> None:
        """While another process swaps file and link as fast as it can, nothing is ever written through the link."""
        precious, place = tmp_path / "precious", tmp_path / "log"
        precious.write_text("precious")
        done = threading.Event()

        def swap() -> None:
            count = 0
            while not done.is_set():
                count += 1
                temporary = tmp_path / f"t{count % 2}"
                if count % 2:
                    temporary.symlink_to(precious)
                else:
                    temporary.touch()
                temporary.rename(place)

        swapper = threading.Thread(target=swap)
        swapper.start()
        opened = 0
        try:
            for _ in range(500):
                try:
                    file = open_log(str(place))
                except LogFileError:
                    continue
                opened += 1
                os.write(file, b"line\n")
                os.close(file)
        finally:
            done.set()
            swapper.join()
        assert opened
        assert precious.read_text() == "precious"

    def test_journal_kept_aside_only_in_a_file_of_ours(self, tmp_path: Path) -> None:
        """Lines that are no entries are not given to whoever put a file or a link in that place before."""
        precious = tmp_path / "precious"
        precious.write_text("precious")
        for make in (os.link, os.symlink):
            (tmp_path / "j").write_bytes(b"no entry\n")
            (tmp_path / "j").chmod(0o600)
            make(precious, tmp_path / "j.damaged")
            journal = Journal(str(tmp_path / "j"))
            journal.open()
            journal.append(Change(number=1, revision=1, at=1.0, action="note"))
            journal.close()
            assert journal.warnings
            assert precious.read_text() == "precious"
            (tmp_path / "j.damaged").unlink()


SPELLINGS = [
    "OS", "Os", "os ", " os", "os\0", "os\n", "\0", "", ".", "..", "...", "../os", "./os", "os/path", "os.path", ".os",
    "os.", "os..path", "\u043es", "\uff4f\uff53", "o\u0301s", "o\u200bs", "\u202eso", "__main__", "__builtins__",
    "builtins", "__class__", "__init__", "_os", "posix", "nt", "sys", "sys.modules", "subprocess", "shutil", "ctypes",
    "importlib", "importlib.util", "pickle", "marshal", "socket", "multiprocessing", "threading", "code", "runpy",
    "pty", "gc", "inspect", "types", "bridge", "bridge.service", "bridge.registry", "bridge.modules.python",
    "bridge.modules._python_access", "twisted.internet", "json.codecs", "json.tool", "re._compiler", "collections.abc",
    "operator.attrgetter", "*", "?s", "[o]s", "os;sys", "math,os", "%s", "{0}", "python ", "Python", "test.", "TEST",
    "x" * 100_000,
]  # fmt: skip


class TestSpellings:
    def test_no_spelling_reaches_a_module_that_is_not_enabled(self, start_daemon: Start) -> None:
        """Case, dots, blanks, NUL, confusables, patterns, private and standard modules: all are refused."""
        daemon = start_daemon("--modules=python")
        word = {"Forbidden", "UnknownModule", "UnknownFunction", "BadRequest"}
        with daemon.connect() as connection:
            for module in SPELLINGS:
                for function in ("system", "path", "__class__"):
                    answer = connection.call(module, function, ["true"])
                    assert answer.get("error_type") in word, (module, function, answer)
                params = {"module": module, "function": "system", "args": ["true"]}
                answer = connection.call("python", "call", params)
                assert answer.get("error_type") in word, (module, answer)
                assert len(answer["error"]) < 400

    def test_without_module_python_nothing_of_python_is_there(self, start_daemon: Start) -> None:
        """An installed module that is not enabled is Forbidden, and none of Python's can be named."""
        daemon = start_daemon(toml="[modules]\nenabled = []\n")
        assert daemon.call("python", "call", {"module": "math", "function": "sqrt", "args": [4]})["error_type"] == (
            "Forbidden"
        )
        assert daemon.call("math", "sqrt", [4])["error_type"] == "UnknownModule"

    @pytest.mark.parametrize("function", ["__class__", "ping.__call__", "ping\0", "Ping", "", ".", "ping ", "../ping"])
    def test_no_spelling_of_a_function(self, daemon: DaemonProcess, function: str) -> None:
        """A bridge module has the functions that it lists, by exactly their names."""
        assert daemon.call("test", function)["error_type"] == "UnknownFunction"


VAULT = '''
"""Functions that fail with what they were given, for tests."""
import os, time
from bridge.api import Module, BridgeError, ErrorType

module = Module("vault")

@module.function
def take(password: int) -> int:
    return password

@module.function
def fail(password: str) -> None:
    raise ValueError(f"wrong password {password}")

@module.function
def nap(password: str, seconds: float) -> None:
    time.sleep(seconds)

@module.function
def hold(password: str) -> object:
    return {password: object()}

@module.function
async def later(password: str) -> None:
    raise LookupError(password)

@module.function(isolated=True)
def isolated(password: str) -> None:
    raise ValueError(password)

@module.function(isolated=True)
def die(password: str) -> None:
    os._exit(7)

@module.function(isolated=True)
def hang(password: str) -> None:
    time.sleep(60)
'''

SECRET = "hunter2-Gr\u00fcn-5f1c"


@pytest.fixture
def vault(start_daemon: Start, tmp_path: Path) -> DaemonProcess:
    """A daemon with the module above that logs everything there is."""
    (tmp_path / "vault_module.py").write_text(VAULT)
    info = tmp_path / "vault-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vault\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cpanbridge.modules]\nvault = vault_module:module\n")
    environ = {"PYTHONPATH": str(tmp_path), "CPAN_BRIDGE_MODULES": "python,vault"}
    return start_daemon("--log-level=debug", "--debug", environ=environ)


class TestSecrets:
    def test_parameters_stay_between_caller_and_function(self, vault: DaemonProcess) -> None:
        """Through every kind of failure: no log line, journal entry, event or operator's answer holds a parameter."""
        params = {"password": SECRET}
        calls: list[tuple[str, str, Any, dict[str, Any], str]] = [
            ("vault", "take", params, {}, "BadParams"),
            ("vault", "take", {SECRET: 1}, {}, "BadParams"),
            ("vault", "fail", params, {}, "FunctionError"),
            ("vault", "nap", {**params, "seconds": 0.4}, {"timeout": 0.1}, "Timeout"),
            ("vault", "hold", params, {}, "NotSerializable"),
            ("vault", "later", params, {}, "FunctionError"),
            ("vault", "isolated", params, {}, "FunctionError"),
            ("vault", "die", params, {}, "FunctionError"),
            ("vault", "hang", params, {"timeout": 0.3}, "Timeout"),
            ("vault", "nothing", params, {}, "UnknownFunction"),
            ("nothing", "nothing", params, {}, "UnknownModule"),
            ("os", "system", [SECRET], {}, "Forbidden"),
            ("math", "sqrt", [SECRET], {}, "FunctionError"),
            ("datetime", "date.fromisoformat", [SECRET], {}, "FunctionError"),
            ("test", "sleep", {"seconds": SECRET}, {}, "BadParams"),
        ]
        with Connection(vault.admin_socket) as watcher:
            watcher.request({"id": 1, "method": "subscribe", "params": {"interval": 0.1, "functions": True}})
            with vault.connect() as connection:
                for module, function, given, fields, word in calls:
                    answer = connection.call(module, function, given, **fields)
                    assert answer["error_type"] == word, answer
                connection.send(b'{"module":"vault","params":{"password":"' + SECRET.encode() + b'"\n')
                assert json.loads(connection.read_line())["error_type"] == "BadRequest"
            vault.wait_for_log("its caller had been told Timeout")
            seen = [watcher.read_line().decode() for _ in range(3)]
            everything = {"connections": True, "functions": True}
            answers = [
                json.dumps(operator(vault, "status", **everything), ensure_ascii=False),
                *(json.dumps(operator(vault, each), ensure_ascii=False) for each in ("events", "journal", "functions")),
                json.dumps(operator(vault, "history"), ensure_ascii=False),
            ]
        shown = subprocess.run(
            [sys.executable, "-m", "bridge.cli", "--admin-socket", str(vault.admin_socket), "status"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        vault.stop()
        places = [vault.log_text(), vault.output_text(), vault.journal.read_text(), *seen, *answers, str(shown.stdout)]
        for text in places:
            assert SECRET not in text
            assert "hunter2" not in text
        assert "its caller had been told Timeout" in vault.log_text()


EVIL = "\x1b]0;evil\x07\x1b[2J\r\n[CRITICAL] forged\x9b1m\u202e\u2028[/red]"


class TestHostileText:
    def test_nothing_reaches_a_terminal_raw(self, start_daemon: Start) -> None:
        """Names of clients and functions, reasons and notes, in the log and in what every command prints."""
        daemon = start_daemon("--modules=python", "--log-level=debug")
        with daemon.connect() as connection:
            connection.call("test", "ping", client_version=EVIL, perl_caller=EVIL)
            for module, function in ((EVIL, "f"), ("math", EVIL), ("test", EVIL), ("test", "ping" + EVIL)):
                assert not connection.call(module, function, [EVIL])["success"]
            operator(daemon, "events.note", text=EVIL)
            operator(daemon, "limits.set", limits={"max_memory_mb": 999}, reason=EVIL)
            operator(daemon, "drain", reason=EVIL)
            operator(daemon, "resume", reason=EVIL)
            commands: list[list[str]] = [
                ["status"], ["connections"], ["functions"], ["limits", "log"], ["events"], ["limits"], ["operators"],
                ["console", "--once"], ["drain", "--reason", EVIL], ["resume"],
            ]  # fmt: skip
            said = [self.run(daemon, *command) for command in commands]
            told = operator(daemon, "connections")["connections"][0]["client"]
        assert "forged" in "".join(said)  # it is shown, spelled out
        for text in (*said, daemon.log_text()):
            for line in text.split("\n"):
                assert not [char for char in line if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}], repr(line)
                assert not line.startswith("[CRITICAL] forged")
        assert told == printable(told)
        assert daemon.log_text().count("forged") >= 3
        for line in daemon.log_text().splitlines():
            assert line[:2] == "20" or line.startswith("    ")

    def test_file_names_of_the_users_own(self, tmp_path: Path) -> None:
        """A path that a user chose is spelled out in what is said of it."""
        path = str(tmp_path / f"x{EVIL}".replace("/", ""))
        done = self.run(None, "--admin-socket", path, "status")
        console = self.run(None, "console", "--replay", path)
        config = self.run(None, "check-config", "--config", path)
        for text in (done, console, config):
            assert "evil" in text
            assert not [char for char in text.replace("\n", "") if unicodedata.category(char) in {"Cc", "Cf", "Zl"}], (
                text
            )

    @staticmethod
    def run(daemon: DaemonProcess | None, *arguments: str) -> str:
        """Return what a command prints."""
        environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        if daemon is not None:
            environ |= {"CPAN_BRIDGE_ADMIN_SOCKET": str(daemon.admin_socket), "CPAN_BRIDGE_SOCKET": str(daemon.socket)}
        done = subprocess.run(
            [sys.executable, "-m", "bridge.cli", *arguments], env=environ, capture_output=True, check=False, timeout=60
        )
        text = (done.stdout + done.stderr).decode()
        assert "Traceback" not in text
        return text


def test_hash_collisions_cannot_be_prepared() -> None:
    """Python's hash of strings has a key that is drawn at every start, so nobody can know which strings collide."""
    code = "print(hash('cpanbridge'))"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    hashes = {subprocess.check_output([sys.executable, "-c", code], env=environ) for _ in range(3)}
    assert len(hashes) == 3


class TestFloods:
    @pytest.mark.parametrize(
        ("params", "word"),
        [
            (b"[" * 1_000_000, "BadRequest"),
            (b'{"a":' * 500_000, "BadRequest"),
            (b"9" * 5_000_000, "BadRequest"),
            (b"-" + b"1" * 1_000_000 + b".0e" + b"9" * 10, "BadRequest"),
            (b"1e" + b"9" * 1_000_000, "BadRequest"),
            (b'"' + b"\\u0041" * 1_000_000 + b'"', None),
            (b"[" + b"[]," * 1_000_000 + b"[]]", None),
            (b"{" + b",".join(b'"%d":0' % at for at in range(300_000)) + b"}", None),
            (b"0." + b"1" * 4_000_000, None),
        ],
        ids=lambda value: str(value)[:12],
    )
    def test_documents(self, daemon: DaemonProcess, params: bytes, word: str | None) -> None:
        """Documents that are all depth, digits or keys are answered within seconds, and others are served then."""
        with daemon.connect() as connection:
            began = time.monotonic()
            connection.send(b'{"module":"test","function":"echo","params":' + params + b"}\n")
            still_serves(daemon)
            answer = json.loads(connection.read_line())
            assert time.monotonic() - began < 15
        if word is None:
            assert answer.get("error_type") in {None, "BadRequest"}
        else:
            assert answer["error_type"] == word
        still_serves(daemon)

    def test_endless_small_requests(self, start_daemon: Start) -> None:
        """A client that sends for ever and never reads is stopped after some hundred KiB; others are served."""
        daemon = start_daemon("--write-timeout=1", "--max-requests-per-minute=1000000")
        line = b'{"module":"system","function":"metrics"}\n' * 200
        with daemon.connect() as flood:
            flood.socket.settimeout(0.5)
            assert pour(flood, line, 200 << 20) < 20 << 20
            before = time.monotonic()
            still_serves(daemon)
            assert time.monotonic() - before < 5
            daemon.wait_for_log("did not read its answer")

    def test_many_idle_connections(self, start_daemon: Start) -> None:
        """Connections that do nothing cost a place each, and beyond the last place the refusal says so."""
        daemon = start_daemon("--max-connections=300")
        idle = [daemon.connect() for _ in range(300)]
        daemon.wait_until(lambda: operator(daemon, "status")["connections_total"], lambda seen: seen >= 300, "them all")
        with daemon.connect() as late:
            answer = json.loads(late.read_line())
            assert (answer["error_type"], answer["executed"]) == ("ConnectionLimit", False)
        assert idle[7].call("test", "ping")["success"]
        assert operator(daemon, "status")["state"] == "ok"

    def test_giant_admin_lines(self, daemon: DaemonProcess) -> None:
        """A line of the operators' socket ends at 1 MiB, also one that never ends."""
        with Connection(daemon.admin_socket) as connection:
            connection.socket.settimeout(10)
            assert pour(connection, b"x" * 65536, 64 << 20) < 16 * MAX_LINE
        assert operator(daemon, "status")["state"] == "ok"
        still_serves(daemon)

    def test_compressed_bomb(self, start_daemon: Start) -> None:
        """What an allowed function unpacks is bounded only in what goes out: the answer is refused, no more."""
        daemon = start_daemon("--modules=python", "--max-result-size=1MiB")
        bomb = base64.b64encode(zlib.compress(bytes(64 << 20), 9)).decode()
        assert len(bomb) < 100_000
        assert daemon.call("zlib", "decompress", [{"__bytes__": bomb}])["error_type"] == "ResultTooLarge"
        still_serves(daemon)
