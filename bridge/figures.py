"""Figures, times and durations as the commands print them.

Pure. Units are the same everywhere and stand in the head of a column: MB, %, calls/min, s or ms.
"""

from __future__ import annotations

import math
import time

__all__ = ["UNITS", "clock", "date", "duration", "exact", "milliseconds", "number", "resource", "share"]

UNITS = {
    "memory": "MB",
    "cpu": "%",
    "concurrent": "calls",
    "rate": "calls/min",
    "connections": "",
    "lag": "ms",
}
"""Unit in which each resource is shown."""


def number(value: float, digits: int = 1) -> str:
    """Return a figure with at most ``digits`` decimals, and none where it is whole: ``2000``, ``856.3``, ``0.8``."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact(value: float) -> str:
    """Return a limit's value, all of it: ``0.85`` is not 0.9."""
    return number(value, 6)


def milliseconds(seconds: float) -> str:
    """Return a time as milliseconds without their unit: ``0.9``, ``12.2``, ``338``."""
    value = seconds * 1000
    return number(value, 0 if abs(value) >= 100 else 1)


def resource(name: str, value: float) -> str:
    """Return a resource's figure in its unit of :data:`UNITS`."""
    return milliseconds(value) if name == "lag" else number(value)


def share(value: float, limit: float) -> str:
    """Return a share of a limit in percent. Only the limit itself is 100: what is over it shows as more."""
    if not (math.isfinite(value) and math.isfinite(limit)) or limit <= 0:
        return "-"
    shown = round(max(0.0, value) / limit * 100)
    if value < limit:
        return str(min(shown, 99))
    return str(max(shown, 101) if value > limit else 100)


def duration(seconds: float) -> str:
    """Say how long: ``0.4s``, ``42s``, ``14m09s``, ``1h05m``, ``3d04h``. Rounds down; below zero counts as zero."""
    if not math.isfinite(seconds):
        return "-"
    if seconds < 10:
        return f"{int(max(0.0, seconds) * 10) / 10:g}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole // 60 % 60:02}m"
    return f"{whole // 86_400}d{whole // 3600 % 24:02}h"


def clock(at: float) -> str:
    """Return the local time of day of ``at`` (seconds since 1970); dashes for what no clock shows."""
    return _time("%H:%M:%S", at) or "--:--:--"


def date(at: float) -> str:
    """Return the local date and time of day of ``at`` (seconds since 1970)."""
    return _time("%Y-%m-%d %H:%M:%S", at) or "---------- --:--:--"


def _time(how: str, at: float) -> str:
    try:
        return time.strftime(how, time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return ""
