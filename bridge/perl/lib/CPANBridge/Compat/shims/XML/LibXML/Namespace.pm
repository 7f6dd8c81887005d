package XML::LibXML::Namespace;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(blessed refaddr);

our $VERSION = '2.0134';

sub new {
    my ( $class, $uri, $prefix ) = @_;
    return if !defined $uri;
    my $ns = [ defined $prefix ? $prefix : '', "$uri" ];
    return new_wrapped( new_namespace( undef, $ns ) );
}

sub declaredURI    { return $_[0][0][NS][1] }
sub declaredPrefix { my $prefix = $_[0][0][NS][0]; return length $prefix ? $prefix : undef }
sub nodeName       { my ($self) = @_; my $prefix = $self->declaredPrefix; return defined $prefix ? "xmlns:$prefix" : 'xmlns' }
sub localname { my ($self) = @_; my $prefix = $self->declaredPrefix; return defined $prefix ? $prefix : 'xmlns' }
sub prefix       { my ($self) = @_; return defined $self->declaredPrefix ? 'xmlns' : '' }
sub nodeType     { return NAMESPACE }
sub namespaceURI { return XMLNS_NS }
sub getNamespaces {return}
sub unique_key { my ($self) = @_; my $ns = $self->[0][NS]; return join '|', $ns->[0], $ns->[1] }
sub isEqualNode { my ( $self, $other ) = @_; return blessed $other && $other->isa(__PACKAGE__) && $self->unique_key eq $other->unique_key ? 1 : 0 }
sub isSameNode { my ( $self, $other ) = @_; return blessed $other && $other->isa(__PACKAGE__) && refaddr( $self->[0][NS] ) == refaddr( $other->[0][NS] ) ? 1 : 0 }
sub cloneNode { my ($self) = @_; return __PACKAGE__->new( $self->declaredURI, $self->declaredPrefix ) }
sub to_literal   { return $_[0]->declaredURI }
sub string_value { return $_[0]->declaredURI }
sub textContent  { return $_[0]->declaredURI }

*name            = \&nodeName;
*getName         = \&nodeName;
*getLocalName    = \&localname;
*getPrefix       = \&prefix;
*getType         = \&nodeType;
*getNamespaceURI = \&namespaceURI;
*value           = \&declaredURI;
*value2          = \&declaredURI;
*href            = \&declaredURI;
*nodeValue       = \&declaredURI;
*getValue        = \&declaredURI;
*getData         = \&declaredURI;

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Namespace - declarations of namespaces (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
