"""Who takes what a feed delivers: the model, a recorder, or several of them.

Pure. A feed is a live daemon or a recording; nothing behind a sink can tell which, except by the link's state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.adminwire import Change, Event, History, LimitsResult, Snapshot

__all__ = ["Sink", "Tee"]


class Sink(Protocol):
    """Takes what a feed delivers. ``now`` is the console's monotonic clock in seconds, everywhere."""

    def link_connecting(self, where: str, now: float) -> None:
        """An attempt to connect begins."""
        ...

    def link_down(self, reason: str, retry: float, now: float) -> None:
        """The connection is lost, or there never was one; the next attempt comes in ``retry`` seconds."""
        ...

    def link_replay(self, position: float, speed: float, now: float, *, playing: bool, ended: bool = False) -> None:
        """A recording stands at ``position`` (seconds since 1970)."""
        ...

    def take_snapshot(self, snapshot: Snapshot, now: float) -> None:
        """The newest state of everything; the link is up."""
        ...

    def take_history(self, history: History, now: float) -> None:
        """One-second samples. They replace those from their first one on, and leave older ones."""
        ...

    def take_events(self, events: Sequence[Event], now: float, *, lost: bool = False) -> None:
        """Events, oldest first, some of them perhaps known; ``lost`` when older ones are gone for good."""
        ...

    def take_journal(self, entries: Sequence[Change], now: float) -> None:
        """The journal's newest entries, oldest first."""
        ...

    def take_limits(self, limits: LimitsResult, now: float) -> None:
        """The answer to ``limits.get``."""
        ...

    def reset(self, now: float) -> None:
        """Forget everything: a recording goes to another point in time."""
        ...


class Tee:
    """Hands everything to several sinks, in the order in which they were added."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = list(sinks)

    def add(self, sink: Sink) -> None:
        """Let ``sink`` have what comes from now on."""
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Let it have no more; one that is not there is no fault."""
        self._sinks = [each for each in self._sinks if each is not sink]

    def link_connecting(self, where: str, now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.link_connecting(where, now)

    def link_down(self, reason: str, retry: float, now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.link_down(reason, retry, now)

    def link_replay(self, position: float, speed: float, now: float, *, playing: bool, ended: bool = False) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.link_replay(position, speed, now, playing=playing, ended=ended)

    def take_snapshot(self, snapshot: Snapshot, now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.take_snapshot(snapshot, now)

    def take_history(self, history: History, now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.take_history(history, now)

    def take_events(self, events: Sequence[Event], now: float, *, lost: bool = False) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.take_events(events, now, lost=lost)

    def take_journal(self, entries: Sequence[Change], now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.take_journal(entries, now)

    def take_limits(self, limits: LimitsResult, now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.take_limits(limits, now)

    def reset(self, now: float) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.reset(now)
