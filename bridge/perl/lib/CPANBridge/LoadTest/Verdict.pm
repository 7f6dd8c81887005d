package CPANBridge::LoadTest::Verdict;

use strict;
use warnings;

our $VERSION = '0.1.0';

# How the daemon calls its resources in its sentences.
my %WORDS = ( concurrent => 'Concurrent requests', rate => 'Request rate' );

# Seconds in which a violation must be over when its cause is: the daemon looks twice a second, and so does the test.
my $AT_ONCE = 3;

# Seconds that a wait may be measured shorter or longer than it is set.
my ( $EARLY, $TARDY ) = ( 0.05, 0.75 );

sub judge {
    my ( $phase, $tally, $seen, $limits ) = @_;
    my @checks = _checks( $phase, $tally, $seen, $limits );
    my ($failed) = grep { !$_->{ok} } @checks;
    my $untested = _untested( $phase, $tally, $seen );
    my $ok = !$failed && !defined $untested;
    return {
        verdict => $ok ? 'PASS' : 'FAIL',
        tested  => defined $untested ? 0 : 1,
        reason  => $ok ? '' : defined $untested ? $untested : "$failed->{saw}; expected: $failed->{expects}",
        checks  => \@checks,
        notes   => [ _notes($seen) ],
    };
}

# Why the phase says nothing about the daemon, or undef.
sub _untested {
    my ( $phase, $tally, $seen ) = @_;
    return "not tested: $seen->{trouble}" if defined $seen->{trouble};
    return sprintf 'not tested: this machine was too slow to offer the load: %d of %d calls were sent', $tally->{offered},
      $phase->{calls}
      if $tally->{offered} - $tally->{came_back} < $phase->{calls};
    return sprintf 'not tested: this machine was too slow to offer the load: one call in twenty was sent more than %.1f s late',
      $tally->{late}
      if $tally->{late} > $phase->{slack};
    my $short = ( $tally->{by_limit}{cpu} || 0 ) + ( $tally->{by_limit}{memory} || 0 );
    return "not tested: $short calls were refused because the daemon was short of CPU or memory" if $short;
    return undef;
}

sub _checks {
    my ( $phase, $tally, $seen, $limits ) = @_;
    my $expect = $phase->{expect};
    my @checks = _both_sides( $tally, $seen );
    push @checks, _refusals( $expect->{refused}, $tally );
    for my $level ( 'warning', 'violation' ) {
        push @checks, _state( $level, $expect->{$level}, $seen ) if defined $expect->{$level};
    }
    push @checks, _wait( $tally, $limits->{backpressure_seconds} ) if $expect->{wait};
    if ( $expect->{window} ) {
        my $most = $limits->{max_requests_per_minute};
        my $busiest = $tally->{busiest} > $seen->{rate} ? $tally->{busiest} : $seen->{rate};
        push @checks, _check( $busiest <= $most, "at most $most executed in any 60 s", "$busiest executed in the busiest 60 s" );
    }
    push @checks, _returns( $expect->{served}, $tally ) if $expect->{served};
    push @checks, _whole($tally) if $expect->{whole};
    push @checks, _memory( $expect->{memory}, $seen ) if $expect->{memory};
    push @checks, _over( 'violations are over at once', $seen->{violation_over}, $AT_ONCE ) if $expect->{violation};
    push @checks, _over( "warnings are over within $expect->{calm} s", $seen->{warning_over}, $expect->{calm} )
      if $expect->{calm};
    return @checks;
}

sub _check {
    my ( $ok, $expects, $saw ) = @_;
    return { ok => $ok ? 1 : 0, expects => $expects, saw => $saw };
}

# What callers were told and what the daemon counted must be the same.
sub _both_sides {
    my ( $tally, $seen ) = @_;
    my @ours   = @$tally{ 'executed', 'refused', 'failed' };
    my @theirs = ( $seen->{calls} - $seen->{errors}, $seen->{refused}, $seen->{errors} );
    my $same = "@ours" eq "@theirs";
    my $saw = sprintf 'the callers count %d + %d + %d', @ours;
    $saw .= sprintf ', the daemon counts %d + %d + %d', @theirs;
    my $extra = $theirs[0] + $theirs[1] + $theirs[2] - $tally->{offered};
    $saw .= "; another program called test.$seen->{function} meanwhile" if $extra > 0;
    my $failed = $tally->{failed} ? "$tally->{failed} failed (" . _reasons( $seen->{failures} ) . ')' : 'none failed';
    return _check( $same, 'both sides count the same calls executed, refused and failed', $saw ),
      _check( $tally->{failed} == 0, 'no call fails', $failed );
}

sub _reasons {
    my ($failures) = @_;
    my @named = map {"$failures->{$_} $_"} sort keys %{ $failures || {} };
    return @named ? join( ', ', @named ) : 'no reason given';
}

sub _refusals {
    my ( $range, $tally ) = @_;
    my ( $least, $most ) = map { 100 * $_ } @$range;
    my $share = $tally->{offered} ? 100 * $tally->{refused} / $tally->{offered} : 0;
    my $expects = $most == 0 ? 'no call refused' : sprintf '%g-%g %% of the calls refused', $least, $most;
    my $saw = sprintf '%d of %d refused (%.1f %%)', $tally->{refused}, $tally->{offered}, $share;
    $saw .= ': ' . join ', ', map {"$tally->{by_limit}{$_} for $_"} sort keys %{ $tally->{by_limit} } if $tally->{refused};
    return _check( $share >= $least && $share <= $most, $expects, $saw );
}

# One of a certain kind, or none of those that calls bring about (a busy machine has others).
sub _state {
    my ( $level, $wanted, $seen ) = @_;
    my $texts = $seen->{"${level}s"};
    if ( $wanted eq '' ) {
        my @found = map { $texts->{$_} } grep { exists $texts->{$_} } map { $WORDS{$_} } sort keys %WORDS;
        return _check( !@found, "no $level", @found ? "$level: $found[0]" : "no $level" );
    }
    my $found = $texts->{ $WORDS{$wanted} };
    my $logged = $seen->{logged} ? $seen->{logged}{$level}{ $WORDS{$wanted} } || 0 : undef;
    my $expects = "a $level: $WORDS{$wanted}";
    return _check( 0, $expects, "no $level of it" ) if !defined $found && !$logged;
    $found = "$level in the log" if !defined $found;
    return _check( 1, $expects, "$level: $found" ) if $level ne 'violation' || !defined $logged;
    $found .= $logged ? ", $logged x in the log" : ', but not in the log';
    return _check( $logged, "$expects, in the log too", "$level: $found" );
}

sub _wait {
    my ( $tally, $seconds ) = @_;
    my $expects = sprintf 'refused calls were held for about %g s', $seconds;
    return _check( 0, $expects, 'none was refused' ) if !defined $tally->{held};
    my $saw = sprintf 'held for %.2f s as the callers saw it, %.2f s as the daemon says', @$tally{ 'held', 'queued' };
    my $ok = 1;
    for my $measured ( @$tally{ 'held', 'queued' } ) {
        $ok = 0 if $measured < $seconds - $EARLY || $measured > $seconds + $TARDY;
    }
    return _check( $ok, $expects, $saw );
}

sub _returns {
    my ( $share, $tally ) = @_;
    my $expects = sprintf 'each refusal says when to come back, and %g %% of those who do are served', 100 * $share;
    return _check( 0, $expects, "$tally->{no_promise} refusals said nothing" ) if $tally->{no_promise};
    return _check( 0, $expects, 'nobody came back' ) if !$tally->{came_back};
    my $served = $tally->{served} / $tally->{came_back};
    return _check( $served >= $share, $expects,
        sprintf '%d of %d who came back were served (%.1f %%)', $tally->{served}, $tally->{came_back}, 100 * $served );
}

sub _whole {
    my ($tally) = @_;
    my $saw = $tally->{failed} ? "$tally->{failed} did not" : "all $tally->{executed} did";
    return _check( $tally->{failed} == 0 && $tally->{executed}, 'each payload comes back whole', $saw );
}

sub _memory {
    my ( $factor, $seen ) = @_;
    my ( $before, $peak, $after ) = @$seen{qw(memory_before memory_peak memory_after)};
    return _check(
        $after <= $factor * $before,
        sprintf( 'memory is back within %.0f %%', 100 * ( $factor - 1 ) ),
        sprintf( '%.1f MB before, %.1f at most, %.1f after', $before, $peak, $after ) );
}

sub _over {
    my ( $expects, $after, $most ) = @_;
    return _check( 0, $expects, 'they lasted' ) if !defined $after;
    return _check( $after <= $most, $expects, sprintf 'over after %.1f s', $after );
}

# What else the daemon said: not the fault of the calls, but whoever reads the figures should know.
sub _notes {
    my ($seen) = @_;
    my %own = map { $_ => 1 } values %WORDS;
    my @notes;
    for my $level ( 'violation', 'warning' ) {
        my $texts = $seen->{"${level}s"};
        push @notes, map {"$level: $texts->{$_}"} grep { !$own{$_} } sort keys %$texts;
    }
    return @notes;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Verdict - whether a phase of a load test was as it should be

=head1 DESCRIPTION

Plain arithmetic: what a phase expects, against what its callers and the daemon saw.

=head1 FUNCTIONS

=head2 judge

    my $verdict = CPANBridge::LoadTest::Verdict::judge( $phase, $tally, $seen, $limits );

Takes a phase of L<CPANBridge::LoadTest::Plan>, a tally of L<CPANBridge::LoadTest::Figures> and what
L<CPANBridge::LoadTest::Observer> saw. Returns a hash: C<verdict>, PASS or FAIL; C<tested>, 0 where the phase says nothing
about the daemon, because its callers could not keep the schedule or the daemon was short of CPU (that is a FAIL too);
C<reason>, a sentence, empty for a PASS; C<checks>, each with C<expects>, C<saw> and C<ok>; C<notes>, warnings and
violations that no call of the test can bring about.

=cut
