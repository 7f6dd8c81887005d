"""Following a daemon for as long as it takes: the connection may break, and the daemon may start anew."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import msgspec

from bridge.adminclient import AdminClient, understand
from bridge.adminwire import AdminError, AdminErrorCode, Snapshot
from bridge.client import NoDaemonError
from bridge.commands import REFUSED, CommandError
from bridge.commands.office import DEFAULT_SECONDS, refusal

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
    follower = _Follower(interval, past)
    wait = FIRST_WAIT
    while True:
        try:
            with AdminClient(arguments.admin_socket, arguments.timeout or DEFAULT_SECONDS) as client:
                for news in follower.listen(client, arguments.timeout or DEFAULT_SECONDS):
                    wait = FIRST_WAIT
                    yield news
        except AdminError as error:
            # What is refused for now only, as when too many are attached, is worth another attempt.
            if not reconnect or error.code != AdminErrorCode.REFUSED:
                raise CommandError(refusal(error), REFUSED) from None
            why = error.message
        except NoDaemonError as error:
            if not reconnect:
                raise
            why = str(error)
        if not follower.lost:
            follower.lost = True
            yield News("lost", text=why)
        sleep(wait)
        wait = min(LONGEST_WAIT, wait * 2)


class _Follower:
    """Knows what has been seen, over several connections.

    Attributes:
        lost: the connection is lost, and that has been said.
    """

    def __init__(self, interval: float, past: int) -> None:
        self.lost = False
        self._interval = interval
        self._past = past
        self._boot_id = ""
        self._sequence = 0  # of the newest event that has been seen

    def listen(self, client: AdminClient, timeout: float) -> Iterator[News]:
        """Subscribe, catch up, and yield what comes over this connection."""
        first = client.request("subscribe", msgspec.Raw, interval=self._interval)
        snapshot = understand(first, Snapshot, client.path)
        restarted = self._boot_id not in {"", snapshot.boot_id}
        if self.lost:
            self.lost = False
            yield News("back", text="the daemon has started anew" if restarted else "connected")
        if not self._boot_id:
            self._sequence = snapshot.sequence
            missed = client.request("events", _Past, limit=self._past).events if self._past else []
        else:
            # Another run's events have other numbers, and all of them are news.
            self._sequence = 0 if restarted else self._sequence
            missed = self._missed(client)
        self._boot_id = snapshot.boot_id
        for event in missed:
            self._sequence = max(self._sequence, _sequence(event))
            yield News("event", event)
        yield News("snapshot", first)
        for method, data in client.notifications(3 * self._interval + timeout):
            if method == "event" and _sequence(data) > self._sequence:
                self._sequence = _sequence(data)
                yield News("event", data)
            elif method == "snapshot":
                # Events that we were too slow for are not sent again, but a snapshot tells that there are some.
                for event in self._missed(client) if _sequence(data) > self._sequence else ():
                    self._sequence = max(self._sequence, _sequence(event))
                    yield News("event", event)
                yield News("snapshot", data)

    def _missed(self, client: AdminClient) -> list[msgspec.Raw]:
        return client.request("events", _Past, since=self._sequence, limit=MOST_EVENTS).events


def _sequence(data: msgspec.Raw) -> int:
    return understand(data, _Numbered).sequence
