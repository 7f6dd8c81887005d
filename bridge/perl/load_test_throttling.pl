#!/usr/bin/perl
use 5.014;
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Getopt::Long qw(GetOptions);
use CPANBridge::LoadTest;

my %option = ( scale => defined $ENV{LOAD_TEST_SECONDS_SCALE} ? $ENV{LOAD_TEST_SECONDS_SCALE} : 1 );
my $ok = GetOptions( \%option, 'socket=s', 'scenario=i', 'json', 'list', 'help|h', 'seconds-scale=s' );
$option{scale} = delete $option{'seconds-scale'} if defined $option{'seconds-scale'};
if ( $ok && $option{help} ) {
    require Pod::Usage;
    Pod::Usage::pod2usage( -exitval => 0, -verbose => 1 );
}
sub wrong { print {*STDERR} "$_[0]\nTry: perl $0 --help\n"; exit 2 }
wrong('That is no usage of this program.') if !$ok;
wrong("There is nothing to be done with '$ARGV[0]'.") if @ARGV;
wrong('The scenarios are 1 to 5.') if defined $option{scenario} && ( $option{scenario} < 1 || $option{scenario} > 5 );
wrong('--seconds-scale takes a number above 0, up to 10.')
  if $option{scale} !~ /\A[0-9]*\.?[0-9]+\z/ || $option{scale} <= 0 || $option{scale} > 10;

my $list = delete $option{list};
my $test = CPANBridge::LoadTest->new( 'full', %option );
exit( $list ? $test->list : $test->run );

__END__

=encoding utf8

=head1 NAME

load_test_throttling.pl - test all limits of a running cpanbridge daemon, in about eight minutes

=head1 SYNOPSIS

    perl load_test_throttling.pl [--socket PATH] [--scenario N] [--seconds-scale NUMBER] [--json]
    perl load_test_throttling.pl --list

=head1 DESCRIPTION

Nine phases: 10, 50, 80, 100 and 150 callers, 2000 and 3000 calls a minute, payloads of 1 MiB, and recovery. Callers are
processes that hold calls open; the numbers are those of the default limits, others are scaled. Use it on a daemon that
nobody needs meanwhile: some calls of other programs would be refused.

=head1 OPTIONS

=over 4

=item B<--socket> PATH

The daemon's socket; otherwise the environment variable C<CPAN_BRIDGE_SOCKET>, else F</tmp/cpan_bridge.sock>.

=item B<--scenario> N

Only one scenario: 1 baseline, 2 the warning, 3 more callers than slots, then recovery, 4 the rate limit, 5 big payloads.

=item B<--seconds-scale> NUMBER

Makes phases longer or shorter, to one round of calls at least; 1 unless told. Also the environment variable
C<LOAD_TEST_SECONDS_SCALE>. Phases that test the rate limit always last a minute: that is the length of its window.

=item B<--json>

Prints one JSON object at the end, and nothing else, on standard output.

=item B<--list>

Prints the phases, for the limits of the daemon, and runs none.

=item B<--help>

Prints this.

=back

=head1 EXIT STATUS

0 all phases passed; 1 one failed, or could not be run; 2 bad usage; 3 no daemon there.

=cut
