"""Servers that speak TLS, with certificates made for the occasion, for tests in Python and in Perl.

As a program, ``python tls_server.py FOLDER`` writes the certificates into FOLDER, starts all servers and prints their
ports as one line of JSON; they end with its standard input.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import tls_mail_and_files as mail
import trustme

__all__ = ["Authority", "TlsServer"]

Handler = Callable[[ssl.SSLSocket], None]


class Authority:
    """An authority of our own, what it has signed, and its files in a folder.

    ``ca.pem`` is its certificate, ``client.pem`` a client's with its key.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ca = trustme.CA()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)
        self._ca.issue_cert("client@example.org", common_name="a client").private_key_and_cert_chain_pem.write_to_path(
            folder / "client.pem"
        )
        # One certificate that everybody trusts who trusts the authority, and others with a fault each.
        self.good = self._context(self._ca.issue_cert("localhost", "127.0.0.1", common_name="localhost"))
        self.wrong_name = self._context(self._ca.issue_cert("elsewhere.example"))
        self.untrusted = self._context(trustme.CA().issue_cert("localhost"))
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
        self.expired = self._context(self._ca.issue_cert("localhost", not_before=past, not_after=past))
        self.asks_for_certificate = self._context(self._ca.issue_cert("localhost"))
        self._ca.configure_trust(self.asks_for_certificate)
        self.asks_for_certificate.verify_mode = ssl.CERT_REQUIRED
        self.old = self._context(self._ca.issue_cert("localhost"))
        self.old.maximum_version = ssl.TLSVersion.TLSv1_2

    @staticmethod
    def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["h2", "http/1.1"])
        certificate.configure_cert(context)
        return context


class TlsServer:
    """Serves each connection in a thread of its own, until it is closed.

    Args:
        context: TLS from the first byte on; ``None`` for a handler that begins it itself.
        handler: given the connection, which is closed when it returns.
    """

    def __init__(self, context: ssl.SSLContext | None, handler: Callable[[socket.socket], None]) -> None:
        self._context = context
        self._handler = handler
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.failures: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._handler(connection)
        except OSError as error:
            self.failures.append(str(error))
        finally:
            connection.close()


# --- what the servers say ---


def serve_echo(connection: socket.socket) -> None:
    """Give everything back; at the end of input say good-bye in good order."""
    while data := connection.recv(65536):
        connection.sendall(data)
    if isinstance(connection, ssl.SSLSocket):
        with contextlib.suppress(OSError):
            connection.unwrap()


def serve_http(connection: socket.socket) -> None:
    """Answer HTTP: ``/big/N`` gives N bytes, a POST its length and sum, ``/rude/N`` promises more and goes."""
    file = connection.makefile("rb")
    while line := file.readline():
        method, path, _ = line.decode().split()
        length = 0
        while (header := file.readline().strip()) != b"":
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = file.read(length)
        count = int(path.rpartition("/")[2]) if path.rpartition("/")[2].isdigit() else 0
        if path.startswith("/big/"):
            answer = bytes(range(256)) * (count // 256)
        elif method == "POST":
            answer = f"{len(body)} {sum(body)}".encode()
        elif path.startswith("/rude/"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * count)
            return
        elif path == "/until-close":
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end")
            return
        elif path == "/stall":
            time.sleep(30)
            return
        else:
            answer = f"you asked for {path}".encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(answer)}\r\n\r\n"
        connection.sendall(head.encode() + answer)


def never_answer(connection: socket.socket) -> None:
    """Take what comes and say nothing, not even the handshake."""
    while connection.recv(65536):
        pass


def main(folder: str) -> None:
    """Serve for a program in another language."""
    authority = Authority(Path(folder))
    contexts = {
        "echo": (authority.good, serve_echo),
        "http": (authority.good, serve_http),
        "wrong_name": (authority.wrong_name, serve_http),
        "untrusted": (authority.untrusted, serve_http),
        "expired": (authority.expired, serve_http),
        "client": (authority.asks_for_certificate, serve_http),
        "old": (authority.old, serve_http),
        "silent": (None, never_answer),
        "smtp": (None, mail.smtp(authority.good)),
        "smtps": (authority.good, mail.smtp(authority.good)),
        "pop3": (None, mail.pop3(authority.good)),
        "ftp": (None, mail.ftp(authority.good)),
        "ftps": (authority.good, mail.ftp(authority.good)),
        "ftp_same_session": (None, mail.ftp(authority.old, same_session=True)),
    }
    servers = {name: TlsServer(context, handler) for name, (context, handler) in contexts.items()}
    print(json.dumps({name: server.port for name, server in servers.items()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
