package CPANBridge::Compat::LibXML::Include;

# XInclude: libxml2 would read the files itself, in the daemon, so it is done here.
use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Input ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use Encode ();
use XML::LibXML::Error ();

our $VERSION = '0.1.0';

my %OURS = map { $_ => 1 } 'http://www.w3.org/2001/XInclude', 'http://www.w3.org/2003/XInclude';

my $MAX_DEPTH = 40;

# Replaces all include elements of a document; returns how many there were.
sub process {
    my ( $parser, $document ) = @_;
    my $reader = $parser->_with( {} );
    $reader->{files} = 1;
    $reader->{options}{expand_xinclude} = 0;
    my $uri = $document->URI;
    my $base = defined $uri && $uri !~ /\Aunknown-/ ? $uri : undef;
    return _within( $reader, $document, $document, $base, [ defined $base ? $base : () ] );
}

sub _within {
    my ( $reader, $document, $top, $base, $above ) = @_;
    my @found = grep { $_->localname eq 'include' && $OURS{ $_->namespaceURI || '' } }
      ( $top->nodeType == ELEMENT ? $top : () ), ( $top->can('getElementsByTagNameNS') ? $top->getElementsByTagNameNS( '*', 'include' ) : () );
    my $count = 0;
    for my $include (@found) {
        next if !$include->ownerDocument || !is_in( $include->[0], $top->[0] );
        my @nodes = _included( $reader, $document, $include, $base, $above );
        my $parent = $include->parentNode;
        if ( $parent->nodeType == DOCUMENT ) {
            my ($root) = grep { $_->nodeType == ELEMENT } @nodes;
            _failed( 1611, 'the document would have no root element' ) if !$root;
            $document->setDocumentElement($root);
        }
        else {
            $parent->insertBefore( $_, $include ) for @nodes;
            $parent->removeChild($include);
        }
        $count++;
    }
    return $count;
}

sub _failed {
    my ( $code, $text ) = @_;
    die XML::LibXML::Error->_made( domain => 11, code => $code, level => 2, line => 0, message => "$text\n" );
}

# What stands in the place of an include element.
sub _included {
    my ( $reader, $document, $include, $base, $above ) = @_;
    my $href = $include->getAttribute('href');
    my $kind = $include->getAttribute('parse');
    $kind = 'xml' if !defined $kind;
    _failed( 1601, "invalid value $kind for 'parse'" ) if $kind ne 'xml' && $kind ne 'text';
    my $pointer = $include->getAttribute('xpointer');
    $href = '' if !defined $href;
    _failed( 1604, "no href or xpointer attribute in include" ) if !length $href && !defined $pointer;
    my $url = length $href ? CPANBridge::Compat::LibXML::Input::resolved( $href, _base( $include, $base ) ) : $base;
    my $bytes = length $href ? $reader->_input->resource( $url, undef ) : undef;

    if ( length $href && !defined $bytes ) {
        my ($fallback) = grep { $_->nodeType == ELEMENT && $_->localname eq 'fallback' } $include->childNodes;
        _failed( 1604, "could not load $url, and no fallback was found" ) if !$fallback;
        _within( $reader, $document, $fallback, $base, $above );
        return $fallback->childNodes;
    }
    if ( $kind eq 'text' ) {
        my $encoding = $include->getAttribute('encoding');
        my $codec = Encode::find_encoding( defined $encoding ? $encoding : 'UTF-8' ) or _failed( 1606, "encoding $encoding not supported" );
        return $document->createTextNode( $codec->decode($bytes) );
    }
    _failed( 1600, "detected a recursion in $url" ) if !defined $pointer && defined $url && grep { $_ eq $url } @$above;
    _failed( 1600, 'documents include each other too deeply' ) if @$above > $MAX_DEPTH;
    my $other = length $href ? $reader->_document( $bytes, uri => $url, file => $url ) : $document;
    _within( $reader, $other, $other, $url, [ @$above, defined $url ? $url : () ] ) if length $href;
    my @nodes = defined $pointer ? _pointed( $other, $pointer ) : grep { $_->nodeType != DTD } $other->childNodes;
    @nodes = map { $document->importNode($_) } @nodes;
    if ( $href =~ m{/} && !$reader->get_option('no_base_fix') ) {
        for my $node ( grep { $_->nodeType == ELEMENT } @nodes ) {
            my $own = $node->getAttributeNS( XML_NS, 'base' );
            $node->setAttributeNS( XML_NS, 'xml:base', defined $own ? CPANBridge::Compat::LibXML::Input::resolved( $own, $href ) : $href );
        }
    }
    return @nodes;
}

sub _base {
    my ( $include, $base ) = @_;
    my $its = $include->baseURI;
    return defined $its && $its !~ /\Aunknown-/ ? $its : $base;
}

# xpointer(expression), element(/1/2), element(id), a bare name.
sub _pointed {
    my ( $document, $pointer ) = @_;
    if ( $pointer =~ /\Axpointer\((.*)\)\z/s ) { return grep { $_->nodeType != ATTRIBUTE } $document->findnodes($1) }
    if ( $pointer =~ m{\Aelement\(([^/)]*)((?:/\d+)*)\)\z} || $pointer =~ /\A([^()\/]+)()\z/ ) {
        my ( $id, $path ) = ( $1, $2 );
        my $node = length $id ? $document->getElementById($id) : $document;
        for my $number ( grep {length} split m{/}, $path ) {
            last if !$node;
            my @kids = grep { $_->nodeType == ELEMENT } $node->childNodes;
            $node = $kids[ $number - 1 ];
        }
        return $node ? $node : ();
    }
    return _failed( 1605, "XPointer '$pointer' is not supported" );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Include - XInclude

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 FUNCTIONS

=head2 process

    my $count = process( $parser, $document );

Replaces the C<include> elements of a document. Files are read with the program's rights.

=cut
