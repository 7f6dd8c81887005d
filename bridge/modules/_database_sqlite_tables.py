"""Virtual tables of SQLite's whose classes are the caller's: modules, tables and cursors, and how the caller is asked.

A caller has one sub for all of a connection's tables. It is told what is wanted, the number of a module, table or
cursor, and the rest, and returns a list of one value; what its class dies of comes as ``{"died": text}``.
"""

from __future__ import annotations

import ctypes
import itertools
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from bridge.api import BridgeError
from bridge.modules._database_sqlite_abi import VirtualCursor, VirtualTable
from bridge.modules._database_sqlite_library import Library

if TYPE_CHECKING:
    from bridge.modules._database_sqlite_subs import Subs

__all__ = [
    "MOST_COLUMNS",
    "ROWID",
    "Asker",
    "Cursor",
    "Function",
    "Table",
    "TableError",
    "TableModule",
    "c_string",
    "cursors",
    "functions",
    "modules",
    "numbers",
    "tables",
]

ROWID = -1
"""Stands for the row's number among columns."""

FIRST_ROWS, MOST_ROWS, GROWS = 16, 1024, 4
"""Rows that are asked for at once of a cursor that allows it: at first, at most, and how much more each time."""

MOST_COLUMNS = 2000
"""SQLite's own default, which few builds raise."""

# What SQLite knows by numbers or addresses, of all connections. It may ask for what is gone: that is not found.
numbers = itertools.count(1)
modules: dict[int, TableModule] = {}
tables: dict[int, Table] = {}
cursors: dict[int, Cursor] = {}
functions: dict[int, Function] = {}


class TableError(Exception):
    """What SQLite is to be told, in words."""


@attrs.frozen
class Function:
    """A function of SQL's that a table has of its own.

    Attributes:
        table: the table.
        arguments: how many.
        name: the function's.
        failed: what FIND_FUNCTION has died of; then there is none.
    """

    table: Table
    arguments: int
    name: str
    failed: str | None = None


def c_string(message: str) -> bytes:
    """Return a message as C has it."""
    return message.rstrip("\n").replace("\0", " ").encode(errors="replace")


class Asker:
    """Asks a caller, by one sub for all things of a kind that a connection has.

    Args:
        subs: the connection's.
        library: SQLite's functions.
        sub: the caller's.
    """

    def __init__(self, subs: Subs, library: Library, sub: Callable[..., Any]) -> None:
        self.subs = subs
        self.library = library
        self._sub = sub

    def ask(self, what: str, number: int, *arguments: object) -> Any:
        """Ask the caller.

        Raises:
            TableError: its class has died, or it cannot be asked.
        """
        if self.subs.closing:
            raise TableError("the connection is being closed")
        self._tell_of_gone()
        return self.ask_now(what, number, *arguments)

    def tell(self, what: str, number: int) -> None:
        """Tell the caller of what has gone: now or, where no call of its is in service, before the next question.

        It cannot hinder that, and warns of what its class dies of.
        """
        if not self.subs.closing:
            self.subs.gone.append((self, what, number))
            self._tell_of_gone()

    def _tell_of_gone(self) -> None:
        gone = self.subs.gone
        while gone:
            asker, what, number = gone.pop(0)  # before it is told: the caller may use the connection meanwhile
            try:
                asker.ask_now(what, number)
            except TableError:
                gone.insert(0, (asker, what, number))
                return

    def ask_now(self, what: str, number: int, *arguments: object) -> Any:
        """Ask the caller, whatever it has not been told yet; raises as :meth:`ask`."""
        try:
            answer = self.subs.ask(self._sub, what, number, *arguments)
        except BridgeError as error:
            raise TableError(error.message) from None
        if isinstance(answer, list) and len(answer) == 1:
            return answer[0]
        raise TableError(str(answer.get("died")) if isinstance(answer, dict) else "the program's sub gave no answer")


class TableModule(Asker):
    """A module of tables, by the name that one connection has for it.

    Args:
        subs, library, sub: as for :class:`Asker`.
        number: what its caller calls it.
    """

    def __init__(self, subs: Subs, library: Library, number: int, sub: Callable[..., Any]) -> None:
        super().__init__(subs, library, sub)
        self.number = number


class Table:
    """A table that SQLite has created or connected.

    Args:
        module: its module.
        number: what its caller calls it.
    """

    def __init__(self, module: TableModule, number: int) -> None:
        self.module = module
        self.number = number
        self.has: frozenset[str] = frozenset()  # what is not in it, the class does not care to be told
        self.base = VirtualTable()
        self.address = ctypes.addressof(self.base)
        self.functions: dict[tuple[int, str], int] = {}  # 0: there is none

    def ask(self, what: str, *arguments: object) -> Any:
        """Ask the caller for something of this table."""
        return self.module.ask(what, self.number, *arguments)

    def tell(self, what: str) -> None:
        """Tell the caller of what has become of it."""
        self.module.tell(what, self.number)

    def say(self, message: str) -> None:
        """Leave a message where SQLite looks for it."""
        library = self.module.library
        if self.base.message:
            library.free(self.base.message)
        self.base.message = library.string(c_string(message)) or None

    def forget(self) -> None:
        """Let go of it: SQLite does not use it any more."""
        tables.pop(self.address, None)
        for number in self.functions.values():
            functions.pop(number, None)
        if self.base.message:
            self.module.library.free(self.base.message)
            self.base.message = None


class Cursor:
    """A cursor of a table.

    Columns come when SQLite asks for them. Those that it has asked for in a row are fetched together with the next
    row: that makes one message a row, and at most one needless call of the class for each one that is needed. Where
    that has died, SQLite hears of it when it asks for the column. A class may also allow that all columns of many
    rows are fetched at once.

    Args:
        table: its table.
        number: what its caller calls it.
    """

    def __init__(self, table: Table, number: int) -> None:
        self.table = table
        self.number = number
        self.base = VirtualCursor(table.address)
        self.address = ctypes.addressof(self.base)
        self.columns: int = 0  # where all of a row are fetched: how many there are
        self.at_end = True
        self._row: dict[int, object] = {}
        self._asked: set[int] = set()
        self._ahead: deque[list[object]] = deque()
        self._wanted: list[int] = []
        self._most = 1
        self._last = False

    def ask(self, what: str, *arguments: object) -> Any:
        """Ask the caller for something of this cursor."""
        return self.table.module.ask(what, self.number, *arguments)

    def say(self, message: str) -> None:
        """Leave a message where SQLite looks for it."""
        self.table.say(message)

    def filter(self, index: int, name: object, values: list[object]) -> None:
        """Begin a search."""
        self._ahead.clear()
        self._last = False
        self.at_end = True
        self._most = FIRST_ROWS if self.columns else 1
        self._take("filter", index, name, values)

    def next(self) -> None:
        """Go on to the next row."""
        if self._ahead:
            self._go_on()
        elif self._last:
            self.at_end = True
        else:
            self._take("next")

    def _take(self, what: str, *arguments: object) -> None:
        if self.columns:
            self._wanted = [ROWID, *range(self.columns)]
        else:
            self._wanted = sorted(self._asked)
        answer = self.ask(what, *arguments, self._wanted, self._most)
        self._most = min(self._most * GROWS, MOST_ROWS) if self.columns else 1
        if not (isinstance(answer, list) and len(answer) == 2 and isinstance(answer[0], list)):
            raise TableError("the table's cursor gave no rows")
        self._ahead.extend(answer[0])
        self._last = bool(answer[1])
        if self._ahead:
            self._go_on()
        else:
            self.at_end = True

    def _go_on(self) -> None:
        values = self._ahead.popleft()
        self.at_end = False
        self._asked.clear()
        self._row = {
            column: value
            for column, value in zip(self._wanted, values, strict=False)
            if not isinstance(value, dict)  # it has died of that
        }

    def value(self, column: int) -> object:
        """Return a column of the row, or its number."""
        self._asked.add(column)
        if column not in self._row:
            if self._ahead or self.at_end:
                raise TableError(f"the table has no column {column}")
            self._row[column] = self.ask("column", column) if column != ROWID else self.ask("rowid")
        return self._row[column]
