"""A worker process: runs isolated functions one after the other.

Started by ``bridge.workers`` as ``python -m bridge.worker``.

It reads requests on descriptor 3 and answers on descriptor 4, so that whatever a function prints cannot be taken for an
answer. It ends when the channel ends: no worker outlives its daemon.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from typing import Any, BinaryIO

import msgspec
import psutil

from bridge import wire
from bridge.api import Peer, Session
from bridge.errors import BridgeError, ErrorType
from bridge.frames import HEADER, frame
from bridge.registry import Registry

__all__ = ["main"]

REQUESTS, ANSWERS = 3, 4
PR_SET_PDEATHSIG = 1

MAX_ERROR_TEXT = 4000
"""Most characters of an exception's text that a caller is sent."""


class _NoDaemon:
    """What an isolated function would see of the daemon; registration does not let it ask."""

    version = ""

    def uptime(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        return None

    def report(self, name: str) -> dict[str, Any]:
        raise BridgeError(ErrorType.FUNCTION_ERROR, f"there is no report {name} in a worker process")


def main() -> None:
    """Serve until the channel ends."""
    os.setsid()  # what functions start is in this session too, and is killed with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the daemon's terminal is the daemon's business
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    requests, answers = os.fdopen(REQUESTS, "rb"), os.fdopen(ANSWERS, "wb")
    for descriptor in (REQUESTS, ANSWERS):
        os.set_inheritable(descriptor, False)
    setup = _read(requests)
    if setup is None:
        return
    registry = Registry(_NoDaemon())
    registry.load(setup["modules"], setup["options"])
    own = psutil.Process()
    while (request := _read(requests)) is not None:
        answer = _answer(registry, request, setup["max_result_size"])
        memory = own.memory_info().rss
        # The answer's first eight bytes tell the resident memory, for the pool to decide whether to keep us.
        answers.write(frame(memory.to_bytes(8, "big") + answer))
        answers.flush()


def _read(requests: BinaryIO) -> Any:
    header = requests.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (size,) = HEADER.unpack(header)
    data = requests.read(size)
    return msgspec.json.decode(data) if len(data) == size else None


def _answer(registry: Registry, request: dict[str, Any], largest: int) -> bytes:
    """Return ``+`` and the result's JSON or Storable form, or ``-`` and the error's."""
    session = Session(Peer(pid=0, uid=0, gid=0))
    name = f"{request['module']}.{request['function']}"
    try:
        function = registry.find(request["module"], request["function"])
        params = wire.put_bytes(request.get("params", msgspec.UNSET), ())
        encode = wire.encode_storable if request.get("storable") else wire.encode_result
        result = encode(function.bind(params, session)())
        if len(result) > largest:
            raise BridgeError(
                ErrorType.RESULT_TOO_LARGE,
                f"The result of {name} is {len(result)} bytes, more than max_result_size, {largest} bytes. "
                "Ask for less at a time.",
            )
    except BridgeError as error:
        try:
            details = msgspec.json.encode(error.details)
        except (TypeError, ValueError, OverflowError, RecursionError):
            details = b"{}"
        message = error.message.encode("utf-8", "backslashreplace").decode()
        return b"-" + msgspec.json.encode([error.error_type.value, message, msgspec.Raw(details)])
    except SystemExit as error:
        sys.stdout.flush()
        os._exit(error.code if isinstance(error.code, int) else 1)
    except BaseException as error:  # noqa: BLE001 - whatever a function raises is its caller's to hear
        error_name = type(error).__name__
        try:
            text = f"{name} raised {error_name}: {error}"
        except Exception:  # noqa: BLE001 - an exception whose text fails still has a name
            text = f"{name} raised {error_name}"
        text = text[:MAX_ERROR_TEXT].encode("utf-8", "backslashreplace").decode()
        return b"-" + msgspec.json.encode([ErrorType.FUNCTION_ERROR.value, text, {"exception": error_name}])
    else:
        return b"+" + result
    finally:
        session.close()


if __name__ == "__main__":
    main()
