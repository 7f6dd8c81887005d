package XML::LibXML::Element;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(blessed weaken);
use XML::LibXML::Node ();

use overload '%{}' => 'getAttributeHash', fallback => 1;

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

sub new {
    my ( $class, $name ) = @_;
    $name = as_chars($name);
    XML::LibXML::_check_name($name) or Carp::croak('bad name');
    return new_wrapped( new_element($name) );
}

sub DESTROY { }    # perl does not call what is empty; programs may put something in its place

# The wrapper keeps the hash, and the hash does not keep the wrapper.
sub getAttributeHash {
    my ($self) = @_;
    return $self->[2] ||= do {
        require XML::LibXML::AttributeHash;
        tie my %hash, 'XML::LibXML::AttributeHash', $self, weaken => 1;
        \%hash;
    };
}

*tagName = \&XML::LibXML::Node::nodeName;

# --- attributes -------------------------------------------------------------------------------------------------------

# The attribute of a qualified name; prefixes count by what they stand for.
sub _find {
    my ( $node, $name ) = @_;
    my $attributes = attrs($node) or return;
    for my $attribute (@$attributes) {
        return $attribute if $attribute->[NAME] eq $name && !$attribute->[NS];
    }
    my ( $prefix, $local ) = $name =~ /\A([^:]+):(.+)\z/s or return;
    my $ns = ns_by_prefix( $node, $prefix );
    for my $attribute (@$attributes) {
        next if !$attribute->[NS] || $attribute->[NAME] ne $local;
        return $attribute if $ns ? $attribute->[NS][1] eq $ns->[1] : $attribute->[NS][0] eq $prefix;
    }
    return;
}

sub _find_ns {
    my ( $node, $uri, $name ) = @_;
    my $any = !defined $uri || !length $uri;
    for my $attribute ( @{ attrs($node) || [] } ) {
        next if $attribute->[NAME] ne $name;
        my $ns = $attribute->[NS];
        return $attribute if $any ? !$ns : $ns && $ns->[1] eq $uri;
    }
    return;
}

sub hasAttribute { my ( $self, $name ) = @_; $name = as_chars( $name, $self->[0] ); return _find( $self->[0], $name ) ? 1 : 0 }

sub hasAttributeNS {
    my ( $self, $uri, $name ) = @_;
    return _find_ns( $self->[0], $uri, $name ) ? 1 : 0;
}

sub getAttribute {
    my ( $self, $name, $in_bytes ) = @_;
    $name = as_chars( $name, $self->[0] );
    if ( $name =~ /\Axmlns(?::(.+))?\z/s ) { return $self->_getNamespaceDeclURI( defined $1 ? $1 : '' ) }
    my $node = $self->[0];
    my $text = $node->[ATTRS];
    my $value = defined $text && !ref $text && index( $name, ':' ) < 0 ? CPANBridge::Compat::LibXML::Builder::value_in( $text, $name ) : $node;
    if ( ref $value ) {
        my $attribute = _find( $node, $name );
        $value = $attribute ? attribute_value($attribute) : undef;
    }
    $value = _default( $node, $name ) if !defined $value;
    return $in_bytes ? in_bytes( $value, $self->[0] ) : $value;
}

sub getAttributeNS {
    my ( $self, $uri, $name ) = @_;
    if ( defined $uri && $uri eq XMLNS_NS ) { return $self->_getNamespaceDeclURI( $name eq 'xmlns' ? '' : $name ) }
    my $attribute = _find_ns( $self->[0], $uri, $name );
    return attribute_value($attribute) if $attribute;
    return _default( $self->[0], $name ) if !defined $uri || !length $uri;
    for my $ns ( grep { $_->[1] eq $uri } in_scope( $self->[0] ) ) {
        my $value = _default( $self->[0], "$ns->[0]:$name" );
        return $value if defined $value;
    }
    return;
}

# What the DTD has for an attribute that is not there.
sub _default {
    my ( $node, $name ) = @_;
    my $document = owner($node);
    my $defaults = $document ? $document->[VALUE]{defaults} : undef;
    return $defaults && %$defaults && $defaults->{ qname($node) } ? $defaults->{ qname($node) }{$name} : undef;
}

sub _getNamespaceDeclURI {
    my ( $self, $prefix ) = @_;
    my $ns = decl_for( $self->[0], $prefix ) or return;
    return $ns->[1];
}

sub getAttributeNode { my ( $self, $name ) = @_; $name = as_chars( $name, $self->[0] ); return $self->_wrapped( _find( $self->[0], $name ) ) }

sub getAttributeNodeNS {
    my ( $self, $uri, $name ) = @_;
    return $self->_wrapped( _find_ns( $self->[0], $uri, $name ) );
}

sub _set {
    my ( $self, $attribute, $value ) = @_;
    $attribute->[VALUE] = as_chars( $value, $self->[0] );
    undef $_->[PARENT] for @{ $attribute->[KIDS] || [] };
    undef $attribute->[KIDS];
    return;
}

sub _add { my ( $self, $attribute ) = @_; return hang( $attribute, $self ) }

sub setAttribute {
    my ( $self, $name, $value ) = @_;
    $name = as_chars( $name, $self->[0] );
    XML::LibXML::_check_name($name) or Carp::croak("bad name '@{[ defined $name ? $name : '' ]}'");
    my $node = $self->[0];
    if ( substr( $name, 0, 5 ) eq 'xmlns' && $name =~ /\Axmlns(?::(.+))?\z/s ) { return $self->_declare( defined $1 ? $1 : '', $value ) }
    if ( defined $node->[ATTRS] and my $known = _find( $node, $name ) ) { $self->_set( $known, $value ); return }
    my $ns;
    if ( index( $name, ':' ) > 0 && $name =~ /\A([^:]+):(.+)\z/s ) {
        $ns = ns_by_prefix( $node, $1 );
        $name = $2 if $ns;
    }
    hang( new_attribute( $name, as_chars( $value, $node ), $ns ), $self );
    return;
}

# xmlns and xmlns:prefix: changes a declaration or makes one.
sub _declare {
    my ( $self, $prefix, $uri ) = @_;
    return 1 if $self->setNamespaceDeclURI( $prefix, $uri );
    $self->setNamespace( $uri, $prefix, 0 );
    return 1;
}

sub setAttributeNS {
    my ( $self, $uri, $name, $value ) = @_;
    $name = as_chars( $name, $self->[0] );
    XML::LibXML::_check_name($name) or Carp::croak("bad name '@{[ defined $name ? $name : '' ]}'");
    my ( $prefix, $local ) = $name =~ /\A([^:]+):(.+)\z/s ? ( $1, $2 ) : ( '', $name );
    if ( !defined $uri || !length $uri ) {
        if ( my $known = _find_ns( $self->[0], undef, $name ) ) { $self->_set( $known, $value ); return }
        $self->_add( new_attribute( $name, as_chars( $value, $self->[0] ) ) );
        return;
    }
    if ( $uri eq XMLNS_NS ) {
        Carp::croak('NAMESPACE ERROR: the prefix of declarations is xmlns') if $prefix ne 'xmlns' && $name ne 'xmlns';
        return $self->_declare( $name eq 'xmlns' ? '' : $local, $value );
    }
    Carp::croak("setAttributeNS: namespaced attribute xmlns cannot be in another namespace") if $prefix eq 'xmlns' || $name eq 'xmlns';
    if ( my $known = _find_ns( $self->[0], $uri, $local ) ) { $self->_set( $known, $value ); return }
    my $ns = ns_by_uri( $self->[0], $uri, 1 );
    if ( !$ns ) {
        Carp::croak('bad ns attribute!') if !length $prefix;
        my $taken = ns_by_prefix( $self->[0], $prefix );
        die "existing namespace with prefix '$prefix' is bound to another URI: '$taken->[1]'\n"
          if $taken && decl_for( $self->[0], $prefix );
        $ns = [ $prefix, $uri ];
        push @{ $self->[0][DECLS] }, $ns;
    }
    $self->_add( new_attribute( $local, as_chars( $value, $self->[0] ), $ns ) );
    return;
}

sub _free_prefix {
    my ($self) = @_;
    my $number = 0;
    $number++ while ns_by_prefix( $self->[0], $number ? "default$number" : 'default' );
    return $number ? "default$number" : 'default';
}

sub removeAttribute {
    my ( $self, $name ) = @_;
    my $attribute = _find( $self->[0], $name ) or return;
    my $object = $attribute->[WRAP];
    cut($attribute);
    return $object;
}

sub removeAttributeNS {
    my ( $self, $uri, $name ) = @_;
    my $attribute = _find_ns( $self->[0], $uri, $name ) or return;
    cut($attribute);
    return;
}

sub removeAttributeNode {
    my ( $self, $object ) = @_;
    my $attribute = $object->[0];
    return if !$attribute->[PARENT] || $attribute->[PARENT] != $self->[0] || $attribute->[TYPE] != ATTRIBUTE;
    cut($attribute);
    return $object;
}

sub setAttributeNode {
    my ( $self, $object ) = @_;
    Carp::croak('lost attribute node') if !blessed $object || $object->[0][TYPE] != ATTRIBUTE;
    my $attribute = $object->[0];
    return $object if $attribute->[PARENT] && $attribute->[PARENT] == $self->[0];
    my $ns = $attribute->[NS];
    my $old = $ns ? _find_ns( $self->[0], $ns->[1], $attribute->[NAME] ) : _find_ns( $self->[0], undef, $attribute->[NAME] );
    my $at = $old ? child_index($old) : undef;
    my $replaced = $old ? $self->_wrapped($old) : undef;
    cut($old) if $old;
    cut($attribute);
    hang( $attribute, $self, $at );

    if ($ns) {
        my $same = ns_by_prefix( $self->[0], $ns->[0] );
        $same = ns_by_uri( $self->[0], $ns->[1], 1 ) if !$same || $same->[1] ne $ns->[1];
        if ( !$same ) { $same = [@$ns]; push @{ $self->[0][DECLS] }, $same }
        $attribute->[NS] = $same;
    }
    return $replaced;
}

*setAttributeNodeNS = \&setAttributeNode;

# --- namespaces -------------------------------------------------------------------------------------------------------

sub setNamespace {
    my ( $self, $uri, $prefix, $activate ) = @_;
    my $node = $self->[0];
    $activate = 1 if @_ < 4;
    $prefix = '' if !defined $prefix;
    if ( !defined $uri || !length $uri ) {
        return 0 if length $prefix;

        # No namespace any more; what stands above must not lend its default one.
        my $above = ns_by_prefix( $node, '' );
        if ( my $own = decl_for( $node, '' ) ) { return 0 if length $own->[1] }
        elsif ( $above && length $above->[1] ) { push @{ $node->[DECLS] }, [ '', '' ] }
        undef $node->[NS] if $activate;
        return 1;
    }
    my $ns = ns_by_prefix( $node, $prefix );
    if ( !$ns || $ns->[1] ne $uri ) {
        if ( $ns = decl_for( $node, $prefix ) ) {
            return 0 if defined $ns->[1];
            $ns->[1] = "$uri";
        }
        else {
            $ns = [ $prefix, "$uri" ];
            push @{ $node->[DECLS] }, $ns;
        }
    }
    $node->[NS] = $ns if $activate;
    return 1;
}

sub setNamespaceDeclURI {
    my ( $self, $prefix, $uri ) = @_;
    my $ns = decl_for( $self->[0], defined $prefix ? $prefix : '' ) or return 0;
    if ( defined $uri && length $uri ) { $ns->[1] = $uri }
    else {
        # Those that use it have no namespace then, and no prefix. The declaration stays, but is not shown.
        $self->_forget_ns($ns);
        $ns->[1] = undef;
    }
    return 1;
}

# Makes nodes of what is text yet: in that, names have the prefixes that they came with.
sub _look_into_all {
    my ($self) = @_;
    my @todo = $self->[0];
    while ( my $node = pop @todo ) {
        attrs($node);
        push @todo, grep { $_->[TYPE] == ELEMENT } @{ kids($node) || [] };
    }
    return;
}

sub _forget_ns {
    my ( $self, $ns ) = @_;
    my @todo = $self->[0];
    while ( my $node = pop @todo ) {
        next if $node->[TYPE] != ELEMENT;
        undef $node->[NS] if $node->[NS] && $node->[NS] == $ns;
        for ( @{ attrs($node) || [] } ) { undef $_->[NS] if $_->[NS] && $_->[NS] == $ns }
        push @todo, @{ kids($node) || [] };
    }
    return;
}

sub setNamespaceDeclPrefix {
    my ( $self, $old, $new ) = @_;
    $_ = defined $_ ? $_ : '' for $old, $new;
    return 1 if $old eq $new && decl_for( $self->[0], $old );
    my $ns = decl_for( $self->[0], $old ) or return 0;
    $self->_look_into_all;
    Carp::croak("setNamespaceDeclPrefix: prefix '$new' is in use") if ns_by_prefix( $self->[0], $new );
    Carp::croak('setNamespaceDeclPrefix: cannot set non-empty prefix for empty namespace') if length $new && !length( defined $ns->[1] ? $ns->[1] : '' );
    $ns->[0] = $new;
    return 1;
}

# --- content ----------------------------------------------------------------------------------------------------------

sub appendText {
    my ( $self, $text ) = @_;
    return if !defined $text || !length $text;
    $text = as_chars( $text, $self->[0] );
    my $kids = kids( $self->[0] );
    if ( $kids && @$kids && $kids->[-1][TYPE] == TEXT ) { $kids->[-1][VALUE] .= $text }
    else                                               { hang( new_node( TEXT, undef, $text ), $self ) }
    return;
}

*appendTextNode = \&appendText;

sub appendTextChild {
    my ( $self, $name, $text ) = @_;
    $name = as_chars( $name, $self->[0] );
    XML::LibXML::_check_name($name) or Carp::croak('bad name');
    my $child = $self->_child_node( undef, $name );
    $text = as_chars( $text, $self->[0] );
    if ( length $text ) {
        my $node = new_node( TEXT, undef, $text );
        weaken( $node->[PARENT] = $child );
        $child->[KIDS] = [$node];
    }
    hang( $child, $self );
    return;
}

# A node that is to become a child, with the name's prefix resolved here.
sub _child_node {
    my ( $self, $uri, $name ) = @_;
    my ( $ns, $local ) = ( undef, $name );
    my $prefix = '';
    ( $prefix, $local ) = ( $1, $2 ) if index( $name, ':' ) > 0 && $name =~ /\A([^:]+):(.+)\z/s;
    if ( defined $uri && length $uri ) {
        $ns = ns_by_prefix( $self->[0], $prefix );
        $ns = ns_by_uri( $self->[0], $uri ) if !$ns || $ns->[1] ne $uri;
    }
    elsif ( length $prefix ) {
        $ns = ns_by_prefix( $self->[0], $prefix );
        $local = $name if !$ns;
    }
    elsif ( !defined $uri ) { $ns = $self->[0][TYPE] == ELEMENT ? $self->[0][NS] : undef }
    my $node = new_element( $local, $ns );
    if ( !$ns && defined $uri && length $uri ) { $node->[NS] = [ $prefix, $uri ]; $node->[DECLS] = [ $node->[NS] ] }
    return $node;
}

sub addNewChild {
    my ( $self, $uri, $name ) = @_;
    my $node = hang( $self->_child_node( defined $uri ? $uri : '', as_chars( $name, $self->[0] ) ), $self );
    return wrap( $node, tree_of($self) );
}

sub appendWellBalancedChunk {
    my ( $self, $chunk ) = @_;
    my $fragment = XML::LibXML->new->parse_balanced_chunk($chunk);
    $self->appendChild($fragment);
    return;
}

# --- by tag name ------------------------------------------------------------------------------------------------------

sub _answer {
    my ( $list, @nodes ) = @_;
    return $list ? @nodes : XML::LibXML::NodeList->new_from_ref( \@nodes, 1 );
}

sub _children { my ( $self, $test ) = @_; return $self->_list( grep { $_->[TYPE] == ELEMENT && $test->($_) } @{ kids( $self->[0] ) || [] } ) }

sub getChildrenByTagName      { my ( $self, $name ) = @_; return _answer( wantarray, $self->_children( XML::LibXML::Node::_by_name($name) ) ) }
sub getChildrenByTagNameNS    { my ( $self, $uri, $name ) = @_; return _answer( wantarray, $self->_children( XML::LibXML::Node::_by_ns( $uri, $name ) ) ) }
sub getChildrenByLocalName    { my ( $self, $name ) = @_; return _answer( wantarray, $self->_children( XML::LibXML::Node::_by_ns( '*', $name ) ) ) }
sub getElementsByTagName      { my ( $self, $name ) = @_; return _answer( wantarray, $self->_descendants( XML::LibXML::Node::_by_name($name) ) ) }
sub getElementsByTagNameNS    { my ( $self, $uri, $name ) = @_; return _answer( wantarray, $self->_descendants( XML::LibXML::Node::_by_ns( $uri, $name ) ) ) }
sub getElementsByLocalName    { my ( $self, $name ) = @_; return _answer( wantarray, $self->_descendants( XML::LibXML::Node::_by_ns( '*', $name ) ) ) }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Element - elements (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
