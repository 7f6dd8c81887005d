use strict;
use warnings;
use utf8;

use Test::More;
use CPANBridge::JSON;

sub sent { return CPANBridge::JSON::encode( $_[0] ) }
sub both { return CPANBridge::JSON::decode( CPANBridge::JSON::encode( $_[0] ) ) }

for my $backend ( 'PP', 'XS', 'Cpanel' ) {
    local $ENV{CPAN_BRIDGE_JSON} = $backend;
    next if !eval { CPANBridge::JSON::backend(); 1 };
    pass("decoding with $backend");
    for my $string ( '', 'plain', "h\xe4\xdf", "\x{20ac}\x{1f600}", "\0\t\n\r\"\\/\x7f", '0123', '1e3', '../../etc', '<b>' x 1000 ) {
        is( both($string), $string, "$backend: a string comes back as it went" );
    }
    for my $number ( 0, 1, -1, 9223372036854775807, 0.1, 0.1 + 0.2, 1e22, 1e-300, -2.5 ) {
        cmp_ok( both($number), '==', $number, "$backend: $number" );
    }
    is_deeply( both( [ { a => [ undef, [], {} ] }, 'x' ] ), [ { a => [ undef, [], {} ] }, 'x' ], "$backend: nesting" );
    my $true = CPANBridge::JSON::decode('true');
    ok( $true, "$backend: true" );
    is( ref $true, 'JSON::PP::Boolean', "$backend: a boolean is one" );
    is( sent($true), 'true', "$backend: a boolean stays one" );
    ok( !eval { CPANBridge::JSON::decode('{"a":') }, "$backend: half a document is an error" );
}

is( sent('5'), '"5"', 'a string of digits is a string' );
my $used = '5';
my $sum = $used + 1;
is( sent($used), '"5"', 'also after it was used as a number' );
is( sent( 0 + $used ), '5', '0 + makes a number of it' );
is( sent( [ \1, \0 ] ), '[true,false]', 'references to 1 and 0 are booleans' );
is( sent(undef), 'null', 'undef is null' );
my $latin = "h\xe4\xdf";
my $wide  = $latin;
utf8::upgrade($wide);
is( sent($latin), sent($wide), 'how Perl keeps a string inside makes no difference' );
is( sent($latin), qq("h\xc3\xa4\xc3\x9f"), 'and what is sent is UTF-8' );

for my $case ( [ sub { 1 }, 'CODE' ], [ \*STDOUT, 'GLOB' ], [ bless( {}, 'Some::Class' ), 'Some::Class' ], [ 9**9**9, 'infinite' ] ) {
    my ( $value, $words ) = @$case;
    ok( !eval { CPANBridge::JSON::encode( { list => [ 1, $value ] }, '$params' ) }, "$words cannot be sent" );
    like( $@, qr/\$params->\{list\}->\[1\].*\Q$words\E/, 'and the message says where it is' );
}
my $cycle = [];
push @$cycle, $cycle;
ok( !eval { sent($cycle) }, 'a structure that contains itself is an error' );
@$cycle = ();

ok( eval { sent( 9**9 ); sent( [ [ (1) x 5 ], 1 ] ); 1 }, 'and an error leaves nothing behind' );

my $deep = my $inner = [];
for ( 2 .. 512 ) { push @$inner, []; $inner = $inner->[0] }
is( sent( both($deep) ), '[' x 512 . ']' x 512, '512 levels are sent and read' );
ok( !eval { CPANBridge::JSON::decode( '[' x 513 . ']' x 513 ) }, '513 are not' );

# Floats keep all their digits, integers all of theirs.
for my $text (
    '0.1', '0.30000000000000004', '1e+22', '5e-324', '1.7976931348623157e+308', '2.2250738585072014e-308', '-9223372036854775808',
    '18446744073709551615', '9007199254740993', '270869547783025.41'
  )
{
    local $ENV{CPAN_BRIDGE_JSON} = 'PP';
    CPANBridge::JSON::backend();
    my $value = CPANBridge::JSON::decode($text);
    cmp_ok( $value, '==', 0 + $text, "$text is read" );
    cmp_ok( 0 + sent($value), '==', $value, "$text is sent" );
}
is( CPANBridge::JSON::decode('123456789012345678901234567890'), '123456789012345678901234567890', 'what fits nowhere is digits' );

SKIP: {
    skip 'before Perl 5.36 there are no booleans', 2 if $] < 5.036;
    is( sent( [ 1 == 1, 1 == 0, !!'a' ] ), '[true,false,true]', "Perl's booleans" );
    my $printed = 5;
    my $text = "$printed";
    is( sent($printed), '5', 'a number stays one when it was printed' );
}

my $data = { number => 5, string => '5', list => [ 1.5, 'x' ] };
sent($data);
is( sent( $data->{number} ) . sent( $data->{string} ), '5"5"', 'sending changes nothing in what is sent' );

# Strange texts are errors, and never a wrong value.
for my $text ( '', ' ', '[1,]', '[,1]', '{"a"}', '{"a":1,}', '{a:1}', '01', '1.', '.5', '+1', '1e', '--1', 'nul', 'truex', '"a', '"\\x"',
    '"\\u12"', "\"\n\"", "\"\xff\"", "\"\xc3\"", '[1 2]', '1 2', ']', 'NaN', "'a'" )
{
    for my $backend ( 'PP', 'Cpanel', 'XS' ) {
        local $ENV{CPAN_BRIDGE_JSON} = $backend;
        next if !eval { CPANBridge::JSON::backend(); 1 };
        ( my $shown = $text ) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
        ok( !eval { CPANBridge::JSON::decode($text); 1 }, "$backend: $shown is no JSON" );
    }
}

# Random data: core's JSON::PP reads what we write, and we read what it writes, with every escape it knows.
SKIP: {
    skip 'JSON::PP cannot be loaded', 1 if !eval { require JSON::PP };
    srand 20_240_229;
    my $random;
    $random = sub {
        my ($depth) = @_;
        my $kind = int rand( $depth > 4 ? 4 : 6 );
        return undef if $kind == 0;
        return int( rand 2e9 ) - 1e9 if $kind == 1;
        return ( rand() - 0.5 ) * 10**( int( rand 40 ) - 20 ) if $kind == 2;
        return join '', map { chr( ( 34, 92, 47, 10, 0, 127, 233, 0x20ac, 0x1f600, 65 )[ rand 10 ] ) } 1 .. rand 12 if $kind == 3;
        return [ map { $random->( $depth + 1 ) } 1 .. rand 5 ] if $kind == 4;
        return { map { ( chr( 97 + rand 26 ) . chr( 200 + rand 300 ) => $random->( $depth + 1 ) ) } 1 .. rand 5 };
    };
    my ( $pp, $ascii ) = ( JSON::PP->new->utf8->allow_nonref, JSON::PP->new->ascii->allow_nonref->pretty );
    local $ENV{CPAN_BRIDGE_JSON} = 'PP';
    CPANBridge::JSON::backend();
    my @wrong;
    for ( 1 .. 300 ) {
        my $value = $random->(0);
        push @wrong, sent($value) if !eq_deep( $pp->decode( sent($value) ), $value ) || !eq_deep( both($value), $value );
        my $theirs = $ascii->encode($value);
        push @wrong, $theirs if !eq_deep( CPANBridge::JSON::decode($theirs), $ascii->decode($theirs) );
    }
    is( scalar @wrong, 0, 'random data' ) or diag $wrong[0];
}

sub eq_deep {
    my ( $one, $other ) = @_;
    return 0 if ref $one ne ref $other || defined $one != defined $other;
    return 1 if !defined $one;
    if ( ref $one eq 'ARRAY' ) { return @$one == @$other && !grep { !eq_deep( $one->[$_], $other->[$_] ) } 0 .. $#$one }
    if ( ref $one eq 'HASH' ) { return keys %$one == keys %$other && !grep { !exists $other->{$_} || !eq_deep( $one->{$_}, $other->{$_} ) } keys %$one }
    return $one =~ /\A-?[0-9]/ && $other =~ /\A-?[0-9]/ ? $one == $other : $one eq $other;
}

subtest 'what is not a fault of the data' => sub {
    ok( !eval { sent( [ bless {}, 'Dying' ] ) } && $@ eq "mine\n" && !CPANBridge::JSON::is_fault($@), 'TO_JSON dies in its own words' );
    ok( !eval { sent( \*STDOUT ) } && CPANBridge::JSON::is_fault($@), 'what cannot be sent is one' );
    local $ENV{CPAN_BRIDGE_JSON} = 'PP';
    CPANBridge::JSON::backend();
    ok( !eval { CPANBridge::JSON::decode('[') } && CPANBridge::JSON::is_fault($@), 'so is what cannot be read' );
    my ( $value, $count ) = ( \&CPANBridge::JSON::_value, 0 );
    no warnings 'redefine';
    local *CPANBridge::JSON::_value = sub { die "alarm\n" if !$count++; goto &$value };
    ok( !eval { CPANBridge::JSON::decode('[1]') } && $@ eq "alarm\n" && !CPANBridge::JSON::is_fault($@), 'a signal handler that dies is none' );
};
sub Dying::TO_JSON { die "mine\n" }

done_testing;
