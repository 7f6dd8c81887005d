package URI::gopher;

use 5.014;
use strict;
use warnings;

use parent 'URI::_server';

our $VERSION = '5.17';

use URI::Escape ();

sub default_port { return 70 }

sub _gopher_type {
    my $self = shift;
    my $path = $self->path_query;
    $path =~ s{\A/}{};
    my $old = length $path ? substr $path, 0, 1, '' : undef;
    if (@_) {
        my ($new) = @_;
        if ( defined $new && length $new != 1 ) {
            require Carp;
            Carp::croak("Gopher type must be one character: '$new'");
        }
        if    ( defined $new )  { substr $path, 0, 0, $new }
        elsif ( length $path ) {
            require Carp;
            Carp::croak(q(Can't delete gopher type when selector is present));
        }
        $self->path_query("/$path");
    }
    return $old;
}

sub gopher_type {
    my $self = shift;
    my $type = $self->_gopher_type(@_);
    return defined $type ? $type : 1;
}

sub gtype { my $self = shift; return $self->gopher_type(@_) }

sub selector { my $self = shift; return $self->_field( 0, @_ ) }
sub search   { my $self = shift; return $self->_field( 1, @_ ) }
sub string   { my $self = shift; return $self->_field( 2, @_ ) }

# The fields of the path are parted by tabs.
sub _field {
    my ( $self, $index, @new ) = @_;
    my $path = $self->path_query;
    $path =~ s{\A/}{};
    my $type = length $path ? substr $path, 0, 1, '' : 1;
    my @fields = map { URI::Escape::uri_unescape($_) } split /%09/, $path, 3;
    my $old = $fields[$index];
    if (@new) {
        $fields[$index] = $new[0];
        pop @fields while @fields && !defined $fields[-1];
        my $text = join '%09', map { my $field = defined $_ ? $_ : ''; $field =~ s/([%?#\t])/URI::Escape::escape_char($1)/ge; $field } @fields;
        $self->path_query("/$type$text");
    }
    return $old;
}


1;

__END__

=head1 NAME

URI::gopher - addresses of Gopher

=head1 DESCRIPTION

Part of L<URI>.

=cut
