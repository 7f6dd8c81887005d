package CPANBridge::Compat::Excel::Dates;

# Dates as Excel counts them: days since the end of 1899 or the beginning of 1904.
use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

my @DAYS = ( 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 );

sub _leap { my ($year) = @_; return !( $year % 4 ) && ( $year % 100 || !( $year % 400 ) ) }

# Days from the first of January of the year 1.
sub _day {
    my ( $year, $month, $day ) = @_;
    my $before = $year - 1;
    my $days = $before * 365 + int( $before / 4 ) - int( $before / 100 ) + int( $before / 400 );
    $days += $DAYS[$_] for 1 .. $month - 1;
    $days++ if $month > 2 && _leap($year);
    return $days + $day;
}

sub number {
    my ( $text, $from_1904 ) = @_;
    return undef if !defined $text;    ## no critic - one value, also in lists
    my ( $date, $time ) = $text =~ /\A\s*([0-9][0-9-]*)?(?:T([0-9:.]+)?)?Z?\s*\z/ or return undef;    ## no critic - the same
    return undef if $text !~ /T/;      ## no critic - the same
    my $seconds = 0;
    if ( defined $time ) {
        my ( $hours, $minutes, $rest ) = $time =~ /\A([0-9]+):([0-9][0-9])(?::([0-9][0-9](?:\.[0-9]+)?))?\z/
          or return undef;             ## no critic - the same
        $rest = 0 if !defined $rest;
        return undef if $hours >= 24 && defined $date || $minutes >= 60 || $rest >= 60;    ## no critic - the same
        $seconds = ( ( $hours * 60 + $minutes ) * 60 + $rest ) / 86400;
    }
    return $seconds if !defined $date;
    my ( $year, $month, $day ) = $date =~ /\A([0-9]{4})-([0-9][0-9])-([0-9][0-9])\z/ or return undef;    ## no critic - the same
    if ( !$from_1904 ) {
        return $seconds if $date eq '1899-12-31' || $date eq '1900-01-00' || $date eq '1900-01-00';
        return 60 + $seconds if $date eq '1900-02-29';    # a day that Excel believes in
    }
    my $first = $from_1904 ? 1904 : 1900;
    return undef if $year < $first || $year > 9999 || $month < 1 || $month > 12 || $day < 1;    ## no critic - the same
    return undef if $day > $DAYS[$month] + ( $month == 2 && _leap($year) ? 1 : 0 );             ## no critic - the same
    my $days = _day( $year, $month, $day ) - ( $from_1904 ? _day( 1904, 1, 1 ) : _day( 1899, 12, 31 ) );
    $days++ if !$from_1904 && $days > 59;
    return $days + $seconds;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Dates - dates as Excel counts them

=head1 DESCRIPTION

Used by our L<Excel::Writer::XLSX>; programs have no need of it.

=head1 FUNCTIONS

=head2 number

    my $days = number( '2024-02-28T12:00:00', $from_1904 );

What Excel holds for a date and time of ISO 8601; undef if it is none.

=cut
