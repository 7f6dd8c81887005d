"""Rows as CSV or JSON, the screen as a picture, and files that never take the place of others.

A spreadsheet runs what begins with ``=`` as a formula, and names of clients are chosen by whoever runs them; such
cells get an apostrophe in front. Numbers keep their sign.
"""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
import os
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import attrs
import msgspec
from rich.cells import cell_len

from bridge.text import printable

__all__ = ["create_new", "export_rows", "export_screen", "screen_text", "to_csv", "to_json", "write_new"]

MAX_COPIES = 1000
LONGEST_CELL = 10_000

SVG_CELL = 12.2
"""Width of a character cell in the SVG that Rich makes."""

_SVG_TEXT = re.compile(r'<text[^>]*? x="([\d.]+)"[^>]*?-line-(\d+)\)"[^>]*>(.*?)</text>')

_FORMULA = ("=", "+", "-", "@")
_DOUBLE_SUFFIXES = (".jsonl.gz", ".tar.gz")


class Screen(Protocol):
    """What ``textual.app.App`` has."""

    def export_screenshot(self, *, simplify: bool = ...) -> str:
        """Return the screen as SVG."""
        ...


def export_rows(name: str, rows: Sequence[object], folder: str = "") -> list[str]:
    """Write rows as CSV and as JSON into new files, ``cpanbridge-NAME-DATE``, and return their paths.

    Raises:
        OSError: one of them cannot be written.
    """
    stem = os.path.join(folder, f"cpanbridge-{name}-{time.strftime('%Y%m%d-%H%M%S')}")
    return [write_new(f"{stem}.csv", to_csv(rows)), write_new(f"{stem}.json", to_json(rows))]


def export_screen(app: Screen, folder: str = "") -> list[str]:
    """Write the screen as SVG and as text into new files and return their paths.

    The SVG names no font that a browser would fetch from elsewhere.

    Raises:
        OSError: one of them cannot be written.
    """
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", app.export_screenshot(simplify=True), flags=re.DOTALL)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono")
    stem = os.path.join(folder, f"cpanbridge-screen-{time.strftime('%Y%m%d-%H%M%S')}")
    return [write_new(f"{stem}.svg", svg), write_new(f"{stem}.txt", screen_text(svg))]


def screen_text(svg: str) -> str:
    """Return the lines of a screen's SVG: its texts at their places."""
    lines: dict[int, str] = {}
    for x, line, text in _SVG_TEXT.findall(svg):
        row = lines.get(int(line), "")
        column = round(float(x) / SVG_CELL)
        lines[int(line)] = row + " " * (column - cell_len(row)) + html.unescape(text).replace("\xa0", " ")
    return "".join(f"{lines.get(line, '').rstrip()}\n" for line in range(max(lines, default=-1) + 1))


def to_csv(rows: Iterable[object], columns: Sequence[str] | None = None) -> str:
    """Return rows (structs, attrs values or mappings) as CSV with a header line.

    Args:
        columns: which fields, in which order; ``None`` for all of the first row's.
    """
    facts = [_facts(row) for row in rows]
    names = list(columns if columns is not None else facts[0] if facts else ())
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(fact.get(name)) for name in names] for fact in facts)
    return out.getvalue()


def to_json(rows: Iterable[object], columns: Sequence[str] | None = None) -> str:
    """Return rows as a JSON array of objects, one a line."""
    facts = [_facts(row) for row in rows]
    if columns is not None:
        facts = [{name: fact.get(name) for name in columns} for fact in facts]
    # ASCII only: a half surrogate or a control character in a name must not spoil the file.
    lines = (json.dumps(fact, ensure_ascii=True) for fact in facts)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def create_new(path: str) -> tuple[int, str]:
    """Create a file for writing, mode 0600: (descriptor, its real path).

    A file that is there is left alone, and so is a link: then the name becomes ``name-2``, ``name-3`` and so on.

    Raises:
        OSError: it cannot be created.
    """
    stem, suffix = _split(os.path.expanduser(path))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for number in itertools.count(1):
        name = stem + suffix if number == 1 else f"{stem}-{number}{suffix}"
        try:
            return os.open(name, flags, 0o600), name
        except FileExistsError:
            if number >= MAX_COPIES:
                raise
    raise AssertionError  # not reached: count() does not end


def write_new(path: str, text: str) -> str:
    """Write a text into a new file and return the file's real path; half of it is never left behind.

    Raises:
        OSError: it cannot be written; its text says why.
    """
    descriptor, name = create_new(path)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
    except OSError:
        os.unlink(name)
        raise
    return name


def _split(path: str) -> tuple[str, str]:
    for suffix in _DOUBLE_SUFFIXES:
        if path.endswith(suffix):
            return path.removesuffix(suffix), suffix
    return os.path.splitext(path)


def _facts(row: object) -> dict[str, Any]:
    if isinstance(row, msgspec.Struct):
        return {name: msgspec.to_builtins(getattr(row, name)) for name in row.__struct_fields__}
    kind: Any = type(row)
    if attrs.has(kind):
        return {field.name: msgspec.to_builtins(getattr(row, field.name)) for field in attrs.fields(kind)}
    if isinstance(row, dict):
        return row
    raise TypeError(f"{type(row).__name__} has no fields to export")


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return value
    # Tabs and line ends, which spreadsheets skip before a formula, are spelled out here.
    text = printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=True), LONGEST_CELL)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
