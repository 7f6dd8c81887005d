package MIME::Lite;

use 5.014;
use strict;
use warnings;

use Carp ();
use File::Basename ();
use MIME::Base64 ();
use MIME::QuotedPrint ();
use Scalar::Util ();

use CPANBridge::Compat::Mail;

our $VERSION = '3.033';

our $AUTO_CC           = 1;
our $AUTO_CONTENT_TYPE = 0;
our $AUTO_ENCODE       = 1;
our $AUTO_VERIFY       = 1;
our $PARANOID          = 0;
our $VANILLA           = 0;
our $DEBUG             = 0;

$Carp::Internal{ (__PACKAGE__) }++;

my $quiet;
my $boundaries = 0;
my @order;
my @sender = ('sendmail');
@sender = ('smtp') if $^O eq 'MSWin32';

# Fields that build() takes by their names alone; others need a colon.
my %FIELD = map { $_ => 1 } qw(
  approved bcc cc comments date encrypted from keywords message-id mime-version organization received references reply-to
  return-path sender subject to in-reply-to
);

# Where MIME::Types is not there.
my %TYPE = (
    avi  => 'video/x-msvideo',    bmp  => 'image/bmp',          bz2  => 'application/x-bzip2', css  => 'text/css',
    csv  => 'text/csv',           doc  => 'application/msword', eml  => 'message/rfc822',      gif  => 'image/gif',
    gz   => 'application/gzip',   htm  => 'text/html',          html => 'text/html',           ics  => 'text/calendar',
    jpeg => 'image/jpeg',         jpg  => 'image/jpeg',         js   => 'text/javascript',     json => 'application/json',
    log  => 'text/plain',         md   => 'text/markdown',      mp3  => 'audio/mpeg',          mp4  => 'video/mp4',
    odt  => 'application/vnd.oasis.opendocument.text',          pdf  => 'application/pdf',     png  => 'image/png',
    ods  => 'application/vnd.oasis.opendocument.spreadsheet',   ps   => 'application/postscript',
    rtf  => 'application/rtf',    svg  => 'image/svg+xml',      tar  => 'application/x-tar',   tgz  => 'application/gzip',
    tif  => 'image/tiff',         tiff => 'image/tiff',         txt  => 'text/plain',          wav  => 'audio/x-wav',
    ppt  => 'application/vnd.ms-powerpoint',                    xls  => 'application/vnd.ms-excel',
    xml  => 'application/xml',    zip  => 'application/zip',
    docx => 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    pptx => 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    xlsx => 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
);

# --- making messages ----------------------------------------------------------------------------------------------

sub new {
    my ( $class, @params ) = @_;
    my $self = bless { Attrs => {}, Header => [], Parts => [], Top => 1 }, ref $class || $class;
    return @params ? $self->build(@params) : $self;
}

sub build {
    my ( $self, @params ) = @_;
    $self = $self->new if !ref $self;
    my %params = @params;
    $self->top_level( $params{Top} ) if exists $params{Top};

    my ( $data, $path, $handle ) = @params{ 'Data', 'Path', 'FH' };
    my $type = defined $params{Type} ? $params{Type} : $AUTO_CONTENT_TYPE ? 'AUTO' : 'TEXT';
    my $file = defined $params{Filename} ? $params{Filename} : $path;
    $type =
        $type eq 'TEXT'   ? 'text/plain'
      : $type eq 'BINARY' ? 'application/octet-stream'
      : $type eq 'AUTO'   ? $self->suggest_type( defined $file ? $file : '' )
      :                     $type;
    $type = lc $type if $type !~ /;/;
    $self->attr( 'content-type' => $type );
    my $multipart = $type =~ m{^multipart/}i;
    $self->attr( 'content-type.boundary' => gen_boundary() ) if $multipart && $type !~ /\bboundary=/i;

    my $encoding = $params{Encoding};
    $encoding = $AUTO_ENCODE ? $self->suggest_encoding($type) : 'binary' if !defined $encoding;
    $self->attr( 'content-transfer-encoding' => lc $encoding );
    Carp::croak("illegal MIME: can't have encoding $encoding with type $type")
      if $type =~ m{^(?:multipart|message)/}i && $encoding !~ /\A(?:7bit|8bit|binary)\z/i;

    my $disposition = $params{Disposition};
    $disposition = 'inline' if !defined $disposition && !$multipart;
    $self->attr( 'content-disposition' => $disposition ) if defined $disposition;
    if ( defined( my $id = $params{Id} ) ) { $self->attr( 'content-id' => $id =~ /\A\s*<.*>\s*\z/s ? $id : "<$id>" ) }

    if    ( defined $data )   { $self->data($data) }
    elsif ( defined $path )   { $self->path($path); $self->read_now if $params{ReadNow} }
    elsif ( defined $handle ) { $self->fh($handle); $self->read_now if $params{ReadNow} }
    $self->filename( $params{Filename} ) if defined $params{Filename};
    $self->attr( 'content-length' => $params{Length} ) if exists $params{Length};

    my @fields;
    while ( my ( $name, $value ) = splice @params, 0, 2 ) {
        my $tag = lc $name;
        next if !( $tag =~ s/:\z// || $FIELD{$tag} || $tag =~ /\A(?:content-|resent-|x-)/ );
        push @fields, [ $tag, $value ];
    }
    my $stamp = exists $params{Datestamp} ? $params{Datestamp} : 1;
    $self->add( 'date', CPANBridge::Compat::Mail::date(time) )
      if $stamp && $self->top_level && !grep { $_->[0] eq 'date' } @fields;
    $self->add(@$_) for @fields;
    return $self;
}

sub attach {
    my ( $self, @params ) = @_;
    my $part = @params == 1 && ref $params[0] ? $params[0] : ( ref $self )->new( Top => 0, @params );
    $self->_become_multipart if ( $self->attr('content-type') || '' ) !~ m{^(?:multipart|message)/}i;
    push @{ $self->{Parts} }, $part;
    return $part;
}

# What the message has held becomes its first part.
sub _become_multipart {
    my ($self) = @_;
    my $first = ( ref $self )->new;
    $first->top_level(0);
    for my $name ( grep { !/\AX?Top\z|\AHeader\z|\AOrder\z|\ALastSend\z/ } keys %$self ) { $first->{$name} = delete $self->{$name} }
    @$self{ 'Attrs', 'Parts' } = ( {}, [] );
    $self->attr( 'content-type'              => 'multipart/mixed' );
    $self->attr( 'content-type.boundary'     => gen_boundary() );
    $self->attr( 'content-transfer-encoding' => '7bit' );
    push @{ $self->{Parts} }, $first;
    return;
}

sub top_level {
    my ( $self, $on ) = @_;
    if ( @_ > 1 ) { $self->{Top} = $on ? 1 : 0; return $self }
    return $self->{Top};
}

sub gen_boundary { return '_----------=_' . ( $VANILLA ? '' : time . $$ ) . $boundaries++ }

# --- header fields and attributes ---------------------------------------------------------------------------------

sub is_mime_field { return $_[0] =~ /\A(?:mime-version|content-)/i ? 1 : 0 }

# What follows a newline must not look like another field.
sub fold {
    my ($text) = @_;
    $text =~ s/\A\s+//;
    $text =~ s/\s+\z//;
    $text =~ s/\r?\n/\n /g;
    return $text;
}

sub add {
    my ( $self, $tag, $value ) = @_;
    $tag = lc $tag;
    if ( is_mime_field($tag) && !$quiet ) {
        Carp::carp("Explicitly setting a MIME header field ($tag) is dangerous:\nuse the attr() method instead.");
    }
    $self->_add( $tag, $_ ) for ref $value eq 'ARRAY' ? @$value : $value;
    return $self;
}

sub _add {
    my ( $self, $tag, $value ) = @_;
    push @{ $self->{Header} }, [ $tag, fold( defined $value ? "$value" : '' ) ];
    return;
}

sub delete {
    my ( $self, $tag ) = @_;
    $tag = lc $tag;
    $self->{Header} = [ grep { $_->[0] ne $tag } @{ $self->{Header} } ];
    return $self;
}

sub replace {
    my ( $self, $tag, $value ) = @_;
    $self->delete($tag);
    $self->add( $tag, $value ) if defined $value;
    return $self;
}

sub get {
    my ( $self, $tag, $index ) = @_;
    $tag = lc $tag;
    Carp::croak("get: can't be used with MIME fields") if is_mime_field($tag);
    my @values = map { $_->[0] eq $tag ? $_->[1] : () } @{ $self->{Header} };
    return $values[$index] if defined $index;
    return wantarray ? @values : $values[0];
}

sub attr {
    my ( $self, $name, $value ) = @_;
    my ( $tag, $sub ) = split /\./, lc $name, 2;
    $sub = '' if !defined $sub;
    if ( @_ > 2 ) {
        if ( defined $value ) { $self->{Attrs}{$tag}{$sub} = $value }
        elsif ( $self->{Attrs}{$tag} ) {
            delete $self->{Attrs}{$tag}{$sub};
            delete $self->{Attrs}{$tag} if !%{ $self->{Attrs}{$tag} };
        }
    }
    return $self->{Attrs}{$tag} ? $self->{Attrs}{$tag}{$sub} : undef;
}

sub field_order {
    my ( $self, @names ) = @_;
    @names = map { lc } @names;
    if   ( ref $self ) { $self->{Order} = @names ? \@names : undef }
    else               { @order = @names }
    return;
}

sub fields {
    my ($self) = @_;
    my %explicit = map { $_->[0] => 1 } @{ $self->{Header} };
    my %attrs = %{ $self->{Attrs} };
    my @fields;
    for my $tag ( sort keys %attrs ) {
        my %parts = %{ $attrs{$tag} };
        my $value = delete $parts{''};
        next if $explicit{$tag} || !defined $value || !length $value;
        push @fields, [ $tag, join '; ', $value, map { qq($_="$parts{$_}") } sort keys %parts ];
    }
    if ( $self->top_level ) {
        push @fields, [ 'mime-version', '1.0' ] if !$explicit{'mime-version'} && !$attrs{'mime-version'};
        push @fields, [ 'x-mailer', "MIME::Lite $VERSION (CPANBridge $CPANBridge::Compat::Mail::VERSION)" ]
          if !$VANILLA && !$explicit{'x-mailer'};
    }
    push @fields, grep { length $_->[1] } map { [@$_] } @{ $self->{Header} };
    my @wanted = $self->{Order} ? @{ $self->{Order} } : @order or return \@fields;
    my %rank = map { $wanted[$_] => $_ } reverse 0 .. $#wanted;
    my ( @first, @rest );
    for my $field (@fields) { exists $rank{ $field->[0] } ? push @first, $field : push @rest, $field }
    return [ ( sort { $rank{ $a->[0] } <=> $rank{ $b->[0] } } @first ), @rest ];
}

sub fields_as_string {
    my ( $self, $fields ) = @_;
    my $text = '';
    for my $field (@$fields) {
        my ( $tag, $value ) = @$field;
        next if !defined $value || !length $value;
        $tag =~ s/\b([a-z])/\u$1/g;
        $tag =~ s/\Amime-/MIME-/i;
        $text .= "$tag: $value\n";
    }
    return $text;
}

sub filename {
    my ( $self, $name ) = @_;
    if ( @_ > 1 ) {
        $self->attr( 'content-type.name'            => $name );
        $self->attr( 'content-disposition.filename' => $name );
    }
    return $self->attr('content-disposition.filename');
}

sub scrub {
    my ( $self, @names ) = @_;
    if ( @names && ref $names[0] ) { $self->_suppress(lc) for @{ $names[0] } }
    else {
        my $type     = $self->attr('content-type')              || '';
        my $encoding = $self->attr('content-transfer-encoding') || '';
        my $charset  = $self->attr('content-type.charset');
        $self->_suppress('content-length');
        $self->_suppress('content-disposition');
        $self->_suppress('content-type')
          if $type eq 'text/plain' && ( !defined $charset || lc $charset eq 'us-ascii' );
        $self->_suppress('content-transfer-encoding') if $encoding =~ /\A(?:7bit|8bit|binary)\z/;
    }
    $_->scrub(@names) for @{ $self->{Parts} };
    return;
}

# An empty field keeps the attribute's from being written.
sub _suppress {
    my ( $self, $tag ) = @_;
    $self->delete($tag);
    $self->_add( $tag, '' );
    return;
}

# --- data ---------------------------------------------------------------------------------------------------------

sub data {
    my ( $self, @data ) = @_;
    if (@data) {
        my $data = $data[0];
        $self->{Data} = ref $data eq 'ARRAY' ? join '', @$data : $data;
        $self->get_length;
    }
    return $self->{Data};
}

sub path {
    my ( $self, $path ) = @_;
    if ( @_ > 1 ) {
        $self->{Path} = $path;
        my $plain = _plain_path($path);
        my $name  = defined $plain ? File::Basename::basename($plain) : undef;
        $self->filename($name);
        $self->get_length;
    }
    return $self->{Path};
}

# The file's name, unless the path is a command.
sub _plain_path {
    my ($path) = @_;
    return undef if $path =~ /\A\s*\||\|\s*\z|\A\s*>/;
    return $path =~ /\A\s*<\s*(.*?)\s*\z/s ? $1 : $path;
}

sub fh {
    my ( $self, $handle ) = @_;
    $self->{FH} = $handle if @_ > 1;
    return $self->{FH};
}

sub resetfh { my ($self) = @_; return seek $self->{FH}, 0, 0 }

sub binmode {
    my ( $self, $on ) = @_;
    $self->{Binmode} = $on if @_ > 1;
    return $self->{Binmode} if defined $self->{Binmode};
    return ( $self->attr('content-type') || '' ) !~ m{^(?:text|message)/}i;
}

sub _open {
    my ( $self, $what ) = @_;
    my ( $path, $in ) = ( $self->{Path} );
    my $plain = _plain_path($path);

    # A path may be whatever open() takes with two arguments; that is what this module promises.
    my $opened = defined $plain ? open( $in, '<', $plain ) : open( $in, $path );
    Carp::croak("open $what$path: $!") if !$opened;
    CORE::binmode($in) if $self->binmode;
    return $in;
}

sub read_now {
    my ($self) = @_;
    return if defined $self->{Data};
    my $in = defined $self->{FH} ? $self->{FH} : defined $self->{Path} ? $self->_open('') : return;
    local $/;
    my $data = <$in>;
    $self->{Data} = defined $data ? $data : '';
    if ( !defined $self->{FH} && !close $in ) { Carp::croak( "close $self->{Path}: " . ( $! ? "$!" : "status $?" ) ) }
    return;
}

sub get_length {
    my ($self) = @_;
    my $length;
    if ( !@{ $self->{Parts} } && ( $self->attr('content-transfer-encoding') || '' ) eq 'binary' ) {
        my $plain = defined $self->{Path} ? _plain_path( $self->{Path} ) : undef;
        if    ( defined $self->{Data} )                         { $length = length $self->{Data} }
        elsif ( defined $plain && $plain eq $self->{Path} ) { $length = -s $plain }
        $length = undef if ( $self->attr('content-type') || '' ) =~ m{^multipart/}i;
    }
    $self->attr( 'content-length' => $length );
    return $length;
}

sub sign {
    my ( $self, @params ) = @_;
    @params = ( Path => "$ENV{HOME}/.signature" ) if !@params;
    my %params = @params;
    my $signature = $params{Data};
    if ( !defined $signature ) {
        open my $in, '<', $params{Path} or Carp::croak("open sig $params{Path}: $!");
        local $/;
        $signature = <$in>;
    }
    $signature = join '', @$signature if ref $signature eq 'ARRAY';
    $self->read_now;
    $self->data( ( defined $self->{Data} ? $self->{Data} : '' ) . "\n-- \n$signature" );
    return 1;
}

sub verify_data {
    my ($self) = @_;
    if ( defined $self->{Path} && !defined $self->{Data} ) {
        my $plain = _plain_path( $self->{Path} );
        Carp::croak("$self->{Path}: not readable") if defined $plain && !-r $plain;
    }
    $_->verify_data for @{ $self->{Parts} };
    return 1;
}

sub parts { return @{ $_[0]{Parts} } }

sub parts_DFS { my ($self) = @_; return ( $self, map { $_->parts_DFS } $self->parts ) }

sub preamble {
    my ( $self, $text ) = @_;
    $self->{Preamble} = $text if @_ > 1;
    return $self->{Preamble};
}

sub _type_by_name {
    my ($ask) = @_;
    return undef if $PARANOID || !eval { local $SIG{__DIE__}; require MIME::Types; MIME::Types->VERSION(1.28); 1 };
    return $ask->( MIME::Types->new );
}

sub suggest_type {
    my ( $self, $path ) = @_;
    my $known = _type_by_name( sub { $_[0]->mimeTypeOf($path) } );
    return "$known" if defined $known;
    my ($extension) = $path =~ /\.([^.]+)\z/;
    return $extension && !$PARANOID && $TYPE{ lc $extension } || 'application/octet-stream';
}

sub suggest_encoding {
    my ( $self, $type ) = @_;
    return 'binary' if $type =~ m{^multipart/}i;
    my $known = _type_by_name( sub { my $found = $_[0]->type($type); $found && $found->encoding } );
    return $known if defined $known && length $known;
    return $type =~ m{^(?:text|message)/}i ? 'binary' : 'base64';
}

# --- output -------------------------------------------------------------------------------------------------------

# An object that prints to whatever was given: a handle, an object, or nothing for the handle that is selected.
sub _to {
    my ($out) = @_;
    $out = select if !defined $out;
    if ( !ref $out && ref \$out ne 'GLOB' ) {
        no strict 'refs';
        $out = \*{ $out =~ /::|'/ ? $out : "main::$out" };
    }
    return $out if Scalar::Util::blessed($out) && !$out->isa('IO::Handle') && $out->can('print');
    return bless { handle => $out }, 'MIME::Lite::Handle';
}

{
    package MIME::Lite::Handle;

    sub print { my ( $self, @text ) = @_; return print { $self->{handle} } @text }

    package MIME::Lite::String;

    sub print { my ( $self, @text ) = @_; $$self .= join '', @text; return 1 }
}

sub _string { my ($write) = @_; my $text = ''; $write->( bless \$text, 'MIME::Lite::String' ); return $text }

sub print {
    my ( $self, $out ) = @_;
    $out = _to($out);
    $self->verify_data if $AUTO_VERIFY && $self->top_level;
    $self->print_header($out);
    $out->print("\n");
    return $self->print_body($out);
}

sub print_header { my ( $self, $out ) = @_; return _to($out)->print( $self->header_as_string ) }

sub print_for_smtp {
    my ( $self, $out ) = @_;
    $out = _to($out);
    $out->print( $self->fields_as_string( [ grep { $_->[0] ne 'bcc' } @{ $self->fields } ] ), "\n" );
    return $self->print_body( $out, 1 );
}

sub print_body {
    my ( $self, $out, $is_smtp ) = @_;
    $out = _to($out);
    my $type = $self->attr('content-type') || '';
    my @parts = $self->parts;
    return $self->print_simple_body( $out, $is_smtp ) if $type !~ m{^multipart/}i && !( @parts && $type =~ m{^message/}i );
    if ( $type =~ m{^message/}i ) {
        Carp::croak("can't handle message with multiple parts") if @parts > 1;
        return $parts[0]->print($out);
    }
    my $boundary = $self->attr('content-type.boundary');
    ($boundary) = $type =~ /\bboundary="?([^";]+)/i if !defined $boundary;
    my $preamble = $self->{Preamble};
    $out->print( defined $preamble ? $preamble : "This is a multi-part message in MIME format.\n" );
    for my $part (@parts) {
        $out->print("\n--$boundary\n");
        $part->print($out);
    }
    return $out->print("\n--$boundary--\n");
}

sub print_simple_body {
    my ( $self, $out, $is_smtp ) = @_;
    Carp::croak('no data in this part') if !grep { defined $self->{$_} } qw(Data FH Path);
    my $encoding = uc( $self->attr('content-transfer-encoding') || '' );
    my $encode =
        $encoding eq 'BINARY'           ? sub { $_[0] }
      : $encoding eq '8BIT'             ? \&encode_8bit
      : $encoding eq '7BIT'             ? \&encode_7bit
      : $encoding eq 'QUOTED-PRINTABLE' ? \&_quoted_printable
      : $encoding eq 'BASE64'           ? \&MIME::Base64::encode_base64
      :                                   Carp::croak("unsupported encoding: `$encoding'");
    $out = _to($out);
    if ( defined $self->{Data} ) {
        my $data = $encode->( $self->{Data} );
        $data =~ s/(?<!\r)\n\z/\r\n/ if $is_smtp && $encoding eq 'BINARY';    # some servers hang without
        return $out->print($data);
    }
    my $in = defined $self->{FH} ? $self->{FH} : $self->_open('');
    if ( $encoding eq 'BASE64' || $encoding eq 'BINARY' ) {
        while ( read $in, my $block, 57 * 144 ) { $out->print( $encode->($block) ) }
    }
    else {
        local $/ = "\n";
        while ( defined( my $line = readline $in ) ) { $out->print( $encode->($line) ) }
    }
    close $in if !defined $self->{FH};
    return 1;
}

# White space at the end of a line is encoded whole, and every line ends.
sub _quoted_printable {
    my ($text) = @_;
    return join '', map { MIME::QuotedPrint::encode_qp($_) } split /^/, $text;
}

sub encode_8bit {
    my ($text) = @_;
    $text =~ s/^([^\n]{990})(?=[^\n])/$1\n/mg while $text =~ /^[^\n]{991}/m;
    return $text;
}

sub encode_7bit {
    my ($text) = @_;
    $text =~ tr/\x80-\xff//d;
    return encode_8bit($text);
}

sub as_string        { my ($self) = @_; return _string( sub { $self->print( $_[0] ) } ) }
sub body_as_string   { my ($self) = @_; return _string( sub { $self->print_body( $_[0] ) } ) }
sub header_as_string { my ($self) = @_; return $self->fields_as_string( $self->fields ) }

sub stringify        { return $_[0]->as_string }
sub stringify_body   { return $_[0]->body_as_string }
sub stringify_header { return $_[0]->header_as_string }

# --- sending ------------------------------------------------------------------------------------------------------

sub quiet {
    my ( $class, $on ) = @_;
    $quiet = $on if @_ > 1;
    return $quiet;
}

sub send {
    my ( $self, $how, @args ) = @_;
    if ( !ref $self ) {
        Carp::croak('class method send must have HOW... arguments') if !defined $how;
        my @before = @sender;
        @sender = ( $how, @args );
        return @before;
    }
    ( $how, @args ) = @sender if !defined $how;
    my $method = $self->can("send_by_$how") or Carp::croak("Unknown send method '$how'");
    return $self->$method(@args);
}

sub sendmail { my ( $class, @words ) = @_; $class->send( 'sendmail', join ' ', @words ); return 1 }

sub last_send_successful { return $_[0]{LastSend} }

# Runs what sends; whatever goes wrong is remembered.
sub _sent {
    my ( $self, $sub ) = @_;
    $self->{LastSend} = 0;
    my $result = $sub->();
    $self->{LastSend} = $result ? 1 : 0;
    return $result;
}

sub send_by_sendmail {
    my ( $self, @args ) = @_;
    my $command = $args[0];
    if ( @args != 1 || ref $args[0] ) {
        my %args = _flat(@args);
        my $from = $args{FromSender};
        if ( !defined $from && ( !exists $args{SetSender} || $args{SetSender} ) ) {
            my $field = $self->get('from');
            ($from) = extract_only_addrs($field) if defined $field && length $field;
        }
        my $program = defined $args{Sendmail} ? $args{Sendmail} : '/usr/lib/sendmail';
        $command = [ $program, @{ $args{BaseArgs} || [qw(-t -oi -oem)] }, defined $from && length $from ? "-f$from" : () ];
    }
    return $self->_sent( sub { CPANBridge::Compat::Mail::pipe_into( $command, sub { $self->print( $_[0] ) } ) ? 1 : 0 } );
}

# Pairs, and references to hashes and arrays of pairs between them.
sub _flat {
    my @args = @_;
    my @flat;
    while (@args) {
        my $arg = shift @args;
        if    ( ref $arg eq 'HASH' )  { push @flat, %$arg }
        elsif ( ref $arg eq 'ARRAY' ) { push @flat, @$arg }
        else                          { push @flat, $arg, shift @args }
    }
    return @flat;
}

sub send_by_smtp {
    my ( $self, @args ) = @_;
    shift @args if ref $args[0];    # the object of an older interface
    my ( $host, %options ) = @args;
    my ( $from, @to ) = $self->_envelope( \%options );
    return $self->_sent(
        sub { CPANBridge::Compat::Mail::by_smtp( $host, \%options, $from, \@to, sub { $self->print_for_smtp( $_[0] ) } ) } );
}
sub send_by_smtp_simple { my $self = shift; return $self->send_by_smtp(@_) }

# Who sends, and to whom.
sub _envelope {
    my ( $self, $options ) = @_;
    my $from = defined $options->{From} ? $options->{From} : $self->get('return-path') || $self->get('from');
    ($from) = extract_only_addrs($from) if defined $from;
    Carp::croak("send_by_smtp: missing or invalid 'From:' address") if !defined $from || !length $from;
    my $to = $options->{To};
    my @texts = defined $to ? ref $to ? @$to : $to : map { $self->get($_) } 'to', $AUTO_CC ? ( 'cc', 'bcc' ) : ();
    my @to = map { extract_only_addrs($_) } @texts;
    Carp::croak("send_by_smtp: missing or invalid 'To:' address") if !@to;
    return ( $from, @to );
}

sub send_by_sub {
    my ( $self, $sub, @args ) = @_;
    return $self->_sent( sub { $sub->( $self, @args ) } );
}

sub send_by_testfile {
    my ( $self, $file ) = @_;
    $file = 'mailer.testfile' if !defined $file;
    return $self->_sent(
        sub {
            open my $out, '>>', $file or Carp::croak("open $file: $!");
            $self->print($out);
            return close $out;
        }
    );
}

# --- addresses ----------------------------------------------------------------------------------------------------

sub _mail_address { return !$PARANOID && eval { local $SIG{__DIE__}; require Mail::Address; 1 } }

sub extract_only_addrs {
    my ($text) = @_;
    return map { $_->address } Mail::Address->parse($text) if _mail_address();
    return my_extract_only_addrs($text);
}

sub extract_full_addrs {
    my ($text) = @_;
    return map { $_->format } Mail::Address->parse($text) if _mail_address();
    return my_extract_full_addrs($text);
}

sub my_extract_only_addrs { my ($text) = @_; return map { $_->[1] } CPANBridge::Compat::Mail::addresses($text) }
sub my_extract_full_addrs { my ($text) = @_; return map { $_->[0] } CPANBridge::Compat::Mail::addresses($text) }

1;

__END__

=head1 NAME

MIME::Lite - messages with text and attachments, made and sent

=head1 SYNOPSIS

    use MIME::Lite;

    my $message = MIME::Lite->new(
        From    => 'me@example.org',
        To      => 'you@example.org',
        Subject => 'The report',
        Type    => 'TEXT',
        Data    => "Here it is.\n",
    );
    $message->attach( Type => 'application/pdf', Path => 'report.pdf', Disposition => 'attachment' );
    $message->send;
    $message->send( 'smtp', 'mail.example.org', AuthUser => 'me', AuthPass => 'secret' );

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon.

=head1 COVERED

All methods, options and variables that MIME::Lite 3.033 documents: building, attaching, fields and attributes, the five
encodings, data from strings, files, handles and commands, printing, signing, C<scrub>, and sending by C<sendmail>, C<smtp>,
C<sub> and C<testfile>. MIME::Types and Mail::Address are used where they are installed, as by the original; without MIME::Types
C<AUTO> knows some forty common kinds of files.

=head1 NOT COVERED

=over 4

=item *

TLS in C<smtp>, unless IO::Socket::SSL or its replacement is there.

=item *

C<scrub> without arguments works as documented (the original's dies), a file's name is left out for data from a command, and
a deleted part of an attribute leaves no trace in the field. In C<7bit> and C<8bit> a line that is too long is cut as often
as it needs, not once. Carriage returns are taken out of header fields.

=item *

C<X-Mailer> names CPANBridge instead of the versions of the original's helpers.

=back

=cut
