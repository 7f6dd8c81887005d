package URI::urn;

use 5.014;
use strict;
use warnings;

use parent 'URI';

our $VERSION = '5.17';

my %class_of;

sub _init {
    my ( $class, @args ) = @_;
    my $self = $class->SUPER::_init(@args);
    return $self->_become;
}

# Each namespace may have a class of its own.
sub _become {
    my ($self) = @_;
    my $nid = $self->nid;
    return bless $self, __PACKAGE__ if !defined $nid || $nid !~ /\A[A-Za-z0-9][A-Za-z0-9\-]*\z/;
    ( my $name = $nid ) =~ s/-/_/g;
    my $class = "URI::urn::$name";
    if ( !exists $class_of{$class} ) {
        local ( $@, $SIG{__DIE__} );
        $class_of{$class} = $class->can('_init') || eval { require "URI/urn/$name.pm"; 1 } ? $class : undef;
    }
    return bless $self, $class_of{$class} || __PACKAGE__;
}

sub _nid {
    my ( $self, @new ) = @_;
    my $opaque = $self->opaque;
    my ($old) = $opaque =~ /\A([^:]*)/;
    if (@new) {
        $opaque =~ s/\A[^:]*/$new[0]/;
        $self->opaque($opaque);
        $self->_become;
    }
    return $old;
}

sub nid {
    my $self = shift;
    my $nid = $self->_nid(@_);
    return defined $nid ? lc $nid : undef;
}

sub nss {
    my ( $self, @new ) = @_;
    my ( $nid, $old ) = $self->opaque =~ /\A([^:]*)(?::(.*))?\z/s;
    $self->opaque( $nid . ( defined $new[0] ? ":$new[0]" : '' ) ) if @new;
    return $old;
}

sub canonical {
    my ($self) = @_;
    my $nid = $self->_nid;
    my $other = $self->SUPER::canonical;
    return $other if $nid !~ /[A-Z]/;
    $other = $other->clone if $other == $self;
    $other->nid( lc $nid );
    return $other;
}


1;

__END__

=head1 NAME

URI::urn - names that are no places

=head1 DESCRIPTION

Part of L<URI>.

=cut
