package DBI::Profile;

use strict;
use warnings;

use Carp ();
use Exporter ();

use DBI ();
use CPANBridge::Compat::DBI::Profiling;

our $VERSION = '2.015065';

our @ISA       = 'Exporter';
our @EXPORT    = qw(DBIprofile_Statement DBIprofile_MethodName DBIprofile_MethodClass dbi_profile dbi_profile_merge_nodes dbi_profile_merge dbi_time);
our @EXPORT_OK = qw(format_profile_thingy);

$Carp::Internal{ (__PACKAGE__) }++;

# The names that elements of paths had once.
sub DBIprofile_Statement ()   { return '!Statement' }
sub DBIprofile_MethodName ()  { return '!MethodName' }
sub DBIprofile_MethodClass () { return '!MethodClass' }

{
    no warnings 'once';
    *dbi_profile             = \&DBI::dbi_profile;
    *dbi_profile_merge_nodes = \&DBI::dbi_profile_merge_nodes;
    *dbi_profile_merge       = \&DBI::dbi_profile_merge_nodes;
    *dbi_time                = \&DBI::dbi_time;
}

# What becomes of the report when a profile goes.
our $ON_DESTROY_DUMP = sub { DBI->trace_msg( $_[0], 0 ); return };

sub new {
    my ( $class, @attributes ) = @_;
    Carp::croak("$class->new takes pairs of names and values") if @attributes % 2;
    my $self = bless {@attributes}, $class;
    $self->{Path} = [] if !exists $self->{Path};
    return $self;
}

sub empty { my ($self) = @_; delete $self->{Data}; return }

# A profile that only collects in memory has no file.
sub filename { return }

sub flush_to_disk { return }

# --- the report -----------------------------------------------------------------------------------------------------

sub format {
    my ($self)  = @_;
    my $data    = $self->{Data};
    my $class   = ref $self || $self;
    my $seconds = dbi_profile_merge_nodes( my $all = [], defined $data ? $data : () );
    my @now     = localtime;
    my $time    = sprintf '%04d-%02d-%02d %02d:%02d:%02d', $now[5] + 1900, $now[4] + 1, @now[ 3, 2, 1, 0 ];
    ( my $program = $0 ) =~ s{.*[/\\]}{}s;

    # At the program's end its share of the whole run is of interest, before that the one of the time in which there were calls.
    my $whole = ( ${^GLOBAL_PHASE} || '' ) eq 'DESTRUCT' ? dbi_time() - $^T : $all->[6] - $all->[5];
    my $share = $whole > 0 ? sprintf ' %.2f%%', 100 * $seconds / $whole : '';
    my $text  = sprintf "%s: %fs%s (%d calls) %s @ %s\n", $class, $seconds, $share, $all->[0], $program, $time;
    return defined $data ? $text . _branch( $self, $data, 0 ) : $text;
}

sub format_profile_thingy {
    my ( $self, $node, $depth ) = @_;
    return '' if !defined $node;
    return _branch( $self, $node, $depth || 0 );
}

sub _branch {
    my ( $self, $node, $depth ) = @_;
    my $indent = '    ' x $depth;
    return $indent . _leaf($node) . "\n" if ref $node eq 'ARRAY';
    return "$indent$node\n" if ref $node ne 'HASH';
    my $text = '';
    for my $key ( sort keys %$node ) {
        next if !defined $node->{$key};
        $text .= "$indent'$key' =>\n" . _branch( $self, $node->{$key}, $depth + 1 );
    }
    return $text;
}

sub _leaf {
    my ($leaf) = @_;
    my ( $count, $total, $first, $shortest, $longest ) = @$leaf;
    return sprintf '%fs', $total if $count < 2;
    return sprintf '%fs / %d = %fs avg (first %fs, min %fs, max %fs)', $total, $count, $total / $count, $first, $shortest, $longest;
}

sub as_node_path_list {
    my ( $self, $node, $path ) = @_;
    $node = $self->{Data} if !defined $node;
    $path = [] if !defined $path;
    return if !defined $node;
    return [ $node, @$path ] if ref $node ne 'HASH';
    return map { $self->as_node_path_list( $node->{$_}, [ @$path, $_ ] ) } grep { defined $node->{$_} } sort keys %$node;
}

my $FORMAT = '%1$s: %11$fs / %10$d = %2$fs avg (first %12$fs, min %13$fs, max %14$fs)' . "\n";

sub as_text {
    my ( $self, $wishes ) = @_;
    my ( $separator, $format, $sort ) = @{ $wishes || {} }{qw(separator format sortsub)};
    $separator = ' > '   if !defined $separator;
    $format    = $FORMAT if !defined $format;
    my @leaves = $self->as_node_path_list( @{ $wishes || {} }{qw(node path)} );
    $sort->( \@leaves ) if $sort;
    my @text;
    for my $entry (@leaves) {
        my ( $leaf, @path ) = @$entry;
        my $average = $leaf->[0] ? $leaf->[1] / $leaf->[0] : 0;
        push @text, sprintf $format, join( $separator, @path ), $average, ('') x 7, @$leaf;
    }
    return wantarray ? @text : join '', @text;
}

# --- the end --------------------------------------------------------------------------------------------------------

sub on_destroy {
    my ($self) = @_;
    return if !$ON_DESTROY_DUMP || !defined $self->{Data};
    $ON_DESTROY_DUMP->( $self->format );
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ( $@, $!, $?, $^E );
    my $class = ref $self;
    eval { local $SIG{__DIE__}; $self->on_destroy; 1 } or DBI->trace_msg( "$class: the profile could not be reported: $@", 0 );
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Profile - where the time goes in calls of DBI, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    DBI_PROFILE=2 perl -MCPANBridge::Compat report.pl    # statements and their times, when the program ends

    $dbh->{Profile} = '!Statement:!MethodName';          # for one handle
    print $dbh->{Profile}->format;

=head1 DESCRIPTION

Collects how often methods of DBI's handles were called and how long they took, in a tree whose branches the profile's
path chooses. Handles without a profile are as fast as if there were none.

=head1 COVERED

=over 4

=item Giving a handle a profile

The attribute C<Profile> takes numbers, text, hashes and objects as the original does, in C<connect>, in a data source's
name and later; statements share their database handle's. C<DBI_PROFILE> gives all handles the same one.

=item Elements of paths

C<!Statement>, C<!MethodName>, C<!MethodClass>, C<!Caller>, C<!Caller2>, C<!File>, C<!File2>, C<!Time>, C<!Time~N>, subs
(which may return C<\undef> so that a call does not count), references to scalars, C<{Attribute}>, C<&norm_std_n3> in
text, and any other text.

=item Methods

C<new>, C<format>, C<as_node_path_list>, C<as_text>, C<empty>; C<$DBI::Profile::ON_DESTROY_DUMP>.

=item Functions

C<dbi_profile>, C<dbi_profile_merge_nodes>, C<dbi_profile_merge>, C<dbi_time>; they can be imported from DBI, too.

=back

=head1 KNOWN DIFFERENCES

=over 4

=item A row that is there already

Rows come in batches from the daemon, so most calls of C<fetch> take no time and a few take that of a batch.

=item An error

A call whose C<HandleError> dies is counted; its handler's time is not.

=item Unknown words

An element like C<!Foo> that means nothing is warned of when it is set as text, and taken literally. Two calls of which one's path
ends where the other's goes on do not fit into one tree: the second is warned of and not counted.

=back

=head1 METHODS

=head2 new

=head2 format

=head2 format_profile_thingy

=head2 as_node_path_list

=head2 as_text

=head2 empty

=head2 filename

=head2 flush_to_disk

=head2 on_destroy

Called when a profile goes; reports it.

=head1 CONSTANTS

=head2 DBIprofile_Statement

=head2 DBIprofile_MethodName

=head2 DBIprofile_MethodClass

=head1 ENVIRONMENT

=over 4

=item C<DBI_PROFILE>

A number or text like that which the attribute takes.

=back

=head1 SEE ALSO

L<DBI::ProfileDumper>, L<DBI::ProfileData>, L<DBI>

=cut
