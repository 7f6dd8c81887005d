package CPANBridge::Compat::DBI::Database;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::Driver;
use CPANBridge::Compat::DBI::Handle;

our $VERSION = '0.1.0';

$Carp::Internal{'DBD::_::db'}++;

# The columns of what column_info returns, as DBI names them; the first 18 say something of any database.
our @COLUMN_INFO = qw(
  TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME DATA_TYPE TYPE_NAME COLUMN_SIZE BUFFER_LENGTH DECIMAL_DIGITS NUM_PREC_RADIX
  NULLABLE REMARKS COLUMN_DEF SQL_DATA_TYPE SQL_DATETIME_SUB CHAR_OCTET_LENGTH ORDINAL_POSITION IS_NULLABLE
  CHAR_SET_CAT CHAR_SET_SCHEM CHAR_SET_NAME COLLATION_CAT COLLATION_SCHEM COLLATION_NAME UDT_CAT UDT_SCHEM UDT_NAME
  DOMAIN_CAT DOMAIN_SCHEM DOMAIN_NAME SCOPE_CAT SCOPE_SCHEM SCOPE_NAME MAX_CARDINALITY DTD_IDENTIFIER IS_SELF_REF
);

my @TYPE_INFO = qw(
  TYPE_NAME DATA_TYPE COLUMN_SIZE LITERAL_PREFIX LITERAL_SUFFIX CREATE_PARAMS NULLABLE CASE_SENSITIVE SEARCHABLE
  UNSIGNED_ATTRIBUTE FIXED_PREC_SCALE AUTO_UNIQUE_VALUE LOCAL_TYPE_NAME MINIMUM_SCALE MAXIMUM_SCALE SQL_DATA_TYPE
  SQL_DATETIME_SUB NUM_PREC_RADIX INTERVAL_PRECISION
);

# What type_info_all begins with: where each column is.
sub type_info_columns {
    return { map { ( $TYPE_INFO[$_] => $_ ) } 0 .. $#TYPE_INFO };
}

package    # not to be indexed
  DBD::_::db;

use strict;
use warnings;

our @ISA = 'DBD::_::common';

sub _not_impl { my ( $dbh, $name ) = @_; return $dbh->set_err( 1, "Driver has not implemented the $name method" ) }

sub prepare { return $_[0]->_not_impl('prepare') }

sub connected { return 1 }

sub disconnect { $_[0]->STORE( Active => 0 ); return 1 }

sub ping { my ($dbh) = @_; return $dbh->FETCH('Active') ? '0 but true' : 0 }

sub rows { return -1 }

sub last_insert_id { return undef }

# Takes the connection out of the handle: what is returned is the key to it, which connect takes as dbi_imp_data. A driver
# with a connection keeps it in its method _park, under the key.
my $taken = 0;

sub take_imp_data {
    my ($dbh) = @_;
    my $key = sprintf 'CPANBridge: connection %d of process %d, started %d, taken out of a handle of %s', ++$taken, $$, $^T,
      $dbh->{ImplementorClass};
    $dbh->_park($key);
    $dbh->STORE( InactiveDestroy => 1 );
    CPANBridge::Compat::DBI::Handle::let_go($dbh);
    CPANBridge::Compat::DBI::Handle::leave_zombie($_)
      for ( map { CPANBridge::Compat::DBI::Handle::inner($_) } grep {defined} @{ $dbh->{ChildHandles} || [] } ), $dbh;
    return $key;
}

sub _park { return }

sub preparse {
    my ( $dbh, $statement, $wanted, $accepted ) = @_;
    require CPANBridge::Compat::DBI::Preparse;
    my ( $other, $wrong ) = CPANBridge::Compat::DBI::Preparse::preparse( $statement, $wanted || 0, $accepted || 0 );
    $dbh->set_err( 1, "preparse found $wrong" ) if defined $wrong;
    return $other;
}

sub data_sources {
    my ( $dbh, $attributes ) = @_;
    return $dbh->{Driver}->data_sources($attributes);
}

# --- transactions ---------------------------------------------------------------------------------------------------

sub begin_work {
    my ($dbh) = @_;
    return $dbh->set_err( $DBI::stderr, 'Already in a transaction' ) if !$dbh->FETCH('AutoCommit');
    $dbh->STORE( AutoCommit => 0 );
    $dbh->STORE( BegunWork  => 1 );
    return 1;
}

sub commit   { return _no_transactions( $_[0], 'commit' ) }
sub rollback { return _no_transactions( $_[0], 'rollback' ) }

sub _no_transactions {
    my ( $dbh, $name ) = @_;
    return 1 if $dbh->{BegunWork};
    return $dbh->set_err( 1, "Driver has not implemented the $name method" ) if !$dbh->FETCH('AutoCommit');
    Carp::carp("$name ineffective with AutoCommit enabled") if $dbh->{Warn};
    return 1;
}

sub clone {
    my ( $dbh, $attributes ) = @_;
    my $new = $dbh->{dbi_connect_closure} or return $dbh->set_err( $DBI::stderr, 'This handle cannot be cloned' );
    my %take;
    if ( !$attributes ) {
        %take = %{ $dbh->{dbi_connect_attributes} || {} };
        for my $name ( @CPANBridge::Compat::DBI::Handle::INHERITED, 'AutoCommit' ) {
            $take{$name} = $dbh->FETCH($name) if defined $dbh->{$name} && $name ne 'RootClass' && $name ne 'Profile';
        }
    }
    else { %take = ( %{ $dbh->{dbi_connect_attributes} || {} }, %$attributes ) }
    return $new->( $dbh, \%take );
}

# --- statements in one go -------------------------------------------------------------------------------------------

sub do {
    my ( $dbh, $statement, $attributes, @values ) = @_;
    my $sth = $dbh->prepare( $statement, $attributes ) or return;
    $sth->execute(@values) or return;
    my $rows = $sth->rows;
    return $rows == 0 ? '0E0' : $rows;
}

sub _executed {
    my ( $dbh, $statement, $attributes, @values ) = @_;
    my $sth = ref $statement ? $statement : $dbh->prepare( $statement, $attributes ) or return;
    $sth->execute(@values) or return;
    return $sth;
}

# The same where all rows are wanted, which a driver may ask for in larger pieces.
sub _executed_for_all {
    my ( $dbh, $statement, $attributes, @values ) = @_;
    my $sth = ref $statement ? $statement : $dbh->prepare( $statement, $attributes ) or return;
    CPANBridge::Compat::DBI::Handle::inner($sth)->{_all} = 1;
    $sth->execute(@values) or return;
    return $sth;
}

sub selectrow_array {
    my $dbh = shift;
    my $row = $dbh->selectrow_arrayref(@_) or return;
    return wantarray ? @$row : $row->[-1];
}

sub selectrow_arrayref {
    my $dbh = shift;
    my $sth = _executed( $dbh, @_ ) or return;
    my $row = $sth->fetchrow_arrayref;
    $sth->finish if $row;
    return $row;
}

sub selectrow_hashref {
    my $dbh = shift;
    my $sth = _executed( $dbh, @_ ) or return;
    my $row = $sth->fetchrow_hashref;
    $sth->finish if $row;
    return $row;
}

sub selectall_arrayref {
    my ( $dbh, $statement, $attributes, @values ) = @_;
    my $sth = _executed_for_all( $dbh, $statement, $attributes, @values ) or return;
    my $slice = $attributes->{Slice};
    if ( !$slice && ( my $columns = $attributes->{Columns} ) ) {

        # Columns are numbered from 1, slices from 0.
        $slice = ref $columns eq 'ARRAY' ? [ map { $_ - 1 } @$columns ] : $columns;
    }
    my $rows = $sth->fetchall_arrayref( $slice, my $most = $attributes->{MaxRows} );
    $sth->finish if defined $most;
    return $rows;
}

sub selectall_array {
    my $dbh = shift;
    my $rows = $dbh->selectall_arrayref(@_) or return;
    return @$rows;
}

sub selectall_hashref {
    my ( $dbh, $statement, $keys, $attributes, @values ) = @_;
    my $sth = _executed_for_all( $dbh, $statement, $attributes, @values ) or return;
    return $sth->fetchall_hashref($keys);
}

sub selectcol_arrayref {
    my ( $dbh, $statement, $attributes, @values ) = @_;
    my $sth = _executed_for_all( $dbh, $statement, $attributes, @values ) or return;
    my @at = map { $_ - 1 } $attributes->{Columns} ? @{ $attributes->{Columns} } : 1;
    my $count = $sth->FETCH('NUM_OF_FIELDS') || 0;
    return $dbh->set_err( $DBI::stderr, "selectcol_arrayref: there is no column " . ( 1 + ( sort { $b <=> $a } @at )[0] ) . ", only $count" )
      if grep { $_ >= $count || $_ < 0 } @at;
    my $rows = $sth->fetchall_arrayref( undef, $attributes->{MaxRows} ) or return;
    $sth->finish if defined $attributes->{MaxRows};
    return [ map { $_->[ $at[0] ] } @$rows ] if @at == 1;
    return [ map { @$_[@at] } @$rows ];
}

sub prepare_cached {
    my ( $dbh, $statement, $attributes, $if_active ) = @_;
    my $cache = $dbh->{CachedKids} ||= {};
    my $key = join "!\001", $statement, $attributes
      ? map { ( $_, defined $attributes->{$_} ? "$attributes->{$_}" : '' ) } sort keys %$attributes
      : ();
    my $sth = $cache->{$key};
    if ($sth) {
        return $sth if !$sth->FETCH('Active') || ( $if_active || 0 ) == 2;
        if ( ( $if_active || 0 ) < 3 ) {
            Carp::carp("prepare_cached($statement) statement handle $sth still Active") if !$if_active;
            $sth->finish;
            return $sth;
        }
    }
    $sth = $dbh->prepare( $statement, $attributes ) or return;
    return $cache->{$key} = $sth;
}

# --- quoting --------------------------------------------------------------------------------------------------------

sub quote {
    my ( $dbh, $text, $type ) = @_;
    return 'NULL' if !defined $text;
    my ( $before, $after ) = ( "'", "'" );
    if ($type) {
        my $quotes = $dbh->{dbi_quotes_of_type} ||= {};
        my $found = $quotes->{$type} ||= do {
            my $info = $dbh->type_info($type);
            my ( $prefix, $suffix ) = $info ? @$info{qw(LITERAL_PREFIX LITERAL_SUFFIX)} : ( "'", "'" );
            [ defined $prefix ? $prefix : '', defined $suffix ? $suffix : '' ];
        };
        ( $before, $after ) = @$found;
    }
    return "$before$text$after" if $after ne "'";
    $text =~ s/'/''/g;
    return "$before$text$after";
}

sub quote_identifier {
    my ( $dbh, @names ) = @_;
    my $attributes = @names > 3 && ( ref $names[-1] || !defined $names[-1] && @names > 3 ) ? pop @names : undef;
    my $how = $dbh->{dbi_quote_identifier_cache} ||= [
        map { defined $_ ? $_ : '' } (
            $dbh->get_info(29) || '"',    # SQL_IDENTIFIER_QUOTE_CHAR
            $dbh->get_info(41) || '.',    # SQL_CATALOG_NAME_SEPARATOR
            $dbh->get_info(114) || 1,     # SQL_CATALOG_LOCATION
        )
    ];
    my ( $quote, $separator, $location ) = @$how;
    for my $name ( grep {defined} @names ) {
        $name =~ s/\Q$quote\E/$quote$quote/g if $quote ne ' ';
        $name = $quote eq ' ' ? $name : "$quote$name$quote";
    }
    my $catalog = @names >= 3 ? shift @names : undef;
    my $quoted = join '.', grep {defined} @names;
    if ( defined $catalog && length $catalog ) {
        $quoted = $location == 2 ? "$quoted$separator$catalog" : "$catalog$separator$quoted";
    }
    return $quoted;
}

# --- what there is in the database ----------------------------------------------------------------------------------

sub get_info { return undef }

sub table_info { return undef }

sub column_info { return undef }

sub primary_key_info { return undef }

sub foreign_key_info { return undef }

sub statistics_info { return undef }

sub type_info_all { return [] }

sub type_info {
    my ( $dbh, $type ) = @_;
    my $all = $dbh->{dbi_type_info} ||= do {
        my ( $index, @rows ) = @{ $dbh->type_info_all || [] };
        my @types;
        for my $row (@rows) {
            my %type = ref $row eq 'HASH' ? %$row : map { ( uc $_ => $row->[ $index->{$_} ] ) } keys %$index;
            push @types, \%type;
        }
        \@types;
    };
    my @wanted = ref $type eq 'ARRAY' ? @$type : $type;
    my @found;
    for my $one (@wanted) {
        @found = !defined $one || $one == 0 ? @$all : grep { $_->{DATA_TYPE} == $one } @$all;
        last if @found;
    }
    return wantarray ? @found : $found[0];
}

sub primary_key {
    my ( $dbh, @names ) = @_;
    my $sth = $dbh->primary_key_info(@names) or return;
    my $rows = $sth->fetchall_arrayref || [];
    return map { $_->[3] } sort { $a->[4] <=> $b->[4] } @$rows;
}

sub tables {
    my ( $dbh, @names ) = @_;
    my $sth = $dbh->table_info( @names[ 0 .. 3 ] ) or return;
    my $rows = $sth->fetchall_arrayref or return;
    if ( @names >= 3 ) {
        my @empty = map { !defined $_ ? 1 : $_ eq '' } @names[ 0 .. 2 ];
        my @all   = map { defined $_ && $_ eq '%' } @names[ 0 .. 3 ];
        return map { $_->[3] } @$rows if $all[3] && $empty[0] && $empty[1] && $empty[2];
        return grep {defined} map { $_->[0] } @$rows if $all[0] && $empty[1] && $empty[2];
        return grep {defined} map { $_->[1] } @$rows if $all[1] && $empty[0] && $empty[2];
    }
    return map { $dbh->quote_identifier( @$_[ 0 .. 2 ] ) } @$rows if $dbh->get_info(29);
    return map { join '.', grep {defined} @$_[ 1, 2 ] } @$rows;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Database - what database handles of DBI can do

=head1 DESCRIPTION

Used by the replacement of L<DBI>; programs have no need of it. Here is the class C<DBD::_::db> that drivers inherit from:
all that can be done with a driver's C<prepare>. What the methods do for programs is described in L<DBI>.

=head1 FUNCTIONS

=head2 type_info_columns

Returns what C<type_info_all> begins with.

=head1 METHODS

=head2 prepare

=head2 connected

=head2 disconnect

=head2 ping

=head2 rows

=head2 last_insert_id

=head2 take_imp_data

=head2 preparse

=head2 data_sources

=head2 begin_work

=head2 commit

=head2 rollback

=head2 clone

=head2 do

=head2 selectrow_array

=head2 selectrow_arrayref

=head2 selectrow_hashref

=head2 selectall_arrayref

=head2 selectall_array

=head2 selectall_hashref

=head2 selectcol_arrayref

=head2 prepare_cached

=head2 quote

=head2 quote_identifier

=head2 get_info

=head2 table_info

=head2 column_info

=head2 primary_key_info

=head2 foreign_key_info

=head2 statistics_info

=head2 type_info_all

=head2 type_info

=head2 primary_key

=head2 tables

=cut
