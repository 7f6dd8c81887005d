"""The operators of the soak test: one who asks and changes things, and those who watch."""

from __future__ import annotations

import json
import threading
from typing import Any

from daemon_process import Connection, DaemonProcess

__all__ = ["Operator", "Watcher"]


class Operator(Connection):
    """A connection to the operators' socket that asks; notifications between the answers are passed over."""

    def ask(self, method: str, **params: object) -> Any:
        """Return the result, or the error as a text."""
        self.send(json.dumps({"id": 1, "method": method, "params": params}).encode() + b"\n")
        while "method" in (answer := json.loads(self.read_line())):
            pass
        return answer["result"] if "result" in answer else f"error: {answer['error']['message']}"


class Watcher(threading.Thread):
    """An operator who watches, ten snapshots a second; it can stop reading for a while."""

    def __init__(self, daemon: DaemonProcess) -> None:
        super().__init__(daemon=True)
        self._connection = Connection(daemon.admin_socket, timeout=120)
        self.reading = threading.Event()
        self.reading.set()
        self.snapshots = self.gaps = 0
        self.fault = ""
        self.over = False

    def run(self) -> None:
        """Read until the end."""
        try:
            self._connection.send(
                b'{"id":1,"method":"subscribe","params":{"interval":0.1,"connections":true,"functions":true}}\n'
            )
            while not self.over:
                self.reading.wait()
                message = json.loads(self._connection.read_line())
                if message.get("method") == "snapshot":
                    self.snapshots += 1
                    self.gaps += message["params"]["gap"]
        except (OSError, ValueError) as error:
            if not self.over:
                self.fault = repr(error)

    def stop(self) -> None:
        """End it."""
        self.over = True
        self.reading.set()
        self._connection.close()
