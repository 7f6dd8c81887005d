use strict;
use warnings;
use utf8;

use Config;
use Test::More;
use Time::HiRes qw(sleep time);
use lib 't/lib';
use BridgeDaemon;
use CPANBridge;

my $daemon = BridgeDaemon->new( options => ['--max-requests-per-minute=1000000'] );
sub bridge { return CPANBridge->new( socket => $daemon->socket, timeout => 20, @_ ) }
my $bridge = bridge();

subtest 'the older interface' => sub {
    ok( $bridge->test_python_bridge, 'test_python_bridge' );
    is( $bridge->get_last_error, undef, 'no error' );
    my $answer = $bridge->call_python( 'system', 'metrics', {} );
    ok( $answer->{success}, 'system.metrics' );
    ok( exists $answer->{result}{resource_status}{$_}, $_ )
      for qw(memory_mb cpu_percent concurrent_requests requests_per_minute);
    $answer = $bridge->call_python( 'no_such_module', 'f', {} );
    ok( !$answer->{success}, 'an unknown module' );
    is( $answer->{error_type}, 'UnknownModule', 'is called so' );
    local $CPANBridge::DAEMON_SOCKET = $daemon->socket;
    ok( CPANBridge->new->test_python_bridge, '$DAEMON_SOCKET' );
    is( CPANBridge->new( socket => '/x' )->socket_path, '/x', 'what new is told comes first' );
    local $CPANBridge::DAEMON_SOCKET;
    is( CPANBridge->new->socket_path, '/tmp/cpan_bridge.sock', 'and /tmp/cpan_bridge.sock last' );
    local $ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
    ok( CPANBridge->new->test_python_bridge, 'CPAN_BRIDGE_SOCKET' );
};

subtest 'data' => sub {
    for my $value (
        '', 'text', "h\xe4\xdf \x{20ac} \x{1f600}", "\0\r\n\t\"\\", '0123', '1e3', 42, -1, 0.1 + 0.2, 9223372036854775807,
        [], {}, [ 1, 'a', [ undef ] ], { "\x{e4}" => { b => [1] } }
      )
    {
        is_deeply( $bridge->call_python( 'test', 'echo', $value )->{result}, $value, 'echo' );
    }
    my $big = join '', map { chr( 32 + $_ % 9000 ) } 1 .. 300_000;
    is( $bridge->call( 'test', 'echo', $big )->[0], $big, 'a large text' );
    is( $bridge->call( 'test', 'echo', \1 )->[0] ? 'true' : 'false', 'true', 'a boolean' );
    my $bytes = join '', map { chr } 0 .. 255;
    my $packed = $bridge->call( 'zlib', 'compress', CPANBridge::Bytes->new($bytes) );
    isa_ok( $packed, 'CPANBridge::Bytes' );
    is( $bridge->call( 'zlib', 'decompress', $packed )->bytes, $bytes, 'bytes both ways' );
    ok( !eval { CPANBridge::Bytes->new("\x{20ac}") }, 'a wide character is no byte' );
    my $answer = $bridge->call_python( 'test', 'echo', { x => [ sub { } ] } );
    is( $answer->{error_type}, 'NotSendable', 'what cannot be sent' );
    like( $answer->{error}, qr/\{x\}->\[0\]/, 'is named' );
};

subtest 'Python objects' => sub {
    my $datetime = $bridge->import_python('datetime');
    my $date = $datetime->date( 2026, 11, 23 );
    isa_ok( $date, 'CPANBridge::Object' );
    is( "$date", 'datetime.date(2026, 11, 23)', 'repr' );
    is( $date->isoformat, '2026-11-23', 'a method' );
    is( $date->year, 2026, 'an attribute' );
    is( $date->replace( { year => 2000 } )->isoformat, '2000-11-23', 'named arguments' );
    is( $bridge->call( 'operator', 'add', $date, $datetime->timedelta(30) )->isoformat, '2026-12-23', 'as parameters' );
    my $list = $bridge->call_with( 'python', 'call',
        [], { module => 'itertools', function => 'repeat', args => [ $date, 2 ] } );
    is( join( ' ', map { $_->isoformat } @{ $bridge->call( 'python', 'list', { object => $list } ) } ), '2026-11-23 2026-11-23', 'inside of lists' );
    ok( $datetime->can('date') && !$datetime->can('nothing'), 'can' );
    is( $bridge->call_with( 'textwrap', 'fill', ['a b c'], { width => 3 } ), "a b\nc", 'both kinds of arguments' );
    for my $name (qw(__class__ _private __reduce__)) {
        ok( !eval { $date->$name; 1 }, "$name is refused" );
        ok( $@->is('Forbidden'), 'as Forbidden' );
    }
    ok( !eval { $bridge->import_python('os') }, 'a module that is not allowed' );
    like( $@, qr/Forbidden.*allow list.* at \S+03-daemon\.t line/s, 'says how to allow it' );

    undef $list;
    my $held = sub { my ($row) = grep { $_->{state} eq 'busy' } @{ $bridge->call( 'system', 'connections' )->{connections} }; return $row->{handles} };
    my $before = $held->();
    { my @many = map { $datetime->date( 2000 + $_, 1, 1 ) } 1 .. 50; cmp_ok( $held->(), '>=', $before + 50, 'objects are held' ); }
    $bridge->test_python_bridge for 1 .. 2;
    cmp_ok( $held->(), '<=', $before + 20, 'and released' );
};

subtest 'errors' => sub {
    ok( !eval { $bridge->call( 'datetime', 'date', 2026, 13, 1 ) }, 'a Python exception' );
    my $error = $@;
    isa_ok( $error, 'CPANBridge::Error' );
    is( $error->type, 'FunctionError', 'type' );
    is( $error->exception, 'ValueError', 'exception' );
    ok( $error->is('ValueError'), 'is' );
    ok( !eval { $bridge->call( 'test', 'sleep', { secnds => 1 } ) }, 'a wrong parameter' );
    like( $@, qr/BadParams.*secnds/, 'is named' );
    my $short = bridge( timeout => 1 );
    my $date = $short->call( 'datetime', 'date', 2000, 1, 1 );
    ok( !eval { $short->call( 'test', 'sleep', 5 ) }, 'a call that takes too long' );
    is( $@->type, 'Timeout', 'is stopped by the daemon' );
    is( $date->year, 2000, 'and the connection lives on' );
};

subtest 'fork' => sub {
    my $date = $bridge->call( 'datetime', 'date', 2000, 1, 1 );
    pipe my $read, my $write or die $!;
    my $pid = fork;
    if ( !$pid ) {
        my $own = join ',', map { $bridge->call( 'test', 'echo', $_ )->[0] } 1 .. 50;
        my $lost = eval { $date->year } ? 'usable' : $@->type;
        syswrite $write, "$own $lost";
        undef $date;
        require POSIX;
        POSIX::_exit(0);
    }
    my $ours = join ',', map { $bridge->call( 'test', 'echo', $_ )->[0] } 101 .. 150;
    waitpid $pid, 0;
    close $write;
    is( $ours, join( ',', 101 .. 150 ), 'the parent gets its answers' );
    is( scalar <$read>, join( ',', 1 .. 50 ) . ' ObjectLost', 'the child its own, over a connection of its own' );
    is( $date->year, 2000, "the parent's objects live on" );
};

subtest 'threads' => sub {
    plan skip_all => 'this perl has no threads' if !$Config{useithreads};
    require threads;
    $bridge->test_python_bridge;
    my @threads = map {
        my $number = $_;
        threads->create( sub { join ',', map { $bridge->call( 'test', 'echo', "$number-$_" )->[0] } 1 .. 20 } )
    } 1 .. 4;
    for my $number ( 1 .. 4 ) {
        is( $threads[ $number - 1 ]->join, join( ',', map {"$number-$_"} 1 .. 20 ), "thread $number" );
    }
    ok( $bridge->test_python_bridge, 'the first thread goes on' );
};

# Runs a program under taint checks, with the daemon's socket in its environment; returns what it printed.
sub tainted {
    my ($code) = @_;
    local $ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
    open my $in, '-|', $^X, '-T', '-Ilib', '-e', $code or die "$^X: $!";
    local $/;
    return scalar <$in>;
}

subtest 'taint checks' => sub {
    my $call = 'print eval { CPANBridge->new->call( "test", "echo", "through" )->[0] } || $@';
    my $link = 'print eval { CPANBridge::Compat::Link->get->call( test => "echo", ["through"] )->[0] } || $@';
    is( tainted("use CPANBridge; $call"), 'through', "this user's own socket, from the environment" );
    is( tainted("use CPANBridge::Compat::Link; $link"), 'through', 'for replacements, too' );

    my $foreign = 'BEGIN { *CORE::GLOBAL::stat = sub (_) { my @s = CORE::stat( $_[0] ); $s[4] = 54321 if @s; @s } }';
    my $why = qr/ConnectionFailed: .* under taint checks .* leads only to a daemon of root's or of this user's/;
    like( tainted("$foreign use CPANBridge; $call"), qr/$why .*the socket belongs to user 54321; set \$CPANBridge::DAEMON_SOCKET/, "another user's" );
    is( tainted( "$foreign use CPANBridge; \$CPANBridge::DAEMON_SOCKET = '/' . '" . substr( $daemon->socket, 1 ) . "'; $call" ),
        'through', 'which is used where the program names it itself' );
    my $listener = 'no warnings; *CPANBridge::Connection::peer_uid = sub { 54321 };';
    like( tainted("use CPANBridge; $listener $call"), qr/$why .*user 54321 listens there/, 'another user who has put himself there' );

    my $none = 'substr( $ENV{CPAN_BRIDGE_SOCKET}, -1 ) = "-none";';
    like( tainted("use CPANBridge; $none $call"), qr/No such file or directory \(is the daemon running/, 'a socket that is not there' );
    like( tainted("use CPANBridge; $none \$ENV{CPAN_BRIDGE_AUTOSTART} = 1; $call"),
        qr/could not be started: under taint checks/, 'where no daemon is started' );
    my $other = $daemon->socket . '-other';
    like( tainted("use CPANBridge; my \$b = CPANBridge->new( socket => '$other', twistd => '$^X', autostart => 1 );"
              . 'print eval { $b->call( "test", "ping" ); 1 } || $@; print " once"' ),
        qr/\A.*could not be started: .* cannot be run: Insecure \$ENV\{PATH\}.* once\z/s, 'nor with a PATH that Perl distrusts' );
    unlink "$other.autostart";
};

subtest 'restart' => sub {
    my $date = $bridge->call( 'datetime', 'date', 2000, 1, 1 );
    $daemon->stop('KILL');
    is( $bridge->call_python( 'test', 'ping' )->{error_type}, 'ConnectionFailed', 'no daemon' );
    $daemon->start;
    ok( $bridge->test_python_bridge, 'the next call finds the new one' );
    ok( !eval { $date->year }, 'objects of the old one' );
    is( $@->type, 'ObjectLost', 'are lost' );
};

done_testing;
