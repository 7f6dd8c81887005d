use strict;
use warnings;

use File::Temp;
use Test::More;

use CPANBridge::LoadTest::Caller;
use CPANBridge::LoadTest::Figures;
use CPANBridge::LoadTest::LogFile;
use CPANBridge::LoadTest::Plan;
use CPANBridge::LoadTest::Schedule;
use CPANBridge::LoadTest::Table;
use CPANBridge::LoadTest::Verdict;

# The parts of the load tests that need no daemon. tests/system/test_load_test.py runs them against one.

my %LIMITS = (
    max_concurrent_requests => 100, max_requests_per_minute => 2000, max_memory_mb => 1024, max_cpu_percent => 200,
    max_connections => 1000, warning_ratio => 0.8, backpressure_seconds => 1, max_queued_requests => 200,
    max_process_share => 0.8,
);

sub phases { my ( $program, %more ) = @_; return CPANBridge::LoadTest::Plan::phases( $program, \%LIMITS, %more ) }

# --- schedules ---

my @rounds = CPANBridge::LoadTest::Schedule::rounds( callers => 80, rounds => 3, period => 4, ramp => 0.4 );
is( scalar @rounds, 80, 'rounds: a list for each caller' );
is( scalar( grep { @$_ == 3 } @rounds ), 80, 'each sends once in each round' );
for my $round ( 0 .. 2 ) {
    my @times = sort { $a <=> $b } map { $_->[$round] } @rounds;
    ok( $times[0] == 4 * $round && $times[-1] < 4 * $round + 0.4, "round $round lies within its ramp" );
    my %different = map { $_ => 1 } @times;
    is( scalar keys %different, 80, 'no two callers send at the same moment' );
}
isnt( $rounds[0][1], 4, 'who was first in one round is not in the next' );
ok( !( grep { my $times = $_; grep { $times->[ $_ + 1 ] - $times->[$_] < 3.6 } 0, 1 } @rounds ),
    'no caller has less than a period without the ramp for a call' );

my @steady = CPANBridge::LoadTest::Schedule::steady( callers => 40, per_minute => 2000, seconds => 60 );
my @all = sort { $a <=> $b } map {@$_} @steady;
is( scalar @all, 2000, 'steady: as many calls as the rate says' );
ok( $all[-1] < 60, 'all within the time' );
ok( !( grep { abs( $all[$_] - $all[ $_ - 1 ] - 0.03 ) > 1e-6 } 1 .. $#all ), 'at equal distances' );
is( scalar( grep { @$_ == 50 } @steady ), 40, 'shared equally' );

# --- figures ---

{
    no warnings 'once';
    *percentile = \&CPANBridge::LoadTest::Figures::percentile;
}
is( percentile( 0.5, 3, 1, 2 ),     2,     'the median' );
is( percentile( 0.99, 1 .. 100 ),   99,    'the 99th percentile' );
is( percentile( 0.99, 1 .. 10 ),    10,    'of few values it is the largest' );
is( percentile( 0.5, 10, 9, 100 ),  10,    'as numbers, not as text' );
is( percentile( 0.5 ),              undef, 'of none there is none' );

sub record {
    my (%fields) = @_;
    my $due = $fields{due} || 0;
    return { due => $due, sent => $due, done => $due + 0.01, late => 0, outcome => 0, limit => 0, queued => 0, retry_after => 0, again => 0, %fields };
}

my @minute = map { record( due => $_ * 0.03 ) } 0 .. 2999;
is( CPANBridge::LoadTest::Figures::busiest( 60, @minute ), 2000, 'the busiest minute of 33.3 calls a second has 2000' );
is( CPANBridge::LoadTest::Figures::busiest( 60, @minute, map { record( due => 20 + $_ / 100 ) } 1 .. 7 ), 2007, 'and 7 more are noticed' );
my @straddling = ( ( map { record( due => 0, done => 1 ) } 1 .. 5 ), map { record( due => 60.5, done => 61 ) } 1 .. 5 );
is( CPANBridge::LoadTest::Figures::busiest( 60, @straddling ), 5, 'what need not have been in one minute is not held to have been' );
is( CPANBridge::LoadTest::Figures::busiest(60), 0, 'of nothing' );

my $tally = CPANBridge::LoadTest::Figures::tally(
    ( map { record( due => 1, sent => 1.5, done => 2 ) } 1 .. 6 ),
    ( map { record( outcome => 1, limit => 1, done => 1.02, queued => 1, retry_after => 0.5 ) } 1 .. 3 ),
    record( outcome => 1, limit => 2, done => 1.02, queued => 1, retry_after => 0, again => 1 ),
    record( again => 1 ),
    record( outcome => 2 ),
);
is_deeply( [ @$tally{qw(offered executed refused failed)} ], [ 12, 7, 4, 1 ], 'a tally' );
is_deeply( $tally->{by_limit}, { concurrent => 3, rate => 1 }, 'by limit' );
cmp_ok( $tally->{p50}, '==', 1, 'a late start counts as latency' );
is_deeply( [ @$tally{qw(came_back served no_promise)} ], [ 2, 1, 1 ], 'who came back' );
cmp_ok( $tally->{held}, '==', 1.02, 'how long refused calls were held' );
my $nothing = CPANBridge::LoadTest::Figures::tally();
is( $nothing->{offered}, 0, 'a tally of nothing' );

# --- the plan ---

my @quick = phases('quick');
is( join( ' ', map { $_->{callers} } @quick ), '20 80 120 10', 'quick: the numbers of callers' );
my @full = phases('full');
is( join( ' ', map { $_->{callers} } @full[ 0 .. 4 ] ), '10 50 80 100 150', 'full: the numbers of callers' );
is_deeply( [ map { $_->{calls} } @full[ 5, 6 ] ], [ 2000, 3000 ], 'full: the rates' );
for my $phase ( grep { $_->{kind} eq 'hold' } @quick, @full ) {
    my $running = $phase->{callers} < 100 ? $phase->{callers} : 100;
    cmp_ok( $running * 60 / $phase->{period}, '<=', 1300, "$phase->{callers} callers stay away from the rate limit" );
    cmp_ok( $phase->{hold}, '>=', 1, 'and hold their calls open' );
    cmp_ok( $phase->{hold}, '>', 2.5, 'for longer than a refused call waits' ) if $phase->{expect}{wait};
}
my @scaled = phases( 'quick', scale => 0.1 );
is( join( ' ', map { $_->{rounds} } @scaled ), '1 1 1 1', 'the shortest phase is one round' );
is_deeply( [ map { $_->{id} } map { phases( 'full', scenario => $_ ) } 1 .. 5 ],
    [qw(baseline warning over recovery burst recovery payload)], 'the scenarios' );
is_deeply( [ CPANBridge::LoadTest::Plan::problems( \%LIMITS, @quick, @full ) ], [], 'the default limits can be tested' );

sub problems {
    my (%other) = @_;
    my %limits = ( %LIMITS, %other );
    return join '; ', map { CPANBridge::LoadTest::Plan::problems( \%limits, CPANBridge::LoadTest::Plan::phases( $_, \%limits ) ) } 'quick', 'full';
}
is( problems( max_concurrent_requests => 40, max_requests_per_minute => 900 ), '', 'others too, where there is room' );
like( problems( max_concurrent_requests => 2 ),      qr/max_concurrent_requests is 2/,   'too few slots' );
like( problems( max_requests_per_minute => 100 ),    qr/it must be at least 924/,        'too low a rate for the slots' );
like( problems( max_concurrent_requests => 9000, max_requests_per_minute => 1e6, max_connections => 1e5 ), qr/each is a process/, 'too many callers' );
like( problems( max_connections => 100 ),            qr/max_connections is 100/,         'too few connections' );
like( problems( backpressure_seconds => 30 ),        qr/backpressure_seconds is 30/,     'too long a wait' );
like( problems( max_queued_requests => 10 ),         qr/max_queued_requests is 10/,      'too short a queue' );
my ($named) = map {@$_} [ CPANBridge::LoadTest::Plan::phases( 'quick', { %LIMITS, warning_ratio => 0.55 }, scenario => 2 ) ];
is( $named->{callers}, 55, 'the warning is where the limits say' );

# --- verdicts ---

# A phase as it should be, with changes.
sub verdict {
    my ( $phase, %change ) = @_;
    my %tally = (
        offered => $phase->{calls}, executed => $phase->{calls}, refused => 0, failed => 0, by_limit => {}, late => 0.01,
        came_back => 0, served => 0, no_promise => 0, busiest => 700, %{ $change{tally} || {} } );
    my %seen = (
        calls => $tally{executed} + $tally{failed}, errors => $tally{failed}, refused => $tally{refused}, function => 'sleep',
        warnings => {}, violations => {}, rate => 100, peak => 10, memory_before => 40, memory_peak => 60, memory_after => 41,
        %{ $change{seen} || {} } );
    return CPANBridge::LoadTest::Verdict::judge( $phase, \%tally, \%seen, \%LIMITS );
}

my ( $baseline, $warning, $over ) = @quick;
my ( $rate, $burst, $payload, $recovery ) = @full[ 5 .. 8 ];
my $warned = { 'Concurrent requests' => 'Concurrent requests 80 approaching limit 100' };
my $broken = { 'Concurrent requests' => 'Concurrent requests 120 exceeds limit 100' };
my $pressed = { executed => 300, refused => 60, by_limit => { concurrent => 60 }, held => 1.01, queued => 1 };
my $log = { warning => { 'Concurrent requests' => 1 }, violation => { 'Concurrent requests' => 1 } };
my @cases = (
    [ 'a calm baseline', 1, '', $baseline ],
    [ 'a refusal in it', 0, qr/1 of 140 refused .*: 1 for concurrent; expected: no call refused/, $baseline,
        tally => { executed => 139, refused => 1, by_limit => { concurrent => 1 } } ],
    [ 'a warning in it', 0, qr/Concurrent requests 80 approaching/, $baseline, seen => { warnings => $warned } ],
    [ 'a busy machine is no fault of the calls', 1, '', $baseline, seen => { warnings => { 'Reactor lag' => 'Reactor lag 120ms approaching limit 250ms' } } ],
    [ 'a failure', 0, qr/1 failed \(1 Timeout\)/, $baseline, tally => { executed => 139, failed => 1 }, seen => { failures => { Timeout => 1 } } ],
    [ 'calls that nobody made', 0, qr/another program called test\.sleep/, $baseline, seen => { calls => 150 } ],
    [ 'calls that the daemon does not know', 0, qr/the daemon counts 139/, $baseline, seen => { calls => 139 } ],
    [ 'slow callers', 0, qr/\Anot tested: this machine was too slow to offer the load/, $baseline, tally => { late => 5 } ],
    [ 'missing calls', 0, qr/\Anot tested: this machine was too slow .*: 100 of 140/, $baseline, tally => { offered => 100, executed => 100 } ],
    [ 'callers that could not start', 0, qr/\Anot tested: only 3/, $baseline, seen => { trouble => 'only 3 of 20 callers could connect' } ],
    [ 'a daemon without CPU', 0, qr/\Anot tested: 5 calls were refused because the daemon was short of CPU/, $baseline,
        tally => { executed => 135, refused => 5, by_limit => { cpu => 5 } } ],
    [ 'the warning', 1, '', $warning, seen => { warnings => $warned, logged => $log } ],
    [ 'seen in the log alone', 1, '', $warning, seen => { logged => $log } ],
    [ 'no warning', 0, qr/no warning of it/, $warning, seen => { logged => { warning => { 'Reactor lag' => 3 }, violation => {} } } ],
    [ 'a violation instead', 0, qr/expected: no violation/, $warning, seen => { warnings => $warned, violations => $broken } ],
    [ 'the limit', 1, '', $over, tally => $pressed, seen => { violations => $broken, logged => $log, violation_over => 0.5 } ],
    [ 'a log that cannot be read', 1, '', $over, tally => $pressed, seen => { violations => $broken, violation_over => 0.5 } ],
    [ 'not in the log', 0, qr/but not in the log/, $over, tally => $pressed,
        seen => { violations => $broken, violation_over => 0.5, logged => { warning => {}, violation => {} } } ],
    [ 'nobody refused', 0, qr/0 of 360 refused/, $over, seen => { violations => $broken, violation_over => 0 } ],
    [ 'refused at once', 0, qr/held for 0\.02 s/, $over, tally => { %$pressed, held => 0.02, queued => 0 },
        seen => { violations => $broken, violation_over => 0 } ],
    [ 'a wait that the daemon only claims', 0, qr/held for 0\.02 s as the callers saw it, 1\.00/, $over, tally => { %$pressed, held => 0.02 },
        seen => { violations => $broken, violation_over => 0 } ],
    [ 'a violation that stays', 0, qr/they lasted/, $over, tally => $pressed, seen => { violations => $broken } ],
    [ 'one that stays for long', 0, qr/over after 9\.0 s/, $over, tally => $pressed, seen => { violations => $broken, violation_over => 9 } ],
    [ 'the rate', 1, '', $rate, tally => { busiest => 2000 }, seen => { warnings => { 'Request rate' => 'Request rate 1700/min approaching limit 2000/min' } } ],
    [ 'one too many in a minute', 0, qr/2001 executed in the busiest 60 s/, $rate, tally => { busiest => 2001 },
        seen => { warnings => { 'Request rate' => 'Request rate 1700/min approaching limit 2000/min' } } ],
    [ 'big payloads', 1, '', $payload, seen => { function => 'echo' } ],
    [ 'memory that stays', 0, qr/40\.0 MB before, 60\.0 at most, 49\.0 after/, $payload, seen => { memory_after => 49 } ],
    [ 'a payload that was changed', 0, qr/1 failed \(1 Changed\)/, $payload, tally => { executed => 59, failed => 1 }, seen => { failures => { Changed => 1 } } ],
    [ 'recovery', 1, '', $recovery, seen => { warning_over => 20 } ],
    [ 'warnings that stay', 0, qr/they lasted; expected: warnings are over within 60 s/, $recovery ],
);
my %returning = ( offered => 3900, executed => 2880, refused => 1020, by_limit => { rate => 1020 }, came_back => 900, served => 880, busiest => 2000 );
my %exceeded = ( violations => { 'Request rate' => 'Request rate 2900/min exceeds limit 2000/min' }, violation_over => 0, rate => 2000 );
push @cases,
  [ 'promises that are kept', 1, '', $burst, tally => \%returning, seen => \%exceeded ],
  [ 'promises that are broken', 0, qr/100 of 900 who came back were served/, $burst, tally => { %returning, served => 100 }, seen => \%exceeded ],
  [ 'refusals without a promise', 0, qr/2 refusals said nothing/, $burst, tally => { %returning, no_promise => 2 }, seen => \%exceeded ],
  [ 'what the daemon itself says of its rate', 0, qr/2002 executed/, $burst, tally => \%returning, seen => { %exceeded, rate => 2002 } ];
for my $case (@cases) {
    my ( $name, $ok, $reason, $phase, %change ) = @$case;
    my $verdict = verdict( $phase, %change );
    is( $verdict->{verdict}, $ok ? 'PASS' : 'FAIL', $name ) or diag explain $verdict;
    ref $reason ? like( $verdict->{reason}, $reason, "$name: the reason" ) : is( $verdict->{reason}, $reason, "$name: no reason" );
    is( $verdict->{tested}, ref $reason && $verdict->{reason} =~ /\Anot tested/ ? 0 : 1, "$name: whether it says anything" );
}
is_deeply( verdict( $baseline, seen => { violations => { 'CPU usage' => 'CPU usage 240.0% exceeds limit 200%' } } )->{notes},
    ['violation: CPU usage 240.0% exceeds limit 200%'], 'what calls do not bring about is a note' );

# --- table ---

my $result = {
    phase => $over, tally => { offered => 360, executed => 300, refused => 60, failed => 0, p50 => 4.103, p99 => 4.4 },
    seen => { peak => 120, rate => 680, warnings => {}, violations => $broken }, verdict => { verdict => 'PASS', tested => 1 },
};
my @lines = CPANBridge::LoadTest::Table::lines( $result, { %$result, verdict => { verdict => 'FAIL', tested => 0 } } );
is( $lines[0], 'phase                        offered  executed  refused  failed   call    p50    p99  the daemon saw                   verdict', 'the heads' );
is( $lines[1], 'over the limit, 120 callers      360       300       60       0  4.10s  4.10s  4.40s  120 at once, 680/min, violation  PASS', 'a row' );
like( $lines[2], qr/FAIL \(not tested\)\z/, 'what was not tested' );
is( CPANBridge::LoadTest::Table::seconds(0.0124), '12ms', 'short times' );
is( CPANBridge::LoadTest::Table::seconds(undef), '-', 'none' );

# --- log, payload, programs ---

my $file = File::Temp->new;
$file->autoflush(1);
print {$file} "[WARNING] cpanbridge: Resource warning: ['Concurrent requests 99 approaching limit 100']\n";
my $reader = CPANBridge::LoadTest::LogFile->new("$file");
print {$file} "2026-11-23 10:00:00 [WARNING] cpanbridge: Resource warning: ['Concurrent requests 82 approaching limit 100', 'CPU usage 175.2% approaching limit 200%']\n",
  "2026-11-23 10:00:00 [CRITICAL] cpanbridge: RESOURCE VIOLATION: ['Request rate 2134/min exceeds limit 2000/min']\n";
is_deeply( $reader->count, { warning => { 'Concurrent requests' => 1, 'CPU usage' => 1 }, violation => { 'Request rate' => 1 } },
    'what came into the log since' );
truncate $file, 0;
is_deeply( $reader->count, { warning => {}, violation => {} }, 'a log that was rotated' );
is( CPANBridge::LoadTest::LogFile->new('/nowhere/x'), undef, 'no log to read' );
is( CPANBridge::LoadTest::LogFile->new(undef), undef, 'no log at all' );

my $text = CPANBridge::LoadTest::Caller::payload( 3, 1 << 20 );
utf8::encode($text);
is( length $text, 1 << 20, 'a payload is 1 MiB on the wire' );
isnt( CPANBridge::LoadTest::Caller::payload( 4, 1000 ), CPANBridge::LoadTest::Caller::payload( 5, 1000 ), 'and not that of the next caller' );

for my $program ( 'quick_load_test.pl', 'load_test_throttling.pl' ) {
    my $said = `$^X -w -Ilib -c $program 2>&1`;
    is( $said, "$program syntax OK\n", "$program compiles" );
    my $help = `$^X -Ilib $program --help`;
    is( $?, 0, "$program --help" );
    like( $help, qr/--scenario/, 'says what there is' );
    for my $wrong ( '--scenario 6', '--scenario x', '--seconds-scale 0', '--seconds-scale=x', '--nonsense', 'what' ) {
        my $seen = `$^X -Ilib $program $wrong 2>&1`;
        is( $? >> 8, 2, "$program $wrong is bad usage" );
        like( $seen, qr/Try: perl .*--help/, 'and says how to find out' );
    }
    my $seen = `$^X -Ilib $program --socket /nowhere/b.sock 2>&1`;
    is( $? >> 8, 3, 'no daemon' );
    like( $seen, qr/Cannot connect to the daemon at \/nowhere\/b\.sock/, 'and it says where none is' );
}

done_testing;
