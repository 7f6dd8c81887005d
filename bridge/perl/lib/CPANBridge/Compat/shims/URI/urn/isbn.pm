package URI::urn::isbn;

use 5.014;
use strict;
use warnings;

use parent 'URI::urn';

our $VERSION = '5.17';

sub _book {
    my ($nss) = @_;
    {
        local ( $@, $SIG{__DIE__} );
        return if !eval { require Business::ISBN; Business::ISBN->VERSION(3.005); 1 };
    }
    my $book = defined $nss ? Business::ISBN->new($nss) : undef;
    return $book && $book->is_valid ? $book : undef;
}

sub isbn {
    my ( $self, @new ) = @_;
    my $old = _book( $self->nss );
    $self->nss( ref $new[0] ? $new[0]->as_string : $new[0] ) if @new;
    return $old ? $old->as_string : undef;
}

sub _of_book {
    my ( $self, $method ) = @_;
    my $book = _book( $self->nss );
    return $book ? $book->$method : undef;
}

sub isbn_publisher_code { my ($self) = @_; return $self->_of_book('publisher_code') }
sub isbn_group_code     { my ($self) = @_; return $self->_of_book('group_code') }
sub isbn_country_code   { my ($self) = @_; return $self->_of_book('group_code') }

sub isbn13 {
    my ($self) = @_;
    my $book = _book( $self->nss ) or return;
    my $long = $book->as_isbn13 or return;
    return $long->as_string( [] );
}
sub isbn_as_ean { my ($self) = @_; return $self->isbn13 }

sub canonical {
    my ($self) = @_;
    my $book   = _book( $self->nss );
    my $other  = $self->SUPER::canonical;
    return $other if !$book || $book->as_string eq $other->nss;
    $other = $other->clone if $other == $self;
    $other->nss( $book->as_string );
    return $other;
}


1;

__END__

=head1 NAME

URI::urn::isbn - names of books

=head1 DESCRIPTION

Part of L<URI>.

=cut
