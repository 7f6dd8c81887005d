"""The console's own settings: ``~/.config/cpanbridge/console.toml``.

A missing file means the defaults. What is unknown in it is named in a warning with the nearest known name; what is
wrong is an error that says where, before the screen is taken.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from bridge.adminwire import MAX_INTERVAL, MIN_INTERVAL
from bridge.text import printable

__all__ = ["Config", "ConfigError", "default_path", "load", "parse"]

MAX_BYTES = 1_048_576


class ConfigError(ValueError):
    """The file cannot be used; the text names the file and, where possible, the line."""


@attrs.frozen
class Config:
    """What the file says.

    Attributes:
        theme: a Textual theme; "" for the console's own choice.
        interval: seconds between snapshots, 0.1 to 60.
        ascii, mouse: whether to draw with ASCII only, and to take the mouse.
        keys: action id -> keys, comma-separated, as ``App.set_keymap`` wants them.
        names: admin socket -> what the console calls it.
        warnings: sentences about what is unknown.
    """

    theme: str = ""
    interval: float = 0.25
    ascii: bool = False
    mouse: bool = True
    keys: Mapping[str, str] = attrs.field(factory=dict)
    names: Mapping[str, str] = attrs.field(factory=dict)
    warnings: tuple[str, ...] = ()

    def with_interval(self, seconds: float) -> Config:
        """Return these settings with another interval, brought within 0.1 to 60 s."""
        return attrs.evolve(self, interval=min(60.0, max(0.1, seconds)))

    def name_of(self, socket: str) -> str:
        """Return what the file calls a socket, "" if it does not name it."""
        return self.names.get(socket) or self.names.get(os.path.realpath(socket)) or ""


def default_path(environment: Mapping[str, str] | None = None) -> str:
    """Return where the file is looked for: in ``$XDG_CONFIG_HOME``, else in ``~/.config``."""
    environment = os.environ if environment is None else environment
    base = environment.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # the standard says to ignore a relative one
        base = os.path.join(environment.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(base, "cpanbridge", "console.toml")


def load(path: str | None = None, *, known_actions: Iterable[str] = ()) -> Config:
    """Read the file.

    Args:
        path: ``None`` for the usual place, where it may be missing; one that was named must be there.
        known_actions: action ids; without any, all are taken.

    Raises:
        ConfigError: it cannot be read or understood.
    """
    where = path if path is not None else default_path()
    try:
        with open(where, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        if path is None and isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return Config()
        raise ConfigError(f"{printable(where)} cannot be read: {error.strerror or error}.") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{printable(where)} is longer than {MAX_BYTES} bytes; is it the right file?")
    return parse(data, where, known_actions=known_actions)


def parse(data: bytes, where: str, *, known_actions: Iterable[str] = ()) -> Config:
    """Understand the content of the file ``where``. Raises ``ConfigError``."""
    where = printable(where)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where}, line {line}: this is not UTF-8.") from error
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = f"line {text.count(chr(10)) + 1}, the end"
        raise ConfigError(f"{where}: {printable(str(error)).replace('end of document', place)}.") from error
    reader = _Reader(where, text)
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in _TOP:
            reader.unknown(key, key, _TOP)
        elif key == "keys":
            values["keys"] = reader.keys(value, tuple(known_actions))
        elif key == "sockets":
            values["names"] = reader.names(value)
        else:
            values[key] = reader.checked(key, value)
    return Config(**values, warnings=tuple(reader.warnings))


_TOP = ("theme", "interval", "ascii", "mouse", "keys", "sockets")


class _Reader:
    """Checks values and remembers what to warn of."""

    def __init__(self, where: str, text: str) -> None:
        self.warnings: list[str] = []
        self._where = where
        self._lines = text.splitlines()

    def checked(self, key: str, value: object) -> object:
        """Return the value of a simple key."""
        if key == "theme":
            if not isinstance(value, str):
                raise self._wrong(key, "must be a theme's name in quotes", value)
        elif key == "interval":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise self._wrong(key, "must be a number of seconds", value)
            if not MIN_INTERVAL <= value <= MAX_INTERVAL:
                raise self._wrong(key, f"must be from {MIN_INTERVAL:g} to {MAX_INTERVAL:g} seconds", value)
            return float(value)
        elif not isinstance(value, bool):
            raise self._wrong(key, "must be true or false", value)
        return value

    def keys(self, table: object, known: tuple[str, ...]) -> dict[str, str]:
        """Return the key map; unknown actions are left out."""
        found: dict[str, str] = {}
        for action, value in _flat(self._table("keys", table)):
            if not isinstance(value, str) or not value.replace(",", "").strip():
                raise self._wrong(action, 'must be keys in quotes, such as "q,ctrl+q"', value)
            if known and action not in known:
                self.unknown(action, f"keys.{action}", known)
            else:
                found[action] = ",".join(filter(None, (key.strip() for key in value.split(","))))
        return found

    def names(self, table: object) -> dict[str, str]:
        """Return the names of sockets."""
        found: dict[str, str] = {}
        for path, facts in self._table("sockets", table).items():
            for key, value in self._table(path, facts).items():
                if key != "name":
                    self.unknown(key, f'sockets."{path}".{key}', ("name",))
                elif not isinstance(value, str):
                    raise self._wrong(key, "must be a text in quotes", value)
                else:
                    found[os.path.expanduser(path)] = value
        return found

    def unknown(self, key: str, full: str, known: Iterable[str]) -> None:
        """Warn of a key that means nothing."""
        near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else f"; there is {', '.join(known)}."
        self.warnings.append(f"{self._at(key)}: {printable(full)} is unknown{hint}")

    def _table(self, key: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(key, "must be a table", value)
        return value

    def _wrong(self, key: str, rule: str, value: object) -> ConfigError:
        return ConfigError(f"{self._at(key)}: {printable(key)} {rule}, not {printable(repr(value))}.")

    def _at(self, key: str) -> str:
        """Name file and line; TOML's own reader does not keep lines, so the first one with the key is taken."""
        for number, line in enumerate(self._lines, 1):
            bare = line.strip().lstrip("[").lstrip()
            if bare.startswith((key, f'"{key}"', f"'{key}'")) or (bare and f'"{key}"' in bare.partition("=")[0]):
                return f"{self._where}, line {number}"
        return self._where


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Return keys with dots: ``view.next = "n"`` without quotes makes nested tables of one id."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
