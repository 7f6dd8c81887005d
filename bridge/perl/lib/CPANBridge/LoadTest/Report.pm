package CPANBridge::LoadTest::Report;

use strict;
use warnings;

our $VERSION = '0.1.0';

sub head {
    my ( $test, $observer, @phases ) = @_;
    my ( $info, $limits ) = ( $observer->info, $observer->limits );
    my $seconds = 0;
    $seconds += $_->{seconds} + 1 for @phases;
    return sprintf( '%s load test of cpanbridge %s at %s (pid %d): %s, %d s and the waiting between them',
        $test->{program}, @$info{ 'version', 'socket', 'pid' }, @phases == 1 ? '1 phase' : @phases . ' phases', $seconds ),
      sprintf 'limits: %d at once, %d a minute, %g s of waiting, warning from %g %%',
      @$limits{qw(max_concurrent_requests max_requests_per_minute backpressure_seconds)}, 100 * $limits->{warning_ratio};
}

sub offer {
    my ($phase) = @_;
    my ( $kind, $callers ) = @$phase{ 'kind', 'callers' };
    my $text =
        $kind eq 'hold' ? sprintf '%d callers hold calls of %g s open, every %g s', $callers, @$phase{ 'hold', 'period' }
      : $kind eq 'rate' ? sprintf '%d callers make %g calls a minute', $callers, $phase->{per_minute}
      :                   sprintf '%d callers send 1 MiB each, every %g s, and get it back', $callers, $phase->{period};
    return sprintf '%s: %s, for %g s (%d calls)', $phase->{title}, $text, @$phase{ 'seconds', 'calls' };
}

sub outcome {
    my ($result) = @_;
    my $verdict = $result->{verdict};
    my @lines = map { sprintf '    %-4s  %s: %s', $_->{ok} ? 'ok' : 'FAIL', @$_{ 'expects', 'saw' } } @{ $verdict->{checks} };
    @lines = () if defined $result->{seen}{trouble};
    push @lines, map {"    note  $_"} @{ $verdict->{notes} };
    return @lines, '  ' . $verdict->{verdict} . ( $verdict->{tested} ? '' : ": $verdict->{reason}" );
}

sub data {
    my ( $test, $passed ) = @_;
    my $observer = $test->{observer};
    my $data = {
        program => $test->{program},
        scale   => 0 + $test->{scale},
        passed  => _boolean($passed),
        phases  => [ map { _phase($_) } @{ $test->{results} } ],
    };
    $data->{scenario} = 0 + $test->{scenario} if $test->{scenario};
    $data->{error}    = $test->{error}        if defined $test->{error};
    if ($observer) {
        $data->{limits} = $observer->limits;
        $data->{daemon} = { map { $_ => $observer->info->{$_} } qw(version pid socket) };
    }
    return $data;
}

sub _phase {
    my ($result) = @_;
    my ( $phase, $tally, $seen, $verdict ) = @$result{qw(phase tally seen verdict)};
    return {
        ( map { $_ => $phase->{$_} } qw(id title kind) ),
        ( map { $_ => _number( $phase->{$_} ) } qw(callers calls seconds hold per_minute) ),
        ( map { $_ => _number( $tally->{$_} ) } qw(offered executed refused failed p50 p99 held queued came_back served) ),
        late_p95         => _number( $tally->{late} ),
        busiest_minute   => _number( $tally->{busiest} ),
        refused_by_limit => _numbers( $tally->{by_limit} ),
        failures         => _numbers( $seen->{failures} || {} ),
        daemon           => {
            ( map { $_ => _number( $seen->{$_} ) } qw(calls refused errors peak rate memory_before memory_peak memory_after) ),
            ( map { $_ => $seen->{$_} } qw(warnings violations logged) ),
        },
        ( map { $_ => _number( $seen->{$_} ) } qw(violation_over warning_over) ),
        checks => [ map { { %$_, ok => _boolean( $_->{ok} ) } } @{ $verdict->{checks} } ],
        notes   => $verdict->{notes},
        verdict => $verdict->{verdict},
        tested  => _boolean( $verdict->{tested} ),
        reason  => $verdict->{reason},
    };
}

sub _boolean { return $_[0] ? \1 : \0 }

# To the microsecond; and a number in JSON too, although it may have been used as a string.
sub _number { return defined $_[0] ? int( 1e6 * $_[0] + 0.5 ) / 1e6 : undef }

sub _numbers {
    my ($counts) = @_;
    return { map { $_ => _number( $counts->{$_} ) } keys %$counts };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Report - what a load test says, as sentences and as data

=head1 FUNCTIONS

=head2 head

    my @lines = CPANBridge::LoadTest::Report::head( $test, $observer, @phases );

Returns what is said before the first phase.

=head2 offer

    my $line = CPANBridge::LoadTest::Report::offer($phase);

Returns what a phase does.

=head2 outcome

    my @lines = CPANBridge::LoadTest::Report::outcome($result);

Returns a line for each check, with what was expected and what was seen, and the verdict.

=head2 data

    my $data = CPANBridge::LoadTest::Report::data( $test, $passed );

Returns everything as plain data, for JSON. Times are in seconds.

=cut
