package Types::Serialiser::Error;

# For programs that thaw an object and load the module of its class.
use strict;
use warnings;

use Types::Serialiser ();

our $VERSION = $Types::Serialiser::VERSION;

1;

__END__

=head1 NAME

Types::Serialiser::Error - loads Types::Serialiser

=head1 DESCRIPTION

Part of L<Types::Serialiser>.

=cut
