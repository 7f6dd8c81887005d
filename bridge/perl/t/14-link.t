use strict;
use warnings;

use Config;

# Before Test::More, or it does not count across threads.
BEGIN { if ( $Config{useithreads} ) { require threads; threads->import } }
use Test::More;
use lib 't/lib';
use BridgeDaemon;
use CPANBridge::Compat::Link;

my $daemon = BridgeDaemon->new;
$CPANBridge::DAEMON_SOCKET = $daemon->socket;

sub link_ { return CPANBridge::Compat::Link->get }

subtest 'a call' => sub {
    my $link = link_();
    is_deeply( $link->call( test => 'echo', { a => [ 1, undef, "\x{20ac}" ] } ), { a => [ 1, undef, "\x{20ac}" ] }, 'returns the result' );
    is( link_(), $link, 'there is one connection' );
    ok( !eval { $link->call( datetime => 'date.fromisoformat', ['no'] ); 1 }, 'a call that fails' ); my $line = __LINE__;
    isa_ok( $@, 'CPANBridge::Error' );
    is( $@->line, $line, 'names its line' );
    my $bytes = CPANBridge::Bytes->new("\xff\x00");
    is( $link->call( base64 => 'b64decode', ['/wA='] ), "\xff\0", 'bytes come as a plain string' );
};

subtest 'a signal handler that dies while an answer is read' => sub {
    my $link = link_();
    my ( $retrieve, $count ) = ( \&Storable::mretrieve, 0 );
    no warnings 'redefine';
    local *Storable::mretrieve = sub { die "alarm\n" if !$count++; goto &$retrieve };
    ok( !eval { $link->call( test => 'echo', [1] ); 1 }, 'ends the call' );
    is( $@, "alarm\n", 'with its own words' );
    $link = link_();
    is_deeply( $link->call( test => 'echo', [2] ), [2], 'and the next one has its answer' );
};

subtest 'calls that are not waited for' => sub {
    my $link = link_();
    $link->send( test => 'echo', [$_] ) for 1 .. 100;
    is_deeply( $link->call( test => 'echo', { n => 7 } ), { n => 7 }, 'a call after them gets its own answer' );
    $link->send( datetime => 'date.fromisoformat', ['first'] ); my $line = __LINE__;
    $link->send( datetime => 'date.fromisoformat', ['second'] );
    ok( !eval { $link->call( datetime => 'date.fromisoformat', ['2026-11-28'] ); 1 }, 'the next call throws what went wrong' );
    like( "$@", qr/'first' \(1 later call was not executed\.\) at \Q@{[__FILE__]}\E line $line\.$/, 'the first error, with its line' );
    ok( $link->call( calendar => 'isleap', [2024] ), 'and then all is well' );
    $link->send( datetime => 'date.fromisoformat', ['third'] );
    ok( !eval { $link->flush; 1 }, 'flush throws, too' );
    like( "$@", qr/third/, 'the error' );
    is( eval { $link->flush; 1 }, 1, 'once' );
};

subtest 'calls made ahead' => sub {
    my $link = link_();
    ok( $link->room > 10_000, 'there is room for their answers' );
    my $id = $link->ahead( test => 'echo', ['ahead'] );
    ok( $id, 'one is under way' );
    is( $link->ahead( test => 'echo', ['another'] ), undef, 'and no other then' );
    is_deeply( $link->call( test => 'echo', ['between'] ), ['between'], 'a call in between has its own answer' );
    my $second = $link->ahead( test => 'echo', ['second'] );
    is_deeply( $link->collect($second), ['second'], 'answers can be collected' );
    is_deeply( $link->collect($id), ['ahead'], 'in any order' );
    ok( !eval { $link->collect($id); 1 }, 'but once' );
    $id = $link->ahead( datetime => 'date.fromisoformat', ['wrong'] );
    is_deeply( $link->call( test => 'echo', [1] ), [1], 'a failure does not concern other calls' );
    ok( !eval { $link->collect($id); 1 }, 'it is thrown where the answer is collected' ); my $line = __LINE__;
    like( "$@", qr/'wrong'.* line $line\.$/, 'with that line' );
    $link->drop( $link->ahead( test => 'echo', ['unwanted'] ) );
    is_deeply( $link->call( test => 'echo', [2] ), [2], 'what nobody wants is thrown away' );
    is( keys %{ $link->{calls} }, 0, 'and forgotten' );
    $id = $link->ahead( test => 'echo', ['before'] );
    my $buffer = '';
    select undef, undef, undef, 0.01 while length $buffer < 20 && ( recv( $link->{connection}{fh}, $buffer, 20, Socket::MSG_PEEK() ), 1 );
    $link->send( test => 'echo', [$_] ) for 1 .. 40;
    is_deeply( $link->collect($id), ['before'], 'an answer that has come before others does not end the connection' );
    ok( $link->is_current( $link->token ), 'which goes on' );
    $link->flush;
    $id = $link->ahead( test => 'echo', ['parent'] );
    my $pid = fork;
    if ( !$pid ) {
        require POSIX;
        POSIX::_exit( eval { $link->collect($id); 1 } ? 1 : 0 );
    }
    waitpid $pid, 0;
    is( $?, 0, 'a child has none of it' );
    is_deeply( $link->collect($id), ['parent'], 'its parent has' );
    $id = $link->ahead( test => 'echo', ['lost'] );
    $daemon->stop;
    $daemon->start;
    my $got = eval { $link->collect($id)->[0] };
    is( defined $got ? $got : $@->type, defined $got ? 'lost' : 'ConnectionLost', 'without the daemon it is lost, unless it had come' );
    is_deeply( link_()->call( test => 'echo', [3] ), [3], 'and the next call has a new connection' );
};

subtest 'which connection it is' => sub {
    my $token = link_()->token;
    ok( link_()->is_current($token), 'a token is current' );
    pipe my $in, my $out;
    my $pid = fork;
    if ( !$pid ) {
        my $was = link_()->is_current($token) ? 1 : 0;
        my $new = link_()->call( test => 'echo', ['child'] )->[0];
        print {$out} "$was $new\n";
        close $out;
        require POSIX;
        POSIX::_exit(0);
    }
    close $out;
    is( scalar <$in>, "0 child\n", 'but not in a child, which has a connection of its own' );
    waitpid $pid, 0;
    ok( link_()->is_current($token), 'the parent keeps its own' );
    $daemon->stop;
    ok( !link_ok(), 'without a daemon get dies' );
    $daemon->start;
    ok( !link_()->is_current($token), 'a restart ends it' );
    is_deeply( link_()->call( test => 'echo', [1] ), [1], 'and there is a new one' );
};

subtest 'threads' => sub {
    plan skip_all => 'this perl has none' if !$Config{useithreads};
    my $link  = link_();
    my $token = $link->token;
    $link->send( test => 'echo', [1] );
    my $seen = threads->create(
        sub {
            my $mine = CPANBridge::Compat::Link->get;
            $mine->send( test => 'echo', [$_] ) for 1 .. 50;
            return join ' ', $link->is_current($token), @{ $mine->call( test => 'echo', [ 'thread', $mine->token ne $token ? 1 : 0 ] ) };
        }
    )->join;
    is( $seen, '0 thread 1', 'a thread has a connection of its own' );
    ok( $link->is_current($token), 'and its end leaves the others alone' );
    is_deeply( $link->call( test => 'echo', [2] ), [2], 'which go on' );
};

subtest 'in JSON' => sub {
    my $link = link_();
    local $link->{storable} = 0;
    ok( $link->is_plain, 'results may come as JSON' );
    is( $link->call( base64 => 'b64decode', ['/wA='] ), "\xff\0", 'bytes are plain strings then, too' );
    is( $link->ahead( test => 'echo', [1] ), undef, 'no calls are made ahead' );
    local $link->{knows} = 0;
    $link->send( datetime => 'date.fromisoformat', ['nothing ahead'] ); my $line = __LINE__;
    ok( !eval { $link->call( datetime => 'date.fromisoformat', ['2026-11-28'] ); 1 }, 'a daemon that knows nothing of it' );
    is( $@->line, $line, 'is called one by one' );
};

sub link_ok { return eval { CPANBridge::Compat::Link->get; 1 } }

done_testing;
