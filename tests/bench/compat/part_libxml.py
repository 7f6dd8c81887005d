"""XML::LibXML: ours and Debian's, on a document of 1000 records (140 KiB)."""

from __future__ import annotations

from compat_measure import Measure, Side

__all__ = ["MEASURES", "MODULES"]

MODULES = ["libxml"]

DOCUMENT = r"""
use XML::LibXML;
my $xml = '<r>' . join( '', map {
    "<item id=\"$_\" class=\"c" . $_ % 7 . "\"><name>Name $_ &amp; co</name><price currency=\"EUR\">" . $_ * 1.5
      . "</price><text>some text of a few words</text></item>\n" } 1 .. 1000 ) . '</r>';
my $parser   = XML::LibXML->new;
my $document = $parser->parse_string($xml);
"""


def _sides(code: str) -> tuple[Side, Side]:
    """Return the same program with our module and with the original."""
    return (
        Side("ours", DOCUMENT + code, options=("-MCPANBridge::Compat=prefer,XML::LibXML",)),
        Side("XML::LibXML", DOCUMENT + code, needs="XML::LibXML"),
    )


MEASURES = [
    Measure("documents parsed", "records", *_sides("rate( sub { $parser->parse_string($xml) }, 1000 );")),
    Measure(
        "a small one parsed and searched",
        "documents",
        *_sides("""
            my $small = '<a><b>c</b><b>d</b></a>';
            rate( sub { my @texts = map { $_->textContent } $parser->parse_string($small)->findnodes('//b') } );"""),
    ),
    Measure(
        "nodes found by XPath",
        "nodes",
        *_sides("rate( sub { my @found = $document->findnodes('//item[@class=\"c3\"]/name') }, 143 );"),
    ),
    Measure(
        "values read in a loop",
        "values",
        *_sides(
            "rate( sub { $_->getAttribute('id') . $_->findvalue('name') for $document->findnodes('/r/item') }, 1000 );"
        ),
    ),
    Measure(
        "nodes visited one by one",
        "nodes",
        *_sides("""
            rate( sub {
                my $count = 0;
                for my $item ( $document->documentElement->childNodes ) {
                    for ( my $node = $item->firstChild ; $node ; $node = $node->nextSibling ) { $count++ }
                }
            }, 3000 );"""),
    ),
    Measure("documents written", "records", *_sides("rate( sub { $document->toString }, 1000 );")),
    Measure(
        "elements made",
        "elements",
        *_sides("""
            rate( sub {
                my $new  = XML::LibXML::Document->new( '1.0', 'UTF-8' );
                my $root = $new->createElement('r');
                $new->setDocumentElement($root);
                for ( 1 .. 500 ) {
                    my $item = $root->addNewChild( undef, 'item' );
                    $item->setAttribute( id => $_ );
                    $item->appendTextChild( name => "Name $_" );
                }
            }, 1000 );"""),
    ),
]
