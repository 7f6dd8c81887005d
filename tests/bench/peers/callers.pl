# Calls one peer from one or many processes for a while, and prints what was seen as one line of JSON.
# perl callers.pl PEER PLACE PROCESSES SECONDS CHARACTERS
#
# Each peer is a file of this folder, PEER.pl, that returns a sub: given its place (a socket, a port, a program), it
# returns the sub that makes a call: text in, text and length out.
use strict;
use warnings;

use FindBin;
use IO::Handle;
use List::Util 'sum';
use Time::HiRes qw(clock_gettime time CLOCK_PROCESS_CPUTIME_ID);

my ( $peer, $place, $processes, $seconds, $characters ) = @ARGV;
my $prepare = do "$FindBin::Bin/$peer.pl" or die $@ || $!;

my $text = substr 'the quick brown fox jumps over the lazy dog. ' x ( 1 + $characters / 45 ), 0, $characters;
my $turned = reverse $text;

# Every process says when it is ready, and all begin when the pipe they wait at is closed.
pipe my $gate, my $opener or die $!;
my @results;
for ( 1 .. $processes ) {
    pipe my $result, my $writer or die $!;
    defined( my $pid = fork ) or die $!;
    if ( !$pid ) {
        close $_ for $opener, $result;
        work($writer);
        exit 0;
    }
    close $writer;
    push @results, $result;
}
close $gate;
for my $result (@results) {
    my $ready = <$result>;
    die "a caller did not begin\n" if !defined $ready || $ready ne "ready\n";
}
close $opener;
my ( @latencies, @sums );
for my $result (@results) {
    chomp( my $line = <$result> // '' );
    my ( $calls, $elapsed, $own, $children, $resident, @own ) = split / /, $line;
    die "a caller did not end well\n" if !$calls;
    push @latencies, @own;
    push @sums, [ $calls, $elapsed, $own, $children, $resident ];
}
wait for 1 .. $processes;
@latencies = sort { $a <=> $b } @latencies;
my $calls = sum map { $_->[0] } @sums;
printf qq({"calls":%d,"rate":%.3f,"p50":%.6f,"p99":%.6f,"caller_cpu":%.9f,"child_cpu":%.9f,"caller_mb":%.3f}\n),
  $calls, sum( map { $_->[0] / $_->[1] } @sums ), $latencies[ $#latencies * 0.5 ], $latencies[ $#latencies * 0.99 ],
  sum( map { $_->[2] } @sums ) / $calls, sum( map { $_->[3] } @sums ) / $calls, ( sum map { $_->[4] } @sums ) / @sums;

sub work {
    my ($writer) = @_;
    $writer->autoflush;
    my $call = $prepare->($place);
    my ( $answer, $length ) = $call->($text);
    die "a wrong answer\n" if $answer ne $turned || $length != $characters;
    print {$writer} "ready\n";
    my $nothing = <$gate>;
    my @own;
    # Of this process to the nanosecond; of its children, where there are any, the kernel counts in steps of 10 ms.
    my @before = ( clock_gettime(CLOCK_PROCESS_CPUTIME_ID), (times)[ 2, 3 ] );
    my $start  = time;
    my $end    = $start + $seconds;
    my $now    = $start;

    while ( $now < $end ) {
        my ( $got, $long ) = $call->($text);
        my $done = time;
        push @own, $done - $now;
        die "a wrong answer\n" if $long != $characters || length $got != $characters;
        $now = $done;
    }
    my @after = map { $_ - shift @before } clock_gettime(CLOCK_PROCESS_CPUTIME_ID), (times)[ 2, 3 ];
    open my $status, '<', '/proc/self/status' or die $!;
    my ($resident) = map { /^VmRSS:\s+([0-9]+)/ ? $1 / 1024 : () } <$status>;
    print {$writer} join( ' ',
        scalar @own, $now - $start, $after[0], $after[1] + $after[2],
        $resident, map { sprintf '%.6f', $_ } @own ), "\n";
    return;
}
