"""The columns in which events are told; see :class:`bridge.modules._xml_types.Batch`."""

from __future__ import annotations

from array import array
from typing import Any

__all__ = ["Columns"]

_TEXTS = {"A": 2, "S": 1, "E": 1, "C": 1, "D": 1, "M": 1, "P": 1}
"""How many texts an event of a kind has."""

_WITHOUT_VALUES = frozenset("[]F")


class Columns:
    """Events as they come. The lists stay the same ones, so that whoever adds to them can keep their methods.

    Attributes:
        kinds, places, texts, others: one value for each event, or as many as its kind has.
    """

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.places: list[int] = []
        self.texts: list[str] = []
        self.others: list[list[Any]] = []

    def add(self, kind: str, place: int, *values: Any) -> None:
        """Add an event that has values of its own."""
        self.kinds.append(kind)
        self.places.append(place)
        self.others.append(list(values))

    def take(self, skip: int = 0) -> tuple[str, int, bytes, str, list[list[Any]]]:
        """Return what came since the last time, without the first so many events."""
        kinds, texts, others = "".join(self.kinds), self.texts, self.others
        if skip:
            told, kinds = kinds[:skip], kinds[skip:]
            texts = texts[sum(_TEXTS.get(kind, 0) for kind in told) :]
            others = others[sum(kind not in _TEXTS and kind not in _WITHOUT_VALUES for kind in told) :]
        start = self.places[skip] if kinds else 0
        places = array("i", [place - start for place in self.places[skip:]])
        taken = (kinds, start, places.tobytes(), "\0".join(texts), list(others))
        for column in (self.kinds, self.places, self.texts, self.others):
            column.clear()
        return taken
