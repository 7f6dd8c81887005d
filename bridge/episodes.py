"""Times at warning or in violation, each as one episode from its beginning to its end.

Pure. A resource that hovers about its mark would fill a list of single events; here what comes back within ten seconds
belongs to the same episode. While one lasts, who occupies the daemon is counted at each sample, so that the episode
can say who had the largest part in it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import attrs
import msgspec

from bridge.adminwire import Episode
from bridge.levels import Level
from bridge.text import printable

if TYPE_CHECKING:
    from bridge.control import Instant
    from bridge.levels import Reading

__all__ = ["Culprit", "Episodes"]

MERGE_SECONDS = 10.0
"""A resource that leaves normal again so soon after the end of its episode goes on with it."""

MAX_CULPRITS = 1000
"""Culprits counted in one episode; who comes later is not named as its cause."""

_RANK = {"normal": 0, "warning": 1, "violation": 2}


@attrs.frozen
class Culprit:
    """Who occupies the daemon: a function on behalf of a client process."""

    function: str
    client: str
    pid: int
    uid: int


class _Course:
    """What is counted while an episode lasts."""

    def __init__(self, episode: Episode, refused: int) -> None:
        self.episode = episode
        self.samples = 0
        self.total = 0.0
        self.refused_before = refused
        self.culprits: Counter[Culprit] = Counter()
        self.ended_at = float("-inf")  # monotonic

    def count(self, busy: Mapping[Culprit, int]) -> None:
        for culprit, calls in busy.items():
            if culprit in self.culprits or len(self.culprits) < MAX_CULPRITS:
                self.culprits[culprit] += calls

    def cause(self) -> str:
        everything = self.culprits.total()
        if not everything:
            return ""
        (culprit, calls), *_ = self.culprits.most_common(1)
        # Long names must not crowd out the figures behind them.
        who = f"{printable(culprit.client, 60)}[{culprit.pid}]" if culprit.client else f"pid {culprit.pid}"
        function = printable(culprit.function, 80) or "?"
        return f"{function} by {who} uid {culprit.uid}, {calls / everything:.0%}"


class Episodes:
    """All episodes, the last ``keep`` of them.

    Args:
        keep: how many are remembered.
    """

    def __init__(self, *, keep: int = 500) -> None:
        self._courses: dict[str, _Course] = {}  # the latest of each resource
        self._recent: deque[Episode] = deque(maxlen=keep)
        self._refused: Mapping[str, int] = {}

    def update(
        self,
        readings: Mapping[str, Reading],
        refused: Mapping[str, int],
        busy: Callable[[], Mapping[Culprit, int]],
        now: Instant,
        next_id: Callable[[], int],
    ) -> list[Episode]:
        """Take one sample; called about twice a second.

        Args:
            readings: each resource's value, limit and level.
            refused: what was refused since the start, by resource.
            busy: asked for only while something is wrong, since it takes a walk through all connections.
            next_id: numbers episodes.

        Returns:
            episodes that began, came to another level, or ended with this sample.
        """
        changed: list[Episode] = []
        refused_before, self._refused = self._refused, dict(refused)
        occupied: Mapping[Culprit, int] | None = None
        for name, reading in readings.items():
            course = self._courses.get(name)
            going = course is not None and course.episode.end is None
            if reading.level is Level.NORMAL:
                if course is not None and going:
                    self._follow(course, reading, refused.get(name, 0))
                    course.ended_at = now.monotonic
                    course.episode.end = now.wall
                    course.episode.now = Level.NORMAL.value
                    changed.append(_copy(course.episode))
                continue
            if occupied is None:
                occupied = busy()
            if course is None or (not going and now.monotonic - course.ended_at > MERGE_SECONDS):
                episode = Episode(id=next_id(), resource=name, level=reading.level.value, start=now.wall)
                course = self._courses[name] = _Course(episode, refused_before.get(name, 0))
                self._recent.append(episode)
            before = (course.episode.now, course.episode.level)
            course.episode.end = None
            course.episode.now = reading.level.value
            if _RANK[reading.level.value] > _RANK[course.episode.level]:
                course.episode.level = reading.level.value
            course.count(occupied)
            self._follow(course, reading, refused.get(name, 0))
            if before != (course.episode.now, course.episode.level):
                changed.append(_copy(course.episode))
        return changed

    @property
    def open(self) -> list[Episode]:
        """Copies of the episodes that last, violations first, then the oldest."""
        lasting = [course.episode for course in self._courses.values() if course.episode.end is None]
        return [_copy(each) for each in sorted(lasting, key=lambda each: (-_RANK[each.now], each.start, each.id))]

    @property
    def recent(self) -> list[Episode]:
        """Copies of the last episodes, oldest first."""
        return [_copy(each) for each in self._recent]

    def acknowledge(self, number: int, user: str) -> Episode | None:
        """Note that somebody looks after an episode; return a copy of it, ``None`` if it is not known (any more)."""
        # One that lasts may be older than all that are remembered.
        for episode in [*self._recent, *(course.episode for course in self._courses.values())]:
            if episode.id == number:
                episode.acknowledged_by = user
                return _copy(episode)
        return None

    @staticmethod
    def _follow(course: _Course, reading: Reading, refused: int) -> None:
        episode = course.episode
        course.samples += 1
        course.total += reading.value
        if course.samples == 1 or reading.value > episode.peak:
            episode.peak, episode.limit = reading.value, reading.limit
        episode.average = round(course.total / course.samples, 4)
        episode.refused = max(0, refused - course.refused_before)
        episode.cause = course.cause()


def _copy(episode: Episode) -> Episode:
    return msgspec.structs.replace(episode)
