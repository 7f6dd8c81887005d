package DBD::Sponge;

use strict;
use warnings;

use DBI ();

our $VERSION = '12.010003';

our $drh;

sub driver {
    my ( $class, $attributes ) = @_;
    return $drh ||= DBI::_new_drh(
        "${class}::dr",
        {
            Name        => 'Sponge',
            Version     => $VERSION,
            Attribution => 'rows of Perl as a result, by CPANBridge',
        }
    );
}

sub CLONE { undef $drh; return }

package    # not to be indexed
  DBD::Sponge::dr;

use strict;
use warnings;

our $imp_data_size = 0;

package    # not to be indexed
  DBD::Sponge::db;

use strict;
use warnings;

our $imp_data_size = 0;

sub prepare {
    my ( $dbh, $statement, $attributes ) = @_;
    my %given = %{ $attributes || {} };
    my $rows  = delete $given{rows};
    return $dbh->set_err( $DBI::stderr, 'prepare needs an attribute rows: a reference to an array of arrays' ) if ref $rows ne 'ARRAY';
    my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $statement } );
    $sth->{sponge_rows} = $rows;
    $sth->{sponge_at}   = 0;
    $sth->{sponge_hook} = delete $given{execute_hook};
    $sth->STORE( NUM_OF_PARAMS => delete $given{NUM_OF_PARAMS} || 0 );
    if ( $statement =~ /\A\s*insert\b/i ) { $sth->{sponge_inserts} = 1 }
    else                                  { _columns( $dbh, $sth, $rows, \%given ) or return }
    $sth->{$_} = $given{$_} for grep { /\A[a-z]+_/ } keys %given;    # what a subclass keeps there for itself
    return $outer;
}

sub _columns {
    my ( $dbh, $sth, $rows, $given ) = @_;
    my $names = $given->{NAME};
    my $count =
        defined $given->{NUM_OF_FIELDS} ? $given->{NUM_OF_FIELDS}
      : $names                          ? @$names
      : @$rows                          ? @{ $rows->[0] }
      :                                   undef;
    return $dbh->set_err( $DBI::stderr, 'prepare: how many columns there are can be told neither by NAME nor by NUM_OF_FIELDS nor by a row' )
      if !defined $count;
    return $dbh->set_err( $DBI::stderr, "prepare: NAME has @{[ scalar @$names ]} names, but there are $count columns" )
      if $names && @$names != $count;
    $sth->STORE( NUM_OF_FIELDS => $count );
    $sth->{NAME}      = $names || [ map { "col$_" } 1 .. $count ];
    $sth->{TYPE}      = $given->{TYPE} || [ ( DBI::SQL_VARCHAR() ) x $count ];
    $sth->{PRECISION} = $given->{PRECISION} || [ map { _longest( $rows, $_ ) } 0 .. $count - 1 ];
    $sth->{SCALE}     = $given->{SCALE} || [ (0) x $count ];
    $sth->{NULLABLE}  = $given->{NULLABLE} || [ (2) x $count ];                                     # nobody knows
    return 1;
}

sub _longest {
    my ( $rows, $at ) = @_;
    my $most = 0;
    for my $row (@$rows) {
        my $length = defined $row->[$at] ? length $row->[$at] : 0;
        $most = $length if $length > $most;
    }
    return $most;
}

sub type_info_all {
    my ($dbh) = @_;
    return [
        {
            TYPE_NAME         => 0,
            DATA_TYPE         => 1,
            PRECISION         => 2,
            LITERAL_PREFIX    => 3,
            LITERAL_SUFFIX    => 4,
            CREATE_PARAMS     => 5,
            NULLABLE          => 6,
            CASE_SENSITIVE    => 7,
            SEARCHABLE        => 8,
            UNSIGNED_ATTRIBUTE => 9,
            MONEY             => 10,
            AUTO_INCREMENT    => 11,
            LOCAL_TYPE_NAME   => 12,
            MINIMUM_SCALE     => 13,
            MAXIMUM_SCALE     => 14,
        },
        [ 'VARCHAR', DBI::SQL_VARCHAR(), undef, "'", "'", undef, 1, 1, 1, 0, 0, 0, undef, 0, 0 ],
    ];
}

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $name eq 'AutoCommit' ? 1 : $dbh->SUPER::FETCH($name);
}

package    # not to be indexed
  DBD::Sponge::st;

use strict;
use warnings;

our $imp_data_size = 0;

sub bind_param {
    my ( $sth, $number, $value ) = @_;
    my $count = $sth->{NUM_OF_PARAMS};
    return $sth->set_err( $DBI::stderr, "bind_param: there is no parameter $number, only $count" )
      if $number !~ /\A[1-9]\d*\z/ || $number > $count;
    $sth->{sponge_params}[ $number - 1 ] = $value;
    return 1;
}

sub execute {
    my ( $sth, @values ) = @_;
    if ( !$sth->{sponge_inserts} ) {
        $sth->{sponge_at} = 0;
        delete $sth->{_fetched};
        return 1;
    }
    my $count = $sth->{NUM_OF_PARAMS};
    @values = @{ $sth->{sponge_params} || [] } if !@values;
    return $sth->set_err( $DBI::stderr, "execute: @{[ scalar @values ]} values given, but $count are needed" ) if @values != $count;
    if ( my $hook = $sth->{sponge_hook} ) { $hook->( $sth, @values ) or return }
    push @{ $sth->{sponge_rows} }, [@values];
    return 1;
}

sub fetch {
    my ($sth) = @_;
    my $row = $sth->{sponge_rows}[ $sth->{sponge_at} ];
    if ( !$row || $sth->{sponge_inserts} ) {
        $sth->finish;
        return;
    }
    $sth->{sponge_at}++;
    return $sth->_set_fbav($row);
}
{ no warnings 'once'; *fetchrow_arrayref = \&fetch }

1;

__END__

=encoding utf8

=head1 NAME

DBD::Sponge - rows of Perl as a statement of DBI, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    my $sponge = DBI->connect( 'dbi:Sponge:', '', '', { RaiseError => 1 } );
    my $sth = $sponge->prepare( 'stock', { rows => [ [ 'nut', 4 ], [ 'bolt', 7 ] ], NAME => [ 'item', 'amount' ] } );
    while ( my $row = $sth->fetchrow_hashref ) { ... }

=head1 DESCRIPTION

A statement whose rows the program gives itself: for code that wants a statement handle, and for drivers whose C<table_info> and
the like have rows at hand. Plain Perl; no daemon is asked.

=head1 COVERED

C<prepare> with the attributes C<rows>, C<NAME>, C<NUM_OF_FIELDS>, C<TYPE>, C<PRECISION>, C<SCALE> and C<NULLABLE>; what is not
given is C<col1>, C<col2> and so on for the names, C<SQL_VARCHAR> for the types, the longest value for C<PRECISION>. A statement
that begins with C<insert> and has C<NUM_OF_PARAMS> adds to C<rows> what C<execute> is called with, after C<execute_hook> was called
with the handle and the values and returned true.

=head1 KNOWN DIFFERENCES

The program's array keeps its rows when they are fetched, and C<execute> begins with the first row again; the original takes
them out of the array. C<bind_param> works for statements that insert.

=head1 METHODS

=head2 driver

=head1 SEE ALSO

L<DBI>

=cut
