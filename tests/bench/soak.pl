# A caller of the soak test through the public client; see soak_client.py for what it is told and what it prints.
# perl soak.pl SOCKET FLAGS SLOT
use strict;
use warnings;

use CPANBridge;
use Digest::SHA 'sha256_hex';
use JSON::PP ();
use Scalar::Util 'blessed';
use Time::HiRes 'sleep';

my ( $socket, $flags, $slot ) = @ARGV;
my $bridge = CPANBridge->new( socket => $socket, retries => 0, timeout => 60 );
my ( %counts, %errors, @faults );
open my $file, '+<:raw', $flags or die "$flags: $!\n";

sub told { sysseek $file, 0, 0; sysread $file, my $what, 1; return $what }
sub tell_them { sysseek $file, $slot, 0; syswrite $file, $_[0], 1; return }
sub fault { my ($text) = @_; push @faults, substr( $text, 0, 500 ) if @faults < 5; return }

# Counts one call by its outcome, and returns its result, or undef.
sub counted {
    my ($code) = @_;
    my $result;
    if ( eval { $result = $code->(); 1 } ) { $counts{ok}++ }
    else                                   { count_error($@) }
    return $result;
}

sub count_error {
    my ($error) = @_;
    die $error if !blessed $error || !$error->isa('CPANBridge::Error');
    my $type = $error->type;
    if    ( $type eq 'ConnectionLimit' ) { $counts{connection_limit}++; sleep 0.2; return }
    elsif ( $type =~ /^(?:Connection|Client)|^(?:NotSendable|ObjectLost)$/ ) { $counts{lost}++; fault("lost: $error"); return }
    $errors{$type}++;
    if ( $type =~ /^(?:Throttled|Draining)$/ ) { $counts{refused}++; sleep 0.1 }
    else                                       { $counts{failed}++ }
    return;
}

sub same {
    my ( $seen, $wanted ) = @_;
    return if !defined $seen || $seen eq $wanted;
    $counts{wrong}++;
    fault( 'not the same: ' . substr( $seen, 0, 200 ) );
    return;
}

my $datetime = $bridge->import_python('datetime');
my $text     = "h\xe4\xdf \x{20ac} \x{1f600}\n\0\t" x 100_000;
my @what     = (
    sub { counted( sub { $bridge->call( 'test', 'ping', { a => 1 } ) } ) },
    sub { counted( sub { $bridge->call( 'soak', 'tick' ) } ) },
    sub { same( counted( sub { $bridge->call( 'json', 'dumps', [ 1, 'a' ] ) } ), '[1, "a"]' ) },
    sub { same( counted( sub { $bridge->call( 'statistics', 'median', [ 1, 5, 9 ] ) } ), 5 ) },
    sub {
        my $date = counted( sub { $datetime->date( 2026, 11, 1 + int rand 28 ) } ) or return;
        my $next = counted( sub { $bridge->call( 'operator', 'sub', $date, $date ) } ) or return;
        same( counted( sub { $next->days } ), 0 );
    },
    sub {
        my $data = join '', map { chr rand 256 } 1 .. 1000;
        my $hash = counted( sub { $bridge->call( 'hashlib', 'sha256', CPANBridge::Bytes->new($data) ) } ) or return;
        same( counted( sub { $hash->hexdigest } ), sha256_hex($data) );
    },
    sub { counted( sub { $bridge->call( 'soak', 'nap', 0.02 ) } ) },
    sub { counted( sub { $bridge->call( 'soak', 'fail', 'no' ) } ) },
    sub { counted( sub { $bridge->call( 'test', 'sleep', { seconds => 'long' } ) } ) },
    sub {
        return if rand() > 0.1;
        my $echo = counted( sub { $bridge->call( 'test', 'echo', $text ) } ) or return;
        same( $echo->[0], $text );
    },
);

while ( ( my $what = told() ) ne 'e' ) {
    if ( $what eq 'p' ) {
        $bridge->disconnect;
        tell_them('p');
        sleep 0.02 while told() eq 'p';
        tell_them('r');
        next;
    }
    $what[ rand @what ]->();
    sleep rand 0.02;
}
$bridge->disconnect;
$| = 1;
print JSON::PP->new->encode( { counts => \%counts, errors => \%errors, faults => \@faults } ), "\n";
