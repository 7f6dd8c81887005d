package HTTP::Date;

use 5.014;
use strict;
use warnings;

use Exporter 'import';
use Time::Local ();

our $VERSION   = '6.05';
our @EXPORT    = qw(time2str str2time);
our @EXPORT_OK = qw(parse_date time2iso time2isoz);

my @DAYS   = qw(Sun Mon Tue Wed Thu Fri Sat);
my @MONTHS = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
my %MONTH  = map { lc $MONTHS[$_] => $_ + 1 } 0 .. 11;

# Hours east of Greenwich, for names that mails and logs have.
my %ZONE = (
    EST => -5, EDT => -4, CST => -6, CDT => -5, MST => -7, MDT => -6, PST => -8, PDT => -7, AKST => -9, AKDT => -8, HST => -10,
    WET => 0,  WEST => 1, BST => 1,  CET => 1,  CEST => 2, MET => 1,  MEST => 2, EET => 2,  EEST => 3,  MSK => 3,
    IST => 5.5, JST => 9, KST => 9, AWST => 8, AEST => 10, AEDT => 11, NZST => 12, NZDT => 13,
);

my $CLOCK   = qr/(?<hour>\d\d?):(?<minute>\d\d)(?::(?<second>\d\d(?:\.\d*)?))?/;
my $ZONE    = qr/(?<zone>[-+]?\d{2,4}|[-+]\d\d:\d\d|(?![AaPp][Mm]\b)[A-Za-z]+)/;
my $NAME    = qr/(?<month>[A-Za-z]{3})[a-z]*/i;
my @FORMATS = (

    # 03 Feb 1994 00:00:00 GMT, 03-Feb-94, 03/Feb/1994:00:00:00 +0100
    qr{(?<day>\d\d?)(?:\s+|[-/])(?<month>[A-Za-z]{3}[a-z]*|\d\d?)(?:\s+|[-/])(?<year>\d+)(?:(?:\s+|:)$CLOCK)?(?:\s*$ZONE)?(?:\s+GMT)?(?:\s*\(\w+\))?}i,

    # Feb  3 00:00:00 GMT 1994
    qr{$NAME\s+(?<day>\d\d?)\s+$CLOCK\s+(?:(?<zone>(?![AaPp][Mm]\b)[A-Za-z]+)\s+)?(?<year>\d+)(?:\s+(?<zone>[-+]?\d+))?},

    # Feb  3 1994, Feb  3 17:03
    qr{$NAME\s+(?<day>\d\d?),?\s+(?:(?<year>\d{4})|$CLOCK)},

    # 1994-02-03 00:00:00 +0000, 19940203T000000Z
    qr{(?<year>\d{4})[-/]?(?<month>\d\d?)[-/]?(?<day>\d\d?)(?:(?:\s+|[-:Tt])?(?<hour>\d\d?):?(?<minute>\d\d)(?::?(?<second>\d\d(?:\.\d*)?))?)?\s*(?<zone>[-+]?\d\d(?::?\d\d)?|[Zz])?},

    # 11-15-96  03:52PM
    qr{(?<month>\d\d)-(?<day>\d\d)-(?<year>\d\d)\s+(?<hour>\d\d?):(?<minute>\d\d)(?<half>[AaPp][Mm])},
);

sub time2str {
    my ($time) = @_;
    $time = time if !defined $time;
    my ( $second, $minute, $hour, $day, $month, $year, $weekday ) = gmtime $time;
    return sprintf '%s, %02d %s %04d %02d:%02d:%02d GMT', $DAYS[$weekday], $day, $MONTHS[$month], $year + 1900, $hour, $minute, $second;
}

sub str2time {
    my ( $text, $default ) = @_;
    return undef if !defined $text;    ## no critic (ProhibitExplicitReturnUndef)

    # What servers send goes the short way.
    if ( $text =~ /\A[A-Z][a-z][a-z], (\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\z/ && $MONTH{ lc $2 } ) {
        local ( $@, $SIG{__DIE__} );
        return eval { Time::Local::timegm( $6, $5, $4, $1, $MONTH{ lc $2 } - 1, $3 ) };
    }
    my ( $year, $month, $day, $hour, $minute, $second, $zone ) = parse_date($text);
    return undef if !defined $year;    ## no critic (ProhibitExplicitReturnUndef)
    $zone = $default if !defined $zone;
    my $offset;
    if    ( !defined $zone )                                    { }
    elsif ( $zone =~ /\A(?:GMT|UTC?|Z)\z/i )                    { $offset = 0 }
    elsif ( $zone =~ /\A([-+])?(\d\d?):?(\d\d)?\z/ )            { $offset = ( $2 * 3600 + ( $3 || 0 ) * 60 ) * ( defined $1 && $1 eq '-' ? -1 : 1 ) }
    else {
        local ( $@, $SIG{__DIE__} );
        my $hours = $ZONE{ uc $zone };
        $offset = defined $hours ? $hours * 3600 : eval { require Time::Zone; Time::Zone::tz_offset($zone) };
        return undef if !defined $offset;    ## no critic (ProhibitExplicitReturnUndef)
    }
    my $part = $second - int $second;
    my @time = ( int $second, $minute, $hour, $day, $month - 1, $year );
    local ( $@, $SIG{__DIE__} );
    my $time = eval { defined $offset ? Time::Local::timegm(@time) - $offset : Time::Local::timelocal(@time) };
    return defined $time ? $time + $part : undef;
}

sub parse_date {
    my ($text) = @_;
    return if !defined $text;
    s/\A\s+//, s/\s+\z//, s/\A(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)[a-z]*,?\s*//i for $text;
    my %found;
    for my $format (@FORMATS) {
        if ( $text =~ /\A$format\z/ ) { %found = %+; last }
    }
    return if !defined $found{day};
    my $month = $found{month} =~ /\A\d+\z/ ? $found{month} : $MONTH{ lc substr $found{month}, 0, 3 };
    return if !$month || $month > 12;
    my ( $hour, $year ) = ( $found{hour}, $found{year} );
    if ( defined $found{half} ) { $hour = $hour % 12 + ( lc $found{half} eq 'pm' ? 12 : 0 ) }
    if ( !defined $year ) {
        my @now = localtime;
        $year = $now[5] + 1900 - ( $month > $now[4] + 1 ? 1 : 0 );
    }
    elsif ( length $year <= 2 ) { $year = _century($year) }
    my @date = ( $year + 0, $month + 0, $found{day}, map { defined ? $_ : 0 } $hour, $found{minute}, $found{second} );
    my $zone = $found{zone};
    return ( @date, $zone ) if wantarray;
    $zone = '' if !defined $zone;
    $zone = 'Z' if $zone =~ /\A(?:GMT|UTC?|[-+]?0000|Z)\z/i;
    return sprintf '%04d-%02d-%02d %02d:%02d:%02d%s', @date, $zone;
}

# The year with these two last digits that is closest to the present one.
sub _century {
    my ($short) = @_;
    my $now  = (localtime)[5] + 1900;
    my $year = $now - $now % 100 + $short;
    $year += 100 if $year < $now - 50;
    $year -= 100 if $year > $now + 50;
    return $year;
}

sub time2iso {
    my ($time) = @_;
    my ( $second, $minute, $hour, $day, $month, $year ) = localtime( defined $time ? $time : time );
    return sprintf '%04d-%02d-%02d %02d:%02d:%02d', $year + 1900, $month + 1, $day, $hour, $minute, $second;
}

sub time2isoz {
    my ($time) = @_;
    my ( $second, $minute, $hour, $day, $month, $year ) = gmtime( defined $time ? $time : time );
    return sprintf '%04d-%02d-%02d %02d:%02d:%02dZ', $year + 1900, $month + 1, $day, $hour, $minute, $second;
}

1;

__END__

=head1 NAME

HTTP::Date - dates as HTTP and others write them

=head1 SYNOPSIS

    use HTTP::Date;

    print time2str(time), "\n";
    my $time = str2time('Thu, 03 Feb 1994 00:00:00 GMT');

=head1 COVERED

C<time2str>, C<str2time>, C<parse_date>, C<time2iso>, C<time2isoz>, for all formats that HTTP::Date 6.05 documents. Names of time zones
but the commonest need Time::Zone, as with the original all do. A replacement that comes with L<CPANBridge::Compat>.

=cut
