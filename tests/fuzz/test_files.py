"""Files that anybody may have written: the journal, a recording, and what claims to be a daemon's answers."""

from __future__ import annotations

import asyncio
import random
import tempfile
import zlib
from pathlib import Path
from typing import Any

import msgspec
from fuzzing import fuzz, load_tests, mutants, mutate
from hypothesis import strategies as st

from bridge.adminwire import Change, Event, History, LimitsResult, Snapshot
from bridge.journal import Journal, JournalError
from console.client import AdminClient, AdminError, LinkError
from console.recording import GZIP, Recording, RecordingError

encode = msgspec.json.Encoder().encode


def change(revision: int) -> Change:
    """Make an entry."""
    return Change(
        number=revision,
        revision=revision,
        at=1e9 + revision,
        uid=1,
        pid=2,
        user="anna",
        action="set",
        reason="\u00e4 \u202e",
        changes={"max_memory_mb": (1024.0, 512)},
    )


GOOD = tuple(encode(change(number)) for number in range(5))
JOURNAL = b"".join(line + b"\n" for line in GOOD)


@fuzz(mutants(JOURNAL, GOOD[0] + b"\n", b"{}\n"), st.integers(0, 2**32), examples=300)
def test_journal(data: bytes, dice: int) -> None:
    """Whatever the file holds, it opens; no whole entry is lost, and damage is kept aside."""
    rng = random.Random(dice)
    kept = rng.sample(GOOD, 2)
    cut = data.find(b"\n") + 1
    data = kept[0] + b"\n" + data[:cut] + kept[1] + b"\n" + data[cut:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.write_bytes(data)
        path.chmod(0o600)
        journal = Journal(str(path))
        try:
            entries = journal.open()
        except JournalError:
            return
        journal.append(change(99))
        journal.close()
        for line in kept:
            assert msgspec.json.decode(line, type=Change) in entries
        again = Journal(str(path))
        assert again.open() == [*entries, change(99)]
        assert not again.warnings
        again.close()
        damaged = Path(f"{path}.damaged")
        whole = data[: data.rfind(b"\n") + 1]
        aside = damaged.read_bytes() if damaged.exists() else b""
        assert len(aside.splitlines()) + len(entries) == len(whole.splitlines())


def recording_text() -> bytes:
    """Make what is in a recording, a line each."""
    test = load_tests("console/test_recording.py")
    with tempfile.TemporaryDirectory() as folder:
        stage = test.Stage(Path(folder, "r"), connections=1)
        stage.play(2)
        stage.event(test.change_event(2, 2, test.NOON))
        stage.sink.link_down("gone", 0.2, stage.monotonic)
        stage.play(1)
        stage.recorder.close()
        data = Path(stage.recorder.path).read_bytes()
    text = b""
    while data:
        unpacker = zlib.decompressobj(GZIP)
        text += unpacker.decompress(data)
        data = unpacker.unused_data
    return text


TEXT = recording_text()


def packed(text: bytes) -> bytes:
    """Pack it as the recorder does."""
    packer = zlib.compressobj(1, zlib.DEFLATED, GZIP)
    return packer.compress(text) + packer.flush()


def read(data: bytes) -> None:
    """Read a recording from end to end, as a replay does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r.cbrec")
        path.write_bytes(data)
        try:
            recording = Recording(str(path))
        except RecordingError as error:
            assert str(error).isprintable()
            return
        try:
            for index in recording.snapshots:
                try:
                    recording.load(recording.entries[index])
                except RecordingError as error:
                    assert str(error).isprintable()
            recording.find(recording.start)
        finally:
            recording.close()


@fuzz(mutants(TEXT), examples=300)
def test_recording(text: bytes) -> None:
    """A file that unpacks to anything is a recording, or no recording in words."""
    read(packed(text))


@fuzz(mutants(packed(TEXT), packed(TEXT) + packed(TEXT[:200])), examples=300)
def test_recording_packed(data: bytes) -> None:
    """So is a file of any bytes."""
    read(data)


SNAPSHOT = TEXT.split(b"\n")[3]
ANSWERS = mutants(
    *(
        b'{"jsonrpc":"2.0","id":1,"result":%b}' % line
        for line in (*GOOD, b"{}", b"[]", b"null", b'{"data":' + SNAPSHOT + b"}")
    ),
    b'{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no \\u001b[2J","data":{"a":1}}}',
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"no","data":{"problems":["x"],"message":1}}}',
    b'{"method":"event","params":{"sequence":1,"id":1,"kind":"change","at":1.5}}',
)
KINDS: tuple[Any, ...] = (Snapshot, History, LimitsResult, dict[str, list[Event]], dict[str, list[Change]], Any)


@fuzz(st.lists(ANSWERS, min_size=1, max_size=3), st.integers(0, 2**32), examples=300)
def test_console_messages(lines: list[bytes], dice: int) -> None:
    """Whatever pretends to be a daemon, asking it something ends with an answer or one of the two documented errors."""
    rng = random.Random(dice)
    kind = rng.choice(KINDS)
    if rng.random() < 0.3:
        lines = [mutate(line, rng) for line in lines]

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        faults: list[Any] = []
        loop.set_exception_handler(lambda _, context: faults.append(context))
        client = AdminClient()
        reader = asyncio.StreamReader()
        writer: Any = _NoWriter()
        client._writer = writer
        task = asyncio.create_task(client._read(reader))
        reader.feed_data(b"".join(line + b"\n" for line in lines))
        reader.feed_eof()
        try:
            await client.request("status", type=kind, timeout=5)
        except (AdminError, LinkError) as error:
            assert "fault of this console" not in str(error), error
            assert str(error).isprintable(), error
        await task
        assert not faults, faults

    asyncio.run(talk())


class _NoWriter:
    def write(self, data: bytes) -> None:
        pass

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass
