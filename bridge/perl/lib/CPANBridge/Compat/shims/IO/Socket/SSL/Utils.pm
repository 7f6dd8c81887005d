package IO::Socket::SSL::Utils;

# Our own IO::Socket::SSL::Utils: what is text is done here, keys and certificates are made by the daemon of CPANBridge.
use 5.014;
use strict;
use warnings;

use Carp ();
use Exporter ();

use CPANBridge::Compat::TLS::Certificate;
use CPANBridge::Compat::TLS::Credentials;
use CPANBridge::Compat::TLS::Daemon;
use CPANBridge::Compat::TLS::Key;

our $VERSION = '2.015';
our @ISA     = ('Exporter');
our @EXPORT  = qw(
  PEM_file2cert PEM_file2certs PEM_string2cert PEM_cert2file PEM_certs2file PEM_cert2string
  PEM_file2key PEM_string2key PEM_key2file PEM_key2string
  KEY_free CERT_free
  KEY_create_rsa KEY_create_ec CERT_asHash CERT_create
);
our @EXPORT_OK = qw(KEY_create_ec);

$Carp::Internal{ (__PACKAGE__) }++;

my $YEAR = 365 * 86400;

# --- between text, files and objects ---

sub PEM_string2cert { my ($text) = @_; return _try( sub { CPANBridge::Compat::TLS::Certificate->from_pem($text) } ) }
sub PEM_cert2string { my ($certificate) = @_; return $certificate->pem }
sub PEM_string2key  { my ($text) = @_; return _try( sub { CPANBridge::Compat::TLS::Key->from_pem($text) } ) }
sub PEM_key2string  { my ($key) = @_; return $key->pem }

sub PEM_file2cert { my ($file) = @_; return _try( sub { CPANBridge::Compat::TLS::Certificate->from_pem( _content($file) ) }, $file ) }
sub PEM_file2key  { my ($file) = @_; return _try( sub { CPANBridge::Compat::TLS::Key->from_pem( _content($file) ) }, $file ) }

sub PEM_file2certs {
    my ($file) = @_;
    my @found = _try( sub { CPANBridge::Compat::TLS::Certificate->all_from_pem( _content($file) ) } );
    Carp::croak("$file: there is no certificate in it") if !@found;
    return @found;
}

sub PEM_cert2file { my ( $certificate, $file ) = @_; return PEM_certs2file( $file, $certificate ) }

sub PEM_certs2file {
    my ( $file, @certificates ) = @_;
    return _write( $file, join( '', map { $_->pem } @certificates ), 0666 );
}

# A new file is for nobody else to read.
sub PEM_key2file { my ( $key, $file ) = @_; return _write( $file, $key->pem, 0600 ) }

sub CERT_free { return }
sub KEY_free  { return }

sub _content { my ($file) = @_; return CPANBridge::Compat::TLS::Credentials::content( $file, 'the file' ) }

sub _write {
    my ( $file, $text, $mode ) = @_;
    require Fcntl;
    sysopen my $out, $file, Fcntl::O_WRONLY() | Fcntl::O_CREAT() | Fcntl::O_TRUNC(), $mode or Carp::croak("cannot write to $file: $!");
    print {$out} $text and close $out or Carp::croak("cannot write to $file: $!");
    return 1;
}

sub _try {
    my ( $code, $file ) = @_;
    my @found = eval { local $SIG{__DIE__}; $code->() };
    if ( !@found && $@ ) {
        chomp( my $why = $@ );
        Carp::croak( defined $file && index( $why, $file ) < 0 ? "$file: $why" : $why );
    }
    return wantarray ? @found : $found[0];
}

# --- made by the daemon ---

sub KEY_create_rsa {
    my ($bits) = @_;
    return _key( kind => 'rsa', bits => $bits ? 0 + $bits : undef );
}

sub KEY_create_ec {
    my ($curve) = @_;
    return _key( kind => 'ec', curve => $curve );
}

sub _key {
    my %wanted = @_;
    return _try( sub { CPANBridge::Compat::TLS::Key->new( CPANBridge::Compat::TLS::Daemon::call( 'make_key', \%wanted )->{key} ) } );
}

# What each purpose of the original stands for: usages of the key, extended ones, and whether it is an authority.
my @SIGN = qw(keyCertSign cRLSign);
my %PURPOSE = (
    server  => { usage => [qw(digitalSignature keyEncipherment)], extended => ['serverAuth'] },
    client  => { usage => ['digitalSignature'], extended => ['clientAuth'] },
    email   => { usage => [qw(digitalSignature keyEncipherment)], extended => ['emailProtection'] },
    objsign => { usage => ['digitalSignature'], extended => ['codeSigning'] },
    ( map { $_ => { usage => \@SIGN, ca => 1 } } qw(ca sslca emailca objca) ),
    emailprotection => { extended => ['emailProtection'] },
    codesigning     => { extended => ['codeSigning'] },
    timestamping    => { extended => ['timeStamping'] },
    (
        map { lc $_ => { usage => [$_] } }
          qw(digitalSignature nonRepudiation keyEncipherment dataEncipherment keyAgreement keyCertSign cRLSign encipherOnly decipherOnly)
    ),
);

# Short names of attributes, as openssl.cnf and many scripts have them.
my %LONG = (
    CN => 'commonName', C => 'countryName', L => 'localityName', ST => 'stateOrProvinceName', O => 'organizationName',
    OU => 'organizationalUnitName', DC => 'domainComponent', UID => 'userId', GN => 'givenName', SN => 'surname',
);
my %KNOWN = map { $_ => 1 } qw(subject not_before not_after serial version CA purpose ext key issuer issuer_cert issuer_key digest subjectAltNames ignore_invalid_args);

sub CERT_create {
    my %args = @_ == 1 && ref $_[0] ? %{ $_[0] } : @_;
    for my $name ( sort keys %args ) { Carp::croak("CERT_create: there is no argument called $name") if !$KNOWN{$name} && !$args{ignore_invalid_args} }
    Carp::croak('CERT_create: extensions of openssl.cnf (ext) are not covered by CPANBridge')   if $args{ext} && @{ $args{ext} };
    Carp::croak('CERT_create: only version 2 (that is X.509 v3) is covered by CPANBridge') if defined $args{version} && $args{version} != 2;
    my ( $issuer, $issuer_key ) = $args{issuer} ? @{ $args{issuer} } : @args{qw(issuer_cert issuer_key)};
    my $key = $args{key} || KEY_create_rsa();
    my %purpose = _purposes( \%args );
    my $subject = $args{subject} || { organizationName => 'IO::Socket::SSL', commonName => 'IO::Socket::SSL Test' };
    my %wanted = (
        subject => [ map { my $name = $_; map { [ $LONG{$name} || $name, _text($_) ] } grep { defined && length } ref $subject->{$name} ? @{ $subject->{$name} } : $subject->{$name} } sort keys %$subject ],
        subject_alt_names => [ map { [ uc $_->[0], _text( $_->[1] ) ] } @{ $args{subjectAltNames} || [] } ],
        key        => $key->pem,
        not_before => int( defined $args{not_before} ? $args{not_before} : time ),
        not_after  => int( defined $args{not_after} ? $args{not_after} : time + $YEAR ),
        %purpose,
    );
    $wanted{serial} = "$args{serial}" if defined $args{serial};
    $wanted{digest} = lc $args{digest} =~ tr/-//dr if defined $args{digest};
    @wanted{qw(issuer_certificate issuer_key)} = ( $issuer->pem, $issuer_key->pem ) if $issuer;
    my $made = _try( sub { CPANBridge::Compat::TLS::Daemon::call( 'make_certificate', { certificate => \%wanted } ) } );
    my $certificate = CPANBridge::Compat::TLS::Certificate->from_pem( $made->{certificate} );
    return wantarray ? ( $certificate, $key ) : $certificate;
}

sub _text { my $text = "$_[0]"; return $text }

sub _purposes {
    my ($args) = @_;
    my $given = $args->{purpose};
    my @words =
        ref $given eq 'HASH'  ? map { ( $given->{$_} ? '' : '-' ) . $_ } sort keys %$given
      : ref $given eq 'ARRAY' ? @$given
      : defined $given        ? $given =~ /([+-]?\w+)/g
      :                         $args->{CA} ? qw(ca sslca emailca objca) : qw(server client);
    my ( %usage, %extended, $ca );
    for my $word (@words) {
        my ( $sign, $name ) = $word =~ /\A([+-]?)(\w+)\z/ or Carp::croak("CERT_create: $word is no purpose");
        my $purpose = $PURPOSE{ lc $name } or Carp::croak("CERT_create: there is no purpose called $name");
        my $value = $sign eq '-' ? 0 : 1;
        $usage{$_}    = $value for @{ $purpose->{usage}    || [] };
        $extended{$_} = $value for @{ $purpose->{extended} || [] };
        $ca           = $value if $purpose->{ca};
    }
    return (
        ca                 => $ca ? \1 : \0,
        key_usage          => [ grep { $usage{$_} } sort keys %usage ],
        extended_key_usage => [ grep { $extended{$_} } sort keys %extended ],
    );
}

# --- looking into certificates ---

sub CERT_asHash {
    my ( $certificate, $algorithm ) = @_;
    $algorithm = 'sha256' if !defined $algorithm;
    return _try(
        sub {
            my $digest = $certificate->fingerprint($algorithm);
            return {
                version             => $certificate->version,
                serial              => $certificate->serial_number,
                not_before          => $certificate->not_before,
                not_after           => $certificate->not_after,
                subject             => _names( $certificate->subject ),
                issuer              => _names( $certificate->issuer ),
                subjectAltNames     => _alternatives($certificate),
                crl_uri             => [ $certificate->crl_uris ],
                ocsp_uri            => [ $certificate->ocsp_uris ],
                keyusage            => [ $certificate->key_usage ],
                extkeyusage         => [ $certificate->extended_key_usage ],
                signature_alg       => $certificate->signature_algorithm,
                ext                 => [ $certificate->extensions ],
                "pubkey_digest_$algorithm" => $certificate->key_digest($algorithm),
                "x509_digest_$algorithm"   => $digest,
                "fingerprint_$algorithm"   => join( ':', map { sprintf '%02X', ord } split //, $digest ),
            };
        }
    );
}

sub _names {
    my ($pairs) = @_;
    my %long = ( %LONG, emailAddress => 'emailAddress' );
    my %found;
    for my $pair (@$pairs) { push @{ $found{ $long{ $pair->[0] } || $pair->[0] } }, $pair->[1] }
    return { map { $_ => @{ $found{$_} } > 1 ? $found{$_} : $found{$_}[0] } keys %found };
}

sub _alternatives {
    my ($certificate) = @_;
    my %kind = ( 1 => 'EMAIL', 2 => 'DNS', 6 => 'URI', 7 => 'IP' );
    return [ map { [ $kind{ $_->[0] }, $_->[0] == 7 ? _address( $_->[1] ) : $_->[1] ] } $certificate->alt_names ];
}

sub _address {
    my ($packed) = @_;
    require Socket;
    return length $packed == 4 ? Socket::inet_ntoa($packed) : Socket::inet_ntop( Socket::AF_INET6(), $packed );
}

1;

__END__

=encoding utf8

=head1 NAME

IO::Socket::SSL::Utils - read, write and make certificates and keys, through the daemon of CPANBridge

=head1 SYNOPSIS

    use IO::Socket::SSL::Utils;

    my ( $ca, $ca_key ) = CERT_create( CA => 1, subject => { commonName => 'my authority' } );
    my ( $certificate, $key ) = CERT_create(
        subject         => { commonName => 'www.example.org' },
        subjectAltNames => [ [ DNS => 'www.example.org' ], [ IP => '192.0.2.1' ] ],
        issuer          => [ $ca, $ca_key ],
    );
    PEM_cert2file( $certificate, 'www.pem' );
    PEM_key2file( $key, 'www.key' );
    print CERT_asHash( PEM_file2cert('www.pem') )->{fingerprint_sha256}, "\n";

=head1 DESCRIPTION

For tests, and for authorities of one's own, on a machine without the module from CPAN. The objects are those that our
L<IO::Socket::SSL> takes and returns (C<SSL_cert>, C<SSL_key>, C<SSL_ca>, C<peer_certificate>).

=head1 WHAT IS COVERED

=over 4

=item Text and files, without the daemon

C<PEM_file2cert>, C<PEM_file2certs>, C<PEM_string2cert>, C<PEM_cert2file>, C<PEM_certs2file>, C<PEM_cert2string>, C<PEM_file2key>,
C<PEM_string2key>, C<PEM_key2file>, C<PEM_key2string>, C<CERT_asHash>; C<CERT_free> and C<KEY_free>, which have nothing to do.

=item Keys and certificates, made by the daemon's module C<tls>

C<KEY_create_rsa>, C<KEY_create_ec>, and C<CERT_create> with C<subject>, C<subjectAltNames> (C<DNS>, C<IP>, C<EMAIL>, C<URI>), C<not_before>,
C<not_after>, C<serial>, C<CA>, C<purpose>, C<key>, C<issuer>, C<issuer_cert>, C<issuer_key>, C<digest>. The daemon must have Python's package
C<cryptography> (C<pip install 'cpanbridge[tls]'>); without it these functions croak and say so.

=back

=head1 WHAT IS NOT COVERED

=over 4

=item *

C<CERT_create> with C<ext>: extensions in the language of F<openssl.cnf>. It croaks.

=item *

Versions of X.509 below 3, and Netscape's types of certificates, which no program looks at any more.

=item *

Keys that are protected by a password are read and written as they are; no certificate can be made with one.

=back

=head1 DIFFERENCES

=over 4

=item *

C<PEM_key2file> makes a new file readable by its owner only.

=item *

The identifiers of the subject's and the issuer's key are put into each certificate, and C<basicConstraints> is critical.

=item *

RSA keys have 1024 to 8192 bits.

=item *

In what C<CERT_asHash> returns, C<ext> has the extensions' bytes in hexadecimal digits as C<data>, and no C<nid>.

=back

Keys that the daemon makes are sent to the program and not kept.

=cut
