package URI::pop;

use 5.014;
use strict;
use warnings;

use parent 'URI::_server';

our $VERSION = '5.17';

use URI::Escape ();

sub default_port { return 110 }

# The user and the way to log in share the part before the host: user;AUTH=way.
sub _user_and_way {
    my ($self) = @_;
    my $info = $self->userinfo;
    return defined $info ? $info =~ /\A(.*?)(?:;AUTH=(.*))?\z/is : ();
}

sub _set_user_and_way {
    my ( $self, $user, $way ) = @_;
    my $info = defined $way ? ( defined $user ? $user : '' ) . ";AUTH=$way" : $user;
    $self->userinfo( defined $info && length $info ? $info : undef );
    return;
}

sub user {
    my ( $self, @new ) = @_;
    my ( $old, $way ) = $self->_user_and_way;
    $self->_set_user_and_way( defined $new[0] ? $self->_escape_part( $new[0], '%;@/?#' ) : undef, $way ) if @new;
    return defined $old ? URI::Escape::uri_unescape($old) : undef;
}

sub auth {
    my ( $self, @new ) = @_;
    my ( $user, $old ) = $self->_user_and_way;
    $self->_set_user_and_way( $user, defined $new[0] ? $self->_escape_part( $new[0], '%;@/?#' ) : undef ) if @new;
    return defined $old ? URI::Escape::uri_unescape($old) : undef;
}


1;

__END__

=head1 NAME

URI::pop - addresses of mailboxes

=head1 DESCRIPTION

Part of L<URI>.

=cut
