package CPANBridge::Compat::TLS::Certificate;

# Reads X.509 certificates: enough to tell whose they are, for which names, and until when.
use 5.014;
use strict;
use warnings;

use Digest::SHA  ();
use MIME::Base64 ();
use Time::Local  ();

our $VERSION = '0.1.0';

# Names of attributes as OpenSSL writes them.
my %ATTRIBUTE = (
    '2.5.4.3'  => 'CN', '2.5.4.4'  => 'SN', '2.5.4.5'  => 'serialNumber', '2.5.4.6'  => 'C', '2.5.4.7' => 'L',
    '2.5.4.8'  => 'ST', '2.5.4.9'  => 'street', '2.5.4.10' => 'O', '2.5.4.11' => 'OU', '2.5.4.12' => 'title',
    '2.5.4.42' => 'GN', '2.5.4.15' => 'businessCategory', '2.5.4.17' => 'postalCode',
    '1.2.840.113549.1.9.1'       => 'emailAddress',
    '0.9.2342.19200300.100.1.25' => 'DC',
    '0.9.2342.19200300.100.1.1'  => 'UID',
);
# Extensions and what stands in them, likewise.
my %EXTENSION = (
    '2.5.29.14' => 'subjectKeyIdentifier', '2.5.29.15' => 'keyUsage', '2.5.29.17' => 'subjectAltName', '2.5.29.18' => 'issuerAltName',
    '2.5.29.19' => 'basicConstraints', '2.5.29.30' => 'nameConstraints', '2.5.29.31' => 'crlDistributionPoints',
    '2.5.29.32' => 'certificatePolicies', '2.5.29.35' => 'authorityKeyIdentifier', '2.5.29.37' => 'extendedKeyUsage',
    '1.3.6.1.5.5.7.1.1' => 'authorityInfoAccess', '2.16.840.1.113730.1.1' => 'nsCertType', '1.3.6.1.4.1.11129.2.4.2' => 'ct_precert_scts',
);
my %EXTENDED_USAGE = (
    '1.3.6.1.5.5.7.3.1' => [ 'serverAuth', 'TLS Web Server Authentication' ], '1.3.6.1.5.5.7.3.2' => [ 'clientAuth', 'TLS Web Client Authentication' ],
    '1.3.6.1.5.5.7.3.3' => [ 'codeSigning', 'Code Signing' ], '1.3.6.1.5.5.7.3.4' => [ 'emailProtection', 'E-mail Protection' ],
    '1.3.6.1.5.5.7.3.8' => [ 'timeStamping', 'Time Stamping' ], '1.3.6.1.5.5.7.3.9' => [ 'OCSPSigning', 'OCSP Signing' ],
);
my %SIGNATURE = (
    '1.2.840.113549.1.1.5'  => 'sha1WithRSAEncryption', '1.2.840.113549.1.1.11' => 'sha256WithRSAEncryption',
    '1.2.840.113549.1.1.12' => 'sha384WithRSAEncryption', '1.2.840.113549.1.1.13' => 'sha512WithRSAEncryption',
    '1.2.840.113549.1.1.14' => 'sha224WithRSAEncryption', '1.2.840.113549.1.1.10' => 'rsassaPss',
    '1.2.840.10045.4.1'   => 'ecdsa-with-SHA1', '1.2.840.10045.4.3.2' => 'ecdsa-with-SHA256', '1.2.840.10045.4.3.3' => 'ecdsa-with-SHA384',
    '1.2.840.10045.4.3.4' => 'ecdsa-with-SHA512', '1.3.101.112' => 'ED25519', '1.3.101.113' => 'ED448',
);
my @KEY_USAGE = qw(digitalSignature nonRepudiation keyEncipherment dataEncipherment keyAgreement keyCertSign cRLSign encipherOnly decipherOnly);
my ( $OCSP, $CRL_POINTS, $INFO_ACCESS, $ALT_NAMES, $USAGE, $EXTENDED ) =
  qw(1.3.6.1.5.5.7.48.1 2.5.29.31 1.3.6.1.5.5.7.1.1 2.5.29.17 2.5.29.15 2.5.29.37);

# What was read of certificates lately: a program mostly sees the same few again.
my %read;

sub new {
    my ( $class, $der ) = @_;
    return bless { der => $der }, $class;
}

sub from_pem {
    my ( $class, $pem ) = @_;
    my ($base64) = $pem =~ /-----BEGIN (?:X509 )?CERTIFICATE-----(.*?)-----END/s or die "there is no certificate in it\n";
    return $class->new( MIME::Base64::decode_base64($base64) );
}

# All certificates of a text.
sub all_from_pem {
    my ( $class, $pem ) = @_;
    return map { $class->new( MIME::Base64::decode_base64($_) ) } $pem =~ /-----BEGIN (?:X509 )?CERTIFICATE-----(.*?)-----END/gs;
}

# Whether bytes are a bag of keys and certificates: its version is the number 3, and no certificate begins so.
sub is_pkcs12 { my ($bytes) = @_; return $bytes =~ /\A\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...)\x02\x01\x03/s ? 1 : 0 }

sub der { return $_[0]{der} }

sub pem {
    my ($self) = @_;
    return "-----BEGIN CERTIFICATE-----\n" . join( '', map {"$_\n"} MIME::Base64::encode_base64( $self->{der}, '' ) =~ /(.{1,64})/g )
      . "-----END CERTIFICATE-----\n";
}

sub fingerprint { my ( $self, $algorithm ) = @_; return _digest( $algorithm, $self->{der} ) }

# Of the bits of the public key alone, as OpenSSL's X509_pubkey_digest has it.
sub key_digest {
    my ( $self, $algorithm ) = @_;
    my ( undef, $bits ) = _parts( _value( \$self->_fields->{key} ) );
    return _digest( $algorithm, substr $bits->[1], 1 );
}

sub _digest {
    my ( $algorithm, $data ) = @_;
    ( my $name = lc $algorithm ) =~ tr/-//d;
    if ( $name eq 'md5' ) { require Digest::MD5; return Digest::MD5::md5($data) }
    my $digest = $name =~ /\Asha[0-9]+\z/ && Digest::SHA->can($name) or die "the digest $algorithm is not known\n";
    return $digest->($data);
}

sub subject    { return $_[0]->_fields->{subject} }
sub issuer     { return $_[0]->_fields->{issuer} }
sub serial     { return $_[0]->_fields->{serial} }
sub not_before { return $_[0]->_fields->{not_before} }
sub not_after  { return $_[0]->_fields->{not_after} }
sub alt_names  { return @{ $_[0]->_fields->{alt_names} } }

# From 0; 2 stands for X.509 v3.
sub version { return $_[0]->_fields->{version} }

sub signature_algorithm { my $oid = $_[0]->_fields->{signature}; return $SIGNATURE{$oid} || $oid }

# In decimal digits as far as they are exact.
sub serial_number {
    my ($self) = @_;
    my $hex = $self->serial =~ s/\A(?:00)+(?=..)//r;
    return hex $hex if length $hex <= 14;
    require Math::BigInt;
    return Math::BigInt->from_hex($hex)->bstr;
}

sub extensions {
    my ($self) = @_;
    return map { { oid => $_->[0], sn => $EXTENSION{ $_->[0] } || $_->[0], critical => $_->[1], data => unpack( 'H*', $_->[2] ) } } @{ $self->_fields->{extensions} };
}

sub _extension {
    my ( $self, $oid ) = @_;
    my ($found) = grep { $_->[0] eq $oid } @{ $self->_fields->{extensions} };
    return $found ? _parts( $found->[2] ) : ();
}

sub key_usage {
    my ($self) = @_;
    my ($bits) = $self->_extension($USAGE) or return;
    my $text = unpack 'B*', substr $bits->[1], 1;
    return map { $KEY_USAGE[$_] } grep { substr( $text, $_, 1 ) } 0 .. ( length $text < @KEY_USAGE ? length($text) - 1 : $#KEY_USAGE );
}

sub extended_key_usage {
    my ($self) = @_;
    my ($list) = $self->_extension($EXTENDED) or return;
    return map { my $oid = _oid( $_->[1] ); my ( $sn, $ln ) = @{ $EXTENDED_USAGE{$oid} || [ $oid, $oid ] }; { oid => $oid, sn => $sn, ln => $ln } } _parts( $list->[1] );
}

# Where lists of revoked certificates are to be had: names of the kind 6 in names of the kind 0 in points.
sub crl_uris {
    my ($self) = @_;
    my ($points) = $self->_extension($CRL_POINTS) or return;
    my @names = map { $_->[0] == 0xa0 ? _parts( $_->[1] ) : () } map { $_->[0] == 0xa0 ? _parts( $_->[1] ) : () } map { _parts( $_->[1] ) } _parts( $points->[1] );
    return map { $_->[1] } grep { ( $_->[0] & 0x1f ) == 6 } @names;
}

sub ocsp_uris {
    my ($self) = @_;
    my ($list) = $self->_extension($INFO_ACCESS) or return;
    return map { $_->[1][1] } grep { _oid( $_->[0][1] ) eq $OCSP && ( $_->[1][0] & 0x1f ) == 6 } map { [ _parts( $_->[1] ) ] } _parts( $list->[1] );
}

sub one_line {
    my ( $self, $which ) = @_;
    return join '', map {"/$_->[0]=$_->[1]"} @{ $self->_fields->{$which} };
}

sub common_name {
    my ($self) = @_;
    my ($found) = map { $_->[1] } grep { $_->[0] eq 'CN' } reverse @{ $self->_fields->{subject} };
    return $found;
}

sub _fields {
    my ($self) = @_;
    return $self->{fields} ||= $read{ $self->{der} } || do {
        my $fields = eval { local $SIG{__DIE__}; _read( $self->{der} ) } or die "the certificate cannot be read\n";
        %read = () if keys %read >= 20;
        $read{ $self->{der} } = $fields;
    };
}

sub _read {
    my ($der)     = @_;
    my @signed    = _parts( _value( \$der ) );
    my @fields    = _parts( $signed[0][1] );
    my $version = $fields[0][0] == 0xa0 ? ord _value( \( shift @fields )->[1] ) : 0;
    my ( $serial, $signature, $issuer, $validity, $subject, $key ) = @fields;
    my ( $from, $to ) = map { _time(@$_) } _parts( $validity->[1] );
    my ($extensions) = grep { $_->[0] == 0xa3 } @fields;
    my ( @names, @extensions );
    for my $extension ( $extensions ? map { [ _parts( $_->[1] ) ] } _parts( ( _parts( $extensions->[1] ) )[0][1] ) : () ) {
        my $oid = _oid( $extension->[0][1] );
        push @extensions, [ $oid, @$extension > 2 && $extension->[1][1] ne "\0" ? 1 : 0, $extension->[-1][1] ];
        next if $oid ne $ALT_NAMES;
        for my $name ( _parts( ( _parts( $extension->[-1][1] ) )[0][1] ) ) {
            my $type = $name->[0] & 0x1f;
            push @names, [ $type, $name->[1] ] if $type == 1 || $type == 2 || $type == 6 || $type == 7;
        }
    }
    return {
        serial     => unpack( 'H*', $serial->[1] ),
        issuer     => _name( $issuer->[1] ),
        subject    => _name( $subject->[1] ),
        not_before => $from,
        not_after  => $to,
        key        => $key->[2],
        alt_names  => \@names,
        extensions => \@extensions,
        version    => $version,
        signature  => _oid( ( _parts( $signature->[1] ) )[0][1] ),
    };
}

# The values that lie one after the other in a string: [tag, content, whole].
sub _parts {
    my ($data) = @_;
    my ( $at, @found ) = 0;
    while ( $at < length $data ) {
        my $from = $at;
        my ( $tag, $length ) = unpack 'CC', substr $data, $at, 2;
        $at += 2;
        if ( $length > 0x7f ) {
            my $bytes = $length & 0x7f;
            die if $bytes > 4 || $bytes == 0;
            $length = unpack 'N', substr "\0\0\0\0" . substr( $data, $at, $bytes ), -4;
            $at += $bytes;
        }
        die if $at + $length > length $data;
        push @found, [ $tag, substr( $data, $at, $length ), substr( $data, $from, $at + $length - $from ) ];
        $at += $length;
    }
    return @found;
}

sub _value { my ($data) = @_; return ( _parts($$data) )[0][1] }

sub _oid {
    my ($data) = @_;
    my ( $first, @rest ) = unpack 'w*', $data;
    my $root = $first < 80 ? int $first / 40 : 2;
    return join '.', $root, $first - 40 * $root, @rest;
}

sub _name {
    my ($data) = @_;
    my @found;
    for my $set ( _parts($data) ) {
        for my $pair ( _parts( $set->[1] ) ) {
            my ( $oid, $value ) = _parts( $pair->[1] );
            my $name = _oid( $oid->[1] );
            push @found, [ $ATTRIBUTE{$name} || $name, _text(@$value) ];
        }
    }
    return \@found;
}

sub _text {
    my ( $tag, $content ) = @_;
    if    ( $tag == 0x0c ) { utf8::decode($content) }
    elsif ( $tag == 0x1e ) { $content = pack 'U*', unpack 'n*', $content }
    elsif ( $tag == 0x1c ) { $content = pack 'U*', unpack 'N*', $content }
    return $content;
}

sub _time {
    my ( $tag, $content ) = @_;
    my ( $year, $month, $day, $hour, $minute, $second ) =
      $content =~ /\A(\d\d(?:\d\d)?)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z\z/ or die;
    $year += $year < 50 ? 2000 : 1900 if $tag == 0x17;
    return Time::Local::timegm( $second, $minute, $hour, $day, $month - 1, $year );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Certificate - read an X.509 certificate

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL>, which returns objects of this class where the original returns those of Net::SSLeay.
Nothing is verified here.

=head1 METHODS

Those that read the certificate die where it cannot be read.

=head2 new

    my $certificate = CPANBridge::Compat::TLS::Certificate->new($der);

=head2 from_pem

    my $certificate = CPANBridge::Compat::TLS::Certificate->from_pem($text);

Takes the first certificate in a text; dies if there is none.

=head2 all_from_pem

    my @certificates = CPANBridge::Compat::TLS::Certificate->all_from_pem($text);

=head2 der

=head2 pem

The certificate as it is, as bytes or as text.

=head2 fingerprint

    my $bytes = $certificate->fingerprint('sha256');

=head2 key_digest

The same of the bits of its public key, without the algorithm that stands beside them.

=head2 subject

=head2 issuer

Names as arrays of C<[attribute, text]>.

=head2 one_line

    my $text = $certificate->one_line('subject');    # /C=DE/O=Example/CN=example.org

=head2 common_name

The subject's last CN, or undef.

=head2 alt_names

The alternative names of the subject: C<[type, value]>, where the type is 1 (mail), 2 (DNS), 6 (URI) or 7 (IP, packed).

=head2 serial

In hexadecimal digits.

=head2 not_before

=head2 not_after

Seconds since 1970.

=head2 version

2 for X.509 v3.

=head2 serial_number

In decimal digits.

=head2 signature_algorithm

OpenSSL's name, or the digits of one that is not known here.

=head2 key_usage

=head2 crl_uris

=head2 ocsp_uris

Lists of texts.

=head2 extended_key_usage

Hashes of C<oid>, C<sn> and C<ln>.

=head2 extensions

Hashes of C<oid>, C<sn>, C<critical> and C<data>, the bytes in hexadecimal digits.

=head1 FUNCTIONS

=head2 is_pkcs12

    if ( CPANBridge::Compat::TLS::Certificate::is_pkcs12($bytes) ) ...

Whether they are keys and certificates in the form of PKCS#12.

=cut
