"""XML: events, trees and paths, beside the originals."""

from __future__ import annotations

from compat_measure import Measure, Side

__all__ = ["MEASURES", "MODULES", "PACKAGES"]

MODULES = ["xml"]
PACKAGES = ["libxml-parser-perl", "libxml-simple-perl", "libxml-xpath-perl"]

OURS = ("-MCPANBridge::Compat=prefer,XML::Parser,XML::Simple,XML::XPath",)

# 9 events an item: three starts, three ends, three pieces of text.
LIST = r"""
my @items = map {"<item id='$_'><name>Name $_</name><price>$_</price></item>\n"} 1 .. 2000;
my $xml = join '', '<list>', @items, '</list>';
"""
EVENTS = """
my $count;
my $parser = XML::Parser->new( Handlers => { map { ( $_ => sub { $count++ } ) } qw(Start End Char) } );
rate( sub { $parser->parse($xml) }, 18_000 );
"""
SMALL = """
my $parser = XML::Parser->new( Style => 'Tree' );
rate( sub { $parser->parse('<a><b>c</b></a>') } );
"""
SMALL_FILE = r"""
$XML::Simple::PREFERRED_PARSER = 'XML::Parser';
my $servers = join '', map {"  <server name='s$_'>\n    <address>10.0.0.$_</address>\n  </server>\n"} 1 .. 5;
open my $out, '>', 'small.xml' or die $!;
print $out "<config logdir='/var/log/x'>\n$servers</config>\n";
close $out or die $!;
rate( sub { XMLin('small.xml') } );
"""
SIMPLE = """
$XML::Simple::PREFERRED_PARSER = 'XML::Parser';
rate( sub { XMLin( $xml, KeyAttr => [], ForceArray => ['item'] ) }, 2000 );
"""
FIND = """
my $xp = XML::XPath->new( xml => $xml );
rate( sub { $xp->findvalue('sum(//item[price > 1000]/price)') }, 2000 );
"""


def _row(what: str, unit: str, module: str, code: str) -> Measure:
    code = f"use {module};\n{code}"
    return Measure(what, unit, Side("ours", code, OURS), Side("original", code, needs=module))


MEASURES = [
    _row("XML::Parser, three handlers", "events", "XML::Parser", LIST + EVENTS),
    _row("XML::Parser, a small document", "parses", "XML::Parser", SMALL),
    _row("XML::Simple, XMLin of a small file", "files", "XML::Simple", SMALL_FILE),
    _row("XML::Simple, XMLin", "items", "XML::Simple", LIST + SIMPLE),
    _row("XML::XPath, a path and a sum", "items", "XML::XPath", LIST + FIND),
]
