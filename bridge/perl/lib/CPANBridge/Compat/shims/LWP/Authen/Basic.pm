package LWP::Authen::Basic;

use 5.014;
use strict;
use warnings;

use MIME::Base64 ();

our $VERSION = '6.68';

# Once a realm is known, a handler of the agent sends the password along with all requests to its paths.

sub auth_header {
    my ( $class, $user, $password, $request, $agent, $handler ) = @_;
    my $text = join ':', map { defined $_ ? $_ : '' } $user, $password;
    my $charset = $handler->{auth_param}{charset};
    utf8::encode($text) if ( defined $charset && lc $charset eq 'utf-8' ) || $text =~ /[^\x00-\xFF]/;
    utf8::downgrade($text);
    return 'Basic ' . MIME::Base64::encode( $text, '' );
}

sub _reauth { return 0 }

sub authenticate {
    my ( $class, $agent, $proxy, $params, $response, $request, $where, $size ) = @_;
    my $realm = $params->{realm};
    $realm = '' if !defined $realm;
    my $uri = $proxy ? $request->{proxy} : $request->uri_canonical;
    return $response if !$uri;
    my $place = $uri->host_port;
    my $field = $proxy ? 'Proxy-Authorization' : 'Authorization';
    my @spec  = ( owner => "$class $realm", realm => $realm, $proxy ? ( m_proxy => "$uri" ) : ( m_host_port => $place ) );

    my $handler = $agent->get_my_handler(
        'request_prepare',
        @spec,
        sub {
            my ($new) = @_;
            $new->{callback} = sub {
                my ( $message, $by, $self ) = @_;
                my ( $user, $password ) = $by->credentials( $place, $self->{realm} );
                return if !defined $user && !defined $password;
                $message->header( $field => $class->auth_header( $user, $password, $message, $by, $self ) );
            };
        }
    );
    my $before = $handler->{auth_param};
    $handler->{auth_param} = $params;
    my $again = $class->_reauth( $params, $before, $request, $agent, $handler );
    my $retry = sub {
        _add_path( $handler, $uri ) if !$proxy;
        my $next = $request->clone;
        $next->{proxy} = $request->{proxy} if $request->{proxy};
        return $agent->request( $next, $where, $size, $response );
    };

    # What is known was not sent yet, or was sent with something that has run out.
    my @known = $agent->credentials( $place, $realm );
    return $retry->() if @known && ( $again || !defined $request->header($field) || _by_another( $class, $request->header($field) ) );

    my ( $user, $password ) = $agent->get_basic_credentials( $realm, $uri, $proxy );
    if ( !defined $user || !defined $password ) {
        $agent->set_my_handler( 'request_prepare', undef, @spec );
        return $response;
    }
    if ( @known && defined $request->header($field) && ( $known[0] // '' ) eq $user && ( $known[1] // '' ) eq $password ) {
        return $response;
    }
    $agent->credentials( $place, $realm, $user, $password );
    return $retry->();
}

# Whether a field is that of another scheme.
sub _by_another {
    my ( $class, $value ) = @_;
    my ($scheme) = $class =~ /(\w+)\z/;
    return $value !~ /\A\s*\Q$scheme\E\b/i;
}

# The realm is believed to be all that lies in the directory.
sub _add_path {
    my ( $handler, $uri ) = @_;
    my $path = $uri->path;
    $path =~ s{[^/]*\z}{};
    $path = '/' if !length $path;
    my $known = $handler->{m_path_prefix} ||= [];
    push @$known, $path if !grep { index( $path, $_ ) == 0 } @$known;
    return;
}

1;

__END__

=head1 NAME

LWP::Authen::Basic - names and passwords

=head1 DESCRIPTION

Part of L<LWP>.

=cut
