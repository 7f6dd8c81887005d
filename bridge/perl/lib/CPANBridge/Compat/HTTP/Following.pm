package CPANBridge::Compat::HTTP::Following;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

sub request {
    my ( $self, $request, $where, $size, $previous ) = @_;
    my $response = $self->simple_request( $request, $where, $size );
    $response->previous($previous) if $previous;
    my $most = $self->{max_redirect};
    if ( defined $most && $response->redirects >= $most ) {
        if ( $response->is_redirect ) { $response->push_header( 'Client-Warning' => "Redirect loop detected (max_redirect = $most)" ) }
        return $response;
    }
    if ( my $next = $self->run_handlers( 'response_redirect', $response ) ) {
        return $self->request( $next, $where, $size, $response );
    }
    my $code = $response->code;
    if ( $code =~ /\A30[12378]\z/ ) {
        my $next = $self->_redirected( $request, $response ) or return $response;
        return $response if !$self->redirect_ok( $next, $response );
        return $self->request( $next, $where, $size, $response );
    }
    if ( $code == 401 || $code == 407 ) { return $self->_authenticate( $request, $response, $where, $size ) }
    return $response;
}

sub _redirected {
    my ( $self, $request, $response ) = @_;
    my $target = $response->header('Location');
    return if !defined $target || !length $target;
    my $asked = $response->request;
    my $from  = $asked->uri;
    my $next  = $asked->clone;
    $next->remove_header( 'Host', 'Cookie' );
    require URI;
    {
        no warnings 'once';
        local $URI::ABS_ALLOW_RELATIVE_SCHEME = 1;
        my $base = $response->base || $from;
        $target = URI->new( $target, $base->scheme )->abs($base);
    }
    $next->uri($target);
    my ( $here, $there ) = map { $_->can('host_port') ? join '://', $_->scheme, $_->host_port : '' } $from, $target;
    if ( lc $here ne lc $there ) {    # a password is for one server
        $next->remove_header('Authorization');
        $next->remove_header('Referer') if $from->scheme eq 'https' && ( $target->scheme || '' ) ne 'https';
    }
    delete $next->{proxy};
    if ( $response->code == 303 || ( $response->code == 302 && $next->method !~ /\A(?:GET|HEAD)\z/ ) ) {
        if ( $next->method ne 'HEAD' ) {
            $next->method('GET');
            $next->content('');
            $next->remove_content_headers;
        }
    }
    return $next;
}

sub redirect_ok {
    my ( $self, $next, $response ) = @_;
    my $method = $response->request->method;
    return 0 if !grep { $_ eq $method } @{ $self->requests_redirectable || [] };
    my $scheme = $next->uri->scheme;
    if ( defined $scheme && $scheme eq 'file' ) {
        $response->push_header( 'Client-Warning' => q(Can't redirect to a file:// URL!) );
        return 0;
    }
    return 1;
}

sub _authenticate {
    my ( $self, $request, $response, $where, $size ) = @_;
    my $is_proxy = $response->code == 407;
    my @challenges = $response->header( $is_proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate' );
    if ( !@challenges ) {
        $response->push_header( 'Client-Warning' => 'Missing Authenticate header' );
        return $response;
    }
    require HTTP::Headers::Util;
    my $best = $response;
    for my $text (@challenges) {
        ( my $plain = $text ) =~ tr/,/;/;    # "," is used to separate auth-params, too
        my ($words) = HTTP::Headers::Util::split_header_words($plain);
        my ( $scheme, undef, %params ) = @{ $words || [] };
        if ( !defined $scheme || $scheme !~ /\A[a-z]+(?:-[a-z]+)*\z/ ) {
            $response->push_header( 'Client-Warning' => 'Bad authentication scheme' . ( defined $scheme ? " '$scheme'" : '' ) );
            next;
        }
        ( my $class = "LWP::Authen::\u$scheme" ) =~ tr/-/_/;
        ( my $file = "$class.pm" ) =~ s{::}{/}g;
        if ( !$class->can('authenticate') && !eval { local $SIG{__DIE__}; require $file; 1 } ) {
            $response->push_header( 'Client-Warning' => $@ =~ /\ACan't locate/ ? "Unsupported authentication scheme '$scheme'" : "$@" );
            next;
        }
        my $answer = $class->authenticate( $self, $is_proxy, \%params, $response, $request, $where, $size );
        return $answer if $answer->code != $response->code;
        $best = $answer;
    }
    return $best;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Following - redirections and passwords for the replacement of LWP::UserAgent

=head1 DESCRIPTION

A base class of L<LWP::UserAgent>'s replacement: what an answer makes it do next.

=head1 METHODS

=head2 request

=head2 redirect_ok

As LWP::UserAgent has them.

=cut
