"""The sliding window counts exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.window import SlidingWindow

steps = st.lists(st.floats(0, 30), max_size=300)


class TestSlidingWindow:
    @given(steps)
    def test_counts_like_a_list(self, gaps: list[float]) -> None:
        """The count equals that of a plain list of the last 60 seconds."""
        window, log, now = SlidingWindow(60.0), [], 0.0
        for gap in gaps:
            now += gap
            window.add(now)
            log.append(now)
            assert window.count(now) == sum(1 for start in log if start > now - 60.0)

    @given(steps, st.integers(1, 50), st.integers(0, 20))
    def test_free_at_is_true(self, gaps: list[float], limit: int, ahead: int) -> None:
        """At the time given there is room after the others went first, and no earlier."""
        window, log, now = SlidingWindow(60.0), [], 0.0
        for gap in gaps:
            now += gap
            window.add(now)
            log.append(now)
        at = window.free_at(limit, ahead, now)
        held = sum(1 for start in log if start > now - 60.0)
        assert at >= now
        if ahead < limit and held - limit + ahead < held:
            assert sum(1 for start in log if start + 60.0 > at) + ahead < limit or at == now
            if at > now:
                just_before = at - 1e-6
                assert sum(1 for start in log if start + 60.0 > just_before) + ahead >= limit

    def test_grows(self) -> None:
        """Many events keep their order when the ring grows while its head is in the middle."""
        window = SlidingWindow(60.0)
        for second in range(100):
            window.add(float(second))
            window.count(float(second))
        for _ in range(1000):
            window.add(100.0)
        assert window.count(100.0) == 1000 + 59
        assert window.count(160.0) == 0
        assert window.free_at(1, 0, 160.0) == 160.0
