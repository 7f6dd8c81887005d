package HTTP::Headers::Auth;

use 5.014;
use strict;
use warnings;

use HTTP::Headers       ();
use HTTP::Headers::Util ();

our $VERSION = '6.44';

# Takes the place of the two methods, with challenges as hashes where a list is wanted.
{
    no warnings 'redefine';
    *HTTP::Headers::www_authenticate   = sub { my $self = shift; return _authenticate( $self, 'WWW-Authenticate',   @_ ) };
    *HTTP::Headers::proxy_authenticate = sub { my $self = shift; return _authenticate( $self, 'Proxy-Authenticate', @_ ) };
}

sub _authenticate {
    my ( $self, $field, @new ) = @_;
    my @old = $self->_header($field);
    _set( $self, $field, @new ) if @new;
    return if !@old;
    return join ', ', @old if !wantarray;
    return _parsed(@old);
}

sub _set {
    my ( $self, $field, @new ) = @_;
    $self->remove_header($field);
    if ( !ref $new[1] && @new == 1 ) { $self->push_header( $field, $new[0] ) if defined $new[0]; return }
    while (@new) {
        my $text = shift @new;
        if ( ref $new[0] ) {
            my $params = shift @new;
            my @pairs = ref $params eq 'HASH' ? map { $_ => $params->{$_} } sort keys %$params : @$params;
            my @texts;
            while ( my ( $name, $value ) = splice @pairs, 0, 2 ) { push @texts, _param( $name, $value ) }
            $text .= ' ' . join ', ', @texts if @texts;
        }
        $self->push_header( $field, $text );
    }
    return;
}

sub _param {
    my ( $name, $value ) = @_;
    return HTTP::Headers::Util::join_header_words( $name, $value ) if lc $name ne 'realm';
    $value =~ s/(["\\])/\\$1/g;
    return qq($name="$value");
}

# A challenge begins with a word that stands alone; the parameters follow it, parted by commas as the challenges are.
sub _parsed {
    my @challenges;
    for my $words ( HTTP::Headers::Util::split_header_words(@_) ) {
        my @pairs = @$words;
        while ( my ( $name, $value ) = splice @pairs, 0, 2 ) {
            if    ( !defined $value )  { push @challenges, $name, {} }
            elsif ( @challenges )      { $challenges[-1]{$name} = $value }
        }
    }
    return @challenges;
}

1;

__END__

=head1 NAME

HTTP::Headers::Auth - challenges as hashes

=head1 SYNOPSIS

    use HTTP::Headers::Auth;

    my %challenge = $response->www_authenticate;
    print $challenge{basic}{realm}, "\n";

=head1 DESCRIPTION

Part of L<HTTP::Headers>.

=cut
