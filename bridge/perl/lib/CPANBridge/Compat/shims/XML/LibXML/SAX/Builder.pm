package XML::LibXML::SAX::Builder;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(ELEMENT);
use XML::LibXML ();

our $VERSION = '2.0134';

sub new {
    my ( $class, @options ) = @_;
    my %options = @options == 1 && ref $options[0] eq 'HASH' ? %{ $options[0] } : @options;
    return bless {%options}, $class;
}

# The document, or where there was no start of one, the fragment.
sub result { return $_[0]{LAST_DOM} }

sub done {
    my ($self) = @_;
    my $result = $self->{DOM} || $self->{Fragment};
    $self->{LAST_DOM} = $result;
    delete @$self{qw(DOM Fragment Parent NSDecls cdata)};
    return $result;
}

sub set_document_locator {return}

sub start_document {
    my ($self) = @_;
    $self->{DOM} = XML::LibXML::Document->new( '1.0', $self->{Encoding} );
    $self->{Parent} = $self->{DOM};
    return;
}

sub xml_decl {
    my ( $self, $declaration ) = @_;
    my $document = $self->{DOM} or return;
    $document->setVersion( $declaration->{Version} ) if defined $declaration->{Version};
    $document->setEncoding( $declaration->{Encoding} ) if defined $declaration->{Encoding};
    $document->setStandalone( $declaration->{Standalone} eq 'yes' ? 1 : 0 ) if defined $declaration->{Standalone};
    return;
}

sub end_document { my ($self) = @_; return $self->done }

sub start_prefix_mapping {
    my ( $self, $mapping ) = @_;
    push @{ $self->{NSDecls} }, [ $mapping->{Prefix}, $mapping->{NamespaceURI} ];
    return;
}

sub end_prefix_mapping {return}

# What new nodes belong to.
sub _document { my ($self) = @_; return $self->{DOM} || ( $self->{ForFragment} ||= XML::LibXML::Document->new ) }

sub _parent {
    my ($self) = @_;
    return $self->{Parent} if $self->{Parent};
    return $self->{Parent} = $self->{Fragment} = $self->_document->createDocumentFragment;
}

sub _add {
    my ( $self, $node ) = @_;
    my $parent = $self->_parent;
    if ( $node->nodeType == ELEMENT && $parent->isa('XML::LibXML::Document') ) { $parent->setDocumentElement($node) }
    else                                                                     { $parent->appendChild($node) }
    return $node;
}

sub start_element {
    my ( $self, $data ) = @_;
    my $uri = $data->{NamespaceURI};
    my $parent = $self->_parent;
    my $node = $self->_document->createElement( $data->{Name} );
    my $declared = delete $self->{NSDecls} || [];
    $node->setNamespace( $_->[1], $_->[0], 0 ) for grep { length $_->[1] } @$declared;
    if ( defined $uri && length $uri ) {
        my ($prefix) = $data->{Name} =~ /\A([^:]+):/;
        $node->setRawName( $data->{Name} =~ s/\A[^:]+://r );
        $self->_add($node);
        $node->setNamespace( $uri, $prefix, 1 );
    }
    else { $self->_add($node) }
    for my $key ( sort keys %{ $data->{Attributes} || {} } ) {
        my $attribute = $data->{Attributes}{$key};
        my ( $name, $its ) = @$attribute{qw(Name NamespaceURI)};
        if ( $name =~ /\Axmlns(?::|\z)/ ) {
            my ($prefix) = $name =~ /\Axmlns:(.+)/s;
            $node->setNamespace( $attribute->{Value}, $prefix, 0 ) if !grep { $_->[0] eq ( $prefix // '' ) } @$declared;
        }
        elsif ( defined $its && length $its ) { $node->setAttributeNS( $its, $name, $attribute->{Value} ) }
        else                                  { $node->setAttribute( $name, $attribute->{Value} ) }
    }
    $self->{Parent} = $node;
    return;
}

sub end_element {
    my ($self) = @_;
    $self->{Parent} = $self->{Parent}->parentNode if $self->{Parent};
    return;
}

sub start_cdata { my ($self) = @_; $self->{cdata} = ''; return }

sub end_cdata {
    my ($self) = @_;
    my $text = delete $self->{cdata};
    $self->_add( $self->_document->createCDATASection($text) );
    return;
}

sub characters {
    my ( $self, $data ) = @_;
    my $text = $data->{Data};
    return if !defined $text;
    if ( defined $self->{cdata} ) { $self->{cdata} .= $text; return }
    my $parent = $self->_parent;
    return if $parent->isa('XML::LibXML::Document');
    $parent->appendText($text);
    return;
}

sub comment { my ( $self, $data ) = @_; $self->_add( $self->_document->createComment( $data->{Data} ) ); return }

sub processing_instruction {
    my ( $self, $data ) = @_;
    $self->_add( $self->_document->createPI( $data->{Target}, $data->{Data} ) );
    return;
}

sub entity_reference { my ( $self, $data ) = @_; $self->_add( $self->_document->createEntityReference( $data->{Name} ) ); return }

sub start_dtd {
    my ( $self, $data ) = @_;
    $self->{DOM}->createInternalSubset( @$data{qw(Name PublicId SystemId)} ) if $self->{DOM};
    return;
}

sub end_dtd {return}
sub warning {return}

sub error       { my ( $self, $error ) = @_; die $error->{Exception} || $error }
sub fatal_error { my ( $self, $error ) = @_; die $error->{Exception} || $error }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::SAX::Builder - makes a document of SAX events (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
