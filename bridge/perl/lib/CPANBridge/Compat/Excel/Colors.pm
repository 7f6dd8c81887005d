package CPANBridge::Compat::Excel::Colors;

# Colours by name, by index into a workbook's palette, or as #RRGGBB.
use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

# Excel's own palette, of the indices 8 to 63.
my @PALETTE = qw(
  000000 FFFFFF FF0000 00FF00 0000FF FFFF00 FF00FF 00FFFF 800000 008000 000080 808000 800080 008080 C0C0C0 808080
  9999FF 993366 FFFFCC CCFFFF 660066 FF8080 0066CC CCCCFF 000080 FF00FF FFFF00 00FFFF 800080 800000 008080 0000FF
  00CCFF CCFFFF CCFFCC FFFF99 99CCFF FF99CC CC99FF FFCC99 3366FF 33CCCC 99CC00 FFCC00 FF9900 FF6600 666699 969696
  003366 339966 003300 333300 993300 993366 333399 333333
);

my %INDEX = (
    aqua => 15, black => 8,  blue   => 12, brown => 16, cyan  => 15, fuchsia => 14, gray => 23, green  => 17,
    grey => 23, lime  => 11, magenta => 14, navy => 18, orange => 53, pink   => 33, purple => 20, red => 10,
    silver => 22, white => 9, yellow => 13,
);

sub new { my ($class) = @_; return bless {}, $class }

sub set {
    my ( $self, $index, $rgb ) = @_;
    $self->{$index} = uc $rgb;
    return;
}

sub rgb {
    my ( $self, $color ) = @_;
    return undef if !defined $color;    ## no critic - one value, also in lists
    return uc $color if $color =~ /\A#[0-9A-Fa-f]{6}\z/;
    my $index = $INDEX{ lc $color };
    if ( !defined $index ) {
        return undef if $color !~ /\A[0-9]+\z/ || $color > 63;    ## no critic - the same
        $index = $color < 8 ? $color + 8 : $color;
    }
    return '#' . ( $self->{$index} || $PALETTE[ $index - 8 ] );
}

sub names { return \%INDEX }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Colors - the colours of a workbook

=head1 DESCRIPTION

Used by our L<Excel::Writer::XLSX>; programs have no need of it.

=head1 METHODS

=head2 new

Excel's palette.

=head2 set

    $colors->set( 40, 'FF6600' );

Changes what an index stands for.

=head2 rgb

    my $text = $colors->rgb('red');    # '#FF0000'

What a name, an index or C<#RRGGBB> stands for; undef if it stands for nothing.

=head2 names

A hash of the names and their indices.

=cut
