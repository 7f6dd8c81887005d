"""Excel's files: workbooks written and read, beside the modules from CPAN where this perl has them."""

from __future__ import annotations

from compat_measure import Measure, Side

__all__ = ["MEASURES", "MODULES"]

MODULES = ["excel"]

WRITE = """
use Excel::Writer::XLSX;
sub workbook {
    open my $out, '>', \\my $bytes or die $!;
    my $workbook = Excel::Writer::XLSX->new($out);
    my $sheet = $workbook->add_worksheet;
    for my $row ( 0 .. 1999 ) { $sheet->write( $row, $_, $_ % 2 ? "text $row $_" : $row * 1.5 + $_ ) for 0 .. 9 }
    $workbook->close;
    return $bytes;
}
"""
CELLS = """
rate( sub { workbook() }, 20_000 );
"""
STREAM = """
use Excel::Writer::XLSX;
open my $out, '>', \\my $bytes or die $!;
my $workbook = Excel::Writer::XLSX->new($out);
$workbook->set_optimization;
my $sheet = $workbook->add_worksheet;
my $row = 0;
rate( sub { for ( 1 .. 100 ) { $sheet->write( $row, $_, $row + $_ ) for 0 .. 9; $row++ } }, 1000 );
"""
READ = """
use Excel::Writer::XLSX;
use Spreadsheet::ParseXLSX;
my $bytes = workbook();
rate( sub { Spreadsheet::ParseXLSX->new->parse( \\$bytes ) }, 20_000 );
"""

OURS = ("-MCPANBridge::Compat=prefer,Excel::Writer::XLSX,Spreadsheet::ParseXLSX,Spreadsheet::ParseExcel",)
WRITER = "Excel::Writer::XLSX"
READER = "Spreadsheet::ParseXLSX"

MEASURES = [
    Measure(
        "cells, whole workbooks of 20000",
        "cells",
        Side("replaced", WRITE + CELLS, OURS),
        Side("original", WRITE + CELLS, needs=WRITER),
    ),
    Measure(
        "cells sent, without the file",
        "cells",
        Side("replaced", STREAM, OURS),
        Side("original", STREAM, needs=WRITER),
        251_000,
    ),
    Measure(
        "cells read, workbooks of 20000",
        "cells",
        Side("replaced", WRITE + READ, OURS),
        Side("original", WRITE + READ, needs=READER),
    ),
]
