"""``cpanbridge watch``: one line after the other, for logs, pipes, screen readers and terminals that can do no more."""

from __future__ import annotations

import argparse
import sys
import time

import msgspec

from bridge.adminclient import understand
from bridge.adminwire import Event, Snapshot
from bridge.commands import OK
from bridge.commands.follow import News, follow
from bridge.commands.page import print_json, styled
from bridge.commands.sentences import event_level, event_text
from bridge.commands.table import fit
from bridge.figures import clock, milliseconds, number
from bridge.text import printable

__all__ = ["Csv", "Json", "Plain", "watch"]

HEAD_EVERY = 20
"""Lines of figures between two heads on a terminal."""

_COLUMNS = (
    ("time", 8), ("state", 9), ("mem MB", 7), ("cpu %", 6), ("conc", 5), ("calls/min", 9), ("conns", 5),
    ("lag ms", 6), ("calls/s", 7), ("wait", 4), ("ref/min", 7),
)  # fmt: skip
"""Heads and widths; a figure that needs more gets more."""


def watch(arguments: argparse.Namespace) -> int:
    """Print a line for each snapshot until interrupted, or until there were enough."""
    printer: Plain | Json | Csv = Json() if arguments.json else Csv() if arguments.csv else Plain()
    count = 0
    endless = arguments.count is None and not arguments.no_reconnect
    for news in follow(arguments, interval=arguments.interval, reconnect=endless):
        if news.kind == "snapshot":
            printer.snapshot(news)
            count += 1
        elif news.kind == "event":
            if arguments.events:
                printer.event(news)
        else:
            printer.link(news)
        sys.stdout.flush()
        if count == arguments.count:
            break
    return OK


class Plain:
    """Lines for people."""

    def __init__(self) -> None:
        self._lines = 0
        self._repeats = sys.stdout.isatty()

    def snapshot(self, news: News) -> None:
        """Print figures, now and then under their heads."""
        snapshot = understand(news.data, Snapshot)
        if self._lines == 0 or (self._repeats and self._lines % HEAD_EVERY == 0):
            heads = [fit(title, width, right=at > 1) for at, (title, width) in enumerate(_COLUMNS)]
            print(styled("  ".join(heads), "title"))
        self._lines += 1
        cells = [
            text.ljust(width) if at < 2 else text.rjust(width)
            for at, (text, (_, width)) in enumerate(zip(_figures(snapshot), _COLUMNS, strict=True))
        ]
        print(styled("  ".join(cells), snapshot.state))

    @staticmethod
    def event(news: News) -> None:
        """Print what happened."""
        event = understand(news.data, Event)
        print(styled(f"{clock(event.at)}  EVENT {event_text(event)}", event_level(event)))

    @staticmethod
    def link(news: News) -> None:
        """Print that the connection is lost, or there again."""
        if news.kind == "lost":
            print(styled(f"{clock(time.time())}  NO DAEMON {news.text} Trying again until it is there.", "violation"))
        else:
            print(f"{clock(time.time())}  BACK {news.text}")


class Json:
    """One object a line: snapshots, events (they have ``kind``) and the state of the connection (``connected``)."""

    @staticmethod
    def snapshot(news: News) -> None:
        """Print it as it came."""
        print_json(msgspec.json.decode(news.data))

    event = snapshot

    @staticmethod
    def link(news: News) -> None:
        """Print that the connection is lost, or there again."""
        print_json({"connected": news.kind == "back", "at": time.time(), "reason": news.text})


class Csv:
    """Figures for a spreadsheet; what is no figure goes to standard error."""

    def __init__(self) -> None:
        self._fields: list[str] = []

    def snapshot(self, news: News) -> None:
        """Print a row, the first time under its heads. The columns stay those of the first one."""
        values = _row(understand(news.data, Snapshot))
        if not self._fields:
            self._fields = list(values)
            print(",".join(self._fields))
        print(",".join(values.get(name, "") for name in self._fields))

    @staticmethod
    def event(news: News) -> None:
        """Print what happened where it is not in the way."""
        event = understand(news.data, Event)
        print(f"{clock(event.at)} {event_text(event)}", file=sys.stderr)

    @staticmethod
    def link(news: News) -> None:
        """Print that the connection is lost, or there again."""
        print(f"cpanbridge: {news.text}", file=sys.stderr)


def _figures(snapshot: Snapshot) -> list[str]:
    values = {name: each.value for name, each in snapshot.resources.items()}
    shown = [number(values[name]) if name in values else "-" for name in ("memory", "cpu", "concurrent", "rate")]
    return [
        clock(snapshot.now),
        printable(snapshot.state),
        *shown,
        number(values["connections"]) if "connections" in values else "-",
        milliseconds(values["lag"]) if "lag" in values else "-",
        number(snapshot.calls_per_second),
        str(snapshot.waiting),
        str(sum(snapshot.refused_minute.values())),
    ]


def _row(snapshot: Snapshot) -> dict[str, str]:
    row = {"at": f"{snapshot.now:.3f}", "state": printable(snapshot.state).replace(",", ";"), "pid": str(snapshot.pid)}
    for name in ("memory", "cpu", "concurrent", "rate", "connections", "lag"):
        found = snapshot.resources.get(name)
        row[_CSV_NAMES.get(name, name)] = number(found.value, 4) if found else ""
        row[f"{name}_limit"] = number(found.limit, 4) if found else ""
    row |= {
        "in_flight": str(snapshot.in_flight),
        "waiting": str(snapshot.waiting),
        "slots": str(snapshot.slots),
        "calls_per_second": number(snapshot.calls_per_second, 4),
        "total": str(snapshot.total),
        "successful": str(snapshot.successful),
        "failed": str(snapshot.failed),
        "throttled": str(snapshot.throttled),
        "refused_minute": str(sum(snapshot.refused_minute.values())),
        "revision": str(snapshot.revision),
    }
    return row


_CSV_NAMES = {"memory": "memory_mb", "cpu": "cpu_percent", "rate": "rate_per_minute", "lag": "lag_seconds"}
