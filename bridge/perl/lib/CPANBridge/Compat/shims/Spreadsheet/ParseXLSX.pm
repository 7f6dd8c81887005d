package Spreadsheet::ParseXLSX;

use 5.014;
use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Bytes;
use CPANBridge::Compat::Excel::Book;
use Spreadsheet::ParseExcel::Workbook;

our $VERSION = '0.27';

$Carp::Internal{ (__PACKAGE__) }++;

# Bytes that go together.
my $PIECE = 1024 * 1024;

sub new {
    my ( $class, %options ) = @_;
    return bless {%options}, $class;
}

sub parse {
    my ( $self, $file, $formatter ) = @_;
    my ( $handle, $name );
    if ( ref $file eq 'SCALAR' ) { open $handle, '<', $file or die "cannot read from the string: $!\n" }
    elsif ( ref $file || ref \$file eq 'GLOB' ) {
        $handle = $file;
        binmode $handle;
    }
    elsif ( !defined $file ) { Carp::croak('Argument to parse is not a file') }
    else {
        open $handle, '<', $file or Carp::croak("Can't open '$file': $!");
        binmode $handle;
        $name = $file;
    }
    my $book = CPANBridge::Compat::Excel::Book->new;
    my ( $piece, $next, $told );
    my $more = read $handle, $piece, $PIECE;
    while ( defined $more && !defined $told ) {
        $more = read $handle, $next, $PIECE;
        last if !defined $more;
        $told = $book->load( $piece, !$more );
        $piece = $next;
    }
    Carp::croak( 'Error reading ' . ( defined $name ? "'$name'" : 'the file' ) . ": $!" ) if !defined $more;
    my $formatting = !defined $formatter ? undef : ref $formatter ? $formatter : "Spreadsheet::ParseExcel::Fmt$formatter";
    if ( defined $formatting && !ref $formatting ) {
        ( my $path = "$formatting.pm" ) =~ s{::}{/}g;
        require $path;
        $formatting = $formatting->new;
    }
    return Spreadsheet::ParseExcel::Workbook->_made( $book, $told, $name, $formatting, $self );
}

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseXLSX - CPANBridge's replacement: reads Excel's .xlsx files

=head1 SYNOPSIS

    use Spreadsheet::ParseXLSX;

    my $workbook = Spreadsheet::ParseXLSX->new->parse('report.xlsx');
    for my $worksheet ( $workbook->worksheets ) {
        my ( $first, $last ) = $worksheet->row_range;
        for my $row ( $first .. $last ) {
            my $cell = $worksheet->get_cell( $row, 0 ) or next;
            print $cell->value, "\n";
        }
    }

=head1 DESCRIPTION

The interface of the module of this name on CPAN, in the version that C<$VERSION> says, with the classes of
Spreadsheet::ParseExcel whose objects it returns: L<Spreadsheet::ParseExcel::Workbook>,
L<Spreadsheet::ParseExcel::Worksheet>, L<Spreadsheet::ParseExcel::Cell>, L<Spreadsheet::ParseExcel::Format>,
L<Spreadsheet::ParseExcel::Font>, L<Spreadsheet::ParseExcel::Utility> and L<Spreadsheet::ParseExcel::FmtDefault>.

The program reads the file and sends it to the daemon's module C<excel>, which the operator must enable; openpyxl reads
it there, and the cells come back row by row.

=head1 METHODS

=head2 new

    my $parser = Spreadsheet::ParseXLSX->new;

=head2 parse

    my $workbook = $parser->parse($file);
    my $workbook = $parser->parse( $file, $formatter );

Takes a file's name, an open file handle or a reference to a string that holds the file. Dies when it cannot be read.

=head1 WHAT IS COVERED

Values, formatted and not; types; formulas; formats, fonts, colours; rich text; hyperlinks; merged cells; widths, heights,
hidden rows, columns and sheets; page setup, headers, footers, print areas and titles; formatters. C<CellHandler> and
C<NotSetCell>, as in Spreadsheet::ParseExcel, keep a large file out of memory.

=head1 WHAT IS NOT COVERED

Encrypted files (C<Password>): C<parse> dies. Spreadsheet::ParseExcel itself, for older C<.xls> files, and its SaveParser.

=head1 DIFFERENCES

=over 4

=item *

Fractions (C<# ?/?>), formats with literals between digits (C<000-00-0000>) and sections that are nothing but text are shown
as Excel shows them, and C<##0.0E+0> may differ; the original goes other ways.

=item *

The daemon refuses files that are too large when unpacked, or have too many cells: see F<docs/compat.md>.

=back

=head1 SEE ALSO

L<CPANBridge::Compat>, L<Excel::Writer::XLSX>

=cut
