"""``cpanbridge limits``: what they are, who set them, and changing them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence

import msgspec

from bridge.adminclient import understand
from bridge.adminwire import Change, LimitsResult
from bridge.commands import OK
from bridge.commands.limitnames import assignments
from bridge.commands.office import reach
from bridge.commands.page import print_json, print_table, print_warnings, styled
from bridge.commands.sentences import change_text, who
from bridge.commands.table import Column
from bridge.commands.whatif import what_if
from bridge.figures import clock, date, duration, exact
from bridge.text import printable

__all__ = ["confirm", "log", "save", "set_limits", "show", "undo"]

MOST_ENTRIES = 1000
"""Entries that the daemon keeps, and that it gives at once."""

_LIMITS = (
    Column("limit"),
    Column("value", right=True),
    Column("default", right=True),
    Column("configured", right=True),
    Column("range", right=True),
    Column("unit"),
)
_CHANGED = (Column("limit"), Column("before", right=True), Column("after", right=True))
_SAVED = (Column("limit"), Column("in the file before", right=True), Column("now", right=True))
_LOG = (Column("rev", right=True), Column("when"), Column("who"), Column("what"))


class _Journal(msgspec.Struct):
    entries: list[Change]
    revision: int = 0


class _Saved(msgspec.Struct):
    path: str
    changes: dict[str, tuple[float | None, float]] = {}
    warnings: list[str] = []


def show(arguments: argparse.Namespace) -> int:
    """Print all limits, and what there is to know about those that were changed."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("limits.get"))
            return OK
        result = client.request("limits.get", LimitsResult)
        entries = client.request("journal", _Journal, limit=MOST_ENTRIES).entries
    rows, levels = [], []
    for name, value in result.after.items():
        about, configured = result.about.get(name), result.configured.get(name)
        rows.append(
            (
                name,
                exact(value),
                exact(about.default) if about else "",
                exact(configured) if configured is not None else "",
                f"{exact(about.low)}..{exact(about.high)}" if about else "",
                about.unit if about else "",
            )
        )
        levels.append("title" if configured is not None and value != configured else "normal")
    print_table(_LIMITS, rows, levels)
    print(f"\nRevision {result.revision}.")
    _print_changed(entries, result.after)
    _print_waiting(result)
    return OK


def set_limits(arguments: argparse.Namespace) -> int:
    """Change limits, or say what would come of it."""
    limits = assignments([*arguments.limits, *arguments.more])
    if arguments.what_if is not None:
        return what_if(arguments, limits, arguments.what_if / 60)
    options: dict[str, object] = {
        "expected_revision": arguments.expect,
        "reason": arguments.reason,
        "for": arguments.lasting,
        "until": arguments.until,
        "confirm_within": arguments.confirm_within,
        "dry_run": arguments.dry_run or None,
    }
    return _change(arguments, "limits.set", {"limits": limits, **options}, dry_run=arguments.dry_run)


def undo(arguments: argparse.Namespace) -> int:
    """Take a change back."""
    wanted = {"revision": arguments.revision, "expected_revision": arguments.expect, "reason": arguments.reason}
    return _change(arguments, "limits.undo", wanted)


def confirm(arguments: argparse.Namespace) -> int:
    """Keep the change that waits to be confirmed."""
    with reach(arguments) as client:
        raw = client.request("limits.confirm", msgspec.Raw, revision=arguments.revision)
    result = _limits_result(arguments, raw)
    if result is not None:
        detail = f": {printable(result.change.detail)}" if result.change and result.change.detail else ""
        print(f"Confirmed{detail}.")
    return OK


def save(arguments: argparse.Namespace) -> int:
    """Write the limits in force into the configuration file."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("limits.save"))
            return OK
        saved = client.request("limits.save", _Saved)
    if saved.changes:
        print_table(
            _SAVED,
            [(name, exact(old) if old is not None else "-", exact(new)) for name, (old, new) in saved.changes.items()],
        )
        print(f"\nSaved to {printable(saved.path)}.")
    else:
        print(f"Nothing to save: {printable(saved.path)} has these limits already.")
    print_warnings(saved.warnings)
    return OK


def log(arguments: argparse.Namespace) -> int:
    """Print the journal of changes."""
    with reach(arguments) as client:
        if arguments.json:
            print_json(client.request("journal", limit=arguments.count))
            return OK
        entries = client.request("journal", _Journal, limit=arguments.count).entries
    print_table(
        _LOG,
        [(str(each.revision), date(each.at), printable(each.user, 24), change_text(each)) for each in entries],
    )
    return OK


# --- inside ---


def _change(arguments: argparse.Namespace, method: str, params: dict[str, object], *, dry_run: bool = False) -> int:
    with reach(arguments) as client:
        raw = client.request(method, msgspec.Raw, **params)
    result = _limits_result(arguments, raw)
    if result is None:
        return OK
    if result.changed:
        print_table(_CHANGED, [(name, exact(old), exact(new)) for name, (old, new) in result.changed.items()])
        print()
    if dry_run:
        print("Nothing was changed; this is what would be." if result.changed else "This would change nothing.")
    elif result.change is None:
        print(f"Nothing to change: these values are in force already (revision {result.revision}).")
    else:
        print(f"In force since {clock(result.change.at)}, revision {result.revision}.")
        _print_waiting(result)
    print_warnings(result.warnings)
    return OK


def _limits_result(arguments: argparse.Namespace, raw: msgspec.Raw) -> LimitsResult | None:
    """Return an answer for people, or print it as JSON and return ``None``."""
    if arguments.json:
        print_json(msgspec.json.decode(raw))
        return None
    return understand(raw, LimitsResult, arguments.admin_socket)


def _print_changed(entries: Sequence[Change], limits: Mapping[str, float]) -> None:
    """Say who changed each limit last, where the journal knows and the value is still that one."""
    for name, value in limits.items():
        last = next((each for each in reversed(entries) if name in each.changes), None)
        if last is None or last.changes[name][1] != value or last.action == "start":
            continue
        reason = f', "{printable(last.reason)}"' if last.reason else ""
        by = who(last.user, last.uid, last.pid)
        print(f"{name}: revision {last.revision}, {date(last.at)}, {last.action} by {by}{reason}")


def _print_waiting(result: LimitsResult) -> None:
    """Say which limits end by themselves, and what waits to be confirmed."""
    now = time.time()  # both ends of a Unix socket go by the same clock
    for each in result.temporary:
        print(
            f"{printable(each.name)}: {exact(each.value)} until {clock(each.until)} (for {duration(each.until - now)} "
            f"more), then back to {exact(each.restore)}"
        )
    waits = result.unconfirmed
    if waits is not None:
        text = f"Revision {waits.revision} rolls back in {duration(waits.until - now)} unless it is confirmed:"
        print(styled(f"{text} cpanbridge limits confirm", "warning"))
