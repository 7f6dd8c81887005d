package XML::XPath::Literal;

use 5.014;
use strict;
use warnings;

use XML::XPath::Boolean;
use XML::XPath::Number;

our $VERSION = '1.48';

use overload
  '""'  => sub { return $_[0]->value },
  'cmp' => sub { return $_[0]->cmp( @_[ 1, 2 ] ) },
  fallback => 1;

sub new {
    my ( $class, $text ) = @_;
    $text = defined $text ? "$text" : '';
    $text =~ s/&quot;/"/g;
    $text =~ s/&apos;/'/g;
    return bless \$text, $class;
}

# A value from a document, which is as it is.
sub _of { my ( $class, $text ) = @_; $text = "$text"; return bless \$text, $class }

sub value        { return ${ $_[0] } }
sub string_value { return ${ $_[0] } }
sub as_string    { my ( $text, $quote ) = ( ${ $_[0] }, q(') ); $quote = '"' if index( $text, $quote ) >= 0; return "$quote$text$quote" }

sub cmp {
    my ( $self, $other, $swapped ) = @_;
    my $order = $$self cmp( defined $other ? "$other" : '' );
    return $swapped ? -$order : $order;
}

sub to_literal { return $_[0] }
sub to_number  { return XML::XPath::Number->new( ${ $_[0] } ) }
sub to_boolean { return length ${ $_[0] } ? XML::XPath::Boolean->True : XML::XPath::Boolean->False }
sub evaluate   { return $_[0] }

1;

__END__

=head1 NAME

XML::XPath::Literal - a string, as XPath sees it

=head1 WHAT IS COVERED

C<new> (which makes quotes of C<&quot;> and C<&apos;>), C<value>, C<string_value>, C<cmp>, C<to_literal>, C<to_number>, C<to_boolean>. In Perl
it is its string.

=cut
