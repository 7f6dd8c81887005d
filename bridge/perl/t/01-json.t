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

done_testing;
