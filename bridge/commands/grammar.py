"""What the grammar of ``cpanbridge`` is made with: commands, the options that they share, how their help looks."""

from __future__ import annotations

import argparse
import os
import textwrap
from typing import Any

from bridge.client import DEFAULT_SOCKET
from bridge.commands import values

__all__ = ["Grammar", "Help", "WhatIf", "shared_options"]


EXAMPLE = "Example: "


class Help(argparse.HelpFormatter):
    """Wraps each line of a text by itself, and examples never."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # What is to be copied stays in one piece.
        return "\n".join(
            line if line.startswith(EXAMPLE) else textwrap.fill(line, width, initial_indent=indent)
            for line in text.splitlines()
        )


class WhatIf(argparse.Action):
    """``--what-if`` takes a duration or nothing, and leaves the limit alone that may stand behind it."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, value: Any, option: str | None = None) -> None:
        """Take the option."""
        if isinstance(value, str) and "=" in value:
            namespace.more = [*namespace.more, value]
            value = self.const
        try:
            setattr(namespace, self.dest, values.between(60, 3600)(value))
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None


class Grammar:
    """Adds commands to a group of them.

    Args:
        options: parsers with the options that commands share, by name.
    """

    def __init__(self, commands: Any, options: dict[str, argparse.ArgumentParser]) -> None:
        self._commands = commands
        self._options = options

    def add(
        self, name: str, run: str, doc: str, example: str, options: str = "admin", *, statuses: str = ""
    ) -> argparse.ArgumentParser:
        """Add a command; ``options`` names the shared ones that it takes, with blanks in between."""
        made: argparse.ArgumentParser = self._commands.add_parser(
            name,
            help=doc.split(". ", 1)[0].rstrip("."),
            description=doc,
            epilog="\n".join(filter(None, (statuses, EXAMPLE + example))),
            parents=[self._options[each] for each in options.split()],
            formatter_class=Help,
        )
        made.set_defaults(run=run)
        return made


def shared_options(*, again: bool = False) -> dict[str, argparse.ArgumentParser]:
    """Return the options that commands share.

    Args:
        again: for a command below another one that has them already: without defaults, which would hide what was given.
    """
    hidden = argparse.SUPPRESS
    made = {name: argparse.ArgumentParser(add_help=False) for name in ("admin", "bridge", "json", "reason", "expect")}
    admin = values.admin_socket(os.environ)
    made["admin"].add_argument(
        "--admin-socket",
        default=hidden if again else admin,
        metavar="PATH",
        help=f"the daemon's socket for operators (default: $CPAN_BRIDGE_ADMIN_SOCKET, else {_quoted(admin)})",
    )
    made["admin"].add_argument(
        "--timeout",
        type=values.duration,
        default=hidden if again else None,
        metavar="TIME",
        help="longest wait for an answer (default: 10s; previews 60s)",
    )
    made["admin"].add_argument(
        "--json", action="store_true", default=hidden if again else False, help="print JSON, for programs"
    )
    made["bridge"].add_argument(
        "--socket",
        default=os.environ.get("CPAN_BRIDGE_SOCKET") or DEFAULT_SOCKET,
        metavar="PATH",
        help="the daemon's socket (default: $CPAN_BRIDGE_SOCKET, else %(default)s)",
    )
    made["bridge"].add_argument(
        "--timeout", type=values.seconds, default=60.0, metavar="SECONDS", help="longest wait (default: %(default)g)"
    )
    made["json"].add_argument("--json", action="store_true", help="print JSON, for programs")
    made["reason"].add_argument("--reason", metavar="TEXT", help="why, for the journal and the log")
    made["expect"].add_argument(
        "--expect",
        type=int,
        metavar="REVISION",
        help="refuse if the limits have another revision: somebody else was faster",
    )
    return made


def _quoted(text: str) -> str:
    return text.replace("%", "%%")
