"""Runs one suite's files, each with a perl of its own, and gathers what they say."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import database_servers
from compat_fetch import FetchError, Store
from compat_suites import Suite
from compat_tap import Verdict, judge
from compat_unpack import take_away_modules, unpack_deb, unpack_source

__all__ = ["Outcome", "Runner", "Seen"]

SERVERS: dict[str, tuple[Callable[[], AbstractContextManager[dict[str, str] | None]], dict[str, str]]] = {
    "postgresql": (database_servers.postgresql, {"DBI_DSN": "dbi:Pg:dbname=postgres", "DBI_USER": "postgres"}),
    "mariadb": (
        database_servers.mariadb,
        {
            "DBI_DSN": "DBI:MariaDB:test;mariadb_socket={MYSQL_UNIX_PORT}",
            "DBI_USER": "root",
            "DBD_MARIADB_TESTDB": "test",
            "DBD_MARIADB_TESTSOCKET": "{MYSQL_UNIX_PORT}",
            "DBD_MARIADB_TESTUSER": "root",
        },
    ),
    "mysql": (
        database_servers.mariadb,
        {"DBI_DSN": "DBI:mysql:test;mysql_socket={MYSQL_UNIX_PORT}", "DBI_USER": "root"},
    ),
    "odbc": (
        database_servers.odbc_postgresql,
        {
            "DBI_DSN": "dbi:ODBC:Driver={ODBC_DRIVER};Server={PGHOST};Port=5432;Database=postgres",
            "DBI_USER": "postgres",
        },
    ),
}
"""What starts each kind of server, and the variables in which the suites' tests look for it."""

HERE = Path(__file__).parent
HELPERS = HERE.parents[1] / "bridge" / "perl" / "t" / "lib"
CLIENT = HERE.parents[1] / "bridge" / "perl" / "lib"


@dataclass
class Seen:
    """One file's run.

    Attributes:
        file: relative to the suite's folder.
        verdict, seconds: how it went and how long it took.
        output, errors: what it wrote.
    """

    file: str
    verdict: Verdict
    seconds: float
    output: str
    errors: str


@dataclass
class Outcome:
    """One suite's run.

    Attributes:
        seen: every file that was run.
        internals: files left out, with the reasons.
        trouble: why the suite could not be run at all, or None.
    """

    suite: Suite
    seen: list[Seen] = field(default_factory=list)
    internals: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None

    @property
    def passed(self) -> list[Seen]:
        """Files in which nothing was wrong and something was tested."""
        return [seen for seen in self.seen if seen.verdict.ok and seen.verdict.skip_reason is None]

    @property
    def skipped(self) -> list[Seen]:
        """Files that found nothing to test here and said why."""
        return [seen for seen in self.seen if seen.verdict.ok and seen.verdict.skip_reason is not None]

    @property
    def failed(self) -> list[Seen]:
        """All other files."""
        return [seen for seen in self.seen if not seen.verdict.ok]


class Runner:
    """Runs suites on one kind of perl.

    Args:
        store: where the packages come from.
        socket: the daemon's; None runs the real modules instead of ours.
    """

    def __init__(self, store: Store, socket: Path | None) -> None:
        self._store = store
        self._socket = socket

    @contextlib.contextmanager
    def prepared(self, suite: Suite) -> Iterator[tuple[Path, dict[str, str]]]:
        """Unpack a suite into a folder of its own, and start its server; gives folder and environment for its perls.

        Raises:
            FetchError: a package cannot be had, or the server is not installed.
        """
        archives = self._store.of(suite.release).source(suite.source)
        with (
            _server(suite.server) as server,
            tempfile.TemporaryDirectory(prefix="compat-", ignore_cleanup_errors=True) as name,
        ):
            work = Path(name) / "suite"
            unpack_source(archives, work)
            take_away_modules(work, suite.keep, suite.texts)
            wanted = [*suite.needs]
            if self._socket is None:
                wanted += self._store.missing(suite.package)
            beside = Path(name) / "packages"
            for package in wanted:
                unpack_deb(self._store.package(package), beside)
            environ = self._environment(suite, Path(name), beside) | server
            if suite.keep and self._socket is not None:
                environ["PERL5LIB"] = ":".join([str(work / "blib" / "lib"), *environ.get("PERL5LIB", "").split(":")])
            yield work, environ

    def _environment(self, suite: Suite, folder: Path, beside: Path) -> dict[str, str]:
        home = folder / "home"
        home.mkdir()
        environ = {name: os.environ[name] for name in ("PATH", "USER", "LOGNAME") if name in os.environ}
        environ |= {"HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(folder), "HARNESS_ACTIVE": "1"}
        libraries = [
            str(path) for path in (*beside.glob("usr/lib/*/perl5/*"), beside / "usr/share/perl5") if path.is_dir()
        ]
        if libraries:
            environ["PERL5LIB"] = ":".join(libraries)
        if shared := [str(path) for path in beside.glob("usr/lib/*-linux-gnu")]:
            environ["LD_LIBRARY_PATH"] = ":".join(shared)
        if self._socket is not None:
            environ["CPAN_BRIDGE_SOCKET"] = str(self._socket)
            environ["PERL5OPT"] = " ".join([*self._switches(), *(f"-M{name}" for name in suite.preload)])
        return environ | suite.env

    def _switches(self) -> list[str]:
        if self._socket is None:
            return []
        return [f"-I{HELPERS}", "-MCoreOnly", f"-I{CLIENT}", "-MCPANBridge::Compat"]

    def run(self, work: Path, environ: dict[str, str], file: str, timeout: float) -> Seen:
        """Run one file in the suite's folder; ``timeout`` in seconds."""
        switches = _shebang(work / file)
        if any("T" in switch or "t" in switch for switch in switches):
            # perl -T looks at neither PERL5OPT nor PERL5LIB.
            library = environ.get("PERL5LIB", "")
            switches += [f"-I{folder}" for folder in library.split(":") if folder] + self._switches()
        began = time.monotonic()
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                ["perl", *switches, file],
                cwd=work,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
            status: int | None
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started goes with it
            process.wait()
            output.seek(0)
            errors.seek(0)
            said = output.read().decode(errors="replace")
            wrong = errors.read().decode(errors="replace")
        return Seen(file, judge(said, status), time.monotonic() - began, said, wrong)


@contextlib.contextmanager
def _server(kind: str) -> Iterator[dict[str, str]]:
    """Run the server that a suite needs; gives the environment by which its tests find it."""
    if not kind:
        yield {}
        return
    start, variables = SERVERS[kind]
    with start() as environ:
        if environ is None:
            raise FetchError(f"this machine lacks the server of {kind}")
        yield environ | {name: value.format(**environ) for name, value in variables.items()}


def _shebang(path: Path) -> list[str]:
    """Return the switches on a test's first line that perl must be given on its command line."""
    with open(path, "rb") as text:
        first = text.readline(200).decode(errors="replace")
    match = re.match(r"#!.*\bperl\S*\s+(-\w+(?:\s+-\w+)*)", first)
    return [switch for switch in match[1].split() if re.fullmatch(r"-[TtwWs]+", switch)] if match else []


def missing_programs(suite: Suite) -> list[str]:
    """Return the programs that a suite needs and this machine lacks."""
    return [name for name in suite.programs if not shutil.which(name)]
