package DBD::mysql;

use 5.014;
use strict;
use warnings;

use DBI ();

use CPANBridge::Compat::DBI::MySQL;
use CPANBridge::Compat::DBI::MySQLTypes;

our $VERSION = '4.050';

$Carp::Internal{$_}++ for 'DBD::mysql', map { "DBD::mysql::$_" } qw(dr db st);

@DBD::mysql::dr::ISA = 'CPANBridge::Compat::DBI::MySQL::dr';
@DBD::mysql::db::ISA = 'CPANBridge::Compat::DBI::MySQL::db';
@DBD::mysql::st::ISA = 'CPANBridge::Compat::DBI::MySQL::st';

# The prefix of attributes, and whether strings are characters.
sub DBD::mysql::dr::_kind { return ( 'mysql', 0 ) }

CPANBridge::Compat::DBI::MySQLTypes::make_constants( 'DBD::mysql', 'FIELD_TYPE_', CHAR => 1, INTERVAL => 247 );

my $drh;

sub driver {
    return $drh if $drh;
    my ( $class, $attributes ) = @_;
    DBD::mysql::db->install_method("mysql_$_") for qw(async_ready async_result fd);
    DBD::mysql::st->install_method("mysql_$_") for qw(async_ready async_result);
    return $drh = DBI::_new_drh( "${class}::dr",
        { Name => 'mysql', Version => $VERSION, Attribution => 'the interface of DBD::mysql, served by CPANBridge' } );
}

sub CLONE { undef $drh; return }

sub parse_dsn { return CPANBridge::Compat::DBI::MySQL::parse_dsn(@_) }

1;

__END__

=encoding utf8

=head1 NAME

DBD::mysql - MariaDB and MySQL databases for DBI, served by CPANBridge

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:mysql:database=stock;host=db', 'user', 'password', { RaiseError => 1 } );

=head1 DESCRIPTION

The interface of DBD::mysql 4.050 on Python's PyMySQL, in the daemon. For a program that runs as another user than the daemon, the
daemon connects only to servers that its setting C<[modules.database] servers> names.

As with the original, the server gets the bytes that perl has of a string: binary values arrive as they are, whatever type they are bound
with, and strings that perl marks as characters arrive as UTF-8. What comes back is bytes, too, unless C<mysql_enable_utf8> or
C<mysql_enable_utf8mb4> is on: then columns in UTF-8 are characters. The server takes bytes for UTF-8 (C<utf8mb4>) unless C<SET NAMES>
says otherwise.

=head1 COVERED

Connecting by C<database>, C<host>, C<port>, C<mysql_socket>, C<mysql_connect_timeout>, C<mysql_read_timeout>, C<mysql_write_timeout>,
C<mysql_init_command>, C<mysql_multi_statements>, C<mysql_client_found_rows>, C<mysql_max_allowed_packet>, C<mysql_conn_attrs>, C<mysql_ssl>
with C<mysql_ssl_optional>, C<mysql_ssl_verify_server_cert> and files; option files (C<mysql_read_default_file>,
C<mysql_read_default_group>), which the program reads, not the daemon; C<prepare>, C<execute>, C<do> and all of DBI's ways to
fetch; C<?> with values of all types, C<mysql_bind_comment_placeholders>; C<mysql_server_prepare> and
C<mysql_server_prepare_disable_fallback>; asynchronous statements: C<async> (C<mysql_async_ready>, C<mysql_async_result>, and C<mysql_fd> for event loops);
C<mysql_auto_reconnect>; C<AutoCommit>, C<begin_work>, C<commit>, C<rollback>, C<ReadOnly>; C<more_results>;
C<last_insert_id>, C<mysql_insertid>; C<take_imp_data>; C<data_sources>, C<table_info>, C<column_info>, C<primary_key_info>,
C<foreign_key_info>, C<statistics_info>, C<type_info>, C<get_info>, C<quote>, C<quote_identifier>; C<LOAD DATA LOCAL> with
C<mysql_local_infile>, for programs of the daemon's own user and of root's: names of files count from where the program is.

Of statements C<TYPE>, C<NULLABLE>, C<PRECISION>, C<SCALE>,
C<mysql_type> and the constants for it (C<DBD::mysql::FIELD_TYPE_LONG>, ...), C<mysql_type_name>, C<mysql_is_num>, C<mysql_is_blob>, C<mysql_is_key>,
C<mysql_is_pri_key>, C<mysql_is_auto_increment>, C<mysql_length>, C<mysql_table>, C<mysql_warning_count>; of connections
C<mysql_serverinfo>, C<mysql_serverversion>, C<mysql_clientinfo>, C<mysql_hostinfo>, C<mysql_protoinfo>, C<mysql_thread_id>, C<mysql_info>,
C<mysql_stat>, C<mysql_ssl_cipher>, C<mysql_warning_count>, C<mysql_dbd_stats>, C<mysql_max_allowed_packet>.

=head1 NOT COVERED

An embedded server; C<mysql_ssl_ca_path> and C<mysql_ssl_cipher>, which are refused where TLS is asked for; C<mysql_compression>, which is
passed over; C<LOAD DATA LOCAL> for callers of other users, which the server refuses.

=head1 KNOWN DIFFERENCES

=over 4

=item *

C<mysql_enable_utf8> makes no difference to C<mysql_enable_utf8mb4>: the connection uses C<utf8mb4>. C<do> on a handle that is not connected
sets an error, where the original may return undef without one.

=item *

With C<mysql_auto_reconnect> a statement is sent again only if the connection had ended before it was sent. The original also does so
when the connection ends while the statement runs, which may then have been executed twice; here that is an error, and the next statement
connects again.

=item *

Statements that the server has prepared give the same values as others: leading zeros stay, and numbers of type C<FLOAT> have no more
digits than they have otherwise. Procedures may return several results. Asynchronous statements are never prepared on the server.

=item *

C<mysql_fd> is not the server's socket but a descriptor that can be read when an asynchronous statement has ended. It becomes readable for
nothing else, and nothing must be read from it.

=item *

Rows are taken from the server while they are fetched; C<rows> is their number unless they are more than about 8 MiB: then it is
-1 until the last has been fetched. C<mysql_use_result> is kept and changes nothing.

=item *

C<mysql_max_length> is the declared length, not that of the longest value.

=item *

C<last_insert_id> is that of the last statement that has inserted a row with such a number; the original forgets it at the next C<UPDATE>.

=item *

The daemon ends a statement that runs longer than its setting C<statement_seconds>.

=back

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
