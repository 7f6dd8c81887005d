"""``cpanbridge events``: what happened, and what happens."""

from __future__ import annotations

import argparse
import sys
import time

import msgspec

from bridge.adminclient import understand
from bridge.adminwire import MAX_INTERVAL, Event
from bridge.commands import OK
from bridge.commands.follow import follow
from bridge.commands.office import reach
from bridge.commands.page import print_json, styled
from bridge.commands.sentences import SYMBOLS, event_level, event_text
from bridge.figures import date

__all__ = ["events"]


class _Events(msgspec.Struct):
    events: list[Event]
    lost: bool = False


def events(arguments: argparse.Namespace) -> int:
    """Print the newest events, and with ``--follow`` those to come."""
    if arguments.follow:
        return _follow(arguments)
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("events", limit=arguments.count))
            return OK
        found = client.request("events", _Events, limit=arguments.count)
    for event in found.events:
        _print(event)
    if not found.events:
        print("Nothing has happened since the daemon started.")
    return OK


def _follow(arguments: argparse.Namespace) -> int:
    for news in follow(arguments, interval=MAX_INTERVAL, reconnect=True, past=arguments.count):
        if news.kind == "event":
            if arguments.json:
                print_json(msgspec.json.decode(news.data))
            else:
                _print(understand(news.data, Event, arguments.admin_socket))
        elif news.kind != "snapshot":
            # Standard output holds events only, whoever reads it.
            print(f"cpanbridge: {date(time.time())} {news.text}", file=sys.stderr)
        sys.stdout.flush()
    return OK


def _print(event: Event) -> None:
    level = event_level(event)
    print(styled(f"{date(event.at)} {SYMBOLS.get(level, '?')} {event_text(event)}", level))
