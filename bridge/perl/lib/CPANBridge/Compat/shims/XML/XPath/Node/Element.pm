package XML::XPath::Node::Element;

use 5.014;
use strict;
use warnings;
no warnings 'recursion';    # a document may be deep

use Carp ();
use Scalar::Util ();

use XML::XPath::Node;
use XML::XPath::Node::Attribute;
use XML::XPath::Node::Namespace;

our $VERSION = '1.48';
our @ISA     = ('XML::XPath::Node');

$Carp::Internal{ (__PACKAGE__) }++;

# What every document knows without a declaration.
my $XML = XML::XPath::Node::Namespace->new( xml => 'http://www.w3.org/XML/1998/namespace' );

# Without a name it is the root of a document.
sub new {
    my ( $class, $name, $prefix ) = @_;
    return bless { name => $name, prefix => $prefix, children => [], attributes => [], namespaces => [] }, $class;
}

sub getNodeType { return ELEMENT_NODE }

sub getName    { return $_[0]{name} }
sub getTagName { return $_[0]{name} }
sub getPrefix  { return defined $_[0]{prefix} ? $_[0]{prefix} : '' }

sub getLocalName {
    my ($self) = @_;
    my $name = $self->{name};
    $name =~ s/\A.*?:// if defined $name;
    return $name;
}

sub getExpandedName {
    my ($self) = @_;
    my $namespace = $self->getNamespace;
    return $namespace ? "{$namespace->{expanded}}" . $self->getLocalName : $self->getName;
}

sub getChildNodes { my ($self) = @_; return wantarray ? @{ $self->{children} } : $self->{children} }

# Places count from 1.
sub getChildNode { my ( $self, $at ) = @_; return $at < 1 ? undef : $self->{children}[ $at - 1 ] }

sub getFirstChild { return $_[0]{children}[0] }
sub getLastChild  { my ($self) = @_; return @{ $self->{children} } ? $self->{children}[-1] : undef }

sub appendChild { my ( $self, $child ) = @_; return $self->_insert( scalar @{ $self->{children} }, $child ) }

sub _insert {
    my ( $self, $at, $child ) = @_;
    $child->setParentNode($self);
    splice @{ $self->{children} }, $at, 0, $child;
    $self->_changed;
    return;
}

sub _place {
    my ( $self, $child ) = @_;
    my $children = $self->{children};
    my ($at) = grep { $children->[$_] == $child } 0 .. $#$children;
    Carp::croak('The node is no child of this element') if !defined $at;
    return $at;
}

sub insertBefore { my ( $self, $child, $other ) = @_; return $self->_insert( $self->_place($other), $child ) }

sub insertAfter { my ( $self, $child, $other ) = @_; return $self->_insert( $self->_place($other) + 1, $child ) }

sub removeChild {
    my ( $self, $child ) = @_;
    splice @{ $self->{children} }, $self->_place($child), 1;
    $self->_changed;
    $child->del_parent_link;
    return;
}

# --- attributes -------------------------------------------------------------------------------------------------------

sub getAttributes { my ($self) = @_; return wantarray ? @{ $self->{attributes} } : $self->{attributes} }

sub getAttributeNode {
    my ( $self, $name ) = @_;
    my ($found) = grep { $_->{key} eq $name } @{ $self->{attributes} };
    return $found;
}

sub getAttribute {
    my ( $self, $name ) = @_;
    my $found = $self->getAttributeNode($name);
    return $found ? $found->{value} : undef;
}

sub appendAttribute {
    my ( $self, $attribute ) = @_;
    $attribute->setParentNode($self);
    push @{ $self->{attributes} }, $attribute;
    $self->_changed;
    return;
}

sub removeAttribute {
    my ( $self, $name ) = @_;
    $name = $name->getName if ref $name;
    my $found = $self->getAttributeNode($name) or return;
    $found->del_parent_link;
    @{ $self->{attributes} } = grep { $_ != $found } @{ $self->{attributes} };
    $self->_changed;
    return;
}

sub setAttribute {
    my ( $self, $name, $value ) = @_;
    my $found = $self->getAttributeNode($name);
    return $found->setNodeValue($value) if $found;
    my ($prefix) = $name =~ /\A([^:]+):/;
    return $self->appendAttribute( XML::XPath::Node::Attribute->new( $name, $value, $prefix ) );
}

sub setAttributeNode {
    my ( $self, $attribute ) = @_;
    $self->removeAttribute( $attribute->getName );
    return $self->appendAttribute($attribute);
}

sub appendIdElement { my ( $self, $id, $element ) = @_; Scalar::Util::weaken( $self->{ids}{$id} = $element ); return }

# --- namespaces -------------------------------------------------------------------------------------------------------

sub getNamespaces { my ($self) = @_; return wantarray ? @{ $self->{namespaces} } : $self->{namespaces} }

sub appendNamespace {
    my ( $self, $namespace ) = @_;
    $namespace->setParentNode($self);
    push @{ $self->{namespaces} }, $namespace;
    $self->_changed;
    return;
}

# The namespace of a prefix, the element's own one unless another is named.
sub getNamespace {
    my ( $self, $prefix ) = @_;
    $prefix = $self->getPrefix if !defined $prefix;
    for ( my $element = $self ; $element ; $element = $element->{parent} ) {
        my ($found) = grep { $_->{prefix} eq $prefix } @{ $element->{namespaces} } or next;
        return length $found->{expanded} ? $found : undef;
    }
    return $prefix eq 'xml' ? $XML : undef;
}

# --- text -------------------------------------------------------------------------------------------------------------

sub string_value {
    my ($self) = @_;
    my $text = '';
    my @todo = ($self);
    while ( my $node = pop @todo ) {
        if ( $node->{children} )             { push @todo, reverse @{ $node->{children} } }
        elsif ( defined $node->{text} ) { $text .= $node->{text} }
    }
    return $text;
}

# With a true value: without what is inside.
sub toString {
    my ( $self, $shallow ) = @_;
    my $name = $self->{name};
    my $inside = $shallow ? '' : join '', map { $_->toString } @{ $self->{children} };
    return $inside if !defined $name;
    my $tag = join '', "<$name", map { $_->toString } @{ $self->{namespaces} }, @{ $self->{attributes} };
    return @{ $self->{children} } ? "$tag>$inside</$name>" : "$tag />";
}

1;

__END__

=head1 NAME

XML::XPath::Node::Element - an element, or the root of a document

=head1 SYNOPSIS

    my $element = XML::XPath::Node::Element->new('server');
    $element->setAttribute( name => 'gobi' );
    $parent->appendChild($element);
    print $element->toString;

=head1 DESCRIPTION

The root of a document is an element without a name. What all nodes have is told in L<XML::XPath::Node>.

=head1 WHAT IS COVERED

C<new>, C<getName>, C<getTagName>, C<getLocalName>, C<getPrefix>, C<getExpandedName>, C<getChildNodes>, C<getChildNode>,
C<getFirstChild>, C<getLastChild>, C<appendChild>, C<insertBefore>, C<insertAfter>, C<removeChild>, C<getAttribute> (a value),
C<getAttributeNode>, C<getAttributes>, C<appendAttribute>, C<setAttribute>, C<setAttributeNode>, C<removeAttribute>,
C<getNamespace>, C<getNamespaces>, C<appendNamespace>, C<string_value>, C<toString>.

C<insertBefore> and C<insertAfter> croak where the second node is no child of the element.

=cut
