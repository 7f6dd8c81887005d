#!/usr/bin/perl
# How failures look: what Python raised, what the daemon forbids, what was misspelt, what took too long.
use strict;
use warnings;

use FindBin;
use Scalar::Util qw(blessed);
use lib "$FindBin::Bin/../lib";
use CPANBridge;

my $bridge = CPANBridge->new( timeout => 2 );

for my $attempt (
    [ 'a wrong date',        'datetime',   'date',   [ 2026, 2, 30 ] ],
    [ 'a forbidden module',  'subprocess', 'run',    [ [ 'rm', '-rf', '/' ] ] ],
    [ 'a misspelt module',   'statistcs',  'median', [ [1] ] ],
    [ 'a misspelt function', 'statistics', 'medain', [ [1] ] ],
    [ 'a wrong parameter',   'test',       'sleep',  [ { secnds => 1 } ] ],
    [ 'a call that hangs',   'test',       'sleep',  [3600] ],
    [ 'what cannot be sent', 'test',       'echo',   [ [ 1, \*STDOUT ] ] ],
  )
{
    my ( $what, $module, $function, $arguments ) = @$attempt;
    eval { $bridge->call( $module, $function, @$arguments ); 1 } and next;
    my $error = $@;
    die $error if !blessed $error || !$error->isa('CPANBridge::Error');
    printf "%-20s %s%s\n", $what, $error->type, defined $error->exception ? ' (' . $error->exception . ')' : '';
    print ' ' x 21, $error->message, "\n";
}

# The same for programs that use the older interface: nothing is thrown.
my $answer = $bridge->call_python( 'statistics', 'mean', [ [] ] );
print "call_python          $answer->{error_type} ($answer->{exception})\n" if !$answer->{success};
