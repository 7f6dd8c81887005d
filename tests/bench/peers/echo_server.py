"""The floor: a Twisted server that sends back what it gets, without looking at it."""

from __future__ import annotations

import sys

from twisted.internet import protocol, reactor

__all__ = ["Echo"]


class Echo(protocol.Protocol):
    """Writes what it reads."""

    def dataReceived(self, data: bytes) -> None:
        """Write it."""
        assert self.transport is not None
        self.transport.write(data)


if __name__ == "__main__":
    reactor.listenUNIX(sys.argv[1], protocol.Factory.forProtocol(Echo), backlog=1024)
    reactor.run()
