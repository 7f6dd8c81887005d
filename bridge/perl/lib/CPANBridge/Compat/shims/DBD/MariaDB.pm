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
C<SQL_VARBINARY>, ...) and columns without a character set are bytes.

=head1 COVERED

Connecting by C<database>, C<host>, C<port>, C<mariadb_socket>, C<mariadb_connect_timeout>, C<mariadb_init_command>,
C<mariadb_multi_statements>, C<mariadb_client_found_rows>, C<mariadb_ssl> and its files; C<prepare>, C<execute>, C<do> and all of DBI's ways to
fetch; C<?> with values of all types; C<AutoCommit>, C<begin_work>, C<commit>, C<rollback>, C<ReadOnly>; C<more_results>;
C<last_insert_id>, C<mariadb_insertid>; C<table_info>, C<column_info>, C<primary_key_info>, C<foreign_key_info>, C<statistics_info>,
C<type_info>, C<get_info>, C<quote>, C<quote_identifier>; of statements C<TYPE>, C<NULLABLE>, C<PRECISION>, C<SCALE>,
C<mariadb_type>, C<mariadb_type_name>, C<mariadb_is_num>, C<mariadb_is_blob>, C<mariadb_is_key>, C<mariadb_is_pri_key>, C<mariadb_is_auto_increment>,
C<mariadb_length>, C<mariadb_table>, C<mariadb_warning_count>; of connections C<mariadb_serverinfo>, C<mariadb_serverversion>,
C<mariadb_hostinfo>, C<mariadb_protoinfo>, C<mariadb_thread_id>, C<mariadb_max_allowed_packet>.

=head1 NOT COVERED

Asynchronous statements (C<mariadb_async>), C<mariadb_sockfd>, reconnecting by itself (C<mariadb_auto_reconnect>), option files
(C<mariadb_read_default_file>), C<LOAD DATA LOCAL> (the file would be the daemon's), an embedded server.

=head1 KNOWN DIFFERENCES

=over 4

=item *

Statements are never prepared on the server: values are written into their text, safely quoted. C<mariadb_server_prepare> is kept and
changes nothing, and what is wrong with a statement is found when it is executed.

=item *

Rows are taken from the server while they are fetched; C<rows> is their number unless they are more than about 8 MiB: then it is
-1 until the last has been fetched.

=item *

C<mariadb_max_length> is the declared length, not that of the longest value.

=item *

The daemon ends a statement that runs longer than its setting C<statement_seconds>.

=back

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
