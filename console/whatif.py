"""The table of what the last minutes would have met under other limits.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from bridge.text import printable
from console.format import duration, plain

if TYPE_CHECKING:
    from bridge.adminwire import Preview, PreviewOutcome

__all__ = ["preview_text"]


def preview_text(preview: Preview, now: Mapping[str, float], values: Mapping[str, float]) -> Text:
    """Return the what-if table."""
    current, proposed = preview.current, preview.proposed
    minutes = preview.seconds / 60
    text = Text()
    text.append(f"what-if over the last {minutes:.0f} min", "bold")
    text.append(f"  ({preview.samples} seconds, {current.calls} calls recorded)\n", "dim")
    head = "proposed"
    if len(values) == 1:
        ((name, value),) = values.items()
        text.append(f"{'':11}{'now ' + plain(now[name]):>14}{plain(value):>14}\n", "bold")
    else:
        text.append(f"{'':11}{'now':>14}{head:>14}\n", "bold")

    def row(title: str, cell: Callable[[PreviewOutcome], str]) -> None:
        before, after = cell(current), cell(proposed)
        text.append(f"{title:11}{before:>14}")
        text.append(f"{after:>14}\n", "bold" if before != after else "")

    row("violation", lambda each: f"{duration(each.violation_seconds)} in {each.violation_episodes}")
    row("warning", lambda each: duration(each.warning_seconds))
    row("refused", lambda each: f"{each.refused} calls")
    row("waited", lambda each: f"{each.waited} calls")
    row("wait p95", lambda each: f"{each.wait_p95 * 1000:.0f} ms")
    text.append(
        f"demand: at once {preview.demand_concurrent_max} (p99 {preview.demand_concurrent_p99}), "
        f"{preview.demand_rate_max} calls/min\n"
    )
    for note in preview.notes[:3]:
        text.append(f"! {printable(note)}\n", "italic")
    text.append("estimate: recorded demand replayed, no promise", "dim")
    return text
