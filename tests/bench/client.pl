# Calls test.ping on one connection through the public client, and prints the calls per second.
# perl client.pl SOCKET CALLS; CPAN_BRIDGE_JSON says what decodes.
use strict;
use warnings;

use CPANBridge;
use Time::HiRes 'time';

my ( $socket, $calls ) = @ARGV;
my $bridge = CPANBridge->new( socket => $socket );
my $params = { hello => 'world' };

$bridge->call( 'test', 'ping', $params ) for 1 .. 50;    # connect, warm up
my $start = time;
for ( 1 .. $calls ) {
    my $answer = $bridge->call( 'test', 'ping', $params );
    die "not a pong\n" if $answer->{message} ne 'pong' || $answer->{input}{hello} ne 'world';
}
printf "%.1f\n", $calls / ( time - $start );
