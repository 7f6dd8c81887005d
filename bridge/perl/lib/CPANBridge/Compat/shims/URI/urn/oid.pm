package URI::urn::oid;

use 5.014;
use strict;
use warnings;

use parent 'URI::urn';

our $VERSION = '5.17';

sub oid {
    my ( $self, @new ) = @_;
    my $old = $self->nss;
    $self->nss( join '.', @new ) if @new;
    return split /\./, defined $old ? $old : '' if wantarray;
    return $old;
}


1;

__END__

=head1 NAME

URI::urn::oid - names of objects

=head1 DESCRIPTION

Part of L<URI>.

=cut
