package HTTP::Message;

use 5.014;
use strict;
use warnings;

use Carp          ();
use HTTP::Headers ();
use Scalar::Util  ();

use CPANBridge::Compat::HTTP::Charset;
use CPANBridge::Compat::HTTP::Coding;

our $VERSION = '6.44';
our $AUTOLOAD;

our $MAXIMUM_BODY_SIZE;

# The class of a request's address; other modules look here, too.
{ no warnings q(once); $HTTP::URI_CLASS ||= $ENV{PERL_HTTP_URI_CLASS} || q(URI) }

my $CRLF = "\015\012";

# --- making ---------------------------------------------------------------------------------------------------------

sub new {
    my ( $class, $headers, $content ) = @_;
    my $self = bless { _headers => _headers_from($headers), _content => '', _max_body_size => $MAXIMUM_BODY_SIZE }, $class;
    if ( defined $content ) { $self->{_content} = _bytes($content) }
    return $self;
}

sub _headers_from {
    my ($headers) = @_;
    return HTTP::Headers->new if !defined $headers;
    if ( !ref $headers || ( !Scalar::Util::blessed($headers) && ref $headers ne 'ARRAY' ) ) { Carp::croak("Bad header argument: $headers") }
    return Scalar::Util::blessed($headers) ? $headers->clone : HTTP::Headers->new(@$headers);
}

# A string of bytes as it is held; other things stay as they are.
sub _bytes {
    my ($content) = @_;
    return $content if ref $content;
    utf8::downgrade( $content, 1 ) or Carp::croak('HTTP::Message content must be bytes');
    return $content;
}

sub parse {
    my ( $class, $text ) = @_;
    my $self = $class->new;
    return $self if !defined $text;
    my @fields;
    for ($text) {
        pos = 0;
        while (1) {
            if    (/\G([^\s:]+)[ \t]*: ?([^\n]*)(?:\n|\z)/gc)  { push @fields, $1, $2 }
            elsif ( @fields && /\G([ \t][^\n]*)(?:\n|\z)/gc ) { $fields[-1] .= "\n$1" }
            else                                              { /\G\r?\n/gc; last }
            $fields[-1] =~ s/\r\z//;
        }
        local $HTTP::Headers::TRANSLATE_UNDERSCORE = 0;
        $self->{_headers}->push_header(@fields) if @fields;
        $self->{_content} = _bytes( substr $_, pos || 0 );
    }
    return $self;
}

sub clone {
    my ($self) = @_;
    my $other = HTTP::Message::new( ref $self, $self->{_headers} );
    $other->protocol( $self->protocol );
    $other->{_max_body_size} = $self->{_max_body_size};
    my $content = $self->content;
    if   ( ref $content ) { $other->{_content} = $content }
    else                  { $other->content($content) }
    return $other;
}

sub clear {
    my ($self) = @_;
    $self->{_headers}->clear;
    $self->content('');
    return;
}

sub protocol {
    my ( $self, @new ) = @_;
    my $old = $self->{_protocol};
    $self->{_protocol} = $new[0] if @new;
    return $old;
}

sub headers           { my ($self) = @_; return $self->{_headers} ||= HTTP::Headers->new }
sub headers_as_string { my $self = shift; return $self->headers->as_string(@_) }

sub max_body_size {
    my ( $self, @new ) = @_;
    my $old = $self->{_max_body_size};
    $self->{_max_body_size} = $new[0] if @new;
    return $old;
}

# --- content --------------------------------------------------------------------------------------------------------

# What holds it: the object itself, or a string of the program's (see content_ref).
sub _holder {
    my ($self) = @_;
    return $self->{_by_reference} && ref $self->{_content} eq 'SCALAR' ? $self->{_content} : \$self->{_content};
}

sub content {
    my $self = shift;
    if ( !@_ ) {
        if ( !defined wantarray ) { Carp::carp('Useless content call in void context') if $^W; return }
        return ${ $self->_holder };
    }
    my ($new) = @_;
    $new = '' if !defined $new;
    Carp::croak(q(Can't set content to be a scalar reference)) if ref $new eq 'SCALAR';
    my $holder = $self->_holder;
    my $old = defined wantarray ? $$holder : undef;
    delete $self->{_by_reference} if $holder == \$self->{_content};
    $$holder = _bytes($new);
    return $old;
}

sub add_content {
    my ( $self, $more ) = @_;
    my $holder = $self->_holder;
    Carp::croak( q(Can't append to ) . ref($$holder) . ' content' ) if ref $$holder;
    my $bytes = _bytes( ref $more eq 'SCALAR' ? $$more : $more );
    $$holder .= $bytes;
    return;
}

sub add_content_utf8 {
    my ( $self, $text ) = @_;
    utf8::upgrade($text);
    utf8::encode($text);
    return $self->add_content($text);
}

sub content_ref {
    my ( $self, @new ) = @_;
    my $old = $self->{_by_reference} ? $self->{_content} : \$self->{_content};
    if (@new) {
        Carp::croak('Setting content_ref to a non-ref') if !ref $new[0];
        if ( !$self->{_by_reference} ) {    # what was handed out before is left alone
            my $content = $self->{_content};
            $old = \$content;
        }
        $self->{_content}      = $new[0];
        $self->{_by_reference} = 1;
        ${ $new[0] } = '' if ref $new[0] eq 'SCALAR' && !defined ${ $new[0] };
    }
    return $old;
}

# --- text and encodings -------------------------------------------------------------------------------------------

sub _kind_of_text {
    my ($self) = @_;
    return
        $self->content_is_xml                           ? 'xml'
      : $self->content_is_html                          ? 'html'
      : $self->content_is_text                          ? 'text'
      : $self->content_type =~ m{\Aapplication/json\z} ? 'json'
      :                                                  '';
}

sub content_charset {
    my ($self) = @_;
    if ( defined( my $charset = $self->content_type_charset ) ) { return $charset }
    my $ref = $self->decoded_content( ref => 1, charset => 'none' );
    return undef if !ref $ref || ref $$ref;    ## no critic (ProhibitExplicitReturnUndef)
    my $kind = $self->_kind_of_text;
    return undef if !length $$ref && $kind !~ /\A(?:xml|json)\z/;    ## no critic (ProhibitExplicitReturnUndef)
    return CPANBridge::Compat::HTTP::Charset::guess( $ref, $kind );
}

sub decoded_content {
    my ( $self, %option ) = @_;
    my $content;
    my $done = eval {
        local $SIG{__DIE__};
        $content = $self->_decoded( \%option );
        1;
    };
    if ( !$done ) {
        my $error = $@;
        $error =~ s/\n\z//;
        $error = Carp::shortmess($error) if $error !~ / at \S+ line \d+\.?\z/;
        die $error if $option{raise_error};
        $@ = $error;
        return undef;    ## no critic (ProhibitExplicitReturnUndef)
    }
    return $option{ref} ? \$content : $content;
}

sub _encodings {
    my ($self) = @_;
    return grep { length } map { split /[\s,]+/ } $self->header('Content-Encoding');
}

sub _decoded {
    my ( $self, $option ) = @_;
    my $content = $self->content;
    die "Can't decode ref content\n" if ref $content;
    my $limit = exists $option->{max_body_size} ? $option->{max_body_size} : $self->{_max_body_size};
    if ( defined $self->header('Content-Encoding') ) {
        CPANBridge::Compat::HTTP::Coding::decode( \$content, $_, $limit ) for reverse $self->_encodings;
    }
    my $type   = $self->content_type;
    my $is_xml = $type =~ m{\A(?:text|application)/xml\z|\+xml\z};
    return $content if !$is_xml && $type !~ m{\Atext/};
    my $charset = lc( $option->{charset} || $self->content_type_charset || $option->{default_charset} || 'guess' );
    return $content if $charset eq 'none';
    if ( $charset eq 'guess' ) {
        my $guess = length $content ? CPANBridge::Compat::HTTP::Charset::guess( \$content, $self->_kind_of_text ) : undef;
        $charset = defined $guess ? $guess : 'ISO-8859-1';
    }
    my $text = eval { CPANBridge::Compat::HTTP::Charset::decode_text( $content, $charset, $option->{charset_strict} ) };
    if ( !defined $text ) {
        my $other = $option->{alt_charset};
        die $@ if !defined $other || $@ !~ /\AUnknown encoding/;
        return $content if $other eq 'none';
        $text = CPANBridge::Compat::HTTP::Charset::decode_text( $content, $other, $option->{charset_strict} );
    }
    if ($is_xml) {    # what it says of its bytes is true no more
        $text =~ s/\A\x{FEFF}//;
        $text =~ s/\A(\s*<\?xml\s[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')/$1/;
    }
    return $text;
}

sub decodable {
    my @names = CPANBridge::Compat::HTTP::Coding::decodable();
    return wantarray ? @names : join ', ', @names;
}

sub decode {
    my ($self) = @_;
    return 1 if !$self->header('Content-Encoding');
    my $content = $self->decoded_content( charset => 'none' );
    return 0 if !defined $content;
    $self->remove_header( 'Content-Encoding', 'Content-Length', 'Content-MD5' );
    $self->content($content);
    return 1;
}

sub encode {
    my ( $self, @names ) = @_;
    Carp::croak(q(Can't encode multipart/* messages)) if $self->content_type =~ m{\Amultipart/};
    Carp::croak(q(Can't encode message/* messages))   if $self->content_type =~ m{\Amessage/};
    return 1 if !@names;
    my $content = $self->content;
    for my $name (@names) {
        return 0 if !CPANBridge::Compat::HTTP::Coding::encode( \$content, $name );
    }
    my $before = $self->header('Content-Encoding');
    unshift @names, $before if defined $before && length $before;
    $self->header( 'Content-Encoding', join ', ', @names );
    $self->remove_header( 'Content-Length', 'Content-MD5' );
    $self->content($content);
    return 1;
}

# --- parts ----------------------------------------------------------------------------------------------------------

sub _type_words {
    my ($self) = @_;
    require HTTP::Headers::Util;
    my $type = $self->header('Content-Type');
    my ($words) = defined $type ? HTTP::Headers::Util::_split_header_words($type) : ();
    return $words || [];
}

sub parts {
    my ( $self, @new ) = @_;
    my @old = defined wantarray ? $self->_parts : ();
    if (@new) {
        my @parts = map { ref $_ eq 'ARRAY' ? @$_ : $_ } @new;
        if ( $self->content_type =~ m{\Amessage/} ) {
            Carp::croak('Only one part allowed for message/* content') if @parts > 1;
            $self->content( @parts ? $parts[0]->as_string($CRLF) : '' );
        }
        else {
            if ( $self->content_type !~ m{\Amultipart/} ) {
                $self->remove_content_headers;
                $self->content_type('multipart/mixed');
            }
            $self->_join_parts(@parts);
        }
    }
    return wantarray ? @old : $old[0];
}

sub add_part {
    my ( $self, @more ) = @_;
    my @parts;
    if ( $self->content_type =~ m{\Amultipart/} ) { @parts = $self->_parts }
    else {
        my $headers = $self->remove_content_headers;
        my $first   = HTTP::Message->new( $headers, '' );
        $first->content( $self->content );
        @parts = ($first) if $headers->header_field_names || length $first->content;
        $self->content_type('multipart/mixed');
    }
    $self->_join_parts( @parts, @more );
    return;
}

sub _join_parts {
    my ( $self, @parts ) = @_;
    my @texts = map { $_->as_string($CRLF) } @parts;
    my ( $type, undef, @params ) = @{ $self->_type_words };
    $type = 'multipart/mixed' if !defined $type;
    my ( $boundary, @other );
    while ( my ( $name, $value ) = splice @params, 0, 2 ) {
        if   ( lc $name eq 'boundary' ) { $boundary = $value }
        else                            { push @other, $name, $value }
    }
    my $tries = 0;
    while ( !defined $boundary || !length $boundary || grep { index( $_, $boundary ) >= 0 } @texts ) { $boundary = _boundary( $tries++ ) }
    require HTTP::Headers::Util;
    $self->content_type( HTTP::Headers::Util::join_header_words( $type => undef, @other, boundary => $boundary ) );
    $self->content( join( '', map {"--$boundary$CRLF$_$CRLF"} @texts ) . "--$boundary--$CRLF" );
    return;
}

sub _boundary {
    my ($try) = @_;
    return 'xYzZY' if !$try;
    return join '', map { ( 'A' .. 'Z', 'a' .. 'z', 0 .. 9 )[ rand 62 ] } 1 .. 12 + $try;
}

sub _parts {
    my ($self) = @_;
    my $type = $self->content_type;
    if ( $type eq 'message/http' ) {
        require HTTP::Request;
        require HTTP::Response;
        my $content = $self->content;
        return ( $content =~ m{\AHTTP/\d} ? 'HTTP::Response' : 'HTTP::Request' )->parse($content);
    }
    return HTTP::Message->parse( $self->content ) if $type =~ m{\Amessage/};
    return if $type !~ m{\Amultipart/};
    my ( undef, undef, %params ) = @{ $self->_type_words };
    my ($boundary) = map { $params{$_} } grep { lc eq 'boundary' } keys %params;
    return if !defined $boundary || !length $boundary;
    my $content = $self->content;
    return if ref $content;
    my $line = qr/(?:\A|\r?\n)--\Q$boundary\E/;
    return if $content !~ /$line/g;
    my @parts;
    my $start = pos $content;

    while ( substr( $content, $start, 2 ) ne '--' ) {
        pos($content) = $start;
        last if $content !~ /\G[ \t]*\r?\n/gc;
        my $from = pos $content;
        pos($content) = $from - 1 if substr( $content, $from - 1, 1 ) eq "\n";    # a part may be empty
        my ( $end, $next ) = $content =~ /$line/g ? ( $-[0], $+[0] ) : ( length $content, undef );
        push @parts, HTTP::Message->parse( $end > $from ? substr $content, $from, $end - $from : '' );
        last if !defined $next;
        $start = $next;
    }
    return @parts;
}

# --- as text --------------------------------------------------------------------------------------------------------

# The line before the header, with requests and answers.
sub start_line { return '' }

sub as_string {
    my ( $self, $end ) = @_;
    my $content = $self->content;
    my $text = $self->start_line;
    my $line = defined $end ? $end : "\n";
    $text .= $line if length $text;
    $text .= $self->headers->as_string($line) . $line;
    $text .= $content;
    $text .= "\n" if !defined $end && length $content && $content !~ /\n\z/;
    return $text;
}

my %NAMED = ( "\t" => '\t', "\r" => '\r', "\\" => '\\\\' );

sub dump {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $self, %option ) = @_;
    my $content = $self->content;
    my $shown   = defined $option{no_content} ? $option{no_content} : '(no content)';
    my $more    = '';
    if ( length $content ) {
        my $limit = defined $option{maxlength} ? $option{maxlength} : 512;
        my $rest  = $limit ? length($content) - $limit : 0;
        $content = substr $content, 0, $limit if $rest > 0;
        my $empty = $shown;
        for ( $shown = $content ) {
            s/([\t\r\\])/$NAMED{$1}/g;
            s/\n\z/\\n/ if $rest <= 0;
            s/([\x00-\x09\x0B-\x1F])(?!\d)/sprintf '\\%o', ord $1/ge;
            s/([\x00-\x09\x0B-\x1F\x7F-\xFF])/sprintf '\\x%02X', ord $1/ge;
            s/\A(.)/sprintf '\\x%02X', ord $1/se if $_ eq $empty && length;
        }
        $more = "...\n(### $rest more bytes not shown)" if $rest > 0;
    }
    my $start = $self->start_line;
    my $text  = ( length $start ? "$start\n" : '' ) . $self->headers->as_string("\n") . "\n$shown$more\n";
    if ( defined( my $prefix = $option{prefix} ) ) { $text =~ s/^/$prefix/gm }
    if ( !defined wantarray ) { print $text; return }
    return $text;
}

# --- the header's methods -------------------------------------------------------------------------------------------

# All others are the header's. Those that it has by now are made here; more may come with modules that add to it.
sub _delegate {
    my ($name) = @_;
    no strict 'refs';
    return *$name = sub { my $self = shift; return $self->headers->$name(@_) };
}

for my $name (
    qw(header push_header init_header remove_header remove_content_headers header_field_names scan date expires if_modified_since),
    qw(if_unmodified_since last_modified client_date retry_after content_type content_type_charset content_encoding content_length),
    qw(content_language content_is_text content_is_html content_is_xhtml content_is_xml title user_agent server from referer referrer),
    qw(warning www_authenticate authorization proxy_authenticate proxy_authorization authorization_basic proxy_authorization_basic flatten),
  )
{
    _delegate($name);
}

sub can {
    my ( $self, $name ) = @_;
    return $self->SUPER::can($name) if $self->SUPER::can($name) || !HTTP::Headers->can($name);
    _delegate($name);
    return $self->SUPER::can($name);
}

sub AUTOLOAD {
    my ($self) = @_;
    my $name = substr $AUTOLOAD, 2 + rindex $AUTOLOAD, '::';
    my $class = ref $self || $self;
    Carp::croak(qq(Can't locate object method "$name" via package "$class")) if !length $name || !ref $self || !HTTP::Headers->can($name);
    _delegate($name);
    no strict 'refs';
    goto &$name;
}

sub DESTROY { }

1;

__END__

=head1 NAME

HTTP::Message - what requests and answers have in common

=head1 SYNOPSIS

    use HTTP::Message;

    my $message = HTTP::Message->new( [ Content_Type => 'text/plain; charset=UTF-8' ], $bytes );
    print $message->decoded_content;

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon.

=head1 COVERED

All that HTTP::Message 6.44 documents, with HTTP::Request, HTTP::Request::Common, HTTP::Response, HTTP::Headers, HTTP::Config, HTTP::Status.
C<Content-Encoding>s: gzip, deflate (with zlib's header and without), bzip2, base64, quoted-printable, and br where IO::Uncompress::Brotli is
installed. Charsets: all that L<Encode> knows. C<max_body_size> and C<$HTTP::Message::MAXIMUM_BODY_SIZE> stop a decompression as soon as there is
too much.

=head1 NOT COVERED

=over 4

=item *

C<compress>, which no core module knows.

=item *

The charset that an HTML page names itself is looked for in its first 64 KiB, by a small scanner instead of HTML::Parser.

=item *

What C<parts> returns is made anew each time; changing a part changes nothing in the message until it is given back with C<parts>.

=back

=cut
