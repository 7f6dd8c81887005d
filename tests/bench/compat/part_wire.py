"""The wire: calls, rows and bytes in its forms for data, beside plain JSON."""

from __future__ import annotations

import sys

from compat_measure import Measure, Side

__all__ = ["MEASURES"]

LINK = "use CPANBridge::Compat::Link; my $link = CPANBridge::Compat::Link->get;\n"
PLAIN = "BEGIN { $ENV{CPAN_BRIDGE_JSON} = 'PP' }\n"  # what a Perl has that nothing was added to
JSON = PLAIN + LINK + "$link->{storable} = 0;\n"
LINES = LINK + "$link->{storable} = $link->{knows} = 0;\n"

ECHO = "my %args = ( a => 1, b => 'text' ); rate( sub { $link->call( test => 'echo', \\%args ) } );"
ROWS = "rate( sub { $link->call( bench => 'rows', [1000] ) }, 1000 );"
CALL = "my %args = ( value => 1 ); rate( sub { $link->call( bench => 'nothing', \\%args ) } );"
SEND = """
my %args = ( value => 1 );
rate( sub { $link->send( bench => 'nothing', \\%args ) for 1 .. 1000; $link->flush }, 1000 );
"""
BYTES = """
my $data = CPANBridge::Bytes->new( "\\xff\\0" x ( 1 << 19 ) );
rate( sub { $link->call( bench => 'size', [$data] ) } );
"""
CALLBACK = """
my $sub = $link->callback( sub { 1 } );
rate( sub { $link->call( bench => 'turn', [ 100, $sub ] ) }, 100 );
"""
THAW = """
require Storable;
my $data = Storable::nfreeze( $link->call( bench => 'rows', [100] ) );
rate( sub { Storable::thaw( $data, 0 ) } );
"""
DECODE = """
my $data = CPANBridge::JSON::encode( $link->call( bench => 'rows', [100] ) );
rate( sub { CPANBridge::JSON::decode($data) } );
"""

# No part of ours: what two processes on this machine need to tell each other anything, to judge the goals by.
BARE = """
use Socket;
socketpair my $here, my $there, AF_UNIX, SOCK_STREAM, 0 or die $!;
defined( my $pid = fork ) or die $!;
if ( !$pid ) {
    close $here;
    open STDIN, '<&=', $there or die $!;
    %s
}
close $there;
my $answer;
rate( sub { syswrite $here, 'x' x 50; sysread $here, $answer, 4096 or die } );
close $here;
waitpid $pid, 0;
"""
BARE_PYTHON = (
    BARE
    % f"""
exec '{sys.executable}', '-S', '-c', 'import socket
peer = socket.socket(fileno=0)
while data := peer.recv(4096): peer.sendall(data)' or die $!;
"""
)
BARE_PERL = BARE % "my $data; syswrite STDIN, $data while sysread STDIN, $data, 4096; exit;"

MEASURES = [
    Measure("echoes, nothing of ours", "echoes", Side("Python", BARE_PYTHON), Side("Perl", BARE_PERL), 53_000),
    Measure("a call", "calls", Side("Storable", LINK + ECHO), Side("JSON", JSON + ECHO), 19_700),
    Measure(
        "100 rows of 5 values read", "answers", Side("thaw", LINK + THAW), Side("JSON", PLAIN + LINK + DECODE), 47_100
    ),
    Measure("rows in batches of 1000", "rows", Side("Storable", LINK + ROWS), Side("JSON", JSON + ROWS), 478_000),
    Measure("calls sent ahead", "calls", Side("send", LINK + SEND), Side("call", LINK + CALL), 102_000),
    Measure("requests with 1 MiB of bytes", "MiB", Side("parts", LINK + BYTES), Side("base64", LINES + BYTES)),
    Measure("calls of a Perl sub", "calls", Side("callback", LINK + CALLBACK), Side("call", LINK + CALL)),
]
