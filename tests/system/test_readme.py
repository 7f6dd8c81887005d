"""What the README says is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.limits import Limits

if TYPE_CHECKING:
    from daemon_process import DaemonProcess

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(language: str, after: str = "") -> str:
    """Return the first code block in a language after a text."""
    found = re.search(rf"```{language}\n(.*?)```", README[README.index(after) :], re.DOTALL)
    assert found, f"README.md has no block of {language} after {after!r}"
    return found[1]


def test_the_perl_example_prints_what_the_readme_shows(daemon: DaemonProcess, tmp_path: Path) -> None:
    """A reader who types it in sees the same."""
    program = tmp_path / "hello.pl"
    program.write_text(block("perl"))
    result = subprocess.run(
        ["perl", f"-I{ROOT / 'bridge' / 'perl' / 'lib'}", program],
        env={**daemon.environ, "CPAN_BRIDGE_SOCKET": str(daemon.socket)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.stdout == block("text", after="```perl"), result.stderr
    assert result.stderr == ""


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_to_a_file(path: str) -> None:
    """Links of the README stay inside the tree and are not broken."""
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("name", "value"), Limits().as_dict().items())
def test_the_table_of_limits_shows_the_default(name: str, value: float) -> None:
    """Every limit is in the table, with the default that the code has."""
    row = re.search(rf"^\| `{name}` \| (\S+)", README, re.MULTILINE)
    assert row, f"README.md's table of limits lacks {name}"
    assert float(row[1]) == value
