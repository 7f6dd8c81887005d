"""One connection's life: which framing it speaks and what may happen next, as one transition table.

Pure. The protocol feeds events; an event that the table does not list for the present phase raises and changes
nothing.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["TRANSITIONS", "Event", "Phase", "step"]


class Phase(Enum):
    """Where a connection stands."""

    FRESH = auto()
    """No newline has been seen: it may be an older client that never sends one."""
    LINES = auto()
    """Newline-framed requests, as many as the client likes."""
    LAST = auto()
    """No further request can come; what is outstanding is answered, then the connection is closed."""
    STREAM = auto()
    """No more requests: the connection is a stream of bytes between the client and a socket that it handed over."""
    REFUSED = auto()
    """A fault ended the conversation. The answer is out; input is thrown away until the peer closes or time is up."""
    CLOSED = auto()
    """Gone."""


class Event(Enum):
    """What can happen to a connection."""

    LINE = auto()
    """A line was completed."""
    DOCUMENT = auto()
    """A complete JSON document without newline, and silence after it."""
    PEER_DONE = auto()
    """The peer closed its writing side."""
    UPGRADE = auto()
    """The answer that is being written is the last; bytes follow."""
    FAULT = auto()
    """The answer to an unrecoverable fault is being written: too large, too slow, too many connections."""
    FINISHED = auto()
    """Everything outstanding has been answered, or an idle connection is closed."""
    LOST = auto()
    """The connection is gone."""


TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.FRESH, Event.LINE): Phase.LINES,
    (Phase.FRESH, Event.DOCUMENT): Phase.LAST,
    (Phase.FRESH, Event.PEER_DONE): Phase.LAST,
    (Phase.FRESH, Event.FAULT): Phase.REFUSED,
    (Phase.FRESH, Event.FINISHED): Phase.CLOSED,
    (Phase.LINES, Event.LINE): Phase.LINES,
    (Phase.LINES, Event.PEER_DONE): Phase.LAST,
    (Phase.LINES, Event.FAULT): Phase.REFUSED,
    (Phase.LINES, Event.FINISHED): Phase.CLOSED,
    (Phase.LINES, Event.UPGRADE): Phase.STREAM,
    (Phase.STREAM, Event.FINISHED): Phase.CLOSED,
    (Phase.LAST, Event.PEER_DONE): Phase.LAST,
    (Phase.LAST, Event.FAULT): Phase.REFUSED,
    (Phase.LAST, Event.FINISHED): Phase.CLOSED,
    (Phase.REFUSED, Event.PEER_DONE): Phase.CLOSED,
    (Phase.REFUSED, Event.FINISHED): Phase.CLOSED,
    **{(phase, Event.LOST): Phase.CLOSED for phase in Phase},
}


def step(phase: Phase, event: Event) -> Phase:
    """Return the next phase.

    Raises:
        ValueError: the event cannot happen in this phase.
    """
    try:
        return TRANSITIONS[phase, event]
    except KeyError:
        msg = f"{event.name} cannot happen to a connection that is {phase.name}"
        raise ValueError(msg) from None
