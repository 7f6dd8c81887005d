"""Which databases a caller may open: whoever is not the daemon's own user must not use the daemon's rights."""

from __future__ import annotations

import os
import re
import urllib.parse
from typing import Annotated

import attrs
import msgspec

from bridge.api import BridgeError, ErrorType, Peer

__all__ = ["Options", "Rules"]

IN_MEMORY = ("", ":memory:")
"""Names of SQLite databases that are no files: a temporary one, and one in memory."""

ODBC_WORD = re.compile(r"[^\W\d](?:[\w .\-]*\w)?")
"""What a word of a connection string is called."""

ODBC_FOR_OTHERS = {"DSN": frozenset(";{}="), "UID": frozenset(";{}="), "PWD": frozenset(";{}")}
"""The words that callers of other users may use, and what may not be in them: it could make another word."""


class Options(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The table [modules.database].

    Attributes:
        folders: folders below which callers of other users may open SQLite files, with the daemon's rights.
        servers: hosts (or ``host:port``) that callers of other users may connect to; ``"*"`` stands for all.
        data_sources: names of ODBC's that callers of other users may connect to; ``"*"`` stands for all.
        max_connections: databases that one client connection may have open at the same time.
        statement_seconds: a statement that runs longer is interrupted.
        batch_bytes: about how large a batch of rows may be.
    """

    folders: list[str] = []
    servers: list[str] = []
    data_sources: list[str] = []
    max_connections: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    statement_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 290.0
    batch_bytes: Annotated[int, msgspec.Meta(ge=1024, le=1 << 28)] = 1 << 20


@attrs.frozen
class Rules:
    """What one caller may open.

    Attributes:
        trusted: the caller is the daemon's own user, or root: what it is given it could take itself.
        folders: where others may open files.
        servers: where others may connect to.
        data_sources: what others may connect to by ODBC.
    """

    trusted: bool
    folders: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    data_sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, peer: Peer, options: Options) -> Rules:
        """Return the rules for a caller."""
        folders = tuple(os.path.realpath(folder) for folder in options.folders)
        trusted = peer.uid in (0, os.geteuid())
        return cls(trusted, folders, tuple(options.servers), tuple(options.data_sources))

    def check_file(self, name: str) -> None:
        """Accept the name of a SQLite database.

        Raises:
            BridgeError: ``Forbidden``, with what to do; ``BadParams`` for a relative name, which would be looked for
                where the daemon was started.
        """
        path = _path(name)
        if path is None:
            return
        if not os.path.isabs(path):
            raise BridgeError(ErrorType.BAD_PARAMS, f"The database file {path!r} must be named by its whole path.")
        if self.trusted:
            return
        # The file need not exist; its folder tells where it would be. A name that is a link leads somewhere else.
        real = os.path.realpath(path)
        if "vfs=" not in name and any(os.path.commonpath([real, folder]) == folder for folder in self.folders):
            return
        raise BridgeError(
            ErrorType.FORBIDDEN,
            f"The daemon runs as another user and does not open {path} for you: only :memory: databases, or files "
            "below the folders that [modules.database] folders names.",
        )

    def check_server(self, host: str, port: str) -> None:
        """Accept a server; an empty host is this machine's, by its Unix socket.

        Raises:
            BridgeError: ``Forbidden``, with what to do.
        """
        if self.trusted or not {"*", host or "local", f"{host}:{port}"}.isdisjoint(self.servers):
            return
        raise BridgeError(
            ErrorType.FORBIDDEN,
            f"The daemon runs as another user and does not connect to {host or 'the local server'} for you, unless "
            f'[modules.database] servers names "{host or "local"}".',
        )

    def allows_data_source(self, name: str) -> bool:
        """Return whether the caller may use a data source of ODBC's; their names are the same in all cases."""
        return self.trusted or not {"*", name.lower()}.isdisjoint(known.lower() for known in self.data_sources)

    def check_data_source(self, words: dict[str, str]) -> None:
        """Accept the words of an ODBC connection string.

        For others than the daemon's own user only a name that the configuration lists, a user and a password will do:
        any other word may name a library that is loaded into the daemon, a file of its user's, or another server.

        Raises:
            BridgeError: ``Forbidden``, with what to do; ``BadParams`` for text that no connection string can hold.
        """
        if strange := [name for name, value in words.items() if "\0" in value or not ODBC_WORD.fullmatch(name)]:
            raise BridgeError(ErrorType.BAD_PARAMS, f"A connection string cannot hold the word {min(strange)!r}.")
        if self.trusted:
            return
        given = {name.upper(): value for name, value in words.items()}
        if others := sorted(given.keys() - ODBC_FOR_OTHERS):
            raise BridgeError(
                ErrorType.FORBIDDEN,
                f"The daemon runs as another user and takes no {others[0]} in a connection string from you: only DSN "
                "with a name that [modules.database] data_sources lists, UID and PWD.",
            )
        if strange := [name for name, value in given.items() if not ODBC_FOR_OTHERS[name].isdisjoint(value)]:
            raise BridgeError(
                ErrorType.FORBIDDEN,
                f"The daemon runs as another user and takes no {strange[0]} with one of ; {{ }} = from you.",
            )
        if not self.allows_data_source(given.get("DSN", "")):
            raise BridgeError(
                ErrorType.FORBIDDEN,
                f"The daemon runs as another user and does not connect to the data source {given.get('DSN', '')} for "
                f'you, unless [modules.database] data_sources names "{given.get("DSN", "")}".',
            )


def _path(name: str) -> str | None:
    """Return the path that a name of SQLite's leads to; ``None`` for a database that is no file."""
    if name in IN_MEMORY:
        return None
    if not name.startswith("file:"):
        return name
    parts = urllib.parse.urlsplit(name)
    query = dict(urllib.parse.parse_qsl(parts.query))
    path = urllib.parse.unquote(parts.path)
    if parts.netloc not in ("", "localhost"):
        return f"//{parts.netloc}{path}"
    if path in IN_MEMORY or (query.get("mode") == "memory" and "vfs" not in query):
        return None
    return path
