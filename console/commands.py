"""What can be typed after ``:``: a few commands with arguments, and every action by its name.

Pure. ``limit rate 400 concurrent=80`` opens the editor with these values; nothing is ever applied by typing alone.
"""

from __future__ import annotations

import difflib
import shlex

import attrs

from bridge.limits import Limits
from console.keys import ACTIONS, VIEWS
from console.views import LIMIT_OF

__all__ = ["Command", "CommandError", "limit_name", "parse_command"]


class CommandError(ValueError):
    """A text is no command; the exception's text says what would be one."""


@attrs.frozen
class Command:
    """A command: ``verb`` with its ``argument``; ``action`` names one of ``ACTIONS``."""

    verb: str
    argument: str = ""
    limits: dict[str, float] = attrs.Factory(dict)


_LIMITS = tuple(Limits().as_dict())
_VERBS = ("limit", "view", "filter", "sort", "note", "seek", "export")


def limit_name(text: str) -> str:
    """Return the full name of a limit given by its name, its resource, or a word of its name that no other has.

    Raises:
        CommandError: there is none, or more than one.
    """
    if text in _LIMITS:
        return text
    if text in LIMIT_OF:
        return LIMIT_OF[text]
    found = [name for name in _LIMITS if text in name.split("_")]
    if len(found) == 1:
        return found[0]
    near = found or difflib.get_close_matches(text, [*_LIMITS, *LIMIT_OF], n=1, cutoff=0.5)
    raise CommandError(f"There is no limit called {text!r}" + (f"; did you mean {' or '.join(near)}?" if near else "."))


def parse_command(text: str) -> Command:
    """Read a command.

    Raises:
        CommandError: with a sentence that says what is wrong.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise CommandError(f"{error}.") from None
    if not words:
        raise CommandError("Type a command.")
    verb, rest = words[0], words[1:]
    argument = " ".join(rest)
    match verb:
        case "limit" | "limits" | "set" if rest:
            return Command("limit", limits=_limits(rest))
        case "view":
            if argument not in VIEWS:
                raise CommandError(f"The views are {', '.join(VIEWS)}.")
            return Command("view", argument)
        case "sort" | "note" | "seek":
            if not rest:
                raise CommandError(f"{verb} what?")
            return Command(verb, argument)
        case "filter":
            return Command("filter", text.strip().removeprefix("filter").strip())
        case "export" if rest:
            if len(rest) > 2 and rest[0] == "incident":
                return Command("export", argument)
            raise CommandError("export incident 14:00 14:10 FILE cuts that time out of a recording.")
        case _:
            return _action(verb, argument)


def _limits(words: list[str]) -> dict[str, float]:
    """Read ``rate 400 concurrent=80``."""
    flat = [part for word in words for part in word.split("=", 1) if part]
    if len(flat) % 2:
        raise CommandError(f"limit NAME VALUE: {flat[-1]!r} has no value beside it.")
    limits: dict[str, float] = {}
    for name, value in zip(flat[::2], flat[1::2], strict=True):
        try:
            limits[limit_name(name)] = float(value)
        except ValueError as error:
            if isinstance(error, CommandError):
                raise
            raise CommandError(f"{value!r} is not a number.") from None
    return limits


def _action(verb: str, argument: str) -> Command:
    names = {action.id: action.id for action in ACTIONS} | {view: f"view.{view}" for view in VIEWS}
    wanted = f"{verb}.{argument}" if argument else verb
    for candidate in (wanted, verb if not argument else ""):
        if candidate in names:
            return Command("action", names[candidate])
    near = difflib.get_close_matches(wanted, [*names, *_VERBS], n=1)
    raise CommandError(f"There is no command {wanted!r}" + (f"; did you mean {near[0]!r}?" if near else "."))
