package DBD::ODBC;

use 5.014;
use strict;
use warnings;

use DBI ();
use Exporter ();

use CPANBridge::Compat::DBI::ODBC;

our $VERSION = '1.61';
our @ISA     = 'Exporter';

$Carp::Internal{$_}++ for 'DBD::ODBC', map { "DBD::ODBC::$_" } qw(dr db st);

@DBD::ODBC::dr::ISA = 'CPANBridge::Compat::DBI::ODBC::dr';
@DBD::ODBC::db::ISA = 'CPANBridge::Compat::DBI::ODBC::db';
@DBD::ODBC::st::ISA = 'CPANBridge::Compat::DBI::ODBC::st';

# ODBC's numbers of the fields of diagnostics, and Oracle's for a connection that moves to another server.
my %DIAGNOSTIC;

BEGIN {
    %DIAGNOSTIC = (
        CURSOR_ROW_COUNT => -1249, DYNAMIC_FUNCTION => 7, DYNAMIC_FUNCTION_CODE => 12, NUMBER => 2, RETURNCODE => 1, ROW_COUNT => 3,
        CLASS_ORIGIN => 8, COLUMN_NUMBER => -1247, CONNECTION_NAME => 10, MESSAGE_TEXT => 6, NATIVE => 5, ROW_NUMBER => -1248,
        SERVER_NAME => 11, SQLSTATE => 4, SUBCLASS_ORIGIN => 9,
    );
    my %failover = (
        OCI_FO_END => 1, OCI_FO_ABORT => 2, OCI_FO_REAUTH => 4, OCI_FO_BEGIN => 8, OCI_FO_ERROR => 16, OCI_FO_RETRY => 25_410,
        OCI_FO_NONE => 1, OCI_FO_SESSION => 2, OCI_FO_SELECT => 4, OCI_FO_TXNAL => 8,
    );
    my %constant = ( %failover, map { ( "SQL_DIAG_$_" => $DIAGNOSTIC{$_} ) } keys %DIAGNOSTIC );
    for my $name ( keys %constant ) {
        my $value = $constant{$name};
        no strict 'refs';
        *$name = sub () { $value };
    }
    our %EXPORT_TAGS = ( diags => [ map {"SQL_DIAG_$_"} sort keys %DIAGNOSTIC ], taf => [ sort keys %failover ] );
    our @EXPORT_OK = map {@$_} values %EXPORT_TAGS;
}

my $drh;

sub driver {
    return $drh if $drh;
    my ( $class, $attributes ) = @_;
    for my $kind (qw(db st)) {
        "DBD::ODBC::$kind"->install_method( $_, { O => 4 } ) for qw(odbc_getdiagrec odbc_getdiagfield);
    }
    DBD::ODBC::st->install_method($_) for qw(odbc_lob_read odbc_rows odbc_describe_param);
    return $drh = DBI::_new_drh( "${class}::dr",
        { Name => 'ODBC', Version => $VERSION, Attribution => 'the interface of DBD::ODBC, served by CPANBridge' } );
}

sub CLONE { undef $drh; return }

sub parse_trace_flag {
    my ( $class, $name ) = @_;
    return CPANBridge::Compat::DBI::ODBC::common::parse_trace_flag( __PACKAGE__->driver, $name );
}

sub parse_trace_flags {
    my ( $class, $flags ) = @_;
    my $all = 0;
    for my $word ( split /\s*[|&,]\s*/, $flags ) { $all |= $word =~ /\A\d+\z/ ? $word : $class->parse_trace_flag($word) || 0 }
    return $all;
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::ODBC - databases with an ODBC driver for DBI, served by CPANBridge

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:ODBC:stock', 'user', 'password', { RaiseError => 1, LongReadLen => 100_000 } );
    my $other = DBI->connect('dbi:ODBC:Driver={ODBC Driver 18 for SQL Server};Server=db;Database=stock;UID=user;PWD=password');

=head1 DESCRIPTION

The interface of DBD::ODBC 1.61 on Python's pyodbc, in the daemon. Driver manager and drivers are those of the machine that the daemon
runs on, loaded into the daemon; data sources are those that it finds: in F</etc/odbc.ini> and in its own user's F<.odbc.ini>, or where its
environment variables C<ODBCINI> and C<ODBCSYSINI> point to, not the program's. Databases that are files are looked for where the program
runs: C<Database> of SQLite's drivers, and C<DBQ> and C<FILEDSN> where such a file is there.

For a program that runs as another user than the daemon, the daemon connects only to data sources by name, those that its setting
C<[modules.database] data_sources> lists.

=head1 COVERED

Data sources C<NAME>, C<DSN=...;UID=...;PWD=...>, and connection strings with C<Driver> (values may stand in braces); C<data_sources>;
C<prepare>, C<execute>, C<do> and all of DBI's ways to fetch; placeholders C<?>, C<:1> and C<:name> (also bound with their colon); C<bind_param>
with types; C<bind_col> with C<SQL_INTEGER>, C<SQL_NUMERIC>, C<SQL_DOUBLE>, C<DiscardString> and C<StrictlyTyped>; C<LongReadLen>, C<LongTruncOk>;
C<AutoCommit>, C<begin_work>, C<commit>, C<rollback>, C<ReadOnly>; C<odbc_more_results>; C<table_info>, C<column_info>, C<primary_key_info>,
C<foreign_key_info>, C<statistics_info>, C<type_info>, C<type_info_all>, C<get_info>; of statements C<TYPE>, C<NULLABLE>, C<PRECISION>,
C<SCALE>, C<ParamValues>, C<ParamTypes>; the methods C<odbc_getdiagrec>, C<odbc_getdiagfield> (number, state, native, text), C<odbc_lob_read>,
C<odbc_rows>; by C<func> C<GetInfo>, C<GetTypeInfo>, C<GetFunctions>, C<GetStatistics>, C<GetForeignKeys>, C<GetPrimaryKeys>,
C<GetSpecialColumns>, C<ColAttributes>. An error has C<err> 1, the driver's text with "(SQL-" and the state in C<errstr>, and the state in
C<state>.

Attributes that do something: C<odbc_ignore_named_placeholders>, C<odbc_default_bind_type>, C<odbc_force_bind_type>, C<odbc_describe_parameters>,
C<odbc_exec_direct>, C<odbc_query_timeout>, C<odbc_utf8_on>, C<odbc_err_handler>; to be read C<odbc_has_unicode>, C<odbc_SQL_DRIVER_ODBC_VER>,
C<odbc_SQL_DBMS_NAME> and its like, C<odbc_out_connect_string> (what the program gave, without the password).

=head1 NOT COVERED

C<bind_param_inout>; C<odbc_taf_callback>. These attributes are kept and change nothing: C<odbc_force_rebind> (results are always looked
at anew), C<odbc_async_exec>, C<odbc_putdata_start>, C<odbc_column_display_size>, C<odbc_batch_size>, C<odbc_array_operations> (C<execute_array>
sends a thousand tuples to the daemon at once, which executes one after the other), C<odbc_cursortype>, C<odbc_SQL_ROWSET_SIZE>,
C<odbc_version>, C<odbc_driver_complete>, C<odbc_trace>, C<odbc_trace_file>.

=head1 KNOWN DIFFERENCES

=over 4

=item *

As where DBD::ODBC was built without Unicode, the usual way on Unix, strings are bytes: of UTF-8 in both directions, whatever the
database has, and characters with C<odbc_utf8_on>. With the environment variable C<DBD_ODBC_UNICODE=1> strings are characters, as where
it was built with it. A parameter that is no UTF-8 is text in Latin-1; but where the driver takes all parameters of a statement for
text, and the string has control characters, it is bytes. Give such values a type (C<SQL_VARBINARY>, C<SQL_LONGVARBINARY>) to be sure.

=item *

The driver is always asked by ODBC's functions for Unicode. C<TYPE> shows types of characters as types of bytes (C<SQL_WVARCHAR> as
C<SQL_VARCHAR>) where strings are bytes; C<column_info> and C<type_info> show what the driver says.

=item *

Numbers of types C<SQL_DOUBLE>, C<SQL_FLOAT> and C<SQL_REAL> come as numbers, not as the text that a driver makes of them.

=item *

A placeholder with a name can stand in several places.

=item *

When a value is longer than C<LongReadLen>, C<fetch> fails unless C<LongTruncOk> is set, with all drivers. All of it was sent to the
daemon nevertheless.

=item *

Only the first diagnostic of a statement with parameters that fails is known.

=item *

The daemon ends a statement that runs longer than its setting C<statement_seconds>.

=back

=head1 ENVIRONMENT

=head2 DBD_ODBC_UNICODE

Set to 1: strings are characters.

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
