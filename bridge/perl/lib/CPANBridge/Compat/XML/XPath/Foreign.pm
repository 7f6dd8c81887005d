package CPANBridge::Compat::XML::XPath::Foreign;

# Steps of XPath through nodes that are not ours: a tree of another module, as XML::Twig::XPath hands one to XML::XPath. Of such
# nodes only the methods are known.
use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use Scalar::Util ();

our $VERSION = '0.1.0';

sub is_foreign { my ($node) = @_; return Scalar::Util::blessed($node) && !$node->isa('XML::XPath::Node') ? 1 : 0 }

# What a method gives, as a list of nodes; nothing where the node has no such method.
sub _all {
    my ( $node, $method ) = @_;
    my $code = $node->can($method) or return;
    return grep { Scalar::Util::blessed($_) } map { ref $_ eq 'ARRAY' ? @$_ : $_ } $node->$code;
}

sub _is { my ( $node, $method ) = @_; my $code = $node->can($method); return $code && $node->$code ? 1 : 0 }

sub _parent   { return ( _all( $_[0], 'getParentNode' ) )[0] }
sub _children { return _all( $_[0], 'getChildNodes' ) }

sub _is_aside { return _is( $_[0], 'isAttributeNode' ) || _is( $_[0], 'isNamespaceNode' ) }

sub _descendants { return map { ( $_, _descendants($_) ) } _children( $_[0] ) }

sub _ancestors {
    my ($node) = @_;
    my @found;
    while ( $node = _parent($node) ) { push @found, $node }
    return @found;
}

# All siblings on one side, the nearest one first.
sub _siblings {
    my ( $node, $method ) = @_;
    my @found;
    return @found if _is_aside($node);
    while ( ($node) = _all( $node, $method ) ) { push @found, $node }
    return @found;
}

sub _preceding {
    my ($node) = @_;
    return map {
        map { reverse $_, _descendants($_) } _siblings( $_, 'getPreviousSibling' )
    } $node, _ancestors($node);
}

sub _following {
    my ($node) = @_;
    return map {
        map { ( $_, _descendants($_) ) } _siblings( $_, 'getNextSibling' )
    } $node, _ancestors($node);
}

my %AXES = (
    'self'               => sub { return $_[0] },
    'parent'             => sub { my $parent = _parent( $_[0] ); return $parent ? $parent : () },
    'child'              => \&_children,
    'attribute'          => sub { return _all( $_[0], 'getAttributes' ) },
    'namespace'          => sub { return _all( $_[0], 'getNamespaces' ) },
    'ancestor'           => \&_ancestors,
    'ancestor-or-self'   => sub { return ( $_[0], _ancestors( $_[0] ) ) },
    'descendant'         => \&_descendants,
    'descendant-or-self' => sub { return ( $_[0], _descendants( $_[0] ) ) },
    'following-sibling'  => sub { return _siblings( $_[0], 'getNextSibling' ) },
    'preceding-sibling'  => sub { return _siblings( $_[0], 'getPreviousSibling' ) },
    'following'          => \&_following,
    'preceding'          => \&_preceding,
);

sub axis { return $AXES{ $_[0] } }

my %KINDS = ( text => 'isTextNode', comment => 'isCommentNode', 'processing-instruction' => 'isPINode' );

# A sub that says whether a node passes the test of a step.
sub test {
    my ( $parser, $axis, $test ) = @_;
    my ( $kind, $prefix, $local ) = @$test;
    return sub { return 1 }
      if $kind eq 'node';
    if ( $kind ne 'name' ) {
        my $is = $KINDS{$kind};
        return sub { return _is( $_[0], $is ) && ( !defined $prefix || $_[0]->getName eq $prefix ) };
    }
    my $any = $local eq '*';
    if ( $axis eq 'namespace' ) { return sub { return $any || $_[0]->getPrefix eq $local } }
    my $is = $axis eq 'attribute' ? 'isAttributeNode' : 'isElementNode';
    if ( !defined $prefix ) {
        return sub { return _is( $_[0], $is ) && ( $any || $_[0]->getName eq $local ) };
    }
    my $uri = $parser->get_namespace($prefix);
    return sub {
        my ($node) = @_;
        return 0 if !_is( $node, $is );
        if ( !defined $uri ) { return $any ? $node->getName =~ /\A\Q$prefix\E:/ : $node->getName eq "$prefix:$local" }
        return 0 if !$any && $node->getLocalName ne $local;
        my $namespace = $node->getNamespace;
        return $namespace && $namespace->getExpanded eq $uri;
    };
}

# Puts nodes into the order of the document, each once. Two objects may stand for the same attribute.
sub in_order {
    my (@nodes) = @_;
    my %seen;
    @nodes = grep { !$seen{ Scalar::Util::refaddr($_) }++ } @nodes;
    my ($compare) = grep { $nodes[0]->can($_) } qw(node_cmp cmp);
    return @nodes if @nodes < 2 || !$compare;
    my @ordered;
    for my $node ( sort { $a->$compare($b) } @nodes ) {
        push @ordered, $node if !@ordered || $ordered[-1]->$compare($node);
    }
    return @ordered;
}

# The value of an attribute.
sub attribute {
    my ( $node, $name ) = @_;
    for my $attribute ( _all( $node, 'getAttributes' ) ) { return $attribute->string_value if $attribute->getName eq $name }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::XPath::Foreign - XPath on the nodes of other modules

=head1 DESCRIPTION

Used by our L<XML::XPath>; programs have no need of it. Nodes are any objects with the methods of XML::XPath's own:
C<getParentNode>, C<getChildNodes>, C<getAttributes>, C<getNamespaces>, C<getNextSibling>, C<getPreviousSibling>, C<getRootNode>,
C<isElementNode>, C<isAttributeNode> and so on, C<getName>, C<getLocalName>, C<getNamespace>, C<string_value>, C<to_number>, and C<node_cmp>
or C<cmp>, which compares the places of two nodes.

=head1 FUNCTIONS

=head2 is_foreign

Whether a node is one of these.

=head2 axis

    my @nodes = axis('child')->($node);

=head2 test

    my $passes = test( $parser, 'child', [ 'name', undef, 'item' ] )->($node);

=head2 in_order

    @nodes = in_order(@nodes);

=head2 attribute

    my $language = attribute( $node, 'xml:lang' );

=cut
