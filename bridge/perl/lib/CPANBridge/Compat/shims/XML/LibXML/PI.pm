package XML::LibXML::PI;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(VALUE);
use XML::LibXML::Node ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

# A string, or names and values.
sub setData {
    my ( $self, @data ) = @_;
    if ( @data > 1 || ref $data[0] eq 'HASH' ) {
        my %pairs = ref $data[0] ? %{ $data[0] } : @data;
        my @names = ref $data[0] ? sort keys %pairs : grep { exists $pairs{$_} } do { my %seen; grep { !$seen{$_}++ } @data[ grep { !( $_ % 2 ) } 0 .. $#data ] };
        @data = join ' ', map {qq{$_="$pairs{$_}"}} @names;
    }
    $self->[0][VALUE] = $data[0];
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::PI - processing instructions (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
