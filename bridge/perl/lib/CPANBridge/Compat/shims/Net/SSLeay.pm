package Net::SSLeay;

# Stands in for the few functions of Net::SSLeay that programs and core modules call beside IO::Socket::SSL.
use 5.014;
use strict;
use warnings;

use Carp ();
use Exporter ();

our $VERSION = '1.92';
our @ISA       = ('Exporter');
our $trace     = 0;

$Carp::Internal{ (__PACKAGE__) }++;

my %CONSTANT = (
    OPENSSL_VERSION_NUMBER     => 0x30000000,
    SSLeay                     => 0x30000000,
    MODE_AUTO_RETRY            => 0x04,
    MODE_ENABLE_PARTIAL_WRITE  => 0x01,
    VERIFY_NONE                => 0,
    VERIFY_PEER                => 1,
    ERROR_NONE                 => 0,
    ERROR_SSL                  => 1,
    ERROR_WANT_READ            => 2,
    ERROR_WANT_WRITE           => 3,
    OP_ALL                     => 0,
    OP_NO_SSLv2                => 0,
    OP_NO_SSLv3                => 0x02000000,
    GEN_DNS                    => 2,
    GEN_IPADD                  => 7,
    ERR_get_error              => 0,
);
for my $name ( keys %CONSTANT ) {
    my $value = $CONSTANT{$name};
    no strict 'refs';
    *$name = sub () {$value};
}

# Preparations that are the daemon's affair.
for my $name (qw(load_error_strings SSLeay_add_ssl_algorithms OpenSSL_add_all_digests randomize library_init initialize CTX_set_mode set_mode)) {
    no strict 'refs';
    *$name = sub { return 1 };
}

sub SSLeay_version { return 'OpenSSL 3 (in the daemon of CPANBridge)' }

# Of certificates, which are objects of ours.
sub X509_get_subject_name     { return [ $_[0], 'subject' ] }
sub X509_get_issuer_name      { return [ $_[0], 'issuer' ] }
sub X509_NAME_oneline         { my ( $certificate, $which ) = @{ $_[0] }; return $certificate->one_line($which) }
sub X509_get_subjectAltNames  { return map {@$_} $_[0]->alt_names }
sub X509_get_notBefore        { return $_[0]->not_before }
sub X509_get_notAfter         { return $_[0]->not_after }
sub X509_get_serialNumber     { return $_[0]->serial }
sub P_ASN1_INTEGER_get_hex    { return uc $_[0] }
sub PEM_get_string_X509       { return $_[0]->pem }
sub X509_free                 { return }
sub X509_get_fingerprint      { my ( $certificate, $algorithm ) = @_; return join ':', map { sprintf '%02X', ord } split //, $certificate->fingerprint($algorithm) }
sub P_ASN1_TIME_get_isotime   { my @t = gmtime $_[0]; return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ] }
sub P_ASN1_TIME_put2string    { my @t = gmtime $_[0]; return sprintf '%s %2d %02d:%02d:%02d %d GMT', (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[ $t[4] ], @t[ 3, 2, 1, 0 ], $t[5] + 1900 }

sub X509_NAME_get_text_by_NID {
    my ( $certificate, $which ) = @{ $_[0] };
    return $_[1] == 13 ? $certificate->common_name : undef;
}

sub AUTOLOAD {
    our $AUTOLOAD;
    ( my $name = $AUTOLOAD ) =~ s/.*:://;
    Carp::croak("Net::SSLeay::$name is not covered by CPANBridge: it has no OpenSSL of its own");
}

sub DESTROY { return }

1;

__END__

=encoding utf8

=head1 NAME

Net::SSLeay - stands in for Net::SSLeay where our IO::Socket::SSL is used

=head1 DESCRIPTION

L<HTTP::Tiny> and other modules that use L<IO::Socket::SSL> ask for Net::SSLeay too. This module has what they call.

=head1 WHAT IS COVERED

The version, C<OPENSSL_VERSION_NUMBER>, C<SSLeay_version>, a few constants, functions that prepare OpenSSL (they do
nothing), and of certificates that C<peer_certificate> returned: C<X509_get_subject_name>, C<X509_get_issuer_name>,
C<X509_NAME_oneline>, C<X509_NAME_get_text_by_NID> for the common name, C<X509_get_subjectAltNames>,
C<X509_get_notBefore>, C<X509_get_notAfter>, C<P_ASN1_TIME_get_isotime>, C<P_ASN1_TIME_put2string>,
C<X509_get_serialNumber>, C<P_ASN1_INTEGER_get_hex>, C<X509_get_fingerprint>, C<PEM_get_string_X509>.

=head1 WHAT IS NOT COVERED

Everything else croaks: there is no OpenSSL in the program.

=cut
