"""``cpanbridge limits preview``: what the demand of the last minutes would have met under other limits."""

from __future__ import annotations

import argparse

from bridge.adminwire import Preview, PreviewOutcome
from bridge.commands import OK
from bridge.commands.limitnames import assignments
from bridge.commands.office import reach
from bridge.commands.page import print_json, print_table
from bridge.commands.table import Column
from bridge.figures import duration, exact, milliseconds, number
from bridge.text import printable

__all__ = ["preview", "what_if"]

PREVIEW_SECONDS = 60.0
"""Time-out: the daemon makes a preview beside its calls, a little at a time."""


def preview(arguments: argparse.Namespace) -> int:
    """Print the preview that was asked for by the command of that name."""
    return what_if(arguments, assignments([*arguments.limits, *arguments.more]), arguments.minutes)


def what_if(arguments: argparse.Namespace, limits: dict[str, float], minutes: float) -> int:
    """Print what the demand of the last ``minutes`` meets now and under these limits. Changes nothing."""
    with reach(arguments, seconds=PREVIEW_SECONDS) as client:
        if arguments.json:
            print_json(client.request("limits.preview", limits=limits, minutes=minutes))
            return OK
        found = client.request("limits.preview", Preview, limits=limits, minutes=minutes)
    columns = (Column(""), Column("unit"), Column("now", right=True), Column("proposed", right=True))
    print_table(columns, [*_limits(found), *_outcomes(found)])
    print(
        f"\nDemand: at most {found.demand_concurrent_max} calls at once (99 % of the time "
        f"{found.demand_concurrent_p99}), at most {found.demand_rate_max} in a minute."
    )
    if found.memory_estimate is not None:
        print(f"Memory: about {number(found.memory_estimate, 0)} MB under the proposed limits.")
    for note in found.notes:
        print(f"Note: {printable(note, 500)}")
    print(
        f"An estimate from {duration(found.seconds)} of recorded demand ({found.samples} samples), no promise. "
        "Nothing was changed."
    )
    return OK


def _limits(found: Preview) -> list[tuple[str, str, str, str]]:
    now, proposed = found.current.limits, found.proposed.limits
    return [
        (name, "", exact(now.get(name, 0)), exact(value)) for name, value in proposed.items() if value != now.get(name)
    ]


def _outcomes(found: Preview) -> list[tuple[str, str, str, str]]:
    a, b = found.current, found.proposed
    limits = sorted({*a.refused_by, *b.refused_by})
    return [
        ("calls", "", str(a.calls), str(b.calls)),
        ("waited", "calls", str(a.waited), str(b.waited)),
        ("wait p95", "ms", milliseconds(a.wait_p95), milliseconds(b.wait_p95)),
        ("longest wait", "ms", milliseconds(a.wait_longest), milliseconds(b.wait_longest)),
        ("refused", "calls", str(a.refused), str(b.refused)),
        *[(f"  by {name}", "calls", _by(a, name), _by(b, name)) for name in limits],
        ("violation", "s", number(a.violation_seconds), number(b.violation_seconds)),
        ("violations", "", str(a.violation_episodes), str(b.violation_episodes)),
        ("warning", "s", number(a.warning_seconds), number(b.warning_seconds)),
        ("peak concurrent", "calls", str(a.peak_concurrent), str(b.peak_concurrent)),
        ("peak rate", "calls/min", str(a.peak_rate), str(b.peak_rate)),
    ]


def _by(outcome: PreviewOutcome, name: str) -> str:
    return str(outcome.refused_by.get(name, 0))
