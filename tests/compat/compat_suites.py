"""The table of suites, ``suites.toml``."""

from __future__ import annotations

import fnmatch
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from compat_fetch import RELEASE

__all__ = ["Suite", "choose", "load"]

TABLE = Path(__file__).with_name("suites.toml")


@dataclass(frozen=True)
class Suite:
    """One CPAN module's own tests.

    Attributes:
        name: the module.
        source, package: Debian's source and binary package.
        tests: patterns of the test files.
        internals: files that are left out, or patterns of them, each with the reason.
        needs: Debian packages of pure Perl that the tests use, and that none of our modules replaces. The module's own
            package among them: it is no replacement that is tested but the original, on those of what it stands on.
        keep: files of the module itself that the tests use as if they were others' (a driver that only tests use).
        texts: files of the module itself that the tests read as data, and do not load; they stay where they are.
        preload: modules that the tests use without a word because the original happens to load them.
        programs: programs without which the suite cannot run.
        server: ``postgresql``, ``mariadb`` or ``odbc`` (PostgreSQL by ODBC), where the suite needs one that runs.
        release: Debian's release that has this version of the suite, if not the one that all others are from.
        env: further environment variables.
        timeout: seconds that one file may take.
    """

    name: str
    source: str
    package: str
    tests: tuple[str, ...] = ("t/*.t",)
    internals: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    server: str = ""
    release: str = RELEASE
    env: dict[str, str] = field(default_factory=dict)
    timeout: float = 120.0

    def files(self, root: Path) -> list[str]:
        """Return the test files under a folder, relative to it; raises ``ValueError`` if there are none."""
        found = sorted({str(path.relative_to(root)) for pattern in self.tests for path in root.glob(pattern)})
        if not found:
            raise ValueError(f"{self.name}: no file in {root} fits {', '.join(self.tests)}")
        if gone := sorted(name for name in self.internals if not fnmatch.filter(found, name)):
            raise ValueError(
                f"{self.name}: suites.toml leaves out {', '.join(gone)}, which {self.source} does not have"
            )
        return found

    def left_out(self, files: list[str]) -> dict[str, str]:
        """Return those of the files that test internals, each with the reason; the first pattern that fits counts."""
        return {
            file: reason
            for pattern, reason in reversed(self.internals.items())
            for file in files
            if fnmatch.fnmatchcase(file, pattern)
        }


def load(path: Path = TABLE) -> list[Suite]:
    """Read the table; raises ``ValueError`` where it is wrong."""
    suites: list[Suite] = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["suite"]:
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
        try:
            suites.append(Suite(**values))
        except TypeError as error:
            raise ValueError(f"{path}, suite {entry.get('name', '?')}: {error}") from None
    return suites


def choose(suites: list[Suite], words: list[str]) -> list[tuple[Suite, list[str]]]:
    """Take words of the command line: names of suites, each followed by files of it (none: all). No word: everything.

    Raises:
        ValueError: for a file without a suite, or a suite that is not in the table.
    """
    if not words:
        return [(suite, []) for suite in suites]
    by_name = {suite.name.lower(): suite for suite in suites}
    chosen: list[tuple[Suite, list[str]]] = []
    for word in words:
        if suite := by_name.get(word.lower()):
            chosen.append((suite, []))
        elif not word.endswith(".t"):
            raise ValueError(f"There is no suite called {word}; there are {', '.join(suite.name for suite in suites)}.")
        elif not chosen:
            raise ValueError(f"Name the suite before its file {word}.")
        else:
            chosen[-1][1].append(word)
    return chosen
