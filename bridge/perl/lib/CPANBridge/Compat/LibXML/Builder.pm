package CPANBridge::Compat::LibXML::Builder;

# Makes nodes of the text that the daemon sends for a tree. That text was written by libxml2, so it is well-formed, every
# attribute has quotes, and what is special is escaped: nothing here judges, and much that XML allows cannot come.
#
# The text is cut at each "<", which stands for nothing else except in comments and the like, and the pieces are looked at
# one by one: matching against a long string again and again takes older perls quadratic time.
#
# What is in a small element stays text, in the place of its children, until somebody asks for them; so do the attributes
# of all elements that declare no namespaces. Such text is what libxml2 wrote, as bytes of UTF-8: whoever writes the node
# can take it as it is. Tree.pm's kids() and attrs() have it made into nodes.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(weaken);

our $VERSION = '0.1.0';

# Tags, comments and the like that an element may hold and stay text.
our $SMALL = 100;

my %CHARACTER = ( lt => '<', gt => '>', amp => '&', quot => '"', apos => q{'} );
my $REFERENCE = qr/&(?:\#x([[:xdigit:]]+)|\#([0-9]+)|(lt|gt|amp|quot|apos));/;
my $ENTITY    = qr/&(?!(?:lt|gt|amp|quot|apos);|\#)([^;]+);/;

sub _unescaped {
    my ($text) = @_;
    $text =~ s/$REFERENCE/defined $3 ? $CHARACTER{$3} : chr( defined $1 ? hex $1 : $2 )/ge;
    return $text;
}

# Text as nodes: one, unless references to entities are left in it.
sub _texts {
    my ( $text, $type ) = @_;
    utf8::decode($text);
    return [ $type, undef, $text ] if index( $text, '&' ) < 0;
    return [ $type, undef, _unescaped($text) ] if $text !~ $ENTITY;
    return _pieces( $text, $type );
}

sub _pieces {
    my ( $text, $type ) = @_;
    my ( @nodes, $is_entity );
    for my $piece ( split $ENTITY, $text ) {
        if    ($is_entity)    { push @nodes, new_node( ENTITYREF, $piece ) }
        elsif ( length $piece ) { push @nodes, new_node( $type, undef, _unescaped($piece) ) }
        $is_entity = !$is_entity;
    }
    return @nodes;
}

# --- what is still text -----------------------------------------------------------------------------------------------

# Makes the children of an element whose content is text yet.
sub kids_of {
    my ($node) = @_;
    my $content = $node->[KIDS];
    if ( index( $content, '<' ) < 0 ) {
        $node->[KIDS] = [ _texts( $content, TEXT ) ];
        for ( @{ $node->[KIDS] } ) { weaken( $_->[PARENT] = $node ) }
    }
    else {
        my ( $first, @pieces ) = split /</, $content;
        _fill( $node, \@pieces, text => $first, ns => $node->[VALUE], declares => index( $content, 'xmlns' ) >= 0 );
    }
    undef $node->[VALUE] if !defined $node->[ATTRS] || ref $node->[ATTRS];
    return $node->[KIDS];
}

# Makes the attributes of an element where they are text yet.
sub attributes_of {
    my ($node) = @_;
    my ( undef, $attributes ) = _attributes( $node->[ATTRS] );
    $node->[ATTRS] = _attribute_nodes( $node, $attributes, $node->[VALUE] );
    undef $node->[VALUE] if !defined $node->[KIDS] || ref $node->[KIDS];
    return $node->[ATTRS];
}

# The characters in an element's content that is text yet, or undef where only nodes will tell.
sub characters {
    my ($content) = @_;
    if ( index( $content, '<' ) >= 0 ) {
        return if $content =~ /<[!?]/ || index( $content, 'xmlns' ) >= 0;    # see _fill()
        $content =~ s/<[^>]*>//g;
    }
    if ( index( $content, '&' ) >= 0 ) {
        return if $content =~ $ENTITY;
        utf8::decode($content);
        return _unescaped($content);
    }
    utf8::decode($content);
    return $content;
}

# The value of an attribute without a prefix in attributes that are text yet: undef where there is none, a reference where
# only nodes will tell.
sub value_in {
    my ( $attributes, $name ) = @_;
    return \$attributes if $name =~ tr/a-zA-Z0-9_.\-//c;
    my $at = index $attributes, qq{ $name="};
    return if $at < 0;
    $at += 3 + length $name;
    my $end = index $attributes, '"', $at;

    # What looks like it may stand within a value.
    return \$attributes if ( substr( $attributes, 0, $at ) =~ tr/"// ) % 2 == 0 || index( $attributes, q{='} ) >= 0;
    my $value = substr $attributes, $at, $end - $at;
    if ( index( $value, '&' ) >= 0 ) {
        return \$attributes if $value =~ $ENTITY;
        utf8::decode($value);
        return _unescaped($value);
    }
    utf8::decode($value);
    return $value;
}

# --- nodes ------------------------------------------------------------------------------------------------------------

# The attributes of a start tag: declarations of namespaces, then names and values in turn.
sub _attributes {
    my ( $tag, $is_html ) = @_;
    my ( $declared, @attributes );
    utf8::decode($tag);
    while ( $tag =~ /\s([^\s=]+)=(?:"([^"]*)"|'([^']*)')/g ) {
        my ( $name, $value ) = ( $1, defined $2 ? $2 : $3 );
        if ( index( $value, '&' ) >= 0 ) { $value = $value =~ $ENTITY ? [ _pieces( $value, TEXT ) ] : _unescaped($value) }
        if ( !$is_html && substr( $name, 0, 5 ) eq 'xmlns' && $name =~ /\Axmlns(?::(.+))?\z/s ) {
            push @$declared, [ defined $1 ? $1 : '', ref $value ? join '', map { $_->[VALUE] // '' } @$value : $value ];
        }
        else { push @attributes, $name, $value }
    }
    return ( $declared, \@attributes );
}

# Where a start tag ends in its piece. Only in declarations of namespaces ">" is not escaped.
sub _end_of_tag {
    my ($piece) = @_;
    my $at = index $piece, '>';
    $at = index $piece, '>', $at + 1 while ( substr( $piece, 0, $at ) =~ tr/"// ) % 2;
    return $at;
}

# What has "<" inside comes in several pieces: returns what is before the end, what is after it, and which piece is next.
sub _whole {
    my ( $pieces, $next, $piece, $end ) = @_;
    while ( index( $piece, $end ) < 0 ) {
        die "CPANBridge: the daemon sent a tree that makes no sense\n" if $next >= @$pieces;
        $piece .= "<$pieces->[ $next++ ]";
    }
    my $at = index $piece, $end;
    return ( substr( $piece, 0, $at ), substr( $piece, $at + length $end ), $next );
}

# For each piece that begins an element, which one ends it.
sub _ends {
    my ( $pieces, $declares ) = @_;
    my ( @ends, @open );
    my ( $at, $next ) = ( -1, 0 );
    for my $piece (@$pieces) {
        next if ++$at < $next;
        my $first = ord $piece;
        if ( $first == 47 ) { $ends[ pop @open ] = $at if @open }    # "/"
        elsif ( $first == 33 || $first == 63 ) {                     # "!", "?"
            ( undef, undef, $next ) = _other( $pieces, $at + 1, $piece );
        }
        else {
            my $end = $declares && index( $piece, 'xmlns' ) >= 0 ? _end_of_tag($piece) : index $piece, '>';
            push @open, $at if substr( $piece, $end - 1, 1 ) ne '/';
        }
    }
    return \@ends;
}

sub build {
    my ( $document, $bytes, %how ) = @_;
    my ( undef, @pieces ) = split /</, $bytes;
    $how{declares} = index( $bytes, 'xmlns' ) >= 0;
    undef $bytes;
    $how{ends} = _ends( \@pieces, $how{declares} ) if !$how{html} && !$how{lines};
    _fill( $document, \@pieces, %how );
    return $document;
}

# Names as they stand in tags: local name, prefix, the whole. What is HTML has no prefixes.
my ( %name, %html_name );

sub _name {
    my ( $tag, $is_html ) = @_;
    my $names = $is_html ? \%html_name : \%name;
    %$names = () if keys %$names > 5000;
    utf8::decode( my $name = $tag );
    return $names->{$tag} = !$is_html && $name =~ /\A([^:]+):(.+)\z/s ? [ $2, $1, $name ] : [ $name, '', $name ];
}

# Gives a node the children that pieces tell of. How: html, lines and no_cdata as build() has it; text: what comes before
# the first piece; ns: declarations that count, by prefix; declares: whether there may be others; ends: which piece ends an
# element that another one begins, where there are so many that the content of some may stay text.
sub _fill {
    my ( $top, $pieces, %how ) = @_;
    my ( $is_html, $lines, $ends, $ns, $text, $declares ) = @how{qw(html lines ends ns text declares)};
    my $names  = $is_html ? \%html_name : \%name;
    my %raw    = $how{no_cdata} || !$is_html ? () : ( script => 1, style => 1 );    # elements of HTML that hold no markup
    my $lazy   = !$is_html && !$lines;
    my $parent = $top;
    my $kids   = $top->[KIDS] = [];
    my $count  = @$pieces;
    my ( $next, $line ) = ( 0, 0 );
    my @open;

    while (1) {

        # The text before a piece; that outside of the root is none.
        if ( defined $text && length $text && $parent->[TYPE] == ELEMENT ) {
            for my $node ( _texts( $text, %raw && $raw{ lc $parent->[NAME] } ? CDATA : TEXT ) ) {
                weaken( $node->[PARENT] = $parent );
                push @$kids, $node;
            }
        }
        last if $next >= $count;
        my $piece = $pieces->[$next];
        undef $pieces->[ $next++ ];    # so that it need not be there twice
        my $first = ord $piece;
        if ( $first == 47 ) {          # "/"
            $text = substr $piece, index( $piece, '>' ) + 1;
            ( $parent, $kids, $ns ) = @{ pop @open };
            next;
        }
        if ( $first == 33 || $first == 63 ) {    # "!", "?"
            ( my $node, $text, $next ) = _other( $pieces, $next, $piece );
            weaken( $node->[PARENT] = $parent );
            push @$kids, $node;
            next;
        }

        # An element.
        my $own = $declares && index( $piece, 'xmlns' ) >= 0;
        my $at  = $own ? _end_of_tag($piece) : index $piece, '>';
        $text = substr $piece, $at + 1;
        my $empty = substr( $piece, $at - 1, 1 ) eq '/';
        my $tag   = substr $piece, 0, $empty ? $at - 1 : $at;
        my $space = index $tag, ' ';
        my $attributes;
        if ( $space > 0 ) {
            $attributes = substr $tag, $space;
            substr( $tag, $space ) = '';
        }
        my $outside = $ns;
        my $known   = $names->{$tag} || _name( $tag, $is_html );
        my $node    = [ ELEMENT, $parent, undef, $known->[0] ];
        weaken( $node->[PARENT] );
        push @$kids, $node;
        if ( defined $attributes ) {
            if ( $own || $is_html ) {
                ( my $declared, $attributes ) = _attributes( $attributes, $is_html );
                if ($declared) {
                    $ns = { %{ $ns || {} }, map { $_->[0] => $_ } @$declared };
                    $node->[DECLS] = $declared;
                }
                $node->[ATTRS] = _attribute_nodes( $node, $attributes, $ns, $is_html ) if @$attributes;
            }
            else {
                $node->[ATTRS] = $attributes;
                $node->[VALUE] = $ns if $ns;
            }
        }
        if ($ns) {
            my $its = $ns->{ $known->[1] };
            if   ( $its && length $its->[1] ) { $node->[NS]   = $its }
            else                              { $node->[NAME] = $known->[2] }
        }
        elsif ( length $known->[1] ) { $node->[NAME] = $known->[2] }
        $node->[LINE] = $lines->[ $line++ ] if $lines;
        if ($empty) { $ns = $outside; next }

        # What stays text: that of an element that holds nothing else, and what is small.
        if ($lazy) {
            my $end = ord $pieces->[$next] == 47 ? $next : $ends ? $ends->[ $next - 1 ] : undef;
            if ( defined $end && $end - $next <= $SMALL ) {
                if ( $end > $next ) {
                    $text = join '<', $text, @$pieces[ $next .. $end - 1 ];
                    undef $_ for @$pieces[ $next .. $end - 1 ];
                }
                if ( length $text ) {
                    $node->[KIDS]  = $text;
                    $node->[VALUE] = $ns if $ns;
                }
                $ns   = $outside;
                $text = substr $pieces->[$end], index( $pieces->[$end], '>' ) + 1;
                undef $pieces->[$end];
                $next = $end + 1;
                next;
            }
        }
        push @open, [ $parent, $kids, $outside ];
        $parent = $node;
        $kids   = $node->[KIDS] = [];
    }
    return;
}

# What begins with "!" or "?": the node, what comes after it, and which piece is next.
sub _other {
    my ( $pieces, $next, $piece ) = @_;
    my ( $inside, $text );
    if ( ord $piece == 63 ) {
        ( $inside, $text, $next ) = _whole( $pieces, $next, substr( $piece, 1 ), '?>' );
        utf8::decode($inside);
        my ( $target, $data ) = split /\s+/, $inside, 2;
        return ( new_node( PI, $target, defined $data && length $data ? $data : undef ), $text, $next );
    }
    if ( substr( $piece, 0, 3 ) eq '!--' ) {
        ( $inside, $text, $next ) = _whole( $pieces, $next, substr( $piece, 3 ), '-->' );
        utf8::decode($inside);
        return ( new_node( COMMENT, undef, $inside ), $text, $next );
    }
    if ( substr( $piece, 0, 8 ) eq '![CDATA[' ) {
        ( $inside, $text, $next ) = _whole( $pieces, $next, substr( $piece, 8 ), ']]>' );
        utf8::decode($inside);
        return ( new_node( CDATA, undef, $inside ), $text, $next );
    }
    return _doctype( $pieces, $next, $piece );
}

sub _attribute_nodes {
    my ( $element, $attributes, $ns, $is_html ) = @_;
    my @nodes;
    while ( my ( $name, $value ) = splice @$attributes, 0, 2 ) {
        my $its;
        if ( index( $name, ':' ) > 0 && !$is_html && $name =~ /\A([^:]+):(.+)\z/s ) {
            $its = $1 eq 'xml' ? xml_ns() : $ns ? $ns->{$1} : undef;
            $name = $2 if $its;
        }
        my $attribute = [ ATTRIBUTE, $element, ref $value ? undef : $value, $name ];
        weaken( $attribute->[PARENT] );
        $attribute->[NS] = $its if $its;
        if ( ref $value ) {
            $attribute->[KIDS] = $value;
            weaken( $_->[PARENT] = $attribute ) for @$value;
        }
        push @nodes, $attribute;
    }
    return \@nodes;
}

# The node of a DTD, what comes after it, and which piece is next.
sub _doctype {
    my ( $pieces, $next, $piece ) = @_;
    my $quoted = qr/"[^"]*"|'[^']*'/;
    my ( $start, $name, $public, $system, $other ) =
      $piece =~ /\A(!DOCTYPE\s+([^\s>\[]+)(?:\s+PUBLIC\s+($quoted)(?:\s+($quoted))?|\s+SYSTEM\s+($quoted))?\s*)/
      or die "CPANBridge: the daemon sent a tree that makes no sense\n";
    $system = $other if !defined $system;
    $_ = defined $_ ? substr $_, 1, -1 : undef for $public, $system;
    my $rest = substr $piece, length $start;
    my ( $subset, $text );
    if ( substr( $rest, 0, 1 ) ne '[' ) { ( undef, $text, $next ) = _whole( $pieces, $next, $rest, '>' ) }
    else {
        ( $subset, $text, $next ) = _whole( $pieces, $next, substr( $rest, 1 ), ']>' );

        # The end may have been that of something inside.
        until ( $subset =~ /\A(?:[^"'<]+|$quoted|<!--.*?-->|<\?.*?\?>|<(?!!--|\?))*+\z/s ) {
            ( my $more, $text, $next ) = _whole( $pieces, $next, $text, ']>' );
            $subset .= "]>$more";
        }
    }
    utf8::decode($_) for grep {defined} $name, $public, $system, $subset;
    return ( new_node( DTD, $name, { public => $public, system => $system, subset => $subset } ), $text, $next );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Builder - makes XML nodes of what the daemon sends

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 FUNCTIONS

=head2 build

    build( $document, $bytes, html => $bool, lines => \@numbers );

Puts the nodes that the text C<$bytes> describes into a document. What is in small elements stays text until it is asked
for.

=head2 kids_of

=head2 attributes_of

Make nodes of an element's content or attributes that are text yet, and return the array of them.

=head2 characters

    my $text = characters($content);

The text in content that is text yet; undef where nodes must be made to find out.

=head2 value_in

    my $value = value_in( $attributes, $name );

The value of an attribute in attributes that are text yet; undef if there is none, a reference where nodes must be made
to find out.

=cut
