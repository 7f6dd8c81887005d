package Spreadsheet::ParseExcel::FmtDefault;

use 5.014;
use strict;
use warnings;

use Spreadsheet::ParseExcel::Utility ();

our $VERSION = '0.65';

# Excel's own formats.
our %FORMAT = (
    0 => 'General', 1 => '0', 2 => '0.00', 3 => '#,##0', 4 => '#,##0.00', 5 => '($#,##0_);($#,##0)',
    6 => '($#,##0_);[RED]($#,##0)', 7 => '($#,##0.00_);($#,##0.00_)', 8 => '($#,##0.00_);[RED]($#,##0.00_)',
    9 => '0%', 10 => '0.00%', 11 => '0.00E+00', 12 => '# ?/?', 13 => '# ??/??', 14 => 'yyyy-mm-dd', 15 => 'd-mmm-yy',
    16 => 'd-mmm', 17 => 'mmm-yy', 18 => 'h:mm AM/PM', 19 => 'h:mm:ss AM/PM', 20 => 'h:mm', 21 => 'h:mm:ss',
    22 => 'm-d-yy h:mm', 37 => '(#,##0_);(#,##0)', 38 => '(#,##0_);[RED](#,##0)', 39 => '(#,##0.00);(#,##0.00)',
    40 => '(#,##0.00);[RED](#,##0.00)', 45 => 'mm:ss', 46 => '[h]:mm:ss', 47 => 'mm:ss.0', 48 => '##0.0E+0', 49 => '@',
);

sub new { my ($class) = @_; return bless {}, $class }

sub TextFmt { my ( $self, $text ) = @_; return $text }

sub FmtStringDef {
    my ( $self, $index, $book, $more ) = @_;
    my $format = $book->{FormatStr}{$index};
    $format = ( $more && $more->{$index} ) || $FORMAT{$index} if !defined $format;
    return $format;
}

sub FmtString {
    my ( $self, $cell, $book ) = @_;
    my $format = $book->{Format}[ $cell->{FormatNo} ];
    return undef if !defined $format;    ## no critic - one value, also in lists
    my $text = $self->FmtStringDef( $format->{FmtIdx}, $book );
    return defined $text ? $text : 'General';
}

sub ValFmt {
    my ( $self, $cell, $book ) = @_;
    return $self->TextFmt( $cell->{Val}, $cell->{Code} ) if $cell->{Type} eq 'Text' && ( $self->FmtString( $cell, $book ) // '' ) !~ /@/;
    return Spreadsheet::ParseExcel::Utility::ExcelFmt( $self->FmtString( $cell, $book ), $cell->{Val}, $book->{Flg1904} );
}

sub ChkType {
    my ( $self, $numeric, $index ) = @_;
    return 'Text' if !$numeric;
    return $index >= 0x0E && $index <= 0x16 || $index >= 0x2D && $index <= 0x2F ? 'Date' : 'Numeric';
}

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseExcel::FmtDefault - CPANBridge's replacement: how values are shown

=head1 DESCRIPTION

Part of L<Spreadsheet::ParseXLSX>, where what is covered and what not is told. A formatter for C<parse> can be derived
from it: C<TextFmt>, C<FmtString>, C<ValFmt> and C<ChkType> are called as the original's documentation says.

=cut
