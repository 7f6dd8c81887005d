package CPANBridge::LoadTest::Callers;

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use POSIX ();

use CPANBridge::Connection;
use CPANBridge::LoadTest::Caller;
use CPANBridge::LoadTest::Figures;

our $VERSION = '0.1.0';

# Seconds from one look at the daemon to the next: twice as often as its monitor does.
my $EVERY = 0.25;

# Seconds for all callers to start and connect, and for the last answers after a phase's end.
my ( $START, $REST ) = ( 60, 90 );

# Seconds between the word and the start: all callers must have read it.
my $AHEAD = 0.5;

# The word: the start in microseconds of the monotonic clock, always this many bytes, so that one read takes one word.
my $WORD = 24;

my %FIELD = map { $CPANBridge::LoadTest::Figures::FIELDS[$_] => $_ } 0 .. $#CPANBridge::LoadTest::Figures::FIELDS;

sub new {
    my ( $class, $phase, $socket ) = @_;
    my $self = bless { phase => $phase, pid => $$, pipes => {}, pids => [], records => [], failures => {}, ready => 0 }, $class;
    pipe my $word, $self->{go} or die "Cannot make a pipe: $!\n";
    for my $number ( 0 .. $phase->{callers} - 1 ) {
        pipe my $read, my $write or die "Cannot make a pipe for caller $number: $!\n";
        my $pid = fork;
        die "Cannot start caller $number of $phase->{callers}: $!\n" if !defined $pid;
        if ( !$pid ) {
            close $_ for $read, $self->{go}, map { $_->{handle} } values %{ $self->{pipes} };
            _child( $phase, $number, $socket, $word, $write );
        }
        close $write;
        fcntl $read, F_SETFL, fcntl( $read, F_GETFL, 0 ) | O_NONBLOCK;
        push @{ $self->{pids} }, $pid;
        $self->{pipes}{ fileno $read } = { handle => $read, text => '' };
    }
    return $self;
}

# Never returns: nothing of the parent's may be ended twice.
sub _child {
    my ( $phase, $number, $socket, $word, $write ) = @_;
    local @SIG{ 'INT', 'TERM', 'HUP', 'PIPE' } = ('DEFAULT') x 4;
    my $ok = eval {
        CPANBridge::LoadTest::Caller::run(
            $phase, $number, $socket,
            sub {
                my $got;
                my $text = q{};
                do { $got = sysread $word, $text, $WORD } while ( !defined $got && $! == EINTR );
                return $got ? $text / 1e6 : undef;
            },
            sub {
                my $line = "@_\n";
                defined syswrite $write, $line or POSIX::_exit(1);
            } );
        1;
    };
    POSIX::_exit( $ok ? 0 : 1 );
}

sub run {
    my ( $self, $tick ) = @_;
    my $callers = $self->{phase}{callers};
    my $deadline = CPANBridge::Connection::now() + $START;
    while ( $self->{ready} < $callers ) {
        if ( CPANBridge::Connection::now() > $deadline || !%{ $self->{pipes} } || $self->{unable} ) {
            my $trouble = sprintf 'only %d of %d callers could connect', $self->{ready}, $callers;
            $self->_end;
            return $trouble;
        }
        $self->_read($EVERY);
    }
    my $start = $self->{start} = CPANBridge::Connection::now() + $AHEAD;
    my $words = sprintf( "%${WORD}d", 1e6 * $start ) x $callers;
    syswrite $self->{go}, $words;
    close $self->{go};

    $deadline = $start + $self->{phase}{seconds} + $self->{phase}{hold} + $REST;
    my $look = 0;
    while ( %{ $self->{pipes} } ) {
        my $now = CPANBridge::Connection::now();
        last if $now > $deadline;
        if ( $now >= $look ) {
            $tick->( $now - $start, scalar @{ $self->{records} } );
            $look = $now + $EVERY;
        }
        my $left = $look - CPANBridge::Connection::now();
        $self->_read( $left > 0 ? $left : 0 );
    }
    my $open = keys %{ $self->{pipes} };
    my $lost = $self->_end;
    return "$open of $callers callers had no answer to a call when the phase was long over" if $open;
    return "$lost of $callers callers ended in the middle of the phase" if $lost;
    return undef;
}

# Waits that long at most for lines, and takes them.
sub _read {
    my ( $self, $seconds ) = @_;
    my $bits = '';
    vec( $bits, $_, 1 ) = 1 for keys %{ $self->{pipes} };
    my $found = select $bits, undef, undef, $seconds;
    return if !defined $found || $found <= 0;
    for my $number ( grep { vec $bits, $_, 1 } keys %{ $self->{pipes} } ) {
        my $pipe = $self->{pipes}{$number};
        my $got = sysread $pipe->{handle}, $pipe->{text}, 65536, length $pipe->{text};
        if ( !defined $got ) {
            next if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
            $got = 0;
        }
        $self->_take($1) while $pipe->{text} =~ s/\A(.*)\n//;
        delete $self->{pipes}{$number} if !$got;
    }
    return;
}

sub _take {
    my ( $self, $line ) = @_;
    my @numbers = split ' ', $line;
    if ( @numbers == 1 ) {
        $numbers[0] ? $self->{ready}++ : $self->{unable}++;
        return;
    }
    my %record = map { $_ => $numbers[ $FIELD{$_} ] } keys %FIELD;
    $record{$_} /= 1e6 for qw(due sent done late queued retry_after);
    if ( $record{outcome} == $CPANBridge::LoadTest::Figures::FAILED ) {
        $self->{failures}{ $CPANBridge::LoadTest::Caller::FAILURES[ $record{limit} ] }++;
        $record{limit} = 0;
    }
    push @{ $self->{records} }, \%record;

    # A call that takes no time of its own may have been held and executed, too.
    if ( $record{outcome} == $CPANBridge::LoadTest::Figures::REFUSED || !$self->{phase}{hold} ) {
        my $at = $self->{start} + $record{done};
        $self->{last_held} = $at if !$self->{last_held} || $at > $self->{last_held};
    }
    return;
}

sub records  { return @{ $_[0]{records} } }
sub failures { return $_[0]{failures} }

sub last_held { return $_[0]{last_held} }

# Ends what still runs, and returns how many did not end well by themselves.
sub _end {
    my ($self) = @_;
    my $lost = 0;
    kill 'TERM', @{ $self->{pids} } if %{ $self->{pipes} } || $self->{ready} < $self->{phase}{callers};
    for my $pid ( splice @{ $self->{pids} } ) {
        local $?;
        waitpid $pid, 0;
        $lost++ if $?;
    }
    $self->{pipes} = {};
    return $lost;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{pid} != $$;
    local ( $@, $!, $? );
    kill 'TERM', @{ $self->{pids} } if @{ $self->{pids} };
    waitpid $_, 0 for @{ $self->{pids} };
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Callers - all callers of one phase of a load test

=head1 DESCRIPTION

Callers are processes (so they work on perls with and without threads), each with a connection of its own. What they tell
comes over pipes, in lines of numbers.

=head1 METHODS

=head2 new

    my $callers = CPANBridge::LoadTest::Callers->new( $phase, $socket );

Starts the callers of a phase of L<CPANBridge::LoadTest::Plan>. Dies with a sentence where the system does not allow so
many processes or open files. They end with the object.

=head2 run

    my $trouble = $callers->run( sub { my ( $seconds, $calls ) = @_; ... } );

Waits until all callers are connected, starts them together, and returns when all have ended: C<undef>, or a sentence where
they could not do their work. The code is called four times a second with the seconds since the start and the calls
answered.

=head2 records

The calls, each a record of L<CPANBridge::LoadTest::Figures>.

=head2 last_held

When a call was last held, as far as a caller can know, as seconds of the monotonic clock.

=head2 failures

How often calls failed, by kind.

=cut
