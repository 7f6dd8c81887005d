package DBI::Gofer::Serializer::Storable;

use strict;
use warnings;

use Storable ();

use DBI::Gofer::Serializer::Base ();

our $VERSION = '0.015586';
our @ISA     = 'DBI::Gofer::Serializer::Base';

sub serialize {
    my ( $self, $data ) = @_;

    # A sub that is somewhere in it cannot be sent, and must not keep the rest from it.
    local $Storable::forgive_me = 1;
    local $Storable::canonical  = 1;    # the same request is the same string, for caches
    local $SIG{__WARN__} = sub { };
    return $self->_with_class( Storable::nfreeze($data), wantarray );
}

# Objects come as plain data: what is at the other end does not choose which class's code runs here. Storable before 3.0
# knows no such wish.
sub deserialize {
    my ( $self, $frozen ) = @_;
    return Storable::thaw( $frozen, 0 );
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Serializer::Storable - requests and answers of Gofer as Storable writes them, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>. Blessed references come back as plain ones (with the Storable of Perl 5.28 and later).

=head1 METHODS

=head2 serialize

=head2 deserialize

=cut
