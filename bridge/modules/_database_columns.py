"""Tuples of parameters that come by column, which is quicker to read and write, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.api import BridgeError, ErrorType

__all__ = ["MOST_TUPLES", "summary_of", "tuples_of"]

MOST_TUPLES = 100_000
"""Most tuples at once."""


def tuples_of(columns: Sequence[Any], count: int, nulls: dict[str, list[int]]) -> list[list[Any]]:
    """Return the tuples.

    Args:
        columns: for each parameter its values, or bytes: texts in UTF-8 with NUL between them.
        count: how many tuples there are.
        nulls: which texts are null in truth, by the parameter's number from 0.

    Raises:
        BridgeError: ``BadParams``.
    """
    lists = [_values(column, number, count) for number, column in enumerate(columns)]
    for name, places in nulls.items():
        if not name.isascii() or not name.isdecimal() or int(name) >= len(lists):
            raise BridgeError(ErrorType.BAD_PARAMS, f"nulls: there is no column {name!r}.")
        values = lists[int(name)]
        for place in places:
            if not 0 <= place < count:
                raise BridgeError(ErrorType.BAD_PARAMS, f"nulls: there is no tuple {place}, only {count}.")
            values[place] = None
    return [list(values) for values in zip(*lists, strict=True)] if lists else [[] for _ in range(count)]


def _values(column: object, number: int, count: int) -> list[Any]:
    if isinstance(column, bytes):
        try:
            values: list[Any] = column.decode().split("\0")
        except UnicodeDecodeError:
            raise BridgeError(ErrorType.BAD_PARAMS, f"columns[{number}] is not UTF-8.") from None
    elif isinstance(column, list):
        values = column
    else:
        raise BridgeError(
            ErrorType.BAD_PARAMS, f"columns[{number}] is a list or bytes, not of type {type(column).__name__}."
        )
    if len(values) != count:
        raise BridgeError(ErrorType.BAD_PARAMS, f"columns[{number}] has {len(values)} values, not {count}.")
    return values


def summary_of(outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what became of the tuples: ``counts`` or, where all are the same, ``each``; and ``errors``."""
    errors = [{"at": at, **outcome} for at, outcome in enumerate(outcomes) if "error" in outcome]
    counts = [outcome.get("count", 0) for outcome in outcomes]
    if len(set(counts)) == 1:
        return {"each": counts[0], "errors": errors}
    return {"counts": counts, "errors": errors}
