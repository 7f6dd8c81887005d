package CPANBridge::Compat::DBI::Remote;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::Blocks;
use CPANBridge::Compat::DBI::Fetch;
use CPANBridge::Compat::DBI::Handle;
use CPANBridge::Compat::Link;
use CPANBridge::JSON;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, map { __PACKAGE__ . "::$_" } qw(db st);

# What an error of the connection to the daemon is called in SQL: "communication link failure".
our $LOST = '08S01';

# Rows that are asked for: with the answer to execute, and where all are wanted; then more and more. The daemon bounds a
# batch by its size, too.
our ( $FIRST, $FIRST_OF_ALL ) = ( 100, 1000 );
our ( $GROWS, $MOST ) = ( 10, 10_000 );

# Tuples of parameters that are sent at once, and bytes of values beyond which they are sent in two halves.
our ( $TUPLES, $LARGE ) = ( 1000, 1 << 22 );

# Calls a function of the daemon's module for a handle. Returns what it returns (1 where that is nothing), or nothing
# after the handle's error was set.
sub call {
    my ( $h, $function, $args ) = @_;
    my $dbh  = $h->{Database} || $h;
    my $link = $dbh->{_link} || _link( $h, $function ) || return;
    my $result;
    return defined $result ? $result : 1 if eval { $result = $link->call( database => $function, $args, $dbh->{_token} ); 1 };
    return _link( $h, $function ) && lost($h) if CPANBridge::Compat::Link::is_gone($@);
    return failed( $h, $@ );
}

# Takes the answer of a call that was made ahead.
sub collect {
    my ( $h, $id ) = @_;
    my $link = _link( $h, 'fetch' ) or return;
    my $result;
    return $result if eval { $result = $link->collect($id); 1 };
    return failed( $h, $@ );
}

# The connection to the daemon that a handle was made on; nothing, after the handle's error was set, if it is not there.
sub _link {
    my ( $h, $function ) = @_;
    my $dbh  = $h->{Database} || $h;
    my $link = $dbh->{_link};
    if ( !$link ) { return $h->set_err( _lost_number($dbh), "$function: the database handle is not connected", '08003' ) }
    if ( $dbh->{_pid} != $$ || $dbh->{_thread} != $CPANBridge::Compat::DBI::Handle::THREAD ) {
        return $h->set_err( _lost_number($dbh),
            'CPANBridge: this handle belongs to another process or thread; connect again in this one', $LOST );
    }
    return $link->is_current( $dbh->{_token} ) ? $link : lost($h);
}

# The number of an error that the database has none for, and of a lost connection. Where 1 is one of the database's own,
# its driver says others.
sub _number { my ($h) = @_; return $h->{_own_error} || 1 }
sub _lost_number { my ($h) = @_; return $h->{_lost_error} || 1 }

sub lost {
    my ($h) = @_;
    my $dbh = $h->{Database} || $h;
    $dbh->STORE( Active => 0 );
    return $h->set_err( _lost_number($dbh),
        'CPANBridge: the connection to the daemon that this handle was made on is gone (the daemon was restarted, a call was '
          . 'given up, or none was made for its idle_timeout); connect again', $LOST );
}

# Sets a handle's error to what was thrown. What was not thrown by the bridge - by a signal handler, say - goes on.
sub failed {
    my ( $h, $error ) = @_;
    die $error if !Scalar::Util::blessed($error) || !$error->isa('CPANBridge::Error');
    my $answer = $error->answer || {};
    my $type   = $error->type;
    my $dbh    = $h->{Database} || $h;
    if ( $type eq 'FunctionError' ) {
        @$dbh{qw(_diagnostics _error_offset)} = @$answer{qw(diagnostics offset)};
        return $h->set_err( $answer->{code} || _number($dbh), $error->message, $answer->{state} );
    }
    if ( $type eq 'Forbidden' || $type eq 'BadParams' || $type eq 'ResultTooLarge' ) {
        return $h->set_err( _number($dbh), 'CPANBridge: ' . $error->message, 'HY000' );
    }
    $dbh->STORE( Active => 0 )
      if $dbh->{Type} eq 'db' && $dbh->{_link} && !$dbh->{_link}->is_current( $dbh->{_token} );
    return $h->set_err( _lost_number($dbh), "CPANBridge: $type: " . $error->message, $LOST );
}

# Opens a database and returns a handle for it.
sub connect {
    my ( $drh, $name, $attributes, $arguments ) = @_;
    return adopt( $drh, $name, $attributes ) if defined $drh->{_imp_data_given};
    my ( $link, $answer ) = open_connection( $drh, $arguments ) or return;
    my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $name, %$attributes } );
    attach( $dbh, $link, $answer );
    return wantarray ? ( $outer, $dbh ) : $outer;
}

# Has the daemon open a database. Returns the link to it and its answer, or nothing after the handle's error was set.
sub open_connection {
    my ( $h, $arguments ) = @_;
    my ( $link, $answer );
    return ( $link, $answer )
      if eval { $link = CPANBridge::Compat::Link->get; $answer = $link->call( database => 'connect', $arguments ); 1 };
    failed( $h, $@ );
    return;
}

# Makes a handle that of an open database.
sub attach {
    my ( $dbh, $link, $answer ) = @_;
    $dbh->{_link}       = $link;
    $dbh->{_token}      = $link->token;
    $dbh->{_connection} = $answer->{connection};
    $dbh->{_info}       = $answer;
    $dbh->{_autocommit} = 1;
    $dbh->{_by_column}  = $answer->{by_column} && !$link->is_plain && $dbh->_takes_columns;
    $dbh->{_only_first} = $answer->{only_first};
    $dbh->STORE( Active => 1 );
    return;
}

# Connections that were taken out of their handles, by what take_imp_data returned.
my %parked;
my @CONNECTION = qw(_link _token _connection _info _autocommit _by_column _only_first _in_transaction _pid _thread);

# Makes a handle for one of those.
sub adopt {
    my ( $drh, $name, $attributes ) = @_;
    my $key  = $drh->{_imp_data_given};
    my $mine = $parked{$key};
    ( my $class = $drh->{ImplementorClass} ) =~ s/::dr\z/::db/;
    return $drh->set_err( 1, "connect: dbi_imp_data names no connection of $class that take_imp_data has left in this process", '08003' )
      if !$mine || $mine->{class} ne $class;
    delete $parked{$key};
    my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $name, %$attributes } );
    @$dbh{@CONNECTION} = @$mine{@CONNECTION};
    $dbh->STORE( Active => 1 );
    return wantarray ? ( $outer, $dbh ) : $outer;
}

# Returns what stands between the brackets of JSON's array of values that all go as their texts, if none of these has to be
# escaped; else nothing.
sub simply_spelled {
    my ( $texts, $text ) = ( 0, '' );
    for my $value (@_) {
        return if ref $value;
        if ( defined $value ) { $texts++; $text .= qq("$value",) }
        else                  { $text .= 'null,' }
    }
    chop $text;
    return if $text =~ tr/\x20-\x5b\x5d-\x7e//c || ( $text =~ tr/"// ) != 2 * $texts;
    utf8::downgrade($text);
    return $text;
}

# --- database handles -----------------------------------------------------------------------------------------------
#
# Drivers have methods _encode($value, $type), which returns what is sent for a value and whether it is bytes that mean
# text, and _decode($answer, $sth), where rows need it. _sends_text($type) is whether a value of ASCII is sent as its text.
# Where rows may come by column, _takes_columns is true, and _texts($answer, $sth) says what Blocks::columns is to do with texts.

package    # not to be indexed
  CPANBridge::Compat::DBI::Remote::db;

use strict;
use warnings;

our @ISA = 'DBD::_::db';

*_call = \&CPANBridge::Compat::DBI::Remote::call;

sub _park {
    my ( $dbh, $key ) = @_;
    $parked{$key} = { class => $dbh->{ImplementorClass}, map { $_ => $dbh->{$_} } @CONNECTION } if $dbh->{_link};
    return;
}

sub _sends_text { return 0 }

sub _takes_columns { return 0 }

sub _texts { return }

# What the daemon says of the transaction with each answer.
sub _note { my ( $dbh, $answer ) = @_; $dbh->{_in_transaction} = $answer->{in_transaction} ? 1 : 0; return }

# Has a server begin transactions by itself, or not.
sub _set_autocommit {
    my ( $dbh, $value ) = @_;
    $value = $value ? 1 : 0;
    return 1 if !$dbh->{_link} || $value == $dbh->{_autocommit};
    my $answer = $dbh->_call( set => { connection => $dbh->{_connection}, settings => { autocommit => \$value } } ) or return;
    $dbh->{_autocommit} = $value;
    $dbh->_note($answer);
    return 1;
}

sub ping {
    my ($dbh) = @_;
    return 0 if !$dbh->{Active} || !$dbh->{_link};
    my @errors = @{ $dbh->{_e} };
    my $answer = $dbh->_call( info => { connection => $dbh->{_connection} } );
    @{ $dbh->{_e} } = @errors if $answer;
    return $answer ? 1 : 0;
}

sub disconnect {
    my ($dbh) = @_;
    return 1 if !$dbh->{_link};
    my $mine = _is_mine($dbh);
    my $result = 1;
    if ( $mine && $dbh->{Active} ) {
        $result = $dbh->_call( disconnect => { connection => $dbh->{_connection} } );
    }
    $dbh->STORE( Active => 0 );
    for my $child ( grep {defined} @{ $dbh->{ChildHandles} || [] } ) {
        my $sth = CPANBridge::Compat::DBI::Handle::inner($child);
        $sth->_let_go if $sth->{_rows};
        delete $sth->{_statement};
        $sth->STORE( Active => 0 );
    }
    delete $dbh->{_link};
    return $result;
}

sub _is_mine {
    my ($dbh) = @_;
    return $dbh->{_pid} == $$ && $dbh->{_thread} == $CPANBridge::Compat::DBI::Handle::THREAD && $dbh->{_link}->is_current( $dbh->{_token} );
}

sub DESTROY {
    my ($dbh) = @_;
    return if !$dbh->{_link} || !$dbh->{Active} || !_is_mine($dbh);
    if ( !$dbh->FETCH('AutoCommit') && $dbh->{_in_transaction} && $dbh->{Warn} && $dbh->{Executed} ) {
        warn sprintf "Issuing rollback() due to DESTROY without explicit disconnect() of %s handle %s.\n", $dbh->{ImplementorClass},
          defined $dbh->{Name} ? $dbh->{Name} : '';
    }
    eval { $dbh->{_link}->release( database => $dbh->{_connection} ) };
    return;
}

# --- statement handles ----------------------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::Remote::st;

use strict;
use warnings;

our @ISA = 'DBD::_::st';

*_call = \&CPANBridge::Compat::DBI::Remote::call;

# Parameters are kept as [value, type] by number.
sub bind_param {
    my ( $sth, $name, $value, $attributes ) = @_;
    my $number = $sth->_number_of($name);
    return $sth->set_err( 1, "Can't bind unknown placeholder '$name'" ) if !$number;
    my $type = ref $attributes eq 'HASH' ? $sth->_type_of($attributes) : $attributes;
    my $bound = $sth->{_params}[ $number - 1 ] ||= [];
    $bound->[0] = $value;
    $bound->[1] = $type if defined $type;
    $sth->{_typed} = 1  if $type;
    return 1;
}

sub _type_of { return $_[1]{TYPE} }

sub _number_of {
    my ( $sth, $name ) = @_;
    my $names = $sth->{_names};
    if ( $name =~ /\A\d+\z/ ) { return $name >= 1 && $name <= @$names ? $name : undef }
    my $at = $sth->{_number} ||= do {
        my %number;
        @number{@$names} = 1 .. @$names;
        \%number;
    };
    return $at->{$name};
}

sub execute {
    my ( $sth, @values ) = @_;
    my $dbh = $sth->{Database};
    my $arguments = _spelled( $sth, $dbh, \@values );
    if ( !$arguments ) {
        $arguments = $sth->_arguments(@values) or return;
        $arguments->{by_column} = \1 if $dbh->{_by_column};
    }
    my $answer = $sth->_call( execute => $arguments );
    if ( !$answer ) { $dbh->_failed; return }
    return $sth->_take($answer);
}

# What is sent to have the statement executed, put together as JSON here where that is simple: where all values go as their
# texts, and none of these has to be escaped. All but the values is the same each time, or nearly so, and is kept in _spelled
# with what it was made of. Returns nothing where that is not so.
sub _spelled {
    my ( $sth, $dbh, $values ) = @_;
    my $link   = $dbh->{_link} or return;
    my $params = $sth->{_params};
    my $count  = @{ $sth->{_names} };
    return if $sth->{_typed} || $count != ( @$values || @$params ) || !$dbh->_sends_text( undef, $sth );
    my $text = CPANBridge::Compat::DBI::Remote::simply_spelled( @$values ? @$values : map { $_ && $_->[0] } @$params );
    return if !defined $text;
    my $at = 0;
    ( $params->[ $at++ ] ||= [] )->[0] = $_ for @$values;
    _begin( $sth, $dbh );
    my $known = $sth->{_spelled};
    if ( !$known || $known->[0] != $sth->{_statement} || $known->[1] != $sth->{_want} ) {
        my ( $statement, $rows ) = map { 0 + $_ } @$sth{qw(_statement _want)};
        my $how = $dbh->{_by_column} ? ',"by_column":true' : '';
        $known = $sth->{_spelled} = [ $statement, $rows, qq({"statement":$statement,"rows":$rows$how,"values":[) ];
    }
    return $link->text("$known->[2]$text]}");
}

# Ends what is left of the last execution, and decides how many rows are wanted first.
sub _begin {
    my ( $sth, $dbh ) = @_;
    CPANBridge::Compat::DBI::Handle::set_active( $sth, 0 ) if $sth->{Active};
    $sth->_let_go if $sth->{_rows};
    my $first = delete $sth->{_all} ? $FIRST_OF_ALL : $FIRST;
    $sth->{_want} = $sth->{RowCacheSize} || $dbh->{RowCacheSize} || $first;
    return;
}

# What is sent to have the statement executed; nothing after an error.
sub _arguments {
    my ( $sth, @values ) = @_;
    my $dbh   = $sth->{Database};
    my $count = @{ $sth->{_names} };
    if (@values) {
        return $sth->set_err( CPANBridge::Compat::DBI::Remote::_number($dbh), $sth->_wrong_number( scalar @values, $count ) ) if @values != $count;
        my $at = 0;
        for my $value (@values) { ( $sth->{_params}[ $at++ ] ||= [] )->[0] = $value }
    }
    _begin( $sth, $dbh );
    my ( @sent, @as_text );
    my $params = $sth->{_params};
    eval {
        for my $at ( 0 .. $count - 1 ) {
            my ( $value, $type ) = $params->[$at] ? @{ $params->[$at] } : ();
            if ( defined $value ) {
                ( $value, my $bytes ) = $dbh->_encode( $value, $type, $sth );
                push @as_text, $at if $bytes;
            }
            push @sent, $value;
        }
        1;
    } or return $sth->_unsendable($@);
    return {
        statement => $sth->{_statement},
        values    => \@sent,
        @as_text ? ( as_text => \@as_text ) : (),
        rows => $sth->{_want},
    };
}

sub _unsendable { my ( $sth, $why ) = @_; $why =~ s/ at \S+ line \d+\.\n\z//; return $sth->set_err( CPANBridge::Compat::DBI::Remote::_number( $sth->{Database} ), $why ) }

sub _wrong_number { my ( $sth, $given, $count ) = @_; return "called with $given bind variables when $count are needed" }

# Takes the answer to execute; returns what execute returns.
sub _take {
    my ( $sth, $answer ) = @_;
    my $dbh = $sth->{Database};
    $sth->_let_go if $sth->{_rows} || $sth->{_asked};
    $dbh->_note($answer);
    my $columns = $answer->{columns};
    $sth->{_statement} = $answer->{statement} if $answer->{statement};
    if ($columns) {
        $sth->_columns($answer);
        $dbh->_decode( $answer, $sth );
        $sth->_hand_out($answer);
        $sth->{_fetched} = 0;
        $sth->{_ahead}   = $answer->{ahead};
        $sth->{_count}   = $answer->{count};
        CPANBridge::Compat::DBI::Handle::set_active( $sth, 1 );
        return $answer->{count} || '0E0';
    }
    delete @$sth{qw(_rows _fetched)};
    _forget_blocks($sth) if $sth->{_block} || $sth->{_blocks};
    $sth->_columns($answer);
    $sth->{_more}  = 0;
    $sth->{_count} = $answer->{count};
    return $answer->{count} || '0E0';
}

sub _columns {
    my ( $sth, $answer ) = @_;
    my $names = $answer->{columns} || [];
    my $old = $sth->{NAME};
    return if $old && defined $sth->{NUM_OF_FIELDS} && @$old == @$names && "@$old" eq "@$names";
    $sth->STORE( NAME => $sth->{Database}->_column_names($names) );
    if ( !defined $sth->{NUM_OF_FIELDS} || $sth->{NUM_OF_FIELDS} != @$names ) {
        $sth->STORE( NUM_OF_FIELDS => scalar @$names );
        delete $sth->{_fbav} if !$sth->{_bound};
    }
    return;
}

# Has rows that have come; _batch says how many they were, and _more whether there may be more. _rows are arrays. Others
# are in _blocks by column, as they have come, and in _block: the number of rows that are left there, and its columns.
sub _hand_out {
    my ( $sth, $answer ) = @_;
    my $blocks = $answer->{blocks};
    my $rows = $sth->{_rows} = $answer->{rows};
    $sth->{_more} = $answer->{more};
    _forget_blocks($sth) if $sth->{_block} || $sth->{_blocks};
    if ( $blocks && @$blocks ) {
        _forget_blocks($sth);
        $sth->{_batch} = _count($answer);
        $sth->{_blocks} = _read( $sth, $answer );
    }
    else { $sth->{_batch} = @$rows }
    my $fields = $sth->{_fbav} or return;
    my $fast = $sth->{_fast};
    delete $sth->{_fast} if $fast && $fast->[1] != $fields;
    CPANBridge::Compat::DBI::Fetch::allow($sth);
    return;
}

# With them goes the short way to them; that to rows stays as it is.
sub _forget_blocks { my ($sth) = @_; delete @$sth{qw(_blocks _block _fast)}; return }

# Returns the blocks of an answer, which know how texts are wanted.
sub _read {
    my ( $sth, $answer ) = @_;
    my $texts = $sth->{Database}->_texts( $answer, $sth );
    $_->{texts} = $texts for @{ $answer->{blocks} };
    return $answer->{blocks};
}

sub _count {
    my ($answer) = @_;
    my $count = @{ $answer->{rows} };
    $count += $_->{count} for @{ $answer->{blocks} || [] };
    return $count;
}

# Whether there is a row at hand. Opens the next block if need be.
sub _has_row {
    my ($sth) = @_;
    return 1 if @{ $sth->{_rows} } || $sth->{_block} && ${ $sth->{_block}[0] };
    my $block = $sth->{_blocks} && shift @{ $sth->{_blocks} } or return 0;
    delete $sth->{_fast};
    $sth->{_block} = [ \( my $left = $block->{count} ), CPANBridge::Compat::DBI::Blocks::columns( $block, $block->{texts} ) ];
    return 1;
}

# Adds so many rows to an array, if there are that many before the next block; as hashes by names of all columns, if there
# are such.
sub _take_rows {
    my ( $sth, $to, $most, $names ) = @_;
    my $rows = $sth->{_rows};
    if ( my $left = !@$rows && $sth->{_block} && $sth->{_block}[0] ) {
        my ( undef, @columns ) = @{ $sth->{_block} };
        my $count = defined $most && $most < $$left ? $most : $$left;
        delete $sth->{_fast} if !( $$left -= $count );
        if   ($names) { CPANBridge::Compat::DBI::Blocks::hashes( \@columns, $count, $to, $names ) }
        else          { CPANBridge::Compat::DBI::Blocks::rows( \@columns, $count, $to ) }
        return;
    }
    my $count = defined $most && $most < @$rows ? $most : scalar @$rows;
    if ($names) {
        push @$to, map { my %row; @row{@$names} = @$_; \%row } splice @$rows, 0, $count;
    }
    else { push @$to, splice @$rows, 0, $count }
    return;
}

# Makes arrays of all rows that are here.
sub _unfold {
    my ($sth) = @_;
    return if !$sth->{_rows} || !$sth->{_block} && !$sth->{_blocks};
    delete $sth->{_fast};
    my @rows;
    while ( $sth->_has_row ) { $sth->_take_rows( \@rows ) }
    $sth->{_rows} = \@rows;
    delete @$sth{qw(_block _blocks)};
    return;
}

# Lets go of rows that are left, and of those that were asked for ahead.
sub _let_go {
    my ($sth) = @_;
    $sth->{_fetched} = $sth->_fetched if defined $sth->{_fetched};
    delete $sth->{_rows};
    _forget_blocks($sth) if $sth->{_block} || $sth->{_blocks};
    my $asked = delete $sth->{_asked} or return;
    my $link = $sth->{Database}{_link} or return;
    $link->drop($asked);
    return;
}

sub _fetched {
    my ($sth) = @_;
    my $fetched = $sth->{_fetched} || 0;
    my $rows = $sth->{_rows} or return $fetched;
    my $left = @$rows;
    $left += ${ $sth->{_block}[0] } if $sth->{_block};
    if ( $sth->{_blocks} ) { $left += $_->{count} for @{ $sth->{_blocks} } }
    return $fetched + ( $sth->{_batch} || 0 ) - $left;
}

# The arguments of the call that gets the next rows.
sub _next_rows {
    my ($sth) = @_;
    my $want = $sth->{RowCacheSize} || $sth->{_want} * $GROWS;
    $want = $MOST if $want > $MOST;
    return { statement => $sth->{_statement}, rows => $sth->{_want} = $want, $sth->{Database}{_by_column} ? ( by_column => \1 ) : () };
}

# Asks for the next rows, which are on their way while the program has those that are here.
sub _ask_ahead {
    my ($sth) = @_;
    return if !$sth->{_more} || $sth->{_asked} || !$sth->{_ahead};
    my $link = $sth->{Database}{_link}                                or return;
    my $room = $link->is_current( $sth->{Database}{_token} ) && $link->room or return;
    $sth->{_asked} = $link->ahead( database => 'fetch', { %{ $sth->_next_rows }, size => $room } );
    return;
}

# Has the rows that were asked for ahead among those that are here.
sub _take_ahead {
    my ($sth) = @_;
    my $asked = delete $sth->{_asked} or return;
    my $answer = CPANBridge::Compat::DBI::Remote::collect( $sth, $asked ) or return;
    $sth->{Database}->_decode( $answer, $sth );
    $sth->{_batch} += _count($answer);
    $sth->_unfold if @{ $answer->{rows} };
    push @{ $sth->{_rows} }, @{ $answer->{rows} };
    push @{ $sth->{_blocks} }, @{ _read( $sth, $answer ) } if $answer->{blocks};
    $sth->{_more} = $answer->{more};
    return;
}

# Gets the next rows, when those that are here have been fetched.
sub _refill {
    my ($sth) = @_;
    return if !$sth->{_more};
    my $asked = delete $sth->{_asked};
    my $answer;
    if ($asked) {
        $answer = CPANBridge::Compat::DBI::Remote::collect( $sth, $asked ) or return;

        # The next row is too large to be had ahead.
        if ( $answer->{more} && !_count($answer) ) { undef $answer; $sth->{_ahead} = 0 }
    }
    $answer ||= $sth->_call( fetch => $sth->_next_rows ) or return;
    $sth->{_fetched} += $sth->{_batch};
    $sth->_hand_out($answer);
    $sth->_ask_ahead;
    $sth->{Database}->_decode( $answer, $sth );
    return $sth->_has_row;
}

# All rows have been fetched, or there are no others after an error.
sub _end {
    my ($sth) = @_;
    CPANBridge::Compat::DBI::Handle::set_active( $sth, 0 );
    $sth->_let_go;
    return;
}

sub fetch {
    my ($sth) = @_;
    my $rows = $sth->{_rows};
    if ( !$rows ) {
        return if $sth->{Active};
        return $sth->_not_active;
    }
    if ( !@$rows ) {
        return $sth->_end if !$sth->_has_row && !$sth->_refill;
        $rows = $sth->{_rows};
    }
    $sth->_take_rows( \my @next, 1 ) if !@$rows;
    my $row = @$rows ? shift @$rows : $next[0];
    my $fields = $sth->{_fbav} || CPANBridge::Compat::DBI::Statement::make_row($sth);
    $sth->_convert($row) if $sth->{_convert} || $sth->{ChopBlanks};
    CPANBridge::Compat::DBI::Fetch::into_fields( $fields, $row, $sth->{_bound} );
    CPANBridge::Compat::DBI::Fetch::allow($sth);
    return $fields;
}

sub _not_active { return }

sub _convert {
    my ( $sth, $row ) = @_;
    $_->($row) for values %{ $sth->{_convert} || {} };
    if ( $sth->{ChopBlanks} ) { defined && s/ +\z// for @$row }
    return;
}

sub _fetch_hashes {
    my ( $sth, $most, $names, $at ) = @_;
    my $as_ever = $sth->{_convert} || $sth->{ChopBlanks} || $sth->can('_fetch_rows') != \&_fetch_rows;
    return $sth->SUPER::_fetch_hashes( $most, $names, $at ) if $as_ever || "@$at" ne join ' ', 0 .. ( $sth->{NUM_OF_FIELDS} || 0 ) - 1;
    return $sth->_fetch_rows( $most, $names );
}

sub _fetch_rows {
    my ( $sth, $most, $names ) = @_;
    my @all;
    while ( $sth->{_rows} ) {
        last if defined $most && @all >= $most;
        $sth->_ask_ahead if !defined $most;
        my $before = @all;
        $sth->_take_rows( \@all, defined $most ? $most - @all : undef, $names ) if $sth->_has_row;
        if ( $sth->{_convert} || $sth->{ChopBlanks} ) { $sth->_convert($_) for @all[ $before .. $#all ] }
        last if defined $most && @all >= $most;
        if ( !$sth->_has_row && !$sth->_refill ) {
            $sth->_end;
            return if $sth->{_e}[0] && !@all;
        }
    }
    return \@all;
}

sub rows {
    my ($sth) = @_;
    return defined $sth->{_fetched} && !$sth->{_count} ? $sth->_fetched : defined $sth->{_count} ? $sth->{_count} : -1;
}

sub finish {
    my ($sth) = @_;
    my $open = delete $sth->{_more};
    $sth->_let_go if $sth->{_rows};
    CPANBridge::Compat::DBI::Handle::set_active( $sth, 0 ) if $sth->{Active};
    return 1 if !$open || !$sth->{Database}{_link};
    return $sth->_call( finish => { statement => $sth->{_statement} } ) ? 1 : undef;
}

# Only what was asked for is found out before the statement is executed.
sub _describe {
    my ($sth) = @_;
    return if defined $sth->{NUM_OF_FIELDS} || !$sth->{_statement};
    my $answer = $sth->_call( describe => { statement => $sth->{_statement} } ) or return;
    $sth->_columns($answer);
    return;
}

my %DESCRIBED = map { $_ => 1 } qw(NUM_OF_FIELDS NAME TYPE PRECISION SCALE NULLABLE);

sub FETCH {
    my ( $sth, $name ) = @_;
    if ( $name eq 'ParamValues' || $name eq 'ParamTypes' ) {
        my ( $names, $params ) = @$sth{ '_names', '_params' };
        my $index = $name eq 'ParamTypes';
        return {
            map {
                my $bound = $params->[ $_ - 1 ];
                ( $names->[ $_ - 1 ] => $index ? $bound && defined $bound->[1] ? { TYPE => $bound->[1] } : undef : $bound->[0] )
            } 1 .. @$names
        };
    }
    return scalar @{ $sth->{_names} } if $name eq 'NUM_OF_PARAMS';
    $sth->_describe if !defined $sth->{NUM_OF_FIELDS} && ( $DESCRIBED{$name} || $name =~ /^NAME_/ );
    return $sth->SUPER::FETCH($name);
}

# Executes the statement with one tuple of values after the other. They are sent by parameter, $TUPLES at a time.
sub execute_for_fetch {
    my ( $sth, $fetch, $status ) = @_;
    my $count = @{ $sth->{_names} };
    my @outcome = ( 0, 0, 0 );
    @$status = () if $status;
    my $ended;
    while ( !$ended ) {
        my ( $got, @columns ) = (0);
        while ( $got < $TUPLES ) {
            my $tuple = $fetch->();
            if ( !$tuple ) { $ended = 1; last }
            push @{ $columns[$_] }, $tuple->[$_] for 0 .. $count - 1;
            $got++;
        }
        last if !$got;
        $sth->_execute_many( \@columns, $got, $status, \@outcome ) or return;
    }
    return DBD::_::st::_tuples_outcome( $sth, @outcome, wantarray );
}

# A driver that does more than that in its execute_for_fetch does it for arrays, too, unless it says that it need not.
sub _takes_arrays { return $_[0]->can('execute_for_fetch') == \&execute_for_fetch }

sub _execute_arrays {
    my ( $sth, $values, $longest, $status ) = @_;
    return $sth->SUPER::_execute_arrays( $values, $longest, $status ) if !$sth->_takes_arrays;
    my @outcome = ( 0, 0, 0 );
    @$status = () if $status;
    for ( my $at = 0 ; $at < $longest ; $at += $TUPLES ) {
        my $got = $longest - $at < $TUPLES ? $longest - $at : $TUPLES;
        my @columns = map { ref $_ eq 'ARRAY' ? [ @$_[ $at .. $at + $got - 1 ] ] : [ ($_) x $got ] } @$values;
        $sth->_execute_many( \@columns, $got, $status, \@outcome ) or return;
    }
    return DBD::_::st::_tuples_outcome( $sth, @outcome, wantarray );
}

# Sends the tuples, and adds to the numbers of tuples, of those that failed, and of rows. False after an error.
sub _execute_many {
    my ( $sth, $columns, $count, $status, $outcome ) = @_;
    my $dbh = $sth->{Database};
    my ( @sent, %nulls, %as_text );
    my $size = 0;
    for my $at ( 0 .. $#{ $sth->{_names} } ) {
        my $values = $columns->[$at];
        my $type   = $sth->{_params}[$at] && $sth->{_params}[$at][1];
        my $packed = $dbh->_sends_text( $type, $sth ) ? _packed($values) : undef;
        if ( defined $packed ) {
            my @nulls = grep { !defined $values->[$_] } 0 .. $#$values;
            $nulls{$at} = \@nulls if @nulls;
            $size += length $packed;
            push @sent, CPANBridge::Bytes->new($packed);
            next;
        }
        my @values;
        for my $index ( 0 .. $#$values ) {
            my $value = $values->[$index];
            if ( defined $value ) {
                ( $value, my $bytes ) = $dbh->_encode( $value, $type, $sth );
                push @{ $as_text{$at} }, $index if $bytes;
                $size += ref $value ? length "$value" : length $value;
            }
            push @values, $value;
        }
        push @sent, \@values;
    }
    if ( $size > $LARGE && $count > 1 ) {
        my $half = int $count / 2;
        return $sth->_execute_many( [ map { [ splice @$_, 0, $half ] } @$columns ], $half, $status, $outcome )
          && $sth->_execute_many( $columns, $count - $half, $status, $outcome );
    }
    my $answer = $sth->_call(
        execute_columns => {
            statement => $sth->{_statement},
            count     => $count,
            columns   => \@sent,
            %nulls   ? ( nulls   => \%nulls )   : (),
            %as_text ? ( as_text => \%as_text ) : (),
        }
    ) or return;
    $dbh->_note($answer);
    my ( $each, $counts ) = @$answer{qw(each counts)};
    my %failed = map { ( $_->{at} => $_ ) } @{ $answer->{errors} || [] };
    $outcome->[0] += $count;
    $outcome->[1] += keys %failed;
    if ( !%failed && defined $each && $each >= 0 && $outcome->[2] >= 0 ) {
        $outcome->[2] += $count * $each;
        push @$status, ( $each || '0E0' ) x $count if $status;
        return 1;
    }
    for my $at ( 0 .. $count - 1 ) {
        if ( my $error = $failed{$at} ) {
            push @$status, [ $error->{code} || 1, $error->{error}, $error->{state} || 'S1000' ] if $status;
            next;
        }
        my $rows = $counts ? $counts->[$at] : $each;
        push @$status, $rows || '0E0' if $status;
        $outcome->[2] = $outcome->[2] < 0 || $rows < 0 ? -1 : $outcome->[2] + $rows;
    }
    $dbh->_failed if %failed;
    return 1;
}

# Texts of ASCII with NUL between them, or undef where they are not all such.
sub _packed {
    my ($values) = @_;
    return if grep {ref} @$values;
    no warnings 'uninitialized';    # undef goes separately
    my $text = join "\0", @$values;
    return if $text =~ tr/\x00-\x7f//c || ( $text =~ tr/\0// ) != $#$values;
    utf8::downgrade($text);
    return $text;
}

sub DESTROY {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    my $link = $sth->{_statement} && $dbh->{_link} or return;

    # Whether the daemon is still there need not be known: this is only noted, and told with a later call.
    return if $dbh->{_pid} != $$ || $dbh->{_thread} != $CPANBridge::Compat::DBI::Handle::THREAD || $link->token ne $dbh->{_token};
    $link->drop( $sth->{_asked} ) if $sth->{_asked};
    eval { $link->release( database => $sth->{_statement} ) };
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Remote - handles of databases that the daemon has open

=head1 DESCRIPTION

Used by the replacements of L<DBD::SQLite>, L<DBD::Pg> and L<DBD::MariaDB>; programs have no need of it. Here is what their database and
statement handles have in common: the calls of the daemon's module C<database>, and the rows, which come in batches.

=head1 FUNCTIONS

=head2 call

Calls a function of the module for a handle, and sets the handle's error where that fails.

=head2 adopt

Makes a handle for a connection that C<take_imp_data> took out of another one.

=head2 collect

Takes the answer of a call that was made ahead, and does the same.

=head2 connect

Opens a database.

=head2 open_connection

Has the daemon open a database.

=head2 simply_spelled

Returns values as they stand in JSON, where nothing in them has to be escaped.

=head2 attach

Makes a handle that of an open database.

=head2 failed

Sets a handle's error to what a call has thrown. An error that is the connection's to the daemon has the state C<08S01>
and a text that begins with "CPANBridge".

=head2 lost

Sets a handle's error: the connection that it was made on is gone.

=head1 METHODS

=head2 ping

=head2 disconnect

=head2 bind_param

=head2 execute

=head2 execute_for_fetch

=head2 fetch

=head2 rows

=head2 finish

=head2 FETCH

Are described in L<DBI>.

=cut
