#!/usr/bin/perl
# A report from a database as a workbook for the people upstairs: a sheet with the totals and a chart, and one sheet of
# sales for each region.
#
#   sales-report.pl sales.db report.xlsx [sales.sql]
#
# The third argument fills a new database first.
use strict;
use warnings;

use DBI;
use Excel::Writer::XLSX;

my ( $database, $report, $fill ) = @ARGV;
die "usage: $0 sales.db report.xlsx [sales.sql]\n" if !defined $report;

binmode STDOUT, ':encoding(UTF-8)';
my $dbh = DBI->connect( "dbi:SQLite:dbname=$database", '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1, sqlite_unicode => 1 } );
if ( defined $fill ) {
    open my $in, '<:encoding(UTF-8)', $fill or die "$fill: $!\n";
    my $statements = do { local $/; <$in> };
    $dbh->begin_work;
    $dbh->do($_) for grep {/\S/} split /;\n/, $statements;
    $dbh->commit;
}

my $workbook = Excel::Writer::XLSX->new($report) or die "$report: $!\n";
$workbook->set_properties( title => 'Sales', author => 'Accounts' );
my $head  = $workbook->add_format( bold => 1, bg_color => '#DDEEFF', border => 1, align => 'center' );
my $money = $workbook->add_format( num_format => '#,##0.00' );
my $day   = $workbook->add_format( num_format => 'yyyy-mm-dd' );
my $total = $workbook->add_format( bold => 1, num_format => '#,##0.00', top => 1 );

my $summary = $workbook->add_worksheet('Summary');
$summary->set_column( 0, 0, 20 );
$summary->set_column( 1, 3, 14 );
$summary->freeze_panes( 1, 0 );
$summary->write_row( 0, 0, [ 'Region', 'Sales', 'Amount', 'Last sale' ], $head );

my $totals = $dbh->prepare(<<'SQL');
    SELECT region.id, region.name, COUNT(sale.id) AS sales, SUM(sale.amount) AS amount, MAX(sale.day) AS last_day
    FROM region LEFT JOIN sale ON sale.region = region.id
    GROUP BY region.id, region.name ORDER BY region.id
SQL
my $sales = $dbh->prepare('SELECT day, item, amount, remark FROM sale WHERE region = ? ORDER BY day, id');

my $row = 0;
$totals->execute;
while ( my $region = $totals->fetchrow_hashref ) {
    $row++;
    $summary->write_string( $row, 0, $region->{name} );
    $summary->write_number( $row, 1, $region->{sales} );
    if ( !$region->{sales} ) { print "$region->{name}: no sales\n"; next }
    $summary->write_number( $row, 2, $region->{amount}, $money );
    $summary->write_date_time( $row, 3, "$region->{last_day}T", $day );

    my $sheet = $workbook->add_worksheet( $region->{name} );
    $sheet->set_column( 'A:D', 16 );
    $sheet->write_row( 'A1', [qw(Day Item Amount Remark)], $head );
    $sales->execute( $region->{id} );
    my $line = 0;
    while ( my ( $date, $item, $amount, $remark ) = $sales->fetchrow_array ) {
        $line++;
        $sheet->write_date_time( $line, 0, "${date}T", $day );
        $sheet->write_string( $line, 1, $item );
        $sheet->write_number( $line, 2, $amount, $money );
        $sheet->write_string( $line, 3, $remark ) if defined $remark;    # not write(): = and 0123 are text here
    }
    $sheet->write_formula( $line + 1, 2, "=SUM(C2:C" . ( $line + 1 ) . ')', $total, $region->{amount} );
    $sheet->autofilter( 0, 0, $line, 3 );
    printf "%s: %d sales, %.2f\n", @$region{qw(name sales amount)};
}
$summary->write_formula( $row + 1, 2, "=SUM(C2:C" . ( $row + 1 ) . ')', $total, $dbh->selectrow_array('SELECT SUM(amount) FROM sale') );

my $chart = $workbook->add_chart( type => 'column', embedded => 1 );
$chart->add_series( name => 'Amount', categories => [ 'Summary', 1, $row, 0, 0 ], values => [ 'Summary', 1, $row, 2, 2 ] );
$chart->set_title( name => 'Sales by region' );
$summary->insert_chart( 'F2', $chart );

$workbook->close or die "$report: $!\n";
$dbh->disconnect;
