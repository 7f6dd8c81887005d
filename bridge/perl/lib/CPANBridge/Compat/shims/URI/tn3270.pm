package URI::tn3270;

use 5.014;
use strict;
use warnings;

use parent 'URI::_login';

our $VERSION = '5.17';

sub default_port { return 23 }


1;

__END__

=head1 NAME

URI::tn3270 - addresses of the scheme tn3270

=head1 DESCRIPTION

Part of L<URI>.

=cut
