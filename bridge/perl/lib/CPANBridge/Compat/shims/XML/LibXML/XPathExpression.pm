package XML::LibXML::XPathExpression;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::XPath ();

our $VERSION = '2.0134';

sub new {
    my ( $class, $text ) = @_;
    XML::LibXML::XPathContext::_guarded( sub { CPANBridge::Compat::LibXML::XPath::compile("$text") } );
    return bless { text => "$text" }, $class;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::XPathExpression - compiled XPath expressions (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
