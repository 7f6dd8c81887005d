"""Between Python's values and plain data: handles for objects."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

from bridge.api import BridgeError, ErrorType, Session

__all__ = ["MAX_REPR", "from_json", "to_json"]

MAX_REPR = 200
"""Most characters of an object's ``repr`` that a handle shows."""

MAX_DEPTH = 200

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1


def from_json(value: object, session: Session, depth: int = 0) -> Any:
    """Replace handles by their objects and ``__bytes__`` by bytes, at any depth.

    Raises:
        BridgeError: ``BadParams`` for an unknown handle or broken base64.
    """
    if isinstance(value, list):
        _check_depth(depth)
        return [from_json(item, session, depth + 1) for item in value]
    if isinstance(value, dict):
        if "__object__" in value:
            number = value["__object__"]
            if isinstance(number, bool) or not isinstance(number, int):
                raise BridgeError(
                    ErrorType.BAD_PARAMS, f"__object__ must be the number of an object, not {number!r:.40}."
                )
            return session.get(number)
        if len(value) == 1 and "__bytes__" in value:
            return _bytes(value["__bytes__"])
        _check_depth(depth)
        return {key: from_json(item, session, depth + 1) for key, item in value.items()}
    return value


def to_json(value: object, session: Session, most: int) -> Any:
    """Turn a result into JSON data; what JSON cannot carry becomes a handle that the session keeps.

    Args:
        value: what a function returned.
        session: keeps the objects.
        most: handles that the session may hold.
    """
    return _Converter(session, most).convert(value, 0)


class _Converter:
    def __init__(self, session: Session, most: int) -> None:
        self._session = session
        self._most = most

    def convert(self, value: object, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value if kind is not str or _encodable(value) else self.handle(value)  # type: ignore[arg-type]
        if kind is int:
            return value if MIN_INTEGER <= value <= MAX_INTEGER else self.handle(value)  # type: ignore[operator]
        if kind is float:
            return value if math.isfinite(value) else self.handle(value)  # type: ignore[arg-type]
        if kind is bytes or kind is bytearray:
            return bytes(value)  # type: ignore[call-overload]
        # A named tuple keeps its names, so it is an object; its fields are attributes there.
        if kind is list or kind is tuple:
            if depth >= MAX_DEPTH:
                return self.handle(value)
            return [self.convert(item, depth + 1) for item in value]  # type: ignore[attr-defined]
        if isinstance(value, dict) and _plain_keys(value):
            if depth >= MAX_DEPTH:
                return self.handle(value)
            return {str(key): self.convert(item, depth + 1) for key, item in value.items()}
        return self.handle(value)

    def handle(self, value: object) -> dict[str, object]:
        if len(self._session) >= self._most:
            raise BridgeError(
                ErrorType.FUNCTION_ERROR,
                f"This connection holds {self._most} objects, the most it may: release some, or ask for less.",
                exception="TooManyObjects",
            )
        number = self._session.put(value)
        kind = type(value)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        return {"__object__": number, "type": name, "repr": _repr(value)}


def _plain_keys(value: dict[Any, Any]) -> bool:
    """Whether the keys are strings or integers that stay different as strings."""
    if not all(type(key) is str or type(key) is int for key in value):
        return False
    if any(key in ("__object__", "__bytes__") for key in value):
        return False  # it would be taken for a handle on its way back
    return len({str(key) for key in value}) == len(value) and all(_encodable(key) for key in value if type(key) is str)


def _encodable(text: str) -> bool:
    """Whether UTF-8 can carry it: no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repr(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - an object whose repr fails is still an object
        text = f"<repr failed: {type(error).__name__}>"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_REPR else text[: MAX_REPR - 1] + "…"


def _bytes(text: object) -> bytes:
    try:
        if not isinstance(text, str):
            raise TypeError
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise BridgeError(ErrorType.BAD_PARAMS, "__bytes__ must be a string of standard base64.") from None


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise BridgeError(ErrorType.BAD_PARAMS, f"The parameters are nested deeper than {MAX_DEPTH} levels.")
