"""Calls in threads: answered from there, while the books are the reactor's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from fuzzing import load_tests

from bridge.registry import Kind
from bridge.settings import Settings

dispatching = load_tests("daemon/test_dispatch.py")


class LaterReactor:
    """Runs what threads ask it for when the test says so."""

    def __init__(self) -> None:
        self.work: list[tuple[Callable[..., object], tuple[object, ...]]] = []

    def callFromThread(self, work: Callable[..., object], *args: object) -> None:
        self.work.append((work, args))

    def step(self) -> None:
        work, args = self.work.pop(0)
        work(*args)


def direct(name: str = "thread", *, timeout: float | None = None, **limits: Any) -> tuple[Any, Any, LaterReactor]:
    """A call that runs in a thread, whose caller waits for nothing else."""
    reactor = LaterReactor()
    bench = dispatching.Bench(
        dispatching.threaded(),
        dispatching.FakeFunction("m.boom", Kind.THREAD, dispatching.fail(ValueError("x"))),
        reactor=reactor,
        **limits,
    )
    caller = bench.call(f"m.{name}", [1], **({} if timeout is None else {"timeout": timeout}))
    caller.waits_for = bench.calls[0]
    return bench, caller, reactor


class TestAnswersFromThreads:
    def test_answered_from_the_thread(self) -> None:
        """A caller that only waits for its call is answered before the reactor turns to it, and the books follow."""
        bench, caller, reactor = direct()
        bench.threads.step()
        assert json.loads(caller.sent)["result"] == [1]
        assert reactor.work == []  # nothing is so urgent that the reactor must be woken
        assert (bench.admission.in_flight, bench.stats.ended) == (1, [])
        bench.dispatcher.settle()
        assert (caller.raw, caller.count) == (b"", 1)  # it is told that its call is over, and has nothing more to send
        assert bench.stats.ended == [("m.thread", None)]
        assert bench.at_rest()

    def test_books_before_the_answer(self) -> None:
        """When the client has its answer, whoever settles finds the call ended: the entry is there before."""
        bench, caller, _ = direct()
        seen = []
        caller.on_send = lambda: seen.append(len(bench.dispatcher._threaded.ended))
        bench.threads.step()
        assert seen == [1]

    @pytest.mark.parametrize("why", ["has more", "no room", "waiting", "draining"])
    def test_reactor_is_woken(self, why: str) -> None:
        """The reactor is called at once where somebody waits for the call to be over, or for the rest of its answer."""
        bench, caller, reactor = direct(max_concurrent_requests=1)
        if why == "has more":
            caller.has_more = True
        elif why == "no room":
            caller.room = 5
        elif why == "waiting":
            second = bench.call("m.thread", [2])
        else:
            idle = bench.dispatcher.drain()
        bench.threads.step()
        assert len(reactor.work) == 1
        reactor.step()
        assert bench.stats.ended == [("m.thread", None)]
        if why == "waiting":
            bench.threads.step()
            reactor.step()
            assert second.answers[0]["result"] == [2]
        elif why == "draining":
            assert idle.called
        assert json.loads(caller.sent + caller.raw)["result"] == [1]
        assert bench.at_rest()

    def test_next_call_finds_the_slot_free(self) -> None:
        """A call that must wait settles first: no slot is held by a call that is over."""
        bench, _, reactor = direct(max_concurrent_requests=1)
        bench.threads.step()
        second = bench.call("m.thread", [2])
        assert reactor.work == []
        bench.threads.step()
        reactor.step()
        assert second.answers[0]["result"] == [2]

    def test_timeout_at_the_last_moment(self) -> None:
        """A call whose thread has answered does not time out, though nobody has settled yet."""
        bench, caller, _ = direct(timeout=2)
        bench.threads.step()
        bench.clock.advance(2)
        bench.dispatcher.settle()
        assert bench.stats.ended == [("m.thread", None)]
        assert (caller.answers, bench.dispatcher.overdue) == ([], 0)
        assert bench.at_rest()

    def test_no_answer_after_a_timeout(self) -> None:
        """A thread that ends after its call's timeout sends nothing."""
        bench, caller, reactor = direct(timeout=2)
        bench.clock.advance(2)
        bench.threads.step()
        reactor.step()
        assert caller.sent == b""
        assert [answer["error_type"] for answer in caller.answers] == ["Timeout"]
        assert bench.at_rest()

    def test_failures_and_what_is_too_large_take_the_long_way(self) -> None:
        """What is no plain result is answered by the reactor."""
        bench, caller, reactor = direct("boom", settings=attrs.evolve(Settings(), max_result_size=1024))
        bench.threads.step()
        reactor.step()
        bench.call("m.thread", "x" * 2000, caller=caller)
        caller.waits_for = bench.calls[-1]
        bench.threads.step()
        reactor.step()
        assert caller.sent == b""
        assert [answer["error_type"] for answer in caller.answers] == ["FunctionError", "ResultTooLarge"]
