package CPANBridge::Compat::LibXML::XPathFunctions;

# XPath's core functions and its rules for turning one kind of value into another.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Exporter qw(import);
use POSIX ();

our $VERSION = '0.1.0';
our @EXPORT_OK = qw(%FUNCTION as_boolean as_number as_string);

my $INFINITY = 9**9**9;
my $NAN      = -sin $INFINITY;

# --- conversions ------------------------------------------------------------------------------------------------------

sub as_boolean {
    my ( $kind, $value ) = @_;
    return @$value ? 1 : 0 if $kind eq 'set';
    return $value != 0 && $value == $value ? 1 : 0 if $kind eq 'number';
    return length $value ? 1 : 0 if $kind eq 'string';
    return $value ? 1 : 0;
}

sub as_number {
    my ( $kind, $value ) = @_;
    return $value if $kind eq 'number';
    return $value ? 1 : 0 if $kind eq 'boolean';
    $value = @$value ? text_of( $value->[0] ) : '' if $kind eq 'set';
    return $value =~ /\A[ \t\r\n]*(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t\r\n]*\z/ ? $1 + 0 : $NAN;
}

sub as_string {
    my ( $kind, $value ) = @_;
    return $value if $kind eq 'string';
    return $value ? 'true' : 'false' if $kind eq 'boolean';
    return @$value ? text_of( $value->[0] ) : '' if $kind eq 'set';
    return number_text($value);
}

sub number_text {
    my ($value) = @_;
    return 'NaN' if $value != $value;
    return $value > 0 ? 'Infinity' : '-Infinity' if $value == $INFINITY || $value == -$INFINITY;
    return '0' if $value == 0;
    return sprintf '%d', $value if $value == int $value && abs $value < 2147483648;
    my $text;
    if ( abs $value > 1e9 || abs $value < 1e-5 ) {
        $text = sprintf '%.14e', $value;
        $text =~ s/\.?0+e/e/;
    }
    else {
        my $digits = 14 - POSIX::floor( log( abs $value ) / log 10 );
        $text = sprintf '%.*f', $digits < 1 ? 1 : $digits, $value;
        $text =~ s/\.?0+\z//;
    }
    return $text;
}

sub divided {
    my ( $left, $right ) = @_;
    return $left / $right if $right != 0;
    return $NAN if $left == 0 || $left != $left;
    my $negative = sprintf( '%g', $right ) =~ /\A-/;
    return ( $left > 0 xor $negative ) ? $INFINITY : -$INFINITY;
}

sub remainder {
    my ( $left, $right ) = @_;
    return $NAN if $right == 0 || $left != $left || $right != $right || abs $left == $INFINITY;
    return POSIX::fmod( $left, $right );
}

# --- functions: kind of result, least and most arguments, their kinds, sub --------------------------------------------

# The node that a function is about: its argument's first, or the one at hand.
sub _first {
    my ( $place, $set ) = @_;
    return $set ? $set->[0] : $place->[0];
}

sub _rounded {
    my ($number) = @_;
    return $number if $number != $number || abs $number == $INFINITY || $number == int $number;
    return POSIX::floor( $number + .5 );
}

sub _local_name {
    my ($node) = @_;
    my $type = $node->[TYPE];
    return '' if $type != ELEMENT && $type != ATTRIBUTE && $type != PI && $type != NAMESPACE;
    return $node->[NAME];
}

# Whether a node's language is the one asked for.
sub _lang {
    my ( $node, $wanted ) = @_;
    for ( ; $node ; $node = $node->[PARENT] ) {
        for my $attribute ( @{ attrs($node) || [] } ) {
            next if $attribute->[NAME] ne 'lang' || !$attribute->[NS] || $attribute->[NS][1] ne XML_NS;
            return lc( attribute_value($attribute) ) =~ /\A\Q${\ lc $wanted}\E(?:-|\z)/ ? 1 : 0;
        }
    }
    return 0;
}

# Whether an attribute identifies its element: xml:id, id in HTML, what the DTD declares.
sub is_id {
    my ( $attribute, $document ) = @_;
    return 1 if $attribute->[NS] && $attribute->[NS][1] eq XML_NS && $attribute->[NAME] eq 'id';
    return 0 if !$document;
    return !$attribute->[NS] && $attribute->[NAME] eq 'id' ? 1 : 0 if $document->[TYPE] == HTML;
    my $ids = $document->[VALUE]{ids} or return 0;
    my $name = qname($attribute);
    my $element = $attribute->[PARENT] or return 0;
    return $ids->{ qname($element) } && $ids->{ qname($element) }{$name} ? 1 : 0;
}

sub element_by_id {
    my ( $document, @wanted ) = @_;
    my %wanted = map { $_ => 1 } @wanted;
    my ( @found, %seen );
    my @todo = reverse @{ $document->[KIDS] || [] };
    while ( my $node = pop @todo ) {
        next if $node->[TYPE] != ELEMENT;
        for my $attribute ( @{ attrs($node) || [] } ) {
            my $value = attribute_value($attribute);
            push @found, $node if $wanted{$value} && is_id( $attribute, $document ) && !$seen{$value}++;
        }
        push @todo, reverse @{ kids($node) } if defined $node->[KIDS];
    }
    return @found;
}

sub _id {
    my ( $place, $argument ) = @_;
    my ( $kind, $value ) = @$argument;
    my $text = $kind eq 'set' ? join ' ', map { text_of($_) } @$value : as_string( $kind, $value );
    my $document = owner( $place->[0] ) or return [];
    return [ element_by_id( $document, split ' ', $text ) ];
}

sub _place {
    my ( $place, $which ) = @_;
    my $value = $place->[$which];
    CPANBridge::Compat::LibXML::XPath::fail( $which == 1 ? 1214 : 1213, $which == 1 ? 'Invalid context position' : 'Invalid context size', undef, undef )
      if !defined $value || $value < 0;
    return $value;
}

our %FUNCTION = (
    last     => [ number => 0, 0, [], sub { return _place( $_[0], 2 ) } ],
    position => [ number => 0, 0, [], sub { return _place( $_[0], 1 ) } ],
    count    => [ number => 1, 1, ['set'], sub { return scalar @{ $_[1] } } ],
    id       => [ set    => 1, 1, ['any'], \&_id ],
    'local-name'    => [ string => 0, 1, ['set'], sub { my $node = _first(@_); return $node ? _local_name($node) : '' } ],
    'namespace-uri' => [
        string => 0, 1, ['set'],
        sub {
            my $node = _first(@_);
            return '' if !$node || $node->[TYPE] == NAMESPACE || !$node->[NS] || !defined $node->[NS][1];
            return $node->[NS][1];
        }
    ],
    name => [
        string => 0, 1, ['set'],
        sub {
            my $node = _first(@_) or return '';
            return $node->[TYPE] == ELEMENT || $node->[TYPE] == ATTRIBUTE ? qname($node) : _local_name($node);
        }
    ],
    string => [ string => 0, 1, ['string'], sub { my ( $place, $text ) = @_; return defined $text ? $text : text_of( $place->[0] ) } ],
    concat => [ string => 2, undef, ['string'], sub { my ( undef, @texts ) = @_; return join '', @texts } ],
    'starts-with'      => [ boolean => 2, 2, ['string'], sub { return substr( $_[1], 0, length $_[2] ) eq $_[2] ? 1 : 0 } ],
    contains           => [ boolean => 2, 2, ['string'], sub { return index( $_[1], $_[2] ) >= 0 ? 1 : 0 } ],
    'substring-before' => [ string  => 2, 2, ['string'], sub { my $at = index $_[1], $_[2]; return $at < 0 ? '' : substr $_[1], 0, $at } ],
    'substring-after' =>
      [ string => 2, 2, ['string'], sub { my $at = index $_[1], $_[2]; return $at < 0 ? '' : substr $_[1], $at + length $_[2] } ],
    substring => [
        string => 2, 3, [ 'string', 'number', 'number' ],
        sub {
            my ( undef, $text, $from, $length ) = @_;
            $from = _rounded($from);
            my $to = defined $length ? $from + _rounded($length) : $INFINITY;
            return '' if $from != $from || $to != $to;
            $from = 1 if $from < 1;
            $to = length($text) + 1 if $to > length($text) + 1;
            return $to > $from ? substr $text, $from - 1, $to - $from : '';
        }
    ],
    'string-length' =>
      [ number => 0, 1, ['string'], sub { my ( $place, $text ) = @_; return length( defined $text ? $text : text_of( $place->[0] ) ) } ],
    'normalize-space' => [
        string => 0, 1, ['string'],
        sub {
            my ( $place, $text ) = @_;
            $text = text_of( $place->[0] ) if !defined $text;
            $text =~ s/\A[ \t\r\n]+|[ \t\r\n]+\z//g;
            $text =~ s/[ \t\r\n]+/ /g;
            return $text;
        }
    ],
    translate => [
        string => 3, 3, ['string'],
        sub {
            my ( undef, $text, $from, $to ) = @_;
            my ( %map, $at );
            for my $character ( split //, $from ) {
                my $into = $at++ < length $to ? substr $to, $at - 1, 1 : '';
                $map{$character} = $into if !exists $map{$character};
            }
            return join '', map { exists $map{$_} ? $map{$_} : $_ } split //, $text;
        }
    ],
    boolean => [ boolean => 1, 1, ['boolean'], sub { return $_[1] } ],
    not     => [ boolean => 1, 1, ['boolean'], sub { return $_[1] ? 0 : 1 } ],
    true    => [ boolean => 0, 0, [], sub {1} ],
    false   => [ boolean => 0, 0, [], sub {0} ],
    lang    => [ boolean => 1, 1, ['string'], sub { my ( $place, $wanted ) = @_; return _lang( $place->[0], $wanted ) } ],
    number  => [
        number => 0, 1, ['number'],
        sub { my ( $place, $number ) = @_; return defined $number ? $number : as_number( string => text_of( $place->[0] ) ) }
    ],
    sum => [ number => 1, 1, ['set'], sub { my $sum = 0; $sum += as_number( string => text_of($_) ) for @{ $_[1] }; return $sum } ],
    floor   => [ number => 1, 1, ['number'], sub { return POSIX::floor( $_[1] ) } ],
    ceiling => [ number => 1, 1, ['number'], sub { return POSIX::ceil( $_[1] ) } ],
    round   => [ number => 1, 1, ['number'], sub { return _rounded( $_[1] ) } ],
);

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::XPathFunctions - XPath's functions and conversions

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it. C<%FUNCTION> holds the core functions: for each the kind of its
result, how many arguments it takes, their kinds, and a sub, which is given the node, position and size at hand and then
the arguments.

=head1 FUNCTIONS

=head2 as_boolean

=head2 as_number

=head2 as_string

    as_string( $kind, $value )

Convert a value of any kind.

=head2 number_text

What a number looks like.

=head2 divided

=head2 remainder

Division by XPath's rules, which know infinity.

=head2 is_id

    is_id( $attribute, $document )

Whether an attribute identifies its element.

=head2 element_by_id

The elements that values identify.

=cut
