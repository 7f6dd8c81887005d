# The client of this project; CPAN_BRIDGE_JSON says what decodes.
use strict;
use warnings;

use CPANBridge;

sub {
    my ($socket) = @_;
    my $bridge = CPANBridge->new( socket => $socket );
    return sub {
        my $answer = $bridge->call( 'turned', 'turn', $_[0] );
        return @$answer{ 'text', 'length' };
    };
};
