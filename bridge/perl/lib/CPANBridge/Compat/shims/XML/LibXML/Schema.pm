package XML::LibXML::Schema;

use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Schemas ();

our $VERSION = '2.0134';

# location, string or, for a document, DOM.
sub new {
    my ( $class, %from ) = @_;
    return bless CPANBridge::Compat::LibXML::Schemas::loaded( schema => \%from ), $class;
}

# Returns 0 or dies with what is wrong.
sub validate {
    my ( $self, $node ) = @_;
    return CPANBridge::Compat::LibXML::Schemas::validate( $self, $node );
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Schema - validation by a schema (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. The schema and the document are sent to the daemon with each validation.

=cut
