package CPANBridge::Compat::TLS::Key;

# A private key as the text that it is; nothing is computed with it here.
use 5.014;
use strict;
use warnings;

use MIME::Base64 ();

our $VERSION = '0.1.0';

my $BLOCK = qr/-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?-----END \g{-1}-----/s;

sub new { my ( $class, $pem ) = @_; return bless { pem => $pem }, $class }

sub from_pem {
    my ( $class, $text ) = @_;
    my ($pem) = $text =~ /($BLOCK)/ or die "there is no private key in it\n";
    return $class->new("$pem\n");
}

sub pem { return $_[0]{pem} }

# What is in a key's file, as PEM. DER is told by what follows the version: an algorithm, a number, or the key's bytes.
sub as_pem {
    my ( $content, $what ) = @_;
    return $content if $content =~ /-----BEGIN /;
    my ( $sequence, $second ) = $content =~ /\A(\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...))\x02\x01[\x00-\x03](.)/s
      or die "$what: neither PEM nor DER\n";
    my $kind = { "\x30" => 'PRIVATE KEY', "\x02" => 'RSA PRIVATE KEY', "\x04" => 'EC PRIVATE KEY' }->{$second} or die "$what: neither PEM nor DER\n";
    return "-----BEGIN $kind-----\n" . MIME::Base64::encode_base64($content) . "-----END $kind-----\n";
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Key - a private key

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL> and L<IO::Socket::SSL::Utils> where the originals have a key of OpenSSL's.

=head1 METHODS

=head2 new

    my $key = CPANBridge::Compat::TLS::Key->new($pem);

=head2 from_pem

    my $key = CPANBridge::Compat::TLS::Key->from_pem($text);

Takes the first key in a text; dies if there is none.

=head2 pem

=head1 FUNCTIONS

=head2 as_pem

    my $pem = CPANBridge::Compat::TLS::Key::as_pem( $content, $what );

Takes PEM or DER; dies with a sentence that begins with C<$what>.

=cut
