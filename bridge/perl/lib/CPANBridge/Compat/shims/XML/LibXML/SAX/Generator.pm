package XML::LibXML::SAX::Generator;

use 5.014;
use strict;
use warnings;

use XML::LibXML::SAX::Parser ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::SAX::Parser');

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::SAX::Generator - SAX events of a document (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
