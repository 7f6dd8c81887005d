use strict;
use warnings;

# The replacement of LWP over that of IO::Socket::SSL, with a real daemon and real servers, on a perl with core modules only.
use lib 't/lib', 'lib';
use CoreOnly;
use CPANBridge::Compat;
use BridgeDaemon;
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use LWP::UserAgent;
use POSIX ();
use Test::More;
use TlsServers;

plan skip_all => 'the servers are in the source tree, which is not here' if !TlsServers->program;

my $folder = tempdir( CLEANUP => 1 );
{
    open my $out, '>', "$folder/cpanbridge.toml" or die $!;
    print $out qq([modules]\nenabled = ["tls"]\n);
    close $out or die $!;
}
my $daemon = BridgeDaemon->new( options => [ '--config', "$folder/cpanbridge.toml" ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
delete @ENV{ qw(SSL_CERT_FILE SSL_CERT_DIR), grep {/_proxy\z|\APERL_LWP|\AHTTPS_/i} keys %ENV };
my $servers = TlsServers->new;
my $url     = 'https://localhost:' . $servers->port('http');
my @warnings;
$SIG{__WARN__} = sub { push @warnings, @_ };

sub agent { return LWP::UserAgent->new( timeout => 10, ssl_opts => { SSL_ca_file => $servers->file('ca.pem') }, @_ ) }

my $answer = agent()->get("$url/");
ok( $answer->is_success, 'https' ) or diag $answer->as_string;
like( $answer->header('Client-SSL-Version'), qr/\ATLSv1/, 'its version is told' );
is( length agent()->get("$url/big/1024000")->content, 1_024_000, 'much content' );
my $kept = agent( keep_alive => 1 );
$kept->get("$url/") for 1 .. 2;
is( $kept->get("$url/")->header('Client-Response-Num'), 3, 'a connection that is kept' );

my $stranger = LWP::UserAgent->new( timeout => 10 )->get("$url/");
is( $stranger->code, 500, 'a server that nobody vouches for' );
like( $stranger->status_line, qr/\A500 Can't connect to localhost:\d+ \(.*certificate/i, 'in words' );
is( $stranger->header('Client-Warning'), 'Internal response', 'which are ours' );
( my $by_number = $url ) =~ s/localhost/127.0.0.2/;
is( agent()->get("$by_number/")->code, 500, 'a name that is not in the certificate' );
ok( LWP::UserAgent->new( timeout => 10, ssl_opts => { verify_hostname => 0 } )->get("$url/")->is_success, 'unless nobody looks' );

# A proxy that makes tunnels for those who know the password.
my $listener = IO::Socket::INET->new( Listen => 5, LocalAddr => '127.0.0.1' ) or die $!;
my $pid = fork;
die "fork: $!" if !defined $pid;
if ( !$pid ) {
    alarm 60;
    while ( my $client = $listener->accept ) {
        my $head = '';
        while ( $head !~ /\r\n\r\n\z/ ) { sysread( $client, $head, 1, length $head ) or last }
        if ( $head !~ /^Proxy-Authorization: Basic dTpw\r$/m || $head !~ /\ACONNECT ([\w.]+):(\d+) / ) {
            print $client "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
            next;
        }
        my $server = IO::Socket::INET->new("$1:$2") or next;
        print $client "HTTP/1.1 200 Go on\r\n\r\n";
        $client->flush;
        my $select = IO::Select->new( $client, $server );
      TUNNEL: while ( my @ready = $select->can_read(20) ) {
            for my $from (@ready) {
                sysread( $from, my $bytes, 65_536 ) or last TUNNEL;
                syswrite $from == $client ? $server : $client, $bytes;
            }
        }
    }
    POSIX::_exit(0);
}
my $through = agent();
$through->proxy( https => 'http://u:p@127.0.0.1:' . $listener->sockport . '/' );
ok( $through->get("$url/")->is_success, 'through a proxy' );
$through->proxy( https => 'http://127.0.0.1:' . $listener->sockport . '/' );
is( $through->get("$url/")->code, 407, 'a proxy that says no' );
$through->credentials( '127.0.0.1:' . $listener->sockport, 'p', 'u', 'p' );
my $last = $through->get("$url/");
ok( $last->is_success, 'until it gets a password' ) or diag $last->as_string;
kill 'KILL', $pid;
waitpid $pid, 0;

$daemon->stop('KILL');
$answer = agent()->get("$url/");
is( $answer->code, 500, 'no daemon' );
like( $answer->status_line, qr/CPANBridge: Cannot connect to the daemon/, 'is an answer, too' );
is( "@warnings", '', 'no warnings' );
done_testing;
