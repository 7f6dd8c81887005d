package CPANBridge::Compat::DBI::ODBCStatement;

use strict;
use warnings;

use Scalar::Util ();

use CPANBridge::Compat::DBI::ODBCTypes;
use CPANBridge::Compat::DBI::Remote;
use CPANBridge::Compat::DBI::Values;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, 'CPANBridge::Compat::DBI::ODBC::st';

package    # not to be indexed
  CPANBridge::Compat::DBI::ODBC::st;

use strict;
use warnings;

our @ISA = qw(CPANBridge::Compat::DBI::ODBC::common CPANBridge::Compat::DBI::Remote::st);

# By their names, without the colon; question marks are called by their numbers.
sub _number_of {
    my ( $sth, $name ) = @_;
    my $at = $sth->{_number} ||= do {
        my %number;
        @number{ @{ $sth->{_names} } } = 1 .. @{ $sth->{_names} };
        \%number;
    };
    return $at->{ $name =~ s/\A://r };
}

sub bind_param {
    my ( $sth, $name, $value, $attributes ) = @_;
    $sth->SUPER::bind_param( $name, $value, $attributes ) or return;
    my $type = ref $attributes eq 'HASH' ? $attributes->{TYPE} : $attributes;
    return 1 if !$type;
    delete $sth->{_ready};
    $sth->{_types}[ $sth->_number_of($name) - 1 ] = CPANBridge::Compat::DBI::ODBCTypes::of_odbc($type);
    return 1;
}

sub bind_param_inout {
    my ($sth) = @_;
    return $sth->set_err( 1, 'bind_param_inout is not covered: CPANBridge has no output parameters for ODBC; select what the procedure returns' );
}

# Tells the daemon which types the program wants its parameters to have.
sub _tell_types {
    my ($sth)   = @_;
    my $force   = $sth->_attribute('odbc_force_bind_type');
    my $default = $sth->_attribute('odbc_default_bind_type');
    my @types   = map {
        my $own = $sth->{_types}[$_];
        $own || $force || ( $sth->{_described}[$_] ? undef : $default ) || undef;
    } 0 .. $#{ $sth->{_names} };
    my $key = join ',', map { $_ || '' } @types;
    return 1 if $key eq ( defined $sth->{_told} ? $sth->{_told} : ',' x ( @types ? @types - 1 : 0 ) );
    $sth->_call( bind_types => { statement => $sth->{_statement}, types => [ map { $_ ? 0 + $_ : undef } @types ] } ) or return;
    $sth->{_told} = $key;
    return 1;
}

sub execute {
    my ( $sth, @values ) = @_;
    my $dbh = $sth->{Database};
    return $dbh->_gone('execute') if !$dbh->{Active};
    return $sth->set_err( 1, 'this statement was not prepared by the program' ) if !$sth->{_types};
    $sth->_ready or return;
    return $sth->SUPER::execute(@values);
}

sub execute_for_fetch {
    my ( $sth, @rest ) = @_;
    return $sth->{Database}->_gone('execute_for_fetch') if !$sth->{Database}{Active};
    return $sth->SUPER::execute_for_fetch(@rest);
}

sub _takes_arrays { return 1 }

sub _execute_many {
    my ( $sth, @rest ) = @_;
    return $sth->{Database}->_gone('execute_array') if !$sth->{Database}{Active};
    $sth->_ready or return;
    return $sth->SUPER::_execute_many(@rest);
}

# Nothing is looked at again while no attribute and no type has changed.
sub _ready {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    return 1 if defined $sth->{_ready} && $sth->{_ready} == $dbh->{_changes};
    $sth->_tell_types or return;
    $dbh->_settle( query_seconds => $sth->_attribute('odbc_query_timeout') || 0 ) or return;
    $sth->{_ready} = $dbh->{_changes};
    return 1;
}

sub STORE {
    my ( $sth, $name, $value ) = @_;
    $sth->{Database}{_changes}++ if $name =~ /\Aodbc_/;
    return $sth->SUPER::STORE( $name, $value );
}

sub _wrong_number { my ( $sth, $given, $count ) = @_; return "called with $given bind variables when $count are needed" }

# Counts of rows that come before the first result with columns are passed over, as programs expect it: what execute returns
# is the first of them.
sub _take {
    my ( $sth, $answer ) = @_;
    my $first = $answer;
    $answer = $sth->_with_columns($answer) or return;
    $sth->{_about} = $answer;
    delete $sth->{_spoilt};
    my $result = $sth->SUPER::_take($answer);
    $sth->{_open} = $answer->{columns} && ( $answer->{more} || $answer->{another} );
    $sth->_watch_long if $answer->{columns};
    return $answer == $first ? $result : $first->{count} || '0E0';
}

# Returns the next answer that has columns, or the one given where none follows; nothing after an error.
sub _with_columns {
    my ( $sth, $answer ) = @_;
    my $next = $answer;
    while ( !$next->{columns} && $next->{another} ) {
        $next = $sth->_call( next_result => { statement => $sth->{_statement}, rows => 100 } ) or return;
        last if !ref $next;
    }
    return ref $next && $next->{columns} ? $next : $answer;
}

sub _describe {
    my ($sth) = @_;
    return if defined $sth->{NUM_OF_FIELDS} || !$sth->{_statement};
    my $answer = $sth->_call( describe => { statement => $sth->{_statement} } ) or return;
    $sth->{_about} = $answer;
    $sth->_columns($answer);
    return;
}

# --- rows ---

# Long values are cut, or are an error. What is read in pieces is put aside.
sub _watch_long {
    my ($sth) = @_;
    my $about = $sth->{_about};
    my $lobs  = $sth->{_lobs} || {};
    my @long = grep { !$lobs->{$_} && CPANBridge::Compat::DBI::ODBCTypes::is_long( $about->{types}[$_], $about->{sizes}[$_] ) } 0 .. $#{ $about->{columns} || [] };
    my $convert = $sth->{_convert} ||= {};
    delete @$convert{qw(0long 0lobs)};
    if (@long) {
        my ( $most, $cut ) = @$sth{qw(LongReadLen LongTruncOk)};
        Scalar::Util::weaken( my $weak = $sth );
        $convert->{'0long'} = sub {
            my ($row) = @_;
            for my $at (@long) {
                next if !defined $row->[$at] || length $row->[$at] <= $most;
                if    ( !$cut ) { $weak->{_spoilt} ||= [ $row, $at + 1, length $row->[$at] ] }
                elsif ( !$most ) { undef $row->[$at] }
                else             { $row->[$at] = substr $row->[$at], 0, $most }
            }
            return;
        };
    }
    if (%$lobs) {
        my $kept = $sth->{_lob} = {};
        $convert->{'0lobs'} = sub {
            my ($row) = @_;
            for my $at ( keys %$lobs ) { $kept->{$at} = [ $row->[$at], 0 ]; undef $row->[$at] }
            return;
        };
    }
    delete $sth->{_convert} if !%$convert;
    return;
}

sub _too_long {
    my ($sth) = @_;
    my ( undef, $column, $length ) = @{ delete $sth->{_spoilt} };
    return $sth->set_err( 1,
        "column $column has a value of $length, and LongReadLen is $sth->{LongReadLen}: long data is cut off, and LongTruncOk is not set (SQL-HY000)", 'HY000' );
}

sub fetch {
    my ($sth) = @_;
    my $row = $sth->SUPER::fetch;
    return $sth->_too_long if $sth->{_spoilt};
    return $row;
}

sub _fetch_rows {
    my ( $sth, $most ) = @_;
    my $rows = $sth->SUPER::_fetch_rows($most);
    my $bad = $sth->{_spoilt} or return $rows;
    my @good;
    for my $row (@$rows) {
        last if $row == $bad->[0];
        push @good, $row;
    }
    $sth->_too_long;
    return \@good;
}

# A warning only.
sub _not_active { my ($sth) = @_; return $sth->set_err( '0', 'no select statement currently executing' ) }

sub bind_col {
    my ( $sth, $column, $ref, $attributes ) = @_;
    $sth->SUPER::bind_col( $column, $ref ) or return;
    my %how = ref $attributes eq 'HASH' ? %$attributes : defined $attributes ? ( TYPE => $attributes ) : ();
    if ( $how{TreatAsLOB} ) {
        $sth->{_lobs}{ $column - 1 } = 1;
        $sth->_watch_long;
    }
    my $type = $how{TYPE};
    if ( $type && grep { $type == $_ } 2, 4, 8 ) {
        my $flags = ( $how{DiscardString} ? 1 : 0 ) | ( $how{StrictlyTyped} ? 2 : 0 );
        Scalar::Util::weaken( my $weak = $sth );
        $sth->{_convert}{"1cast$column"} = sub {
            my ($row) = @_;
            my $done = CPANBridge::Compat::DBI::Values::sql_type_cast( $row->[ $column - 1 ], $type, $flags );
            $weak->set_err( 1, "the value in column $column is not of the type $type (SQL-22018)", '22018' ) if $done == 0;
            return;
        };
    }
    return 1;
}

sub odbc_lob_read {
    my ( $sth, $column, $to, $length, $attributes ) = @_;
    my $kept = $sth->{_lob} && $sth->{_lob}{ $column - 1 }
      or return $sth->set_err( 1, "odbc_lob_read: bind column $column with TreatAsLOB first, and fetch a row" );
    my ( $value, $from ) = @$kept;
    $$to = '';
    return undef if !defined $value;
    my $type = $attributes && $attributes->{TYPE} || $sth->{_about}{types}[ $column - 1 ];
    my $room = CPANBridge::Compat::DBI::ODBCTypes::is_binary($type) ? $length : $length - 1;    # a string needs its end
    $$to = substr $value, $from, $room if $from < length $value;
    $kept->[1] += length $$to;
    return length $$to;
}

sub odbc_rows {
    my ($sth) = @_;
    my $rows = $sth->rows;
    return $rows == 0 ? '0E0' : $rows;
}

# Type, size, scale and whether NULL is taken, of a parameter; the last is never known.
sub odbc_describe_param {
    my ( $sth, $number ) = @_;
    my $type = $sth->{_described}[ $number - 1 ] or return $sth->set_err( 1, "the driver says nothing of parameter $number" );
    return ( $type, undef, undef, 2 );
}

sub more_results {
    my ($sth) = @_;
    return if !$sth->{_statement};
    my $answer = $sth->_call( next_result => { statement => $sth->{_statement}, rows => 100 } );
    $answer = $sth->_with_columns($answer) if ref $answer;
    if ( !ref $answer || !$answer->{columns} ) {
        $sth->STORE( Active => 0 );
        delete @$sth{qw(_rows _open)};
        return;
    }
    delete @$sth{qw(NAME NUM_OF_FIELDS _fbav _bound)};
    delete @$sth{ grep {/\ANAME_/} keys %$sth };
    $sth->STORE( Active => 0 ) if $sth->{Active};
    $sth->_take($answer);
    return 1;
}

# Also where all rows are here already, another result may wait.
sub finish {
    my ($sth) = @_;
    $sth->{_more} = 1 if delete $sth->{_open};
    return $sth->SUPER::finish;
}

sub FETCH {
    my ( $sth, $name ) = @_;
    if ( $name eq 'TYPE' || $name eq 'PRECISION' || $name eq 'SCALE' || $name eq 'NULLABLE' ) {
        $sth->_describe;
        my $about = $sth->{_about} || {};
        return $about->{scales} if $name eq 'SCALE';
        return $about->{sizes}  if $name eq 'PRECISION';
        return [ map { $_ ? $_ : '' } @{ $about->{nullable} || [] } ] if $name eq 'NULLABLE';
        return $sth->{Database}{_unicode} ? $about->{types} : [ map { CPANBridge::Compat::DBI::ODBCTypes::narrow($_) } @{ $about->{types} || [] } ];
    }
    if ( $name eq 'ParamTypes' ) {
        my $narrow = !$sth->{Database}{_unicode};
        my %type;
        for my $at ( 0 .. $#{ $sth->{_names} } ) {
            my $type = $sth->{_types}[$at] || $sth->{_described}[$at] || 12;
            $type{ $sth->{_names}[$at] } = { TYPE => $narrow ? CPANBridge::Compat::DBI::ODBCTypes::narrow($type) : $type };
        }
        return \%type;
    }
    return $sth->more_results ? 1 : 0 if $name eq 'odbc_more_results';
    return $sth->_attribute($name) if $name =~ /\Aodbc_/;
    return $sth->SUPER::FETCH($name);
}

# By numbers that were ODBC 2's; what has them now is DBI's attributes.
sub ColAttributes {
    my ( $sth, $column, $what ) = @_;
    my %attribute = ( 1 => 'NAME', 2 => 'TYPE', 3 => 'PRECISION', 4 => 'PRECISION', 5 => 'SCALE', 7 => 'NULLABLE', 18 => 'NAME' );
    return $sth->FETCH('NUM_OF_FIELDS') if $what == 0;
    my $name = $attribute{$what} or return $sth->set_err( 1, "ColAttributes: CPANBridge does not know attribute $what of columns" );
    my $values = $sth->FETCH($name) or return;
    return $values->[ $column - 1 ];
}

sub private_attribute_info { return { map { ( $_ => undef ) } CPANBridge::Compat::DBI::ODBC->of_statements, 'odbc_more_results' } }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::ODBCStatement - statement handles of databases with an ODBC driver

=head1 DESCRIPTION

Used by the replacement of L<DBD::ODBC>, which says what is covered; programs have no need of it.

=head1 METHODS

=head2 bind_param

=head2 bind_param_inout

=head2 bind_col

=head2 execute

=head2 execute_for_fetch

=head2 fetch

=head2 more_results

=head2 finish

=head2 odbc_lob_read

=head2 odbc_rows

=head2 odbc_describe_param

=head2 ColAttributes

=head2 STORE

=head2 FETCH

=head2 private_attribute_info

Are described in L<DBI> and L<DBD::ODBC>.

=cut
