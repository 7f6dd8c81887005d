package CPANBridge::LoadTest;

use 5.014;
use strict;
use warnings;

use Scalar::Util ();
use Time::HiRes  ();

use CPANBridge::Connection;
use CPANBridge::JSON;
use CPANBridge::LoadTest::Callers;
use CPANBridge::LoadTest::Figures;
use CPANBridge::LoadTest::Observer;
use CPANBridge::LoadTest::Plan;
use CPANBridge::LoadTest::Progress;
use CPANBridge::LoadTest::Report;
use CPANBridge::LoadTest::Table;
use CPANBridge::LoadTest::Verdict;

our $VERSION = '0.1.0';

our ( $PASSED, $FAILED, $NO_DAEMON, $INTERRUPTED ) = ( 0, 1, 3, 130 );

# Longest wait in seconds for the daemon to be as a phase needs it: its window is a minute, and a warning outlasts it a bit.
my $PATIENCE = 75;

# What the phases are made for where no daemon says what its limits are.
my %DEFAULT_LIMITS = (
    max_concurrent_requests => 100, max_requests_per_minute => 2000, max_connections => 1000, warning_ratio => 0.8,
    backpressure_seconds => 1, max_queued_requests => 200,
);

my %FUNCTION = ( hold => 'sleep', rate => 'ping', payload => 'echo' );

sub new {
    my ( $class, $program, %options ) = @_;
    return bless {
        program  => $program,
        scale    => 1,
        %options,
        progress => CPANBridge::LoadTest::Progress->new( \*STDERR ),
        results  => [],
    }, $class;
}

sub list {
    my ($self) = @_;
    my $observer = eval { CPANBridge::LoadTest::Observer->new( $self->{socket} ) };
    my $limits = $observer ? $observer->limits : \%DEFAULT_LIMITS;
    my @phases = $self->_phases($limits);
    my $of = $observer ? 'the limits of the daemon' : 'the default limits (no daemon told its own)';
    _say("$self->{program}: " . @phases . " phases, for $of");
    my $number = 0;
    _say( '  ' . ++$number . ' ' . CPANBridge::LoadTest::Report::offer($_) ) for @phases;
    my @problems = CPANBridge::LoadTest::Plan::problems( $limits, @phases );
    _say("They cannot be tested so: $_.") for @problems;
    return @problems ? $FAILED : $PASSED;
}

sub run {
    my ($self) = @_;
    local @SIG{ 'INT', 'TERM', 'HUP' } = ( sub { $self->{interrupted} = 1; die "interrupted\n" } ) x 3;
    my $status = eval { $self->_run };
    if ( my $error = $@ ) {
        $self->{progress}->clear;
        my $away = Scalar::Util::blessed $error && $error->isa('CPANBridge::Error');
        ( my $text = $away ? $error->message : $error ) =~ s/\s+\z//;
        $self->{error} = $text;
        $status = $away && $error->type =~ /\A(?:ConnectionFailed|ConnectionLost|ClientTimeout)\z/ ? $NO_DAEMON : $FAILED;
        $status = $INTERRUPTED if $self->{interrupted};
    }
    if ( $self->{json} ) {
        print CPANBridge::JSON::encode( CPANBridge::LoadTest::Report::data( $self, $status == $PASSED ) ), "\n";
    }
    else { $self->_conclude( $status == $PASSED ) }
    print {*STDERR} 'load test: ' . _visible( $self->{error} ) . "\n" if defined $self->{error};
    return $status;
}

sub _phases {
    my ( $self, $limits ) = @_;
    return CPANBridge::LoadTest::Plan::phases(
        $self->{program}, $limits, scale => $self->{scale}, scenario => $self->{scenario} );
}

sub _run {
    my ($self) = @_;
    my $observer = $self->{observer} = CPANBridge::LoadTest::Observer->new( $self->{socket} );
    my $limits = $observer->limits;
    my @phases = $self->_phases($limits);
    if ( my @problems = CPANBridge::LoadTest::Plan::problems( $limits, @phases ) ) {
        die 'With these limits there is nothing to test: ' . join( '; ', @problems ) . ".\n";
    }
    $self->_tell( CPANBridge::LoadTest::Report::head( $self, $observer, @phases ) );
    my $failed = 0;
    for my $number ( 1 .. @phases ) {
        my $phase = $phases[ $number - 1 ];
        my $place = "$number/" . @phases;
        $self->_tell( '', "$place " . CPANBridge::LoadTest::Report::offer($phase) );
        my $result = $self->_phase( $phase, "$place $phase->{title}:" );
        push @{ $self->{results} }, $result;
        $self->_tell( CPANBridge::LoadTest::Report::outcome($result) );
        $failed++ if $result->{verdict}{verdict} ne 'PASS';
    }
    return $failed ? $FAILED : $PASSED;
}

sub _phase {
    my ( $self, $phase, $label ) = @_;
    my ( $observer, $progress ) = @$self{ 'observer', 'progress' };
    my $trouble = $self->_make_room( $phase, $label );
    $progress->phase("$label starting $phase->{callers} callers");
    $observer->begin( $FUNCTION{ $phase->{kind} } );
    my ( @records, $failures, $last_held );
    if ( !defined $trouble ) {
        my $callers = CPANBridge::LoadTest::Callers->new( $phase, $self->{socket} );
        $trouble = $callers->run( sub {
            my ( $seconds, $calls ) = @_;
            $self->_go_on;
            my $status = $observer->look;
            $progress->update( sprintf '%s %.0f/%d s, %d/%d calls, %d at once, %d/min', $label,
                $seconds < 0 ? 0 : $seconds, $phase->{seconds}, $calls, $phase->{calls},
                @$status{ 'concurrent_requests', 'requests_per_minute' } );
        } );
        @records  = $callers->records;
        $failures = $callers->failures;
        $last_held = $callers->last_held;
    }
    my $wait = sub { return $self->_wait( $label, @_ ) };
    my $seen = $observer->end( $phase, $wait, $last_held );
    $progress->clear;
    my $now = $observer->ask('limits');
    my ($changed) = grep { $now->{$_} != $observer->limits->{$_} } sort keys %$now;
    $trouble = "$changed was changed meanwhile" if defined $changed;
    $seen->{failures} = $failures;
    $seen->{trouble}  = $trouble;
    my $tally = CPANBridge::LoadTest::Figures::tally(@records);
    return {
        phase   => $phase,
        tally   => $tally,
        seen    => $seen,
        verdict => CPANBridge::LoadTest::Verdict::judge( $phase, $tally, $seen, $observer->limits ),
    };
}

# Waits until the daemon is as the phase needs it; returns a sentence where that does not happen.
sub _make_room {
    my ( $self, $phase, $label ) = @_;
    my ($what) = $self->{observer}->unready( $phase->{room} );
    return undef if !defined $what;
    $self->_tell("    first waiting for $what");
    my $ready = $self->_wait( $label, $what, $PATIENCE, sub {
        ($what) = $self->{observer}->unready( $phase->{room} );
        return ( !defined $what, $what );
    } );
    return $ready ? undef : "waited $PATIENCE s in vain for $what; do other programs use the daemon?";
}

# Calls the code, which may also say what is waited for, until it returns true; returns whether it did.
sub _wait {
    my ( $self, $label, $what, $seconds, $code ) = @_;
    my $begun = CPANBridge::Connection::now();
    my $told;
    while (1) {
        $self->_go_on;
        my ( $done, $now ) = $code->();
        return 1 if $done;
        my $left = $begun + $seconds - CPANBridge::Connection::now();
        return 0 if $left <= 0;
        my $line = sprintf '%s waiting up to %.0f s for %s', $label, $left, defined $now ? $now : $what;
        $told++ ? $self->{progress}->update($line) : $self->{progress}->phase($line);
        Time::HiRes::sleep(0.25);
    }
}

# A signal that came in the middle of a call may have ended that call only.
sub _go_on {
    my ($self) = @_;
    die "interrupted\n" if $self->{interrupted};
    return;
}

sub _conclude {
    my ( $self, $passed ) = @_;
    my @results = @{ $self->{results} };
    return if !@results;
    _say($_) for '', CPANBridge::LoadTest::Table::lines(@results), '';
    my @failed = grep { $_->{verdict}{verdict} ne 'PASS' } @results;
    _say("$_->{phase}{title}: $_->{verdict}{reason}") for @failed;
    my $failed = @failed . ' of ' . @results . ' phases failed';
    my $all = @results == 1 ? 'the phase' : 'all ' . @results . ' phases';
    _say( $passed ? "PASS: $all passed" : 'FAIL: ' . ( @failed ? $failed : 'not all phases were run' ) );
    return;
}

sub _tell {
    my ( $self, @lines ) = @_;
    return if $self->{json};
    $self->{progress}->clear;
    _say($_) for @lines;
    return;
}

sub _say {
    my ($line) = @_;
    local $| = 1;
    print _visible($line), "\n";
    return;
}

# What others said must not talk to the terminal.
sub _visible { return $_[0] =~ s/([^\x20-\x7e])/sprintf '\\x{%x}', ord $1/ger }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest - load tests of the cpanbridge daemon

=head1 SYNOPSIS

    use CPANBridge::LoadTest;
    exit CPANBridge::LoadTest->new( 'quick', socket => $path )->run;

=head1 DESCRIPTION

What F<quick_load_test.pl> and F<load_test_throttling.pl> do: one phase after another is offered to a running daemon, by
processes that use L<CPANBridge> as any program does, and compared with what it should meet. F<docs/load-testing.md> is the
guide.

=head1 METHODS

=head2 new

    my $test = CPANBridge::LoadTest->new( 'full', scenario => 3, scale => 0.5 );

Takes C<quick> or C<full>, and C<socket> (otherwise as L<CPANBridge/new>), C<scenario> (1 to 5: that one alone), C<scale>
(of the phases' length), C<json> (true: print JSON and nothing else).

=head2 run

Runs the test, prints what it saw, and returns the exit status: 0 all phases passed, 1 one failed or could not be run, 3 no
daemon, 130 interrupted.

=head2 list

Prints the phases without running them. Returns 0, or 1 where these limits cannot be tested.

=cut
