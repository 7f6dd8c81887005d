package CPANBridge::Compat::TLS::Handover;

# Gives a connected socket to the daemon's module tls, and puts the stream that comes of it in the socket's place.
use 5.014;
use strict;
use warnings;

use Errno qw(EAGAIN ECONNREFUSED EINTR EPROTO ETIMEDOUT EWOULDBLOCK);
use Fcntl qw(F_GETFD F_GETFL F_SETFD F_SETFL O_NONBLOCK);
use POSIX ();
use Scalar::Util qw(weaken);
use Socket qw(MSG_PEEK);

use CPANBridge;
use CPANBridge::Connection;
use CPANBridge::JSON;
use CPANBridge::Compat::TLS::Descriptors;

our $VERSION = '0.1.0';

# Calls that the daemon refuses without having begun may be made again.
my $RETRIES = 3;

# Takes the socket, the parameters of tls.start as JSON text without braces, and seconds.
sub begin {
    my ( $class, $socket, $params, $timeout ) = @_;
    my $self = bless {
        socket   => $socket,
        deadline => CPANBridge::Connection::now() + $timeout + 5,
        retries  => $RETRIES,
        buffer   => '',
        line     => '"module":"tls","function":"start","params":{' . $params . "}}\n",
    }, $class;
    weaken $self->{socket};    # which may hold us
    return $self->_begin ? $self : ( undef, @{ $self->{fault} } );
}

sub _begin {
    my ($self) = @_;
    my $socket = $self->{socket};
    eval { CPANBridge::Compat::TLS::Descriptors::numbers(); 1 } or return $self->_fail( EPROTO, _first_line($@) );

    # A connection of its own, since it will be no connection for calls any more.
    my $bridge = CPANBridge->new;
    my $connection = eval { $bridge->_connect( $self->{deadline} ) }
      or return $self->_fail( ECONNREFUSED, $bridge->{refusal} ? $bridge->{refusal}{error} : _first_line($@) );
    $self->{blocking} = !( fcntl( $socket, F_GETFL, 0 ) & O_NONBLOCK );
    open $self->{plain}, '+<&', $socket or return $self->_fail( 0 + $!, "cannot copy the descriptor: $!" );
    my ($program) = CPANBridge::JSON::encode( do { ( my $name = $0 ) =~ s{.*/}{}; utf8::decode($name); $name } );
    substr $self->{line}, 0, 0, qq("client_version":"$CPANBridge::VERSION","perl_caller":$program,);
    my $bytes = $self->{line};
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    $self->{line} = $bytes;

    return if !$self->_send($connection);

    # From here on whoever waits for the handle waits for the daemon.
    my $done = _replace( $socket, $connection->{fh} );
    my $why  = 0 + $!;
    $connection->close;
    return $self->_fail( $why, "cannot replace the descriptor: $!" ) if !$done;
    $self->{replaced} = 1;
    return 1;
}

# Puts one handle's open file under the other's descriptor, which stays as it was for programs that are started.
sub _replace {
    my ( $handle, $by ) = @_;
    my $flags = fcntl $handle, F_GETFD, 0;
    defined POSIX::dup2( fileno $by, fileno $handle ) or return 0;
    fcntl $handle, F_SETFD, 0 + $flags if $flags;
    return 1;
}

# The descriptor goes with the first byte of the request.
sub _send {
    my ( $self, $connection ) = @_;
    CPANBridge::Compat::TLS::Descriptors::send_byte( $connection->{fh}, '{', fileno $self->{plain} )
      or return $self->_fail( 0 + $!, "cannot give the connection to the daemon: $!" );
    return 1 if $connection->_send( $self->{line}, $self->{deadline} );
    return $self->_fail( EPROTO, $connection->fault->[1] );
}

# Returns what the handshake agreed on; nothing while it goes on, which only happens where the socket does not block; and
# nothing with {fault} set after a failure. The socket is the caller's own again then.
sub finish {
    my ( $self, $wait ) = @_;
    while (1) {
        my $line = $self->_line($wait);
        return if !defined $line;
        my $answer = eval { local $SIG{__DIE__}; CPANBridge::JSON::decode($line) };
        return $self->_fail( EPROTO, 'what the daemon answered cannot be understood' ) if ref $answer ne 'HASH';
        if ( $answer->{success} && !$self->{accepted} ) {
            $self->{accepted} = 1;    # the next line tells how the handshake went
            next;
        }
        if ( $answer->{success} ) {
            $self->_set_blocking( $self->{socket}, $self->{blocking} );
            delete @$self{qw(plain line)};
            return $answer->{result};
        }
        my $text = defined $answer->{error} ? $answer->{error} : 'no reason given';
        $text =~ s/\Atls\.start: // or $text = "CPANBridge: $text";
        my $retry = !$self->{accepted} && defined $answer->{executed} && !$answer->{executed} && $self->{retries}-- > 0;
        my $pause = $answer->{retry_after} || 1;
        if ( !$retry || !$wait || CPANBridge::Connection::now() + $pause > $self->{deadline} ) {
            my $number = ( $answer->{exception} || '' ) eq 'HandshakeTimeoutError' ? ETIMEDOUT : EPROTO;
            $self->{answer} = $answer;
            return $self->_fail( $number, $text );
        }
        select undef, undef, undef, $pause;
        $self->_restore;
        $self->_begin or return;
    }
}

# Reads one line and not a byte more: what follows is the stream's.
sub _line {
    my ( $self, $wait ) = @_;
    my $socket = $self->{socket};
    while (1) {
        my $found = recv $socket, my $seen, 65_536, MSG_PEEK;
        if ( !defined $found ) {
            next if $! == EINTR;
            return $self->_fail( 0 + $!, "CPANBridge: the daemon's answer cannot be read: $!" )
              if $! != EAGAIN && $! != EWOULDBLOCK;
            return if !$wait;
            my $left = $self->{deadline} - CPANBridge::Connection::now();
            return $self->_fail( ETIMEDOUT, 'CPANBridge: the daemon did not answer in time' ) if $left <= 0;
            vec( my $bits = '', fileno $socket, 1 ) = 1;
            select $bits, undef, undef, $left;
            next;
        }
        return $self->_fail( EPROTO, 'CPANBridge: the daemon closed the connection without an answer' ) if !length $seen;
        my $end = index $seen, "\n";
        my $want = $end < 0 ? length $seen : $end + 1;
        my $got = sysread $socket, $self->{buffer}, $want, length $self->{buffer};
        next if !$got || $end < 0;
        my $line = $self->{buffer};
        $self->{buffer} = '';
        chomp $line;
        return $line;
    }
}

sub _set_blocking {
    my ( $self, $handle, $blocking ) = @_;
    my $flags = fcntl $handle, F_GETFL, 0 or return;
    fcntl $handle, F_SETFL, $blocking ? $flags & ~O_NONBLOCK : $flags | O_NONBLOCK;
    return;
}

# Puts the caller's own connection back.
sub _restore {
    my ($self) = @_;
    my $socket = $self->{socket};
    _replace( $socket, $self->{plain} ) if $self->{plain} && delete $self->{replaced} && defined $socket && defined fileno $socket;
    delete $self->{plain};
    return;
}

sub _fail {
    my ( $self, $number, $text ) = @_;
    $self->_restore;
    $self->{fault} = [ $number, $text ];
    return;
}

sub fault { return $_[0]{fault} }

sub _first_line { my ($text) = @_; $text =~ s/\n.*//s; return $text }

# Given up halfway, by a die in a signal handler: the daemon sees its connection close and lets the socket go.
sub DESTROY { my ($self) = @_; local ( $@, $!, $?, $^E ); $self->_restore if $self->{plain} && ${^GLOBAL_PHASE} ne 'DESTRUCT'; return }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Handover - have the daemon encrypt a connection

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL>; programs have no need of it. The descriptor of a connected socket is sent to the daemon,
whose module C<tls> does the handshake. The connection to the daemon then takes the socket's place, under the same
descriptor: what the program reads and writes there is plain text. The program keeps no copy of the encrypted
connection, so that closing its handle closes it.

=head1 METHODS

=head2 begin

    my ( $handover, $number, $text ) = CPANBridge::Compat::TLS::Handover->begin( $socket, $params, $seconds );

Sends the socket and the request; C<$params> are the parameters of C<tls.start> (see F<docs/protocol.md>) as JSON text
without the braces. From now on the handle becomes readable when the daemon has answered. After a failure there is no
object, but an error number and a sentence.

=head2 finish

    my $result = $handover->finish($wait);

Returns what the handshake agreed on. Without C<$wait> and before it is over, nothing. After a failure nothing, and
C<fault> is set; the handle is the unencrypted connection again, of which the server has seen the beginning of a handshake.

=head2 fault

Returns C<[$number, $sentence]> of the failure, or undef.

=cut
