"""Hands descriptors over as systemd does: ``handover.py NAME=DESCRIPTOR ... -- COMMAND ...`` becomes the command.

Descriptors are moved to 3, 4, ..., and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES say so. Without names (``=7``) there
is no LISTEN_FDNAMES. WATCHDOG_PID=self stands for the command's own process id.
"""

from __future__ import annotations

import fcntl
import os
import sys

HIGH = 100
"""Where descriptors are kept while the low ones are taken."""


def main() -> None:
    """Become the command."""
    end = sys.argv.index("--")
    given = [argument.partition("=") for argument in sys.argv[1:end]]
    kept = [fcntl.fcntl(int(number), fcntl.F_DUPFD, HIGH) for _, _, number in given]
    for _, _, number in given:
        os.close(int(number))
    for place, descriptor in enumerate(kept, 3):
        os.dup2(descriptor, place)
        os.close(descriptor)
    if given:
        os.environ.update({"LISTEN_FDS": str(len(given)), "LISTEN_PID": str(os.getpid())})
    if any(name for name, _, _ in given):
        os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _, _ in given)
    if os.environ.get("WATCHDOG_PID") == "self":
        os.environ["WATCHDOG_PID"] = str(os.getpid())
    os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])  # noqa: S606 - what this program is for


main()
