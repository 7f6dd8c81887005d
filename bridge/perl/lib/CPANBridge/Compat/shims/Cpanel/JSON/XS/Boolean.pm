package Cpanel::JSON::XS::Boolean;

# For programs that load the class of booleans.
use strict;
use warnings;

use Cpanel::JSON::XS ();

our $VERSION = $Cpanel::JSON::XS::VERSION;

1;

__END__

=head1 NAME

Cpanel::JSON::XS::Boolean - loads Cpanel::JSON::XS

=head1 DESCRIPTION

Part of L<Cpanel::JSON::XS>.

=cut
