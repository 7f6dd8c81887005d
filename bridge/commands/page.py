"""Standard output as the commands use it: how wide it is, whether it has colours, tables and JSON on it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence

from bridge.commands.table import Column, lay_out, paint
from bridge.text import printable

__all__ = ["coloured", "print_json", "print_table", "print_warnings", "screen_width", "styled"]


def coloured() -> bool:
    """Whether levels are shown in colour: on a terminal that has some, and NO_COLOR is not set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def screen_width() -> int | None:
    """Return the cells of a line of the terminal; ``None`` for a file or a pipe, where nothing needs to be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def styled(text: str, level: str) -> str:
    """Return ``text`` in the colour of a level, where there are colours."""
    return paint(text, level, colour=coloured())


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]], levels: Sequence[str] = ()) -> None:
    """Print a table; see :func:`bridge.commands.table.lay_out`."""
    for line in lay_out(columns, rows, width=screen_width(), colour=coloured(), levels=levels):
        print(line)


def print_warnings(warnings: Iterable[str]) -> None:
    """Print what the daemon has to say beside its answer: that its disk is full, say."""
    for warning in warnings:
        print(styled(f"Warning: {printable(warning, 500)}", "warning"))


def print_json(value: object) -> None:
    """Print one line of JSON. It is ASCII: what is hidden in foreign text does not reach a terminal through it."""
    print(json.dumps(value))
