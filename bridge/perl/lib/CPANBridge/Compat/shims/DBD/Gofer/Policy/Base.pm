package DBD::Gofer::Policy::Base;

use strict;
use warnings;

use Carp ();

our $VERSION = '0.010088';

# Each item with what holds where a policy says nothing else.
my %ITEM = (
    connect_method          => 'connect',
    prepare_method          => 'prepare',
    dbh_attribute_list      => ['*'],
    dbh_attribute_update    => 'every',
    locally_quote           => 0,
    locally_quote_identifier => 0,
    skip_connect_check      => 0,
    skip_default_methods    => 0,
    skip_ping               => 0,
    skip_prepare_check      => 0,
    ( map { ( "cache_$_" => 0 ) } qw(column_info foreign_key_info func get_info primary_key_info statistics_info table_info tables) ),
    ( map { ( "cache_$_" => 1 ) } qw(data_sources parse_trace_flag parse_trace_flags type_info_all) ),
);

__PACKAGE__->create_policy_subs( \%ITEM );

sub new { my ($class) = @_; return bless {}, $class }

# Makes a method of each item.
sub create_policy_subs {
    my ( $class, $items ) = @_;
    for my $name ( keys %$items ) {
        my $value = $items->{$name};
        Carp::croak("$class: there is no item '$name' in policies") if !exists $ITEM{$name};
        no strict 'refs';
        *{"${class}::$name"} = sub { return $value };
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Policy::Base - how often DBD::Gofer asks its server, by CPANBridge

=head1 SYNOPSIS

    package Own::Policy;
    use DBD::Gofer::Policy::Base;
    our @ISA = 'DBD::Gofer::Policy::Base';
    __PACKAGE__->create_policy_subs( { skip_ping => 1 } );

    DBI->connect('dbi:Gofer:transport=stream;policy=Own::Policy;dsn=...');

=head1 DESCRIPTION

Part of L<DBD::Gofer>, the base of its policies; this is what the items are without one of them:

=over 4

=item C<skip_connect_check>, C<skip_ping>, C<skip_prepare_check>

False: the server is asked to C<ping> when a handle is made, at each C<ping>, and to prepare a statement before it is executed.

=item C<skip_default_methods>

False: methods that the remote driver has from DBI are called there all the same.

=item C<locally_quote>, C<locally_quote_identifier>

False: the remote driver quotes.

=item C<connect_method>, C<prepare_method>

What the server calls: C<connect> (or C<connect_cached>) and C<prepare> (or C<prepare_cached>).

=item C<dbh_attribute_list>, C<dbh_attribute_update>

Which attributes of the remote handle come with answers, C<['*']>, and when: C<every>, C<first> or C<none>.

=item C<cache_...>

Whether the answer to a method is kept for the handle's life: true for C<data_sources>, C<type_info_all>, C<parse_trace_flag> and
C<parse_trace_flags>; false for C<column_info>, C<foreign_key_info>, C<func>, C<get_info>, C<primary_key_info>, C<statistics_info>,
C<table_info> and C<tables>.

=back

=head1 METHODS

=head2 new

=head2 create_policy_subs

Makes methods of a hash of items.

=cut
