package LWP::Protocol::mailto;

use 5.014;
use strict;
use warnings;

use HTTP::Response ();
use HTTP::Status   ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';
our $SENDMAIL;

sub _program {
    return $SENDMAIL if defined $SENDMAIL;
    return ( grep {-x} '/usr/sbin/sendmail', '/usr/lib/sendmail' )[0];
}

sub request {
    my ( $self, $request, $proxy, $where ) = @_;
    return HTTP::Response->new( HTTP::Status::HTTP_BAD_REQUEST(), 'You can not proxy with mail' ) if $proxy;
    my $method = $request->method;
    return HTTP::Response->new( HTTP::Status::HTTP_BAD_REQUEST(), "Library does not allow method $method for 'mailto:' URLs" ) if $method ne 'POST';
    my $program = _program();
    return HTTP::Response->new( HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), 'There is no program sendmail' ) if !defined $program;

    my $headers = $request->headers->clone;
    my @given   = $request->uri->headers;
    my $body;
    while ( my ( $name, $value ) = splice @given, 0, 2 ) {
        if   ( lc $name eq 'body' ) { $body = $value }
        else                        { $headers->init_header( $name => $value ) }
    }
    my $content = $request->content;
    $content = $body if defined $body && !length $content;
    my $text = $headers->as_string . "\n" . $content;
    require CPANBridge::Compat::Mail;
    my $sent = eval { local $SIG{__DIE__}; CPANBridge::Compat::Mail::pipe_into( [ $program, '-t', '-oi' ], sub { my ($out) = @_; print {$out} $text } ) };
    return HTTP::Response->new( HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), 'sendmail failed: ' . ( $@ || "status $?" ) ) if !$sent;
    my $response = HTTP::Response->new( HTTP::Status::HTTP_ACCEPTED(), 'Mail accepted' );
    $response->header( 'Content-Type', 'text/plain' );
    $response->request($request);
    return $self->collect_once( $where, $response, 'Message sent to <' . $request->uri->to . ">\n" );
}

1;

__END__

=head1 NAME

LWP::Protocol::mailto - mail by sendmail, for LWP::UserAgent

=head1 DESCRIPTION

Part of L<LWP>.

=cut
