package Net::HTTPS;

use 5.014;
use strict;
use warnings;

use Net::HTTP::Methods ();

our $VERSION = '6.22';
our $SSL_SOCKET_CLASS;

if ( !$SSL_SOCKET_CLASS ) {
    require IO::Socket::SSL;
    $SSL_SOCKET_CLASS = 'IO::Socket::SSL';
}
our @ISA = ( $SSL_SOCKET_CLASS, 'Net::HTTP::Methods' );

sub configure {
    my ( $self, $option ) = @_;
    return $self->http_configure($option);
}

sub http_connect {
    my ( $self, $option ) = @_;
    return $self->SUPER::configure($option);
}

sub http_default_port { return 443 }

1;

__END__

=head1 NAME

Net::HTTPS - a connection to a server of HTTP over TLS

=head1 SYNOPSIS

    my $https = Net::HTTPS->new( Host => 'www.example.org' ) or die $@;

=head1 DESCRIPTION

Part of L<Net::HTTP>; needs IO::Socket::SSL or its replacement.

=cut
