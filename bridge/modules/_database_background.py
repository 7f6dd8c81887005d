"""Statements that run while their caller does something else; at most one on each connection."""

from __future__ import annotations

import secrets
import threading
import weakref
from collections.abc import Callable
from typing import Any

from bridge.api import BridgeError, ErrorType, Module, Session
from bridge.modules._database_driver import Connection, Outcome, Statement, decoded, fail

__all__ = ["Background", "register", "running"]


WAIT_SECONDS = 240.0
"""Longest time that ``wait`` waits; whoever wants to wait longer asks again."""

_watched: weakref.WeakValueDictionary[str, Background] = weakref.WeakValueDictionary()
"""What other connections to the daemon may wait for, by its secret name."""


class Background:
    """One statement in a thread of its own."""

    def __init__(self, connection: Connection, work: Callable[[], Outcome]) -> None:
        self._connection = connection
        self._work = work
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._begun = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._begun.wait()  # the connection is taken: whatever is called next comes after the statement

    def _run(self) -> None:
        try:
            with self._connection.using():
                self._begun.set()
                self._outcome = self._connection.marked(self._work())
        except BaseException as error:  # noqa: BLE001 - it is the caller's, who gets it with the result
            self._error = error
        finally:
            self._begun.set()
            self._done.set()
            self._connection.background_ended()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most so long; return whether it has come."""
        return self._done.wait(seconds)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._done.is_set()

    def result(self) -> Outcome:
        """Wait for its end; return what ``execute`` would have, or raise it."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._outcome or {}


def running(used: Connection) -> Background:
    """Return what runs on a connection.

    Raises:
        BridgeError: nothing does.
    """
    if used.background is None:
        fail("No asynchronous query is running", "ProgrammingError", code=1, state="HY010")
    return used.background


def register(
    module: Module, find: Callable[[Session, int], Connection], find_statement: Callable[[Session, int], Statement]
) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
        find_statement: the same for statements.
    """

    @module.function
    def start(  # noqa: PLR0917 - callers name them
        session: Session,
        connection: int,
        statement: int | None = None,
        sql: str | None = None,
        values: list[Any] = [],  # noqa: B006 - never changed
        as_text: list[int] = [],  # noqa: B006 - never changed
        rows: int = 100,
        watched: bool = False,
    ) -> str | None:
        """Begin to execute a prepared ``statement``, or a text; the rest is as for ``execute``.

        Returns:
            a name for ``wait``, if it is to be ``watched``.
        """
        used = find(session, connection)
        if not used.has_background:
            raise BridgeError(ErrorType.BAD_PARAMS, f"Connection {connection} cannot run anything in the background.")
        if used.background is not None:
            fail("a previous async query has not been ended", "ProgrammingError", code=1, state="HY010")
        chosen = find_statement(session, statement) if statement is not None else used.prepare_verbatim(sql or "")
        used.background = Background(used, lambda: chosen.execute(decoded(values), as_text, max(1, rows)))
        if not watched:
            return None
        name = secrets.token_hex(16)
        _watched[name] = used.background
        return name

    @module.function
    def wait(name: str) -> bool:
        """Wait for the end of a statement that was started to be watched; returns whether it has come.

        Any connection to the daemon may, so that a caller's event loop has a socket to look at meanwhile.
        """
        found = _watched.get(name)
        return found is None or found.wait(WAIT_SECONDS)

    @module.function
    def ready(session: Session, connection: int) -> bool:
        """Return whether the statement that was started has ended."""
        return running(find(session, connection)).done

    @module.function
    def result(session: Session, connection: int) -> Outcome:
        """Wait for the end of the statement that was started; return what ``execute`` would have."""
        used = find(session, connection)
        waited = running(used)
        try:
            return waited.result()
        finally:
            used.background = None
