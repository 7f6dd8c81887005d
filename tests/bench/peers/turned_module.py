"""The function as a bridge module: an ordinary one, which runs in a thread of the daemon."""

from __future__ import annotations

from turned import turn

from bridge.api import Module

__all__ = ["module"]

module = Module("turned", "The function of the comparison.")
module.function(turn)
