package URI::telnet;

use 5.014;
use strict;
use warnings;

use parent 'URI::_login';

our $VERSION = '5.17';

sub default_port { return 23 }


1;

__END__

=head1 NAME

URI::telnet - addresses of the scheme telnet

=head1 DESCRIPTION

Part of L<URI>.

=cut
