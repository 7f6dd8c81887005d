"""From request line to answer: kinds of functions, time-outs, waiting, callers that go away. Time is a Clock."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from bridge.admission import Admission
from bridge.dispatch import Dispatcher
from bridge.errors import BridgeError, ErrorType
from bridge.limits import Limits
from bridge.registry import Kind
from bridge.settings import Settings


@attrs.define
class FakeFunction:
    """A function as the registry hands it out."""

    name: str
    kind: Kind
    work: Callable[[Any], object]
    timeout: float | None = None
    exempt: bool = False
    direct: Any = None

    def bind(self, params: object, session: object) -> Callable[[], object]:
        if params == "bad":
            raise BridgeError(ErrorType.BAD_PARAMS, "bad it is")
        return lambda: self.work(params)


class FakeRegistry:
    def __init__(self, *functions: FakeFunction) -> None:
        self.functions = {function.name: function for function in functions}

    def find(self, module: str, function: str) -> FakeFunction:
        try:
            return self.functions[f"{module}.{function}"]
        except KeyError:
            raise BridgeError(ErrorType.UNKNOWN_FUNCTION, "no such function") from None


class FakeThreads:
    """A pool whose threads run when the test says so."""

    def __init__(self) -> None:
        self.queue: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self.size = 0

    def run(self, work: Callable[..., object], *args: object) -> None:
        self.queue.append((work, args))

    def resize(self, most: int) -> None:
        self.size = most

    def step(self) -> None:
        work, args = self.queue.pop(0)
        work(*args)


class FakeReactor:
    def callFromThread(self, work: Callable[..., object], *args: object) -> None:
        work(*args)


class FakeWorkers:
    def __init__(self) -> None:
        self.calls: list[tuple[tuple[object, ...], Deferred[bytes]]] = []
        self.killed = 0

    def call(self, *args: object, storable: bool = False) -> Deferred[bytes]:
        deferred: Deferred[bytes] = Deferred(self._cancel)
        self.calls.append((args, deferred))
        return deferred

    def _cancel(self, deferred: Deferred[bytes]) -> None:
        self.killed += 1


class FakeStats:
    def __init__(self) -> None:
        self.ended: list[tuple[str, ErrorType | None]] = []
        self.refused: list[tuple[str, ErrorType]] = []

    def call_ended(self, function: str, error: ErrorType | None, queued: float, run: float, now: float) -> None:
        self.ended.append((function, error))

    def call_refused(self, function: str, error: BridgeError, queued: float, now: float) -> None:
        self.refused.append((function, error.error_type))


@attrs.define(eq=False)
class FakeCaller:
    """A connection that keeps its answers."""

    process: Any
    answers: list[dict[str, Any]] = attrs.field(factory=list)
    session: object = None
    client: str = ""
    introduced: bool = False
    failed_groups: dict[int, Any] = attrs.field(factory=dict)
    raw: bytes = b""
    called_back: list[tuple[Any, bytes, Any]] = attrs.field(factory=list)
    lost: BridgeError | None = None
    sending: threading.Lock = attrs.field(factory=threading.Lock)
    sent: bytes = b""
    waits_for: object = None
    has_more: bool = False
    room: int = 1000
    count: int = 0
    on_send: Callable[[], object] = lambda: None

    def only_waits_for(self, call: object) -> bool:
        return self.waits_for is call

    def send_now(self, data: bytes) -> int:
        self.on_send()
        self.sent += data[: self.room]
        return len(data[: self.room])

    def answer(self, data: bytes, call: object = None) -> None:
        self.raw += data
        self.count += 1
        if data and not self.sent:
            assert data.endswith(b"\n")
            self.answers.append(json.loads(data))

    def call_back(self, call: object, message: Any, finish: Any) -> None:
        self.called_back.append((call, message(len(self.called_back) + 1), finish))

    def lose_track(self, error: BridgeError) -> None:
        self.lost = error

    def introduce(self, version: str | None, caller: str | None) -> None:
        self.client = f"{caller} {version}"


class Bench:
    def __init__(
        self,
        *functions: FakeFunction,
        settings: Settings | None = None,
        threads: Any = None,
        reactor: Any = None,
        **limits: float,
    ) -> None:
        self.clock = Clock()
        self.admission = Admission(Limits().evolve(**limits))
        self.threads = threads or FakeThreads()
        self.workers = FakeWorkers()
        self.stats = FakeStats()
        self.dispatcher = Dispatcher(
            registry=FakeRegistry(*functions),
            admission=self.admission,
            stats=self.stats,
            settings=settings or Settings(),
            clock=self.clock,
            reactor=reactor or FakeReactor(),
            threads=self.threads,
            workers=self.workers,
        )
        self.calls: list[Any] = []

    def caller(self, process: str = "p") -> FakeCaller:
        return FakeCaller(self.admission.process(process))

    def call(
        self, name: str, params: object = None, *, caller: FakeCaller | None = None, **fields: object
    ) -> FakeCaller:
        caller = caller or self.caller()
        module, _, function = name.partition(".")
        line = json.dumps({"module": module, "function": function, "params": params, **fields}).encode()
        self.submit(line, caller)
        return caller

    def submit(self, line: bytes, caller: FakeCaller, *, legacy: bool = False) -> None:
        """Hand over a line as a connection does: an answer that comes back at once is sent."""
        result = self.dispatcher.submit(line, caller, legacy=legacy)
        if isinstance(result, bytes):
            caller.answer(result)
            result = None
        self.calls.append(result)

    def at_rest(self) -> bool:
        return self.admission.in_flight == self.admission.waiting == 0 and not self.clock.getDelayedCalls()


def inline(work: Callable[[Any], object] = lambda params: params, **options: Any) -> FakeFunction:
    return FakeFunction("m.inline", Kind.INLINE, work, **options)


def threaded(work: Callable[[Any], object] = lambda params: params, **options: Any) -> FakeFunction:
    return FakeFunction("m.thread", Kind.THREAD, work, **options)


def fail(error: BaseException) -> Callable[[Any], object]:
    def work(_params: object) -> object:
        raise error

    return work


class TestInline:
    def test_answered_at_once(self) -> None:
        """An inline function answers before submit returns, and leaves nothing behind."""
        bench = Bench(inline())
        caller = bench.call("m.inline", {"a": [1]}, request_id="7")
        assert caller.answers == [{"success": True, "result": {"a": [1]}, "request_id": "7"}]
        assert bench.calls == [None]
        assert bench.stats.ended == [("m.inline", None)]
        assert bench.at_rest()

    def test_exception(self) -> None:
        """An exception is a FunctionError with the class's name."""
        bench = Bench(inline(fail(KeyError("x"))))
        [answer] = bench.call("m.inline").answers
        assert (answer["error_type"], answer["exception"]) == ("FunctionError", "KeyError")
        assert bench.at_rest()

    def test_long_text(self) -> None:
        """An exception's text is cut where it would be a nuisance."""
        bench = Bench(inline(fail(ValueError("x" * 10_000_000))))
        assert len(bench.call("m.inline").answers[0]["error"]) < 5000

    def test_exit(self) -> None:
        """Even an attempt to exit the process is its caller's to hear, and nobody else's."""
        bench = Bench(inline(fail(SystemExit(3))))
        assert bench.call("m.inline").answers[0]["exception"] == "SystemExit"

    def test_not_serializable(self) -> None:
        """A result that JSON cannot carry is an error, not null."""
        bench = Bench(inline(lambda _: {"x": float("nan")}))
        [answer] = bench.call("m.inline").answers
        assert answer["error_type"] == "NotSerializable"
        assert "result.x" in answer["error"]

    def test_result_too_large(self) -> None:
        """A result over max_result_size is refused in words."""
        bench = Bench(inline(lambda _: "x" * 100), settings=attrs.evolve(Settings(), max_result_size=99))
        assert bench.call("m.inline").answers[0]["error_type"] == "ResultTooLarge"

    def test_raised_bridge_error(self) -> None:
        """A function may choose its own word."""
        bench = Bench(inline(fail(BridgeError(ErrorType.FORBIDDEN, "not you"))))
        assert bench.call("m.inline").answers[0]["error_type"] == "Forbidden"

    def test_legacy(self) -> None:
        """An older client's answer has the older envelope."""
        bench = Bench(inline())
        caller = bench.caller()
        bench.submit(b'{"module":"m","function":"inline","params":{"k":1}}', caller, legacy=True)
        assert caller.answers[0]["result"] == {"k": 1, "success": True, "result": {"k": 1}}


class TestFaultyRequests:
    def test_each_is_answered_and_counted(self) -> None:
        """Bad JSON, unknown functions and bad parameters are answered, counted, and cost no slot and no rate."""
        bench = Bench(inline())
        caller = bench.caller()
        bench.submit(b"{", caller)
        bench.call("m.nothing", caller=caller)
        bench.call("m.inline", "bad", caller=caller)
        assert [answer["error_type"] for answer in caller.answers] == ["BadRequest", "UnknownFunction", "BadParams"]
        assert bench.stats.refused == [
            ("", ErrorType.BAD_REQUEST),
            ("", ErrorType.UNKNOWN_FUNCTION),
            ("m.inline", ErrorType.BAD_PARAMS),
        ]
        assert bench.admission.sample(0.0).rate == 0

    def test_bad_request_keeps_its_id(self) -> None:
        """The id of a request that is not valid comes back when it can be read."""
        bench = Bench()
        caller = bench.caller()
        bench.submit(b'{"module":1,"request_id":"9"}', caller)
        assert caller.answers[0]["request_id"] == "9"


class TestThreads:
    def test_runs_in_the_pool(self) -> None:
        """A plain function runs in a thread and its slot is given back."""
        bench = Bench(threaded())
        caller = bench.call("m.thread", [1])
        assert caller.answers == []
        assert bench.admission.in_flight == 1
        bench.threads.step()
        assert caller.answers[0]["result"] == [1]
        assert bench.at_rest()

    def test_timeout_keeps_the_slot(self) -> None:
        """A timed-out thread is answered Timeout at once but holds its slot until it really ends."""
        bench = Bench(threaded())
        caller = bench.call("m.thread", timeout=2)
        bench.clock.advance(2)
        assert caller.answers[0]["error_type"] == "Timeout"
        assert bench.admission.in_flight == 1
        assert bench.dispatcher.overdue == 1
        bench.threads.step()
        assert len(caller.answers) == 1
        assert bench.dispatcher.overdue == 0
        assert bench.stats.ended == [("m.thread", ErrorType.TIMEOUT)]
        assert bench.at_rest()

    def test_timeout_is_capped(self) -> None:
        """The caller's wish counts up to the setting, the author's is the default."""
        bench = Bench(threaded(timeout=5), settings=attrs.evolve(Settings(), call_timeout=10))
        patient, default = bench.call("m.thread", timeout=99), bench.call("m.thread")
        bench.clock.advance(5)
        assert default.answers and not patient.answers
        bench.clock.advance(5)
        assert patient.answers[0]["error_type"] == "Timeout"

    def test_waiting_counts_against_the_timeout(self) -> None:
        """Time spent waiting for a slot is part of the caller's patience."""
        bench = Bench(threaded(), max_concurrent_requests=1)
        bench.call("m.thread")
        second = bench.call("m.thread", timeout=1.5)
        bench.clock.advance(0.5)
        bench.threads.step()
        bench.clock.advance(1.0)
        assert second.answers[0]["error_type"] == "Timeout"

    def test_caller_gone_while_running(self) -> None:
        """A thread whose caller has gone runs to its end; the result is thrown away, the slot given back."""
        bench = Bench(threaded())
        caller = bench.call("m.thread")
        bench.dispatcher.abandon(bench.calls[0])
        bench.threads.step()
        assert caller.answers == []
        assert bench.at_rest()
        assert (bench.dispatcher.abandoned, bench.dispatcher.cancelled) == (1, 0)  # it ran, and is counted as such

    def test_no_thread(self) -> None:
        """Where no thread can be started the caller is told that nothing ran, and the slot is free again."""
        bench = Bench(threaded(), max_concurrent_requests=1)

        def refuse(*_: object) -> None:
            raise RuntimeError("can't start new thread")

        bench.threads.run = refuse
        for _ in range(3):
            [answer] = bench.call("m.thread").answers
            assert (answer["error_type"], answer["executed"]) == ("InternalError", False)
        assert bench.at_rest()
        assert bench.dispatcher.busy_threads == 0


class TestWaiting:
    def test_starts_when_a_slot_is_free(self) -> None:
        """A waiting call runs as soon as another ends."""
        bench = Bench(threaded(), max_concurrent_requests=1)
        first, second = bench.call("m.thread", 1), bench.call("m.thread", 2)
        assert len(bench.threads.queue) == 1
        bench.threads.step()
        bench.threads.step()
        assert [first.answers[0]["result"], second.answers[0]["result"]] == [1, 2]
        assert bench.at_rest()

    def test_refused_at_its_deadline(self) -> None:
        """A call that cannot start within backpressure_seconds is refused, and was never executed."""
        bench = Bench(threaded(), max_concurrent_requests=1)
        bench.call("m.thread")
        waiting = bench.call("m.thread", request_id="w")
        bench.clock.advance(0.999)
        assert waiting.answers == []
        bench.clock.advance(0.001)
        [answer] = waiting.answers
        assert (answer["error_type"], answer["limit"], answer["executed"]) == ("Throttled", "concurrent", False)
        assert answer["request_id"] == "w"
        assert len(bench.threads.queue) == 1

    def test_window_slides(self) -> None:
        """A call held by the rate starts by the timer alone."""
        bench = Bench(inline(), max_requests_per_minute=1)
        bench.call("m.inline", 1)
        bench.clock.advance(59.5)
        late = bench.call("m.inline", 2)
        bench.clock.advance(0.5)
        assert late.answers[0]["result"] == 2
        assert bench.at_rest()

    def test_caller_gone_while_waiting(self) -> None:
        """A caller that goes away leaves the queue at once; nothing of its call is ever run."""
        bench = Bench(threaded(), max_concurrent_requests=1)
        bench.call("m.thread", 1)
        bench.call("m.thread", 2)
        bench.dispatcher.abandon(bench.calls[1])
        assert bench.admission.waiting == 0
        bench.threads.step()
        assert bench.threads.queue == []
        assert bench.at_rest()
        assert (bench.dispatcher.abandoned, bench.dispatcher.cancelled) == (1, 1)

    def test_inline_calls_started_from_the_queue(self) -> None:
        """Many inline calls that waited run one after the other without growing the stack."""
        bench = Bench(
            threaded(), inline(), max_concurrent_requests=1, max_queued_requests=5000, max_requests_per_minute=9000
        )
        bench.call("m.thread")
        waiting = [bench.call("m.inline", number) for number in range(5000)]
        bench.threads.step()
        assert [caller.answers[0]["result"] for caller in waiting] == list(range(5000))
        assert bench.at_rest()

    def test_raised_limits(self) -> None:
        """Raising a limit starts waiting calls and makes room in the pool."""
        bench = Bench(threaded(), max_concurrent_requests=1)
        bench.call("m.thread")
        bench.call("m.thread")
        bench.admission.set_limits(bench.admission.limits.evolve(max_concurrent_requests=7), 0.0)
        bench.dispatcher.apply_limits()
        assert (len(bench.threads.queue), bench.threads.size) == (2, 7)


class TestExempt:
    def test_never_held(self) -> None:
        """Monitoring answers when everything else is refused, and uses up neither slots nor rate."""
        system = inline(exempt=True)
        system.name = "system.metrics"
        bench = Bench(threaded(), system, max_concurrent_requests=1, max_queued_requests=1, max_requests_per_minute=1)
        for _ in range(3):
            bench.call("m.thread")
        for _ in range(10):
            assert bench.call("system.metrics").answers[0]["success"]
        bench.admission.draining = True
        assert bench.call("system.metrics").answers[0]["success"]
        assert bench.admission.sample(0.0).rate == 1


class TestAsync:
    def test_holds_a_slot_without_a_thread(self) -> None:
        """A coroutine runs in the reactor; its slot is given back when it ends."""
        bench = Bench()

        async def work(params: object) -> object:
            await deferLater(bench.clock, 2)
            return params

        bench.dispatcher.registry = FakeRegistry(FakeFunction("m.wait", Kind.ASYNC, work))
        caller = bench.call("m.wait", [1])
        assert bench.admission.in_flight == 1
        bench.clock.advance(2)
        assert caller.answers[0]["result"] == [1]
        assert bench.at_rest()

    def test_raises_at_once(self) -> None:
        """A coroutine that fails before its first wait is answered like any other."""
        bench = Bench()

        async def work(_params: object) -> object:
            raise LookupError("gone")

        bench.dispatcher.registry = FakeRegistry(FakeFunction("m.wait", Kind.ASYNC, work))
        assert bench.call("m.wait").answers[0]["exception"] == "LookupError"
        assert bench.at_rest()

    def test_timeout_cancels(self) -> None:
        """A coroutine is stopped at its time-out and its slot is free at once."""
        bench = Bench()

        async def work(_params: object) -> object:
            await deferLater(bench.clock, 100)

        bench.dispatcher.registry = FakeRegistry(FakeFunction("m.wait", Kind.ASYNC, work))
        caller = bench.call("m.wait", timeout=1)
        bench.clock.advance(1)
        assert caller.answers[0]["error_type"] == "Timeout"
        assert bench.at_rest()

    def test_caller_gone(self) -> None:
        """A coroutine whose caller has gone is cancelled."""
        bench = Bench()

        async def work(_params: object) -> object:
            await deferLater(bench.clock, 100)

        bench.dispatcher.registry = FakeRegistry(FakeFunction("m.wait", Kind.ASYNC, work))
        bench.call("m.wait")
        bench.dispatcher.abandon(bench.calls[0])
        assert bench.at_rest()
        assert bench.stats.ended == []
        assert bench.dispatcher.cancelled == 1


class TestIsolated:
    def test_goes_to_a_worker(self) -> None:
        """An isolated function is handed to the pool with its parameters and time limit."""
        bench = Bench(FakeFunction("m.crash", Kind.ISOLATED, lambda params: params))
        caller = bench.call("m.crash", [1], timeout=3)
        args, deferred = bench.workers.calls[0]
        assert args == ("m", "crash", [1], 3)
        deferred.callback(b"[2]")
        assert caller.answers[0]["result"] == [2]
        assert bench.at_rest()

    def test_worker_died(self) -> None:
        """A worker's death is its caller's answer."""
        bench = Bench(FakeFunction("m.crash", Kind.ISOLATED, lambda params: params))
        caller = bench.call("m.crash")
        bench.workers.calls[0][1].errback(BridgeError(ErrorType.FUNCTION_ERROR, "died", exception="WorkerDied"))
        assert caller.answers[0]["exception"] == "WorkerDied"
        assert bench.at_rest()

    def test_timeout_kills(self) -> None:
        """At the time-out the worker is killed, the caller told, the slot free."""
        bench = Bench(FakeFunction("m.crash", Kind.ISOLATED, lambda params: params))
        caller = bench.call("m.crash", timeout=1)
        bench.clock.advance(1)
        assert caller.answers[0]["error_type"] == "Timeout"
        assert bench.workers.killed == 1
        assert bench.at_rest()


class TestDrain:
    def test_waits_for_what_runs_and_waits(self) -> None:
        """Draining is over when nothing waits or runs; new calls are refused, repeatable."""
        bench = Bench(threaded(), max_concurrent_requests=1)
        first, second = bench.call("m.thread", 1), bench.call("m.thread", 2)
        done: list[None] = []
        bench.dispatcher.drain().addCallback(done.append)
        [refusal] = bench.call("m.thread").answers
        assert (refusal["error_type"], refusal["executed"]) == ("Draining", False)
        bench.threads.step()
        assert not done
        bench.threads.step()
        assert done == [None]
        assert first.answers and second.answers

    def test_nothing_to_wait_for(self) -> None:
        """An idle daemon is drained at once."""
        done: list[None] = []
        Bench().dispatcher.drain().addCallback(done.append)
        assert done == [None]
