package JSON::XS::Boolean;

# For programs that thaw an object and load the module of its class.
use strict;
use warnings;

use JSON::XS ();

our $VERSION = $JSON::XS::VERSION;

1;

__END__

=head1 NAME

JSON::XS::Boolean - loads JSON::XS

=head1 DESCRIPTION

Part of L<JSON::XS>.

=cut
