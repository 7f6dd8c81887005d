# ruff: noqa: S608 - what looks like SQL put together are programs
"""ODBC: DBI and SQLite's driver beside the real DBI and DBD::ODBC from Debian's packages, on the same kind of file."""

from __future__ import annotations

import importlib.util

import database_servers
from compat_measure import Measure, Side
from compat_real import real_options

__all__ = ["MEASURES", "MODULES"]

MODULES = ["database"]

DRIVER = database_servers.odbc_driver("libsqlite3odbc") if importlib.util.find_spec("pyodbc") else ""

FILLED = rf"""
use DBI; use File::Temp ();
my $folder = File::Temp->newdir;
my $dbh = DBI->connect( "dbi:ODBC:Driver={DRIVER};Database=$folder/db;SyncPragma=OFF", '', '', {{ RaiseError => 1 }} );
$dbh->do('CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20), price DOUBLE, empty VARCHAR(5), day DATE)');
$dbh->begin_work;
my $fill = $dbh->prepare(q{{INSERT INTO t VALUES (?, ?, ? * 1.5, NULL, '2024-01-02')}});
"""

FETCH = (
    FILLED
    + r"""
$fill->execute_array( {}, [ 1 .. 5_000 ], [ map {"name $_"} 1 .. 5_000 ], [ 1 .. 5_000 ] );
$dbh->commit;
my $sth = $dbh->prepare('SELECT COLUMNS FROM t');
rate( sub { $sth->execute; my $count = 0; $count++ while $sth->fetch; die if $count != 5_000 }, 5_000 );
"""
)
INSERT = FILLED + r"my $id = 0; rate( sub { $id++; $fill->execute( $id, 'some name', $id ) } ); $dbh->commit;"

REAL = real_options("libdbd-odbc-perl") if DRIVER else ()


def _beside(what: str, unit: str, code: str) -> Measure:
    ours = Side("ours", code, ("-MCPANBridge::Compat=prefer,DBI,DBD::ODBC",))
    return Measure(what, unit, ours, Side("real", code, REAL, needs="DBD::ODBC"))


MEASURES = [
    _beside("rows of 5 values, fetch", "rows", FETCH.replace("COLUMNS", "id, name, price, empty, name")),
    _beside("the same with a date", "rows", FETCH.replace("COLUMNS", "*")),
    _beside("INSERT, one by one", "rows", INSERT),
] if DRIVER else []  # fmt: skip
