"""Every client connection: how many there may be, which are past a deadline, what operators see of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from bridge.api import Peer, Session
from bridge.errors import BridgeError, ErrorType, LimitName
from bridge.protocol import BridgeProtocol, RequestHandler
from bridge.repetitions import Repetitions
from bridge.text import printable

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress, IReactorTime

    from bridge.admission import Admission, ClientProcess
    from bridge.settings import Settings
    from bridge.upgrade import Descriptor

__all__ = ["BridgeFactory", "ConnectionTable"]

SWEEP_SECONDS = 1.0
"""How often deadlines of connections are looked at: they are in seconds, and a timer for each call would cost more."""

MAX_LINGERING = 200
"""Refused connections whose input is still being read; beyond that they are closed at once, so that a storm of
connections cannot use up the descriptors."""

MIN_HELD_BYTES = 67108864
"""Least memory that requests which are still arriving may hold together, in bytes: a few of the largest."""


class ConnectionTable:
    """The connections that are open, numbered from 1 in order of arrival.

    Args:
        peer_of: who is at the other end of a transport.
        on_refused, on_files_short: called with the limit that a refused connection met.
        on_fault: called for an answer that no call stands behind.
        files_limit: the limit of open files where what has this ``fileno()`` comes too close to it, else ``None``.

    Attributes:
        total: connections accepted since the start.
        refused: connections refused since the start. refused_for_files: those of them for want of descriptors, not for
            ``max_connections``.
        negotiations_failed: streams that did not come about, TLS handshakes for the most part, by function.
        held_bytes: memory that large requests hold which are not yet being served.
    """

    log = Logger()

    def __init__(
        self,
        *,
        settings: Settings,
        admission: Admission,
        clock: IReactorTime,
        peer_of: Callable[[Any], Peer],
        on_refused: Callable[[int], None],
        on_fault: Callable[[BridgeError], None],
        files_limit: Callable[[Any], int | None] = lambda _: None,
        on_files_short: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.seconds = clock.seconds
        self.total = 0
        self.refused = self.refused_for_files = 0
        self.held_bytes = 0
        self.negotiations_failed: dict[str, int] = {}
        self._told = Repetitions()
        self._admission = admission
        self._peer_of = peer_of
        self._on_refused = on_refused
        self._on_fault = on_fault
        self._files_limit = files_limit
        self._on_files_short = on_files_short
        self._open: dict[int, BridgeProtocol] = {}
        self._lingering: dict[int, BridgeProtocol] = {}
        self._when_empty: Deferred[None] | None = None
        self._when_no_stream: Deferred[None] | None = None
        self._sweeper = LoopingCall(self._sweep)
        self._sweeper.clock = clock

    def start(self) -> None:
        """Begin to sweep."""
        self._sweeper.start(SWEEP_SECONDS, now=False)

    def stop(self) -> None:
        """Stop sweeping."""
        if self._sweeper.running:
            self._sweeper.stop()

    @property
    def count(self) -> int:
        """How many connections are open, not counting those refused."""
        return len(self._open)

    @property
    def streams(self) -> int:
        """How many of them are streams by now."""
        return sum(connection.tunnel is not None for connection in self._open.values())

    @property
    def max_held_bytes(self) -> int:
        """Most memory that arriving requests may hold together: half of what the daemon may use at all."""
        return max(MIN_HELD_BYTES, int(self._admission.limits.max_memory_mb * 1048576) // 2)

    def find(self, number: int) -> BridgeProtocol | None:
        """Return the open connection with this number."""
        return self._open.get(number)

    def __iter__(self) -> Iterator[BridgeProtocol]:
        """Go through the open connections, oldest first."""
        return iter(self._open.values())

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each connection, for operators."""
        now = self.seconds()
        return [
            {
                "id": connection.number,
                "pid": connection.session.peer.pid,
                "uid": connection.session.peer.uid,
                "client": connection.client,
                "state": connection.state,
                "function": getattr(connection.call or connection.tunnel, "function_name", ""),
                "calls": connection.calls,
                "age_seconds": round(now - connection.connected_at, 3),
                "idle_seconds": round(max(0.0, now - connection.idle_since), 3) if connection.state == "idle" else 0.0,
                "handles": len(connection.session),
            }
            for connection in self._open.values()
        ]

    # --- connections call these ---

    def identify(self, transport: Any) -> tuple[Session, ClientProcess]:
        """Find out who is at the other end: a session of its own, and the process it shares with its siblings."""
        peer = self._peer_of(transport)
        return Session(peer), self._admission.process((peer.pid, peer.start_time, peer.uid))

    def enter(self, connection: BridgeProtocol) -> BridgeError | None:
        """Take a new connection in, or return why not."""
        maximum = self._admission.limits.max_connections
        why = ""
        if len(self._open) >= maximum:
            why = f"All {maximum} connections are in use; try again soon."
            self._on_refused(maximum)
        elif (files := self._files_limit(connection.transport)) is not None:
            why = "The daemon may open no more files, and a connection is one; try again soon."
            self.refused_for_files += 1
            self._on_files_short(files)
        if why:
            self.refused += 1
            self._lingering[connection.number] = connection
            return BridgeError(
                ErrorType.CONNECTION_LIMIT,
                why,
                retry_after=round(1.0 + (connection.number % 16) / 16, 3),
                executed=False,
            )
        self.total += 1
        self._open[connection.number] = connection
        return None

    def leave(self, connection: BridgeProtocol) -> None:
        """Forget a connection and release what its functions kept."""
        self._open.pop(connection.number, None)
        self._lingering.pop(connection.number, None)
        for error in connection.session.close():
            self.log.failure(
                "Something that connection {number} kept could not be released",
                Failure(error),
                number=connection.number,
            )
        self._note_empty()

    def account(self, more: int) -> bool:
        """Add to (or take from) the memory held for arriving requests; ``False`` if it grew past its bound."""
        self.held_bytes += more
        return more <= 0 or self.held_bytes <= self.max_held_bytes

    def overdrawn(self) -> BridgeError:
        """Make the refusal for a request that there is no room for."""
        return BridgeError(
            ErrorType.THROTTLED,
            "Too many large requests are arriving at once; try again soon.",
            limit=LimitName.MEMORY.value,
            value=round(self.held_bytes / 1048576, 1),
            max=round(self.max_held_bytes / 1048576, 1),
            retry_after=2.0,
            queued_ms=0,
            executed=False,
        )

    def negotiation_failed(self, connection: BridgeProtocol, function: str, why: str, peer: str) -> None:
        """Count a stream that did not come about, and log the reason: again only after ten seconds."""
        self.negotiations_failed[function] = self.negotiations_failed.get(function, 0) + 1
        pid = connection.session.peer.pid
        hidden = self._told.admit((function, pid, why), self.seconds()) if why else None
        if hidden is not None:
            self.log.warn(
                "{function} failed for {client}pid {pid}, connection {number}{peer}: {why}{hidden}",
                function=function,
                client=f"{printable(connection.client)}, " if connection.client else "",
                pid=pid,
                number=connection.number,
                peer=f", with {printable(peer)}" if peer else "",
                why=printable(why),
                hidden=f" (and {hidden} more failures since the last such line)" if hidden else "",
            )

    def has_room_for(self, descriptor: Descriptor) -> bool:
        """Whether a file that a client handed over may stay open."""
        return self._files_limit(descriptor) is None

    def may_linger(self, connection: BridgeProtocol) -> bool:
        """Whether one more refused connection may stay open for its peer to finish writing."""
        return len(self._lingering) <= MAX_LINGERING and self._files_limit(connection.transport) is None

    def note_fault(self, error: BridgeError) -> None:
        """Count a fault that no call stands behind."""
        if error.error_type is not ErrorType.CONNECTION_LIMIT:
            self._on_fault(error)

    # --- the service calls these ---

    def when_empty(self) -> Deferred[None]:
        """Return a Deferred that fires when no connection is open any more."""
        empty: Deferred[None] = Deferred()
        self._when_empty = empty
        self._note_empty()
        return empty

    def end_streams(self) -> Deferred[None]:
        """Let every stream end when nothing moves in it any more; the Deferred fires when none is left."""
        done: Deferred[None] = Deferred()
        self._when_no_stream = done
        for connection in list(self._open.values()):
            if connection.tunnel is not None:
                connection.close_when_quiet()
        self._note_empty()
        return done

    def close_all_when_quiet(self) -> None:
        """Let every connection close once its answers are out."""
        for connection in list(self._open.values()):
            connection.close_when_quiet()

    def set_settings(self, settings: Settings) -> None:
        """Put changed settings in force, for open connections too."""
        self.settings = settings
        for connection in self._open.values():
            connection.settings = settings

    def abort_all(self) -> None:
        """Drop every connection now."""
        for connection in [*self._open.values(), *self._lingering.values()]:
            connection.abort()

    def _note_empty(self) -> None:
        if self._when_empty is not None and not self._open:
            empty, self._when_empty = self._when_empty, None
            empty.callback(None)
        if self._when_no_stream is not None and all(connection.tunnel is None for connection in self._open.values()):
            done, self._when_no_stream = self._when_no_stream, None
            done.callback(None)

    def _sweep(self) -> None:
        now = self.seconds()
        for connection in [*self._open.values(), *self._lingering.values()]:
            try:
                connection.check(now)
            except Exception:  # noqa: BLE001 - one connection must not keep the others from being checked
                self.log.failure("Connection {number} could not be checked", number=connection.number)


class BridgeFactory(Factory):
    """Makes a protocol for each connection."""

    noisy = False

    def __init__(self, *, handler: RequestHandler, table: ConnectionTable) -> None:
        self._handler = handler
        self._table = table
        self._numbers = count(1)

    def buildProtocol(self, addr: IAddress | None) -> BridgeProtocol:
        """Make the protocol of a connection; who is at its other end is known once it has a transport."""
        return BridgeProtocol(number=next(self._numbers), handler=self._handler, table=self._table)
