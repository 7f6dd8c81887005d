# The least: encode a request, send it, read the same line back, decode it. Nothing is checked and nothing can time out.
# CPAN_BRIDGE_JSON says with which module.
use strict;
use warnings;

use IO::Socket::UNIX;

my %MODULE = ( PP => 'JSON::PP', XS => 'JSON::XS', Cpanel => 'Cpanel::JSON::XS' );

sub {
    my ($path) = @_;
    my $module = $MODULE{ $ENV{CPAN_BRIDGE_JSON} || 'PP' };
    eval "require $module" or die $@;
    my $json   = $module->new->utf8;
    my $socket = IO::Socket::UNIX->new( Peer => $path ) or die "$path: $!\n";
    my $number = 0;
    return sub {
        my $line = $json->encode(
            { module => 'turned', function => 'turn', params => { text => $_[0] }, request_id => "$$-" . ++$number } );
        $line .= "\n";
        my $sent = 0;
        my $buffer = '';
        my $size = length $line;

        # A long line does not fit into the socket: the server must be read while it is written.
        while ( length $buffer < $size ) {
            $sent += syswrite $socket, $line, 65536, $sent if $sent < $size;
            sysread $socket, $buffer, 262144, length $buffer;
        }
        my $text = $json->decode($buffer)->{params}{text};
        return ( scalar reverse($text), length $text );
    };
};
