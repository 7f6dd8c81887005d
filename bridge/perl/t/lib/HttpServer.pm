package HttpServer;

# A server of HTTP on 127.0.0.1 in a process of its own, for tests: what it answers is told by the path.
use strict;
use warnings;

use IO::Compress::Gzip qw(gzip);
use IO::Socket::INET;
use POSIX ();

my $CRLF = "\015\012";

sub new {
    my ($class) = @_;
    my $listener = IO::Socket::INET->new( Listen => 20, LocalAddr => '127.0.0.1', ReuseAddr => 1 ) or die "cannot listen: $!";
    my $pid = fork;
    die "cannot fork: $!" if !defined $pid;
    if ( !$pid ) {
        setpgrp 0, 0;
        alarm 120;    # nobody is left behind
        $SIG{CHLD} = 'IGNORE';
        $SIG{PIPE} = 'IGNORE';
        while ( my $client = $listener->accept ) {
            my $child = fork;
            if ( defined $child && !$child ) { close $listener; alarm 60; _serve($client); POSIX::_exit(0) }
            close $client;
        }
        POSIX::_exit(0);
    }
    my $port = $listener->sockport;
    close $listener;
    return bless { pid => $pid, port => $port, owner => $$ }, $class;
}

sub url { my ( $self, $path ) = @_; return "http://127.0.0.1:$self->{port}$path" }

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    kill 'KILL', -$self->{pid};    # those that still serve, too
    waitpid $self->{pid}, 0;
    return;
}

# Requests of one connection, one after the other.
sub _serve {
    my ($client) = @_;
    my $count = 0;
    while ( my $request = _read($client) ) {
        $count++;
        my ( $path, $query ) = $request->{target} =~ m{\A(?:http://[^/]+)?(/[^?]*)\??(.*)\z}s ? ( $1, $2 ) : ( '/echo', '' );
        my ( $name, @rest ) = grep {length} split m{/}, $path;
        my $sub = HttpServer->can( 'do_' . ( defined $name ? $name : 'echo' ) ) || \&do_missing;
        $request->{count} = $count;
        $request->{query} = $query;
        $sub->( $client, $request, @rest ) or last;
    }
    return;
}

sub _read {
    my ($client) = @_;
    my $head = '';
    while ( $head !~ /\r\n\r\n\z/ ) { sysread( $client, $head, 1, length $head ) or return }
    my ( $line, @lines ) = split /\r\n/, $head;
    my ( $method, $target ) = split ' ', $line;
    my %header = map { /\A([^:]+):\s*(.*)\z/ ? ( lc $1 => $2 ) : () } @lines;
    my $body = '';
    if ( ( $header{'transfer-encoding'} || '' ) eq 'chunked' ) {
        my $raw = '';
        while ( $raw !~ /0\r\n\r\n\z/ ) { sysread( $client, $raw, 1, length $raw ) or return }
        while ( $raw =~ s/\A([0-9a-f]+)\r\n// ) { $body .= substr $raw, 0, hex $1, ''; $raw =~ s/\A\r\n// }
    }
    else {
        my $length = $header{'content-length'} || 0;
        while ( length $body < $length ) { sysread( $client, $body, $length - length $body, length $body ) or return }
    }
    return { method => $method, target => $target, head => $head, header => \%header, body => $body };
}

sub _send {
    my ( $client, $status, $fields, $body ) = @_;
    $body = '' if !defined $body;
    my @fields = ( @$fields, 'Content-Length: ' . length $body );
    print $client join( $CRLF, "HTTP/1.1 $status", @fields ), $CRLF, $CRLF, $body;
    return 1;
}

sub do_missing { my ($client) = @_; return _send( $client, '404 Not Found', ['Content-Type: text/plain'], "nothing here\n" ) }

# The request, and how many have come on this connection.
sub do_echo {
    my ( $client, $request ) = @_;
    return _send( $client, '200 OK', [ 'Content-Type: text/plain', "X-Count: $request->{count}" ], $request->{method} eq 'HEAD' ? '' : $request->{head} . $request->{body} );
}

sub do_status   { my ( $client, undef, $code ) = @_; return _send( $client, "$code Whatever", [] ) }
sub do_redirect { my ( $client, undef, $code, @to ) = @_; return _send( $client, "$code Elsewhere", [ 'Location: /' . join '/', @to ] ) }
sub do_loop     { my ($client) = @_; return _send( $client, '302 Found', ['Location: /loop'] ) }

sub do_away {
    my ( $client, $request ) = @_;
    ( my $host = $request->{header}{host} ) =~ s/127\.0\.0\.1/localhost/;
    return _send( $client, '302 Found', ["Location: http://$host/echo"] );
}

sub do_cookie {
    my ($client) = @_;
    return _send( $client, '200 OK', [ 'Set-Cookie: first=1; path=/', 'Set-Cookie: second=2; path=/echo/below; HttpOnly' ] );
}

sub do_text {
    my ( $client, undef, $charset ) = @_;
    my $bytes = $charset eq 'utf-8' ? "caf\xC3\xA9 \xE2\x82\xAC" : "caf\xE9";
    return _send( $client, '200 OK', ["Content-Type: text/plain; charset=$charset"], $bytes );
}

sub do_gzip {
    my ($client) = @_;
    my $bytes = "packed \xC3\xA9" . 'x' x 10_000;
    gzip( \$bytes, \my $packed ) or die;
    return _send( $client, '200 OK', [ 'Content-Type: text/plain; charset=utf-8', 'Content-Encoding: gzip' ], $packed );
}

sub do_chunked {
    my ($client) = @_;
    print $client join $CRLF, 'HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Transfer-Encoding: chunked', '', '5;x=y', 'Hello', '1', ' ', 'A', 'big world!', '0', 'X-Trailer: yes', '', '';
    return 1;
}

sub do_big { my ( $client, undef, $size ) = @_; return _send( $client, '200 OK', ['Content-Type: application/octet-stream'], 'x' x $size ) }

sub do_page {
    my ($client) = @_;
    my $page = '<html><head><!-- <title>No</title> --><title>A &amp; B</title><meta http-equiv="X-Said" content="so"><meta name="keywords" content="k">'
      . '<base href="http://base.example/x/"></head><body><title>No</title></body></html>';
    return _send( $client, '200 OK', [ 'Content-Type: text/html', 'Last-Modified: Thu, 03 Feb 1994 00:00:00 GMT' ], $page );
}

sub do_basic {
    my ( $client, $request ) = @_;
    return _send( $client, '200 OK', [], 'come in' ) if ( $request->{header}{authorization} || '' ) eq 'Basic bWU6c2VjcmV0';    # me:secret
    return _send( $client, '401 No', ['WWW-Authenticate: Basic realm="the realm"'] );
}

sub do_digest {
    my ( $client, $request ) = @_;
    my $said = $request->{header}{authorization} || '';
    if ( $said =~ /\ADigest / ) {
        require Digest::MD5;
        my %is;
        $is{$1} = defined $2 ? $2 : $3 while $said =~ /(\w+)=(?:"([^"]*)"|([^\s,]+))/g;
        my $secret = Digest::MD5::md5_hex('me:r:secret');
        my $what   = Digest::MD5::md5_hex("$request->{method}:$is{uri}");
        my $proof  = Digest::MD5::md5_hex( join ':', $secret, 'abc', $is{nc}, $is{cnonce}, 'auth', $what );
        return _send( $client, '200 OK', [], 'come in' ) if $proof eq $is{response} && $is{uri} eq $request->{target};
    }
    return _send( $client, '401 No', ['WWW-Authenticate: Digest realm="r", nonce="abc", qop="auth,auth-int", opaque="o"'] );
}

sub do_cached {
    my ( $client, $request ) = @_;
    return _send( $client, '304 Not Modified', [] ) if $request->{header}{'if-modified-since'};
    return _send( $client, '200 OK', ['Last-Modified: Thu, 03 Feb 1994 00:00:00 GMT'], "content\n" );
}

# Waits for a go-ahead before it takes content.
sub do_continue {
    my ( $client, $request ) = @_;
    return _send( $client, '200 OK', [], $request->{body} );
}

sub do_hints { my ($client) = @_; print $client "HTTP/1.1 103 Early Hints${CRLF}Link: </x>$CRLF$CRLF"; return _send( $client, '200 OK', [], 'done' ) }

# --- broken ones ----------------------------------------------------------------------------------------------------

sub do_slow     { sleep 30; return 0 }
sub do_stall    { my ($client) = @_; print $client "HTTP/1.1 200 OK${CRLF}Content-Length: 100$CRLF${CRLF}half"; $client->flush; sleep 30; return 0 }
sub do_hangup   { return 0 }
sub do_garbage  { my ($client) = @_; print $client "garbage\n"; return 0 }
sub do_short    { my ($client) = @_; print $client "HTTP/1.1 200 OK${CRLF}Content-Length: 100$CRLF${CRLF}half"; return 0 }
sub do_badchunk { my ($client) = @_; print $client "HTTP/1.1 200 OK${CRLF}Transfer-Encoding: chunked$CRLF${CRLF}zz$CRLF"; return 0 }
sub do_old      { my ($client) = @_; print $client "HTTP/1.0 200 OK$CRLF${CRLF}until the end"; return 0 }
sub do_longline { my ($client) = @_; print $client 'HTTP/1.1 200 OK', $CRLF, 'X: ', 'y' x 100_000, $CRLF, $CRLF; return 0 }

# Says that the connection stays, and closes it.
sub do_liar { my ( $client, $request ) = @_; _send( $client, '200 OK', ["X-Count: $request->{count}"], 'ok' ); return 0 }

1;
