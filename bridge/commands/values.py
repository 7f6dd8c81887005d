"""Values on the command line: durations, counts, paths. Used by the grammar, so standard library only."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Mapping

__all__ = ["admin_socket", "between", "count", "duration", "seconds", "time_of_day"]

DEFAULT_ADMIN_SOCKET = "/tmp/cpan_bridge_admin.sock"  # noqa: S108 - the documented default, as in bridge.adminwire

_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def admin_socket(environ: Mapping[str, str]) -> str:
    """Return the admin socket that the environment names, by itself or beside the one for callers."""
    named = environ.get("CPAN_BRIDGE_ADMIN_SOCKET")
    if named:
        return named
    callers = environ.get("CPAN_BRIDGE_SOCKET")
    return callers.removesuffix(".sock") + "_admin.sock" if callers else DEFAULT_ADMIN_SOCKET


def seconds(text: str) -> float:
    """Read a number of seconds, more than 0."""
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def duration(text: str) -> float:
    """Read a duration: ``0.5`` (seconds), ``10s``, ``5m``, ``2h``, ``1h30m``; returns seconds, more than 0."""
    word = text.strip().lower()
    parts = _PART.findall(word)
    if parts and "".join(map("".join, parts)) == word:
        value = sum(float(number) * _UNITS[unit] for number, unit in parts)
    else:
        try:
            value = float(word)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 0.5, 10s, 5m or 2h") from None
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"must be more than 0, not {text!r}")
    return value


def time_of_day(text: str) -> float:
    """Read a time of day, ``15:00`` or ``15:00:30``: its next occurrence, in seconds since 1970."""
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            wanted = time.strptime(text.strip(), form)
        except ValueError:
            continue
        now = time.time()
        today = time.localtime(now)
        for day in (today.tm_mday, today.tm_mday + 1):  # mktime puts right what is no day of the month
            clock = (wanted.tm_hour, wanted.tm_min, wanted.tm_sec)
            at = time.mktime((today.tm_year, today.tm_mon, day, *clock, 0, 0, -1))
            if at > now:
                return at
    raise argparse.ArgumentTypeError(f"{text!r} is no time of day; write 15:00 or 15:00:30")


def between(low: float, high: float, *, unit: float = 1.0) -> Callable[[str], float]:
    """Return a reader of durations from ``low`` to ``high`` seconds; it returns them in units of ``unit`` seconds."""

    def read(text: str) -> float:
        value = duration(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low:g} s to {high:g} s, not {text!r}")
        return value / unit

    return read


def count(text: str) -> int:
    """Read a number of things, at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
