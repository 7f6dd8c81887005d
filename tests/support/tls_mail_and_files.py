"""Small servers of SMTP, POP3 and FTP for :mod:`tls_server`: as much as clients need to change to TLS and move data."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import BinaryIO

__all__ = ["Conversation", "ftp", "pop3", "smtp"]


class Conversation:
    """Lines both ways on a connection that may change to TLS."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self.connection = connection
        self.context = context
        self._file: BinaryIO = connection.makefile("rb")

    @property
    def secure(self) -> bool:
        """Whether TLS is on."""
        return isinstance(self.connection, ssl.SSLSocket)

    def say(self, text: str) -> None:
        """Send lines."""
        self.connection.sendall(text.replace("\n", "\r\n").encode() + b"\r\n")

    def hear(self) -> tuple[str, str]:
        """Return the next command in capitals and its argument; empty at the end."""
        word, _, rest = self._file.readline().decode("latin-1").strip().partition(" ")
        return word.upper(), rest

    def hear_text(self) -> bytes:
        """Return the lines up to a lone dot."""
        lines = []
        while (line := self._file.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return b"".join(lines)

    def change_to_tls(self) -> None:
        """Do the server's part of a handshake."""
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self._file = self.connection.makefile("rb")

    def close(self) -> None:
        """Close what the connection has become."""
        self._file.close()
        self.connection.close()


def smtp(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """Serve SMTP with STARTTLS; mail is taken over TLS only, and its size told."""

    def serve(connection: socket.socket) -> None:
        talk = Conversation(connection, context)
        talk.say("220 mail ready")
        while (command := talk.hear())[0]:
            match command:
                case "EHLO", _:
                    talk.say("250-mail\n250-PIPELINING\n250 8BITMIME" if talk.secure else "250-mail\n250 STARTTLS")
                case "STARTTLS", _:
                    talk.say("220 go ahead")
                    talk.change_to_tls()
                case (("MAIL" | "RCPT"), _):
                    talk.say("250 fine" if talk.secure else "530 must issue STARTTLS first")
                case "DATA", _:
                    talk.say("354 go on")
                    talk.say(f"250 took {len(talk.hear_text())} bytes over TLS")
                case "QUIT", _:
                    talk.say("221 bye")
                    break
                case _:
                    talk.say("500 what?")
        talk.close()

    return serve


def pop3(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """Serve POP3 with STLS and one message."""

    def serve(connection: socket.socket) -> None:
        talk = Conversation(connection, context)
        talk.say("+OK ready")
        while (command := talk.hear())[0]:
            match command:
                case "STLS", _:
                    talk.say("+OK go ahead")
                    talk.change_to_tls()
                case (("USER" | "PASS" | "STAT"), _):
                    talk.say("+OK 1 20" if talk.secure else "-ERR only over TLS")
                case "RETR", _:
                    talk.say("+OK\nSubject: secret\n\nThe text.\n.")
                case "QUIT", _:
                    talk.say("+OK bye")
                    break
                case _:
                    talk.say("-ERR what?")
        talk.close()

    return serve


def ftp(  # noqa: C901 - one case a command reads better than a table
    context: ssl.SSLContext, *, same_session: bool = False
) -> Callable[[socket.socket], None]:
    """Serve FTP with AUTH TLS: files live as long as the connection.

    Args:
        context: of control and data connections.
        same_session: refuse data connections that do not take up the control connection's TLS session.
    """

    def serve(connection: socket.socket) -> None:  # noqa: C901 - the same
        talk = Conversation(connection, context)
        files = {"big": bytes(range(256)) * 20_000}
        protected = False
        opener: Callable[[], socket.socket] | None = None
        talk.say("220 files ready")
        while (command := talk.hear())[0]:
            match command:
                case "AUTH", _:
                    talk.say("234 go ahead")
                    talk.change_to_tls()
                case "PROT", level:
                    protected = level == "P"
                    talk.say("200 fine")
                case "USER", _:
                    talk.say("331 and the password?" if talk.secure else "530 only over TLS")
                case "PASS", _:
                    talk.say("230 welcome")
                case ("EPSV" | "PASV") as word, _:
                    listening = socket.create_server(("127.0.0.1", 0))
                    listening.settimeout(20)
                    port = listening.getsockname()[1]
                    opener = _accepts(listening)
                    where = f"127,0,0,1,{port >> 8},{port & 255}"
                    talk.say(f"229 here (|||{port}|)" if word == "EPSV" else f"227 here ({where})")
                case "PORT", place:
                    parts = [int(part) for part in place.split(",")]
                    opener = _connects(parts[4] * 256 + parts[5])
                    talk.say("200 fine")
                case "EPRT", place:
                    opener = _connects(int(place.split("|")[3]))
                    talk.say("200 fine")
                case ("RETR" | "STOR" | "NLST") as word, name:
                    assert opener is not None
                    talk.say("150 opening")
                    data = opener()
                    if protected:
                        data = context.wrap_socket(data, server_side=True)
                        if same_session and not data.session_reused:
                            data.close()
                            talk.say("522 the session must be taken up again")
                            continue
                    _move(word, name, data, files)
                    talk.say("226 done")
                case "QUIT", _:
                    talk.say("221 bye")
                    break
                case _:
                    talk.say("200 if you say so")
        talk.close()

    return serve


def _accepts(listening: socket.socket) -> Callable[[], socket.socket]:
    def opened() -> socket.socket:
        with listening:
            return listening.accept()[0]

    return opened


def _connects(port: int) -> Callable[[], socket.socket]:
    return lambda: socket.create_connection(("127.0.0.1", port))


def _move(word: str, name: str, data: socket.socket, files: dict[str, bytes]) -> None:
    """Send or take one file and close the data connection in good order."""
    with data:
        if word == "STOR":
            pieces = []
            while piece := data.recv(65536):
                pieces.append(piece)
            files[name] = b"".join(pieces)
            return
        data.sendall(files[name] if word == "RETR" else "".join(f"{file}\r\n" for file in files).encode())
        if isinstance(data, ssl.SSLSocket):
            data.unwrap()
