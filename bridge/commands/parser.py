"""The grammar of ``cpanbridge``: every command with its options, its help and the function that carries it out.

Functions are named, not imported: ``watch:watch`` is ``watch`` in ``bridge/commands/watch.py``. So the whole grammar is
there at once, for help and completion, and only what is used is loaded.
"""

from __future__ import annotations

import argparse

from bridge import __version__
from bridge.commands import values
from bridge.commands.grammar import Grammar, Help, WhatIf, shared_options

__all__ = ["CONNECTION_COLUMNS", "FUNCTION_COLUMNS", "LOG_LEVELS", "make_parser"]

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
CONNECTION_COLUMNS = (
    "id", "pid", "user", "client", "state", "function", "calls", "rate", "slots", "age", "idle", "handles",
)  # fmt: skip
FUNCTION_COLUMNS = ("function", "calls", "errors", "refused", "mean", "p50", "p95", "p99", "longest")

_STATUSES = "Exit status: 0 ok, 1 the daemon said no, 2 bad usage, 3 no daemon there."


def make_parser(command: str = "") -> argparse.ArgumentParser:
    """Return the parser. What it returns has ``run``, the command's function, and whatever that one reads.

    A command that takes a list of limits has ``more``: whoever parses adds further ones that stand behind an option.

    Args:
        command: the first word of the command line: where it is known, only its group is made, which is faster.
    """
    parser = argparse.ArgumentParser(
        prog="cpanbridge",
        description="Talks to a running cpanbridge daemon. Start one with: twistd cpanbridge",
        epilog=f'{_STATUSES} "cpanbridge COMMAND --help" tells more about each.',
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"cpanbridge {__version__}")
    grammar = Grammar(parser.add_subparsers(title="commands", metavar="COMMAND", required=True), shared_options())
    groups = [group for group, names in _GROUPS.items() if command in names]
    for group in groups or _GROUPS:
        group(grammar)
    return parser


def _watching(grammar: Grammar) -> None:
    status = grammar.add(
        "status",
        "status:status",
        "Show how the daemon is: its limits and how near it is to them, its calls, what is wrong and why.",
        "cpanbridge status --brief",
        statuses="Exit status, as of a Nagios check: 0 ok, 1 warning or draining, 2 violation (or bad usage of this "
        "command), 3 the daemon cannot be reached or does not tell.",
    )
    status.add_argument("--brief", action="store_true", help="print one line, for a monitoring system")
    watch = grammar.add(
        "watch",
        "watch:watch",
        "Print a line about the daemon every second. For logs, pipes and screen readers; where the connection is lost, "
        "it says so and goes on trying. Ctrl-C ends it.",
        "cpanbridge watch -i 5 --events",
        statuses="Exit status: 0 after COUNT lines, 1 the daemon said no, 2 bad usage, 3 the daemon was lost (with "
        "--count or --no-reconnect), 130 ended by Ctrl-C.",
    )
    form = watch.add_mutually_exclusive_group()
    form.add_argument("--plain", action="store_true", help="lines for people (the default)")
    form.add_argument("--csv", action="store_true", help="comma-separated values under a line of names")
    watch.add_argument(
        "-i",
        "--interval",
        type=values.between(0.1, 60),
        default=1.0,
        metavar="TIME",
        help="time between two lines, 0.1s to 60s (default: 1s)",
    )
    watch.add_argument("-n", "--count", type=values.count, help="end after so many lines")
    watch.add_argument("--events", action="store_true", help="print what happens, too; with --json it has a kind")
    watch.add_argument("--no-reconnect", action="store_true", help="end when the connection is lost")
    events = grammar.add(
        "events",
        "events:events",
        "Show what happened: warnings, violations and their causes, changes and who made them. Oldest first.",
        "cpanbridge events -n 20 --follow",
    )
    events.add_argument("-n", "--count", type=_most_1000, default=50, help="how many, 1 to 1000 (default: 50)")
    events.add_argument("-f", "--follow", action="store_true", help="go on with those to come; Ctrl-C ends it")
    history = grammar.add(
        "history",
        "lists:history",
        "Show one-second samples of the last minutes, oldest first.",
        "cpanbridge history --seconds 1h --csv > hour.csv",
    )
    history.add_argument(
        "--seconds",
        type=values.between(1, 3600),
        default=300.0,
        metavar="TIME",
        help="how far back, 1s to 1h (default: 300)",
    )
    history.add_argument("--csv", action="store_true", help="all columns, as comma-separated values")


def _most_1000(text: str) -> int:
    value = values.count(text)
    if value > 1000:
        raise argparse.ArgumentTypeError("must be at most 1000")
    return value


def _changing(grammar: Grammar) -> None:
    limits = grammar.add(
        "limits",
        "limits:show",
        "Show all limits and who set them; or change them with one of the commands below.",
        "cpanbridge limits",
    )
    below = Grammar(limits.add_subparsers(title="commands", metavar="COMMAND"), shared_options(again=True))
    change = below.add(
        "set",
        "limits:set_limits",
        "Change limits, all of them or none. Names may be short where they are unambiguous: concurrent, rate, memory, "
        "cpu, connections.",
        "cpanbridge limits set rate=400 concurrent=80 --for 10m --reason 'nightly batch'",
        "admin reason expect",
    )
    _limit_list(change)
    lasting = change.add_mutually_exclusive_group()
    lasting.add_argument(
        "--until",
        type=values.time_of_day,
        metavar="HH:MM",
        help="until that time of day only: the values from before come back then",
    )
    lasting.add_argument(
        "--for",
        dest="lasting",
        type=values.duration,
        metavar="TIME",
        help="for a while only: the values from before come back after 10s, 5m, 2h ...",
    )
    change.add_argument(
        "--confirm-within",
        type=values.duration,
        metavar="TIME",
        help='roll back unless "cpanbridge limits confirm" comes in time',
    )
    trial = change.add_mutually_exclusive_group()
    trial.add_argument("--dry-run", action="store_true", help="check and show the change, but do not make it")
    trial.add_argument(
        "--what-if",
        nargs="?",
        const="15m",
        action=WhatIf,
        metavar="TIME",
        help="do not change anything, but show what the last 15m (1m to 1h) of demand would have met",
    )
    preview = below.add(
        "preview",
        "whatif:preview",
        "Show what the demand of the last minutes would have met under other limits. Changes nothing.",
        "cpanbridge limits preview rate=400 --minutes 30",
    )
    _limit_list(preview)
    preview.add_argument("--minutes", type=_minutes, default=15.0, help="how far back, 1 to 60 (default: 15)")
    undo = below.add(
        "undo",
        "limits:undo",
        "Take a change back, as a new entry of the journal: the last one, or that with the number REVISION.",
        "cpanbridge limits undo 17 --reason 'did not help'",
        "admin reason expect",
    )
    undo.add_argument("revision", nargs="?", type=values.count, metavar="REVISION", help='see "cpanbridge limits log"')
    confirm = below.add(
        "confirm",
        "limits:confirm",
        "Keep the change that was made with --confirm-within.",
        "cpanbridge limits confirm",
    )
    confirm.add_argument("revision", nargs="?", type=values.count, metavar="REVISION", help="only if it is this one")
    below.add(
        "save",
        "limits:save",
        "Write the limits in force into the daemon's configuration file, so that they outlive a restart.",
        "cpanbridge limits save",
    )
    log = below.add(
        "log", "limits:log", "Show the journal: who changed what, when and why. Oldest first.", "cpanbridge limits log"
    )
    log.add_argument("-n", "--count", type=_most_1000, default=20, help="how many entries, 1 to 1000 (default: 20)")


def _limit_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("limits", nargs="*", metavar="NAME=VALUE", help='as rate=400; see "cpanbridge limits"')
    parser.set_defaults(more=[])


def _minutes(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 60:
        raise argparse.ArgumentTypeError(f"must be from 1 to 60, not {text!r}")
    return value


def _lists(grammar: Grammar) -> None:
    connections = grammar.add(
        "connections",
        "lists:connections",
        "Show who is connected and what their calls do; or close a connection.",
        "cpanbridge connections --sort calls --filter report",
    )
    _sorting(connections, CONNECTION_COLUMNS, "state")
    connections.add_argument("--filter", metavar="TEXT", help="only those with TEXT in any of their names or numbers")
    below = Grammar(connections.add_subparsers(title="commands", metavar="COMMAND"), shared_options(again=True))
    close = below.add(
        "close",
        "lists:close",
        "Close a connection: its caller sees it break; a call that runs is not answered.",
        "cpanbridge connections close 1042 --pid 20917 --reason 'runaway script'",
        "admin reason",
    )
    close.add_argument("id", type=values.count, metavar="ID", help='its number in "cpanbridge connections"')
    close.add_argument("--pid", type=values.count, help="only if it belongs to this process")
    functions = grammar.add(
        "functions",
        "lists:functions",
        "Show calls, errors, refusals and times of every function since the start.",
        "cpanbridge functions --sort p99",
    )
    _sorting(functions, FUNCTION_COLUMNS, "calls")
    grammar.add("operators", "lists:operators", "Show who is attached to the admin socket.", "cpanbridge operators")


def _sorting(parser: argparse.ArgumentParser, columns: tuple[str, ...], default: str) -> None:
    parser.add_argument(
        "--sort",
        choices=columns,
        default=default,
        metavar="COLUMN",
        help=f"sort by one of {', '.join(columns)} (default: {default})",
    )
    parser.add_argument("--reverse", action="store_true", help="sort the other way round")


def _daemon(grammar: Grammar) -> None:
    grammar.add(
        "drain",
        "control:drain",
        "Refuse new calls, and let those that are there end. The daemon runs on.",
        "cpanbridge drain --reason 'kernel update'",
        "admin reason",
    )
    grammar.add("resume", "control:resume", "Take calls again after a drain.", "cpanbridge resume", "admin reason")
    level = grammar.add(
        "log-level",
        "control:log_level",
        "Show or change the level from which the daemon logs, until its next start.",
        "cpanbridge log-level debug",
    )
    level.add_argument("level", nargs="?", choices=LOG_LEVELS, metavar="LEVEL", help=", ".join(LOG_LEVELS))
    note = grammar.add(
        "note",
        "control:note",
        "Write a note into the journal, for all operators to see.",
        "cpanbridge note 'provider says the line is back'",
    )
    note.add_argument("text", metavar="TEXT", help="what to note")


def _calling(grammar: Grammar) -> None:
    call = grammar.add(
        "call",
        "calls:call",
        "Call a function and print its result as JSON. With --json, print the whole answer.",
        """cpanbridge call statistics median '[[1, 5, 9]]'""",
        "bridge json",
    )
    call.add_argument("module", help="bridge module, or allowed Python module")
    call.add_argument("function", help="its function")
    call.add_argument(
        "params",
        nargs="?",
        help="JSON: an object for named parameters, an array for positional ones, another value for one; '-' reads it "
        "from standard input",
    )
    grammar.add(
        "modules",
        "calls:modules",
        "List the modules that Perl can call, with their functions.",
        "cpanbridge modules",
        "bridge json",
    )


def _testing(grammar: Grammar) -> None:
    test = grammar.add(
        "load-test",
        "loadtest:load_test",
        "Test the limits of a running daemon with real callers, for one minute (quick) or eight (full). Meanwhile "
        "some calls of other programs are refused.",
        "cpanbridge load-test quick",
        "",
        statuses="Exit status: 0 all phases passed, 1 one failed or could not be run, 2 bad usage, 3 no daemon there.",
    )
    test.add_argument("program", choices=("quick", "full"), help="which test")
    test.add_argument(
        "--scenario",
        type=int,
        choices=range(1, 6),
        metavar="N",
        help="only this one: 1 baseline, 2 warning, 3 more callers than slots, 4 rate limit, 5 big payloads",
    )
    test.add_argument("--socket", metavar="PATH", help="the daemon's socket (default: as for Perl programs)")
    test.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    test.add_argument("--list", action="store_true", help="print the phases and run none")
    test.add_argument(
        "--seconds-scale", type=values.seconds, metavar="NUMBER", help="make phases so many times as long (default: 1)"
    )


def _setup(grammar: Grammar) -> None:
    check = grammar.add(
        "check-config",
        "setup:check_config",
        "Check the file and the environment as the daemon would. Prints the settings in force, or every problem.",
        "cpanbridge check-config --config cpanbridge.toml",
        "json",
    )
    check.add_argument("-c", "--config", metavar="FILE", help="TOML file (default: the one that the daemon would read)")
    grammar.add(
        "perl-lib",
        "setup:perl_lib",
        "Print the directory of CPANBridge.pm, for PERL5LIB or perl -I.",
        'perl -I"$(cpanbridge perl-lib)" -MCPANBridge -e ...',
        "",
    )
    # Known here for help and completion only; bridge.cli hands its arguments over as they are.
    grammar.add(
        "console",
        "",
        "Watch the daemon live in this terminal, and change its limits.",
        "cpanbridge console --read-only",
        "",
    )
    shell = grammar.add(
        "completion",
        "completion:completion",
        "Print a script that completes this program's commands and options in a shell.",
        "source <(cpanbridge completion bash)",
        "",
    )
    shell.add_argument("shell", choices=("bash", "zsh"), help="which shell")


_GROUPS = {
    _watching: ("status", "watch", "events", "history"),
    _changing: ("limits",),
    _lists: ("connections", "functions", "operators"),
    _daemon: ("drain", "resume", "log-level", "note"),
    _calling: ("call", "modules"),
    _testing: ("load-test",),
    _setup: ("check-config", "perl-lib", "console", "completion"),
}
"""What makes the commands, by the names that each makes."""
