package URI::sips;

use 5.014;
use strict;
use warnings;

use parent 'URI::sip';

our $VERSION = '5.17';

sub default_port { return 5061 }
sub secure       { return 1 }


1;

__END__

=head1 NAME

URI::sips - addresses of phones over TLS

=head1 DESCRIPTION

Part of L<URI>.

=cut
