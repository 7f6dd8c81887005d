"""Database servers of one's own for tests: in a folder that goes with them, on a Unix socket, as no program of root's.

Each function is a context manager that starts a server and gives the environment variables by which its clients find
it. ``None`` is given where Debian's package with the server is not installed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["mariadb", "odbc_driver", "odbc_postgresql", "postgresql"]

CREATE_TEST = "CREATE OR REPLACE DATABASE test CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"

SECONDS = 50.0
"""Longest accepted for making, starting or stopping a server; two or three are usual."""


def postgresql_programs() -> str:
    """Return the folder of PostgreSQL's server programs, or an empty string."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(found[-1].parent) if found else os.path.dirname(shutil.which("initdb") or "")


def odbc_driver(name: str) -> str:
    """Return the path of an ODBC driver of Debian's (``psqlodbcw``, ``libsqlite3odbc``, ``libmaodbc``), or nothing."""
    found = sorted(Path("/usr/lib").glob(f"*/odbc/{name}.so"))
    return str(found[0]) if found else ""


@contextlib.contextmanager
def postgresql() -> Iterator[dict[str, str] | None]:
    """Run PostgreSQL; the user ``postgres`` needs no password."""
    programs = postgresql_programs()
    if not programs:
        yield None
        return
    with _folder("pg", "postgres") as (folder, user):
        data = str(folder / "data")
        _run(
            [f"{programs}/initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-N"],
            folder, user,
        )  # fmt: skip
        server = [
            f"{programs}/postgres", "-D", data, "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off",
            "-c", "max_prepared_transactions=10",
        ]  # fmt: skip
        ready = [f"{programs}/pg_isready", "-h", str(folder), "-t", "30"]
        with _serving(server, ready, folder, user, signal.SIGINT):
            yield {"PGHOST": str(folder), "PGUSER": "postgres", "PGDATABASE": "postgres"}


@contextlib.contextmanager
def odbc_postgresql() -> Iterator[dict[str, str] | None]:
    """Run PostgreSQL; ``ODBC_DRIVER`` is the path of its ODBC driver."""
    driver = odbc_driver("psqlodbcw")
    with postgresql() if driver else contextlib.nullcontext() as environ:
        yield None if environ is None else {**environ, "ODBC_DRIVER": driver}


@contextlib.contextmanager
def mariadb() -> Iterator[dict[str, str] | None]:
    """Run MariaDB; the user ``root`` needs no password, and the database ``test`` is there."""
    server = next(filter(None, map(shutil.which, ("mariadbd", "/usr/sbin/mariadbd"))), None)
    install = shutil.which("mariadb-install-db")
    if server is None or install is None:
        yield None
        return
    with _folder("maria", "nobody") as (folder, user):
        data = folder / "data"
        options = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder}", "--innodb-flush-log-at-trx-commit=0"]
        _run([install, *options, "--auth-root-authentication-method=normal", "--skip-name-resolve"], folder, user)
        socket = folder / "socket"
        command = [server, *options, f"--socket={socket}", "--skip-networking", f"--pid-file={folder}/pid"]
        ready = [
            "mariadb",
            "--no-defaults",
            f"--socket={socket}",
            "--user=root",
            "-e",
            CREATE_TEST,
        ]
        with _serving(command, ready, folder, user, signal.SIGTERM):
            yield {"MYSQL_UNIX_PORT": str(socket)}


@contextlib.contextmanager
def _folder(name: str, user: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Give a folder, and what makes a program run as its owner: root's programs do as another user."""
    folder = Path(tempfile.mkdtemp(prefix=f"cpanbridge-{name}-"))
    run_as: dict[str, Any] = {}
    try:
        if os.geteuid() == 0:
            other = pwd.getpwnam(user)
            os.chown(folder, other.pw_uid, other.pw_gid)
            run_as = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
        yield folder, run_as
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], folder: Path, user: dict[str, Any]) -> None:
    said = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False, **user
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr


@contextlib.contextmanager
def _serving(
    command: list[str], ready: list[str], folder: Path, user: dict[str, Any], end: signal.Signals
) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **user)
    try:
        until = time.monotonic() + SECONDS
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": SECONDS}
        while subprocess.run(ready, check=False, **quiet).returncode:  # type: ignore[call-overload]
            assert process.poll() is None, (folder / "log").read_text(errors="replace")
            assert time.monotonic() < until, (folder / "log").read_text(errors="replace")
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(end)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
