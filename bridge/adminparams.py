"""What each method of the admin socket takes: one shape for each, unknown fields refused.

Pure. ``docs/admin-protocol.md`` is the normative text. Unknown fields are refused so that a slip of the pen is not
taken for a default.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bridge.adminwire import AdminError, AdminErrorCode
from bridge.text import printable

__all__ = [
    "CloseParams",
    "ConfirmParams",
    "EventsParams",
    "HistoryParams",
    "IdParams",
    "JournalParams",
    "LevelParams",
    "NoParams",
    "PreviewParams",
    "ReasonParams",
    "SetParams",
    "StatusParams",
    "SubscribeParams",
    "TextParams",
    "UndoParams",
    "invalid",
]


def invalid(*problems: str) -> AdminError:
    """Return the error that names what is wrong with parameters; callers may have chosen parts of the texts."""
    safe = [printable(problem) for problem in problems]
    return AdminError(AdminErrorCode.INVALID_PARAMS, "; ".join(safe), problems=safe)


class NoParams(msgspec.Struct, forbid_unknown_fields=True):
    """For methods that take none."""


class StatusParams(msgspec.Struct, forbid_unknown_fields=True):
    """``status``: which rows to send along, and how many connections at most."""

    connections: bool = False
    functions: bool = False
    rows: int = 200


class SubscribeParams(StatusParams, forbid_unknown_fields=True):
    """``subscribe``: the same, every ``interval`` seconds."""

    interval: float = 1.0


class SetParams(msgspec.Struct, forbid_unknown_fields=True):
    """``limits.set``; ``lasting`` is called ``for`` on the wire."""

    limits: dict[str, Any]
    expected_revision: int | None = None
    reason: str = ""
    lasting: float | None = msgspec.field(name="for", default=None)
    until: float | None = None
    confirm_within: float | None = None
    dry_run: bool = False


class ConfirmParams(msgspec.Struct, forbid_unknown_fields=True):
    """``limits.confirm``."""

    revision: int | None = None


class UndoParams(msgspec.Struct, forbid_unknown_fields=True):
    """``limits.undo``."""

    revision: int | None = None
    expected_revision: int | None = None
    reason: str = ""


class PreviewParams(msgspec.Struct, forbid_unknown_fields=True):
    """``limits.preview``."""

    limits: dict[str, Any]
    minutes: float = 15


class HistoryParams(msgspec.Struct, forbid_unknown_fields=True):
    """``history``."""

    seconds: float | None = None
    since: float | None = None


class EventsParams(msgspec.Struct, forbid_unknown_fields=True):
    """``events``: those after ``since``, the newest ``limit`` of them."""

    since: int = 0
    limit: int = 200


class JournalParams(msgspec.Struct, forbid_unknown_fields=True):
    """``journal``."""

    limit: int = 100


class IdParams(msgspec.Struct, forbid_unknown_fields=True):
    """``events.acknowledge``."""

    id: int


class TextParams(msgspec.Struct, forbid_unknown_fields=True):
    """``events.note``."""

    text: str


class CloseParams(msgspec.Struct, forbid_unknown_fields=True):
    """``connections.close``; ``boot_id`` and ``pid`` guard against closing another one."""

    id: int
    boot_id: str | None = None
    pid: int | None = None
    reason: str = ""


class ReasonParams(msgspec.Struct, forbid_unknown_fields=True):
    """``drain`` and ``resume``."""

    reason: str = ""


class LevelParams(msgspec.Struct, forbid_unknown_fields=True):
    """``log_level``."""

    level: str
