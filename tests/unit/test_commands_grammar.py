"""The grammar as a whole, and the completion that is made from it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import adminwire
from bridge.cli import _command, main
from bridge.commands import lists, parser, values
from bridge.commands.parser import make_parser
from bridge.settings import LOG_LEVELS, Settings


def commands(above: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command as its words."""
    for action in above._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield (*path, name)
                yield from commands(below, (*path, name))


def parsers(above: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of every command."""
    for action in above._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield below
                yield from parsers(below)


ALL = sorted(path for path in commands(make_parser()) if path != ("console",))


class TestGrammar:
    @pytest.mark.parametrize("path", ALL, ids=" ".join)
    def test_help(self, path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
        """Every command says what it does and has an example on one line, which starts with its own name."""
        with pytest.raises(SystemExit) as caught:
            main([*path, "--help"])
        assert caught.value.code == 0
        [example] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Example: ")]
        assert " ".join(("cpanbridge", *path)) in example

    def test_every_command_can_be_loaded(self) -> None:
        """The functions that the grammar names are there."""
        named = {each.get_default("run") for each in parsers(make_parser())} - {""}
        assert len(named) >= 20
        for name in named:
            assert callable(_command(name)), name

    @pytest.mark.parametrize("path", [path for path in ALL if len(path) == 1], ids=" ".join)
    def test_a_part_of_the_grammar_is_like_the_whole(self, path: tuple[str, ...]) -> None:
        """Making only the group that is needed leaves out nothing of it."""
        part = {each for each in commands(make_parser(path[0])) if each[0] == path[0]}
        assert part == {each for each in commands(make_parser()) if each[0] == path[0]}

    def test_names_that_are_written_twice_agree(self) -> None:
        """The grammar must not load what it takes them from, so they stand there again."""
        assert tuple(lists._CONNECTIONS) == parser.CONNECTION_COLUMNS
        assert tuple(lists._FUNCTIONS) == parser.FUNCTION_COLUMNS
        assert parser.LOG_LEVELS == LOG_LEVELS
        assert values.DEFAULT_ADMIN_SOCKET == adminwire.DEFAULT_ADMIN_SOCKET
        assert values.admin_socket({"CPAN_BRIDGE_SOCKET": "/a/b.sock"}) == Settings(socket="/a/b.sock").admin_path


def completed(tmp_path: Path, *words: str) -> list[str]:
    """Return what a real bash offers behind these words."""
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f"source {tmp_path}/script; COMP_WORDS=(cpanbridge {quoted}); COMP_CWORD={len(words)}; "
        'set -u; _cpanbridge; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert result.stderr == ""
    return result.stdout.split()


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    return tmp_path


class TestCompletion:
    def test_bash_takes_it(self, script: Path) -> None:
        """It can be sourced, and says what it is for."""
        command = f"source {script}/script; complete -p cpanbridge"
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20, check=True)
        assert result.stdout == "complete -F _cpanbridge cpanbridge\n"

    @pytest.mark.parametrize(
        ("words", "offered"),
        [
            (("stat",), ["status"]),
            (("limits", "un"), ["undo"]),
            (("limits", "--json", "un"), ["undo"]),
            (("limits", "set", "ra"), ["rate="]),
            (("limits", "set", "max_c"), ["max_concurrent_requests=", "max_cpu_percent=", "max_connections="]),
            (("limits", "set", "rate", "="), []),
            (("limits", "set", "rate", "=", "4"), []),
            (("limits", "set", "rate", "=", "4", "--dr"), ["--dry-run"]),
            (("limits", "set", "--for", ""), []),
            (("limits", "set", "--what-if", "cp"), ["cpu="]),
            (("connections", "--sort", "st"), ["state"]),
            (("connections", "--sort", "="), list(parser.CONNECTION_COLUMNS)),
            (("connections", "--sort", "=", "ra"), ["rate"]),
            (("connections", "cl"), ["close"]),
            (("log-level", "d"), ["debug"]),
            (("completion", "z"), ["zsh"]),
            (("status", "limits", "s"), []),
        ],
    )
    def test_offers(self, script: Path, words: tuple[str, ...], offered: list[str]) -> None:
        """Commands, options, their values, limits: each in its place only."""
        assert completed(script, *words) == offered

    def test_files(self, script: Path) -> None:
        """Where a path is wanted, files are offered."""
        assert completed(script, "status", "--admin-socket", f"{script}/scr") == [f"{script}/script"]

    @pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
    def test_zsh(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Zsh can read its script and complete with it."""
        assert main(["completion", "zsh"]) == 0
        target = tmp_path / "_cpanbridge"
        target.write_text(capsys.readouterr().out)
        subprocess.run(["zsh", "-n", str(target)], timeout=20, check=True)
        script = (
            f"function compadd {{ print -l -- $@ }}; function compdef {{ }}; source {target};"
            "words=(cpanbridge limits set ''); CURRENT=4; _cpanbridge"
        )
        result = subprocess.run(["zsh", "-fc", script], capture_output=True, text=True, timeout=20, check=True)
        assert {"--dry-run", "rate=", "max_cpu_percent="} <= set(result.stdout.split())
