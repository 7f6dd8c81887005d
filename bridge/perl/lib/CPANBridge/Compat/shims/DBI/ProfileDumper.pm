package DBI::ProfileDumper;

use strict;
use warnings;

use Carp ();
use Fcntl qw(LOCK_EX);

use DBI::Profile ();

our @ISA     = 'DBI::Profile';
our $VERSION = '2.015325';

$Carp::Internal{ (__PACKAGE__) }++;

sub new {
    my ( $class, @attributes ) = @_;
    return $class->SUPER::new( File => 'dbi.prof', @attributes );
}

sub filename {
    my ( $self, @name ) = @_;
    $self->{File} = $name[0] if @name;
    my $name = $self->{File};
    return ref $name eq 'CODE' ? $name->($self) : $name;
}

sub flush_to_disk {
    my ($self) = @_;
    my $data = $self->{Data};
    return if !defined $data || ref $data eq 'HASH' && !%$data;
    my $name = $self->filename;
    Carp::croak('A profile is to be written, but its File has no name') if !defined $name || !length $name;

    # What an earlier run has left is kept under another name; what this one wrote is added to.
    if ( !$self->{_written}{$name}++ && -s $name ) {
        rename $name, "$name.prev" or Carp::croak("Can't rename the older profile $name to $name.prev: $!");
    }
    my $out = _open_locked($name);
    local ( $,, $\ );
    my $ok  = print {$out} _bytes( ( -s $out ? () : $self->_header ), $self->_body );
    close $out or undef $ok;
    Carp::croak("Can't write the profile to $name: $!") if !$ok;
    $self->empty;
    return $name;
}

# Whoever takes the file away renames it first and locks it then: a file that is not there any more under its name when
# the lock is had will be read by nobody.
sub _open_locked {
    my ($name) = @_;
    while (1) {
        open my $out, '>>', $name or Carp::croak("Can't write the profile to $name: $!");
        flock $out, LOCK_EX or Carp::croak("Can't lock the profile $name: $!");
        my ( $mine, $there ) = map { join ':', ( stat $_ )[ 0, 1 ] } $out, $name;
        return $out if $mine eq $there;
    }
}

sub _bytes {
    my $text = join '', @_;
    utf8::encode($text);
    return $text;
}

sub _header {
    my ($self) = @_;
    my @path = map { defined $_ ? _escaped("$_") : '' } @{ ref $self->{Path} eq 'ARRAY' ? $self->{Path} : [] };
    return ( __PACKAGE__ . " $VERSION\n", 'Path = [ ' . join( ', ', @path ) . " ]\n", 'Program = ' . _escaped($0) . "\n\n" );
}

sub _escaped {
    my ($text) = @_;
    $text =~ s/\\/\\\\/g;
    $text =~ s/\n/\\n/g;
    $text =~ s/\r/\\r/g;
    $text =~ tr/\0//d;
    return $text;
}

# The keys on the way to a leaf are written where they differ from those of the leaf before.
sub _body {
    my ($self) = @_;
    my ( @lines, @before );
    for my $entry ( $self->as_node_path_list ) {
        my ( $leaf, @path ) = @$entry;
        my $same = 0;
        $same++ while $same < $#path && $same < @before && $path[$same] eq $before[$same];
        push @lines, map { '+ ' . ( $_ + 1 ) . ' ' . _escaped( $path[$_] ) . "\n" } $same .. $#path;
        push @lines, "= @$leaf\n";
        @before = @path;
    }
    return @lines;
}

sub on_destroy {
    my ($self) = @_;
    $self->flush_to_disk;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::ProfileDumper - writes profiles of DBI to a file, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    DBI_PROFILE=2/DBI::ProfileDumper perl -MCPANBridge::Compat report.pl    # writes dbi.prof
    dbiprof

    $dbh->{Profile} = '!Statement/DBI::ProfileDumper/File:/var/tmp/report.prof';

=head1 DESCRIPTION

A L<DBI::Profile> that is written to a file when it goes, or when the program says so, in the form that L<DBI::ProfileData>
and the program C<dbiprof> read, the original's too.

=head1 COVERED

The attributes C<Path> and C<File> (a name, or a sub that returns one), and the methods below. The file is locked while it is
written, and a file that was renamed by its reader is left alone.

=head1 KNOWN DIFFERENCES

The first time that a profile is written, what is there under the name is renamed to F<NAME.prev> rather than lost. Keys are
written as UTF-8.

=head1 METHODS

=head2 new

=head2 flush_to_disk

=head2 filename

=head2 on_destroy

Called when a profile goes; writes it.

=head1 SEE ALSO

L<DBI::Profile>, L<DBI::ProfileData>

=cut
