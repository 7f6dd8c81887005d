"""The listening port: Twisted's, on a socket that ``bridge.sockets`` made."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Any

from twisted.internet import main, tcp, unix

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocolFactory
    from twisted.python.failure import Failure

    from bridge.sockets import ListeningSocket

__all__ = ["BridgePort"]

ACCEPTED_AT_ONCE = 8
"""Connections accepted in one turn of the reactor. Those refused are closed in the next, so at most twice as many are
beyond what is allowed at a time: well below ``rlimits.SPARE``, the descriptors kept for that."""


ROOM_FOR_ONE = socket.CMSG_LEN(struct.calcsize("i"))
"""Bytes of ancillary data taken from the kernel at a time: one descriptor. It closes those that find no room."""


class BridgeTransport(unix.Server):
    """One accepted connection.

    Twisted's own takes as many descriptors as the kernel lets a client send, open in programs that the daemon starts,
    and writes a line to the log for each message of which it closes them again.
    """

    def doRead(self) -> Any:
        """Receive bytes, and the descriptor that came with them where the protocol has ``descriptorReceived``."""
        receiver = getattr(self.protocol, "descriptorReceived", None)
        try:
            data, ancillary, _, _ = self.socket.recvmsg(
                self.bufferSize, 0 if receiver is None else ROOM_FOR_ONE, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        for level, kind, content in ancillary:
            if receiver is not None and level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                for (number,) in struct.iter_unpack("i", content):
                    receiver(number)
        return self._dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket, but tell a protocol that has ``socketClosing`` before."""
        closing = getattr(self.protocol, "socketClosing", None)
        if closing is not None:
            closing()
        super().connectionLost(reason)


class BridgePort(unix.Port):
    """Accepts connections on a socket that is bound, has its mode, and listens already.

    ``reactor.adoptStreamPort`` will not do: for a Unix socket it sets mode 0666, a backlog of 50, and at the end it
    removes whatever then lies at the path.
    """

    transport = BridgeTransport

    def __init__(self, listening: ListeningSocket, factory: IProtocolFactory, reactor: Any) -> None:
        super().__init__(os.fsencode(listening.path), factory, reactor=reactor)
        self._listening = listening
        # Shutting a socket down would end it for its maker too, and refuse the callers that wait in its queue.
        self._shouldShutdown = not listening.adopted

    def startListening(self) -> None:
        """Begin to accept."""
        tcp._reservedFD.reserve()  # noqa: SLF001 - what lets Twisted survive running out of descriptors
        assert self.factory is not None
        self.factory.doStart()
        self.socket = socket.socket(fileno=os.dup(self._listening.fileno()))
        self.socket.setblocking(False)
        self.fileno = self.socket.fileno  # type: ignore[method-assign]
        self.connected = True
        self.numberAccepts = ACCEPTED_AT_ONCE
        self.startReading()  # type: ignore[no-untyped-call]

    def doRead(self) -> None:
        """Accept some connections. Twisted alone would take a hundred and more before it closed one."""
        self.numberAccepts = min(self.numberAccepts, ACCEPTED_AT_ONCE)
        super().doRead()  # type: ignore[no-untyped-call]

    def _logConnectionLostMsg(self) -> None:
        """Say nothing: the service says that it stops."""

    def connectionLost(self, reason: Failure) -> None:
        """Stop for good and remove the socket, if it is still ours."""
        tcp.Port.connectionLost(self, reason)
        self._listening.close()
