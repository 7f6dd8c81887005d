"""What the figures mean: forecasts, head-room, which limit binds, who takes how much.

Pure. Sentences for an operator, made of the last minutes' samples. Each is left out rather than guessed when the
samples do not bear it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from bridge.adminwire import HISTORY_FIELDS, ConnectionRow, Resource, Snapshot

__all__ = ["ProcessRow", "binding", "fairness", "forecast", "headroom", "processes", "run_time"]

FIT_SECONDS, FIT_SAMPLES, FIT_QUALITY = 300, 60, 0.7
"""A forecast looks at the last five minutes, needs a minute of samples, and a straight line that explains 70 %."""

SOONEST, LATEST = 10.0, 3600.0
"""Seconds ahead within which a forecast is told: sooner one sees it, later nobody knows."""

ENOUGH_CALLS = 20
"""Calls that must have ended before their mean time means something."""

_AT = {name: index for index, name in enumerate(HISTORY_FIELDS)}
_NAMES = {"memory": "memory", "cpu": "CPU", "concurrent": "concurrency", "rate": "the rate"}
_NAMES |= {"connections": "the number of connections", "lag": "reactor lag"}


@attrs.frozen
class ProcessRow:
    """One client process: all of its connections together.

    Attributes:
        in_flight: slots that it holds. queued: its calls that wait for one.
        rate: calls a second. calls: since its connections were made.
        share: of all slots that are held, 0 to 1.
    """

    pid: int
    uid: int
    user: str
    client: str
    connections: int
    in_flight: int
    queued: int
    calls: int
    rate: float
    share: float


def processes(rows: Iterable[ConnectionRow]) -> list[ProcessRow]:
    """Add connections up by client process; those that hold most slots first, then by rate, then by pid."""
    groups: dict[tuple[int, int], list[ConnectionRow]] = {}
    for row in rows:
        groups.setdefault((row.pid, row.uid), []).append(row)
    # A row's in_flight is its whole process's already.
    held = {key: max(row.in_flight for row in group) for key, group in groups.items()}
    slots = sum(held.values())
    found = [
        ProcessRow(
            pid=pid,
            uid=uid,
            user=group[0].user,
            client=group[0].client,
            connections=len(group),
            in_flight=held[pid, uid],
            queued=sum(row.state == "queued" for row in group),
            calls=sum(row.calls for row in group),
            rate=round(sum(max(0.0, row.rate) for row in group), 2),
            share=held[pid, uid] / slots if slots else 0.0,
        )
        for (pid, uid), group in groups.items()
    ]
    found.sort(key=lambda row: (-row.in_flight, -row.queued, -row.rate, row.pid, row.uid))
    return found


def fairness(rows: Sequence[ProcessRow]) -> float | None:
    """Return Jain's index of the slots held: 1 when all who want some hold as many, 1/n when one holds all.

    ``None`` when fewer than two processes hold or want a slot.
    """
    shares = [row.in_flight for row in rows if row.in_flight or row.queued]
    squares = sum(share * share for share in shares)
    if len(shares) < 2 or not squares:
        return None
    return sum(shares) ** 2 / (len(shares) * squares)


def forecast(name: str, resource: Resource, points: Sequence[float | None]) -> str | None:
    """Say when a resource reaches its warning, or its limit if it is beyond that, if it goes on as it does.

    Args:
        points: one value a second, the newest last.
    """
    line = _fit(points[-FIT_SECONDS:])
    if line is None or resource.limit <= 0:
        return None
    slope, value = line
    warning = resource.limit * resource.warning
    mark, word = (
        (warning, "its warning mark") if max(value, resource.value) < warning else (resource.limit, "its limit")
    )
    if slope <= 0 or value >= mark:
        return None
    ahead = (mark - value) / slope
    if not SOONEST <= ahead <= LATEST:
        return None
    return f"{_NAMES.get(name, name)} reaches {word} in about {_duration(ahead)} at this slope"


def run_time(rows: Sequence[Sequence[float]]) -> float | None:
    """Return the mean seconds that a call ran, ``None`` if too few ended."""
    ended = sum(row[_AT["calls"]] - row[_AT["refused"]] for row in rows)
    seconds = sum(row[_AT["run_seconds"]] for row in rows)
    return seconds / ended if ended >= ENOUGH_CALLS and seconds > 0 else None


def headroom(snapshot: Snapshot, minute: Sequence[Sequence[float]]) -> str:
    """Say how many more calls a minute the daemon can take, and what is full then.

    Args:
        minute: the rows of the last 60 seconds.
    """
    if snapshot.draining:
        return "draining: new calls are refused"
    over = [name for name, resource in snapshot.resources.items() if resource.level == "violation"]
    if over:
        names = " and ".join(_NAMES.get(name, name) for name in over)
        return f"no room: {names} {'is' if len(over) == 1 else 'are'} over the limit"
    room: list[tuple[float, str]] = []
    rate = snapshot.resources.get("rate")
    if rate is not None:
        room.append((rate.limit - rate.value, "rate"))
    mean = run_time(minute)
    concurrent = snapshot.resources.get("concurrent")
    if mean is not None and concurrent is not None and minute:
        busy = sum(row[_AT["in_flight"]] + row[_AT["waiting"]] for row in minute) / len(minute)
        room.append(((concurrent.limit - busy) / mean * 60, "concurrent"))
    cpu = snapshot.resources.get("cpu")
    if cpu is not None and rate is not None and rate.value >= 60 and minute:
        used = sum(row[_AT["cpu_percent"]] for row in minute) / len(minute)
        if used >= 5:  # below, the daemon's own work outweighs that of the calls
            room.append((rate.value * (cpu.limit / used - 1), "cpu"))
    if not room:
        return ""
    most, name = min(room)
    if most < 1:
        return f"no room: {_NAMES[name]} is at the limit"
    return f"can take +{int(most)} calls/min until {_NAMES[name]} is full"


def binding(limits: dict[str, float], rows: Sequence[Sequence[float]]) -> str | None:
    """Say by Little's law which of the limits for rate and concurrency the calls meet first."""
    mean = run_time(rows)
    slots, rate = limits.get("max_concurrent_requests", 0), limits.get("max_requests_per_minute", 0)
    if mean is None or slots <= 0 or rate <= 0:
        return None
    busy = rate / 60 * mean
    call = f"{mean:.2f} s" if mean >= 0.1 else f"{mean * 1000:.3g} ms"
    if busy < slots:
        return f"at {call} a call, {rate:g}/min keeps only {max(1, round(busy))} of {slots:g} slots busy"
    return f"at {call} a call, {slots:g} slots take only {int(slots / mean * 60)} of {rate:g} calls/min"


def _fit(points: Sequence[float | None]) -> tuple[float, float] | None:
    """Return slope per second and present value of the straight line through the points, if it is a good one."""
    known = [(at - len(points) + 1, value) for at, value in enumerate(points) if value is not None]
    if len(known) < FIT_SAMPLES:
        return None
    count = len(known)
    mean_x = sum(x for x, _ in known) / count
    mean_y = sum(y for _, y in known) / count
    xx = sum((x - mean_x) ** 2 for x, _ in known)
    yy = sum((y - mean_y) ** 2 for _, y in known)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in known)
    if xx <= 0 or yy <= 0 or xy * xy / (xx * yy) < FIT_QUALITY:
        return None
    slope = xy / xx
    return slope, mean_y - slope * mean_x


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    return f"{seconds / 60:.0f} min"
