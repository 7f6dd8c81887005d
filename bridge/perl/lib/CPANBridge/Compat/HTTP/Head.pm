package CPANBridge::Compat::HTTP::Head;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

my $MOST = 65_536;    # bytes after which no title is looked for any more

sub new {
    my ( $class, $headers ) = @_;
    return bless { headers => $headers, text => '', seen => 0 }, $class;
}

# Takes a piece of a page; returns whether more is wanted.
sub parse {
    my ( $self, $piece ) = @_;
    $self->{text} .= $piece;
    for ( $self->{text} ) {
        pos = 0;
        my $upto = 0;
      TAG:
        while (/\G[^<]*</gc) {
            my $start = pos() - 1;
            if (/\G!--/gc) { last TAG if !/\G.*?-->/gcs }
            elsif (/\G[!?]/gc) { last TAG if !/\G[^>]*>/gc }
            elsif (/\G(script|style|noscript)\b[^>]*>/gci) { my $name = $1; last TAG if !/\G.*?<\/$name\s*>/gcis }
            elsif (/\Gtitle\b[^>]*>/gci) { last TAG if !/\G(.*?)<\/title\s*>/gcis; $self->_title($1) }
            elsif (/\G\/(?:head|title)\s*>/gci) { return 0 if $& =~ /head/i }
            elsif (/\G(\/?[a-z][a-z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gci) {
                my ( $name, $attributes ) = ( lc $1, $2 );
                if    ( $name =~ /\A(?:meta|base|link)\z/ )                        { $self->_tag( $name, $attributes ) }
                elsif ( $name !~ /\A(?:html|head|isindex|object|template|bgsound)\z/ ) { return 0 }
            }
            elsif ( length() - $start > 4096 ) { return 0 }
            else                              { last TAG }
            $upto = pos;
        }
        $self->{seen} += $upto;
        substr $_, 0, $upto, '';
        return $self->{seen} + length() < $MOST;
    }
    return 0;
}

# As bytes; what an entity stands for becomes UTF-8.
sub _decoded {
    my ($text) = @_;
    return $text if $text !~ /&/;
    require HTML::Entities;
    $text =~ s/(&(?:#\w+|\w+);?)/my $char = HTML::Entities::decode($1); utf8::encode($char) if $char ne $1; $char/ge;
    return $text;
}

sub _title {
    my ( $self, $text ) = @_;
    s/\s+/ /g, s/\A //, s/ \z// for $text;
    $self->{headers}->push_header( Title => _decoded($text) ) if length $text;
    return;
}

sub _tag {
    my ( $self, $name, $text ) = @_;
    my %is;
    while ( $text =~ /([^\s=\/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g ) {
        my ( $key, $value ) = ( lc $1, ( grep { defined } $2, $3, $4, '' )[0] );
        $value =~ s/[\r\n]+/ /g;
        $is{$key} = _decoded($value) if !exists $is{$key};
    }
    my $headers = $self->{headers};
    if ( $name eq 'base' ) { $headers->push_header( 'Content-Base' => $is{href} ) if defined $is{href}; return }
    if ( $name eq 'link' ) {
        return if !defined $is{href};
        my $link = "<$is{href}>";
        for my $key ( sort grep { $_ ne 'href' && $_ ne '/' } keys %is ) { ( my $value = $is{$key} ) =~ s/(["\\])/\\$1/g; $link .= qq(; $key="$value") }
        $headers->push_header( Link => $link );
        return;
    }
    if ( defined $is{charset} ) { $headers->push_header( 'X-Meta-Charset' => $is{charset} ) }
    return if !defined $is{content};
    my $field = $is{'http-equiv'};
    if ( !defined $field || !length $field ) {
        return if !defined $is{name} || !length $is{name};
        $field = "X-Meta-\u$is{name}";
    }
    $field =~ s/[^A-Za-z0-9_.\-]+/-/g;
    $headers->push_header( $field => $is{content} ) if $field =~ /\w/;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Head - the head of a page as fields of an answer

=head1 SYNOPSIS

    my $head = CPANBridge::Compat::HTTP::Head->new( $response->headers );
    $head->parse($piece) or last;

=head1 DESCRIPTION

Used by L<LWP::UserAgent>'s replacement for C<parse_head>. The title becomes C<Title>, C<base> becomes C<Content-Base>, C<link> becomes C<Link>, C<meta> becomes what its
C<http-equiv> names, or C<X-Meta-...>. Bytes stay bytes; entities become UTF-8.

=head1 METHODS

=head2 new

Takes the header to fill.

=head2 parse

Takes the next piece of a page. Returns false when the head has ended, or 64 KiB have been seen.

=cut
