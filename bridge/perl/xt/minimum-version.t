use strict;
use warnings;

use File::Find;
use Test::More;

# For developers (prove -l xt): no syntax that Perl 5.14 does not know. Needs Perl::MinimumVersion.

plan skip_all => 'Perl::MinimumVersion is not installed' if !eval { require Perl::MinimumVersion };

my @files;
find( { wanted => sub { push @files, $_ if /\.(?:p[ml]|t)\z/i }, no_chdir => 1 }, 'lib', 't', 'eg' );
for my $file ( sort @files ) {
    my $minimum = Perl::MinimumVersion->new($file)->minimum_syntax_version;
    cmp_ok( $minimum, '<=', 5.014, "$file: Perl $minimum knows its syntax" );
}

done_testing;
