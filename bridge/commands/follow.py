"""Following a daemon for as long as it takes: the connection may break, and the daemon may start anew."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import msgspec

from bridge.adminclient import AdminClient, understand
from bridge.adminwire import Snapshot
from bridge.client import NoDaemonError
from bridge.commands.office import DEFAULT_SECONDS, reach

__all__ = ["News", "follow"]

FIRST_WAIT, LONGEST_WAIT = 1.0, 5.0
"""Seconds between two attempts to connect: at first, and at last, since a daemon may be away for long."""

MOST_EVENTS = 1000
"""Events that the daemon keeps."""


class News(NamedTuple):
    """What has come.

    Attributes:
        kind: ``snapshot`` and ``event`` have ``data``; ``lost`` and ``back`` have ``text``.
        data: a message's parameters as they came.
        text: why the connection is lost; or, once it is there again, what became of the daemon.
    """

    kind: Literal["snapshot", "event", "lost", "back"]
    data: msgspec.Raw = msgspec.Raw(b"null")
    text: str = ""


class _Past(msgspec.Struct):
    events: list[msgspec.Raw]


class _Numbered(msgspec.Struct):
    sequence: int


def follow(
    arguments: argparse.Namespace,
    *,
    interval: float,
    reconnect: bool,
    past: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[News]:
    """Subscribe, and yield what comes. What happened while the connection was lost is asked for afterwards.

    Args:
        interval: seconds between two snapshots.
        reconnect: go on for ever; else the loss of the connection is an error.
        past: events from before to begin with.

    Raises:
        NoDaemonError: the connection is lost, or could not be made, and ``reconnect`` is not wanted.
        CommandError: the daemon says no; trying again would not help.
    """
    boot_id = ""
    sequence: int | None = None
    lost = False
    wait = FIRST_WAIT
    while True:
        try:
            with reach(arguments) as client:
                first = client.request("subscribe", msgspec.Raw, interval=interval)
                snapshot = understand(first, Snapshot, client.path)
                same = snapshot.boot_id == boot_id
                if lost:
                    restarted = boot_id and not same
                    yield News("back", text="the daemon has started anew" if restarted else "connected")
                    lost = False
                wait = FIRST_WAIT
                # Events of another run have other numbers; all of them are news, but for the first look.
                since = sequence if same else 0 if boot_id else None
                boot_id, sequence = snapshot.boot_id, snapshot.sequence
                for event in _missed(client, since, past):
                    sequence = max(sequence, understand(event, _Numbered, client.path).sequence)
                    yield News("event", event)
                yield News("snapshot", first)
                silence = 3 * interval + (arguments.timeout or DEFAULT_SECONDS)
                for method, data in client.notifications(silence):
                    if method == "snapshot":
                        yield News("snapshot", data)
                    elif method == "event":
                        number = understand(data, _Numbered, client.path).sequence
                        if number > sequence:
                            sequence = number
                            yield News("event", data)
        except NoDaemonError as error:
            if not reconnect:
                raise
            if not lost:
                yield News("lost", text=str(error))
                lost = True
            sleep(wait)
            wait = min(LONGEST_WAIT, wait * 2)


def _missed(client: AdminClient, since: int | None, past: int) -> list[msgspec.Raw]:
    """Return events after ``since``, or the last ``past`` ones where nothing has been seen yet."""
    if since is None:
        return client.request("events", _Past, limit=past).events if past else []
    return client.request("events", _Past, since=since, limit=MOST_EVENTS).events
