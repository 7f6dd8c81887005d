use strict;
use warnings;

# The replacement of IO::Socket::SSL with a real daemon and real servers, on a perl with core modules only.
use lib 't/lib', 'lib';
use CoreOnly;
use CPANBridge::Compat;
use BridgeDaemon;
use TlsServers;
use Errno qw(ETIMEDOUT EWOULDBLOCK);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::SSL;
use Socket;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'the servers are in the source tree, which is not here' if !TlsServers->program;

my $folder = tempdir( CLEANUP => 1 );
my $config = "$folder/cpanbridge.toml";
{
    open my $out, '>', $config or die $!;
    print $out qq([modules]\nenabled = ["tls"]\n);
    close $out or die $!;
}
my $daemon = BridgeDaemon->new( options => [ '--config', $config ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
delete @ENV{qw(SSL_CERT_FILE SSL_CERT_DIR)};
my $servers = TlsServers->new;
my $ca      = $servers->file('ca.pem');
my @warnings;
$SIG{__WARN__} = sub { push @warnings, @_ };

sub port { return $servers->port( $_[0] ) }

# How many descriptors the daemon has open: at rest the number is always the same.
sub daemons_files { opendir my $files, "/proc/$daemon->{pid}/fd" or return -1; return scalar grep {/\d/} readdir $files }

sub comes_back_to {
    my ( $expected, $what ) = @_;
    my $until = time + 20;
    sleep 0.05 while daemons_files() > $expected && time < $until;
    return cmp_ok( daemons_files(), '<=', $expected, $what );
}



ok( CPANBridge::Compat->is_shim('IO::Socket::SSL'), 'IO::Socket::SSL is ours' );
my $at_rest = daemons_files();

subtest 'HTTP::Tiny' => sub {
    ok( HTTP::Tiny->can_ssl, 'it can do https' );
    my $http = HTTP::Tiny->new( verify_SSL => 1, SSL_options => { SSL_ca_file => $ca } );
    my $url = 'https://localhost:' . port('http');
    is( $http->get("$url/here")->{content}, 'you asked for /here', 'a page' );
    for ( [ wrong_name => qr/hostname verification failed: .*not valid for 'localhost'/ ],
        [ untrusted => qr/certificate verify failed: unable to get local issuer certificate/ ],
        [ expired => qr/certificate verify failed: certificate has expired/ ] )
    {
        my ( $server, $words ) = @$_;
        my $answer = $http->get( 'https://localhost:' . port($server) . '/' );
        is( $answer->{status}, 599, "$server is refused" );
        like( $answer->{content}, $words, '... in words' );
    }
    my $big = $http->get("$url/big/30000128");
    is( length $big->{content}, 30_000_128, '30 MB come' );
    is( unpack( '%32C*', $big->{content} ), unpack( '%32C*', join( '', map chr, 0 .. 255 ) ) * ( 30_000_128 / 256 ), '... as they are' );
    my $binary = join( '', map chr, 0 .. 255 ) x 100_000;
    is( $http->post( "$url/", { content => $binary } )->{content}, '25600000 3264000000', '25 MB go' );

    my $before = CPANBridge->new->call( 'system', 'connections' )->{total_connections};
    is( $http->get("$url/$_")->{content}, "you asked for /$_", "again: $_" ) for qw(a b c);
    is( CPANBridge->new->call( 'system', 'connections' )->{total_connections}, $before + 1, 'one connection was kept alive' );

    is( $http->get("$url/until-close")->{content}, 'to the end', 'a body that ends with the connection' );
    my $rude = HTTP::Tiny->new( verify_SSL => 1, SSL_options => { SSL_ca_file => $ca } )->get("$url/rude/1000");
    is( $rude->{status}, 599, 'a server that closes without good-bye in the middle' );
    like( $rude->{content}, qr/Unexpected end of stream/, '... is missed' );
    my $stall = HTTP::Tiny->new( timeout => 0.5, SSL_options => { SSL_ca_file => $ca } )->get("$url/stall");
    like( $stall->{content}, qr/Timed out while waiting for socket to become ready for reading/, 'a time-out' );

    local $ENV{SSL_CERT_FILE} = $ca;
    is( HTTP::Tiny->new( verify_SSL => 1 )->get("$url/x")->{status}, 200, 'SSL_CERT_FILE of the program counts' );
};

subtest 'a socket' => sub {
    my $socket = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('echo'), SSL_ca_file => $ca, SSL_alpn_protocols => ['http/1.1'] );
    ok( $socket, 'new connects' ) or return diag $SSL_ERROR;
    isa_ok( $socket, 'IO::Socket::IP' ) if $INC{'IO/Socket/IP.pm'};
    ok( $socket->is_SSL, 'it is encrypted' );
    is( $socket->get_sslversion,     'TLSv1_3', 'version' );
    is( $socket->get_sslversion_int, 0x0304,    '... as a number' );
    like( $socket->get_cipher, qr/\ATLS_/, 'cipher' );
    is( $socket->alpn_selected, 'http/1.1', 'ALPN' );
    is( $socket->peerport, port('echo'), 'the port of the server' );
    like( $socket->peerhost, qr/\A(?:127\.0\.0\.1|::1)\z/, 'its address' );
    ok( $socket->sockport, 'our port' );
    is( $socket->peer_certificate('commonName'), 'localhost', 'common name' );
    like( $socket->peer_certificate('issuer'), qr{/O=trustme}, 'issuer' );
    my %names = reverse map { ref $_ ? () : $_ } $socket->peer_certificate('subjectAltNames');
    is( $names{localhost}, GEN_DNS(), 'alternative names' );
    is( $names{ inet_aton('127.0.0.1') }, GEN_IPADD(), '... of numbers, too' );
    like( $socket->get_fingerprint, qr/\Asha256\$[0-9a-f]{64}\z/, 'fingerprint' );
    like( $socket->dump_peer_certificate, qr/\ASubject Name: .*localhost\nIssuer  Name: /, 'the certificate in words' );
    ok( $socket->verify_hostname( 'localhost', 'http' ), 'verify_hostname' );
    ok( !$socket->verify_hostname( 'example.org', 'http' ), '... of another' );
    my $certificate = $socket->peer_certificate;
    cmp_ok( $certificate->not_before, '<', time, 'valid from' );
    cmp_ok( $certificate->not_after,  '>', time, 'valid until' );

    print $socket "one\r\n\0\xff\n" or die;
    $socket->flush;
    is( scalar <$socket>, "one\r\n",  'print and readline' );
    is( scalar <$socket>, "\0\xff\n", '... of any bytes' );
    is( syswrite( $socket, 'two' ), 3, 'syswrite' );
    ok( IO::Select->new($socket)->can_read(10), 'select' );
    is( $socket->peek( my $seen, 10 ), 3, 'peek' );
    is( $seen,                       'two', '... sees what is there' );
    is( sysread( $socket, my $got, 100 ), 3, 'sysread' );
    is( $got,             'two', '... reads it' );
    is( $socket->pending, 0,     'nothing is held back' );
    shutdown $socket, 1;
    is( sysread( $socket, $got, 100 ), 0, 'the end, after the good-byes' );
    ok( !$socket->stop_SSL, 'too late for a way back' );
    ok( $socket->close, 'close' );

    for my $args (
        [ SSL_version => 'TLSv1_2' ],
        [ SSL_version => 'SSLv23:!TLSv1_3' ],
        [ SSL_version => 'SSLv23:!SSLv2:!SSLv3:!TLSv1:!TLSv1_1', SSL_cipher_list => 'ECDHE+AESGCM', port => 'old' ],
      )
    {
        my %args = @$args;
        $socket = IO::Socket::SSL->new( PeerHost => 'localhost', SSL_ca_file => $ca, PeerPort => port( delete $args{port} || 'echo' ), %args );
        is( $socket && $socket->get_sslversion, 'TLSv1_2', "@$args" ) or diag $SSL_ERROR;
    }
    $socket = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('client'), SSL_ca_file => $ca, SSL_cert_file => $servers->file('client.pem') );
    print $socket "GET /mine HTTP/1.0\r\n\r\n";
    $socket->flush;
    like( join( '', map { scalar <$socket> } 1 .. 4 ), qr/200 OK/, 'a certificate of the client' );
};

subtest 'whom to trust' => sub {
    my @to = ( PeerAddr => '127.0.0.1', PeerPort => port('echo') );
    my %fine = (
        'an address in the certificate' => [],
        'a name beside it'              => [ SSL_verifycn_name => 'localhost', SSL_hostname => 'elsewhere.example' ],
        'a name and no SNI'             => [ SSL_verifycn_name => 'localhost', SSL_hostname => '' ],
        'no name wanted'                => [ SSL_verifycn_name => 'elsewhere.example', SSL_verifycn_scheme => 'none' ],
        'rules of its own'              => [ SSL_verifycn_scheme => { check_cn => 'always' }, SSL_verifycn_name => 'localhost' ],
        'a sub of its own'              => [ SSL_verifycn_scheme => sub { $_[0] eq 'x' && $_[1]->common_name eq 'localhost' }, SSL_verifycn_name => 'x' ],
    );
    for my $what ( sort keys %fine ) {
        ok( IO::Socket::SSL->new( @to, SSL_ca_file => $ca, @{ $fine{$what} } ), $what ) or diag $SSL_ERROR;
    }
    my %wrong = (
        'another name'         => [ [ SSL_verifycn_name => 'elsewhere.example' ], qr/hostname verification failed/ ],
        'another, asked for the right one' =>
          [ [ SSL_verifycn_name => 'elsewhere.example', SSL_hostname => 'localhost' ], qr/hostname verification failed/ ],
        'rules of its own'    => [ [ SSL_verifycn_scheme => { check_cn => 'always' }, SSL_verifycn_name => 'nobody' ], qr/hostname verification failed/ ],
        'an unknown scheme'   => [ [ SSL_verifycn_scheme => 'nonsense' ], qr/there is no scheme called nonsense/ ],
        'no such file'        => [ [ SSL_ca_file => '/nowhere' ], qr{SSL_ca_file /nowhere does not exist} ],
        'no revocation list'  => [ [ SSL_crl_file => $ca ], qr/SSL_crl_file \Q$ca\E has no list of revoked certificates in it/ ],
        'none of its authority' => [ [ SSL_check_crl => 1 ], qr/certificate verify failed: unable to get certificate CRL/ ],
        'nobody in particular' => [ [ SSL_ca_file => undef ], qr/certificate verify failed/ ],
        'a key that is none'  => [ [ SSL_cert_file => $ca, SSL_key_file => $ca ], qr/OpenSSL cannot use them/ ],
        'a wrong fingerprint' => [ [ SSL_fingerprint => 'sha256$' . '0' x 64 ], qr/fingerprint verification failed/ ],
    );
    for my $what ( sort keys %wrong ) {
        my ( $args, $words ) = @{ $wrong{$what} };
        undef $SSL_ERROR;
        ok( !IO::Socket::SSL->new( @to, SSL_ca_file => $ca, @$args ), "$what: no" );
        like( $SSL_ERROR, $words, '... in words' );
        ok( $!, '... and with an error number' );
    }
    ok( !IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('untrusted') ), 'without a word, certificates are verified' );
    my $socket = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('untrusted'), SSL_verify_mode => SSL_VERIFY_NONE() );
    ok( $socket, 'unless the program says otherwise' );
    my @prints = map { $socket->get_fingerprint( $_, undef, 0 ) } qw(sha1 sha256);
    push @prints, $socket->get_fingerprint( 'sha256', undef, 1 );
    for my $print (@prints) {
        ok( IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('untrusted'), SSL_fingerprint => $print ), "trusted by $print" )
          or diag $SSL_ERROR;
    }
    my $name = ( $socket->peer_certificate('issuer') )[0];
    mkdir "$folder/certs";
    symlink $ca, "$folder/certs/01234567.0" or die $!;
    ok( IO::Socket::SSL->new( @to, SSL_ca_path => "$folder/certs" ), 'a directory of authorities' ) or diag $SSL_ERROR;
    ok( IO::Socket::SSL->new( @to, SSL_reuse_ctx => IO::Socket::SSL::SSL_Context->new( SSL_ca_file => $ca ) ), 'a context' ) or diag $SSL_ERROR;
    ok( !IO::Socket::SSL::SSL_Context->new( SSL_ca_file => '/nowhere' ), '... that cannot be made' );
    IO::Socket::SSL::set_defaults( SSL_ca_file => $ca );
    ok( IO::Socket::SSL->new(@to), 'defaults' ) or diag $SSL_ERROR;
    IO::Socket::SSL::set_defaults( SSL_ca_file => undef );
};

subtest 'start_SSL' => sub {
    my $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('echo') );
    my $number = fileno $plain;
    is( IO::Socket::SSL->start_SSL( $plain, SSL_ca_file => $ca, SSL_hostname => 'localhost' ), $plain, 'it is the same handle' ) or diag $SSL_ERROR;
    is( ref $plain, 'IO::Socket::SSL', 'of another class' );
    is( fileno $plain, $number, '... and the same descriptor' );
    print $plain "through\n";
    is( scalar <$plain>, "through\n", 'bytes go through' );
    is( $plain->peerport, port('echo'), 'the server is known' );

    $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('untrusted') );
    ok( !IO::Socket::SSL->start_SSL( $plain, SSL_ca_file => $ca, SSL_hostname => 'localhost' ), 'a failure' );
    is( ref $plain, 'IO::Socket::INET', '... leaves the class' );
    is( $plain->peerport, port('untrusted'), '... and the connection' );
    { package Sub; our @ISA = ('IO::Socket::SSL') }
    $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('echo') );
    is( ref Sub->start_SSL( $plain, SSL_ca_file => $ca, SSL_verifycn_name => 'localhost' ), 'Sub', 'a class of its own' );

    socket my $bare, PF_INET, SOCK_STREAM, 0;
    connect $bare, pack_sockaddr_in( port('echo'), INADDR_LOOPBACK ) or die $!;
    ok( IO::Socket::SSL->start_SSL( $bare, SSL_ca_file => $ca, SSL_verifycn_name => 'localhost' ), 'a handle without a class' );
    syswrite $bare, 'bare';
    sysread $bare, my $got, 10;
    is( $got, 'bare', '... works' );

    my $unconnected = IO::Socket::SSL->new( Proto => 'tcp', Family => AF_INET, SSL_ca_file => $ca, SSL_verifycn_name => 'localhost' );
    ok( $unconnected, 'a socket without a peer' ) or diag $SSL_ERROR;
    is( $unconnected->opened, -1, '... has no TLS' );
    ok( $unconnected->connect( pack_sockaddr_in( port('echo'), INADDR_LOOPBACK ) ), '... until it is connected' ) or diag $SSL_ERROR;
    is( $unconnected->opened, 1, '... has TLS then' );
    $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('echo') );
    my $from_number = IO::Socket::SSL->new_from_fd( fileno $plain, '+<', SSL_ca_file => $ca, SSL_verifycn_name => 'localhost' );
    ok( $from_number, 'new_from_fd' ) or diag $SSL_ERROR;
    IO::Socket::SSL::set_args_filter_hack('use_defaults');
    $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('untrusted') );
    ok( !IO::Socket::SSL->start_SSL( $plain, SSL_verify_mode => 0, SSL_hostname => 'localhost' ), 'set_args_filter_hack overrules a program' );
    IO::Socket::SSL::set_args_filter_hack(undef);
    $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('echo') );
    $plain->blocking(0);
    ok( IO::Socket::SSL->start_SSL( $plain, SSL_ca_file => $ca, SSL_verifycn_name => 'localhost' ), 'start_SSL waits' ) or diag $SSL_ERROR;
    ok( !$plain->blocking, '... and leaves the handle without blocking' );

    # What programs that are started inherit is what it was before.
    is( `$^X -e 'print -S "/proc/self/fd/@{[fileno $bare]}" ? "there" : "not there"'`, 'not there', 'the descriptor is closed on exec' );
};

subtest 'without blocking' => sub {
    my $plain = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => port('echo') );
    $plain->blocking(0);
    my $started = IO::Socket::SSL->start_SSL( $plain, SSL_ca_file => $ca, SSL_hostname => 'localhost', SSL_startHandshake => 0 );
    ok( $started && !$started->is_SSL, 'not yet' );
    my $rounds = 0;
    until ( $started->connect_SSL ) {
        $rounds++;
        $SSL_ERROR == SSL_WANT_READ() or last;
        ok( $!{EWOULDBLOCK}, 'it would block' ) if $rounds == 1;
        IO::Select->new($started)->can_read(10) or last;
    }
    ok( $started->is_SSL, 'connected' ) or diag $SSL_ERROR;
    ok( !$started->blocking, 'still without blocking' );
    ok( !defined sysread( $started, my $got, 10 ) && $!{EWOULDBLOCK}, '... when reading, too' );
    syswrite $started, 'later';
    IO::Select->new($started)->can_read(10);
    is( sysread( $started, $got, 10 ), 5, 'bytes go through' );
};

subtest 'time' => sub {
    my $from   = time;
    my $socket = IO::Socket::SSL->new( PeerHost => '127.0.0.1', PeerPort => port('silent'), Timeout => 0.5, SSL_verify_mode => 0 );
    ok( !$socket, 'a server that does not answer the handshake' );
    ok( $!{ETIMEDOUT}, '... is a time-out' ) or diag $!;
    like( $SSL_ERROR, qr/did not finish the handshake in time/, '... in words' );
    cmp_ok( time - $from, '<', 15, '... in time' );

    my $alarm = eval {
        local $SIG{ALRM} = sub { die "alarm\n" };
        alarm 1;
        IO::Socket::SSL->new( PeerHost => '127.0.0.1', PeerPort => port('silent'), SSL_verify_mode => 0 );
        alarm 0;
        1;
    };
    ok( !$alarm, 'alarm ends a handshake' );
    is( $@, "alarm\n", '... by its own words' );
    $socket = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('echo'), SSL_ca_file => $ca );
    $alarm = eval {
        local $SIG{ALRM} = sub { die "alarm\n" };
        alarm 1;
        scalar <$socket>;
        1;
    };
    is( $@, "alarm\n", 'alarm ends reading' );
    syswrite $socket, "still there\n";
    is( scalar <$socket>, "still there\n", '... and harms nothing' );
};

subtest 'Net::SMTP' => sub {
    require Net::SMTP;
    ok( Net::SMTP->can_ssl, 'it can do TLS' );
    my $smtp = Net::SMTP->new( 'localhost', Port => port('smtp'), Timeout => 20 ) or die $@;
    ok( !$smtp->mail('a@example.org'), 'the server wants TLS' );
    ok( $smtp->starttls( SSL_ca_file => $ca ), 'starttls' ) or diag $@;
    isa_ok( $smtp, 'Net::SMTP' );
    ok( defined $smtp->supports('PIPELINING'), 'it said hello again' );
    ok( $smtp->mail('a@example.org') && $smtp->to('b@example.org'), 'mail' );
    ok( $smtp->data( "Subject: x\n\n", "text\n" x 20_000 ), 'data' );
    like( $smtp->message, qr/took 120014 bytes over TLS/, '... arrived' );
    ok( $smtp->quit, 'quit' );
    $smtp = Net::SMTP->new( 'localhost', Port => port('smtps'), SSL => 1, SSL_ca_file => $ca, Timeout => 20 );
    ok( $smtp && $smtp->quit, 'TLS from the beginning' ) or diag $@;
    $smtp = Net::SMTP->new( 'localhost', Port => port('smtp'), Timeout => 20 );
    ok( !$smtp->starttls, 'an authority that nobody trusts' );
    like( $@, qr/certificate verify failed/, '... in words' );
};

subtest 'Net::POP3' => sub {
    require Net::POP3;
    my $pop = Net::POP3->new( 'localhost', Port => port('pop3'), Timeout => 20 );
    ok( $pop->starttls( SSL_ca_file => $ca ), 'starttls' ) or diag $@;
    is( $pop->login( 'me', 'secret' ), 1, 'login' );
    ( my $message = join '', @{ $pop->get(1) || [] } ) =~ tr/\r//d;
    is( $message, "Subject: secret\n\nThe text.\n", 'a message' );
    ok( $pop->quit, 'quit' );
};

subtest 'Net::FTP' => sub {
    require Net::FTP;
    my $content = join( '', map chr, 0 .. 255 ) x 5000;
    for my $case (
        [ 'passive',            'ftp',              Passive => 1 ],
        [ 'active',             'ftp',              Passive => 0 ],
        [ 'TLS from the start', 'ftps',             Passive => 1, SSL => 1 ],
        [ 'the same session',   'ftp_same_session', Passive => 1 ],
      )
    {
        my ( $what, $server, @args ) = @$case;
        my $ftp = Net::FTP->new( 'localhost', Port => port($server), Timeout => 20, SSL_ca_file => $ca, @args );
        ok( $ftp, "$what: connected" ) or next;
        if ( $server ne 'ftps' ) {
            ok( !$ftp->is_SSL,   '... without TLS' );
            ok( $ftp->starttls, '... starttls' ) or diag $SSL_ERROR;
        }
        ok( $ftp->is_SSL, '... with TLS' );
        ok( $ftp->login( 'me', 'secret' ), '... logged in' );
        ok( $ftp->prot('P'), '... private data' ) if $server eq 'ftps';
        $ftp->binary;
        open my $in, '<', \$content;
        is( $ftp->put( $in, 'new' ), 'new', '... put' ) or diag $ftp->message;
        my $back = '';
        open my $out, '>', \$back;
        is( $ftp->get( 'new', $out ), $out, '... get' ) or diag $ftp->message;
        ok( $back eq $content, '... what was put' );
        is( join( ',', $ftp->ls ), 'big,new', '... list' );
        ok( $ftp->quit, '... quit' );
    }
};

subtest 'processes' => sub {
    my $socket = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('echo'), SSL_ca_file => $ca ) or die $SSL_ERROR;
    my $pid = fork;
    if ( !$pid ) {
        require POSIX;
        close $socket;
        POSIX::_exit(0);
    }
    waitpid $pid, 0;
    syswrite $socket, "here\n";
    is( scalar <$socket>, "here\n", 'a child that closes its copy does not harm the parent' );
    close $socket;
    comes_back_to( $at_rest, 'all descriptors of the daemon are closed' );

    # A program that is killed in the middle of a download.
    pipe my $read, my $write or die $!;
    $pid = fork;
    if ( !$pid ) {
        my $connection = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('http'), SSL_ca_file => $ca );
        syswrite $connection, "GET /big/100000000 HTTP/1.1\r\n\r\n";
        sysread $connection, my $got, 1000;
        syswrite $write, 'x';
        sleep 100;
    }
    sysread $read, my $got, 1;
    is( daemons_files(), $at_rest + 2, 'a connection and its server' );
    kill 'KILL', $pid;
    waitpid $pid, 0;
    comes_back_to( $at_rest, '... are closed when the program is killed' );
};

subtest 'no daemon' => sub {
    my $socket = IO::Socket::SSL->new( PeerHost => 'localhost', PeerPort => port('echo'), SSL_ca_file => $ca ) or die $SSL_ERROR;
    $daemon->stop('KILL');
    is( sysread( $socket, my $got, 10 ), 0, 'a daemon that is killed is the end of input' );
    my $answer = HTTP::Tiny->new->get( 'https://localhost:' . port('http') );
    is( $answer->{status}, 599, 'no https without a daemon' );
    like( $answer->{content}, qr/CPANBridge: Cannot connect to the daemon at \Q@{[$daemon->socket]}\E: .*is the daemon running/, '... in words' );
    my $other = BridgeDaemon->new;
    local $ENV{CPAN_BRIDGE_SOCKET} = $other->socket;
    $answer = HTTP::Tiny->new->get( 'https://localhost:' . port('http') );
    like( $answer->{content}, qr/CPANBridge: Module tls is installed but not enabled/, 'nor without the module' );
};

subtest 'machines' => sub {
    require CPANBridge::Compat::TLS::Descriptors;
    my $number = \&CPANBridge::Compat::TLS::Descriptors::numbers;
    is( join( ',', $number->( 'x86_64-linux-gnu-thread-multi',  8, 8 ) ), '46,47',   'x86_64' );
    is( join( ',', $number->( 'aarch64-linux-gnu-thread-multi', 8, 8 ) ), '211,212', 'aarch64' );
    for my $other ( [ 'i686-linux', 4, 4 ], [ 'x86_64-linux-gnux32', 4, 8 ], [ 's390x-linux-gnu', 8, 8 ], [ 'amd64-freebsd', 8, 8 ], [ 'x86_64-darwin', 8, 8 ] ) {
        ok( !eval { $number->(@$other); 1 }, "$other->[0] is not known" );
        like( $@, qr/TLS needs a 64-bit perl on Linux for x86_64 or aarch64.*\Q$other->[0]\E/, '... in words' );
    }
};

is( "@warnings", '', 'no warnings' );
done_testing();
