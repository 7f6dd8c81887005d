# What many scripts do: start Python for every call, with JSON through pipes.
use strict;
use warnings;

use IPC::Open2;
use JSON::PP;

sub {
    my ($folder) = @_;
    my $json = JSON::PP->new->utf8;
    my $program = "import json, sys; sys.path.insert(0, '$folder'); from turned import turn; "
      . 'json.dump(turn(json.load(sys.stdin)["text"]), sys.stdout)';
    return sub {
        my $pid = open2( my $out, my $in, $ENV{BENCH_PYTHON} || 'python3', '-c', $program );
        print {$in} $json->encode( { text => $_[0] } );
        close $in;
        my $answer = $json->decode( do { local $/; <$out> } );
        waitpid $pid, 0;
        return @$answer{ 'text', 'length' };
    };
};
