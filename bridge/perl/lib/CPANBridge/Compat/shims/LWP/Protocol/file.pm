package LWP::Protocol::file;

use 5.014;
use strict;
use warnings;

use HTTP::Date      ();
use HTTP::Response  ();
use HTTP::Status    ();
use LWP::MediaTypes ();

use parent 'LWP::Protocol';

our $VERSION = '6.68';

sub _answer {
    my ( $code, $message ) = @_;
    return HTTP::Response->new( $code, $message );
}

sub request {
    my ( $self, $request, $proxy, $where, $size ) = @_;
    $size = 4096 if !$size || $size < 0;
    return _answer( HTTP::Status::HTTP_BAD_REQUEST(), 'You can not proxy through the filesystem' ) if defined $proxy;
    my $method = $request->method;
    return _answer( HTTP::Status::HTTP_BAD_REQUEST(), "Library does not allow method $method for 'file:' URLs" ) if $method !~ /\A(?:GET|HEAD)\z/;
    my $uri = $request->uri;
    return _answer( HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), 'LWP::Protocol::file::request called for ' . $uri->scheme ) if $uri->scheme ne 'file';
    my $path = $uri->file;
    return _answer( HTTP::Status::HTTP_NOT_FOUND(), "File `" . ( defined $path ? $path : $uri ) . "' does not exist" ) if !defined $path || !-e $path;
    return _answer( HTTP::Status::HTTP_FORBIDDEN(), 'User does not have read permission' ) if !-r _;
    my $is_folder = -d _;
    my ( $bytes, $changed ) = ( stat _ )[ 7, 9 ];
    my $since = $request->header('If-Modified-Since');
    if ( defined $since && defined( my $time = HTTP::Date::str2time($since) ) ) {
        return _answer( HTTP::Status::HTTP_NOT_MODIFIED(), "$method $path" ) if $time >= $changed;
    }
    my $response = HTTP::Response->new( HTTP::Status::HTTP_OK() );
    $response->header( 'Last-Modified', HTTP::Date::time2str($changed) );
    $response->request($request);
    return $self->_folder( $request, $response, $path, $where ) if $is_folder;

    LWP::MediaTypes::guess_media_type( $path, $response );
    $response->header( 'Content-Length', $bytes ) if -f _;
    return $response if $method eq 'HEAD';
    open my $in, '<', $path or return _answer( HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), "Cannot read file '$path': $!" );
    binmode $in;
    $response = $self->collect(
        $where,
        $response,
        sub {
            my $piece = '';
            my $got = sysread $in, $piece, $size;
            die "Cannot read file '$path': $!\n" if !defined $got;
            return \$piece;
        }
    );
    close $in;
    return $response;
}

# A page with the names of what lies in a directory.
sub _folder {
    my ( $self, $request, $response, $path, $where ) = @_;
    opendir my $in, $path or return _answer( HTTP::Status::HTTP_INTERNAL_SERVER_ERROR(), "Cannot read directory '$path': $!" );
    my @names = sort grep { $_ ne '.' } readdir $in;
    closedir $in;
    require URI::Escape;
    my @lines;
    for my $name (@names) {
        my $shown = $name . ( -d "$path/$name" ? '/' : '' );
        ( my $text = $shown ) =~ s/([<>&"])/'&#' . ord($1) . ';'/ge;
        my $link = URI::Escape::uri_escape( $shown, '^A-Za-z0-9\-._~/' );
        push @lines, qq(<LI><A HREF="$link">$text</A>);
    }
    my $base = $request->uri->clone;
    $base->path( $base->path . '/' ) if $base->path !~ m{/\z};
    ( my $title = $path ) =~ s/([<>&"])/'&#' . ord($1) . ';'/ge;
    my $page = join "\n", "<HTML>\n<HEAD>", "<TITLE>Directory $title</TITLE>", qq(<BASE HREF="$base">), "</HEAD>\n<BODY>", "<H1>Directory listing of $title</H1>",
      '<UL>', @lines, "</UL>\n</BODY>\n</HTML>\n";
    $response->header( 'Content-Type',   'text/html' );
    $response->header( 'Content-Length', length $page );
    $page = '' if $request->method eq 'HEAD';
    return $self->collect_once( $where, $response, $page );
}

1;

__END__

=head1 NAME

LWP::Protocol::file - files for LWP::UserAgent

=head1 DESCRIPTION

Part of L<LWP>.

=cut
