package CPANBridge::Compat::HTTP::Handlers;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

sub add_handler {
    my ( $self, $phase, $callback, %spec ) = @_;
    $spec{line} ||= join ':', ( caller 0 )[ 1, 2 ];
    $self->_config($phase)->add( { %spec, callback => $callback } );
    return;
}

sub _config {
    my ( $self, $phase ) = @_;
    require HTTP::Config;
    return $self->{handlers}{$phase} ||= HTTP::Config->new;
}

# The field owner is the sub that calls, unless the program says another.
sub _with_owner {
    my ($spec) = @_;
    $spec->{owner} = ( caller 2 )[3] if !exists $spec->{owner};
    return;
}

sub set_my_handler {
    my ( $self, $phase, $callback, %spec ) = @_;
    _with_owner( \%spec );
    $self->remove_handler( $phase, %spec );
    $spec{line} ||= join ':', ( caller 0 )[ 1, 2 ];
    $self->add_handler( $phase, $callback, %spec ) if $callback;
    return;
}

sub get_my_handler {
    my ( $self, $phase, @spec ) = @_;
    my $init = @spec % 2 ? pop @spec : undef;
    my %spec = @spec;
    _with_owner( \%spec );
    my $config = $self->_config($phase);
    my ($found) = $config->find(%spec);
    if ( !$found && $init ) {
        $found = \%spec;
        if    ( ref $init eq 'CODE' ) { $init->($found) }
        elsif ( ref $init eq 'HASH' ) { @$found{ keys %$init } = values %$init }
        $found->{callback} ||= sub { };
        $found->{line} ||= join ':', ( caller 0 )[ 1, 2 ];
        $config->add($found);
    }
    return $found;
}

sub remove_handler {
    my ( $self, $phase, %spec ) = @_;
    return map { $self->remove_handler( $_, %spec ) } sort keys %{ $self->{handlers} || {} } if !defined $phase;
    my $config = $self->{handlers}{$phase} or return;
    my @gone = $config->remove(%spec);
    delete $self->{handlers}{$phase} if $config->empty;
    return @gone;
}

# A request or an answer may have some of its own.
sub handlers {
    my ( $self, $phase, $message ) = @_;
    my @own = $message->{handlers} && $message->{handlers}{$phase} ? @{ $message->{handlers}{$phase} } : ();
    my $config = $self->{handlers}{$phase};
    return ( @own, $config ? $config->matching($message) : () );
}

# Runs those of a phase; where a value is wanted, until one gives a true one.
sub run_handlers {
    my ( $self, $phase, $message ) = @_;
    if ( !defined wantarray ) {
        $_->{callback}->( $message, $self, $_ ) for $self->handlers( $phase, $message );
        return;
    }
    for my $handler ( $self->handlers( $phase, $message ) ) {
        my $value = $handler->{callback}->( $message, $self, $handler );
        return $value if $value;
    }
    return undef;    ## no critic (ProhibitExplicitReturnUndef)
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Handlers - the handlers of the replacement of LWP::UserAgent

=head1 DESCRIPTION

A base class of L<LWP::UserAgent>'s replacement, whose documentation tells of phases and of what a handler gets.

=head1 METHODS

=head2 add_handler

=head2 set_my_handler

=head2 get_my_handler

=head2 remove_handler

=head2 handlers

As LWP::UserAgent has them.

=head2 run_handlers

    my $response = $agent->run_handlers( request_send => $request );

Calls the handlers that fit; where a value is wanted, only until one gives a true one, which is returned.

=cut
