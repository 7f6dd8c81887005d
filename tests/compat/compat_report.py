"""Tables of outcomes: for the terminal, as JSON, and for docs/compat.md. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compat_run import Outcome, Seen

__all__ = ["as_data", "line", "put_into_docs", "why"]

BEGIN = "<!-- the table of make compat ARGS=--docs begins -->"
END = "<!-- the table of make compat ARGS=--docs ends -->"
HEAD = "| suite | files passed | tests passed | files skipped | internals left out |"

SHOWN_LINES = 12
"""Lines of a failing file's output that are worth showing; the rest mostly follows from them."""


def as_data(outcome: Outcome) -> dict[str, object]:
    """Return an outcome as what JSON can hold."""
    verdicts = [seen.verdict for seen in outcome.seen]
    return {
        "suite": outcome.suite.name,
        "trouble": outcome.trouble,
        "files": len(outcome.seen) - len(outcome.skipped),
        "files_passed": len(outcome.passed),
        "files_skipped": {seen.file: seen.verdict.skip_reason for seen in outcome.skipped},
        "internals": outcome.internals,
        "tests": sum(verdict.passed + verdict.failed for verdict in verdicts),
        "tests_passed": sum(verdict.passed for verdict in verdicts),
        "tests_skipped": sum(verdict.skipped for verdict in verdicts),
        "tests_todo": sum(verdict.todo for verdict in verdicts),
        "failed": {seen.file: seen.verdict.faults for seen in outcome.failed},
        "seconds": round(sum(seen.seconds for seen in outcome.seen), 1),
    }


def line(outcome: Outcome, label: str) -> str:
    """Return an outcome in a line."""
    name = f"{outcome.suite.name} ({label})"
    if outcome.trouble is not None:
        return f"{name:34} not run: {outcome.trouble}"
    data = as_data(outcome)
    text = f"{name:34} files {data['files_passed']}/{data['files']}  tests {data['tests_passed']}/{data['tests']}"
    if outcome.skipped:
        text += f"  files skipped {len(outcome.skipped)}"
    if outcome.internals:
        text += f"  left out {len(outcome.internals)}"
    return f"{text}  {data['seconds']} s"


def why(seen: Seen) -> str:
    """Return the first lines of what a failing file said."""
    lines = [f"--- {seen.file}: {'; '.join(seen.verdict.faults[:4])}"]
    said = [text for text in seen.errors.splitlines() if text.strip()]
    return "\n    ".join([*lines, *said[:SHOWN_LINES]])


def put_into_docs(text: str, outcomes: list[Outcome], order: list[str]) -> str:
    """Return the page with the outcomes' rows in its table; rows of suites that were not run stay as they are.

    Args:
        text: the page.
        order: names of all suites, in the order of the rows.

    Raises:
        ValueError: the page lacks the marks between which the table stands.
    """
    match = re.search(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", text, re.DOTALL)
    if not match:
        raise ValueError(f"the page has no lines '{BEGIN}' and '{END}'")
    rows = {row.split("|")[1].strip(): row for row in match[1].splitlines() if row.startswith("| ")}
    for outcome in outcomes:
        if outcome.trouble is None:
            rows[outcome.suite.name] = _row(outcome)
    table = "\n".join(
        ["", HEAD, "| --- | --- | --- | --- | --- |", *(rows[name] for name in order if name in rows), ""]
    )
    return f"{text[: match.start()]}{BEGIN}\n{table}\n{END}{text[match.end() :]}"


def _row(outcome: Outcome) -> str:
    data = as_data(outcome)
    left_out = str(len(outcome.internals)) if outcome.internals else ""
    skipped = str(len(outcome.skipped)) if outcome.skipped else ""
    name, files = outcome.suite.name, f"{data['files_passed']} of {data['files']}"
    return f"| {name} | {files} | {data['tests_passed']:,} of {data['tests']:,} | {skipped} | {left_out} |"
