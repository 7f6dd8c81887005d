package LWP::Protocol::loopback;

use 5.014;
use strict;
use warnings;

use HTTP::Response ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';

sub request {
    my ( $self, $request, $proxy, $where, @rest ) = @_;
    my $response = HTTP::Response->new( 200, 'OK' );
    $response->content_type('message/http; msgtype=request');
    $response->header( Via => "loopback/1.0 $proxy" ) if $proxy;
    $response->request($request);
    return $self->collect_once( $where, $response, $request->as_string );
}

1;

__END__

=head1 NAME

LWP::Protocol::loopback - gives a request back as the answer

=head1 DESCRIPTION

Part of L<LWP>.

=cut
