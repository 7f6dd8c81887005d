package URI::http;

use 5.014;
use strict;
use warnings;

use parent 'URI::_server';

our $VERSION = '5.17';

sub default_port { return 80 }

sub canonical {
    my ($self) = @_;
    my $other = $self->SUPER::canonical;
    if ( defined $other->authority && !length $other->path && !defined $other->query ) {
        $other = $other->clone if $other == $self;
        $other->path('/');
    }
    return $other;
}


1;

__END__

=head1 NAME

URI::http - addresses of the web

=head1 DESCRIPTION

Part of L<URI>.

=cut
