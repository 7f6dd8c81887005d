"""Reads recordings, finds a time in them, and cuts a piece out for somebody else.

``console.recorder`` tells what such a file looks like. Its end may be missing, and everything in it may have been
written by anybody.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from bridge.adminwire import HISTORY_FIELDS, UNREADABLE, Change, Event, History, LimitsResult, Snapshot
from bridge.text import printable
from console.recorder import FORMAT, GZIP, VERSION, Header, LinkDown, Recorder, RecordingError, RecordingWriter

__all__ = ["Entry", "Recorder", "Recording", "RecordingError", "cut"]

LONGEST_MEMBER = 256 * 1024 * 1024
"""Text in one member that a reader puts up with: a file from elsewhere must not eat the memory."""

READ_BYTES = 65536

CLOCK_STEP = 1.0
"""Seconds by which the daemon's clock must differ from what its uptime says before it counts as having been set."""


class _Line(msgspec.Struct):
    t: float
    kind: str
    data: msgspec.Raw


class _Glance(msgspec.Struct):
    """As much of a snapshot as the index needs."""

    boot_id: str
    now: float
    uptime: float = 0.0
    sample: list[float] | None = None


class Entry(msgspec.Struct):
    """One delivery.

    Attributes:
        t: seconds since the recording began, by the console's monotonic clock.
        kind: ``snapshot``, ``history``, ``events``, ``journal``, ``limits`` or ``link``.
        at: wall time of a snapshot, 0 for others.
        sample: a snapshot's newest history row.
        whole: whether going over this snapshot needs all of it, since daemon or clock changed here.
        content: what was delivered; ``None`` for a snapshot, which is read when it is needed.
    """

    t: float
    kind: str
    at: float = 0.0
    boot_id: str = ""
    booted: float = 0.0
    sample: list[float] | None = None
    whole: bool = False
    content: Any = None
    member: int = 0
    start: int = 0
    end: int = 0


_KINDS: dict[str, Any] = {
    "history": History,
    "events": list[Event],
    "journal": list[Change],
    "limits": LimitsResult,
    "link": LinkDown,
}


class Recording:
    """A recording that was read; only its snapshots stay on the disk until they are needed.

    Attributes:
        entries: everything, in order. snapshots: which of them are snapshots, by index.
        torn: the end is missing or damaged: the console that wrote it was killed, say, or its disk was full.

    Raises:
        RecordingError: the file is none, or has no snapshot.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.torn = False
        self.entries: list[Entry] = []
        self._unpacked: tuple[int, bytes] = (-1, b"")
        try:
            self._file = open(path, "rb")  # noqa: SIM115 - kept open, so that it may be deleted meanwhile
        except OSError as error:
            raise RecordingError(f"{printable(path)} cannot be read: {error.strerror or error}.") from error
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read(self) -> None:
        path = self.path
        header: Header | None = None
        for offset, text in self._members():
            try:
                header = self._index(offset, text, header)
            except RecordingError:
                if not any(entry.kind == "snapshot" for entry in self.entries):
                    raise
                self.torn = True  # damage that happens to unpack; what is before it is good
                break
        self.snapshots = [at for at, entry in enumerate(self.entries) if entry.kind == "snapshot"]
        if header is None:
            raise _none(path, "it is empty")
        if not self.snapshots:
            raise RecordingError(f"{printable(path)} ends before its first snapshot; there is nothing to show.")
        self.header = header
        self._mark()

    @property
    def start(self) -> float:
        """Wall time of the first snapshot."""
        return self.entries[self.snapshots[0]].at

    @property
    def end(self) -> float:
        """Wall time of the last snapshot."""
        return self.entries[self.snapshots[-1]].at

    def load(self, entry: Entry) -> Snapshot:
        """Read a snapshot. Raises ``RecordingError`` where that cannot be, since the file was changed, say."""
        if self._unpacked[0] != entry.member:
            text = next((text for _, text in self._members(entry.member)), b"")
            self._unpacked = (entry.member, text)
        try:
            line = msgspec.json.decode(self._unpacked[1][entry.start : entry.end], type=_Line)
            return msgspec.json.decode(line.data, type=Snapshot)
        except UNREADABLE as error:
            raise RecordingError(f"A snapshot in {printable(self.path)} cannot be read: {error}.") from error

    def find(self, at: float) -> int:
        """Return the index of the last snapshot that is not later than wall time ``at``, else of the first."""
        found = self.snapshots[0]
        for index in self.snapshots:
            if self.entries[index].at <= at:
                found = index
        return found

    # --- inside ---

    def _members(self, offset: int = 0) -> Iterator[tuple[int, bytes]]:
        """Unpack member by member: (where it begins in the file, its text)."""
        file = self._file
        try:
            file.seek(offset)
            rest = b""
            while True:
                text, rest, used = self._member(file, rest, first=offset == 0)
                if not used:
                    return
                yield offset, text
                offset += used
        except OSError as error:
            raise RecordingError(f"{printable(self.path)} cannot be read: {error.strerror or error}.") from error

    def _member(self, file: BinaryIO, rest: bytes, *, first: bool) -> tuple[bytes, bytes, int]:
        """Unpack one member: (its text, what was read beyond it, its length in the file); 0 at the end."""
        unpacker = zlib.decompressobj(GZIP)
        parts: list[bytes] = []
        size = used = 0
        while not unpacker.eof and (chunk := rest or file.read(READ_BYTES)):
            rest = b""
            used += len(chunk)
            try:
                parts.append(unpacker.decompress(chunk, LONGEST_MEMBER))
            except zlib.error as error:
                if first and not size:
                    raise _none(self.path, "it is not packed with gzip") from error
                file.seek(0, os.SEEK_END)  # what comes after damage cannot be trusted
                break
            size += len(parts[-1])
            if size >= LONGEST_MEMBER:
                raise _none(self.path, "its parts are too long; was it packed anew by another program?")
        self.torn = self.torn or (used > 0 and not unpacker.eof)
        return b"".join(parts), unpacker.unused_data, used - len(unpacker.unused_data)

    def _index(self, offset: int, text: bytes, header: Header | None) -> Header | None:
        start = 0
        while (end := text.find(b"\n", start)) >= 0:
            try:
                if header is None:
                    header = self._header(text[:end])
                else:
                    self.entries.append(_entry(text[start:end], offset, start, end))
            except UNREADABLE as error:
                raise _none(self.path, f"line {len(self.entries) + 2} cannot be understood ({error})") from error
            start = end + 1
        if header is None and text:
            raise _none(self.path, "its first line is no header")
        return header

    def _header(self, line: bytes) -> Header:
        try:
            header = msgspec.json.decode(line, type=Header)
        except UNREADABLE as error:
            raise _none(self.path, "its first line is no header") from error
        if header.format != FORMAT:
            raise _none(self.path, f"its format is {printable(header.format)!r}")
        if header.version > VERSION:
            raise RecordingError(
                f"{printable(self.path)} has version {header.version}; this console reads up to {VERSION}."
            )
        return header

    def _mark(self) -> None:
        """Mark the snapshots between which daemon or clock changed, and those after a loss of the link."""
        before: Entry | None = None
        lost = True
        for entry in self.entries:
            if entry.kind == "link":
                lost = True
            elif entry.kind == "snapshot":
                changed = before is not None and (
                    before.boot_id != entry.boot_id or abs(before.booted - entry.booted) > CLOCK_STEP
                )
                if changed or lost:
                    entry.whole = True
                if changed and before is not None:
                    before.whole = True
                before, lost = entry, False


def cut(source: str, start: float, end: float, target: str) -> str:
    """Write the snapshots from ``start`` to ``end`` (wall time), with their past, into a new file: its real path.

    Raises:
        RecordingError: the source is none, nothing is in that time, or the target cannot be written.
    """
    recording = Recording(source)
    try:
        return _cut(recording, start, end, target)
    finally:
        recording.close()


def _cut(recording: Recording, start: float, end: float, target: str) -> str:
    inside = [index for index in recording.snapshots if start <= recording.entries[index].at <= end]
    if not inside:
        raise RecordingError(f"{printable(recording.path)} has no snapshot in that time.")
    first, last = inside[0], inside[-1]
    header = msgspec.structs.replace(recording.header, created=recording.entries[first].at)
    header.cut_from = printable(os.path.basename(recording.path))
    writer: RecordingWriter | None = None
    try:
        writer = RecordingWriter(target)
        writer.begin(header)
        began = recording.entries[first].t
        rows: list[list[float]] = []
        for entry in recording.entries[:first]:
            if entry.sample:
                rows.append(entry.sample)
            elif entry.kind not in {"snapshot", "link"}:
                writer.write(0.0, entry.kind, entry.content)
        if rows:
            rows = [row for at, row in enumerate(rows) if not at or row[0] > rows[at - 1][0]]
            writer.write(0.0, "history", History(recording.entries[first].boot_id, list(HISTORY_FIELDS), rows))
        for entry in recording.entries[first : last + 1]:
            content = recording.load(entry) if entry.kind == "snapshot" else entry.content
            writer.write(entry.t - began, entry.kind, content)
        writer.close()
    except (OSError, RecordingError) as error:
        if writer is not None:
            writer.abandon()
            os.unlink(writer.path)
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{printable(target)} cannot be written: {error.strerror or error}.") from error
    return writer.path


def _entry(text: bytes, member: int, start: int, end: int) -> Entry:
    line = msgspec.json.decode(text, type=_Line)
    if line.kind == "snapshot":
        glance = msgspec.json.decode(line.data, type=_Glance)
        return Entry(
            t=line.t,
            kind=line.kind,
            at=glance.now,
            boot_id=glance.boot_id,
            booted=glance.now - glance.uptime,
            sample=glance.sample,
            member=member,
            start=start,
            end=end,
        )
    wanted = _KINDS.get(line.kind)
    content = None if wanted is None else msgspec.json.decode(line.data, type=wanted)  # a later version's line is kept
    return Entry(t=line.t, kind=line.kind, content=content)


def _none(path: str, why: str) -> RecordingError:
    return RecordingError(f"{printable(path)} is not a recording of this console: {why}.")
