"""Make room for as many file descriptors as the connections need."""

from __future__ import annotations

import resource

__all__ = ["raise_open_files"]

RESERVE = 128
"""Descriptors for everything but connections: logs, workers' pipes, the reactor, modules, refused connections."""


def raise_open_files(max_connections: int) -> str | None:
    """Raise the soft limit of open files to fit ``max_connections``.

    Returns:
        a warning with numbers if the hard limit is too low, else ``None``.
    """
    wanted = max_connections + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return None
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    if reachable >= wanted:
        return None
    return (
        f"max_connections is {max_connections}, which needs {wanted} open files, and the hard limit is {hard}: at most "
        f"about {max(0, hard - RESERVE)} connections fit. Raise it (ulimit -Hn, LimitNOFILE=) or lower max_connections"
    )
