"""Errors of Oracle for module ``database``: their numbers and texts as Oracle's own clients have them.

The server's errors come with its number. Those that python-oracledb finds itself have numbers of their own (DPY-...);
where Oracle's clients have one for the same trouble, callers get that, so that programs which look for it find it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import oracledb

from bridge.modules._database_driver import fail

__all__ = ["STATE", "code_and_text", "errors"]

STATE = "S1000"
"""Oracle tells no SQLSTATE."""

OWN_NUMBERS = 100_000
"""Added to python-oracledb's number where Oracle's clients have none for it."""

NO_LISTENER, NO_HOST, TIMED_OUT = 12541, 12545, 12170

NUMBERS = {
    "DPY-1001": 3114,  # not connected
    "DPY-2041": 1756,
    "DPY-2042": 1740,
    "DPY-4000": 12154,
    "DPY-4001": 1005,
    "DPY-4008": 1036,
    "DPY-4009": 1008,
    "DPY-4010": 1008,
    "DPY-4011": 3113,
    "DPY-4017": 12154,
    "DPY-4018": 12154,
    "DPY-4024": 1013,  # a call took too long and was cancelled
    "DPY-4025": 24338,
    "DPY-4027": 12154,
    "DPY-6001": 12514,
    "DPY-6003": 12505,
    "DPY-6005": NO_LISTENER,
}

SIMILAR = re.compile(r"\(Similar to ORA-([0-9]+)\)")
REFUSED = ("Connection refused", "Errno 111")
TIMEOUT = ("timed out", "Errno 110")
UNKNOWN_HOST = ("Name or service not known", "name resolution", "No address associated", "nodename nor servname")


@contextlib.contextmanager
def errors(call: str = "OCIStmtExecute", sql: str = "") -> Iterator[None]:
    """Turn python-oracledb's errors into the bridge's: ``code`` is the number after ``ORA-``.

    Args:
        call: what Oracle's own clients would have been doing; programs look for it in the text.
        sql: the statement, where the error may be at a place in it.
    """
    try:
        yield
    except oracledb.Error as error:
        code, text, offset = code_and_text(error.args[0] if error.args else str(error))
        name = type(error).__name__
    except (OSError, ValueError, TypeError, OverflowError) as error:  # also from below python-oracledb
        code, offset, name = _network_number(str(error), NO_LISTENER), 0, "OperationalError"
        if not isinstance(error, OSError):
            code, name = OWN_NUMBERS, "DataError"
        text = f"ORA-{code:05d}: {error}" if code < OWN_NUMBERS else str(error)
    else:
        return
    where = call
    if sql and offset > 0:
        before = sql.encode()[:offset].decode(errors="ignore")
        where = f"error possibly near <*> indicator at char {len(before)} in '{before}<*>{sql[len(before) :]}'"
    fail(f"{text} (DBD ERROR: {where})", name, code=code, state=STATE, offset=offset)


def code_and_text(error: Any) -> tuple[int, str, int]:
    """Return the number, the text that begins with it, and the place in the statement (0 for none).

    Args:
        error: the object that python-oracledb's exceptions carry, or a string.
    """
    message = str(getattr(error, "message", error) or "unknown error")
    code = int(getattr(error, "code", 0) or 0)
    lines = [line for line in message.splitlines() if line and not line.startswith("Help: ")]
    if code:  # python-oracledb puts a line of its own before some of the server's
        first = next((at for at, line in enumerate(lines) if line.startswith("ORA-")), 0)
        lines = lines[first:]
    text = "\n".join(lines)
    if not code:
        code = _number(str(getattr(error, "full_code", "")), text)
    if code < OWN_NUMBERS and not text.startswith("ORA-"):
        text = f"ORA-{code:05d}: {text}"
    return code, text, int(getattr(error, "offset", 0) or 0)


def _number(full_code: str, text: str) -> int:
    if similar := SIMILAR.search(text):
        return int(similar[1])
    code = NUMBERS.get(full_code)
    if code == NO_LISTENER:
        return _network_number(text, NO_LISTENER)
    if code is not None:
        return code
    digits = full_code.rpartition("-")[2]
    return OWN_NUMBERS + (int(digits) if digits.isdecimal() else 0)


def _network_number(text: str, otherwise: int) -> int:
    for words, number in ((REFUSED, NO_LISTENER), (TIMEOUT, TIMED_OUT), (UNKNOWN_HOST, NO_HOST)):
        if any(word in text for word in words):
            return number
    return otherwise
