use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;
use lib 't/lib';
use BridgeDaemon;
use CPANBridge;

my $folder = tempdir( 'cpanbridge-XXXXXX', TMPDIR => 1, CLEANUP => 1 );
my $socket = "$folder/auto.sock";
$ENV{CPAN_BRIDGE_LOG} = "$folder/auto.log";
my $twistd = BridgeDaemon::twistd();

my @pipes;
for ( 1 .. 8 ) {
    open my $pipe, '-|' or do {
        my $info = CPANBridge->new( socket => $socket, autostart => 1, twistd => $twistd, timeout => 30 )->call_python( 'system', 'info' );
        print $info->{success} ? $info->{result}{pid} : $info->{error};
        require POSIX;
        close STDOUT;
        POSIX::_exit(0);
    };
    push @pipes, $pipe;
}
my %seen;
for my $pipe (@pipes) { my $said = <$pipe>; $seen{ defined $said ? $said : 'nothing' }++ }
is( scalar keys %seen, 1, 'eight programs start one daemon' ) or diag explain \%seen;
my ($pid) = keys %seen;
like( $pid, qr/\A[0-9]+\z/, 'and all talk to it' );
kill 'TERM', $pid if $pid =~ /\A[0-9]+\z/;

my $answer = CPANBridge->new( socket => "$folder/none.sock", autostart => 1, twistd => '/bin/false' )->call_python( 'test', 'ping' );
is( $answer->{error_type}, 'ConnectionFailed', 'a daemon that cannot be started' );
like( $answer->{error}, qr{/bin/false ended with status 1}, 'is told with what it said' );

done_testing;
