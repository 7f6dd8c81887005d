"""How a command reaches the admin socket, and what it says when the daemon says no."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from bridge.adminclient import AdminClient
from bridge.adminwire import AdminError
from bridge.commands import REFUSED, CommandError
from bridge.commands.page import print_json
from bridge.text import printable

__all__ = ["reach", "refusal"]

DEFAULT_SECONDS = 10.0


@contextlib.contextmanager
def reach(arguments: argparse.Namespace, *, seconds: float = DEFAULT_SECONDS) -> Iterator[AdminClient]:
    """Connect to the daemon that the arguments name; its refusals become :class:`CommandError`.

    Args:
        seconds: time-out where the command line names none.
    """
    with AdminClient(arguments.admin_socket, arguments.timeout or seconds) as client:
        try:
            yield client
        except AdminError as error:
            if getattr(arguments, "json", False):
                print_json({"error": {"code": error.code, "message": error.message, "data": error.data}})
            raise CommandError(refusal(error), REFUSED) from None


def refusal(error: AdminError) -> str:
    """Say why the daemon refused: its sentence, or one line for each problem where there are several."""
    problems = error.data.get("problems")
    if isinstance(problems, list) and len(problems) > 1:
        return "\n".join(printable(str(problem), 500) for problem in problems)
    return error.message
