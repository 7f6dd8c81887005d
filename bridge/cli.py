"""The ``cpanbridge`` command: one shot at a running daemon, or at its configuration.

Exit status: 0 ok, 1 the daemon said no, 2 bad usage, 3 no daemon there. Each command is one function; what is heavy is
imported by the command that needs it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.client import DEFAULT_SOCKET, Client, NoDaemonError

__all__ = ["main"]

OK, REFUSED, USAGE, NO_DAEMON = 0, 1, 2, 3

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = _parser().parse_args(argv)
    # Text that the terminal's encoding lacks, or half a surrogate pair, is no reason for a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = arguments.command(arguments)
        sys.stdout.flush()
    except NoDaemonError as error:
        print(f"cpanbridge: {error}", file=sys.stderr)
        return NO_DAEMON
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`); Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cpanbridge",
        description="Talks to a running cpanbridge daemon. Start one with: twistd cpanbridge",
        epilog="Exit status: 0 ok, 1 the daemon said no, 2 bad usage, 3 no daemon there.",
    )
    parser.add_argument("--version", action="version", version=f"cpanbridge {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    reaching = argparse.ArgumentParser(add_help=False)
    reaching.add_argument(
        "--socket",
        default=os.environ.get("CPAN_BRIDGE_SOCKET") or DEFAULT_SOCKET,
        metavar="PATH",
        help="the daemon's socket (default: $CPAN_BRIDGE_SOCKET, else %(default)s)",
    )
    reaching.add_argument(
        "--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="longest wait (default: %(default)g)"
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON, for programs")

    def add(name: str, command: Command, example: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        doc = (command.__doc__ or "").strip()
        made = commands.add_parser(
            name,
            help=doc.split(". ")[0].rstrip("."),
            description=doc,
            epilog=f"Example: {example}",
            parents=parents,
        )
        made.set_defaults(command=command)
        return made

    call = add("call", _call, """cpanbridge call statistics median '[[1, 5, 9]]'""", reaching, as_json)
    call.add_argument("module", help="bridge module, or allowed Python module")
    call.add_argument("function", help="its function")
    call.add_argument(
        "params",
        nargs="?",
        help="JSON: an object for named parameters, an array for positional ones, another value for one; '-' reads it "
        "from standard input",
    )
    add("modules", _modules, "cpanbridge modules", reaching, as_json)
    check = add("check-config", _check_config, "cpanbridge check-config --config cpanbridge.toml", as_json)
    check.add_argument("-c", "--config", metavar="FILE", help="TOML file (default: the one that the daemon would read)")
    add("perl-lib", _perl_lib, 'perl -I"$(cpanbridge perl-lib)" -MCPANBridge -e ...')
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        msg = "must be more than 0"
        raise argparse.ArgumentTypeError(msg)
    return value


def _call(arguments: argparse.Namespace) -> int:
    """Call a function and print its result as JSON. With --json, print the whole answer."""
    params: Any = None
    if arguments.params is not None:
        text = sys.stdin.read() if arguments.params == "-" else arguments.params
        try:
            params = json.loads(text)
        except ValueError as error:
            print(f"cpanbridge: the parameters are not valid JSON: {error}", file=sys.stderr)
            return USAGE
    with Client(arguments.socket, arguments.timeout) as client:
        answer = client.call(arguments.module, arguments.function, params, absent=arguments.params is None)
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
    elif answer["success"]:
        print(json.dumps(answer["result"], ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
    else:
        _complain(answer)
    return OK if answer["success"] else REFUSED


def _modules(arguments: argparse.Namespace) -> int:
    """List the modules that Perl can call, with their functions."""
    with Client(arguments.socket, arguments.timeout) as client:
        answer = client.call("system", "modules")
    if not answer["success"]:
        _complain(answer)
        return REFUSED
    modules = answer["result"]["modules"]
    if arguments.json:
        print(json.dumps(modules, ensure_ascii=False))
        return OK
    for module in modules:
        print(_clean(f"{module['name']}: {module['doc']}"))
        for function in module["functions"]:
            kind = "" if function["kind"] in ("thread", "inline") else f"  [{function['kind']}]"
            print(_clean(f"  {function['name']}{function['signature']}{kind}"))
            if function["doc"]:
                print(_clean(f"      {function['doc']}"))
    return OK


def _check_config(arguments: argparse.Namespace) -> int:
    """Check the file and the environment as the daemon would. Prints the settings in force, or every problem."""
    from bridge.configfile import load_files
    from bridge.settings import SETTINGS, SettingsError

    try:
        loaded = load_files(arguments.config, os.environ, {}, os.getcwd())
    except SettingsError as error:
        for problem in error.problems:
            print(f"cpanbridge: {problem}", file=sys.stderr)
        return REFUSED
    if arguments.json:
        report = {
            "settings": loaded.settings.as_dict(),
            "module_options": loaded.settings.module_options,
            "sources": loaded.sources,
            "warnings": loaded.warnings,
        }
        print(json.dumps(report, ensure_ascii=False, default=str))  # TOML has dates, and modules' options may, too
        return OK
    for warning in loaded.warnings:
        print(f"cpanbridge: warning: {warning}", file=sys.stderr)
    for setting in SETTINGS:
        source = loaded.sources[setting.name]
        value = json.dumps(setting.value_in(loaded.settings), ensure_ascii=False)
        print(_clean(f"{setting.name} = {value}" + ("" if source == "default" else f"  # {source}")))
    for name, options in loaded.settings.module_options.items():
        print(_clean(f"[modules.{name}] {json.dumps(options, ensure_ascii=False, default=str)}"))
    return OK


def _perl_lib(_arguments: argparse.Namespace) -> int:
    """Print the directory of CPANBridge.pm, for PERL5LIB or perl -I."""
    print(Path(__file__).parent / "perl" / "lib")
    return OK


def _complain(answer: dict[str, Any]) -> None:
    print(_clean(f"cpanbridge: {answer['error_type']}: {answer['error']}"), file=sys.stderr)


def _clean(text: str) -> str:
    """Keep foreign text from talking to the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


if __name__ == "__main__":
    sys.exit(main())
