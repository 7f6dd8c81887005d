#!/usr/bin/perl
# Eight processes share one bridge: each hashes its part of the work in Python, over a connection of its own. When the
# daemon is at a limit, the client waits as long as it is told and tries again.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use CPANBridge;

my ( $processes, $jobs ) = ( 8, 40 );
my $bridge = CPANBridge->new( retries => 10 );

my @pipes;
for my $part ( 0 .. $processes - 1 ) {
    my $pid = open my $pipe, '-|';
    die "cannot fork: $!\n" if !defined $pid;
    if ( !$pid ) {
        for my $job ( grep { $_ % $processes == $part } 1 .. $jobs ) {
            my $hash = $bridge->call( 'hashlib', 'sha256', CPANBridge::Bytes->new("job $job") );
            print $job, ' ', substr( $hash->hexdigest, 0, 12 ), "\n";
        }
        exit 0;
    }
    push @pipes, $pipe;
}

my %digest_of;
for my $pipe (@pipes) {
    while ( my $line = <$pipe> ) {
        my ( $job, $digest ) = split ' ', $line;
        $digest_of{$job} = $digest;
    }
    close $pipe or warn "a process failed\n";
}
print "job $_: $digest_of{$_}\n" for ( 1, 2, $jobs );
print scalar( keys %digest_of ), " of $jobs jobs done by $processes processes\n";
