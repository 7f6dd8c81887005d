package DBI::Gofer::Request;

use strict;
use warnings;

use Exporter ();

use DBI ();

our $VERSION = '0.012537';
our @ISA     = 'Exporter';
our @EXPORT  = qw(GOf_REQUEST_IDEMPOTENT GOf_REQUEST_READONLY);

# Flags.
sub GOf_REQUEST_IDEMPOTENT () { return 1 }
sub GOf_REQUEST_READONLY ()   { return 2 }

# What a request is made of; meta is what the sender keeps beside it, and is not sent.
for my $field (qw(version flags dbh_connect_call dbh_method_call dbh_attributes dbh_last_insert_id_args sth_method_calls sth_result_attr meta)) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

sub new {
    my ( $class, $fields ) = @_;
    return bless { version => $VERSION, %{ $fields || {} } }, $class;
}

# Whether a statement is prepared, rather than a method of the database called.
sub is_sth_request { my ($self) = @_; return $self->{sth_result_attr} ? 1 : 0 }

sub statements {
    my ($self) = @_;
    my ( undef, $method, $statement ) = @{ $self->{dbh_method_call} || [] };
    return grep { defined && !ref } $method && $method =~ /\A(?:do|prepare|prepare_cached|select\w+)\z/ ? $statement : ();
}

# Whether the request may be sent again, and its answer kept: nothing is changed by it.
sub is_idempotent {
    my ($self) = @_;
    return 1 if ( $self->{flags} || 0 ) & ( GOf_REQUEST_IDEMPOTENT | GOf_REQUEST_READONLY );
    my $attributes = ( $self->{dbh_connect_call} || [] )->[4];
    return 1 if $attributes && $attributes->{ReadOnly};
    my @statements = $self->statements or return 0;
    return !grep { !/\A\s*SELECT\b/i || /\bFOR\s+UPDATE\b/i } @statements;
}

sub summary_as_text {
    my ($self) = @_;
    my ( $want, $method, @arguments ) = @{ $self->{dbh_method_call} || [] };
    my @calls = map { my ( $name, @with ) = @$_; "$name(" . DBI::neat_list( \@with ) . ')' } [ $method, @arguments ], @{ $self->{sth_method_calls} || [] };
    return 'request: ' . ( $self->{dbh_connect_call} || [] )->[1] . ': ' . join ', ', @calls;
}

sub outline_as_text { my ($self) = @_; return $self->summary_as_text }

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Request - what DBD::Gofer asks of a server, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>. A hash of the same fields as the original's, so that either may be at the other end.

=head1 METHODS

=head2 new

=head2 version

=head2 flags

=head2 dbh_connect_call

Method, data source, user, password and attributes.

=head2 dbh_method_call

Whether a list is wanted, the method and its arguments.

=head2 dbh_attributes

Names of attributes that are to come with the answer; C<*> is what a driver has to tell.

=head2 dbh_last_insert_id_args

=head2 sth_method_calls

Methods of the statement, each with its arguments.

=head2 sth_result_attr

=head2 meta

=head2 is_sth_request

=head2 statements

=head2 is_idempotent

=head2 summary_as_text

=head2 outline_as_text

=head1 CONSTANTS

=head2 GOf_REQUEST_IDEMPOTENT

=head2 GOf_REQUEST_READONLY

=cut
