"""TLS: requests, connections and bodies through the daemon, beside the real IO::Socket::SSL from Debian.

The server is the tests' own, in this process, which does nothing else meanwhile.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

import tls_server
from compat_measure import Measure, Side

__all__ = ["MEASURES", "MODULES", "PACKAGES"]

MODULES = ["tls"]
PACKAGES = ["libio-socket-ssl-perl"]

FOLDER = Path(tempfile.mkdtemp(prefix="cpanbridge-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
SERVER = tls_server.TlsServer(tls_server.Authority(FOLDER).good, tls_server.serve_http)

START = f"""
use IO::Socket::SSL; use HTTP::Tiny;
my ( $port, $ca ) = ( {SERVER.port}, '{FOLDER}/ca.pem' );
my @to = ( PeerHost => 'localhost', PeerPort => $port, SSL_ca_file => $ca );
my $http = HTTP::Tiny->new( verify_SSL => 1, SSL_options => {{ SSL_ca_file => $ca }} );
"""
KEPT = r"""
my $socket = IO::Socket::SSL->new(@to) or die $SSL_ERROR;
rate(
    sub {
        syswrite $socket, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" or die $!;
        my $answer = '';
        until ( $answer =~ m{/x\z} ) { sysread $socket, $answer, 65536, length $answer or die $! }
    }
);
"""
TINY = 'rate( sub { $http->get("https://localhost:$port/x")->{success} or die } );'
CONNECT = "rate( sub { close( IO::Socket::SSL->new(@to) || die $SSL_ERROR ) } );"
BIG = 'rate( sub { $http->get("https://localhost:$port/big/10485760")->{success} or die }, 10 );'


def beside(what: str, unit: str, code: str, goal: float | None = None) -> Measure:
    """Measure the same code on ours and on the real module."""
    ours = Side("ours", START + code, ("-MCPANBridge::Compat=prefer,IO::Socket::SSL,Net::SSLeay",))
    return Measure(what, unit, ours, Side("real", START + code, needs="IO::Socket::SSL"), goal)


MEASURES = [
    beside("https, connection kept", "requests", KEPT, 4000),
    beside("the same with HTTP::Tiny", "requests", TINY),
    beside("connections, verified", "connections", CONNECT),
    beside("https GET of 10 MiB", "MiB", BIG),
]
