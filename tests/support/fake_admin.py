"""The scriptable admin server of ``fake_daemon.py`` in a thread, for programs that block: the operator's commands."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fake_daemon import FakeDaemon

__all__ = ["FakeAdmin", "fake_admin"]


class FakeAdmin:
    """A running server.

    Attributes:
        path: its socket.
        daemon: what answers. Script it before a command runs; while one runs, only by :meth:`do`.
    """

    def __init__(self, path: str, daemon: FakeDaemon, loop: asyncio.AbstractEventLoop) -> None:
        self.path = path
        self.daemon = daemon
        self._loop = loop

    def do(self, action: Callable[[], Any]) -> Any:
        """Let the server's thread do something, and return what comes of it; a coroutine is awaited there."""

        async def run() -> Any:
            found = action()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of every request for a method."""
        return [params for name, params in self.daemon.requests if name == method]


@contextlib.contextmanager
def fake_admin(folder: Path, **options: Any) -> Iterator[FakeAdmin]:
    """Run a server with a socket in ``folder``; ``options`` are those of ``FakeDaemon``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = FakeAdmin(str(folder / "admin.sock"), FakeDaemon(**options), loop)
    try:
        server.do(lambda: server.daemon.start(server.path))
        yield server
    finally:
        server.do(server.daemon.stop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
