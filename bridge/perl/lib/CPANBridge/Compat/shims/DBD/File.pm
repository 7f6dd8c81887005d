package DBD::File;

use 5.014;
use strict;
use warnings;

use DBI::DBD::SqlEngine;

use CPANBridge::Compat::DBI::FileTable;

our $VERSION;
BEGIN { $VERSION = '0.45' }

our @ISA         = 'DBI::DBD::SqlEngine';
our $ATTRIBUTION = "DBD::File $VERSION, served by CPANBridge";

$Carp::Internal{$_}++ for __PACKAGE__, 'DBD::File::dr', 'DBD::File::db';

sub CLONE { return }

package    # not to be indexed
  DBD::File::dr;

use strict;
use warnings;

our @ISA               = 'DBI::DBD::SqlEngine::dr';
our $imp_data_size     = 0;
our $data_sources_attr = undef;

sub default_table_source { return 'DBD::File::TableSource::FileSystem' }

package    # not to be indexed
  DBD::File::db;

use strict;
use warnings;

use File::Spec ();

our @ISA           = 'DBI::DBD::SqlEngine::db';
our $imp_data_size = 0;

sub init_valid_attributes {
    my ($dbh) = @_;
    $dbh->{f_valid_attrs} =
      { map { ( "f_$_" => 1 ) } qw(version dir dir_search ext schema lock lockfile encoding valid_attrs readonly_attrs meta) };
    $dbh->{f_readonly_attrs} = { map { ( "f_$_" => 1 ) } qw(version valid_attrs readonly_attrs) };
    return $dbh->SUPER::init_valid_attributes;
}

sub init_default_attributes {
    my ( $dbh, $phase ) = @_;
    $dbh->SUPER::init_default_attributes($phase);
    return $dbh if $phase;
    $dbh->{f_dir}            = File::Spec->rel2abs( File::Spec->curdir ) if !defined $dbh->{f_dir};
    $dbh->{sql_table_source} = 'DBD::File::TableSource::FileSystem'      if !$dbh->{sql_table_source};
    $dbh->{sql_data_source}  = 'DBD::File::DataSource::File'             if !$dbh->{sql_data_source};
    return $dbh;
}

sub set_versions {
    my ($dbh) = @_;
    $dbh->{f_version} = $DBD::File::VERSION;
    return $dbh->SUPER::set_versions;
}

# A directory is the one that has the name now, wherever the program goes later.
sub validate_STORE_attr {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'f_dir' ) {
        $value = '.' if !defined $value || !length $value;
        die "No such directory '$value'\n" if !-d $value;
        $value = File::Spec->rel2abs($value);
    }
    elsif ( $name eq 'f_dir_search' && defined $value ) {
        die "f_dir_search must be a reference to an array of directories, not '$value'\n" if ref $value ne 'ARRAY';
    }
    return $dbh->SUPER::validate_STORE_attr( $name, $value );
}

sub get_f_versions {
    my ($dbh) = @_;
    return sprintf '%s using IO::File (%s)', $dbh->{f_version}, IO::File->VERSION;
}

sub _source_attributes {
    my ($dbh) = @_;
    return { %{ $dbh->SUPER::_source_attributes }, map { ( $_ => $dbh->{$_} ) } grep { defined $dbh->{$_} } qw(f_dir f_dir_search f_ext) };
}

# Names of earlier times.
sub get_file_meta   { my $dbh = shift; return $dbh->get_sql_engine_meta(@_) }
sub set_file_meta   { my $dbh = shift; return $dbh->set_sql_engine_meta(@_) }
sub new_file_meta   { my $dbh = shift; return $dbh->new_sql_engine_meta(@_) }
sub clear_file_meta { my $dbh = shift; return $dbh->clear_sql_engine_meta(@_) }

package    # not to be indexed
  DBD::File::st;
our @ISA           = 'DBI::DBD::SqlEngine::st';
our $imp_data_size = 0;

package    # not to be indexed
  DBD::File::Statement;
our @ISA = 'DBI::DBD::SqlEngine::Statement';

1;

__END__

=encoding utf8

=head1 NAME

DBD::File - the base of DBI drivers whose tables are files, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    package DBD::Foo;
    use base 'DBD::File';
    our $VERSION = '1.0';

    package DBD::Foo::dr;
    our @ISA           = 'DBD::File::dr';
    our $imp_data_size = 0;

    package DBD::Foo::db;
    our @ISA           = 'DBD::File::db';
    our $imp_data_size = 0;

    package DBD::Foo::st;
    our @ISA           = 'DBD::File::st';
    our $imp_data_size = 0;

    package DBD::Foo::Statement;
    our @ISA = 'DBD::File::Statement';

    package DBD::Foo::Table;
    our @ISA = 'DBD::File::Table';

    sub fetch_row  { my ( $self, $data ) = @_;         ... }    # reads from $self->{meta}{fh}
    sub push_row   { my ( $self, $data, $row ) = @_;   ... }
    sub push_names { my ( $self, $data, $names ) = @_; ... }

=head1 DESCRIPTION

What drivers such as DBD::CSV and L<DBD::DBM> have in common: which file a table is, opening and locking it, which tables there are.
No daemon is needed: files are opened by the program itself.

=head1 COVERED

All that L<DBI::DBD::SqlEngine> has, and

=over 4

=item Attributes

C<f_dir>, C<f_dir_search>, C<f_ext> (also with C</r>), C<f_schema>, C<f_lock>, C<f_lockfile>, C<f_encoding> of database handles and of
tables, C<f_file> of tables; C<f_meta>; what is computed: C<f_fqfn>, C<f_fqbn>, C<f_fqln>; C<f_dontopen> for drivers that open their files
themselves.

=item Classes

C<DBD::File> and C<::dr>, C<::db>, C<::st>, C<::Statement>, C<::Table>, C<::TableSource::FileSystem>, C<::DataSource::File> and
C<::DataSource::Stream>. C<open_data> and its earlier name C<open_file> can be overridden. C<drop>, C<seek> and C<truncate> are there.

=back

=head1 NOT COVERED

Nothing that is documented is left out.

=head1 KNOWN DIFFERENCES

=over 4

=item Existing tables

C<CREATE TABLE> where the file exists is an error, and the file is left as it is.

=item Paths

A table's name may be a path to a file in C<f_dir> or one of C<f_dir_search>, and in no other directory, as with the original since its
security fix of 2020. The attribute C<f_file> of a table may name any file.

=item What came later

A table that was asked for before its file was there is looked for anew each time.

=item Order

Lists of tables are in the order of their names, directory by directory. Of names that occur in several directories only the first
counts.

=back

=head1 SEE ALSO

L<DBI::DBD::SqlEngine>, L<DBI::SQL::Nano>, L<DBD::DBM>, L<DBI>

=cut
