"""What module ``database`` can do with PostgreSQL alone: notifications, COPY, cancelling."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_background import running
from bridge.modules._database_driver import Connection

if TYPE_CHECKING:
    from bridge.modules._database_postgresql import PostgreSQL

__all__ = ["register"]

COPY_BYTES = 1 << 18
"""About how much of a COPY TO STDOUT is returned at a time."""

Find = Callable[[Session, int], Connection]


def register(module: Module, find: Find) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
    """

    def postgresql(session: Session, number: int) -> PostgreSQL:
        found = find(session, number)
        if found.driver != "postgresql":
            raise BridgeError(ErrorType.BAD_PARAMS, f"Connection {number} is none of PostgreSQL's.")
        return found  # type: ignore[return-value]

    @module.function
    def notifications(session: Session, connection: int) -> list[list[object]]:
        """Return what other sessions have notified this one of: ``[channel, process, payload]`` each."""
        used = postgresql(session, connection)
        with used.using(), used.errors():
            used.make_room()
            return [[found.channel, found.pid, found.payload] for found in used.raw.notifies(timeout=0)]

    @module.function
    def copy_in(session: Session, connection: int, data: Any) -> None:
        """Send data (bytes, or text) to the COPY FROM STDIN that was executed."""
        used = postgresql(session, connection)
        if isinstance(data, dict):
            data = base64.b64decode(data.get("__bytes__", ""))
        with used.using():
            used.write_copy(data.encode() if isinstance(data, str) else data)

    @module.function
    def copy_out(session: Session, connection: int) -> dict[str, Any]:
        """Return the next ``rows`` of the COPY TO STDOUT that was executed, one column of bytes; none at its end."""
        used = postgresql(session, connection)
        rows: list[tuple[bytes]] = []
        size = 0
        with used.using():
            while size < COPY_BYTES and (data := used.read_copy()):
                rows.append((data,))
                size += len(data)
            return used.marked({"rows": rows, "more": size >= COPY_BYTES})

    @module.function
    def copy_end(session: Session, connection: int) -> dict[str, Any]:
        """End a COPY; returns the ``count`` of rows, and whether the connection is ``in_transaction``."""
        used = postgresql(session, connection)
        with used.using():
            return {"count": used.end_copy(), "in_transaction": used.in_transaction}

    @module.function
    def cancel(session: Session, connection: int) -> dict[str, bool]:
        """End the statement that was started; a transaction that this has spoilt is rolled back.

        Returns:
            whether it was ``cancelled`` (else it had ended), and whether the connection is ``in_transaction``.
        """
        used = postgresql(session, connection)
        stopped = running(used)
        used.background = None
        cancelled = False
        if not stopped.done:
            used.cancel()
        with contextlib.suppress(Exception):
            stopped.result()
        with used.using():
            if used.is_spoilt:
                cancelled = True
                used.rollback()
            return {"cancelled": cancelled, "in_transaction": used.in_transaction}
