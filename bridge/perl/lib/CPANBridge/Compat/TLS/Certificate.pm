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
my $SUBJECT_ALT_NAME = '2.5.29.17';

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

# Of the public key, as SubjectPublicKeyInfo.
sub key_fingerprint { my ( $self, $algorithm ) = @_; return _digest( $algorithm, $self->_fields->{key} ) }

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
    return $self->{fields} ||= eval { local $SIG{__DIE__}; _read( $self->{der} ) } || die "the certificate cannot be read\n";
}

sub _read {
    my ($der)     = @_;
    my @signed    = _parts( _value( \$der ) );
    my @fields    = _parts( $signed[0][1] );
    shift @fields if $fields[0][0] == 0xa0;    # version
    my ( $serial, undef, $issuer, $validity, $subject, $key ) = @fields;
    my ( $from, $to ) = map { _time(@$_) } _parts( $validity->[1] );
    my ($extensions) = grep { $_->[0] == 0xa3 } @fields;
    my @names;
    for my $extension ( $extensions ? map { [ _parts( $_->[1] ) ] } _parts( ( _parts( $extensions->[1] ) )[0][1] ) : () ) {
        next if _oid( $extension->[0][1] ) ne $SUBJECT_ALT_NAME;
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

=head2 key_fingerprint

The same of its public key.

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

=head1 FUNCTIONS

=head2 is_pkcs12

    if ( CPANBridge::Compat::TLS::Certificate::is_pkcs12($bytes) ) ...

Whether they are keys and certificates in the form of PKCS#12.

=cut
