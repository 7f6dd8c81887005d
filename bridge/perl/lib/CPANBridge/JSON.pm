package CPANBridge::JSON;

use strict;
use warnings;
no warnings 'recursion';

use B ();
use JSON::PP::Boolean ();

our $VERSION = '0.1.0';

# Deeper data is refused, as JSON::PP, JSON::XS and the daemon refuse it. It also ends the walk over a structure that
# contains itself.
my $MAX_DEPTH = 512;

my $STRING = B::SVf_POK();
my $TRUE   = do { my $value = 1; bless \$value, 'JSON::PP::Boolean' };
my $FALSE  = do { my $value = 0; bless \$value, 'JSON::PP::Boolean' };

# Perl 5.36 knows booleans of its own, and what began as a number. Looked up by name, so that older perls do not mind.
my ( $is_bool, $is_number ) = do {
    no strict 'refs';
    map { defined &{"builtin::$_"} ? \&{"builtin::$_"} : undef } 'is_bool', 'created_as_number';
};

my %ESCAPE = (
    '"'  => '\\"',
    '\\' => '\\\\',
    "\b" => '\\b',
    "\f" => '\\f',
    "\n" => '\\n',
    "\r" => '\\r',
    "\t" => '\\t',
);
$ESCAPE{ chr $_ } ||= sprintf '\\u%04x', $_ for 0 .. 0x1f;

my %UNESCAPE = (
    '"'  => '"',
    '\\' => '\\',
    '/'  => '/',
    'b'  => "\b",
    'f'  => "\f",
    'n'  => "\n",
    'r'  => "\r",
    't'  => "\t",
);

# --- encoding -------------------------------------------------------------------------------------------------------
#
# Always done here, whatever JSON module is installed: each of them changes data. JSON::XS and Cpanel::JSON::XS write
# floats with 15 digits (0.1 + 0.2 becomes 0.3), JSON::PP sends a string that was once used in arithmetic as a number,
# JSON::XS a number that was once printed as a string, and none of them knows Perl's own booleans on every perl.

our ( $Out, $Depth );

# The last fault that this file has died of. Anything else that comes out of it is the program's own: a signal handler
# died in there, as that of an alarm does, or a TO_JSON method.
my $fault = '';

sub is_fault { return !ref $_[0] && $_[0] eq $fault }

# Where subs can be called back: takes one, and returns the text that stands for it.
our $CALLBACK;

sub encode {
    local $Out   = '';
    local $Depth = 0;
    if ( !eval { _encode( $_[0] ); 1 } ) {
        my $why = $@;
        die $why if ref $why || $why !~ s/ at \Q${\ __FILE__}\E line \d+\.?\n\z//;
        my $where = _locate( $_[0], $_[1] || 'the value', 0 );
        die $fault = defined $where ? "$where $why\n" : "$why\n";
    }
    return $Out;
}

sub _encode {
    my $value = $_[0];
    my $ref   = ref $value;
    if ( !$ref ) {
        _encode_scalar($value);
    }
    elsif ( $ref eq 'HASH' ) {
        die "is nested deeper than $MAX_DEPTH levels, or contains itself" if ++$Depth > $MAX_DEPTH;
        my $separator = '{';
        for my $key ( keys %$value ) {
            $Out .= $separator;
            _encode_string($key);
            $Out .= ':';
            my $item = $value->{$key};
            ref $item ? _encode($item) : _encode_scalar($item);
            $separator = ',';
        }
        $Out .= $separator eq '{' ? '{}' : '}';
        $Depth--;
    }
    elsif ( $ref eq 'ARRAY' ) {
        die "is nested deeper than $MAX_DEPTH levels, or contains itself" if ++$Depth > $MAX_DEPTH;
        my $separator = '[';
        for my $item (@$value) {
            $Out .= $separator;
            ref $item ? _encode($item) : _encode_scalar($item);
            $separator = ',';
        }
        $Out .= $separator eq '[' ? '[]' : ']';
        $Depth--;
    }
    elsif ( $ref eq 'JSON::PP::Boolean' || $ref eq 'JSON::XS::Boolean' || $ref eq 'boolean' ) {
        $Out .= $value ? 'true' : 'false';
    }
    elsif ( $ref eq 'SCALAR' && defined $$value && ( $$value eq '1' || $$value eq '0' ) ) {
        $Out .= $$value eq '1' ? 'true' : 'false';
    }
    elsif ( $ref eq 'CODE' && $CALLBACK ) {
        $Out .= $CALLBACK->($value);
    }
    elsif ( my $code = UNIVERSAL::can( $value, 'TO_JSON' ) ) {
        die "is nested deeper than $MAX_DEPTH levels, or contains itself" if ++$Depth > $MAX_DEPTH;
        _encode( $value->$code );
        $Depth--;
    }
    else {
        die _unsendable($ref);
    }
    return;
}

sub _encode_scalar {
    my $value = $_[0];    # a copy: what happens to it here must not change the caller's data
    if ( !defined $value ) { $Out .= 'null'; return }

    # ("" & string) is "", while ("" & number) is 0: only what was ever a number goes further than this. A string with
    # the UTF-8 flag must not meet "&", and began as a string.
    no warnings;          # '' is not numeric, is_bool is experimental
    if ( utf8::is_utf8($value) || !length( '' & $value ) ) {
        if   ( $value =~ tr/\x20\x21\x23-\x5b\x5d-\x7e//c || utf8::is_utf8($value) ) { _encode_string($value) }
        else                                                                         { $Out .= qq("$value") }
    }
    elsif ( $is_number ? $is_number->($value) : !( B::svref_2object( \$value )->FLAGS & $STRING ) ) {
        my $text = "$value";
        $text = _number($value) if $text =~ tr/0-9//c || $text != $value;
        $Out .= $text;
    }
    elsif ( $is_bool && $is_bool->($value) ) {
        $Out .= $value ? 'true' : 'false';
    }
    else {
        _encode_string($value);
    }
    return;
}

sub _unsendable {
    my ($ref) = @_;
    return 'is a reference to a scalar; only \1 and \0, for true and false, can be sent'
      if $ref eq 'SCALAR' || $ref eq 'REF' || $ref eq 'LVALUE' || $ref eq 'VSTRING';
    return "is a reference of kind $ref, which cannot be sent" if $ref =~ /\A[A-Z]+\z/;
    return "is an object of class $ref, which has no TO_JSON method; send the data it stands for";
}

sub _encode_string {
    my $string = $_[0];
    if ( $string =~ tr/\x20\x21\x23-\x5b\x5d-\x7e//c ) {
        $string =~ s/([\x00-\x1f"\\])/$ESCAPE{$1}/g;
        utf8::encode($string);
    }
    elsif ( utf8::is_utf8($string) ) {
        utf8::encode($string);    # plain ASCII under the UTF-8 flag would infect all of the text
    }
    $Out .= '"' . $string . '"';
    return;
}

sub _number {
    my ($number) = @_;
    my $text = "$number";
    $text = sprintf '%.17g', $number if $text != $number;
    $text =~ tr/,/./;             # the decimal comma of a locale
    die 'is infinite or not a number; JSON has neither' if $text !~ /\A-?[0-9]/;
    return $text;
}

# Returns the path of the first part that cannot be sent.
sub _locate {
    my ( $value, $path, $depth ) = @_;
    my $ref = ref $value;
    return undef if $depth > $MAX_DEPTH;
    if ( $ref eq 'HASH' ) {
        for my $key ( sort keys %$value ) {
            my $found = _locate( $value->{$key}, "$path\->{$key}", $depth + 1 );
            return $found if defined $found;
        }
        return undef;
    }
    if ( $ref eq 'ARRAY' ) {
        for my $index ( 0 .. $#$value ) {
            my $found = _locate( $value->[$index], "$path\->[$index]", $depth + 1 );
            return $found if defined $found;
        }
        return undef;
    }
    local $Out   = '';
    local $Depth = 0;
    return eval { _encode($value); 1 } ? undef : $path;
}

# --- decoding -------------------------------------------------------------------------------------------------------

my ( $backend, $decoder );

# Which module decodes. CPAN_BRIDGE_JSON (PP, XS, Cpanel) forces one.
sub backend {
    my $wanted = $ENV{CPAN_BRIDGE_JSON};
    if ( defined $wanted && length $wanted ) {
        return _use( 'PP', undef ) if $wanted eq 'PP';
        die "CPAN_BRIDGE_JSON must be PP, XS or Cpanel, not '$wanted'\n" if $wanted ne 'XS' && $wanted ne 'Cpanel';
        my $class = $wanted eq 'XS' ? 'JSON::XS' : 'Cpanel::JSON::XS';
        my $new = _load($class) or die "CPAN_BRIDGE_JSON is $wanted, but $class cannot be loaded\n";
        return _use( $wanted, $new );
    }
    for my $candidate ( [ Cpanel => 'Cpanel::JSON::XS' ], [ XS => 'JSON::XS' ] ) {
        my $new = _load( $candidate->[1] );
        return _use( $candidate->[0], $new ) if $new && _is_exact($new);
    }
    return _use( 'PP', undef );
}

sub _use {
    ( $backend, $decoder ) = @_;
    return $backend;
}

sub _load {
    my ($class) = @_;
    local ( $@, $!, $SIG{__DIE__} );
    ( my $file = "$class.pm" ) =~ s{::}{/}g;
    return eval { require $file; $class->new->utf8->allow_nonref };
}

# JSON::XS reads some numbers slightly wrong (small floats, the least 64-bit integer); what does so is not used.
sub _is_exact {
    my ($new) = @_;
    local ( $@, $SIG{__DIE__} );
    my $text = '[5e-324,2.2250738585072014e-308,1.7976931348623157e308,0.30000000000000004,123456.789012345678,'
      . '4.35,2.675,-9223372036854775808,18446744073709551615,true]';
    my $theirs = eval { $new->decode($text) } or return 0;
    my $ours = _decode($text);
    for my $index ( 0 .. 8 ) {
        return 0 if $theirs->[$index] != $ours->[$index];
        return 0 if ( B::svref_2object( \$theirs->[$index] )->FLAGS & $STRING )
          != ( B::svref_2object( \$ours->[$index] )->FLAGS & $STRING );
    }
    return ref $theirs->[9] eq 'JSON::PP::Boolean';
}

# Takes UTF-8 bytes, returns the value; dies with a sentence.
sub decode {
    backend() if !defined $backend;
    return _decode( $_[0] ) if !$decoder;
    my $value;
    if ( !eval { $value = $decoder->decode( $_[0] ); 1 } ) {
        my $why = $@;
        die $why if eval { $decoder->decode( $_[0] ); 1 };    # nothing is wrong with the text
        $why =~ s/ at \S+ line \d+\.?\n\z//;
        die $fault = "$why\n";
    }
    return $value;
}

# A decoder in plain Perl, several times quicker than JSON::PP's and linear in the text's length: JSON::PP takes four
# seconds for a string of 10 MiB. It works on bytes, so that positions are byte offsets; it looks at single characters
# where it can, because an index or a substr costs a fraction of a match; and its matches have no captures, for which
# perls before 5.20 copy the whole text each time.

my ( $Text, $At ) = ( '', 0 );    # what is being read, and the place in it

sub _decode {
    my ( $value, @wrong ) = _decode_once( $_[0] );
    return $value if !@wrong;
    my ( undef, @again ) = _decode_once( $_[0] );
    die $wrong[0] if !@again;    # nothing is wrong with the text
    my ( $why, $at ) = @again;
    chomp $why;
    die $fault = "$why (at byte $at)\n";
}

# Returns the value; or nothing, what is wrong, and where.
sub _decode_once {
    ( $Text, $At ) = ( $_[0], 0 );
    local $Depth = 0;
    my $value;
    my $good = eval {
        die "the text is not made of bytes\n" if utf8::is_utf8($Text) && !utf8::downgrade( $Text, 1 );
        _check_utf8();
        $value = _value();
        _skip();
        die "something follows the JSON text\n" if $At < length $Text;
        1;
    };
    my $why = $@;
    $Text = '';
    return $good ? $value : ( undef, $why, $At );
}

# Perl's own UTF-8 has halves of surrogate pairs and numbers beyond Unicode's; that of JSON has not.
sub _check_utf8 {
    if ( $Text =~ tr/\xED\xF4-\xFF// && $Text =~ /\xED[\xA0-\xBF]|\xF4[\x90-\xBF]|[\xF5-\xFF]/ ) {
        $At = $-[0];
        die "a string is not valid UTF-8\n";
    }
    return;
}

sub _skip {
    pos($Text) = $At;
    $At = pos $Text if $Text =~ /\G[ \t\r\n]+/gc;
    return;
}

# The next character that is not white space; $At is behind it.
sub _next {
    my $next = substr $Text, $At, 1;
    if ( $next eq ' ' || $next eq "\n" || $next eq "\t" || $next eq "\r" ) {
        _skip();
        $next = substr $Text, $At, 1;
    }
    $At++ if length $next;
    return $next;
}

# A daemon's answer has no white space between its parts, so the loops look one character ahead themselves and leave
# what is not the expected one to _next.
sub _value {
    my $first = substr $Text, $At++, 1;
    return _string() if $first eq '"';
    if ( $first eq ' ' || $first eq "\n" || $first eq "\t" || $first eq "\r" || $first eq '' ) {
        $At--;
        $first = _next();
        return _string() if $first eq '"';
    }
    if ( $first eq '{' ) {
        die "the text is nested deeper than $MAX_DEPTH levels\n" if ++$Depth > $MAX_DEPTH;
        my %object;
        my $next = _next();
        if ( $next ne '}' ) {
            while (1) {
                _back( $next, 'a name in quotes is missing' ) if $next ne '"';
                my $key = _string();
                if ( substr( $Text, $At, 1 ) eq ':' ) { $At++ }
                elsif ( ( $next = _next() ) ne ':' ) { _back( $next, 'a colon is missing' ) }
                $object{$key} = _value();
                if ( substr( $Text, $At, 2 ) eq ',"' ) { $At += 2; $next = '"'; next }
                $next = _next();
                last if $next eq '}';
                _back( $next, 'a comma or } is missing' ) if $next ne ',';
                $next = _next();
            }
        }
        $Depth--;
        return \%object;
    }
    if ( $first eq '[' ) {
        die "the text is nested deeper than $MAX_DEPTH levels\n" if ++$Depth > $MAX_DEPTH;
        my @array;
        if ( _next() ne ']' ) {
            $At--;
            while (1) {
                push @array, _value();
                my $next = substr $Text, $At++, 1;
                next if $next eq ',';
                last if $next eq ']';
                $At--;
                $next = _next();
                next if $next eq ',';
                last if $next eq ']';
                _back( $next, 'a comma or ] is missing' );
            }
        }
        $Depth--;
        return \@array;
    }
    die "the text ends too early\n" if $first eq '';
    my $start = --$At;
    pos($Text) = $start;
    if ( $Text =~ /\G-?(?:0|[1-9][0-9]*)/gc ) {
        my $whole = $Text !~ /\G(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)/gc;
        $At = pos $Text;
        my $digits = substr $Text, $start, $At - $start;
        my $number = 0 + $digits;

        # An integer that this perl cannot hold stays a string of digits rather than become a float.
        return $digits if $whole && length $digits > 15 && $digits ne "$number";
        return $number;
    }
    if ( $first eq 't' && substr( $Text, $At, 4 ) eq 'true' )  { $At += 4; return $TRUE }
    if ( $first eq 'f' && substr( $Text, $At, 5 ) eq 'false' ) { $At += 5; return $FALSE }
    if ( $first eq 'n' && substr( $Text, $At, 4 ) eq 'null' )  { $At += 4; return undef }
    die "a value is missing\n";
}

sub _back {
    my ( $next, $message ) = @_;
    $At-- if length $next;
    die "$message\n";
}

# The rest of a string whose opening quote has been read.
sub _string {
    my $end = index $Text, '"', $At;
    if ( $end >= 0 ) {
        my $string = substr $Text, $At, $end - $At;
        if ( !( $string =~ tr/\x00-\x1f\\// ) ) {
            utf8::decode($string) or die "a string is not valid UTF-8\n";
            $At = $end + 1;
            return $string;
        }
    }
    pos($Text) = $At;

    # At most 1000 a time: older perls end a longer repetition of a group with a warning.
    1 while $Text =~ /\G(?:[^"\\\x00-\x1f]+|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4})){1,1000}+/gc;
    $end = pos $Text;
    if ( substr( $Text, $end, 1 ) ne '"' ) {
        $At = $end;
        die "a string does not end, or holds a control character or an unknown escape\n";
    }
    my $string = substr $Text, $At, $end - $At;
    $At = $end + 1;
    if ( index( $string, '\\u' ) < 0 ) {
        $string =~ s/\\(.)/$UNESCAPE{$1}/g;
    }
    else {
        $string =~ s{\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))}
                    {defined $4 ? $UNESCAPE{$4} : _utf8( defined $3 ? hex $3 : _pair( hex $1, hex $2 ) )}gex;
    }
    utf8::decode($string) or die "a string is not valid UTF-8\n";
    return $string;
}

sub _pair { return 0x10000 + ( ( $_[0] - 0xD800 ) << 10 ) + $_[1] - 0xDC00 }

sub _utf8 {
    my $character = chr $_[0];
    utf8::encode($character);
    return $character;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::JSON - the JSON of the wire: every value keeps its kind

=head1 SYNOPSIS

    my $bytes = CPANBridge::JSON::encode( { when => "2024", count => 3 } );
    my $value = CPANBridge::JSON::decode($bytes);

=head1 DESCRIPTION

Used by L<CPANBridge>; programs have no need of it. Text is UTF-8 bytes on one side and Perl data with character strings
on the other.

=head2 What is sent as what

=over 4

=item *

A value that began as a string is sent as a string, also after it was used in arithmetic. C<"0123">, C<"1e3"> and long
rows of digits arrive as they are. Write C<0 + $x> to send a number.

=item *

A value that began as a number is sent as a number, also after it was printed. (Before Perl 5.36 an integer that was
used as a string cannot be told from a string, and is sent as one: there too, C<0 + $x> sends a number.) Floats are
written with as many digits as bring back the same float.

=item *

C<\1> and C<\0>, JSON::PP's, JSON::XS's and Cpanel::JSON::XS's booleans and, from Perl 5.36, the results of comparisons
and C<!> are sent as true and false.

=item *

C<undef> is null. Objects are sent as what their method C<TO_JSON> returns.

=back

=head1 FUNCTIONS

=head2 encode

    my $bytes = CPANBridge::JSON::encode( $value, $name );

Returns the JSON text, in UTF-8. Dies with a sentence that names the place, beginning with C<$name>, where a part cannot
be sent: code, file handles, objects without C<TO_JSON>, infinities.

=head2 decode

    my $value = CPANBridge::JSON::decode($bytes);

Returns the value of a JSON text in UTF-8, or dies with a sentence. Booleans become C<JSON::PP::Boolean> objects,
integers that the perl cannot hold strings of digits.

=head2 is_fault

    die $@ if !CPANBridge::JSON::is_fault($@);

Whether an error that C<encode> or C<decode> died of says what is wrong with the data. Others are the program's own, of a
signal handler or a C<TO_JSON> method.

=head2 backend

    my $name = CPANBridge::JSON::backend();

Chooses what decodes, and returns its name: C<Cpanel> (L<Cpanel::JSON::XS>) or C<XS> (L<JSON::XS>) where it is installed
and reads every number exactly, which C<JSON::XS> 4.03 and 4.04 do not, else C<PP>, plain Perl. The environment variable
C<CPAN_BRIDGE_JSON> forces one of the three. Encoding is always done in plain Perl, because each of the modules changes
data: floats lose digits, strings become numbers, or numbers strings.

=cut
