package URI::Split;

use 5.014;
use strict;
use warnings;

use Exporter 'import';
use URI::Escape ();

our $VERSION   = '5.17';
our @EXPORT_OK = qw(uri_split uri_join);

sub uri_split {
    my ($uri) = @_;
    return $uri =~ m{\A(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?\z}s;
}

sub _without {
    my ( $text, $unsafe ) = @_;
    $text =~ s/([$unsafe])/URI::Escape::escape_char($1)/ge;
    return $text;
}

sub uri_join {
    my ( $scheme, $authority, $path, $query, $fragment ) = @_;
    my $uri = defined $scheme ? "$scheme:" : '';
    $path = defined $path ? _without( $path, '?#' ) : '';
    if ( defined $authority ) {
        $uri .= '//' . _without( $authority, '/?#' );
        $path = "/$path" if $path =~ m{\A[^/]};
    }
    elsif ( $path =~ m{\A//} ) { $uri .= '//' }
    elsif ( !defined $scheme ) { 1 while $path =~ s{\A([^/:]*):}{$1%3A} }
    $uri .= $path;
    $uri .= '?' . _without( $query, '#' ) if defined $query;
    $uri .= "#$fragment" if defined $fragment;
    return $uri;
}

1;

__END__

=head1 NAME

URI::Split - takes addresses apart and puts them together

=head1 SYNOPSIS

    use URI::Split qw(uri_split uri_join);

    my ( $scheme, $authority, $path, $query, $fragment ) = uri_split($uri);
    my $uri = uri_join( $scheme, $authority, $path, $query, $fragment );

=head1 COVERED

All of it. Part of L<URI>.

=cut
