package DBD::SQLite::VirtualTable;

use strict;
use warnings;

our $VERSION = '1.72';

# --- modules, tables ---

sub CREATE_MODULE { return }

sub DESTROY_MODULE { return }

sub CREATE { my ( $class, @arguments ) = @_; return $class->NEW(@arguments) }

sub CONNECT { my ( $class, @arguments ) = @_; return $class->NEW(@arguments) }

sub NEW { my ( $class, @arguments ) = @_; return bless $class->_PREPARE_SELF(@arguments), $class }

# Arguments of the shape name=value are options, the others declare columns.
sub _PREPARE_SELF {
    my ( $class, $dbh_ref, $module, $schema, $table, @arguments ) = @_;
    my ( @columns, %options );
    for my $argument (@arguments) {
        if ( $argument =~ /\A\s*([^\s=]+)\s*=\s*(.*?)\s*\z/s ) {
            my ( $name, $value ) = ( $1, $2 );
            $value =~ s/\A"(.*)"\z/$1/s;
            $options{$name} = $value;
        }
        else { push @columns, $argument }
    }
    return {
        dbh_ref     => $dbh_ref,
        module_name => $module,
        db_name     => $schema,
        vtab_name   => $table,
        columns     => \@columns,
        options     => \%options,
    };
}

sub dbh { my ($self) = @_; return ${ $self->{dbh_ref} } }

sub VTAB_TO_DECLARE {
    my ($self) = @_;
    my $name = $self->{vtab_name};
    if ( $name !~ /\A[A-Za-z_]\w*\z/ ) { $name =~ s/"/""/g; $name = qq("$name") }
    return "CREATE TABLE $name(" . join( ', ', @{ $self->{columns} } ) . ')';
}

sub DROP { return }

sub DISCONNECT { return }

# --- searches ---

sub BEST_INDEX {
    return { idxNum => 0, idxStr => '', orderByConsumed => 0, estimatedCost => 1_000_000, estimatedRows => undef };
}

sub OPEN {
    my ( $self, @arguments ) = @_;
    my $class = ref($self) . '::Cursor';
    return $class->NEW( $self, @arguments );
}

sub FIND_FUNCTION { return }

# --- changes ---

# SQLite gives the number that the row has had and that which it shall have, either of which may be none, and its values.
sub _SQLITE_UPDATE {
    my ( $self, $old, @new ) = @_;
    return $self->DELETE($old) if !@new;
    return $self->INSERT(@new) if !defined $old;
    return $self->UPDATE( $old, @new );
}

sub INSERT { die _missing( $_[0], 'INSERT' ) }

sub UPDATE { die _missing( $_[0], 'UPDATE' ) }

sub DELETE { die _missing( $_[0], 'DELETE' ) }

sub _missing {
    my ( $object, $method ) = @_;
    return sprintf "%s has no method %s of its own, which SQLite needs\n", ref $object, $method;
}

# --- transactions ---

sub BEGIN_TRANSACTION { return 0 }

sub SYNC_TRANSACTION { return 0 }

sub COMMIT_TRANSACTION { return 0 }

sub ROLLBACK_TRANSACTION { return 0 }

sub SAVEPOINT { return 0 }

sub RELEASE { return 0 }

sub ROLLBACK_TO { return 0 }

sub RENAME { return 0 }

package    # found with the class above
  DBD::SQLite::VirtualTable::Cursor;

use strict;
use warnings;

sub NEW { my ( $class, $table, @arguments ) = @_; return bless { vtable => $table, args => \@arguments }, $class }

for my $method (qw(FILTER EOF NEXT COLUMN ROWID)) {
    no strict 'refs';
    *$method = sub { die DBD::SQLite::VirtualTable::_missing( $_[0], $method ) };
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::SQLite::VirtualTable - base class of SQLite's virtual tables that are written in Perl

=head1 SYNOPSIS

    package Numbers;
    use parent 'DBD::SQLite::VirtualTable';

    package Numbers::Cursor;
    our @ISA = 'DBD::SQLite::VirtualTable::Cursor';
    sub FILTER { $_[0]{at} = 1; return }
    sub EOF    { return $_[0]{at} > 10 }
    sub NEXT   { $_[0]{at}++; return }
    sub ROWID  { return $_[0]{at} }
    sub COLUMN { return $_[0]{at}**2 }

    package main;
    $dbh->sqlite_create_module( numbers => 'Numbers' );
    $dbh->do('CREATE VIRTUAL TABLE squares USING numbers(square INTEGER)');
    my $squares = $dbh->selectcol_arrayref('SELECT square FROM squares WHERE square > 20');

=head1 DESCRIPTION

The interface of the class of this name in DBD::SQLite 1.72. SQLite itself runs in CPANBridge's daemon; classes and their
objects are the program's, run in it and with its rights. L<DBD::SQLite::VirtualTable::PerlData> and
L<DBD::SQLite::VirtualTable::FileContent> are complete classes.

=head1 COVERED

Of the table's class C<CREATE_MODULE>, C<DESTROY_MODULE>, C<CREATE>, C<CONNECT>, C<NEW>, C<_PREPARE_SELF>, C<DROP>, C<DISCONNECT>,
C<VTAB_TO_DECLARE>, C<BEST_INDEX>, C<OPEN>, C<_SQLITE_UPDATE>, C<INSERT>, C<UPDATE>, C<DELETE>, C<FIND_FUNCTION>,
C<BEGIN_TRANSACTION>, C<SYNC_TRANSACTION>, C<COMMIT_TRANSACTION>, C<ROLLBACK_TRANSACTION>, C<SAVEPOINT>, C<RELEASE>,
C<ROLLBACK_TO>, C<RENAME>, C<dbh>; of the cursor's C<NEW>, C<FILTER>, C<EOF>, C<NEXT>, C<COLUMN>, C<ROWID>. Methods may use the
handle that C<dbh> returns. What one of them dies of is the error of the statement.

=head1 NOT COVERED

Constraints of C<LIMIT> and C<OFFSET>, which later versions of SQLite could offer to C<BEST_INDEX>, are not offered: SQLite sees to
them itself.

=head1 KNOWN DIFFERENCES

=over 4

=item *

Each row is a message from the daemon to the program and back, some tenth of a millisecond. The columns that SQLite has asked
for in a row are fetched together with the next row. So C<COLUMN> may be called for a column that SQLite then does not look at,
though never for more rows than those for which it does, plus one for each; should it die there, nothing happens. A value is
asked for once a row, however often the statement mentions it.

=item *

C<BEST_INDEX> is called more often: the daemon looks at a statement before it executes it.

=item *

A message of an error is that of the handle, C<< $dbh->errstr >>, and with C<RaiseError> begins as all of DBI's do; the original has
C<die> pass through SQLite.

=item *

C<SAVEPOINT>, C<RELEASE> and C<ROLLBACK_TO> are called, as documented; the original does not call them. They and the methods of
transactions are called where a class has them itself when the table is created or connected; without C<RENAME> the table can be
renamed. What C<SYNC_TRANSACTION> dies of prevents the commit.

=item *

C<COLUMN> may return C<[ $bytes, SQL_BLOB ]> for a blob, as functions may.

=back

=head1 METHODS

The original's documentation tells what SQLite expects of each.

=head2 CREATE_MODULE

=head2 DESTROY_MODULE

=head2 CREATE

=head2 CONNECT

=head2 NEW

=head2 VTAB_TO_DECLARE

=head2 DROP

=head2 DISCONNECT

=head2 BEST_INDEX

=head2 OPEN

=head2 FIND_FUNCTION

=head2 INSERT

=head2 UPDATE

=head2 DELETE

=head2 BEGIN_TRANSACTION

=head2 SYNC_TRANSACTION

=head2 COMMIT_TRANSACTION

=head2 ROLLBACK_TRANSACTION

=head2 SAVEPOINT

=head2 RELEASE

=head2 ROLLBACK_TO

=head2 RENAME

=head2 dbh

=head1 SEE ALSO

L<DBD::SQLite>, L<DBD::SQLite::VirtualTable::PerlData>, L<DBD::SQLite::VirtualTable::FileContent>

=cut
