package CPANBridge::Compat::TLS::Descriptors;

# Sends and receives open files over a Unix socket, for which Perl has no functions: by system calls.
use 5.014;
use strict;
use warnings;

use Config ();
use Errno qw(EINTR);
use Socket qw(SOL_SOCKET);

our $VERSION = '0.1.0';

# sendmsg(2) and recvmsg(2) by number. Their structures are packed below as 64-bit Linux has them.
my %NUMBER = ( x86_64 => [ 46, 47 ], aarch64 => [ 211, 212 ] );

my ( $SCM_RIGHTS, $MSG_NOSIGNAL, $MSG_CMSG_CLOEXEC ) = ( 1, 0x4000, 0x40000000 );

# Of the header of what is sent along, and of the whole with one descriptor in it.
my ( $HEADER, $ROOM ) = ( 16, 24 );

sub numbers {
    my ( $archname, $pointer_size, $integer_size ) =
      @_ ? @_ : @Config::Config{qw(archname ptrsize ivsize)};
    my ( $machine, $system ) = $archname =~ /\A(\w+)-(\w+)/;
    return @{ $NUMBER{$machine} } if defined $machine && $NUMBER{$machine} && $system eq 'linux' && $pointer_size == 8 && $integer_size == 8;
    die "TLS needs a 64-bit perl on Linux for x86_64 or aarch64, to give the connection to the daemon; this one is for $archname\n";
}

# Sends one byte, and the descriptor with it; false with $! set where that cannot be done at once.
sub send_byte {
    my ( $socket, $byte, $descriptor ) = @_;
    my ($number) = numbers();
    my $control = pack 'Q l l l x4', $HEADER + 4, SOL_SOCKET, $SCM_RIGHTS, $descriptor;
    my $vector  = pack 'P Q', $byte, 1;
    my $message = pack 'Q L x4 P Q P Q l x4', 0, 0, $vector, 1, $control, length $control, 0;
    my $sent;
    do { $sent = syscall $number, fileno $socket, $message, $MSG_NOSIGNAL } while $sent < 0 && $! == EINTR;
    return $sent == 1;
}

# Returns what came, at most so many bytes, and the descriptor that came with it, if any. Nothing with $! set where
# nothing is there.
sub receive {
    my ( $socket, $most ) = @_;
    my ( undef, $number ) = numbers();
    my ( $bytes, $control ) = ( "\0" x $most, "\0" x $ROOM );
    substr( $_, 0, 1 ) = "\0" for $bytes, $control;    # copies of their own: the kernel writes into them
    my $vector  = pack 'P Q', $bytes, $most;
    my $message = pack 'Q L x4 P Q P Q l x4', 0, 0, $vector, 1, $control, $ROOM, 0;
    my $got;
    do { $got = syscall $number, fileno $socket, $message, $MSG_CMSG_CLOEXEC } while $got < 0 && $! == EINTR;
    return if $got < 0;
    my ($length) = unpack 'x40 Q', $message;
    my ( $size, $level, $type, $descriptor ) = unpack 'Q l l l', $control;
    my $came = $length >= $HEADER + 4 && $size == $HEADER + 4 && $level == SOL_SOCKET && $type == $SCM_RIGHTS;
    return ( substr( $bytes, 0, $got ), $came ? $descriptor : undef );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Descriptors - send and receive open files over a Unix socket

=head1 FUNCTIONS

=head2 numbers

    my ( $sendmsg, $recvmsg ) = CPANBridge::Compat::TLS::Descriptors::numbers();

The numbers of the system calls on this machine; dies with a sentence where they are not known.

=head2 send_byte

    CPANBridge::Compat::TLS::Descriptors::send_byte( $socket, '{', fileno $file ) or die $!;

Sends a byte and a descriptor with it. Does not wait.

=head2 receive

    my ( $bytes, $descriptor ) = CPANBridge::Compat::TLS::Descriptors::receive( $socket, 4096 ) or die $!;

Reads once, and gives the number of the open file that came along, or undef. An empty string is the end of input.

=cut
