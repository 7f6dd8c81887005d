package XML::LibXML::Document;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use Carp ();
use CPANBridge::Compat::LibXML::Daemon ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::Writer ();
use CPANBridge::Compat::LibXML::XPathFunctions ();
use Scalar::Util qw(blessed);
use XML::LibXML::Element ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

sub new {
    my ( $class, $version, $encoding ) = @_;
    return _of( new_document( DOCUMENT, version => defined $version && length $version ? $version : '1.0', encoding => $encoding, standalone => -1 ) );
}

sub _of { my ($node) = @_; return wrap( $node, [$node] ) }

*createDocument = sub { my ( $self, @arguments ) = @_; return __PACKAGE__->new(@arguments) };

# --- facts ------------------------------------------------------------------------------------------------------------

sub version    { return $_[0][0][VALUE]{version} }
sub setVersion { my ( $self, $version ) = @_; $self->[0][VALUE]{version} = $version; return }
sub encoding   { return $_[0][0][VALUE]{encoding} }
sub setEncoding { my ( $self, $encoding ) = @_; $self->[0][VALUE]{encoding} = defined $encoding && length $encoding ? $encoding : undef; return }
sub actualEncoding { my $encoding = $_[0][0][VALUE]{encoding}; return defined $encoding ? $encoding : 'UTF-8' }
sub standalone { my $its = $_[0][0][VALUE]{standalone}; return defined $its ? $its : -1 }
sub setStandalone { my ( $self, $its ) = @_; $self->[0][VALUE]{standalone} = $its > 0 ? 1 : $its < 0 ? -1 : 0; return }
sub URI    { return $_[0][0][VALUE]{uri} }
sub setURI { my ( $self, $uri ) = @_; $self->[0][VALUE]{uri} = $uri; return }
sub compression { my $level = $_[0][0][VALUE]{compression}; return defined $level ? $level : -1 }
sub setCompression { my ( $self, $level ) = @_; $self->[0][VALUE]{compression} = $level; return }

*getVersion    = \&version;
*xmlVersion    = \&version;
*getEncoding   = \&encoding;
*xmlEncoding   = \&encoding;
*xmlStandalone = \&standalone;
*documentURI   = \&URI;

sub ownerDocument    { return $_[0] }
sub getOwnerDocument { return $_[0] }

# --- its root and DTD -------------------------------------------------------------------------------------------------

sub documentElement {
    my ($self) = @_;
    my ($root) = grep { $_->[TYPE] == ELEMENT } @{ $self->[0][KIDS] };
    return $self->_wrapped($root);
}

sub setDocumentElement {
    my ( $self, $element ) = @_;
    Carp::croak('setDocumentElement: ELEMENT node required') if !blessed $element || $element->nodeType != ELEMENT;
    my $old = $self->documentElement;
    return if $old && $old->[0] == $element->[0];
    my $at = $old ? child_index( $old->[0] ) : undef;
    cut( $old->[0] ) if $old;
    cut( $element->[0] );
    $self->_put( $at, $element->[0] );
    return;
}

sub internalSubset {
    my ($self) = @_;
    my ($dtd) = grep { $_->[TYPE] == DTD } @{ $self->[0][KIDS] };
    return $self->_wrapped($dtd);
}

sub setInternalSubset {
    my ( $self, $dtd ) = @_;
    return if !blessed $dtd || $dtd->[0][TYPE] != DTD;
    $self->removeInternalSubset;
    undef $self->[0][VALUE]{external} if $self->[0][VALUE]{external} && $self->[0][VALUE]{external} == $dtd->[0];
    cut( $dtd->[0] );
    hang( $dtd->[0], $self, 0 );
    return;
}

sub removeInternalSubset {
    my ($self) = @_;
    my $dtd = $self->internalSubset or return;
    cut( $dtd->[0] );
    return $dtd;
}

sub externalSubset {
    my ($self) = @_;
    my $dtd = $self->[0][VALUE]{external} or return;
    return wrap( $dtd, [$dtd] );
}

sub setExternalSubset {
    my ( $self, $dtd ) = @_;
    return if !blessed $dtd || $dtd->[0][TYPE] != DTD;
    cut( $dtd->[0] );
    $dtd->[0][DOC] = undef;
    $self->[0][VALUE]{external} = $dtd->[0];
    return;
}

sub removeExternalSubset {
    my ($self) = @_;
    my $dtd = $self->externalSubset or return;
    undef $self->[0][VALUE]{external};
    $dtd->[0][DOC] = $self->[0];
    return $dtd;
}

sub createInternalSubset {
    my ( $self, $name, $public, $system ) = @_;
    $self->removeInternalSubset;
    hang( new_node( DTD, $name, { public => $public, system => $system } ), $self, 0 );
    return $self->internalSubset;
}

sub createExternalSubset {
    my ( $self, $name, $public, $system ) = @_;
    $self->[0][VALUE]{external} = new_node( DTD, $name, { public => $public, system => $system } );
    return $self->externalSubset;
}

sub createDTD {
    my ( $self, $name, $public, $system ) = @_;
    return new_wrapped( new_node( DTD, $name, { public => $public, system => $system } ), $self->[0] );
}

# --- new nodes --------------------------------------------------------------------------------------------------------

sub _named { my ($name) = @_; return XML::LibXML::_check_name($name) || Carp::croak( 'bad name ' . ( defined $name ? "'$name'" : '' ) ) }

sub createElement    { my ( $self, $name ) = @_; $name = as_chars( $name, $self->[0] ); _named($name); return new_wrapped( new_element($name), $self->[0] ) }
sub createRawElement { my ( $self, $name ) = @_; return new_wrapped( new_element($name), $self->[0] ) }

sub createElementNS { my ( $self, $uri, $name ) = @_; $name = as_chars( $name, $self->[0] ); _named($name); return $self->createRawElementNS( $uri, $name ) }

sub createRawElementNS {
    my ( $self, $uri, $name ) = @_;
    my $node;
    if ( defined $uri && length $uri ) {
        my ( $prefix, $local ) = $name =~ /\A([^:]+):(.+)\z/s ? ( $1, $2 ) : ( '', $name );
        my $ns = $prefix eq 'xml' && $uri eq XML_NS ? xml_ns() : [ $prefix, "$uri" ];
        $node = new_element( $local, $ns );
        $node->[DECLS] = [$ns] if $ns != xml_ns();
    }
    else { $node = new_element($name) }
    return new_wrapped( $node, $self->[0] );
}

sub createTextNode     { my ( $self, $text ) = @_; return new_wrapped( new_node( TEXT,    undef, as_chars( $text, $self->[0] ) ), $self->[0] ) }
sub createComment      { my ( $self, $text ) = @_; return new_wrapped( new_node( COMMENT, undef, as_chars( $text, $self->[0] ) ), $self->[0] ) }
sub createCDATASection { my ( $self, $text ) = @_; return new_wrapped( new_node( CDATA,   undef, as_chars( $text, $self->[0] ) ), $self->[0] ) }

sub createProcessingInstruction {
    my ( $self, $target, $data ) = @_;
    return new_wrapped( new_node( PI, $target, defined $data && length $data ? as_chars( $data, $self->[0] ) : undef ), $self->[0] );
}

*createPI = \&createProcessingInstruction;

sub createEntityReference { my ( $self, $name ) = @_; return new_wrapped( new_node( ENTITYREF, $name ), $self->[0] ) }

sub createDocumentFragment {
    my ($self) = @_;
    my $node = new_node(FRAGMENT);
    $node->[KIDS] = [];
    return new_wrapped( $node, $self->[0] );
}

sub createAttribute {
    my ( $self, $name, $value ) = @_;
    $name = as_chars( $name, $self->[0] );
    _named($name);
    return new_wrapped( new_attribute( $name, as_chars( $value, $self->[0] ) ), $self->[0] );
}

sub createAttributeNS {
    my ( $self, $uri, $name, $value ) = @_;
    $name = as_chars( $name, $self->[0] );
    _named($name);
    return $self->createAttribute( $name, $value ) if !defined $uri || !length $uri;
    my $root = $self->documentElement or Carp::croak("can't create a new namespace on an attribute!");
    my ( $prefix, $local ) = $name =~ /\A([^:]+):(.+)\z/s ? ( $1, $2 ) : ( '', $name );
    my $ns = length $prefix ? ns_by_prefix( $root->[0], $prefix ) : undef;
    $ns = ns_by_uri( $root->[0], $uri, 1 ) if !$ns || $ns->[1] ne $uri;
    if ( !$ns ) {
        $prefix = $root->_free_prefix if !length $prefix || decl_for( $root->[0], $prefix );
        $ns = [ $prefix, "$uri" ];
        push @{ $root->[0][DECLS] }, $ns;
    }
    return new_wrapped( new_attribute( $local, as_chars( $value, $self->[0] ), $ns ), $self->[0] );
}

sub insertProcessingInstruction {
    my ( $self, $target, $data ) = @_;
    my $pi = $self->createPI( $target, $data );
    $self->insertBefore( $pi, $self->documentElement );
    return $pi;
}

*insertPI = \&insertProcessingInstruction;

sub importNode {
    my ( $self, $object ) = @_;
    my $type = $object->nodeType;
    Carp::croak("Can't import Documents!") if $type == DOCUMENT || $type == HTML;
    Carp::croak("Can't import DTD nodes") if $type == DTD;
    my $copy = clone( $object->[0], 1 );
    my $new = new_wrapped( $copy, $self->[0] );
    reconcile($copy) if $copy->[TYPE] == ELEMENT || $copy->[TYPE] == FRAGMENT;
    return $new;
}

sub adoptNode {
    my ( $self, $object ) = @_;
    my $type = $object->nodeType;
    Carp::croak("Can't adopt Documents!") if $type == DOCUMENT || $type == HTML;
    Carp::croak("Can't adopt DTD nodes") if $type == DTD;
    my $node = $object->[0];
    cut($node);
    $node->[DOC] = $self->[0];
    reconcile($node) if $node->[TYPE] == ELEMENT;
    return $object;
}

sub cloneNode {
    my ( $self, $deep ) = @_;
    my $copy = clone( $self->[0], $deep );
    $copy->[KIDS] = [] if !$deep;
    return _of($copy);
}

# --- finding ----------------------------------------------------------------------------------------------------------

sub getElementById {
    my ( $self, $id ) = @_;
    my ($found) = CPANBridge::Compat::LibXML::XPathFunctions::element_by_id( $self->[0], $id );
    return $self->_wrapped($found);
}

*getElementsById = \&getElementById;

sub indexElements {
    my ($self) = @_;
    my @all = $self->_descendants( sub {1} );
    return scalar @all;
}

*getDocumentElement     = \&documentElement;
*getElementsByTagName   = \&XML::LibXML::Element::getElementsByTagName;
*getElementsByTagNameNS = \&XML::LibXML::Element::getElementsByTagNameNS;
*getElementsByLocalName = \&XML::LibXML::Element::getElementsByLocalName;

# --- writing ----------------------------------------------------------------------------------------------------------

sub toString {
    my ( $self, $format ) = @_;
    my $encoding = $self->encoding;
    my $text = CPANBridge::Compat::LibXML::Writer::document_text( $self->[0], $format, $encoding );
    return CPANBridge::Compat::LibXML::Writer::encoded( $text, $encoding );
}

sub serialize { my ( $self, @arguments ) = @_; return $self->toString(@arguments) }

sub toStringHTML {
    my ($self) = @_;
    my $encoding = $self->encoding;
    return CPANBridge::Compat::LibXML::Writer::encoded( CPANBridge::Compat::LibXML::Writer::html_text( $self->[0], $encoding ), defined $encoding ? $encoding : 'UTF-8' );
}

*serialize_html = \&toStringHTML;

sub toFile {
    my ( $self, $name, $format ) = @_;
    my $bytes = $self->toString($format);
    if ( $self->compression > 0 ) {
        require IO::Compress::Gzip;
        my $packed;
        IO::Compress::Gzip::gzip( \$bytes, \$packed, -Level => $self->compression ) or Carp::croak("toFile: cannot compress $name");
        $bytes = $packed;
    }
    open my $out, '>:raw', $name or Carp::croak("toFile: cannot write $name: $!");
    print {$out} $bytes or Carp::croak("toFile: cannot write $name: $!");
    close $out or Carp::croak("toFile: cannot write $name: $!");
    return 1;
}

sub toFH {
    my ( $self, $handle, $format ) = @_;
    my $bytes = $self->toString($format);
    my $done = blessed $handle && !$handle->isa('IO::Handle') && !$handle->isa('GLOB') && $handle->can('print') ? $handle->print($bytes) : print {$handle} $bytes;
    return $done ? length $bytes : undef;
}

# --- validating -------------------------------------------------------------------------------------------------------

sub process_xinclude {
    my ( $self, $options ) = @_;
    return XML::LibXML->new( $options || {} )->process_xincludes($self);
}

# What is wrong with the document by its own DTD or another one.
sub _faults {
    my ( $self, $dtd ) = @_;
    my $answer;
    if ($dtd) {
        local $XML::LibXML::skipDTD = 1;
        my $text = CPANBridge::Compat::LibXML::Writer::document_text( $self->[0], 0, 'UTF-8' );
        utf8::encode($text);
        $text =~ s/\A<\?xml[^>]*\?>\n//;
        my $content = $dtd->_content;
        Carp::croak('validate: the DTD has no declarations') if !defined $content;
        $answer = CPANBridge::Compat::LibXML::Daemon::parse( $text, {}, $dtd->_input, $content );
    }
    else {
        local $XML::LibXML::skipDTD = 0;
        my $text = CPANBridge::Compat::LibXML::Writer::document_text( $self->[0], 0, 'UTF-8' );
        utf8::encode($text);
        my $parser = XML::LibXML->new( validation => 1, load_ext_dtd => 1 );
        $answer = CPANBridge::Compat::LibXML::Daemon::parse(
            $text,
            { validation => 1, load_ext_dtd => 1, url => $self->_address_for_references },
            $parser->_input
        );
    }
    my @faults = grep { $_->[2] > 1 } @{ $answer->{problems} };
    return CPANBridge::Compat::LibXML::Daemon::error_of( \@faults, file => $self->URI );
}

sub _address_for_references {
    my ($self) = @_;
    my $uri = $self->URI;
    return defined $uri && $uri !~ /\Aunknown-/ ? $uri : undef;
}

sub is_valid { my ( $self, $dtd ) = @_; return $self->_faults($dtd) ? 0 : 1 }

sub validate {
    my ( $self, $dtd ) = @_;
    my $error = $self->_faults($dtd);
    die $error if $error;
    return 1;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Document - documents (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. Only C<validate>, C<is_valid> and C<process_xinclude> ask the daemon.

=cut
