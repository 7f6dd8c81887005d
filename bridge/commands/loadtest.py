"""The command load-test: runs the Perl programs that lie beside the package."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from bridge.commands import REFUSED, CommandError

__all__ = ["load_test"]

PROGRAMS = {"quick": "quick_load_test.pl", "full": "load_test_throttling.pl"}


def load_test(arguments: argparse.Namespace) -> int:
    """Become the Perl program, so that its exit status and a Ctrl-C are its own.

    Raises:
        CommandError: there is no perl, or it cannot be run, or the program is not there.
    """
    folder = Path(__file__).parents[1] / "perl"
    program = folder / PROGRAMS[arguments.program]
    if not program.is_file():
        raise CommandError(f"{program} is missing; it belongs to this package", REFUSED)
    perl = shutil.which("perl")
    if perl is None:
        raise CommandError(
            "no perl in PATH: the load tests are Perl programs, like the callers that they stand for", REFUSED
        )
    paths = [str(folder / "lib"), *filter(None, [os.environ.get("PERL5LIB")])]
    sys.stdout.flush()
    try:
        os.execve(  # noqa: S606 - no shell, and our own program
            perl, [perl, str(program), *_options(arguments)], {**os.environ, "PERL5LIB": os.pathsep.join(paths)}
        )
    except OSError as error:
        raise CommandError(f"{perl} cannot be run: {error.strerror}", REFUSED) from None


def _options(arguments: argparse.Namespace) -> list[str]:
    """Return the options that were given, for the Perl program."""
    options = [f"--{name}" for name in ("json", "list") if getattr(arguments, name)]
    for name in ("socket", "scenario", "seconds_scale"):
        value = getattr(arguments, name)
        if value is not None:
            options.append(f"--{name.replace('_', '-')}={value}")
    return options
