package LWP::Protocol::https;

use 5.014;
use strict;
use warnings;

use HTTP::Response ();

use parent 'LWP::Protocol::http';

our $VERSION = '6.10';

BEGIN {
    local ( $@, $SIG{__DIE__} );
    if ( !eval { require IO::Socket::SSL; 1 } ) {
        my $why = $@;
        $why =~ s/ \(you may need.*//s;
        $why =~ s/ at \S+ line \d+.*//s;
        die "https needs IO::Socket::SSL, or its replacement, and that cannot be loaded: $why\n";
    }
}

sub socket_type { return 'https' }

# The agent's options as those of IO::Socket::SSL.
sub _ssl_options {
    my ( $self, $host ) = @_;
    my %option = %{ ( $self->{ua} && $self->{ua}{ssl_opts} ) || {} };
    my $verify = delete $option{verify_hostname};
    if ($verify) {
        $option{SSL_verify_mode} = 1 if !defined $option{SSL_verify_mode};
        $option{SSL_verifycn_scheme} = 'www' if !defined $option{SSL_verifycn_scheme};
    }
    else {
        $option{SSL_verify_mode} = 0 if !defined $option{SSL_verify_mode};
        $option{SSL_verifycn_scheme} = 'none' if !$option{SSL_verify_mode} && !defined $option{SSL_verifycn_scheme};
    }
    $option{SSL_hostname}      = $host if !defined $option{SSL_hostname} && $host !~ /\A[\d.]+\z|:/;
    $option{SSL_verifycn_name} = $host if !defined $option{SSL_verifycn_name};
    return %option;
}

# Connects, through a tunnel if there is a proxy, and begins TLS on the connection.
sub _new_socket {
    my ( $self, $host, $port, $timeout ) = @_;
    my $tunnel = $self->{tunnel};
    my $plain  = LWP::Protocol::http->new( 'http', $self->{ua} );
    my $socket = $plain->_new_socket( $tunnel ? ( $tunnel->host, $tunnel->port ) : ( $host, $port ), $timeout );
    if ($tunnel) {
        my $refusal = $self->_tunnel( $plain, $socket, $host, $port, $timeout );
        return $refusal if $refusal;
    }
    $socket->blocking(1);
    my $class = $self->socket_class;
    my $done = eval {
        local $SIG{__DIE__};
        $class->start_SSL( $socket, $self->_ssl_options($host), Timeout => $timeout );
    };
    if ( !$done ) {
        no warnings 'once';
        my $why = length $@ ? $@ : $IO::Socket::SSL::SSL_ERROR || 'TLS could not be started';
        $why =~ s/ at \S+ line \d+\.?\n?\z//;
        die "Can't connect to $host:$port ($why)\n\n$why\n";
    }
    ${*$socket}{http_host} = $host . ( $port == 443 ? '' : ":$port" );
    $socket->blocking(0);
    return $socket;
}

# Asks the proxy for a connection; returns its answer where it is no.
sub _tunnel {
    my ( $self, $plain, $socket, $host, $port, $timeout ) = @_;
    require HTTP::Headers;
    my $name    = $host =~ /:/ ? "[$host]:$port" : "$host:$port";
    my $headers = HTTP::Headers->new( Host => $name );
    my $agent   = $self->{ua};
    $headers->user_agent( $agent->agent ) if $agent && length( $agent->agent || '' );
    if ( defined( my $info = $self->{tunnel}->userinfo ) ) {
        require URI::Escape;
        my ( $user, $password ) = map { URI::Escape::uri_unescape($_) } split /:/, $info, 2;
        $headers->proxy_authorization_basic( $user, $password );
    }
    $headers->header( 'Proxy-Authorization' => $self->{proxy_authorization} ) if defined $self->{proxy_authorization};
    my $send_te = $socket->send_te(0);
    my $empty = '';
    $plain->_send( $socket, 'CONNECT', $name, $headers, \$empty, 0, $timeout );
    my $response = $plain->_answer( $socket, undef, $timeout );
    $socket->send_te($send_te);
    return undef if $response->is_success;    ## no critic (ProhibitExplicitReturnUndef)
    $plain->{ua} = undef;
    require HTTP::Request;
    my $request = HTTP::Request->new( CONNECT => "https://$name" );
    $plain->_body( $socket, $request, $response, undef, 4096, $timeout, $name );
    return $response;
}

sub request {
    my ( $self, $request, @rest ) = @_;
    $self->{proxy_authorization} = $request->header('Proxy-Authorization');
    if ( $rest[0] && defined $self->{proxy_authorization} ) {    # for the proxy, not for the server behind it
        my $copy = $request->clone;
        $copy->remove_header('Proxy-Authorization');
        my $response = $self->SUPER::request( $copy, @rest );
        $response->request($request);
        return $response;
    }
    my $response = $self->SUPER::request( $request, @rest );
    $response->request($request) if !$response->request;
    return $response;
}

sub _get_sock_info {
    my ( $self, $response, $socket ) = @_;
    $self->SUPER::_get_sock_info( $response, $socket );
    $response->header( 'Client-SSL-Socket-Class' => 'IO::Socket::SSL' );
    for my $pair ( [ 'Client-SSL-Version' => 'get_sslversion' ], [ 'Client-SSL-Cipher' => 'get_cipher' ] ) {
        my ( $name, $method ) = @$pair;
        next if !$socket->can($method);
        local ( $@, $SIG{__DIE__} );
        my $value = eval { $socket->$method };
        $response->header( $name => $value ) if defined $value;
    }
    for my $pair ( [ Subject => 'subject' ], [ Issuer => 'issuer' ] ) {
        last if !$socket->can('peer_certificate');
        local ( $@, $SIG{__DIE__} );
        my $value = eval { $socket->peer_certificate( $pair->[1] ) };
        $response->header( "Client-SSL-Cert-$pair->[0]" => $value ) if defined $value && length $value;
    }
    $response->push_header( 'Client-SSL-Warning' => 'Peer certificate not verified' ) if !$self->{ua} || !$self->{ua}->ssl_opts('verify_hostname');
    return;
}

{
    package LWP::Protocol::https::Socket;

    our @ISA = ( 'LWP::Protocol::http::SocketMethods', 'IO::Socket::SSL', 'Net::HTTP::Methods' );

    sub http_default_port { return 443 }
}

1;

__END__

=head1 NAME

LWP::Protocol::https - https for LWP::UserAgent

=head1 DESCRIPTION

Part of L<LWP>. Uses the methods that IO::Socket::SSL documents for clients: C<start_SSL> with C<SSL_hostname>, C<SSL_verify_mode>, C<SSL_verifycn_scheme> and
what else the agent's C<ssl_opts> has. Through a proxy it asks for a tunnel (C<CONNECT>).

=cut
