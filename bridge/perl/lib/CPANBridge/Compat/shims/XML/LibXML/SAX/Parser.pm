package XML::LibXML::SAX::Parser;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Events ();
use XML::LibXML::SAX ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::SAX');

# Tells a document that is there, or a node.
sub generate {
    my ( $self, $node ) = @_;
    return CPANBridge::Compat::LibXML::Events::tell( $node, $self );
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::SAX::Parser - SAX events of a document (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
