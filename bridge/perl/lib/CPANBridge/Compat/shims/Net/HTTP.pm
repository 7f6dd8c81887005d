package Net::HTTP;

use 5.014;
use strict;
use warnings;

use Net::HTTP::Methods ();

our $VERSION = '6.22';
our $SOCKET_CLASS;

# Names of hosts with addresses of both kinds where Perl's core can (since 5.20).
if ( !$SOCKET_CLASS ) {
    local ( $@, $SIG{__DIE__} );
    $SOCKET_CLASS = eval { require IO::Socket::IP; 1 } ? 'IO::Socket::IP' : 'IO::Socket::INET';
    require IO::Socket::INET if $SOCKET_CLASS eq 'IO::Socket::INET';
}
our @ISA = ( $SOCKET_CLASS, 'Net::HTTP::Methods' );

sub new {
    my ( $class, @options ) = @_;
    unshift @options, 'Host' if @options == 1;
    return $class->SUPER::new( @options ? @options : ( Host => undef ) );
}

sub configure {
    my ( $self, $option ) = @_;
    return $self->http_configure($option);
}

sub http_connect {
    my ( $self, $option ) = @_;
    return $self->SUPER::configure($option);
}

1;

__END__

=head1 NAME

Net::HTTP - a connection to a server of HTTP

=head1 SYNOPSIS

    use Net::HTTP;

    my $http = Net::HTTP->new( Host => 'www.example.org' ) or die $@;
    $http->write_request( GET => '/', 'User-Agent' => 'Me/1.0' );
    my ( $code, $message, %headers ) = $http->read_response_headers;

=head1 COVERED

All that Net::HTTP 6.22 documents, with Net::HTTPS (over IO::Socket::SSL) and Net::HTTP::NB. The base class is L<IO::Socket::IP> where Perl has it, else
L<IO::Socket::INET>; C<$Net::HTTP::SOCKET_CLASS> chooses another. A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon.

=cut
