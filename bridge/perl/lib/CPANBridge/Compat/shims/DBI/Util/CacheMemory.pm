package DBI::Util::CacheMemory;

use strict;
use warnings;

our $VERSION = '0.010315';

# What is kept, by namespace: it outlives the objects.
my %kept;

sub new {
    my ( $class, %wishes ) = @_;
    my $namespace = defined $wishes{namespace} ? $wishes{namespace} : 'Default';
    return bless { namespace => $namespace, kept => $kept{$namespace} ||= {} }, $class;
}

sub set { my ( $self, $key, $value ) = @_; $self->{kept}{$key} = $value; return }

sub get { my ( $self, $key ) = @_; return $self->{kept}{$key} }

sub exists { my ( $self, $key ) = @_; return exists $self->{kept}{$key} }

sub remove { my ( $self, $key ) = @_; return delete $self->{kept}{$key} }

sub clear { my ($self) = @_; %{ $self->{kept} } = (); return }

sub purge { my ($self) = @_; return $self->clear }

sub count { my ($self) = @_; return scalar keys %{ $self->{kept} } }

# In characters of the values.
sub size {
    my ($self) = @_;
    my $size = 0;
    $size += length for grep {defined} values %{ $self->{kept} };
    return $size;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Util::CacheMemory - keeps results in memory, for DBD::Gofer, by CPANBridge

=head1 SYNOPSIS

    my $cache = DBI::Util::CacheMemory->new( namespace => 'stock' );
    $cache->set( key => 'value' );

=head1 DESCRIPTION

Part of L<DBD::Gofer>. What is kept stays until it is cleared, or the process ends, and belongs to the namespace, not to the object.
Nothing expires, and there is no limit.

=head1 METHODS

=head2 new

=head2 set

=head2 get

=head2 exists

=head2 remove

=head2 clear

=head2 purge

=head2 count

=head2 size

=cut
