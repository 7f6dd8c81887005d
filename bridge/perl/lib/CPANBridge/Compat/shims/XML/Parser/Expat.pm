package XML::Parser::Expat;

use 5.014;
use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::XML::Feed;
use CPANBridge::Compat::XML::Short;
use CPANBridge::Compat::XML::Source;

our $VERSION = '2.46';

our ( @Encoding_Path, %Encoding_Table );

$Carp::Internal{$_}++ for __PACKAGE__, 'XML::Parser::ExpatNB';

# Bytes handed to the daemon at a time: few enough that handlers run soon and answers stay small.
my $PIECE = 65_536;

# The same where it parses a piece while the handlers for another one run, and how many of these a document may have: each
# is a call, and calls are counted.
my ( $PIECE_AHEAD, $PIECES_AHEAD ) = ( 16_384, 80 );

# A document that the daemon parses at once, at less cost: no longer than this, and of this form.
my $SHORT      = 1024;
my $SHORT_FORM = qr/\A(?:<\?xml version=["']1\.[01]["'](?: encoding=["']utf-8["'])?\s*\?>)?(?:[^<\0]|<(?!!|\?xml\s))*+\z/i;

our %Handler_Setters = map { $_ => 1 } qw(
  Start End Char Proc Comment CdataStart CdataEnd Default Unparsed Notation ExternEnt ExternEntFin Entity Element
  Attlist Doctype DoctypeFin XMLDecl
);

# Events that the daemon tells of when asked.
my @DECLARATIONS = qw(Attlist Doctype DoctypeFin Element Entity ExternEnt Notation Unparsed XMLDecl);

# The text of those of them that are told in the middle of what they are about, as expat has it.
my %TEXT_OF = ( Attlist => '', Element => '', Entity => '', Notation => '', Unparsed => '', Doctype => '[', DoctypeFin => '>' );

# Kinds of events, as the daemon names them: the most frequent ones by number.
use constant { START => ord 'S', START_WITH_ATTRIBUTES => ord 'A', STOP => ord 'E', TEXT => ord 'C' };

# Events that go to the default handler as text when they have no handler of their own.
my %PLAIN = ( C => 'Char', P => 'Proc', M => 'Comment', '[' => 'CdataStart', ']' => 'CdataEnd' );

sub new {
    my ( $class, @args ) = @_;
    my $self = bless {@args}, $class;
    $self->{_State_}          = 0;
    $self->{Context}          = [];
    $self->{Namespaces}       = $self->{Namespaces} ? 1 : 0;
    $self->{ErrorMessage}     = '' if !defined $self->{ErrorMessage};
    $self->{Namespace_List}   = [undef];
    $self->{Namespace_Table}  = {};
    $self->{_Handlers}        = {};
    $self->{_Prefixes}        = {};
    $self->{_New_Prefixes}    = [];
    $self->{_Serial}          = 0;
    $self->{_Serials}         = [0];
    $self->{_Skip}            = 0;
    $self->{_Source}          = CPANBridge::Compat::XML::Source->new( $self->{ProtocolEncoding} );
    $self->{_Sources}         = [];
    $self->{_Supplied}        = [];
    return $self;
}

sub load_encoding {
    my ($name) = @_;
    ( my $short = $name ) =~ s{.*/}{};
    $short =~ s/\.enc\z//i;
    my $found = CPANBridge::Compat::XML::Source::find_encoding($short)
      or Carp::croak("Couldn't open encmap $name: there is no encoding of that name");
    $Encoding_Table{ lc $short } = $found;
    return $short;
}

sub setHandlers {
    my ( $self, @pairs ) = @_;
    Carp::croak('Uneven number of arguments to setHandlers method') if @pairs % 2;
    my @old;
    my $handlers = $self->{_Handlers};
    for ( my $at = 0 ; $at < @pairs ; $at += 2 ) {
        my $type = $pairs[$at];
        if ( !$Handler_Setters{$type} ) {
            my $types = join ', ', sort keys %Handler_Setters;
            Carp::croak("Unknown Expat handler type: $type\n Valid types: $types");
        }
        push @old, $type, $handlers->{$type};
        $handlers->{$type} = $pairs[ $at + 1 ] || undef;
    }
    return @old;
}

# --- parsing ----------------------------------------------------------------------------------------------------------

sub parse {
    my ( $self, $arg ) = @_;
    Carp::croak('Parse already in progress (Expat)') if $self->{_State_};
    $self->{_State_} = 1;
    my $handle = _handle($arg);
    if ($handle) {
        $self->_parse_handle($handle);
    }
    else {
        $arg = '' if !defined $arg;
        $arg = "$arg";
        utf8::encode($arg) if utf8::is_utf8($arg);
        return 1 if $self->_read_short($arg);
        my $at = 0;
        $self->_feed_all(
            sub {
                my ($size) = @_;
                my $piece = substr $arg, $at, $size;
                $at += $size;
                return ( $piece, $at >= length $arg );
            }
        );
    }
    $self->{_State_} = 2;
    return 1;
}

sub parsestring { my ( $self, $text ) = @_; return $self->parse($text) }

sub parsefile {
    my ( $self, $file ) = @_;
    Carp::croak('Parser has already been used') if $self->{_State_};
    open my $in, '<', $file or Carp::croak("Couldn't open $file:\n$!");
    binmode $in;
    my $done = $self->parse($in);
    close $in;
    return $done;
}

# What can be read from: a glob, a reference to one, an object with a method for it, or the name of an open handle.
sub _handle {
    my ($arg) = @_;
    return if !defined $arg || !ref $arg && index( $arg, '<' ) >= 0;
    if ( Scalar::Util::blessed($arg) ) {
        return $arg if Scalar::Util::reftype($arg) eq 'GLOB' || Scalar::Util::reftype($arg) eq 'IO';
        return $arg if $arg->isa('IO::Handle') || !_has_text($arg) && $arg->can('read');
        return;
    }
    return $arg   if ref $arg eq 'GLOB' || ref $arg eq 'IO';
    return \$arg  if ref \$arg eq 'GLOB';
    return if ref $arg || $arg !~ /\A\*?[\w:']+\z/;
    no strict 'refs';
    for my $name ( $arg, "main::$arg" ) {
        ( my $symbol = $name ) =~ s/\A(?:main::)?\*//;
        return \*{$symbol} if defined fileno *{$symbol}{IO};
    }
    return;
}

sub _has_text { my ($object) = @_; require overload; return overload::Method( $object, '""' ) }

sub _parse_handle {
    my ( $self, $handle ) = @_;
    my $delimiter = $self->{Stream_Delimiter};
    my $is_glob   = Scalar::Util::reftype($handle) eq 'GLOB' || Scalar::Util::reftype($handle) eq 'IO';
    if ( !defined $delimiter && $is_glob && -f $handle ) {    # nothing waits for what the handlers do
        my $coming = '';
        my $got = read $handle, $coming, $PIECE;
        Carp::croak("Cannot read the document: $!") if !defined $got;
        return 1 if $self->_read_short($coming);
        my $ended = !$got;
        return $self->_feed_all(
            sub {
                my ($size) = @_;
                while ( length $coming <= $size && !$ended ) {
                    $got = read $handle, $coming, $PIECE, length $coming;
                    Carp::croak("Cannot read the document: $!") if !defined $got;
                    $ended = !$got;
                }
                my $piece = substr $coming, 0, $size, '';
                return ( $piece, !length $coming );
            }
        );
    }
    if ( !defined $delimiter ) {
        while (1) {
            my $piece = '';
            my $got = $is_glob ? read( $handle, $piece, $PIECE ) : $handle->read( $piece, $PIECE );
            Carp::croak("Cannot read the document: $!") if !defined $got;
            last if !$got;

            # Perl's own read() comes back with less than was asked for only at the end, and then nothing more will come.
            if ( $is_glob && $got < $PIECE ) {
                my $more = read $handle, $piece, $PIECE, length $piece;
                Carp::croak("Cannot read the document: $!") if !defined $more;
                return $self->_feed( $piece, 1 ) if !$more;
            }
            $self->_feed( $piece, 0 );
        }
    }
    else {
        my $piece = '';
        local $/ = "\n";
        while ( defined( my $line = $is_glob ? readline $handle : $handle->getline ) ) {
            ( my $bare = $line ) =~ s/\r?\n\z//;
            last if $bare eq $delimiter;
            $piece .= $line;
            next if length $piece < $PIECE;
            $self->_feed( $piece, 0 );
            $piece = '';
        }
        $self->_feed( $piece, 0 ) if length $piece;
    }
    return $self->_feed( '', 1 );
}

# Parses a whole document without the daemon, if it is short and plain enough, and tells whether it did.
sub _read_short {
    my ( $self, $bytes ) = @_;
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    return 0 if length $bytes > $CPANBridge::Compat::XML::Short::LONGEST || $self->{Namespaces} || defined $self->{ProtocolEncoding};
    my $events = CPANBridge::Compat::XML::Short::events( $bytes, $self->{_Handlers}{XMLDecl} ) or return 0;
    $self->{_Source} = CPANBridge::Compat::XML::Source->whole($bytes);
    $self->_dispatch($events);
    $self->{_Position} = $events->{end};
    $self->{_State_}   = 2;
    return 1;
}

# Has the daemon parse the next piece, and calls the handlers for what was in it.
sub _feed {
    my ( $self, $piece, $final ) = @_;
    my $answer = $self->_parsed( $piece, $final );
    $self->_tell( $answer, $final ) if $answer;
    return 1;
}

# Has the daemon parse the next piece, and returns the answer; nothing where there is nothing to parse yet.
sub _parsed {
    my ( $self, $piece, $final ) = @_;
    my $source = $self->{_Source};
    my $bytes = eval { $source->take( $piece, $final ) };
    Carp::croak("\nnot well-formed (invalid token): $@") if !defined $bytes;
    return if !length $bytes && !$final;
    if ( $final && !defined $self->{_Number} && length $bytes <= $SHORT && $bytes =~ $SHORT_FORM && !$source->is_told ) {
        my %options = (
            $self->{Namespaces}         ? ( namespaces => \1 )           : (),
            $self->{_Handlers}{XMLDecl} ? ( handlers   => ['XMLDecl'] ) : (),
        );
        return $self->_ask( short => data => $bytes, %options ? ( options => \%options ) : () );
    }
    my %params = ( data => $bytes, final => $final ? \1 : \0 );
    if ( defined $self->{_Number} ) {
        $params{parser} = $self->{_Number};
        $params{mute}   = \1 if $self->{_Finished} && !$self->{_Muted}++;
        $params{base}   = $self->{Base} if defined $self->{Base};
    }
    else { $params{options} = $self->_options }
    my $answer = $self->_ask( feed => %params );
    while ( my $need = $answer->{need} ) {
        $self->_dispatch($answer);
        my $content = $self->_content( @$need );
        push @{ $self->{_Supplied} }, my $entity = CPANBridge::Compat::XML::Source->new;
        $content = $entity->take( $content, 1, 1 ) if defined $content;
        $answer = $self->_ask(
            supply => parser => $self->{_Number}, data => $content, final => $params{final}, base => $self->{Base} );
    }
    return $answer;
}

# Calls the handlers for an answer.
sub _tell {
    my ( $self, $answer, $final ) = @_;
    $self->_dispatch($answer);
    delete $self->{_Number} if $final;
    $self->{_Position} = $answer->{end};
    $self->{_Source}->forget( $answer->{end} );
    return;
}

# Feeds a whole document. The sub is told how long the next piece may be, and returns it and whether it is the last one.
#
# Where the root element has begun and there is no DTD, so that nothing in the document stands for more than itself, the
# daemon parses a piece while the handlers for the one before run. Such pieces are small: the answer waits in the socket.
sub _feed_all {
    my ( $self, $next ) = @_;
    my ( $piece, $final ) = $next->($PIECE_AHEAD);
    my $answer = $self->_parsed( $piece, $final );
    my $ahead = 0;
    if ( !$final && $answer && $answer->{kinds} =~ /[SA]/ && $piece !~ /<!DOCTYPE/ && !$self->{Namespaces} && $self->{_Source}->is_bytewise ) {
        $ahead = CPANBridge::Compat::XML::Feed::piece_ahead();
        $ahead = $ahead > $PIECE_AHEAD ? $PIECE_AHEAD : $ahead < $PIECE_AHEAD / 4 ? 0 : $ahead;
    }
    my $count = 0;
    while (1) {
        my ( $coming, $last, $call );
        $ahead = 0 if ++$count > $PIECES_AHEAD;
        if ( !$final ) {
            ( $coming, $last ) = $next->( $ahead || $PIECE );
            $call = $self->_begin( $coming, $last ) if $ahead && length $coming <= $ahead && !$answer->{error} && !$self->{_Finished};
        }
        $self->_tell( $answer, $final ) if $answer;
        return 1 if $final;
        $final = $last;
        $answer = defined $call ? $self->_collected : $self->_parsed( $coming, $final );
    }
}

# Has a piece parsed without waiting for the answer, if that is possible now.
sub _begin {
    my ( $self, $piece, $final ) = @_;
    return if utf8::is_utf8($piece);
    my $call = eval {
        local $SIG{__DIE__};
        CPANBridge::Compat::XML::Feed::feed_ahead( $self->{_Token}, parser => $self->{_Number}, data => $piece, final => $final ? \1 : \0 );
    };
    return if !defined $call;
    $self->{_Source}->take( $piece, $final );
    return $self->{_Ahead} = $call;
}

sub _collected {
    my ($self) = @_;
    my $call = delete $self->{_Ahead};
    return _answer_of( sub { CPANBridge::Compat::XML::Feed::collect( $call, $self->{_Token} ) } );
}

sub _options {
    my ($self) = @_;
    my $handlers = $self->{_Handlers};
    my $encoding = $self->{_Source}->protocol;
    $encoding = $self->{ProtocolEncoding} if !defined $encoding;
    my @declarations = grep { $handlers->{$_} || $_ eq 'DoctypeFin' && $handlers->{Doctype} } @DECLARATIONS;
    return {
        defined $encoding                         ? ( encoding           => $encoding )       : (),
        $self->{Namespaces}                       ? ( namespaces         => \1 )              : (),
        $self->{NoExpand} && $handlers->{Default} ? ( expand             => \0 )              : (),
        $self->{ParseParamEnt}                    ? ( parameter_entities => \1 )              : (),
        defined $self->{Base}                     ? ( base               => $self->{Base} )   : (),
        @declarations                             ? ( handlers           => \@declarations ) : (),
    };
}

sub _ask {
    my ( $self, $function, %params ) = @_;
    my $code = CPANBridge::Compat::XML::Feed->can($function);
    my $answer = _answer_of( sub { $code->( token => $self->{_Token}, %params ) } );
    @$self{qw(_Number _Token)} = @$answer{qw(parser token)} if !exists $params{parser} && defined $answer->{parser};
    return $answer;
}

sub _answer_of {
    my ($code) = @_;
    my $answer = eval { local $SIG{__DIE__}; $code->() };
    return $answer if $answer;
    my $why = ref $@ && $@->can('message') ? $@->message : "$@";
    chomp $why;
    return Carp::croak("XML::Parser cannot parse through CPANBridge: $why");
}

# The text of an external entity, from the program's handler.
sub _content {
    my ( $self, $base, $system, $public ) = @_;
    my $handler = $self->{_Handlers}{ExternEnt} or return;
    $base = $self->{Base} if !defined $base;
    my $content = $handler->( $self, $base, $system, $public );
    return if !defined $content;
    my $handle = ref $content || ref \$content eq 'GLOB' ? _handle($content) : undef;

    if ( !$handle ) {

        # A number is no text of an entity: handlers that are to return nothing return one by chance.
        require B;
        return ref $content || B::svref_2object( \$content )->FLAGS & B::SVf_POK() ? $content : '';
    }
    my $text = '';
    while (1) {
        my $reftype = Scalar::Util::reftype($handle);
        my $got = $reftype eq 'GLOB' || $reftype eq 'IO'
          ? read( $handle, $text, $PIECE, length $text )
          : $handle->read( $text, $PIECE, length $text );
        last if !$got;
    }
    return $text;
}

# --- calling the handlers ---------------------------------------------------------------------------------------------

sub _dispatch {
    my ( $self, $answer ) = @_;
    my @texts      = ref $answer->{texts} ? @{ $answer->{texts} } : split /\0/, $answer->{texts}, -1;
    my @others     = @{ $answer->{others} };
    my $handlers   = $self->{_Handlers};
    my $namespaces = $self->{Namespaces};
    my $serials    = $self->{_Serials};
    local @$self{qw(_Kinds _Start _Places _End)} = @$answer{qw(kinds start places end)};
    local $self->{_Index} = -1;
    my ( $index, $finished, $skip ) = \@$self{qw(_Index _Finished _Skip)};
    my $next = 0;
    for my $kind ( unpack 'C*', $answer->{kinds} ) {
        last if $$finished;
        $$index++;
        if ( $kind == START || $kind == START_WITH_ATTRIBUTES ) {
            my $name = $texts[ $next++ ];
            my $attributes;
            $attributes = $texts[ $next++ ] if $kind != START;
            my $serial = ++$self->{_Serial};
            push @$serials, $serial;
            $$skip = 0 if $$skip && $serial >= $$skip;
            $name = $self->_name($name) if $namespaces;
            if ( !$$skip and my $handler = $handlers->{Start} ) {
                if ( !defined $attributes ) { $handler->( $self, $name ) }
                else {
                    $self->{_Attributes} = $attributes;
                    my @attributes = ref $attributes ? @$attributes : split /\x01/, $attributes, -1;
                    if ($namespaces) {
                        for ( my $at = 0 ; $at < @attributes ; $at += 2 ) { $attributes[$at] = $self->_name( $attributes[$at] ) }
                    }
                    $handler->( $self, $name, @attributes );
                }
            }
            push @{ $self->{Context} }, $name;
            $self->{_New_Prefixes} = [] if $namespaces;
        }
        elsif ( $kind == STOP ) {
            pop @{ $self->{Context} };
            my $handler = $handlers->{End};
            if ( !$handler || $$skip ) { $next++ }
            elsif ($namespaces) { $handler->( $self, $self->_name( $texts[ $next++ ] ) ) }
            else                { $handler->( $self, $texts[ $next++ ] ) }
            pop @$serials;
        }
        elsif ( $kind == TEXT and my $handler = $handlers->{Char} ) {
            if   ($$skip) { $next++ }
            else          { $handler->( $self, $texts[ $next++ ] ) }
        }
        else {
            my $letter = chr $kind;
            my @values = $letter =~ /[CDM]/ ? $texts[ $next++ ] : $letter eq 'P' ? split /\x01/, $texts[ $next++ ], -1 : $letter =~ /[\[\]F]/ ? () : @{ shift @others };
            $self->_seldom( $letter, @values );
        }
    }
    return if !$answer->{error};
    delete $self->{_Number};
    local $self->{_Position} = $answer->{error}{byte};
    undef $self->{_Places};
    return $self->_fail( @{ $answer->{error} }{qw(message line column byte)} );
}

# All other events.
sub _seldom {
    my ( $self, $kind, @values ) = @_;
    my $handlers = $self->{_Handlers};
    if ( $kind eq 'I' ) {
        push @{ $self->{_Sources} }, $self->{_Source};
        $self->{_Source} = $self->{_Supplied}[ $values[0] ];
    }
    elsif ( $kind eq 'F' ) {
        $self->{_Source} = pop @{ $self->{_Sources} };
        $handlers->{ExternEntFin}->($self) if $handlers->{ExternEntFin};
    }
    elsif ( $kind eq 'R' ) { $self->_external(@values) }
    elsif ( $kind eq 'N' ) {
        my ( $prefix, $namespace ) = @values;
        $prefix = '#default' if !defined $prefix || !length $prefix;
        push @{ $self->{_Prefixes}{$prefix} }, defined $namespace && length $namespace ? $namespace : undef;
        push @{ $self->{_New_Prefixes} }, $prefix;
    }
    elsif ( $kind eq 'n' ) {
        my $prefix = defined $values[0] && length $values[0] ? $values[0] : '#default';
        pop @{ $self->{_Prefixes}{$prefix} };
    }
    elsif ( $self->{_Skip} ) { return }
    elsif ( $kind eq 'D' ) {
        local $self->{_Text} = $values[0];
        $handlers->{Default}->( $self, @values ) if $handlers->{Default};
    }
    elsif ( my $plain = $PLAIN{$kind} ) {
        if ( my $handler = $handlers->{$plain} ) { $handler->( $self, @values ) }
        elsif ( $handlers->{Default} ) {
            my $text = $self->recognized_string;
            $handlers->{Default}->( $self, $text ) if length $text;
        }
    }
    else { $self->_declaration(@values) }
    return;
}

sub _declaration {
    my ( $self, $kind, @values ) = @_;
    $self->{_Subset} = $values[3] if $kind eq 'Doctype';
    my $handler = $self->{_Handlers}{$kind};
    local $self->{_Text} = $kind ne 'Doctype' || $self->{_Subset} ? $TEXT_OF{$kind} : undef;
    if ( !$handler ) {

        # The end of a DOCTYPE is told with its beginning, since some handlers for that ask for it only then. Where nobody
        # does, the "]" is followed by text for the default handler.
        $self->default_current if $kind eq 'DoctypeFin' && $self->{_Subset};
        return;
    }
    if ( $kind eq 'Entity' ) {
        my ( $name, $is_parameter, $value, undef, $system, $public, $notation ) = @values;
        @values = ( $name, $value, $system, $public, $notation, $is_parameter ? 1 : () );
    }
    elsif ( $kind eq 'Attlist' ) {
        my ( $element, $name, $type, $default, $required ) = @values;
        my $text = defined $default ? "'$default'" : $required ? '#REQUIRED' : '#IMPLIED';
        @values = ( $element, $name, $type, $text, defined $default && $required ? 1 : () );
    }
    elsif ( $kind eq 'Element' ) { $values[1] = XML::Parser::ContentModel->_of( $values[1] ) }
    elsif ( $kind eq 'Doctype' ) { $values[3] = $values[3] ? 1 : '' }
    elsif ( $kind eq 'Notation' ) { pop @values if !defined $values[-1] }
    elsif ( $kind eq 'XMLDecl' ) {
        $values[1] = $self->{_Source}{declared} if defined $values[1] && defined $self->{_Source}{declared};
        $values[2] = $values[2] < 0 ? undef : $values[2] ? 1 : '';
    }
    $handler->( $self, @values );
    return;
}

# An external entity in the content: parsed when its place is reached.
sub _external {
    my ( $self, $number, @identity ) = @_;
    my $handlers = $self->{_Handlers};
    my $content  = $self->_content(@identity);
    if ( !defined $content ) {
        CPANBridge::Compat::XML::Feed::release( $number, $self->{_Token} );
        return $self->_fail( 'error in processing external entity reference', $self->current_line, $self->current_column,
            $self->current_byte );
    }
    my $entity = CPANBridge::Compat::XML::Source->new;
    my $bytes  = $entity->take( $content, 1, 1 );
    {
        local $self->{_Source} = $entity;
        $self->_dispatch(
            $self->_ask(
                feed => parser => $number, data => $bytes, final => \1, defined $self->{Base} ? ( base => $self->{Base} ) : ()
            )
        );
    }
    $handlers->{ExternEntFin}->($self) if $handlers->{ExternEntFin};
    return;
}

sub _fail {
    my ( $self, $message, $line, $column, $byte ) = @_;
    my $text = "$self->{ErrorMessage}\n$message at line $line, column $column, byte $byte";
    $text .= ":\n" . $self->position_in_context( $self->{ErrorContext} ) if defined $self->{ErrorContext};
    $self->{_State_} = 2;
    Carp::croak($text);
}

# --- namespaces -------------------------------------------------------------------------------------------------------

# A name in a namespace is also a number: the namespace's place in a list.
sub _name {
    my ( $self, $name ) = @_;
    my $at = index $name, "\x1f";
    return $at < 0 ? $name : $self->generate_ns_name( substr( $name, $at + 1 ), substr( $name, 0, $at ) );
}

sub generate_ns_name {
    my ( $self, $name, $namespace ) = @_;
    return $name if !defined $namespace || !length $namespace;
    my $list  = $self->{Namespace_List};
    my $index = $self->{Namespace_Table}{$namespace};
    if ( !defined $index ) {
        push @$list, $namespace;
        $index = $self->{Namespace_Table}{$namespace} = $#$list;
    }
    return Scalar::Util::dualvar( $index, $name );
}

sub _index { no warnings 'numeric'; return defined $_[0] ? int $_[0] : 0 }

sub namespace { my ( $self, $name ) = @_; return $self->{Namespace_List}[ _index($name) ] }

sub eq_name { my ( $self, $one, $other ) = @_; return _index($one) == _index($other) && $one eq $other }

sub new_ns_prefixes { return @{ $_[0]{_New_Prefixes} } }

sub expand_ns_prefix {
    my ( $self, $prefix ) = @_;
    my $bound = $self->{_Prefixes}{$prefix};
    return $bound && @$bound ? $bound->[-1] : undef;
}

sub current_ns_prefixes {
    my ($self) = @_;
    return grep { defined $self->expand_ns_prefix($_) } keys %{ $self->{_Prefixes} };
}

# --- where the parser is ----------------------------------------------------------------------------------------------

sub current_byte {
    my ($self) = @_;
    return defined $self->{_Places} && length $self->{_Places} ? $self->_place_of( $self->{_Index} ) : $self->{_Position} || 0;
}

sub _place_of { my ( $self, $index ) = @_; return $self->{_Start} + unpack 'l', substr $self->{_Places}, 4 * $index, 4 }

sub current_line { my ($self) = @_; return ( $self->{_Source}->place( $self->current_byte ) )[0] }

sub current_column { my ($self) = @_; return ( $self->{_Source}->place( $self->current_byte ) )[1] }

# Where the text of an event begins and ends: where the next one begins.
sub _extent {
    my ( $self, $index ) = @_;
    return ( 0, 0 ) if !defined $self->{_Places};
    my $start = $self->_place_of($index);
    my $depth = 0;
    for my $next ( $index + 1 .. length( $self->{_Kinds} ) - 1 ) {
        my $kind = substr $self->{_Kinds}, $next, 1;
        last if $kind eq 'F' && !$depth--;
        next if $kind eq 'F' || $depth && $kind ne 'I';
        my $place = $self->_place_of($next);
        return ( $start, $place ) if !$depth && $place > $start;
        $depth++ if $kind eq 'I';
    }
    return ( $start, $self->{_End} );
}

# The place of the present event. The end of an empty element has no text of its own.
sub _current {
    my ($self) = @_;
    my ( $index, $kinds ) = @$self{qw(_Index _Kinds)};
    return ( 0, 0 ) if !defined $self->{_Places} || !length $self->{_Places};
    if ( defined $self->{_Text} ) {
        my $start = $self->_place_of($index);
        return ( $start, $start + $self->{_Source}->span( $self->{_Text} ) );
    }
    my ( $start, $end ) = $self->_extent($index);
    if ( substr( $kinds, $index, 1 ) eq 'E' ) {
        return ( $start, $start ) if $self->{_Source}->recognized( $start, $end ) !~ m{\A(?:</|&)};
        my $before = $index;
        $before-- while $before > 0 && substr( $kinds, $before - 1, 1 ) eq 'n';
        if ( $before && substr( $kinds, $before - 1, 1 ) =~ /[SA]/ ) {
            my ( $from, $to ) = $self->_extent( $before - 1 );
            return ( $start, $start ) if $to == $start && $self->{_Source}->recognized( $from, $to ) =~ m{/>\z};
        }
    }
    return ( $start, $end );
}

sub recognized_string { my ($self) = @_; return $self->{_Source}->recognized( $self->_current ) }

sub original_string { my ($self) = @_; return $self->{_Source}->original( $self->_current ) }

sub default_current {
    my ($self) = @_;
    my $handler = $self->{_Handlers}{Default} or return;
    $handler->( $self, $self->recognized_string );
    return;
}

sub position_in_context {
    my ( $self, $lines ) = @_;
    return $self->{_Source}->context( $self->current_byte, $lines );
}

sub specified_attr {
    my ($self) = @_;
    return 0 if !defined $self->{_Places} || substr( $self->{_Kinds}, $self->{_Index}, 1 ) ne 'A';
    my $text  = $self->recognized_string;
    my $given = ref $self->{_Attributes} ? @{ $self->{_Attributes} } : 1 + ( $self->{_Attributes} =~ tr/\x01// );
    return $given if $text !~ s/\A<[^\s\/>]+//;
    my $count = 0;
    while ( $text =~ /\G\s+([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')/gc ) {
        $count++ if !$self->{Namespaces} || $1 !~ /\Axmlns(?:\z|:)/;
    }
    return 2 * $count;
}

sub is_defaulted { return }

sub context         { return @{ $_[0]{Context} } }
sub current_element { my ($self) = @_; return @{ $self->{Context} } ? $self->{Context}[-1] : undef }
sub depth           { return scalar @{ $_[0]{Context} } }
sub element_index   { return $_[0]{_Serials}[-1] }

sub in_element {
    my ( $self, $name ) = @_;
    return @{ $self->{Context} } ? $self->eq_name( $self->{Context}[-1], $name ) : undef;
}

sub within_element {
    my ( $self, $name ) = @_;
    return scalar grep { $self->eq_name( $_, $name ) } @{ $self->{Context} };
}

sub base {
    my ( $self, @new ) = @_;
    my $old = $self->{Base};
    $self->{Base} = $new[0] if @new;
    return $old;
}

# --- what handlers may ask for ----------------------------------------------------------------------------------------

sub skip_until {
    my ( $self, $index ) = @_;
    $self->{_Skip} = $index if $index > $self->{_Serial};
    return;
}

sub finish { my ($self) = @_; $self->{_Finished} = 1; return }

sub _at {
    my ( $self, $message ) = @_;
    $message .= ' at line ' . $self->current_line;
    $message .= ":\n" . $self->position_in_context( $self->{ErrorContext} ) if defined $self->{ErrorContext};
    return $message;
}

sub xpcroak { my ( $self, $message ) = @_; Carp::croak( $self->_at($message) ) }

sub xpcarp { my ( $self, $message ) = @_; Carp::carp( $self->_at($message) ); return }

my %ESCAPE = ( '>' => '&gt;', '"' => '&quot;', q(') => '&apos;' );

sub xml_escape {
    my ( $self, $text, @characters ) = @_;
    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;
    for my $character (@characters) {
        Carp::croak("xml_escape: '$character' isn't a single character") if length $character != 1;
        next if $character eq '&' || $character eq '<';
        my $escape = $ESCAPE{$character} || sprintf '&#x%X;', ord $character;
        $text =~ s/\Q$character\E/$escape/g;
    }
    return $text;
}

sub release {
    my ($self) = @_;
    my $number = delete $self->{_Number};
    my $ahead  = delete $self->{_Ahead};
    CPANBridge::Compat::XML::Feed::drop( $ahead, $self->{_Token} ) if defined $ahead;
    CPANBridge::Compat::XML::Feed::release( $number, $self->{_Token} ) if defined $number;
    $self->{_Handlers} = {};
    delete @$self{qw(_Kinds _Places _Supplied)};
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if !defined $self->{_Number} && !defined $self->{_Ahead};
    local ( $@, $!, $?, $^E );
    return if ${^GLOBAL_PHASE} eq 'DESTRUCT';
    CPANBridge::Compat::XML::Feed::drop( $self->{_Ahead}, $self->{_Token} ) if defined $self->{_Ahead};
    CPANBridge::Compat::XML::Feed::release( $self->{_Number}, $self->{_Token} ) if defined $self->{_Number};
    return;
}

package XML::Parser::ExpatNB;

our @ISA = ('XML::Parser::Expat');

sub parse       { Carp::croak('parse is not supported by XML::Parser::ExpatNB: use parse_more') }
sub parsestring { Carp::croak('parsestring is not supported by XML::Parser::ExpatNB: use parse_more') }
sub parsefile   { Carp::croak('parsefile is not supported by XML::Parser::ExpatNB: use parse_more') }

sub parse_more {
    my ( $self, $data ) = @_;
    Carp::croak('This parser has come to its end') if $self->{_State_} == 2;
    $self->{_State_} = 1;
    return 1 if !defined $data;

    # Without the end of a tag a piece cannot complete more than text, and text may wait for what follows it: programs
    # feed line by line, and each line would be a call.
    utf8::encode($data) if utf8::is_utf8($data);
    $self->{_Held} .= $data;
    return 1 if index( $data, '>' ) < 0 && length $self->{_Held} < $PIECE;
    return $self->_feed( delete $self->{_Held}, 0 );
}

sub parse_done {
    my ($self) = @_;
    $self->_feed( delete $self->{_Held}, 1 );
    $self->{_State_} = 2;
    my $final   = $self->{FinalHandler};
    my $context = wantarray;
    my @result;
    if    ( !$final )  { @result = (1) }
    elsif ($context)   { @result = $final->($self) }
    else               { $result[0] = $final->($self) }
    $self->release;
    return $context ? @result : $result[0];
}

package XML::Parser::ContentModel;

use overload '""' => sub { $_[0]->asString }, 'eq' => sub { "$_[0]" eq ( defined $_[1] ? "$_[1]" : '' ) }, fallback => 1;

my @KIND  = ( undef, qw(empty any mixed name choice seq) );
my @QUANT = ( undef, '?', '*', '+' );

sub _of {
    my ( $class, $given ) = @_;
    my ( $kind, $quant, $name, $children ) = @$given;
    return bless {
        Type     => $KIND[$kind],
        Quant    => $QUANT[$quant],
        Tag      => $name,
        Children => [ map { $class->_of($_) } @{ $children || [] } ],
    }, $class;
}

sub isempty  { return $_[0]{Type} eq 'empty' }
sub isany    { return $_[0]{Type} eq 'any' }
sub ismixed  { return $_[0]{Type} eq 'mixed' }
sub isname   { return $_[0]{Type} eq 'name' }
sub ischoice { return $_[0]{Type} eq 'choice' }
sub isseq    { return $_[0]{Type} eq 'seq' }
sub name     { return $_[0]{Tag} }
sub quant    { return $_[0]{Quant} }
sub children { my @children = @{ $_[0]{Children} }; return @children ? @children : undef }

sub asString {
    my ($self) = @_;
    my @parts = map { $_->asString } @{ $self->{Children} };
    my $text =
        $self->isempty ? 'EMPTY'
      : $self->isany   ? 'ANY'
      : $self->isname  ? $self->{Tag}
      : $self->ismixed ? '(' . join( '|', '#PCDATA', @parts ) . ')'
      :                  '(' . join( $self->isseq ? ',' : '|', @parts ) . ')';
    return $text . ( defined $self->{Quant} ? $self->{Quant} : '' );
}

1;

__END__

=encoding utf8

=head1 NAME

XML::Parser::Expat - expat's events, from the daemon

=head1 SYNOPSIS

    use XML::Parser::Expat;

    my $parser = XML::Parser::Expat->new( Namespaces => 1 );
    $parser->setHandlers( Start => sub { my ( $expat, $element, %attributes ) = @_; ... } );
    $parser->parsefile('members.xml');
    $parser->release;

=head1 DESCRIPTION

Takes the place of XML::Parser::Expat 2.46 where it is not installed. The document goes to the daemon in pieces of at most
64 KiB, and the answer to each holds all its events; handlers run in the program as they always did. Where a string or a file
has no DTD and namespaces are not asked for, its first megabyte goes in smaller ones, and the daemon parses one while the
handlers for the one before run. The daemon opens no file and
fetches nothing: external entities are read by the program's handlers, with the program's rights.

A string or a file of at most 4 KiB is read in the program if it is plain UTF-8: without a DTD, namespaces, carriage returns,
and names that are not ASCII. Handlers see the same of it, and no daemon need be there. As soon as something is wrong
with it, it goes to the daemon, whose expat says what.

=head1 WHAT IS COVERED

All documented methods and options, C<XML::Parser::ExpatNB> and C<XML::Parser::ContentModel>, all handlers, external general and
parameter entities, the places that C<current_line>, C<recognized_string>, C<original_string>, C<position_in_context> and
the like tell of, and errors with expat's words, line, column and byte.

=head1 WHAT IS NOT COVERED, AND DIFFERENCES

=over 4

=item *

Handlers for declarations (C<Attlist>, C<Doctype>, C<DoctypeFin>, C<Element>, C<Entity>, C<ExternEnt>, C<Notation>, C<Unparsed>,
C<XMLDecl>) and the default handler that C<NoExpand> needs must be set before the first piece is parsed; the C<Init> handler is
early enough. They can be taken away at any time. A handler for C<DoctypeFin> may be set by the one for C<Doctype>.

=item *

Encodings that expat does not know are those of L<Encode>; files of encoding maps are not read, and C<@Encoding_Path> is not
looked at.

=item *

C<parse_more> may keep a piece that holds no C<< > >> until the next one.

=item *

C<specified_attr> counts every attribute for elements that come from an internal entity.

=item *

Documents whose entities multiply are refused earlier: a piece may give at most 32 million characters, an
event counted as 32. Elements may be
nested 10,000 deep; a tag, a comment or the like, and all before the root element, may be 16 MiB long.

=back

=head1 ENVIRONMENT

As for L<CPANBridge>.

=cut
