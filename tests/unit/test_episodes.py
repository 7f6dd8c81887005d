"""Episodes: when one begins, worsens, goes on and ends; who is named as its cause; what is kept."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adminwire import RESOURCES, Episode
from bridge.changes import Instant
from bridge.episodes import MAX_CULPRITS, Culprit, Episodes
from bridge.levels import Level, Reading

NORMAL, WARNING, VIOLATION = Level.NORMAL, Level.WARNING, Level.VIOLATION
LIMIT = 100.0
VALUES = {NORMAL: 10.0, WARNING: 85.0, VIOLATION: 120.0}
PERL = Culprit("report.daily", "perl", 20021, 1001)
NIGHTLY = Culprit("report.nightly", "", 20022, 1002)


class Course:
    """Episodes with two clocks that go half a second a sample."""

    def __init__(self, keep: int = 500) -> None:
        self.episodes = Episodes(keep=keep)
        self.numbers = itertools.count(7)
        self.monotonic = 5000.0
        self.wall = 1_700_000_000.0
        self.refused: dict[str, int] = {}
        self.busy: Mapping[Culprit, int] = {}
        self.asked = 0

    def see(self, levels: Mapping[str, Level], samples: int = 1, *, value: float | None = None) -> list[Episode]:
        """Take samples; whatever is not named is normal. Return what was news."""
        news: list[Episode] = []
        for _ in range(samples):
            self.monotonic += 0.5
            self.wall += 0.5
            readings = {}
            for name in RESOURCES:
                level = levels.get(name, NORMAL)
                figure = VALUES[level] if value is None or level is NORMAL else value
                readings[name] = Reading(figure, LIMIT, level, 0.8)
            news += self.episodes.update(
                readings, self.refused, self._busy, Instant(self.monotonic, self.wall), lambda: next(self.numbers)
            )
        return news

    def _busy(self) -> Mapping[Culprit, int]:
        self.asked += 1
        return self.busy


class TestCourse:
    def test_refusals_for_lag_are_counted_though_they_say_cpu(self) -> None:
        """Callers refused while the event loop lags are told ``cpu``; the episode of the lag counts them."""
        course = Course()
        course.refused = {"cpu": 5}
        course.see({"lag": WARNING})
        course.refused = {"cpu": 12}
        course.see({"lag": VIOLATION})
        assert course.episodes.open[0].refused == 12

    def test_from_beginning_to_end(self) -> None:
        """It opens, gets worse and ends: three pieces of news of one episode, however often it was sampled."""
        course = Course()
        assert course.see({}, 5) == []
        news = course.see({"rate": WARNING}, 4) + course.see({"rate": VIOLATION}, 4) + course.see({}, 4)
        assert [(each.id, each.resource, each.level, each.now, each.end is None) for each in news] == [
            (7, "rate", "warning", "warning", True),
            (7, "rate", "violation", "violation", True),
            (7, "rate", "violation", "normal", False),
        ]
        assert news[-1].start == 1_700_000_003.0
        assert news[-1].end == 1_700_000_007.0

    def test_figures(self) -> None:
        """The peak and its limit, the average over all samples (the one that ends it, too), and what was refused."""
        course = Course()
        course.refused = {"rate": 50, "cpu": 3}
        course.see({})
        course.refused = {"rate": 55, "cpu": 3}  # some are refused within the sample that opens it
        course.see({"rate": WARNING}, value=80.0)
        course.refused = {"rate": 70, "cpu": 9}
        course.see({"rate": VIOLATION}, value=150.0)
        (over,) = course.see({})
        assert (over.peak, over.limit, over.refused) == (150.0, LIMIT, 20)
        assert over.average == pytest.approx((80 + 150 + 10) / 3)

    def test_a_fall_to_warning_is_no_news(self) -> None:
        """A busy limit goes between warning and violation all the time; the snapshot tells of that, events do not."""
        course = Course()
        course.see({"concurrent": VIOLATION})
        news = []
        for _ in range(20):
            news += course.see({"concurrent": WARNING}) + course.see({"concurrent": VIOLATION})
        assert news == []
        course.see({"concurrent": WARNING})
        (going,) = course.episodes.open
        assert (going.level, going.now) == ("violation", "warning")

    def test_resources_are_apart(self) -> None:
        """Each resource has its own episode."""
        course = Course()
        news = course.see({"memory": WARNING, "lag": VIOLATION})
        assert [(each.resource, each.level) for each in news] == [("memory", "warning"), ("lag", "violation")]
        assert [each.resource for each in course.see({"memory": WARNING})] == ["lag"]

    def test_open_ones_worst_first_then_oldest(self) -> None:
        """What needs looking at stands first."""
        course = Course()
        course.see({"rate": WARNING})
        course.see({"rate": WARNING, "cpu": WARNING})
        course.see({"rate": WARNING, "cpu": WARNING, "lag": VIOLATION})
        assert [each.resource for each in course.episodes.open] == ["lag", "rate", "cpu"]
        course.see({"cpu": WARNING})
        assert [each.resource for each in course.episodes.open] == ["cpu"]


class TestMerging:
    def test_within_ten_seconds_it_goes_on(self) -> None:
        """What comes back at once is the same episode, its end taken back; average and refusals go over the whole."""
        course = Course()
        course.refused = {"memory": 0}
        course.see({"memory": WARNING}, 2, value=90.0)
        course.see({}, 20)
        course.refused = {"memory": 4}
        (again,) = course.see({"memory": WARNING}, value=95.0)
        assert (again.id, again.end, again.now, again.refused, again.peak) == (7, None, "warning", 4, 95.0)
        assert again.average == pytest.approx((90 + 90 + 10 + 95) / 4)
        assert len(course.episodes.recent) == 1

    def test_after_more_it_is_another(self) -> None:
        """What comes back later is a new episode with a new number and nothing of the old one."""
        course = Course()
        course.busy = {PERL: 1}
        course.refused = {"memory": 3}
        course.see({"memory": VIOLATION}, 2)
        course.see({}, 21)
        course.busy = {}
        (other,) = course.see({"memory": WARNING})
        assert (other.id, other.level, other.refused, other.cause) == (8, "warning", 0, "")
        assert [each.id for each in course.episodes.recent] == [7, 8]

    @pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
    def test_the_wall_clock_does_not_decide(self, step: float) -> None:
        """Whether ten seconds have passed is the monotonic clock's to say, and no episode ends before it began."""
        course = Course()
        course.see({"memory": WARNING})
        course.wall += step
        (ended,) = course.see({})
        assert ended.end is not None and ended.end >= ended.start
        (again,) = course.see({"memory": WARNING})
        assert again.id == ended.id


class TestCause:
    def test_the_largest_share_over_all_samples(self) -> None:
        """Who had most calls over the time, not who has most at its end."""
        course = Course()
        course.busy = {PERL: 10, NIGHTLY: 2}
        course.see({"concurrent": VIOLATION}, 4)
        course.busy = {NIGHTLY: 11}
        course.see({"concurrent": VIOLATION}, 2)
        (going,) = course.episodes.open
        assert going.cause == "57 % report.daily by perl[20021] uid 1001"

    def test_many_processes_of_one_program_are_one_cause(self) -> None:
        """Forty equal workers have 2 % each; what an operator wants to know is their program."""
        course = Course()
        course.busy = {Culprit("test.sleep", "nightly.pl", 500 + number, 7): 1 for number in range(40)} | {PERL: 10}
        (news,) = course.see({"concurrent": VIOLATION})
        assert news.cause == "80 % test.sleep by nightly.pl (40 processes) uid 7"

    def test_without_a_client_name(self) -> None:
        """A client that told no name is known by its process."""
        course = Course()
        course.busy = {NIGHTLY: 3}
        (news,) = course.see({"rate": WARNING})
        assert news.cause == "100 % report.nightly by pid 20022 uid 1002"

    def test_unknown(self) -> None:
        """Nobody is accused when nobody was seen."""
        (news,) = Course().see({"memory": WARNING})
        assert news.cause == ""

    def test_asked_for_once_and_only_when_needed(self) -> None:
        """It takes a walk through all connections: once a sample, not for connections, and not in peace."""
        course = Course()
        course.see({}, 10)
        course.see({"connections": VIOLATION}, 10)
        assert course.asked == 0
        course.see({"memory": WARNING, "cpu": WARNING, "lag": WARNING}, 10)
        assert course.asked == 10

    def test_calls_are_no_cause_of_connections(self) -> None:
        """Who runs calls did not necessarily open the connections."""
        course = Course()
        course.busy = {PERL: 10}
        news = course.see({"connections": VIOLATION, "cpu": WARNING})
        assert {each.resource: bool(each.cause) for each in news} == {"cpu": True, "connections": False}

    def test_hostile_names(self) -> None:
        """Names come out harmless, and however long they are the figures behind them stay in view."""
        course = Course()
        course.busy = {Culprit("\x1b[2J" + "f" * 5000, "\u202e\n" + "c" * 5000, 1, 1001): 3}
        (news,) = course.see({"cpu": WARNING})
        assert news.cause.isprintable() and "\\x1b" in news.cause and "\\u202e" in news.cause
        assert news.cause.startswith("100 % ")
        assert len(news.cause) <= 200

    def test_memory_is_bounded(self) -> None:
        """However many short programs come and go, a thousand are counted, and who comes late is found even so."""
        course = Course()
        for number in range(5):
            course.busy = {Culprit("a.f", "", number * 1000 + each, 0): 1 for each in range(1000)}
            course.see({"cpu": WARNING})
            assert len(course.episodes._courses["cpu"].culprits) <= MAX_CULPRITS
        course.busy = {PERL: 50}
        course.see({"cpu": WARNING}, 100)
        (going,) = course.episodes.open
        assert going.cause == "50 % report.daily by perl[20021] uid 1001"


class TestKeeping:
    def test_acknowledge(self) -> None:
        """The name stays on the episode whatever becomes of it; an unknown number changes nothing."""
        course = Course()
        course.see({"lag": WARNING})
        done = course.episodes.acknowledge(7, "alice")
        assert done is not None and done.acknowledged_by == "alice"
        assert course.episodes.acknowledge(8, "bob") is None
        (over,) = course.see({})
        assert over.acknowledged_by == "alice"

    def test_recent_is_bounded(self) -> None:
        """The oldest are forgotten; one that lasts can be acknowledged even so."""
        course = Course(keep=3)
        course.see({"memory": WARNING})
        for _ in range(5):
            course.see({"memory": WARNING, "lag": WARNING})
            course.see({"memory": WARNING}, 25)
        assert [each.id for each in course.episodes.recent] == [10, 11, 12]
        assert [each.id for each in course.episodes.open] == [7]
        assert course.episodes.acknowledge(7, "alice") is not None
        assert course.episodes.acknowledge(8, "alice") is None
        assert course.episodes.open[0].acknowledged_by == "alice"

    def test_what_was_returned_stays_as_it_was(self) -> None:
        """Two snapshots can be compared: no later sample or acknowledgement reaches into the first."""
        course = Course()
        (news,) = course.see({"rate": WARNING})
        (going,), (recent,) = course.episodes.open, course.episodes.recent
        kept = [msgspec.structs.asdict(each) for each in (news, going, recent)]
        acknowledged = course.episodes.acknowledge(7, "alice")
        course.see({"rate": VIOLATION}, value=500.0)
        course.see({})
        assert [msgspec.structs.asdict(each) for each in (news, going, recent)] == kept
        assert acknowledged is not None and acknowledged.peak == VALUES[WARNING]

    @given(st.lists(st.tuples(st.dictionaries(st.sampled_from(RESOURCES), st.sampled_from(Level)), st.integers(1, 30))))
    def test_laws(self, phases: list[tuple[dict[str, Level], int]]) -> None:
        """Whatever comes: open is what is not normal, ids rise, ends come after starts, 10 s lie between episodes."""
        course = Course()
        latest: dict[int, Episode] = {}
        for levels, samples in phases:
            for _ in range(samples):
                latest |= {each.id: each for each in course.see(levels)}
                lasting = {name for name, level in levels.items() if level is not NORMAL}
                assert {each.resource for each in course.episodes.open} == lasting
        recent = course.episodes.recent
        assert [each.id for each in recent] == sorted(latest)
        for name in RESOURCES:
            own = [each for each in recent if each.resource == name]
            for earlier, later in itertools.pairwise(own):
                assert earlier.end is not None and later.start - earlier.end > 10
            for each in own:
                assert each.end is None or each.start < each.end
                assert each.peak >= each.average
                assert (each.now == "normal") == (each.end is not None)
                assert (latest[each.id].end, latest[each.id].level) == (each.end, each.level)
