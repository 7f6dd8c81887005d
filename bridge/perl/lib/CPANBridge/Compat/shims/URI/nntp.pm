package URI::nntp;

use 5.014;
use strict;
use warnings;

use parent 'URI::news';

our $VERSION = '5.17';

1;

__END__

=head1 NAME

URI::nntp - addresses of newsgroups on a server

=head1 DESCRIPTION

Part of L<URI>.

=cut
