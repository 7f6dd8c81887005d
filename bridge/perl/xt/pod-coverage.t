use strict;
use warnings;

use Test::More;

# For developers (prove -l xt): every public name has its documentation. Needs Test::Pod::Coverage.

plan skip_all => 'Test::Pod::Coverage is not installed' if !eval { require Test::Pod::Coverage };

Test::Pod::Coverage->import;
# A replacement documents what it covers, not each sub.
for my $module ( grep { !/::shims::/ } all_modules('lib') ) {
    pod_coverage_ok( $module, { also_private => [qr/\A(?:CLONE|CLONE_SKIP|AUTOLOAD|DESTROY)\z/] } );
}

done_testing();
