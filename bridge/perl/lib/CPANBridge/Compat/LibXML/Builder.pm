package CPANBridge::Compat::LibXML::Builder;

# Makes nodes of the text that the daemon sends for a tree. That text was written by libxml2, so it is well-formed, every
# attribute has quotes, and what is special is escaped: nothing here judges, and much that XML allows cannot come.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(weaken);

our $VERSION = '0.1.0';

my %CHARACTER = ( lt => '<', gt => '>', amp => '&', quot => '"', apos => q{'} );

sub _unescaped {
    my ($text) = @_;
    $text =~ s{&(?:\#x([[:xdigit:]]+)|\#([0-9]+)|([^;]+));}
              {_character( $1, $2, $3 )}ge;
    return $text;
}

# The value of an attribute in which entities are left, as nodes.
sub _pieces {
    my ( $text, $wide ) = @_;
    my @nodes;
    for my $piece ( split /(&(?!(?:lt|gt|amp|quot|apos);|#)[^;]+;)/, $text ) {
        next if !length $piece;
        if ( $piece =~ /\A&([^;#]+);\z/ && !exists $CHARACTER{$1} ) { push @nodes, new_node( ENTITYREF, _decoded( $1, $wide ) ) }
        else                                                        { push @nodes, new_node( TEXT, undef, _decoded( _unescaped($piece), $wide ) ) }
    }
    return \@nodes;
}

# As UTF-8: the whole is decoded at once.
sub _character {
    my ( $hex, $decimal, $name ) = @_;
    return $CHARACTER{$name} if !defined $hex && !defined $decimal;
    my $text = chr( defined $hex ? hex $hex : $decimal );
    utf8::encode($text);
    return $text;
}

sub build {
    my ( $document, $bytes, %how ) = @_;
    my $wide     = $bytes =~ /[^\x00-\x7f]/ || $bytes =~ /&#(?:x[[:xdigit:]]{2,}|[0-9]{3,});/;
    my $is_html  = $how{html};
    my $lines    = $how{lines};
    my %raw      = $how{no_cdata} ? () : ( script => 1, style => 1 );    # elements of HTML that hold no markup
    my $parent   = $how{into} || $document;
    my $depth    = 0;
    my $line     = 0;
    my ( %name, %ns, @ns );
    my $find_ns = sub { my ($prefix) = @_; return ns_by_prefix( $parent, $prefix ) };

    # A child, made where it belongs.
    my $add = sub {
        my ($node) = @_;
        my $kids = $parent->[KIDS] ||= [];
        $node->[POS] = @$kids;
        weaken( $node->[PARENT] = $parent );
        push @$kids, $node;
        return $node;
    };

    pos($bytes) = 0;
    while ( pos($bytes) < length $bytes ) {
        if ( $bytes =~ /\G([^<]+)/gc ) {
            my $text = $1;
            next if !$depth && !$how{into};
            if ( index( $text, '&' ) < 0 ) {
                utf8::decode($text) if $wide;
                $add->( [ $is_html && $raw{ lc( $parent->[NAME] // '' ) } ? CDATA : TEXT, undef, undef, undef, 0, undef, $text ] );
                next;
            }
            my $pending = '';
            my $flush = sub {
                return if !length $pending;
                utf8::decode($pending) if $wide;
                $add->( [ $is_html && $raw{ lc( $parent->[NAME] // '' ) } ? CDATA : TEXT, undef, undef, undef, 0, undef, $pending ] );
                $pending = '';
            };
            while ( $text =~ /\G(?:([^&]+)|&(?:\#x([[:xdigit:]]+)|\#([0-9]+)|(lt|gt|amp|quot|apos)|([^;]+));)/g ) {
                if    ( defined $1 ) { $pending .= $1 }
                elsif ( defined $5 ) {
                    my $entity = $5;
                    utf8::decode($entity) if $wide;
                    $flush->();
                    $add->( [ ENTITYREF, undef, undef, undef, 0, $entity ] );
                }
                else { $pending .= _character( $2, $3, $4 ) }
            }
            $flush->();
        }
        elsif ( $bytes =~ m{\G<([^\s/>!?<]+)}gc ) {
            my $tag = $1;
            my ( @attributes, $declared );
            while ( $bytes =~ /\G\s+([^\s=]+)=(?:"([^"]*)"|'([^']*)')/gc ) {
                my ( $name, $value ) = ( $1, defined $2 ? $2 : $3 );
                if ( index( $value, '&' ) >= 0 ) {
                    $value = $value =~ /&(?!(?:lt|gt|amp|quot|apos);|#)/ ? _pieces( $value, $wide ) : _unescaped($value);
                }
                if ($wide) { utf8::decode($value) if !ref $value; utf8::decode($name) }
                if ( !$is_html && $name =~ /\Axmlns(?::(.+))?\z/s ) {
                    push @$declared, [ defined $1 ? $1 : '', ref $value ? join '', map { $_->[VALUE] // '' } @$value : $value ];
                }
                else { push @attributes, $name, $value }
            }
            $bytes =~ m{\G\s*(/?)>}gc or die 'CPANBridge: the daemon sent a tree that makes no sense near ' . pos($bytes) . "\n";
            my $empty = $1;
            if ($declared) {
                push @ns, [ $depth, {%ns} ];
                $ns{ $_->[0] } = $_ for @$declared;
            }
            my $known = $name{$tag};
            if ( !$known ) {
                my $text = $tag;
                utf8::decode($text) if $wide;
                $known = $name{$tag} = !$is_html && $text =~ /\A([^:]+):(.+)\z/s ? [ $1, $2, $text ] : [ '', $text, $text ];
            }
            my $ns = $ns{ $known->[0] };
            if ( !$ns && !$is_html && ( length $known->[0] || $how{into} ) ) { $ns = $find_ns->( $known->[0] ) }
            undef $ns if $ns && !length $ns->[1];
            my $node = [ ELEMENT, undef, undef, undef, 0, $known->[ $ns || !length $known->[0] ? 1 : 2 ], undef, $ns ];
            $node->[DECLS] = $declared if $declared;
            $node->[LINE] = $lines->[ $line++ ] if $lines;
            $add->($node);
            if (@attributes) {
                my @nodes;
                while ( my ( $name, $value ) = splice @attributes, 0, 2 ) {
                    my $its;
                    if ( !$is_html && $name =~ /\A([^:]+):(.+)\z/s && ( $its = $1 eq 'xml' ? xml_ns() : $ns{$1} || $find_ns->($1) ) ) {
                        $name = $2;
                    }
                    my $attribute = [ ATTRIBUTE, undef, undef, undef, scalar @nodes, $name, $value, $its ];
                    weaken( $attribute->[PARENT] = $node );
                    if ( ref $value ) {
                        undef $attribute->[VALUE];
                        $attribute->[KIDS] = $value;
                        weaken( $_->[PARENT] = $attribute ) for @$value;
                    }
                    push @nodes, $attribute;
                }
                $node->[ATTRS] = \@nodes;
            }
            if ($empty) {
                %ns = %{ ( pop @ns )->[1] } if $declared;
            }
            else { $parent = $node; $depth++ }
        }
        elsif ( $bytes =~ m{\G</[^>]*>}gc ) {
            $depth--;
            $parent = $parent->[PARENT];
            %ns = %{ ( pop @ns )->[1] } if @ns && $ns[-1][0] == $depth;
        }
        elsif ( $bytes =~ /\G<!--(.*?)-->/gcs )           { $add->( new_node( COMMENT, undef, _decoded( $1, $wide ) ) ) }
        elsif ( $bytes =~ /\G<!\[CDATA\[(.*?)\]\]>/gcs )  { $add->( new_node( CDATA, undef, _decoded( $1, $wide ) ) ) }
        elsif ( $bytes =~ /\G<\?([^\s?>]+)\s*(.*?)\?>/gcs ) {
            my ( $target, $data ) = ( $1, $2 );
            $add->( new_node( PI, _decoded( $target, $wide ), length $data ? _decoded( $data, $wide ) : undef ) );
        }
        elsif ( $bytes =~ /\G<!DOCTYPE\s+([^\s>\[]+)(?:\s+PUBLIC\s+("[^"]*"|'[^']*')(?:\s+("[^"]*"|'[^']*'))?|\s+SYSTEM\s+("[^"]*"|'[^']*'))?\s*/gc ) {
            my ( $name, $public, $system, $other ) = ( $1, $2, $3, $4 );
            $system = $other if !defined $system;
            $_ = defined $_ ? _decoded( substr( $_, 1, -1 ), $wide ) : undef for $public, $system;
            my $subset;
            if ( $bytes =~ /\G\[/gc ) {
                my $from = pos $bytes;
                while ( $bytes =~ /\G(?:[^\]"'<]+|"[^"]*"|'[^']*'|<!--.*?-->|<\?.*?\?>|<)/gcs ) { }
                $subset = _decoded( substr( $bytes, $from, pos($bytes) - $from ), $wide );
                $bytes =~ /\G\]\s*/gc;
            }
            $bytes =~ /\G>/gc;
            $add->( new_node( DTD, _decoded( $name, $wide ), { public => $public, system => $system, subset => $subset } ) );
        }
        else { die 'CPANBridge: the daemon sent a tree that makes no sense near ' . pos($bytes) . "\n" }
    }
    touch();
    return $document;
}

sub _decoded {
    my ( $text, $wide ) = @_;
    utf8::decode($text) if $wide;
    return $text;
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

    build( $document, $bytes, html => $bool, lines => \@numbers, into => $fragment );

Puts the nodes that the text C<$bytes> describes into a document, or into a fragment or element that belongs to one.

=cut
