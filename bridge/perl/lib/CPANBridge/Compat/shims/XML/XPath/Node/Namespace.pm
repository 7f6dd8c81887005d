package XML::XPath::Node::Namespace;

use 5.014;
use strict;
use warnings;

use XML::XPath::Node;

our $VERSION = '1.48';
our @ISA     = ('XML::XPath::Node');

sub new {
    my ( $class, $prefix, $expanded ) = @_;
    $prefix = '' if !defined $prefix || $prefix eq '#default';
    return bless { prefix => $prefix, expanded => $expanded }, $class;
}

sub getNodeType { return NAMESPACE_NODE }

sub getName      { return $_[0]{prefix} }
sub getLocalName { return $_[0]{prefix} }
sub getPrefix    { return $_[0]{prefix} }
sub getExpanded  { return $_[0]{expanded} }
sub getNodeValue { return $_[0]{expanded} }

sub _siblings { my ($self) = @_; return $self->{parent} ? $self->{parent}{namespaces} : [] }

sub toString {
    my ($self) = @_;
    my $name = length $self->{prefix} ? "xmlns:$self->{prefix}" : 'xmlns';
    return qq( $name=") . XML::XPath::Node::XMLescape( $self->{expanded}, '&<>"' ) . '"';
}

1;

__END__

=head1 NAME

XML::XPath::Node::Namespace - the declaration of a namespace

=head1 WHAT IS COVERED

C<new>, C<getPrefix>, C<getExpanded>, and C<toString>, which begins with a space. See L<XML::XPath::Node> for what all nodes have.

=cut
