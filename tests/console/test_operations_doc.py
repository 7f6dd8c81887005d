"""docs/operations.md says what is true: its commands parse, its keys and sample settings are those of the console."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bridge.commands.parser import make_parser
from console.__main__ import _parser as console_parser
from console.config import parse
from console.keys import ACTIONS, key_text

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "operations.md").read_text()

COMMANDS = sorted(
    {
        line.split("  #")[0].split(" >")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("cpanbridge ")
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    words = shlex.split(command)[1:]
    if words[0] == "console":
        console_parser().parse_args(words[1:])
    else:
        make_parser(words[0]).parse_args(words)


def test_the_page_shows_many_of_them() -> None:
    assert len(COMMANDS) > 20


def test_every_key_in_the_table_is_one() -> None:
    known = {key for action in ACTIONS for key in key_text(action.keys).split(" ")}
    table = TEXT[TEXT.index("| key | what it does |") : TEXT.index("![The connections, filtered.]")]
    told = {
        key
        for row in table.splitlines()[2:]
        for cell in row.split(" | ")[::2]
        for key in re.findall(r"`([^`]+)`", cell)
    }
    assert told - known == set()
    assert {"W", "e", "u", "q"} <= known
    writing = {key_text(action.keys) for action in ACTIONS if action.write}
    assert writing <= told


def test_the_sample_settings_are_accepted() -> None:
    [sample] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    config = parse(sample.encode(), "console.toml", known_actions=[action.id for action in ACTIONS])
    assert config.warnings == ()
    assert config.name_of("/run/cpanbridge/admin.sock") == "orders"


def test_every_picture_is_there_and_is_made_by_the_script() -> None:
    shown = set(re.findall(r"\]\(pictures/([\w-]+)\.svg\)", TEXT))
    assert shown == {file.stem for file in (DOCS / "pictures").glob("*.svg")}
    script = (DOCS / "pictures" / "make.py").read_text()
    assert all(f'"{name}"' in script for name in shown)


def test_every_page_that_it_leads_to_is_there() -> None:
    for target in re.findall(r"\]\(([\w./-]+\.md)\)", TEXT):
        assert (DOCS / target).exists()
