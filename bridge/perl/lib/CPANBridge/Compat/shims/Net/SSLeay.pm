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
    VERIFY_FAIL_IF_NO_PEER_CERT => 2,
    VERIFY_CLIENT_ONCE         => 4,
    X509_V_FLAG_PARTIAL_CHAIN  => 0x80000,
    X509_V_FLAG_CRL_CHECK      => 0x4,
    NID_commonName             => 13,
    SENT_SHUTDOWN              => 1,
    RECEIVED_SHUTDOWN          => 2,
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

sub X509_get_version          { return $_[0]->version }
sub X509_digest               { my ( $certificate, $algorithm ) = @_; return $certificate->fingerprint($algorithm) }
sub X509_pubkey_digest        { my ( $certificate, $algorithm ) = @_; return $certificate->key_digest($algorithm) }
sub X509_get_ext_count        { my @found = $_[0]->extensions; return scalar @found }
sub P_X509_get_crl_distribution_points { return $_[0]->crl_uris }
sub P_X509_get_ocsp_uri       { my @found = $_[0]->ocsp_uris; return wantarray ? @found : $found[0] }
sub P_X509_get_key_usage      { return $_[0]->key_usage }
sub P_X509_get_ext_key_usage  { my ( $certificate, $form ) = @_; return map { $form && $form == 2 ? $_->{sn} : $form && $form == 3 ? $_->{ln} : $_->{oid} } $certificate->extended_key_usage }
sub P_X509_get_signature_alg  { return $_[0]->signature_algorithm }
sub EVP_get_digestbyname      { my ($name) = @_; return lc $name =~ /\A(?:md5|sha-?(?:1|224|256|384|512))\z/ ? lc $name : undef }

# Of connections, which is what IO::Socket::SSL's _get_ssl_object returns.
sub get_peer_certificate { return $_[0]{certificates}[0] }
sub get_peer_cert_chain  { return @{ $_[0]{certificates} } }
sub get_certificate      { my $socket = $_[0]{socket}; return $socket ? $socket->sock_certificate : undef }
sub session_reused       { return $_[0]{reused} ? 1 : 0 }
sub get_cipher           { return $_[0]{cipher} }
sub get_version          { return $_[0]{version} }
sub get_servername       { my $socket = $_[0]{socket}; return $socket ? $socket->get_servername : undef }
sub pending              { my $socket = $_[0]{socket}; return $socket ? $socket->pending : 0 }
sub version              { return { 'TLSv1' => 0x0301, 'TLSv1.1' => 0x0302, 'TLSv1.2' => 0x0303, 'TLSv1.3' => 0x0304 }->{ $_[0]{version} } }

# Of what SSL_verify_callback is given.
sub X509_STORE_CTX_get_current_cert { return $_[0]{certificate} }
sub X509_STORE_CTX_get_error        { return $_[0]{error} }
sub X509_STORE_CTX_get_error_depth  { return $_[0]{depth} }

# Which versions of TLS there are is found out by many programs from these, which make no contexts here.
for my $version (qw(CTX_tlsv1_new CTX_tlsv1_1_new CTX_tlsv1_2_new CTX_v23_new CTX_new)) {
    no strict 'refs';
    *$version = sub { Carp::croak("Net::SSLeay::$version is not covered by CPANBridge: it has no OpenSSL of its own") };
}

# Constants by name, 0 for those of other libraries than OpenSSL.
sub constant { my ($name) = @_; return exists $CONSTANT{$name} ? $CONSTANT{$name} : 0 }

sub RAND_bytes {
    my $wanted = $_[1];
    open my $random, '<:raw', '/dev/urandom' or return 0;
    return defined read( $random, $_[0], $wanted ) && length $_[0] == $wanted ? 1 : 0;
}

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
C<X509_get_serialNumber>, C<P_ASN1_INTEGER_get_hex>, C<X509_get_fingerprint>, C<X509_digest>, C<X509_pubkey_digest>,
C<EVP_get_digestbyname>, C<X509_get_version>, C<P_X509_get_crl_distribution_points>, C<P_X509_get_ocsp_uri>, C<P_X509_get_key_usage>,
C<P_X509_get_ext_key_usage>, C<P_X509_get_signature_alg>, C<PEM_get_string_X509>.

Of connections that C<_get_ssl_object> of our L<IO::Socket::SSL> returned: C<get_peer_certificate>, C<get_peer_cert_chain>,
C<get_certificate>, C<session_reused>, C<get_cipher>, C<get_version>, C<version>, C<get_servername>, C<pending>. Of what
C<SSL_verify_callback> is given: C<X509_STORE_CTX_get_current_cert>, C<X509_STORE_CTX_get_error>, C<X509_STORE_CTX_get_error_depth>.
Besides C<RAND_bytes>.

=head1 WHAT IS NOT COVERED

Everything else croaks: there is no OpenSSL in the program.

=cut
