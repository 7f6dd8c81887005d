package CPANBridge::Compat::DBI::FileTable;

use strict;
use warnings;

use Carp ();
use Cwd ();
use Fcntl ();
use File::Spec ();
use IO::File ();
use Scalar::Util ();

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for map { "DBD::File::$_" } qw(DataSource::File DataSource::Stream Table TableSource::FileSystem);

package    # not to be indexed
  DBD::File::Table;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

our @ISA = 'DBI::DBD::SqlEngine::Table';

__PACKAGE__->register_reset_on_modify( { map { ( $_ => 'f_fqfn' ) } qw(f_file f_dir f_dir_search f_ext f_lockfile sql_data_source) } );
__PACKAGE__->register_compat_map( { map { ( $_ => "f_$_" ) } qw(file dir ext lock lockfile encoding schema) } );

my @FROM_HANDLE = qw(f_dir f_dir_search f_ext f_encoding f_lock f_schema f_lockfile);

sub bootstrap_table_meta {
    my ( $class, $dbh, $meta, $table ) = @_;
    for my $name (@FROM_HANDLE) { $meta->{$name} = $dbh->{$name} if !exists $meta->{$name} }
    $meta->{f_dir} = File::Spec->curdir if !defined $meta->{f_dir};
    my $source = $dbh->{sql_data_source} || 'DBD::File::DataSource::File';
    if ( _is_handle( $meta->{f_file} ) ) {
        $source = 'DBD::File::DataSource::Stream';
        delete $meta->{sql_data_source} if ( $meta->{sql_data_source} || '' ) eq 'DBD::File::DataSource::File';
    }
    $meta->{sql_data_source} ||= $source;
    return $class->SUPER::bootstrap_table_meta( $dbh, $meta, $table );
}

sub _is_handle { my ($file) = @_; return ref $file && defined Scalar::Util::openhandle($file) }

# Whoever asked for a table before its file was there may find it now.
sub _is_ready {
    my ( $class, $meta ) = @_;
    return $meta->{initialized} && !$meta->{f_unfound};
}

# Whether what lies in the directory is listed as a table.
sub can_be_table { return 1 }

sub open_data {
    my ( $class, @arguments ) = @_;
    return $class->open_file(@arguments);
}

# A table that a failed statement has left open must not keep the next one waiting for its lock: the handle that the meta
# data has is the only one.
sub open_file {
    my ( $class, $meta, $attributes, $flags ) = @_;
    delete @$meta{qw(fh lockfh)};
    return $class->DBI::DBD::SqlEngine::Table::open_data( $meta, $attributes, $flags );
}

sub new {
    my ( $class, $data, $attributes, $flags ) = @_;
    my $self = $class->SUPER::new( $data, $attributes, $flags );
    $self->{f_handles} = $self->{meta}{f_not_ours} ? [] : [ grep {defined} @{ $self->{meta} }{qw(fh lockfh)} ];
    Scalar::Util::weaken($_) for @{ $self->{f_handles} };
    Scalar::Util::weaken( $self->{fh}          = $self->{meta}{fh} ) if $self->{meta}{fh};    # where older drivers look for it
    Scalar::Util::weaken( $self->{f_statement} = $data ) if Scalar::Util::blessed($data) && $data->can('set_err');
    return $self;
}

# As with a file handle: a place, and what it is counted from. SQL::Eval's documentation has the end as 2, 0. The first row
# is where the driver says it is: after a line of names, perhaps.
sub seek {
    my ( $self, $data, $place, $whence ) = @_;
    ( $place, $whence ) = ( 0, 2 ) if $place == 2 && !$whence;
    my $meta = $self->{meta};
    $place = $meta->{first_row_pos} || 0 if !$place && !$whence;
    seek $meta->{fh}, $place, $whence or die "Cannot move to another place in $meta->{f_fqfn}: $!\n";
    return 1;
}

sub truncate {
    my ( $self, $data ) = @_;
    my $meta = $self->{meta};
    my $fh   = $meta->{fh};
    $fh->flush or die "Cannot write $meta->{f_fqfn}: $!\n";
    truncate $fh, tell $fh or die "Cannot truncate $meta->{f_fqfn}: $!\n";
    return 1;
}

sub drop {
    my ( $self, $data ) = @_;
    my $meta = $self->{meta};
    $self->_close;
    my @errors;
    for my $file ( $self->files_to_drop ) {
        unlink $file or $!{ENOENT} or push @errors, "$file: $!";
    }
    die "Cannot remove @errors\n" if @errors;
    $data->{Database}->_forget_table( $self->{table} );
    return 1;
}

sub files_to_drop { my ($self) = @_; return grep { defined && length } @{ $self->{meta} }{qw(f_fqfn f_fqln)} }

# Closes what this table has opened, if it is not another one's by now. What is written last is seen to fail here.
sub _close {
    my ($self) = @_;
    my $meta = $self->{meta};
    my $failed = '';
    my @handles = grep {defined} @{ delete $self->{f_handles} || [] };
    for my $handle (@handles) {
        for my $name (qw(fh lockfh)) { delete $meta->{$name} if $meta->{$name} && $meta->{$name} == $handle }
        next if !defined fileno $handle;
        close $handle or $failed ||= "Cannot write $meta->{f_fqfn}: $!";
    }
    return $failed;
}

sub DESTROY {
    my ($self) = @_;
    return if ( ${^GLOBAL_PHASE} || '' ) eq 'DESTRUCT';
    local ( $@, $!, $?, $^E );
    my $failed = $self->_close or return;
    my $sth = $self->{f_statement};
    if   ($sth) { $sth->set_err( $DBI::stderr, $failed ) }
    else        { Carp::carp($failed) }
    return;
}

# --- handles that the program has opened ----------------------------------------------------------------------------

package    # not to be indexed
  DBD::File::DataSource::Stream;

use strict;
use warnings;

our @ISA = 'DBI::DBD::SqlEngine::DataSource';

sub complete_table_name {
    my ( $class, $meta, $table, $respect_case ) = @_;
    delete @$meta{qw(f_fqfn f_fqbn f_fqln f_unfound)};
    return $class->SUPER::complete_table_name( $meta, $table, $respect_case );
}

sub apply_encoding {
    my ( $class, $meta, $name ) = @_;
    $name = 'a stream' if !defined $name;
    my $encoding = $meta->{f_encoding};
    my $layer    = defined $encoding && length $encoding ? ":encoding($encoding)" : undef;
    return 1 if defined $layer ? binmode $meta->{fh}, $layer : binmode $meta->{fh};
    die "Cannot read or write $name with the encoding '$encoding': $!\n";
}

# The copy can be closed, and has the program's place in the file; and the program's lock: whether there is to be one is
# left to it. A handle on a string in memory cannot be copied.
sub open_data {
    my ( $class, $meta, $attributes, $flags ) = @_;
    my $given = $meta->{f_file};
    my $number = defined $given ? eval { local $SIG{__DIE__}; fileno $given } : undef;
    die "The table '$attributes->{table}' is a stream, and none is given: its attribute f_file must be an open handle\n" if !defined $number;
    die "The table '$attributes->{table}' is a stream: it cannot be dropped\n" if $flags->{dropMode};
    delete $meta->{f_not_ours};
    if ( $number < 0 ) {
        $meta->{fh}         = $given;
        $meta->{f_not_ours} = 1;
        return;
    }
    my $write = $flags->{createMode} || $flags->{lockMode};
    $meta->{fh} = IO::File->new;
    open $meta->{fh}, $write ? '+<&' : '<&', $given
      or die "Cannot duplicate the handle of the table '$attributes->{table}': $!\n";
    $class->apply_encoding( $meta, "the stream of the table '$attributes->{table}'" );
    return;
}

my $can_flock;

sub can_flock {
    return $can_flock if defined $can_flock;
    return $can_flock = eval { local $SIG{__DIE__}; flock STDERR, 0; 1 } ? 1 : 0;
}

# f_lock 0: none, 1: shared, 2: exclusive; undef: exclusive for who writes.
sub lock_handle {
    my ( $class, $handle, $meta, $flags ) = @_;
    my $lock = $meta->{f_lock};
    $lock = $flags->{lockMode} || $flags->{createMode} ? 2 : 1 if !defined $lock || $lock !~ /\A[012]\z/;
    return 1 if !$lock;
    flock $handle, $lock == 2 ? Fcntl::LOCK_EX() : Fcntl::LOCK_SH()
      or die 'Cannot lock ' . ( defined $meta->{f_fqfn} ? $meta->{f_fqfn} : 'the stream' ) . ": $! (f_lock => 0 does without)\n";
    return 1;
}

# --- files ----------------------------------------------------------------------------------------------------------

package    # not to be indexed
  DBD::File::DataSource::File;

use strict;
use warnings;

our @ISA = 'DBD::File::DataSource::Stream';

# Returns the extension, and whether a table must have it.
sub _extension {
    my ($meta) = @_;
    my ( $extension, $flags ) = split m{/}, defined $meta->{f_ext} ? $meta->{f_ext} : '', 2;
    return ( defined $extension ? $extension : '', ( $flags || '' ) =~ /r/i ? 1 : 0 );
}

# Finds the file: by f_file, or by the table's name with and without extension in f_dir and then f_dir_search, whatever
# its case; the exact name first. Where there is none, it says which one is to be created.
sub complete_table_name {
    my ( $class, $meta, $table, $respect_case ) = @_;
    my ( $extension, $required ) = _extension($meta);
    $respect_case ||= $meta->{f_exact};
    $meta->{f_exact} = 1 if $respect_case;
    my $home = File::Spec->rel2abs( $meta->{f_dir} );
    my ( $path, $name );
    if ( defined $meta->{f_file} ) {
        $path = File::Spec->rel2abs( $meta->{f_file}, $home );
        $name = $respect_case ? $table : $class->in_case( $meta, $table );
    }
    else {
        my ( $volume, $folder, $base ) = File::Spec->splitpath($table);
        return $meta->{table_name} = undef if !length $base || $base eq '.' || $base eq '..';
        my $given   = File::Spec->catpath( $volume, $folder, '' );
        my @folders = ( $home, map { File::Spec->rel2abs($_) } @{ $meta->{f_dir_search} || [] } );
        @folders = _allowed( File::Spec->rel2abs( $given, $home ), @folders ) if length $given;
        $base =~ s/\Q$extension\E\z//i if length $extension && length $base > length $extension;
        my $exact = $respect_case || ( $meta->{sql_identifier_case} || 0 ) == 3;
        my @names = ( ( length $extension ? "$base$extension" : () ), ( !$required || !length $extension ? $base : () ) );
        my $found;
        for my $folder (@folders) {
            $found = _find( $folder, \@names, $exact );
            if ( defined $found ) { $path = File::Spec->catfile( $folder, $found ); last }
        }
        if ( !defined $found ) {
            $base  = $class->in_case( $meta, $base ) if !$exact;
            $found = "$base$extension";
            $path  = File::Spec->catfile( $folders[0], $found );
        }
        $found =~ s/\Q$extension\E\z//i if length $extension && length $found > length $extension;
        $name = length $given ? "$given$found" : $found;
    }
    my $folder = Cwd::abs_path( _folder($path) );
    $path = File::Spec->catfile( $folder, ( File::Spec->splitpath($path) )[2] ) if defined $folder;
    $meta->{f_fqfn} = $meta->{f_fqbn} = $path;
    $meta->{f_fqbn} =~ s/\Q$extension\E\z//i if length $extension;
    if   ( $meta->{f_lockfile} ) { $meta->{f_fqln} = $meta->{f_fqbn} . $meta->{f_lockfile} }
    else                         { delete $meta->{f_fqln} }
    if   ( -e $path ) { delete $meta->{f_unfound} }
    else              { $meta->{f_unfound} = 1 }
    return $meta->{table_name} = $name;
}

# The text of a statement may come from anywhere: it must not reach files in other directories.
sub _allowed {
    my ( $folder, @allowed ) = @_;
    my $real = Cwd::abs_path($folder);
    for my $one (@allowed) {
        my $path = Cwd::abs_path($one);
        return $folder if defined $real && defined $path && $real eq $path;
    }
    die "Using data files in $folder is unsafe and not allowed: only the directories in f_dir and f_dir_search are looked into\n";
}

sub _folder { my ( $volume, $folder ) = File::Spec->splitpath( $_[0] ); return File::Spec->catpath( $volume, $folder, '' ) }

sub _find {
    my ( $folder, $names, $exact ) = @_;
    my @there;
    for my $name (@$names) {
        return $name if -e File::Spec->catfile( $folder, $name );
        next if $exact;
        if ( !@there ) {
            opendir my $in, $folder or return;
            @there = sort readdir $in;
        }
        for my $file (@there) { return $file if lc $file eq lc $name }
    }
    return;
}

sub open_data {
    my ( $class, $meta, $attributes, $flags ) = @_;
    my $file = $meta->{f_fqfn};
    die "No file is known for the table '$attributes->{table}'\n" if !defined $file || !length $file;
    if ( $flags->{createMode} && -e $file ) { die "Cannot create $file: there is such a file\n" }
    if ( !$meta->{f_dontopen} ) {
        my $mode =
            $flags->{createMode} ? Fcntl::O_RDWR() | Fcntl::O_CREAT() | Fcntl::O_EXCL()
          : $flags->{lockMode}   ? Fcntl::O_RDWR()
          :                        Fcntl::O_RDONLY();
        my $handle = IO::File->new;
        sysopen $handle, $file, $mode or die "Cannot open $file: $! (" . ( $! + 0 ) . ")\n";
        die "Cannot open $file: it is a directory\n" if -d $handle;
        $meta->{fh} = $handle;
        $class->apply_encoding( $meta, $file );
    }
    my $locked = $meta->{fh};
    if ( $meta->{f_fqln} ) { $locked = $meta->{lockfh} = _open_lock( $meta, $flags ) }
    $class->lock_handle( $locked, $meta, $flags ) if $locked && $class->can_flock;
    return;
}

# It is made where it is missing. Who only reads may do so without the right to write it.
sub _open_lock {
    my ( $meta, $flags ) = @_;
    my $handle = IO::File->new;
    sysopen $handle, $meta->{f_fqln}, Fcntl::O_RDWR() | Fcntl::O_CREAT() and return $handle;
    my $why = $!;
    sysopen $handle, $meta->{f_fqln}, Fcntl::O_RDONLY() and return $handle if !$flags->{lockMode} && !$flags->{createMode};
    die "Cannot open the lock file $meta->{f_fqln}: $why (f_lockfile => 0 does without)\n";
}

# --- which tables there are -----------------------------------------------------------------------------------------

package    # not to be indexed
  DBD::File::TableSource::FileSystem;

use strict;
use warnings;

our @ISA = 'DBI::DBD::SqlEngine::TableSource';

# The directories and those in them.
sub data_sources {
    my ( $class, $drh, $attributes ) = @_;
    my $home = defined $attributes->{f_dir} ? $attributes->{f_dir} : File::Spec->curdir;
    my @folders;
    for my $folder ( $home, @{ $attributes->{f_dir_search} || [] } ) {
        if ( !opendir my $in, $folder ) {
            die "Cannot read the directory $folder: $!\n" if $folder eq $home;
        }
        else {
            push @folders, $folder, grep {-d} map { File::Spec->catdir( $folder, $_ ) } File::Spec->no_upwards( sort readdir $in );
        }
    }
    my @other = map {";$_=$attributes->{$_}"} grep { defined $attributes->{$_} && !ref $attributes->{$_} && length $attributes->{$_} } qw(f_ext);
    return map { join '', 'DBI:', $drh->{Name}, ':f_dir=', _escaped($_), @other } @folders;
}

sub _escaped { my ($text) = @_; $text =~ s/;/\\;/g; return $text }

sub avail_tables {
    my ( $class, $dbh ) = @_;
    ( my $table_class = ref $dbh ) =~ s/::db\z/::Table/;
    my ( @tables, %seen );
    for my $folder ( $dbh->{f_dir}, @{ $dbh->{f_dir_search} || [] } ) {
        my $in;
        if ( !opendir $in, $folder ) {
            die "Cannot read the directory $folder: $!\n" if $folder eq $dbh->{f_dir};
            next;
        }
        my $schema = exists $dbh->{f_schema} ? $dbh->{f_schema} : eval { local $SIG{__DIE__}; scalar getpwuid( ( stat $in )[4] ) };
        $schema = undef if defined $schema && !length $schema;
        my $probe = {};
        $table_class->bootstrap_table_meta( $dbh, $probe, 'any' );
        my ( $extension, $required ) = DBD::File::DataSource::File::_extension($probe);
        my $lock = $probe->{f_lockfile};
        for my $file ( File::Spec->no_upwards( sort readdir $in ) ) {
            next if $required && length $extension && $file !~ /.\Q$extension\E\z/i;
            next if !$table_class->can_be_table( File::Spec->catfile( $folder, $file ) );
            next if $lock && length $lock && $file =~ /.\Q$lock\E\z/;
            my $name = $file;
            $name =~ s/(?<=.)\Q$extension\E\z//i if length $extension;
            push @tables, [ undef, $schema, $name, 'TABLE', 'FILE' ] if !$seen{ lc $name }++;
        }
    }
    return @tables;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::FileTable - tables of DBD::File

=head1 DESCRIPTION

Used by the replacement of L<DBD::File>, where the classes are described; programs have no need of it. Here are
C<DBD::File::Table>, C<DBD::File::DataSource::File> and C<::Stream>, and C<DBD::File::TableSource::FileSystem>.

=head1 METHODS

=head2 bootstrap_table_meta

=head2 can_be_table

Returns whether what lies at a path is listed as a table.

=head2 open_data

=head2 open_file

=head2 new

=head2 seek

=head2 truncate

=head2 drop

=head2 files_to_drop

Returns the files that C<DROP TABLE> removes.

=head2 complete_table_name

=head2 apply_encoding

=head2 can_flock

=head2 lock_handle

=head2 data_sources

=head2 avail_tables

=cut
