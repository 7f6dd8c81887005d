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


# What a killed daemon leaves behind: its socket, and the number of a process that is somebody else's by now.
my $left = "$folder/left.sock";
open my $pidfile, '>', "$left.pid" or die $!;
print {$pidfile} $$;
close $pidfile;
{
    local $SIG{CHLD} = 'IGNORE';
    my $bridge = CPANBridge->new( socket => $left, autostart => 1, twistd => $twistd, timeout => 30 );
    is( $bridge->call( 'test', 'echo', 1 )->[0], 1, 'neither a leftover pid file nor $SIG{CHLD} are in the way' );
    my $first = $bridge->call( 'system', 'info' )->{pid};
    kill 'KILL', $first;
    sleep 1;
    my $second = $bridge->call( 'system', 'info' )->{pid};
    isnt( $second, $first, 'a daemon that was killed is started anew' );
    kill 'TERM', $second;
}

{
    local $ENV{PATH} = $folder;
    local $ENV{CPAN_BRIDGE_TWISTD};
    my $seen = CPANBridge->new( socket => "$folder/none.sock", autostart => 1 )->call_python( 'test', 'ping' );
    like( $seen->{error}, qr/twistd was not found in PATH/, 'without twistd the message says what is missing' );
    is( $seen->{executed}, 0, 'and that nothing was executed' );
}

symlink "$folder/elsewhere", "$folder/trap.sock.autostart" or die $!;
$answer = CPANBridge->new( socket => "$folder/trap.sock", autostart => 1, twistd => $twistd )->call_python( 'test', 'ping' );
like( $answer->{error}, qr/lock file .* cannot be opened/, 'a link in place of the lock file is not followed' );
ok( !-e "$folder/elsewhere", 'and nothing is made at its other end' );

done_testing;
