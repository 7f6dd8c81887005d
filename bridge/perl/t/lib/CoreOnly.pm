package CoreOnly;

# Makes this perl look like one to which nothing was ever added: what lies in the directories for sites, vendors and
# local changes is not found. What -I and PERL5LIB name is. Reaches child perls through PERL5OPT.
use strict;
use warnings;
use Config ();

my @core = grep { defined && length } @Config::Config{qw(privlibexp archlibexp)};
my %core = map { $_ => 1 } @core;

# Debian keeps the part of the core that its package perl-base has in a directory of its own.
my ($base) = grep { m{/perl-base\z} } @INC;
$core{$base} = 1 if defined $base;

my %other = map { $_ => 1 } grep { defined && length } @Config::Config{qw(sitelibexp sitearchexp vendorlibexp vendorarchexp)};
$other{$_} = 1 for '/etc/perl', '/usr/local/lib/site_perl';

sub import { @INC = grep { ref || $core{$_} || !$other{$_} } @INC; return }

1;
