"""What module ``database`` does with LOBs of Oracle's that a caller has handles of."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_driver import Part

if TYPE_CHECKING:
    from bridge.modules._database_oracle import Large

__all__ = ["register"]


def register(module: Module, find: Callable[[Session, int], Part]) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns what a caller has under a number.
    """

    def lob_of(session: Session, number: int) -> Large:
        found = find(session, number)
        if not hasattr(found, "raw"):
            raise BridgeError(ErrorType.BAD_PARAMS, f"{number} is no LOB.")
        return found  # type: ignore[return-value]

    @module.function
    def lob_read(session: Session, lob: int, offset: int, amount: int) -> Any:
        """Return ``amount`` characters or bytes of a LOB, from ``offset`` on, which counts from 1."""
        used = lob_of(session, lob)
        with used.connection.using(), used.connection.errors("OCILobRead"):
            return used.raw.read(offset, amount)

    @module.function
    def lob_write(session: Session, lob: int, data: Any, offset: int = 0) -> int:
        """Write characters or bytes into a LOB, at its end where ``offset`` is 0; returns how many they were."""
        used = lob_of(session, lob)
        if isinstance(data, dict):
            data = base64.b64decode(data.get("__bytes__", ""))
        with used.connection.using(), used.connection.errors("OCILobWrite"):
            used.raw.write(data, offset or used.raw.size() + 1)
        return len(data)

    @module.function
    def lob_trim(session: Session, lob: int, size: int) -> None:
        """Cut a LOB off at a size."""
        used = lob_of(session, lob)
        with used.connection.using(), used.connection.errors("OCILobTrim"):
            used.raw.trim(size)

    @module.function
    def lob_info(session: Session, lob: int) -> dict[str, int]:
        """Return a LOB's ``size``, and the ``chunk`` that it is read and written in best."""
        used = lob_of(session, lob)
        with used.connection.using(), used.connection.errors("OCILobGetLength"):
            return {"size": used.raw.size(), "chunk": used.raw.getchunksize()}
