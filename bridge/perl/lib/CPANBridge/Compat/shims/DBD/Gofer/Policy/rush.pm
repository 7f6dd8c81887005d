package DBD::Gofer::Policy::rush;

use strict;
use warnings;

use DBD::Gofer::Policy::Base ();

our $VERSION = '0.010088';
our @ISA     = 'DBD::Gofer::Policy::Base';

__PACKAGE__->create_policy_subs(
    {
        connect_method       => 'connect_cached',
        prepare_method       => '',
        dbh_attribute_update => 'none',
        skip_connect_check   => 1,
        skip_default_methods => 1,
        skip_ping            => 1,
        skip_prepare_check   => 1,
        map { ( "cache_$_" => 1 ) } qw(column_info foreign_key_info get_info primary_key_info statistics_info table_info tables),
    }
);

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Policy::rush - ask the server as little as can be, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>. As L<DBD::Gofer::Policy::classic>; besides, a handle is made without asking whether the server can connect, no
attributes come, and what is told of tables is kept.

=cut
