"""What cpanbridge is measured against: the least that a Twisted server of JSON lines can do.

A LineReceiver that decodes each line with msgspec and writes the answer that ``test.ping`` (or ``test.echo``) would
give. No limits, no checks, no statistics, no log.
"""

from __future__ import annotations

import platform
import sys
import time
from typing import Any

import msgspec
from twisted.internet import protocol, reactor
from twisted.protocols.basic import LineReceiver

__all__ = ["BareServer"]

STARTED = time.monotonic()
PYTHON = platform.python_version()

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


class BareServer(LineReceiver):
    """Answers every line at once."""

    delimiter = b"\n"
    MAX_LENGTH = 16 << 20

    def lineReceived(self, line: bytes) -> None:
        """Decode, build the answer, write it."""
        request: dict[str, Any] = decode(line)
        params = request.get("params")
        result: Any = params
        if request["function"] == "ping":
            result = {
                "message": "pong",
                "daemon_version": "0.1.0",
                "python_version": PYTHON,
                "uptime": time.monotonic() - STARTED,
                "input": params,
            }
        self.sendLine(encode({"success": True, "result": result, "request_id": request["request_id"]}))


if __name__ == "__main__":
    factory = protocol.Factory.forProtocol(BareServer)
    reactor.listenUNIX(sys.argv[1], factory, backlog=1024)
    reactor.run()
