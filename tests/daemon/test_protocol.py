"""The connection handler: both framings, order, bounds in both directions. No reactor runs here."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from bridge.admission import Admission
from bridge.api import Peer
from bridge.connections import BridgeFactory, ConnectionTable
from bridge.errors import BridgeError
from bridge.limits import Limits
from bridge.outbox import WRITE_PIECE
from bridge.protocol import LINGER, QUEUED_BYTES, BridgeProtocol
from bridge.session import Phase
from bridge.settings import Settings


class FakeTransport(StringTransport):
    """A transport with half-close and abort, and a write buffer that a test fills and empties by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.write_closed = False
        self.aborted = False
        self.reading = True

    def loseWriteConnection(self) -> None:
        self.write_closed = True

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True


@attrs.define
class EchoHandler:
    """Answers every line with itself: at once, or when the test says so."""

    later: bool = False
    waiting: list[tuple[BridgeProtocol, bytes]] = attrs.field(factory=list)
    seen: list[tuple[bytes, bool]] = attrs.field(factory=list)
    abandoned: list[object] = attrs.field(factory=list)

    def submit(self, line: bytes, caller: BridgeProtocol, *, legacy: bool) -> object | None:
        self.seen.append((line, legacy))
        if self.later:
            self.waiting.append((caller, line))
            return (line,)
        return line + b"\n"

    def abandon(self, call: object) -> None:
        self.abandoned.append(call)

    def settle(self) -> None:
        """Nothing ends but in the test's own time."""

    def release(self) -> None:
        caller, line = self.waiting.pop(0)
        caller.answer(line + b"\n")


class Connection:
    """A protocol under test with everything around it."""

    def __init__(
        self, *, later: bool = False, limits: Limits | None = None, table: Any = None, **settings: Any
    ) -> None:
        self.clock = Clock()
        self.handler = EchoHandler(later=later)
        self.faults: list[BridgeError] = []
        self.refused: list[int] = []
        limits = limits or Limits()
        self.table = table or ConnectionTable(
            settings=attrs.evolve(Settings(), limits=limits, **settings),
            admission=Admission(limits),
            clock=self.clock,
            peer_of=lambda _transport: Peer(pid=1, uid=2, gid=3, start_time=4),
            on_refused=self.refused.append,
            on_fault=self.faults.append,
        )
        self.factory = BridgeFactory(handler=self.handler, table=self.table)
        self.protocol, self.transport = self.open()

    def open(self) -> tuple[BridgeProtocol, FakeTransport]:
        protocol = self.factory.buildProtocol(None)
        transport = FakeTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.protocol.dataReceived(packet)

    @property
    def received(self) -> bytes:
        return self.transport.value()

    def error(self) -> dict[str, Any]:
        answer = json.loads(self.received.splitlines()[-1])
        assert answer["success"] is False
        return answer

    def pass_time(self, seconds: float) -> None:
        """Let time pass with the table's sweep, second by second."""
        for _ in range(int(seconds)):
            self.clock.advance(1.0)
            self.protocol.check(self.clock.seconds())


# What begins with a mark is no plain request.
LINE = st.binary(min_size=1).filter(
    lambda line: b"\n" not in line and not line.endswith(b"\r") and not line.startswith((b'{"parts":[', b'{"call":'))
)


class TestLines:
    @given(
        lines=st.lists(LINE),
        cuts=st.lists(st.integers(0, 500)),
        later=st.booleans(),
    )
    def test_answers_come_whole_and_in_order(self, lines: list[bytes], cuts: list[int], *, later: bool) -> None:
        """However requests are cut into packets, each gets its answer, in order, one at a time."""
        connection = Connection(later=later, max_pipelined_requests=10_000)
        stream = b"".join(line + b"\n" for line in lines)
        edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
        connection.send(*(stream[a:b] for a, b in pairwise(edges)))
        while connection.handler.waiting:
            assert len(connection.handler.waiting) == 1
            connection.handler.release()
        assert connection.received == stream
        assert not any(legacy for _, legacy in connection.handler.seen)

    def test_answers_of_one_packet_are_one_write(self) -> None:
        """Pipelined requests that are answered at once cost one write."""
        connection = Connection()
        writes: list[bytes] = []
        connection.transport.write = writes.append
        connection.send(b"a\nb\nc\n")
        assert writes == [b"a\nb\nc\n"]

    def test_sent_ahead_is_bounded(self) -> None:
        """Past the bound the socket is not read, and is read again when the daemon has caught up."""
        connection = Connection(later=True, max_pipelined_requests=3)
        connection.send(b"".join(b"%d\n" % number for number in range(10)))
        assert not connection.transport.reading
        for _ in range(10):
            connection.handler.release()
        assert connection.transport.reading
        assert connection.received == b"".join(b"%d\n" % number for number in range(10))

    def test_bytes_sent_ahead_are_bounded(self) -> None:
        """Large requests that wait stop the reading even when they are few."""
        connection = Connection(later=True)
        connection.send(b"first\n", b"x" * (QUEUED_BYTES + 1) + b"\n")
        assert not connection.transport.reading
        connection.handler.release()
        assert connection.transport.reading

    def test_caller_that_goes_away(self) -> None:
        """When the connection is lost its call is given up and its session is closed."""
        connection = Connection(later=True)
        closed: list[bool] = []
        connection.protocol.session.on_close(lambda: closed.append(True))
        connection.send(b"a\nb\n")
        connection.protocol.connectionLost()
        assert connection.handler.abandoned == [(b"a",)]
        assert closed == [True]
        assert connection.table.count == 0
        assert connection.clock.getDelayedCalls() == []


class TestTooLarge:
    def test_answered_then_closed(self) -> None:
        """An over-long request is refused as soon as it is too long; nothing of it is ever taken for a request."""
        connection = Connection(max_request_size=100)
        connection.send(b"x" * 60, b"x" * 60, b'\n{"module":"test"}\n', b"more\n")
        assert connection.error()["error_type"] == "RequestTooLarge"
        assert connection.handler.seen == []
        assert connection.transport.write_closed
        assert [fault.error_type for fault in connection.faults] == ["RequestTooLarge"]

    def test_in_one_packet(self) -> None:
        """A line that is too long but complete is refused just the same."""
        connection = Connection(max_request_size=100)
        connection.send(b"ok\n" + b"x" * 101 + b"\nnext\n")
        assert connection.received.startswith(b"ok\n")
        assert connection.error()["error_type"] == "RequestTooLarge"
        assert [line for line, _ in connection.handler.seen] == [b"ok"]

    def test_earlier_requests_are_answered_first(self) -> None:
        """The fault takes its turn behind requests that came before it, and swallows what follows."""
        connection = Connection(later=True, max_request_size=100)
        connection.send(b"a\nb\n", b"x" * 101, b"\nc\n")
        connection.handler.release()
        connection.handler.release()
        assert connection.received.startswith(b"a\nb\n")
        assert connection.error()["error_type"] == "RequestTooLarge"
        assert [line for line, _ in connection.handler.seen] == [b"a", b"b"]

    def test_lingers_then_goes(self) -> None:
        """A refused peer that goes on writing is cut off after the linger time."""
        connection = Connection(max_request_size=100)
        connection.send(b"x" * 101)
        connection.pass_time(LINGER)
        assert not connection.transport.aborted
        connection.send(b"y" * 1000)
        connection.pass_time(2)
        assert connection.transport.aborted

    def test_large_requests_share_a_budget(self) -> None:
        """Requests that arrive at the same time cannot hold more memory together than half of the limit."""
        connection = Connection(limits=Limits(max_memory_mb=128))
        others = [connection.open()[0] for _ in range(8)]
        for protocol in others:
            protocol.dataReceived(b"x" * 9_000_000)
        last = others[-1].transport.value()
        assert json.loads(last)["error_type"] == "Throttled"
        assert json.loads(last)["executed"] is False
        for protocol in others:
            protocol.connectionLost()
        assert connection.table.held_bytes == 0


class TestOlderClients:
    @pytest.mark.parametrize("packets", [[b'{"a":1}'], [b'{"a"', b":1}  "]])
    def test_half_close(self, packets: list[bytes]) -> None:
        """A document without a newline, then end of input: answered in the older form, then closed."""
        connection = Connection()
        connection.send(*packets)
        connection.protocol.readConnectionLost()
        assert connection.handler.seen == [(b"".join(packets), True)]
        assert connection.received
        assert connection.transport.disconnecting

    def test_silence(self) -> None:
        """A complete document and 50 ms of silence is a whole request."""
        connection = Connection()
        connection.send(b'{"a":1}')
        connection.clock.advance(0.049)
        assert connection.handler.seen == []
        connection.clock.advance(0.002)
        assert connection.handler.seen == [(b'{"a":1}', True)]
        assert connection.transport.disconnecting

    def test_silence_is_counted_from_the_last_byte(self) -> None:
        """While bytes keep coming nothing is taken for a whole request."""
        connection = Connection()
        for piece in [b'{"a":{}', b"}", b" ", b" "]:
            connection.send(piece)
            connection.clock.advance(0.04)
        assert connection.handler.seen == []
        connection.clock.advance(0.011)
        assert len(connection.handler.seen) == 1

    def test_incomplete_document_waits(self) -> None:
        """Half a document is not answered, however long the silence; the rest still makes it whole."""
        connection = Connection()
        connection.send(b'{"a":{}')
        connection.clock.advance(1.0)
        connection.send(b"}")
        connection.clock.advance(0.06)
        assert connection.handler.seen == [(b'{"a":{}}', True)]

    def test_newline_after_a_pause(self) -> None:
        """A request cut in two by a pause is an ordinary one when its newline comes."""
        connection = Connection()
        connection.send(b'{"a":')
        connection.clock.advance(1.0)
        connection.send(b"1}\n")
        connection.clock.advance(1.0)
        assert connection.handler.seen == [(b'{"a":1}', False)]
        assert not connection.transport.disconnecting

    def test_looking_is_bounded(self) -> None:
        """A large document that pauses after every brace is not parsed again and again."""
        connection = Connection()
        connection.send(b'{"a":[' + b" " * 70_000)
        for _ in range(50):
            connection.send(b"{}")
            connection.clock.advance(0.06)
        assert connection.protocol._legacy_attempts <= 8

    def test_half_close_after_lines(self) -> None:
        """A newline client that ends its last request by closing gets an ordinary answer."""
        connection = Connection()
        connection.send(b"a\nb")
        connection.protocol.readConnectionLost()
        assert connection.handler.seen == [(b"a", False), (b"b", False)]
        assert connection.received == b"a\nb\n"
        assert connection.transport.disconnecting

    def test_half_close_waits_for_the_answer(self) -> None:
        """The connection stays open for the answer of a call that takes time."""
        connection = Connection(later=True)
        connection.send(b'{"a":1}')
        connection.protocol.readConnectionLost()
        assert not connection.transport.disconnecting
        connection.handler.release()
        assert connection.transport.disconnecting

    def test_nothing_sent(self) -> None:
        """A peer that closes without a request is just closed."""
        connection = Connection()
        connection.protocol.readConnectionLost()
        assert connection.transport.disconnecting
        assert connection.received == b""


class TestDeadlines:
    def test_dribbling_request(self) -> None:
        """A request that is not complete after read_timeout is refused in words and closed."""
        connection = Connection(read_timeout=30)
        connection.send(b"a\n")
        for _ in range(33):
            connection.send(b"x")
            connection.pass_time(1)
        assert connection.error()["error_type"] == "BadRequest"
        assert "30 s after its first byte" in connection.error()["error"]
        assert connection.transport.write_closed

    def test_idle_connection(self) -> None:
        """A connection without requests is closed after idle_timeout, one with requests is not."""
        connection = Connection(idle_timeout=60)
        for _ in range(3):
            connection.pass_time(50)
            connection.send(b"a\n")
        assert not connection.transport.disconnecting
        connection.pass_time(62)
        assert connection.transport.disconnecting

    def test_long_call_is_not_idle(self) -> None:
        """A connection that waits for its answer is never idle."""
        connection = Connection(later=True, idle_timeout=60)
        connection.send(b"a\n")
        connection.pass_time(200)
        assert not connection.transport.disconnecting

    def test_client_that_does_not_read(self) -> None:
        """A client that reads nothing for write_timeout is dropped."""
        connection = Connection(write_timeout=30)
        connection.send(b"a\n")
        connection.protocol.pauseProducing()
        connection.pass_time(29)
        assert not connection.transport.aborted
        connection.pass_time(3)
        assert connection.transport.aborted

    def test_slow_reader_makes_progress(self) -> None:
        """A client that reads piece by piece is not dropped, and gets every byte."""
        connection = Connection(write_timeout=30)
        connection.protocol._outbox.blocked_since = None
        answer = bytes(range(256)) * 4096
        whole = answer.replace(b"\n", b"") + b"\n"
        original = connection.transport.write

        def write(data: bytes) -> None:
            original(data)
            connection.protocol.pauseProducing()

        connection.transport.write = write
        connection.handler.later = True
        connection.send(b"a\nb\n")
        connection.handler.waiting.pop()
        connection.protocol.answer(whole)
        rounds = 0
        while connection.received != whole:
            connection.pass_time(25)
            connection.protocol.resumeProducing()
            rounds += 1
        assert rounds == len(whole) // WRITE_PIECE
        assert not connection.transport.aborted

    def test_blocked_client_is_not_served(self) -> None:
        """While a client does not read its answers its further requests wait."""
        connection = Connection()
        connection.protocol.pauseProducing()
        connection.send(b"a\n")
        assert connection.handler.seen == []
        connection.protocol.resumeProducing()
        assert connection.received == b"a\n"


class TestConnectionLimit:
    def test_one_too_many(self) -> None:
        """Above max_connections a connection is told so, and the others are not disturbed."""
        connection = Connection(limits=Limits(max_connections=1))
        refused, transport = connection.open()
        answer = json.loads(transport.value())
        assert answer["error_type"] == "ConnectionLimit"
        assert answer["retry_after"] >= 1.0
        assert answer["executed"] is False
        assert transport.write_closed
        refused.dataReceived(b"a\n")
        assert connection.handler.seen == []
        assert (connection.table.count, connection.table.refused, connection.refused) == (1, 1, [1])
        connection.send(b"b\n")
        assert connection.received == b"b\n"

    def test_room_again(self) -> None:
        """When a connection ends the next one is taken."""
        connection = Connection(limits=Limits(max_connections=1))
        connection.protocol.connectionLost()
        _, transport = connection.open()
        assert transport.value() == b""


class TestStopping:
    def test_idle_connections_close(self) -> None:
        """When the daemon stops an idle connection is closed and a busy one after its answer."""
        connection = Connection(later=True)
        idle, idle_transport = connection.open()
        connection.send(b"a\n")
        connection.table.close_all_when_quiet()
        assert idle_transport.disconnecting
        assert idle.phase is Phase.CLOSED
        assert not connection.transport.disconnecting
        connection.handler.release()
        assert connection.received == b"a\n"
        assert connection.transport.disconnecting


@given(packets=st.lists(st.binary(max_size=300), max_size=20), half_close=st.booleans())
@example(packets=[b" "], half_close=True)
def test_garbage_never_breaks_the_handler(packets: list[bytes], *, half_close: bool) -> None:
    """Whatever bytes come in whatever packets, the connection handler raises nothing and leaves no timer."""
    connection = Connection(max_request_size=200, max_pipelined_requests=2)
    connection.send(*packets)
    if half_close:
        connection.protocol.readConnectionLost()
    connection.pass_time(100)
    connection.protocol.connectionLost()
    assert connection.clock.getDelayedCalls() == []
    assert connection.table.count == 0
