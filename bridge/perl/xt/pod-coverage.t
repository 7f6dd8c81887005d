use strict;
use warnings;

use Test::More;

# For developers (prove -l xt): every public name has its documentation. Needs Test::Pod::Coverage.

plan skip_all => 'Test::Pod::Coverage is not installed' if !eval { require Test::Pod::Coverage };

Test::Pod::Coverage->import;

# What replacements share needs other replacements.
require CPANBridge::Compat;
CPANBridge::Compat->import;

# A replacement documents what it covers, not each sub: the original's documentation does. The same goes for a module that
# is mixed into one and says so.
my $mixed_in = qr/^Implements (?:methods|constants) of L<[^>]+>/m;

sub text {
    my ($module) = @_;
    ( my $file = "lib/$module.pm" ) =~ s{::}{/}g;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

for my $module ( grep { !/::shims::/ } all_modules('lib') ) {
    next if text($module) =~ $mixed_in;
    pod_coverage_ok( $module, { also_private => [qr/\A(?:CLONE|CLONE_SKIP|AUTOLOAD|DESTROY)\z/] } );
}

done_testing();
