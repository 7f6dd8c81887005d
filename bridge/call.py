"""One call: what is known of it from its request to its answer.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bridge.admission import Ticket
from bridge.answers import Origin
from bridge.upgrade import Upgrade

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IDelayedCall

    from bridge import wire
    from bridge.answers import Form
    from bridge.protocol import BridgeProtocol
    from bridge.registry import Function

__all__ = ["Call"]


class Call(Ticket):
    """One request in service.

    Attributes:
        allowed: seconds that it may run.
        followers: calls that run after it in its thread and its slot, without being asked about again.
    """

    __slots__ = (
        "allowed",
        "answered",
        "caller",
        "claimed",
        "deferred",
        "followers",
        "form",
        "function",
        "group",
        "params",
        "request_id",
        "session",
        "timeout",
        "timer",
        "upgrade",
        "work",
    )

    def __init__(
        self,
        caller: BridgeProtocol,
        function: Function,
        work: Callable[[], object],
        request: wire.Request,
        form: Form,
    ) -> None:
        super().__init__(caller.process)
        self.caller: BridgeProtocol | None = caller
        self.session = caller.session
        self.function = function
        self.work = work
        self.params = request.params
        self.request_id = request.request_id
        self.timeout = request.timeout
        self.group = request.group
        self.form = form
        self.allowed = 0.0
        self.followers: list[Call] = []
        self.answered = False
        self.claimed = False  # its thread answers it: guarded by its connection
        self.timer: IDelayedCall | None = None
        self.deferred: Deferred[Any] | None = None
        self.upgrade: Upgrade | None = None

    def encode(self, result: object) -> bytes:
        """Encode what the function returned, and keep what is to become of the connection."""
        if isinstance(result, Upgrade):
            self.upgrade, result = result, result.result
        return self.form.result(result)

    def become(self, follower: Call, now: float) -> None:
        """Go on as the next of the followers, which starts now."""
        self.function = follower.function
        self.work = follower.work
        self.request_id = follower.request_id
        self.allowed = follower.allowed
        self.arrived = self.started = now

    def take_upgrade(self) -> Upgrade | None:
        """Return what is to become of the connection, once."""
        upgrade, self.upgrade = self.upgrade, None
        return upgrade

    @property
    def origin(self) -> Origin:
        """What its answer goes by."""
        return Origin(self.caller, self.form, self.request_id, self.group)

    @property
    def function_name(self) -> str:
        """The function's full name, for operators."""
        return self.function.name
