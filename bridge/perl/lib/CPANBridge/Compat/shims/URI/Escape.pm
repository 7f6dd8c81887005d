package URI::Escape;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION   = '5.17';
our @EXPORT    = qw(uri_escape uri_unescape uri_escape_utf8);
our @EXPORT_OK = qw(%escapes);

our %escapes = map { chr $_ => sprintf '%%%02X', $_ } 0 .. 255;

my %pattern_of;

sub escape_char {
    my ($char) = @_;
    utf8::encode($char) if utf8::is_utf8($char);
    return join '', @escapes{ split //, $char };
}

sub uri_escape {
    my ( $text, $unsafe ) = @_;
    return undef if !defined $text;    ## no critic (ProhibitExplicitReturnUndef)
    if ( defined $unsafe ) {
        my $pattern = ref $unsafe eq 'Regexp' ? $unsafe : $pattern_of{$unsafe} ||= _class($unsafe);
        $text =~ s/($pattern)/join '', map { _escaped($_) } split m{}, $1/ge;
        return $text;
    }
    $text =~ s/([^A-Za-z0-9\-\._~])/defined $escapes{$1} ? $escapes{$1} : _escaped($1)/ge;
    return $text;
}

sub uri_escape_utf8 {
    my ( $text, @unsafe ) = @_;
    return undef if !defined $text;    ## no critic (ProhibitExplicitReturnUndef)
    utf8::encode($text);
    return uri_escape( $text, @unsafe );
}

sub _escaped {
    my ($char) = @_;
    return $escapes{$char} if defined $escapes{$char};
    require Carp;
    Carp::croak( sprintf "Can't escape \\x{%04X}, try uri_escape_utf8() instead", ord $char );
}

# What stands between the brackets of a class of characters. A bracket means itself, unless it belongs to [:name:].
sub _class {
    my ($inside) = @_;
    $inside =~ s/(\\.|\[:\^?\w+:\])|([\[\]]|\\\z)/defined $1 ? $1 : "\\$2"/ges;
    return qr/[$inside]/;
}

sub uri_unescape {
    my @texts = @_;
    for (@texts) { s/%([0-9A-Fa-f]{2})/chr hex $1/ge if defined }
    return wantarray ? @texts : $texts[0];
}

1;

__END__

=head1 NAME

URI::Escape - escapes and unescapes texts for addresses

=head1 SYNOPSIS

    use URI::Escape;

    my $safe = uri_escape('10% is enough');                 # 10%25%20is%20enough
    my $more = uri_escape( 'AZaz', 'a-z' );                 # AZ%61%7A
    my $utf8 = uri_escape_utf8("\x{20ac} 10");              # %E2%82%AC%2010
    my $text = uri_unescape($safe);

=head1 COVERED

C<uri_escape>, C<uri_escape_utf8>, C<uri_unescape>, C<escape_char> and C<%escapes>, with classes of characters and regular expressions for what is to
be escaped. Part of L<URI>.

=cut
