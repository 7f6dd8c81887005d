use strict;
use warnings;

use File::Find;
use Pod::Checker;
use Test::More;

my @files;
find( { wanted => sub { push @files, $_ if /\.p[ml]\z/ }, no_chdir => 1 }, 'lib' );
for my $file ( sort @files ) {
    my $checker = Pod::Checker->new( -quiet => 1, -warnings => 1 );
    open my $sink, '>', \my $said;
    $checker->parse_from_file( $file, $sink );
    is( $checker->num_errors, 0, "$file: no errors in its POD" ) or diag $said;
    next if $file !~ /\.pm\z/;

    # A replacement has the interface and the version of what it replaces; it says how far.
    if ( $file =~ m{/Compat/shims/} ) {
        my $pod = do { open my $in, '<', $file or die "$file: $!"; local $/; <$in> };
        like( $pod, qr/^=head1 NAME$/m, "$file: it has a name" );
        like( $pod, qr/^=head1 .*COVERED|^Part of L</m, "$file: it says what is covered and what is not, or where that is said" );
        next;
    }

    # Every public sub has a heading of its own.
    open my $in, '<', $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    my ( $code, $pod ) = split /^__END__$/m, $text, 2;
    my %documented = map { $_ => 1 } ( defined $pod ? $pod : '' ) =~ /^=head2\s+(\w+)/mg;
    my %internal = map { $_ => 1 } qw(AUTOLOAD DESTROY CLONE CLONE_SKIP BEGIN);
    my @missing = grep { !/^_/ && !$internal{$_} && !$documented{$_} } $code =~ /^sub\s+(\w+)/mg;
    is( "@missing", '', "$file: every public sub is documented" );
    my ($version) = $code =~ /^our \$VERSION = '([^']+)';/m;
    is( $version, '0.1.0', "$file: its version is the distribution's" );
}

done_testing;
