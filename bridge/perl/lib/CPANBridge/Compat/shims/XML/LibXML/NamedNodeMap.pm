package XML::LibXML::NamedNodeMap;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

our $VERSION = '2.0134';

sub new {
    my ( $class, $element, @nodes ) = @_;
    return bless { element => $element, nodes => [@nodes] }, $class;
}

sub length { return scalar @{ $_[0]{nodes} } }
sub nodes  { return $_[0]{nodes} }
sub item   { return $_[0]{nodes}[ $_[1] ] }

sub getNamedItem {
    my ( $self, $name ) = @_;
    my ($found) = grep { $_->nodeName eq $name } @{ $self->{nodes} };
    return $found;
}

sub getNamedItemNS {
    my ( $self, $uri, $name ) = @_;
    my ($found) = grep {
        my $its = $_->namespaceURI;
        $_->localname eq $name && ( defined $uri && CORE::length $uri ? defined $its && $its eq $uri : !defined $its )
    } grep { !$_->isa('XML::LibXML::Namespace') } @{ $self->{nodes} };
    return $found;
}

sub _refresh { my ($self) = @_; $self->{nodes} = [ $self->{element}->attributes ]; return }

sub setNamedItem {
    my ( $self, $node ) = @_;
    return if !ref $node || !$node->isa('XML::LibXML::Attr');
    $self->{element}->setAttributeNode($node);
    $self->_refresh;
    return $node;
}

*setNamedItemNS = \&setNamedItem;

sub removeNamedItem {
    my ( $self, $name ) = @_;
    my $found = $self->getNamedItem($name) or return;
    $self->{element}->removeAttributeNode($found);
    $self->_refresh;
    return $found;
}

sub removeNamedItemNS {
    my ( $self, $uri, $name ) = @_;
    my $found = $self->getNamedItemNS( $uri, $name ) or return;
    $self->{element}->removeAttributeNode($found);
    $self->_refresh;
    return $found;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::NamedNodeMap - an element's attributes by their names (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
