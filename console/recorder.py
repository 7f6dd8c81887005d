"""Writes down what a feed delivers, for a replay on another day.

JSON lines packed with gzip: a header, then one line for each delivery. The file is a row of gzip members of about half
a megabyte of text, so that a reader can go to any point without unpacking what is before it, and is flushed every
second, so that a console that is killed leaves everything but the last second. ``zcat`` reads it.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence

import msgspec

from bridge.adminwire import Change, Event, History, LimitsResult, Snapshot
from console.export import create_new
from console.model import Model

__all__ = ["FORMAT", "GZIP", "VERSION", "Header", "LinkDown", "Recorder", "RecordingError", "RecordingWriter"]

FORMAT, VERSION = "cpanbridge-recording", 1

MEMBER_BYTES = 512 * 1024
"""Text in one gzip member, about; what a reader unpacks to get at one snapshot."""

FLUSH_SECONDS = 1.0

GZIP = 31
"""What zlib calls a gzip header and the largest window."""

PACKING = 3
"""Half the time of the usual 6 for a tenth more bytes; a thousand connections ten times a second are 2 MB/s."""


class RecordingError(Exception):
    """A file is no recording, or cannot be read, or not be cut; the text says which."""


class Header(msgspec.Struct):
    """The first line. ``created`` is wall time by the daemon's clock; ``cut_from`` names the source of a cut."""

    format: str
    version: int
    created: float = 0.0
    socket: str = ""
    daemon: str = ""
    cut_from: str = ""


class LinkDown(msgspec.Struct):
    """The console lost the daemon here."""

    reason: str = ""
    retry: float = 0.0


class RecordingWriter:
    """Appends lines to a new file; everything but ``abandon`` raises ``OSError``."""

    def __init__(self, path: str) -> None:
        self._descriptor, self.path = create_new(path)
        self.size = 0
        self._packer = zlib.compressobj(PACKING, zlib.DEFLATED, GZIP)
        self._unpacked = 0
        self._flushed = float("-inf")
        self._encode = msgspec.json.Encoder().encode

    def begin(self, header: Header) -> None:
        """Write the first line."""
        self._append(self._encode(header) + b"\n", 0.0)

    def write(self, t: float, kind: str, data: object) -> None:
        """Append one line."""
        line = self._encode({"t": round(t, 3), "kind": kind, "data": data})
        self._append(line + b"\n", t)

    def close(self) -> None:
        """Finish the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            try:
                self._put(descriptor, self._packer.flush())
            finally:
                os.close(descriptor)

    def abandon(self) -> None:
        """Let go of the file as it is."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _append(self, line: bytes, t: float) -> None:
        data = self._packer.compress(line)
        self._unpacked += len(line)
        if self._unpacked >= MEMBER_BYTES:
            data += self._packer.flush()
            self._packer = zlib.compressobj(PACKING, zlib.DEFLATED, GZIP)
            self._unpacked = 0
            self._flushed = t
        elif t - self._flushed >= FLUSH_SECONDS:
            data += self._packer.flush(zlib.Z_SYNC_FLUSH)
            self._flushed = t
        self._put(self._descriptor, data)

    def _put(self, descriptor: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.write(descriptor, rest)
            self.size += written
            rest = rest[written:]


class Recorder:
    """A sink that writes everything down, from :meth:`begin` on.

    Args:
        path: where; the file is new and its mode 0600, see ``console.export.create_new``.
        socket: what is recorded, for the header.

    Attributes:
        path: the file's real name.
        problem: why it stopped; "" while it writes. A full disk stops the recording, not the console.

    Raises:
        OSError: the file cannot be created.
    """

    def __init__(self, path: str, *, socket: str = "") -> None:
        self._writer = RecordingWriter(path)
        self.path = self._writer.path
        self.problem = ""
        self._socket = socket
        self._started = 0.0
        self._open = False

    def begin(self, model: Model, now: float) -> None:
        """Write down what is known already, so that the recording has a past."""
        self._started, self._open = now, True
        latest = model.latest
        header = Header(
            format=FORMAT,
            version=VERSION,
            created=latest.now if latest else 0.0,
            socket=self._socket or (latest.socket if latest else ""),
            daemon=latest.version if latest else "",
        )
        self._try(lambda: self._writer.begin(header))
        self.take_history(model.history(), now)
        self.take_events(model.raw_events(), now)
        self.take_journal(model.journal, now)
        if model.limits is not None:
            self.take_limits(model.limits, now)
        if latest is not None:
            self.take_snapshot(latest, now)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._writer.size

    @property
    def recording(self) -> bool:
        """Whether it still writes."""
        return self._open

    def close(self) -> None:
        """End the recording; ``problem`` tells if its end could not be written."""
        if self._open:
            self._open = False
            try:
                self._writer.close()
            except OSError as error:
                self.problem = _stopped(error)

    # --- the feed calls these; see console.sink.Sink ---

    def link_connecting(self, where: str, now: float) -> None:
        """Nothing to write down."""

    def link_down(self, reason: str, retry: float, now: float) -> None:
        """See :class:`console.sink.Sink`."""
        self._write("link", LinkDown(reason, retry), now)

    def link_replay(self, position: float, speed: float, now: float, *, playing: bool, ended: bool = False) -> None:
        """Nothing to write down."""

    def take_snapshot(self, snapshot: Snapshot, now: float) -> None:
        """See :class:`console.sink.Sink`."""
        self._write("snapshot", snapshot, now)

    def take_history(self, history: History, now: float) -> None:
        """See :class:`console.sink.Sink`."""
        self._write("history", history, now)

    def take_events(self, events: Sequence[Event], now: float, *, lost: bool = False) -> None:
        """See :class:`console.sink.Sink`."""
        self._write("events", list(events), now)

    def take_journal(self, entries: Sequence[Change], now: float) -> None:
        """See :class:`console.sink.Sink`."""
        self._write("journal", list(entries), now)

    def take_limits(self, limits: LimitsResult, now: float) -> None:
        """See :class:`console.sink.Sink`."""
        self._write("limits", limits, now)

    def reset(self, now: float) -> None:
        """A live feed does not go to other points in time."""

    def _write(self, kind: str, data: object, now: float) -> None:
        self._try(lambda: self._writer.write(now - self._started, kind, data))

    def _try(self, write: Callable[[], None]) -> None:
        if not self._open:
            return
        try:
            write()
        except OSError as error:
            self._open = False
            self.problem = _stopped(error)
            self._writer.abandon()


def _stopped(error: OSError) -> str:
    return f"The recording has stopped: {error.strerror or error}. What was written before can be read."
