package CPANBridge::Compat::DBI::ODBCCatalog;

use strict;
use warnings;

our $VERSION = '0.1.0';

# A statement handle with what one of ODBC's functions returns. Names are patterns, or not, as the driver has it.
sub _catalog {
    my ( $dbh, $what, @arguments ) = @_;
    return $dbh->_gone($what) if !$dbh->{Active};
    my @sent = map { !defined $_ || ref $_ ? $_ : $dbh->_characters("$_") } @arguments;
    my $answer = $dbh->_call( catalog => { connection => $dbh->{_connection}, what => $what, arguments => \@sent } ) or return;
    my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $what, _statement => $answer->{statement}, _names => [], _params => [], _kind => 'SELECT' } );
    $sth->{_want} = 100;
    local $sth->{LongReadLen} = 1 << 20;    # remarks and defaults may be long
    $sth->_take($answer);
    return $outer;
}

# An attribute hash may follow the names, or stand in their place.
sub table_info {
    my ( $dbh, $catalog, $schema, $table, $type ) = @_;
    ( $catalog, $schema, $table, $type ) = @$catalog{qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE)} if ref $catalog eq 'HASH';
    return $dbh->_catalog( tables => $catalog, $schema, $table, $type );
}

sub column_info {
    my ( $dbh, $catalog, $schema, $table, $column ) = @_;
    return $dbh->_catalog( columns => $catalog, $schema, $table, $column );
}

sub primary_key_info {
    my ( $dbh, $catalog, $schema, $table ) = @_;
    return $dbh->_catalog( primary_keys => $catalog, $schema, $table );
}

sub foreign_key_info {
    my ( $dbh, @names ) = @_;
    return $dbh->_catalog( foreign_keys => @names[ 0 .. 5 ] );
}

sub statistics_info {
    my ( $dbh, $catalog, $schema, $table, $unique, $quick ) = @_;
    return $dbh->_catalog( statistics => $catalog, $schema, $table, $unique ? \1 : \0, $quick ? \1 : \0 );
}

sub type_info_all {
    my ($dbh) = @_;
    my $sth = $dbh->GetTypeInfo or return;
    my %at;
    my $names = $sth->{NAME};
    @at{ map {uc} @$names } = 0 .. $#$names;
    my $rows = $sth->fetchall_arrayref or return;
    return [ \%at, @$rows ];
}

sub get_info {
    my ( $dbh, $number ) = @_;
    return $dbh->_gone('get_info') if !$dbh->{Active};
    my $answer = $dbh->_call( get_info => { connection => $dbh->{_connection}, number => 0 + $number } );
    return $dbh->{_e}[0] ? undef : $dbh->_text_of($answer);
}

sub _text_of {
    my ( $dbh, $text ) = @_;
    utf8::encode($text) if defined $text && !$dbh->{_unicode} && utf8::is_utf8($text);
    return $text;
}

# --- by func --------------------------------------------------------------------------------------------------------

sub GetInfo { my ( $dbh, $number ) = @_; return $dbh->get_info($number) }

sub GetTypeInfo { my ( $dbh, $type ) = @_; return $dbh->_catalog( types => $type ? 0 + $type : () ) }

sub GetStatistics { my ( $dbh, @names ) = @_; return $dbh->statistics_info( @names[ 0 .. 3 ], 1 ) }

sub GetForeignKeys { my ( $dbh, @names ) = @_; return $dbh->foreign_key_info(@names) }

sub GetPrimaryKeys { my ( $dbh, @names ) = @_; return $dbh->primary_key_info(@names) }

sub GetSpecialColumns {
    my ( $dbh, $identifier, $catalog, $schema, $table, $scope, $nullable ) = @_;
    return $dbh->_catalog( $identifier == 2 ? 'row_version' : 'row_id', $catalog, $schema, $table, $nullable ? \1 : \0 );
}

# All of them, or one by its number; those that are counted from 1000 nobody asks for.
sub GetFunctions {
    my ( $dbh, $number ) = @_;
    my $known = $dbh->_call( get_functions => { connection => $dbh->{_connection} } ) or return;
    return map { $_ ? 1 : '' } @$known if !$number;
    return $known->[$number] ? 1 : '';
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::ODBCCatalog - what there is in a database, asked in ODBC's way

=head1 DESCRIPTION

Used by the replacement of L<DBD::ODBC>; programs have no need of it. The methods are DBI's, and what DBD::ODBC has for C<func>; the
driver answers.

=head1 METHODS

=head2 table_info

=head2 column_info

=head2 primary_key_info

=head2 foreign_key_info

=head2 statistics_info

=head2 type_info_all

=head2 get_info

=head2 GetInfo

=head2 GetTypeInfo

=head2 GetStatistics

=head2 GetForeignKeys

=head2 GetPrimaryKeys

=head2 GetSpecialColumns

=head2 GetFunctions

=cut
