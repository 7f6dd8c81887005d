"""Normal, warning, violation: when each begins and ends, and what the log says, to the letter."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adminwire import RESOURCES
from bridge.errors import LimitName
from bridge.levels import REPEAT_SECONDS, Figures, Level, Levels, Reading
from bridge.limits import Limits

QUIET = {"memory_mb": 100.0, "cpu_percent": 5.0, "lag": 0.0, "concurrent": 0, "rate": 0}
CONCURRENT, RATE = frozenset({LimitName.CONCURRENT}), frozenset({LimitName.RATE})


class Watch:
    """Levels with a clock that goes half a second a sample, and everything they logged."""

    def __init__(self) -> None:
        self.levels = Levels()
        self.now = 0.0
        self.lines: list[tuple[str, str]] = []

    def see(
        self, samples: int = 1, held: frozenset[LimitName] = frozenset(), **figures: float
    ) -> list[tuple[str, str]]:
        """Take samples and return what was logged for them."""
        before = len(self.lines)
        for _ in range(samples):
            self.now += 0.5
            sample = Figures(**{**QUIET, **figures}, held=held)  # type: ignore[arg-type]
            self.lines += self.levels.update(sample, Limits(), self.now)
        return self.lines[before:]


class TestTexts:
    @pytest.mark.parametrize(
        ("figures", "text"),
        [
            ({"concurrent": 82}, "['Concurrent requests 82 approaching limit 100']"),
            ({"concurrent": 100}, "['Concurrent requests 100 approaching limit 100']"),
            ({"rate": 1834}, "['Request rate 1834/min approaching limit 2000/min']"),
            ({"memory_mb": 856.3}, "['Memory usage 856.3MB approaching limit 1024MB']"),
            ({"cpu_percent": 175.2}, "['CPU usage 175.2% approaching limit 200%']"),
            ({"lag": 0.12}, "['Reactor lag 120ms approaching limit 250ms']"),
            ({"connections": 820}, "['Connections 820 approaching limit 1000']"),
        ],
    )
    def test_warnings(self, figures: dict[str, float], text: str) -> None:
        """Each resource's warning is worded as operators search for it."""
        assert Watch().see(**figures) == [("warn", f"Resource warning: {text}")]

    @pytest.mark.parametrize(
        ("figures", "held", "text"),
        [
            ({"concurrent": 152}, CONCURRENT, "['Concurrent requests 152 exceeds limit 100']"),
            ({"rate": 2134}, RATE, "['Request rate 2134/min exceeds limit 2000/min']"),
        ],
    )
    def test_violations(self, figures: dict[str, float], held: frozenset[LimitName], text: str) -> None:
        """A violation is two lines: what, and that callers are held back."""
        assert Watch().see(held=held, **figures) == [
            ("critical", f"RESOURCE VIOLATION: {text}"),
            ("warn", "Resource violations detected, throttling connections"),
        ]

    def test_a_held_warning_tells_why_and_what_is(self) -> None:
        """A warning that lasts only because it has not been quiet for long names the figure it is for, too."""
        watch = Watch()
        watch.see(concurrent=82)
        watch.see(concurrent=3)
        assert watch.levels.of(Level.WARNING) == ["Concurrent requests 82 approaching limit 100 (now 3)"]

    def test_several_at_once(self) -> None:
        """What is wrong at the same time stands in one line."""
        assert Watch().see(concurrent=90, cpu_percent=190.0) == [
            (
                "warn",
                (
                    "Resource warning: ['Concurrent requests 90 approaching limit 100', "
                    "'CPU usage 190.0% approaching limit 200%']"
                ),
            )
        ]


class TestGauges:
    def test_two_samples_make_a_violation(self) -> None:
        """Memory over its limit once is a warning, twice a violation, and only then pressure."""
        watch = Watch()
        watch.see(memory_mb=1100.0)
        assert watch.levels.worst is Level.WARNING
        assert watch.levels.pressure.memory == 0
        watch.see(memory_mb=1100.0)
        assert watch.levels.worst is Level.VIOLATION
        assert watch.levels.pressure.memory == pytest.approx(1100 / 1024)

    def test_leaves_below_90_percent_for_5_seconds(self) -> None:
        """A violation ends only after five seconds below 90 % of the limit."""
        watch = Watch()
        watch.see(2, cpu_percent=250.0)
        watch.see(20, cpu_percent=185.0)
        assert watch.levels.worst is Level.VIOLATION
        watch.see(10, cpu_percent=175.0)
        assert watch.levels.worst is Level.VIOLATION
        lines = watch.see(1, cpu_percent=175.0)
        assert watch.levels.worst is Level.WARNING
        assert ("info", "Resource violation cleared: CPU usage 175.0%, limit 200%") in lines

    def test_warning_leaves_below_70_percent_for_5_seconds(self) -> None:
        """A warning ends only after five seconds below 70 %."""
        watch = Watch()
        watch.see(concurrent=80)
        watch.see(20, concurrent=75)
        assert watch.levels.worst is Level.WARNING
        watch.see(10, concurrent=60)
        assert watch.levels.worst is Level.WARNING
        watch.see(1, concurrent=60)
        assert watch.levels.worst is Level.NORMAL


class TestExact:
    def test_over_the_limit_without_a_victim_is_no_violation(self) -> None:
        """A number above the limit (which was just lowered) is a violation only when somebody is held for it."""
        watch = Watch()
        watch.see(concurrent=120)
        assert watch.levels.worst is Level.WARNING
        watch.see(concurrent=120, held=CONCURRENT)
        assert watch.levels.worst is Level.VIOLATION

    def test_clears_at_once(self) -> None:
        """On recovery the violation is over with the next sample."""
        watch = Watch()
        watch.see(concurrent=120, held=CONCURRENT)
        lines = watch.see(concurrent=10)
        assert watch.levels.of(Level.VIOLATION) == []
        assert lines[0] == ("info", "Resource violation cleared: Concurrent requests 10, limit 100")


class TestConnections:
    def test_a_refusal_is_a_violation_that_others_log(self) -> None:
        """It counts like any other violation, but its line in the log is the monitor's."""
        watch = Watch()
        assert watch.see(connections=1000, connections_refused=3) == []
        assert watch.levels.worst is Level.VIOLATION
        assert watch.levels.states["connections"] == "violation"
        assert watch.levels.of(Level.VIOLATION) == ["Connections 1003 exceeds limit 1000"]
        lines = watch.see(connections=1000)
        assert watch.levels.worst is Level.WARNING
        assert lines == [("warn", "Resource warning: ['Connections 1000 approaching limit 1000']")]

    def test_stays_out_of_the_line_of_others(self) -> None:
        """A violation of something else tells of itself only."""
        lines = Watch().see(connections=1000, connections_refused=3, concurrent=152, held=CONCURRENT)
        assert lines[0] == ("critical", "RESOURCE VIOLATION: ['Concurrent requests 152 exceeds limit 100']")

    def test_is_exact_though_some_have_closed_since(self) -> None:
        """Half a second later there may be room again; the refusal happened."""
        watch = Watch()
        watch.see(connections=990)
        watch.see(connections=40, connections_refused=1)
        assert watch.levels.worst is Level.VIOLATION
        assert watch.levels.readings()["connections"].value == 1001

    def test_a_raised_limit_is_not_blamed(self) -> None:
        """What was refused under the limit of before is no violation of the new one."""
        levels = Levels()
        figures = Figures(**QUIET, held=frozenset(), connections=1000, connections_refused=5)  # type: ignore[arg-type]
        levels.update(figures, Limits(), 1.0)
        levels.update(figures, Limits(max_connections=2000), 1.5)
        assert levels.worst is not Level.VIOLATION


class TestReadings:
    def test_value_limit_level_of_each(self) -> None:
        """Each resource by its name, lag with limits of its own; states have all six, too."""
        watch = Watch()
        watch.see(2, memory_mb=1100.0, lag=0.12, rate=7, connections=5)
        readings = watch.levels.readings()
        assert tuple(readings) == RESOURCES
        assert readings["memory"] == Reading(1100.0, 1024, Level.VIOLATION, 0.8)
        assert readings["lag"] == Reading(0.12, 0.25, Level.WARNING, pytest.approx(0.4))
        assert (readings["rate"].value, readings["connections"].value) == (7, 5)
        assert list(watch.levels.states) == ["concurrent", "rate", "memory", "cpu", "lag", "connections"]


class TestRepeats:
    def test_every_ten_seconds_while_it_lasts(self) -> None:
        """A lasting violation is told every ten seconds."""
        watch = Watch()
        watch.see(61, concurrent=120, held=CONCURRENT)
        assert sum(level == "critical" for level, _ in watch.lines) == 4

    @given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=300))
    def test_never_more_often(self, samples: list[tuple[int, bool]]) -> None:
        """However the figures jump, no kind of line comes more often than every ten seconds."""
        watch = Watch()
        told: dict[str, list[float]] = {"critical": [], "warn": []}
        for concurrent, held in samples:
            for level, text in watch.see(concurrent=concurrent, held=CONCURRENT if held else frozenset()):
                if level == "critical" or text.startswith("Resource warning"):
                    told[level].append(watch.now)
        for times in told.values():
            assert all(later - earlier >= REPEAT_SECONDS for earlier, later in pairwise(times))
