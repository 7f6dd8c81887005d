"""The lines that are always there: who is watched and how, what waits, which views and keys there are.

Pure. Each function returns the parts of one line, as (text, style name).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from bridge.adminwire import Snapshot
from bridge.text import printable
from console.format import duration, number
from console.keys import ACTIONS, VIEWS, key_text
from console.views import NAMES

__all__ = ["Line", "footer", "join", "summary", "tabs"]

Line = list[tuple[str, str]]


def join(left: Line, right: Line, width: int) -> Line:
    """Put two ends on one line; the left one gives way where both do not fit."""
    room = width - sum(cell_len(text) for text, _ in right)
    parts: Line = []
    for text, style in left:
        taken = text[: max(0, room)]
        room -= cell_len(taken)
        parts.append((taken, style))
    return [*parts, (" " * max(0, room), ""), *right]


def summary(snapshot: Snapshot, hints: Sequence[str], *, short: bool = False) -> list[Line]:
    """Say what waits, what was refused, and what is to be known besides."""
    refused = sum(snapshot.refused_minute.values())
    first: Line = [
        ("queue ", "dim"),
        (f"{snapshot.waiting} waiting", "warning" if snapshot.waiting else ""),
        (f" (oldest {snapshot.oldest_wait * 1000:.0f} ms)" if snapshot.waiting else "", ""),
        ("   slots ", "dim"),
        (f"{snapshot.in_flight}/{snapshot.slots}", ""),
        ("   refused ", "dim"),
        (f"{refused} in last 60 s", "violation" if refused else ""),
    ]
    if refused:
        by = " ".join(f"{NAMES.get(name, name)} {count}" for name, count in snapshot.refused_minute.items())
        first.append((f" ({by})", ""))
    worst = next(iter(snapshot.open_episodes), None)
    if worst is not None and worst.now == "violation":
        first.append(("   worst ", "dim"))
        first.append((f"{NAMES[worst.resource]} for {duration(max(0.0, snapshot.now - worst.start))}", "violation"))
    if not short:
        first.append(("   calls ", "dim"))
        first.append((f"{number(snapshot.calls_per_second)}/s", ""))
    second: Line = []
    unconfirmed = snapshot.unconfirmed
    if unconfirmed is not None:
        left = duration(max(0.0, unconfirmed.until - snapshot.now))
        second.append(
            (f"! revision {unconfirmed.revision} by {printable(unconfirmed.user)} rolls back in {left}", "violation")
        )
        second.append((" unless confirmed (c)   ", "violation"))
    for each in snapshot.temporary[:2]:
        left = duration(max(0.0, each.until - snapshot.now))
        name = each.name.removeprefix("max_")
        second.append((f"temporary: {name} {each.value:g}, back to {each.restore:g} in {left}   ", "warning"))
    second.extend((f"{hint}   ", "dim") for hint in hints[: 2 if not second else 1])
    return [first, second] if second else [first]


_SHORT: Final = {
    "overview": "Over",
    "connections": "Conn",
    "functions": "Func",
    "events": "Ev",
    "limits": "Lim",
    "journal": "Jour",
}


def tabs(view: str, counts: dict[str, str], filter_text: str, width: int) -> Line:
    """Name the views; the one that is shown stands in brackets."""
    parts: Line = [(" ", "")]
    narrow = width < 100
    for at, name in enumerate(VIEWS, 1):
        title = _SHORT[name] if narrow else name.capitalize()
        text = f"{at} {title}{counts.get(name, '')}"
        parts.append((f"[{text}]" if name == view else text, "title" if name == view else ""))
        parts.append((" ", ""))
    right: Line = [(f" {printable(filter_text)} ", "warning")] if filter_text else []
    return join(parts, right, width)


_ORDER: Final = (
    "quit",
    "help",
    "palette",
    "filter",
    "pause",
    "faster",
    "view.overview",
    "sort.next",
    "maximise",
    "limit.edit",
    "limit.undo",
    "arm",
    "event.next",
    "copy.row",
    "record",
)


def footer(keymap: dict[str, str], width: int, *, armed: bool) -> Line:
    """Show the most useful keys; those that need write mode are dim without it."""
    parts: Line = [(" ", "")]
    room = width - 1
    by_id = {action.id: action for action in ACTIONS}
    for name in _ORDER:
        action = by_id[name]
        key = key_text(keymap.get(name, action.keys)).split(" ")[0]
        label = action.label
        if name == "view.overview":
            key, label = "1-6", "View"
        elif name == "faster":
            key = "+/-"
        elif name == "help":
            label = "Help" if width >= 100 else ""
        text = f"{key} {label} " if width >= 100 else f"{key}{label} "
        if cell_len(text) > room:
            break
        room -= cell_len(text)
        dim = action.write and not armed
        parts.append((key, "dim" if dim else "title"))
        parts.append((text[len(key) :], "dim"))
    return parts
