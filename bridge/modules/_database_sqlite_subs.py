"""Subs of the caller's that SQLite calls while it executes a statement: functions, aggregates, collations, hooks."""

from __future__ import annotations

import ctypes
import functools
import itertools
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from bridge.api import BridgeError
from bridge.modules._database_sqlite_library import (
    COLLATION,
    COMMIT_HOOK,
    FINAL,
    FUNCTION,
    NEEDED,
    ROLLBACK_HOOK,
    TRACE,
    TRACE_PROFILE,
    TRACE_STATEMENTS,
    UPDATE_HOOK,
    UTF8,
    Library,
    SQLiteError,
    text,
)

if TYPE_CHECKING:
    from bridge.modules._database_sqlite_tables import Asker

__all__ = ["Subs"]

Sub = Callable[..., Any]

STEPS_TOGETHER = 500
"""Rows of a group that are collected before an aggregate's sub gets them: one call back for all of them."""

# What Perl and Python take for the same in texts of ASCII; other patterns are Perl's own business.
SIMPLE = re.compile(
    r"(?:[\w\s .^|,:;=@#%&~<>/!\"'-]|\\[dwsDWS.^|()\[\]/+*?\\-]|\(\?:|\((?!\?)|\)|[*+?](?!\+))*", re.ASCII
)


class Subs:
    """The subs of one connection.

    Args:
        library: SQLite's functions.
        db: the connection's address.
        lent: lets calls that a sub makes use the connection.

    Attributes:
        error: what a sub died of for which SQLite has no way to say so.
        used: whether there are subs beside that for REGEXP, or that one has been called.
        closing: set when the connection is closed; from then on nobody is asked about its tables.
        gone: what the caller is to hear of what SQLite has let go of, and who tells it.
    """

    def __init__(self, library: Library, db: ctypes.c_void_p, lent: Callable[[], AbstractContextManager[None]]) -> None:
        self._library = library
        self._db = db
        self._lent = lent
        self._kept: dict[object, object] = {}  # what SQLite calls must not be collected as garbage
        self._steps: dict[int, tuple[int, list[list[object]]]] = {}
        self._serial = itertools.count(1)
        self._trace: Sub | None = None
        self._profile: Sub | None = None
        self.error: str | None = None
        self.used = False
        self.closing = False
        self.gone: list[tuple[Asker, str, int]] = []

    def ask(self, sub: Sub, *arguments: object) -> Any:
        """Call a sub; meanwhile the connection may be used."""
        self.used = True
        with self._library.unlocked(self._db), self._lent():
            return sub(*arguments)

    def _guard(self, sub: Sub, *arguments: object, failed: object = None) -> Any:
        """Call a sub for which SQLite has no way to say that it died."""
        try:
            return self.ask(sub, *arguments)
        except BridgeError as error:
            self.error = error.message
            return failed

    def _check(self, code: int) -> None:
        if code:
            self._library.fail(self._db)

    def keep(self, name: str, thing: object) -> None:
        """Keep what SQLite looks at as long as the connection is open."""
        self._kept[name] = thing

    # --- functions ---

    def function(self, name: str, arguments: int, sub: Sub | None, flags: int) -> None:
        """Define a function of SQL's, or take it away."""
        self.used = True
        self._function(name, arguments, None if sub is None else functools.partial(self.ask, sub), flags)

    def _function(self, name: str, arguments: int, called: Sub | None, flags: int) -> None:
        library = self._library

        def call(context: int, count: int, values: Any) -> None:
            try:
                library.give(context, called(*[library.value(values[index]) for index in range(count)]))  # type: ignore[misc]
            except BridgeError as error:
                library.refuse(context, error.message)

        kept = FUNCTION(call) if called is not None else None
        encoding = UTF8 | flags
        self._check(
            library.create_function_v2(self._db, name.encode(), arguments, encoding, None, kept, None, None, None)
        )
        self._kept["function", name.lower(), arguments] = kept

    def regexp(self, matches: Sub) -> None:
        """Define what the operator REGEXP does; ``matches`` gets the pattern and the text."""
        compiled: dict[str, re.Pattern[str] | None] = {}

        def match(pattern: object, value: object) -> int | None:
            if pattern is None or value is None:
                return None
            if isinstance(pattern, str) and isinstance(value, str | int | float) and str(value).isascii():
                if pattern not in compiled:
                    simple = pattern.isascii() and SIMPLE.fullmatch(pattern)
                    try:
                        compiled[pattern] = re.compile(pattern, re.ASCII) if simple else None
                    except re.error:
                        compiled[pattern] = None
                known = compiled[pattern]
                if known is not None:
                    return 1 if known.search(str(value)) else 0
            return 1 if self.ask(matches, pattern, value) else 0

        self._function("regexp", 2, match, 0)

    def aggregate(self, name: str, arguments: int, step: Sub, finish: Sub, flags: int) -> None:
        """Define an aggregate: ``step`` gets a group's number and several rows' arguments, ``finish`` the number.

        ``finish`` gets the rows that ``step`` has not had as a second argument.
        """
        self.used = True
        library = self._library

        def collect(context: int, count: int, values: Any) -> None:
            try:
                number, rows = self._group(context)
                rows.append([library.value(values[index]) for index in range(count)])
                if len(rows) >= STEPS_TOGETHER:
                    self.ask(step, number, rows[:])
                    rows.clear()
            except BridgeError as error:
                library.refuse(context, error.message)

        def end(context: int) -> None:
            number, rows = self._group(context)
            self._steps.pop(number, None)
            try:
                library.give(context, self.ask(finish, number, rows))
            except BridgeError as error:
                library.refuse(context, error.message)

        kept = FUNCTION(collect), FINAL(end)
        self._check(
            library.create_function_v2(self._db, name.encode(), arguments, UTF8 | flags, None, None, *kept, None)
        )
        self._kept["function", name.lower(), arguments] = kept

    def _group(self, context: int) -> tuple[int, list[list[object]]]:
        place = ctypes.cast(self._library.aggregate_context(context, 8), ctypes.POINTER(ctypes.c_int64))
        if not place[0]:
            place[0] = next(self._serial)
            self._steps[place[0]] = place[0], []
        return self._steps[place[0]]

    # --- collations ---

    def collation(self, name: str, sub: Sub | None) -> None:
        """Define how strings are ordered, or take that away."""
        self.used = True

        def compare(_: object, length: int, one: int, other_length: int, other: int) -> int:
            texts = [
                text(ctypes.string_at(at, size)) if size else "" for at, size in ((one, length), (other, other_length))
            ]
            answer = self._guard(sub, *texts, failed=0)  # type: ignore[arg-type]
            return int(answer or 0)

        kept = COLLATION(compare) if sub is not None else None
        self._check(self._library.create_collation_v2(self._db, name.encode(), UTF8, None, kept, None))
        self._kept["collation", name.lower()] = kept

    def bytewise(self, name: str) -> None:
        """Define a collation that orders by the numbers of characters, which in UTF-8 is the order of the bytes."""

        def compare(_: object, length: int, one: int, other_length: int, other: int) -> int:
            first, second = ctypes.string_at(one, length), ctypes.string_at(other, other_length)
            return (first > second) - (first < second)

        kept = COLLATION(compare)
        self._check(self._library.create_collation_v2(self._db, name.encode(), UTF8, None, kept, None))
        self._kept["collation", name] = kept

    def collation_needed(self, needed: Sub, ordered: Sub) -> None:
        """Have a sub asked for unknown collations: 1 where there is one that ``ordered(name, ...)`` knows."""

        def ask(_: object, __: object, ___: int, name: bytes) -> None:
            spelt = name.decode(errors="replace")
            if self._guard(needed, spelt, failed=0) == 1:
                try:
                    self.collation(spelt, lambda one, other: ordered(spelt, one, other))
                except SQLiteError as error:
                    self.error = str(error)

        kept = NEEDED(ask)
        self._check(self._library.collation_needed(self._db, None, kept))
        self._kept["collation_needed"] = kept

    # --- hooks ---

    def hook(self, kind: str, sub: Sub | None) -> None:
        """Have a sub called at each ``commit``, ``rollback`` or ``update`` (of any row); or no longer."""
        kept: Any = None
        self.used = True
        if sub is not None:
            called = sub
            if kind == "commit":
                kept = COMMIT_HOOK(lambda _: 1 if self._guard(called, failed=1) else 0)
            elif kind == "rollback":
                kept = ROLLBACK_HOOK(lambda _: self._guard(called) and None)
            else:
                kept = UPDATE_HOOK(
                    lambda _, action, schema, table, row: (
                        self._guard(called, action, schema.decode(), table.decode(), row) and None
                    )
                )
        getattr(self._library, f"{kind}_hook")(self._db, kept, None)
        self._kept["hook", kind] = kept

    def watch_statements(self, kind: str, sub: Sub | None) -> None:
        """Tell a sub of each statement: ``trace`` of its text with the values, ``profile`` of text and nanoseconds."""
        self.used = True
        if kind == "trace":
            self._trace = sub
        else:
            self._profile = sub
        library = self._library

        def told(event: int, _: object, statement: int, detail: int) -> int:
            if event == TRACE_STATEMENTS and self._trace is not None:
                expanded = library.expanded_sql(statement)
                if expanded:
                    sql = ctypes.string_at(expanded).decode(errors="replace")
                    library.free(expanded)
                    self._guard(self._trace, sql)
            elif event == TRACE_PROFILE and self._profile is not None:
                spent = ctypes.cast(detail, ctypes.POINTER(ctypes.c_int64))[0]
                self._guard(self._profile, (library.sql(statement) or b"").decode(errors="replace"), spent)
            return 0

        mask = (TRACE_STATEMENTS if self._trace else 0) | (TRACE_PROFILE if self._profile else 0)
        kept = TRACE(told) if mask else None
        library.trace_v2(self._db, mask, kept, None)
        self._kept["trace"] = kept
