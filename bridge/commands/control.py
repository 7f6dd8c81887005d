"""Commands that act on the daemon as a whole: drain, resume, log-level, note."""

from __future__ import annotations

import argparse

import msgspec

from bridge.adminclient import understand
from bridge.adminwire import Change, Snapshot
from bridge.commands import OK
from bridge.commands.office import reach
from bridge.commands.page import print_json, print_warnings
from bridge.figures import clock
from bridge.text import printable

__all__ = ["drain", "log_level", "note", "resume"]


class _LogLevel(msgspec.Struct):
    before: str = ""
    after: str = ""
    warnings: list[str] = []


def drain(arguments: argparse.Namespace) -> int:
    """Refuse new calls."""
    snapshot = _act(arguments, "drain")
    if snapshot is not None:
        print(
            f"Draining: new calls are refused; {snapshot.in_flight} in flight and {snapshot.waiting} waiting. "
            "To take calls again: cpanbridge resume"
        )
        _tell_fault(snapshot)
    return OK


def resume(arguments: argparse.Namespace) -> int:
    """Take calls again."""
    snapshot = _act(arguments, "resume")
    if snapshot is not None:
        print(f"Taking calls again; the daemon's state is {printable(snapshot.state)}.")
        _tell_fault(snapshot)
    return OK


def log_level(arguments: argparse.Namespace) -> int:
    """Print or change the level from which lines are logged."""
    with reach(arguments) as client:
        if arguments.level is None:
            level = client.request("status", Snapshot).log_level
            raw = msgspec.Raw(msgspec.json.encode({"before": level, "after": level}))
        else:
            raw = client.request("log_level", msgspec.Raw, level=arguments.level)
    if arguments.json:
        print_json(msgspec.json.decode(raw))
        return OK
    found = understand(raw, _LogLevel, arguments.admin_socket)
    if arguments.level is None:
        print(printable(found.after))
    else:
        print(f"Log level {printable(found.after)}, before {printable(found.before)}.")
    print_warnings(found.warnings)
    return OK


def note(arguments: argparse.Namespace) -> int:
    """Write a note into the journal."""
    with reach(arguments) as client:
        raw = client.request("events.note", msgspec.Raw, text=arguments.text)
    if arguments.json:
        print_json(msgspec.json.decode(raw))
    else:
        change = understand(raw, Change, arguments.admin_socket)
        print(f"Noted at {clock(change.at)} by {printable(change.user)}.")
        # A note has no details of its own: what stands there is what went wrong when it was written down.
        print_warnings([change.detail] if change.detail else [])
    return OK


def _act(arguments: argparse.Namespace, method: str) -> Snapshot | None:
    """Ask, and return the answer for people, or print it as JSON."""
    with reach(arguments) as client:
        raw = client.request(method, msgspec.Raw, reason=arguments.reason)
    if arguments.json:
        print_json(msgspec.json.decode(raw))
        return None
    return understand(raw, Snapshot, arguments.admin_socket)


def _tell_fault(snapshot: Snapshot) -> None:
    """What was done is done; that it is not on the disk yet must be known."""
    if snapshot.journal_fault:
        print_warnings([f"It is in force, but could not be written down yet: {snapshot.journal_fault}"])
