package DBD::Mem;

use 5.014;
use strict;
use warnings;

use DBI::DBD::SqlEngine;
use Errno ();

our $VERSION;
BEGIN { $VERSION = '0.001' }

our @ISA         = 'DBI::DBD::SqlEngine';
our $ATTRIBUTION = "DBD::Mem $VERSION, served by CPANBridge";

package    # not to be indexed
  DBD::Mem::dr;
our @ISA           = 'DBI::DBD::SqlEngine::dr';
our $imp_data_size = 0;

package    # not to be indexed
  DBD::Mem::db;

use strict;
use warnings;

our @ISA           = 'DBI::DBD::SqlEngine::db';
our $imp_data_size = 0;

sub get_mem_versions { return $DBD::Mem::VERSION }

package    # not to be indexed
  DBD::Mem::st;
our @ISA           = 'DBI::DBD::SqlEngine::st';
our $imp_data_size = 0;

package    # not to be indexed
  DBD::Mem::Statement;
our @ISA = 'DBI::DBD::SqlEngine::Statement';

package    # not to be indexed
  DBD::Mem::TableSource;

use strict;
use warnings;

our @ISA = 'DBI::DBD::SqlEngine::TableSource';

sub avail_tables {
    my ( $class, $dbh ) = @_;
    my $all = $dbh->{sql_meta};
    return map { [ undef, undef, $_, 'TABLE', 'MEM' ] } grep { $all->{$_}{mem_rows} } sort keys %$all;
}

package    # not to be indexed
  DBD::Mem::DataSource;

use strict;
use warnings;

our @ISA = 'DBI::DBD::SqlEngine::DataSource';

# The rows are in the table's meta data, which goes with the handle.
sub open_data {
    my ( $class, $meta, $attributes, $flags ) = @_;
    if ( $flags->{createMode} ) {
        die "Cannot create the table $attributes->{table}: it exists\n" if $meta->{mem_rows};
        $meta->{mem_rows}  = [];
        $meta->{col_names} = [];
    }
    elsif ( !$meta->{mem_rows} ) {
        die "Cannot open $attributes->{table}: there is no such table (" . Errno::ENOENT() . ")\n";
    }
    return;
}

package    # not to be indexed
  DBD::Mem::Table;

use strict;
use warnings;

our @ISA = 'DBI::DBD::SqlEngine::Table';

sub open_data {
    my ( $class, $meta, $attributes, $flags ) = @_;
    $class->SUPER::open_data( $meta, $attributes, $flags );
    $attributes->{rows} = $meta->{mem_rows};
    $attributes->{next} = 0;
    return;
}

sub push_names {
    my ( $self, $data, $names ) = @_;
    $self->{meta}{col_names} = [@$names];
    return 1;
}

sub fetch_row {
    my ( $self, $data ) = @_;
    my $row = $self->{rows}[ $self->{next} ];
    $self->{next}++ if $row;
    return $self->{row} = $row && [@$row];
}

sub push_row {
    my ( $self, $data, $row ) = @_;
    $self->{rows}[ $self->{next}++ ] = [@$row];
    return 1;
}

sub insert_new_row {
    my ( $self, $data, $row ) = @_;
    push @{ $self->{rows} }, [@$row];
    return 1;
}

sub seek {
    my ( $self, $data, $place, $whence ) = @_;
    ( $place, $whence ) = ( 0, 2 ) if $place == 2 && !$whence;
    $self->{next} = $place + ( $whence == 0 ? 0 : $whence == 1 ? $self->{next} : @{ $self->{rows} } );
    return 1;
}

sub truncate {
    my ( $self, $data ) = @_;
    $#{ $self->{rows} } = $self->{next} - 1;
    return 1;
}

sub drop {
    my ( $self, $data ) = @_;
    $data->{Database}->_forget_table( $self->{table} );
    return 1;
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::Mem - tables in the program's memory, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:Mem:', '', '', { RaiseError => 1 } );
    $dbh->do('CREATE TABLE seen (host TEXT, hits INTEGER)');
    $dbh->do( 'INSERT INTO seen VALUES (?, ?)', undef, 'www', 7 );

=head1 DESCRIPTION

Tables that last as long as the database handle. The SQL is that of L<DBI::SQL::Nano>, or of SQL::Statement where that is installed.
No daemon is needed.

=head1 COVERED

All that L<DBI::DBD::SqlEngine> has; C<mem_versions>. C<tables> and C<table_info> list the tables.

=head1 NOT COVERED

Nothing that the original has is left out.

=head1 KNOWN DIFFERENCES

To create a table that exists, or to drop one that does not (without C<IF EXISTS>), is an error.

=head1 SEE ALSO

L<DBI::DBD::SqlEngine>, L<DBI>

=cut
