package CPANBridge::LoadTest::Figures;

use strict;
use warnings;

our $VERSION = '0.1.0';

# What became of a call, and which limit refused it, as the numbers that callers write.
our ( $EXECUTED, $REFUSED, $FAILED ) = ( 0, 1, 2 );
our @LIMITS = ( '', 'concurrent', 'rate', 'memory', 'cpu', 'connections', 'draining' );

# The fields of a record: times in seconds from the beginning of the phase.
#   due: when the call was to be sent       sent: when it was       done: when its answer was there
#   late: by how much the caller itself was late; waiting for the answer to its call before does not count
#   outcome, limit: see above       queued, retry_after: seconds, as the refusal said       again: made after a refusal
our @FIELDS = qw(due sent done late outcome limit queued retry_after again);

sub percentile {
    my ( $share, @values ) = @_;
    return undef if !@values;
    @values = sort { $a <=> $b } @values;
    my $rank = int( $share * @values );
    $rank++ if $rank < $share * @values;
    return $values[ $rank < 1 ? 0 : $rank - 1 ];
}

sub busiest {
    my ( $length, @records ) = @_;
    my @sent = sort { $a <=> $b } map { $_->{sent} } @records;
    my @done = sort { $a <=> $b } map { $_->{done} } @records;
    my ( $most, $ended ) = ( 0, 0 );
    for my $begun ( 0 .. $#sent ) {
        $ended++ while $ended < @done && $done[$ended] < $sent[$begun] + $length;
        $most = $ended - $begun if $ended - $begun > $most;
    }
    return $most;
}

sub tally {
    my (@records) = @_;
    my @executed = grep { $_->{outcome} == $EXECUTED } @records;
    my @refused  = grep { $_->{outcome} == $REFUSED } @records;
    my @again    = grep { $_->{again} } @records;
    my @latency  = map  { $_->{done} - $_->{due} } @executed;
    my %by_limit;
    $by_limit{ $LIMITS[ $_->{limit} ] || 'other' }++ for @refused;
    return {
        offered    => scalar @records,
        executed   => scalar @executed,
        refused    => scalar @refused,
        failed     => @records - @executed - @refused,
        by_limit   => \%by_limit,
        p50        => percentile( 0.50, @latency ),
        p99        => percentile( 0.99, @latency ),
        late       => percentile( 0.95, map { $_->{late} } @records ),
        held       => percentile( 0.50, map { $_->{done} - $_->{sent} } @refused ),
        queued     => percentile( 0.50, map { $_->{queued} } @refused ),
        busiest    => busiest( 60, @executed ),
        came_back  => scalar @again,
        served     => scalar( grep { $_->{outcome} == $EXECUTED } @again ),
        no_promise => scalar( grep { $_->{retry_after} <= 0 } @refused ),
    };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Figures - what the calls of a load test add up to

=head1 DESCRIPTION

Plain arithmetic over records, one for each call: hashes with the fields in C<@FIELDS>, which the source describes.

=head1 FUNCTIONS

=head2 percentile

    my $p99 = CPANBridge::LoadTest::Figures::percentile( 0.99, @values );

Returns the smallest value that so large a share of the values does not exceed; C<undef> of none.

=head2 busiest

    my $most = CPANBridge::LoadTest::Figures::busiest( 60, @records );

Returns the most calls that lie, from sending to answer, within any time of that length in seconds. They were certainly
executed in it, so a limit that holds is never exceeded by this number, however late answers were read. No call may take
longer than that length.

=head2 tally

    my $tally = CPANBridge::LoadTest::Figures::tally(@records);

Returns a hash: C<offered>, C<executed>, C<refused>, C<failed> and C<by_limit> are counts; C<p50> and C<p99> are seconds from
when a call was due to its answer, of executed calls; C<late> is the 95th percentile of the callers' own lateness; C<held>
and C<queued> are the medians of the seconds that refused calls took, by the callers' clock and by the daemon's; C<busiest>
is the most executed in a minute; C<came_back> and C<served> count calls that were repeated when the refusal had said, and
those of them that were executed; C<no_promise> counts refusals that did not say when to come back.

=cut
