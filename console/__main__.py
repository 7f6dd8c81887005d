"""``python -m console``: the live console of a cpanbridge daemon. ``cpanbridge console`` is the same."""

from __future__ import annotations

import argparse
import contextlib
import gc
import locale
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from bridge.adminwire import DEFAULT_ADMIN_SOCKET

__all__ = ["main"]

EPILOG = """\
Keys: ? explains the panel in use, ^p lists every action, q quits. The console only watches until W turns write mode on.
Without a terminal it runs "cpanbridge watch". Its own settings are in ~/.config/cpanbridge/console.toml.
If it was killed and the terminal is in disorder, type: reset
Exit status: 0 after quitting, 2 bad usage, 129 and 143 after SIGHUP and SIGTERM.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the console and return the exit status."""
    arguments = _parser().parse_args(argv)
    if arguments.cut:
        return _cut(arguments)
    if arguments.once:
        _become("status", *(["--json"] if arguments.json else []), arguments=arguments)
    # Textual draws on the standard error and reads the standard input; it ignores TERM=dumb.
    if not (sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"):
        if arguments.replay:
            from bridge.text import printable

            name = printable(arguments.replay, 4096)
            print(f"cpanbridge console: --replay {name} needs a terminal; --cut writes a part of it", file=sys.stderr)
            return 2
        _watch(arguments)
    _trust_the_terminal()
    # A fifth of the time until the first frame would go into looking for garbage among modules that are being loaded;
    # the application turns the collector on again.
    gc.disable()
    if os.environ.get("NO_COLOR"):
        # Textual turns the colours of other themes into greys of nearly the same brightness.
        os.environ.setdefault("TEXTUAL_THEME", "ansi-dark")
    from console.app import ConsoleApp
    from console.config import ConfigError, load
    from console.keys import ACTIONS
    from console.recorder import RecordingError

    try:
        config = load(arguments.config, known_actions=[action.id for action in ACTIONS])
        if arguments.interval is not None:
            config = config.with_interval(arguments.interval)
        app = ConsoleApp(
            arguments.admin_socket,
            config=config,
            replay=arguments.replay,
            read_only=arguments.read_only,
            ascii_only=arguments.ascii or config.ascii or not _draws_unicode(),
            record=arguments.record,
            mouse=config.mouse and not arguments.no_mouse,
        )
    except (ConfigError, RecordingError) as error:
        print(f"cpanbridge console: {error}", file=sys.stderr)
        return 2
    problem = app.seek(arguments.at) if arguments.at is not None else None
    if problem:
        print(f"cpanbridge console: --at: {problem}", file=sys.stderr)
        return 2
    app.run(mouse=config.mouse and not arguments.no_mouse)
    for warning in config.warnings:
        print(f"cpanbridge console: warning: {warning}", file=sys.stderr)
    return app.return_code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cpanbridge console",
        description="Watch a running cpanbridge daemon live, and change its limits.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    socket = os.environ.get("CPAN_BRIDGE_ADMIN_SOCKET")
    if not socket and os.environ.get("CPAN_BRIDGE_SOCKET"):
        socket = os.environ["CPAN_BRIDGE_SOCKET"].removesuffix(".sock") + "_admin.sock"
    parser.add_argument(
        "--admin-socket",
        "--socket",
        metavar="PATH",
        default=socket or DEFAULT_ADMIN_SOCKET,
        help="the daemon's socket for operators (default: $CPAN_BRIDGE_ADMIN_SOCKET, else %(default)s)",
    )
    parser.add_argument(
        "-i", "--interval", type=float, metavar="SECONDS", help="time between two snapshots, 0.1 to 60 (default: 0.25)"
    )
    parser.add_argument("--read-only", action="store_true", help="never offer to change anything")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.add_argument("--record", metavar="FILE", help="record everything to a new file from the start")
    parser.add_argument("--replay", metavar="FILE", help="show a recording; needs no daemon")
    parser.add_argument("--at", metavar="TIME", help="with --replay: begin at this time of day, as 13:58")
    parser.add_argument(
        "--cut", nargs=3, metavar=("FROM", "TO", "FILE"), help="with --replay: write 14:00 14:10 of it to a new file"
    )
    parser.add_argument("--once", action="store_true", help="print one page and leave: cpanbridge status")
    parser.add_argument("--json", action="store_true", help="with --once: as JSON")
    parser.add_argument("--config", metavar="FILE", help="the console's settings")
    return parser


def _watch(arguments: argparse.Namespace) -> NoReturn:
    """Become ``cpanbridge watch``: what a screen reader, a pipe or a dumb terminal can show."""
    every = [] if arguments.interval is None else ["-i", str(arguments.interval)]
    _become("watch", "--plain", *every, arguments=arguments)


def _become(command: str, *words: str, arguments: argparse.Namespace) -> NoReturn:
    """Become a command of ``cpanbridge``. -P keeps a folder called bridge in the present directory out of it."""
    program = [sys.executable, "-P", "-m", "bridge.cli", command, *words, "--admin-socket", arguments.admin_socket]
    sys.stdout.flush()
    os.execv(sys.executable, program)  # noqa: S606 - no shell, and our own program


def _cut(arguments: argparse.Namespace) -> int:
    from bridge.text import printable
    from console.app import time_of_day
    from console.recorder import RecordingError
    from console.recording import Recording, cut

    if not arguments.replay:
        print("cpanbridge console: --cut needs --replay FILE, the recording to cut from", file=sys.stderr)
        return 2
    start, end, target = arguments.cut
    try:
        recording = Recording(arguments.replay)
        near = recording.start
        recording.close()
        times = [time_of_day(text, near) for text in (start, end)]
        if times[0] is None or times[1] is None:
            print("cpanbridge console: --cut wants times of day, as 14:00 or 14:00:30", file=sys.stderr)
            return 2
        print(f"Wrote {printable(cut(arguments.replay, times[0], times[1], target), 4096)}")
    except RecordingError as error:
        print(f"cpanbridge console: {error}", file=sys.stderr)
        return 1
    return 0


def _trust_the_terminal() -> None:
    """Forget an exported size: it is that of a terminal of before, and Textual would never notice a resize."""
    with contextlib.suppress(OSError):
        size = os.get_terminal_size(sys.stderr.fileno())
        if size.columns and size.lines:  # some serial consoles do not know theirs
            os.environ.pop("COLUMNS", None)
            os.environ.pop("LINES", None)


def _draws_unicode() -> bool:
    """Whether the locale's encoding can carry braille; under LANG=C Textual would write UTF-8 all the same."""
    encoding = locale.getencoding() if hasattr(locale, "getencoding") else locale.getpreferredencoding(False)
    return "utf" in encoding.lower()


if __name__ == "__main__":
    sys.exit(main())
