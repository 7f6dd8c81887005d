"""DBD::Oracle end to end: a core-only Perl, a real daemon, and a stand-in for python-oracledb's connections in it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, clean_environment

ROOT = Path(__file__).parents[2]
PERL = ROOT / "bridge" / "perl"
SUPPORT = ROOT / "tests" / "support"

TOML = """
[limits]
max_requests_per_minute = 1000000
[modules]
enabled = ["python", "database"]
"""

Script = Callable[..., str]

CONNECT = """
my %how = (RaiseError => 1, PrintError => 0);
my $dbh = DBI->connect('dbi:Oracle:host=db;service_name=stock', 'scott', 'tiger', \\%how);
"""


@pytest.fixture
def run_perl(tmp_path: Path) -> Script:
    """Return what runs a Perl program with the replacements, and returns what it has printed."""

    def run(code: str, **environ: str) -> str:
        command = [
            "perl", "-w", f"-I{PERL}/t/lib", f"-I{PERL}/lib", "-MCoreOnly",
            "-MCPANBridge::Compat=prefer,DBI,DBD::Oracle", "-MDBI", "-Mstrict", "-e", code,
        ]  # fmt: skip
        seen = subprocess.run(
            command,
            cwd=tmp_path,
            env={**clean_environment(), "HOME": str(tmp_path), **environ},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert (seen.returncode, seen.stderr) == (0, ""), seen.stdout + seen.stderr
        return seen.stdout

    return run


STAND_IN = {"PYTHONPATH": os.pathsep.join((str(SUPPORT / "oracle_site"), str(SUPPORT)))}


@pytest.fixture(scope="module")
def shared_daemon() -> Iterator[DaemonProcess]:
    """Run a daemon with the stand-in in it: each connection has a database of its own."""
    daemon = DaemonProcess(toml=TOML, environ=STAND_IN).start()
    yield daemon
    daemon.kill()
    daemon.cleanup()


@pytest.fixture
def script(run_perl: Script, shared_daemon: DaemonProcess) -> Script:
    """Return what runs a program that has that daemon."""

    def run(code: str, **environ: str) -> str:
        return run_perl(code, CPAN_BRIDGE_SOCKET=str(shared_daemon.socket), **environ)

    return run


def test_an_ordinary_program_runs_unchanged(script: Script) -> None:
    """Placeholders of all kinds, numbers, dates, nulls, a transaction, more rows than a batch, what columns are."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        binmode STDOUT, ':utf8';
        $dbh->do('CREATE TABLE t (id NUMBER(10,2) PRIMARY KEY, name VARCHAR2(20), born DATE, data BLOB)');
        my $sth = $dbh->prepare('INSERT INTO t (id, name, born, data) VALUES (?, ?, ?, ?)');
        $sth->bind_param(4, undef, DBI::SQL_BLOB());
        $sth->execute('12345678901234567890.5', "N\x{e4}gel \x{263a}", '2026-11-03 15:04:05', "\x00\xff");
        print $sth->rows, ' ', $sth->{ora_rowid}, "\n";
        $sth = $dbh->prepare('SELECT id, name, born, data, NULL AS none FROM t WHERE name = :name');
        my @about = ($sth->{NUM_OF_FIELDS}, @{ $sth->{TYPE} }[0 .. 3], $sth->{PRECISION}[0], $sth->{SCALE}[0]);
        print "@{ $sth->{NAME} } @about\n";
        $sth->bind_param(':NAME', "N\x{e4}gel \x{263a}");
        print $sth->execute, "\n";
        my $row = $sth->fetchrow_hashref;
        print join('|', @$row{qw(ID NAME BORN)}, unpack('H*', $row->{DATA}), defined $row->{NONE} ? 1 : 0), "\n";
        print $sth->fetch ? 'more' : 'end', ' ', $sth->rows, "\n";
        $dbh->begin_work;
        $dbh->do('DELETE FROM t');
        $dbh->rollback;
        $dbh->{AutoCommit} = 0;
        my $many = $dbh->prepare('INSERT INTO t (id, name) VALUES (:1, :2)');
        my @status;
        my $tuples = $many->execute_array({ ArrayTupleStatus => \@status }, [ 1 .. 1500 ], 'x');
        print "$tuples ", scalar @status, "\n";
        $dbh->commit;
        my $all = $dbh->prepare('SELECT id FROM t');
        $all->execute;
        my ($count, $other) = (0);
        while (my @row = $all->fetchrow_array) {
            $count++;
            ($other) = $dbh->selectrow_array('SELECT ? FROM dual', undef, 42) if $count == 10;
        }
        print "$count $other ", $all->rows, "\n";
        print $dbh->selectrow_array('SELECT count(*) FROM t WHERE name = ?', undef, ''), "\n";
        print $dbh->{USER}, ' ', join('.', @{ $dbh->func('ora_server_version') }), ' ', $dbh->ping, "\n";
        $dbh->disconnect;
        """
    )
    assert said.splitlines() == [
        "1 AAAR0001",
        "ID NAME BORN DATA NONE 5 3 12 93 30 10 2",
        "0E0",
        "12345678901234567890.5|Nägel ☺|03-NOV-26|00ff|0",
        "end 1",
        "1500 1500",
        "1501 42 1501",
        "0",
        "SCOTT 19.0.0.0.0 1",
    ]


def test_errors_are_oracle_s(script: Script) -> None:
    """Number, text, state and place, at the program's line; those of several tuples; a warning of what was compiled."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE t (id NUMBER PRIMARY KEY)');
        eval { $dbh->prepare('SELECT * FROM nowhere') };
        print $@, $dbh->err, ' ', $dbh->state, ' ', $dbh->{ora_parse_error_offset}, "\n";
        eval { $dbh->do('INSERT INTO t VALUES (?)', undef, $_) for 1, 1 };
        print $dbh->err, ' ', $dbh->errstr, "\n";
        my $sth = $dbh->prepare('INSERT INTO t VALUES (?)');
        my @status;
        eval { $sth->execute_array({ ArrayTupleStatus => \@status }, [ 2, 2, 3 ]) };
        print join('|', map { ref $_ ? "$_->[0] $_->[2]" : $_ } @status), "\n";
        print $dbh->errstr =~ s/\n/|/r, "\n";
        print $dbh->selectrow_array('SELECT count(*) FROM t'), "\n";
        eval { $sth->execute };
        print $dbh->err || 'null was bound', "\n";
        eval { $sth->execute(1, 2) };
        print $dbh->err, ' ', $dbh->errstr, "\n";
        eval { $dbh->do(q{BEGIN raise_application_error(-20001, 'no such luck'); END;}) };
        print $dbh->err, ' ', $dbh->errstr =~ /\AORA-20001: no such luck\n/ ? 'told' : $dbh->errstr, "\n";
        my @warned;
        local $SIG{__WARN__} = sub { push @warned, @_ };
        print $dbh->do('CREATE PROCEDURE p AS BEGIN WRONG END;'), ' ', $dbh->err, "\n";
        print scalar(@warned), ' ', $warned[0] =~ /ORA-24344/ ? 'warned' : $warned[0], "\n";
        """
    )
    near = "(DBD ERROR: error possibly near <*> indicator at char 14 in 'SELECT * FROM <*>nowhere')"
    assert said.splitlines() == [
        f"DBD::Oracle::db prepare failed: ORA-00942: table or view does not exist {near} at -e line 6.",
        "942 S1000 14",
        "1 ORA-00001: unique constraint (SCOTT.PK) violated (DBD ERROR: OCIStmtExecute)",
        "1|1 S1000|1",
        "ORA-24381: error(s) in array DML (DBD SUCCESS_WITH_INFO: OCIStmtExecute)|executing 3 generated 1 errors",
        "3",
        "null was bound",
        "1008 ORA-01008: not all variables bound: called with 2 bind variables when 1 are needed",
        "20001 told",
        "0E0 0",
        "1 warned",
    ]


def test_pl_sql(script: Script) -> None:
    """Values that come back, RETURNING, cursors, tables, lines put out."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        use DBD::Oracle qw(:ora_types);
        my $sth = $dbh->prepare('BEGIN :out := :in * 2; END;');
        $sth->bind_param(':in', 21);
        $sth->bind_param_inout(':out', \my $out, 40);
        $sth->execute;
        print "$out\n";
        $sth->execute(undef, 4) for 1;
        print "$out\n";
        my $both = 'hey';
        $sth = $dbh->prepare(q{BEGIN :both := :both || '!'; END;});
        $sth->bind_param_inout(':both', \$both, 40);
        $sth->execute for 1 .. 3;
        print "$both\n";
        $dbh->do('CREATE TABLE t (id NUMBER, a VARCHAR2(9), born DATE)');
        $dbh->do('CREATE SEQUENCE s');
        $sth = $dbh->prepare('INSERT INTO t VALUES (s.nextval, ?, ?) RETURNING id INTO ?');
        $sth->bind_param_inout(3, \my $id, 40);
        for my $name (qw(x y)) { $sth->execute($name, '2026-01-02 00:00:00'); print "$id " }
        print "\n";
        $sth->bind_param_array(1, [ 'p', 'q' ]);
        $sth->bind_param_array(2, undef);
        $sth->bind_param_inout_array(3, \my @ids, 0, { ora_type => ORA_VARCHAR2 });
        print scalar $sth->execute_array({ ArrayTupleStatus => \my @status }), " @ids\n";
        $sth = $dbh->prepare('UPDATE t SET a = ? WHERE born IS NOT NULL RETURNING id INTO ?');
        my $list = [];
        $sth->bind_param_inout(2, \$list, 40);
        $sth->execute('z');
        print "@$list\n";
        $sth = $dbh->prepare('BEGIN OPEN :cursor FOR SELECT id, born FROM t; END;');
        $sth->bind_param_inout(':cursor', \my $cursor, 0, { ora_type => ORA_RSET });
        $sth->execute;
        print ref $cursor, " @{ $cursor->{NAME} } ";
        print join('|', map { join ',', map { defined ? $_ : '-' } @$_ } @{ $cursor->fetchall_arrayref }), "\n";
        print scalar @{ $cursor->fetchall_arrayref }, ' ';
        my $close = $dbh->prepare('BEGIN CLOSE :cursor; END;');
        $close->bind_param(':cursor', $cursor, { ora_type => ORA_RSET });
        $close->execute;
        $sth->execute;
        $close->bind_param(':cursor', $cursor, { ora_type => ORA_RSET });
        $close->execute;
        eval { $cursor->fetch };
        print $cursor->err ? 'closed' : 'open', "\n";
        my @table = qw(a b);
        $sth = $dbh->prepare('BEGIN :table(1) := :table.count; END;');
        my %about = (ora_type => ORA_VARCHAR2_TABLE, ora_maxarray_numentries => 10);
        $sth->bind_param_inout(':table', \\@table, 10, \%about);
        $sth->execute;
        print "@table\n";
        $dbh->func(10_000, 'dbms_output_enable');
        $dbh->func('one', 'two', 'dbms_output_put');
        $dbh->do(q{BEGIN dbms_output.put_line('three'); END;});
        print scalar $dbh->func('dbms_output_get'), ' ', join(' ', $dbh->func('dbms_output_get')), "\n";
        """
    )
    assert said.splitlines() == [
        "42",
        "8",
        "hey!!!",
        "1 2 ",
        "2 3 4",
        "1 2",
        "DBI::st ID BORN 1,02-JAN-26|2,02-JAN-26|3,-|4,-",
        "0 closed",
        "2 b a",
        "one two three",
    ]


def test_large_values(script: Script) -> None:
    """As far as LongReadLen says; an error for one row is none for the next; handles to read and write in pieces."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE t (id NUMBER, text CLOB, data BLOB)');
        my $insert = $dbh->prepare('INSERT INTO t VALUES (?, ?, ?)');
        $insert->bind_param(3, undef, { ora_type => 113 });
        $insert->execute(1, 'x' x 5, "\xff\x00");
        $insert->execute(2, 'y' x 200, undef);
        $insert->execute(3, 'z' x 6, undef);
        my $sth = $dbh->prepare('SELECT id, text FROM t');
        $sth->execute;
        my @seen;
        for (1 .. 3) {
            my $row = eval { $sth->fetch };
            push @seen, $row ? "$row->[0] $row->[1]" : 'error ' . $sth->err;
        }
        print join('|', @seen), "\n";
        $dbh->{LongReadLen} = 4;
        $dbh->{LongTruncOk} = 1;
        print join('|', map { $_->[0] } @{ $dbh->selectall_arrayref('SELECT text FROM t') }), "\n";
        $sth = $dbh->prepare('SELECT text, data FROM t WHERE id = 1 FOR UPDATE', { ora_auto_lob => 0 });
        $sth->execute;
        my ($text, $data) = $sth->fetchrow_array;
        print ref $text, ' ', $$text ? '' : 'no number ', $dbh->ora_lob_length($text), ' ';
        print unpack('H*', $dbh->ora_lob_read($data, 1, 10)), "\n";
        $dbh->ora_lob_write($text, 2, 'AB');
        $dbh->ora_lob_append($text, '!');
        $dbh->ora_lob_append($data, "\xfe");
        $dbh->ora_lob_trim($text, 7);
        print $dbh->ora_lob_read($text, 1, 100), ' ', $dbh->ora_lob_chunk_size($data), ' ';
        print unpack('H*', $dbh->ora_lob_read($data, 2, 9)), "\n";
        eval { $dbh->ora_lob_length('x') };
        print $@ =~ /locator is not of type OCILobLocatorPtr/ ? 'refused' : $@, "\n";
        undef $_ for $text, $data;
        my $raw = $dbh->prepare('INSERT INTO t (id, data) VALUES (4, ?)');
        $raw->bind_param(1, '00fF', { ora_type => 24 });
        $raw->execute;
        print unpack('H*', $dbh->selectrow_array('SELECT data FROM t WHERE id = 4')), ' ';
        eval { $raw->execute('xyz') };
        print $raw->err, ' ', $raw->errstr =~ /hexadecimal/ ? 'told' : $raw->errstr, "\n";
        print $dbh->ping, "\n";
        """
    )
    assert said.splitlines() == [
        "1 xxxxx|error 24345|3 zzzzzz",
        "xxxx|yyyy|zzzz",
        "OCILobLocatorPtr 5 ff00",
        "xABxx! 8060 00fe",
        "refused",
        "00ff 1465 told",
        "1",
    ]


def test_the_program_s_environment_makes_the_session(script: Script) -> None:
    """Language, formats and character set of NLS_LANG; the name of the program."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        $dbh->do('CREATE TABLE t (id NUMBER, name VARCHAR2(9), born DATE)');
        $dbh->do('INSERT INTO t VALUES (?, ?, ?)', undef, '0.5', "\xfc", '2026-03-03 00:00:00');
        my ($id, $name, $born) = $dbh->selectrow_array('SELECT id, name, born FROM t');
        print "$id ", length $name, ' ', ord $name, ' ', utf8::is_utf8($name) ? 'characters' : 'bytes', "\n";
        print unpack('H*', $born), "\n";
        $dbh->do("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY'");
        print $dbh->selectrow_array('SELECT born FROM t'), "\n";
        """,
        NLS_LANG="GERMAN_GERMANY.WE8ISO8859P1",
        NLS_DATE_FORMAT="DD. Month",
    )
    march = "03. März     ".encode("latin-1").hex()
    assert said.splitlines() == [",5 1 252 bytes", march, "2026"]


def test_names_of_databases(script: Script, tmp_path: Path) -> None:
    """From tnsnames.ora with nested files, comments and several names; all forms of DSN and user; TWO_TASK."""
    (tmp_path / "tnsnames.ora").write_text(
        "# all databases\nstock, Stock.Example =\n  (DESCRIPTION =  # the first\n    (ADDRESS = (PROTOCOL = TCP)"
        "(HOST = db1)(PORT = 1521))\n    (CONNECT_DATA = (SERVICE_NAME = stock)) )\nIFILE = more.ora\nbroken = (DESCR\n"
    )
    (tmp_path / "more.ora").write_text(
        "HR=(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db2)(PORT=1))(CONNECT_DATA=(SID=hr)))"
    )
    (tmp_path / "sqlnet.ora").write_text("NAMES.DEFAULT_DOMAIN = example\n")
    said = script(
        r"""
        my $target = \&CPANBridge::Compat::DBI::OracleConnect::target;
        DBI->install_driver('Oracle');
        my @cases = (
            [ 'stock', 'scott', 'tiger' ], [ 'HR', 'scott/tiger' ], [ '', 'scott/tiger@hr' ], [ '', 'scott', 'tiger' ],
            [ 'host=h;port=7;sid=S', 'u', 'p' ], [ 'host=h;service_name=v;server=POOLED', 'u', 'p' ],
            [ '//h:8/v', 'u', 'p' ],
            [ 'h:9/v:pooled', 'u', 'p' ], [ '//h', 'u', 'p' ], [ '(DESCRIPTION=x)', 'u', 'p' ], [ 'LOCAL1', 'u', 'p' ],
            [ 'nowhere', 'u', 'p' ], [ 'stock', '/', '' ], [ 'host=h;color=red', 'u', 'p' ],
        );
        for my $case (@cases) {
            my ($database, $more) = $target->(@$case);
            my @words = qw(user password host port sid server);
            my @more = ref $more ? map { "$_=$more->{$_}" } grep { defined $more->{$_} } @words : $more;
            print defined $database ? "$database " : '', "@more\n";
        }
        print join(' ', DBI->data_sources('Oracle')), "\n";
        my $dbh = DBI->connect('dbi:Oracle:hr', 'scott', 'tiger', { RaiseError => 1 });
        print $dbh->ping, "\n";
        DBI->connect('dbi:Oracle:nowhere', 'u', 'p', { PrintError => 0 });
        print "$DBI::err ", $DBI::errstr =~ /is in none of \S+tnsnames/ ? 'told' : $DBI::errstr, "\n";
        """,
        TNS_ADMIN=str(tmp_path),
        TWO_TASK="stock.example",
        ORACLE_SID="LOCAL1",
    )
    stock = "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=stock)))"
    hr = "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db2)(PORT=1))(CONNECT_DATA=(SID=hr)))"
    lines = said.splitlines()
    assert lines[:11] == [
        f"{stock} user=scott password=tiger",
        f"{hr} user=scott password=tiger",
        f"{hr} user=scott password=tiger",
        f"{stock} user=scott password=tiger",
        " user=u password=p host=h port=7 sid=S",
        "v user=u password=p host=h port=1521 server=pooled",
        "v user=u password=p host=h port=8",
        "v user=u password=p host=h port=9 server=pooled",
        "h user=u password=p host=h port=1521",
        "(DESCRIPTION=x) user=u password=p",
        "LOCAL1 user=u password=p host=localhost port=1521 sid=LOCAL1",
    ]
    assert lines[11].startswith(
        "ORA-12154: TNS:could not resolve the connect identifier specified: 'nowhere' is in none"
    )
    assert lines[12].startswith("ORA-01017")
    assert lines[13].endswith("the DSN's 'color' is not known")
    assert lines[14:] == ["dbi:Oracle:hr dbi:Oracle:stock dbi:Oracle:stock.example", "1", "12154 told"]


def test_what_there_is_in_the_database(script: Script) -> None:
    """The views ALL_... are asked; quoting is Oracle's."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        my %view = (
            all_catalog => 'owner, table_name, table_type', all_users => 'username',
            all_tab_comments => 'owner, table_name, table_type, comments',
            all_col_comments => 'owner, table_name, column_name, comments',
            all_tab_columns => 'owner, table_name, column_name, data_type, data_precision, data_scale, char_length, '
              . 'data_length, nullable, data_default, column_id',
            all_constraints => 'owner, constraint_name, constraint_type, table_name, r_owner, r_constraint_name, '
              . 'delete_rule',
            all_cons_columns => 'owner, constraint_name, table_name, column_name, position',
            all_indexes => 'owner, index_name, index_type, table_owner, table_name, uniqueness, distinct_keys, '
              . 'leaf_blocks',
            all_ind_columns => 'index_owner, index_name, column_name, column_position, descend',
        );
        $dbh->do("CREATE TABLE $_ ($view{$_})") for sort keys %view;
        my $put = sub {
            my ($view, @values) = @_;
            $dbh->do("INSERT INTO $view VALUES (" . join(',', ('?') x @values) . ')', undef, @values);
        };
        $put->('all_catalog', 'SCOTT', $_, 'TABLE') for 'EMP', 'DEPT', 'E%P';
        $put->('all_tab_comments', 'SCOTT', 'EMP', 'TABLE', 'people');
        $put->('all_users', 'SCOTT');
        $put->('all_tab_columns', 'SCOTT', 'EMP', 'ID', 'NUMBER', 10, 2, undef, 22, 'N', undef, 1);
        $put->('all_tab_columns', 'SCOTT', 'EMP', 'NAME', 'VARCHAR2', undef, undef, 20, 80, 'Y', "'x'", 2);
        my $zoned = 'TIMESTAMP(6) WITH TIME ZONE';
        $put->('all_tab_columns', 'SCOTT', 'EMP', 'SEEN', $zoned, undef, 6, undef, 13, 'Y', undef, 3);
        $put->('all_constraints', 'SCOTT', 'DEPT_PK', 'P', 'DEPT', undef, undef, undef);
        $put->('all_constraints', 'SCOTT', 'EMP_FK', 'R', 'EMP', 'SCOTT', 'DEPT_PK', 'CASCADE');
        $put->('all_cons_columns', 'SCOTT', 'DEPT_PK', 'DEPT', 'ID', 1);
        $put->('all_cons_columns', 'SCOTT', 'EMP_FK', 'EMP', 'DEPT', 1);
        $put->('all_indexes', 'SCOTT', 'EMP_I', 'NORMAL', 'SCOTT', 'EMP', 'UNIQUE', 7, 1);
        $put->('all_ind_columns', 'SCOTT', 'EMP_I', 'NAME', 1, 'ASC');
        my $show = sub { join '|', map { join ',', map { defined ? $_ : '' } @$_ } @{ $_[0]->fetchall_arrayref } };
        print $show->($dbh->table_info(undef, 'SCOTT', 'E%', 'TABLE')), "\n";
        print $show->($dbh->table_info('', '%', '')), ' ', $show->($dbh->table_info('', '', '', '%')), "\n";
        print join("\n", split /\|/, $show->($dbh->column_info(undef, undef, 'EMP', undef))), "\n";
        print join(' ', $dbh->primary_key(undef, 'SCOTT', 'DEPT')), "\n";
        print $show->($dbh->foreign_key_info(undef, undef, 'DEPT', undef, undef, undef)), "\n";
        print $show->($dbh->statistics_info(undef, 'SCOTT', 'EMP', 1, 1)), "\n";
        print join(' ', $dbh->tables(undef, 'SCOTT', 'DEPT', undef)), "\n";
        print $dbh->quote("it's"), ' ', $dbh->quote_identifier('a"b'), ' ', $dbh->quote(7, DBI::SQL_DECIMAL()), ' ';
        print $dbh->get_info(17), ' ', $dbh->get_info(18), ' ', scalar @{ $dbh->type_info_all }, "\n";
        """
    )
    assert said.splitlines() == [
        ",SCOTT,E%P,TABLE,|,SCOTT,EMP,TABLE,people",
        ",SCOTT,,, ,,,SEQUENCE,|,,,SYNONYM,|,,,TABLE,|,,,VIEW,",
        ",SCOTT,EMP,ID,3,NUMBER,10,22,2,10,0,,,3,,,1,NO",
        ",SCOTT,EMP,NAME,12,VARCHAR2,20,80,,,1,,'x',12,,,2,YES",
        ",SCOTT,EMP,SEEN,95,TIMESTAMP(6) WITH TIME ZONE,13,13,6,,1,,,95,,,3,YES",
        "ID",
        ",SCOTT,DEPT,ID,,SCOTT,EMP,DEPT,1,3,0,EMP_FK,DEPT_PK,,PRIMARY",
        ",SCOTT,EMP,0,,EMP_I,btree,1,NAME,A,7,1,",
        '"SCOTT"."DEPT"',
        "'it''s' \"a\"\"b\" 7 Oracle 19.00.0000 16",
    ]


def test_scrolling(script: Script) -> None:
    """In all directions; beyond the ends nothing moves."""
    said = script(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        use DBD::Oracle qw(:ora_fetch_orient :ora_exe_modes);
        $dbh->do('CREATE TABLE t (id NUMBER)');
        $dbh->prepare('INSERT INTO t VALUES (?)')->execute_array({}, [ 1 .. 9 ]);
        my $sth = $dbh->prepare('SELECT id FROM t', { ora_exe_mode => OCI_STMT_SCROLLABLE_READONLY });
        $sth->execute;
        my @steps = (
            [ OCI_FETCH_NEXT, 0 ], [ OCI_FETCH_LAST, 0 ], [ OCI_FETCH_PRIOR, 0 ], [ OCI_FETCH_FIRST, 0 ],
            [ OCI_FETCH_ABSOLUTE, 5 ], [ OCI_FETCH_RELATIVE, -2 ], [ OCI_FETCH_RELATIVE, -9 ],
            [ OCI_FETCH_ABSOLUTE, 99 ], [ OCI_FETCH_CURRENT, 0 ],
        );
        print join(' ', map { $sth->ora_fetch_scroll(@$_)->[0] } @steps), ' ', $sth->ora_scroll_position, "\n";
        my @left;
        while (my ($id) = $sth->fetchrow_array) { push @left, $id }
        print "@left\n";
        $sth->finish;
        """
    )
    assert said.splitlines() == ["1 9 8 1 5 3 3 3 3 3", "4 5 6 7 8 9"]


def test_a_daemon_that_dies_is_no_duplicate_key(run_perl: Script, start_daemon: Callable[..., DaemonProcess]) -> None:
    """DBI's usual number of such errors is one of Oracle's."""
    daemon = start_daemon(toml=TOML, environ=STAND_IN)
    said = run_perl(
        CONNECT  # noqa: S608 - it is a program
        + r"""
        kill 'KILL', $ENV{DAEMON};
        select undef, undef, undef, 0.2;
        eval { $dbh->do('DELETE FROM t') };
        print $dbh->err, ' ', $dbh->state, ' ', $dbh->errstr =~ /\ACPANBridge/ ? 'ours' : $dbh->errstr, "\n";
        print $dbh->ping ? 'alive' : 'dead', "\n";
        """,
        CPAN_BRIDGE_SOCKET=str(daemon.socket),
        DAEMON=str(daemon.process.pid),
    )
    assert said.splitlines() == ["3113 08S01 ours", "dead"]


def test_a_server_that_is_not_there_through_the_real_package(
    run_perl: Script, start_daemon: Callable[..., DaemonProcess]
) -> None:
    """No stand-in: what python-oracledb says comes as Oracle's clients' error."""
    daemon = start_daemon(toml=TOML)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        said = run_perl(
            r"""
            my $dbh = DBI->connect("dbi:Oracle://127.0.0.1:$ENV{PORT}/xe", 'scott', 'tiger', { PrintError => 0 });
            print $dbh ? 'connected' : "$DBI::err $DBI::errstr";
            """,
            CPAN_BRIDGE_SOCKET=str(daemon.socket),
            PORT=str(port),
        )
    assert said.startswith("12541 ORA-12541: DPY-6005")
    assert "refused" in said
