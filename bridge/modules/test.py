"""Module ``test``: is the bridge there, does data come back as it went, how does it behave under load."""

from __future__ import annotations

import platform
import time
from typing import Annotated, Any

import msgspec

from bridge.api import Daemon, Module

__all__ = ["module"]

module = Module("test", "Tries out the bridge: is it there, is it exact, what does it do under load.")

PYTHON_VERSION = platform.python_version()

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


@module.function(inline=True, raw=True)
def ping(params: object, daemon: Daemon) -> dict[str, Any]:
    """Answer "pong", with the versions, the daemon's uptime in seconds and the params as they came."""
    return {
        "message": "pong",
        "daemon_version": daemon.version,
        "python_version": PYTHON_VERSION,
        "uptime": daemon.uptime(),
        "input": params,
    }


@module.function(inline=True, raw=True)
def echo(params: object) -> object:
    """Return the params exactly as they came, and nothing else."""
    return params


@module.function
async def sleep(seconds: Seconds, daemon: Daemon) -> dict[str, float]:
    """Hold a slot for a number of seconds (0 to 3600) without using CPU or a thread."""
    await daemon.sleep(seconds)
    return {"slept": seconds}


@module.function
def burn(seconds: Seconds) -> dict[str, float]:
    """Use CPU for a number of seconds (0 to 3600, of CPU time) in a thread."""
    start = time.thread_time()
    turns = 0
    while time.thread_time() - start < seconds:
        for _ in range(1000):
            turns += 1
    return {"burned": time.thread_time() - start, "turns": turns}
