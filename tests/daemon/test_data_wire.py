"""What requests ask for beyond a JSON answer: Storable's form, parts, no answer, groups, calls of Perl subs.

Connections and the dispatcher together; threads run when the test says so, and no reactor does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import pytest
from fuzzing import load_tests

from bridge import storable
from bridge.api import Callback, CallbackError, Peer, Session
from bridge.callstack import MAX_DEPTH
from bridge.connections import BridgeFactory, ConnectionTable
from bridge.registry import Kind

dispatching = load_tests("daemon/test_dispatch.py")
Transport = load_tests("daemon/test_protocol.py").FakeTransport


class Threads:
    """Real threads, each for one job; what they give the reactor waits until the test takes it."""

    def __init__(self) -> None:
        self.for_reactor: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self.came = threading.Condition()
        self.all: list[threading.Thread] = []

    def run(self, work: Callable[..., object], *args: object) -> None:
        self.all.append(threading.Thread(target=work, args=args, daemon=True))
        self.all[-1].start()

    def callFromThread(self, work: Callable[..., object], *args: object) -> None:
        with self.came:
            self.for_reactor.append((work, args))
            self.came.notify()

    def step(self) -> None:
        """Take what a thread has to say next, and wait for it if need be."""
        with self.came:
            assert self.came.wait_for(lambda: self.for_reactor, timeout=10)
            work, args = self.for_reactor.pop(0)
        work(*args)


class Function:
    """A function that takes the params whole, and the session; in a thread unless its name says otherwise."""

    timeout = direct = None
    exempt = plain = False

    def __init__(self, name: str, work: Callable[[Any, Session], object]) -> None:
        self.name = name
        self.kind = Kind.INLINE if name.startswith("m.inline") else Kind.THREAD
        self.work = work

    def bind(self, params: object, session: Session) -> Callable[[], object]:
        return lambda: self.work(None if params is msgspec.UNSET else params, session)


class Bridge:
    """One connection with everything behind it."""

    def __init__(self, **functions: Callable[[Any, Session], object]) -> None:
        self.threads = Threads()
        self.bench = dispatching.Bench(
            *(Function(f"m.{name}", work) for name, work in functions.items()),
            threads=self.threads,
            reactor=self.threads,
        )
        self.clock = self.bench.clock
        self.table = ConnectionTable(
            settings=self.bench.dispatcher.settings,
            admission=self.bench.admission,
            clock=self.clock,
            peer_of=lambda _: Peer(pid=1, uid=2, gid=3, start_time=4),
            on_refused=lambda _: None,
            on_fault=lambda _: None,
        )
        self.protocol = BridgeFactory(handler=self.bench.dispatcher, table=self.table).buildProtocol(None)
        self.transport = Transport()
        self.protocol.makeConnection(self.transport)
        self.number = 0

    def function(self, name: str, work: Callable[[Any, Session], object]) -> Any:
        made = dispatching.FakeFunction(f"m.{name}", Kind.INLINE if name.startswith("inline") else Kind.THREAD, work)
        made.bind = lambda params, session: lambda: work(params, session)
        return made

    def send(
        self, name: str, params: object = None, *, parts: tuple[bytes, ...] | None = None, **fields: object
    ) -> None:
        self.number += 1
        request = {"module": "m", "function": name, "params": params, "request_id": self.number, **fields}
        if parts is not None:
            request = {"parts": [len(part) for part in parts], **request}
        line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        self.protocol.dataReceived(line + b"".join(parts or ()))

    def returns(self, number: int, **what: object) -> None:
        self.protocol.dataReceived(json.dumps({"call": number, **what}, separators=(",", ":")).encode() + b"\n")

    def take(self) -> bytes:
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.take().splitlines()]


def same(params: object, _session: Session) -> object:
    return params


def boom(params: object, _session: Session) -> object:
    raise ValueError(params)


@pytest.fixture
def bridge() -> Bridge:
    """A bridge with functions of several kinds."""
    return Bridge(
        inline=same,
        inline_boom=boom,
        thread=same,
        call=lambda params, session: session.callback(params)(1, b"\xff"),
        attempt=attempt,
    )


def attempt(params: Any, session: Session) -> str:
    try:
        return repr(session.callback(params)())
    except CallbackError as error:
        return f"failed: {error}"


SUB = {"__callback__": 7}


class TestStorable:
    @pytest.mark.parametrize("name", ["inline", "thread"])
    def test_answer(self, bridge: Bridge, name: str) -> None:
        """A line announces the bytes that follow it; what follows them is the next answer's."""
        bridge.send(name, ["x\n", 1], accept="storable")
        if name == "thread":
            bridge.threads.step()
        data = storable.encode(["x\n", 1])
        assert bridge.take() == b'{"success":true,"storable":%d,"request_id":1}\n%b' % (len(data), data)
        bridge.send("inline", 2)
        assert bridge.answers() == [{"success": True, "result": 2, "request_id": 2}]

    def test_without_an_id(self, bridge: Bridge) -> None:
        """A request without an id has an answer without one."""
        bridge.protocol.dataReceived(b'{"module":"m","function":"inline","accept":"storable"}\n')
        assert bridge.take().startswith(b'{"success":true,"storable":')

    def test_errors_and_other_words(self, bridge: Bridge) -> None:
        """Failures are JSON; a form that nobody knows is JSON, too."""
        bridge.send("inline_boom", accept="storable")
        bridge.send("nothing", accept="storable")
        bridge.send("inline", [1], accept="sereal")
        first, second, third = bridge.answers()
        assert (first["error_type"], second["error_type"], third["result"]) == ("FunctionError", "UnknownFunction", [1])

    def test_too_large(self, bridge: Bridge) -> None:
        """max_result_size counts the bytes of the form that is sent."""
        settings = attrs.evolve(bridge.bench.dispatcher.settings, max_result_size=100)
        bridge.bench.dispatcher.settings = settings
        bridge.send("inline", "x" * 100, accept="storable")
        assert bridge.answers()[0]["error_type"] == "ResultTooLarge"

    def test_older_clients(self, bridge: Bridge) -> None:
        """A request without a newline is answered as ever."""
        line = b'{"module":"m","function":"inline","params":[1],"accept":"storable","void":true,"group":1}'
        bridge.protocol.dataReceived(line)
        bridge.clock.advance(0.06)
        assert bridge.answers() == [{"success": True, "result": {"success": True, "result": [1]}}]


class TestBytes:
    def test_parts(self, bridge: Bridge) -> None:
        """Parts take their places in the parameters; bytes in a result are base64 in JSON."""
        parts = (b'\n{"call":1}\n', b"", b"\xff")
        bridge.send("inline", {"a": [{"__bytes__": 2}, {"__bytes__": 0}], "b": {"__bytes__": 1}}, parts=parts)
        [answer] = bridge.answers()
        wanted = {"a": [{"__bytes__": "/w=="}, {"__bytes__": "CnsiY2FsbCI6MX0K"}], "b": {"__bytes__": ""}}
        assert answer["result"] == wanted

    def test_both_forms_are_bytes(self) -> None:
        """A function gets bytes, whichever way they came; what only looks like them stays what it is."""
        seen: list[object] = []
        bridge = Bridge(inline=lambda params, _: seen.append(params))
        bridge.send("inline", {"__bytes__": 0}, parts=(b"x",))
        bridge.send("inline", {"__bytes__": "eA=="})
        bridge.send("inline", {"__bytes__": "no base64!"})
        bridge.send("inline", {"__bytes__": 0})
        bridge.send("inline", {"__bytes__": "eA==", "more": 1})
        assert seen == [
            b"x",
            b"x",
            {"__bytes__": "no base64!"},
            {"__bytes__": 0},
            {"__bytes__": "eA==", "more": 1},
        ]

    @pytest.mark.parametrize("number", [1, -1, 99])
    def test_no_such_part(self, bridge: Bridge, number: int) -> None:
        """A part that did not come is named, and the connection is still in step."""
        bridge.send("inline", [{"__bytes__": number}], parts=(b"x",))
        bridge.send("inline", 2)
        wrong, right = bridge.answers()
        assert wrong["error_type"] == "BadRequest"
        assert f"no part {number}" in wrong["error"]
        assert (wrong["request_id"], right["result"]) == (1, 2)

    @pytest.mark.parametrize(
        "line", [b'{"module":"m","parts":[9],"function":"inline"}', b'{ "parts":[9],"module":"m"}']
    )
    def test_parts_announced_elsewhere(self, bridge: Bridge, line: bytes) -> None:
        """A line that announces parts where they are not looked for ends the connection: they are no requests."""
        bridge.protocol.dataReceived(line + b'\n{"module":"m","function":"inline"}\n')
        [answer] = bridge.answers()
        assert answer["error_type"] == "BadRequest"
        assert bridge.transport.write_closed

    @pytest.mark.parametrize("line", [b'{"parts":[x],"module":"m"}', b'{"parts":[' + b"1," * 5000 + b"1]}"])
    def test_sizes_that_cannot_be_read(self, bridge: Bridge, line: bytes) -> None:
        """So does one whose sizes cannot be read."""
        bridge.protocol.dataReceived(line + b'\n{"module":"m","function":"inline"}\n')
        [answer] = bridge.answers()
        assert answer["error_type"] == "BadRequest"
        assert bridge.transport.write_closed

    def test_too_large(self, bridge: Bridge) -> None:
        """The sum of line and parts is bounded, and refused before it has come."""
        most = bridge.protocol.settings.max_request_size
        bridge.send("inline", 1)
        bridge.protocol.dataReceived(b'{"parts":[%d,%d],"module":"m"}\n' % (most // 2, most // 2))
        first, second = bridge.answers()
        assert (first["result"], second["error_type"]) == (1, "RequestTooLarge")

    def test_memory_is_accounted_for(self, bridge: Bridge) -> None:
        """Large parts that are arriving are in the table's account, and out of it when they are gone."""
        bridge.protocol.dataReceived(b'{"parts":[1000000],"module":"m","function":"inline"}\n' + b"x" * 500_000)
        assert bridge.table.held_bytes > 500_000
        bridge.protocol.dataReceived(b"x" * 500_000)
        assert bridge.table.held_bytes == 0
        assert len(bridge.answers()) == 1

    def test_a_dribble(self, bridge: Bridge) -> None:
        """Parts that do not come are waited for as long as a line is."""
        bridge.protocol.dataReceived(b'{"parts":[1000],"module":"m"}\n')
        for _ in range(32):
            bridge.clock.advance(1.0)
            bridge.protocol.dataReceived(b"x")
            bridge.protocol.check(bridge.clock.seconds())
        [answer] = bridge.answers()
        assert "was not complete 30 s after its first byte" in answer["error"]

    def test_the_end_in_the_middle(self, bridge: Bridge) -> None:
        """A request whose parts end early is not executed."""
        bridge.protocol.dataReceived(b'{"parts":[10],"module":"m","function":"inline"}\nabc')
        bridge.protocol.readConnectionLost()
        [answer] = bridge.answers()
        assert answer["error"] == "The request ended 7 bytes before the end of its parts."

    def test_no_older_client(self, bridge: Bridge) -> None:
        """Parts that are silent for a while are not looked at as a document."""
        bridge.protocol.dataReceived(b'{"parts":[10],"module":"m","function":"inline"}\n{"a":1}')
        bridge.clock.advance(1.0)
        assert bridge.take() == b""
        bridge.protocol.dataReceived(b"xyz")
        assert bridge.answers()[0]["success"] is True


class TestVoid:
    @pytest.mark.parametrize("name", ["inline", "thread"])
    def test_success_is_not_answered(self, bridge: Bridge, name: str) -> None:
        """Nothing is said of success, whatever the function returned; failures are told, with their id."""
        bridge.send(name, [1], void=True)
        if name == "thread":
            bridge.threads.step()
        bridge.send("inline_boom", "x", void=True)
        bridge.send("inline", 3)
        first, second = bridge.answers()
        assert (first["request_id"], first["error_type"]) == (2, "FunctionError")
        assert second["result"] == 3
        assert bridge.bench.stats.ended[0] == (f"m.{name}", None)

    def test_what_could_not_be_sent(self) -> None:
        """A result that is not sent need not be plain data, nor small."""
        bridge = Bridge(inline=lambda _params, _session: object())
        bridge.send("inline", void=True)
        assert bridge.take() == b""

    def test_a_group_stops(self, bridge: Bridge) -> None:
        """After a failure the group's requests are not executed until one resumes; others are."""
        bridge.send("inline", 1, void=True, group=3)
        bridge.send("inline_boom", "x", void=True, group=3)
        bridge.send("inline_boom", "y", void=True, group=3)
        bridge.send("inline", 4, group=3)
        bridge.send("inline", 5, group=4)
        bridge.send("inline", 6)
        bridge.send("inline", 7, group=3, resume=True)
        bridge.send("inline", 8, group=3)
        failed, skipped, *others = bridge.answers()
        assert (failed["request_id"], failed["exception"]) == (2, "ValueError")
        assert "failed_request" not in failed
        assert (skipped["request_id"], skipped["failed_request"], skipped["executed"]) == (4, 2, False)
        assert (skipped["error_type"], skipped["exception"]) == ("FunctionError", "ValueError")
        assert [answer["result"] for answer in others] == [5, 6, 7, 8]
        assert len(bridge.bench.stats.ended) == 6  # those skipped are no calls

    @pytest.mark.parametrize(
        "line",
        [
            b'{"module":"m","function":"nothing","void":true,"group":1}',
            b'{"module":"m","function":"inline","params":99999999999999999999,"void":true,"group":1}',
            b'{"module":"m","void":true,"group":1}',
            b'{"module":"m","function":"inline","timeout":0,"group":1}',
        ],
    )
    def test_requests_that_are_not_valid_stop_it(self, bridge: Bridge, line: bytes) -> None:
        """Whatever keeps a request from being executed keeps those after it, too."""
        bridge.protocol.dataReceived(line + b"\n")
        bridge.send("inline", 2, group=1)
        assert [answer["success"] for answer in bridge.answers()] == [False, False]

    def test_what_is_kept_of_a_failure(self, bridge: Bridge) -> None:
        """A connection remembers the words of a failure, and nothing of the data that the function had."""
        bridge.send("inline_boom", "x", void=True, group=1)
        error, request_id = bridge.protocol.failed_groups[1]
        assert (error.message, error.__traceback__, request_id) == ("m.inline_boom raised ValueError: x", None, 1)

    def test_refusals_stop_it(self) -> None:
        """A refused call is not overtaken by those sent after it."""
        bridge = Bridge(thread=same)
        bridge.bench.admission.set_limits(
            bridge.bench.admission.limits.evolve(max_concurrent_requests=1, max_queued_requests=1), 0.0
        )
        bridge.bench.admission.draining = True
        bridge.send("thread", 1, void=True, group=1)
        bridge.bench.admission.draining = False
        bridge.send("thread", 2, void=True, group=1)
        [refused] = bridge.answers()
        assert (refused["error_type"], refused["executed"]) == ("Draining", False)
        assert bridge.threads.all == []

    @pytest.mark.parametrize("group", [-1, 256, "1", 1.5])
    def test_groups_are_small_numbers(self, bridge: Bridge, group: object) -> None:
        """What a connection must remember is bounded."""
        bridge.send("inline", 1, group=group)
        assert bridge.answers()[0]["error_type"] == "BadRequest"


class TestCallbacks:
    def test_a_sub_is_called(self, bridge: Bridge) -> None:
        """The line that calls it, its return, and then the answer."""
        bridge.send("call", SUB)
        bridge.threads.step()
        assert bridge.answers() == [{"call": 1, "callback": 7, "args": [1, {"__bytes__": "/w=="}]}]
        assert bridge.protocol.state == "busy"
        bridge.returns(1, **{"return": {"a": 1}})
        bridge.threads.step()
        assert bridge.answers() == [{"success": True, "result": {"a": 1}, "request_id": 1}]
        assert bridge.bench.at_rest()

    def test_in_storable_s_form(self, bridge: Bridge) -> None:
        """Arguments come in the form of the answer; what is returned may have parts."""
        bridge.send("call", SUB, accept="storable")
        bridge.threads.step()
        args = storable.encode((1, b"\xff"))
        assert bridge.take() == b'{"call":1,"callback":7,"storable":%d}\n%b' % (len(args), args)
        bridge.protocol.dataReceived(b'{"parts":[2],"call":1,"return":[{"__bytes__":0}]}\n\n\xfe')
        bridge.threads.step()
        assert bridge.take().endswith(storable.encode([b"\n\xfe"]))

    def test_a_sub_dies(self, bridge: Bridge) -> None:
        """The function has an exception with the text; let pass, it is the call's error."""
        bridge.send("attempt", SUB)
        bridge.threads.step()
        bridge.returns(1, die="oops\n")
        bridge.threads.step()
        bridge.send("call", SUB)
        bridge.threads.step()
        bridge.returns(2, die="again")
        bridge.threads.step()
        asked, first, _, second = bridge.answers()
        assert asked["call"] == 1
        assert first["result"] == "failed: The Perl sub that m.attempt called died: oops"
        assert (second["error_type"], second["exception"], second["died"]) == ("FunctionError", "CallbackError", 2)

    def test_nested(self, bridge: Bridge) -> None:
        """While a sub is out, requests are served; their subs return first."""
        bridge.send("call", SUB)
        bridge.threads.step()
        bridge.send("inline", "within")
        bridge.send("call", SUB)
        bridge.threads.step()
        assert [answer.get("call", answer.get("result")) for answer in bridge.answers()] == [1, "within", 2]
        bridge.returns(2, **{"return": "inner"})
        bridge.threads.step()
        bridge.returns(1, **{"return": "outer"})
        bridge.threads.step()
        assert [(answer["request_id"], answer["result"]) for answer in bridge.answers()] == [(3, "inner"), (1, "outer")]

    def test_a_return_waits_for_what_was_sent_before(self, bridge: Bridge) -> None:
        """A request that nobody waits for is done before the sub's call goes on."""
        bridge.send("call", SUB)
        bridge.threads.step()
        bridge.send("thread", "first", void=True)
        bridge.returns(1, **{"return": 5})
        bridge.threads.step()
        assert bridge.bench.stats.ended == [("m.thread", None)]
        bridge.threads.step()
        assert bridge.answers()[-1]["result"] == 5

    def test_out_of_turn(self, bridge: Bridge) -> None:
        """A sub that returns before one that was called from it ends the conversation."""
        bridge.send("attempt", SUB)
        bridge.threads.step()
        bridge.send("attempt", SUB)
        bridge.threads.step()
        bridge.returns(1, **{"return": 1})
        assert bridge.answers()[-1]["error_type"] == "BadRequest"
        assert bridge.transport.write_closed
        bridge.protocol.connectionLost()
        for thread in bridge.threads.all:
            thread.join(10)
            assert not thread.is_alive()

    def test_a_return_that_nobody_waits_for(self, bridge: Bridge) -> None:
        """A return that comes too late is nothing to anybody; one that cannot be read ends the conversation."""
        bridge.returns(1, **{"return": 1})
        bridge.send("inline", 1)
        assert bridge.answers() == [{"success": True, "result": 1, "request_id": 1}]
        bridge.protocol.dataReceived(b'{"call":"x"}\n')
        assert bridge.answers()[0]["error_type"] == "BadRequest"
        assert bridge.transport.write_closed

    def test_too_deep(self, bridge: Bridge) -> None:
        """There is a bound for how many may be out."""
        for _ in range(MAX_DEPTH):
            bridge.send("call", SUB)
            bridge.threads.step()
        bridge.take()
        bridge.send("attempt", SUB)
        bridge.threads.step()
        bridge.threads.step()
        assert (
            bridge.answers()[0]["result"] == f"failed: Perl subs called back are nested deeper than {MAX_DEPTH} levels."
        )
        bridge.protocol.connectionLost()
        for thread in bridge.threads.all:
            thread.join(10)

    def test_the_client_goes(self, bridge: Bridge) -> None:
        """The thread is woken with an error, and its slot is given back."""
        said: list[str] = []
        bridge = Bridge(call=lambda params, session: said.append(attempt(params, session)))
        bridge.send("call", SUB)
        bridge.threads.step()
        bridge.protocol.connectionLost()
        bridge.threads.step()
        assert said == ["failed: The client has gone while its sub was being called back."]
        assert bridge.bench.at_rest()
        assert bridge.bench.dispatcher.abandoned == 1

    def test_half_close(self, bridge: Bridge) -> None:
        """A client that can never return is as good as gone."""
        bridge.send("call", SUB)
        bridge.threads.step()
        bridge.protocol.readConnectionLost()
        assert bridge.transport.disconnecting

    def test_time_is_up(self, bridge: Bridge) -> None:
        """The call's time-out counts while the sub runs; requests from within the sub are served on."""
        bridge.send("attempt", SUB, timeout=5)
        bridge.threads.step()
        bridge.clock.advance(5)
        bridge.send("inline", "within")
        bridge.returns(1, **{"return": 1})
        bridge.send("inline", "next")
        bridge.threads.step()
        answers = bridge.answers()
        assert [answer.get("result", answer.get("error_type")) for answer in answers[1:]] == [
            "Timeout",
            "within",
            "next",
        ]
        assert bridge.bench.dispatcher.overdue == 0
        assert bridge.bench.at_rest()

    def test_only_where_somebody_waits(self, bridge: Bridge) -> None:
        """A request that is not answered cannot call back, nor can any code that is not a call of the connection."""
        bridge.send("call", SUB, void=True)
        bridge.threads.step()
        assert "Nobody waits for this call" in bridge.answers()[0]["error"]
        with pytest.raises(CallbackError, match="in the thread of a call"):
            Callback(bridge.protocol.session, 7)()

    def test_another_connection_s_sub(self) -> None:
        """A sub is called in calls of its own connection only."""
        kept: list[Callback] = []
        bridge = Bridge(keep=lambda params, session: kept.append(session.callback(params)), use=lambda *_: kept[0]())
        bridge.send("keep", SUB)
        bridge.threads.step()
        kept[0]._session = object()
        bridge.send("use")
        bridge.threads.step()
        assert "in the thread of a call of its own connection" in bridge.answers()[1]["error"]

    def test_reading_goes_on(self, bridge: Bridge) -> None:
        """However much was sent ahead, the return behind it is read."""
        bridge.send("call", SUB)
        for number in range(100):
            bridge.send("inline", number)
        assert not bridge.transport.reading
        bridge.threads.step()
        assert bridge.transport.reading
        bridge.returns(1, **{"return": "returned"})
        bridge.threads.step()
        answers = bridge.answers()
        assert len(answers) == 102
        assert answers[-1]["result"] == "returned"

    def test_the_daemon_stops(self, bridge: Bridge) -> None:
        """A stop waits for the subs that are out."""
        bridge.send("call", SUB)
        bridge.threads.step()
        bridge.protocol.close_when_quiet()
        assert not bridge.transport.disconnecting
        bridge.returns(1, **{"return": "returned"})
        bridge.threads.step()
        assert bridge.answers()[-1]["result"] == "returned"
        assert bridge.transport.disconnecting
