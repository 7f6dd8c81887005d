package XML::XPath::Node;

use 5.014;
use strict;
use warnings;

use Exporter ();
use Scalar::Util ();

use CPANBridge::Compat::XML::XPath::Foreign;

our $VERSION = '1.48';
our @ISA     = ('Exporter');

our @EXPORT;

# DOM's numbers.
BEGIN {
    my $number = 0;
    for my $type (
        qw(UNKNOWN ELEMENT ATTRIBUTE TEXT CDATA_SECTION ENTITY_REFERENCE ENTITY PROCESSING_INSTRUCTION COMMENT DOCUMENT
        DOCUMENT_TYPE DOCUMENT_FRAGMENT NOTATION ELEMENT_DECL ATT_DEF XML_DECL ATTLIST_DECL NAMESPACE)
      )
    {
        my $value = $number++;
        no strict 'refs';
        *{"${type}_NODE"} = sub () { $value };
        push @EXPORT, "${type}_NODE";
    }
}

# A node is a hash: parent (a weak reference), what its kind needs, and order, its place in the document, once that was
# asked for. The tree hangs on its root.

sub getNodeType { return UNKNOWN_NODE() }

sub isElementNode               { return $_[0]->getNodeType == ELEMENT_NODE()                ? 1 : 0 }
sub isAttributeNode             { return $_[0]->getNodeType == ATTRIBUTE_NODE()              ? 1 : 0 }
sub isNamespaceNode             { return $_[0]->getNodeType == NAMESPACE_NODE()              ? 1 : 0 }
sub isTextNode                  { return $_[0]->getNodeType == TEXT_NODE()                   ? 1 : 0 }
sub isCommentNode               { return $_[0]->getNodeType == COMMENT_NODE()                ? 1 : 0 }
sub isProcessingInstructionNode { return $_[0]->getNodeType == PROCESSING_INSTRUCTION_NODE() ? 1 : 0 }
sub isPINode                    { return $_[0]->isProcessingInstructionNode }

# What a kind of node does not have.
sub getName           { return }
sub getLocalName      { return }
sub getPrefix         { return }
sub getNodeValue      { return }
sub getData           { return $_[0]->getNodeValue }
sub getValue          { return $_[0]->getNodeValue }
sub getChildNodes     { return wantarray ? () : [] }
sub getChildNode      { return }
sub getFirstChild     { return }
sub getLastChild      { return }
sub getAttribute      { return }
sub getAttributes     { return wantarray ? () : [] }
sub getAttributeNodes { my ($self) = @_; return $self->getAttributes }
sub getNamespace      { return }
sub getNamespaces     { return wantarray ? () : [] }
sub getNamespaceNodes { my ($self) = @_; return $self->getNamespaces }
sub setNodeValue      { return }
sub setValue          { my ( $self, $value ) = @_; return $self->setNodeValue($value) }

sub string_value { my ($self) = @_; my $value = $self->getNodeValue; return defined $value ? $value : '' }

sub to_number { my ($self) = @_; require XML::XPath::Number; return XML::XPath::Number->new( $self->string_value ) }

# --- the tree ---------------------------------------------------------------------------------------------------------

sub getParentNode { return $_[0]{parent} }

sub setParentNode {
    my ( $self, $parent ) = @_;
    Scalar::Util::weaken( $self->{parent} = $parent );
    return;
}

sub del_parent_link { my ($self) = @_; delete $self->{parent}; return }

sub getRootNode {
    my ($self) = @_;
    while ( my $parent = $self->{parent} ) { $self = $parent }
    return $self;
}

sub getElementById { my ( $self, $id ) = @_; return $self->getRootNode->{ids}{$id} }

# The place among its siblings, from 0.
sub get_pos {
    my ($self) = @_;
    my $siblings = $self->_siblings;
    for my $at ( 0 .. $#$siblings ) { return $at if $siblings->[$at] == $self }
    return;
}

sub _siblings { my ($self) = @_; return $self->{parent} ? $self->{parent}{children} : [] }

sub getPreviousSibling {
    my ($self) = @_;
    my $at = $self->get_pos;
    return $at ? $self->_siblings->[ $at - 1 ] : undef;
}

sub getNextSibling {
    my ($self) = @_;
    my $at = $self->get_pos;
    return defined $at ? $self->_siblings->[ $at + 1 ] : undef;
}

# Says that places in the document have to be counted anew.
sub _changed { my ($self) = @_; delete $self->getRootNode->{numbered}; return }

# Numbers all nodes in the order of the document.
sub _number {
    my ($self) = @_;
    my $root = $self->getRootNode;
    return if $root->{numbered};
    my $count = 0;
    my @todo  = ($root);
    while ( my $node = pop @todo ) {
        $node->{order} = $count++;
        next if !$node->{children};
        $_->{order} = $count++ for @{ $node->{namespaces} }, @{ $node->{attributes} };
        push @todo, reverse @{ $node->{children} };
    }
    $root->{numbered} = 1;
    return;
}

# Puts nodes into the order of the document, each once.
sub _in_order {
    my (@nodes) = @_;
    my %seen;
    @nodes = grep { !$seen{ Scalar::Util::refaddr($_) }++ } @nodes;
    return @nodes if @nodes < 2;
    return CPANBridge::Compat::XML::XPath::Foreign::in_order(@nodes) if CPANBridge::Compat::XML::XPath::Foreign::is_foreign( $nodes[0] );
    $nodes[0]->_number;
    $_->_number for grep { !defined $_->{order} } @nodes;
    return sort { $a->{order} <=> $b->{order} } @nodes;
}

sub dispose { my ($self) = @_; delete @$self{qw(children attributes namespaces ids)}; return }

# --- finding ----------------------------------------------------------------------------------------------------------

sub _xpath { my ($self) = @_; require XML::XPath; return XML::XPath->new( context => $self ) }

sub find      { my ( $self, $path ) = @_; return $self->_xpath->find($path) }
sub findvalue { my ( $self, $path ) = @_; return $self->_xpath->findvalue($path) }
sub findnodes { my ( $self, $path ) = @_; return $self->_xpath->findnodes($path) }
sub exists    { my ( $self, $path ) = @_; return $self->_xpath->exists($path) }
sub matches   { my ( $self, $path, $context ) = @_; return $self->_xpath->matches( $self, $path, $context ) }

# --- writing ----------------------------------------------------------------------------------------------------------

my %ESCAPE = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;' );

sub XMLescape {
    my ( $text, $characters ) = @_;
    $characters = '&<' if !defined $characters;
    $text =~ s/([\Q$characters\E])/$ESCAPE{$1} || sprintf '&#%d;', ord $1/ge;
    $text =~ s/\]\]>/]]&gt;/g;
    return $text;
}

sub as_string { my ( $self, @options ) = @_; return $self->toString(@options) }

1;

__END__

=head1 NAME

XML::XPath::Node - a node of a document

=head1 SYNOPSIS

    for my $node ( $xp->findnodes('//server') ) {
        print $node->getName, ' ', $node->getAttribute('name'), ' ', $node->findvalue('address[1]'), "\n";
    }

=head1 DESCRIPTION

The base of L<XML::XPath::Node::Element>, L<XML::XPath::Node::Attribute>, L<XML::XPath::Node::Text>, L<XML::XPath::Node::Comment>,
L<XML::XPath::Node::PI> and L<XML::XPath::Node::Namespace>. It exports C<ELEMENT_NODE>, C<ATTRIBUTE_NODE>, C<TEXT_NODE> and the other
numbers of DOM.

A node knows its parent as long as the tree is there: keep the L<XML::XPath> object, or the root.

=head1 WHAT IS COVERED

All kinds of nodes have C<getNodeType>, C<isElementNode> and the like, C<getName>, C<getLocalName>, C<getPrefix>, C<getNamespace>,
C<getNodeValue>, C<getValue>, C<getData>, C<setNodeValue>, C<setValue>, C<getParentNode>, C<getRootNode>, C<getPreviousSibling>,
C<getNextSibling>, C<getChildNodes>, C<getChildNode>, C<getFirstChild>, C<getLastChild>, C<getAttribute>, C<getAttributes>,
C<getNamespaces>, C<getElementById>, C<get_pos>, C<string_value>, C<to_number>, C<find>, C<findnodes>, C<findvalue>, C<exists>,
C<matches>, C<toString>; what a kind does not have is undefined or empty. The function C<XMLescape> escapes text.

=head1 WHAT IS NOT COVERED

C<to_sax>, C<get_global_pos> and the insides: a node is a hash here, not an array.

=cut
