package XML::LibXML::Number;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::XPathFunctions qw(as_number);

use overload
  '""'     => sub { $_[0]->value },
  '0+'     => sub { $_[0]->value },
  '<=>'    => sub { my ( $left, $right, $swapped ) = @_; $right = ref $right ? $right->value : $right; return $swapped ? $right <=> $$left : $$left <=> $right },
  fallback => 1;

our $VERSION = '2.0134';

sub new {
    my ( $class, $value ) = @_;
    $value = $value->value if ref $value;
    my $own = defined $value && $value =~ /\A\s*[-+]?(?:inf(?:inity)?|nan)\s*\z/i ? $value + 0 : as_number( string => defined $value ? "$value" : '' );
    return bless \$own, $class;
}

sub _plain { my ( $class, $value ) = @_; return bless \$value, $class }

sub value        { my ($self) = @_; return $$self }
sub as_string {
    my ($self) = @_;
    return $$self - $$self == 0 ? "$$self" : CPANBridge::Compat::LibXML::XPathFunctions::number_text($$self);
}

sub as_xml       { my ($self) = @_; return '<Number>' . $self->as_string . "</Number>\n" }
sub cmp          { my ( $self, $other, $swapped ) = @_; return $swapped ? $other <=> $$self : $$self <=> $other }
sub evaluate     { return $_[0] }
sub to_number    { return $_[0] }
sub to_boolean   { my ($self) = @_; return $$self ? XML::LibXML::Boolean->True : XML::LibXML::Boolean->False }
sub to_literal   { my ($self) = @_; return XML::LibXML::Literal->new( $self->as_string ) }
sub string_value { my ($self) = @_; return $self->as_string }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Number - numbers, as XPath knows them (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
