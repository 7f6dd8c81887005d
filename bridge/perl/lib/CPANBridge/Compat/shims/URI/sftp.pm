package URI::sftp;

use 5.014;
use strict;
use warnings;

use parent 'URI::ssh';

our $VERSION = '5.17';

1;

__END__

=head1 NAME

URI::sftp - addresses of files on servers over SSH

=head1 DESCRIPTION

Part of L<URI>.

=cut
