"""Module ``system``: how the daemon is. It changes nothing, and no limit holds its calls back."""

from __future__ import annotations

from typing import Any

from bridge.api import Daemon, Module

__all__ = ["module"]

module = Module("system", "Tells how the daemon is. Never held back by a limit.")


@module.function(inline=True, raw=True)
def metrics(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return resources, performance, connections and versions in one answer."""
    return daemon.report("metrics")


@module.function(inline=True, raw=True)
def health(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return one word (ok, warning, violation, draining) and what stands behind it."""
    return daemon.report("health")


@module.function(inline=True, raw=True)
def info(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return versions, pid, socket and modules."""
    return daemon.report("info")


@module.function(inline=True, raw=True)
def stats(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return the counters: overall, by error, by limit, by function."""
    return daemon.report("stats")


@module.function(inline=True, raw=True)
def performance(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return latencies in seconds, requests per second and the error rate."""
    return daemon.report("performance")


@module.function(inline=True, raw=True)
def connections(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return one row for each open connection."""
    return daemon.report("connections")


@module.function(inline=True, raw=True)
def modules(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return the modules that can be called, with their functions and signatures."""
    return daemon.report("modules")


@module.function(inline=True, raw=True)
def limits(_params: object, daemon: Daemon) -> dict[str, Any]:
    """Return the limits in force."""
    return daemon.report("limits")
