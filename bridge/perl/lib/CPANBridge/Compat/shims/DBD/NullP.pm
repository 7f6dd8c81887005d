package DBD::NullP;

use strict;
use warnings;

use DBI ();

our $VERSION = '12.014715';

our $drh;

sub driver {
    my ( $class, $attributes ) = @_;
    return $drh ||= DBI::_new_drh(
        "${class}::dr",
        {
            Name        => 'NullP',
            Version     => $VERSION,
            Attribution => 'a driver without a database, by CPANBridge',
        }
    );
}

sub CLONE { undef $drh; return }

package    # not to be indexed
  DBD::NullP::dr;

use strict;
use warnings;

our $imp_data_size = 0;

package    # not to be indexed
  DBD::NullP::db;

use strict;
use warnings;

our $imp_data_size = 0;

sub prepare {
    my ( $dbh, $statement ) = @_;
    my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $statement } );
    $sth->STORE( NUM_OF_PARAMS => 0 );
    return $outer;
}

my %INFO = ( 17 => 'NullP', 18 => $DBD::NullP::VERSION, 29 => '"', 41 => '.', 114 => 1 );

sub get_info { my ( $dbh, $type ) = @_; return $INFO{$type} }

# The three questions that name nothing: which catalogs, which schemas, which types of tables there are.
sub table_info {
    my ( $dbh, $catalog, $schema, $table, $type ) = @_;
    my ( $no_catalog, $no_schema, $no_table ) = map { defined && $_ eq '' } $catalog, $schema, $table;
    my @rows =
        $no_schema && $no_table && defined $catalog && $catalog eq '%' ? ( [ 'nowhere', (undef) x 4 ] )
      : $no_catalog && $no_table && defined $schema && $schema eq '%'  ? ( [ undef, 'nobody', (undef) x 3 ] )
      : $no_catalog && $no_schema && $no_table && defined $type && $type eq '%'
      ? map { [ (undef) x 3, $_, undef ] } 'TABLE', 'VIEW'
      : ();
    my $sponge = DBI->connect( 'dbi:Sponge:', '', '', { RaiseError => 1 } );
    return $sponge->prepare( 'table_info', { rows => \@rows, NAME => [qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS)] } );
}

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $name eq 'AutoCommit' ? 1 : $dbh->SUPER::FETCH($name);
}

package    # not to be indexed
  DBD::NullP::st;

use strict;
use warnings;

our $imp_data_size = 0;

sub bind_param { return 1 }

# A statement that says "sleep" and for how many seconds takes that long.
sub execute {
    my ($sth) = @_;
    select undef, undef, undef, $1 if $sth->{Statement} =~ /\A\s*sleep\s+(\d+(?:\.\d+)?)\s*\z/i;
    return 1;
}

sub fetch { my ($sth) = @_; $sth->finish; return }
{ no warnings 'once'; *fetchrow_arrayref = \&fetch }

1;

__END__

=encoding utf8

=head1 NAME

DBD::NullP - a driver of DBI without a database, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    my $dbh = DBI->connect('dbi:NullP:');
    $dbh->do('whatever');

=head1 DESCRIPTION

Every statement can be prepared and executed, and none has rows: to see what calls of DBI cost by themselves, and for tests.
C<sleep 0.5> takes half a second. Plain Perl; no daemon is asked.

=head1 COVERED

C<connect>, C<prepare>, C<execute> with any values, C<do> and the C<select...> methods, C<table_info> for catalogs, schemas
and types, C<get_info> for the quote of names.

=head1 KNOWN DIFFERENCES

The original's statements that give back what they are executed with are not documented, and not here.

=head1 METHODS

=head2 driver

=head1 SEE ALSO

L<DBI>

=cut
