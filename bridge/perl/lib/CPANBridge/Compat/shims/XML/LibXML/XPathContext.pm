package XML::LibXML::XPathContext;

use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::XPath ();
use CPANBridge::Compat::LibXML::XPathFunctions qw(as_boolean);
use Scalar::Util qw(blessed looks_like_number reftype);
use XML::LibXML::Error ();

our $VERSION = '2.0134';

sub new {
    my ( $class, $node ) = @_;
    return bless { node => $node, ns => {}, functions => {}, size => -1, position => -1 }, $class;
}

# --- what an expression may use ---------------------------------------------------------------------------------------

sub registerNs {
    my ( $self, $prefix, $uri ) = @_;
    return $self->unregisterNs($prefix) if !defined $uri;
    $self->{ns}{$prefix} = "$uri";
    return;
}

sub unregisterNs { my ( $self, $prefix ) = @_; delete $self->{ns}{$prefix}; return }

sub lookupNs {
    my ( $self, $prefix ) = @_;
    return $self->{ns}{$prefix} if exists $self->{ns}{$prefix};
    my $ns = $self->{node} ? ns_by_prefix( _element( $self->{node}[0] ), $prefix ) : undef;
    return $ns ? $ns->[1] : undef;
}

sub registerVarLookupFunc {
    my ( $self, $code, $data ) = @_;
    return $self->unregisterVarLookupFunc if !defined $code;
    Carp::croak('registerVarLookupFunc: 1st argument is not a CODE reference') if ref $code ne 'CODE';
    @$self{qw(variables data)} = ( $code, $data );
    return;
}

sub unregisterVarLookupFunc { my ($self) = @_; delete @$self{qw(variables data)}; return }
sub getVarLookupFunc { return $_[0]{variables} }
sub getVarLookupData { return $_[0]{data} }

sub registerFunctionNS {
    my ( $self, $name, $uri, $code ) = @_;
    $uri = '' if !defined $uri;
    if ( !defined $code ) { delete $self->{functions}{"$uri $name"}; return }
    if ( ref $code ne 'CODE' ) {
        Carp::croak('registerFunction: 2nd argument must be a CODE reference or the name of a sub') if ref $code;
        my $called = $code =~ /::|'/ ? $code : caller(0) eq __PACKAGE__ ? caller(1) . "::$code" : caller() . "::$code";
        no strict 'refs';
        $code = sub { return $called->(@_) };
    }
    $self->{functions}{"$uri $name"} = $code;
    return;
}

sub registerFunction { my ( $self, $name, $code ) = @_; return $self->registerFunctionNS( $name, undef, $code ) }
sub unregisterFunctionNS { my ( $self, $name, $uri ) = @_; return $self->registerFunctionNS( $name, $uri, undef ) }
sub unregisterFunction { my ( $self, $name ) = @_; return $self->registerFunctionNS( $name, undef, undef ) }

sub setContextNode { my ( $self, $node ) = @_; $self->{node} = $node; return }
sub getContextNode { return $_[0]{node} }

sub setContextPosition {
    my ( $self, $position ) = @_;
    Carp::croak("XPathContext: invalid position\n") if !defined $position || $position < -1 || $position > $self->{size};
    $self->{position} = $position;
    return;
}

sub getContextPosition { return $_[0]{position} }

sub setContextSize {
    my ( $self, $size ) = @_;
    Carp::croak("XPathContext: invalid size\n") if !defined $size || $size < -1;
    $self->{size} = $size;
    $self->{position} = $size < 0 ? -1 : $size == 0 ? 0 : 1;
    return;
}

sub getContextSize { return $_[0]{size} }

# --- evaluating -------------------------------------------------------------------------------------------------------

sub findnodes {
    my ( $self, $xpath, $node ) = @_;
    my @nodes = _nodes( $self->_at($node), $xpath, $self );
    return wantarray ? @nodes : XML::LibXML::NodeList->new_from_ref( \@nodes, 1 );
}

sub find { my ( $self, $xpath, $node ) = @_; return _object( $self->_at($node), $xpath, $self ) }

sub findvalue { my ( $self, $xpath, $node ) = @_; return _text( $self->_at($node), $xpath, $self ) }

sub exists { my ( $self, $xpath, $node ) = @_; return _truth( $self->_at($node), $xpath, $self ) }

sub _at {
    my ( $self, $node ) = @_;
    return $node if defined $node;
    return $self->{node} if defined $self->{node};
    return XML::LibXML::_error( 'XPathContext: lost current node' );
}

sub _element {
    my ($node) = @_;
    my $type = $node->[TYPE];
    return $node->[PARENT] if ( $type == ATTRIBUTE || $type == NAMESPACE ) && $node->[PARENT];
    if ( $type == DOCUMENT || $type == HTML ) {
        for ( @{ kids($node) } ) { return $_ if $_->[TYPE] == ELEMENT }
    }
    return $node;
}

# Runs a sub and makes errors of the original's kind out of what goes wrong in an expression.
sub _guarded {
    my ($code) = @_;
    my @result;
    my $ok = do {
        local $@;
        local $SIG{__DIE__};
        my $done = eval { @result = $code->(); 1 };
        $done ? undef : [$@];
    };
    return wantarray ? @result : $result[0] if !$ok;
    my $problem = $ok->[0];
    die $problem if ref $problem ne 'HASH' || !exists $problem->{xpath};
    my %where;
    if ( defined $problem->{expression} ) {
        %where = ( str1 => $problem->{expression}, num1 => $problem->{at}, context => $problem->{expression}, caret => $problem->{at} );
    }
    my $before = $problem->{before} ? XML::LibXML::Error->_made( domain => 0, code => -1, level => 2, message => "$problem->{before}\n" ) : undef;
    die XML::LibXML::Error->_made(
        domain => 12, code => $problem->{xpath}, level => 2, line => 0, message => "$problem->{text}\n", num2 => 0, _prev => $before, %where
    );
}

sub _evaluate {
    my ( $object, $xpath, $self ) = @_;
    if ( !defined $xpath || ref $xpath && !blessed $xpath ) { Carp::croak('empty XPath found') }
    Carp::croak('lost node') if !blessed $object || reftype $object ne 'ARRAY';
    my $text = blessed $xpath && $xpath->isa('XML::LibXML::XPathExpression') ? $xpath->{text} : as_chars( $xpath, $object->[0] );
    Carp::croak('empty XPath found') if $text !~ /\S/;
    my $tree  = tree_of($object);
    my $node  = $object->[0];
    my @place = $self && $self->{size} >= 0 ? ( $self->{position}, $self->{size} ) : ( -1, -1 );
    my %others;    # trees of nodes that come from elsewhere
    my $root = root($node);
    if ( my $document = $root->[DOC] ) {    # "/" is the document also for a node that does not hang in it
        $others{ Scalar::Util::refaddr($document) } = $document->[WRAP] ? tree_of( $document->[WRAP] ) : [$document];
    }
    if ( my $known = CPANBridge::Compat::LibXML::XPath::known($text) ) {
        return ( _guarded( sub { CPANBridge::Compat::LibXML::XPath::evaluate( $known, $node, @place, {} ) } ), $tree, \%others );
    }
    my $element = _element($node);
    my $convert = sub { return _to_value( $_[0], \%others ) };
    my %how     = (
        ns => sub {
            my ($prefix) = @_;
            return $self->{ns}{$prefix} if $self && exists $self->{ns}{$prefix};
            my $ns = ns_by_prefix( $element, $prefix );
            return $ns && length $ns->[1] ? $ns->[1] : undef;
        },
        variable => sub {
            my ( $name, $uri ) = @_;
            CPANBridge::Compat::LibXML::XPath::fail( 1205, 'Undefined variable' ) if !$self || !$self->{variables};
            my $value = $self->{variables}->( $self->{data}, $name, $uri );
            CPANBridge::Compat::LibXML::XPath::fail( 1205, 'Undefined variable' ) if !defined $value;
            return $convert->($value);
        },
        function => sub {
            my ( $name, $uri, $arguments ) = @_;
            my $code = $self && $self->{functions}{ ( defined $uri ? $uri : '' ) . " $name" };
            if ( !$code ) {
                return $convert->( _document_at( $object, @$arguments ) ) if $name eq 'document' && !defined $uri && @$arguments;
                die { xpath => 1209, text => 'Unregistered function', before => "xmlXPathCompOpEval: function $name not found" };
            }
            my $value = $code->( map { _to_perl( @$_, $tree, \%others ) } @$arguments );
            return $convert->($value);
        },
    );
    my ( $kind, $value ) =
      _guarded( sub { CPANBridge::Compat::LibXML::XPath::evaluate( CPANBridge::Compat::LibXML::XPath::compile($text), $node, @place, \%how ) } );
    return ( $kind, $value, $tree, \%others );
}

# XPath's function document(), which libxml2 lends from XSLT: a file, relative to the document's own place.
sub _document_at {
    my ( $object, $argument, $relative ) = @_;
    my $url = CPANBridge::Compat::LibXML::XPathFunctions::as_string(@$argument);
    my $base = $object->isa('XML::LibXML::Node') ? $object->baseURI : undef;
    return XML::LibXML->new->parse_file( defined $base && $base !~ /\Aunknown-/ ? CPANBridge::Compat::LibXML::Input::resolved( $url, $base ) : $url );
}

# Objects of nodes that an expression gave.
sub _wrapped {
    my ( $nodes, $tree, $others ) = @_;
    return map { $_->[WRAP] || wrap( $_, $tree ) } @$nodes if !%$others;
    return map { $_->[WRAP] || wrap( $_, $others->{ Scalar::Util::refaddr( root($_) ) } || $tree ) } @$nodes;
}

# What a program's function is given.
sub _to_perl {
    my ( $kind, $value, $tree, $others ) = @_;
    return XML::LibXML::NodeList->new( _wrapped( $value, $tree, $others ) ) if $kind eq 'set';
    return XML::LibXML::Boolean->new($value) if $kind eq 'boolean';
    return XML::LibXML::Number->_plain($value) if $kind eq 'number';
    return XML::LibXML::Literal->new($value);
}

# What a program's function or variable gave.
sub _to_value {
    my ( $value, $others ) = @_;
    return [ string => '' ] if !defined $value;
    if ( ref $value && ( !blessed $value && ref $value eq 'ARRAY' || blessed $value && $value->isa('XML::LibXML::NodeList') ) ) {
        my @nodes = @$value;
        for my $node (@nodes) {
            Carp::croak('XPathContext: the list holds something that is not a node') if !blessed $node || reftype $node ne 'ARRAY' || ref $node->[0] ne 'ARRAY';
            $others->{ Scalar::Util::refaddr( root( $node->[0] ) ) } = tree_of($node);
        }
        return [ set => [ ordered( unique( map { $_->[0] } @nodes ) ) ] ];
    }
    if ( blessed $value ) {
        return [ boolean => $$value ] if $value->isa('XML::LibXML::Boolean');
        return [ number  => $$value ] if $value->isa('XML::LibXML::Number');
        return [ string  => $$value ] if $value->isa('XML::LibXML::Literal');
        if ( $value->isa('XML::LibXML::Node') || $value->isa('XML::LibXML::Namespace') ) {
            $others->{ Scalar::Util::refaddr( root( $value->[0] ) ) } = tree_of($value);
            return [ set => [ $value->[0] ] ];
        }
    }
    Carp::croak( 'XPathContext: a function or variable gave something of type ' . ref($value) . ', which XPath does not know' ) if ref $value && !blessed $value;
    return looks_like_number($value) && "$value" !~ /\A\s|\s\z|[a-df-zA-DF-Z]/ && !ref $value ? [ number => $value + 0 ] : [ string => "$value" ];
}

sub _nodes {
    my ( $object, $xpath, $self ) = @_;
    my ( $kind, $value, $tree, $others ) = _evaluate( $object, $xpath, $self );
    return if $kind ne 'set';
    return _wrapped( $value, $tree, $others );
}

sub _object {
    my ( $object, $xpath, $self ) = @_;
    my ( $kind, $value, $tree, $others ) = _evaluate( $object, $xpath, $self );
    return _to_perl( $kind, $value, $tree, $others );
}

# The text of all nodes, or of what else an expression gave.
sub _text {
    my ( $object, $xpath, $self ) = @_;
    my ( $kind, $value, $tree, $others ) = _evaluate( $object, $xpath, $self );
    return _to_perl( $kind, $value, $tree, $others )->to_literal->value if $kind ne 'set';
    return @$value == 1 ? text_of( $value->[0] ) : join '', map { text_of($_) } @$value;
}

sub _truth {
    my ( $object, $xpath, $self ) = @_;
    my ( $kind, $value ) = _evaluate( $object, $xpath, $self );
    return as_boolean( $kind, $value );
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::XPathContext - XPath with namespaces, variables and functions of your own (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. Expressions are evaluated in the program itself.

=cut
