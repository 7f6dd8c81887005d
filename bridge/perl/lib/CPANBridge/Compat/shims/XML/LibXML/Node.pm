package XML::LibXML::Node;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use Carp ();
use CPANBridge::Compat::LibXML::Canonical ();
use CPANBridge::Compat::LibXML::Declarations ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::Writer ();
use Scalar::Util qw(blessed refaddr reftype);

use overload
  '""'     => sub { $_[0]->toString },
  'bool'   => sub {1},
  '0+'     => sub { refaddr $_[0][0] },
  '<=>'    => sub { my ( $left, $right, $swapped ) = @_; $_ = _address($_) for $left, $right; return $swapped ? $right <=> $left : $left <=> $right },
  'eq'     => sub { my ( $left, $right ) = @_; return _is_same( $left, $right ) || defined $right && "$left" eq "$right" },
  'ne'     => sub { my ( $left, $right ) = @_; return !( _is_same( $left, $right ) || defined $right && "$left" eq "$right" ) },
  'cmp'    => sub { my ( $left, $right, $swapped ) = @_; return $swapped ? "$right" cmp "$left" : "$left" cmp "$right" },
  fallback => 1;

our $VERSION = '2.0134';

sub DESTROY { }    # perl does not call what is empty; programs may put something in its place

sub _address { my ($thing) = @_; return ref $thing && blessed $thing && reftype $thing eq 'ARRAY' && ref $thing->[0] ? refaddr $thing->[0] : $thing }

sub _is_same {
    my ( $left, $right ) = @_;
    return ref $left && ref $right && blessed $left && blessed $right && _address($left) == _address($right);
}

# --- what a node is ---------------------------------------------------------------------------------------------------

my @CONSTANT_NAME;
@CONSTANT_NAME[ TEXT, CDATA, COMMENT, DOCUMENT, HTML, FRAGMENT ] =
  ( '#text', '#cdata-section', '#comment', '#document', '#document', '#document-fragment' );

sub nodeType { return $_[0][0][TYPE] }

sub nodeName {
    my $node = $_[0][0];
    my $type = $node->[TYPE];
    return qname($node) if $type == ELEMENT || $type == ATTRIBUTE;
    return $CONSTANT_NAME[$type] if defined $CONSTANT_NAME[$type];
    return $node->[NAME];
}

# With a true argument, these give bytes in the document's encoding.
sub nodeValue {
    my ( $self, $in_bytes ) = @_;
    my $node = $self->[0];
    my $type = $node->[TYPE];
    my $text = $type == ATTRIBUTE ? attribute_value($node) : $type == TEXT || $type == CDATA || $type == COMMENT || $type == PI ? $node->[VALUE] : undef;
    $text = text_of($node) if $type == ENTITY_DECL;
    return $in_bytes ? in_bytes( $text, $node ) : $text;
}

sub textContent {
    my ( $self, $in_bytes ) = @_;
    my $text = text_of( $self->[0] );
    return $in_bytes ? in_bytes( $text, $self->[0] ) : $text;
}

*string_value = \&textContent;

sub to_number { return XML::LibXML::Number->new( $_[0]->textContent ) }

sub localname {
    my $node = $_[0][0];
    my $type = $node->[TYPE];
    return $type == ELEMENT || $type == ATTRIBUTE ? $node->[NAME] : undef;
}

sub prefix { my $ns = $_[0][0][NS]; return $ns && length $ns->[0] && defined $ns->[1] ? $ns->[0] : undef }

sub namespaceURI { my $ns = $_[0][0][NS]; return $ns && length( defined $ns->[1] ? $ns->[1] : '' ) ? $ns->[1] : undef }

sub localNamespace {
    my ($self) = @_;
    my $ns = $self->[0][NS] or return;
    return $self->_namespace($ns);
}

sub _namespace {
    my ( $self, $ns ) = @_;
    return wrap( new_namespace( $self->[0], $ns ), tree_of($self) );
}

sub isSameNode { my ( $self, $other ) = @_; return _is_same( $self, $other ) ? 1 : 0 }
sub unique_key { return refaddr $_[0][0] }

# Elements have a line, others that of the element around them.
sub line_number {
    my $node = $_[0][0];
    $node = $node->[PARENT] while $node && $node->[TYPE] != ELEMENT;
    return $node && $node->[LINE] ? $node->[LINE] : 0;
}
sub isSupported { my ( undef, $feature ) = @_; return $_[0]->can($feature) ? 1 : 0 }

sub setNodeName {
    my ( $self, $name ) = @_;
    $name = as_chars( $name, $self->[0] );
    XML::LibXML::_check_name($name) or Carp::croak('bad name');
    $self->[0][NAME] = $name =~ s/\A[^:]+://r;
    return;
}

sub setRawName { my ( $self, $name ) = @_; $self->[0][NAME] = $name; return }

# --- where it is ------------------------------------------------------------------------------------------------------

sub _wrapped { my ( $self, $node ) = @_; return $node ? wrap( $node, tree_of($self) ) : undef }

sub parentNode { my ($self) = @_; return $self->_wrapped( $self->[0][PARENT] ) }

sub firstChild {
    my ($self) = @_;
    my $kids = $self->_kids;
    return if !$kids || !@$kids;
    return $kids->[0][WRAP] || wrap( $kids->[0], tree_of($self) );
}
sub lastChild { my ($self) = @_; my $kids = $self->_kids; return $kids && @$kids ? $self->_wrapped( $kids->[-1] ) : undef }
sub hasChildNodes { my ($self) = @_; my $kids = $self->[0][TYPE] == ATTRIBUTE ? undef : $self->_kids; return $kids && @$kids ? 1 : 0 }

# The children; an attribute's text becomes one when it is looked at.
sub _kids {
    my ($self) = @_;
    my $node = $self->[0];
    return kids($node) if $node->[TYPE] == ELEMENT;
    if ( $node->[TYPE] == ATTRIBUTE && !$node->[KIDS] && defined $node->[VALUE] && length $node->[VALUE] ) {
        my $text = new_node( TEXT, undef, $node->[VALUE] );
        Scalar::Util::weaken( $text->[PARENT] = $node );
        $node->[KIDS] = [$text];
    }
    if ( $node->[TYPE] == DTD && !$node->[KIDS] ) { CPANBridge::Compat::LibXML::Declarations::into($node) }
    if ( $node->[TYPE] == ENTITYREF ) {
        my $declared = CPANBridge::Compat::LibXML::Declarations::entity($node);
        return $declared ? [$declared] : [];
    }
    return $node->[KIDS];
}

sub _sibling {
    my ( $self, $direction, $wanted ) = @_;
    my $node = $self->[0];
    my $parent = $node->[PARENT] or return;
    my $siblings = $node->[TYPE] == ATTRIBUTE ? $parent->[ATTRS] : $parent->[KIDS];
    my $at = child_index($node) + $direction;
    $at += $direction while $wanted && $at >= 0 && $at < @$siblings && !$wanted->( $siblings->[$at] );
    return $at >= 0 && $at < @$siblings ? $self->_wrapped( $siblings->[$at] ) : undef;
}

# Programs walk from sibling to sibling: where a node is and which wrapper it has is found without a detour if it can be.
sub nextSibling {
    my ($self) = @_;
    my $node = $self->[0];
    my $parent = $node->[PARENT] or return;
    return $self->_sibling(1) if $node->[TYPE] == ATTRIBUTE;
    my ( $kids, $at ) = ( $parent->[KIDS], $node->[POS] );
    $at = child_index($node) if !defined $at || $at >= @$kids || $kids->[$at] != $node;
    my $next = $kids->[ $at + 1 ] or return;
    return $next->[WRAP] || wrap( $next, tree_of($self) );
}

sub _not_blank { my ($node) = @_; return !( ( $node->[TYPE] == TEXT || $node->[TYPE] == CDATA ) && $node->[VALUE] !~ /[^ \t\r\n]/ ) }

sub previousSibling         { return $_[0]->_sibling(-1) }
sub nextNonBlankSibling     { return $_[0]->_sibling( 1,  \&_not_blank ) }
sub previousNonBlankSibling { return $_[0]->_sibling( -1, \&_not_blank ) }

sub _list {
    my ( $self, @nodes ) = @_;
    my $tree = tree_of($self);
    return map { $_->[WRAP] || wrap( $_, $tree ) } @nodes;
}

sub childNodes {
    my ($self) = @_;
    my @nodes = $self->_list( @{ $self->_kids || [] } );
    return wantarray ? @nodes : XML::LibXML::NodeList->new_from_ref( \@nodes, 1 );
}

sub nonBlankChildNodes {
    my ($self) = @_;
    my @nodes = $self->_list( grep { _not_blank($_) } @{ $self->_kids || [] } );
    return wantarray ? @nodes : XML::LibXML::NodeList->new_from_ref( \@nodes, 1 );
}

sub firstNonBlankChild {
    my ($self) = @_;
    my ($first) = grep { _not_blank($_) } @{ $self->_kids || [] };
    return $self->_wrapped($first);
}

sub hasAttributes { my $attributes = attrs( $_[0][0] ); return $attributes && @$attributes ? 1 : 0 }

sub attributes {
    my ($self) = @_;
    my $node = $self->[0];
    my @found = ( $self->_list( @{ attrs($node) || [] } ), $self->getNamespaces );
    return wantarray ? @found : XML::LibXML::NamedNodeMap->new( $self, @found );
}

sub getNamespaces {
    my ($self) = @_;
    return map { $self->_namespace($_) } grep { defined $_->[1] } @{ $self->[0][DECLS] || [] };
}

sub lookupNamespaceURI {
    my ( $self, $prefix ) = @_;
    my $ns = ns_by_prefix( $self->[0], defined $prefix ? $prefix : '' );
    return $ns && length $ns->[1] ? $ns->[1] : undef;
}

sub lookupNamespacePrefix {
    my ( $self, $uri ) = @_;
    return if !defined $uri || !length $uri;
    my $ns = ns_by_uri( $self->[0], $uri );
    return $ns ? $ns->[0] : undef;
}

sub ownerDocument { my ($self) = @_; my $document = owner( $self->[0] ); return $document ? wrap_elsewhere( $document, $self ) : undef }

# The wrapper of a document, whose tree may be another one.
sub wrap_elsewhere {
    my ( $document, $self ) = @_;
    return $document->[WRAP] if $document->[WRAP];
    my $tree = tree_of($self);
    return wrap( $document, $tree->[0] && $tree->[0] == $document ? $tree : [$document] );
}

sub getOwner { my ($self) = @_; return $self->_wrapped( root( $self->[0] ) ) }

sub setOwnerDocument { my ( $self, $document ) = @_; return $document->adoptNode($self) }

sub baseURI {
    my ($self) = @_;
    my @bases;
    for ( my $node = $self->[0] ; $node ; $node = $node->[PARENT] ) {
        for my $attribute ( @{ attrs($node) || [] } ) {
            next if $attribute->[NAME] ne 'base' || !$attribute->[NS] || $attribute->[NS][1] ne XML_NS;
            push @bases, attribute_value($attribute);
        }
    }
    my $document = owner( $self->[0] );
    my $base = $document ? $document->[VALUE]{uri} : undef;
    if ( $document && $document->[TYPE] == HTML ) {
        my ($its) = XML::LibXML::XPathContext::_nodes( $self, '/html/head/base/@href' );
        return $its->value if $its;
    }
    $base = CPANBridge::Compat::LibXML::Input::resolved( $_, $base ) for reverse @bases;
    return $base;
}

sub setBaseURI {
    my ( $self, $uri ) = @_;
    my $node = $self->[0];
    if ( $node->[TYPE] == DOCUMENT || $node->[TYPE] == HTML ) { $node->[VALUE]{uri} = $uri }
    elsif ( $node->[TYPE] == ELEMENT ) { $self->setAttributeNS( XML_NS, 'xml:base', $uri ) }
    return;
}

sub nodePath {
    my ($self) = @_;
    my $path = '';
    for ( my $node = $self->[0] ; $node ; $node = $node->[PARENT] ) {
        my $type = $node->[TYPE];
        last if $type == DOCUMENT || $type == HTML || $type == FRAGMENT;
        my $name =
            $type == ELEMENT              ? ( $node->[NS] && !length $node->[NS][0] ? '*' : qname($node) )
          : $type == ATTRIBUTE            ? '@' . qname($node)
          : $type == TEXT || $type == CDATA ? 'text()'
          : $type == COMMENT              ? 'comment()'
          : $type == PI                   ? "processing-instruction('$node->[NAME]')"
          : $type == NAMESPACE            ? 'namespace::' . ( length $node->[NAME] ? $node->[NAME] : '*' )
          :                                 '';
        my $parent = $node->[PARENT];
        if ( $parent && $type != ATTRIBUTE && $type != NAMESPACE ) {
            my $generic = $name eq '*';
            my @alike = grep {
                my $kind = $_->[TYPE];
                $kind == $type && ( $type != ELEMENT || $generic || qname($_) eq $name ) && ( $type != PI || $_->[NAME] eq $node->[NAME] )
                  || $name eq 'text()' && ( $kind == TEXT || $kind == CDATA )
            } @{ $parent->[KIDS] };
            if ( @alike > 1 ) {
                my ($at) = grep { $alike[$_] == $node } 0 .. $#alike;
                $name .= '[' . ( $at + 1 ) . ']';
            }
        }
        $path = "/$name$path";
    }
    return length $path ? $path : '/';
}

# --- changes ----------------------------------------------------------------------------------------------------------

my %PARENT_TYPE = map { $_ => 1 } ELEMENT, ATTRIBUTE, DOCUMENT, HTML, FRAGMENT, ENTITYREF;

# Whether a node may become a child here; dies in the name of the method otherwise.
sub _may_take {
    my ( $self, $child, $method ) = @_;
    Carp::croak("$method: no node given") if !blessed $child || !$child->isa('XML::LibXML::Node');
    my ( $into, $type ) = ( $self->[0], $child->[0][TYPE] );
    my $wrong = !$PARENT_TYPE{ $into->[TYPE] } || $type == DOCUMENT || $type == HTML || is_in( $into, $child->[0] );
    $wrong ||= $into->[TYPE] == ATTRIBUTE && $type != TEXT && $type != ENTITYREF;
    die "$method: HIERARCHY_REQUEST_ERR\n" if $wrong;
    return;
}

# The nodes that are put in for one: those of a fragment, taken out of it.
sub _taken_out {
    my ($child) = @_;
    my $node = $child->[0];
    if ( $node->[TYPE] != FRAGMENT ) {
        cut($node);
        return $node;
    }
    my @kids = @{ kids($node) || [] };
    cut($_) for reverse @kids;
    return @kids;
}

# Puts nodes, which hang nowhere, into this one.
sub _put {
    my ( $self, $at, @nodes ) = @_;
    if ( $self->[0][TYPE] == ATTRIBUTE ) { $self->_kids; $self->[0][KIDS] ||= [] }
    for my $node (@nodes) {
        hang( $node, $self, $at );
        $at++ if defined $at;
        reconcile($node) if $node->[TYPE] == ELEMENT;
        if ( $node->[TYPE] == DTD ) { cut($_) for grep { $_->[TYPE] == DTD && $_ != $node } @{ [ @{ $self->[0][KIDS] } ] } }
    }
    return;
}

sub appendChild {
    my ( $self, $child ) = @_;
    $self->_may_take( $child, 'appendChild' );
    return $self->setAttributeNode($child) if $child->[0][TYPE] == ATTRIBUTE;
    return if $self->_second($child);
    $self->_put( undef, _taken_out($child) );
    return $child;
}

# A document takes one element, by setDocumentElement().
sub _second {
    my ( $self, $child ) = @_;
    return 0 if $self->[0][TYPE] != DOCUMENT && $self->[0][TYPE] != HTML;
    my $type = $child->[0][TYPE];
    my $what =
        $type == ELEMENT                    ? 'Appending an element to a document node not supported yet!'
      : $type == FRAGMENT                   ? 'Appending a document fragment node to a document node not supported yet!'
      : $type == TEXT || $type == CDATA     ? 'Appending text node not supported on a document node yet!'
      :                                       return 0;
    Carp::carp($what);
    return 1;
}

sub addChild {
    my ( $self, $child ) = @_;
    my ( $into, $node ) = ( $self->[0], $child->[0] );
    $self->_may_take( $child, 'addChild' ) if $into->[TYPE] != TEXT || $node->[TYPE] != TEXT;
    return $self->setAttributeNode($child) if $node->[TYPE] == ATTRIBUTE;
    if ( $node->[TYPE] == TEXT ) {
        my $last = $into->[TYPE] == TEXT ? $into : @{ kids($into) || [] } ? $into->[KIDS][-1] : undef;
        if ( $last && $last->[TYPE] == TEXT && $last != $node ) {
            $last->[VALUE] .= $node->[VALUE];
            cut($node);
            $child->[0] = 0;    # it is gone, and whoever uses it is to notice
            return $self->_wrapped($last);
        }
    }
    $self->_put( undef, _taken_out($child) );
    return $child;
}

sub _at {
    my ( $self, $reference, $method ) = @_;
    return if !defined $reference;
    my $parent = $reference->[0][PARENT];
    die "$method: HIERARCHY_REQUEST_ERR\n" if !$parent || $parent != $self->[0] || $reference->[0][TYPE] == ATTRIBUTE;
    return child_index( $reference->[0] );
}

sub insertBefore {
    my ( $self, $child, $reference ) = @_;
    return $self->_insert( $child, $reference, 0, 'insertBefore' );
}

sub insertAfter {
    my ( $self, $child, $reference ) = @_;
    return $self->_insert( $child, $reference, 1, 'insertAfter' );
}

sub _insert {
    my ( $self, $child, $reference, $after, $method ) = @_;
    $self->_may_take( $child, $method );
    {
        local $SIG{__WARN__} = sub { };
        die "$method: HIERARCHY_REQUEST_ERR\n" if $self->_second($child);
    }
    $self->_at( $reference, $method );
    return $child if defined $reference && $reference->[0] == $child->[0];
    my @nodes = _taken_out($child);
    my $at = $self->_at( $reference, $method );
    $self->_put( defined $at ? $at + $after : undef, @nodes );
    return $child;
}

sub removeChild {
    my ( $self, $child ) = @_;
    my $parent = $child->[0][PARENT];
    return if !$parent || $parent != $self->[0] || $child->[0][TYPE] == ATTRIBUTE;
    cut( $child->[0] );
    reconcile( $child->[0] ) if $child->[0][TYPE] == ELEMENT;
    return $child;
}

sub replaceChild {
    my ( $self, $new, $old ) = @_;
    return if !blessed $old || !blessed $new;
    return $new if $new->[0] == $old->[0];
    $self->_may_take( $new, 'replaceChild' );
    if ( $self->[0][TYPE] == DOCUMENT && $new->[0][TYPE] == ELEMENT ) {
        die "replaceChild: replaceNode with an element on a document node not supported yet!\n" if $old->[0][TYPE] != ELEMENT;
    }
    my $parent = $old->[0][PARENT];
    return if !$parent || $parent != $self->[0];
    my @nodes = _taken_out($new);
    my $at = child_index( $old->[0] );
    cut( $old->[0] );
    $self->_put( $at, @nodes );
    return $old;
}

sub replaceNode {
    my ( $self, $new ) = @_;
    return if $self->[0] == $new->[0];
    my $parent = $self->parentNode or return;
    die "replaceNode: HIERARCHY_REQUEST_ERR\n" if is_in( $parent->[0], $new->[0] );
    if ( $self->[0][TYPE] == ATTRIBUTE ) {
        $parent->removeAttributeNode($self);
        $parent->setAttributeNode($new);
        return $self;
    }
    my @nodes = _taken_out($new);
    my $at = child_index( $self->[0] );
    cut( $self->[0] );
    $parent->_put( $at, @nodes );
    return $self;
}

sub addSibling {
    my ( $self, $new ) = @_;
    my ( $node, $other ) = ( $self->[0], $new->[0] );
    die "Adding document fragments with addSibling not yet supported!\n" if $other->[TYPE] == FRAGMENT;
    if ( $node->[TYPE] == TEXT && $other->[TYPE] == TEXT && $node != $other ) {
        $node->[VALUE] .= $other->[VALUE];
        cut($other);
        return $self;
    }
    my $parent = $self->parentNode or return;
    return $parent->_insert( $new, undef, 0, 'addSibling' );
}

sub unbindNode {
    my ($self) = @_;
    cut( $self->[0] );
    return;
}

sub removeChildNodes {
    my ($self) = @_;
    my $kids = kids( $self->[0] ) or return;
    cut( $kids->[-1] ) while @$kids;
    return;
}

sub cloneNode {
    my ( $self, $deep ) = @_;
    my $node = $self->[0];
    my $copy = clone( $node, $deep );
    my $object = new_wrapped( $copy, owner($node) );
    reconcile($copy) if $copy->[TYPE] == ELEMENT;
    return $object;
}

sub normalize {
    my ($self) = @_;
    my @todo = $self->[0];
    while ( my $node = pop @todo ) {
        my $kids = kids($node) or next;
        my $i = 0;
        while ( $i < @$kids ) {
            if ( $kids->[$i][TYPE] != TEXT ) { push @todo, $kids->[ $i++ ]; next }
            while ( $i + 1 < @$kids && $kids->[ $i + 1 ][TYPE] == TEXT ) {
                $kids->[$i][VALUE] .= $kids->[ $i + 1 ][VALUE];
                cut( $kids->[ $i + 1 ] );
            }
            length $kids->[$i][VALUE] ? $i++ : cut( $kids->[$i] );
        }
    }
    return;
}

# --- text -------------------------------------------------------------------------------------------------------------

sub _encoding { my ($self) = @_; my $document = owner( $self->[0] ); my $its = $document && $document->[VALUE]{encoding}; return defined $its ? $its : 'UTF-8' }

sub toString {
    my ( $self, $format, $in_encoding ) = @_;
    my $text = CPANBridge::Compat::LibXML::Writer::node_text( $self->[0], $format );
    return $text if !$in_encoding;
    return CPANBridge::Compat::LibXML::Writer::encoded( $text, $self->_encoding );
}

sub _canonical {
    my ( $self, $how, $comments, $xpath, $context ) = @_;
    my $visible;
    if ( defined $xpath && length $xpath ) {
        if ($context) { my $node = $self; $visible = [ map { $_->[0] } $context->findnodes( $xpath, $node ) ] }
        else          { $visible = [ map { $_->[0] } $self->findnodes($xpath) ] }
    }
    return CPANBridge::Compat::LibXML::Canonical::canonical( $self->[0], %$how, comments => $comments, visible => $visible );
}

sub toStringC14N { my ( $self, @arguments ) = @_; return $self->_canonical( {}, @arguments ) }
sub toStringC14N_v1_1 { my ( $self, @arguments ) = @_; return $self->_canonical( { version => 1.1 }, @arguments ) }

sub toStringEC14N {
    my ( $self, $comments, $xpath, @others ) = @_;
    my $prefixes = @others && ref $others[-1] eq 'ARRAY' ? pop @others : undef;
    if ( @others > 1 && defined $others[1] && !ref $others[1] ) { Carp::croak('toStringEC14N: the list of prefixes must be an array') }
    return $self->_canonical( { exclusive => 1, prefixes => $prefixes }, $comments, $xpath, $others[0] );
}

# --- XPath ------------------------------------------------------------------------------------------------------------

sub findnodes {
    my ( $self, $xpath ) = @_;
    my @nodes = XML::LibXML::XPathContext::_nodes( $self, $xpath );
    return wantarray ? @nodes : XML::LibXML::NodeList->new_from_ref( \@nodes, 1 );
}

sub find { my ( $self, $xpath ) = @_; return XML::LibXML::XPathContext::_object( $self, $xpath ) }

sub findvalue { my ( $self, $xpath ) = @_; return XML::LibXML::XPathContext::_text( $self, $xpath ) }

sub findbool { my ( $self, $xpath ) = @_; return XML::LibXML::XPathContext::_truth( $self, $xpath ) }

sub exists {
    my ( $self, $xpath ) = @_;
    return XML::LibXML::XPathContext::_truth( $self, $xpath );
}

# --- by tag name, for elements and documents --------------------------------------------------------------------------

sub _descendants {
    my ( $self, $test ) = @_;
    my @found;
    my @todo = reverse @{ kids( $self->[0] ) || [] };
    while ( my $node = pop @todo ) {
        next if $node->[TYPE] != ELEMENT;
        push @found, $node if $test->($node);
        push @todo, reverse @{ kids($node) } if defined $node->[KIDS];
    }
    my @nodes = $self->_list(@found);
    return @nodes;
}

sub _by_name {
    my ($name) = @_;
    return sub {1} if $name eq '*';
    return sub { return qname( $_[0] ) eq $name };
}

sub _by_ns {
    my ( $uri, $name ) = @_;
    return sub {
        my ($node) = @_;
        return 0 if $name ne '*' && $node->[NAME] ne $name;
        return 1 if defined $uri && $uri eq '*';
        my $its = $node->[NS] ? $node->[NS][1] : undef;
        return defined $uri && length $uri ? defined $its && $its eq $uri : !defined $its || !length $its;
    };
}

# --- other names of the same ------------------------------------------------------------------------------------------

{
    no strict 'refs';
    my %also = (
        addSibling    => [], attributes => ['getAttributes'], childNodes => [qw(getChildnodes getChildNodes)],
        firstChild    => ['getFirstChild'],  isSameNode => ['isEqual'], lastChild => ['getLastChild'],
        localNamespace => [qw(getNamespace localNS)],
        getNamespaces => ['namespaces'],     namespaceURI => ['getNamespaceURI'], nextSibling => ['getNextSibling'],
        nodeName      => ['getName'],        nodeType => ['getType'],         nodeValue => [qw(getValue getData)],
        ownerDocument => ['getOwnerDocument'], parentNode => ['getParentNode'], prefix => ['getPrefix'],
        getOwner      => [qw(ownerNode getOwnerElement)], previousSibling => ['getPreviousSibling'],
        setNodeName   => ['setName'],        string_value => ['to_literal'], toStringC14N => ['serialize_c14n'],
        toStringEC14N => ['serialize_exc_c14n'], unbindNode => [qw(unlink unlinkNode)], localname => [qw(getLocalName localName)],
    );
    for my $method ( keys %also ) { *$_ = \&$method for @{ $also{$method} } }
}

sub serialize { my ( $self, @arguments ) = @_; return $self->toString(@arguments) }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Node - what all nodes have in common (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. Nodes live in the program's own process; none of these methods asks
the daemon.

=cut
