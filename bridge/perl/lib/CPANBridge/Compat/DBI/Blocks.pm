package CPANBridge::Compat::DBI::Blocks;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Handle;

our $VERSION = '0.1.0';

# Rows that have come by column, see the daemon's module. A block is opened into its columns: arrays of values, empty
# where all are undef. Rows are taken from the columns' beginnings.

# Returns the columns of a block. Of strings that are text, $texts says by column how the program wants them: 'bytes' in
# UTF-8, all as 'characters', or, where it says nothing, as characters where they are not ASCII.
sub columns {
    my ( $block, $texts ) = @_;
    my $at = 0;
    return map { _column( $texts && $texts->[ $at++ ], @$_ ) } @{ $block->{columns} };
}

sub _column {
    my ( $text, $kind, $data, $nulls ) = @_;
    my $values;
    if    ( $kind eq 'q' ) { $values = [ unpack 'q*', $data ] }
    elsif ( $kind eq 'd' ) { $values = [ unpack 'd*', $data ] }
    elsif ( $kind eq 'n' ) { return [] }
    elsif ( $kind eq 'l' ) { _as( $text, $values = $data ) if $text }
    else {
        my $decodes = ( $kind eq 't' || $kind eq 'T' ) && !( $text && $text eq 'bytes' );
        my $flags = $text && $text eq 'characters';
        if ( $kind eq 'B' || $kind eq 'T' ) {
            $values = [ unpack '(L/a*)*', $data ];
            if ($decodes) { utf8::decode($_) for @$values }
            if ($flags) { utf8::upgrade($_) for @$values }
        }
        else {
            if ($flags) { utf8::decode($data) if $decodes; utf8::upgrade($data) }
            $values = length $data ? [ split /\0/, $data, -1 ] : [''];
            if ( $decodes && !$flags ) { utf8::decode($_) for @$values }
        }
    }
    @$values[ unpack 'L*', $nulls ] = () if defined $nulls;
    return $values || $data;
}

sub _as {
    my ( $text, $values ) = @_;
    for my $value (@$values) {
        if ( $text eq 'bytes' ) { utf8::encode($value) if defined $value && !ref $value && utf8::is_utf8($value) }
        elsif ( ref $value ) { _as( $text, $value ) if ref $value eq 'ARRAY' }
        else                 { utf8::upgrade($value) if defined $value }
    }
    return;
}

# An expression that names each column is quicker than any loop over them, so there are subs for each number of columns.
my %makers;

sub _makers {
    my ($width) = @_;
    return $makers{$width} ||= do {
        my $columns = join ', ', map {"\$c$_"} 0 .. $width - 1;
        my $next    = join ', ', map {"shift \@\$c$_"} 0 .. $width - 1;
        my $indexed = join ', ', map {"\$c$_\->[\$_]"} 0 .. $width - 1;
        my $code    = join '',
          "[ sub { my ( \$left, \$errors, \$fields, $columns ) = \@_; return (",
          _fill("\@\$fields = ($next)"), ', ', _fill("\@\$fields[ 0 .. \$#\$fields ] = ($next)"), ', ',
          "sub { \$\$left--; return ($next) }, ",
          "sub { \$\$left--; my \%row; \@row{ \@{ \$_[0] } } = ($next); return \\\%row } ) }, ",
          "sub { my ( \$count, $columns ) = \@_; my \@rows; push \@rows, [$indexed] for 0 .. \$count - 1; return \\\@rows } ]";
        eval $code or die $@;
    };
}

sub _fill {
    my ($assignment) = @_;
    return 'sub { if ($$left) { $$left-- } else { return } $CPANBridge::Compat::DBI::Handle::LAST = $errors; '
      . "\@\$errors = () if \@\$errors; $assignment; return \$fields }";
}

# Returns three subs that take the next row: the first puts it into the array that fetch returns, and returns that one, or
# nothing after the last row; the others return a list, and a hash by the names that they are given, and must not be called
# then. $left refers to the number of rows that are left.
sub takers {
    my ( $columns, $left, $errors, $fields, $bound ) = @_;
    my ( $fill, $fill_bound, $list, $hash ) = _makers( scalar @$columns )->[0]->( $left, $errors, $fields, @$columns );
    return ( $bound ? $fill_bound : $fill, $list, $hash );
}

# Takes the next rows, which must be there, and returns them as arrays.
sub rows {
    my ( $columns, $left, $count ) = @_;
    my $rows = _makers( scalar @$columns )->[1]->( $count, @$columns );
    $$left -= $count;
    for my $column (@$columns) { $$left ? splice @$column, 0, $count : ( @$column = () ) }
    return $rows;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Blocks - rows that have come by column

=head1 DESCRIPTION

Used by L<CPANBridge::Compat::DBI::Remote>; programs have no need of it. Many rows come from the daemon by column: numbers
packed one after the other, strings with NUL between them. Perl takes such a column apart in one go.

=head1 FUNCTIONS

=head2 columns

Returns the columns of a block, each an array of its values.

=head2 takers

Returns subs that take the next row from columns.

=head2 rows

Takes several rows.

=cut
