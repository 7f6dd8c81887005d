use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use Test::More;
use Time::HiRes qw(setitimer sleep time ITIMER_REAL);
use lib 't/lib';
use CPANBridge;
use FakeDaemon;

# What goes wrong around a call: signals, full queues, daemons that do not read.

my $folder = tempdir( 'cpanbridge-XXXXXX', TMPDIR => 1, CLEANUP => 1 );

sub bridge { my ( $fake, %args ) = @_; return CPANBridge->new( socket => $fake->socket, timeout => 5, %args ) }

sub ok_answer { my ( $line, $result ) = @_; return '{"success":true,"result":' . $result . ',"request_id":"' . FakeDaemon::id_of($line) . '"}' . "\n" }

# Answers every call with the name of its function, after a moment.
sub echoing {
    my ($pause) = @_;
    return FakeDaemon->new( sub {
        my ($c) = @_;
        while ( my $line = <$c> ) {
            sleep $pause;
            my ($function) = $line =~ /"function":("[^"]*")/;
            print {$c} ok_answer( $line, $function );
        }
    }, parallel => 1 );
}

# One that answers with the parameters.
sub returning {
    return FakeDaemon->new( sub {
        my ($c) = @_;
        local $/ = "\n";
        while ( my $line = <$c> ) {
            my ($params) = $line =~ /"params":(.*),"request_id":/s;
            print {$c} ok_answer( $line, $params );
        }
    } );
}

subtest 'signals' => sub {
    my $fake   = echoing(0.3);
    my $bridge = bridge($fake);
    my $count  = 0;
    {
        local $SIG{ALRM} = sub { $count++ };
        setitimer( ITIMER_REAL, 0.01, 0.01 );
        is( $bridge->call( 'm', 'through' ), 'through', 'a call outlives a storm of signals' );
        setitimer( ITIMER_REAL, 0 );
    }
    cmp_ok( $count, '>', 3, 'which there was' );

    my $inner;
    {
        local $SIG{ALRM} = sub { $inner = $bridge->call( 'm', 'inner' ) };
        setitimer( ITIMER_REAL, 0.05 );
        is( $bridge->call( 'm', 'outer' ), 'outer', 'a call in the middle of which a handler makes one' );
        setitimer( ITIMER_REAL, 0 );
    }
    is( $inner, 'inner', 'as well as that one' );
    is( $bridge->call( 'm', 'after' ), 'after', 'and the next' );

    my $start = time;
    {
        local $SIG{ALRM} = sub { };
        setitimer( ITIMER_REAL, 0.02, 0.02 );
        $bridge->set_timeout(0.2);
        is( $bridge->call_python( 'm', 'slow' )->{error_type}, 'ClientTimeout', 'signals do not put off a time-out' );
        setitimer( ITIMER_REAL, 0 );
    }
    cmp_ok( time - $start, '<', 2, 'which comes when it is due' );
};

subtest 'a full queue of connections' => sub {
    my $path = "$folder/full.sock";
    my $listening = IO::Socket::UNIX->new( Local => $path, Listen => 1 ) or die $!;
    my @waiting;
    while ( @waiting < 50 ) {
        my $one = IO::Socket::UNIX->new( Peer => $path, Timeout => 1 ) or last;
        push @waiting, $one;
    }
    cmp_ok( scalar @waiting, '<', 50, 'the queue is full' );
    my $start  = time;
    my $answer = CPANBridge->new( socket => $path, timeout => 0.4 )->call_python( 'm', 'f' );
    is( $answer->{error_type}, 'ClientTimeout', 'is waited for until the time-out' );
    is( $answer->{executed}, 0, 'nothing was executed' );
    cmp_ok( time - $start, '>=', 0.35, 'and not given up at once' );
};

subtest 'a daemon that does not read' => sub {
    my $fake = FakeDaemon->new( sub { sleep 3 } );
    my $bridge = bridge( $fake, timeout => 0.4 );
    my $start  = time;
    my $answer = $bridge->call_python( 'm', 'f', 'x' x 4_000_000 );
    is( $answer->{error_type}, 'ClientTimeout', 'writing ends at the time-out' );
    is( $answer->{executed},   0,               'a request that is not whole is never executed' );
    cmp_ok( time - $start, '<', 2, 'in time' );
};

subtest 'a daemon that goes away while it is written to' => sub {
    my $fake = FakeDaemon->new( sub {
        my ( $c, $number ) = @_;
        if ( $number == 1 ) { sysread $c, my $some, 1000; return }
        print {$c} ok_answer( scalar <$c>, $number );
    } );
    local $SIG{PIPE} = sub { die "SIGPIPE\n" };
    is( bridge($fake)->call( 'm', 'f', 'x' x 4_000_000 ), 2, 'is called again, without a SIGPIPE' );

    $fake = FakeDaemon->new( sub {
        my ($c) = @_;
        sysread $c, my $some, 1000;
        print {$c} qq({"success":false,"error":"too large","error_type":"RequestTooLarge"}\n);
    } );
    is( bridge($fake)->call_python( 'm', 'f', 'x' x 4_000_000 )->{error_type}, 'RequestTooLarge', 'what it says is heard' );
};

subtest 'a restart' => sub {
    my $path = "$folder/restart.sock";
    my $serve = sub {
        my ( $wait, $calls ) = @_;
        my $pid = fork;
        die $! if !defined $pid;
        return $pid if $pid;
        sleep $wait;
        unlink $path;
        my $listening = IO::Socket::UNIX->new( Local => $path, Listen => 5 ) or die $!;
        my $c = $listening->accept;
        $c->autoflush(1);
        for ( 1 .. $calls ) { print {$c} ok_answer( scalar <$c>, $$ ) }
        unlink $path;
        require POSIX;
        POSIX::_exit(0);
    };
    my $first = $serve->( 0, 1 );
    my $bridge = CPANBridge->new( socket => $path, timeout => 5 );
    my $give_up = time + 5;
    sleep 0.02 until -S $path || time > $give_up;
    is( $bridge->call( 'm', 'f' ), $first, 'the first daemon' );
    waitpid $first, 0;
    my $second = $serve->( 0.3, 1 );
    is( $bridge->call( 'm', 'f' ), $second, 'the next call waits for its successor' );
    waitpid $second, 0;
    $bridge->call_python( 'm', 'f' );
    my $start = time;
    is( $bridge->call_python( 'm', 'f' )->{error_type}, 'ConnectionFailed', 'but not for ever' );
    cmp_ok( time - $start, '<', 1, 'and only once' );
};

subtest 'the end of objects' => sub {
    my $fake = FakeDaemon->new( sub {
        my ($c) = @_;
        while ( my $line = <$c> ) {
            print {$c} ok_answer( $line, '{"__object__":7,"type":"x.Y","repr":"<Y>"}' );
        }
    } );
    my $bridge = bridge($fake);
    my $object = $bridge->call( 'm', 'f' );
    ( $@, $!, $? ) = ( "error\n", 2, 3 << 8 );
    undef $object;
    undef $bridge;
    is( $@,     "error\n", 'leaves $@ alone' );
    is( $! + 0, 2,         'and $!' );
    is( $?,     3 << 8,    'and $?' );

    local $ENV{FAKE_SOCKET} = $fake->socket;
    my $script = 'my $b = CPANBridge->new( socket => $ENV{FAKE_SOCKET} ); our $o = $b->call( "m", "f" ); exit 3';
    my $said = qx($^X -w -Ilib -MCPANBridge -e '$script' 2>&1);
    is( $? >> 8, 3,  'the exit status is the program\'s' );
    is( $said,   '', 'and nothing is said at the end' );
};

subtest 'large requests and answers' => sub {
    my $fake   = returning();
    my $bridge = bridge( $fake, timeout => 50 );
    for my $text ( 'x' x ( 10 << 20 ), "\x{e9}\n" x ( 1 << 20 ) ) {
        ok( $bridge->call_python( 'm', 'f', $text )->{result} eq $text, length($text) . ' characters both ways' );
    }
};

subtest 'an alarm in the middle of large data' => sub {
    my $fake   = returning();
    my $bridge = bridge( $fake, timeout => 50 );
    my @data   = map { $_ + 0.5 } 1 .. 20_000;
    my $whole  = Time::HiRes::time();
    $bridge->call_python( 'm', 'f', \@data );
    $whole = Time::HiRes::time() - $whole;
    my @others;
    for my $part ( 1 .. 12 ) {
        local $SIG{ALRM} = sub { die "alarm\n" };
        my $answer = eval { Time::HiRes::ualarm( 1 + int 1e6 * $whole * $part / 12 ); my $said = $bridge->call_python( 'm', 'f', \@data ); Time::HiRes::ualarm(0); $said };
        my $why = $@;
        Time::HiRes::ualarm(0);
        push @others, $answer ? $answer->{error} : $why if $answer ? !$answer->{success} : $why ne "alarm\n";
    }
    is( "@others", '', 'is what the program dies of, wherever it comes' );
    is( $bridge->call_python( 'm', 'f', 7 )->{result}, 7, 'and the next call has its own answer' );
};

subtest 'a path that no socket can have' => sub {
    my $answer = CPANBridge->new( socket => '/tmp/' . 'x' x 200 )->call_python( 'm', 'f' );
    is( $answer->{error_type}, 'ConnectionFailed', 'is an error' );
    like( $answer->{error}, qr/longer than the \d+ bytes/, 'that says so' );
};

subtest 'debug' => sub {
    my $fake = echoing(0);
    my $said = '';
    {
        open my $saved, '>&', \*STDERR or die $!;
        close STDERR;
        open STDERR, '>', \$said or die $!;
        bridge( $fake, debug => 1 )->call( 'm', 'f', 'secret words' );
        close STDERR;
        open STDERR, '>&', $saved or die $!;
    }
    like( $said, qr/\QCPANBridge[$$]: \E\S+ m\.f$/m, 'tells what is called' );
    unlike( $said, qr/secret/, 'and never with what' );
};

done_testing;
