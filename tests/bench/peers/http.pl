# A web service on the loopback address, with core modules, and the connection kept open.
use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;

sub {
    my ($port) = @_;
    my $json = JSON::PP->new->utf8;
    my $http = HTTP::Tiny->new( default_headers => { 'Content-Type' => 'application/json' } );
    return sub {
        my $response = $http->post( "http://127.0.0.1:$port/turn", { content => $json->encode( { text => $_[0] } ) } );
        die "$response->{status} $response->{content}\n" if !$response->{success};
        my $answer = $json->decode( $response->{content} );
        return @$answer{ 'text', 'length' };
    };
};
