package CPANBridge::Compat::JSON::Decoder;

use 5.014;
use strict;
use warnings;
no warnings 'recursion';

our $VERSION = '0.1.0';

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

my $DEEP = 'json text or perl structure exceeds maximum nesting level (max_depth set too low?)';

# The settings of the decoding that is under way; its text, whose pos() tells how far it is; where the text stops being
# UTF-8.
our ( $O, $Text, $Depth, $Max, $Relaxed, $True, $False, $Filters, $Bad, $Plain, $Fast );

# Returns the value and the number of characters (with utf8: bytes) that were read.
sub decode {
    my ( $options, $text, $prefix ) = @_;
    $text = '' if !defined $text;
    local $Bad = undef;
    local $O   = $options;
    local $Text = $options->{utf8} ? _characters("$text") : "$text";
    local $Depth   = 0;
    local $Max     = $options->{max_depth};
    local $Relaxed = $options->{relaxed};
    local $Filters = $options->{filter_object} || $options->{filter_key};
    local ( $True, $False ) = @$options{ 'true', 'false' };
    my $cpanel = $options->{cpanel};

    # Strings in the usual form are read by one pattern.
    local $Plain = qr/\G"([^"\\\x00-\x1f]*)"/;
    local $Fast  = !$Relaxed && !defined $Bad;
    pos($Text) = 0;
    _byte_order_mark() if $cpanel;
    _blank();
    my $value = _value();
    if ( !$prefix ) {
        _blank();
        fail('garbage after JSON object') if pos($Text) < length $Text;
    }
    die "JSON text must be an object or array (but found number, string, true, false or null, use allow_nonref to allow this)\n"
      if !$options->{allow_nonref} && ( !ref $value || ref $value eq 'JSON::PP::Boolean' );
    return ( $value, $prefix ? _offset() : 0 );
}

# The text of bytes. Where they stop being UTF-8 it goes on byte for byte, and $Bad tells where that is.
sub _characters {
    my ($bytes) = @_;
    utf8::downgrade( $bytes, 1 ) or die "Wide character in subroutine entry\n";
    my $text = $bytes;
    return $text if utf8::decode($text) && !( $O->{cpanel} && !$O->{relaxed} && $text =~ /[^\x{0}-\x{10ffff}]/ );
    my $good = $bytes =~ /\A(
        (?: [\x00-\x7f]++ | [\xc2-\xdf][\x80-\xbf] | \xe0[\xa0-\xbf][\x80-\xbf] | [\xe1-\xef][\x80-\xbf]{2}
          | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf3][\x80-\xbf]{3} | \xf4[\x80-\x8f][\x80-\xbf]{2} )*+
    )/x ? $1 : '';
    my $rest = substr $bytes, length $good;
    utf8::decode($good);
    $Bad = length $good;
    return $good . $rest;
}

# Texts may begin with a mark that tells how they are encoded.
sub _byte_order_mark {
    return if $Text =~ /\G\x{feff}/gc;
    return if $Text !~ /\A(?:\xef\xbb\xbf|\xfe\xff|\xff\xfe|\x00\x00\xfe\xff)/;
    my $encoding = $Text =~ /\A\xef/ ? 'UTF-8' : $Text =~ /\A(?:\xff\xfe\x00\x00|\x00\x00\xfe\xff)/ ? 'UTF-32' : 'UTF-16';
    my $bytes = $Text;
    return if !utf8::downgrade( $bytes, 1 );
    require Encode;
    my $text = eval { Encode::decode( $encoding, $bytes, Encode::FB_CROAK() ) };
    return if !defined $text;
    $text =~ s/\A\x{feff}//;
    ( $Text, $Bad ) = ( $text, undef );
    pos($Text) = 0;
    return;
}

# Where reading stands, in characters, or bytes of the original.
sub _offset {
    my $position = pos $Text;
    return $position if !$O->{utf8};
    my $read = substr $Text, 0, $position;
    utf8::encode($read) if !defined $Bad || $position <= $Bad;
    return length $read;
}

# Tells what is wrong at the present place.
sub fail {
    my ($what) = @_;
    my $rest = substr $Text, pos $Text, 40;    # more than is shown
    my $text = "$what, at character offset " . _offset();
    return die "$text\n" if !length $rest && $O->{cpanel};
    return die qq($text (before "(end of string)")\n) if !length $rest;
    my $shown = '';
    for my $character ( split //, $rest ) {
        my $code = ord $character;
        my $next = $code == 92 ? '\\\\'
          : $code >= 32 && $code < 127 ? $character
          : $code == 10                ? '\\n'
          : $code == 13                ? '\\r'
          : $code == 9                 ? '\\t'
          : $code == 12                ? '\\f'
          : $code == 7                 ? '\\a'
          :                              sprintf '\\x{%x}', $code;
        if ( length($shown) + length($next) > 20 ) { $shown .= '...'; last }
        $shown .= $next;
    }
    die qq($text (before "$shown")\n);
}

# Skips what does not count: white space, and comments where they are allowed.
sub _blank {
    $Text =~ /\G[\x20\t\n\r]+/gc;
    if ($Relaxed) {
        while ( $Text =~ /\G#[^\n\r]*/gc ) { $Text =~ /\G[\x20\t\n\r]+/gc }
    }
    return;
}

sub _value {
    if ( $Text =~ /$Plain/gc ) {
        return $1 if !defined $Bad || pos($Text) <= $Bad;
        pos($Text) -= 1 + length $1;
        return _string('"');
    }
    if ( $Text =~ /\G([\[\{])/gc ) { return $1 eq '[' ? _array() : _hash() }
    if ( $Text =~ /\G(-?(?:0|[1-9][0-9]*))(?![0-9.eE])/gc ) { return _integer($1) }
    if ( $Text =~ /\G(?=[-0-9])/gc )   { return _number() }
    if ( $Text =~ /\G"/gc )            { return _string('"') }
    if ( $O->{singlequote} && $Text =~ /\G'/gc ) { return _string(q(')) }
    if ( $Text =~ /\Gtrue/gc )         { return $True }
    if ( $Text =~ /\Gfalse/gc )        { return $False }
    if ( $Text =~ /\Gnull/gc )         { return undef }
    if ( $Text =~ /\G(?=([tfn]))/gc )  { fail( "'" . { t => 'true', f => 'false', n => 'null' }->{$1} . "' expected" ) }
    if ( $Text =~ /\G\(/gc ) { return _tagged() if $O->{allow_tags}; pos($Text)--; fail('malformed JSON string, neither array, object, number, string or atom') }
    fail('malformed JSON string, neither tag, array, object, number, string or atom');
    return;
}

sub _array {
    my @array;
    fail($DEEP) if ++$Depth > $Max;
    _blank();
    if ( !( $Text =~ /\G\]/gc ) ) {
        while (1) {

            # Most of what there is, in one go.
            while ( $Fast && $Text =~ /\G(?:"([^"\\\x00-\x1f]*)"|(0|-?[1-9][0-9]{0,14})|null)[\x20\t\n\r]*+(?:(,)[\x20\t\n\r]*+|\])/gc ) {
                push @array, defined $1 ? $1 : defined $2 ? 0 + $2 : undef;
                next if $3;
                $Depth--;
                return \@array;
            }
            push @array, _value();
            _blank();
            last if $Text =~ /\G\]/gc;
            fail(', or ] expected while parsing array') if !( $Text =~ /\G,/gc );
            _blank();
            last if $Relaxed && $Text =~ /\G\]/gc;
        }
    }
    $Depth--;
    return \@array;
}

sub _hash {
    my ( %hash, %gathered );
    my $unique = $O->{unique_keys};
    fail($DEEP) if ++$Depth > $Max;
    _blank();
    my $fast = $Fast && !$unique && !$O->{gather_keys};
    if ( !( $Text =~ /\G\}/gc ) ) {
        while (1) {
            while (
                $fast && $Text =~ /\G"([^"\\\x00-\x1f]*)"[\x20\t\n\r]*+:[\x20\t\n\r]*+
                    (?:"([^"\\\x00-\x1f]*)"|(0|-?[1-9][0-9]{0,14})|null)[\x20\t\n\r]*+(?:(,)[\x20\t\n\r]*+|\})/xgc
              )
            {
                $hash{$1} = defined $2 ? $2 : defined $3 ? 0 + $3 : undef;
                next if $4;
                $Depth--;
                return $Filters ? _filtered( \%hash ) : \%hash;
            }
            my $start = pos $Text;
            my $key = _key();
            if ( exists $hash{$key} && $unique ) { pos($Text) = $start + 1; fail('Duplicate keys not allowed') }
            _blank();
            fail("':' expected") if !( $Text =~ /\G:/gc );
            _blank();
            if ( $O->{gather_keys} && exists $hash{$key} ) {
                $hash{$key} = [ $hash{$key} ] if !$gathered{$key}++;
                push @{ $hash{$key} }, _value();
            }
            else { $hash{$key} = _value() }
            _blank();
            last if $Text =~ /\G\}/gc;
            fail(', or } expected while parsing object/hash') if !( $Text =~ /\G,/gc );
            _blank();
            last if $Relaxed && $Text =~ /\G\}/gc;
        }
    }
    $Depth--;
    return $Filters ? _filtered( \%hash ) : \%hash;
}

sub _key {
    if ( $Text =~ /$Plain/gc ) {
        return $1 if !defined $Bad || pos($Text) <= $Bad;
        pos($Text) -= 1 + length $1;
        return _string('"');
    }
    return _string('"') if $Text =~ /\G"/gc;
    return _string(q(')) if $O->{singlequote} && $Text =~ /\G'/gc;
    return $1 if $O->{barekey} && $Text =~ /\G([A-Za-z0-9_\$][^\s:,{}\[\]"']*)/gc;
    fail( $O->{singlequote} ? q('"' or ''' expected) : q('"' expected) );
    return;
}

sub _filtered {
    my ($hash) = @_;
    if ( $O->{filter_key} && keys %$hash == 1 ) {
        my ($key) = keys %$hash;
        if ( my $filter = $O->{filter_key}{$key} ) {
            my $place = pos $Text;
            my @values = $filter->( $hash->{$key} );
            pos($Text) = $place;
            return $values[0] if @values == 1;
        }
    }
    if ( my $filter = $O->{filter_object} ) {
        my $place = pos $Text;
        my @values = $filter->($hash);
        pos($Text) = $place;
        return $values[0] if @values == 1;
    }
    return $hash;
}

# Reads on after the opening quote.
sub _string {
    my ($quote) = @_;
    my $string = '';
    while (1) {
        if ( $quote eq '"' ? $Text =~ /\G([^"\\\x00-\x1f]+)/gc : $Text =~ /\G([^'\\\x00-\x1f]+)/gc ) {
            if ( defined $Bad && pos($Text) > $Bad ) { pos($Text) = $Bad; fail('malformed UTF-8 character in JSON string') }
            $string .= $1;
        }
        elsif ( $Text =~ /\G$quote/gc ) { return $string }
        elsif ( $Text =~ m{\G\\(["\\/bfnrt])}gc ) { $string .= $UNESCAPE{$1} }
        elsif ( $Text =~ /\G\\u/gc ) { $string .= _escaped() }
        elsif ( $quote eq q(') && $Text =~ /\G\\'/gc ) { $string .= q(') }
        elsif ( $O->{cpanel} && $Text =~ /\G\\(x|[0-7])/gc ) { $string .= _byte($1) }
        elsif ( $Text =~ /\G(?=\\)/gc ) { fail('illegal backslash escape sequence in string') }
        elsif ( $Text =~ /\G([\x00-\x1f])/gc ) {
            if ( $Relaxed && $1 eq "\t" ) { $string .= $1; next }
            pos($Text)--;
            fail('invalid character encountered while parsing JSON string');
        }
        else {
            pos($Text) = length $Text;
            fail('unexpected end of string while parsing JSON string');
        }
    }
}

sub _four {
    return hex $1 if $Text =~ /\G([0-9a-fA-F]{4})/gc;
    fail('exactly four hexadecimal digits expected');
    return;
}

# A character given by its code, or by a pair of surrogates.
sub _escaped {
    my $code = _four();
    return _character($code) if $code < 0xd800 || $code > 0xdfff;
    fail('missing high surrogate character in surrogate pair') if $code >= 0xdc00;
    fail('missing low surrogate character in surrogate pair') if !( $Text =~ /\G\\u/gc );
    my $low = _four();
    fail('surrogate pair expected') if $low < 0xdc00 || $low > 0xdfff;
    return _character( 0x10000 + ( ( $code - 0xd800 ) << 10 ) + ( $low - 0xdc00 ) );
}

sub _character {
    my ($code) = @_;
    if ( $O->{cpanel} && !$Relaxed && ( ( $code & 0xfffe ) == 0xfffe || $code >= 0xfdd0 && $code <= 0xfdef ) ) {
        my $text = sprintf 'Unicode non-character U+%04X is not recommended for open interchange', $code;
        CPANBridge::Compat::JSON::warn_as( 'nonchar', $text, 1 );
    }
    my $character = chr $code;
    utf8::upgrade($character) if $code > 0x7f;
    return $character;
}

# A byte by its number, which only binary strings may have.
sub _byte {
    my ($kind) = @_;
    if ( !$O->{binary} ) {
        pos($Text)--;
        fail( $kind eq 'x' ? 'illegal hex character in non-binary string' : 'illegal octal character in non-binary string' );
    }
    if ( $kind eq 'x' ) {
        return chr hex $1 if $Text =~ /\G([0-9a-fA-F]{2})/gc;
        fail('exactly two hexadecimal digits expected');
    }
    pos($Text)--;
    return chr oct $1 if $Text =~ /\G([0-3]?[0-7]{1,2})/gc;
    fail('exactly three octal digits expected');
    return;
}

sub _integer {
    my ($text) = @_;
    return 0 if $text eq '-0';
    return 0 + $text if length $text < 16;
    my $digits = $text =~ /\A-(.*)/ ? $1 : $text;
    my $limit = $text =~ /\A-/ ? $O->{cpanel} ? '9223372036854775808' : '9223372036854775807' : '18446744073709551615';
    return 0 + $text if length $digits < length $limit || length $digits == length $limit && $digits le $limit;
    return _big( 'Math::BigInt', $text ) if $O->{allow_bignum};
    return $O->{mark_long} ? bless \$text, 'CPANBridge::Compat::JSON::Long' : $text;
}

sub _number {
    $Text =~ /\G(-?)/gc;
    my $text = $1;
    fail('malformed number (no digits after initial minus)') if !( $Text =~ /\G(0|[1-9][0-9]*)/gc );
    $text .= $1;
    fail('malformed number (leading zero must not be followed by another digit)') if $1 eq '0' && $Text =~ /\G(?=[0-9])/gc;
    if ( $Text =~ /\G\./gc ) {
        fail('malformed number (no digits after decimal point)') if !( $Text =~ /\G([0-9]+)/gc );
        $text .= ".$1";
    }
    if ( $Text =~ /\G([eE][-+]?)/gc ) {
        $text .= $1;
        fail('malformed number (no digits after exp sign)') if !( $Text =~ /\G([0-9]+)/gc );
        $text .= $1;
    }
    return _big( 'Math::BigFloat', $text ) if $O->{allow_bignum};
    my $number = 0 + $text;
    return $number if $number != int $number;

    # It is to stay a floating point number, which Perl's arithmetic does not care for. And there is no minus zero.
    return unpack 'd', pack 'd', $number || 0;
}

sub _big {
    my ( $class, $text ) = @_;
    ( my $file = "$class.pm" ) =~ s{::}{/}g;
    require $file;
    return $class->new($text);
}

sub _tagged {
    _blank();
    my $tag;
    if ( $Text =~ /\G"/gc ) { $tag = _string('"') }
    else {
        _value();
        fail('malformed JSON string, (tag) must be a string');
    }
    _blank();
    fail(') expected after tag') if !( $Text =~ /\G\)/gc );
    _blank();
    my $args = _value();
    fail('malformed JSON string, tag value must be an array') if ref $args ne 'ARRAY';
    no strict 'refs';
    fail('cannot decode perl-object (package does not exist)') if !%{"${tag}::"};
    my $thaw = $tag->can('THAW') or fail('cannot decode perl-object (package does not have a THAW method)');
    my $place = pos $Text;
    my $object = $tag->$thaw( 'JSON', @$args );
    pos($Text) = $place;
    return $object;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::JSON::Decoder - reads JSON for the replacements of JSON::XS and Cpanel::JSON::XS

=head1 DESCRIPTION

Used by L<CPANBridge::Compat::JSON>; programs have no need of it. What cannot be read is told by C<die> with a line.

=head1 FUNCTIONS

=head2 decode

    my ( $value, $length ) = decode( \%options, $text, $prefix );

Returns the value of a text; with a true C<$prefix> something else may follow it, and C<$length> tells where that begins.

=head2 fail

Dies with what is wrong and where.

=cut
