package URI::_generic;

use 5.014;
use strict;
use warnings;

use URI ();
use URI::Escape ();
use URI::_query ();

use parent qw(-norequire URI::_query URI);

our $VERSION = '5.17';

my $SCHEME = qr/[a-zA-Z][a-zA-Z0-9.+\-]*/;
my $OPEN   = URI::HAS_RESERVED_SQUARE_BRACKETS() ? '' : '\[\]';

sub _no_scheme_ok { return 1 }

sub has_recognized_scheme { return ref $_[0] ne __PACKAGE__ }

sub authority {
    my $self = shift;
    $$self =~ m{\A((?:$SCHEME:)?)(?://([^/?#]*))?(.*)\z}os or die;
    my ( $scheme, $old, $rest ) = ( $1, $2, $3 );
    if (@_) {
        my ($new) = @_;
        my $authority = '';
        if ( defined $new ) {
            $authority = '//' . $self->_escape_authority($new);
            $rest = "/$rest" if $rest =~ m{\A[^/?#]};
        }
        else { $rest = $self->_alone( $rest, $scheme ) }
        $$self = $scheme . $authority . $rest;
    }
    return $old;
}

# As far as a name is known to be that of a host, brackets belong around it.
sub _escape_authority {
    my ( $self, $new ) = @_;
    $new = "$new";
    utf8::encode($new) if utf8::is_utf8($new);
    my ( $user, $host ) = $new =~ /\A((?:.*\@)?)(.*)\z/s;
    if ( !URI::HAS_RESERVED_SQUARE_BRACKETS() ) {
        $user =~ s/\@(?=.)/%40/gs;
        if ( $host =~ /\A(?=[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:)([0-9a-fA-F:.]+)\z/ ) { $host = "[$host]" }
    }
    my ( $address, $port ) = ( '', $host );
    ( $address, $port ) = ( $1, $2 ) if $host =~ /\A(\[[^\[\]]*\])(.*)\z/s;
    return $self->_escape_part( $user, "/?#$OPEN" ) . $address . $self->_escape_part( $port, "/?#$OPEN" );
}

# A path that would be taken for a scheme.
sub _alone {
    my ( $self, $path, $scheme ) = @_;
    $path = "./$path" if !length $scheme && $path =~ m{\A[^/?#:]*:};
    return $path;
}

sub path {
    my $self = shift;
    return $1 if !@_ && $$self =~ m{\A(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)};
    $$self =~ m{\A((?:[^:/?#]+:)?)((?://[^/?#]*)?)([^?#]*)(.*)\z}s or die;
    my ( $scheme, $authority, $old, $rest ) = ( $1, $2, $3, $4 );
    $$self = $scheme . $authority . $self->_path_for( $_[0], "?#$OPEN", $scheme, $authority ) . $rest if @_;
    return $old;
}

sub path_query {
    my $self = shift;
    $$self =~ m{\A((?:[^:/?#]+:)?)((?://[^/?#]*)?)([^#]*)(.*)\z}s or die;
    my ( $scheme, $authority, $old, $rest ) = ( $1, $2, $3, $4 );
    $$self = $scheme . $authority . $self->_path_for( $_[0], "#$OPEN", $scheme, $authority ) . $rest if @_;
    return $old;
}

sub _path_for {
    my ( $self, $new, $unsafe, $scheme, $authority ) = @_;
    $new = defined $new ? $self->_escape_part( $new, $unsafe ) : '';
    if ( !length $authority ) { return $self->_alone( $new, $scheme ) }
    return $new =~ m{\A[^/?]} ? "/$new" : $new;
}

sub path_segments {
    my $self = shift;
    my $old = $self->path;
    if (@_) {
        my @parts;
        for my $segment (@_) {
            my @words = ref $segment ? @$segment : ($segment);
            $words[0] =~ s/%/%25/g;
            for (@words) { s/;/%3B/g; s{/}{%2F}g }
            push @parts, join ';', @words;
        }
        $self->path( join '/', @parts );
    }
    return $old if !wantarray;
    return map { /;/ ? $self->_segment($_) : URI::Escape::uri_unescape($_) } split m{/}, $old, -1;
}

sub _segment {
    my ( $self, $text ) = @_;
    require URI::_segment;
    return URI::_segment->new($text);
}

# --- relative and absolute ----------------------------------------------------------------------------------------

sub abs {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $self, $base, $loose ) = @_;
    $base = URI->new($base) if !ref $base;
    $loose = $URI::ABS_ALLOW_RELATIVE_SCHEME if !defined $loose;
    my $relative = $self;
    if ( defined( my $scheme = $self->scheme ) ) {
        my $of_base = $base->scheme;
        return $self if !$loose || !defined $of_base || $of_base ne $scheme;
        $relative = $self->clone;
        $relative->scheme(undef);
    }
    my ( $path, $rest ) = $$relative =~ /\A([^?#]*)(.*)\z/s;
    if ( !length $path ) {
        my $abs = $base->clone;
        my ( $query, $fragment ) = ( $relative->query, $relative->fragment );
        $abs->query($query)       if defined $query;
        $abs->fragment($fragment) if defined $fragment;
        return $abs;
    }
    my ( $start, $upto ) = $$base =~ m{\A((?:$SCHEME:)?(?://[^/?#]*)?)([^?#]*)}os;
    $start =~ s/\A($SCHEME:)/\L$1/o;
    if    ( $path =~ m{\A//} ) { $start =~ s{//.*}{}s }
    elsif ( $path !~ m{\A/} ) {
        $upto =~ s{[^/]*\z}{};
        $path = _without_dots( ( length $upto ? $upto : '/' ) . $path );
    }
    my ($named) = $start =~ /\A($SCHEME):/o;
    my $text = "$start$path$rest";
    return bless \$text, defined $named ? URI::implementor($named) || 'URI::_foreign' : ref $relative;
}

# Takes out . and .. as far as there is something to go up from.
sub _without_dots {
    my ($path) = @_;
    my @kept;
    my @words = split m{/}, $path, -1;
    my $first = $path =~ m{\A/} ? shift @words : undef;
    while ( defined( my $word = shift @words ) ) {
        if ( $word eq '.' ) { push @kept, '' if !@words }
        elsif ( $word eq '..' && @kept && $kept[-1] ne '..' ) {
            pop @kept;
            push @kept, '' if !@words;
        }
        elsif ( $word eq '..' && $URI::ABS_REMOTE_LEADING_DOTS ) { push @kept, '' if !@words }
        else                                                     { push @kept, $word }
    }
    return join '/', defined $first ? $first : (), @kept;
}

sub rel {
    my ( $self, $base ) = @_;
    my $rel = $self->clone;
    $base = URI->new($base) if !ref $base;
    my ( $here, $there ) = ( $self->canonical, $base->canonical );
    return $rel if ( $here->scheme // '' ) ne ( $there->scheme // '' );
    return $rel if ( $here->authority // '' ) ne ( $there->authority // '' );
    my ( $path, $from ) = ( $self->path, $base->path );
    for ( $path, $from ) { $_ = "/$_" if !m{\A/} }
    $rel->scheme(undef);
    $rel->authority(undef);
    my ( $query, $fragment ) = ( $self->query, $self->fragment );

    # The same document.
    if ( $path eq $from && defined $fragment && ( $query // '' ) eq ( $base->query // '' ) ) {
        $rel->path('');
        $rel->query(undef);
        return $rel;
    }
    my @path = split m{/}, $path, -1;
    my @from = split m{/}, $from, -1;
    my $last = pop @path;
    pop @from;
    while ( @path && @from && $path[0] eq $from[0] ) { shift @path; shift @from }
    my $text = join '/', ('..') x @from, @path, $last;
    $text = "./$text" if !length $text || $text =~ m{\A[^/]*:} || $text =~ m{\A/};
    $rel->path($text);
    return $rel;
}

1;

__END__

=head1 NAME

URI::_generic - addresses with authority, path and query

=head1 DESCRIPTION

Part of L<URI>.

=cut
