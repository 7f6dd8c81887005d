package DBD::Gofer::Policy::classic;

use strict;
use warnings;

use DBD::Gofer::Policy::Base ();

our $VERSION = '0.010088';
our @ISA     = 'DBD::Gofer::Policy::Base';

__PACKAGE__->create_policy_subs(
    {
        connect_method       => 'connect_cached',
        prepare_method       => '',
        dbh_attribute_update => 'first',
        skip_default_methods => 1,
        skip_ping            => 1,
        skip_prepare_check   => 1,
        cache_get_info       => 1,
    }
);

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Policy::classic - ask the server where it matters, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>, whose default it is: connections are kept by the server, attributes come once, C<ping> and C<prepare> ask
nobody, methods that the remote driver has from DBI are done here.

=cut
