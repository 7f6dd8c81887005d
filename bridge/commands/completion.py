"""``cpanbridge completion``: a script for the shell, made from the grammar itself, so that it never lags behind it.

The script holds everything that it completes and runs nothing while somebody types. Modules' names are not in it: only
a running daemon knows them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bridge.commands import OK
from bridge.commands.limitnames import LIMIT_NAMES, SHORT_NAMES
from bridge.commands.parser import make_parser

__all__ = ["completion"]

_FILES = {"PATH", "FILE"}
"""What the help calls a value that is a file's name."""


class _Place(NamedTuple):
    """What can be typed behind some commands.

    Attributes:
        path: these commands, with blanks in between; "" for the beginning.
        words: further commands, options, fixed values; limits, with an equals sign.
        values: option -> its fixed values, ``None`` where it takes a file's name; empty where anything goes.
    """

    path: str
    words: list[str]
    values: dict[str, list[str] | None]


def completion(arguments: argparse.Namespace) -> int:
    """Print the script for a shell."""
    places = list(_places(make_parser(), ""))
    print(_bash(places) if arguments.shell == "bash" else _zsh(places))
    return OK


def _places(parser: argparse.ArgumentParser, path: str) -> Iterator[_Place]:
    place = _Place(path, [], {})
    below: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to ask what it knows
        choices = [str(choice) for choice in action.choices or ()]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            below = dict(action.choices)
        if action.metavar == "NAME=VALUE":
            place.words.extend(f"{name}=" for name in [*SHORT_NAMES, *LIMIT_NAMES])
        elif not action.option_strings:
            place.words.extend(choices)
        place.words.extend(action.option_strings)
        if action.nargs not in {0, "?"}:
            for option in action.option_strings:
                place.values[option] = None if action.metavar in _FILES else choices
    yield place
    for name, parser_below in below.items():
        yield from _places(parser_below, f"{path} {name}".strip())


def _bash(places: Sequence[_Place]) -> str:
    return f"""\
# Completion of cpanbridge for bash. In ~/.bashrc: source <(cpanbridge completion bash)
_cpanbridge() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} where="" found="" index
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "$where ${{COMP_WORDS[index]}}" in
            {_commands(places)}) where="${{where:+$where }}${{COMP_WORDS[index]}}" ;;
        esac
    done
    # For bash "=" is a word of its own. Behind it stands the value of an option, or of a limit.
    if [[ $current == "=" ]]; then
        current=""
    elif [[ $before == "=" ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    if [[ ${{COMP_WORDS[COMP_CWORD]}} == "=" || ${{COMP_WORDS[COMP_CWORD - 1]}} == "=" ]] && [[ $before != -* ]]; then
        return
    fi
    case "$where:$before" in
{_cases(places, 'mapfile -t COMPREPLY < <(compgen -f -- "$current"); return')}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$current")
    if [[ ${{COMPREPLY[0]-}} == *= ]]; then
        compopt -o nospace 2> /dev/null
    fi
}}
complete -F _cpanbridge cpanbridge"""


def _zsh(places: Sequence[_Place]) -> str:
    return f"""\
#compdef cpanbridge
# Completion of cpanbridge for zsh: as the file _cpanbridge in a folder of $fpath, or in ~/.zshrc, behind compinit:
# source <(cpanbridge completion zsh)
_cpanbridge() {{
    local before=${{words[CURRENT - 1]}} where="" found="" index
    for ((index = 2; index < CURRENT; index++)); do
        case "$where ${{words[index]}}" in
            ({_commands(places)}) where="${{where:+$where }}${{words[index]}}" ;;
        esac
    done
    case "$where:$before" in
{_cases(places, "_files; return")}
    esac
    local -a candidates=(${{=found}})
    compadd -- ${{candidates:#*=}}
    compadd -S '' -- ${{(M)candidates:#*=}}
}}
if [[ $funcstack[1] == _cpanbridge ]]; then
    _cpanbridge "$@"
else
    compdef _cpanbridge cpanbridge
fi"""


def _commands(places: Sequence[_Place]) -> str:
    """Return a pattern of all commands, each behind those that it stands below."""
    paths = [place.path for place in places if place.path]
    return "|".join(f'"{path}"' if " " in path else f'" {path}"' for path in paths)


def _cases(places: Sequence[_Place], files: str) -> str:
    """Return the branches of a ``case`` on ``place:word before``: values of options first, then what may stand there.

    Args:
        files: the shell's commands to complete a file's name.
    """
    lines = []
    for place in places:
        for option, values in place.values.items():
            action = files if values is None else f'found="{" ".join(values)}"' if values else "return"
            lines.append(f'        "{place.path}:{option}") {action} ;;')
    lines += [f'        "{place.path}:"*) found="{" ".join(place.words)}" ;;' for place in places]
    return "\n".join(lines)
