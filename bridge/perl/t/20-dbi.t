use strict;
use warnings;

use Config;
use Scalar::Util qw(refaddr weaken);
use Test::More;

use lib 'lib/CPANBridge/Compat/shims';
use DBI qw(:sql_types :utils);

# A driver in Perl, as DBI::DBD describes them: "rows N" makes N rows, "fail" fails, "insert" takes two values.
{

    package DBD::Sample;
    my $drh;
    our @destroyed;
    $INC{'DBD/Sample.pm'} = __FILE__;

    sub driver {
        return $drh if $drh;
        DBD::Sample::db->install_method('sample_double');
        return $drh = DBI::_new_drh( 'DBD::Sample::dr', { Name => 'Sample', Version => 1 } );
    }
    sub CLONE { undef $drh }

    package DBD::Sample::dr;
    our $imp_data_size = 0;

    sub connect {
        my ( $drh, $name, $user, $password, $attributes ) = @_;
        return $drh->set_err( 7, "no database called $name", '08001' ) if $name eq 'nowhere';
        my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $name } );
        $dbh->STORE( Active => 1 );
        return $outer;
    }

    package DBD::Sample::db;
    our $imp_data_size = 0;

    sub prepare {
        my ( $dbh, $statement ) = @_;
        return $dbh->set_err( 1, "cannot parse $statement" ) if $statement =~ /nonsense/;
        my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $statement } );
        $sth->STORE( NUM_OF_PARAMS => $statement =~ tr/?// );
        if ( $statement =~ /rows (\d+)/ ) {
            $sth->STORE( NUM_OF_FIELDS => 2 );
            $sth->{NAME}         = [ 'Id', 'Name' ];
            $sth->{sample_count} = $1;
        }
        return $outer;
    }
    sub STORE {
        my ( $dbh, $name, $value ) = @_;
        if ( $name eq 'AutoCommit' ) { return $dbh->SUPER::STORE( $name, $value ? -901 : -900 ) }
        if ( $name eq 'sample_bad' ) { return $dbh->set_err( 5, 'a bad attribute' ) }
        return $dbh->SUPER::STORE( $name, $value );
    }
    sub FETCH  { my ( $dbh, $name ) = @_; return $name eq 'sample_answer' ? 42 : $dbh->SUPER::FETCH($name) }
    sub commit { return 1 }
    sub sample_double { my ( $dbh, $number ) = @_; return 2 * $number }
    sub disconnect { $_[0]->STORE( Active => 0 ); return 1 }
    sub DESTROY { push @DBD::Sample::destroyed, $_[0]{Active} ? 'active' : 'inactive'; $? = 99 }

    package DBD::Sample::st;
    our $imp_data_size = 0;

    sub bind_param { my ( $sth, $number, $value ) = @_; $sth->{sample_values}[ $number - 1 ] = $value; return 1 }

    sub execute {
        my ( $sth, @values ) = @_;
        @values = @{ $sth->{sample_values} || [] } if !@values;
        return $sth->set_err( 3, 'it failed', 'XX123' ) if $sth->{Statement} =~ /fail/;
        if ( $sth->{Statement} =~ /insert/ ) {
            return $sth->set_err( 19, 'no ' . $values[0] ) if $values[0] eq 'bad';
            return 1;
        }
        $sth->{sample_rows} = [ map { [ $_, "name $_" ] } 1 .. $sth->{sample_count} ];
        $sth->STORE( Active => 1 );
        return '0E0';
    }
    sub fetch {
        my ($sth) = @_;
        my $row = shift @{ $sth->{sample_rows} };
        if ( !$row ) { $sth->STORE( Active => 0 ); return }
        return $sth->_set_fbav($row);
    }
    sub FETCH {
        my ( $sth, $name ) = @_;
        if ( $name eq 'ParamValues' ) { my $n = 0; return { map { ( ++$n => $_ ) } @{ $sth->{sample_values} || [] } } }
        return $sth->SUPER::FETCH($name);
    }
}

my %quiet = ( PrintError => 0, RaiseError => 1 );

sub connected { return DBI->connect( 'dbi:Sample:somewhere', 'me', 'secret', {@_} ) }

subtest 'connecting' => sub {
    my $dbh = connected(%quiet);
    isa_ok( $dbh, 'DBI::db' );
    is( $dbh->{Name},         'somewhere', 'its name' );
    is( $dbh->{Username},     'me',        'its user' );
    is( $dbh->{Driver}{Name}, 'Sample',    'its driver' );
    ok( $dbh->{Active} && $dbh->{AutoCommit} && $dbh->{RaiseError} && !$dbh->{PrintError}, 'its attributes' );
    is( $dbh->{sample_answer}, 42, 'an attribute of the driver' );
    can_ok( $dbh, qw(prepare do selectrow_array quote sample_double) );
    is( $dbh->sample_double(21), 42, 'a method of the driver' );
    is( $dbh->func( 4, 'sample_double' ), 8, 'the same by func' );

    ok( !eval { DBI->connect( 'dbi:Sample:nowhere', 'me', 'secret', { %quiet } ); 1 }, 'an error dies' );
    like( $@, qr/\ADBI connect\('nowhere','me',\.\.\.\) failed: no database called nowhere at \Q$0\E line \d+/, '... in words that name this line' );
    unlike( $@, qr/secret/, '... and do not tell the password' );
    is( "$DBI::err $DBI::state", '7 08001', '... with number and state' );
    my @warned;
    {
        local $SIG{__WARN__} = sub { push @warned, @_ };
        is( DBI->connect('dbi:Sample:nowhere'), undef, 'without RaiseError nothing comes' );
    }
    like( "@warned", qr/no database called nowhere/, '... but a warning' );
    ok( !eval { DBI->connect('dbi:NoSuchDriver:') }, 'a driver that is not there' );
    like( $@, qr/install_driver\(NoSuchDriver\) failed: .*Available drivers: /s, '... is named, with those that are' );
    is_deeply( [ ( DBI->parse_dsn('dbi:Sample(PrintError=>0,b=c):x=y;z') )[ 1, 3, 4 ] ], [ 'Sample', { PrintError => 0, b => 'c' }, 'x=y;z' ], 'parse_dsn' );
};

subtest 'errors' => sub {
    my $dbh = connected( PrintError => 1, RaiseError => 0 );
    my @warned;
    local $SIG{__WARN__} = sub { push @warned, @_ };
    is( $dbh->do('fail'), undef, 'do returns undef' );
    is_deeply( \@warned, ["DBD::Sample::db do failed: it failed at $0 line ${\( __LINE__ - 1 )}.\n"], 'one warning, in the name of what was called, at the line that called' );
    is( join( '|', $dbh->err, $dbh->errstr, $dbh->state, $DBI::errstr ), '3|it failed|XX123|it failed', 'err, errstr, state' );
    ok( $dbh->do('insert'), 'another call' );
    is( $dbh->err, undef, '... forgets the error' );
    @$dbh{qw(PrintError RaiseError ShowErrorStatement)} = ( 0, 1, 1 );
    my $sth = $dbh->prepare('fail ? ?');
    $sth->bind_param( 1, 'x' );
    $sth->bind_param( 2, undef );
    ok( !eval { $sth->execute; 1 }, 'RaiseError dies' );
    like( $@, qr/\ADBD::Sample::st execute failed: it failed \[for Statement "fail \? \?" with ParamValues: 1='x', 2=undef\] at /, '... and shows the statement' );

    my @handled;
    $dbh->{HandleError} = sub { push @handled, [@_]; $_[2] = 'instead'; return 1 };
    is( eval { scalar $dbh->prepare('nonsense') }, 'instead', 'HandleError can change what is returned' );
    is( $handled[0][1], $dbh, '... and gets the handle' );
    $dbh->{HandleError} = undef;

    $dbh->{HandleSetErr} = sub { $_[1] = 99 if $_[1]; return 0 };
    eval { $dbh->do('fail') };
    is( $dbh->err, 99, 'HandleSetErr can change the number' );
    $dbh->{HandleSetErr} = undef;

    $dbh->{RaiseError} = 0;
    $dbh->set_err( undef, undef );
    $dbh->set_err( 1, 'first' );
    $dbh->set_err( 2, 'second', 'AB123' );
    is( $dbh->errstr, "first [err was 1 now 2]\nsecond", 'errors add up' );
    is( $dbh->state, 'AB123', '... and the last state counts' );
    $dbh->set_err( undef, undef );
    @warned = ();
    $dbh->{PrintWarn} = 1;
    $dbh->set_err( '', 'only an information' );
    is( "@warned", '', 'an information is silent' );
    $dbh->set_err( '0', 'a warning' );
    like( $warned[0], qr/set_err warning: only an information\na warning/, 'a warning is told' );
    @warned = ();
    $dbh->{PrintError} = 1;
    $dbh->{sample_bad} = 1;
    like( $warned[0], qr/\ADBD::Sample::db STORE failed: .*a bad attribute at \Q$0\E/s, 'an attribute that cannot be set is told' );
    ok( !eval { $dbh->commit( 1, 2 ); 1 }, 'a wrong number of arguments dies' );
    like( $@, qr/invalid number of arguments: got handle \+ 2, expected handle \+ between 0 and 0/, '... and says so' );
    @warned = ();
    $dbh->{NoSuchAttribute} = 1;
    like( $warned[0], qr/Can't set DBI::db=HASH.*->\{NoSuchAttribute\}/, 'an attribute that nobody knows is told' );
};

subtest 'fetching' => sub {
    my $dbh = connected(%quiet);
    my $sth = $dbh->prepare('rows 3');
    is( $sth->{NUM_OF_FIELDS}, 2, 'NUM_OF_FIELDS' );
    is_deeply( [ $sth->{NAME_lc}, $sth->{NAME_uc_hash} ], [ [ 'id', 'name' ], { ID => 0, NAME => 1 } ], 'names' );
    $sth->execute;
    my $first = $sth->fetch;
    is_deeply( $first, [ 1, 'name 1' ], 'fetch' );
    is( refaddr $sth->fetchrow_arrayref, refaddr $first, 'the same array is used again' );
    is_deeply( [ $sth->fetchrow_array ], [ 3, 'name 3' ], 'fetchrow_array' );
    is( $sth->fetch, undef, 'the end' );
    ok( !$sth->{Active}, '... makes it inactive' );
    is( $sth->rows, 3, 'rows' );

    my ( $id, $name );
    $sth->execute;
    ok( $sth->bind_columns( \( $id, $name ) ), 'bind_columns' );
    $sth->fetch;
    is( "$id $name", '1 name 1', 'the variables have the row' );
    is_deeply( $sth->fetchrow_hashref, { Id => 2, Name => 'name 2' }, 'fetchrow_hashref' );
    is( "$id $name", '2 name 2', '... fills them, too' );
    is_deeply( $sth->fetchall_arrayref, [ [ 3, 'name 3' ] ], 'fetchall_arrayref gives what is left' );
    ok( !eval { $sth->bind_col( 3, \$id ); 1 }, 'there is no third column' );
    like( $@, qr/column 3 is not a valid column \(1\.\.2\)/, '... and it says so' );

    is_deeply( $dbh->selectall_arrayref( 'rows 2', { Slice => { id => 1 } } ), [ { id => 1 }, { id => 2 } ], 'a slice by names' );
    is_deeply( $dbh->selectall_arrayref( 'rows 2', { Columns => [2] } ), [ ['name 1'], ['name 2'] ], 'columns by numbers' );
    is_deeply( $dbh->selectall_arrayref( 'rows 9', { MaxRows => 1 } ), [ [ 1, 'name 1' ] ], 'MaxRows' );
    is_deeply( $dbh->selectall_hashref( 'rows 2', 'Id' ), { 1 => { Id => 1, Name => 'name 1' }, 2 => { Id => 2, Name => 'name 2' } }, 'by a key' );
    is_deeply( $dbh->selectcol_arrayref( 'rows 2', { Columns => [ 1, 2 ] } ), [ 1, 'name 1', 2, 'name 2' ], 'selectcol_arrayref' );
    is_deeply( [ $dbh->selectrow_array('rows 1') ], [ 1, 'name 1' ], 'selectrow_array' );
    is( scalar $dbh->selectrow_array('rows 1'), 'name 1', '... in scalar context' );
    is_deeply( [ $dbh->selectrow_array('rows 0') ], [], '... of no rows' );
    local $dbh->{FetchHashKeyName} = 'NAME_lc';
    is_deeply( $dbh->selectrow_hashref('rows 1'), { id => 1, name => 'name 1' }, 'FetchHashKeyName' );
};

subtest 'many at once' => sub {
    my $dbh = connected(%quiet);
    my $sth = $dbh->prepare('insert ? ?');
    my @status;
    is( $sth->execute_array( { ArrayTupleStatus => \@status }, [ 1, 2 ], 'x' ), 2, 'execute_array' );
    is_deeply( \@status, [ 1, 1 ], 'each tuple has its status' );
    ok( !eval { $sth->execute_array( { ArrayTupleStatus => \@status }, [ 'good', 'bad', 'good' ], 'x' ); 1 }, 'one fails' );
    like( $@, qr/executing 3 generated 1 errors/, '... the others do not' );
    is_deeply( \@status, [ 1, [ 19, 'no bad', 'S1000' ], 1 ], '... and the status says why' );
};

subtest 'life and death' => sub {
    my $dbh = connected(%quiet);
    my $drh = $dbh->{Driver};
    my $kids = $drh->{Kids};
    my $sth = $dbh->prepare('rows 2');
    is( "$dbh->{Kids} $dbh->{ActiveKids}", '1 0', 'a child' );
    $sth->execute;
    is( $dbh->{ActiveKids}, 1, 'an active one' );
    $sth->finish;
    is( $dbh->{ActiveKids}, 0, 'and no more' );
    undef $sth;
    is( $dbh->{Kids}, 0, 'and none at all' );

    my $cached = $dbh->prepare_cached('rows 1');
    is( $dbh->prepare_cached('rows 1'), $cached, 'prepare_cached gives the same handle' );
    isnt( $dbh->prepare_cached( 'rows 1', { sample_x => 1 } ), $cached, '... but for other attributes' );
    undef $cached;

    @DBD::Sample::destroyed = ();
    $? = 3;
    undef $dbh;
    is( $?, 3, 'the end of a handle leaves $? alone' );
    is_deeply( \@DBD::Sample::destroyed, ['active'], 'the driver was told, although statements were cached' );
    is( $drh->{Kids}, $kids - 1, 'the driver counts one less' );
    @DBD::Sample::destroyed = ();
    { my $other = connected( %quiet, InactiveDestroy => 1 ) }
    is_deeply( \@DBD::Sample::destroyed, ['inactive'], 'InactiveDestroy' );

    my $orphan = connected(%quiet)->prepare('rows 1');
    is( $orphan->execute, '0E0', 'a statement outlives the variable of its database' );
    isa_ok( $orphan->{Database}, 'DBI::db', '... which it still knows' );

    my $one = DBI->connect_cached('dbi:Sample:x');
    is( DBI->connect_cached('dbi:Sample:x'), $one, 'connect_cached' );
    isnt( DBI->connect_cached('dbi:Sample:y'), $one, '... by name' );

    SKIP: {
        my $mine = connected( %quiet, AutoInactiveDestroy => 1 );
        my $pid = fork;
        skip 'no fork here', 1 if !defined $pid;
        if ( !$pid ) {
            @DBD::Sample::destroyed = ();
            undef $mine;
            require POSIX;
            POSIX::_exit( "@DBD::Sample::destroyed" eq 'inactive' ? 0 : 1 );
        }
        waitpid $pid, 0;
        is( $? >> 8, 0, 'AutoInactiveDestroy in a child' );
    }
};

subtest 'transactions' => sub {
    my $dbh = connected(%quiet);
    ok( $dbh->begin_work, 'begin_work' );
    ok( !$dbh->{AutoCommit} && $dbh->{BegunWork}, '... turns AutoCommit off' );
    ok( !eval { $dbh->begin_work; 1 }, '... once' );
    like( $@, qr/Already in a transaction/, '... as it says' );
    $dbh->commit;
    ok( $dbh->{AutoCommit} && !$dbh->{BegunWork}, 'commit turns it on again' );
};

subtest 'callbacks and subclasses' => sub {
    my $dbh = connected(%quiet);
    my @called;
    $dbh->{Callbacks} = {
        ping           => sub { push @called, $_; undef $_; return 'from the callback' },
        prepare        => sub { push @called, "$_ $_[1]"; return },
        ChildCallbacks => { fetch => sub { push @called, $_; return } },
    };
    is( $dbh->ping, 'from the callback', 'a callback instead of a method' );
    my $sth = $dbh->prepare('rows 1');
    $sth->execute;
    $sth->fetch;
    is_deeply( \@called, [ 'ping', 'prepare rows 1', 'fetch' ], 'callbacks before methods, of statements, too' );

    {
        package Own;
        our @ISA = 'DBI';
        package Own::db;
        our @ISA = 'DBI::db';
        package Own::st;
        our @ISA = 'DBI::st';
        sub fetchrow_array { my ($self) = @_; return map { uc } $self->SUPER::fetchrow_array }
    }
    my $own = Own->connect( 'dbi:Sample:', '', '', {%quiet} );
    isa_ok( $own, 'Own::db' );
    $sth = $own->prepare('rows 1');
    isa_ok( $sth, 'Own::st' );
    $sth->execute;
    is_deeply( [ $sth->fetchrow_array ], [ 1, 'NAME 1' ], 'its method is called' );
};

subtest 'quoting' => sub {
    my $dbh = connected(%quiet);
    is( $dbh->quote("it's"), "'it''s'", 'a string' );
    is( $dbh->quote(undef), 'NULL', 'undef' );
    is( $dbh->quote_identifier( 'a', undef, 'b"c' ), '"a"."b""c"', 'an identifier' );
};

subtest 'functions' => sub {
    is( neat( [] ) =~ /ARRAY/ && neat("a\nb") . neat(3) . neat(undef), "'a\nb'3undef", 'neat' );
    is( neat_list( [ 'abcdefghij', 2 ], 8 ), "'abc...', 2", 'neat_list' );
    is_deeply( [ looks_like_number( undef, '', 'x', 1, '2' ) ], [ undef, undef, 0, 1, 1 ], 'looks_like_number' );
    my $value = '42';
    is( sql_type_cast( $value, SQL_INTEGER, 0 ), 2, 'sql_type_cast' );
    is( DBI::hash('foo1'), -1077531989, 'hash' );
    is( data_string_diff( 'abc', 'abd' ), 'Strings differ at index 2: a[2]=c, b[2]=d', 'data_string_diff' );
};

SKIP: {
    skip 'a perl without threads', 2 if !$Config{useithreads} || !eval { require threads; 1 };
    my $dbh = connected(%quiet);
    @DBD::Sample::destroyed = ();
    my ($seen) = threads->create( sub { my $other = connected(%quiet); return join ' ', $other->{Driver}{Kids}, $other->ping } )->join;
    is( $seen, '1 0 but true', 'a thread has handles of its own' );
    ok( $dbh->ping, '... and leaves the others alone' );
}

subtest 'preparse' => sub {
    my $dbh = connected( PrintError => 0, RaiseError => 0 );
    my %flag = map { /DBIpp_(.*)/ => DBI->can($_)->() } @{ $DBI::EXPORT_TAGS{preparse_flags} };
    my $styles = sub { my $sum = 0; $sum |= $flag{$_} for @_; return $sum };
    is( $dbh->preparse( "a = ? -- b\n/* ? */ and c = '?' and d::int = ?", $styles->(qw(ph_cn cm_cs)), $styles->(qw(ph_XX cm_XX)) ),
        "a = :p1 /* b*/\n/* ? */ and c = '?' and d::int = :p2", 'placeholders and comments in another style' );
    is( $dbh->preparse( "a # x */ y\n", $flag{cm_cs}, $flag{cm_hs} ), "a /* x * / y*/\n", 'a comment cannot end before its end' );
    is( $dbh->preparse( "a {x\ny}b", $flag{cm_dd}, $flag{cm_br} ), "a --x\n--y\nb", '... nor go on after it' );
    is( $dbh->preparse( q{'it\\'s ?' ?}, $flag{ph_sp}, $styles->(qw(ph_qm st_bs)) ), q{'it\\'s ?' %s}, 'backslashes in strings' );
    is( $dbh->preparse( 'a = :x and b = ?', $flag{ph_qm}, $flag{ph_XX} ), undef, 'two styles at once' );
    is( $dbh->errstr, 'preparse found mixed placeholder styles (? / :name)', '... are an error' );
};

subtest 'modules for authors of drivers' => sub {
    require DBI::DBD::Metadata;
    no warnings 'once';
    local *DBD::Sample::db::get_info = sub { return { 17 => "it's", 29 => '"', 47 => 'me', 46 => 2 }->{ $_[1] } };
    local *DBD::Sample::db::type_info_all = sub { return [ { TYPE_NAME => 0, DATA_TYPE => 1, COLUMN_SIZE => 2 }, [ 'text', 12, undef ], [ 'odd', 4711, '007' ] ] };
    my %written;
    for my $what ( 'getinfo', 'typeinfo' ) {
        open my $out, '>', \$written{$what} or die $!;
        my $old = select $out;
        DBI::DBD::Metadata->can("write_${what}_pm")->( 'dbi:Sample:x', 'me', '', 'Mine' );
        select $old;
    }
    local $INC{'DBD/Mine.pm'} = __FILE__;
    ok( eval "$written{getinfo}", 'what get_info told is a module' ) or diag $@;
    my %info = %DBD::Mine::GetInfo::info;
    is_deeply( [ @info{ 17, 29, 46 } ], [ "it's", '"', 2 ], '... of the same values' );
    is( $info{47}->( { Username => 'you' } ), 'you', '... but for what each connection has its own of' );
    ok( eval "$written{typeinfo}", 'what type_info_all told is one, too' ) or diag $@;
    is_deeply( $DBD::Mine::TypeInfo::type_info_all, [ { TYPE_NAME => 0, DATA_TYPE => 1, COLUMN_SIZE => 2 }, [ 'text', 12, undef ], [ 'odd', 4711, '007' ] ], '... of the same types' );
    like( $written{typeinfo}, qr/'text', SQL_VARCHAR, undef/, '... by their names' );
    ok( !eval { DBI::DBD::Metadata::write_getinfo_pm('dbi:Sample:x'); 1 }, 'without a driver to write for' );
    like( $@, qr/Usage: write_getinfo_pm/, '... it says how' );
};

done_testing;
