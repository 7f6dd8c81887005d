package URI::IRI;

use 5.014;
use strict;
use warnings;

use URI ();

use overload '""' => sub { $_[0]->as_string }, fallback => 1;

our $VERSION = '5.17';
our $AUTOLOAD;

sub new {
    my ( $class, $text, @scheme ) = @_;
    utf8::upgrade($text);
    return bless { uri => URI->new( $text, @scheme ) }, $class;
}

sub clone {
    my ($self) = @_;
    return bless { uri => $self->{uri}->clone }, ref $self;
}

sub as_string { my ($self) = @_; return $self->{uri}->as_iri }

sub AUTOLOAD {
    my $self = shift;
    ( my $name = $AUTOLOAD ) =~ s/.*:://;
    return $self->{uri}->$name(@_);
}
sub DESTROY { }

1;

__END__

=head1 NAME

URI::IRI - addresses that show as characters

=head1 DESCRIPTION

Part of L<URI>.

=cut
