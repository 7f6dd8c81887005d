use strict;
use warnings;

# The replacement of XML::XPath over that of XML::Parser and a real daemon, on a perl with core modules only.
use lib 't/lib', 'lib';
use CoreOnly;
use BridgeDaemon;
use CPANBridge::Compat;
use File::Temp qw(tempdir);
use Scalar::Util qw(weaken);
use Test::More;

my $daemon = BridgeDaemon->new( options => [ '--modules=xml', '--max-requests-per-minute=1000000' ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);
my $folder = tempdir( CLEANUP => 1 );
my @warned;
$SIG{__WARN__} = sub { push @warned, @_ };

use XML::XPath;
ok( CPANBridge::Compat->is_shim('XML::XPath'), 'XML::XPath is ours' );

my $document = <<"XML";
<?xml version="1.0"?>
<!DOCTYPE shop [<!ATTLIST item id ID #IMPLIED>]>
<!--top-->
<shop xmlns="urn:shop" xmlns:p="urn:price" xml:lang="en-GB">
  <item id="i1" n="1"><name>M\xc3\xbcller &amp; Co</name><p:price p:cur="EUR">10</p:price></item>
  <item id="i2" n="2"><name>\xe2\x82\xac &lt;shop&gt;</name><p:price p:cur="USD">5.5</p:price><!--cheap--></item>
  <item id="i3" n="10"><?note see below?><name/><sub><item id="i4" n="4"/></sub></item>
</shop>
XML
my $xp = XML::XPath->new( xml => $document );

# Ids of the elements that a path finds, or the value of an expression.
sub found {
    my ( $path, $context ) = @_;
    my $found = $xp->find( $path, $context );
    return "$found" if !$found->isa('XML::XPath::NodeSet');
    return join ' ', map { $_->isElementNode ? $_->getAttribute('id') || $_->getName || '/' : $_->string_value } $found->get_nodelist;
}

subtest 'paths' => sub {
    my @cases = (
        '/'                              => '/',
        '/shop'                          => 'shop',
        '//item'                         => 'i1 i2 i3 i4',
        '//item[1]'                      => 'i1 i4',
        '(//item)[1]'                    => 'i1',
        '/descendant::item[last()]'      => 'i4',
        '//item[@n > 2]'                 => 'i3 i4',
        '//item[@n = "2" or @n = 10][2]' => 'i3',
        '//item[position() mod 2 = 1]'   => 'i1 i3 i4',
        '//item[name]'                   => 'i1 i2 i3',
        '//item[not(name)]'              => 'i4',
        '//item[count(*) = 2]/@n'        => '1 2 10',
        '//p:price[@p:cur = "USD"]/..'   => 'i2',
        '//item[@id="i4"]/ancestor::item' => 'i3',
        '//item[@id="i4"]/ancestor::*[1]' => 'sub',
        '//item[@id="i4"]/ancestor::*'   => 'shop i3 sub',
        '//item[@id="i2"]/preceding-sibling::*' => 'i1',
        '//item[@id="i1"]/following-sibling::*[1]' => 'i2',
        '//item[@id="i1"]/following::*'  => 'i2 name p:price i3 name sub i4',
        '//item[@id="i3"]/preceding::item' => 'i1 i2',
        '//sub/preceding::*[1]'          => 'name',
        '//item[@id="i2"]/descendant-or-self::*' => 'i2 name p:price',
        '//comment()'                    => 'top cheap',
        '//processing-instruction("note")' => 'see below',
        '/shop/item[2]/node()'           => "name p:price cheap",
        '//*[self::sub]'                 => 'sub',
        '//@p:*'                         => 'EUR USD',
        'id("i3 i1")'                    => 'i1 i3',
        '//sub | //item[@id="i1"] | //sub' => 'i1 sub',
        '/shop/item/'                    => 'i1 i2 i3',
        '//nothing'                      => '',
        '/..'                            => '',
        '//div'                          => '',
        "//item [ \@n = '1' ] / name"    => 'name',
    );
    while ( my ( $path, $ids ) = splice @cases, 0, 2 ) { is( found($path), $ids, $path ) }
    my ($item) = $xp->findnodes('//item[@id="i3"]');
    is( found( 'sub/item', $item ), 'i4', 'from a node' );
    is( found( '/shop/item[1]', $item ), 'i1', 'from the root of a node' );
    is( $item->findvalue('@n'), 10, 'by a node' );
    is( join( ' ', map { $_->getAttribute('id') } $item->findnodes('.//item') ), 'i4', 'nodes by a node' );
};

subtest 'expressions' => sub {
    my @cases = (
        '1 + 2 * 3 - 4 div 2'           => 5,
        '-(1 - 3)'                      => 2,
        '- - 3'                         => 3,
        '5.5 mod 2'                     => 1.5,
        '-5 mod 2'                      => -1,
        '1 div 0'                       => 'Infinity',
        '0.1 + 0.2'                     => 0.3,
        '10000000000 * 10000000000'     => '100000000000000000000',
        '1 div 8000000'                 => '0.000000125',
        '"a" = "a" and not(1 = 2)'      => 1,
        '1 < 2'                         => 1,
        '2 <= 1 or 3 >= 3'              => 1,
        'true() != false()'             => 1,
        '//item/@n = 10'                => 1,
        '//item/@n != 10'               => 1,
        '//nothing = //nothing'         => 0,
        'boolean(//item)'               => 1,
        'string(2 = 2)'                 => 'true',
        'count(//item)'                 => 4,
        'sum(//item/@n)'                => 17,
        'floor(-1.5) + ceiling(1.2) + round(2.5)' => 3,
        'concat("a", 1, "b")'           => 'a1b',
        'substring("12345", 2, 3)'      => '234',
        'substring-before("a=b", "=")'  => 'a',
        'substring-after("a=b", "=")'   => 'b',
        'translate("bar", "abc", "AB")' => 'BAr',
        'normalize-space("  a   b ")'   => 'a b',
        'string-length("' . "\x{20ac}x" . '")' => 2,
        'starts-with("abc", "ab")'      => 1,
        'contains("abc", "bd")'         => 0,
        'name(//p:price)'               => 'p:price',
        'local-name(//p:price)'         => 'price',
        'namespace-uri(//p:price)'      => 'urn:price',
        'namespace-uri(//item)'         => 'urn:shop',
        'namespace-uri(/*/@xml:lang)'   => 'http://www.w3.org/XML/1998/namespace',
        'count(//*[lang("en")])'        => 11,
        'matches("foo1", "\d$")'        => 1,
        'matches("FOO", "o+", "i")'     => 1,
        'number("12") + number("x")'    => 12,
        'count(//item[starts-with(name, "M")])' => 1,
    );
    while ( my ( $expression, $value ) = splice @cases, 0, 2 ) { is( found($expression), $value, $expression ) }
    is( ref $xp->find('1'), 'XML::XPath::Number', 'a number' );
    is( ref $xp->find('"x"'), 'XML::XPath::Literal', 'a string' );
    is( ref $xp->find('1=1'), 'XML::XPath::Boolean', 'a boolean' );
    is( $xp->findvalue('//item[1]/name'), "M\x{fc}ller & Co", 'characters' );
    $xp->set_var( wanted => 'i2' );
    is( found('//item[@id = $wanted]'), 'i2', 'a variable' );
    {
        no warnings 'once';
        *XML::XPath::Function::twice = sub { my ( $self, $node, $value ) = @_; return XML::XPath::Number->new( 2 * $value->to_number ) };
    }
    is( found('twice(//item[2]/@n) + 1'), 5, "a function of the program's own" );
};

subtest 'namespaces' => sub {
    my $other = XML::XPath->new( xml => $document );
    is( $other->findnodes('//q:price')->size, 0, 'an unknown prefix' );
    $other->set_namespace( q => 'urn:price' );
    is( $other->findnodes('//q:price[@q:cur]')->size, 2, 'one that was told' );
    is( $other->findnodes('//p:price')->size, 2, "the document's own one" );
    $other->set_namespace( p => 'urn:elsewhere' );
    is( $other->findnodes('//p:price')->size, 0, 'which may be told to mean something else' );
    $other->clear_namespaces;
    is( $other->findnodes('//p:price')->size, 2, 'until that is forgotten' );
};

subtest 'what is found' => sub {
    my $set = $xp->find('//item/@n');
    is( $set->size, 4, 'size' );
    is( "$set", '12104', 'all texts' );
    is( $set->string_value, '1', 'the first text' );
    is( $set->get_node(2)->getNodeValue, 2, 'get_node' );
    ok( $set && !$xp->find('//nothing'), 'truth' );
    ok( $xp->exists('//item') && !$xp->exists('//nothing'), 'exists' );
    my ($item) = $xp->findnodes('//item[2]');
    ok( $xp->matches( $item, '//item[@n=2]' ) && !$xp->matches( $item, '//sub/item' ), 'matches' );
    is( $xp->findnodes_as_string('//item[2]'), qq(<item id="i2" n="2"><name>\x{20ac} &lt;shop></name><p:price p:cur="USD">5.5</p:price><!--cheap--></item>), 'as XML' );
    is( scalar( () = $xp->findnodes('1 + 1') ), 0, 'a number is no node' );
    is( $xp->getNodeText('//item[2]/p:price') * 2, 11, 'a text is a number for Perl' );
};

subtest 'nodes' => sub {
    my ($item) = $xp->findnodes('//item[@id="i2"]');
    is( $item->getParentNode->getName, 'shop', 'parent' );
    is( join( ' ', map { $_->getNodeType } $item->getChildNodes ), '1 1 8', 'types of children' );
    is( $item->getFirstChild->getNextSibling->getName, 'p:price', 'siblings' );
    is( join( '', map { $_->toString } $item->getAttributes ), ' id="i2" n="2"', 'attributes' );
    is( $item->getRootNode->getElementById('i4')->getAttribute('n'), 4, 'by id' );
    my $price = $item->getLastChild->getPreviousSibling;
    is( join( ' ', $price->getName, $price->getLocalName, $price->getPrefix, $price->getNamespace->getExpanded ), 'p:price price p urn:price', 'names' );
    is( $price->get_pos, 1, 'place' );
};

subtest 'changes' => sub {
    my $shop = XML::XPath->new( xml => '<shop><item n="1">old</item></shop>' );
    ok( $shop->setNodeText( '/shop/item', 'a < b' ), 'text' );
    ok( $shop->setNodeText( '/shop/item/@n', '"2"' ), 'an attribute' );
    ok( $shop->setNodeText( '/shop/item/@new', 'x' ), 'a new attribute' );
    ok( !$shop->setNodeText( '/shop/none', 'x' ), 'nothing there' );
    is( $shop->getNodeAsXML, '<shop><item n="&quot;2&quot;" new="x">a &lt; b</item></shop>', 'all of it' );
    is( $shop->createNode('/shop/list/entry[3]/@id')->getName, 'id', 'createNode' );
    is( $shop->getNodeAsXML('/shop/list'), '<list><entry /><entry /><entry id="" /></list>', '... makes what is missing' );
    my ($list) = $shop->findnodes('//list');
    my @entries = $list->getChildNodes;
    $list->removeChild( $entries[0] );
    $list->insertBefore( XML::XPath::Node::Comment->new('first'), $entries[1] );
    $list->insertAfter( XML::XPath::Node::Text->new('<'), $entries[1] );
    $list->appendChild( XML::XPath::Node::Element->new('p:last') );
    is( $list->toString, '<list><!--first--><entry />&lt;<entry id="" /><p:last /></list>', 'nodes put in and taken out' );
    is( join( ' ', map { $_->getName } $shop->findnodes('//list/*') ), 'entry entry p:last', '... and found' );
    ok( !eval { $list->removeChild( $entries[0] ); 1 } && $@ =~ /no child of this element at \Q$0\E line/, 'a node that is not there' );
};

subtest 'what is wrong' => sub {
    for my $wrong ( '//item[', '1 +', 'a b', 'foo(', '//', 'nowhere::a', '/shop/item[1', '#', '"open' ) {
        ok( !eval { $xp->find($wrong); 1 }, "no expression: $wrong" );
        like( $@, qr/\AXPath expression \Q$wrong\E: .* at \Q$0\E line \d+\.$/, '... said of this line' );
    }
    for my $wrong ( 'nosuch(1)', 'count(1)', 'contains("a")', '$unknown', '1 | 2', 'matches("a", "(")', 'matches("a", "(?{ die })")', 'can("x")', '_call()' ) {
        ok( !eval { $xp->find($wrong); 1 }, "no value: $wrong" );
        like( $@, qr/\AXPath.* at \Q$0\E line \d+\.$/, '... said of this line' );
    }
    ok( !eval { $xp->find( '(' x 100_000 . '1' ); 1 } && $@ =~ /too many parentheses/, 'parentheses without end' );
    ok( !eval { XML::XPath->new( xml => '<a>' )->find('/a'); 1 }, 'XML that is none' );
    like( $@, qr/\A\nno element found at line 1, column 3, byte 3:\n<a>\n==\^\n at \Q$0\E line \d+/, '... the same' );
    ok( !eval { XML::XPath->new("$folder/missing"); 1 } && $@ =~ /\ACannot open file '.*missing' at \Q$0\E line/, 'a file that is not there' );
};

subtest 'documents' => sub {
    open my $out, '>', "$folder/a.xml" or die $!;
    print $out qq(<?xml version="1.0" encoding="ISO-8859-1"?><a>\xfc<!DOCTYPE>) =~ s/<!DOCTYPE>/<\/a>/r;
    close $out or die $!;
    is( XML::XPath->new("$folder/a.xml")->findvalue('/a'), "\x{fc}", 'a file, Latin-1' );
    open my $in, '<', "$folder/a.xml" or die $!;
    is( XML::XPath->new( ioref => $in )->findvalue('/a'), "\x{fc}", 'a handle' );
    is( XML::XPath->new('<a>1</a>')->findvalue('/a'), 1, 'XML alone' );
    my $own = XML::Parser->new( Handlers => { ExternEnt => sub { return 'given' } } );
    my $entity = qq(<!DOCTYPE a [<!ENTITY e SYSTEM "$folder/a.xml">]><a>[&e;]</a>);
    is( XML::XPath->new( xml => $entity )->findvalue('/a'), '[]', 'external entities are left out' );
    is( XML::XPath->new( xml => $entity, parser => $own )->findvalue('/a'), '[given]', "... unless the program's parser has them" );

    my $big = XML::XPath->new( xml => '<l>' . join( '', map {"<i n='$_'/>"} 1 .. 3000 ) . '</l>' );
    is( $big->findvalue('sum(//i[@n > 10]/@n)'), 4501500 - 55, 'thousands of elements' );
    my ($root) = $big->findnodes('/');
    weaken($root);
    undef $big;
    is( $root, undef, 'a tree goes with its XML::XPath' );
};

# A tree of another module: objects with the methods of XML::XPath's nodes, and attributes that are made when they are asked for.
{
    package Other::Node;
    my $count = 0;
    sub new {
        my ( $class, $name, $text, $attributes, @children ) = @_;
        my $self = bless { name => $name, text => $text, attributes => $attributes, children => \@children, order => $count++ }, $class;
        Scalar::Util::weaken( $_->{parent} = $self ) for @children;
        return $self;
    }
    sub getName         { return $_[0]{name} }
    sub getLocalName    { return $_[0]{name} }
    sub isElementNode   { return !$_[0]{owner} && defined $_[0]{name} }
    sub isTextNode      { return defined $_[0]{text} && !$_[0]{owner} }
    sub isAttributeNode { return defined $_[0]{owner} }
    sub getParentNode   { return $_[0]{parent} }
    sub getChildNodes   { return wantarray ? @{ $_[0]{children} } : $_[0]{children} }
    sub getRootNode     { my ($self) = @_; while ( $self->{parent} ) { $self = $self->{parent} } return $self }
    sub string_value { my ($self) = @_; return defined $self->{text} ? $self->{text} : join '', map { $_->string_value } @{ $self->{children} } }
    sub to_number    { return XML::XPath::Number->new( $_[0]->string_value ) }
    sub node_cmp     { my ( $one, $other ) = @_; return ( $one->{owner} || $one )->{order} <=> ( $other->{owner} || $other )->{order} || ( $one->{name} || '' ) cmp( $other->{name} || '' ) }
    sub getAttributes {
        my ($self) = @_;
        return map { bless { name => $_, text => $self->{attributes}{$_}, owner => $self, children => [] }, ref $self } sort keys %{ $self->{attributes} };
    }
    sub _sibling {
        my ( $self, $by ) = @_;
        my $all = $self->{parent} ? $self->{parent}{children} : [];
        my ($at) = grep { $all->[$_] == $self } 0 .. $#$all;
        return defined $at && $at + $by >= 0 ? $all->[ $at + $by ] : undef;
    }
    sub getNextSibling     { return $_[0]->_sibling(1) }
    sub getPreviousSibling { return $_[0]->_sibling(-1) }
}

subtest 'nodes of other modules' => sub {
    my $made = sub { return Other::Node->new(@_) };
    my @items = map { $made->( item => undef, { id => $_, 'xml:lang' => $_ % 2 ? 'de' : 'en' }, $made->( name => undef, {}, $made->( undef, "n$_" ) ) ) } 1 .. 4;
    my $root = $made->( undef, undef, {}, $made->( list => undef, {}, @items ) );
    my $path = XML::XPath->new;
    my $found = sub { my ($asked) = @_; return join ' ', map { $_->string_value } $path->findnodes( $asked, $root ) };
    is( $found->('//item/name'), 'n1 n2 n3 n4', 'elements, in their order' );
    is( $found->('/list/item[2]/@id'), '2', 'an attribute' );
    is( $found->('//item[@id > 2]'), 'n3 n4', 'a predicate' );
    is( $found->('//item[last()]/preceding-sibling::item[1]'), 'n3', 'siblings' );
    is( $found->('//name[. = "n2"]/following::text()'), 'n3 n4', 'what follows' );
    is( $found->('//name[. = "n3"]/preceding::name'), 'n1 n2', 'what precedes' );
    is( $found->('//@id | //@id'), '1 2 3 4', 'each attribute once' );
    is( $found->('//name[lang("de")]'), 'n1 n3', 'languages' );
    is( $path->findvalue( 'count(//name/ancestor::item) + sum(//@id)', $root ), 14, 'functions' );
};

subtest 'the daemon is not there' => sub {
    my $late = XML::XPath->new( xml => '<!DOCTYPE a><a/>' );
    $daemon->stop;
    ok( !eval { $late->find('/a'); 1 }, 'a new document' );
    like( $@, qr/\AXML::Parser cannot parse through CPANBridge: .* at \Q$0\E line \d+/s, '... fails as XML::Parser does' );
    is( $xp->findvalue('count(//item)'), 4, 'but a tree needs no daemon' );
};

is( "@warned", '', 'no warnings' );

done_testing;
