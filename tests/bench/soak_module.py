"""The bridge module of the soak test: functions that count themselves, and a look at what the daemon keeps.

``soak.py`` copies it into the daemon's folder and registers it by an entry point, as an outside package would.
"""

from __future__ import annotations

import collections
import gc
import os
import threading
import time

from bridge.api import Module, Session

module = Module("soak", "Functions of the soak test.")

KEPT = {"BridgeProtocol", "Session", "ClientProcess", "Call", "Token", "DelayedCall", "Deferred", "Failure"}
"""Classes whose objects must not pile up."""

_lock = threading.Lock()
_ticks = 0


class Token:
    """Something that a session keeps."""


@module.function
def tick() -> int:
    """Count this execution."""
    global _ticks  # noqa: PLW0603 - one count for the whole process is the point
    with _lock:
        _ticks += 1
        return _ticks


@module.function
def ticks() -> int:
    """Return how often ``tick`` was executed."""
    return _ticks


@module.function
def pause(seconds: float) -> float:
    """Hold a thread without using it."""
    time.sleep(seconds)
    return seconds


@module.function
def fail(text: str) -> None:
    """Raise an exception."""
    raise LookupError(text)


@module.function
def keep(session: Session) -> int:
    """Keep an object for the connection."""
    return session.put(Token())


@module.function
def alive() -> dict[str, int]:
    """Count the objects that live in the daemon, by class."""
    gc.collect()
    counts = collections.Counter(type(each).__name__ for each in gc.get_objects())
    return {name: counts[name] for name in sorted(KEPT)}


@module.function(isolated=True)
def nap(seconds: float) -> int:
    """Sleep in a worker process."""
    time.sleep(seconds)
    return os.getpid()


@module.function(isolated=True)
def die(status: int) -> None:
    """End the worker process."""
    os._exit(status)
