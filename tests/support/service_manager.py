"""A small service manager: holds listening sockets for a daemon, hands them over, and hears what it says of itself."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from daemon_process import DaemonProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ServiceManager"]

HANDOVER = Path(__file__).with_name("handover.py")


class ServiceManager:
    """Makes the sockets, then daemons that serve on them, one after the other.

    Attributes:
        sockets: the listening sockets by name.
        said: every message of the daemons, each a dictionary, with the monotonic time as ``at``.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cpanbridge-manager-"))
        self.sockets: dict[str, socket.socket] = {}
        self.said: list[dict[str, str]] = []
        self.daemons: list[DaemonProcess] = []
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify_address = str(self.folder / "notify")

    def listen(self, name: str, path: Path | str, mode: int = 0o660) -> socket.socket:
        """Make a listening socket, as a socket unit does."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sockets[name] = made
        made.bind(os.fspath(path))
        os.chmod(path, mode)
        made.listen(512)
        return made

    def hear(self, address: str | None = None) -> None:
        """Open the notify socket; an address that begins with ``@`` is one of the abstract namespace."""
        self.notify_address = address or self.notify_address
        bound = "\0" + self.notify_address[1:] if self.notify_address.startswith("@") else self.notify_address
        self.notify.bind(bound)
        self.notify.settimeout(0.05)

    def daemon(
        self, *options: str, environ: Mapping[str, str] | None = None, named: bool = True, toml: str | None = None
    ) -> DaemonProcess:
        """Make a daemon, not started yet, that gets all sockets; its own paths are where they are."""
        daemon = DaemonProcess(options=options, toml=toml)
        handed = [f"{name if named else ''}={made.fileno()}" for name, made in self.sockets.items()]
        daemon.twistd = [sys.executable, str(HANDOVER), *handed, "--", *daemon.twistd]
        daemon.pass_fds = [made.fileno() for made in self.sockets.values()]
        if self.notify.getsockname():
            daemon.environ["NOTIFY_SOCKET"] = self.notify_address
        daemon.environ.update(environ or {})
        for name, made in self.sockets.items():
            if name == "bridge":
                daemon.socket = Path(made.getsockname())
            else:
                daemon.admin_socket = Path(made.getsockname())
                daemon.options.append(f"--admin-socket={made.getsockname()}")
        self.daemons.append(daemon)
        return daemon

    def listen_on_both(self) -> None:
        """Make the bridge socket and the operators' one."""
        self.listen("bridge", self.folder / "bridge.sock")
        self.listen("admin", self.folder / "admin.sock", 0o600)

    def hear_until(self, word: str, seconds: float = 20.0) -> dict[str, str]:
        """Return the next message that says ``word``; raises ``AssertionError`` if none comes."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            message = self._receive()
            if word in message:
                return message
        msg = f"no {word} in {seconds:g} s; heard: {self.said}\n" + "".join(
            each.everything_said() for each in self.daemons
        )
        raise AssertionError(msg)

    def hear_for(self, seconds: float) -> list[dict[str, str]]:
        """Return what is said within a time."""
        before, give_up = len(self.said), time.monotonic() + seconds
        while time.monotonic() < give_up:
            self._receive()
        return self.said[before:]

    def _receive(self) -> dict[str, str]:
        try:
            data = self.notify.recv(65536)
        except TimeoutError:
            return {}
        message = dict(line.partition("=")[::2] for line in data.decode().split("\n"))
        message["at"] = repr(time.monotonic())
        self.said.append(message)
        return message

    def cleanup(self) -> None:
        """End everything."""
        for daemon in self.daemons:
            daemon.cleanup()
        for made in [*self.sockets.values(), self.notify]:
            made.close()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()
