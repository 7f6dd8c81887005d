package XML::XPath::Boolean;

use 5.014;
use strict;
use warnings;

our $VERSION = '1.48';

use overload
  '""'   => sub { return ${ $_[0] } },
  '0+'   => sub { return ${ $_[0] } },
  'bool' => sub { return ${ $_[0] } },
  fallback => 1;

sub True  { my ($class) = @_; my $value = 1; return bless \$value, $class }
sub False { my ($class) = @_; my $value = 0; return bless \$value, $class }

sub value        { return ${ $_[0] } }
sub to_boolean   { return $_[0] }
sub to_number    { require XML::XPath::Number;  return XML::XPath::Number->new( ${ $_[0] } ) }
sub to_literal   { require XML::XPath::Literal; return XML::XPath::Literal->_of( ${ $_[0] } ? 'true' : 'false' ) }
sub string_value { return $_[0]->to_literal->value }
sub as_string    { return ${ $_[0] } ? 'true()' : 'false()' }
sub evaluate     { return $_[0] }

1;

__END__

=head1 NAME

XML::XPath::Boolean - true or false, as XPath sees it

=head1 WHAT IS COVERED

C<True>, C<False>, C<value> (1 or 0), C<string_value>, C<to_literal> ("true" or "false"), C<to_number>, C<to_boolean>. In Perl it is 1 or 0.

=cut
