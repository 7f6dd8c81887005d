package CPANBridge::Compat::LibXML::Builder;

# Makes nodes of the text that the daemon sends for a tree. That text was written by libxml2, so it is well-formed, every
# attribute has quotes, and what is special is escaped: nothing here judges, and much that XML allows cannot come.
#
# The text is cut at each "<", which stands for nothing else except in comments and the like, and the pieces are looked at
# one by one: matching against a long string again and again takes older perls quadratic time.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(weaken);

our $VERSION = '0.1.0';

my %CHARACTER = ( lt => '<', gt => '>', amp => '&', quot => '"', apos => q{'} );
my $REFERENCE = qr/&(?:\#x([[:xdigit:]]+)|\#([0-9]+)|(lt|gt|amp|quot|apos));/;
my $ENTITY    = qr/&(?!(?:lt|gt|amp|quot|apos);|\#)([^;]+);/;

sub _unescaped {
    my ($text) = @_;
    $text =~ s/$REFERENCE/defined $3 ? $CHARACTER{$3} : chr( defined $1 ? hex $1 : $2 )/ge;
    return $text;
}

# Text in which references to entities are left, as nodes.
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

# The attributes of a start tag: declarations of namespaces, then names and values in turn.
sub _attributes {
    my ( $tag, $is_html ) = @_;
    my ( $declared, @attributes );
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

sub build {
    my ( $document, $bytes, %how ) = @_;
    my $wide    = $bytes =~ /[^\x00-\x7f]/;
    my $is_html = $how{html};
    my $lines   = $how{lines};
    my %raw     = $how{no_cdata} || !$is_html ? () : ( script => 1, style => 1 );    # elements of HTML that hold no markup
    my $parent  = $document;
    my $depth   = 0;
    my $line    = 0;
    my ( %name, %ns, @ns );
    my ( undef, @pieces ) = split /</, $bytes;
    undef $bytes;

    # A child, made where it belongs.
    my $add = sub {
        my ($node) = @_;
        my $kids = $parent->[KIDS] ||= [];
        $node->[POS] = @$kids;
        weaken( $node->[PARENT] = $parent );
        push @$kids, $node;
        return;
    };

    # What has "<" inside comes in several pieces.
    my $next = 0;
    my $whole = sub {
        my ( $piece, $end ) = @_;
        while ( index( $piece, $end ) < 0 ) {
            die "CPANBridge: the daemon sent a tree that makes no sense\n" if $next >= @pieces;
            my $more = $pieces[ $next++ ];
            utf8::decode($more) if $wide;
            $piece .= "<$more";
        }
        my $at = index $piece, $end;
        return ( substr( $piece, 0, $at ), substr( $piece, $at + length $end ) );
    };

    while ( $next < @pieces ) {
        my $piece = $pieces[$next];
        undef $pieces[ $next++ ];    # so that it need not be there twice
        utf8::decode($piece) if $wide;
        my $text;
        my $first = substr $piece, 0, 1;
        if ( $first eq '/' ) {
            $text   = substr $piece, index( $piece, '>' ) + 1;
            $parent = $parent->[PARENT];
            $depth--;
            %ns = %{ ( pop @ns )->[1] } if @ns && $ns[-1][0] == $depth;
        }
        elsif ( $first eq '!' || $first eq '?' ) {
            my $inside;
            if ( $first eq '?' ) {
                ( $inside, $text ) = $whole->( substr( $piece, 1 ), '?>' );
                my ( $target, $data ) = split /\s+/, $inside, 2;
                $add->( new_node( PI, $target, defined $data && length $data ? $data : undef ) );
            }
            elsif ( substr( $piece, 0, 3 ) eq '!--' ) {
                ( $inside, $text ) = $whole->( substr( $piece, 3 ), '-->' );
                $add->( new_node( COMMENT, undef, $inside ) );
            }
            elsif ( substr( $piece, 0, 8 ) eq '![CDATA[' ) {
                ( $inside, $text ) = $whole->( substr( $piece, 8 ), ']]>' );
                $add->( new_node( CDATA, undef, $inside ) );
            }
            else {
                ( my $node, $text ) = _doctype( $piece, $whole );
                $add->($node);
            }
        }
        else {
            my $at = index $piece, '>';
            if ( index( $piece, 'xmlns' ) >= 0 ) {    # the only values in which ">" is not escaped
                $at = index $piece, '>', $at + 1 while ( substr( $piece, 0, $at ) =~ tr/"// ) % 2;
            }
            my $tag = substr $piece, 0, $at;
            $text = substr $piece, $at + 1;
            my $empty = substr( $tag, -1 ) eq '/';
            substr( $tag, -1 ) = '' if $empty;
            my ( $declared, $attributes );
            if ( $tag =~ /\s/ ) {
                ( $declared, $attributes ) = _attributes( $tag, $is_html );
                $tag = substr $tag, 0, $-[0];
            }
            if ($declared) {
                push @ns, [ $depth, {%ns} ];
                $ns{ $_->[0] } = $_ for @$declared;
            }
            my $known = $name{$tag} ||= !$is_html && $tag =~ /\A([^:]+):(.+)\z/s ? [ $1, $2 ] : [ '', $tag ];
            my $ns = $ns{ $known->[0] };
            undef $ns if $ns && !length $ns->[1];
            my $node = [ELEMENT];
            $node->[NAME] = $ns || !length $known->[0] ? $known->[1] : $tag;
            $node->[NS] = $ns if $ns;
            $node->[DECLS] = $declared if $declared;
            $node->[LINE] = $lines->[ $line++ ] if $lines;
            my $kids = $parent->[KIDS] ||= [];
            $node->[POS] = @$kids;
            weaken( $node->[PARENT] = $parent );
            push @$kids, $node;
            $node->[ATTRS] = _attribute_nodes( $node, $attributes, \%ns, $is_html ) if $attributes && @$attributes;
            if    ( !$empty )   { $parent = $node; $depth++ }
            elsif ($declared) { %ns = %{ ( pop @ns )->[1] } }
        }
        next if !length $text || !$depth;
        my $type = %raw && $raw{ lc $parent->[NAME] } ? CDATA : TEXT;
        if ( index( $text, '&' ) >= 0 ) {
            if ( $text =~ $ENTITY ) { $add->($_) for _pieces( $text, $type ); next }
            $text = _unescaped($text);
        }
        my $kids = $parent->[KIDS] ||= [];
        my $node = [$type];
        weaken( $node->[PARENT] = $parent );
        $node->[POS]   = @$kids;
        $node->[VALUE] = $text;
        push @$kids, $node;
    }
    touch();
    return $document;
}

sub _attribute_nodes {
    my ( $element, $attributes, $ns, $is_html ) = @_;
    my @nodes;
    while ( my ( $name, $value ) = splice @$attributes, 0, 2 ) {
        my $its;
        if ( index( $name, ':' ) > 0 && !$is_html && $name =~ /\A([^:]+):(.+)\z/s ) {
            $its = $1 eq 'xml' ? xml_ns() : $ns->{$1};
            $name = $2 if $its;
        }
        my $attribute = [ATTRIBUTE];
        weaken( $attribute->[PARENT] = $element );
        $attribute->[POS]  = @nodes;
        $attribute->[NAME] = $name;
        $attribute->[NS]   = $its if $its;
        if ( !ref $value ) { $attribute->[VALUE] = $value }
        else {
            $attribute->[KIDS] = $value;
            weaken( $_->[PARENT] = $attribute ) for @$value;
        }
        push @nodes, $attribute;
    }
    return \@nodes;
}

# The node of a DTD, and what comes after it.
sub _doctype {
    my ( $piece, $whole ) = @_;
    my $quoted = qr/"[^"]*"|'[^']*'/;
    my ( $start, $name, $public, $system, $other ) =
      $piece =~ /\A(!DOCTYPE\s+([^\s>\[]+)(?:\s+PUBLIC\s+($quoted)(?:\s+($quoted))?|\s+SYSTEM\s+($quoted))?\s*)/
      or die "CPANBridge: the daemon sent a tree that makes no sense\n";
    $system = $other if !defined $system;
    $_ = defined $_ ? substr $_, 1, -1 : undef for $public, $system;
    my $rest = substr $piece, length $start;
    my ( $subset, $text );
    if ( substr( $rest, 0, 1 ) ne '[' ) { ( undef, $text ) = $whole->( $rest, '>' ) }
    else {
        ( $subset, $text ) = $whole->( substr( $rest, 1 ), ']>' );

        # The end may have been that of something inside.
        until ( $subset =~ /\A(?:[^"'<]+|$quoted|<!--.*?-->|<\?.*?\?>|<(?!!--|\?))*+\z/s ) {
            ( my $more, $text ) = $whole->( $text, ']>' );
            $subset .= "]>$more";
        }
    }
    return ( new_node( DTD, $name, { public => $public, system => $system, subset => $subset } ), $text );
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

Puts the nodes that the text C<$bytes> describes into a document.

=cut
