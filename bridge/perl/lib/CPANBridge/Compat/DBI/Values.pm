package CPANBridge::Compat::DBI::Values;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

use B ();
use Scalar::Util ();

our $VERSION = '0.1.0';

# What sql_type_cast knows, by the numbers of the types.
my %INTEGER = map { $_ => 1 } 4, 5, -5, -6;
my %DOUBLE  = map { $_ => 1 } 6, 7, 8;
my %NUMERIC = map { $_ => 1 } 2, 3;

sub looks_like_number {
    my @answers = map { !defined $_ || !length $_ ? undef : Scalar::Util::looks_like_number($_) ? 1 : 0 } @_;
    return wantarray ? @answers : $answers[0];
}

sub neat {
    my ( $value, $most ) = @_;
    return 'undef' if !defined $value;
    return "$value" if ref $value && !Scalar::Util::blessed($value);
    if ( !ref $value && !( B::svref_2object( \$value )->FLAGS & B::SVf_POK() ) ) { return "$value" }
    $most = $DBI::neat_maxlen if !$most;
    my $text = "$value";
    if ( $most && length($text) > $most - 2 ) {
        $text = substr( $text, 0, $most > 5 ? $most - 5 : 0 ) . '...';
    }
    $text =~ s/[^[:print:]\s]/./g if !utf8::is_utf8($text);
    return utf8::is_utf8($text) ? qq("$text") : "'$text'";
}

sub neat_list {
    my ( $list, $most, $separator ) = @_;
    return join defined $separator ? $separator : ', ', map { neat( $_, $most ) } @$list;
}

# Digits before names, by their value.
sub by_number_or_name {
    my ( $one, $other ) = @_;
    my $numbers = ( $one !~ /\D/ ) + ( $other !~ /\D/ );
    return $numbers == 2 ? $one <=> $other : $numbers ? ( $one =~ /\D/ ) <=> ( $other =~ /\D/ ) : $one cmp $other;
}

# A hash as text, in the order of its keys: numbers by their value if all are numbers, or if the last argument says so.
sub concat_hash_sorted {
    my ( $hash, $between, $separator, $neat, $by_number ) = @_;
    return if !defined $hash;
    die "hash is not a hash reference: $hash\n" if ref $hash ne 'HASH';
    my @keys = keys %$hash;
    $by_number = !grep { !Scalar::Util::looks_like_number($_) } @keys if !defined $by_number;
    no warnings 'numeric';
    @keys = $by_number ? sort { $a <=> $b || $a cmp $b } @keys : sort { $a cmp $b } @keys;
    ( $between, $separator ) = map { defined $_ ? $_ : '' } $between, $separator;
    return join $separator, map {
        my $value = $hash->{$_};
        $_ . $between . ( $neat ? neat($value) : defined $value ? "'$value'" : 'undef' )
    } @keys;
}

# Two hashes of 32 bits that programs may have stored somewhere.
sub hash {
    my ( $text, $type ) = @_;
    my $hash;
    use integer;
    if ( !$type ) {
        $hash = 0;
        $hash = ( $hash * 33 + $_ ) & 0xFFFFFFFF for _signed_bytes($text);
        return -( ( $hash & 0x7FFFFFFF ) | 0x40000000 );
    }
    $hash = 0x811C9DC5;
    for my $byte ( unpack 'C*', _octets($text) ) {
        $hash = ( $hash * 0x01000193 ) & 0xFFFFFFFF;
        $hash ^= $byte;
    }
    return $hash > 0x7FFFFFFF ? $hash - 0x7FFFFFFF - 0x7FFFFFFF - 2 : $hash;
}

sub _octets { my $text = $_[0]; utf8::encode($text) if utf8::is_utf8($text); return $text }

sub _signed_bytes { return unpack 'c*', _octets( $_[0] ) }

sub data_string_desc {
    my ($value) = @_;
    my $flag = defined $value && utf8::is_utf8($value) ? 'on' : 'off';
    return "UTF8 $flag, undef" if !defined $value;
    $value = "$value";
    my $ascii = $value =~ /[^\x00-\x7f]/ ? 'non-ASCII' : 'ASCII';
    $ascii = "INVALID $ascii" if $flag eq 'on' && !utf8::valid($value);
    return sprintf 'UTF8 %s, %s, %d characters %d bytes', $flag, $ascii, length $value, length _octets($value);
}

sub data_string_diff {
    my ( $one, $other ) = @_;
    return '' if !defined $one && !defined $other;
    return 'String b is undef, string a has ' . length($one) . ' characters'   if !defined $other;
    return 'String a is undef, string b has ' . length($other) . ' characters' if !defined $one;
    my $shorter = length $one < length $other ? length $one : length $other;
    for my $at ( 0 .. $shorter - 1 ) {
        my ( $here, $there ) = map { substr $_, $at, 1 } $one, $other;
        next if $here eq $there;
        return "Strings differ at index $at: " . join ', ', map { "$_->[0]\[$at]=" . _character( $_->[1] ) }[ a => $here ],
          [ b => $there ];
    }
    return 'String a truncated after ' . length($one) . ' characters'   if length $one < length $other;
    return 'String b truncated after ' . length($other) . ' characters' if length $one > length $other;
    return '';
}

sub _character { my ($text) = @_; return ord $text > 255 ? sprintf '\\x{%X}', ord $text : $text =~ /[[:print:]]/ ? $text : sprintf '\\x%02X', ord $text }

sub data_diff {
    my ( $one, $other, $logical ) = @_;
    my $difference = data_string_diff( $one, $other );
    return '' if $logical && !length $difference;
    my ( $first, $second ) = map { data_string_desc($_) } $one, $other;
    return '' if !length $difference && $first eq $second;
    $difference = 'Strings contain the same sequence of characters' if !length $difference;
    return "a: $first\nb: $second\n$difference\n";
}

# Returns 2: cast; 1: could not, left as it was; 0: the same, and the caller wanted to be strict; -1: undef; -2: no type
# that can be cast to. Changes its first argument.
sub sql_type_cast {
    my $type   = $_[1];
    my $flags  = $_[2] || 0;
    my $strict = $flags & 2;
    return -1 if !defined $_[0];
    my $fits;
    if ( $INTEGER{$type} ) { $fits = $_[0] =~ /\A\s*[-+]?[0-9]+\s*\z/ && _is_exact( $_[0] ) }
    elsif ( $DOUBLE{$type} || $NUMERIC{$type} ) { $fits = Scalar::Util::looks_like_number( $_[0] ) }
    else                                        { return -2 }
    return $strict ? 0 : 1 if !$fits;
    my $number = 0 + $_[0];
    if ( $flags & 1 ) { $_[0] = $number }
    else {
        my $text = "$_[0]";
        $_[0] = $text;
        my $unused = 0 + $_[0];    # the value now knows its number, too
    }
    return 2;
}

sub _is_exact {
    my ( $sign, $digits ) = $_[0] =~ /([-+]?)0*([0-9]+)/;
    my $most = $sign eq '-' ? '9223372036854775808' : '18446744073709551615';
    return length $digits < length $most || length $digits == length $most && $digits le $most;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Values - DBI's functions on values

=head1 DESCRIPTION

Used by the replacement of L<DBI>, which exports most of these under the tag C<:utils>.

=head1 FUNCTIONS

=head2 looks_like_number

Returns for each value whether it is a number: true, false but defined, or undef for undef and the empty string.

=head2 neat

Returns a value as text to look at, shortened to C<$DBI::neat_maxlen> characters or as many as its second argument says.

=head2 neat_list

Does the same with a list.

=head2 concat_hash_sorted

Returns a hash as text in which keys and values are joined by the second argument, and pairs by the third; values are shown by
C<neat> if the fourth is true. Drivers know it as C<DBI::_concat_hash_sorted>.

=head2 by_number_or_name

Orders names of parameters.

=head2 hash

Returns a hash of 32 bits of a string; of two kinds, which the second argument chooses (0 or 1).

=head2 data_string_desc

Describes what Perl knows of a string.

=head2 data_string_diff

Says where two strings differ.

=head2 data_diff

Says both.

=head2 sql_type_cast

Makes its first argument a number where the type in the second asks for it.

=cut
