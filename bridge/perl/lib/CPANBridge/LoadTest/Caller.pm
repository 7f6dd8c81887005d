package CPANBridge::LoadTest::Caller;

use strict;
use warnings;

use Time::HiRes ();

use CPANBridge;
use CPANBridge::Connection;
use CPANBridge::LoadTest::Figures;

our $VERSION = '0.1.0';

my %LIMIT_NUMBER = map { $CPANBridge::LoadTest::Figures::LIMITS[$_] => $_ } 0 .. $#CPANBridge::LoadTest::Figures::LIMITS;

# Kinds of failure, as the numbers that callers write; what is not in the list is the last one.
our @FAILURES = (
    '', qw(Timeout ClientTimeout ConnectionLost ConnectionFailed FunctionError BadAnswer InternalError ResultTooLarge
      RequestTooLarge Changed other) );
my %FAILURE_NUMBER = map { $FAILURES[$_] => $_ } 0 .. $#FAILURES;

sub run {
    my ( $phase, $number, $socket, $ready, $write ) = @_;
    my $bridge = CPANBridge->new(
        ( defined $socket ? ( socket => $socket ) : () ), retries => 0, timeout => $phase->{hold} + 60 );
    my $call = _call( $phase, $number, $bridge );

    # Connecting is no part of the phase.
    my $health = $bridge->call_python( 'system', 'health' );
    $write->( $health->{success} ? 1 : 0 );
    return if !$health->{success};
    my $start = $ready->();
    return if !defined $start;

    my $now      = sub { return CPANBridge::Connection::now() - $start };
    my @due      = @{ $phase->{times}[$number] };
    my @returns;
    my $free = 0;
    while ( @due || @returns ) {
        my $again = @returns && ( !@due || $returns[0] < $due[0] ) ? 1 : 0;
        my $due = $again ? shift @returns : shift @due;
        while ( ( my $left = $due - $now->() ) > 0 ) { Time::HiRes::sleep($left) }
        my $sent   = $now->();
        my $late   = $sent - ( $due > $free ? $due : $free );
        my $answer = $call->();
        my $done   = $free = $now->();
        my ( $outcome, $reason ) = _outcome($answer);
        my $refused = $outcome == $CPANBridge::LoadTest::Figures::REFUSED;
        my $pause   = $refused && $answer->{retry_after} ? $answer->{retry_after} : 0;
        @returns = sort { $a <=> $b } @returns, $done + $pause if $phase->{expect}{served} && $refused && $pause && !$again;
        $write->(
            ( map { _micro($_) } $due, $sent, $done, $late ), $outcome, $reason,
            _micro( ( $answer->{queued_ms} || 0 ) / 1000 ), _micro($pause), $again );
    }
    return;
}

# Whole numbers: some locales have a decimal comma.
sub _micro { return int( 1e6 * $_[0] + 0.5 ) }

# Returns what makes one call.
sub _call {
    my ( $phase, $number, $bridge ) = @_;
    my $kind = $phase->{kind};
    return sub { return $bridge->call_python( 'test', 'ping', {} ) } if $kind eq 'rate';
    return sub { return $bridge->call_python( 'test', 'sleep', { seconds => $phase->{hold} } ) } if $kind eq 'hold';
    my $payload = payload( $number, $phase->{bytes} );
    return sub {
        my $answer = $bridge->call_python( 'test', 'echo', $payload );
        return $answer if !$answer->{success} || defined $answer->{result} && $answer->{result} eq $payload;
        return { success => 0, error_type => 'Changed' };
    };
}

sub payload {
    my ( $number, $bytes ) = @_;

    # What might be changed on the way, in 16 bytes of UTF-8, then letters that are different for each caller.
    my $piece = "\x{e9}\x{20ac}\x{1f600} \"\\\n\t\0" . 'x';
    $piece .= chr( 97 + $number % 26 ) x 48;
    my $length = do { my $copy = $piece; utf8::encode($copy); length $copy };
    my $text = $piece x ( $bytes / $length );
    return $text . 'z' x ( $bytes - $length * int( $bytes / $length ) );
}

sub _outcome {
    my ($answer) = @_;
    return ( $CPANBridge::LoadTest::Figures::EXECUTED, 0 ) if $answer->{success};
    my $type = $answer->{error_type};
    my $limit =
        $type eq 'Throttled'       ? $answer->{limit} || ''
      : $type eq 'ConnectionLimit' ? 'connections'
      : $type eq 'Draining'        ? 'draining'
      :                              undef;
    return ( $CPANBridge::LoadTest::Figures::REFUSED, $LIMIT_NUMBER{$limit} || 0 ) if defined $limit;
    return ( $CPANBridge::LoadTest::Figures::FAILED, $FAILURE_NUMBER{$type} || $#FAILURES );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Caller - one caller of a load test: a process with a connection of its own

=head1 DESCRIPTION

It calls at the times of its schedule, whatever becomes of the calls before; while one lasts longer than planned, the next
are late, and their waiting is counted. The client's own retries are off, so refusals are seen. In a phase that says so, a
refused call is made once more exactly when its refusal said.

=head1 FUNCTIONS

=head2 run

    CPANBridge::LoadTest::Caller::run( $phase, $number, $socket, $ready, $write );

Connects and writes 1, or 0 where that failed. C<< $ready->() >> waits for the start and returns it as seconds of the
monotonic clock, or C<undef> if there will be none. Then writes a list for each call: the fields of
L<CPANBridge::LoadTest::Figures>, times as microseconds. For a failed call C<limit> is an index of C<@FAILURES>.

=head2 payload

    my $text = CPANBridge::LoadTest::Caller::payload( $number, 1 << 20 );

Returns a string of that many bytes in UTF-8, with characters of each length, quotes, control characters and NUL.

=cut
