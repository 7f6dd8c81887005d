package XML::XPath::Number;

use 5.014;
use strict;
use warnings;

our $VERSION = '1.48';

use overload
  '""'   => sub { return $_[0]->string_value },
  '0+'   => sub { return $_[0]->_number },
  'bool' => sub { return $_[0]->_is_true },
  '<=>'  => sub { my ( $self, $other, $swapped ) = @_; my $order = $self->_number <=> _of_perl($other); return $swapped && $order ? -$order : $order },
  '=='   => sub { return $_[0]->_number == _of_perl( $_[1] ) },
  fallback => 1;

# What is no number has no value, and counts as 0.
sub new {
    my ( $class, $value ) = @_;
    if ( ref $value ) { $value = $value->string_value }
    undef $value
      if defined $value && $value !~ /\A\s*-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*\z/ && $value !~ /\A-?(?:inf|nan)/i;
    $value += 0 if defined $value;
    return bless \$value, $class;
}

sub value { return ${ $_[0] } }

sub _number { return defined ${ $_[0] } ? ${ $_[0] } : 0 }

sub _of_perl { my ($other) = @_; no warnings qw(numeric uninitialized); return ref $other && $other->isa(__PACKAGE__) ? $other->_number : 0 + $other }

sub _is_true { my $value = $_[0]->_number; return $value != 0 && $value == $value ? 1 : '' }

# Never with an exponent.
sub string_value {
    my $value = ${ $_[0] };
    return '' if !defined $value;
    return 'NaN' if $value != $value;
    return $value < 0 ? '-Infinity' : 'Infinity' if $value * 2 == $value && $value != 0;
    my $text = "$value";
    return $text if $text !~ /[eE]/;
    $text = sprintf '%.*f', abs $value < 1 ? 20 : 0, $value;
    $text =~ s/\.?0+\z// if index( $text, '.' ) >= 0;
    return $text;
}

sub to_literal { my ($self) = @_; require XML::XPath::Literal; return XML::XPath::Literal->_of( $self->string_value ) }
sub to_number  { return $_[0] }
sub to_boolean { my ($self) = @_; require XML::XPath::Boolean; return $self->_is_true ? XML::XPath::Boolean->True : XML::XPath::Boolean->False }
sub as_string  { my ($self) = @_; return $self->string_value }
sub evaluate   { return $_[0] }

1;

__END__

=head1 NAME

XML::XPath::Number - a number, as XPath sees it

=head1 WHAT IS COVERED

C<new>, C<value>, C<string_value>, C<to_literal>, C<to_number>, C<to_boolean>. In Perl it is a number.

As in the original, what is no number has no value, is written as nothing and counts as 0, where XPath would have NaN. A
division by zero gives C<Infinity>, C<-Infinity> or C<NaN>.

=cut
