"""The operator's commands, one file for each group; ``parser.py`` has their grammar. Loaded by ``bridge.cli`` alone.

A command is a function of the parsed arguments that prints and returns the exit status. The files are imported when
their command is run, so that none of them makes another one start slowly.
"""

from __future__ import annotations

__all__ = ["NO_DAEMON", "OK", "REFUSED", "USAGE", "CommandError"]

OK, REFUSED, USAGE, NO_DAEMON = 0, 1, 2, 3


class CommandError(Exception):
    """A command cannot go on; its text, of one or more lines, goes to standard error.

    Attributes:
        status: the exit status.
    """

    def __init__(self, text: str, status: int = USAGE) -> None:
        super().__init__(text)
        self.status = status
