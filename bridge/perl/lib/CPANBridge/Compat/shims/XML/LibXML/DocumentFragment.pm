package XML::LibXML::DocumentFragment;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::Writer ();
use XML::LibXML::Element ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

sub new {
    my ($class) = @_;
    my $node = new_node(FRAGMENT);
    $node->[KIDS] = [];
    return new_wrapped($node);
}

sub toString { my ( $self, @arguments ) = @_; return join '', map { $_->toString(@arguments) } $self->childNodes }
sub serialize { my ( $self, @arguments ) = @_; return $self->toString(@arguments) }

*appendText     = \&XML::LibXML::Element::appendText;
*appendTextNode = \&XML::LibXML::Element::appendText;
*addNewChild    = \&XML::LibXML::Element::addNewChild;
*_child_node    = \&XML::LibXML::Element::_child_node;

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::DocumentFragment - parts of documents (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
