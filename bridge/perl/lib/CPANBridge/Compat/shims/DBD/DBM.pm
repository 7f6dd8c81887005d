package DBD::DBM;

use 5.014;
use strict;
use warnings;

use DBD::File;

use CPANBridge::Compat::DBI::DBMTable;

our $VERSION;
BEGIN { $VERSION = '0.08' }

our @ISA         = 'DBD::File';
our $ATTRIBUTION = "DBD::DBM $VERSION, served by CPANBridge";

sub CLONE { return }

package    # not to be indexed
  DBD::DBM::dr;
our @ISA           = 'DBD::File::dr';
our $imp_data_size = 0;

package    # not to be indexed
  DBD::DBM::db;

use strict;
use warnings;

our @ISA           = 'DBD::File::db';
our $imp_data_size = 0;

sub init_valid_attributes {
    my ($dbh) = @_;
    $dbh->{dbm_valid_attrs} =
      { map { ( "dbm_$_" => 1 ) } qw(type mldbm cols version store_metadata berkeley_flags valid_attrs readonly_attrs meta tables) };
    $dbh->{dbm_readonly_attrs} = { map { ( "dbm_$_" => 1 ) } qw(version valid_attrs readonly_attrs) };
    $dbh->{dbm_meta}           = 'dbm_tables';
    return $dbh->SUPER::init_valid_attributes;
}

sub init_default_attributes {
    my ( $dbh, $phase ) = @_;
    $dbh->SUPER::init_default_attributes($phase);
    return $dbh if $phase;
    $dbh->{f_lockfile}         = '.lck';
    $dbh->{dbm_type}           = 'SDBM_File';
    $dbh->{dbm_store_metadata} = 1;
    return $dbh;
}

sub set_versions {
    my ($dbh) = @_;
    $dbh->{dbm_version} = $DBD::DBM::VERSION;
    return $dbh->SUPER::set_versions;
}

# Names of earlier times: dbm_ext, dbm_lockfile.
my %RENAMED = ( dbm_ext => 'f_ext', dbm_lockfile => 'f_lockfile' );

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $dbh->SUPER::FETCH( $RENAMED{ $name =~ /\A(?:ext|lockfile)\z/ ? "dbm_$name" : $name } || $name );
}

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    return $dbh->SUPER::STORE( $RENAMED{ $name =~ /\A(?:ext|lockfile)\z/ ? "dbm_$name" : $name } || $name, $value );
}

sub get_dbm_versions {
    my ( $dbh, $table ) = @_;
    my $meta;
    my $class = $dbh->_table_class;
    ( undef, $meta ) = $class->get_table_meta( $dbh, $table ) if defined $table && length $table && $table ne '.';
    $class->bootstrap_table_meta( $dbh, $meta = {}, '' ) if !$meta;
    my @used = map { my $version = eval { local $SIG{__DIE__}; $_->VERSION }; defined $version ? "$_ ($version)" : $_ }
      DBD::DBM::Table->modules_of($meta);
    return sprintf '%s using %s', $dbh->{dbm_version}, join ' + ', @used;
}

package    # not to be indexed
  DBD::DBM::st;
our @ISA           = 'DBD::File::st';
our $imp_data_size = 0;

package    # not to be indexed
  DBD::DBM::Statement;
our @ISA = 'DBD::File::Statement';

1;

__END__

=encoding utf8

=head1 NAME

DBD::DBM - tables in DBM files, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:DBM:f_dir=/srv/data', '', '', { RaiseError => 1, dbm_type => 'DB_File' } );
    $dbh->do('CREATE TABLE staff (name TEXT, phone TEXT)');
    $dbh->do( 'INSERT INTO staff VALUES (?, ?)', undef, 'Fred', '233-7777' );
    my ($phone) = $dbh->selectrow_array( 'SELECT phone FROM staff WHERE name = ?', undef, 'Fred' );

=head1 DESCRIPTION

DBM files as tables of two columns, the first of which is the key. The SQL is that of L<DBI::SQL::Nano>, or of SQL::Statement where
that is installed. No daemon is needed. Files are the same as with the original.

=head1 COVERED

All that L<DBD::File> has, and

=over 4

=item Attributes

C<dbm_type>: C<SDBM_File> (the default), C<DB_File>, C<GDBM_File>, C<NDBM_File> and C<ODBM_File>, as far as this perl has them, and
C<BerkeleyDB> where that is installed, with C<dbm_berkeley_flags>; C<dbm_cols>, C<dbm_store_metadata>, C<dbm_version>, C<dbm_meta>,
C<dbm_tables>. Each table may have its own: C<dbm_type>, C<dbm_mldbm>, C<dbm_store_metadata>, C<dbm_berkeley_flags>, C<col_names>, also by
the names without prefix.

=item More than two columns

C<dbm_mldbm> with the module MLDBM, which must be installed.

=item Methods

C<dbm_versions>, C<dbm_get_meta>, C<dbm_set_meta>, C<dbm_new_meta>, C<dbm_clear_meta>.

=back

=head1 NOT COVERED

More than two columns without MLDBM.

=head1 KNOWN DIFFERENCES

=over 4

=item Keys

A key that is there already cannot be inserted again with any kind of file, nor can a row's key be changed to that of another. The key
cannot be NULL.

=item Looking up

C<WHERE key = value> looks the row up. If the value is a number and there is no such row, all rows are looked at, for 7.0 equals 7.

=back

=head1 SEE ALSO

L<DBD::File>, L<DBI::SQL::Nano>, L<DBI>, L<AnyDBM_File>

=cut
