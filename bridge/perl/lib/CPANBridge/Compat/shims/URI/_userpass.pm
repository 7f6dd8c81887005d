package URI::_userpass;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

our $VERSION = '5.17';

my $OPEN = '/?#@%\[\]';

sub _user_and_password {
    my ($self) = @_;
    my $info = $self->userinfo;
    return defined $info ? $info =~ /\A([^:]*)(?::(.*))?\z/s : ();
}

sub _set_user_and_password {
    my ( $self, $user, $password ) = @_;
    $self->userinfo( defined $password ? ( defined $user ? $user : '' ) . ":$password" : $user );
    return;
}

sub user {
    my $self = shift;
    my ( $old, $password ) = $self->_user_and_password;
    if (@_) {
        my ($new) = @_;
        $self->_set_user_and_password( defined $new ? $self->_escape_part( $new, "$OPEN:" ) : undef, $password );
    }
    return defined $old ? URI::Escape::uri_unescape($old) : undef;
}

sub password {
    my $self = shift;
    my ( $user, $old ) = $self->_user_and_password;
    if (@_) {
        my ($new) = @_;
        undef $user if !defined $new && defined $user && !length $user;
        $self->_set_user_and_password( $user, defined $new ? $self->_escape_part( $new, $OPEN ) : undef );
    }
    return defined $old ? URI::Escape::uri_unescape($old) : undef;
}

1;

__END__

=head1 NAME

URI::_userpass - user and password of an address

=head1 DESCRIPTION

Part of L<URI>.

=cut
