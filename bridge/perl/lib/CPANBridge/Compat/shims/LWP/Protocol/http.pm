package LWP::Protocol::http;

use 5.014;
use strict;
use warnings;

use HTTP::Response ();
use HTTP::Status   ();
use Net::HTTP      ();
use Scalar::Util   ();
use Time::HiRes    ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';
our @EXTRA_SOCK_OPTS;

my $CRLF = "\015\012";

# --- connecting -----------------------------------------------------------------------------------------------------

sub socket_type  { return 'http' }
sub socket_class { my ($self) = @_; return ( ref $self || $self ) . '::Socket' }
sub _conn_class  { my ($self) = @_; return $self->socket_class }

sub _extra_sock_opts {
    my ($self) = @_;
    return ( MaxLineLength => 65_536, MaxHeaderLines => 1024, @EXTRA_SOCK_OPTS );
}

sub _check_sock { return }

sub _new_socket {
    my ( $self, $host, $port, $timeout ) = @_;
    my $agent = $self->{ua};
    local ( $@, $! );
    my $class = $self->_conn_class;
    $class = 'LWP::Protocol::http::Socket' if $class eq 'LWP::Protocol::http::Socket' || !$class->can('new');
    my $socket = $class->new(
        PeerAddr => $host,
        PeerPort => $port,
        ( $agent && defined $agent->local_address ? ( LocalAddr => $agent->local_address ) : () ),
        Proto     => 'tcp',
        Timeout   => $timeout,
        KeepAlive => !!( $agent && $agent->conn_cache ),
        SendTE    => $agent ? $agent->send_te : 0,
        $self->_extra_sock_opts( $host, $port ),
    );
    if ( !$socket ) {
        my $why = defined $@ && length $@ ? $@ : "$!";
        $why =~ s/ at \S+ line \d+\.?\n?.*//s;
        $why =~ s/\A.*?: (?=.)//s if $why =~ /\A(?:IO::Socket|Net::HTTP)/;
        die "Can't connect to $host:$port" . ( length $why ? " ($why)" : '' ) . "\n\n$why\n";
    }
    $socket->blocking(0) if $socket->can('blocking');
    return $socket;
}

# A connection that was kept, if it still stands; and whether it is one.
sub _socket_for {
    my ( $self, $host, $port, $timeout, $via ) = @_;
    my $cache = $self->{ua} ? $self->{ua}->conn_cache : undef;
    if ($cache) {
        while ( my $socket = $cache->withdraw( $self->socket_type, $via ) ) {
            next if $socket->can('_is_mine') && !$socket->_is_mine;    # from before a fork: it belongs to the parent
            next if $socket->can('ping') && !$socket->ping;
            $socket->timeout($timeout) if $socket->can('timeout');
            return ( $socket, 1 );
        }
    }
    my $socket = $self->_new_socket( $host, $port, $timeout );
    $socket->_is_mine if $socket->can('_is_mine');
    return ( $socket, 0 );
}

# --- what is sent ---------------------------------------------------------------------------------------------------

sub hlist_remove {
    my ( $list, $name ) = @_;
    $name = lc $name;
    for ( my $i = $#$list - 1 ; $i >= 0 ; $i -= 2 ) { splice @$list, $i, 2 if lc $list->[$i] eq $name }
    return;
}

sub _fixup_header {
    my ( $self, $headers, $uri, $proxy ) = @_;
    $headers->remove_header('Connection') if $headers->header('Connection') && $headers->header('Connection') =~ /\bTE\b/;
    my $at = $uri->authority;
    $at = '' if !defined $at;
    if ( $at =~ s/\A(.*)\@// ) {
        my ( $user, $password ) = map { defined $_ ? URI::Escape::uri_unescape($_) : '' } split /:/, $1, 2;
        $headers->authorization_basic( $user, defined $password ? $password : '' ) if !$headers->header('Authorization') && $user !~ /:/;
    }
    $headers->init_header( Host => $at );
    if ( $proxy && ref $proxy && $proxy->can('userinfo') && defined( my $info = $proxy->userinfo ) && $uri->scheme ne 'https' ) {
        my ( $user, $password ) = map { URI::Escape::uri_unescape($_) } split /:/, $info, 2;
        $headers->proxy_authorization_basic( $user, $password ) if !$headers->header('Proxy-Authorization');
    }
    return;
}

# The request's content: as a string, or as a sub for pieces. And whether it can be sent a second time.
sub _content {
    my ( $self, $request, $headers ) = @_;
    my $ref = $request->content_ref;
    $ref = $$ref if ref $$ref;
    my $type = ref $ref eq 'CODE' ? 'CODE' : ref $ref eq 'SCALAR' ? 'SCALAR' : '';
    my $length = $headers->header('Content-Length');
    if ( $type eq 'CODE' ) {
        my $chunked = !defined $length;
        $headers->header( 'Transfer-Encoding' => 'chunked' ) if $chunked;
        return ( $ref, $chunked );
    }
    die "Can't send content of the type $ref\n" if $type ne 'SCALAR';
    my $bytes = $$ref;
    $bytes = '' if !defined $bytes;
    die "Wide character in the request's content\n" if !utf8::downgrade( $bytes, 1 );
    my $has = length $bytes;
    if ( $has || ( $request->method =~ /\A(?:POST|PUT|PATCH)\z/ && !defined $headers->header('Transfer-Encoding') ) ) {
        if ( !defined $length ) { $headers->header( 'Content-Length' => $has ) }
        elsif ( $length ne $has ) {
            warn "Content-Length header value was wrong, fixed at " . __FILE__ . ' line ' . __LINE__ . ".\n" if $^W;
            $headers->header( 'Content-Length' => $has );
        }
    }
    elsif ( defined $length ) { $headers->remove_header('Content-Length') }
    return ( \$bytes, 0 );
}

sub _wait {
    my ( $socket, $for_writing, $timeout ) = @_;
    return 1 if !$socket->can('fileno') || !defined fileno $socket;
    return 1 if !$for_writing && $socket->can('pending') && $socket->pending;
    my $until = defined $timeout ? Time::HiRes::time() + $timeout : undef;
    while (1) {
        my $bits = '';
        vec( $bits, fileno $socket, 1 ) = 1;
        my $left = defined $until ? $until - Time::HiRes::time() : undef;
        $left = 0 if defined $left && $left < 0;
        my $found = $for_writing ? select( undef, $bits, undef, $left ) : select( $bits, undef, undef, $left );
        return 1 if $found > 0;
        return 0 if $found == 0 || !$!{EINTR};
        next;
    }
}

# Writes all of it; gives up as soon as the server has something to say, which then is why.
sub _write {
    my ( $self, $socket, $bytes, $timeout ) = @_;
    my $sent = 0;
    local $SIG{PIPE} = 'IGNORE';
    while ( $sent < length $bytes ) {
        my $wrote = $socket->syswrite( $sent ? substr( $bytes, $sent, 65_536 ) : length $bytes > 65_536 ? substr( $bytes, 0, 65_536 ) : $bytes );
        if ( defined $wrote ) { $sent += $wrote; next }
        next if $!{EINTR};
        die "write failed: $!\n" if !$!{EAGAIN} && !$!{EWOULDBLOCK};
        _wait( $socket, 1, $timeout ) or die "write timeout\n";
    }
    return;
}

# --- a request ------------------------------------------------------------------------------------------------------

sub request {
    my ( $self, $request, $proxy, $where, $size, $timeout ) = @_;
    $size ||= 4096;
    my $method = $request->method;
    if ( $method !~ /\A[A-Za-z0-9_!#\$%&'*+\-.^`|~]+\z/ ) {
        return HTTP::Response->new( HTTP::Status::HTTP_BAD_REQUEST(), "Library does not allow method $method for 'http:' URLs" );
    }
    my $uri = $request->uri;
    my ( $host, $port, $path );
    if ( $proxy && $uri->scheme ne 'https' ) {
        ( $host, $port ) = ( $proxy->host, $proxy->port );
        my $target = $uri->clone;
        $target->fragment(undef) if $target->can('fragment');
        $target->userinfo(undef) if $target->can('userinfo');
        $path = $method eq 'CONNECT' ? $uri->host_port : $target->as_string;
    }
    else {
        ( $host, $port ) = ( $uri->host, $uri->port );
        $path = $uri->path_query;
        $path = "/$path" if $path !~ m{\A/};
    }
    my $headers = $request->headers->clone;
    $self->_fixup_header( $headers, $uri, $proxy );
    my ( $content, $chunked ) = $self->_content( $request, $headers );
    my $tunnel = $proxy && $uri->scheme eq 'https' ? $proxy : undef;
    my $via = "$host:$port" . ( $tunnel ? " through $tunnel" : '' );
    $self->{tunnel} = $tunnel;
    for my $try ( 0, 1 ) {
        my ( $socket, $kept ) = $self->_socket_for( $host, $port, $timeout, $via );
        return $socket if Scalar::Util::blessed($socket) && $socket->isa('HTTP::Response');    # a proxy said no
        $self->_check_sock( $request, $socket );
        my $response = eval {
            local $SIG{__DIE__};
            $self->_send( $socket, $method, $path, $headers, $content, $chunked, $timeout );
            $self->_answer( $socket, $request, $timeout );
        };
        my $error = $@;
        if ($response) { return $self->_body( $socket, $request, $response, $where, $size, $timeout, $via ) }

        # A connection that was kept may have been closed on the other side in the meantime.
        my $nothing = !$socket->can('_rbuf_length') || !$socket->_rbuf_length;
        next if !$try && $kept && ref $content eq 'SCALAR' && $nothing && $error =~ /\A(?:Server closed connection|write failed|read failed)/;
        die $error;
    }
    return;
}

sub _send {
    my ( $self, $socket, $method, $path, $headers, $content, $chunked, $timeout ) = @_;
    my @fields;
    $headers->scan( sub { my ( $name, $value ) = @_; $name =~ s/\A://; $value = "$value"; $value =~ s/\n/ /g if $value =~ /\n/; push @fields, $name, $value } );
    my $start = $socket->format_request( $method, $path, @fields );
    if ( ref $content eq 'SCALAR' ) {
        my $patient = length $$content && ( $headers->header('Expect') || '' ) =~ /100-continue/i;
        if ( !$patient ) {
            $start .= $$content;
            $self->_write( $socket, $start, $timeout );
            return;
        }
        $self->_write( $socket, $start, $timeout );
        if ( _wait( $socket, 0, 1 ) ) {    # servers that do not know this say nothing
            my ( $code, $message, @rest ) = $socket->read_response_headers( laxed => 1 );
            if ( $code != 100 ) { $self->{early} = [ $code, $message, @rest ]; return }
        }
        $self->_write( $socket, $$content, $timeout );
        return;
    }
    $self->_write( $socket, $start, $timeout );
    while ( defined( my $piece = $content->() ) ) {
        last if !length $piece;
        die "Wide character in the request's content\n" if !utf8::downgrade( $piece, 1 );
        $self->_write( $socket, $chunked ? $socket->format_chunk($piece) : $piece, $timeout );
    }
    $self->_write( $socket, $socket->format_chunk_eof, $timeout ) if $chunked;
    return;
}

# Reads the answer's header.
sub _answer {
    my ( $self, $socket, $request, $timeout ) = @_;
    my ( $code, $message, @fields, @junk );
    my $before = 0;
    while (1) {
        if ( my $early = delete $self->{early} ) { ( $code, $message, @fields ) = @$early }
        else {
            if ( !( $socket->can('_rbuf_length') && $socket->_rbuf_length ) ) { _wait( $socket, 0, $timeout ) or die "read timeout\n" }
            ( $code, $message, @fields ) = $socket->read_response_headers( laxed => 1, junk_out => \@junk );
        }
        last if $code !~ /\A1/ || $code == 101;
        die "Too many interim responses\n" if ++$before > 100;
    }
    my $response = HTTP::Response->new( $code, $message );
    my $version = $socket->peer_http_version;
    $response->protocol("HTTP/$version");
    {
        local $HTTP::Headers::TRANSLATE_UNDERSCORE;
        my @known;
        while ( my ( $name, $value ) = splice @fields, 0, 2 ) { push @known, lc $name eq 'transfer-encoding' ? 'Client-Transfer-Encoding' : $name, $value if length $name && $name !~ /\A:/ }
        $response->push_header(@known) if @known;
    }
    $response->push_header( 'Client-Junk' => \@junk ) if @junk;
    $response->request($request);
    $self->_get_sock_info( $response, $socket );
    return $response;
}

sub _get_sock_info {
    my ( $self, $response, $socket ) = @_;
    if ( $socket->can('peerhost') && defined( my $host = $socket->peerhost ) ) {
        $host = "[$host]" if $host =~ /:/;
        $response->header( 'Client-Peer' => "$host:" . $socket->peerport );
    }
    return;
}

sub _body {
    my ( $self, $socket, $request, $response, $where, $size, $timeout, $via ) = @_;
    my $ended = $request->method eq 'CONNECT' && $response->is_success;
    if ($ended) { $response->{client_socket} = $socket; return $response }
    my $complete;
    $self->collect(
        $where,
        $response,
        sub {
            my ( $bytes, $got ) = ('');
            while (1) {
                $got = $socket->read_entity_body( $bytes, $size );
                if ( !defined $got ) {
                    next if $!{EINTR};
                    if ( $!{EAGAIN} || $!{EWOULDBLOCK} ) { _wait( $socket, 0, $timeout ) or die "read timeout\n"; next }
                    die "read failed: $!\n";
                }
                last if $got != -1;
            }
            $complete = 1 if !$got;
            return \$bytes;
        }
    );
    if ( $complete && $socket->can('was_cut') && $socket->was_cut ) { $response->push_header( 'Client-Aborted' => 'truncated' ); undef $complete }
    $socket->increment_response_count if $socket->can('increment_response_count');
    if ($complete) {
        my @trailers = $socket->get_trailers;
        while ( my ( $name, $value ) = splice @trailers, 0, 2 ) { $response->push_header( $name => $value ) }
    }
    $response->push_header( 'Client-Response-Num' => $socket->increment_response_count(0) ) if $socket->can('_count');
    my $cache = $self->{ua} ? $self->{ua}->conn_cache : undef;
    if ( $complete && $cache && $self->_stays( $socket, $request, $response ) ) { $cache->deposit( $self->socket_type, $via, $socket ) }
    return $response;
}

sub _stays {
    my ( $self, $socket, $request, $response ) = @_;
    my %said = map { lc($_) => 1 } map { split /\s*,\s*/ } $response->header('Connection'), $request->header('Connection');
    return 0 if $said{close};
    return 0 if $socket->can('_rbuf_length') && $socket->_rbuf_length;    # more than was asked for
    return 1 if $said{'keep-alive'};
    return $socket->peer_http_version eq '1.1';
}

# --- sockets --------------------------------------------------------------------------------------------------------

{
    package LWP::Protocol::http::SocketMethods;

    # A connection at rest has nothing to read: neither an end nor an answer that nobody asked for.
    sub ping {
        my ($self) = @_;
        return !LWP::Protocol::http::_wait( $self, 0, 0 );
    }

    # Within an answer's header and between chunks.
    sub can_read {
        my ( $self, $timeout ) = @_;
        return LWP::Protocol::http::_wait( $self, 0, defined $timeout ? $timeout : $self->timeout );
    }

    sub _is_mine { my ($self) = @_; return ( ${*$self}{lwp_pid} ||= $$ ) == $$ }

    sub _count { return 1 }

    sub increment_response_count {
        my ( $self, $by ) = @_;
        ${*$self}{lwp_response_count} += defined $by ? $by : 1;
        return ${*$self}{lwp_response_count};
    }
}
{
    package LWP::Protocol::http::Socket;

    our @ISA = ( 'LWP::Protocol::http::SocketMethods', 'Net::HTTP' );
}

1;

__END__

=head1 NAME

LWP::Protocol::http - HTTP/1.1 for LWP::UserAgent

=head1 DESCRIPTION

Part of L<LWP>. C<@LWP::Protocol::http::EXTRA_SOCK_OPTS> goes to the constructor of L<Net::HTTP>.

A connection that was kept (C<keep_alive>) and turns out to be closed is replaced by a new one, once, if the server has sent nothing.

=cut
