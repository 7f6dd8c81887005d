"""The log: its line, its file, and what happens when the disk has no room."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure

from bridge import logfile
from bridge.logfile import LogFile, LogFileError, format_event, preflight

WHEN = time.mktime((2025, 10, 10, 14, 32, 15, 0, 0, -1))
STAMP = "2025-10-10 14:32:15"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="makes files of other users")
NOBODY = 65534


def event(text: str, level: LogLevel = LogLevel.info, **fields: object) -> dict[str, object]:
    return {"log_time": WHEN, "log_level": level, "log_format": text, **fields}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "daemon.log"


@pytest.fixture
def log(path: Path) -> Iterator[LogFile]:
    made = LogFile(str(path))
    made.open()
    yield made
    os.close(made._file)


class TestLine:
    @pytest.mark.parametrize(
        ("level", "word"),
        [
            (LogLevel.debug, "DEBUG"),
            (LogLevel.info, "INFO"),
            (LogLevel.warn, "WARNING"),
            (LogLevel.error, "ERROR"),
            (LogLevel.critical, "CRITICAL"),
        ],
    )
    def test_form(self, level: LogLevel, word: str) -> None:
        """Date, time, level, program, text: what operators search for."""
        assert format_event(event("Resource violation cleared: x", level)) == (
            f"{STAMP} [{word}] cpanbridge: Resource violation cleared: x\n"
        )

    def test_an_event_without_a_level(self) -> None:
        """Older code logs without one; its lines are INFO."""
        line = format_event({"log_time": WHEN, "log_format": "{x}", "x": 1})
        assert line == f"{STAMP} [INFO] cpanbridge: 1\n"

    @pytest.mark.parametrize(
        ("foreign", "shown"),
        [
            ("\x1b[2J", "\\x1b[2J"),
            ("a\nfake line", "a\\nfake line"),
            ("\r", "\\r"),
            ("\t", "\\t"),
            ("\x9b1m", "\\x9b1m"),
            ("\u2028", "\\u2028"),
            ("\u202e\U000e0041", "\\u202e\\U000e0041"),
            ("häßlich €", "häßlich €"),
        ],
    )
    def test_foreign_text_stays_on_its_line(self, foreign: str, shown: str) -> None:
        """A caller's name can neither make up a log line nor talk to the terminal."""
        assert format_event(event("from {who}", who=foreign)) == f"{STAMP} [INFO] cpanbridge: from {shown}\n"

    def test_failure(self) -> None:
        """A traceback follows its line, indented, control characters escaped."""
        try:
            raise ValueError("bad\x1b thing")
        except ValueError:
            lines = format_event(event("It failed", LogLevel.critical, log_failure=Failure())).splitlines()
        assert lines[0] == f"{STAMP} [CRITICAL] cpanbridge: It failed"
        assert all(line.startswith("    ") for line in lines[1:])
        assert "ValueError: bad\\x1b thing" in lines[-1]


class TestFile:
    def test_mode_whatever_the_umask(self, path: Path) -> None:
        """The owner writes, the group reads, nobody else does either."""
        before = os.umask(0o077)
        try:
            os.close(logfile.open_log(str(path)))
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o640

    def test_appended(self, log: LogFile, path: Path) -> None:
        """What is there stays, also what another process appended meanwhile."""
        log(event("one"))
        with path.open("a") as other:
            other.write("between\n")
        log(event("two"))
        assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()] == ["one", "between", "two"]

    def test_what_was_logged_before_the_file_was_open(self, path: Path) -> None:
        """The start is logged before the daemon has the user under which the file is made."""
        log = LogFile(str(path))
        log(event("early"))
        assert not path.exists()
        log.open()
        log(event("late"))
        assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()] == ["early", "late"]

    def test_reopen(self, log: LogFile, path: Path) -> None:
        """After rotation lines go to a new file of the old name."""
        log(event("one"))
        path.rename(f"{path}.1")
        log(event("two"))
        log.reopen()
        log(event("three"))
        assert len(Path(f"{path}.1").read_text().splitlines()) == 2
        assert path.read_text() == f"{STAMP} [INFO] cpanbridge: three\n"

    def test_a_reopen_that_fails(self, log: LogFile, path: Path) -> None:
        """The old file is kept, and told why."""
        old = Path(f"{path}.1")
        path.rename(old)
        path.symlink_to(old)
        log.reopen()
        log(event("on"))
        first, second = old.read_text().splitlines()
        assert "[ERROR] cpanbridge: Not reopened: " in first
        assert "symbolic link" in first
        assert second.endswith("on")

    def test_levels(self, log: LogFile, path: Path) -> None:
        """Lines below the level are not written; the level can change at any time."""
        log.set_level("warning")
        for level in (LogLevel.debug, LogLevel.info, LogLevel.warn, LogLevel.critical):
            log(event(level.name, level))
        log.set_level("debug")
        log(event("now", LogLevel.debug))
        assert re.findall(r"\[(\w+)\]", path.read_text()) == ["WARNING", "CRITICAL", "DEBUG"]

    def test_beside(self, path: Path) -> None:
        """In the foreground the terminal shows the lines, too; when it goes the file goes on."""
        terminal = io.TextIOWrapper(io.BytesIO())
        log = LogFile(str(path), beside=terminal)
        log.open()
        log(event("one"))
        assert terminal.buffer.getvalue() == path.read_bytes()
        terminal.close()
        log(event("two"))
        assert len(path.read_text().splitlines()) == 2

    def test_a_text_that_cannot_be_made(self, log: LogFile, path: Path) -> None:
        """An object whose repr fails costs its text, never an exception in the daemon."""

        class Nasty:
            def __repr__(self) -> str:
                raise RuntimeError("no")

        publisher = LogPublisher(log)
        Logger(observer=publisher).info("{nasty!r} {missing}", nasty=Nasty())
        assert len(path.read_text().splitlines()) == 1

    def test_half_a_surrogate_pair(self, log: LogFile, path: Path) -> None:
        """Text that is not encodable is escaped."""
        log(event("{x}", x="\ud800"))
        assert "\\ud800" in path.read_text()


class TestFullDisk:
    def test_nothing_is_raised(self) -> None:
        """/dev/full is a disk without room."""
        log = LogFile("/dev/full")
        log.open()
        log(event("lost"))
        log(event("lost"))
        assert log._lost == 2

    def test_lost_lines_are_counted(self, log: LogFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """When there is room again the log says how many lines it lost, and why."""
        disk = Disk(monkeypatch, room=0)
        log(event("lost"))
        log(event("lost, too"))
        disk.room = 1 << 20
        log(event("found"))
        log(event("all is well"))
        lines = path.read_text().splitlines()
        assert len(lines) == 3
        assert lines[0].endswith("[ERROR] cpanbridge: 2 log lines were lost: No space left on device")
        assert lines[1].endswith("found")

    def test_room_for_half_a_line(self, log: LogFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The torn line is ended before the next begins, so that no line is glued to it."""
        disk = Disk(monkeypatch, room=10)
        log(event("torn"))
        disk.room = 1 << 20
        log(event("whole"))
        torn, note, whole = path.read_text().splitlines()
        assert torn == STAMP[:10]
        assert "1 log lines were lost" in note
        assert whole == f"{STAMP} [INFO] cpanbridge: whole"


class Disk:
    """Lets ``os.write`` have only so many bytes of room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self._write = os.write
        monkeypatch.setattr(logfile.os, "write", self)

    def __call__(self, file: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        written = self._write(file, data[: self.room])
        self.room -= written
        return written


def refused(path: Path, words: str) -> None:
    """Both the look before the start and the opening refuse, in the same words."""
    for attempt in (preflight, lambda path: LogFile(path).open()):
        with pytest.raises(LogFileError, match=words) as caught:
            attempt(str(path))
        assert str(path) in str(caught.value)


class TestRefusals:
    def test_preflight_makes_nothing(self, path: Path) -> None:
        """A look leaves no trace."""
        preflight(str(path))
        assert not path.exists()

    @pytest.mark.parametrize("dangling", [True, False])
    def test_symbolic_link(self, path: Path, tmp_path: Path, *, dangling: bool) -> None:
        """In /tmp anybody could lay a link to a file of ours."""
        target = tmp_path / "target"
        if not dangling:
            target.write_text("precious")
        path.symlink_to(target)
        refused(path, "symbolic link")
        assert target.exists() != dangling

    def test_standard_output(self) -> None:
        """/dev/stdout is a link, too; the message has the name that works."""
        refused(Path("/dev/stdout"), 'standard output is called "-"')

    def test_hard_link(self, path: Path, tmp_path: Path) -> None:
        """A file with another name may be anything."""
        (tmp_path / "precious").touch()
        path.hardlink_to(tmp_path / "precious")
        refused(path, "other names")

    @AS_ROOT
    def test_other_user_s_file(self, path: Path) -> None:
        """Its owner could read what is logged, or cut it."""
        path.touch()
        os.chown(path, NOBODY, NOBODY)
        refused(path, "belongs to uid 65534, and the daemon runs as uid 0")

    def test_fifo_and_directory(self, path: Path, tmp_path: Path) -> None:
        """Nothing that could block, or is no file."""
        os.mkfifo(path)
        refused(path, "cannot be written: No such device")
        refused(tmp_path, "Is a directory")

    def test_no_directory(self, tmp_path: Path) -> None:
        """The directory is not made."""
        refused(tmp_path / "missing" / "daemon.log", "does not exist|No such file")

    def test_devices_are_the_operator_s_choice(self) -> None:
        """/dev/null is fine for who wants no log."""
        preflight("/dev/null")
        LogFile("/dev/null").open()
