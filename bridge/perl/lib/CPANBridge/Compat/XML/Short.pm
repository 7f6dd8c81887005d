package CPANBridge::Compat::XML::Short;

# Events of short documents, found here: a round trip to the daemon takes longer than a few tags do. What is told is what
# expat tells, to the byte. Whatever is less than plain - a DTD, another encoding, carriage returns, names that are not
# ASCII, and above all anything that may be an error - is left to expat, which says what is wrong in its own words.
use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

# Bytes of the longest document that is read here. Beyond some hundred tags expat is quicker, in spite of the way to it.
our $LONGEST = 4096;

# UTF-8 that Perl takes and XML does not: halves of characters, U+FFFE, U+FFFF, and what is beyond Unicode.
my $NOT_UTF8 = qr/\xed[\xa0-\xbf]|\xef\xbf[\xbe\xbf]|\xf4[\x90-\xbf]|[\xf5-\xff]/;

my $DECLARATION = qr/<\?xml[ \t\n]+version=(["'])1\.0\g1(?:[ \t\n]+encoding=(["'])([uU][tT][fF]-8)\g2)?(?:[ \t\n]+standalone=(["'])(yes|no)\g4)?[ \t\n]*\?>/;
my $NAME        = qr/[A-Za-z_:][A-Za-z0-9_:.\-]*+/;

# Text, and what comes after it: a tag as its kind, its name and the rest of it, or a comment, an instruction or a section
# in the same three places. A value that holds ">" makes no sense here, and so goes to expat.
my $TOKEN = qr/\G([^<]*+)<(?|(\/?+)($NAME)([^<>]*+)>|(!)--(.*?)()-->|(\?)($NAME)(.*?)\?>|(!\[)CDATA\[([^\]]*+)()\]\]>)/s;

my $ATTRIBUTE = qr/\G[ \t\n]++($NAME)[ \t\n]*+=[ \t\n]*+(?|"([^"]*+)"|'([^']*+)')/;
my $REFERENCE = qr/&(?:(lt|gt|amp|quot|apos)|\#([0-9]{1,7})|\#x([[:xdigit:]]{1,6}));/;

my %CHARACTER = ( lt => '<', gt => '>', amp => '&', quot => '"', apos => q{'} );

# The bytes that a reference stands for; nothing where it cannot stand for anything.
sub _character {
    my ( $name, $decimal, $hexadecimal ) = @_;
    return $CHARACTER{$name} if defined $name;
    my $code = defined $decimal ? 0 + $decimal : hex $hexadecimal;
    return if $code < 32 ? $code != 9 && $code != 10 && $code != 13 : $code > 0xd7ff && $code < 0xe000 || $code == 0xfffe || $code == 0xffff || $code > 0x10ffff;
    my $character = chr $code;
    utf8::encode($character);
    return $character;
}

# Replaces the references in a value, and tells whether all of them could be.
sub _unescape {
    my $good = 1;
    $_[0] =~ s/&([^;]*;)?/my $character = defined $1 && "&$1" =~ m{\A$REFERENCE\z} ? _character( $1, $2, $3 ) : undef; defined $character ? $character : do { undef $good; '' }/ge;
    return $good;
}

# What the daemon's function feed answers to a whole document in bytes, but that texts are an array, and attributes one
# therein; nothing for a document that is not as plain as that. With $declares the XML declaration is an event of its own.
sub events {
    my ( $bytes, $declares ) = @_;
    return if $bytes =~ tr/\0-\x08\x0b-\x1f//;    # no characters of XML, or ones that change as they are read
    my $is_ascii = $bytes !~ tr/\x80-\xff//;
    if ( !$is_ascii ) {
        my $copy = $bytes;
        return if $bytes =~ $NOT_UTF8 || !utf8::decode($copy);
    }
    $is_ascii = 0 if index( $bytes, '&#' ) >= 0;
    my $has_brackets = index( $bytes, ']]>' ) >= 0;
    my ( $kinds, $place, @places, @texts, @others, @open ) = ( '', 0 );
    if ( $bytes =~ /\A$DECLARATION/ ) {
        push @places, 0;
        $place = $+[0];
        if   ($declares) { $kinds = 'X'; push @others, [ 'XMLDecl', '1.0', $3, defined $5 ? $5 eq 'yes' ? 1 : 0 : -1 ] }
        else             { $kinds = 'D'; push @texts, substr $bytes, 0, $place }
        pos($bytes) = $place;
    }
    my @tokens = $bytes =~ /$TOKEN/gc or return;
    $bytes =~ /\G[ \t\n]*\z/g or return;
    my $tail = substr $bytes, $-[0];
    my ( $next, $has_root ) = ( 0, 0 );
    while (1) {
        my ( $text, $kind, $name, $rest ) = $next < @tokens ? @tokens[ $next .. $next + 3 ] : $tail;

        # Each line's end and each reference is an event of its own; outside of the root there is white space alone, which
        # is for the default handler.
        if ( !length $text ) { }
        elsif ( !@open ) {
            return if $text =~ /[^ \t\n]/;
            $kinds .= 'D';
            push @places, $place;
            push @texts,  $text;
            $place += length $text;
        }
        elsif ( $has_brackets && index( $text, ']]>' ) >= 0 ) { return }
        elsif ( !( my $marks = $text =~ tr/&\n// ) || $text eq "\n" ) {
            $kinds .= 'C';
            push @places, $place;
            push @texts,  $text;
            $place += length $text;
        }
        elsif ( $marks == 1 && ord $text == 10 ) {    # a line's end and what the next one begins with
            $kinds .= 'CC';
            push @places, $place, $place + 1;
            push @texts, "\n", substr $text, 1;
            $place += length $text;
        }
        else {
            for my $part ( split /(\n|&[^;]*;?)/, $text ) {
                next if !length $part;
                $kinds .= 'C';
                push @places, $place;
                $place += length $part;
                if ( ord $part == 38 ) { return if !_unescape($part) }    # "&"
                push @texts, $part;
            }
        }
        last if $next >= @tokens;
        $next += 4;
        push @places, $place;
        if ( $kind eq '' ) {
            return if !@open && $has_root++;
            push @texts, $name;
            $place += 2 + length($name) + length $rest;
            if ( $rest eq '' ) {
                $kinds .= 'S';
                push @open, $name;
                next;
            }
            my @attributes = $rest =~ /$ATTRIBUTE/gc;
            my $is_empty = $rest =~ m{\G[ \t\n]*(/?)\z} ? length $1 : return;
            if ( !@attributes ) { $kinds .= 'S' }
            else {
                if ( @attributes > 2 ) {
                    my %given = @attributes;
                    return if 2 * keys %given != @attributes;
                }
                if ( $rest =~ tr/&\t\n// ) {
                    for ( my $at = 1 ; $at < @attributes ; $at += 2 ) {
                        $attributes[$at] =~ tr/\t\n/ /;
                        return if !_unescape( $attributes[$at] );
                    }
                }
                $kinds .= 'A';
                push @texts, \@attributes;
            }
            if ($is_empty) {
                $kinds .= 'E';
                push @places, $place;
                push @texts,  $name;
            }
            else { push @open, $name }
        }
        elsif ( $kind eq '/' ) {
            return if !@open || $name ne pop @open || $rest ne '' && $rest =~ /[^ \t\n]/;
            $kinds .= 'E';
            push @texts, $name;
            $place += 3 + length($name) + length $rest;
        }
        elsif ( $kind eq '![' ) {
            return if !@open;
            $kinds .= '[';
            $place += 9;
            for my $part ( split /(\n)/, $name ) {
                next if !length $part;
                $kinds .= 'C';
                push @texts,  $part;
                push @places, $place;
                $place += length $part;
            }
            $kinds .= ']';
            push @places, $place;
            $place += 3;
        }
        elsif ( $kind eq '!' ) {
            return if index( $name, '--' ) >= 0 || $name =~ /-\z/;
            $kinds .= 'M';
            push @texts, $name;
            $place += 7 + length $name;
        }
        else {
            return if lc $name eq 'xml' || $rest !~ /\A(?:[ \t\n]+|\z)/;
            $kinds .= 'P';
            push @texts, $name . "\x01" . substr $rest, $+[0];
            $place += 4 + length($name) + length $rest;
        }
    }
    return if @open || !$has_root;
    if ( !$is_ascii ) {
        for my $text (@texts) { utf8::decode($_) for ref $text ? @$text : $text }
    }
    return { kinds => $kinds, start => 0, places => pack( 'l*', @places ), texts => \@texts, others => \@others, end => $place };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::Short - reads short XML documents without the daemon

=head1 DESCRIPTION

Used by our L<XML::Parser::Expat>; programs have no need of it. A document of some tags is read in less time here than a
message to the daemon and back takes. Only what is plain is: UTF-8 without a DTD and carriage returns, with names in ASCII.
All else, and all that is not well-formed, is for the daemon.

=head1 FUNCTIONS

=head2 events

    my $answer = events( $bytes, $tells_declaration );

The events of a whole document, in the form of the answers of the daemon's function C<xml.feed>, but that C<texts> is an
array, in which the attributes of an element are one; nothing where the daemon must read the document. An XML declaration
is an event of its own if C<$tells_declaration> is true, and else text for the default handler.

=head1 VARIABLES

=head2 $LONGEST

The length in bytes up to which XML::Parser has documents read here.

=cut
