package CPANBridge::Compat::LibXML::Writer;

# Writes nodes as XML and as HTML, the way libxml2 does.
use 5.014;
use strict;
use warnings;
no warnings qw(once recursion);

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Encode ();

our $VERSION = '0.1.0';

my %IN_TEXT  = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', "\r" => '&#13;' );
my %IN_VALUE = ( %IN_TEXT, '"' => '&quot;', "\n" => '&#10;', "\t" => '&#9;' );

sub escape_text {
    my ($text) = @_;
    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;
    $text =~ s/>/&gt;/g;
    $text =~ s/\r/&#13;/g;
    return $text;
}

sub escape_value {
    my ($text) = @_;
    $text =~ s/([&<>"\r\n\t])/$IN_VALUE{$1}/g;
    return $text;
}

# A string in quotes, as it stands in DOCTYPE.
sub _quoted {
    my ($text) = @_;
    return index( $text, '"' ) < 0 ? qq{"$text"} : index( $text, q{'} ) < 0 ? "'$text'" : '"' . ( $text =~ s/"/&quot;/gr ) . '"';
}

sub doctype {
    my ($node) = @_;
    my $facts = $node->[VALUE];
    my $text = "<!DOCTYPE $node->[NAME]";
    if    ( defined $facts->{public} ) { $text .= ' PUBLIC ' . _quoted( $facts->{public} ) . ( defined $facts->{system} ? ' ' . _quoted( $facts->{system} ) : '' ) }
    elsif ( defined $facts->{system} ) { $text .= ' SYSTEM ' . _quoted( $facts->{system} ) }
    my $subset = $facts->{subset};
    if ( !defined $subset && defined $facts->{content} ) {
        $subset = $facts->{content};
        utf8::decode($subset);
        $subset = "\n$subset";
    }
    $text .= " [$subset]" if defined $subset;
    return "$text>";
}

# In a document without an encoding of its own, the values of attributes are written in ASCII.
our $ascii;

sub attribute {
    my ($node) = @_;
    my $value =
      $node->[KIDS]
      ? join '', map { $_->[TYPE] == ENTITYREF ? "&$_->[NAME];" : escape_value( text_of($_) ) } @{ $node->[KIDS] }
      : escape_value( attribute_value($node) );
    $value =~ s/([^\x00-\x7f])/sprintf '&#x%X;', ord $1/ge if $ascii;
    return ' ' . qname($node) . "=\"$value\"";
}

sub declaration {
    my ($ns) = @_;
    return '' if !defined $ns->[1] || $ns->[0] eq 'xml';
    return ( length $ns->[0] ? " xmlns:$ns->[0]=" : ' xmlns=' ) . '"' . escape_value( $ns->[1] ) . '"';
}

# Writes a node and all in it to the end of a string. Format: indent, from this level on; undef: not.
sub write_node {
    my ( $node, $level, $out, $open_tags ) = @_;
    my $type = $node->[TYPE];
    if    ( $type == TEXT )      { $$out .= $node->[VALUE] =~ tr/&<>\r// ? escape_text( $node->[VALUE] ) : $node->[VALUE] }
    elsif ( $type == ELEMENT )   { _write_element( $node, $level, $out, $open_tags ) }
    elsif ( $type == CDATA )     { $$out .= '<![CDATA[' . ( $node->[VALUE] =~ s/\]\]>/]]]]><![CDATA[>/gr ) . ']]>' }
    elsif ( $type == COMMENT )   { $$out .= "<!--$node->[VALUE]-->" }
    elsif ( $type == PI )        { $$out .= "<?$node->[NAME]" . ( defined $node->[VALUE] ? " $node->[VALUE]" : '' ) . '?>' }
    elsif ( $type == ENTITYREF ) { $$out .= "&$node->[NAME];" }
    elsif ( $type == ATTRIBUTE ) { $$out .= attribute($node) }
    elsif ( $type == DTD )       { $$out .= doctype($node) }
    elsif ( $type == NAMESPACE ) { $$out .= declaration( $node->[NS] ) }
    elsif ( ref $node->[VALUE] && defined $node->[VALUE]{text} ) { $$out .= "$node->[VALUE]{text}\n" }    # a declaration
    else                         { write_node( $_, $level, $out, $open_tags ) for @{ kids($node) || [] } }
    return;
}

# What libxml2 wrote and nobody has looked into goes out as it came.
sub _write_element {
    my ( $node, $level, $out, $open_tags ) = @_;
    my $ns = $node->[NS];
    my $name = $ns && length $ns->[0] ? "$ns->[0]:$node->[NAME]" : $node->[NAME];
    $$out .= "<$name";
    if ( $node->[DECLS] ) { $$out .= declaration($_) for @{ $node->[DECLS] } }
    my $attributes = $node->[ATTRS];
    if ( defined $attributes ) {
        if ( !ref $attributes ) {
            if ( !utf8::decode($attributes) || $ascii && $attributes =~ /[^\x00-\x7f]/ ) { $attributes = attrs($node) }
            else                                                                      { $$out .= $attributes; $attributes = [] }
        }
        for my $attribute (@$attributes) {
            my $value = $attribute->[VALUE];
            if ( !defined $value || $value =~ tr/ !#-%'-;=?-~//c || $attribute->[KIDS] || $attribute->[NS] ) { $$out .= attribute($attribute) }
            else                                                                                         { $$out .= " $attribute->[NAME]=\"$value\"" }
        }
    }
    my $kids = $node->[KIDS];
    if ( defined $kids && !ref $kids ) {
        my $text = $kids;
        utf8::decode($text);
        if ( !defined $level && !$open_tags && !( $ascii && $text =~ /[^\x00-\x7f]/ ) || index( $text, '<' ) < 0 ) { $$out .= ">$text</$name>"; return }
        $kids = kids($node);
    }
    if ( !$kids || !@$kids ) { $$out .= $open_tags ? "></$name>" : '/>'; return }
    $$out .= '>';
    undef $level if defined $level && grep { $_->[TYPE] == TEXT || $_->[TYPE] == CDATA || $_->[TYPE] == ENTITYREF } @$kids;
    if ( defined $level ) {
        my $inside = "\n" . '  ' x ( $level + 1 );
        for my $kid (@$kids) { $$out .= $inside; write_node( $kid, $level + 1, $out, $open_tags ) }
        $$out .= "\n" . '  ' x $level;
    }
    else {
        for my $kid (@$kids) {
            my $type = $kid->[TYPE];
            if    ( $type == TEXT )    { $$out .= $kid->[VALUE] =~ tr/&<>\r// ? escape_text( $kid->[VALUE] ) : $kid->[VALUE] }
            elsif ( $type == ELEMENT ) { _write_element( $kid, undef, $out, $open_tags ) }
            else                       { write_node( $kid, undef, $out, $open_tags ) }
        }
    }
    $$out .= "</$name>";
    return;
}

sub _open_tags { return $XML::LibXML::setTagCompression }

# A node's text, as characters.
sub node_text {
    my ( $node, $format ) = @_;
    my $out = '';
    my $document = owner($node);
    local $ascii = !$document || !defined $document->[VALUE]{encoding};
    write_node( $node, $format ? 0 : undef, \$out, _open_tags() );
    return $out;
}

sub document_text {
    my ( $node, $format, $encoding ) = @_;
    my $facts = $node->[VALUE];
    my $out   = '';
    if ($XML::LibXML::skipXMLDeclaration) {
        for my $kid ( @{ $node->[KIDS] } ) {
            write_node( $kid, undef, \$out, _open_tags() ) if $kid->[TYPE] != DTD || !$XML::LibXML::skipDTD;
        }
        return $out;
    }
    $out = '<?xml version="' . ( defined $facts->{version} ? $facts->{version} : '1.0' ) . '"';
    $out .= " encoding=\"$encoding\"" if defined $encoding;
    my $standalone = $facts->{standalone};
    $out .= $standalone ? ' standalone="yes"' : ' standalone="no"' if defined $standalone && $standalone >= 0;
    $out .= "?>\n";
    for my $kid ( @{ $node->[KIDS] } ) {
        next if $kid->[TYPE] == DTD && $XML::LibXML::skipDTD;
        write_node( $kid, $format ? 0 : undef, \$out, _open_tags() );
        $out .= "\n";
    }
    return $out;
}

# Characters as bytes of an encoding; what it lacks becomes a character reference.
sub encoded {
    my ( $text, $encoding ) = @_;
    if ( !defined $encoding ) {
        $text =~ s/([^\x00-\x7f])/sprintf '&#x%X;', ord $1/ge;
        utf8::downgrade($text);
        return $text;
    }
    if ( $encoding =~ /\AUTF-?8\z/i ) { utf8::encode($text); return $text }
    my $codec = $encoding =~ /\AUTF-?16\z/i ? Encode::find_encoding('UTF-16LE') : Encode::find_encoding($encoding);
    if ( !$codec ) { utf8::encode($text); return $text }
    return "\xff\xfe" . $codec->encode($text) if $encoding =~ /\AUTF-?16\z/i;
    return $codec->encode( $text, sub { sprintf '&#%d;', $_[0] } );
}

# --- HTML -------------------------------------------------------------------------------------------------------------

my %VOID = map { $_ => 1 } qw(area base basefont br col frame hr img input isindex link meta param embed);
my %RAW  = map { $_ => 1 } qw(script style);

# Elements that stand in a line; around all others libxml2 breaks lines where it may.
my %INLINE = map { $_ => 1 } qw(
  a abbr acronym applet b basefont bdo big br cite code del dfn em embed font i iframe img input ins kbd label map
  object q s samp select small span strike strong sub sup textarea tt u var button script noscript
);

my %BOOLEAN = map { $_ => 1 } qw(
  checked compact declare defer disabled ismap multiple nohref noresize noshade nowrap readonly selected
);
my %ADDRESS = map { $_ => 1 } qw(href action src name);

# The names that HTML 4 has for characters; ISO Latin-1 in order from 160.
my %NAMED;
{
    my $code = 160;
    $NAMED{ chr $code++ } = $_ for qw(
      nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro
      para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil
      Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave
      Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml
      igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute
      thorn yuml
    );
    my %others = (
        OElig => 338, oelig => 339, Scaron => 352, scaron => 353, Yuml => 376, fnof => 402, circ => 710, tilde => 732,
        ensp => 8194, emsp => 8195, thinsp => 8201, zwnj => 8204, zwj => 8205, lrm => 8206, rlm => 8207, ndash => 8211,
        mdash => 8212, lsquo => 8216, rsquo => 8217, sbquo => 8218, ldquo => 8220, rdquo => 8221, bdquo => 8222,
        dagger => 8224, Dagger => 8225, bull => 8226, hellip => 8230, permil => 8240, prime => 8242, Prime => 8243,
        lsaquo => 8249, rsaquo => 8250, oline => 8254, euro => 8364, trade => 8482, larr => 8592, uarr => 8593,
        rarr => 8594, darr => 8595, harr => 8596, minus => 8722, infin => 8734, asymp => 8776, ne => 8800, equiv => 8801,
        le => 8804, ge => 8805,
    );
    $NAMED{ chr $others{$_} } = $_ for keys %others;
}

# Without an encoding of its own a document is written in ASCII, with HTML's names for what lies beyond.
sub html_text {
    my ( $document, $encoding ) = @_;
    my $out  = '';
    my @kids = $document->[TYPE] == DOCUMENT || $document->[TYPE] == HTML ? @{ $document->[KIDS] } : $document;
    for my $kid (@kids) {
        next if $kid->[TYPE] == DTD && $XML::LibXML::skipDTD;
        _html( $kid, \$out );
        $out .= "\n" if $kid->[TYPE] == DTD;
    }
    $out .= "\n" if @kids && $kids[0] != $document;
    if ( !defined $encoding ) {
        $out =~ s/([^\x00-\x7f])/exists $NAMED{$1} ? "&$NAMED{$1};" : sprintf '&#%d;', ord $1/ge;
    }
    return $out;
}

sub _html {
    my ( $node, $out, $raw ) = @_;
    my $type = $node->[TYPE];
    if ( $type == ELEMENT ) { _html_element( $node, $out ) }
    elsif ( $type == TEXT || $type == CDATA ) {
        $$out .= $raw || $type == CDATA ? $node->[VALUE] : $node->[VALUE] =~ s/([&<>])/$IN_TEXT{$1}/gr;
    }
    elsif ( $type == PI ) { $$out .= "<?$node->[NAME]" . ( defined $node->[VALUE] ? " $node->[VALUE]" : '' ) . '>' }
    else                  { write_node( $node, undef, $out, 0 ) }
    return;
}

sub _html_element {
    my ( $node, $out ) = @_;
    my $name = qname($node);
    my $kind = lc $name;
    $$out .= "<$name";
    $$out .= declaration($_) for @{ $node->[DECLS] || [] };
    for my $attribute ( @{ attrs($node) || [] } ) {
        my $its = qname($attribute);
        my $value = attribute_value($attribute);
        $$out .= " $its";
        next if $BOOLEAN{ lc $its };
        if ( $ADDRESS{ lc $its } ) {
            $value =~ s/\A\s+//;
            utf8::encode( my $bytes = $value );
            $bytes =~ s{([^A-Za-z0-9\-_.!~*'()"/?:@&=+\$,;%\#\[\]\\|^`\{\}<>])}{sprintf '%%%02X', ord $1}ge if $bytes =~ /[^\x21-\x7e]/;
            $value = $bytes;
        }
        $value =~ s/([&<>])/$IN_TEXT{$1}/g;
        $value =~ s/"/&quot;/g;
        $$out .= "=\"$value\"";
    }
    my @kids = @{ kids($node) || [] };
    my $line = sub {    # whether a line may break beside a node
        my ($beside) = @_;
        return $beside && $beside->[TYPE] != TEXT && $beside->[TYPE] != ENTITYREF;
    };
    my $block = !$INLINE{$kind};
    my $breaks = $block && $node->[PARENT] && $node->[PARENT][TYPE] == ELEMENT && $node->[PARENT][NAME] !~ /\A[pP]/;
    my $next = sub {
        my $parent = $node->[PARENT] or return '';
        return '' if $parent->[TYPE] != ELEMENT;
        my $after = $parent->[KIDS][ child_index($node) + 1 ] or return '';
        return $breaks && $line->($after) ? "\n" : '';
    };
    if ( $VOID{$kind} && !@kids ) { $$out .= '>' . $next->(); return }
    if ( !@kids ) { $$out .= "></$name>" . $next->(); return }
    $$out .= '>';
    $$out .= "\n" if $block && $line->( $kids[0] ) && @kids > 1 && $kind !~ /\Ap/;
    _html( $_, $out, $RAW{$kind} ) for @kids;
    $$out .= "\n" if $block && $line->( $kids[-1] ) && @kids > 1 && $kind !~ /\Ap/;
    $$out .= "</$name>" . $next->();
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Writer - writes XML and HTML

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it. Nodes are those of L<CPANBridge::Compat::LibXML::Tree>. What is
returned is characters, except by C<encoded>.

=head1 FUNCTIONS

=head2 node_text

    my $text = node_text( $node, $format );

=head2 document_text

    my $text = document_text( $node, $format, $encoding );

A whole document with its XML declaration, which names the encoding.

=head2 html_text

    my $text = html_text( $node, $encoding );

=head2 encoded

    my $bytes = encoded( $text, $encoding );

=head2 write_node

    write_node( $node, $level, \$text, $with_end_tags );

Adds to a string; a level has it indented.

=head2 escape_text

=head2 escape_value

What text and the values of attributes look like in XML.

=head2 attribute

=head2 declaration

=head2 doctype

These kinds of nodes.

=cut
