package URI::rlogin;

use 5.014;
use strict;
use warnings;

use parent 'URI::_login';

our $VERSION = '5.17';

sub default_port { return 513 }


1;

__END__

=head1 NAME

URI::rlogin - addresses of the scheme rlogin

=head1 DESCRIPTION

Part of L<URI>.

=cut
