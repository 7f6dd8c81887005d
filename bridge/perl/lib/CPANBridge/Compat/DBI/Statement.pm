package CPANBridge::Compat::DBI::Statement;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::Handle;
use CPANBridge::Compat::DBI::Values;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, 'DBD::_::st';

# fetch returns the same array each time, and bound variables are its elements: what is assigned to the elements arrives
# in the variables. Only @_ can have other scalars as elements, so a sub of as many arguments is made and returns it.
my %maker;

sub make_row {
    my ($inner) = @_;
    delete $inner->{_fast};
    my $count = $inner->{NUM_OF_FIELDS} || 0;
    my $bound = $inner->{_bound} || [];
    if ( !grep {defined} @$bound ) { return $inner->{_fbav} = [ (undef) x $count ] }
    my $maker = $maker{$count} ||= do {
        my $arguments = join ',', map { "\${\$_[0][$_]}" } 0 .. $count - 1;
        eval "sub { CPANBridge::Compat::DBI::Statement::_arguments($arguments) }" or die $@;
    };
    return $inner->{_fbav} = $maker->( [ map { $bound->[$_] || \my $unbound } 0 .. $count - 1 ] );
}

sub _arguments { return \@_ }

package    # not to be indexed
  DBD::_::st;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

our @ISA = 'DBD::_::common';

sub bind_param { return $_[0]->_not_impl('bind_param') }

sub bind_param_inout { return $_[0]->_not_impl('bind_param_inout') }

sub _not_impl {
    my ( $sth, $name ) = @_;
    return $sth->set_err( 1, "Driver has not implemented the $name method" );
}

sub execute { return $_[0]->_not_impl('execute') }

sub finish { $_[0]->STORE( Active => 0 ); return 1 }

sub cancel { return undef }

sub more_results { return }

sub rows { my ($sth) = @_; return defined $sth->{_fetched} ? $sth->{_fetched} : -1 }

sub last_insert_id { my $sth = shift; return $sth->{Database}->last_insert_id(@_) }

sub _get_fbav { my ($sth) = @_; return $sth->{_fbav} || CPANBridge::Compat::DBI::Statement::make_row($sth) }

sub _set_fbav {
    my ( $sth, $row ) = @_;
    my $fields = $sth->{_fbav} || CPANBridge::Compat::DBI::Statement::make_row($sth);
    Carp::croak( '_set_fbav(' . CPANBridge::Compat::DBI::Values::neat($row) . '): row has ' . @$row . ' elements, but ' . @$fields . ' are expected' )
      if @$row != @$fields;
    @$fields[ 0 .. $#$fields ] = @$row;
    $sth->{_fetched}++;
    if ( $sth->{ChopBlanks} ) { defined $_ && s/ +\z// for @$fields }
    return $fields;
}

sub bind_col {
    my ( $sth, $column, $ref, $attributes ) = @_;
    my $count = $sth->FETCH('NUM_OF_FIELDS') || 0;
    delete $sth->{_fast};
    Carp::croak("bind_col: column $column is not a valid column (1..$count)") if $column !~ /\A\d+\z/ || $column < 1 || $column > $count;
    if ( defined $ref ) {
        Carp::croak( "Can't " . $sth->{ImplementorClass} . "->bind_col($column, $ref,...), need a reference to a scalar" )
          if !ref $ref || Scalar::Util::reftype($ref) !~ /\A(?:SCALAR|LVALUE|REF|VSTRING)\z/;
        $sth->{_bound}[ $column - 1 ] = $ref;
        CPANBridge::Compat::DBI::Statement::make_row($sth);
    }
    return 1;
}

sub bind_columns {
    my ( $sth, @refs ) = @_;
    my $count = $sth->FETCH('NUM_OF_FIELDS') || 0;
    return $sth->set_err( $DBI::stderr, 'Statement has no result columns to bind (perhaps you need to successfully call execute first, or again)' )
      if !$count;

    # Once there was an argument of attributes before the references.
    my $attributes = ref $refs[0] eq 'HASH' || !defined $refs[0] && @refs ? shift @refs : undef;
    if ( @refs != $count ) {
        return $sth->set_err( $DBI::stderr, 'bind_columns called with ' . @refs . " values but $count are needed" );
    }
    my $at = 0;
    for my $ref (@refs) { $sth->bind_col( ++$at, $ref, $attributes ) or return }
    return 1;
}

sub fetch { return $_[0]->_not_impl('fetch') }

sub fetchrow_arrayref { my ($sth) = @_; return $sth->fetch }

sub fetchrow_array {
    my ($sth) = @_;
    my $row = $sth->fetch or return;
    return wantarray ? @$row : $row->[-1];
}

sub fetchrow {
    goto &fetchrow_array;
}

sub fetchrow_hashref {
    my ( $sth, $which ) = @_;
    my $row = $sth->fetch or return;
    my $names = $sth->FETCH( $which || $sth->{FetchHashKeyName} );
    Carp::croak( 'fetchrow_hashref: ' . ( $which || $sth->{FetchHashKeyName} ) . ' is not an array of names' )
      if ref $names ne 'ARRAY';
    my %row;
    @row{@$names} = @$row;
    return \%row;
}

sub fetchall_arrayref {
    my ( $sth, $slice, $most ) = @_;
    my $kind = ref $slice;
    if ( $kind eq 'REF' && ref $$slice ) {
        return $sth->set_err( $DBI::stderr, "fetchall_arrayref($kind) invalid" ) if ref $$slice ne 'HASH';
    }
    elsif ( defined $slice && $kind ne 'ARRAY' && $kind ne 'HASH' ) {
        return $sth->set_err( $DBI::stderr, "fetchall_arrayref($kind) invalid" );
    }
    my $active = $sth->FETCH('Active');
    return defined $most && !$active ? undef : $active ? undef : [] if !$active && defined $most;
    my @rows;
    my ( @at, @names );
    if ( !defined $slice || $kind eq 'ARRAY' ) {
        @at = $slice ? @$slice : ();
        my $rows = $sth->_fetch_rows($most) or return;
        return $rows if !@at;
        return [ map { [ @$_[@at] ] } @$rows ];
    }
    my $columns = $sth->FETCH('NAME') || [];
    if ( $kind eq 'REF' ) {
        my $count = @$columns;
        for my $index ( sort { $a <=> $b } keys %$$slice ) {
            Carp::croak("'$index' is not a valid column index (1..$count); fetchall_arrayref numbers them from 0")
              if $index !~ /\A\d+\z/ || $index >= $count;
            push @at,    $index;
            push @names, $$slice->{$index};
        }
    }
    elsif (%$slice) {
        my $lower = $sth->FETCH('NAME_lc_hash');
        for my $name ( keys %$slice ) {
            return $sth->set_err( $DBI::stderr, "Invalid column name '$name' for slice" ) if !exists $lower->{ lc $name };
            push @at,    $lower->{ lc $name };
            push @names, $name;
        }
    }
    else {
        @names = @{ $sth->FETCH( $sth->{FetchHashKeyName} ) || [] };
        @at    = 0 .. $#names;
    }
    return $sth->_fetch_hashes( $most, \@names, \@at );
}

# Returns them as hashes, of the columns with these numbers under these names.
sub _fetch_hashes {
    my ( $sth, $most, $names, $at ) = @_;
    my $rows = $sth->_fetch_rows($most) or return;
    return [ map { my %row; @row{@$names} = @$_[@$at]; \%row } @$rows ];
}

# Returns all rows that are left, or as many as asked for, each an array of its own; undef where nothing can be fetched.
sub _fetch_rows {
    my ( $sth, $most ) = @_;
    my @rows;
    while ( !defined $most || @rows < $most ) {
        my $row = $sth->fetch or last;
        push @rows, [@$row];
    }
    return $sth->{_e}[0] && !@rows ? undef : \@rows;
}

sub fetchall_hashref {
    my ( $sth, $keys ) = @_;
    my $which  = $sth->{FetchHashKeyName} || 'NAME';
    my $at     = $sth->FETCH("${which}_hash") || {};
    my $names  = $sth->FETCH($which)          || [];
    my $count  = @$names;
    my @keys;
    for my $key ( ref $keys eq 'ARRAY' ? @$keys : $keys ) {
        my $index = exists $at->{$key} ? $at->{$key} : $key =~ /\A[1-9]\d*\z/ && $key <= $count ? $key - 1 : undef;
        return $sth->set_err( $DBI::stderr, "Field '$key' does not exist (not one of @$names)" ) if !defined $index;
        push @keys, $index;
    }
    my $rows = $sth->_fetch_rows or return;
    my %all;
    for my $row (@$rows) {
        my $place = \%all;
        $place = $place->{ defined $row->[$_] ? $row->[$_] : '' } ||= {} for @keys;
        @$place{@$names} = @$row;
    }
    return \%all;
}

sub dump_results {
    my ( $sth, $most, $line_end, $separator, $out ) = @_;
    $most      = 35   if !defined $most;
    $line_end  = "\n" if !defined $line_end;
    $separator = ', ' if !defined $separator;
    $out       = \*STDOUT if !defined $out;
    return 0 if !$sth;
    my $rows = 0;
    while ( my $row = $sth->fetch ) {
        print {$out} $line_end if $rows++ && $line_end;
        print {$out} CPANBridge::Compat::DBI::Values::neat_list( $row, $most, $separator );
    }
    print {$out} "\n$rows rows", $DBI::err ? " ($DBI::err: $DBI::errstr)" : '', "\n";
    return $rows;
}

# --- arrays of parameters -------------------------------------------------------------------------------------------

sub bind_param_array {
    my ( $sth, $name, $values, $attributes ) = @_;
    return $sth->set_err( $DBI::stderr, "Value for parameter $name must be a scalar or an arrayref, not a " . ref $values )
      if defined $values && ref $values && ref $values ne 'ARRAY';
    return $sth->set_err( $DBI::stderr, "Can't use named placeholder '$name' for non-driver supported bind_param_array" )
      if !Scalar::Util::looks_like_number($name);
    return $sth->set_err( $DBI::stderr, "Placeholder '$name' is out of range" ) if $name <= 0;
    $sth->{ParamArrays}{$name} = $values;
    return $sth->bind_param( $name, undef, $attributes ) if $attributes;
    return 1;
}

sub execute_array {
    my ( $sth, $attributes, @arrays ) = @_;
    my $count = $sth->FETCH('NUM_OF_PARAMS');
    my $status = $attributes->{ArrayTupleStatus};
    return $sth->set_err( $DBI::stderr, 'ArrayTupleStatus attribute must be an arrayref' )
      if $status && ref $status ne 'ARRAY';
    return $sth->set_err( $DBI::stderr, @arrays . " bind values supplied but $count expected" )
      if @arrays && $count && @arrays != $count;
    my $fetch = $attributes->{ArrayTupleFetch};
    if ( !$fetch ) {
        my $at = 0;
        for my $array (@arrays) { $sth->bind_param_array( ++$at, $array ) or return }
        my $bound = keys %{ $sth->{ParamArrays} || {} };
        return $sth->set_err( $DBI::stderr, "$bound bind values supplied but $count expected" ) if $count && $bound != $count;
        return $sth->_execute_arrays( _arrays( $sth->{ParamArrays} || {}, $count ), $status );
    }
    elsif ( ref $fetch ne 'CODE' ) {
        my $source = $fetch;
        return $sth->set_err( $DBI::stderr, "Execute_array ArrayTupleFetch must be a sub or a statement handle, not $source" )
          if !ref $source || !UNIVERSAL::can( $source, 'fetchrow_arrayref' );
        $fetch = sub { my $row = $source->fetchrow_arrayref; return $row ? [@$row] : undef };
    }
    return $sth->execute_for_fetch( $fetch, $status );
}

# The values of each parameter, and how many tuples there are: arrays give their number, scalars count for all of them.
sub _arrays {
    my ( $arrays, $count ) = @_;
    my @values = map { $arrays->{$_} } 1 .. ( $count || keys %$arrays );
    my $longest;
    for my $value ( grep { ref $_ eq 'ARRAY' } @values ) { $longest = @$value if !defined $longest || @$value > $longest }
    return ( \@values, defined $longest ? $longest : 1 );
}

sub _execute_arrays {
    my ( $sth, $values, $longest, $status ) = @_;
    my $next = 0;
    my $fetch = sub {
        return if $next >= $longest;
        my $at = $next++;
        return [ map { ref $_ eq 'ARRAY' ? $_->[$at] : $_ } @$values ];
    };
    return $sth->execute_for_fetch( $fetch, $status );
}

sub execute_for_fetch {
    my ( $sth, $fetch, $status ) = @_;
    my ( $tuples, $failed, $affected ) = ( 0, 0, 0 );
    @$status = () if $status;
    my ( $first, $state );
    while ( my $tuple = $fetch->() ) {
        my $result = $sth->execute(@$tuple);
        $tuples++;
        if ($result) {
            push @$status, $result if $status;
            $affected = $affected < 0 || $result < 0 ? -1 : $affected + $result;
            next;
        }
        $failed++;
        my @error = @{ $sth->{_e} };
        push @$status, [ $error[0], $error[1], $sth->state ] if $status;
        @{ $sth->{_e} } = ();
    }
    return _tuples_outcome( $sth, $tuples, $failed, $affected, wantarray );
}

sub _tuples_outcome {
    my ( $sth, $tuples, $failed, $affected, $list ) = @_;
    if ($failed) {
        $sth->set_err( $DBI::stderr, "executing $tuples generated $failed errors" );
        return $list ? ( undef, undef ) : undef;
    }
    my $executed = $tuples || '0E0';
    return $list ? ( $executed, $affected ) : $executed;
}

# --- large values ---------------------------------------------------------------------------------------------------

sub blob_read { return $_[0]->_not_impl('blob_read') }

sub blob_copy_to_file {
    my ( $sth, $field, $target, $size ) = @_;
    $size ||= 4096;
    my $out = $target;
    if ( !ref $target ) { open $out, '>', $target or return; binmode $out }
    my $offset = 0;
    while ( defined( my $piece = $sth->blob_read( $field, $offset, $size ) ) ) {
        last if !length $piece;
        print {$out} $piece;
        $offset += length $piece;
    }
    return $offset;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Statement - what statement handles of DBI can do

=head1 DESCRIPTION

Used by the replacement of L<DBI>; programs have no need of it. Here is the class C<DBD::_::st> that drivers inherit from:
all that can be done with a driver's C<execute> and C<fetch>. What the methods do for programs is described in L<DBI>.

=head1 FUNCTIONS

=head2 make_row

Makes the array that C<fetch> returns each time, with the bound variables as its elements.

=head1 METHODS

=head2 bind_param

=head2 bind_param_inout

=head2 execute

=head2 finish

=head2 cancel

=head2 more_results

=head2 rows

=head2 last_insert_id

=head2 bind_col

=head2 bind_columns

=head2 fetch

=head2 fetchrow_arrayref

=head2 fetchrow_array

=head2 fetchrow

=head2 fetchrow_hashref

=head2 fetchall_arrayref

=head2 fetchall_hashref

=head2 dump_results

=head2 bind_param_array

=head2 execute_array

=head2 execute_for_fetch

=head2 blob_read

=head2 blob_copy_to_file

=cut
