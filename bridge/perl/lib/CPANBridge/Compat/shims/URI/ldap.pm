package URI::ldap;

use 5.014;
use strict;
use warnings;

use parent qw(URI::_ldap URI::_server);

our $VERSION = '5.17';

sub default_port { return 389 }

sub _nonldap_canonical { my ($self) = @_; return $self->URI::_server::canonical }


1;

__END__

=head1 NAME

URI::ldap - addresses of directories

=head1 DESCRIPTION

Part of L<URI>.

=cut
