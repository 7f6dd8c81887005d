"""What each table shows: columns, cells, the order in which its columns are sorted by.

Pure. Rows come from the model, cells go to the tables; every text is foreign until ``format.fit`` has shown it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bridge.adminwire import Change, ConnectionRow, Episode, FunctionRow, LimitsResult
from console.eventlist import EventView
from console.format import LEVEL_SYMBOLS, LEVEL_WORDS, clock, decimal, duration, milliseconds, number
from console.widgets.columns import Column, TableRow

__all__ = [
    "CONNECTION_COLUMNS",
    "EVENT_COLUMNS",
    "FUNCTION_COLUMNS",
    "JOURNAL_COLUMNS",
    "LIMIT_COLUMNS",
    "NAMES",
    "UNITS",
    "change_text",
    "client_text",
    "connection_rows",
    "event_rows",
    "function_rows",
    "journal_rows",
    "limit_rows",
    "plain",
    "value_text",
    "who_text",
]

NAMES: Final = {
    "memory": "mem",
    "cpu": "cpu",
    "concurrent": "concurr",
    "rate": "rate",
    "connections": "conns",
    "lag": "lag",
}
"""Resources as the strip and the events name them."""

UNITS: Final = {
    "memory": "MB",
    "cpu": "%",
    "concurrent": "calls",
    "rate": "/min",
    "connections": "",
    "lag": "ms",
}

LIMIT_OF: Final = {
    "memory": "max_memory_mb",
    "cpu": "max_cpu_percent",
    "concurrent": "max_concurrent_requests",
    "rate": "max_requests_per_minute",
    "connections": "max_connections",
}
"""The limit that stands behind a resource; lag has none that could be changed."""

CONNECTION_COLUMNS: Final = (
    Column("id", "id", 5, "right", priority=1),
    Column("client", "pid user client", 20, grow=True, priority=1),
    Column("state", "state", 7, priority=3),
    Column("function", "function", 14, priority=2),
    Column("age", "age", 5, "right", priority=6),
    Column("rate", "rps", 5, "right", priority=5),
    Column("in_flight", "infl", 5, "right", priority=4),
    Column("calls", "calls", 6, "right", priority=7),
)
FUNCTION_COLUMNS: Final = (
    Column("name", "function", 16, grow=True, priority=1),
    Column("calls", "calls", 6, "right", priority=2),
    Column("p50", "p50ms", 6, "right", priority=4),
    Column("p95", "p95", 6, "right", priority=5),
    Column("p99", "p99", 6, "right", priority=2),
    Column("errors", "err", 5, "right", priority=3),
    Column("refused", "refus", 6, "right", priority=6),
    Column("longest", "max", 6, "right", priority=7),
)
EVENT_COLUMNS: Final = (
    Column("level", "", 7, priority=1),
    Column("what", "", 8, priority=1),
    Column("when", "", 19, priority=2),
    Column("text", "", 20, grow=True, priority=1),
)
"""Without titles: each line says what it is."""
LIMIT_COLUMNS: Final = (
    Column("name", "limit", 24, priority=1),
    Column("value", "in force", 10, "right", priority=1),
    Column("used", "in use", 9, "right", priority=2),
    Column("default", "default", 9, "right", priority=5),
    Column("configured", "in file", 9, "right", priority=4),
    Column("range", "range", 17, "right", priority=6),
    Column("unit", "unit", 11, priority=5),
    Column("changed", "last change", 24, grow=True, priority=3),
)
JOURNAL_COLUMNS: Final = (
    Column("number", "#", 5, "right", priority=5),
    Column("revision", "rev", 5, "right", priority=2),
    Column("when", "when", 14, priority=1),
    Column("user", "who", 14, priority=2),
    Column("action", "action", 9, priority=1),
    Column("text", "what", 24, grow=True, priority=1),
)


def connection_rows(rows: Sequence[ConnectionRow]) -> list[TableRow]:
    """Return the cells of client connections."""
    return [
        TableRow(
            str(row.id),
            (
                str(row.id),
                client_text(row),
                row.state,
                row.function or "-",
                duration(row.age),
                decimal(row.rate),
                str(row.in_flight),
                number(row.calls),
            ),
            "warning" if row.state == "queued" else "dim" if row.state == "idle" else "",
        )
        for row in rows
    ]


def client_text(row: ConnectionRow) -> str:
    """Name a client: pid and user first, which nobody can choose, then what it calls itself."""
    return f"{row.pid} {row.user or row.uid} {row.client}"


def function_rows(rows: Sequence[FunctionRow]) -> list[TableRow]:
    """Return the cells of functions."""
    return [
        TableRow(
            row.name,
            (
                row.name,
                number(row.calls),
                milliseconds(row.p50),
                milliseconds(row.p95),
                milliseconds(row.p99),
                number(row.errors),
                number(row.refused),
                milliseconds(row.longest),
            ),
            "dim" if not row.calls and not row.refused else "",
        )
        for row in rows
    ]


def value_text(resource: str, value: float) -> str:
    """Write a resource's value in its unit: whole numbers, but for a small share."""
    if resource == "lag":
        return f"{value * 1000:.0f}"
    return f"{value:.0f}"


def event_rows(views: Sequence[EventView], now: float, *, short: bool = False) -> list[TableRow]:
    """Return the cells of the event list; ``short`` where little of a line is seen."""
    return [
        _episode_row(view.key, view.episode, now, short=short)
        if view.episode is not None
        else _change_row(view.key, view.change)
        if view.change is not None
        else TableRow(view.key, ("- NET", "console", clock(view.at), view.text))
        for view in views
    ]


def _episode_row(key: str, episode: Episode, now: float, *, short: bool) -> TableRow:
    """Return the cells of a time at warning or in violation."""
    over = episode.end is not None
    seconds = max(0.0, (episode.end if episode.end is not None else now) - episode.start)
    resource = episode.resource
    parts = [f"peak {value_text(resource, episode.peak)}/{value_text(resource, episode.limit)}"]
    if not short:
        share = f" ({episode.peak / episode.limit:.0%})" if episode.limit else ""
        parts[0] += f" {UNITS.get(resource, '')}".rstrip() + share
        parts.append(f"avg {value_text(resource, episode.average)}")
    if episode.acknowledged_by:
        parts.append(f"acked {episode.acknowledged_by}")
    if episode.refused:
        parts.append(f"refused {episode.refused}")
    if episode.cause:
        parts.append(episode.cause)
    if over:
        mark, style = f"- {LEVEL_WORDS[episode.level].lower()}", "dim"
    else:
        style = episode.now if episode.now != "normal" else episode.level
        mark = f"{LEVEL_SYMBOLS[style]} {LEVEL_WORDS[style]}"
    when = f"{clock(episode.start)} {'for' if over else 'now'} {duration(seconds)}"
    return TableRow(key, (mark, NAMES.get(resource, resource), when, "  ".join(parts)), style)


_MARKS: Final = {"note": "- NOTE", "save": "- SAVE", "close": "* CLOSE", "drain": "* DRAIN", "resume": "* RESUM"}


def _change_row(key: str, change: Change) -> TableRow:
    """Return the cells of what an operator did."""
    mark = _MARKS.get(change.action, "* EDIT")
    style = "dim" if change.action == "note" else "title"
    return TableRow(key, (mark, change.action, clock(change.at), f"{who_text(change)}  {change_text(change)}"), style)


def who_text(change: Change) -> str:
    """Name who did it."""
    return change.user if change.user == "daemon" else f"{change.user}({change.uid})"


def change_text(change: Change) -> str:
    """Say what was changed, and why."""
    parts = [
        f"{name.removeprefix('max_')} {plain(before)} -> {plain(after)}"
        for name, (before, after) in change.changes.items()
    ]
    if change.undoes is not None:
        parts.append(f"undoes revision {change.undoes}")
    if change.until is not None:
        parts.append(f"until {clock(change.until)}")
    if change.confirm_by is not None:
        parts.append(f"unless confirmed back at {clock(change.confirm_by)}")
    if change.detail:
        parts.append(change.detail)
    if change.reason:
        parts.append(f"'{change.reason}'")
    return "  ".join(parts)


def journal_rows(entries: Sequence[Change]) -> list[TableRow]:
    """Return the cells of the journal, newest first."""
    return [
        TableRow(
            str(entry.number),
            (
                str(entry.number),
                str(entry.revision),
                clock(entry.at),
                who_text(entry),
                entry.action,
                change_text(entry),
            ),
        )
        for entry in reversed(entries)
    ]


def limit_rows(
    limits: LimitsResult, used: Mapping[str, float], changed: Mapping[str, Change], now: float
) -> list[TableRow]:
    """Return the cells of the limits."""
    temporary = {each.name: each for each in limits.temporary}
    rows = []
    for name, about in limits.about.items():
        value = limits.after[name]
        configured = limits.configured.get(name, value)
        last = changed.get(name)
        told = f"{clock(last.at)} {last.user} {last.reason}" if last is not None else ""
        if name in temporary:
            each = temporary[name]
            told = f"back to {plain(each.restore)} in {duration(max(0.0, each.until - now)).strip()}  {told}"
        rows.append(
            TableRow(
                name,
                (
                    name,
                    plain(value),
                    plain(used[name]) if name in used else "",
                    plain(about.default),
                    plain(configured),
                    f"{plain(about.low)}..{plain(about.high)}",
                    about.unit,
                    told,
                ),
                "title" if value != configured else "",
            )
        )
    return rows


def plain(value: object) -> str:
    """Write a limit's value: as short as it is exact."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    return str(value)
