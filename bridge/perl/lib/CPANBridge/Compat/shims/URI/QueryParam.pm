package URI::QueryParam;

use 5.014;
use strict;
use warnings;

use URI ();

our $VERSION = '5.17';

1;

__END__

=head1 NAME

URI::QueryParam - methods for the query that every URI has

=head1 DESCRIPTION

Part of L<URI>. Its methods are URI's own by now; nothing is left for this module to do.

=cut
