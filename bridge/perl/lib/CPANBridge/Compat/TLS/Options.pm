package CPANBridge::Compat::TLS::Options;

# From the SSL_... arguments of IO::Socket::SSL to the parameters of the daemon's tls.start.
use 5.014;
use strict;
use warnings;

use MIME::Base64 ();
use Socket qw(AF_INET6 inet_pton);

use CPANBridge::JSON;
use CPANBridge::Compat::TLS::Credentials;
use CPANBridge::Compat::TLS::Names;

our $VERSION = '0.1.0';

my ( $VERIFY_PEER, $FAIL_IF_NO_PEER_CERT ) = ( 0x01, 0x02 );

my @VERSIONS = qw(TLSv1 TLSv1.1 TLSv1.2 TLSv1.3);

# Files seldom change, and reading a bundle of authorities takes longer than anything else here.
my %file_json;

# Returns the parameters as JSON text without braces, and {name, rules, callback} of what is to be checked here.
# Dies with a sentence. Takes the arguments, the host that the program named itself (or undef), and the time-out.
sub params {
    my ( $args, $host, $timeout ) = @_;
    die "SSL_ocsp_mode: OCSP is not covered by CPANBridge\n" if ( $args->{SSL_ocsp_mode} || 0 ) & 6;
    my @found = ( 'timeout', $timeout );
    my $mode = $args->{SSL_verify_mode};
    $mode = $VERIFY_PEER if !defined $mode;
    my $verify = ( $mode & $VERIFY_PEER ) && !$args->{SSL_fingerprint};
    my ( $name, $rules ) = _name_to_check( $args, $host, $verify );
    my $asked = $args->{SSL_hostname};
    if ( !exists $args->{SSL_hostname} ) { $asked = defined $host && !_is_address($host) ? $host : $name }

    # The name is checked here, by the rules of the scheme, when the certificate is known to be good.
    my $callback = $verify ? $args->{SSL_verify_callback} : undef;
    push @found, server_name => $asked if defined $asked && length $asked;
    push @found, verify => \0 if !$verify;
    push @found, check_hostname => \0;
    push @found, report => \1 if $callback;
    push @found, session_key => "$args->{SSL_session_key}" if defined $args->{SSL_session_key};
    my $json = _json( @found, _offers($args) );
    my $trusted = $verify ? authorities($args) : undef;
    $json .= qq("ca":$trusted,) if defined $trusted;
    $json .= _revocations($args) if $verify;
    for my $own ( CPANBridge::Compat::TLS::Credentials::all($args) ) { $json .= _credentials( $own->[1] ) . ',' if !length $own->[0] }
    chop $json;
    return ( $json, { callback => $callback, name => $name, rules => $rules } );
}

# The same for a server.
sub server_params {
    my ( $args, $timeout ) = @_;
    my $mode = $args->{SSL_verify_mode} || 0;
    my $verify = $mode & $VERIFY_PEER;
    my $json = _json( timeout => $timeout, server_side => \1, $verify ? () : ( verify => \0 ), $mode & $FAIL_IF_NO_PEER_CERT ? ( require_certificate => \1 ) : (),
        $args->{SSL_keeper_of_cpanbridge} ? ( keeper => $args->{SSL_keeper_of_cpanbridge}{word} ) : (),
        exists $args->{SSL_honor_cipher_order} && !$args->{SSL_honor_cipher_order} ? ( own_order => \0 ) : (), _offers($args) );
    $json .= _trust_of_server($args);
    my ( @default, %by_name );
    for my $own ( CPANBridge::Compat::TLS::Credentials::all($args) ) { push @{ length $own->[0] ? $by_name{ $own->[0] } ||= [] : \@default }, _credentials( $own->[1] ) }
    $json .= shift(@default) . ',' if @default;
    $json .= '"more_certificates":[' . join( ',', map {"{$_}"} @default ) . '],' if @default;
    my $named = join ',', map { CPANBridge::JSON::encode($_) . ':[' . join( ',', map {"{$_}"} @{ $by_name{$_} } ) . ']' } sort keys %by_name;
    $json .= qq("certificates_by_name":{$named},) if length $named;
    chop $json;
    return ( $json, { callback => $verify ? $args->{SSL_verify_callback} : undef } );
}

# Whether a server can be made of the arguments; dies with a sentence if not, the daemon's included. Returns what has the
# daemon keep them from one client to the next: a connection, and the word to send along.
sub check_server {
    my ($args) = @_;
    my @own = map { '{' . _credentials( $_->[1] ) . '}' } CPANBridge::Compat::TLS::Credentials::all($args);
    _versions( $args->{SSL_version} );
    my %offers = _offers($args);
    my $json = '"credentials":[' . join( ',', @own ) . '],' . _json( map { exists $offers{$_} ? ( $_ => $offers{$_} ) : () } qw(ciphers curve dh) ) . _trust_of_server($args);
    chop $json;
    require CPANBridge::Compat::TLS::Daemon;
    my $bridge = CPANBridge->new;
    my $result = CPANBridge::Compat::TLS::Daemon::call( 'check', CPANBridge::JSON::decode("{$json}"), $bridge );
    return { bridge => $bridge, word => $result->{keeper} };
}

sub _trust_of_server {
    my ($args) = @_;
    return '' if !( ( $args->{SSL_verify_mode} || 0 ) & $VERIFY_PEER );
    my $trusted = authorities($args);
    return ( defined $trusted ? qq("ca":$trusted,) : '' ) . _revocations($args);
}

# What both sides offer.
sub _offers {
    my ($args) = @_;
    my @found;
    my ( $lowest, $highest ) = _versions( $args->{SSL_version} );
    push @found, min_version => $lowest  if defined $lowest;
    push @found, max_version => $highest if defined $highest;
    push @found, ciphers     => $args->{SSL_cipher_list} if defined $args->{SSL_cipher_list} && length $args->{SSL_cipher_list};
    push @found, alpn        => [ @{ $args->{SSL_alpn_protocols} } ] if $args->{SSL_alpn_protocols};
    push @found, curve       => _curve( $args->{SSL_ecdh_curve} ) if defined $args->{SSL_ecdh_curve} && length $args->{SSL_ecdh_curve} && $args->{SSL_ecdh_curve} ne 'auto';
    if ( defined( my $file = $args->{SSL_dh_file} ) ) {
        push @found, dh => { __bytes__ => MIME::Base64::encode_base64( CPANBridge::Compat::TLS::Credentials::content( $file, 'SSL_dh_file' ), '' ) };
    }
    die "SSL_dh: parameters as an object of OpenSSL are not covered by CPANBridge\n" if $args->{SSL_dh};
    return @found;
}

# Only one can be named to Python's ssl; who lists several would be bound to the first.
sub _curve {
    my ($name) = @_;
    die "SSL_ecdh_curve $name: more than one curve is not covered by CPANBridge\n" if $name =~ /:/;
    return { 'P-256' => 'prime256v1', 'P-384' => 'secp384r1', 'P-521' => 'secp521r1' }->{$name} || $name;
}

# Pairs as JSON text, each with a comma after it.
sub _json {
    my @found = @_;
    my $json = '';
    while ( my ( $field, $value ) = splice @found, 0, 2 ) {
        $json .= qq("$field":) . ( ref $value eq 'SCALAR' ? ( $$value ? 'true' : 'false' ) : CPANBridge::JSON::encode($value) ) . ',';
    }
    return $json;
}

sub _credentials {
    my ($own) = @_;
    my $json = '"certificate":' . _bytes_json( $own->{certificate} );
    $json .= ',"key":' . _bytes_json( $own->{key} ) if defined $own->{key};
    $json .= ',"password":' . CPANBridge::JSON::encode( $own->{password} ) if defined $own->{password};
    return $json;
}

# Lists of revoked certificates: from their own file, and those that lie among the authorities.
sub _revocations {
    my ($args) = @_;
    my $file = $args->{SSL_crl_file};
    return '' if !$args->{SSL_check_crl} && !( defined $file && length $file );
    my $text = defined $file && length $file ? CPANBridge::Compat::TLS::Credentials::content( $file, 'SSL_crl_file' ) : '';
    die "SSL_crl_file $file has no list of revoked certificates in it\n" if length $text && $text !~ /-----BEGIN X509 CRL-----/;
    my @beside = grep { defined && !ref && length } $args->{SSL_ca_file};
    for my $directory ( _directories( $args->{SSL_ca_path} ) ) {
        opendir my $entries, $directory or die "SSL_ca_path $directory cannot be read: $!\n";
        push @beside, map {"$directory/$_"} sort grep {/\A[0-9a-f]{8}\.r[0-9]+\z/} readdir $entries;
    }
    for my $beside (@beside) { $text .= join '', map {"$_\n"} CPANBridge::Compat::TLS::Credentials::content( $beside, 'SSL_ca_file' ) =~ /(-----BEGIN X509 CRL-----.*?-----END X509 CRL-----)/gs }
    return '"crl":' . _bytes_json($text) . ',';
}

sub _directories {
    my ($path) = @_;
    return grep { defined && length } ref $path eq 'ARRAY' ? @$path : defined $path && !ref $path ? split /:/, $path : ();
}

# The name that the certificate must be made out to, and by which rules: a scheme's name, a hash, a sub, or undef.
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
    return ( $name, $scheme );
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
    my @paths = _directories($path);
    return _file_json($file) if defined $file && length $file && !@paths && !@objects;
    my $text = join "\n", map { ref && $_->can('pem') ? $_->pem : die "SSL_ca: not a certificate that CPANBridge has made\n" } @objects;
    $text .= "\n" . CPANBridge::Compat::TLS::Credentials::content( $file, 'SSL_ca_file' ) if defined $file && length $file;
    for my $directory (@paths) {
        opendir my $entries, $directory or die "SSL_ca_path $directory cannot be read: $!\n";
        for my $name ( sort grep {/\A[0-9a-f]{8}\.[0-9]+\z/} readdir $entries ) {
            $text .= "\n" . CPANBridge::Compat::TLS::Credentials::content( "$directory/$name", 'SSL_ca_path' ) if -r "$directory/$name";
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
    my $content = CPANBridge::Compat::TLS::Credentials::content( $file, 'SSL_ca_file' );
    die "SSL_ca_file $file has no certificate in it\n" if $content !~ /-----BEGIN |\A\x30/;
    my $json = _bytes_json($content);
    $file_json{$file} = [ $key, $json ];
    return $json;
}

sub _bytes_json { my ($bytes) = @_; return '{"__bytes__":"' . MIME::Base64::encode_base64( $bytes, '' ) . '"}' }

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

Returns the parameters of C<tls.start> for a client, and what remains to be checked after the handshake: a hash with the
C<name>, its C<rules>, and the program's C<callback>, as far as they are there. Dies with a sentence for
arguments that are wrong or not covered.

=head2 server_params

    my ( $json, $check ) = CPANBridge::Compat::TLS::Options::server_params( \%args, $seconds );

The same for a server.

=head2 check_server

    $args{SSL_keeper_of_cpanbridge} = CPANBridge::Compat::TLS::Options::check_server( \%args );

Dies with a sentence if no server can be made of the arguments; asks the daemon, too. As long as there is what it returns, the
daemon keeps key and certificates from one client to the next.

=head2 authorities

    my $json = CPANBridge::Compat::TLS::Options::authorities( \%args );

The certificates that are trusted, as JSON, or undef for those that the system trusts.

=cut
