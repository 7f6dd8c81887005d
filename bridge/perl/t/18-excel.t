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

done_testing;
