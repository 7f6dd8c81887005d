package CPANBridge::Compat::DBI::DBMTable;

use strict;
use warnings;

use Fcntl ();

use DBD::File ();

our $VERSION = '0.1.0';

# Tables of DBD::DBM: a hash tied to a file. The columns' names are in the file, under a key that no program should use.
package    # not to be indexed
  DBD::DBM::Table;

use strict;
use warnings;

our @ISA = 'DBD::File::Table';

my $NAMES = "_metadata \0";

__PACKAGE__->register_reset_on_modify( { dbm_type => 'dbm_tietype', dbm_mldbm => 'dbm_tietype' } );
__PACKAGE__->register_compat_map(
    {
        ( map { ( $_ => "dbm_$_" ) } qw(type mldbm store_metadata berkeley_flags) ),
        dbm_ext      => 'f_ext',
        dbm_file     => 'f_file',
        dbm_lockfile => 'f_lockfile',
        cols         => 'col_names',
        dbm_cols     => 'col_names',
    }
);

# The kinds of files that have two parts, and are tied by what the parts' names have in common.
my %IN_PARTS = map { $_ => 1 } qw(SDBM_File ODBM_File NDBM_File);

# NDBM_File is a layer over Berkeley's library on these.
my $NDBM_IS_DB = $^O =~ /bsd\z|\Adarwin\z|\Adragonfly\z/;

sub bootstrap_table_meta {
    my ( $class, $dbh, $meta, $table ) = @_;
    $meta->{dbm_type} ||= $dbh->{dbm_type} || 'SDBM_File';
    for my $name (qw(dbm_mldbm dbm_berkeley_flags dbm_store_metadata)) { $meta->{$name} = $dbh->{$name} if !exists $meta->{$name} }
    $meta->{dbm_store_metadata} = 1                  if !defined $meta->{dbm_store_metadata};
    $meta->{col_names}          = $dbh->{dbm_cols}   if !defined $meta->{col_names} && defined $dbh->{dbm_cols};
    $meta->{f_ext}              = $dbh->{f_ext}      if !defined $meta->{f_ext};
    $meta->{f_ext}              = _extension_of($meta) if !defined $meta->{f_ext};
    $meta->{f_lockfile}         = $dbh->{f_lockfile} if !exists $meta->{f_lockfile};
    $meta->{f_lockfile}         = '.lck'             if !defined $meta->{f_lockfile};
    $meta->{f_dontopen}         = 1;
    return $class->SUPER::bootstrap_table_meta( $dbh, $meta, $table );
}

sub _extension_of {
    my ($meta) = @_;
    my $type = $meta->{dbm_type};
    return '' if !$IN_PARTS{$type};
    return $type eq 'NDBM_File' && $NDBM_IS_DB ? '.db/r' : '.pag/r';
}

# The modules that read and write the table.
sub modules_of {
    my ( $class, $meta ) = @_;
    my $serializer = $meta->{dbm_mldbm};
    return ( $meta->{dbm_type}, defined $serializer && length $serializer ? ( 'MLDBM', $serializer ) : () );
}

sub init_table_meta {
    my ( $class, $dbh, $meta, $table ) = @_;
    my $names = $meta->{col_names};
    $meta->{col_names} = [ split /\s*,\s*/, $names ] if defined $names && !ref $names;
    $meta->{dbm_names_given} = defined $names && @{ $meta->{col_names} } ? 1 : 0;
    return $class->SUPER::init_table_meta( $dbh, $meta, $table );
}

sub can_be_table { my ( $class, $path ) = @_; return -f $path }

# Loads the modules; returns the class to tie to.
sub _tie_class {
    my ($meta) = @_;
    return $meta->{dbm_tietype} if $meta->{dbm_tietype};
    my ( $type, $mldbm ) = DBD::DBM::Table->modules_of($meta);
    die "'$type' is not a type of DBM files: dbm_type must be one of SDBM_File, DB_File, GDBM_File, NDBM_File, ODBM_File and BerkeleyDB"
      . ( $type eq 'MLDBM' ? ', and dbm_mldbm the serializer' : '' ) . "\n"
      if $type !~ /\A(?:SDBM_File|DB_File|GDBM_File|NDBM_File|ODBM_File|BerkeleyDB)\z/;
    for my $module ( $type, $mldbm || () ) {
        eval { local $SIG{__DIE__}; require "$module.pm"; 1 } and next;
        die $module eq 'MLDBM'
          ? "dbm_mldbm is set, which needs the module MLDBM, and that cannot be loaded: $@"
          : "dbm_type is $type, and that module cannot be loaded: $@";
    }
    return $meta->{dbm_tietype} = $mldbm || ( $type eq 'BerkeleyDB' ? 'BerkeleyDB::Hash' : $type );
}

sub open_file {
    my ( $class, $meta, $attributes, $flags ) = @_;
    my $tie_class = _tie_class($meta);
    my $file      = $meta->{f_fqfn};
    if ( !$flags->{createMode} && !-e $file ) { $! = 2; die "Cannot open $file: $! (" . ( $! + 0 ) . ")\n" }
    $class->SUPER::open_file( $meta, $attributes, $flags );
    return if $flags->{dropMode};
    $attributes->{hash} = _tied( $tie_class, $meta, $flags );
    if ( $flags->{createMode} ) { $meta->{col_names} = []; return }
    _read_names( $meta, $attributes->{hash}, $flags->{lockMode} );
    return;
}

sub _tied {
    my ( $tie_class, $meta, $flags ) = @_;
    my $type  = $meta->{dbm_type};
    my $path  = $IN_PARTS{$type} ? $meta->{f_fqbn} : $meta->{f_fqfn};
    my $write = $flags->{createMode} || $flags->{lockMode};
    my $mode  = $flags->{createMode} ? Fcntl::O_RDWR() | Fcntl::O_CREAT() : $write ? Fcntl::O_RDWR() : Fcntl::O_RDONLY();
    $mode = $flags->{createMode} ? GDBM_File::GDBM_WRCREAT() : $write ? GDBM_File::GDBM_WRITER() : GDBM_File::GDBM_READER()
      if $type eq 'GDBM_File';
    my @how = ( $path, $mode, oct 666 );
    no warnings 'once';    # of a module that may not be there
    push @how, $DB_File::DB_HASH if $type eq 'DB_File';
    if ( $type eq 'BerkeleyDB' ) {
        my %own = %{ $meta->{dbm_berkeley_flags} || {} };
        my $flag = $flags->{createMode} ? BerkeleyDB::DB_CREATE() : $write ? 0 : BerkeleyDB::DB_RDONLY();
        @how = ( ( map { ( $_ => $own{$_} ) } grep {/\A-/} keys %own ), -Filename => $path, -Flags => $flag );
    }
    no warnings 'once';
    local $MLDBM::UseDB      = $type eq 'BerkeleyDB' ? 'BerkeleyDB::Hash' : $type;
    local $MLDBM::Serializer = ( DBD::DBM::Table->modules_of($meta) )[2];
    my %hash;
    local $! = 0;
    my $tied = eval { local $SIG{__DIE__}; tie %hash, $tie_class, @how };
    die "Cannot open $path as a $type file: " . ( $@ || "$! (" . ( $! + 0 ) . ")" ) . "\n" if !$tied;
    return \%hash;
}

# The names in the file go before those that are given, which are written where there are none yet.
sub _read_names {
    my ( $meta, $hash, $write ) = @_;
    my $kept = $hash->{$NAMES};
    if ( defined $kept && !ref $kept && $kept =~ m{<col_names>(.*?)</col_names>}s ) {
        $meta->{col_names} = [ split /,/, $1 ];
    }
    elsif ( $meta->{dbm_names_given} ) { $hash->{$NAMES} = _names_as_text($meta) if $write && $meta->{dbm_store_metadata} }
    else                               { $meta->{col_names} = [ 'k', 'v' ] }
    return;
}

sub _names_as_text {
    my ($meta) = @_;
    return '<dbd_metadata><schema></schema><col_names>' . join( ',', @{ $meta->{col_names} } ) . '</col_names></dbd_metadata>';
}

sub push_names {
    my ( $self, $data, $names ) = @_;
    my $meta = $self->{meta};
    if ( @$names > 2 && ( $meta->{dbm_tietype} || '' ) ne 'MLDBM' || @$names < 2 ) {
        $self->drop($data);
        die 'The table has ' . @$names . " columns: a DBM file can have two, a key and a value; more need dbm_mldbm and the module MLDBM\n";
    }
    $meta->{col_names} = [@$names];
    $self->{hash}{$NAMES} = _names_as_text($meta) if $meta->{dbm_store_metadata};
    $meta->{dbm_names_given} = 1;
    return 1;
}

# --- rows -----------------------------------------------------------------------------------------------------------

sub _row {
    my ( $self, $key, $value ) = @_;
    return [ $key, ref $value eq 'ARRAY' ? @$value : $value ];
}

sub _value {
    my ( $self, $row ) = @_;
    my ( undef, @values ) = @$row;
    return $self->{meta}{dbm_tietype} eq 'MLDBM' ? \@values : defined $values[0] ? $values[0] : '';
}

sub fetch_row {
    my ( $self, $data ) = @_;
    my $hash = $self->{hash};
    while (1) {
        my ( $key, $value ) = each %$hash;
        return $self->{row} = undef if !defined $key;
        return $self->{row} = $self->_row( $key, $value ) if $key ne $NAMES;
    }
}

# The key's name if the first argument is true, or the row that has the key.
sub fetch_one_row {
    my ( $self, $name_only, $key ) = @_;
    return $self->{meta}{col_names}[0] if $name_only;
    return if !defined $key || $key eq $NAMES;
    my $value = $self->{hash}{$key};
    return $self->{row} = defined $value ? $self->_row( $key, $value ) : undef;
}

sub _store {
    my ( $self, $row ) = @_;
    my $key = $row->[0];
    my $written = eval { local $SIG{__DIE__}; $self->{hash}{$key} = $self->_value($row); 1 };
    return 1 if $written;
    ( my $why = $@ ) =~ s/ at \S+ line \d+\.?\n\z//;
    die "Cannot write the row '$key' to $self->{meta}{f_fqfn}: $why\n";
}

sub _must_be_new {
    my ( $self, $key ) = @_;
    my $name = $self->{meta}{col_names}[0];
    die "The key $name of a row cannot be NULL\n" if !defined $key;
    die "Row with key '$key' already exists: $name must differ in each row\n" if defined $self->{hash}{$key};
    return;
}

sub insert_new_row {
    my ( $self, $data, $row ) = @_;
    $self->_must_be_new( $row->[0] );
    return $self->_store($row);
}

sub push_row {
    my ( $self, $data, $row ) = @_;
    die "The key $self->{meta}{col_names}[0] of a row cannot be NULL\n" if !defined $row->[0];
    return $self->_store($row);
}

sub update_specific_row {
    my ( $self, $data, $row, $old ) = @_;
    my $moves = !defined $row->[0] || $row->[0] ne $old->[0];
    $self->_must_be_new( $row->[0] ) if $moves;
    $self->_store($row);
    delete $self->{hash}{ $old->[0] } if $moves;
    return 1;
}

sub update_one_row {
    my ( $self, $data, $row ) = @_;
    return $self->push_row( $data, $row );
}

sub delete_one_row {
    my ( $self, $data, $row ) = @_;
    delete $self->{hash}{ $row->[0] };
    return 1;
}

# Rows have no order: the first is the one that the file's library comes upon first.
sub seek {
    my ( $self, $data, $place, $whence ) = @_;
    keys %{ $self->{hash} } if !$place && !$whence;
    return 1;
}

sub truncate { return 1 }

sub files_to_drop {
    my ($self) = @_;
    my $meta = $self->{meta};
    my @more = $IN_PARTS{ $meta->{dbm_type} } ? "$meta->{f_fqbn}.dir" : ();
    return ( @more, $self->SUPER::files_to_drop );
}

# The lock is let go when all is written.
sub _close {
    my ($self) = @_;
    my $failed = '';
    if ( my $hash = delete $self->{hash} ) {
        eval { local $SIG{__DIE__}; untie %$hash; 1 } or $failed = "Cannot write $self->{meta}{f_fqfn}: $@";
    }
    return $self->SUPER::_close || $failed;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::DBMTable - tables of DBD::DBM

=head1 DESCRIPTION

Used by the replacement of L<DBD::DBM>; programs have no need of it. Here is C<DBD::DBM::Table>.

=head1 METHODS

=head2 bootstrap_table_meta

=head2 modules_of

Returns the modules that read and write a table.

=head2 init_table_meta

=head2 can_be_table

=head2 open_file

=head2 push_names

=head2 fetch_row

=head2 fetch_one_row

=head2 insert_new_row

=head2 push_row

=head2 update_specific_row

=head2 update_one_row

=head2 delete_one_row

=head2 seek

=head2 truncate

=head2 files_to_drop

=cut
