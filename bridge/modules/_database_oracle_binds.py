"""Values that go to Oracle with a statement, and those that come back by its placeholders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import msgspec
import oracledb

from bridge.api import BridgeError, ErrorType
from bridge.modules._database_driver import Statement, fail
from bridge.modules._database_oracle_errors import STATE
from bridge.modules._database_oracle_values import Long, plain, read_lob, shorten

if TYPE_CHECKING:
    from bridge.modules._database_oracle import Oracle, OracleStatement

__all__ = ["Bind", "Bound", "bound"]

# The server's numbers of types, as far as they make a difference here.
CHAR, CHARZ, RAW, LONG_RAW, CLOB, BLOB, CURSOR, TEXTS, NUMBERS = 96, 97, 23, 24, 112, 113, 116, 201, 202
NATIONAL = 2

MOST_IN_SQL, MOST_IN_BLOCKS = 4000, 32_767
"""Characters or bytes that a value which comes back has room for, unless the caller says how many."""


class Bind(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a caller tells of one placeholder.

    Attributes:
        type: the server's number of a type; 0 for text.
        out: whether its value comes back.
        size: characters or bytes that it may have then.
        form: 2 for text in the national character set.
        elements: of an array, how many may come back.
        whole: of an array of numbers, whether they are integers.
    """

    type: int = 0
    out: bool = False
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 30)] = 0
    form: int = 1
    elements: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    whole: bool = False


@attrs.frozen
class Bound:
    """The values of one execution.

    Attributes:
        sent: one for each parameter.
        out: the variables whose values come back, by their places from 0 on.
    """

    sent: list[Any]
    out: dict[int, tuple[oracledb.Var, Bind]]

    def results(self, connection: Oracle, long: Long) -> list[tuple[int, Any, bool]]:
        """Return what came back: the place, the value, and whether it is a list, one for each changed row."""
        made = []
        for at, (var, bind) in self.out.items():
            value = var.getvalue()
            array = bind.type in {TEXTS, NUMBERS}
            listed = isinstance(value, list) and not array
            values = value if listed else [value]
            values = [_result(one, connection, long, array) for one in values]
            made.append((at, values if listed else values[0], listed))
        return made


def _result(value: Any, connection: Oracle, long: Long, array: bool) -> Any:
    if array:
        return [plain(one, connection.conventions) if isinstance(one, float) else one for one in value or ()]
    if isinstance(value, oracledb.Cursor):
        return connection.adopt(value) if value.description is not None else None
    if isinstance(value, oracledb.LOB):
        return connection.adopt(value) if long.handles else read_lob(value, long)
    return shorten(value, 0, attrs.evolve(long, most=len(value) + 1)) if isinstance(value, (str, bytes)) else value


def bound(cursor: oracledb.Cursor, statement: OracleStatement, values: Sequence[Any], binds: dict[int, Bind]) -> Bound:
    """Return what is sent: plain values, and variables of python-oracledb's where more was told of them."""
    sent: list[Any] = list(values)
    out: dict[int, tuple[oracledb.Var, Bind]] = {}
    for at, bind in binds.items():
        if not 0 <= at < len(sent):
            raise BridgeError(ErrorType.BAD_PARAMS, f"There is no parameter {at}; they are counted from 0.")
        value = _own(statement, sent[at])
        if bind.type in {TEXTS, NUMBERS}:
            sent[at] = _array(cursor, value, bind)
        elif bind.out:
            sent[at] = _out(cursor, statement, value, bind)
        else:
            sent[at] = _in(cursor, statement, value, bind)
        if bind.out:
            out[at] = (sent[at], bind)
    return Bound(sent, out)


def _own(statement: OracleStatement, value: Any) -> Any:
    """Return the open cursor or the LOB that a caller names by its number."""
    if not isinstance(value, dict):
        return value
    number = value.get("__statement__", value.get("__lob__"))
    found = statement.connection.part(number) if isinstance(number, int) else None
    if found is None or found.connection is not statement.connection:
        raise BridgeError(ErrorType.BAD_PARAMS, f"{value!r} names no open cursor or LOB of this connection.")
    return found.cursor if isinstance(found, Statement) else found.raw  # type: ignore[attr-defined]


def _in(cursor: oracledb.Cursor, statement: OracleStatement, value: Any, bind: Bind) -> Any:
    kind: Any = None
    if bind.form == NATIONAL and not isinstance(value, bytes):
        kind = oracledb.DB_TYPE_NCLOB if bind.type == CLOB else oracledb.DB_TYPE_NVARCHAR
    elif bind.type in {CHAR, CHARZ}:
        kind = oracledb.DB_TYPE_CHAR
    elif bind.type in {CLOB, BLOB} and statement.is_block and value:  # in SQL the server takes text and bytes
        kind = oracledb.DB_TYPE_CLOB if bind.type == CLOB else oracledb.DB_TYPE_BLOB
    elif bind.type in {RAW, LONG_RAW, BLOB} and value is None:
        kind = oracledb.DB_TYPE_RAW
    if kind is None or isinstance(value, oracledb.LOB):
        return value
    var = cursor.var(kind, size=max(len(value or ""), 1))
    var.setvalue(0, value)
    return var


def _out(cursor: oracledb.Cursor, statement: OracleStatement, value: Any, bind: Bind) -> oracledb.Var:
    most = MOST_IN_BLOCKS if statement.is_block else MOST_IN_SQL
    room = max(bind.size or most, len(value) if isinstance(value, (str, bytes)) else 0)
    kind: Any = oracledb.DB_TYPE_VARCHAR
    if bind.type == CURSOR:
        kind = oracledb.DB_TYPE_CURSOR
    elif bind.type in {CLOB, BLOB}:
        national = bind.form == NATIONAL
        kind = oracledb.DB_TYPE_BLOB if bind.type == BLOB else oracledb.DB_TYPE_CLOB
        kind = oracledb.DB_TYPE_NCLOB if national and bind.type == CLOB else kind
    elif bind.type in {RAW, LONG_RAW}:
        kind = oracledb.DB_TYPE_RAW
    elif bind.form == NATIONAL:
        kind = oracledb.DB_TYPE_NVARCHAR
    elif bind.type in {CHAR, CHARZ}:
        kind = oracledb.DB_TYPE_CHAR
    var = cursor.var(kind) if kind in _UNSIZED else cursor.var(kind, size=room)
    if value is not None and not statement.returns:
        var.setvalue(0, value if kind in _UNSIZED or isinstance(value, bytes) else str(value))
    return var


_UNSIZED = (oracledb.DB_TYPE_CURSOR, oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_BLOB)


def _array(cursor: oracledb.Cursor, value: Any, bind: Bind) -> oracledb.Var:
    """Return a variable for a PL/SQL table, with its elements, and room for those that come back."""
    items = value if isinstance(value, list) else []
    if bind.elements:  # what is more does not go, as is with Oracle's own driver
        items = items[: bind.elements]
    count = max(len(items), bind.elements, 1)
    if bind.type == TEXTS:
        texts = [None if item is None else str(item) for item in items]
        size = bind.size or max([1, *(len(text) for text in texts if text is not None)])
        var = cursor.arrayvar(oracledb.DB_TYPE_VARCHAR, count, size)
        items = [None if text is None else text[:size] for text in texts]
    else:
        var = cursor.arrayvar(oracledb.DB_TYPE_NUMBER, count)
        items = [_number(item, bind.whole) for item in items]
    var.setvalue(0, items)
    return var


def _number(item: Any, whole: bool) -> Any:
    if item is None:
        return None
    try:
        value = float(item)
    except (TypeError, ValueError):
        fail(f"ORA-01722: invalid number: {item!r} (DBD ERROR: OCIBindByName)", "DataError", code=1722, state=STATE)
    return int(value) if whole or value.is_integer() else value
