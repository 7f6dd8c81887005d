"""The histogram's error stays within its bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.histogram import Histogram

durations = st.floats(0, 3600)


class TestHistogram:
    @given(durations)
    def test_relative_error(self, seconds: float) -> None:
        """One value comes back within 1/32, or a microsecond."""
        histogram = Histogram()
        histogram.record(seconds)
        assert histogram.percentile(0.5) == pytest.approx(seconds, rel=1 / 32, abs=1e-6)

    @given(st.lists(durations, min_size=1, max_size=200), st.floats(0.01, 1))
    def test_percentile_is_near_the_exact_one(self, values: list[float], share: float) -> None:
        """A percentile is as near to the exact one as its bucket is wide."""
        histogram = Histogram()
        for value in values:
            histogram.record(value)
        wanted = max(1.0, share * len(values))
        exact = next(value for rank, value in enumerate(sorted(values), 1) if rank >= wanted)
        assert histogram.percentile(share) == pytest.approx(exact, rel=1 / 32, abs=2e-6)

    def test_empty(self) -> None:
        """Nothing counted is zero, not an error."""
        assert (Histogram().mean, Histogram().percentile(0.99)) == (0.0, 0.0)

    def test_outliers(self) -> None:
        """Longer than an hour counts as an hour, negative as nothing; neither raises."""
        histogram = Histogram()
        histogram.record(1e9)
        histogram.record(-1.0)
        assert histogram.count == 2
        assert histogram.percentile(1.0) == pytest.approx(3600, rel=1 / 32)
