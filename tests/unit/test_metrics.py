"""The metrics' text: exact histograms, hostile names, a bounded number of series that never go backwards."""

from __future__ import annotations

import time
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bridge.admission import Admission
from bridge.errors import BridgeError, ErrorType
from bridge.histogram import EDGES, Histogram
from bridge.levels import Levels
from bridge.limits import Limits
from bridge.metrics import MAX_FUNCTIONS, Metrics
from bridge.monitor import HealthSample
from bridge.stats import OTHERS, Stats


def make(stats: Stats) -> Metrics:
    return Metrics(
        admission=Admission(Limits()),
        stats=stats,
        monitor=SimpleNamespace(latest=HealthSample(), readings=Levels().readings, retained=False),
        connections=SimpleNamespace(count=0, total=0, refused=0, negotiations_failed={"tls.start": 2}),
        now=lambda: 100.0,
        revision=lambda: 3,
        busy=dict,
    )


def counts(metrics: Metrics) -> dict[str, float]:
    """Return the number of calls by function."""
    text = b"".join(metrics.pieces()).decode()
    families = {each.name: each for each in text_string_to_metric_families(text)}
    samples = families["cpanbridge_request_duration_seconds"].samples
    return {each.labels["function"]: each.value for each in samples if each.name.endswith("_count")}


@given(st.lists(st.floats(0, 200, allow_subnormal=False), max_size=200))
def test_buckets_are_exact(durations: list[float]) -> None:
    """Each bucket holds what is shorter than its edge, not nearly that."""
    histogram = Histogram()
    for each in durations:
        histogram.record(each)
    # What is counted is whole microseconds.
    assert histogram.cumulative() == [
        sum(int(each * 1_000_000) < round(edge * 1_000_000) for each in durations) for edge in EDGES
    ]


def test_negotiations_that_failed() -> None:
    """They are counted by function, beside the calls."""
    text = b"".join(make(Stats(0.0)).pieces()).decode()
    assert 'cpanbridge_negotiations_failed_total{function="tls.start"} 2.0' in text


def test_hostile_names() -> None:
    """Quotes, newlines, escape codes and lone surrogates leave the text readable, one series each."""
    stats = Stats(0.0)
    names = ['m.a"b', "m.a\nb", "m.\x1b[2J", "m.\ud800", "m.\\", "m.漢字"]
    for name in names:
        stats.call_ended(name, None, 0, 0.1, 0)
    assert len(counts(make(stats))) == len(names)


def test_bounded_and_never_backwards() -> None:
    """The first functions have series of their own, the rest share one; no series ever shrinks."""
    stats = Stats(0.0)
    metrics = make(stats)
    before: dict[str, float] = {}
    for step in range(6):
        for number in range(100 * (step + 1)):
            for _ in range(1 + (number == 599)):  # the last to come is called most
                stats.call_ended(f"m.f{number}", None, 0, 0.1, 0)
        seen = counts(metrics)
        assert len(seen) <= MAX_FUNCTIONS + 1
        assert sum(seen.values()) == stats.successful
        assert {name: value for name, value in before.items() if seen[name] < value} == {}
        before = seen
    assert OTHERS in before


def test_what_is_refused_shows_though_nothing_ran() -> None:
    """Refusals count under their limit and their function at once."""
    stats = Stats(0.0)
    stats.call_refused("m.f", BridgeError(ErrorType.THROTTLED, "no", limit="rate", executed=False), 1.0, 0)
    text = b"".join(make(stats).pieces()).decode()
    assert 'cpanbridge_requests_refused_total{limit="rate"} 1.0' in text
    assert 'cpanbridge_function_refused_total{function="m.f"} 1.0' in text


def test_a_scrape_is_made_of_small_pieces() -> None:
    """No single piece holds the reactor up, whatever the number of functions; the second scrape reuses the first."""
    stats = Stats(0.0)
    for number in range(MAX_FUNCTIONS):
        for duration in (0.001, 0.1, 3.0):
            stats.call_ended(f"m.f{number}", None, 0, duration, 0)
    metrics = make(stats)
    first = b"".join(metrics.pieces())
    began = time.perf_counter()
    again = list(metrics.pieces())
    print(f"{len(first)} bytes in {len(again)} pieces; again in {(time.perf_counter() - began) * 1000:.1f} ms")
    assert b"".join(again).count(b"_bucket") == first.count(b"_bucket")
    assert len(again) > MAX_FUNCTIONS
    assert max(map(len, again)) < 40_000
