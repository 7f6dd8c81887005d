"""What module ``database`` can do with PostgreSQL alone: notifications, COPY, cancelling."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bridge.api import BridgeError, ErrorType, Module, Session, Upgrade
from bridge.modules._database_background import running
from bridge.modules._database_driver import Connection
from bridge.modules._database_postgresql_watch import Watch, lead_to

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

    _register_notifications(module, postgresql)

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


def _register_notifications(module: Module, postgresql: Callable[[Session, int], PostgreSQL]) -> None:
    @module.function
    def notifications(session: Session, connection: int) -> list[list[object]]:
        """Return what other sessions have notified this one of: ``[channel, process, payload]`` each."""
        used = postgresql(session, connection)
        with used.using(), used.errors():
            used.make_room()
            found = [[each.channel, each.pid, each.payload] for each in used.raw.notifies(timeout=0)]
            if used.watch is not None:
                used.watch.arm()
            return found

    @module.function
    def watched(session: Session, connection: int) -> str:
        """Return the name by which ``watch`` makes a stream that tells when the server has said something.

        ``notifications`` looks out for the next time, and so does this function; in between one byte comes at most.
        When a statement that was started ends, one comes, too.
        """
        used = postgresql(session, connection)
        # Not within using(): it is asked for while a statement runs, too.
        if used.watch is None:
            with used.errors():
                used.watch = Watch(used.raw.fileno())
        used.watch.arm()
        if used.background is not None and used.background.done:
            used.watch.tell()
        return used.watch.name

    @module.function
    def watch(name: str) -> Upgrade:
        """Make the connection to the daemon a stream in which a byte comes when there is something to be asked for.

        Any connection of the caller's may become it; the last one does.
        """
        return lead_to(name)
