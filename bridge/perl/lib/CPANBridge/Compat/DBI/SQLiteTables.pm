package CPANBridge::Compat::DBI::SQLiteTables;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::SQLiteFunctions;
use CPANBridge::Compat::DBI::SQLiteValues;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# While a class is asked for its BEST_INDEX: how SQLite compares the constraints' values, or undef where it does not tell.
our $COLLATIONS;

# What a table is told of only where its class has a method of its own for it.
my %TOLD = (
    find        => 'FIND_FUNCTION',
    begin       => 'BEGIN_TRANSACTION',
    sync        => 'SYNC_TRANSACTION',
    commit      => 'COMMIT_TRANSACTION',
    rollback    => 'ROLLBACK_TRANSACTION',
    rename      => 'RENAME',
    savepoint   => 'SAVEPOINT',
    release     => 'RELEASE',
    rollback_to => 'ROLLBACK_TO',
);

# About as many bytes are sent at once of rows that are fetched ahead.
my $ENOUGH = 1 << 18;

my $last_module = 0;

# What a handle has of modules, tables and cursors, by the numbers that it and the daemon have for them.
sub of {
    my ($dbh) = @_;
    return $dbh->{_virtual} if $dbh->{_virtual};
    my $self = bless { dbh => $dbh, modules => {}, tables => {}, cursors => {} }, __PACKAGE__;
    Scalar::Util::weaken( $self->{dbh} );
    my $weak = $self;
    Scalar::Util::weaken($weak);
    $self->{callback} = $dbh->{_link}->callback( sub { return $weak ? CPANBridge::Compat::DBI::SQLiteFunctions::answer_of( $weak, $weak->{dbh}, @_ ) : { died => 'the handle is gone' } } );
    return $dbh->{_virtual} = $self;
}

sub create_module {
    my ( $dbh, $name, $class ) = @_;
    return $dbh->set_err( 21, 'attempt to create_module on inactive database handle' ) if !$dbh->{Active};
    Carp::croak('create_module needs the name of a module') if !defined $name || !length $name;
    Carp::croak("create_module needs the name of a class, which consists of words with :: between them")
      if !defined $class || $class !~ /\A\w+(?:(?:::|')\w+)*\z/;
    if ( !$class->can('CREATE') ) {
        ( my $file = "$class.pm" ) =~ s{::|'}{/}g;
        require $file;
        Carp::croak("$class is no class of virtual tables: it has no method CREATE") if !$class->can('CREATE');
    }
    my $self   = of($dbh);
    my $number = ++$last_module;
    my @before = grep { lc $self->{modules}{$_}{name} eq lc $name } keys %{ $self->{modules} };
    $self->{modules}{$number} = { name => $name, class => $class };
    my $text = CPANBridge::Compat::DBI::SQLiteValues::characters( "$name", $dbh->{_mode} );
    my $done = $dbh->_call(
        create_module => { connection => $dbh->{_connection}, name => $text, number => $number, code => $self->{callback} } );
    if ( !$done ) { delete $self->{modules}{$number}; return }

    # Tables of the module that had the name have objects already; SQLite creates none any more.
    for my $other (@before) { my $gone = delete $self->{modules}{$other}; $gone->{class}->DESTROY_MODULE }
    $class->CREATE_MODULE($name);
    return 1;
}

# The connection is closed. What an object dies of then, its handle's owner hears of as a warning.
sub close_all {
    my ($self) = @_;
    $self->{cursors} = {};
    for my $number ( sort { $a <=> $b } keys %{ $self->{tables} } ) { $self->_disconnect($number) }
    for my $number ( sort { $a <=> $b } keys %{ $self->{modules} } ) {
        my $module = delete $self->{modules}{$number};
        _warned( sub { $module->{class}->DESTROY_MODULE } );
    }
    return;
}

sub _warned {
    my ($code) = @_;
    local $@;
    return if eval { $code->(); 1 };
    my $said = "$@";
    warn $said =~ /\n\z/ ? $said : "$said\n";
    return;
}

# --- what the daemon asks -------------------------------------------------------------------------------------------

sub _outgoing { my ( $self, $value ) = @_; return CPANBridge::Compat::DBI::SQLiteFunctions::_outgoing( $value, $self->{unicode} ) }

sub _number { my ($value) = @_; no warnings qw(numeric uninitialized); return defined $value ? 0 + $value : undef }

# The cost of a plan that a class does not want may be infinite.
sub _cost { my $cost = _number( $_[0] ); return defined $cost && abs $cost > 1e300 ? 1e300 : $cost }

sub _table { my ( $self, $number ) = @_; return $self->{tables}{$number}{object} || die "there is no such table any more\n" }

sub _cursor { my ( $self, $number ) = @_; return $self->{cursors}{$number} || die "there is no such cursor any more\n" }

sub _create { my ( $self, @arguments ) = @_; return $self->_make( CREATE => @arguments ) }

sub _connect { my ( $self, @arguments ) = @_; return $self->_make( CONNECT => @arguments ) }

sub _make {
    my ( $self, $method, $number, $module, $name, $schema, $table, $arguments ) = @_;
    my $class = $self->{modules}{$module}{class} || die "there is no module $name any more\n";
    my $handle = CPANBridge::Compat::DBI::Handle::outer( $self->{dbh} );
    Scalar::Util::weaken($handle);
    my $object = $class->$method( \$handle, $name, $schema, $table, @$arguments );
    die "$class\->$method should return an object\n" if !Scalar::Util::blessed($object);
    my $declaration = $object->VTAB_TO_DECLARE;
    die "$class\->VTAB_TO_DECLARE should return a statement CREATE TABLE\n"
      if !defined $declaration || $declaration !~ /\A\s*CREATE\s+TABLE\b/i;
    my @has = grep {
        my $own = $object->can( $TOLD{$_} );
        $own && $own != ( DBD::SQLite::VirtualTable->can( $TOLD{$_} ) || 0 );
    } sort keys %TOLD;
    $self->{tables}{$number} = { object => $object, functions => {} };
    return [ CPANBridge::Compat::DBI::SQLiteValues::characters( "$declaration", $self->{dbh}{_mode} ), \@has ];
}

sub _forget { my ( $self, $number ) = @_; delete $self->{tables}{$number}; return }

sub _drop {
    my ( $self, $number ) = @_;
    $self->_table($number)->DROP;
    delete $self->{tables}{$number};
    return;
}

sub _disconnect {
    my ( $self, $number ) = @_;
    my $table = delete $self->{tables}{$number} or return;
    _warned( sub { $table->{object}->DISCONNECT } );
    return;
}

sub _best_index {
    my ( $self, $number, $constraints, $order, $collations ) = @_;
    local $COLLATIONS = $collations;
    my @constraints = map { { col => $_->[0], op => $_->[1], usable => $_->[2] ? 1 : '' } } @$constraints;
    my @order = map { { col => $_->[0], desc => $_->[1] } } @$order;
    my $said = $self->_table($number)->BEST_INDEX( \@constraints, \@order );
    die "BEST_INDEX should return a reference to a hash\n" if ref $said ne 'HASH';
    return [
        _number( $said->{idxNum} ),
        $self->_outgoing( $said->{idxStr} ),
        $said->{orderByConsumed} ? 1 : 0,
        _cost( $said->{estimatedCost} ),
        _number( $said->{estimatedRows} ),
        [ map { defined $_->{argvIndex} ? [ _number( $_->{argvIndex} ), $_->{omit} ? 1 : 0 ] : undef } @constraints[ 0 .. $#$constraints ] ],
    ];
}

# Returns how many columns a row has, where rows may be fetched ahead.
sub _open {
    my ( $self, $number, $cursor_number ) = @_;
    my $cursor = $self->_table($number)->OPEN;
    die "OPEN should return an object\n" if !Scalar::Util::blessed($cursor);
    $self->{cursors}{$cursor_number} = $cursor;
    my $columns = $cursor->can('_columns_of_rows_ahead') or return 0;
    return $cursor->$columns;
}

sub _close { my ( $self, $number ) = @_; delete $self->{cursors}{$number}; return }

sub _filter {
    my ( $self, $number, $index, $name, $values, $wanted, $most ) = @_;
    my $cursor = $self->_cursor($number);
    $cursor->FILTER( $index, $name, @$values );
    return $self->_rows( $cursor, $wanted, $most );
}

sub _next {
    my ( $self, $number, $wanted, $most ) = @_;
    my $cursor = $self->_cursor($number);
    $cursor->NEXT;
    return $self->_rows( $cursor, $wanted, $most );
}

# Rows from that on which the cursor is, of each what is wanted: columns by their numbers, and -1 for the row's own. Also
# whether there are no more. A column that has died is left to be asked for. The cursor stays on the last row.
sub _rows {
    my ( $self, $cursor, $wanted, $most ) = @_;
    my @rows;
    my $size = 0;
    while (1) {
        return [ \@rows, 1 ] if $cursor->EOF;
        my @row;
        my $got = do { local ( $@, $SIG{__DIE__} ); eval { @row = map { $self->_value( $cursor, $_ ) } @$wanted; 1 } };
        @row = map { $self->_value_or_none( $cursor, $_ ) } @$wanted if !$got;
        if ( $most > 1 ) { $size += length for grep {defined} @row }
        push @rows, \@row;
        return [ \@rows, 0 ] if @rows >= $most || $size > $ENOUGH;
        $cursor->NEXT;
    }
}

sub _value_or_none {
    my ( $self, $cursor, $column ) = @_;
    my $value;
    local ( $@, $SIG{__DIE__} );
    return eval { $value = $self->_value( $cursor, $column ); 1 } ? $value : {};
}

sub _value {
    my ( $self, $cursor, $column ) = @_;
    return _number( scalar $cursor->ROWID ) if $column < 0;
    return $self->_outgoing( scalar $cursor->COLUMN($column) );
}

sub _column { my ( $self, $number, $column ) = @_; return $self->_value( $self->_cursor($number), $column ) }

sub _rowid { my ( $self, $number ) = @_; return $self->_value( $self->_cursor($number), -1 ) }

sub _update {
    my ( $self, $number, $values ) = @_;
    return _number( scalar $self->_table($number)->_SQLITE_UPDATE(@$values) );
}

sub _find {
    my ( $self, $number, $arguments, $name ) = @_;
    my $code = $self->_table($number)->FIND_FUNCTION( $arguments, $name ) or return 0;
    die "FIND_FUNCTION should return a reference to a sub\n" if ref $code ne 'CODE';
    $self->{tables}{$number}{functions}{"$arguments $name"} = $code;
    return 1;
}

sub _call {
    my ( $self, $number, $arguments, $name, $values ) = @_;
    my $code = $self->{tables}{$number} && $self->{tables}{$number}{functions}{"$arguments $name"}
      or die "there is no such function of a table any more\n";
    return $self->_outgoing( scalar $code->(@$values) );
}

sub _rename {
    my ( $self, $number, $name ) = @_;
    return _number( scalar $self->_table($number)->RENAME($name) );
}

for my $what (qw(begin sync commit rollback savepoint release rollback_to)) {
    my $method = $TOLD{$what};
    no strict 'refs';
    *{"_$what"} = sub {
        my ( $self, $number, @savepoint ) = @_;
        $self->_table($number)->$method(@savepoint);
        return;
    };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::SQLiteTables - virtual tables of SQLite's whose classes are the program's

=head1 DESCRIPTION

Used by the replacement of L<DBD::SQLite>; programs have no need of it. L<DBD::SQLite::VirtualTable> says what classes there
can be. SQLite runs in the daemon, and calls back for what it wants to know of a table.

A message to the program and back is needed for each row, not for each column: what SQLite has asked for in a row comes with
the next one. C<NEXT> and C<EOF> are called together, as SQLite always does.

=head1 FUNCTIONS

=head2 create_module

Has virtual tables C<USING> a name be of a class.

=head2 of

Returns what a handle has of modules, tables and cursors.

=head1 METHODS

=head2 close_all

Lets go of all, after the connection was closed: C<DISCONNECT> of each table, C<DESTROY_MODULE> of each module.

=cut
