"""Calls that nobody waits for, and that came together: they run one after the other in one thread.

A call's way into a thread and back takes several times as long as a short function, and a client that sends calls ahead
would wait for each of these ways at its next call. So a call without an answer takes along those that wait behind it on
its connection, as far as they are of its kind and of its group, whose order is theirs already. They share its slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge import wire
from bridge.answers import VOID
from bridge.call import Call
from bridge.framing import Parted
from bridge.registry import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.admission import Admission
    from bridge.protocol import BridgeProtocol
    from bridge.registry import Registry

__all__ = ["MOST", "SLICE", "gather"]

MOST = 64
"""Followers of one call."""

SLICE = 0.02
"""Seconds after which a call and its followers give the slot back, for others to have their turn."""

VOID_MARK = b'"void":true'
"""What a line has that may follow; others are not decoded here, for they will be decoded in their turn."""


def gather(
    call: Call,
    caller: BridgeProtocol,
    *,
    registry: Registry,
    admission: Admission,
    allowed: Callable[[Call], float],
    now: float,
) -> list[Call]:
    """Take the calls that may follow one from its connection's queue.

    Whatever cannot, a faulty request above all, stays there and is served in its turn.

    Args:
        call: a void one, about to run in a thread.
        allowed: tells how many seconds a call may run.
    """
    found: list[Call] = []
    if call.group is None or call.function.exempt:
        return found
    while len(found) < MOST:
        waiting = caller.next_request
        if isinstance(waiting, Call):
            follower = waiting if waiting.group == call.group else None
        else:
            follower = _read(waiting, call, caller, registry)
            if follower is not None and not admission.follow(now):
                follower = None
        if follower is None:
            break
        follower.counted = True
        follower.allowed = allowed(follower)
        caller.take_request()
        found.append(follower)
    return found


def _read(waiting: bytes | Parted | None, call: Call, caller: BridgeProtocol, registry: Registry) -> Call | None:
    """Make a call of a request that may follow."""
    line, parts = (waiting.line, waiting.parts) if isinstance(waiting, Parted) else (waiting, ())
    if line is None or VOID_MARK not in line:
        return None
    try:
        request = wire.decode_request(line)
        if not request.void or request.group != call.group or request.resume:
            return None
        if (request.parts is None) != (not isinstance(waiting, Parted)):
            return None
        function = registry.find(request.module, request.function)
        if function.kind is not Kind.THREAD or function.exempt:
            return None
        if parts or wire.BYTES_MARK in line:
            request.params = wire.put_bytes(request.params, parts)
        return Call(caller, function, function.bind(request.params, caller.session), request, VOID)
    except Exception:  # noqa: BLE001 - it comes again when the request is served in its turn, and is seen to there
        return None
