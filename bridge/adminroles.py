"""Whom the operators' office deals with: the daemon behind it and the operators before it, as its methods see them.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from bridge.adminwire import Event
    from bridge.changes import Who
    from bridge.limits import Limits

__all__ = ["Daemon", "Operator", "Saved"]


class Saved(NamedTuple):
    """What came of writing limits into the configuration file.

    Attributes:
        changes: {name: (in the file before, or ``None``; now)}.
        configured: what all sources of settings give from now on.
    """

    path: str
    changes: dict[str, tuple[float | None, float]]
    configured: Limits
    warnings: list[str]


class Daemon(Protocol):
    """What operators can do to the daemon; the service does it."""

    def set_limits(self, limits: Limits, by: str) -> list[str]:
        """Put limits in force and return warnings."""
        ...

    def set_draining(self, draining: bool) -> bool:
        """Refuse new calls, or take them again; ``False`` when the daemon is stopping anyway."""
        ...

    def set_log_level(self, level: str) -> str:
        """Log from this level on and return the level before."""
        ...

    def save_limits(self, limits: Limits) -> Saved:
        """Write limits into the configuration file. Raises ``SaveError``."""
        ...

    @property
    def log_level(self) -> str:
        """The level from which lines are logged."""
        ...


class Operator(Protocol):
    """One connection to the admin socket, as its methods see it."""

    number: int
    who: Who
    may_operate: bool
    since: float
    interval: float
    gaps: int

    def subscribe(self, interval: float, *, connections: bool, functions: bool, rows: int) -> None:
        """Begin to push snapshots and events, in place of what was pushed before."""
        ...

    def unsubscribe(self) -> None:
        """Stop that."""
        ...

    def push_event(self, event: Event) -> None:
        """Send an event if this operator subscribed and reads what it is sent."""
        ...

    def abort(self) -> None:
        """Drop the connection."""
        ...
