package URI::rtspu;

use 5.014;
use strict;
use warnings;

use parent 'URI::rtsp';

our $VERSION = '5.17';

sub default_port { return 554 }


1;

__END__

=head1 NAME

URI::rtspu - addresses of streams over UDP

=head1 DESCRIPTION

Part of L<URI>.

=cut
