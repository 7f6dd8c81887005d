package XML::LibXML::Literal;

use 5.014;
use strict;
use warnings;

use overload
  '""'     => sub { ${ $_[0] } },
  'cmp'    => sub { my ( $left, $right, $swapped ) = @_; return $swapped ? "$right" cmp $$left : $$left cmp "$right" },
  fallback => 1;

our $VERSION = '2.0134';

sub new { my ( $class, $text ) = @_; my $own = defined $text ? "$text" : ''; return bless \$own, $class }

sub as_string {
    my ($self) = @_;
    return q{'} . ( $$self =~ s/'/&apos;/gr ) . q{'};
}

sub as_xml       { my ($self) = @_; return '<Literal>' . ( $$self =~ s/&/&amp;/gr =~ s/</&lt;/gr ) . "</Literal>\n" }
sub value        { my ($self) = @_; return $$self }
sub cmp          { my ( $self, $other, $swapped ) = @_; return $swapped ? $other cmp $$self : $$self cmp $other }
sub evaluate     { return $_[0] }
sub to_literal   { return $_[0] }
sub to_number    { my ($self) = @_; return XML::LibXML::Number->new($$self) }
sub to_boolean   { my ($self) = @_; return XML::LibXML::Boolean->new( length $$self ) }
sub string_value { my ($self) = @_; return $$self }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Literal - strings, as XPath knows them (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
