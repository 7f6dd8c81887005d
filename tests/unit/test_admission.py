"""Admission: examples of each rule, then a model that checks the promises for random histories."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.admission import Admission, ClientProcess, Ticket, TicketState
from bridge.errors import BridgeError, ErrorType, LimitName
from bridge.limits import Limits


class Bench:
    """An admission with a hand-moved clock; collects what happens to each ticket."""

    def __init__(self, **limits: float) -> None:
        self.admission = Admission(Limits().evolve(**limits))
        self.now = 1000.0
        self.started: list[Ticket] = []
        self.refused: list[tuple[Ticket, BridgeError]] = []

    def ask(self, process: str = "p") -> Ticket:
        ticket = Ticket(self.admission.process(process))
        try:
            if self.admission.ask(ticket, self.now):
                self.started.append(ticket)
        except BridgeError as error:
            self.refused.append((ticket, error))
        self.collect()
        return ticket

    def finish(self, ticket: Ticket) -> None:
        self.admission.finish(ticket, self.now)
        self.collect()

    def advance(self, seconds: float) -> None:
        """Let time pass, waking exactly when admission asks for it."""
        end = self.now + seconds
        while (wakeup := self.admission.next_wakeup(self.now)) is not None and wakeup <= end:
            self.now = max(self.now, wakeup)
            self.poll()
        self.now = end
        self.poll()

    def poll(self) -> None:
        self.refused += self.admission.poll(self.now)
        self.collect()

    def collect(self) -> None:
        self.started += self.admission.started
        self.admission.started.clear()


class TestConcurrency:
    def test_slots_are_given_in_order(self) -> None:
        """Calls beyond the slots wait and start first come first served."""
        bench = Bench(max_concurrent_requests=2)
        tickets = [bench.ask() for _ in range(4)]
        assert bench.started == tickets[:2]
        bench.finish(tickets[0])
        assert bench.started == tickets[:3]
        bench.finish(tickets[2])
        assert bench.started == tickets

    def test_waiting_starts_the_moment_it_can(self) -> None:
        """Backpressure is waiting, not sleeping: a freed slot is used at once."""
        bench = Bench(max_concurrent_requests=1)
        first, second = bench.ask(), bench.ask()
        bench.advance(0.3)
        bench.finish(first)
        assert second.started == pytest.approx(1000.3)

    def test_refused_after_backpressure(self) -> None:
        """A call that cannot start is refused when backpressure_seconds are over, with everything it needs to know."""
        bench = Bench(max_concurrent_requests=1, backpressure_seconds=1.0)
        bench.ask()
        waiting = bench.ask()
        bench.advance(0.99)
        assert not bench.refused
        bench.advance(0.01)
        [(ticket, error)] = bench.refused
        assert ticket is waiting
        assert error.error_type is ErrorType.THROTTLED
        assert (
            error.details.items()
            >= {
                "limit": "concurrent",
                "value": 2,
                "max": 1,
                "queued_ms": 1000,
                "executed": False,
            }.items()
        )
        assert error.details["retry_after"] > 0

    def test_full_queue_refuses_at_once(self) -> None:
        """No more than max_queued_requests wait."""
        bench = Bench(max_concurrent_requests=1, max_queued_requests=2)
        for _ in range(4):
            bench.ask()
        assert len(bench.refused) == 1
        assert bench.refused[0][1].details["queued_ms"] == 0

    def test_caller_that_leaves_frees_its_place(self) -> None:
        """A cancelled call leaves the queue at once and never starts."""
        bench = Bench(max_concurrent_requests=1)
        first, second, third = bench.ask(), bench.ask(), bench.ask()
        assert bench.admission.cancel(second, bench.now)
        bench.finish(first)
        assert bench.started == [first, third]

    def test_ends_once(self) -> None:
        """Finishing or cancelling twice changes nothing."""
        bench = Bench()
        ticket = bench.ask()
        bench.finish(ticket)
        bench.finish(ticket)
        assert bench.admission.in_flight == 0
        assert not bench.admission.cancel(ticket, bench.now)


class TestFairness:
    def test_round_robin_between_processes(self) -> None:
        """A greedy process's queue does not stand before a modest process's one call."""
        bench = Bench(max_concurrent_requests=1)
        running = bench.ask("greedy")
        greedy = [bench.ask("greedy") for _ in range(3)]
        modest = [bench.ask("modest") for _ in range(2)]
        for expected in [greedy[0], modest[0], greedy[1], modest[1], greedy[2]]:
            bench.finish(running)
            running = bench.started[-1]
            assert running is expected

    def test_share_of_the_slots(self) -> None:
        """While others wait no process gets more than its share, even when it came first."""
        bench = Bench(max_concurrent_requests=10, max_process_share=0.5, max_requests_per_minute=10)
        for _ in range(5):
            bench.ask("greedy")
        for _ in range(5):
            bench.finish(bench.ask("other"))  # uses up the window
        waiting = [bench.ask("greedy") for _ in range(3)]
        modest = bench.ask("modest")
        bench.admission.set_limits(bench.admission.limits.evolve(max_requests_per_minute=100), bench.now)
        bench.collect()
        assert modest.state is TicketState.RUNNING
        # Nobody else waits any more, so the greedy process may have the free slots.
        assert all(ticket.state is TicketState.RUNNING for ticket in waiting)

    def test_share_does_not_spin(self) -> None:
        """Calls held by their process's share wake up at their deadline, not at once and for ever."""
        bench = Bench(max_concurrent_requests=4, max_process_share=0.25, max_requests_per_minute=4)
        for name in "aabb":
            bench.ask(name)
        held = [bench.ask("a"), bench.ask("b")]
        bench.finish(bench.started[0])
        bench.finish(bench.started[2])
        bench.admission.set_limits(bench.admission.limits.evolve(max_requests_per_minute=100), bench.now)
        bench.collect()
        assert [ticket.state for ticket in held] == [TicketState.WAITING] * 2
        assert bench.admission.next_wakeup(bench.now) == held[0].deadline


class TestRate:
    def test_a_late_look_still_names_what_held_the_call(self) -> None:
        """When the window has room again by the time anybody looks, the refusal says ``rate`` all the same."""
        bench = Bench(max_requests_per_minute=1, backpressure_seconds=1.0)
        bench.finish(bench.ask())
        bench.now += 58.999
        bench.ask()
        bench.now += 1.002  # past the call's deadline, and the window is empty
        bench.poll()
        assert bench.refused[0][1].details["limit"] == "rate"

    def test_refused_calls_do_not_count(self) -> None:
        """Only starts use up the window."""
        bench = Bench(max_requests_per_minute=2)
        for _ in range(2):
            bench.finish(bench.ask())
        bench.ask()
        bench.advance(30)
        assert bench.admission.sample(bench.now).rate == 2
        assert bench.admission.sample(bench.now).rate_demand == 3

    def test_waits_for_the_window_to_slide(self) -> None:
        """A call over the rate starts exactly when the oldest start leaves the window."""
        bench = Bench(max_requests_per_minute=1)
        bench.finish(bench.ask())
        bench.advance(59.5)
        late = bench.ask()
        assert late.state is TicketState.WAITING
        bench.advance(0.6)
        assert late.started == pytest.approx(1060.0)

    def test_retry_after_is_true_and_spread(self) -> None:
        """Callers who come back when told to all find room."""
        bench = Bench(max_requests_per_minute=10, backpressure_seconds=0.01)
        for _ in range(10):
            bench.finish(bench.ask())
            bench.advance(2.0)
        for _ in range(5):
            bench.ask()
        bench.advance(0.02)
        times = [error.details["retry_after"] for _, error in bench.refused]
        assert len(set(times)) == 5
        base = bench.now
        for wait in sorted(times):
            bench.advance(max(0.0, base + wait - bench.now))
            assert bench.ask().state is TicketState.RUNNING

    def test_one_deaf_client_does_not_push_everyone_away(self) -> None:
        """Whatever number of refusals came before, nobody is sent away for more than a window."""
        bench = Bench(max_requests_per_minute=5, backpressure_seconds=0.01)
        for _ in range(5):
            bench.finish(bench.ask())
        for _ in range(200):
            bench.ask()
            bench.advance(0.02)
        assert max(error.details["retry_after"] for _, error in bench.refused) <= 60.0


class TestPressure:
    @pytest.mark.parametrize(
        ("cpu", "lag", "slots"), [(0, 0, 100), (1.0, 0, 100), (1.25, 0, 52), (1.5, 0, 5), (9, 0, 5), (0, 1.25, 52)]
    )
    def test_cpu_and_lag_shrink_the_slots(self, cpu: float, lag: float, slots: int) -> None:
        """Slots shrink linearly to five at 150 %, never to nothing."""
        bench = Bench()
        bench.admission.set_pressure(cpu=cpu, memory=0, lag=lag, now=bench.now)
        assert bench.admission.slots == slots

    def test_memory_lets_one_run(self) -> None:
        """Memory over its limit lets one call run at a time, and refusals name it."""
        bench = Bench()
        bench.admission.set_pressure(cpu=0, memory=1.1, lag=0, now=bench.now)
        first, second = bench.ask(), bench.ask()
        assert (first.state, second.state) == (TicketState.RUNNING, TicketState.WAITING)
        bench.advance(1.0)
        assert bench.refused[0][1].details["limit"] == "memory"

    def test_relief_admits_at_once(self) -> None:
        """Waiting calls start as soon as the pressure is gone."""
        bench = Bench()
        bench.admission.set_pressure(cpu=0, memory=2, lag=0, now=bench.now)
        tickets = [bench.ask() for _ in range(5)]
        bench.admission.set_pressure(cpu=0, memory=0, lag=0, now=bench.now)
        assert all(ticket.state is TicketState.RUNNING for ticket in tickets)

    def test_few_slots_stay_few(self) -> None:
        """With fewer than five slots configured, pressure does not add any."""
        bench = Bench(max_concurrent_requests=3)
        bench.admission.set_pressure(cpu=2, memory=0, lag=0, now=bench.now)
        assert bench.admission.slots == 3


class TestLimitChanges:
    def test_lowering_breaks_nothing(self) -> None:
        """Running calls go on; new ones wait until the number is under the new limit."""
        bench = Bench(max_concurrent_requests=5)
        running = [bench.ask() for _ in range(5)]
        bench.admission.set_limits(bench.admission.limits.evolve(max_concurrent_requests=2), bench.now)
        assert bench.admission.in_flight == 5
        waiting = bench.ask()
        for ticket in running[:3]:
            bench.finish(ticket)
        assert waiting.state is TicketState.WAITING
        bench.finish(running[3])
        assert waiting.state is TicketState.RUNNING

    def test_raising_admits_at_once(self) -> None:
        """Waiting calls start in the same instant as the limit is raised."""
        bench = Bench(max_concurrent_requests=1)
        bench.ask()
        waiting = bench.ask()
        bench.admission.set_limits(bench.admission.limits.evolve(max_concurrent_requests=2), bench.now)
        assert waiting.state is TicketState.RUNNING

    def test_backpressure_moves_deadlines(self) -> None:
        """A changed waiting time holds for those who wait already."""
        bench = Bench(max_concurrent_requests=1, backpressure_seconds=10)
        bench.ask()
        bench.ask()
        bench.admission.set_limits(bench.admission.limits.evolve(backpressure_seconds=1.0), bench.now)
        bench.advance(1.0)
        assert len(bench.refused) == 1

    def test_draining(self) -> None:
        """Draining refuses new calls and lets the others go on."""
        bench = Bench(max_concurrent_requests=1)
        first, second = bench.ask(), bench.ask()
        bench.admission.draining = True
        bench.ask()
        assert bench.refused[0][1].error_type is ErrorType.DRAINING
        assert bench.refused[0][1].details["executed"] is False
        bench.finish(first)
        assert second.state is TicketState.RUNNING


class TestSample:
    def test_peak_and_held_since_the_last(self) -> None:
        """A burst between two samples is not missed, and does not show twice."""
        bench = Bench(max_concurrent_requests=2)
        tickets = [bench.ask() for _ in range(3)]
        for ticket in tickets:
            bench.finish(ticket)
        sample = bench.admission.sample(bench.now)
        assert (sample.in_flight, sample.waiting, sample.peak_concurrent) == (0, 0, 3)
        assert sample.held == {LimitName.CONCURRENT}
        sample = bench.admission.sample(bench.now)
        assert (sample.peak_concurrent, sample.held) == (0, frozenset())

    def test_processes_are_forgotten(self) -> None:
        """A client process costs nothing once nobody refers to it."""
        bench = Bench()
        bench.finish(bench.ask("once"))
        bench.started.clear()
        assert isinstance(bench.admission.process("once"), ClientProcess)
        assert not list(bench.admission._processes)

    def test_processes_that_only_waited_are_forgotten(self) -> None:
        """Nor does one that came, waited in vain and went: thousands of short scripts at the rate limit."""
        bench = Bench(max_requests_per_minute=1)
        bench.finish(bench.ask("first"))
        for number in range(50):
            bench.ask(f"p{number}")
            bench.advance(1.1)
        assert len(bench.refused) == 50
        bench.refused.clear()
        assert len(bench.admission._processes) <= 1


class AdmissionModel(RuleBasedStateMachine):
    """Random arrivals, ends, departures, limit changes and clock steps, against the promises."""

    @initialize(
        slots=st.integers(1, 6),
        rate=st.integers(1, 30),
        queue=st.integers(1, 12),
        share=st.sampled_from([0.1, 0.3, 0.5, 0.8, 1.0]),
    )
    def begin(self, slots: int, rate: int, queue: int, share: float) -> None:
        self.bench = Bench(
            max_concurrent_requests=slots,
            max_requests_per_minute=rate,
            max_queued_requests=queue,
            max_process_share=share,
        )
        self.tickets: list[Ticket] = []
        self.cancelled: set[Ticket] = set()
        self.seen = 0
        self.most_slots = slots
        self.starts: list[tuple[float, int]] = []  # (time, the rate limit then in force)
        self.turns: list[ClientProcess] = []

    @rule(process=st.sampled_from("abcd"), burst=st.integers(1, 5))
    def arrive(self, process: str, burst: int) -> None:
        for _ in range(burst):
            self.tickets.append(self.bench.ask(process))
        self.note_starts()

    @precondition(lambda self: self.running())
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        before = self.waiting_by_process()
        held = {process: process.in_flight for process in before}
        ticket = data.draw(st.sampled_from(self.running()))
        self.bench.finish(ticket)
        started = self.note_starts()
        self.check_fair(before, held, started)

    @precondition(lambda self: any(t.state is TicketState.WAITING for t in self.tickets))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from([t for t in self.tickets if t.state is TicketState.WAITING]))
        assert self.bench.admission.cancel(ticket, self.bench.now)
        self.cancelled.add(ticket)
        self.bench.collect()
        self.note_starts()

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.2, 0.5, 1.0, 5.0, 59.99, 60.0, 61.0, 3600.0]))
    def pass_time(self, seconds: float) -> None:
        self.bench.advance(seconds)
        self.note_starts()

    @rule(seconds=st.sampled_from([0.3, 2.0, 70.0]))
    def stall(self, seconds: float) -> None:
        """The reactor stands still: nobody polls, then everything happens at once."""
        self.bench.now += seconds
        self.bench.poll()
        self.note_starts()

    @rule(
        slots=st.integers(1, 6),
        rate=st.integers(1, 30),
        backpressure=st.sampled_from([0.1, 1.0, 5.0]),
        share=st.sampled_from([0.1, 0.5, 1.0]),
    )
    def change_limits(self, slots: int, rate: int, backpressure: float, share: float) -> None:
        admission = self.bench.admission
        changed = admission.limits.evolve(
            max_concurrent_requests=slots,
            max_requests_per_minute=rate,
            backpressure_seconds=backpressure,
            max_process_share=share,
        )
        self.most_slots = max(slots, admission.in_flight)
        admission.set_limits(changed, self.bench.now)
        self.bench.collect()
        self.note_starts()
        # A deadline that has just moved into the past is served at the next wakeup.
        self.bench.advance(0.0)
        self.note_starts()

    @rule(cpu=st.sampled_from([0.0, 1.2, 2.0]), memory=st.sampled_from([0.0, 1.5]))
    def change_pressure(self, cpu: float, memory: float) -> None:
        self.bench.admission.set_pressure(cpu=cpu, memory=memory, lag=0.0, now=self.bench.now)
        self.bench.collect()
        self.note_starts()

    def running(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.state is TicketState.RUNNING]

    def waiting_by_process(self) -> dict[ClientProcess, int]:
        return Counter(ticket.process for ticket in self.tickets if ticket.state is TicketState.WAITING)

    def note_starts(self) -> list[Ticket]:
        fresh = self.bench.started[self.seen :]
        self.seen = len(self.bench.started)
        self.starts += [(ticket.started, self.bench.admission.limits.max_requests_per_minute) for ticket in fresh]
        self.check_window(fresh)
        return fresh

    def check_window(self, fresh: list[Ticket]) -> None:
        """Never more than the limit in any 60 s: it is enough to look back from each start."""
        for ticket in fresh:
            within = sum(1 for at, _ in self.starts if ticket.started - 60.0 < at <= ticket.started)
            assert within <= self.bench.admission.limits.max_requests_per_minute

    def check_fair(self, before: dict[ClientProcess, int], held: dict[ClientProcess, int], fresh: list[Ticket]) -> None:
        """Round robin: nobody starts a second call while another, under its share, still waits for its first."""
        counts = Counter(ticket.process for ticket in fresh)
        share = self.bench.admission._process_share()
        for process, waiting in before.items():
            if counts[process] == 0 and waiting and held[process] < share and counts:
                assert max(counts.values()) <= 1

    @invariant()
    def within_the_slots(self) -> None:
        """Never more executing than the limit (or than ran already when the limit was lowered)."""
        admission = self.bench.admission
        assert (
            len(self.running()) == admission.in_flight <= max(self.most_slots, admission.limits.max_concurrent_requests)
        )
        self.most_slots = max(admission.in_flight, admission.limits.max_concurrent_requests)

    @invariant()
    def first_come_first_served(self) -> None:
        """Within a process no call overtakes an earlier one that still waits."""
        for process in {ticket.process for ticket in self.tickets}:
            own = [ticket for ticket in self.tickets if ticket.process is process]
            first_waiting = next((i for i, t in enumerate(own) if t.state is TicketState.WAITING), None)
            if first_waiting is not None:
                assert not any(
                    later.state is TicketState.RUNNING and later.started > own[first_waiting].arrived
                    for later in own[first_waiting + 1 :]
                )

    @invariant()
    def answered_by_the_deadline(self) -> None:
        """Nobody waits past the deadline, and nobody waits while there is room for him."""
        for ticket in self.tickets:
            if ticket.state is TicketState.WAITING:
                assert ticket.deadline > self.bench.now
                assert ticket.deadline == ticket.arrived + self.bench.admission.limits.backpressure_seconds

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every call was started once, refused once, cancelled, or waits."""
        started = Counter(self.bench.started)
        refused = Counter(ticket for ticket, _ in self.bench.refused)
        waiting = {ticket for ticket in self.tickets if ticket.state is TicketState.WAITING}
        for ticket in self.tickets:
            ends = started[ticket] + refused[ticket] + (ticket in self.cancelled) + (ticket in waiting)
            assert ends == 1
        assert self.bench.admission.waiting == len(waiting)

    @invariant()
    def work_is_conserved(self) -> None:
        """With room in slots and window, only the process share keeps anybody waiting."""
        admission, now = self.bench.admission, self.bench.now
        by_process = self.waiting_by_process()
        room = admission.in_flight < admission.slots and (
            admission._window.count(now) < admission.limits.max_requests_per_minute
        )
        if room and by_process:
            assert len(by_process) > 1
            assert all(process.in_flight >= admission._process_share() for process in by_process)


AdmissionModel.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAdmissionModel = AdmissionModel.TestCase
