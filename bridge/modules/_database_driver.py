"""What module ``database`` asks of a driver, and what all drivers do alike: who uses a connection when, and its end."""

from __future__ import annotations

import base64
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar

import msgspec

from bridge.api import BridgeError, ErrorType
from bridge.modules._database_rows import Rows

if TYPE_CHECKING:
    from bridge.modules._database_background import Background

__all__ = ["Connection", "Outcome", "Part", "Statement", "decoded", "fail", "read_settings"]

_T = TypeVar("_T")

Outcome = dict[str, Any]
"""What :meth:`Statement.execute` returns: ``columns``, ``rows``, ``more``, ``count`` and what the driver adds."""


def fail(text: str, exception: str, **details: object) -> NoReturn:
    """Raise what the caller gets as an error of the database.

    Args:
        text: the database's own words.
        exception: the class of the DB-API's exception (``OperationalError``, ``IntegrityError``, ...).
        details: further fields: ``code``, the database's number; ``state``, five characters of SQLSTATE.
    """
    raise BridgeError(ErrorType.FUNCTION_ERROR, text, exception=exception, **details)


def decoded(values: list[Any]) -> list[Any]:
    """Take bytes as older clients send them."""
    for index, value in enumerate(values):
        if value.__class__ is dict and set(value) == {"__bytes__"}:
            values[index] = base64.b64decode(value["__bytes__"])
    return values


class Connection(ABC):
    """One open database. Every use of it happens within :meth:`using`."""

    driver: ClassVar[str]

    has_background: ClassVar[bool] = False
    """Whether statements can run while their caller does something else."""

    put: Callable[[Part], int]
    """Gives the caller a part of the connection that it has not asked for, a row's cursor for example; returns its
    number. Set when the connection has been opened, as is the next."""

    part: Callable[[int], Part | None]
    """Returns what the caller has under a number, a part of this connection or of another one."""

    def __init__(self) -> None:
        self.background: Background | None = None
        # A call that timed out may still run when the next one comes.
        self._lock = RLock()
        self._lent = 0
        self._abandoned = False
        self.closed = False

    def using(self) -> Self:
        """Return what ``with`` takes to have the connection to oneself; within it, it can be taken again.

        Raises:
            BridgeError: on entry, if it is closed.
        """
        return self

    def __enter__(self) -> Self:
        """Begin to have it to oneself."""
        self._lock.acquire()
        if self.closed:
            self._lock.release()
            fail("The connection to the database is closed.", "InterfaceError", state="08003")
        return self

    def __exit__(self, *_: object) -> None:
        """End that."""
        try:
            if self._abandoned:
                self._end()
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Within :meth:`using`: let calls that a sub of the caller's makes use the connection meanwhile.

        Its end waits until the statement that has called the sub is done.

        Raises:
            BridgeError: this thread is not within :meth:`using`. A statement that the collector of garbage finds ends
                in any thread, and its database may have a sub called then.
        """
        mine = self._lock.acquire(blocking=False)
        if mine:
            self._lent += 1
            self._lock.release()
            try:
                self._lock.release()
            except RuntimeError:  # nobody had it
                self._lent -= 1
                mine = False
        if not mine:
            fail("No sub can be called here: this thread does not use the connection.", "ProgrammingError", code=21)
        try:
            yield
        finally:
            self._lock.acquire()
            self._lent -= 1

    def abandon(self) -> None:
        """Close as soon as nobody uses it: now, or when what runs has been interrupted. Never waits."""
        self._abandoned = True
        if self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()
        if not self.closed:
            with contextlib.suppress(Exception):
                self.interrupt()

    def close(self) -> None:
        """Roll back what is not committed, and close.

        Raises:
            BridgeError: a statement that has called a sub of the caller's is not done yet.
        """
        if self.background is not None and not self.background.done:
            self.interrupt()
        with self._lock:
            if self._lent:
                fail("The connection cannot be closed while a statement calls a sub.", "ProgrammingError", code=21)
            self._end()

    def _end(self) -> None:
        if not self.closed and not self._lent:
            self.closed = True
            self.shut()

    def marked(self, outcome: Outcome) -> Outcome:
        """Add to what holds rows whatever else the caller should hear of."""
        return outcome

    def background_ended(self) -> None:  # noqa: B027 - most drivers have nothing to do then
        """Take note that the statement in the background has ended; called in its thread."""

    def alive(self) -> bool:
        """Return whether the server answers; a database that has none does."""
        return True

    def statistics(self) -> str:
        """Return what the server says of itself, where it does."""
        raise BridgeError(ErrorType.BAD_PARAMS, f"There are no statistics of {self.driver}.")

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether something is to be committed or rolled back."""

    @abstractmethod
    def shut(self) -> None:
        """Roll back and close."""

    @abstractmethod
    def interrupt(self) -> None:
        """End the statement that runs in another thread, soon."""

    @abstractmethod
    def prepare(self, sql: str) -> Statement:
        """Take a statement; whether it is right is found out here as far as the database can tell."""

    def prepare_once(self, sql: str) -> Statement:
        """Take a statement that is executed at once: what is wrong with it may be found out then."""
        return self.prepare(sql)

    def prepare_verbatim(self, sql: str) -> Statement:
        """Take a text that has no placeholders, and may be several statements where the database takes that."""
        return self.prepare(sql)

    def prepare_on_server(self, sql: str) -> Statement:
        """Have the server prepare a statement, where that is not what it always does."""
        return self.prepare(sql)

    @abstractmethod
    def commit(self) -> None:
        """Commit; nothing happens outside of a transaction."""

    @abstractmethod
    def rollback(self) -> None:
        """Roll back; nothing happens outside of a transaction."""

    @abstractmethod
    def set(self, settings: dict[str, Any]) -> None:
        """Change settings; the driver says which there are."""

    @abstractmethod
    def info(self) -> dict[str, Any]:
        """Return what a caller may want to know: versions, and the state of the connection."""

    @abstractmethod
    def last_id(self, details: dict[str, Any]) -> int | str | None:
        """Return the number that the last inserted row got by itself."""


class Part(ABC):
    """What belongs to a connection, and has a number of its own."""

    connection: Connection

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""


class Statement(Part):
    """One prepared statement, and the rows of its last execution."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rows: Rows | None = None

    @property
    def calls_subs(self) -> bool:
        """Whether subs of the caller's may be called while rows are fetched."""
        return False

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return ``parameters`` (their names) and ``columns``, as far as they are known before the execution."""

    def prepared(self) -> dict[str, Any]:
        """Return what is told when it is prepared: what :meth:`describe` does, or less where that asks the database."""
        return self.describe()

    @abstractmethod
    def execute(self, values: Sequence[Any], as_text: Sequence[int], rows: int) -> Outcome:
        """Execute.

        Args:
            values: one for each parameter.
            as_text: which of the values (counted from 0) are bytes, but mean text in the database's encoding.
            rows: how many rows to return at once.
        """

    def execute_many(self, tuples: Sequence[list[Any]], as_text: Sequence[list[int]]) -> list[dict[str, Any]]:
        """Execute with one tuple of values after the other; returns of each its count, or its error."""
        outcomes: list[dict[str, Any]] = []
        for index, values in enumerate(tuples):
            try:
                outcome = self.execute(decoded(values), as_text[index] if as_text else (), 1)
            except BridgeError as error:
                if error.error_type is not ErrorType.FUNCTION_ERROR:
                    raise
                outcomes.append({"error": error.message, **error.details})
            else:
                outcomes.append({"count": outcome["count"]})
        return outcomes

    def fetch(self, count: int, by_column: bool = False) -> tuple[list[Any], bool]:
        """Return the next rows, as they are or in blocks, and whether there may be more."""
        if self.rows is None:
            return [], False
        found = self.rows.blocks(count) if by_column else self.rows.batch(count)
        more = self.rows.more
        if not more:
            self.finish()
        return found, more

    def next_result(self, rows: int) -> Outcome | None:
        """Go on to the next result, where an execution can have several; ``None`` where there is no more."""
        return None

    @abstractmethod
    def finish(self) -> None:
        """Let go of the rows that are left."""

    def close(self) -> None:
        """Let go of the statement."""
        self.finish()


def read_settings(settings: dict[str, Any], kind: type[_T]) -> _T:
    """Return what :meth:`Connection.set` was given as an object of the driver's own class for it.

    Raises:
        BridgeError: ``BadParams``, naming the setting.
    """
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        raise BridgeError(ErrorType.BAD_PARAMS, f"settings: {error}") from None
