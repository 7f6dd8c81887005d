package XML::LibXML::Boolean;

use 5.014;
use strict;
use warnings;

use overload
  '""'     => sub { $_[0]->value },
  '<=>'    => sub { my ( $left, $right, $swapped ) = @_; my $value = ref $right ? $right->to_number->value : $right; return $swapped ? $value <=> $$left : $$left <=> $value },
  'cmp'    => sub { my ( $left, $right, $swapped ) = @_; return $swapped ? "$right" cmp $left->value : $left->value cmp "$right" },
  'bool'   => sub { ${ $_[0] } },
  fallback => 1;

our $VERSION = '2.0134';

sub new { my ( $class, $value ) = @_; my $own = $value ? 1 : 0; return bless \$own, $class }
sub True         { return $_[0]->new(1) }
sub False        { return $_[0]->new(0) }
sub value        { my ($self) = @_; return $$self }
sub cmp          { my ( $self, $other, $swapped ) = @_; return $swapped ? $other <=> $$self : $$self <=> $other }
sub to_number    { my ($self) = @_; return XML::LibXML::Number->new($$self) }
sub to_boolean   { return $_[0] }
sub to_literal   { my ($self) = @_; return XML::LibXML::Literal->new( $$self ? 'true' : 'false' ) }
sub string_value { my ($self) = @_; return $self->to_literal->value }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Boolean - truth, as XPath knows it (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
