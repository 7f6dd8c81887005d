package CPANBridge::Compat::HTTP::Charset;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

my @MARKS = (
    [ "\xEF\xBB\xBF",     'UTF-8' ],
    [ "\xFF\xFE\x00\x00", 'UTF-32LE' ],
    [ "\x00\x00\xFE\xFF", 'UTF-32BE' ],
    [ "\xFF\xFE",         'UTF-16LE' ],
    [ "\xFE\xFF",         'UTF-16BE' ],
);

# What the first character of a text tells that begins with ASCII.
my @NULLS = (
    [ qr/\A\x00\x00\x00[^\x00]/, 'UTF-32BE' ],
    [ qr/\A[^\x00]\x00\x00\x00/, 'UTF-32LE' ],
    [ qr/\A\x00[^\x00]/,         'UTF-16BE' ],
    [ qr/\A[^\x00]\x00/,         'UTF-16LE' ],
);

my $UTF8 = qr/[\x00-\x7F]|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEF][\x80-\xBF]{2}|\xF0[\x90-\xBF][\x80-\xBF]{2}
  |[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2}/x;

# Guesses from the bytes what they are written in; the kind is one of xml, html, json, text, or empty.
sub guess {
    my ( $ref, $kind ) = @_;
    for my $mark (@MARKS) {
        return $mark->[1] if substr( $$ref, 0, length $mark->[0] ) eq $mark->[0];
    }
    return undef if !length $kind;    ## no critic (ProhibitExplicitReturnUndef)
    if ( $kind eq 'xml' || $kind eq 'json' ) {
        for my $pair (@NULLS) { return $pair->[1] if $$ref =~ $pair->[0] }
        my $named = $kind eq 'xml' ? _declared($ref) : undef;
        return defined $named ? $named : 'UTF-8';
    }
    my $named = $kind eq 'html' ? _meta($ref) : undef;
    return $named if defined $named;
    return 'US-ASCII' if $$ref !~ /[^\x00-\x7F]/;
    return _is_utf8($ref) ? 'UTF-8' : 'ISO-8859-1';
}

sub _is_utf8 {
    my ($ref) = @_;
    my $copy = $$ref;
    return utf8::decode($copy) && $copy !~ /[^\x{0}-\x{10FFFF}]/;
}

sub _declared {
    my ($ref) = @_;
    my $start = substr $$ref, 0, 1024;
    return undef if $start !~ /\A\s*<\?xml\s[^>]*?\bencoding\s*=\s*(["'])([^"'>]*)\1/;    ## no critic (ProhibitExplicitReturnUndef)
    my $name = $2;
    s/\A\s+//, s/\s+\z// for $name;
    return length $name ? $name : undef;
}

# The first <meta> with a charset that stands in no comment and in no script.
sub _meta {
    my ($ref) = @_;
    for ( my $text = substr $$ref, 0, 65_536 ) {
        pos = 0;
        while (/\G[^<]*</gc) {
            if (/\G!--/gc) { /\G.*?-->/gcs or return undef; next }    ## no critic (ProhibitExplicitReturnUndef)
            if (/\G(script|style)\b/gci) { my $name = $1; /\G.*?<\/$name\b/gcis or return undef; next }    ## no critic (ProhibitExplicitReturnUndef)
            next if !/\Gmeta\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gci;
            my %attribute = _attributes($1);
            my $name = $attribute{charset};
            if ( !defined $name && defined $attribute{content} && $attribute{content} =~ /charset\s*=\s*["']?([^\s"';]+)/i ) { $name = $1 }
            next if !defined $name || !length $name;
            return 'UTF-8' if $name =~ /\Autf-?16/i;                  # it was read as ASCII, so this cannot be true
            return uc $name;
        }
    }
    return undef;    ## no critic (ProhibitExplicitReturnUndef)
}

sub _attributes {
    my ($text) = @_;
    my %found;
    while ( $text =~ /([^\s=\/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g ) {
        my ( $name, $value ) = ( lc $1, ( grep { defined } $2, $3, $4 )[0] );
        $found{$name} = $value if !exists $found{$name};
    }
    return %found;
}

# Decodes text. Dies where the charset is unknown, and in strict mode where the bytes are none of it.
sub decode_text {
    my ( $bytes, $charset, $strict ) = @_;
    require Encode;
    my $encoding = Encode::find_encoding($charset) or die "Unknown encoding '$charset'\n";
    my $text;
    if ($strict) {
        $text = eval { $encoding->decode( $bytes, Encode::FB_CROAK() | Encode::LEAVE_SRC() ) };
        die $@ if !defined $text;
    }
    else { $text = $encoding->decode( $bytes, Encode::FB_DEFAULT() | Encode::LEAVE_SRC() ) }
    return $text;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Charset - what text is written in, for the replacement of HTTP::Message

=head1 DESCRIPTION

Used by L<HTTP::Message>'s replacement; programs have no need of it.

=head1 FUNCTIONS

=head2 guess

    my $charset = guess( \$bytes, 'html' );

Looks at byte order marks, XML declarations, HTML's C<meta>, and at what the bytes can be at all. The second argument is C<xml>, C<html>,
C<json>, C<text>, or empty for what is no text.

=head2 decode_text

    my $characters = decode_text( $bytes, $charset, $strict );

Malformed bytes become U+FFFD, or are an error in strict mode. Dies with a sentence.

=cut
