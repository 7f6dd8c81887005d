package HTTP::Request::Common;

use 5.014;
use strict;
use warnings;

use Carp ();
use Exporter 'import';
use HTTP::Request ();

use CPANBridge::Compat::HTTP::Form;

our $VERSION = '6.44';

our $DYNAMIC_FILE_UPLOAD ||= 0;    ## no critic (ProhibitConditionalDeclarations)

our @EXPORT    = qw(GET HEAD PUT PATCH POST OPTIONS);
our @EXPORT_OK = qw($DYNAMIC_FILE_UPLOAD DELETE);

$Carp::Internal{ (__PACKAGE__) }++;

sub GET     { return _simple( 'GET',    @_ ) }
sub HEAD    { return _simple( 'HEAD',   @_ ) }
sub DELETE  { return _simple( 'DELETE', @_ ) }
sub POST    { return request_type_with_data( 'POST',    @_ ) }
sub PUT     { return request_type_with_data( 'PUT',     @_ ) }
sub PATCH   { return request_type_with_data( 'PATCH',   @_ ) }
sub OPTIONS { return request_type_with_data( 'OPTIONS', @_ ) }

# The field Content stands for the content. Its length is the program's to state, and is stated for it if it does not.
sub _simple {
    my ( $method, $url, @fields ) = @_;
    my $request = HTTP::Request->new( $method => $url );
    my $content = _push_fields( $request, @fields );
    if ( defined $content ) {
        $request->content($content);
        $request->content_length( length $content ) if !defined $request->content_length;
    }
    return $request;
}

sub _push_fields {
    my ( $request, @fields ) = @_;
    my $content;
    while ( my ( $name, $value ) = splice @fields, 0, 2 ) {
        if   ( lc $name eq 'content' ) { $content = $value }
        else                           { $request->push_header( $name, $value ) }
    }
    return $content;
}

sub request_type_with_data {
    my ( $method, $url, @fields ) = @_;
    my $request = HTTP::Request->new( $method => $url );
    my $content = ref $fields[0] ? shift @fields : undef;
    my $given = _push_fields( $request, @fields );
    $content = $given if defined $given;
    my $type = $request->header('Content-Type');
    if ( ref $content ) {
        if ( defined $type && lc($type) =~ m{\A(?:multipart/)?form-data\b} ) {
            require HTTP::Headers::Util;
            my ($words) = HTTP::Headers::Util::split_header_words($type);
            my ( undef, undef, @params ) = @$words;
            my ( $boundary, @other );
            while ( my ( $name, $value ) = splice @params, 0, 2 ) {
                if   ( $name eq 'boundary' ) { $boundary = $value }
                else                         { push @other, $name, $value }
            }
            ( $content, $boundary ) = form_data( $content, $boundary, $request );
            $type = HTTP::Headers::Util::join_header_words( 'multipart/form-data', undef, @other, boundary => $boundary );
        }
        else {
            $content = CPANBridge::Compat::HTTP::Form::urlencoded($content);
            $type = 'application/x-www-form-urlencoded' if !defined $type;
        }
    }
    elsif ( defined $type && lc $type eq 'form-data' ) { $type = 'multipart/form-data' }
    $type = 'application/x-www-form-urlencoded' if !defined $type && ( !defined $content || !ref $content ) && $method eq 'POST' || !defined $type;
    $request->header( 'Content-Type' => $type ) if defined $type;
    if ( defined $content ) {
        $request->header( 'Content-Length' => length $content ) if !ref $content;
        $request->content($content);
    }
    else { $request->header( 'Content-Length' => 0 ) }
    return $request;
}

sub form_data {
    my ( $form, $boundary, $request ) = @_;
    my ( $content, $used, $length ) = CPANBridge::Compat::HTTP::Form::multipart( $form, $boundary, $DYNAMIC_FILE_UPLOAD );
    $request->header( 'Content-Length', $length ) if ref $content && defined $length && $request;
    return wantarray ? ( $content, $used ) : $content;
}

sub boundary {
    my ($size) = @_;
    return CPANBridge::Compat::HTTP::Form::boundary($size);
}

1;

__END__

=head1 NAME

HTTP::Request::Common - requests in one line

=head1 SYNOPSIS

    use HTTP::Request::Common;

    my $request = POST 'http://www.example.org/form', [ name => 'Me', languages => [ 'perl', 'python' ] ];
    my $upload  = POST 'http://www.example.org/form', Content_Type => 'form-data', Content => [ file => ['report.pdf'] ];

=head1 COVERED

All of HTTP::Request::Common 6.44, C<$DYNAMIC_FILE_UPLOAD> too. Part of L<HTTP::Message>.

=cut
