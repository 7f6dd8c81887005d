package URI::_punycode;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION = '5.17';
our @EXPORT  = qw(encode_punycode decode_punycode);

# The figures of RFC 3492, section 5.
use constant { BASE => 36, TMIN => 1, TMAX => 26, SKEW => 38, DAMP => 700, BIAS => 72, FIRST => 128 };

my @DIGITS = ( 'a' .. 'z', 0 .. 9 );
my %VALUE = map { $DIGITS[$_] => $_ } 0 .. $#DIGITS;
$VALUE{ uc $_ } = $VALUE{$_} for 'a' .. 'z';

sub _adapted {
    my ( $delta, $points, $first ) = @_;
    $delta = int( $delta / ( $first ? DAMP : 2 ) );
    $delta += int( $delta / $points );
    my $k = 0;
    while ( $delta > int( ( BASE - TMIN ) * TMAX / 2 ) ) {
        $delta = int( $delta / ( BASE - TMIN ) );
        $k += BASE;
    }
    return $k + int( ( BASE - TMIN + 1 ) * $delta / ( $delta + SKEW ) );
}

sub _threshold {
    my ( $k, $bias ) = @_;
    return $k <= $bias ? TMIN : $k >= $bias + TMAX ? TMAX : $k - $bias;
}

sub encode_punycode {
    my ($text) = @_;
    my @points = map { ord } split //, $text;
    my $result = join '', map { chr } grep { $_ < FIRST } @points;
    my $basic = my $done = length $result;
    return $result if $done == @points;
    $result .= '-' if $done;
    my ( $next, $delta, $bias ) = ( FIRST, 0, BIAS );
    while ( $done < @points ) {
        my ($least) = sort { $a <=> $b } grep { $_ >= $next } @points;
        $delta += ( $least - $next ) * ( $done + 1 );
        $next = $least;
        for my $point (@points) {
            $delta++ if $point < $next;
            next if $point != $next;
            my $rest = $delta;
            for ( my $k = BASE ; ; $k += BASE ) {
                my $limit = _threshold( $k, $bias );
                last if $rest < $limit;
                $result .= $DIGITS[ $limit + ( $rest - $limit ) % ( BASE - $limit ) ];
                $rest = int( ( $rest - $limit ) / ( BASE - $limit ) );
            }
            $result .= $DIGITS[$rest];
            $bias = _adapted( $delta, $done + 1, $done == $basic );
            $delta = 0;
            $done++;
        }
        $delta++;
        $next++;
    }
    return $result;
}

sub decode_punycode {
    my ($text) = @_;
    my ( $next, $place, $bias, @points ) = ( FIRST, 0, BIAS );
    if ( $text =~ s/\A(.*)-//s ) { @points = map { ord } split //, $1 }
    _bad() if grep { $_ >= FIRST } @points;
    while ( length $text ) {
        my ( $old, $weight ) = ( $place, 1 );
        for ( my $k = BASE ; ; $k += BASE ) {
            my $digit = $VALUE{ substr $text, 0, 1, '' };
            _bad() if !defined $digit;
            $place += $digit * $weight;
            my $limit = _threshold( $k, $bias );
            last if $digit < $limit;
            _bad() if !length $text;
            $weight *= BASE - $limit;
        }
        $bias = _adapted( $place - $old, @points + 1, $old == 0 );
        $next += int( $place / ( @points + 1 ) );
        _bad() if $next > 0x10FFFF;
        $place %= @points + 1;
        splice @points, $place++, 0, $next;
    }
    return join '', map { chr } @points;
}

sub _bad {
    require Carp;
    Carp::croak('invalid Punycode');
}

1;

__END__

=head1 NAME

URI::_punycode - Unicode in the letters that names of hosts may have

=head1 SYNOPSIS

    use URI::_punycode;

    print encode_punycode("b\xfccher");      # bcher-kva

=head1 DESCRIPTION

Part of L<URI>.

=cut
