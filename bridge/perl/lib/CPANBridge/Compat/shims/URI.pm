package URI;

use 5.014;
use strict;
use warnings;

our $VERSION = '5.17';

use Scalar::Util ();
use URI::Escape  ();

use constant HAS_RESERVED_SQUARE_BRACKETS => $ENV{URI_HAS_RESERVED_SQUARE_BRACKETS} ? 1 : 0;

use overload
  '""'     => sub { ${ $_[0] } },
  '=='     => sub { _same(@_) },
  '!='     => sub { !_same(@_) },
  fallback => 1;

our $ABS_REMOTE_LEADING_DOTS     = 0;
our $ABS_ALLOW_RELATIVE_SCHEME   = 0;
our $DEFAULT_QUERY_FORM_DELIMITER;

# As they stand between the brackets of a pattern.
our $scheme_re  = '[a-zA-Z][a-zA-Z0-9.+\-]*';
our $reserved   = HAS_RESERVED_SQUARE_BRACKETS ? q(;/?:@&=+$,[]) : q(;/?:@&=+$,);
our $mark       = q(-_.!~*'());
our $unreserved = "A-Za-z0-9\Q$mark\E";
our $uric       = quotemeta($reserved) . "$unreserved%";

my $SCHEME   = qr/[a-zA-Z][a-zA-Z0-9.+\-]*/;
my $OTHER    = qr/[^$uric#\[\]]/;
my $BRACKETS = !HAS_RESERVED_SQUARE_BRACKETS;
my %class_of;

# Two objects that are one, as == without overloading has it.
sub _same { return ref $_[0] && ref $_[1] && Scalar::Util::refaddr( $_[0] ) == Scalar::Util::refaddr( $_[1] ) }

# --- making ---------------------------------------------------------------------------------------------------------

sub new {
    my ( $class, $text, $scheme ) = @_;
    $text = defined $text ? "$text" : '';
    if ( $text =~ /\A[\s<"]|[\s>"]\z/ ) {
        for ($text) { s/\A<(?:URL:)?(.*)>\z/$1/s; s/\A"(.*)"\z/$1/s; s/\A\s+//; s/\s+\z// }
    }
    my $kind;
    if    ( $text =~ /\A($SCHEME):/o ) { $scheme = $1 }
    elsif ( ref $scheme )              { $kind = ref $scheme; $scheme = $scheme->scheme }
    elsif ( defined $scheme && $scheme =~ /\A($SCHEME)(?::|\z)/o ) { $scheme = $1 }
    else                                                           { undef $scheme }
    $kind ||= implementor($scheme) || 'URI::_foreign';
    return $kind->_init( $text, $scheme );
}

sub new_abs {
    my ( $class, $text, $base ) = @_;
    return $class->new( $text, $base )->abs($base);
}

sub _init {
    my ( $class, $text, $scheme ) = @_;
    $text = $class->_escape_whole($text);
    $text = "$scheme:$text" if defined $scheme && $text !~ /\A$SCHEME:/o && !$class->_no_scheme_ok;
    return bless \$text, $class;
}

# Whether a text without a scheme is a URI of this class.
sub _no_scheme_ok { return 0 }

# Escapes what no URI holds; what is escaped and what is reserved stays.
sub _escape_whole {
    my ( $class, $text ) = @_;
    if ( $text =~ $OTHER ) {
        utf8::encode($text) if utf8::is_utf8($text);
        $text =~ s/($OTHER)/URI::Escape::escape_char($1)/ge;
    }
    utf8::downgrade($text) if utf8::is_utf8($text);
    return $BRACKETS && $text =~ /[\[\]]/ ? $class->_escape_brackets($text) : $text;
}

# Square brackets belong around the address of a host, and nowhere else.
sub _escape_brackets {
    my ( $class, $text ) = @_;
    my ( $scheme, $authority, $rest ) = $text =~ m{\A((?:$SCHEME:)?)((?://[^/?#]*)?)(.*)\z}os;
    my ( $user, $host, $port ) = ( $authority, '', '' );
    ( $user, $host, $port ) = ( $1, $2, $3 ) if $authority =~ m{\A(//(?:.*\@)?)(\[[^\[\]]*\])(:\d*)?\z}s;
    for ( $user, $rest ) { s/\[/%5B/g; s/\]/%5D/g }
    return $scheme . $user . $host . ( defined $port ? $port : '' ) . $rest;
}

# Escapes what a component cannot hold: what no URI holds, and the characters of the class that is given besides.
sub _escape_part {
    my ( $self, $text, $more ) = @_;
    $text = "$text";
    utf8::encode($text) if utf8::is_utf8($text);
    $text =~ s/([^$uric]|[$more])/URI::Escape::escape_char($1)/ge;
    return $text;
}

sub clone {
    my ($self) = @_;
    my $text = $$self;
    return bless \$text, ref $self;
}

# The class for a scheme; with a class, sets it. Undef where there is none.
sub implementor {
    my ( $scheme, $class ) = @_;
    if ( !defined $scheme || $scheme !~ /\A$SCHEME\z/o ) {
        require URI::_generic;
        return 'URI::_generic';
    }
    $scheme = lc $scheme;
    if ($class) {
        my $old = $class_of{$scheme};
        $class->_init_implementor($scheme) if $class->can('_init_implementor');
        $class_of{$scheme} = $class;
        return $old;
    }
    return $class_of{$scheme} ||= _load($scheme);
}

sub _load {
    my ($scheme) = @_;
    ( my $name = $scheme ) =~ s/([+.\-])/{ '+' => '_P', '.' => '_O', '-' => '_' }->{$1}/ge;
    $name =~ s/\A(?=\d)/_/;
    my $class = "URI::$name";
    {
        no strict 'refs';
        return $class if @{"${class}::ISA"};
    }
    {
        local ( $@, $SIG{__DIE__} );
        return $class if eval { require "URI/$name.pm"; 1 } && $class->can('_init');
        die $@ if $@ && $@ !~ /\ACan't locate \QURI\/$name.pm\E in \@INC/;
    }
    require URI::_foreign;
    return undef;    ## no critic (ProhibitExplicitReturnUndef)
}

# --- what all have --------------------------------------------------------------------------------------------------

sub as_string { return ${ $_[0] } }
sub TO_JSON   { return ${ $_[0] } }
sub secure    { return 0 }
sub abs       { return $_[0] }    ## no critic (ProhibitBuiltinHomonyms)
sub rel       { return $_[0] }

sub has_recognized_scheme { return 1 }

# As it is written.
sub _scheme {
    my $self = shift;
    if ( !@_ ) { return $$self =~ /\A($SCHEME):/o ? $1 : undef }
    my ($new) = @_;
    my $old;
    return $self->_scheme if !( defined $new && length $new ) && !$self->_no_scheme_ok;
    $$self =~ s/\A($SCHEME):// and $old = $1;
    if ( defined $new && length $new ) {
        if ( $new !~ /\A$SCHEME\z/o ) {
            $$self = "$old:$$self" if defined $old;
            require Carp;
            Carp::croak("Bad scheme '$new'");
        }
        my $class = implementor($new) || 'URI::_foreign';
        $$self = "$new:$$self";
        bless $self, $class;
        $self->_become if $self->can('_become');
    }
    return $old;
}

sub scheme {
    my $self = shift;
    my $old = $self->_scheme(@_);
    return defined $old ? lc $old : undef;
}

sub opaque {
    my $self = shift;
    $$self =~ /\A((?:$SCHEME:)?)([^#]*)(#.*)?\z/os or die;
    my ( $scheme, $old, $fragment ) = ( $1, $2, $3 );
    if (@_) {
        my $new = defined $_[0] ? "$_[0]" : '';
        utf8::encode($new) if utf8::is_utf8($new);
        $new =~ s/([^$uric\[\]])/URI::Escape::escape_char($1)/ge;
        $$self = $scheme . $new . ( defined $fragment ? $fragment : '' );
    }
    return $old;
}
sub path { my $self = shift; return $self->opaque(@_) }

sub fragment {
    my $self = shift;
    $$self =~ /\A([^#]*)(?:#(.*))?\z/s or die;
    my ( $before, $old ) = ( $1, $2 );
    if (@_) {
        my ($new) = @_;
        $$self = $before . ( defined $new ? '#' . $self->_escape_part( $new, HAS_RESERVED_SQUARE_BRACKETS ? '\x00' : '\[\]' ) : '' );
    }
    return $old;
}

sub canonical {
    my ($self) = @_;
    my $scheme = $self->_scheme;
    return $self if $$self !~ /%/ && ( !defined $scheme || $scheme !~ /[A-Z]/ );
    my $text = $$self;
    $text =~ s/\A($SCHEME):/\L$1:/o;
    $text =~ s/%([0-9a-fA-F]{2})/my $c = chr hex $1; $c =~ m{[$unreserved]} ? $c : "%\U$1"/ge;
    return $self if $text eq $$self;
    my $other = $self->clone;
    $$other = $text;
    return $other;
}

sub eq {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $one, $other ) = @_;
    $one   = URI->new( $one, $other ) if !ref $one;
    $other = URI->new( $other, $one ) if !ref $other;
    return ref $one eq ref $other && $one->canonical->as_string eq $other->canonical->as_string ? 1 : '';
}

sub as_iri {
    my ($self) = @_;
    my $text = $$self;
    return $text if $text !~ /%[89A-Fa-f]/;
    $text =~ s/((?:%[89A-Fa-f][0-9A-Fa-f])+)/_iri_part($1)/ge;
    return $text;
}

my $UTF8 = qr/[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF]
  |\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2}/x;

# Escaped bytes as characters where they are UTF-8 of some that may be shown.
sub _iri_part {
    my $bytes = URI::Escape::uri_unescape( $_[0] );
    my $text  = '';
    while ( $bytes =~ /\G(?:($UTF8)|(.))/gs ) {
        if ( !defined $1 ) { $text .= URI::Escape::escape_char($2); next }
        my $char = $1;
        utf8::decode($char);
        $text .= $char =~ /[\x{80}-\x{9F}\x{FDD0}-\x{FDEF}]/ ? URI::Escape::uri_escape_utf8($char) : $char;
    }
    return $text;
}

1;

__END__

=head1 NAME

URI - addresses of all kinds, absolute and relative

=head1 SYNOPSIS

    use URI;

    my $uri = URI->new('http://www.example.org/list?from=1');
    print $uri->host, ' ', $uri->path, ' ', $uri->query_param('from'), "\n";
    $uri->query_form( from => 11, word => 'a&b' );
    print URI->new_abs( '../other', $uri ), "\n";

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon. An object is a reference to its
text, as in the original, and stands for that text wherever a string is wanted.

=head1 COVERED

All that URI 5.17 documents: C<new>, C<new_abs>, C<clone>, the components that all have (C<scheme>, C<opaque>, C<path>,
C<fragment>), those of the generic syntax (C<authority>, C<path_query>, C<path_segments>, C<query>, C<query_form>, C<query_param> and
its relatives, C<query_keywords>) and of servers (C<userinfo>, C<host>, C<ihost>, C<port>, C<host_port>, C<default_port>); C<as_string>,
C<as_iri>, C<canonical>, C<eq>, C<abs>, C<rel>, C<secure>; the three variables, C<implementor>, and the environment's
C<URI_HAS_RESERVED_SQUARE_BRACKETS>.

The schemes data, file, ftp, gopher, http, https, ldap, ldapi, ldaps, mailto, mms, news, nntp, nntps, pop, rlogin, rsync, rtsp, rtspu,
sftp, sip, sips, snews, ssh, telnet, tn3270, urn with isbn and oid; URI::Escape, URI::Split, URI::Heuristic, URI::file,
URI::URL, URI::WithBase and URI::QueryParam.

As in the original, a character from 128 to 255 that is given to the constructor is escaped as one byte or as UTF-8 by how Perl
holds the string: C<utf8::upgrade> or C<utf8::encode> it first where that matters.

=head1 NOT COVERED

=over 4

=item *

Names of hosts beyond ASCII are put into lower case and Punycode (what IDNA does to most names), without the tables of nameprep
besides Unicode's normal form KC.

=item *

C<urn:isbn> needs Business::ISBN, as the original does.

=back

=cut
