package CPANBridge::LoadTest::Plan;

use strict;
use warnings;

use POSIX ();

use CPANBridge::LoadTest::Schedule;

our $VERSION = '0.1.0';

# Share of the rate limit that a test of concurrency uses at most, so that the rate does not even warn.
my $RATE_SHARE = 0.65;

# Seconds from one call of a caller to its next: never less, so that a call is really held open; never more, so that a
# phase has several rounds.
my ( $SHORTEST, $LONGEST ) = ( 2, 10 );

# The most processes that this test starts.
my $MOST_CALLERS = 400;

# What phases have in common: what they expect. refused: least and most, as a share of the attempts. warning, violation: of
# what there must be one, or '' for none. The others are named after the checks in CPANBridge::LoadTest::Verdict.
my %CALM     = ( refused => [ 0, 0 ],    warning   => '',           violation => '' );
my %WARNED   = ( refused => [ 0, 0.05 ], warning   => 'concurrent', violation => '' );
my %OVER     = ( wait    => 1,           violation => 'concurrent' );
my %RECOVERY = ( refused => [ 0, 0 ],    violation => '' );

# share: of the slots, for calls that are held open. rate: of the calls a minute. Without either: big payloads.
my %BURST = (
    id => 'burst', title => 'rate over its limit', rate => 1.5, seconds => 60,
    expect => { refused => [ 0.1, 0.6 ], violation => 'rate', window => 1, served => 0.8 },
);
my %PAYLOAD = (
    id => 'payload', title => '1 MiB payloads', seconds => 30, callers => 4,
    expect => { refused => [ 0, 0 ], violation => '', whole => 1, memory => 1.2 },
);
my %PHASES = (
    quick => [
        { id => 'baseline', title => 'baseline',       share => 0.2,       seconds => 15, expect => \%CALM },
        { id => 'warning',  title => 'at the warning', share => 'warning', seconds => 15, expect => \%WARNED },
        { id => 'over',     title => 'over the limit', share => 1.2,       seconds => 15, expect => { %OVER, refused => [ 0.05, 0.3 ] } },
        { id => 'recovery', title => 'recovery',       share => 0.1,       seconds => 10, expect => \%RECOVERY },
    ],
    full => [
        { id => 'baseline', title => 'baseline',       share => 0.1,       seconds => 30, expect => \%CALM },
        { id => 'moderate', title => 'moderate',       share => 0.5,       seconds => 30, expect => \%CALM },
        { id => 'warning',  title => 'at the warning', share => 'warning', seconds => 30, expect => \%WARNED },
        { id => 'limit',    title => 'at the limit',   share => 1,         seconds => 30, expect => \%WARNED },
        { id => 'over',     title => 'over the limit', share => 1.5,       seconds => 30, expect => { %OVER, refused => [ 0.2, 0.4 ] } },
        {
            id => 'rate', title => 'rate at its limit', rate => 1, seconds => 60,
            expect => { refused => [ 0, 0.01 ], warning => 'rate', window => 1 },
        },
        \%BURST,
        \%PAYLOAD,
        { id => 'recovery', title => 'recovery', share => 0.1, seconds => 20, expect => { %RECOVERY, calm => 60 } },
    ],
);
my %SCENARIOS = (
    quick => [ ['baseline'], ['warning'], [ 'over', 'recovery' ], ['burst'], ['payload'] ],
    full  => [ ['baseline'], ['warning'], [ 'over', 'recovery' ], [ 'burst', 'recovery' ], ['payload'] ],
);

sub phases {
    my ( $program, $limits, %args ) = @_;
    my @chosen = @{ $PHASES{$program} };
    if ( my $scenario = $args{scenario} ) {
        my %by_id = map { $_->{id} => $_ } \%BURST, \%PAYLOAD, @chosen;
        @chosen = @by_id{ @{ $SCENARIOS{$program}[ $scenario - 1 ] } };
    }
    my $scale = defined $args{scale} ? $args{scale} : 1;
    return map { _phase( $_, $limits, $scale ) } @chosen;
}

sub _phase {
    my ( $given, $limits, $scale ) = @_;
    my $phase = { %$given, expect => { %{ $given->{expect} } } };
    if    ( defined $phase->{share} ) { _hold( $phase, $limits, $scale ) }
    elsif ( defined $phase->{rate} )  { _rate( $phase, $limits ) }
    else                              { _payload( $phase, $scale ) }
    $phase->{calls} = 0;
    $phase->{calls} += @$_ for @{ $phase->{times} };
    return $phase;
}

# All callers call at almost the same time, hold their calls open together, and do it again when all have ended.
sub _hold {
    my ( $phase, $limits, $scale ) = @_;
    my ( $slots, $rate ) = @$limits{ 'max_concurrent_requests', 'max_requests_per_minute' };
    my $share   = $phase->{share} eq 'warning' ? $limits->{warning_ratio} : $phase->{share};
    my $callers = POSIX::ceil( $share * $slots - 1e-9 );
    my $running = $callers < $slots ? $callers : $slots;
    my $period  = POSIX::ceil( 2 * $running * 60 / ( $RATE_SHARE * $rate ) ) / 2;
    $period = $SHORTEST if $period < $SHORTEST;
    my $ramp = $callers * 0.004;
    $ramp = 0.4 if $ramp > 0.4;

    # A call that is to be refused waits first; meanwhile no other may end, or it would be served.
    my $least = $phase->{expect}{wait} ? $limits->{backpressure_seconds} + $ramp + 1.5 : 0;
    $period = POSIX::ceil( 2 * ( $least + $ramp + 0.5 ) ) / 2 if $period < $least + $ramp + 0.5;
    my $hold = int( 10 * ( $period - $ramp - 0.5 ) ) / 10;
    my $rounds = int( $phase->{seconds} * $scale / $period );
    $rounds = 1 if $rounds < 1;
    @$phase{qw(kind callers hold period rounds seconds slack)} =
      ( 'hold', $callers, $hold, $period, $rounds, $rounds * $period, ( $hold - $ramp ) / 2 );
    $phase->{times} =
      [ CPANBridge::LoadTest::Schedule::rounds( callers => $callers, rounds => $rounds, period => $period, ramp => $ramp ) ];
    my $warning = $phase->{expect}{warning};
    $phase->{room} = { calls => $running * $rounds, warns => defined $warning && $warning eq '' ? 1 : 0 };
    return;
}

# Its length is that of the daemon's window, whatever the scale: a shorter one would test nothing.
sub _rate {
    my ( $phase, $limits ) = @_;
    my $per_minute = $phase->{rate} * $limits->{max_requests_per_minute};

    # A call that waits is refused after a while; its caller must be back for its next one.
    my $patience = $phase->{rate} > 1 ? $limits->{backpressure_seconds} + 2 : 1.2;
    my $callers = POSIX::ceil( $per_minute / 60 * $patience );
    @$phase{qw(kind callers hold per_minute slack)} = ( 'rate', $callers, 0, $per_minute, 1 );
    $phase->{times} = [
        CPANBridge::LoadTest::Schedule::steady(
            callers => $callers, per_minute => $per_minute, seconds => $phase->{seconds} ) ];
    $phase->{room} = { empty => 1 };
    return;
}

sub _payload {
    my ( $phase, $scale ) = @_;
    my $period = 2;
    my $rounds = int( $phase->{seconds} * $scale / $period );
    $rounds = 1 if $rounds < 1;
    @$phase{qw(kind hold period rounds seconds slack bytes)} =
      ( 'payload', 0, $period, $rounds, $rounds * $period, 4, 1 << 20 );
    $phase->{times} = [
        CPANBridge::LoadTest::Schedule::rounds(
            callers => $phase->{callers}, rounds => $rounds, period => $period, ramp => $period ) ];
    $phase->{room} = { calls => $phase->{callers} * $rounds, warns => 0 };
    return;
}

sub problems {
    my ( $limits, @phases ) = @_;
    my ( $slots, $rate, $wait ) = @$limits{qw(max_concurrent_requests max_requests_per_minute backpressure_seconds)};
    my ($holds) = grep { $_->{kind} eq 'hold' } @phases;
    my ($rates) = grep { $_->{kind} eq 'rate' } @phases;
    my $most = 0;
    my @problems;
    for (@phases) { $most = $_->{callers} if $_->{callers} > $most }

    if ( $holds && $slots < 10 ) {
        push @problems,
          "max_concurrent_requests is $slots: the phases are shares of it, and of less than 10 there are none";
    }
    elsif ( grep { $_->{kind} eq 'hold' && $_->{period} > $LONGEST } @phases ) {
        push @problems,
          "max_requests_per_minute is $rate: $slots callers who hold calls open would meet it before they meet "
          . 'max_concurrent_requests; it must be at least '
          . POSIX::ceil( $slots * 60 / ( $RATE_SHARE * $LONGEST ) );
    }
    push @problems, "max_requests_per_minute is $rate: a test of the rate needs from 60 to 12000"
      if $rates && ( $rate < 60 || $rate > 12000 );
    push @problems, "these limits would take $most callers, and each is a process; this test starts $MOST_CALLERS at most"
      if $most > $MOST_CALLERS;
    push @problems, "max_connections is $limits->{max_connections}: $most callers would bring it to its warning"
      if $most + 2 >= $limits->{warning_ratio} * $limits->{max_connections};
    push @problems, "backpressure_seconds is $wait: a test of the wait needs from 0.2 to 3" if $wait < 0.2 || $wait > 3;
    for my $phase (@phases) {
        my $waiting =
            $phase->{kind} eq 'rate' ? $phase->{per_minute} / 60 * $wait
          : $phase->{kind} eq 'hold' ? $phase->{callers} - $slots
          :                            0;
        next if $waiting < $limits->{max_queued_requests};
        push @problems, sprintf 'max_queued_requests is %d: %d calls would wait at a time',
          $limits->{max_queued_requests}, $waiting;
        last;
    }
    return @problems;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Plan - the phases of a load test, for the limits that are in force

=head1 DESCRIPTION

Plain arithmetic. Callers are a share of C<max_concurrent_requests>, and are paced so that a test of concurrency stays away
from the rate limit and the other way round. With the default limits the numbers are those of F<docs/load-testing.md>.

=head1 FUNCTIONS

=head2 phases

    my @phases = CPANBridge::LoadTest::Plan::phases( 'quick', $limits, scale => 1, scenario => 3 );

Returns the phases of C<quick> or C<full>, or of one scenario (1 to 5) in that length: hashes with C<id>, C<title>, C<kind>
(C<hold>, C<rate>, C<payload>), C<callers>, C<times> (see L<CPANBridge::LoadTest::Schedule>), C<calls>, C<seconds>, C<hold>
(seconds that each call is held open), C<slack> (seconds that callers may be late), C<room> (what the daemon's window must
have room for before the phase) and C<expect>. C<scale> shortens phases, to one round at least; tests of the rate last a
minute always.

=head2 problems

    my @sentences = CPANBridge::LoadTest::Plan::problems( $limits, @phases );

Returns why these phases could not tell anything about a daemon with such limits; nothing if they can.

=cut
