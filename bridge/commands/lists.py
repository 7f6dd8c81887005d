"""Commands that print rows: connections, functions, operators, the history."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from bridge.adminclient import understand
from bridge.adminwire import ConnectionRow, FunctionRow, History, OperatorRow
from bridge.commands import OK
from bridge.commands.office import reach
from bridge.commands.page import print_json, print_table, print_warnings
from bridge.commands.table import Column
from bridge.figures import clock, duration, milliseconds, number

__all__ = ["close", "connections", "functions", "history", "operators"]


class _Connections(msgspec.Struct):
    connections: list[ConnectionRow]


class _Functions(msgspec.Struct):
    functions: list[FunctionRow]


class _Operators(msgspec.Struct):
    operators: list[OperatorRow]


class _Closed(msgspec.Struct):
    id: int
    pid: int
    warnings: list[str] = []


class _Shown(NamedTuple):
    """A column of rows: its head, the field that it sorts by, and the text of a row."""

    column: Column
    field: str
    text: Callable[[Any], str]


_CONNECTIONS: Mapping[str, _Shown] = {
    "id": _Shown(Column("id", right=True), "id", lambda row: str(row.id)),
    "pid": _Shown(Column("pid", right=True), "pid", lambda row: str(row.pid)),
    "user": _Shown(Column("user", elastic=True, rank=1), "user", lambda row: row.user or str(row.uid)),
    "client": _Shown(Column("client", elastic=True), "client", lambda row: row.client),
    "state": _Shown(Column("state"), "state", lambda row: row.state),
    "function": _Shown(Column("function", elastic=True), "function", lambda row: row.function),
    "calls": _Shown(Column("calls", right=True), "calls", lambda row: str(row.calls)),
    "rate": _Shown(Column("calls/s", right=True, rank=2), "rate", lambda row: number(row.rate)),
    "slots": _Shown(Column("slots", right=True, rank=4), "in_flight", lambda row: str(row.in_flight)),
    "age": _Shown(Column("age", right=True, rank=1), "age", lambda row: duration(row.age)),
    "idle": _Shown(
        Column("idle", right=True, rank=3), "idle", lambda row: duration(row.idle) if row.state == "idle" else ""
    ),
    "handles": _Shown(Column("handles", right=True, rank=5), "handles", lambda row: str(row.handles)),
}

_FUNCTIONS: Mapping[str, _Shown] = {
    "function": _Shown(Column("function", elastic=True), "name", lambda row: row.name),
    "calls": _Shown(Column("calls", right=True), "calls", lambda row: str(row.calls)),
    "errors": _Shown(Column("errors", right=True), "errors", lambda row: str(row.errors)),
    "refused": _Shown(Column("refused", right=True), "refused", lambda row: str(row.refused)),
    "mean": _Shown(Column("mean ms", right=True), "mean", lambda row: milliseconds(row.mean)),
    "p50": _Shown(Column("p50 ms", right=True), "p50", lambda row: milliseconds(row.p50)),
    "p95": _Shown(Column("p95 ms", right=True), "p95", lambda row: milliseconds(row.p95)),
    "p99": _Shown(Column("p99 ms", right=True), "p99", lambda row: milliseconds(row.p99)),
    "longest": _Shown(Column("max ms", right=True), "longest", lambda row: milliseconds(row.longest)),
}

_ASCENDING = {"id", "pid"}
"""Figures that are names: the smallest comes first, as with texts."""

_OPERATORS = (
    Column("id", right=True),
    Column("user", elastic=True),
    Column("uid", right=True),
    Column("pid", right=True),
    Column("may"),
    Column("attached", right=True),
    Column("every s", right=True),
    Column("gaps", right=True),
    Column(""),
)

_HISTORY: Sequence[tuple[str, Column, Callable[[float], str]]] = (
    ("at", Column("time"), clock),
    ("calls", Column("calls", right=True), number),
    ("errors", Column("errors", right=True, rank=1), number),
    ("refused", Column("refused", right=True), number),
    ("waiting", Column("waiting", right=True), number),
    ("peak_concurrent", Column("peak conc", right=True), number),
    ("rate", Column("calls/min", right=True), number),
    ("rate_demand", Column("demand/min", right=True, rank=2), number),
    ("memory_mb", Column("mem MB", right=True), number),
    ("cpu_percent", Column("cpu %", right=True), number),
    ("lag", Column("lag ms", right=True), milliseconds),
    ("connections", Column("conns", right=True, rank=1), number),
)


def connections(arguments: argparse.Namespace) -> int:
    """Print who is connected."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("connections"))
            return OK
        rows = client.request("connections", _Connections).connections
    wanted = arguments.filter.casefold() if arguments.filter else ""
    shown = [row for row in rows if wanted in _searched(row)]
    _order(shown, _CONNECTIONS[arguments.sort], reverse=arguments.reverse)
    _print_rows(_CONNECTIONS, shown)
    count = f"{len(rows)} connections" if len(rows) != 1 else "1 connection"
    print(f"\n{count}" + (f", {len(shown)} shown" if wanted else ""))
    return OK


def close(arguments: argparse.Namespace) -> int:
    """Close a connection."""
    with reach(arguments) as client:
        raw = client.request(
            "connections.close", msgspec.Raw, id=arguments.id, pid=arguments.pid, reason=arguments.reason
        )
    if arguments.json:
        print_json(msgspec.json.decode(raw))
        return OK
    closed = understand(raw, _Closed, arguments.admin_socket)
    print(f"Closed connection {closed.id} of pid {closed.pid}.")
    print_warnings(closed.warnings)
    return OK


def functions(arguments: argparse.Namespace) -> int:
    """Print every function's figures."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("functions"))
            return OK
        rows = client.request("functions", _Functions).functions
    _order(rows, _FUNCTIONS[arguments.sort], reverse=arguments.reverse)
    _print_rows(_FUNCTIONS, rows)
    return OK


def operators(arguments: argparse.Namespace) -> int:
    """Print who is attached to the admin socket."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("operators"))
            return OK
        rows = client.request("operators", _Operators).operators
    now = time.time()
    print_table(
        _OPERATORS,
        [
            (
                str(row.id),
                row.user,
                str(row.uid),
                str(row.pid),
                row.level,
                duration(now - row.since),
                number(row.interval, 2) if row.interval else "-",
                str(row.gaps),
                "you" if row.you else "",
            )
            for row in rows
        ],
    )
    return OK


def history(arguments: argparse.Namespace) -> int:
    """Print one-second samples."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("history", seconds=arguments.seconds))
            return OK
        found = client.request("history", History, seconds=arguments.seconds)
    if arguments.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.fields)
        writer.writerows(found.rows)
        return OK
    place = {name: at for at, name in enumerate(found.fields)}
    known = [each for each in _HISTORY if each[0] in place]
    print_table(
        [column for _, column, _ in known],
        [[show(row[place[name]]) for name, _, show in known] for row in found.rows],
    )
    return OK


# --- inside ---


def _searched(row: ConnectionRow) -> str:
    return " ".join((str(row.id), str(row.pid), str(row.uid), row.user, row.client, row.state, row.function)).casefold()


def _order(rows: list[Any], by: _Shown, *, reverse: bool) -> None:
    """Sort by a column: texts from A to Z, figures from the largest; the other way round with ``reverse``."""
    field = by.field
    downwards = bool(rows) and not isinstance(getattr(rows[0], field), str) and field not in _ASCENDING
    rows.sort(key=lambda row: getattr(row, field), reverse=downwards != reverse)


def _print_rows(columns: Mapping[str, _Shown], rows: Sequence[Any]) -> None:
    shown = list(columns.values())
    print_table([each.column for each in shown], [[each.text(row) for each in shown] for row in rows])
