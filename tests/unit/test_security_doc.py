"""docs/security.md: every claim names tests, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::[\w:]+)`", TEXT)))


@cache
def names_in(file: str) -> frozenset[str]:
    """Return the tests in a file: ``test_x``, ``TestY::test_z``."""
    found: set[str] = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            inside = (each for each in node.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)))
            found.update(f"{node.name}::{each.name}" for each in inside)
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def claims() -> list[str]:
    """Return the claims: rows of the table of rights, items of the list of attacks."""
    rights = TEXT.partition("## Who may do what\n")[2].partition("\n## ")[0]
    attacks = TEXT.partition("## What the daemon does against attacks\n")[2].partition("\n## ")[0]
    rows = [line for line in rights.splitlines() if line.startswith("| ")][2:]
    return rows + [line for line in attacks.splitlines() if line.startswith("* ")]


@pytest.mark.parametrize("name", NAMED)
def test_the_test_exists(name: str) -> None:
    """A test that was renamed or removed leaves no claim behind."""
    file, _, test = name.partition("::")
    assert (ROOT / file).is_file()
    assert test in names_in(file)


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim[2:40])
def test_every_claim_names_its_tests(claim: str) -> None:
    """What no test holds is not claimed."""
    assert re.search(r"`tests/[\w/]+\.py::", claim)


def test_there_are_claims() -> None:
    """The page is read as it is meant."""
    assert len(claims()) > 30
    assert len(NAMED) > 50
    assert TEXT.count("tests/") == len(re.findall(r"`tests/[\w/]+(?:\.py::[\w:]+)?`", TEXT))
