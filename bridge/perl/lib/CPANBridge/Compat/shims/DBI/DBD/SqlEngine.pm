package DBI::DBD::SqlEngine;

use 5.014;
use strict;
use warnings;

use Carp ();
use DBI  ();
use DBI::SQL::Nano;

use CPANBridge::Compat::DBI::EngineTable;
use CPANBridge::Compat::DBI::EngineStatement;
use CPANBridge::Compat::DBI::EngineDatabase;

our $VERSION;
BEGIN { $VERSION = '0.06' }

$Carp::Internal{$_}++ for __PACKAGE__, 'DBI::DBD::SqlEngine::dr';

our %drh;    # by the driver's class

my %METHOD = (
    versions   => 'get_versions',
    get_meta   => 'get_sql_engine_meta',
    set_meta   => 'set_sql_engine_meta',
    new_meta   => 'new_sql_engine_meta',
    clear_meta => 'clear_sql_engine_meta',
);

sub driver {
    my ( $class, $attributes ) = @_;
    return $drh{$class} if $drh{$class};
    DBI->setup_driver($class);
    my ($name) = $class =~ /::(\w+)\z/;

    # x_versions, x_get_meta and the others, for the driver's prefix and those of what it is built on.
    for my $level ( reverse @{ mro::get_linear_isa("${class}::db") } ) {
        my ($driver) = $level =~ /\A(DBD::(?!_::).+|DBI::DBD::SqlEngine)::db\z/ or next;
        my $prefix = DBI->driver_prefix($driver) or next;
        for my $method ( sort keys %METHOD ) {
            no strict 'refs';
            my $plain = $METHOD{$method};
            *{"${level}::$prefix$method"} = sub { my $dbh = shift; return $dbh->$plain(@_) }
              if !defined &{"${level}::$prefix$method"};
            $level->install_method("$prefix$method");
        }
    }
    my $attribution = do { no strict 'refs'; ${"${class}::ATTRIBUTION"} };
    my $drh = DBI::_new_drh(
        "${class}::dr",
        {
            Name        => $name,
            Version     => $class->VERSION,
            Attribution => defined $attribution ? $attribution : "$class, on DBI::DBD::SqlEngine as CPANBridge serves it",
            %{ $attributes || {} },
        }
    ) or return;
    return $drh{$class} = $drh;
}

sub CLONE { %drh = (); return }

package    # not to be indexed
  DBI::DBD::SqlEngine::dr;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

our @ISA           = 'DBD::_::dr';
our $imp_data_size = 0;

sub connect {
    my ( $drh, $name, $user, $password, $attributes ) = @_;
    my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $name, Username => $user } );
    $attributes ||= {};
    my %wanted = ( _words($name), map { ( $_ => $attributes->{$_} ) } grep {/\A[a-z]/} keys %$attributes );
    my $failed;
    my $done = eval {
        local $SIG{__DIE__};
        $dbh->STORE( Active => 1 );
        $dbh->{ReadOnly} = 1 if $attributes->{ReadOnly};
        $dbh->init_valid_attributes;
        $dbh->init_default_attributes(0);
        my $two_phases = defined $dbh->{sql_init_phase};
        my %rank;
        my $order = $dbh->{sql_init_order} || {};
        for my $rank ( keys %$order ) { $rank{$_} = $rank for @{ $order->{$rank} } }
        for my $key ( sort { _rank( \%rank, $a ) <=> _rank( \%rank, $b ) || $a cmp $b } keys %wanted ) {
            next if $key =~ /\A(?:dbi|private)_/;
            @{ $dbh->{_e} } = ();
            $dbh->STORE( $key, $wanted{$key} );
            if ( $dbh->{_e}[0] ) { $failed = [ @{ $dbh->{_e} } ]; last }
            delete $attributes->{$key};
        }
        $dbh->init_default_attributes(1) if $two_phases && !$failed;
        $dbh->init_done;
        $dbh->set_versions;
        1;
    };
    if ( !$done ) {
        ( my $why = $@ ) =~ s/\s+\z//;
        $failed = [ $DBI::stderr, $why ];
    }
    if ($failed) {
        $dbh->STORE( Active => 0 );
        @{ $dbh->{_e} } = ();
        return $drh->set_err(@$failed);
    }
    return $outer;
}

sub _rank { my ( $rank, $key ) = @_; return defined $rank->{$key} ? $rank->{$key} : 50 }

# "f_dir=data;csv_eol=\n": a backslash before a semicolon makes it part of the value.
sub _words {
    my ($name) = @_;
    my %words;
    for my $word ( ( defined $name ? $name : '' ) =~ /((?:[^\\;]|\\.?)+)/gs ) {
        my ( $key, $value ) = $word =~ /\A\s*([^=]+?)\s*=>?(.*)\z/s or next;
        $value =~ s/\\;/;/g;
        $words{$key} = $value;
    }
    return %words;
}

sub data_sources {
    my ( $drh, @given ) = @_;
    my %attributes = @given == 1 ? %{ $given[0] || {} } : @given;
    ( my $class = ref $drh ) =~ s/::dr\z//;
    my ($source) = grep { defined && $_->can('data_sources') } $attributes{sql_table_source}, "${class}::TableSource", $drh->default_table_source;
    return $source->data_sources( $drh, \%attributes );
}

sub default_table_source { return 'DBI::DBD::SqlEngine::TableSource' }

sub disconnect_all { return }

1;

__END__

=encoding utf8

=head1 NAME

DBI::DBD::SqlEngine - the base of DBI drivers without an SQL engine of their own, served by CPANBridge where the real DBI is not
installed

=head1 SYNOPSIS

    package DBD::Foo;
    use base 'DBI::DBD::SqlEngine';
    our $VERSION = '1.0';

    package DBD::Foo::dr;
    our @ISA           = 'DBI::DBD::SqlEngine::dr';
    our $imp_data_size = 0;

    package DBD::Foo::db;
    our @ISA           = 'DBI::DBD::SqlEngine::db';
    our $imp_data_size = 0;

    package DBD::Foo::st;
    our @ISA           = 'DBI::DBD::SqlEngine::st';
    our $imp_data_size = 0;

    package DBD::Foo::Statement;
    our @ISA = 'DBI::DBD::SqlEngine::Statement';

    package DBD::Foo::Table;
    our @ISA = 'DBI::DBD::SqlEngine::Table';

    sub open_data  { ... }    # and fetch_row, push_row, push_names, seek, truncate, drop

=head1 DESCRIPTION

What drivers in plain Perl have in common whose tables are not in a database: files, say (L<DBD::File>), or the program's
memory (L<DBD::Mem>). Statements are understood by L<DBI::SQL::Nano>, or by SQL::Statement where that is installed. No daemon is
needed.

This page says what is there and what is different; what it means is told in the original's documentation, for authors of
drivers in DBI::DBD::SqlEngine::Developers and DBI::DBD::SqlEngine::HowTo.

=head1 COVERED

=over 4

=item Classes

C<DBI::DBD::SqlEngine> and C<::dr>, C<::db>, C<::st>, C<::Statement>, C<::Table>, C<::TableSource>, C<::DataSource>, C<::TieTables> and
C<::TieMeta>, to inherit from.

=item Attributes of database handles

C<sql_engine_version>, C<sql_nano_version>, C<sql_statement_version>, C<sql_handler>, C<sql_parser_object>, C<sql_sponge_driver>,
C<sql_valid_attrs>, C<sql_readonly_attrs>, C<sql_identifier_case>, C<sql_quoted_identifier_case>, C<sql_flags>, C<sql_dialect>,
C<sql_ram_tables>, C<sql_meta>, C<sql_table_source>, C<sql_data_source>, C<sql_init_order>, C<sql_init_phase>; those of drivers by their
prefix, checked against C<x_valid_attrs> and C<x_readonly_attrs>. C<ReadOnly> is heeded.

=item Methods of database handles

C<x_versions>, C<x_get_meta>, C<x_set_meta>, C<x_new_meta>, C<x_clear_meta> with the driver's prefix in place of C<x>, and C<list_tables> by
C<func>; C<$dbh-E<gt>{x_tables}{table}{attribute}> where the driver names such a hash in C<x_meta>. C<table_info> heeds its arguments.

=item What drivers override

C<init_valid_attributes>, C<init_default_attributes> with and without phases, C<set_versions>, C<get_x_versions>,
C<validate_STORE_attr>, C<validate_FETCH_attr>, C<get_avail_tables>; C<bootstrap_table_meta>, C<init_table_meta>, C<get_table_meta_attr>,
C<set_table_meta_attr>, C<table_meta_attr_changed>, C<register_reset_on_modify>, C<register_compat_map>, C<open_data>;
C<complete_table_name> and C<open_data> of data sources; C<avail_tables> and C<data_sources> of table sources.

=back

=head1 NOT COVERED

C<sql_engine_in_gofer> is never true. C<TYPE>, C<NULLABLE> and C<PRECISION> of statement handles know nothing of the columns: all are
C<VARCHAR>.

=head1 KNOWN DIFFERENCES

A driver need not be registered with DBI: the prefix of an unknown DBD::Foo is C<foo_>. C<quote> does for DBI::SQL::Nano what that
understands. A statement that cannot be parsed is refused with the reason.

=head1 SEE ALSO

L<DBI::SQL::Nano>, L<DBD::File>, L<DBD::DBM>, L<DBD::Mem>, L<DBI>

=cut
