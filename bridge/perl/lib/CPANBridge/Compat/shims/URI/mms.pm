package URI::mms;

use 5.014;
use strict;
use warnings;

use parent 'URI::http';

our $VERSION = '5.17';

sub default_port { return 1755 }


1;

__END__

=head1 NAME

URI::mms - addresses of streams

=head1 DESCRIPTION

Part of L<URI>.

=cut
