"""Virtual tables of SQLite's whose classes are the caller's: the functions that SQLite calls.

One set of them serves all tables of all connections. SQLite hands them addresses and numbers, which they look up:
whatever it calls late, when a connection has been closed, finds nothing and is told of an error.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.modules import _database_sqlite_abi as abi
from bridge.modules._database_sqlite_library import FUNCTION, Library, library, text
from bridge.modules._database_sqlite_tables import (
    MOST_COLUMNS,
    ROWID,
    Cursor,
    Function,
    Table,
    TableError,
    TableModule,
    c_string,
    cursors,
    functions,
    modules,
    numbers,
    tables,
)

if TYPE_CHECKING:
    from bridge.modules._database_sqlite_subs import Subs

__all__ = ["register_module"]

_K = TypeVar("_K", Table, Cursor)


def _text(data: bytes | None) -> str | bytes | None:
    return None if data is None else text(data)


def _whole(value: object, what: str) -> int:
    """Return a value as a whole number of 64 bits."""
    number = 0
    if isinstance(value, int | float) and value == value and abs(value) != float("inf"):  # noqa: PLR0124 - no NaN
        number = int(value)
    elif value is not None:
        try:
            number = int(str(value))
        except ValueError:
            raise TableError(f"{what} is {value!r}, which is no whole number") from None
    if not -(2**63) <= number < 2**63:
        raise TableError(f"{what} is {number}, which has more than 64 bits")
    return number


def _small(value: object) -> int:
    """Return a value as a whole number of 32 bits; 0 where it is none."""
    try:
        number = _whole(value, "")
    except TableError:
        return 0
    return number if -(2**31) <= number < 2**31 else 0


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, TableError) else f"{type(error).__name__}: {error}"


def _of(things: dict[int, _K]) -> Callable[[Callable[..., int | None]], Callable[..., int]]:
    """Return a decorator: the function gets the table or cursor at an address, and may raise anything.

    No exception may pass into SQLite, and none may go unheard.
    """

    def decorate(function: Callable[..., int | None]) -> Callable[..., int]:
        @functools.wraps(function)
        def called(address: int, *arguments: Any) -> int:
            thing = things.get(address)
            if thing is None:
                return abi.ERROR
            try:
                return function(thing, *arguments) or abi.OK
            except Exception as error:  # noqa: BLE001 - it is told to SQLite
                thing.say(_words(error))
                return abi.ERROR

        return called

    return decorate


def _made(  # noqa: PLR0917 - SQLite calls it
    what: str, db: int, module_number: int, count: int, names: Any, place: Any, message: Any
) -> int:
    module = modules.get(module_number)
    if module is None:
        return abi.ERROR
    table = Table(module, next(numbers))
    try:
        given = [_text(names[index]) for index in range(count)]
        answer = table.ask(what, module.number, *given[:3], given[3:])
        declaration, has = answer
        table.has = frozenset(has)
        sql = str(declaration).encode() if not isinstance(declaration, bytes) else declaration
        if module.library.declare_vtab(db, sql):
            said = (module.library.errmsg(db) or b"").decode(errors="replace")
            table.tell("forget")
            raise TableError(f"{said} in what VTAB_TO_DECLARE returned: {sql.decode(errors='replace')}")
    except Exception as error:  # noqa: BLE001 - it is told to SQLite
        message[0] = module.library.string(c_string(_words(error))) or None
        return abi.ERROR
    tables[table.address] = table
    place[0] = table.address
    return abi.OK


def _disconnect(address: int) -> int:
    table = tables.get(address)
    if table is not None:
        table.tell("disconnect")
        table.forget()
    return abi.OK


@_of(tables)
def _destroy(table: Table) -> None:
    try:
        table.ask("drop")
    except TableError as error:
        table.module.subs.error = str(error)  # SQLite does not look for a message here
        raise
    table.forget()


@_of(tables)
def _best_index(table: Table, place: Any) -> None:
    info: abi.IndexInfo = place[0]
    library = table.module.library
    known = [n for n in range(info.constraint_count) if info.constraints[n].operator in abi.OPERATORS]
    constraints = [
        [given.column, abi.OPERATORS[given.operator], 1 if given.usable else 0]
        for given in (info.constraints[n] for n in known)
    ]
    collations: list[str | None] = [None] * len(known)
    if library.has("vtab_collation"):
        pointer = ctypes.addressof(info)
        collations = [(library.vtab_collation(pointer, n) or b"").decode(errors="replace") for n in known]
    order = [[info.order_by[n].column, 1 if info.order_by[n].descending else 0] for n in range(info.order_by_count)]
    index, name, is_ordered, cost, rows, usages = table.ask("best_index", constraints, order, collations)
    for n, usage in zip(known, usages, strict=True):
        if usage is not None:
            info.usages[n].argument = _small(usage[0]) + 1
            info.usages[n].omit = 1 if usage[1] else 0
    info.number = _small(index)
    if name is not None:
        data = name if isinstance(name, bytes) else str(name).encode(errors="replace")
        info.text = library.string(data.split(b"\0", 1)[0]) or None
        info.text_is_to_be_freed = 1
    info.is_ordered = 1 if is_ordered else 0
    if isinstance(cost, int | float):
        info.cost = float(cost)
    if rows is not None:
        info.rows = max(_whole(rows, "estimatedRows"), 0)


@_of(tables)
def _open(table: Table, place: Any) -> None:
    cursor = Cursor(table, next(numbers))
    cursor.columns = min(max(_small(table.ask("open", cursor.number)), 0), MOST_COLUMNS)
    cursors[cursor.address] = cursor
    place[0] = cursor.address


def _close(address: int) -> int:
    cursor = cursors.pop(address, None)
    if cursor is not None:
        cursor.table.module.tell("close", cursor.number)
    return abi.OK


@_of(cursors)
def _filter(cursor: Cursor, index: int, name: bytes | None, count: int, values: Any) -> None:
    library = cursor.table.module.library
    cursor.filter(index, _text(name), [library.value(values[n]) for n in range(count)])


@_of(cursors)
def _next(cursor: Cursor) -> None:
    cursor.next()


def _eof(address: int) -> int:
    cursor = cursors.get(address)
    return 1 if cursor is None or cursor.at_end else 0


@_of(cursors)
def _column(cursor: Cursor, context: int, column: int) -> None:
    library = cursor.table.module.library
    try:
        library.give(context, cursor.value(column))
    except Exception as error:
        library.refuse(context, c_string(_words(error)).decode())
        raise


@_of(cursors)
def _rowid(cursor: Cursor, place: Any) -> None:
    place[0] = _whole(cursor.value(ROWID), "what ROWID returned")


@_of(tables)
def _update(table: Table, count: int, values: Any, rowid: Any) -> None:
    library = table.module.library
    given = [library.value(values[n]) for n in range(count)]
    answer = table.ask("update", given)
    if count > 1 and given[0] is None:
        rowid[0] = _whole(answer, "what INSERT returned")


def _telling(what: str) -> Any:
    @_of(tables)
    def tell(table: Table) -> None:
        if what in table.has:
            table.ask(what)

    return tell


def _saving(what: str) -> Any:
    @_of(tables)
    def tell(table: Table, number: int) -> None:
        if what in table.has:
            try:
                table.ask(what, number)
            except TableError as error:
                table.module.subs.error = str(error)  # SQLite does not look for a message here
                raise

    return tell


@_of(tables)
def _rename(table: Table, name: bytes) -> int:
    return _small(table.ask("rename", _text(name))) if "rename" in table.has else abi.OK


def _find(address: int, count: int, name: bytes, function: Any, data: Any) -> int:
    table = tables.get(address)
    if table is None or "find" not in table.has:
        return 0
    key = count, name.decode(errors="replace")
    number = table.functions.get(key)
    if number is None:
        failed = None
        try:
            found = bool(table.ask("find", *key))
        except TableError as error:
            found, failed = True, str(error)  # SQLite hears of it when it calls the function
        number = next(numbers) if found else 0
        table.functions[key] = number
        if number:
            functions[number] = Function(table, *key, failed)
    if not number:
        return 0
    function[0] = _OVERLOADED_AT
    data[0] = number
    return 1


def _overloaded(context: int, count: int, values: Any) -> None:
    """Be a function of SQL's that a table has of its own."""
    found = library()
    if found is None:
        return
    try:
        function = functions[found.user_data(context)]
        if function.failed is not None:
            raise TableError(function.failed)
        given = [found.value(values[n]) for n in range(count)]
        found.give(context, function.table.ask("call", function.arguments, function.name, given))
    except Exception as error:  # noqa: BLE001 - it is told to SQLite
        found.refuse(context, c_string(_words(error)).decode())


def _module_destroyed(number: int) -> None:
    modules.pop(number, None)


_OVERLOADED = FUNCTION(_overloaded)
_OVERLOADED_AT = abi.address_of(_OVERLOADED)
_MODULE_DESTROYED = abi.DESTROY(_module_destroyed)

_METHODS = abi.ModuleMethods(
    version=2,  # which has savepoints
    create=abi.CREATE(functools.partial(_made, "create")),
    connect=abi.CREATE(functools.partial(_made, "connect")),
    best_index=abi.BEST_INDEX(_best_index),
    disconnect=abi.PLAIN(_disconnect),
    destroy=abi.PLAIN(_destroy),
    open=abi.OPEN(_open),
    close=abi.PLAIN(_close),
    filter=abi.FILTER(_filter),
    next=abi.PLAIN(_next),
    eof=abi.PLAIN(_eof),
    column=abi.COLUMN(_column),
    rowid=abi.ROWID(_rowid),
    update=abi.UPDATE(_update),
    begin=abi.PLAIN(_telling("begin")),
    sync=abi.PLAIN(_telling("sync")),
    commit=abi.PLAIN(_telling("commit")),
    rollback=abi.PLAIN(_telling("rollback")),
    find_function=abi.FIND(_find),
    rename=abi.RENAME(_rename),
    savepoint=abi.SAVEPOINT(_saving("savepoint")),
    release=abi.SAVEPOINT(_saving("release")),
    rollback_to=abi.SAVEPOINT(_saving("rollback_to")),
)


def register_module(  # noqa: PLR0917 - each is something else
    subs: Subs, found: Library, db: ctypes.c_void_p, name: str, number: int, sub: Callable[..., Any]
) -> None:
    """Have a connection's virtual tables ``USING name`` be the caller's.

    Args:
        subs: the connection's.
        found: SQLite's functions.
        db: the connection's address.
        name: the module's, for SQL.
        number: what the caller calls it.
        sub: the caller's, for all its tables.

    Raises:
        SQLiteError: it does not take the module.
        TableError: SQLite here has no virtual tables.
    """
    if not (found.has("create_module_v2") and found.has("declare_vtab")):
        raise TableError("SQLite was built without virtual tables where this Python uses it")
    subs.used = True
    key = next(numbers)
    modules[key] = TableModule(subs, found, number, sub)
    if found.create_module_v2(db, name.encode(), ctypes.byref(_METHODS), key, _MODULE_DESTROYED):
        found.fail(db)  # it has let go of the module, too
