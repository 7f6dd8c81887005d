package CPANBridge::Compat::DBI::MySQLTypes;

use strict;
use warnings;

our $VERSION = '0.1.0';

# Of each type of the server's: the name of its constant, the name that mariadb_type_name gives, and DBI's number.
my %TYPE = (
    0   => [ DECIMAL     => 'decimal',    3 ],
    1   => [ TINY        => 'tinyint',    -6 ],
    2   => [ SHORT       => 'smallint',   5 ],
    3   => [ LONG        => 'integer',    4 ],
    4   => [ FLOAT       => 'float',      6 ],
    5   => [ DOUBLE      => 'double',     8 ],
    6   => [ NULL        => 'null',       1 ],
    7   => [ TIMESTAMP   => 'timestamp',  11 ],
    8   => [ LONGLONG    => 'bigint',     -5 ],
    9   => [ INT24       => 'mediumint',  4 ],
    10  => [ DATE        => 'date',       9 ],
    11  => [ TIME        => 'time',       10 ],
    12  => [ DATETIME    => 'datetime',   11 ],
    13  => [ YEAR        => 'year',       5 ],
    14  => [ NEWDATE     => 'date',       9 ],
    15  => [ VARCHAR     => 'varchar',    12 ],
    16  => [ BIT         => 'bit',        -7 ],
    245 => [ JSON        => 'json',       -1 ],
    246 => [ NEWDECIMAL  => 'decimal',    3 ],
    247 => [ ENUM        => 'enum',       12 ],
    248 => [ SET         => 'set',        12 ],
    249 => [ TINY_BLOB   => 'tinyblob',   -3 ],
    250 => [ MEDIUM_BLOB => 'mediumblob', -4 ],
    251 => [ LONG_BLOB   => 'longblob',   -4 ],
    252 => [ BLOB        => 'blob',       -4 ],
    253 => [ VAR_STRING  => 'varchar',    12 ],
    254 => [ STRING      => 'char',       1 ],
    255 => [ GEOMETRY    => 'geometry',   -4 ],
);

my %IS_NUMBER = map { ( $_ => 1 ) } 0 .. 5, 8, 9, 13, 246;

# What flags of a column say.
my %FLAG = ( is_not_null => 1, is_pri_key => 2, is_unique => 4, is_key => 2 | 4 | 8, is_blob => 16, is_auto_increment => 512 );

my $BINARY = 63;    # the number of the character set that is none

# Makes the constants that a driver's package has; other drivers say FIELD_TYPE_ than TYPE_, and have older names.
sub make_constants {
    my ( $package, $prefix, %more ) = @_;
    my %number = ( %more, map { ( $TYPE{$_}[0] => $_ ) } keys %TYPE );
    no strict 'refs';
    for my $name ( keys %number ) {
        my $number = $number{$name};
        *{"${package}::$prefix$name"} = sub () { $number };
    }
    return;
}

# Which columns hold characters.
sub text_columns {
    my ($about) = @_;
    my $charsets = $about->{charsets};
    return grep { $charsets->[$_] != $BINARY } 0 .. $#$charsets;
}

# What is known of the columns of a result, by the name of the attribute without the driver's prefix.
sub attribute {
    my ( $about, $what ) = @_;
    my $types = $about->{types};
    return [ map { $TYPE{$_} ? $TYPE{$_}[2] : 12 } @$types ] if $what eq 'TYPE';
    return [ map { $_ & 1    ? 0            : 1 } @{ $about->{flags} } ] if $what eq 'NULLABLE';
    return [ @{ $about->{scales} } ] if $what eq 'SCALE';
    return [ @{ $about->{lengths} } ] if $what eq 'PRECISION' || $what eq 'length' || $what eq 'max_length';
    return [ map { $_ & $FLAG{$what} ? 1 : '' } @{ $about->{flags} } ] if $FLAG{$what};
    return [ map { $IS_NUMBER{$_}    ? 1 : '' } @$types ] if $what eq 'is_num';
    return [@$types] if $what eq 'type';
    return [ map { $TYPE{$_} ? $TYPE{$_}[1] : 'varchar' } @$types ] if $what eq 'type_name';
    return [ @{ $about->{tables} } ] if $what eq 'table';
    return;
}

my %OF_COLUMNS = map { ( $_ => 1 ) } keys %FLAG, qw(TYPE NULLABLE SCALE PRECISION length max_length is_num type type_name table);

sub is_of_columns { return $OF_COLUMNS{ $_[0] } }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQLTypes - types of columns of MariaDB and MySQL

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>; programs have no need of it.

=head1 FUNCTIONS

=head2 make_constants

Makes a driver's constants for types.

=head2 text_columns

Returns the numbers of the columns that hold characters.

=head2 attribute

Returns what an attribute of a statement handle says of the columns of a result.

=head2 is_of_columns

Returns whether there is such an attribute.

=cut
