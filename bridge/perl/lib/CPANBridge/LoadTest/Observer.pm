package CPANBridge::LoadTest::Observer;

use strict;
use warnings;

use CPANBridge;
use CPANBridge::Connection;
use CPANBridge::LoadTest::LogFile;

our $VERSION = '0.1.0';

# What the states of a phase are made of: the two levels, by the names of the resources in the daemon's sentences.
my @LEVELS = ( 'warnings', 'violations' );

# Violations and warnings that this test brings about, and so waits for the end of.
my $OWN = qr/\A(?:Concurrent requests|Request rate) /;

# Share of the rate limit that calls of other programs may use of a window that should be empty: far less than what may
# be refused in a phase that offers exactly the limit.
my $STRAY = 0.005;

sub new {
    my ( $class, $socket ) = @_;
    my $bridge = CPANBridge->new( ( defined $socket ? ( socket => $socket ) : () ), retries => 2, timeout => 20 );
    my $self = bless { bridge => $bridge }, $class;
    my $health = $self->ask('health');
    die "The daemon is draining and takes no calls; \"cpanbridge resume\" ends that.\n" if $health->{status} eq 'draining';
    $self->{info}   = $self->ask('info');
    $self->{limits} = $self->ask('limits');
    return $self;
}

sub ask {
    my ( $self, $what ) = @_;
    return $self->{bridge}->call( 'system', $what );
}

sub limits { return $_[0]{limits} }
sub info   { return $_[0]{info} }

sub begin {
    my ( $self, $function ) = @_;
    $self->{function} = $function;
    $self->{before}   = $self->_counters;
    $self->{violated} = 0;
    $self->{log}      = CPANBridge::LoadTest::LogFile->new( $self->{info}{log} );
    my $memory = $self->ask('metrics')->{resource_status}{memory_mb};
    $self->{seen} = {
        function => $function, peak => 0, rate => 0, warnings => {}, violations => {},
        memory_before => $memory, memory_peak => $memory, memory_after => $memory,
        violation_over => undef, warning_over => undef,
    };
    return;
}

sub look {
    my ($self) = @_;
    my $seen = $self->{seen};
    my $status = $self->ask('metrics')->{resource_status};
    _most( $seen, peak        => $status->{concurrent_requests} );
    _most( $seen, rate        => $status->{requests_per_minute} );
    _most( $seen, memory_peak => $status->{memory_mb} );
    $self->{violated} = CPANBridge::Connection::now() if _own( $status->{violations} );
    for my $level (@LEVELS) {
        for my $text ( @{ $status->{$level} } ) {
            my ( $name, $number ) = $text =~ /\A(.*?) ([0-9.]+)/ or next;
            my $known = $seen->{$level}{$name};
            $seen->{$level}{$name} = $text if !defined $known || $number > ( $known =~ /([0-9.]+)/ )[0];
        }
    }
    return $status;
}

sub _most {
    my ( $seen, $name, $value ) = @_;
    $seen->{$name} = $value if $value > $seen->{$name};
    return;
}

sub end {
    my ( $self, $phase, $wait, $last_held ) = @_;
    my $seen  = $self->{seen};
    my $after = $self->_counters;
    $seen->{$_} = $after->{$_} - $self->{before}{$_} for 'calls', 'errors', 'refused';
    my $begun = CPANBridge::Connection::now();
    my $expect = $phase->{expect};
    if ( $expect->{violation} ) {
        my $over = $wait->( 'the violation to end', 10, sub { return !_own( $self->look->{violations} ) } );
        my $lasted = $self->{violated} - ( $last_held || 0 );
        $seen->{violation_over} = $lasted > 0 ? $lasted : 0 if $over;
    }
    if ( $expect->{calm} ) {
        my $over = $wait->( 'the warnings to end', $expect->{calm}, sub { return !_own( $self->look->{warnings} ) } );
        $seen->{warning_over} = CPANBridge::Connection::now() - $begun if $over;
    }
    my $memory = sub { return $seen->{memory_after} = $self->ask('metrics')->{resource_status}{memory_mb} };
    if ( $expect->{memory} ) {
        $wait->( 'memory to come back', 30, sub { return $memory->() <= $expect->{memory} * $seen->{memory_before} } );
    }
    else { $memory->() }
    $seen->{logged} = $self->{log}->count if $self->{log};
    return $seen;
}

sub _own {
    my ($texts) = @_;
    return scalar grep {/$OWN/} @$texts;
}

# Of the phase's function alone: other programs may use the daemon meanwhile.
sub _counters {
    my ($self) = @_;
    my $figures = $self->ask('stats')->{functions}{"test.$self->{function}"} || {};
    return { map { $_ => $figures->{$_} || 0 } 'calls', 'errors', 'refused' };
}

sub unready {
    my ( $self, $room ) = @_;
    my $status = $self->ask('metrics')->{resource_status};
    my ( $used, $most ) = ( $status->{requests_per_minute}, $self->{limits}{max_requests_per_minute} );
    return ( "the calls of the last minute to leave the window ($used left)", $used )
      if $room->{empty} && $used > $STRAY * $most;
    my $share = $room->{warns} ? $self->{limits}{warning_ratio} - 0.05 : 0.95;
    return ( "room in the window of a minute ($used of $most used)", $used )
      if !$room->{empty} && $used + $room->{calls} > $share * $most;
    my ($violation) = grep {/$OWN/} @{ $status->{violations} };
    return ( "the violation to end ($violation)", 1 ) if defined $violation;
    my ($warning) = grep {/$OWN/} @{ $status->{warnings} };
    return ( "the warning to end ($warning)", 1 ) if $room->{warns} && defined $warning;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Observer - what the daemon sees of a load test

=head1 DESCRIPTION

Asks the daemon through functions of its module C<system>, which no limit holds back, over a connection of its own. Its
methods throw a L<CPANBridge::Error> when the daemon does not answer.

=head1 METHODS

=head2 new

    my $observer = CPANBridge::LoadTest::Observer->new($socket);

Connects. Dies with a sentence where the daemon is draining.

=head2 ask

    my $health = $observer->ask('health');

Returns what a function of module C<system> returns.

=head2 limits

The daemon's limits at the start, by name.

=head2 info

What C<system.info> said.

=head2 begin

    $observer->begin('sleep');

Begins a phase whose calls are of that function of module C<test>.

=head2 look

Takes note of how the daemon is; call it several times a second, since states may last half a second. Returns the
C<resource_status> of C<system.metrics>.

=head2 end

    my $seen = $observer->end( $phase, $wait, $last_held );

Ends the phase and returns what was seen in it: C<calls> (executed, errors included), C<errors> and C<refused>; C<peak>, the
most calls at a time, and C<rate>, the most started in a minute, of what was looked at; C<warnings> and C<violations>, one
sentence each by resource; C<memory_before>, C<memory_peak> and C<memory_after> in MB; C<violation_over> and
C<warning_over>, seconds that they lasted after a call was last held (given in the monotonic clock's seconds) and after
the phase; C<logged>, see L<CPANBridge::LoadTest::LogFile/count>. C<< $wait->( $what,
$seconds, $code ) >> is called to wait until the code returns true, and returns whether it did.

=head2 unready

    my ( $what, $left ) = $observer->unready( $phase->{room} );

Returns what there is to wait for before a phase may begin, and a number that falls meanwhile; nothing if it may.
A few stray calls of other programs are not waited for.

=cut
