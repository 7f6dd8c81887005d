package URI::ftp;

use 5.014;
use strict;
use warnings;

use parent 'URI::_login';

our $VERSION = '5.17';

sub default_port { return 21 }

sub path { my $self = shift; return $self->path_query(@_) }    # a question mark is as good as any other character

sub user {
    my $self = shift;
    my $user = $self->SUPER::user(@_);
    return defined $user ? $user : 'anonymous';
}

sub password {
    my $self     = shift;
    my $password = $self->SUPER::password(@_);
    return $password if defined $password;
    return $self->user =~ /\A(?:anonymous|ftp)\z/ ? 'anonymous@' : undef;
}


1;

__END__

=head1 NAME

URI::ftp - addresses of files on servers

=head1 DESCRIPTION

Part of L<URI>.

=cut
