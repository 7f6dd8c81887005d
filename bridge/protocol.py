"""The bridge socket's protocol: bytes to requests and answers to bytes, with bounds in both directions.

Plain ``Protocol`` with our own framer rather than ``LineReceiver``: its buffer is quadratic in the size of a line, and
pausing it re-parses from inside ``resumeProducing``.
"""

from __future__ import annotations

import re
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.tcp import Connection
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge import wire
from bridge.callback import CallbackError
from bridge.callstack import CallStack
from bridge.errors import BridgeError, ErrorType
from bridge.framing import PARTS_MARK, Parted, RequestFramer, UnreadablePartsError
from bridge.outbox import Outbox
from bridge.session import Event, Phase, step
from bridge.tunnel import Tunnel
from bridge.upgrade import Descriptor

if TYPE_CHECKING:
    from threading import Lock

    from twisted.internet.interfaces import IDelayedCall

    from bridge.admission import ClientProcess
    from bridge.api import Session
    from bridge.connections import ConnectionTable
    from bridge.upgrade import Upgrade

__all__ = ["BridgeProtocol", "RequestHandler"]

LINES = Phase.LINES  # looking a member up in its class costs, and this one is looked at for every packet
NEWLINE, CRLF = b"\n", b"\r\n"

RETURN_MARK = b'{"call":'
"""How a line begins, to the byte, that is no request but says what a called-back sub returned."""

MARKS = (PARTS_MARK, RETURN_MARK)
_RETURN_WITH_PARTS = re.compile(rb'\{"parts":\[[\d,]*\],"call":')

LEGACY_QUIET = 0.05
"""Seconds of silence after a complete document that make it an older client's whole request."""

LEGACY_ATTEMPTS = 8
"""How often an unfinished first request larger than 64 KiB is parsed to see whether it is complete. Each look costs its
whole length; a client that pauses after every ``}`` must not make that quadratic."""

LARGE = 65536
"""Bytes from which a request is entered in the table's account of memory held for requests."""

QUEUED_BYTES = 1048576
"""Bytes of requests sent ahead after which the connection is not read any further."""

LINGER = 5.0
"""Seconds for which a refused peer's input is read and thrown away. Closing at once would make its writes fail, and
many clients then never look at the answer."""


class RequestHandler(Interface):
    """What serves the lines: the dispatcher, as seen from a connection."""

    def submit(
        self, line: bytes, caller: BridgeProtocol, *, legacy: bool, parts: tuple[bytes, ...] | None = None
    ) -> object | bytes | None:
        """Serve one request; ``parts`` are those that followed its line, ``None`` if it announced none.

        Returns:
            the answer, perhaps empty; or ``None``, when ``caller.answer`` was given it already; or something that
            :meth:`abandon` takes, when ``caller.answer`` will be given it later.
        """

    def resume(self, call: object) -> object | bytes | None:
        """Serve a call that :meth:`BridgeProtocol.put_back` was given; as :meth:`submit`."""

    def abandon(self, call: object) -> None:
        """The caller of an unanswered request has gone."""

    def settle(self) -> None:
        """See to it that requests whose answers have been sent are no longer in service."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class BridgeProtocol(Protocol):
    """One client connection.

    Attributes:
        session: what functions keep for this connection.
        process: the client process that it belongs to, as admission knows it.
        number: counts connections from 1, for operators.
        calls: requests answered.
        settings: size and time limits in force.
        tunnel: the stream that the connection has become, else ``None``.
        failed_groups: the error, and the id of the request that failed, of each group that takes no further requests.
        sending: held by a thread while it sends the answer of the request in service, and by whoever must know whether
            it does; see :meth:`only_waits_for`.
        active: whether anything moved since the table's last sweep; the sweep resets it.
    """

    log = Logger()

    session: Session
    process: ClientProcess
    sending: Lock
    _transport: Any
    _outbox: Outbox

    def __init__(self, *, number: int, handler: RequestHandler, table: ConnectionTable) -> None:
        self.number = number
        self.calls = 0
        self.active = True
        self.connected_at = self.idle_since = 0.0
        self.client = ""
        self.introduced = False
        self.phase = Phase.FRESH
        self.call: object | None = None
        self._handler = handler
        self._table = table
        self.settings = table.settings
        self._framer = RequestFramer()
        self.failed_groups: dict[int, tuple[BridgeError, str | int | None]] = {}
        self._callbacks = CallStack()
        self._suspended = self._callbacks.out
        self._queue: deque[bytes | Parted | _PutBack | BridgeError] = deque()
        self._queued_bytes = 0
        self._busy = False  # a request is being served
        self._serving = False  # _serve is on the stack
        self._out: list[bytes] = []  # answers made while _serve is on the stack
        self._reading_since: float | None = None  # first byte of an unfinished request
        self._last_data = 0.0
        self._quiet_timer: IDelayedCall | None = None
        self._legacy_attempts = 0
        self._paused = False  # we asked the transport to stop reading
        self._charged = 0  # bytes entered in the table's account
        self._stopping = False  # the daemon stops: what was not sent whole will never be
        self._close_later = False  # it stops as soon as no sub is out that may return
        self._faulty = False  # a fault is queued: whatever comes after it is no request
        self._refused_at: float | None = None
        self._descriptor: Descriptor | None = None  # came with the request that is arriving, or in service
        self.tunnel: Tunnel | None = None

    # --- Twisted calls these ---

    def connectionMade(self) -> None:
        """Enter the table, or be refused by it."""
        self._transport = self.transport
        self.connected_at = self.idle_since = self._table.seconds()
        self.session, self.process = self._table.identify(self._transport)
        self._outbox = Outbox(
            self._transport, self._transport.getHandle() if isinstance(self._transport, Connection) else None
        )
        self.sending = self._outbox.sending
        self._transport.registerProducer(self, True)
        refusal = self._table.enter(self)
        if refusal is not None:
            self._refuse(refusal)

    def dataReceived(self, data: bytes) -> None:
        """Take one packet."""
        self._handler.settle()
        self.active = True
        framer = self._framer
        end = len(data) - 1
        if (
            self.phase is LINES
            and self._descriptor is None
            and not (self._busy or self._queue or framer.pending or self._charged or self._faulty or self._suspended)
            and self._outbox.blocked_since is None
            and data.find(NEWLINE) == end <= self.settings.max_request_size
            and not data.startswith(MARKS)
        ):
            # One request, nothing before it, nothing after it: what nearly every packet is.
            self._serving = self._busy = True
            answer = self._handler.submit(data[: -2 if data.endswith(CRLF) else -1], self, legacy=False)
            self._serving = False
            if type(answer) is bytes:
                self._busy = False
                self.calls += 1
                if answer:
                    self._outbox.write(answer)
                elif self._faulty:
                    self._serve()
            elif self._busy:
                self.call = answer
            else:
                self._flush()
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Take a packet that may hold anything: parts of requests, several, or an older client's."""
        framer = self._framer
        if self._faulty or (self.phase is not Phase.LINES and self.phase is not Phase.FRESH):
            return  # read only to be thrown away
        complete = 0
        try:
            for request in framer.requests(data):
                complete += 1
                if len(request) > self.settings.max_request_size:
                    self._queue_fault(self._too_large(len(request)))
                    break
                self._queue.append(request)
                self._queued_bytes += len(request)
        except UnreadablePartsError as error:
            self._queue_fault(BridgeError(ErrorType.BAD_REQUEST, f"The request is not valid: {error}."))
        if complete or framer.line is not None or self._faulty:
            self.phase = Phase.LINES
        if complete:
            self._reading_since = None
        if framer.pending:
            self._unfinished()
        elif self._charged and not complete:
            self._charge()
        if self._busy:
            self._handler.settle()
        if not self._busy:
            self._serve()
        if not self._paused and self._ahead():
            self._paused = True
            self._transport.pauseProducing()

    def descriptorReceived(self, number: int) -> None:
        """Keep an open file that came with the bytes that are about to be received, for the request they begin."""
        descriptor = Descriptor(number)
        if (
            self._descriptor is None
            and not (self._busy or self._queue or self._framer.pending)
            and self.phase in {Phase.FRESH, Phase.LINES}
            and self._table.has_room_for(descriptor)
        ):
            self._descriptor = descriptor
        else:
            descriptor.close()  # nobody asked for it

    def readConnectionLost(self) -> None:
        """The peer closed its writing side, or altogether."""
        self._handler.settle()
        if self._peer_is_gone() or self.phase is Phase.REFUSED:
            self._transport.loseConnection()
            return
        if self._suspended:  # a sub that was called back can never return
            self._transport.loseConnection()
            return
        legacy = self.phase is Phase.FRESH
        self.phase = step(self.phase, Event.PEER_DONE)
        if self._framer.line is not None and not self._stopping:
            missing = self._framer.announced - self._framer.pending
            self._queue_fault(
                BridgeError(ErrorType.BAD_REQUEST, f"The request ended {missing} bytes before the end of its parts.")
            )
        rest = self._framer.take()
        self._reading_since = None
        if rest.strip() and not (self._stopping and not _is_document(rest)):
            self._last_document(rest, legacy=legacy)
        self._serve()

    def socketClosing(self) -> None:
        """The socket is about to be closed: no thread may send any more."""
        self._outbox.detach()
        self._handler.settle()

    def writeConnectionLost(self) -> None:
        """We closed our writing side; nothing more to do."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give up everything that belongs to the connection."""
        self.phase = step(self.phase, Event.LOST)
        self._outbox.clear()
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
            self._quiet_timer = None
        self._queue.clear()
        self._framer.take()
        self._drop_descriptor()
        if self.tunnel is not None:
            self.tunnel.abort()
        call, self.call = self.call, None
        if call is not None:
            self._handler.abandon(call)
        for suspended in self._callbacks.clear():
            self._handler.abandon(suspended.call)
            suspended.finish(CallbackError("The client has gone while its sub was being called back."))
        self._queued_bytes = 0
        self._charge()
        self._table.leave(self)

    # --- IPushProducer: the transport's write buffer is full, or empty again ---

    def pauseProducing(self) -> None:
        """Stop serving this connection until the client has read its answers. May come many times."""
        self._outbox.pause(self._table.seconds())

    def resumeProducing(self) -> None:
        """Write the next piece, or serve the next request."""
        self.active = True
        self._outbox.resume()
        if not self._outbox:
            self._serve()

    def stopProducing(self) -> None:
        """The connection is lost; connectionLost does the rest."""

    # --- the dispatcher calls this ---

    def answer(self, data: bytes, call: object | None = None) -> None:
        """Send the answer of the request in service and go on to the next; or that of ``call``, if it is suspended."""
        if self._suspended and call is not None:
            suspended = self._callbacks.remove(call)
            if suspended is not None:
                suspended.finish(CallbackError("The call has ended while the sub was being called back."))
                self.calls += 1
                self._out.append(data)
                if not self._serving:
                    self.active = True
                    self._serve()
                return
        self.call = None
        self._busy = False
        self.calls += 1
        if self._descriptor is not None:
            self._drop_descriptor()
        if self._serving:
            self._out.append(data)
        else:
            self.active = True
            if data:
                self._outbox.write(data)
            self._serve()

    def only_waits_for(self, call: object) -> bool:
        """Whether a call's thread, which holds ``sending``, may send its answer with :meth:`send_now`.

        While this is so the reactor leaves the socket alone, but for closing it: it calls :meth:`answer` afterwards,
        with what was not sent, and so learns that the call is over.
        """
        return self.call is call and self.phase is LINES and not self._suspended and self._outbox.idle

    @property
    def has_more(self) -> bool:
        """Whether a request waits for the one in service to be over."""
        return bool(self._queue)

    @property
    def next_request(self) -> Any:
        """The request that waits behind the one in service, or a call that was put back; ``None``: nothing to serve."""
        waiting = self._queue[0] if self._queue else None
        return waiting.call if isinstance(waiting, _PutBack) else None if isinstance(waiting, BridgeError) else waiting

    def take_request(self) -> None:
        """Take :attr:`next_request` out of the queue: it is served with the one in service."""
        taken = self._queue.popleft()
        if not isinstance(taken, BridgeError):
            self._queued_bytes -= len(taken)

    def put_back(self, calls: Sequence[object]) -> None:
        """Serve calls that were taken from the queue, and were not run, before whatever else waits."""
        self._queue.extendleft(map(_PutBack, reversed(calls)))

    def send_now(self, data: bytes) -> int:
        """Give the socket what it takes; return how many bytes."""
        return self._outbox.send_now(data)

    def upgrade(self, answer: bytes, upgrade: Upgrade, function_name: str) -> None:
        """Send the answer of the request in service; from then on the connection is a stream of bytes."""
        self._drop_descriptor()
        self.call = None
        sock = self._outbox.socket
        if (
            sock is None
            or not self._outbox.idle
            or self.phase is not LINES
            or self._queue
            or self._framer.pending
            or self._suspended
            or self._out
        ):
            upgrade.close()
            self._busy = False
            self._refuse(
                BridgeError(
                    ErrorType.BAD_REQUEST,
                    "A request that turns the connection into a stream must end with a newline, and nothing may be "
                    "sent after it before its answer has come.",
                )
            )
            return
        self.phase = step(self.phase, Event.UPGRADE)
        self.calls += 1
        self.active = True
        self._transport.unregisterProducer()
        self._transport.stopReading()
        self.tunnel = Tunnel(
            sock,
            upgrade,
            answer,
            function_name=function_name,
            reactor=self._transport.reactor,
            seconds=self._table.seconds,
            on_end=self._tunnel_ended,
            on_failed=lambda why, peer: self._table.negotiation_failed(self, function_name, why, peer),
        )
        self.tunnel.start()

    def call_back(
        self, call: object, message: Callable[[int], bytes], finish: Callable[[wire.Return | BridgeError], object]
    ) -> None:
        """Have a sub of the client's called for the call in service, which is suspended until the sub returns.

        Args:
            call: as the handler returned it.
            message: takes the callback's number; makes the line that is sent.
            finish: will be given what the sub returned, or why it did not.
        """
        if self.call is not call or self.phase is not Phase.LINES or self._stopping:
            finish(CallbackError("The client cannot be called back: it has ended its side, or the daemon stops."))
            return
        try:
            number = self._callbacks.push(call, finish)
        except CallbackError as error:
            finish(error)
            return
        self.call = None
        self._busy = False
        self.active = True
        self._outbox.write(message(number))
        self._serve()

    def lose_track(self, error: BridgeError) -> None:
        """The request being submitted does not tell where the next begins: answer the fault and take nothing more."""
        self._busy = False
        self._queue.clear()
        self._queue_fault(error)

    def introduce(self, client_version: str | None, perl_caller: str | None) -> None:
        """Take note of what the client says of itself, for operators."""
        self.introduced = True
        self.client = " ".join(part for part in (perl_caller, client_version) if part)[:200]

    # --- the table's sweep calls this ---

    def check(self, now: float) -> None:
        """Close the connection if it is past one of its deadlines; called about once a second."""
        settings = self.settings
        if self.active:
            self.active = False
            self.idle_since = now
        if self.tunnel is not None:
            self.active = self.tunnel.active
            self.tunnel.check(now, idle_timeout=settings.idle_timeout, write_timeout=settings.write_timeout)
        elif self._refused_at is not None:
            if now - self._refused_at > LINGER:
                self._transport.abortConnection()
        elif (blocked_since := self._outbox.blocked_since) is not None:
            if now - blocked_since > settings.write_timeout:
                self.log.info(
                    "Connection {number} dropped: the client did not read its answer for {seconds:g} s",
                    number=self.number,
                    seconds=settings.write_timeout,
                )
                self._transport.abortConnection()
        elif self.phase is Phase.LAST and self._peer_is_gone():
            self._transport.abortConnection()
        elif self._busy or self._queue or self._suspended:
            pass
        elif self._reading_since is not None and not self._paused:
            if now - self._reading_since > settings.read_timeout:
                self._refuse(
                    BridgeError(
                        ErrorType.BAD_REQUEST,
                        f"The request was not complete {settings.read_timeout:g} s after its first byte "
                        f"({self._framer.pending} bytes came{', no newline' if self._framer.line is None else ''}).",
                    )
                )
        elif now - self.idle_since > settings.idle_timeout:
            self._finish()

    def abort(self) -> None:
        """Drop the connection now."""
        if self.tunnel is not None:
            self.tunnel.abort()
        self._transport.abortConnection()

    def close_when_quiet(self) -> None:
        """Close once all that the client has sent is answered: the daemon stops.

        The reading side is shut in the kernel, which draws a line: what was written before is still read and answered;
        what is written after fails (EPIPE), so its caller knows that it was not executed. Closing at once would throw
        away requests that are on their way, and leave their callers in doubt.
        """
        self._stopping = True
        if self.tunnel is not None:
            self.tunnel.close_when_quiet()
            return
        if self._suspended:
            self._close_later = True  # the subs that are out must be able to return
            return
        if (sock := self._outbox.socket) is not None and self.phase in {Phase.FRESH, Phase.LINES}:
            try:
                sock.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # it is lost, and Twisted will say so
            else:
                return  # readConnectionLost comes when all has been read
        if self._busy or self._queue or self._outbox:
            self.phase = Phase.LAST
        elif self.phase is not Phase.CLOSED:
            self._finish()

    @property
    def state(self) -> str:
        """One word for operators: ``idle``, ``reading``, ``busy``, ``writing``, ``stream``, ``closing``."""
        if self.phase is Phase.STREAM:
            return "stream"
        if self._refused_at is not None or self.phase is Phase.CLOSED:
            return "closing"
        if self._busy or self._suspended:
            return "busy"
        if self._outbox.blocked_since is not None:
            return "writing"
        return "reading" if self._reading_since is not None else "idle"

    # --- inside ---

    def _serve(self) -> None:
        """Serve queued requests one after the other until one takes time, or the client must read first."""
        if self._serving:
            return
        self._serving = True
        queue = self._queue
        try:
            while queue and not self._busy and self._outbox.blocked_since is None:
                item = queue.popleft()
                if isinstance(item, BridgeError):
                    queue.clear()
                    self._refuse(item)
                    return
                self._queued_bytes -= len(item)
                self._submit(item, legacy=False)
        finally:
            self._serving = False
            self._flush()
        if self._charged and not self._busy:
            self._charge()
        if self._paused and not self._ahead():
            self._paused = False
            self._reading_since = self._table.seconds() if self._framer.pending else None
            self._transport.resumeProducing()
        if self.phase is Phase.LAST and not (self._busy or queue or self._outbox or self._outbox.blocked_since):
            self._finish()
        elif self._close_later and not self._suspended:
            self._close_later = False
            self.close_when_quiet()

    def _submit(self, request: bytes | Parted | _PutBack, *, legacy: bool) -> None:
        """Have one request served; its answer, if there is one already, lies in ``_out`` then."""
        line: bytes
        if isinstance(request, _PutBack):
            self._busy = True
            self._in_service(self._handler.resume(request.call))
            return
        parts: tuple[bytes, ...] | None = None
        if isinstance(request, Parted):
            line, parts = request.line, request.parts
            is_return = _RETURN_WITH_PARTS.match(line) is not None
        else:
            line = request
            is_return = line.startswith(RETURN_MARK) and not legacy
        if is_return:
            self._take_return(line, parts or ())
            return
        self._busy = True
        self.session.descriptor = self._descriptor
        answer = (
            self._handler.submit(line, self, legacy=legacy)
            if parts is None
            else self._handler.submit(line, self, legacy=legacy, parts=parts)
        )
        if self.session.descriptor is not None:  # the request's function takes none
            self._drop_descriptor()
        self._in_service(answer)

    def _in_service(self, answer: object | bytes | None) -> None:
        """Take what the handler returned for the request in service."""
        if type(answer) is bytes:
            self.answer(answer)
        elif self._busy:
            self.call = answer

    def _take_return(self, line: bytes, parts: tuple[bytes, ...]) -> None:
        """A sub has returned: its call goes on. A return that comes too late is nothing to anybody."""
        try:
            returned = wire.decode_return(line)
            suspended = self._callbacks.returned(returned.call)
            if suspended is None:
                return
            if parts or wire.BYTES_MARK in line:
                returned = wire.Return(returned.call, wire.put_bytes(returned.value, parts), returned.died)
        except BridgeError as error:
            self.lose_track(error)
            return
        self._busy = True
        self.call = suspended.call
        suspended.finish(returned)

    def _flush(self) -> None:
        """Write the answers made while ``_serving`` was set, together."""
        out = self._out
        if out:
            data = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            if data:
                self._outbox.write(data)

    def _ahead(self) -> bool:
        """Whether so much was sent ahead that reading further can wait: never while a sub's return may be behind it."""
        if self._suspended:
            return False
        return len(self._queue) >= self.settings.max_pipelined_requests or self._queued_bytes > QUEUED_BYTES

    def _unfinished(self) -> None:
        """Look after a request that has begun to arrive."""
        now = self._last_data = self._table.seconds()
        if self._reading_since is None:
            self._reading_since = now
        pending = self._framer.pending
        if max(pending, self._framer.announced) > self.settings.max_request_size:
            self._queue_fault(self._too_large(pending))
        elif pending > LARGE or self._charged:
            self._charge()
        if self.phase is Phase.FRESH and self._quiet_timer is None and not self._queue:
            self._quiet_timer = self._table.clock.callLater(LEGACY_QUIET, self._look_for_document)

    def _charge(self) -> None:
        """Bring the table's account of memory held for requests up to date; refuse when it is overdrawn."""
        held = self._framer.pending + self._queued_bytes
        if held <= LARGE:
            held = 0
        more, self._charged = held - self._charged, held
        if not self._table.account(more):
            self._queue_fault(self._table.overdrawn())

    def _look_for_document(self) -> None:
        """An older client may be waiting for its answer: has a whole document come, and nothing since?"""
        self._quiet_timer = None
        if self.phase is not Phase.FRESH or not self._framer.pending:
            return
        quiet = self._table.seconds() - self._last_data
        if quiet < LEGACY_QUIET - 0.001:
            self._quiet_timer = self._table.clock.callLater(LEGACY_QUIET - quiet, self._look_for_document)
            return
        if self._framer.last_byte() != ord("}"):
            return
        if self._framer.pending > LARGE:
            if self._legacy_attempts >= LEGACY_ATTEMPTS:
                return
            self._legacy_attempts += 1
        if not _is_document(self._framer.peek()):
            return
        self.phase = step(self.phase, Event.DOCUMENT)
        self._last_document(self._framer.take(), legacy=True)
        self._serve()

    def _last_document(self, document: bytes, *, legacy: bool) -> None:
        """Serve the last request of the connection, which no newline ended."""
        self._reading_since = None
        if legacy:
            self._serving = True
            try:
                self._submit(document, legacy=True)
            finally:
                self._serving = False
            self._flush()
        else:
            self._queue.append(document)
            self._queued_bytes += len(document)

    def _queue_fault(self, error: BridgeError) -> None:
        """Let the requests before the fault be served, answer it in its turn, and take nothing after it."""
        self._faulty = True
        self._framer.take()
        self._queue.append(error)

    def _too_large(self, size: int) -> BridgeError:
        return BridgeError(
            ErrorType.REQUEST_TOO_LARGE,
            f"The request is larger than max_request_size, {self.settings.max_request_size} bytes "
            f"({size} came so far); the connection is closed.",
        )

    def _refuse(self, error: BridgeError) -> None:
        """Answer a fault that ends the conversation, and let the peer finish writing before closing."""
        legacy = self.phase is Phase.FRESH and error.error_type is not ErrorType.CONNECTION_LIMIT
        self.phase = step(self.phase, Event.FAULT)
        self._refused_at = self._table.seconds()
        self._reading_since = None
        self._drop_descriptor()
        self._table.note_fault(error)
        self._flush()
        self._framer.take()
        self._queued_bytes = 0
        self._charge()
        self._outbox.write((wire.encode_legacy_error if legacy else wire.encode_error)(error, None))
        if self._paused:
            self._paused = False
            self._transport.resumeProducing()
        self._transport.unregisterProducer()
        if self._table.may_linger(self):
            self._transport.loseWriteConnection()
        else:
            self._transport.loseConnection()

    def _drop_descriptor(self) -> None:
        """Close the file that came with a request, unless a function has taken it over."""
        descriptor, self._descriptor = self._descriptor, None
        self.session.descriptor = None
        if descriptor is not None:
            descriptor.close()

    def _tunnel_ended(self) -> None:
        """The stream is over."""
        if self.phase is Phase.STREAM:
            self.phase = step(self.phase, Event.FINISHED)
            self._transport.loseConnection()

    def _finish(self) -> None:
        self.phase = step(self.phase, Event.FINISHED)
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    def _peer_is_gone(self) -> bool:
        """Whether the peer closed altogether; end of input alone may be a half-close that awaits an answer."""
        poller = select.poll()
        try:
            poller.register(self._transport.fileno(), 0)
            return any(events & (select.POLLHUP | select.POLLERR) for _, events in poller.poll(0))
        except (OSError, ValueError, AttributeError):
            return False  # not a real socket (a test's transport)


class _PutBack:
    """A call in the queue, among requests."""

    __slots__ = ("call",)

    def __init__(self, call: object) -> None:
        self.call = call

    def __len__(self) -> int:
        """Return the bytes that it holds of what was sent: none, they are counted no more."""
        return 0


def _is_document(data: bytes) -> bool:
    try:
        wire.decode_json(data)
    except (ValueError, RecursionError):
        return False
    return True
