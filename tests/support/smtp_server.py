"""A mail server that keeps what it is sent, for tests."""

from __future__ import annotations

import socketserver
import threading
from typing import Self

__all__ = ["SmtpServer"]


class SmtpServer:
    """Takes mail on a port of 127.0.0.1 until it is closed.

    Attributes:
        port: where it listens.
        messages: each as it came, dots unstuffed, line ends as sent.
    """

    def __init__(self) -> None:
        messages: list[str] = []

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 test ESMTP\r\n")
                while line := self.rfile.readline():
                    word = line[:4].upper().strip()
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        kept: list[bytes] = []
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            kept.append(line.removeprefix(b"."))
                        messages.append(b"".join(kept).decode())
                        self.wfile.write(b"250 taken\r\n")
                    elif word == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 fine\r\n")

        self.messages = messages
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
