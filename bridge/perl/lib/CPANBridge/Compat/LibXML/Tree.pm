package CPANBridge::Compat::LibXML::Tree;

# A document's nodes are plain arrays; parents hold their children, and children know their parents weakly. What a
# program has in hand are wrappers, objects of [ node, tree ]. A tree is [ root, forward ]: it holds the topmost node of
# what hangs together, so that a program that holds one node can reach all the others. When a whole tree is hung into
# another one, it only gets the other as its forward; when a part is cut off, the wrappers within get a new tree.
use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use Exporter qw(import);
use Scalar::Util qw(refaddr weaken);

our $VERSION = '0.1.0';

# What most nodes have comes first: an array's places that were never written take next to no memory.
use constant {
    TYPE   => 0,
    PARENT => 1,     # weak
    VALUE  => 2,     # text; of a document and a DTD a hash; of an element with KIDS or ATTRS that are text yet the
                     # declarations that count there, by prefix, if there are any
    NAME   => 3,     # local name, target, name of an entity
    KIDS   => 4,     # an array; of an element perhaps text yet, see Builder.pm: kids() makes the array
    ATTRS  => 5,     # the same: attrs()
    WRAP   => 6,     # the wrapper, weak
    NS     => 7,     # [ prefix, URI ], shared by all nodes for which a declaration counts
    POS    => 8,     # where among its siblings it was seen last, if it was
    DECLS  => 9,     # the declarations on an element: [ prefix, URI ]
    DOC    => 10,    # of a topmost node that is no document: the document that it belongs to
    LINE   => 11,
};

use constant {
    ELEMENT   => 1,
    ATTRIBUTE => 2,
    TEXT      => 3,
    CDATA     => 4,
    ENTITYREF => 5,
    PI        => 7,
    COMMENT   => 8,
    DOCUMENT  => 9,
    FRAGMENT  => 11,
    HTML      => 13,
    NOTATION  => 12,
    DTD       => 14,
    ELEMENT_DECL   => 15,
    ATTRIBUTE_DECL => 16,
    ENTITY_DECL    => 17,
    NAMESPACE => 18,
};

use constant XML_NS   => 'http://www.w3.org/XML/1998/namespace';
use constant XMLNS_NS => 'http://www.w3.org/2000/xmlns/';

our @EXPORT_OK = qw(
  TYPE PARENT WRAP DOC POS NAME VALUE NS KIDS ATTRS DECLS LINE
  ELEMENT ATTRIBUTE TEXT CDATA ENTITYREF PI COMMENT DOCUMENT FRAGMENT HTML NOTATION DTD ELEMENT_DECL ATTRIBUTE_DECL
  ENTITY_DECL NAMESPACE XML_NS XMLNS_NS
  apart attribute_value attrs child_index clone cut decl_for as_chars hang in_bytes in_scope is_in kids new_attribute new_document new_element new_namespace new_node
  new_wrapped ns_by_prefix ns_by_uri ordered owner qname reconcile root text_of tree_of unique wrap xml_ns
);
our %EXPORT_TAGS = ( all => \@EXPORT_OK );

my @CLASS;
@CLASS[ ELEMENT, ATTRIBUTE, TEXT, CDATA, ENTITYREF, PI, COMMENT, DOCUMENT, FRAGMENT, HTML, DTD, NAMESPACE ] =
  map {"XML::LibXML::$_"}
  qw(Element Attr Text CDATASection Node PI Comment Document DocumentFragment Document Dtd Namespace);

@CLASS[ NOTATION, ELEMENT_DECL, ATTRIBUTE_DECL, ENTITY_DECL ] = ('XML::LibXML::Node') x 4;

my $XML = [ 'xml', XML_NS ];
sub xml_ns { return $XML }

# --- wrappers ---------------------------------------------------------------------------------------------------------

# The object for a node that hangs in the same tree as the one that the program came from.
sub wrap {
    my ( $node, $tree ) = @_;
    return $node->[WRAP] if $node->[WRAP];
    my $object = bless [ $node, $tree ], $CLASS[ $node->[TYPE] ];
    weaken( $node->[WRAP] = $object );
    return $object;
}

# The object for a node that nothing holds yet.
sub new_wrapped {
    my ( $node, $document ) = @_;
    $node->[DOC] = $document;
    return wrap( $node, [$node] );
}

sub tree_of {
    my ($object) = @_;
    my $tree = $object->[1];
    if ( $tree->[1] ) {
        $tree = $tree->[1] while $tree->[1];
        $object->[1] = $tree;
    }
    return $tree;
}

# Gives the wrappers in a part of a tree another tree.
sub _belongs {
    my ( $node, $tree ) = @_;
    $node->[WRAP][1] = $tree if $node->[WRAP];
    if ( ref $node->[ATTRS] ) { $_->[WRAP] and $_->[WRAP][1] = $tree for @{ $node->[ATTRS] } }
    if ( ref $node->[KIDS] )  { _belongs( $_, $tree ) for @{ $node->[KIDS] } }
    return;
}

# --- children and attributes ------------------------------------------------------------------------------------------

# The children of a node, or undef; made now where they are text yet.
sub kids {
    my $kids = $_[0][KIDS];
    return ref $kids || !defined $kids ? $kids : CPANBridge::Compat::LibXML::Builder::kids_of( $_[0] );
}

# The attributes of an element, likewise.
sub attrs {
    my $attributes = $_[0][ATTRS];
    return ref $attributes || !defined $attributes ? $attributes : CPANBridge::Compat::LibXML::Builder::attributes_of( $_[0] );
}

# --- strings of the program -------------------------------------------------------------------------------------------

# A string as characters. One that has no UTF-8 flag is bytes to the original, in the document's encoding, and programs
# that read files without decoding them rely on that. Bytes that do not fit stay what they are.
sub as_chars {
    my ( $text, $node ) = @_;
    return '' if !defined $text;
    $text = "$text";
    return $text if utf8::is_utf8($text) || $text !~ tr/\x01-\x7f//c;
    my $document = $node && owner($node);
    my $encoding = $document ? $document->[VALUE]{encoding} : undef;
    my $copy = $text;
    if ( !defined $encoding || $encoding =~ /\Autf-?8\z/i ) { return utf8::decode($copy) ? $copy : $text }
    require Encode;
    my $codec = Encode::find_encoding( $encoding =~ /\Autf-?16\z/i && $copy !~ /\A(?:\xfe\xff|\xff\xfe)/ ? 'UTF-16LE' : $encoding );
    if ( $encoding =~ /\Autf-?16/i ) {
        return $text if length($copy) % 2;
        $codec = Encode::find_encoding('UTF-16') if $copy =~ /\A(?:\xfe\xff|\xff\xfe)/;
    }
    my $decoded = $codec ? eval { local $SIG{__DIE__}; $codec->decode( $copy, Encode::FB_CROAK() ) } : undef;
    return defined $decoded ? $decoded : $text;
}

# Characters as bytes in the document's encoding.
sub in_bytes {
    my ( $text, $node ) = @_;
    return if !defined $text;
    my $document = owner($node);
    my $encoding = $document && $document->[VALUE]{encoding};
    require Encode;
    $encoding = 'UTF-8' if !defined $encoding;
    $encoding = 'UTF-16LE' if $encoding =~ /\Autf-?16\z/i;
    return Encode::encode( $encoding, $text );
}

# --- new nodes --------------------------------------------------------------------------------------------------------

sub new_node {
    my ( $type, $name, $value ) = @_;
    return [ $type, undef, $value ] if !defined $name;
    return [ $type, undef, $value, $name ];
}

sub new_element {
    my ( $name, $ns ) = @_;
    my $node = [ ELEMENT, undef, undef, $name ];
    $node->[NS] = $ns if $ns;
    return $node;
}

sub new_attribute {
    my ( $name, $value, $ns ) = @_;
    my $node = [ ATTRIBUTE, undef, $value, $name ];
    $node->[NS] = $ns if $ns;
    return $node;
}

# A declaration of a namespace, as it is seen at an element.
sub new_namespace {
    my ( $element, $ns ) = @_;
    my $node = new_node( NAMESPACE, @$ns );
    $node->[NS] = $ns;
    weaken( $node->[PARENT] = $element ) if $element;
    return $node;
}

sub new_document {
    my ( $type, %facts ) = @_;
    my $node = new_node( $type, undef, \%facts );
    $node->[KIDS] = [];
    return $node;
}

# --- looking around ---------------------------------------------------------------------------------------------------

sub root {
    my ($node) = @_;
    while ( my $parent = $node->[PARENT] ) { $node = $parent }
    return $node;
}

# The document that a node belongs to, or undef.
sub owner {
    my $root = root( $_[0] );
    return $root->[TYPE] == DOCUMENT || $root->[TYPE] == HTML ? $root : $root->[DOC];
}

# Whether a node is the other one or one of those above it.
sub is_in {
    my ( $node, $other ) = @_;
    while ($node) {
        return 1 if $node == $other;
        $node = $node->[PARENT];
    }
    return 0;
}

# Where a node is among its siblings.
sub child_index {
    my ($node) = @_;
    my $siblings = $node->[TYPE] == ATTRIBUTE ? $node->[PARENT][ATTRS] : $node->[PARENT][KIDS];
    my $seen = $node->[POS];
    if ( defined $seen ) {
        for my $at ( $seen, $seen - 1, 0, $seen + 1 ) {
            return $node->[POS] = $at if $at >= 0 && $at < @$siblings && $siblings->[$at] == $node;
        }
    }
    my $count = 0;
    $_->[POS] = $count++ for @$siblings;
    return $node->[POS];
}

sub qname {
    my ($node) = @_;
    my $ns = $node->[NS];
    return $ns && length $ns->[0] ? "$ns->[0]:$node->[NAME]" : $node->[NAME];
}

sub attribute_value {
    my ($node) = @_;
    return defined $node->[VALUE] ? $node->[VALUE] : '' if !$node->[KIDS];
    return join '', map { text_of($_) } @{ $node->[KIDS] };
}

sub text_of {
    my ($node) = @_;
    my $type = $node->[TYPE];
    return $node->[VALUE] if $type == TEXT || $type == CDATA || $type == COMMENT;
    return attribute_value($node) if $type == ATTRIBUTE;
    return defined $node->[VALUE] ? $node->[VALUE] : '' if $type == PI || $type == NAMESPACE;
    return ref $node->[VALUE] && defined $node->[VALUE]{content} ? $node->[VALUE]{content} : ''
      if $type == ENTITY_DECL || $type == ELEMENT_DECL || $type == ATTRIBUTE_DECL || $type == NOTATION;
    if ( $type == ENTITYREF ) {
        my $document = owner($node);
        my $content = $document && $document->[VALUE]{entities}{ $node->[NAME] };
        return defined $content ? $content : '';
    }
    my $kids = $node->[KIDS];
    return '' if !defined $kids;
    if ( !ref $kids ) {
        my $text = CPANBridge::Compat::LibXML::Builder::characters($kids);
        return $text if defined $text;
        $kids = kids($node);
    }
    return $kids->[0][VALUE] if @$kids == 1 && $kids->[0][TYPE] == TEXT;
    my $text = '';
    my @todo = reverse @$kids;
    while ( my $kid = pop @todo ) {
        my $kind = $kid->[TYPE];
        if ( $kind == TEXT || $kind == CDATA ) { $text .= $kid->[VALUE] }
        elsif ( $kind == ELEMENT ) {
            my $inside = $kid->[KIDS];
            next if !defined $inside;
            if ( !ref $inside ) {
                my $its = CPANBridge::Compat::LibXML::Builder::characters($inside);
                if ( defined $its ) { $text .= $its; next }
                $inside = kids($kid);
            }
            push @todo, reverse @$inside;
        }
        elsif ( $kind == ENTITYREF ) { $text .= text_of($kid) }
    }
    return $text;
}

# --- namespaces -------------------------------------------------------------------------------------------------------

# The declaration of a prefix ('' for the default) that counts at a node.
sub ns_by_prefix {
    my ( $node, $prefix ) = @_;
    return $XML if $prefix eq 'xml';
    for ( ; $node ; $node = $node->[PARENT] ) {
        next if !$node->[DECLS];
        for my $ns ( @{ $node->[DECLS] } ) { return $ns if $ns->[0] eq $prefix && defined $ns->[1] }
    }
    return;
}

# A declaration of a URI that counts at a node; one with a prefix if asked for.
sub ns_by_uri {
    my ( $node, $uri, $prefixed ) = @_;
    return $XML if $uri eq XML_NS;
    my %hidden;
    for ( ; $node ; $node = $node->[PARENT] ) {
        next if !$node->[DECLS];
        for my $ns ( @{ $node->[DECLS] } ) {
            next if !defined $ns->[1] || $hidden{ $ns->[0] };
            return $ns if $ns->[1] eq $uri && ( !$prefixed || length $ns->[0] );
        }
        $hidden{ $_->[0] } = 1 for @{ $node->[DECLS] };
    }
    return;
}

# All declarations that count at an element, nearest first.
sub in_scope {
    my ($node) = @_;
    my ( %seen, @found );
    for ( ; $node ; $node = $node->[PARENT] ) {
        next if !$node->[DECLS];
        push @found, grep { !$seen{ $_->[0] }++ } @{ $node->[DECLS] };
    }
    return grep { defined $_->[1] && length $_->[1] } @found;
}

sub decl_for {
    my ( $element, $prefix ) = @_;
    for my $ns ( @{ $element->[DECLS] || [] } ) { return $ns if $ns->[0] eq $prefix }
    return;
}

# Has a part of a tree use declarations that count where it hangs now; those that are missing go to the topmost element.
sub reconcile {
    my ($top) = @_;
    my %known;
    my $fit = sub {
        my ( $node, $at, $known ) = @_;
        my $ns = $node->[NS] or return;
        return if $ns == $XML || $known->{ refaddr $ns };
        return if !defined $ns->[1];
        my $same = ns_by_prefix( $at, $ns->[0] );
        if ( !$same || $same->[1] ne $ns->[1] ) {
            $same = ns_by_uri( $at, $ns->[1], $node->[TYPE] == ATTRIBUTE );
        }
        if ( !$same ) {
            $same = [@$ns];
            my $host = decl_for( $top, $ns->[0] ) ? $at : $top;
            my $count = 0;
            while ( my $taken = decl_for( $host, $same->[0] ) ) {
                last if defined $taken->[1] && $taken->[1] eq $same->[1];
                $same->[0] = ( length $ns->[0] ? $ns->[0] : 'default' ) . $count++;
            }
            push @{ $host->[DECLS] }, $same;
        }
        $node->[NS] = $same;
        return;
    };
    my @todo = [ $top, {} ];
    while ( my $entry = pop @todo ) {
        my ( $node, $known ) = @$entry;
        next if $node->[TYPE] != ELEMENT && $node->[TYPE] != FRAGMENT;
        if ( $node->[DECLS] ) {
            _spare($node) if $node->[PARENT] && $node->[PARENT][TYPE] == ELEMENT;
            $known = { %$known, map { refaddr $_ => 1 } @{ $node->[DECLS] } };
        }
        if ( $node->[TYPE] == ELEMENT ) {

            # In what is text yet there are no names with a namespace unless declarations are kept with it.
            if ( !$node->[VALUE] ) {
                $fit->( $_, $node, $known ) for ref $node->[ATTRS] ? @{ $node->[ATTRS] } : (), $node;
                next if !ref $node->[KIDS];
            }
            else { $fit->( $_, $node, $known ) for @{ attrs($node) || [] }, $node }
        }
        push @todo, map { [ $_, $known ] } grep { $_->[TYPE] == ELEMENT } @{ kids($node) || [] };
    }
    return;
}

# Leaves out the declarations of an element's own names that an element above makes as well.
sub _spare {
    my ($node) = @_;
    my %used = map { refaddr $_->[NS] => 1 } grep { $_->[NS] } $node, @{ attrs($node) || [] };
    @{ $node->[DECLS] } = grep {
        my $above = $used{ refaddr $_ } && defined $_->[1] ? ns_by_prefix( $node->[PARENT], $_->[0] ) : undef;
        !( $above && $above->[1] eq $_->[1] )
    } @{ $node->[DECLS] };
    return;
}

# --- changes ----------------------------------------------------------------------------------------------------------

# Takes a node out of its parent; it is the topmost one of a tree of its own then, which is returned.
sub cut {
    my ($node) = @_;
    my $parent = $node->[PARENT] or return;
    my $document = owner($node);
    my $at = child_index($node);
    splice @{ $node->[TYPE] == ATTRIBUTE ? $parent->[ATTRS] : $parent->[KIDS] }, $at, 1;
    undef $node->[PARENT];
    $node->[DOC] = $document;
    my $tree = [$node];
    _belongs( $node, $tree );
    return $tree;
}

# Hangs a node that has no parent into another one, whose wrapper is given: as its child at a place, at the end by
# default, or as an attribute.
sub hang {
    my ( $node, $into, $at ) = @_;
    my $parent = $into->[0];
    my $tree   = tree_of($into);
    undef $node->[DOC] if $node->[DOC];
    my $own = $node->[WRAP] && tree_of( $node->[WRAP] );
    if ( $own && $own != $tree && $own->[0] && $own->[0] == $node ) {
        $own->[1] = $tree;
        undef $own->[0];
    }
    elsif ( ( !$own || $own != $tree ) && ( $own || ref $node->[KIDS] || ref $node->[ATTRS] ) ) { _belongs( $node, $tree ) }
    weaken( $node->[PARENT] = $parent );
    my $siblings = $node->[TYPE] == ATTRIBUTE ? attrs($parent) || ( $parent->[ATTRS] = [] ) : kids($parent) || ( $parent->[KIDS] = [] );
    $at = @$siblings if !defined $at;
    $node->[POS] = $at;
    if   ( $at == @$siblings ) { push @$siblings, $node }
    else                       { splice @$siblings, $at, 0, $node }
    return $node;
}

# A copy that hangs nowhere. Declarations above it that its names need are left to reconcile().
sub clone {
    my ( $node, $deep, $map ) = @_;
    if ( $node->[TYPE] == ELEMENT && $node->[VALUE] ) { kids($node); attrs($node) }
    my $copy = [@$node];
    for ( PARENT, WRAP, DOC ) { undef $copy->[$_] if $_ < @$copy }
    my $type = $node->[TYPE];
    if ( $type == ELEMENT ) {
        $map = { %{ $map || {} } };
        if ( $node->[DECLS] ) {
            $copy->[DECLS] = [ map { $map->{ refaddr $_ } = [@$_] } @{ $node->[DECLS] } ];
        }
        if ( ref $node->[ATTRS] ) {
            $copy->[ATTRS] = [ map { _hung( clone( $_, 1, $map ), $copy ) } @{ $node->[ATTRS] } ];
        }
    }
    elsif ( $type == DOCUMENT || $type == HTML || $type == DTD ) { $copy->[VALUE] = { %{ $node->[VALUE] } } }
    if ( $copy->[NS] && $map ) { $copy->[NS] = $map->{ refaddr $copy->[NS] } || $copy->[NS] }
    if ( !$deep && defined $node->[KIDS] ) { $copy->[KIDS] = [] }
    elsif ( ref $node->[KIDS] ) {
        $copy->[KIDS] = [ map { _hung( clone( $_, 1, $map ), $copy ) } @{ $node->[KIDS] } ];
    }
    return $copy;
}

sub _hung {
    my ( $node, $parent ) = @_;
    weaken( $node->[PARENT] = $parent );
    return $node;
}

# --- order ------------------------------------------------------------------------------------------------------------

# Nodes in the order of the document. Each is known by the places on the way to it, one below the other: of what is under
# the same parent, declarations come first, then attributes, then children.
sub ordered {
    my @nodes = @_;
    return @nodes if @nodes < 2;
    my ( %way, @ways );
    for my $node (@nodes) {
        my @above;
        my $top = $node;
        while ( $top->[PARENT] && !defined $way{ refaddr $top } ) {
            push @above, $top;
            $top = $top->[PARENT];
        }
        my $way = $way{ refaddr $top };
        $way = $way{ refaddr $top } = '' if !defined $way;
        for my $each ( reverse @above ) {
            my $type = $each->[TYPE];
            $way .= $type == NAMESPACE ? "\0" : pack 'CN', $type == ATTRIBUTE ? 1 : 2, child_index($each);
            $way{ refaddr $each } = $way if $each != $node;
        }
        push @ways, $way;
    }
    return @nodes[ sort { $ways[$a] cmp $ways[$b] } 0 .. $#nodes ];
}

# Whether of nodes in the document's order none stands within another one. If one does, so does one within its neighbour.
sub apart {
    my ($nodes) = @_;
    for my $at ( 1 .. $#$nodes ) {
        my ( $before, $node ) = @$nodes[ $at - 1, $at ];
        next if $before->[PARENT] && $node->[PARENT] && $before->[PARENT] == $node->[PARENT];
        return 0 if is_in( $node, $before );
    }
    return 1;
}

sub unique {
    my %seen;
    return grep { !$seen{ refaddr $_ }++ } @_;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Tree - the nodes of XML documents

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it. Nodes are plain arrays, whose fields have the names that this
module exports as constants (C<TYPE>, C<PARENT>, C<NAME> ...); so have their types (C<ELEMENT>, C<TEXT> ...). What a
program has in hand are wrappers: objects that hold a node and the tree in which it hangs. All functions take nodes
unless a wrapper is spoken of.

=head1 FUNCTIONS

=head2 wrap

    my $object = wrap( $node, $tree );

The wrapper of a node; a node has one at a time.

=head2 new_wrapped

    my $object = new_wrapped( $node, $document );

The wrapper of a node that hangs nowhere and belongs to a document, or to none.

=head2 kids

=head2 attrs

The children and the attributes of a node: a reference to the array of them, or undef. Nodes whose text the daemon sent are
made by these; the fields C<KIDS> and C<ATTRS> are not to be looked at otherwise, unless by what can do with text.

=head2 tree_of

The tree that a wrapper's node hangs in.

=head2 as_chars

    my $characters = as_chars( $string, $node );

What a string of the program's means in the document of a node: characters if it has Perl's UTF-8 flag, else bytes in the
document's encoding.

=head2 in_bytes

    my $bytes = in_bytes( $characters, $node );

=head2 new_node

    my $node = new_node( $type, $name, $value );

=head2 new_element

=head2 new_attribute

=head2 new_namespace

=head2 new_document

New nodes that hang nowhere.

=head2 root

The topmost node above a node.

=head2 owner

The document that a node belongs to.

=head2 is_in

    is_in( $node, $other )

Whether a node is another one or stands within it.

=head2 child_index

Where a node stands among its siblings, from 0.

=head2 qname

An element's or attribute's name with its prefix.

=head2 attribute_value

=head2 text_of

The text of a node and all that is in it.

=head2 xml_ns

The declaration of the prefix C<xml>.

=head2 ns_by_prefix

=head2 ns_by_uri

The declaration that counts at a node.

=head2 in_scope

All declarations that count at an element.

=head2 decl_for

The declaration of a prefix on an element itself.

=head2 reconcile

Has the names in a part of a tree use declarations that count there, and makes those that are missing.

=head2 cut

Takes a node out of its parent.

=head2 hang

    hang( $node, $parent_object, $index );

Puts a node into a parent.

=head2 clone

    my $copy = clone( $node, $deep );

=head2 ordered

Sorts nodes by their place in the document.

=head2 apart

    apart( \@nodes )

Whether none of the nodes, which are in the document's order, stands within another one.

=head2 unique

Leaves out what is there twice.

=cut
