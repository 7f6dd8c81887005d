"""The file that keeps the journal: across restarts, damage, full disks."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bridge.adminwire import Change
from bridge.journal import KEPT_LINES, MOST_LINES, Journal, JournalError


def entry(number: int, **fields: object) -> Change:
    return Change(number=number, revision=number, at=number * 1.5, action="set", reason=f"Grüße {number}", **fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.journal"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Journal, list[Change]]]:
    """Open the journal as a starting daemon does, and let it go as an ending one does."""
    journal = Journal(str(path))
    try:
        yield journal, journal.open()
    finally:
        journal.close()


def write(path: Path, *numbers: int) -> None:
    with opened(path) as (journal, _):
        for number in numbers:
            journal.append(entry(number))


class TestKeeping:
    def test_across_restarts(self, path: Path) -> None:
        """What one daemon writes, the next one reads; only the owner may look."""
        write(path, 1, 2)
        write(path, 3)
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(2), entry(3)]
            assert journal.warnings == []
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_every_field_comes_back(self, path: Path) -> None:
        """All of an entry is kept, numbers as they were."""
        whole = entry(
            1, user="anna", uid=1001, pid=5, changes={"max_memory_mb": (1024, 512.5)}, detail="\\x1b", undoes=7,
            until=12.5, confirm_by=99.0,
        )  # fmt: skip
        with opened(path) as (journal, _):
            journal.append(whole)
        with opened(path) as (_, entries):
            assert entries == [whole]

    def test_it_is_written_when_append_returns(self, path: Path) -> None:
        """Another reader sees the entry at once: nothing waits in a buffer that kill -9 would lose."""
        with opened(path) as (journal, _):
            journal.append(entry(1))
            assert path.read_bytes().endswith(b"}\n")

    def test_a_newer_daemons_fields(self, path: Path) -> None:
        """Fields that this version does not know do no harm."""
        write(path, 1)
        path.write_text(json.dumps({**json.loads(path.read_text()), "mood": "good"}) + "\n")
        with opened(path) as (_, entries):
            assert entries == [entry(1)]

    def test_tidied_when_long(self, path: Path) -> None:
        """A long journal is written anew with its newest thousand entries, and grows on."""
        lines = [msgspec.json.encode(entry(number)) for number in range(1, MOST_LINES + 2)]
        path.write_bytes(b"\n".join(lines) + b"\n")
        with opened(path) as (journal, entries):
            assert len(entries) == MOST_LINES + 1
            journal.append(entry(MOST_LINES + 2))
        kept = path.read_bytes().splitlines()
        assert kept[:-1] == lines[-KEPT_LINES:]
        assert json.loads(kept[-1])["number"] == MOST_LINES + 2
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [name for name in os.listdir(path.parent) if name != path.name] == []

    def test_tidied_while_running(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A daemon that runs for years, with a script that changes limits every second, keeps a small file."""
        monkeypatch.setattr("bridge.journal.TIDY_BYTES", 300_000)
        monkeypatch.setattr(os, "fdatasync", lambda _: None)
        largest = 0
        with opened(path) as (journal, _):
            for number in range(1, 6001):
                journal.append(entry(number))
                largest = max(largest, path.stat().st_size)
        assert largest < 400_000  # 6000 entries are over a million bytes
        with opened(path) as (journal, entries):
            assert journal.warnings == []
        numbers = [each.number for each in entries]
        assert numbers == list(range(6001 - len(numbers), 6001))
        assert len(numbers) >= KEPT_LINES
        assert os.listdir(path.parent) == [path.name]

    def test_tidying_that_fails_costs_no_entry(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the file cannot be replaced, entries are still written, and it is not tried at each of them."""
        monkeypatch.setattr("bridge.journal.TIDY_BYTES", 10_000)
        monkeypatch.setattr(os, "fdatasync", lambda _: None)
        tried = []

        def forbidden(*_: object) -> None:
            tried.append(1)
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "rename", forbidden)
        with opened(path) as (journal, _):
            for number in range(1, 501):
                journal.append(entry(number))
        assert 0 < len(tried) < 10
        with opened(path) as (_, entries):
            assert [each.number for each in entries] == list(range(1, 501))
        assert os.listdir(path.parent) == [path.name]

    def test_never_below_a_thousand(self, path: Path) -> None:
        """Up to twice that, the file is left as it is."""
        data = b"".join(msgspec.json.encode(entry(number)) + b"\n" for number in range(1, MOST_LINES + 1))
        path.write_bytes(data)
        with opened(path):
            pass
        assert path.read_bytes() == data


class TestDamage:
    @pytest.mark.parametrize("torn", [b"{", b'{"number":3,"revision":3,"at":1', b"\x00" * 300, b"\xff\xfe"])
    def test_torn_last_line(self, path: Path, torn: bytes) -> None:
        """What a power cut leaves is cut off; what follows begins on a line of its own."""
        write(path, 1, 2)
        with path.open("ab") as file:
            file.write(torn)
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(2)]
            assert any("cut off" in warning for warning in journal.warnings)
            journal.append(entry(3))
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(2), entry(3)]
            assert journal.warnings == []

    @pytest.mark.parametrize("bad", [b"", b"nonsense", b"[]", b"{}", b'{"number":"x"}', b"\xff\xfe{", b"[" * 5000])
    def test_damaged_line_is_kept_aside(self, path: Path, bad: bytes) -> None:
        """A line that is no entry costs no other line, and can be looked at."""
        write(path, 1, 2)
        first, second = path.read_bytes().splitlines()
        path.write_bytes(b"\n".join([first, bad, second]) + b"\n")
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(2)]
            assert "1 lines are no entries" in journal.warnings[0]
            journal.append(entry(3))
        aside = path.with_name(path.name + ".damaged")
        assert aside.read_bytes() == bad + b"\n"
        assert stat.S_IMODE(aside.stat().st_mode) == 0o600
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(2), entry(3)]
            assert journal.warnings == []

    def test_damage_that_cannot_be_moved_stays(self, path: Path) -> None:
        """Rather than lose a damaged line it is left where it is, and everything else works."""
        write(path, 1)
        with path.open("ab") as file:
            file.write(b"nonsense\n")
        path.with_name(path.name + ".damaged").symlink_to("/dev/null")
        with opened(path) as (journal, entries):
            assert entries == [entry(1)]
            assert "they stay" in journal.warnings[0]
            journal.append(entry(2))
        assert path.read_bytes().splitlines()[1] == b"nonsense"
        with opened(path) as (_, entries):
            assert entries == [entry(1), entry(2)]

    def test_torn_where_it_cannot_be_cut(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """In a file that may only grow (chattr +a), the new entry is not glued to the torn one."""
        write(path, 1)
        with path.open("ab") as file:
            file.write(b'{"number":2,')

        def forbidden(*_: object) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "ftruncate", forbidden)
        with opened(path) as (journal, entries):
            assert entries == [entry(1)]
            journal.append(entry(3))
            journal.append(entry(4))
        monkeypatch.undo()
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(3), entry(4)]
            assert "1 lines are no entries" in journal.warnings[0]


class TestRefused:
    def test_symbolic_link(self, path: Path, tmp_path: Path) -> None:
        """A link that somebody laid in /tmp is not followed, and its target not touched."""
        target = tmp_path / "precious"
        target.write_text("precious")
        path.symlink_to(target)
        with pytest.raises(JournalError, match=r"symbolic link.*setting journal"):
            Journal(str(path)).open()
        assert target.read_text() == "precious"

    def test_hard_link(self, path: Path, tmp_path: Path) -> None:
        """Nor is a file that has another name."""
        target = tmp_path / "precious"
        target.write_text("precious")
        path.hardlink_to(target)
        with pytest.raises(JournalError, match="hard links"):
            Journal(str(path)).open()
        assert target.read_text() == "precious"

    @pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])
    def test_no_file(self, path: Path, make: object) -> None:
        """A directory or a pipe is refused at once, without waiting for its other end."""
        make(path)  # type: ignore[operator]
        with pytest.raises(JournalError, match="journal cannot be"):
            Journal(str(path)).open()

    def test_somebody_elses(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file of another user is not ours to write."""
        path.touch()
        owner = path.stat().st_uid
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
        with pytest.raises(JournalError, match=f"belongs to uid {owner}"):
            Journal(str(path)).open()

    def test_far_too_large(self, path: Path) -> None:
        """A huge file is something else; it is not read into memory."""
        with path.open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(JournalError, match="hardly a journal"):
            Journal(str(path)).open()

    def test_no_directory(self, tmp_path: Path) -> None:
        """The text names the path and the setting."""
        with pytest.raises(JournalError, match=r"nowhere/x: .*No such file.*setting journal"):
            Journal(str(tmp_path / "nowhere" / "x")).open()

    def test_another_daemon(self, path: Path) -> None:
        """Two daemons do not write one journal; after kill -9 of the first the second may."""
        code = (
            "import sys, time; from bridge.journal import Journal as J; j = J(sys.argv[1]); j.open(); print(flush=True)"
        )
        first = subprocess.Popen([sys.executable, "-c", code + "; time.sleep(60)", path], stdout=subprocess.PIPE)
        try:
            assert first.stdout is not None
            first.stdout.readline()
            with pytest.raises(JournalError, match="another daemon"):
                Journal(str(path)).open()
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
            first.stdout.close()
        write(path, 1)


class TestFullDisk:
    def test_nothing_half_written(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An entry that does not fit leaves no part of itself, and is written with the next one that does."""
        real = os.write
        with opened(path) as (journal, _):
            journal.append(entry(1))
            before = path.read_bytes()
            monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:20]))
            for number in (2, 3):
                with pytest.raises(JournalError, match="No space left"):
                    journal.append(entry(number))
                assert path.read_bytes() == before
            monkeypatch.undo()
            journal.append(entry(4))
        with opened(path) as (journal, entries):
            assert entries == [entry(1), entry(2), entry(3), entry(4)]
            assert journal.warnings == []

    def test_a_disk_that_fails(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the disk has not confirmed counts as not written."""

        def failing(_: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with opened(path) as (journal, _):
            monkeypatch.setattr(os, "fdatasync", failing)
            with pytest.raises(JournalError, match="Input/output error"):
                journal.append(entry(1))
            assert path.read_bytes() == b""

    def test_what_waits_is_bounded(self, path: Path) -> None:
        """A disk that stays full for a year costs no memory."""
        journal = Journal(str(path))  # never opened: nothing can be written
        for number in range(KEPT_LINES + 50):
            with pytest.raises(JournalError):
                journal.append(entry(number))
        with opened(path):
            pass
        journal.open()
        journal.append(entry(5000))
        journal.close()
        assert len(path.read_bytes().splitlines()) == KEPT_LINES

    def test_close_is_idempotent(self, path: Path) -> None:
        """A daemon that stops twice does no harm."""
        journal = Journal(str(path))
        journal.open()
        journal.close()
        journal.close()
        with pytest.raises(JournalError, match="not open"):
            journal.append(entry(1))
