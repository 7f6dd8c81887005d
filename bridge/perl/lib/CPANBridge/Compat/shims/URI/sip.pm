package URI::sip;

use 5.014;
use strict;
use warnings;

use parent qw(URI::_server URI::_userpass);

our $VERSION = '5.17';

use URI::Escape ();

sub default_port { return 5060 }

# What stands before the query: authority;parameters.
sub authority {
    my ( $self, @new ) = @_;
    my ( $old, $rest ) = $self->_sip_parts;
    $self->_set_sip_parts( defined $new[0] ? $self->_escape_part( $new[0], ';?#' ) : '', $rest ) if @new;
    return $old;
}

sub _sip_parts {
    my ($self) = @_;
    my ( $authority, $params ) = $self->path_query =~ /\A([^;?]*)(?:;([^?]*))?/;
    return ( $authority, $params );
}

sub _set_sip_parts {
    my ( $self, $authority, $params ) = @_;
    $$self =~ /\A([^:]*:)[^?#]*(.*)\z/s or return;
    $$self = $1 . $authority . ( defined $params && length $params ? ";$params" : '' ) . $2;
    return;
}

sub params {
    my ( $self, @new ) = @_;
    my ( $authority, $old ) = $self->_sip_parts;
    $self->_set_sip_parts( $authority, defined $new[0] ? $self->_escape_part( $new[0], '?#' ) : undef ) if @new;
    return $old;
}

sub params_form {
    my ( $self, @new ) = @_;
    my ( undef, $old ) = $self->_sip_parts;
    if (@new) {
        @new = ref $new[0] eq 'HASH' ? %{ $new[0] } : @{ $new[0] } if ref $new[0];
        my @pairs;
        while ( my ( $name, $values ) = splice @new, 0, 2 ) {
            for my $value ( ref $values eq 'ARRAY' ? @$values : $values ) {
                my @words = map { my $word = defined $_ ? $_ : ''; $word =~ s/([;?#%=\s&])/URI::Escape::escape_char($1)/ge; $word } $name, $value;
                push @pairs, join '=', @words;
            }
        }
        $self->params( join ';', @pairs );
    }
    return if !defined $old || !length $old || !defined wantarray;
    return map { URI::Escape::uri_unescape($_) } map { /=/ ? split( /=/, $_, 2 ) : ( $_ => '' ) } split /;/, $old;
}

# There are no relative ones, and no paths.
sub abs           { return $_[0] }    ## no critic (ProhibitBuiltinHomonyms)
sub rel           { return $_[0] }
sub path          { return }
sub path_segments { return }


1;

__END__

=head1 NAME

URI::sip - addresses of phones

=head1 DESCRIPTION

Part of L<URI>.

=cut
