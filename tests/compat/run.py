"""``make compat``: CPAN modules' own test suites, run against what CPANBridge::Compat puts in their place.

    make compat                                   every suite of suites.toml
    make compat ARGS="XML::Simple"                one suite
    make compat ARGS="-v XML::Simple t/1_XMLin.t"  one file of it, with what went wrong
    make compat ARGS="--real XML::Simple"         beside it the real module's outcome
    make compat ARGS=--docs                       writes the table of docs/compat.md

The suites are fetched as Debian's source packages into ``${XDG_CACHE_HOME:-~/.cache}/cpanbridge/compat`` and never
become part of this tree. The perl that runs them finds core modules, the tests' own helpers, and us. Exit status 0 if
every file passed, 1 otherwise, 2 for a command line that makes no sense.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))

from compat_fetch import FetchError, Store  # noqa: E402 - found through the lines above
from compat_report import as_data, line, put_into_docs, why  # noqa: E402 - the same
from compat_run import Outcome, Runner, Seen, missing_programs  # noqa: E402 - the same
from compat_suites import Suite, choose, load  # noqa: E402 - the same
from daemon_process import DaemonProcess  # noqa: E402 - the same

__all__ = ["main"]

PAGE = HERE.parents[1] / "docs" / "compat.md"

CONFIG = """
max_request_size = 1073741824
max_result_size = 1073741824

[limits]
max_concurrent_requests = 500
max_requests_per_minute = 10000000
max_memory_mb = 8192
max_cpu_percent = 3000
max_queued_requests = 10000
max_process_share = 1.0

[modules]
enabled = [{enabled}]
"""


@contextlib.contextmanager
def daemon() -> Iterator[Path]:
    """Run a daemon with every installed module and limits that no suite meets; gives its socket."""
    known = {entry.name for entry in importlib.metadata.entry_points(group="cpanbridge.modules")}
    enabled = ", ".join(f'"{name}"' for name in sorted(known - {"test", "system"}))
    process = DaemonProcess(toml=CONFIG.format(enabled=enabled))
    try:
        process.start()
        yield process.socket
        _complain(process)
    finally:
        process.stop()
        process.cleanup()


def _complain(process: DaemonProcess) -> None:
    """Show what a sound daemon never logs."""
    for text in process.log_text().splitlines():
        if "[ERROR]" in text or "[CRITICAL]" in text or "Traceback" in text:
            print(f"the daemon's log: {text}", file=sys.stderr)


def run_suite(runner: Runner, suite: Suite, only: list[str], label: str, verbose: bool) -> Outcome:
    """Run one suite, or those of its files that are named (left-out ones too)."""
    outcome = Outcome(suite)
    if lacking := missing_programs(suite):
        outcome.trouble = f"this machine lacks {', '.join(lacking)}"
        return outcome
    try:
        with runner.prepared(suite) as (work, environ):
            files = suite.files(work)
            if strange := sorted(set(only) - set(files)):
                raise ValueError(f"{suite.name} has no file {', '.join(strange)}")
            outcome.internals = {} if only else suite.left_out(files)
            for file in only or [file for file in files if file not in outcome.internals]:
                seen = runner.run(work, environ, file, suite.timeout)
                outcome.seen.append(seen)
                if verbose:
                    _tell(seen, label)
    except FetchError as error:
        outcome.trouble = str(error)
    return outcome


def _tell(seen: Seen, label: str) -> None:
    verdict = seen.verdict
    if not verdict.ok:
        print(why(seen), file=sys.stderr, flush=True)
        return
    counted = f"{verdict.passed} tests" if verdict.skip_reason is None else f"skipped: {verdict.skip_reason}"
    print(f"    {label} {seen.file}: {counted}, {seen.seconds:.1f} s", file=sys.stderr, flush=True)


def arguments(words: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make compat", description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="SUITE [FILE...]", help="suites, each followed by files of it")
    parser.add_argument("-v", "--verbose", action="store_true", help="each file, and what went wrong in it")
    parser.add_argument("--real", action="store_true", help="also run the real module, from Debian's binary package")
    parser.add_argument("--json", action="store_true", help="write the outcome as JSON")
    parser.add_argument("--docs", action="store_true", help="write the table of docs/compat.md")
    parser.add_argument("--output", action="store_true", help="show all that the files write")
    return parser.parse_args(words)


def run_all(chosen: list[tuple[Suite, list[str]]], options: argparse.Namespace) -> list[tuple[str, Outcome]]:
    """Run the chosen suites one after the other, and tell of each as it ends; gives each with the perl's kind."""
    store = Store()
    outcomes: list[tuple[str, Outcome]] = []
    with daemon() as socket:
        kinds = {"ours": Runner(store, socket)}
        if options.real:
            kinds["real"] = Runner(store, None)
        for suite, files in chosen:
            for label, runner in kinds.items():
                outcome = run_suite(runner, suite, files, label, options.verbose)
                outcomes.append((label, outcome))
                print(line(outcome, label), file=sys.stderr if options.json else sys.stdout, flush=True)
                for seen in outcome.failed if not options.verbose else []:
                    print(f"    {seen.file}: {seen.verdict.faults[0]}", file=sys.stderr, flush=True)
                for seen in outcome.seen if options.output else []:
                    print(seen.output, seen.errors, sep="\n", file=sys.stderr)
    return outcomes


def main(words: list[str] | None = None) -> int:
    """Run what the command line names; returns the exit status."""
    options = arguments(words)
    try:
        chosen = choose(load(), options.words)
        if options.docs and any(files for _, files in chosen):
            raise ValueError("--docs is for whole suites.")
        outcomes = run_all(chosen, options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([{"perl": label, **as_data(outcome)} for label, outcome in outcomes], indent=1))
    ours = [outcome for label, outcome in outcomes if label == "ours"]
    if options.docs:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(put_into_docs(page, ours, [suite.name for suite in load()]), encoding="utf-8")
    return 1 if any(outcome.failed or outcome.trouble for outcome in ours) else 0


if __name__ == "__main__":
    sys.exit(main())
