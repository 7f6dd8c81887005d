"""The what-if: known demand under known limits, laws for any demand, and a comparison with what really happened."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Sequence

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import preview as subject
from bridge import replay as simulated
from bridge.adminwire import Preview, PreviewOutcome
from bridge.admission import Admission, AdmissionSample, Ticket
from bridge.errors import BridgeError
from bridge.limits import Limits
from bridge.preview import preview
from bridge.stats import HistorySample, Stats

ROOMY = Limits(max_requests_per_minute=1_000_000)


def second(number: int, arrivals: int, run: float = 0.01, **figures: float) -> HistorySample:
    """One recorded second of a daemon that had no trouble with it."""
    usual = {
        "at": 5000.0 + number + 1,
        "calls": arrivals,
        "errors": 0,
        "refused": 0,
        "in_flight": 0,
        "waiting": 0,
        "slots": 100,
        "peak_concurrent": 1,
        "rate": 0,
        "rate_demand": 0,
        "memory_mb": 100.0,
        "cpu_percent": 10.0,
        "lag": 0.0,
        "connections": 5,
        "arrivals": arrivals,
        "run_seconds": arrivals * run,
    }
    return HistorySample(**{**usual, **figures})  # type: ignore[arg-type]


def record(arrivals: Iterable[int], run: float = 0.01, **figures: float) -> list[HistorySample]:
    return [second(number, each, run, **figures) for number, each in enumerate(arrivals)]


def steady(per_minute: int, seconds: int, run: float = 0.01, **figures: float) -> list[HistorySample]:
    """Demand that is the same in every minute, as even as whole calls can be."""
    return record(
        ((number + 1) * per_minute // 60 - number * per_minute // 60 for number in range(seconds)), run, **figures
    )


def finish(samples: Sequence[HistorySample], current: Limits, proposed: Limits | None = None, **more: float) -> Preview:
    """Run a preview to its end."""
    work = preview(samples, current, current if proposed is None else proposed, **more)  # type: ignore[arg-type]
    while True:
        try:
            next(work)
        except StopIteration as done:
            made: Preview = done.value
            return made


class TestRate:
    def test_half_is_refused_of_twice_the_limit(self) -> None:
        """2000 a minute at 1000: in each minute the window lets 1000 in within the first 30 s, then none."""
        made = finish(steady(2000, 585), Limits(max_requests_per_minute=1000))
        assert made.current.calls == 19_500
        assert made.current.refused == 9500
        assert made.current.refused_by == {"rate": 9500}
        assert made.current.peak_rate == 1000
        assert made.demand_rate_max == 2000
        assert made.current.violation_seconds > 250

    def test_a_limit_above_the_demand_refuses_nothing(self) -> None:
        """What the proposed limit lets through is shown beside what the present one refuses."""
        made = finish(steady(2000, 285), Limits(max_requests_per_minute=1000), Limits(max_requests_per_minute=2100))
        assert made.current.refused == 4500
        assert (made.proposed.refused, made.proposed.waited) == (0, 0)
        assert made.proposed.peak_rate == 2000

    def test_the_minute_before_counts(self) -> None:
        """A record that begins in the middle of a busy time begins with a full window, not with an empty one."""
        limits = Limits(max_requests_per_minute=1200)
        cold = finish(steady(1200, 30), limits)
        warm = finish(steady(2400, 30, rate=1200, rate_demand=2400, refused=20), limits)
        assert cold.current.refused == 0
        # The window opens twenty times a second, 30 s long, and for those that wait at the end one second more.
        assert warm.current.refused == pytest.approx(1200 - 620, abs=2)
        assert warm.current.peak_rate == 1200

    def test_the_minute_before_counts_under_other_limits(self) -> None:
        """The window holds what those limits would have let in before, not what the present ones did."""
        samples = steady(2400, 30, rate=1200, rate_demand=2400, refused=20)
        made = finish(samples, Limits(max_requests_per_minute=1200), Limits(max_requests_per_minute=1800))
        assert made.proposed.refused == pytest.approx(1200 - 930, abs=5)

    def test_a_daemon_that_has_just_started_had_no_minute_before(self) -> None:
        """The calls of the first second are not counted twice."""
        samples = record([10] * 5)
        samples[0] = attrs.evolve(samples[0], rate=10, rate_demand=10)
        made = finish(samples, Limits(max_requests_per_minute=50))
        assert (made.current.refused, made.current.peak_rate) == (0, 50)

    def test_waiting_calls_start_when_the_window_opens(self) -> None:
        """Not only when the next call comes: a call that may start in time is not refused."""
        # The only start leaves the window at 60.5 s; the next call asks at 59.75 s, 0.75 s before that.
        samples = record([1] + [0] * 58 + [2])
        made = finish(samples, Limits(max_requests_per_minute=2, max_concurrent_requests=10))
        assert (made.current.waited, made.current.refused) == (1, 0)
        assert made.current.wait_longest == pytest.approx(0.75, abs=0.001)


class TestConcurrency:
    def test_waits_and_refusals(self) -> None:
        """Ten calls a second that run a second each need ten slots; with five half of them are refused."""
        samples = record([10] * 120, run=1.0)
        wide = finish(samples, ROOMY, Limits(max_requests_per_minute=1_000_000, max_concurrent_requests=5))
        assert (wide.current.refused, wide.current.waited) == (0, 0)
        assert wide.current.peak_concurrent == wide.demand_concurrent_max == wide.demand_concurrent_p99 == 10
        assert wide.proposed.refused == pytest.approx(600, abs=10)
        assert set(wide.proposed.refused_by) == {"concurrent"}
        assert 0.5 < wide.proposed.wait_p95 <= wide.proposed.wait_longest <= 1.0
        assert wide.proposed.violation_seconds > 100
        assert wide.proposed.violation_episodes == 1

    def test_the_queue_is_bounded(self) -> None:
        """Who finds the queue full is refused without a wait."""
        samples = record([100] * 10, run=0.1)
        made = finish(
            samples, ROOMY, ROOMY.evolve(max_concurrent_requests=1, max_queued_requests=3, backpressure_seconds=10)
        )
        assert made.proposed.peak_concurrent == 5  # one runs, three wait, one is refused
        assert made.proposed.refused == pytest.approx(900, abs=15)
        assert made.proposed.wait_longest == pytest.approx(0.3, abs=0.02)

    def test_each_thing_happens_at_its_moment(self) -> None:
        """A slot that comes free 0.4 s after a call asked is taken, though the wait would be over 0.05 s later."""
        samples = record([2, 0], run=0.9)
        limits = ROOMY.evolve(max_concurrent_requests=1, backpressure_seconds=0.45)
        made = finish(samples, limits).current
        assert (made.waited, made.refused) == (1, 0)
        assert made.wait_longest == pytest.approx(0.4)
        made = finish(samples, limits.evolve(backpressure_seconds=0.35)).current
        assert (made.waited, made.refused, made.refused_by) == (1, 1, {"concurrent": 1})

    def test_run_times_are_those_of_each_second(self) -> None:
        """Calls of a slow time are slow; where none ended, it is the time of the second before."""
        samples = record([10] * 10, run=0.1) + record([10] * 10, run=2.0)
        samples = [attrs.evolve(each, at=5001.0 + number) for number, each in enumerate(samples)]
        for number in range(12, 20):
            samples[number] = attrs.evolve(samples[number], calls=0, run_seconds=0.0)
        made = finish(samples, ROOMY)
        assert made.demand_concurrent_max == 20
        assert made.current.peak_concurrent == 20

    def test_refused_calls_do_not_shorten_the_run_time(self) -> None:
        """The mean is over what ran: ten ended, eight of them refused, the two others ran a second each."""
        samples = record([10] * 60, run=0.2, refused=8)
        assert finish(samples, ROOMY).demand_concurrent_max == 10

    def test_demand_knows_no_limits(self) -> None:
        """It is what wanted to run at once, whatever the limits let run."""
        samples = record([2] * 100 + [50] * 2 + [2] * 98, run=1.0)
        made = finish(samples, ROOMY.evolve(max_concurrent_requests=3))
        assert made.demand_concurrent_max == 50
        assert made.demand_concurrent_p99 == 50
        assert finish(samples[:100], ROOMY).demand_concurrent_p99 == 2


class TestPressure:
    def test_memory_over_the_proposed_limit(self) -> None:
        """Two samples over it, and one call runs at a time, as in the daemon."""
        samples = record([20] * 60, run=0.2, memory_mb=300.0)
        made = finish(samples, ROOMY, ROOMY.evolve(max_memory_mb=250))
        assert made.current.refused == 0
        # One slot runs five calls a second.
        assert made.proposed.refused == pytest.approx(60 * 15, abs=30)
        assert made.proposed.refused_by["memory"] > 0.9 * made.proposed.refused
        assert made.proposed.violation_seconds == pytest.approx(59.5)
        assert "300 MB are in use now, 250 would be allowed." in made.notes

    @pytest.mark.parametrize("figures", [{"cpu_percent": 250.0}, {"cpu_percent": 50.0, "lag": 0.3125}])
    def test_cpu_and_lag_shrink_the_slots(self, figures: dict[str, float]) -> None:
        """At 125 % of its limit half of the slots above five are left."""
        samples = record([20] * 60, run=1.0, **figures)
        roomy = ROOMY.evolve(max_cpu_percent=300, max_concurrent_requests=100)
        made = finish(samples, roomy, ROOMY.evolve(max_concurrent_requests=15))
        assert made.current.refused == 0
        assert made.proposed.refused == pytest.approx(10 * 60, abs=20)
        assert set(made.proposed.refused_by) == {"cpu"}

    def test_warnings(self) -> None:
        """Time at warning is counted apart from time in violation."""
        samples = record([0] * 60, memory_mb=90.0, connections=850)
        made = finish(samples, Limits(), Limits(max_memory_mb=100, max_connections=5000))
        assert (made.current.warning_seconds, made.proposed.warning_seconds) == (60, 60)
        assert finish(samples, Limits(max_connections=5000)).current.warning_seconds == 0

    def test_violations_with_peace_in_between(self) -> None:
        """Two busy times half a minute apart are two violations."""
        samples = record(([20] * 20 + [0] * 30) * 2, run=1.0)
        made = finish(samples, ROOMY.evolve(max_concurrent_requests=5))
        assert made.current.violation_episodes == 2


class TestMemory:
    def test_follows_concurrency(self) -> None:
        """Where memory goes with the calls in flight, the line through them says what more calls would take."""
        samples = [
            second(number, 100, 1.0, in_flight=10 + number % 40, memory_mb=100 + 4.0 * (10 + number % 40))
            for number in range(200)
        ]
        made = finish(samples, ROOMY, ROOMY.evolve(max_concurrent_requests=80, max_memory_mb=512))
        assert made.memory_estimate == 420.0
        assert made.notes[0] == "Memory would be at warning: about 420 of 512 MB."
        made = finish(samples, ROOMY, ROOMY.evolve(max_concurrent_requests=80, max_memory_mb=400))
        assert made.notes[0] == "Memory would be in violation: about 420 of 400 MB."
        # No more than wanted to run.
        made = finish(samples, ROOMY, ROOMY.evolve(max_concurrent_requests=1000))
        assert made.demand_concurrent_max == 100
        assert made.memory_estimate == 500.0

    @pytest.mark.parametrize(
        "memory", [lambda number: 300.0, lambda number: 300.0 - number % 40, lambda number: 300.0 + 50 * (number % 3)]
    )
    def test_none_where_it_does_not_follow(self, memory: object) -> None:
        """Constant, falling or unconnected memory predicts nothing."""
        samples = [
            second(number, 10, in_flight=10 + number % 40, memory_mb=memory(number))  # type: ignore[operator]
            for number in range(200)
        ]
        assert finish(samples, ROOMY).memory_estimate is None

    def test_none_where_concurrency_hardly_varies(self) -> None:
        """A line through a heap of points could point anywhere."""
        samples = [second(n, 10, in_flight=n % 2, memory_mb=100.0 + n % 2) for n in range(200)]
        assert finish(samples, ROOMY).memory_estimate is None


class TestNotes:
    def test_nothing_recorded(self) -> None:
        """A daemon in its first second has nothing to tell, and says so."""
        made = finish([], Limits())
        assert made.notes == ["Nothing is recorded yet."]
        assert (made.seconds, made.samples, made.current.calls, made.demand_concurrent_max) == (0, 0, 0, 0)

    def test_limits_that_did_not_matter(self) -> None:
        """Raising what refused nothing brings nothing."""
        made = finish(steady(60, 60), Limits(), Limits(max_requests_per_minute=5000))
        assert made.notes == ["The limits in force refused nothing in this time."]

    def test_no_demand(self) -> None:
        """Figures of nothing are marked as that."""
        assert finish(record([0] * 60), Limits()).notes == ["No call arrived in this time."]

    def test_a_record_shorter_than_asked_for(self) -> None:
        """An hour was asked for, and there are five minutes."""
        assert (
            "Only 300 s are recorded so far, of 3600 s asked for."
            in finish(steady(60, 300), Limits(), asked=3600).notes
        )
        assert not any("asked" in note for note in finish(steady(60, 300), Limits(), asked=300).notes)

    def test_too_much_to_replay(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of too much demand the newest part is taken, and figures and notes say which."""
        monkeypatch.setattr(subject, "MAX_CALLS", 1000)
        made = finish(record([500] * 10 + [100] * 5), ROOMY)
        assert (made.samples, made.seconds, made.current.calls) == (6, 6.0, 1000)
        assert made.notes[0] == "Only the newest 6 s were replayed: there were too many calls for more."
        made = finish(record([10, 1001]), ROOMY)
        assert made.notes == ["A single second has too many calls to replay."]

    def test_limits_under_what_is_in_use(self) -> None:
        """Each one that is already exceeded is named with both figures."""
        samples = steady(600, 60, in_flight=50, rate=600, connections=80, cpu_percent=150.0)
        low = Limits(max_concurrent_requests=40, max_requests_per_minute=500, max_connections=70, max_cpu_percent=100)
        notes = " ".join(finish(samples, Limits(), low).notes)
        for words in ("50 calls run now, 40 ", "600 calls started", "80 connections are open now, 70 ", "150 % CPU"):
            assert words in notes

    def test_a_replay_that_is_far_from_what_happened(self) -> None:
        """If other limits were in force then, the operator hears that the figures are not of this record."""
        samples = steady(600, 60, refused=5)
        assert any(note.startswith("In fact 300 calls were refused") for note in finish(samples, Limits()).notes)

    def test_bursts_that_an_even_spread_hides(self) -> None:
        """Forty calls in the same moment fit into ten slots only on paper."""
        samples = steady(2400, 60, peak_concurrent=40)
        assert finish(samples, ROOMY, ROOMY.evolve(max_concurrent_requests=10)).notes[-1] == (
            "Bursts of up to 40 calls at once were recorded; more of them would wait than shown here."
        )
        assert not any("Bursts" in note for note in finish(samples, ROOMY).notes)


class TestAsWork:
    def test_comes_in_slices(self) -> None:
        """Between two yields lie at most ``step`` calls, whatever part of the work it is."""
        samples = record([1000] * 5, rate_demand=30_000)
        slices = sum(1 for _ in preview(samples, ROOMY, ROOMY.evolve(max_connections=5), step=100))
        # Two replays with 29,743 calls before them, and the demand: each at least one slice for each 100 calls.
        assert slices >= 2 * (290 + 50) + 50

    def test_is_deterministic(self) -> None:
        """The same record gives the same answer, however it is sliced."""
        samples = record((number * 37 % 50 for number in range(100)), run=0.8)
        limits = Limits(max_concurrent_requests=10, max_requests_per_minute=900)
        first, again = (finish(samples, limits, limits.evolve(max_queued_requests=3), step=step) for step in (1, 1000))
        assert msgspec.json.encode(first) == msgspec.json.encode(again)

    def test_equal_limits_give_equal_outcomes(self) -> None:
        """Nothing changes when nothing is changed."""
        samples = record([20] * 100, run=1.0)
        made = finish(samples, Limits(max_concurrent_requests=10), Limits(max_concurrent_requests=10))
        assert made.current == made.proposed
        assert made.current.refused > 0

    def test_a_timer_that_trembles(self) -> None:
        """Samples come late and early, and a blocked reactor leaves a gap: no call is lost, and time goes on."""
        at, samples = 5000.0, []
        for number in range(200):
            at += (1.02, 0.98, 0.76, 1.24, 5.0)[number % 5]
            samples.append(attrs.evolve(second(number, 20, 0.2), at=at))
        made = finish(samples, Limits(max_concurrent_requests=3, max_requests_per_minute=500))
        assert made.current.calls == 4000
        assert made.current.peak_rate == 500
        # Four calls and a bit want to run at once; 60 s hold fewer samples here.
        assert made.demand_concurrent_max <= 6
        assert made.demand_rate_max < 1000


demands = st.lists(
    st.tuples(st.integers(0, 60), st.floats(0, 3), st.floats(0, 2000), st.floats(0, 0.5)), min_size=1, max_size=90
)
limit_sets = st.builds(
    Limits,
    max_concurrent_requests=st.integers(1, 60),
    max_requests_per_minute=st.integers(1, 3000),
    max_queued_requests=st.integers(1, 100),
    backpressure_seconds=st.floats(0.01, 5),
)


class TestLaws:
    @settings(max_examples=60, deadline=None)
    @given(demands, limit_sets, st.integers(0, 3000))
    def test_whatever_comes(self, demand: list[tuple[int, float, float, float]], limits: Limits, before: int) -> None:
        """Every call ends as started or refused, and no outcome exceeds its limits."""
        samples = [
            second(number, calls, run, memory_mb=memory, lag=lag, rate=before, rate_demand=before)
            for number, (calls, run, memory, lag) in enumerate(demand)
        ]
        daemons: list[simulated.SimulatedDaemon] = []

        class Watched(simulated.SimulatedDaemon):
            def __init__(self, limits: Limits) -> None:
                super().__init__(limits)
                daemons.append(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(simulated, "SimulatedDaemon", Watched)
            out = finish(samples, limits).current
        assert out.calls == sum(calls for calls, *_ in demand)
        assert out.refused + daemons[0].begun == out.calls
        assert sum(out.refused_by.values()) == out.refused
        assert out.peak_rate <= limits.max_requests_per_minute
        assert out.peak_concurrent <= limits.max_concurrent_requests + limits.max_queued_requests + 1
        assert out.wait_p95 <= out.wait_longest + 0.0001
        assert out.wait_longest <= limits.backpressure_seconds + 0.001
        assert out.violation_seconds + out.warning_seconds <= len(samples)
        assert not daemons[0].admission.waiting

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.integers(0, 60), min_size=1, max_size=150),
        st.floats(0, 0.2),
        st.integers(1, 2000),
        st.integers(1, 2000),
        st.integers(0, 3000),
    )
    def test_a_lower_rate_never_refuses_less(
        self, demand: list[int], run: float, one: int, other: int, before: int
    ) -> None:
        """Where nothing but the rate limits, less of it is never better."""
        low, high = sorted((one, other))
        roomy = Limits(max_concurrent_requests=10_000, max_queued_requests=100_000)
        made = finish(
            record(demand, run, rate_demand=before),
            roomy.evolve(max_requests_per_minute=low),
            roomy.evolve(max_requests_per_minute=high),
        )
        assert made.current.refused >= made.proposed.refused


class Real:
    """A load that asks a real admission, in real order, recorded once a second as the monitor does."""

    def __init__(self, limits: Limits, seed: int, per_second: float, run: float) -> None:
        chance = random.Random(seed)
        self.admission = Admission(limits)
        self.stats = Stats(0.0)
        self.refused = self.calls = 0
        self.waits: list[float] = []
        self.run = run
        self.running: list[tuple[float, int, Ticket]] = []
        self.chance = chance
        self.now = 0.0
        self.half: list[AdmissionSample] = []
        process = self.admission.process("perl")
        arrival = chance.expovariate(per_second)
        for tick in range(1, 2 * 300 + 1):
            while arrival < tick * 0.5:
                self.until(arrival)
                self.calls += 1
                ticket = Ticket(process)
                try:
                    if self.admission.ask(ticket, arrival):
                        self.start(ticket, arrival)
                except BridgeError as error:
                    self.refuse(error, ticket, arrival)
                arrival += chance.expovariate(per_second)
            self.until(tick * 0.5)
            self.sample(tick * 0.5)

    def until(self, end: float) -> None:
        """Let time pass in steps of a millisecond, as timers would."""
        while self.now < end:
            self.now = min(end, self.now + 0.001)
            while self.running and self.running[0][0] <= self.now:
                _, _, ticket = heapq.heappop(self.running)
                self.admission.finish(ticket, self.now)
                queued = ticket.started - ticket.arrived
                self.stats.call_ended("a.f", None, queued, self.now - ticket.started, self.now)
            if self.admission.waiting:
                for ticket, error in self.admission.poll(self.now):
                    self.refuse(error, ticket, self.now)
            while self.admission.started:
                ticket = self.admission.started.pop(0)
                self.waits.append(self.now - ticket.arrived)
                self.start(ticket, self.now)

    def start(self, ticket: Ticket, now: float) -> None:
        heapq.heappush(self.running, (now + self.chance.uniform(0.5, 1.5) * self.run, id(ticket), ticket))

    def refuse(self, error: BridgeError, ticket: Ticket, now: float) -> None:
        self.refused += 1
        self.stats.call_refused("a.f", error, now - ticket.arrived, now)

    def sample(self, now: float) -> None:
        self.half.append(self.admission.sample(now))
        if len(self.half) == 2:
            whole = attrs.evolve(
                self.half[1],
                peak_concurrent=max(each.peak_concurrent for each in self.half),
                arrivals=sum(each.arrivals for each in self.half),
            )
            self.half.clear()
            self.stats.tick(whole, memory_mb=100.0, cpu_percent=10.0, lag=0.0, connections=5, now=now)


class TestAgainstWhatHappened:
    @pytest.mark.parametrize(
        ("limits", "per_second", "run"),
        [
            (Limits(max_requests_per_minute=900), 25.0, 0.1),
            (Limits(max_requests_per_minute=100_000, max_concurrent_requests=10), 30.0, 0.5),
            (Limits(max_requests_per_minute=100_000, max_concurrent_requests=20), 30.0, 0.5),
            (Limits(), 20.0, 0.2),
        ],
        ids=["rate", "slots", "slots with room", "free"],
    )
    def test_the_replay_comes_near_it(self, limits: Limits, per_second: float, run: float) -> None:
        """Under the limits of then, the replay refuses what was refused, within three of a hundred calls."""
        real = Real(limits, 1, per_second, run)
        made: PreviewOutcome = finish(list(real.stats.history), limits).current
        assert made.calls == real.calls
        assert made.refused == pytest.approx(real.refused, abs=0.03 * real.calls)

    def test_the_last_minutes_of_it_too(self) -> None:
        """A window that was busy before the part replayed is known from the record."""
        limits = Limits(max_requests_per_minute=900)
        real = Real(limits, 2, 25.0, 0.1)
        samples = list(real.stats.history)[-90:]
        arrived, refused = (sum(getattr(each, name) for each in samples) for name in ("arrivals", "refused"))
        made = finish(samples, limits).current
        assert made.refused == pytest.approx(refused, abs=0.05 * arrived)
