package XML::LibXML::Attr;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::Writer ();
use CPANBridge::Compat::LibXML::XPathFunctions ();
use XML::LibXML::Node ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

sub new {
    my ( $class, $name, $value ) = @_;
    return new_wrapped( new_attribute( $name, as_chars($value) ) );
}

sub setValue {
    my ( $self, $value ) = @_;
    my $attribute = $self->[0];
    $attribute->[VALUE] = as_chars( $value, $attribute );
    undef $_->[PARENT] for @{ $attribute->[KIDS] || [] };
    undef $attribute->[KIDS];
    return;
}

sub name     { return $_[0][0][NAME] }

sub value    { return attribute_value( $_[0][0] ) }
sub getValue { return attribute_value( $_[0][0] ) }

sub ownerElement { my ($self) = @_; return $self->XML::LibXML::Node::parentNode }
*getOwnerElement = \&ownerElement;
*parentElement   = \&ownerElement;

sub getParentNode      {return}
sub nextSibling        {return}
sub previousSibling    {return}
sub getNextSibling     {return}
sub getPreviousSibling {return}

sub isId { my ($self) = @_; return CPANBridge::Compat::LibXML::XPathFunctions::is_id( $self->[0], owner( $self->[0] ) ) }

sub setNamespace {
    my ( $self, $uri, $prefix ) = @_;
    my $attribute = $self->[0];
    my $element = $attribute->[PARENT];
    if ( !defined $uri || !length $uri ) {
        undef $attribute->[NS];
        return 1;
    }
    my $ns = $element ? defined $prefix && length $prefix ? ns_by_prefix( $element, $prefix ) : ns_by_uri( $element, $uri, 1 ) : undef;
    if ( !$ns || $ns->[1] ne $uri ) {
        return 0 if !defined $prefix || !length $prefix;
        return 0 if !$element || decl_for( $element, $prefix );
        $ns = [ $prefix, $uri ];
        push @{ $element->[DECLS] }, $ns;
    }
    $attribute->[NS] = $ns;
    return 1;
}

sub serializeContent {
    my ($self) = @_;
    my ($content) = CPANBridge::Compat::LibXML::Writer::attribute( $self->[0] ) =~ /="(.*)"\z/s;
    return $content;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Attr - attributes (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
