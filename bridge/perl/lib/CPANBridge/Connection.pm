package CPANBridge::Connection;

use strict;
use warnings;

use Errno qw(EAGAIN ECONNRESET EINPROGRESS EINTR EPIPE EWOULDBLOCK);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(PF_UNIX SOCK_STREAM pack_sockaddr_un);
use Time::HiRes ();

our $VERSION = '0.1.0';

# Bytes asked for in one read: what a Unix socket holds at most by default on Linux.
my $READ_SIZE = 212_992;

# Bytes handed to the socket at a time once it did not take all at once.
my $WRITE_SIZE = 1 << 18;

# Longest path that fits into an address; one more byte ends it. Linux takes 108, others 104.
my $LONGEST_PATH = length( pack_sockaddr_un('/') ) >= 110 ? 107 : 103;

# The number of this thread; without threads, 0. A new thread gets copies of all objects, and CLONE tells it its number.
our $THREAD = 0;
sub CLONE { $THREAD = threads->can('tid') ? threads->tid : $THREAD + 1; return }

# SIGPIPE must not kill the program when the daemon goes away. MSG_NOSIGNAL spares two system calls a call, where the
# system has it.
my $no_signal = eval { Socket::MSG_NOSIGNAL() };

# The wall clock jumps, deadlines must not.
my $monotonic = eval { Time::HiRes::clock_gettime( Time::HiRes::CLOCK_MONOTONIC() ) }
  && Time::HiRes::CLOCK_MONOTONIC();

sub now { return defined $monotonic ? Time::HiRes::clock_gettime($monotonic) : Time::HiRes::time() }

# An object is one socket's life; after a failure it is closed for good, and a new object takes its place.
sub new {
    my ( $class, $path ) = @_;
    return bless {
        path     => $path,
        pid      => $$,
        thread   => $THREAD,
        fh       => undef,
        buffer   => '',
        dirty    => 0,       # a request is out whose answer has not been read to its end
        unsent   => 1,       # the last request certainly did not reach the daemon whole
        released => [],      # ids of Python objects that the program has let go of
        fault    => undef,   # [type, message] of the last failure
    }, $class;
}

sub fault { return $_[0]{fault} }

sub _fail {
    my ( $self, $type, $message ) = @_;
    $self->{fault} = [ $type, $message ];
    return;
}

# Whether this process and thread opened it. Others must not touch the socket: their bytes would mix with the owner's.
sub is_ours { return $_[0]{pid} == $$ && $_[0]{thread} == $THREAD }

# Returns true when connected. An EAGAIN means that the daemon's queue of new connections is full at the moment.
sub open {
    my ( $self, $deadline ) = @_;
    my $path = $self->{path};
    if ( length $path > $LONGEST_PATH ) {
        $self->{gone} = 0;
        return $self->_fail( ConnectionFailed =>
              "The socket's path is longer than the $LONGEST_PATH bytes that a Unix socket's may have: $path" );
    }
    my $distrusted = ${^TAINT} > 0 && _is_tainted($path);
    if ($distrusted) {
        $path = $self->_untainted or return;
    }
    my $pause = 0.005;
    while (1) {
        socket my $fh, PF_UNIX, SOCK_STREAM, 0
          or return $self->_fail( ConnectionFailed => "Cannot make a socket: $!" );
        my $flags = fcntl $fh, F_GETFL, 0;
        fcntl $fh, F_SETFL, $flags | O_NONBLOCK;
        if ( connect $fh, pack_sockaddr_un($path) ) {
            $self->{fh} = $fh;
            $self->{bits} = '';
            vec( $self->{bits}, fileno $fh, 1 ) = 1;
            return $distrusted ? $self->_is_trusted_peer : 1;
        }
        my $error = 0 + $!;
        if ( $error != EAGAIN && $error != EWOULDBLOCK && $error != EINTR && $error != EINPROGRESS ) {
            return $self->_no_connection;
        }
        my $left = $deadline - now();
        if ( $left <= 0 ) {
            return $self->_fail(
                ClientTimeout => "Cannot connect to the daemon at $path in time: its queue of new connections is full" );
        }
        Time::HiRes::sleep( $pause < $left ? $pause : $left );
        $pause *= 2 if $pause < 0.1;
    }
}

# What $! says about the path.
sub _no_connection {
    my ($self) = @_;
    my $why = "$!";
    $self->{gone} = $!{ENOENT} || $!{ECONNREFUSED};
    my $advice =
        $!{EACCES} ? 'this user may not use the socket'
      : $!{ENOENT} ? 'is the daemon running, and is this its socket?'
      :              'is the daemon running?';
    return $self->_fail( ConnectionFailed => "Cannot connect to the daemon at $self->{path}: $why ($advice)" );
}

# --- taint checks (perl -T): a path from outside the program leads only to a daemon of root's or of this user's ----------

sub _is_tainted { require Scalar::Util; return Scalar::Util::tainted( $_[0] ) }

# Returns the path, no longer tainted, if the socket is one that the program may trust.
sub _untainted {
    my ($self) = @_;
    my @stat = stat $self->{path} or return $self->_no_connection;
    return $self->_distrust("the socket belongs to user $stat[4]") if $stat[4] != 0 && $stat[4] != $>;
    my ($path) = $self->{path} =~ /\A(.*)\z/s;
    return $self->{path} = $path;
}

# Between the look at the file and the connection another may have taken its place.
sub _is_trusted_peer {
    my ($self) = @_;
    my $uid = $self->peer_uid;
    return 1 if defined $uid && ( $uid == 0 || $uid == $> );
    $self->close;
    return $self->_distrust( defined $uid ? "user $uid listens there" : 'it cannot be told who listens there' );
}

sub _distrust {
    my ( $self, $why ) = @_;
    $self->{gone} = 0;
    return $self->_fail( ConnectionFailed => "Not connected to the daemon at $self->{path}: under taint checks (perl -T) a path from"
          . " outside the program, as from the environment, leads only to a daemon of root's or of this user's ($>), and $why;"
          . ' set $CPANBridge::DAEMON_SOCKET in the program' );
}

# Whether a kept connection can carry another call. The daemon never speaks unasked except to say why it closes, so any
# byte or the end of input now means that this connection is over - and that nothing of the next call was sent.
sub is_usable {
    my ($self) = @_;
    return 0 if !$self->{fh} || $self->{dirty} || length $self->{buffer};
    my $got = sysread $self->{fh}, my $byte, 1;
    return 0 if defined $got;
    return $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
}

# Sends bytes (one line, or several) and returns the first line of the answer, without its newline. The socket stays
# marked as dirty until everything was read, so that an answer to a call that was given up - by a time-out, or by a die
# in a signal handler - is never taken for the next one's.
sub exchange {
    my ( $self, $deadline ) = @_[ 0, 2 ];
    $self->{dirty}  = 1;
    $self->{unsent} = 1;
    return if !$self->_send( $_[1], $deadline );
    return $self->read_line($deadline);
}

sub _send {
    my ( $self, $deadline ) = @_[ 0, 2 ];
    my $fh = $self->{fh};
    local $SIG{PIPE} = 'IGNORE' if !defined $no_signal;
    my $length = length $_[1];
    my $sent   = 0;
    while (1) {
        my $count =
          defined $no_signal
          ? ( $sent ? send $fh, substr( $_[1], $sent, $WRITE_SIZE ), $no_signal : send $fh, $_[1], $no_signal )
          : syswrite $fh, $_[1], $WRITE_SIZE, $sent;
        if ( defined $count ) {
            $sent += $count;

            # Without its last byte but the newline no request is complete, and an incomplete one is never executed.
            $self->{unsent} = 0 if $sent >= $length - 1;
            return 1 if $sent >= $length;
        }
        elsif ( $! == EAGAIN || $! == EWOULDBLOCK ) {
            return if !$self->_wait( 1, $deadline );
        }
        elsif ( $! != EINTR ) {
            my $why = "$!";

            # The daemon may have said why it stopped reading: too large a request, too many connections.
            return 1 if ( $! == EPIPE || $! == ECONNRESET ) && $self->_has_answer;
            return $self->_fail( ConnectionLost => "The daemon closed the connection: $why" );
        }
    }
}

# Sends bytes whose answer is read later.
sub write {
    my ( $self, $deadline ) = @_[ 0, 2 ];
    $self->{unsent} = 1;
    return $self->_send( $_[1], $deadline );
}

# Whether the daemon has not closed the connection; it may have said something that has not been read.
sub is_open {
    my ($self) = @_;
    my $fh = $self->{fh} or return 0;
    return 1 if length $self->{buffer};
    my $got = recv $fh, my $byte, 1, Socket::MSG_PEEK();
    return length $byte ? 1 : 0 if defined $got;
    return $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
}

# Whether something has come that has not been read.
sub has_something {
    my ($self) = @_;
    return 1 if length $self->{buffer};
    my $got = recv $self->{fh}, my $byte, 1, Socket::MSG_PEEK();
    return defined $got ? 1 : 0;
}

# The user that serves the socket: the kernel's word, or the owner of the socket's file where the kernel has none.
sub peer_uid {
    my ($self) = @_;
    my $level = eval { Socket::SOL_SOCKET() };
    my $option = eval { Socket::SO_PEERCRED() };
    $option = 17 if !defined $option && $^O eq 'linux';
    if ( defined $option ) {
        my $packed = getsockopt $self->{fh}, $level, $option;
        return ( unpack 'l3', $packed )[1] if defined $packed && length $packed == 12;
    }
    return ( stat $self->{path} )[4];
}

sub _has_answer {
    my ($self) = @_;
    while (1) {
        my $got = sysread $self->{fh}, $self->{buffer}, $READ_SIZE, length $self->{buffer};
        next if !defined $got && $! == EINTR;
        last if !$got;
    }
    return index( $self->{buffer}, "\n" ) >= 0;
}

sub read_line {
    my ( $self, $deadline ) = @_;
    my $fh      = $self->{fh};
    my $scanned = 0;
    while (1) {
        my $end = index $self->{buffer}, "\n", $scanned;
        if ( $end >= 0 ) {
            my $line;
            if ( $end == length( $self->{buffer} ) - 1 ) {
                $line = $self->{buffer};
                $self->{buffer} = '';
                chop $line;
            }
            else {
                $line = substr $self->{buffer}, 0, $end;
                substr( $self->{buffer}, 0, $end + 1 ) = '';
            }
            return $line;
        }
        $scanned = length $self->{buffer};
        return if !$self->_wait( 0, $deadline );
        my $got = sysread $fh, $self->{buffer}, $READ_SIZE, $scanned;
        next if $got;
        if ( defined $got ) {
            return $self->_fail( ConnectionLost => $scanned
                ? "The daemon closed the connection in the middle of its answer, after $scanned bytes"
                : 'The daemon closed the connection without an answer' );
        }
        next if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        return $self->_fail( ConnectionLost => "The daemon's answer cannot be read: $!" );
    }
}

# Returns the bytes that a request's answer in Storable's form carries, if it is that, has come whole, and nothing else has;
# otherwise nothing, and whatever has come is still to be read.
sub read_answer {
    my ( $self, $id, $deadline ) = @_;
    return if length $self->{buffer} || !$self->_wait( 0, $deadline );
    sysread $self->{fh}, $self->{buffer}, $READ_SIZE or return;
    return if $self->{buffer} !~ /\A\{"success":true,"storable":([0-9]+),"request_id":"([0-9]+)"\}\n/ || $2 ne $id;
    my $start = $+[0];
    return if length( $self->{buffer} ) != $start + $1;
    my $bytes = substr $self->{buffer}, $start;
    $self->{buffer} = '';
    return $bytes;
}

# Returns the next so many bytes, as they are.
sub read_bytes {
    my ( $self, $length, $deadline ) = @_;
    my $fh = $self->{fh};
    while ( ( my $missing = $length - length $self->{buffer} ) > 0 ) {
        my $got = sysread $fh, $self->{buffer}, ( $missing > $READ_SIZE ? $missing : $READ_SIZE ), length $self->{buffer};
        next if $got;
        return $self->_fail( ConnectionLost => "The daemon closed the connection $missing bytes before the end of its answer" )
          if defined $got;
        if ( $! == EAGAIN || $! == EWOULDBLOCK ) {
            return if !$self->_wait( 0, $deadline );
        }
        elsif ( $! != EINTR ) {
            return $self->_fail( ConnectionLost => "The daemon's answer cannot be read: $!" );
        }
    }
    if ( $length == length $self->{buffer} ) {
        my $bytes = $self->{buffer};
        $self->{buffer} = '';
        return $bytes;
    }
    return substr $self->{buffer}, 0, $length, '';
}

# Waits until the socket can be read or written.
sub _wait {
    my ( $self, $writing, $deadline ) = @_;
    while (1) {
        my $left = $deadline - now();
        $left = 0 if $left < 0;
        my $bits = $self->{bits};
        my $found = $writing ? select( undef, $bits, undef, $left ) : select( $bits, undef, undef, $left );
        return 1 if $found > 0;
        if ( $found == 0 ) {
            next if $left > 0 && $deadline - now() > 0;    # some systems wake a little early
            return $self->_fail(
                ClientTimeout => $writing
                ? 'The daemon did not take the request in time'
                : 'The daemon did not answer in time'
            );
        }
        next if $! == EINTR;
        return $self->_fail( ConnectionLost => "Cannot wait for the daemon: $!" );
    }
}

# The whole answer has been read.
sub done { $_[0]{dirty} = 0; return }

# Never shutdown(): after a fork the parent's connection is the same one.
sub close {
    my ($self) = @_;
    my $fh = delete $self->{fh};
    $self->{buffer}   = '';
    $self->{released} = [];
    CORE::close($fh) if $fh;
    return;
}

sub DESTROY { local ( $@, $!, $?, $^E ); delete $_[0]{fh}; return }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Connection - one connection to the daemon's socket, with deadlines

=head1 DESCRIPTION

Used by L<CPANBridge>; programs have no need of it. An object is one socket's life. Every wait ends at a deadline on the
monotonic clock; a connection whose last answer was not read to its end, or that another process or thread opened, is
never used again.

=head1 METHODS

No method dies. Those that can fail return false, and C<fault> then holds a type and a sentence.

=head2 new

    my $connection = CPANBridge::Connection->new($path);

=head2 now

    my $seconds = CPANBridge::Connection::now();

The clock that deadlines are on.

=head2 open

    $connection->open($deadline) or die $connection->fault->[1];

Connects. While the daemon's queue of new connections is full it tries again until the deadline. Under taint checks
(C<perl -T>) a tainted path is taken only if the socket, and who listens there, is root's or the program's own effective
user's. After a failure
C<< $connection->{gone} >> tells whether no daemon listens there.

=head2 is_ours

Whether this process and thread opened the connection.

=head2 is_usable

Whether it is open, between two calls, and the daemon has not closed it.

=head2 exchange

    my $line = $connection->exchange( $bytes, $deadline );

Sends bytes and returns the next line of the answer. After a failure C<< $connection->{unsent} >> is true where the
daemon cannot have received a whole request.

=head2 read_line

    my $line = $connection->read_line($deadline);

Returns a further line.

=head2 read_answer

    my $bytes = $connection->read_answer( $id, $deadline );

Returns what the answer to the request C<$id> carries in Storable's form, if it comes in one piece. If not, it returns
nothing, and the answer is to be read line by line.

=head2 read_bytes

    my $bytes = $connection->read_bytes( $length, $deadline );

Returns the next C<$length> bytes, whatever they are.

=head2 write

    $connection->write( $bytes, $deadline );

Sends bytes whose answer is read later, with C<read_line>.

=head2 is_open

Whether the daemon has not closed its end, as far as is known.

=head2 has_something

Whether there is anything to read: bytes, or the end.

=head2 peer_uid

The number of the user who listens at the other end.

=head2 done

Says that everything that was asked for has been read.

=head2 fault

Returns C<[$type, $sentence]> of the last failure.

=head2 close

Closes this process's end.

=head2 CLONE

Called by Perl in a new thread, which must not use the connections of the thread that made it.

=cut
