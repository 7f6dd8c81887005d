use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use lib 't/lib', 'lib/CPANBridge/Compat/shims';
use BridgeDaemon;

my $folder = tempdir( CLEANUP => 1 );
my $daemon = BridgeDaemon->new( options => [ '--modules=excel', '--max-requests-per-minute=1000000' ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;

use Excel::Writer::XLSX;
use Spreadsheet::ParseXLSX;

my @warnings;
local $SIG{__WARN__} = sub { push @warnings, @_ };

sub content { open my $in, '<', $_[0] or die "$_[0]: $!"; binmode $in; local $/; return scalar <$in> }

{
    my $workbook = Excel::Writer::XLSX->new("$folder/a.xlsx");
    isa_ok( $workbook, 'Excel::Writer::XLSX' );
    my $sheet = $workbook->add_worksheet;
    isa_ok( $sheet, 'Excel::Writer::XLSX::Worksheet' );
    is( $sheet->get_name, 'Sheet1', 'a sheet is given a name' );
    is( $workbook->add_worksheet('Zahlen & Co')->get_name, 'Zahlen & Co', 'or has one' );
    my $format = $workbook->add_format( bold => 1, color => 'red', num_format => '0.00' );
    is( $sheet->write( 'A1', 'text', $format ), 0, 'a cell' );
    is( $sheet->write( 1_048_576, 0, 1 ), -2, 'outside of the sheet' );
    is( $sheet->write_string( 0, 1, 'x' x 32_768 ), -3, 'a text that is too long' );
    is( $sheet->write_number(0), -1, 'too few arguments' );
    is( $sheet->write_url( 0, 3, 'http://' . 'x' x 3000 ), -4, 'a URL that is too long' );
    like( shift @warnings, qr/Excel's limit for URLS.* at \Q$0\E line/, 'is told of at the line of the call' );
    ok( $workbook->close, 'the file is made' );
    like( content("$folder/a.xlsx"), qr/\APK\x03\x04/, 'it is a zip archive' );
    is_deeply( \@warnings, [], 'nothing else was said' );
}

{
    my $workbook = Excel::Writer::XLSX->new("$folder/none/a.xlsx");
    ok( !defined $workbook && $!, 'a file that cannot be made is undef, and $! says why' );
    for my $name ( 'x' x 32, 'a[b', q('a), 'sheet1' ) {
        my $book = Excel::Writer::XLSX->new("$folder/b.xlsx");
        $book->add_worksheet;
        ok( !eval { $book->add_worksheet($name) }, "no sheet can be called $name" );
        like( $@, qr/ at \Q$0\E line/, 'the line of the call' );
        $book->close;
    }
}

{
    open my $handle, '>', \my $bytes;
    my $workbook = Excel::Writer::XLSX->new($handle);
    my $sheet = $workbook->add_worksheet;
    $sheet->add_write_handler( qr/\A[A-Z]\z/, sub { my ( $sheet, @args ) = @_; $args[2] = lc $args[2]; return $sheet->write_string(@args) } );
    is( $sheet->write_row( 'A1', [ 'A', 1, undef, [ 2, 3 ] ] ), 0, 'a row' );
    $sheet->insert_chart( 'E1', $workbook->add_chart( type => 'line', embedded => 1 ) );    # has no series
    ok( !eval { $sheet->insert_image( 'A1', "$folder/no.png" ) }, 'a picture that is not there' );
    like( $@, qr/Couldn't open .*no\.png/, 'is an error' );
    is( $sheet->data_validation( 'A1', { validate => 'nonsense' } ), -3, 'a rule that makes no sense' );
    like( shift @warnings, qr/Unknown validation type 'nonsense'/, 'is warned of' );
    eval { $workbook->close };
    like( $@, qr/series.* at \Q$0\E line/, 'a chart without series cannot be written' );
    @warnings = ();
}

{
    open my $handle, '>', \my $bytes;
    my $workbook = Excel::Writer::XLSX->new($handle);
    $workbook->add_worksheet->write( 0, 0, $_ ) for 'a';
    undef $workbook;
    like( $bytes, qr/\APK/, 'a workbook that goes out of scope is written' );
    is_deeply( \@warnings, [], 'without a word' );
}

# Cells side by side go as one; nothing of that shows.
{
    my $file = "$folder/cells.xlsx";
    for my $optimized ( 0, 1 ) {
        my $workbook = Excel::Writer::XLSX->new( $file, { optimization => $optimized } );
        my $bold = $workbook->add_format( bold => 1 );
        my @sheets = map { $workbook->add_worksheet } 1, 2;
        my $decoded = "77";
        utf8::upgrade($decoded);
        my @values = (
            'a', 1, 2.5, -3, '0', '0.5', '007', '12a', '1.', '.5', '1.2.3', '9' x 16, '1e999', '9' x 400, 'f: b', 'he:re', '=1+1', "q\"\\",
            "M\xfcller", "\x{20ac}", "\x{1f600}", $decoded, "\x{d6a9}\x{fffd}", "a\nb", 'x' x 300, ' ',
        );
        my $row = 0;
        for my $sheet (@sheets) {
            is( $sheet->write( 0, $_, $values[$_] ), 0, "value $_" ) for 0 .. $#values;
            is( $sheet->write_row( 1, 0, \@values, $bold ), 0, 'the same as a row' );
            $sheet->write( 2, $_, $_, $_ % 3 ? $bold : undef ) for 0 .. 5;
        }
        for my $row ( 3 .. 5 ) { $_->write( $row, $row - 3, $row ) for @sheets }
        $sheets[0]->write_number( 6, 0, 5 );
        $sheets[0]->set_row( 6, 20 );
        $sheets[0]->write_string( 6, 1, '5' );
        $sheets[0]->write( 6, 2, 'six' );
        is( $sheets[0]->write( 6, 16_384, 'no' ), -2, 'beside the last column is nothing' );
        is( $sheets[0]->write_row( 6, 16_383, [ 1, 2 ] ), -2, 'not even for rows' );
        ok( $workbook->close, 'written' );

        my @shown = map { my $value = $_; $value =~ s/\A(?:1\.|\.5|007|9{16})\z/0 + $value/e; $value } @values;
        @shown[ 11, 16 ] = ( '1E+16', 0 );
        my $read = Spreadsheet::ParseXLSX->new->parse($file);
        for my $sheet ( $read->worksheets ) {
            for my $row ( 0, 1 ) {
                is_deeply( [ map { $sheet->get_cell( $row, $_ )->unformatted } 0 .. $#values ], \@shown, "what is in row $row" );
                is( ( grep { !!$sheet->get_cell( $row, $_ )->get_format->{Font}{Bold} != $row } 0 .. $#values ), 0, 'and how' );
            }
            is_deeply( [ map { $sheet->get_cell( 2, $_ )->get_format->{Font}{Bold} ? 1 : 0 } 0 .. 5 ], [ 0, 1, 1, 0, 1, 1 ], 'formats in turn' );
            is_deeply( [ map { $sheet->get_cell( $_, $_ - 3 )->unformatted } 3 .. 5 ], [ 3 .. 5 ], 'sheets in turn' );
        }
        my @last = map { $read->worksheet(0)->get_cell( 6, $_ ) } 0 .. 2;
        is_deeply( [ map { ( $_->type, $_->unformatted ) } @last ], [ Numeric => 5, Text => 5, Text => 'six' ], 'other methods in between' );
        is( $read->worksheet(0)->get_cell( 6, 16_383 )->unformatted, 1, 'the last column' );
    }
    is_deeply( \@warnings, [], 'without a word' );
}

# --- reading what was written -------------------------------------------------------------------------------------

{
    my $file = "$folder/round.xlsx";
    my $workbook = Excel::Writer::XLSX->new($file);
    my $sheet = $workbook->add_worksheet('First');
    my $hidden = $workbook->add_worksheet("Zw\xf6lf");
    my $bold = $workbook->add_format( bold => 1, color => 'red', bg_color => '#FFCC00', border => 1, align => 'center' );
    my $money = $workbook->add_format( num_format => '#,##0.00' );
    my $date = $workbook->add_format( num_format => 'yyyy-mm-dd' );
    $sheet->write( 'A1', "Gr\xfc\xdfe \x{20ac} <&>", $bold );
    $sheet->write( 'B1', '0123' );
    $sheet->keep_leading_zeros;
    $sheet->write( 'C1', '0123' );
    $sheet->write( 1, 0, -1234.567, $money );
    $sheet->write( 1, 1, '1e3' );
    $sheet->write_formula( 1, 2, '=A2*2', $money, -2469.134 );
    $sheet->write_date_time( 2, 0, '2024-02-28T', $date );
    $sheet->write_boolean( 2, 1, 1 );
    $sheet->write_rich_string( 2, 2, 'plain ', $bold, 'bold' );
    $sheet->write( 3, 0, "line\nbreak \x01 end" );
    $sheet->write( 3, 1, 0.1 + 0.2 );
    $sheet->write_url( 4, 0, 'http://example.com/a', undef, 'a link' );
    $sheet->merge_range( 'B6:C7', 'merged', $bold );
    $sheet->set_column( 'A:A', 30 );
    $sheet->set_row( 1, 30 );
    $sheet->set_row( 3, undef, undef, 1 );
    $sheet->set_landscape;
    $sheet->set_header('&CHead');
    $sheet->print_area( 0, 0, 6, 2 );
    my $shape = $workbook->add_shape( text => 'in a box', width => 200, fill => 'FFCC00', format => $bold );
    $shape->set_line('00FF00');
    is( $shape->get_width, 200, 'a property of a shape' );
    $sheet->insert_shape( 'E1', $shape );
    $sheet->insert_shape( 'E9', $workbook->add_shape( type => 'ellipse' ) );
    like( shift @warnings, qr/draws shapes of type ellipse as boxes at \Q$0\E line/, 'other shapes than boxes are told of' );
    $sheet->insert_shape( 'E9', $workbook->add_shape( type => 'straightConnector1' ) );
    like( shift @warnings, qr/leaves out shapes of type straightConnector1/, 'and so are connectors' );
    $hidden->hide;
    $hidden->write( $_, 0, "row $_" ) for 0 .. 5999;
    ok( $workbook->close, 'written' );

    my $read = Spreadsheet::ParseXLSX->new->parse($file);
    isa_ok( $read, 'Spreadsheet::ParseExcel::Workbook' );
    is_deeply( [ map { $_->get_name } $read->worksheets ], [ 'First', "Zw\xf6lf" ], 'the sheets' );
    my $got = $read->worksheet('First');
    my $cell = sub { my $found = $got->get_cell(@_); return $found ? [ $found->type, $found->unformatted, $found->value ] : undef };
    is_deeply( $cell->( 0, 0 ), [ 'Text', ("Gr\xfc\xdfe \x{20ac} <&>") x 2 ], 'text of all scripts' );
    is_deeply( $cell->( 0, 1 ), [ 'Numeric', 123, 123 ], 'digits are a number' );
    is_deeply( $cell->( 0, 2 ), [ 'Text', '0123', '0123' ], 'unless leading zeros are kept' );
    is_deeply( $cell->( 1, 0 ), [ 'Numeric', '-1234.567', '-1,234.57' ], 'a number with a format' );
    is_deeply( $cell->( 1, 1 ), [ 'Numeric', 1000, 1000 ], 'a number with an exponent' );
    is_deeply( $cell->( 1, 2 ), [ 'Numeric', '-2469.134', '-2,469.13' ], 'what a formula came to' );
    is( $got->get_cell( 1, 2 )->{Formula}, 'A2*2', 'and the formula' );
    is_deeply( $cell->( 2, 0 ), [ 'Numeric', 45350, '2024-02-28' ], 'a date' );
    is_deeply( $cell->( 2, 1 ), [ 'Text', 'TRUE', 'TRUE' ], 'true' );
    is( $got->get_cell( 2, 2 )->value, 'plain bold', 'a rich text' );
    my $rich = $got->get_cell( 2, 2 )->get_rich_text;
    is_deeply( [ map { [ $_->[0], $_->[1]{Bold} ] } @$rich ], [ [ 0, 0 ], [ 6, 1 ] ], 'with its fonts' );
    is( $got->get_cell( 3, 0 )->value, "line\nbreak _x0001_ end", 'a control character stays what Excel has for it' );
    is( $got->get_cell( 3, 1 )->unformatted, '0.3', 'a number as Perl shows it' );
    is_deeply( $got->get_cell( 4, 0 )->get_hyperlink, [ 'a link', 'http://example.com/a', undef ], 'a link' );
    is_deeply( $got->get_merged_areas, [ [ 5, 1, 6, 2 ] ], 'merged cells' );
    ok( $got->get_cell( 5, 1 )->is_merged && !$got->get_cell( 4, 0 )->is_merged, 'know it' );
    my $format = $got->get_cell( 0, 0 )->get_format;
    is_deeply( $format->{Fill}, [ 1, '#FFCC00', '#FFFFFF' ], 'a fill' );
    is_deeply( $format->{BdrStyle}, [ 1, 1, 1, 1 ], 'borders' );
    is_deeply( [ @{ $format->{Font} }{qw(Bold Color Name)}, $format->{AlignH} ], [ 1, '#FF0000', 'Calibri', 2 ], 'a font' );
    is( int $got->get_col_widths->[0],  30, 'the width of a column' );
    is( $got->get_row_heights->[1],     30, 'the height of a row' );
    ok( $got->is_row_hidden(3) && !$got->is_row_hidden(2), 'a hidden row' );
    ok( !$got->is_portrait,             'the paper lies' );
    is( $got->get_header,               '&CHead', 'the header' );
    is_deeply( $read->get_print_areas, [ [ [ 0, 0, 6, 2 ] ] ], 'the print area' );
    is_deeply( [ $got->row_range, $got->col_range ], [ 0, 6, 0, 2 ], 'where the cells are' );
    my $second = $read->worksheet(1);
    ok( $second->is_sheet_hidden, 'a hidden sheet' );
    is( $second->get_cell( 5999, 0 )->value, 'row 5999', 'many rows' );

    my $rows = 0;
    my $sparing = Spreadsheet::ParseXLSX->new( CellHandler => sub { $rows++ if $_[1] == 1 }, NotSetCell => 1 )->parse($file);
    is( $rows, 6000, 'a handler is called for each cell' );
    ok( !defined $sparing->worksheet(1)->get_cell( 5, 0 ), 'which is kept nowhere' );

    open my $handle, '<', $file or die $!;
    is( Spreadsheet::ParseXLSX->new->parse($handle)->worksheet_count, 2, 'from a handle' );
    my $bytes = content($file);
    my $cut = substr $bytes, 0, 3000;
    is( Spreadsheet::ParseXLSX->new->parse( \$bytes )->worksheet_count, 2, 'from a string' );
    for my $bad ( "$folder/none.xlsx", \'no zip', \"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", \$cut ) {
        ok( !eval { Spreadsheet::ParseXLSX->new->parse($bad) }, 'what is no workbook' );
        like( $@, qr/(?:Can't open|cannot be read: ).* at \Q$0\E line/, 'is said so, with the line of the call' );
    }
}

{
    require Spreadsheet::ParseExcel::Utility;
    my @cases = (
        [ '0.00', 2.345, '2.35' ], [ '#,##0', 1234567, '1,234,567' ], [ '0%', 0.256, '26%' ], [ '0.00E+00', 12345, '1.23E+04' ],
        [ '$#,##0_);($#,##0)', -1234, '-$1,234' ], [ '[h]:mm', 1.5, '36:00' ], [ 'h:mm AM/PM', 0.75, '6:00 PM' ],
        [ 'd mmm yyyy', 39506.5, '28 Feb 2008' ], [ 'dddd', 45350, 'Wednesday' ], [ '0.0;-0.0;"none"', 0, 'none' ],
        [ '# ?/?', 1.25, '1 1/4' ], [ '"<"@">"', 'x', '<x>' ], [ '#,##0,', 1234567, '1,235' ], [ 'yyyy-mm-dd', 60, '1900-02-29' ],
        [ 'mm:ss.0', 0.5000116, '00:01.0' ], [ '[>100]0.0;0', 99, '99' ], [ 'General', 'text', 'text' ],
    );
    for my $case (@cases) {
        my ( $format, $value, $shown ) = @$case;
        is( Spreadsheet::ParseExcel::Utility::ExcelFmt( $format, $value ), $shown, "$value as $format" );
    }
    is_deeply( [ Spreadsheet::ParseExcel::Utility::ExcelLocaltime(39506.5) ], [ 0, 0, 12, 28, 1, 108, 4, 0 ], 'a day as a list' );
    is( Spreadsheet::ParseExcel::Utility::LocaltimeExcel( 0, 0, 12, 28, 1, 108 ), 39506.5, 'and back' );
}

# --- limits and ends ----------------------------------------------------------------------------------------------

{
    my $workbook = Excel::Writer::XLSX->new("$folder/child.xlsx");
    $workbook->add_worksheet->write( 0, 0, 1 );
    my $pid = fork;
    if ( !$pid ) { undef $workbook; require POSIX; POSIX::_exit(0) }
    waitpid $pid, 0;
    is( -s "$folder/child.xlsx", 0, 'a child process writes nothing' );
    ok( $workbook->close, 'its parent does' );
}

{
    my $workbook = Excel::Writer::XLSX->new("$folder/lost.xlsx");
    my $sheet = $workbook->add_worksheet;
    $sheet->write( 0, $_, 'x' x 30_000 ) for 0 .. 5;
    $daemon->stop;
    ok( !eval { $workbook->close; 1 }, 'without the daemon there is no file' );
    like( $@, qr/CPANBridge: .* at \Q$0\E line/, 'which is said at the line of close' );
}

is_deeply( \@warnings, [], 'nothing else was said' );

done_testing;
