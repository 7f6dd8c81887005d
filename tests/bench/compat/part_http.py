"""The web: LWP's client against a server beside it, addresses and messages, beside the real modules from Debian."""

from __future__ import annotations

from compat_measure import Measure, Side
from compat_real import real_options

__all__ = ["MEASURES"]

# One process that answers all requests alike, as fast as Perl can.
SERVER = r"""
use IO::Socket::INET; use IO::Select; use POSIX ();
my $listener = IO::Socket::INET->new( Listen => 50, LocalAddr => '127.0.0.1' ) or die $!;
my $url = 'http://127.0.0.1:' . $listener->sockport . '/';
my $size = SIZE;
my $pid = fork;
if ( !$pid ) {
    alarm 120;
    my $answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: $size\r\n\r\n" . 'x' x $size;
    my $select = IO::Select->new($listener);
    while (1) {
        for my $ready ( $select->can_read ) {
            if ( $ready == $listener ) { $select->add( $listener->accept ); next }
            if ( sysread $ready, my $request, 65536 ) {
                my $sent = 0;
                while ( $sent < length $answer ) {
                    $sent += syswrite( $ready, $answer, length($answer) - $sent, $sent ) || last;
                }
                next if $request !~ /^Connection:.*\bclose\b/m;
            }
            $select->remove($ready);
            close $ready;
        }
    }
}
END { kill 'KILL', $pid if $pid }
close $listener;
use LWP::UserAgent;
"""
CLOSING = SERVER.replace("SIZE", "1000") + "my $agent = LWP::UserAgent->new;\n"
KEEPING = SERVER.replace("SIZE", "1000") + "my $agent = LWP::UserAgent->new( keep_alive => 1 );\n"
BIG = SERVER.replace("SIZE", "1 << 20") + "my $agent = LWP::UserAgent->new( keep_alive => 1 );\n"
GET = "rate( sub { $agent->get($url)->is_success or die } );"

ADDRESS = """
use URI;
rate(
    sub {
        my $uri = URI->new('http://www.example.org:8080/a/b?c=d');
        $uri->$_ for qw(host port path query);
    }
);
"""
MESSAGE = r"""
use HTTP::Response;
my $head = join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: text/html; charset=utf-8', 'Server: me', 'Date: now', '', '';
my $text = $head . "\xc3\xa9" x 1000;
rate( sub { HTTP::Response->parse($text)->decoded_content } );
"""
FORM = "use HTTP::Request::Common; rate( sub { POST 'http://h/', [ name => 'Me', text => 'a b & c' ] } );"

REAL = real_options("libwww-perl")


def beside(what: str, unit: str, code: str, goal: float | None = None) -> Measure:
    """Measure the same code on ours and on the real modules."""
    ours = Side("ours", code, ("-MCPANBridge::Compat=prefer,LWP,URI,HTTP,Net::HTTP",))
    return Measure(what, unit, ours, Side("real", code, REAL, needs="LWP::UserAgent"), goal)


MEASURES = [
    beside("GET, a connection each", "requests", CLOSING + GET),
    beside("GET, connection kept", "requests", KEEPING + GET),
    beside("GET of 1 MiB", "MiB", BIG + GET),
    beside("addresses taken apart", "URIs", ADDRESS),
    beside("answers parsed and decoded", "answers", MESSAGE),
    beside("requests with a form", "requests", FORM),
]
