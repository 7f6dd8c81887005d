package URI::_login;

use 5.014;
use strict;
use warnings;

use parent qw(URI::_userpass URI::_server);

our $VERSION = '5.17';

1;

__END__

=head1 NAME

URI::_login - addresses of servers where one logs in

=head1 DESCRIPTION

Part of L<URI>.

=cut
