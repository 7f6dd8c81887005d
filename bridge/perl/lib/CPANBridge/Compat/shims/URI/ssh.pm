package URI::ssh;

use 5.014;
use strict;
use warnings;

use parent 'URI::_login';

our $VERSION = '5.17';

sub default_port { return 22 }
sub secure       { return 1 }


1;

__END__

=head1 NAME

URI::ssh - addresses of the scheme ssh

=head1 DESCRIPTION

Part of L<URI>.

=cut
