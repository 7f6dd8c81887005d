package URI::mailto;

use 5.014;
use strict;
use warnings;

use URI ();
use URI::_query ();

use parent qw(-norequire URI::_query URI);

our $VERSION = '5.17';

use URI::Escape ();

sub _escape_brackets { my ( $class, $text ) = @_; return $text }    # user@[127.0.0.1]

sub to {
    my ( $self, @new ) = @_;
    my @old = $self->headers;
    if (@new) {
        my @headers = @old;
        my ($first) = grep { $_ % 2 == 0 && lc $headers[$_] eq 'to' } 0 .. $#headers;
        if    ( defined $first )    { $headers[ $first + 1 ] = $new[0] }
        elsif ( defined $new[0] ) { unshift @headers, to => $new[0] }
        $self->headers(@headers);
    }
    my @to;
    while ( my ( $name, $value ) = splice @old, 0, 2 ) { push @to, $value if lc $name eq 'to' && defined $value }
    return join ',', @to;
}

# The first recipient is no part of the query.
sub headers {
    my ( $self, @new ) = @_;
    my ($to) = $self->opaque =~ /\A([^?]*)/;
    my @old;
    push @old, to => URI::Escape::uri_unescape($to) if length $to;
    push @old, $self->query_form;
    if (@new) {
        my ( $first, @rest );
        while ( my ( $name, $value ) = splice @new, 0, 2 ) {
            if ( lc $name eq 'to' && !defined $first ) { $first = defined $value ? $value : '' }
            else                                       { push @rest, $name, $value }
        }
        $first = '' if !defined $first;
        $first =~ s/([%?])/URI::Escape::escape_char($1)/ge;
        $self->opaque($first);
        $self->query_form( \@rest );
    }
    return @old;
}

sub address        { my $self = shift; return $self->to(@_) }
sub encoded822addr { my $self = shift; return $self->to(@_) }


1;

__END__

=head1 NAME

URI::mailto - addresses of people

=head1 DESCRIPTION

Part of L<URI>.

=cut
