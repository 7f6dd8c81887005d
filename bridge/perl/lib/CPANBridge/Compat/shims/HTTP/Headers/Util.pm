package HTTP::Headers::Util;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION   = '6.44';
our @EXPORT_OK = qw(split_header_words _split_header_words join_header_words);

sub split_header_words {
    my @lists = _split_header_words(@_);
    for my $list (@lists) {
        for ( my $i = 0 ; $i < @$list ; $i += 2 ) { $list->[$i] = lc $list->[$i] }
    }
    return wantarray ? @lists : $lists[0];
}

sub _split_header_words {
    my @values = @_;
    my @lists;
    for my $text (@values) {
        my @words;
        next if !defined $text;
        pos($text) = 0;
        while ( pos($text) < length $text ) {
            if ( $text =~ /\G\s*(=*[^\s=;,]+)/gc ) {
                my $name = $1;
                my $value;
                if ( $text =~ /\G\s*=\s*"((?:[^"\\]|\\.)*)"/gcs ) { ( $value = $1 ) =~ s/\\(.)/$1/gs }
                elsif ( $text =~ /\G\s*=\s*([^;,\s]*)/gc ) { ( $value = $1 ) =~ s/\\(.)/$1/gs }
                push @words, $name, $value;
            }
            elsif ( $text =~ /\G\s*,/gc ) { push @lists, [@words] if @words; @words = () }
            elsif ( $text =~ /\G(?:\s*;|\s+|=+|.)/gcs ) { }
        }
        push @lists, [@words] if @words;
    }
    return wantarray ? @lists : $lists[0];
}

sub join_header_words {
    my @lists = @_ && !ref $_[0] ? [@_] : @_;
    my @texts;
    for my $list (@lists) {
        my @pairs = @$list;
        my @parts;
        while ( my ( $name, $value ) = splice @pairs, 0, 2 ) {
            if ( defined $value && ( $value =~ /[\x00-\x20()<>\@,;:\\"\/\[\]?={}\x7F-\x{10FFFF}]/ || !length $value ) ) {
                $value =~ s/(["\\])/\\$1/g;
                $value = qq("$value");
            }
            push @parts, defined $value ? "$name=$value" : $name;
        }
        push @texts, join '; ', @parts if @parts;
    }
    return join ', ', @texts;
}

1;

__END__

=head1 NAME

HTTP::Headers::Util - the words of a header field

=head1 SYNOPSIS

    use HTTP::Headers::Util qw(split_header_words join_header_words);

    my ($words) = split_header_words('text/html; charset="iso-8859-1"');    # [ 'text/html' => undef, charset => 'iso-8859-1' ]

=head1 COVERED

All of it. Part of L<HTTP::Headers>.

=cut
