package DBD::SQLite::VirtualTable::PerlData;

use strict;
use warnings;

use Scalar::Util ();

use CPANBridge::Compat::DBI::SQLiteTables;
use DBD::SQLite::VirtualTable;

our @ISA     = 'DBD::SQLite::VirtualTable';
our $VERSION = '1.72';

my @KINDS = qw(arrayrefs hashrefs colref);

# A row's number that is further beyond the end is taken for a mistake: the array would take all memory.
my $FURTHEST = 10_000_000;

sub NEW {
    my ( $class, @arguments ) = @_;
    my $self = $class->_PREPARE_SELF(@arguments);
    my ($kind) = grep { defined $self->{options}{$_} } @KINDS;
    die "$class: one of the options arrayrefs, hashrefs and colref is needed\n" if !$kind;
    my $count = @{ $self->{columns} };
    die "$class: no columns are declared\n" if !$count;
    die "$class: a table with colref has exactly one column, not $count\n" if $kind eq 'colref' && $count != 1;
    ( my $name = $self->{options}{$kind} ) =~ s/\A\$//;
    $name = "main::$name" if $name !~ /::/;
    my ( $package, $variable ) = $name =~ /\A(\w+(?:::\w+)*)::(\w+)\z/ or die "$class: $name is no name of a variable\n";
    {
        no strict 'refs';
        die "$class: there is no global variable \$$name\n" if !exists ${"${package}::"}{$variable};
    }
    @$self{qw(kind variable)} = ( $kind, $name );
    $self->{names} = [ map { _name($_) } @{ $self->{columns} } ];
    return bless $self, $class;
}

# The name in a column's declaration.
sub _name {
    my ($declaration) = @_;
    return $+ if $declaration =~ /\A\s*(?:"([^"]*)"|\[([^\]]*)\]|`([^`]*)`|'([^']*)'|(\S+))/;
    return $declaration;
}

# The array, as the variable has it now.
sub _array {
    my ($self) = @_;
    no strict 'refs';
    my $array = ${ $self->{variable} };
    return $array if ref $array eq 'ARRAY' || ref $array && eval { my $count = @$array; 1 };
    die "\$$self->{variable} is no reference to an array\n" if defined $array;
    return ${ $self->{variable} } = [];
}

# Conditions are looked at here where that leaves out no row that SQLite would find; it looks at them again itself. MATCH is
# ours alone.
sub BEST_INDEX {
    my ( $self, $constraints, $order_by ) = @_;
    my $collations = $CPANBridge::Compat::DBI::SQLiteTables::COLLATIONS;
    my $count      = @{ $self->_array } + 1;
    my $cost       = $count;
    my @tests;
    for my $number ( 0 .. $#$constraints ) {
        my $constraint = $constraints->[$number];
        next if !$constraint->{usable};
        my ( $column, $operator ) = @$constraint{qw(col op)};
        my $plain = defined $collations && ( $collations->[$number] || '' ) eq 'BINARY';
        if ( $operator eq 'MATCH' && $column >= 0 ) { $constraint->{omit} = 1 }
        elsif ( $operator eq '=' && $column < 0 ) { $cost = 1 }
        elsif ( ( $operator eq '=' || $operator eq 'IS' ) && $column >= 0 && $plain ) { $cost = $count / 10 + 1 if $cost > 1 }
        else                                                                      { next }
        $constraint->{argvIndex} = @tests;
        push @tests, "$column $operator";
    }
    return { idxNum => 0, idxStr => join( ',', @tests ), orderByConsumed => 0, estimatedCost => $cost, estimatedRows => int $cost };
}

# Returns the number of a new row: that of its element. A row's own number is one more.
sub INSERT {
    my ( $self, $number, @values ) = @_;
    my $rows = $self->_array;
    $number = @$rows if !defined $number;
    $self->_free( $rows, $number );
    $self->_put( $rows, $number, @values );
    return $number;
}

sub UPDATE {
    my ( $self, $old, $new, @values ) = @_;
    my $rows = $self->_array;
    if ( $new != $old ) {
        $self->_free( $rows, $new - 1 );
        $rows->[ $new - 1 ] = $rows->[ $old - 1 ];
        delete $rows->[ $old - 1 ];
    }
    $self->_put( $rows, $new - 1, @values );
    return $new;
}

# The rows behind it keep their places: SQLite knows them by their numbers.
sub DELETE {
    my ( $self, $number ) = @_;
    my $rows = $self->_array;
    delete $rows->[ $number - 1 ] if $number > 0 && $number <= @$rows;
    return;
}

sub _free {
    my ( $self, $rows, $at ) = @_;
    die "there can be no row before the first\n" if $at < 0;
    die "there is a row already in element $at of \$$self->{variable}\n" if $at < @$rows && defined $rows->[$at];
    die "element $at is too far beyond the end of \$$self->{variable}\n" if $at > @$rows + $FURTHEST;
    return;
}

sub _put {
    my ( $self, $rows, $at, @values ) = @_;
    if ( $self->{kind} eq 'colref' ) { $rows->[$at] = $values[0] }
    elsif ( $self->{kind} eq 'arrayrefs' ) { @{ $rows->[$at] ||= [] }[ 0 .. $#values ] = @values }
    else { @{ $rows->[$at] ||= {} }{ @{ $self->{names} } } = @values }
    return;
}

package    # found with the class above
  DBD::SQLite::VirtualTable::PerlData::Cursor;

use strict;
use warnings;

our @ISA = 'DBD::SQLite::VirtualTable::Cursor';

# Rows may be fetched ahead where it is these methods that fetch them.
my @OURS = qw(FILTER EOF NEXT COLUMN ROWID);

sub _columns_of_rows_ahead {
    my ($self) = @_;
    my $class = __PACKAGE__;
    return ( grep { $self->can($_) != $class->can($_) } @OURS ) ? 0 : scalar @{ $self->{vtable}{names} };
}

sub FILTER {
    my ( $self, $index, $tests, @values ) = @_;
    my $table = $self->{vtable};
    $self->{rows} = $table->_array;
    $self->{at}   = -1;
    $self->{tests} = [];
    my $only;
    for my $test ( split /,/, $tests ) {
        my ( $column, $operator ) = split / /, $test;
        my $value = shift @values;
        if ( $column < 0 ) { $only = $value; $self->{at} = $#{ $self->{rows} } if !defined $only || $only !~ /\A[0-9]+\z/ || $only < 1 }
        elsif ( $operator eq 'MATCH' ) { push @{ $self->{tests} }, [ $column, _matcher($value) ] }
        else                           { push @{ $self->{tests} }, [ $column, _equal( $operator, $value ) ] }
    }
    $self->{only} = $only;
    if ( defined $only && $self->{at} < 0 ) {
        $self->{at} = $only - 1 < @{ $self->{rows} } ? $only - 2 : $#{ $self->{rows} };
    }
    $self->{first} = 1;
    $self->NEXT;
    return;
}

sub EOF { my ($self) = @_; return $self->{at} > $#{ $self->{rows} } }

sub NEXT {
    my ($self) = @_;
    my $rows = $self->{rows};
    if ( defined $self->{only} && !delete $self->{first} ) { $self->{at} = @$rows; return }
  ROW:
    while ( ++$self->{at} <= $#$rows ) {
        next if !exists $rows->[ $self->{at} ];    # deleted
        for my $test ( @{ $self->{tests} } ) { next ROW if !$test->[1]->( $self->COLUMN( $test->[0] ) ) }
        last;
    }
    return;
}

sub ROWID { my ($self) = @_; return $self->{at} + 1 }

sub COLUMN {
    my ( $self, $column ) = @_;
    my $table = $self->{vtable};
    my $row   = $self->{rows}[ $self->{at} ];
    return $row if $table->{kind} eq 'colref' || !defined $row;
    return $row->[$column] if $table->{kind} eq 'arrayrefs';
    return $row->{ $table->{names}[$column] };
}

# A pattern that Perl does not take matches nothing; one that has code in it is none.
sub _matcher {
    my ($pattern) = @_;
    no re 'eval';
    no warnings 'regexp';
    my $regex = defined $pattern ? do { local ( $@, $SIG{__DIE__} ); eval {qr/(?:$pattern)/} } : undef;
    return sub { return defined $regex && defined $_[0] && $_[0] =~ $regex };
}

# Whether a value may be equal for SQLite: as a string by its bytes or its characters, or as a number.
sub _equal {
    my ( $operator, $wanted ) = @_;
    if ( !defined $wanted ) { return $operator eq 'IS' ? sub { return !defined $_[0] } : sub { return 0 } }
    my $number = _numeric($wanted);
    my $bytes  = _bytes($wanted);
    return sub {
        my ($value) = @_;
        return 0 if !defined $value;
        return 1 if ref $value || $value eq $wanted || _bytes($value) eq $bytes;
        return 0 if !defined $number;
        my $other = _numeric($value);
        return defined $other && ( $other == $number || abs( $other - $number ) <= 1e-12 * abs $number );
    };
}

sub _bytes { my ($text) = @_; utf8::encode($text) if utf8::is_utf8($text); return $text }

sub _numeric {
    my ($text) = @_;
    $text =~ s/\A\s+|\s+\z//g;
    return Scalar::Util::looks_like_number($text) ? 0 + $text : undef;
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::SQLite::VirtualTable::PerlData - tables of SQLite's whose rows are a program's own data

=head1 SYNOPSIS

    our $people = [ [ 1, 'Ada' ], [ 2, 'Grace' ] ];
    our $colours = [qw(red green)];

    $dbh->sqlite_create_module( perl => 'DBD::SQLite::VirtualTable::PerlData' );
    $dbh->do('CREATE VIRTUAL TABLE temp.people USING perl(id INTEGER, name TEXT, arrayrefs="main::people")');
    $dbh->do('CREATE VIRTUAL TABLE temp.colours USING perl(colour TEXT, colref="main::colours")');
    $dbh->selectall_arrayref('SELECT * FROM cars WHERE colour IN colours');

=head1 DESCRIPTION

The interface of the class of this name in DBD::SQLite 1.72. The table shows the array to which a global variable refers. Its
rows are references to arrays (C<arrayrefs>), to hashes whose keys are the columns' names (C<hashrefs>), or the values of the one
column (C<colref>). SQL may change them, too.

=head1 COVERED

The three options; SELECT, INSERT, UPDATE and DELETE; the operator C<MATCH>, whose right side is a pattern of Perl's; columns
compared with C<=> and C<IS>, and rows found by their numbers, without a look at all rows by SQLite.

=head1 NOT COVERED

The data are the program's own in memory: the daemon gets the rows that SQLite looks at, some hundreds with one message.

=head1 KNOWN DIFFERENCES

=over 4

=item *

C<UPDATE> and C<DELETE> change the row that their condition has found; the original changes the one behind it. As there, a row's
C<rowid> is one more than the number of its element, while an INSERT's C<rowid> and C<last_insert_id> are that number itself.

=item *

A deleted row leaves a hole in the array, unless it was the last: the others keep their numbers. Holes are no rows; in the
original they are rows of NULLs.

=item *

C<MATCH> takes its right side for a pattern as it is: C<\b> is a word's edge. The empty one matches all. As in the original, one that
Perl refuses matches nothing, and none can have code.

=item *

Comparisons follow the collation that the statement says, as C<COLLATE NOCASE>; in the original C<=> tells letters' case apart all the
same.

=item *

A change of the array by the program is seen by rows that are fetched later, though some hundreds may be fetched already.

=back

=head1 METHODS

Those of L<DBD::SQLite::VirtualTable>, with these of its own:

=head2 NEW

=head2 BEST_INDEX

=head2 INSERT

=head2 UPDATE

=head2 DELETE

=cut
