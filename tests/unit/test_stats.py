"""The counters add up, whatever happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.admission import AdmissionSample
from bridge.errors import BridgeError, ErrorType
from bridge.stats import MAX_FUNCTIONS, OTHERS, Stats

SAMPLE = AdmissionSample(
    in_flight=1, waiting=2, slots=100, peak_concurrent=5, rate=7, rate_demand=9, held=frozenset(), oldest_wait=0.0
)


def tick(stats: Stats, now: float) -> None:
    stats.tick(SAMPLE, memory_mb=50.0, cpu_percent=3.0, lag=0.001, connections=4, now=now)


class TestStats:
    @given(
        st.lists(
            st.tuples(st.sampled_from(["a.f", "b.g"]), st.none() | st.sampled_from(list(ErrorType)), st.booleans()),
            max_size=50,
        )
    )
    def test_the_parts_make_the_total(self, events: list[tuple[str, ErrorType | None, bool]]) -> None:
        """Successful + failed + throttled is the total, and each answer is counted once."""
        stats = Stats(0.0)
        for function, error, started in events:
            if error is None or started:
                stats.call_ended(function, error, 0.0, 0.1, 1.0)
            else:
                stats.call_refused(function, BridgeError(error, "no"), 0.0, 1.0)
        assert stats.total == len(events) == stats.successful + stats.failed + stats.throttled
        assert sum(stats.errors.values()) == stats.total - stats.successful
        assert stats.latency.count == sum(function.calls for function in stats.functions())

    def test_refusals_are_not_failures(self) -> None:
        """Throttled and Draining are counted apart, the first by its limit."""
        stats = Stats(0.0)
        stats.call_refused("a.f", BridgeError(ErrorType.THROTTLED, "no", limit="rate"), 0.0, 1.0)
        stats.call_refused("a.f", BridgeError(ErrorType.DRAINING, "no"), 0.0, 1.0)
        stats.call_refused("", BridgeError(ErrorType.BAD_REQUEST, "no"), 0.0, 1.0)
        assert (stats.throttled, stats.failed, stats.refused_by_limit) == (2, 1, {"rate": 1})
        assert [figures.name for figures in stats.functions()] == ["a.f"]

    def test_names_are_bounded(self) -> None:
        """However many names callers make up, memory stays bounded."""
        stats = Stats(0.0)
        for number in range(MAX_FUNCTIONS + 500):
            stats.call_ended(f"m.f{number}", None, 0.0, 0.1, 1.0)
        names = {figures.name: figures.calls for figures in stats.functions()}
        assert len(names) == MAX_FUNCTIONS + 1
        assert names[OTHERS] == 500

    def test_history_is_one_hour(self) -> None:
        """One sample a second, the last hour of them, with what happened in each second."""
        stats = Stats(0.0)
        for second in range(3700):
            stats.call_ended("a.f", None if second % 2 else ErrorType.FUNCTION_ERROR, 0.0, 0.1, second)
            tick(stats, float(second))
        assert len(stats.history) == 3600
        assert {sample.calls for sample in stats.history} == {1}
        assert sum(sample.errors for sample in stats.history) == 1800
        assert stats.history[-1].at == 3699.0

    def test_requests_per_second(self) -> None:
        """The mean of the last minute, whatever went before."""
        stats = Stats(0.0)
        for second in range(200):
            for _ in range(10 if second >= 130 else 1):
                stats.call_ended("a.f", None, 0.0, 0.1, second)
            tick(stats, float(second))
        assert 9.9 <= stats.requests_per_second(199.0) <= 10.1
