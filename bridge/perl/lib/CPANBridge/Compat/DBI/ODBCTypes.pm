package CPANBridge::Compat::DBI::ODBCTypes;

use strict;
use warnings;

our $VERSION = '0.1.0';

my %BINARY = map { ( $_ => 1 ) } -2, -3, -4, 30;
my %LONG   = map { ( $_ => 1 ) } -1, -4, -10, -98, -99, -152, -370;
my %OF_ANY_LENGTH = map { ( $_ => 1 ) } 12, -3, -9;

# Types of characters beside those of bytes in the driver's encoding.
my %NARROW = ( -8 => 1, -9 => 12, -10 => -1 );

# Numbers of DBI's that ODBC has others for, or none.
my %OF_ODBC = ( 9 => 91, 10 => 92, 11 => 93, 30 => -4, 40 => -1 );

sub is_binary { my ($type) = @_; return defined $type && $BINARY{$type} }

sub is_long { my ( $type, $size ) = @_; return $LONG{$type} || !$size && $OF_ANY_LENGTH{$type} }

sub narrow { my ($type) = @_; return exists $NARROW{$type} ? $NARROW{$type} : $type }

sub of_odbc { my ($type) = @_; return exists $OF_ODBC{$type} ? $OF_ODBC{$type} : $type }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::ODBCTypes - what ODBC's numbers of types mean

=head1 DESCRIPTION

Used by the replacement of L<DBD::ODBC>; programs have no need of it.

=head1 FUNCTIONS

=head2 is_binary

Whether values of a type are bytes.

=head2 is_long

Whether C<LongReadLen> counts for columns of a type and size.

=head2 narrow

Returns the type of bytes that stands for a type of characters.

=head2 of_odbc

Returns ODBC's number for one of DBI's.

=cut
