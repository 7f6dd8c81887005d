package LWP::Protocol::nogo;

use 5.014;
use strict;
use warnings;

use HTTP::Response ();
use HTTP::Status   ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';

sub request {
    my ( $self, $request ) = @_;
    my $scheme = $request->uri->scheme;
    return HTTP::Response->new( HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), "Access to '$scheme' URIs has been disabled" );
}

1;

__END__

=head1 NAME

LWP::Protocol::nogo - refuses everything

=head1 DESCRIPTION

Part of L<LWP>.

=cut
