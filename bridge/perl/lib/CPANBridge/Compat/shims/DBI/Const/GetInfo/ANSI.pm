package DBI::Const::GetInfo::ANSI;

use strict;
use warnings;

our $VERSION = '2.0';

# SQL/CLI's numbers.
our %InfoTypes = (
    SQL_CATALOG_NAME                  => 10003,
    SQL_COLLATING_SEQUENCE            => 10004,
    SQL_CURSOR_COMMIT_BEHAVIOR        => 23,
    SQL_CURSOR_SENSITIVITY            => 10001,
    SQL_DATA_SOURCE_NAME              => 2,
    SQL_DATA_SOURCE_READ_ONLY         => 25,
    SQL_DBMS_NAME                     => 17,
    SQL_DBMS_VERSION                  => 18,
    SQL_DEFAULT_TRANSACTION_ISOLATION => 26,
    SQL_DESCRIBE_PARAMETER            => 10002,
    SQL_FETCH_DIRECTION               => 8,
    SQL_GETDATA_EXTENSIONS            => 81,
    SQL_IDENTIFIER_CASE               => 28,
    SQL_INTEGRITY                     => 73,
    SQL_MAXIMUM_CATALOG_NAME_LENGTH   => 34,
    SQL_MAXIMUM_COLUMN_NAME_LENGTH    => 30,
    SQL_MAXIMUM_CURSOR_NAME_LENGTH    => 31,
    SQL_MAXIMUM_DRIVER_CONNECTIONS    => 0,
    SQL_MAXIMUM_IDENTIFIER_LENGTH     => 10005,
    SQL_MAXIMUM_SCHEMA_NAME_LENGTH    => 32,
    SQL_MAXIMUM_TABLE_NAME_LENGTH     => 35,
    SQL_MAXIMUM_USER_NAME_LENGTH      => 107,
    SQL_NULL_COLLATION                => 85,
    SQL_ORDER_BY_COLUMNS_IN_SELECT    => 90,
    SQL_OUTER_JOIN_CAPABILITIES       => 115,
    SQL_SCROLL_CONCURRENCY            => 43,
    SQL_SEARCH_PATTERN_ESCAPE         => 14,
    SQL_SERVER_NAME                   => 13,
    SQL_SPECIAL_CHARACTERS            => 94,
    SQL_TRANSACTION_CAPABLE           => 46,
    SQL_TRANSACTION_ISOLATION_OPTION  => 72,
    SQL_USER_NAME                     => 47,
);

our %ReturnTypes = map { ( $_ => /(?:NAME|READ_ONLY|PARAMETER|CATALOG|SEQUENCE|ESCAPE|CHARACTERS|INTEGRITY|SELECT|VERSION)\z/ ? 'SQLCHAR' : 'SQLINTEGER' ) }
  keys %InfoTypes;

our %ReturnValues = ( SQL_IDENTIFIER_CASE => { SQL_IC_UPPER => 1, SQL_IC_LOWER => 2, SQL_IC_SENSITIVE => 3, SQL_IC_MIXED => 4 } );

1;

__END__

=encoding utf8

=head1 NAME

DBI::Const::GetInfo::ANSI - what SQL/CLI calls what get_info tells

=head1 DESCRIPTION

Part of L<DBI> as CPANBridge serves it: C<%InfoTypes>, C<%ReturnTypes>, C<%ReturnValues>.

=cut
