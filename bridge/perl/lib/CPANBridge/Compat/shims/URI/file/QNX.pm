package URI::file::QNX;

use 5.014;
use strict;
use warnings;

use parent 'URI::file::Unix';

our $VERSION = '5.17';

1;

__END__

=head1 NAME

URI::file::QNX - names of files on QNX

=head1 DESCRIPTION

Part of L<URI>.

=cut
