"""Databases end to end: a real daemon, a core-only Perl with ``use DBI``, SQLite, and PostgreSQL where it is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import database_servers
import pytest
from daemon_process import DaemonProcess, clean_environment

ROOT = Path(__file__).parents[2]
PERL = ROOT / "bridge" / "perl"

TOML = """
[limits]
max_requests_per_minute = 1000000
[modules]
enabled = ["python", "database"]
"""

Script = Callable[..., str]


@pytest.fixture
def database_daemon(start_daemon: Callable[..., DaemonProcess]) -> DaemonProcess:
    """Return a daemon with the module enabled."""
    return start_daemon(toml=TOML)


@pytest.fixture
def script(database_daemon: DaemonProcess, tmp_path: Path) -> Script:
    """Return what runs a Perl program with the replacements, and returns what it has printed."""

    def run(code: str, **environ: str) -> str:
        command = [
            "perl", "-w", f"-I{PERL}/t/lib", f"-I{PERL}/lib", "-MCoreOnly", "-MCPANBridge::Compat=prefer,DBI",
            "-MDBI", "-Mstrict", "-e", code,
        ]  # fmt: skip
        environment = {**clean_environment(), "CPAN_BRIDGE_SOCKET": str(database_daemon.socket), **environ}
        seen = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50, check=False
        )
        assert (seen.returncode, seen.stderr) == (0, ""), seen.stdout + seen.stderr
        return seen.stdout

    return run


CONNECT = "my $dbh = DBI->connect('dbi:SQLite:dbname=test.db', '', '', { RaiseError => 1, PrintError => 0 });"


def test_an_ordinary_program_runs_unchanged(script: Script, tmp_path: Path) -> None:
    """Tables, values of all kinds, a transaction, and rows in several batches."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE stock (id INTEGER PRIMARY KEY, item TEXT, price REAL, picture BLOB)');
        my $sth = $dbh->prepare('INSERT INTO stock (item, price, picture) VALUES (?, 0.1 + 0.2, ?)');
        $sth->bind_param(2, "\x00\xff\n", DBI::SQL_BLOB());
        $sth->execute("N\xc3\xa4gel", "\x00\xff\n");
        print $dbh->last_insert_id('', '', '', ''), "\n";
        $dbh->begin_work;
        $dbh->do('INSERT INTO stock (item) VALUES (?)', undef, "item $_") for 1 .. 5;
        $dbh->rollback;
        my ($item, $price, $picture, $null) = $dbh->selectrow_array('SELECT item, price, picture, NULL FROM stock');
        my $exact = $price == 0.1 + 0.2 ? 'exact' : 'not';
        print join('|', $item, $price, $exact, unpack('H*', $picture), defined $null ? 1 : 0), "\n";
        $dbh->begin_work;
        my $many = $dbh->prepare('INSERT INTO stock (item) VALUES (?)');
        $many->execute_array({}, [ map { "item $_" } 1 .. 3000 ]);
        $dbh->commit;
        my ($count, $sum) = (0, 0);
        my $all = $dbh->prepare('SELECT id FROM stock ORDER BY id');
        $all->execute;
        while (my $row = $all->fetch) { $count++; $sum += $row->[0] }
        print "$count $sum ", $all->rows, "\n";
        $dbh->disconnect;
        """
    )
    assert said.splitlines() == ["1", "Nägel|0.3|exact|00ff0a|0", f"3001 {3001 * 3002 // 2} 3001"]
    assert (tmp_path / "test.db").exists(), "a relative name is looked for where the program runs"


def test_rows_that_come_in_many_batches(script: Script) -> None:
    """Each row comes once and in order: by all ways to fetch, in nested loops, after an early end, with large rows."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        my $numbers = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 0 + ?) SELECT i, ';
        my $count = 20_000;
        my $sth = $dbh->prepare( $numbers . "'row ' || i, NULL, i / 2.0 FROM n" );
        $sth->execute($count);
        my ( $at, $wrong, $kept ) = ( 0, 0, undef );
        while ( my $row = $sth->fetch ) {
            $at++;
            $wrong++ if $kept && $kept != $row || "$row->[0] $row->[1] $row->[3]" ne "$at row $at " . $at / 2;
            $kept = $row;
            $wrong++ if $sth->rows != $at;
            $dbh->do('CREATE TABLE IF NOT EXISTS t (a)') if $at == 15_000;
        }
        print "$at $wrong ", $sth->rows, "
";

        $sth->execute($count);
        $sth->bind_columns( \my ( $number, $text, $null, $half ) );
        ( $at, $wrong ) = ( 0, 0 );
        while ( $sth->fetch ) { $at++; $wrong++ if "$number $text $half" ne "$at row $at " . $at / 2 || defined $null }
        print "$at $wrong
";

        $sth = $dbh->prepare( $numbers . "'row ' || i AS word FROM n" );
        $sth->execute($count);
        ( $at, $wrong ) = ( 0, 0 );
        while ( my $row = $sth->fetchrow_hashref ) { $at++; $wrong++ if "$row->{i} $row->{word}" ne "$at row $at" }
        print "$at $wrong
";

        my ( $outer, $inner ) = map { $dbh->prepare( $numbers . "'$_' FROM n" ) } 'outer', 'inner';
        $outer->execute(4000);
        my %seen;
        while ( my ( $i, $word ) = $outer->fetchrow_array ) {
            $seen{$word}++;
            next if $i % 100;
            $inner->execute(3000);
            my $till = $i % 200 ? 3000 : 1500;
            while ( my ( $j, $word ) = $inner->fetchrow_array ) { $seen{$word}++; last if $j == $till }
        }
        print "$seen{outer} $seen{inner}
";
        $inner->finish;

        my $all = $dbh->selectall_arrayref( $numbers . '2 * i FROM n', undef, $count );
        print scalar @$all, ' ', scalar( grep { $all->[$_][1] != 2 * $_ + 2 } 0 .. $#$all ), "
";
        my $column = $dbh->selectcol_arrayref( $numbers . '2 * i FROM n', { Columns => [2] }, $count );
        print scalar @$column, " $column->[-1]
";
        my $some = $dbh->selectall_arrayref( $numbers . '2 * i FROM n', { MaxRows => 2500 }, $count );
        print scalar @$some, " $some->[-1][0]
";

        $sth = $dbh->prepare( $numbers . "printf( '%.*c', CASE WHEN i = 2000 THEN 300000 ELSE 10 END, 'x' ) FROM n" );
        $sth->execute(3000);
        ( $at, my $length ) = ( 0, 0 );
        while ( my ( undef, $text ) = $sth->fetchrow_array ) { $at++; $length += length $text }
        print "$at $length
";

        $sth = $dbh->prepare( $numbers . 'abs( CASE WHEN i = 9000 THEN -9223372036854775807 - 1 ELSE i END ) FROM n' );
        $sth->execute($count);
        $at = 0;
        eval { $at++ while $sth->fetch; 1 } or print $at < 9000 ? 1 : 0, ' ', $@ =~ /(integer overflow)/, "
";

        $dbh->sqlite_create_function( twice => 1, sub { 2 * $_[0] } );
        $sth = $dbh->prepare( $numbers . 'twice(i) FROM n' );
        $sth->execute(3000);
        ( $at, $wrong ) = ( 0, 0 );
        while ( my $row = $sth->fetch ) { $at++; $wrong++ if $row->[1] != 2 * $at }
        print "$at $wrong
";
        """
    )
    assert said.splitlines() == [
        "20000 0 20000", "20000 0", "20000 0", "4000 90000", "20000 0", "20000 40000", "2500 2500", "3000 329990",
        "1 integer overflow", "3000 0",
    ]  # fmt: skip


KINDS = r"""
use B ();
sub kinds {    # of all values: what they are, and whether they are characters
    return join "\n", map { join '|', map { kind($_) } @$_ } @{ $_[0] };
}
sub kind {
    my ($value) = @_;
    return 'undef' if !defined $value;
    return '[' . join( ',', map { kind($_) } @$value ) . ']' if ref $value;
    my $flags = B::svref_2object( \$value )->FLAGS;
    my $kind = $flags & B::SVf_POK() ? 'string' : $flags & B::SVf_IOK() ? 'integer' : 'float';
    return join ' ', $kind, utf8::is_utf8($value) ? 'characters' : 'bytes', map { ord } split //, $value;
}
"""


def test_ways_to_fetch_can_change_in_the_middle(script: Script) -> None:
    """Of rows that come by column, too: each row comes once, whatever is wanted of the next."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        binmode STDOUT, ':utf8';
        $dbh->{sqlite_unicode} = 1;
        my $sql = qq{WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            SELECT i, CASE WHEN i % 3 THEN 'b\x{e4}r ' || i || '  ' END AS b,
            CASE WHEN i % 2 THEN x'00' || i ELSE -i / 2.0 END AS c FROM n};
        my $at = 0;
        my $wrong = 0;
        my $check = sub {
            my ( $i, $b, $c, $blanks ) = @_;
            $at++;
            $blanks = '  ' if !defined $blanks;
            $wrong++ if $i != $at || $c ne ( $at % 2 ? "\0$at" : -$at / 2 );
            $wrong++ if $at % 3 ? $b ne "b\x{e4}r $at$blanks" || !utf8::is_utf8($b) : defined $b;
        };
        my $sth = $dbh->prepare($sql);
        $sth->execute;
        for my $round ( 1 .. 20 ) {
            $check->( @{ $sth->fetch } ) for 1 .. 3;
            $check->( $sth->fetchrow_array ) for 1 .. 3;
            my $i = $sth->fetchrow_array;
            $at++;
            $check->( @$_{qw(i b c)} ) for map { $sth->fetchrow_hashref } 1 .. 3;
            $check->(@$_) for @{ $sth->fetchall_arrayref( undef, 5 ) };
            $check->( @$_{qw(i b c)} ) for @{ $sth->fetchall_arrayref( {}, 40 ) };
            my $row = $sth->fetch;
            $check->( splice @$row );
            $check->( @{ $sth->fetch } ) for 1 .. 2;
        }
        print "$at $wrong ", $sth->rows, "\n";
        my ( $i, $b, $c ) = ( 1, 2, 3 );
        $sth->bind_columns( \( $i, $b, $c ) );
        for ( 1 .. 200 ) { $sth->fetch; $check->( $i, $b, $c ) }
        for ( 1 .. 3 ) { $check->( $sth->fetchrow_array ); $wrong++ if $i != $at }
        for ( 1 .. 3 ) { $check->( @{ $sth->fetchrow_hashref }{qw(i b c)} ); $wrong++ if $i != $at }
        $sth->{ChopBlanks} = 1;
        for ( 1 .. 50 ) { $sth->fetch; $check->( $i, $b, $c, '' ) }
        $sth->{ChopBlanks} = 0;
        for ( 1 .. 50 ) { $sth->fetch; $check->( $i, $b, $c ) }
        $sth->{Callbacks} = { fetch => sub { $wrong += 0.001; return } };
        for ( 1 .. 5 ) { $sth->fetch; $check->( $i, $b, $c ) }
        $sth->{Callbacks} = undef;
        $sth->bind_col( 2, undef, { TYPE => 2 } );
        for ( 1 .. 5 ) { $sth->fetch; $check->( $i, $b, $c ) }
        my $before = $at;
        $check->(@$_) for @{ $sth->fetchall_arrayref };
        print "$at $wrong ", $sth->rows, ' ', $sth->{Active} ? 1 : 0, "\n";

        $at = $wrong = 0;
        $sth = $dbh->prepare($sql);
        for ( 1 .. 3 ) {
            $sth->execute;
            $at = 0;
            $check->( $sth->fetchrow_array ) for 1 .. 150;
            $sth->finish if $_ == 2;
        }
        print "$at $wrong ", $sth->rows, "\n";
        my $other = $dbh->prepare("SELECT i, i * 2 FROM ($sql) LIMIT 12");
        $other->execute;
        print join( ' ', map { $_->[1] } @{ $other->fetchall_arrayref } ), ' ', $other->rows, "\n";
        my $empty = $dbh->prepare("SELECT '' AS a FROM ($sql) LIMIT ?");
        for my $count ( 0, 1, 7, 8, 9, 101, 1101 ) {
            my $rows = $dbh->selectall_arrayref( $empty, undef, $count );
            print scalar( grep { defined $_->[0] && $_->[0] eq '' } @$rows ), ' ';
        }
        print "\n";
        my $zeros = $dbh->selectcol_arrayref("SELECT zeroblob(i % 4) FROM ($sql) LIMIT 9");
        print join( ' ', map {length} @$zeros ), "\n";
        """
    )
    assert said.splitlines() == [
        "1160 0 1160", "3000 0.005 3000 0", "150 0 150", "2 4 6 8 10 12 14 16 18 20 22 24 12",
        "0 1 7 8 9 101 1101 ", "1 2 3 0 1 2 3 0 1",
    ]  # fmt: skip


def test_single_statements_take_and_give_every_value(script: Script) -> None:
    """With a handle that is used again and again or without one; whatever the values are, and after an error."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        my @values = (
            'plain', '', 0, -7, 1.5, undef, 'say "x"', 'back\\slash', "tab\t", "\xc3\xa4", "\x{e4}", "\x{20ac}",
            "nul\0x", q{it's}, 1e30, '?',
        );
        my $flagged = "ascii"; utf8::upgrade($flagged);
        push @values, $flagged;
        my $echo  = $dbh->prepare('SELECT ?, typeof(?)');
        my $bytes = sub { my $text = shift; utf8::encode($text) if defined $text && utf8::is_utf8($text); $text };
        my $same  = sub {
            my ($one, $other) = map { defined $_ ? "=$_" : 'undef' } map { $bytes->($_) } @_;
            return $one eq $other;
        };
        my @wrong;
        for my $index (0 .. $#values) {
            my ($value, $other) = @values[ $index, $index - 1 ];
            $echo->execute($value, $other);
            my @one = $echo->fetchrow_array;
            $echo->finish;
            $echo->execute;    # the same values
            my $two = $echo->fetchrow_arrayref;
            $two = [@$two];
            push @wrong, "rows after $index" if $echo->fetch || $echo->rows != 1 || $echo->{Active};
            my @three = $dbh->selectrow_array('SELECT ?, typeof(?)', undef, $value, $other);
            my $four = $dbh->selectrow_hashref('SELECT ? AS v, typeof(?) AS W', undef, $value, $other);
            my $type = defined $other ? 'text' : 'null';
            for my $row (\@one, $two, \@three, [ @$four{qw(v W)} ]) {
                push @wrong, "value $index" if !$same->($row->[0], $value);
                push @wrong, "type $index: $row->[1]" if $row->[1] ne $type;
            }
            push @wrong, "parameters $index" if !$same->($echo->{ParamValues}{1}, $value);
        }
        $echo->bind_param(1, 5, DBI::SQL_INTEGER());
        $echo->bind_param(2, 6, DBI::SQL_INTEGER());
        $echo->execute;
        print 'typed: ', join(',', $echo->fetchrow_array), "\n";
        for my $count (1, 3) {
            eval { $echo->execute((1) x $count) };
            print $@ =~ /(called with \d bind variables when \d are needed)/, "\n";
            eval { $dbh->selectrow_array('SELECT ?, ?', undef, (1) x $count) };
            print $@ =~ /(called with \d bind variables when \d are needed)/, "\n";
        }
        eval { $dbh->selectrow_array('SELECT * FROM nowhere') };
        print $@ =~ /(.*) at /, "\n", $dbh->err, "\n";
        print scalar(() = $dbh->selectrow_array('SELECT 1 WHERE 0')), defined $dbh->err ? 'error' : 'none', "\n";
        $dbh->{FetchHashKeyName} = 'NAME_lc';
        print join(',', %{ $dbh->selectrow_hashref('SELECT 1 AS ONE') }), "\n";
        $dbh->do('CREATE TABLE t (a)');
        $dbh->do('INSERT INTO t VALUES (?), (?)', undef, 1, 2);
        print scalar $dbh->selectrow_array('SELECT a FROM t ORDER BY a'), $dbh->do('SELECT a FROM t'), "\n";
        $dbh->do('DROP TABLE t');    # nothing reads it any more
        print "@wrong\n";
        """
    )
    assert said.splitlines() == [
        "typed: 5,integer",
        *["called with 1 bind variables when 2 are needed"] * 2,
        *["called with 3 bind variables when 2 are needed"] * 2,
        "DBD::SQLite::db selectrow_array failed: no such table: nowhere",
        "1",
        "0none",
        "one,1",
        "10E0",
        "",
    ]


def test_tuples_in_arrays(script: Script) -> None:
    """Values of all kinds arrive as they do one by one: bytes, characters, NUL, undef, numbers, large ones."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('PRAGMA synchronous = OFF');
        $dbh->do('CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)');
        my @a = ( 'text', '', undef, "nul\0nul", "\xe9t\xe9", "\x{20ac}", 1.5, 7, 'x' x 3_000_000, 'y' x 3_000_000 );
        my $sth = $dbh->prepare('INSERT INTO t (a, b) VALUES (?, ?)');
        my @status;
        print scalar $sth->execute_array( { ArrayTupleStatus => \@status }, \@a, 'same' ), " @status\n";
        $sth->execute( $_, 'one' ) for @a;
        print join( ' ', $dbh->selectrow_array('SELECT count(*), count( DISTINCT typeof(o.a) || hex(o.a) ) FROM t s
            JOIN t o ON o.id = s.id + 10 AND o.a IS s.a AND typeof(o.a) = typeof(s.a)') ), "\n";
        my @plain = ( undef, 'b', '' );
        print scalar $sth->execute_array( {}, [ 1 .. 3 ], \@plain ), "\n";
        my $added = $dbh->selectcol_arrayref('SELECT b FROM t WHERE id > 20');
        print join( ' ', map { defined $_ ? "<$_>" : 'undef' } @$added ), "\n";
        my $unique = $dbh->prepare('INSERT INTO t (id) VALUES (?)');
        my $done = eval { $unique->execute_array( { ArrayTupleStatus => \@status }, [ 100, 1, 101 ] ); 1 };
        print $done ? 'no error' : $@ =~ /(executing 3 generated 1 errors)/, "\n";
        print join( ' ', map { ref $_ ? "[$_->[0] $_->[1]]" : $_ } @status ), "\n";
        my @tuples = map { [ 1000 + $_ ] } 1 .. 2500;
        print scalar $unique->execute_for_fetch( sub { shift @tuples } ), ' ';
        print $dbh->selectrow_array('SELECT count(*) FROM t WHERE id > 1000'), "\n";
        my $typed = $dbh->prepare('INSERT INTO t (id, a, b) VALUES (?, ?, ?)');
        $typed->bind_param( 2, undef, DBI::SQL_INTEGER() );
        $typed->bind_param( 3, undef, DBI::SQL_BLOB() );
        $typed->execute_array( {}, [ 5001, 5002 ], [ '12', 'word' ], [ 'bytes', "\xff" ] );
        $added = $dbh->selectall_arrayref('SELECT typeof(a), typeof(b), hex(b) FROM t WHERE id > 5000');
        print join( ' ', map {"@$_"} @$added ), "\n";
        """
    )
    assert said.splitlines() == [
        "10 1 1 1 1 1 1 1 1 1 1", "10 10", "3", "undef <b> <>", "executing 3 generated 1 errors",
        "1 [19 UNIQUE constraint failed: t.id] 1", "2500 2500", "integer blob 6279746573 text blob FF",
    ]  # fmt: skip


def test_errors_come_as_dbi_s(script: Script) -> None:
    """With number and text, at the program's line; and characters come as characters where that is wanted."""
    said = script(
        r"""
        my %how = (RaiseError => 1, PrintError => 0, sqlite_unicode => 1);
        my $dbh = DBI->connect('dbi:SQLite:dbname=:memory:', '', '', \%how);
        $dbh->do('CREATE TABLE t (a PRIMARY KEY)');
        $dbh->do('INSERT INTO t VALUES (?)', undef, "\x{263a}");
        print length($dbh->selectrow_array('SELECT a FROM t')), "\n";
        eval { $dbh->do('INSERT INTO t VALUES (?)', undef, "\x{263a}") };
        print $@, $dbh->err, ' ', $dbh->state, "\n";
        eval { $dbh->prepare('SELECT * FROM nowhere') };
        print $@;
        """
    )
    assert said.splitlines() == [
        "1",
        "DBD::SQLite::db do failed: UNIQUE constraint failed: t.a at -e line 7.",
        "19 S1000",
        "DBD::SQLite::db prepare failed: no such table: nowhere at -e line 9.",
    ]


def test_sql_calls_subs_of_the_program(script: Script) -> None:
    """Functions, aggregates, collations and hooks; their values keep their kinds; what they die of is an error."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE t (a INTEGER, b)');
        my $insert = $dbh->prepare('INSERT INTO t VALUES (?, ?)');
        $dbh->begin_work;
        $insert->execute_array({}, [ 1 .. 1200 ], [ map { "item $_" } 1 .. 1200 ]);
        $dbh->commit;
        $dbh->sqlite_create_function('twice', 1, sub { 2 * $_[0] });
        $dbh->sqlite_create_function('kind', 1, sub { defined $_[0] ? "<$_[0]>" : undef });
        my $kinds = "SELECT twice(21), typeof(twice(0.25)), kind('x'), kind(NULL) IS NULL";
        print join(' ', $dbh->selectrow_array($kinds)), "\n";
        my $inner = $dbh->prepare('SELECT b FROM t WHERE a = ?');
        $dbh->sqlite_create_function('asks', 1, sub { ($dbh->selectrow_array($inner, undef, $_[0]))[0] });
        print $dbh->selectrow_array('SELECT group_concat(asks(a)) FROM t WHERE a < 3'), "\n";
        { package Longest;
          sub new { bless [''] }
          sub step { $_[0][0] = $_[1] if length $_[1] > length $_[0][0] }
          sub finalize { $_[0][0] } }
        $dbh->sqlite_create_aggregate('longest', 1, 'Longest');
        my $found = $dbh->selectcol_arrayref('SELECT longest(b) FROM t GROUP BY a > 99 ORDER BY 1');
        print "@$found ", length $dbh->selectrow_array('SELECT longest(b) FROM t WHERE 0'), "\n";
        no warnings 'once';
        $DBD::SQLite::COLLATION{by_length} = sub { length $_[0] <=> length $_[1] || $_[0] cmp $_[1] };
        my $ordered = $dbh->selectcol_arrayref('SELECT b FROM t ORDER BY b COLLATE by_length LIMIT 2');
        print "@$ordered\n";
        my @seen;
        $dbh->sqlite_update_hook(sub { push @seen, "@_[1 .. 3]" });
        $dbh->sqlite_commit_hook(sub { push @seen, 'commit'; 0 });
        $dbh->do('UPDATE t SET b = 1 WHERE a = 7');
        print "@seen\n";
        $dbh->sqlite_create_function('dies', 0, sub { die "no such luck\n" });
        eval { $dbh->do('SELECT dies()') };
        print $dbh->errstr =~ /no such luck/ ? 'told' : $dbh->errstr, "\n";
        print $dbh->selectrow_array("SELECT 'h\xe9' REGEXP '^h.\$'"), "\n";
        """
    )
    assert said.splitlines() == [
        "42 real <x> 1",
        "item 1,item 2",
        "item 10 item 1000 0",
        "item 1 item 2",
        "main t 7 commit",
        "told",
        "1",
    ]


def test_a_program_that_dies_in_a_sub_leaves_nothing_behind(script: Script, tmp_path: Path) -> None:
    """Its transaction is rolled back, and the daemon serves the next one."""
    script(CONNECT + "$dbh->do('CREATE TABLE t (a)');")
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $| = 1;
        my $pid = fork;
        if (!$pid) {
            my $own = DBI->connect('dbi:SQLite:dbname=test.db', '', '', { RaiseError => 1 });
            $own->sqlite_create_function('gone', 0, sub { kill 'KILL', $$ });
            $own->begin_work;
            $own->do('INSERT INTO t VALUES (gone())');
        }
        waitpid $pid, 0;
        $dbh->do('INSERT INTO t VALUES (2)');
        print $dbh->selectrow_array('SELECT count(*), max(a) FROM t'), "\n";
        """
    )
    assert said == "12\n"


def test_a_daemon_that_dies_is_an_error_of_dbi_s(script: Script, database_daemon: DaemonProcess) -> None:
    """The handle says what happened, in the state that SQL has for it; a new one works once there is a daemon again."""
    assert database_daemon.process is not None
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE t (a)');
        kill 'KILL', $ENV{DAEMON};
        select undef, undef, undef, 0.2;
        eval { $dbh->do('INSERT INTO t VALUES (1)') };
        print $dbh->err, ' ', $dbh->state, ' ', $dbh->errstr =~ /\ACPANBridge/ ? 'ours' : $dbh->errstr, "\n";
        print $dbh->ping ? 'alive' : 'dead', "\n";
        """,
        DAEMON=str(database_daemon.process.pid),
    )
    assert said.splitlines() == ["1 08S01 ours", "dead"]


def test_a_child_leaves_its_parent_s_handles_alone(script: Script) -> None:
    """Its end rolls nothing back, its use of them is an error, and its own connection works."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $| = 1;
        $dbh->do('CREATE TABLE t (a)');
        $dbh->begin_work;
        $dbh->do('INSERT INTO t VALUES (1)');
        my $pid = fork;
        if (!$pid) {
            eval { $dbh->do('INSERT INTO t VALUES (2)') };
            print $dbh->state, "\n";
            my $own = DBI->connect('dbi:SQLite:dbname=:memory:');
            print $own->selectrow_array('SELECT 7'), "\n";
            undef $dbh;
            exit 3;
        }
        waitpid $pid, 0;
        print $? >> 8, "\n";
        $dbh->commit;
        print $dbh->selectrow_array('SELECT count(*) FROM t'), "\n";
        """
    )
    assert said.splitlines() == ["08S01", "7", "3", "1"]


def test_a_connection_moves_to_another_handle(script: Script) -> None:
    """``take_imp_data`` leaves a handle that warns, and its database to the next ``connect``; once."""
    said = script(
        r"""
        my ($name, %how) = ('dbi:SQLite:dbname=:memory:', RaiseError => 1, PrintError => 0);
        my $dbh = DBI->connect($name, '', '', \%how);
        $dbh->do('CREATE TABLE t (a)');
        $dbh->do('INSERT INTO t VALUES (7)');
        my $sth = $dbh->prepare('SELECT a FROM t');
        my $key = $dbh->take_imp_data;
        local $SIG{__WARN__} = sub { print "warned: ", $_[0] =~ /(call \w+ method)/, "\n" };
        print ref $sth, "\n" if !defined $dbh->ping;
        my $next = DBI->connect($name, '', '', { %how, dbi_imp_data => $key });
        print $next->selectrow_array('SELECT a FROM t'), "\n";
        print "refused: ", $@ =~ /(dbi_imp_data names no connection)/, "\n"
          if !eval { DBI->connect($name, '', '', { %how, dbi_imp_data => $key }) };
        """
    )
    assert said.splitlines() == [
        "warned: call ping method",
        "DBI::zombie",
        "7",
        "refused: dbi_imp_data names no connection",
    ]


def test_a_profile_measures_calls_of_the_daemon(script: Script, tmp_path: Path) -> None:
    """Statements are told apart, rows are counted one by one, and the file is there at the end."""
    script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE t (a)');
        $dbh->do('INSERT INTO t VALUES (?)', undef, $_) for 1 .. 3;
        my $sth = $dbh->prepare('SELECT a FROM t');
        $sth->execute;
        1 while $sth->fetchrow_array;
        """,
        DBI_PROFILE="6/DBI::ProfileDumper",
    )
    said = script(
        r"""
        use DBI::ProfileData;
        my $data = DBI::ProfileData->new(File => 'dbi.prof')->Data;
        my $rows = $data->{'SELECT a FROM t'};
        print join(' ', map { "$_ $rows->{$_}[0]" } sort keys %$rows), "\n";
        my $do = $data->{'INSERT INTO t VALUES (?)'}{do};
        print $do->[0], $do->[1] > 0 ? ' took time' : '', "\n";
        """
    )
    # The database's end counts for the statement that was its last.
    assert said.splitlines() == ["DESTROY 2 execute 1 fetchrow_array 4 prepare 1", "3 took time"]


def test_the_module_is_forbidden_until_it_is_enabled(daemon: DaemonProcess) -> None:
    """Installing it exposes nothing."""
    with daemon.connect() as connection:
        answer = connection.call("database", "connect", {"driver": "sqlite", "database": ":memory:"})
    assert answer["error_type"] == "Forbidden"


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """Run a PostgreSQL server."""
    with database_servers.postgresql() as environment:
        if environment is None:
            pytest.skip("there is no PostgreSQL server here: Debian's package postgresql has it")
        yield environment


class TestPostgreSQL:
    def test_event_loops(self, script: Script, server: dict[str, str]) -> None:
        """pg_socket can be read when there is a notification, when what was begun has ended, and when all is over."""
        said = script(
            r"""
            use IO::Select;
            my @how = ('dbi:Pg:dbname=postgres', 'postgres', '', { RaiseError => 1, PrintError => 0 });
            my ($dbh, $other, $late) = map { DBI->connect(@how) } 1 .. 3;
            $dbh->do('LISTEN news');
            my $number = $dbh->{pg_socket};
            my $select = IO::Select->new($number);
            my $settle = sub {    # what a statement has brought may be told a moment later, and once
                my $rounds = 0;
                do { 1 while $dbh->pg_notifies } while $select->can_read(0) && $rounds++ < 10;
                return $rounds > 10 ? 'loud' : 'quiet';
            };
            my $hear = sub {
                for my $round (1 .. 10) {
                    my $news = $dbh->pg_notifies;
                    return $news->[2] if $news;
                    $select->can_read(20) or return 'nothing';
                }
                return 'noise';
            };
            print $settle->(), ' ', $number == $dbh->func('getfd') ? 'one' : 'several', "\n";
            for my $text ('first', 'second') {
                $other->do("NOTIFY news, '$text'");
                print 'heard ', $hear->(), ' ', $settle->();
                print $dbh->{pg_socket} == $number ? '' : ' in another place', "\n";
            }
            $dbh->{ChopBlanks} = 1;
            my ($fixed, $free) = $dbh->selectrow_array("SELECT ' a '::char(5), ' b '::varchar");
            print "<$fixed> <$free> ", $dbh->ping, "\n";
            $other->do("NOTIFY news, 'third'");
            print $hear->(), ' ', $settle->(), "\n";

            $dbh->do('SELECT pg_sleep(0.3), pg_notify($$news$$, $$own$$)', { pg_async => 1 });
            my $rounds = 0;
            do { $rounds++; $select->can_read(20) or die } until $dbh->pg_ready;
            print $rounds < 4 ? 'waited ' : "$rounds ", $dbh->pg_result;
            print " $_" for $hear->(), $settle->(), "\n";
            $late->do('SELECT 1', { pg_async => 1 });
            select undef, undef, undef, 0.01 until $late->pg_ready;
            print IO::Select->new($late->{pg_socket})->can_read(20) ? 'also later ' : 'lost ', $late->pg_result, "\n";

            open my $copy, '+<&', $number or die $!;
            shutdown $copy, 2;    # as after a long time without a notification
            close $copy;
            print scalar $select->can_read(20) ? 'ended ' : 'lost ', $settle->(), ' ';
            $other->do("NOTIFY news, 'after it'");
            print $hear->(), ' ', $settle->(), "\n";

            $other->do('SELECT pg_terminate_backend(?)', undef, $dbh->{pg_pid});
            my $tries = 0;    # what the server says last may come before its end
            eval { ($select->can_read(20) or die), $dbh->pg_notifies while $tries++ < 50 };
            print $dbh->errstr ? 'the end ' : $@, $dbh->state, "\n";
            """,
            **server,
        )
        assert said.splitlines() == [
            "quiet one",
            "heard first quiet",
            "heard second quiet",
            "< a> < b > 1",
            "third quiet",
            "waited 1 own quiet ",
            "also later 1",
            "ended quiet after it quiet",
            "the end 08006",
        ]

    def test_an_ordinary_program_runs_unchanged(self, script: Script, server: dict[str, str]) -> None:
        """Placeholders of all kinds, arrays, bytes, a transaction, a sequence, more rows than a batch."""
        said = script(
            r"""
            binmode STDOUT, ':utf8';
            my $dbh = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0 });
            $dbh->do('CREATE TABLE t (id serial PRIMARY KEY, name text, data bytea, list int[])');
            my $sth = $dbh->prepare('INSERT INTO t (name, data, list) VALUES (:name, :data, :list)');
            $sth->bind_param(':name', "N\x{e4}gel \x{263a}");
            $sth->bind_param(':data', "\x00\xff", { pg_type => DBD::Pg::PG_BYTEA() });
            $sth->bind_param(':list', [ 1, undef, 3 ]);
            $sth->execute;
            print $dbh->last_insert_id(undef, undef, 't', undef), "\n";
            my $row = $dbh->selectrow_hashref('SELECT *, true AS yes FROM t WHERE id = $1', undef, 1);
            my @list = map { defined ? $_ : 'NULL' } @{ $row->{list} };
            print join('|', $row->{name}, unpack('H*', $row->{data}), @list, $row->{yes}), "\n";
            $dbh->begin_work;
            $dbh->do('DELETE FROM t');
            $dbh->rollback;
            my $many = $dbh->prepare('SELECT i, (SELECT count(*) FROM t) FROM generate_series(1, 5000) AS i');
            $many->execute;
            my ($count, $other) = (0);
            while (my @row = $many->fetchrow_array) {
                $count++;
                ($other) = $dbh->selectrow_array('SELECT 42') if $count == 10;    # while rows are on their way
            }
            print "$count $other\n";
            eval { $dbh->do('SELECT * FROM nowhere') };
            my $told = $dbh->errstr =~ /\AERROR:  relation "nowhere" does not exist/;
            print $dbh->state, ' ', $told ? 'ok' : $dbh->errstr, "\n";
            $dbh->disconnect;
            """,
            **server,
        )
        assert said.splitlines() == ["1", "Nägel ☺|00ff|1|NULL|3|1", "5000 42", "42P01 ok"]

    def test_rows_by_column_are_the_same(self, script: Script, server: dict[str, str]) -> None:
        """As those that come one by one, however texts are wanted; also after booleans have been respelt."""
        said = script(
            KINDS  # noqa: S608 - it is a program
            + r"""
            my $dbh = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0 });
            my $sql = q{SELECT i, i / 4.0 AS n, i / 4.0::float8, i % 2 = 0, NULL, 'plain ' || i,
                repeat(chr(233), i % 3), nullif('x' || i % 5, 'x0'), decode('00ff', 'hex'),
                ARRAY['a', NULL, chr(8364)], nullif(i, 7) FROM generate_series(1, 300) AS i};
            for my $utf8 ( -1, 0, 1 ) {
                my @seen;
                $dbh->{pg_enable_utf8} = $utf8;
                for my $by_column ( 1, 0 ) {
                    local ( tied %$dbh )->{_by_column} = $by_column;
                    my $sth = $dbh->prepare($sql);
                    $sth->execute;
                    my @rows = map { [ @{ $sth->fetch } ] } 1 .. 20;
                    $dbh->{pg_bool_tf} = 1;
                    push @rows, map { [ $sth->fetchrow_array ] } 1 .. 20;
                    $dbh->{pg_bool_tf} = 0;
                    push @rows, @{ $sth->fetchall_arrayref };
                    push @seen, kinds( \@rows );
                }
                print $seen[0] eq $seen[1] ? 'same ' : "$utf8:\n$seen[0]\n\n$seen[1]\n";
            }
            """,
            **server,
        )
        assert said == "same same same "

    def test_a_server_that_is_not_there_is_told(self, script: Script, server: dict[str, str]) -> None:
        """In libpq's words."""
        said = script(
            "print DBI->connect('dbi:Pg:host=/nonexistent', '', '', { PrintError => 0 }) ? 'connected' : DBI->errstr;",
            **{name: value for name, value in server.items() if name != "PGHOST"},
        )
        assert "/nonexistent" in said


@pytest.fixture(scope="module")
def mariadb() -> Iterator[dict[str, str]]:
    """Run a MariaDB server."""
    with database_servers.mariadb() as environment:
        if environment is None:
            pytest.skip("there is no MariaDB server here: Debian's package mariadb-server-core has it")
        yield environment


class TestMariaDB:
    def test_an_ordinary_program_runs_unchanged(self, script: Script, mariadb: dict[str, str]) -> None:
        """Values of all kinds, safely quoted; a transaction, a sequence, more rows than a batch, what columns are."""
        said = script(
            r"""
            binmode STDOUT, ':utf8';
            my $dbh = DBI->connect('dbi:MariaDB:test', 'root', '', { RaiseError => 1, PrintError => 0 });
            my $columns = 'name TEXT, data BLOB, price DECIMAL(6,2), weight DOUBLE';
            $dbh->do("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, $columns)");
            my $sth = $dbh->prepare('INSERT INTO t (name, data, price, weight) VALUES (?, ?, ?, 0.1e0 + 0.2e0)');
            $sth->bind_param(2, "\x00\xff'\\", DBI::SQL_BLOB());
            $sth->execute("N\x{e4}gel \x{263a} ' \\ ?", "\x00\xff'\\", '12.50');
            print $dbh->last_insert_id, ' ', $sth->{mariadb_insertid}, "\n";
            my $row = $dbh->selectrow_hashref('SELECT *, NULL AS nothing FROM t WHERE id = ?', undef, 1);
            my $exact = $row->{weight} == 0.1 + 0.2 ? 'exact' : 'not';
            my $null = defined $row->{nothing} ? 1 : 0;
            print join('|', @$row{qw(name price)}, unpack('H*', $row->{data}), $exact, $null), "\n";
            $dbh->begin_work;
            $dbh->do('DELETE FROM t');
            $dbh->rollback;
            my $many = $dbh->prepare('SELECT seq, (SELECT count(*) FROM t) FROM seq_1_to_5000');
            $many->execute;
            my ($count, $other) = (0);
            while (my @row = $many->fetchrow_array) {
                $count++;
                next if $count != 10;
                ($other) = $dbh->selectrow_array('SELECT 42 LIMIT ?', undef, 1);    # while rows are on their way
            }
            print join(' ', $count, $other, $many->rows, @{ $many->{NAME} }[0]), "\n";
            eval { $dbh->do('SELECT * FROM nowhere') };
            print $dbh->err, ' ', $dbh->state, ' ', $dbh->errstr, "\n";
            my $columns_of_t = $dbh->column_info(undef, undef, 't', 'p%')->fetchall_arrayref({});
            print join(',', map { "$_->{COLUMN_NAME} $_->{TYPE_NAME}" } @$columns_of_t), "\n";
            $dbh->do('DROP TABLE t');
            $dbh->disconnect;
            """,
            **mariadb,
        )
        assert said.splitlines() == [
            "1 1",
            "Nägel ☺ ' \\ ?|12.50|00ff275c|exact|0",
            "5000 42 5000 seq",
            "1146 42S02 Table 'test.nowhere' doesn't exist",
            "price DECIMAL",
        ]

    def test_rows_by_column_are_the_same(self, script: Script, mariadb: dict[str, str]) -> None:
        """As those that come one by one, as characters and as bytes."""
        said = script(
            KINDS  # noqa: S608 - it is a program
            + r"""
            for my $source ( 'dbi:MariaDB:test', 'dbi:mysql:test' ) {
                my $dbh = DBI->connect( $source, 'root', '', { RaiseError => 1, PrintError => 0 } );
                my $sql = q{SELECT seq, seq / 4, seq / 4e0, NULL, CONCAT('plain ', seq),
                    REPEAT(CHAR(233 USING latin1), seq % 3), NULLIF(seq % 5, 3), x'00ff',
                    NULLIF(CONCAT('x', seq % 5), 'x0'), 18446744073709551615 FROM seq_1_to_300};
                my @seen;
                for my $by_column ( 1, 0 ) {
                    local ( tied %$dbh )->{_by_column} = $by_column;
                    my $sth = $dbh->prepare($sql);
                    $sth->execute;
                    my @rows = map { [ @{ $sth->fetch } ] } 1 .. 20;
                    push @rows, @{ $sth->fetchall_arrayref };
                    push @seen, kinds( \@rows );
                }
                print $seen[0] eq $seen[1] ? 'same ' : "$source:\n$seen[0]\n\n$seen[1]\n";
            }
            """,
            **mariadb,
        )
        assert said == "same same "

    def test_dbd_mysql_has_bytes_unless_told_otherwise(self, script: Script, mariadb: dict[str, str]) -> None:
        """As programs of old expect it."""
        said = script(
            r"""
            for my $utf8 (0, 1) {
                my %how = (RaiseError => 1, mysql_enable_utf8mb4 => $utf8);
                my $dbh = DBI->connect('DBI:mysql:database=test', 'root', '', \%how);
                my $smiley = $utf8 ? "\x{263a}" : "\xe2\x98\xba";
                my ($text) = $dbh->selectrow_array('SELECT ?', undef, $smiley);
                print length $text, ' ', $dbh->{mysql_serverversion} > 50000 ? 'version' : 'none', "\n";
            }
            """,
            **mariadb,
        )
        assert said.splitlines() == ["3 version", "1 version"]

    def test_a_statement_that_the_server_prepares_gives_the_same_values(
        self, script: Script, mariadb: dict[str, str]
    ) -> None:
        """Of all types, in both directions; what is wrong with it is found when it is prepared."""
        said = script(
            r"""
            binmode STDOUT, ':utf8';
            my $dbh = DBI->connect('dbi:MariaDB:test', 'root', '', { RaiseError => 1, PrintError => 0 });
            $dbh->do(<<'SQL');
                CREATE TEMPORARY TABLE t (a INT(5) ZEROFILL, b VARCHAR(9), c DOUBLE, d DATE, e DATETIME(3), f TIME(6),
                g DECIMAL(5,2), h BIT(3), j BLOB, l FLOAT, m BIGINT UNSIGNED, n YEAR, r TINYINT, s TINYINT UNSIGNED,
                w TIMESTAMP NULL, y DOUBLE(7,3), z ENUM('x','y'))
SQL
            $dbh->do("INSERT INTO t VALUES (1, '\x{263a}', 1.5, '2020-01-02', '2020-01-02 03:04:05.678',"
                . " '-112:13:14.5', 3.5, b'101', 'bl', 1.7, 18446744073709551615, 2020, -1, 200, NULL, 1.5, 'y')");
            my @rows;
            for my $prepare (0, 1) {
                my $sth = $dbh->prepare('SELECT * FROM t', { mariadb_server_prepare => $prepare });
                $sth->execute;
                push @rows, join '|', map { defined ? $_ : 'undef' } $sth->fetchrow_array;
            }
            print $rows[0], "\n", $rows[0] eq $rows[1] ? 'same' : $rows[1], "\n";
            my $sth = $dbh->prepare('SELECT ?, ?, ?, ?, HEX(?), LENGTH(?)', { mariadb_server_prepare => 1 });
            print "$sth->{NUM_OF_FIELDS} $sth->{NUM_OF_PARAMS}\n";
            $sth->bind_param(4, '18446744073709551614', DBI::SQL_BIGINT());
            $sth->bind_param(5, "\xff\0", DBI::SQL_BLOB());
            $sth->bind_param(@$_) for [1, undef], [2, "\x{263a}"], [3, 2.5, DBI::SQL_DOUBLE()], [6, 'x' x 70_000];
            $sth->execute;
            print join('|', map { defined ? $_ : 'undef' } $sth->fetchrow_array), "\n";
            eval { $dbh->prepare('SELECT FROM WHERE', { mariadb_server_prepare => 1 }) };
            print $dbh->err, "\n";
            """,
            **mariadb,
        )
        first, *others = said.splitlines()
        assert first == (
            "00001|☺|1.5|2020-01-02|2020-01-02 03:04:05.678|-112:13:14.500000|3.50|\x05|bl|1.7|18446744073709551615"
            "|2020|-1|200|undef|1.500|y"
        )
        assert others == [
            "same",
            "6 6",
            "undef|☺|2.5|18446744073709551614|FF00|70000",
            "1064",
        ]

    def test_a_statement_runs_while_the_program_goes_on(self, script: Script, mariadb: dict[str, str]) -> None:
        """An event loop has a descriptor to look at; nothing else can be asked meanwhile; errors come at the end."""
        said = script(
            r"""
            my $dbh = DBI->connect('dbi:MariaDB:test', 'root', '', { RaiseError => 0, PrintError => 0 });
            my $other = DBI->connect('dbi:MariaDB:test', 'root', '', { RaiseError => 1 });
            $other->do("DO GET_LOCK('here', 10)");
            open my $handle, '<&=', $dbh->mariadb_sockfd or die $!;
            my $readable = sub { vec(my $bits = '', fileno $handle, 1) = 1; scalar select $bits, undef, undef, $_[0] };
            for (1, 2) {
                print $dbh->do("SELECT GET_LOCK('here', 10)", { mariadb_async => 1 });
                print ' ', $readable->(0), ' ', $dbh->mariadb_async_ready, ' ';
                print defined $dbh->do('SELECT 1') ? 1 : $dbh->errstr, "\n";
                $other->do("DO RELEASE_LOCK('here')");
                print $readable->(20), ' ', $dbh->mariadb_async_result, ' ', $readable->(0), "\n";
                $dbh->do("DO RELEASE_LOCK('here')");
                $other->do("DO GET_LOCK('here', 10)");
            }
            my $sth = $dbh->prepare('SELECT 6 UNION SELECT 7', { mariadb_async => 1 });
            print $sth->execute, ' ', defined $sth->{NAME} ? 1 : 0, ' ';
            print join(',', map { @$_ } @{ $sth->fetchall_arrayref }), "\n";
            $dbh->do('SELECT nothing', { mariadb_async => 1 });
            print defined $dbh->mariadb_async_result ? 1 : $dbh->err, ' ', $dbh->selectrow_array('SELECT 8'), "\n";
            """,
            **mariadb,
        )
        running = "0E0 0 0 Calling a synchronous function on an asynchronous handle"
        assert said.splitlines() == [running, "1 1 0", running, "1 1 0", "0E0 0 6,7", "1054 8"]

    def test_a_connection_that_has_ended_comes_back_where_that_is_wanted(
        self, script: Script, mariadb: dict[str, str]
    ) -> None:
        """Its statements too; within a transaction the error is reported."""
        said = script(
            r"""
            my %how = (RaiseError => 0, PrintError => 0);
            my ($dbh, $killer) = map { DBI->connect('dbi:MariaDB:test', 'root', '', \%how) } 1, 2;
            my $kill = sub {
                my $number = $dbh->{mariadb_thread_id};
                $killer->do("KILL $number");
                my $still = 'SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ?';
                1 while $killer->selectrow_array($still, undef, $number);
            };
            my $sth = $dbh->prepare('SELECT 7', { mariadb_server_prepare => 1 });
            $kill->();
            print defined $dbh->do('SELECT 1') ? 1 : $dbh->err . ' ' . $dbh->errstr, "\n";
            $dbh->{mariadb_auto_reconnect} = 1;
            $sth->execute;
            print $sth->fetchrow_array, ' ', $dbh->{mariadb_dbd_stats}{auto_reconnects_ok}, "\n";
            $dbh->begin_work;
            $kill->();
            print defined $dbh->do('SELECT 1') ? 1 : $dbh->err, "\n";
            """,
            **mariadb,
        )
        assert said.splitlines() == ["2006 MySQL server has gone away", "7 1", "2006"]

    def test_several_statements_files_and_option_files(
        self, script: Script, mariadb: dict[str, str], tmp_path: Path
    ) -> None:
        """Errors of later statements are found; LOAD DATA LOCAL reads where the program is, if it says so."""
        (tmp_path / "rows.txt").write_text("1\tone\n2\ttwo\n")
        (tmp_path / "my.cnf").write_text(
            f"[client]\nuser = root\n[stock]\nsocket = '{mariadb['MYSQL_UNIX_PORT']}'\ninit-command = SET @x = 5\n"
        )
        said = script(
            r"""
            my %how = (RaiseError => 0, PrintError => 0, mariadb_multi_statements => 1, mariadb_local_infile => 1);
            $how{mariadb_read_default_file} = 'my.cnf';
            $how{mariadb_read_default_group} = 'stock';
            delete $ENV{MYSQL_UNIX_PORT};
            my $dbh = DBI->connect('dbi:MariaDB:test', undef, undef, \%how) or die $DBI::errstr;
            print $dbh->selectrow_array('SELECT @x'), "\n";
            $dbh->do('CREATE TEMPORARY TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name TEXT)');
            print $dbh->do("LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE t"), " $dbh->{mariadb_info}\n";
            $dbh->do("LOAD DATA LOCAL INFILE 'nothing.txt' INTO TABLE t");
            print $dbh->errstr =~ /(nothing.txt' not found)/, "\n";
            $how{mariadb_local_infile} = 0;
            my $without = DBI->connect('dbi:MariaDB:test', undef, undef, \%how);
            print $without->do("LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE t") || $without->err, "\n";
            print $dbh->do("INSERT INTO t (name) VALUES ('a'), ('b'); INSERT INTO t (name) VALUES ('c')");
            print ' ', $dbh->last_insert_id, "\n";
            print $dbh->do("INSERT INTO t (name) VALUES ('d'); SELECT nothing") || $dbh->err, "\n";
            my $sth = $dbh->prepare('SELECT MAX(id) FROM t; SELECT name FROM t WHERE id = 1');
            $sth->execute;
            my ($highest) = $sth->fetchrow_array;
            print $sth->more_results ? "$highest $sth->{NAME}[0] " . $sth->fetchrow_array : $sth->errstr, "\n";
            my $many = $dbh->prepare('SELECT seq FROM seq_1_to_1000; SELECT 7');
            $many->execute;
            my $count = 0;
            $count++ while $many->fetch;
            print "$count ", $many->more_results ? $many->fetchrow_array : 'lost', "\n";
            for my $second ('SELECT 8', 'SELECT 8, 9', '') {    # behind too much to be read ahead
                my $large = $dbh->prepare("SELECT REPEAT('x', 1000) FROM seq_1_to_10000; $second");
                for my $fetched (10_000, 10, 0) {
                    $large->execute;
                    $large->fetch for 1 .. $fetched;
                    print $large->fetch ? 'more ' : 'end ' if $fetched > 10;
                    my $open = $large->{Active} ? 1 : 0;
                    my $on = $large->more_results;
                    print $on ? "$large->{NUM_OF_FIELDS}: @{ $large->fetchrow_arrayref } " : "nothing $open ", '';
                    print $large->more_results ? 'and more, ' : 'over, ';
                    print $large->{Active} ? 'active ' : '' if !$on;
                }
                print $dbh->selectrow_array('SELECT 1'), "\n";
            }
            print $dbh->do("SELECT REPEAT('x', 1000) FROM seq_1_to_10000; SELECT nothing") || $dbh->err, "\n";
            print $dbh->do("UPDATE t SET name = 'one' WHERE id = 1"), ' ';
            print $dbh->{mariadb_nonsense} || $dbh->errstr, "\n";
            """,
            **mariadb,
        )
        assert said.splitlines() == [
            "5",
            "2 Records: 2  Deleted: 0  Skipped: 0  Warnings: 0",
            "nothing.txt' not found",
            "4166",
            "2 5",
            "1054",
            "6 name one",
            "1000 7",
            "end 1: 8 over, 1: 8 over, 1: 8 over, 1",
            "end 2: 8 9 over, 2: 8 9 over, 2: 8 9 over, 1",
            "end nothing 0 over, nothing 1 over, nothing 1 over, 1",
            "1054",
            "1 Unknown attribute mariadb_nonsense",
        ]

    def test_dbd_mysql_sends_bytes_of_the_character_set_that_it_has_chosen(
        self, script: Script, mariadb: dict[str, str]
    ) -> None:
        """Bytes that look like UTF-8 are none after SET NAMES latin1."""
        said = script(
            r"""
            my $dbh = DBI->connect('DBI:mysql:database=test', 'root', '', { RaiseError => 1 });
            $dbh->do('SET NAMES latin1');
            for my $prepare (0, 1) {
                my $sql = 'SELECT HEX(CONVERT(? USING utf8mb4)), ?';
                my $sth = $dbh->prepare($sql, { mysql_server_prepare => $prepare });
                $sth->execute("\xe9", "\xc3\xa9");
                my ($hex, $text) = $sth->fetchrow_array;
                print $hex, ' ', unpack('H*', $text), "\n";
            }
            """,
            **mariadb,
        )
        assert said == "C3A9 c3a9\n" * 2

    def test_rows_that_nobody_reads_leave_no_trace_in_the_log(
        self, script: Script, mariadb: dict[str, str], database_daemon: DaemonProcess
    ) -> None:
        """The driver's objects would read the rest of a large result when they are collected: on a closed socket."""
        said = script(
            r"""
            for my $how (0 .. 2) {
                my $dbh = DBI->connect('dbi:MariaDB:test', 'root', '', { RaiseError => 1, PrintError => 0 });
                my $sth = $dbh->prepare("SELECT seq, REPEAT('x', 10000) FROM seq_1_to_10000");
                $sth->execute;
                print $sth->fetchrow_arrayref->[0], "\n";
                if ( $how == 1 ) { local $SIG{__WARN__} = sub { }; $dbh->disconnect }
                undef $sth if $how == 2;
            }
            """,
            **mariadb,
        )
        assert said == "1\n" * 3
        script("DBI->connect('dbi:MariaDB:test', 'root', '', { RaiseError => 1 })->disconnect;", **mariadb)
        log = database_daemon.log_text()
        assert "Traceback" not in log and "Exception ignored" not in log, log


def odbc(name: str) -> str:
    """Return the path of an ODBC driver of Debian's."""
    driver = database_servers.odbc_driver(name)
    if not driver:
        pytest.skip(f"there is no ODBC driver {name} here: see .ci/deps for Debian's package with it")
    return driver


class TestODBC:
    def test_an_ordinary_program_runs_unchanged(self, script: Script, tmp_path: Path) -> None:
        """With SQLite's driver, on a file beside the program: placeholders of all kinds, long values, a transaction."""
        said = script(
            r"""
            my %how = (RaiseError => 1, PrintError => 0, LongReadLen => 10);
            my $dbh = DBI->connect("dbi:ODBC:Driver={$ENV{DRIVER}};Database=stock.db", '', '', \%how);
            $dbh->do('CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20), price DOUBLE, data BLOB, more TEXT)');
            my $sth = $dbh->prepare('INSERT INTO t VALUES (:id, :name, :price, :data, :more)');
            $sth->bind_param(data => "\x00\xff", DBI::SQL_VARBINARY());
            $sth->bind_param(@$_) for [id => 1], [name => "N\xc3\xa4gel"], [':price', 0.25], [more => 'x' x 100];
            $sth->execute;
            my $values = $sth->{ParamValues};
            my $all = join ',', map { "$_=" . length $values->{$_} } sort keys %$values;
            print "$sth->{NUM_OF_PARAMS} $all\n";
            my @row = $dbh->selectrow_array('SELECT id, name, price, data FROM t WHERE id = ?', undef, 1);
            print join('|', @row[0 .. 2], unpack 'H*', $row[3]), "\n";
            eval { $dbh->selectrow_array('SELECT more FROM t') };
            print $@ =~ /LongReadLen is 10/ ? 'too long' : $@, ' ', $dbh->state, "\n";
            $dbh->{LongTruncOk} = 1;
            print $dbh->selectrow_array('SELECT more FROM t'), "\n";
            $dbh->{odbc_utf8_on} = 1;
            print length $dbh->selectrow_array('SELECT name FROM t'), "\n";
            $dbh->begin_work;
            my $many = $dbh->prepare('INSERT INTO t (id) VALUES (:1)');
            my @status;
            $many->execute_array({ ArrayTupleStatus => \@status }, [ 2 .. 2001 ]);
            $dbh->commit;
            $dbh->begin_work;
            $dbh->do('DELETE FROM t');
            $dbh->rollback;
            my ($count, $sum) = (0, 0);
            my $ids = $dbh->prepare('SELECT id FROM t ORDER BY id');
            $ids->execute;
            while (my ($id) = $ids->fetchrow_array) { $count++; $sum += $id }
            print "$count $sum ", scalar @status, "\n";
            eval { $dbh->do('INSERT INTO t (id) VALUES (1)') };
            print $dbh->err, ' ', $dbh->state, ' ', $dbh->errstr, "\n";
            print join(' ', ($dbh->odbc_getdiagrec(1))[0, 1]), "\n";
            my ($table) = $dbh->tables(undef, undef, 't', '');
            print join(' ', $dbh->primary_key(undef, undef, 't'), $dbh->get_info(17), $table), "\n";
            my $columns = $dbh->column_info(undef, undef, 't', '%')->fetchall_arrayref({});
            print join(',', map { "$_->{COLUMN_NAME} $_->{DATA_TYPE}" } @$columns), "\n";
            print $dbh->ping, ' ', $dbh->disconnect, ' ', $dbh->ping, "\n";
            """,
            DRIVER=odbc("libsqlite3odbc"),
        )
        assert said.splitlines() == [
            "5 data=2,id=1,more=100,name=6,price=4",
            "1|Nägel|0.25|00ff",
            "too long HY000",
            "x" * 10,
            "5",
            f"2001 {2001 * 2002 // 2} 2000",
            "1 HY000 [SQLite]UNIQUE constraint failed: t.id (19) (SQL-HY000)",
            "HY000 19",
            'id SQLite "t"',
            "id 4,name 12,price 8,data -2,more -1",
            "1 1 0",
        ]
        assert (tmp_path / "stock.db").exists(), "a relative name is looked for where the program runs"

    def test_postgresql_by_odbc(self, script: Script, server: dict[str, str]) -> None:
        """Types that the driver describes, several results, dates as text, a handler of errors, states."""
        said = script(
            r"""
            my $dsn = "dbi:ODBC:Driver=$ENV{DRIVER};Server=$ENV{PGHOST};Port=5432;Database=postgres";
            my $dbh = DBI->connect($dsn, 'postgres', '', { RaiseError => 1, PrintError => 0, LongReadLen => 1000 });
            my $columns = 'price numeric(8,2), at timestamp, data bytea, name varchar(9)';
            $dbh->do("CREATE TABLE odbc (id int PRIMARY KEY, $columns)");
            my $sth = $dbh->prepare('INSERT INTO odbc VALUES (?, ?, ?, ?, ?)');
            $sth->execute(7, '12.50', '2024-01-02 03:04:05.678901', "\x00\xff", "\xe2\x98\xba");
            $sth->execute(8, undef, undef, undef, undef);
            my $all = $dbh->prepare('SELECT * FROM odbc ORDER BY id');
            print "$all->{NUM_OF_FIELDS} @{ $all->{TYPE} }\n";
            $all->execute;
            my @first = $all->fetchrow_array;
            print join('|', @first[0 .. 2], unpack('H*', $first[3]), unpack 'H*', $first[4]), "\n";
            print join('|', map { defined ? 1 : 0 } $all->fetchrow_array), ' ', $all->rows, "\n";
            my $type = $dbh->prepare('SELECT 2 * ?::numeric');
            $type->bind_param(1, '5.25', DBI::SQL_DOUBLE());
            $type->execute;
            print "$type->{ParamTypes}{1}{TYPE} ", $type->fetchrow_array, "\n";
            my $rows = 'SELECT i AS a FROM generate_series(1, 300) AS i';
            my $several = $dbh->prepare("$rows; SELECT 2 AS b, 3 AS c; $rows; SELECT 4 AS d");
            for my $left (0, 250) {
                $several->execute;
                do {
                    my $count = 0;
                    while ($several->fetch) { last if ++$count == $left }
                    print "@{ $several->{NAME} }: $count\n";
                } while $several->{odbc_more_results};
            }
            my $text = "INSERT INTO odbc (id) VALUES (9), (10); UPDATE odbc SET name = 'x'; SELECT 1 AS a; "
              . 'DELETE FROM odbc WHERE id = 9; SELECT count(*) AS n, 5 AS m FROM odbc; DELETE FROM odbc WHERE id = 10';
            my $counts = $dbh->prepare($text);
            print $counts->execute, " $counts->{NAME}[0] ", $counts->fetchrow_array;
            print ' ', $counts->more_results, " @{ $counts->{NAME} }: ", join(' ', $counts->fetchrow_array);
            print $counts->more_results ? ' more' : ' over', ' ', $counts->{Active} ? 'active' : 'done', ' ';
            print $dbh->selectrow_array('SELECT count(*) FROM odbc'), ' ';
            my $failing = $dbh->prepare("UPDATE odbc SET name = 'y'; SELECT 1/0");
            print eval { $failing->execute } // $failing->state, "\n";
            my @seen;
            $dbh->{odbc_err_handler} = sub { push @seen, @_[0, 3]; return 0 };
            $dbh->do('SELECT * FROM nowhere');
            print "@seen ", defined $dbh->err ? 'error' : 'none', "\n";
            $dbh->{odbc_err_handler} = undef;
            eval { $dbh->do('SELECT 1/0') };
            print $dbh->state, ' ', $dbh->errstr =~ /division by zero.*\(SQL-22012\)/s ? 'told' : $dbh->errstr, "\n";
            $dbh->{AutoCommit} = 0;
            $dbh->do('DELETE FROM odbc');
            $dbh->disconnect;
            """,
            DRIVER=odbc("psqlodbcw"),
            **server,
        )
        assert said.splitlines() == [
            "5 4 2 93 -4 12",
            "7|12.50|2024-01-02 03:04:05.678901|00ff|e298ba",
            "1|0|0|0|0 2",
            "8 10.50",
            *("a: 300", "b c: 1", "a: 300", "d: 1"),
            *("a: 250", "b c: 1", "a: 250", "d: 1"),
            "2 a 1 1 n m: 3 5 over done 2 22012",
            "42P01 -1 none",
            "22012 told",
        ]

    def test_mariadb_by_odbc(self, script: Script, mariadb: dict[str, str]) -> None:
        """Unsigned numbers beyond 2**31, characters where the program wants them, backslashes, text that is long."""
        said = script(
            r"""
            my $dsn = "dbi:ODBC:Driver=$ENV{DRIVER};SOCKET=$ENV{MYSQL_UNIX_PORT};Database=test";
            my $dbh = DBI->connect($dsn, 'root', '', { RaiseError => 1, PrintError => 0 });
            $dbh->do('CREATE TEMPORARY TABLE odbc (n INT UNSIGNED, big BIGINT UNSIGNED, d DATE)');
            $dbh->do('INSERT INTO odbc VALUES (?, ?, ?)', undef, 4294967295, '18446744073709551615', '0000-00-00');
            print join('|', $dbh->selectrow_array('SELECT * FROM odbc')), "\n";
            print join('|', $dbh->selectrow_array(q{SELECT 'it\'s :x', :y}, undef, "\x{263a}") eq "\x{263a}"), "\n";
            print $dbh->{odbc_has_unicode}, "\n";
            $dbh->{LongReadLen} = 100_000;
            $dbh->do('CREATE TEMPORARY TABLE odbc_long (t LONGTEXT, b LONGBLOB, d DATE)');
            my ($text, $bytes) = ("x\xfc\x{263a}" x 20_000, "\x00\xff" x 30_000);
            $dbh->do('INSERT INTO odbc_long VALUES (?, ?, ?)', undef, $text, $bytes, '2024-01-02');
            for my $columns ('t, b', 't, b, d') {
                my @row = $dbh->selectrow_array("SELECT $columns FROM odbc_long");
                print $row[0] eq $text && $row[1] eq $bytes ? 'whole' : "@{[ map { length } @row ]}", "\n";
            }
            """,
            DRIVER=odbc("libmaodbc"),
            DBD_ODBC_UNICODE="1",
            **mariadb,
        )
        assert said.splitlines() == ["4294967295|18446744073709551615|0000-00-00", "1", "1", "whole", "whole"]

    def test_data_sources_have_names(self, start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> None:
        """Those that the daemon finds; one that it does not find is told in the driver manager's words."""
        driver = odbc("libsqlite3odbc")
        (tmp_path / "odbc.ini").write_text(f"[stock]\nDriver={driver}\nDatabase={tmp_path}/stock.db\n")
        places = {"ODBCINI": str(tmp_path / "odbc.ini"), "ODBCSYSINI": str(tmp_path)}
        daemon = start_daemon(toml=TOML, environ=places)
        said = subprocess.run(
            [
                "perl", "-w", f"-I{PERL}/t/lib", f"-I{PERL}/lib", "-MCoreOnly", "-MCPANBridge::Compat=prefer,DBI",
                "-MDBI", "-Mstrict", "-e",
                r"""
                print join(',', DBI->data_sources('ODBC')), "\n";
                for my $name ('stock', 'DSN=stock', 'gone') {
                    my $dbh = DBI->connect("dbi:ODBC:$name", '', '', { PrintError => 0 });
                    print $dbh ? $dbh->selectrow_array('SELECT 42') : DBI->errstr, "\n";
                }
                """,
            ],
            cwd=tmp_path, env={**clean_environment(), "CPAN_BRIDGE_SOCKET": str(daemon.socket)},
            capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout.splitlines()[:3] == ["dbi:ODBC:stock", "42", "42"]
        assert "(SQL-IM002)" in said.stdout
