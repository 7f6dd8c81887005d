"""Module ``database``: what takes subs of the caller's that SQLite calls while it executes statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from bridge.api import Callback, Module, Session
from bridge.modules._database_driver import fail
from bridge.modules._database_sqlite import SQLite
from bridge.modules._database_sqlite_find import Find, only_sqlite
from bridge.modules._database_sqlite_subs import Subs
from bridge.modules._database_sqlite_tables import TableError
from bridge.modules._database_sqlite_tokenizers import register_tokenizers
from bridge.modules._database_sqlite_vtab import register_module

__all__ = ["register"]

Steps = Annotated[int, msgspec.Meta(ge=1, le=1 << 30)]
Arguments = Annotated[int, msgspec.Meta(ge=-1, le=127)]


def register(module: Module, find: Find) -> None:
    """Add the functions to a module.

    Args:
        module: the one that gets them.
        find: returns the connection of a caller that has a number.
    """
    sqlite = only_sqlite(find)

    def subs(used: SQLite) -> Subs:
        if used.subs is None:
            fail("SQLite cannot call subs with this Python, which has it built in", "NotSupportedError", code=1)
        return used.subs

    @module.function
    def create_function(  # noqa: PLR0917 - callers name them
        session: Session, connection: int, name: str, arguments: Arguments, code: Callback | None, flags: int = 0
    ) -> None:
        """Define a function of SQL's with so many ``arguments`` (-1: any number), or take it away."""
        used = sqlite(session, connection)
        with used.using(), used.errors():
            subs(used).function(name, arguments, code, flags)

    @module.function
    def create_aggregate(  # noqa: PLR0917 - the same
        session: Session,
        connection: int,
        name: str,
        arguments: Arguments,
        step: Callback,
        finish: Callback,
        flags: int = 0,
    ) -> None:
        """Define an aggregate.

        ``step`` gets a group's number and a list of rows' arguments, ``finish`` the number and the rows that are left,
        and returns the group's value.
        """
        used = sqlite(session, connection)
        with used.using(), used.errors():
            subs(used).aggregate(name, arguments, step, finish, flags)

    @module.function
    def create_collation(session: Session, connection: int, name: str, code: Callback | None) -> None:
        """Define how strings are ordered; the sub gets two and returns less than, greater than, or 0."""
        used = sqlite(session, connection)
        with used.using(), used.errors():
            subs(used).collation(name, code)

    @module.function
    def create_module(session: Session, connection: int, name: str, number: int, code: Callback) -> None:
        """Have virtual tables ``USING name`` be the caller's.

        The sub gets a word, the number of the module, of a table or of a cursor, and what belongs to it. It returns a
        list of one value, or ``{"died": text}``. Tables and cursors get their numbers in the calls that make them.
        """
        used = sqlite(session, connection)
        with used.using(), used.errors():
            mine = subs(used)
            found, address = used.library
            try:
                register_module(mine, found, address, name, number, code)
            except TableError as error:
                fail(str(error), "NotSupportedError", code=1)

    @module.function
    def use_subs(  # noqa: PLR0917 - callers name them
        session: Session,
        connection: int,
        regexp: Callback,
        known: Callback,
        ordered: Callback,
        tokenizer: Callback | None = None,
    ) -> None:
        """Have subs asked where SQLite knows no answer itself.

        ``regexp`` gets a pattern and a text that Python may understand otherwise; ``known`` the name of a collation
        that nobody has defined, ``ordered`` one that is known, and two strings. ``tokenizer`` is asked for the terms of
        texts as ``tokenize=perl`` wants them: it gets a word, the number of a tokenizer or a text, and what belongs to
        it, and returns a list of one value, or ``{"died": text}``.
        """
        used = sqlite(session, connection)
        with used.using(), used.errors():
            mine = subs(used)
            mine.regexp(regexp)
            mine.collation_needed(known, ordered)
            if tokenizer is not None:
                found, address = used.library
                with used.unwatched():
                    register_tokenizers(mine, found, address, used.raw, tokenizer)

    _register_watchers(module, sqlite, subs)


def _register_watchers(
    module: Module, sqlite: Callable[[Session, int], SQLite], subs: Callable[[SQLite], Subs]
) -> None:
    @module.function
    def progress_handler(session: Session, connection: int, steps: Steps, code: Callback | None) -> None:
        """Have a sub called every so many instructions; what it returns, where true, ends the statement."""
        used = sqlite(session, connection)
        with used.using():
            used.watch(steps, code)

    @module.function
    def set_authorizer(session: Session, connection: int, code: Callback | None) -> None:
        """Have a sub asked before each action of a statement: 0 allows, 1 refuses, 2 ignores it."""
        used = sqlite(session, connection)
        with used.using():
            used.ask_before(code)

    @module.function
    def hook(
        session: Session, connection: int, kind: Literal["commit", "rollback", "update"], code: Callback | None
    ) -> None:
        """Have a sub called at each commit (which it refuses by what is true), rollback, or change of a row."""
        used = sqlite(session, connection)
        with used.using():
            subs(used).hook(kind, code)

    @module.function
    def watch_statements(
        session: Session, connection: int, kind: Literal["trace", "profile"], code: Callback | None
    ) -> None:
        """Tell a sub of each statement: ``trace`` of its text with the values, ``profile`` of text and nanoseconds."""
        used = sqlite(session, connection)
        with used.using():
            subs(used).watch_statements(kind, code)
