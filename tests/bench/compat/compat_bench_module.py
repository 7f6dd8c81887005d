"""A bridge module for the benchmark: results that are there already, and nothing else."""

from __future__ import annotations

from typing import Any

from bridge.api import Callback, Module

module = Module("bench", "For the benchmark.")

ROWS = [[number, f"name {number}", number * 1.5, None, "some text"] for number in range(1000)]


@module.function
def rows(count: int) -> list[list[Any]]:
    """Return rows of five values."""
    return ROWS[:count]


@module.function
def size(data: bytes) -> int:
    """Return how many bytes came."""
    return len(data)


@module.function
def nothing(value: Any = None) -> None:
    """Do nothing, in a thread."""


@module.function
def turn(count: int, sub: Callback) -> None:
    """Call back so many times."""
    for number in range(count):
        sub(number)
