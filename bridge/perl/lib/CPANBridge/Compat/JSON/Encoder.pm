package CPANBridge::Compat::JSON::Encoder;

use 5.014;
use strict;
use warnings;
no warnings qw(recursion numeric);

use B ();
use Scalar::Util ();

our $VERSION = '0.1.0';

my $INTEGER = B::SVf_IOK();
my $FLOAT   = B::SVf_NOK();
my $NUMBER  = $INTEGER | $FLOAT;
my $STRING  = B::SVp_POK();
my $ANY_NUMBER = $NUMBER | B::SVp_IOK() | B::SVp_NOK();

my %ESCAPE = (
    '"'  => '\\"',
    '\\' => '\\\\',
    '/'  => '\\/',
    "\b" => '\\b',
    "\f" => '\\f',
    "\n" => '\\n',
    "\r" => '\\r',
    "\t" => '\\t',
);
$ESCAPE{ chr $_ } ||= sprintf '\\u%04x', $_ for 0 .. 0x1f;

my $DEEP = 'json text or perl structure exceeds maximum nesting level (max_depth set too low?)';

# The settings of the encoding that is under way, and its text so far.
our ( $O, $Out, $Depth, $Max, $Special, $Indent, $Colon, $Typed );

sub encode {
    my ( $options, $value, $type ) = @_;
    local $O       = $options;
    local $Out     = '';
    local $Depth   = 0;
    local $Max     = $options->{max_depth};
    local $Special = _special($options);
    local $Indent  = $options->{indent};
    local $Colon   = ( $options->{space_before} ? ' ' : '' ) . ':' . ( $options->{space_after} ? ' ' : '' );
    local $Typed   = $options->{require_types} || defined $type || $options->{type_all_string} ? 1 : 0;
    if ($Typed) {
        require CPANBridge::Compat::JSON::Typed;
        CPANBridge::Compat::JSON::Typed::encode( $_[1], $type );
    }
    else {
        _encode( $_[1] );
    }
    $Out .= "\n" if $Indent;
    if    ( $options->{utf8} )                                 { utf8::encode($Out) }
    elsif ( grep { $options->{$_} } 'ascii', 'latin1', 'binary' ) { utf8::downgrade( $Out, 1 ) }
    return $Out;
}

# What of a string cannot be written as it is.
sub _special {
    my ($options) = @_;
    my $more = $options->{escape_slash} ? '/' : '';
    return qr{[\x00-\x1f"\\${more}[:^ascii:]]}  if $options->{ascii} || $options->{binary};
    return qr{[\x00-\x1f"\\${more}\x{100}-\x{7fffffff}]} if $options->{latin1};
    return qr{[\x00-\x1f"\\${more}]};
}

# Works on $_[0] itself: a copy would lose what Perl's own booleans are, and cost time.
sub _encode {
    my $ref = ref $_[0];
    if    ( !$ref )             { _scalar( $_[0] ) }
    elsif ( $ref eq 'HASH' )    { _hash( $_[0] ) }
    elsif ( $ref eq 'ARRAY' )   { _array( $_[0] ) }
    elsif ( defined Scalar::Util::blessed( $_[0] ) ) { _object( $_[0], $ref ) }
    else                        { _reference( $_[0], $ref ) }
    return;
}

sub _array {
    my ($array) = @_;
    die "$DEEP\n" if $Depth >= $Max;
    if ( !@$array ) { $Out .= '[]'; return }
    $Depth++;
    my $break = $Indent ? "\n" . ' ' x ( $O->{indent_length} * $Depth ) : '';
    my $separator = "[$break";
    for my $item (@$array) {
        $Out .= $separator;
        ref $item ? _encode($item) : _scalar($item);
        $separator = ",$break";
    }
    $Depth--;
    $Out .= "\n" . ' ' x ( $O->{indent_length} * $Depth ) if $Indent;
    $Out .= ']';
    return;
}

# The keys in the order in which they are to be written.
sub keys_of {
    my ($hash) = @_;
    return keys %$hash if !$O->{canonical} || tied %$hash && !$O->{cpanel};
    return sort keys %$hash;
}

sub _hash {
    my ($hash) = @_;
    die "$DEEP\n" if $Depth >= $Max;
    my @keys = $O->{canonical} ? keys_of($hash) : keys %$hash;
    if ( !@keys ) { $Out .= '{}'; return }
    $Depth++;
    my $break = $Indent ? "\n" . ' ' x ( $O->{indent_length} * $Depth ) : '';
    my $separator = "{$break";
    for my $key (@keys) {
        $Out .= $separator;
        string($key);
        $Out .= $Colon;
        if ( ref $hash->{$key} ) { _encode( $hash->{$key} ) }
        else                     { _scalar( $hash->{$key} ) }
        $separator = ",$break";
    }
    $Depth--;
    $Out .= "\n" . ' ' x ( $O->{indent_length} * $Depth ) if $Indent;
    $Out .= '}';
    return;
}

sub _scalar {
    if ( !defined $_[0] ) { $Out .= 'null'; return }

    # A copy: Perl's constants and tied values have no flags to look at, and "&" would turn the caller's own float into an
    # integer.
    my $value = $_[0];

    # ("" & string) is "", while ("" & number) is 0: what was never a number needs no look at its flags. A string with
    # the UTF-8 flag must not meet "&".
    if ( utf8::is_utf8($value) || !length( '' & ( my $copy = $value ) ) and ref \$value ne 'GLOB' ) {
        if   ( $value =~ $Special || $O->{cpanel} && utf8::is_utf8($value) ) { string($value) }
        else                                                                 { $Out .= '"' . $value . '"' }
        return;
    }
    if ( $O->{cpanel} && ref B::svref_2object( \$_[0] ) eq 'B::SPECIAL' ) {    # Perl's own true and false themselves
        $Out .= $value ? 'true' : 'false';
        return;
    }
    my $flags = B::svref_2object( \$value )->FLAGS;
    if ( ref \$value eq 'GLOB' ) {
        _unknown( sprintf 'encountered perl type (%s,0x%x) that JSON cannot handle, check your input data', $value, $flags );
    }
    elsif ( $flags & $STRING && ( !$O->{cpanel} || !( $flags & $NUMBER ) || $value ne 0 + $value ) ) { string($value) }
    elsif ( $flags & $ANY_NUMBER ) { $Out .= number( $value, $flags ) }
    else                           { string($value) }
    return;
}

sub number {
    my ( $value, $flags ) = @_;
    return "$value" if $flags & $INTEGER && ( !( $flags & $FLOAT ) || $O->{cpanel} && $value == int $value );
    return not_a_number($value) if $value != $value || $value - $value != 0;
    my $text = "$value";
    $text =~ tr/,/./;    # the decimal comma of a locale
    if ( $O->{cpanel} ) {
        $text = '-0' if $value == 0 && sprintf( '%g', $value ) =~ /^-/;
        $text .= '.0' if $text =~ /\A-?[0-9]+\z/;
    }
    elsif ( $value == 0 ) { $text = sprintf( '%g', $value ) =~ /^-/ ? '-0' : '0' }
    return $text;
}

# Infinity and NaN, which JSON does not have.
sub not_a_number {
    my ($value) = @_;
    my $name = $value != $value ? 'nan' : $value > 0 ? 'inf' : '-inf';
    return $name if !$O->{cpanel};
    my $how = $O->{stringify_infnan} || 0;
    return $how == 0 ? 'null' : $how == 2 ? sprintf( '%g', $value ) =~ tr/A-Z/a-z/r : $how == 1 ? '"' . sprintf( '%g', $value ) =~ tr/A-Z/a-z/r . '"' : qq("$name");
}

sub string {
    my $string = "$_[0]";
    if ( $O->{cpanel} && utf8::is_utf8($string) ) {
        die "malformed or illegal unicode character in string [$string], cannot convert to JSON\n" if $string =~ /[^\x{0}-\x{10ffff}]/;
        utf8::encode($string) if $O->{binary} && !utf8::downgrade( $string, 1 );
    }
    $string =~ s/($Special)/$ESCAPE{$1} || _code($1)/ge if $string =~ $Special;
    $Out .= '"' . $string . '"';
    return;
}

sub _code {
    my $code = ord $_[0];
    return sprintf '\\x%02x', $code if $O->{binary};
    return sprintf '\\u%04x', $code if $code < 0x10000;
    die sprintf "out of range codepoint (0x%x) encountered, unrepresentable in JSON\n", $code if $code > 0x10ffff;
    $code -= 0x10000;
    return sprintf '\\u%04x\\u%04x', 0xd800 + ( $code >> 10 ), 0xdc00 + ( $code & 0x3ff );
}

sub _object {
    my ( $object, $class ) = @_;
    if ( is_boolean($object) ) {
        $Out .= $$object ? 'true' : 'false';
        return;
    }
    if ( $O->{allow_tags} and my $freeze = $object->can('FREEZE') ) {
        my @args = $object->$freeze('JSON');
        die "${class}::FREEZE method returned same object as was passed instead of a new one\n" if @args == 1 && same( $args[0], $object );
        $Out .= '(';
        string($class);
        $Out .= ')[';
        my $separator = '';
        for my $item (@args) { $Out .= $separator; _encode($item); $separator = ',' }
        $Out .= ']';
        return;
    }
    if ( $O->{convert_blessed} and my $convert = $object->can('TO_JSON') ) {
        my $value = $object->$convert;
        die "${class}::TO_JSON method returned same object as was passed instead of a new one\n" if same( $value, $object );
        _encode($value);
        return;
    }
    return if $O->{cpanel} && _cpanel_object( $object, $class );
    if ( $O->{allow_blessed} ) { $Out .= 'null'; return }
    die $O->{cpanel} && $O->{convert_blessed}
      ? "encountered object '$object', but allow_blessed, allow_stringify or TO_JSON/FREEZE method missing\n"
      : "encountered object '$object', but neither allow_blessed, convert_blessed nor allow_tags settings are enabled (or TO_JSON/FREEZE method missing)\n";
}

# What the other module makes of numbers of any size, and of objects that know how to be strings.
sub _cpanel_object {
    my ( $object, $class ) = @_;
    if ( $O->{allow_bignum} && ( $object->isa('Math::BigInt') || $object->isa('Math::BigFloat') ) ) {
        my $odd = $object->is_nan || $object->is_inf;
        $Out .= !$odd ? $object->bstr : ( $O->{stringify_infnan} || 0 ) == 3 ? lc $object->bstr : not_a_number( $object->numify );
        return 1;
    }
    if ( $O->{allow_stringify} || $O->{convert_blessed} && _has_string($object) ) {
        string("$object");
        return 1;
    }
    return 0;
}

sub _has_string {
    require overload;
    return overload::Method( $_[0], '""' ) ? 1 : 0;
}

sub is_boolean {
    my $class = ref $_[0];
    return 1 if $class eq 'JSON::PP::Boolean' || $class eq 'Types::Serialiser::Boolean' || $class eq 'JSON::XS::Boolean';
    return $O->{cpanel} && ( $class eq 'boolean' || $class eq 'Mojo::JSON::_Bool' || $class eq 'Cpanel::JSON::XS::Boolean' );
}

sub same { return ref $_[0] && Scalar::Util::refaddr( $_[0] ) == Scalar::Util::refaddr( $_[1] ) }

sub _reference {
    my ( $value, $ref ) = @_;
    if ( $ref eq 'SCALAR' && defined $$value && !ref $$value && ( $$value eq '1' || $$value eq '0' ) ) {
        $Out .= $$value eq '1' ? 'true' : 'false';
    }
    elsif ( $O->{cpanel} && $O->{allow_stringify} && $ref ne 'CODE' && $ref ne 'GLOB' ) { string("$value") }
    elsif ( $ref eq 'CODE' || $ref eq 'FORMAT' || $ref eq 'IO' || $O->{cpanel} && $ref eq 'GLOB' ) {
        _unknown("encountered $value, but JSON can only represent references to arrays or hashes");
    }
    else {
        _unknown("cannot encode reference to scalar '$value' unless the scalar is 0 or 1");
    }
    return;
}

sub _unknown {
    die "$_[0]\n" if !$O->{allow_unknown};
    $Out .= 'null';
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::JSON::Encoder - writes JSON for the replacements of JSON::XS and Cpanel::JSON::XS

=head1 DESCRIPTION

Used by L<CPANBridge::Compat::JSON>; programs have no need of it. What cannot be written is told by C<die> with a line.

=head1 FUNCTIONS

=head2 encode

    my $text = encode( \%options, $value, $type );

Returns the text of a value under a codec's options; C<$type> is one of L<CPANBridge::Compat::JSON::Typed>, or undef.

=head2 keys_of

The keys of a hash, in the order in which they are written.

=head2 string

Appends a string to the text.

=head2 number

Returns a number as text; takes its flags, too.

=head2 not_a_number

Returns what stands for infinity and NaN.

=head2 is_boolean

Whether an object is a boolean of any JSON module.

=head2 same

Whether two references are to the same thing.

=cut
