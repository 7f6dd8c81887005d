package DBD::Gofer::Transport::null;

use strict;
use warnings;

use DBD::Gofer::Transport::Base ();
use DBI::Gofer::Execute ();

our $VERSION = '0.010088';
our @ISA     = 'DBD::Gofer::Transport::Base';

for my $field (qw(pending_response transmit_count)) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

my $executor;

sub transmit_request_by_transport {
    my ( $self, $request ) = @_;
    $self->{transmit_count}++;
    $executor ||= DBI::Gofer::Execute->new;
    my $response = $executor->execute_request( $self->thaw_request( $self->freeze_request($request) ) );
    $self->{pending_response} = $self->freeze_response($response);
    return;
}

sub receive_response_by_transport {
    my ($self) = @_;
    my $frozen = delete $self->{pending_response};
    die "no request was sent\n" if !defined $frozen;
    return $self->thaw_response($frozen);
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Transport::null - DBD::Gofer with its server in the same process, by CPANBridge

=head1 SYNOPSIS

    DBI_AUTOPROXY='dbi:Gofer:transport=null' perl -MCPANBridge::Compat report.pl

=head1 DESCRIPTION

Part of L<DBD::Gofer>. To see whether a program gets along with what Gofer cannot do; and for its cache.

=head1 METHODS

=head2 transmit_request_by_transport

=head2 receive_response_by_transport

=head2 transmit_count

=head2 pending_response

=cut
