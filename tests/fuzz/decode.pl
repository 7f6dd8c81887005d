#!/usr/bin/perl
# Decodes documents with the plain Perl decoder of CPANBridge and tells what came out, for tests/fuzz/test_perl.py.
# Standard input: for each document its length in bytes as a line, then the document. Standard output: a line for each,
# "-" where it was refused, or the value: n t f, i:DIGITS, d:HEX (a double that is no integer), s:HEX (UTF-8), [...], {key=value,...}.
use strict;
use warnings;
no warnings qw(recursion surrogate nonchar non_unicode);

use B ();
use CPANBridge::JSON;

$ENV{CPAN_BRIDGE_JSON} = 'PP';
binmode STDIN;
$SIG{__WARN__} = sub { die "warning: $_[0]" };

sub text {
    my ($text) = @_;
    utf8::encode($text);
    return unpack 'H*', $text;
}

sub show {
    my ($value) = @_;
    return 'n' if !defined $value;
    my $kind = ref $value;
    return $value ? 't' : 'f' if $kind eq 'JSON::PP::Boolean';
    return '[' . join( ',', map { show($_) } @{$value} ) . ']' if $kind eq 'ARRAY';
    return '{' . join( ',', map { text($_) . '=' . show( $value->{$_} ) } sort { text($a) cmp text($b) } keys %{$value} ) . '}'
      if $kind eq 'HASH';
    die "a value of kind $kind\n" if $kind;
    my $flags = B::svref_2object( \$value )->FLAGS;
    return 's:' . text($value) if $flags & B::SVf_POK();
    return sprintf 'i:%s', $value || 0 if $flags & B::SVf_IOK();
    return sprintf 'i:%.0f', $value || 0 if $value == int $value && $value >= -9223372036854775808.0 && $value < 18446744073709551616.0;
    return 'd:' . unpack 'H*', pack 'd>', $value;
}

while ( defined( my $size = <STDIN> ) ) {
    chomp $size;
    my $document = '';
    read( STDIN, $document, $size ) == $size or die "the input ends too early\n" if $size;
    my $value;
    my $good = eval { $value = CPANBridge::JSON::decode($document); 1 };
    die "not a refusal: $@" if !$good && $@ =~ /^warning: | at \S+ line \d+/;
    print $good ? show($value) : '-', "\n";
}
