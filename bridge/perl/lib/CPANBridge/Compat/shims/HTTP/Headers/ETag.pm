package HTTP::Headers::ETag;

use 5.014;
use strict;
use warnings;

use HTTP::Date    ();
use HTTP::Headers ();

our $VERSION = '6.44';

for my $field (qw(ETag If-Match If-None-Match)) {
    ( my $method = lc $field ) =~ tr/-/_/;
    no strict 'refs';
    *{"HTTP::Headers::$method"} = sub { my $self = shift; return _etags( $self, $field, @_ ) };
}
{
    no warnings 'once';
    *HTTP::Headers::if_range = \&_if_range;
}

sub _etags {
    my ( $self, $field, @new ) = @_;
    my @old = map { _list($_) } $self->_header($field);
    $self->_header( $field, join( ', ', map { _list($_) } @new ), 'SET' ) if @new;
    return wantarray ? @old : join ', ', @old;
}

# The tags of a text, each in quotes.
sub _list {
    my ($text) = @_;
    my @tags;
    return if !defined $text;
    for ($text) {
        pos = 0;
        while (1) {
            /\G[\s,]+/gc;
            last if ( pos || 0 ) == length;
            my $weak = m{\G[Ww]/}gc ? 'W/' : '';
            if    (/\G("(?:[^"\\]|\\.)*")/gcs) { push @tags, "$weak$1" }
            elsif (/\G([^\s,"]+)/gc)           { push @tags, qq($weak"$1") }
            else                               { push @tags, qq($weak""); /\G"/gc }
        }
    }
    return @tags;
}

sub _if_range {
    my ( $self, @new ) = @_;
    my @old = $self->_header('If-Range');
    if (@new) {
        my ($new) = @new;
        if    ( !defined $new )           { $self->remove_header('If-Range') }
        elsif ( $new =~ /\A\d+\z/ )       { $self->_header( 'If-Range', HTTP::Date::time2str($new), 'SET' ) }
        else                              { $self->_header( 'If-Range', join( ', ', _list($new) ), 'SET' ) }
    }
    return defined wantarray && !wantarray ? '' : () if !@old;
    my $time = HTTP::Date::str2time( $old[0] );
    return $time if defined $time;
    my @tags = map { _list($_) } @old;
    return wantarray ? @tags : join ', ', @tags;
}

1;

__END__

=head1 NAME

HTTP::Headers::ETag - methods for entity tags

=head1 SYNOPSIS

    use HTTP::Headers::ETag;

    $headers->etag('v1');
    print scalar $headers->etag, "\n";      # "v1", with its quotes

=head1 DESCRIPTION

Part of L<HTTP::Headers>: adds C<etag>, C<if_match>, C<if_none_match> and C<if_range>.

=cut
