package DBD::SQLite::VirtualTable::FileContent;

use strict;
use warnings;

use CPANBridge::Compat::DBI::SQLiteTables;
use DBD::SQLite::VirtualTable;

our @ISA     = 'DBD::SQLite::VirtualTable';
our $VERSION = '1.72';

my %DEFAULT = ( content_col => 'content', path_col => 'path', expose => '*', root => undef, get_content => __PACKAGE__ . '::get_content' );

# Operators that are left to the table with the paths.
my %PASSED_ON = map { $_ => 1 } qw(= < <= > >=);

sub NEW {
    my ( $class, @arguments ) = @_;
    my $self    = bless $class->_PREPARE_SELF(@arguments), $class;
    my $options = $self->{options};
    my $given   = "$class: USING $self->{module_name}(...)";
    die "$given needs an option source, the name of a table\n" if !defined $options->{source} || !length $options->{source};
    die "$given takes options, name=value, and no @{ $self->{columns} }\n" if @{ $self->{columns} };
    my @unknown = grep { $_ ne 'source' && !exists $DEFAULT{$_} } sort keys %$options;
    die "$given has no option @unknown; there are source, " . join( ', ', sort keys %DEFAULT ) . "\n" if @unknown;
    for my $name ( keys %DEFAULT ) { $options->{$name} = $DEFAULT{$name} if !defined $options->{$name} }

    my $source = $self->_find_source;
    my %declared = map { ( lc $_->[0] => $_->[1] ) } @$source;
    my @exposed = $options->{expose} eq '*' ? map { $_->[0] } @$source : split /\s*,\s*/, $options->{expose};
    for my $name ( $options->{path_col}, @exposed ) {
        die "$given: the table $options->{source} has no column $name\n" if !exists $declared{ lc $name };
    }
    die "$given: the table $options->{source} has a column $options->{content_col}, too: choose another name by content_col\n"
      if grep { lc $_ eq lc $options->{content_col} } @exposed;
    $self->{names}   = \@exposed;
    $self->{columns} = [
        _quoted( $options->{content_col} ) . ' TEXT',
        map { _quoted($_) . $declared{ lc $_ } } @exposed
    ];
    return $self;
}

# Finds the table with the paths: in the same schema, or wherever a table without one is found. Returns its columns, of each
# its name and how it is declared, so that SQLite compares its values as it does there.
sub _find_source {
    my ($self) = @_;
    my $dbh    = ${ $self->{dbh_ref} };
    my $source = $self->{options}{source};
    my ( $schema, $table ) = $source =~ /\A(\w+)\.(\w+)\z/ ? ( $1, $2 ) : ( $self->{db_name}, $source );
    local $dbh->{PrintError};
    local $dbh->{RaiseError};
    for my $in ( $schema, undef ) {
        my $place = defined $in ? _quoted($in) . '.' : '';
        my $columns = $dbh->selectall_arrayref( "PRAGMA ${place}table_info(" . _quoted($table) . ')' );
        next if !$columns || !@$columns;
        $self->{source} = $place . _quoted($table);
        my @found;
        for my $column (@$columns) {
            my ( $name, $type ) = @$column[ 1, 2 ];
            my $known = $dbh->sqlite_table_column_metadata( $in, $table, $name );    # nothing of a view's
            my $collation = $known && $known->{collation_name};
            push @found, [ $name, ( length $type ? " $type" : '' ) . ( $collation ? ' COLLATE ' . _quoted($collation) : '' ) ];
        }
        return \@found;
    }
    die "there is no table $source, which should have the paths\n";
}

sub _quoted { my ($name) = @_; $name =~ s/"/""/g; return qq("$name") }

# What of the statement's conditions the source table can be asked for. It must leave out no row that SQLite would find by
# its own comparison of the same columns; SQLite compares again.
sub BEST_INDEX {
    my ( $self, $constraints, $order_by ) = @_;
    my $collations = $CPANBridge::Compat::DBI::SQLiteTables::COLLATIONS;
    my $cost       = 1_000_000;
    my @passed;
    for my $number ( 0 .. $#$constraints ) {
        my $constraint = $constraints->[$number];
        my ( $column, $operator ) = @$constraint{qw(col op)};
        next if !$constraint->{usable} || !$PASSED_ON{$operator} || $column == 0;
        my $collation = $collations && $collations->[$number];
        next if $column > 0 && !$collation;
        $constraint->{argvIndex} = @passed;
        push @passed, join ' ', $column, $operator, unpack 'H*', $collation || '';
        $cost /= $operator eq '=' ? $column < 0 ? 100_000 : 100 : 3;
    }
    return { idxNum => 0, idxStr => join( ',', @passed ), orderByConsumed => 0, estimatedCost => $cost, estimatedRows => 1 + int $cost };
}

sub _SQLITE_UPDATE { die "a table of files' contents cannot be changed: change $_[0]{source}\n" }

# Returns a file's bytes.
sub get_content {
    my ( $path, $root ) = @_;
    return undef if !defined $path;
    my $file = defined $root && length $root ? "$root/$path" : $path;
    my $handle;
    if ( !open $handle, '<', $file ) { warn "cannot open $file: $!\n"; return '' }
    binmode $handle;
    local $/;
    my $content = <$handle>;
    return defined $content ? $content : '';
}

package    # found with the class above
  DBD::SQLite::VirtualTable::FileContent::Cursor;

use strict;
use warnings;

our @ISA = 'DBD::SQLite::VirtualTable::Cursor';

sub FILTER {
    my ( $self, $index, $passed, @values ) = @_;
    my $table = $self->{vtable};
    my ( @where, @bound );
    for my $condition ( split /,/, $passed ) {
        my ( $column, $operator, $collation ) = split / /, $condition;
        my $value = shift @values;
        my $collate = defined $collation ? 'COLLATE ' . DBD::SQLite::VirtualTable::FileContent::_quoted( pack 'H*', $collation ) : '';
        my $name = $column < 0 ? 'rowid' : DBD::SQLite::VirtualTable::FileContent::_quoted( $table->{names}[ $column - 1 ] );
        my $is_number = defined $value && defined CPANBridge::Compat::DBI::SQLiteValues::as_number($value);
        if ( $column < 0 || $is_number || !defined $value ) {
            push @where, "$name $operator ?";
            push @bound, [ $value, $is_number ? 8 : undef ];    # SQL_DOUBLE: as the number that it is
        }

        # A string may be meant as text or as a blob, which is greater than all texts.
        elsif ( $operator eq '=' ) {
            push @where, "$name $collate IN (?, CAST(? AS BLOB))";
            push @bound, [$value], [$value];
        }
        elsif ( $operator =~ />/ ) {
            push @where, "$name $operator ? $collate";
            push @bound, [$value];
        }
    }
    my $columns = join ', ', 'rowid', map { DBD::SQLite::VirtualTable::FileContent::_quoted($_) } $table->{options}{path_col}, @{ $table->{names} };
    my $sql = "SELECT $columns FROM $table->{source}" . ( @where ? ' WHERE ' . join( ' AND ', @where ) : '' );
    my $dbh = $table->dbh or die "the handle is gone\n";
    my $sth = $self->{sth} = $dbh->prepare($sql) or die $dbh->errstr . "\n";
    for my $number ( 1 .. @bound ) { $sth->bind_param( $number, @{ $bound[ $number - 1 ] } ) }
    $sth->execute or die $sth->errstr . "\n";
    $self->NEXT;
    return;
}

sub NEXT {
    my ($self) = @_;
    my $row = $self->{sth}->fetchrow_arrayref;
    die $self->{sth}->errstr . "\n" if !$row && $self->{sth}->err;
    $self->{row} = $row && [@$row];
    return;
}

sub EOF { my ($self) = @_; return !$self->{row} }

sub ROWID { my ($self) = @_; return $self->{row}[0] }

sub COLUMN {
    my ( $self, $column ) = @_;
    return $self->{row}[ $column + 1 ] if $column > 0;
    my $options = $self->{vtable}{options};
    no strict 'refs';
    die "there is no sub $options->{get_content}, which should get files' contents\n" if !defined &{ $options->{get_content} };
    return scalar &{ $options->{get_content} }( $self->{row}[1], $options->{root} );
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::SQLite::VirtualTable::FileContent - tables of SQLite's with the contents of files

=head1 SYNOPSIS

    $dbh->do('CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT, title TEXT)');
    $dbh->sqlite_create_module( files => 'DBD::SQLite::VirtualTable::FileContent' );
    $dbh->do('CREATE VIRTUAL TABLE contents USING files(source=files, root="/srv/texts", expose="path, title")');
    $dbh->do('CREATE VIRTUAL TABLE search USING fts4(content="contents")');
    $dbh->do("INSERT INTO search(search) VALUES ('rebuild')");

=head1 DESCRIPTION

The interface of the class of this name in DBD::SQLite 1.72: a view of another table, the source, that has paths of files, with a
column for what is in them. The program reads the files, with its own rights and in its own folder; the daemon gets the
contents that SQLite looks at.

=head1 COVERED

The options C<source>, C<content_col>, C<path_col>, C<expose>, C<root> and C<get_content>, with the original's defaults. Conditions on
the source's columns are left to the source, and its indexes.

=head1 NOT COVERED

As in the original, the table cannot be changed.

=head1 KNOWN DIFFERENCES

=over 4

=item *

A file that cannot be read has an empty content, with a warning, as in the original; a path that is NULL has the content NULL
without one.

=item *

A C<path_col> that the source does not have is an error when the table is created.

=item *

The source is looked for in the table's own schema, then in all.

=back

=head1 FUNCTIONS

=head2 get_content

Reads a file, unless the option C<get_content> names another sub: gets path and root, and returns the bytes.

=head1 METHODS

Those of L<DBD::SQLite::VirtualTable>, with these of its own:

=head2 NEW

=head2 BEST_INDEX

=cut
