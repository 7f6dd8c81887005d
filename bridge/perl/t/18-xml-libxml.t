use strict;
use warnings;

# The replacement of XML::LibXML against a real daemon, on a perl with core modules only, whatever this machine has.
use lib 't/lib', 'lib';
use CoreOnly;
use BridgeDaemon;
use CPANBridge::Compat;
use Encode ();
use File::Temp qw(tempdir);
use Scalar::Util qw(weaken);
use Test::More;

my $daemon = BridgeDaemon->new( options => [ '--modules=libxml', '--max-requests-per-minute=1000000' ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
my $folder = tempdir( CLEANUP => 1 );
my @warned;
$SIG{__WARN__} = sub { push @warned, @_ };

use XML::LibXML;
ok( CPANBridge::Compat->is_shim('XML::LibXML'), 'XML::LibXML is ours' );

sub put {
    my ( $name, $bytes ) = @_;
    open my $out, '>:raw', "$folder/$name" or die $!;
    print $out $bytes;
    close $out or die $!;
    return "$folder/$name";
}

sub parsed { my ( $text, @options ) = @_; return XML::LibXML->load_xml( string => $text, @options ) }
sub root { return parsed(@_)->documentElement }
sub died { my ($code) = @_; return eval { $code->(); 1 } ? 'nothing' : $@ }

subtest 'a tree and its text' => sub {
    my $text = qq{<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a [\n<!ELEMENT a ANY>\n]>\n<!--c-->\n<a xmlns:p="u" b="&quot;&#10;&lt;"><p:b xmlns="v"/>}
      . qq{<![CDATA[<&]]>t&amp;\xc3\xa9<?pi data?></a>\n};
    my $document = parsed($text);
    is( $document->toString, $text, 'comes back as it was' );
    is( $document->documentElement->textContent, "<&t&\xe9", 'the text is characters' );
    my @kids = $document->documentElement->childNodes;
    is( join( ' ', map { ref } @kids ), join( ' ', map {"XML::LibXML::$_"} qw(Element CDATASection Text PI) ), 'kinds of nodes' );
    is( $kids[0]->namespaceURI, 'u', 'prefixes are resolved' );
    is( parsed('<a><b/></a>')->toString(1), qq{<?xml version="1.0"?>\n<a>\n  <b/>\n</a>\n}, 'indented' );
};

subtest 'what nobody has looked into says the same' => sub {
    my $inside = qq{<p:b c="1" d=" c=&quot;2" p:e="f" g="&e;"><!--<x>--><![CDATA[<y>]]>t&amp;&#13;\xc3\xa9<z>&e;</z><empty/><?pi <d?></p:b>\n};
    my $text = qq{<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a [\n<!ENTITY e "ent">\n]>\n<a xmlns:p="u"><list>} . $inside x 40 . '</list>'
      . qq{<few xmlns="v" q="&gt;">$inside</few></a>\n};
    my @fresh = map { parsed( $text, expand_entities => 0 ) } 1 .. 2;
    my $seen = $fresh[1];
    my @todo = $seen;
    while ( my $node = pop @todo ) { push @todo, $node->childNodes, $node->attributes if $node->can('childNodes') }
    my %say = (
        toString     => sub { $_[0]->toString },
        indented     => sub { $_[0]->toString(1) },
        'a node'     => sub { $_[0]->documentElement->toString },
        textContent  => sub { $_[0]->documentElement->textContent },
        'end tags'   => sub { local $XML::LibXML::setTagCompression = 1; $_[0]->toString },
        C14N         => sub { $_[0]->toStringC14N(1) },
        'a clone'    => sub { $_[0]->documentElement->cloneNode(1)->toString },
        'in another' => sub {
            my $other = XML::LibXML::Document->new;
            $other->setDocumentElement( $other->createElement('o') );
            $other->documentElement->appendChild( $other->importNode( $_->cloneNode(1) ) ) for $_[0]->findnodes('/a/*[2] | /a/list');
            return $other->toString;
        },
        'attributes' => sub { join '|', map { my $node = $_; map { $node->getAttribute($_) // 'none' } qw(c d e p:e g x) } $_[0]->getElementsByTagName('p:b') },
        'by value'   => sub { my ($document) = @_; join ' ', map { $document->findvalue("count($_)") } '//*[@c="1"]', '//*[@d=\' c="2\']', '//*[@c="2"]', '//*[@g="ent"]', '//z', '//@c', '//few', '//text()' },
        'a default namespace' => sub { join '|', map { $_->namespaceURI // 'none' } $_[0]->findnodes('//*[local-name()="z"]') },
        'order'      => sub { join ' ', map { $_->nodeName } $_[0]->findnodes('(/a/list/*/@c)[2] | //z[.="ent"][2] | /a/*[2] | (//comment())[3]') },
        'a prefix changed' => sub {
            my $copy = $_[0]->cloneNode(1);
            my $root = $copy->documentElement;
            $root->setNamespaceDeclPrefix( p => 'other' );
            $root->appendTextChild( 'p:more', 'x' );
            return $copy->toString;
        },
        'a part taken out' => sub {
            my ($part) = $_[0]->cloneNode(1)->findnodes('//p:b');
            $part->unbindNode;
            return $part->toString . $part->ownerDocument->toString;
        },
    );
    for my $what ( sort keys %say ) {
        is( $say{$what}->( parsed( $text, expand_entities => 0 ) ), $say{$what}->($seen), $what );
    }
    is( $fresh[0]->toString, $text, 'nothing is lost' );
    is( root('<a><b>x</b></a>')->firstChild->firstChild->parentNode->parentNode->nodeName, 'a', 'parents of what was text' );
    my $root = root('<a b="1"><c>x</c></a>');
    $root->setAttribute( d => 2 );
    $root->appendTextChild( e => 'y' );
    is( $root->toString, '<a b="1" d="2"><c>x</c><e>y</e></a>', 'what is added comes after it' );
};

subtest 'encodings' => sub {
    my $latin = qq{<?xml version="1.0" encoding="iso-8859-1"?>\n<\xe9>\xe9&#8364;</\xe9>\n};
    my $document = parsed($latin);
    is( $document->documentElement->nodeName, "\xe9", 'Latin-1 becomes characters' );
    is( $document->toString, $latin, 'and bytes again' );
    is( $document->documentElement->toString, "<\xe9>\xe9\x{20ac}</\xe9>", 'nodes give characters' );
    is( parsed("<a>\xc3\xa9</a>")->toString, qq{<?xml version="1.0"?>\n<a>&#xE9;</a>\n}, 'without a declaration: ASCII' );
    my $wide = "<a>\x{263a}</a>";
    is( root($wide)->textContent, "\x{263a}", 'a string of characters' );
    my $utf16 = "\xff\xfe" . Encode::encode( 'UTF-16LE', qq{<?xml version="1.0" encoding="UTF-16"?><a>\x{263a}</a>} );
    is( root($utf16)->textContent, "\x{263a}", 'UTF-16' );
    $document->setEncoding('UTF-8');
    like( $document->toString, qr/encoding="UTF-8".*\xc3\xa9\xe2\x82\xac/s, 'another one' );
    $document = XML::LibXML::Document->new( '1.0', 'us-ascii' );
    $document->setDocumentElement( $document->createElement('a') );
    $document->documentElement->appendText("\x{1F600}");
    like( $document->toString, qr/&#128512;/, 'what an encoding lacks becomes a reference' );
};

subtest 'errors' => sub {
    my $error = died( sub { XML::LibXML->new->parse_string( "<a>\n<b></a>", 'x.xml' ) } );
    isa_ok( $error, 'XML::LibXML::Error' );
    is( join( '|', $error->domain, $error->code, $error->line, $error->column, $error->file ), 'parser|76|2|7|x.xml', 'what and where' );
    is( "$error", "x.xml:2: parser error : Opening and ending tag mismatch: b line 2 and a\n<b></a>\n       ^\n", 'as text' );
    like( died( sub { XML::LibXML->new->parse_string('') } ), qr/Empty String at \Q$0\E/, 'nothing to parse' );
    like( died( sub { XML::LibXML->load_xml( location => "$folder/none.xml" ) } ), qr/none\.xml.*No such file/, 'no such file' );
    like( died( sub { parsed("<a>\xe9</a>") } ), qr/Input is not proper UTF-8/, 'bytes that are no text' );
    @warned = ();
    is( parsed( '<a><b></a>', recover => 1 )->documentElement->toString, '<a><b/></a>', 'recover' );
    is( scalar @warned, 1, 'warns' );
    is( parsed( '<a><b></a>', recover => 2 )->documentElement->toString, '<a><b/></a>', 'recover silently' );
    is( scalar @warned, 1, 'does not' );
    @warned = ();
};

subtest 'XPath' => sub {
    my $document = parsed('<r xmlns:p="u"><a n="1"><b>x</b><b>y</b></a><a n="2"><b>z</b></a><p:c/>tail</r>');
    my %expected = (
        'count(//b)'                              => 3,
        '//b[2]'                                  => 'y',
        '(//b)[3]'                                => 'z',
        '//a[@n > 1]/b'                           => 'z',
        '//b[. = "y"]/preceding-sibling::b'       => 'x',
        'string(//a[last()]/@n)'                  => 2,
        'name(//p:*)'                             => 'p:c',
        'sum(//@n) * 2 - 1'                       => 5,
        'concat(substring-after("a-b", "-"), 1)'  => 'b1',
        'not(//d) and 1 < 2'                      => 'true',
        'normalize-space("  a  b ")'              => 'a b',
        'translate("abc", "ab", "A")'             => 'Ac',
        '//b[3] | //a[2]/b | //a[1]/b[1]'         => 'xz',
        'count(//b/ancestor::*)'                  => 3,
        'count(//b[1]/following::node())'         => 7,
        '//a/b[position() = last()]'              => 'yz',
        '7 mod 3 div 2'                           => 0.5,
        'string(1 div 0)'                         => 'Infinity',
    );
    is( $document->findvalue($_), $expected{$_}, $_ ) for sort keys %expected;
    is( join( ' ', map { $_->nodeName } $document->findnodes('//b[1]/ancestor-or-self::*') ), 'r a b a b', 'in the order of the document' );
    isa_ok( $document->find('1 + 1'),   'XML::LibXML::Number' );
    isa_ok( $document->find('"a"'),     'XML::LibXML::Literal' );
    isa_ok( $document->find('1 = 1'),   'XML::LibXML::Boolean' );
    isa_ok( $document->find('//b'),     'XML::LibXML::NodeList' );
    like( died( sub { $document->findnodes('//a[') } ), qr/XPath error : Invalid expression/, 'a mistake' );
    like( died( sub { $document->findnodes('//q:a') } ), qr/Undefined namespace prefix/, 'an unknown prefix' );

    my $context = XML::LibXML::XPathContext->new($document);
    $context->registerNs( q => 'u' );
    is( $context->findvalue('count(//q:c)'), 1, 'a prefix of the program' );
    $context->registerFunction( join => sub { my ( $list, $between ) = @_; return join "$between", map { $_->textContent } $list->get_nodelist } );
    is( $context->findvalue('join(//b, "+")'), 'x+y+z', 'a function of the program' );
    $context->registerVarLookupFunc( sub { my ( $data, $name ) = @_; return $data->{$name} }, { n => 2, list => $document->find('//a') } );
    is( $context->findvalue('$list[@n = $n]/b'), 'z', 'variables' );
    like( died( sub { $context->registerFunction( bad => sub { die "in it\n" } ); $context->find('bad()') } ), qr/\Ain it$/m, 'what it dies with' );
};

subtest 'changes' => sub {
    my $document = parsed('<a xmlns:p="u"><p:b c="1"/></a>');
    my $root = $document->documentElement;
    my ($b) = $root->childNodes;
    is( $root->removeChild($b)->toString, '<p:b xmlns:p="u" c="1"/>', 'what is cut off takes its declarations along' );
    $root->appendChild($b);
    is( $root->toString, '<a xmlns:p="u"><p:b c="1"/></a>', 'and leaves them out again' );
    $b->setAttribute( d => '<">' );
    is( $b->getAttribute('d'), '<">', 'an attribute' );
    is( $b->{c}, 1, 'as in a hash' );
    $b->{c} = 2;
    is( $b->getAttribute('c'), 2, 'which can be written' );
    $root->insertBefore( $document->createComment('x'), $b );
    is( $b->previousSibling->nodeName, '#comment', 'siblings' );
    my $copy = $root->cloneNode(1);
    $copy->appendTextChild( e => 'text' );
    is( $root->findvalue('count(e)') + $copy->findvalue('count(e)'), 1, 'a copy is on its own' );
    like( died( sub { $b->appendChild($root) } ), qr/HIERARCHY_REQUEST_ERR/, 'no circles' );
    my $other = XML::LibXML::Document->new;
    $other->setDocumentElement($b);
    ok( $b->ownerDocument->isSameNode($other), 'a node moves into another document' );
    my @wide = map { $root->addNewChild( undef, 'w' ) } 1 .. 1000;
    $_->unbindNode for @wide[ 0 .. 499 ];
    my $count = 0;
    for ( my $node = $root->firstChild ; $node ; $node = $node->nextSibling ) { $count++ }
    is( $count, 501, 'places are known after many changes' );
};

subtest 'lives' => sub {
    my $node = do { parsed('<a><b><c/></b></a>')->findnodes('//c')->[0] };
    is( $node->ownerDocument->toString, qq{<?xml version="1.0"?>\n<a><b><c/></b></a>\n}, 'a node keeps its document' );
    my $middle = $node->parentNode;
    $middle->unbindNode;
    undef $middle;
    is( $node->parentNode->nodeName, 'b', 'and what was cut off around it' );
    my $document = parsed('<a><b/></a>');
    my $inner = $document->[0];
    weaken($inner);
    my $first = $document->documentElement->firstChild;
    undef $document;
    ok( defined $inner, 'as long as it is there' );
    undef $first;
    ok( !defined $inner, 'and no longer' );
};

subtest 'nothing from outside unless it is asked for' => sub {
    my $secret = put( 'secret.txt', 'secret' );
    put( 'a.dtd', '<!ELEMENT a ANY><!ATTLIST a b CDATA "default"><!ENTITY d "declared">' );
    my $entity = qq{<!DOCTYPE a [<!ENTITY e SYSTEM "$secret">]><a>&e;</a>};
    is( root($entity)->toString, '<a>&e;</a>', 'an external entity stays a reference' );
    is( root( $entity, expand_entities => 1 )->toString, '<a>secret</a>', 'unless asked for' );
    my $file = put( 'a.xml', '<!DOCTYPE a SYSTEM "a.dtd"><a/>' );
    is( XML::LibXML->load_xml( location => $file )->documentElement->toString, '<a/>', 'no DTD' );
    is( XML::LibXML->load_xml( location => $file, complete_attributes => 1 )->documentElement->toString, '<a b="default"/>', 'unless asked for' );
    my @asked;
    my $parser = XML::LibXML->new( ext_ent_handler => sub { push @asked, @_; return 'handled' } );
    is( $parser->parse_string($entity)->documentElement->toString, '<a>handled</a>', 'a handler of the program' );
    is( "@asked", "$secret ", 'which is told what is asked for' );
    my $laughs = join '', '<!ENTITY e0 "0123456789">', map { my $inner = $_ - 1; "<!ENTITY e$_ \"" . "&e$inner;" x 10 . '">' } 1 .. 8;
    like( died( sub { parsed("<!DOCTYPE a [$laughs]><a>&e8;</a>") } ), qr/entit/i, 'a billion laughs are refused' );
};

subtest 'validation' => sub {
    my $dtd = XML::LibXML::Dtd->parse_string('<!ELEMENT a (b)><!ELEMENT b EMPTY>');
    ok( parsed('<a><b/></a>')->is_valid($dtd), 'by a DTD' );
    like( died( sub { parsed('<a/>')->validate($dtd) } ), qr/validity error : Element a content does not follow the DTD/, 'what is wrong' );
    my $schema = XML::LibXML::Schema->new( string => '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:int"/></xs:schema>' );
    is( $schema->validate( parsed('<a>1</a>') ), 0, 'by XML Schema' );
    my $error = died( sub { $schema->validate( parsed('<a>x</a>') ) } );
    is( $error->domain, 'Schemas validity', 'what is wrong' );
    put( 'inner.rng', '<grammar xmlns="http://relaxng.org/ns/structure/1.0"><define name="x"><element name="a"><empty/></element></define></grammar>' );
    my $outer = put( 'outer.rng', '<grammar xmlns="http://relaxng.org/ns/structure/1.0"><include href="inner.rng"/><start><ref name="x"/></start></grammar>' );
    my $relaxng = XML::LibXML::RelaxNG->new( location => $outer );
    is( $relaxng->validate( parsed('<a/>') ), 0, 'by RELAX NG that includes' );
    like( died( sub { $relaxng->validate( parsed('<b/>') ) } ), qr/Relax-NG validity/, 'what is wrong' );
};

subtest 'strings are what they are to the original' => sub {
    my $characters = "\xe9";
    utf8::upgrade($characters);
    for my $encoding ( undef, 'UTF-8', 'iso-8859-1' ) {
        my $document = XML::LibXML::Document->new( '1.0', $encoding );
        my $bytes = Encode::encode( defined $encoding ? $encoding : 'UTF-8', "\xe9" );
        my $name = defined $encoding ? $encoding : 'no encoding';
        my $root = $document->createElement("n$bytes");
        is( $root->nodeName, "n\xe9", "$name: bytes in a name" );
        $root->appendText($bytes);
        $root->setAttribute( a => $characters );
        is( $root->textContent, "\xe9", 'bytes in a text' );
        is( $root->getAttribute('a'), "\xe9", 'characters in an attribute' );
        is( $root->getAttribute( 'a', 1 ), $bytes, 'and bytes again' );
    }
    is( XML::LibXML::Text->new("\xff")->data, "\xff", 'bytes that do not fit stay' );
};

subtest 'SAX and Reader' => sub {
    require XML::LibXML::SAX;
    require XML::LibXML::SAX::Builder;
    my $text = '<a xmlns:p="u" b="1"><p:c><![CDATA[x]]></p:c><!--d-->e<?f g?></a>';
    my $built = XML::LibXML::SAX->new( Handler => XML::LibXML::SAX::Builder->new )->parse_string($text);
    is( $built->documentElement->toString, $text, 'events make the same document' );
    {
        package Places;
        sub new { my ($class) = @_; return bless { seen => [] }, $class }
        sub set_document_locator { my ( $self, $locator ) = @_; $self->{locator} = $locator; return }
        sub _at { my ( $self, $what ) = @_; push @{ $self->{seen} }, "$what:$self->{locator}{LineNumber}"; return }
        sub start_element { my ( $self, $element ) = @_; return $self->_at( $element->{Name} ) }
        sub end_element   { my ( $self, $element ) = @_; return $self->_at("/$element->{Name}") }
        sub characters    { my ( $self, $text )    = @_; return $self->_at('text') }
        sub end_document  { my ($self) = @_; return $self->{seen} }
    }
    my $lines = XML::LibXML::SAX->new( Handler => Places->new )->parse_string("<?xml version='1.0'?>\n<a>\n\n<b\n c='1'/>t\n<!-- -\n--><d/></a>");
    is( "@$lines", 'a:2 text:4 b:5 /b:5 text:6 d:7 /d:7 /a:7', 'where an event is' );
    require XML::LibXML::Reader;
    my $reader = XML::LibXML::Reader->new( string => '<a><b c="1">t</b><d/></a>' );
    my @seen;
    while ( $reader->read ) { push @seen, join ':', $reader->depth, $reader->nodeType, $reader->name }
    is( "@seen", '0:1:a 1:1:b 2:3:#text 1:15:b 1:1:d 0:15:a', 'node by node' );
    $reader = XML::LibXML::Reader->new( string => '<a><b c="1">t</b><d/></a>' );
    ok( $reader->nextElement('b'), 'an element by its name' );
    is( $reader->getAttribute('c') . $reader->readOuterXml, '1<b c="1">t</b>', 'its attribute and text' );
    ok( !$reader->nextElement('x'), 'none of that name' );
    like( died( sub { XML::LibXML::Reader->new( string => '<a>' )->read } ), qr/Premature end/, 'a broken document' );
};

subtest 'XInclude, HTML, pieces, canonical' => sub {
    my $inner = put( 'inner.xml', '<i>x</i>' );
    my $outer = put( 'outer.xml', qq{<o xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="inner.xml"/><xi:include href="inner.xml" parse="text"/></o>} );
    is( XML::LibXML->load_xml( location => $outer, expand_xinclude => 1 )->findvalue('/o'), 'x<i>x</i>', 'XInclude' );
    my $html = XML::LibXML->load_html( string => '<title>t</title><p>a<br>b<script>if (a<b) {}</script>' );
    is( $html->findvalue('//p/text()[2]'), 'b', 'HTML' );
    like( $html->toStringHTML, qr{<p>a<br>b<script>if \(a<b\) \{\}</script></p>}, 'and written again' );
    my $parser = XML::LibXML->new;
    $parser->push( '<a', '>b<', '/a>' );
    is( $parser->finish_push->documentElement->textContent, 'b', 'in pieces' );
    is( $parser->parse_balanced_chunk('a<b/>c')->childNodes->size, 3, 'a part of a document' );
    like( died( sub { $parser->parse_balanced_chunk('a<b>c') } ), qr/chunk is not well balanced/, 'one that is none' );
    is( parsed(qq{<a z="1" b='2' xmlns:q="u" xmlns="v"><q:c/><!--d--></a>})->toStringC14N, '<a xmlns="v" xmlns:q="u" b="2" z="1"><q:c></q:c></a>', 'canonical' );
    is( root('<a xmlns:q="u" xmlns:r="w"><q:c/></a>')->firstChild->toStringEC14N, '<q:c xmlns:q="u"></q:c>', 'exclusive' );
};

subtest 'callbacks that open nothing' => sub {
    my $secret = put( 'secret.txt', 'secret' );
    my $document = qq{<!DOCTYPE a [<!ENTITY e SYSTEM "file://$secret">]><a>[&e;]</a>};
    my $parser = XML::LibXML->new( expand_entities => 1, load_ext_dtd => 0 );
    is( $parser->parse_string($document)->findvalue('/a'), '[secret]', 'a program that asks for entities gets them' );
    my $callbacks = XML::LibXML::InputCallback->new;
    $callbacks->register_callbacks( [ sub { return $_[0] =~ /\Afile:/ }, sub { return }, undef, undef ] );
    $parser->input_callbacks($callbacks);
    is( $parser->parse_string($document)->findvalue('/a'), '[]', '... unless a callback takes their addresses and opens nothing' );
};

subtest 'short documents' => sub {
    my @documents = (
        '<a><b>c</b></a>',
        "<?xml version='1.0'?>\n<a x='1' y=\"a&amp;b\tc&#10;\">t\nu&lt;v<b/>\n\n<!-- c <d> \n--><e></e>\n<?p d <\n?><?q r?><![CDATA[x<y\nz]]></a >\n<!--e-->\n \n",
        qq(<?xml version="1.0" encoding="UTF-8" standalone="yes"?><r><i id="1"/>\n  <i  id='2&#xe9;' \n k = "v&gt;&quot;" />M\xc3\xbcller &#xfc; &#8364; &quot;</r>),
        "<a>]]&gt;<b/>>></a>\n",
        "<a:b c:d='1' xmlns:c='http://x/' xmlns:a='urn:y'><c:_x.-1/></a:b>\t\n ",
        '<!--x--><?xml-stylesheet z?><a/><?y  z ?>',
        "<a b='1' xmlns='http://a.b/c' xml:lang='en'><b xmlns='urn:z' xmlns:p='urn:z' p:a='1' a='2'/><x xml:space='preserve' xmlns:p='http://a.b/c'/></a>",
    );
    is( scalar( grep { CPANBridge::Compat::LibXML::Short::parse( $_, {} ) } @documents ), scalar @documents, 'plain ones need no daemon' );

    # The same with faults: what is read here must be what libxml2 would have read, without a word of complaint.
    my @bits = (
        qw(< > & / " ' = ? ! x 1 : . - ; ] ]]> -- <!-- --> <b> </b> <c:x/> &amp; &x; a="1" d:a="3" p: xml xmlns: urn: http:// <?xml?> <![CDATA[),
        ' ', "\n", "\t", "\r\n", "\0", '#', '&#65;', '&#xd;', '&#xd800;', "\xc3\xa9", "\xc3", "\xed\xa0\x80", '<!DOCTYPE a>', ' xmlns:d="urn:d"', ' xml:id="x"', ' xmlns="a b"'
    );
    my $state = 1;
    my $any = sub { $state = ( $state * 1_103_515_245 + 12_345 ) % 2_147_483_648; return int( $_[0] * $state / 2_147_483_648 ) };
    my ( $here, @differ ) = (0);
    for my $round ( 0 .. 1499 ) {
        my $document = $documents[ $round % @documents ];
        for ( 1 .. ( $round < @documents ? 0 : 1 + $any->(2) ) ) {
            my $at = $any->( length $document );
            substr $document, $at, $any->(2) ? 0 : $any->(3), $any->(3) ? $bits[ $any->( scalar @bits ) ] : '';
        }
        my $read = CPANBridge::Compat::LibXML::Short::parse( $document, {} ) or next;
        $here++;
        my $told = CPANBridge::Compat::LibXML::Daemon::parse( $document, {} );
        push @differ, "$document\n$read->{text}\n" . ( $told->{text} // '' ) . join ' ', map { $_->[5] } @{ $told->{problems} }
          if @{ $told->{problems} } || @{ $told->{ids} } || $read->{text} ne $told->{text} || $read->{version} ne $told->{version};
    }
    is( "@differ", '', "what is read here of $here documents is what libxml2 reads" );
    cmp_ok( $here, '>', 200, '... and these are many' );
    like( died( sub { parsed( '<a>' x 300 . '</a>' x 300 ) } ), qr/Excessive depth/, 'a deep one is not plain' );
    is( parsed( '<a>' x 300 . '</a>' x 300, huge => 1 )->findvalue('count(//a)'), 300, '... but may be huge' );
    is( parsed( "<a> <b/> </a>", no_blanks => 1 )->documentElement->toString, '<a><b/></a>', 'nor is one read with options that change it' );
};

subtest 'a daemon that comes and goes' => sub {
    my $document = parsed('<a><b/></a>');
    $daemon->stop;
    is( $document->findnodes('//b')->size, 1, 'a document needs none' );
    like( died( sub { parsed('<!DOCTYPE a><a/>') } ), qr/CPANBridge|daemon|connect/i, 'a parser does, and says so' );
    is( parsed('<a>short</a>')->toString, qq{<?xml version="1.0"?>\n<a>short</a>\n}, 'but not for a short document' );
    $daemon->start;
    is( root('<!DOCTYPE a><a/>')->nodeName, 'a', 'and goes on with the next one' );
};

is( "@warned", '', 'no warnings' );
done_testing;
