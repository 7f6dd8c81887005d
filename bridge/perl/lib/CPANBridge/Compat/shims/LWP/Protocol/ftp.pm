package LWP::Protocol::ftp;

use 5.014;
use strict;
use warnings;

use HTTP::Response  ();
use HTTP::Status    ();
use LWP::MediaTypes ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';

sub _answer {
    my ( $request, $code, $message ) = @_;
    my $response = HTTP::Response->new( $code, $message );
    $response->request($request);
    return $response;
}

sub request {
    my ( $self, $request, $proxy, $where, $size, $timeout ) = @_;
    return _answer( $request, HTTP::Status::HTTP_BAD_REQUEST(), 'You can not proxy through the ftp' ) if $proxy;
    my $uri    = $request->uri;
    my $method = $request->method;
    return _answer( $request, HTTP::Status::HTTP_NOT_IMPLEMENTED(), "Library does not allow method $method for 'ftp:' URLs" ) if $method !~ /\A(?:GET|HEAD|PUT)\z/;

    # What would end a command must not get into one.
    my ( $user, $password ) = $request->headers->authorization_basic;
    ( $user, $password ) = ( $uri->user, $uri->password ) if !defined $user;
    my @path = map { ref $_ ? "$_" : $_ } $uri->path_segments;
    shift @path;
    return _answer( $request, HTTP::Status::HTTP_BAD_REQUEST(), 'A name has a line break' ) if grep { defined && /[\r\n\0]/ } @path, $user, $password;
    my $name = @path ? pop @path : '';

    require Net::FTP;
    my $agent = $self->{ua};
    my $ftp = Net::FTP->new( $uri->host, Port => $uri->port, Timeout => $timeout, Passive => 1, $agent && defined $agent->local_address ? ( LocalAddr => $agent->local_address ) : () );
    if ( !$ftp ) {
        ( my $why = "$@" ) =~ s/\ANet::FTP: //;
        return _answer( $request, HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), "Can't connect to " . $uri->host_port . " ($why)" );
    }
    if ( !$ftp->login( $user, defined $password ? $password : '' ) ) {
        my $response = _answer( $request, HTTP::Status::HTTP_UNAUTHORIZED(), scalar $ftp->message );
        $response->header( 'WWW-Authenticate', q(Basic Realm="FTP login") );
        return $response;
    }
    $ftp->binary;
    for my $folder (@path) {
        next if !length $folder;
        $ftp->cwd($folder) or return _answer( $request, HTTP::Status::HTTP_NOT_FOUND(), "Can't chdir to $folder" );
    }
    return $self->_put( $ftp, $request, $name ) if $method eq 'PUT';
    my $changed = length $name ? $ftp->mdtm($name) : undef;
    my $since   = $request->if_modified_since;
    return _answer( $request, HTTP::Status::HTTP_NOT_MODIFIED(), 'Not modified' ) if defined $changed && defined $since && $changed <= $since;

    my $response = _answer( $request, HTTP::Status::HTTP_OK(), 'OK' );
    $response->last_modified($changed) if defined $changed;
    my $length = length $name ? $ftp->size($name) : undef;
    my $data = length $name && $method ne 'HEAD' ? $ftp->retr($name) : undef;
    if ( $data || ( $method eq 'HEAD' && defined $length ) ) {
        my ( $type, @encodings ) = LWP::MediaTypes::guess_media_type( $uri );
        $response->header( 'Content-Type' => $type );
        $response->push_header( 'Content-Encoding' => $_ ) for @encodings;
        $response->header( 'Content-Length' => $length ) if defined $length;
        return $response if !$data;
        $response = $self->collect(
            $where,
            $response,
            sub {
                my $got = $data->read( my ($bytes), $size || 4096 );
                die "FTP: $!\n" if !defined $got;
                return \$bytes;
            }
        );
        $data->close;
        $ftp->quit;
        return $response;
    }
    return $self->_list( $ftp, $request, $response, $name, $where );
}

# What is no file is tried as a directory.
sub _list {
    my ( $self, $ftp, $request, $response, $name, $where ) = @_;
    if ( length $name && !$ftp->cwd($name) ) { return _answer( $request, HTTP::Status::HTTP_NOT_FOUND(), "File '$name' not found" ) }
    my @lines = $ftp->dir;
    $ftp->quit;
    my $text = join '', map {"$_\n"} @lines;
    my $type = 'text/ftp-dir-listing';
    if ( ( $request->header('Accept') || '' ) =~ m{\btext/html\b} ) {
        require File::Listing;
        require HTML::Entities;
        require URI::Escape;
        my $base = $request->uri->clone;
        $base->path( $base->path . '/' ) if $base->path !~ m{/\z};
        $text = "<HTML>\n<HEAD><TITLE>File Listing</TITLE>\n<BASE HREF=\"$base\">\n</HEAD>\n<BODY>\n<UL>\n";
        for my $entry ( File::Listing::parse_dir( \@lines, 'GMT' ) ) {
            my $shown = $entry->[0] . ( $entry->[1] eq 'd' ? '/' : '' );
            $text .= '<LI> <a href="' . URI::Escape::uri_escape( $shown, '^A-Za-z0-9\-._~/' ) . '">' . HTML::Entities::encode_entities($shown) . "</a>\n";
        }
        $text .= "</UL>\n</BODY>\n</HTML>\n";
        $type = 'text/html';
    }
    $response->header( 'Content-Type' => $type, 'Content-Length' => length $text );
    return $request->method eq 'HEAD' ? $response : $self->collect_once( $where, $response, $text );
}

sub _put {
    my ( $self, $ftp, $request, $name ) = @_;
    my $data = length $name ? $ftp->stor($name) : undef;
    return _answer( $request, HTTP::Status::HTTP_BAD_REQUEST(), 'FTP return code ' . $ftp->code . ': ' . scalar $ftp->message ) if !$data;
    my $content = $request->content;
    my $sent    = 0;
    while ( defined( my $piece = ref $content eq 'CODE' ? $content->() : $sent ? undef : $content ) ) {
        last if !length $piece;
        for ( my $at = 0 ; $at < length $piece ; ) {
            my $wrote = $data->write( substr( $piece, $at ), length($piece) - $at );
            die "FTP: $!\n" if !$wrote;
            $at += $wrote;
        }
        $sent += length $piece;
    }
    $data->close;
    $ftp->quit;
    my $response = _answer( $request, HTTP::Status::HTTP_CREATED(), 'Created' );
    $response->header( 'Content-Type' => 'text/plain' );
    $response->content("$sent bytes stored as $name on " . $request->uri->host . "\n");
    return $response;
}

1;

__END__

=head1 NAME

LWP::Protocol::ftp - files on servers of FTP, for LWP::UserAgent

=head1 DESCRIPTION

Part of L<LWP>. Uses the core's L<Net::FTP>, in passive mode.

=cut
