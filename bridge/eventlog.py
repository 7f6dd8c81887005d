"""The events that operators are told of, numbered, so that whoever missed some can ask for them.

Pure.
"""

from __future__ import annotations

from collections import deque

from bridge.adminwire import Event

__all__ = ["EventLog"]


class EventLog:
    """The newest events.

    Args:
        keep: how many are kept for whoever asks later.

    Attributes:
        newest: the highest sequence number given out; 0 before the first.
    """

    def __init__(self, keep: int = 1000) -> None:
        self.newest = 0
        self._events: deque[Event] = deque(maxlen=keep)

    def next_sequence(self) -> int:
        """Give out the next number; its event must be added before anybody asks."""
        self.newest += 1
        return self.newest

    def add(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)

    def since(self, sequence: int, most: int) -> tuple[list[Event], bool]:
        """Return the newest ``most`` events after ``sequence``, oldest first, and whether older ones are missing."""
        found = [event for event in self._events if event.sequence > sequence]
        first = self._events[0].sequence if self._events else self.newest + 1
        lost = len(found) > most or (sequence + 1 < first and self.newest > 0)
        return found[-most:], lost
