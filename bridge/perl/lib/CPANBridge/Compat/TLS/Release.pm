package CPANBridge::Compat::TLS::Release;

# Has the daemon end TLS on a connection, and puts the unencrypted connection back in its handle.
use 5.014;
use strict;
use warnings;

use Errno qw(EAGAIN EPROTO ETIMEDOUT EWOULDBLOCK);
use Fcntl qw(F_GETFD F_GETFL F_SETFD F_SETFL O_NONBLOCK);
use POSIX  ();
use Socket qw(AF_UNIX MSG_DONTWAIT MSG_PEEK PF_UNSPEC SOCK_STREAM);

use CPANBridge::Connection;
use CPANBridge::JSON;
use CPANBridge::Compat::TLS::Descriptors;

our $VERSION = '0.1.0';

# Takes the handle and seconds; returns an object, or (undef, number, sentence). From here on whoever waits for the
# handle waits for the end.
sub begin {
    my ( $class, $handle, $seconds ) = @_;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or return ( undef, 0 + $!, "cannot make a socket: $!" );
    return ( undef, 0 + $!, "the daemon cannot be told: $!" )
      if !CPANBridge::Compat::TLS::Descriptors::send_byte( $handle, '-', fileno $theirs );
    close $theirs;
    my $self = bless {
        blocking => !( fcntl( $handle, F_GETFL, 0 ) & O_NONBLOCK ),
        deadline => CPANBridge::Connection::now() + $seconds,
    }, $class;
    open $self->{stream}, '+<&', $handle or return ( undef, 0 + $!, "cannot copy the descriptor: $!" );
    _replace( $handle, fileno $ours ) or return ( undef, 0 + $!, "cannot replace the descriptor: $!" );
    my $flags = fcntl $handle, F_GETFL, 0;
    fcntl $handle, F_SETFL, $flags | O_NONBLOCK;
    return $self;
}

# Returns 1 when the handle is the unencrypted connection; nothing while it is not, which only happens without $wait; and
# nothing with a fault after a failure.
sub finish {
    my ( $self, $handle, $wait ) = @_;
    while (1) {
        my ( $line, $descriptor ) = CPANBridge::Compat::TLS::Descriptors::receive( $handle, 4096 );
        if ( defined $line ) {
            my $answer = $line =~ /\n\z/ ? eval { local $SIG{__DIE__}; CPANBridge::JSON::decode($line) } : undef;
            return $self->_fail( EPROTO, 'the daemon closed the connection' ) if ref $answer ne 'HASH';
            return $self->_fail( EPROTO, $answer->{error} ) if !$answer->{success} || !defined $descriptor;
            return $self->_take( $handle, $descriptor );
        }
        return $self->_fail( 0 + $!, "$!" ) if $! != EAGAIN && $! != EWOULDBLOCK;
        return if !$wait;
        my $left = $self->{deadline} - CPANBridge::Connection::now();
        return $self->_fail( ETIMEDOUT, 'the peer did not say good-bye in time' ) if $left <= 0;
        vec( my $bits = '', fileno $handle, 1 ) = 1;
        select $bits, undef, undef, $left;
    }
}

sub _take {
    my ( $self, $handle, $descriptor ) = @_;
    my $done = _replace( $handle, $descriptor );
    POSIX::close($descriptor);
    return $self->_fail( 0 + $!, "cannot replace the descriptor: $!" ) if !$done;
    my $flags = fcntl $handle, F_GETFL, 0;
    fcntl $handle, F_SETFL, $self->{blocking} ? $flags & ~O_NONBLOCK : $flags | O_NONBLOCK;

    # What the peer had sent before its good-bye and nobody has read.
    my $got = recv $self->{stream}, my $unread, 1, MSG_PEEK | MSG_DONTWAIT;
    return $self->_fail( EPROTO, 'what the peer had sent was not read' ) if defined $got && length $unread;
    return 1;
}

# Puts an open file under a handle's descriptor, which stays as it was for programs that are started.
sub _replace {
    my ( $handle, $descriptor ) = @_;
    my $flags = fcntl $handle, F_GETFD, 0;
    defined POSIX::dup2( $descriptor, fileno $handle ) or return 0;
    fcntl $handle, F_SETFD, 0 + $flags if $flags;
    return 1;
}

sub _fail {
    my ( $self, $number, $text ) = @_;
    $self->{fault} = [ $number, $text ];
    return;
}

sub fault { return $_[0]{fault} }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Release - go back from TLS to plain text

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL>. A socket is sent along with a byte of the stream, which asks the daemon to say good-bye to
the peer, to wait for the peer's, and to send the connection's descriptor back through that socket.

=head1 METHODS

=head2 begin

    my ( $release, $number, $text ) = CPANBridge::Compat::TLS::Release->begin( $handle, $seconds );

=head2 finish

    $release->finish( $handle, $wait );

Returns 1 when the handle is the unencrypted connection. Without C<$wait> and before that, nothing. After a failure nothing, and
C<fault> is set; the connection is lost then.

=head2 fault

Returns C<[$number, $sentence]> of the failure, or undef.

=cut
