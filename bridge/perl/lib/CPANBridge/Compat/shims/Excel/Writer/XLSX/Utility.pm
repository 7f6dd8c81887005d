package Excel::Writer::XLSX::Utility;

use 5.014;
use strict;
use warnings;

use Exporter ();

use CPANBridge::Compat::Excel::Dates;

our $VERSION = '1.11';
our @ISA     = ('Exporter');

my @rowcol = qw(
  xl_rowcol_to_cell xl_cell_to_rowcol xl_col_to_name xl_range xl_range_formula xl_inc_row xl_dec_row xl_inc_col xl_dec_col
);
my @dates = qw(
  xl_date_list xl_date_1904 xl_parse_time xl_parse_date xl_parse_date_init xl_decode_date_EU xl_decode_date_US
);
our @EXPORT      = ( @rowcol, @dates, 'quote_sheetname' );
our @EXPORT_OK   = ();
our %EXPORT_TAGS = ( rowcol => \@rowcol, dates => \@dates );

# --- rows and columns ---------------------------------------------------------------------------------------------

sub xl_col_to_name {
    my ( $column, $absolute ) = @_;
    my $name = '';
    for ( my $number = $column + 1 ; $number > 0 ; $number = int( ( $number - 1 ) / 26 ) ) {
        $name = chr( 65 + ( $number - 1 ) % 26 ) . $name;
    }
    return ( $absolute ? '$' : '' ) . $name;
}

sub xl_rowcol_to_cell {
    my ( $row, $column, $row_absolute, $column_absolute ) = @_;
    return xl_col_to_name( $column, $column_absolute ) . ( $row_absolute ? '$' : '' ) . ( $row + 1 );
}

sub xl_cell_to_rowcol {
    my ($cell) = @_;
    return ( 0, 0, 0, 0 ) if !defined $cell || $cell !~ /\A(\$?)([A-Za-z]{1,3})(\$?)([0-9]+)/;
    my ( $column_absolute, $letters, $row_absolute, $row ) = ( $1, uc $2, $3, $4 );
    my $column = 0;
    $column = $column * 26 + ord($_) - 64 for split //, $letters;
    return ( $row - 1, $column - 1, $row_absolute ? 1 : 0, $column_absolute ? 1 : 0 );
}

sub xl_range {
    my ( $row1, $row2, $column1, $column2, $row_abs1, $row_abs2, $column_abs1, $column_abs2 ) = @_;
    my $from = xl_rowcol_to_cell( $row1, $column1, $row_abs1, $column_abs1 );
    my $to = xl_rowcol_to_cell( $row2, $column2, $row_abs2, $column_abs2 );
    return $from eq $to ? $from : "$from:$to";
}

sub xl_range_formula {
    my ( $sheet, $row1, $row2, $column1, $column2 ) = @_;
    return '=' . quote_sheetname($sheet) . '!' . xl_range( $row1, $row2, $column1, $column2, 1, 1, 1, 1 );
}

# A name that could be taken for something else, or has other characters, is quoted.
sub quote_sheetname {
    my ($name) = @_;
    return $name if $name =~ /\A'.*'\z/s;
    return $name
      if $name =~ /\A[^\W\d][\w.]*\z/
      && $name !~ /\A[A-Za-z]{1,3}[0-9]{1,7}\z/
      && $name !~ /\A[Rr][0-9]*(?:[Cc][0-9]*)?\z/
      && $name !~ /\A[Cc][0-9]*\z/;
    $name =~ s/'/''/g;
    return "'$name'";
}

sub _moved {
    my ( $cell, $rows, $columns ) = @_;
    my ( $row, $column, @absolute ) = xl_cell_to_rowcol($cell);
    return xl_rowcol_to_cell( $row + $rows, $column + $columns, @absolute );
}

sub xl_inc_row { my ($cell) = @_; return _moved( $cell, 1, 0 ) }
sub xl_dec_row { my ($cell) = @_; return _moved( $cell, -1, 0 ) }
sub xl_inc_col { my ($cell) = @_; return _moved( $cell, 0, 1 ) }
sub xl_dec_col { my ($cell) = @_; return _moved( $cell, 0, -1 ) }

# --- dates and times ----------------------------------------------------------------------------------------------

sub xl_date_list {
    my ( $year, $month, $day, $hours, $minutes, $seconds ) = @_;
    return undef if !defined $year;    ## no critic - one value, also in lists
    $_ = 1 for grep { !defined } $month, $day;
    my $date = CPANBridge::Compat::Excel::Dates::number( sprintf '%04d-%02d-%02dT', $year, $month, $day );
    return undef if !defined $date;    ## no critic - the same
    return $date + ( ( $hours || 0 ) * 3600 + ( $minutes || 0 ) * 60 + ( $seconds || 0 ) ) / 86400;
}

sub xl_parse_time {
    my ($text) = @_;
    return undef if !defined $text;    ## no critic - one value, also in lists
    my ( $hours, $minutes, $seconds, $half ) =
      $text =~ /\A\s*([0-9]+):([0-9]{2}):?((?:[0-9]{2})(?:\.[0-9]+)?)?(?:\s+([AaPp][Mm]))?/
      or return undef;                 ## no critic - the same
    if ( defined $half ) {
        $hours = 0 if $hours == 12;
        $hours += 12 if lc $half eq 'pm';
    }
    return ( $hours * 3600 + $minutes * 60 + ( $seconds || 0 ) ) / 86400;
}

# Date::Manip and Date::Calc do what only they can; without them, as with the original, these are not to be had.
sub xl_parse_date_init {
    my (@settings) = @_;
    require Date::Manip;
    Date::Manip::Date_Init(@settings);
    return;
}

sub xl_parse_date {
    my ($text) = @_;
    require Date::Manip;
    my $date = Date::Manip::ParseDate($text) or return undef;    ## no critic - one value, also in lists
    return xl_date_list( Date::Manip::UnixDate( $date, '%Y', '%m', '%d', '%H', '%M', '%S' ) );
}

sub _decoded {
    my ( $decoder, $text ) = @_;
    my ( $date, $time ) = $text =~ /\A(.*?)(?:\s+([0-9]{1,2}:[0-9]{2}.*))?\z/s;
    require Date::Calc;
    my @date = Date::Calc->can($decoder)->($date) or return undef;    ## no critic - one value, also in lists
    my $days = xl_date_list(@date);
    return defined $days && defined $time ? $days + xl_parse_time($time) : $days;
}

sub xl_decode_date_EU { my ($text) = @_; return _decoded( 'Decode_Date_EU', $text ) }
sub xl_decode_date_US { my ($text) = @_; return _decoded( 'Decode_Date_US', $text ) }

sub xl_date_1904 {
    my ($date) = @_;
    return $date || 0 if !$date || $date < 0;
    return $date < 1462 ? 0 : $date - 1462;
}

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Utility - CPANBridge's replacement: cells by name, dates as numbers

=head1 SYNOPSIS

    use Excel::Writer::XLSX::Utility;
    my ( $row, $column ) = xl_cell_to_rowcol('C2');    # (1, 2)
    my $range = xl_range_formula( 'New data', 1, 8, 2, 2 );    # ='New data'!$C$2:$C$9
    my $date  = xl_date_list( 2024, 2, 28 );

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

All functions of the original, in plain Perl. C<xl_date_list> does without L<Date::Calc|https://metacpan.org/pod/Date::Calc>. As with the original,
C<xl_parse_date> and C<xl_parse_date_init> need L<Date::Manip|https://metacpan.org/pod/Date::Manip>, C<xl_decode_date_EU> and C<xl_decode_date_US> need
Date::Calc; they die where it is missing.

=head1 FUNCTIONS

=head2 xl_rowcol_to_cell, xl_cell_to_rowcol, xl_col_to_name

Between numbers from 0 and names like C<A1>, with flags for C<$>.

=head2 xl_range, xl_range_formula, quote_sheetname

Names of ranges; with a sheet, as a formula.

=head2 xl_inc_row, xl_dec_row, xl_inc_col, xl_dec_col

The cell below, above, to the right and to the left.

=head2 xl_date_list, xl_parse_time, xl_parse_date, xl_parse_date_init, xl_decode_date_EU, xl_decode_date_US, xl_date_1904

Dates and times as Excel's numbers.

=cut
