package URI::ldaps;

use 5.014;
use strict;
use warnings;

use parent 'URI::ldap';

our $VERSION = '5.17';

sub default_port { return 636 }
sub secure       { return 1 }


1;

__END__

=head1 NAME

URI::ldaps - addresses of directories over TLS

=head1 DESCRIPTION

Part of L<URI>.

=cut
