"""What SQLite's header declares of virtual tables and of full-text search's tokenizers, for ctypes."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int, c_int64, c_ubyte, c_uint64, c_void_p

__all__ = [
    "OPERATORS",
    "Constraint",
    "IndexInfo",
    "ModuleMethods",
    "OrderBy",
    "TokenCursor",
    "Tokenizer",
    "TokenizerMethods",
    "Usage",
    "VirtualCursor",
    "VirtualTable",
]

OK, ERROR, DONE = 0, 1, 101

OPERATORS = {
    2: "=", 4: ">", 8: "<=", 16: "<", 32: ">=", 64: "MATCH", 65: "LIKE", 66: "GLOB", 67: "REGEXP", 68: "NE",
    69: "ISNOT", 70: "ISNOTNULL", 71: "ISNULL", 72: "IS",
}  # fmt: skip
"""What DBD::SQLite calls the operators of constraints. LIMIT and OFFSET are not among them: a class that has never
heard of them would have SQLite leave them to it."""


class VirtualTable(Structure):
    """The beginning of a virtual table, which is SQLite's own."""

    _fields_ = (("module", c_void_p), ("references", c_int), ("message", c_void_p))


class VirtualCursor(Structure):
    """The beginning of a cursor."""

    _fields_ = (("table", c_void_p),)


class Constraint(Structure):
    """A condition of WHERE on a column."""

    _fields_ = (("column", c_int), ("operator", c_ubyte), ("usable", c_ubyte), ("offset", c_int))


class OrderBy(Structure):
    """A part of ORDER BY."""

    _fields_ = (("column", c_int), ("descending", c_ubyte))


class Usage(Structure):
    """What a table does with a constraint."""

    _fields_ = (("argument", c_int), ("omit", c_ubyte))


class IndexInfo(Structure):
    """What SQLite asks of a table before a query, and is told."""

    _fields_ = (
        ("constraint_count", c_int),
        ("constraints", POINTER(Constraint)),
        ("order_by_count", c_int),
        ("order_by", POINTER(OrderBy)),
        ("usages", POINTER(Usage)),
        ("number", c_int),
        ("text", c_void_p),
        ("text_is_to_be_freed", c_int),
        ("is_ordered", c_int),
        ("cost", c_double),
        ("rows", c_int64),
        ("flags", c_int),
        ("columns_used", c_uint64),
    )


CREATE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, POINTER(c_char_p), POINTER(c_void_p), POINTER(c_void_p))
BEST_INDEX = CFUNCTYPE(c_int, c_void_p, POINTER(IndexInfo))
PLAIN = CFUNCTYPE(c_int, c_void_p)
OPEN = CFUNCTYPE(c_int, c_void_p, POINTER(c_void_p))
FILTER = CFUNCTYPE(c_int, c_void_p, c_int, c_char_p, c_int, POINTER(c_void_p))
COLUMN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
ROWID = CFUNCTYPE(c_int, c_void_p, POINTER(c_int64))
UPDATE = CFUNCTYPE(c_int, c_void_p, c_int, POINTER(c_void_p), POINTER(c_int64))
FIND = CFUNCTYPE(c_int, c_void_p, c_int, c_char_p, POINTER(c_void_p), POINTER(c_void_p))
RENAME = CFUNCTYPE(c_int, c_void_p, c_char_p)
SAVEPOINT = CFUNCTYPE(c_int, c_void_p, c_int)
DESTROY = CFUNCTYPE(None, c_void_p)


class ModuleMethods(Structure):
    """A module's functions, by SQLite's names without their x."""

    _fields_ = (
        ("version", c_int),
        ("create", CREATE),
        ("connect", CREATE),
        ("best_index", BEST_INDEX),
        ("disconnect", PLAIN),
        ("destroy", PLAIN),
        ("open", OPEN),
        ("close", PLAIN),
        ("filter", FILTER),
        ("next", PLAIN),
        ("eof", PLAIN),
        ("column", COLUMN),
        ("rowid", ROWID),
        ("update", UPDATE),
        ("begin", PLAIN),
        ("sync", PLAIN),
        ("commit", PLAIN),
        ("rollback", PLAIN),
        ("find_function", FIND),
        ("rename", RENAME),
        ("savepoint", SAVEPOINT),
        ("release", SAVEPOINT),
        ("rollback_to", SAVEPOINT),
        ("shadow_name", c_void_p),
        ("integrity", c_void_p),
    )


class Tokenizer(Structure):
    """The beginning of a tokenizer; SQLite enters its module."""

    _fields_ = (("module", c_void_p),)


class TokenCursor(Structure):
    """The beginning of what goes through a text; SQLite enters its tokenizer."""

    _fields_ = (("tokenizer", c_void_p),)


TOKENIZER_CREATE = CFUNCTYPE(c_int, c_int, POINTER(c_char_p), POINTER(c_void_p))
TOKENIZER_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, POINTER(c_void_p))
TOKENIZER_NEXT = CFUNCTYPE(
    c_int, c_void_p, POINTER(c_void_p), POINTER(c_int), POINTER(c_int), POINTER(c_int), POINTER(c_int)
)


class TokenizerMethods(Structure):
    """A tokenizer's functions."""

    _fields_ = (
        ("version", c_int),
        ("create", TOKENIZER_CREATE),
        ("destroy", PLAIN),
        ("open", TOKENIZER_OPEN),
        ("close", PLAIN),
        ("next", TOKENIZER_NEXT),
        ("language", c_void_p),
    )


def address_of(function: object) -> int | None:
    """Return where C finds a function made with CFUNCTYPE."""
    return ctypes.cast(function, c_void_p).value  # type: ignore[arg-type]
