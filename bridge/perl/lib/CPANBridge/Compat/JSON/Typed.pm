package CPANBridge::Compat::JSON::Typed;

use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use Scalar::Util ();

use CPANBridge::Compat::JSON::Encoder;

our $VERSION = '0.1.0';

my ( $BOOL, $INT, $FLOAT, $STRING, $NULL ) = ( 1, 2, 3, 4, 256 );
my $NO_HANDLER = 'encountered perl type (%s,0x%x) that JSON cannot handle, check your input data';

my $LARGEST  = '18446744073709551615';
my $SMALLEST = '-9223372036854775808';
my $HUGE     = '1.79769313486232e+308';

sub _add { $CPANBridge::Compat::JSON::Encoder::Out .= $_[0]; return }
sub _set { return $CPANBridge::Compat::JSON::Encoder::O->{ $_[0] } }

sub encode {
    my ( undef, $type ) = @_;
    $type = $$type while defined $type && ref $type eq 'Cpanel::JSON::XS::Type::Weaken';
    if ( !defined $type ) {
        my $strings = _set('type_all_string');
        die "type for '$_[0]' was not specified\n" if !$strings && _set('require_types') && defined $_[0];
        die "type for '' was not specified\n" if !$strings && _set('require_types');
        return CPANBridge::Compat::JSON::Encoder::_encode( $_[0] ) if !$strings;
        $type = $STRING | $NULL if ref $_[0] ne 'HASH' && ref $_[0] ne 'ARRAY';
    }
    my $value = $_[0];
    my $ref   = ref $value;
    if ( defined Scalar::Util::blessed($value) && !CPANBridge::Compat::JSON::Encoder::is_boolean($value) ) {
        return _object( $value, $type );
    }
    return _array( $value, $type ) if $ref eq 'ARRAY';
    return _hash( $value, $type )  if $ref eq 'HASH';
    return _scalar( $value, $type );
}

# The alternative of an anyof type that fits.
sub _alternative {
    my ( $type, $index, $name, $value ) = @_;
    return $type if ref $type ne 'Cpanel::JSON::XS::Type::AnyOf';
    $type = $type->[$index];
    $type = $$type while ref $type eq 'Cpanel::JSON::XS::Type::Weaken';
    die "no $name alternative in anyof was specified for '" . _shown($value) . "'\n" if !defined $type;
    return $type;
}

sub _shown { my ($value) = @_; _uninitialized() if !defined $value; return defined $value ? "$value" : '' }

sub _mismatch {
    my ( $type, $value ) = @_;
    die sprintf "encountered type (%s, 0x%x) was specified for '%s'\n", $type, 0, _shown($value);
}

sub _array {
    my ( $array, $type ) = @_;
    my $given = $type;
    if ( defined $type ) {
        $type = _alternative( $type, 1, 'array', $array );
        my $class = ref $type;
        _mismatch( $type, $array ) if $class ne 'ARRAY' && $class ne 'Cpanel::JSON::XS::Type::ArrayOf';
        die "array '$array' has different number of elements as in specified type '$type'\n" if $class eq 'ARRAY' && @$type != @$array;
    }
    my $of = defined $type && ref $type ne 'ARRAY' ? $$type : undef;
    _nested(
        '[', ']',
        map {
            my $index = $_;
            sub { encode( $array->[$index], !defined $type ? undef : defined $of ? $of : $type->[$index] ) }
        } 0 .. $#$array
    );
    return;
}

sub _hash {
    my ( $hash, $type ) = @_;
    if ( defined $type ) {
        $type = _alternative( $type, 2, 'hash', $hash );
        my $class = ref $type;
        _mismatch( $type, $hash ) if $class ne 'HASH' && $class ne 'Cpanel::JSON::XS::Type::HashOf';
    }
    my $of = defined $type && ref $type ne 'HASH' ? $$type : undef;
    _nested(
        '{', '}',
        map {
            my $key = $_;
            sub {
                CPANBridge::Compat::JSON::Encoder::string($key);
                _add($CPANBridge::Compat::JSON::Encoder::Colon);
                die "no type was specified for hash key '$key'\n" if defined $type && !defined $of && !exists $type->{$key};
                encode( $hash->{$key}, !defined $type ? undef : defined $of ? $of : $type->{$key} );
            }
        } CPANBridge::Compat::JSON::Encoder::keys_of($hash)
    );
    return;
}

# Writes brackets around what the subs write.
sub _nested {
    my ( $open, $close, @parts ) = @_;
    die "json text or perl structure exceeds maximum nesting level (max_depth set too low?)\n"
      if $CPANBridge::Compat::JSON::Encoder::Depth >= $CPANBridge::Compat::JSON::Encoder::Max;
    if ( !@parts ) { _add("$open$close"); return }
    local $CPANBridge::Compat::JSON::Encoder::Depth = $CPANBridge::Compat::JSON::Encoder::Depth + 1;
    my $indent = $CPANBridge::Compat::JSON::Encoder::Indent;
    my $width  = _set('indent_length');
    my $break  = $indent ? "\n" . ' ' x ( $width * $CPANBridge::Compat::JSON::Encoder::Depth ) : '';
    my $before = "$open$break";
    for my $part (@parts) { _add($before); $part->(); $before = ",$break" }
    _add( "\n" . ' ' x ( $width * ( $CPANBridge::Compat::JSON::Encoder::Depth - 1 ) ) ) if $indent;
    _add($close);
    return;
}

sub _object {
    my ( $object, $type ) = @_;
    if ( _set('convert_blessed') and my $convert = $object->can('TO_JSON') ) {
        my $value = $object->$convert;
        die ref($object) . "::TO_JSON method returned same object as was passed instead of a new one\n"
          if CPANBridge::Compat::JSON::Encoder::same( $value, $object );
        return encode( $value, $type );
    }
    return _scalar( $object, $type ) if _set('allow_bignum') && !ref $type && ( $object->isa('Math::BigInt') || $object->isa('Math::BigFloat') );
    return CPANBridge::Compat::JSON::Encoder::_encode($object);
}

sub _scalar {
    my ( $value, $given ) = @_;
    my $type = _alternative( $given, 0, 'scalar', $value );
    _mismatch( $type, $value ) if ref $type || $type !~ /\A[0-9]+\z/;
    return CPANBridge::Compat::JSON::Encoder::_encode($value) if $type == 0;
    my $base = $type & 0xff;
    return _add('null') if !defined $value && $type & $NULL;
    die sprintf( "$NO_HANDLER\n", _shown($value), 0 ) if $base < $BOOL || $base > $STRING;
    my $boolean = CPANBridge::Compat::JSON::Encoder::is_boolean($value);
    if ( $base == $BOOL ) {
        my $true = ref $value && !Scalar::Util::blessed($value) ? _of_reference($value) : $value;
        return _add( $true ? 'true' : 'false' );
    }
    if ( $base == $STRING ) {
        _uninitialized() if !defined $value;
        return CPANBridge::Compat::JSON::Encoder::string( $boolean ? $$value ? 'true' : 'false' : defined $value ? $value : '' );
    }
    $value = $$value ? 1 : 0 if $boolean;
    return _add( $base == $INT ? _integer($value) : _float($value) );
}

# \1 and \0 are true and false.
sub _of_reference {
    my ($value) = @_;
    return $$value eq '1' if ref $value eq 'SCALAR' && defined $$value && ( $$value eq '1' || $$value eq '0' );
    die "cannot encode reference to scalar '$value' unless the scalar is 0 or 1\n";
}

sub _warn { my ( $category, $text ) = @_; return CPANBridge::Compat::JSON::warn_as( $category, "$text in subroutine entry" ) }

sub _uninitialized { return _warn( 'uninitialized', 'Use of uninitialized value' ) }

# A number: a plain one, or with allow_bignum a big one where a plain one would lose digits.
sub _numeric {
    my ($value) = @_;
    return $value if ref $value && Scalar::Util::blessed($value);
    if ( !defined $value ) { _uninitialized(); return 0 }
    _warn( 'numeric', qq(Argument "$value" isn't numeric) ) if !ref $value && !Scalar::Util::looks_like_number($value);
    no warnings 'numeric';
    my $number = 0 + $value;
    return 0 if $number != $number;
    if ( _set('allow_bignum') && "$number" !~ /\A-?[0-9]+\z/ && $number - $number == 0 && ( $number >= 2**64 || $number <= -2**63 ) ) {
        require Math::BigFloat;
        my $text = $value =~ /\A\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)/ ? $1 : $number;
        return Math::BigFloat->new($text);
    }
    return $number;
}

sub _integer {
    my $number = _numeric( $_[0] );
    if ( ref $number ) {
        return 0 if $number->is_nan;
        return $number->sign eq '-inf' ? $SMALLEST : $LARGEST if $number->is_inf;
        return $number->copy->bint->bstr;
    }
    return "$number" if "$number" =~ /\A-?[0-9]+\z/;
    return $LARGEST if $number >= 2**64;
    return $SMALLEST if $number < -2**63;
    return sprintf $number < 0 ? '%d' : '%u', $number;
}

sub _float {
    my $number = _numeric( $_[0] );
    my $text;
    if ( ref $number ) {
        return '0.0' if $number->is_nan;
        return $number->sign eq '-inf' ? "-$HUGE" : $HUGE if $number->is_inf;
        $text = $number->bstr;
    }
    else {
        return $number < 0 ? "-$HUGE" : $HUGE if $number - $number != 0;
        $text = "$number";
        $text =~ tr/,/./;
    }
    $text .= '.0' if $text =~ /\A-?[0-9]+\z/;
    return $text;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::JSON::Typed - writes JSON by a specification of types

=head1 DESCRIPTION

Used by L<CPANBridge::Compat::JSON::Encoder> for what Cpanel::JSON::XS::Type specifies; programs have no need of it.

=head1 FUNCTIONS

=head2 encode

    encode( $value, $type );

Appends a value to the text that is being written. A type is a number (1 for booleans, 2 integers, 3 floats, 4 strings; 256
more where C<undef> becomes C<null>), an array or hash of types, or an object of one of the classes
C<Cpanel::JSON::XS::Type::ArrayOf>, C<HashOf>, C<AnyOf> and C<Weaken>.

=cut
