package XML::LibXML::InputCallback;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '2.0134';

sub new { my ($class) = @_; return bless { _CALLBACKS => [] }, $class }

# Arrays of four subs: match, open, read, close.
sub register_callbacks {
    my ( $self, $callbacks ) = @_;
    Carp::croak('register_callbacks: an array of four subs is needed') if ref $callbacks ne 'ARRAY' || @$callbacks != 4;
    push @{ $self->{_CALLBACKS} }, $callbacks;
    return 1;
}

sub unregister_callbacks {
    my ( $self, $callbacks ) = @_;
    if ( !defined $callbacks ) { pop @{ $self->{_CALLBACKS} }; return 1 }
    @{ $self->{_CALLBACKS} } = grep { ( $_->[0] || 0 ) != ( $callbacks->[0] || 0 ) } @{ $self->{_CALLBACKS} };
    return 1;
}

sub init_callbacks         {return}
sub cleanup_callbacks      {return}
sub lib_init_callbacks     {return}
sub lib_cleanup_callbacks  {return}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::InputCallback - where documents come from (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
