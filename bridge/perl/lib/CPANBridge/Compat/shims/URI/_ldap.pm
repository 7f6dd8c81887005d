package URI::_ldap;

use 5.014;
use strict;
use warnings;

our $VERSION = '5.17';

use URI::Escape ();

sub _escaped {
    my ( $text, $unsafe ) = @_;
    $text =~ s/([$unsafe]|%(?=[0-9A-Fa-f]{2})|[^\x00-\x7F])/URI::Escape::escape_char($1)/ge;
    return $text;
}

# The query has fields, parted by question marks: attributes, scope, filter, extensions.
sub _field {
    my ( $self, $index, @new ) = @_;
    my @fields = split /\?/, defined $self->query ? $self->query : '', -1;
    my $old = defined $fields[$index] ? $fields[$index] : '';
    if (@new) {
        $fields[$index] = $new[0];
        my $text = join '?', map { defined $_ ? $_ : '' } @fields;
        $text =~ s/\?+\z//;
        $self->query( length $text ? $text : undef );
    }
    return $old;
}

sub dn {
    my ( $self, @new ) = @_;
    my $old = $self->path;
    if (@new) {
        my $path = _escaped( $new[0], '%?#' );
        $path = "/$path" if defined $self->authority;
        $self->path($path);
    }
    $old =~ s{\A/}{};
    return URI::Escape::uri_unescape($old);
}

sub attributes {
    my ( $self, @new ) = @_;
    my $old = $self->_field( 0, @new ? join( ',', map { _escaped( $_, '%,?#\x00-\x20' ) } @new ) : () );
    return $old if !wantarray;
    return map { URI::Escape::uri_unescape($_) } split /,/, $old;
}

sub _scope {
    my ( $self, @new ) = @_;
    return URI::Escape::uri_unescape( $self->_field( 1, @new ? _escaped( $new[0], '%?#' ) : () ) );
}

sub scope {
    my $self  = shift;
    my $scope = $self->_scope(@_);
    return length $scope ? $scope : 'base';
}

sub _filter {
    my ( $self, @new ) = @_;
    return URI::Escape::uri_unescape( $self->_field( 2, @new ? _escaped( $new[0], '%?#' ) : () ) );
}

sub filter {
    my $self   = shift;
    my $filter = $self->_filter(@_);
    return length $filter ? $filter : '(objectClass=*)';
}

sub extensions {
    my ( $self, @new ) = @_;
    my @pairs;
    while ( my ( $name, $value ) = splice @new, 0, 2 ) {
        push @pairs, _escaped( $name, ',=?#' ) . ( defined $value ? '=' . _escaped( $value, ',?#' ) : '' );
    }
    my $old = $self->_field( 3, @_ > 1 ? join( ',', @pairs ) : () );
    return map { URI::Escape::uri_unescape($_) } map { /\A([^=]*)=(.*)\z/s ? ( $1, $2 ) : ( $_, undef ) } split /,/, $old;
}

sub canonical {
    my ($self) = @_;
    my $other = $self->_nonldap_canonical;
    my @attributes = map { lc } $other->attributes;
    my @extensions = $other->extensions;
    my ( $scope, $filter ) = ( lc $other->_scope, $other->_filter );
    for ( my $i = 0 ; $i < @extensions ; $i += 2 ) { $extensions[$i] = lc $extensions[$i] }
    $other = $other->clone if $other == $self;
    $scope  = '' if $scope eq 'base';
    $filter = '' if lc $filter eq '(objectclass=*)' || lc $filter eq 'objectclass=*';
    $other->attributes(@attributes);
    $other->scope($scope);
    $other->filter($filter);
    $other->extensions(@extensions) if @extensions;
    return $other;
}


1;

__END__

=head1 NAME

URI::_ldap - what addresses of directories hold

=head1 DESCRIPTION

Part of L<URI>.

=cut
