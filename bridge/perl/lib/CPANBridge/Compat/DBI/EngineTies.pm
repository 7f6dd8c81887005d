package CPANBridge::Compat::DBI::EngineTies;

use strict;
use warnings;

use Carp ();

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for map { "DBI::DBD::SqlEngine::$_" } qw(TieMeta TieTables);

# What is behind $dbh->{csv_tables}{table}{attribute}: a hash of tables, each a hash of attributes.

package    # not to be indexed
  DBI::DBD::SqlEngine::TieTables;

use strict;
use warnings;

sub TIEHASH { my ( $class, $dbh ) = @_; return bless { dbh => $dbh }, $class }

sub FETCH {
    my ( $self, $table ) = @_;
    my $class = $self->{dbh}->_table_class;
    my ( undef, $meta ) = $class->get_table_meta( $self->{dbh}, $table );
    Carp::croak("There can be no table '$table': nothing fits its name") if !$meta;
    tie my %attributes, 'DBI::DBD::SqlEngine::TieMeta', $meta->{sql_table_class} || $class, $meta;
    return \%attributes;
}

sub STORE {
    my ( $self, $table, $attributes ) = @_;
    Carp::croak("A table's attributes must be a reference to a hash") if ref $attributes ne 'HASH';
    $self->{dbh}->set_sql_engine_meta( [$table], $attributes );
    return;
}

sub EXISTS {
    my ( $self, $table ) = @_;
    my $dbh = $self->{dbh};
    return exists $dbh->{sql_meta}{$table} || exists $dbh->{sql_meta_map}{$table};
}

sub DELETE { Carp::croak('Meta data cannot be deleted here: drop the table, or call the method clear_meta') }

sub CLEAR { Carp::croak('Meta data cannot be cleared here: call the method clear_meta for each table') }

# The tables whose meta data is known, and those that are there.
sub FIRSTKEY {
    my ($self) = @_;
    my $dbh    = $self->{dbh};
    my %names  = map { ( $_ => 1 ) } keys %{ $dbh->{sql_meta} };
    my $map    = $dbh->{sql_meta_map};
    my @found  = eval { local $SIG{__DIE__}; $dbh->list_tables };
    $names{ exists $map->{$_} ? $map->{$_} : $_ } = 1 for @found;
    $self->{names} = [ sort keys %names ];
    return shift @{ $self->{names} };
}

sub NEXTKEY { my ($self) = @_; return shift @{ $self->{names} } }

sub SCALAR { my ($self) = @_; return scalar keys %{ $self->{dbh}{sql_meta} } }

package    # not to be indexed
  DBI::DBD::SqlEngine::TieMeta;

use strict;
use warnings;

sub TIEHASH { my ( $class, $table_class, $meta ) = @_; return bless { class => $table_class, meta => $meta }, $class }

sub FETCH { my ( $self, $name ) = @_; return $self->{class}->get_table_meta_attr( $self->{meta}, $name ) }

sub STORE { my ( $self, $name, $value ) = @_; $self->{class}->set_table_meta_attr( $self->{meta}, $name, $value ); return }

sub EXISTS { my ( $self, $name ) = @_; return exists $self->{meta}{$name} }

sub DELETE {
    my ( $self, $name ) = @_;
    $self->{class}->table_meta_attr_changed( $self->{meta}, $name, undef );
    return delete $self->{meta}{$name};
}

sub CLEAR { Carp::croak('Meta data cannot be cleared here: call the method clear_meta') }

sub FIRSTKEY { my ($self) = @_; $self->{names} = [ sort keys %{ $self->{meta} } ]; return shift @{ $self->{names} } }

sub NEXTKEY { my ($self) = @_; return shift @{ $self->{names} } }

sub SCALAR { my ($self) = @_; return scalar keys %{ $self->{meta} } }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::EngineTies - tables' attributes as hashes, for DBI::DBD::SqlEngine

=head1 DESCRIPTION

Used by the replacement of L<DBI::DBD::SqlEngine>; programs have no need of it. Here are the classes
C<DBI::DBD::SqlEngine::TieTables> and C<DBI::DBD::SqlEngine::TieMeta>.

=head1 METHODS

=head2 TIEHASH

=head2 FETCH

=head2 STORE

=head2 EXISTS

=head2 DELETE

=head2 CLEAR

=head2 FIRSTKEY

=head2 NEXTKEY

=head2 SCALAR

=cut
