package URI::_segment;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

use overload '""' => sub { $_[0][0] }, fallback => 1;

our $VERSION = '5.17';

sub new {
    my ( $class, $text ) = @_;
    my ( $word, @params ) = split /;/, $text, -1;
    return bless [ URI::Escape::uri_unescape( defined $word ? $word : '' ), @params ], $class;
}

1;

__END__

=head1 NAME

URI::_segment - a part of a path that has parameters

=head1 DESCRIPTION

Part of L<URI>.

=cut
