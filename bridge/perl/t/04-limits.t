use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);
use lib 't/lib';
use BridgeDaemon;
use CPANBridge;

my $daemon = BridgeDaemon->new( options => [ '--max-concurrent-requests=2', '--backpressure-seconds=0.3' ] );

# Runs a piece of code in so many processes and returns what they print.
sub parallel {
    my ( $count, $code ) = @_;
    my @pipes;
    for my $number ( 1 .. $count ) {
        open my $pipe, '-|' or do { print $code->($number); require POSIX; close STDOUT; POSIX::_exit(0) };
        push @pipes, $pipe;
    }
    return map { my $pipe = $_; scalar <$pipe> } @pipes;
}

sub bridge { return CPANBridge->new( socket => $daemon->socket, timeout => 20, @_ ) }

my @seen = parallel( 6, sub { my $a = bridge( retries => 0 )->call_python( 'test', 'sleep', [1] ); $a->{success} ? 'ok' : "$a->{error_type} $a->{limit} $a->{executed}" } );
is( scalar( grep { $_ eq 'ok' } @seen ), 2, 'as many calls run as may' );
is( scalar( grep { $_ eq 'Throttled concurrent 0' } @seen ), 4, 'the others are told that they did not' );

@seen = parallel( 6, sub { my $a = bridge( retries => 20 )->call_python( 'test', 'sleep', [0.3] ); $a->{success} ? 'ok' : $a->{error_type} } );
is( "@seen", 'ok ok ok ok ok ok', 'with retries all get through' );

my $bridge = bridge( retries => 20 );
ok( $bridge->test_python_bridge, 'before the restart' );
my $pid = fork;
if ( !$pid ) { bridge()->call( 'test', 'sleep', 1 ); require POSIX; POSIX::_exit(0) }
sleep 0.3;
$daemon->signal('TERM');
sleep 0.2;
my $restarter = fork;
if ( !$restarter ) {

    # The daemon's successor must outlive this process: nothing here may end it.
    sleep 1.5;
    delete $daemon->{pid};
    $daemon->start;
    open my $file, '>', "$daemon->{folder}/pid" or die "$!";
    print {$file} $daemon->{pid};
    close $file;
    require POSIX;
    POSIX::_exit(0);
}
my $answer = $bridge->call_python( 'test', 'ping' );
ok( $answer->{success}, 'a call that meets a daemon which is restarted gets through' ) or diag explain $answer;
waitpid $_, 0 for $pid, $restarter;
open my $file, '<', "$daemon->{folder}/pid" or die;
kill 'TERM', scalar <$file>;

done_testing;
