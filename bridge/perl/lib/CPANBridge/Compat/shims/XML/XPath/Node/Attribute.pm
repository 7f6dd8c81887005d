package XML::XPath::Node::Attribute;

use 5.014;
use strict;
use warnings;

use XML::XPath::Node;

our $VERSION = '1.48';
our @ISA     = ('XML::XPath::Node');

sub new {
    my ( $class, $key, $value, $prefix ) = @_;
    return bless { key => $key, value => $value, prefix => $prefix }, $class;
}

sub getNodeType { return ATTRIBUTE_NODE }

sub getName      { return $_[0]{key} }
sub getPrefix    { return defined $_[0]{prefix} ? $_[0]{prefix} : '' }
sub getNodeValue { return $_[0]{value} }
sub setNodeValue { my ( $self, $value ) = @_; $self->{value} = $value; return }

sub getLocalName { my ($self) = @_; ( my $name = $self->{key} ) =~ s/\A.*?://; return $name }

# An attribute without a prefix is in no namespace.
sub getNamespace {
    my ( $self, $prefix ) = @_;
    $prefix = $self->getPrefix if !defined $prefix;
    return length $prefix && $self->{parent} ? $self->{parent}->getNamespace($prefix) : undef;
}

sub _siblings { my ($self) = @_; return $self->{parent} ? $self->{parent}{attributes} : [] }

sub toString {
    my ($self) = @_;
    my $value = defined $self->{value} ? $self->{value} : '';
    return qq( $self->{key}=") . XML::XPath::Node::XMLescape( $value, '&<>"' ) . '"';
}

1;

__END__

=head1 NAME

XML::XPath::Node::Attribute - an attribute

=head1 SYNOPSIS

    my $attribute = XML::XPath::Node::Attribute->new( 'p:name', 'value', 'p' );

=head1 WHAT IS COVERED

C<new>, C<getName>, C<getLocalName>, C<getPrefix>, C<getNamespace>, C<getNodeValue>, C<getData>, C<setNodeValue>, and C<toString>, which
begins with a space. See L<XML::XPath::Node> for what all nodes have.

=cut
