package XML::LibXML::Reader;

use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use Exporter ();
use XML::LibXML ();

our $VERSION = '2.0134';
our @ISA     = ('Exporter');

my @TYPES = qw(
  NONE ELEMENT ATTRIBUTE TEXT CDATA ENTITY_REFERENCE ENTITY PROCESSING_INSTRUCTION COMMENT DOCUMENT DOCUMENT_TYPE
  DOCUMENT_FRAGMENT NOTATION WHITESPACE SIGNIFICANT_WHITESPACE END_ELEMENT END_ENTITY XML_DECLARATION
);
my %STATE = ( NONE => -1, START => 0, ELEMENT => 1, END => 2, EMPTY => 3, BACKTRACK => 4, DONE => 5, ERROR => 6 );

our %EXPORT_TAGS = ( types => [], states => [] );
{
    no strict 'refs';
    for my $i ( 0 .. $#TYPES ) {
        my $number = $i;
        my $name = "XML_READER_TYPE_$TYPES[$i]";
        *$name = sub () {$number};
        push @{ $EXPORT_TAGS{types} }, $name;
    }
    for my $word ( keys %STATE ) {
        my $number = $STATE{$word};
        my $name = "XML_READER_$word";
        *$name = sub () {$number};
        push @{ $EXPORT_TAGS{states} }, $name;
    }
}
$EXPORT_TAGS{all} = [ map {@$_} @EXPORT_TAGS{qw(types states)} ];
our @EXPORT    = @{ $EXPORT_TAGS{types} };
our @EXPORT_OK = @{ $EXPORT_TAGS{all} };

my @OWN_TYPE;
@OWN_TYPE[ ELEMENT, TEXT, CDATA, ENTITYREF, PI, COMMENT, DTD, ATTRIBUTE, NAMESPACE ] = ( 1, 3, 4, 5, 7, 8, 10, 2, 2 );

# The document is parsed when the first node is read, and walked through then.
sub new {
    my ( $class, @options ) = @_;
    my %options = @options % 2 ? ( @options[ 0 .. $#options - 1 ], %{ $options[-1] } ) : @options;
    %options = %{ $options[0] } if @options == 1 && ref $options[0] eq 'HASH';
    for my $value ( grep { ref $_ eq 'HASH' } @options ) { %options = ( %options, %$value ) }
    my %from = map { $_ => delete $options{$_} } grep { exists $options{$_} } qw(location string IO FD DOM);
    my %with = map { $_ => delete $options{$_} } grep { exists $options{$_} } qw(RelaxNG Schema encoding);
    Carp::croak("XML::LibXML::Reader->new: specify location, string, IO, FD, or DOM") if !grep {defined} values %from;
    my $self = bless { from => \%from, with => \%with, state => 0, parser => XML::LibXML->new( { line_numbers => 1, %options } ), keep => [] }, $class;
    if ( defined $from{location} ) {
        Carp::croak("Cannot create XML::LibXML::Reader object: no file $from{location}")
          if !$self->{parser}->_input->has_callbacks && !-e( CPANBridge::Compat::LibXML::Input::path_of("$from{location}") // '' );
    }
    return $self;
}

sub CLONE_SKIP {1}

sub _document {
    my ($self) = @_;
    return $self->{document} if $self->{document};
    my ( $from, $parser ) = @$self{qw(from parser)};
    my $uri = $parser->get_option('URI');
    my %about = defined $self->{with}{encoding} ? ( encoding => $self->{with}{encoding} ) : ();
    $self->{state} = $STATE{ERROR};
    if ( defined $from->{DOM} ) { $self->{document} = $from->{DOM} }
    elsif ( defined $from->{location} ) { $self->{document} = $parser->_document( $parser->_file("$from->{location}"), uri => "$from->{location}", file => "$from->{location}", %about ) }
    else {
        my ( $bytes, $encoding );
        if ( defined $from->{string} ) { ( $bytes, $encoding ) = XML::LibXML::_octets( $from->{string} ) }
        else {
            my $handle = $from->{IO};
            if ( defined $from->{FD} ) {
                if ( ref $from->{FD} || ref \$from->{FD} eq 'GLOB' ) { $handle = $from->{FD} }
                else { open $handle, '<&=', $from->{FD} or Carp::croak("cannot read from descriptor $from->{FD}: $!") }
            }
            ( $bytes, $encoding ) = XML::LibXML::_all_of($handle);
        }
        $self->{document} = $parser->_document( $bytes, uri => $uri, file => $uri, defined $encoding ? ( encoding => $encoding ) : (), %about );
    }
    $self->{state} = $STATE{START};
    $self->_validate;
    return $self->{document};
}

sub _validate {
    my ($self) = @_;
    for my $kind (qw(RelaxNG Schema)) {
        my $schema = $self->{with}{$kind};
        next if !defined $schema;
        $schema = "XML::LibXML::$kind"->new( location => $schema ) if !ref $schema;
        $schema->validate( $self->{document} );
    }
    return;
}

# --- going on ---------------------------------------------------------------------------------------------------------

sub _set {
    my ( $self, $node, $is_end ) = @_;
    if ( !$node ) {
        @$self{qw(node end attribute)} = ();
        $self->{state} = $STATE{DONE};
        return 0;
    }
    @$self{qw(node end attribute value)} = ( $node, $is_end );
    $self->{state} = $STATE{ELEMENT};
    return 1;
}

# To the next node; over what is inside this one if asked.
sub _forward {
    my ( $self, $over ) = @_;
    my $document = $self->_document->[0];
    return 0 if $self->{state} == $STATE{DONE};
    my $node = $self->{node};
    if ( !$node ) { return $self->_set( $document->[KIDS][0] ) }
    if ( !$over && !$self->{end} && $node->[TYPE] == ELEMENT && @{ kids($node) || [] } ) { return $self->_set( $node->[KIDS][0] ) }
    my $parent = $node->[PARENT];
    my $next = $parent->[KIDS][ child_index($node) + 1 ];
    if ( !$self->{end} && !$over && $node->[TYPE] == ELEMENT && !$self->isEmptyElement ) { return $self->_set( $node, 1 ) }
    return $self->_set($next) if $next;
    return $self->_set(undef) if $parent == $document;
    return $self->_set( $parent, 1 );
}

sub read { my ($self) = @_; return $self->_forward(0) }
sub next { my ($self) = @_; return $self->_forward(1) }

sub nextSibling {
    my ($self) = @_;
    $self->_document;
    return $self->read if !$self->{node};
    my $depth = $self->depth;
    my $done = $self->next;
    return $done && $self->nodeType == 15 && $self->depth < $depth ? 0 : $done;
}

sub _is {
    my ( $self, $name, $uri ) = @_;
    return 0 if $self->nodeType != 1;
    return 0 if defined $name && $self->localName ne $name;
    return !defined $uri || ( $self->namespaceURI // '' ) eq $uri;
}

sub nextElement {
    my ( $self, $name, $uri ) = @_;
    while ( $self->read ) { return 1 if $self->_is( $name, $uri ) }
    return 0;
}

sub nextSiblingElement {
    my ( $self, $name, $uri ) = @_;
    while ( $self->nextSibling ) { return 1 if $self->_is( $name, $uri ) }
    return 0;
}

sub skipSiblings {
    my ($self) = @_;
    my $node = $self->{node} or return -1;
    my $parent = $node->[PARENT];
    return $self->_set(undef) if !$parent || $parent->[TYPE] != ELEMENT;
    return $self->_set( $parent, 1 );
}

sub nextPatternMatch {
    my ( $self, $pattern ) = @_;
    while ( $self->read ) { return 1 if !$self->{end} && $self->matchesPattern($pattern) }
    return 0;
}

sub matchesPattern {
    my ( $self, $pattern ) = @_;
    my $node = $self->{node} or return 0;
    return $pattern->matchesNode( $self->_object($node) );
}

sub finish {
    my ($self) = @_;
    $self->_document;
    $self->_set(undef);
    return 1;
}

sub close { my ($self) = @_; @$self{qw(node end attribute)} = (); $self->{state} = $STATE{NONE}; return 1 }

# --- the node at hand -------------------------------------------------------------------------------------------------

sub _object { my ( $self, $node ) = @_; return wrap( $node, tree_of( $self->{document} ) ) }

sub _at { my ($self) = @_; return $self->{attribute} || $self->{node} }

sub readState { return $_[0]{state} }

sub nodeType {
    my ($self) = @_;
    my $node = $self->_at or return 0;
    return 15 if $self->{end};
    return 14 if $node->[TYPE] == TEXT && $node->[VALUE] !~ /[^ \t\r\n]/;
    return $OWN_TYPE[ $node->[TYPE] ];
}

sub depth {
    my ($self) = @_;
    my $node = $self->{node} or return 0;
    my $depth = $self->{attribute} ? 1 : 0;
    while ( $node = $node->[PARENT] ) { $depth++ }
    return $depth - 1;
}

sub name {
    my ($self) = @_;
    my $node = $self->_at or return;
    return $self->_object($node)->nodeName;
}

sub localName {
    my ($self) = @_;
    my $node = $self->_at or return;
    return $node->[TYPE] == ELEMENT || $node->[TYPE] == ATTRIBUTE ? $node->[NAME] : $self->name;
}

sub prefix { my ($self) = @_; my $node = $self->_at or return; return if $node->[TYPE] == NAMESPACE; return $self->_object($node)->prefix }
sub namespaceURI { my ($self) = @_; my $node = $self->_at or return; return $self->_object($node)->namespaceURI }

sub isEmptyElement {
    my ($self) = @_;
    my $node = $self->{node};
    return $node && $node->[TYPE] == ELEMENT && !@{ kids($node) || [] } ? 1 : 0;
}

sub hasValue { my ($self) = @_; my $node = $self->_at; return $node && $node->[TYPE] != ELEMENT && $node->[TYPE] != DTD && $node->[TYPE] != ENTITYREF ? 1 : 0 }

sub value {
    my ($self) = @_;
    return $self->{value} if defined $self->{value};
    my $node = $self->_at;
    return if !$node || !$self->hasValue;
    return text_of($node);
}

sub readOuterXml { my ($self) = @_; my $node = $self->{node} or return; return $self->_object($node)->toString }

sub readInnerXml {
    my ($self) = @_;
    my $node = $self->{node} or return;
    return join '', map { $self->_object($_)->toString } @{ kids($node) || [] };
}

sub nodePath {
    my ($self) = @_;
    my $node = $self->{node} or return;
    my $path = $self->_object($node)->nodePath;
    $path =~ s/\[\d+\]//g;
    $path =~ s{/[^/:*\@()]+:[^/]+}{/*}g;
    return $path;
}

# --- nodes for keeping ------------------------------------------------------------------------------------------------

# The document; of one that was read from a text only what was kept, if something was.
sub document {
    my ($self) = @_;
    my $document = $self->_document;
    return $document if $self->{from}{DOM} || !@{ $self->{keep} } || $self->{pruned}++;
    my %kept;
    for my $wanted ( @{ $self->{keep} } ) {
        my @nodes = ref $wanted eq 'ARRAY' ? $wanted : map { $_->[0] } $wanted->();
        for my $node (@nodes) {
            my @all = $node;
            while ( my $one = pop @all ) { $kept{ 0 + $one } = 1; push @all, @{ kids($one) || [] } }
            for ( my $above = $node->[PARENT] ; $above ; $above = $above->[PARENT] ) { $kept{ 0 + $above } = 1 }
        }
    }
    my @todo = $document->[0];
    while ( my $node = pop @todo ) {
        for my $kid ( @{ [ @{ kids($node) || [] } ] } ) {
            if   ( $kept{ 0 + $kid } ) { push @todo, $kid }
            else                       { cut($kid) }
        }
    }
    return $document;
}

sub copyCurrentNode {
    my ( $self, $deep ) = @_;
    my $node = $self->{node} or return;
    return $self->_object($node)->cloneNode($deep);
}

sub preserveNode {
    my ($self) = @_;
    my $node = $self->{node} or return;
    push @{ $self->{keep} }, $node;
    return $self->_object($node);
}

sub preservePattern {
    my ( $self, $pattern, $namespaces ) = @_;
    my $compiled = XML::LibXML::Pattern->new( $pattern, $namespaces );
    push @{ $self->{keep} }, sub { return XML::LibXML::XPathContext::_nodes( $self->{document}, $compiled->{xpath}, $compiled->{context} ) };
    return 1;
}

# --- attributes -------------------------------------------------------------------------------------------------------

# Attributes, and after them the declarations of namespaces.
sub _attributes {
    my ($self) = @_;
    my $node = $self->{node};
    return if !$node || $node->[TYPE] != ELEMENT || $self->{end};
    return map { $_->[0] } $self->_object($node)->attributes;
}

sub attributeCount { my ($self) = @_; my @all = $self->_attributes; return scalar @all }
sub hasAttributes { my ($self) = @_; return $self->attributeCount ? 1 : 0 }

sub _element { my ($self) = @_; my $node = $self->{node}; return $node && $node->[TYPE] == ELEMENT ? $self->_object($node) : undef }

sub getAttribute { my ( $self, $name ) = @_; my $element = $self->_element or return; return $element->getAttribute($name) }
sub getAttributeNs { my ( $self, $name, $uri ) = @_; my $element = $self->_element or return; return $element->getAttributeNS( $uri, $name ) }
sub getAttributeNo { my ( $self, $number ) = @_; my $node = ( $self->_attributes )[$number] or return; return text_of($node) }

sub getAttributeHash {
    my ($self) = @_;
    my $element = $self->_element or return {};
    return { map { ( $_->isa('XML::LibXML::Attr') && defined $_->namespaceURI ? '{' . $_->namespaceURI . '}' . $_->localname : $_->nodeName ) => $_->value } $element->attributes };
}

sub _move { my ( $self, $node ) = @_; return 0 if !$node; @$self{qw(attribute value)} = ($node); return 1 }

sub moveToAttribute   { my ( $self, $name ) = @_; my ($found) = grep { $self->_object($_)->nodeName eq $name } $self->_attributes; return $self->_move($found) }
sub moveToAttributeNo { my ( $self, $number ) = @_; return $self->_move( ( $self->_attributes )[$number] ) }

sub moveToAttributeNs {
    my ( $self, $name, $uri ) = @_;
    my ($found) = grep { ( $_->[TYPE] == ATTRIBUTE ? $_->[NAME] : $self->_object($_)->localname ) eq $name && ( $self->_object($_)->namespaceURI // '' ) eq ( $uri // '' ) } $self->_attributes;
    return $self->_move($found);
}

sub moveToFirstAttribute { my ($self) = @_; return $self->_move( ( $self->_attributes )[0] ) }

# From the last one it does not move, and says so with 0; libxml2 stays there, too.
sub moveToNextAttribute {
    my ($self) = @_;
    my @all = $self->_attributes;
    return $self->_move( $all[0] ) if !$self->{attribute};
    my ($at) = grep { $all[$_] == $self->{attribute} } 0 .. $#all;
    return $self->_move( defined $at ? $all[ $at + 1 ] : undef );
}

sub moveToElement { my ($self) = @_; return 0 if !$self->{attribute}; @$self{qw(attribute value)} = (); return 1 }

sub readAttributeValue {
    my ($self) = @_;
    return 0 if !$self->{attribute} || defined $self->{value};
    $self->{value} = text_of( $self->{attribute} );
    return 1;
}

sub isNamespaceDecl { my ($self) = @_; return $self->{attribute} && $self->{attribute}[TYPE] == NAMESPACE ? 1 : 0 }
sub isDefault {0}
sub quoteChar {'"'}

# --- others -----------------------------------------------------------------------------------------------------------

sub lookupNamespace { my ( $self, $prefix ) = @_; my $node = $self->{node} or return; return $self->_object($node)->lookupNamespaceURI($prefix) }
sub encoding   { my ($self) = @_; return $self->_document->actualEncoding }
sub standalone { my ($self) = @_; return $self->_document->standalone }
sub xmlVersion { my ($self) = @_; return $self->_document->version }
sub baseURI    { my ($self) = @_; $self->_document; my $node = $self->{node}; return $node ? $self->_object($node)->baseURI : $self->{document}->URI }
sub isValid    { my ($self) = @_; return $self->{parser}->get_option('validation') ? 1 : 0 }

sub xmlLang {
    my ($self) = @_;
    for ( my $node = $self->{node} ; $node ; $node = $node->[PARENT] ) {
        for my $attribute ( @{ attrs($node) || [] } ) {
            return attribute_value($attribute) if $attribute->[NAME] eq 'lang' && $attribute->[NS] && $attribute->[NS][1] eq XML_NS;
        }
    }
    return;
}

sub lineNumber { my ($self) = @_; my $node = $self->{node} or return 0; return $self->_object($node)->line_number }
sub columnNumber {1}
sub byteConsumed {-1}

sub getParserProp { my ( $self, $name ) = @_; return $self->{parser}->get_option($name) }

sub setParserProp {
    my ( $self, @properties ) = @_;
    my %given = @properties == 1 && ref $properties[0] eq 'HASH' ? %{ $properties[0] } : @properties;
    return -1 if $self->{document};
    $self->{parser}->set_options( \%given );
    return 0;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Reader - documents node by node (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=head2 Differences

The document is parsed whole when the first node is asked for, so memory is not saved and errors come with the first
C<read>. C<columnNumber> is always 1, C<byteConsumed> -1, C<isDefault> 0, and C<lineNumber> that of the nearest element.

=cut
