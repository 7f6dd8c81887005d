use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);
use lib 't/lib';
use CPANBridge;
use FakeDaemon;

sub bridge { my ( $fake, %args ) = @_; return CPANBridge->new( socket => $fake->socket, timeout => 5, %args ) }

sub ok_answer { my ( $line, $result ) = @_; return '{"success":true,"result":' . $result . ',"request_id":"' . FakeDaemon::id_of($line) . '"}' . "\n" }

sub no_answer {
    my ( $line, $type, $more ) = @_;
    return '{"success":false,"error":"no","error_type":"' . $type . '"' . $more . ',"request_id":"' . FakeDaemon::id_of($line) . '"}' . "\n";
}

subtest 'an answer in many pieces' => sub {
    my $fake = FakeDaemon->new( sub {
        my ($c) = @_;
        while ( my $line = <$c> ) {
            for my $piece ( split //, ok_answer( $line, '"in pieces"' ) ) { syswrite $c, $piece; sleep 0.001 }
        }
    } );
    my $bridge = bridge($fake);
    is( $bridge->call( 'm', 'f' ), 'in pieces', 'comes whole' ) for 1 .. 2;
};

subtest 'refusals are repeated' => sub {
    my $fake = FakeDaemon->new( sub {
        my ($c) = @_;
        my $count = 0;
        while ( my $line = <$c> ) {
            print {$c} ++$count % 3 ? no_answer( $line, 'Throttled', ',"retry_after":0.05,"executed":false' ) : ok_answer( $line, $count );
        }
    } );
    is( bridge($fake)->call( 'm', 'f' ), 3, 'as often as needed' );
    my $answer = bridge( $fake, retries => 0 )->call_python( 'm', 'f' );
    is( $answer->{error_type}, 'Throttled', 'not with retries => 0' );
    is( $answer->{retry_after}, 0.05, 'and the answer is all there' );
    my $start = time;
    $answer = bridge( $fake, retries => 1 )->call_python( 'm', 'f' );
    cmp_ok( time - $start, '>=', 0.05, 'retry_after is waited for' ) if !$answer->{success};
};

subtest 'only refusals are repeated' => sub {
    my $fake = FakeDaemon->new( sub {
        my ($c) = @_;
        my $count = 0;
        while ( my $line = <$c> ) { print {$c} ++$count == 1 ? no_answer( $line, 'FunctionError', '' ) : ok_answer( $line, $count ) }
    } );
    my $bridge = bridge($fake);
    is( $bridge->call_python( 'm', 'f' )->{error_type}, 'FunctionError', 'a failed call is not' );
    is( $bridge->call( 'm', 'f' ), 2, 'and the connection is still good' );
};

subtest 'a late answer' => sub {
    my $fake = FakeDaemon->new( sub {
        my ( $c, $number ) = @_;
        while ( my $line = <$c> ) {
            sleep 1 if $line =~ /"slow"/;
            print {$c} ok_answer( $line, $line =~ /"slow"/ ? '"late"' : '"right"' );
        }
    } );
    my $bridge = bridge( $fake, timeout => 0.3 );
    my $start  = time;
    is( $bridge->call_python( 'm', 'slow' )->{error_type}, 'ClientTimeout', 'the call ends at its time-out' );
    cmp_ok( time - $start, '<', 0.9, 'and not later' );
    $bridge->set_timeout(5);
    is( $bridge->call( 'm', 'quick' ), 'right', 'its answer is never taken for the next' );

    eval {
        local $SIG{ALRM} = sub { die "alarm\n" };
        alarm 1;
        $bridge->call( 'm', 'slow' );
        $bridge->call( 'm', 'slow' );
        alarm 0;
    };
    alarm 0;
    is( $@, "alarm\n", 'a signal handler may die out of a call' );
    is( $bridge->call( 'm', 'quick' ), 'right', 'and the next call gets its own answer' );
};

subtest 'an answer to another request' => sub {
    my $fake = FakeDaemon->new( sub { my ($c) = @_; while (<$c>) { print {$c} qq({"success":true,"result":1,"request_id":"other"}\n) } } );
    is( bridge($fake)->call_python( 'm', 'f' )->{error_type}, 'BadAnswer', 'is not taken' );
};

subtest 'nonsense' => sub {
    my $fake = FakeDaemon->new( sub { my ($c) = @_; while (<$c>) { print {$c} "HTTP/1.1 400 Bad Request\n" } } );
    my $answer = bridge($fake)->call_python( 'm', 'f' );
    is( $answer->{error_type}, 'BadAnswer', 'is an error' );
};

subtest 'a connection that ends' => sub {
    my $fake = FakeDaemon->new( sub {
        my ( $c, $number ) = @_;
        my $line = <$c>;
        print {$c} ok_answer( $line, $number ) if $line !~ /"vanish"/;
    } );
    my $bridge = bridge($fake);
    is( $bridge->call( 'm', 'f' ), 1, 'the first call' );
    sleep 0.2;
    is( $bridge->call( 'm', 'f' ), 2, 'a kept connection that was closed is replaced' );
    my $answer = $bridge->call_python( 'm', 'vanish' );
    is( $answer->{error_type}, 'ConnectionLost', 'a call whose answer never comes is not repeated' );
    like( $answer->{error}, qr/may have been executed/, 'and the message says why' );
};

subtest 'refused because there are too many connections' => sub {
    my $fake = FakeDaemon->new( sub {
        my ( $c, $number ) = @_;
        if ( $number < 3 ) { print {$c} qq({"success":false,"error":"full","error_type":"ConnectionLimit","retry_after":0.05,"executed":false}\n); return }
        print {$c} ok_answer( scalar <$c>, $number );
    } );
    is( bridge($fake)->call( 'm', 'f' ), 3, 'is tried again over a new connection' );
};

subtest 'nobody there' => sub {
    my $bridge = CPANBridge->new( socket => '/nonexistent/socket', timeout => 1 );
    is( $bridge->test_python_bridge, 0, 'no daemon' );
    is( $bridge->call_python( 'm', 'f' )->{error_type}, 'ConnectionFailed', 'call_python tells' );
    like( $bridge->get_last_error, qr/ConnectionFailed/, 'get_last_error too' );
    ok( !eval { $bridge->call( 'm', 'f' ) }, 'call throws' );
    isa_ok( $@, 'CPANBridge::Error' );
    like( "$@", qr/ at \S*02-fake\.t line \d+\.$/, 'with the line of the program' );
};

subtest 'mistakes of the program' => sub {
    ok( !eval { CPANBridge->new( timeout => 0 ) }, 'a time-out of 0' );
    ok( !eval { CPANBridge->new( retries => -1 ) }, 'negative retries' );
    ok( !eval { CPANBridge->new('socket') }, 'a name without a value' );
    my @warnings;
    local $SIG{__WARN__} = sub { push @warnings, @_ };
    CPANBridge->new( sokket => 1 );
    like( "@warnings", qr/no argument called 'sokket'/, 'an unknown name is warned about' );
};

done_testing;
