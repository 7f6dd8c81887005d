use strict;
use warnings;

use ExtUtils::Manifest qw(maniread);
use File::Find;
use Test::More;

# What is built beside the files is no part of the distribution.
my $built = qr{\A(?:Makefile(?:\.old)?|pm_to_blib|MYMETA\.(?:yml|json)|META\.(?:yml|json)|blib/.*|.*\.(?:bak|orig|swp|tar\.gz)|.*~)\z};

my %listed = %{ maniread() };
my %there;
find( { wanted => sub { $there{ substr $_, 2 } = 1 if -f && !m{/\.} }, no_chdir => 1 }, '.' );
delete $there{$_} for grep {/$built/} keys %there;
delete $listed{$_} for 'META.yml', 'META.json';

is( join( ' ', grep { !$there{$_} } sort keys %listed ), '', 'all that MANIFEST lists is there' );
is( join( ' ', grep { !exists $listed{$_} } sort keys %there ), '', 'all that is there is in MANIFEST' );

open my $manifest, '<', 'MANIFEST' or die "MANIFEST: $!";
my %times;
$times{$_}++ for map { (split)[0] } <$manifest>;
is( join( ' ', grep { $times{$_} > 1 } sort keys %times ), '', 'and once only' );

done_testing;
