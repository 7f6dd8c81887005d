use strict;
use warnings;

# The replacement of XML::Parser against a real daemon, on a perl with core modules only, whatever this machine has.
use lib 't/lib', 'lib';
use CoreOnly;
use BridgeDaemon;
use CPANBridge::Compat;
use Encode ();
use File::Temp qw(tempdir);
use IO::File;
use POSIX ();
use Test::More;
use Time::HiRes ();

my $daemon = BridgeDaemon->new( options => [ '--modules=xml', '--max-requests-per-minute=1000000' ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
my $folder = tempdir( CLEANUP => 1 );
my @warned;
$SIG{__WARN__} = sub { push @warned, @_ };

use XML::Parser;
ok( CPANBridge::Compat->is_shim('XML::Parser'), 'XML::Parser is ours' );

sub put {
    my ( $name, $bytes ) = @_;
    open my $out, '>', "$folder/$name" or die $!;
    binmode $out;
    print $out $bytes;
    close $out or die $!;
    return "$folder/$name";
}

# A parser that writes its events into a list.
sub noting {
    my ( $list, @options ) = @_;
    return XML::Parser->new(
        @options,
        Handlers => {
            Start   => sub { my ( $x, $name, @attributes ) = @_; push @$list, "<$name" . join( '', map {" $_"} @attributes ) . '>' },
            End     => sub { my ( $x, $name ) = @_; push @$list, "</$name>" },
            Char    => sub { my ( $x, $text ) = @_; push @$list, $text },
            Comment => sub { my ( $x, $text ) = @_; push @$list, "!$text" },
            Proc    => sub { my ( $x, $target, $text ) = @_; push @$list, "?$target $text" },
            Init    => sub { push @$list, 'init' },
            Final   => sub { push @$list, 'final'; return ( 'what', 'Final', 'gives' ) },
        }
    );
}

sub text_of { my ( $document, @options ) = @_; my $text = ''; XML::Parser->new( @options, Handlers => { Char => sub { $text .= $_[1] } } )->parse($document); return $text }

subtest 'handlers' => sub {
    my @seen;
    my @result = noting( \@seen )->parse('<a x="1" y="&lt;"><?p d?>t<b/><!--c--></a>');
    is( "@seen", 'init <a x 1 y <> ?p d t <b> </b> !c </a> final', 'each in its place' );
    is( "@result", 'what Final gives', 'the result is what the last one gives' );
    @seen = ();
    my $parser = noting( \@seen );
    my @old = $parser->setHandlers( Char => undef, Start => sub { push @seen, 'other' } );
    is( "$old[0] $old[2]", 'Char Start', 'setHandlers gives the handlers from before' );
    $parser->parse('<a>t</a>');
    is( "@seen", 'init other </a> final', 'handlers changed' );
    $parser->setHandlers(@old);
    @seen = ();
    $parser->parse('<a>t</a>') for 1, 2;
    is( "@seen", 'init <a> t </a> final init <a> t </a> final', 'a parser is used again' );
    ok( !eval { $parser->setHandlers( Nonsense => sub { } ); 1 }, 'there is no such handler' );
    like( $@, qr/\AUnknown Parser handler type: Nonsense\n.*at \Q$0\E line \d+/s, '... said of this line' );

    my @default;
    XML::Parser->new( Handlers => { Default => sub { push @default, $_[1] }, Start => sub { } } )->parse("<?xml version='1.0'?>\n<a>t<!-- c --><b/></a>");
    like( join( '', @default ), qr/\A<\?xml version='1.0'\?>\nt<!-- c -->/, 'Default gets the text of what has no handler' );
};

# Everything that handlers can see of a document, and what it ends in.
sub seen_of {
    my ( $document, $declares ) = @_;
    my @seen;
    my $note = sub { my ( $x, @values ) = @_; push @seen, join '|', map( { defined $_ ? $_ : '-' } @values ), $x->current_byte, $x->current_line, $x->current_column, $x->recognized_string, $x->depth };
    my %handlers = map { my $type = $_; $type => sub { push @seen, $type; $note->(@_); push @seen, $_[0]->specified_attr if $type eq 'Start'; return } }
      qw(Start End Char Comment Proc CdataStart CdataEnd Default), $declares ? 'XMLDecl' : ();
    push @seen, eval { XML::Parser->new( Handlers => \%handlers )->parse($document); 1 } ? 'good' : $@ =~ s/ at \Q$0\E line.*//sr;
    return join "\n", @seen;
}

subtest 'short documents' => sub {
    my @documents = (
        '<a><b>c</b></a>',
        "<?xml version='1.0'?>\n<a x='1' y=\"a&amp;b\tc&#10;\">t\nu&lt;v<b/>\n\n<!-- c <d> \n-->\n<?p d <\n?><?q?><![CDATA[x<y\nz]]></a >\n<!--e-->\n \n",
        qq(<?xml version="1.0" encoding="UTF-8" standalone="yes"?><r><i id="1"/>\n  <i  id='2' \n k = "v" />M\xc3\xbcller &#xfc; &#8364; &quot;</r>),
        '<a>&apos;x]]y]</a>',
        "<a>]]&gt;<b/>>></a>\n",
        "<a><![CDATA[]]><![CDATA[\n\n]]></a>",
        "<a:b c:d='1' xmlns:c='x'><_x.-1/></a:b>\t\n ",
        '<!--x--><?y z?><a/><?y  z ?>',
    );
    is( scalar( grep { CPANBridge::Compat::XML::Short::events($_) } @documents ), scalar @documents, 'plain ones need no daemon' );

    # The same with faults: whatever is read here must be what expat would have read, and all else must be left to it.
    my @bits = (
        qw(< > & / " ' = ? ! x 1 : . - ; ] ]]> -- <!-- --> <b> </b> <b/> &amp; &x; a="1" <?xml?> <![CDATA[),
        '&#65;', '&#0;', '&#xd;', '&#xd800;', ' ', "\n", "\t", "\r\n", "\0", '#', "\xc3\xa9", "\xc3", "\xed\xa0\x80", "\xef\xbf\xbe", "\xf0\x9f\x90\xab", '<!DOCTYPE a>', ( 'y="2" ' x 2 )
    );
    my $state = 1;
    my $any = sub { $state = ( $state * 1_103_515_245 + 12_345 ) % 2_147_483_648; return int( $_[0] * $state / 2_147_483_648 ) };
    my ( $here, @differ ) = (0);
    for my $round ( 0 .. 799 ) {
        my $document = $documents[ $round % @documents ];
        for ( 1 .. ( $round < @documents ? 0 : 1 + $any->(2) ) ) {
            my $at = $any->( length $document );
            substr $document, $at, $any->(2) ? 0 : $any->(3), $any->(3) ? $bits[ $any->( scalar @bits ) ] : '';
        }
        next if !CPANBridge::Compat::XML::Short::events($document);
        $here++;
        my $seen = seen_of( $document, $round % 3 );
        local $CPANBridge::Compat::XML::Short::LONGEST = 0;
        my $told = seen_of( $document, $round % 3 );
        push @differ, "$document\n$seen\n$told" if $seen ne $told;
    }
    is( "@differ", '', "what is read here of $here documents is what expat reads" );
    cmp_ok( $here, '>', 100, '... and these are many' );
};

subtest 'places' => sub {
    my @at;
    XML::Parser->new(
        Handlers => {
            Start => sub { my ( $x, $name ) = @_; push @at, join ':', $name, $x->current_line, $x->current_column, $x->current_byte, $x->depth, join '/', $x->context },
            End => sub { my ($x) = @_; push @at, $x->recognized_string },
        }
    )->parse("<a>\n  <b c='\xc3\xa9'>\n<d></d></b></a>");
    is( "@at", 'a:1:0:0:0: b:2:2:6:1:a d:3:0:17:2:a/b </d> </b> </a>', 'line, column, byte, depth, context and text' );
};

subtest 'declarations and their text' => sub {
    my $document = qq(<!DOCTYPE d [\n<!ELEMENT d (#PCDATA)>\n<!ATTLIST d a CDATA #IMPLIED b CDATA #FIXED "x">\n<!ENTITY e "M\xc3\xbcller">\n<!NOTATION n SYSTEM "s">]>\n<d/>);
    my @seen;
    my $note = sub { my ( $type, $x, @values ) = @_; push @seen, join( '|', $type, map { defined $_ ? $_ : '-' } @values ) . "[" . $x->recognized_string . ']' };
    my %handlers = map { my $type = $_; $type => sub { $note->( $type, @_ ) } } qw(Doctype Element Attlist Entity Notation Default);
    XML::Parser->new( Handlers => {%handlers} )->parse($document);
    is_deeply(
        [ grep { !/\A(?:Default\|[ \n])/ } @seen ],
        [
            'Doctype|d|-|-|1[[]', 'Element|d|(#PCDATA)[]', 'Attlist|d|a|CDATA|#IMPLIED[]', "Attlist|d|b|CDATA|'x'|1[]",
            "Entity|e|M\x{fc}ller|-|-|-[]", 'Notation|n|-|s[]', 'Default|>[>]'
        ],
        'declarations have none, what goes to the default handler has its own'
    ) or diag explain \@seen;
    @seen = ();
    XML::Parser->new( Handlers => { Doctype => sub { $_[0]->setHandlers( DoctypeFin => sub { push @seen, 'end' } ) } } )->parse($document);
    is( "@seen", 'end', 'a handler for the end that is set at the beginning' );
};

subtest 'styles' => sub {
    is_deeply( XML::Parser->new( Style => 'Tree' )->parse('<a x="1">b<c/>d</a>'), [ 'a', [ { x => 1 }, 0, 'b', 'c', [ {} ], 0, 'd' ] ], 'Tree' );
    my $objects = XML::Parser->new( Style => 'Objects', Pkg => 'My' )->parse('<a x="1">b<c/></a>');
    is( ref $objects->[0], 'My::a', 'Objects' );
    is( "$objects->[0]{x} $objects->[0]{Kids}[0]{Text} " . ref $objects->[0]{Kids}[1], '1 b My::c', '... with what is in them' );
    my @called;
    {
        no warnings 'once';
        *Mine::a  = sub { my ( $x, $name, %at ) = @_; push @called, "$name $at{x}" };
        *Mine::a_ = sub { push @called, "end $_[1]" };
    }
    XML::Parser->new( Style => 'Subs', Pkg => 'Mine' )->parse('<a x="1"><system/></a>');
    is( "@called", 'a 1 end a', 'Subs calls those that are there' );
    my $out = '';
    {
        no warnings 'once';
        *Flow::StartTag = sub { $out .= "[$_[1] $_{x}]" };
        *Flow::EndTag   = sub { $out .= $_ };
        *Flow::Text     = sub { $out .= uc };
        *Flow::EndDocument = sub { return 'ended' };
    }
    is( XML::Parser->new( Style => 'Stream', Pkg => 'Flow' )->parse('<a x="1">one&amp;two</a>'), 'ended', 'Stream' );
    is( $out, '[a 1]ONE&TWO</a>', '... has its text whole' );
    my @where;
    {
        no warnings qw(once redefine);
        *Flow::Text = sub { push @where, $_[0]->current_element . '=' . $_ };
        *Flow::EndTag = sub { push @where, 'in ' . ( $_[0]->current_element || 'nothing' ) };
    }
    XML::Parser->new( Style => 'Stream', Pkg => 'Flow' )->parse('<a x="1">one<b x="2">two</b>three</a>');
    is( "@where", 'a=one b=two in a a=three in nothing', '... and knows whose it is' );
    open my $copied, '>', \my $copy or die $!;
    my $before = select $copied;
    XML::Parser->new( Style => 'Stream', Pkg => 'Nothing' )->parse('<a><b c="1">t</b><?p d?></a>');
    select $before;
    is( $copy, '<a><b c="1">t</b><?p d?></a>', '... and copies what nobody takes' );
    ok( !eval { XML::Parser->new( Style => 'Missing' ); 1 } && $@ =~ /\AUndefined style: Missing/, 'a style that is not there' );
};

subtest 'encodings' => sub {
    my $latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a>' . "M\xfcller" . '</a>';
    is( text_of($latin), "M\x{fc}ller", 'Latin-1' );
    is( text_of("<a>M\xc3\xbcller \xe2\x82\xac</a>"), "M\x{fc}ller \x{20ac}", 'UTF-8' );
    is( text_of("<a>M\x{fc}ller \x{20ac}</a>"), "M\x{fc}ller \x{20ac}", 'a string of characters' );
    is( text_of( qq(<?xml version="1.0" encoding="windows-1252"?><a>\x80 \x93x\x94</a>) ), "\x{20ac} \x{201c}x\x{201d}", 'windows-1252' );
    is( text_of( Encode::encode( 'UTF-16', qq(<?xml version="1.0" encoding="UTF-16"?><a>\x{20ac}\x{1f600}</a>) ) ), "\x{20ac}\x{1f600}", 'UTF-16 with its mark' );
    is( text_of( Encode::encode( 'UTF-16LE', "\x{feff}<a>\x{20ac}</a>" ) ), "\x{20ac}", 'UTF-16 the other way round' );
    is( text_of( Encode::encode( 'shiftjis', qq(<?xml version="1.0" encoding="Shift_JIS"?><a>\x{65e5}\x{672c}</a>) ) ), "\x{65e5}\x{672c}", 'bytes of many kinds: Shift_JIS' );
    is( text_of( "<a>\xe9</a>", ProtocolEncoding => 'ISO-8859-1' ), "\x{e9}", 'ProtocolEncoding' );
    my $tree = XML::Parser->new( Style => 'Tree' )->parsefile( put( 'latin.xml', $latin ) );
    is( $tree->[1][2], "M\x{fc}ller", 'a file in Latin-1' );
    ok( !eval { text_of("<a>M\xfcller</a>"); 1 }, 'bytes that are no UTF-8' );
    like( $@, qr/not well-formed \(invalid token\) at line 1, column 4, byte 4 at \Q$0\E line \d+/, '... named with their place' );
    ok( !eval { text_of('<?xml version="1.0" encoding="klingon"?><a/>'); 1 } && $@ =~ /unknown encoding at line 1/, 'an encoding that nobody knows' );
};

subtest 'errors' => sub {
    for (
        [ '<a><b></a>', 'mismatched tag at line 1, column 8, byte 8' ],
        [ "<a>\n&nbsp;</a>", 'undefined entity at line 2, column 0, byte 4' ],
        [ '',  'no element found at line 1, column 0, byte 0' ],
        [ '<a/>more', 'junk after document element at line 1, column 4, byte 4' ],
        [ '<a x="1" x="2"/>', 'duplicate attribute at line 1, column 9, byte 9' ],
      )
    {
        my ( $document, $text ) = @$_;
        ok( !eval { XML::Parser->new->parse($document); 1 }, "wrong: $document" );
        like( $@, qr/\A\n\Q$text\E at \Q$0\E line \d+\.?\n\z/, '... in the words of the original' );
    }
    eval { XML::Parser->new( ErrorContext => 1 )->parse("<a>\n<b>\n</a>\n") };
    like( $@, qr/column 2, byte 10:\n<b>\n<\/a>\n=\^\n/, 'ErrorContext shows the place' );
    eval { XML::Parser->new->parsefile("$folder/missing.xml") };
    like( $@, qr/\ACouldn't open \Q$folder\E\/missing\.xml:\n.* at \Q$0\E line \d+/, 'a file that is not there' );
};

subtest 'handlers that die' => sub {
    my $parser = XML::Parser->new( Handlers => { Start => sub { die "enough\n" if $_[1] eq 'c' } } );
    ok( !eval { $parser->parse('<a><b/><c/><d/></a>'); 1 }, 'a handler dies' );
    is( $@, "enough\n", '... and its words come out unchanged' );
    my $object = bless {}, 'My::Error';
    $parser->setHandlers( Start => sub { die $object } );
    eval { $parser->parse('<a/>') };
    is( $@, $object, 'an object, too' );
    $parser->setHandlers( Start => sub { $_[0]->xpcroak('not this') } );
    eval { $parser->parse("<a/>") };
    like( $@, qr/\Anot this at line 1 at \Q$0\E line/, 'xpcroak names the place' );
    $parser->setHandlers( Start => undef );
    ok( $parser->parse('<a/>'), 'the parser goes on afterwards' );

    my @seen;
    XML::Parser->new( Handlers => { Start => sub { my ( $x, $name ) = @_; push @seen, $name; $x->finish if $name eq 'b' }, End => sub { push @seen, 'end' } } )->parse('<a><b/><c/></a>');
    is( "@seen", 'a b', 'finish stops the handlers' );
    eval { XML::Parser->new( Handlers => { Start => sub { $_[0]->finish } } )->parse('<a><b></a>') };
    like( $@, qr/mismatched tag/, '... but what is wrong later is still found' );

    local $SIG{ALRM} = sub { die "alarm\n" };
    my $count = 0;
    my $slow = XML::Parser->new( Handlers => { Start => sub { $count++; select undef, undef, undef, 0.05 while 1 } } );
    ok( !eval { Time::HiRes::ualarm(200_000); $slow->parse('<a/>'); 1 } && $@ eq "alarm\n", 'an alarm ends a parse' );
    is( text_of('<a>fine</a>'), 'fine', '... and the next one is none the worse' );
};

subtest 'parsers in parsers' => sub {
    my @seen;
    my $inner = XML::Parser->new( Handlers => { Char => sub { push @seen, "inner $_[1]" } } );
    my $outer;
    $outer = XML::Parser->new( Handlers => { Char => sub { my ( $x, $text ) = @_; push @seen, "outer $text"; $inner->parse("<x>$text</x>") if $text =~ /\d/; $outer->parse('<y>z</y>') if $text eq '2' } } );
    $outer->parse('<a><b>1</b><b>2</b><b>c</b></a>');
    is( join( ',', @seen ), 'outer 1,inner 1,outer 2,inner 2,outer z,outer c', 'each has its own place' );

    my @several = map { my @list; [ noting( \@list )->parse_start, \@list ] } 1 .. 5;
    for my $piece ( '<a', ' x="1">', 'text', '<b/>', '</a>' ) { $_->[0]->parse_more($piece) for @several }
    $_->[0]->parse_done for @several;
    is_deeply( [ map { join '', @{ $_->[1] } } @several ], [ ('init<a x 1>text<b></b></a>final') x 5 ], 'five at once' );
};

subtest 'pieces' => sub {
    my $document = '<?xml version="1.0" encoding="UTF-8"?>' . "<a \xc3\xa9='\xe2\x82\xac'>t\xc3\xbc<![CDATA[<x>]]>&amp;</a>";
    my @whole;
    noting( \@whole )->parse($document);
    for my $size ( 1, 2, 3, 7 ) {
        my @seen;
        my $feed = noting( \@seen )->parse_start;
        $feed->parse_more( substr $document, $_ * $size, $size ) for 0 .. length($document) / $size;
        my @result = $feed->parse_done;
        is( join( '', @seen ), join( '', @whole ), "in pieces of $size bytes" );
        is( "@result", 'what Final gives', '... with its result' ) if $size == 1;
    }
    my $feed = XML::Parser->new->parse_start;
    ok( !eval { $feed->parse_more('<a></b>'); 1 } && $@ =~ /mismatched tag at line 1, column 5/, 'an error comes with its piece' );
    $feed = XML::Parser->new->parse_start;
    $feed->parse_more('<a>');
    ok( !eval { $feed->parse_done; 1 } && $@ =~ /no element found/, 'an end that comes too early' );

    # 2 MB with characters across every border of a piece; read from a handle.
    my $row  = '<row id="%d"><name>' . "M\xc3\xbcller \xe2\x82\xac " . 'x' x 500 . '</name></row>' . "\n";
    my $rows = 4_000;
    open my $out, '>:raw', "$folder/big.xml" or die $!;
    print $out "<rows>\n";
    printf $out $row, $_ for 1 .. $rows;
    print $out '</rows>';
    close $out or die $!;
    my ( $count, $length, $line ) = ( 0, 0 );
    my $parser = XML::Parser->new(
        Handlers => {
            Start => sub { my ( $x, $name, %at ) = @_; $count++ if $name eq 'row' && $at{id} == $count + 1; $line = $x->current_line },
            Char => sub { $length += length $_[1] if $_[0]->in_element('name') },
        }
    );
    open my $in, '<', "$folder/big.xml" or die $!;
    $parser->parse($in);
    is( $count, $rows, 'a document of megabytes has all its elements' );
    is( $length, $rows * 509, '... all its text' );
    is( $line, $rows + 1, '... and its lines counted' );
    is( text_of( IO::File->new("$folder/latin.xml") ), "M\x{fc}ller", 'an IO::File' );
    open my $memory, '<', \'<a>from memory</a>' or die $!;
    is( text_of($memory), 'from memory', 'a handle without a descriptor' );
    open my $stream, '<', \"<a>1</a>\n==\n<a>2</a>\n==\nrest" or die $!;
    is( join( ' ', map { text_of( $stream, Stream_Delimiter => '==' ) } 1, 2 ), '1 2', 'documents one after another' );
    is( scalar(<$stream>), 'rest', '... and what follows is left' );
};

subtest 'pieces that are parsed while handlers run' => sub {
    my $item     = qq{<item id="\xc3\xa9">text &amp; more</item>\n};
    my $document = "<list>\n" . $item x 3000 . '</list>';
    my $path     = put( 'long.xml', $document );
    my ( %seen, @wrong );
    my %handlers = (
        Start => sub {
            my ( $expat, $name, %attributes ) = @_;
            return if $name ne 'item';
            $seen{start}++;
            push @wrong, $expat->current_line if $expat->current_line != 1 + $seen{start} || $attributes{id} ne "\xe9";
            my $byte = 7 + length($item) * ( $seen{start} - 1 );
            push @wrong, $expat->current_byte if $expat->current_byte != $byte;
            push @wrong, $expat->original_string if $seen{start} % 100 == 0 && $expat->original_string ne qq{<item id="\xc3\xa9">};
        },
        Char => sub { my ( $expat, $text ) = @_; $seen{text} .= $text },
        End  => sub { my ( $expat, $name ) = @_; $seen{end}++ },
    );
    for my $way ( [ 'a string' => sub { $_[0]->parse($document) } ], [ 'a file' => sub { $_[0]->parsefile($path) } ], [ 'characters' => sub { $_[0]->parse( Encode::decode( 'UTF-8', $document ) ) } ] ) {
        %seen = ( start => 0, end => 0, text => '' );
        @wrong = ();
        $way->[1]->( XML::Parser->new( Handlers => \%handlers ) );
        is( "$seen{start} $seen{end} @wrong", '3000 3001 ', "$way->[0]: every event, at its place" );
        is( $seen{text}, "\n" . "text & more\n" x 3000, '... with its text' );
    }
    my $count = 0;
    my $inner = XML::Parser->new( Handlers => { Start => sub { $count += 10_000 } } );
    my $outer = XML::Parser->new( Handlers => { Start => sub { my ($expat) = @_; $count++; $inner->parse($document) if $count == 100 } } );
    $outer->parse($document);
    is( $count, 3001 + 3001 * 10_000, 'a parser in a handler' );
    $count = 0;
    ok( !eval { XML::Parser->new( Handlers => { Start => sub { die "enough\n" if ++$count == 200 } } )->parse($document); 1 }, 'a handler that dies' );
    is( "$@$count", "enough\n200", '... ends it there' );
    is( text_of('<a>next</a>'), 'next', '... and the next parse gets its own answer' );
    $count = 0;
    XML::Parser->new( Handlers => { Start => sub { $_[0]->finish if ++$count == 150 } } )->parse($document);
    is( $count, 150, 'finish() is the end of events' );
    ( my $broken = $document ) =~ s{</item>\n<(?=item[^<]*</item>\n</list>)}{</item>\n<<};
    $count = 0;
    ok( !eval { XML::Parser->new( Handlers => { Start => sub { $count++ } } )->parse($broken); 1 }, 'an error at the end' );
    like( $@, qr/not well-formed \(invalid token\) at line 3001, column 1,/, '... is told' );
    is( $count, 3000, '... when all before it has been' );
};

subtest 'external entities' => sub {
    put( 'secret.txt', 'secret' );
    my $document = qq(<!DOCTYPE a [<!ENTITY e SYSTEM "$folder/secret.txt">]><a>[&e;]</a>);
    put( 'near.xml', '<!DOCTYPE a [<!ENTITY e SYSTEM "secret.txt">]><a>[&e;]</a>' );
    my $near = '';
    XML::Parser->new( Handlers => { Char => sub { $near .= $_[1] } } )->parsefile("$folder/near.xml");
    is( $near, '[secret]', 'the default handler reads files beside the document' );
    for my $far ( "$folder/secret.txt", "file://$folder/secret.txt", '../secret.txt', 'a/../../secret.txt', 'http://192.0.2.1/' ) {
        my $all = qq(<!DOCTYPE a [<!ENTITY e SYSTEM "$far">]><a>[&e;]</a>);
        ok( !eval { text_of($all); 1 } && $@ =~ /\Q($far)\E is neither beside the document nor below/, "... and not $far" );
    }
    my $asked = '';
    XML::Parser->new( Handlers => { Char => sub { $asked .= $_[1] }, ExternEnt => \&XML::Parser::file_ext_ent_handler, ExternEntFin => \&XML::Parser::file_ext_ent_cleanup } )->parse($document);
    is( $asked, '[secret]', '... unless it is asked for' );
    my $text = '';
    my %mine = ( Char => sub { $text .= $_[1] }, ExternEnt => sub { my ( $x, $base, $system, $public ) = @_; return "not $system" } );
    XML::Parser->new( Handlers => { %mine } )->parse($document);
    is( $text, "[not $folder/secret.txt]", 'a handler decides' );
    $text = '';
    XML::Parser->new( Handlers => { %mine, ExternEnt => undef } )->parse($document);
    is( $text, '[]', 'without one nothing is read' );
    for my $command ( "| touch $folder/made", "touch $folder/made |", "> $folder/made" ) {
        ok( !eval { text_of(qq(<!DOCTYPE a [<!ENTITY e SYSTEM "$command">]><a>&e;</a>)); 1 }, "refused: $command" );
    }
    ok( !-e "$folder/made", 'no command was run' );
    $text = '';
    XML::Parser->new( Handlers => { Char => $mine{Char} } )->parse(qq(<!DOCTYPE a SYSTEM "$folder/none.dtd" [<!ENTITY % p SYSTEM "$folder/none.ent"> %p;]><a>fine</a>));
    is( $text, 'fine', 'the external subset is left alone unless ParseParamEnt says otherwise' );
    put( 'a.dtd', '<!ENTITY w "world"><!ATTLIST a greeting CDATA "hello">' );
    my @seen;
    noting( \@seen, ParseParamEnt => 1 )->parse(qq(<!DOCTYPE a SYSTEM "$folder/a.dtd"><a>&w;</a>));
    is( "@seen", 'init <a greeting hello> world </a> final', '... and then it counts' );
};

subtest 'entities that a handler leaves out' => sub {
    put( 'secret.txt', 'secret' );
    my $document = qq(<!DOCTYPE a [<!ENTITY e SYSTEM "$folder/secret.txt">]><a>[&e;]</a>);
    for my $nothing ( '', 4 ) {
        my $text = '';
        XML::Parser->new( Handlers => { Char => sub { $text .= $_[1] }, ExternEnt => sub { return $nothing } } )->parse($document);
        is( $text, '[]', length $nothing ? 'a number is no text' : 'an empty string' );
    }
};

subtest 'bombs' => sub {
    my $bomb = '<!DOCTYPE a [<!ENTITY a0 "' . 'x' x 1000 . '">' . join( '', map { sprintf '<!ENTITY a%d "%s">', $_, sprintf( '&a%d;', $_ - 1 ) x 10 } 1 .. 8 ) . ']><a>&a8;</a>';
    my $length = 0;
    ok( !eval { XML::Parser->new( Handlers => { Char => sub { $length += length $_[1] } } )->parse($bomb); 1 }, 'entities that multiply are refused' );
    like( $@, qr/limit on input amplification factor|CPANBridge: .*entities that multiply/, '... with the reason' );
    cmp_ok( $length, '<', 50_000_000, '... before they grow' );
    ok( !eval { XML::Parser->new->parse( '<a>' x 20_000 ); 1 } && $@ =~ /nested more than 10000 deep/, 'elements without end' );
    is( text_of('<!DOCTYPE a><a>still there</a>'), 'still there', 'the daemon lives' );
};

subtest 'namespaces' => sub {
    my @names;
    my $expat = XML::Parser::Expat->new( Namespaces => 1 );
    $expat->setHandlers( Start => sub { my ( $x, $name, %at ) = @_; push @names, $name . '=' . ( $x->namespace($name) || '' ) . ':' . join ',', map { $_ . '=' . ( $x->namespace($_) || '' ) } keys %at } );
    $expat->parse('<a xmlns="urn:one" xmlns:p="urn:two"><p:b p:c="1"/><d xmlns=""/></a>');
    is( "@names", 'a=urn:one: b=urn:two:c= d=:', 'names and what they belong to' ) or diag "@names";
    $expat->release;
};

subtest 'parsers are let go' => sub {
    my $dies = XML::Parser->new( Handlers => { Start => sub { die } } );
    for ( 1 .. 550 ) {
        XML::Parser->new->parse_start->parse_more('<a>');
        eval { $dies->parse('<!DOCTYPE a><a>') };
    }
    is( text_of('<!DOCTYPE a><a>room</a>'), 'room', 'more than a thousand: half of them left alone, half of them whose handlers died' );
    my $feed = XML::Parser->new->parse_start;
    $feed->parse_more('<a>b');
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ( !$pid ) { undef $feed; eval { text_of('<!DOCTYPE a><a>child</a>') eq 'child' or die; 1 } or POSIX::_exit(1); POSIX::_exit(0) }
    waitpid $pid, 0;
    is( $?, 0, 'a child process parses for itself' );
    ok( eval { $feed->parse_more('</a>'); $feed->parse_done; 1 }, "... and does not end the parent's parsers" ) or diag $@;
    $feed = XML::Parser->new->parse_start;
    $feed->parse_more('<a>b');
    $pid = fork;
    die "fork: $!" if !defined $pid;
    if ( !$pid ) {
        my $done = eval { $feed->parse_more('<c>'); 1 };
        POSIX::_exit( !$done && $@ =~ /connection on which this parser began has ended at/ ? 0 : 1 );
    }
    waitpid $pid, 0;
    is( $?, 0, '... nor can it go on with them' );
};

subtest 'the status of a program is its own' => sub {
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ( !$pid ) { Test::More->builder->no_ending(1); our $kept = XML::Parser->new->parse_start; $kept->parse_more('<a>'); exit 3 }
    waitpid $pid, 0;
    is( $? >> 8, 3, 'exit 3 with a parser under way' );
};

subtest 'the daemon is not there' => sub {
    my $feed = XML::Parser->new->parse_start;
    $feed->parse_more('<a>');
    $daemon->stop;
    ok( !eval { $feed->parse_more('<b>'); 1 }, 'in the middle' );
    like( $@, qr/\AXML::Parser cannot parse through CPANBridge: .* at \Q$0\E line \d+/s, '... the error names who it was, and this line' );
    ok( !eval { XML::Parser->new->parse('<!DOCTYPE a><a/>'); 1 }, 'at the start' );
    like( $@, qr/\AXML::Parser cannot parse through CPANBridge: .* at \Q$0\E line \d+/s, '... the same' );
    is( text_of('<a>short</a>'), 'short', 'a short document needs none' );
    is( text_of( IO::File->new( put( 'short.xml', "<?xml version='1.0'?>\n<a>from a file</a>\n" ) ) ), 'from a file', '... nor does a short file' );
    ok( !eval { text_of('<a>'); 1 } && $@ =~ /CPANBridge/, '... unless something is wrong with it' );
    $daemon->start;
    is( text_of('<!DOCTYPE a><a>again</a>'), 'again', 'and when it is back, so is XML::Parser' );
    my $other = XML::Parser->new->parse_start;
    $other->parse_more('<x>');
    ok( !eval { $feed->parse_more('<c>'); 1 } && $@ =~ /connection on which this parser began has ended/, '... but not for a parser from before' );
    ok( $other->parse_more('</x>') && $other->parse_done, '... which does not disturb those from afterwards' );
};

subtest 'a daemon without the module' => sub {
    my $other = BridgeDaemon->new;
    my $code = 'eval { require XML::Parser; XML::Parser->new->parse("<!DOCTYPE a><a/>"); 1 } or print $@';
    local $ENV{CPAN_BRIDGE_SOCKET} = $other->socket;
    my $said = `$^X -It/lib -MCoreOnly -Ilib -MCPANBridge::Compat -e '$code' 2>&1`;
    like( $said, qr/\AXML::Parser cannot parse through CPANBridge: .*\bxml\b.* at -e line 1/s, 'says which module must be enabled' );
    $other->stop;
};

is( "@warned", '', 'no warnings' );

done_testing;
