package Spreadsheet::ParseExcel::Font;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.65';

sub new {
    my ( $class, %self ) = @_;
    return bless {%self}, $class;
}

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseExcel::Font - CPANBridge's replacement: the font of a cell

=head1 DESCRIPTION

Part of L<Spreadsheet::ParseXLSX>, where what is covered and what not is told. A hash with the names that the original
documents; colours are C<#RRGGBB>, or undef.

=cut
