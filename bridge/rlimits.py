"""Room for open files: every connection needs a descriptor, and running out of them makes a daemon deaf."""

from __future__ import annotations

import resource

__all__ = ["RESERVE", "SPARE", "limit_met_by", "raise_open_files"]

RESERVE = 200
"""Descriptors for everything that is not a connection: log, workers' pipes, libraries, and what functions open."""

SPARE = 32
"""Descriptors that no connection may take: with none left the daemon could neither refuse in words, nor start a worker
process (ten), nor open its log anew."""


def raise_open_files(max_connections: int, reserve: int = RESERVE) -> str | None:
    """Raise the soft limit of open files so that ``max_connections`` fit beside ``reserve`` others.

    Never lowers it. Call it again when ``max_connections`` has grown.

    Returns:
        a sentence for the operator when the hard limit does not allow it, else ``None``.
    """
    needed = max_connections + reserve
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= needed:
        return None
    reachable = needed if hard == unlimited else min(needed, hard)
    if reachable > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
        except (OSError, ValueError):  # a container may forbid what the hard limit allows
            reachable = soft
    if reachable >= needed:
        return None
    return (
        f"max_connections {max_connections} needs {needed} open files, but only {reachable} are allowed; about "
        f"{max(0, reachable - reserve)} connections will fit. Raise the hard limit (LimitNOFILE= in the unit file, "
        "ulimit -Hn) or lower max_connections"
    )


def limit_met_by(descriptor: int) -> int | None:
    """Return the limit of open files if this descriptor is one of the last ``SPARE`` below it, else ``None``.

    The kernel gives out the lowest descriptor that is free, so the number of a new one tells how many are in use.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY and descriptor >= soft - SPARE else None
