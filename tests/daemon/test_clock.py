"""Timers on the monotonic clock: order, cancelling, and independence from wall time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.clock import CANCELLED_KEPT, MonotonicClock


class FakeReactor:
    """Keeps what threads hand over until the test runs it."""

    def __init__(self) -> None:
        self.handed: list[Callable[[], object]] = []

    def callFromThread(self, work: Callable[[], object]) -> None:
        self.handed.append(work)


class HandClock:
    """A monotonic clock moved by hand; due timers are run without the watching thread."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = MonotonicClock(FakeReactor(), lambda: self.now)
        self.ran: list[str] = []

    def at(self, delay: float, name: str) -> Any:
        return self.clock.callLater(delay, self.ran.append, name)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.clock._run_due()


class TestMonotonicClock:
    def test_order(self) -> None:
        """Timers run in the order of their times, equal ones in the order they were made."""
        hand = HandClock()
        hand.at(2, "c")
        hand.at(1, "a")
        hand.at(1, "b")
        hand.advance(1)
        assert hand.ran == ["a", "b"]
        hand.advance(1)
        assert hand.ran == ["a", "b", "c"]
        assert hand.clock.getDelayedCalls() == []

    def test_cancel(self) -> None:
        """A cancelled timer never runs, and many of them do not pile up."""
        hand = HandClock()
        for _ in range(CANCELLED_KEPT * 3):
            hand.at(1000, "x").cancel()
        assert len(hand.clock._heap) <= CANCELLED_KEPT + 1
        hand.advance(2000)
        assert hand.ran == []

    def test_moved(self) -> None:
        """A timer may be moved both ways."""
        hand = HandClock()
        early, late = hand.at(10, "early"), hand.at(1, "late")
        early.reset(0.5)
        late.delay(5)
        hand.advance(0.5)
        assert hand.ran == ["early"]
        hand.advance(1)
        assert hand.ran == ["early"]
        hand.advance(4.5)
        assert hand.ran == ["early", "late"]
        hand.advance(100)
        assert hand.ran == ["early", "late"]

    def test_timer_made_by_a_timer(self) -> None:
        """A timer that makes another with no delay does not run it in the same turn for ever."""
        hand = HandClock()
        hand.clock.callLater(0, lambda: hand.at(1, "again"))
        hand.advance(0)
        hand.advance(1)
        assert hand.ran == ["again"]

    def test_lateness(self) -> None:
        """The worst lateness is told once."""
        hand = HandClock()
        hand.at(1, "a")
        hand.advance(1.25)
        assert hand.clock.take_lateness() == 0.25
        assert hand.clock.take_lateness() == 0.0

    def test_thread_wakes_the_reactor(self) -> None:
        """The watching thread hands the due timers to the reactor, and ends when told to."""
        import threading

        woken = threading.Event()

        class Reactor:
            def callFromThread(self, work: Callable[[], object]) -> None:
                woken.set()

        clock = MonotonicClock(Reactor())
        clock.callLater(0.001, lambda: None)
        clock.start()
        assert woken.wait(10)
        clock.stop()
        assert not any(thread.name == "cpanbridge-clock" for thread in threading.enumerate())
