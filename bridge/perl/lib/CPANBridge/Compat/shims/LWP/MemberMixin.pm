package LWP::MemberMixin;

use 5.014;
use strict;
use warnings;

our $VERSION = '6.68';

sub _elem {
    my ( $self, $name, @new ) = @_;
    my $old = $self->{$name};
    $self->{$name} = $new[0] if @new;
    return $old;
}

1;

__END__

=head1 NAME

LWP::MemberMixin - accessors

=head1 DESCRIPTION

Part of L<LWP>.

=cut
