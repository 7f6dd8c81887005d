use strict;
use warnings;

# The replacement of IO::Socket::SSL as a server, with certificates of its own making, and what clients judge themselves.
use lib 't/lib', 'lib';
use CoreOnly;
use CPANBridge::Compat;
use BridgeDaemon;
use Errno qw(ETIMEDOUT EWOULDBLOCK);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::SSL;
use IO::Socket::SSL::Utils;
use Socket;
use Test::More;
use Time::HiRes qw(sleep);

my $folder = tempdir( CLEANUP => 1 );
my $config = "$folder/cpanbridge.toml";
{
    open my $out, '>', $config or die $!;
    print $out qq([modules]\nenabled = ["tls"]\n[limits]\nmax_requests_per_minute = 100000\n);
    close $out or die $!;
}
my $daemon = BridgeDaemon->new( options => [ '--config', $config ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
delete @ENV{qw(SSL_CERT_FILE SSL_CERT_DIR)};
my ( @warnings, @children );
$SIG{__WARN__} = sub { push @warnings, @_ };
my $main = $$;
END { kill KILL => @children if defined $main && $$ == $main }

my ( $ca, $ca_key ) = CERT_create( CA => 1, subject => { commonName => 'our authority' } );
my $key = KEY_create_ec();
my ($server_cert) = CERT_create(
    subject => { commonName => 'localhost', organizationName => "Stra\xdfe" },
    subjectAltNames => [ [ DNS => 'localhost' ], [ IP => '127.0.0.1' ] ],
    issuer => [ $ca, $ca_key ], key => $key,
);
my ( $other_cert, $other_key ) = CERT_create( subject => { CN => 'other.example' }, issuer_cert => $ca, issuer_key => $ca_key, purpose => 'server' );
my ( $client_cert, $client_key ) = CERT_create( subject => { CN => 'a client' }, issuer => [ $ca, $ca_key ], purpose => 'client' );
my ($old_cert) = CERT_create(
    subject => { CN => 'localhost' }, issuer => [ $ca, $ca_key ], key => $key, not_before => time - 7200, not_after => time - 3600 );
my ( $stranger, $stranger_key ) = CERT_create( subject => { CN => 'localhost' }, purpose => 'sslCA,server' );
PEM_cert2file( $ca, "$folder/ca.pem" );
PEM_certs2file( "$folder/server.pem", $server_cert, $ca );
PEM_key2file( $key, "$folder/server.key" );
my @mine = ( SSL_cert_file => "$folder/server.pem", SSL_key_file => "$folder/server.key" );

# Serves in a process of its own: what the code returns is told to the parent when it asks. Returns the port and a handle.
sub serving {
    my ( $code, @args ) = @_;
    my $listener = IO::Socket::SSL->new( Listen => 5, LocalAddr => '127.0.0.1', Timeout => 20, @args ) or die "no listener: $SSL_ERROR";
    pipe my $read, my $write or die $!;
    my $pid = fork;
    die $! if !defined $pid;
    if ( !$pid ) {
        close $read;
        $write->autoflush;
        my $told = eval { $code->($listener) };
        print $write defined $told ? $told : "died: $@";
        close $write;
        require POSIX;
        POSIX::_exit(0);
    }
    push @children, $pid;
    return ( $listener->sockport, $read );
}

sub told { my ($read) = @_; local $/; my $told = <$read>; return $told }

sub connected {
    my ( $port, @args ) = @_;
    return IO::Socket::SSL->new( PeerAddr => '127.0.0.1', PeerPort => $port, SSL_ca => [$ca], Timeout => 20, @args );
}

subtest 'a server' => sub {
    my ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            my ( $client, $peer ) = $listener->accept or return "no client: $SSL_ERROR";
            my $line = <$client>;
            print $client "you said $line";
            return join ' ', ref $client, $client->get_sslversion, $client->get_servername, $client->alpn_selected, $client->peerhost,
              ( unpack_sockaddr_in($peer) )[0] == $client->peerport ? 'same' : 'other', $client->sock_certificate('cn'), defined $client->peer_certificate ? 'known' : 'unknown';
        },
        @mine, SSL_alpn_protocols => [qw(two one)]
    );
    my $client = connected( $port, SSL_hostname => 'localhost', SSL_alpn_protocols => [ 'one', 'two' ] );
    ok( $client, 'a client' ) or diag $SSL_ERROR;
    print $client "hello\n";
    is( scalar <$client>, "you said hello\n", 'an answer' );
    is( scalar <$client>, undef,              'the end' );
    is( told($read), 'IO::Socket::SSL TLSv1_3 localhost two 127.0.0.1 same localhost unknown', 'what the server knows' );
};

subtest 'which certificate' => sub {
    my ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            my @found;
            for ( 1 .. 2 ) { my $client = $listener->accept or return $SSL_ERROR; push @found, $client->sock_certificate('cn'); print $client "done\n" }
            return "@found";
        },
        SSL_cert => { 'other.example' => $other_cert, '' => $server_cert }, SSL_key => { 'other.example' => $other_key, '' => $key }
    );
    for my $name (qw(other.example localhost)) {
        my $client = connected( $port, SSL_hostname => $name );
        is( $client && $client->peer_certificate('cn'), $name, $name ) or diag $SSL_ERROR;
        <$client> if $client;
    }
    is( told($read), 'other.example localhost', 'the server knows it, too' );
};

subtest 'certificates of clients' => sub {
    my @seen;
    my ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            my @found;
            for ( 1 .. 3 ) {
                my $client = $listener->accept;
                push @found, $client ? $client->peer_certificate('cn') : $SSL_ERROR =~ /(not return a certificate|verify failed)/ ? $1 : "$SSL_ERROR";
                print $client "welcome\n" if $client;
            }
            return join ', ', @found;
        },
        @mine, SSL_ca => [$ca], SSL_verify_mode => SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
    );
    for my $case ( [ 'welcome', $client_cert, $client_key ], [ undef, $stranger, $stranger_key ], [undef] ) {
        my ( $answer, $certificate, $own ) = @$case;
        my $client = connected( $port, $certificate ? ( SSL_cert => $certificate, SSL_key => $own ) : () );
        my $line = $client ? <$client> : undef;
        chomp $line if defined $line;
        is( $line, $answer, $answer || 'refused' );
    }
    is( told($read), 'a client, verify failed, not return a certificate', 'what the server says' );
};

subtest 'sessions' => sub {
    my ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            my @found;
            for ( 1 .. 3 ) {
                my $client = $listener->accept or return $SSL_ERROR;
                push @found, $client->get_session_reused;
                print $client "done\n";
                close $client;
            }
            return "@found";
        },
        @mine
    );
    my @seen;
    for my $size ( 10, 10, undef ) {
        my $client = connected( $port, SSL_session_cache_size => $size ) or die $SSL_ERROR;
        is( scalar <$client>, "done\n", 'a client' );
        push @seen, $client->get_session_reused;
        close $client;
        sleep 0.05 while CPANBridge->new->call( 'system', 'connections' )->{active_connections} > 2;
    }
    is( "@seen", '0 1 0', 'a session is taken up again where the program asks for it' );
    is( told($read), '0 1 0', 'the server sees it' );
};

subtest 'what makes no server' => sub {
    my @wrong = (
        [ [ SSL_cert_file => '/nowhere' ], qr{SSL_cert_file /nowhere cannot be read} ],
        [ [ SSL_cert_file => "$folder/server.pem" ], qr/certificate, key: OpenSSL cannot use them/ ],
        [ [ @mine, SSL_cipher_list => 'none such' ], qr/ciphers: OpenSSL knows none of 'none such'/ ],
        [ [ @mine, SSL_ecdh_curve => 'P-256:P-384' ], qr/more than one curve is not covered by CPANBridge/ ],
        [ [ SSL_cert => 'text' ], qr/SSL_cert: not a certificate that CPANBridge has made/ ],
    );
    for my $case (@wrong) {
        ok( !IO::Socket::SSL->new( Listen => 1, LocalAddr => '127.0.0.1', @{ $case->[0] } ), "@{ $case->[0] }" );
        like( $SSL_ERROR, $case->[1], '... in words' );
    }
    ok( !IO::Socket::SSL::SSL_Context->new( SSL_server => 1, SSL_cert_file => '/nowhere' ), 'nor a context' );
    my ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            my $client = $listener->accept;
            return join ' ', defined $client ? 'a client' : 'nobody', $! == ETIMEDOUT ? 'in time' : 'not', $SSL_ERROR;
        },
        @mine, Timeout => 0.5
    );
    my $silent = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => $port ) or die $!;
    is( told($read), 'nobody in time SSL accept attempt failed: the client did not finish the handshake in time', 'a client that says nothing' );
    ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            $listener->accept and return 'a client';
            return $SSL_ERROR;
        },
        @mine, SSL_error_trap => sub { my ( $socket, $error ) = @_; print $socket "say it in TLS ($error)\n"; close $socket },
    );
    $silent = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => $port ) or die $!;
    print $silent "GET / HTTP/1.0\r\n\r\n";
    is( scalar <$silent>, "say it in TLS (SSL accept attempt failed: http request)\n", 'SSL_error_trap speaks to a client without TLS' );
    like( told($read), qr/http request/, '... and the server hears why' );
};

subtest 'without waiting' => sub {
    my $listener = IO::Socket::INET->new( Listen => 1, LocalAddr => '127.0.0.1' ) or die $!;
    my $client = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => $listener->sockport ) or die $!;
    my $server = $listener->accept;
    $_->blocking(0) for $client, $server;
    IO::Socket::SSL->start_SSL( $client, SSL_startHandshake => 0, SSL_ca => [$ca], SSL_hostname => 'localhost' ) or die $SSL_ERROR;
    IO::Socket::SSL->start_SSL( $server, SSL_startHandshake => 0, SSL_server => 1, @mine ) or die $SSL_ERROR;
    my ( $waits, %done ) = (0);
    until ( $done{client} && $done{server} ) {
        $done{server} ||= $server->accept_SSL  or $waits++, $SSL_ERROR == SSL_WANT_READ or die $SSL_ERROR;
        $done{client} ||= $client->connect_SSL or $waits++, $SSL_ERROR == SSL_WANT_READ or die $SSL_ERROR;
        IO::Select->new( $done{client} ? () : $client, $done{server} ? () : $server )->can_read(20) or last;
    }
    ok( $done{client} && $done{server}, 'both ends in one process' );
    cmp_ok( $waits, '>', 0, '... wait for each other' );
    is( $client->sysread( my $got, 10 ), undef, 'nothing to read' );
    ok( $! == EWOULDBLOCK && $SSL_ERROR == SSL_WANT_READ, '... and what to wait for' );
    my $written = 0;
    while ( my $sent = $client->syswrite( 'x' x 65_536 ) ) { $written += $sent }
    ok( $! == EWOULDBLOCK && $SSL_ERROR == SSL_WANT_WRITE, 'no room to write' );
    my $read = 0;
    while ( $read < $written ) {
        IO::Select->new($server)->can_read(20) or last;
        $server->pending or last;
        $read += $server->sysread( $got, 100_000 ) || last;
    }
    is( $read, $written, 'all arrives' );
    is( $server->pending, 0, 'nothing is pending' );

    # And back, likewise.
    my %back;
    until ( $back{client} && $back{server} ) {
        $back{client} ||= $client->stop_SSL or $SSL_ERROR == SSL_WANT_READ or die $SSL_ERROR;
        $back{server} ||= $server->stop_SSL or $SSL_ERROR == SSL_WANT_READ or die $SSL_ERROR;
        IO::Select->new( $back{client} ? () : $client, $back{server} ? () : $server )->can_read(20) or last if !( $back{client} && $back{server} );
    }
    is( ref $client, 'IO::Socket::INET', 'the class from before' );
    ok( !$client->blocking, 'still without blocking' );
    $client->blocking(1);
    syswrite $server, "plain\n";
    is( scalar <$client>, "plain\n", 'plain text' );
    is( $client->peerport, $listener->sockport, 'its own connection again' );
};

subtest 'back to plain text' => sub {
    my ( $port, $read ) = serving(
        sub {
            my ($listener) = @_;
            my $client = $listener->accept or return $SSL_ERROR;
            my @said = scalar <$client>;
            $client->stop_SSL or return "no way back: $SSL_ERROR";
            push @said, scalar <$client>;
            print $client "plain answer\n";
            $client->accept_SSL or return "not again: $SSL_ERROR";
            push @said, scalar <$client>;
            return join '', @said;
        },
        @mine
    );
    my $client = connected($port) or die $SSL_ERROR;
    syswrite $client, "secret\n";
    ok( $client->stop_SSL, 'stop_SSL' ) or diag $SSL_ERROR;
    is( ref $client, 'IO::Socket::SSL', 'what was made with TLS keeps its class' );
    ok( !$client->is_SSL, '... and has none' );
    syswrite $client, "plain\n";
    is( scalar <$client>, "plain answer\n", 'plain text' );
    ok( $client->connect_SSL, 'TLS again' ) or diag $SSL_ERROR;
    syswrite $client, "secret again\n";
    is( told($read), "secret\nplain\nsecret again\n", 'what arrived' );

    ( $port, $read ) = serving( sub { my $client = $_[0]->accept or return $SSL_ERROR; print $client "unread\n"; $client->flush; <$client>; return 'over' }, @mine );
    $client = connected($port) or die $SSL_ERROR;
    IO::Select->new($client)->can_read(20);
    ok( !$client->stop_SSL, 'what was not read would be lost' );
    like( $SSL_ERROR, qr/SSL shutdown failed: what the peer had sent was not read/, '... in words' );
    close $client;
    is( told($read), 'over', 'the server sees the end' );
};

subtest 'a program that judges' => sub {
    my %of = ( good => $server_cert, old => $old_cert, stranger => $stranger );
    my ( %port, %read );
    for my $name ( keys %of ) {
        ( $port{$name}, $read{$name} ) = serving(
            sub { my ($listener) = @_; while (1) { my $client = $listener->accept or next; <$client> } },
            SSL_cert => $of{$name}, SSL_key => $name eq 'stranger' ? $stranger_key : $key
        );
    }
    my @calls;
    my $judge = sub {
        my ($answer) = @_;
        @calls = ();
        return ( SSL_verify_callback => sub { my ( $ok, $store, $names, $error, $certificate, $depth ) = @_; push @calls, [@_]; return ref $answer ? $answer->(@_) : defined $answer ? $answer : $ok } );
    };
    my $client = connected( $port{good}, $judge->(undef) );
    ok( $client, 'a good certificate' ) or diag $SSL_ERROR;
    is( join( ' ', map {"$_->[5]:$_->[0]:$_->[3]"} @calls ), '1:1:0 0:1:0', 'each certificate is shown, the authority first' );
    like( $calls[1][2], qr{/CN=our authority.*/CN=localhost}, 'names' );
    is( PEM_cert2string( $calls[1][4] ), PEM_cert2string($server_cert), 'the certificate' );
    is( Net::SSLeay::X509_STORE_CTX_get_error_depth( $calls[0][1] ), 1, 'what stands for the store' );

    ok( !connected( $port{old}, $judge->(undef) ), 'an old one is refused' );
    like( $SSL_ERROR, qr/certificate verify failed: certificate has expired/, '... in words' );
    is( join( ' ', map {"$_->[5]:$_->[0]:$_->[3]"} @calls ), '0:0:error:10:certificate has expired', '... after it was asked about' );
    ok( connected( $port{old}, $judge->(1), SSL_verifycn_name => 'localhost' ), '... unless the program says otherwise' ) or diag $SSL_ERROR;
    ok( !connected( $port{stranger}, $judge->(undef) ), 'a stranger is refused' );
    like( $calls[0][3], qr/\Aerror:18:self-signed certificate\z/, '... for that' );
    ok( !connected( $port{stranger}, $judge->(1), SSL_verifycn_name => 'elsewhere.example' ), 'the name is looked at all the same' );
    like( $SSL_ERROR, qr/hostname verification failed/, '... in words' );
    $client = connected( $port{stranger}, $judge->( sub { return $_[3] =~ /self-signed/ || $_[0] } ), SSL_verifycn_name => 'localhost' );
    ok( $client, 'a stranger whom the program knows' ) or diag $SSL_ERROR;
    ok( !connected( $port{good}, $judge->(0) ), 'a good one may be refused' );
    like( $SSL_ERROR, qr/SSL_verify_callback has refused the certificate/, '... in words' );
    undef $client;
    kill KILL => @children;
};

subtest 'Utils' => sub {
    my $hash = CERT_asHash($server_cert);
    is( $hash->{subject}{commonName},       'localhost',     'subject' );
    is( $hash->{subject}{organizationName}, "Stra\xdfe",     '... in any letters' );
    is( $hash->{issuer}{commonName},        'our authority', 'issuer' );
    is_deeply( $hash->{subjectAltNames}, [ [ DNS => 'localhost' ], [ IP => '127.0.0.1' ] ], 'other names' );
    is( $hash->{version}, 2, 'version' );
    like( $hash->{serial}, qr/\A[1-9][0-9]*\z/, 'serial number' );
    cmp_ok( $hash->{not_after} - $hash->{not_before}, '==', 365 * 86400, 'a year' );
    is( join( ',', sort @{ $hash->{keyusage} } ), 'digitalSignature,keyEncipherment', 'what the key may do' );
    is( join( ',', sort map { $_->{sn} } @{ $hash->{extkeyusage} } ), 'clientAuth,serverAuth', '... and for whom' );
    is( $hash->{signature_alg}, 'sha256WithRSAEncryption', 'signed by' );
    like( $hash->{fingerprint_sha256}, qr/\A(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\z/, 'fingerprint' );
    ok( ( grep { $_->{sn} eq 'basicConstraints' && $_->{critical} } @{ $hash->{ext} } ), 'extensions' );
    is( PEM_cert2string( PEM_string2cert( PEM_cert2string($ca) ) ), PEM_cert2string($ca), 'text and back' );
    is( scalar( my @both = PEM_file2certs("$folder/server.pem") ), 2, 'several in a file' );
    is( ( stat "$folder/server.key" )[2] & 0777, 0600, 'a key is for nobody else to read' );
    is( PEM_key2string( PEM_file2key("$folder/server.key") ), PEM_key2string($key), '... and is what it was' );
    for my $case (
        [ sub { PEM_file2cert('/nowhere') },                  qr{/nowhere cannot be read: .* at \Q$0\E line} ],
        [ sub { PEM_string2cert('nothing') },                 qr/there is no certificate in it at \Q$0\E line/ ],
        [ sub { CERT_create( colour => 'red' ) },             qr/there is no argument called colour/ ],
        [ sub { CERT_create( purpose => 'fun' ) },            qr/there is no purpose called fun/ ],
        [ sub { CERT_create( ext => [ { sn => 'x' } ] ) },    qr/\(ext\) are not covered by CPANBridge/ ],
        [ sub { CERT_create( key => $key, digest => 'md4' ) }, qr/digest: there is none called 'md4'.* at \Q$0\E line/ ],
        [ sub { KEY_create_ec('none') },                      qr/curve: there is none called 'none'/ ],
      )
    {
        ok( !eval { $case->[0]->(); 1 }, 'wrong' );
        like( $@, $case->[1], '... in words' );
    }
};

is( "@warnings", '', 'no warnings' );
done_testing();
