"""One operator's connection to the admin socket: lines, who it is, and snapshots that never pile up.

A subscriber that does not read must cost nothing: a snapshot is sent only when the kernel says that the one before has
been read, so that there is at most one on its way, and it is the newest. The kernel is asked with ``SIOCOUTQ``
(unix(7)), since Twisted's buffer and the socket's own would hide hundreds of kilobytes of old news from us.
"""

from __future__ import annotations

import array
import fcntl
import inspect
import termios
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from zope.interface import implementer

from bridge.adminwire import MAX_LINE, AdminError, AdminErrorCode, Notification, Request
from bridge.framing import LineFramer
from bridge.text import printable

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
    from twisted.python.failure import Failure

    from bridge.admin import Admin
    from bridge.adminwire import Event
    from bridge.changes import Who

__all__ = ["AdminFactory", "AdminProtocol", "unread"]

MAX_OPERATORS = 64
"""Connections to the admin socket at the same time: a script that forgets to close them must not eat descriptors."""

MAX_OBSERVERS = 48
"""How many of them may be observers': who may only look must not be able to keep out who has to act."""

SHARE = 50
"""Making snapshots for one subscriber may take one part in so many of the reactor's time."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Request).decode


class _OnlyId(msgspec.Struct):
    id: Any = None


_decode_id = msgspec.json.Decoder(_OnlyId).decode


def unread(transport: Any) -> int:
    """Return how many bytes (in the kernel's own accounting) the peer of a Unix socket has not read yet."""
    answer = array.array("i", [0])
    fcntl.ioctl(transport.fileno(), termios.TIOCOUTQ, answer)
    return answer[0]


@implementer(IPushProducer)
class AdminProtocol(Protocol):
    """One connection.

    Attributes:
        number: counts connections from 1.
        who: the peer, as the kernel says.
        may_operate: whether it may change anything.
        since: wall time of its beginning.
        interval: seconds between its snapshots, 0 without a subscription.
        gaps: snapshots that it missed.
    """

    log = Logger()

    who: Who
    _transport: Any

    def __init__(self, number: int, factory: AdminFactory) -> None:
        self.number = number
        self.may_operate = False
        self.since = time.time()
        self.interval = 0.0
        self.gaps = 0
        self._office = factory.admin
        self._factory = factory
        self._framer = LineFramer()
        self._lines: deque[bytes] = deque()
        self._admitted = self._blocked = self._closing = False
        self._wants: dict[str, Any] = {}
        self._gap = 0  # snapshots missed since the last one that was sent
        self._cost = 0.0  # seconds of CPU that making a snapshot takes, smoothed
        self._timer: IDelayedCall | None = None

    # --- Twisted calls these ---

    def connectionMade(self) -> None:
        """Find out who it is; let it in or say why not."""
        self._transport = self.transport
        self._transport.registerProducer(self, True)
        self.who, level = self._factory.identify(self._transport)
        who = f"{self.who.user} (uid {self.who.uid}, pid {self.who.pid})"
        if level is None:
            self.log.warn("Refused at the admin socket: {who} is neither operator nor observer", who=who)
            self._refuse(
                AdminErrorCode.FORBIDDEN,
                f"{self.who.user} (uid {self.who.uid}) is neither in admin_users nor in observers of this daemon.",
            )
        elif (attached := self._attached(level)) >= (most := MAX_OBSERVERS if level == "observe" else MAX_OPERATORS):
            self.log.warn("Refused at the admin socket: {who}, since {count} are attached", who=who, count=attached)
            self._refuse(AdminErrorCode.REFUSED, f"{most} connections are attached already; close some.")
        else:
            self.may_operate = level == "operate"
            self._admitted = True
            self._office.enter(self)

    def dataReceived(self, data: bytes) -> None:
        """Take a packet."""
        if self._closing:
            return
        self._factory.settle()
        self._lines.extend(self._framer.feed(data))
        self._serve()
        if self._framer.pending > MAX_LINE:
            self._too_long()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        self.unsubscribe()
        self._lines.clear()
        self._closing = True
        if self._admitted:
            self._office.leave(self)

    def pauseProducing(self) -> None:
        """The peer leaves its answers unread: read no more of its requests. May come many times."""
        self._blocked = True
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """It has read them."""
        self._blocked = False
        self._transport.resumeProducing()
        self._serve()

    def stopProducing(self) -> None:
        """The connection is lost; connectionLost does the rest."""

    # --- the office calls these ---

    def subscribe(self, interval: float, *, connections: bool, functions: bool, rows: int) -> None:
        """Begin to push snapshots and events, in place of what was pushed before."""
        self.unsubscribe()
        self.interval = interval
        self._wants = {"connections": connections, "functions": functions, "rows": rows}
        self._timer = self._factory.clock.callLater(interval, self._tick)

    def unsubscribe(self) -> None:
        """Stop that."""
        self.interval = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def push_event(self, event: Event) -> None:
        """Send an event to a subscriber that reads; the others learn from the next snapshot that they missed some."""
        if self._timer is not None and not self._blocked and self._factory.unread(self._transport) == 0:
            self._write(Notification("event", event))

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abortConnection()

    # --- inside ---

    def _attached(self, level: str) -> int:
        """Return how many connections count towards this level's maximum."""
        attached = self._office.operators.values()
        return sum(1 for each in attached if level != "observe" or not each.may_operate)

    def _serve(self) -> None:
        while self._lines and not self._blocked and not self._closing:
            line = self._lines.popleft()
            if len(line) > MAX_LINE:
                self._too_long()
            elif line.strip():
                self._request(line)

    def _too_long(self) -> None:
        self._refuse(AdminErrorCode.INVALID_REQUEST, f"A request may be {MAX_LINE} bytes long, this one is longer.")

    def _request(self, line: bytes) -> None:
        wanted: Any = None
        try:
            try:
                request = _read(line)
            except AdminError:
                wanted = _id_of(line)
                raise
            wanted = request.id
            result = self._office.call(self, request.method, request.params)
        except AdminError as error:
            self._error(wanted, error)
        except Exception:  # noqa: BLE001 - logged; an operator's request must never end anything
            self.log.failure("A request of the admin socket failed")
            self._error(wanted, _fault())
        else:
            if inspect.iscoroutine(result):
                waiting: Deferred[Any] = Deferred.fromCoroutine(result)
                waiting.addCallbacks(
                    lambda made: self._result(wanted, made), lambda failure: self._failed(wanted, failure)
                )
            else:
                self._result(wanted, result)

    def _result(self, wanted: Any, result: object) -> None:
        if wanted is not msgspec.UNSET and not self._closing:
            self._write({"jsonrpc": "2.0", "id": wanted, "result": result})

    def _failed(self, wanted: Any, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, AdminError):
            self.log.failure("A request of the admin socket failed", failure)
            error = _fault()
        self._error(wanted, error)

    def _error(self, wanted: Any, error: AdminError) -> None:
        if wanted is not msgspec.UNSET and not self._closing:
            body = {"code": error.code, "message": error.message, "data": error.data}
            self._write({"jsonrpc": "2.0", "id": wanted, "error": body})

    def _refuse(self, code: int, why: str) -> None:
        """Say why, and close."""
        self.unsubscribe()
        self._error(None, AdminError(code, why))
        self._closing = True
        self._lines.clear()
        self._transport.loseConnection()

    def _write(self, message: object) -> None:
        # One write a message: what is cut in two arrives in two packets.
        self._transport.write(_encode(message) + b"\n")

    def _tick(self) -> None:
        """Send a snapshot, unless the one before has not been read."""
        clock, spent = self._factory.clock, self._factory.spent
        began, had_spent = clock.seconds(), spent()
        self._timer = None
        if self._blocked or self._factory.unread(self._transport):
            self._gap += 1
            self.gaps += 1
            pause = self.interval
        else:
            # The cost is spread over everybody who is subscribed, and bounded for all of them together.
            subscribers = sum(1 for each in self._office.operators.values() if each.interval)
            pause = max(self.interval, self._cost * SHARE * subscribers)
            try:
                self._factory.settle()
                made = self._office.snapshot(self, **self._wants)
                made.gap, self._gap = self._gap, 0
                made.interval = pause
                self._write(Notification("snapshot", made))
            except Exception:  # noqa: BLE001 - logged; a figure that cannot be made must not end the stream
                self.log.failure("A snapshot could not be made")
            self._cost += (spent() - had_spent - self._cost) * 0.2
        self._timer = clock.callLater(max(0.001, began + pause - clock.seconds()), self._tick)


class AdminFactory(Factory):
    """Makes a protocol for each connection.

    Args:
        admin: carries out the methods.
        clock: monotonic.
        identify: tells who is at the other end, and its level: ``operate``, ``observe`` or ``None``.
        unread: bytes that a transport's peer has not read.
        spent: seconds of CPU that the thread has used. Not the clock's, which counts what other programs take, too.
        settle: called before anything is answered: brings the daemon's books up to date.
    """

    noisy = False

    def __init__(
        self,
        *,
        admin: Admin,
        clock: IReactorTime,
        identify: Callable[[Any], tuple[Who, str | None]],
        unread: Callable[[Any], int] = unread,
        spent: Callable[[], float] = time.thread_time,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.admin = admin
        self.clock = clock
        self.identify = identify
        self.unread = unread
        self.spent = spent
        self.settle = settle
        self._numbers = count(1)

    def buildProtocol(self, addr: IAddress | None) -> AdminProtocol:
        """Make the protocol of a connection."""
        return AdminProtocol(next(self._numbers), self)


def _read(line: bytes) -> Request:
    """Decode a request, with JSON-RPC's codes for whatever is wrong with it."""
    try:
        return _decode(line)
    except msgspec.ValidationError as error:
        if line.lstrip().startswith(b"["):
            why = "Batches are not taken; send one request a line, as many as you like without waiting."
        else:
            why = f"This is not a request: {error}."
        raise AdminError(AdminErrorCode.INVALID_REQUEST, printable(why)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AdminError(AdminErrorCode.PARSE_ERROR, printable(f"This is not JSON: {error}.")) from None


def _id_of(line: bytes) -> int | float | str | None:
    """Return the id of a message that is no request otherwise, so that whoever waits for its answer gets it."""
    try:
        found = _decode_id(line).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, (int, float, str)) and not isinstance(found, bool) else None


def _fault() -> AdminError:
    return AdminError(AdminErrorCode.INTERNAL_ERROR, "The daemon failed; its log says where.")
