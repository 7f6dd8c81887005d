package DBI::Const::GetInfo::ODBC;

use strict;
use warnings;

our $VERSION = '2.0';

# ODBC's numbers.
our %InfoTypes = (
    SQL_ACCESSIBLE_PROCEDURES         => 20,
    SQL_ACCESSIBLE_TABLES             => 19,
    SQL_ACTIVE_CONNECTIONS            => 0,
    SQL_MAX_DRIVER_CONNECTIONS        => 0,
    SQL_ACTIVE_STATEMENTS             => 1,
    SQL_AGGREGATE_FUNCTIONS           => 169,
    SQL_ALTER_TABLE                   => 86,
    SQL_ASYNC_MODE                    => 10021,
    SQL_BATCH_ROW_COUNT               => 120,
    SQL_BATCH_SUPPORT                 => 121,
    SQL_BOOKMARK_PERSISTENCE          => 82,
    SQL_CATALOG_LOCATION              => 114,
    SQL_CATALOG_NAME                  => 10003,
    SQL_CATALOG_NAME_SEPARATOR        => 41,
    SQL_CATALOG_TERM                  => 42,
    SQL_CATALOG_USAGE                 => 92,
    SQL_COLLATION_SEQ                 => 10004,
    SQL_COLUMN_ALIAS                  => 87,
    SQL_CONCAT_NULL_BEHAVIOR          => 22,
    SQL_CORRELATION_NAME              => 74,
    SQL_CURSOR_COMMIT_BEHAVIOR        => 23,
    SQL_CURSOR_ROLLBACK_BEHAVIOR      => 24,
    SQL_CURSOR_SENSITIVITY            => 10001,
    SQL_DATABASE_NAME                 => 16,
    SQL_DATA_SOURCE_NAME              => 2,
    SQL_DATA_SOURCE_READ_ONLY         => 25,
    SQL_DBMS_NAME                     => 17,
    SQL_DBMS_VER                      => 18,
    SQL_DBMS_VERSION                  => 18,
    SQL_DEFAULT_TXN_ISOLATION         => 26,
    SQL_DESCRIBE_PARAMETER            => 10002,
    SQL_DRIVER_NAME                   => 6,
    SQL_DRIVER_ODBC_VER               => 77,
    SQL_DRIVER_VER                    => 7,
    SQL_EXPRESSIONS_IN_ORDERBY        => 27,
    SQL_FETCH_DIRECTION               => 8,
    SQL_FILE_USAGE                    => 84,
    SQL_GETDATA_EXTENSIONS            => 81,
    SQL_GROUP_BY                      => 88,
    SQL_IDENTIFIER_CASE               => 28,
    SQL_IDENTIFIER_QUOTE_CHAR         => 29,
    SQL_INTEGRITY                     => 73,
    SQL_KEYWORDS                      => 89,
    SQL_LIKE_ESCAPE_CLAUSE            => 113,
    SQL_MAX_BINARY_LITERAL_LEN        => 112,
    SQL_MAX_CATALOG_NAME_LEN          => 34,
    SQL_MAX_CHAR_LITERAL_LEN          => 108,
    SQL_MAX_COLUMNS_IN_GROUP_BY       => 97,
    SQL_MAX_COLUMNS_IN_INDEX          => 98,
    SQL_MAX_COLUMNS_IN_ORDER_BY       => 99,
    SQL_MAX_ASYNC_CONCURRENT_STATEMENTS => 10022,
    SQL_MAX_COLUMNS_IN_SELECT         => 100,
    SQL_MAX_COLUMNS_IN_TABLE          => 101,
    SQL_MAX_COLUMN_NAME_LEN           => 30,
    SQL_MAX_CURSOR_NAME_LEN           => 31,
    SQL_MAX_IDENTIFIER_LEN            => 10005,
    SQL_MAX_INDEX_SIZE                => 102,
    SQL_MAX_PROCEDURE_NAME_LEN        => 33,
    SQL_MAX_ROW_SIZE                  => 104,
    SQL_MAX_SCHEMA_NAME_LEN           => 32,
    SQL_MAX_STATEMENT_LEN             => 105,
    SQL_MAX_TABLES_IN_SELECT          => 106,
    SQL_MAX_TABLE_NAME_LEN            => 35,
    SQL_MAX_USER_NAME_LEN             => 107,
    SQL_MULTIPLE_ACTIVE_TXN           => 37,
    SQL_MULT_RESULT_SETS              => 36,
    SQL_NEED_LONG_DATA_LEN            => 111,
    SQL_NON_NULLABLE_COLUMNS          => 75,
    SQL_NULL_COLLATION                => 85,
    SQL_NUMERIC_FUNCTIONS             => 49,
    SQL_ODBC_VER                      => 10,
    SQL_ORDER_BY_COLUMNS_IN_SELECT    => 90,
    SQL_OUTER_JOINS                   => 38,
    SQL_PROCEDURES                    => 21,
    SQL_PROCEDURE_TERM                => 40,
    SQL_QUOTED_IDENTIFIER_CASE        => 93,
    SQL_ROW_UPDATES                   => 11,
    SQL_SCHEMA_TERM                   => 39,
    SQL_SCHEMA_USAGE                  => 91,
    SQL_SEARCH_PATTERN_ESCAPE         => 14,
    SQL_SERVER_NAME                   => 13,
    SQL_SPECIAL_CHARACTERS            => 94,
    SQL_STRING_FUNCTIONS              => 50,
    SQL_SUBQUERIES                    => 95,
    SQL_SYSTEM_FUNCTIONS              => 51,
    SQL_TABLE_TERM                    => 45,
    SQL_TIMEDATE_FUNCTIONS            => 52,
    SQL_TXN_CAPABLE                   => 46,
    SQL_TXN_ISOLATION_OPTION          => 72,
    SQL_UNION                         => 96,
    SQL_USER_NAME                     => 47,
);

my %number = map { ( $_ => 1 ) } grep { /_MAX_|_LEN\z|_LOCATION|_BEHAVIOR|_CASE\z|_CAPABLE|_ACTIVE_|_MODE\z|_SENSITIVITY|_COLLATION\z|_GROUP_BY/ } keys %InfoTypes;
my %mask = map { ( $_ => 1 ) } grep { /_FUNCTIONS\z|_USAGE\z|_OPTION\z|_TABLE\z|_SUBQUERIES|_UNION|_SUPPORT|_COUNT\z|_EXTENSIONS|_DIRECTION/ } keys %InfoTypes;

our %ReturnTypes = map { ( $_ => $mask{$_} ? 'SQLUINTEGER bitmask' : $number{$_} ? 'SQLUSMALLINT' : 'SQLCHAR' ) } keys %InfoTypes;

our %ReturnValues = (
    SQL_CATALOG_LOCATION => { SQL_CL_START => 1, SQL_CL_END => 2 },
    SQL_IDENTIFIER_CASE  => { SQL_IC_UPPER => 1, SQL_IC_LOWER => 2, SQL_IC_SENSITIVE => 3, SQL_IC_MIXED => 4 },
    SQL_TXN_CAPABLE => { SQL_TC_NONE => 0, SQL_TC_DML => 1, SQL_TC_ALL => 2, SQL_TC_DDL_COMMIT => 3, SQL_TC_DDL_IGNORE => 4 },
    SQL_NULL_COLLATION => { SQL_NC_HIGH => 0, SQL_NC_LOW => 1, SQL_NC_START => 2, SQL_NC_END => 4 },
);

1;

__END__

=encoding utf8

=head1 NAME

DBI::Const::GetInfo::ODBC - what ODBC calls what get_info tells

=head1 DESCRIPTION

Part of L<DBI> as CPANBridge serves it: C<%InfoTypes>, C<%ReturnTypes>, C<%ReturnValues>.

=cut
