package XML::LibXML::CDATASection;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(CDATA as_chars new_node new_wrapped);
use XML::LibXML::Text ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Text');

sub new { my ( $class, $text ) = @_; return new_wrapped( new_node( CDATA, undef, as_chars($text) ) ) }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::CDATASection - CDATA sections (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
