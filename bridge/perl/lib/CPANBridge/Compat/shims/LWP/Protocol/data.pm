package LWP::Protocol::data;

use 5.014;
use strict;
use warnings;

use HTTP::Date     ();
use HTTP::Response ();
use HTTP::Status   ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';

sub request {
    my ( $self, $request, $proxy, $where ) = @_;
    return HTTP::Response->new( HTTP::Status::HTTP_BAD_REQUEST(), 'You can not proxy with data' ) if $proxy;
    my $method = $request->method;
    return HTTP::Response->new( HTTP::Status::HTTP_BAD_REQUEST(), "Library does not allow method $method for 'data:' URLs" ) if $method !~ /\A(?:GET|HEAD)\z/;
    my $uri      = $request->uri;
    my $response = HTTP::Response->new( HTTP::Status::HTTP_OK(), 'Document follows' );
    my $data     = $uri->data;
    $response->header( 'Content-Type' => $uri->media_type, 'Content-Length' => length $data, Date => HTTP::Date::time2str(time), Server => "libwww-perl-internal/$VERSION" );
    $response->request($request);
    $data = '' if $method eq 'HEAD';
    return $self->collect_once( $where, $response, $data );
}

1;

__END__

=head1 NAME

LWP::Protocol::data - addresses that hold their content, for LWP::UserAgent

=head1 DESCRIPTION

Part of L<LWP>.

=cut
