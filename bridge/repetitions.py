"""Keeps the log short where the same thing happens again and again.

Pure. Unlike a state that lasts (:mod:`bridge.levels`), these are events of many kinds, of which each is worth a line.
"""

from __future__ import annotations

from collections.abc import Hashable

from bridge.levels import REPEAT_SECONDS

__all__ = ["Repetitions"]

MOST = 20
"""Kinds that are told within ``REPEAT_SECONDS``: whoever can make up kinds cannot fill the log with them."""


class Repetitions:
    """Says which events to tell of: of each kind one in ``REPEAT_SECONDS``, and not too many kinds in that time."""

    def __init__(self) -> None:
        self._told: dict[Hashable, float] = {}  # kind -> when, oldest first
        self._hidden = 0

    def admit(self, kind: Hashable, now: float) -> int | None:
        """Return ``None`` for an event that is not to be told of, else how many were not since the last that was."""
        for old, at in list(self._told.items()):
            if now - at < REPEAT_SECONDS:
                break
            del self._told[old]
        if kind in self._told or len(self._told) >= MOST:
            self._hidden += 1
            return None
        self._told[kind] = now
        hidden, self._hidden = self._hidden, 0
        return hidden
