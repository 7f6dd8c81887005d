package URI::ldapi;

use 5.014;
use strict;
use warnings;

use parent qw(URI::_ldap URI::_generic);

our $VERSION = '5.17';

use URI::Escape ();

sub un_path {
    my ( $self, @new ) = @_;
    my $old = URI::Escape::uri_unescape( $self->authority );
    if (@new) {
        my ($path) = @new;
        $path =~ s/([%:@\/?#])/URI::Escape::escape_char($1)/ge;
        $self->authority($path);
    }
    return $old;
}

sub _nonldap_canonical { my ($self) = @_; return $self->URI::_generic::canonical }


1;

__END__

=head1 NAME

URI::ldapi - addresses of directories on this machine

=head1 DESCRIPTION

Part of L<URI>.

=cut
