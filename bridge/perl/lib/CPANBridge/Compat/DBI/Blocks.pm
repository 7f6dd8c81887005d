package CPANBridge::Compat::DBI::Blocks;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Handle;

our $VERSION = '0.1.0';

# Rows that have come by column, see the daemon's module. A block is opened into its columns: arrays of values, empty
# where all are undef. Rows are taken from the columns' beginnings.

# Returns the columns of a block. Of strings that are text, $texts says for all columns or for each how the program wants
# them: 'bytes' in UTF-8, all as 'characters', or, where it says nothing, as characters where they are not ASCII.
sub columns {
    my ( $block, $texts ) = @_;
    my $at = 0;
    return map { _column( ref $texts ? $texts->[ $at++ ] : $texts, @$_ ) } @{ $block->{columns} };
}

# unpack and split put their values right into an array that is declared with them.
sub _column {
    my ( $text, $kind, $data, $nulls ) = @_;
    my $values;
    if    ( $kind eq 'q' ) { my @all = unpack 'q*', $data; $values = \@all }
    elsif ( $kind eq 'd' ) { my @all = unpack 'd*', $data; $values = \@all }
    elsif ( $kind eq 'n' ) { return [] }
    elsif ( $kind eq 'l' ) { _as( $text, $values = $data ) if $text; return $data }
    else {
        my $decodes = ( $kind eq 't' || $kind eq 'T' ) && !( $text && $text eq 'bytes' );
        my $flags = $text && $text eq 'characters';
        if ( $kind eq 'B' || $kind eq 'T' ) {
            my @all = unpack '(L/a*)*', $data;
            if ($decodes) { utf8::decode($_) for @all }
            if ($flags) { utf8::upgrade($_) for @all }
            $values = \@all;
        }
        else {
            if ($flags) { utf8::decode($data) if $decodes; utf8::upgrade($data) }
            my @all = split /\0/, $data, -1;
            @all = ('') if !@all;
            if ( $decodes && !$flags ) { utf8::decode($_) for @all }
            $values = \@all;
        }
    }
    @$values[ unpack 'L*', $nulls ] = () if defined $nulls;
    return $values;
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
# Names that were a hash's keys are found more quickly in the next one.
my %makers;

sub _makers {
    my ($width) = @_;
    return $makers{$width} ||= do {
        my $columns = join ', ', map {"\$c$_"} 0 .. $width - 1;
        my $names   = join ', ', map {"\$n$_"} 0 .. $width - 1;
        my $next    = join ', ', map {"shift \@\$c$_"} 0 .. $width - 1;
        my $indexed = join ', ', map {"\$c$_\->[\$_]"} 0 .. $width - 1;
        my $named   = join ', ', map {"\$n$_ => shift \@\$c$_"} 0 .. $width - 1;
        my $begin   = '--$left or &$end; $CPANBridge::Compat::DBI::Handle::LAST = $errors; @$errors = () if @$errors;';
        my $code    = join '',
          "[ sub { my ( \$left, \$end, \$errors, \$fields, $columns ) = \@_; return ( \\\$left, ",
          "sub { $begin \@\$fields = ($next); return \$fields }, ",
          "sub { $begin \@\$fields[ 0 .. \$#\$fields ] = ($next); return \$fields }, ",
          "sub { $begin return ($next) }, ",
          "sub { my ($names) = map { keys \%{ { \$_ => 1 } } } \@{ \$_[0] }; return sub { $begin my \%row = ($named); return \\\%row } } ) }, ",
          "sub { my ( \$count, \$rows, $columns ) = \@_; push \@\$rows, [$indexed] for 0 .. \$count - 1; return }, ",
          "sub { my ( \$count, \$rows, \$named, $columns ) = \@_; my ($names) = map { keys \%{ { \$_ => 1 } } } \@\$named; ",
          "for ( 1 .. \$count ) { my \%row = ($named); push \@\$rows, \\\%row } return } ]";
        eval $code or die $@;
    };
}

# Returns subs that take the next row, and before them a reference to the number of rows that are left. The first puts the
# row into the array that fetch returns, and returns that one, the second returns a list; the third is given names, and
# returns one that returns a hash. After the last row $end is called, and they must not be any more.
sub takers {
    my ( $columns, $left, $end, $errors, $fields, $bound ) = @_;
    my ( $now_left, $fill, $fill_bound, $list, $hash ) = _makers( scalar @$columns )->[0]->( $left, $end, $errors, $fields, @$columns );
    return ( $now_left, $bound ? $fill_bound : $fill, $list, $hash );
}

# Takes the next rows, which must be there, and adds them to an array. Where all are wanted, copies are quicker: what a
# program keeps lies together in memory then.
sub rows {
    my ( $columns, $count, $rows ) = @_;
    _makers( scalar @$columns )->[1]->( $count, $rows, @$columns );
    for my $column (@$columns) { splice @$column, 0, $count }
    return;
}

# Adds them as hashes.
sub hashes {
    my ( $columns, $count, $rows, $names ) = @_;
    _makers( scalar @$columns )->[2]->( $count, $rows, $names, @$columns );
    return;
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

Takes several rows, and adds them to an array as arrays.

=head2 hashes

Adds them as hashes.

=cut
