package File::Listing;

use 5.014;
use strict;
use warnings;

use Carp ();
use Exporter 'import';
use HTTP::Date ();

our $VERSION = '6.15';
our @EXPORT  = qw(parse_dir);

# Lines of a listing as [ name, type, size, time, mode ]; the type is f, d, l with what it points to, or ?.

my %READER = ( unix => \&_unix, dosftp => \&_dos, apache => \&_apache );

sub parse_dir {
    my ( $listing, $zone, $kind, $on_error ) = @_;
    $kind = 'unix' if !defined $kind || !length $kind;
    my $reader = $READER{ lc $kind } or Carp::croak("No '$kind' format of listings is known");
    my @lines;
    if    ( ref $listing eq 'ARRAY' ) { @lines = @$listing }
    elsif ( ref $listing )            { @lines = <$listing> }
    else                              { @lines = split /\n/, $listing }
    my $state = { folder => '' };
    my @found;
    for my $line (@lines) {
        $line =~ s/[\r\n]+\z//;
        my $entry = $reader->( $line, $zone, $state );
        if   ( ref $entry ) { push @found, $entry }
        elsif ( defined $entry ) {
            if    ( !defined $on_error )       { }
            elsif ( ref $on_error eq 'CODE' ) { $on_error->($line) }
            elsif ( $on_error eq 'warn' )     { warn "Can't parse: $line\n" }
            elsif ( $on_error eq 'die' )      { die "Can't parse: $line\n" }
        }
    }
    return wantarray ? @found : \@found;
}

# Letters of ls as a number.
sub file_mode {
    my ($text) = @_;
    Carp::croak("Bad file mode '$text'") if $text !~ /\A(.)([r-][w-][xsS-])([r-][w-][xsS-])([r-][w-][xtT-])/;
    my ( $type, @groups ) = ( $1, $2, $3, $4 );
    my ( $mode, $special ) = ( 0, 0 );
    for my $group (@groups) {
        $mode = $mode * 8 + ( $group =~ /\Ar/ ? 4 : 0 ) + ( $group =~ /\A.w/ ? 2 : 0 ) + ( $group =~ /[xst]\z/ ? 1 : 0 );
        $special = $special * 2 + ( $group =~ /[sStT]\z/ ? 1 : 0 );
    }
    my %of = ( 'd' => 0040000, l => 0120000, c => 0020000, b => 0060000, p => 0010000, s => 0140000 );
    return $mode | $special << 9 | ( $of{$type} || 0100000 );
}

sub _unix {
    my ( $line, $zone, $state ) = @_;
    return undef if $line =~ /\A\s*\z|\Atotal\s+\d+/;    ## no critic (ProhibitExplicitReturnUndef)
    if ( $line =~ /\A(\S.*):\z/ && $line !~ /\A[dlcbps-][rwxsStT-]{9}/ ) { $state->{folder} = $1 eq '.' ? '' : "$1/"; return undef }    ## no critic (ProhibitExplicitReturnUndef)
    return '' if $line !~ /\A([\w-][r-][w-][xsS-][r-][w-][xsS-][r-][w-][xtT-])[+.@]?\s+.*?(\d+)\s+([A-Za-z]{3}\s+\d+\s+(?:\d{1,2}:\d\d|\d{4})|\d{4}-\d\d-\d\d(?:\s+\d{1,2}:\d\d(?::\d\d\S*)?(?:\s+[-+]\d{4})?)?)\s+(.*)\z/;
    my ( $mode, $size, $date, $name ) = ( $1, $2, $3, $4 );
    return undef if $name eq '.' || $name eq '..';    ## no critic (ProhibitExplicitReturnUndef)
    my $type = substr $mode, 0, 1;
    if ( $type eq 'l' && $name =~ s/ -> (.*)\z// ) { $type = "l $1" }
    elsif ( $type eq '-' ) { $type = 'f' }
    elsif ( $type ne 'd' ) { $type = '?' }
    undef $size if $type eq 'd';
    return [ $state->{folder} . $name, $type, $size, HTTP::Date::str2time( $date, $zone ), file_mode($mode) ];
}

sub _dos {
    my ( $line, $zone ) = @_;
    return undef if $line =~ /\A\s*\z/;    ## no critic (ProhibitExplicitReturnUndef)
    return '' if $line !~ /\A(\d\d-\d\d-\d\d(?:\d\d)?\s+\d{1,2}:\d\d[AaPp][Mm])\s+(<DIR>|\d+)\s+(.+?)\s*\z/;
    my ( $date, $size, $name ) = ( $1, $2, $3 );
    my $is_folder = $size eq '<DIR>';
    return [ $name, $is_folder ? 'd' : 'f', $is_folder ? undef : $size, HTTP::Date::str2time( $date, $zone ), undef ];
}

sub _apache {
    my ( $line, $zone ) = @_;
    $line =~ s{<(?!a\s)/?[^>]+>}{ }gi;
    return undef if $line !~ m{<a\s+href="([^"?]+)"[^>]*>.*?(\d\d-\w{3}-\d{4}\s+\d\d:\d\d|\d{4}-\d\d-\d\d\s+\d\d:\d\d)\s+(-|[\d.]+[KMG]?)}i;    ## no critic (ProhibitExplicitReturnUndef)
    my ( $name, $date, $size ) = ( $1, $2, $3 );
    my %times = ( K => 1024, M => 1024**2, G => 1024**3 );
    my $is_folder = $name =~ s{/\z}{};
    $size = $size eq '-' ? undef : $size =~ /\A([\d.]+)([KMG])\z/ ? int $1 * $times{$2} : $size;
    return [ $name, $is_folder ? 'd' : 'f', $size, HTTP::Date::str2time( $date, $zone ), undef ];
}

1;

__END__

=head1 NAME

File::Listing - reads listings of directories

=head1 SYNOPSIS

    use File::Listing;

    for my $entry ( parse_dir(`ls -l`) ) {
        my ( $name, $type, $size, $time, $mode ) = @$entry;
    }

=head1 COVERED

C<parse_dir> and C<file_mode>, for what C<ls -l> writes, for DOS's form and for Apache's pages. A replacement that comes with L<CPANBridge::Compat>.

=head1 NOT COVERED

The forms of VMS and Netware.

=cut
