"""Void calls that came together: one after the other in one thread, and as if each had come by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fuzzing import load_tests

from bridge.api import Session
from bridge.errors import ErrorType
from bridge.followers import MOST, SLICE

wire_tests = load_tests("daemon/test_data_wire.py")


class Bridge(wire_tests.Bridge):  # type: ignore[misc]
    """One connection; ``m.note`` keeps what it is given, ``m.boom`` raises, ``m.other`` and ``m.inline`` are others."""

    def __init__(self, **limits: Any) -> None:
        self.noted: list[object] = []
        self.between: Callable[[object], object] = lambda _: None
        super().__init__(note=self.note, boom=wire_tests.boom, other=wire_tests.same, inline=wire_tests.same)
        self.bench.admission.set_limits(self.bench.admission.limits.evolve(**limits), 0.0)
        self.ended = self.bench.stats.ended

    def note(self, params: object, _session: Session) -> object:
        self.between(params)
        self.noted.append(params)
        return params

    def send_together(self, *requests: dict[str, Any]) -> None:
        """Send requests in one packet; void ones of group 1 unless they say otherwise."""
        usual = {"module": "m", "function": "note", "void": True, "group": 1}
        lines = [
            json.dumps({**usual, "request_id": number, **request}, separators=(",", ":"))
            for number, request in enumerate(requests, 1)
        ]
        self.protocol.dataReceived("".join(f"{line}\n" for line in lines).encode())

    def threads_used(self) -> int:
        return len(self.threads.all)


def notes(*numbers: int) -> list[dict[str, Any]]:
    return [{"params": number} for number in numbers]


LAST = {"function": "other", "params": "last", "void": False}
"""A request with an answer, behind the others."""


class TestTogether:
    def test_one_thread_one_slot(self) -> None:
        """Those behind a call run after it in its thread and slot; each is counted, in the window and in the books."""
        bridge = Bridge()
        held = []
        bridge.between = lambda _: held.append(bridge.bench.admission.in_flight)
        bridge.send_together(*notes(1, 2, 3), LAST)
        bridge.threads.step()
        assert (bridge.noted, bridge.threads_used(), held) == ([1, 2, 3], 2, [1, 1, 1])
        bridge.threads.step()
        assert [answer["result"] for answer in bridge.answers()] == ["last"]
        assert bridge.ended == [("m.note", None)] * 3 + [("m.other", None)]
        sample = bridge.bench.admission.sample(0.0)
        assert (sample.rate, sample.arrivals, sample.peak_concurrent) == (4, 4, 1)
        assert bridge.protocol.calls == 4
        assert bridge.bench.at_rest()

    def test_no_more_than_so_many(self) -> None:
        """Their number is bounded; the rest follows."""
        bridge = Bridge()
        begun = []
        bridge.between = lambda params: begun.append((params, threading.current_thread()))
        bridge.send_together(*notes(*range(MOST + 5)))
        while bridge.protocol.state != "idle":
            bridge.threads.step()
        assert bridge.noted == list(range(MOST + 5))
        first, second = bridge.threads.all
        assert [thread for _, thread in begun] == [first] * (MOST + 1) + [second] * 4

    @pytest.mark.parametrize(
        "request_",
        [
            {"params": 2, "group": 2},
            {"params": 2, "group": None},
            {"params": 2, "resume": True},
            {"params": 2, "void": False},
            {"params": 2, "function": "inline"},
        ],
        ids=["another group", "no group", "resumes", "has an answer", "inline"],
    )
    def test_what_does_not_follow(self, request_: dict[str, Any]) -> None:
        """A request of another kind is served in its turn, and what comes behind it is not drawn before it."""
        bridge = Bridge()
        bridge.send_together(*notes(1), request_, *notes(3), LAST)
        while bridge.protocol.state != "idle":
            bridge.threads.step()
        assert [params for params in bridge.noted if params != 2] == [1, 3]
        assert [name for name, _ in bridge.ended] == [
            "m.note",
            f"m.{request_.get('function', 'note')}",
            "m.note",
            "m.other",
        ]

    def test_bytes_and_parts(self) -> None:
        """Byte strings reach a call that follows, whichever way they came."""
        bridge = Bridge()
        gate = threading.Event()
        bridge.between = lambda _: gate.wait(10)
        bridge.send("note", 1, void=True, group=1)
        bridge.send("note", {"__bytes__": 0}, parts=(b"ab\n",), void=True, group=1)
        bridge.send("note", [{"__bytes__": "eA=="}], void=True, group=1)
        gate.set()
        bridge.threads.step()
        bridge.threads.step()
        assert bridge.noted == [1, b"ab\n", [b"x"]]
        assert bridge.threads_used() == 2


class TestFailures:
    def test_a_failure_ends_it(self) -> None:
        """What comes behind a failure is not run, and the failure is told with the id of its own request."""
        bridge = Bridge()
        bridge.send_together(*notes(1), {"function": "boom", "params": "x"}, *notes(3), {**LAST, "group": 2})
        bridge.threads.step()
        bridge.threads.step()
        failed, last = bridge.answers()
        assert (failed["request_id"], failed["exception"], last["result"]) == (2, "ValueError", "last")
        assert bridge.noted == [1]
        assert bridge.ended == [("m.note", None), ("m.boom", ErrorType.FUNCTION_ERROR), ("m.other", None)]
        assert bridge.bench.at_rest()

    @pytest.mark.parametrize("faulty", [{"function": "nothing"}, {"params": 1, "timeout": 0}], ids=["unknown", "wrong"])
    def test_a_faulty_request_in_their_midst(self, faulty: dict[str, Any]) -> None:
        """It is answered after those before it have run, and those behind it do not run."""
        bridge = Bridge()
        bridge.send_together(*notes(1, 2), faulty, *notes(4))
        bridge.threads.step()
        [answer] = bridge.answers()
        assert (answer["request_id"], answer["success"]) == (3, False)
        assert bridge.noted == [1, 2]
        assert bridge.bench.at_rest()

    def test_timeouts_are_each_one_s_own(self) -> None:
        """A call that follows has all of its time, from when it starts; and it is the one that times out."""
        bridge = Bridge()
        gate, reached = threading.Event(), threading.Event()

        def wait(params: object) -> None:
            if params == 1:
                bridge.clock.advance(SLICE / 2)
            if params == 2:
                reached.set()
                gate.wait(10)

        bridge.between = wait
        bridge.send_together({"params": 1, "timeout": 1}, {"params": 2, "timeout": 5}, *notes(3))
        assert reached.wait(10)
        bridge.clock.advance(1)
        assert bridge.answers() == []
        bridge.clock.advance(4.5)
        [answer] = bridge.answers()
        assert (answer["request_id"], answer["error_type"]) == (2, "Timeout")
        assert "within 5 s" in answer["error"]
        assert bridge.bench.dispatcher.overdue == 1
        gate.set()
        bridge.threads.step()
        assert bridge.noted == [1, 2]
        assert bridge.bench.dispatcher.overdue == 0
        assert bridge.bench.at_rest()

    def test_the_client_goes(self) -> None:
        """Those that have not begun when the client goes are not run."""
        bridge = Bridge()
        gate, reached = threading.Event(), threading.Event()
        bridge.between = lambda _: (reached.set(), gate.wait(10))
        bridge.send_together(*notes(1, 2, 3))
        assert reached.wait(10)
        bridge.protocol.connectionLost()
        gate.set()
        bridge.threads.step()
        assert bridge.noted == [1]
        assert bridge.bench.at_rest()


class TestOthers:
    def test_the_slot_is_given_back(self) -> None:
        """Whoever waits gets the slot after the call that runs; the rest goes on later, and counts once."""
        bridge = Bridge(max_concurrent_requests=1)
        gate, reached = threading.Event(), threading.Event()

        def wait(params: object) -> None:
            if params == 1:
                reached.set()
                gate.wait(10)

        bridge.between = wait
        bridge.send_together(*notes(1, 2, 3), LAST)
        assert reached.wait(10)
        other = bridge.bench.call("m.other", "other")
        gate.set()
        while bridge.protocol.state != "idle" or not other.answers:
            bridge.threads.step()
        assert other.answers[0]["result"] == "other"
        assert bridge.noted == [1, 2, 3]
        assert [name for name, _ in bridge.ended] == ["m.note", "m.other", "m.note", "m.note", "m.other"]
        assert bridge.bench.admission.sample(0.0).rate == 5
        assert bridge.bench.at_rest()

    def test_slow_ones_take_turns(self) -> None:
        """Once the slice is over the rest must ask again, without being counted twice."""
        bridge = Bridge()
        bridge.between = lambda _: bridge.clock.advance(SLICE * 2)
        bridge.send_together(*notes(1, 2, 3))
        for _ in range(3):
            bridge.threads.step()
        assert (bridge.noted, bridge.threads_used()) == ([1, 2, 3], 3)
        sample = bridge.bench.admission.sample(bridge.clock.seconds())
        assert (sample.rate, sample.arrivals) == (3, 3)
        assert bridge.bench.at_rest()

    def test_the_rate_limit(self) -> None:
        """No more follow than may start in the minute; the others wait like any call."""
        bridge = Bridge(max_requests_per_minute=2, backpressure_seconds=60)
        bridge.send_together(*notes(1, 2, 3))
        bridge.threads.step()
        assert bridge.noted == [1, 2]
        assert bridge.bench.admission.waiting == 1
        bridge.clock.advance(60)
        bridge.threads.step()
        assert bridge.noted == [1, 2, 3]

    def test_those_put_back_are_held_back_by_a_failed_group(self) -> None:
        """Calls that were given back are not run after one of them was refused."""
        bridge = Bridge()
        gate = threading.Event()
        bridge.between = lambda _: gate.wait(10)
        bridge.send_together(*notes(1, 2, 3))
        bridge.bench.dispatcher.drain()
        gate.set()
        while bridge.protocol.state != "idle":
            bridge.threads.step()
        [refused] = bridge.answers()
        assert (refused["error_type"], refused["executed"], refused["request_id"]) == ("Draining", False, 2)
        assert bridge.noted == [1]
