package CPANBridge::Compat::DBI::EngineTable;

use strict;
use warnings;

use Carp ();
use mro ();

use DBI::SQL::Nano;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for map { "DBI::DBD::SqlEngine::$_" } qw(DataSource Statement Table TableSource);

# A table's meta data is a hash that the database handle keeps: sql_meta has them by the tables' names, sql_meta_map says
# which name is meant by others (in other case, with an extension).

package    # not to be indexed
  DBI::DBD::SqlEngine::Statement;

use strict;
use warnings;

our @ISA = 'DBI::SQL::Nano::Statement';

# Foo::Statement opens Foo::Table, unless the table's meta data names another class.
sub open_table {
    my ( $self, $data, $table, $create, $lock ) = @_;
    ( my $class = ref $self ) =~ s/::Statement/::Table/;
    my ( undef, $meta ) = $class->get_table_meta( $data->{Database}, $table );
    $class = $meta->{sql_table_class} if $meta && $meta->{sql_table_class};
    my %flags = ( createMode => $create, lockMode => $lock );
    $flags{dropMode} = 1 if $self->{command} eq 'DROP';
    return $class->new( $data, { table => $table }, \%flags );
}

package    # not to be indexed
  DBI::DBD::SqlEngine::Table;

use strict;
use warnings;

our @ISA = 'DBI::SQL::Nano::Table';

my ( %reset, %renamed );

# By class: which attribute is computed from which, and which have older names.
sub register_reset_on_modify {
    my ( $class, $attributes ) = @_;
    $reset{$class}{$_} = $attributes->{$_} for keys %$attributes;
    return;
}

sub register_compat_map {
    my ( $class, $names ) = @_;
    $renamed{$class}{$_} = $names->{$_} for keys %$names;
    return;
}

sub _registered {
    my ( $in, $class, $name ) = @_;
    for my $level ( @{ mro::get_linear_isa( ref $class || $class ) } ) {
        return $in->{$level}{$name} if exists $in->{$level} && exists $in->{$level}{$name};
    }
    return;
}

sub bootstrap_table_meta {
    my ( $class, $dbh, $meta, $table ) = @_;
    $meta->{readonly}            = $dbh->{ReadOnly} if !exists $meta->{readonly};
    $meta->{sql_identifier_case} = $dbh->{sql_identifier_case} if !exists $meta->{sql_identifier_case};
    $meta->{sql_data_source} ||= $dbh->{sql_data_source} || 'DBI::DBD::SqlEngine::DataSource';
    return;
}

sub init_table_meta { return }

# Returns the table's name and its meta data; nothing if there can be no such table.
sub get_table_meta {
    my ( $class, $dbh, $table, $respect_case ) = @_;
    return if !defined $table || !length $table;
    if ( !defined $respect_case ) { $respect_case = $table =~ s/\A"(.*)"\z/$1/s ? 1 : 0 }
    my $all   = $dbh->{sql_meta}     ||= {};
    my $known = $dbh->{sql_meta_map} ||= {};
    my $name  = exists $known->{$table} ? $known->{$table} : $table;
    my $meta  = $all->{$name};
    my $own   = $meta && $meta->{sql_table_class} || $class;
    if ( !$meta || !$own->_is_ready($meta) ) {
        $meta ||= {};
        $own->bootstrap_table_meta( $dbh, $meta, $table );
        $name = $meta->{sql_data_source}->complete_table_name( $meta, $table, $respect_case );
        return if !defined $name || !length $name;
        if ( $all->{$name} && $all->{$name} != $meta ) {
            $meta = $all->{$name};
            $own  = $meta->{sql_table_class} || $class;
            if ( !$own->_is_ready($meta) ) {
                $own->bootstrap_table_meta( $dbh, $meta, $name );
                $meta->{sql_data_source}->complete_table_name( $meta, $name, $respect_case );
            }
        }
        $all->{$name}    = $meta;
        $known->{$table} = $name if $table ne $name;
        if ( !$meta->{initialized} ) {
            $own->init_table_meta( $dbh, $meta, $name );
            $meta->{initialized} = 1;
        }
    }
    return ( $name, $meta );
}

sub _is_ready { return $_[1]{initialized} }

sub get_table_meta_attr {
    my ( $class, $meta, $attribute ) = @_;
    my $name = _registered( \%renamed, $class, $attribute );
    return $meta->{ defined $name ? $name : $attribute };
}

sub set_table_meta_attr {
    my ( $class, $meta, $attribute, $value ) = @_;
    my $name = _registered( \%renamed, $class, $attribute );
    $attribute = $name if defined $name;
    $class->table_meta_attr_changed( $meta, $attribute, $value );
    return $meta->{$attribute} = $value;
}

sub table_meta_attr_changed {
    my ( $class, $meta, $attribute ) = @_;
    my $computed = _registered( \%reset, $class, $attribute );
    return if !defined $computed;
    delete $meta->{$computed};
    $meta->{initialized} = 0;
    return;
}

sub open_data {
    my ( $class, $meta, $attributes, $flags ) = @_;
    return $meta->{sql_data_source}->open_data( $meta, $attributes, $flags );
}

sub new {
    my ( $class, $data, $attributes, $flags ) = @_;
    my ( $name, $meta ) = $class->get_table_meta( $data->{Database}, $attributes->{table} );
    die "There can be no table '$attributes->{table}': nothing fits its name\n" if !$meta;
    die "Table '$name' is marked readonly: it cannot be written, created or dropped\n"
      if ( $meta->{readonly} || $data->{Database}{ReadOnly} ) && ( $flags->{lockMode} || $flags->{createMode} || $flags->{dropMode} );
    $attributes->{table} = $name;
    $class->open_data( $meta, $attributes, $flags );

    # What is to be created has no columns yet, whatever was known of an earlier table.
    my $names = $flags->{createMode} ? [] : $meta->{col_names} || [];
    return $class->SUPER::new(
        {
            %$attributes,
            meta      => $meta,
            col_names => $names,
            col_nums  => { map { ( $names->[$_] => $_ ) } 0 .. $#$names },
        }
    );
}

# --- where tables are, and what there is to connect to --------------------------------------------------------------

package    # not to be indexed
  DBI::DBD::SqlEngine::TableSource;

use strict;
use warnings;

sub data_sources {
    my ( $class, $drh, $attributes ) = @_;
    return ( 'DBI:' . $drh->{Name} . ':' );
}

# Rows of [ catalog, schema, name, type, remarks ].
sub avail_tables {
    my ( $class, $dbh ) = @_;
    return map { [ undef, undef, $_, 'TABLE', 'MEM' ] } sort keys %{ $dbh->{sql_meta} || {} };
}

package    # not to be indexed
  DBI::DBD::SqlEngine::DataSource;

use strict;
use warnings;

# Sets the table's name, and returns it.
sub complete_table_name {
    my ( $class, $meta, $table, $respect_case ) = @_;
    return $meta->{table_name} = $respect_case ? $table : $class->in_case( $meta, $table );
}

# 1: upper case, 2: lower case; names are taken as they are with 3 and 4.
sub in_case {
    my ( $class, $meta, $name ) = @_;
    my $case = $meta->{sql_identifier_case} || 4;
    return $case == 1 ? uc $name : $case == 2 ? lc $name : $name;
}

sub open_data { Carp::croak( "$_[0] has no method open_data: tables cannot be opened with it" ) }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::EngineTable - tables of DBI::DBD::SqlEngine

=head1 DESCRIPTION

Used by the replacement of L<DBI::DBD::SqlEngine>, where the classes are described; programs have no need of it. Here are
C<DBI::DBD::SqlEngine::Statement>, C<::Table>, C<::TableSource> and C<::DataSource>.

=head1 METHODS

=head2 open_table

=head2 register_reset_on_modify

=head2 register_compat_map

=head2 bootstrap_table_meta

=head2 init_table_meta

=head2 get_table_meta

=head2 get_table_meta_attr

=head2 set_table_meta_attr

=head2 table_meta_attr_changed

=head2 open_data

=head2 new

=head2 data_sources

=head2 avail_tables

=head2 complete_table_name

=head2 in_case

=cut
