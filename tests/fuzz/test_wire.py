"""Anything at all on the bridge socket: each line is answered once, in order, and the connection lives on."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
from fuzzing import fuzz, load_tests, mutants, mutate
from hypothesis import strategies as st
from twisted.internet.task import Clock

from bridge import wire
from bridge.admission import Admission
from bridge.api import Peer
from bridge.connections import BridgeFactory, ConnectionTable
from bridge.dispatch import Dispatcher
from bridge.errors import BridgeError, ErrorType
from bridge.framing import LineFramer
from bridge.limits import Limits
from bridge.registry import Registry
from bridge.settings import Settings
from bridge.stats import Stats

CONVERSATIONS = Path(__file__).parents[2] / "bridge" / "perl" / "corpus"


def sent() -> tuple[bytes, ...]:
    """Return every request of the corpus."""
    found: list[bytes] = []
    for file in sorted(CONVERSATIONS.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line.startswith("send "):
                found += json.loads(line[5:]).encode().splitlines()
    data = (b'"parts"', b'"void"', b'{"call"')  # tests of their own are for those
    return tuple(dict.fromkeys(line for line in found if line and not any(mark in line for mark in data)))


REQUESTS = (
    *sent(),
    b'{"module":"test","function":"echo","params":{"a":[1,2.5,"x",null,true]},"request_id":"r","timeout":3}',
    b'{"module":"test","function":"ping","request_id":18446744073709551615}',
    b'{"module":"system","function":"metrics"}',
    b'{"module":"statistics","function":"median","params":[[1,2]],"client_version":"1","perl_caller":"x.pl"}',
)
# What begins with a mark announces parts, or is what a sub has returned; tests of their own are for those.
LINES = (mutants(*REQUESTS) | st.binary(max_size=60)).filter(
    lambda data: b'{"parts":[' not in data and b'{"call":' not in data
)


def strictly(line: bytes) -> Any:
    """Decode JSON by Python's own decoder, without its extensions."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    # What an unknown field holds is skipped by the daemon and may be anything between its quotes.
    return json.loads(line.decode(errors="replace"), parse_constant=refuse)


@fuzz(LINES, examples=3000)
def test_decode_request(line: bytes) -> None:
    """A line is a request, with the parameters that Python's own decoder finds in it, or BadRequest in few words."""
    try:
        request = wire.decode_request(line)
    except BridgeError as error:
        assert error.error_type is ErrorType.BAD_REQUEST
        assert error.message
        answer = json.loads(wire.encode_error(error, None))
        assert answer["error_type"] == "BadRequest"
        wire.encode_legacy_error(error, None)
        return
    wanted = strictly(line)
    assert request.module == wanted["module"]
    assert request.function == wanted["function"]
    assert repr(request.params) == repr(wanted.get("params", msgspec.UNSET))
    if request.params is not msgspec.UNSET:
        echoed = wire.encode_answer(request.params, request.request_id)
        assert repr(strictly(echoed)["result"]) == repr(request.params)


@fuzz(st.lists(LINES, max_size=4), st.integers(0, 2**32), examples=800)
def test_framing(lines: list[bytes], dice: int) -> None:
    """However the bytes are cut into packets, the lines are the same."""
    data, rng = b"\n".join(lines), random.Random(dice)
    framer, found, at = LineFramer(), [], 0
    while at < len(data):
        size = rng.choice((1, 1, 2, 3, 7, 40, 4096))
        found += framer.feed(data[at : at + size])
        at += size
        assert framer.pending <= len(data)
    rest = framer.take()
    wanted = data.split(b"\n")
    assert found == [line.removesuffix(b"\r") for line in wanted[:-1]]
    assert rest == wanted[-1]
    assert framer.pending == 0


class _Daemon:
    version = "0"

    def uptime(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Take no time at all."""

    def report(self, name: str) -> dict[str, Any]:
        return {"report": name}


class _NoThreads:
    def callInThread(self, work: Any, *args: Any) -> None:
        work(*args)

    def adjustPoolsize(self, least: int, most: int) -> None:
        pass

    def callFromThread(self, work: Any, *args: Any) -> None:
        work(*args)


# Not module python: what its functions do is not what is tried here, and some sleep or fill the memory.
REGISTRY = Registry(_Daemon())
REGISTRY.load([], {})


class Bridge:
    """A daemon but for sockets, threads and time."""

    def __init__(self, **settings: Any) -> None:
        limits = Limits().evolve(max_requests_per_minute=1_000_000)
        self.settings = Settings(limits=limits, **settings)
        self.clock = Clock()
        self.stats = Stats(0.0)
        admission = Admission(limits)
        threads: Any = _NoThreads()
        workers: Any = None
        handler = Dispatcher(
            registry=REGISTRY,
            admission=admission,
            stats=self.stats,
            settings=self.settings,
            clock=self.clock,
            reactor=threads,
            threads=threads,
            workers=workers,
        )
        self.table = ConnectionTable(
            settings=self.settings,
            admission=admission,
            clock=self.clock,
            peer_of=lambda _: Peer(pid=1, uid=2, gid=3, start_time=4),
            on_refused=lambda _: None,
            on_fault=lambda _: None,
        )
        self.factory = BridgeFactory(handler=handler, table=self.table)

    def open(self) -> tuple[Any, Any]:
        """Open a connection: the protocol and its transport."""
        protocol = self.factory.buildProtocol(None)
        transport = load_tests("daemon/test_protocol.py").FakeTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def talk(self, data: bytes, rng: random.Random) -> list[dict[str, Any]]:
        """Send bytes in packets of any size; return the answers."""
        protocol, transport = self.open()
        at = 0
        while at < len(data):
            size = rng.choice((1, 3, 20, 200, 4096))
            protocol.dataReceived(data[at : at + size])
            at += size
        self.clock.advance(0)
        self.clock.advance(700)  # past every time-out of a call; the connection itself is not swept
        answers = transport.value()
        assert answers == b"" or answers.endswith(b"\n")
        protocol.connectionLost()
        assert not self.clock.getDelayedCalls()
        return [strictly(line) for line in answers.splitlines()]


KNOWN = {each.value for each in ErrorType}


@fuzz(st.lists(LINES, max_size=12), st.integers(0, 2**32), examples=400)
def test_live(lines: list[bytes], dice: int) -> None:
    """Each line is answered exactly once, in its place, and a ping after all of them is, too."""
    bridge = Bridge()
    data = b"".join(line + b"\n" for line in lines)
    number = data.count(b"\n")
    ping = b'{"module":"test","function":"ping","request_id":"the last"}\n'
    answers = bridge.talk(data + ping, random.Random(dice))
    assert len(answers) == number + 1
    for answer in answers:
        assert answer["success"] is True or answer["error_type"] in KNOWN - {"InternalError"}
    for line, answer in zip(data.split(b"\n")[:-1], answers[:-1], strict=True):
        try:
            request = wire.decode_request(line.removesuffix(b"\r"))
        except BridgeError:
            assert answer["error_type"] == "BadRequest"
        else:
            assert answer.get("request_id") == request.request_id
    assert answers[-1]["request_id"] == "the last"


@fuzz(st.lists(LINES, max_size=4), st.integers(0, 2**32), examples=300)
def test_live_with_little_room(lines: list[bytes], dice: int) -> None:
    """A request that is too large is the last that is answered; nothing is ever answered twice."""
    bridge = Bridge(max_request_size=4096)
    rng = random.Random(dice)
    large = b'{"module":"test","function":"echo","params":"' + b"x" * rng.choice((4000, 4050, 4096, 9000)) + b'"}'
    data = b"".join(line + b"\n" for line in [*lines, large, *lines])
    every = data.split(b"\n")[:-1]
    answers = bridge.talk(data, rng)
    faults = [at for at, answer in enumerate(answers) if answer.get("error_type") == "RequestTooLarge"]
    # A line of one packet is judged without its newline, one that arrives in pieces when it has grown too long.
    too_large = [at for at, line in enumerate(every) if len(line.removesuffix(b"\r")) > 4096]
    if too_large:
        assert faults == [too_large[0]] == [len(answers) - 1]
    else:
        assert not faults
        assert len(answers) == len(every)


@fuzz(mutants(*REQUESTS), st.integers(0, 2**32), examples=500)
def test_older_clients(document: bytes, dice: int) -> None:
    """A document without a newline gets one answer or none, and never two."""
    bridge = Bridge()
    rng = random.Random(dice)
    protocol, transport = bridge.open()
    document = mutate(document, rng, most=1).replace(b"\n", b" ")
    cut = rng.randint(0, len(document))
    for packet in (document[:cut], document[cut:]):
        if packet:
            protocol.dataReceived(packet)
        bridge.clock.advance(rng.choice((0.01, 0.2)))
    if not transport.disconnecting:
        protocol.readConnectionLost()
    bridge.clock.advance(700)
    answers = [strictly(line) for line in transport.value().splitlines()]
    assert len(answers) == (1 if document.strip() else 0)
    for answer in answers:
        assert answer["result"]["success"] is answer["success"]
        assert answer["success"] or answer["error_type"] != "InternalError"
    protocol.connectionLost()


def read_answers(data: bytes) -> list[dict[str, Any]]:
    """Take apart what a connection has answered: lines, and what they announce."""
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        answer = strictly(data[at:end])
        at = end + 1
        size = answer.get("storable", 0)
        assert data[at : at + size][:2] == (b"\x05\x07" if size else b"")
        at += size
        found.append(answer)
    assert at == len(data)
    return found


class Asked(msgspec.Struct):
    """A request for data, and what it does: parts that hold anything, marks and newlines too."""

    fails: bool
    void: bool | None
    group: int | None
    resume: bool | None
    accept: str | None
    parts: list[bytes] | None

    def spell(self, number: int) -> bytes:
        """Return its bytes."""
        fields: dict[str, Any] = {
            "module": "test",
            "function": "nothing" if self.fails else "echo",
            "params": [{"__bytes__": at} for at in range(len(self.parts or []))],
            "request_id": number,
        }
        for name in ("void", "group", "resume", "accept"):
            value = getattr(self, name)
            if value is not None:
                fields[name] = value
        if self.parts is not None:
            fields = {"parts": [len(part) for part in self.parts], **fields}
        return msgspec.json.encode(fields) + b"\n" + b"".join(self.parts or [])


PART = st.binary(max_size=30) | st.sampled_from(REQUESTS).map(lambda line: line + b"\n") | st.just(b'{"call":1}\n')
ASKED = st.builds(
    Asked,
    fails=st.booleans(),
    void=st.sampled_from([None, None, False, True]),
    group=st.sampled_from([None, 0, 1, 255]),
    resume=st.sampled_from([None, None, False, True]),
    accept=st.sampled_from([None, "storable", "else"]),
    parts=st.none() | st.lists(PART, max_size=4),
)


@fuzz(st.lists(ASKED, max_size=15), st.integers(0, 2**32), examples=500)
def test_data(asked: list[Asked], dice: int) -> None:
    """Exactly those are answered, in order, that should be, however the bytes are cut."""
    failed: dict[int, int] = {}
    wanted: list[tuple[int, bool, int | None]] = []
    for number, each in enumerate(asked):
        first = None
        if each.group is not None:
            if each.resume:
                failed.pop(each.group, None)
            first = failed.get(each.group)
        if first is None and each.fails and each.group is not None:
            failed[each.group] = number
        if first is not None:
            if not each.void:
                wanted.append((number, False, first))
        elif each.fails or not each.void:
            wanted.append((number, not each.fails, None))
    bridge = Bridge(max_pipelined_requests=1000)
    data = b"".join(each.spell(number) for number, each in enumerate(asked))
    protocol, transport = bridge.open()
    rng, at = random.Random(dice), 0
    while at < len(data):
        size = rng.choice((1, 3, 20, 200, 4096))
        protocol.dataReceived(data[at : at + size])
        at += size
    answers = read_answers(transport.value())
    protocol.connectionLost()
    assert [(each["request_id"], each["success"], each.get("failed_request")) for each in answers] == wanted


@fuzz(st.lists(ASKED, max_size=6), st.integers(0, 2**32), examples=500)
def test_broken_data(asked: list[Asked], dice: int) -> None:
    """Whatever becomes of requests for data on their way: the answers can be read, and nothing of ours fails."""
    rng = random.Random(dice)
    data = b"".join(each.spell(number) for number, each in enumerate(asked))
    data = mutate(
        data + rng.choice((b"", b'{"call":1,"return":[{"__bytes__":0}]}\n', b'{"parts":[3],"call":1}\nabc')), rng
    )
    bridge = Bridge(max_request_size=10_000)
    protocol, transport = bridge.open()
    at = 0
    while at < len(data):
        size = rng.choice((1, 3, 20, 200, 4096))
        protocol.dataReceived(data[at : at + size])
        at += size
    if not transport.disconnecting:
        protocol.readConnectionLost()
    bridge.clock.advance(700)
    for answer in read_answers(transport.value()):
        assert answer["success"] is True or answer["error_type"] in KNOWN - {"InternalError"}
    protocol.connectionLost()
    assert bridge.table.held_bytes == 0
