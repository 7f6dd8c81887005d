use strict;
use warnings;

use Config;
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(mkpath);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

# The hook with replacements of this test's own: a copy of it, as the replacements lie beside it.
my $folder = tempdir( CLEANUP => 1 );
my $lib    = "$folder/lib";
my $shims  = "$lib/CPANBridge/Compat/shims";
delete @ENV{ 'PERL5OPT', 'PERL5LIB', 'CPANBRIDGE_MODULES' };

sub put {
    my ( $path, $text ) = @_;
    mkpath( dirname($path) );
    open my $out, '>', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
    return $path;
}

sub module {
    my ( $place, $name, $text ) = @_;
    ( my $file = "$place/$name.pm" ) =~ s{::}{/}g;
    return put( $file, "package $name;\nour \$VERSION = '1.50';\nour \$FROM = '$place';\n$text\n1;\n" );
}

mkpath("$lib/CPANBridge/Compat");
copy( "$FindBin::Bin/../lib/CPANBridge/Compat.pm", "$lib/CPANBridge/Compat.pm" ) or die $!;
module( $shims, 'Zz::Shop', "use Zz::Shop::Till;\nsub fail { die 'no money' }\nsub here { __FILE__ . ' ' . __LINE__ }" );
module( $shims, 'Zz::Shop::Till', '' );
module( $shims, 'Zz::Other',      "require Zz::Shop;" );
module( $shims, 'Zz::Helped',     "use CPANBridge::Compat::Zz::Help;" );
module( $lib, 'CPANBridge::Compat::Zz::Help', "require Zz::Shop;" );
module( $shims, 'Zz::Broken',     'my $x = ;' );
module( $shims, 'JSON::XS',       '' );
module( "$folder/real", 'Zz::Shop', '' );
module( "$folder/real", 'Zz::Shop::Till', '' );

# Runs a program with the hook on a perl without any module but the core's; returns its status and what it wrote.
sub run {
    my ( $switches, $code ) = @_;
    my $script = put( "$folder/script.pl", $code );
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ( !$pid ) {
        open STDOUT, '>', "$folder/out" or die $!;
        open STDERR, '>', "$folder/err" or die $!;
        exec $^X, "-I$FindBin::Bin/lib", '-MCoreOnly', "-I$lib", @$switches, $script or die $!;
    }
    waitpid $pid, 0;
    my $status = $?;
    my ( $out, $err ) = map {
        open my $in, '<', "$folder/$_" or die $!;
        local $/;
        scalar <$in>
    } 'out', 'err';
    return ( $status, $out, $err );
}

sub prints {
    my ( $switches, $code, $expected, $name ) = @_;
    my ( $status, $out, $err ) = run( $switches, "use strict; use warnings; no warnings q(once);\n$code" );
    is( $status . "\n" . $out . $err, "0\n$expected", $name );
    return;
}

my $on = ['-MCPANBridge::Compat'];
my $from = 'print $Zz::Shop::FROM';

prints( $on, "use Zz::Shop 1.2; $from", $shims, 'a missing module is replaced, at the version asked for' );
prints( [], 'print eval { require Zz::Shop; 1 } || 0', '0', 'and not where the hook is off' );
prints( $on, 'no CPANBridge::Compat; print eval { require Zz::Shop; 1 } || 0; ', '0', 'nor after it was switched off' );
prints( $on, 'print eval { require Zz::None; 1 } || 0, $@ =~ /^Can.t locate Zz\/None.pm in \@INC/ || 0',
    '01', 'a module that nobody has is missing in the usual words' );
prints( $on, 'use Zz::Shop; print Zz::Shop::here()', "$shims/Zz/Shop.pm 6", '__FILE__ and __LINE__ are true' );
prints( $on, 'use Zz::Shop; eval { Zz::Shop::fail() }; print $@', "no money at $shims/Zz/Shop.pm line 5.\n", 'and so are messages' );
prints( $on, 'print eval { require Zz::Broken; 1 } || 0, $@ =~ m{syntax error at \Q' . $shims . '\E/Zz/Broken.pm line 4} || 0',
    '01', 'a fault in a replacement is not hidden' );

# Real modules win.
my $real = "$folder/real";
prints( [ "-I$real", @$on ], "use Zz::Shop; $from", $real, 'a real module wins' );
prints( $on, "use lib '$real'; use Zz::Shop; $from", $real, 'also after a later use lib' );
prints( $on, "BEGIN { push \@INC, '$real' } use Zz::Shop; $from", $real, 'also from behind the hook' );
prints( $on, "use Zz::Shop; local \@INC = grep { !ref } \@INC; print eval { require Zz::Other; 1 } || 0",
    '0', 'local @INC switches the hook off' );
prints( [ "-I$real", '-MCPANBridge::Compat=prefer,Zz::Shop' ],
    "use Zz::Shop; $from, ' ', \$Zz::Shop::Till::FROM", "$shims $shims", 'prefer takes ours, and what it needs' );
prints( [ "-I$real", '-MCPANBridge::Compat=prefer,Zz::Other' ],
    "use Zz::Shop; $from", $real, 'but only for the names given' );

prints( $on, '@INC = map { m{\A/} ? $_ : "/none/$_" } map {"$_"} @INC; require Zz::Shop; ' . $from, $shims, 'strings made of @INC still lead there' );
prints( $on, 'system $^X, map( {"-I$_"} @INC ), "-e", q(use Zz::Shop; print $Zz::Shop::FROM)', $shims, 'in child perls, too' );

# Which ones.
my $try = 'print join " ", map { my $n = $_; s{::}{/}g; eval { require "$_.pm"; 1 } ? $n : "-" } @{[ qw(Zz::Other Zz::Shop Zz::Shop::Till) ]}';
prints( ['-MCPANBridge::Compat=Zz::Shop'], $try, '- Zz::Shop Zz::Shop::Till', 'a list allows a name and those below it' );
prints( ['-MCPANBridge::Compat=Zz::Other'], $try, 'Zz::Other Zz::Shop Zz::Shop::Till', 'and what its replacement needs' );
prints( ['-MCPANBridge::Compat=Zz::Helped'], "use Zz::Helped; $from", $shims, 'and what the code that replacements share needs' );
prints( ['-MCPANBridge::Compat=-Zz::Shop'], 'print map { eval "require $_; 1" ? 1 : 0 } qw(Zz::Shop Zz::Shop::Till JSON::XS)',
    '001', 'a minus denies a name and those below it' );
{
    local $ENV{CPANBRIDGE_MODULES} = 'Zz::Shop, -Zz::Shop::Till';
    prints( $on, 'print map { eval "require $_; 1" ? 1 : 0 } qw(Zz::Shop::Till Zz::Broken)', '00', 'the environment says so, too' );
}

# Twins of core modules are for those who name them.
prints( $on, 'require JSON::XS; print $JSON::XS::FROM', $shims, 'a twin is there for who names it' );
for my $chooser ( 'package JSON; eval { require JSON::XS; 1 }', 'package JSON::MaybeXS; eval "require JSON::XS; 1"' ) {
    prints( $on, "print $chooser ? 1 : 0" =~ s/print (package [\w:]+;)/$1 print/r, '0', "not for one who only looks: $chooser" );
}
module( $real, 'Module::Runtime', 'sub use_module { my $f = $_[0]; $f =~ s{::}{/}g; return eval { require "$f.pm"; 1 } ? 1 : 0 }' );
prints( [ "-I$real", @$on ], 'use Module::Runtime; package JSON::MaybeXS; print Module::Runtime::use_module("JSON::XS")',
    '0', 'also not when it has another module load it' );
prints( [ "-I$real", @$on ], 'use Module::Runtime; print Module::Runtime::use_module("JSON::XS")', '1', 'while a program may' );

# What is said about it.
my ( $status, $out, $err ) = run( ['-MCPANBridge::Compat=-report'], "use Zz::Other;\n\$! = 0; exit 3" );
is( $status >> 8, 3, 'a report leaves the exit status alone' );
is( $err, "CPANBridge::Compat: Zz::Other 1.50 is ours, for $folder/script.pl line 1\n", 'and tells what the program asked for' );
( $status, $out, $err ) = run( ['-MCPANBridge::Compat=-report'], '1' );
is( $err, "CPANBridge::Compat: no module was replaced.\n", 'also that there was nothing' );
prints( $on, 'use Zz::Shop; print join ",", CPANBridge::Compat->served, map { CPANBridge::Compat->is_shim($_) } qw(Zz::Shop strict Zz::None)',
    'Zz::Shop,Zz::Shop::Till,1,0,0', 'served and is_shim' );
prints( $on, 'print CPANBridge::Compat->path("Zz::Shop"), CPANBridge::Compat->path("Zz::None") // "-"', "$shims/Zz/Shop.pm-", 'path' );

# Other ways for code to be run.
prints( [ '-T', @$on ], "use Zz::Shop; $from", $shims, 'with taint checks' );
prints( $on, 'my $pid = fork; if ( !$pid ) { require Zz::Shop; print $Zz::Shop::FROM; exit } waitpid $pid, 0', $shims, 'in a forked child' );
{
    local $ENV{PERL5OPT} = "-I$FindBin::Bin/lib -MCoreOnly -I$lib -MCPANBridge::Compat";
    prints( [], 'system $^X, "-e", q(use Zz::Shop; print $Zz::Shop::FROM)', $shims, 'in a child perl, by PERL5OPT' );
}
prints( $on, 'chdir "/"; require Zz::Shop; ' . $from, $shims, 'after a change of directory' );
{
    chdir $folder or die $!;
    my @relative = ( '-e', 'BEGIN { chdir "/" } use Zz::Shop; print $Zz::Shop::FROM' );
    my $said = do {
        open my $in, '-|', $^X, "-I$FindBin::Bin/lib", '-MCoreOnly', '-Ilib', @$on, @relative or die $!;
        local $/;
        <$in>;
    };
    is( $said, $shims, 'also where the hook itself was found in a relative directory' );
    chdir $FindBin::Bin;
}
SKIP: {
    skip 'this perl has no threads', 1 if !$Config{useithreads};
    prints( $on, 'use threads; print threads->create( sub { require Zz::Shop; $Zz::Shop::FROM } )->join', $shims, 'in a thread' );
}
prints( ['-MCPANBridge::Compat'], 'print scalar( grep { m{\A(?:Carp|Socket|Exporter|POSIX|CPANBridge)\.pm\z} } keys %INC ), " ", scalar grep {ref} @INC',
    '0 1', 'the hook loads nothing, and stands in @INC once' );

done_testing;
