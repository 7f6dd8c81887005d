package CPANBridge::Compat::DBI::OracleStatement;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::OracleTypes;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

our @ISA = 'CPANBridge::Compat::DBI::Remote::st';

my ( $RSET, $TEXTS, $NUMBERS ) = ( 116, 201, 202 );
my $TRUNCATED = 24_345;

# --- values ---------------------------------------------------------------------------------------------------------

# Returns what there is to tell of a placeholder; nothing after an error.
sub _bind_of {
    my ( $sth, $attributes ) = @_;
    return {} if !defined $attributes;
    return { type => CPANBridge::Compat::DBI::OracleTypes::of_dbi($attributes) } if !ref $attributes;
    my $type = $attributes->{ora_type};
    return $sth->set_err( $DBI::stderr, 'bind_param: there must be only one of ora_type and TYPE' ) if defined $type && defined $attributes->{TYPE};
    return $sth->set_err( $DBI::stderr, "bind_param: ora_type $type is not known" )
      if $type && !CPANBridge::Compat::DBI::OracleTypes::is_known($type);
    $type = CPANBridge::Compat::DBI::OracleTypes::of_dbi( $attributes->{TYPE} ) if !defined $type;
    my %bind;
    $bind{type}     = $type                                    if $type;
    $bind{form}     = $attributes->{ora_csform}                if $attributes->{ora_csform};
    $bind{elements} = $attributes->{ora_maxarray_numentries}   if $attributes->{ora_maxarray_numentries};
    $bind{whole}    = 1                                        if ( $attributes->{ora_internal_type} || 0 ) == 3;
    return \%bind;
}

sub bind_param {
    my ( $sth, $name, $value, $attributes ) = @_;
    my $number = $sth->_number_of($name) or return $sth->_unknown($name);
    my $bind = $sth->_bind_of($attributes) or return;
    my $known = $sth->{_bind}{$number} ||= {};
    @$known{ keys %$bind } = values %$bind;
    delete $sth->{_inout}{$number};
    delete @$known{qw(out size)};
    my $bound = $sth->{_params}[ $number - 1 ] ||= [];
    $bound->[0] = $value;
    $bound->[1] = $bind->{type} if defined $bind->{type};
    return 1;
}

sub _unknown { my ( $sth, $name ) = @_; $name = 'undef' if !defined $name; return $sth->set_err( 1006, "ORA-01006: bind variable does not exist: can't bind unknown placeholder '$name'" ) }

sub bind_param_inout {
    my ( $sth, $name, $ref, $length, $attributes ) = @_;
    my $number = $sth->_number_of($name) or return $sth->_unknown($name);
    return $sth->set_err( $DBI::stderr, 'bind_param_inout needs a reference to a scalar value' )
      if !ref $ref || Scalar::Util::reftype($ref) !~ /\A(?:SCALAR|REF|LVALUE|VSTRING)\z/;
    return $sth->set_err( $DBI::stderr, 'Modification of a read-only value attempted' ) if Scalar::Util::readonly($$ref);
    my $value = ref $$ref && Scalar::Util::reftype($$ref) eq 'HASH' ? undef : $$ref;
    $sth->bind_param( $name, $value, $attributes ) or return;
    my $bind = $sth->{_bind}{$number};
    $bind->{out} = 1;
    $bind->{size} = $length if $length && $length =~ /\A[0-9]+\z/;
    $sth->{_inout}{$number} = $ref;
    return 1;
}

# Of each tuple of execute_array the value that comes back is put into an array.
sub bind_param_inout_array {
    my ( $sth, $name, $array, $length, $attributes ) = @_;
    return $sth->set_err( $DBI::stderr, 'bind_param_inout_array needs a reference to an array' ) if ref $array ne 'ARRAY';
    my $number = $sth->_number_of($name) or return $sth->_unknown($name);
    @$array = ();
    $sth->{_inout_arrays}{$number} = $array;
    $sth->{ParamArrays}{$number} = undef;
    return $sth->bind_param_inout( $number, \( $sth->{_inout_value}{$number} ), $length, $attributes );
}

# Names are equal whatever their case; in front of them stands a colon.
sub _number_of {
    my ( $sth, $name ) = @_;
    return if !defined $name;
    my $number = $sth->SUPER::_number_of($name);
    return $number if $number || $name !~ /\A:/;
    return $1 if $name =~ /\A:p?([0-9]+)\z/ && $1 >= 1 && $1 <= @{ $sth->{_names} };
    my ($at) = grep { lc $sth->{_names}[$_] eq lc $name } 0 .. $#{ $sth->{_names} };
    return defined $at ? $at + 1 : undef;
}

# --- executing ------------------------------------------------------------------------------------------------------

sub execute {
    my ( $sth, @values ) = @_;
    return $sth->_execute_cursor if $sth->{_is_cursor};
    my $inout = $sth->{_inout} || {};
    my $binds = $sth->{_bind}  || {};
    for my $number ( keys %$inout ) {
        my $value = ${ $inout->{$number} };
        my $type  = $binds->{$number}{type} || 0;
        undef $value if $type == $RSET && !( _cursor_of($value) && $value->{Active} ) || ref $value eq 'ARRAY' && $type != $TEXTS && $type != $NUMBERS;
        $sth->{_params}[ $number - 1 ][0] = $value if !@values || @values < $number;
    }

    # Values for the placeholders before those that return something are enough.
    my $count = @{ $sth->{_names} };
    if ( @values && @values < $count && @values + keys %$inout == $count ) {
        push @values, map { $sth->{_params}[$_][0] } scalar(@values) .. $count - 1;
    }
    return $sth->set_err( 1008, 'ORA-01008: not all variables bound: ' . $sth->_wrong_number( scalar @values, $count ) )
      if @values && @values != $count;
    my $arguments = $sth->_arguments(@values) or return;
    my $answer = $sth->_call( execute_binds => $arguments );
    if ( !$answer ) { $sth->{Database}->_failed; return }
    return $sth->_take($answer);
}

sub _arguments {
    my ( $sth, @values ) = @_;
    my $dbh = $sth->{Database};
    my $arguments = $sth->SUPER::_arguments(@values) or return;
    delete $arguments->{as_text};
    my %binds;
    for my $number ( keys %{ $sth->{_bind} || {} } ) {
        my %bind = %{ $sth->{_bind}{$number} };
        $bind{$_} = $bind{$_} ? \1 : \0 for grep { exists $bind{$_} } qw(out whole);
        $bind{$_} += 0 for grep { exists $bind{$_} } qw(type size form elements);
        $bind{type} ||= $dbh->{ora_ph_type} + 0 if $dbh->{ora_ph_type};
        $binds{ $number - 1 } = \%bind if %bind;
    }
    if ( $dbh->{ora_ph_type} && $dbh->{ora_ph_type} != 1 ) {
        $binds{$_} ||= { type => $dbh->{ora_ph_type} + 0 } for 0 .. $#{ $sth->{_names} };
    }
    $arguments->{binds} = \%binds if %binds;
    return { %$arguments, _limits($sth), handles => $sth->{_handles} ? \1 : \0 };
}

sub _unsendable {
    my ( $sth, $why ) = @_;
    $why =~ s/ at \S+ line \d+\.\n\z//;
    chomp $why;
    return $sth->set_err( $why =~ /\AORA-0*([0-9]+)/ ? $1 : $DBI::stderr, $why );
}

# How much of large values is to come.
sub _limits {
    my ($sth) = @_;
    my $long = $sth->{LongReadLen};
    $long = 80 if !defined $long || $long !~ /\A[0-9]+\z/;
    $long = 2**30 - 1 if $long > 2**30 - 1;
    return ( long => $long + 0, cut => $sth->{LongTruncOk} ? \1 : \0 );
}

# The number of an open cursor that a value stands for.
sub _cursor_of {
    my ($value) = @_;
    return if !Scalar::Util::blessed($value) || !UNIVERSAL::isa( $value, 'DBI::st' );
    return CPANBridge::Compat::DBI::Handle::inner($value)->{_statement};
}

sub _take {
    my ( $sth, $answer ) = @_;
    $sth->_describe_with($answer) if $answer->{columns};
    $sth->{ora_rowid} = $answer->{rowid};
    delete @$sth{qw(_all _position)};
    my $result = $sth->SUPER::_take($answer);
    $sth->_come_back( $answer->{out} ) or return if $answer->{out} && @{ $answer->{out} };
    $sth->set_err( '0', $answer->{warning} ) if $answer->{warning};
    return $result;
}

sub _describe_with {
    my ( $sth, $about ) = @_;
    $sth->{_about} = { map { ( $_ => $about->{$_} ) } qw(types precisions scales lengths display_sizes nullable) };
    delete $sth->{_convert};
    return if !grep { CPANBridge::Compat::DBI::OracleTypes::is_special($_) } @{ $about->{types} };
    Scalar::Util::weaken( my $weak = $sth );
    $sth->{_convert}{special} = sub { $weak->_special( $_[0] ) };
    return;
}

# The columns that were told when the statement was prepared.
sub _described {
    my ( $sth, $answer ) = @_;
    return if !$answer->{types};
    $sth->_describe_with($answer);
    $sth->_columns($answer);
    return;
}

sub _describe { return }

# Puts what came back into the program's variables.
sub _come_back {
    my ( $sth, $out ) = @_;
    my $dbh = $sth->{Database};
    my $too_long;
    for my $back (@$out) {
        my ( $at, $value, $listed ) = @$back;
        my $ref = $sth->{_inout}{ $at + 1 } or next;
        my $type = $sth->{_bind}{ $at + 1 }{type} || 0;
        my @values = $listed ? @$value : ($value);
        for my $one (@values) {
            if ( ref $one eq 'HASH' && exists $one->{__long__} ) { $too_long = $one; undef $one }
            else                                                 { $one = _object( $sth, $one ) }
        }
        if ( $type == $TEXTS || $type == $NUMBERS ) {
            if   ( ref $$ref eq 'ARRAY' ) { @{$$ref} = @{ $values[0] || [] } }
            else                          { $$ref = $values[0] }
        }
        elsif ( $listed && ref $$ref eq 'ARRAY' ) { @{$$ref} = @values }
        else                                      { $$ref = $values[0] }
    }
    return $sth->_truncated($too_long) if $too_long;
    return 1;
}

sub _truncated {
    my ( $sth, $mark ) = @_;
    return $sth->set_err( $TRUNCATED,
        "ORA-24345: A Truncation or null fetch error occurred (DBD ERROR: a value has $mark->{__long__} characters or bytes, and LongReadLen is "
          . "$sth->{LongReadLen}: set LongReadLen to at least that, or LongTruncOk)" );
}

# Makes a handle of what the daemon has given a number, and text of the program's character set of texts.
sub _object {
    my ( $sth, $value ) = @_;
    my $dbh = $sth->{Database};
    if ( ref $value eq 'ARRAY' ) { return [ map { _object( $sth, $_ ) } @$value ] }
    if ( ref $value ne 'HASH' ) { $dbh->_decode_text($value) if defined $value; return $value }
    return OCILobLocatorPtr->_new( $dbh, @$value{qw(__lob__ binary)} ) if exists $value->{__lob__};
    return _new_cursor( $sth, $value ) if exists $value->{__statement__};
    return $value;
}

# A statement handle whose statement is a cursor that the server has opened.
sub _new_cursor {
    my ( $sth, $about ) = @_;
    my ( $outer, $cursor ) = DBI::_new_sth(
        $sth->{Database},
        {
            Statement => $sth->{Statement}, _statement => $about->{__statement__}, _names => [], _params => [], _kind => 'SELECT', _is_cursor => 1,
            _rows => [], _more => 1, _fetched => 0, _count => 0, _want => 10, LongReadLen => $sth->{LongReadLen}, LongTruncOk => $sth->{LongTruncOk},
        }
    );
    $cursor->_described($about);
    $cursor->STORE( Active => 1 );
    return $outer;
}

# It is open already; programs may execute it all the same.
sub _execute_cursor {
    my ($sth) = @_;
    return $sth->set_err( 1001, 'ORA-01001: invalid cursor: this statement handle is that of a cursor which cannot be opened again' ) if !$sth->{Active};
    return '0E0';
}

# --- rows -----------------------------------------------------------------------------------------------------------

sub _refill {
    my ($sth) = @_;
    return $sth->SUPER::_refill if !$sth->{_is_cursor};
    return if !$sth->{_more};
    my $want = $sth->{_want} * 10;
    $want = 5000 if $want > 5000;
    my $answer = $sth->_call( fetch_cursor => { statement => $sth->{_statement}, rows => $sth->{_want} = $want, _limits($sth) } ) or return;
    $sth->{Database}->_decode( $answer, $sth );
    @$sth{qw(_rows _more)} = @$answer{qw(rows more)};
    return scalar @{ $sth->{_rows} };
}

# What is no value of its own in a row: handles, and marks of what is too long.
sub _special {
    my ( $sth, $row ) = @_;
    for my $value ( grep {ref} @$row ) {
        if ( ref $value eq 'HASH' && exists $value->{__long__} ) { $sth->{_too_long} = $value; undef $value }
        else                                                     { $value = _object( $sth, $value ) }
    }
    return;
}

sub fetch {
    my ($sth) = @_;
    if ( $sth->{_scrolls} ) { return $sth->ora_fetch_scroll( 2, 0 ) }
    my $row = $sth->SUPER::fetch or return;
    my $mark = delete $sth->{_too_long} or return $row;
    return $sth->_truncated($mark);
}

sub _not_active {
    my ($sth) = @_;
    return if defined $sth->{_fetched} || !$sth->{NUM_OF_FIELDS};
    return $sth->set_err( 1002, 'ORA-01002: fetch out of sequence: the statement has not been executed' );
}

sub _fetch_rows {
    my ( $sth, $most ) = @_;
    return $sth->SUPER::_fetch_rows($most) if !$sth->{_convert} && !$sth->{_scrolls};
    return DBD::_::st::_fetch_rows( $sth, $most );
}

sub rows {
    my ($sth) = @_;
    return defined $sth->{_fetched} ? $sth->{_fetched} : defined $sth->{_count} ? $sth->{_count} : -1;
}

# Scrolling is done here, in rows that are all fetched at the first step.
sub ora_fetch_scroll {
    my ( $sth, $orientation, $offset ) = @_;
    return $sth->set_err( $DBI::stderr, 'ora_fetch_scroll: prepare the statement with ora_exe_mode => OCI_STMT_SCROLLABLE_READONLY' ) if !$sth->{_scrolls};
    if ( !$sth->{_all} ) {
        return $sth->_not_active if !$sth->{_rows};
        my @rows;
        while ( my $row = $sth->SUPER::fetch ) {
            if ( my $mark = delete $sth->{_too_long} ) { return $sth->_truncated($mark) }
            push @rows, [@$row];
        }
        return if $sth->{_e}[0];
        $sth->{_all}      = \@rows;
        $sth->{_position} = 0;
        $sth->STORE( Active => 1 );
    }
    my ( $rows, $at ) = @$sth{qw(_all _position)};
    my $step = { 1 => $at, 2 => $at + 1, 4 => 1, 8 => scalar @$rows, 16 => $at - 1, 32 => $offset || 0, 64 => $at + ( $offset || 0 ) }->{$orientation};
    return $sth->set_err( $DBI::stderr, "ora_fetch_scroll: there is no orientation $orientation" ) if !defined $step;
    if ( $step > @$rows && $orientation == 2 ) { $sth->STORE( Active => 0 ); return }
    $step = $at if $step < 1 || $step > @$rows;
    return if $step < 1;
    $sth->{_position} = $step;
    my $fields = $sth->{_fbav} || CPANBridge::Compat::DBI::Statement::make_row($sth);
    @$fields[ 0 .. $#$fields ] = @{ $rows->[ $step - 1 ] };
    return $fields;
}

sub ora_scroll_position { my ($sth) = @_; return $sth->{_position} || 0 }

sub finish {
    my ($sth) = @_;
    delete @$sth{qw(_all _position)};
    return $sth->SUPER::finish;
}

# A piece of a column of the row that was fetched last, as far as LongReadLen has let it through.
sub blob_read {
    my ( $sth, $field, $offset, $length, $into, $at ) = @_;
    my $fields = $sth->{_fbav};
    return $sth->set_err( $DBI::stderr, "blob_read: there is no column $field, or no row" ) if !$fields || $field < 0 || $field > $#$fields;
    my $value = $fields->[$field];
    return if !defined $value || $offset > length $value;
    my $piece = substr $value, $offset, $length;
    if ($into) { substr( $$into, $at || 0 ) = '' if defined $$into; $$into = defined $$into ? "$$into$piece" : $piece }
    return $piece;
}

# --- arrays ---------------------------------------------------------------------------------------------------------

# Whether more is to be told of placeholders than one call for all tuples takes.
sub _needs_each {
    my ($sth) = @_;
    return 1 if %{ $sth->{_inout} || {} };
    my @binds = values %{ $sth->{_bind} || {} };
    return scalar grep { ( $_->{form} || 0 ) == 2 || ( $_->{type} || 0 ) > 1 && !CPANBridge::Compat::DBI::OracleTypes::is_bytes( $_->{type} ) } @binds;
}

sub execute_for_fetch {
    my ( $sth, $fetch, $status ) = @_;
    my $arrays = $sth->{_inout_arrays};
    my $inout  = $sth->{_inout};
    if ( !$sth->_needs_each ) {
        local $sth->{Database}{_in_array} = $sth;
        return $sth->SUPER::execute_for_fetch( $fetch, $status );
    }
    $arrays ||= {};
    my $kept = sub {
        my $tuple = $fetch->() or return;
        return [ map { $arrays->{ $_ + 1 } ? ${ $inout->{ $_ + 1 } } : $tuple->[$_] } 0 .. $#{ $sth->{_names} } ];
    };
    my ( $tuples, $failed, $affected ) = ( 0, 0, 0 );
    @$status = () if $status;
    while ( my $tuple = $kept->() ) {
        $tuples++;
        undef $sth->{_inout_value}{$_} for keys %$arrays;
        my $result = $sth->execute(@$tuple);
        if ($result) {
            push @{ $arrays->{$_} }, $sth->{_inout_value}{$_} for keys %$arrays;
            push @$status, $result if $status;
            $affected += $result;
            next;
        }
        $failed++;
        push @{ $arrays->{$_} }, undef for keys %$arrays;
        push @$status, [ @{ $sth->{_e} }[ 0, 1 ], $sth->state ] if $status;
        @{ $sth->{_e} } = ();
    }
    local $sth->{Database}{_in_array} = $sth;
    $sth->{Database}->_failed if $failed;
    return DBD::_::st::_tuples_outcome( $sth, $tuples, $failed, $affected, wantarray );
}

# --- attributes -----------------------------------------------------------------------------------------------------

sub ora_stmt_type { my ($sth) = @_; return CPANBridge::Compat::DBI::OracleTypes::statement_type( $sth->{_kind} ) }

sub ora_stmt_type_name { my ($sth) = @_; return $sth->{_kind} }

sub private_attribute_info {
    return { map { ( $_ => undef ) } qw(ora_lengths ora_types ora_rowid ora_est_row_width ora_type ora_fail_over) };
}

sub FETCH {
    my ( $sth, $name ) = @_;
    my $about = $sth->{_about};
    if ( $name eq 'TYPE' )      { return $about && [ map { CPANBridge::Compat::DBI::OracleTypes::dbi_type($_) } @{ $about->{types} } ] }
    if ( $name eq 'NULLABLE' )  { return $about && [ map { $_ ? 1 : 0 } @{ $about->{nullable} } ] }
    if ( $name eq 'SCALE' )     { return $about && $about->{scales} }
    if ( $name eq 'ora_types' || $name eq 'ora_type' ) { return $about && $about->{types} }
    if ( $name eq 'ora_lengths' ) { return $about && $about->{lengths} }
    if ( $name eq 'PRECISION' ) {
        return $about && [ map { $about->{types}[$_] == 2 ? $about->{precisions}[$_] : $about->{lengths}[$_] } 0 .. $#{ $about->{types} } ];
    }
    if ( $name eq 'ParamTypes' ) {
        my $names = $sth->{_names};
        return { map { my $type = ( $sth->{_bind}{ $_ + 1 } || {} )->{type}; ( $names->[$_] => $type ? { ora_type => $type } : undef ) } 0 .. $#$names };
    }
    if ( $name eq 'RowsInCache' ) { return scalar @{ $sth->{_rows} || [] } }
    return $sth->SUPER::FETCH($name);
}

# --- handles of LOBs ------------------------------------------------------------------------------------------------

package    # not to be indexed
  OCILobLocatorPtr;    # the name that programs look for

use strict;
use warnings;

# A handle is a reference to a number, which programs may look at; what else is known of it stands here.
my %known;

sub _new {
    my ( $class, $dbh, $number, $binary ) = @_;
    my $self = bless \$number, $class;
    my $about = $known{ Scalar::Util::refaddr($self) } = { dbh => $dbh, binary => $binary ? 1 : 0 };
    Scalar::Util::weaken( $about->{dbh} );
    return $self;
}

sub _is_binary { my ($self) = @_; return $known{ Scalar::Util::refaddr($self) }{binary} }

sub DESTROY {
    my ($self) = @_;
    my $about = delete $known{ Scalar::Util::refaddr($self) };
    my $dbh = $about && $about->{dbh};
    return if !$dbh || !$dbh->{_link} || !CPANBridge::Compat::DBI::Remote::db::_is_mine($dbh);
    local ( $@, $! );
    eval { $dbh->{_link}->release( database => $$self ) };
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::OracleStatement - statement handles of Oracle databases

=head1 DESCRIPTION

Used by the replacement of L<DBD::Oracle>; programs have no need of it. Here are values that come back from PL/SQL, cursors and LOBs as
handles, and scrolling; the rest is L<CPANBridge::Compat::DBI::Remote>'s.

=head1 METHODS

=head2 bind_param

=head2 bind_param_inout

=head2 bind_param_inout_array

=head2 execute

=head2 execute_for_fetch

=head2 fetch

=head2 blob_read

=head2 rows

=head2 finish

=head2 private_attribute_info

=head2 FETCH

Are described in L<DBI>.

=head2 ora_fetch_scroll

=head2 ora_scroll_position

=head2 ora_stmt_type

=head2 ora_stmt_type_name

Are described in L<DBD::Oracle>.

=cut
