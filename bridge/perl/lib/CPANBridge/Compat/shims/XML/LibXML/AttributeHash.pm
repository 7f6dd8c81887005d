package XML::LibXML::AttributeHash;

use 5.014;
use strict;
use warnings;

use Scalar::Util ();
use Tie::Hash ();

our $VERSION = '2.0134';
our @ISA     = ('Tie::Hash');

sub TIEHASH {
    my ( $class, $element, %how ) = @_;
    my $self = bless { element => $element }, $class;
    Scalar::Util::weaken( $self->{element} ) if $how{weaken};
    return $self;
}

sub element { return $_[0]{element} }

# {uri}name in two parts.
sub from_clark {
    my ( $self, $key ) = @_;
    return $key =~ /\A\{([^}]*)\}(.+)\z/s ? ( $1, $2 ) : ( undef, $key );
}

sub to_clark {
    my ( $self, $uri, $name ) = @_;
    return defined $uri && length $uri ? "{$uri}$name" : $name;
}

sub all_keys {
    my ($self) = @_;
    return map { $self->to_clark( $_->namespaceURI, $_->localname ) } grep { $_->isa('XML::LibXML::Attr') } $self->element->attributes;
}

sub FETCH {
    my ( $self, $key ) = @_;
    my ( $uri, $name ) = $self->from_clark($key);
    return defined $uri ? $self->element->getAttributeNS( $uri, $name ) : $self->element->getAttribute($name);
}

sub STORE {
    my ( $self, $key, $value ) = @_;
    my ( $uri, $name ) = $self->from_clark($key);
    return defined $uri ? $self->element->setAttributeNS( $uri, "xxx:$name", "$value" ) : $self->element->setAttribute( $name, "$value" );
}

sub EXISTS {
    my ( $self, $key ) = @_;
    my ( $uri, $name ) = $self->from_clark($key);
    return defined $uri ? $self->element->hasAttributeNS( $uri, $name ) : $self->element->hasAttribute($name);
}

sub DELETE {
    my ( $self, $key ) = @_;
    my ( $uri, $name ) = $self->from_clark($key);
    my $old = $self->FETCH($key);
    defined $uri ? $self->element->removeAttributeNS( $uri, $name ) : $self->element->removeAttribute($name);
    return $old;
}

sub CLEAR { my ($self) = @_; $self->DELETE($_) for $self->all_keys; return $self }

sub FIRSTKEY {
    my ($self) = @_;
    $self->{keys} = [ $self->all_keys ];
    return shift @{ $self->{keys} };
}

sub NEXTKEY { my ($self) = @_; return shift @{ $self->{keys} } }
sub SCALAR  { my ($self) = @_; return $self->element }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::AttributeHash - an element's attributes as a hash (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
