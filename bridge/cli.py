"""The ``cpanbridge`` command: reads the command line, runs the command that it names, and returns the exit status.

Exit status: 0 ok, 1 the daemon said no, 2 bad usage, 3 no daemon there; ``status`` has its own, as a check. The grammar
is in ``bridge/commands/parser.py``, each group of commands in a file beside it that is loaded when it is needed.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence

from bridge.client import NoDaemonError
from bridge.commands import NO_DAEMON, OK, CommandError
from bridge.commands.parser import make_parser
from bridge.text import printable

__all__ = ["main"]

INTERRUPTED = 130

LONGEST = 4000
"""Most characters of a line that tells what went wrong."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Text that the terminal's encoding lacks, or half a surrogate pair, is no reason for a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if words[:1] == ["console"]:
        from bridge.commands.setup import console

        console(words[1:])
    arguments = _parse(words)
    try:
        status = _command(arguments.run)(arguments)
        sys.stdout.flush()
    except (CommandError, NoDaemonError) as error:
        for line in str(error).splitlines():
            print(f"cpanbridge: {printable(line, LONGEST)}", file=sys.stderr)
        return error.status if isinstance(error, CommandError) else NO_DAEMON
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`); Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _parse(words: list[str]) -> argparse.Namespace:
    parser = make_parser(words[0] if words else "")
    arguments, rest = parser.parse_known_args(words)
    # argparse takes a list only up to the next option; what stands behind one is as good.
    if rest and (not hasattr(arguments, "more") or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.more = [*arguments.more, *rest]
    return arguments


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """Load a command: ``watch:watch`` is ``watch`` in ``bridge/commands/watch.py``."""
    module, _, function = name.partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(f"bridge.commands.{module}"), function)
    return found


if __name__ == "__main__":
    sys.exit(main())
