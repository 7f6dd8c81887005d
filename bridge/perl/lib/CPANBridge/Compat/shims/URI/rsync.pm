package URI::rsync;

use 5.014;
use strict;
use warnings;

use parent 'URI::_login';

our $VERSION = '5.17';

sub default_port { return 873 }


1;

__END__

=head1 NAME

URI::rsync - addresses of the scheme rsync

=head1 DESCRIPTION

Part of L<URI>.

=cut
