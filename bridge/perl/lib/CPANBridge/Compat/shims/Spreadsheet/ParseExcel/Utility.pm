package Spreadsheet::ParseExcel::Utility;

use 5.014;
use strict;
use warnings;

use Exporter ();

use CPANBridge::Compat::Excel::Dates;
use CPANBridge::Compat::Excel::Formatter;

our $VERSION   = '0.65';
our @ISA       = ('Exporter');
our @EXPORT_OK = qw(ExcelFmt LocaltimeExcel ExcelLocaltime col2int int2col sheetRef xls2csv);

sub ExcelFmt {
    my ( $format, $value, $from_1904 ) = @_;
    return $value if !defined $value || ref $value;
    return CPANBridge::Compat::Excel::Formatter::show( $format, $value, $from_1904 );
}

sub ExcelLocaltime {
    my ( $value, $from_1904 ) = @_;
    my $days = int $value;
    my $milliseconds = int( ( $value - $days ) * 86_400_000 + 0.5 );
    if ( $milliseconds >= 86_400_000 ) { $days++; $milliseconds -= 86_400_000 }
    my $seconds = int( $milliseconds / 1000 );
    my ( $day, $month, $year ) = CPANBridge::Compat::Excel::Formatter::calendar( $days, $from_1904 );
    return (
        $seconds % 60, int( $seconds / 60 ) % 60, int( $seconds / 3600 ), $day, $month - 1, $year - 1900,
        ( $days + ( $from_1904 ? 1462 : 0 ) - 1 ) % 7, $milliseconds % 1000
    );
}

sub LocaltimeExcel {
    my ( $second, $minute, $hour, $day, $month, $year, undef, $milliseconds, $from_1904 ) = @_;
    my $days = CPANBridge::Compat::Excel::Dates::number( sprintf( '%04d-%02d-%02dT', $year + 1900, $month + 1, $day ), $from_1904 );
    return undef if !defined $days;    ## no critic - one value, also in lists
    return $days + ( $hour * 3600 + $minute * 60 + $second + ( $milliseconds || 0 ) / 1000 ) / 86_400;
}

sub col2int {
    my ($letters) = @_;
    my $number = 0;
    $number = $number * 26 + ord( uc $_ ) - 64 for split //, $letters;
    return $number - 1;
}

sub int2col {
    my ($number) = @_;
    my $letters = '';
    for ( $number++ ; $number > 0 ; $number = int( ( $number - 1 ) / 26 ) ) {
        $letters = chr( 65 + ( $number - 1 ) % 26 ) . $letters;
    }
    return $letters;
}

sub sheetRef {
    my ($cell) = @_;
    my ( $column, $row ) = $cell =~ /\A([A-Za-z]+)([0-9]+)\z/ or return ();
    return ( $row - 1, col2int($column) );
}

sub xls2csv {
    my ( $file, $region, $rotate ) = @_;
    require Spreadsheet::ParseXLSX;
    my ( $sheet, $from, $to ) = $region =~ /\A(?:(\d+)-)?([A-Za-z]+\d+):([A-Za-z]+\d+)\z/ or return '';
    my $worksheet = Spreadsheet::ParseXLSX->new->parse($file)->worksheet( defined $sheet ? $sheet - 1 : 0 );
    my ( $row1, $column1 ) = sheetRef($from);
    my ( $row2, $column2 ) = sheetRef($to);
    my @rows = map {
        my $row = $_;
        [ map { my $cell = $worksheet->get_cell( $row, $_ ); defined $cell ? $cell->value : '' } $column1 .. $column2 ]
    } $row1 .. $row2;
    if ($rotate) {
        my @turned;
        for my $row ( 0 .. $#rows ) { $turned[$_][$row] = $rows[$row][$_] for 0 .. $#{ $rows[$row] } }
        @rows = @turned;
    }
    return join '', map {
        join( ',', map { my $value = $_; $value =~ s/"/""/g; $value =~ /[",\s]/ ? qq("$value") : $value } @$_ ) . "\n"
    } @rows;
}

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseExcel::Utility - CPANBridge's replacement: numbers in Excel's formats, dates, cells by name

=head1 DESCRIPTION

Part of L<Spreadsheet::ParseXLSX>, where what is covered and what not is told. The functions are those that the original
documents; C<xls2csv> reads C<.xlsx> files.

=head1 FUNCTIONS

=head2 ExcelFmt, ExcelLocaltime, LocaltimeExcel

Numbers as a format shows them; days as a list like C<localtime>'s and back.

=head2 col2int, int2col, sheetRef

Columns and cells by name and by number.

=head2 xls2csv

    my $text = xls2csv( $file, '1-A1:C10', $rotate );

=cut
