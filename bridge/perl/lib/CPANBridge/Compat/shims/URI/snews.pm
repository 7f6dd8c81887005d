package URI::snews;

use 5.014;
use strict;
use warnings;

use parent 'URI::news';

our $VERSION = '5.17';

sub default_port { return 563 }
sub secure       { return 1 }


1;

__END__

=head1 NAME

URI::snews - addresses of newsgroups over TLS

=head1 DESCRIPTION

Part of L<URI>.

=cut
