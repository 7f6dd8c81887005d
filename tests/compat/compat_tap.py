"""What a Perl test file said: the Test Anything Protocol, as far as a verdict needs it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Verdict", "judge"]

PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?\s*\Z", re.IGNORECASE)
TEST = re.compile(r"(not )?ok\b(?:\s+(\d+))?(.*)\Z", re.DOTALL)
DIRECTIVE = re.compile(r"(?<!\\)#\s*(todo|skip)\b\s*(.*)", re.IGNORECASE)


@dataclass
class Verdict:
    """One file's outcome.

    Attributes:
        passed, failed, skipped, todo: single tests. What was skipped or may fail is not in ``passed``.
        skip_reason: why the whole file was skipped, or None.
        faults: what is wrong, as lines for people; empty where the file passed.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    todo: int = 0
    skip_reason: str | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def judge(output: str, status: int | None) -> Verdict:
    """Judge a file by what it wrote to its standard output and its exit status (None: it ran out of time)."""
    verdict = Verdict()
    planned: int | None = None
    for line in output.splitlines():
        if match := PLAN.match(line):
            planned = int(match[1])
            if planned == 0:
                verdict.skip_reason = (match[2] or "no reason given").strip()
        elif match := TEST.match(line):
            _count(verdict, match, line)
        elif line.startswith("Bail out!"):
            verdict.faults.append(line)
    ran = verdict.passed + verdict.failed + verdict.skipped + verdict.todo
    if status is None:
        verdict.faults.append("ran out of time")
    elif status != 0:
        verdict.faults.append(f"ended with status {status}")
    if planned is None:
        verdict.faults.append("no plan")
    elif planned != ran:
        verdict.faults.append(f"planned {planned} tests, ran {ran}")
    return verdict


def _count(verdict: Verdict, match: re.Match[str], line: str) -> None:
    directive = DIRECTIVE.search(match[3])
    if directive and directive[1].lower() == "skip":
        verdict.skipped += 1
    elif directive:
        verdict.todo += 1
    elif match[1]:
        verdict.failed += 1
        verdict.faults.append(line)
    else:
        verdict.passed += 1
