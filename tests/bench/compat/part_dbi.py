# ruff: noqa: S608 - what looks like SQL put together are programs
"""Databases: DBI and SQLite beside the real DBI and DBD::SQLite from Debian's packages, on the same kind of file."""

from __future__ import annotations

from compat_measure import Measure, Side
from compat_real import real_options

__all__ = ["MEASURES", "MODULES"]

MODULES = ["database"]

OPEN = r"""
use DBI; use File::Temp ();
my $folder = File::Temp->newdir;
my $dbh = DBI->connect( "dbi:SQLite:dbname=$folder/db", '', '', { RaiseError => 1 } );
$dbh->do('PRAGMA synchronous = OFF');
"""

FILLED = (
    OPEN
    + r"""
$dbh->do('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL, empty, more TEXT)');
$dbh->begin_work;
my $fill = $dbh->prepare(q{INSERT INTO t VALUES (?, ?, ? * 1.5, NULL, 'some text')});
$fill->execute( $_, "name $_", $_ ) for 1 .. 10_000;
$dbh->commit;
"""
)

FETCH = (
    FILLED
    + r"""
my $sth = $dbh->prepare('SELECT * FROM t');
rate( sub { $sth->execute; my $count = 0; $count++ while $sth->fetch; die if $count != 10_000 }, 10_000 );
"""
)
FETCH_ALL = (
    FILLED
    + r"""
rate( sub { @{ $dbh->selectall_arrayref('SELECT * FROM t') } == 10_000 or die }, 10_000 );
"""
)
HASHES = (
    FILLED
    + r"""
my $sth = $dbh->prepare('SELECT * FROM t');
rate( sub { $sth->execute; my $count = 0; while ( my $row = $sth->fetchrow_hashref ) { $count++ } }, 10_000 );
"""
)
LOOK_UP = (
    FILLED
    + r"""
my $sth = $dbh->prepare('SELECT name FROM t WHERE id = ?');
my $id = 0;
rate( sub { $sth->execute( $id = $id % 10_000 + 1 ); $sth->fetchrow_array or die; $sth->finish } );
"""
)
INSERT = (
    OPEN
    + r"""
$dbh->do('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');
my $sth = $dbh->prepare('INSERT INTO t (name) VALUES (?)');
$dbh->begin_work;
rate( sub { $sth->execute('some name') } );
$dbh->commit;
"""
)
INSERT_MANY = (
    OPEN
    + r"""
$dbh->do('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');
my $sth = $dbh->prepare('INSERT INTO t (name) VALUES (?)');
my @names = map {"name $_"} 1 .. 1000;
rate( sub { $dbh->begin_work; $sth->execute_array( {}, \@names ); $dbh->commit }, 1000 );
"""
)
FUNCTION = (
    FILLED
    + r"""
$dbh->sqlite_create_function( 'twice', 1, sub { 2 * $_[0] } );
rate( sub { $dbh->selectrow_array('SELECT sum(twice(id)) FROM t WHERE id <= 500') }, 500 );
"""
)

REAL = real_options("libdbd-sqlite3-perl")


def _beside(what: str, unit: str, code: str, goal: float | None = None) -> Measure:
    ours = Side("ours", code, ("-MCPANBridge::Compat=prefer,DBI,DBD::SQLite",))
    return Measure(what, unit, ours, Side("real", code, REAL, needs="DBD::SQLite"), goal)


MEASURES = [
    _beside("rows of 5 values, fetch", "rows", FETCH, 478_000),
    _beside("rows of 5 values, all at once", "rows", FETCH_ALL, 478_000),
    _beside("rows of 5 values as hashes", "rows", HASHES),
    _beside("execute, one row, finish", "calls", LOOK_UP),
    _beside("INSERT, one by one", "rows", INSERT),
    _beside("INSERT by execute_array", "rows", INSERT_MANY),
    _beside("calls of a sub by SQL", "calls", FUNCTION),
]
