package CPANBridge::LoadTest::Schedule;

use strict;
use warnings;

our $VERSION = '0.1.0';

# Neighbours in one round are not neighbours in the next, so that it is not always the same callers who come last.
my $TURN = 37;

sub rounds {
    my (%args) = @_;
    my ( $callers, $rounds, $period, $ramp ) = @args{ 'callers', 'rounds', 'period', 'ramp' };
    my @times = map { [] } 1 .. $callers;
    for my $round ( 0 .. $rounds - 1 ) {
        for my $place ( 0 .. $callers - 1 ) {
            push @{ $times[ ( $place + $round * $TURN ) % $callers ] }, $round * $period + $ramp * $place / $callers;
        }
    }
    return @times;
}

sub steady {
    my (%args) = @_;
    my ( $callers, $per_minute, $seconds ) = @args{ 'callers', 'per_minute', 'seconds' };
    my @times = map { [] } 1 .. $callers;
    my $calls = int( $per_minute * $seconds / 60 + 0.5 );
    push @{ $times[ $_ % $callers ] }, $_ * 60 / $per_minute for 0 .. $calls - 1;
    return @times;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Schedule - when each caller of a load test sends each of its calls

=head1 DESCRIPTION

Plain arithmetic. A schedule is made before a phase begins and does not wait for answers: what a slow daemon delays is
counted as its delay, and not left out. Times are seconds from the beginning of the phase.

=head1 FUNCTIONS

=head2 rounds

    my @times = CPANBridge::LoadTest::Schedule::rounds( callers => 80, rounds => 3, period => 4, ramp => 0.3 );

Returns, for each caller, a reference to its times: all callers send once in each round, one after another within C<ramp>
seconds from the beginning of the round, in an order that changes; rounds begin C<period> seconds apart.

=head2 steady

    my @times = CPANBridge::LoadTest::Schedule::steady( callers => 40, per_minute => 2000, seconds => 60 );

Returns the same for calls at equal distances, which the callers make in turn.

=cut
