package Excel::Writer::XLSX;

use 5.014;
use strict;
use warnings;

use Excel::Writer::XLSX::Workbook;

our $VERSION = '1.11';
our @ISA = ('Excel::Writer::XLSX::Workbook');

$Carp::Internal{ (__PACKAGE__) }++;

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX - CPANBridge's replacement: writes Excel's .xlsx files

=head1 SYNOPSIS

    use Excel::Writer::XLSX;

    my $workbook  = Excel::Writer::XLSX->new('report.xlsx') or die "report.xlsx: $!";
    my $worksheet = $workbook->add_worksheet('Figures');
    my $bold      = $workbook->add_format( bold => 1 );
    $worksheet->write( 'A1', 'Total', $bold );
    $worksheet->write( 'B1', '=SUM(B2:B100)' );
    $workbook->close or die "report.xlsx: $!";

=head1 DESCRIPTION

The interface of the module of this name on CPAN, in the version that C<$VERSION> says. Perl decides what a cell is and
checks what the original checks; the daemon's module C<excel>, which the operator must enable, makes the file with
XlsxWriter, a library of the same author. L<Excel::Writer::XLSX::Utility> is there, too.

Cells and calls are gathered and sent in pieces, without waiting for answers. The file comes back when the workbook is
closed, and is written by the program itself, with its own rights; pictures and VBA projects are read by the program, too.

=head1 WHAT IS COVERED

Workbooks, worksheets and chartsheets; all kinds of cells, with write handlers, rich strings and hyperlinks; formats; all
types of charts with their options; pictures, in cells, headers and backgrounds; comments, buttons, tables, sparklines,
autofilters, data validation, conditional formats; defined names, document properties, outlines, protection, printing;
C<set_optimization>; VBA projects; C<new> with a file's name, C<->, or a file handle.

=head1 WHAT IS NOT COVERED

=over 4

=item *

Shapes: all are drawn as boxes with their text, and connectors are left out; warnings say so.

=item *

The inside of objects: but C<_default_url_format>, C<_vertical_dpi> and C<_horizontal_dpi> of worksheets, and C<_axis_ids>
and C<_axis2_ids> of charts, which programs set, do what they do in the original.

=back

=head1 DIFFERENCES

=over 4

=item *

What the original finds wrong only in the methods of charts, pictures, panes and pages may be found when the workbook is
closed. A warning then tells where it was called, and the rest of the workbook is written.

=item *

A workbook belongs to the process that made it, and is lost when the daemon ends before C<close>; C<close> then croaks.
The daemon limits the size of a workbook: see F<docs/compat.md>.

=item *

Without C<close> the file is made when the object goes out of scope. In a child process it is not.

=item *

C<set_tempdir> checks its argument and does nothing: the daemon has a folder of its own for temporary files.

=item *

Colours by a number of the palette are what the palette has when they are given, not when the workbook is closed.

=item *

The file is as that of the original but for details that Excel does not show, like the order of defined names that differ
in a digit, or the index of the palette beside a comment's colour. Heights of rows are rounded to pixels, as Excel itself does.

=back

=head1 METHODS

See L<Excel::Writer::XLSX::Workbook> and L<Excel::Writer::XLSX::Worksheet>.

=head1 SEE ALSO

L<CPANBridge::Compat>

=cut
