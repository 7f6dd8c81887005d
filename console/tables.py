"""Rows in an order, and answers that are kept while nothing new has come.

Pure. A table of a thousand rows is filtered and sorted once for each snapshot, however often it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from console.filter import Filter

__all__ = ["CONNECTION_SORTS", "DESCENDING", "FUNCTION_SORTS", "PROCESS_SORTS", "Kept", "arrange"]

CONNECTION_SORTS = (
    "id", "client", "pid", "uid", "user", "state", "function", "age", "idle", "rate", "calls", "in_flight", "handles",
)  # fmt: skip
FUNCTION_SORTS = ("name", "calls", "errors", "refused", "mean", "p50", "p95", "p99", "longest")
PROCESS_SORTS = ("pid", "uid", "user", "client", "connections", "in_flight", "queued", "calls", "rate", "share")

DESCENDING = frozenset({*CONNECTION_SORTS, *FUNCTION_SORTS, *PROCESS_SORTS}) - {
    "id", "client", "pid", "uid", "user", "state", "function", "name",
}  # fmt: skip
"""Sort keys of which an operator wants the highest first; for choosing ``reverse``."""

_TEXTS = frozenset({"client", "user", "function", "name"})
_STATES = {"busy": 0, "queued": 1, "stream": 2, "writing": 3, "reading": 4, "idle": 5}

MAX_KEPT = 64

T = TypeVar("T")


def arrange(rows: Iterable[T], sorts: Sequence[str], matching: Filter | None, sort: str, *, reverse: bool) -> list[T]:
    """Return the rows that match, in order; rows that are equal in it stand by ``sorts[0]``, the lowest first.

    Raises:
        ValueError: ``sort`` is not in ``sorts``.
    """
    if sort not in sorts:
        raise ValueError(f"There is no sorting by {sort!r}, but by {', '.join(sorts)}.")
    found = [row for row in rows if matching.matches(row)] if matching else list(rows)
    found.sort(key=attrgetter(sorts[0]))
    found.sort(key=_key(sort), reverse=reverse)
    return found


class Kept:
    """Answers to questions, each made anew only when what it is made from is another thing."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[object, object]] = {}

    def get(self, question: Hashable, source: object, answer: Callable[[], T]) -> T:
        """Return the answer to a question.

        Args:
            source: what the answer is made from. Tuples are compared part by part: numbers and texts by value,
                everything else by identity, which is quick.
        """
        kept = self._answers.get(question)
        if kept is not None and _same(kept[0], source):
            return kept[1]  # type: ignore[return-value]  # the question tells the type
        if len(self._answers) >= MAX_KEPT:
            self._answers.clear()
        made = answer()
        self._answers[question] = (source, made)
        return made

    def clear(self) -> None:
        """Forget all answers."""
        self._answers.clear()


def _same(kept: object, source: object) -> bool:
    if kept is source:
        return True
    if isinstance(kept, tuple) and isinstance(source, tuple):
        return len(kept) == len(source) and all(map(_same, kept, source))
    return isinstance(source, (int, float, str)) and kept == source


def _key(sort: str) -> Callable[[object], Any]:
    """Return what rows are compared by: texts without regard to case, states in the order of work."""
    read = attrgetter(sort)
    if sort == "state":
        return lambda row: _STATES.get(read(row), len(_STATES))
    if sort in _TEXTS:
        return lambda row: str(read(row)).casefold()
    return read
