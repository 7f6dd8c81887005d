from __future__ import annotations

import pytest

from bridge.adminwire import Change, ConnectionRow, FunctionRow
from console import details


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_figures_have_their_units() -> None:
    text = details.record(
        FunctionRow("report.daily", calls=12, mean=0.0031, p50=0.002, p95=0.5, p99=3.08, longest=12.0)
    )
    lines = {line.split()[0]: line.split()[1:] for line in text.plain.splitlines()}
    assert lines["calls"] == ["12"]
    assert lines["mean"] == ["3.1", "ms"]
    assert lines["p99"] == ["3080", "ms"]
    row = ConnectionRow(7, 4711, 1001, state="busy", function="report.daily", in_flight=2, age=95.0, rate=0.18)
    text = details.connection(row, [row])
    assert "in flight  2" in text.plain
    assert "1m35" in text.plain
    assert "0.2 calls/s" in text.plain


def test_a_change_is_told_in_times_of_day_and_without_what_it_has_not() -> None:
    change = Change(3, 2, 1_760_000_000.0, "set", user="bob", changes={"max_memory_mb": (1024, 512)}, reason="[/x]")
    text = details.change(change).plain
    assert "at  08:53:20" in text
    assert "until" not in text
    assert "memory_mb 1024 -> 512  '[/x]'" in text


def test_foreign_text_is_spelled_out() -> None:
    row = ConnectionRow(7, 4711, 1001, client="\x1b[31mred", function="\u202ex")
    text = details.connection(row, [row]).plain
    assert "\x1b" not in text
    assert "\u202e" not in text
