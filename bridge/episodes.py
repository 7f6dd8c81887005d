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
    from bridge.changes import Instant
    from bridge.levels import Reading

__all__ = ["Culprit", "Episodes"]

MERGE_SECONDS = 10.0
"""A resource that leaves normal again so soon after the end of its episode goes on with it."""

MAX_CULPRITS = 1000
"""Culprits counted one by one in an episode. When there are more, the half with the smaller parts is counted in one:
short programs come and go by thousands, and must not keep one that comes late from being found."""

WITHOUT_CAUSE = "connections"
"""The resource that calls do not fill: who runs most of them says nothing about who is connected."""

REFUSED_AS = {"lag": "cpu"}
"""Resources whose refusals carry another one's word: a lag of the event loop is treated like a want of CPU."""

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
        self.others = 0
        self.ended_at = float("-inf")  # monotonic

    def count(self, busy: Mapping[Culprit, int]) -> None:
        for culprit, calls in busy.items():
            self.culprits[culprit] += calls
            if len(self.culprits) > MAX_CULPRITS:
                everything = self.culprits.total()
                self.culprits = Counter(dict(self.culprits.most_common(MAX_CULPRITS // 2)))
                self.others += everything - self.culprits.total()

    def cause(self) -> str:
        """Name the function and program with the largest part; of one process its pid, of several their number."""
        everything = self.culprits.total() + self.others
        if not everything:
            return ""
        parts: dict[tuple[str, str, int], list[int]] = {}
        for culprit, calls in self.culprits.items():
            # Programs that give no name are told apart by their pid.
            key = (culprit.function, culprit.client or f"pid {culprit.pid}", culprit.uid)
            part = parts.setdefault(key, [0, 0, culprit.pid])
            part[0] += calls
            part[1] += 1
        (function, client, uid), (calls, processes, pid) = max(parts.items(), key=lambda item: item[1][0])
        # Long names must not crowd out the figures: these stand in front.
        who = printable(client, 60)
        if client != f"pid {pid}":
            who += f"[{pid}]" if processes == 1 else f" ({processes} processes)"
        return f"{100 * calls / everything:.0f} % {printable(function, 80) or '?'} by {who} uid {uid}"


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
            next_id: numbers episodes, upwards.

        Returns:
            copies of the episodes that began, went on after their end, reached a worse level, or ended with this
            sample. What falls from violation to warning is not news: a busy limit does so many times a minute.
        """
        changed: list[Episode] = []
        refused = {**refused, **{name: refused.get(word, 0) for name, word in REFUSED_AS.items()}}
        refused_before, self._refused = self._refused, refused
        occupied: Mapping[Culprit, int] | None = None
        for name, reading in readings.items():
            course = self._courses.get(name)
            going = course is not None and course.episode.end is None
            if reading.level is Level.NORMAL:
                if course is not None and going:
                    self._follow(course, reading, refused.get(name, 0))
                    course.ended_at = now.monotonic
                    course.episode.end = max(course.episode.start, now.wall)  # the wall clock may be set back
                    course.episode.now = Level.NORMAL.value
                    changed.append(_copy(course.episode))
                continue
            if course is None or (not going and now.monotonic - course.ended_at > MERGE_SECONDS):
                episode = Episode(id=next_id(), resource=name, level=reading.level.value, start=now.wall)
                course = self._courses[name] = _Course(episode, refused_before.get(name, 0))
                self._recent.append(episode)
            worse = _RANK[reading.level.value] > _RANK[course.episode.level]
            if worse:
                course.episode.level = reading.level.value
            course.episode.end = None
            course.episode.now = reading.level.value
            if name != WITHOUT_CAUSE:
                if occupied is None:
                    occupied = busy()
                course.count(occupied)
            self._follow(course, reading, refused.get(name, 0))
            if worse or not going:
                changed.append(_copy(course.episode))
        return changed

    @property
    def open(self) -> list[Episode]:
        """Copies of the episodes that last, violations first, then the oldest."""
        lasting = [course.episode for course in self._courses.values() if course.episode.end is None]
        return [_copy(each) for each in sorted(lasting, key=lambda each: (-_RANK[each.now], each.id))]

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
