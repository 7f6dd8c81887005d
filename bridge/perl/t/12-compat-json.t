use strict;
use warnings;

# The replacements of JSON::XS and Cpanel::JSON::XS, on a perl with core modules only, whatever this machine has.
use lib 't/lib', 'lib';
use CoreOnly;
use CPANBridge::Compat;
use Test::More;

use JSON::XS ();
use Cpanel::JSON::XS ();
use Cpanel::JSON::XS::Type;
use JSON::PP ();

ok( CPANBridge::Compat->is_shim($_), "$_ is ours" ) for qw(JSON::XS Cpanel::JSON::XS Types::Serialiser);

# --- both -----------------------------------------------------------------------------------------------------------

my $data = {
    text  => "M\x{fc}ller \x{20ac} \x{1f600} \"\\/\t\x01",
    list  => [ 1, -2, 0, 2.5, '007', undef, [], {} ],
    yes   => Types::Serialiser::true,
    no    => Types::Serialiser::false,
    large => [ 18446744073709551615, -9223372036854775807 ],
};
for my $class (qw(JSON::XS Cpanel::JSON::XS)) {
    for my $form (qw(utf8 ascii latin1 pretty canonical)) {
        my $codec = $class->new->$form;
        is_deeply( $codec->decode( $codec->encode($data) ), $data, "$class $form: all comes back" );
    }
    is_deeply( JSON::PP->new->utf8->decode( $class->new->utf8->encode($data) ), $data, "$class: JSON::PP reads what it writes" );
    is( $class->new->canonical->encode( { b => 1, a => [ 1, 'x' ] } ), '{"a":[1,"x"],"b":1}', "$class: compact" );
    is( $class->new->canonical->pretty->encode( { b => 1, a => [] } ), qq({\n   "a" : [],\n   "b" : 1\n}\n), "$class: pretty" );
    is( $class->new->ascii->encode( ["\x{e9}\x{1f600}"] ), '["\u00e9\ud83d\ude00"]', "$class: ascii" );

    my $number = 1.5;
    my $text   = "5 apples";
    { no warnings 'numeric'; my $sum = $text + $number }
    is( $class->new->encode( [ $text, $number ] ), '["5 apples",1.5]', "$class: arithmetic does not make a string a number" );
    is( $number, 1.5, "$class: the caller's number stays" );

    my $line = __LINE__ + 1;
    ok( !eval { $class->new->decode('{"a" 1}') }, "$class: malformed" );
    is( $@, qq(':' expected, at character offset 5 (before "1}") at $0 line $line.\n), "$class: what, where, and the program's line" );
    ok( !eval { $class->new->encode( [ sub { } ] ) }, "$class: what JSON cannot hold" );
    like( $@, qr/^encountered CODE\(0x[0-9a-f]+\), but JSON can only represent references to arrays or hashes at \Q$0\E line \d+\.$/, "$class: so it says" );
    my $circle = [];
    push @$circle, $circle;
    ok( !eval { $class->new->encode($circle) }, "$class: a circle" );
    like( $@, qr/^json text or perl structure exceeds maximum nesting level/, "$class: ends" );
    @$circle = ();
    like( eval { $class->new->max_size(5)->decode('[1,2,3]') } || $@, qr/^attempted decode of JSON text of 7 bytes size, but max_size is set to 5 at /, "$class: max_size" );
    like( eval { $class->new->utf8->decode("[\"\xff\"]") } || $@, qr/^malformed UTF-8 character in JSON string, at character offset 2 /, "$class: not UTF-8" );

    my $pieces = $class->new;
    my @found;
    push @found, $pieces->incr_parse($_) for split //, '[1,{"a":"]"}] {"b":[2]}';
    is_deeply( \@found, [ [ 1, { a => ']' } ], { b => [2] } ], "$class: texts in pieces" );

    # Many at once, and long ones whose escapes meet every boundary of what is looked at in one go.
    my @many = map { { id => $_, text => "caf\x{e9} \\\" " x ( $_ % 900 ? 1 : 9000 ) } } 1 .. 3000;
    my $all = join ' ', map { $class->new->encode($_) } @many;
    is_deeply( [ $pieces->incr_parse($all) ], \@many, "$class: many texts in one piece" );
    is( $pieces->incr_text, '', "$class: nothing is left" );
    $pieces->incr_parse("$all [1");
    my $count = 0;
    while ( $pieces->incr_parse ) { $count++ }
    is( $count, 3000, "$class: one at a time" );
    is_deeply( $pieces->incr_parse(',2]'), [ 1, 2 ], "$class: the last one comes later" );

    is_deeply( $class->new->filter_json_single_key_object( __id => sub { "id$_[0]" } )->decode('[{"__id":7},{"__id":7,"a":1}]'),
        [ 'id7', { __id => 7, a => 1 } ], "$class: filters" );
    is( $class->new->convert_blessed->encode( [ bless {}, 'Point' ] ), '[{"x":1}]', "$class: TO_JSON" );
    my $tagged = $class->new->allow_tags;
    is( $tagged->encode( [ bless { n => 3 }, 'Tagged' ] ), '[("Tagged")["n",3]]', "$class: FREEZE" );
    is_deeply( $tagged->decode('[("Tagged")["n",3]]'), [ bless { n => 3 }, 'Tagged' ], "$class: THAW" );
}

sub Point::TO_JSON { return { x => 1 } }
sub Tagged::FREEZE { return %{ $_[0] } }
sub Tagged::THAW { my ( $class, $for, %data ) = @_; return bless {%data}, $class }

# --- where they differ ----------------------------------------------------------------------------------------------

is_deeply( [ map { JSON::XS->new->encode( [$_] ) } 3.0 * 1.5, '5' + 0, 9**9**9 ], [ '[4.5]', '[5]', '[inf]' ], 'JSON::XS: numbers' );
is( Cpanel::JSON::XS->new->encode( [ 9**9**9, 2.0 * 1.5 ] ), '[null,3.0]', 'Cpanel::JSON::XS: floats stay floats' );
is( JSON::XS->new->decode('1'), 1, 'JSON::XS takes any value' );
ok( !eval { Cpanel::JSON::XS->new->decode('1') }, 'Cpanel::JSON::XS only with allow_nonref' );
ok( !eval { Cpanel::JSON::XS->new->decode('{"a":1,"a":2}') }, 'Cpanel::JSON::XS: keys are unique' );
is_deeply( Cpanel::JSON::XS->new->dupkeys_as_arrayref->decode('{"a":1,"a":2}'), { a => [ 1, 2 ] }, 'or gathered' );
is_deeply( Cpanel::JSON::XS->new->relaxed->decode("{a:'x', # remark\n}"), { a => 'x' }, 'Cpanel::JSON::XS: relaxed' );
is( Cpanel::JSON::XS->new->canonical->encode( { id => '7', name => 42 }, { id => JSON_TYPE_INT, name => JSON_TYPE_STRING } ),
    '{"id":7,"name":"42"}', 'Cpanel::JSON::XS: types' );
ok( !eval { Cpanel::JSON::XS->new->encode( [ 1, 2 ], [JSON_TYPE_INT] ) }, 'types that do not fit' );
like( $@, qr/has different number of elements as in specified type/, 'are told' );
Cpanel::JSON::XS->new->decode( '[1,"1",1.5,true,null]', my $types );
is_deeply( $types, [ JSON_TYPE_INT, JSON_TYPE_STRING, JSON_TYPE_FLOAT, JSON_TYPE_BOOL, JSON_TYPE_NULL ], 'types of what was read' );

done_testing;
