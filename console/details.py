"""Pages of text: help for a panel, everything that is known of a row.

Pure. Foreign text is made safe here; a page is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
from rich.text import Text

from bridge.adminwire import Change, ConnectionRow
from bridge.text import printable
from console.eventlist import EventView
from console.format import clock, decimal, duration, milliseconds
from console.keys import ACTIONS, Action, key_text
from console.views import UNITS, change_text, value_text, who_text

__all__ = ["change", "connection", "event", "help_text", "record"]

LEGEND: Final = {
    "bars": (
        "One line for each limited resource. The bar goes to 125 % of the limit; '!' marks where the warning starts, "
        "'│' the limit. The words OK, WARN and VIOL are the daemon's own judgement, with its hysteresis; 'peak5m' is "
        "the highest value of five minutes; the curve shows two minutes on the same fixed scale. conns counts open "
        "connections, lag is by how much the event loop is late. Enter shows an hour."
    ),
    "connections": (
        "One line for each client connection. state: busy (its call runs), queued (its call waits for a slot), "
        "reading, writing, stream (of bytes, no calls any more), idle. rps: calls a second of the last seconds. infl: "
        "slots that its process holds, all its connections together. The cursor stays with its row when the order "
        "changes; f decides whether the view scrolls with it."
    ),
    "functions": (
        "One line for each function that was called since the daemon's start. p50, p95 and p99 are milliseconds from "
        "the arrival of a call to its answer; err counts calls that failed, refus calls that a limit refused."
    ),
    "events": (
        "Times at warning or in violation as one line each, from their beginning to their end, with the peak, the "
        "average, the refusals and who caused most of it. Between them what operators changed. Open ones are on top; "
        "X is a violation, ! a warning, - is over, * a change."
    ),
    "limits": (
        "All limits: in force, in use, default, and as configured. One that differs from its configured value is lost "
        "with a restart unless w writes it to the file."
    ),
    "journal": "Every change with its revision, who made it and why. Nothing is ever removed; an undo is a new entry.",
}


_WRITTEN: Final[dict[str, Callable[[float], str]]] = {
    **dict.fromkeys(("mean", "p50", "p95", "p99", "longest"), lambda seconds: f"{milliseconds(seconds)} ms"),
    **dict.fromkeys(("age", "idle"), duration),
    **dict.fromkeys(("at", "until", "confirm_by"), clock),
    "rate": lambda rate: f"{decimal(rate)} calls/s",
}
"""How figures with a unit are written, by the name of their field."""


def help_text(panel: str, keymap: Mapping[str, str], cost: str) -> Text:
    """Return the help page for a panel (a table's name, ``bars``, or a view), with the keys as they are mapped.

    Args:
        cost: what watching costs, in a sentence.
    """
    text = Text()
    legend = LEGEND.get(panel) or LEGEND["bars"]
    text.append(f"{panel.capitalize() if panel != 'bars' else 'Limits'}\n", "bold")
    text.append(f"{legend}\n\n")
    text.append(f"{cost}\n\n", "dim")
    for group, actions in groupby(ACTIONS, key=lambda each: each.group):
        text.append(f"{group}\n", "bold")
        for action in actions:
            _help_line(text, action, keymap)
        text.append("\n")
    text.append("Rows: arrows, j k, PgUp PgDn, g G, Enter for details, click and wheel.\n")
    text.append("* needs write mode (W).   Keys can be changed in ~/.config/cpanbridge/console.toml.\n", "dim")
    return text


def _help_line(text: Text, action: Action, keymap: Mapping[str, str]) -> None:
    keys = key_text(keymap.get(action.id, action.keys))
    text.append(f"  {keys:<10}", "bold")
    text.append(f"{'*' if action.write else ' '} {action.title}\n")


def record(row: msgspec.Struct) -> Text:
    """Return every field of a row that is known, figures with their unit."""
    text = Text()
    facts: dict[str, Any] = msgspec.to_builtins(row)
    for name, value in facts.items():
        if value is None:
            continue
        text.append(f"{name.replace('_', ' '):>12}  ", "bold")
        shown = (
            _WRITTEN[name](value) if name in _WRITTEN else f"{value:.6g}" if isinstance(value, float) else str(value)
        )
        text.append(f"{printable(shown, 400)}\n")
    return text


def connection(row: ConnectionRow, others: Sequence[ConnectionRow]) -> Text:
    """Return what is known of a connection, and of its process."""
    text = record(row)
    siblings = [each for each in others if each.pid == row.pid and each.uid == row.uid]
    text.append(f"\nprocess {row.pid}: {len(siblings)} connections", "bold")
    text.append(f", {row.in_flight} slots held, {sum(each.rate for each in siblings):.1f} calls/s\n")
    for each in siblings[:20]:
        text.append(f"  {each.id:>6}  {each.state:<8}{printable(each.function or '-')}  {duration(each.age)}\n")
    return text


def change(entry: Change) -> Text:
    """Return a journal entry."""
    text = record(entry)
    text.append(f"\n{clock(entry.at)}  {printable(who_text(entry))}  {printable(change_text(entry), 1000)}\n")
    return text


def event(view: EventView) -> Text:
    """Return everything about an event."""
    if view.change is not None:
        return change(view.change)
    episode = view.episode
    if episode is None:
        return Text(f"{clock(view.at)}  {printable(view.text, 1000)}\n")
    unit = UNITS.get(episode.resource, "")
    text = Text()
    text.append(f"{episode.resource}: {episode.level}", "bold")
    text.append("\n\n")
    end = episode.end
    text.append(f"from     {clock(episode.start)}\n")
    text.append(f"to       {clock(end) + ', ' + duration(end - episode.start) if end is not None else 'it lasts'}\n")
    limit = value_text(episode.resource, episode.limit)
    text.append(f"peak     {value_text(episode.resource, episode.peak)} of {limit} {unit}\n")
    text.append(f"average  {value_text(episode.resource, episode.average)} {unit}\n")
    text.append(f"refused  {episode.refused}\n")
    text.append(f"cause    {printable(episode.cause) or 'not known'}\n")
    text.append(f"seen by  {printable(episode.acknowledged_by) or 'nobody yet (a acknowledges)'}\n")
    return text
