package URI::_server;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

use parent 'URI::_generic';

our $VERSION = '5.17';

my $SCHEME = qr/[a-zA-Z][a-zA-Z0-9.+\-]*/;
my $OPEN   = URI::HAS_RESERVED_SQUARE_BRACKETS() ? '' : '\[\]';

# What most addresses look like: a plain name and perhaps a port.
my $PLAIN = qr{\A$SCHEME://([A-Za-z0-9.\-]+)(?::(\d+))?(?:[/?#]|\z)};

sub default_port { return undef }    ## no critic (ProhibitExplicitReturnUndef)

# The name of a host beyond ASCII goes by what IDNA makes of it, where it can.
sub _escape_whole {
    my ( $class, $text ) = @_;
    if ( $text =~ m{\A((?:$SCHEME:)?//(?:[^/?#\@]*\@)?)([^/?#\@:]*[^\x00-\x7F/?#\@:][^/?#\@:]*)(.*)\z}os ) {
        my ( $before, $host, $after ) = ( $1, $2, $3 );
        my $flagged = utf8::is_utf8($text);
        require URI::_idna;
        my $name = eval { local $SIG{__DIE__}; URI::_idna::encode($host) };
        if ( !defined $name ) {
            $name = URI::Escape::uri_escape_utf8( $host, '^\x00-\x7F' );
        }
        for ( $before, $after ) {    # joined with the name, each must stay what it was
            $_ = $class->SUPER::_escape_whole($_) if /[^\x00-\x7F]/;
        }
        $text = $before . $name . $after;
        utf8::downgrade($text) if $flagged;
    }
    return $class->SUPER::_escape_whole($text);
}

# The authority in three: user with its @, host, port with its colon.
sub _authority_parts {
    my ($self) = @_;
    my $authority = $self->authority;
    return if !defined $authority;
    my ( $user, $rest ) = $authority =~ /\A((?:.*\@)?)(.*)\z/s;
    my ( $host, $port ) = $rest =~ /\A(\[[^\[\]]*\]|.*?)(:[^:]*)?\z/s;
    return ( $user, $host, defined $port ? $port : '' );
}

# Joins them; takes the index of the part that changes.
sub _set_authority_part {
    my ( $self, $index, $new ) = @_;
    my @parts = $self->_authority_parts;
    return if !@parts && !length $new;
    @parts = ( '', '', '' ) if !@parts;
    $parts[$index] = $new;
    $self->authority( join '', @parts );
    return;
}

sub userinfo {
    my $self = shift;
    my ($old) = $self->_authority_parts;
    if (@_) {
        my ($new) = @_;
        $self->_set_authority_part( 0, defined $new ? $self->_escape_part( $new, "\@/?#$OPEN" ) . '@' : '' );
    }
    return defined $old && $old =~ s/\@\z// ? $old : undef;
}

sub host {
    my $self = shift;
    return $1 if !@_ && $$self =~ $PLAIN;
    my ( undef, $old ) = $self->_authority_parts;
    if (@_) {
        my ($new) = @_;
        $new = defined $new ? "$new" : '';
        my $port;
        if ( $new =~ /\A(\[[^\[\]]*\]|[^:]*):(\d*)\z/ ) { ( $new, $port ) = ( $1, $2 ) }
        my $text = '//' . ( $new =~ /:/ && $new !~ /\A\[/ ? "[$new]" : $new );
        $text = ref($self)->_escape_whole($text);
        $text =~ s{\A//}{};
        $text =~ s/([@\/?#])/URI::Escape::escape_char($1)/ge;
        $self->_set_authority_part( 1, $text );
        $self->port($port) if defined $port && length $port;
    }
    return $old if !defined $old;
    $old =~ s/\A\[(.*)\]\z/$1/s;
    return URI::Escape::uri_unescape($old);
}

sub ihost {
    my ($self) = @_;
    my $host = $self->host;
    return $host if !defined $host || $host !~ /xn--/i;
    require URI::_idna;
    my $name = eval { local $SIG{__DIE__}; URI::_idna::decode($host) };
    return defined $name ? $name : $host;
}

sub as_iri {
    my ($self) = @_;
    my $text = $self->SUPER::as_iri;
    my ( undef, $host ) = $self->_authority_parts;
    if ( defined $host && $host =~ /xn--/i ) {
        my $name = $self->ihost;
        $text =~ s{//((?:[^/?#]*\@)?)\Q$host\E}{//$1$name};
    }
    return $text;
}

sub _port {
    my $self = shift;
    my ( undef, undef, $old ) = $self->_authority_parts;
    if (@_) {
        my ($new) = @_;
        $self->_set_authority_part( 2, defined $new ? ":$new" : '' );
    }
    return defined $old && $old =~ s/\A:// ? $old : undef;
}

sub port {
    my $self = shift;
    if ( !@_ && $$self =~ $PLAIN ) { return defined $2 ? $2 : $self->default_port }
    my $port = $self->_port(@_);
    return defined $port && length $port ? $port : $self->default_port;
}

sub host_port {
    my $self = shift;
    my ( undef, $host, $port ) = $self->_authority_parts;
    if (@_) {
        my ($new) = @_;
        $self->host($new);
    }
    return undef if !defined $host;    ## no critic (ProhibitExplicitReturnUndef)
    $port =~ s/\A://;
    $port = $self->default_port if !length $port;
    return URI::Escape::uri_unescape($host) . ( defined $port ? ":$port" : '' );
}

sub canonical {
    my ($self) = @_;
    my $other = $self->SUPER::canonical;
    my ( $user, $host, $port ) = $other->_authority_parts;
    return $other if !defined $host;
    my $name = lc $host;
    $name =~ s/(%..)/\U$1/g;
    my $default = $self->default_port;
    my $number = $port eq ':' || ( defined $default && $port eq ":$default" ) ? '' : $port;
    if ( $name ne $host || $number ne $port ) {
        $other = $other->clone if $other == $self;
        $other->authority("$user$name$number");
    }
    return $other;
}

1;

__END__

=head1 NAME

URI::_server - addresses of servers: user, host and port

=head1 DESCRIPTION

Part of L<URI>.

=cut
