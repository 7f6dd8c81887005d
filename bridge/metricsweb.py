"""Serves the metrics to Prometheus: ``GET /metrics`` over HTTP, from the reactor.

Not from a thread pool, which a busy daemon leaves no room in: a scrape must work exactly then. It is made in small
steps with turns of the reactor between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.protocols.policies import WrappingFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from bridge import sockets
from bridge.metricsplace import MetricsPlace
from bridge.port import BridgePort

__all__ = ["MetricsServer"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

STEP_SECONDS = 0.005
"""Longest time for which the reactor is kept from its other work."""

IDLE_SECONDS = 120
"""A scraper keeps its connection from one scrape to the next, which come every minute at most."""

MAX_SCRAPERS = 16


class _Quiet(Site):
    """A web server that does not log every request: the daemon's log is for people."""

    noisy = False

    def log(self, request: Any) -> None:
        """Log nothing."""


class _Few(WrappingFactory):
    """Takes so many connections and no more, for descriptors are needed elsewhere."""

    noisy = False

    def logPrefix(self) -> str:
        """Name it in Twisted's own lines."""
        return "Metrics"

    def buildProtocol(self, addr: Any) -> Any:
        """Make a connection's protocol, or ``None`` to have it closed."""
        return super().buildProtocol(addr) if len(self.protocols) < MAX_SCRAPERS else None


class _Root(Resource):
    """What addresses there are."""

    def __init__(self, page: _Page) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._page = page

    def getChild(self, path: bytes, request: Request) -> Resource:
        """Return the page for ``/metrics``, and what answers 404 for every other address."""
        return self._page if path == b"metrics" and not request.postpath else _Nothing()  # type: ignore[no-untyped-call]


class _Nothing(Resource):
    """Every other address."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Answer any method."""
        return _plain(request, 404, "cpanbridge has only /metrics here\n")


class _Page(Resource):
    """``/metrics``."""

    isLeaf = True
    log = Logger()

    def __init__(self, pieces: Callable[[], Iterator[bytes]], clock: IReactorTime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pieces = pieces
        self._clock = clock

    def render(self, request: Request) -> bytes | int:
        """Answer GET and HEAD."""
        if request.method not in {b"GET", b"HEAD"}:
            request.setHeader(b"allow", b"GET, HEAD")
            return _plain(request, 405, "only GET and HEAD\n")
        gone = request.notifyFinish()
        work = Deferred.fromCoroutine(self._serve(request))
        gone.addErrback(lambda _: work.cancel())  # the scraper has not waited
        work.addErrback(lambda failure: failure.trap(CancelledError))
        return NOT_DONE_YET

    async def _serve(self, request: Request) -> None:
        try:
            body = await self._collect()
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - logged
            self.log.failure("The metrics could not be made")
            request.write(_plain(request, 500, "the metrics could not be made; see the daemon's log\n"))
        else:
            request.setHeader(b"content-type", CONTENT_TYPE)
            request.setHeader(b"content-length", b"%d" % len(body))
            request.write(b"" if request.method == b"HEAD" else body)
        request.finish()

    async def _collect(self) -> bytes:
        parts: list[bytes] = []
        pause = self._clock.seconds() + STEP_SECONDS
        for piece in self._pieces():
            parts.append(piece)
            if self._clock.seconds() >= pause:
                await deferLater(self._clock, 0)
                pause = self._clock.seconds() + STEP_SECONDS
        return b"".join(parts)


def _plain(request: Request, status: int, text: str) -> bytes:
    body = text.encode()
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"text/plain; charset=utf-8")
    request.setHeader(b"content-length", b"%d" % len(body))
    return b"" if request.method == b"HEAD" else body


class MetricsServer:
    """The place where metrics are served.

    Args:
        place: the setting's value, parsed.
        pieces: makes the text of a scrape.
        reactor: the reactor; clock: the daemon's.
    """

    log = Logger()

    def __init__(
        self, place: MetricsPlace, pieces: Callable[[], Iterator[bytes]], *, reactor: Any, clock: IReactorTime
    ) -> None:
        self._place = place
        self._reactor = reactor
        site = _Quiet(_Root(_Page(pieces, clock)), reactor=reactor, timeout=IDLE_SECONDS)  # type: ignore[no-untyped-call]
        self._factory = _Few(site)  # type: ignore[no-untyped-call]
        self._port: Any = None

    def start(self) -> None:
        """Listen.

        Raises:
            SocketError: somebody else does, or the place is not to be had.
        """
        place = self._place
        if place.path:
            # As open as a port of 127.0.0.1 is: figures, and no way to change anything.
            self._port = BridgePort(sockets.listen(place.path, everybody=True), self._factory, self._reactor)
            self._port.startListening()
        else:
            try:
                self._port = self._reactor.listenTCP(place.port, self._factory, backlog=16, interface=place.host)
            except CannotListenError as error:
                why = error.socketError.strerror or error.socketError
                raise sockets.SocketError(f"metrics: cannot listen on {place}: {why}") from None
        self.log.info("Metrics are on {place}", place=f"unix:{place.path}" if place.path else f"http://{place}/metrics")

    async def stop(self) -> None:
        """Listen no more, and close what is open."""
        if self._port is None:
            return
        port, self._port = self._port, None
        await maybeDeferred(port.stopListening)
        for each in list(self._factory.protocols):
            each.loseConnection()
