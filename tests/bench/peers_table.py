"""The tables of ``make bench-peers``, and whether its goals were reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Cell", "print_markdown", "print_table", "verdicts"]

AHEAD = 2.0
"""So many times the calls a second of every peer whose Python runs in another process are asked for."""

ABOVE_FLOOR = 1.5
"""At most so many times as long as the floor may a call take."""


class Cell(NamedTuple):
    """What was measured of one peer at one task; times in seconds, memory in MiB.

    Attributes:
        rate: calls a second, all callers together.
        p50, p99: how long a call took, as its caller saw it.
        caller_cpu, server_cpu: CPU time of a call on either side.
        caller_mb, server_mb: resident memory of one caller, and of the server (0 where there is none).
    """

    rate: float
    p50: float
    p99: float
    caller_cpu: float
    server_cpu: float
    caller_mb: float
    server_mb: float


Cells = Mapping[tuple[str, str], Cell]
HEADS = ("calls/s", "p50 ms", "p99 ms", "Perl CPU us", "Python CPU us", "Perl MiB", "Python MiB")


def texts(cell: Cell) -> list[str]:
    """Return a cell's figures as they are shown."""
    return [
        f"{cell.rate:,.0f}" if cell.rate >= 100 else f"{cell.rate:.1f}",
        f"{cell.p50 * 1e3:.3g}",
        f"{cell.p99 * 1e3:.3g}",
        f"{cell.caller_cpu * 1e6:,.0f}",
        f"{cell.server_cpu * 1e6:,.0f}",
        f"{cell.caller_mb:.0f}",
        f"{cell.server_mb:.0f}" if cell.server_mb else "-",
    ]


def print_table(tasks: Sequence[str], peers: Sequence[str], cells: Cells) -> None:
    """Print for a terminal."""
    wide = max(len(name) for name in peers)
    for task in tasks:
        print(f"{task:{wide}} " + " ".join(f"{head:>13}" for head in HEADS))
        for name in peers:
            print(f"{name:{wide}} " + " ".join(f"{text:>13}" for text in texts(cells[task, name])))
        print()


def print_markdown(tasks: Sequence[str], peers: Sequence[str], cells: Cells) -> None:
    """Print for a document."""
    for task in tasks:
        print(f"| {task} | " + " | ".join(HEADS) + " |")
        print("|---|" + "--:|" * len(HEADS))
        for name in peers:
            print(f"| {name} | " + " | ".join(texts(cells[task, name])) + " |")
        print()


def verdicts(tasks: Sequence[str], apart: Sequence[str], cells: Cells) -> Iterator[tuple[bool, str]]:
    """Yield for each goal whether it was reached, and a sentence with the figures.

    The first of ``apart`` is ours with core modules only. It is compared with each peer by calls a second, and each
    form of ours with the floor that has the same JSON module by the time of a call, 1 / rate: with many callers both
    are what the cores have to do for it.
    """
    ours = apart[0]
    for task in tasks:
        for name in apart:
            if name.startswith((ours, "floor")):
                continue
            times = cells[task, ours].rate / cells[task, name].rate
            yield times >= AHEAD, f"{task}: {times:.1f} times the calls of {name} (goal {AHEAD:g})"
        for name in apart:
            if name.startswith(ours):
                decoder = name.partition(", ")[2] or "JSON::PP"
                floor = f"floor: {decoder}, echo"
                times = cells[task, floor].rate / cells[task, name].rate
                yield times <= ABOVE_FLOOR, f"{task}: a call takes {times:.2f} times the {floor} (goal {ABOVE_FLOOR:g})"
