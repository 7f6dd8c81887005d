package CPANBridge::Compat::TLS::Options;

# From the SSL_... arguments of IO::Socket::SSL to the parameters of the daemon's tls.start.
use 5.014;
use strict;
use warnings;

use MIME::Base64 ();
use Socket qw(AF_INET6 inet_pton);

use CPANBridge::JSON;
use CPANBridge::Compat::TLS::Names;

our $VERSION = '0.1.0';

my $VERIFY_PEER = 0x01;

my @VERSIONS = qw(TLSv1 TLSv1.1 TLSv1.2 TLSv1.3);

# What we cannot do must not be left undone without a word where it guards something.
my %REFUSED = (
    SSL_verify_callback => 'a sub that judges certificates',
    SSL_crl_file        => 'a list of revoked certificates',
    SSL_check_crl       => 'a list of revoked certificates',
    SSL_cert            => 'a certificate as an object of OpenSSL',
    SSL_key             => 'a key as an object of OpenSSL',
);

# Files seldom change, and reading a bundle of authorities takes longer than anything else here.
my %file_json;

# Returns the parameters as JSON text without braces, and [name, scheme] where the name is to be checked here. Dies with
# a sentence. Takes the arguments, the host that the program named itself (or undef), and the time-out.
sub params {
    my ( $args, $host, $timeout ) = @_;
    for my $name ( sort keys %REFUSED ) {
        die "$name: $REFUSED{$name} is not covered by CPANBridge\n" if $args->{$name};
    }
    die "SSL_ocsp_mode: OCSP is not covered by CPANBridge\n" if ( $args->{SSL_ocsp_mode} || 0 ) & 6;
    my @found = ( 'timeout', $timeout );
    my $mode = $args->{SSL_verify_mode};
    $mode = $VERIFY_PEER if !defined $mode;
    my $verify = ( $mode & $VERIFY_PEER ) && !$args->{SSL_fingerprint};
    my ( $name, $check ) = _name_to_check( $args, $host, $verify );
    my $asked = $args->{SSL_hostname};
    if ( !exists $args->{SSL_hostname} ) { $asked = defined $host && !_is_address($host) ? $host : $name }

    # The daemon checks the name that it asks the server for. A different one is checked here, and so are rules that
    # the program has made itself.
    my $own = defined $name && ( ref $check || $check eq 'ours' || !defined $asked || !length $asked || $asked ne $name );
    push @found, server_name => $asked if defined $asked && length $asked;
    push @found, verify => \0 if !$verify;
    push @found, check_hostname => \0 if !defined $name || $own;
    my ( $lowest, $highest ) = _versions( $args->{SSL_version} );
    push @found, min_version => $lowest  if defined $lowest;
    push @found, max_version => $highest if defined $highest;
    push @found, ciphers     => $args->{SSL_cipher_list} if defined $args->{SSL_cipher_list} && length $args->{SSL_cipher_list};
    push @found, alpn        => [ @{ $args->{SSL_alpn_protocols} } ] if $args->{SSL_alpn_protocols};
    push @found, session_key => "$args->{SSL_session_key}" if defined $args->{SSL_session_key};
    my $json = '';

    while ( my ( $field, $value ) = splice @found, 0, 2 ) {
        $json .= qq("$field":) . ( ref $value eq 'SCALAR' ? 'false' : CPANBridge::JSON::encode($value) ) . ',';
    }
    my $trusted = $verify ? authorities($args) : undef;
    $json .= qq("ca":$trusted,) if defined $trusted;
    $json .= _own_certificate($args);
    chop $json;
    return ( $json, $own ? [ $name, ref $check ? $check : undef, $args->{SSL_verifycn_scheme} ] : undef );
}

# The name that the certificate must be made out to, and how it is to be checked: 'daemon', or the program's own rules.
sub _name_to_check {
    my ( $args, $host, $verify ) = @_;
    return if !$verify;
    my $scheme = $args->{SSL_verifycn_scheme};
    return if defined $scheme && $scheme eq 'none';
    die "SSL_verifycn_scheme: there is no scheme called $scheme\n"
      if defined $scheme && !ref $scheme && !CPANBridge::Compat::TLS::Names::knows($scheme);
    my $name = $args->{SSL_verifycn_name};
    ($name) = grep { defined && length } $args->{SSL_hostname}, $host if !defined $name;
    if ( !defined $name ) {
        die "Cannot determine the name of the peer for verification: give SSL_verifycn_name\n" if defined $scheme;
        require Carp;
        Carp::carp('Cannot determine the name of the peer, so only the certificate is verified: give SSL_verifycn_name');
        return;
    }
    $name =~ s/\A\[(.*)\]\z/$1/s;
    return ( $name, ref $scheme ? $scheme : 'daemon' );
}

sub _is_address { my ($host) = @_; return $host =~ /\A[0-9.]+\z/ || $host =~ /:/ ? 1 : 0 }

# "SSLv23:!TLSv1_1" means all but those; "TLSv1_2" that one.
sub _versions {
    my ($text) = @_;
    return if !defined $text || !length $text;
    my ( %without, $only );
    for my $word ( split /\s*:\s*/, $text ) {
        my ( $not, $name ) = $word =~ /\A(!?)(SSLv23?|SSLv2\/3|SSLv3|TLS|TLSv1(?:_?[123])?)\z/i
          or die "invalid SSL_version specified: $text\n";
        $name =~ s/\ATLSv1_?([123])\z/TLSv1.$1/i;
        if ($not) { $without{ lc $name } = 1 }
        else      { $only = $name }
    }
    my @left = grep { !$without{ lc $_ } } @VERSIONS;
    if ( defined $only && $only =~ /\ATLSv1/i ) {
        @left = grep { lc eq lc $only } @left;
        die "SSL_version $text leaves no version of TLS\n" if !@left;
        return ( $left[0], $left[0] );
    }
    die "SSL_version $text: SSL 2 and 3 are not spoken any more\n" if defined $only && $only =~ /\ASSLv[23]\z/i || !@left;

    # Without a word about it nothing below TLS 1.2; never one version and a higher one without those between.
    my ( $lowest, $highest );
    for my $version ( reverse grep { $_ ge 'TLSv1.2' } @VERSIONS ) {
        if    ( !$without{ lc $version } )  { $highest = $version if !defined $highest; $lowest = $version }
        elsif ( defined $highest )         { last }
    }
    die "SSL_version $text leaves no version of TLS that is still safe; name the one you want\n" if !defined $highest;
    return ( $lowest, $highest );
}

# The authorities that a program trusts, as JSON text; undef for the system's.
sub authorities {
    my ($args) = @_;
    my @objects = ref $args->{SSL_ca} eq 'ARRAY' ? @{ $args->{SSL_ca} } : ();
    my ( $file, $path ) = map { defined && length ? $_ : undef } @$args{qw(SSL_ca_file SSL_ca_path)};
    my $nobody = ref $args->{SSL_ca} eq 'ARRAY' || ref $file eq 'SCALAR' || ref $path eq 'SCALAR';
    undef $file if ref $file;
    undef $path if ref $path eq 'SCALAR';
    if ( !$nobody && !defined $file && !defined $path ) {
        ( $file, $path ) = @ENV{qw(SSL_CERT_FILE SSL_CERT_DIR)};
        return undef if !defined $file && !defined $path;
        undef $file if defined $file && !-r $file;
    }
    my @paths = grep { defined && length } ref $path eq 'ARRAY' ? @$path : defined $path ? split /:/, $path : ();
    return _file_json($file) if defined $file && length $file && !@paths && !@objects;
    my $text = join "\n", map { ref && $_->can('pem') ? $_->pem : die "SSL_ca: not a certificate that CPANBridge has made\n" } @objects;
    $text .= "\n" . _content( $file, 'SSL_ca_file' ) if defined $file && length $file;
    for my $directory (@paths) {
        opendir my $entries, $directory or die "SSL_ca_path $directory cannot be read: $!\n";
        for my $name ( sort grep {/\A[0-9a-f]{8}\.[0-9]+\z/} readdir $entries ) {
            $text .= "\n" . _content( "$directory/$name", 'SSL_ca_path' ) if -r "$directory/$name";
        }
    }
    return _bytes_json( $text =~ /\S/ ? $text : '' );
}

sub _file_json {
    my ($file) = @_;
    my @seen = stat $file or die "SSL_ca_file $file does not exist\n";
    my $key = join "\0", $file, @seen[ 0, 1, 7, 9, 10 ];
    my $kept = $file_json{$file};
    return $kept->[1] if $kept && $kept->[0] eq $key;
    %file_json = () if keys %file_json > 20;
    my $content = _content( $file, 'SSL_ca_file' );
    die "SSL_ca_file $file has no certificate in it\n" if $content !~ /-----BEGIN |\A\x30/;
    my $json = _bytes_json($content);
    $file_json{$file} = [ $key, $json ];
    return $json;
}

sub _bytes_json { my ($bytes) = @_; return '{"__bytes__":"' . MIME::Base64::encode_base64( $bytes, '' ) . '"}' }

sub _content {
    my ( $file, $argument ) = @_;
    open my $in, '<:raw', $file or die "$argument $file cannot be read: $!\n";
    my $content = do { local $/; <$in> };
    die "$argument $file cannot be read: $!\n" if !defined $content;
    return $content;
}

# The program's own certificate and key, as JSON text that ends with a comma.
sub _own_certificate {
    my ($args) = @_;
    my ( $certificate, $key ) = @$args{qw(SSL_cert_file SSL_key_file)};
    return '' if !defined $certificate || ref $certificate || !length $certificate;
    my $json = '"certificate":' . _bytes_json( _content( $certificate, 'SSL_cert_file' ) ) . ',';
    $json .= '"key":' . _bytes_json( _content( $key, 'SSL_key_file' ) ) . ',' if defined $key && length $key;
    if ( my $ask = $args->{SSL_passwd_cb} ) {
        my $password = $ask->( 0, undef );
        $json .= '"password":' . CPANBridge::JSON::encode("$password") . ',' if defined $password;
    }
    return $json;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Options - the arguments of IO::Socket::SSL for the daemon

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL>. Files are read here, with the rights of the program, and sent as bytes: the daemon opens
none.

=head1 FUNCTIONS

=head2 params

    my ( $json, $check ) = CPANBridge::Compat::TLS::Options::params( \%args, $host, $seconds );

Returns the parameters of C<tls.start> and, where a name remains to be checked after the handshake, an array of it and
the rules. Dies with a sentence for arguments that are wrong or not covered.

=head2 authorities

    my $json = CPANBridge::Compat::TLS::Options::authorities( \%args );

The certificates that are trusted, as JSON, or undef for those that the system trusts.

=cut
