package CPANBridge::Compat::DBI::EngineStatement;

use strict;
use warnings;

use Carp ();

our $VERSION = '0.1.0';

$Carp::Internal{'DBI::DBD::SqlEngine::st'}++;

# A statement handle has the engine's statement in sql_stmt and the values bound so far in sql_params.

package    # not to be indexed
  DBI::DBD::SqlEngine::st;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

our @ISA           = 'DBD::_::st';
our $imp_data_size = 0;

my $SQL_VARCHAR = 12;

sub bind_param {
    my ( $sth, $number, $value, $attributes ) = @_;
    return $sth->set_err( $DBI::stderr, "Can't bind parameter $number: they are numbered from 1" ) if $number !~ /\A[1-9]\d*\z/;
    if ( defined $value && $attributes ) {
        my $type = ref $attributes ? $attributes->{TYPE} : $attributes;

        # Numbers are compared as numbers, whatever they looked like: 007 is 7.
        $value += 0 if defined $type && $type =~ /\A(?:-5|-6|4|5|6|7|8|2|3)\z/ && $value =~ /\A\s*[-+]?\d{1,15}\s*\z/;
    }
    $sth->{sql_params}[ $number - 1 ] = $value;
    $sth->{ParamValues}{$number} = $value;
    return 1;
}

sub execute {
    my ( $sth, @values ) = @_;
    if (@values) {
        $sth->{sql_params}  = [@values];
        $sth->{ParamValues} = { map { ( $_ => $values[ $_ - 1 ] ) } 1 .. @values };
    }
    $sth->finish;
    my $stmt   = $sth->{sql_stmt};
    my $params = [ @{ $sth->{sql_params} || [] } ];
    my $wanted = $sth->{NUM_OF_PARAMS} || 0;
    if ( $wanted != @$params ) {
        return $sth->set_err( $DBI::stderr, 'You passed ' . @$params . " parameters where $wanted required" );
    }

    # SQL::Statement dies, or returns nothing and says why; DBI::SQL::Nano dies.
    my $done = eval { $stmt->execute( $sth, $params ) };
    if ( !defined $done ) {
        my $why = length $@ ? $@ : $stmt->errstr;
        $why = 'The statement failed' if !defined $why || !length $why;
        $why =~ s/\s+\z//;
        return $sth->set_err( $DBI::stderr, $why );
    }

    # What was written may turn out to be lost only when the table is closed.
    return if $sth->{_e}[0];
    _remember_types( $sth, $stmt ) if $stmt->command eq 'CREATE' && $stmt->{table_defs};
    my $rows = $stmt->{NUM_OF_ROWS};
    if ( $stmt->{NUM_OF_FIELDS} ) {
        $sth->STORE( NUM_OF_FIELDS => $stmt->{NUM_OF_FIELDS} ) if ( $sth->{NUM_OF_FIELDS} || 0 ) != $stmt->{NUM_OF_FIELDS};
        delete @$sth{ grep { /^NAME/ } keys %$sth };
        $sth->{sql_fetched} = 0;
        $sth->STORE( Active => 1 );
    }
    return $rows || '0E0';
}

sub finish {
    my ($sth) = @_;
    $sth->STORE( Active => 0 );
    delete $sth->{sql_stmt}{data} if $sth->{sql_stmt};
    return 1;
}

sub fetch {
    my ($sth) = @_;
    my $rows = $sth->{sql_stmt}{data};
    if ( !$sth->{Active} || !$rows ) {
        return $sth->set_err( $DBI::stderr, 'Attempt to fetch row without a preceding execute of a statement that selects something' )
          if !defined $sth->{sql_fetched};
        return;
    }
    my $row = shift @$rows;
    if ( !$row ) {
        $sth->finish;
        return;
    }
    $sth->{sql_fetched}++;
    return $sth->_set_fbav($row);
}

{
    no warnings 'once';
    *fetchrow_arrayref = \&fetch;
}

# SQL::Statement knows the columns' types where the table is created; the table's meta data keeps them.
sub _remember_types {
    my ( $sth, $stmt ) = @_;
    my $columns = $stmt->{table_defs}{columns} or return;
    ( my $class = ref $sth ) =~ s/::st\z/::Table/;
    my ( undef, $meta ) = $class->get_table_meta( $sth->{Database}, $stmt->{org_table_names}[0] );
    $meta->{sql_types} = { map { ( lc $_ => $columns->{$_} ) } keys %$columns } if $meta;
    return;
}

sub _types {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    my %types;
    for my $table ( reverse @{ $sth->{sql_stmt}{org_table_names} || [] } ) {
        ( my $name = $table ) =~ s/\A"(.*)"\z/$1/s;
        $name = $dbh->{sql_meta_map}{$name} if exists $dbh->{sql_meta_map}{$name};
        my $known = $dbh->{sql_meta}{$name} && $dbh->{sql_meta}{$name}{sql_types} or next;
        $types{$_} = $known->{$_} for keys %$known;
    }
    return \%types;
}

my %OTHER_NAME = ( INT => 'INTEGER', TEXT => 'LONGVARCHAR', STRING => 'VARCHAR' );

# [ type, its name, whether it may be NULL, its length ]
sub _of_column {
    my ($known) = @_;
    my $type = $known && uc $known->{data_type};
    $type = $OTHER_NAME{$type} if $type && $OTHER_NAME{$type};
    my $code = $type && DBI->can("SQL_$type");
    my $never = $known && grep {/NOT NULL|PRIMARY KEY/i} @{ $known->{constraints} || [] };
    return [ $code ? ( $code->(), $type ) : ( $SQL_VARCHAR, 'VARCHAR' ), $never ? 0 : 1, $known && $known->{data_length} || 0 ];
}

my %PART = ( TYPE => 0, TYPE_NAME => 1, NULLABLE => 2, PRECISION => 3 );

sub FETCH {
    my ( $sth, $name ) = @_;
    if ( $name eq 'NAME' ) { return $sth->{sql_stmt} && $sth->{sql_stmt}{NAME} || $sth->{NAME} }
    if ( defined $PART{$name} && $sth->{sql_stmt} ) {
        my $names = $sth->{NUM_OF_FIELDS} && $sth->{sql_stmt}{NAME} or return;
        my $types = $sth->_types;
        return [ map { _of_column( $types->{ lc $_ } )->[ $PART{$name} ] } @$names ];
    }
    return $sth->{$name} if $name =~ /\A[a-z]/;
    return $sth->SUPER::FETCH($name);
}

sub STORE {
    my ( $sth, $name, $value ) = @_;
    if ( $name =~ /\A[a-z]/ ) { $sth->{$name} = $value; return 1 }
    return $sth->SUPER::STORE( $name, $value );
}

sub rows { my ($sth) = @_; return $sth->{sql_stmt} ? $sth->{sql_stmt}{NUM_OF_ROWS} : undef }

sub DESTROY {
    my ($sth) = @_;
    $sth->finish if $sth->{Active};
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::EngineStatement - statement handles of DBI::DBD::SqlEngine

=head1 DESCRIPTION

Used by the replacement of L<DBI::DBD::SqlEngine>; programs have no need of it. Here is the class C<DBI::DBD::SqlEngine::st>.

=head1 METHODS

=head2 bind_param

=head2 execute

=head2 finish

=head2 fetch

=head2 FETCH

=head2 STORE

=head2 rows

=cut
