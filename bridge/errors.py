"""The error family: the closed set of words for how a call can fail, and the exception that carries one.

Pure. The same words appear in answers, counters, logs and metrics, so they are spelled here and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BridgeError", "ErrorType", "LimitName"]


class ErrorType(StrEnum):
    """Every value that ``error_type`` can take in an answer."""

    BAD_REQUEST = "BadRequest"
    REQUEST_TOO_LARGE = "RequestTooLarge"
    UNKNOWN_MODULE = "UnknownModule"
    UNKNOWN_FUNCTION = "UnknownFunction"
    FORBIDDEN = "Forbidden"
    BAD_PARAMS = "BadParams"
    FUNCTION_ERROR = "FunctionError"
    TIMEOUT = "Timeout"
    THROTTLED = "Throttled"
    CONNECTION_LIMIT = "ConnectionLimit"
    DRAINING = "Draining"
    RESULT_TOO_LARGE = "ResultTooLarge"
    NOT_SERIALIZABLE = "NotSerializable"
    INTERNAL_ERROR = "InternalError"


class LimitName(StrEnum):
    """Which limit a ``Throttled`` answer names in its ``limit`` field."""

    CONCURRENT = "concurrent"
    RATE = "rate"
    MEMORY = "memory"
    CPU = "cpu"


class BridgeError(Exception):
    """A call failed in a way that the caller is told about.

    Raises:
        ValueError: the word is not one of :class:`ErrorType`.

    Attributes:
        error_type: the word from the closed set.
        message: one sentence for a person; it names what was wrong and, where possible, what to do.
        details: further JSON-able fields of the answer (``retry_after``, ``limit``, ``exception``, ...).
    """

    def __init__(self, error_type: ErrorType, message: str, **details: object) -> None:
        super().__init__(message)
        self.error_type = ErrorType(error_type)
        self.message = message
        self.details = details

    def __repr__(self) -> str:
        return f"<BridgeError {self.error_type}: {self.message}>"
