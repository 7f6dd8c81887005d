package URI::https;

use 5.014;
use strict;
use warnings;

use parent 'URI::http';

our $VERSION = '5.17';

sub default_port { return 443 }
sub secure       { return 1 }


1;

__END__

=head1 NAME

URI::https - addresses of the web over TLS

=head1 DESCRIPTION

Part of L<URI>.

=cut
