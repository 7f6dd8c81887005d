package DBD::MariaDB;

use 5.014;
use strict;
use warnings;

use DBI ();

use CPANBridge::Compat::DBI::MySQL;
use CPANBridge::Compat::DBI::MySQLTypes;

our $VERSION = '1.22';

$Carp::Internal{$_}++ for 'DBD::MariaDB', map { "DBD::MariaDB::$_" } qw(dr db st);

@DBD::MariaDB::dr::ISA = 'CPANBridge::Compat::DBI::MySQL::dr';
@DBD::MariaDB::db::ISA = 'CPANBridge::Compat::DBI::MySQL::db';
@DBD::MariaDB::st::ISA = 'CPANBridge::Compat::DBI::MySQL::st';

# The prefix of attributes, and whether strings are characters.
sub DBD::MariaDB::dr::_kind { return ( 'mariadb', 1 ) }

CPANBridge::Compat::DBI::MySQLTypes::make_constants( 'DBD::MariaDB', 'TYPE_' );

my $drh;

sub driver {
    return $drh if $drh;
    my ( $class, $attributes ) = @_;
    DBD::MariaDB::db->install_method("mariadb_$_") for qw(async_ready async_result sockfd);
    DBD::MariaDB::st->install_method("mariadb_$_") for qw(async_ready async_result);
    return $drh = DBI::_new_drh( "${class}::dr",
        { Name => 'MariaDB', Version => $VERSION, Attribution => 'the interface of DBD::MariaDB, served by CPANBridge' } );
}

sub CLONE { undef $drh; return }

sub parse_dsn { return CPANBridge::Compat::DBI::MySQL::parse_dsn(@_) }

1;

__END__

=encoding utf8

=head1 NAME

DBD::MariaDB - MariaDB and MySQL databases for DBI, served by CPANBridge

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:MariaDB:database=stock;host=db', 'user', 'password', { RaiseError => 1 } );

=head1 DESCRIPTION

The interface of DBD::MariaDB 1.22 on Python's PyMySQL, in the daemon. For a program that runs as another user than the daemon, the
daemon connects only to servers that its setting C<[modules.database] servers> names.

Strings are characters in both directions, whatever the server's own encoding; values bound with a type of bytes (C<SQL_BLOB>,
C<SQL_VARBINARY>, ...) and columns without a character set are bytes. After C<SET NAMES> of another character set than UTF-8 columns are
bytes of that, as with the original.

=head1 COVERED

Connecting by C<database>, C<host>, C<port>, C<mariadb_socket>, C<mariadb_connect_timeout>, C<mariadb_read_timeout>, C<mariadb_write_timeout>,
C<mariadb_init_command>, C<mariadb_multi_statements>, C<mariadb_client_found_rows>, C<mariadb_max_allowed_packet>, C<mariadb_conn_attrs>, C<mariadb_ssl>
with C<mariadb_ssl_optional>, C<mariadb_ssl_verify_server_cert> and files; option files (C<mariadb_read_default_file>,
C<mariadb_read_default_group>), which the program reads, not the daemon; C<prepare>, C<execute>, C<do> and all of DBI's ways to
fetch; C<?> with values of all types, C<mariadb_bind_comment_placeholders>; C<mariadb_server_prepare> and
C<mariadb_server_prepare_disable_fallback>; asynchronous statements: C<mariadb_async> (C<mariadb_async_ready>, C<mariadb_async_result>, and C<mariadb_sockfd> for event loops);
C<mariadb_auto_reconnect>; C<AutoCommit>, C<begin_work>, C<commit>, C<rollback>, C<ReadOnly>; C<more_results>;
C<last_insert_id>, C<mariadb_insertid>; C<take_imp_data>; C<data_sources>, C<table_info>, C<column_info>, C<primary_key_info>,
C<foreign_key_info>, C<statistics_info>, C<type_info>, C<get_info>, C<quote>, C<quote_identifier>; C<LOAD DATA LOCAL> with
C<mariadb_local_infile>, for programs of the daemon's own user and of root's: names of files count from where the program is.

Of statements C<TYPE>, C<NULLABLE>, C<PRECISION>, C<SCALE>,
C<mariadb_type> and the constants for it (C<DBD::MariaDB::TYPE_LONG>, ...), C<mariadb_type_name>, C<mariadb_is_num>, C<mariadb_is_blob>, C<mariadb_is_key>,
C<mariadb_is_pri_key>, C<mariadb_is_auto_increment>, C<mariadb_length>, C<mariadb_table>, C<mariadb_warning_count>; of connections
C<mariadb_serverinfo>, C<mariadb_serverversion>, C<mariadb_clientinfo>, C<mariadb_hostinfo>, C<mariadb_protoinfo>, C<mariadb_thread_id>, C<mariadb_info>,
C<mariadb_stat>, C<mariadb_ssl_cipher>, C<mariadb_warning_count>, C<mariadb_dbd_stats>, C<mariadb_max_allowed_packet>.

=head1 NOT COVERED

An embedded server; C<mariadb_ssl_ca_path> and C<mariadb_ssl_cipher>, which are refused where TLS is asked for; C<mariadb_compression>, which is
passed over; C<LOAD DATA LOCAL> for callers of other users, which the server refuses.

=head1 KNOWN DIFFERENCES

=over 4

=item *

With C<mariadb_auto_reconnect> a statement is sent again only if the connection had ended before it was sent. The original also does so
when the connection ends while the statement runs, which may then have been executed twice; here that is an error, and the next statement
connects again.

=item *

Statements that the server has prepared give the same values as others: leading zeros stay, and numbers of type C<FLOAT> have no more
digits than they have otherwise. Procedures may return several results. Asynchronous statements are never prepared on the server.

=item *

C<mariadb_sockfd> is not the server's socket but a descriptor that can be read when an asynchronous statement has ended. It becomes readable for
nothing else, and nothing must be read from it.

=item *

Rows are taken from the server while they are fetched; C<rows> is their number unless they are more than about 8 MiB: then it is
-1 until the last has been fetched. C<mariadb_use_result> is kept and changes nothing.

=item *

C<mariadb_max_length> is the declared length, not that of the longest value.

=item *

C<last_insert_id> is that of the last statement that has inserted a row with such a number; the original forgets it at the next C<UPDATE>.

=item *

The daemon ends a statement that runs longer than its setting C<statement_seconds>.

=back

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
