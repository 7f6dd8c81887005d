package CPANBridge::Compat::DBI::Types;

use strict;
use warnings;

our $VERSION = '0.1.0';

# The numbers are those of SQL/CLI and ODBC.
my %sql_types = (
    GUID                         => -11,
    WLONGVARCHAR                 => -10,
    WVARCHAR                     => -9,
    WCHAR                        => -8,
    BIGINT                       => -5,
    BIT                          => -7,
    TINYINT                      => -6,
    LONGVARBINARY                => -4,
    VARBINARY                    => -3,
    BINARY                       => -2,
    LONGVARCHAR                  => -1,
    UNKNOWN_TYPE                 => 0,
    ALL_TYPES                    => 0,
    CHAR                         => 1,
    NUMERIC                      => 2,
    DECIMAL                      => 3,
    INTEGER                      => 4,
    SMALLINT                     => 5,
    FLOAT                        => 6,
    REAL                         => 7,
    DOUBLE                       => 8,
    DATETIME                     => 9,
    DATE                         => 9,
    INTERVAL                     => 10,
    TIME                         => 10,
    TIMESTAMP                    => 11,
    VARCHAR                      => 12,
    BOOLEAN                      => 16,
    UDT                          => 17,
    UDT_LOCATOR                  => 18,
    ROW                          => 19,
    REF                          => 20,
    BLOB                         => 30,
    BLOB_LOCATOR                 => 31,
    CLOB                         => 40,
    CLOB_LOCATOR                 => 41,
    ARRAY                        => 50,
    ARRAY_LOCATOR                => 51,
    MULTISET                     => 55,
    MULTISET_LOCATOR             => 56,
    TYPE_DATE                    => 91,
    TYPE_TIME                    => 92,
    TYPE_TIMESTAMP               => 93,
    TYPE_TIME_WITH_TIMEZONE      => 94,
    TYPE_TIMESTAMP_WITH_TIMEZONE => 95,
    INTERVAL_YEAR                => 101,
    INTERVAL_MONTH               => 102,
    INTERVAL_DAY                 => 103,
    INTERVAL_HOUR                => 104,
    INTERVAL_MINUTE              => 105,
    INTERVAL_SECOND              => 106,
    INTERVAL_YEAR_TO_MONTH       => 107,
    INTERVAL_DAY_TO_HOUR         => 108,
    INTERVAL_DAY_TO_MINUTE       => 109,
    INTERVAL_DAY_TO_SECOND       => 110,
    INTERVAL_HOUR_TO_MINUTE      => 111,
    INTERVAL_HOUR_TO_SECOND      => 112,
    INTERVAL_MINUTE_TO_SECOND    => 113,
);

my %cursor_types = (
    CURSOR_FORWARD_ONLY  => 0,
    CURSOR_KEYSET_DRIVEN => 1,
    CURSOR_DYNAMIC       => 2,
    CURSOR_STATIC        => 3,
    CURSOR_TYPE_DEFAULT  => 0,
);

my %preparse = (
    cm_cs => 0x000001,
    cm_hs => 0x000002,
    cm_dd => 0x000004,
    cm_br => 0x000008,
    cm_dw => 0x000010,
    cm_XX => 0x00001F,
    ph_qm => 0x000100,
    ph_cn => 0x000200,
    ph_cs => 0x000400,
    ph_sp => 0x000800,
    ph_XX => 0x000F00,
    st_qq => 0x010000,
    st_bs => 0x020000,
    st_XX => 0x030000,
);

my %constant = (
    ( map { ( "SQL_$_" => $sql_types{$_} ) } keys %sql_types ),
    ( map { ( "SQL_$_" => $cursor_types{$_} ) } keys %cursor_types ),
    ( map { ( "DBIpp_$_" => $preparse{$_} ) } keys %preparse ),
    DBIstcf_DISCARD_STRING => 1,
    DBIstcf_STRICT         => 2,
);

for my $name ( keys %constant ) {
    my $value = $constant{$name};
    no strict 'refs';
    *$name = sub () { $value };
}

our %TAGS = (
    sql_types        => [ map { "SQL_$_" } sort keys %sql_types ],
    sql_cursor_types => [ map { "SQL_$_" } sort keys %cursor_types ],
    preparse_flags   => [ map { "DBIpp_$_" } sort keys %preparse ],
    utils            => [
        qw(neat neat_list data_string_desc data_string_diff data_diff looks_like_number hash sql_type_cast
          DBIstcf_DISCARD_STRING DBIstcf_STRICT dump_handle)
    ],
    profile => [qw(dbi_profile dbi_profile_merge dbi_profile_merge_nodes dbi_time)],
);

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Types - DBI's constants

=head1 DESCRIPTION

Implements constants of L<DBI>, whose replacement exports them. C<%TAGS> says which name belongs to which tag.

=cut
