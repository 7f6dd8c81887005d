package XML::LibXML;

use 5.014;
use strict;
use warnings;
no warnings 'once';

use Carp ();
use CPANBridge::Compat::LibXML::Builder ();
use CPANBridge::Compat::LibXML::Daemon ();
use CPANBridge::Compat::LibXML::Include ();
use CPANBridge::Compat::LibXML::Input ();
use CPANBridge::Compat::LibXML::Options ();
use CPANBridge::Compat::LibXML::Short ();
use CPANBridge::Compat::LibXML::Tree ();
use Exporter ();
use Scalar::Util qw(blessed refaddr reftype);
use XML::LibXML::Attr ();
use XML::LibXML::Boolean ();
use XML::LibXML::CDATASection ();
use XML::LibXML::Comment ();
use XML::LibXML::Common qw(:all);
use XML::LibXML::Document ();
use XML::LibXML::DocumentFragment ();
use XML::LibXML::Dtd ();
use XML::LibXML::Element ();
use XML::LibXML::Error ();
use XML::LibXML::InputCallback ();
use XML::LibXML::Literal ();
use XML::LibXML::NamedNodeMap ();
use XML::LibXML::Namespace ();
use XML::LibXML::Node ();
use XML::LibXML::NodeList ();
use XML::LibXML::Number ();
use XML::LibXML::PI ();
use XML::LibXML::Pattern ();
use XML::LibXML::RegExp ();
use XML::LibXML::RelaxNG ();
use XML::LibXML::Schema ();
use XML::LibXML::Text ();
use XML::LibXML::XPathContext ();
use XML::LibXML::XPathExpression ();

our $VERSION     = '2.0134';
our $ABI_VERSION = 2;
our @ISA         = ( 'CPANBridge::Compat::LibXML::Options', 'Exporter' );

our ( $match_cb, $open_cb, $read_cb, $close_cb );
our ( $skipDTD, $skipXMLDeclaration, $setTagCompression );
our ( $XMLNS_NS, $XML_NS ) = ( 'http://www.w3.org/2000/xmlns/', 'http://www.w3.org/XML/1998/namespace' );

use constant XML_XMLNS_NS => $XMLNS_NS = 'http://www.w3.org/2000/xmlns/';
use constant XML_XML_NS   => $XML_NS   = 'http://www.w3.org/XML/1998/namespace';

my @NODE_TYPES = qw(
  XML_ELEMENT_NODE XML_ATTRIBUTE_NODE XML_TEXT_NODE XML_CDATA_SECTION_NODE XML_ENTITY_REF_NODE XML_ENTITY_NODE XML_PI_NODE
  XML_COMMENT_NODE XML_DOCUMENT_NODE XML_DOCUMENT_TYPE_NODE XML_DOCUMENT_FRAG_NODE XML_NOTATION_NODE
  XML_HTML_DOCUMENT_NODE XML_DTD_NODE XML_ELEMENT_DECL XML_ATTRIBUTE_DECL XML_ENTITY_DECL XML_NAMESPACE_DECL
  XML_XINCLUDE_END XML_XINCLUDE_START
);

our %EXPORT_TAGS = (
    all      => [ @NODE_TYPES, qw(encodeToUTF8 decodeFromUTF8 XML_XMLNS_NS XML_XML_NS) ],
    libxml   => [@NODE_TYPES],
    encoding => [qw(encodeToUTF8 decodeFromUTF8)],
    ns       => [qw(XML_XMLNS_NS XML_XML_NS)],
);
our @EXPORT_OK = @{ $EXPORT_TAGS{all} };
our @EXPORT    = @{ $EXPORT_TAGS{all} };

# Messages name the program's line, not ours.
$Carp::Internal{$_}++ for qw(XML::LibXML XML::LibXML::SAX XML::LibXML::SAX::Parser XML::LibXML::SAX::Builder), map( {"XML::LibXML::$_"}
    qw(Attr AttributeHash Boolean CDATASection Comment Common Document DocumentFragment Dtd Element InputCallback Literal NamedNodeMap
      Namespace Node NodeList Number PI Pattern Reader RegExp RelaxNG Schema Text XPathContext XPathExpression) ),
  map( {"CPANBridge::Compat::LibXML::$_"} qw(Builder Canonical Daemon Declarations Events Include Input Options Schemas Short Tree Writer XPath XPathFunctions) );

# What libxml2 can do that matters here; programs ask before they use it.
use constant {
    LIBXML_VERSION         => 20914,
    LIBXML_DOTTED_VERSION  => '2.9.14',
    LIBXML_RUNTIME_VERSION => 20914,
    HAVE_READER            => 1,
    HAVE_SCHEMAS           => 1,
    HAVE_STRUCT_ERRORS     => 1,
    HAVE_THREAD_SUPPORT    => 0,
    HTML_PARSE_RECOVER     => 1,
    HTML_PARSE_NOERROR     => 32,
};

sub import {
    my ( $class, @words ) = @_;
    @words = grep { $_ ne ':threads_shared' } @words;
    return $class->export_to_level( 1, $class, @words );
}

sub threads_shared_enabled { return 0 }

sub _error { my ($text) = @_; return Carp::croak($text) }

# Names: letters, digits, and one colon at most.
my $START = qr/[_\p{L}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}]/;
my $MORE  = qr/[\w\p{L}\p{M}.\-\x{B7}\x{203F}\x{2040}]/;

# Programs make many elements of few names.
my %good_name;

sub _check_name {
    my ($name) = @_;
    return 0 if !defined $name;
    return 1 if $good_name{$name};
    return 0 if $name !~ /\A$START$MORE*(?::$START$MORE*)?\z/;
    %good_name = () if keys %good_name > 5000;
    return $good_name{$name} = 1;
}

# --- parsing ----------------------------------------------------------------------------------------------------------

# A string as bytes. One that holds characters is UTF-8 whatever it says of itself, like the original's.
sub _octets {
    my ($string) = @_;
    my $text = ref $string && reftype $string eq 'SCALAR' && !blessed $string ? $$string : "$string";
    return ( $text, undef ) if !utf8::is_utf8($text);
    utf8::encode($text);
    return ( $text, 'UTF-8' );
}

sub _all_of {
    my ($handle) = @_;
    Carp::croak(q{Can't use an undefined value as a symbol reference}) if !defined $handle;
    my $bytes = '';
    if ( ( reftype($handle) || '' ) eq 'GLOB' || ref \$handle eq 'GLOB' || blessed $handle && $handle->isa('IO::Handle') ) {
        local $/;
        my $read = readline $handle;
        $bytes = $read if defined $read;
    }
    elsif ( blessed $handle && $handle->can('read') ) {
        while (1) {
            my $piece;
            my $count = $handle->read( $piece, 65_536 );
            last if !$count;
            $bytes .= $piece;
        }
    }
    else { Carp::croak('parse_fh: that is no file handle') }
    return _octets($bytes);
}

sub _instance {
    my ( $self, $method ) = @_;
    Carp::croak("$method is not a class method! Create a parser object with XML::LibXML->new first!") if !ref $self;
    return;
}

# Makes a document of bytes. What is known about them: uri, file (the name in messages), encoding, html.
sub _document {
    my ( $self, $bytes, %about ) = @_;
    my $html    = $about{html};
    my $input   = $self->_input;
    my $options = $self->_for_daemon( $input, $html );
    my $uri = defined $about{uri} && length $about{uri} ? "$about{uri}" : $self->get_option('URI');
    $options->{url} = $uri if defined $uri && length $uri;
    $options->{encoding} = $about{encoding} if defined $about{encoding};
    my $answer =
      $html
      ? CPANBridge::Compat::LibXML::Daemon::parse_html( $bytes, $options )
      : CPANBridge::Compat::LibXML::Short::parse( $bytes, $options ) || CPANBridge::Compat::LibXML::Daemon::parse( $bytes, $options, $input );
    my $recover = $self->get_option('recover') || 0;
    my $error = CPANBridge::Compat::LibXML::Daemon::error_of( $answer->{problems}, source => $bytes, file => $about{file} );

    if ( defined $error ) {
        die $error if !$recover && !( $html && $self->get_option('suppress_errors') );
        warn $error if $recover == 1 && !$self->get_option('suppress_errors');
    }
    return if !defined $answer->{text};

    my $declared = _declared($bytes);
    my %entities = map { @$_ } @{ $answer->{entities} || [] };
    my %ids;
    $ids{ $_->[0] }{ $_->[1] } = 1 for @{ $answer->{ids} || [] };
    my %defaults;
    $defaults{ $_->[0] }{ $_->[1] } = $_->[2] for @{ $answer->{defaults} || [] };
    my $node = CPANBridge::Compat::LibXML::Tree::new_document(
        $html ? CPANBridge::Compat::LibXML::Tree::HTML : CPANBridge::Compat::LibXML::Tree::DOCUMENT,
        version    => defined $answer->{version} ? $answer->{version} : '1.0',
        encoding   => $html ? $about{charset} : $declared->{encoding} // ( $bytes =~ /\A(?:\xff\xfe|\xfe\xff|\0<|<\0)/ ? $answer->{encoding} : undef ),
        standalone => $html ? 1 : $declared->{standalone},
        entities   => \%entities,
        ids        => \%ids,
        defaults   => \%defaults,
    );
    $node->[CPANBridge::Compat::LibXML::Tree::VALUE]{uri} = defined $uri ? $uri : sprintf 'unknown-%x', refaddr $node;
    CPANBridge::Compat::LibXML::Builder::build( $node, $answer->{text}, html => $html, no_cdata => $options->{no_cdata}, lines => $answer->{lines} );
    my $document = XML::LibXML::Document::_of($node);
    $self->process_xincludes($document) if !$html && $self->get_option('expand_xinclude');
    return $document;
}

# What a document's XML declaration says.
sub _declared {
    my ($bytes) = @_;
    my $start = substr $bytes, 0, 400;
    $start =~ tr/\0//d;
    $start =~ s/\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)//;
    return { standalone => -1 } if $start !~ /\A<\?xml\s([^>]*)\?>/;
    my $said = $1;
    my $standalone = $said =~ /\bstandalone\s*=\s*["'](yes|no)/ ? $1 eq 'yes' ? 1 : 0 : -2;
    return { standalone => $standalone, $said =~ /\bencoding\s*=\s*["']([A-Za-z][\w.\-]*)["']/ ? ( encoding => $1 ) : () };
}

sub parse_string {
    my ( $self, $string, $uri ) = @_;
    $self->_instance('parse_string');
    Carp::croak('parse already in progress') if $self->{parsing};
    Carp::croak('Empty String') if !defined $string || !length( ref $string && reftype $string eq 'SCALAR' && !blessed $string ? defined $$string ? $$string : '' : "$string" );
    my ( $bytes, $encoding ) = _octets($string);
    return $self->_parsed( $bytes, encoding => $encoding, uri => $uri, file => defined $uri ? $uri : '' );
}

sub parse_fh {
    my ( $self, $handle, $uri ) = @_;
    $self->_instance('parse_fh');
    my ( $bytes, $encoding ) = _all_of($handle);
    return $self->_parsed( $bytes, encoding => $encoding, uri => $uri, file => $uri );
}

sub parse_file {
    my ( $self, $name ) = @_;
    $self->_instance('parse_file');
    Carp::croak('parse_file: no name given') if !defined $name;
    my $bytes = $self->_file($name);
    return $self->_parsed( $bytes, uri => "$name", file => "$name" );
}

sub _file {
    my ( $self, $name ) = @_;
    my $bytes = $self->_input->called("$name");
    $bytes = CPANBridge::Compat::LibXML::Input::file_content("$name") if !defined $bytes;
    return $bytes if defined $bytes;
    my $why = "$!";
    return Carp::croak(qq{Could not create file parser context for file "$name": $why});
}

# A document, or its events where a handler is set.
sub _parsed {
    my ( $self, $bytes, %about ) = @_;
    local $self->{parsing} = 1;
    my $document = $self->_document( $bytes, %about );
    return $document if !$self->{HANDLER};
    require CPANBridge::Compat::LibXML::Events;
    return CPANBridge::Compat::LibXML::Events::tell( $document, $self->{HANDLER} );
}

# HTML that does not name its encoding is UTF-8 if it can be, else Latin-1.
sub _html {
    my ( $self, $bytes, $options, %about ) = @_;
    my $parser = $options ? $self->_with($options) : $self;
    my $charset = $options && $options->{encoding};
    if ( !defined $charset && $bytes =~ /<meta\b[^>]*\bcharset\s*=\s*["']?\s*([\w.:\-]+)/i ) { $charset = $1 }
    if ( !defined $about{encoding} ) {
        $about{encoding} = $options && $options->{encoding};
        if ( !defined $about{encoding} && !defined $charset && $bytes !~ /\A(?:\xff\xfe|\xfe\xff)/ ) {
            my $copy = $bytes;
            $about{encoding} = utf8::decode($copy) ? 'UTF-8' : 'ISO-8859-1';
        }
    }
    $about{uri} = $options->{URI} if $options && defined $options->{URI};
    return $parser->_document( $bytes, %about, html => 1, charset => $charset );
}

sub parse_html_string {
    my ( $self, $string, $options ) = @_;
    $self->_instance('parse_html_string');
    Carp::croak('Empty String') if !defined $string || !length( ref $string && reftype $string eq 'SCALAR' ? $$string : $string );
    my ( $bytes, $encoding ) = _octets($string);
    return $self->_html( $bytes, $options, encoding => $encoding );
}

sub parse_html_fh {
    my ( $self, $handle, $options ) = @_;
    $self->_instance('parse_html_fh');
    my ( $bytes, $encoding ) = _all_of($handle);
    return $self->_html( $bytes, $options, encoding => $encoding );
}

sub parse_html_file {
    my ( $self, $name, $options ) = @_;
    $self->_instance('parse_html_file');
    return $self->_html( $self->_file($name), $options, uri => "$name", file => "$name" );
}

sub load_xml {
    my ( $self, @arguments ) = @_;
    my ( $parser, $from ) = $self->_loader(@arguments);
    return $parser->parse_file( $from->{location} ) if defined $from->{location};
    return $parser->parse_string( $from->{string} ) if defined $from->{string};
    return $parser->parse_fh( $from->{IO} ) if defined $from->{IO};
    return Carp::croak('XML::LibXML->load: specify location, string, or IO');
}

sub load_html {
    my ( $self, @arguments ) = @_;
    my ( $parser, $from ) = $self->_loader(@arguments);
    my %options = defined $from->{encoding} ? ( encoding => $from->{encoding} ) : ();
    return $parser->parse_html_file( $from->{location}, \%options ) if defined $from->{location};
    return $parser->parse_html_string( $from->{string}, \%options ) if defined $from->{string};
    return $parser->parse_html_fh( $from->{IO}, \%options ) if defined $from->{IO};
    return Carp::croak('XML::LibXML->load: specify location, string, or IO');
}

# The parser for one document, and where that comes from.
sub _loader {
    my ( $self, @arguments ) = @_;
    my %given = @arguments == 1 && ref $arguments[0] eq 'HASH' ? %{ $arguments[0] } : @arguments;
    my %from = map { $_ => delete $given{$_} } grep { exists $given{$_} } qw(location string IO encoding);
    my $parser = ref $self ? $self->_with( \%given ) : $self->new( \%given );
    return ( $parser, \%from );
}

# --- parts of documents -----------------------------------------------------------------------------------------------

my $AROUND = 'cpanbridge-chunk';

sub parse_balanced_chunk {
    my ( $self, $chunk, $encoding ) = @_;
    $self = $self->new if !ref $self;
    Carp::croak('Empty String') if !defined $chunk || !length $chunk;
    my ( $bytes, $its ) = _octets($chunk);
    $its = $encoding if !defined $its;
    $bytes =~ s/\A<\?xml\s[^>]*\?>//;
    my $options = $self->_for_daemon( $self->_input );
    $options->{encoding} = $its if defined $its;
    my $whole  = "<$AROUND>$bytes</$AROUND>";
    my $answer = CPANBridge::Compat::LibXML::Short::parse( $whole, $options ) || CPANBridge::Compat::LibXML::Daemon::parse( $whole, $options, $self->_input );
    my $recover = $self->get_option('recover') || 0;
    my @faults = @{ $answer->{problems} };
    my @lines = split /\n/, $bytes, -1;
    for my $fault (@faults) {

        # What is said of the element around it is no business of the program's.
        $fault->[4] -= 2 + length $AROUND if $fault->[3] == 1 && $fault->[4] > length $AROUND;
        my $longest = 1 + length( $lines[ $fault->[3] - 1 ] // '' );
        $fault->[4] = $longest if $fault->[4] > $longest;
        @$fault[ 1, 5 ] = ( 77, "Premature end of data in tag $1" ) if $fault->[5] =~ /mismatch: (.*) and $AROUND\z/;
    }
    push @faults, [ 1, 85, 3, @{ $faults[-1] }[ 3, 4 ], 'chunk is not well balanced', undef ] if @faults && !defined $answer->{text};
    my $error = CPANBridge::Compat::LibXML::Daemon::error_of( \@faults, source => $bytes );
    if ( defined $error ) {
        die $error if !$recover;
        warn $error if $recover == 1;
    }
    my $document = XML::LibXML::Document->new;
    my $fragment = $document->createDocumentFragment;
    return $fragment if !defined $answer->{text};
    CPANBridge::Compat::LibXML::Builder::build( $document->[0], $answer->{text} );
    my $root = $document->documentElement;
    $fragment->appendChild($_) for $root->childNodes;

    # White space at the end is kept, also where that between elements is not.
    my $last = $root->lastChild || $fragment->lastChild;
    if ( $options->{no_blanks} && $bytes =~ />([ \t\r\n]+)\z/ && $last && $last->nodeType == XML_ELEMENT_NODE ) { $fragment->appendText($1) }
    undef $fragment->[0][CPANBridge::Compat::LibXML::Tree::DOC];
    return $fragment;
}

*parse_xml_chunk = \&parse_balanced_chunk;

sub process_xincludes {
    my ( $self, $document ) = @_;
    $self = $self->new if !ref $self;
    Carp::croak('No document to process!') if !blessed $document || !$document->isa('XML::LibXML::Document');
    return CPANBridge::Compat::LibXML::Include::process( $self, $document );
}

*processXIncludes = \&process_xincludes;

# --- documents in pieces ----------------------------------------------------------------------------------------------

sub init_push { my ($self) = @_; $self->{pushed} = []; return }

sub push {
    my ( $self, @pieces ) = @_;
    $self->{pushed} ||= [];
    CORE::push @{ $self->{pushed} }, grep { defined } @pieces;
    return;
}

sub finish_push {
    my ( $self, $recover ) = @_;
    my $pieces = delete $self->{pushed} or return;
    my $text = join '', @$pieces;
    my ( $bytes, $encoding ) = _octets($text);
    Carp::croak('Empty String') if !length $bytes && !$recover;
    my $parser = $recover ? $self->_with( { recover => $recover } ) : $self;
    return $parser->_parsed( $bytes, encoding => $encoding, file => undef );
}

sub parse_chunk {
    my ( $self, $chunk, $last ) = @_;
    $self->init_push if !$self->{pushed};
    $self->push($chunk) if defined $chunk;
    return $last ? $self->finish_push : undef;
}

sub set_handler {
    my ( $self, $handler ) = @_;
    $self->{HANDLER} = $handler;
    return;
}

# --- others -----------------------------------------------------------------------------------------------------------

# Version and encoding, or as in DOM: namespace, name of the root and DTD.
sub createDocument {
    my ( $self, @arguments ) = @_;
    return XML::LibXML::Document->new(@arguments) if !@arguments || !defined $arguments[0] && !defined $arguments[1] || ( $arguments[0] // '' ) =~ /\A\d+\.\d+\z/;
    my ( $uri, $name, $dtd ) = @arguments;
    my $document = XML::LibXML::Document->new;
    $document->setInternalSubset($dtd) if defined $dtd;
    $document->setDocumentElement( $document->createElementNS( $uri, $name ) );
    return $document;
}

sub externalEntityLoader {
    my ($loader) = @_;
    my $old = $CPANBridge::Compat::LibXML::Input::loader;
    $CPANBridge::Compat::LibXML::Input::loader = $loader;
    return $old;
}

# Catalogs are the daemon's business; a program's own are not read.
sub load_catalog { return 1 }

sub import_GDOME { return Carp::croak('GDOME is not supported') }
sub export_GDOME { return Carp::croak('GDOME is not supported') }

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML - parsing, DOM, XPath and writing of XML and HTML (CPANBridge's replacement)

=head1 SYNOPSIS

    use XML::LibXML;

    my $document = XML::LibXML->load_xml( location => 'books.xml' );
    for my $book ( $document->findnodes('/library/book[@year > 2000]') ) {
        print $book->findvalue('title'), ' by ', $book->getAttribute('author'), "\n";
    }
    $document->documentElement->appendTextChild( note => 'checked' );
    $document->toFile('books.xml');

=head1 DESCRIPTION

The module of the same name, for machines that do not have it; see L<CPANBridge::Compat>. The daemon's module C<libxml>
must be enabled, and its environment needs the extra C<libxml>. libxml2 parses and validates there, through lxml. The
document then lives in the program, in plain Perl: looking around, XPath, changing and writing ask nobody, and go on when
the daemon is restarted. A document of at most 4 KiB in plain UTF-8, without a DTD, is parsed in the program, too, unless
something in it or an option makes it less than plain.

=head1 COVERED

=over 4

=item Parsing

C<new> with options, C<load_xml>, C<load_html>, C<parse_string>, C<parse_file>, C<parse_fh>, their C<html> kin,
C<parse_balanced_chunk>, the push parser, C<recover>, XInclude, input callbacks, C<ext_ent_handler>. Errors are
L<XML::LibXML::Error> objects.

=item DOM

L<XML::LibXML::Document>, L<Element|XML::LibXML::Element>, L<Attr|XML::LibXML::Attr>, L<Text|XML::LibXML::Text>,
L<CDATASection|XML::LibXML::CDATASection>, L<Comment|XML::LibXML::Comment>, L<PI|XML::LibXML::PI>,
L<DocumentFragment|XML::LibXML::DocumentFragment>, L<Dtd|XML::LibXML::Dtd>, L<Namespace|XML::LibXML::Namespace>,
L<NodeList|XML::LibXML::NodeList>, L<NamedNodeMap|XML::LibXML::NamedNodeMap>, with the methods and overloaded operators
of the original. A node keeps its document alive.

=item XPath

XPath 1.0 whole, with L<XML::LibXML::XPathContext> (namespaces, variables, functions in Perl) and
L<XML::LibXML::XPathExpression>.

=item Writing

C<toString>, C<toFile>, C<toFH>, C<toStringHTML>, C<toStringC14N>, C<toStringEC14N>, in the document's encoding as in
the original: bytes for documents, characters for other nodes.

=item Validating

By DTD, L<XML::LibXML::Schema>, L<XML::LibXML::RelaxNG>.

=item SAX

L<XML::LibXML::SAX>, L<XML::LibXML::SAX::Parser>, L<XML::LibXML::SAX::Builder>, with and without L<XML::SAX::Base|https://metacpan.org/pod/XML::SAX::Base>.

=item Others

L<XML::LibXML::Reader>, L<XML::LibXML::RegExp>, L<XML::LibXML::Pattern>.

=back

=head1 DIFFERENCES

=over 4

=item Files and addresses

The daemon opens no file and no address. Documents are read by the program and sent. What a document refers to is read
by the program, too, from local files only, never from a network, and B<only if the program asks for it>: by setting
C<load_ext_dtd>, C<expand_entities>, C<validation> or C<complete_attributes> to a true value itself, by C<expand_xinclude>,
or by callbacks of its own. The original does it by default. An external entity that is not read stays in the document as
a reference; entities that are declared in a DTD that is not read are not known.

=item Size

A document is sent to the daemon whole, so it may be no larger than the daemon's C<max_request_size> (10 MiB unless set
otherwise). In the program it takes about twenty times its size in memory, as in the original, and up to forty-five times when
every node has been looked at.

=item Failures of the daemon

Are errors of the domain C<I/O> whose text begins with CPANBridge.

=item C<huge>

Lifts libxml2's limits of 10 MB for a text and of 256 for the depth of elements, which becomes 2048, for documents without a DOCTYPE in
encodings that are like ASCII. The limits against entities that multiply are always on.

=item Declarations in DTDs

Their nodes can be looked at; changes of them are not written.

=item Strings

As in the original, a string with Perl's UTF-8 flag is characters, one without it is bytes in the document's encoding
(UTF-8 where there is none). Bytes that do not fit that encoding are taken for Latin-1 characters, where the original
makes broken text of them. File handles with an encoding layer can be parsed; the original refuses them.

=item C<getElementById>

Finds elements that are in the document, not those that were removed from it.

=item XInclude

Leaves no XINCLUDE_START and XINCLUDE_END nodes.

=item HTML

Is parsed by the libxml2 of the daemon, which may be newer than that of the original. Since 2.14 it finds fewer errors.

=item Threads

Nodes are copied into new threads; they are not shared (C<:threads_shared> does nothing).

=item Catalogs, GDOME

C<load_catalog> does nothing; GDOME is not supported.

=back

=head1 ENVIRONMENT

C<CPAN_BRIDGE_SOCKET>: where the daemon listens, see L<CPANBridge>.

=cut
