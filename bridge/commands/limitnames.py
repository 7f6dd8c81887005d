"""Limits as they are typed: ``rate=400``. Short names stand for the full ones as far as they are unambiguous."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

from bridge.commands import CommandError
from bridge.limits import Limits
from bridge.text import printable

__all__ = ["LIMIT_NAMES", "SHORT_NAMES", "assignments", "full_name"]

LIMIT_NAMES = tuple(Limits().as_dict())

SHORT_NAMES = {
    "concurrent": "max_concurrent_requests",
    "rate": "max_requests_per_minute",
    "memory": "max_memory_mb",
    "cpu": "max_cpu_percent",
    "connections": "max_connections",
}
"""The resources' own names; beside them every part of a full name does that no other one has."""


def full_name(text: str) -> str:
    """Return the full name of a limit.

    Raises:
        CommandError: there is none, or more than one; the nearest known ones are named.
    """
    if text in LIMIT_NAMES:
        return text
    if text in SHORT_NAMES:
        return SHORT_NAMES[text]
    found = [name for name in LIMIT_NAMES if text and text in name]
    if len(found) == 1:
        return found[0]
    shown = printable(text, 60)
    if found:
        raise CommandError(f"{shown!r} may be any of {', '.join(found)}.")
    near = difflib.get_close_matches(text, [*SHORT_NAMES, *LIMIT_NAMES], n=1, cutoff=0.5)
    if near:
        raise CommandError(f"There is no limit called {shown!r}; did you mean {near[0]}?")
    raise CommandError(f"There is no limit called {shown!r}. The limits are {', '.join(LIMIT_NAMES)}.")


def assignments(texts: Iterable[str]) -> dict[str, float]:
    """Read ``NAME=VALUE`` texts. Whole numbers stay whole; whether a value is in range is the daemon's business.

    Raises:
        CommandError: naming every text that is wrong.
    """
    limits: dict[str, float] = {}
    problems: list[str] = []
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            if not equals:
                raise CommandError(f"{printable(text, 60)!r} is no NAME=VALUE.")
            full = full_name(name.strip())
            if full in limits:
                raise CommandError(f"{full} is named twice.")
            limits[full] = _number(full, value.strip())
        except CommandError as error:
            problems.append(str(error))
    if problems:
        raise CommandError("\n".join(problems))
    if not limits:
        raise CommandError("Name at least one limit, as rate=400.")
    return limits


def _number(name: str, text: str) -> float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CommandError(f"{name}: {printable(text, 60)!r} is not a number.")
    return value
