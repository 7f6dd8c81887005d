package DBD::Gofer::Policy::pedantic;

use strict;
use warnings;

use DBD::Gofer::Policy::Base ();

our $VERSION = '0.010088';
our @ISA     = 'DBD::Gofer::Policy::Base';

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Policy::pedantic - ask the server each time, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>. All is as L<DBD::Gofer::Policy::Base> has it: a new connection for each request, and a request for almost each
method.

=cut
