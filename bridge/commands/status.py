"""``cpanbridge status``: one page about the daemon, or one line for a monitoring system."""

from __future__ import annotations

import argparse
import json

import msgspec

from bridge.adminclient import understand
from bridge.adminwire import Snapshot
from bridge.brief import brief, resources
from bridge.client import NoDaemonError
from bridge.commands import NO_DAEMON, CommandError
from bridge.commands.office import reach
from bridge.commands.page import print_json, print_table, styled
from bridge.commands.sentences import SYMBOLS, episode_text, who
from bridge.commands.table import Column
from bridge.figures import UNITS, clock, duration, exact, number, resource, share
from bridge.text import printable

__all__ = ["exit_status", "status"]

MOST_OPERATORS = 8
"""Operators named one by one."""

_STATUS = {"ok": 0, "warning": 1, "draining": 1, "violation": 2}

_COLUMNS = (
    Column("resource"),
    Column("unit"),
    Column("now", right=True),
    Column("limit", right=True),
    Column("%", right=True),
    Column("5 min peak", right=True),
    Column("level"),
)


def status(arguments: argparse.Namespace) -> int:
    """Print how the daemon is; the exit status says it, too."""
    try:
        with reach(arguments) as client:
            raw = client.request("status", msgspec.Raw)
    except (NoDaemonError, CommandError) as error:
        # A check's reader takes 1 for a warning; that nothing is known is 3, whatever the reason.
        if arguments.brief:
            print(f"UNKNOWN - {error}")
        raise CommandError(str(error), NO_DAEMON) from None
    snapshot = understand(raw, Snapshot, arguments.admin_socket)
    if arguments.json:
        print_json(json.loads(bytes(raw)))
    elif arguments.brief:
        print(brief(snapshot))
    else:
        _print_page(snapshot)
    return exit_status(snapshot)


def exit_status(snapshot: Snapshot) -> int:
    """Return 0 for ok, 1 for a warning or a daemon that drains, 2 for a violation, 3 for a state not known here."""
    return _STATUS.get(snapshot.state, NO_DAEMON)


def _print_page(snapshot: Snapshot) -> None:
    state = printable(snapshot.state)
    mark = SYMBOLS.get(snapshot.state, "?").strip()
    state_text = styled(f"{state.upper()} {mark}".rstrip(), snapshot.state)
    print(
        f"cpanbridge {printable(snapshot.version)}: {state_text}, pid {snapshot.pid}, up {duration(snapshot.uptime)}, "
        f"limits revision {snapshot.revision}"
    )
    print(f"socket {printable(snapshot.socket)}, log level {printable(snapshot.log_level)}, {clock(snapshot.now)}\n")
    rows, levels = [], []
    for name in resources(snapshot):
        figures = snapshot.resources[name]
        rows.append(
            (
                name,
                UNITS.get(name, ""),
                resource(name, figures.value),
                resource(name, figures.limit),
                share(figures.value, figures.limit),
                resource(name, figures.peak),
                f"{SYMBOLS.get(figures.level, '?')} {figures.level}",
            )
        )
        levels.append(figures.level)
    print_table(_COLUMNS, rows, levels)
    print()
    for title, text in _facts(snapshot):
        print(f"{title:<11} {text}")


def _facts(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return titles and texts of what is no table."""
    waiting = f"{snapshot.waiting} waiting"
    if snapshot.waiting:
        waiting += f" (longest {duration(snapshot.oldest_wait)})"
    rate = number(snapshot.calls_per_second)
    facts = [
        ("calls", f"{snapshot.in_flight} in flight of {snapshot.slots} slots, {waiting}, {rate} calls/s"),
        (
            "since start",
            f"{snapshot.total} calls: {snapshot.successful} ok, {snapshot.failed} failed, {snapshot.throttled} refused",
        ),
        ("last minute", _refused(snapshot.refused_minute)),
    ]
    facts += [
        ("episode", styled(f"{SYMBOLS.get(each.now, '?')} {episode_text(each, snapshot.now)}", each.now))
        for each in snapshot.open_episodes
    ]
    facts += [
        (
            "temporary",
            (
                f"{printable(each.name)} {exact(each.value)}, back to {exact(each.restore)} in "
                f"{duration(each.until - snapshot.now)} (by {printable(each.user)})"
            ),
        )
        for each in snapshot.temporary
    ]
    waits = snapshot.unconfirmed
    if waits is not None:
        left = duration(waits.until - snapshot.now)
        text = f"! revision {waits.revision} by {printable(waits.user)} rolls back in {left}"
        facts.append(("unconfirmed", styled(f"{text}; to keep it: cpanbridge limits confirm", "warning")))
    if snapshot.journal_fault:
        text = f"! not written down: {printable(snapshot.journal_fault, 200)}"
        facts.append(("journal", styled(text, "warning")))
    # This command is attached, too; whoever asks wants to know about the others.
    others = [each for each in snapshot.operators if not each.you]
    named = [
        f"{who(each.user, each.uid, each.pid)} {'operates' if each.level == 'operate' else 'observes'}"
        for each in others[:MOST_OPERATORS]
    ]
    if len(others) > MOST_OPERATORS:
        named.append(f"{len(others) - MOST_OPERATORS} more")
    facts.append(("operators", "; ".join(named) or "nobody else attached"))
    return facts


def _refused(by_limit: dict[str, int]) -> str:
    if not by_limit:
        return "nothing refused"
    parts = ", ".join(f"{printable(name)} {count}" for name, count in by_limit.items())
    return f"{sum(by_limit.values())} refused ({parts})"
