package XML::LibXML::Common;

use 5.014;
use strict;
use warnings;

use Carp ();
use Encode ();
use Exporter ();

our $VERSION = '2.0134';
our @ISA     = ('Exporter');

my @KINDS = qw(
  ELEMENT_NODE ATTRIBUTE_NODE TEXT_NODE CDATA_SECTION_NODE ENTITY_REF_NODE ENTITY_NODE PI_NODE COMMENT_NODE DOCUMENT_NODE
  DOCUMENT_TYPE_NODE DOCUMENT_FRAG_NODE NOTATION_NODE HTML_DOCUMENT_NODE DTD_NODE ELEMENT_DECL ATTRIBUTE_DECL
  ENTITY_DECL NAMESPACE_DECL XINCLUDE_START XINCLUDE_END
);
my %GDOME = (
    ENTITY_REF_NODE => 'ENTITY_REFERENCE_NODE', PI_NODE => 'PROCESSING_INSTRUCTION_NODE', DOCUMENT_FRAG_NODE => 'DOCUMENT_FRAGMENT_NODE',
);
my %W3C = ( %GDOME );

our %EXPORT_TAGS = ( encoding => [qw(encodeToUTF8 decodeFromUTF8)], all => [], libxml => [], gdome => [], w3c => [] );

{
    no strict 'refs';
    for my $i ( 0 .. $#KINDS ) {
        my ( $kind, $number ) = ( $KINDS[$i], $i + 1 );
        for ( [ libxml => "XML_$kind" ], [ gdome => 'GDOME_' . ( $GDOME{$kind} || $kind ) ], [ w3c => $W3C{$kind} || $kind ] ) {
            my ( $tag, $name ) = @$_;
            *$name = sub () {$number};
            push @{ $EXPORT_TAGS{$tag} }, $name;
        }
    }
}
$EXPORT_TAGS{all} = [ map {@$_} @EXPORT_TAGS{qw(libxml encoding)} ];
our @EXPORT_OK = map {@$_} @EXPORT_TAGS{qw(encoding libxml gdome w3c)};
our @EXPORT = map {@$_} @EXPORT_TAGS{qw(encoding w3c)};

sub _codec {
    my ($name) = @_;
    return Encode::find_encoding($name) || Carp::croak("Unknown encoding: $name");
}

sub encodeToUTF8 {
    my ( $encoding, $bytes ) = @_;
    return if !defined $bytes;
    my $codec = _codec($encoding);
    return '' if !length $bytes;
    return $bytes if utf8::is_utf8($bytes);
    return $codec->decode( $bytes, Encode::FB_CROAK() );
}

sub decodeFromUTF8 {
    my ( $encoding, $text ) = @_;
    return if !defined $text;
    my $codec = _codec( $encoding =~ /\Autf-?16\z/i ? 'UTF-16LE' : $encoding );
    return '' if !length $text;
    return $text if $encoding =~ /\Autf-?8\z/i;
    return $codec->encode( $text, Encode::FB_CROAK() );
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Common - constants and encodings (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
