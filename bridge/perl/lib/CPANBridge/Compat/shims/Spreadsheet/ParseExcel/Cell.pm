package Spreadsheet::ParseExcel::Cell;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.65';

sub new {
    my ( $class, %self ) = @_;
    return bless {%self}, $class;
}

sub value {
    my ($self) = @_;
    return defined $self->{_Value} ? $self->{_Value} : '';
}

sub unformatted   { return $_[0]{Val} }
sub get_format    { return $_[0]{Format} }
sub type          { return $_[0]{Type} }
sub is_merged     { return $_[0]{Merged} }
sub get_rich_text { return $_[0]{Rich} }
sub get_hyperlink { return $_[0]{Hyperlink} }

sub encoding {
    my ($self) = @_;
    my $code = $self->{Code};
    return !defined $code ? 1 : $code eq 'ucs2' ? 2 : $code eq '_native_' ? 3 : 0;
}

{ no warnings 'once'; *Value = \&value }

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseExcel::Cell - CPANBridge's replacement: a cell that was read

=head1 DESCRIPTION

Part of L<Spreadsheet::ParseXLSX>, where what is covered and what not is told. The methods are those that the original
documents; C<< $cell->{Formula} >> is the formula's text.

=head1 METHODS

=head2 value, unformatted, type, get_format, is_merged, get_rich_text, get_hyperlink, encoding

What the cell holds, and how it looks.

=cut
