use strict;
use warnings;

use Cwd qw(abs_path);
use Test::More;

use lib 'lib/CPANBridge/Compat/shims';
use DBI;
use DBD::Gofer::Policy::rush;
use DBD::Gofer::Transport::stream;
use DBI::Gofer::Execute;
use DBI::Util::CacheMemory;

# A driver at the other end: it counts what it does; "rows N" makes N rows, "fail" fails, "warn" warns.
{

    package DBD::Far;
    my $drh;
    our %did;
    $INC{'DBD/Far.pm'} = __FILE__;

    sub driver {
        return $drh if $drh;
        DBD::Far::db->install_method('far_double');
        return $drh = DBI::_new_drh( 'DBD::Far::dr', { Name => 'Far', Version => 1 } );
    }

    package DBD::Far::dr;
    our $imp_data_size = 0;

    sub connect {
        my ( $drh, $name, $user, $password, $attributes ) = @_;
        $DBD::Far::did{connect}++;
        return $drh->set_err( 7, "no database called $name", '08001' ) if $name eq 'nowhere';
        my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $name, far_user => $user } );
        $dbh->STORE( Active => 1 );
        return $outer;
    }

    package DBD::Far::db;
    our $imp_data_size = 0;

    sub prepare {
        my ( $dbh, $statement, $attributes ) = @_;
        $DBD::Far::did{prepare}++;
        return $dbh->set_err( 1, "cannot parse $statement" ) if $statement =~ /nonsense/;
        my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $statement } );
        $sth->STORE( NUM_OF_PARAMS => $statement =~ tr/?// );
        return $outer;
    }
    sub private_attribute_info { return { far_user => undef } }
    sub FETCH { my ( $dbh, $name ) = @_; return $name eq 'AutoCommit' ? 1 : $name eq 'far_answer' ? 42 : $dbh->SUPER::FETCH($name) }
    sub far_double     { my ( $dbh, $number ) = @_; return wantarray ? ( $number, $number ) : 2 * $number }
    sub last_insert_id { return 77 }
    sub get_info { my ( $dbh, $what ) = @_; $DBD::Far::did{get_info}++; return $what == 29 ? '"' : undef }
    sub type_info_all { $DBD::Far::did{type_info_all}++; return [ { TYPE_NAME => 0, DATA_TYPE => 1 }, [ 'far', 12 ] ] }
    sub ping { $DBD::Far::did{ping}++; return 1 }

    package DBD::Far::st;
    our $imp_data_size = 0;

    sub bind_param { my ( $sth, $number, $value, $attributes ) = @_; $sth->{far_values}[ $number - 1 ] = $value; return 1 }

    sub execute {
        my ( $sth, @values ) = @_;
        $DBD::Far::did{execute}++;
        @values = @{ $sth->{far_values} || [] } if !@values;
        my $statement = $sth->{Statement};
        return $sth->set_err( 3, 'it failed', 'XX123' ) if $statement =~ /fail/ || grep { defined && $_ eq 'bad' } @values;
        warn "be careful\n" if $statement =~ /warn/;
        my ($count) = $statement =~ /rows (\d+)/ or return 4;
        $sth->{far_left} = [ $count, 1 + ( () = $statement =~ /, rows/g ) ];
        $sth->STORE( NUM_OF_FIELDS => 2 );
        $sth->{NAME} = [ 'Id', 'Name' ];
        $sth->{far_rows} = [ map { [ $_, @values ? $values[0] : "name $_" ] } 1 .. $count ];
        $sth->STORE( Active => 1 );
        return '0E0';
    }
    sub fetch {
        my ($sth) = @_;
        my $row = shift @{ $sth->{far_rows} } or return $sth->finish && undef;
        return $sth->set_err( 9, 'the line broke' ) if $sth->{Statement} =~ /break/ && $row->[0] == 2;
        return $sth->_set_fbav($row);
    }
    sub more_results {
        my ($sth) = @_;
        my $left = $sth->{far_left};
        return 0 if !$left || --$left->[1] < 1;
        $sth->{far_rows} = [ map { [ $_, 'more' ] } 1 .. $left->[0] + 1 ];
        $sth->STORE( Active => 1 );
        return 1;
    }
}

{

    package Own::Text;
    use overload '""' => sub { return ${ $_[0] } };
    sub new { my ( $class, $text ) = @_; return bless \$text, $class }
}

my %quiet = ( PrintError => 0, RaiseError => 1 );

sub gofer { my ( $words, $dsn, %attributes ) = @_; return DBI->connect( "dbi:Gofer:transport=null;$words;dsn=$dsn", 'me', 'secret', { %quiet, %attributes } ) }

for my $policy (qw(classic pedantic rush)) {
    subtest "policy $policy" => sub {
        %DBD::Far::did = ();
        my $dbh = gofer( "policy=$policy", 'dbi:Far:place' );
        is( $dbh->{Name}, $policy eq 'rush' ? 'transport=null;policy=rush' : 'place', 'its name' );
        is( ( $DBD::Far::did{ping} || 0 ), $policy eq 'rush' ? 0 : 1, 'whether the other end was asked at once' );
        is_deeply( $dbh->selectall_arrayref('rows 2'), [ [ 1, 'name 1' ], [ 2, 'name 2' ] ], 'rows' );
        is_deeply( $dbh->selectrow_hashref( 'rows 1 ?', undef, 'mine' ), { Id => 1, Name => 'mine' }, 'names and values' );
        my $sth = $dbh->prepare('rows 3');
        is( $sth->execute, '0E0', 'execute' );
        is( $sth->rows, 3, 'rows are known at once' );
        $sth->bind_columns( \my ( $id, $name ) );
        my $seen = '';
        while ( $sth->fetch ) { $seen .= "$id:$name " }
        is( $seen, '1:name 1 2:name 2 3:name 3 ', 'bound variables' );
        ok( !$sth->{Active}, 'the end' );
        is( $dbh->do('change'), -1, 'do' );
        ok( $dbh->{go_response}->executed_flag_set, '... was executed' );
        is( $dbh->{far_answer}, 42, 'an attribute of the driver' );
        is( $dbh->quote_identifier('a"b'), '"a""b"', 'quoting as the driver does' );
        $dbh->ping;
        my $count = $dbh->{go_request_count};
        $dbh->type_info_all for 1 .. 3;
        is( $dbh->{go_request_count}, $count + 1, 'what is known once need not be asked again' );
        ok( !eval { $dbh->do('fail'); 1 }, 'an error' );
        like( $@, qr/\ADBD::Gofer::db do failed: it failed at \Q$0\E line/, '... is the driver\'s, at this line' );
        is( join( ' ', $dbh->err, $dbh->state ), '3 XX123', '... with number and state' );
        my $bad = eval { $dbh->prepare('nonsense') };
        is( defined $bad, $policy ne 'pedantic', 'when a wrong statement is found out' );
        if ($bad) { ok( !eval { $bad->execute; 1 }, '... or when it is executed' ) }
        like( $@, qr/cannot parse nonsense/, '... says why' );
        is( ( $DBD::Far::did{connect} || 0 ) > 3, $policy eq 'pedantic', 'connections are kept or not' );
    };
}

subtest 'what travels' => sub {
    my $dbh = gofer( 'policy=classic', 'dbi:Far:place' );
    is( $dbh->{far_user}, 'me', 'the user, and attributes that the driver lists' );
    is( $dbh->far_double(21), 42, 'a method of the driver' );
    is_deeply( [ $dbh->far_double(1) ], [ 1, 1 ], '... in list context' );
    is( $dbh->func( 4, 'far_double' ), 8, '... by func' );
    $dbh->do( 'insert', { go_last_insert_id_args => [] } );
    is( $dbh->last_insert_id, 77, 'last_insert_id when asked for' );
    is( $dbh->selectrow_arrayref( 'rows 1 ?', undef, Own::Text->new('as text') )->[1], 'as text', 'objects go as their text' );
    ok( !eval { $dbh->do('fail'); 1 } && $DBI::err == 3 && $dbh->func('errstr') eq 'it failed', 'errors of the driver are those of this handle' );
    my @warned;
    { local $SIG{__WARN__} = sub { push @warned, @_ }; $dbh->do('warn') }
    is_deeply( \@warned, ["be careful\n"], 'warnings' );

    my $sth = $dbh->prepare('rows 1, rows');
    $sth->execute;
    is_deeply( $sth->fetchall_arrayref, [ [ 1, 'name 1' ] ], 'a first result' );
    ok( $sth->more_results, 'there is another' );
    is_deeply( $sth->fetchall_arrayref, [ [ 1, 'more' ], [ 2, 'more' ] ], '... with its rows' );
    ok( !$sth->more_results, 'and no third' );

    my @status;
    my $many = $dbh->prepare('insert ?');
    my $count = $dbh->{go_request_count};
    is( $many->execute_array( { ArrayTupleStatus => \@status }, [ 1, 2 ] ), 2, 'execute_array' );
    is( $dbh->{go_request_count}, $count + 1, '... is one request' );
    is_deeply( \@status, [ 4, 4 ], '... with a status for each' );
    $many->bind_param_array( 1, [ 'good', 'bad' ] );
    ok( !eval { $many->execute_array( { ArrayTupleStatus => \@status } ); 1 }, 'one fails' );
    is_deeply( \@status, [ 4, [ 3, 'it failed', 'XX123' ] ], '... and says so' );
    is( gofer( 'policy=classic', 'dbi:Far:place' )->selectrow_arrayref( 'rows 1 ?', undef, "\x00\xff\x{263a}" )->[1], "\x00\xff\x{263a}", 'characters' );

    my $broken = $dbh->prepare('rows 3, break');
    ok( !eval { $broken->execute; $broken->fetchall_arrayref; 1 }, 'an error among the rows' );
    like( $@, qr/the line broke/, '... is not lost' );
};

subtest 'what cannot be' => sub {
    my $dbh = gofer( 'policy=classic', 'dbi:Far:place' );
    ok( !eval { $dbh->{AutoCommit} = 0; 1 }, 'no transactions' );
    ok( !eval { $dbh->begin_work; 1 }, '... by begin_work' );
    like( $@, qr/has no transactions/, '... as it says' );
    ok( !eval { $dbh->{LongReadLen} = 5; 1 }, 'no other attributes' );
    like( $@, qr/Can't alter the attribute LongReadLen/, '... as it says' );
    { local $dbh->{RaiseError} = 0; is( $dbh->do('fail'), undef, '... but those of this side' ) }
    $dbh->{private_mine} = 1;
    $dbh->disconnect;
    ok( !eval { $dbh->do('x'); 1 }, 'after disconnect' );
    like( $@, qr/not connected/, '... it says so' );
    my %wrong = (
        'transport=null'                              => qr/No dsn= argument in 'transport=null'/,
        'dsn=dbi:Far:'                                => qr/No transport= argument in 'dsn=dbi:Far:'/,
        'transport=null;policy=none;dsn=dbi:Far:'     => qr{Can't locate DBD/Gofer/Policy/none.pm},
        'transport=null;strange;dsn=dbi:Far:'         => qr/'strange' in .* is not of the form name=value/,
        'transport=null;dsn=dbi:Far:nowhere'          => qr/no database called nowhere/,
        'transport=null;cache=no::such;dsn=dbi:Far:'  => qr{Can't locate no/such.pm},
        'transport=stream;url=http://x;dsn=dbi:Far:x' => qr{the url 'http://x' is not of the form ssh:user\@host},
        'transport=stream;url=ssh:-oX;dsn=dbi:Far:x'  => qr{begins with a dash},
        'transport=stream;perl=/no/such/perl;dsn=dbi:Far:x' => qr{ended without an answer \(the process ended with status 127\)},
    );
    open my $errors, '>&', \*STDERR or die $!;
    close STDERR;
    for my $words ( sort keys %wrong ) {
        ok( !eval { DBI->connect( "dbi:Gofer:$words", '', '', \%quiet ); 1 }, $words );
        like( $@, $wrong{$words}, '... is told' );
    }
    open STDERR, '>&', $errors or die $!;
};

subtest 'caches' => sub {
    my $dbh = gofer( 'policy=rush;cache=1', 'dbi:Far:place' );
    my $cache = $dbh->go_cache;
    isa_ok( $cache, 'DBI::Util::CacheMemory' );
    $cache->clear;
    %DBD::Far::did = ();
    my @got = map { $dbh->selectall_arrayref( 'select rows 2 ?', undef, 'x' ) } 1 .. 3;
    is( $DBD::Far::did{execute}, 1, 'a SELECT is asked once' );
    is_deeply( $got[2], $got[0], '... and answered each time' );
    is_deeply( [ map { $dbh->{go_transport}->$_ } qw(cache_hit cache_miss cache_store) ], [ 2, 1, 1 ], '... as the counts say' );
    $dbh->selectall_arrayref( 'select rows 2 ?', undef, 'y' );
    $dbh->selectall_arrayref( 'select rows 2 ? for update', undef, 'x' ) for 1 .. 2;
    $dbh->do('change') for 1 .. 2;
    is( $DBD::Far::did{execute}, 6, 'other values, and what changes something, are asked' );
    my $own = DBI::Util::CacheMemory->new( namespace => 'own' );
    $dbh->selectall_arrayref( $dbh->prepare( 'select rows 1', { go_cache => $own } ) );
    is( $own->count, 1, 'a cache of its own for a statement' );
    cmp_ok( $own->size, '>', 10, '... of some size' );
    $dbh->selectall_arrayref( 'select rows 1', { go_cache => 0 } );
    is( $DBD::Far::did{execute}, 8, 'none for another' );
};

subtest 'errors for tests, and trying again' => sub {
    my @tried;
    my $hook = sub { my ( $request, $response, $transport ) = @_; push @tried, $response->err; return $request->is_idempotent ? 1 : 0 };
    local $ENV{DBI_GOFER_RANDOM} = 'err=5,fail=-50%,do';
    my $dbh = gofer( 'policy=rush;retry_limit=0', 'dbi:Far:place' );
    my @outcome = map { eval { $dbh->do('change') } ? 1 : 0 } 1 .. 4;
    is_deeply( [ sort @outcome ], [ 0, 0, 1, 1 ], 'every second call fails' );
    like( $@ || $dbh->errstr || 'induced by', qr/induced by/, '... by intent' );
    $dbh = gofer( 'policy=rush', 'dbi:Far:place' );
    is( scalar( grep { eval { $dbh->do('change') } } 1 .. 6 ), 6, 'after such an error it is tried again' );
    ok( $dbh->{go_transport}->meta->{request_retry_count}, '... and counted' );
    local $ENV{DBI_GOFER_RANDOM} = 'err=5,fail=100%,do';
    $dbh = gofer( 'policy=rush;retry_limit=3', 'dbi:Far:place', go_retry_hook => $hook );
    ok( !eval { $dbh->do('change'); 1 }, 'the hook can refuse' );
    is_deeply( \@tried, [5], '... after the first error' );
    $dbh = gofer( 'policy=rush;retry_limit=3', 'dbi:Far:place', go_retry_hook => $hook, ReadOnly => 1 );
    eval { $dbh->do('change') };
    is_deeply( \@tried, [ (5) x 5 ], 'or agree, up to the limit' );
};

subtest 'the other end' => sub {
    my $request = DBI::Gofer::Request->new( { dbh_connect_call => [ 'connect', 'dbi:Far:x', '', '', {} ], dbh_method_call => [ 0, 'far_double', 3 ] } );
    is_deeply( DBI::Gofer::Execute->new->execute_request($request)->rv, [6], 'a request by hand' );
    my $strict = DBI::Gofer::Execute->new(
        { forced_connect_dsn => 'dbi:Far:y', check_request_sub => sub { die "not allowed\n" if $_[0]->dbh_method_call->[1] eq 'do'; return } } );
    is_deeply( $strict->execute_request( DBI::Gofer::Request->new( { %$request, dbh_method_call => [ 0, 'FETCH', 'Name' ] } ) )->rv, ['y'], 'a data source that is forced' );
    like( $strict->execute_request( DBI::Gofer::Request->new( { %$request, dbh_method_call => [ 0, 'do', 'x' ] } ) )->errstr, qr/\Anot allowed/, 'a request that is refused' );
    ok( !eval { DBI::Gofer::Execute->new( { strange => 1 } ); 1 }, 'a wrong word in the configuration' );
    like( $@, qr/unknown configuration: strange/, '... is told' );
    my $base = DBI::Gofer::Transport::Base->new;
    my $frozen = $base->freeze_request($request);
    like( $frozen, qr/\AGoFER1:.*DBI::Gofer::Request/s, 'the form of a message is the original\'s' );
    is_deeply( $base->thaw_request($frozen)->dbh_method_call, [ 0, 'far_double', 3 ], '... and read again' );
    ok( !eval { $base->thaw_response("ssh: no such host\n"); 1 }, 'what is no message' );
    like( $@, qr/not a DBI::Gofer::Response \(it does not begin with GoFER1:\): 'ssh: no such host/, '... is shown' );
    local $ENV{DBI_AUTOPROXY} = 'dbi:Gofer:transport=null;policy=rush';
    my $dbh = DBI->connect( 'dbi:Far:place', 'me', '', \%quiet );
    is( $dbh->{Driver}{Name}, 'Gofer', 'DBI_AUTOPROXY' );
    is( $dbh->selectrow_array('rows 1'), 'name 1', '... reaches the driver' );
};

subtest 'processes' => sub {
    my $perl = join '  ', $^X, map { '-I' . abs_path($_) } 'lib', 'lib/CPANBridge/Compat/shims';
    my %sponge = ( rows => [ [ 1, 'one' ], [ 2, "\x{263a}" ] ], NAME => [ 'id', 'name' ] );
    for my $transport (qw(pipeone stream)) {
        my $dbh = DBI->connect( "dbi:Gofer:transport=$transport;policy=classic;perl=$perl;timeout=60;dsn=dbi:Sponge:", '', '', \%quiet );
        is_deeply( $dbh->selectall_arrayref( 'x', \%sponge ), $sponge{rows}, "$transport: rows" );
        ok( !eval { $dbh->selectall_arrayref('x'); 1 }, 'an error' );
        like( $@, qr/prepare needs an attribute rows/, '... comes' );
        my $large = [ map { [ $_, 'x' x 1000 ] } 1 .. 500 ];
        is_deeply( $dbh->selectall_arrayref( 'x', { rows => $large } ), $large, 'half a megabyte each way' );
    }
    open my $answers, '-|', 'echo strange | ' . join( ' ', map { "'$_'" } split / {2}/, $perl ) . q{ -MDBI::Gofer::Transport::stream -e run_stdio_hex} or die $!;
    like( join( '', <$answers> ), qr/\A476f464552313a[0-9a-f]+\r\n\z/, 'the server can be started as the original is, and ends its lines like it' );
    close $answers or die 'the server failed';
    my $dbh = DBI->connect( "dbi:Gofer:transport=stream;policy=rush;perl=$perl;retry_limit=0;dsn=dbi:NullP:", '', '', \%quiet );
    $dbh->do('x');
    my $pid = $dbh->{go_transport}->connection_info->{pid};
    my $other = DBI->connect( "dbi:Gofer:transport=stream;policy=rush;perl=$perl;dsn=dbi:NullP:", '', '', \%quiet );
    $other->do('x');
    is( $other->{go_transport}->connection_info->{pid}, $pid, 'a process stays for other handles' );
    kill KILL => $pid;
    ok( !eval { $dbh->do('x'); 1 }, 'when it is gone' );
    like( $@, qr/DBD::Gofer::Transport::stream: /, '... that is an error' );
    ok( eval { $dbh->do('x'); 1 }, '... and the next request has another one' ) or diag $@;
    my $slow = DBI->connect( "dbi:Gofer:transport=stream;policy=rush;perl=$perl;retry_limit=0;timeout=0.2;dsn=dbi:NullP:", '', '', \%quiet );
    ok( !eval { $slow->do('sleep 30'); 1 }, 'a time-out' );
    like( $@, qr/no answer within 0\.2 seconds/, '... is told' );
    is_deeply( DBD::Gofer::Transport::stream->new( { go_perl => 'perl -w' } )->go_perl, [ 'perl', '-w' ], 'words of a command with single spaces' );
};

done_testing;
