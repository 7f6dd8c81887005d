package CPANBridge::Compat::TLS::Credentials;

# A program's own certificates and keys: read from files of any form, or from objects, for the daemon as PEM.
use 5.014;
use strict;
use warnings;

use MIME::Base64 ();

use CPANBridge::Compat::TLS::Certificate;
use CPANBridge::Compat::TLS::Key;

our $VERSION = '0.1.0';

# Takes the SSL_... arguments; returns [name, {certificate, key, password}] for each certificate. The name is that which
# clients ask for, '' for all others. Dies with a sentence.
sub all {
    my ($args) = @_;
    my ( $certificates, $keys, $from ) = @$args{qw(SSL_cert SSL_key)};
    my %by_name;
    if ( defined $certificates ) {
        my %certificate = _by_name($certificates);
        my %key         = _by_name( defined $keys ? $keys : $args->{SSL_key_file} );
        for my $name ( keys %certificate ) {
            my $key = exists $key{$name} ? $key{$name} : undef;
            $by_name{$name} = { certificate => _certificates( $certificate{$name} ), _key( $key, $args ) };
        }
    }
    else {
        my %file = _by_name( $args->{SSL_cert_file} );
        my %key  = _by_name( defined $keys ? $keys : $args->{SSL_key_file} );
        for my $name ( keys %file ) {
            next if !defined $file{$name} || !length $file{$name};
            $by_name{$name} = _from_file( $file{$name}, $key{$name}, $args );
        }
    }

    # A name may have several, with keys of different kinds: "name%ecc".
    return map { [ /\A([^%]*)/ ? $1 : $_, $by_name{$_} ] } sort keys %by_name;
}

sub _by_name {
    my ($value) = @_;
    return !defined $value ? () : ref $value eq 'HASH' ? %$value : ( '' => $value );
}

sub _certificates {
    my ($value) = @_;
    my @found = ref $value eq 'ARRAY' ? @$value : $value;
    return join '', map { ref && eval { $_->can('pem') } ? $_->pem : die "SSL_cert: not a certificate that CPANBridge has made\n" } @found;
}

sub _key {
    my ( $key, $args ) = @_;
    return () if !defined $key;
    return ( key => $key->pem ) if ref $key && eval { $key->can('pem') };
    die "SSL_key: not a key that CPANBridge has made\n" if ref $key;
    return _with_password( CPANBridge::Compat::TLS::Key::as_pem( content( $key, 'SSL_key_file' ), "SSL_key_file $key" ), $args );
}

sub _with_password {
    my ( $pem, $args ) = @_;
    my $ask = $args->{SSL_passwd_cb};
    return ( key => $pem ) if !$ask || $pem !~ /ENCRYPTED/;
    my $password = $ask->( 0, undef );
    return ( key => $pem, defined $password ? ( password => "$password" ) : () );
}

sub _from_file {
    my ( $file, $key, $args ) = @_;
    die "SSL_cert_file: not the name of a file\n" if ref $file;
    my $content = content( $file, 'SSL_cert_file' );
    if ( $content =~ /-----BEGIN / ) {
        my %own = defined $key ? _key( $key, $args ) : _with_password( $content, $args );
        delete $own{key} if !defined $key;    # it lies in the same file
        return { certificate => $content, %own };
    }
    return _from_pkcs12( $content, $file, $args ) if CPANBridge::Compat::TLS::Certificate::is_pkcs12($content);
    my $certificate = CPANBridge::Compat::TLS::Certificate->new($content);
    eval { $certificate->serial; 1 } or die "SSL_cert_file $file: neither PEM nor DER nor PKCS#12\n";
    return { certificate => $certificate->pem, _key( $key, $args ) };
}

# Unpacked by the daemon, which has the ciphers for it.
sub _from_pkcs12 {
    my ( $content, $file, $args ) = @_;
    require CPANBridge::Compat::TLS::Daemon;
    my $password = $args->{SSL_passwd_cb} ? $args->{SSL_passwd_cb}->( 0, undef ) : undef;
    my $found = eval {
        local $SIG{__DIE__};
        CPANBridge::Compat::TLS::Daemon::call( 'read_pkcs12', { data => CPANBridge::Compat::TLS::Daemon::bytes($content), password => $password } );
    };
    if ( !$found ) { chomp( my $why = $@ ); die "SSL_cert_file $file: $why\n" }
    return { certificate => $found->{certificate}, key => $found->{key} };
}

sub content {
    my ( $file, $argument ) = @_;
    open my $in, '<:raw', $file or die "$argument $file cannot be read: $!\n";
    my $content = do { local $/; <$in> };
    die "$argument $file cannot be read: $!\n" if !defined $content;
    return $content;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Credentials - a program's own certificates and keys

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL>. Files are read with the rights of the program; what is in them may be PEM, DER or, where the daemon
has Python's C<cryptography>, PKCS#12.

=head1 FUNCTIONS

=head2 all

    my @found = CPANBridge::Compat::TLS::Credentials::all( \%args );

Takes the arguments C<SSL_cert_file>, C<SSL_key_file>, C<SSL_cert>, C<SSL_key> and C<SSL_passwd_cb>; returns C<[$name, $credentials]>
for each certificate. C<$credentials> has C<certificate> and, as far as they are there, C<key> and C<password>. Dies with a sentence.

=head2 content

    my $bytes = CPANBridge::Compat::TLS::Credentials::content( $file, $argument );

What is in a file; dies with a sentence that names the argument.

=cut
